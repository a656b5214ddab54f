/* SPDX-License-Identifier: MIT */
/*
 * f80.c - x87's double extended format; Intel SDM volume 1, 4.2.2, 8.2, 8.5.1.
 *
 * The leading bit is stored. Without it, an encoding with a non-zero exponent is unsupported:
 * any operation on it is invalid and gives the default NaN (classify calls it signalling). With
 * it and exponent 0 it is a pseudo-denormal, which counts as subnormal.
 * env->x87_pc rounds to 24 or 53 bits, with the full range of exponents.
 */
#include "soft.h"
#include "wide.h"

#define F f80
#define RAW sf_f80
#define P 64
#define ARITH_CUT(e) precision_cut(e)

static inline int precision_cut(const struct sf_env *e);

#include "large.inc"

static inline int precision_cut(const struct sf_env *e)
{
    return W - 1 - (e->x87_pc == 1 ? 24 : e->x87_pc == 2 ? 53 : P);
}

static u128 split_raw(sf_f80 a, bool *sign, int *be)
{
    *sign = a.se >> 15;
    *be = a.se & EMAX;
    return a.sig;
}

static sf_f80 join_raw(bool sign, int be, u128 sig)
{
    return (sf_f80){ (u64)sig, (uint16_t)(sign << 15 | be) };
}
