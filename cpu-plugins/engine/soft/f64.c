/* SPDX-License-Identifier: MIT */
/* f64.c - binary64, and Arm's conversion for JavaScript (DDI 0487, FPToFixedJS). */
#include "soft.h"
#include "wide.h"

#define F f64
#define RAW sf_f64
#define P 53
#define EBITS 11
#define QUIET_FLUSH false
#include "small.inc"

int32_t sf_f64_to_i32_js(sf_f64 a, bool *z, struct sf_env *e)
{
    PARTS x = unpack(a, e);
    bool half, rest;
    u64 m = 0;

    *z = false;
    if (x.cls == ZERO) {
        *z = !x.sign;
        return 0;
    }
    if (x.cls != FINITE) {
        raise(e, SF_NV);
        return 0;
    }
    if (x.exp <= W - 2) {
        m = N(split)(x.sig, x.exp, &half, &rest);
    } else {
        half = rest = false;
        m = x.exp < 96 ? x.sig << (x.exp - (W - 2)) : 0;   /* modulo 2^64; exact */
    }
    if (x.exp >= W - 1 || m > (u64)INT32_MAX + x.sign)
        raise(e, SF_NV);
    else if (half || rest)
        raise(e, SF_NX);
    else
        *z = true;
    return (int32_t)(uint32_t)(x.sign ? -m : m);
}
