/* SPDX-License-Identifier: MIT */
/* mem.h - regions, flat views, and accesses to them.
 *
 * Regions form a tree below the machine's system container. From it a flat view is made:
 * sorted, disjoint ranges, each a stretch of one RAM, ROM or I/O region. A view never
 * changes; a new one is published by an atomic pointer and the old one is freed when no
 * reader can hold it (epoch.h).
 */
#ifndef PB_CORE_MEM_H
#define PB_CORE_MEM_H

#include "../machine/machine.h"

#include <plugboard/board.h>
#include <plugboard/mem.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#define PB_PAGE_BITS 12
#define PB_PAGE ((uint64_t)1 << PB_PAGE_BITS)

enum pb_region_kind { PB_REGION_IO, PB_REGION_RAM, PB_REGION_ROM_DEVICE, PB_REGION_CONTAINER,
                      PB_REGION_ALIAS };

struct pb_region {
    enum pb_region_kind kind;
    char *name;
    struct pb_machine *m;
    pb_dev *d;        /* owner; NULL: the machine */
    uint64_t last;    /* length - 1: the whole space has no length in 64 bits */
    /* I/O */
    const struct pb_region_ops *ops;
    void *opaque;
    uint32_t min, max, impl_min, impl_max; /* ops' sizes with defaults filled in */
    /* RAM, ROM, rom_device */
    uint8_t *host;
    volatile uint8_t *code;  /* one byte a page: how many watch it */
    _Atomic(volatile uint8_t *) dirty; /* one byte a page, NULL: not tracked */
    volatile uint8_t *old_dirty; /* no longer used; freed with the region */
    gboolean rom;
    _Atomic uint32_t rom_mode; /* rom_device: reads come from host */
    /* container, alias, place in the tree */
    GPtrArray *children;     /* pb_region *, highest priority first */
    pb_region *target;
    uint64_t target_off;
    pb_region *parent;
    uint64_t off;
    int32_t prio;
    gboolean enabled;
    gboolean secure;         /* only Secure accesses reach it, and what is below it */
    uint64_t number;         /* creation order */
};

/* A stretch of the flat view; `first` and `last` are inclusive. */
struct pb_range {
    uint64_t first, last;
    pb_region *r;
    uint64_t off; /* of `first` in r */
    gboolean secure;
};

struct pb_view {
    uint32_t n;
    uint64_t epoch;       /* retired at */
    struct pb_view *next; /* retired list */
    struct pb_range range[];
};

struct pb_as {
    struct pb_machine *m;
    pb_region *root;
    _Atomic(struct pb_view *) view;
    volatile uint32_t gen; /* changes with every change of what an address means */
    /* A gate: shows what the system's view shows while it is open, else nothing. */
    pb_dev *owner; /* NULL: the system's own */
    gboolean open;
};

struct pb_mem {
    pthread_mutex_t lock; /* the tree, publishing, retired views */
    struct pb_as system;
    struct pb_view *retired;
    struct pb_view *nothing; /* what a shut gate shows */
    GPtrArray *gates;        /* pb_as * */
    uint32_t gate_gen;       /* last given: no two gates ever share one */
    GPtrArray *regions; /* pb_region *: all, in creation order */
    uint64_t number;
    gboolean leaving;   /* [main] */
};

static inline struct pb_mem *pb_mem(struct pb_machine *m)
{
    return m->mem;
}

/* ---- region.c: the tree ---- */
int pb_mem_init(struct pb_machine *m, pb_err *e); /* m->mem and m->system */
void pb_mem_fini(struct pb_machine *m);
void pb_mem_leave(struct pb_machine *m); /* the tree stays as it is, whoever lets go of it */
pb_region *pb_region_ram(struct pb_machine *m, pb_dev *d, const char *name, uint64_t len,
                         uint32_t flags, pb_err *e);
int pb_region_place(pb_region *parent, pb_region *r, uint64_t off, int32_t prio, pb_err *e);
void pb_region_unplace(pb_region *r);
void pb_region_enable(pb_region *r, uint32_t on);
void pb_region_move(pb_region *r, uint64_t off);
void pb_region_free(pb_region *r); /* unplaced; its aliases see nothing */
void pb_gates_free(pb_dev *d);     /* nobody uses d's gates any more; [main] */
extern const struct pb_svc_mem pb_mem_service;

/* ---- view.c: the flat view ---- */
struct pb_view *pb_view_make(const pb_region *root);
/* The range that holds `addr`, or NULL. The caller is inside an epoch or holds the lock. */
const struct pb_range *pb_view_find(const struct pb_view *v, uint64_t addr);
void pb_view_update(struct pb_machine *m); /* publish, tell the CPUs; lock not held */
/* Spans of r's [off, off+len) mean something else, though the view is the same. */
void pb_view_changed_region(pb_region *r, uint64_t off, uint64_t last);
/* Call fn for each stretch of the view that shows r's offsets [off, last]. */
void pb_view_each(struct pb_machine *m, const pb_region *r, uint64_t off, uint64_t last,
                  void (*fn)(struct pb_machine *m, uint64_t gpa, uint64_t len, void *user),
                  void *user);

/* ---- ram.c ---- */
uint8_t *pb_ram_alloc(uint64_t len); /* private, zero; NULL: no memory. [main] */
void pb_ram_free(uint8_t *p, uint64_t len); /* [main] */
void pb_ram_advise(void); /* huge pages, for all RAM from now on. [main] */

/* ---- access.c: I/O ---- */
/* One access of a guest or bus master at offset t->off of r: checks, splits, widens, takes
 * the domain. PB_OK, PB_EFAULT (bus error) or PB_EREENTRY. */
int pb_region_access(pb_region *r, struct pb_txn *t);
/* Would an access of that size at that offset be taken? */
gboolean pb_region_takes(const pb_region *r, uint64_t off, uint32_t bytes);

/* ---- dma.c ---- */
int pb_dma_read(pb_as *as, uint64_t gpa, void *buf, uint64_t n);
int pb_dma_write(pb_as *as, uint64_t gpa, const void *buf, uint64_t n);
/* Image loading and debuggers: also writes ROM; RAM and ROM only. */
int pb_mem_poke(struct pb_machine *m, uint64_t gpa, const void *buf, uint64_t n);
int pb_dma_map(pb_as *as, uint64_t gpa, uint64_t len, uint32_t write, struct pb_window *w);

/* ---- watch.c: pages whose writes matter to someone ---- */
void pb_watch_code(struct pb_machine *m, uint64_t gpa, uint32_t on);
/* C code wrote [off, off+len) of r: dirty bits, translations. */
void pb_written(pb_region *r, uint64_t off, uint64_t len);
void pb_written_host(struct pb_machine *m, const uint8_t *host, uint64_t len);
/* Track dirty pages of r from now on (all clean), or no longer. [main] */
void pb_region_track(pb_region *r, gboolean on);

#endif
