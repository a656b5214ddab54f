/* SPDX-License-Identifier: MIT */
/* lift-fp-scalar.c - scalar floating-point data processing.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2; shared/functions/float (J1.3).
 *
 * Single and double are IR, half precision is a helper call, like what hosts do not have. The
 * half type is undefined without FEAT_FP16.
 */
#include "lift-simd.h"

enum kind { NONE, BIN, NMUL, FMA, UN, BITS, RINT, HELP, COMPARE, CONDCMP, SELECT, MOVE, IMM };

static const struct row {
    uint8_t kind, fop, arg; /* arg: XL_FMA_*, rounding; comparisons: 1 signalling, 2 with zero */
    uint16_t op;
} table[SIMD_ROWS] = {
#define F(name, kind, op, fop, arg) SIMD_ROW(name) = {kind, fop, arg, op}
    F(fadd_f, BIN, XL_OP_fadd, FOP_ADD, 0), F(fsub_f, BIN, XL_OP_fsub, FOP_SUB, 0),
    F(fmul_f, BIN, XL_OP_fmul, FOP_MUL, 0), F(fdiv_f, BIN, XL_OP_fdiv, FOP_DIV, 0),
    F(fmax_f, BIN, XL_OP_fmax, FOP_MAX, 0), F(fmin_f, BIN, XL_OP_fmin, FOP_MIN, 0),
    F(fmaxnm_f, BIN, XL_OP_fmaxnm, FOP_MAXNM, 0), F(fminnm_f, BIN, XL_OP_fminnm, FOP_MINNM, 0),
    F(fnmul_f, NMUL, XL_OP_fmul, FOP_NMUL, 0),
    F(fmadd, FMA, XL_OP_fma, FOP_MLA, 0),
    F(fmsub, FMA, XL_OP_fma, FOP_MLS, XL_FMA_NEG_PRODUCT),
    F(fnmadd, FMA, XL_OP_fma, FOP_NMLA, XL_FMA_NEG_PRODUCT | XL_FMA_NEG_ADDEND),
    F(fnmsub, FMA, XL_OP_fma, FOP_NMLS, XL_FMA_NEG_ADDEND),
    F(fmov_f, MOVE, 0, 0, 0), F(fmov_i, IMM, 0, 0, 0),
    F(fabs_f, BITS, XL_OP_fabs, FOP_ABS, 0), F(fneg_f, BITS, XL_OP_fneg, FOP_NEG, 0),
    F(fsqrt_f, UN, XL_OP_fsqrt, FOP_SQRT, XL_RM_DYN),
    F(frintn_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_RNE),
    F(frintp_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_RUP),
    F(frintm_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_RDN),
    F(frintz_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_RTZ),
    F(frinta_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_RMM),
    F(frinti_f, RINT, XL_OP_frint, FOP_RINT, XL_RM_DYN),
    F(frintx_f, RINT, XL_OP_frint, FOP_RINTX, XL_RM_DYN),
    F(frint32z_f, HELP, 0, FOP_RINT32, XL_RM_RTZ), F(frint32x_f, HELP, 0, FOP_RINT32, XL_RM_DYN),
    F(frint64z_f, HELP, 0, FOP_RINT64, XL_RM_RTZ), F(frint64x_f, HELP, 0, FOP_RINT64, XL_RM_DYN),
    F(fcmp, COMPARE, 0, 0, 0), F(fcmpe, COMPARE, 0, 0, 1), F(fcmp_z, COMPARE, 0, 0, 2),
    F(fcmpe_z, COMPARE, 0, 0, 3), F(fccmp, CONDCMP, 0, 0, 0), F(fccmpe, CONDCMP, 0, 0, 1),
    F(fcsel, SELECT, 0, 0, 0),
};

static uint32_t type_of(const struct lift *l)
{
    return l->i.size == 3 ? XL_F64 : XL_F32;
}

static xl_val get(struct lift *l, uint32_t n)
{
    return xl_v2f(l->b, type_of(l), v_get(l, n));
}

static void put(struct lift *l, xl_val f)
{
    v_put(l, l->i.rd, xl_f2v(l->b, f));
}

static void by_helper(struct lift *l, const struct row *r)
{
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm), d = v_get(l, l->i.ra);
    v_put(l, l->i.rd, v_call(l, A64_H_FP_LANES, n, m, d,
                             SIMD_INFO(r->fop, l->i.size, 1,
                                       r->kind == RINT || r->kind == HELP ? r->arg : XL_RM_DYN,
                                       0)));
}

static void compute(struct lift *l, const struct row *r)
{
    uint32_t t = type_of(l);
    xl_val n = get(l, l->i.rn);
    switch (r->kind) {
    case BIN: put(l, xl_fp(l->b, r->op, t, n, get(l, l->i.rm), XL_RM_DYN)); break;
    case NMUL:
        n = xl_fp(l->b, r->op, t, n, get(l, l->i.rm), XL_RM_DYN);
        put(l, xl_op1(l->b, XL_OP_fneg, t, n));
        break;
    case FMA:
        put(l, xl_fma(l->b, t, n, get(l, l->i.rm), get(l, l->i.ra), r->arg, XL_RM_DYN));
        break;
    case BITS: put(l, xl_op1(l->b, r->op, t, n)); break;
    case RINT:
        put(l, xl_fp(l->b, r->op, t, n, 0, r->arg | (r->fop == FOP_RINTX ? XL_RM_EXACT : 0)));
        break;
    default: put(l, xl_fp(l->b, r->op, t, n, 0, r->arg)); break;
    }
}

/* NZCV in bits 31 to 28 of comparing n with m (vectors, lowest lane). */
static xl_val compared(struct lift *l, uint32_t signalling, xl_val n, xl_val m)
{
    uint32_t t = type_of(l);
    xl_val v;
    if (l->i.size == 1)
        v = xl_callh(l->b, A64_H_FP_CMP16, 3, n, m, lift_const(l, signalling), 0);
    else
        v = xl_fcmp(l->b, t, xl_v2f(l->b, t, n), xl_v2f(l->b, t, m), signalling);
    return lift_op2(l, XL_OP_shl, v, lift_const(l, 28));
}

static void compare(struct lift *l, const struct row *r)
{
    xl_val m = r->arg & 2 ? v_zero(l) : v_get(l, l->i.rm);
    lift_flags_nzcv(l, compared(l, r->arg & 1, v_get(l, l->i.rn), m));
}

static xl_val select_lowest(struct lift *l, xl_val cond, xl_val yes, xl_val no)
{
    uint32_t size = l->i.size;
    yes = v_op1(l, XL_OP_vlane, size, yes);
    no = v_op1(l, XL_OP_vlane, size, no);
    return v_from(l, xl_sel(l->b, XL_I64, cond, yes, no));
}

/* When the condition fails nothing is compared: zeros are, which raise nothing. */
static void compare_if(struct lift *l, const struct row *r)
{
    xl_val cond = lift_cond(l, l->i.cond), zero = v_zero(l);
    xl_val n = select_lowest(l, cond, v_get(l, l->i.rn), zero);
    xl_val m = select_lowest(l, cond, v_get(l, l->i.rm), zero);
    xl_val nzcv = lift_const(l, (uint64_t)l->i.nzcv << 28);
    lift_flags_nzcv(l, xl_sel(l->b, XL_I64, cond, compared(l, r->arg, n, m), nzcv));
}

int lift_fp_scalar(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    if (r->kind == NONE || (l->i.size == 1 && !(l->isa & A64_BIT(FP16))))
        return 0;
    switch (r->kind) {
    case MOVE: v_put(l, l->i.rd, v_lowest(l, l->i.size, v_get(l, l->i.rn))); break;
    case IMM:
        v_put(l, l->i.rd, v_const2(l, lift_fp_imm8(l->i.size, (uint32_t)l->i.imm), 0));
        break;
    case COMPARE: compare(l, r); break;
    case CONDCMP: compare_if(l, r); break;
    case SELECT:
        v_put(l, l->i.rd, select_lowest(l, lift_cond(l, l->i.cond), v_get(l, l->i.rn),
                                        v_get(l, l->i.rm)));
        break;
    default:
        if (l->i.size == 1 || !r->op)
            by_helper(l, r);
        else
            compute(l, r);
        break;
    }
    return 1;
}
