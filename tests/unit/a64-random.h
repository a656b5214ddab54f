/* SPDX-License-Identifier: MIT */
/* a64-random.h - random A64 programs: a64-random.c makes them, a64-stream.c runs them. */
#ifndef A64_RANDOM_H
#define A64_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define A64R_BASE 0x400000u  /* where the program is linked and entered */
#define A64R_TABLE 0x420000u /* initial x0 to x30, NZCV */
#define A64R_DUMP 0x421000u  /* final x0 to x30, SP, NZCV; then the buffer it computed in */
#define A64R_BUFFER (A64R_DUMP + 0x400)
#define A64R_BUFFER_SIZE 0x2000u
#define A64R_DUMP_SIZE (0x400 + A64R_BUFFER_SIZE)
#define A64R_TTBR0 (0x4a0000u | 1ull << 48) /* privileged: TTBR0_EL1 and SCTLR_EL1 to begin with */
#define A64R_SCTLR 0x30d00981u
#define A64R_PT 0x4a2000u   /* privileged: last-level table of 0x400000 to 0x5fffff, mapped */
#define A64R_EDGE 0x423000u /* privileged: x28, where two pages of the buffer meet */
#define A64R_SIZE (A64R_BUFFER + A64R_BUFFER_SIZE - A64R_BASE)

struct a64r {
    uint64_t seed;
    uint32_t units, loops;
    uint32_t newer;      /* what QEMU 7.2 lacks, too */
    const char *without, *only;
    uint32_t privileged; /* for EL1 with the MMU on: faults, system registers, TLBI, page tables,
                            breakpoints, watchpoints, single step;
                            ends at end_pc without dumping */
    uint64_t end_pc;
    uint8_t image[A64R_SIZE];
};

/* Make a program from r->seed. At its end it writes the dump to descriptor 1 and exits. */
void a64r_make(struct a64r *r);
int a64r_write_elf(const struct a64r *r, const char *path); /* 0 or -1 */

#endif
