/* SPDX-License-Identifier: MIT */
/* request.c - what vCPUs ask of each other, kicks, and the exclusive section.
 *
 * See priv.h for the two flags and why requests are not lost. Nobody waits while holding
 * e->lock, and whoever waits has its own in_unit at 0, so two vCPUs may ask each other at
 * once, and a vCPU that waits in a device counts as stopped.
 */
#include "priv.h"

#include "../cache/cache.h"

#include <sched.h>
#include <time.h>

struct xl_jc xl_jc_empty[XL_JC_SIZE];

void xl_poke(struct xl_vcpu *x)
{
    struct xl_ctx *c;

    __atomic_store_n(&x->poll, XL_POLL, __ATOMIC_SEQ_CST);
    c = __atomic_load_n(&x->ctx, __ATOMIC_SEQ_CST);
    if (c) /* indirect exits poll by missing. An old context is put right at its next miss */
        __atomic_store_n(&c->jc_base, xl_jc_empty, __ATOMIC_SEQ_CST);
}

void xl_kick(struct xl_vcpu *x)
{
    __atomic_fetch_or(&x->requests, XL_REQ_KICK, __ATOMIC_SEQ_CST);
    xl_poke(x);
}

void xl_wake(struct xl_vcpu *x)
{
    xl_poke(x);
}

/* The map changed: spans and translations of that range are forgotten. */
static void map_request(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    uint64_t lo, hi;
    uint32_t n;

    pthread_mutex_lock(&r->map_lock);
    lo = r->map_lo;
    hi = r->map_hi;
    r->map_lo = UINT64_MAX;
    r->map_hi = 0;
    pthread_mutex_unlock(&r->map_lock);
    for (uint32_t i = 0; i < XL_SPANS; i++)
        r->span[i].len = 0;
    xl_forget_all(x);
    if (lo > hi)
        return;
    pthread_mutex_lock(&x->engine->lock);
    n = xl_drop_range(x->engine, lo, hi - lo == UINT64_MAX ? UINT64_MAX : hi - lo + 1);
    pthread_mutex_unlock(&x->engine->lock);
    if (n)
        xl_ask_others(x->engine, x, XL_REQ_JC);
}

/* Pages became watched. None: they were taken before the bit of the last was set. */
static void watch_request(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    uint64_t page[XL_WATCHES];
    uint32_t n;

    pthread_mutex_lock(&r->map_lock);
    n = r->n_watch;
    r->n_watch = 0;
    for (uint32_t i = 0; i < n && i < XL_WATCHES; i++)
        page[i] = r->watch[i];
    pthread_mutex_unlock(&r->map_lock);
    if (n > XL_WATCHES) {
        xl_forget_writes(x, UINT64_MAX);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        xl_forget_writes(x, page[i]);
}

/* None: they were taken before the bit of the last was set. */
static void flush_request(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);

    pthread_mutex_lock(&r->map_lock);
    if (r->n_flush > XL_FLUSHES)
        xl_forget_all(x);
    else
        for (uint32_t i = 0; i < r->n_flush; i++)
            xl_tlb_flush(x, &r->flush[i].want, &r->flush[i].mask, r->flush[i].va, r->flush[i].all);
    r->n_flush = 0;
    pthread_mutex_unlock(&r->map_lock);
}

uint32_t xl_do_requests(struct xl_vcpu *x)
{
    uint32_t q = __atomic_fetch_and(&x->requests, XL_REQ_KICK, __ATOMIC_SEQ_CST);

    if (q & XL_REQ_MAP)
        map_request(x);
    if (q & XL_REQ_FLUSH)
        xl_forget_all(x);
    if (q & XL_REQ_PAGES)
        flush_request(x);
    if (q & XL_REQ_JC)
        xl_forget_code(x);
    if (q & XL_REQ_WATCH)
        watch_request(x);
    return q & XL_REQ_KICK;
}

void xl_in(struct xl_vcpu *x)
{
    for (;;) {
        __atomic_store_n(&x->in_unit, 1, __ATOMIC_SEQ_CST);
        if (!(__atomic_load_n(&x->requests, __ATOMIC_SEQ_CST) & ~XL_REQ_KICK))
            return;
        xl_out(x);
        xl_do_requests(x);
    }
}

static void pause_a_bit(uint32_t *n)
{
    struct timespec t = {0, 20000};

    if (++*n < 16)
        sched_yield();
    else
        nanosleep(&t, NULL);
}

/* Once poked it comes here by itself: no need to do that again for each request. */
static void ask(struct xl_vcpu *y, uint32_t what)
{
    uint32_t had = __atomic_fetch_or(&y->requests, what, __ATOMIC_SEQ_CST);

    if ((had & what) != what && __atomic_load_n(&y->in_unit, __ATOMIC_SEQ_CST))
        xl_poke(y);
}

void xl_tell_all(struct xl_engine *e, uint32_t what)
{
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);

        if (y)
            ask(y, what);
    }
}

/* Until nobody runs on without having done what was asked. */
static void wait_for_others(struct xl_engine *e, struct xl_vcpu *self, uint32_t what)
{
    uint32_t spins = 0;

    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);

        while (y && y != self && (__atomic_load_n(&y->requests, __ATOMIC_SEQ_CST) & what) &&
               __atomic_load_n(&y->in_unit, __ATOMIC_SEQ_CST))
            pause_a_bit(&spins);
    }
}

void xl_ask_others(struct xl_engine *e, struct xl_vcpu *self, uint32_t what)
{
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);

        if (y && y != self)
            ask(y, what);
    }
    wait_for_others(e, self, what);
}

void xl_ask_watch(struct xl_engine *e, struct xl_vcpu *self, uint64_t page)
{
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);
        struct xl_run *r;

        if (!y || y == self)
            continue;
        r = xl_r(y);
        pthread_mutex_lock(&r->map_lock);
        if (r->n_watch < XL_WATCHES)
            r->watch[r->n_watch] = page;
        if (r->n_watch <= XL_WATCHES)
            r->n_watch++;
        pthread_mutex_unlock(&r->map_lock);
    }
    xl_ask_others(e, self, XL_REQ_WATCH);
}

void xl_tlb_flush_everywhere(struct xl_vcpu *x, const struct xl_ctxkey *want,
                             const struct xl_ctxkey *mask, uint64_t va, uint32_t all)
{
    struct xl_engine *e = x->engine;

    xl_tlb_flush(x, want, mask, va, all);
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);
        struct xl_run *r;

        if (!y || y == x)
            continue;
        r = xl_r(y);
        pthread_mutex_lock(&r->map_lock);
        if (r->n_flush < XL_FLUSHES) {
            r->flush[r->n_flush].want = *want;
            r->flush[r->n_flush].mask = *mask;
            r->flush[r->n_flush].va = va;
            r->flush[r->n_flush].all = all;
        }
        if (r->n_flush <= XL_FLUSHES)
            r->n_flush++;
        pthread_mutex_unlock(&r->map_lock);
        ask(y, XL_REQ_PAGES);
    }
}

void xl_tlb_flush_wait(struct xl_vcpu *x)
{
    uint32_t was = x->in_unit;

    xl_out(x);
    wait_for_others(x->engine, x, XL_REQ_PAGES);
    if (was)
        xl_in(x);
}

void xl_relax(struct xl_vcpu *x)
{
    uint32_t was = x->in_unit;

    if (!x->engine->crowded)
        return;
    xl_out(x); /* nobody waits for us meanwhile */
    sched_yield();
    if (was)
        xl_in(x);
}

void xl_each_other(struct xl_vcpu *x, void (*fn)(struct xl_vcpu *y))
{
    struct xl_engine *e = x->engine;

    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);

        if (y && y != x)
            fn(y);
    }
}

void xl_map_changed(struct xl_vcpu *x, uint64_t gpa, uint64_t len)
{
    struct xl_run *r = xl_r(x);

    if (x->top) {
        xl_user_unmapped(x, gpa, len);
        return;
    }
    uint64_t hi = len && gpa + (len - 1) >= gpa ? gpa + (len - 1) : len ? UINT64_MAX : gpa;

    pthread_mutex_lock(&r->map_lock);
    r->map_lo = gpa < r->map_lo ? gpa : r->map_lo;
    r->map_hi = hi > r->map_hi ? hi : r->map_hi;
    pthread_mutex_unlock(&r->map_lock);
    __atomic_fetch_or(&x->requests, XL_REQ_MAP, __ATOMIC_SEQ_CST);
    xl_poke(x);
}

/* ---- The exclusive section ------------------------------------------------------------- */

XL_NEAR static void go_inside(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;

    for (;;) {
        __atomic_store_n(&xl_r(x)->inside, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&e->excl, __ATOMIC_SEQ_CST))
            return;
        x->exit_link = NULL;
        __atomic_store_n(&xl_r(x)->inside, 0, __ATOMIC_SEQ_CST);
        pthread_mutex_lock(&e->excl_lock); /* its holder is done when we get it */
        pthread_mutex_unlock(&e->excl_lock);
    }
}

void xl_safepoint(struct xl_vcpu *x)
{
    if (!__atomic_load_n(&xl_r(x)->inside, __ATOMIC_RELAXED) ||
        __atomic_load_n(&x->engine->excl, __ATOMIC_RELAXED))
        go_inside(x);
}

void xl_exclusive(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;

    x->exit_link = NULL;
    xl_out(x);
    __atomic_store_n(&xl_r(x)->inside, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&e->excl_lock);
    __atomic_store_n(&e->excl, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < e->n_vcpus; i++) {
        struct xl_vcpu *y = __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE);
        uint32_t spins = 0;

        while (y && y != x && __atomic_load_n(&xl_r(y)->inside, __ATOMIC_SEQ_CST)) {
            xl_poke(y);
            pause_a_bit(&spins);
        }
    }
}

void xl_shared(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;

    __atomic_store_n(&e->excl, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&e->excl_lock);
    go_inside(x);
}
