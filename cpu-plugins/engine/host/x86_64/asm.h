/* SPDX-License-Identifier: MIT */
/* asm.h - an x86-64 encoder: bytes for one instruction at a time.
 * Intel SDM volume 2 (325383), chapter 2 for the formats, 3 to 5 for the opcodes.
 *
 * An opcode is a number that carries its map, its mandatory prefix and whether its register
 * operands are bytes. Three functions encode all forms that have a ModRM byte: xa_op() the
 * legacy ones, xa_opi() those with an immediate, xa_vex() the three-operand ones. Operand
 * `rm` is a register or memory, built by xr() and the xm…() functions below.
 *
 * The encoder writes through the writable view of code memory; `rx` is the distance to the
 * executable one, needed only for addresses relative to rip. Nothing is written past `limit`:
 * `full` is set instead, and the caller throws the code away.
 */
#ifndef XL_X86_ASM_H
#define XL_X86_ASM_H

#include <stdint.h>

enum {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, R_NONE = -1
};

enum { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L, CC_GE,
       CC_LE, CC_G };

#define XA_BEGUN 32

struct xasm {
    uint8_t *p, *limit; /* next byte; limit leaves room for two instructions */
    intptr_t rx;        /* executable view - writable view */
    uint32_t full;
    uint32_t n_begun;   /* where the first instructions behind `head` begin, for place.c */
    uint16_t begun[XA_BEGUN];
    uint8_t *head;      /* NULL: not noted */
};

struct xrm {
    int8_t reg;         /* a register, or R_NONE: memory */
    int8_t base, index; /* R_NONE: none; base R_NONE with rip set: relative to rip */
    uint8_t scale;      /* log2 */
    uint8_t gs;         /* relative to the GS base */
    int32_t disp;
    const uint8_t *rip; /* executable address */
};

static inline struct xrm xr(int reg)
{
    return (struct xrm){.reg = (int8_t)reg, .base = R_NONE, .index = R_NONE};
}
static inline struct xrm xm(int base, int32_t disp)
{
    return (struct xrm){.reg = R_NONE, .base = (int8_t)base, .index = R_NONE, .disp = disp};
}
static inline struct xrm xmx(int base, int index, uint32_t scale, int32_t disp)
{
    return (struct xrm){.reg = R_NONE, .base = (int8_t)base, .index = (int8_t)index,
                        .scale = (uint8_t)scale, .disp = disp};
}
static inline struct xrm xmgs(int base, int32_t disp)
{
    return (struct xrm){.reg = R_NONE, .base = (int8_t)base, .index = R_NONE, .gs = 1,
                        .disp = disp};
}
static inline struct xrm xmrip(const void *p)
{
    return (struct xrm){.reg = R_NONE, .base = R_NONE, .index = R_NONE, .rip = p};
}

/* ---- Opcodes ---------------------------------------------------------------------- */

#define XO_0F (1u << 8)
#define XO_38 (2u << 8)
#define XO_3A (3u << 8)
#define XO_66 (1u << 10)
#define XO_F3 (2u << 10)
#define XO_F2 (3u << 10)
#define XO_PP(op) (((op) >> 10) & 3u)
#define XO_BREG (1u << 12) /* `reg` is a byte register */
#define XO_BRM (1u << 13)  /* `rm`, if a register, is a byte register */
#define XO_LOCK (1u << 14)

enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum { SH_ROL, SH_ROR, SH_SHL = 4, SH_SHR, SH_SAR = 7 };
#define XO_ALU(n) ((uint32_t)(n) << 3 | 3u)    /* reg op= rm */
#define XO_ALU_ST(n) ((uint32_t)(n) << 3 | 1u) /* rm op= reg */

enum {
    XO_MOV = 0x8b,
    XO_MOV_ST = 0x89,
    XO_MOV8_ST = 0x88 | XO_BREG,
    XO_MOV16_ST = 0x89 | XO_66,
    XO_LEA = 0x8d,
    XO_MOVSXD = 0x63, /* w = 1 */
    XO_MOVZX8 = 0xb6 | XO_0F | XO_BRM,
    XO_MOVZX16 = 0xb7 | XO_0F,
    XO_MOVSX8 = 0xbe | XO_0F | XO_BRM,
    XO_MOVSX16 = 0xbf | XO_0F,
    XO_TEST = 0x85,
    XO_XCHG = 0x87,
    XO_IMUL = 0xaf | XO_0F,
    XO_CMOV = 0x40 | XO_0F, /* + cc */
    XO_SETCC = 0x90 | XO_0F | XO_BRM, /* + cc; reg = 0 */
    XO_UNARY = 0xf7, /* reg: 2 not, 3 neg, 4 mul, 5 imul, 6 div, 7 idiv */
    XO_INCDEC = 0xff, /* reg: 0 inc, 1 dec, 2 call, 4 jmp, 6 push */
    XO_SHCL = 0xd3,  /* reg: SH_*, by cl */
    XO_BSF = 0xbc | XO_0F,
    XO_BSR = 0xbd | XO_0F,
    XO_TZCNT = 0xbc | XO_0F | XO_F3,
    XO_LZCNT = 0xbd | XO_0F | XO_F3,
    XO_POPCNT = 0xb8 | XO_0F | XO_F3,
    XO_XADD = 0xc1 | XO_0F | XO_LOCK,
    XO_CMPXCHG = 0xb1 | XO_0F | XO_LOCK,
    /* with an immediate: xa_opi() */
    XO_IMULI8 = 0x6b,
    XO_IMULI = 0x69,
    XO_MOV_I = 0xc7,   /* reg = 0, imm32 sign-extended */
    XO_MOV8_I = 0xc6,
    XO_TEST_I = 0xf7,  /* reg = 0 */
    XO_TEST8_I = 0xf6 | XO_BRM,
    XO_BTC_I = 0xba | XO_0F, /* reg = 7 */
    /* VEX, general purpose */
    XO_ANDN = 0xf2 | XO_38,
    XO_SHLX = 0xf7 | XO_38 | XO_66,
    XO_SHRX = 0xf7 | XO_38 | XO_F2,
    XO_SARX = 0xf7 | XO_38 | XO_F3,
    XO_MULX = 0xf6 | XO_38 | XO_F2,
    XO_RORX = 0xf0 | XO_3A | XO_F2, /* imm8 */
    /* SSE; + F3 for single, F2 for double where it says s */
    XO_MOVSS = 0x10 | XO_0F | XO_F3,
    XO_MOVSS_ST = 0x11 | XO_0F | XO_F3,
    XO_MOVSD = 0x10 | XO_0F | XO_F2,
    XO_MOVSD_ST = 0x11 | XO_0F | XO_F2,
    XO_MOVAPS = 0x28 | XO_0F,
    XO_MOVUPS = 0x10 | XO_0F,
    XO_MOVUPS_ST = 0x11 | XO_0F,
    XO_MOVQ = 0x7e | XO_0F | XO_F3,    /* xmm <- the low half of xmm or memory */
    XO_MOVD = 0x6e | XO_0F | XO_66,    /* xmm <- gpr; w: 64 bits */
    XO_MOVD_ST = 0x7e | XO_0F | XO_66, /* gpr <- xmm */
    XO_FADD = 0x58 | XO_0F,
    XO_FMUL = 0x59 | XO_0F,
    XO_FSUB = 0x5c | XO_0F,
    XO_FMIN = 0x5d | XO_0F,
    XO_FDIV = 0x5e | XO_0F,
    XO_FMAX = 0x5f | XO_0F,
    XO_FSQRT = 0x51 | XO_0F,
    XO_CVTS2S = 0x5a | XO_0F, /* F3: ss to sd, F2: sd to ss */
    XO_CVTI2S = 0x2a | XO_0F,
    XO_CVTTS2I = 0x2c | XO_0F,
    XO_CVTS2I = 0x2d | XO_0F,
    XO_UCOMISS = 0x2e | XO_0F,
    XO_UCOMISD = 0x2e | XO_0F | XO_66,
    XO_COMISS = 0x2f | XO_0F,
    XO_COMISD = 0x2f | XO_0F | XO_66,
    XO_ANDPS = 0x54 | XO_0F,
    XO_ANDNPS = 0x55 | XO_0F,
    XO_ORPS = 0x56 | XO_0F,
    XO_XORPS = 0x57 | XO_0F,
    XO_PCMPEQD = 0x76 | XO_0F | XO_66,
    XO_CMPS = 0xc2 | XO_0F,                /* imm8 */
    XO_PEXTRD = 0x16 | XO_3A | XO_66,      /* imm8; rm is the gpr */
    XO_ROUNDSS = 0x0a | XO_3A | XO_66,     /* imm8 */
    XO_ROUNDSD = 0x0b | XO_3A | XO_66,
    XO_PCLMUL = 0x44 | XO_3A | XO_66,      /* imm8 */
    XO_PSHUFD = 0x70 | XO_0F | XO_66,      /* imm8 */
    XO_PUNPCKLQDQ = 0x6c | XO_0F | XO_66,
    XO_INSERTPS = 0x21 | XO_3A | XO_66,    /* imm8 */
    XO_PSRLDQ = 0x73 | XO_0F | XO_66,      /* reg 3, imm8 */
    /* VEX only: integer vectors. Of families by lane: the op of bytes; 16, 32, 64 bits: where
     * they are + 1, + 2, + 3 */
    XV_AND = 0xdb | XO_0F | XO_66,
    XV_ANDN = 0xdf | XO_0F | XO_66, /* ~v & rm */
    XV_OR = 0xeb | XO_0F | XO_66,
    XV_XOR = 0xef | XO_0F | XO_66,
    XV_ADD = 0xfc | XO_0F | XO_66,  /* not 64 */
    XV_ADDQ = 0xd4 | XO_0F | XO_66,
    XV_SUB = 0xf8 | XO_0F | XO_66,
    XV_ADDS = 0xec | XO_0F | XO_66, /* signed; 8, 16 */
    XV_ADDUS = 0xdc | XO_0F | XO_66,
    XV_SUBS = 0xe8 | XO_0F | XO_66,
    XV_SUBUS = 0xd8 | XO_0F | XO_66,
    XV_AVGB = 0xe0 | XO_0F | XO_66,
    XV_AVGW = 0xe3 | XO_0F | XO_66,
    XV_MINSB = 0x38 | XO_38 | XO_66,
    XV_MINSW = 0xea | XO_0F | XO_66,
    XV_MINSD = 0x39 | XO_38 | XO_66,
    XV_MAXSB = 0x3c | XO_38 | XO_66,
    XV_MAXSW = 0xee | XO_0F | XO_66,
    XV_MAXSD = 0x3d | XO_38 | XO_66,
    XV_MINUB = 0xda | XO_0F | XO_66,
    XV_MINUW = 0x3a | XO_38 | XO_66,
    XV_MINUD = 0x3b | XO_38 | XO_66,
    XV_MAXUB = 0xde | XO_0F | XO_66,
    XV_MAXUW = 0x3e | XO_38 | XO_66,
    XV_MAXUD = 0x3f | XO_38 | XO_66,
    XV_CMPEQ = 0x74 | XO_0F | XO_66, /* not 64 */
    XV_CMPEQQ = 0x29 | XO_38 | XO_66,
    XV_CMPGT = 0x64 | XO_0F | XO_66, /* not 64 */
    XV_CMPGTQ = 0x37 | XO_38 | XO_66,
    XV_ABS = 0x1c | XO_38 | XO_66,   /* not 64 */
    XV_MULLW = 0xd5 | XO_0F | XO_66,
    XV_MULHW = 0xe5 | XO_0F | XO_66,
    XV_MULHRSW = 0x0b | XO_38 | XO_66,
    XV_MULLD = 0x40 | XO_38 | XO_66,
    XV_MULDQ = 0x28 | XO_38 | XO_66,
    XV_MULUDQ = 0xf4 | XO_0F | XO_66,
    XV_SADBW = 0xf6 | XO_0F | XO_66,
    XV_UNPCKL = 0x60 | XO_0F | XO_66, /* not 64 */
    XV_UNPCKLQ = 0x6c | XO_0F | XO_66,
    XV_UNPCKH = 0x68 | XO_0F | XO_66,
    XV_UNPCKHQ = 0x6d | XO_0F | XO_66,
    XV_PACKSSWB = 0x63 | XO_0F | XO_66,
    XV_PACKUSWB = 0x67 | XO_0F | XO_66,
    XV_PACKSSDW = 0x6b | XO_0F | XO_66,
    XV_PACKUSDW = 0x2b | XO_38 | XO_66,
    XV_MOVSX = 0x20 | XO_38 | XO_66,  /* 8 to 16; + 3: 16 to 32, + 5: 32 to 64 */
    XV_MOVZX = 0x30 | XO_38 | XO_66,
    XV_SHUFB = 0x00 | XO_38 | XO_66,
    XV_SHUFPS = 0xc6 | XO_0F,         /* imm8 */
    XV_BLENDD = 0x02 | XO_3A | XO_66, /* imm8 */
    XV_BLENDW = 0x0e | XO_3A | XO_66, /* imm8 */
    XV_BLENDVB = 0x4c | XO_3A | XO_66, /* imm8: mask register << 4 */
    XV_BLENDVPS = 0x4a | XO_3A | XO_66,
    XV_ALIGNR = 0x0f | XO_3A | XO_66, /* imm8 */
    XV_BCASTB = 0x78 | XO_38 | XO_66,
    XV_BCASTW = 0x79 | XO_38 | XO_66,
    XV_BCASTD = 0x58 | XO_38 | XO_66,
    XV_BCASTQ = 0x59 | XO_38 | XO_66,
    XV_EXTRB = 0x14 | XO_3A | XO_66,  /* imm8; rm is the gpr */
    XV_EXTRW = 0x15 | XO_3A | XO_66,
    XV_EXTRD = 0x16 | XO_3A | XO_66,  /* w: 64 */
    XV_INSRB = 0x20 | XO_3A | XO_66,  /* imm8; rm is the gpr */
    XV_INSRW = 0xc4 | XO_0F | XO_66,
    XV_INSRD = 0x22 | XO_3A | XO_66,  /* w: 64 */
    XV_SHIFTI = 0x70 | XO_0F | XO_66, /* + 1 to 3 for 16 to 64; reg 2 srl, 4 sra, 6 sll; 64: 3, 7
                                         the whole register by bytes; VEX.vvvv the result */
    XV_SLLV = 0x47 | XO_38 | XO_66,   /* w: 64 */
    XV_SRLV = 0x45 | XO_38 | XO_66,
    XV_SRAV = 0x46 | XO_38 | XO_66,
    XV_TEST = 0x17 | XO_38 | XO_66,
    XV_AESENC = 0xdc | XO_38 | XO_66,
    XV_AESENCLAST = 0xdd | XO_38 | XO_66,
    XV_AESDECLAST = 0xdf | XO_38 | XO_66,
    XV_AESIMC = 0xdb | XO_38 | XO_66,
    XV_CVTDQ2PS = 0x5b | XO_0F,
    XV_CVTPS2DQ = 0x5b | XO_0F | XO_66,
    XV_CVTTPS2DQ = 0x5b | XO_0F | XO_F3,
    XV_ROUNDPS = 0x08 | XO_3A | XO_66, /* imm8; + 1: pd */
    /* FMA: 132/213/231 forms; 66 prefix; w: double */
    XO_FMA = 0x99 | XO_38 | XO_66, /* 132; + 0x10: 213, + 0x20: 231; + 2 msub, 4 nmadd, 6 nmsub */
    XO_BSWAP = 0xc8 | XO_0F
};

/* ---- Encoders --------------------------------------------------------------------- */

void xa_op(struct xasm *a, uint32_t op, int w, int reg, struct xrm rm);
/* With an immediate of `n` bytes (1, 2 or 4). */
void xa_opi(struct xasm *a, uint32_t op, int w, int reg, struct xrm rm, int32_t imm, int n);
/* reg, v (VEX.vvvv) and rm; for BMI's shifts vvvv is the count. imm < 0: none. */
void xa_vex(struct xasm *a, uint32_t op, int w, int reg, int v, struct xrm rm, int imm);

void xa_mov(struct xasm *a, int w, int dst, int src);      /* nothing if they are the same */
void xa_movi(struct xasm *a, int dst, uint64_t v);         /* keeps the flags */
void xa_alu(struct xasm *a, int op, int w, int dst, struct xrm rm);
void xa_alui(struct xasm *a, int op, int w, struct xrm rm, int32_t imm);
void xa_shift(struct xasm *a, int op, int w, struct xrm rm, uint32_t n);
void xa_setcc(struct xasm *a, int cc, int dst);            /* the low byte only */
void xa_push(struct xasm *a, int reg);
void xa_pop(struct xasm *a, int reg);
void xa_bswap(struct xasm *a, int w, int reg);
void xa_byte(struct xasm *a, uint32_t b);
void xa_u32(struct xasm *a, uint32_t v);
void xa_u64(struct xasm *a, uint64_t v);
void xa_nop(struct xasm *a, uint32_t n);                   /* n bytes */
void xa_gsbase(struct xasm *a, int reg);                   /* wrgsbase */
void xa_csr(struct xasm *a, int store, struct xrm m);      /* ldmxcsr, stmxcsr */

/* Jumps with a 32-bit displacement return the place of it, to be set by xa_patch() with an
 * address in the writable view; the …_to forms go to an address of the executable view. */
uint8_t *xa_jmp(struct xasm *a);
uint8_t *xa_jcc(struct xasm *a, int cc);
uint8_t *xa_jcc8(struct xasm *a, int cc); /* 8-bit displacement: xa_patch8() */
void xa_patch(uint8_t *site, const uint8_t *target);
void xa_patch8(uint8_t *site, const uint8_t *target);
void xa_jmp_to(struct xasm *a, const uint8_t *rx);
void xa_jcc_to(struct xasm *a, int cc, const uint8_t *rx);
void xa_call_to(struct xasm *a, const uint8_t *rx);

#endif
