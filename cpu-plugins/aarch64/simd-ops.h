/* SPDX-License-Identifier: MIT */
/* simd-ops.h - operations that helpers do lane by lane, and how lifters name them.
 *
 * A call is helper(n, m, d, info): vectors by address, info by SIMD_INFO(). The result's lanes
 * beyond those computed are zero.
 */
#ifndef A64_SIMD_OPS_H
#define A64_SIMD_OPS_H

#include <stdint.h>

/* Floating point, for half, single and double: m is the second operand, d the addend. */
enum fop {
    FOP_ADD, FOP_SUB, FOP_MUL, FOP_DIV, FOP_NMUL, FOP_MULX, FOP_MAX, FOP_MIN, FOP_MAXNM,
    FOP_MINNM, FOP_ABD, FOP_RECPS, FOP_RSQRTS, FOP_CMEQ, FOP_CMGE, FOP_CMGT, FOP_ACGE, FOP_ACGT,
    FOP_MLA, FOP_MLS, FOP_NMLA, FOP_NMLS, /* d + n*m, d - n*m, -d - n*m, -d + n*m */
    FOP_ABS, FOP_NEG, FOP_SQRT, FOP_RINT, FOP_RINTX, FOP_RINT32, FOP_RINT64, FOP_CVTS, FOP_CVTU,
    FOP_SCVTF, FOP_UCVTF, FOP_RECPE, FOP_RSQRTE, FOP_RECPX,
    FOP_CADD90, FOP_CADD270, FOP_CMLA, /* FCADD, FCMLA: imm is the rotation */
    FOP_COUNT
};

/* Integers. Shifts: m's low byte is the count, negative to the right. */
enum iop {
    IOP_SQSHL, IOP_UQSHL, IOP_SQRSHL, IOP_UQRSHL, IOP_SQSHLU, IOP_SQRDMLAH, IOP_SQRDMLSH,
    IOP_SUQADD, IOP_USQADD, IOP_URECPE, IOP_URSQRTE, IOP_SDOT, IOP_UDOT, IOP_COUNT
};

/* SHA and the like: whole vectors. */
enum cop {
    COP_SHA1C, COP_SHA1P, COP_SHA1M, COP_SHA256H, COP_SHA256H2, COP_SHA512H, COP_SHA512H2,
    COP_SHA512SU0, COP_SHA512SU1, COP_SM3SS1, COP_SM3TT1A, COP_SM3TT1B, COP_SM3TT2A,
    COP_SM3TT2B, COP_SM3PARTW1, COP_SM3PARTW2, COP_SM4E, COP_SM4EKEY, COP_COUNT
};

/* op; log2 of a lane's bytes; lanes to compute; rounding (SF_RM_*, 7: FPCR's); fraction bits,
 * rotation or index. */
#define SIMD_INFO(op, size, lanes, rm, imm)                                                    \
    ((uint64_t)(op) | (uint64_t)(size) << 8 | (uint64_t)(lanes) << 12 | (uint64_t)(rm) << 20 | \
     (uint64_t)(imm) << 24)
#define SIMD_OP(info) ((uint32_t)((info)&0xff))
#define SIMD_SIZE(info) ((uint32_t)((info) >> 8 & 3))
#define SIMD_LANES(info) ((uint32_t)((info) >> 12 & 0x1f))
#define SIMD_RM(info) ((uint32_t)((info) >> 20 & 7))
#define SIMD_IMM(info) ((uint32_t)((info) >> 24))

#endif
