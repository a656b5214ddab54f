/* SPDX-License-Identifier: MIT */
/* select-vfp.c - floating point in vector lanes, exact by the guest's rules. Intel SDM volume 1,
 * 4.8.3 and 11.5.2; Arm ARM (DDI 0487) shared/functions/float.
 *
 * As for scalars (select-fp.c): where the host may differ from the guest, all lanes are done
 * again by xl_vec() in a cold path. That is when a lane of the result is NaN; and for guests
 * that detect tininess before rounding when one is the least normal number, which may have
 * been tiny: the host then did not raise underflow. One comparison finds both.
 *
 * XL_V64: the operands' upper lanes are made zero first. 0 + 0, 0 * 0, 0 / 1, sqrt(0) and
 * comparisons of 0 raise nothing; where the result could be other than +0 it is cleared.
 * To integer: only lanes that surely fit are converted, so that no wrong flag is raised.
 * Flushing to zero, and static rounding of anything but integral values: xl_vec().
 */
#include "x86.h"

#define UNORD 3   /* predicates of cmpps, all quiet but LT and LE */
#define LT 1
#define LE 2
#define EQ_UQ 8
#define NLT_UQ 0x15
#define NGE_UQ 0x19

static uint32_t packed(const struct xl_op *o) /* prefix: none for ps, 66 for pd */
{
    return XL_LANE(o->flags) == XL_L64 ? XO_66 : 0;
}

static int dynamic(const struct xl_op *o)
{
    return (o->imm & 7) == XL_RM_DYN;
}

/* An operand; with XL_V64 its upper half zero. */
static int operand(struct gen *g, const struct xl_op *o, uint32_t v)
{
    int a = ENC(g_reg(g, v)), x;

    if (!(o->flags & XL_V64) || g->v[g_rep(g, v)].zero >= ZERO_64)
        return a;
    x = ENC(g_xtmp(g));
    x86_vv(g, XO_MOVQ, x, 0, xr(a));
    return x;
}

static void to_cold(struct gen *g, struct cold *c, int x)
{
    x86_vv(g, XV_TEST, x, 0, xr(x));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_NE);
}

static void end_cold(struct gen *g, struct cold *c, int d)
{
    c->dst = (int8_t)XMM(d);
    c->back = g->a.p;
}

/* To the cold path if a lane of d is NaN, or the least normal where that matters. */
static void guard(struct gen *g, struct cold *c, int d, uint32_t pd, int tiny, int x)
{
    const struct x86_vconst *k = g->c->kv;

    if (tiny && g->t->tiny_before) {
        x86_vv(g, XO_ANDPS, x, d, xmrip(pd ? &k->abs64 : &k->abs32));
        xa_vex(&g->a, XO_CMPS | pd, 0, x, x, xmrip(pd ? &k->least64 : &k->least32), EQ_UQ);
    } else {
        xa_vex(&g->a, XO_CMPS | pd, 0, x, d, xr(d), UNORD);
    }
    to_cold(g, c, x);
    end_cold(g, c, d);
}

/* ---- Arithmetic ------------------------------------------------------------------------------ */

static void arith(struct gen *g, const struct xl_op *o)
{
    static const uint32_t code[] = {XO_FADD, XO_FSUB, XO_FMUL, XO_FDIV};
    uint32_t pd = packed(o);
    struct cold *c = x86_vec_cold(g, o);
    int a = operand(g, o, o->a), b = operand(g, o, o->b), x, d;

    x = ENC(g_xtmp(g));
    d = ENC(g_def_new(g));
    if (o->op == XL_OP_vfdiv && o->flags & XL_V64) {
        xa_vex(&g->a, XV_BLENDD, 0, x, b, xmrip(pd ? &g->c->kv->one_f64 : &g->c->kv->one_f32),
               0x0c);
        b = x;
    }
    x86_vv(g, code[o->op - XL_OP_vfadd] | pd, d, a, xr(b));
    if (o->op == XL_OP_vfsub && o->flags & XL_V64)
        x86_vv(g, XO_MOVQ, d, 0, xr(d));
    guard(g, c, d, pd, o->op >= XL_OP_vfmul, x);
}

static void sqrt_op(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_vec_cold(g, o);
    int a = operand(g, o, o->a), x = ENC(g_xtmp(g)), d = ENC(g_def_new(g));

    x86_vv(g, XO_FSQRT | packed(o), d, 0, xr(a));
    guard(g, c, d, packed(o), 0, x);
}

/* A temporary that operand() took serves again: there may be no other. */
static int scratch_of(struct gen *g, const struct xl_op *o, int a, int b)
{
    if (XMM(a) != g->v[g_rep(g, o->a)].reg)
        return a;
    return XMM(b) != g->v[g_rep(g, o->b)].reg ? b : ENC(g_xtmp(g));
}

static int fma_op(struct gen *g, const struct xl_op *o)
{
    uint32_t how = o->flags >> 4, form = XO_FMA - 1 + 0x20; /* 231, packed */
    struct cold *c;
    int a, b, d, x, add;

    if (!x86_has(g, XF_FMA))
        return 0;
    form += (how & XL_FMA_NEG_PRODUCT ? 4 : 0) + (how & XL_FMA_NEG_ADDEND ? 2 : 0);
    c = x86_vec_cold(g, o);
    a = operand(g, o, o->a);
    b = operand(g, o, o->b);
    add = ENC(g_reg(g, o->c));
    d = ENC(g_def_new(g));
    x86_vv(g, o->flags & XL_V64 ? XO_MOVQ : XO_MOVAPS, d, 0, xr(add));
    xa_vex(&g->a, form, packed(o) != 0, d, a, xr(b), -1);
    x = scratch_of(g, o, a, b);
    if (o->flags & XL_V64)
        x86_vv(g, XO_MOVQ, d, 0, xr(d));
    guard(g, c, d, packed(o), 1, x);
    return 1;
}

/* Both orders differ for zeros only, which have then one sign bit or the other. */
static void minmax(struct gen *g, const struct xl_op *o)
{
    int max = o->op == XL_OP_vfmax || o->op == XL_OP_vfmaxnm;
    uint32_t pd = packed(o), code = (max ? XO_FMAX : XO_FMIN) | pd;
    struct cold *c = x86_vec_cold(g, o);
    int a = operand(g, o, o->a), b = operand(g, o, o->b), x = ENC(g_xtmp(g));
    int d = ENC(g_def_new(g));

    xa_vex(&g->a, XO_CMPS | pd, 0, x, a, xr(b), UNORD);
    to_cold(g, c, x);
    x86_vv(g, code, x, a, xr(b));
    x86_vv(g, code, d, b, xr(a));
    x86_vv(g, max ? XO_ANDPS : XO_ORPS, d, d, xr(x));
    end_cold(g, c, d);
}

static void compare(struct gen *g, const struct xl_op *o)
{
    int pred = o->op == XL_OP_vfceq ? 0 : o->op == XL_OP_vfcgt ? LT : LE;
    int a = operand(g, o, pred ? o->b : o->a), b = operand(g, o, pred ? o->a : o->b), d;

    if (o->flags & XL_V64) {
        d = ENC(g_xtmp(g));
        xa_vex(&g->a, XO_CMPS | packed(o), 0, d, a, xr(b), pred);
        x86_vv(g, XO_MOVQ, x86_vdef(g), 0, xr(d));
    } else {
        xa_vex(&g->a, XO_CMPS | packed(o), 0, x86_vdef(g), a, xr(b), pred);
    }
}

static void sign(struct gen *g, const struct xl_op *o)
{
    const struct x86_vconst *k = g->c->kv;
    int a = ENC(g_reg(g, o->a));

    if (o->op == XL_OP_vfneg)
        x86_vv(g, XV_XOR, x86_vdef(g), a, xmrip(&k->top[XL_LANE(o->flags)]));
    else
        x86_vv(g, XV_AND, x86_vdef(g), a, xmrip(packed(o) ? &k->abs64 : &k->abs32));
}

/* ---- Integral values and integers ---------------------------------------------------------- */

/* d = a rounded as roundps has it; 0: ties away, which it has not. */
static void round_to(struct gen *g, int d, int a, const struct xl_op *o, int quiet)
{
    static const uint8_t mode[8] = {0, 3, 1, 2, 0, 0, 0, 4};
    int imm = mode[o->imm & 7] | (quiet ? 8 : 0);

    xa_vex(&g->a, XV_ROUNDPS + (packed(o) ? 1 : 0), 0, d, 0, xr(a), imm);
}

static int round_op(struct gen *g, const struct xl_op *o)
{
    struct cold *c;
    int a, x, d;

    if ((o->imm & 7) == XL_RM_RMM)
        return 0;
    c = x86_vec_cold(g, o);
    a = operand(g, o, o->a);
    x = ENC(g_xtmp(g));
    d = ENC(g_def_new(g));
    round_to(g, d, a, o, !(o->imm & XL_RM_EXACT));
    guard(g, c, d, packed(o), 0, x);
    return 1;
}

/* Lanes of 32 bits: what does not fit gives the least integer. */
static void to_int32(struct gen *g, const struct xl_op *o)
{
    uint32_t rm = (uint32_t)o->imm & 7;
    const struct x86_vconst *k = g->c->kv;
    struct cold *c = x86_vec_cold(g, o);
    int a = operand(g, o, o->a), x = ENC(g_xtmp(g)), d = ENC(g_def_new(g)), from = a;
    int fixed = rm != XL_RM_DYN && rm != XL_RM_RTZ;

    if (fixed) {
        round_to(g, d, a, o, 1);
        a = d;
    }
    if (o->op == XL_OP_vfcvtu) {
        int y = ENC(g_xtmp(g));

        x86_vv(g, XO_XORPS, x, x, xr(x));
        xa_vex(&g->a, XO_CMPS, 0, x, a, xr(x), NGE_UQ);
        xa_vex(&g->a, XO_CMPS, 0, y, a, xmrip(&k->end_i32), NLT_UQ);
        x86_vv(g, XV_OR, x, x, xr(y));
        to_cold(g, c, x);
    }
    if (fixed)
        x86_vv(g, XV_CVTTPS2DQ, x, 0, xr(from)); /* for inexact */
    x86_vv(g, rm == XL_RM_DYN ? XV_CVTPS2DQ : XV_CVTTPS2DQ, d, 0, xr(a));
    if (o->op == XL_OP_vfcvts) {
        x86_vv(g, XV_CMPEQ + 2, x, d, xmrip(&k->top[XL_L32]));
        to_cold(g, c, x);
    }
    end_cold(g, c, d);
}

static void to_int64(struct gen *g, const struct xl_op *o)
{
    uint32_t rm = (uint32_t)o->imm & 7;
    uint32_t code = (rm == XL_RM_DYN ? XO_CVTS2I : XO_CVTTS2I) | XO_F2;
    struct cold *c = x86_vec_cold(g, o);
    int a = ENC(g_reg(g, o->a)), x = ENC(g_xtmp(g)), d = ENC(g_def_new(g)), t = g_tmp(g);
    int u = g_tmp(g);

    if (rm != XL_RM_DYN && rm != XL_RM_RTZ) {
        round_to(g, d, a, o, 0);
        a = d;
    }
    xa_vex(&g->a, XO_PSHUFD, 0, x, 0, xr(a), 0xee);
    xa_vex(&g->a, code, 1, t, 0, xr(a), -1);
    xa_vex(&g->a, code, 1, u, 0, xr(x), -1);
    xa_alui(&g->a, ALU_CMP, 1, xr(t), 1);
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_O);
    xa_alui(&g->a, ALU_CMP, 1, xr(u), 1);
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_O);
    xa_vex(&g->a, XO_MOVD, 1, d, 0, xr(t), -1);
    xa_vex(&g->a, XV_INSRD, 1, d, d, xr(u), 1);
    end_cold(g, c, d);
}

static int to_int(struct gen *g, const struct xl_op *o)
{
    if (o->imm >> 8 || (o->imm & 7) == XL_RM_RMM)
        return 0;
    if (!packed(o))
        to_int32(g, o);
    else if (o->op == XL_OP_vfcvts && !(o->flags & XL_V64))
        to_int64(g, o);
    else
        return 0;
    return 1;
}

/* Unsigned: two exact halves, added with one rounding. */
static int from_int(struct gen *g, const struct xl_op *o)
{
    const struct x86_vconst *k = g->c->kv;
    int a, x, y, t;

    if (o->imm >> 8 || !dynamic(o) || (packed(o) && (o->op == XL_OP_vucvtf || o->flags & XL_V64)))
        return 0;
    a = operand(g, o, o->a);
    x = ENC(g_xtmp(g));
    if (packed(o)) {
        y = ENC(g_xtmp(g));
        t = g_tmp(g);
        x86_vv(g, XO_XORPS, x, x, xr(x));
        xa_vex(&g->a, XO_MOVD_ST, 1, a, 0, xr(t), -1);
        xa_vex(&g->a, XO_CVTI2S | XO_F2, 1, y, x, xr(t), -1);
        xa_vex(&g->a, XV_EXTRD, 1, a, 0, xr(t), 1);
        xa_vex(&g->a, XO_CVTI2S | XO_F2, 1, x, x, xr(t), -1);
        x86_vv(g, XV_UNPCKLQ, x86_vdef(g), y, xr(x));
    } else if (o->op == XL_OP_vscvtf) {
        x86_vv(g, XV_CVTDQ2PS, x86_vdef(g), 0, xr(a));
    } else {
        y = ENC(g_xtmp(g));
        x86_vshift(g, SHIFT_RIGHT, XL_L32, x, a, 16);
        x86_vv(g, XV_AND, y, a, xmrip(&k->low_half[1]));
        x86_vv(g, XV_CVTDQ2PS, x, 0, xr(x));
        x86_vv(g, XV_CVTDQ2PS, y, 0, xr(y));
        x86_vv(g, XO_FMUL, x, x, xmrip(&k->two_16));
        x86_vv(g, XO_FADD, x86_vdef(g), x, xr(y));
    }
    return 1;
}

static int between(struct gen *g, const struct xl_op *o)
{
    int wide = o->op == XL_OP_vfwiden, a, x, d;
    struct cold *c;

    if (!wide && !dynamic(o))
        return 0;
    c = x86_vec_cold(g, o);
    a = ENC(g_reg(g, o->a));
    x = ENC(g_xtmp(g));
    d = ENC(g_def_new(g));
    if (wide && o->imm >> 8) {
        xa_vex(&g->a, XO_PSHUFD, 0, x, 0, xr(a), 0xee);
        a = x;
    }
    x86_vv(g, XO_CVTS2S | (wide ? 0 : XO_66), d, 0, xr(a));
    guard(g, c, d, wide ? XO_66 : 0, !wide, x);
    g->v[g->i].zero = wide ? ZERO_NONE : ZERO_64;
    return 1;
}

static int select_one(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_vfadd: case XL_OP_vfsub: case XL_OP_vfmul: case XL_OP_vfdiv:
        if (!dynamic(o))
            return 0;
        arith(g, o);
        return 1;
    case XL_OP_vfsqrt:
        if (!dynamic(o))
            return 0;
        sqrt_op(g, o);
        return 1;
    case XL_OP_vfma: return dynamic(o) ? fma_op(g, o) : 0;
    case XL_OP_vfmin: case XL_OP_vfmax: case XL_OP_vfminnm: case XL_OP_vfmaxnm:
        minmax(g, o);
        return 1;
    case XL_OP_vfceq: case XL_OP_vfcgt: case XL_OP_vfcge: compare(g, o); return 1;
    case XL_OP_vfrint: return round_op(g, o);
    case XL_OP_vfcvts: case XL_OP_vfcvtu: return to_int(g, o);
    case XL_OP_vscvtf: case XL_OP_vucvtf: return from_int(g, o);
    case XL_OP_vfwiden: case XL_OP_vfnarrow: return between(g, o);
    default: return 0;
    }
}

int x86_sel_vfp(struct gen *g, const struct xl_op *o)
{
    if (o->op == XL_OP_vfneg || o->op == XL_OP_vfabs) {
        sign(g, o);
        return 1;
    }
    if (o->op < XL_OP_vfadd || o->op > XL_OP_vfnarrow || g->b->fp_mode & XL_FP_FZ ||
        !select_one(g, o))
        return 0;
    if (o->flags & XL_V64)
        g->v[g->i].zero = ZERO_64;
    return 1;
}
