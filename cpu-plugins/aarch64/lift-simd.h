/* SPDX-License-Identifier: MIT */
/* lift-simd.h - what the lift-fp and lift-simd files share.
 *
 * Vectors are whole 128 bits in the IR. A row's result passes through v_finish(), which zeroes
 * what an instruction of 64 bits or a scalar one has to. Scalar forms of lane operations work on
 * operands whose other lanes are zero. Saturation: the slot QC collects, by vor, a vector that
 * is not zero where a lane saturated; nobody looks at it before FPSR is read.
 */
#ifndef A64_LIFT_SIMD_H
#define A64_LIFT_SIMD_H

#include "lift.h"
#include "simd-ops.h"

/* Tables by row of a64-simd.decode. */
#define SIMD_ROWS (A64_OP_COUNT - A64_FIRST_a64_simd)
#define SIMD_ROW(name) [A64_##name - A64_FIRST_a64_simd]
static inline uint32_t simd_row(const struct lift *l)
{
    return l->i.op - (uint32_t)A64_FIRST_a64_simd;
}

/* Each lifts l->i if it is one of its own: 1, else 0. */
int lift_fp_scalar(struct lift *l);
int lift_fp_convert(struct lift *l);
int lift_simd_fp(struct lift *l);
int lift_simd_int(struct lift *l);
int lift_simd_wide(struct lift *l);
int lift_simd_shift(struct lift *l);
int lift_simd_move(struct lift *l);
int lift_simd_mem(struct lift *l);
int lift_simd_struct(struct lift *l);
int lift_crypto(struct lift *l);

uint64_t lift_fp_imm8(uint32_t size, uint32_t imm8); /* VFPExpandImm */

static inline xl_val v_get(struct lift *l, uint32_t n)
{
    return xl_get(l->b, A64_SLOT_V + n);
}

static inline void v_put(struct lift *l, uint32_t n, xl_val v)
{
    xl_put(l->b, A64_SLOT_V + n, v);
}

static inline xl_val v_op1(struct lift *l, uint32_t op, uint32_t lane, xl_val a)
{
    return xl_v1(l->b, op, lane, a, 0);
}

static inline xl_val v_imm1(struct lift *l, uint32_t op, uint32_t lane, xl_val a, int64_t imm)
{
    return xl_v1(l->b, op, lane, a, imm);
}

static inline xl_val v_op2(struct lift *l, uint32_t op, uint32_t lane, xl_val a, xl_val c)
{
    return xl_v2(l->b, op, lane, a, c, 0);
}

static inline xl_val v_zero(struct lift *l)
{
    return xl_const(l->b, XL_V128, 0);
}

/* v in all lanes of that size. */
static inline xl_val v_const(struct lift *l, uint32_t size, uint64_t v)
{
    for (uint32_t s = size; s < 3; s++) {
        uint32_t bits = 8u << s;
        v = (v & ((1ull << bits) - 1)) | v << bits;
    }
    return xl_const(l->b, XL_V128, v);
}

static inline xl_val v_const2(struct lift *l, uint64_t lo, uint64_t hi)
{
    if (lo == hi)
        return xl_const(l->b, XL_V128, lo);
    return xl_v2(l->b, XL_OP_vmake, 0, lift_const(l, lo), lift_const(l, hi), 0);
}

/* An I64 whose upper bits are zero, in an otherwise empty vector. */
static inline xl_val v_from(struct lift *l, xl_val i64)
{
    return xl_v2(l->b, XL_OP_vmake, 0, i64, lift_const(l, 0), 0);
}

static inline xl_val v_low64(struct lift *l, xl_val v)
{
    return v_op1(l, XL_OP_vzext64, 0, v);
}

/* The lowest lane of that size, all else zero. */
static inline xl_val v_lowest(struct lift *l, uint32_t size, xl_val v)
{
    if (size == 3)
        return v_low64(l, v);
    if (size == 2)
        return xl_f2v(l->b, xl_v2f(l->b, XL_F32, v));
    return v_from(l, v_op1(l, XL_OP_vlane, size, v));
}

/* Bit 28 tells scalar from vector forms in all of Advanced SIMD's data processing. */
static inline int v_scalar(const struct lift *l)
{
    return (l->i.raw >> 28 & 1) != 0;
}

/* Register n as an operand of lanes of `size`. */
static inline xl_val v_operand(struct lift *l, uint32_t n, uint32_t size)
{
    return v_scalar(l) ? v_lowest(l, size, v_get(l, n)) : v_get(l, n);
}

/* The low halves of a and c, joined; a comes first. */
static inline xl_val v_join(struct lift *l, xl_val a, xl_val c)
{
    return v_op2(l, XL_OP_vzip1, XL_L64, a, c);
}

static inline xl_val v_finish(struct lift *l, uint32_t size, xl_val v)
{
    return v_scalar(l) ? v_lowest(l, size, v) : l->i.sf ? v : v_low64(l, v);
}

static inline void v_result(struct lift *l, xl_val v)
{
    v_put(l, l->i.rd, v_finish(l, l->i.size, v));
}

/* Narrowed lanes, all in the low half: where Q says they go. */
static inline void v_put_narrow(struct lift *l, xl_val v)
{
    v_put(l, l->i.rd, l->i.sf && !v_scalar(l) ? v_join(l, v_get(l, l->i.rd), v) : v);
}

/* QC becomes set if v is not zero. */
static inline void v_saturated(struct lift *l, xl_val v)
{
    xl_put(l->b, A64_SLOT_QC, v_op2(l, XL_OP_vor, 0, xl_get(l->b, A64_SLOT_QC), v));
}

static inline uint32_t v_lanes(const struct lift *l, uint32_t size)
{
    return v_scalar(l) ? 1 : (l->i.sf ? 16u : 8u) >> size;
}

static inline xl_val v_call(struct lift *l, uint32_t helper, xl_val n, xl_val m, xl_val d,
                            uint64_t info)
{
    return xl_callh(l->b, helper, 4, n, m, d, lift_const(l, info));
}

/* The second operand: by element (x indexed element rows) or a register. */
static inline xl_val v_second(struct lift *l, uint32_t size)
{
    uint32_t element = (l->i.raw >> 24 & 15) == 15 && !(l->i.raw >> 10 & 1);
    if (!element)
        return v_operand(l, l->i.rm, size);
    return v_imm1(l, XL_OP_vdupl, size, v_get(l, l->i.rm), l->i.amount);
}

#endif
