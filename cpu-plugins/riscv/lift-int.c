/* SPDX-License-Identifier: MIT */
/* lift-int.c - integer computation: RV64I, M, Zba, Zbb, Zbc, Zbs, Zicond.
 * The RISC-V Instruction Set Manual, volume I: 2.4, 4.2, 12, 13, 28.
 *
 * Instructions that are one IR operation are rows of a table; the rest follows.
 */
#include "lift.h"

enum form {
    NONE,
    RR,   /* op(rs1, rs2) */
    RI,   /* op(rs1, imm) */
    W_RR, /* sign-extended low 32 bits of op(rs1, rs2), which do not depend on higher ones */
    W_RI,
    N_RR, /* the same of the 32-bit operation */
    N_RI,
    N_R,  /* 32-bit op(rs1), not negative */
    R1,   /* op(rs1) */
    BIT_RR, /* op(rs1, 1 << rs2) */
    BIT_RI
};

static const struct simple {
    uint16_t op;
    uint16_t form;
} simple[RV_OP_COUNT] = {
    [RV_add] = {XL_OP_add, RR}, [RV_sub] = {XL_OP_sub, RR}, [RV_and] = {XL_OP_and, RR},
    [RV_or] = {XL_OP_or, RR}, [RV_xor] = {XL_OP_xor, RR}, [RV_sll] = {XL_OP_shl, RR},
    [RV_srl] = {XL_OP_shr, RR}, [RV_sra] = {XL_OP_sar, RR},
    [RV_addi] = {XL_OP_add, RI}, [RV_andi] = {XL_OP_and, RI}, [RV_ori] = {XL_OP_or, RI},
    [RV_xori] = {XL_OP_xor, RI}, [RV_slli] = {XL_OP_shl, RI}, [RV_srli] = {XL_OP_shr, RI},
    [RV_srai] = {XL_OP_sar, RI},
    [RV_addw] = {XL_OP_add, W_RR}, [RV_subw] = {XL_OP_sub, W_RR}, [RV_mulw] = {XL_OP_mul, W_RR},
    [RV_addiw] = {XL_OP_add, W_RI},
    [RV_sllw] = {XL_OP_shl, N_RR}, [RV_srlw] = {XL_OP_shr, N_RR}, [RV_sraw] = {XL_OP_sar, N_RR},
    [RV_slliw] = {XL_OP_shl, N_RI}, [RV_srliw] = {XL_OP_shr, N_RI},
    [RV_sraiw] = {XL_OP_sar, N_RI},
    [RV_mul] = {XL_OP_mul, RR}, [RV_mulh] = {XL_OP_mulhs, RR}, [RV_mulhu] = {XL_OP_mulhu, RR},
    [RV_mulhsu] = {XL_OP_mulhsu, RR}, [RV_div] = {XL_OP_divs, RR}, [RV_divu] = {XL_OP_divu, RR},
    [RV_rem] = {XL_OP_rems, RR}, [RV_remu] = {XL_OP_remu, RR},
    [RV_divw] = {XL_OP_divs, N_RR}, [RV_divuw] = {XL_OP_divu, N_RR},
    [RV_remw] = {XL_OP_rems, N_RR}, [RV_remuw] = {XL_OP_remu, N_RR},
    [RV_andn] = {XL_OP_andn, RR}, [RV_orn] = {XL_OP_orn, RR}, [RV_xnor] = {XL_OP_xnor, RR},
    [RV_clz] = {XL_OP_clz, R1}, [RV_ctz] = {XL_OP_ctz, R1}, [RV_cpop] = {XL_OP_popcnt, R1},
    [RV_clzw] = {XL_OP_clz, N_R}, [RV_ctzw] = {XL_OP_ctz, N_R},
    [RV_cpopw] = {XL_OP_popcnt, N_R},
    [RV_max] = {XL_OP_maxs, RR}, [RV_maxu] = {XL_OP_maxu, RR}, [RV_min] = {XL_OP_mins, RR},
    [RV_minu] = {XL_OP_minu, RR}, [RV_sext_b] = {XL_OP_sext8, R1},
    [RV_sext_h] = {XL_OP_sext16, R1}, [RV_zext_h] = {XL_OP_zext16, R1},
    [RV_rol] = {XL_OP_rol, RR}, [RV_ror] = {XL_OP_ror, RR}, [RV_rori] = {XL_OP_ror, RI},
    [RV_rolw] = {XL_OP_rol, N_RR}, [RV_rorw] = {XL_OP_ror, N_RR},
    [RV_roriw] = {XL_OP_ror, N_RI},
    [RV_orc_b] = {XL_OP_orcb, R1}, [RV_rev8] = {XL_OP_bswap, R1},
    [RV_clmul] = {XL_OP_clmul, RR}, [RV_clmulh] = {XL_OP_clmulh, RR},
    [RV_bclr] = {XL_OP_andn, BIT_RR}, [RV_bclri] = {XL_OP_andn, BIT_RI},
    [RV_binv] = {XL_OP_xor, BIT_RR}, [RV_binvi] = {XL_OP_xor, BIT_RI},
    [RV_bset] = {XL_OP_or, BIT_RR}, [RV_bseti] = {XL_OP_or, BIT_RI},
};

static xl_val op2(struct lift *l, uint32_t op, xl_val a, xl_val c)
{
    return xl_op2(l->b, op, XL_I64, a, c);
}

static xl_val narrow(struct lift *l, xl_val v)
{
    return xl_op1(l->b, XL_OP_trunc, XL_I32, v);
}

static xl_val widen(struct lift *l, uint32_t op, xl_val v)
{
    return xl_op1(l->b, op, XL_I64, v);
}

static xl_val by_form(struct lift *l, const struct simple *s)
{
    const int imm = s->form == RI || s->form == W_RI || s->form == N_RI || s->form == BIT_RI;
    const int one = s->form == R1 || s->form == N_R;
    xl_val a = lift_get(l, l->i.rs1), c = 0;
    if (!one)
        c = imm ? lift_imm(l) : lift_get(l, l->i.rs2);
    switch (s->form) {
    case W_RR:
    case W_RI:
        return widen(l, XL_OP_sext32, op2(l, s->op, a, c));
    case N_RR:
    case N_RI:
        a = xl_op2(l->b, s->op, XL_I32, narrow(l, a), narrow(l, c));
        return widen(l, XL_OP_sext32, a);
    case N_R:
        return widen(l, XL_OP_zext32, xl_op1(l->b, s->op, XL_I32, narrow(l, a)));
    case R1:
        return xl_op1(l->b, s->op, XL_I64, a);
    case BIT_RR:
    case BIT_RI:
        return op2(l, s->op, a, op2(l, XL_OP_shl, lift_const(l, 1), c));
    default:
        return op2(l, s->op, a, c);
    }
}

/* rs2 + ((zero-extended if uw) rs1 << by) */
static xl_val shift_add(struct lift *l, uint32_t by, int uw)
{
    xl_val a = lift_get(l, l->i.rs1);
    if (uw)
        a = widen(l, XL_OP_zext32, a);
    if (by)
        a = op2(l, XL_OP_shl, a, lift_const(l, by));
    return op2(l, XL_OP_add, a, lift_get(l, l->i.rs2));
}

static xl_val bit_extract(struct lift *l, xl_val n)
{
    xl_val v = op2(l, XL_OP_shr, lift_get(l, l->i.rs1), n);
    return op2(l, XL_OP_and, v, lift_const(l, 1));
}

static xl_val clmulr(struct lift *l)
{
    xl_val a = lift_get(l, l->i.rs1), c = lift_get(l, l->i.rs2);
    xl_val hi = op2(l, XL_OP_shl, op2(l, XL_OP_clmulh, a, c), lift_const(l, 1));
    return op2(l, XL_OP_or, hi, op2(l, XL_OP_shr, op2(l, XL_OP_clmul, a, c),
                                    lift_const(l, 63)));
}

static int other(struct lift *l, xl_val *v)
{
    struct rv_insn *i = &l->i;
    switch (i->op) {
    case RV_lui: *v = lift_imm(l); return 1;
    case RV_auipc: *v = xl_pc(l->b, l->pc + (uint64_t)(int64_t)i->imm); return 1;
    case RV_slti:
        *v = xl_set(l->b, XL_C_LT, XL_I64, lift_get(l, i->rs1), lift_imm(l));
        return 1;
    case RV_sltiu:
        *v = xl_set(l->b, XL_C_LTU, XL_I64, lift_get(l, i->rs1), lift_imm(l));
        return 1;
    case RV_slt:
        *v = xl_set(l->b, XL_C_LT, XL_I64, lift_get(l, i->rs1), lift_get(l, i->rs2));
        return 1;
    case RV_sltu:
        *v = xl_set(l->b, XL_C_LTU, XL_I64, lift_get(l, i->rs1), lift_get(l, i->rs2));
        return 1;
    case RV_sh1add: *v = shift_add(l, 1, 0); return 1;
    case RV_sh2add: *v = shift_add(l, 2, 0); return 1;
    case RV_sh3add: *v = shift_add(l, 3, 0); return 1;
    case RV_add_uw: *v = shift_add(l, 0, 1); return 1;
    case RV_sh1add_uw: *v = shift_add(l, 1, 1); return 1;
    case RV_sh2add_uw: *v = shift_add(l, 2, 1); return 1;
    case RV_sh3add_uw: *v = shift_add(l, 3, 1); return 1;
    case RV_slli_uw:
        *v = op2(l, XL_OP_shl, widen(l, XL_OP_zext32, lift_get(l, i->rs1)), lift_imm(l));
        return 1;
    case RV_bext: *v = bit_extract(l, lift_get(l, i->rs2)); return 1;
    case RV_bexti: *v = bit_extract(l, lift_imm(l)); return 1;
    case RV_clmulr: *v = clmulr(l); return 1;
    case RV_czero_eqz:
        *v = xl_sel(l->b, XL_I64, lift_get(l, i->rs2), lift_get(l, i->rs1), lift_const(l, 0));
        return 1;
    case RV_czero_nez:
        *v = xl_sel(l->b, XL_I64, lift_get(l, i->rs2), lift_const(l, 0), lift_get(l, i->rs1));
        return 1;
    default: return 0;
    }
}

int lift_int(struct lift *l)
{
    xl_val v;
    const struct simple *s = &simple[l->i.op];
    if (s->form != NONE)
        v = by_form(l, s);
    else if (!other(l, &v))
        return 0;
    lift_put(l, l->i.rd, v);
    return 1;
}
