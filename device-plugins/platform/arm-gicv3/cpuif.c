/* SPDX-License-Identifier: MIT */
/* cpuif.c - the CPU interface of a GICv3: which interrupt is signalled, acknowledged, dropped
 * and deactivated, and SGIs.
 * IHI 0069H, 4.6 (grouping), 4.7 (interrupt handling), 4.8 (prioritization).
 *
 * The running priority is the lowest set bit of the active-priority registers; each group
 * has its own. Group 0 is signalled by FIQ, Group 1 by IRQ (one Security state). */
#include "gicv3.h"

static void guest_error(struct gicv3 *g, const char *text)
{
    if (g->h->log_on[PB_LOG_GUEST])
        g->h->log(g->h, g->dev, PB_LOG_GUEST, text);
}

struct found { uint32_t intid, prio, group; };

static void scan(uint32_t m, uint32_t base, const uint8_t *prio, uint32_t groups,
                 struct found *f)
{
    for (; m; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);
        if (prio[base + k] < f->prio)
            *f = (struct found){base + k, prio[base + k], groups >> k & 1};
    }
}

static uint32_t allowed(uint32_t groups, uint32_t group1)
{
    return (groups & 1 ? ~group1 : 0) | (groups & 2 ? group1 : 0);
}

/* The pending interrupt of the highest priority among `groups` (bit 0: Group 0), the lowest
 * INTID among equals. */
static struct found best(struct cpu *c, uint32_t groups)
{
    struct gicv3 *g = c->g;
    struct found f = {SPURIOUS, IDLE, 0};
    uint32_t prio = IDLE, lpi;

    groups &= g->ctlr;
    if (!groups || c->waker & WAKER_SLEEP)
        return f;
    scan((c->own.pending | (c->own.level & ~c->own.edge)) & c->own.enable & ~c->own.active &
             allowed(groups, c->own.group), 0, c->prio, c->own.group, &f);
    for (uint32_t w = 1; w < g->words; w++) {
        uint32_t m = (g->pending[w] | (g->level[w] & ~g->edge[w])) & g->enable[w] &
                     ~g->active[w] & c->target[w];
        if (m)
            scan(m & allowed(groups, g->group[w]), w * 32, g->prio, g->group[w], &f);
    }
    if (c->lpi && groups & 2 && (lpi = gicv3_lpi_best(c, &prio)) != SPURIOUS && prio < f.prio)
        f = (struct found){lpi, prio, 1};
    return f;
}

uint32_t gicv3_running(uint32_t apr0, uint32_t apr1)
{
    return apr0 | apr1 ? (uint32_t)__builtin_ctz(apr0 | apr1) << 3 : IDLE;
}

/* Bits of a priority that decide about preemption (4.8.3). */
static uint32_t group_mask(const struct cpu *c, uint32_t group)
{
    return group && !(c->icc_ctlr & CTLR_CBPR) ? ~0u << c->bpr[1] & 0xff
                                               : ~0u << (c->bpr[0] + 1) & 0xff;
}

static struct found candidate(struct cpu *c)
{
    struct found f = best(c, c->enable[0] | c->enable[1] << 1);
    uint32_t mask = group_mask(c, f.group), run = gicv3_running(c->apr[0], c->apr[1]);

    if (f.prio >= c->pmr || (f.prio & mask) >= (run & (mask | IDLE)))
        f.intid = SPURIOUS;
    return f;
}

void gicv3_update(struct cpu *c)
{
    struct found f = candidate(c);

    pb_line_set(c->fiq, f.intid != SPURIOUS && !f.group);
    pb_line_set(c->irq, f.intid != SPURIOUS && f.group);
}

void gicv3_update_all(struct gicv3 *g)
{
    for (uint32_t i = 0; i < g->n_cpus; i++)
        gicv3_update(&g->cpu[i]);
}

void gicv3_update_irq(struct gicv3 *g, uint32_t n)
{
    if (g->route[n] < g->n_cpus)
        gicv3_update(&g->cpu[g->route[n]]);
}

/* What ICC_HPPIRn_EL1 tells: for Group 0 an interrupt of Group 1 is none, and the reverse. */
uint32_t gicv3_hppi(struct cpu *c, uint32_t group)
{
    struct found f = best(c, c->enable[0] | c->enable[1] << 1);

    return f.group == group ? f.intid : SPURIOUS;
}

uint32_t gicv3_acknowledge(struct cpu *c, uint32_t group)
{
    struct gicv3 *g = c->g;
    struct found f = candidate(c);

    if (f.intid == SPURIOUS || f.group != group)
        return SPURIOUS;
    c->apr[group] |= 1u << ((f.prio & group_mask(c, group)) >> 3);
    if (f.intid < 32) {
        c->own.active |= 1u << f.intid;
        c->own.pending &= ~(1u << f.intid);
    } else if (f.intid < INTIDS) {
        set_bit(g->active, f.intid, 1);
        set_bit(g->pending, f.intid, 0);
    } else { /* LPIs are never active */
        gicv3_lpi_pend(c, f.intid, 0);
    }
    gicv3_update(c);
    return f.intid;
}

void gicv3_deactivate(struct cpu *c, uint32_t n)
{
    struct gicv3 *g = c->g;
    uint32_t was = n < 32 ? c->own.active >> n & 1 : n < g->n_irqs ? bit(g->active, n) : 1;

    if (!was)
        guest_error(g, "arm-gicv3: an interrupt is deactivated that is not active, section 4.7");
    else if (n < 32)
        c->own.active &= ~(1u << n);
    else if (n < g->n_irqs)
        set_bit(g->active, n, 0);
    if (n < 32)
        gicv3_update(c);
    else if (n < g->n_irqs)
        gicv3_update_irq(g, n);
}

void gicv3_end(struct cpu *c, uint32_t group, uint32_t n)
{
    if (n >= INTIDS && n < FIRST_LPI)
        return; /* the special ones: nothing was acknowledged */
    if (!c->apr[group])
        guest_error(c->g, "arm-gicv3: ICC_EOIR written while no interrupt of its group runs, "
                    "section 4.7");
    c->apr[group] &= c->apr[group] - 1;
    if (!(c->icc_ctlr & CTLR_EOIMODE) && n < INTIDS)
        gicv3_deactivate(c, n);
    gicv3_update(c);
}

/* ICC_SGI1R_EL1 and the like: a list of CPUs of one cluster, or all the others. */
void gicv3_sgi(struct cpu *from, uint64_t v, uint32_t group)
{
    struct gicv3 *g = from->g;
    uint32_t n = v >> 24 & 15, all = v >> 40 & 1, first = (v >> 44 & 15) * 16;
    uint64_t cluster = (v >> 48 & 0xff) << 24 | (v >> 32 & 0xff) << 16 | (v >> 16 & 0xff) << 8;

    for (uint32_t i = 0; i < g->n_cpus; i++) {
        struct cpu *c = &g->cpu[i];
        uint32_t aff0 = c->affinity & 0xff;
        if (all ? c == from : (c->affinity & ~0xffull) != cluster || aff0 < first ||
                                  aff0 - first > 15 || !(v >> (aff0 - first) & 1))
            continue;
        if ((c->own.group >> n & 1) != group)
            continue;
        c->own.pending |= 1u << n;
        gicv3_update(c);
    }
}
