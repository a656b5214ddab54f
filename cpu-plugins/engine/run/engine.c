/* SPDX-License-Identifier: MIT */
/* engine.c - life of vCPUs and of the engine that those of a machine share. */
#include "priv.h"

#include "../cache/cache.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef XL_HOST_CODE
static const struct xl_host *const host_code = &XL_HOST_CODE;
#else
static const struct xl_host *const host_code = NULL;
#endif

#define XL_DEFAULT_CODE ((uint64_t)256 << 20)

/* ---- Options ---------------------------------------------- */

struct options {
    uint32_t interp, log, chaos_tlb, chaos_drop, chaos_fault, tiny_cache, seed;
    uint64_t code_bytes;
};

static int is_key(const char *s, size_t n, const char *key)
{
    return strlen(key) == n && memcmp(s, key, n) == 0;
}

static uint32_t log_bit(const char *s, size_t n)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } names[] = {{"in_asm", XL_LOG_IN_ASM}, {"op", XL_LOG_OP}, {"out_asm", XL_LOG_OUT_ASM},
                 {"exec", XL_LOG_EXEC}, {"int", XL_LOG_INT}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_key(s, n, names[i].name))
            return names[i].bit;
    }
    return 0;
}

static int one_option(struct options *o, const char *s, size_t n)
{
    const char *eq = memchr(s, '=', n);
    size_t k = eq ? (size_t)(eq - s) : n;
    char num[24] = "";
    uint64_t v;

    if (eq && is_key(s, k, "log")) {
        o->log |= log_bit(eq + 1, n - k - 1);
        return log_bit(eq + 1, n - k - 1) ? PB_OK : PB_EINVAL;
    }
    if (!eq) {
        if (is_key(s, n, "interp"))
            o->interp = 1;
        else if (log_bit(s, n)) /* the rest of log=a,b */
            o->log |= log_bit(s, n);
        else
            return PB_EINVAL;
        return PB_OK;
    }
    if (n - k - 1 >= sizeof(num))
        return PB_EINVAL;
    memcpy(num, eq + 1, n - k - 1);
    v = strtoull(num, NULL, 0);
    if (is_key(s, k, "tb-size"))
        o->code_bytes = v >= 1 && v <= 2048 ? v << 20 : 0;
    else if (is_key(s, k, "chaos-tlb"))
        o->chaos_tlb = (uint32_t)v;
    else if (is_key(s, k, "chaos-drop"))
        o->chaos_drop = (uint32_t)v;
    else if (is_key(s, k, "chaos-fault"))
        o->chaos_fault = (uint32_t)v;
    else if (is_key(s, k, "chaos-seed"))
        o->seed = (uint32_t)v;
    else if (is_key(s, k, "tiny-cache"))
        o->tiny_cache = (uint32_t)v;
    else
        return PB_EINVAL;
    return o->code_bytes ? PB_OK : PB_EINVAL;
}

static int parse(struct options *o, const char *s)
{
    memset(o, 0, sizeof(*o));
    o->code_bytes = XL_DEFAULT_CODE;
    while (s && *s) {
        size_t n = strcspn(s, ", ");
        int rc = n ? one_option(o, s, n) : PB_OK;

        if (rc != PB_OK)
            return rc;
        s += n + (s[n] != 0);
    }
    return PB_OK;
}

/* ---- The engine ---------------------------------------------- */

static void engine_fini(struct xl_engine *e)
{
    if (e->host_code)
        e->host_code->fini(e);
    xl_cache_fini(e);
    xl_learn_fini(e);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->watch_lock);
    pthread_mutex_destroy(&e->excl_lock);
    free(e->vcpu);
    memset(e, 0, sizeof(*e));
}

/* That this process may use; no host has more than the set holds. */
static uint32_t host_cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : CPU_SETSIZE;
}

static int engine_init(struct xl_engine *e, const struct xl_guest *g, const pb_host *h,
                       uint32_t n_cpus, const struct options *o)
{
    xl_jc_empty[0].va = UINT64_MAX; /* zeros elsewhere match nothing: ctx.h */
    e->guest = g;
    e->host = h;
    e->direct = h->get(h, PB_SVC_USER) != NULL;
    e->log = o->log;
    e->code_bytes = o->code_bytes;
    e->chaos_tlb = o->chaos_tlb;
    e->chaos_drop = o->chaos_drop;
    e->chaos_fault = o->chaos_fault;
    e->chaos_seed = o->seed;
    e->tiny_cache = o->tiny_cache;
    e->max_vcpus = n_cpus;
    e->crowded = n_cpus > 1 && !e->direct && n_cpus > host_cpus();
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->watch_lock, NULL);
    pthread_mutex_init(&e->excl_lock, NULL);
    e->vcpu = calloc(n_cpus, sizeof(e->vcpu[0]));
    if (!e->vcpu || xl_cache_init(e) != PB_OK) {
        engine_fini(e);
        return PB_ENOMEM;
    }
    if (host_code && !o->interp) {
        int rc = host_code->init(e);

        if (rc == PB_OK)
            e->host_code = host_code;
        else if (rc != PB_ENOTSUP) {
            engine_fini(e);
            return rc;
        }
    }
    return PB_OK;
}

/* ---- vCPUs ---------------------------------------------- */

static int make_run(struct xl_vcpu *x)
{
    struct xl_run *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* most is never touched */

    if (r == MAP_FAILED)
        return PB_ENOMEM;
    x->run = r;
    r->map_lo = UINT64_MAX;
    r->chaos = x->engine->chaos_seed + x->svc->index(x->cpu);
    pthread_mutex_init(&r->map_lock, NULL);
    return xl_ctx_init(x);
}

int xl_vcpu_init(struct xl_vcpu *x, const struct xl_guest *g, pb_cpu *cpu, const pb_host *h,
                 const char *opts, pb_err *err)
{
    const struct pb_svc_cpu *svc = h->get(h, PB_SVC_CPU);
    struct options o;
    struct xl_engine *e;
    uint32_t index;
    int rc;

    if (!PB_HAS(struct pb_svc_cpu, svc, resume_others))
        return h->fail(err, PB_ENOTSUP, "this host lacks interface " PB_SVC_CPU);
    if (parse(&o, opts) != PB_OK)
        return h->fail(err, PB_EINVAL, "translation options: want interp, tb-size=1..2048, "
                       "log=in_asm,op,out_asm,exec,int");
    if (g->n_slots > XL_MAX_SLOTS || g->max_insn < g->min_insn || g->max_insn > 16)
        return h->fail(err, PB_EINVAL, "the CPU plugin's description exceeds the engine's limits");
    if (o.chaos_fault && h->get(h, PB_SVC_USER))
        return h->fail(err, PB_EINVAL, "chaos-fault: a program's memory is accessed directly, "
                       "where nothing counts; use it with a machine");
    e = svc->shared(cpu, sizeof(*e));
    index = svc->index(cpu);
    if (!e)
        return h->fail(err, PB_ENOMEM, "no memory for the translation engine");
    if (e->refs == 0 && engine_init(e, g, h, svc->n_cpus(cpu), &o) != PB_OK)
        return h->fail(err, PB_ENOMEM, "the translation engine cannot get its memory");
    e->refs++;
    x->user = h->get(h, PB_SVC_USER);
    x->top = x->user ? x->user->top : 0;
    x->engine = e;
    x->guest = g;
    x->cpu = cpu;
    x->svc = svc;
    x->host = h;
    x->ll_addr = UINT64_MAX;
    x->mxcsr = x->mxcsr_host = 0x1f80; /* masked, to nearest: Intel SDM volume 1, 11.6.4 */
    x->fp_budget = x->top ? XL_FP_BUDGET : 0;
    rc = index < e->max_vcpus ? make_run(x) : PB_EINVAL;
    if (rc != PB_OK) {
        xl_vcpu_fini(x);
        return h->fail(err, rc, "no memory for a vCPU's translation tables");
    }
    __atomic_store_n(&e->vcpu[index], x, __ATOMIC_RELEASE);
    if (e->n_vcpus <= index)
        __atomic_store_n(&e->n_vcpus, index + 1, __ATOMIC_RELEASE);
    return PB_OK;
}

void xl_vcpu_fini(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;
    struct xl_run *r = x->run;

    if (!e)
        return;
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        if (e->vcpu[i] == x)
            __atomic_store_n(&e->vcpu[i], NULL, __ATOMIC_RELEASE);
    }
    if (r) {
        xl_watches_end(x);
        xl_ctx_fini(x);
        pthread_mutex_destroy(&r->map_lock);
        free(r->step);
        munmap(r, sizeof(*r));
    }
    x->run = NULL;
    x->ctx = NULL;
    x->engine = NULL;
    if (--e->refs == 0)
        engine_fini(e);
}
