/* SPDX-License-Identifier: MIT */
/* cpu-host.h - a host without a machine for tests of CPU plugins: RAM, one page of I/O. */
#ifndef CPU_HOST_H
#define CPU_HOST_H

#define PB_USE_DRAFT 1
#include <plugboard/draft/cpu.h>

struct rv;
struct a64;

struct cpu_host {
    pb_host h; /* first */
    const struct pb_cpu_class *cls;
    uint64_t base, size;  /* RAM */
    uint8_t *ram;
    uint64_t io_page;     /* reads as zero; writes go to io_write; all ones: none */
    void (*io_write)(struct cpu_host *r, uint64_t gpa, uint64_t v, uint32_t bytes);
    void *user;
    union { /* the one CPU */
        void *cpu;
        struct rv *hart;
        struct a64 *arm;
    };
    const char *props;    /* "zba=off,sstc=on"; NULL: none */
    const char *engine;   /* options of the engine: "interp" */
    volatile uint8_t *code; /* a byte a page: watched */
    int64_t now;          /* virtual ns; moves on at each look */
    void *shared;
    void (*trap)(struct cpu_host *r); /* PB_EXIT_TRAP, of a CPU whose `user` was set; or NULL */
    int stop;             /* set by io_write or trap: end cpu_host_run() */
    struct cpu_host_timer {
        const char *name;
        void (*fn)(void *opaque);
        void *opaque;
        int64_t when;     /* -1: not armed; it expires when a test calls fn */
    } timer[8];
    uint32_t n_timers;
};

/* NULL after a message. `engine`: "interp" or NULL for the default. */
struct cpu_host *cpu_host_new(uint64_t base, uint64_t size, const char *model, const char *props,
                            const char *engine);
void cpu_host_free(struct cpu_host *r);
struct cpu_host_timer *cpu_host_timer(struct cpu_host *r, const char *name); /* or NULL */
/* What link properties lead to; NULL: to nothing. */
extern const void *(*cpu_host_link)(struct cpu_host *r, const char *iface, void **self);
/* Load by physical addresses. *tohost: that symbol's address, 0 if there is none. */
int cpu_host_load_elf(struct cpu_host *r, const char *path, uint64_t *entry, uint64_t *tohost);
/* Run until stop, at most `seconds`. 0 when it stopped by itself. */
int cpu_host_run(struct cpu_host *r, uint32_t seconds);

#endif
