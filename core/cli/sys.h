/* SPDX-License-Identifier: MIT */
/* sys.h - from the parsed command line to a machine that can run. One file an option
 * family; every function returns PB_OK, PB_E* with `e` set, or PB_DONE when help or another
 * answer was printed and the process is to end with status 0.
 */
#ifndef PB_CORE_SYS_H
#define PB_CORE_SYS_H

#include "../manifest/build.h"
#include "cli.h"

#define PB_DONE 1

/* A front-end that follows from -drive, -nic or -virtfs: made after the board. */
struct pb_wanted {
    char *cls, *bus;
    GArray *sets; /* struct pb_plan_set */
    struct pb_place place;
};

/* A monitor on character node `id`. */
struct pb_wanted_mon {
    char *id;
    gboolean control, pretty; /* QMP */
};
void pb_wanted_mon_free(gpointer p);

/* A device with a bootindex. */
struct pb_bootable {
    pb_dev *dev;
    uint64_t index;
};

/* What -boot tells firmware; -1: nothing. */
struct pb_boot_words {
    gboolean strict;
    int menu;
    gint64 splash_time, fail_wait; /* ms */
};

struct pb_sys {
    struct pb_cli *cli;
    struct pb_manifest *manifest;
    struct pb_mconf conf;
    struct pb_plan *plan;
    struct pb_globals globals;
    struct pb_machine *m;
    char *cpu_model;
    GString *engine; /* options of the CPU's translation; NULL: none */
    char *smp; /* how CPUs are grouped: board option "smp" */
    GArray *cpu_sets;      /* struct pb_plan_set: -cpu features */
    GPtrArray *wanted;     /* struct pb_wanted * */
    GPtrArray *monitors;   /* struct pb_wanted_mon * */
    guint n_serial, n_drive, n_nic;
    gboolean stdio_used;
    struct pb_boot_words boot;
    GArray *bootable;      /* struct pb_bootable; NULL: the machine was started */
    GHashTable *objects;   /* -object: id to the property that may name it */
    GHashTable *flashes;   /* -M pflashN=NODE: text by name */
    GHashTable *drive_units; /* "IF:INDEX" that are taken */
    char *dumpdtb;
    pb_err *e;
};

/* In this order. */
int pb_sys_help(struct pb_sys *s);     /* -h, -version, and help of -device, -netdev, … */
int pb_sys_machine(struct pb_sys *s);  /* machine.c: -M -m -smp -cpu: the plan */
int pb_sys_process(struct pb_sys *s);  /* process.c: -name -rtc -no-reboot -accel -global … */
int pb_sys_only(struct pb_sys *s);     /* action.c: -vga none and the like */
int pb_sys_create(struct pb_sys *s);   /* machine.c: the empty machine */
int pb_sys_action(struct pb_sys *s);   /* action.c: -action, -no-reboot, -no-shutdown */
int pb_sys_objects(struct pb_sys *s);  /* object.c: -object */
int pb_sys_boot(struct pb_sys *s);     /* boot.c: -kernel … into m->options */
int pb_sys_chardevs(struct pb_sys *s); /* chardev.c */
int pb_sys_block(struct pb_sys *s);    /* drive.c */
int pb_sys_net(struct pb_sys *s);      /* net.c */
int pb_sys_fs(struct pb_sys *s);       /* fs.c */
int pb_sys_semihosting(struct pb_sys *s); /* semihost.c */
int pb_sys_build(struct pb_sys *s);    /* machine.c: pb_build */
int pb_sys_fw_cfg(struct pb_sys *s);  /* boot.c: -fw_cfg */
int pb_sys_devices(struct pb_sys *s);  /* device.c: wanted, -device */
int pb_sys_boot_order(struct pb_sys *s); /* bootorder.c: bootindex=, -boot */
int pb_sys_check_peers(struct pb_sys *s); /* net.c, drive.c: warnings about unused backends */

/* ---- Shared by the families ---------------------------------------------------------- */

/* A node of `driver` with the arguments that are left, realized. NULL and `e`. */
pb_dev *pb_sys_node(struct pb_sys *s, enum pb_kind kind, const char *driver, const char *id,
                    struct pb_args *a);
/* `driver` or a fault naming the package or nearest name, worded like QEMU's. */
const struct pb_class *pb_sys_class(enum pb_kind kind, const char *name, const char *what,
                                    const struct pb_place *at, pb_err *e);
/* May devices of the class have a bootindex; the one of `d`; a file or item for fw_cfg, PB_ENOTSUP
 * when there is none. */
gboolean pb_cli_bootable(const struct pb_class *c);
int pb_sys_boot_index(struct pb_sys *s, pb_dev *d, const char *text);
int pb_sys_fw_file(struct pb_sys *s, const char *name, const void *data, gsize n);
int pb_sys_fw_item(struct pb_sys *s, uint32_t key, const void *data, gsize n);
/* Is `value` of property `key` the -object that it must be? Other keys are not looked at. */
int pb_sys_check_object(struct pb_sys *s, const char *cls, const char *key, const char *value);
/* An address of its own for a network card that was given none. */
int pb_sys_own_mac(pb_dev *d, const struct pb_place *at, pb_err *e);
/* "tcg", or an order of preference with it, "kvm:tcg". */
int pb_sys_accel(const char *names, pb_err *e);
/* Does a device of the board link to what the command line may give as `slot`, "pflash0"? */
gboolean pb_sys_board_links(const struct pb_sys *s, const char *slot);
/* New user device: set, on its bus, realized. args: class in "driver". */
pb_dev *pb_sys_add_device(struct pb_sys *s, struct pb_args *a);
/* The monitor's change: file `file` (format NULL: as it looks) is the medium of drive `slot`. */
int pb_sys_change(struct pb_machine *m, pb_dev *slot, const char *file, const char *format,
                  gboolean readonly, pb_err *e);
/* While the machine is there: one more of what an option makes, by the same function. `a` (NULL
 * with `e`) is freed. */
typedef int (*pb_sys_adder)(struct pb_sys *s, struct pb_args *a);
int pb_sys_hotplug(struct pb_machine *m, struct pb_args *a, pb_sys_adder add, pb_err *e);
int pb_sys_device(struct pb_sys *s, struct pb_args *a);   /* -device */
int pb_sys_blockdev(struct pb_sys *s, struct pb_args *a); /* -blockdev */
int pb_sys_netdev(struct pb_sys *s, struct pb_args *a);   /* -netdev */
int pb_sys_chardev(struct pb_sys *s, struct pb_args *a);  /* -chardev */
int pb_sys_object(struct pb_sys *s, struct pb_args *a);   /* -object */
int pb_sys_object_del(struct pb_sys *s, struct pb_args *a); /* of its id= */
struct pb_wanted *pb_sys_want(struct pb_sys *s, const char *cls, const char *bus,
                              const struct pb_place *at);
void pb_wanted_set(struct pb_wanted *w, const char *key, const char *value);
/* A character node from the short form: "stdio", "tcp:…", "file:…". NULL with no error when
 * it is "none". */
pb_dev *pb_sys_char_short(struct pb_sys *s, const char *opt, const char *text, const char *id);

/* help.c: what -device help and the like print. */
void pb_help_devices(FILE *to, gboolean all);
char *pb_help_type(const struct pb_prop *p); /* a property's, in QEMU's words; g_free */
void pb_help_devices_json(FILE *to);
int pb_help_class(enum pb_kind kind, const char *name, FILE *to, pb_err *e);
void pb_help_backends(enum pb_kind kind, const char *head, const char *indent, FILE *to);
void pb_help_cpus(const char *arch, FILE *to);
void pb_help_machines(const char *arch, gboolean verbose, FILE *to);

#endif
