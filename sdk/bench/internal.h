/* SPDX-License-Identifier: MIT */
/* internal.h - what the files of the bench share. One file is one service. */
#ifndef PBT_INTERNAL_H
#define PBT_INTERNAL_H

#include <plugboard/bench.h>
#include <plugboard/part.h>

#include <stdlib.h>
#include <string.h>

enum { TAG_MAIN, TAG_DEV, TAG_IO };

struct pbt_domain {
    int held;
};

struct pb_err {
    pbt *b;
    int code;
    char text[512];
};

struct pb_region {
    pb_dev *d;
    struct pb_region *next; /* of the device */
    char *name;
    uint64_t len;
    enum { R_IO, R_RAM, R_ROMD, R_CONTAINER, R_ALIAS } kind;
    struct pb_region_ops ops;
    void *opaque;
    uint8_t *host;
    uint32_t flags, rom_on, enabled;
    struct pb_region *of; /* alias */
    uint64_t of_off;
    struct pb_region *parent, *child, *sibling; /* container tree */
    uint64_t off;
    int32_t prio;
};

/* What a device masters: all memory, or all memory behind a gate. */
struct pb_as {
    pbt *b;
    struct pb_as *next; /* of the device's gates */
    uint32_t gate, open;
};

struct pbt_out {
    char *name;
    uint32_t index, n_sinks;
    struct pb_line line;
    int32_t level;
    uint64_t rises, falls;
    pb_dev *owner;
    struct {
        pb_dev *dev;
        uint32_t input;
    } sink[4];
};

struct pbt_in {
    int32_t level, told; /* told: what line_in() saw last */
    uint8_t queued, rose, fell;
};

struct pb_timer {
    pb_dev *d;
    struct pb_timer *next;
    char *name;
    uint32_t clock;
    void (*fn)(void *);
    void *opaque;
    int64_t when; /* of its clock; -1: not armed */
    uint64_t seq;
};

struct pb_worker {
    pb_dev *d;
    struct pb_worker *next;
    void (*fn)(void *);
    void *opaque;
    uint32_t kicked;
};

/* A call that waits: soon() as [dev], pool done and completions as [io], or [main]. */
struct pbt_job {
    struct pbt_job *next;
    pb_dev *d;
    int tag;
    void (*pre)(void *); /* pool: the blocking part */
    void (*fn)(void *);
    void *opaque;
};

struct pbt_kv {
    char *key, *value;
};

enum { NODE_DEVICE, NODE_BACKEND, NODE_CPU };

struct pb_dev {
    pbt *b;
    pb_dev *next; /* in creation order */
    int node;
    char *name;
    const struct pb_device_class *cls;    /* NODE_DEVICE */
    const struct pb_backend_class *bcls;  /* NODE_BACKEND with a real class */
    const char *kind;                     /* NODE_BACKEND: PB_CLASS_* */
    void *self;
    uint32_t realized, live;
    uint64_t turn; /* which one it was to be realized first */
    pb_dev *parent;
    uint32_t bus;
    struct pbt_domain own, *domain;
    struct pbt_kv *kv; /* properties as given, also a CPU's facts */
    uint32_t n_kv;
    struct pbt_kv *settled; /* properties that plugins chose */
    uint32_t n_settled;
    struct pbt_kv *fdt;
    uint32_t n_fdt;
    uint32_t power, n_start; /* of a CPU: PB_CPU_*, see pbt_cpu_started() */
    uint64_t start_pc, start_args[8];
    pb_dev *inner; /* what the class carries */
    struct pb_as *gates;
    struct pb_region *regions, **pub; /* pub[cls->n_regions] */
    uint64_t *at;                     /* where each is mapped; UINT64_MAX: nowhere */
    struct pbt_out *out;
    uint32_t n_out;
    struct pbt_in *in;
    uint32_t n_in;
    struct pb_timer *timers;
    struct pb_worker *workers;
    uint64_t hz[4];
    void *end; /* NODE_BACKEND: struct pb_char, … */
};

struct pbt_ram {
    uint64_t gpa, len;
    uint8_t *host, *dirty;
    uint32_t rom;
};

struct pbt_class {
    const char *kind;
    const void *cls;
};

struct pbt_old {
    struct pbt_old *next;
    uint64_t table[]; /* a class table, made whole */
};

struct pbt_load {
    char *what;
    uint64_t gpa, len;
    uint8_t *data;
    pb_dev *realizing; /* made inside realize() of it: goes with it */
};

struct pbt {
    struct pb_host host; /* first: a pb_host is a pbt */
    volatile uint8_t log_on[8];
    volatile uint8_t trace_on[256];
    uint64_t logged[8];
    char last_log[512];
    uint32_t verbose; /* PBT_VERBOSE is set: every line to stderr */
    struct pb_err err;
    uint64_t turns; /* devices realized so far */
    struct pbt_class *classes;
    struct pbt_old *old;
    uint32_t n_classes;
    void *handles[32];
    uint32_t n_handles;
    pb_dev *devs, **tail;
    struct pbt_ram ram[16];
    uint32_t n_ram;
    volatile uint32_t gen;
    struct pb_as whole;
    uint64_t faults;
    uint32_t requester, attrs; /* of accesses: pbt_as() */
    /* context of the code that runs now */
    int tag;
    uint32_t depth, in_mmio, frozen, loading;
    struct pbt_domain machine, *held;
    int by_dma; /* MMIO that a device does: it may be of its own domain */
    pb_dev *cur;
    /* time and jobs */
    int64_t now, host_off;
    uint64_t timer_seq, rng;
    int64_t fuzz_step; /* 0: as pbt_fuzz() likes */
    struct pbt_job *soon, **soon_tail, *jobs, **jobs_tail;
    uint32_t inbox;
    /* board */
    struct pbt_kv *opt, *fw, *used;
    uint32_t n_opt, n_fw, n_used;
    struct pbt_load *loads;
    uint32_t n_loads;
    struct {
        uint32_t cpu, n;
        uint64_t pc, args[8];
    } entries[64];
    uint32_t n_entries;
    uint32_t requested, req_what;
    int32_t req_code;
    struct pbt_watch *watches;
};

struct pbt_ctx {
    int tag;
    struct pbt_domain *held;
    pb_dev *cur;
    int took;
};

_Noreturn void pbt__die(pbt *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int pbt__fail(pbt *b, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *pbt__alloc(size_t n);
void *pbt__grow(void *v, uint32_t n, size_t each); /* room for element n */
char *pbt__dup(const char *s);

/* Enter device code with a tag; TAG_DEV takes the domain unless the class is parallel. */
void pbt__enter(pbt *b, struct pbt_ctx *c, int tag, pb_dev *d);
void pbt__leave(pbt *b, struct pbt_ctx *c, pb_dev *d);
/* The caller of service `what` must be [main] / hold the domain of d. */
void pbt__need_main(pbt *b, const char *what);
void pbt__need_dev(pb_dev *d, const char *what);

const struct pb_device_class *pbt__find_class(pbt *b, const char *kind, const char *id);
pb_dev *pbt__node(pbt *b, const char *name, int node);
int pbt__parse_props(pb_dev *d, const char *props);
int pbt__check_props(pb_dev *d, const struct pb_prop *p, uint32_t n);
const struct pb_prop *pbt__prop_table(pb_dev *d, uint32_t *n);
const char *pbt__kv(struct pbt_kv *v, uint32_t n, const char *key);
void pbt__kv_set(struct pbt_kv **v, uint32_t *n, const char *key, const char *value);
void pbt__kv_free(struct pbt_kv *v, uint32_t n);

void pbt__make_lines(pb_dev *d);
void pbt__input(pb_dev *d, uint32_t n, int32_t level);
void pbt__drain_inbox(pbt *b);
void pbt__drain_soon(pbt *b);
void pbt__job(pb_dev *d, int tag, void (*pre)(void *), void (*fn)(void *), void *opaque);
void pbt__unrealize(pb_dev *d);
void pbt__drop_device_things(pb_dev *d); /* regions, timers, workers, jobs */
uint32_t pbt__poll_fds(pbt *b); /* how many watches fired */
void pbt__drop_watches(pb_dev *d);

void pbt__drop_loads(pb_dev *d);

void pbt__char_free(pb_dev *d);
void pbt__block_free(pb_dev *d);
void pbt__net_free(pb_dev *d);
void pbt__fs_free(pb_dev *d);
pb_char *pbt__char_end(pb_dev *d);
pb_block *pbt__block_end(pb_dev *d);
pb_net *pbt__net_end(pb_dev *d);
pb_fs *pbt__fs_end(pb_dev *d);

/* The ABI's minor that this bench is of, and how its tables are then (old.c). */
uint32_t pbt__minor(void);
size_t pbt__size_of(const char *id, size_t now); /* bytes of a table that has grown */
const void *pbt__table(const char *id, const void *table);

extern const struct pb_svc_mem pbt__svc_mem;
extern const struct pb_svc_line pbt__svc_line;
extern const struct pb_svc_time pbt__svc_time;
extern const struct pb_svc_thread pbt__svc_thread;
extern const struct pb_svc_prop pbt__svc_prop;
extern const struct pb_svc_state pbt__svc_state;
extern const struct pb_svc_bus pbt__svc_bus;
extern const struct pb_svc_board pbt__svc_board;
extern const struct pb_svc_char pbt__svc_char;
extern const struct pb_svc_block pbt__svc_block;
extern const struct pb_svc_net pbt__svc_net;
extern const struct pb_svc_fs pbt__svc_fs;
extern const struct pb_svc_part pbt__svc_part;

#endif
