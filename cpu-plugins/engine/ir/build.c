/* SPDX-License-Identifier: MIT */
/* build.c - the builder: what a front end calls to make one block of IR.
 *
 * Values of slots are forwarded inside the block: a get after a put or another get is that
 * value. Helpers with XL_H_STATE forget them. Polls go in front of backward direct exits,
 * right behind their instruction's `insn`: nothing of the instruction has happened there,
 * so leaving and doing it again is exact.
 */
#include "build.h"

#include <assert.h>
#include <string.h>

void xl_b_init(struct xl_builder *b, const struct xl_guest *g, uint64_t pc, uint64_t mode,
               struct xl_block *into)
{
    into->guest = g;
    into->pc = pc;
    into->mode = mode;
    into->n_ops = into->n_calls = into->n_insns = 0;
    into->bytes = into->crosses = into->fp_mode = 0;
    b->x = NULL;
    b->direct = 0;
    b->b = into;
    memset(&b->f, 0, sizeof(b->f));
    b->page = pc & ~(uint64_t)XL_PAGE_MASK;
    b->max_insns = XL_MAX_INSNS;
    b->insn = XL_NONE;
    b->insn_len = b->polled = b->overflow = b->n_consts = 0;
    b->stop = NULL;
    assert(g->n_slots <= XL_MAX_SLOTS);
    memset(b->slot, 0xff, g->n_slots * sizeof(b->slot[0]));
}

/* ---- Fetching ---------------------------------------------------------------------- */

/* Read n bytes that lie in one page, each in as large a piece as its alignment allows: the
 * guest may be storing there, and an aligned instruction is seen whole. */
static uint64_t read_code(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;
    uint32_t at = 0;

    while (at < n) {
        const uint8_t *q = p + at;
        uint32_t left = n - at, got;
        uint64_t piece;

        if (left >= 4 && !((uintptr_t)q & 3)) {
            piece = __atomic_load_n((const uint32_t *)(const void *)q, __ATOMIC_RELAXED);
            got = 4;
        } else if (left >= 2 && !((uintptr_t)q & 1)) {
            piece = __atomic_load_n((const uint16_t *)(const void *)q, __ATOMIC_RELAXED);
            got = 2;
        } else {
            piece = __atomic_load_n(q, __ATOMIC_RELAXED);
            got = 1;
        }
        v |= piece << (8 * at);
        at += got;
    }
    return v;
}

/* Is `pc` in the block's first instruction? */
static int in_first(const struct xl_builder *b, uint64_t pc)
{
    return b->b->n_insns == 0 || (b->b->n_insns == 1 && pc - b->b->pc < b->insn_len);
}

uint64_t xl_b_fetch(struct xl_builder *b, uint64_t pc, uint32_t n, int *ok)
{
    uint64_t end = pc + n - b->page, off = pc - b->page, v = 0;
    uint32_t head = 0;

    assert(n >= 1 && n <= 8);
    *ok = 1;
    if (off < XL_PAGE_SIZE) {
        head = end <= XL_PAGE_SIZE ? n : (uint32_t)(XL_PAGE_SIZE - off);
        if (off + head > b->f.limit) {
            *ok = 0;
            return 0;
        }
    }
    if (head < n) {
        if (!in_first(b, pc) || (!b->f.page2 && !b->f.second)) {
            *ok = 0;
            return 0;
        }
        if (!b->f.page2)
            b->f.page2 = b->f.second(b->x, b->page + XL_PAGE_SIZE);
        off = pc + head - b->page - XL_PAGE_SIZE;
        if (off + (n - head) > b->f.limit2) {
            *ok = 0;
            return 0;
        }
        v = read_code(b->f.page2 + off, n - head) << (8 * head);
    }
    if (head)
        v |= read_code(b->f.page + (pc - b->page), head);
    for (uint32_t i = 0; b->f.seen && i < n && pc + i - b->b->pc < b->f.seen_max; i++)
        b->f.seen[pc + i - b->b->pc] = (uint8_t)(v >> (8 * i));
    return v;
}

int xl_b_full(struct xl_builder *b, uint64_t pc)
{
    const struct xl_block *k = b->b;

    if (k->n_insns == 0)
        return 0;
    return k->n_insns >= b->max_insns || k->n_ops + XL_OPS_PER_INSN > XL_MAX_OPS ||
           k->n_calls + 8 > XL_MAX_CALLS || k->crosses || pc - b->page >= XL_PAGE_SIZE ||
           (b->stop && b->stop(b->x, pc));
}

void xl_b_insn(struct xl_builder *b, uint64_t pc, uint32_t len)
{
    struct xl_op o = {.op = XL_OP_insn, .c = len, .imm = (int64_t)(pc - b->page)};

    if (b->overflow)
        return;
    b->insn = xl_b_emit(b, &o);
    b->insn_len = len;
    b->b->n_insns++;
    b->b->bytes = (uint32_t)(pc + len - b->b->pc);
    if (pc + len - b->page > XL_PAGE_SIZE)
        b->b->crosses = 1;
}

void xl_b_fp_mode(struct xl_builder *b, uint32_t fp_mode)
{
    assert(b->b->n_ops == 0);
    b->b->fp_mode = fp_mode;
}

/* ---- Values ------------------------------------------------------------------------ */

xl_val xl_b_emit(struct xl_builder *b, const struct xl_op *o)
{
    struct xl_block *k = b->b;
    uint32_t at = k->n_ops;

    if (at >= XL_MAX_OPS - 4) { /* two polls and an exit still fit behind */
        b->overflow = 1;
        return at - 1;
    }
    k->op[at] = *o;
    k->n_ops = at + 1;
    b->in_slot[at] = 0;
    xl_known(b, at);
    return at;
}

xl_val xl_const(struct xl_builder *b, uint32_t type, uint64_t v)
{
    struct xl_op o = {.op = XL_OP_const, .type = (uint8_t)type};
    uint32_t n = b->n_consts < 32 ? b->n_consts : 32;
    xl_val r;

    if (type == XL_I32 || type == XL_F32)
        v = (uint32_t)v;
    o.imm = (int64_t)v;
    for (uint32_t i = 0; i < n; i++) {
        const struct xl_op *c = &b->b->op[b->consts[i]];

        if (c->imm == o.imm && c->type == type)
            return b->consts[i];
    }
    r = xl_b_emit(b, &o);
    if (!b->overflow)
        b->consts[b->n_consts++ % 32] = r;
    return r;
}

xl_val xl_get(struct xl_builder *b, uint32_t slot)
{
    struct xl_op o = {.op = XL_OP_get, .type = b->b->guest->slots[slot].type, .imm = slot};

    assert(slot < b->b->guest->n_slots);
    if (b->slot[slot] == XL_NONE)
        b->slot[slot] = xl_b_emit(b, &o);
    return b->slot[slot];
}

void xl_put(struct xl_builder *b, uint32_t slot, xl_val v)
{
    struct xl_op o = {.op = XL_OP_put, .type = b->b->guest->slots[slot].type, .a = v,
                      .imm = slot};

    assert(slot < b->b->guest->n_slots);
    if (b->slot[slot] == v)
        return; /* it has that value already */
    xl_b_emit(b, &o);
    b->slot[slot] = v;
    b->in_slot[v] = 1;
}

xl_val xl_pc(struct xl_builder *b, uint64_t pc)
{
    struct xl_op o = {.op = XL_OP_pc, .type = XL_I64, .imm = (int64_t)(pc - b->page)};

    return xl_b_emit(b, &o);
}

static xl_val pure(struct xl_builder *b, struct xl_op *o)
{
    xl_val v = b->overflow ? XL_NONE : xl_fold(b, o);

    return v != XL_NONE ? v : xl_b_emit(b, o);
}

xl_val xl_op1(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type, .a = a};

    return pure(b, &o);
}

xl_val xl_op2(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, xl_val c)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type, .a = a, .b = c};

    return pure(b, &o);
}

xl_val xl_set(struct xl_builder *b, uint32_t cond, uint32_t type, xl_val a, xl_val c)
{
    struct xl_op o = {.op = XL_OP_set, .type = (uint8_t)type, .flags = (uint8_t)cond,
                      .a = a, .b = c};

    return pure(b, &o);
}

xl_val xl_sel(struct xl_builder *b, uint32_t type, xl_val cond, xl_val yes, xl_val no)
{
    struct xl_op o = {.op = XL_OP_sel, .type = (uint8_t)type, .a = cond, .b = yes, .c = no};

    return pure(b, &o);
}

/* ---- Memory ------------------------------------------------------------------------ */

/* Move a constant that is added to the address into the displacement. Not where the sum is a
 * slot's and accesses need no lookup that they could share: it is in its register anyway, and
 * the value before the addition would have to be kept for it. */
static xl_val address(struct xl_builder *b, xl_val addr, int32_t *disp)
{
    const struct xl_op *o = &b->b->op[addr];
    int64_t d;

    if (b->overflow || o->op != XL_OP_add || !xl_is_const(b, o->b) ||
        (b->direct && b->in_slot[addr]))
        return addr;
    d = b->b->op[o->b].imm;
    if (d != (int32_t)d || d + *disp != (int32_t)(d + *disp))
        return addr;
    *disp = (int32_t)(d + *disp);
    return o->a;
}

xl_val xl_load(struct xl_builder *b, uint32_t type, xl_val addr, int32_t disp, uint32_t memop)
{
    xl_val a = address(b, addr, &disp), known = xl_forward(b, type, a, disp, memop);
    struct xl_op o = {.op = XL_OP_ld, .type = (uint8_t)type, .a = a, .imm = XL_MEM(memop, disp)};

    return known != XL_NONE ? known : xl_b_emit(b, &o);
}

void xl_store(struct xl_builder *b, xl_val addr, int32_t disp, xl_val v, uint32_t memop)
{
    xl_val a = address(b, addr, &disp);
    struct xl_op o = {.op = XL_OP_st, .type = (uint8_t)xl_result(&b->b->op[v]), .a = a, .b = v,
                      .imm = XL_MEM(memop, disp)};

    xl_b_emit(b, &o);
}

static xl_val atomic(struct xl_builder *b, uint32_t op, uint32_t flags, xl_val a, xl_val c,
                     xl_val d, uint32_t memop)
{
    struct xl_op o = {.op = (uint16_t)op, .type = XL_I64, .flags = (uint8_t)flags, .a = a,
                      .b = c, .c = d, .imm = XL_MEM(memop, 0)};

    return xl_b_emit(b, &o);
}

xl_val xl_rmw(struct xl_builder *b, uint32_t kind, xl_val addr, xl_val v, uint32_t memop)
{
    return atomic(b, XL_OP_rmw, kind, addr, v, 0, memop);
}

xl_val xl_cas(struct xl_builder *b, xl_val addr, xl_val expect, xl_val v, uint32_t memop)
{
    return atomic(b, XL_OP_cas, 0, addr, expect, v, memop);
}

xl_val xl_ll(struct xl_builder *b, xl_val addr, uint32_t memop)
{
    return atomic(b, XL_OP_ll, 0, addr, 0, 0, memop);
}

xl_val xl_sc(struct xl_builder *b, xl_val addr, xl_val v, uint32_t memop)
{
    return atomic(b, XL_OP_sc, 0, addr, v, 0, memop);
}

void xl_fence(struct xl_builder *b, uint32_t kinds)
{
    struct xl_op o = {.op = XL_OP_fence, .flags = (uint8_t)kinds};

    xl_b_emit(b, &o);
}

/* ---- Floating point ------------------------------------------------------------------ */

xl_val xl_fp(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, xl_val c, uint32_t rm)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type, .a = a, .imm = rm};

    if (xl_operands(op) > 1)
        o.b = c;
    return xl_opinfo[op].flags & XL_E ? xl_b_emit(b, &o) : pure(b, &o);
}

xl_val xl_fma(struct xl_builder *b, uint32_t type, xl_val a, xl_val m, xl_val c, uint32_t neg,
              uint32_t rm)
{
    struct xl_op o = {.op = XL_OP_fma, .type = (uint8_t)type, .flags = (uint8_t)neg, .a = a,
                      .b = m, .c = c, .imm = rm};

    return xl_b_emit(b, &o);
}

xl_val xl_fcmp(struct xl_builder *b, uint32_t type, xl_val a, xl_val c, uint32_t signalling)
{
    struct xl_op o = {.op = XL_OP_fcmp, .type = (uint8_t)type, .flags = (uint8_t)signalling, .a = a,
                      .b = c};

    return xl_b_emit(b, &o);
}

xl_val xl_cvt(struct xl_builder *b, uint32_t op, uint32_t type, xl_val a, uint32_t kind,
              uint32_t rm)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type, .flags = (uint8_t)kind, .a = a,
                      .imm = rm};

    return xl_b_emit(b, &o);
}

xl_val xl_fflags(struct xl_builder *b)
{
    struct xl_op o = {.op = XL_OP_fflags, .type = XL_I64};

    return xl_b_emit(b, &o);
}

void xl_setfflags(struct xl_builder *b, xl_val v)
{
    struct xl_op o = {.op = XL_OP_setfflags, .type = XL_I64, .a = v};

    xl_b_emit(b, &o);
}

/* ---- Vectors --------------------------------------------------------------------------- */

xl_val xl_v3(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, xl_val c, xl_val d,
             int64_t imm)
{
    struct xl_op o = {.op = (uint16_t)op, .type = XL_V128, .flags = (uint8_t)lane, .a = a,
                      .b = c, .c = d, .imm = imm};

    return xl_opinfo[op].flags & XL_E ? xl_b_emit(b, &o) : pure(b, &o);
}

xl_val xl_v2(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, xl_val c, int64_t imm)
{
    return xl_v3(b, op, lane, a, c, 0, imm);
}

xl_val xl_v1(struct xl_builder *b, uint32_t op, uint32_t lane, xl_val a, int64_t imm)
{
    return xl_v3(b, op, lane, a, 0, 0, imm);
}

xl_val xl_v2f(struct xl_builder *b, uint32_t type, xl_val v)
{
    return xl_op1(b, XL_OP_v2f, type, v);
}

xl_val xl_f2v(struct xl_builder *b, xl_val f)
{
    return xl_op1(b, XL_OP_f2v, XL_V128, f);
}

/* ---- Control --------------------------------------------------------------------------- */

xl_val xl_callh(struct xl_builder *b, uint32_t helper, uint32_t n, xl_val a, xl_val c, xl_val d,
                xl_val e)
{
    const struct xl_guest *g = b->b->guest;
    struct xl_block *k = b->b;
    struct xl_op o = {.op = XL_OP_call, .type = g->helpers[helper].type, .imm = k->n_calls};
    struct xl_call *l = &k->call[k->n_calls];

    assert(helper < g->n_helpers && n <= 4 && n == g->helpers[helper].n_args);
    if (k->n_calls >= XL_MAX_CALLS) {
        b->overflow = 1;
        return 0;
    }
    *l = (struct xl_call){.helper = (uint16_t)helper, .n_args = (uint8_t)n};
    l->arg[0] = n > 0 ? a : 0;
    l->arg[1] = n > 1 ? c : 0;
    l->arg[2] = n > 2 ? d : 0;
    l->arg[3] = n > 3 ? e : 0;
    k->n_calls++;
    if (g->helpers[helper].flags & XL_H_STATE)
        memset(b->slot, 0xff, g->n_slots * sizeof(b->slot[0]));
    return xl_b_emit(b, &o);
}

/* One more op in front of `at`: everything behind moves up and is named anew. */
static void insert(struct xl_builder *b, uint32_t at, const struct xl_op *o)
{
    struct xl_block *k = b->b;
    uint32_t n = k->n_ops - at;

    memmove(&k->op[at + 1], &k->op[at], n * sizeof(k->op[0]));
    memmove(&b->zbits[at + 1], &b->zbits[at], n);
    memmove(&b->sbits[at + 1], &b->sbits[at], n);
    memmove(&b->in_slot[at + 1], &b->in_slot[at], n);
    k->op[at] = *o;
    k->n_ops++;
    for (uint32_t i = at + 1; i < k->n_ops; i++) {
        struct xl_op *p = &k->op[i];
        uint32_t args = xl_operands(p->op);

        p->a += args > 0 && p->a >= at;
        p->b += args > 1 && p->b >= at;
        p->c += args > 2 && p->c >= at;
        if (p->op != XL_OP_call)
            continue;
        for (uint32_t j = 0; j < k->call[p->imm].n_args; j++)
            k->call[p->imm].arg[j] += k->call[p->imm].arg[j] >= at;
    }
    for (uint32_t i = 0; i < k->guest->n_slots; i++)
        b->slot[i] += b->slot[i] != XL_NONE && b->slot[i] >= at;
    for (uint32_t i = 0; i < 32 && i < b->n_consts; i++)
        b->consts[i] += b->consts[i] >= at;
}

/* A direct exit to `target` follows: poll first if it goes backward. Its operands may move. */
static void poll(struct xl_builder *b, uint64_t target, xl_val *v1, xl_val *v2)
{
    struct xl_op o = {.op = XL_OP_poll};
    uint32_t at = b->insn + 1;

    if (b->overflow || b->insn == XL_NONE)
        return;
    o.c = (uint32_t)b->b->op[b->insn].imm;
    if (target > b->page + o.c || (at < b->b->n_ops && b->b->op[at].op == XL_OP_poll))
        return;
    o.imm = b->b->n_insns - 1 - b->polled;
    b->polled = b->b->n_insns - 1;
    insert(b, at, &o);
    if (v1) {
        *v1 += *v1 >= at;
        *v2 += *v2 >= at;
    }
}

void xl_brc(struct xl_builder *b, uint32_t cond, uint32_t type, xl_val a, xl_val c,
            uint64_t target)
{
    struct xl_op o = {.op = XL_OP_brc, .type = (uint8_t)type, .flags = (uint8_t)cond,
                      .imm = (int64_t)(target - b->page)};
    struct xl_op test = {.op = XL_OP_set, .type = (uint8_t)type, .flags = (uint8_t)cond};
    uint64_t taken;

    if (!b->overflow && xl_is_const(b, a) && xl_is_const(b, c) &&
        xl_eval(&test, (uint64_t)b->b->op[a].imm, (uint64_t)b->b->op[c].imm, 0, &taken) == 0 &&
        !taken)
        return;
    poll(b, target, &a, &c);
    o.a = a;
    o.b = c;
    xl_b_emit(b, &o);
}

void xl_exit(struct xl_builder *b, uint32_t kind, uint64_t target, uint64_t ret)
{
    struct xl_op o = {.op = XL_OP_exit, .flags = (uint8_t)kind,
                      .imm = (int64_t)(target - b->page)};

    if (kind == XL_K_CALL)
        o.c = (uint32_t)(ret - b->page);
    if (kind != XL_K_STATE)
        poll(b, target, NULL, NULL);
    xl_b_emit(b, &o);
}

void xl_exiti(struct xl_builder *b, uint32_t kind, xl_val target, uint64_t ret)
{
    struct xl_op o = {.op = XL_OP_exiti, .flags = (uint8_t)kind, .a = target};

    if (kind == XL_K_CALL)
        o.c = (uint32_t)(ret - b->page);
    xl_b_emit(b, &o);
}

void xl_b_finish(struct xl_builder *b)
{
    struct xl_block *k = b->b;
    uint64_t next = k->pc + k->bytes;

    if (b->overflow) { /* the last instruction did not fit: end before it */
        assert(k->n_insns > 1);
        next = b->page + (uint64_t)k->op[b->insn].imm;
        k->n_ops = b->insn;
        k->n_insns--;
        k->bytes = (uint32_t)(next - k->pc);
        b->overflow = 0;
    }
    if (k->n_ops == 0 || !(xl_opinfo[k->op[k->n_ops - 1].op].flags & XL_EXIT)) {
        struct xl_op o = {.op = XL_OP_exit, .flags = XL_K_JUMP,
                          .imm = (int64_t)(next - b->page)};

        xl_b_emit(b, &o);
    }
    xl_dce(k);
#ifdef PB_DEBUG
    char why[160];

    if (xl_verify(k, why, sizeof(why)))
        assert(!"the builder made a block that breaks the rules of ir.h");
#endif
}

struct xl_builder *xl_builder_for_test(const struct xl_guest *g, const uint8_t *code, uint32_t n,
                                       uint64_t pc, uint64_t mode, struct xl_block *into)
{
    static _Thread_local struct xl_builder b;

    /* code[0] is at pc; what lies before it in the page is never read. */
    xl_b_init(&b, g, pc, mode, into);
    b.f.page = code - (pc & XL_PAGE_MASK);
    b.f.limit = (uint32_t)(pc & XL_PAGE_MASK) + n;
    if (b.f.limit > XL_PAGE_SIZE) {
        b.f.page2 = b.f.page + XL_PAGE_SIZE;
        b.f.limit2 = b.f.limit - XL_PAGE_SIZE;
        b.f.limit = XL_PAGE_SIZE;
    }
    return &b;
}
