/* SPDX-License-Identifier: MIT */
/* lift-jump.c - branches.
 * DDI 0487: C4.1.93, C6.2 (B, B.cond, BL, BLR, BR, CBNZ, CBZ, RET, TBNZ, TBZ and the forms that
 * authenticate).
 *
 * When the instruction behind a conditional branch looks at the flags too, the block goes on:
 * there they are still operands, in another block they would have to be computed.
 */
#include "lift.h"

/* Does the instruction at l->next belong to the same decision? */
static int goes_on(struct lift *l)
{
    struct a64_insn i;
    int ok = 1;
    uint32_t w;
    if (xl_b_full(l->b, l->next))
        return 0;
    w = (uint32_t)xl_b_fetch(l->b, l->next, 4, &ok);
    if (!ok)
        return 0;
    a64_decode(w, l->isa, &i);
    return i.op == A64_b_cond || (i.op >= A64_ccmn_reg && i.op <= A64_csneg);
}

static void done(struct lift *l)
{
    xl_exit(l->b, XL_K_JUMP, l->next, 0);
    l->done = 1;
}

static void jump(struct lift *l, uint64_t target)
{
    xl_exit(l->b, XL_K_JUMP, target, 0);
    l->done = 1;
}

static void b_cond(struct lift *l, uint64_t target)
{
    if (l->i.cond >= 14) {
        jump(l, target);
        return;
    }
    lift_brcond(l, l->i.cond, target);
    if (!goes_on(l))
        done(l);
}

static void cbz(struct lift *l, uint32_t cond, uint64_t target)
{
    xl_brc(l->b, cond, lift_type(l), lift_r(l, l->i.rd), lift_tconst(l, 0), target);
    done(l);
}

static void tbz(struct lift *l, uint32_t cond, uint64_t target)
{
    xl_val v = lift_x(l, l->i.rd);
    uint32_t n = l->i.amount;
    if (n == 31 || n == 63) { /* the sign */
        uint32_t t = n == 31 ? XL_I32 : XL_I64;
        v = n == 31 ? lift_narrow(l, v) : v;
        xl_brc(l->b, cond == XL_C_EQ ? XL_C_GE : XL_C_LT, t, v, xl_const(l->b, t, 0), target);
    } else {
        v = lift_op2(l, XL_OP_and, v, lift_const(l, 1ull << n));
        xl_brc(l->b, cond, XL_I64, v, lift_const(l, 0), target);
    }
    done(l);
}

static void indirect(struct lift *l, uint32_t kind, xl_val target)
{
    if (kind == XL_K_CALL)
        lift_put(l, 30, xl_pc(l->b, l->next));
    xl_exiti(l->b, kind, target, l->next);
    l->done = 1;
}

/* BRAA and the like: Xn authenticated with key A or B. */
static void authenticated(struct lift *l, uint32_t kind, int zero)
{
    uint32_t flags = A64_PAC_AUT | (l->i.raw >> 10 & 1 ? A64_PAC_B : 0);
    xl_val modifier = zero ? lift_const(l, 0) : lift_xsp(l, l->i.rd);
    indirect(l, kind, lift_pac(l, flags, lift_x(l, l->i.rn), modifier));
}

static void reta(struct lift *l)
{
    uint32_t flags = A64_PAC_AUT | (l->i.raw >> 10 & 1 ? A64_PAC_B : 0);
    indirect(l, XL_K_RET, lift_pac(l, flags, lift_x(l, 30), lift_xsp(l, 31)));
}

static int lift_indirect(struct lift *l)
{
    switch (l->i.op) {
    case A64_br: indirect(l, XL_K_JUMP, lift_x(l, l->i.rn)); break;
    case A64_blr: indirect(l, XL_K_CALL, lift_x(l, l->i.rn)); break;
    case A64_ret: indirect(l, XL_K_RET, lift_x(l, l->i.rn)); break;
    case A64_braaz:
    case A64_brabz: authenticated(l, XL_K_JUMP, 1); break;
    case A64_braa:
    case A64_brab: authenticated(l, XL_K_JUMP, 0); break;
    case A64_blraaz:
    case A64_blrabz: authenticated(l, XL_K_CALL, 1); break;
    case A64_blraa:
    case A64_blrab: authenticated(l, XL_K_CALL, 0); break;
    case A64_retaa:
    case A64_retab: reta(l); break;
    default: return 0;
    }
    return 1;
}

int lift_jump(struct lift *l)
{
    uint64_t target = l->pc + (uint64_t)l->i.imm;
    switch (l->i.op) {
    case A64_b: jump(l, target); break;
    case A64_bl:
        lift_put(l, 30, xl_pc(l->b, l->next));
        xl_exit(l->b, XL_K_CALL, target, l->next);
        l->done = 1;
        break;
    case A64_b_cond: b_cond(l, target); break;
    case A64_cbz: cbz(l, XL_C_EQ, target); break;
    case A64_cbnz: cbz(l, XL_C_NE, target); break;
    case A64_tbz: tbz(l, XL_C_EQ, target); break;
    case A64_tbnz: tbz(l, XL_C_NE, target); break;
    default: return lift_indirect(l);
    }
    return 1;
}
