/* SPDX-License-Identifier: MIT */
/* lift-simd-wide.c - lanes that become wider or narrower: three different, extracting narrow,
 * and the forms by element and scalar.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2.
 *
 * With Q set the narrow side is the upper half of a register: i.sf is the half to take.
 */
#include "lift-simd.h"

enum kind {
    NONE,
    LONG,  /* extend both, then op */
    WIDE,  /* extend m, then n op m */
    ABD,   /* absolute difference (op), extended; op2: accumulate */
    MUL,   /* product (op); op2: 0, or how it goes into d */
    DMUL,  /* doubled, saturated; op2: 0, or the saturating operation that it goes into d by */
    HIGH,  /* n op m, its upper half; op2: rounded */
    XTN,   /* op narrows; op2 extends again, 0: does not saturate */
    SHLL,
    PMULL
};

static const struct row {
    uint8_t kind, sign;
    uint16_t op, op2;
} table[SIMD_ROWS] = {
#define V(name, kind, sign, op, op2) SIMD_ROW(name##_v) = {kind, sign, op, op2}
#define VE(name, kind, sign, op, op2) \
    V(name, kind, sign, op, op2), SIMD_ROW(name##_ve) = {kind, sign, op, op2}
#define VS(name, kind, sign, op, op2) \
    V(name, kind, sign, op, op2), SIMD_ROW(name##_s) = {kind, sign, op, op2}
#define ALL(name, kind, op, op2) \
    VE(name, kind, 1, op, op2), SIMD_ROW(name##_s) = {kind, 1, op, op2}, \
    SIMD_ROW(name##_se) = {kind, 1, op, op2}
    V(saddl, LONG, 1, XL_OP_vadd, 0), V(uaddl, LONG, 0, XL_OP_vadd, 0),
    V(ssubl, LONG, 1, XL_OP_vsub, 0), V(usubl, LONG, 0, XL_OP_vsub, 0),
    V(saddw, WIDE, 1, XL_OP_vadd, 0), V(uaddw, WIDE, 0, XL_OP_vadd, 0),
    V(ssubw, WIDE, 1, XL_OP_vsub, 0), V(usubw, WIDE, 0, XL_OP_vsub, 0),
    V(sabdl, ABD, 1, XL_OP_vsabd, 0), V(uabdl, ABD, 0, XL_OP_vuabd, 0),
    V(sabal, ABD, 1, XL_OP_vsabd, 1), V(uabal, ABD, 0, XL_OP_vuabd, 1),
    VE(smull, MUL, 1, XL_OP_vsmull, 0), VE(umull, MUL, 0, XL_OP_vumull, 0),
    VE(smlal, MUL, 1, XL_OP_vsmull, XL_OP_vadd), VE(umlal, MUL, 0, XL_OP_vumull, XL_OP_vadd),
    VE(smlsl, MUL, 1, XL_OP_vsmull, XL_OP_vsub), VE(umlsl, MUL, 0, XL_OP_vumull, XL_OP_vsub),
    ALL(sqdmull, DMUL, XL_OP_vsmull, 0), ALL(sqdmlal, DMUL, XL_OP_vsmull, XL_OP_vsqadd),
    ALL(sqdmlsl, DMUL, XL_OP_vsmull, XL_OP_vsqsub),
    V(addhn, HIGH, 0, XL_OP_vadd, 0), V(raddhn, HIGH, 0, XL_OP_vadd, 1),
    V(subhn, HIGH, 0, XL_OP_vsub, 0), V(rsubhn, HIGH, 0, XL_OP_vsub, 1),
    V(pmull, PMULL, 0, XL_OP_vpmull, 0), SIMD_ROW(pmull_d) = {PMULL, 0, XL_OP_vpmull, 0},
    V(shll, SHLL, 0, XL_OP_vuxtl, 0),
    V(xtn, XTN, 0, XL_OP_vxtn, 0), VS(sqxtn, XTN, 1, XL_OP_vsqxtn, XL_OP_vsxtl),
    VS(uqxtn, XTN, 0, XL_OP_vuqxtn, XL_OP_vuxtl), VS(sqxtun, XTN, 0, XL_OP_vsqxtun, XL_OP_vuxtl),
};

static uint32_t half(const struct lift *l)
{
    return v_scalar(l) ? 0 : l->i.sf;
}

static xl_val extended(struct lift *l, const struct row *r, xl_val v)
{
    return v_imm1(l, r->sign ? XL_OP_vsxtl : XL_OP_vuxtl, l->i.size, v, half(l));
}

/* Whether a narrow lane saturated shows when it is extended again. */
static xl_val narrowed(struct lift *l, const struct row *r, xl_val n)
{
    uint32_t size = l->i.size;
    xl_val v = v_op1(l, r->op, size + 1u, n);
    if (r->op2)
        v_saturated(l, v_op2(l, XL_OP_vxor, 0, v_imm1(l, r->op2, size, v, 0), n));
    return v;
}

static xl_val saturated_op(struct lift *l, uint32_t op, uint32_t plain, xl_val a, xl_val c)
{
    uint32_t wide = l->i.size + 1u;
    xl_val v = v_op2(l, op, wide, a, c);
    v_saturated(l, v_op2(l, XL_OP_vxor, 0, v, v_op2(l, plain, wide, a, c)));
    return v;
}

static xl_val doubled_product(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    xl_val v = xl_v2(l->b, r->op, l->i.size, n, m, half(l));
    v = saturated_op(l, XL_OP_vsqadd, XL_OP_vadd, v, v);
    if (!r->op2)
        return v;
    xl_val d = v_get(l, l->i.rd);
    if (v_scalar(l))
        d = v_lowest(l, l->i.size + 1u, d);
    return saturated_op(l, r->op2, r->op2 == XL_OP_vsqadd ? XL_OP_vadd : XL_OP_vsub, d, v);
}

static xl_val high_half(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    uint32_t bits = 8u << l->i.size, wide = l->i.size + 1u;
    xl_val v = v_op2(l, r->op, wide, n, m);
    if (r->op2)
        v = v_op2(l, XL_OP_vadd, wide, v, v_const(l, wide, 1ull << (bits - 1)));
    return v_op1(l, XL_OP_vxtn, wide, v_imm1(l, XL_OP_vshri, wide, v, bits));
}

static xl_val widened(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size, wide = size + 1u;
    xl_val n = v_operand(l, l->i.rn, size), m, v;
    if (r->kind == SHLL)
        return v_imm1(l, XL_OP_vshli, wide, v_imm1(l, r->op, size, n, half(l)), 8 << size);
    m = v_second(l, size);
    switch (r->kind) {
    case LONG: return v_op2(l, r->op, wide, extended(l, r, n), extended(l, r, m));
    case WIDE: return v_op2(l, r->op, wide, n, extended(l, r, m));
    case ABD:
        v = v_imm1(l, XL_OP_vuxtl, size, v_op2(l, r->op, size, n, m), half(l));
        return r->op2 ? v_op2(l, XL_OP_vadd, wide, v_get(l, l->i.rd), v) : v;
    case DMUL: return doubled_product(l, r, n, m);
    default:
        v = xl_v2(l->b, r->op, size, n, m, half(l));
        return r->op2 ? v_op2(l, r->op2, wide, v_get(l, l->i.rd), v) : v;
    }
}

int lift_simd_wide(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    if (r->kind == NONE)
        return 0;
    if (r->kind == XTN)
        v_put_narrow(l, narrowed(l, r, v_operand(l, l->i.rn, l->i.size + 1u)));
    else if (r->kind == HIGH)
        v_put_narrow(l, high_half(l, r, v_get(l, l->i.rn), v_get(l, l->i.rm)));
    else
        v_put(l, l->i.rd, widened(l, r));
    return 1;
}
