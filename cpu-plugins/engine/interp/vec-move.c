/* SPDX-License-Identifier: MIT */
/* vec-move.c - vector ops that only move lanes and bytes. */
#include "vec.h"

static int whole(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags), i = (uint32_t)o->imm;

    switch (o->op) {
    case XL_OP_vmake:
        r->d[0] = in->a.d[0];
        r->d[1] = in->b.d[0];
        return 1;
    case XL_OP_vlane: r->d[0] = lane_u(&in->a, l, i); return 1;
    case XL_OP_vins:
        *r = in->a;
        lane_put(r, l, i, in->b.d[0]);
        return 1;
    case XL_OP_vinsl:
        *r = in->a;
        lane_put(r, l, i >> 8, lane_u(&in->b, l, i & 255));
        return 1;
    case XL_OP_v2f: r->d[0] = o->type == XL_F32 ? (uint32_t)in->a.d[0] : in->a.d[0]; return 1;
    case XL_OP_f2v: case XL_OP_vzext64: r->d[0] = in->a.d[0]; return 1;
    default: return 0;
    }
}

/* Lane i of a permutation. */
static int permuted(const struct xl_op *o, const struct xl_vin *in, uint32_t i, uint64_t *v)
{
    uint32_t l = XL_LANE(o->flags), n = 16u >> l, half = i & n / 2 ? 1 : 0, k;

    switch (o->op) {
    case XL_OP_vdup: *v = in->a.d[0]; return 1;
    case XL_OP_vdupl: *v = lane_u(&in->a, l, (uint32_t)o->imm); return 1;
    case XL_OP_vrev: *v = lane_u(&in->a, l, i ^ ((1u << ((uint32_t)o->imm - l)) - 1)); return 1;
    case XL_OP_vzip1: case XL_OP_vzip2:
        k = (o->op == XL_OP_vzip2 ? n / 2 : 0) + i / 2;
        *v = lane_u(i & 1 ? &in->b : &in->a, l, k);
        return 1;
    case XL_OP_vuzp1: case XL_OP_vuzp2:
        k = 2 * (i % (n / 2)) + (o->op == XL_OP_vuzp2);
        *v = lane_u(half ? &in->b : &in->a, l, k);
        return 1;
    case XL_OP_vtrn1: case XL_OP_vtrn2:
        k = (i & ~1u) + (o->op == XL_OP_vtrn2);
        *v = lane_u(i & 1 ? &in->b : &in->a, l, k);
        return 1;
    default: return 0;
    }
}

static int bytes(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t k = o->op == XL_OP_vext ? i + (uint32_t)o->imm : lane_byte(&in->b, i);
        uint8_t v;

        switch (o->op) {
        case XL_OP_vext: v = lane_byte(k < 16 ? &in->a : &in->b, k & 15); break;
        case XL_OP_vtbl: v = k < 16 ? lane_byte(&in->a, k) : 0; break;
        case XL_OP_vtbx: v = k < 16 ? lane_byte(&in->a, k) : lane_byte(&in->c, i); break;
        default: return 0;
        }
        lane_put(r, XL_L8, i, v);
    }
    return 1;
}

int xl_vec_move(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags);

    if (whole(o, in, r) || bytes(o, in, r))
        return 1;
    for (uint32_t i = 0; i < 16u >> l; i++) {
        uint64_t v;

        if (!permuted(o, in, i, &v))
            return 0;
        lane_put(r, l, i, v);
    }
    return 1;
}
