/* SPDX-License-Identifier: MIT */
/* helpers-simd.c - integer lanes that hosts have no instructions for.
 * Arm Architecture Reference Manual, DDI 0487: C7.2; SatQ, Sat (J1.3).
 */
#include "helpers.h"
#include "simd-ops.h"

struct lanes {
    uint32_t bits, saturated;
};

__extension__ typedef __int128 wide;

static int64_t sign_extend(uint64_t v, uint32_t bits)
{
    return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t cut(uint64_t v, uint32_t bits)
{
    return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static uint64_t saturate_signed(struct lanes *l, wide v)
{
    wide max = ((wide)1 << (l->bits - 1)) - 1, min = -max - 1;
    if (v > max || v < min) {
        l->saturated = 1;
        v = v > max ? max : min;
    }
    return cut((uint64_t)v, l->bits);
}

static uint64_t saturate_unsigned(struct lanes *l, wide v)
{
    wide max = ((wide)1 << l->bits) - 1;
    if (v > max || v < 0) {
        l->saturated = 1;
        v = v < 0 ? 0 : max;
    }
    return (uint64_t)v;
}

/* v << count, or v >> -count with or without rounding. Large counts saturate, or leave
 * nothing. */
static wide shift(wide v, int count, int round)
{
    if (count >= 0) {
        if (!v)
            return 0;
        if (count > 64)
            count = 64;
        if (count == 64 && (v > INT64_MAX || v < INT64_MIN)) /* beyond any lane anyway */
            count = 62;
        return (wide)((unsigned __int128)v << count);
    }
    count = -count;
    if (count > 65)
        count = 65;
    if (round)
        v += (wide)1 << (count - 1);
    return v >> count;
}

/* SQRDMLAH, SQRDMLSH: d +- 2nm, the high half, rounded; saturates once, at the end. */
static uint64_t multiply_add(struct lanes *l, int64_t n, int64_t m, int64_t d, int subtract)
{
    wide p = (wide)n * m * 2, v = (wide)d * ((wide)1 << l->bits);
    v = (subtract ? v - p : v + p) + ((wide)1 << (l->bits - 1));
    return saturate_signed(l, v >> l->bits);
}

static uint64_t dot(uint64_t n, uint64_t m, uint64_t d, int is_signed)
{
    for (uint32_t at = 0; at < 32; at += 8) {
        if (is_signed)
            d += (uint64_t)((int64_t)(int8_t)(n >> at) * (int8_t)(m >> at));
        else
            d += (uint64_t)(uint8_t)(n >> at) * (uint8_t)(m >> at);
    }
    return (uint32_t)d;
}

static uint64_t lane(struct lanes *l, uint32_t op, uint64_t n, uint64_t m, uint64_t d)
{
    int64_t sn = sign_extend(n, l->bits), sd = sign_extend(d, l->bits);
    int count = (int8_t)m;
    switch (op) {
    case IOP_SQSHL: return saturate_signed(l, shift(sn, count, 0));
    case IOP_UQSHL: return saturate_unsigned(l, shift(n, count, 0));
    case IOP_SQRSHL: return saturate_signed(l, shift(sn, count, 1));
    case IOP_UQRSHL: return saturate_unsigned(l, shift(n, count, 1));
    case IOP_SQSHLU: return saturate_unsigned(l, shift(sn, count, 0));
    case IOP_SQRDMLAH: return multiply_add(l, sn, sign_extend(m, l->bits), sd, 0);
    case IOP_SQRDMLSH: return multiply_add(l, sn, sign_extend(m, l->bits), sd, 1);
    case IOP_SUQADD: return saturate_signed(l, (wide)sd + n);
    case IOP_USQADD: return saturate_unsigned(l, (wide)d + sn);
    case IOP_URECPE: return a64_urecpe((uint32_t)n);
    case IOP_URSQRTE: return a64_ursqrte((uint32_t)n);
    default: return dot(n, m, d, op == IOP_SDOT);
    }
}

A64_HELPER_FN(a64_int_lanes_helper)
{
    const struct xl_v128 *n = xl_vec_arg(a), *m = xl_vec_arg(b), *addend = xl_vec_arg(c);
    struct lanes l = {.bits = 8u << SIMD_SIZE(d)};
    struct xl_v128 out = {{0, 0}};
    for (uint32_t i = 0; i < SIMD_LANES(d); i++) {
        uint32_t at = i * l.bits, w = at >> 6;
        at &= 63;
        out.d[w] |= lane(&l, SIMD_OP(d), cut(n->d[w] >> at, l.bits), cut(m->d[w] >> at, l.bits),
                         cut(addend->d[w] >> at, l.bits)) << at;
    }
    if (l.saturated)
        ((struct a64 *)x)->qc_helper = 1;
    x->cell[0] = out;
    return 0;
}
