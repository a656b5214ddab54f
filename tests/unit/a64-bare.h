/* SPDX-License-Identifier: MIT */
/* a64-bare.h - an AArch64 CPU with RAM and nothing else, whose state tests set directly. */
#ifndef A64_BARE_H
#define A64_BARE_H

#include "aarch64.h"

struct a64_bare {
    pb_host h; /* first */
    const struct pb_cpu_class *cls;
    uint64_t base, size;
    uint8_t *ram, *code; /* code: a byte a page, watched */
    struct a64 *cpu;
    const char *engine;
    void *shared;
};

/* NULL after a message. engine: "interp", or NULL for the default. */
struct a64_bare *a64_bare_new(uint64_t base, uint64_t size, const char *engine);
void a64_bare_free(struct a64_bare *r);
/* Run from the current pc until `end`; steps: one instruction. 0, or -1. */
int a64_bare_run(struct a64_bare *r, uint64_t end);
int a64_bare_step(struct a64_bare *r);

#endif
