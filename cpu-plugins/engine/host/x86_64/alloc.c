/* SPDX-License-Identifier: MIT */
/* alloc.c - registers for values, in one pass along with the code.
 *
 * A value is in a register (`reg`), in a home (`home`: its slot's memory, a spill place, or
 * nowhere: it can be made again), or both. rv[] tells the value in each register. A pinned
 * register's value is what its slot holds; when a put replaces it while it is still wanted,
 * it moves to a temporary. Registers that the current op was given are `locked`.
 *
 * When temporaries run out, the value goes that can be had again without a store, else the
 * one that is needed furthest away; its spill place is its own for the whole block.
 */
#include "x86.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GPRS 0x0000ffffu

uint32_t g_rep(const struct gen *g, uint32_t v)
{
    return g->v[v].rep;
}

static int float_type(uint32_t t)
{
    return t == XL_F32 || t == XL_F64 || t == XL_V128;
}

static int is_float(const struct gen *g, uint32_t v)
{
    return float_type(xl_result(&g->b->op[v]));
}

void g_bind(struct gen *g, int reg, uint32_t v)
{
    g->rv[reg] = v;
    g->v[v].reg = (int8_t)reg;
    g->locked |= BIT(reg);
}

static struct xrm home(struct gen *g, const struct val *v)
{
    if (v->home == HOME_SPILL)
        return xm(RSP, (int32_t)v->where * 8);
    return xm(RBP, SOFF(&g->b->guest->slots[v->where]));
}

static uint32_t home_type(const struct gen *g, const struct val *v, uint32_t own)
{
    if (v->home == HOME_SLOT)
        return g->b->guest->slots[v->where].type;
    return own == XL_F32 ? XL_F64 : own == XL_I32 ? XL_I64 : own; /* spills are whole */
}

void g_spill(struct gen *g, uint32_t v)
{
    struct val *p = &g->v[v];

    if (p->home != HOME_NONE)
        return;
    p->home = HOME_SPILL;
    p->where = g->n_spills++;
    if (xl_result(&g->b->op[v]) == XL_V128) {
        g->n_spills++;
        xa_op(&g->a, XO_MOVUPS_ST, 0, ENC(p->reg), home(g, p));
    } else if (IS_XMM(p->reg))
        xa_op(&g->a, XO_MOVSD_ST, 0, ENC(p->reg), home(g, p));
    else
        xa_op(&g->a, XO_MOV_ST, 1, p->reg, home(g, p));
}

static void evict(struct gen *g, int reg)
{
    uint32_t v = g->rv[reg];

    if (v != NO_VALUE && g->v[v].reg == reg && g->v[v].last >= g->i) {
        g_spill(g, v);
        g->v[v].reg = -1;
    }
    g->rv[reg] = NO_VALUE;
}

void g_forget_page(struct gen *g)
{
    g->last.base = NO_VALUE;
}

static int keeps_page(const struct gen *g, int reg)
{
    return g->last.base != NO_VALUE && (reg == g->last.page || reg == g->last.add);
}

/* A temporary of the class, emptied and locked. */
static int temporary(struct gen *g, int fp)
{
    uint32_t may = g->t->temps & ~g->locked & (fp ? ~GPRS : GPRS), far = 0;
    int best = -1;

    for (uint32_t m = may; m; m &= m - 1) {
        int r = __builtin_ctz(m);
        const struct val *v = g->rv[r] == NO_VALUE ? NULL : &g->v[g->rv[r]];
        uint32_t cost = keeps_page(g, r)                      ? UINT32_MAX - 1
                        : !v || v->reg != r || v->last < g->i ? UINT32_MAX
                        : v->home != HOME_NONE              ? v->last + XL_MAX_OPS
                                                            : v->last;

        if (best < 0 || cost > far) {
            best = r;
            far = cost;
        }
        if (cost == UINT32_MAX)
            break;
    }
    if (best < 0) { /* an op asks for more than there are: wrong code, or worse, would follow */
        fprintf(stderr, "x86-64 back end: no register is left for op '%s'\n",
                xl_opinfo[g->b->op[g->i].op].name);
        abort();
    }
    if (keeps_page(g, best))
        g_forget_page(g);
    evict(g, best);
    g->locked |= BIT(best);
    return best;
}

int g_tmp(struct gen *g)
{
    return temporary(g, 0);
}

int g_xtmp(struct gen *g)
{
    return temporary(g, 1);
}

/* ---- Loading ------------------------------------------------------------------------- */

static void load_const(struct gen *g, int reg, const struct xl_op *o)
{
    uint64_t k = o->type == XL_I32 || o->type == XL_F32 ? (uint32_t)o->imm : (uint64_t)o->imm;
    uint32_t locked = g->locked;
    int t;

    if (!IS_XMM(reg)) {
        if (k || g->flags_live)
            xa_movi(&g->a, reg, k);
        else
            xa_alu(&g->a, ALU_XOR, 0, reg, xr(reg));
        return;
    }
    if (k == 0) {
        xa_op(&g->a, XO_XORPS, 0, ENC(reg), xr(ENC(reg)));
        return;
    }
    if (k == UINT64_MAX && o->type == XL_V128) {
        xa_op(&g->a, XO_PCMPEQD, 0, ENC(reg), xr(ENC(reg)));
        return;
    }
    t = g_tmp(g);
    xa_movi(&g->a, t, k);
    xa_op(&g->a, XO_MOVD, o->type != XL_F32, ENC(reg), xr(t));
    if (o->type == XL_V128)
        xa_op(&g->a, XO_PUNPCKLQDQ, 0, ENC(reg), xr(ENC(reg)));
    g->locked = locked;
}

static void load_pc(struct gen *g, int reg, int64_t off)
{
    uint32_t locked = g->locked;
    int t;

    if (g->e->direct) {
        xa_movi(&g->a, reg, (g->b->pc & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)off);
        return;
    }
    if (off != (int32_t)off && !g->flags_live) {
        xa_movi(&g->a, reg, (uint64_t)off);
        xa_alu(&g->a, ALU_ADD, 1, reg, xm(RBP, VOFF(pcb)));
        return;
    }
    xa_op(&g->a, XO_MOV, 1, reg, xm(RBP, VOFF(pcb)));
    if (off == 0)
        return;
    if (off == (int32_t)off) {
        xa_op(&g->a, XO_LEA, 1, reg, xm(reg, (int32_t)off));
        return;
    }
    g->locked |= BIT(reg); /* few registers are taken while the flags are live */
    t = g_tmp(g);
    xa_movi(&g->a, t, (uint64_t)off);
    xa_op(&g->a, XO_LEA, 1, reg, xmx(reg, t, 0, 0));
    g->locked = locked;
}

static void load(struct gen *g, int reg, uint32_t v)
{
    const struct val *p = &g->v[v];
    const struct xl_op *o = &g->b->op[v];

    switch (p->home) {
    case HOME_CONST: load_const(g, reg, o); return;
    case HOME_PC: load_pc(g, reg, o->imm); return;
    default: break;
    }
    assert(p->home == HOME_SLOT || p->home == HOME_SPILL);
    switch (home_type(g, p, xl_result(o))) {
    case XL_V128: xa_op(&g->a, XO_MOVUPS, 0, ENC(reg), home(g, p)); break;
    case XL_F32: xa_op(&g->a, XO_MOVSS, 0, ENC(reg), home(g, p)); break;
    case XL_F64: xa_op(&g->a, XO_MOVSD, 0, ENC(reg), home(g, p)); break;
    case XL_I32: xa_op(&g->a, XO_MOV, 0, reg, home(g, p)); break;
    default: xa_op(&g->a, XO_MOV, 1, reg, home(g, p)); break;
    }
}

static void move(struct gen *g, int dst, int src)
{
    if (dst == src)
        return;
    if (IS_XMM(dst))
        xa_op(&g->a, XO_MOVAPS, 0, ENC(dst), xr(ENC(src)));
    else
        xa_mov(&g->a, 1, dst, src);
}

int g_reg(struct gen *g, uint32_t x)
{
    uint32_t v = g->v[x].rep;
    int r = g->v[v].reg;

    if (r < 0) {
        r = temporary(g, is_float(g, v));
        load(g, r, v);
        g_bind(g, r, v);
        if (float_type(xl_result(&g->b->op[v])) && xl_result(&g->b->op[v]) != XL_V128 &&
            g->v[v].zero == ZERO_NONE)
            g->v[v].zero = ZERO_64; /* loads clear the rest */
    }
    g->locked |= BIT(r);
    return r;
}

struct xrm g_rm(struct gen *g, uint32_t x)
{
    const struct val *p = &g->v[g->v[x].rep];

    if (p->reg < 0 && (p->home == HOME_SLOT || p->home == HOME_SPILL) && p->last <= g->i)
        return home(g, p);
    return xr(ENC(g_reg(g, x)));
}

void g_copy(struct gen *g, int dst, uint32_t x)
{
    uint32_t v = g->v[x].rep;

    if (g->v[v].reg >= 0)
        move(g, dst, g->v[v].reg);
    else
        load(g, dst, v);
}

int g_const(const struct gen *g, uint32_t x, uint64_t *k)
{
    const struct xl_op *o = &g->b->op[g->v[x].rep];

    if (o->op != XL_OP_const)
        return 0;
    *k = (uint64_t)o->imm;
    return 1;
}

int g_imm32(const struct gen *g, uint32_t x, int w, int32_t *imm)
{
    uint64_t k;

    if (!g_const(g, x, &k))
        return 0;
    *imm = (int32_t)(uint32_t)k;
    return !w || (int64_t)k == *imm;
}

/* Is v's register, the pin of a narrower slot, more than calls keep of it? */
static int narrower(const struct gen *g, int reg, uint32_t v)
{
    return (g->t->halves & BIT(reg) && g->v[v].hi) ||
           (g->t->shorts & BIT(reg) && xl_result(&g->b->op[v]) == XL_V128);
}

/* ---- Results ------------------------------------------------------------------------- */

int g_give_up(struct gen *g, int reg, int may_move)
{
    uint32_t w = g->rv[reg];
    struct val *p;
    int r;

    if (w == NO_VALUE || g->v[w].reg != reg || g->v[w].last <= g->i)
        return 1;
    p = &g->v[w];
    for (r = 0; r < 32; r++) {
        if (r != reg && g->rv[r] == w && !narrower(g, r, w)) {
            p->reg = (int8_t)r;
            return 1;
        }
    }
    if (p->home != HOME_NONE) {
        p->reg = -1;
        return 1;
    }
    if (!may_move)
        return 0;
    r = temporary(g, IS_XMM(reg));
    move(g, r, reg);
    g_bind(g, r, w);
    return 1;
}

static int define(struct gen *g, int fresh)
{
    struct val *p = &g->v[g->i];
    int fp = is_float(g, g->i), r = p->want;

    if (r >= 0 && !(fresh && (g->locked & BIT(r))) && g_give_up(g, r, 0)) {
        g_bind(g, r, g->i);
        return r;
    }
    r = (int)g->prefer;
    if (fresh || r < 0 || r >= 32 || IS_XMM(r) != fp || !(g->t->temps & ~g->locked & BIT(r)) ||
        g->rv[r] != NO_VALUE || keeps_page(g, r))
        r = temporary(g, fp);
    g_bind(g, r, g->i);
    return r;
}

int g_def(struct gen *g)
{
    return define(g, 0);
}

int g_def_new(struct gen *g)
{
    return define(g, 1);
}

void g_def_in(struct gen *g, int reg)
{
    int r = g->v[g->i].want;

    if (r >= 0 && g_give_up(g, r, 0)) {
        move(g, r, reg);
        g_bind(g, r, g->i);
        return;
    }
    g_bind(g, reg, g->i);
}

void g_take(struct gen *g, int reg)
{
    uint32_t v = g->rv[reg];
    int r;

    assert((g->t->temps & BIT(reg)) && !(g->locked & BIT(reg)));
    g->locked |= BIT(reg);
    if (keeps_page(g, reg))
        g_forget_page(g);
    if (v == NO_VALUE)
        return;
    if (g->v[v].reg == reg && g->v[v].last >= g->i) {
        if (g->v[v].home != HOME_NONE) {
            g->v[v].reg = -1;
        } else {
            uint32_t locked = g->locked;

            r = temporary(g, IS_XMM(reg));
            move(g, r, reg);
            g_bind(g, r, v);
            g->locked = locked;
        }
    }
    g->rv[reg] = NO_VALUE;
}

static void drop_dead(struct gen *g, uint32_t mask)
{
    for (uint32_t m = mask & g->t->temps; m; m &= m - 1) {
        int r = __builtin_ctz(m);
        uint32_t v = g->rv[r];

        if (v != NO_VALUE && g->v[v].last <= g->i) {
            if (g->v[v].reg == r)
                g->v[v].reg = -1;
            g->rv[r] = NO_VALUE;
            g->locked &= ~BIT(r);
        }
    }
}

void g_release(struct gen *g)
{
    drop_dead(g, g->locked);
}

/* Homes need no care: what is loaded from them has the rest zero, and a vector slot is one
 * only after this was done. */
void g_zero_above(struct gen *g, uint32_t v)
{
    int f32 = xl_result(&g->b->op[v]) == XL_F32, r;

    if (g->v[v].zero >= (f32 ? ZERO_32 : ZERO_64))
        return;
    r = ENC(g_reg(g, v));
    if (f32)
        xa_opi(&g->a, XO_INSERTPS, 0, r, xr(r), 0x0e, 1);
    else
        xa_op(&g->a, XO_MOVQ, 0, r, xr(r));
    g->v[v].zero = f32 ? ZERO_32 : ZERO_64;
    g->v[v].hi = 0;
    for (int i = 16; i < 32; i++) { /* other copies are not like this one any more */
        if (g->rv[i] == v && i != XMM(r))
            g->rv[i] = NO_VALUE;
    }
}

void g_changed(struct gen *g, uint32_t v)
{
    struct val *p = &g->v[v];

    if (p->home == HOME_SPILL) /* keep the place: each value has one */
        xa_op(&g->a, XO_MOVSD_ST, 0, ENC(p->reg), home(g, p));
    else if (p->home == HOME_SLOT)
        g->slot_val[p->where] = NO_VALUE;
    if (p->home != HOME_SPILL)
        p->home = HOME_NONE;
}

/* Scratch is locked and holds no value. Then a definition never spills: at worst it takes a
 * register of g->last. */
void g_free_scratch(struct gen *g)
{
    g_release(g);
    for (int r = 0; r < 32; r++) {
        if (g->rv[r] == NO_VALUE)
            g->locked &= ~BIT(r);
    }
}

int g_room(const struct gen *g, int n)
{
    return __builtin_popcount(g->t->temps & ~g->locked & GPRS) >= n;
}

void x86_end_op(struct gen *g)
{
    struct val *p = &g->v[g->i];

    if (p->reg >= 0 && (g->t->halves & BIT(p->reg)))
        p->hi = 0;
    drop_dead(g, g->locked);
    g->locked = 0;
    g->prefer = UINT32_MAX;
}
