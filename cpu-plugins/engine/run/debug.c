/* SPDX-License-Identifier: MIT */
/* debug.c - breakpoints, watchpoints and the debugger's view of memory.
 *
 * Units are found by physical address, breakpoints are virtual: a block ends before any pc
 * with the page offset of a breakpoint, nothing is linked or cached there, and the loop
 * compares the whole pc. Pages with a watchpoint stay out of the TLB. A watchpoint that
 * hits abandons the unit before the access; the instruction is then done alone, and the
 * run ends behind it.
 *
 * In user mode accesses of generated code go by no table, so as long as there is a watchpoint
 * units are made for the interpreter, which looks at each address. What the system's calls do
 * to the program's memory is not seen.
 */
#include "priv.h"

#include "../cache/cache.h"

#include <string.h>

int xl_bp_at(struct xl_vcpu *x, uint64_t pc)
{
    const struct xl_run *r = xl_r(x);

    for (uint32_t i = 0; i < r->n_bp; i++) {
        if (r->bp[i].addr == pc)
            return 1;
    }
    return 0;
}

int xl_bp_near(struct xl_vcpu *x, uint64_t pc)
{
    const struct xl_run *r = xl_r(x);

    for (uint32_t i = 0; i < r->n_bp; i++) {
        if (((r->bp[i].addr ^ pc) & XL_PAGE_MASK) == 0)
            return 1;
    }
    return xl_stops_at(x->engine, pc);
}

int xl_wp_page(struct xl_vcpu *x, uint64_t va)
{
    const struct xl_run *r = xl_r(x);

    for (uint32_t i = 0; i < r->n_wp; i++) {
        uint64_t first = r->wp[i].addr & ~(uint64_t)XL_PAGE_MASK;
        uint64_t last = (r->wp[i].addr + r->wp[i].len - 1) & ~(uint64_t)XL_PAGE_MASK;
        uint64_t page = va & ~(uint64_t)XL_PAGE_MASK;

        if (page - first <= last - first)
            return 1;
    }
    return x->watches && x->guest->watch(x, va & ~(uint64_t)XL_PAGE_MASK, XL_PAGE_SIZE, XL_X);
}

void xl_wp_check(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access)
{
    struct xl_run *r = xl_r(x);

    if (r->wp_pass || r->wp_hit || !(r->in_host || r->in_interp))
        return;
    for (uint32_t i = 0; i < r->n_wp; i++) {
        const struct xl_break *w = &r->wp[i];
        int kind_fits = w->kind == 4 || w->kind == (access == XL_W ? 2u : 3u);

        if (!kind_fits || (va - w->addr >= w->len && w->addr - va >= size))
            continue;
        r->wp_hit = 1;
        r->stop_kind = w->kind;
        r->stop_addr = va > w->addr ? va : w->addr;
        xl_sync(x);
        xl_leave(x);
    }
}

static int set_in(struct xl_break *v, uint32_t *n, const struct xl_break *b, uint32_t on)
{
    uint32_t i = 0;

    while (i < *n && (v[i].addr != b->addr || v[i].len != b->len || v[i].kind != b->kind))
        i++;
    if (!on) {
        if (i == *n)
            return PB_ENOENT;
        v[i] = v[--*n];
        return PB_OK;
    }
    if (i < *n)
        return PB_OK;
    if (*n == XL_BREAKS)
        return PB_ENOSPC;
    v[(*n)++] = *b;
    return PB_OK;
}

/* User mode: the first and the last watchpoint of all change how units are made. */
static void count_watches(struct xl_vcpu *x, int n)
{
    struct xl_engine *e = x->engine;
    uint32_t had;

    pthread_mutex_lock(&e->lock);
    had = e->n_watches;
    e->n_watches += (uint32_t)n;
    if (!had != !e->n_watches) {
        __atomic_fetch_add(&e->map_gen, 1, __ATOMIC_SEQ_CST); /* what is being built, too */
        xl_drop_range(e, 0, UINT64_MAX);
    }
    pthread_mutex_unlock(&e->lock);
    xl_ask_others(e, x, XL_REQ_JC);
}

void xl_watches_end(struct xl_vcpu *x)
{
    if (x->top && xl_r(x)->n_wp)
        count_watches(x, -(int)xl_r(x)->n_wp);
}

int xl_breakpoint(struct xl_vcpu *x, uint32_t kind, uint64_t addr, uint64_t len, uint32_t on)
{
    struct xl_run *r = xl_r(x);
    struct xl_break b = {.addr = addr, .len = len ? len : 1, .kind = kind <= 1 ? 0 : kind};
    uint32_t had = r->n_wp;
    int rc;

    if (kind > 4)
        return PB_ENOTSUP;
    if (kind > 1) {
        rc = set_in(r->wp, &r->n_wp, &b, on);
        if (x->top && r->n_wp != had)
            count_watches(x, (int)(r->n_wp - had));
        xl_forget_all(x);
        return rc;
    }
    b.len = 1;
    rc = set_in(r->bp, &r->n_bp, &b, on);
    pthread_mutex_lock(&x->engine->lock);
    xl_drop_range(x->engine, 0, UINT64_MAX);
    pthread_mutex_unlock(&x->engine->lock);
    xl_forget_code(x);
    xl_ask_others(x->engine, x, XL_REQ_JC);
    return rc;
}

void xl_step(struct xl_vcpu *x, uint32_t on)
{
    x->stop_step = on != 0;
}

uint64_t xl_stop_addr(struct xl_vcpu *x, uint32_t *kind)
{
    if (kind)
        *kind = xl_r(x)->stop_kind;
    return xl_r(x)->stop_addr;
}

int xl_debug_translate(struct xl_vcpu *x, uint64_t va, uint32_t access, uint64_t *pa)
{
    struct xl_walk w = {0};
    int rc = x->guest->walk(x, va, access, 1, &w);

    if (rc == 0)
        *pa = w.pa;
    return rc == 0 ? PB_OK : PB_EFAULT;
}
