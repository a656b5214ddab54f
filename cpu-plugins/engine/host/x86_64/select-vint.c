/* SPDX-License-Identifier: MIT */
/* select-vint.c - vectors of integers: arithmetic, comparisons, bits. Intel SDM volume 2.
 *
 * Most ops are one instruction, found in a table by lane. The rest are a few, of which the
 * last writes the result: its register may be an operand's.
 */
#include "x86.h"

static const struct {
    uint16_t op;
    uint32_t code[4]; /* by lane; 0: none */
} direct[] = {
    {XL_OP_vand, {XV_AND, XV_AND, XV_AND, XV_AND}},
    {XL_OP_vor, {XV_OR, XV_OR, XV_OR, XV_OR}},
    {XL_OP_vxor, {XV_XOR, XV_XOR, XV_XOR, XV_XOR}},
    {XL_OP_vandn, {XV_ANDN, XV_ANDN, XV_ANDN, XV_ANDN}},
    {XL_OP_vadd, {XV_ADD, XV_ADD + 1, XV_ADD + 2, XV_ADDQ}},
    {XL_OP_vsub, {XV_SUB, XV_SUB + 1, XV_SUB + 2, XV_SUB + 3}},
    {XL_OP_vmul, {0, XV_MULLW, XV_MULLD, 0}},
    {XL_OP_vsqadd, {XV_ADDS, XV_ADDS + 1, 0, 0}},
    {XL_OP_vuqadd, {XV_ADDUS, XV_ADDUS + 1, 0, 0}},
    {XL_OP_vsqsub, {XV_SUBS, XV_SUBS + 1, 0, 0}},
    {XL_OP_vuqsub, {XV_SUBUS, XV_SUBUS + 1, 0, 0}},
    {XL_OP_vurhadd, {XV_AVGB, XV_AVGW, 0, 0}},
    {XL_OP_vsmin, {XV_MINSB, XV_MINSW, XV_MINSD, 0}},
    {XL_OP_vsmax, {XV_MAXSB, XV_MAXSW, XV_MAXSD, 0}},
    {XL_OP_vumin, {XV_MINUB, XV_MINUW, XV_MINUD, 0}},
    {XL_OP_vumax, {XV_MAXUB, XV_MAXUW, XV_MAXUD, 0}},
    {XL_OP_vceq, {XV_CMPEQ, XV_CMPEQ + 1, XV_CMPEQ + 2, XV_CMPEQQ}},
    {XL_OP_vcgt, {XV_CMPGT, XV_CMPGT + 1, XV_CMPGT + 2, XV_CMPGTQ}},
};

static uint32_t code_of(uint32_t op, uint32_t lane)
{
    for (uint32_t i = 0; i < sizeof(direct) / sizeof(direct[0]); i++) {
        if (direct[i].op == op)
            return direct[i].code[lane];
    }
    return 0;
}

static int by_table(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), code = code_of(o->op, lane), a = o->a, b = o->b;
    struct xrm rm;
    int r;

    if (!code)
        return 0;
    if (o->op == XL_OP_vandn) {
        a = o->b;
        b = o->a;
    }
    r = ENC(g_reg(g, a));
    rm = g_rm(g, b);
    x86_vv(g, code, x86_vdef(g), r, rm);
    return 1;
}

/* ---- A few instructions ----------------------------------------------------------------- */

static int ones(struct gen *g)
{
    int x = ENC(g_xtmp(g));

    x86_vv(g, XV_CMPEQ, x, x, xr(x));
    return x;
}

static int zeros(struct gen *g)
{
    int x = ENC(g_xtmp(g));

    x86_vv(g, XV_XOR, x, x, xr(x));
    return x;
}

/* d = ~(a op b); x and y are scratch, b may be y. */
static void inverted(struct gen *g, uint32_t code, int a, int b, int x, int y)
{
    x86_vv(g, code, x, a, xr(b));
    x86_vv(g, XV_CMPEQ, y, y, xr(y));
    x86_vv(g, XV_XOR, x86_vdef(g), x, xr(y));
}

static void compare(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags);
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x = ENC(g_xtmp(g));
    int y = ENC(g_xtmp(g));
    const struct x86_vconst *k = g->c->kv;

    if (o->op == XL_OP_vctst) {
        x86_vv(g, XV_AND, x, a, xr(b));
        x86_vv(g, XV_XOR, y, y, xr(y));
        inverted(g, code_of(XL_OP_vceq, lane), x, y, x, y);
    } else if (o->op == XL_OP_vcge && lane == XL_L64) {
        inverted(g, XV_CMPGTQ, b, a, x, y);
    } else if (o->op == XL_OP_vcge || (o->op == XL_OP_vchs && lane != XL_L64)) {
        /* the greater one is a */
        x86_vv(g, code_of(o->op == XL_OP_vcge ? XL_OP_vsmax : XL_OP_vumax, lane), x, a, xr(b));
        x86_vv(g, code_of(XL_OP_vceq, lane), x86_vdef(g), x, xr(a));
    } else if (lane != XL_L64) { /* vchi: not the lesser one is a */
        x86_vv(g, code_of(XL_OP_vumin, lane), x, a, xr(b));
        inverted(g, code_of(XL_OP_vceq, lane), x, a, x, y);
    } else { /* 64 bits unsigned: signed, moved by half the range */
        x86_vv(g, XV_XOR, x, a, xmrip(&k->top[XL_L64]));
        x86_vv(g, XV_XOR, y, b, xmrip(&k->top[XL_L64]));
        if (o->op == XL_OP_vchi)
            x86_vv(g, XV_CMPGTQ, x86_vdef(g), x, xr(y));
        else
            inverted(g, XV_CMPGTQ, y, x, x, y);
    }
}

/* Saturating, 32 bits: a + min(~a, b); max(a, b) - b. */
static int saturating(struct gen *g, const struct xl_op *o)
{
    int a, b, x, y;

    if (XL_LANE(o->flags) != XL_L32 || (o->op != XL_OP_vuqadd && o->op != XL_OP_vuqsub))
        return 0;
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    x = ENC(g_xtmp(g));
    if (o->op == XL_OP_vuqsub) {
        x86_vv(g, XV_MAXUD, x, a, xr(b));
        x86_vv(g, XV_SUB + 2, x86_vdef(g), x, xr(b));
        return 1;
    }
    y = ones(g);
    x86_vv(g, XV_XOR, x, a, xr(y));
    x86_vv(g, XV_MINUD, x, x, xr(b));
    x86_vv(g, XV_ADD + 2, x86_vdef(g), a, xr(x));
    return 1;
}

/* Bytes' products by those of their words. */
static void mul8(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x = ENC(g_xtmp(g)), y = ENC(g_xtmp(g));

    x86_vshift(g, SHIFT_RIGHT, XL_L16, x, a, 8);
    x86_vshift(g, SHIFT_RIGHT, XL_L16, y, b, 8);
    x86_vv(g, XV_MULLW, x, x, xr(y));
    x86_vshift(g, SHIFT_LEFT, XL_L16, x, x, 8);
    x86_vv(g, XV_MULLW, y, a, xr(b));
    x86_vv(g, XV_AND, y, y, xmrip(&g->c->kv->low_half[0]));
    x86_vv(g, XV_OR, x86_vdef(g), x, xr(y));
}

/* (a & b) + ((a ^ b) >> 1); rounded: (a | b) - ((a ^ b) >> 1); not bytes. */
static int halving(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags);
    int sign = o->op == XL_OP_vshadd || o->op == XL_OP_vsrhadd;
    int up = o->op == XL_OP_vsrhadd || o->op == XL_OP_vurhadd, a, b, x, y;

    if (lane == XL_L8)
        return 0;
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    x86_vv(g, XV_XOR, x, a, xr(b));
    x86_vshift(g, sign ? SHIFT_SAR : SHIFT_RIGHT, lane, x, x, 1);
    x86_vv(g, up ? XV_OR : XV_AND, y, a, xr(b));
    x86_vv(g, (up ? XV_SUB : XV_ADD) + lane, x86_vdef(g), y, xr(x));
    return 1;
}

static void difference(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), s = o->op == XL_OP_vsabd;
    int a = ENC(g_reg(g, o->a)), b = ENC(g_reg(g, o->b)), x = ENC(g_xtmp(g)), y = ENC(g_xtmp(g));

    x86_vv(g, code_of(s ? XL_OP_vsmax : XL_OP_vumax, lane), x, a, xr(b));
    x86_vv(g, code_of(s ? XL_OP_vsmin : XL_OP_vumin, lane), y, a, xr(b));
    x86_vv(g, XV_SUB + lane, x86_vdef(g), x, xr(y));
}

static void negative(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags);
    int a = ENC(g_reg(g, o->a)), x = zeros(g), y;

    if (o->op == XL_OP_vneg) {
        x86_vv(g, XV_SUB + lane, x86_vdef(g), x, xr(a));
    } else if (lane != XL_L64) {
        x86_vv(g, XV_ABS + lane, x86_vdef(g), 0, xr(a));
    } else {
        y = ENC(g_xtmp(g));
        x86_vv(g, XV_CMPGTQ, x, x, xr(a));
        x86_vv(g, XV_XOR, y, a, xr(x));
        x86_vv(g, XV_SUB + 3, x86_vdef(g), y, xr(x));
    }
}

/* Only least * least gives least: that one is made the greatest. */
static int doubling(struct gen *g, const struct xl_op *o)
{
    int a, b, x, y;

    if (XL_LANE(o->flags) != XL_L16)
        return 0;
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    if (o->op == XL_OP_vsqrdmulh) {
        x86_vv(g, XV_MULHRSW, x, a, xr(b));
    } else {
        x86_vv(g, XV_MULHW, x, a, xr(b));
        x86_vv(g, XV_MULLW, y, a, xr(b));
        x86_vv(g, XV_ADD + 1, x, x, xr(x));
        x86_vshift(g, SHIFT_RIGHT, XL_L16, y, y, 15);
        x86_vv(g, XV_OR, x, x, xr(y));
    }
    x86_vv(g, XV_CMPEQ + 1, y, x, xmrip(&g->c->kv->top[XL_L16]));
    x86_vv(g, XV_XOR, x86_vdef(g), x, xr(y));
    return 1;
}

/* ---- Bits --------------------------------------------------------------------------------- */

static void select_bits(struct gen *g, const struct xl_op *o)
{
    int m = ENC(g_reg(g, o->a)), c = ENC(g_reg(g, o->c)), x;
    struct xrm b = g_rm(g, o->b);

    x = ENC(g_xtmp(g)); /* c ^ (m & (b ^ c)) */
    x86_vv(g, XV_XOR, x, c, b);
    x86_vv(g, XV_AND, x, x, xr(m));
    x86_vv(g, XV_XOR, x86_vdef(g), x, xr(c));
}

static void count(struct gen *g, const struct xl_op *o)
{
    const struct x86_vconst *k = g->c->kv;
    int a = ENC(g_reg(g, o->a)), x = ENC(g_xtmp(g)), y = ENC(g_xtmp(g)), t = ENC(g_xtmp(g));

    xa_op(&g->a, XO_MOVAPS, 0, t, xmrip(&k->popcnt));
    x86_vshift(g, SHIFT_RIGHT, XL_L16, x, a, 4);
    x86_vv(g, XV_AND, x, x, xmrip(&k->nibble));
    x86_vv(g, XV_AND, y, a, xmrip(&k->nibble));
    x86_vv(g, XV_SHUFB, x, t, xr(x));
    x86_vv(g, XV_SHUFB, y, t, xr(y));
    x86_vv(g, XV_ADD, x86_vdef(g), x, xr(y));
}

static void invert(struct gen *g, const struct xl_op *o)
{
    int a = ENC(g_reg(g, o->a)), x = ones(g);

    if (o->op == XL_OP_vnot) {
        x86_vv(g, XV_XOR, x86_vdef(g), a, xr(x));
    } else { /* vorn */
        x86_vv(g, XV_XOR, x, x, g_rm(g, o->b));
        x86_vv(g, XV_OR, x86_vdef(g), a, xr(x));
    }
}

int x86_sel_vint(struct gen *g, const struct xl_op *o)
{
    if (by_table(g, o))
        return 1;
    switch (o->op) {
    case XL_OP_vctst: case XL_OP_vcge: case XL_OP_vchi: case XL_OP_vchs: compare(g, o); break;
    case XL_OP_vnot: case XL_OP_vorn: invert(g, o); break;
    case XL_OP_vbsl: select_bits(g, o); break;
    case XL_OP_vcnt: count(g, o); break;
    case XL_OP_vneg: case XL_OP_vabs: negative(g, o); break;
    case XL_OP_vsabd: case XL_OP_vuabd: difference(g, o); break;
    case XL_OP_vshadd: case XL_OP_vuhadd: case XL_OP_vsrhadd: case XL_OP_vurhadd:
        return halving(g, o);
    case XL_OP_vsqdmulh: case XL_OP_vsqrdmulh: return doubling(g, o);
    case XL_OP_vuqadd: case XL_OP_vuqsub: return saturating(g, o);
    case XL_OP_vmul:
        if (XL_LANE(o->flags) != XL_L8)
            return 0;
        mul8(g, o);
        break;
    default: return 0;
    }
    return 1;
}
