/* SPDX-License-Identifier: MIT */
/* lift-fp.c - F and D.
 * The RISC-V Instruction Set Manual, volume I: 20 (F), 21 (D; NaN boxing 21.2); II: 3.1.6.6.
 *
 * The mode word says whether FS is off (illegal), on, or already dirty. While it is not dirty,
 * an instruction that changes floating-point state marks it and ends the block, so that the
 * code that follows is built without the mark. It also holds frm: a dynamic rounding mode that
 * is reserved is illegal here, and one that hosts lack (RMM) is made static.
 */
#include "lift.h"

enum kind { NONE, BIN, SQRT, FMA, SIGN, CMP, TO_INT, FROM_INT, CLASS, TO_F, LOAD, STORE, MV_X,
            MV_F };

#define S XL_F32
#define D XL_F64

static const struct fp {
    uint8_t kind, type, rounds;
    uint8_t arg;  /* XL_CVT_* or XL_FMA_* */
    uint16_t op;
} table[RV_OP_COUNT] = {
#define BOTH(name, kind, rounds, arg, op) \
    [RV_##name##_s] = {kind, S, rounds, arg, op}, [RV_##name##_d] = {kind, D, rounds, arg, op}
    BOTH(fadd, BIN, 1, 0, XL_OP_fadd), BOTH(fsub, BIN, 1, 0, XL_OP_fsub),
    BOTH(fmul, BIN, 1, 0, XL_OP_fmul), BOTH(fdiv, BIN, 1, 0, XL_OP_fdiv),
    BOTH(fsqrt, SQRT, 1, 0, XL_OP_fsqrt),
    BOTH(fmin, BIN, 0, 0, XL_OP_fmin), BOTH(fmax, BIN, 0, 0, XL_OP_fmax),
    BOTH(fmadd, FMA, 1, 0, XL_OP_fma), BOTH(fmsub, FMA, 1, XL_FMA_NEG_ADDEND, XL_OP_fma),
    BOTH(fnmsub, FMA, 1, XL_FMA_NEG_PRODUCT, XL_OP_fma),
    BOTH(fnmadd, FMA, 1, XL_FMA_NEG_PRODUCT | XL_FMA_NEG_ADDEND, XL_OP_fma),
    BOTH(fsgnj, SIGN, 0, 0, XL_OP_fsgnj), BOTH(fsgnjn, SIGN, 0, 0, XL_OP_fsgnjn),
    BOTH(fsgnjx, SIGN, 0, 0, XL_OP_fsgnjx),
    BOTH(feq, CMP, 0, 0, XL_OP_feq), BOTH(flt, CMP, 0, 0, XL_OP_flt),
    BOTH(fle, CMP, 0, 0, XL_OP_fle), BOTH(fclass, CLASS, 0, 0, XL_OP_fclass),
    BOTH(fcvt_w, TO_INT, 1, XL_CVT_I32, XL_OP_f2i),
    BOTH(fcvt_wu, TO_INT, 1, XL_CVT_U32, XL_OP_f2i),
    BOTH(fcvt_l, TO_INT, 1, XL_CVT_I64, XL_OP_f2i),
    BOTH(fcvt_lu, TO_INT, 1, XL_CVT_U64, XL_OP_f2i),
    [RV_fcvt_s_w] = {FROM_INT, S, 1, XL_CVT_I32, XL_OP_i2f},
    [RV_fcvt_s_wu] = {FROM_INT, S, 1, XL_CVT_U32, XL_OP_i2f},
    [RV_fcvt_s_l] = {FROM_INT, S, 1, XL_CVT_I64, XL_OP_i2f},
    [RV_fcvt_s_lu] = {FROM_INT, S, 1, XL_CVT_U64, XL_OP_i2f},
    [RV_fcvt_d_w] = {FROM_INT, D, 1, XL_CVT_I32, XL_OP_i2f},
    [RV_fcvt_d_wu] = {FROM_INT, D, 1, XL_CVT_U32, XL_OP_i2f},
    [RV_fcvt_d_l] = {FROM_INT, D, 1, XL_CVT_I64, XL_OP_i2f},
    [RV_fcvt_d_lu] = {FROM_INT, D, 1, XL_CVT_U64, XL_OP_i2f},
    [RV_fcvt_s_d] = {TO_F, S, 1, 0, XL_OP_f2f}, [RV_fcvt_d_s] = {TO_F, D, 1, 0, XL_OP_f2f},
    [RV_flw] = {LOAD, S, 0, 0, 0}, [RV_fld] = {LOAD, D, 0, 0, 0},
    [RV_fsw] = {STORE, S, 0, 0, 0}, [RV_fsd] = {STORE, D, 0, 0, 0},
    [RV_fmv_x_w] = {MV_X, S, 0, 0, 0}, [RV_fmv_x_d] = {MV_X, D, 0, 0, 0},
    [RV_fmv_w_x] = {MV_F, S, 0, 0, 0}, [RV_fmv_d_x] = {MV_F, D, 0, 0, 0},
};

static xl_val get(struct lift *l, uint32_t f, uint32_t type)
{
    xl_val v = xl_get(l->b, RV_SLOT_F + f);
    return type == S ? xl_op1(l->b, XL_OP_unbox32, XL_F32, v) : v;
}

static void put(struct lift *l, uint32_t type, xl_val v)
{
    if (type == S)
        v = xl_op1(l->b, XL_OP_box32, XL_F64, v);
    xl_put(l->b, RV_SLOT_F + l->i.rd, v);
}

static void load(struct lift *l, uint32_t type)
{
    put(l, type, xl_load(l->b, type, lift_get(l, l->i.rs1), l->i.imm,
                         XL_M_SIZE(type == S ? 2 : 3)));
}

/* The bits travel as they are: a float that is not boxed is stored unchanged too. */
static void store(struct lift *l, uint32_t type)
{
    xl_val v = xl_get(l->b, RV_SLOT_F + l->i.rs2);
    if (type == S)
        v = xl_op1(l->b, XL_OP_f2bits, XL_F64, v);
    xl_store(l->b, lift_get(l, l->i.rs1), l->i.imm, v, XL_M_SIZE(type == S ? 2 : 3));
}

static void move_to_x(struct lift *l, uint32_t type)
{
    xl_val v = xl_op1(l->b, XL_OP_f2bits, XL_F64, xl_get(l->b, RV_SLOT_F + l->i.rs1));
    if (type == S)
        v = xl_op1(l->b, XL_OP_sext32, XL_I64, v);
    lift_put(l, l->i.rd, v);
}

static void move_to_f(struct lift *l, uint32_t type)
{
    xl_val v = xl_op1(l->b, XL_OP_bits2f, type == S ? XL_F32 : XL_F64, lift_get(l, l->i.rs1));
    if (type == S)
        v = xl_op1(l->b, XL_OP_box32, XL_F64, v);
    xl_put(l->b, RV_SLOT_F + l->i.rd, v);
}

static void compute(struct lift *l, const struct fp *f, uint32_t rm)
{
    struct rv_insn *i = &l->i;
    uint32_t t = f->type;
    switch (f->kind) {
    case BIN:
        put(l, t, xl_fp(l->b, f->op, t, get(l, i->rs1, t), get(l, i->rs2, t), rm));
        break;
    case SQRT: put(l, t, xl_fp(l->b, f->op, t, get(l, i->rs1, t), 0, rm)); break;
    case FMA:
        put(l, t, xl_fma(l->b, t, get(l, i->rs1, t), get(l, i->rs2, t), get(l, i->rs3, t),
                         f->arg, rm));
        break;
    case SIGN: put(l, t, xl_op2(l->b, f->op, t, get(l, i->rs1, t), get(l, i->rs2, t))); break;
    case CMP:
        lift_put(l, i->rd, xl_op2(l->b, f->op, t, get(l, i->rs1, t), get(l, i->rs2, t)));
        break;
    case CLASS: lift_put(l, i->rd, xl_op1(l->b, f->op, t, get(l, i->rs1, t))); break;
    case TO_INT: lift_put(l, i->rd, xl_cvt(l->b, f->op, t, get(l, i->rs1, t), f->arg, rm)); break;
    case FROM_INT: put(l, t, xl_cvt(l->b, f->op, t, lift_get(l, i->rs1), f->arg, rm)); break;
    case TO_F: put(l, t, xl_cvt(l->b, f->op, t, get(l, i->rs1, t == S ? D : S), 0, rm)); break;
    case LOAD: load(l, t); break;
    case STORE: store(l, t); break;
    case MV_X: move_to_x(l, t); break;
    default: move_to_f(l, t); break;
    }
}

/* Rounding mode to build with, or -1 when it is reserved. */
static int rounding(const struct lift *l)
{
    uint32_t frm = RV_MODE_FRM(l->mode), rm = l->i.rm;
    if (rm == XL_RM_DYN)
        rm = frm;
    if (rm > XL_RM_RMM)
        return -1;
    /* One that equals frm is what the host's unit is set to, unless hosts lack it; a
     * truncation to integer is cheap as it stands. */
    int truncates = table[l->i.op].kind == TO_INT && rm == XL_RM_RTZ;
    return rm == frm && rm != XL_RM_RMM && !truncates ? XL_RM_DYN : (int)rm;
}

int lift_fp(struct lift *l)
{
    const struct fp *f = &table[l->i.op];
    if (f->kind == NONE)
        return 0;
    int rm = f->rounds ? rounding(l) : XL_RM_RNE;
    if (rm < 0 || !(l->mode & RV_MODE_FS_ON)) {
        lift_illegal(l);
        return 1;
    }
    int changes = f->kind != STORE && f->kind != MV_X && f->kind != CLASS;
    int mark = changes && !(l->mode & RV_MODE_FS_DIRTY);
    if (mark)
        xl_callh(l->b, RV_H_FS_DIRTY, 0, 0, 0, 0, 0);
    compute(l, f, (uint32_t)rm);
    if (mark) {
        xl_exit(l->b, XL_K_STATE, l->next, 0);
        l->done = 1;
    }
    return 1;
}
