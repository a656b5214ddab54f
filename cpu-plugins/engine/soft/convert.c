/* SPDX-License-Identifier: MIT */
/*
 * convert.c - between formats; IEEE 754-2008 5.4.2. Unpack, change the word, round.
 *
 * x86 reports a subnormal source when it loads or converts one from f32 or f64, not when x87
 * stores one from f80 (Intel SDM, FLD, FST, CVTSD2SS).
 */
#include "soft.h"
#include "wide.h"

#define W 64
#include "core.inc"
#undef W
#define W 128
#include "core.inc"
#undef W
#include "parts.h"

SF_INLINE struct parts64 same64(struct parts64 a) { return a; }
SF_INLINE struct parts128 same128(struct parts128 a) { return a; }

SF_INLINE struct parts128 widen(struct parts64 a)
{
    return (struct parts128){ (u128)a.sig << 64, a.exp, a.cls, a.sign, a.den };
}

/* A number keeps a trace of the bits lost; a payload is cut. */
SF_INLINE struct parts64 narrow(struct parts128 a)
{
    u64 sig = (u64)(a.sig >> 64) | (a.cls == FINITE && (u64)a.sig != 0);

    return (struct parts64){ sig, a.exp, a.cls, a.sign, a.den };
}

/* WF: word of the source. */
#define CONVERT(FROM, WF, TO, FIT)                                                                \
    sf_##TO sf_##FROM##_to_##TO(sf_##FROM a, struct sf_env *e)                                    \
    {                                                                                             \
        struct parts##WF x = sf__##FROM##_unpack(a, e);                                           \
        if (is_nan##WF(x))                                                                        \
            x = quieted##WF(x, e);                                                                \
        else                                                                                      \
            note_den##WF(x.den && WF == 64, e);                                                   \
        return sf__##TO##_finish(FIT(x), e);                                                      \
    }

#define FROM_SMALL(FROM, TO1, TO2, TO3)                                                           \
    CONVERT(FROM, 64, TO1, same64) CONVERT(FROM, 64, TO2, same64) CONVERT(FROM, 64, TO3, same64)  \
    CONVERT(FROM, 64, f80, widen) CONVERT(FROM, 64, f128, widen)
#define FROM_LARGE(FROM, OTHER)                                                                   \
    CONVERT(FROM, 128, f16, narrow) CONVERT(FROM, 128, bf16, narrow)                              \
    CONVERT(FROM, 128, f32, narrow) CONVERT(FROM, 128, f64, narrow)                               \
    CONVERT(FROM, 128, OTHER, same128)

FROM_SMALL(f16, bf16, f32, f64)
FROM_SMALL(bf16, f16, f32, f64)
FROM_SMALL(f32, f16, bf16, f64)
FROM_SMALL(f64, f16, bf16, f32)
FROM_LARGE(f80, f128)
FROM_LARGE(f128, f80)
