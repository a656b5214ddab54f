/* SPDX-License-Identifier: MIT */
/* domain.c - slow paths of the domain lock, and the work that waits in a domain.
 *
 * Work is handed over without waiting: the giver publishes it, then tries the lock; the
 * holder releases the lock, then looks for work. Both steps are sequentially consistent,
 * so at least one of the two sees the other, and no work is left behind.
 */
#include "domain.h"

#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../machine/machine.h"

_Thread_local struct pb_thread pb_tl;

/* Rounds that one unlock spends on others' work before the helper takes over. */
#define ROUNDS 32

struct pb_domain *pb_domain_new(void)
{
    struct pb_domain *dom = g_new0(struct pb_domain, 1);

    pthread_mutex_init(&dom->soon_lock, NULL);
    dom->soon = g_array_new(FALSE, FALSE, sizeof(struct pb_soon));
    return dom;
}

void pb_domain_free(struct pb_domain *dom)
{
    if (!dom)
        return;
    g_array_free(dom->soon, TRUE);
    pthread_mutex_destroy(&dom->soon_lock);
    g_free(dom);
}

void pb__domain_wait(struct pb_domain *dom)
{
    for (int spin = 0; spin < 100; spin++) {
        uint32_t free = 0;
        if (atomic_load_explicit(&dom->lock, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong(&dom->lock, &free, 1))
            return;
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    while (atomic_exchange(&dom->lock, 2) != 0)
        pb_futex_wait(&dom->lock, 2, NULL);
}

static gboolean take_soon(struct pb_domain *dom, struct pb_soon *s)
{
    gboolean got = FALSE;

    pthread_mutex_lock(&dom->soon_lock);
    if (dom->soon->len) {
        *s = g_array_index(dom->soon, struct pb_soon, 0);
        g_array_remove_index(dom->soon, 0);
        atomic_store(&dom->n_soon, dom->soon->len);
        got = TRUE;
    }
    pthread_mutex_unlock(&dom->soon_lock);
    return got;
}

static void run_soon(struct pb_soon *s)
{
    struct pb_frame f;

    pb_cb_enter(&f, s->d);
    f.soon = TRUE;
    s->fn(s->opaque);
    pb_cb_leave(&f);
    if (s->d->cpu)
        pb_cpu_wake(s->d->cpu);
}

void pb__domain_work(struct pb_domain *dom)
{
    struct pb_domain *held = pb_tl.held;
    struct pb_soon s;

    pb_tl.held = dom;
    for (int round = 0; round < ROUNDS && pb_domain_has_work(dom); round++) {
        pb_line_drain(dom);
        uint32_t n = atomic_load(&dom->n_soon);
        while (n-- && take_soon(dom, &s))
            run_soon(&s);
    }
    pb_tl.held = held;
}

void pb__domain_after(struct pb_domain *dom)
{
    for (int round = 0; pb_domain_has_work(dom); round++) {
        if (round == 2) { /* someone keeps it busy: not on this thread's time */
            pb_time_drain(dom);
            return;
        }
        if (!pb_domain_trylock(dom))
            return; /* its holder will see the work */
        pb__domain_work(dom);
        pb_domain_drop(dom);
    }
}

void pb__later(void)
{
    while (pb_tl.n_later)
        pb__domain_after(pb_tl.later[--pb_tl.n_later]);
}

void pb_domain_poke(struct pb_domain *dom)
{
    if (pb_tl.held == dom || pb_tl.all)
        return; /* our own unlock does it */
    if (!pb_tl.frame && !pb_tl.held) {
        pb__domain_after(dom);
        return;
    }
    for (uint32_t i = 0; i < pb_tl.n_later; i++)
        if (pb_tl.later[i] == dom)
            return;
    if (pb_tl.n_later < PB_LATER)
        pb_tl.later[pb_tl.n_later++] = dom;
    else
        pb_time_drain(dom);
}

/* ---- All of them ------------------------------------------------------------------------- */

#define MOST_ROUNDS 1000 /* a device that always finds work must not stop the emulator */

static GPtrArray *domains_of(struct pb_machine *m)
{
    GPtrArray *v = g_ptr_array_new();

    g_ptr_array_add(v, m->domain);
    for (guint i = 0; i < m->devs->len; i++) {
        struct pb_domain *dom = ((pb_dev *)g_ptr_array_index(m->devs, i))->domain;
        if (!g_ptr_array_find(v, dom, NULL))
            g_ptr_array_add(v, dom);
    }
    return v;
}

static gboolean lock_all(GPtrArray *v)
{
    gboolean work = FALSE;

    for (guint i = 0; i < v->len; i++)
        pb_domain_lock(g_ptr_array_index(v, i));
    pb_tl.all = TRUE;
    for (guint i = 0; i < v->len; i++)
        work |= pb_domain_has_work(g_ptr_array_index(v, i));
    return work;
}

static void unlock_all(GPtrArray *v)
{
    pb_tl.all = FALSE;
    for (guint i = 0; i < v->len; i++) {
        pb_tl.held = g_ptr_array_index(v, i);
        pb_domain_unlock(pb_tl.held);
    }
    pb__later();
}

GPtrArray *pb_domains_freeze(struct pb_machine *m)
{
    GPtrArray *v = domains_of(m);

    PB_ASSERT_MAIN();
    g_assert(!pb_tl.held && !pb_tl.all);
    for (int round = 0; lock_all(v) && round < MOST_ROUNDS; round++)
        unlock_all(v);
    return v;
}

void pb_domains_thaw(GPtrArray *frozen)
{
    unlock_all(frozen);
    g_ptr_array_unref(frozen);
}
