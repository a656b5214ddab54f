/* SPDX-License-Identifier: MIT */
/* time.c - pb.time/1: a clock that moves only when the test says, timers, soon(), and
 * random numbers from a seed.
 *
 * The host clock is the virtual one plus an offset; the real clock is the virtual one.
 */
#include "internal.h"

static int64_t offset(const pbt *b, uint32_t clock)
{
    return clock == PB_CLK_HOST ? b->host_off : 0;
}

static int64_t time_now(const pb_host *h, uint32_t clock)
{
    const pbt *b = (const pbt *)h;

    if (clock > PB_CLK_REAL)
        pbt__die((pbt *)b, "pb.time now() of clock %u, there is none", clock);
    return b->now + offset(b, clock);
}

static pb_timer *time_timer(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *),
                            void *opaque, pb_err *e)
{
    (void)e;
    pbt__need_main(d->b, "pb.time timer()");
    for (pb_timer *t = d->timers; t; t = t->next) {
        if (strcmp(t->name, name) == 0)
            pbt__die(d->b, "'%s' has two timers '%s'", d->name, name);
    }
    pb_timer *t = pbt__alloc(sizeof *t);
    *t = (pb_timer){.d = d, .next = d->timers, .name = pbt__dup(name), .clock = clock,
        .fn = fn, .opaque = opaque, .when = -1};
    d->timers = t;
    return t;
}

static void time_arm(pb_timer *t, int64_t when)
{
    t->when = when < 0 ? 0 : when;
    t->seq = ++t->d->b->timer_seq;
}

static void time_disarm(pb_timer *t)
{
    t->when = -1;
}

static int64_t time_deadline(pb_timer *t)
{
    return t->when;
}

static void time_soon(pb_dev *d, void (*fn)(void *), void *opaque)
{
    pbt *b = d->b;

    for (struct pbt_job *j = b->soon; j; j = j->next) {
        if (j->d == d && j->fn == fn && j->opaque == opaque)
            return;
    }
    struct pbt_job *j = pbt__alloc(sizeof *j);
    *j = (struct pbt_job){.d = d, .tag = TAG_DEV, .fn = fn, .opaque = opaque};
    *b->soon_tail = j;
    b->soon_tail = &j->next;
}

void pbt__drain_soon(pbt *b)
{
    for (uint32_t rounds = 0; b->soon; rounds++) {
        struct pbt_job *j = b->soon;
        struct pbt_ctx c;
        if (rounds == 1000000)
            pbt__die(b, "soon() of '%s' asks for itself for ever", j->d->name);
        b->soon = j->next;
        if (!b->soon)
            b->soon_tail = &b->soon;
        b->depth++; /* the calls below drain no further */
        pbt__enter(b, &c, TAG_DEV, j->d);
        j->fn(j->opaque);
        pbt__leave(b, &c, j->d);
        b->depth--;
        free(j);
    }
}

static uint64_t time_clock_hz(pb_dev *d, uint32_t input)
{
    return input < 4 ? d->hz[input] : 0;
}

uint64_t pbt_rand(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ull; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static uint64_t time_random(pb_dev *d)
{
    return pbt_rand(&d->b->rng);
}

static void time_random_bytes(pb_dev *d, void *buf, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = (uint8_t)pbt_rand(&d->b->rng);
}

/* ---- The test's side --------------------------------------------------------------- */

int64_t pbt_now(pbt *b)
{
    return b->now;
}

void pbt_set_host_ns(pbt *b, int64_t ns)
{
    b->host_off = ns - b->now;
}

void pbt_set_clock_hz(pb_dev *d, uint32_t input, uint64_t hz)
{
    if (input < 4)
        d->hz[input] = hz;
}

static pb_timer *earliest(pbt *b, int64_t *at)
{
    pb_timer *best = NULL;

    for (pb_dev *d = b->devs; d; d = d->next) {
        for (pb_timer *t = d->timers; t; t = t->next) {
            int64_t when = t->when - offset(b, t->clock);
            if (t->when < 0)
                continue;
            if (!best || when < *at || (when == *at && t->seq < best->seq)) {
                best = t;
                *at = when;
            }
        }
    }
    return best;
}

int64_t pbt_next_deadline(pbt *b)
{
    int64_t at = INT64_MAX;

    return earliest(b, &at) ? at : INT64_MAX;
}

void pbt_run_ns(pbt *b, int64_t ns)
{
    int64_t end = b->now + ns, at = 0;
    uint32_t still = 0;

    pbt_settle(b);
    for (;;) {
        pb_timer *t = earliest(b, &at);
        struct pbt_ctx c;
        if (!t || at > end)
            break;
        still = at <= b->now ? still + 1 : 0;
        if (still > 1000000)
            pbt__die(b, "timer '%s' of '%s' never gets past %lld ns", t->name, t->d->name,
                     (long long)b->now);
        if (at > b->now)
            b->now = at;
        t->when = -1;
        pbt__enter(b, &c, TAG_DEV, t->d);
        t->fn(t->opaque);
        pbt__leave(b, &c, t->d);
        pbt_settle(b);
    }
    b->now = end;
}

const struct pb_svc_time pbt__svc_time = {
    .size = sizeof pbt__svc_time, .now = time_now, .timer = time_timer, .arm = time_arm,
    .disarm = time_disarm, .deadline = time_deadline, .soon = time_soon,
    .clock_hz = time_clock_hz, .random = time_random, .random_bytes = time_random_bytes,
};
