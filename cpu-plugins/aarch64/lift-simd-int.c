/* SPDX-License-Identifier: MIT */
/* lift-simd-int.c - integer lanes: three same, two-register miscellaneous, across lanes; their
 * scalar forms and those by element.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2.
 */
#include "lift-simd.h"

enum kind {
    NONE,
    BIN,    /* n op m */
    SAT,    /* the same, saturating; op2 is the plain operation */
    ACC,    /* d op2 (n op m) */
    PAIR,   /* of neighbours in n, then in m */
    PAIRS,  /* scalar: of the two lanes of n */
    BITS,   /* n op m, on bits */
    SELECT, /* BSL, BIT, BIF: op says in which order the operands go */
    DMULH,  /* doubling multiplication, high half */
    HELP,   /* IOP_* */
    UN,     /* op n */
    ZERO,   /* n op 0 */
    ZEROR,  /* 0 op n */
    SATNEG, SATABS,
    REV,    /* op2: group */
    ADDL,   /* long pairwise; op: the shift right that extends; op2: accumulate */
    ACROSS, ACROSSX, /* op: of lanes that may be zero; of lanes that may not */
    DOT
};

static const struct row {
    uint8_t kind, op2;
    uint16_t op;
} table[SIMD_ROWS] = {
#define V(name, kind, op) SIMD_ROW(name##_v) = {kind, 0, op}
#define VS(name, kind, op) V(name, kind, op), SIMD_ROW(name##_s) = {kind, 0, op}
#define V2(name, kind, op, op2) SIMD_ROW(name##_v) = {kind, op2, op}
#define VS2(name, kind, op, op2) V2(name, kind, op, op2), SIMD_ROW(name##_s) = {kind, op2, op}
#define VE2(name, kind, op, op2) V2(name, kind, op, op2), SIMD_ROW(name##_ve) = {kind, op2, op}
#define ALL(name, kind, op) \
    VS(name, kind, op), SIMD_ROW(name##_ve) = {kind, 0, op}, SIMD_ROW(name##_se) = {kind, 0, op}
#define V0(name, kind, op) \
    SIMD_ROW(name##_0v) = {kind, 0, op}, SIMD_ROW(name##_0s) = {kind, 0, op}
    /* three same */
    V(shadd, BIN, XL_OP_vshadd), V(uhadd, BIN, XL_OP_vuhadd),
    V(srhadd, BIN, XL_OP_vsrhadd), V(urhadd, BIN, XL_OP_vurhadd),
    V(shsub, BIN, XL_OP_vshsub), V(uhsub, BIN, XL_OP_vuhsub),
    VS2(sqadd, SAT, XL_OP_vsqadd, XL_OP_vadd), VS2(uqadd, SAT, XL_OP_vuqadd, XL_OP_vadd),
    VS2(sqsub, SAT, XL_OP_vsqsub, XL_OP_vsub), VS2(uqsub, SAT, XL_OP_vuqsub, XL_OP_vsub),
    VS(cmgt, BIN, XL_OP_vcgt), VS(cmge, BIN, XL_OP_vcge), VS(cmhi, BIN, XL_OP_vchi),
    VS(cmhs, BIN, XL_OP_vchs), VS(cmeq, BIN, XL_OP_vceq), VS(cmtst, BIN, XL_OP_vctst),
    VS(sshl, BIN, XL_OP_vsshl), VS(ushl, BIN, XL_OP_vushl),
    VS(srshl, BIN, XL_OP_vsrshl), VS(urshl, BIN, XL_OP_vurshl),
    VS(sqshl, HELP, IOP_SQSHL), VS(uqshl, HELP, IOP_UQSHL),
    VS(sqrshl, HELP, IOP_SQRSHL), VS(uqrshl, HELP, IOP_UQRSHL),
    V(smax, BIN, XL_OP_vsmax), V(smin, BIN, XL_OP_vsmin),
    V(umax, BIN, XL_OP_vumax), V(umin, BIN, XL_OP_vumin),
    V(sabd, BIN, XL_OP_vsabd), V(uabd, BIN, XL_OP_vuabd),
    V2(saba, ACC, XL_OP_vsabd, XL_OP_vadd), V2(uaba, ACC, XL_OP_vuabd, XL_OP_vadd),
    VS(add, BIN, XL_OP_vadd), VS(sub, BIN, XL_OP_vsub),
    VE2(mla, ACC, XL_OP_vmul, XL_OP_vadd), VE2(mls, ACC, XL_OP_vmul, XL_OP_vsub),
    VE2(mul, BIN, XL_OP_vmul, 0), V(pmul, BIN, XL_OP_vpmul),
    V(smaxp, PAIR, XL_OP_vsmax), V(sminp, PAIR, XL_OP_vsmin),
    V(umaxp, PAIR, XL_OP_vumax), V(uminp, PAIR, XL_OP_vumin), V(addp, PAIR, XL_OP_vadd),
    SIMD_ROW(addp_s) = {PAIRS, 0, XL_OP_vadd},
    ALL(sqdmulh, DMULH, XL_OP_vsqdmulh), ALL(sqrdmulh, DMULH, XL_OP_vsqrdmulh),
    ALL(sqrdmlah, HELP, IOP_SQRDMLAH), ALL(sqrdmlsh, HELP, IOP_SQRDMLSH),
    VE2(sdot, DOT, IOP_SDOT, 0), VE2(udot, DOT, IOP_UDOT, 0),
    V(and, BITS, XL_OP_vand), V(orr, BITS, XL_OP_vor), V(eor, BITS, XL_OP_vxor),
    V(bic, BITS, XL_OP_vandn), V(orn, BITS, XL_OP_vorn),
    V(bsl, SELECT, 0), V(bit, SELECT, 1), V(bif, SELECT, 2),
    /* two registers */
    V2(rev64, REV, XL_OP_vrev, XL_L64), V2(rev32, REV, XL_OP_vrev, XL_L32),
    V2(rev16, REV, XL_OP_vrev, XL_L16),
    V2(saddlp, ADDL, XL_OP_vsari, 0), V2(uaddlp, ADDL, XL_OP_vshri, 0),
    V2(sadalp, ADDL, XL_OP_vsari, 1), V2(uadalp, ADDL, XL_OP_vshri, 1),
    V(cls, UN, XL_OP_vcls), V(clz, UN, XL_OP_vclz), V(cnt, UN, XL_OP_vcnt),
    VS(abs, UN, XL_OP_vabs), VS(neg, UN, XL_OP_vneg), V(not, UN, XL_OP_vnot),
    V(rbit, UN, XL_OP_vrbit),
    V0(cmgt, ZERO, XL_OP_vcgt), V0(cmge, ZERO, XL_OP_vcge), V0(cmeq, ZERO, XL_OP_vceq),
    V0(cmlt, ZEROR, XL_OP_vcgt), V0(cmle, ZEROR, XL_OP_vcge),
    VS(suqadd, HELP, IOP_SUQADD), VS(usqadd, HELP, IOP_USQADD),
    VS(sqneg, SATNEG, 0), VS(sqabs, SATABS, 0),
    V(urecpe, HELP, IOP_URECPE), V(ursqrte, HELP, IOP_URSQRTE),
    /* across lanes */
    V(addv, ACROSS, XL_OP_vaddv), V(saddlv, ACROSS, XL_OP_vsaddlv),
    V(uaddlv, ACROSS, XL_OP_vuaddlv), V(smaxv, ACROSSX, XL_OP_vsmaxv),
    V(sminv, ACROSSX, XL_OP_vsminv), V(umaxv, ACROSSX, XL_OP_vumaxv),
    V(uminv, ACROSSX, XL_OP_vuminv),
};

/* The result leaves in v_result(); what saturated must be cut to size before. */
static void saturating(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    uint32_t size = l->i.size;
    xl_val v = v_finish(l, size, v_op2(l, r->op, size, n, m));
    xl_val plain = v_finish(l, size, v_op2(l, r->op2, size, n, m));
    v_saturated(l, v_op2(l, XL_OP_vxor, 0, v, plain));
    v_put(l, l->i.rd, v);
}

static xl_val pairs(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    uint32_t size = l->i.size;
    if (!l->i.sf)
        n = m = v_join(l, n, m);
    return v_op2(l, r->op, size, v_op2(l, XL_OP_vuzp1, size, n, m),
                 v_op2(l, XL_OP_vuzp2, size, n, m));
}

static xl_val select_bits(struct lift *l, uint32_t kind, xl_val n, xl_val m)
{
    xl_val d = v_get(l, l->i.rd);
    switch (kind) {
    case 0: return xl_v3(l->b, XL_OP_vbsl, 0, d, n, m, 0);
    case 1: return xl_v3(l->b, XL_OP_vbsl, 0, m, n, d, 0);
    default: return xl_v3(l->b, XL_OP_vbsl, 0, m, d, n, 0);
    }
}

/* Only the least integer times itself saturates. */
static xl_val doubling_high(struct lift *l, const struct row *r, xl_val n, xl_val m)
{
    uint32_t size = l->i.size;
    xl_val least = v_const(l, size, size == 1 ? 0x8000 : 0x80000000u);
    xl_val both = v_op2(l, XL_OP_vand, 0, v_op2(l, XL_OP_vceq, size, n, least),
                        v_op2(l, XL_OP_vceq, size, m, least));
    v_saturated(l, v_finish(l, size, both));
    return v_op2(l, r->op, size, n, m);
}

static xl_val help(struct lift *l, uint32_t op, uint32_t size, xl_val n, xl_val m)
{
    return v_call(l, A64_H_INT_LANES, n, m, v_get(l, l->i.rd),
                  SIMD_INFO(op, size, v_lanes(l, size), 0, 0));
}

static xl_val saturated_negate(struct lift *l, xl_val n)
{
    uint32_t size = l->i.size;
    xl_val v = v_op2(l, XL_OP_vsqsub, size, v_zero(l), n);
    xl_val plain = v_op2(l, XL_OP_vsub, size, v_zero(l), n);
    v_saturated(l, v_finish(l, size, v_op2(l, XL_OP_vxor, 0, v, plain)));
    return v;
}

/* Neighbours are added in lanes of twice the size: the odd ones are there by a shift to the
 * right, the even ones by a shift to the left first. */
static xl_val add_long_pairs(struct lift *l, const struct row *r, xl_val n)
{
    uint32_t bits = 8u << l->i.size, wide = l->i.size + 1u;
    xl_val odd = v_imm1(l, r->op, wide, n, bits);
    xl_val even = v_imm1(l, r->op, wide, v_imm1(l, XL_OP_vshli, wide, n, bits), bits);
    xl_val v = v_op2(l, XL_OP_vadd, wide, odd, even);
    return r->op2 ? v_op2(l, XL_OP_vadd, wide, v_get(l, l->i.rd), v) : v;
}

static xl_val across(struct lift *l, const struct row *r, xl_val n)
{
    if (!l->i.sf)
        n = r->kind == ACROSS ? v_low64(l, n) : v_join(l, n, n);
    return v_op1(l, r->op, l->i.size, n);
}

static xl_val dot(struct lift *l, const struct row *r)
{
    xl_val m = v_get(l, l->i.rm);
    if (l->i.raw >> 24 & 1)
        m = v_imm1(l, XL_OP_vdupl, XL_L32, m, l->i.amount);
    return help(l, r->op, XL_L32, v_get(l, l->i.rn), m);
}

static xl_val two_registers(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_operand(l, l->i.rn, size);
    switch (r->kind) {
    case UN: return v_op1(l, r->op, r->op == XL_OP_vrbit ? XL_L8 : size, n);
    case ZERO: return v_op2(l, r->op, size, n, v_zero(l));
    case ZEROR: return v_op2(l, r->op, size, v_zero(l), n);
    case SATNEG: return saturated_negate(l, n);
    case SATABS: return v_op2(l, XL_OP_vsmax, size, n, saturated_negate(l, n));
    case REV: return v_imm1(l, r->op, size, n, r->op2);
    case ADDL: return add_long_pairs(l, r, n);
    default: return across(l, r, n);
    }
}

static xl_val three_same(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_operand(l, l->i.rn, size), m = v_second(l, size);
    switch (r->kind) {
    case BIN: return v_op2(l, r->op, size, n, m);
    case ACC: return v_op2(l, r->op2, size, v_get(l, l->i.rd), v_op2(l, r->op, size, n, m));
    case PAIR: return pairs(l, r, n, m);
    case BITS: return v_op2(l, r->op, 0, n, m);
    case SELECT: return select_bits(l, r->op, n, m);
    case DMULH: return doubling_high(l, r, n, m);
    default: return help(l, r->op, size, n, m);
    }
}

int lift_simd_int(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    xl_val n;
    switch (r->kind) {
    case NONE: return 0;
    case SAT:
        n = v_operand(l, l->i.rn, l->i.size);
        saturating(l, r, n, v_operand(l, l->i.rm, l->i.size));
        return 1;
    case PAIRS:
        n = v_get(l, l->i.rn);
        v_result(l, v_op2(l, r->op, XL_L64, n, v_op2(l, XL_OP_vzip2, XL_L64, n, n)));
        return 1;
    case ACROSS: case ACROSSX: v_put(l, l->i.rd, two_registers(l, r)); return 1;
    case DOT: v_result(l, dot(l, r)); return 1;
    case BIN: case ACC: case PAIR: case BITS: case SELECT: case DMULH: case HELP:
        v_result(l, three_same(l, r));
        return 1;
    default: v_result(l, two_registers(l, r)); return 1;
    }
}
