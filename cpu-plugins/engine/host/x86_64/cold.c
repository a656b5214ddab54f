/* SPDX-License-Identifier: MIT */
/* cold.c - code behind the unit's end: what is rarely taken, and how arguments travel.
 *
 * A cold path begins with the registers as they were at the jump to it. It changes none but
 * the result's, so the code behind `back` needs no care.
 */
#include "x86.h"

#include <assert.h>
#include <string.h>

struct cold *x86_cold(struct gen *g, int kind)
{
    struct cold *c = &g->cold[g->n_cold++];

    assert(g->n_cold <= sizeof(g->cold) / sizeof(g->cold[0]));
    memset(c, 0, offsetof(struct cold, arg));
    memset(c->arg, 0, sizeof(c->arg));
    c->kind = (uint8_t)kind;
    c->dst = c->kept_base = -1;
    c->delta = g->delta;
    return c;
}

/* ---- Arguments and results --------------------------------------------------------- */

struct carg x86_arg_imm(int64_t imm)
{
    return (struct carg){.kind = CARG_IMM, .imm = imm};
}

struct carg x86_arg(struct gen *g, uint32_t v)
{
    struct carg a = {.kind = CARG_GPR};
    uint64_t k;

    uint32_t type = xl_result(&g->b->op[v]);

    if (type != XL_V128 && g_const(g, v, &k)) /* an I32, an F32 may stand for a low part */
        return x86_arg_imm((int64_t)(type == XL_I32 || type == XL_F32 ? (uint32_t)k : k));
    switch (type) {
    case XL_I32: a.kind = CARG_I32; break;
    case XL_F32: a.kind = CARG_F32; break;
    case XL_F64: a.kind = CARG_F64; break;
    case XL_V128: a.kind = CARG_V128; break;
    default: break;
    }
    a.reg = (int8_t)g_reg(g, v);
    return a;
}

static void store_imm(struct xasm *a, int32_t at, int64_t imm)
{
    if (imm == (int32_t)imm) {
        xa_opi(a, XO_MOV_I, 1, 0, xm(RBP, at), (int32_t)imm, 4);
        return;
    }
    xa_opi(a, XO_MOV_I, 0, 0, xm(RBP, at), (int32_t)(uint32_t)imm, 4);
    xa_opi(a, XO_MOV_I, 0, 0, xm(RBP, at + 4), (int32_t)(imm >> 32), 4);
}

void x86_call_args(struct gen *g, const struct carg *arg, uint32_t n)
{
    struct xasm *a = &g->a;

    for (uint32_t i = 0; i < n; i++) {
        const struct carg *p = &arg[i];
        int32_t at = p->cell ? CELL(i + 1) : ARG(i + 1);
        struct xrm m = xm(RBP, at), high = xm(RBP, at + 4);

        switch (p->kind) {
        case CARG_GPR:
            xa_op(a, XO_MOV_ST, 1, p->reg, m);
            if (p->disp)
                xa_alui(a, ALU_ADD, 1, m, p->disp);
            break;
        case CARG_I32:
            xa_op(a, XO_MOV_ST, 0, p->reg, m);
            xa_opi(a, XO_MOV_I, 0, 0, high, 0, 4);
            break;
        case CARG_F32:
            xa_op(a, XO_MOVSS_ST, 0, ENC(p->reg), m);
            xa_opi(a, XO_MOV_I, 0, 0, high, 0, 4);
            break;
        case CARG_F64: xa_op(a, XO_MOVSD_ST, 0, ENC(p->reg), m); break;
        case CARG_IMM: store_imm(a, at, p->imm); break;
        case CARG_V128: xa_op(a, XO_MOVUPS_ST, 0, ENC(p->reg), xm(RBP, CELL(i + 1))); break;
        default: break;
        }
    }
}

void x86_result(struct gen *g, int dst, uint32_t type)
{
    struct xrm m = xm(RBP, ARG(ARG_RESULT));

    if (type == XL_V128)
        xa_op(&g->a, XO_MOVUPS, 0, ENC(dst), xm(RBP, CELL(0)));
    else if (IS_XMM(dst))
        xa_op(&g->a, type == XL_F32 ? XO_MOVSS : XO_MOVSD, 0, ENC(dst), m);
    else
        xa_op(&g->a, XO_MOV, 1, dst, m);
}

void x86_pc(struct gen *g, int reg, int64_t delta)
{
    if (g->e->direct) {
        xa_movi(&g->a, reg, (g->b->pc & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)delta);
        return;
    }
    if (delta == (int32_t)delta) {
        xa_op(&g->a, XO_MOV, 1, reg, xm(RBP, VOFF(pcb)));
        if (delta)
            xa_alui(&g->a, ALU_ADD, 1, xr(reg), (int32_t)delta);
    } else {
        xa_movi(&g->a, reg, (uint64_t)delta);
        xa_alu(&g->a, ALU_ADD, 1, reg, xm(RBP, VOFF(pcb)));
    }
}

/* ---- Paths ---------------------------------------------------------------------------- */

static const uint8_t *rx(const struct gen *g, const uint8_t *p)
{
    return p + g->a.rx;
}

static void emit_call(struct gen *g, struct cold *c)
{
    if (c->lookup) {
        c->n_sites = 0;
        x86_tlb_lookup(g, c->arg[0].reg, c->arg[0].disp, c, c->add, c->page,
                       c->add);
        xa_jmp_to(&g->a, rx(g, c->resume));
        xa_patch(c->site[0], g->a.p);
    }
    x86_map_add(&g->map, (uint32_t)(g->a.p - g->start), c->delta);
    x86_call_args(g, c->arg, 5);
    xa_call_to(&g->a, c->thunk);
    if (c->dst >= 0)
        x86_result(g, c->dst, c->dst_type);
    if (c->kept_base >= 0) { /* C may have flushed it: out of reach */
        xa_mov(&g->a, 1, c->kept, c->kept_base);
        xa_opi(&g->a, XO_BTC_I, 1, 7, xr(c->kept), 63, 1);
    }
    xa_jmp_to(&g->a, rx(g, c->back));
}

/* rax: dividend; c->src: divisor, 0 or, in signed divisions, -1. */
static void emit_div(struct gen *g, const struct cold *c)
{
    struct xasm *a = &g->a;
    uint8_t *minus_one = NULL;

    if (c->op == XL_OP_divs || c->op == XL_OP_rems) {
        xa_op(a, XO_TEST, c->w, c->src.reg, c->src);
        minus_one = xa_jcc8(a, CC_NE);
    }
    if (c->dst == RAX)
        xa_opi(a, XO_MOV_I, 1, 0, xr(RAX), -1, 4);
    else
        xa_mov(a, c->w, RDX, RAX);
    xa_jmp_to(a, rx(g, c->back));
    if (!minus_one)
        return;
    xa_patch8(minus_one, a->p);
    if (c->dst == RAX)
        xa_op(a, XO_UNARY, c->w, 3, xr(RAX));
    else
        xa_alu(a, ALU_XOR, 0, RDX, xr(RDX));
    xa_jmp_to(a, rx(g, c->back));
}

static void emit_link(struct gen *g, const struct cold *c)
{
    struct xl_link *l = &g->u->link[c->src.disp];

    l->cold = (uint8_t *)(uintptr_t)rx(g, g->a.p);
    xa_movi(&g->a, RAX, (uintptr_t)l);
    if (!g->e->direct)
        xa_movi(&g->a, RDX, (uint32_t)c->delta);
    xa_jmp_to(&g->a, g->c->leave_link);
}

void x86_cold_emit(struct gen *g)
{
    for (uint32_t i = 0; i < g->n_cold; i++) {
        struct cold *c = &g->cold[i];

        if (!c->n_sites) /* an access whose base was looked at before */
            continue;
        for (uint32_t j = 0; j < c->n_sites; j++)
            xa_patch(c->site[j], g->a.p);
        switch (c->kind) {
        case COLD_CALL: emit_call(g, c); break;
        case COLD_CONST:
            xa_op(&g->a, XO_MOVSD, 0, ENC(c->dst), xmrip(c->p));
            xa_jmp_to(&g->a, rx(g, c->back));
            break;
        case COLD_NANS: x86_nan_emit(g, c); break;
        case COLD_DIV: emit_div(g, c); break;
        case COLD_FLAGS: x86_flags_emit(g, c); break;
        case COLD_LINK: emit_link(g, c); break;
        case COLD_FAR:
            x86_pc(g, RAX, c->delta);
            xa_jmp_to(&g->a, g->c->jump);
            break;
        default:
            x86_pc(g, RAX, c->delta);
            xa_op(&g->a, XO_MOV_ST, 1, RAX, xm(RBP, VOFF(pc)));
            xa_jmp_to(&g->a, g->c->leave_poll);
            break;
        }
    }
}
