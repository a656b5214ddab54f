/* SPDX-License-Identifier: MIT */
/* vec-int.c - integer vector ops lane by lane: a lane's operands, extended by both rules, make
 * the result's lane, of which the low bits count. */
#include "vec.h"

struct lane {
    uint32_t l, bits;
    uint64_t ua, ub, mask;
    int64_t sa, sb;
};

/* ---- Saturating: 64-bit lanes, too --------------------------------------------------- */

static uint64_t saturate(int64_t v, int over, int negative, const struct lane *n)
{
    if (over || v < least(n->l) || v > ~least(n->l))
        return (uint64_t)((over ? negative : v < 0) ? least(n->l) : ~least(n->l));
    return (uint64_t)v;
}

static int saturating(uint32_t op, const struct lane *n, uint64_t *r)
{
    int64_t s;
    int over;

    switch (op) {
    case XL_OP_vsqadd:
        over = __builtin_add_overflow(n->sa, n->sb, &s);
        *r = saturate(s, over, n->sa < 0, n);
        return 1;
    case XL_OP_vsqsub:
        over = __builtin_sub_overflow(n->sa, n->sb, &s);
        *r = saturate(s, over, n->sa < 0, n);
        return 1;
    case XL_OP_vuqadd: *r = n->ub > n->mask - n->ua ? n->mask : n->ua + n->ub; return 1;
    case XL_OP_vuqsub: *r = n->ub > n->ua ? 0 : n->ua - n->ub; return 1;
    default: return 0;
    }
}

/* ---- Shifts -------------------------------------------------------------------------- */

static uint64_t left(const struct lane *n, uint32_t by)
{
    return by >= n->bits ? 0 : n->ua << by;
}

static uint64_t right_u(const struct lane *n, uint32_t by, int round)
{
    uint64_t r = by >= n->bits ? 0 : n->ua >> by;

    if (round && by && by <= n->bits)
        r += n->ua >> (by - 1) & 1;
    return r;
}

/* Beyond the sign there are signs; rounding then ends at 0. */
static uint64_t right_s(const struct lane *n, uint32_t by, int round)
{
    uint32_t k = by >= n->bits ? n->bits - 1 : by;
    int64_t r = n->sa >> k;

    if (round && by)
        r = by > n->bits ? 0 : r + (by == n->bits ? n->sa < 0 : (int)(n->sa >> (by - 1) & 1));
    return (uint64_t)r;
}

static int shift(const struct xl_op *o, const struct lane *n, uint64_t *r)
{
    int32_t by = (int8_t)n->ub;
    uint32_t imm = (uint32_t)o->imm, back = (uint32_t)-by;

    switch (o->op) {
    case XL_OP_vshli: *r = left(n, imm); return 1;
    case XL_OP_vshri: *r = right_u(n, imm, 0); return 1;
    case XL_OP_vsari: *r = right_s(n, imm, 0); return 1;
    case XL_OP_vrshri: *r = right_u(n, imm, 1); return 1;
    case XL_OP_vrsari: *r = right_s(n, imm, 1); return 1;
    case XL_OP_vsshl: case XL_OP_vsrshl:
        *r = by >= 0 ? left(n, (uint32_t)by) : right_s(n, back, o->op == XL_OP_vsrshl);
        return 1;
    case XL_OP_vushl: case XL_OP_vurshl:
        *r = by >= 0 ? left(n, (uint32_t)by) : right_u(n, back, o->op == XL_OP_vurshl);
        return 1;
    default: return 0;
    }
}

/* ---- Bits of a lane ------------------------------------------------------------------- */

static uint64_t leading(uint64_t a, uint32_t bits)
{
    return a ? (uint64_t)__builtin_clzll(a) - (64 - bits) : bits;
}

static uint64_t reverse_byte(uint64_t a)
{
    uint64_t r = 0;

    for (int i = 0; i < 8; i++)
        r |= (a >> i & 1) << (7 - i);
    return r;
}

static int bits_of(uint32_t op, const struct lane *n, uint64_t *r)
{
    switch (op) {
    case XL_OP_vcnt: *r = (uint64_t)__builtin_popcountll(n->ua); return 1;
    case XL_OP_vclz: *r = leading(n->ua, n->bits); return 1;
    case XL_OP_vcls:
        *r = leading((uint64_t)(n->sa ^ n->sa >> 63) & n->mask, n->bits) - 1;
        return 1;
    case XL_OP_vrbit: *r = reverse_byte(n->ua); return 1;
    default: return 0;
    }
}

/* ---- The rest ------------------------------------------------------------------------- */

static uint64_t all_if(int yes)
{
    return yes ? ~(uint64_t)0 : 0;
}

static int compare(uint32_t op, const struct lane *n, uint64_t *r)
{
    switch (op) {
    case XL_OP_vceq: *r = all_if(n->ua == n->ub); return 1;
    case XL_OP_vcgt: *r = all_if(n->sa > n->sb); return 1;
    case XL_OP_vcge: *r = all_if(n->sa >= n->sb); return 1;
    case XL_OP_vchi: *r = all_if(n->ua > n->ub); return 1;
    case XL_OP_vchs: *r = all_if(n->ua >= n->ub); return 1;
    case XL_OP_vctst: *r = all_if((n->ua & n->ub) != 0); return 1;
    case XL_OP_vsmin: *r = n->sa < n->sb ? n->ua : n->ub; return 1;
    case XL_OP_vsmax: *r = n->sa > n->sb ? n->ua : n->ub; return 1;
    case XL_OP_vumin: *r = n->ua < n->ub ? n->ua : n->ub; return 1;
    case XL_OP_vumax: *r = n->ua > n->ub ? n->ua : n->ub; return 1;
    default: return 0;
    }
}

/* Lanes of at most 32 bits: nothing wraps here. */
static int halving(uint32_t op, const struct lane *n, uint64_t *r)
{
    int64_t u = (int64_t)n->ua, v = (int64_t)n->ub;

    switch (op) {
    case XL_OP_vshadd: *r = (uint64_t)((n->sa + n->sb) >> 1); return 1;
    case XL_OP_vuhadd: *r = (uint64_t)((u + v) >> 1); return 1;
    case XL_OP_vsrhadd: *r = (uint64_t)((n->sa + n->sb + 1) >> 1); return 1;
    case XL_OP_vurhadd: *r = (uint64_t)((u + v + 1) >> 1); return 1;
    case XL_OP_vshsub: *r = (uint64_t)((n->sa - n->sb) >> 1); return 1;
    case XL_OP_vuhsub: *r = (uint64_t)((u - v) >> 1); return 1;
    case XL_OP_vsabd: *r = (uint64_t)(n->sa > n->sb ? n->sa - n->sb : n->sb - n->sa); return 1;
    case XL_OP_vuabd: *r = (uint64_t)(u > v ? u - v : v - u); return 1;
    default: return 0;
    }
}

/* 2ab / 2^bits; only least * least does not fit. */
static uint64_t doubling(const struct lane *n, int round)
{
    int64_t p = n->sa * n->sb;

    if (n->sa == least(n->l) && n->sb == least(n->l))
        return (uint64_t)~least(n->l);
    return (uint64_t)((p + (round ? (int64_t)1 << (n->bits - 2) : 0)) >> (n->bits - 1));
}

static uint64_t carryless_byte(uint64_t a, uint64_t b)
{
    uint64_t r = 0;

    for (int i = 0; i < 8; i++)
        r ^= b >> i & 1 ? a << i : 0;
    return r;
}

static int plain(uint32_t op, const struct lane *n, uint64_t *r)
{
    switch (op) {
    case XL_OP_vadd: *r = n->ua + n->ub; return 1;
    case XL_OP_vsub: *r = n->ua - n->ub; return 1;
    case XL_OP_vmul: *r = n->ua * n->ub; return 1;
    case XL_OP_vneg: *r = 0 - n->ua; return 1;
    case XL_OP_vabs: *r = n->sa < 0 ? 0 - n->ua : n->ua; return 1;
    case XL_OP_vsqdmulh: *r = doubling(n, 0); return 1;
    case XL_OP_vsqrdmulh: *r = doubling(n, 1); return 1;
    case XL_OP_vpmul: *r = carryless_byte(n->ua, n->ub); return 1;
    default: return 0;
    }
}

int xl_vec_int(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags), two = xl_operands(o->op) > 1;
    struct lane n = {.l = l, .bits = 8u << l, .mask = lane_mask(l)};

    for (uint32_t i = 0; i < 16u >> l; i++) {
        uint64_t v;

        n.ua = lane_u(&in->a, l, i);
        n.sa = lane_s(&in->a, l, i);
        n.ub = two ? lane_u(&in->b, l, i) : 0;
        n.sb = two ? lane_s(&in->b, l, i) : 0;
        if (!plain(o->op, &n, &v) && !compare(o->op, &n, &v) && !shift(o, &n, &v) &&
            !saturating(o->op, &n, &v) && !halving(o->op, &n, &v) && !bits_of(o->op, &n, &v))
            return 0;
        lane_put(r, l, i, v);
    }
    return 1;
}
