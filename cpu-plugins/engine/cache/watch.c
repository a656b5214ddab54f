/* SPDX-License-Identifier: MIT */
/* watch.c - code that is written to.
 *
 * A page is watched from before its first byte is read for translation: no vCPU has it in
 * tag_w then, so stores to it come to C, and the host reports writes of others (DMA).
 * Whoever writes in C stores first, then looks whether the page is watched; the translator
 * marks it first, then reads: one of the two sees the other.
 *
 * A unit in the making is in no table yet, so whoever wrote also looks whether someone is
 * building in the page, and if so changes its gen and takes the lock, under which the
 * builder compares gen and enters the unit: it is either refused or found and dropped.
 *
 * What a store did not hit stays. A page without units is let go by the next vCPU that
 * stores there, never by a DMA thread: watch_code() is only called by vCPUs, in one order.
 *
 * A unit that changes itself runs on to its end with the old bytes: the guests so far need
 * a fence instruction there. Not modelled: guests where the next instruction must see it.
 */
#include "cache.h"

#include "../run/priv.h"

void xl_watch(struct xl_vcpu *x, struct xl_page *p)
{
    struct xl_engine *e = x->engine;

    if (__atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) == XL_WATCHED)
        return;
    pthread_mutex_lock(&e->watch_lock);
    if (__atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) != XL_WATCHED) {
        __atomic_store_n(&p->watch, XL_WATCH_PENDING, __ATOMIC_SEQ_CST);
        x->svc->watch_code(x->cpu, p->pa, 1);
        xl_forget_writes(x, p->pa);
        xl_ask_watch(e, x, p->pa);
        /* Who began to build before the page was last let go must not succeed now. */
        __atomic_fetch_add(&p->gen, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&p->watch, XL_WATCHED, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&e->watch_lock);
}

/* Nothing is translated there any more: writes are free again. */
static void unwatch(struct xl_vcpu *x, struct xl_page *p)
{
    struct xl_engine *e = x->engine;
    int off = 0;

    pthread_mutex_lock(&e->watch_lock);
    pthread_mutex_lock(&e->lock);
    if (!p->units && __atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) == XL_WATCHED) {
        /* Who is translating here sees another gen and starts again. */
        __atomic_fetch_add(&p->gen, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&p->watch, XL_UNWATCHED, __ATOMIC_SEQ_CST);
        off = 1;
    }
    pthread_mutex_unlock(&e->lock);
    if (off)
        x->svc->watch_code(x->cpu, p->pa, 0);
    pthread_mutex_unlock(&e->watch_lock);
}

/* Bytes of [from, to) were written: may units lie there? Warns who builds there. */
static int touches_code(struct xl_page *p, uint32_t from, uint32_t to)
{
    uint32_t a = from >> 6, n = ((to - 1) >> 6) - a + 1;
    uint64_t m = (n >= 64 ? ~(uint64_t)0 : (((uint64_t)1 << n) - 1)) << a;

    if (__atomic_load_n(&p->building, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_add(&p->gen, 1, __ATOMIC_SEQ_CST);
        return 1;
    }
    return (__atomic_load_n(&p->code_map, __ATOMIC_SEQ_CST) & m) != 0;
}

void xl_stored(struct xl_vcpu *x, uint64_t pa, uint32_t len)
{
    struct xl_engine *e = x->engine;
    struct xl_page *p = xl_page_find(e, pa);
    uint32_t from = (uint32_t)(pa & XL_PAGE_MASK), n = 0, was;

    if (!p || __atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) == XL_UNWATCHED)
        return;
    was = x->in_unit;
    if (touches_code(p, from, from + len)) {
        xl_out(x);
        pthread_mutex_lock(&e->lock);
        n = xl_drop_range(e, pa, len);
        pthread_mutex_unlock(&e->lock);
        if (n)
            xl_tell_all(e, XL_REQ_JC);
    }
    if (e->refs < x->svc->n_cpus(x->cpu)) { /* CPUs of another kind may watch it too */
        xl_out(x);
        x->svc->code_stored(x->cpu, pa, len);
    }
    if (!__atomic_load_n(&p->code_map, __ATOMIC_SEQ_CST)) {
        xl_out(x);
        unwatch(x, p);
    }
    if (was && !x->in_unit)
        xl_in(x);
}

void xl_code_written(struct xl_vcpu *x, uint64_t gpa, uint64_t len)
{
    struct xl_engine *e = x->engine;
    uint64_t at = gpa, left = len;
    uint32_t hit = 0, n;

    xl_barrier(x);
    while (left) {
        struct xl_page *p = xl_page_find(e, at);
        uint32_t from = (uint32_t)(at & XL_PAGE_MASK);
        uint64_t part = XL_PAGE_SIZE - from < left ? XL_PAGE_SIZE - from : left;

        if (p && touches_code(p, from, from + (uint32_t)part))
            hit = 1;
        at += part;
        left -= part;
    }
    if (!hit)
        return;
    pthread_mutex_lock(&e->lock);
    n = xl_drop_range(e, gpa, len);
    pthread_mutex_unlock(&e->lock);
    if (n)
        xl_tell_all(e, XL_REQ_JC);
}
