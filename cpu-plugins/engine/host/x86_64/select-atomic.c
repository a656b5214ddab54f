/* SPDX-License-Identifier: MIT */
/* select-atomic.c - read-modify-write, compare-and-swap, load-linked and store-conditional.
 *
 * Aligned words of 4 and 8 bytes in pages that the TLB lets us write are done here by locked
 * instructions, which order everything; the rest is C's. A reservation is what run/slow.c
 * says: address and value. What needs more temporaries than there are goes to C as well.
 */
#include "x86.h"

static int fits(uint32_t memop)
{
    return ((memop & 7u) == 2 || (memop & 7u) == 3) && !(memop & XL_M_BIG);
}

static int64_t aligned(int64_t imm)
{
    return imm | XL_M_ATOMIC;
}

/* All in C: a call right here. */
static void by_call(struct gen *g, struct cold *c, uint32_t addr, int64_t imm)
{
    int d = g_def_new(g);

    if (c->arg[0].kind == CARG_NONE)
        c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)g_reg(g, addr),
                                  .disp = XL_MEM_DISP(imm)};
    c->site[c->n_sites++] = xa_jmp(&g->a);
    c->dst = (int8_t)d;
    c->back = g->a.p;
}

static void extend(struct gen *g, uint32_t memop, int d, int src)
{
    if ((memop & 7u) == 3)
        xa_mov(&g->a, 1, d, src);
    else
        xa_op(&g->a, memop & XL_M_SIGN ? XO_MOVSXD : XO_MOV, (memop & XL_M_SIGN) != 0, d, xr(src));
}

/* The old value is in `src`, which is scratch. */
static void finish(struct gen *g, struct cold *c, uint32_t memop, int src)
{
    int d;

    g_free_scratch(g);
    g->prefer = (uint32_t)src;
    d = g_def(g);
    extend(g, memop, d, src);
    c->dst = (int8_t)d;
    c->back = g->a.p;
}

/* A value in a register for sure: constants too. */
static int operand(struct gen *g, uint32_t v, struct carg *arg)
{
    int r = g_reg(g, v);

    *arg = (struct carg){.kind = CARG_GPR, .reg = (int8_t)r};
    return r;
}

/* ---- rmw ------------------------------------------------------------------------------- */

static const uint8_t rmw_alu[] = {
    [XL_RMW_ADD] = ALU_ADD, [XL_RMW_AND] = ALU_AND, [XL_RMW_OR] = ALU_OR, [XL_RMW_XOR] = ALU_XOR,
};

static void new_value(struct gen *g, uint32_t kind, int w, int t, int v)
{
    static const uint8_t cc[] = {CC_L, CC_G, CC_B, CC_A}; /* keep the old one if it is that */

    if (kind < XL_RMW_MIN) {
        xa_mov(&g->a, w, t, RAX);
        xa_alu(&g->a, rmw_alu[kind], w, t, xr(v));
        return;
    }
    xa_mov(&g->a, w, t, v);
    xa_alu(&g->a, ALU_CMP, w, RAX, xr(v));
    xa_op(&g->a, XO_CMOV + cc[kind - XL_RMW_MIN], w, t, xr(RAX));
}

static void rmw_loop(struct gen *g, const struct xl_op *o, struct cold *c, int v)
{
    uint32_t memop = XL_MEM_OP(o->imm);
    int w = (memop & 7u) == 3, t = g_tmp(g);
    uint8_t *again;
    struct xrm m;

    m = x86_tlb(g, o->a, aligned(o->imm), 1, c, t);
    xa_op(&g->a, XO_MOV, w, RAX, m);
    again = g->a.p;
    new_value(g, o->flags, w, t, v);
    xa_op(&g->a, XO_CMPXCHG, w, t, m);
    xa_patch8(xa_jcc8(&g->a, CC_NE), again);
    finish(g, c, memop, RAX);
}

static void rmw(struct gen *g, const struct xl_op *o)
{
    uint32_t memop = XL_MEM_OP(o->imm), kind = o->flags;
    struct cold *c = x86_cold(g, COLD_CALL);
    int w = (memop & 7u) == 3, used = g->v[g->i].uses != 0, v, t;
    int direct = kind == XL_RMW_XCHG || kind == XL_RMW_ADD || (kind < XL_RMW_MIN && !used);
    struct xrm m;

    c->thunk = g->c->thunk[TH_RMW];
    c->arg[2] = x86_arg_imm(memop);
    c->arg[3] = x86_arg_imm(kind);
    if (!direct)
        g_take(g, RAX);
    v = operand(g, o->b, &c->arg[1]);
    g_reg(g, o->a);
    if (!fits(memop) || !g_room(g, 2)) {
        by_call(g, c, o->a, o->imm);
        return;
    }
    if (!direct) {
        rmw_loop(g, o, c, v);
        return;
    }
    t = g_tmp(g);
    m = x86_tlb(g, o->a, aligned(o->imm), 1, c, t);
    if (!used && kind != XL_RMW_XCHG) {
        xa_op(&g->a, XO_ALU_ST(rmw_alu[kind]) | XO_LOCK, w, v, m);
        c->back = g->a.p;
        return;
    }
    xa_mov(&g->a, w, t, v);
    xa_op(&g->a, kind == XL_RMW_ADD ? XO_XADD : XO_XCHG, w, t, m);
    finish(g, c, memop, t);
}

/* ---- cas, ll, sc ------------------------------------------------------------------------ */

static void cas(struct gen *g, const struct xl_op *o)
{
    uint32_t memop = XL_MEM_OP(o->imm);
    struct cold *c = x86_cold(g, COLD_CALL);
    int w = (memop & 7u) == 3, expect, v;
    struct xrm m;

    c->thunk = g->c->thunk[TH_CAS];
    c->arg[3] = x86_arg_imm(memop);
    g_take(g, RAX);
    expect = operand(g, o->b, &c->arg[1]);
    v = operand(g, o->c, &c->arg[2]);
    if (!fits(memop) || !g_room(g, 2)) { /* the address and one scratch */
        g->locked &= ~BIT(RAX);
        by_call(g, c, o->a, o->imm);
        return;
    }
    m = x86_tlb(g, o->a, aligned(o->imm), 1, c, RAX);
    xa_mov(&g->a, w, RAX, expect);
    xa_op(&g->a, XO_CMPXCHG, w, v, m);
    finish(g, c, memop, RAX);
}

static void ll(struct gen *g, const struct xl_op *o)
{
    uint32_t memop = XL_MEM_OP(o->imm);
    struct cold *c = x86_cold(g, COLD_CALL);
    int t, va;
    struct xrm m;

    c->thunk = g->c->thunk[TH_LL];
    c->arg[1] = x86_arg_imm(memop);
    if (!fits(memop) || XL_MEM_DISP(o->imm)) {
        by_call(g, c, o->a, o->imm);
        return;
    }
    va = g_reg(g, o->a);
    t = g_tmp(g);
    m = x86_tlb(g, o->a, aligned(o->imm), 0, c, t);
    xa_op(&g->a, memop & XL_M_SIGN && (memop & 7u) == 2 ? XO_MOVSXD : XO_MOV,
          (memop & 7u) == 3 || memop & XL_M_SIGN, t, m);
    xa_op(&g->a, XO_MOV_ST, 1, va, xm(RBP, VOFF(ll_addr)));
    xa_op(&g->a, XO_MOV_ST, 1, t, xm(RBP, VOFF(ll_value)));
    finish(g, c, XL_M_SIZE(3), t);
}

static void sc(struct gen *g, const struct xl_op *o)
{
    uint32_t memop = XL_MEM_OP(o->imm);
    struct cold *c = x86_cold(g, COLD_CALL);
    int v, va;
    uint8_t *fail;
    struct xrm m;

    c->thunk = g->c->thunk[TH_SC];
    c->arg[2] = x86_arg_imm(memop);
    g_take(g, RAX);
    v = operand(g, o->b, &c->arg[1]);
    va = g_reg(g, o->a);
    if (!fits(memop) || XL_MEM_DISP(o->imm) || !g_room(g, 1)) {
        g->locked &= ~BIT(RAX);
        by_call(g, c, o->a, o->imm);
        return;
    }
    m = x86_tlb(g, o->a, aligned(o->imm), 1, c, RAX);
    xa_alu(&g->a, ALU_CMP, 1, va, xm(RBP, VOFF(ll_addr)));
    xa_opi(&g->a, XO_MOV_I, 1, 0, xm(RBP, VOFF(ll_addr)), -1, 4);
    xa_op(&g->a, XO_MOV, 1, RAX, xm(RBP, VOFF(ll_value)));
    fail = xa_jcc8(&g->a, CC_NE);
    xa_op(&g->a, XO_CMPXCHG, (memop & 7u) == 3, v, m);
    xa_patch8(fail, g->a.p);
    xa_setcc(&g->a, CC_NE, RAX);
    xa_op(&g->a, XO_MOVZX8, 0, RAX, xr(RAX));
    finish(g, c, XL_M_SIZE(3), RAX);
}

void x86_sel_atomic(struct gen *g, const struct xl_op *o)
{
    g_forget_page(g); /* C may flush */
    switch (o->op) {
    case XL_OP_rmw: rmw(g, o); break;
    case XL_OP_cas: cas(g, o); break;
    case XL_OP_ll: ll(g, o); break;
    default: sc(g, o); break;
    }
}
