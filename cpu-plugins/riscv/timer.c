/* SPDX-License-Identifier: MIT */
/* timer.c - the time counter, Sstc's compare register, what mcycle and minstret count.
 * The RISC-V Instruction Set Manual, volume II: 3.2.1, 14 (Sstc); volume I: 6.1 (Zicntr).
 *
 * `time` is the machine's mtime, reached by the property `counter`. Without one it runs at
 * 10 MHz from the virtual clock. Cycles and instructions are nanoseconds of the virtual
 * clock: a 1 GHz hart that retires one instruction a cycle.
 */
#include "rv.h"

#define FALLBACK_NS 100 /* ns a tick without a counter: 10 MHz */

uint64_t rv_ticks(struct rv *c)
{
    return c->time ? (uint64_t)c->time->now(c->host, PB_CLK_VIRTUAL) : 0;
}

uint64_t rv_time(struct rv *c)
{
    return c->counter ? c->counter->read(c->counter_self) : rv_ticks(c) / FALLBACK_NS;
}

static int64_t when(struct rv *c, uint64_t count)
{
    if (c->counter)
        return c->counter->when(c->counter_self, count);
    return count > INT64_MAX / FALLBACK_NS ? INT64_MAX : (int64_t)count * FALLBACK_NS;
}

/* STIP is the comparison itself. The hart's thread and the timer's may come here at once:
 * whoever has decided by an old value of stimecmp decides again. */
static void compare(struct rv *c)
{
    uint64_t cmp;
    do {
        cmp = __atomic_load_n(&c->stimecmp, __ATOMIC_SEQ_CST);
        int due = rv_time(c) >= cmp;
        rv_mip_set(c, &c->mip_soft, MIP_STIP, due);
        if (!c->stimer)
            continue;
        int64_t at = due ? INT64_MAX : when(c, cmp);
        if (at == INT64_MAX)
            c->time->disarm(c->stimer);
        else
            c->time->arm(c->stimer, at);
    } while (cmp != __atomic_load_n(&c->stimecmp, __ATOMIC_SEQ_CST));
}

static void expired(void *self)
{
    struct rv *c = self;
    if (__atomic_load_n(&c->menvcfg, __ATOMIC_SEQ_CST) & MENVCFG_STCE)
        compare(c);
}

void rv_timer_update(struct rv *c)
{
    if (c->menvcfg & MENVCFG_STCE) {
        compare(c);
        return;
    }
    rv_mip_set(c, &c->mip_soft, MIP_STIP, 0);
    if (c->stimer)
        c->time->disarm(c->stimer);
}

int rv_timer_init(struct rv *c, pb_err *e)
{
    c->time = c->host->get(c->host, PB_SVC_TIME);
    if (!c->time)
        return c->host->fail(e, PB_ENOTSUP, "riscv64: the host has no " PB_SVC_TIME);
    if (c->user)
        return PB_OK;
    c->nap = c->time->timer(c->dev, "wfi", PB_CLK_VIRTUAL, rv_nap_over, c, e);
    if (!c->nap)
        return PB_ENOMEM;
    if (!(c->isa & RV_BIT(SSTC)))
        return PB_OK;
    c->stimer = c->time->timer(c->dev, "stimecmp", PB_CLK_VIRTUAL, expired, c, e);
    return c->stimer ? PB_OK : PB_ENOMEM;
}
