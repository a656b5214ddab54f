/* SPDX-License-Identifier: MIT */
/* lift-flags.c - NZCV in translated code.
 * DDI 0487: C1.2.4 (conditions), D19.2 AddWithCarry, ConditionHolds.
 *
 * Flags are kept as the operation that set them: its kind in slot cc, its operands in cca, ccb
 * and ccc. Setting them is two or three stores; within a block a condition becomes a comparison
 * of the operands, and a conditional branch a comparison and a jump. Another block that wants
 * them lets a helper compute all four. An instruction that sets flags puts the slots at once, so
 * they are exact at every fault; what is put again before anyone can look is dropped.
 */
#include "lift.h"

/* A condition as a comparison of two values. */
struct test {
    uint32_t cond, type;
    xl_val a, b;
};

static struct test compare(uint32_t cond, uint32_t type, xl_val a, xl_val b)
{
    return (struct test){cond, type, a, b};
}

static struct test is_true(struct lift *l, xl_val v)
{
    return compare(XL_C_NE, XL_I64, v, lift_const(l, 0));
}

static xl_val value_of(struct lift *l, struct test t)
{
    return xl_set(l->b, t.cond, t.type, t.a, t.b);
}

static xl_val typed(struct lift *l, uint32_t type, xl_val v)
{
    return type == XL_I32 ? lift_narrow(l, v) : v;
}

static xl_val op2(struct lift *l, uint32_t op, uint32_t type, xl_val a, xl_val b)
{
    return xl_op2(l->b, op, type, a, b);
}

static struct test below_zero(struct lift *l, uint32_t type, xl_val v)
{
    return compare(XL_C_LT, type, v, xl_const(l->b, type, 0));
}

/* ---- By kind; cond >> 1 is in `which` ----------------------------------------------------- */

enum { W_EQ, W_CS, W_MI, W_VS, W_HI, W_GE, W_GT };

static struct test of_sub(struct lift *l, uint32_t t, xl_val a, xl_val b, uint32_t which)
{
    xl_val r;
    a = typed(l, t, a);
    b = typed(l, t, b);
    switch (which) {
    case W_EQ: return compare(XL_C_EQ, t, a, b);
    case W_CS: return compare(XL_C_GEU, t, a, b);
    case W_HI: return compare(XL_C_LTU, t, b, a);
    case W_GE: return compare(XL_C_GE, t, a, b);
    case W_GT: return compare(XL_C_LT, t, b, a);
    case W_MI: return below_zero(l, t, op2(l, XL_OP_sub, t, a, b));
    default:
        r = op2(l, XL_OP_xor, t, a, op2(l, XL_OP_sub, t, a, b));
        return below_zero(l, t, op2(l, XL_OP_and, t, r, op2(l, XL_OP_xor, t, a, b)));
    }
}

/* a + b + carry, with or without one. */
static struct test of_sum(struct lift *l, const struct flags *f, uint32_t which)
{
    uint32_t t = f->type;
    xl_val a = typed(l, t, f->a), b = typed(l, t, f->b);
    xl_val s = op2(l, XL_OP_add, t, a, b), r = s, v, n, c;
    if (f->kind == FL_ADC)
        r = op2(l, XL_OP_add, t, s, typed(l, t, f->c));
    v = op2(l, XL_OP_and, t, op2(l, XL_OP_xor, t, a, r), op2(l, XL_OP_xor, t, b, r));
    switch (which) {
    case W_EQ: return compare(XL_C_EQ, t, r, xl_const(l->b, t, 0));
    case W_MI: return below_zero(l, t, r);
    case W_VS: return below_zero(l, t, v);
    case W_CS:
    case W_HI:
        c = xl_set(l->b, XL_C_LTU, t, s, a);
        if (f->kind == FL_ADC)
            c = lift_op2(l, XL_OP_or, c, xl_set(l->b, XL_C_LTU, t, r, s));
        if (which == W_HI)
            c = lift_op2(l, XL_OP_and, c, xl_set(l->b, XL_C_NE, t, r, xl_const(l->b, t, 0)));
        return is_true(l, c);
    default: /* N == V, and for GT not Z */
        n = op2(l, XL_OP_xor, t, v, r);
        if (which == W_GE)
            return compare(XL_C_GE, t, n, xl_const(l->b, t, 0));
        c = xl_set(l->b, XL_C_GE, t, n, xl_const(l->b, t, 0));
        return is_true(l, lift_op2(l, XL_OP_and, c,
                                   xl_set(l->b, XL_C_NE, t, r, xl_const(l->b, t, 0))));
    }
}

static struct test of_logic(struct lift *l, const struct flags *f, uint32_t which)
{
    xl_val v = typed(l, f->type, f->a), zero = xl_const(l->b, f->type, 0);
    switch (which) {
    case W_EQ: return compare(XL_C_EQ, f->type, v, zero);
    case W_MI: return compare(XL_C_LT, f->type, v, zero);
    case W_GE: return compare(XL_C_GE, f->type, v, zero);
    case W_GT: return compare(XL_C_LT, f->type, zero, v);
    default: return is_true(l, lift_const(l, 0)); /* CS VS HI */
    }
}

static xl_val bit(struct lift *l, xl_val v, uint32_t n)
{
    return lift_op2(l, XL_OP_and, lift_op2(l, XL_OP_shr, v, lift_const(l, n)), lift_const(l, 1));
}

static struct test of_nzcv(struct lift *l, xl_val v, uint32_t which)
{
    static const uint8_t at[] = {30, 29, 31, 28};
    xl_val r;
    if (which <= W_VS)
        return is_true(l, lift_op2(l, XL_OP_and, v, lift_const(l, 1u << at[which])));
    if (which == W_HI) /* C and not Z: bits 30:29 are 01 */
        return compare(XL_C_EQ, XL_I64, lift_op2(l, XL_OP_and, v, lift_const(l, 3u << 29)),
                       lift_const(l, 1u << 29));
    r = lift_op2(l, XL_OP_xor, bit(l, v, 31), bit(l, v, 28));
    if (which == W_GT)
        r = lift_op2(l, XL_OP_or, r, bit(l, v, 30));
    return compare(XL_C_EQ, XL_I64, r, lift_const(l, 0));
}

static int holds(uint32_t nzcv, uint32_t which)
{
    uint32_t n = nzcv >> 3 & 1, z = nzcv >> 2 & 1, c = nzcv >> 1 & 1, v = nzcv & 1;
    const uint32_t r[] = {z, c, n, v, c && !z, n == v, n == v && !z};
    return (int)r[which];
}

static struct test test_of(struct lift *l, const struct flags *f, uint32_t which);

/* f->cond ? the comparison's : f->imm's */
static struct test of_ccmp(struct lift *l, const struct flags *f, uint32_t which)
{
    struct flags in = {.kind = f->add ? FL_ADD : FL_SUB, .type = f->type, .a = f->a, .b = f->b};
    struct test t = test_of(l, &in, which);
    xl_val v;
    if (!holds(f->imm, which))
        return is_true(l, lift_op2(l, XL_OP_and, f->cond, value_of(l, t)));
    t.cond ^= 1;
    v = lift_op2(l, XL_OP_and, f->cond, value_of(l, t));
    return compare(XL_C_EQ, XL_I64, v, lift_const(l, 0));
}

static struct test test_of(struct lift *l, const struct flags *f, uint32_t which)
{
    switch (f->kind) {
    case FL_SUB: return of_sub(l, f->type, f->a, f->b, which);
    case FL_ADD:
    case FL_ADC: return of_sum(l, f, which);
    case FL_LOGIC: return of_logic(l, f, which);
    case FL_CCMP: return of_ccmp(l, f, which);
    default: return of_nzcv(l, f->a, which);
    }
}

/* ---- For the others ------------------------------------------------------------------------- */

xl_val lift_nzcv(struct lift *l)
{
    if (l->fl.kind == FL_NZCV)
        return l->fl.a;
    return xl_callh(l->b, A64_H_NZCV, 4, xl_get(l->b, A64_SLOT_CC), xl_get(l->b, A64_SLOT_CCA),
                    xl_get(l->b, A64_SLOT_CCB), xl_get(l->b, A64_SLOT_CCC));
}

/* cond is not AL or NV. */
static struct test condition(struct lift *l, uint32_t cond)
{
    struct test t;
    if (l->fl.kind == FL_SLOTS)
        l->fl = (struct flags){.kind = FL_NZCV, .a = lift_nzcv(l)};
    t = test_of(l, &l->fl, cond >> 1);
    t.cond ^= cond & 1;
    return t;
}

xl_val lift_cond(struct lift *l, uint32_t cond)
{
    return cond >= 14 ? lift_const(l, 1) : value_of(l, condition(l, cond));
}

void lift_brcond(struct lift *l, uint32_t cond, uint64_t target)
{
    struct test t = condition(l, cond);
    xl_brc(l->b, t.cond, t.type, t.a, t.b, target);
}

xl_val lift_carry(struct lift *l)
{
    return lift_cond(l, 2);
}

/* ---- Setting -------------------------------------------------------------------------------- */

static void put(struct lift *l, uint32_t cc, xl_val a, xl_val b)
{
    xl_put(l->b, A64_SLOT_CC, lift_const(l, cc));
    xl_put(l->b, A64_SLOT_CCA, a);
    xl_put(l->b, A64_SLOT_CCB, b);
}

static void set(struct lift *l, uint32_t kind, uint32_t sf, xl_val a, xl_val b)
{
    l->fl = (struct flags){.kind = kind, .type = sf ? XL_I64 : XL_I32, .a = a, .b = b};
}

void lift_flags_sub(struct lift *l, uint32_t sf, xl_val a, xl_val b)
{
    set(l, FL_SUB, sf, a, b);
    put(l, sf ? A64_CC_SUB64 : A64_CC_SUB32, a, b);
}

void lift_flags_add(struct lift *l, uint32_t sf, xl_val a, xl_val b)
{
    set(l, FL_ADD, sf, a, b);
    put(l, sf ? A64_CC_ADD64 : A64_CC_ADD32, a, b);
}

void lift_flags_adc(struct lift *l, uint32_t sf, xl_val a, xl_val b, xl_val carry)
{
    set(l, FL_ADC, sf, a, b);
    l->fl.c = carry;
    put(l, sf ? A64_CC_ADC64 : A64_CC_ADC32, a, b);
    xl_put(l->b, A64_SLOT_CCC, carry);
}

void lift_flags_logic(struct lift *l, uint32_t sf, xl_val v)
{
    set(l, FL_LOGIC, sf, v, v);
    xl_put(l->b, A64_SLOT_CC, lift_const(l, sf ? A64_CC_LOGIC64 : A64_CC_LOGIC32));
    xl_put(l->b, A64_SLOT_CCA, v);
}

void lift_flags_nzcv(struct lift *l, xl_val nzcv)
{
    set(l, FL_NZCV, 1, nzcv, nzcv);
    xl_put(l->b, A64_SLOT_CC, lift_const(l, A64_CC_NZCV));
    xl_put(l->b, A64_SLOT_CCA, nzcv);
}

void lift_flags_ccmp(struct lift *l, uint32_t cond, uint32_t add, xl_val a, xl_val b)
{
    uint32_t sf = l->i.sf, add_cc = sf ? A64_CC_ADD64 : A64_CC_ADD32;
    uint32_t cc = add ? add_cc : sf ? A64_CC_SUB64 : A64_CC_SUB32;
    xl_val c = lift_cond(l, cond);
    xl_put(l->b, A64_SLOT_CC, xl_sel(l->b, XL_I64, c, lift_const(l, cc),
                                     lift_const(l, A64_CC_NZCV)));
    xl_put(l->b, A64_SLOT_CCA, xl_sel(l->b, XL_I64, c, a,
                                      lift_const(l, (uint64_t)l->i.nzcv << 28)));
    xl_put(l->b, A64_SLOT_CCB, b);
    set(l, FL_CCMP, sf, a, b);
    l->fl.cond = c;
    l->fl.add = add;
    l->fl.imm = l->i.nzcv;
}
