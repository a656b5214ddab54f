/* SPDX-License-Identifier: MIT */
/* lift.h - what the lift-* files share. */
#ifndef RV_LIFT_H
#define RV_LIFT_H

#include "ir/ir.h"
#include "rv.h"

struct lift {
    struct xl_builder *b;
    struct rv_insn i;
    uint64_t pc, next; /* of the instruction, and of the one behind it */
    uint64_t mode, isa;
    int done;          /* an exit was built */
};

/* Each lifts l->i if it is one of its own: 1, else 0. */
int lift_int(struct lift *l);
int lift_jump(struct lift *l);
int lift_mem(struct lift *l);
int lift_fp(struct lift *l);
int lift_system(struct lift *l);
void lift_illegal(struct lift *l);

static inline xl_val lift_const(struct lift *l, uint64_t v)
{
    return xl_const(l->b, XL_I64, v);
}

static inline xl_val lift_get(struct lift *l, uint32_t x)
{
    return x ? xl_get(l->b, x) : lift_const(l, 0);
}

static inline void lift_put(struct lift *l, uint32_t x, xl_val v)
{
    if (x)
        xl_put(l->b, x, v);
}

static inline xl_val lift_imm(struct lift *l)
{
    return lift_const(l, (uint64_t)(int64_t)l->i.imm);
}

#endif
