/* SPDX-License-Identifier: MIT */
/* nan.c - results that may be NaN are looked at together, for guests with one NaN only.
 *
 * RISC-V wants its canonical NaN, the host gives another one. Nobody can tell until the value
 * is seen: stored, moved, in a slot at a fault or an exit. Arithmetic and comparisons do not
 * see it, as any quiet NaN gives them the same number, or a NaN again, and the same flags. So a
 * result waits here while only such ops follow (a result that consumed another one is NaN if
 * that was), then one ucomis looks at two at once. The cold path looks at each and mends all
 * places it is in: registers, its spill place, the slots in memory it was put to.
 */
#include "x86.h"

/* The registers, as bits, in which somebody may still see v. */
static uint32_t holders(const struct gen *g, uint32_t v)
{
    uint32_t m = 0;

    for (int r = 16; r < 32; r++) {
        if (g->rv[r] == v && !(g->t->temps & BIT(r) && g->v[v].last < g->i))
            m |= BIT(r);
    }
    return m;
}

static int waits(const struct gen *g, uint32_t v)
{
    for (uint32_t k = 0; k < g->n_wait; k++) {
        if (g->wait[k].v == v)
            return (int)k;
    }
    return -1;
}

/* A slot in memory keeps note of what waits there, as far as there is room for it. */
static int may_put(const struct gen *g, const struct xl_op *o)
{
    int k = waits(g, g_rep(g, o->a));

    return g->t->slot_reg[o->imm] >= 0 || k < 0 || g->wait[k].place.n_slots < MAX_PLACES;
}

/* May the waiting go on beyond `o`? */
static int blind(const struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_fadd: case XL_OP_fsub: case XL_OP_fmul: case XL_OP_fdiv: case XL_OP_fsqrt:
        return (o->imm & 7) == XL_RM_DYN && !(g->b->fp_mode & XL_FP_FZ) && g->n_wait < MAX_WAIT;
    case XL_OP_feq: case XL_OP_flt: case XL_OP_fle: return 1;
    case XL_OP_put: return may_put(g, o);
    case XL_OP_f2bits: return waits(g, g_rep(g, o->a)) < 0;
    case XL_OP_box32: case XL_OP_unbox32: /* a name, or another value's copy */
        return g->v[g->i].rep != g->i || waits(g, g_rep(g, o->a)) < 0;
    case XL_OP_insn: case XL_OP_get: case XL_OP_const: case XL_OP_pc: case XL_OP_add:
    case XL_OP_sub: case XL_OP_and: case XL_OP_or: case XL_OP_xor: case XL_OP_shl:
    case XL_OP_shr: case XL_OP_sar: case XL_OP_sext32: case XL_OP_zext32: case XL_OP_trunc:
    case XL_OP_set: case XL_OP_bits2f:
        return 1; /* nothing that may wait */
    default: return 0;
    }
}

void x86_nan_wait(struct gen *g, const struct xl_op *o)
{
    struct nan_wait *w = &g->wait[g->n_wait];
    int n = (int)xl_operands(o->op), k;

    *w = (struct nan_wait){.v = g->i, .place.type = o->type};
    for (int j = 0; j < n; j++) {
        k = waits(g, g_rep(g, j ? o->b : o->a));
        if (k >= 0 && o->op != XL_OP_f2f)
            w->shows |= 1u << k | g->wait[k].shows;
    }
    g->n_wait++;
}

void x86_nan_put(struct gen *g, uint32_t slot, uint32_t v)
{
    for (uint32_t k = 0; k < g->n_wait; k++) {
        struct nan_place *p = &g->wait[k].place;

        for (uint32_t j = 0; j < p->n_slots; j++) {
            if (p->slot[j] == slot)
                p->slot[j] = p->slot[--p->n_slots];
        }
        if (g->wait[k].v == v)
            p->slot[p->n_slots++] = (uint16_t)slot;
    }
}

static struct xrm slot_at(const struct gen *g, const struct nan_place *p, uint32_t j)
{
    return xm(RBP, SOFF(&g->b->guest->slots[p->slot[j]]));
}

static struct xrm spill_at(const struct nan_place *p)
{
    return xm(RSP, (int32_t)(p->spill - 1) * 8);
}

static void where(const struct gen *g, struct nan_wait *w)
{
    const struct val *v = &g->v[w->v];

    w->place.regs = holders(g, w->v);
    w->place.spill = v->home == HOME_SPILL && v->last >= g->i ? v->where + 1 : 0;
}

static int anywhere(const struct nan_place *p)
{
    return p->regs || p->spill || p->n_slots;
}

/* Its register; or, the value loaded to x, that. */
static int to_register(struct gen *g, const struct nan_place *p, int x)
{
    if (p->regs)
        return __builtin_ctz(p->regs) - 16;
    xa_op(&g->a, p->type == XL_F32 ? XO_MOVSS : XO_MOVSD, 0, x,
          p->spill ? spill_at(p) : slot_at(g, p, 0));
    return x;
}

static void look(struct gen *g, struct cold *c, const struct nan_place *a,
                 const struct nan_place *b, int x)
{
    const struct nan_place *first = a->regs ? a : b, *second = a->regs ? b : a;
    int r = to_register(g, first, x);
    struct xrm m = a == b ? xr(r) : second->regs ? xr(__builtin_ctz(second->regs) - 16)
                   : second->spill ? spill_at(second) : slot_at(g, second, 0);

    xa_op(&g->a, a->type == XL_F32 ? XO_UCOMISS : XO_UCOMISD, 0, r, m);
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_P);
}

/* A register for those that are in none; taking it may move others. 0: not needed. */
static int scratch(struct gen *g)
{
    for (uint32_t k = 0; k < g->n_wait; k++) {
        where(g, &g->wait[k]);
        if (!g->wait[k].place.regs && anywhere(&g->wait[k].place))
            return ENC(g_xtmp(g));
    }
    return 0;
}

static void look_at_all(struct gen *g)
{
    const struct nan_place *first[2] = {NULL, NULL}; /* by type: one without a partner */
    struct cold *c = x86_cold(g, COLD_NANS);
    struct nan_place *place = &g->place[g->n_places];
    uint32_t shown = 0;
    int x = scratch(g);

    for (uint32_t k = g->n_wait; k-- > 0;) {
        struct nan_wait *w = &g->wait[k];
        int f32 = w->place.type == XL_F32;

        where(g, w);
        if (!anywhere(&w->place))
            continue; /* nobody can see it any more */
        place[c->n_places++] = w->place;
        if (!(shown >> k & 1)) {
            const struct nan_place *p = &place[c->n_places - 1];

            if (first[f32])
                look(g, c, first[f32], p, x);
            first[f32] = first[f32] ? NULL : p;
        }
        shown |= w->shows;
    }
    for (int f32 = 0; f32 < 2; f32++) {
        if (first[f32])
            look(g, c, first[f32], first[f32], x);
    }
    c->back = g->a.p;
    c->place = g->n_places;
    g->n_places += c->n_places;
    if (!c->n_sites)
        g->n_cold--;
}

/* `o` comes next; an exit, the last one, is never blind. */
void x86_nan_look(struct gen *g, const struct xl_op *o)
{
    if (g->n_wait && !blind(g, o)) {
        look_at_all(g);
        g->n_wait = 0;
        g->locked = 0;
    }
}

/* Mend one that is NaN; x15, if it is in no register, is lent for looking at it. */
static void mend(struct gen *g, const struct nan_place *p)
{
    int f32 = p->type == XL_F32, r = p->regs ? __builtin_ctz(p->regs) - 16 : 15;
    const uint64_t *nan = f32 ? g->c->k->nan32 : g->c->k->nan64;
    struct xrm save = xm(RBP, CELL(7));
    uint8_t *number;

    if (!p->regs) {
        xa_op(&g->a, XO_MOVUPS_ST, 0, r, save);
        to_register(g, p, r);
    }
    xa_op(&g->a, f32 ? XO_UCOMISS : XO_UCOMISD, 0, r, xr(r));
    number = xa_jcc8(&g->a, CC_NP);
    for (uint32_t m = p->regs | BIT(XMM(r)); m; m &= m - 1)
        xa_op(&g->a, XO_MOVSD, 0, __builtin_ctz(m) - 16, xmrip(nan));
    if (p->spill)
        xa_op(&g->a, XO_MOVSD_ST, 0, r, spill_at(p));
    for (uint32_t j = 0; j < p->n_slots; j++)
        xa_op(&g->a, g->b->guest->slots[p->slot[j]].type == XL_F32 ? XO_MOVSS_ST : XO_MOVSD_ST, 0,
              r, slot_at(g, p, j));
    xa_patch8(number, g->a.p);
    if (!p->regs)
        xa_op(&g->a, XO_MOVUPS, 0, r, save);
}

void x86_nan_emit(struct gen *g, const struct cold *c)
{
    for (uint32_t k = 0; k < c->n_places; k++)
        mend(g, &g->place[c->place + k]);
    xa_jmp_to(&g->a, c->back + g->a.rx);
}
