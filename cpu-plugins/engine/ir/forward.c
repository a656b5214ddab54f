/* SPDX-License-Identifier: MIT */
/* forward.c - a load from the stack of what the same block has just stored there, in one piece or
 * as two halves, is that value. Compilers build vectors and structures in memory by halves and
 * load them whole, for which host processors wait until the stores are done.
 *
 * In user mode only: there the stack is memory, and a store that succeeded means that a load would.
 * Memory models let a load have its own store's value early; what that must not overtake ends the
 * search: atomics, fences, helpers, and accesses that may be to the same bytes, which are all that
 * go by another base.
 */
#include "build.h"

#define FAR 64 /* ops to look back */

struct piece {
    int32_t at; /* displacement */
    uint32_t size;
    xl_val v;   /* XL_NONE: not found yet */
};

static int on_stack(const struct xl_builder *b, xl_val a)
{
    const struct xl_op *o = &b->b->op[a];

    if (o->op == XL_OP_add && xl_is_const(b, o->b))
        o = &b->b->op[o->a];
    return b->b->guest->stack && o->op == XL_OP_get && o->imm == b->b->guest->stack - 1;
}

static int overlaps(const struct piece *p, int64_t at, uint32_t size)
{
    return at < (int64_t)p->at + p->size && p->at < at + size;
}

/* What the access `o` means for the search for p[n]: 0 ends it. */
static int look_at(const struct xl_op *o, xl_val base, struct piece *p, int n)
{
    uint32_t memop = XL_MEM_OP(o->imm), size = XL_M_SIZE_OF(memop);
    int32_t at = XL_MEM_DISP(o->imm);

    if (o->a != base || memop & ~(7u | XL_M_SIGN))
        return 0;
    for (int i = 0; i < n; i++) {
        if (p[i].v != XL_NONE || !overlaps(&p[i], at, size))
            continue;
        if (o->op != XL_OP_st || at != p[i].at || size != p[i].size)
            return 0;
        p[i].v = o->b;
    }
    return 1;
}

/* All pieces, by the latest stores before here. */
static int find(const struct xl_builder *b, xl_val base, struct piece *p, int n)
{
    uint32_t end = b->b->n_ops, stop = end > FAR ? end - FAR : 0;

    for (uint32_t i = end; i-- > stop;) {
        const struct xl_op *o = &b->b->op[i];
        int missing = 0;

        if (o->op == XL_OP_ld || o->op == XL_OP_st) {
            if (!look_at(o, base, p, n))
                return 0;
        } else if (o->op == XL_OP_call || o->op == XL_OP_fence || xl_opinfo[o->op].flags & XL_F) {
            return 0;
        }
        for (int k = 0; k < n; k++)
            missing += p[k].v == XL_NONE;
        if (!missing)
            return 1;
    }
    return 0;
}

/* The low `size` bytes of a stored value, extended as the memop says. */
static xl_val as_bits(struct xl_builder *b, xl_val v, uint32_t memop)
{
    uint32_t type = xl_result(&b->b->op[v]), size = memop & 7u;

    if (type == XL_F32 || type == XL_F64)
        v = xl_op1(b, XL_OP_f2bits, type, v);
    else if (type != XL_I64 && type != XL_I32)
        return XL_NONE;
    if (size == 3)
        return type == XL_F32 || type == XL_I32 ? XL_NONE : v;
    return xl_op1(b, (memop & XL_M_SIGN ? XL_OP_sext8 : XL_OP_zext8) + size, XL_I64, v);
}

static xl_val as_type(struct xl_builder *b, uint32_t type, xl_val bits)
{
    if (bits == XL_NONE || type == XL_I64)
        return bits;
    return xl_op1(b, XL_OP_bits2f, type, bits);
}

xl_val xl_forward(struct xl_builder *b, uint32_t type, xl_val addr, int32_t disp, uint32_t memop)
{
    uint32_t size = XL_M_SIZE_OF(memop);
    struct piece whole = {disp, size, XL_NONE};
    struct piece half[2] = {{disp, 4, XL_NONE}, {disp + 4, 4, XL_NONE}};
    xl_val lo, hi;

    if (!b->direct || b->overflow || memop & ~(7u | XL_M_SIGN) || disp > INT32_MAX - 16 ||
        !on_stack(b, addr))
        return XL_NONE;
    if (find(b, addr, &whole, 1)) {
        if (type == xl_result(&b->b->op[whole.v]) && type != XL_I64 && type != XL_I32)
            return whole.v;
        return type == XL_V128 ? XL_NONE : as_type(b, type, as_bits(b, whole.v, memop));
    }
    if (size != 8 || !find(b, addr, half, 2))
        return XL_NONE;
    lo = as_bits(b, half[0].v, XL_M_SIZE(2));
    hi = as_bits(b, half[1].v, XL_M_SIZE(2));
    if (lo == XL_NONE || hi == XL_NONE)
        return XL_NONE;
    hi = xl_op2(b, XL_OP_shl, XL_I64, hi, xl_const(b, XL_I64, 32));
    return as_type(b, type, xl_op2(b, XL_OP_or, XL_I64, lo, hi));
}
