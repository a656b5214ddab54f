/* SPDX-License-Identifier: MIT */
/* op.h - the op table of ir.h as data, and what is derived from it. */
#ifndef XL_OP_H
#define XL_OP_H

#include "ir.h"

struct xl_opinfo {
    const char *name;
    const char *args; /* three letters, see ir.h */
    char res;         /* 't' the op's type, 'i' I64, '0' none */
    uint8_t flags;    /* XL_F XL_E XL_EXIT XL_L */
};

extern const struct xl_opinfo xl_opinfo[XL_OP_COUNT];

/* Type of an op's result; 0 for none. */
static inline uint32_t xl_result(const struct xl_op *o)
{
    char r = xl_opinfo[o->op].res;

    return r == 't' ? o->type : r == 'i' ? XL_I64 : 0;
}

/* How many of a, b, c are values; they always come first. Calls: see xl_call. */
static inline uint32_t xl_operands(uint32_t op)
{
    const char *s = xl_opinfo[op].args;

    return s[0] == '-' ? 0 : s[1] == '-' ? 1 : s[2] == '-' ? 2 : 3;
}

/* vec.c: what is wrong with a vector op's type, lane or imm; NULL: nothing. */
const char *xl_vec_wrong(const struct xl_op *o);

/* May it raise a guest exception? (calls: by their helper) */
static inline int xl_may_fault(const struct xl_block *b, const struct xl_op *o)
{
    if (o->op == XL_OP_call)
        return (b->guest->helpers[b->call[o->imm].helper].flags & XL_H_FAULT) != 0;
    return (xl_opinfo[o->op].flags & XL_F) != 0;
}

#endif
