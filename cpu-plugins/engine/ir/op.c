/* SPDX-License-Identifier: MIT */
/* op.c - the op table of ir.h as data. */
#include "op.h"

const struct xl_opinfo xl_opinfo[XL_OP_COUNT] = {
#define X(name, args, res, flags) [XL_OP_##name] = {#name, args, res, flags},
    XL_OPS(X)
#undef X
};
