/* SPDX-License-Identifier: MIT */
/* x86-ir-memory.c - random accesses. */
#include "x86-ir-make.h"

/* An address: a slot that holds one, most often. */
uint32_t ir_address(struct ir_maker *m)
{
    uint32_t slot = (uint32_t)ir_below(m->seed, N_INT / 3) * 3 + 1 + (uint32_t)ir_below(m->seed, 2);

    if (ir_below(m->seed, 8) == 0)
        return ir_value(m, XL_I64);
    return ir_emit(m, (struct xl_op){.op = XL_OP_get, .type = XL_I64, .imm = slot});
}

static int32_t displacement(struct ir_maker *m)
{
    static const int32_t big[] = {INT32_MAX, INT32_MIN, INT32_MAX - 3, 4096, -4096};

    switch (ir_below(m->seed, 12)) {
    case 0: return big[ir_below(m->seed, LEN(big))];
    case 1: case 2: return (int32_t)ir_below(m->seed, 4096) - 2048;
    case 3: case 4: case 5: return (int32_t)ir_below(m->seed, 16) * 8;
    default: return 0;
    }
}

static uint32_t order(struct ir_maker *m)
{
    static const uint32_t kinds[] = {0, 0, XL_M_ACQ, XL_M_REL, XL_M_SEQ, XL_M_ALIGN, XL_M_BIG};

    return kinds[ir_below(m->seed, LEN(kinds))];
}

/* Of an integer's access. */
static uint32_t beside_or_not(struct ir_maker *m)
{
    return ir_below(m->seed, 4) ? 0 : XL_M_BESIDE;
}

void ir_memory(struct ir_maker *m)
{
    struct xl_op o = {.op = ir_below(m->seed, 2) ? XL_OP_ld : XL_OP_st, .type = XL_I64};
    uint32_t size = (uint32_t)ir_below(m->seed, 4), k = (uint32_t)ir_below(m->seed, 4);

    ir_before_fault(m);
    if (k == 0) {
        o.type = (uint8_t)(XL_F32 + ir_below(m->seed, 3));
        size = o.type - XL_F32 + 2u;
    } else if (k == 1 && o.op == XL_OP_st) {
        o.type = XL_I32;
        size = (uint32_t)ir_below(m->seed, 3);
    }
    o.imm = XL_MEM(size | order(m) | (k > 1 && ir_below(m->seed, 2) ? XL_M_SIGN : 0) |
                       (k > 0 ? beside_or_not(m) : 0), displacement(m));
    o.a = ir_address(m);
    if (o.op == XL_OP_st)
        o.b = ir_value(m, o.type);
    ir_emit(m, o);
}

/* Fields of one structure: one base, most often one page. */
void ir_fields(struct ir_maker *m)
{
    uint32_t base = ir_address(m), n = 2 + (uint32_t)ir_below(m->seed, 6);
    int32_t at = (int32_t)ir_below(m->seed, 4) ? 0 : displacement(m);

    for (uint32_t i = 0; i < n; i++) {
        struct xl_op o = {.op = ir_below(m->seed, 2) ? XL_OP_ld : XL_OP_st, .type = XL_I64,
                          .a = base};
        uint32_t size = (uint32_t)ir_below(m->seed, 4);

        if (ir_below(m->seed, 4) == 0) {
            o.type = ir_below(m->seed, 2) ? XL_F64 : XL_V128;
            size = o.type - XL_F32 + 2u;
        } else {
            size |= beside_or_not(m);
        }
        o.imm = XL_MEM(size, (int32_t)((uint32_t)at + (uint32_t)ir_below(m->seed, 32) * 8));
        if (o.op == XL_OP_st)
            o.b = ir_value(m, o.type);
        ir_before_fault(m);
        ir_emit(m, o);
        if (ir_below(m->seed, 3) == 0)
            ir_put(m);
        else if (ir_below(m->seed, 4) == 0)
            ir_integer(m);
    }
}

void ir_atomic(struct ir_maker *m)
{
    static const uint16_t ops[] = {XL_OP_rmw, XL_OP_rmw, XL_OP_rmw, XL_OP_cas, XL_OP_ll,
                                   XL_OP_sc};
    struct xl_op o = {.op = ops[ir_below(m->seed, LEN(ops))], .type = XL_I64};
    uint32_t size = ir_below(m->seed, 8) ? 2 + (uint32_t)ir_below(m->seed, 2)
                                      : (uint32_t)ir_below(m->seed, 2);

    ir_before_fault(m);
    o.imm = XL_MEM(size | XL_M_ATOMIC | (ir_below(m->seed, 2) ? XL_M_SIGN : 0),
                   ir_below(m->seed, 4) ? 0 : displacement(m));
    o.a = ir_address(m);
    if (o.op != XL_OP_ll)
        o.b = ir_value(m, XL_I64);
    if (o.op == XL_OP_cas)
        o.c = ir_value(m, XL_I64);
    if (o.op == XL_OP_rmw)
        o.flags = (uint8_t)ir_below(m->seed, XL_RMW_MAXU + 1);
    ir_emit(m, o);
}
