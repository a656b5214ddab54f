/* SPDX-License-Identifier: MIT */
/* lift-fp.c - rows of a64-simd.decode, by the files that know them. */
#include "lift-simd.h"

static int (*const lifters[])(struct lift *) = {
    lift_simd_mem, lift_fp_scalar, lift_fp_convert, lift_simd_int, lift_simd_fp, lift_simd_move,
    lift_simd_shift, lift_simd_wide, lift_simd_struct, lift_crypto};

/* FPCR.DN and FZ (C5.2.8). */
uint32_t lift_fp_mode(uint64_t mode)
{
    uint32_t fpcr = A64_MODE_FPCR(mode);
    return (fpcr >> 25 & 1 ? XL_FP_DN : 0) | (fpcr >> 24 & 1 ? XL_FP_FZ : 0);
}

int lift_fp(struct lift *l)
{
    for (uint32_t k = 0; k < sizeof lifters / sizeof *lifters; k++)
        if (lifters[k](l))
            return 1;
    return 0;
}

/* VFPExpandImm (J1.3): abcdefgh is sign, exponent b~NOT(b)...cd, fraction efgh. */
uint64_t lift_fp_imm8(uint32_t size, uint32_t imm8)
{
    uint32_t bits = 8u << size, exponent = size == 3 ? 11 : size == 2 ? 8 : 5;
    uint32_t fraction = bits - exponent - 1;
    uint64_t b = imm8 >> 6 & 1, e = (imm8 >> 4 & 3) | (b ? ((1ull << (exponent - 3)) - 1) << 2 : 0);
    e |= (b ^ 1) << (exponent - 1);
    return (uint64_t)(imm8 >> 7) << (bits - 1) | e << fraction |
           (uint64_t)(imm8 & 15) << (fraction - 4);
}
