/* SPDX-License-Identifier: MIT */
/* lift-jump.c - branches and jumps.
 * The RISC-V Instruction Set Manual, volume I: 2.5; return-address stack hints: table 3.
 *
 * Without C, a target that is not a multiple of four raises the exception at the jump.
 */
#include "lift.h"

static int is_link(uint32_t x)
{
    return x == 1 || x == 5;
}

static int misaligned(const struct lift *l, uint64_t target)
{
    return !(l->isa & RV_BIT(C)) && (target & 2);
}

static void raise_misaligned(struct lift *l, uint64_t target)
{
    xl_callh(l->b, RV_H_FETCH_ALIGN, 1, xl_pc(l->b, target), 0, 0, 0);
    xl_exit(l->b, XL_K_STATE, l->next, 0);
}

static void branch(struct lift *l, uint32_t cond)
{
    uint64_t target = l->pc + (uint64_t)(int64_t)l->i.imm;
    xl_val a = lift_get(l, l->i.rs1), c = lift_get(l, l->i.rs2);
    if (misaligned(l, target)) {
        xl_brc(l->b, cond ^ 1, XL_I64, a, c, l->next);
        raise_misaligned(l, target);
    } else {
        xl_brc(l->b, cond, XL_I64, a, c, target);
        xl_exit(l->b, XL_K_JUMP, l->next, 0);
    }
}

static void jal(struct lift *l)
{
    uint64_t target = l->pc + (uint64_t)(int64_t)l->i.imm;
    if (misaligned(l, target)) {
        raise_misaligned(l, target);
        return;
    }
    lift_put(l, l->i.rd, xl_pc(l->b, l->next));
    xl_exit(l->b, is_link(l->i.rd) ? XL_K_CALL : XL_K_JUMP, target, l->next);
}

static void jalr(struct lift *l)
{
    xl_val t = xl_op2(l->b, XL_OP_add, XL_I64, lift_get(l, l->i.rs1), lift_imm(l));
    t = xl_op2(l->b, XL_OP_and, XL_I64, t, lift_const(l, ~1ull));
    if (!(l->isa & RV_BIT(C)))
        xl_callh(l->b, RV_H_CHECK_TARGET, 1, t, 0, 0, 0);
    lift_put(l, l->i.rd, xl_pc(l->b, l->next));
    uint32_t kind = XL_K_JUMP;
    if (is_link(l->i.rd))
        kind = XL_K_CALL;
    else if (is_link(l->i.rs1))
        kind = XL_K_RET;
    xl_exiti(l->b, kind, t, l->next);
}

int lift_jump(struct lift *l)
{
    switch (l->i.op) {
    case RV_beq: branch(l, XL_C_EQ); break;
    case RV_bne: branch(l, XL_C_NE); break;
    case RV_blt: branch(l, XL_C_LT); break;
    case RV_bge: branch(l, XL_C_GE); break;
    case RV_bltu: branch(l, XL_C_LTU); break;
    case RV_bgeu: branch(l, XL_C_GEU); break;
    case RV_jal: jal(l); break;
    case RV_jalr: jalr(l); break;
    default: return 0;
    }
    l->done = 1;
    return 1;
}
