/* SPDX-License-Identifier: MIT */
/* pmu.c - performance monitors: the cycle counter, event counters for cycles and SW_INCR.
 * DDI 0487: D13 (PMUv3), D19.5 (its registers).
 *
 * Cycles are nanoseconds of the virtual clock: a 1 GHz CPU. A counter that runs is kept as its
 * distance to the clock (pm_base), one that stands still as its value.
 * Not modelled: overflow interrupts, filters by exception level, all other events.
 */
#include "sysreg.h"

#define PMCR_E 1u
#define PMCR_P 2u
#define PMCR_C 4u
#define EVENT_CYCLES 0x11u
#define CYCLE A64_PMU_COUNTERS /* index of the cycle counter in pm_base */
#define ALL ((1ull << 31) | ((1ull << A64_PMU_COUNTERS) - 1))

static uint64_t *value(struct a64 *c, uint32_t n)
{
    return n == CYCLE ? &c->sr[SR_PMCCNTR_EL0] : &c->pmevcntr[n];
}

static int running(const struct a64 *c, uint32_t n)
{
    uint64_t bit = n == CYCLE ? 1ull << 31 : 1ull << n;
    return c->sr[SR_PMCR_EL0] & PMCR_E && c->sr[SR_PMCNTENSET_EL0] & bit &&
           (n == CYCLE || (c->pmevtyper[n] & 0xffff) == EVENT_CYCLES);
}

static uint64_t get(struct a64 *c, uint32_t n)
{
    uint64_t v = running(c, n) ? a64_cycles(c) - c->pm_base[n] : *value(c, n);
    return n == CYCLE ? v : (uint32_t)v;
}

static void set(struct a64 *c, uint32_t n, uint64_t v)
{
    *value(c, n) = v;
    c->pm_base[n] = a64_cycles(c) - v;
}

/* All values as they are now, before something decides anew what runs; then from there. */
static void change(struct a64 *c, uint64_t *what, uint64_t to)
{
    uint64_t now[A64_PMU_COUNTERS + 1];
    for (uint32_t n = 0; n <= CYCLE; n++)
        now[n] = get(c, n);
    *what = to;
    for (uint32_t n = 0; n <= CYCLE; n++)
        set(c, n, now[n]);
}

static uint32_t selected(const struct a64 *c)
{
    return (uint32_t)(c->sr[SR_PMSELR_EL0] & 31);
}

A64_RD(rd_pmu)
{
    uint32_t n = selected(c);
    switch (id) {
    case SR_PMCNTENCLR_EL0: return c->sr[SR_PMCNTENSET_EL0];
    case SR_PMOVSCLR_EL0: return c->sr[SR_PMOVSSET_EL0];
    case SR_PMINTENCLR_EL1: return c->sr[SR_PMINTENSET_EL1];
    case SR_PMCCNTR_EL0: return get(c, CYCLE);
    case SR_PMXEVTYPER_EL0:
        return n == 31 ? c->sr[SR_PMCCFILTR_EL0] : n < A64_PMU_COUNTERS ? c->pmevtyper[n] : 0;
    default: return n < A64_PMU_COUNTERS ? get(c, n) : 0;
    }
}

static void set_pmcr(struct a64 *c, uint64_t v)
{
    uint64_t keep = 0xe9; /* E D X DP LC */
    change(c, &c->sr[SR_PMCR_EL0], (c->sr[SR_PMCR_EL0] & ~keep) | (v & keep));
    if (v & PMCR_C)
        set(c, CYCLE, 0);
    for (uint32_t n = 0; v & PMCR_P && n < A64_PMU_COUNTERS; n++)
        set(c, n, 0);
}

static void increment(struct a64 *c, uint64_t which)
{
    for (uint32_t n = 0; n < A64_PMU_COUNTERS; n++)
        if (which >> n & 1 && c->sr[SR_PMCR_EL0] & PMCR_E && c->sr[SR_PMCNTENSET_EL0] >> n & 1 &&
            (c->pmevtyper[n] & 0xffff) == 0)
            c->pmevcntr[n] = (uint32_t)(c->pmevcntr[n] + 1);
}

A64_WR(wr_pmu)
{
    uint64_t *en = &c->sr[SR_PMCNTENSET_EL0];
    uint32_t n = selected(c);
    switch (id) {
    case SR_PMCR_EL0: set_pmcr(c, v); break;
    case SR_PMCNTENSET_EL0: change(c, en, *en | (v & ALL)); break;
    case SR_PMCNTENCLR_EL0: change(c, en, *en & ~v); break;
    case SR_PMOVSSET_EL0:
    case SR_PMINTENSET_EL1: c->sr[id] |= v & ALL; break;
    case SR_PMOVSCLR_EL0: c->sr[SR_PMOVSSET_EL0] &= ~v; break;
    case SR_PMINTENCLR_EL1: c->sr[SR_PMINTENSET_EL1] &= ~v; break;
    case SR_PMSWINC_EL0: increment(c, v); break;
    case SR_PMSELR_EL0: c->sr[id] = v & 31; break;
    case SR_PMUSERENR_EL0: c->sr[id] = v & 15; break;
    case SR_PMCCNTR_EL0: set(c, CYCLE, v); break;
    case SR_PMXEVTYPER_EL0:
        if (n == 31)
            c->sr[SR_PMCCFILTR_EL0] = v;
        else if (n < A64_PMU_COUNTERS)
            change(c, &c->pmevtyper[n], v);
        break;
    default:
        if (n < A64_PMU_COUNTERS)
            set(c, n, (uint32_t)v);
        break;
    }
}
