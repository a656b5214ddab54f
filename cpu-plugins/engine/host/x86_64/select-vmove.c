/* SPDX-License-Identifier: MIT */
/* select-vmove.c - vectors from and to integers, and moves of single lanes. */
#include "x86.h"

static void make(struct gen *g, const struct xl_op *o)
{
    struct xrm lo = g_rm(g, o->a), hi;
    uint64_t k;
    int x;

    if (g_const(g, o->b, &k) && k == 0) {
        x = x86_vdef(g);
        g->v[g->i].zero = ZERO_64;
    } else {
        hi = g_rm(g, o->b);
        x = ENC(g_xtmp(g));
    }
    if (lo.reg >= 0)
        xa_vex(&g->a, XO_MOVD, 1, x, 0, lo, -1);
    else
        x86_vv(g, XO_MOVQ, x, 0, lo);
    if (!g->v[g->i].zero)
        xa_vex(&g->a, XV_INSRD, 1, x86_vdef(g), x, hi, 1);
}

/* All lanes from a general register. */
static void duplicate(struct gen *g, const struct xl_op *o)
{
    static const uint32_t code[] = {XV_BCASTB, XV_BCASTW, XV_BCASTD, XV_BCASTQ};
    uint32_t lane = XL_LANE(o->flags);
    int a = g_reg(g, o->a), x = ENC(g_xtmp(g));

    xa_vex(&g->a, XO_MOVD, lane == XL_L64, x, 0, xr(a), -1);
    x86_vv(g, code[lane], x86_vdef(g), 0, xr(x));
}

static void duplicate_lane(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), i = (uint32_t)o->imm;
    int a = ENC(g_reg(g, o->a)), x;

    if (lane == XL_L64) {
        xa_vex(&g->a, XO_PSHUFD, 0, x86_vdef(g), 0, xr(a), i ? 0xee : 0x44);
    } else if (lane == XL_L32) {
        xa_vex(&g->a, XO_PSHUFD, 0, x86_vdef(g), 0, xr(a), (int)(i * 0x55));
    } else {
        x = a;
        if (i) {
            x = ENC(g_xtmp(g));
            xa_vex(&g->a, XV_SHIFTI + 3, 0, 3, x, xr(a), (int)(i << lane));
        }
        x86_vv(g, lane == XL_L8 ? XV_BCASTB : XV_BCASTW, x86_vdef(g), 0, xr(x));
    }
}

static void extract(struct gen *g, int d, int a, uint32_t lane, uint32_t i)
{
    if (lane >= XL_L32 && i == 0)
        xa_vex(&g->a, XO_MOVD_ST, lane == XL_L64, a, 0, xr(d), -1);
    else
        xa_vex(&g->a, lane == XL_L8 ? XV_EXTRB : lane == XL_L16 ? XV_EXTRW : XV_EXTRD,
               lane == XL_L64, a, 0, xr(d), (int)i);
}

static void lane_to_int(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), d;

    g_release(g);
    d = g_def(g);
    extract(g, d, a, XL_LANE(o->flags), (uint32_t)o->imm);
}

static void put_in(struct gen *g, int d, int a, int r, uint32_t lane, uint32_t i)
{
    xa_vex(&g->a, lane == XL_L8 ? XV_INSRB : lane == XL_L16 ? XV_INSRW : XV_INSRD,
           lane == XL_L64, d, a, xr(r), (int)i);
}

static void insert(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), b = g_reg(g, o->b);

    put_in(g, x86_vdef(g), a, b, XL_LANE(o->flags), (uint32_t)o->imm);
}

/* a with a lane of b. */
static void insert_lane(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), to = (uint32_t)o->imm >> 8, from = (uint32_t)o->imm & 255;
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), t;

    if (lane == XL_L32) {
        xa_vex(&g->a, XO_INSERTPS, 0, x86_vdef(g), a, xr(b), (int)(from << 6 | to << 4));
    } else if (lane == XL_L64 && to == 1 && from == 0) {
        x86_vv(g, XV_UNPCKLQ, x86_vdef(g), a, xr(b));
    } else if (lane == XL_L64 && to == from) {
        xa_vex(&g->a, XV_BLENDD, 0, x86_vdef(g), a, xr(b), to ? 0x0c : 0x03);
    } else if (lane == XL_L64) { /* b's high half, then a's */
        x86_vv(g, XV_UNPCKHQ, x86_vdef(g), b, xr(a));
    } else {
        t = g_tmp(g);
        extract(g, t, b, lane, from);
        put_in(g, x86_vdef(g), a, t, lane, to);
    }
}

static void low_half(struct gen *g, const struct xl_op *o)
{
    struct xrm a = g_rm(g, o->a);

    x86_vv(g, XO_MOVQ, x86_vdef(g), 0, a);
    g->v[g->i].zero = ZERO_64;
}

int x86_sel_vmove(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_vmake: make(g, o); return 1;
    case XL_OP_vdup: duplicate(g, o); return 1;
    case XL_OP_vdupl: duplicate_lane(g, o); return 1;
    case XL_OP_vlane: lane_to_int(g, o); return 1;
    case XL_OP_vins: insert(g, o); return 1;
    case XL_OP_vinsl: insert_lane(g, o); return 1;
    case XL_OP_vzext64: low_half(g, o); return 1;
    default: return 0;
    }
}
