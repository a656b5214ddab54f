/* SPDX-License-Identifier: MIT */
/* machine.h - one machine: memory, CPUs, devices, run state. */
#ifndef PB_CORE_MACHINE_H
#define PB_CORE_MACHINE_H

#include "../object/dev.h"

#include <plugboard/board.h>

enum pb_runstate { PB_RUN_PRELAUNCH, PB_RUN_RUNNING, PB_RUN_PAUSED, PB_RUN_DEBUG, PB_RUN_SHUTDOWN,
                   PB_RUN_IO_ERROR, PB_RUN_INTERNAL_ERROR };

struct pb_ram_bank { uint64_t addr, len; uint8_t *host; };

/* What an event is about, by QMP's names; a list of them ends with key NULL. */
struct pb_fact {
    const char *key;
    const char *text; /* NULL: a truth */
    gboolean truth;
};

struct pb_machine {
    char *name;           /* "virt" */
    char *arch;           /* "riscv64" */
    char *guest;          /* -name; NULL: it has none */
    GPtrArray *devs;      /* pb_dev *: everything, in creation order */
    GPtrArray *cpus;      /* pb_dev * */
    GPtrArray *buses;     /* pb_bus * */
    GArray *ram;          /* struct pb_ram_bank */
    GPtrArray *placed;    /* pb_dev *: the manifest's devices, in its order */
    pb_region *system;    /* root container of the guest-physical space */
    pb_dev *boot;         /* device that provides PB_BOOT, or NULL */
    GHashTable *options;  /* "kernel", "initrd", …, and machine options: text */
    GHashTable *used;     /* which of them boot plugins took */
    GArray *loads;        /* machine/board.c */
    struct pb_domain *domain; /* the default domain */
    enum pb_runstate state;
    gboolean no_reboot, no_shutdown, deterministic, ready;
    gboolean start_first; /* after reset only CPU 0 is on */
    uint64_t seed;
    uint64_t turns;       /* devices realized so far */
    int exit_code;
    void *clock, *mem, *reset; /* parts' private state */
    struct pb_shared *shared;  /* cpu/: memory that CPUs of a class share */
    struct request *request;   /* atomic: what pb_machine_request() asked for, until handled */
    /* Told of SHUTDOWN, RESET, STOP, RESUME, GUEST_PANICKED and more (QMP's names), on [main].
     * On SHUTDOWN the process is to end with exit_code, unless no_shutdown. Set by main/; may be
     * NULL. */
    void (*event)(struct pb_machine *m, const char *what, const struct pb_fact *facts);
    /* A vCPU stopped at a breakpoint, watchpoint or step; the machine is in PB_RUN_DEBUG
     * when this is called. [main]; set by the gdb stub; NULL: the monitor shows it. */
    void (*debug)(struct pb_machine *m, pb_dev *cpu);
};

struct pb_machine *pb_machine_new(const char *name, const char *arch, pb_err *e);
/* Main memory bank of `len` bytes at addr: private anonymous memory, huge pages advised. */
int pb_machine_add_ram(struct pb_machine *m, const char *name, uint64_t addr, uint64_t len,
                       pb_err *e);
pb_dev *pb_machine_add_cpu(struct pb_machine *m, const struct pb_class *c, const char *model,
                           uint32_t index, pb_err *e); /* new, not yet realized */
/* After everything is realized: boot plugin, unused options, first cold reset. */
int pb_machine_ready(struct pb_machine *m, pb_err *e);
void pb_machine_start(struct pb_machine *m);                      /* vCPUs run; [main] */
void pb_machine_stop(struct pb_machine *m, enum pb_runstate why); /* all acknowledged; [main] */
void pb_machine_reset(struct pb_machine *m, uint32_t kind);       /* stopped or running; [main] */
void pb_machine_event(struct pb_machine *m, const char *what, const struct pb_fact *facts);
/* The power button; PB_ENOTSUP when the guest has none. [main] */
int pb_machine_powerdown(struct pb_machine *m, pb_err *e);
/* Of the guest: reset (0), power off (1), panic (2), with exit status; the host's end (3). [any] */
void pb_machine_request(struct pb_machine *m, uint32_t what, int code);
extern const struct pb_svc_board pb_board_service;
void pb_machine_free(struct pb_machine *m);
/* In its stead when the process ends: devices and backends let go of what outlives it, memory
 * and CPUs are left to the kernel. Nothing of `m` may be used afterwards. [main] */
void pb_machine_leave(struct pb_machine *m);
const char *pb_runstate_name(enum pb_runstate s); /* QEMU's words */
/* Saved state: to and from a GByteArray, vCPUs stopped, requests drained. [main] */
int pb_machine_save(struct pb_machine *m, GByteArray *out, pb_err *e);
int pb_machine_load(struct pb_machine *m, const uint8_t *data, size_t n, pb_err *e);
/* The same of the devices alone; memory only of those in `set` (pb_dev *). */
int pb_machine_save_devices(struct pb_machine *m, GHashTable *set, GByteArray *out, pb_err *e);
/* Would all of it load? A field that nobody knows any more is a fault. */
int pb_machine_load_check(struct pb_machine *m, const uint8_t *data, size_t n, pb_err *e);

#endif
