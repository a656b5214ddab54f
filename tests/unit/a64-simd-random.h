/* SPDX-License-Identifier: MIT */
/* a64-simd-random.h - random floating-point and SIMD instructions of A64, as programs.
 *
 * A program is a list of units: loads of operands, then one instruction of a row. It exists
 * twice: as it is, for our CPU, and as an ELF file that writes what each unit did to its
 * standard output (struct a64s_log) and the buffer at its end.
 */
#ifndef A64_SIMD_RANDOM_H
#define A64_SIMD_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define A64S_BASE 0x400000u   /* code */
#define A64S_TABLE 0x4c0000u  /* operands, 16 bytes each; X8 */
#define A64S_TABLE_SIZE 0x10000u
#define A64S_BUFFER 0x520000u /* X10 to X15 point into it */
#define A64S_BUFFER_SIZE 0x30000u
#define A64S_LOG 0x560000u
#define A64S_MAX_UNITS 4096u

struct a64s_log {
    uint64_t fpsr, nzcv, x, v[2]; /* after the unit; x, v: the register named Rd */
};

struct a64s_unit {
    uint32_t first, n;  /* in insn[] */
    uint32_t row;       /* enum a64_op of the last one */
};

struct a64s {
    uint64_t seed, fpcr;
    const char *group;   /* only rows whose name has this prefix; NULL: all */
    const char *without; /* rows to leave out, ",name,name,"; NULL: none */
    uint64_t fpcr_mask;  /* bits of FPCR that are drawn */
    uint32_t units, n_insns;
    struct a64s_unit unit[A64S_MAX_UNITS];
    uint32_t insn[A64S_MAX_UNITS * 5];
    uint64_t x[32], v[32][2];
    uint8_t table[A64S_TABLE_SIZE], buffer[A64S_BUFFER_SIZE];
};

void a64s_make(struct a64s *p);
/* The instruction as it is at pc: a literal's offset in insn[] is one in the table. */
uint32_t a64s_place(uint32_t w, uint64_t pc);
/* Write it as an ELF file that logs; 0 or -1. */
int a64s_write_elf(const struct a64s *p, const char *path);

#endif
