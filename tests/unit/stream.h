/* SPDX-License-Identifier: MIT */
/* stream.h - random user-level programs by interpreter, generated code and qemu: what differs
 * between instruction sets. stream.c has main(), stream-faults.c what is said of faults. */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>

#define STREAM_DUMP_MAX 0x4000u
#define STREAM_FAULTS 16384u

struct stream_faults { /* what a program saw at each fault that was injected */
    uint32_t n;
    struct stream_fault {
        uint64_t pc, addr, state; /* state: of all registers, a hash */
    } at[STREAM_FAULTS];
};

struct stream_args {
    uint64_t seed;
    uint32_t units, loops; /* instructions (or short sequences), rounds of them */
    uint32_t newer;        /* instructions that old qemus lack, too */
    const char *without;   /* name of a row to leave out, or NULL */
    const char *only;      /* rows whose name begins so, and what the frame needs; or NULL */
};

struct stream_isa {
    const char *name, *qemu;
    uint32_t dump_size;    /* bytes that a program writes at its end */
    uint32_t code_from;    /* where in the dump the buffer begins */
    /* Make a program; 0 or -1. Sets a->units to those that it has. */
    int (*make)(struct stream_args *a, const char *elf);
    /* Run the last one by our engine; 0 or -1. */
    int (*run)(const char *engine, uint8_t *dump);
    /* The same without privileged software: a fault is noted, its instruction done again. */
    int (*run_faults)(const char *engine, uint8_t *dump, struct stream_faults *f);
    /* Name of the 64 bits at an offset of the dump, below code_from. */
    void (*describe)(uint32_t at, char *out, uint32_t len);
};
extern const struct stream_isa stream_isa;

uint64_t stream_hash(uint64_t hash, const void *p, uint32_t bytes); /* a multiple of 8 */
void stream_fault(struct stream_faults *f, uint64_t pc, uint64_t addr, uint64_t state);
/* How two runs of the same program differ in their faults; 0: they do not. */
int stream_faults_differ(const struct stream_faults *interp, const struct stream_faults *code,
                         uint64_t seed);

#endif
