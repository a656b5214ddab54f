/* SPDX-License-Identifier: MIT */
/* lift-int.c - integer arithmetic and logic, conditional selection and comparison.
 * DDI 0487: C4.1.92 (data processing, immediate), C4.1.95 (register), C6.2.
 *
 * 32-bit operations are done in 32 bits and extended with zeros. The flags want 64-bit values
 * whose upper half does not matter.
 */
#include "lift.h"

xl_val lift_extended(struct lift *l, uint32_t m, uint32_t option, uint32_t shift)
{
    static const uint16_t op[] = {XL_OP_zext8, XL_OP_zext16, XL_OP_zext32, XL_OP_nop,
                                  XL_OP_sext8, XL_OP_sext16, XL_OP_sext32, XL_OP_nop};
    xl_val v = lift_x(l, m);
    if (op[option] != XL_OP_nop)
        v = lift_op1(l, op[option], v);
    return shift ? lift_op2(l, XL_OP_shl, v, lift_const(l, shift)) : v;
}

/* Rm shifted by a constant, of lift_type(). */
static xl_val shifted(struct lift *l)
{
    static const uint16_t op[] = {XL_OP_shl, XL_OP_shr, XL_OP_sar, XL_OP_ror};
    xl_val v = lift_r(l, l->i.rm);
    return l->i.amount ? lift_t2(l, op[l->i.opt], v, lift_tconst(l, l->i.amount)) : v;
}

/* ---- Addition and subtraction ---------------------------------------------------------------- */

enum { SUB = 1, FLAGS = 2 };

/* a and b of 64 bits, of which sf says how many count. */
static xl_val sum(struct lift *l, uint32_t kind, xl_val a, xl_val b)
{
    if (kind & FLAGS) {
        if (kind & SUB)
            lift_flags_sub(l, l->i.sf, a, b);
        else
            lift_flags_add(l, l->i.sf, a, b);
    }
    return lift_t2(l, kind & SUB ? XL_OP_sub : XL_OP_add, lift_sized(l, a), lift_sized(l, b));
}

static void add_imm(struct lift *l, uint32_t kind)
{
    xl_val a = lift_xsp(l, l->i.rn);
    xl_val v = sum(l, kind, a, lift_const(l, (uint64_t)l->i.imm));
    if (kind & FLAGS)
        lift_put_r(l, l->i.rd, v);
    else
        lift_put_sp(l, l->i.rd, lift_wide(l, v));
}

static void add_shift(struct lift *l, uint32_t kind)
{
    xl_val b = l->i.amount ? lift_wide(l, shifted(l)) : lift_x(l, l->i.rm);
    lift_put_r(l, l->i.rd, sum(l, kind, lift_x(l, l->i.rn), b));
}

static void add_ext(struct lift *l, uint32_t kind)
{
    xl_val b = lift_extended(l, l->i.rm, l->i.opt, l->i.amount);
    xl_val v = sum(l, kind, lift_xsp(l, l->i.rn), b);
    if (kind & FLAGS)
        lift_put_r(l, l->i.rd, v);
    else
        lift_put_sp(l, l->i.rd, lift_wide(l, v));
}

static void adc(struct lift *l, uint32_t kind)
{
    xl_val a = lift_x(l, l->i.rn), b = lift_x(l, l->i.rm), c = lift_carry(l), v;
    if (kind & SUB)
        b = lift_op1(l, XL_OP_not, b);
    v = lift_t2(l, XL_OP_add, lift_sized(l, a), lift_sized(l, b));
    v = lift_t2(l, XL_OP_add, v, lift_sized(l, c));
    if (kind & FLAGS)
        lift_flags_adc(l, l->i.sf, a, b, c);
    lift_put_r(l, l->i.rd, v);
}

static int lift_add(struct lift *l)
{
    switch (l->i.op) {
    case A64_add_imm: add_imm(l, 0); break;
    case A64_adds_imm: add_imm(l, FLAGS); break;
    case A64_sub_imm: add_imm(l, SUB); break;
    case A64_subs_imm: add_imm(l, SUB | FLAGS); break;
    case A64_add_shift: add_shift(l, 0); break;
    case A64_adds_shift: add_shift(l, FLAGS); break;
    case A64_sub_shift: add_shift(l, SUB); break;
    case A64_subs_shift: add_shift(l, SUB | FLAGS); break;
    case A64_add_ext: add_ext(l, 0); break;
    case A64_adds_ext: add_ext(l, FLAGS); break;
    case A64_sub_ext: add_ext(l, SUB); break;
    case A64_subs_ext: add_ext(l, SUB | FLAGS); break;
    case A64_adc: adc(l, 0); break;
    case A64_adcs: adc(l, FLAGS); break;
    case A64_sbc: adc(l, SUB); break;
    case A64_sbcs: adc(l, SUB | FLAGS); break;
    default: return 0;
    }
    return 1;
}

/* ---- Logic, moves --------------------------------------------------------------------------- */

static void logic_imm(struct lift *l, uint32_t op)
{
    xl_val v = lift_t2(l, op, lift_r(l, l->i.rn), lift_tconst(l, (uint64_t)l->i.imm));
    lift_put_sp(l, l->i.rd, lift_wide(l, v));
}

static void ands(struct lift *l, xl_val v)
{
    v = lift_wide(l, v);
    lift_flags_logic(l, l->i.sf, v);
    lift_put(l, l->i.rd, v);
}

static void logic(struct lift *l, uint32_t op)
{
    if (op == XL_OP_or && l->i.rn == 31) /* MOV */
        lift_put_r(l, l->i.rd, shifted(l));
    else
        lift_put_r(l, l->i.rd, lift_t2(l, op, lift_r(l, l->i.rn), shifted(l)));
}

static void movk(struct lift *l)
{
    uint64_t mask = 0xffffull << l->i.amount;
    xl_val v = lift_t2(l, XL_OP_and, lift_r(l, l->i.rd), lift_tconst(l, ~mask));
    v = lift_t2(l, XL_OP_or, v, lift_tconst(l, (uint64_t)l->i.imm << l->i.amount));
    lift_put_r(l, l->i.rd, v);
}

static int lift_logic(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    uint64_t wide = (uint64_t)i->imm << i->amount;
    switch (i->op) {
    case A64_and_imm: logic_imm(l, XL_OP_and); break;
    case A64_orr_imm: logic_imm(l, XL_OP_or); break;
    case A64_eor_imm: logic_imm(l, XL_OP_xor); break;
    case A64_ands_imm:
        ands(l, lift_t2(l, XL_OP_and, lift_r(l, i->rn), lift_tconst(l, (uint64_t)i->imm)));
        break;
    case A64_and_shift: logic(l, XL_OP_and); break;
    case A64_bic_shift: logic(l, XL_OP_andn); break;
    case A64_orr_shift: logic(l, XL_OP_or); break;
    case A64_orn_shift: logic(l, XL_OP_orn); break;
    case A64_eor_shift: logic(l, XL_OP_xor); break;
    case A64_eon_shift: logic(l, XL_OP_xnor); break;
    case A64_ands_shift: ands(l, lift_t2(l, XL_OP_and, lift_r(l, i->rn), shifted(l))); break;
    case A64_bics_shift: ands(l, lift_t2(l, XL_OP_andn, lift_r(l, i->rn), shifted(l))); break;
    case A64_movz: lift_put(l, i->rd, lift_const(l, wide)); break;
    case A64_movn:
        lift_put(l, i->rd, lift_const(l, i->sf ? ~wide : (uint32_t)~wide));
        break;
    case A64_movk: movk(l); break;
    case A64_adr: lift_put(l, i->rd, xl_pc(l->b, l->pc + (uint64_t)i->imm)); break;
    case A64_adrp:
        lift_put(l, i->rd, xl_pc(l->b, (l->pc & ~0xfffull) + (uint64_t)i->imm * 4096));
        break;
    default: return 0;
    }
    return 1;
}

/* ---- Conditional ---------------------------------------------------------------------------- */

static void csel(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    xl_val no, c;
    if (i->rn == 31 && i->rm == 31 && (i->op == A64_csinc || i->op == A64_csinv)) { /* CSET(M) */
        c = i->cond >= 14 ? lift_const(l, 0) : lift_cond(l, i->cond ^ 1u);
        if (i->op == A64_csinv)
            c = lift_op1(l, XL_OP_neg, c);
        lift_put_r(l, i->rd, lift_sized(l, c));
        return;
    }
    c = lift_cond(l, i->cond);
    no = lift_r(l, i->rm);
    if (i->op == A64_csinc)
        no = lift_t2(l, XL_OP_add, no, lift_tconst(l, 1));
    else if (i->op != A64_csel)
        no = lift_t1(l, i->op == A64_csinv ? XL_OP_not : XL_OP_neg, no);
    lift_put_r(l, i->rd, xl_sel(l->b, lift_type(l), c, lift_r(l, i->rn), no));
}

static void ccmp(struct lift *l, uint32_t add, int imm)
{
    xl_val a = lift_x(l, l->i.rn);
    xl_val b = imm ? lift_const(l, (uint64_t)l->i.imm) : lift_x(l, l->i.rm);
    if (l->i.cond < 14)
        lift_flags_ccmp(l, l->i.cond, add, a, b);
    else if (add)
        lift_flags_add(l, l->i.sf, a, b);
    else
        lift_flags_sub(l, l->i.sf, a, b);
}

static int lift_conditional(struct lift *l)
{
    switch (l->i.op) {
    case A64_csel:
    case A64_csinc:
    case A64_csinv:
    case A64_csneg: csel(l); break;
    case A64_ccmn_reg: ccmp(l, 1, 0); break;
    case A64_ccmn_imm: ccmp(l, 1, 1); break;
    case A64_ccmp_reg: ccmp(l, 0, 0); break;
    case A64_ccmp_imm: ccmp(l, 0, 1); break;
    default: return 0;
    }
    return 1;
}

/* ---- Multiplication, division --------------------------------------------------------------- */

static void madd(struct lift *l, uint32_t op)
{
    xl_val p = lift_t2(l, XL_OP_mul, lift_r(l, l->i.rn), lift_r(l, l->i.rm));
    if (l->i.ra == 31)
        p = op == XL_OP_add ? p : lift_t1(l, XL_OP_neg, p);
    else
        p = lift_t2(l, op, lift_r(l, l->i.ra), p);
    lift_put_r(l, l->i.rd, p);
}

static void maddl(struct lift *l, uint32_t ext, uint32_t op)
{
    xl_val a = lift_op1(l, ext, lift_x(l, l->i.rn)), b = lift_op1(l, ext, lift_x(l, l->i.rm));
    xl_val p = lift_op2(l, XL_OP_mul, a, b);
    lift_put(l, l->i.rd, lift_op2(l, op, lift_x(l, l->i.ra), p));
}

/* Division by zero gives zero. */
static void divide(struct lift *l, uint32_t op)
{
    xl_val d = lift_r(l, l->i.rm), zero = lift_tconst(l, 0);
    xl_val q = lift_t2(l, op, lift_r(l, l->i.rn), d);
    xl_val c = xl_set(l->b, XL_C_NE, lift_type(l), d, zero);
    lift_put_r(l, l->i.rd, xl_sel(l->b, lift_type(l), c, q, zero));
}

static void two(struct lift *l, uint32_t op)
{
    lift_put_r(l, l->i.rd, lift_t2(l, op, lift_r(l, l->i.rn), lift_r(l, l->i.rm)));
}

static int lift_multiply(struct lift *l)
{
    switch (l->i.op) {
    case A64_madd: madd(l, XL_OP_add); break;
    case A64_msub: madd(l, XL_OP_sub); break;
    case A64_smaddl: maddl(l, XL_OP_sext32, XL_OP_add); break;
    case A64_smsubl: maddl(l, XL_OP_sext32, XL_OP_sub); break;
    case A64_umaddl: maddl(l, XL_OP_zext32, XL_OP_add); break;
    case A64_umsubl: maddl(l, XL_OP_zext32, XL_OP_sub); break;
    case A64_smulh: two(l, XL_OP_mulhs); break;
    case A64_umulh: two(l, XL_OP_mulhu); break;
    case A64_udiv: divide(l, XL_OP_divu); break;
    case A64_sdiv: divide(l, XL_OP_divs); break;
    case A64_lslv: two(l, XL_OP_shl); break;
    case A64_lsrv: two(l, XL_OP_shr); break;
    case A64_asrv: two(l, XL_OP_sar); break;
    case A64_rorv: two(l, XL_OP_ror); break;
    default: return 0;
    }
    return 1;
}

int lift_int(struct lift *l)
{
    return lift_add(l) || lift_logic(l) || lift_conditional(l) || lift_multiply(l);
}
