/* SPDX-License-Identifier: MIT */
/* plan.h - a checked manifest: every instance, number and wire computed, nothing built. */
#ifndef PB_CORE_PLAN_H
#define PB_CORE_PLAN_H

#include "manifest.h"
#include "value.h"

struct pb_plan_set { char *key, *value; struct pb_place place; };
struct pb_plan_reg {
    guint region;
    uint64_t addr, len; /* len 0: as long as the region is */
    struct pb_place place;
};
struct pb_plan_line {
    char *out;
    guint elem;
    char *sink; /* id of a device; NULL: CPU number `cpu` */
    guint cpu;
    uint32_t input;
    gboolean shared;
    struct pb_place place;
};
struct pb_plan_dev {
    const struct pb_ini_group *g;
    const struct pb_class *cls;
    char *id;
    guint n, count;   /* instance n of count */
    gboolean counted; /* the group has count = */
    char *bus; guint bus_index; /* id of the device whose bus it sits on, or NULL */
    struct pb_place bus_place;
    gboolean no_fdt;
    gboolean secure; /* its places are for Secure accesses only */
    gboolean fill_down; /* of the instances' buses the last is taken first */
    GArray *regs, *lines, *sets, *fdt, *clocks; /* set: pb_plan_set; clocks: uint64_t Hz */
};
struct pb_plan_mem { char *name; gboolean rom, secure; uint64_t addr, len; struct pb_place place; };
struct pb_plan_drive { /* [drive IF] */
    char *iface, *device, *bus;
    GArray *sets;
    struct pb_place place;
};
struct pb_plan {
    char *name, *arch, *title, *pack;
    const struct pb_mconf *conf;
    uint64_t ram_base, ram_size;
    struct pb_place ram_place;
    const struct pb_class *cpu;
    char *model; /* default CPU model */
    guint cpus, max_cpus;
    GArray *cpu_sets;   /* struct pb_plan_set */
    GPtrArray *cpu_devs; /* struct pb_plan_dev *: the CPUs' output lines */
    gboolean start_first; /* CPUs but the first are off after reset */
    struct pb_ini *ini;  /* the manifest's groups under these options */
    GPtrArray *devs;    /* struct pb_plan_dev *, in the manifest's order; boot last */
    struct pb_plan_dev *boot;
    GArray *mems;       /* struct pb_plan_mem */
    GPtrArray *drives;  /* struct pb_plan_drive * */
    GHashTable *defaults; /* key to text: "nic", "drive", "serial" … */
    GHashTable *options;  /* machine options: name to value */
    GHashTable *used;     /* those that the manifest itself looked at */
    GArray *fdt;          /* of [fdt PATH]: key "PATH KEY" */
    GArray *compat;       /* key "CLASS.PROPERTY" */
    struct pb_scope scope;
};

/* Never NULL. With faults it must only be freed. `conf` outlives the plan. */
struct pb_plan *pb_plan_make(const struct pb_manifest *m, const struct pb_mconf *conf,
                             struct pb_faults *f);
void pb_plan_free(struct pb_plan *p);
struct pb_plan_dev *pb_plan_find(const struct pb_plan *p, const char *id);

/* Names that stand for what the command line gives: "serial0", "pflash1", "nic0". */
gboolean pb_plan_is_slot(const char *name);
/* Class `name` with the package or nearest name in the fault when there is none. */
const struct pb_class *pb_plan_class(enum pb_kind kind, const char *name,
                                     const struct pb_place *at, const char *what,
                                     struct pb_faults *f);

/* Between the files of this folder. */
struct pb_place pb_plan_at(const struct pb_ini_key *k); /* of its value */
char *pb_plan_text(struct pb_plan *p, const struct pb_ini_key *k, struct pb_faults *f);
void pb_plan_unknown(const struct pb_ini_group *g, const struct pb_ini_key *k,
                     const char *const *known, struct pb_faults *f);
gboolean pb_plan_when(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f);
struct pb_ini *pb_plan_conditions(struct pb_plan *p, const struct pb_ini *from,
                                  struct pb_faults *f);
gboolean pb_plan_secure(const struct pb_ini_group *g, const struct pb_ini_key *k,
                        struct pb_faults *f);
void pb_plan_devices(struct pb_plan *p, struct pb_faults *f);
void pb_plan_lines(struct pb_plan *p, struct pb_plan_dev *d, struct pb_faults *f);
void pb_plan_overlaps(struct pb_plan *p, struct pb_faults *f);
void pb_plan_add_set(GArray *v, const char *key, char *value, const struct pb_place *at);
GArray *pb_plan_sets(void);
int pb_plan_check_value(const struct pb_class *c, const struct pb_prop *p, const char *text,
                        pb_err *e);
/* Kind of bus `i` of a class without its limit (g_free), or NULL. */
char *pb_class_bus(const struct pb_class *c, guint i);
gboolean pb_class_has_bus(const struct pb_class *c, const char *kind);
const struct pb_prop *pb_class_prop(const struct pb_class *c, const char *name);
const char **pb_class_prop_names(const struct pb_class *c); /* NULL-ended; g_free */

#endif
