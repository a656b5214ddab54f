/* SPDX-License-Identifier: MIT */
/* lift.c - one block of guest code into IR.
 *
 * Fetches, decodes and hands each instruction to the file that knows it, until one of them
 * has built an exit or the builder says that the block is full.
 */
#include "lift.h"

uint64_t rv_mode(struct xl_vcpu *x)
{
    const struct rv *c = rv_of(x);
    uint64_t m = c->priv | c->frm << 4 | c->isa << 16;
    if (c->user)
        m |= RV_MODE_USER;
    if (c->mstatus & MSTATUS_FS)
        m |= RV_MODE_FS_ON;
    if ((c->mstatus & MSTATUS_FS) == MSTATUS_FS)
        m |= RV_MODE_FS_DIRTY;
    return m;
}

/* Reaches the handler of the illegal-instruction exception; nothing follows. */
void lift_illegal(struct lift *l)
{
    xl_callh(l->b, RV_H_ILLEGAL, 1, lift_const(l, l->i.raw), 0, 0, 0);
    xl_exit(l->b, XL_K_STATE, l->next, 0);
    l->done = 1;
}

static void lift_insn(struct lift *l)
{
    xl_b_insn(l->b, l->pc, l->i.len);
    if (l->i.op == RV_illegal)
        lift_illegal(l);
    else if (!lift_int(l) && !lift_jump(l) && !lift_mem(l) && !lift_fp(l) && !lift_system(l))
        lift_illegal(l);
}

void rv_translate(struct xl_builder *b, uint64_t pc, uint64_t mode)
{
    struct lift l = {.b = b, .pc = pc, .mode = mode, .isa = RV_MODE_ISA(mode)};
    do {
        int ok = 1;
        uint64_t w = xl_b_fetch(b, l.pc, 2, &ok);
        if (ok && rv_length((uint32_t)w) == 4)
            w = xl_b_fetch(b, l.pc, 4, &ok);
        if (!ok)
            break;
        rv_decode((uint32_t)w, l.isa, &l.i);
        l.next = l.pc + l.i.len;
        lift_insn(&l);
        l.pc = l.next;
    } while (!l.done && !xl_b_full(b, l.pc));
    if (!l.done)
        xl_exit(b, XL_K_JUMP, l.pc, 0);
}
