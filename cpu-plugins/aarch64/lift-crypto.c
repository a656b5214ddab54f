/* SPDX-License-Identifier: MIT */
/* lift-crypto.c - AES and the SHA3 group inline, the other cryptographic instructions by helper.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2.
 */
#include "lift-simd.h"

static const uint8_t helped[SIMD_ROWS] = { /* COP_* + 1 */
#define H(name, COP) SIMD_ROW(name) = COP_##COP + 1
    H(sha1c, SHA1C), H(sha1p, SHA1P), H(sha1m, SHA1M), H(sha1su0, SHA1SU0), H(sha1su1, SHA1SU1),
    H(sha1h, SHA1H), H(sha256h, SHA256H), H(sha256h2, SHA256H2), H(sha256su0, SHA256SU0),
    H(sha256su1, SHA256SU1), H(sha512h, SHA512H), H(sha512h2, SHA512H2), H(sha512su0, SHA512SU0),
    H(sha512su1, SHA512SU1), H(sm3ss1, SM3SS1), H(sm3tt1a, SM3TT1A), H(sm3tt1b, SM3TT1B),
    H(sm3tt2a, SM3TT2A), H(sm3tt2b, SM3TT2B), H(sm3partw1, SM3PARTW1), H(sm3partw2, SM3PARTW2),
    H(sm4e, SM4E), H(sm4ekey, SM4EKEY),
};

/* Each lane to the left by n. */
static xl_val rotated(struct lift *l, xl_val v, uint32_t n)
{
    if (!n)
        return v;
    return v_op2(l, XL_OP_vor, 0, v_imm1(l, XL_OP_vshli, XL_L64, v, n),
                 v_imm1(l, XL_OP_vshri, XL_L64, v, 64 - n));
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
    case A64_rax1: v = v_op2(l, XL_OP_vxor, 0, n, rotated(l, m, 1)); break;
    case A64_xar:
        v = v_op2(l, XL_OP_vxor, 0, n, m);
        v = rotated(l, v, (64 - (uint32_t)l->i.imm) & 63);
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
        return lift_sha3(l);
    xl_val addend = v_get(l, l->i.op == A64_sm3ss1 ? l->i.ra : d);
    v_put(l, d, v_call(l, A64_H_CRYPTO, v_get(l, l->i.rn), v_get(l, l->i.rm), addend,
                       SIMD_INFO(op - 1, 0, 0, 0, l->i.amount)));
    return 1;
}
