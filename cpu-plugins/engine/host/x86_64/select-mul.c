/* SPDX-License-Identifier: MIT */
/* select-mul.c - upper halves of products, division.
 *
 * Division has the IR's rules, which are RISC-V's: by zero gives all ones, the remainder is
 * the dividend; the one overflow wraps. idiv faults in these cases, so divisors 0 and -1 go
 * to a cold path that answers without it.
 */
#include "x86.h"

/* rdx:rax = rax * v. */
static void wide(struct gen *g, int w, int is_signed, struct xrm b)
{
    xa_op(&g->a, XO_UNARY, w, is_signed ? 5 : 4, b);
}

/* A 32-bit product fits a 64-bit register: extend, multiply, shift down. */
static void mulh32(struct gen *g, const struct xl_op *o)
{
    int x = g_tmp(g), y = g_tmp(g);

    g_copy(g, x, o->a);
    g_copy(g, y, o->b);
    if (o->op == XL_OP_mulhu)
        xa_op(&g->a, XO_MOV, 0, x, xr(x));
    else
        xa_op(&g->a, XO_MOVSXD, 1, x, xr(x));
    if (o->op == XL_OP_mulhs)
        xa_op(&g->a, XO_MOVSXD, 1, y, xr(y));
    else
        xa_op(&g->a, XO_MOV, 0, y, xr(y));
    xa_op(&g->a, XO_IMUL, 1, x, xr(y));
    xa_shift(&g->a, SH_SHR, 1, xr(x), 32);
    g_def_in(g, x);
}

static void mulh(struct gen *g, const struct xl_op *o)
{
    int ra, t;

    if (o->type == XL_I32) {
        mulh32(g, o);
        return;
    }
    g_take(g, RAX);
    g_take(g, RDX);
    g_copy(g, RAX, o->a);
    wide(g, 1, o->op == XL_OP_mulhs, xr(g_reg(g, o->b)));
    if (o->op == XL_OP_mulhsu) { /* a unsigned was 2^64 too large if negative: less b */
        ra = g_reg(g, o->a);
        t = RAX;
        xa_mov(&g->a, 1, t, ra);
        xa_shift(&g->a, SH_SAR, 1, xr(t), 63);
        xa_alu(&g->a, ALU_AND, 1, t, xr(g_reg(g, o->b)));
        xa_alu(&g->a, ALU_SUB, 1, RDX, xr(t));
    }
    g_def_in(g, RDX);
}

static void divide(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, rb, t;
    int is_signed = o->op == XL_OP_divs || o->op == XL_OP_rems;
    int is_rem = o->op == XL_OP_rems || o->op == XL_OP_remu;
    struct cold *c = x86_cold(g, COLD_DIV);
    uint64_t k;
    int safe = g_const(g, o->b, &k) && (w ? k : (uint32_t)k) != 0 &&
               (w ? k + 1 : (uint32_t)(k + 1)) != 0;

    g_take(g, RAX);
    g_take(g, RDX);
    rb = g_reg(g, o->b);
    g_copy(g, RAX, o->a);
    if (!safe) {
        if (is_signed) { /* 0 or -1 */
            t = RDX;
            xa_op(&g->a, XO_LEA, w, t, xm(rb, 1));
            xa_alui(&g->a, ALU_CMP, w, xr(t), 1);
            c->site[c->n_sites++] = xa_jcc(&g->a, CC_BE);
        } else {
            xa_op(&g->a, XO_TEST, w, rb, xr(rb));
            c->site[c->n_sites++] = xa_jcc(&g->a, CC_E);
        }
    }
    if (is_signed) {
        if (w)
            xa_byte(&g->a, 0x48);
        xa_byte(&g->a, 0x99); /* cqo, cdq */
    } else {
        xa_alu(&g->a, ALU_XOR, 0, RDX, xr(RDX));
    }
    xa_op(&g->a, XO_UNARY, w, is_signed ? 7 : 6, xr(rb));
    c->op = o->op;
    c->w = (uint8_t)w;
    c->src = xr(rb);
    c->dst = is_rem ? RDX : RAX;
    c->back = g->a.p;
    g_def_in(g, is_rem ? RDX : RAX);
}

void x86_sel_mul(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_mulhs: case XL_OP_mulhu: case XL_OP_mulhsu: mulh(g, o); break;
    default: divide(g, o); break;
    }
}
