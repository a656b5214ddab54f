/* SPDX-License-Identifier: MIT */
/* helpers-half.c - conversions between formats, as FCVT does them.
 * Arm Architecture Reference Manual, DDI 0487: FPConvert, FPUnpackCV, FPRoundCV (J1.3);
 * alternative half precision: A1.4.
 *
 * FZ16 does not matter here. With AHP a half has no infinities and NaNs: their exponent is one
 * more of finite numbers, and what does not fit is invalid and becomes the largest number.
 */
#include "helpers-fp.h"

static uint64_t alternative_to_double(uint32_t h, struct sf_env *e)
{
    uint64_t sign = (uint64_t)(h & 0x8000) << 48;
    if ((h & 0x7c00) != 0x7c00)
        return sf_f16_to_f64((uint16_t)h, e);
    return sign | (uint64_t)(16 + 1023) << 52 | (uint64_t)(h & 0x3ff) << 42;
}

/* Large numbers are rounded with a smaller exponent, where halves have none. */
static uint64_t double_to_alternative(uint64_t v, struct sf_env *e)
{
    uint32_t sign = (uint32_t)(v >> 48) & 0x8000, exponent = fp_exponent(3, v), h;
    if (fp_is_nan(3, v)) {
        e->flags |= SF_NV;
        return sign;
    }
    if (exponent < 1023 + 15)
        return sf_f64_to_f16(v, e);
    if (exponent < 1023 + 17) {
        struct sf_env rounding = *e;
        h = sf_f64_to_f16(v - (8ull << 52), &rounding);
        if ((h & 0x7fff) + (8u << 10) < 0x8000) {
            e->flags |= rounding.flags;
            return h + (8u << 10);
        }
    }
    e->flags |= SF_NV;
    return sign | 0x7fff;
}

static uint64_t between(uint32_t to, uint32_t from, uint64_t n, struct sf_env *e)
{
    if (from == 1)
        return to == 3 ? sf_f16_to_f64((uint16_t)n, e) : sf_f16_to_f32((uint16_t)n, e);
    if (from == 2)
        return to == 3 ? sf_f32_to_f64((uint32_t)n, e) : sf_f32_to_f16((uint32_t)n, e);
    return to == 2 ? sf_f64_to_f32(n, e) : sf_f64_to_f16(n, e);
}

uint64_t a64_fp_convert(const struct xl_vcpu *x, uint32_t to, uint32_t from, uint64_t n,
                        uint32_t rm, uint32_t *flags)
{
    struct sf_env e = a64_fp_env(x, 2, rm);
    uint64_t v;
    if (from == 1)
        e.daz = 0;
    if (to == 1)
        e.ftz = 0;
    if (!(((const struct a64 *)x)->fpcr & FPCR_AHP) || (to != 1 && from != 1)) {
        v = between(to, from, n, &e);
    } else if (from == 1) {
        v = alternative_to_double((uint32_t)n, &e);
        v = to == 2 ? sf_f64_to_f32(v, &e) : v;
    } else {
        /* the sign of a NaN survives even FPCR.DN here */
        if (from == 2 && fp_is_nan(2, n))
            v = 0x7ff8000000000000 | (n & 0x80000000) << 32;
        else
            v = from == 2 ? sf_f32_to_f64((uint32_t)n, &e) : n;
        if (from == 3 && fp_is_zero(3, v, &e) && fp_fraction(3, v)) {
            e.flags |= SF_ID;
            v &= 1ull << 63;
        }
        v = double_to_alternative(v, &e);
    }
    *flags |= e.flags;
    return v;
}
