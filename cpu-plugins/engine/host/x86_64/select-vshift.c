/* SPDX-License-Identifier: MIT */
/* select-vshift.c - shifts of vector lanes, by constants and by the lanes of a vector.
 *
 * There are no shifts of bytes: words are shifted and what came from the neighbour is cut
 * off. Rounding adds the last bit that fell out.
 */
#include "x86.h"

/* d = a >> n with the sign, of bytes and quadwords, which no instruction has. */
static void arithmetic(struct gen *g, uint32_t lane, int d, int a, uint32_t n)
{
    const struct x86_vconst *k = g->c->kv;
    int x;

    if (lane == XL_L8) {
        x86_vshift(g, SHIFT_RIGHT, XL_L16, d, a, n);
        x86_vv(g, XV_AND, d, d, xmrip(&k->right8[n]));
        x86_vv(g, XV_XOR, d, d, xmrip(&k->sign8[n]));
        x86_vv(g, XV_SUB, d, d, xmrip(&k->sign8[n]));
        return;
    }
    x = ENC(g_xtmp(g));
    x86_vv(g, XV_XOR, x, x, xr(x));
    x86_vv(g, XV_CMPGTQ, x, x, xr(a));
    x86_vshift(g, SHIFT_LEFT, XL_L64, x, x, 64 - n);
    x86_vshift(g, SHIFT_RIGHT, XL_L64, d, a, n);
    x86_vv(g, XV_OR, d, d, xr(x));
}

/* d = a shifted; n is less than the lane's bits, d may be a. */
static void shift(struct gen *g, int how, uint32_t lane, int d, int a, uint32_t n)
{
    const struct x86_vconst *k = g->c->kv;

    if (how == SHIFT_SAR && (lane == XL_L8 || lane == XL_L64) && n) {
        arithmetic(g, lane, d, a, n);
    } else if (lane == XL_L8 && n) {
        x86_vshift(g, how, XL_L16, d, a, n);
        x86_vv(g, XV_AND, d, d, xmrip(how == SHIFT_LEFT ? &k->left8[n] : &k->right8[n]));
    } else if (n) {
        x86_vshift(g, how, lane, d, a, n);
    } else if (d != a) {
        xa_op(&g->a, XO_MOVAPS, 0, d, xr(a));
    }
}

static void by_constant(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), n = (uint32_t)o->imm, bits = 8u << lane;
    int how = o->op == XL_OP_vshli ? SHIFT_LEFT : o->op == XL_OP_vshri ? SHIFT_RIGHT : SHIFT_SAR;
    int a = ENC(g_reg(g, o->a)), d;

    if (n >= bits && how == SHIFT_SAR)
        n = bits - 1;
    d = how == SHIFT_SAR ? ENC(g_def_new(g)) : x86_vdef(g); /* an operand's is read late */
    if (n >= bits)
        x86_vv(g, XV_XOR, d, d, xr(d));
    else
        shift(g, how, lane, d, a, n);
}

static void rounded(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), n = (uint32_t)o->imm, bits = 8u << lane;
    int how = o->op == XL_OP_vrshri ? SHIFT_RIGHT : SHIFT_SAR, a = ENC(g_reg(g, o->a)), d, x;

    d = ENC(g_def_new(g));
    if (n == 0 || (n == bits && how == SHIFT_SAR)) { /* the sign twice: nothing is left */
        if (n)
            x86_vv(g, XV_XOR, d, d, xr(d));
        else
            xa_op(&g->a, XO_MOVAPS, 0, d, xr(a));
        return;
    }
    x = ENC(g_xtmp(g));
    shift(g, how, lane, x, a, n - 1);
    if (n == bits) {
        xa_op(&g->a, XO_MOVAPS, 0, d, xr(x)); /* only the rounding bit */
        return;
    }
    shift(g, how, lane, d, x, 1);
    x86_vv(g, XV_AND, x, x, xmrip(&g->c->kv->one[lane]));
    x86_vv(g, lane == XL_L64 ? XV_ADDQ : XV_ADD + lane, d, d, xr(x));
}

/* To the left by the count, to the right by its negation: the one that is out of range gives
 * zero, or with signs is not taken. */
static int by_vector(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags);
    int w = lane == XL_L64, a, b, n, x, y;

    if (lane < XL_L32 || (o->op == XL_OP_vsshl && w))
        return 0;
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    n = ENC(g_xtmp(g));
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    x86_vshift(g, SHIFT_LEFT, lane, n, b, w ? 56 : 24); /* the low byte, with its sign */
    if (w) { /* by 8 of it: -128 to 127 in the upper half suffices for both counts */
        xa_vex(&g->a, XV_SHIFTI + XL_L32, 0, SHIFT_SAR, n, xr(n), 24);
        xa_vex(&g->a, XO_PSHUFD, 0, n, 0, xr(n), 0xf5);
        x86_vv(g, XV_XOR, x, x, xr(x));
        x86_vv(g, XV_SUB + 2, x, x, xr(n));
        x86_vshift(g, SHIFT_RIGHT, lane, n, n, 32);
        x86_vshift(g, SHIFT_RIGHT, lane, x, x, 32);
    } else {
        x86_vshift(g, SHIFT_SAR, lane, n, n, 24);
        x86_vv(g, XV_XOR, x, x, xr(x));
        x86_vv(g, XV_SUB + 2, x, x, xr(n));
    }
    xa_vex(&g->a, XV_SLLV, w, y, a, xr(n), -1);
    if (o->op == XL_OP_vushl) {
        xa_vex(&g->a, XV_SRLV, w, x, a, xr(x), -1);
        x86_vv(g, XV_OR, x86_vdef(g), y, xr(x));
    } else {
        xa_vex(&g->a, XV_SRAV, 0, x, a, xr(x), -1);
        xa_vex(&g->a, XV_BLENDVPS, 0, x86_vdef(g), y, xr(x), n << 4);
    }
    return 1;
}

int x86_sel_vshift(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_vshli: case XL_OP_vshri: case XL_OP_vsari: by_constant(g, o); return 1;
    case XL_OP_vrshri: case XL_OP_vrsari: rounded(g, o); return 1;
    case XL_OP_vsshl: case XL_OP_vushl: return by_vector(g, o);
    default: return 0;
    }
}
