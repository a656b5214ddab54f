/* SPDX-License-Identifier: MIT */
/* verify.c - checks a block against the rules of ir.h; the numbers below are theirs. */
#include "build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    const struct xl_block *b;
    uint32_t at; /* op being checked */
    char *why;
    uint32_t n;
};

__attribute__((format(printf, 2, 3))) static int bad(struct check *c, const char *fmt, ...)
{
    int used = snprintf(c->why, c->n, "op %u (%s): ", c->at,
                        c->b->op[c->at].op < XL_OP_COUNT ? xl_opinfo[c->b->op[c->at].op].name
                                                         : "?");
    va_list ap;

    if (used >= 0 && (uint32_t)used < c->n) {
        va_start(ap, fmt);
        vsnprintf(c->why + used, c->n - (uint32_t)used, fmt, ap);
        va_end(ap);
    }
    return PB_EINVAL;
}

static int is_int(uint32_t t)
{
    return t == XL_I32 || t == XL_I64;
}

static int is_float(uint32_t t)
{
    return t == XL_F32 || t == XL_F64;
}

/* I1: defined before, of the type that the letter asks for. */
static int operand(struct check *c, const struct xl_op *o, char want, uint32_t v)
{
    uint32_t t;

    if (v >= c->at)
        return bad(c, "value %u is not defined before its use (I1)", v);
    t = xl_result(&c->b->op[v]);
    if (t == 0)
        return bad(c, "op %u has no result (I1)", v);
    if ((want == 'v' || want == 'f') && t != o->type)
        return bad(c, "value %u has type %u, wanted %u (I1)", v, t, o->type);
    if (want == 'i' && t != XL_I64)
        return bad(c, "value %u has type %u, wanted I64 (I1)", v, t);
    if (want == 'V' && t != XL_V128)
        return bad(c, "value %u has type %u, wanted V128 (I1)", v, t);
    if (want == 'w' && t != XL_I32)
        return bad(c, "value %u has type %u, wanted I32 (I1)", v, t);
    return 0;
}

static int call(struct check *c, const struct xl_op *o)
{
    const struct xl_helper *h;
    const struct xl_call *l;

    if (o->imm < 0 || o->imm >= c->b->n_calls)
        return bad(c, "no call record %lld", (long long)o->imm);
    l = &c->b->call[o->imm];
    if (l->helper >= c->b->guest->n_helpers)
        return bad(c, "no helper %u", l->helper);
    h = &c->b->guest->helpers[l->helper];
    if (l->n_args != h->n_args || l->n_args > 4 || o->type != h->type)
        return bad(c, "does not match helper %s", h->name);
    for (uint32_t i = 0; i < l->n_args; i++) {
        int r = operand(c, o, 'x', l->arg[i]);

        if (r)
            return r;
        if ((xl_result(&c->b->op[l->arg[i]]) == XL_V128) != (h->vec >> i & 1))
            return bad(c, "argument %u does not match helper %s", i, h->name);
    }
    return 0;
}

/* The size of a load or store of a value of type t. */
static int access_size(struct check *c, const struct xl_op *o, uint32_t t)
{
    uint32_t size = XL_M_SIZE_OF(XL_MEM_OP(o->imm));
    uint32_t beside = XL_MEM_OP(o->imm) & XL_M_BESIDE;
    int ok = t == XL_F32 ? size == 4 : t == XL_F64 ? size == 8 : t == XL_V128 ? size == 16
                                                                             : size <= 8;

    if (beside && (!is_int(t) || !c->b->guest->beside))
        return bad(c, "an access beside that is not an integer's, or of a guest without");
    return ok ? 0 : bad(c, "size does not fit the type");
}

/* The type that the op itself names. */
static int own_type(struct check *c, const struct xl_op *o)
{
    const char *a = xl_opinfo[o->op].args;

    switch (o->op) {
    case XL_OP_get: case XL_OP_put:
        if (o->imm < 0 || o->imm >= c->b->guest->n_slots)
            return bad(c, "no slot %lld", (long long)o->imm);
        if (o->type != c->b->guest->slots[o->imm].type)
            return bad(c, "type %u is not that of slot %s", o->type,
                       c->b->guest->slots[o->imm].name);
        return 0;
    case XL_OP_const:
        if ((o->type == XL_I32 || o->type == XL_F32) && (uint64_t)o->imm >> 32)
            return bad(c, "constant wider than its type");
        return (o->type >= XL_I32 && o->type <= XL_V128) ? 0 : bad(c, "type %u", o->type);
    case XL_OP_ld:
        if (o->type != XL_I64 && !is_float(o->type) && o->type != XL_V128)
            return bad(c, "type %u", o->type);
        return access_size(c, o, o->type);
    case XL_OP_trunc: return o->type == XL_I32 ? 0 : bad(c, "type %u", o->type);
    case XL_OP_box32: return o->type == XL_F64 ? 0 : bad(c, "type %u", o->type);
    case XL_OP_unbox32: return o->type == XL_F32 ? 0 : bad(c, "type %u", o->type);
    case XL_OP_f2f: case XL_OP_f2i: case XL_OP_i2f: case XL_OP_f2bits: case XL_OP_bits2f:
        return is_float(o->type) ? 0 : bad(c, "type %u", o->type);
    case XL_OP_call: return call(c, o);
    case XL_OP_sel: return is_int(o->type) || is_float(o->type) ? 0 : bad(c, "type %u", o->type);
    case XL_OP_v2f: return is_float(o->type) ? 0 : bad(c, "type %u", o->type);
    default: break;
    }
    if (o->op >= XL_OP_vmake) {
        const char *wrong = xl_vec_wrong(o);

        return wrong ? bad(c, "%s", wrong) : 0;
    }
    if (a[0] == 'f' && !is_float(o->type))
        return bad(c, "type %u is not floating", o->type);
    if (a[0] == 'v' && !is_int(o->type))
        return bad(c, "type %u is not an integer", o->type);
    return 0;
}

/* Operands of conversions and stores, which the letters leave open. */
static int open_types(struct check *c, const struct xl_op *o)
{
    uint32_t t = xl_operands(o->op) ? xl_result(&c->b->op[o->a]) : 0;

    switch (o->op) {
    case XL_OP_f2i: case XL_OP_f2bits:
        return t == o->type ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_f2f: return is_float(t) && t != o->type ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_box32: return t == XL_F32 ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_unbox32: return t == XL_F64 ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32:
    case XL_OP_zext8: case XL_OP_zext16: case XL_OP_zext32:
        return is_int(t) ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_f2v: return is_float(t) ? 0 : bad(c, "operand of type %u", t);
    case XL_OP_st:
        t = xl_result(&c->b->op[o->b]);
        if (t != o->type)
            return bad(c, "stores a value of type %u as %u", t, o->type);
        return access_size(c, o, t);
    default: return 0;
    }
}

static int one(struct check *c, const struct xl_op *o)
{
    const char *a;
    uint32_t v[3] = {o->a, o->b, o->c};
    int r;

    if (o->op >= XL_OP_COUNT)
        return bad(c, "unknown opcode %u", o->op);
    a = xl_opinfo[o->op].args;
    for (uint32_t i = 0; i < xl_operands(o->op); i++) {
        r = operand(c, o, a[i], v[i]);
        if (r)
            return r;
    }
    r = own_type(c, o);
    return r ? r : open_types(c, o);
}

static uint32_t helper_flags(const struct xl_block *b, const struct xl_op *o)
{
    return o->op == XL_OP_call ? b->guest->helpers[b->call[o->imm].helper].flags : 0;
}

int xl_verify(const struct xl_block *b, char *why, uint32_t n)
{
    struct check c = {.b = b, .why = why, .n = n};
    uint32_t put = 0, in_insn = 0;

    for (c.at = 0; c.at < b->n_ops; c.at++) {
        const struct xl_op *o = &b->op[c.at];
        int r = one(&c, o);

        if (r)
            return r;
        if (o->op == XL_OP_insn) {
            in_insn = 1;
            put = 0;
        } else if (!in_insn && (xl_opinfo[o->op].flags & (XL_E | XL_F)) && b->n_insns) {
            return bad(&c, "before the first insn (I2)");
        }
        if (xl_may_fault(b, o) && put && !(helper_flags(b, o) & XL_H_STATE))
            return bad(&c, "may fault after a put of its instruction (I2)");
        if (o->op == XL_OP_poll && put)
            return bad(&c, "polls after a put of its instruction (I2)");
        put |= o->op == XL_OP_put;
        if ((xl_opinfo[o->op].flags & XL_EXIT) && c.at + 1 != b->n_ops)
            return bad(&c, "an exit that is not last (I3)");
    }
    if (b->n_ops == 0 || !(xl_opinfo[b->op[b->n_ops - 1].op].flags & XL_EXIT)) {
        c.at = b->n_ops ? b->n_ops - 1 : 0;
        return bad(&c, "the last op is not an exit (I3)");
    }
    return 0;
}
