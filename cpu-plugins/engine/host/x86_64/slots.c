/* SPDX-License-Identifier: MIT */
/* slots.c - gets and puts: what a slot's register or memory holds, and who must leave it.
 *
 * A pinned slot is its register: a get of it costs nothing, a put is a move unless the value
 * was computed there. Other slots are memory: a get waits for the first use, a put stores at
 * once. A value that is still wanted when its slot is put again moves away first.
 */
#include "x86.h"

static int is_float(uint32_t type)
{
    return type == XL_F32 || type == XL_F64 || type == XL_V128;
}

/* May the slot hold all of v, as v's home or by its register? */
static int holds_all(const struct gen *g, const struct xl_slot *s, uint32_t v)
{
    return s->type == XL_V128 || xl_result(&g->b->op[v]) != XL_V128;
}

void g_get(struct gen *g, uint32_t slot)
{
    struct val *p = &g->v[g->i];
    int r = g->t->slot_reg[slot];

    if (p->rep != g->i)
        return;
    if (r >= 0) {
        g_bind(g, r, g->i);
        return;
    }
    p->home = HOME_SLOT;
    p->where = slot;
    g->slot_val[slot] = g->i;
}

/* A slot's memory is about to change: whoever lives there moves into a register. */
static void leave_slot(struct gen *g, uint32_t slot, uint32_t but)
{
    uint32_t w = g->slot_val[slot];

    g->slot_val[slot] = NO_VALUE;
    if (w == NO_VALUE || w == but)
        return;
    if (g->v[w].last > g->i)
        g_reg(g, w);
    g->v[w].home = HOME_NONE;
}

static void put_memory(struct gen *g, uint32_t slot, uint32_t v)
{
    const struct xl_slot *s = &g->b->guest->slots[slot];
    struct xrm m = xm(RBP, SOFF(s));
    struct val *p = &g->v[v];
    int32_t imm;
    int r;

    if (p->home == HOME_SLOT && p->where == slot)
        return; /* it is there */
    if (g->n_wait)
        x86_nan_put(g, slot, v);
    if (!is_float(s->type) && p->reg < 0 && g_imm32(g, v, s->type == XL_I64, &imm)) {
        leave_slot(g, slot, v);
        xa_opi(&g->a, XO_MOV_I, s->type == XL_I64, 0, m, imm, 4);
        return;
    }
    r = g_reg(g, v);
    leave_slot(g, slot, v);
    if (IS_XMM(r))
        xa_op(&g->a, s->type == XL_V128 ? XO_MOVUPS_ST
                     : s->type == XL_F64 ? XO_MOVSD_ST : XO_MOVSS_ST, 0, ENC(r), m);
    else
        xa_op(&g->a, XO_MOV_ST, s->type == XL_I64, r, m);
    if (p->home == HOME_NONE && s->type != XL_I32 && s->type != XL_F32 && holds_all(g, s, v)) {
        p->home = HOME_SLOT;
        p->where = slot;
        g->slot_val[slot] = v;
    }
}

void g_put(struct gen *g, uint32_t slot, uint32_t x)
{
    uint32_t v = g->v[x].rep;
    struct val *p = &g->v[v];
    int r = g->t->slot_reg[slot], from;

    if (r < 0) {
        put_memory(g, slot, v);
        return;
    }
    if (p->reg == r || g->rv[r] == v) {
        g->rv[r] = v;
        return;
    }
    from = p->reg;
    if (from >= 0)
        g->locked |= BIT(from);
    g_give_up(g, r, 1);
    g_copy(g, r, v);
    g->rv[r] = v;
    /* What must keep its upper half does not live in a slot that is saved by half. */
    if ((g->b->guest->slots[slot].type == XL_F32 && p->hi) ||
        !holds_all(g, &g->b->guest->slots[slot], v))
        return;
    if (from < 0 || (g->t->temps & BIT(from))) {
        if (from >= 0) {
            g->rv[from] = NO_VALUE;
            g->locked &= ~BIT(from);
        }
        p->reg = (int8_t)r;
    }
}

void g_spill_all(struct gen *g)
{
    for (uint32_t i = 0; i < g->t->n_pins; i++) {
        int r = g->t->pin[i].reg;
        uint32_t w = g->rv[r];

        if (w == NO_VALUE || g->v[w].reg != r || g->v[w].last <= g->i)
            continue;
        g_spill(g, w);
        g->v[w].reg = -1;
    }
    for (uint32_t s = 0; s < g->b->guest->n_slots; s++) {
        uint32_t locked = g->locked, w = g->slot_val[s];

        leave_slot(g, s, NO_VALUE);
        if (w != NO_VALUE && g->v[w].last > g->i)
            g_spill(g, w);
        g->locked = locked;
    }
}

void g_state_changed(struct gen *g)
{
    for (uint32_t i = 0; i < g->t->n_pins; i++) {
        int r = g->t->pin[i].reg;

        if (g->rv[r] != NO_VALUE && g->v[g->rv[r]].reg == r)
            g->v[g->rv[r]].reg = -1;
        g->rv[r] = NO_VALUE;
    }
}
