/* SPDX-License-Identifier: MIT */
/* rv-host.h - a host without a machine for the RISC-V plugin's tests: RAM, one page of I/O. */
#ifndef RV_HOST_H
#define RV_HOST_H

#include "rv.h"

struct rv_host {
    pb_host h; /* first */
    const struct pb_cpu_class *cls;
    uint64_t base, size;  /* RAM */
    uint8_t *ram;
    uint64_t io_page;     /* reads as zero; writes go to io_write; all ones: none */
    void (*io_write)(struct rv_host *r, uint64_t gpa, uint64_t v, uint32_t bytes);
    void *user;
    struct rv *hart;      /* hart 0 */
    const char *props;    /* "zba=off,sstc=on"; NULL: none */
    const char *engine;   /* options of the engine: "interp" */
    volatile uint8_t *code; /* a byte a page: watched */
    int64_t now;          /* virtual ns; moves on at each look */
    void *shared;
    int stop;             /* set by io_write: end rv_host_run() */
};

/* NULL after a message. `engine`: "interp" or NULL for the default. */
struct rv_host *rv_host_new(uint64_t base, uint64_t size, const char *model, const char *props,
                            const char *engine);
void rv_host_free(struct rv_host *r);
/* Load by physical addresses. *tohost: that symbol's address, 0 if there is none. */
int rv_host_load_elf(struct rv_host *r, const char *path, uint64_t *entry, uint64_t *tohost);
/* Run until stop, at most `seconds`. 0 when it stopped by itself. */
int rv_host_run(struct rv_host *r, uint32_t seconds);

#endif
