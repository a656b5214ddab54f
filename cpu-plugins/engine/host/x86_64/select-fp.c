/* SPDX-License-Identifier: MIT */
/* select-fp.c - floating-point arithmetic on SSE and FMA, exact by the guest's rules.
 * Intel SDM volume 1, 4.8.3 and 11.5.2 (NaNs, exceptions), 14.5.3 (FMA); RISC-V
 * unprivileged manual, "F" and "D" (canonical NaN, flags); IEEE 754-2008, 7.
 *
 * MXCSR is the guest's: all exceptions masked, flags sticky, no flushing, rounding as the
 * guest's dynamic mode. (Dynamic ties-away must reach us as a static mode: MXCSR has none.)
 * Why the host's result and flags are the guest's, for RISC-V:
 *  - Results that are numbers: IEEE 754 defines them fully; both architectures detect
 *    tininess after rounding, both set underflow only with inexact.
 *  - Results that are NaN: `ucomis d, d` sees them, later and several at once (nan.c), and
 *    the cold path gives the canonical one. Flags of add, sub, mul, div, sqrt: x86 raises
 *    invalid for a signalling operand and for inf-inf, 0*inf, 0/0, inf/inf, sqrt(<0), and only
 *    then; so does RISC-V.
 *    When a NaN comes from a quiet operand neither raises anything. ucomis itself raises
 *    invalid for signalling operands only, and results are quiet.
 *  - fma: the same, but inf * 0 + qNaN is invalid in RISC-V and not on x86. The result is
 *    NaN, so the cold path runs xl_soft_fp() with the operands, which adds the flag.
 *  - Division by zero, overflow: the same conditions, the same results by rounding mode.
 *  - Denormal operands set DE, which no RISC-V flag shows.
 * For guests with other NaN rules the cold path is always xl_soft_fp() with the operands.
 * Guests that detect tininess before rounding raise underflow where the result is rounded up
 * to the least normal number, the host does not: that result goes to the cold path, too, if
 * the op can give it (products, quotients, narrowing; tiny sums are exact).
 * Two operands may change places for the sake of the result's upper half: that only matters
 * for NaNs, which the cold path makes anew.
 * Static rounding modes that are not the dynamic one, and hosts without FMA: xl_soft_fp().
 */
#include "x86.h"

#include <assert.h>

static uint32_t scalar(const struct xl_op *o)
{
    return o->type == XL_F32 ? XO_F3 : XO_F2;
}

static int is_riscv(const struct gen *g)
{
    return g->t->nan_rule == 0; /* SF_NAN_RISCV */
}

/* ---- xl_soft_fp ------------------------------------------------------------------------ */

static void soft_args(struct gen *g, const struct xl_op *o, struct carg *arg)
{
    uint32_t v[3] = {o->a, o->b, o->c}, n = xl_operands(o->op);
    uint32_t how = XL_FP_HOW(o, g->b->fp_mode);

    for (uint32_t i = 0; i < n; i++)
        arg[i] = x86_arg(g, v[i]);
    arg[3] = x86_arg_imm(o->op);
    arg[4] = x86_arg_imm((int64_t)how);
}

struct cold *x86_soft_cold(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_CALL);

    c->thunk = g->c->thunk[TH_FP];
    soft_args(g, o, c->arg);
    return c;
}

void x86_soft_call(struct gen *g, const struct xl_op *o)
{
    struct carg arg[5] = {{.kind = CARG_NONE}};

    soft_args(g, o, arg);
    x86_call_args(g, arg, 5);
    /* fclass looks at bits only: MXCSR, slow to change, may stay */
    xa_call_to(&g->a, g->c->thunk[o->op == XL_OP_fclass ? TH_CLASS : TH_FP]);
    g_release(g);
    x86_result(g, g_def(g), xl_result(o));
}

/* ---- Common pieces ------------------------------------------------------------------------ */

void x86_sse(struct gen *g, uint32_t op, int d, int a, struct xrm b)
{
    if (x86_has(g, XF_AVX)) {
        xa_vex(&g->a, op, 0, d, a, b, -1);
        return;
    }
    assert(d != b.reg || d == a);
    if (d != a)
        xa_op(&g->a, XO_MOVAPS, 0, d, xr(a));
    xa_op(&g->a, op, 0, d, b);
}

int x86_def_float(struct gen *g, int keep_operands)
{
    if (keep_operands || !x86_has(g, XF_AVX)) /* without AVX not in the second operand's */
        return ENC(g_def_new(g));
    g_release(g);
    return ENC(g_def(g));
}

/* May it round up to the least normal number? */
static int may_be_tiny(const struct gen *g, const struct xl_op *o)
{
    return g->t->tiny_before &&
           (o->op == XL_OP_fmul || o->op == XL_OP_fdiv || o->op == XL_OP_fma ||
            (o->op == XL_OP_f2f && o->type == XL_F32));
}

void x86_check_nan(struct gen *g, const struct xl_op *o, int d, struct cold *c)
{
    const struct x86_vconst *k = g->c->kv;
    uint32_t ucomi = o->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD;
    int x;

    if (!c) {
        x86_nan_wait(g, o);
        return;
    }
    if (may_be_tiny(g, o)) { /* equal or unordered */
        x = ENC(g_xtmp(g));
        if (x86_has(g, XF_AVX)) {
            x86_vv(g, XO_ANDPS, x, d, xmrip(o->type == XL_F32 ? &k->abs32 : &k->abs64));
        } else {
            xa_op(&g->a, XO_MOVAPS, 0, x, xmrip(o->type == XL_F32 ? &k->abs32 : &k->abs64));
            xa_op(&g->a, XO_ANDPS, 0, x, xr(d));
        }
        xa_op(&g->a, ucomi, 0, x, xmrip(o->type == XL_F32 ? &k->least32 : &k->least64));
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_E);
    } else {
        xa_op(&g->a, ucomi, 0, d, xr(d));
        c->site[c->n_sites++] = xa_jcc(&g->a, CC_P);
    }
    c->dst = (int8_t)XMM(d);
    c->dst_type = o->type;
    c->back = g->a.p;
}

static int boxed(const struct gen *g, uint32_t v)
{
    return g->v[g_rep(g, v)].hi;
}

static uint8_t zero(const struct gen *g, uint32_t v)
{
    return g->v[g_rep(g, v)].zero;
}

/* ---- Ops ------------------------------------------------------------------------------------ */

static void arith(struct gen *g, const struct xl_op *o)
{
    static const uint32_t op[] = {XO_FADD, XO_FSUB, XO_FMUL, XO_FDIV};
    uint32_t code = op[o->op - XL_OP_fadd] | scalar(o);
    struct cold *c = is_riscv(g) ? NULL : x86_soft_cold(g, o);
    uint32_t va = o->a, vb = o->b;
    struct xrm b;
    int a, d;

    if ((o->op == XL_OP_fadd || o->op == XL_OP_fmul) && !boxed(g, va) &&
        g->v[g_rep(g, vb)].reg >= 0 && (boxed(g, vb) || zero(g, vb) > zero(g, va))) {
        va = o->b;
        vb = o->a;
    }
    a = ENC(g_reg(g, va));
    b = g_rm(g, vb);
    g->prefer = (uint32_t)XMM(a);
    d = x86_def_float(g, c != NULL);
    x86_sse(g, code, d, a, b);
    /* The upper half is the first operand's. From C comes a result without one. */
    g->v[g->i].hi = !c && boxed(g, va);
    g->v[g->i].zero = zero(g, va);
    x86_check_nan(g, o, d, c);
}

static void sqrt_op(struct gen *g, const struct xl_op *o)
{
    struct cold *c = is_riscv(g) ? NULL : x86_soft_cold(g, o);
    int a = ENC(g_reg(g, o->a)), d;

    g->prefer = (uint32_t)XMM(a);
    d = x86_def_float(g, c != NULL);
    x86_sse(g, XO_FSQRT | scalar(o), d, a, xr(a));
    g->v[g->i].hi = !c && boxed(g, o->a);
    g->v[g->i].zero = zero(g, o->a);
    x86_check_nan(g, o, d, c);
}

/* d = a * b + c in the form whose destination is the addend. */
static void fma_op(struct gen *g, const struct xl_op *o)
{
    uint32_t form = XO_FMA + 0x20;
    struct cold *c;
    int a, b, d, add;

    if (!x86_has(g, XF_FMA)) {
        x86_soft_call(g, o);
        return;
    }
    form += o->flags & XL_FMA_NEG_PRODUCT ? 4 : 0;
    form += o->flags & XL_FMA_NEG_ADDEND ? 2 : 0;
    c = x86_soft_cold(g, o);
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    add = ENC(g_reg(g, o->c));
    d = ENC(g_def_new(g));
    if (o->type == XL_F64 && !zero(g, o->c)) { /* as good as a move */
        xa_op(&g->a, XO_MOVQ, 0, d, xr(add));
        g->v[g->i].zero = ZERO_64;
    } else {
        xa_op(&g->a, XO_MOVAPS, 0, d, xr(add));
        g->v[g->i].zero = zero(g, o->c);
    }
    xa_vex(&g->a, form, o->type == XL_F64, d, a, xr(b), -1);
    x86_check_nan(g, o, d, c);
}

/* Arm's: both orders differ for zeros only, which have then one sign bit or the other. */
static void minmax_nan(struct gen *g, const struct xl_op *o)
{
    int max = o->op == XL_OP_fmax || o->op == XL_OP_fmaxnm, a, b, d, x;
    uint32_t code = (max ? XO_FMAX : XO_FMIN) | scalar(o);
    struct cold *c = x86_soft_cold(g, o);

    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    x = ENC(g_xtmp(g));
    d = ENC(g_def_new(g));
    xa_op(&g->a, o->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD, 0, a, xr(b));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_P);
    x86_sse(g, code, x, a, xr(b));
    x86_sse(g, code, d, b, xr(a));
    xa_op(&g->a, max ? XO_ANDPS : XO_ORPS, 0, d, xr(x));
    g->v[g->i].zero = zero(g, o->a) < zero(g, o->b) ? zero(g, o->a) : zero(g, o->b);
    c->dst = (int8_t)XMM(d);
    c->dst_type = o->type;
    c->back = g->a.p;
}

/* To an integral value: rounds has all modes but ties away. */
static void round_op(struct gen *g, const struct xl_op *o)
{
    static const uint8_t mode[8] = {0, 3, 1, 2, 0, 0, 0, 4};
    int imm = mode[o->imm & 7] | (o->imm & XL_RM_EXACT ? 0 : 8), a, d;
    uint32_t code = o->type == XL_F32 ? XO_ROUNDSS : XO_ROUNDSD;
    struct cold *c;

    if ((o->imm & 7) == XL_RM_RMM) {
        x86_soft_call(g, o);
        return;
    }
    c = x86_soft_cold(g, o);
    a = ENC(g_reg(g, o->a));
    d = ENC(g_def_new(g));
    if (x86_has(g, XF_AVX)) {
        xa_vex(&g->a, code, 0, d, a, xr(a), imm);
    } else {
        xa_op(&g->a, XO_MOVAPS, 0, d, xr(a));
        xa_opi(&g->a, code, 0, d, xr(a), imm, 1);
    }
    g->v[g->i].zero = zero(g, o->a);
    x86_check_nan(g, o, d, c);
}

/* Equal operands may be zeros of two signs, unordered ones are NaNs: both set ZF. */
static void minmax(struct gen *g, const struct xl_op *o)
{
    uint32_t code = (o->op == XL_OP_fmin ? XO_FMIN : XO_FMAX) | scalar(o);
    struct cold *c;
    struct xrm b;
    int a, d;

    c = x86_soft_cold(g, o);
    a = ENC(g_reg(g, o->a));
    b = xr(ENC(g_reg(g, o->b)));
    d = x86_def_float(g, 1);
    xa_op(&g->a, o->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD, 0, a, b);
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_E);
    x86_sse(g, code, d, a, b);
    c->dst = (int8_t)XMM(d);
    c->dst_type = o->type;
    c->back = g->a.p;
}

void x86_sel_fp(struct gen *g, const struct xl_op *o)
{
    if (g->b->fp_mode & XL_FP_FZ)
        x86_soft_call(g, o);
    else if (o->op == XL_OP_frint)
        round_op(g, o);
    else if ((o->op == XL_OP_fmin || o->op == XL_OP_fmax) && is_riscv(g))
        minmax(g, o);
    else if (g->t->nan_rule <= 1 && (o->op == XL_OP_fmin || o->op == XL_OP_fmax ||
                                     o->op == XL_OP_fminnm || o->op == XL_OP_fmaxnm))
        minmax_nan(g, o);
    else if (o->op == XL_OP_fmin || o->op == XL_OP_fmax || o->op == XL_OP_fminnm ||
             o->op == XL_OP_fmaxnm)
        x86_soft_call(g, o);
    else if ((o->imm & 7) != XL_RM_DYN)
        x86_soft_call(g, o);
    else if (o->op == XL_OP_fsqrt)
        sqrt_op(g, o);
    else if (o->op == XL_OP_fma)
        fma_op(g, o);
    else
        arith(g, o);
}
