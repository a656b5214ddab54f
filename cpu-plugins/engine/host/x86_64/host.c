/* SPDX-License-Identifier: MIT */
/* host.c - the x86-64 back end: one pass over a block's ops makes its code.
 *
 * x86-64-v2 (SSE4.1, POPCNT) is required; BMI, AVX, FMA, PCLMULQDQ and FSGSBASE are used
 * when they are there. A unit's code is its ops in order, then its cold paths.
 *
 * Not modelled: 256-bit slots (a block that has them is refused), counting of instructions
 * (x->insns, x->budget stay as they are), return prediction.
 */
#include "x86.h"

#include "../../cache/cache.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define MIN_CODE (1u << 20)

static void fini(struct xl_engine *e)
{
    struct x86_code *c = e->code;

    if (!c)
        return;
    if (c->gen)
        free(c->gen->slot_val);
    free(c->gen);
    free(c->helper);
    x86_target_fini(&c->t);
    x86_mem_fini(&c->mem);
    free(c);
    e->code = NULL;
}

static int new_gen(struct x86_code *c, const struct xl_engine *e)
{
    uint32_t n = e->guest->n_slots ? e->guest->n_slots : 1;
    struct gen *g = calloc(1, sizeof(*g));

    c->gen = g;
    if (!g)
        return PB_ENOMEM;
    g->slot_val = calloc(3 * (size_t)n, sizeof(*g->slot_val));
    if (!g->slot_val)
        return PB_ENOMEM;
    g->slot_cur = g->slot_val + n;
    g->slot_since = g->slot_cur + n;
    g->c = c;
    g->t = &c->t;
    g->e = e;
    return PB_OK;
}

static int init(struct xl_engine *e)
{
    struct x86_code *c = calloc(1, sizeof(*c));
    uint64_t bytes = e->code_bytes > MIN_CODE ? e->code_bytes : MIN_CODE;
    int r;

    if (!c)
        return PB_ENOMEM;
    e->code = c;
    c->direct = e->direct;
    if (bytes > (uint64_t)1 << 30)
        bytes = (uint64_t)1 << 30; /* displacements have 32 bits */
    r = x86_target_init(&c->t, e->guest, e->direct);
    if (r == PB_OK && (c->t.features & (XF_SSE41 | XF_POPCNT)) != (XF_SSE41 | XF_POPCNT))
        r = PB_ENOTSUP;
    if (r == PB_OK)
        r = x86_mem_init(&c->mem, (size_t)bytes);
    if (r == PB_OK)
        r = new_gen(c, e);
    if (r == PB_OK)
        r = x86_thunks(c, e);
    if (r != PB_OK)
        fini(e);
    return r;
}

static void reset(struct xl_engine *e)
{
    struct x86_code *c = e->code;

    x86_mem_reset(&c->mem);
}

/* ---- One op ------------------------------------------------------------------------- */

static void select_op(struct gen *g, const struct xl_op *o)
{
    if (o->op >= XL_OP_vmake) {
        x86_sel_vec(g, o);
        return;
    }
    switch (o->op) {
    case XL_OP_nop: case XL_OP_trunc: break;
    case XL_OP_const: g->v[g->i].home = HOME_CONST; break;
    case XL_OP_pc: g->v[g->i].home = HOME_PC; break;
    case XL_OP_get: g_get(g, (uint32_t)o->imm); break;
    case XL_OP_put: g_put(g, (uint32_t)o->imm, o->a); break;
    case XL_OP_add: case XL_OP_sub: case XL_OP_mul: case XL_OP_and: case XL_OP_or:
    case XL_OP_xor: case XL_OP_andn: case XL_OP_orn: case XL_OP_xnor: case XL_OP_not:
    case XL_OP_neg: case XL_OP_mins: case XL_OP_maxs: case XL_OP_minu: case XL_OP_maxu:
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32: case XL_OP_zext8:
    case XL_OP_zext16: case XL_OP_zext32: case XL_OP_set: case XL_OP_sel:
        x86_sel_int(g, o);
        break;
    case XL_OP_shl: case XL_OP_shr: case XL_OP_sar: case XL_OP_rol: case XL_OP_ror:
        x86_sel_shift(g, o);
        break;
    case XL_OP_mulhs: case XL_OP_mulhu: case XL_OP_mulhsu: case XL_OP_divs: case XL_OP_divu:
    case XL_OP_rems: case XL_OP_remu:
        x86_sel_mul(g, o);
        break;
    case XL_OP_clz: case XL_OP_ctz: case XL_OP_popcnt: case XL_OP_bswap: case XL_OP_orcb:
    case XL_OP_clmul: case XL_OP_clmulh:
        x86_sel_bits(g, o);
        break;
    case XL_OP_ld: case XL_OP_st: case XL_OP_fence: x86_sel_mem(g, o); break;
    case XL_OP_rmw: case XL_OP_cas: case XL_OP_ll: case XL_OP_sc: x86_sel_atomic(g, o); break;
    case XL_OP_fadd: case XL_OP_fsub: case XL_OP_fmul: case XL_OP_fdiv: case XL_OP_fsqrt:
    case XL_OP_fma: case XL_OP_fmin: case XL_OP_fmax: case XL_OP_fminnm: case XL_OP_fmaxnm:
    case XL_OP_frint:
        x86_sel_fp(g, o);
        break;
    case XL_OP_feq: case XL_OP_flt: case XL_OP_fle: case XL_OP_f2i: case XL_OP_i2f:
    case XL_OP_f2f: case XL_OP_fcmp: case XL_OP_fflags: case XL_OP_setfflags:
        x86_sel_cvt(g, o);
        break;
    case XL_OP_fclass: case XL_OP_fneg: case XL_OP_fabs: case XL_OP_fsgnj: case XL_OP_fsgnjn:
    case XL_OP_fsgnjx: case XL_OP_f2bits: case XL_OP_bits2f: case XL_OP_box32:
    case XL_OP_unbox32:
        x86_sel_fmove(g, o);
        break;
    default: x86_sel_ctl(g, o); break;
    }
}

/* Is there nothing to do for it? Unread values without effects, and second names, but
 * box32 and f2v, which may have to fill up their operand's register. */
static int skip(const struct gen *g, const struct xl_op *o)
{
    const struct val *v = &g->v[g->i];

    if (v->rep != g->i)
        return o->op != XL_OP_box32 && o->op != XL_OP_f2v;
    if (v->defer || v->kept)
        return 1;
    return v->uses == 0 && !(xl_opinfo[o->op].flags & (XL_E | XL_F));
}

static int known_types(const struct xl_block *b)
{
    for (uint32_t i = 0; i < b->n_ops; i++) {
        if (b->op[i].type > XL_V128)
            return 0;
    }
    return 1;
}

static void begin(struct xl_engine *e, struct gen *g, const struct xl_block *b,
                  struct xl_unit *u, uint32_t later)
{
    g->b = b;
    g->u = u;
    g->t = &g->c->t;
    x86_mem_own(&g->c->mem, &e->code_borrowed);
    g->n_cold = g->n_spills = g->n_wait = g->n_places = 0;
    g->locked = g->flags_live = 0;
    g->prefer = UINT32_MAX;
    g_forget_page(g);
    g->delta = (int64_t)(b->pc & XL_PAGE_MASK);
    memset(g->rv, 0xff, sizeof(g->rv));
    memset(g->slot_val, 0xff, b->guest->n_slots * sizeof(*g->slot_val));
    x86_map_begin(&g->map);
    x86_mem_begin(&g->c->mem, &g->a, later);
    g->start = g->a.head = g->a.p;
    u->n_links = 0;
}

static int finish(struct xl_engine *e, struct gen *g, struct xl_unit *u)
{
    uint8_t *code = g->start + g->a.rx;

    u->code_size = (uint32_t)(g->a.p - g->start);
    u->code = code;
    u->head = (uint32_t)(g->a.head - g->start);
    u->map = xl_arena(e, g->map.n); /* freed with the unit */
    if (!u->map)
        return PB_ENOMEM;
    memcpy(u->map, g->map.b, g->map.n);
    u->map_size = g->map.n;
    return x86_mem_commit(&g->c->mem, &g->a, u);
}

static void generate(struct xl_engine *e, struct gen *g, const struct xl_block *b,
                     struct xl_unit *u, uint32_t later)
{
    begin(e, g, b, u, later);
    x86_plan(g);
    x86_hoist(g);
    for (g->i = 0; g->i < b->n_ops; g->i++) {
        const struct xl_op *o = &b->op[g->i];

        if (skip(g, o))
            continue;
        x86_nan_look(g, o);
        select_op(g, o);
        x86_end_op(g);
    }
    g->hot_end = g->a.p;
    x86_cold_emit(g);
}

static int compile(struct xl_engine *e, const struct xl_block *b, struct xl_unit *u)
{
    struct x86_code *c = e->code;
    struct gen *g = c->gen;
    uint32_t later;
    int r;

    if (!known_types(b))
        return PB_ENOTSUP;
    generate(e, g, b, u, 0);
    later = x86_place(g);
    if (later)
        generate(e, g, b, u, later);
    r = finish(e, g, u);
    if (r != PB_OK) {
        u->code = NULL;
        u->n_links = 0;
        return r;
    }
    if (e->log & XL_LOG_OUT_ASM)
        x86_dump(e, u);
    return PB_OK;
}

XL_NEAR static int enter(struct xl_vcpu *x, void *code)
{
    return ((struct x86_code *)x->engine->code)->enter(x, code);
}

XL_NEAR static void leave(struct xl_vcpu *x)
{
    ((struct x86_code *)x->engine->code)->leave(x);
}

static struct xl_unit *find_unit(struct xl_engine *e, uintptr_t host_pc)
{
    return x86_mem_find(&((struct x86_code *)e->code)->mem, host_pc);
}

/* Of the guest's registers only those in host registers are not where C code wants them. */
static int rescue(struct xl_vcpu *x, void *ucontext, uint64_t *pc)
{
    static const uint8_t greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                     REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11,
                                     REG_R12, REG_R13, REG_R14, REG_R15};
    const struct x86_code *c = x->engine->code;
    ucontext_t *uc = ucontext;
    uintptr_t at = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
    const struct xl_unit *u = find_unit(x->engine, at);
    int64_t delta;

    if (!u || x86_find_pc(u, at, &delta) != PB_OK)
        return 0;
    for (uint32_t i = 0; i < c->t.n_pins; i++) {
        const struct x86_pin *p = &c->t.pin[i];
        uint8_t *slot = (uint8_t *)x + RBP_BIAS + p->off;
        size_t n = p->type == XL_I32 || p->type == XL_F32 ? 4 : p->type == XL_V128 ? 16 : 8;

        if (IS_XMM(p->reg))
            memcpy(slot, &uc->uc_mcontext.fpregs->_xmm[ENC(p->reg)], n);
        else
            memcpy(slot, &uc->uc_mcontext.gregs[greg[p->reg]], n);
    }
    x->mxcsr = uc->uc_mcontext.fpregs->mxcsr | CSR_MASKS;
    x->fp_known = 0;
    uc->uc_mcontext.fpregs->mxcsr = x->mxcsr_host;
    *pc = xl_pcb(x, u) + (uint64_t)delta;
    return 1;
}

XL_NEAR static void fork_code(struct xl_engine *e)
{
    if (!e->code_borrowed) /* each write copies a page */
        e->code_borrowed = 1;
}

const struct xl_host xl_host_x86_64 = {
    .name = "x86_64",
    .init = init,
    .fini = fini,
    .compile = compile,
    .set_link = x86_set_link,
    .reset = reset,
    .enter = enter,
    .leave = leave,
    .find_pc = x86_find_pc,
    .find_unit = find_unit,
    .rescue = rescue,
    .fp_trap = x86_fp_trap,
    .fork = fork_code,
};
