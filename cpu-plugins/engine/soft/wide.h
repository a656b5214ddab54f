/* SPDX-License-Identifier: MIT */
/*
 * wide.h - exact integer arithmetic on words of 64 and 128 bits and their doubles.
 *
 * The core is written once over a word of W bits and its double of 2W bits; this file gives both
 * widths the same functions, with the word's width as suffix: wmul64 is 64 x 64 -> 128, wmul128
 * is 128 x 128 -> 256. "jam" shifts right and keeps in bit 0 whether ones were lost, which is
 * all that rounding needs to know of them.
 */
#ifndef PB_SOFT_WIDE_H
#define PB_SOFT_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#define SF_INLINE static inline __attribute__((always_inline, unused))
#define SF_LIKELY(x) __builtin_expect(!!(x), 1)
#define SF_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef uint64_t u64;
__extension__ typedef unsigned __int128 u128;
typedef struct u256 { u128 hi, lo; } u256;
typedef u128 dbl64;
typedef u256 dbl128;

/* -- Words ----------------------------------------------------------------------------------- */

SF_INLINE int clz64(u64 x) { return __builtin_clzll(x); }      /* x != 0 */

SF_INLINE int clz128(u128 x)
{
    u64 hi = (u64)(x >> 64);

    return hi ? clz64(hi) : 64 + clz64((u64)x);
}

SF_INLINE u64 shr_jam64(u64 x, unsigned n)
{
    if (n == 0)
        return x;
    return n < 64 ? x >> n | ((x << (64 - n)) != 0) : x != 0;
}

SF_INLINE u128 shr_jam128(u128 x, unsigned n)
{
    if (n == 0)
        return x;
    return n < 128 ? x >> n | ((x << (128 - n)) != 0) : x != 0;
}

/* -- Doubles --------------------------------------------------------------------------------- */

SF_INLINE u128 wmul64(u64 a, u64 b) { return (u128)a * b; }
SF_INLINE u128 dbl_make64(u64 hi, u64 lo) { return (u128)hi << 64 | lo; }
SF_INLINE u64 dbl_hi64(u128 x) { return (u64)(x >> 64); }
SF_INLINE u64 dbl_lo64(u128 x) { return (u64)x; }
SF_INLINE u128 dbl_add64(u128 a, u128 b) { return a + b; }
SF_INLINE u128 dbl_sub64(u128 a, u128 b) { return a - b; }
SF_INLINE bool dbl_less64(u128 a, u128 b) { return a < b; }
SF_INLINE u128 dbl_shl64(u128 a, unsigned n) { return a << n; }
SF_INLINE u128 dbl_shr_jam64(u128 a, unsigned n) { return shr_jam128(a, n); }

SF_INLINE u256 dbl_make128(u128 hi, u128 lo) { return (u256){ hi, lo }; }
SF_INLINE u128 dbl_hi128(u256 x) { return x.hi; }
SF_INLINE u128 dbl_lo128(u256 x) { return x.lo; }

SF_INLINE u256 wmul128(u128 a, u128 b)
{
    u64 a1 = (u64)(a >> 64), a0 = (u64)a, b1 = (u64)(b >> 64), b0 = (u64)b;
    u128 low = (u128)a0 * b0, high = (u128)a1 * b1;
    u128 mid = (u128)a1 * b0 + (low >> 64);           /* cannot overflow: (B-1)^2 + B-1 < B^2 */
    u128 mid2 = (u128)a0 * b1 + (u64)mid;

    return (u256){ high + (mid >> 64) + (mid2 >> 64), mid2 << 64 | (u64)low };
}

SF_INLINE u256 dbl_add128(u256 a, u256 b)
{
    u128 lo = a.lo + b.lo;

    return (u256){ a.hi + b.hi + (lo < a.lo), lo };
}

SF_INLINE u256 dbl_sub128(u256 a, u256 b)
{
    return (u256){ a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo };
}

SF_INLINE bool dbl_less128(u256 a, u256 b)
{
    return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

SF_INLINE u256 dbl_shl128(u256 a, unsigned n)         /* n < 256 */
{
    if (n == 0)
        return a;
    if (n >= 128)
        return (u256){ a.lo << (n - 128), 0 };
    return (u256){ a.hi << n | a.lo >> (128 - n), a.lo << n };
}

SF_INLINE u256 dbl_shr_jam128(u256 a, unsigned n)
{
    if (n == 0)
        return a;
    if (n >= 128)
        return (u256){ 0, shr_jam128(a.hi, n - 128) | (a.lo != 0) };
    return (u256){ a.hi >> n, a.hi << (128 - n) | a.lo >> n | ((a.lo << (128 - n)) != 0) };
}

/* -- Division: n by d with the top bit of d set and the upper half of n below d ---------------- */

/* Quotient of 64 bits; *rest is the remainder. */
SF_INLINE u64 wdiv64(u128 n, u64 d, u64 *rest)
{
#if defined(__x86_64__)
    u64 q, r;

    __asm__("divq %4" : "=a"(q), "=d"(r) : "a"((u64)n), "d"((u64)(n >> 64)), "r"(d) : "cc");
    *rest = r;
    return q;
#else
    *rest = (u64)(n % d);
    return (u64)(n / d);
#endif
}

/* Schoolbook division with 64-bit digits: each digit is guessed from the leading digits, which
 * with the top bit of d set is at most two too large. */
static inline u128 wdiv128(u256 n, u128 d, u128 *rest)
{
    u64 d1 = (u64)(d >> 64), d0 = (u64)d;
    u128 r = n.hi, q = 0;

    for (int digit = 1; digit >= 0; digit--) {
        u64 next = (u64)(n.lo >> (64 * digit)), guess, r1;

        if ((u64)(r >> 64) >= d1) {
            guess = UINT64_MAX;
        } else {
            guess = wdiv64(r, d1, &r1);
        }
        /* r * B + next - guess * d, of which 192 bits matter; negative while guess is too large */
        u256 have = { r >> 64, r << 64 | next };
        u128 low = (u128)guess * d0, high = (u128)guess * d1 + (low >> 64);
        u256 take = { high >> 64, high << 64 | (u64)low };

        while (dbl_less128(have, take)) {
            take = dbl_sub128(take, (u256){ 0, d });
            guess--;
        }
        r = dbl_sub128(have, take).lo;
        q = q << 64 | guess;
    }
    *rest = r;
    return q;
}

/* -- Square roots, rounded down; one of the two top bits of x must be set ----------------------
 * Zimmermann's step: the root s of the upper half, then the remainder of that divided by 2s gives
 * the lower half of the digits, at most one too large. */

SF_INLINE uint32_t root_of_u64(u64 x)
{
    uint32_t top = (uint32_t)(x >> 32), s8 = 0;
    uint64_t s16, s32;

    for (uint32_t bit = 0x80; bit; bit >>= 1)             /* 8 bits of root from 16 bits */
        if ((s8 | bit) * (s8 | bit) <= top >> 16)
            s8 |= bit;
    uint32_t q = (((top >> 16) - s8 * s8) << 7 | (top >> 9 & 0x7f)) / s8;
    s16 = s8 << 8 | (q > 0xff ? 0xff : q);
    if (s16 * s16 > top)
        s16--;
    u64 q2 = ((top - s16 * s16) << 15 | (x >> 17 & 0x7fff)) / s16;
    s32 = s16 << 16 | (q2 > 0xffff ? 0xffff : q2);
    if (s32 * s32 > x)
        s32--;
    return (uint32_t)s32;
}

SF_INLINE u64 wroot64(u128 x, bool *exact)
{
    u64 top = (u64)(x >> 64), s = root_of_u64(top);
    u64 q = ((top - s * s) << 31 | ((u64)x >> 33)) / s;

    s = s << 32 | (q > UINT32_MAX ? UINT32_MAX : q);
    if ((u128)s * s > x)
        s--;
    *exact = (u128)s * s == x;
    return s;
}

static inline u128 wroot128(u256 x, bool *exact)
{
    bool unused;
    u64 top = wroot64(x.hi, &unused);
    u128 rest = x.hi - (u128)top * top;                   /* at most 2 * top */
    u128 n = rest << 63 | (x.lo >> 65);
    u64 q = UINT64_MAX, r;

    if ((u64)(n >> 64) < top)
        q = wdiv64(n, top, &r);
    u128 s = (u128)top << 64 | q;
    u256 square = wmul128(s, s);
    if (dbl_less128(x, square)) {
        s--;
        square = wmul128(s, s);
    }
    *exact = square.hi == x.hi && square.lo == x.lo;
    return s;
}

#endif
