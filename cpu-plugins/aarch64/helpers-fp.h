/* SPDX-License-Identifier: MIT */
/* helpers-fp.h - what the helpers-fp files share. */
#ifndef A64_HELPERS_FP_H
#define A64_HELPERS_FP_H

#include "helpers.h"
#include "simd-ops.h"
#include "soft/soft.h"

#define FPCR_AHP (1u << 26)
#define FPCR_DN (1u << 25)
#define FPCR_FZ (1u << 24)
#define FPCR_FZ16 (1u << 19)

#define FP_RM_DYN 7u /* as XL_RM_DYN */

/* FPCR as it counts for operations on elements of that size. rm: XL_RM_*, 7 FPCR's. */
struct sf_env a64_fp_env(const struct xl_vcpu *x, uint32_t size, uint32_t rm);
/* One lane. size: 1 half, 2 single, 3 double. */
uint64_t a64_fp_estimate(uint32_t op, uint32_t size, uint64_t n, struct sf_env *e);
uint64_t a64_fp_step(uint32_t op, uint32_t size, uint64_t n, uint64_t m, struct sf_env *e);
uint64_t a64_fp_convert(const struct xl_vcpu *x, uint32_t to, uint32_t from, uint64_t n,
                        uint32_t rm, uint32_t *flags);

/* ---- A number by its fields --------------------------------------------------------------- */

static inline uint32_t fp_exponent_bits(uint32_t size)
{
    return size == 3 ? 11 : size == 2 ? 8 : 5;
}

static inline uint32_t fp_fraction_bits(uint32_t size)
{
    return (8u << size) - 1 - fp_exponent_bits(size);
}

static inline uint64_t fp_sign_bit(uint32_t size)
{
    return 1ull << ((8u << size) - 1);
}

static inline uint64_t fp_fraction(uint32_t size, uint64_t v)
{
    return v & ((1ull << fp_fraction_bits(size)) - 1);
}

static inline uint32_t fp_exponent_max(uint32_t size)
{
    return (1u << fp_exponent_bits(size)) - 1;
}

static inline uint32_t fp_exponent(uint32_t size, uint64_t v)
{
    return (uint32_t)(v >> fp_fraction_bits(size)) & fp_exponent_max(size);
}

static inline int fp_is_nan(uint32_t size, uint64_t v)
{
    return fp_exponent(size, v) == fp_exponent_max(size) && fp_fraction(size, v);
}

static inline int fp_is_inf(uint32_t size, uint64_t v)
{
    return fp_exponent(size, v) == fp_exponent_max(size) && !fp_fraction(size, v);
}

/* A subnormal counts as zero where operands are flushed. */
static inline int fp_is_zero(uint32_t size, uint64_t v, const struct sf_env *e)
{
    return !fp_exponent(size, v) && (e->daz || !fp_fraction(size, v));
}

/* 1.0 shifted by `exponent`: a power of two. */
static inline uint64_t fp_power(uint32_t size, int exponent)
{
    int bias = (int)(fp_exponent_max(size) >> 1);
    return (uint64_t)(bias + exponent) << fp_fraction_bits(size);
}

/* The operand itself if it is a NaN made quiet, or the default NaN (FPProcessNaN). */
uint64_t a64_fp_nan(uint32_t size, uint64_t v, struct sf_env *e);

#endif
