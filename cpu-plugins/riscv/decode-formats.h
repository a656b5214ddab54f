/* SPDX-License-Identifier: MIT */
/* decode-formats.h - where each format keeps its operands.
 * The RISC-V Instruction Set Manual, volume I: 2.3 (base formats), 26 (compressed).
 *
 * The generated decoder calls fmt_NAME() for a row of format NAME. 16-bit formats fill in the
 * operands of the 32-bit instruction they stand for.
 */
#ifndef RV_DECODE_FORMATS_H
#define RV_DECODE_FORMATS_H

#include "decode.h"

/* Bits hi..lo of w, moved to bit `to`. */
#define RV_F(w, hi, lo, to) ((int32_t)((((w) >> (lo)) & ((1u << ((hi) - (lo) + 1)) - 1)) << (to)))
#define RV_SEXT(v, bits) ((int32_t)((uint32_t)(v) << (32 - (bits))) >> (32 - (bits)))

static inline void fmt_N(uint32_t w, struct rv_insn *i)
{
    (void)w;
    (void)i;
}

static inline void fmt_R(uint32_t w, struct rv_insn *i)
{
    i->rd = (uint8_t)RV_F(w, 11, 7, 0);
    i->rs1 = (uint8_t)RV_F(w, 19, 15, 0);
    i->rs2 = (uint8_t)RV_F(w, 24, 20, 0);
}

static inline void fmt_FR(uint32_t w, struct rv_insn *i)
{
    fmt_R(w, i);
    i->rm = (uint8_t)RV_F(w, 14, 12, 0);
}

static inline void fmt_R4(uint32_t w, struct rv_insn *i)
{
    fmt_FR(w, i);
    i->rs3 = (uint8_t)RV_F(w, 31, 27, 0);
}

/* Atomics: rm holds aq (2) and rl (1). */
static inline void fmt_A(uint32_t w, struct rv_insn *i)
{
    fmt_R(w, i);
    i->rm = (uint8_t)RV_F(w, 26, 25, 0);
}

static inline void fmt_I(uint32_t w, struct rv_insn *i)
{
    i->rd = (uint8_t)RV_F(w, 11, 7, 0);
    i->rs1 = (uint8_t)RV_F(w, 19, 15, 0);
    i->imm = (int32_t)w >> 20;
}

static inline void fmt_SH(uint32_t w, struct rv_insn *i)
{
    fmt_I(w, i);
    i->imm = RV_F(w, 25, 20, 0);
}

static inline void fmt_CSR(uint32_t w, struct rv_insn *i)
{
    fmt_I(w, i);
    i->imm = RV_F(w, 31, 20, 0);
}

static inline void fmt_S(uint32_t w, struct rv_insn *i)
{
    fmt_R(w, i);
    i->imm = RV_SEXT(RV_F(w, 31, 25, 5) | RV_F(w, 11, 7, 0), 12);
    i->rd = 0;
}

static inline void fmt_B(uint32_t w, struct rv_insn *i)
{
    fmt_R(w, i);
    i->imm = RV_SEXT(RV_F(w, 31, 31, 12) | RV_F(w, 7, 7, 11) | RV_F(w, 30, 25, 5) |
                     RV_F(w, 11, 8, 1), 13);
    i->rd = 0;
}

static inline void fmt_U(uint32_t w, struct rv_insn *i)
{
    i->rd = (uint8_t)RV_F(w, 11, 7, 0);
    i->imm = (int32_t)(w & 0xfffff000u);
}

static inline void fmt_J(uint32_t w, struct rv_insn *i)
{
    i->rd = (uint8_t)RV_F(w, 11, 7, 0);
    i->imm = RV_SEXT(RV_F(w, 31, 31, 20) | RV_F(w, 19, 12, 12) | RV_F(w, 20, 20, 11) |
                     RV_F(w, 30, 21, 1), 21);
}

/* ---- 16 bits. "p" registers are x8 to x15 --------------------------------------------- */

#define RV_RD(w) ((uint8_t)RV_F(w, 11, 7, 0))
#define RV_RS2(w) ((uint8_t)RV_F(w, 6, 2, 0))
#define RV_P1(w) ((uint8_t)(8 + RV_F(w, 9, 7, 0)))
#define RV_P2(w) ((uint8_t)(8 + RV_F(w, 4, 2, 0)))
#define RV_CIMM(w) (RV_F(w, 12, 12, 5) | RV_F(w, 6, 2, 0))

static inline void fmt_CR(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_RD(w);
    i->rs2 = RV_RS2(w);
}

static inline void fmt_CMV(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_RD(w);
    i->rs2 = RV_RS2(w);
}

static inline void fmt_CJR(uint32_t w, struct rv_insn *i)
{
    i->rs1 = RV_RD(w);
}

static inline void fmt_CJALR(uint32_t w, struct rv_insn *i)
{
    i->rd = 1;
    i->rs1 = RV_RD(w);
}

static inline void fmt_CI(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_RD(w);
    i->imm = RV_SEXT(RV_CIMM(w), 6);
}

static inline void fmt_CLI(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_RD(w);
    i->imm = RV_SEXT(RV_CIMM(w), 6);
}

static inline void fmt_CLUI(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_RD(w);
    i->imm = RV_SEXT(RV_CIMM(w) << 12, 18);
}

static inline void fmt_CISH(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_RD(w);
    i->imm = RV_CIMM(w);
}

static inline void fmt_CI16(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = 2;
    i->imm = RV_SEXT(RV_F(w, 12, 12, 9) | RV_F(w, 4, 3, 7) | RV_F(w, 5, 5, 6) |
                     RV_F(w, 2, 2, 5) | RV_F(w, 6, 6, 4), 10);
}

static inline void fmt_CIW(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_P2(w);
    i->rs1 = 2;
    i->imm = RV_F(w, 10, 7, 6) | RV_F(w, 12, 11, 4) | RV_F(w, 5, 5, 3) | RV_F(w, 6, 6, 2);
}

static inline void fmt_CLWSP(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_RD(w);
    i->rs1 = 2;
    i->imm = RV_F(w, 3, 2, 6) | RV_F(w, 12, 12, 5) | RV_F(w, 6, 4, 2);
}

static inline void fmt_CLDSP(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_RD(w);
    i->rs1 = 2;
    i->imm = RV_F(w, 4, 2, 6) | RV_F(w, 12, 12, 5) | RV_F(w, 6, 5, 3);
}

static inline void fmt_CSWSP(uint32_t w, struct rv_insn *i)
{
    i->rs2 = RV_RS2(w);
    i->rs1 = 2;
    i->imm = RV_F(w, 8, 7, 6) | RV_F(w, 12, 9, 2);
}

static inline void fmt_CSDSP(uint32_t w, struct rv_insn *i)
{
    i->rs2 = RV_RS2(w);
    i->rs1 = 2;
    i->imm = RV_F(w, 9, 7, 6) | RV_F(w, 12, 10, 3);
}

static inline void fmt_CLW(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_P2(w);
    i->rs1 = RV_P1(w);
    i->imm = RV_F(w, 5, 5, 6) | RV_F(w, 12, 10, 3) | RV_F(w, 6, 6, 2);
}

static inline void fmt_CLD(uint32_t w, struct rv_insn *i)
{
    i->rd = RV_P2(w);
    i->rs1 = RV_P1(w);
    i->imm = RV_F(w, 6, 5, 6) | RV_F(w, 12, 10, 3);
}

static inline void fmt_CSW(uint32_t w, struct rv_insn *i)
{
    fmt_CLW(w, i);
    i->rs2 = i->rd;
    i->rd = 0;
}

static inline void fmt_CSD(uint32_t w, struct rv_insn *i)
{
    fmt_CLD(w, i);
    i->rs2 = i->rd;
    i->rd = 0;
}

static inline void fmt_CA(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_P1(w);
    i->rs2 = RV_P2(w);
}

static inline void fmt_CBSH(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_P1(w);
    i->imm = RV_CIMM(w);
}

static inline void fmt_CBI(uint32_t w, struct rv_insn *i)
{
    i->rd = i->rs1 = RV_P1(w);
    i->imm = RV_SEXT(RV_CIMM(w), 6);
}

static inline void fmt_CB(uint32_t w, struct rv_insn *i)
{
    i->rs1 = RV_P1(w);
    i->imm = RV_SEXT(RV_F(w, 12, 12, 8) | RV_F(w, 6, 5, 6) | RV_F(w, 2, 2, 5) |
                     RV_F(w, 11, 10, 3) | RV_F(w, 4, 3, 1), 9);
}

static inline void fmt_CJ(uint32_t w, struct rv_insn *i)
{
    i->imm = RV_SEXT(RV_F(w, 12, 12, 11) | RV_F(w, 8, 8, 10) | RV_F(w, 10, 9, 8) |
                     RV_F(w, 6, 6, 7) | RV_F(w, 7, 7, 6) | RV_F(w, 2, 2, 5) |
                     RV_F(w, 11, 11, 4) | RV_F(w, 5, 3, 1), 12);
}

#endif
