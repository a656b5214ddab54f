/* SPDX-License-Identifier: MIT */
/* decode-formats.h - where each format keeps its operands.
 * Arm Architecture Reference Manual, DDI 0487: C4.1 (A64 instruction set encoding), C6.2.
 *
 * The generated decoder calls fmt_NAME() for a row of format NAME. What every format fills
 * in: sf from bit 31, rd, rn, rm from their usual places.
 */
#ifndef A64_DECODE_FORMATS_H
#define A64_DECODE_FORMATS_H

#include "decode.h"

/* Bits hi..lo of w, and the same as a signed number. */
#define A64_F(w, hi, lo) (((w) >> (lo)) & ((1u << ((hi) - (lo) + 1)) - 1))
#define A64_S(w, hi, lo) ((int64_t)((uint64_t)A64_F(w, hi, lo) << (63 - (hi) + (lo))) >> \
                          (63 - (hi) + (lo)))

static inline void fmt_N(uint32_t w, struct a64_insn *i)
{
    i->sf = (uint8_t)A64_F(w, 31, 31);
    i->rd = (uint8_t)A64_F(w, 4, 0);
    i->rn = (uint8_t)A64_F(w, 9, 5);
    i->rm = (uint8_t)A64_F(w, 20, 16);
}

static inline void fmt_R4(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->ra = (uint8_t)A64_F(w, 14, 10);
}

/* ---- Data processing -------------------------------------------------------------------- */

static inline void fmt_ADR(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->imm = A64_S(w, 23, 5) * 4 + (int64_t)A64_F(w, 30, 29);
}

static inline void fmt_ADDI(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->opt = (uint8_t)A64_F(w, 22, 22);
    i->imm = (int64_t)A64_F(w, 21, 10) << (i->opt ? 12 : 0);
}

static inline void fmt_LOGI(uint32_t w, struct a64_insn *i)
{
    uint64_t v = 0;
    fmt_N(w, i);
    i->ok = (uint8_t)a64_bitmask(A64_F(w, 22, 22), A64_F(w, 21, 16), A64_F(w, 15, 10), i->sf, &v);
    i->imm = (int64_t)v;
}

static inline void fmt_MOVW(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->amount = (uint8_t)(A64_F(w, 22, 21) * 16);
    i->imm = (int64_t)A64_F(w, 20, 5);
    i->ok = i->sf || i->amount < 32;
}

/* amount is immr, imm is imms. */
static inline void fmt_BFM(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->amount = (uint8_t)A64_F(w, 21, 16);
    i->imm = (int64_t)A64_F(w, 15, 10);
    i->ok = A64_F(w, 22, 22) == i->sf && (i->sf || (i->amount < 32 && i->imm < 32));
}

static inline void fmt_EXTR(uint32_t w, struct a64_insn *i)
{
    fmt_BFM(w, i);
    i->amount = (uint8_t)i->imm;
    i->ok = A64_F(w, 22, 22) == i->sf && (i->sf || i->amount < 32);
}

/* opt: LSL LSR ASR ROR. */
static inline void fmt_SHIFT(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->opt = (uint8_t)A64_F(w, 23, 22);
    i->amount = (uint8_t)A64_F(w, 15, 10);
    i->ok = i->sf || i->amount < 32;
}

static inline void fmt_ADDS(uint32_t w, struct a64_insn *i)
{
    fmt_SHIFT(w, i);
    i->ok = i->ok && i->opt != 3;
}

/* opt: UXTB UXTH UXTW UXTX SXTB SXTH SXTW SXTX. */
static inline void fmt_EXT(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->opt = (uint8_t)A64_F(w, 15, 13);
    i->amount = (uint8_t)A64_F(w, 12, 10);
    i->ok = i->amount <= 4;
}

static inline void fmt_COND(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->cond = (uint8_t)A64_F(w, 15, 12);
    i->nzcv = (uint8_t)A64_F(w, 3, 0);
    i->imm = i->rm;
}

static inline void fmt_RMIF(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->amount = (uint8_t)A64_F(w, 20, 15);
    i->nzcv = (uint8_t)A64_F(w, 3, 0);
}

/* ---- Branches, system ---------------------------------------------------------------------- */

static inline void fmt_B26(uint32_t w, struct a64_insn *i)
{
    i->imm = A64_S(w, 25, 0) * 4;
}

static inline void fmt_B19(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->imm = A64_S(w, 23, 5) * 4;
    i->cond = (uint8_t)A64_F(w, 3, 0);
}

/* amount: the bit tested. */
static inline void fmt_TB(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->imm = A64_S(w, 18, 5) * 4;
    i->amount = (uint8_t)(A64_F(w, 31, 31) << 5 | A64_F(w, 23, 19));
}

static inline void fmt_EXC(uint32_t w, struct a64_insn *i)
{
    i->imm = (int64_t)A64_F(w, 20, 5);
    i->opt = (uint8_t)A64_F(w, 1, 0);
}

/* amount: CRm:op2. */
static inline void fmt_HINT(uint32_t w, struct a64_insn *i)
{
    i->amount = (uint8_t)A64_F(w, 11, 5);
    i->imm = (int64_t)A64_F(w, 11, 8);
}

/* opt: op1:op2, imm: CRm. */
static inline void fmt_PST(uint32_t w, struct a64_insn *i)
{
    i->opt = (uint8_t)(A64_F(w, 18, 16) << 3 | A64_F(w, 7, 5));
    i->imm = (int64_t)A64_F(w, 11, 8);
    i->ok = 1;
}

/* imm: op0:op1:CRn:CRm:op2, as PB_ARM_SYSREG_NO() numbers registers. */
static inline void fmt_SYS(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->imm = (int64_t)A64_F(w, 20, 5);
}

/* ---- Loads and stores ----------------------------------------------------------------------- */

/* size, opt: opc. */
static inline void fmt_LS(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->size = (uint8_t)A64_F(w, 31, 30);
    i->opt = (uint8_t)A64_F(w, 23, 22);
    i->sf = i->opt == 2 ? 1 : i->opt == 3 ? 0 : i->size == 3;
}

static inline void fmt_LSU(uint32_t w, struct a64_insn *i)
{
    fmt_LS(w, i);
    i->imm = A64_S(w, 20, 12);
}

static inline void fmt_LSPOST(uint32_t w, struct a64_insn *i)
{
    fmt_LSU(w, i);
    i->amount = A64_AT_POST;
}

static inline void fmt_LSPRE(uint32_t w, struct a64_insn *i)
{
    fmt_LSU(w, i);
    i->amount = A64_AT_PRE;
}

static inline void fmt_LSUI(uint32_t w, struct a64_insn *i)
{
    fmt_LS(w, i);
    i->imm = (int64_t)A64_F(w, 21, 10) << i->size;
}

/* cond: option, nzcv: S. */
static inline void fmt_LSR(uint32_t w, struct a64_insn *i)
{
    fmt_LS(w, i);
    i->amount = A64_AT_REG;
    i->cond = (uint8_t)A64_F(w, 15, 13);
    i->nzcv = (uint8_t)A64_F(w, 12, 12);
    i->ok = (i->cond & 2) != 0;
}

static inline void fmt_LIT(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->imm = A64_S(w, 23, 5) * 4;
    i->amount = A64_AT_LITERAL;
    i->sf = (uint8_t)A64_F(w, 30, 30);
    i->size = (uint8_t)(2 + i->sf);
}

/* opt: L; the kind of address from bits 24:23. */
static inline void fmt_LSP(uint32_t w, struct a64_insn *i)
{
    uint32_t kind = A64_F(w, 24, 23);
    fmt_R4(w, i);
    i->size = (uint8_t)(2 + i->sf);
    i->opt = (uint8_t)A64_F(w, 22, 22);
    i->imm = A64_S(w, 21, 15) * (1 << i->size);
    i->amount = kind == 1 ? A64_AT_POST : kind == 3 ? A64_AT_PRE : A64_AT_OFFSET;
}

/* LDPSW: 32-bit accesses to 64-bit registers. */
static inline void fmt_LSPSW(uint32_t w, struct a64_insn *i)
{
    fmt_LSP(w, i);
    i->sf = 1;
    i->size = 2;
    i->imm = A64_S(w, 21, 15) * 4;
}

/* Exclusive, ordered, compare and swap: rm is Rs; opt: o0, nzcv: L. */
static inline void fmt_EX(uint32_t w, struct a64_insn *i)
{
    fmt_R4(w, i);
    i->size = (uint8_t)A64_F(w, 31, 30);
    i->sf = i->size == 3;
    i->opt = (uint8_t)A64_F(w, 15, 15);
    i->nzcv = (uint8_t)A64_F(w, 22, 22);
}

/* Pairs: size of one of them. */
static inline void fmt_EXP(uint32_t w, struct a64_insn *i)
{
    fmt_EX(w, i);
    i->sf = (uint8_t)A64_F(w, 30, 30);
    i->size = (uint8_t)(2 + i->sf);
}

/* CASP: the registers are pairs, so even. */
static inline void fmt_CASP(uint32_t w, struct a64_insn *i)
{
    fmt_EXP(w, i);
    i->ok = !(i->rd & 1) && !(i->rm & 1);
}

/* Atomic memory operations: nzcv: A, opt: R. */
static inline void fmt_AMO(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->size = (uint8_t)A64_F(w, 31, 30);
    i->sf = i->size == 3;
    i->nzcv = (uint8_t)A64_F(w, 23, 23);
    i->opt = (uint8_t)A64_F(w, 22, 22);
}

/* LDRAA, LDRAB. opt: key B. */
static inline void fmt_LDRA(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->sf = 1;
    i->size = 3;
    i->opt = (uint8_t)A64_F(w, 23, 23);
    i->imm = (A64_S(w, 22, 22) * 512 + (int64_t)A64_F(w, 20, 12)) * 8;
    i->amount = A64_F(w, 11, 11) ? A64_AT_PRE : A64_AT_OFFSET;
}

#include "decode-formats-simd.h"

#endif
