/* SPDX-License-Identifier: MIT */
/* helpers-estimate.c - FRECPE, FRSQRTE, FRECPX, their steps and FMULX.
 * Arm Architecture Reference Manual, DDI 0487: shared/functions/float (J1.3): FPRecipEstimate,
 * FPRSqrtEstimate, FPRecpX, FPRecipStepFused, FPRSqrtStepFused, FPMulX.
 */
#include "helpers-fp.h"

/* RecipEstimate: of 256 to 511, in 1/512; the result is 256 to 511 in 1/256. */
static uint32_t recip_estimate(uint32_t a)
{
    uint32_t b = (1u << 19) / (a * 2 + 1);
    return (b + 1) / 2;
}

/* RecipSqrtEstimate: of 128 to 511, in 1/512. */
static uint32_t rsqrt_estimate(uint32_t a)
{
    uint32_t b = 512;
    a = a < 256 ? a * 2 + 1 : (((a >> 1) << 1) + 1) * 2;
    while (a * (b + 1) * (b + 1) < 1u << 28)
        b++;
    return (b + 1) / 2;
}

uint32_t a64_urecpe(uint32_t v)
{
    return v >> 31 ? recip_estimate(v >> 23) << 23 : UINT32_MAX;
}

uint32_t a64_ursqrte(uint32_t v)
{
    return v >> 30 ? rsqrt_estimate(v >> 23) << 23 : UINT32_MAX;
}

/* A finite number's 52-bit fraction and exponent, normalised: exponent may be 0 or less. */
static uint64_t unpack(uint32_t size, uint64_t v, int *exponent)
{
    uint64_t f = fp_fraction(size, v) << (52 - fp_fraction_bits(size));
    *exponent = (int)fp_exponent(size, v);
    if (*exponent)
        return f;
    for (; !(f >> 51 & 1); f <<= 1)
        --*exponent;
    return f << 1 & ((1ull << 52) - 1);
}

/* Beyond the largest number: infinity, or that number where rounding says so. */
static uint64_t overflow(uint32_t size, uint64_t sign, struct sf_env *e)
{
    uint64_t inf = (uint64_t)fp_exponent_max(size) << fp_fraction_bits(size);
    int to_inf = e->rm == SF_RNE || e->rm == SF_RMM || (e->rm == SF_RUP && !sign) ||
                 (e->rm == SF_RDN && sign);
    e->flags |= SF_OF | SF_NX;
    return sign | (to_inf ? inf : inf - 1);
}

/* FPRecipEstimate of a finite number that is not zero. */
static uint64_t recip(uint32_t size, uint64_t v, struct sf_env *e)
{
    uint64_t sign = v & fp_sign_bit(size), f;
    int exponent, bias = (int)(fp_exponent_max(size) >> 1);
    uint32_t fbits = fp_fraction_bits(size);
    if ((v & ~sign) < 1ull << (fbits - 2)) /* 2^(-bias - 1) */
        return overflow(size, sign, e);
    if (e->ftz && (int)fp_exponent(size, v) >= 2 * bias - 1) {
        e->flags |= SF_UF;
        return sign;
    }
    f = unpack(size, v, &exponent);
    f = (uint64_t)(recip_estimate((uint32_t)(256 | f >> 44)) & 255) << 44;
    exponent = 2 * bias - 1 - exponent;
    if (exponent == 0)
        f = 1ull << 51 | f >> 1;
    else if (exponent == -1)
        f = 1ull << 50 | f >> 2;
    if (exponent < 0)
        exponent = 0;
    return sign | (uint64_t)exponent << fbits | f >> (52 - fbits);
}

static uint64_t rsqrt(uint32_t size, uint64_t v)
{
    int exponent, bias = (int)(fp_exponent_max(size) >> 1);
    uint32_t fbits = fp_fraction_bits(size), scaled;
    uint64_t f = unpack(size, v, &exponent);
    if (exponent & 1)
        scaled = (uint32_t)(128 | f >> 45);
    else
        scaled = (uint32_t)(256 | f >> 44);
    exponent = (3 * bias - 1 - exponent) >> 1;
    f = (uint64_t)(rsqrt_estimate(scaled) & 255) << 44;
    return (uint64_t)exponent << fbits | f >> (52 - fbits);
}

static uint64_t recpx(uint32_t size, uint64_t v)
{
    uint32_t max = fp_exponent_max(size), exponent = fp_exponent(size, v);
    exponent = exponent ? max & ~exponent : max - 1;
    return (v & fp_sign_bit(size)) | (uint64_t)exponent << fp_fraction_bits(size);
}

static uint64_t infinity(uint32_t size)
{
    return (uint64_t)fp_exponent_max(size) << fp_fraction_bits(size);
}

static void note_flushed(uint32_t size, uint64_t v, struct sf_env *e)
{
    if (e->daz && size != 1 && !fp_exponent(size, v) && fp_fraction(size, v))
        e->flags |= SF_ID;
}

uint64_t a64_fp_estimate(uint32_t op, uint32_t size, uint64_t n, struct sf_env *e)
{
    uint64_t sign = n & fp_sign_bit(size);
    if (fp_is_nan(size, n))
        return a64_fp_nan(size, n, e);
    note_flushed(size, n, e);
    if (op == FOP_RECPX)
        return recpx(size, fp_is_zero(size, n, e) ? sign : n);
    if (fp_is_zero(size, n, e)) {
        e->flags |= SF_DZ;
        return sign | infinity(size);
    }
    if (op == FOP_RSQRTE && sign) {
        struct sf_env dn = *e;
        dn.default_nan = 1;
        e->flags |= SF_NV;
        return a64_fp_nan(size, infinity(size) | 1, &dn);
    }
    if (fp_is_inf(size, n))
        return sign;
    return op == FOP_RECPE ? recip(size, n, e) : rsqrt(size, n);
}

/* ---- Steps ---------------------------------------------------------------------------------- */

static uint64_t fused(uint32_t size, uint64_t n, uint64_t m, uint64_t d, struct sf_env *e)
{
    return size == 3 ? sf_f64_fma(n, m, d, 0, e)
           : size == 2 ? sf_f32_fma((uint32_t)n, (uint32_t)m, (uint32_t)d, 0, e)
                       : sf_f16_fma((uint16_t)n, (uint16_t)m, (uint16_t)d, 0, e);
}

static uint64_t product(uint32_t size, uint64_t n, uint64_t m, struct sf_env *e)
{
    return size == 3 ? sf_f64_mul(n, m, e)
           : size == 2 ? sf_f32_mul((uint32_t)n, (uint32_t)m, e)
                       : sf_f16_mul((uint16_t)n, (uint16_t)m, e);
}

/* (3 - n*m) / 2 is 1.5 - (n/2)*m: the larger factor can be halved exactly, unless both are so
 * small that the product only says which way to round. */
static uint64_t rsqrt_step(uint32_t size, uint64_t n, uint64_t m, struct sf_env *e)
{
    uint64_t one_half = fp_power(size, 0) | 1ull << (fp_fraction_bits(size) - 1);
    uint64_t one = 1ull << fp_fraction_bits(size);
    uint64_t *large = fp_exponent(size, n) >= fp_exponent(size, m) ? &n : &m;
    if (fp_exponent(size, *large) > 1 && fp_exponent(size, *large) < fp_exponent_max(size))
        *large -= one;
    return fused(size, n, m, one_half, e);
}

uint64_t a64_fp_step(uint32_t op, uint32_t size, uint64_t n, uint64_t m, struct sf_env *e)
{
    uint64_t two = fp_power(size, 1), sign;
    if (op != FOP_MULX)
        n ^= fp_sign_bit(size);
    sign = (n ^ m) & fp_sign_bit(size);
    int inf_by_zero = (fp_is_inf(size, n) && fp_is_zero(size, m, e)) ||
                      (fp_is_zero(size, n, e) && fp_is_inf(size, m));
    if (!inf_by_zero)
        return op == FOP_MULX ? product(size, n, m, e)
               : op == FOP_RECPS ? fused(size, n, m, two, e) : rsqrt_step(size, n, m, e);
    note_flushed(size, n, e);
    note_flushed(size, m, e);
    if (op == FOP_MULX)
        return sign | two;
    return op == FOP_RECPS ? two : fp_power(size, 0) | 1ull << (fp_fraction_bits(size) - 1);
}
