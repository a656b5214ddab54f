/* SPDX-License-Identifier: MIT */
/* select-fmove.c - floating-point ops on bits: signs, moves between the register files,
 * boxing, classes.
 *
 * An F32 is the low half of its register. `hi` says that the upper half is all ones, as an
 * F32 in an F64 slot must have it (RISC-V "D", 22.2): arithmetic keeps the first operand's
 * upper half, so box32 is mostly free; where it is not, the ones are or'ed in, in place.
 * unbox32 copies and checks the upper half, once for each value.
 */
#include "x86.h"

static int boxed(const struct gen *g, uint32_t v)
{
    return g->v[g_rep(g, v)].hi;
}

/* ---- Signs ------------------------------------------------------------------------------ */

/* d = a op constant. */
static void with_const(struct gen *g, const struct xl_op *o, uint32_t op, const void *k)
{
    int a = ENC(g_reg(g, o->a)), d;

    g->prefer = (uint32_t)XMM(a);
    d = x86_def_float(g, 0);
    x86_sse(g, op, d, a, xmrip(k));
    g->v[g->i].hi = boxed(g, o->a);
    g->v[g->i].zero = g->v[g_rep(g, o->a)].zero; /* the constants' upper halves are zero */
    if (op == XO_ANDPS && g->v[g->i].zero < ZERO_64)
        g->v[g->i].zero = ZERO_64;
}

static void copy_sign(struct gen *g, const struct xl_op *o)
{
    const struct x86_const *k = g->c->k;
    const void *sign = o->type == XL_F32 ? k->sign32 : k->sign64;
    const void *abs = o->type == XL_F32 ? k->abs32 : k->abs64;
    int a, b, x, d;

    if (g_rep(g, o->a) == g_rep(g, o->b)) {
        if (o->op == XL_OP_fsgnjn)
            with_const(g, o, XO_XORPS, sign);
        else
            with_const(g, o, XO_ANDPS, abs);
        return;
    }
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    x = ENC(g_xtmp(g));
    x86_sse(g, o->op == XL_OP_fsgnjn ? XO_ANDNPS : XO_ANDPS, x, b, xmrip(sign));
    g->prefer = (uint32_t)XMM(a);
    d = x86_def_float(g, 0);
    if (o->op == XL_OP_fsgnjx) {
        x86_sse(g, XO_XORPS, d, a, xr(x));
    } else {
        x86_sse(g, XO_ANDPS, d, a, xmrip(abs));
        xa_op(&g->a, XO_ORPS, 0, d, xr(x));
    }
    g->v[g->i].hi = boxed(g, o->a);
}

/* ---- Between register files --------------------------------------------------------------- */

static void to_bits(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), d;

    g_release(g);
    d = g_def(g);
    xa_op(&g->a, XO_MOVD_ST, o->type == XL_F64, a, xr(d));
}

static void from_bits(struct gen *g, const struct xl_op *o)
{
    struct xrm a = g_rm(g, o->a);
    int d = ENC(g_def_new(g));

    if (a.reg >= 0)
        xa_op(&g->a, XO_MOVD, o->type == XL_F64, d, a);
    else
        xa_op(&g->a, o->type == XL_F64 ? XO_MOVSD : XO_MOVSS, 0, d, a);
    g->v[g->i].zero = o->type == XL_F64 ? ZERO_64 : ZERO_32;
}

/* ---- Boxes ---------------------------------------------------------------------------------- */

/* Make the value that op i names boxed where it is. */
static void box_in_place(struct gen *g, uint32_t v)
{
    struct val *p = &g->v[v];
    int r;

    if (p->hi || p->last <= g->i)
        return;
    r = g_reg(g, v);
    p->zero = ZERO_NONE;
    if (g->t->halves & BIT(r)) {
        r = g_xtmp(g);
        g_copy(g, r, v);
        g_bind(g, r, v);
    }
    xa_op(&g->a, XO_ORPS, 0, ENC(r), xmrip(g->c->k->high_ones));
    p->hi = 1;
    g_changed(g, v);
}

static void box(struct gen *g, const struct xl_op *o)
{
    int d;

    if (g_rep(g, g->i) != g->i) {
        box_in_place(g, g_rep(g, g->i));
        return;
    }
    d = g_def_new(g);
    g_copy(g, d, o->a);
    xa_op(&g->a, XO_ORPS, 0, ENC(d), xmrip(g->c->k->high_ones));
}

static void unbox(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_CONST);
    struct xrm a = g_rm(g, o->a);
    int d, t = 0;

    if (a.reg < 0) { /* in memory: its upper half as it is */
        d = ENC(g_def_new(g));
        xa_op(&g->a, XO_MOVSD, 0, d, a);
        a.disp += 4;
        xa_alui(&g->a, ALU_CMP, 0, a, -1);
    } else {
        t = g_tmp(g);
        g->prefer = (uint32_t)XMM(a.reg);
        d = x86_def_float(g, 0);
        xa_opi(&g->a, XO_PEXTRD, 0, a.reg, xr(t), 1, 1);
        if (d != a.reg)
            xa_op(&g->a, XO_MOVAPS, 0, d, a);
        xa_alui(&g->a, ALU_CMP, 0, xr(t), -1);
    }
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_NE);
    c->p = g->c->k->nan32;
    c->dst = (int8_t)XMM(d);
    c->back = g->a.p;
    g->v[g->i].hi = 1;
}

void x86_sel_fmove(struct gen *g, const struct xl_op *o)
{
    const struct x86_const *k = g->c->k;

    switch (o->op) {
    case XL_OP_fneg:
        with_const(g, o, XO_XORPS, o->type == XL_F32 ? k->sign32 : k->sign64);
        break;
    case XL_OP_fabs:
        with_const(g, o, XO_ANDPS, o->type == XL_F32 ? k->abs32 : k->abs64);
        break;
    case XL_OP_f2bits: to_bits(g, o); break;
    case XL_OP_bits2f: from_bits(g, o); break;
    case XL_OP_box32: box(g, o); break;
    case XL_OP_unbox32: unbox(g, o); break;
    case XL_OP_fclass: x86_soft_call(g, o); break;
    default: copy_sign(g, o); break;
    }
}
