/* SPDX-License-Identifier: MIT */
/* lift-fp-convert.c - between floating-point formats, and to and from general registers.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2; shared/functions/float (J1.3).
 */
#include "lift-simd.h"

enum kind { NONE, TO_FP, TO_INT, FROM_INT, OUT, IN, OUT_HIGH, IN_HIGH, JAVASCRIPT };

static const struct row {
    uint8_t kind, arg, is_unsigned; /* arg: size of the result, or rounding */
} table[SIMD_ROWS] = {
#define C(name, kind, arg, is_unsigned) SIMD_ROW(name) = {kind, arg, is_unsigned}
#define I(name, rm) C(name##s_x, TO_INT, rm, 0), C(name##u_x, TO_INT, rm, 1)
    C(fcvt_h, TO_FP, 1, 0), C(fcvt_s, TO_FP, 2, 0), C(fcvt_d, TO_FP, 3, 0),
    I(fcvtn, XL_RM_RNE), I(fcvtp, XL_RM_RUP), I(fcvtm, XL_RM_RDN), I(fcvtz, XL_RM_RTZ),
    I(fcvta, XL_RM_RMM),
    C(fcvtzs_xf, TO_INT, XL_RM_RTZ, 0), C(fcvtzu_xf, TO_INT, XL_RM_RTZ, 1),
    C(scvtf_x, FROM_INT, 0, 0), C(ucvtf_x, FROM_INT, 0, 1),
    C(scvtf_xf, FROM_INT, 0, 0), C(ucvtf_xf, FROM_INT, 0, 1),
    C(fmov_ws, OUT, 2, 0), C(fmov_xd, OUT, 3, 0), C(fmov_gh, OUT, 1, 0),
    C(fmov_sw, IN, 2, 0), C(fmov_dx, IN, 3, 0), C(fmov_hg, IN, 1, 0),
    C(fmov_xv, OUT_HIGH, 0, 0), C(fmov_vx, IN_HIGH, 0, 0), C(fjcvtzs, JAVASCRIPT, 0, 0),
};

static uint32_t type_of(uint32_t size)
{
    return size == 3 ? XL_F64 : XL_F32;
}

/* Fraction bits of the fixed-point forms; imm is something else in the others. */
static uint32_t fraction(const struct lift *l)
{
    return l->i.raw >> 21 & 1 ? 0 : (uint32_t)l->i.imm;
}

static void to_fp(struct lift *l, uint32_t to)
{
    uint32_t from = l->i.size;
    xl_val n = v_get(l, l->i.rn);
    if (from == 1 || to == 1) {
        v_put(l, l->i.rd, v_call(l, A64_H_FP_CVT, n, n, n, SIMD_INFO(to, from, 1, XL_RM_DYN, 0)));
        return;
    }
    n = xl_v2f(l->b, type_of(from), n);
    v_put(l, l->i.rd, xl_f2v(l->b, xl_cvt(l->b, XL_OP_f2f, type_of(to), n, 0, XL_RM_DYN)));
}

static uint32_t cvt_kind(const struct lift *l, const struct row *r)
{
    return l->i.sf ? (r->is_unsigned ? XL_CVT_U64 : XL_CVT_I64)
                   : (r->is_unsigned ? XL_CVT_U32 : XL_CVT_I32);
}

static void to_int(struct lift *l, const struct row *r)
{
    xl_val n = v_get(l, l->i.rn), v;
    if (l->i.size == 1) {
        uint64_t info = SIMD_INFO(cvt_kind(l, r), 1, 1, r->arg, fraction(l));
        v = xl_callh(l->b, A64_H_FP_TO_INT16, 2, n, lift_const(l, info), 0, 0);
    } else {
        uint32_t t = type_of(l->i.size);
        v = xl_cvt(l->b, XL_OP_f2i, t, xl_v2f(l->b, t, n), cvt_kind(l, r),
                   r->arg | fraction(l) << 8);
    }
    if (!l->i.sf)
        v = lift_op1(l, XL_OP_zext32, v);
    lift_put(l, l->i.rd, v);
}

static void from_int(struct lift *l, const struct row *r)
{
    xl_val n = lift_x(l, l->i.rn);
    if (l->i.size == 1) {
        uint64_t info = SIMD_INFO(cvt_kind(l, r), 1, 1, XL_RM_DYN, fraction(l));
        v_put(l, l->i.rd, xl_callh(l->b, A64_H_FP_FROM_INT16, 2, n, lift_const(l, info), 0, 0));
        return;
    }
    n = xl_cvt(l->b, XL_OP_i2f, type_of(l->i.size), n, cvt_kind(l, r),
               XL_RM_DYN | fraction(l) << 8);
    v_put(l, l->i.rd, xl_f2v(l->b, n));
}

static void move_in(struct lift *l, uint32_t size)
{
    static const uint16_t extend[] = {0, XL_OP_zext16, XL_OP_zext32};
    xl_val v = lift_x(l, l->i.rn);
    v_put(l, l->i.rd, v_from(l, size == 3 ? v : lift_op1(l, extend[size], v)));
}

/* FJCVTZS: Z says whether the conversion was exact; the other flags are clear. */
static void javascript(struct lift *l)
{
    xl_val n = v_op1(l, XL_OP_vlane, XL_L64, v_get(l, l->i.rn));
    xl_val v = xl_callh(l->b, A64_H_FP_JS, 1, n, 0, 0, 0);
    xl_val z = lift_op2(l, XL_OP_shr, v, lift_const(l, 32));
    lift_put(l, l->i.rd, lift_op1(l, XL_OP_zext32, v));
    lift_flags_nzcv(l, lift_op2(l, XL_OP_shl, z, lift_const(l, 30)));
}

int lift_fp_convert(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    xl_val v;
    if (l->i.size == 1 && r->kind != TO_FP && !(l->isa & A64_BIT(FP16)))
        return 0;
    switch (r->kind) {
    case NONE: return 0;
    case TO_FP: to_fp(l, r->arg); break;
    case TO_INT: to_int(l, r); break;
    case FROM_INT: from_int(l, r); break;
    case OUT:
        lift_put(l, l->i.rd, v_op1(l, XL_OP_vlane, r->arg, v_get(l, l->i.rn)));
        break;
    case IN: move_in(l, r->arg); break;
    case OUT_HIGH:
        v = v_get(l, l->i.rn);
        lift_put(l, l->i.rd, v_imm1(l, XL_OP_vlane, XL_L64, v, 1));
        break;
    case IN_HIGH:
        v = v_get(l, l->i.rd);
        v_put(l, l->i.rd, xl_v2(l->b, XL_OP_vins, XL_L64, v, lift_x(l, l->i.rn), 1));
        break;
    default: javascript(l); break;
    }
    return 1;
}
