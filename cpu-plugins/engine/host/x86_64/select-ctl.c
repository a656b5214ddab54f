/* SPDX-License-Identifier: MIT */
/* select-ctl.c - instruction marks, polls, helpers, branches, exits.
 *
 * A direct exit that may be linked is one jump whose displacement x86_set_link() changes;
 * until it is linked it leads to cold code that tells the run time which exit was taken.
 * The others go through the jump cache.
 */
#include "x86.h"

#include <string.h>

/* Pad so that the displacement behind an opcode of `n` bytes lies in an aligned quadword.
 * The padding goes in front of `cmp`, if given: compare and branch stay together. */
static void align_site(struct gen *g, uint32_t n, uint8_t *cmp)
{
    uint32_t at = (uint32_t)((uintptr_t)g->a.p + n) & 7u, len;
    uint8_t copy[16];

    if (at <= 4)
        return;
    len = cmp ? (uint32_t)(g->a.p - cmp) : 0;
    if (len > sizeof(copy))
        len = 0;
    g->a.p -= len;
    memcpy(copy, g->a.p, sizeof(copy)); /* all of it: no call, and there is room */
    xa_nop(&g->a, 8 - at);
    memcpy(g->a.p, copy, sizeof(copy));
    g->a.p += len;
}

/* The unit's next link; NULL when there is none, or the target must not be linked. */
static struct xl_link *new_link(struct gen *g, int64_t target)
{
    struct xl_unit *u = g->u;
    struct xl_link *l;
    struct cold *c;

    if (!xl_linkable(g->b->guest, g->e->direct, target) || u->n_links >= u->max_links)
        return NULL;
    l = &u->link[u->n_links];
    l->from = u;
    l->to = NULL;
    l->next = NULL;
    l->target = target;
    c = x86_cold(g, COLD_LINK);
    c->delta = target;
    c->src.disp = (int32_t)u->n_links++;
    return l;
}

/* Jump, or conditionally, to pcb + target. The site's cold path is its first destination. */
static void direct(struct gen *g, int cc, int64_t target)
{
    struct xl_link *l = new_link(g, target);
    struct cold *c;

    if (l) {
        c = &g->cold[g->n_cold - 1];
        align_site(g, cc < 0 ? 1 : 2, cc < 0 ? NULL : g->cmp);
        l->site = cc < 0 ? xa_jmp(&g->a) : xa_jcc(&g->a, cc);
        c->site[c->n_sites++] = l->site;
    } else if (cc < 0) {
        x86_pc(g, RAX, target);
        x86_jump_cache(&g->a, g->c);
    } else {
        c = x86_cold(g, COLD_FAR);
        c->delta = target;
        c->site[c->n_sites++] = xa_jcc(&g->a, cc);
    }
}

int x86_tests_bits(const struct gen *g, const struct xl_op *o)
{
    uint64_t k;
    int32_t imm;

    return o->op == XL_OP_and && g_const(g, o->b, &k) &&
           (k == (uint32_t)k || g_imm32(g, o->b, o->type == XL_I64, &imm));
}

/* Bits of the low byte, of the low half, or of all that the constant extends to. */
static void test_bits(struct gen *g, const struct xl_op *o)
{
    struct xrm rm = g_rm(g, o->a);
    uint64_t k = 0;

    g_const(g, o->b, &k);
    if (o->type == XL_I32)
        k = (uint32_t)k;
    g->cmp = g->a.p;
    if (k <= 0xff)
        xa_opi(&g->a, XO_TEST8_I, 0, 0, rm, (int32_t)k, 1);
    else
        xa_opi(&g->a, XO_TEST_I, k != (uint32_t)k, 0, rm, (int32_t)(uint32_t)k, 4);
}

static void brc(struct gen *g, const struct xl_op *o)
{
    uint32_t a = g_rep(g, o->a);
    const struct xl_op *s = &g->b->op[a];
    int cc;

    if (g->v[a].defer && s->op == XL_OP_and) {
        test_bits(g, s);
        cc = o->flags == XL_C_EQ ? CC_E : CC_NE;
    } else if (g->v[a].defer) {
        cc = x86_compare(g, s->flags, s->type == XL_I64, s->a, s->b);
        if (o->flags == XL_C_EQ)
            cc ^= 1;
    } else {
        cc = x86_compare(g, o->flags, o->type == XL_I64, o->a, o->b);
    }
    direct(g, cc, o->imm);
}

static void leave_state(struct gen *g, int reg)
{
    xa_op(&g->a, XO_MOV_ST, 1, reg, xm(RBP, VOFF(pc)));
    xa_jmp_to(&g->a, g->c->leave_state);
}

static void exit_direct(struct gen *g, const struct xl_op *o)
{
    if (o->flags == XL_K_STATE) {
        x86_pc(g, RAX, o->imm);
        leave_state(g, RAX);
    } else {
        direct(g, -1, o->imm);
    }
}

static void exit_indirect(struct gen *g, const struct xl_op *o)
{
    if (o->flags == XL_K_STATE) {
        leave_state(g, g_reg(g, o->a));
        return;
    }
    g_copy(g, RAX, o->a);
    if (g->b->guest->min_insn == 1) { /* pcs may be odd: not the mark of empty entries */
        xa_alui(&g->a, ALU_CMP, 1, xr(RAX), -1);
        xa_jcc_to(&g->a, CC_E, g->c->leave_lookup);
    }
    x86_jump_cache(&g->a, g->c);
}

/* A comparison of a register with memory is one operation together with its branch; one of memory
 * with a constant is two. */
static void poll(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_POLL);

    c->delta = (int64_t)o->c;
    xa_alu(&g->a, ALU_CMP, 0, RSP, xm(RBP, VOFF(poll)));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_B);
}

static void call(struct gen *g, const struct xl_op *o)
{
    const struct xl_call *l = &g->b->call[o->imm];
    const struct xl_helper *h = &g->b->guest->helpers[l->helper];

    for (uint32_t i = 0; i < l->n_args; i++) {
        struct carg arg[4] = {{.kind = CARG_NONE}};

        arg[i] = x86_arg(g, l->arg[i]); /* one at a time: temporaries are few */
        x86_call_args(g, arg, i + 1);
        g->locked = 0;
    }
    if (h->flags & (XL_H_FAULT | XL_H_STATE))
        g_forget_page(g);
    if (h->flags & XL_H_STATE)
        g_spill_all(g);
    xa_call_to(&g->a, g->c->helper[l->helper]);
    if (h->flags & XL_H_STATE)
        g_state_changed(g);
    if (h->type)
        x86_result(g, g_def(g), h->type);
}

void x86_sel_ctl(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_insn:
        g->delta = o->imm;
        x86_map_add(&g->map, (uint32_t)(g->a.p - g->start), g->delta);
        break;
    case XL_OP_poll: poll(g, o); break;
    case XL_OP_call: call(g, o); break;
    case XL_OP_brc: brc(g, o); break;
    case XL_OP_exit: exit_direct(g, o); break;
    default: exit_indirect(g, o); break;
    }
}
