/* SPDX-License-Identifier: MIT */
/* service.c - pb.cpu/1: spans, I/O, code watching, exclusive sections.
 *
 * A span's handle is the range of the flat view that it was found in. vCPU threads are
 * epoch readers while they run, so a view that they may hold handles into is not freed;
 * a new view kicks them, and they let go of the old one when run() returns.
 */
#include "../mem/mem.h"
#include "vcpu.h"

#include <string.h>

static int cpu_span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    int rc = PB_EFAULT;

    pb_epoch_enter();
    const struct pb_range *g = pb_view_find(atomic_load(&pb_mem(c->m)->system.view), gpa);
    if (g) {
        pb_region *r = g->r;
        uint64_t len = g->last - g->first;
        gboolean mem = r->kind == PB_REGION_RAM ||
                       (r->kind == PB_REGION_ROM_DEVICE && atomic_load(&r->rom_mode));
        *s = (struct pb_span){.gpa = g->first, .len = len == UINT64_MAX ? len : len + 1,
                              .io = g, .reserved = g->secure ? PB_SPAN_SECURE : 0};
        if (mem) {
            volatile uint8_t *dirty = atomic_load(&r->dirty);
            s->host = r->host + g->off;
            s->writable = r->kind == PB_REGION_RAM && !r->rom;
            s->dirty = dirty ? dirty + (g->off >> PB_PAGE_BITS) : NULL;
            s->code = r->code + (g->off >> PB_PAGE_BITS);
        }
        rc = PB_OK;
    }
    pb_epoch_leave();
    return rc;
}

/* Memory by io(): engines do not, but debuggers and tests may. */
static int mem_access(const struct pb_range *g, uint64_t at, struct pb_txn *t)
{
    if (t->is_write) /* a store to ROM goes nowhere */
        return g->r->rom ? PB_OK : pb_mem_poke(g->r->m, at, &t->val, t->bytes);
    uint64_t off = g->off + (at - g->first);
    t->val = 0;
    for (uint32_t i = 0; i < t->bytes; i++)
        t->val |= (uint64_t)g->r->host[off + i] << i * 8;
    return PB_OK;
}

static int cpu_io(pb_cpu *c, const struct pb_span *s, struct pb_txn *t)
{
    const struct pb_range *g = s->io;
    uint64_t at = s->gpa + t->off;
    uint64_t was = t->off;
    int rc;

    if (!g || at < g->first || at > g->last || t->bytes == 0 || t->bytes > 8 ||
        t->bytes - 1 > g->last - at || (g->secure && !(t->attrs & (PB_TXN_SECURE | PB_TXN_DEBUG))))
        return PB_EFAULT;
    if (!g->r->ops)
        return mem_access(g, at, t);
    if (!t->is_write && g->r->kind == PB_REGION_ROM_DEVICE && atomic_load(&g->r->rom_mode))
        return mem_access(g, at, t);
    t->off = g->off + (at - g->first);
    t->requester = c->index;
    gboolean running = pb_tl.cpu == c; /* not a debugger on another thread */
    if (running)
        pb_gate_leave(c);
    rc = pb_region_access(g->r, t);
    if (running)
        pb_gate_enter(c);
    t->off = was;
    return rc;
}

static void cpu_watch_code(pb_cpu *c, uint64_t gpa, uint32_t on)
{
    pb_watch_code(c->m, gpa, on);
}

static void cpu_code_stored(pb_cpu *c, uint64_t gpa, uint64_t len)
{
    pb_cpu_code_written(c->m, c, gpa, len);
}

static void cpu_request(pb_cpu *c, uint32_t what, int32_t code)
{
    pb_machine_request(c->m, what, code);
}

static uint32_t cpu_index(pb_cpu *c)
{
    return c->index;
}

static uint32_t cpu_count(pb_cpu *c)
{
    return c->m->cpus->len;
}

static pb_dev *cpu_dev(pb_cpu *c)
{
    return c->dev;
}

static void *cpu_peer(pb_cpu *c, uint32_t i)
{
    pb_dev *d = i < c->m->cpus->len ? g_ptr_array_index(c->m->cpus, i) : NULL;

    return d ? d->self : NULL;
}

static void *cpu_shared(pb_cpu *c, uint64_t bytes)
{
    struct pb_shared *s = c->m->shared;

    for (; s; s = s->next)
        if (s->cls == c->cls)
            return s->bytes >= bytes ? s->mem : NULL;
    if (bytes == 0 || bytes > (uint64_t)1 << 40)
        return NULL;
    s = g_new0(struct pb_shared, 1);
    s->cls = c->cls;
    s->bytes = bytes;
    s->mem = pb_ram_alloc(bytes);
    s->next = c->m->shared;
    c->m->shared = s;
    return s->mem;
}

void pb_cpu_shared_free(struct pb_machine *m)
{
    while (m->shared) {
        struct pb_shared *s = m->shared;
        m->shared = s->next;
        pb_ram_free(s->mem, s->bytes);
        g_free(s);
    }
}

static uint32_t cpu_deterministic(pb_cpu *c)
{
    return (uint32_t)c->m->deterministic;
}

/* ---- Exclusive sections ----------------------------------------------------------------- */

void pb_gate_wait(struct pb_cpu *c)
{
    pthread_mutex_lock(&pb_gate.lock);
    while (atomic_load(&pb_gate.closed) && pb_gate.owner != c) {
        atomic_store(&c->inside, 0);
        pthread_cond_broadcast(&pb_gate.cond);
        pthread_cond_wait(&pb_gate.cond, &pb_gate.lock);
    }
    atomic_store(&c->inside, 1);
    pthread_mutex_unlock(&pb_gate.lock);
}

void pb_gate_left(struct pb_cpu *c)
{
    (void)c;
    pthread_mutex_lock(&pb_gate.lock);
    pthread_cond_broadcast(&pb_gate.cond);
    pthread_mutex_unlock(&pb_gate.lock);
}

static gboolean someone_inside(struct pb_cpu *but)
{
    for (guint i = 0; i < but->m->cpus->len; i++) {
        struct pb_cpu *c = ((pb_dev *)g_ptr_array_index(but->m->cpus, i))->cpu;
        if (c != but && atomic_load(&c->inside))
            return TRUE;
    }
    return FALSE;
}

static void cpu_stop_others(pb_cpu *c)
{
    pthread_mutex_lock(&pb_gate.lock);
    while (atomic_load(&pb_gate.closed)) { /* another's section: we count as stopped */
        atomic_store(&c->inside, 0);
        pthread_cond_broadcast(&pb_gate.cond);
        pthread_cond_wait(&pb_gate.cond, &pb_gate.lock);
    }
    atomic_store(&c->inside, 1);
    pb_gate.owner = c;
    atomic_store(&pb_gate.closed, 1);
    pb_barrier_all();
    for (guint i = 0; i < c->m->cpus->len; i++) {
        struct pb_cpu *o = ((pb_dev *)g_ptr_array_index(c->m->cpus, i))->cpu;
        if (o != c && atomic_load(&o->inside))
            o->cls->kick(o->dev->self);
    }
    while (someone_inside(c))
        pthread_cond_wait(&pb_gate.cond, &pb_gate.lock);
    pthread_mutex_unlock(&pb_gate.lock);
}

static void cpu_resume_others(pb_cpu *c)
{
    pthread_mutex_lock(&pb_gate.lock);
    g_assert(pb_gate.owner == c);
    pb_gate.owner = NULL;
    atomic_store(&pb_gate.closed, 0);
    pthread_cond_broadcast(&pb_gate.cond);
    pthread_mutex_unlock(&pb_gate.lock);
}

const struct pb_svc_cpu pb_cpu_service = {
    .size = sizeof(struct pb_svc_cpu),
    .span = cpu_span,
    .io = cpu_io,
    .watch_code = cpu_watch_code,
    .code_stored = cpu_code_stored,
    .request = cpu_request,
    .index = cpu_index,
    .n_cpus = cpu_count,
    .dev = cpu_dev,
    .peer = cpu_peer,
    .shared = cpu_shared,
    .deterministic = cpu_deterministic,
    .stop_others = cpu_stop_others,
    .resume_others = cpu_resume_others,
    .wake = pb_cpu_wake,
};
