/* SPDX-License-Identifier: MIT */
/* print.c - a block of IR as text, for -d op and for failing tests. */
#include "build.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    char s[200];
    uint32_t at;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *fmt, ...);

static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->s + t->at, sizeof(t->s) - t->at, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->at += (uint32_t)n < sizeof(t->s) - t->at ? (uint32_t)n : sizeof(t->s) - 1 - t->at;
}

static const char *const types[] = {"", ".i32", ".i64", ".f32", ".f64", ".v128", ".v256"};
static const char *const conds[] = {"eq", "ne", "lt", "ge", "ltu", "geu"};
static const char *const rmws[] = {"xchg", "add", "and", "or", "xor", "min", "max", "minu",
                                   "maxu"};
static const char *const kinds[] = {"jump", "call", "ret", "state"};

static const char *pick(const char *const *v, uint32_t n, uint32_t i)
{
    return i < n ? v[i] : "?";
}
#define PICK(v, i) pick(v, sizeof(v) / sizeof((v)[0]), i)

static void memory(struct text *t, int64_t imm)
{
    uint32_t m = XL_MEM_OP(imm);

    add(t, " %s%u%s%s%s%s%s%s%+d", m & XL_M_SIGN ? "s" : "u", 8u << (m & 7u),
        m & XL_M_BIG ? ",big" : "", m & XL_M_ALIGN ? ",align" : "",
        m & XL_M_ATOMIC ? ",atomic" : "", m & XL_M_ACQ ? ",acq" : "",
        m & XL_M_REL ? ",rel" : "", m & XL_M_BESIDE ? ",beside" : "", XL_MEM_DISP(imm));
}

/* What the op has besides operands. */
static void rest(struct text *t, const struct xl_block *b, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_const: add(t, " 0x%" PRIx64, (uint64_t)o->imm); break;
    case XL_OP_get: case XL_OP_put: add(t, " %s", b->guest->slots[o->imm].name); break;
    case XL_OP_pc: add(t, " pcb%+" PRId64, o->imm); break;
    case XL_OP_insn:
        add(t, " 0x%" PRIx64 " (%u)", (b->pc & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)o->imm, o->c);
        break;
    case XL_OP_set: add(t, " %s", PICK(conds, o->flags)); break;
    case XL_OP_rmw: add(t, " %s", PICK(rmws, o->flags)); /* fall through */
    case XL_OP_ld: case XL_OP_st: case XL_OP_cas: case XL_OP_ll: case XL_OP_sc:
        memory(t, o->imm);
        break;
    case XL_OP_brc: add(t, " %s -> pcb%+" PRId64, PICK(conds, o->flags), o->imm); break;
    case XL_OP_poll: add(t, " n=%" PRId64 " at pcb+%u", o->imm, o->c); break;
    case XL_OP_exit: add(t, " %s -> pcb%+" PRId64, PICK(kinds, o->flags), o->imm); break;
    case XL_OP_exiti: add(t, " %s", PICK(kinds, o->flags)); break;
    default:
        if (xl_opinfo[o->op].flags & XL_L)
            add(t, " l%u", 8u << XL_LANE(o->flags));
        if (xl_opinfo[o->op].flags & XL_L ? o->flags & ~3u : o->flags)
            add(t, " flags=%u", o->flags);
        if (o->imm && o->op != XL_OP_call)
            add(t, " imm=%" PRId64, o->imm);
        break;
    }
}

void xl_print(const struct xl_block *b, void (*line)(void *user, const char *), void *user)
{
    struct text t = {.at = 0};

    add(&t, "block 0x%" PRIx64 " mode 0x%" PRIx64 ": %u instructions, %u bytes", b->pc, b->mode,
        b->n_insns, b->bytes);
    line(user, t.s);
    for (uint32_t i = 0; i < b->n_ops; i++) {
        const struct xl_op *o = &b->op[i];
        uint32_t v[3] = {o->a, o->b, o->c}, n = xl_operands(o->op);

        t.at = 0;
        if (xl_result(o))
            add(&t, "%4u = ", i);
        else
            add(&t, "       ");
        add(&t, "%s%s", xl_opinfo[o->op].name, o->type < 7 ? types[o->type] : "");
        if (o->op == XL_OP_call) {
            const struct xl_call *c = &b->call[o->imm];

            add(&t, " %s", b->guest->helpers[c->helper].name);
            for (uint32_t j = 0; j < c->n_args; j++)
                add(&t, " %%%u", c->arg[j]);
        }
        for (uint32_t j = 0; j < n; j++)
            add(&t, " %%%u", v[j]);
        rest(&t, b, o);
        line(user, t.s);
    }
}
