/* SPDX-License-Identifier: MIT */
/* ir.h - the intermediate representation and its builder.
 *
 * SSA: an op's result is named by the op's index. Fixed 24-byte records in one array;
 * calls keep their arguments in a side array. A tier-one block is straight-line code with
 * side exits (brc) and one final exit; the op set is the one that regions will use.
 *
 * Order rules (the verifier checks them):
 *  I1  every value is defined before its uses, with the type the use wants;
 *  I2  `insn` precedes each guest instruction; within one instruction every put comes
 *      after its last op that may fault (ld st rmw cas ll sc call with XL_H_FAULT);
 *  I3  the last op is an exit; nothing follows it;
 *  I4  no host address is a constant; guest pcs come from `pc` and exits only.
 *  I5  after a call that can change mode, mapping or code the block ends by exit STATE.
 */
#ifndef XL_IR_H
#define XL_IR_H

#include "../xl.h"

/* X(name, operands, result, flags). operands: one letter each for a, b, c:
 *   v value of the op's type, i I64 value, w I32 value, f F32/F64 value of the op's type,
 *   V V128 value, x any type, - none. result: t the op's type, i I64, 0 none.
 * flags: F may fault, E effect (never removed), X exit; L: flags of the record name a lane. */
#define XL_OPS(X)                                                                              \
    X(nop, "---", '0', 0)                                                                      \
    /* imm: the constant (F32/F64: raw bits; I32, F32: upper half zero; V128: both halves) */  \
    X(const, "---", 't', 0)                                                                    \
    X(get, "---", 't', 0)      /* imm: slot */                                                 \
    X(put, "v--", '0', XL_E)   /* imm: slot */                                                 \
    X(pc, "---", 'i', 0)       /* pcb + imm */                                                 \
    X(insn, "---", '0', XL_E)  /* imm: pc - pcb of the instruction; c: its length in bytes */  \
    /* integer; I32 or I64 */                                                                  \
    X(add, "vv-", 't', 0) X(sub, "vv-", 't', 0) X(mul, "vv-", 't', 0)                          \
    X(mulhs, "vv-", 't', 0) X(mulhu, "vv-", 't', 0) X(mulhsu, "vv-", 't', 0)                   \
    /* RISC-V rules: x/0 = -1, x%0 = x, overflow wraps; other guests select around them */     \
    X(divs, "vv-", 't', 0) X(divu, "vv-", 't', 0) X(rems, "vv-", 't', 0) X(remu, "vv-", 't', 0)\
    X(and, "vv-", 't', 0) X(or, "vv-", 't', 0) X(xor, "vv-", 't', 0)                           \
    X(andn, "vv-", 't', 0) /* a & ~b */                                                        \
    X(orn, "vv-", 't', 0) X(xnor, "vv-", 't', 0) X(not, "v--", 't', 0) X(neg, "v--", 't', 0)   \
    /* shift counts are taken modulo the width */                                              \
    X(shl, "vv-", 't', 0) X(shr, "vv-", 't', 0) X(sar, "vv-", 't', 0)                          \
    X(rol, "vv-", 't', 0) X(ror, "vv-", 't', 0)                                                \
    X(clz, "v--", 't', 0) X(ctz, "v--", 't', 0) X(popcnt, "v--", 't', 0) /* clz(0) = width */  \
    X(bswap, "v--", 't', 0) X(orcb, "v--", 't', 0) /* each byte: 0 -> 0, else 0xff */          \
    X(mins, "vv-", 't', 0) X(maxs, "vv-", 't', 0) X(minu, "vv-", 't', 0) X(maxu, "vv-", 't', 0)\
    X(clmul, "vv-", 't', 0) X(clmulh, "vv-", 't', 0)                                           \
    /* to I64 from the low bits of I32 or I64 */                                               \
    X(sext8, "x--", 'i', 0) X(sext16, "x--", 'i', 0) X(sext32, "x--", 'i', 0)                  \
    X(zext8, "x--", 'i', 0) X(zext16, "x--", 'i', 0) X(zext32, "x--", 'i', 0)                  \
    X(trunc, "i--", 't', 0)     /* I64 to I32 */                                               \
    X(set, "vv-", 'i', 0)       /* flags: XL_C_*; type: of the operands; result 0 or 1 */      \
    X(sel, "ivv", 't', 0)       /* a != 0 ? b : c */                                           \
    /* memory: imm packs memop and displacement, XL_MEM() */                                   \
    X(ld, "i--", 't', XL_F)     /* type I64, F32, F64 or V128 */                               \
    X(st, "ix-", '0', XL_F | XL_E)                                                             \
    X(rmw, "ii-", 'i', XL_F | XL_E) /* flags: XL_RMW_*; result: old value, extended by memop */\
    X(cas, "iii", 'i', XL_F | XL_E) /* [a]: b -> c; result: old value */                       \
    X(ll, "i--", 'i', XL_F | XL_E)  X(sc, "ii-", 'i', XL_F | XL_E) /* 0: stored, 1: not */     \
    X(fence, "---", '0', XL_E)  /* flags: XL_FENCE_* */                                        \
    /* floating point; imm: XL_RM_* in the low 3 bits; f2i and i2f also fraction bits << 8.    \
     * Flags accumulate in the vCPU */                                                         \
    X(fadd, "ff-", 't', XL_E) X(fsub, "ff-", 't', XL_E) X(fmul, "ff-", 't', XL_E)              \
    X(fdiv, "ff-", 't', XL_E) X(fsqrt, "f--", 't', XL_E)                                       \
    X(fma, "fff", 't', XL_E)    /* flags: XL_FMA_*: +-(a*b) +- c, rounded once */              \
    X(fmin, "ff-", 't', XL_E) X(fmax, "ff-", 't', XL_E) /* by the guest's rules */             \
    X(feq, "ff-", 'i', XL_E) X(flt, "ff-", 'i', XL_E) X(fle, "ff-", 'i', XL_E)                 \
    X(fclass, "f--", 'i', 0)    /* the ten bits of RISC-V's FCLASS */                          \
    X(f2i, "x--", 'i', XL_E)    /* type: source; flags: XL_CVT_*; 32-bit results sign-extended */\
    X(i2f, "i--", 't', XL_E)    /* flags: XL_CVT_* of the source */                            \
    X(f2f, "x--", 't', XL_E)    /* type: result; the operand is of the other type */           \
    X(fneg, "f--", 't', 0) X(fabs, "f--", 't', 0)                                              \
    X(fsgnj, "ff-", 't', 0) X(fsgnjn, "ff-", 't', 0) X(fsgnjx, "ff-", 't', 0)                  \
    X(f2bits, "x--", 'i', 0)    /* type: source; F32: zero-extended */                         \
    X(bits2f, "i--", 't', 0)                                                                   \
    X(box32, "x--", 't', 0)     /* F32 to F64 slot value, upper half all ones; type F64 */     \
    X(unbox32, "x--", 't', 0)   /* F64 slot value to F32: canonical NaN unless boxed; type F32 */\
    /* control */                                                                              \
    X(call, "---", 't', XL_E)   /* imm: index of its xl_call in the block */                   \
    X(brc, "vv-", '0', XL_E)    /* flags: XL_C_*; if so, direct exit to pcb + imm */           \
    X(poll, "---", '0', XL_E)   /* imm: instructions done since the last one; leaves if asked
                                   to, at pcb + c (u32). The builder puts it right behind the
                                   branch's `insn`, so that c is that instruction's own pc */ \
    X(exit, "---", '0', XL_E | XL_EXIT)  /* flags: XL_K_*; to pcb + imm; XL_K_CALL: c = return
                                   pc - pcb (u32) */                                           \
    X(exiti, "i--", '0', XL_E | XL_EXIT) /* flags: XL_K_*; to the value, which is even if the
                                   guest's min_insn is; c as above */                          \
    XL_SCALAR_OPS(X) XL_VECTOR_OPS(X)

/* More scalar floating point. */
#define XL_SCALAR_OPS(X)                                                                       \
    X(fminnm, "ff-", 't', XL_E) X(fmaxnm, "ff-", 't', XL_E) /* 754-2008: a number beats a qNaN */\
    X(frint, "f--", 't', XL_E)  /* to an integral value; imm: XL_RM_*, | XL_RM_EXACT: inexact */\
    X(fcmp, "ff-", 'i', XL_E)   /* XL_FCMP_*; flags 1: signalling, any NaN is invalid */       \
    X(fflags, "---", 'i', XL_E) /* the sticky flags, SF_*: xl_fp_flags() */                    \
    X(setfflags, "i--", '0', XL_E) /* xl_fp_set_flags() */

/* Vectors of 128 bits: type V128 in all but v2f and vlane. Lane 0 is the lowest. The low two
 * bits of `flags` are the lane's size XL_L*, by default of operands and result alike; `imm`
 * is what the line says. Everything is by lane unless it says otherwise. */
#define XL_VECTOR_OPS(X)                                                                       \
    /* moves */                                                                                \
    X(vmake, "ii-", 't', 0)      /* low half, high half */                                     \
    X(vdup, "i--", 't', XL_L)    /* the value's low bits in all lanes */                       \
    X(vdupl, "V--", 't', XL_L)   /* lane imm in all lanes */                                   \
    X(vlane, "V--", 'i', XL_L)   /* lane imm, zero-extended */                                 \
    X(vins, "Vi-", 't', XL_L)    /* a with lane imm replaced by the low bits of b */           \
    X(vinsl, "VV-", 't', XL_L)   /* a with lane imm >> 8 replaced by lane imm & 255 of b */    \
    X(v2f, "V--", 't', 0)        /* the lowest lane as F32 or F64 (the op's type) */           \
    X(f2v, "x--", 't', 0)        /* F32 or F64 in the lowest lane, all other bits zero */      \
    X(vzext64, "V--", 't', 0)    /* the low half, the high half zero */                        \
    /* bits */                                                                                 \
    X(vand, "VV-", 't', 0) X(vor, "VV-", 't', 0) X(vxor, "VV-", 't', 0)                        \
    X(vandn, "VV-", 't', 0) X(vorn, "VV-", 't', 0) /* a & ~b, a | ~b */                        \
    X(vnot, "V--", 't', 0)                                                                     \
    X(vbsl, "VVV", 't', 0)       /* (a & b) | (~a & c) */                                      \
    X(vcnt, "V--", 't', XL_L)    /* bits set; L8 */                                            \
    X(vclz, "V--", 't', XL_L)    /* leading zeros; not L64 */                                  \
    X(vcls, "V--", 't', XL_L)    /* bits below the top one that equal it, leading; not L64 */  \
    X(vrbit, "V--", 't', XL_L)   /* bits of each byte reversed; L8 */                          \
    X(vrev, "V--", 't', XL_L)    /* lanes reversed in each group of size XL_L* imm */          \
    /* integers */                                                                             \
    X(vadd, "VV-", 't', XL_L) X(vsub, "VV-", 't', XL_L) X(vmul, "VV-", 't', XL_L)              \
    X(vneg, "V--", 't', XL_L) X(vabs, "V--", 't', XL_L) /* the least integer: itself */        \
    X(vsqadd, "VV-", 't', XL_L) X(vuqadd, "VV-", 't', XL_L) /* saturating */                   \
    X(vsqsub, "VV-", 't', XL_L) X(vuqsub, "VV-", 't', XL_L)                                    \
    X(vshadd, "VV-", 't', XL_L) X(vuhadd, "VV-", 't', XL_L) /* (a + b) >> 1; not L64 */        \
    X(vsrhadd, "VV-", 't', XL_L) X(vurhadd, "VV-", 't', XL_L) /* (a + b + 1) >> 1; not L64 */  \
    X(vshsub, "VV-", 't', XL_L) X(vuhsub, "VV-", 't', XL_L) /* (a - b) >> 1; not L64 */        \
    X(vsabd, "VV-", 't', XL_L) X(vuabd, "VV-", 't', XL_L) /* |a - b|; not L64 */               \
    X(vsmin, "VV-", 't', XL_L) X(vsmax, "VV-", 't', XL_L)                                      \
    X(vumin, "VV-", 't', XL_L) X(vumax, "VV-", 't', XL_L)                                      \
    /* comparisons: all ones or all zeros */                                                   \
    X(vceq, "VV-", 't', XL_L) X(vcgt, "VV-", 't', XL_L) X(vcge, "VV-", 't', XL_L) /* signed */ \
    X(vchi, "VV-", 't', XL_L) X(vchs, "VV-", 't', XL_L) /* unsigned >, >= */                   \
    X(vctst, "VV-", 't', XL_L)   /* (a & b) != 0 */                                            \
    /* shifts by imm, 0 to the lane's bits; r: 1 << (imm - 1) is added first, without wrap */  \
    X(vshli, "V--", 't', XL_L) X(vshri, "V--", 't', XL_L) X(vsari, "V--", 't', XL_L)           \
    X(vrshri, "V--", 't', XL_L) X(vrsari, "V--", 't', XL_L)                                    \
    /* shifts by the signed low byte of b's lane, to the right if it is negative; s: signed,   \
     * u: unsigned; r: rounded as above when to the right */                                   \
    X(vsshl, "VV-", 't', XL_L) X(vushl, "VV-", 't', XL_L)                                      \
    X(vsrshl, "VV-", 't', XL_L) X(vurshl, "VV-", 't', XL_L)                                    \
    /* between widths: lanes of a's half imm (0 low, 1 high) extended to twice the size */     \
    X(vsxtl, "V--", 't', XL_L) X(vuxtl, "V--", 't', XL_L)                                      \
    /* lanes (not L8) to half the size, in the low half, the high half zero: cut off, signed   \
     * to signed saturated, unsigned to unsigned, signed to unsigned */                        \
    X(vxtn, "V--", 't', XL_L) X(vsqxtn, "V--", 't', XL_L) X(vuqxtn, "V--", 't', XL_L)          \
    X(vsqxtun, "V--", 't', XL_L)                                                               \
    /* products of the lanes (not L64) of half imm, twice the size */                          \
    X(vsmull, "VV-", 't', XL_L) X(vumull, "VV-", 't', XL_L)                                    \
    X(vpmul, "VV-", 't', XL_L)   /* carry-less; L8 */                                          \
    X(vpmull, "VV-", 't', XL_L)  /* of half imm, twice the size; L8, L64 */                    \
    X(vsqdmulh, "VV-", 't', XL_L) X(vsqrdmulh, "VV-", 't', XL_L) /* upper half of 2ab, rounded;\
                                     saturated; L16, L32 */                                    \
    /* permutations, by Arm's names */                                                         \
    X(vzip1, "VV-", 't', XL_L) X(vzip2, "VV-", 't', XL_L) /* a0 b0 a1 b1 ... of a half */      \
    X(vuzp1, "VV-", 't', XL_L) X(vuzp2, "VV-", 't', XL_L) /* even, odd lanes of a, then of b */\
    X(vtrn1, "VV-", 't', XL_L) X(vtrn2, "VV-", 't', XL_L) /* even, odd lanes: a0 b0 a2 b2 */   \
    X(vext, "VV-", 't', 0)       /* 16 bytes from byte imm (0 to 15) of a, then b */           \
    X(vtbl, "VV-", 't', 0)       /* bytes of a by the bytes of b; 0 if that is above 15 */     \
    X(vtbx, "VVV", 't', 0)       /* the same, but c's byte if that is above 15 */              \
    /* all lanes to the lowest one, all other bits zero; l: of twice the size (not L64) */     \
    X(vaddv, "V--", 't', XL_L) X(vsaddlv, "V--", 't', XL_L) X(vuaddlv, "V--", 't', XL_L)       \
    X(vsmaxv, "V--", 't', XL_L) X(vumaxv, "V--", 't', XL_L)                                    \
    X(vsminv, "V--", 't', XL_L) X(vuminv, "V--", 't', XL_L)                                    \
    /* floating point in lanes L32 or L64; imm: XL_RM_*. flags XL_V64: only of the low half,   \
     * the result's high half is zero */                                                       \
    X(vfadd, "VV-", 't', XL_E | XL_L) X(vfsub, "VV-", 't', XL_E | XL_L)                        \
    X(vfmul, "VV-", 't', XL_E | XL_L) X(vfdiv, "VV-", 't', XL_E | XL_L)                        \
    X(vfsqrt, "V--", 't', XL_E | XL_L)                                                         \
    X(vfma, "VVV", 't', XL_E | XL_L) /* flags too: XL_FMA_* << 4 */                            \
    X(vfmin, "VV-", 't', XL_E | XL_L) X(vfmax, "VV-", 't', XL_E | XL_L)                        \
    X(vfminnm, "VV-", 't', XL_E | XL_L) X(vfmaxnm, "VV-", 't', XL_E | XL_L)                    \
    X(vfceq, "VV-", 't', XL_E | XL_L) /* quiet */                                              \
    X(vfcgt, "VV-", 't', XL_E | XL_L) X(vfcge, "VV-", 't', XL_E | XL_L) /* signalling */       \
    X(vfneg, "V--", 't', XL_L) X(vfabs, "V--", 't', XL_L) /* on bits; XL_V64 does not count */ \
    X(vfrint, "V--", 't', XL_E | XL_L) /* imm: as of frint */                                  \
    X(vfcvts, "V--", 't', XL_E | XL_L) X(vfcvtu, "V--", 't', XL_E | XL_L) /* to integers of the\
                                     same size; imm: XL_RM_* | fraction bits << 8 */           \
    X(vscvtf, "V--", 't', XL_E | XL_L) X(vucvtf, "V--", 't', XL_E | XL_L) /* from integers */  \
    X(vfwiden, "V--", 't', XL_E | XL_L) /* L32: two F32 of half imm >> 8 to F64 */             \
    X(vfnarrow, "V--", 't', XL_E | XL_L) /* L64: to F32 in the low half, the high half zero */ \
    /* AES (FIPS 197): (Inv)ShiftRows and (Inv)SubBytes of a ^ b; (Inv)MixColumns */           \
    X(vaese, "VV-", 't', 0) X(vaesd, "VV-", 't', 0)                                            \
    X(vaesmc, "V--", 't', 0) X(vaesimc, "V--", 't', 0)

#define XL_F 1u    /* may fault */
#define XL_E 2u    /* has an effect */
#define XL_EXIT 4u /* ends the block */
#define XL_L 8u    /* its flags hold XL_L* */

enum xl_opcode {
#define X(name, args, res, flags) XL_OP_##name,
    XL_OPS(X)
#undef X
    XL_OP_COUNT
};

enum { XL_C_EQ, XL_C_NE, XL_C_LT, XL_C_GE, XL_C_LTU, XL_C_GEU };
enum { XL_RMW_XCHG, XL_RMW_ADD, XL_RMW_AND, XL_RMW_OR, XL_RMW_XOR, XL_RMW_MIN, XL_RMW_MAX,
       XL_RMW_MINU, XL_RMW_MAXU };
#define XL_FENCE_RR 1u
#define XL_FENCE_RW 2u
#define XL_FENCE_WR 4u
#define XL_FENCE_WW 8u
enum { XL_RM_RNE, XL_RM_RTZ, XL_RM_RDN, XL_RM_RUP, XL_RM_RMM, XL_RM_DYN = 7 };
#define XL_RM_EXACT 8u /* frint: inexact counts */
/* With SF_NAN_ARM the sign of the operand itself, a or c, is changed, be it NaN or not. */
#define XL_FMA_NEG_PRODUCT 1u
#define XL_FMA_NEG_ADDEND 2u
enum { XL_FCMP_UNORDERED = 1, XL_FCMP_NOT_LESS = 2, XL_FCMP_EQUAL = 4, XL_FCMP_LESS = 8 };
/* Results of fcmp, as the Arm flags NZCV: less 8, equal 6, greater 2, unordered 3. */
enum { XL_L8, XL_L16, XL_L32, XL_L64 };
#define XL_LANE(flags) ((flags)&3u)
#define XL_V64 4u
/* Modes of floating point that a block is made for: xl_b_fp_mode(). */
#define XL_FP_DN 1u /* every NaN result is the default NaN */
#define XL_FP_FZ 2u /* subnormal operands and results are flushed to zero */
enum { XL_CVT_I32, XL_CVT_U32, XL_CVT_I64, XL_CVT_U64 };
enum {
    XL_K_JUMP,
    XL_K_CALL, /* pushes a return prediction */
    XL_K_RET,  /* pops one */
    XL_K_STATE /* state changed: mode, context and interrupts are looked at again */
};

struct xl_op {
    uint16_t op;         /* enum xl_opcode */
    uint8_t type, flags; /* enum xl_type; by op */
    uint32_t a, b, c;    /* values: op indices; else by op */
    int64_t imm;
};

/* imm of memory ops. */
#define XL_MEM(memop, disp) ((int64_t)((uint64_t)(uint32_t)(int32_t)(disp) << 32 | (memop)))
#define XL_MEM_OP(imm) ((uint32_t)(imm)&0xffffu)
#define XL_MEM_DISP(imm) ((int32_t)((imm) >> 32))

struct xl_call {
    uint16_t helper; /* index in the guest's table */
    uint8_t n_args, reserved;
    uint32_t arg[4]; /* values */
};

#define XL_MAX_OPS 1024
#define XL_MAX_CALLS 64
#define XL_MAX_INSNS 64

struct xl_block {
    const struct xl_guest *guest;
    uint64_t pc, mode; /* pc it was built at: its page offset and mode are part of its key */
    uint32_t n_ops, n_calls, n_insns;
    uint32_t bytes;    /* guest bytes covered from pc on */
    uint32_t crosses;  /* its only instruction straddles two pages */
    uint32_t fp_mode;  /* XL_FP_* */
    struct xl_call call[XL_MAX_CALLS];
    struct xl_op op[XL_MAX_OPS]; /* last: kept blocks are cut off after n_ops */
};

/* ---- Builder: all functions return the value's index ------------------------------- */

typedef uint32_t xl_val;

/* Guest bytes at pc (n <= 8, little-endian), as the running vCPU fetches them. Bytes beyond
 * the block's page are fetched only if `pc`'s instruction is the block's first; otherwise
 * *ok is 0 and the block must end before this instruction. A fault on the first
 * instruction raises the guest's exception and does not return. */
uint64_t xl_b_fetch(struct xl_builder *b, uint64_t pc, uint32_t n, int *ok);
/* Must the block end before another instruction at `pc`? (length limits, page end) */
int xl_b_full(struct xl_builder *b, uint64_t pc);
void xl_b_insn(struct xl_builder *b, uint64_t pc, uint32_t len);
/* The block's XL_FP_*, before its first op. They must follow from the mode word. */
void xl_b_fp_mode(struct xl_builder *b, uint32_t fp_mode);

xl_val xl_const(struct xl_builder *b, uint32_t type, uint64_t v);
xl_val xl_get(struct xl_builder *b, uint32_t slot);
void xl_put(struct xl_builder *b, uint32_t slot, xl_val v);
xl_val xl_pc(struct xl_builder *b, uint64_t pc); /* a guest pc as a value */
xl_val xl_op1(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a);
xl_val xl_op2(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, xl_val c);
xl_val xl_set(struct xl_builder *b, uint32_t cond, uint32_t type, xl_val a, xl_val c);
xl_val xl_sel(struct xl_builder *b, uint32_t type, xl_val cond, xl_val yes, xl_val no);
xl_val xl_load(struct xl_builder *b, uint32_t type, xl_val addr, int32_t disp, uint32_t memop);
void xl_store(struct xl_builder *b, xl_val addr, int32_t disp, xl_val v, uint32_t memop);
xl_val xl_rmw(struct xl_builder *b, uint32_t kind, xl_val addr, xl_val v, uint32_t memop);
xl_val xl_cas(struct xl_builder *b, xl_val addr, xl_val expect, xl_val v, uint32_t memop);
xl_val xl_ll(struct xl_builder *b, xl_val addr, uint32_t memop);
xl_val xl_sc(struct xl_builder *b, xl_val addr, xl_val v, uint32_t memop);
void xl_fence(struct xl_builder *b, uint32_t kinds);
xl_val xl_fp(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, xl_val c, uint32_t rm);
xl_val xl_fma(struct xl_builder *b, uint32_t type, xl_val a, xl_val m, xl_val c, uint32_t neg,
              uint32_t rm);
xl_val xl_fcmp(struct xl_builder *b, uint32_t type, xl_val a, xl_val c, uint32_t signalling);
xl_val xl_fflags(struct xl_builder *b);
void xl_setfflags(struct xl_builder *b, xl_val v);
xl_val xl_cvt(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, uint32_t kind,
              uint32_t rm);
/* Vector ops: `lane` is XL_L* and other flags of the op; operands and imm as XL_OPS says. How
 * a guest keeps a sticky saturation flag: give it a V128 slot, or into it the vxor of the
 * saturated and the plain result, and see whether the slot is zero when the flag is read. */
xl_val xl_v1(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, int64_t imm);
xl_val xl_v2(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, xl_val c, int64_t imm);
xl_val xl_v3(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, xl_val c, xl_val d,
             int64_t imm);
xl_val xl_v2f(struct xl_builder *b, uint32_t type, xl_val v); /* type: F32 or F64 */
xl_val xl_f2v(struct xl_builder *b, xl_val f);
xl_val xl_callh(struct xl_builder *b, uint32_t helper, uint32_t n, xl_val a, xl_val c, xl_val d,
                xl_val e);
/* Control. Polls are put in by the engine on backward direct exits. */
void xl_brc(struct xl_builder *b, uint32_t cond, uint32_t type, xl_val a, xl_val c,
            uint64_t target);
void xl_exit(struct xl_builder *b, uint32_t kind, uint64_t target, uint64_t ret);
void xl_exiti(struct xl_builder *b, uint32_t kind, xl_val target, uint64_t ret);

#endif
