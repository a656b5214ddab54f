/* SPDX-License-Identifier: MIT */
/* xl-toy.c - see xl-toy.h. */
#include "xl-toy.h"

#include <soft.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The guest ---------------------------------------------- */

static struct toy *toy_of(struct xl_vcpu *x)
{
    return (struct toy *)(void *)x;
}

static uint64_t sys_helper(struct xl_vcpu *x, uint64_t n, uint64_t b, uint64_t c, uint64_t d)
{
    struct toy *t = toy_of(x);
    struct xl_ctxkey k = {t->r[1], 0}, mask = {UINT64_MAX, 0}, none = {0, 0};

    (void)b;
    (void)c;
    (void)d;
    xl_sync(x);
    switch (n) {
    case SYS_HALT: __atomic_store_n(&x->halted, 1, __ATOMIC_SEQ_CST); break;
    case SYS_FLUSH_ALL:
        xl_tlb_flush_everywhere(x, &none, &none, 0, 1);
        xl_tlb_flush_wait(x);
        break;
    case SYS_FLUSH_PAGE: xl_tlb_flush(x, NULL, NULL, t->r[1], 0); break;
    case SYS_MODE: t->mode = t->r[1]; break;
    case SYS_CTX: t->ctx = t->r[1]; break;
    case SYS_FLUSH_CTX: xl_tlb_flush(x, &k, &mask, 0, 1); break;
    default: break;
    }
    return 0;
}

static uint64_t pure_helper(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    (void)x;
    (void)c;
    (void)d;
    return a * 3 + b;
}

static const struct xl_helper helpers[] = {
    {"sys", sys_helper, XL_H_FAULT | XL_H_STATE, 1, 0, 0},
    {"triple", pure_helper, XL_H_PURE, 2, XL_I64, 0},
};

#define R(n) {"r" #n, offsetof(struct toy, r) + 8 * n, XL_I64, n < 10 ? n + 1 : 0, 0}
static const struct xl_slot slots[] = {R(0), R(1), R(2),  R(3),  R(4),  R(5),  R(6),  R(7),
                                       R(8), R(9), R(10), R(11), R(12), R(13), R(14), R(15)};

static uint64_t toy_mode(struct xl_vcpu *x)
{
    return toy_of(x)->mode;
}

static void toy_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k)
{
    k->a = toy_of(x)->ctx;
    k->b = 0;
}

static void lift(struct xl_builder *b, uint64_t pc, uint64_t mode, uint32_t w, uint32_t len)
{
    uint32_t d = w >> 8 & 15, s = w >> 12 & 15;
    int32_t imm = (int16_t)(w >> 16);
    uint64_t next = pc + len;

    switch (w & 0xff) {
    case T_NOP: break;
    case T_LI: xl_put(b, d, xl_const(b, XL_I64, (uint64_t)(int64_t)imm + (mode << 32))); break;
    case T_ADD: xl_put(b, d, xl_op2(b, XL_OP_add, XL_I64, xl_get(b, d), xl_get(b, s))); break;
    case T_LD: xl_put(b, d, xl_load(b, XL_I64, xl_get(b, s), imm, 3)); break;
    case T_ST: xl_store(b, xl_get(b, s), imm, xl_get(b, d), 3); break;
    case T_LL: xl_put(b, d, xl_ll(b, xl_get(b, s), 3)); break;
    case T_SC: xl_put(b, d, xl_sc(b, xl_get(b, s), xl_get(b, (uint32_t)imm & 15), 3)); break;
    case T_BNE:
        xl_brc(b, XL_C_NE, XL_I64, xl_get(b, d), xl_get(b, s), pc + (uint64_t)(int64_t)imm);
        xl_exit(b, XL_K_JUMP, next, 0);
        break;
    case T_JAL:
        xl_put(b, d, xl_pc(b, next));
        xl_exit(b, XL_K_CALL, pc + (uint64_t)(int64_t)imm, next);
        break;
    case T_JR: xl_exiti(b, XL_K_JUMP, xl_get(b, d), 0); break;
    case T_SYS:
        xl_callh(b, 0, 1, xl_const(b, XL_I64, (uint16_t)imm), 0, 0, 0);
        xl_exit(b, XL_K_STATE, next, 0);
        break;
    default: /* illegal: as halt */
        xl_callh(b, 0, 1, xl_const(b, XL_I64, SYS_HALT), 0, 0, 0);
        xl_exit(b, XL_K_STATE, next, 0);
        break;
    }
}

static int ends(uint32_t op)
{
    return op == T_BNE || op == T_JR || op == T_SYS || op == T_JAL || op > T_JAL;
}

static void toy_translate(struct xl_builder *b, uint64_t pc, uint64_t mode)
{
    while (!xl_b_full(b, pc)) {
        int ok;
        uint32_t w = (uint32_t)xl_b_fetch(b, pc, 2, &ok), op, len;

        if (!ok)
            return;
        op = w & 0xff;
        len = op == T_NOP || op == T_ADD || op == T_JR ? 2 : 4;
        if (len == 4)
            w |= (uint32_t)xl_b_fetch(b, pc + 2, 2, &ok) << 16;
        if (!ok)
            return;
        xl_b_insn(b, pc, len);
        lift(b, pc, mode, w, len);
        if (ends(op))
            return;
        pc += len;
    }
}

static int toy_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe,
                    struct xl_walk *w)
{
    struct toy *t = toy_of(x);

    (void)probe;
    __atomic_fetch_add(&t->m->n_walks, 1, __ATOMIC_RELAXED);
    w->pa = va;
    w->prot = XL_PROT_R | XL_PROT_W | XL_PROT_X;
    w->bits = 12;
    for (uint32_t i = 0; i < TOY_MAPS; i++) {
        const struct toy_map *o = &t->m->map[i];

        if (__atomic_load_n(&o->va, __ATOMIC_ACQUIRE) == (va & ~(uint64_t)4095) &&
            __atomic_load_n(&o->ctx, __ATOMIC_RELAXED) == t->ctx) {
            w->pa = __atomic_load_n(&o->pa, __ATOMIC_RELAXED) | (va & 4095);
            w->prot = __atomic_load_n(&o->prot, __ATOMIC_RELAXED);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (t->m->big[i] && va - t->m->big[i] < 1u << 21) {
            w->pa = t->m->big_pa + (va & (TOY_RAM_SIZE / 2 - 1));
            w->bits = 21;
        }
    }
    return w->prot & 1u << access ? 0 : 13;
}

static void toy_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    struct toy *t = toy_of(x);

    t->cause = code;
    t->cause_va = va;
    t->cause_access = access;
    t->cause_pc = x->pc;
    t->n_faults++;
    if (t->vector)
        x->pc = t->vector;
    else
        __atomic_store_n(&x->halted, 1, __ATOMIC_SEQ_CST);
}

static int toy_interrupt(struct xl_vcpu *x)
{
    struct toy *t = toy_of(x);

    __atomic_store_n(&x->pending, 0, __ATOMIC_SEQ_CST);
    t->n_irqs++;
    if (!t->irq_vector)
        return 0;
    t->r[15] = x->pc;
    x->pc = t->irq_vector;
    return 1;
}

static int toy_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len)
{
    (void)pc;
    snprintf(out, len, "op%u", b[0]);
    return (int)n;
}

const struct xl_guest toy_guest = {
    .name = "toy", .state_size = sizeof(struct toy), .min_insn = 2, .max_insn = 4,
    .stack = 15 + 1, .slots = slots, .n_slots = 16, .n_helpers = 2, .helpers = helpers,
    .fp_nan_rule = SF_NAN_RISCV, .fp_tininess = SF_TINY_AFTER, .mode = toy_mode,
    .ctxkey = toy_ctxkey, .translate = toy_translate, .walk = toy_walk, .fault = toy_fault,
    .interrupt = toy_interrupt, .disassemble = toy_disassemble,
};

/* ---- The host ---------------------------------------------- */

static struct toy *cpu_of(pb_cpu *c)
{
    return (struct toy *)(void *)c;
}

static int svc_span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    struct toy_machine *m = cpu_of(c)->m;

    memset(s, 0, sizeof(*s));
    if (gpa - TOY_RAM < TOY_RAM_SIZE) {
        s->gpa = TOY_RAM;
        s->len = TOY_RAM_SIZE;
        s->host = m->ram;
        s->dirty = m->dirty;
        s->code = m->code;
        s->writable = 1;
        return PB_OK;
    }
    if (gpa - TOY_IO < 0x1000) {
        s->gpa = TOY_IO;
        s->len = 0x1000;
        s->io = m;
        return PB_OK;
    }
    return PB_EFAULT;
}

static int svc_io(pb_cpu *c, const struct pb_span *s, struct pb_txn *t)
{
    struct toy_machine *m = cpu_of(c)->m;

    (void)s;
    if (t->off == 0x800) /* nothing answers there */
        return PB_EFAULT;
    if (m->on_io)
        m->on_io(m, t);
    if (t->is_write) {
        __atomic_store_n(&m->io_last, t->val, __ATOMIC_SEQ_CST);
        __atomic_fetch_add(&m->n_io_writes, 1, __ATOMIC_SEQ_CST);
    } else {
        t->val = t->off + 0x1000;
        __atomic_fetch_add(&m->n_io_reads, 1, __ATOMIC_SEQ_CST);
    }
    return PB_OK;
}

static void svc_watch(pb_cpu *c, uint64_t gpa, uint32_t on)
{
    __atomic_store_n(&cpu_of(c)->m->code[(gpa - TOY_RAM) >> 12], (uint8_t)on, __ATOMIC_SEQ_CST);
}

static void svc_code_stored(pb_cpu *c, uint64_t gpa, uint64_t len)
{
    (void)gpa;
    (void)len;
    __atomic_fetch_add(&cpu_of(c)->m->n_code_stored, 1, __ATOMIC_SEQ_CST);
}

static void svc_request(pb_cpu *c, uint32_t what, int32_t code)
{
    (void)c;
    (void)what;
    (void)code;
}

static uint32_t svc_index(pb_cpu *c)
{
    return cpu_of(c)->index;
}

static uint32_t svc_n_cpus(pb_cpu *c)
{
    return cpu_of(c)->m->n_cpus;
}

static pb_dev *svc_dev(pb_cpu *c)
{
    return (pb_dev *)(void *)c;
}

static void *svc_peer(pb_cpu *c, uint32_t i)
{
    return &cpu_of(c)->m->cpu[i];
}

static void *svc_shared(pb_cpu *c, uint64_t bytes)
{
    struct toy_machine *m = cpu_of(c)->m;

    if (!m->shared)
        m->shared = calloc(1, bytes);
    return m->shared;
}

static uint32_t svc_deterministic(pb_cpu *c)
{
    (void)c;
    return 0;
}

static void svc_nothing(pb_cpu *c)
{
    (void)c;
}

static const void *host_get(const pb_host *h, const char *id)
{
    const struct toy_machine *m = (const struct toy_machine *)(const void *)h;

    return strcmp(id, PB_SVC_CPU) == 0 ? &m->svc : NULL;
}

static int host_fail(pb_err *e, int code, const char *text)
{
    if (e)
        snprintf((char *)(void *)e, 256, "%s", text);
    return code;
}

static void host_log(const pb_host *h, pb_dev *dev, uint32_t level, const char *text)
{
    struct toy_machine *m = (struct toy_machine *)(uintptr_t)h;

    (void)dev;
    (void)level;
    m->log_lines++;
    snprintf(m->last_log, sizeof(m->last_log), "%s", text);
}

struct toy_machine *toy_new(uint32_t n_cpus, const char *opts)
{
    struct toy_machine *m = calloc(1, sizeof(*m));

    m->host = (pb_host){.size = sizeof(m->host), .get = host_get, .fail = host_fail,
                        .log = host_log, .log_on = m->log_on};
    m->svc = (struct pb_svc_cpu){
        sizeof(m->svc), 0, svc_span, svc_io, svc_watch, svc_code_stored, svc_request, svc_index,
        svc_n_cpus, svc_dev, svc_peer, svc_shared, svc_deterministic, svc_nothing, svc_nothing,
        svc_nothing};
    m->n_cpus = n_cpus;
    if (!opts)
        opts = getenv("XL_TOY_OPTS"); /* the same tests by the interpreter, with chaos, … */
    m->ram = aligned_alloc(4096, TOY_RAM_SIZE);
    memset(m->ram, 0, TOY_RAM_SIZE);
    for (uint32_t i = 0; i < n_cpus; i++) {
        m->cpu[i].m = m;
        m->cpu[i].index = i;
        if (xl_vcpu_init(&m->cpu[i].x, &toy_guest, (pb_cpu *)(void *)&m->cpu[i], &m->host, opts,
                         (pb_err *)(void *)m->error) != PB_OK) {
            fprintf(stderr, "toy: %s\n", m->error);
            toy_free(m);
            return NULL;
        }
    }
    return m;
}

void toy_free(struct toy_machine *m)
{
    for (uint32_t i = 0; i < m->n_cpus; i++)
        xl_vcpu_fini(&m->cpu[i].x);
    free(m->shared);
    free(m->ram);
    free(m);
}

/* ---- Programs ---------------------------------------------- */

uint64_t toy_2(struct toy_machine *m, uint64_t at, uint32_t op, uint32_t d, uint32_t s)
{
    uint8_t *p = m->ram + (at - TOY_RAM);

    p[0] = (uint8_t)op;
    p[1] = (uint8_t)(d | s << 4);
    return at + 2;
}

uint64_t toy_4(struct toy_machine *m, uint64_t at, uint32_t op, uint32_t d, uint32_t s, int imm)
{
    uint8_t *p = m->ram + (at - TOY_RAM);

    toy_2(m, at, op, d, s);
    p[2] = (uint8_t)imm;
    p[3] = (uint8_t)(imm >> 8);
    return at + 4;
}

void toy_poke64(struct toy_machine *m, uint64_t pa, uint64_t v)
{
    __atomic_store_n((uint64_t *)(void *)(m->ram + (pa - TOY_RAM)), v, __ATOMIC_SEQ_CST);
}

uint64_t toy_peek64(struct toy_machine *m, uint64_t pa)
{
    return __atomic_load_n((uint64_t *)(void *)(m->ram + (pa - TOY_RAM)), __ATOMIC_SEQ_CST);
}

void toy_dma64(struct toy_machine *m, uint64_t pa, uint64_t v)
{
    toy_poke64(m, pa, v);
    if (__atomic_load_n(&m->code[(pa - TOY_RAM) >> 12], __ATOMIC_SEQ_CST)) {
        for (uint32_t i = 0; i < m->n_cpus; i++)
            xl_code_written(&m->cpu[i].x, pa, 8);
    }
}

void toy_remap(struct toy_machine *m, uint32_t i, uint32_t ctx, uint64_t va, uint64_t pa,
               uint32_t prot)
{
    __atomic_store_n(&m->map[i].ctx, ctx, __ATOMIC_RELAXED);
    __atomic_store_n(&m->map[i].prot, prot, __ATOMIC_RELAXED);
    __atomic_store_n(&m->map[i].pa, pa, __ATOMIC_RELAXED);
    __atomic_store_n(&m->map[i].va, va, __ATOMIC_RELEASE);
}

uint32_t toy_run(struct toy_machine *m, uint32_t i, uint64_t pc)
{
    struct toy *t = &m->cpu[i];
    uint32_t code;

    t->x.pc = pc;
    __atomic_store_n(&t->x.halted, 0, __ATOMIC_SEQ_CST);
    do
        code = xl_run(&t->x);
    while (code == PB_EXIT_KICK);
    return code;
}
