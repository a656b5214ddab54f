/* SPDX-License-Identifier: MIT */
/* dev.h - the object tree: devices, CPUs and backend nodes, their properties, buses,
 * regions and lines. Creation is: new, set…, attach/wire…, realize, place regions. */
#ifndef PB_CORE_DEV_H
#define PB_CORE_DEV_H

#include "../plugin/registry.h"

struct pb_machine;
struct pb_domain;

struct pb_pair { char *key, *value; struct pb_place place; };

struct pb_bus {
    char *name;   /* "virtio-mmio-bus.0": what bus= takes */
    char *kind;   /* "virtio-bus" */
    pb_dev *ctl;  /* NULL: the board */
    uint32_t index; /* in ctl's buses_out */
    uint32_t limit; /* most children, 0: no limit (from the manifest or class) */
    GPtrArray *children; /* pb_dev *, realized */
};

struct pb_dev {
    struct pb_machine *m;
    const struct pb_class *cls;
    char *id;           /* user's or manifest's; unique; NULL: anonymous */
    char *name;         /* for messages: id or "class#n" */
    struct pb_place place;
    gboolean secure;    /* its places are for Secure accesses only */
    gboolean fill_down; /* of such devices' buses the last with room is taken */
    void *self;         /* instance */
    size_t self_size;
    GArray *pairs;      /* struct pb_pair: what was set, in order */
    struct pb_propval *vals; /* object/prop.c */
    GArray *unresolved; /* links to resolve at realize: object/prop.c */
    struct pb_domain *domain;
    pb_bus *bus;        /* sits on; NULL: the board or a backend */
    pb_dev *inner;      /* what its class carries, on buses[0] */
    GPtrArray *buses;   /* pb_bus *: offers */
    GPtrArray *regions; /* pb_region *: published, by index (NULL holes) */
    GArray *reg_addr;   /* struct pb_board_reg: where regions were placed */
    GPtrArray *owned;   /* regions, timers, workers, lines: freed by unrealize */
    GPtrArray *lines;   /* struct pb_wire *: line/line.h */
    GHashTable *inputs; /* line/: levels and inboxes */
    GHashTable *fdt;    /* manifest's fdt.KEY values, in order: fdt_keys */
    GPtrArray *fdt_keys;
    GArray *clocks;     /* uint64_t Hz by input */
    void *backend;      /* backend/: the routing's own state for a node */
    void *cpu;          /* cpu/: pb_cpu of a CPU */
    gboolean realized, manifest, hotplugged;
    gboolean parallel;  /* callbacks need no domain: PB_DEV_PARALLEL, CPUs, backends */
    gboolean own_domain; /* domain is freed with the device */
    gboolean reloading;  /* its wires and inputs outlive unrealize: reload.c */
    gboolean helper;     /* a plugin's realize() made it: pb_svc_bus.create_child */
    uint64_t turn;       /* which one it was to be realized; kept by reload.c */
};

/* [main] all. NULL / <0 and `e` on failure. */
pb_dev *pb_dev_new(struct pb_machine *m, const struct pb_class *c, const char *id,
                   const struct pb_place *where, pb_err *e);
/* Parse, check against the property table, store. Unknown key: names the nearest. */
int pb_dev_set(pb_dev *d, const char *key, const char *value, const struct pb_place *where,
               pb_err *e);
gboolean pb_dev_has_prop(const pb_dev *d, const char *key);
char *pb_dev_get_text(pb_dev *d, const char *key); /* as a user would type it; g_free */
int pb_dev_attach(pb_dev *d, pb_bus *bus, pb_err *e);
/* First bus of `kind` with room, in creation order; or by name. NULL: none. */
pb_bus *pb_bus_find(struct pb_machine *m, const char *kind, const char *name);
/* Wire element `i` of output `out` to input `n` of `to`. Before realize of `from`. An
 * input driven twice is refused unless `shared`. */
int pb_dev_wire(pb_dev *from, const char *out, uint32_t i, pb_dev *to, uint32_t n,
                gboolean shared, pb_err *e);
/* Number of input `name` ("irq" + index) of a class; <0 when there is none. */
int pb_class_input(const struct pb_class *c, const char *name, uint32_t index);
int pb_dev_realize(pb_dev *d, pb_err *e);
int pb_dev_place(pb_dev *d, uint32_t region, uint64_t addr, pb_err *e); /* on the system bus */
void pb_dev_unrealize(pb_dev *d); /* the one teardown order of the architecture */
void pb_dev_free(pb_dev *d);
pb_dev *pb_dev_find(struct pb_machine *m, const char *id);
const void *pb_dev_interface(pb_dev *d, const char *iface, void **self);
/* Live part of hot plug: find the bus, attach, realize, reset it alone; or the reverse. */
int pb_dev_plug(pb_dev *d, pb_err *e);
char *pb_dev_path(const pb_dev *d); /* where QEMU's object tree has what was plugged; g_free */
void pb_dev_remove(pb_dev *d);    /* at once, with the CPUs stopped; [main] */
void pb_dev_unplugged(pb_dev *d); /* the guest let go of it; [any] */
int pb_dev_unplug(pb_dev *d, pb_err *e); /* 0: gone, or will be when the guest lets go */

/* Exchange plugin `name` (an id, a class, a device) for the object that its file has now, under
 * the machine. On failure, the old one is in use as before. */
int pb_dev_reload(struct pb_machine *m, const char *name, GString *said, pb_err *e);

/* The root table given to plugins: object/host.c gathers the services. */
extern const pb_host pb_the_host;
void pb_host_register(const char *id, const void *table); /* at start-up, by each part */

#endif
