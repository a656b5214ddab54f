/* SPDX-License-Identifier: MIT */
/* decode-formats-simd.h - operands of floating point and Advanced SIMD.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.94 (loads and stores), C4.1.96 (data
 * processing, scalar floating point and Advanced SIMD).
 *
 * In all of them: sf is Q, size the log2 of an element's bytes, opt size:Q. A combination that
 * is reserved clears ok, or makes size 4 or more.
 */
#ifndef A64_DECODE_FORMATS_SIMD_H
#define A64_DECODE_FORMATS_SIMD_H

#define A64_1D 6u /* opt: one lane of 64 bits, which most rows do not have */

static inline void a64_arrange(uint32_t w, struct a64_insn *i, uint32_t size)
{
    fmt_R4(w, i);
    i->sf = (uint8_t)A64_F(w, 30, 30);
    i->size = (uint8_t)size;
    i->opt = (uint8_t)(size << 1 | i->sf);
}

/* ok: lanes of 16 or 32 bits, as the doubling multiplications want. */
static inline void fmt_V(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, A64_F(w, 23, 22));
    i->ok = i->size == 1 || i->size == 2;
}

static inline void fmt_VF(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 2 + A64_F(w, 22, 22));
}

static inline void fmt_VH(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 1);
}

/* FCMLA, FCADD; imm: degrees. */
static inline void fmt_VCM(uint32_t w, struct a64_insn *i)
{
    fmt_V(w, i);
    i->imm = A64_F(w, 13, 13) ? 90 + 180 * (int64_t)A64_F(w, 12, 12)
                              : 90 * (int64_t)A64_F(w, 12, 11);
    i->ok = i->size && i->opt != A64_1D;
}

/* Copies: imm5 is the index (amount) and a one below it that tells the size; imm is INS's
 * second index. */
static inline void fmt_VC(uint32_t w, struct a64_insn *i)
{
    uint32_t imm5 = A64_F(w, 20, 16), size = 0;
    while (size < 4 && !(imm5 >> size & 1))
        size++;
    a64_arrange(w, i, size);
    i->amount = (uint8_t)(imm5 >> (size + 1));
    i->imm = (int64_t)(A64_F(w, 14, 11) >> size);
    i->ok = size < 4 && i->opt != A64_1D;
}

static inline void fmt_VX(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 0);
    i->imm = (int64_t)A64_F(w, 14, 11);
}

/* Table lookups; amount: registers in the table. */
static inline void fmt_VT(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 0);
    i->amount = (uint8_t)(1 + A64_F(w, 14, 13));
}

/* Modified immediates; imm: abcdefgh, amount: cmode. a64_modified() makes the value. */
static inline void fmt_VI(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 0);
    i->imm = (int64_t)(A64_F(w, 18, 16) << 5 | A64_F(w, 9, 5));
    i->amount = (uint8_t)A64_F(w, 15, 12);
}

/* Shifts: immh:immb is size and amount in one. */
static inline void a64_shift(uint32_t w, struct a64_insn *i, uint32_t right)
{
    uint32_t v = A64_F(w, 22, 16), size = v >> 6 ? 3 : v >> 5 ? 2 : v >> 4 ? 1 : v >> 3 ? 0 : 4;
    a64_arrange(w, i, size);
    i->imm = right ? (int64_t)(16u << (size & 3)) - v : (int64_t)v - (8 << (size & 3));
    i->ok = size < 4 && i->opt != A64_1D;
}

static inline void fmt_VSR(uint32_t w, struct a64_insn *i)
{
    a64_shift(w, i, 1);
}

static inline void fmt_VSL(uint32_t w, struct a64_insn *i)
{
    a64_shift(w, i, 0);
}

/* By element; amount: the index, H:L:M as far as the size leaves them to it. */
static inline void a64_element(uint32_t w, struct a64_insn *i, uint32_t size)
{
    uint32_t h = A64_F(w, 11, 11), l = A64_F(w, 21, 21), m = A64_F(w, 20, 20);
    a64_arrange(w, i, size);
    i->rm = (uint8_t)(size == 1 ? A64_F(w, 19, 16) : A64_F(w, 20, 16));
    i->amount = (uint8_t)(size == 1 ? h << 2 | l << 1 | m : size == 2 ? h << 1 | l : h);
    i->ok = size == 1 || size == 2;
}

static inline void fmt_VE(uint32_t w, struct a64_insn *i)
{
    a64_element(w, i, A64_F(w, 23, 22));
}

static inline void fmt_VEF(uint32_t w, struct a64_insn *i)
{
    uint32_t size = 2 + A64_F(w, 22, 22);
    a64_element(w, i, size);
    i->ok = size == 2 || !A64_F(w, 21, 21);
    if (!A64_F(w, 28, 28)) /* a vector */
        i->ok = i->ok && i->opt != A64_1D;
}

static inline void fmt_VEH(uint32_t w, struct a64_insn *i)
{
    a64_element(w, i, 1);
}

/* FCMLA: the index counts pairs. */
static inline void fmt_VEC(uint32_t w, struct a64_insn *i)
{
    a64_element(w, i, A64_F(w, 23, 22));
    i->rm = (uint8_t)A64_F(w, 20, 16);
    i->amount = (uint8_t)A64_F(w, 11, 11);
    if (i->size == 1)
        i->amount = (uint8_t)(i->amount << 1 | A64_F(w, 21, 21));
    i->imm = 90 * (int64_t)A64_F(w, 14, 13);
    i->ok = (i->size == 1 && (i->sf || i->amount < 2)) ||
            (i->size == 2 && i->sf && !A64_F(w, 21, 21));
}

static inline void fmt_VXAR(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 3);
    i->imm = (int64_t)A64_F(w, 15, 10);
}

static inline void fmt_VTT(uint32_t w, struct a64_insn *i)
{
    a64_arrange(w, i, 2);
    i->amount = (uint8_t)A64_F(w, 13, 12);
}

/* ---- Scalar floating point --------------------------------------------------------------- */

/* size from the type field: single, double, reserved, half. */
static inline void fmt_F(uint32_t w, struct a64_insn *i)
{
    fmt_R4(w, i);
    i->size = (uint8_t[]){2, 3, 4, 1}[A64_F(w, 23, 22)];
    i->cond = (uint8_t)A64_F(w, 15, 12);
    i->nzcv = (uint8_t)A64_F(w, 3, 0);
    i->imm = (int64_t)A64_F(w, 20, 13);
}

static inline void fmt_FC(uint32_t w, struct a64_insn *i)
{
    fmt_F(w, i);
    i->sf = (uint8_t)A64_F(w, 31, 31);
}

/* imm: fraction bits, 0 when there would be more than the integer has. */
static inline void fmt_FX(uint32_t w, struct a64_insn *i)
{
    fmt_FC(w, i);
    i->imm = 64 - (int64_t)A64_F(w, 15, 10);
    if (!i->sf && i->imm > 32)
        i->imm = 0;
}

/* ---- Loads and stores --------------------------------------------------------------------- */

static inline void fmt_LFP(uint32_t w, struct a64_insn *i)
{
    fmt_LSP(w, i);
    i->size = (uint8_t)(2 + A64_F(w, 31, 30));
    i->imm = A64_S(w, 21, 15) * (1 << (i->size & 7));
}

static inline void fmt_LFL(uint32_t w, struct a64_insn *i)
{
    fmt_LIT(w, i);
    i->size = (uint8_t)(2 + A64_F(w, 31, 30));
}

static inline uint32_t a64_fsize(uint32_t w)
{
    return A64_F(w, 23, 23) << 2 | A64_F(w, 31, 30);
}

static inline void fmt_LFU(uint32_t w, struct a64_insn *i)
{
    fmt_N(w, i);
    i->size = (uint8_t)a64_fsize(w);
    i->imm = (int64_t)A64_F(w, 21, 10) << (i->size & 7);
    i->amount = A64_AT_OFFSET;
}

static inline void fmt_LFS(uint32_t w, struct a64_insn *i)
{
    uint32_t kind = A64_F(w, 11, 10);
    fmt_N(w, i);
    i->size = (uint8_t)a64_fsize(w);
    i->imm = A64_S(w, 20, 12);
    i->amount = kind == 1 ? A64_AT_POST : kind == 3 ? A64_AT_PRE : A64_AT_OFFSET;
}

static inline void fmt_LFR(uint32_t w, struct a64_insn *i)
{
    fmt_LSR(w, i);
    i->size = (uint8_t)(i->ok ? a64_fsize(w) : 5);
}

/* Structures; amount: registers, imm: bytes that post-indexing with Rm 31 adds. */
static inline void fmt_VM(uint32_t w, struct a64_insn *i)
{
    static const uint8_t registers[16] = {4, 0, 4, 0, 3, 0, 3, 1, 2, 0, 2};
    uint32_t replicates = A64_F(w, 24, 24);
    a64_arrange(w, i, A64_F(w, 11, 10));
    i->amount = replicates ? (uint8_t)(1 + (A64_F(w, 13, 13) << 1 | A64_F(w, 21, 21)))
                           : registers[A64_F(w, 15, 12)];
    i->imm = replicates ? i->amount << i->size : i->amount * (i->sf ? 16 : 8);
}

/* One lane of each; nzcv: which, from Q:S:size. */
static inline void fmt_VS(uint32_t w, struct a64_insn *i)
{
    uint32_t size = A64_F(w, 15, 14), qssize = A64_F(w, 30, 30) << 3 | A64_F(w, 12, 10);
    if (size == 2 && A64_F(w, 10, 10))
        size = 3;
    a64_arrange(w, i, size);
    i->nzcv = (uint8_t)(qssize >> size);
    i->amount = (uint8_t)(1 + (A64_F(w, 13, 13) << 1 | A64_F(w, 21, 21)));
    i->imm = i->amount << size;
}

#endif
