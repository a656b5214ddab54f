/* SPDX-License-Identifier: MIT */
/* lift-simd-fp.c - floating-point lanes: vector, scalar (of Advanced SIMD), by element.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2; shared/functions/float (J1.3).
 *
 * Single and double lanes are IR; half-precision ones, and operations that hosts do not have,
 * are helper calls. XL_V64 keeps lanes that the instruction does not have from raising flags;
 * a scalar single is accompanied by a lane of zeros.
 */
#include "lift-simd.h"

enum kind {
    NONE, BIN, FMA, CMP, ABSCMP, ABD, PAIR, PAIRS, UN, BITS, RINT, CVT, ZERO, ZEROR, ACROSS,
    HELP, CADD, CMLA, MLAL, WIDEN, NARROW, XNARROW
};

/* op: for single and double; 0: by helper too. arg: XL_FMA_*, rounding, or 1 for a reversed
 * comparison. */
static const struct row {
    uint8_t kind, fop, arg;
    uint16_t op;
} table[SIMD_ROWS] = {
#define ONE(row, kind, op, fop, arg) SIMD_ROW(row) = {kind, fop, arg, op}
#define V(name, kind, op, fop, arg) \
    ONE(name##_v, kind, op, fop, arg), ONE(name##_vh, kind, op, fop, arg)
#define S(name, kind, op, fop, arg) \
    ONE(name##_s, kind, op, fop, arg), ONE(name##_sh, kind, op, fop, arg)
#define VS(name, kind, op, fop, arg) V(name, kind, op, fop, arg), S(name, kind, op, fop, arg)
#define E(name, kind, op, fop, arg) \
    ONE(name##_ve, kind, op, fop, arg), ONE(name##_veh, kind, op, fop, arg), \
    ONE(name##_se, kind, op, fop, arg), ONE(name##_seh, kind, op, fop, arg)
#define Z(name, kind, op, fop) \
    ONE(name##_0v, kind, op, fop, 0), ONE(name##_0vh, kind, op, fop, 0), \
    ONE(name##_0s, kind, op, fop, 0), ONE(name##_0sh, kind, op, fop, 0)
#define X(name, op, fop, rm) \
    ONE(name##_vi, CVT, op, fop, rm), ONE(name##_si, CVT, op, fop, rm)
    V(fadd, BIN, XL_OP_vfadd, FOP_ADD, 0), V(fsub, BIN, XL_OP_vfsub, FOP_SUB, 0),
    V(fmul, BIN, XL_OP_vfmul, FOP_MUL, 0), V(fdiv, BIN, XL_OP_vfdiv, FOP_DIV, 0),
    E(fmul, BIN, XL_OP_vfmul, FOP_MUL, 0),
    V(fmax, BIN, XL_OP_vfmax, FOP_MAX, 0), V(fmin, BIN, XL_OP_vfmin, FOP_MIN, 0),
    V(fmaxnm, BIN, XL_OP_vfmaxnm, FOP_MAXNM, 0), V(fminnm, BIN, XL_OP_vfminnm, FOP_MINNM, 0),
    V(fmla, FMA, XL_OP_vfma, FOP_MLA, 0), E(fmla, FMA, XL_OP_vfma, FOP_MLA, 0),
    V(fmls, FMA, XL_OP_vfma, FOP_MLS, XL_FMA_NEG_PRODUCT),
    E(fmls, FMA, XL_OP_vfma, FOP_MLS, XL_FMA_NEG_PRODUCT),
    VS(fmulx, BIN, 0, FOP_MULX, 0), E(fmulx, BIN, 0, FOP_MULX, 0),
    VS(frecps, BIN, 0, FOP_RECPS, 0), VS(frsqrts, BIN, 0, FOP_RSQRTS, 0),
    VS(fabd, ABD, XL_OP_vfsub, FOP_ABD, 0),
    VS(fcmeq, CMP, XL_OP_vfceq, FOP_CMEQ, 0), VS(fcmge, CMP, XL_OP_vfcge, FOP_CMGE, 0),
    VS(fcmgt, CMP, XL_OP_vfcgt, FOP_CMGT, 0), VS(facge, ABSCMP, XL_OP_vfcge, FOP_ACGE, 0),
    VS(facgt, ABSCMP, XL_OP_vfcgt, FOP_ACGT, 0),
    V(faddp, PAIR, XL_OP_vfadd, FOP_ADD, 0), V(fmaxp, PAIR, XL_OP_vfmax, FOP_MAX, 0),
    V(fminp, PAIR, XL_OP_vfmin, FOP_MIN, 0), V(fmaxnmp, PAIR, XL_OP_vfmaxnm, FOP_MAXNM, 0),
    V(fminnmp, PAIR, XL_OP_vfminnm, FOP_MINNM, 0),
    S(faddp, PAIRS, XL_OP_vfadd, FOP_ADD, 0), S(fmaxp, PAIRS, XL_OP_vfmax, FOP_MAX, 0),
    S(fminp, PAIRS, XL_OP_vfmin, FOP_MIN, 0), S(fmaxnmp, PAIRS, XL_OP_vfmaxnm, FOP_MAXNM, 0),
    S(fminnmp, PAIRS, XL_OP_vfminnm, FOP_MINNM, 0),
    V(fmaxv, ACROSS, XL_OP_vfmax, FOP_MAX, 0), V(fminv, ACROSS, XL_OP_vfmin, FOP_MIN, 0),
    V(fmaxnmv, ACROSS, XL_OP_vfmaxnm, FOP_MAXNM, 0),
    V(fminnmv, ACROSS, XL_OP_vfminnm, FOP_MINNM, 0),
    V(fabs, BITS, XL_OP_vfabs, FOP_ABS, 0), V(fneg, BITS, XL_OP_vfneg, FOP_NEG, 0),
    V(fsqrt, UN, XL_OP_vfsqrt, FOP_SQRT, XL_RM_DYN),
    V(frintn, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_RNE),
    V(frintp, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_RUP),
    V(frintm, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_RDN),
    V(frintz, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_RTZ),
    V(frinta, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_RMM),
    V(frinti, RINT, XL_OP_vfrint, FOP_RINT, XL_RM_DYN),
    V(frintx, RINT, XL_OP_vfrint, FOP_RINTX, XL_RM_DYN),
    ONE(frint32z_v, HELP, 0, FOP_RINT32, XL_RM_RTZ),
    ONE(frint32x_v, HELP, 0, FOP_RINT32, XL_RM_DYN),
    ONE(frint64z_v, HELP, 0, FOP_RINT64, XL_RM_RTZ),
    ONE(frint64x_v, HELP, 0, FOP_RINT64, XL_RM_DYN),
    VS(fcvtns, CVT, XL_OP_vfcvts, FOP_CVTS, XL_RM_RNE),
    VS(fcvtnu, CVT, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RNE),
    VS(fcvtps, CVT, XL_OP_vfcvts, FOP_CVTS, XL_RM_RUP),
    VS(fcvtpu, CVT, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RUP),
    VS(fcvtms, CVT, XL_OP_vfcvts, FOP_CVTS, XL_RM_RDN),
    VS(fcvtmu, CVT, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RDN),
    VS(fcvtas, CVT, XL_OP_vfcvts, FOP_CVTS, XL_RM_RMM),
    VS(fcvtau, CVT, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RMM),
    VS(fcvtzs, CVT, XL_OP_vfcvts, FOP_CVTS, XL_RM_RTZ),
    VS(fcvtzu, CVT, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RTZ),
    VS(scvtf, CVT, XL_OP_vscvtf, FOP_SCVTF, XL_RM_DYN),
    VS(ucvtf, CVT, XL_OP_vucvtf, FOP_UCVTF, XL_RM_DYN),
    X(fcvtzs, XL_OP_vfcvts, FOP_CVTS, XL_RM_RTZ), X(fcvtzu, XL_OP_vfcvtu, FOP_CVTU, XL_RM_RTZ),
    X(scvtf, XL_OP_vscvtf, FOP_SCVTF, XL_RM_DYN), X(ucvtf, XL_OP_vucvtf, FOP_UCVTF, XL_RM_DYN),
    VS(frecpe, HELP, 0, FOP_RECPE, XL_RM_DYN), VS(frsqrte, HELP, 0, FOP_RSQRTE, XL_RM_DYN),
    S(frecpx, HELP, 0, FOP_RECPX, XL_RM_DYN),
    Z(fcmgt, ZERO, XL_OP_vfcgt, FOP_CMGT), Z(fcmge, ZERO, XL_OP_vfcge, FOP_CMGE),
    Z(fcmeq, ZERO, XL_OP_vfceq, FOP_CMEQ), Z(fcmlt, ZEROR, XL_OP_vfcgt, FOP_CMGT),
    Z(fcmle, ZEROR, XL_OP_vfcge, FOP_CMGE),
    ONE(fcadd_v, CADD, 0, FOP_CADD90, 0), ONE(fcmla_v, CMLA, 0, FOP_CMLA, 0),
    ONE(fcmla_ve, CMLA, 0, FOP_CMLA, 0),
    ONE(fmlal_v, MLAL, 0, 0, 0), ONE(fmlsl_v, MLAL, 0, 1, 0), ONE(fmlal2_v, MLAL, 0, 0, 1),
    ONE(fmlsl2_v, MLAL, 0, 1, 1), ONE(fmlal_ve, MLAL, 0, 0, 0), ONE(fmlsl_ve, MLAL, 0, 1, 0),
    ONE(fmlal2_ve, MLAL, 0, 0, 1), ONE(fmlsl2_ve, MLAL, 0, 1, 1),
    ONE(fcvtl_v, WIDEN, XL_OP_vfwiden, 0, 0), ONE(fcvtn_v, NARROW, XL_OP_vfnarrow, 0, 0),
    ONE(fcvtxn_v, XNARROW, 0, 0, 0), ONE(fcvtxn_s, XNARROW, 0, 0, 0),
};

static xl_val call(struct lift *l, uint32_t fop, xl_val n, xl_val m, xl_val d, uint32_t rm,
                   uint64_t imm)
{
    uint32_t size = l->i.size;
    return v_call(l, A64_H_FP_LANES, n, m, d, SIMD_INFO(fop, size, v_lanes(l, size), rm, imm));
}

static uint32_t lane(const struct lift *l)
{
    return l->i.size | (v_scalar(l) || !l->i.sf ? XL_V64 : 0);
}

static int by_helper(const struct lift *l, const struct row *r)
{
    return !r->op || l->i.size == 1;
}

static xl_val binary(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    if (by_helper(l, r))
        return call(l, r->fop, n, m, n, XL_RM_DYN, 0);
    return xl_v2(l->b, r->op, lane(l), n, m, XL_RM_DYN);
}

static xl_val fused(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    xl_val d = v_operand(l, l->i.rd, l->i.size);
    if (by_helper(l, r))
        return call(l, r->fop, n, m, d, XL_RM_DYN, 0);
    return xl_v3(l->b, r->op, lane(l) | (uint32_t)r->arg << 4, n, m, d, XL_RM_DYN);
}

static xl_val pairs(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    uint32_t size = l->i.size;
    if (!l->i.sf)
        n = m = v_join(l, n, m);
    return binary(l, r, v_op2(l, XL_OP_vuzp1, size, n, m), v_op2(l, XL_OP_vuzp2, size, n, m));
}

static xl_val three_same(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_operand(l, l->i.rn, size), m = v_second(l, size);
    if (v_scalar(l))
        m = v_lowest(l, size, m);
    switch (r->kind) {
    case FMA: return fused(l, r, n, m);
    case PAIR: return pairs(l, r, n, m);
    case ABD:
        n = binary(l, r, n, m);
        return by_helper(l, r) ? n : v_op1(l, XL_OP_vfabs, size, n);
    case ABSCMP:
        if (!by_helper(l, r)) {
            n = v_op1(l, XL_OP_vfabs, size, n);
            m = v_op1(l, XL_OP_vfabs, size, m);
        }
        return binary(l, r, n, m);
    default: return binary(l, r, n, m);
    }
}

/* Halves with halves, until one lane is left: op(low half, high half) of neighbours first. */
static void across(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size, lanes = (l->i.sf ? 16u : 8u) >> size;
    xl_val v = v_get(l, l->i.rn);
    if (!l->i.sf)
        v = v_low64(l, v);
    for (; lanes > 1; lanes /= 2) {
        xl_val even = v_op2(l, XL_OP_vuzp1, size, v, v_zero(l));
        xl_val odd = v_op2(l, XL_OP_vuzp2, size, v, v_zero(l));
        if (by_helper(l, r))
            v = v_call(l, A64_H_FP_LANES, even, odd, even,
                       SIMD_INFO(r->fop, size, lanes / 2, XL_RM_DYN, 0));
        else
            v = xl_v2(l->b, r->op, size | XL_V64, even, odd, XL_RM_DYN);
    }
    v_put(l, l->i.rd, v_lowest(l, size, v));
}

/* The scalar forms of conversions are what hosts have instructions for. */
static xl_val convert_scalar(struct lift *l, const struct row *r, xl_val n, uint32_t fbits)
{
    uint32_t size = l->i.size, type = size == 3 ? XL_F64 : XL_F32, rm = r->arg | fbits << 8;
    uint32_t is_unsigned = r->fop == FOP_CVTU || r->fop == FOP_UCVTF;
    uint32_t kind = size == 3 ? (is_unsigned ? XL_CVT_U64 : XL_CVT_I64)
                              : (is_unsigned ? XL_CVT_U32 : XL_CVT_I32);
    if (r->fop == FOP_SCVTF || r->fop == FOP_UCVTF) {
        n = v_op1(l, XL_OP_vlane, size, n);
        return xl_f2v(l->b, xl_cvt(l->b, XL_OP_i2f, type, n, kind, rm));
    }
    n = xl_cvt(l->b, XL_OP_f2i, type, xl_v2f(l->b, type, n), kind, rm);
    return v_from(l, size == 3 ? n : lift_op1(l, XL_OP_zext32, n));
}

static xl_val one_operand(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    int64_t imm = r->arg | (r->fop == FOP_RINTX ? XL_RM_EXACT : 0);
    xl_val n = v_operand(l, l->i.rn, size);
    uint32_t fbits = r->kind == CVT ? (uint32_t)l->i.imm : 0; /* of the fixed-point forms */
    if (by_helper(l, r))
        return call(l, r->fop, n, n, n, r->arg, fbits);
    if (r->kind == BITS)
        return v_op1(l, r->op, size, n);
    if (r->kind == CVT && v_scalar(l))
        return convert_scalar(l, r, v_get(l, l->i.rn), fbits);
    return v_imm1(l, r->op, lane(l), n, imm | (int64_t)fbits << 8);
}

static xl_val compare_zero(struct lift *l, const struct row *r)
{
    xl_val n = v_operand(l, l->i.rn, l->i.size), zero = v_zero(l);
    return r->kind == ZERO ? binary(l, r, n, zero) : binary(l, r, zero, n);
}

/* The two lowest lanes of n. */
static void scalar_pair(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_get(l, l->i.rn);
    xl_val second = v_lowest(l, size, v_imm1(l, XL_OP_vdupl, size, n, 1));
    v_put(l, l->i.rd, v_lowest(l, size, binary(l, r, v_lowest(l, size, n), second)));
}

static xl_val complex_op(struct lift *l, const struct row *r)
{
    uint32_t element = l->i.op == A64_fcmla_ve;
    xl_val m = v_get(l, l->i.rm);
    if (element)
        m = v_imm1(l, XL_OP_vdupl, l->i.size + 1u, m, l->i.amount);
    if (r->kind == CADD)
        return call(l, l->i.imm == 90 ? FOP_CADD90 : FOP_CADD270, v_get(l, l->i.rn), m, m,
                    XL_RM_DYN, 0);
    return call(l, FOP_CMLA, v_get(l, l->i.rn), m, v_get(l, l->i.rd), XL_RM_DYN,
                (uint64_t)l->i.imm / 90);
}

/* FMLAL: halves of the lower or (arg) upper part of n and m, into singles. */
static void multiply_long(struct lift *l, const struct row *r)
{
    uint32_t element = l->i.raw >> 24 & 1, upper = r->arg * (l->i.sf ? 8u : 4u);
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm);
    if (upper)
        n = xl_v2(l->b, XL_OP_vext, 0, n, n, upper);
    if (element)
        m = v_imm1(l, XL_OP_vdupl, XL_L16, m, l->i.amount);
    else if (upper)
        m = xl_v2(l->b, XL_OP_vext, 0, m, m, upper);
    v_put(l, l->i.rd, v_call(l, A64_H_FP_MLAL, n, m, v_get(l, l->i.rd),
                             SIMD_INFO(r->fop, 2, l->i.sf ? 4 : 2, XL_RM_DYN, 0)));
}

static void widen(struct lift *l, const struct row *r)
{
    xl_val n = v_get(l, l->i.rn);
    if (l->i.size == 3) {
        v_put(l, l->i.rd, v_imm1(l, r->op, XL_L32, n, (int64_t)l->i.sf << 8 | XL_RM_DYN));
        return;
    }
    if (l->i.sf)
        n = xl_v2(l->b, XL_OP_vext, 0, n, n, 8);
    v_put(l, l->i.rd, v_call(l, A64_H_FP_CVT, n, n, n, SIMD_INFO(2, 1, 4, XL_RM_DYN, 0)));
}

/* FCVTN, FCVTXN (which rounds to odd). */
static void narrow(struct lift *l, const struct row *r)
{
    xl_val n = v_get(l, l->i.rn);
    uint32_t size = l->i.size, lanes = v_scalar(l) ? 1 : 16u >> size;
    if (r->kind == NARROW && size == 3)
        n = v_imm1(l, r->op, XL_L64, n, XL_RM_DYN);
    else
        n = v_call(l, A64_H_FP_CVT, n, n, n,
                   SIMD_INFO(size - 1, size, lanes, r->kind == NARROW ? XL_RM_DYN : 5, 0));
    v_put_narrow(l, n);
}

int lift_simd_fp(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    switch (r->kind) {
    case NONE: return 0;
    case ACROSS: across(l, r); return 1;
    case PAIRS: scalar_pair(l, r); return 1;
    case MLAL: multiply_long(l, r); return 1;
    case WIDEN: widen(l, r); return 1;
    case NARROW: case XNARROW: narrow(l, r); return 1;
    case CADD: case CMLA: v_result(l, complex_op(l, r)); return 1;
    case ZERO: case ZEROR: v_result(l, compare_zero(l, r)); return 1;
    case UN: case BITS: case RINT: case CVT: case HELP: v_result(l, one_operand(l, r)); return 1;
    default: v_result(l, three_same(l, r)); return 1;
    }
}
