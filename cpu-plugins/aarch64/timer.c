/* SPDX-License-Identifier: MIT */
/* timer.c - the generic timers.
 * DDI 0487: D12 (the generic timer), D19.12 (its registers).
 *
 * The counter is the virtual clock at CNTFRQ_EL0's rate. A timer's output is a level:
 * ENABLE and not IMASK and the compare value reached. While it is not reached, a timer of the
 * host waits for the moment.
 */
#include "except.h"
#include "sysreg.h"

#include <sched.h>

#define CTL_ENABLE 1u
#define CTL_IMASK 2u
#define CTL_ISTATUS 4u
#define NS 1000000000ull

static const struct {
    const char *name, *line;
    uint16_t tval, ctl, cval;
} timers[A64_TIMERS] = {
    {"cntp", "phys-timer", SR_CNTP_TVAL_EL0, SR_CNTP_CTL_EL0, SR_CNTP_CVAL_EL0},
    {"cntv", "virt-timer", SR_CNTV_TVAL_EL0, SR_CNTV_CTL_EL0, SR_CNTV_CVAL_EL0},
    {"cnthp", "hyp-timer", SR_CNTHP_TVAL_EL2, SR_CNTHP_CTL_EL2, SR_CNTHP_CVAL_EL2},
    {"cnthv", "hyp-virt-timer", SR_CNTHV_TVAL_EL2, SR_CNTHV_CTL_EL2, SR_CNTHV_CVAL_EL2},
    {"cntps", "sec-timer", SR_CNTPS_TVAL_EL1, SR_CNTPS_CTL_EL1, SR_CNTPS_CVAL_EL1}};

/* a * b / d without overflow in between. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t d)
{
    return a / d * b + a % d * b / d;
}

uint64_t a64_count(const struct a64 *c)
{
    uint64_t ns = c->time ? (uint64_t)c->time->now(c->host, PB_CLK_VIRTUAL) : 0;
    return scale(ns, c->cntfrq, NS);
}

uint64_t a64_cycles(const struct a64 *c)
{
    return c->time ? (uint64_t)c->time->now(c->host, PB_CLK_VIRTUAL) : 0;
}

/* What CNTVCT is behind CNTPCT; none for a host at EL2. */
static uint64_t offset(const struct a64 *c, uint32_t t)
{
    return t == A64_T_VIRT ? __atomic_load_n(&c->sr[SR_CNTVOFF_EL2], __ATOMIC_SEQ_CST) : 0;
}

A64_RD(rd_count)
{
    uint64_t n = a64_count(c);
    int host = a64_el(c) == 2 ? (c->sr[SR_HCR_EL2] & HCR_E2H) != 0
                              : a64_el(c) == 0 && a64_tge_e2h(c);
    return id == SR_CNTPCT_EL0 || host ? n : n - c->sr[SR_CNTVOFF_EL2];
}

static int due(const struct a64 *c, uint32_t t)
{
    return a64_count(c) - offset(c, t) >= c->sr[timers[t].cval];
}

/* The CPU's own thread and the timer's may both be here: the registers decide, whoever is
 * last sees their newest values. */
static void update(struct a64 *c, uint32_t t)
{
    const uint64_t last = (uint64_t)INT64_MAX / NS * c->cntfrq; /* beyond it is never */
    uint64_t ctl, cval, off;
    do {
        ctl = __atomic_load_n(&c->sr[timers[t].ctl], __ATOMIC_SEQ_CST);
        cval = __atomic_load_n(&c->sr[timers[t].cval], __ATOMIC_SEQ_CST);
        off = offset(c, t);
        uint64_t now = a64_count(c), left = cval - (now - off);
        int reached = now - off >= cval, on = (ctl & 3) == CTL_ENABLE;
        if (c->timer_out[t])
            pb_line_set(c->timer_out[t], on && reached);
        if (!c->timer[t])
            return;
        if (!on || reached || left > last || now > last - left)
            c->time->disarm(c->timer[t]);
        else
            c->time->arm(c->timer[t], (int64_t)scale(now + left, NS, c->cntfrq) + 1);
    } while (ctl != __atomic_load_n(&c->sr[timers[t].ctl], __ATOMIC_SEQ_CST) ||
             cval != __atomic_load_n(&c->sr[timers[t].cval], __ATOMIC_SEQ_CST) ||
             off != offset(c, t));
}

/* The guest has written: an interrupt that it so took back must be gone before it looks again,
 * or its handler, which finds nothing to do, is entered again and again. While the timer's
 * thread delivers a rise it has the line, and the fall waits for it. */
static void update_now(struct a64 *c, uint32_t t)
{
    update(c, t);
    while (__atomic_load_n(&c->timer_busy, __ATOMIC_SEQ_CST))
        sched_yield();
}

void a64_timer_update(struct a64 *c)
{
    for (uint32_t t = 0; t < A64_TIMERS; t++)
        update(c, t);
}

static uint32_t of(uint32_t id, uint32_t *part)
{
    for (uint32_t t = 0; t < A64_TIMERS; t++) {
        *part = id - timers[t].tval; /* TVAL, CTL, CVAL stand in this order */
        if (*part < 3)
            return t;
    }
    return A64_TIMERS;
}

A64_RD(rd_timer)
{
    uint32_t part, t = of(id, &part);
    if (part == 1)
        return c->sr[id] | ((c->sr[id] & CTL_ENABLE) && due(c, t) ? CTL_ISTATUS : 0);
    return (uint32_t)(c->sr[timers[t].cval] - (a64_count(c) - offset(c, t)));
}

A64_WR(wr_timer)
{
    uint32_t part, t = of(id, &part);
    if (t == A64_TIMERS) { /* CNTVOFF_EL2 */
        __atomic_store_n(&c->sr[id], v, __ATOMIC_SEQ_CST);
        update_now(c, A64_T_VIRT);
        return;
    }
    if (part == 0)
        __atomic_store_n(&c->sr[timers[t].cval],
                         a64_count(c) - offset(c, t) + (uint64_t)(int64_t)(int32_t)v,
                         __ATOMIC_SEQ_CST);
    else
        __atomic_store_n(&c->sr[id], part == 1 ? v & 3 : v, __ATOMIC_SEQ_CST);
    update_now(c, t);
}

static void expired(struct a64 *c, uint32_t t)
{
    __atomic_fetch_add(&c->timer_busy, 1, __ATOMIC_SEQ_CST);
    update(c, t);
    __atomic_fetch_sub(&c->timer_busy, 1, __ATOMIC_SEQ_CST);
}

#define EXPIRED(t) \
    static void expired_##t(void *self) \
    { \
        expired(self, t); \
    }
EXPIRED(0)
EXPIRED(1)
EXPIRED(2)
EXPIRED(3)
EXPIRED(4)

int a64_timer_init(struct a64 *c, pb_err *e)
{
    static void (*const fn[A64_TIMERS])(void *) = {expired_0, expired_1, expired_2, expired_3,
                                                   expired_4};
    c->time = c->host->get(c->host, PB_SVC_TIME);
    c->line = c->host->get(c->host, PB_SVC_LINE);
    if (!c->time)
        return c->host->fail(e, PB_ENOTSUP, "aarch64: the host has no " PB_SVC_TIME);
    for (uint32_t t = 0; t < A64_TIMERS && !c->user; t++) {
        c->timer_out[t] = c->line ? c->line->out(c->dev, timers[t].line, 0) : NULL;
        c->timer[t] = c->time->timer(c->dev, timers[t].name, PB_CLK_VIRTUAL, fn[t], c, e);
        if (!c->timer[t])
            return PB_ENOMEM;
    }
    return PB_OK;
}
