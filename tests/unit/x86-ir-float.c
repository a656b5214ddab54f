/* SPDX-License-Identifier: MIT */
/* x86-ir-float.c - random arithmetic on floats and on vectors. */
#include "x86-ir-make.h"

#include <ir/op.h>

/* One comparison between reading the flags and giving them back: quietly. */
static void quietly(struct ir_maker *m)
{
    uint32_t f = ir_emit(m, (struct xl_op){.op = XL_OP_fflags, .type = XL_I64}), k;
    uint8_t type = ir_below(m->seed, 2) ? XL_F64 : XL_F32;
    struct xl_op o = {.op = (uint16_t)(XL_OP_feq + ir_below(m->seed, 3)), .type = type};

    k = ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = 31});
    f = ir_emit(m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = f, .b = k});
    for (uint64_t n = 1 + ir_below(m->seed, 2); n > 0; n--) {
        o.a = ir_value(m, type);
        o.b = ir_value(m, type);
        ir_emit(m, o);
    }
    ir_emit(m, (struct xl_op){.op = XL_OP_setfflags, .type = XL_I64, .a = f});
}

/* Arithmetic on results of arithmetic, kept in slots and not: NaNs among them are seen late. */
static void chain(struct ir_maker *m)
{
    uint8_t type = ir_below(m->seed, 2) ? XL_F64 : XL_F32;
    uint32_t last = ir_value(m, type), before = last;

    ir_insn(m);
    for (uint64_t n = 2 + ir_below(m->seed, 10); n > 0; n--) {
        struct xl_op o = {.op = (uint16_t)(XL_OP_fadd + ir_below(m->seed, 5)), .type = type,
                          .a = last, .imm = XL_RM_DYN};

        if (xl_operands(o.op) > 1)
            o.b = ir_below(m->seed, 2) ? before : ir_value(m, type);
        before = last;
        last = ir_emit(m, o);
        if (ir_below(m->seed, 3) == 0)
            ir_emit(m, (struct xl_op){.op = XL_OP_put, .type = type, .a = last,
                                      .imm = ir_slot(m, type)});
    }
    ir_insn(m);
}

void ir_floating(struct ir_maker *m)
{
    if (ir_below(m->seed, 16) == 0) {
        if (ir_below(m->seed, 2))
            quietly(m);
        else
            chain(m);
        return;
    }
    if (ir_below(m->seed, 24) == 0) {
        uint32_t f = ir_emit(m, (struct xl_op){.op = XL_OP_fflags, .type = XL_I64}), k;

        k = ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = 31});
        if (ir_below(m->seed, 2))
            f = ir_value(m, XL_I64);
        f = ir_emit(m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = f, .b = k});
        ir_emit(m, (struct xl_op){.op = XL_OP_setfflags, .type = XL_I64, .a = f});
        return;
    }
    uint32_t k = (uint32_t)ir_below(m->seed, XL_OP_unbox32 - XL_OP_fadd + 5), other;
    struct xl_op o = {.op = (uint16_t)(XL_OP_fadd + k)};
    uint32_t n;

    if (o.op > XL_OP_unbox32)
        o.op = (uint16_t)(XL_OP_fminnm + (o.op - XL_OP_unbox32 - 1));
    n = xl_operands(o.op);
    o.type = ir_below(m->seed, 2) ? XL_F64 : XL_F32;
    other = o.type == XL_F64 ? XL_F32 : XL_F64;
    o.imm = ir_below(m->seed, 4) ? XL_RM_DYN : (int64_t)ir_below(m->seed, 5);
    switch (o.op) {
    case XL_OP_i2f: case XL_OP_bits2f: o.a = ir_value(m, XL_I64); break;
    case XL_OP_f2f: o.a = ir_value(m, other); break;
    case XL_OP_box32:
        o.type = XL_F64;
        o.a = ir_value(m, XL_F32);
        break;
    case XL_OP_unbox32:
        o.type = XL_F32;
        o.a = ir_value(m, XL_F64);
        break;
    default:
        o.a = ir_value(m, o.type);
        o.b = n > 1 ? ir_value(m, o.type) : 0;
        o.c = n > 2 ? ir_value(m, o.type) : 0;
        break;
    }
    if (o.op == XL_OP_f2i || o.op == XL_OP_i2f || o.op == XL_OP_fma)
        o.flags = (uint8_t)ir_below(m->seed, 4);
    if ((o.op == XL_OP_f2i || o.op == XL_OP_i2f) && ir_below(m->seed, 8) == 0)
        o.imm |= (int64_t)ir_below(m->seed, 65) << 8;
    if (o.op == XL_OP_frint)
        o.imm |= ir_below(m->seed, 2) ? XL_RM_EXACT : 0;
    if (o.op == XL_OP_fcmp)
        o.flags = (uint8_t)ir_below(m->seed, 2);
    ir_emit(m, o);
}

/* An imm that the op may take, most often. */
static int64_t vector_imm(struct ir_maker *m, const struct xl_op *o)
{
    uint32_t rm = ir_below(m->seed, 2) ? XL_RM_DYN : (uint32_t)ir_below(m->seed, 5);

    if (o->op < XL_OP_vfadd || o->op > XL_OP_vfnarrow) {
        if (o->op == XL_OP_vinsl)
            return (int64_t)(ir_below(m->seed, 16u >> XL_LANE(o->flags)) << 8 |
                             ir_below(m->seed, 16u >> XL_LANE(o->flags)));
        return (int64_t)ir_below(m->seed, o->op >= XL_OP_vshli && o->op <= XL_OP_vrsari
                                           ? (8u << XL_LANE(o->flags)) + 1 : 16);
    }
    switch (o->op) {
    case XL_OP_vfrint: return rm | (ir_below(m->seed, 2) ? XL_RM_EXACT : 0);
    case XL_OP_vfwiden: return rm | (int64_t)ir_below(m->seed, 2) << 8;
    case XL_OP_vfcvts: case XL_OP_vfcvtu: case XL_OP_vscvtf: case XL_OP_vucvtf:
        return rm | (ir_below(m->seed, 4) ? 0 : (int64_t)ir_below(m->seed, 65) << 8);
    default: return rm;
    }
}

void ir_vector(struct ir_maker *m)
{
    struct xl_op o;
    uint32_t t, v[3] = {0};

    do {
        o = (struct xl_op){.op = (uint16_t)(XL_OP_vmake + ir_below(m->seed, XL_OP_COUNT -
                                                                   XL_OP_vmake)), .type = XL_V128};
        if (xl_opinfo[o.op].flags & XL_L)
            o.flags = (uint8_t)ir_below(m->seed, 4);
        if (o.op >= XL_OP_vfadd && o.op <= XL_OP_vucvtf && ir_below(m->seed, 4) == 0)
            o.flags |= XL_V64;
        if (o.op == XL_OP_vfma)
            o.flags |= (uint8_t)(ir_below(m->seed, 4) << 4);
        o.imm = vector_imm(m, &o);
    } while (xl_vec_wrong(&o));
    if (o.op == XL_OP_v2f)
        o.type = ir_below(m->seed, 2) ? XL_F32 : XL_F64;
    for (uint32_t i = 0; i < xl_operands(o.op); i++) {
        t = xl_opinfo[o.op].args[i] == 'V' ? XL_V128
            : xl_opinfo[o.op].args[i] == 'i' ? XL_I64 : ir_below(m->seed, 2) ? XL_F32 : XL_F64;
        v[i] = ir_value(m, t);
    }
    o.a = v[0];
    o.b = v[1];
    o.c = v[2];
    ir_emit(m, o);
}
