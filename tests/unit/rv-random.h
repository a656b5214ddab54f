/* SPDX-License-Identifier: MIT */
/* rv-random.h - random RISC-V programs: rv-random.c makes them, rv-stream.c runs them. */
#ifndef RV_RANDOM_H
#define RV_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RVR_BASE 0x400000u   /* where the program is linked and entered */
#define RVR_TABLE 0x410000u  /* initial x, f, fcsr */
#define RVR_DUMP 0x411000u   /* final x, f, fcsr; then the buffer it computed in */
#define RVR_BUFFER (RVR_DUMP + 0x400)
#define RVR_BUFFER_SIZE 0x2000u
#define RVR_DUMP_SIZE (0x400 + RVR_BUFFER_SIZE)
#define RVR_PT 0x4a2000u /* privileged: last-level table of 0x400000 to 0x5fffff, mapped */
#define RVR_PT_USER 0x4a3000u /* privileged: the next one, where the same pages are U's */
#define RVR_USER 0x200000u    /* how far */
#define RVR_EDGE (RVR_BUFFER + 0x1c00) /* privileged: x8, where two pages meet */
#define RVR_SIZE (RVR_BUFFER + RVR_BUFFER_SIZE - RVR_BASE)

struct rvr {
    uint64_t seed;
    uint32_t units, loops; /* instructions (or short sequences), rounds of them */
    uint32_t zicond;       /* use it and Zicboz, too */
    const char *without;   /* name of a row to leave out, or NULL */
    uint32_t privileged;   /* for S with Sv39 and U: faults, CSRs, fences, page-table writes; ends
                              at end_pc, an ecall, without dumping */
    uint32_t delegated;    /* privileged: stvec and sscratch are the test's */
    uint64_t end_pc;
    uint8_t image[RVR_SIZE];
};

/* Make a program from r->seed. At its end it writes the dump to descriptor 1 and exits. */
void rvr_make(struct rvr *r);
/* Write it as an ELF file; 0 or -1. */
int rvr_write_elf(const struct rvr *r, const char *path);

#endif
