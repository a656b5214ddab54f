/* SPDX-License-Identifier: MIT */
/* vec-wide.c - vector ops whose result's lanes are of another size, and those across lanes. */
#include "vec.h"

/* ---- To twice the size ------------------------------------------------------------------ */

/* 128 bits for 64-bit lanes, else the low half of *hi:*lo. */
static void carryless(uint64_t a, uint64_t b, uint32_t bits, struct xl_v128 *r)
{
    r->d[0] = r->d[1] = 0;
    for (uint32_t i = 0; i < bits; i++) {
        if (!(b >> i & 1))
            continue;
        r->d[0] ^= a << i;
        r->d[1] ^= i ? a >> (64 - i) : 0;
    }
}

static int widening(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags), n = 8u >> l, from = o->imm ? n : 0;
    struct xl_v128 p;

    if (o->op == XL_OP_vpmull && l == XL_L64) {
        carryless(in->a.d[o->imm], in->b.d[o->imm], 64, r);
        return 1;
    }
    if (l == XL_L64)
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t ua = lane_u(&in->a, l, from + i), ub = lane_u(&in->b, l, from + i), v;
        int64_t sa = lane_s(&in->a, l, from + i), sb = lane_s(&in->b, l, from + i);

        switch (o->op) {
        case XL_OP_vsxtl: v = (uint64_t)sa; break;
        case XL_OP_vuxtl: v = ua; break;
        case XL_OP_vsmull: v = (uint64_t)(sa * sb); break;
        case XL_OP_vumull: v = ua * ub; break;
        case XL_OP_vpmull:
            carryless(ua, ub, 8, &p);
            v = p.d[0];
            break;
        default: return 0;
        }
        lane_put(r, l + 1, i, v);
    }
    return 1;
}

/* ---- To half the size -------------------------------------------------------------------- */

static uint64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return (uint64_t)(v < low ? low : v > high ? high : v);
}

static int narrowing(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags);
    uint64_t top;

    if (l == XL_L8)
        return 0;
    top = lane_mask(l - 1);
    for (uint32_t i = 0; i < 16u >> l; i++) {
        uint64_t u = lane_u(&in->a, l, i), v;
        int64_t s = lane_s(&in->a, l, i);

        switch (o->op) {
        case XL_OP_vxtn: v = u; break;
        case XL_OP_vsqxtn: v = clamp(s, least(l - 1), ~least(l - 1)); break;
        case XL_OP_vuqxtn: v = u > top ? top : u; break;
        case XL_OP_vsqxtun: v = clamp(s, 0, (int64_t)top); break;
        default: return 0;
        }
        lane_put(r, l - 1, i, v);
    }
    return 1;
}

/* ---- All lanes to one ---------------------------------------------------------------------- */

static int across(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags), n = 16u >> l;
    uint64_t u = 0, us = 0, umin = UINT64_MAX, umax = 0;
    int64_t smin = INT64_MAX, smax = INT64_MIN;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t ui = lane_u(&in->a, l, i);
        int64_t si = lane_s(&in->a, l, i);

        u += ui;
        us += (uint64_t)si;
        umin = ui < umin ? ui : umin;
        umax = ui > umax ? ui : umax;
        smin = si < smin ? si : smin;
        smax = si > smax ? si : smax;
    }
    switch (o->op) {
    case XL_OP_vaddv: break;
    case XL_OP_vuaddlv: l++; break;
    case XL_OP_vsaddlv: u = us; l++; break;
    case XL_OP_vsmaxv: u = (uint64_t)smax; break;
    case XL_OP_vsminv: u = (uint64_t)smin; break;
    case XL_OP_vumaxv: u = umax; break;
    case XL_OP_vuminv: u = umin; break;
    default: return 0;
    }
    lane_put(r, l, 0, u);
    return 1;
}

int xl_vec_wide(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    return widening(o, in, r) || narrowing(o, in, r) || across(o, in, r);
}
