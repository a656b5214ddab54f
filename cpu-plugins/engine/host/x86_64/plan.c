/* SPDX-License-Identifier: MIT */
/* plan.c - what code generation must know beforehand: four passes over a block.
 *
 * Names: ops that cost nothing share their operand's register (a repeated get, trunc, zext32 of
 * what 32-bit code computed, box32, moves;
 * unbox32 of what was boxed or checked before); `rep` is the op that stands for them.
 * Uses, from the end: the last reader of each value; what nobody reads is not computed.
 * What its only reader can do by itself is left to it (`defer`): a `set` to a branch or a
 * selection, an `and` to a branch on zero, a small shift to an addition, f2bits to a store.
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

enum { BOX = 1, VECTOR };

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

/* A scalar whose register is filled up in place, if that is not a constant's or a vector's
 * and nobody wants it filled up otherwise. */
static void name_filled(struct gen *g, uint32_t i, uint32_t a, uint8_t how, uint8_t *above)
{
    uint32_t r = g->v[a].rep;
    const struct xl_op *o = &g->b->op[r];

    if (o->op == XL_OP_const || xl_result(o) == XL_V128 || (above[r] && above[r] != how) ||
        xl_result(o) != xl_result(&g->b->op[a]))
        return;
    above[r] = how;
    g->v[i].rep = r;
}

/* Is the upper half zero of the register that this 32-bit op's code leaves its result in? What
 * writes 32 bits clears the rest; a shift by zero writes nothing. */
static int clears_upper(const struct gen *g, uint32_t v)
{
    const struct xl_op *o = &g->b->op[v], *k;

    if (o->type != XL_I32)
        return 0;
    switch (o->op) {
    case XL_OP_add: case XL_OP_sub: case XL_OP_mul: case XL_OP_and: case XL_OP_or:
    case XL_OP_xor: case XL_OP_andn: case XL_OP_not: case XL_OP_neg: case XL_OP_sel: return 1;
    case XL_OP_shl: case XL_OP_shr: case XL_OP_sar: case XL_OP_ror: case XL_OP_rol:
        k = &g->b->op[g->v[o->b].rep];
        return k->op != XL_OP_const || (k->imm & 31) != 0;
    default: return 0;
    }
}

static void names(struct gen *g)
{
    uint32_t checked[XL_MAX_OPS]; /* F64 value: the unbox32 of it */
    uint8_t above[XL_MAX_OPS]; /* what is above a scalar: 0 anything, BOX ones, VECTOR zeros */
    uint32_t n_slots = g->b->guest->n_slots, *cur = g->slot_cur;

    memset(checked, 0xff, g->b->n_ops * sizeof(checked[0]));
    memset(above, 0, g->b->n_ops);
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
        case XL_OP_zext32:
            if (clears_upper(g, g->v[o->a].rep))
                v->rep = g->v[o->a].rep;
            break;
        case XL_OP_fsgnj:
            if (g->v[o->a].rep == g->v[o->b].rep)
                v->rep = g->v[o->a].rep; /* a move */
            break;
        case XL_OP_box32:
            name_filled(g, i, o->a, BOX, above);
            break;
        case XL_OP_f2v: name_filled(g, i, o->a, VECTOR, above); break;
        case XL_OP_v2f: v->rep = g->v[o->a].rep; break;
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

static const struct xl_op *producer(const struct gen *g, uint32_t x)
{
    return &g->b->op[g->v[x].rep];
}

/* Which of its operands op `o` could compute by itself; NO_VALUE: none. */
static uint32_t fuses(const struct gen *g, const struct xl_op *o)
{
    const struct xl_op *p, *k;

    switch (o->op) {
    case XL_OP_sel: /* compares, then moves */
        return producer(g, o->a)->op == XL_OP_set ? o->a : NO_VALUE;
    case XL_OP_brc:
        k = producer(g, o->b);
        if (o->flags > XL_C_NE || k->op != XL_OP_const || k->imm != 0)
            return NO_VALUE;
        p = producer(g, o->a);
        return p->op == XL_OP_set || x86_tests_bits(g, p) ? o->a : NO_VALUE;
    case XL_OP_st: /* from the xmm register */
        p = producer(g, o->b);
        if (p->op != XL_OP_f2bits || (XL_MEM_OP(o->imm) & 7u) < 2)
            return NO_VALUE;
        return p->type == XL_F64 || (XL_MEM_OP(o->imm) & 7u) == 2 ? o->b : NO_VALUE;
    case XL_OP_add: /* lea with a scaled index */
        for (int i = 0; i < 2; i++) {
            p = producer(g, i ? o->a : o->b);
            if (p->op != XL_OP_shl || p->type != o->type || o->type != XL_I64)
                continue;
            k = producer(g, p->b);
            if (k->op == XL_OP_const && k->imm >= 1 && k->imm <= 3)
                return i ? o->a : o->b;
        }
        return NO_VALUE;
    default: return NO_VALUE;
    }
}

/* Does setfflags at i give back what fflags read before nothing but one comparison, which raises
 * flags for NaNs only? That is how compilers compare quietly on RISC-V. */
static void quiet_compare(struct gen *g, uint32_t i)
{
    uint32_t v = g->v[g->b->op[i].a].rep, found = 0;
    const struct xl_op *o = &g->b->op[v], *k;

    if (o->op == XL_OP_and) {
        k = producer(g, o->b);
        if (k->op != XL_OP_const || (k->imm & 0x1f) != 0x1f)
            return;
        v = g->v[o->a].rep;
        o = &g->b->op[v];
    }
    if (o->op != XL_OP_fflags || g->b->fp_mode & XL_FP_FZ) /* subnormals have a flag, too */
        return;
    for (uint32_t j = v + 1; j < i; j++) {
        o = &g->b->op[j];
        if (o->op == XL_OP_flt || o->op == XL_OP_fle || o->op == XL_OP_feq) {
            if (found)
                return;
            found = j + 1;
        } else if (o->op != XL_OP_put && o->op != XL_OP_insn && o->op != XL_OP_fflags &&
                   xl_opinfo[o->op].flags & (XL_E | XL_F)) {
            return;
        }
    }
    if (!found)
        return;
    g->v[i].compare = found;
    use(g, g->b->op[found - 1].a, i);
    use(g, g->b->op[found - 1].b, i);
}

static void uses(struct gen *g)
{
    uint32_t reader[XL_MAX_OPS]; /* the op that would fuse with it */

    memset(reader, 0xff, g->b->n_ops * sizeof(reader[0]));
    for (uint32_t i = g->b->n_ops; i-- > 0;) {
        const struct xl_op *o = &g->b->op[i];
        struct val *v = &g->v[i];
        uint32_t n = xl_operands(o->op), at = i, f;

        if (v->rep != i || (v->uses == 0 && !(xl_opinfo[o->op].flags & (XL_E | XL_F))))
            continue;
        if (v->uses == 1 && reader[i] != NO_VALUE) {
            v->defer = 1;
            at = reader[i];
        }
        if (o->op == XL_OP_setfflags)
            quiet_compare(g, i);
        f = v->defer ? NO_VALUE : fuses(g, o);
        if (f != NO_VALUE)
            reader[g->v[f].rep] = i;
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
            barrier <= r && since[o->imm] <= r &&
            (o->type == XL_V128 || xl_result(&g->b->op[r]) != XL_V128))
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
    uint32_t seen[XL_MAX_OPS], epoch = 1; /* by base: epoch and context of its next access */

    memset(seen, 0, g->b->n_ops * sizeof(seen[0]));
    for (uint32_t i = g->b->n_ops; i-- > 0;) {
        const struct xl_op *o = &g->b->op[i];

        if (may_flush(g, o)) {
            epoch++;
        } else if (o->op == XL_OP_ld || o->op == XL_OP_st) {
            uint32_t base = g->v[o->a].rep;
            uint32_t now = epoch * 2 + (XL_MEM_OP(o->imm) & XL_M_BESIDE ? 1 : 0);

            g->v[i].again = seen[base] == now;
            seen[base] = now;
        }
    }
}

void x86_plan(struct gen *g)
{
    names(g);
    uses(g);
    wants(g);
    if (!g->e->direct) /* without a lookup there is nothing to keep */
        accesses(g);
}
