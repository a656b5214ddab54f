/* SPDX-License-Identifier: MIT */
/* interp.c - runs a unit's IR on the CPU struct: the oracle for every back end, the whole
 * engine on hosts that have none, and the debugger's single step.
 *
 * Values live in an array by their name; slots are in memory always, so state is precise at
 * every op. An I32 or F32 is kept with its upper half zero, a V128's upper half by itself.
 */
#include "../run/priv.h"
#include "vec.h"

struct frame {
    struct xl_vcpu *x;
    const struct xl_block *b;
    uint64_t *v;
    uint64_t *high; /* upper halves of V128s */
};

static uint64_t get_slot(const struct xl_vcpu *x, const struct xl_slot *s)
{
    const char *p = (const char *)x + s->offset;

    return s->type == XL_I32 || s->type == XL_F32 ? *(const uint32_t *)(const void *)p
                                                  : *(const uint64_t *)(const void *)p;
}

static void put_slot(struct xl_vcpu *x, const struct xl_slot *s, uint64_t v)
{
    char *p = (char *)x + s->offset;

    if (s->type == XL_I32 || s->type == XL_F32)
        *(uint32_t *)(void *)p = (uint32_t)v;
    else
        *(uint64_t *)(void *)p = v;
}

/* ---- Vectors ---------------------------------------------------------------------------- */

static struct xl_v128 whole(const struct frame *f, uint32_t v)
{
    return (struct xl_v128){{f->v[v], f->high[v]}};
}

static void keep(const struct frame *f, uint32_t v, const struct xl_v128 *r)
{
    f->v[v] = r->d[0];
    f->high[v] = r->d[1];
}

static void vector(const struct frame *f, const struct xl_op *o)
{
    uint32_t n = xl_operands(o->op);
    struct xl_vin in = {.a = whole(f, o->a)};
    struct xl_v128 r;

    if (n > 1)
        in.b = whole(f, o->b);
    if (n > 2)
        in.c = whole(f, o->c);
    xl_vec(f->x, o, f->b->fp_mode, &in, &r);
    keep(f, (uint32_t)(o - f->b->op), &r);
}

/* get, put, const, ld and st of type V128. */
static void whole_op(const struct frame *f, const struct xl_op *o)
{
    uint32_t at = (uint32_t)(o - f->b->op), m = XL_MEM_OP(o->imm);
    uint64_t va = o->op == XL_OP_ld || o->op == XL_OP_st
                      ? f->v[o->a] + (uint64_t)(int64_t)XL_MEM_DISP(o->imm) : 0;

    switch (o->op) {
    case XL_OP_const: f->v[at] = f->high[at] = (uint64_t)o->imm; break;
    case XL_OP_get:
        keep(f, at, (const void *)((const char *)f->x + f->b->guest->slots[o->imm].offset));
        break;
    case XL_OP_put:
        *(struct xl_v128 *)(void *)((char *)f->x + f->b->guest->slots[o->imm].offset) =
            whole(f, o->a);
        break;
    case XL_OP_ld:
        xl_slow_ld128(f->x, va, m);
        keep(f, at, &f->x->cell[0]);
        break;
    default:
        f->x->cell[3] = whole(f, o->b);
        xl_slow_st128(f->x, va, m);
        break;
    }
}

/* ---- Memory ----------------------------------------------------------------------------- */

/* Plain accesses in a page of the TLB; everything else is a slow path's. */
#define PLAIN(m) (!((m) & (XL_M_BIG | XL_M_SEQ | XL_M_BESIDE)))

static void *lookup(struct xl_vcpu *x, const uint64_t *tags, uint64_t va, uint32_t size)
{
    const struct xl_ctx *c = x->ctx;
    uint64_t i = (va >> XL_PAGE_BITS) & (c->tlb_mask >> 3);

    if (va < x->top && !(va & (size - 1)) && !xl_r(x)->n_wp)
        return (void *)(uintptr_t)va;
    if (tags[i] != (va & ~(uint64_t)(XL_PAGE_MASK & ~(size - 1))))
        return NULL;
    return (void *)(uintptr_t)(c->add[i] + va);
}

static uint64_t load(struct xl_vcpu *x, uint64_t va, uint32_t m)
{
    const void *p = PLAIN(m) ? lookup(x, x->ctx->tag_r, va, XL_M_SIZE_OF(m)) : NULL;

    return p ? xl_extend(xl_ram_ld(p, XL_M_SIZE_OF(m)), m) : xl_slow_ld(x, va, m);
}

static void store(struct xl_vcpu *x, uint64_t va, uint64_t v, uint32_t m)
{
    void *p = PLAIN(m) ? lookup(x, x->ctx->tag_w, va, XL_M_SIZE_OF(m)) : NULL;

    if (p)
        xl_ram_st(p, XL_M_SIZE_OF(m), v);
    else
        xl_slow_st(x, va, v, m);
}

static uint64_t memory_op(const struct frame *f, const struct xl_op *o)
{
    uint32_t m = XL_MEM_OP(o->imm);
    uint64_t va = f->v[o->a] + (uint64_t)(int64_t)XL_MEM_DISP(o->imm);

    switch (o->op) {
    case XL_OP_ld: return load(f->x, va, m);
    case XL_OP_st: store(f->x, va, f->v[o->b], m); return 0;
    case XL_OP_rmw: return xl_slow_rmw(f->x, va, f->v[o->b], m, o->flags);
    case XL_OP_cas: return xl_slow_cas(f->x, va, f->v[o->b], f->v[o->c], m);
    case XL_OP_ll: return xl_slow_ll(f->x, va, m);
    default: return xl_slow_sc(f->x, va, f->v[o->b], m);
    }
}

/* ---- The rest ---------------------------------------------- */

static int holds(const struct xl_op *o, uint64_t a, uint64_t b)
{
    struct xl_op set = *o;
    uint64_t r = 0;

    set.op = XL_OP_set;
    xl_eval(&set, a, b, 0, &r);
    return r != 0;
}

/* Conditions are hot: the 64-bit ones by themselves. */
static int taken(const struct xl_op *o, uint64_t a, uint64_t b)
{
    if (o->type != XL_I64)
        return holds(o, a, b);
    switch (o->flags) {
    case XL_C_EQ: return a == b;
    case XL_C_NE: return a != b;
    case XL_C_LT: return (int64_t)a < (int64_t)b;
    case XL_C_GE: return (int64_t)a >= (int64_t)b;
    case XL_C_LTU: return a < b;
    default: return a >= b;
    }
}

static void call(const struct frame *f, const struct xl_op *o)
{
    const struct xl_call *c = &f->b->call[o->imm];
    const struct xl_helper *h = &f->b->guest->helpers[c->helper];
    uint64_t a[4] = {0};

    for (uint32_t i = 0; i < c->n_args; i++) {
        a[i] = f->v[c->arg[i]];
        if (!(h->vec >> i & 1))
            continue;
        f->x->cell[i + 1] = whole(f, c->arg[i]);
        a[i] = (uintptr_t)&f->x->cell[i + 1];
    }
    a[0] = h->fn(f->x, a[0], a[1], a[2], a[3]);
    if (h->type == XL_V128)
        keep(f, (uint32_t)(o - f->b->op), &f->x->cell[0]);
    else
        f->v[o - f->b->op] = a[0];
}

static uint64_t floating(const struct frame *f, const struct xl_op *o)
{
    uint32_t n = xl_operands(o->op);

    return xl_soft_fp(f->x, f->v[o->a], n > 1 ? f->v[o->b] : 0, n > 2 ? f->v[o->c] : 0, o->op,
                      XL_FP_HOW(o, f->b->fp_mode));
}

/* Everything that only makes a value; the most frequent first. */
static uint64_t value(const struct frame *f, const struct xl_op *o)
{
    const uint64_t *v = f->v;
    uint64_t r = 0;
    uint32_t n;

    if (o->type == XL_I64) {
        switch (o->op) {
        case XL_OP_add: return v[o->a] + v[o->b];
        case XL_OP_sub: return v[o->a] - v[o->b];
        case XL_OP_and: return v[o->a] & v[o->b];
        case XL_OP_or: return v[o->a] | v[o->b];
        case XL_OP_xor: return v[o->a] ^ v[o->b];
        case XL_OP_shl: return v[o->a] << (v[o->b] & 63);
        case XL_OP_shr: return v[o->a] >> (v[o->b] & 63);
        case XL_OP_sext32: return (uint64_t)(int32_t)v[o->a];
        case XL_OP_zext32: return (uint32_t)v[o->a];
        case XL_OP_set: return (uint64_t)taken(o, v[o->a], v[o->b]);
        default: break;
        }
    }
    if ((o->op >= XL_OP_fadd && o->op <= XL_OP_unbox32) ||
        (o->op >= XL_OP_fminnm && o->op <= XL_OP_fcmp))
        return floating(f, o);
    n = xl_operands(o->op);
    xl_eval(o, v[o->a], n > 1 ? v[o->b] : 0, n > 2 ? v[o->c] : 0, &r);
    return r;
}

static void fence(struct xl_vcpu *x, uint32_t kinds)
{
    (void)kinds; /* one kind serves all */
    xl_barrier(x);
}

static int must_poll(const struct xl_vcpu *x)
{
    return __atomic_load_n(&x->poll, __ATOMIC_RELAXED) != 0;
}

int xl_interp(struct xl_vcpu *x, const struct xl_unit *u)
{
    uint64_t v[XL_MAX_OPS], high[XL_MAX_OPS];
    struct frame f = {x, u->ir, v, high};
    const struct xl_block *b = u->ir;
    struct xl_run *r = xl_r(x);
    const struct xl_op *o = b->op;

    for (;; o++) {
        if (o->op >= XL_OP_vmake) {
            vector(&f, o);
            continue;
        }
        if (o->type == XL_V128 && o->op != XL_OP_call) {
            whole_op(&f, o);
            continue;
        }
        switch (o->op) {
        case XL_OP_nop: break;
        case XL_OP_const: v[o - b->op] = (uint64_t)o->imm; break;
        case XL_OP_get: v[o - b->op] = get_slot(x, &b->guest->slots[o->imm]); break;
        case XL_OP_put: put_slot(x, &b->guest->slots[o->imm], v[o->a]); break;
        case XL_OP_pc: v[o - b->op] = x->pcb + (uint64_t)o->imm; break;
        case XL_OP_insn:
            r->delta = o->imm;
            x->insns++;
            break;
        case XL_OP_ld: case XL_OP_st: case XL_OP_rmw: case XL_OP_cas: case XL_OP_ll:
        case XL_OP_sc:
            v[o - b->op] = memory_op(&f, o);
            break;
        case XL_OP_fflags: v[o - b->op] = xl_fp_flags(x); break;
        case XL_OP_setfflags: xl_fp_set_flags(x, (uint32_t)v[o->a]); break;
        case XL_OP_fence: fence(x, o->flags); break;
        case XL_OP_call: call(&f, o); break;
        case XL_OP_poll:
            if (must_poll(x)) {
                x->pc = x->pcb + o->c;
                x->insns--; /* the instruction is done again */
                return XL_LEFT_POLL;
            }
            break;
        case XL_OP_brc:
            if (!taken(o, v[o->a], v[o->b]))
                break;
            x->pc = x->pcb + (uint64_t)o->imm;
            return XL_LEFT_LOOKUP;
        case XL_OP_exit:
            x->pc = x->pcb + (uint64_t)o->imm;
            return o->flags == XL_K_STATE ? XL_LEFT_STATE : XL_LEFT_LOOKUP;
        case XL_OP_exiti:
            x->pc = v[o->a];
            return o->flags == XL_K_STATE ? XL_LEFT_STATE : XL_LEFT_LOOKUP;
        default: v[o - b->op] = value(&f, o); break;
        }
    }
}
