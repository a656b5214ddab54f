/* SPDX-License-Identifier: MIT */
/* cpu.h - vCPUs: one host thread each, halting, kicking, stopping. */
#ifndef PB_CORE_CPU_H
#define PB_CORE_CPU_H

#include "../machine/machine.h"
#include "../thread/domain.h"

#include <plugboard/draft/cpu.h>

enum { CPU_ON, CPU_OFF, CPU_STARTING, CPU_STOPPING };

struct pb_cpu {
    pb_dev *dev;
    struct pb_machine *m;
    const struct pb_cpu_class *cls;
    uint32_t index;
    char *model;
    pthread_t thread;
    _Atomic pid_t tid;         /* of it, for who pins or watches threads; 0: not started */
    gboolean started;
    _Atomic uint32_t asks;     /* CPU_* in vcpu.c: what the thread shall do */
    _Atomic uint32_t sleeping; /* futex: in HALT, or being stopped */
    _Atomic uint32_t inside;   /* may be in translated code */
    uint32_t parked;           /* acknowledged a stop; under run.lock */
    uint32_t halted;           /* run() said HALT and nothing woke it yet */
    uint32_t held;             /* stays parked when the others resume; under run.lock */
    /* Boot: what reset() gets. */
    uint64_t pc, args[8];
    uint32_t n_args;
    uint32_t own_entry; /* it was given for this CPU alone */
    _Atomic uint32_t power; /* CPU_*: power.c */
    uint64_t start_pc, start_args[8]; /* for CPU_STARTING */
    uint32_t n_start;
};

struct pb_shared {
    const struct pb_cpu_class *cls;
    uint8_t *mem;
    uint64_t bytes;
    struct pb_shared *next;
};
void pb_cpu_shared_free(struct pb_machine *m);

/* A CPU's host side. [main] */
int pb_cpu_attach(pb_dev *d, const char *model, uint32_t index, pb_err *e);
int pb_cpu_realize(pb_dev *d, pb_err *e);
void pb_cpu_unrealize(pb_dev *d);
void pb_cpu_free(pb_dev *d);
/* Threads of all realized CPUs that have none, parked until pb_cpus_resume. As late as can
 * be: alone, the main thread maps and unmaps without telling other host CPUs. [main] */
int pb_cpus_start_threads(struct pb_machine *m, pb_err *e);
void pb_cpus_ask(struct pb_machine *m);    /* park soon, do not wait for it; [any] */
void pb_cpus_stop(struct pb_machine *m);   /* every run() has returned; [main] */
/* Seconds, more than a CPU takes that is only late: then it waits for a kept request. */
extern guint pb_cpu_patience;
void pb_cpus_resume(struct pb_machine *m); /* [main] */
void pb_cpu_hold(pb_dev *d, gboolean on);  /* it does not resume with the others; [main] */
/* power.c: PB_EINVAL, PB_EBUSY when it is not off. [any] */
int pb_cpu_power_on(struct pb_cpu *c, uint64_t pc, const uint64_t *args, uint32_t n);
void pb_cpu_power_off(struct pb_cpu *c);   /* as soon as it left run(); [any] */
void pb_cpu_power_reset(struct pb_cpu *c); /* as the machine starts; it does not run */
/* What its thread does when it is not on: TRUE when there was something. */
gboolean pb_cpu_power_step(struct pb_cpu *c);
/* Something happened that may end a halt. [any] */
void pb_cpu_wake(struct pb_cpu *c);
void pb_cpu_kick_all(struct pb_machine *m); /* leave run() soon; [any] */
/* [gpa, gpa+len) of watched code was written: tell every CPU but `by`. [any] */
void pb_cpu_code_written(struct pb_machine *m, struct pb_cpu *by, uint64_t gpa, uint64_t len);
extern const struct pb_svc_cpu pb_cpu_service;

#endif
