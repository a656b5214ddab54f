/* SPDX-License-Identifier: MIT */
/* lift.h - what the lift-* files share. */
#ifndef A64_LIFT_H
#define A64_LIFT_H

#include "ir/ir.h"
#include "aarch64.h"

/* What is known of the flags at this point of the block. */
struct flags {
    enum { FL_SLOTS, FL_SUB, FL_ADD, FL_LOGIC, FL_NZCV, FL_ADC, FL_CCMP } kind;
    uint32_t type;       /* XL_I32 or XL_I64: of the operation; I64 values all */
    xl_val a, b, c;      /* operands; LOGIC: a; NZCV: a, bits 31 to 28; ADC: c is the carry in */
    xl_val cond;         /* CCMP: 1: flags of a - b (a + b: add), 0: those of imm */
    uint32_t add, imm;
};

struct lift {
    struct xl_builder *b;
    struct a64_insn i;
    uint64_t pc, next; /* of the instruction, and of the one behind it */
    uint64_t mode, isa;
    struct flags fl;
    int done;          /* an exit was built */
};

/* Each lifts l->i if it is one of its own: 1, else 0. */
int lift_int(struct lift *l);
int lift_bits(struct lift *l);
int lift_jump(struct lift *l);
int lift_mem(struct lift *l);
int lift_atomic(struct lift *l);
int lift_system(struct lift *l);
uint32_t lift_fp_mode(uint64_t mode); /* XL_FP_* */
int lift_fp(struct lift *l);   /* lift-fp.c and what it calls: rows of a64-simd.decode */

void lift_undef(struct lift *l); /* UNDEFINED: reaches the handler, nothing follows */
void lift_end(struct lift *l);   /* end the block after this instruction: state changed */

/* ---- Values: X or W registers, 31 is zero; sp variants: 31 is SP ----------------------------- */

static inline xl_val lift_const(struct lift *l, uint64_t v)
{
    return xl_const(l->b, XL_I64, v);
}

/* All 64 bits of Xn. */
static inline xl_val lift_x(struct lift *l, uint32_t n)
{
    return n == 31 ? lift_const(l, 0) : xl_get(l->b, n);
}

static inline xl_val lift_xsp(struct lift *l, uint32_t n)
{
    return xl_get(l->b, n); /* slot 31 is SP */
}

static inline void lift_put(struct lift *l, uint32_t n, xl_val v)
{
    if (n != 31)
        xl_put(l->b, n, v);
}

static inline void lift_put_sp(struct lift *l, uint32_t n, xl_val v)
{
    xl_put(l->b, n, v);
}

static inline xl_val lift_op1(struct lift *l, uint32_t op, xl_val a)
{
    return xl_op1(l->b, op, XL_I64, a);
}

static inline xl_val lift_op2(struct lift *l, uint32_t op, xl_val a, xl_val c)
{
    return xl_op2(l->b, op, XL_I64, a, c);
}

static inline xl_val lift_narrow(struct lift *l, xl_val v)
{
    return xl_op1(l->b, XL_OP_trunc, XL_I32, v);
}

/* The register as the instruction's width has it: type and low half by sf. */
static inline uint32_t lift_type(const struct lift *l)
{
    return l->i.sf ? XL_I64 : XL_I32;
}

static inline xl_val lift_sized(struct lift *l, xl_val v)
{
    return l->i.sf ? v : lift_narrow(l, v);
}

static inline xl_val lift_r(struct lift *l, uint32_t n)
{
    return lift_sized(l, lift_x(l, n));
}

/* A value of lift_type() as 64 bits, the upper half zero where it is 32. */
static inline xl_val lift_wide(struct lift *l, xl_val v)
{
    return l->i.sf ? v : lift_op1(l, XL_OP_zext32, v);
}

static inline void lift_put_r(struct lift *l, uint32_t n, xl_val v)
{
    if (n != 31)
        xl_put(l->b, n, lift_wide(l, v));
}

/* op of lift_type(). */
static inline xl_val lift_t1(struct lift *l, uint32_t op, xl_val a)
{
    return xl_op1(l->b, op, lift_type(l), a);
}

static inline xl_val lift_t2(struct lift *l, uint32_t op, xl_val a, xl_val c)
{
    return xl_op2(l->b, op, lift_type(l), a, c);
}

static inline xl_val lift_tconst(struct lift *l, uint64_t v)
{
    return xl_const(l->b, lift_type(l), v);
}

/* Xm extended as option says, 64 bits, then shifted left. */
xl_val lift_extended(struct lift *l, uint32_t m, uint32_t option, uint32_t shift);

/* ---- Memory (lift-mem.c) -------------------------------------------------------------------- */

uint32_t lift_memop(const struct lift *l, uint32_t size); /* XL_M_* of a plain access */
/* Base of the access by i.amount (A64_AT_*), and what to add to it. */
xl_val lift_address(struct lift *l, int32_t *disp);
void lift_write_back(struct lift *l); /* after the access */

/* v signed or authenticated with the modifier: A64_PAC_*. */
xl_val lift_pac(struct lift *l, uint32_t what, xl_val v, xl_val modifier);

/* ---- Flags (lift-flags.c) ------------------------------------------------------------------- */

/* Set them to those of an operation: in the slots now, for later blocks and faults too. All
 * of an instruction's accesses come before. Values are I64; 32-bit operations use the low half. */
void lift_flags_sub(struct lift *l, uint32_t sf, xl_val a, xl_val b);
void lift_flags_add(struct lift *l, uint32_t sf, xl_val a, xl_val b);
void lift_flags_adc(struct lift *l, uint32_t sf, xl_val a, xl_val b, xl_val carry);
void lift_flags_logic(struct lift *l, uint32_t sf, xl_val v);
void lift_flags_nzcv(struct lift *l, xl_val nzcv); /* bits 31 to 28 of an I64 */
/* CCMP, CCMN: those of a - b (a + b: add) if cond holds, else i.nzcv. */
void lift_flags_ccmp(struct lift *l, uint32_t cond, uint32_t add, xl_val a, xl_val b);
/* 0 or 1: does the condition hold? */
xl_val lift_cond(struct lift *l, uint32_t cond);
/* The flags in bits 31 to 28. */
xl_val lift_nzcv(struct lift *l);
xl_val lift_carry(struct lift *l); /* 0 or 1 */
/* The slots may have changed behind the block's back: after a helper that writes them. */
static inline void lift_flags_forget(struct lift *l)
{
    l->fl.kind = FL_SLOTS;
}
/* Branch to target if cond. */
void lift_brcond(struct lift *l, uint32_t cond, uint64_t target);

#endif
