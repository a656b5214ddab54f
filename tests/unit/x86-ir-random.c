/* SPDX-License-Identifier: MIT */
/* x86-ir-random.c - random blocks: what they are made of, and how often. */
#include "x86-ir-make.h"

#include <ir/op.h>
#include <soft.h>

#include <string.h>

uint32_t ir_emit(struct ir_maker *m, struct xl_op o)
{
    uint32_t at = m->b->n_ops++, t = xl_result(&o);

    m->b->op[at] = o;
    if (t)
        m->by_type[t][m->n[t]++] = at;
    return at;
}

void ir_insn(struct ir_maker *m)
{
    uint32_t off = 0x100 + m->b->n_insns++ * 4;

    ir_emit(m, (struct xl_op){.op = XL_OP_insn, .imm = off, .c = 4});
    m->put = 0;
}

uint32_t ir_slot(struct ir_maker *m, uint32_t type)
{
    switch (type) {
    case XL_I64: return (uint32_t)ir_below(m->seed, N_INT);
    case XL_I32: return S_I32 + (uint32_t)ir_below(m->seed, N_I32);
    case XL_F64: return S_FP + (uint32_t)ir_below(m->seed, N_FP);
    case XL_V128: return S_VEC + (uint32_t)ir_below(m->seed, N_VEC);
    default: return S_F32 + (uint32_t)ir_below(m->seed, N_F32);
    }
}

static uint32_t constant(struct ir_maker *m, uint32_t type)
{
    uint64_t v = type == XL_F64 ? ir_any_double(m->seed) : type == XL_F32 ? ir_any_float(m->seed)
                                                                       : ir_any_int(m->seed);

    if (type == XL_I32 || type == XL_F32)
        v = (uint32_t)v;
    return ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = (uint8_t)type, .imm = (int64_t)v});
}

static uint32_t get(struct ir_maker *m, uint32_t type)
{
    return ir_emit(m, (struct xl_op){.op = XL_OP_get, .type = (uint8_t)type,
                                     .imm = ir_slot(m, type)});
}

uint32_t ir_value(struct ir_maker *m, uint32_t type)
{
    uint32_t k = (uint32_t)ir_below(m->seed, 8);

    if (k == 0)
        return constant(m, type);
    if (k < 4 || m->n[type] == 0)
        return get(m, type);
    if (k < 7) /* a recent one */
        return m->by_type[type][m->n[type] - 1 -
                                ir_below(m->seed, m->n[type] < 4 ? m->n[type] : 4)];
    return m->by_type[type][ir_below(m->seed, m->n[type])];
}

void ir_before_fault(struct ir_maker *m)
{
    if (m->put)
        ir_insn(m);
}

static void helper(struct ir_maker *m)
{
    uint32_t at = (uint32_t)ir_below(m->seed, ir_guest.n_helpers);
    const struct xl_helper *h = &ir_guest.helpers[at];
    struct xl_call l = {.helper = (uint16_t)at, .n_args = h->n_args};

    if (m->b->n_calls >= 8)
        return;
    if (h->flags & (XL_H_FAULT | XL_H_STATE))
        ir_before_fault(m);
    for (uint32_t i = 0; i < h->n_args; i++)
        l.arg[i] = ir_value(m, h->vec >> i & 1 ? XL_V128 : XL_I32 + (uint32_t)ir_below(m->seed, 4));
    m->b->call[m->b->n_calls] = l;
    ir_emit(m, (struct xl_op){.op = XL_OP_call, .type = h->type, .imm = m->b->n_calls++});
}

void ir_put(struct ir_maker *m)
{
    uint32_t t = XL_I32 + (uint32_t)ir_below(m->seed, 5);
    struct xl_op o = {.op = XL_OP_put, .type = (uint8_t)t, .a = ir_value(m, t)};

    o.imm = ir_slot(m, t);
    ir_emit(m, o);
    m->put = 1;
}

/* What front ends make often and back ends do in one instruction. */
static void idiom(struct ir_maker *m)
{
    struct xl_op o = {.op = XL_OP_shl, .type = XL_I64}, st = {.op = XL_OP_st, .type = XL_I64};

    if (ir_below(m->seed, 2)) { /* an element's address */
        o.a = ir_value(m, XL_I64);
        o.b = ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64,
                                        .imm = (int64_t)ir_below(m->seed, 5)});
        st.op = XL_OP_add;
        st.a = ir_value(m, XL_I64);
        st.b = ir_emit(m, o);
        if (ir_below(m->seed, 2)) {
            o.a = st.a;
            st.a = st.b;
            st.b = o.a;
        }
    } else { /* a float's bits to memory */
        ir_before_fault(m);
        o = (struct xl_op){.op = XL_OP_f2bits, .type = ir_below(m->seed, 2) ? XL_F64 : XL_F32};
        o.a = ir_value(m, o.type);
        st.imm = XL_MEM(ir_below(m->seed, 4), ir_below(m->seed, 32) * 4);
        st.a = ir_address(m);
        st.b = ir_emit(m, o);
    }
    ir_emit(m, st);
}

void ir_integer(struct ir_maker *m)
{
    uint32_t k = (uint32_t)ir_below(m->seed, XL_OP_sel - XL_OP_add + 1);
    struct xl_op o = {.op = (uint16_t)(XL_OP_add + k)};

    o.type = ir_below(m->seed, 3) ? XL_I64 : XL_I32;
    switch (o.op) {
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32:
    case XL_OP_zext8: case XL_OP_zext16: case XL_OP_zext32:
        o.a = ir_value(m, o.type);
        o.type = XL_I64;
        break;
    case XL_OP_trunc:
        o.type = XL_I32;
        o.a = ir_value(m, XL_I64);
        break;
    case XL_OP_sel:
        o.type = (uint8_t)(XL_I32 + ir_below(m->seed, 4));
        o.a = ir_value(m, XL_I64);
        o.b = ir_value(m, o.type);
        o.c = ir_value(m, o.type);
        break;
    default:
        o.a = ir_value(m, o.type);
        if (xl_operands(o.op) > 1)
            o.b = ir_value(m, o.type);
        break;
    }
    if (o.op == XL_OP_set) {
        o.flags = (uint8_t)ir_below(m->seed, 6);
        if (ir_below(m->seed, 2)) { /* with a reader that may fuse */
            struct xl_op s = {.op = XL_OP_sel, .type = (uint8_t)(XL_I32 + ir_below(m->seed, 4))};

            s.b = ir_value(m, s.type);
            s.c = ir_value(m, s.type);
            s.a = ir_emit(m, o);
            ir_emit(m, s);
            return;
        }
    }
    ir_emit(m, o);
}

/* As `andi; bnez`. */
static uint32_t some_bits(struct ir_maker *m, uint32_t type)
{
    uint64_t k = ir_rand(m->seed);
    struct xl_op s = {.op = XL_OP_const, .type = (uint8_t)type};
    uint32_t c;

    switch (ir_below(m->seed, 4)) {
    case 0: k = (uint64_t)1 << ir_below(m->seed, 64); break;
    case 1: k = (uint64_t)((int64_t)k >> (32 + ir_below(m->seed, 32))); break;
    default: k >>= ir_below(m->seed, 64); break;
    }
    s.imm = type == XL_I32 ? (int64_t)(uint32_t)k : (int64_t)k;
    c = ir_emit(m, s);
    return ir_emit(m, (struct xl_op){.op = XL_OP_and, .type = (uint8_t)type, .a = ir_value(m, type),
                                     .b = c});
}

static void branch(struct ir_maker *m)
{
    struct xl_op o = {.op = XL_OP_brc, .type = ir_below(m->seed, 2) ? XL_I64 : XL_I32};
    uint32_t k = (uint32_t)ir_below(m->seed, 4);

    if (k == 0) {
        o.a = some_bits(m, o.type);
        o.b = ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = o.type});
        o.flags = (uint8_t)ir_below(m->seed, 2);
    } else if (k == 1) { /* as `set; bnez` */
        struct xl_op s = {.op = XL_OP_set, .type = XL_I64, .flags = (uint8_t)ir_below(m->seed, 6)};

        s.a = ir_value(m, XL_I64);
        s.b = ir_value(m, XL_I64);
        o.a = ir_emit(m, s);
        o.b = ir_emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64});
        o.type = XL_I64;
        o.flags = (uint8_t)ir_below(m->seed, 2);
    } else {
        o.flags = (uint8_t)ir_below(m->seed, 6);
        o.a = ir_value(m, o.type);
        o.b = ir_value(m, o.type);
    }
    o.imm = ir_below(m->seed, 4) ? (int64_t)ir_below(m->seed, 2040) * 2
                              : (int64_t)ir_below(m->seed, 1u << 20);
    ir_emit(m, o);
}

/* Results that wait for others (nan.c): little but arithmetic, moves and what reads them. */
static void mostly_float(struct ir_maker *m)
{
    uint32_t k = (uint32_t)ir_below(m->seed, 32);

    if (k < 18)
        ir_floating(m);
    else if (k < 27)
        ir_put(m);
    else if (k < 29)
        ir_integer(m);
    else if (k < 30)
        ir_memory(m);
    else
        ir_insn(m);
}

static void one(struct ir_maker *m)
{
    uint32_t k = (uint32_t)ir_below(m->seed, 100);

    if (m->b->n_insns & 8) /* in stretches of eight instructions */
        mostly_float(m);
    else if (k < 3)
        idiom(m);
    else if (k < 30)
        ir_integer(m);
    else if (k < 42)
        ir_floating(m);
    else if (k < 55)
        ir_vector(m);
    else if (k < 68)
        ir_put(m);
    else if (k < 79)
        ir_memory(m);
    else if (k < 82)
        ir_fields(m);
    else if (k < 86)
        ir_atomic(m);
    else if (k < 88)
        helper(m);
    else if (k < 90)
        branch(m);
    else if (k < 91 && !m->put)
        ir_emit(m, (struct xl_op){.op = XL_OP_poll, .c = 0x100 + (m->b->n_insns - 1) * 4});
    else if (k < 92)
        ir_emit(m, (struct xl_op){.op = XL_OP_pc, .type = XL_I64,
                                  .imm = (int64_t)(ir_rand(m->seed) >> ir_below(m->seed, 64))});
    else if (k < 93)
        ir_emit(m, (struct xl_op){.op = XL_OP_fence, .flags = (uint8_t)ir_below(m->seed, 16)});
    else
        ir_insn(m);
}

void ir_random(uint64_t *seed, struct xl_block *b, uint32_t n)
{
    static struct ir_maker m;
    struct xl_op last = {.op = XL_OP_exit};

    m.seed = seed;
    m.b = b;
    memset(m.n, 0, sizeof(m.n));
    *b = (struct xl_block){.guest = &ir_guest, .pc = RAM_BASE + 0x100};
    if (ir_guest.fp_nan_rule == SF_NAN_ARM && ir_below(seed, 4) == 0)
        b->fp_mode = (uint32_t)ir_below(seed, 4);
    ir_insn(&m);
    while (b->n_ops < n && b->n_insns < XL_MAX_INSNS - 3 && b->n_ops < XL_MAX_OPS - 64)
        one(&m);
    if (ir_below(seed, 2)) {
        last.op = XL_OP_exiti;
        last.a = ir_value(&m, XL_I64);
        last.b = ir_emit(&m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = -2});
        last.a = ir_emit(&m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = last.a,
                                            .b = last.b}); /* as min_insn wants it */
        last.b = 0;
    } else {
        last.imm = ir_below(seed, 2) ? (int64_t)ir_below(seed, 2040) * 2
                                  : (int64_t)(ir_rand(seed) >> ir_below(seed, 64));
    }
    last.flags = (uint8_t)ir_below(seed, XL_K_STATE + 1);
    last.c = last.flags == XL_K_CALL ? 0x200 : 0;
    ir_emit(&m, last);
    b->bytes = b->n_insns * 4;
}
