/* SPDX-License-Identifier: MIT */
/* lift-crypto.c - AES, SHA's schedules and the SHA3 group inline, other cryptography by helper.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2.
 */
#include "lift-simd.h"

static const uint8_t helped[SIMD_ROWS] = { /* COP_* + 1 */
#define H(name, COP) SIMD_ROW(name) = COP_##COP + 1
    H(sha1c, SHA1C), H(sha1p, SHA1P), H(sha1m, SHA1M), H(sha256h, SHA256H),
    H(sha256h2, SHA256H2), H(sha512h, SHA512H), H(sha512h2, SHA512H2), H(sha512su0, SHA512SU0),
    H(sha512su1, SHA512SU1), H(sm3ss1, SM3SS1), H(sm3tt1a, SM3TT1A), H(sm3tt1b, SM3TT1B),
    H(sm3tt2a, SM3TT2A), H(sm3tt2b, SM3TT2B), H(sm3partw1, SM3PARTW1), H(sm3partw2, SM3PARTW2),
    H(sm4e, SM4E), H(sm4ekey, SM4EKEY),
};

/* Each lane to the left by n. */
static xl_val rotated(struct lift *l, uint32_t size, xl_val v, uint32_t n)
{
    if (!n)
        return v;
    return v_op2(l, XL_OP_vor, 0, v_imm1(l, XL_OP_vshli, size, v, n),
                 v_imm1(l, XL_OP_vshri, size, v, (8u << size) - n));
}

static xl_val vxor(struct lift *l, xl_val a, xl_val c)
{
    return v_op2(l, XL_OP_vxor, 0, a, c);
}

/* 16 bytes of a, then c, from byte `at` on. */
static xl_val joint(struct lift *l, xl_val a, xl_val c, uint32_t at)
{
    return xl_v2(l->b, XL_OP_vext, 0, a, c, at);
}

/* FIPS 180-4, 4.1.2: two rotations to the right and a shift. */
static xl_val sigma(struct lift *l, xl_val v, uint32_t r1, uint32_t r2, uint32_t s)
{
    xl_val rotations = vxor(l, rotated(l, XL_L32, v, 32 - r1), rotated(l, XL_L32, v, 32 - r2));
    return vxor(l, rotations, v_imm1(l, XL_OP_vshri, XL_L32, v, s));
}

/* The schedules. The last words depend on the first ones of the same result. */
static int lift_schedule(struct lift *l)
{
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm), d = v_get(l, l->i.rd), zero = v_zero(l), v;
    switch (l->i.op) {
    case A64_sha1h: v = rotated(l, XL_L32, v_lowest(l, XL_L32, n), 30); break;
    case A64_sha1su0: v = vxor(l, vxor(l, d, m), joint(l, d, n, 8)); break;
    case A64_sha1su1:
        v = rotated(l, XL_L32, vxor(l, d, joint(l, n, zero, 4)), 1);
        v = vxor(l, v, rotated(l, XL_L32, joint(l, zero, v, 4), 1));
        break;
    case A64_sha256su0:
        v = v_op2(l, XL_OP_vadd, XL_L32, d, sigma(l, joint(l, d, n, 4), 7, 18, 3));
        break;
    case A64_sha256su1:
        v = v_op2(l, XL_OP_vadd, XL_L32, d, joint(l, n, m, 4));
        v = v_op2(l, XL_OP_vadd, XL_L32, v, sigma(l, joint(l, m, zero, 8), 17, 19, 10));
        v = v_op2(l, XL_OP_vadd, XL_L32, v, sigma(l, joint(l, zero, v, 8), 17, 19, 10));
        break;
    default: return 0;
    }
    v_put(l, l->i.rd, v);
    return 1;
}

static int lift_sha3(struct lift *l)
{
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm), v;
    switch (l->i.op) {
    case A64_eor3:
        m = v_op2(l, XL_OP_vxor, 0, m, v_get(l, l->i.ra));
        v = v_op2(l, XL_OP_vxor, 0, n, m);
        break;
    case A64_bcax:
        m = v_op2(l, XL_OP_vandn, 0, m, v_get(l, l->i.ra));
        v = v_op2(l, XL_OP_vxor, 0, n, m);
        break;
    case A64_rax1: v = v_op2(l, XL_OP_vxor, 0, n, rotated(l, XL_L64, m, 1)); break;
    case A64_xar:
        v = v_op2(l, XL_OP_vxor, 0, n, m);
        v = rotated(l, XL_L64, v, (64 - (uint32_t)l->i.imm) & 63);
        break;
    default: return 0;
    }
    v_put(l, l->i.rd, v);
    return 1;
}

int lift_crypto(struct lift *l)
{
    uint32_t d = l->i.rd, op = helped[simd_row(l)];
    switch (l->i.op) {
    case A64_aese: case A64_aesd:
        v_put(l, d, v_op2(l, l->i.op == A64_aese ? XL_OP_vaese : XL_OP_vaesd, 0, v_get(l, d),
                          v_get(l, l->i.rn)));
        return 1;
    case A64_aesmc: v_put(l, d, v_op1(l, XL_OP_vaesmc, 0, v_get(l, l->i.rn))); return 1;
    case A64_aesimc: v_put(l, d, v_op1(l, XL_OP_vaesimc, 0, v_get(l, l->i.rn))); return 1;
    default: break;
    }
    if (!op)
        return lift_schedule(l) || lift_sha3(l);
    xl_val addend = v_get(l, l->i.op == A64_sm3ss1 ? l->i.ra : d);
    v_put(l, d, v_call(l, A64_H_CRYPTO, v_get(l, l->i.rn), v_get(l, l->i.rm), addend,
                       SIMD_INFO(op - 1, 0, 0, 0, l->i.amount)));
    return 1;
}
