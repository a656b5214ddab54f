/* SPDX-License-Identifier: MIT */
/* select-cvt.c - comparisons to integers and conversions.
 * Intel SDM volume 1, 4.8.4 and 11.5.2.1; RISC-V unprivileged manual, "F" 21.6 and 21.7.
 *
 *  - feq, flt, fle: cmps with the predicates EQ (quiet), LT and LE (signalling); invalid as
 *    IEEE 754 and RISC-V have it. Other guests compare by the same rule.
 *  - To integer: cvts2i gives 0x80...0 and invalid, not inexact, when the rounded value does
 *    not fit; the cold path answers by the guest's rule and invalid is raised again. A fitting
 *    value raises inexact as the guest does. Unsigned: only values in [0, 2^32 - 1] or
 *    [0, 2^63) go that way, so none is out of range after rounding. For static modes the
 *    value is rounded first, raising nothing; when the result fits, the value itself is
 *    converted, too, for its inexact.
 *  - fcmp: ucomis or comis; their flags select one of four constants.
 *  - From integer: exact or rounded once by MXCSR.
 *  - Between formats: as arithmetic; a NaN is replaced in the cold path.
 * Other static modes, unless the result is exact anyway: xl_soft_fp().
 */
#include "x86.h"

static int is_riscv(const struct gen *g)
{
    return g->t->nan_rule == 0; /* SF_NAN_RISCV */
}

static uint32_t scalar(const struct xl_op *o)
{
    return o->type == XL_F32 ? XO_F3 : XO_F2;
}

static void compare(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), x = ENC(g_xtmp(g)), d;
    struct xrm b = g_rm(g, o->b);
    int pred = o->op == XL_OP_feq ? 0 : o->op == XL_OP_flt ? 1 : 2;

    if (x86_has(g, XF_AVX)) {
        xa_vex(&g->a, XO_CMPS | scalar(o), 0, x, a, b, pred);
    } else {
        xa_op(&g->a, XO_MOVAPS, 0, x, xr(a));
        xa_opi(&g->a, XO_CMPS | scalar(o), 0, x, b, pred, 1);
    }
    g_release(g);
    d = g_def(g);
    xa_op(&g->a, XO_MOVD_ST, 0, x, xr(d));
    xa_alui(&g->a, ALU_AND, 0, xr(d), 1);
}

/* Less sets CF, equal ZF, unordered both and PF. */
static void compare_all(struct gen *g, const struct xl_op *o)
{
    const struct x86_const *k = g->c->k;
    uint32_t quiet = o->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD;
    uint32_t signalling = o->type == XL_F32 ? XO_COMISS : XO_COMISD;
    int a = ENC(g_reg(g, o->a)), d;
    struct xrm b = g_rm(g, o->b);

    d = g_def_new(g);
    xa_movi(&g->a, d, XL_FCMP_NOT_LESS); /* greater */
    xa_op(&g->a, o->flags & 1 ? signalling : quiet, 0, a, b);
    xa_op(&g->a, XO_CMOV + CC_B, 0, d, xmrip(&k->less));
    xa_op(&g->a, XO_CMOV + CC_E, 0, d, xmrip(&k->equal));
    xa_op(&g->a, XO_CMOV + CC_P, 0, d, xmrip(&k->unordered));
}

/* ---- Sticky flags ----------------------------------------------------------------------- */

/* Most often they are what they were: a comparison between is done quietly so. When it is all
 * that is between (plan.c), only NaNs can have changed them: no wait for what came before. */
static void set_flags(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_CALL);
    uint32_t compare = g->v[g->i].compare;
    int a = g_reg(g, o->a), x, y;

    c->thunk = g->c->thunk[TH_FLAGS];
    c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)a};
    if (compare) {
        const struct xl_op *k = &g->b->op[compare - 1];

        x = ENC(g_reg(g, k->a));
        y = ENC(g_reg(g, k->b));
        xa_op(&g->a, k->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD, 0, x, xr(y));
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_P);
    } else {
        x = g_tmp(g);
        y = g_tmp(g);
        x86_read_flags(g, x, y);
        xa_alu(&g->a, ALU_CMP, 0, x, xr(a));
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_NE);
    }
    c->back = g->a.p;
}

/* ---- To integer ------------------------------------------------------------------------- */

/* Jump to the cold path unless 0 <= a <= limit (or < limit). */
static void in_range(struct gen *g, const struct xl_op *o, struct cold *c, int a, int x,
                     const void *limit, int cc)
{
    uint32_t op = o->type == XL_F32 ? XO_COMISS : XO_COMISD;

    xa_op(&g->a, XO_XORPS, 0, x, xr(x));
    xa_op(&g->a, op, 0, a, xr(x));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_B); /* or unordered */
    xa_op(&g->a, op, 0, a, xmrip(limit));
    c->site[c->n_sites++] = xa_jcc(&g->a, cc);
}

static void to_int(struct gen *g, const struct xl_op *o)
{
    static const uint8_t mode[] = {0, 3, 1, 2};
    const struct x86_const *k = g->c->k;
    uint32_t rm = (uint32_t)o->imm & 7u, kind = o->flags;
    uint32_t op = rm == XL_RM_DYN ? XO_CVTS2I : XO_CVTTS2I;
    int fixed = rm != XL_RM_DYN && rm != XL_RM_RTZ, f32 = o->type == XL_F32, a, x, d, from, t = 0;
    struct cold *c;

    if (rm == XL_RM_RMM) {
        x86_soft_call(g, o);
        return;
    }
    c = x86_soft_cold(g, o);
    a = ENC(g_reg(g, o->a));
    x = ENC(g_xtmp(g));
    d = g_def_new(g);
    from = a;
    if (fixed) {
        t = g_tmp(g);
        a = ENC(g_xtmp(g));
        xa_opi(&g->a, f32 ? XO_ROUNDSS : XO_ROUNDSD, 0, a, xr(from), mode[rm] | 8, 1);
    }
    if (kind == XL_CVT_U32)
        in_range(g, o, c, a, x, f32 ? (const void *)&k->u32_max_f : &k->u32_max, CC_A);
    else if (kind == XL_CVT_U64)
        in_range(g, o, c, a, x, f32 ? (const void *)&k->i64_end_f : &k->i64_end, CC_AE);
    xa_op(&g->a, op | scalar(o), kind != XL_CVT_I32, d, xr(a));
    if (kind == XL_CVT_I32 || kind == XL_CVT_I64) {
        xa_alui(&g->a, ALU_CMP, kind == XL_CVT_I64, xr(d), 1); /* only 0x80...0 overflows */
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_O);
    }
    if (fixed)
        xa_op(&g->a, XO_CVTTS2I | scalar(o), kind != XL_CVT_I32, t, xr(from));
    if (kind == XL_CVT_I32 || kind == XL_CVT_U32)
        xa_op(&g->a, XO_MOVSXD, 1, d, xr(d));
    c->dst = (int8_t)d;
    c->back = g->a.p;
}

/* ---- From integer, between formats --------------------------------------------------------- */

/* A register all ones or, for guests with vectors, zeros: no dependency on its old content,
 * and what is above an F32 is as the guest will want it. */
static void clear(struct gen *g, const struct xl_op *o, int d)
{
    int box = o->type == XL_F32 && !g->t->vectors;

    xa_op(&g->a, box ? XO_PCMPEQD : XO_XORPS, 0, d, xr(d));
    g->v[g->i].hi = (uint8_t)box;
}

static void from_int(struct gen *g, const struct xl_op *o)
{
    uint32_t kind = o->flags;
    int exact = o->type == XL_F64 && (kind == XL_CVT_I32 || kind == XL_CVT_U32), d, t;
    struct cold *c = NULL;
    struct xrm a;

    if ((o->imm & 7) != XL_RM_DYN && !exact) {
        x86_soft_call(g, o);
        return;
    }
    if (kind == XL_CVT_U64)
        c = x86_soft_cold(g, o);
    a = kind == XL_CVT_I32 || kind == XL_CVT_I64 ? g_rm(g, o->a) : xr(g_reg(g, o->a));
    d = ENC(g_def_new(g));
    if (kind == XL_CVT_U32) {
        t = g_tmp(g);
        xa_op(&g->a, XO_MOV, 0, t, a);
        a = xr(t);
    } else if (c) {
        xa_op(&g->a, XO_TEST, 1, a.reg, a);
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_S);
    }
    clear(g, o, d);
    xa_op(&g->a, XO_CVTI2S | scalar(o), kind != XL_CVT_I32, d, a);
    g->v[g->i].zero = g->t->vectors ? o->type == XL_F32 ? ZERO_32 : ZERO_64 : ZERO_NONE;
    if (!c)
        return;
    g->v[g->i].hi = 0; /* not after the cold path */
    c->dst = (int8_t)XMM(d);
    c->dst_type = o->type;
    c->back = g->a.p;
}

static void between(struct gen *g, const struct xl_op *o)
{
    struct cold *c;
    int d;
    struct xrm a;

    if ((o->imm & 7) != XL_RM_DYN && o->type == XL_F32) {
        x86_soft_call(g, o);
        return;
    }
    c = is_riscv(g) ? NULL : x86_soft_cold(g, o);
    a = xr(ENC(g_reg(g, o->a)));
    d = ENC(g_def_new(g));
    clear(g, o, d);
    xa_op(&g->a, XO_CVTS2S | (o->type == XL_F64 ? XO_F3 : XO_F2), 0, d, a);
    g->v[g->i].zero = g->t->vectors ? o->type == XL_F32 ? ZERO_32 : ZERO_64 : ZERO_NONE;
    if (c)
        g->v[g->i].hi = 0;
    x86_check_nan(g, o, d, c);
}

void x86_sel_cvt(struct gen *g, const struct xl_op *o)
{
    if (o->op == XL_OP_fflags || o->op == XL_OP_setfflags) {
        if (o->op == XL_OP_fflags)
            x86_get_flags(g);
        else
            set_flags(g, o);
        return;
    }
    if (g->b->fp_mode & XL_FP_FZ || o->imm >> 8) { /* flushes; has a binary point */
        x86_soft_call(g, o);
        return;
    }
    switch (o->op) {
    case XL_OP_fcmp: compare_all(g, o); break;
    case XL_OP_f2i: to_int(g, o); break;
    case XL_OP_i2f: from_int(g, o); break;
    case XL_OP_f2f: between(g, o); break;
    default: compare(g, o); break;
    }
}
