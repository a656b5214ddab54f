/* SPDX-License-Identifier: MIT */
/* cpuif.c - the CPU interface of a GICv3: which interrupt is signalled, acknowledged, dropped
 * and deactivated, and SGIs.
 * IHI 0069H, 4.6 (grouping), 4.7 (interrupt handling), 4.8 (prioritization).
 *
 * The running priority is the lowest set bit of the active-priority registers; each group
 * has its own. Group 0 is signalled by FIQ, Group 1 by IRQ where the CPU is in the Security state of
 * the group, and by FIQ elsewhere: so the CPU says when it moves (4.6.2). */
#include "gicv3.h"

static void guest_error(struct gicv3 *g, const char *text)
{
    if (g->h->log_on[PB_LOG_GUEST])
        g->h->log(g->h, g->dev, PB_LOG_GUEST, text);
}

struct found { uint32_t intid, prio, group; };

static void scan(struct gicv3 *g, uint32_t m, uint32_t base, const uint8_t *prio, uint32_t group,
                 uint32_t mod, struct found *f)
{
    for (; m; m &= m - 1) {
        uint32_t k = (uint32_t)__builtin_ctz(m);
        if (prio[base + k] < f->prio)
            *f = (struct found){base + k, prio[base + k], group_bit(g, group, mod, k)};
    }
}

/* Which of 32 interrupts are in one of `groups` (a bit each). */
static uint32_t allowed(const struct gicv3 *g, uint32_t groups, uint32_t group, uint32_t mod)
{
    mod = g->ds ? 0 : mod & ~group;
    return (groups & 1 ? ~group & ~mod : 0) | (groups & 2 ? group : 0) | (groups & 4 ? mod : 0);
}

/* The pending interrupt of the highest priority among the groups that are enabled here and in the
 * distributor, the lowest INTID among equals. */
static struct found best(struct cpu *c)
{
    struct gicv3 *g = c->g;
    struct found f = {SPURIOUS, IDLE, GROUP0};
    uint32_t groups = g->ctlr & (c->enable[0] | c->enable[1] << 1 | c->enable[2] << 2);
    uint32_t prio = IDLE, lpi;

    if (!groups || c->waker & WAKER_SLEEP)
        return f;
    scan(g, (c->own.pending | (c->own.level & ~c->own.edge)) & c->own.enable & ~c->own.active &
                allowed(g, groups, c->own.group, c->own.mod),
         0, c->prio, c->own.group, c->own.mod, &f);
    for (uint32_t w = 1; w < g->words; w++) {
        uint32_t m = (g->pending[w] | (g->level[w] & ~g->edge[w])) & g->enable[w] &
                     ~g->active[w] & c->target[w];
        if (m)
            scan(g, m & allowed(g, groups, g->group[w], g->mod[w]), w * 32, g->prio, g->group[w],
                 g->mod[w], &f);
    }
    if (!c->lpi || !(groups & 1u << GROUP1) || (lpi = gicv3_lpi_best(c, &prio)) == SPURIOUS)
        return f;
    prio = g->ds ? prio : ns_means(prio); /* 5.1.1: in the Non-secure half */
    return prio < f.prio ? (struct found){lpi, prio, GROUP1} : f;
}

uint32_t gicv3_running(uint32_t apr0, uint32_t apr1)
{
    return apr0 | apr1 ? (uint32_t)__builtin_ctz(apr0 | apr1) << 3 : IDLE;
}

/* Bits of a priority that decide about preemption (4.8.3). */
static uint32_t group_mask(const struct cpu *c, uint32_t group)
{
    if (group == GROUP0 || c->icc_ctlr[group] & CTLR_CBPR)
        return ~0u << (c->bpr[0] + 1) & 0xff;
    return ~0u << (c->bpr[group] + (group == GROUP1S)) & 0xff;
}

static struct found candidate(struct cpu *c)
{
    struct found f = best(c);
    uint32_t mask = group_mask(c, f.group);
    uint32_t run = gicv3_running(c->apr[0], c->apr[1] | c->apr[2]);

    if (f.prio >= c->pmr || (f.prio & mask) >= (run & (mask | IDLE)))
        f.intid = SPURIOUS;
    return f;
}

static uint32_t at_el3(uint32_t at)
{
    return (at & PB_ARM_AT_EL) == 3;
}

static uint32_t by_fiq(const struct cpu *c, uint32_t group)
{
    if (group == GROUP0 || c->g->ds)
        return group == GROUP0;
    return at_el3(c->at) || !(c->at & PB_ARM_AT_SECURE) == (group == GROUP1S);
}

void gicv3_update(struct cpu *c)
{
    struct found f = candidate(c);
    uint32_t on = f.intid != SPURIOUS, fiq = by_fiq(c, f.group);

    pb_line_set(c->fiq, on && fiq);
    pb_line_set(c->irq, on && !fiq);
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

/* Which of its two banks of Group 1 a CPU reaches: EL3 by SCR_EL3.NS. */
uint32_t gicv3_bank(const struct cpu *c, uint32_t at)
{
    if (c->g->ds || !(at & PB_ARM_AT_SECURE))
        return GROUP1;
    return at_el3(at) && at & PB_ARM_AT_NS ? GROUP1 : GROUP1S;
}

/* What a register of Group 0 or 1 tells of `f` (4.4.2, special INTIDs): with Group 0's EL3 learns
 * which state is to handle an interrupt of Group 1. */
static uint32_t shown(const struct cpu *c, struct found f, uint32_t one, uint32_t at)
{
    uint32_t secure = at & PB_ARM_AT_SECURE;

    if (f.intid == SPURIOUS || c->g->ds)
        return f.group == (one ? GROUP1 : GROUP0) ? f.intid : SPURIOUS;
    if (!one && f.group != GROUP0)
        return at_el3(at) ? f.group == GROUP1S ? FOR_SECURE : FOR_NONSECURE : SPURIOUS;
    if (one && f.group == GROUP0)
        return SPURIOUS;
    return f.group == GROUP1 ? !secure || at_el3(at) ? f.intid : SPURIOUS
                             : secure ? f.intid : SPURIOUS;
}

/* Priority mask and running priority do not count here. */
uint32_t gicv3_hppi(struct cpu *c, uint32_t one, uint32_t at)
{
    return shown(c, best(c), one, at);
}

uint32_t gicv3_acknowledge(struct cpu *c, uint32_t one, uint32_t at)
{
    struct gicv3 *g = c->g;
    struct found f = candidate(c);
    uint32_t id = shown(c, f, one, at);

    if (id != f.intid || id == SPURIOUS)
        return id;
    c->apr[f.group] |= 1u << ((f.prio & group_mask(c, f.group)) >> 3);
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

/* Non-secure software deactivates what is its own. */
static uint32_t may_deactivate(const struct cpu *c, uint32_t n, uint32_t at)
{
    return c->g->ds || at & PB_ARM_AT_SECURE || n >= c->g->n_irqs ||
           (n < 32 ? c->own.group >> n & 1 : bit(c->g->group, n));
}

void gicv3_deactivate(struct cpu *c, uint32_t n, uint32_t at)
{
    struct gicv3 *g = c->g;
    uint32_t was = n < 32 ? c->own.active >> n & 1 : n < g->n_irqs ? bit(g->active, n) : 1;

    if (!may_deactivate(c, n, at))
        return;
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

/* The group whose priority is dropped; EL3 may end an interrupt of either state. */
static uint32_t ended(const struct cpu *c, uint32_t one, uint32_t at)
{
    if (!one)
        return GROUP0;
    if (c->g->ds || !at_el3(at))
        return gicv3_bank(c, at);
    return gicv3_running(0, c->apr[2]) < gicv3_running(0, c->apr[1]) ? GROUP1S : GROUP1;
}

void gicv3_end(struct cpu *c, uint32_t one, uint32_t n, uint32_t at)
{
    uint32_t group = ended(c, one, at);
    uint32_t mode = c->icc_ctlr[c->g->security && at_el3(at) ? GROUP0 : gicv3_bank(c, at)];

    if (n >= INTIDS && n < FIRST_LPI)
        return; /* the special ones: nothing was acknowledged */
    if (!c->apr[group])
        guest_error(c->g, "arm-gicv3: ICC_EOIR written while no interrupt of its group runs, "
                    "section 4.7");
    c->apr[group] &= c->apr[group] - 1;
    if (!(mode & CTLR_EOIMODE) && n < INTIDS)
        gicv3_deactivate(c, n, at);
    gicv3_update(c);
}

/* The group that an SGI register is for: ICC_SGI0R, ICC_SGI1R (one), ICC_ASGI1R (other, too).
 * GROUPS: none. Non-secure software has only its own (8.1.10, table of forwarding; NSACR is 0). */
uint32_t gicv3_sgi_group(const struct cpu *c, uint32_t one, uint32_t other, uint32_t at)
{
    uint32_t secure = at & PB_ARM_AT_SECURE;

    if (c->g->ds)
        return other ? GROUPS : one ? GROUP1 : GROUP0;
    if (other || !one)
        return !secure ? GROUPS : other ? GROUP1 : GROUP0;
    return secure ? GROUP1S : GROUP1;
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
        if (group_bit(g, c->own.group, c->own.mod, n) != group)
            continue;
        c->own.pending |= 1u << n;
        gicv3_update(c);
    }
}
