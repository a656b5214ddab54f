/* SPDX-License-Identifier: MIT */
/* lift.c - one block of guest code into IR.
 *
 * Fetches, decodes and hands each instruction to the file that knows it, until one of them
 * has built an exit or the builder says that the block is full.
 */
#include "lift.h"

#include "except.h"

static int (*const lifters[])(struct lift *) = {lift_int, lift_mem, lift_jump, lift_bits,
                                                lift_atomic, lift_system};

/* LDTR and STTR: EL1's, and a host EL2's, are EL0's unless UAO overrides that. */
static int unpriv_differs(const struct a64 *c)
{
    uint32_t el = a64_el(c);
    return (el == 1 || (el == 2 && a64_tge_e2h(c))) && !(c->pstate & PS_UAO);
}

static int zva_traps(const struct a64 *c)
{
    uint32_t el = a64_el(c);
    return (el == 0 && !(a64_sctlr(c) & SCTLR_DZE)) || (el < 2 && a64_hcr(c) & HCR_TDZ);
}

uint64_t a64_mode(struct xl_vcpu *x)
{
    const struct a64 *c = a64_of(x);
    uint64_t m = a64_el(c) | (uint64_t)c->isa_index << A64_MODE_ISA_SHIFT;
    m |= (c->fpcr >> 16 & 0x7ff) << A64_MODE_FPCR_SHIFT;
    if (c->user)
        return m | A64_MODE_FP | A64_MODE_USER | A64_MODE_ZVA;
    if (!a64_fp_trapped(c))
        m |= A64_MODE_FP;
    if (c->pstate & PS_IL)
        m |= A64_MODE_IL;
    if (c->pstate & PS_SP)
        m |= A64_MODE_SPX;
    if (a64_sctlr(c) & SCTLR_A)
        m |= A64_MODE_ALIGN;
    if (unpriv_differs(c))
        m |= A64_MODE_UNPRIV;
    if (!zva_traps(c))
        m |= A64_MODE_ZVA;
    if (a64_step_active(c))
        m |= A64_MODE_SS | (c->pstate & PS_SS ? 0 : A64_MODE_SS_DONE);
    if (c->breaks && a64_break_now(c))
        m |= A64_MODE_BREAK;
    return m;
}

void lift_end(struct lift *l)
{
    xl_exit(l->b, XL_K_STATE, l->next, 0);
    l->done = 1;
}

static void lift_fault(struct lift *l, uint32_t helper)
{
    xl_callh(l->b, helper, 0, 0, 0, 0, 0);
    lift_end(l);
}

void lift_undef(struct lift *l)
{
    lift_fault(l, A64_H_UNDEF);
}

static void lift_insn(struct lift *l)
{
    xl_b_insn(l->b, l->pc, 4);
    if (l->i.op == A64_illegal) {
        lift_undef(l);
        return;
    }
    if (l->i.op >= A64_FIRST_a64_simd) {
        if (!(l->mode & A64_MODE_FP))
            lift_fault(l, A64_H_FP_TRAP);
        else if (!lift_fp(l))
            lift_undef(l);
        return;
    }
    for (uint32_t k = 0; k < sizeof lifters / sizeof *lifters; k++)
        if (lifters[k](l))
            return;
    lift_undef(l);
}

/* What goes wrong before an instruction is even looked at. 1: the block is done. */
static int lift_bad_state(struct lift *l)
{
    if (l->mode & A64_MODE_SS_DONE) {
        xl_b_insn(l->b, l->pc, 4 - (uint32_t)(l->pc & 3));
        lift_fault(l, A64_H_STEP);
        return 1;
    }
    if (l->pc & 3) {
        xl_b_insn(l->b, l->pc, 4 - (uint32_t)(l->pc & 3)); /* stays in its page */
        lift_fault(l, A64_H_PC_ALIGN);
        return 1;
    }
    if (l->mode & A64_MODE_BREAK) {
        xl_b_insn(l->b, l->pc, 4);
        lift_fault(l, A64_H_BREAK);
        return 1;
    }
    if (l->mode & A64_MODE_SS) { /* done, unless it faults: then the bit is set again */
        xl_b_insn(l->b, l->pc, 4); /* what comes before the instruction, I2 of ir.h */
        xl_put(l->b, A64_SLOT_PSTATE,
               lift_op2(l, XL_OP_and, xl_get(l->b, A64_SLOT_PSTATE), lift_const(l, ~PS_SS)));
    }
    return 0;
}

void a64_translate(struct xl_builder *b, uint64_t pc, uint64_t mode)
{
    struct lift l = {.b = b, .pc = pc, .mode = mode, .isa = a64_isa_of(mode)};
    l.next = l.pc + 4;
    xl_b_fp_mode(b, lift_fp_mode(mode));
    if (lift_bad_state(&l))
        return;
    do {
        int ok = 1;
        uint32_t w = (uint32_t)xl_b_fetch(b, l.pc, 4, &ok);
        if (!ok)
            break;
        a64_decode(w, l.isa, &l.i);
        l.next = l.pc + 4;
        if (mode & A64_MODE_IL)
            l.i.op = A64_illegal; /* the helper sees why */
        lift_insn(&l);
        l.pc = l.next;
    } while (!l.done && !xl_b_full(b, l.pc) && !(mode & A64_MODE_SS));
    if (!l.done)
        xl_exit(b, mode & A64_MODE_SS ? XL_K_STATE : XL_K_JUMP, l.pc, 0);
}
