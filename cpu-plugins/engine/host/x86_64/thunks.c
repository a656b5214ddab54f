/* SPDX-License-Identifier: MIT */
/* thunks.c - the code that is made once: constants, entry, exits, calls out of units.
 * System V ABI for x86-64, 3.2 (registers, stack alignment).
 *
 * A unit runs on the stack of enter(), below XL_FRAME bytes of spill places; rsp is a
 * multiple of 16 there. A call out of a unit passes its arguments in x->spill[1] to [5] and
 * gets the result in x->spill[0], so that the unit gives up no register: the thunk keeps the
 * temporaries on the stack and the pinned registers in their slots, where C may look at
 * them. What C may leave by an exception (memory, helpers that fault) has all slots in
 * memory and the host's modes in MXCSR, so leave() has nothing to rescue.
 *
 * Not modelled: CET shadow stacks (leave() drops return addresses).
 */
#include "x86.h"

#include "../../interp/vec.h"

#include <stdlib.h>
#include <string.h>

#define CALLEE_SAVED (BIT(RBX) | BIT(R12) | BIT(R13) | BIT(R14) | BIT(R15))

static const uint8_t *here(const struct xasm *a)
{
    return a->p + a->rx;
}

/* ---- Moving registers to their slots and back -------------------------------------- */

static void pin_move(struct xasm *a, const struct x86_pin *p, int store)
{
    struct xrm m = xm(RBP, p->off);

    switch (p->type) {
    case XL_V128: xa_op(a, store ? XO_MOVUPS_ST : XO_MOVUPS, 0, ENC(p->reg), m); break;
    case XL_F32: xa_op(a, store ? XO_MOVSS_ST : XO_MOVSS, 0, ENC(p->reg), m); break;
    case XL_F64: xa_op(a, store ? XO_MOVSD_ST : XO_MOVSD, 0, ENC(p->reg), m); break;
    default: xa_op(a, store ? XO_MOV_ST : XO_MOV, p->type == XL_I64, p->reg, m); break;
    }
}

static void pins(struct xasm *a, const struct x86_target *t, int store, uint32_t except)
{
    for (uint32_t i = 0; i < t->n_pins; i++) {
        if (!(except & BIT(t->pin[i].reg)))
            pin_move(a, &t->pin[i], store);
    }
}

/* ldmxcsr is slow and most often not needed. C gets the host's modes; which flags are set
 * there means nothing to it. Uses ecx. */
static void csr_to_host(struct xasm *a, const struct x86_code *c)
{
    uint8_t *same;

    xa_csr(a, 1, xm(RBP, VOFF(mxcsr)));
    xa_op(a, XO_MOV, 0, RCX, xm(RBP, VOFF(mxcsr)));
    if (c->direct) { /* fp-watch.c: only generated code keeps to it */
        xa_alui(a, ALU_OR, 0, xm(RBP, VOFF(mxcsr)), CSR_MASKS);
        xa_opi(a, XO_MOV_I, 0, 0, xm(RBP, VOFF(fp_known)), 0, 4);
    }
    xa_alu(a, ALU_XOR, 0, RCX, xm(RBP, VOFF(mxcsr_host)));
    xa_opi(a, XO_TEST_I, 0, 0, xr(RCX), 0xffc0, 4); /* all but the sticky flags */
    same = xa_jcc8(a, CC_E);
    xa_csr(a, 0, xm(RBP, VOFF(mxcsr_host)));
    xa_patch8(same, a->p);
}

/* The guest gets its own, exactly. `now`: a place to keep what C had. Uses ecx. */
static void csr_to_guest(struct xasm *a, int32_t now)
{
    uint8_t *same;

    xa_csr(a, 1, xm(RBP, now));
    xa_op(a, XO_MOV, 0, RCX, xm(RBP, now));
    xa_alu(a, ALU_CMP, 0, RCX, xm(RBP, VOFF(mxcsr)));
    same = xa_jcc8(a, CC_E);
    xa_csr(a, 0, xm(RBP, VOFF(mxcsr)));
    xa_patch8(same, a->p);
}

/* ---- Entry and exits ---------------------------------------------------------------- */

static const int8_t saved[] = {RBP, RBX, R12, R13, R14, R15};
#define N_SAVED 6

static void make_enter(struct xasm *a, struct x86_code *c)
{
    c->enter = (int (*)(struct xl_vcpu *, void *))(uintptr_t)here(a);
    for (int i = 0; i < N_SAVED; i++)
        xa_push(a, saved[i]);
    xa_alui(a, ALU_SUB, 1, xr(RSP), 8 + (int32_t)XL_FRAME);
    xa_op(a, XO_LEA, 1, RBP, xm(RDI, RBP_BIAS));
    xa_op(a, XO_MOV_ST, 1, RSP, xm(RBP, VOFF(host_sp)));
    xa_mov(a, 1, RAX, RSI);
    csr_to_guest(a, VOFF(mxcsr_host));
    if (c->t.ctx_reg == CTX_GS) {
        xa_op(a, XO_MOV, 1, RCX, xm(RBP, VOFF(ctx)));
        xa_gsbase(a, RCX);
    } else if (c->t.ctx_reg == CTX_R10) {
        xa_op(a, XO_MOV, 1, R10, xm(RBP, VOFF(ctx)));
    }
    pins(a, &c->t, 0, 0);
    xa_op(a, XO_INCDEC, 0, 4, xr(RAX));
}

static void restore_host(struct xasm *a)
{
    xa_opi(a, XO_MOV_I, 1, 0, xm(RBP, VOFF(ret_pc)), 0, 4);
    xa_op(a, XO_MOV, 1, RSP, xm(RBP, VOFF(host_sp)));
    xa_alui(a, ALU_ADD, 1, xr(RSP), 8 + (int32_t)XL_FRAME);
    for (int i = N_SAVED; i-- > 0;)
        xa_pop(a, saved[i]);
    xa_byte(a, 0xc3);
}

/* All ways out come to one place with the XL_LEFT_* code in eax. */
static void make_leave(struct xasm *a, struct x86_code *c)
{
    const uint8_t *out, *no_link;

    c->leave = (void (*)(struct xl_vcpu *))(uintptr_t)here(a);
    xa_op(a, XO_LEA, 1, RBP, xm(RDI, RBP_BIAS));
    xa_movi(a, RAX, XL_LEFT_GUEST);
    xa_opi(a, XO_MOV_I, 1, 0, xm(RBP, VOFF(exit_link)), 0, 4);
    restore_host(a);

    no_link = here(a);
    xa_opi(a, XO_MOV_I, 1, 0, xm(RBP, VOFF(exit_link)), 0, 4);
    out = here(a);
    pins(a, &c->t, 1, 0);
    csr_to_host(a, c);
    restore_host(a);

    c->leave_state = here(a);
    xa_movi(a, RAX, XL_LEFT_STATE);
    xa_jmp_to(a, no_link);
    c->leave_poll = here(a);
    xa_movi(a, RAX, XL_LEFT_POLL);
    xa_jmp_to(a, no_link);
    c->leave_link = here(a);
    xa_op(a, XO_MOV_ST, 1, RAX, xm(RBP, VOFF(exit_link)));
    if (c->direct) { /* as xl_pcb() */
        xa_op(a, XO_MOV, 1, RDX, xm(RAX, offsetof(struct xl_link, from)));
        xa_op(a, XO_MOV, 1, RDX, xm(RDX, offsetof(struct xl_unit, pa)));
        xa_alui(a, ALU_AND, 1, xr(RDX), -(int32_t)XL_PAGE_SIZE);
        xa_alu(a, ALU_ADD, 1, RDX, xm(RAX, offsetof(struct xl_link, target)));
    } else {
        xa_op(a, XO_MOVSXD, 1, RDX, xr(RDX));
        xa_alu(a, ALU_ADD, 1, RDX, xm(RBP, VOFF(pcb)));
    }
    xa_op(a, XO_MOV_ST, 1, RDX, xm(RBP, VOFF(pc)));
    xa_movi(a, RAX, XL_LEFT_LOOKUP);
    xa_jmp_to(a, out);
    c->leave_lookup = here(a);
    xa_op(a, XO_MOV_ST, 1, RAX, xm(RBP, VOFF(pc)));
    xa_movi(a, RAX, XL_LEFT_LOOKUP);
    xa_jmp_to(a, no_link);
}

void x86_jump_cache(struct xasm *a, const struct x86_code *c)
{
    /* byte offset of the entry: ((va >> 2 ^ va >> 14) & (size - 1)) * 16 */
    if (c->t.features & XF_BMI2) {
        xa_vex(a, XO_RORX, 0, RCX, 0, xr(RAX), 12);
    } else {
        xa_mov(a, 0, RCX, RAX);
        xa_shift(a, SH_SHR, 0, xr(RCX), 12);
    }
    xa_alu(a, ALU_XOR, 0, RCX, xr(RAX));
    xa_shift(a, SH_SHL, 0, xr(RCX), 2);
    xa_alui(a, ALU_AND, 0, xr(RCX), (int32_t)(XL_JC_SIZE - 1) * 16);
    if (c->t.ctx_reg == CTX_NONE) {
        xa_op(a, XO_MOV, 1, RDX, xm(RBP, VOFF(ctx)));
        xa_alu(a, ALU_ADD, 1, RCX, xm(RDX, COFF(jc_base)));
    } else {
        xa_alu(a, ALU_ADD, 1, RCX, x86_ctx(&c->t, R_NONE, COFF(jc_base)));
    }
    xa_alu(a, ALU_CMP, 1, RAX, xm(RCX, offsetof(struct xl_jc, va)));
    xa_jcc_to(a, CC_NE, c->leave_lookup);
    if (!c->direct) {
        xa_alui(a, ALU_AND, 1, xr(RAX), -(int32_t)XL_PAGE_SIZE);
        xa_op(a, XO_MOV_ST, 1, RAX, xm(RBP, VOFF(pcb)));
    }
    xa_op(a, XO_INCDEC, 0, 4, xm(RCX, offsetof(struct xl_jc, host)));
}

/* ---- Calls --------------------------------------------------------------------------- */

#define CALL_ALL 1u   /* C may look at the slots, or leave */
#define CALL_WRITE 2u /* C may change the slots */
#define CALL_FP 4u    /* C needs the host's MXCSR */

static int32_t temps(struct xasm *a, uint32_t mask, int store)
{
    int32_t at = 0;

    for (int r = 0; r < 32; r++) {
        if (!(mask & BIT(r)))
            continue;
        if (IS_XMM(r))
            xa_op(a, store ? XO_MOVUPS_ST : XO_MOVUPS, 0, ENC(r), xm(RSP, at));
        else
            xa_op(a, store ? XO_MOV_ST : XO_MOV, 1, r, xm(RSP, at));
        at += IS_XMM(r) ? 16 : 8;
    }
    return at;
}

/* rsp is 8 off a multiple of 16 on entry, by the unit's call. */
static const uint8_t *make_call(struct xasm *a, const struct x86_code *c, uintptr_t fn,
                                uint32_t flags, uint32_t vec)
{
    static const int8_t reg[] = {RSI, RDX, RCX, R8, R9};
    const struct x86_target *t = &c->t;
    const uint8_t *start = here(a);
    uint32_t keep = t->temps & ~CALLEE_SAVED;
    int32_t frame = 8 * __builtin_popcount(keep) + 8 * __builtin_popcount(keep >> 16);

    frame += frame % 16 ? 0 : 8;
    xa_alui(a, ALU_SUB, 1, xr(RSP), frame);
    temps(a, keep, 1);
    pins(a, t, 1, flags & CALL_ALL ? 0 : CALLEE_SAVED);
    xa_op(a, XO_MOV, 1, RAX, xm(RSP, frame));
    xa_op(a, XO_MOV_ST, 1, RAX, xm(RBP, VOFF(ret_pc)));
    if (flags & CALL_FP)
        csr_to_host(a, c);
    xa_op(a, XO_LEA, 1, RDI, xm(RBP, -RBP_BIAS));
    for (uint32_t i = 0; i < 5; i++) {
        if (vec >> i & 1)
            xa_op(a, XO_LEA, 1, reg[i], xm(RBP, CELL(i + 1)));
        else
            xa_op(a, XO_MOV, 1, reg[i], xm(RBP, ARG(i + 1)));
    }
    xa_movi(a, RAX, fn);
    xa_op(a, XO_INCDEC, 0, 2, xr(RAX));
    xa_op(a, XO_MOV_ST, 1, RAX, xm(RBP, ARG(ARG_RESULT)));
    if (flags & CALL_FP)
        csr_to_guest(a, ARG(5));
    if (t->ctx_reg == CTX_R10)
        xa_op(a, XO_MOV, 1, R10, xm(RBP, VOFF(ctx)));
    pins(a, t, 0, flags & CALL_WRITE ? 0 : CALLEE_SAVED);
    temps(a, keep, 0);
    xa_alui(a, ALU_ADD, 1, xr(RSP), frame);
    xa_byte(a, 0xc3);
    return start;
}

static int make_helpers(struct xasm *a, struct x86_code *c, const struct xl_guest *g)
{
    c->helper = calloc(g->n_helpers ? g->n_helpers : 1, sizeof(*c->helper));
    if (!c->helper)
        return PB_ENOMEM;
    for (uint32_t i = 0; i < g->n_helpers; i++) {
        const struct xl_helper *h = &g->helpers[i];
        uint32_t f = 0;

        if (h->flags & (XL_H_FAULT | XL_H_STATE))
            f |= CALL_ALL | CALL_FP;
        if (h->flags & XL_H_STATE)
            f |= CALL_WRITE;
        if (h->flags & XL_H_FP)
            f |= CALL_FP;
        c->helper[i] = make_call(a, c, (uintptr_t)h->fn, f, h->vec);
    }
    return PB_OK;
}

/* ---- All of it ------------------------------------------------------------------------ */

static void make_constants(struct xasm *a, struct x86_code *c, const struct xl_engine *e)
{
    struct x86_const k = {
        .sign64 = {0x8000000000000000u}, .abs64 = {0x7fffffffffffffffu},
        .sign32 = {0x80000000u}, .abs32 = {0xffffffff7fffffffu},
        .high_ones = {0xffffffff00000000u}, .nan64 = {0x7ff8000000000000u},
        .nan32 = {0xffffffff7fc00000u}, .low32 = {0xffffffffu},
        .u32_max = 4294967295.0, .i64_end = 9223372036854775808.0,
        .u32_max_f = 4294967040.0f, .i64_end_f = 9223372036854775808.0f,
        .less = XL_FCMP_LESS, .equal = XL_FCMP_EQUAL | XL_FCMP_NOT_LESS,
        .unordered = XL_FCMP_NOT_LESS | XL_FCMP_UNORDERED,
    };

    for (uint32_t i = 0; i < 64; i++)
        k.flags[i] = (uint8_t)xl_fp_from_mxcsr(i, e->guest->fp_nan_rule);
    c->k = (const void *)here(a);
    memcpy(a->p, &k, sizeof(k));
    a->p += sizeof(k);
    c->kv = (const void *)here(a);
    x86_vconst((void *)a->p);
    a->p += sizeof(*c->kv);
}

uint64_t x86_clmul(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t high)
{
    struct xl_op op = {.op = high ? XL_OP_clmulh : XL_OP_clmul, .type = XL_I64};
    uint64_t r = 0;

    (void)x;
    xl_eval(&op, a, b, 0, &r);
    return r;
}

/* A vector op: operands in x->cell[1] to [3], `how` packs the record but its imm. */
uint64_t x86_vec(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t how,
                 uint64_t imm)
{
    struct xl_op op = {.op = (uint16_t)how, .type = (uint8_t)(how >> 16),
                       .flags = (uint8_t)(how >> 24), .imm = (int64_t)imm};
    struct xl_vin in = {x->cell[1], x->cell[2], x->cell[3]};

    (void)a;
    (void)b;
    (void)c;
    xl_vec(x, &op, (uint32_t)(how >> 32), &in, &x->cell[0]);
    return x->cell[0].d[0];
}

int x86_thunks(struct x86_code *c, const struct xl_engine *e)
{
    const uintptr_t fn[TH_COUNT] = {
        [TH_LD] = (uintptr_t)xl_slow_ld, [TH_ST] = (uintptr_t)xl_slow_st,
        [TH_RMW] = (uintptr_t)xl_slow_rmw, [TH_CAS] = (uintptr_t)xl_slow_cas,
        [TH_LL] = (uintptr_t)xl_slow_ll, [TH_SC] = (uintptr_t)xl_slow_sc,
        [TH_FP] = (uintptr_t)xl_soft_fp, [TH_CLMUL] = (uintptr_t)x86_clmul,
        [TH_LD128] = (uintptr_t)xl_slow_ld128, [TH_ST128] = (uintptr_t)xl_slow_st128,
        [TH_VEC] = (uintptr_t)x86_vec, [TH_FLAGS] = (uintptr_t)xl_fp_set_flags,
        [TH_CLASS] = (uintptr_t)xl_soft_fp, [TH_WATCH] = (uintptr_t)x86_fp_watch,
    };
    struct xasm a;
    int r;

    x86_mem_begin(&c->mem, &a, 0);
    make_constants(&a, c, e);
    make_leave(&a, c);
    make_enter(&a, c);
    c->jump = here(&a);
    x86_jump_cache(&a, c);
    for (int i = 0; i < TH_COUNT; i++)
        c->thunk[i] = make_call(&a, c, fn[i],
                                i == TH_CLMUL || i == TH_CLASS ? 0
                                : i == TH_FP || i == TH_VEC || i == TH_FLAGS || i == TH_WATCH
                                    ? CALL_FP : CALL_ALL | CALL_FP, 0);
    r = make_helpers(&a, c, e->guest);
    if (r == PB_OK)
        r = x86_mem_commit(&c->mem, &a, NULL);
    c->mem.keep = c->mem.used;
    return r;
}
