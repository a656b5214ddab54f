/* SPDX-License-Identifier: MIT */
/* plan.c - what code generation must know beforehand: four passes over a block.
 *
 * Names: ops that cost nothing share their operand's register (a repeated get, trunc, box32, moves;
 * unbox32 of what was boxed or checked before); `rep` is the op that stands for them.
 * Uses, from the end: the last reader of each value; what nobody reads is not computed. A
 * `set` whose only reader is a branch or a selection is left to that reader (`defer`).
 * Wants: a value that is put to a pinned slot is computed in that slot's register, if
 * nothing between its computation and the put can see the slot's old content.
 * Accesses: which ones have another one off the same base behind them (`again`).
 */
#include "x86.h"

#include <string.h>

static const struct xl_helper *helper_of(const struct gen *g, const struct xl_op *o)
{
    return &g->b->guest->helpers[g->b->call[o->imm].helper];
}

/* ---- Names ------------------------------------------------------------------------- */

static uint32_t name_unbox(struct gen *g, uint32_t i, uint32_t a, uint32_t *checked)
{
    if (xl_result(&g->b->op[a]) == XL_F32)
        return a;
    if (checked[a] != NO_VALUE)
        return checked[a];
    checked[a] = i;
    return i;
}

static void names(struct gen *g)
{
    uint32_t checked[XL_MAX_OPS]; /* F64 value: the unbox32 of it */
    uint32_t n_slots = g->b->guest->n_slots, *cur = g->slot_cur;

    memset(checked, 0xff, g->b->n_ops * sizeof(checked[0]));
    memset(cur, 0xff, n_slots * sizeof(*cur));
    for (uint32_t i = 0; i < g->b->n_ops; i++) {
        const struct xl_op *o = &g->b->op[i];
        struct val *v = &g->v[i];

        *v = (struct val){.rep = i, .reg = -1, .want = -1};
        switch (o->op) {
        case XL_OP_get:
            if (cur[o->imm] == NO_VALUE)
                cur[o->imm] = i;
            v->rep = cur[o->imm];
            break;
        case XL_OP_put: cur[o->imm] = g->v[o->a].rep; break;
        case XL_OP_trunc: v->rep = g->v[o->a].rep; break;
        case XL_OP_fsgnj:
            if (g->v[o->a].rep == g->v[o->b].rep)
                v->rep = g->v[o->a].rep; /* a move */
            break;
        case XL_OP_box32:
            if (g->b->op[g->v[o->a].rep].op != XL_OP_const)
                v->rep = g->v[o->a].rep;
            break;
        case XL_OP_unbox32: v->rep = name_unbox(g, i, g->v[o->a].rep, checked); break;
        case XL_OP_call:
            if (helper_of(g, o)->flags & XL_H_STATE)
                memset(cur, 0xff, n_slots * sizeof(*cur));
            break;
        default: break;
        }
    }
}

/* ---- Uses --------------------------------------------------------------------------- */

static void use(struct gen *g, uint32_t x, uint32_t i)
{
    struct val *v = &g->v[g->v[x].rep];

    v->uses++;
    if (v->last < i)
        v->last = i;
}

/* Does op `o` compare by itself when its operand a is a `set`? */
static int fuses(const struct gen *g, const struct xl_op *o)
{
    const struct xl_op *k;

    if (o->op == XL_OP_sel)
        return 1;
    if (o->op != XL_OP_brc || o->flags > XL_C_NE)
        return 0;
    k = &g->b->op[g->v[o->b].rep];
    return k->op == XL_OP_const && k->imm == 0;
}

static void uses(struct gen *g)
{
    uint32_t reader[XL_MAX_OPS]; /* of a `set`: the op that would fuse with it */

    memset(reader, 0xff, g->b->n_ops * sizeof(reader[0]));
    for (uint32_t i = g->b->n_ops; i-- > 0;) {
        const struct xl_op *o = &g->b->op[i];
        struct val *v = &g->v[i];
        uint32_t n = xl_operands(o->op), at = i;

        if (v->rep != i || (v->uses == 0 && !(xl_opinfo[o->op].flags & (XL_E | XL_F))))
            continue;
        if (o->op == XL_OP_set && v->uses == 1 && reader[i] != NO_VALUE) {
            v->defer = 1;
            at = reader[i];
        }
        if (fuses(g, o))
            reader[g->v[o->a].rep] = i;
        if (n > 0)
            use(g, o->a, at);
        if (n > 1)
            use(g, o->b, at);
        if (n > 2)
            use(g, o->c, at);
        if (o->op == XL_OP_call) {
            const struct xl_call *c = &g->b->call[o->imm];

            for (uint32_t j = 0; j < c->n_args; j++)
                use(g, c->arg[j], i);
        }
    }
}

/* ---- Wants --------------------------------------------------------------------------- */

static int computed(uint32_t op)
{
    return op != XL_OP_const && op != XL_OP_get && op != XL_OP_pc;
}

static void wants(struct gen *g)
{
    uint32_t barrier = 0, *since = g->slot_since; /* index + 1 of what set the content */

    memset(since, 0, g->b->guest->n_slots * sizeof(*since));
    for (uint32_t i = 0; i < g->b->n_ops; i++) {
        const struct xl_op *o = &g->b->op[i];
        uint32_t r;

        if (o->op == XL_OP_get && g->v[i].rep == i)
            since[o->imm] = i + 1;
        if ((xl_opinfo[o->op].flags & XL_F) || o->op == XL_OP_call || o->op == XL_OP_brc ||
            o->op == XL_OP_poll)
            barrier = i;
        if (o->op != XL_OP_put)
            continue;
        r = g->v[o->a].rep;
        if (g->t->slot_reg[o->imm] >= 0 && g->v[r].want < 0 && computed(g->b->op[r].op) &&
            barrier <= r && since[o->imm] <= r)
            g->v[r].want = g->t->slot_reg[o->imm];
        since[o->imm] = i + 1;
    }
}

/* ---- Repeated accesses ------------------------------------------------------------------ */

static int may_flush(const struct gen *g, const struct xl_op *o)
{
    if (o->op == XL_OP_call)
        return (helper_of(g, o)->flags & (XL_H_FAULT | XL_H_STATE)) != 0;
    return o->op == XL_OP_rmw || o->op == XL_OP_cas || o->op == XL_OP_ll || o->op == XL_OP_sc;
}

static void accesses(struct gen *g)
{
    uint32_t seen[XL_MAX_OPS], epoch = 1; /* by base: the epoch of its next access */

    memset(seen, 0, g->b->n_ops * sizeof(seen[0]));
    for (uint32_t i = g->b->n_ops; i-- > 0;) {
        const struct xl_op *o = &g->b->op[i];

        if (may_flush(g, o)) {
            epoch++;
        } else if (o->op == XL_OP_ld || o->op == XL_OP_st) {
            uint32_t base = g->v[o->a].rep;

            g->v[i].again = seen[base] == epoch;
            seen[base] = epoch;
        }
    }
}

void x86_plan(struct gen *g)
{
    names(g);
    uses(g);
    wants(g);
    accesses(g);
}
