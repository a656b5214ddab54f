/* SPDX-License-Identifier: MIT */
/* select-vperm.c - permutations of vector lanes. */
#include "x86.h"

static void zip(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), high = o->op == XL_OP_vzip2;
    int a = ENC(g_reg(g, o->a));
    struct xrm b = g_rm(g, o->b);
    uint32_t code = lane == XL_L64 ? (high ? XV_UNPCKHQ : XV_UNPCKLQ)
                                   : (high ? XV_UNPCKH : XV_UNPCKL) + lane;

    x86_vv(g, code, x86_vdef(g), a, b);
}

/* Even or odd lanes: as the low halves of lanes twice as wide, which do not saturate. */
static void unzip(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), odd = o->op == XL_OP_vuzp2;
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x, y;

    if (lane == XL_L64) {
        x86_vv(g, odd ? XV_UNPCKHQ : XV_UNPCKLQ, x86_vdef(g), a, xr(b));
        return;
    }
    if (lane == XL_L32) {
        xa_vex(&g->a, XV_SHUFPS, 0, x86_vdef(g), a, xr(b), odd ? 0xdd : 0x88);
        return;
    }
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    if (odd) {
        x86_vshift(g, SHIFT_RIGHT, lane + 1, x, a, 8u << lane);
        x86_vshift(g, SHIFT_RIGHT, lane + 1, y, b, 8u << lane);
    } else {
        x86_vv(g, XV_AND, x, a, xmrip(&g->c->kv->low_half[lane]));
        x86_vv(g, XV_AND, y, b, xmrip(&g->c->kv->low_half[lane]));
    }
    x86_vv(g, lane == XL_L8 ? XV_PACKUSWB : XV_PACKUSDW, x86_vdef(g), x, xr(y));
}

/* Even lanes of a with those of b above them, or odd lanes of a below those of b. */
static void transpose(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), odd = o->op == XL_OP_vtrn2;
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x, y;

    if (lane == XL_L64) {
        x86_vv(g, odd ? XV_UNPCKHQ : XV_UNPCKLQ, x86_vdef(g), a, xr(b));
        return;
    }
    x = ENC(g_xtmp(g));
    if (odd)
        x86_vshift(g, SHIFT_RIGHT, lane + 1, x, a, 8u << lane);
    else
        x86_vshift(g, SHIFT_LEFT, lane + 1, x, b, 8u << lane);
    if (lane != XL_L8) {
        xa_vex(&g->a, lane == XL_L32 ? XV_BLENDD : XV_BLENDW, 0, x86_vdef(g), odd ? x : a,
               xr(odd ? b : x), lane == XL_L32 ? 0x0a : 0xaa);
        return;
    }
    y = ENC(g_xtmp(g));
    if (odd) { /* ~low & b */
        xa_op(&g->a, XO_MOVAPS, 0, y, xmrip(&g->c->kv->low_half[0]));
        x86_vv(g, XV_ANDN, y, y, xr(b));
    } else {
        x86_vv(g, XV_AND, y, a, xmrip(&g->c->kv->low_half[0]));
    }
    x86_vv(g, XV_OR, x86_vdef(g), x, xr(y));
}

static void extract(struct gen *g, const struct xl_op *o)
{
    int b = ENC(g_reg(g, o->b));
    struct xrm a = g_rm(g, o->a);

    xa_vex(&g->a, XV_ALIGNR, 0, x86_vdef(g), b, a, (int)o->imm);
}

/* Indices above 15 get their top bit, which is pshufb's mark of a zero and blendv's of c. */
static void table(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x = ENC(g_xtmp(g)), y, c;

    x86_vv(g, XV_ADDUS, x, b, xmrip(&g->c->kv->index_70));
    if (o->op == XL_OP_vtbl) {
        x86_vv(g, XV_SHUFB, x86_vdef(g), a, xr(x));
        return;
    }
    y = ENC(g_xtmp(g));
    c = ENC(g_reg(g, o->c));
    x86_vv(g, XV_SHUFB, y, a, xr(x));
    xa_vex(&g->a, XV_BLENDVB, 0, x86_vdef(g), y, xr(c), x << 4);
}

static void reverse(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags);
    int a = ENC(g_reg(g, o->a));

    if (lane == XL_L32)
        xa_vex(&g->a, XO_PSHUFD, 0, x86_vdef(g), 0, xr(a), 0xb1);
    else
        x86_vv(g, XV_SHUFB, x86_vdef(g), a, xmrip(&g->c->kv->rev[lane][o->imm]));
}

int x86_sel_vperm(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_vzip1: case XL_OP_vzip2: zip(g, o); return 1;
    case XL_OP_vuzp1: case XL_OP_vuzp2: unzip(g, o); return 1;
    case XL_OP_vtrn1: case XL_OP_vtrn2: transpose(g, o); return 1;
    case XL_OP_vext: extract(g, o); return 1;
    case XL_OP_vtbl: case XL_OP_vtbx: table(g, o); return 1;
    case XL_OP_vrev: reverse(g, o); return 1;
    default: return 0;
    }
}
