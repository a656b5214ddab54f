/* SPDX-License-Identifier: MIT */
/* f128.c - binary128. */
#include "soft.h"
#include "wide.h"

#define F f128
#define RAW sf_f128
#define P 113
#include "large.inc"

static u128 split_raw(sf_f128 a, bool *sign, int *be)
{
    u128 raw = (u128)a.hi << 64 | a.lo;

    *sign = a.hi >> 63;
    *be = (int)(a.hi >> 48) & EMAX;
    return (raw & (LEADING - 1)) | (*be ? LEADING : 0);
}

static sf_f128 join_raw(bool sign, int be, u128 sig)
{
    u64 top = (u64)sign << 63 | (u64)be << 48;

    return (sf_f128){ (u64)sig, top | ((u64)(sig >> 64) & 0xffffffffffff) };
}
