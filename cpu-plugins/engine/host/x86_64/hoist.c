/* SPDX-License-Identifier: MIT */
/* hoist.c - what a unit that jumps to itself does once, before its loop.
 *
 * A single in a register for doubles counts as NaN unless the upper half is all ones (RISC-V "D",
 * 22.2). A loop looks at each such register again in each turn, at the cost of an arithmetic
 * operation or more, though many never change there. So the check and the unboxed copy stand before
 * the loop's head, where only those come by who enter the unit from elsewhere, and a temporary
 * keeps the copy through the loop. A jump to itself is linked to the head: link.c.
 *
 * Not modelled: other ops; more than MAX_KEPT values, the rest needs temporaries, too.
 */
#include "x86.h"

#define MAX_KEPT 2

int x86_is_loop(const struct xl_block *b)
{
    for (uint32_t i = 0; i < b->n_ops; i++) {
        const struct xl_op *o = &b->op[i];

        if ((o->op == XL_OP_brc || o->op == XL_OP_exit) &&
            o->imm == (int64_t)(b->pc & XL_PAGE_MASK))
            return 1;
    }
    return 0;
}

/* Does all of the block leave the slot as it is? */
static int unchanged(const struct gen *g, uint32_t slot)
{
    for (uint32_t i = 0; i < g->b->n_ops; i++) {
        const struct xl_op *o = &g->b->op[i];

        if ((o->op == XL_OP_put && (uint32_t)o->imm == slot) ||
            (o->op == XL_OP_call &&
             g->b->guest->helpers[g->b->call[o->imm].helper].flags & XL_H_STATE))
            return 0;
    }
    return 1;
}

/* As select-fmove.c's unbox(), from where the slot is at a unit's entry. */
static void unbox(struct gen *g, uint32_t slot, int d)
{
    struct cold *c = x86_cold(g, COLD_CONST);
    struct xrm m = xm(RBP, SOFF(&g->b->guest->slots[slot]));
    int pin = g->t->slot_reg[slot];

    if (pin >= 0) {
        xa_opi(&g->a, XO_PEXTRD, 0, ENC(pin), xr(RAX), 1, 1);
        xa_op(&g->a, XO_MOVAPS, 0, ENC(d), xr(ENC(pin)));
        xa_alui(&g->a, ALU_CMP, 0, xr(RAX), -1);
    } else {
        xa_op(&g->a, XO_MOVSD, 0, ENC(d), m);
        m.disp += 4;
        xa_alui(&g->a, ALU_CMP, 0, m, -1);
    }
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_NE);
    c->p = g->c->k->nan32;
    c->dst = (int8_t)d;
    c->back = g->a.p;
}

static void keep(struct gen *g, uint32_t v, uint32_t slot)
{
    int r = 31 - __builtin_clz(g->t->temps);

    unbox(g, slot, r);
    g->loop_target.temps &= ~BIT(r); /* nobody else's */
    g->rv[r] = v;
    g->v[v].reg = (int8_t)r;
    g->v[v].hi = g->v[v].kept = 1;
}

void x86_hoist(struct gen *g)
{
    uint32_t kept = 0;

    if (!x86_is_loop(g->b))
        return;
    g->loop_target = *g->t;
    g->t = &g->loop_target;
    for (uint32_t i = 0; i < g->b->n_ops && kept < MAX_KEPT; i++) {
        const struct xl_op *o = &g->b->op[i], *from;

        if (o->op != XL_OP_unbox32 || g->v[i].rep != i || !g->v[i].uses)
            continue;
        from = &g->b->op[g_rep(g, o->a)];
        if (from->op != XL_OP_get || !unchanged(g, (uint32_t)from->imm))
            continue;
        keep(g, i, (uint32_t)from->imm);
        kept++;
    }
    if (kept)
        g->a.head = g->a.p;
    g->a.n_begun = 0;
}
