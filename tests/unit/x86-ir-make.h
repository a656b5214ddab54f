/* SPDX-License-Identifier: MIT */
/* x86-ir-make.h - what the makers of random IR share. Each call moves the seed on, so their order
 * is part of what a seed means.
 */
#ifndef X86_IR_MAKE_H
#define X86_IR_MAKE_H

#include "x86-ir.h"

#include <ir/ir.h>

#define LEN(v) (uint32_t)(sizeof(v) / sizeof((v)[0]))

static inline uint64_t ir_below(uint64_t *seed, uint64_t n)
{
    return ir_rand(seed) % n;
}

uint64_t ir_any_int(uint64_t *s);
uint64_t ir_any_double(uint64_t *s);
uint32_t ir_any_float(uint64_t *s);

struct ir_maker {
    uint64_t *seed;
    struct xl_block *b;
    uint32_t by_type[XL_V128 + 1][XL_MAX_OPS], n[XL_V128 + 1];
    uint32_t put; /* since the last insn */
};

uint32_t ir_emit(struct ir_maker *m, struct xl_op o);
void ir_insn(struct ir_maker *m);
void ir_before_fault(struct ir_maker *m); /* a new insn, if this one has put */
uint32_t ir_slot(struct ir_maker *m, uint32_t type);
uint32_t ir_value(struct ir_maker *m, uint32_t type); /* new or an earlier one */
void ir_put(struct ir_maker *m);
void ir_integer(struct ir_maker *m);

/* An address: a slot that holds one, most often. */
uint32_t ir_address(struct ir_maker *m);
void ir_memory(struct ir_maker *m);
void ir_fields(struct ir_maker *m);
void ir_atomic(struct ir_maker *m);

void ir_floating(struct ir_maker *m);
void ir_vector(struct ir_maker *m);

#endif
