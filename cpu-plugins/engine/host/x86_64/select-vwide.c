/* SPDX-License-Identifier: MIT */
/* select-vwide.c - vector ops between lane sizes and across lanes, and AES. */
#include "x86.h"

/* A register with the half of v that is wanted in its low half. */
static int half(struct gen *g, uint32_t v, uint32_t high)
{
    int a = ENC(g_reg(g, v)), x;

    if (!high)
        return a;
    x = ENC(g_xtmp(g));
    xa_vex(&g->a, XO_PSHUFD, 0, x, 0, xr(a), 0xee);
    return x;
}

static uint32_t extend(uint32_t lane, int sign)
{
    static const uint32_t step[] = {0, 3, 5};

    return (sign ? XV_MOVSX : XV_MOVZX) + step[lane];
}

static void widen(struct gen *g, const struct xl_op *o)
{
    int a = half(g, o->a, (uint32_t)o->imm);

    x86_vv(g, extend(XL_LANE(o->flags), o->op == XL_OP_vsxtl), x86_vdef(g), 0, xr(a));
}

/* ---- Narrowing ----------------------------------------------------------------------------- */

static int narrow(struct gen *g, const struct xl_op *o)
{
    const struct x86_vconst *k = g->c->kv;
    uint32_t lane = XL_LANE(o->flags), w = lane == XL_L32;
    int a, x;

    g->v[g->i].zero = ZERO_64;
    if (o->op == XL_OP_vxtn) {
        a = ENC(g_reg(g, o->a));
        x86_vv(g, XV_SHUFB, x86_vdef(g), a, xmrip(&k->narrow[lane - 1]));
        return 1;
    }
    if (lane == XL_L64)
        return 0;
    a = ENC(g_reg(g, o->a));
    x = ENC(g_xtmp(g));
    if (o->op == XL_OP_vuqxtn) {
        x86_vv(g, w ? XV_MINUD : XV_MINUW, x, a, xmrip(&k->low_half[lane - 1]));
        x86_vv(g, w ? XV_PACKUSDW : XV_PACKUSWB, x, x, xr(x));
    } else if (o->op == XL_OP_vsqxtn) {
        x86_vv(g, w ? XV_PACKSSDW : XV_PACKSSWB, x, a, xr(a));
    } else {
        x86_vv(g, w ? XV_PACKUSDW : XV_PACKUSWB, x, a, xr(a));
    }
    x86_vv(g, XO_MOVQ, x86_vdef(g), 0, xr(x));
    return 1;
}

/* ---- Products ------------------------------------------------------------------------------ */

static void multiply(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), high = (uint32_t)o->imm;
    int sign = o->op == XL_OP_vsmull, x, y, a, b;

    if (lane == XL_L32) { /* each lane twice: it multiplies the even ones */
        a = ENC(g_reg(g, o->a));
        b = ENC(g_reg(g, o->b));
        x = ENC(g_xtmp(g));
        y = ENC(g_xtmp(g));
        xa_vex(&g->a, XO_PSHUFD, 0, x, 0, xr(a), high ? 0xfa : 0x50);
        xa_vex(&g->a, XO_PSHUFD, 0, y, 0, xr(b), high ? 0xfa : 0x50);
        x86_vv(g, sign ? XV_MULDQ : XV_MULUDQ, x86_vdef(g), x, xr(y));
        return;
    }
    a = half(g, o->a, high);
    b = half(g, o->b, high);
    x = high ? a : ENC(g_xtmp(g)); /* high halves are in scratch already */
    y = high ? b : ENC(g_xtmp(g));
    x86_vv(g, extend(lane, sign), x, 0, xr(a));
    x86_vv(g, extend(lane, sign), y, 0, xr(b));
    x86_vv(g, lane == XL_L8 ? XV_MULLW : XV_MULLD, x86_vdef(g), x, xr(y));
}

static int carryless(struct gen *g, const struct xl_op *o)
{
    int a, b;

    if (XL_LANE(o->flags) != XL_L64 || !x86_has(g, XF_PCLMUL))
        return 0;
    a = ENC(g_reg(g, o->a));
    b = ENC(g_reg(g, o->b));
    xa_vex(&g->a, XO_PCLMUL, 0, x86_vdef(g), a, xr(b), o->imm ? 0x11 : 0);
    return 1;
}

/* ---- Across --------------------------------------------------------------------------------- */

static uint32_t pairwise(uint32_t op, uint32_t lane)
{
    static const uint32_t code[5][4] = {
        {XV_ADD, XV_ADD + 1, XV_ADD + 2, XV_ADDQ}, {XV_MAXSB, XV_MAXSW, XV_MAXSD, 0},
        {XV_MAXUB, XV_MAXUW, XV_MAXUD, 0}, {XV_MINSB, XV_MINSW, XV_MINSD, 0},
        {XV_MINUB, XV_MINUW, XV_MINUD, 0}};

    switch (op) {
    case XL_OP_vaddv: return code[0][lane];
    case XL_OP_vsmaxv: return code[1][lane];
    case XL_OP_vumaxv: return code[2][lane];
    case XL_OP_vsminv: return code[3][lane];
    case XL_OP_vuminv: return code[4][lane];
    default: return 0;
    }
}

/* Fold in halves; then all lanes but the lowest are cut off. */
static int across(struct gen *g, const struct xl_op *o)
{
    uint32_t lane = XL_LANE(o->flags), code = pairwise(o->op, lane);
    int a, x, y;

    if (!code)
        return 0;
    g->v[g->i].zero = lane == XL_L64 ? ZERO_64 : ZERO_32;
    a = ENC(g_reg(g, o->a));
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    xa_vex(&g->a, XO_PSHUFD, 0, x, 0, xr(a), 0xee);
    x86_vv(g, code, x, x, xr(a));
    if (lane < XL_L64) {
        xa_vex(&g->a, XO_PSHUFD, 0, y, 0, xr(x), 0x55);
        x86_vv(g, code, x, x, xr(y));
    }
    if (lane < XL_L32) {
        x86_vshift(g, SHIFT_RIGHT, XL_L32, y, x, 16);
        x86_vv(g, code, x, x, xr(y));
    }
    if (lane < XL_L16) {
        x86_vshift(g, SHIFT_RIGHT, XL_L16, y, x, 8);
        x86_vv(g, code, x, x, xr(y));
    }
    x86_vv(g, XV_AND, x86_vdef(g), x, xmrip(&g->c->kv->first[lane]));
    return 1;
}

/* The sum of bytes, by the distance from zero. */
static int sum_bytes(struct gen *g, const struct xl_op *o)
{
    int a, x, y;

    if (o->op != XL_OP_vuaddlv || XL_LANE(o->flags) != XL_L8)
        return 0;
    a = ENC(g_reg(g, o->a));
    x = ENC(g_xtmp(g));
    y = ENC(g_xtmp(g));
    g->v[g->i].zero = ZERO_32;
    x86_vv(g, XV_XOR, x, x, xr(x));
    x86_vv(g, XV_SADBW, x, x, xr(a));
    xa_vex(&g->a, XO_PSHUFD, 0, y, 0, xr(x), 0xee);
    x86_vv(g, XV_ADDQ, x, x, xr(y));
    x86_vv(g, XO_MOVQ, x86_vdef(g), 0, xr(x));
    return 1;
}

/* ---- AES: aesenclast is all of a round but MixColumns and before the key -------------------- */

static int aes(struct gen *g, const struct xl_op *o)
{
    int a, x, z;

    if (!x86_has(g, XF_AES))
        return 0;
    a = ENC(g_reg(g, o->a));
    if (o->op == XL_OP_vaesimc) {
        x86_vv(g, XV_AESIMC, x86_vdef(g), 0, xr(a));
        return 1;
    }
    x = ENC(g_xtmp(g));
    z = ENC(g_xtmp(g));
    x86_vv(g, XV_XOR, z, z, xr(z));
    if (o->op == XL_OP_vaesmc) { /* SubBytes and ShiftRows undone and done */
        x86_vv(g, XV_AESDECLAST, x, a, xr(z));
        x86_vv(g, XV_AESENC, x86_vdef(g), x, xr(z));
        return 1;
    }
    x86_vv(g, XV_XOR, x, a, g_rm(g, o->b));
    x86_vv(g, o->op == XL_OP_vaese ? XV_AESENCLAST : XV_AESDECLAST, x86_vdef(g), x, xr(z));
    return 1;
}

int x86_sel_vwide(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_vsxtl: case XL_OP_vuxtl: widen(g, o); return 1;
    case XL_OP_vxtn: case XL_OP_vsqxtn: case XL_OP_vuqxtn: case XL_OP_vsqxtun:
        return narrow(g, o);
    case XL_OP_vsmull: case XL_OP_vumull: multiply(g, o); return 1;
    case XL_OP_vpmull: return carryless(g, o);
    case XL_OP_vuaddlv: return sum_bytes(g, o);
    case XL_OP_vaese: case XL_OP_vaesd: case XL_OP_vaesmc: case XL_OP_vaesimc: return aes(g, o);
    default: return across(g, o);
    }
}
