/* SPDX-License-Identifier: MIT */
/* timer.c - the timer thread, timers and deferred calls: pb.time/1.
 *
 * One thread runs all timers: of the due ones that with the earliest deadline first, then
 * the one created first. A binary heap per clock; the thread sleeps until the earliest of
 * them, on a timerfd that whoever arms sets: a guest arms its tick, and then a later one as it
 * goes idle, and the thread need wake for neither. The heap of the virtual clock rests while the
 * machine is stopped. The thread is also the helper that drains domains whose holders are too busy
 * for it.
 */
#include "clock.h"

#include "../cpu/cpu.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CLOCKS 3
#define MAX_SLEEP 3600000000000 /* ns: the wall clock may be set meanwhile */
#define HOST_SLEEP 100000000    /* ns, when a PB_CLK_HOST timer waits: same reason */
#define EARLY 1000000           /* ns: so much too early is not worth setting the alarm again */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t done; /* a callback returned */
    int alarm;           /* the thread sleeps in reading it */
    pthread_t thread;
    gboolean started, quit;
    GPtrArray *heap[CLOCKS]; /* struct pb_timer *, earliest first */
    GPtrArray *all;          /* in creation order */
    uint64_t number;
    pb_timer *firing;
    int64_t sleep_until; /* CLOCK_MONOTONIC, what `alarm` is set to; 0: awake, or about to be */
    GPtrArray *drain;    /* struct pb_domain * */
    struct pb_domain *draining;
} T = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- Heap: slot numbers are indices + 1 ----------------------------------------------- */

static gboolean before(const pb_timer *a, const pb_timer *b)
{
    return a->when != b->when ? a->when < b->when : a->number < b->number;
}

static void put(GPtrArray *h, guint i, pb_timer *t)
{
    g_ptr_array_index(h, i) = t;
    t->slot = i + 1;
}

static void sift_up(GPtrArray *h, guint i, pb_timer *t)
{
    for (; i > 0; i = (i - 1) / 2) {
        pb_timer *up = g_ptr_array_index(h, (i - 1) / 2);
        if (!before(t, up))
            break;
        put(h, i, up);
    }
    put(h, i, t);
}

static void sift_down(GPtrArray *h, guint i, pb_timer *t)
{
    for (;;) {
        guint c = 2 * i + 1;
        if (c >= h->len)
            break;
        if (c + 1 < h->len && before(g_ptr_array_index(h, c + 1), g_ptr_array_index(h, c)))
            c++;
        if (!before(g_ptr_array_index(h, c), t))
            break;
        put(h, i, g_ptr_array_index(h, c));
        i = c;
    }
    put(h, i, t);
}

static void heap_add(pb_timer *t)
{
    GPtrArray *h = T.heap[t->clock];

    g_ptr_array_add(h, t);
    sift_up(h, h->len - 1, t);
}

static void heap_remove(pb_timer *t)
{
    GPtrArray *h = T.heap[t->clock];
    guint i = t->slot - 1;

    t->slot = 0;
    pb_timer *last = g_ptr_array_index(h, h->len - 1);
    g_ptr_array_set_size(h, (gint)h->len - 1);
    if (last == t)
        return;
    if (i > 0 && before(last, g_ptr_array_index(h, (i - 1) / 2)))
        sift_up(h, i, last);
    else
        sift_down(h, i, last);
}

/* ---- The thread ------------------------------------------------------------------------ */

/* The due timer to fire next, or NULL and in *sleep how long until there is one. */
static pb_timer *next_due(int64_t *sleep)
{
    pb_timer *best = NULL;
    int64_t least = MAX_SLEEP;

    for (uint32_t c = 0; c < CLOCKS; c++) {
        if (T.heap[c]->len == 0 || (c == PB_CLK_VIRTUAL && !pb_clock_running()))
            continue;
        pb_timer *t = g_ptr_array_index(T.heap[c], 0);
        int64_t now = pb_clock_now(c);
        if (t->when <= now) {
            if (!best)
                best = t;
        } else {
            int64_t left = t->when - now;
            least = MIN(least, c == PB_CLK_HOST ? MIN(left, HOST_SLEEP) : left);
        }
    }
    *sleep = least;
    return best;
}

static void fire(pb_timer *t)
{
    struct pb_frame f;
    pb_dev *d = t->d;

    heap_remove(t);
    t->when = -1;
    T.firing = t;
    pthread_mutex_unlock(&T.lock);
    pb_cb_enter(&f, d);
    t->fn(t->opaque);
    pb_cb_leave(&f);
    if (d->cpu)
        pb_cpu_wake(d->cpu);
    pthread_mutex_lock(&T.lock);
    T.firing = NULL;
    pthread_cond_broadcast(&T.done);
}

static void drain_one(void)
{
    struct pb_domain *dom = g_ptr_array_remove_index(T.drain, 0);

    atomic_store(&dom->handed_over, 0);
    T.draining = dom;
    pthread_mutex_unlock(&T.lock);
    pb_domain_lock(dom);
    pb_tl.held = dom;
    pb_domain_unlock(dom);
    pthread_mutex_lock(&T.lock);
    T.draining = NULL;
    pthread_cond_broadcast(&T.done);
}

static void set_alarm(int64_t at)
{
    struct itimerspec s = {.it_value = {at / 1000000000, at % 1000000000}};

    T.sleep_until = at;
    timerfd_settime(T.alarm, TFD_TIMER_ABSTIME, &s, NULL);
}

static void sleep_for(int64_t ns)
{
    uint64_t n;

    set_alarm(pb_clock_now(PB_CLK_REAL) + ns);
    pthread_mutex_unlock(&T.lock);
    while (read(T.alarm, &n, sizeof n) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&T.lock);
    T.sleep_until = 0;
}

static void *timer_thread(void *unused)
{
    int64_t sleep;

    (void)unused;
    pb_tl.kind = PB_THREAD_TIMER;
    pthread_setname_np(pthread_self(), "timer");
    pthread_mutex_lock(&T.lock);
    while (!T.quit) {
        if (T.drain->len)
            drain_one();
        pb_timer *t = next_due(&sleep); /* in turn: neither starves the other */
        if (t) {
            fire(t);
        } else if (!T.drain->len && !T.quit) {
            sleep_for(sleep);
        }
    }
    pthread_mutex_unlock(&T.lock);
    return NULL;
}

static void poke_thread(void)
{
    if (T.sleep_until) {
        set_alarm(1); /* long ago */
        T.sleep_until = 0;
    }
}

/* The first of a heap is another: the thread must not sleep longer, and need not wake earlier. */
static void plan(void)
{
    int64_t sleep;

    if (!T.sleep_until)
        return;
    if (next_due(&sleep)) {
        poke_thread();
        return;
    }
    int64_t at = pb_clock_now(PB_CLK_REAL) + sleep;
    if (at < T.sleep_until || at > T.sleep_until + EARLY)
        set_alarm(at);
}

/* The first work for the thread starts it. Holds the lock. */
static void need_thread(void)
{
    if (T.started)
        return;
    T.alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    T.started = T.alarm >= 0 && pthread_create(&T.thread, NULL, timer_thread, NULL) == 0;
    g_assert(T.started); /* a process that cannot have one thread cannot go on */
}

void pb_time_drain(struct pb_domain *dom)
{
    if (atomic_exchange(&dom->handed_over, 1))
        return;
    pthread_mutex_lock(&T.lock);
    g_ptr_array_add(T.drain, dom);
    need_thread();
    poke_thread();
    pthread_mutex_unlock(&T.lock);
}

void pb_time_settle(void)
{
    pthread_mutex_lock(&T.lock);
    while ((T.firing && T.firing->clock == PB_CLK_VIRTUAL) || T.drain->len || T.draining)
        pthread_cond_wait(&T.done, &T.lock);
    pthread_mutex_unlock(&T.lock);
}

void pb_time_poke(void)
{
    pthread_mutex_lock(&T.lock);
    poke_thread();
    pthread_mutex_unlock(&T.lock);
}

void pb_clock_init(struct pb_machine *m)
{
    g_assert(!T.all); /* one machine at a time */
    pthread_cond_init(&T.done, NULL);
    for (int c = 0; c < CLOCKS; c++)
        T.heap[c] = g_ptr_array_new();
    T.all = g_ptr_array_new();
    T.drain = g_ptr_array_new();
    T.quit = FALSE;
    pb_clock_reset();
    m->clock = &T;
}

void pb_clock_fini(struct pb_machine *m)
{
    if (!m->clock)
        return;
    pthread_mutex_lock(&T.lock);
    T.quit = TRUE;
    poke_thread();
    pthread_mutex_unlock(&T.lock);
    if (T.started) {
        pthread_join(T.thread, NULL);
        close(T.alarm);
    }
    T.started = FALSE;
    for (int c = 0; c < CLOCKS; c++)
        g_ptr_array_free(T.heap[c], TRUE);
    g_ptr_array_free(T.all, TRUE);
    T.all = NULL;
    g_ptr_array_free(T.drain, TRUE);
    pthread_cond_destroy(&T.done);
    m->clock = NULL;
}

/* ---- Timers ---------------------------------------------------------------------------- */

pb_timer *pb_timer_new(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *),
                       void *opaque, pb_err *e)
{
    PB_ASSERT_MAIN();
    if (clock >= CLOCKS || !fn || !name) {
        pb_err_set(e, PB_EINVAL, "'%s' asked for a timer of clock %u", d->name, clock);
        return NULL;
    }
    pb_timer *t = g_new0(pb_timer, 1);
    t->d = d;
    t->name = g_strdup(name);
    t->clock = clock;
    t->fn = fn;
    t->opaque = opaque;
    t->when = -1;
    pthread_mutex_lock(&T.lock);
    t->number = T.number++;
    g_ptr_array_add(T.all, t);
    pthread_mutex_unlock(&T.lock);
    return t;
}

void pb_timer_arm(pb_timer *t, int64_t when)
{
    pthread_mutex_lock(&T.lock);
    if (t->dead) {
        pthread_mutex_unlock(&T.lock);
        return;
    }
    guint was = t->slot;
    t->when = when < 0 ? 0 : when;
    if (was)
        heap_remove(t);
    heap_add(t);
    need_thread();
    if (was == 1 || t->slot == 1)
        plan();
    pthread_mutex_unlock(&T.lock);
}

void pb_timer_disarm(pb_timer *t)
{
    pthread_mutex_lock(&T.lock);
    guint was = t->slot;
    t->when = -1;
    if (was)
        heap_remove(t);
    if (was == 1)
        plan();
    pthread_mutex_unlock(&T.lock);
}

int64_t pb_timer_deadline(pb_timer *t)
{
    pthread_mutex_lock(&T.lock);
    int64_t when = t->when;
    pthread_mutex_unlock(&T.lock);
    return when;
}

void pb_timers_stop(pb_dev *d)
{
    pthread_mutex_lock(&T.lock);
    for (guint i = 0; i < T.all->len; i++) {
        pb_timer *t = g_ptr_array_index(T.all, i);
        if (t->d != d)
            continue;
        t->dead = TRUE;
        if (t->slot)
            heap_remove(t);
        while (T.firing == t)
            pthread_cond_wait(&T.done, &T.lock);
    }
    pthread_mutex_unlock(&T.lock);
}

void pb_timers_free(pb_dev *d)
{
    pb_timers_stop(d);
    pthread_mutex_lock(&T.lock);
    for (guint i = T.all->len; i-- > 0;) {
        pb_timer *t = g_ptr_array_index(T.all, i);
        if (t->d != d)
            continue;
        g_ptr_array_remove_index(T.all, i);
        g_free(t->name);
        g_free(t);
    }
    pthread_mutex_unlock(&T.lock);
}

GPtrArray *pb_timers_of(pb_dev *d)
{
    GPtrArray *v = g_ptr_array_new();

    pthread_mutex_lock(&T.lock);
    for (guint i = 0; i < T.all->len; i++)
        if (((pb_timer *)g_ptr_array_index(T.all, i))->d == d)
            g_ptr_array_add(v, g_ptr_array_index(T.all, i));
    pthread_mutex_unlock(&T.lock);
    return v;
}

/* ---- Deferred calls -------------------------------------------------------------------- */

void pb_soon(pb_dev *d, void (*fn)(void *), void *opaque)
{
    struct pb_domain *dom = d->domain;
    struct pb_soon s = {d, fn, opaque};
    gboolean found = FALSE;

    pthread_mutex_lock(&dom->soon_lock);
    for (guint i = 0; i < dom->soon->len && !found; i++) {
        struct pb_soon *o = &g_array_index(dom->soon, struct pb_soon, i);
        found = o->fn == fn && o->opaque == opaque;
    }
    if (!found) {
        g_array_append_val(dom->soon, s);
        atomic_store(&dom->n_soon, dom->soon->len);
    }
    pthread_mutex_unlock(&dom->soon_lock);
    if (found)
        return;
    if (pb_tl.frame || pb_tl.held || pb_tl.all)
        pb_domain_poke(dom);
    else
        pb_time_drain(dom); /* the caller may hold locks of its own */
}

void pb_soon_forget(pb_dev *d)
{
    struct pb_domain *dom = d->domain;

    pthread_mutex_lock(&dom->soon_lock);
    for (guint i = dom->soon->len; i-- > 0;)
        if (g_array_index(dom->soon, struct pb_soon, i).d == d)
            g_array_remove_index(dom->soon, i);
    atomic_store(&dom->n_soon, dom->soon->len);
    pthread_mutex_unlock(&dom->soon_lock);
    if (!d->own_domain)
        return;
    pthread_mutex_lock(&T.lock); /* the domain is about to be freed: the helper must not know it */
    g_ptr_array_remove(T.drain, dom);
    while (T.draining == dom)
        pthread_cond_wait(&T.done, &T.lock);
    pthread_mutex_unlock(&T.lock);
}

/* ---- pb.time/1 ------------------------------------------------------------------------- */

static int64_t time_now(const pb_host *h, uint32_t clock)
{
    (void)h;
    return pb_clock_now(clock);
}

static uint64_t time_clock_hz(pb_dev *d, uint32_t input)
{
    return input < d->clocks->len ? g_array_index(d->clocks, uint64_t, input) : 0;
}

static uint64_t time_random(pb_dev *d)
{
    (void)d;
    return pb_random();
}

static void time_random_bytes(pb_dev *d, void *buf, uint32_t n)
{
    pb_random_bytes(d->m, buf, n);
}

const struct pb_svc_time pb_time_service = {
    .size = sizeof(struct pb_svc_time),
    .now = time_now,
    .timer = pb_timer_new,
    .arm = pb_timer_arm,
    .disarm = pb_timer_disarm,
    .deadline = pb_timer_deadline,
    .soon = pb_soon,
    .clock_hz = time_clock_hz,
    .random = time_random,
    .random_bytes = time_random_bytes,
};
