/* SPDX-License-Identifier: MIT */
/* domain.h - domains, callback frames, and what a thread knows of itself.
 *
 * A domain serialises the callbacks of its devices. Its lock is one atomic exchange when
 * nobody else wants it. Work that arrives while it is held (line changes, deferred calls)
 * waits in the domain and is done by whoever unlocks it, so nobody waits to hand it over.
 *
 * Every call into a plugin is framed by pb_cb_enter and pb_cb_leave. The frames of a
 * thread form a chain: it tells which domain is held and which devices are being called,
 * which is all that the rule "no thread holds two domains, no device is re-entered" needs.
 */
#ifndef PB_CORE_DOMAIN_H
#define PB_CORE_DOMAIN_H

#include "../object/dev.h"
#include "futex.h"

#include <pthread.h>

struct pb_input; /* line/line.h */
struct pb_cpu;

struct pb_soon {
    pb_dev *d;
    void (*fn)(void *opaque);
    void *opaque;
};

struct pb_domain {
    _Atomic uint32_t lock;           /* 0 free, 1 held, 2 held and someone sleeps */
    _Atomic uint32_t n_soon;         /* entries of `soon` */
    _Atomic(struct pb_input *) inbox; /* changed inputs, newest first */
    pthread_mutex_t soon_lock;
    GArray *soon; /* struct pb_soon */
    _Atomic uint32_t handed_over; /* the helper thread will drain it */
};

enum { PB_THREAD_OTHER, PB_THREAD_MAIN, PB_THREAD_CPU, PB_THREAD_TIMER, PB_THREAD_IO };

struct pb_frame {
    pb_dev *d;
    struct pb_frame *up;
    struct pb_domain *took; /* the domain that this frame locked, or NULL */
    gboolean soon;          /* a deferred call: may reach MMIO of its own domain */
};

#define PB_LATER 8
struct pb_thread {
    struct pb_frame *frame; /* innermost callback, or NULL */
    struct pb_domain *held;
    struct pb_cpu *cpu;     /* vCPU threads */
    gboolean all;           /* holds every domain: pb_domains_freeze() */
    gboolean quiet;         /* gives a state back: lines change, and no sink is told */
    uint32_t kind;          /* PB_THREAD_* */
    uint32_t n_later;
    struct pb_domain *later[PB_LATER]; /* domains with work from callbacks of this thread */
};
extern _Thread_local struct pb_thread pb_tl;

struct pb_domain *pb_domain_new(void);
void pb_domain_free(struct pb_domain *dom);
void pb__domain_wait(struct pb_domain *dom);
void pb__domain_work(struct pb_domain *dom);  /* held: do what waits in it */
void pb__domain_after(struct pb_domain *dom); /* just unlocked: work came in meanwhile */
void pb__later(void);                         /* outermost frame is gone */
/* `dom` has work from this thread: do it now, at the end of the callback, or elsewhere. */
void pb_domain_poke(struct pb_domain *dom);
/* Hold all domains of a machine that stands, none with work in it, until the thaw: no other thread
 * calls its devices, and what they leave for later, a deferred call or a line's change, waits.
 * Parallel devices go on. Make or free no device meanwhile. [main] */
GPtrArray *pb_domains_freeze(struct pb_machine *m);
void pb_domains_thaw(GPtrArray *frozen);
/* Thread that drains domains which nobody else would: the timer thread (time/). */
void pb_time_drain(struct pb_domain *dom);

static inline gboolean pb_domain_has_work(struct pb_domain *dom)
{
    return atomic_load(&dom->inbox) != NULL || atomic_load(&dom->n_soon) != 0;
}

static inline gboolean pb_domain_trylock(struct pb_domain *dom)
{
    uint32_t free = 0;
    return atomic_compare_exchange_strong(&dom->lock, &free, 1);
}

static inline void pb_domain_lock(struct pb_domain *dom)
{
    uint32_t free = 0;
    if (!atomic_compare_exchange_strong(&dom->lock, &free, 1))
        pb__domain_wait(dom);
}

/* Release only; the inbox is looked at by pb_domain_unlock. */
static inline void pb_domain_drop(struct pb_domain *dom)
{
    if (atomic_exchange(&dom->lock, 0) == 2)
        pb_futex_wake(&dom->lock, 1);
}

static inline void pb_domain_unlock(struct pb_domain *dom)
{
    if (pb_domain_has_work(dom))
        pb__domain_work(dom);
    pb_tl.held = NULL;
    pb_domain_drop(dom);
    if (pb_domain_has_work(dom))
        pb__domain_after(dom);
}

/* Begin a callback of `d`: takes its domain unless it is parallel or held already. */
static inline void pb_cb_enter(struct pb_frame *f, pb_dev *d)
{
    f->d = d;
    f->took = NULL;
    f->soon = FALSE;
    f->up = pb_tl.frame;
    if (!d->parallel && pb_tl.held != d->domain && !pb_tl.all) {
        g_assert(!pb_tl.held); /* no thread holds two domains */
        pb_domain_lock(d->domain);
        pb_tl.held = f->took = d->domain;
    }
    pb_tl.frame = f;
}

static inline void pb_cb_leave(struct pb_frame *f)
{
    pb_tl.frame = f->up;
    if (f->took)
        pb_domain_unlock(f->took);
    if (pb_tl.n_later && !f->up && !pb_tl.held)
        pb__later();
}

/* Is a callback of `d` below us on this thread's stack? */
static inline gboolean pb_cb_active(const pb_dev *d)
{
    for (const struct pb_frame *f = pb_tl.frame; f; f = f->up)
        if (f->d == d)
            return TRUE;
    return FALSE;
}

#ifdef PB_DEBUG
#define PB_ASSERT_MAIN() g_assert(pb_tl.kind == PB_THREAD_MAIN || pb_tl.kind == PB_THREAD_OTHER)
#else
#define PB_ASSERT_MAIN() ((void)0)
#endif

#endif
