/* SPDX-License-Identifier: MIT */
/* watch.c - pages whose writes matter to someone: dirty tracking, translated code.
 *
 * One byte a page each. A data page costs a writer one load per page and kind.
 */
#include "mem.h"

#include "../cpu/cpu.h"
#include "epoch.h"

#include <string.h>
#include <sys/mman.h>

static void code_hit(struct pb_machine *m, uint64_t gpa, uint64_t len, void *user)
{
    (void)user;
    pb_cpu_code_written(m, NULL, gpa, len);
}

void pb_written(pb_region *r, uint64_t off, uint64_t len)
{
    uint64_t first = off >> PB_PAGE_BITS, last = (off + len - 1) >> PB_PAGE_BITS;
    volatile uint8_t *dirty = atomic_load_explicit(&r->dirty, memory_order_acquire);

    for (uint64_t p = first; p <= last; p++) {
        if (dirty && !__atomic_load_n(&dirty[p], __ATOMIC_RELAXED))
            __atomic_store_n(&dirty[p], 1, __ATOMIC_RELAXED);
        if (!__atomic_load_n(&r->code[p], __ATOMIC_SEQ_CST))
            continue;
        uint64_t from = MAX(off, p << PB_PAGE_BITS);
        uint64_t to = MIN(off + len - 1, (p << PB_PAGE_BITS) + PB_PAGE - 1);
        pb_view_each(r->m, r, from, to, code_hit, NULL);
    }
}

/* The map has changed since the window was made: find the region by the pointer. */
void pb_written_host(struct pb_machine *m, const uint8_t *host, uint64_t len)
{
    struct pb_mem *mem = pb_mem(m);
    pb_region *r = NULL;

    pthread_mutex_lock(&mem->lock);
    for (guint i = 0; i < mem->regions->len && !r; i++) {
        pb_region *o = g_ptr_array_index(mem->regions, i);
        if (o->host && host >= o->host && (uint64_t)(host - o->host) <= o->last)
            r = o;
    }
    pthread_mutex_unlock(&mem->lock);
    if (r)
        pb_written(r, (uint64_t)(host - r->host), len);
}

void pb_watch_code(struct pb_machine *m, uint64_t gpa, uint32_t on)
{
    pb_epoch_enter();
    const struct pb_range *g = pb_view_find(atomic_load(&pb_mem(m)->system.view), gpa);
    if (g && g->r->code) {
        volatile uint8_t *b = &g->r->code[(g->off + (gpa - g->first)) >> PB_PAGE_BITS];
        uint8_t old = __atomic_load_n(b, __ATOMIC_RELAXED), new;
        do /* saturates: a page that very many watch stays watched */
            new = old == 255 ? 255 : on ? old + 1 : old ? old - 1 : 0;
        while (!__atomic_compare_exchange_n(b, &old, new, 0, __ATOMIC_SEQ_CST,
                                            __ATOMIC_RELAXED));
    }
    pb_epoch_leave();
}

void pb_region_track(pb_region *r, gboolean on)
{
    uint64_t pages = (r->last >> PB_PAGE_BITS) + 1;
    volatile uint8_t *map = atomic_load(&r->dirty);

    if (!r->host || !map == !on)
        return;
    if (on && r->old_dirty) { /* clean since it was put away */
        atomic_store(&r->dirty, r->old_dirty);
        r->old_dirty = NULL;
        pb_view_changed_region(r, 0, r->last);
        return;
    }
    if (on) {
        void *p = mmap(NULL, pages, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            return;
        atomic_store(&r->dirty, p);
        pb_view_changed_region(r, 0, r->last);
        return;
    }
    atomic_store(&r->dirty, NULL);
    pb_view_changed_region(r, 0, r->last);
    /* Spans may still point there: free it with the region only. */
    madvise((void *)map, pages, MADV_DONTNEED);
    r->old_dirty = map;
}
