/* SPDX-License-Identifier: MIT */
/* x86-ir.c - see x86-ir.h. */
#include "x86-ir.h"

#include <ir/op.h>
#include <soft.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(v) (uint32_t)(sizeof(v) / sizeof((v)[0]))

/* ---- The guest ---------------------------------------------------------------------------- */

static struct ir_cpu *cpu(struct xl_vcpu *x)
{
    return (struct ir_cpu *)(void *)x;
}

static uint64_t mix(struct ir_cpu *c)
{
    uint64_t h = c->x.pc;

    for (uint32_t i = 0; i < N_INT; i++)
        h = (h ^ c->r[i]) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < N_FP; i++)
        h = (h ^ c->f[i]) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < N_I32; i++)
        h = (h ^ c->w[i]) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < N_F32; i++)
        h = (h ^ c->s[i]) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < 2 * N_VEC; i++)
        h = (h ^ c->v[i / 2].d[i % 2]) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t h_pure(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)x;
    return a * 3 + (b ^ c) + d;
}

/* Arguments beyond those given are anything. */
static uint64_t h_pure1(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)b;
    (void)c;
    (void)d;
    return h_pure(x, a, 5, 6, 7);
}

static uint64_t h_pure2(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)c;
    (void)d;
    return h_pure(x, a, b, 8, 9);
}

/* An F32 or I32 has its upper half zero. */
static uint64_t h_pure32(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return (uint32_t)h_pure2(x, a, b, c, d);
}

static uint64_t h_fault(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)c;
    (void)d;
    xl_sync(x);
    cpu(x)->seen = mix(cpu(x));
    cpu(x)->n_calls++;
    if ((a ^ b) % 7 == 3) {
        x->pc = 0x123456789abcu;
        xl_leave(x);
    }
    return cpu(x)->seen;
}

static uint64_t h_state(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct ir_cpu *p = cpu(x);

    (void)c;
    (void)d;
    xl_sync(x);
    p->seen = mix(p);
    p->n_calls++;
    p->r[a % N_INT] = b;
    p->r[b % N_INT] += a;
    p->f[a % N_FP] ^= b;
    p->w[b % N_I32] = (uint32_t)a;
    p->s[a % N_F32] ^= (uint32_t)b;
    p->v[a % N_VEC].d[b % 2] ^= a + b;
    return p->seen;
}

static uint64_t h_fp(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    volatile double v = 1.0;
    uint32_t old = xl_fp_flags(x);

    (void)c;
    (void)d;
    v = v / 3.0; /* the host's flags are not the guest's */
    xl_fp_set_flags(x, (a ^ b) & 31);
    cpu(x)->n_calls++;
    return old + (v > 0.3);
}

static uint64_t h_vec(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct xl_v128 v = *xl_vec_arg(a), w = *xl_vec_arg(c);

    (void)d;
    x->cell[0] = (struct xl_v128){{v.d[0] + w.d[1] * b, v.d[1] ^ w.d[0]}};
    return 0;
}

static uint64_t h_sum(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)x;
    (void)a;
    (void)b;
    (void)c;
    return xl_vec_arg(d)->d[0] * 3 + xl_vec_arg(d)->d[1];
}

static const struct xl_helper helpers[] = {
    {"pure1", h_pure1, XL_H_PURE, 1, XL_I64, 0}, {"pure4", h_pure, XL_H_PURE, 4, XL_I64, 0},
    {"fault", h_fault, XL_H_FAULT, 2, XL_I64, 0},
    {"state", h_state, XL_H_FAULT | XL_H_STATE, 2, XL_I64, 0},
    {"write", h_state, XL_H_FAULT | XL_H_STATE, 2, 0, 0},
    {"fp", h_fp, XL_H_FP, 2, XL_I64, 0}, {"f64", h_pure2, XL_H_PURE, 2, XL_F64, 0},
    {"f32", h_pure32, XL_H_PURE, 2, XL_F32, 0}, {"vec", h_vec, XL_H_PURE, 3, XL_V128, 5},
    {"sum", h_sum, XL_H_PURE, 4, XL_I64, 8},
};

#define O(f, i) (uint32_t)(offsetof(struct ir_cpu, f) + (i) * sizeof(((struct ir_cpu *)0)->f[0]))
static struct xl_slot slots[N_SLOTS];

static char names[N_SLOTS][8];

static void make_slot(uint32_t i, char letter, uint32_t n, uint32_t offset, uint32_t type,
                      uint32_t rank)
{
    snprintf(names[i], sizeof(names[i]), "%c%u", letter, n);
    slots[i] = (struct xl_slot){names[i], offset, (uint8_t)type, (uint8_t)rank, 0};
}

static void make_slots(void)
{
    for (uint32_t i = 0; i < N_INT; i++)
        make_slot(i, 'r', i, O(r, i), XL_I64, i < 9 ? i + 1 : 0);
    for (uint32_t i = 0; i < N_I32; i++)
        make_slot(S_I32 + i, 'w', i, O(w, i), XL_I32, i < 1 ? 3 : 0);
    for (uint32_t i = 0; i < N_FP; i++)
        make_slot(S_FP + i, 'f', i, O(f, i), XL_F64, i < 9 ? i + 1 : 0);
    for (uint32_t i = 0; i < N_F32; i++)
        make_slot(S_F32 + i, 's', i, O(s, i), XL_F32, i < 1 ? 2 : 0);
    for (uint32_t i = 0; i < N_VEC; i++)
        make_slot(S_VEC + i, 'v', i, O(v, i), XL_V128, i < 5 ? 1 + i : 0);
}

static int walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe,
                struct xl_walk *w)
{
    static const uint8_t prot[2][RAM_PAGES] = {{3, 3, 1, 0, 3, 3}, {3, 1, 3, 3, 0, 3}};
    uint64_t page = (va - RAM_BASE) >> 12;
    uint32_t beside = cpu(x)->beside;

    (void)probe;
    memset(w, 0, sizeof(*w));
    if (page >= RAM_PAGES || !(prot[beside][page] & 1u << access))
        return 7;
    w->pa = page == 5 ? 0x1000 : beside ? va ^ 0x1000 : va;
    w->prot = prot[beside][page];
    w->bits = 12;
    return 0;
}

static void ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k)
{
    k->a = 1 + cpu(x)->beside;
}

static void beside(struct xl_vcpu *x, uint32_t on)
{
    cpu(x)->beside = on;
}

static void fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    struct ir_cpu *c = cpu(x);

    c->fault_va = va;
    c->fault_pc = x->pc;
    c->fault_access = access | c->beside << 8;
    c->fault_code = code;
    c->n_faults++;
    c->seen = mix(c);
    x->pc = 0xfedcba98u;
}

static void translate(struct xl_builder *b, uint64_t pc, uint64_t mode)
{
    (void)b; /* blocks are made by hand */
    (void)pc;
    (void)mode;
}

struct xl_guest ir_guest = {
    .name = "ir", .state_size = sizeof(struct ir_cpu), .min_insn = 2, .max_insn = 4,
    .slots = slots, .n_slots = N_SLOTS, .n_helpers = LEN(helpers), .helpers = helpers,
    .fp_nan_rule = SF_NAN_RISCV, .fp_tininess = SF_TINY_AFTER, .walk = walk, .fault = fault,
    .translate = translate, .ctxkey = ctxkey, .beside = beside,
};

void ir_arm(int on)
{
    ir_guest.fp_nan_rule = on ? SF_NAN_ARM : SF_NAN_RISCV;
    ir_guest.fp_tininess = on ? SF_TINY_BEFORE : SF_TINY_AFTER;
}

/* ---- The host ------------------------------------------------------------------------------ */

static struct ir_machine *machine(pb_cpu *c)
{
    return (struct ir_machine *)(void *)c;
}

static int svc_span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    memset(s, 0, sizeof(*s));
    if (gpa - RAM_BASE >= RAM_SIZE)
        return PB_EFAULT;
    s->gpa = RAM_BASE;
    s->len = RAM_SIZE;
    s->host = machine(c)->ram;
    s->writable = 1;
    return PB_OK;
}

static uint32_t svc_zero(pb_cpu *c)
{
    (void)c;
    return 0;
}

static uint32_t svc_one(pb_cpu *c)
{
    (void)c;
    return 1;
}

static void *svc_shared(pb_cpu *c, uint64_t bytes)
{
    if (!machine(c)->shared)
        machine(c)->shared = calloc(1, bytes);
    return machine(c)->shared;
}

static void svc_nothing(pb_cpu *c)
{
    (void)c;
}

static void svc_watch(pb_cpu *c, uint64_t gpa, uint32_t on)
{
    (void)c;
    (void)gpa;
    (void)on;
}

static const void *host_get(const pb_host *h, const char *id)
{
    return strcmp(id, PB_SVC_CPU) == 0
               ? &((const struct ir_machine *)(const void *)h)->svc : NULL;
}

static int host_fail(pb_err *e, int code, const char *text)
{
    (void)e;
    fprintf(stderr, "%s\n", text);
    return code;
}

static void host_log(const pb_host *h, pb_dev *d, uint32_t level, const char *text)
{
    (void)h;
    (void)d;
    (void)level;
    fprintf(stderr, "%s\n", text);
}

struct ir_machine *ir_new(const char *opts)
{
    struct ir_machine *m = calloc(1, sizeof(*m));

    make_slots();
    m->host = (pb_host){.size = sizeof(m->host), .get = host_get, .fail = host_fail,
                        .log = host_log, .log_on = m->log_on};
    m->svc = (struct pb_svc_cpu){.size = sizeof(m->svc), .span = svc_span, .index = svc_zero,
                                 .n_cpus = svc_one, .shared = svc_shared,
                                 .deterministic = svc_zero, .watch_code = svc_watch,
                                 .stop_others = svc_nothing, .resume_others = svc_nothing};
    m->ram = aligned_alloc(4096, RAM_SIZE);
    memset(m->ram, 0, RAM_SIZE);
    if (xl_vcpu_init(&m->cpu.x, &ir_guest, (pb_cpu *)(void *)m, &m->host, opts, NULL) != PB_OK) {
        free(m->shared);
        free(m->ram);
        free(m);
        return NULL;
    }
    return m;
}

void ir_free(struct ir_machine *m)
{
    xl_vcpu_fini(&m->cpu.x);
    free(m->shared);
    free(m->ram);
    free(m);
}

/* ---- Random values -------------------------------------------------------------------------- */

uint64_t ir_rand(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t below(uint64_t *seed, uint64_t n)
{
    return ir_rand(seed) % n;
}

static const uint64_t ints[] = {
    0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 255, 4095, 0x7fffffff, 0x80000000u, 0xffffffffu,
    0x100000000u, 0x7fffffffffffffffu, 0x8000000000000000u, (uint64_t)-1, (uint64_t)-2,
    (uint64_t)-128, (uint64_t)-2048, 0xffffffff80000000u, 0xffffffff7fffffffu,
};
static const uint64_t doubles[] = {
    0, 0x8000000000000000u, 1, 0x8000000000000001u, 0x000fffffffffffffu, 0x0010000000000000u,
    0x3ff0000000000000u, 0xbff0000000000000u, 0x4000000000000000u, 0x3fe0000000000000u,
    0x7fefffffffffffffu, 0xffefffffffffffffu, 0x7ff0000000000000u, 0xfff0000000000000u,
    0x7ff8000000000000u, 0xfff8000000000000u, 0x7ff0000000000001u, 0xfff4000000000000u,
    0x7ff8000000000123u, 0x41dfffffffc00000u, 0x41e0000000000000u, 0xc1e0000000000000u,
    0xc1e0000000200000u, 0x41efffffffe00000u, 0x41f0000000000000u, 0x41f0000000080000u,
    0x43e0000000000000u, 0xc3e0000000000000u, 0x43f0000000000000u, 0xbfe0000000000000u,
    0x3ff8000000000000u, 0x4004000000000000u, 0x41efffffffffffffu, 0xbfefffffffffffffu,
    0x36a0000000000000u, 0x380fffffffffffffu, 0x47efffffefffffffu, 0x3ca0000000000000u,
};
static const uint32_t floats[] = {
    0, 0x80000000u, 1, 0x80000001u, 0x007fffffu, 0x00800000u, 0x3f800000u, 0xbf800000u,
    0x40000000u, 0x3f000000u, 0x7f7fffffu, 0xff7fffffu, 0x7f800000u, 0xff800000u, 0x7fc00000u,
    0xffc00000u, 0x7f800001u, 0xffa00000u, 0x7fc00123u, 0x4effffffu, 0x4f000000u, 0xcf000000u,
    0x4f7fffffu, 0x4f800000u, 0x5f000000u, 0xdf000000u, 0x5f800000u, 0xbf000000u, 0x3fc00000u,
};

static uint64_t any_int(uint64_t *s)
{
    switch (below(s, 4)) {
    case 0: return ints[below(s, LEN(ints))];
    case 1: return ir_rand(s) >> below(s, 64);
    case 2: return (uint64_t)((int64_t)ir_rand(s) >> below(s, 64));
    default: return ir_rand(s);
    }
}

static uint64_t any_double(uint64_t *s)
{
    switch (below(s, 4)) {
    case 0: case 1: return doubles[below(s, LEN(doubles))];
    case 2: /* near 1: rounding and cancellation */
        return (0x3f0u + below(s, 32)) << 52 | (ir_rand(s) & 0x800fffffffffffffu);
    default: return ir_rand(s);
    }
}

static uint32_t any_float(uint64_t *s)
{
    switch (below(s, 4)) {
    case 0: case 1: return floats[below(s, LEN(floats))];
    case 2: return (uint32_t)((120 + below(s, 16)) << 23 | (ir_rand(s) & 0x807fffffu));
    default: return (uint32_t)ir_rand(s);
    }
}

static uint64_t any_address(uint64_t *s)
{
    uint64_t a = RAM_BASE + below(s, 12) * 2048;

    switch (below(s, 4)) {
    case 0: return a + below(s, 4096);
    case 1: return a - below(s, 16); /* crosses */
    default: return a + (below(s, 256) << 3);
    }
}

/* Floats of one format, or bytes many of which are at the ends of their range. */
static void random_vector(uint64_t *s, struct xl_v128 *v)
{
    static const uint8_t ends[] = {0, 1, 0x7f, 0x80, 0x81, 0xff};
    uint64_t k = below(s, 4);

    for (uint32_t i = 0; i < 2; i++) {
        v->d[i] = k == 0 ? any_double(s) : k == 1 ? (uint64_t)any_float(s) << 32 | any_float(s)
                                                  : ir_rand(s);
        for (uint32_t j = 0; k == 2 && j < 64; j += 8) {
            if (below(s, 2))
                v->d[i] = (v->d[i] & ~((uint64_t)255 << j)) | (uint64_t)ends[below(s, 6)] << j;
        }
    }
}

void ir_random_state(uint64_t *s, struct ir_cpu *c)
{
    for (uint32_t i = 0; i < N_INT; i++)
        c->r[i] = i % 3 ? any_address(s) : any_int(s);
    for (uint32_t i = 0; i < N_I32; i++)
        c->w[i] = (uint32_t)any_int(s);
    for (uint32_t i = 0; i < N_FP; i++)
        c->f[i] = below(s, 2) ? any_double(s) : any_float(s) | 0xffffffff00000000u;
    for (uint32_t i = 0; i < N_F32; i++)
        c->s[i] = any_float(s);
    for (uint32_t i = 0; i < N_VEC; i++)
        random_vector(s, &c->v[i]);
}

/* ---- Random blocks ---------------------------------------------------------------------------- */

struct maker {
    uint64_t *seed;
    struct xl_block *b;
    uint32_t by_type[XL_V128 + 1][XL_MAX_OPS], n[XL_V128 + 1];
    uint32_t put; /* since the last insn */
};

static uint32_t emit(struct maker *m, struct xl_op o)
{
    uint32_t at = m->b->n_ops++, t = xl_result(&o);

    m->b->op[at] = o;
    if (t)
        m->by_type[t][m->n[t]++] = at;
    return at;
}

static void insn(struct maker *m)
{
    uint32_t off = 0x100 + m->b->n_insns++ * 4;

    emit(m, (struct xl_op){.op = XL_OP_insn, .imm = off, .c = 4});
    m->put = 0;
}

static uint32_t slot_of(struct maker *m, uint32_t type)
{
    switch (type) {
    case XL_I64: return (uint32_t)below(m->seed, N_INT);
    case XL_I32: return S_I32 + (uint32_t)below(m->seed, N_I32);
    case XL_F64: return S_FP + (uint32_t)below(m->seed, N_FP);
    case XL_V128: return S_VEC + (uint32_t)below(m->seed, N_VEC);
    default: return S_F32 + (uint32_t)below(m->seed, N_F32);
    }
}

static uint32_t constant(struct maker *m, uint32_t type)
{
    uint64_t v = type == XL_F64 ? any_double(m->seed) : type == XL_F32 ? any_float(m->seed)
                                                                       : any_int(m->seed);

    if (type == XL_I32 || type == XL_F32)
        v = (uint32_t)v;
    return emit(m, (struct xl_op){.op = XL_OP_const, .type = (uint8_t)type, .imm = (int64_t)v});
}

static uint32_t get(struct maker *m, uint32_t type)
{
    return emit(m, (struct xl_op){.op = XL_OP_get, .type = (uint8_t)type,
                                  .imm = slot_of(m, type)});
}

static uint32_t value(struct maker *m, uint32_t type)
{
    uint32_t k = (uint32_t)below(m->seed, 8);

    if (k == 0)
        return constant(m, type);
    if (k < 4 || m->n[type] == 0)
        return get(m, type);
    if (k < 7) /* a recent one */
        return m->by_type[type][m->n[type] - 1 -
                                below(m->seed, m->n[type] < 4 ? m->n[type] : 4)];
    return m->by_type[type][below(m->seed, m->n[type])];
}

/* An address: a slot that holds one, most often. */
static uint32_t address(struct maker *m)
{
    uint32_t slot = (uint32_t)below(m->seed, N_INT / 3) * 3 + 1 + (uint32_t)below(m->seed, 2);

    if (below(m->seed, 8) == 0)
        return value(m, XL_I64);
    return emit(m, (struct xl_op){.op = XL_OP_get, .type = XL_I64, .imm = slot});
}

static int32_t displacement(struct maker *m)
{
    static const int32_t big[] = {INT32_MAX, INT32_MIN, INT32_MAX - 3, 4096, -4096};

    switch (below(m->seed, 12)) {
    case 0: return big[below(m->seed, LEN(big))];
    case 1: case 2: return (int32_t)below(m->seed, 4096) - 2048;
    case 3: case 4: case 5: return (int32_t)below(m->seed, 16) * 8;
    default: return 0;
    }
}

static void put(struct maker *m);
static void integer(struct maker *m);

static void before_fault(struct maker *m)
{
    if (m->put)
        insn(m);
}

static uint32_t order(struct maker *m)
{
    static const uint32_t kinds[] = {0, 0, XL_M_ACQ, XL_M_REL, XL_M_SEQ, XL_M_ALIGN, XL_M_BIG};

    return kinds[below(m->seed, LEN(kinds))];
}

/* Of an integer's access. */
static uint32_t beside_or_not(struct maker *m)
{
    return below(m->seed, 4) ? 0 : XL_M_BESIDE;
}

static void memory(struct maker *m)
{
    struct xl_op o = {.op = below(m->seed, 2) ? XL_OP_ld : XL_OP_st, .type = XL_I64};
    uint32_t size = (uint32_t)below(m->seed, 4), k = (uint32_t)below(m->seed, 4);

    before_fault(m);
    if (k == 0) {
        o.type = (uint8_t)(XL_F32 + below(m->seed, 3));
        size = o.type - XL_F32 + 2u;
    } else if (k == 1 && o.op == XL_OP_st) {
        o.type = XL_I32;
        size = (uint32_t)below(m->seed, 3);
    }
    o.imm = XL_MEM(size | order(m) | (k > 1 && below(m->seed, 2) ? XL_M_SIGN : 0) |
                       (k > 0 ? beside_or_not(m) : 0), displacement(m));
    o.a = address(m);
    if (o.op == XL_OP_st)
        o.b = value(m, o.type);
    emit(m, o);
}

/* Fields of one structure: one base, most often one page. */
static void fields(struct maker *m)
{
    uint32_t base = address(m), n = 2 + (uint32_t)below(m->seed, 6);
    int32_t at = (int32_t)below(m->seed, 4) ? 0 : displacement(m);

    for (uint32_t i = 0; i < n; i++) {
        struct xl_op o = {.op = below(m->seed, 2) ? XL_OP_ld : XL_OP_st, .type = XL_I64,
                          .a = base};
        uint32_t size = (uint32_t)below(m->seed, 4);

        if (below(m->seed, 4) == 0) {
            o.type = below(m->seed, 2) ? XL_F64 : XL_V128;
            size = o.type - XL_F32 + 2u;
        } else {
            size |= beside_or_not(m);
        }
        o.imm = XL_MEM(size, (int32_t)((uint32_t)at + (uint32_t)below(m->seed, 32) * 8));
        if (o.op == XL_OP_st)
            o.b = value(m, o.type);
        before_fault(m);
        emit(m, o);
        if (below(m->seed, 3) == 0)
            put(m);
        else if (below(m->seed, 4) == 0)
            integer(m);
    }
}

static void atomic(struct maker *m)
{
    static const uint16_t ops[] = {XL_OP_rmw, XL_OP_rmw, XL_OP_rmw, XL_OP_cas, XL_OP_ll,
                                   XL_OP_sc};
    struct xl_op o = {.op = ops[below(m->seed, LEN(ops))], .type = XL_I64};
    uint32_t size = below(m->seed, 8) ? 2 + (uint32_t)below(m->seed, 2)
                                      : (uint32_t)below(m->seed, 2);

    before_fault(m);
    o.imm = XL_MEM(size | XL_M_ATOMIC | (below(m->seed, 2) ? XL_M_SIGN : 0),
                   below(m->seed, 4) ? 0 : displacement(m));
    o.a = address(m);
    if (o.op != XL_OP_ll)
        o.b = value(m, XL_I64);
    if (o.op == XL_OP_cas)
        o.c = value(m, XL_I64);
    if (o.op == XL_OP_rmw)
        o.flags = (uint8_t)below(m->seed, XL_RMW_MAXU + 1);
    emit(m, o);
}

static void helper(struct maker *m)
{
    uint32_t h = (uint32_t)below(m->seed, LEN(helpers)), n = helpers[h].n_args;
    struct xl_call l = {.helper = (uint16_t)h, .n_args = (uint8_t)n};

    if (m->b->n_calls >= 8)
        return;
    if (helpers[h].flags & (XL_H_FAULT | XL_H_STATE))
        before_fault(m);
    for (uint32_t i = 0; i < n; i++)
        l.arg[i] = value(m, helpers[h].vec >> i & 1 ? XL_V128
                            : XL_I32 + (uint32_t)below(m->seed, 4));
    m->b->call[m->b->n_calls] = l;
    emit(m, (struct xl_op){.op = XL_OP_call, .type = helpers[h].type, .imm = m->b->n_calls++});
}

static void put(struct maker *m)
{
    uint32_t t = XL_I32 + (uint32_t)below(m->seed, 5);
    struct xl_op o = {.op = XL_OP_put, .type = (uint8_t)t, .a = value(m, t)};

    o.imm = slot_of(m, t);
    emit(m, o);
    m->put = 1;
}

/* What front ends make often and back ends do in one instruction. */
static void idiom(struct maker *m)
{
    struct xl_op o = {.op = XL_OP_shl, .type = XL_I64}, st = {.op = XL_OP_st, .type = XL_I64};

    if (below(m->seed, 2)) { /* an element's address */
        o.a = value(m, XL_I64);
        o.b = emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64,
                                     .imm = (int64_t)below(m->seed, 5)});
        st.op = XL_OP_add;
        st.a = value(m, XL_I64);
        st.b = emit(m, o);
        if (below(m->seed, 2)) {
            o.a = st.a;
            st.a = st.b;
            st.b = o.a;
        }
    } else { /* a float's bits to memory */
        before_fault(m);
        o = (struct xl_op){.op = XL_OP_f2bits, .type = below(m->seed, 2) ? XL_F64 : XL_F32};
        o.a = value(m, o.type);
        st.imm = XL_MEM(below(m->seed, 4), below(m->seed, 32) * 4);
        st.a = address(m);
        st.b = emit(m, o);
    }
    emit(m, st);
}

static void integer(struct maker *m)
{
    uint32_t k = (uint32_t)below(m->seed, XL_OP_sel - XL_OP_add + 1);
    struct xl_op o = {.op = (uint16_t)(XL_OP_add + k)};

    o.type = below(m->seed, 3) ? XL_I64 : XL_I32;
    switch (o.op) {
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32:
    case XL_OP_zext8: case XL_OP_zext16: case XL_OP_zext32:
        o.a = value(m, o.type);
        o.type = XL_I64;
        break;
    case XL_OP_trunc:
        o.type = XL_I32;
        o.a = value(m, XL_I64);
        break;
    case XL_OP_sel:
        o.type = (uint8_t)(XL_I32 + below(m->seed, 4));
        o.a = value(m, XL_I64);
        o.b = value(m, o.type);
        o.c = value(m, o.type);
        break;
    default:
        o.a = value(m, o.type);
        if (xl_operands(o.op) > 1)
            o.b = value(m, o.type);
        break;
    }
    if (o.op == XL_OP_set) {
        o.flags = (uint8_t)below(m->seed, 6);
        if (below(m->seed, 2)) { /* with a reader that may fuse */
            struct xl_op s = {.op = XL_OP_sel, .type = (uint8_t)(XL_I32 + below(m->seed, 4))};

            s.b = value(m, s.type);
            s.c = value(m, s.type);
            s.a = emit(m, o);
            emit(m, s);
            return;
        }
    }
    emit(m, o);
}

/* One comparison between reading the flags and giving them back: quietly. */
static void quietly(struct maker *m)
{
    uint32_t f = emit(m, (struct xl_op){.op = XL_OP_fflags, .type = XL_I64}), k;
    uint8_t type = below(m->seed, 2) ? XL_F64 : XL_F32;
    struct xl_op o = {.op = (uint16_t)(XL_OP_feq + below(m->seed, 3)), .type = type};

    k = emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = 31});
    f = emit(m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = f, .b = k});
    for (uint64_t n = 1 + below(m->seed, 2); n > 0; n--) {
        o.a = value(m, type);
        o.b = value(m, type);
        emit(m, o);
    }
    emit(m, (struct xl_op){.op = XL_OP_setfflags, .type = XL_I64, .a = f});
}

/* Arithmetic on results of arithmetic, kept in slots and not: NaNs among them are seen late. */
static void chain(struct maker *m)
{
    uint8_t type = below(m->seed, 2) ? XL_F64 : XL_F32;
    uint32_t last = value(m, type), before = last;

    insn(m);
    for (uint64_t n = 2 + below(m->seed, 10); n > 0; n--) {
        struct xl_op o = {.op = (uint16_t)(XL_OP_fadd + below(m->seed, 5)), .type = type,
                          .a = last, .imm = XL_RM_DYN};

        if (xl_operands(o.op) > 1)
            o.b = below(m->seed, 2) ? before : value(m, type);
        before = last;
        last = emit(m, o);
        if (below(m->seed, 3) == 0)
            emit(m, (struct xl_op){.op = XL_OP_put, .type = type, .a = last,
                                   .imm = slot_of(m, type)});
    }
    insn(m);
}

static void floating(struct maker *m)
{
    if (below(m->seed, 16) == 0) {
        if (below(m->seed, 2))
            quietly(m);
        else
            chain(m);
        return;
    }
    if (below(m->seed, 24) == 0) {
        uint32_t f = emit(m, (struct xl_op){.op = XL_OP_fflags, .type = XL_I64}), k;

        k = emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = 31});
        if (below(m->seed, 2))
            f = value(m, XL_I64);
        f = emit(m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = f, .b = k});
        emit(m, (struct xl_op){.op = XL_OP_setfflags, .type = XL_I64, .a = f});
        return;
    }
    uint32_t k = (uint32_t)below(m->seed, XL_OP_unbox32 - XL_OP_fadd + 5), other;
    struct xl_op o = {.op = (uint16_t)(XL_OP_fadd + k)};
    uint32_t n;

    if (o.op > XL_OP_unbox32)
        o.op = (uint16_t)(XL_OP_fminnm + (o.op - XL_OP_unbox32 - 1));
    n = xl_operands(o.op);
    o.type = below(m->seed, 2) ? XL_F64 : XL_F32;
    other = o.type == XL_F64 ? XL_F32 : XL_F64;
    o.imm = below(m->seed, 4) ? XL_RM_DYN : (int64_t)below(m->seed, 5);
    switch (o.op) {
    case XL_OP_i2f: case XL_OP_bits2f: o.a = value(m, XL_I64); break;
    case XL_OP_f2f: o.a = value(m, other); break;
    case XL_OP_box32:
        o.type = XL_F64;
        o.a = value(m, XL_F32);
        break;
    case XL_OP_unbox32:
        o.type = XL_F32;
        o.a = value(m, XL_F64);
        break;
    default:
        o.a = value(m, o.type);
        o.b = n > 1 ? value(m, o.type) : 0;
        o.c = n > 2 ? value(m, o.type) : 0;
        break;
    }
    if (o.op == XL_OP_f2i || o.op == XL_OP_i2f || o.op == XL_OP_fma)
        o.flags = (uint8_t)below(m->seed, 4);
    if ((o.op == XL_OP_f2i || o.op == XL_OP_i2f) && below(m->seed, 8) == 0)
        o.imm |= (int64_t)below(m->seed, 65) << 8;
    if (o.op == XL_OP_frint)
        o.imm |= below(m->seed, 2) ? XL_RM_EXACT : 0;
    if (o.op == XL_OP_fcmp)
        o.flags = (uint8_t)below(m->seed, 2);
    emit(m, o);
}

/* An imm that the op may take, most often. */
static int64_t vector_imm(struct maker *m, const struct xl_op *o)
{
    uint32_t rm = below(m->seed, 2) ? XL_RM_DYN : (uint32_t)below(m->seed, 5);

    if (o->op < XL_OP_vfadd || o->op > XL_OP_vfnarrow) {
        if (o->op == XL_OP_vinsl)
            return (int64_t)(below(m->seed, 16u >> XL_LANE(o->flags)) << 8 |
                             below(m->seed, 16u >> XL_LANE(o->flags)));
        return (int64_t)below(m->seed, o->op >= XL_OP_vshli && o->op <= XL_OP_vrsari
                                           ? (8u << XL_LANE(o->flags)) + 1 : 16);
    }
    switch (o->op) {
    case XL_OP_vfrint: return rm | (below(m->seed, 2) ? XL_RM_EXACT : 0);
    case XL_OP_vfwiden: return rm | (int64_t)below(m->seed, 2) << 8;
    case XL_OP_vfcvts: case XL_OP_vfcvtu: case XL_OP_vscvtf: case XL_OP_vucvtf:
        return rm | (below(m->seed, 4) ? 0 : (int64_t)below(m->seed, 65) << 8);
    default: return rm;
    }
}

static void vector(struct maker *m)
{
    struct xl_op o;
    uint32_t t, v[3] = {0};

    do {
        o = (struct xl_op){.op = (uint16_t)(XL_OP_vmake + below(m->seed, XL_OP_COUNT -
                                                                XL_OP_vmake)), .type = XL_V128};
        if (xl_opinfo[o.op].flags & XL_L)
            o.flags = (uint8_t)below(m->seed, 4);
        if (o.op >= XL_OP_vfadd && o.op <= XL_OP_vucvtf && below(m->seed, 4) == 0)
            o.flags |= XL_V64;
        if (o.op == XL_OP_vfma)
            o.flags |= (uint8_t)(below(m->seed, 4) << 4);
        o.imm = vector_imm(m, &o);
    } while (xl_vec_wrong(&o));
    if (o.op == XL_OP_v2f)
        o.type = below(m->seed, 2) ? XL_F32 : XL_F64;
    for (uint32_t i = 0; i < xl_operands(o.op); i++) {
        t = xl_opinfo[o.op].args[i] == 'V' ? XL_V128
            : xl_opinfo[o.op].args[i] == 'i' ? XL_I64 : below(m->seed, 2) ? XL_F32 : XL_F64;
        v[i] = value(m, t);
    }
    o.a = v[0];
    o.b = v[1];
    o.c = v[2];
    emit(m, o);
}

/* As `andi; bnez`. */
static uint32_t some_bits(struct maker *m, uint32_t type)
{
    uint64_t k = ir_rand(m->seed);
    struct xl_op s = {.op = XL_OP_const, .type = (uint8_t)type};
    uint32_t c;

    switch (below(m->seed, 4)) {
    case 0: k = (uint64_t)1 << below(m->seed, 64); break;
    case 1: k = (uint64_t)((int64_t)k >> (32 + below(m->seed, 32))); break;
    default: k >>= below(m->seed, 64); break;
    }
    s.imm = type == XL_I32 ? (int64_t)(uint32_t)k : (int64_t)k;
    c = emit(m, s);
    return emit(m, (struct xl_op){.op = XL_OP_and, .type = (uint8_t)type, .a = value(m, type),
                                  .b = c});
}

static void branch(struct maker *m)
{
    struct xl_op o = {.op = XL_OP_brc, .type = below(m->seed, 2) ? XL_I64 : XL_I32};
    uint32_t k = (uint32_t)below(m->seed, 4);

    if (k == 0) {
        o.a = some_bits(m, o.type);
        o.b = emit(m, (struct xl_op){.op = XL_OP_const, .type = o.type});
        o.flags = (uint8_t)below(m->seed, 2);
    } else if (k == 1) { /* as `set; bnez` */
        struct xl_op s = {.op = XL_OP_set, .type = XL_I64, .flags = (uint8_t)below(m->seed, 6)};

        s.a = value(m, XL_I64);
        s.b = value(m, XL_I64);
        o.a = emit(m, s);
        o.b = emit(m, (struct xl_op){.op = XL_OP_const, .type = XL_I64});
        o.type = XL_I64;
        o.flags = (uint8_t)below(m->seed, 2);
    } else {
        o.flags = (uint8_t)below(m->seed, 6);
        o.a = value(m, o.type);
        o.b = value(m, o.type);
    }
    o.imm = below(m->seed, 4) ? (int64_t)below(m->seed, 2040) * 2
                              : (int64_t)below(m->seed, 1u << 20);
    emit(m, o);
}

/* Results that wait for others (nan.c): little but arithmetic, moves and what reads them. */
static void mostly_float(struct maker *m)
{
    uint32_t k = (uint32_t)below(m->seed, 32);

    if (k < 18)
        floating(m);
    else if (k < 27)
        put(m);
    else if (k < 29)
        integer(m);
    else if (k < 30)
        memory(m);
    else
        insn(m);
}

static void one(struct maker *m)
{
    uint32_t k = (uint32_t)below(m->seed, 100);

    if (m->b->n_insns & 8) /* in stretches of eight instructions */
        mostly_float(m);
    else if (k < 3)
        idiom(m);
    else if (k < 30)
        integer(m);
    else if (k < 42)
        floating(m);
    else if (k < 55)
        vector(m);
    else if (k < 68)
        put(m);
    else if (k < 79)
        memory(m);
    else if (k < 82)
        fields(m);
    else if (k < 86)
        atomic(m);
    else if (k < 88)
        helper(m);
    else if (k < 90)
        branch(m);
    else if (k < 91 && !m->put)
        emit(m, (struct xl_op){.op = XL_OP_poll, .c = 0x100 + (m->b->n_insns - 1) * 4});
    else if (k < 92)
        emit(m, (struct xl_op){.op = XL_OP_pc, .type = XL_I64,
                               .imm = (int64_t)(ir_rand(m->seed) >> below(m->seed, 64))});
    else if (k < 93)
        emit(m, (struct xl_op){.op = XL_OP_fence, .flags = (uint8_t)below(m->seed, 16)});
    else
        insn(m);
}

void ir_random(uint64_t *seed, struct xl_block *b, uint32_t n)
{
    static struct maker m;
    struct xl_op last = {.op = XL_OP_exit};

    m.seed = seed;
    m.b = b;
    memset(m.n, 0, sizeof(m.n));
    *b = (struct xl_block){.guest = &ir_guest, .pc = RAM_BASE + 0x100};
    if (ir_guest.fp_nan_rule == SF_NAN_ARM && below(seed, 4) == 0)
        b->fp_mode = (uint32_t)below(seed, 4);
    insn(&m);
    while (b->n_ops < n && b->n_insns < XL_MAX_INSNS - 3 && b->n_ops < XL_MAX_OPS - 64)
        one(&m);
    if (below(seed, 2)) {
        last.op = XL_OP_exiti;
        last.a = value(&m, XL_I64);
        last.b = emit(&m, (struct xl_op){.op = XL_OP_const, .type = XL_I64, .imm = -2});
        last.a = emit(&m, (struct xl_op){.op = XL_OP_and, .type = XL_I64, .a = last.a,
                                         .b = last.b}); /* as min_insn wants it */
        last.b = 0;
    } else {
        last.imm = below(seed, 2) ? (int64_t)below(seed, 2040) * 2
                                  : (int64_t)(ir_rand(seed) >> below(seed, 64));
    }
    last.flags = (uint8_t)below(seed, XL_K_STATE + 1);
    last.c = last.flags == XL_K_CALL ? 0x200 : 0;
    emit(&m, last);
    b->bytes = b->n_insns * 4;
}
