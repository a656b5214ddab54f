/* SPDX-License-Identifier: MIT */
/* pmu.c - performance monitors: the cycle counter and six event counters.
 * DDI 0487: D13 (PMUv3), D19.5 (its registers), J1.1.3 (AArch64.CountEvents, CheckForPMUOverflow).
 *
 * Cycles are nanoseconds of the virtual clock: a 1 GHz CPU that waits by the same clock. A counter
 * that counts them is kept as its value when it was last looked at and as its distance to the
 * clock (pm_base); whoever wants to know or to change anything first takes all to the present
 * (begin()), then decides anew what counts, the output and when the next overflow that interrupts
 * is due (finish()). What counts depends on the exception level only by filters, EL2 and EL3:
 * changes of level come here while a counter is on and there is one of those.
 *
 * The timer's thread comes here too, so all of it is under pm_lock.
 * Not modelled: all events but SW_INCR, CPU_CYCLES and CHAIN, export of events (PMCR_EL0.X).
 */
#include "except.h"
#include "sysreg.h"

#define PMCR_E 1u
#define PMCR_P 2u
#define PMCR_C 4u
#define PMCR_D 8u
#define PMCR_DP 32u
#define PMCR_LC 64u
#define PMCR_KEPT 0x79u /* E D X DP LC */
#define FILTER_P (1u << 31)
#define FILTER_U (1u << 30)
#define FILTER_NSK (1u << 29)
#define FILTER_NSU (1u << 28)
#define FILTER_NSH (1u << 27)
#define FILTER_M (1u << 26)
#define MDCR_HPMN 31u
#define MDCR_HPME (1u << 7)
#define MDCR_SPME (1u << 17)
#define CYCLE A64_PMU_COUNTERS /* index of the cycle counter in pm_base */
#define CYCLE_BIT (1u << 31)
#define NEVER INT64_MAX

enum { EV_SW_INCR = 0, EV_CPU_CYCLES = 0x11, EV_CHAIN = 0x1e, EV_MASK = 0x3ff };

static uint32_t bit_of(uint32_t n)
{
    return n == CYCLE ? CYCLE_BIT : 1u << n;
}

static uint64_t *value(struct a64 *c, uint32_t n)
{
    return n == CYCLE ? &c->sr[SR_PMCCNTR_EL0] : &c->pmevcntr[n];
}

static uint32_t event(const struct a64 *c, uint32_t n)
{
    return n == CYCLE ? EV_CPU_CYCLES : (uint32_t)c->pmevtyper[n] & EV_MASK;
}

/* ---- What counts ---------------------------------------------------------------------------- */

/* Event counters below this are PMCR_EL0.E's and EL1's, the others EL2's. */
static uint32_t hpmn(const struct a64 *c)
{
    uint32_t n = (uint32_t)c->sr[SR_MDCR_EL2] & MDCR_HPMN;
    return c->isa & A64_BIT(EL2) && n < A64_PMU_COUNTERS ? n : A64_PMU_COUNTERS;
}

/* Event counters that the current level sees, and their bits with the cycle counter's. */
static uint32_t visible(const struct a64 *c)
{
    return a64_el(c) < 2 && a64_el2_enabled(c) ? hpmn(c) : A64_PMU_COUNTERS;
}

static uint32_t visible_bits(const struct a64 *c)
{
    return ((1u << visible(c)) - 1) | CYCLE_BIT;
}

/* Those that PMCR_EL0.E and MDCR_EL2.HPME let count and interrupt. */
static uint32_t switched_on(const struct a64 *c)
{
    uint32_t first = ((1u << hpmn(c)) - 1) | CYCLE_BIT, all = (1u << A64_PMU_COUNTERS) - 1;
    return (c->sr[SR_PMCR_EL0] & PMCR_E ? first : 0) |
           (c->sr[SR_MDCR_EL2] & MDCR_HPME ? all & ~first : 0);
}

static int filtered(const struct a64 *c, uint32_t n)
{
    uint64_t f = n == CYCLE ? c->sr[SR_PMCCFILTR_EL0] : c->pmevtyper[n];
    int secure = a64_is_secure(c);
    if (secure && !(c->sr[SR_MDCR_EL3] & MDCR_SPME) &&
        (n != CYCLE || c->sr[SR_PMCR_EL0] & PMCR_DP))
        return 1; /* counting is prohibited */
    switch (a64_el(c)) {
    case 0: return !(f & FILTER_U) != (secure || !(f & FILTER_NSU));
    case 1: return !(f & FILTER_P) != (secure || !(f & FILTER_NSK));
    case 2: return !(f & FILTER_NSH);
    default: return !(f & FILTER_M) != !(f & FILTER_P);
    }
}

static void decide(struct a64 *c)
{
    uint64_t filters = c->isa & (A64_BIT(EL2) | A64_BIT(EL3));
    uint32_t on = switched_on(c) & (uint32_t)c->sr[SR_PMCNTENSET_EL0];
    c->pm_counting = 0;
    for (uint32_t n = 0; n <= CYCLE; n++) {
        if (!(on & bit_of(n)))
            continue;
        filters |= (n == CYCLE ? c->sr[SR_PMCCFILTR_EL0] : c->pmevtyper[n]) & ~(uint64_t)EV_MASK;
        if (!filtered(c, n))
            c->pm_counting |= bit_of(n);
    }
    c->pm_by_level = on && filters;
}

/* ---- Counting ------------------------------------------------------------------------------- */

/* A clock tick of the cycle counter is 1 << this many cycles. */
static uint32_t divider(const struct a64 *c, uint32_t n)
{
    return n == CYCLE && (c->sr[SR_PMCR_EL0] & (PMCR_D | PMCR_LC)) == PMCR_D ? 6 : 0;
}

static uint64_t ticks(const struct a64 *c, uint32_t n)
{
    return c->pm_now >> divider(c, n);
}

static int counts_time(const struct a64 *c, uint32_t n)
{
    return c->pm_counting & bit_of(n) && event(c, n) == EV_CPU_CYCLES;
}

static int is_chained(const struct a64 *c, uint32_t n) /* the next one counts its overflows */
{
    return !(n & 1) && n + 1 < A64_PMU_COUNTERS && event(c, n + 1) == EV_CHAIN &&
           c->pm_counting & bit_of(n + 1);
}

/* An event counter gets this value of more than 32 bits. */
static void put(struct a64 *c, uint32_t n, uint64_t v)
{
    c->pmevcntr[n] = (uint32_t)v;
    if (!(v >> 32))
        return;
    c->sr[SR_PMOVSSET_EL0] |= bit_of(n);
    if (is_chained(c, n))
        put(c, n + 1, c->pmevcntr[n + 1] + (v >> 32));
}

static void put_cycles(struct a64 *c, uint64_t v)
{
    uint64_t was = c->sr[SR_PMCCNTR_EL0];
    c->sr[SR_PMCCNTR_EL0] = v;
    if (c->sr[SR_PMCR_EL0] & PMCR_LC ? v < was : v >> 32 != was >> 32)
        c->sr[SR_PMOVSSET_EL0] |= CYCLE_BIT;
}

static void begin(struct a64 *c)
{
    pthread_mutex_lock(&c->pm_lock);
    c->pm_now = a64_cycles(c);
    for (uint32_t n = 0; n <= CYCLE; n++) {
        if (!counts_time(c, n))
            continue;
        uint64_t now = ticks(c, n);
        if (n == CYCLE)
            put_cycles(c, now - c->pm_base[n]);
        else
            put(c, n, now - c->pm_base[n]);
        c->pm_base[n] = now - *value(c, n);
    }
}

/* When a counter overflows that someone wants to hear of. */
static int64_t due(struct a64 *c, uint32_t n)
{
    uint32_t wanted = (uint32_t)c->sr[SR_PMINTENSET_EL1], shift = divider(c, n);
    uint64_t v = *value(c, n), left = (1ull << 32) - (uint32_t)v;
    if (!counts_time(c, n) ||
        !(wanted & (bit_of(n) | (is_chained(c, n) ? bit_of(n + 1) : 0))))
        return NEVER;
    if (n == CYCLE && c->sr[SR_PMCR_EL0] & PMCR_LC)
        left = 0 - v;
    if (left - 1 >= 1ull << 62) /* centuries, or none at all */
        return NEVER;
    return (int64_t)((c->pm_base[n] + v + left) << shift);
}

static void settle(struct a64 *c)
{
    int64_t at = NEVER;
    for (uint32_t n = 0; n <= CYCLE; n++) {
        int64_t t = due(c, n);
        at = t < at ? t : at;
    }
    int level = (switched_on(c) & c->sr[SR_PMINTENSET_EL1] & c->sr[SR_PMOVSSET_EL0]) != 0;
    if (level != c->pm_level && c->pm_out)
        pb_line_set(c->pm_out, level);
    c->pm_level = level;
    if (c->pm_timer && at != c->pm_due && at == NEVER)
        c->time->disarm(c->pm_timer);
    else if (c->pm_timer && at != c->pm_due)
        c->time->arm(c->pm_timer, at);
    c->pm_due = at;
    pthread_mutex_unlock(&c->pm_lock);
}

/* Only the CPU's own thread knows its level. */
static void finish(struct a64 *c)
{
    decide(c);
    for (uint32_t n = 0; n <= CYCLE; n++)
        c->pm_base[n] = ticks(c, n) - *value(c, n);
    settle(c);
}

void a64_pmu_moved(struct a64 *c)
{
    begin(c);
    finish(c);
}

static void expired(void *self)
{
    struct a64 *c = self;
    begin(c);
    c->pm_due = NEVER; /* the timer is not armed any more */
    settle(c);
}

/* ---- Registers ------------------------------------------------------------------------------ */

/* PMEVCNTRn_EL0 and PMEVTYPERn_EL0 have their number in CRm and op2. */
static uint32_t number(uint32_t id)
{
    uint32_t no = a64_sysregs[id].no;
    return (A64_NO_CRM(no) & 3) << 3 | A64_NO_OP2(no);
}

static uint32_t selected(const struct a64 *c)
{
    return (uint32_t)(c->sr[SR_PMSELR_EL0] & 31);
}

static uint64_t counter(struct a64 *c, uint32_t n)
{
    return n < visible(c) ? c->pmevcntr[n] : 0;
}

static uint64_t type(struct a64 *c, uint32_t n)
{
    return n == 31 ? c->sr[SR_PMCCFILTR_EL0] : n < visible(c) ? c->pmevtyper[n] : 0;
}

static uint64_t read(struct a64 *c, uint32_t id)
{
    uint32_t seen = visible_bits(c);
    switch (id) {
    case SR_PMCR_EL0: return c->sr[id] | (uint64_t)visible(c) << 11;
    case SR_PMCNTENSET_EL0:
    case SR_PMCNTENCLR_EL0: return c->sr[SR_PMCNTENSET_EL0] & seen;
    case SR_PMOVSSET_EL0:
    case SR_PMOVSCLR_EL0: return c->sr[SR_PMOVSSET_EL0] & seen;
    case SR_PMINTENSET_EL1:
    case SR_PMINTENCLR_EL1: return c->sr[SR_PMINTENSET_EL1] & seen;
    case SR_PMXEVTYPER_EL0: return type(c, selected(c));
    case SR_PMXEVCNTR_EL0: return counter(c, selected(c));
    default: return c->sr[id];
    }
}

A64_RD(rd_pmu)
{
    begin(c);
    uint64_t v = read(c, id);
    finish(c);
    return v;
}

A64_RD(rd_pmevcntr)
{
    begin(c);
    uint64_t v = counter(c, number(id));
    finish(c);
    return v;
}

A64_RD(rd_pmevtyper)
{
    return type(c, number(id));
}

static void set_pmcr(struct a64 *c, uint64_t v)
{
    c->sr[SR_PMCR_EL0] = (c->sr[SR_PMCR_EL0] & ~(uint64_t)PMCR_KEPT) | (v & PMCR_KEPT);
    if (v & PMCR_C)
        c->sr[SR_PMCCNTR_EL0] = 0;
    for (uint32_t n = 0; v & PMCR_P && n < visible(c); n++)
        c->pmevcntr[n] = 0;
}

static void set_counter(struct a64 *c, uint32_t n, uint64_t v)
{
    if (n < visible(c))
        c->pmevcntr[n] = (uint32_t)v;
}

static void set_type(struct a64 *c, uint32_t n, uint64_t v)
{
    uint64_t filter = FILTER_P | FILTER_U;
    if (c->isa & A64_BIT(EL2))
        filter |= FILTER_NSH;
    if (c->isa & A64_BIT(EL3))
        filter |= FILTER_NSK | FILTER_NSU | FILTER_M;
    if (n == 31)
        c->sr[SR_PMCCFILTR_EL0] = v & filter;
    else if (n < visible(c))
        c->pmevtyper[n] = v & (filter | EV_MASK);
}

static void increment(struct a64 *c, uint64_t which)
{
    for (uint32_t n = 0; n < visible(c); n++)
        if (which & c->pm_counting & bit_of(n) && event(c, n) == EV_SW_INCR)
            put(c, n, c->pmevcntr[n] + 1);
}

static void write(struct a64 *c, uint32_t id, uint64_t v)
{
    uint64_t bits = v & visible_bits(c);
    switch (id) {
    case SR_PMCR_EL0: set_pmcr(c, v); break;
    case SR_PMCNTENSET_EL0:
    case SR_PMOVSSET_EL0:
    case SR_PMINTENSET_EL1: c->sr[id] |= bits; break;
    case SR_PMCNTENCLR_EL0: c->sr[SR_PMCNTENSET_EL0] &= ~bits; break;
    case SR_PMOVSCLR_EL0: c->sr[SR_PMOVSSET_EL0] &= ~bits; break;
    case SR_PMINTENCLR_EL1: c->sr[SR_PMINTENSET_EL1] &= ~bits; break;
    case SR_PMSWINC_EL0: increment(c, v); break;
    case SR_PMSELR_EL0: c->sr[id] = v & 31; break;
    case SR_PMUSERENR_EL0: c->sr[id] = v & 15; break;
    case SR_PMCCFILTR_EL0: set_type(c, 31, v); break;
    case SR_PMXEVTYPER_EL0: set_type(c, selected(c), v); break;
    case SR_PMXEVCNTR_EL0: set_counter(c, selected(c), v); break;
    default: c->sr[id] = v; break; /* PMCCNTR_EL0, MDCR_ELx */
    }
}

A64_WR(wr_pmu)
{
    begin(c);
    write(c, id, v);
    finish(c);
}

A64_WR(wr_pmevcntr)
{
    begin(c);
    set_counter(c, number(id), v);
    finish(c);
}

A64_WR(wr_pmevtyper)
{
    begin(c);
    set_type(c, number(id), v);
    finish(c);
}

/* ---- The CPU's life ------------------------------------------------------------------------- */

int a64_pmu_init(struct a64 *c, pb_err *e)
{
    pthread_mutex_init(&c->pm_lock, NULL);
    if (c->user || !(c->isa & A64_BIT(PMU)))
        return PB_OK;
    c->pm_out = c->line ? c->line->out(c->dev, "pmu", 0) : NULL;
    c->pm_timer = c->time->timer(c->dev, "pmu", PB_CLK_VIRTUAL, expired, c, e);
    return c->pm_timer ? PB_OK : PB_ENOMEM;
}

void a64_pmu_fini(struct a64 *c)
{
    pthread_mutex_destroy(&c->pm_lock);
}

/* Its registers have other values: after a reset, or loaded; `stale`: counters are saved by
 * pm_base only (state version 1, which knew no overflow). */
void a64_pmu_update(struct a64 *c, uint32_t stale)
{
    pthread_mutex_lock(&c->pm_lock);
    c->pm_level = -1;
    c->pm_due = -1;
    c->pm_now = a64_cycles(c);
    c->sr[SR_PMCR_EL0] &= ~0xf800ull; /* N, which was kept there, too */
    decide(c);
    for (uint32_t n = 0; n <= CYCLE; n++) {
        uint64_t v = ticks(c, n) - c->pm_base[n];
        if (stale && counts_time(c, n))
            *value(c, n) = n == CYCLE ? v : (uint32_t)v;
        else if (n < CYCLE)
            c->pmevcntr[n] = (uint32_t)c->pmevcntr[n];
    }
    pthread_mutex_unlock(&c->pm_lock);
    a64_pmu_moved(c);
}
