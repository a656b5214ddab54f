/* SPDX-License-Identifier: MIT */
/* nan.c - results that may be NaN are looked at together, for guests with one NaN only.
 *
 * RISC-V wants its canonical NaN, the host gives another one. Nobody can tell until the value
 * is seen: stored, moved, in a register at a fault or an exit. Arithmetic and comparisons do not
 * see it, as any quiet NaN gives them the same number, or a NaN again, and the same flags. So a
 * result waits here while only such ops follow (a result that consumed another one is NaN if
 * that was), then one ucomis looks at two at once. The cold path looks at each.
 * Results in waiting stay in registers: waiting ends when temporaries become few.
 */
#include "x86.h"

#define FEW 3 /* temporaries that one of these ops may take */

static int free_temps(const struct gen *g)
{
    int n = 0;

    for (int r = 16; r < 32; r++) {
        uint32_t v = g->rv[r];

        if (g->t->temps & BIT(r))
            n += v == NO_VALUE || g->v[v].reg != r || g->v[v].last < g->i;
    }
    return n;
}

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

/* May the waiting go on beyond `o`? */
static int blind(const struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_fadd: case XL_OP_fsub: case XL_OP_fmul: case XL_OP_fdiv: case XL_OP_fsqrt:
        return (o->imm & 7) == XL_RM_DYN && !(g->b->fp_mode & XL_FP_FZ) &&
               g->n_wait < MAX_WAIT && free_temps(g) >= FEW;
    case XL_OP_feq: case XL_OP_flt: case XL_OP_fle: return free_temps(g) >= FEW;
    case XL_OP_put: /* a slot in memory would be seen */
        return g->t->slot_reg[o->imm] >= 0 && free_temps(g) >= FEW;
    case XL_OP_box32: case XL_OP_unbox32: /* a name, or another value's copy */
        return (g->v[g->i].rep != g->i || waits(g, g_rep(g, o->a)) < 0) && free_temps(g) >= FEW;
    case XL_OP_insn: case XL_OP_get: case XL_OP_const: case XL_OP_pc: case XL_OP_add:
    case XL_OP_sub: case XL_OP_and: case XL_OP_or: case XL_OP_xor: case XL_OP_shl:
    case XL_OP_shr: case XL_OP_sar: case XL_OP_sext32: case XL_OP_zext32: case XL_OP_trunc:
        return 1; /* no xmm register */
    default: return 0;
    }
}

void x86_nan_wait(struct gen *g, const struct xl_op *o)
{
    struct nan_wait *w = &g->wait[g->n_wait++];
    int n = (int)xl_operands(o->op), k;

    *w = (struct nan_wait){g->i, o->type, 0};
    for (int j = 0; j < n; j++) {
        k = waits(g, g_rep(g, j ? o->b : o->a));
        if (k >= 0 && o->op != XL_OP_f2f)
            w->shows |= 1u << k;
    }
}

static void look(struct gen *g, struct cold *c, uint32_t type, uint32_t a, uint32_t b)
{
    uint32_t code = type == XL_F32 ? XO_UCOMISS : XO_UCOMISD;

    xa_op(&g->a, code, 0, __builtin_ctz(holders(g, a)) - 16,
          xr(__builtin_ctz(holders(g, b)) - 16));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_P);
}

static void look_at_all(struct gen *g)
{
    uint32_t shown = 0, first[2] = {NO_VALUE, NO_VALUE}; /* by type: one without a partner */
    struct cold *c = x86_cold(g, COLD_NANS);

    for (uint32_t k = g->n_wait; k-- > 0;) {
        const struct nan_wait *w = &g->wait[k];
        int f32 = w->type == XL_F32;

        c->arg[k] = (struct carg){.kind = w->type, .imm = holders(g, w->v)};
        if (!c->arg[k].imm)
            continue; /* nobody can see it any more */
        shown |= w->shows;
        if (shown >> k & 1)
            continue;
        if (first[f32] == NO_VALUE) {
            first[f32] = w->v;
        } else {
            look(g, c, w->type, w->v, first[f32]);
            first[f32] = NO_VALUE;
        }
    }
    for (int f32 = 0; f32 < 2; f32++) {
        if (first[f32] != NO_VALUE)
            look(g, c, f32 ? XL_F32 : XL_F64, first[f32], first[f32]);
    }
    c->back = g->a.p;
    if (!c->n_sites)
        g->n_cold--;
}

/* `o` comes next; an exit, the last one, is never blind. */
void x86_nan_look(struct gen *g, const struct xl_op *o)
{
    if (g->n_wait && !blind(g, o)) {
        look_at_all(g);
        g->n_wait = 0;
    }
}

void x86_nan_emit(struct gen *g, const struct cold *c)
{
    for (uint32_t k = 0; k < MAX_WAIT; k++) {
        uint32_t m = (uint32_t)c->arg[k].imm;
        int f32 = c->arg[k].kind == XL_F32, r;
        uint8_t *number;

        if (!m)
            continue;
        r = __builtin_ctz(m) - 16;
        xa_op(&g->a, f32 ? XO_UCOMISS : XO_UCOMISD, 0, r, xr(r));
        number = xa_jcc8(&g->a, CC_NP);
        for (; m; m &= m - 1)
            xa_op(&g->a, XO_MOVSD, 0, __builtin_ctz(m) - 16,
                  xmrip(f32 ? g->c->k->nan32 : g->c->k->nan64));
        xa_patch8(number, g->a.p);
    }
    xa_jmp_to(&g->a, c->back + g->a.rx);
}
