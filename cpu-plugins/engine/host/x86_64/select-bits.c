/* SPDX-License-Identifier: MIT */
/* select-bits.c - shifts, rotations, counting, bytes, carry-less products.
 *
 * x86 takes shift counts modulo the width as the IR does. With BMI2 counts and rotations
 * need no fixed register, without it they go through cl.
 */
#include "x86.h"

static void load_rm(struct gen *g, int w, int d, struct xrm src)
{
    if (src.reg != d)
        xa_op(&g->a, XO_MOV, w, d, src);
}

static void shift_imm(struct gen *g, const struct xl_op *o, int op, uint64_t k)
{
    int w = o->type == XL_I64, d;
    uint32_t n = (uint32_t)k & (w ? 63 : 31);
    struct xrm ra = g_rm(g, o->a);

    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    if (op == SH_SHL && n >= 1 && n <= 3 && ra.reg >= 0 && ra.reg != d) {
        xa_op(&g->a, XO_LEA, w, d,
              n == 1 ? xmx(ra.reg, ra.reg, 0, 0) : xmx(R_NONE, ra.reg, n, 0));
        return;
    }
    if ((op == SH_ROL || op == SH_ROR) && x86_has(g, XF_BMI2) && ra.reg != d) {
        xa_vex(&g->a, XO_RORX, w, d, 0, ra,
               (int)(op == SH_ROR ? n : ((w ? 64u : 32u) - n) & (w ? 63u : 31u)));
        return;
    }
    load_rm(g, w, d, ra);
    if (n)
        xa_shift(&g->a, op, w, xr(d), n);
}

static void shift_cl(struct gen *g, const struct xl_op *o, int op)
{
    struct xrm ra;
    int t, w = o->type == XL_I64;

    g_take(g, RCX);
    g_copy(g, RCX, o->b);
    ra = g_rm(g, o->a);
    t = g_tmp(g);
    xa_op(&g->a, XO_MOV, w, t, ra);
    xa_op(&g->a, XO_SHCL, w, op, xr(t));
    g_def_in(g, t);
}

void x86_sel_shift(struct gen *g, const struct xl_op *o)
{
    static const uint8_t ops[] = {SH_SHL, SH_SHR, SH_SAR, SH_ROL, SH_ROR};
    static const uint32_t bmi[] = {XO_SHLX, XO_SHRX, XO_SARX};
    uint32_t k = o->op - XL_OP_shl;
    struct xrm ra;
    uint64_t n;
    int rb, d;

    if (g_const(g, o->b, &n)) {
        shift_imm(g, o, ops[k], n);
    } else if (k < 3 && x86_has(g, XF_BMI2)) {
        rb = g_reg(g, o->b);
        ra = g_rm(g, o->a);
        g_release(g);
        d = g_def(g);
        xa_vex(&g->a, bmi[k], o->type == XL_I64, d, rb, ra, -1);
    } else {
        shift_cl(g, o, ops[k]);
    }
}

/* ---- Counting ---------------------------------------------------------------------- */

static void count(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, d, t;
    struct xrm ra;

    if (o->op == XL_OP_popcnt || x86_has(g, XF_LZCNT)) {
        ra = g_rm(g, o->a);
        g_release(g);
        d = g_def(g);
        xa_op(&g->a, o->op == XL_OP_popcnt ? XO_POPCNT
                     : o->op == XL_OP_clz  ? XO_LZCNT
                                           : XO_TZCNT, w, d, ra);
        return;
    }
    t = g_tmp(g); /* what zero gives: its xor with width - 1 is the width for clz */
    xa_movi(&g->a, t, o->op == XL_OP_clz ? (w ? 127 : 63) : (w ? 64 : 32));
    ra = g_rm(g, o->a);
    d = g_def_new(g);
    xa_op(&g->a, o->op == XL_OP_clz ? XO_BSR : XO_BSF, w, d, ra);
    xa_op(&g->a, XO_CMOV + CC_E, w, d, xr(t));
    if (o->op == XL_OP_clz)
        xa_alui(&g->a, ALU_XOR, w, xr(d), w ? 63 : 31);
}

static void bswap(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, d;
    struct xrm ra = g_rm(g, o->a);

    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    load_rm(g, w, d, ra);
    xa_bswap(&g->a, w, d);
}

/* Bytes equal to zero become ones, all ones less that is the answer. */
static void orcb(struct gen *g, const struct xl_op *o)
{
    int x = ENC(g_xtmp(g)), y = ENC(g_xtmp(g)), d;

    xa_op(&g->a, XO_MOVD, 1, x, xr(g_reg(g, o->a)));
    xa_op(&g->a, XO_XORPS, 0, y, xr(y));
    xa_op(&g->a, 0x74 | XO_0F | XO_66, 0, x, xr(y)); /* pcmpeqb */
    xa_op(&g->a, XO_PCMPEQD, 0, y, xr(y));
    xa_op(&g->a, XO_XORPS, 0, x, xr(y));
    g_release(g);
    d = g_def(g);
    xa_op(&g->a, XO_MOVD_ST, 1, x, xr(d));
}

/* ---- Carry-less products ------------------------------------------------------------ */

/* A 32-bit operand is zero-extended; the upper half of its product is then bits 32 to 63. */
static void clmul_in(struct gen *g, int w, int x, uint32_t v)
{
    xa_op(&g->a, XO_MOVD, w, x, xr(g_reg(g, v)));
}

static void clmul(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, x = ENC(g_xtmp(g)), y = ENC(g_xtmp(g)), d;

    clmul_in(g, w, x, o->a);
    clmul_in(g, w, y, o->b);
    xa_opi(&g->a, XO_PCLMUL, 0, x, xr(y), 0, 1);
    if (o->op == XL_OP_clmulh)
        xa_opi(&g->a, XO_PSRLDQ, 0, 3, xr(x), w ? 8 : 4, 1);
    g_release(g);
    d = g_def(g);
    xa_op(&g->a, XO_MOVD_ST, 1, x, xr(d));
}

/* By C: without PCLMULQDQ. */
static void clmul_call(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, high = o->op == XL_OP_clmulh, d, t = g_tmp(g);
    struct carg arg[3];

    for (int i = 0; i < 2; i++) {
        g_copy(g, t, i ? o->b : o->a);
        if (!w)
            xa_op(&g->a, XO_MOV, 0, t, xr(t));
        xa_op(&g->a, XO_MOV_ST, 1, t, xm(RBP, ARG(1 + i)));
    }
    arg[0] = arg[1] = (struct carg){.kind = CARG_NONE};
    arg[2] = x86_arg_imm(high && w);
    x86_call_args(g, arg, 3);
    xa_call_to(&g->a, g->c->thunk[TH_CLMUL]);
    d = g_def(g);
    xa_op(&g->a, XO_MOV, 1, d, xm(RBP, ARG(ARG_RESULT)));
    if (high && !w)
        xa_shift(&g->a, SH_SHR, 1, xr(d), 32);
}

void x86_sel_bits(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_bswap: bswap(g, o); break;
    case XL_OP_orcb: orcb(g, o); break;
    case XL_OP_clmul: case XL_OP_clmulh:
        if (x86_has(g, XF_PCLMUL))
            clmul(g, o);
        else
            clmul_call(g, o);
        break;
    default: count(g, o); break;
    }
}
