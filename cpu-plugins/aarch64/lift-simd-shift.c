/* SPDX-License-Identifier: MIT */
/* lift-simd-shift.c - shifts by an immediate, vector and scalar.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2.
 */
#include "lift-simd.h"

enum kind { NONE, SHIFT, ACC, INSERT, HELP, NARROW, LONG };

static const struct row {
    uint8_t kind;
    uint16_t op, narrow, widen; /* of NARROW: how, and the way back if it saturates */
} table[SIMD_ROWS] = {
#define BOTH(name, kind, op) \
    SIMD_ROW(name##_vi) = {kind, op, 0, 0}, SIMD_ROW(name##_si) = {kind, op, 0, 0}
#define NARROWS(name, op, narrow, widen) \
    SIMD_ROW(name##_vi) = {NARROW, op, narrow, widen}, \
    SIMD_ROW(name##_si) = {NARROW, op, narrow, widen}
    BOTH(sshr, SHIFT, XL_OP_vsari), BOTH(ushr, SHIFT, XL_OP_vshri),
    BOTH(srshr, SHIFT, XL_OP_vrsari), BOTH(urshr, SHIFT, XL_OP_vrshri),
    BOTH(ssra, ACC, XL_OP_vsari), BOTH(usra, ACC, XL_OP_vshri),
    BOTH(srsra, ACC, XL_OP_vrsari), BOTH(ursra, ACC, XL_OP_vrshri),
    BOTH(shl, SHIFT, XL_OP_vshli), BOTH(sli, INSERT, XL_OP_vshli),
    BOTH(sri, INSERT, XL_OP_vshri),
    BOTH(sqshl, HELP, IOP_SQSHL), BOTH(uqshl, HELP, IOP_UQSHL), BOTH(sqshlu, HELP, IOP_SQSHLU),
    SIMD_ROW(shrn_vi) = {NARROW, XL_OP_vshri, XL_OP_vxtn, 0},
    SIMD_ROW(rshrn_vi) = {NARROW, XL_OP_vrshri, XL_OP_vxtn, 0},
    NARROWS(sqshrn, XL_OP_vsari, XL_OP_vsqxtn, XL_OP_vsxtl),
    NARROWS(sqrshrn, XL_OP_vrsari, XL_OP_vsqxtn, XL_OP_vsxtl),
    NARROWS(uqshrn, XL_OP_vshri, XL_OP_vuqxtn, XL_OP_vuxtl),
    NARROWS(uqrshrn, XL_OP_vrshri, XL_OP_vuqxtn, XL_OP_vuxtl),
    NARROWS(sqshrun, XL_OP_vsari, XL_OP_vsqxtun, XL_OP_vuxtl),
    NARROWS(sqrshrun, XL_OP_vrsari, XL_OP_vsqxtun, XL_OP_vuxtl),
    SIMD_ROW(sshll_vi) = {LONG, XL_OP_vsxtl, 0, 0},
    SIMD_ROW(ushll_vi) = {LONG, XL_OP_vuxtl, 0, 0},
};

/* SLI, SRI: bits that the shift has brought in keep d's. */
static xl_val insert(struct lift *l, uint32_t op, xl_val shifted)
{
    uint32_t size = l->i.size, bits = 8u << size, by = (uint32_t)l->i.imm;
    uint64_t all = bits == 64 ? ~0ull : (1ull << bits) - 1;
    uint64_t mask = op == XL_OP_vshli ? all << by & all : by == bits ? 0 : all >> by;
    return xl_v3(l->b, XL_OP_vbsl, 0, v_const(l, size, mask), shifted, v_get(l, l->i.rd), 0);
}

static xl_val narrowed(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_imm1(l, r->op, size + 1u, v_operand(l, l->i.rn, size + 1u), l->i.imm);
    xl_val v = v_op1(l, r->narrow, size + 1u, n);
    if (r->widen)
        v_saturated(l, v_op2(l, XL_OP_vxor, 0, v_imm1(l, r->widen, size, v, 0), n));
    return v;
}

static xl_val shifted(struct lift *l, const struct row *r)
{
    uint32_t size = l->i.size;
    xl_val n = v_operand(l, l->i.rn, size), d;
    switch (r->kind) {
    case ACC:
        d = v_get(l, l->i.rd);
        return v_op2(l, XL_OP_vadd, size, d, v_imm1(l, r->op, size, n, l->i.imm));
    case INSERT: return insert(l, r->op, v_imm1(l, r->op, size, n, l->i.imm));
    case HELP:
        return v_call(l, A64_H_INT_LANES, n, v_const(l, size, (uint64_t)l->i.imm), n,
                      SIMD_INFO(r->op, size, v_lanes(l, size), 0, 0));
    default: return v_imm1(l, r->op, size, n, l->i.imm);
    }
}

int lift_simd_shift(struct lift *l)
{
    const struct row *r = &table[simd_row(l)];
    if (r->kind == NONE)
        return 0;
    if (r->kind == NARROW) {
        v_put_narrow(l, narrowed(l, r));
    } else if (r->kind == LONG) {
        xl_val v = v_imm1(l, r->op, l->i.size, v_get(l, l->i.rn), l->i.sf);
        if (l->i.imm)
            v = v_imm1(l, XL_OP_vshli, l->i.size + 1u, v, l->i.imm);
        v_put(l, l->i.rd, v);
    } else {
        v_result(l, shifted(l, r));
    }
    return 1;
}
