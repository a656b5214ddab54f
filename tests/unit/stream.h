/* SPDX-License-Identifier: MIT */
/* stream.h - random user-level programs by interpreter, generated code and qemu: what differs
 * between instruction sets. stream.c has main(). */
#ifndef STREAM_H
#define STREAM_H

#include <stdint.h>

#define STREAM_DUMP_MAX 0x4000u

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
    /* Name of the 64 bits at an offset of the dump, below code_from. */
    void (*describe)(uint32_t at, char *out, uint32_t len);
};
extern const struct stream_isa stream_isa;

#endif
