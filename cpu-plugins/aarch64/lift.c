/* SPDX-License-Identifier: MIT */
/* lift.c - one block of guest code into IR.
 *
 * Fetches, decodes and hands each instruction to the file that knows it, until one of them
 * has built an exit or the builder says that the block is full.
 */
#include "lift.h"

static int (*const lifters[])(struct lift *) = {lift_int, lift_jump, lift_mem, lift_atomic,
                                                lift_system};

uint64_t a64_mode(struct xl_vcpu *x)
{
    const struct a64 *c = a64_of(x);
    uint64_t m = a64_el(c) | (uint64_t)c->isa_index << A64_MODE_ISA_SHIFT;
    m |= (c->fpcr >> 16 & 0x7ff) << A64_MODE_FPCR_SHIFT;
    if (!a64_fp_trapped(c))
        m |= A64_MODE_FP;
    if (c->pstate & PS_IL)
        m |= A64_MODE_IL;
    if (c->user)
        m |= A64_MODE_USER;
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
    if (l->pc & 3) {
        xl_b_insn(l->b, l->pc, 4 - (uint32_t)(l->pc & 3)); /* stays in its page */
        lift_fault(l, A64_H_PC_ALIGN);
        return 1;
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
    } while (!l.done && !xl_b_full(b, l.pc));
    if (!l.done)
        xl_exit(b, XL_K_JUMP, l.pc, 0);
}
