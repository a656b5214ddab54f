/* SPDX-License-Identifier: MIT */
/* x86-ir.c - the guest of x86-ir.h and its host. */
#include "x86-ir.h"

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
