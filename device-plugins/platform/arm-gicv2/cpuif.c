/* SPDX-License-Identifier: MIT */
/* cpuif.c - the CPU interfaces of a GICv2: which interrupt is signalled, acknowledged,
 * dropped and deactivated.
 * IHI 0048B.b, 3.2 (acknowledge and end), 3.3 (prioritization), 4.4.
 *
 * The running priority is the lowest set bit of the active-priority registers; each group
 * has its own. */
#include "gicv2.h"

enum { C_CTLR, C_PMR, C_BPR, C_IAR, C_EOIR, C_RPR, C_HPPIR, C_ABPR, C_AIAR, C_AEOIR, C_AHPPIR,
       C_APR, C_NSAPR, C_IIDR, C_DIR };

#define IDLE 0x100u /* no running priority; above every other */

static void guest_error(struct gicv2 *g, const char *text)
{
    if (g->h->log_on[PB_LOG_GUEST])
        g->h->log(g->h, g->dev, PB_LOG_GUEST, text);
}

/* The pending interrupt of the highest priority for `cpu` among `groups` (bit 0: Group 0),
 * the lowest number among equals; SPURIOUS when there is none. */
static uint32_t best(struct gicv2 *g, uint32_t cpu, uint32_t groups)
{
    uint32_t found = SPURIOUS, floor = IDLE;

    groups &= g->ctlr;
    for (uint32_t w = 0; groups && w < g->words; w++) {
        uint32_t m = pending_word(g, cpu, w) & *word(&g->enable, cpu, w) &
                     ~*word(&g->active, cpu, w);
        uint32_t group1 = *word(&g->group, cpu, w);
        if (groups != 3)
            m &= groups == 2 ? group1 : ~group1;
        for (; m; m &= m - 1) {
            uint32_t n = w * 32 + (uint32_t)__builtin_ctz(m);
            if (w && g->n_cpus > 1 && !(g->target[n] >> cpu & 1))
                continue;
            if (*priority(g, cpu, n) < floor) {
                floor = *priority(g, cpu, n);
                found = n;
            }
        }
    }
    return found;
}

static uint32_t running(const struct cpu_interface *c)
{
    uint32_t apr = c->apr[0] | c->apr[1];

    return apr ? (uint32_t)__builtin_ctz(apr) << 3 : IDLE;
}

/* Bits of a priority that decide about preemption (3.3.3). */
static uint32_t group_mask(const struct cpu_interface *c, uint32_t group)
{
    uint32_t bpr = c->bpr + 1;

    if (group && !(c->ctlr & GICC_CBPR))
        bpr = c->abpr;
    return ~0u << bpr & 0xff;
}

/* The interrupt that the interface would signal; SPURIOUS: none is of sufficient priority. */
static uint32_t candidate(struct gicv2 *g, uint32_t cpu, uint32_t *group)
{
    struct cpu_interface *c = &g->cpu[cpu];
    uint32_t n = best(g, cpu, c->ctlr & 3);

    if (n == SPURIOUS)
        return n;
    uint32_t prio = *priority(g, cpu, n);
    *group = test(&g->group, cpu, n);
    uint32_t mask = group_mask(c, *group);
    if (prio >= c->pmr || (prio & mask) >= (running(c) & (mask | IDLE)))
        return SPURIOUS;
    return n;
}

void gicv2_update(struct gicv2 *g, uint32_t cpu)
{
    struct cpu_interface *c = &g->cpu[cpu];
    uint32_t group = 0, n = candidate(g, cpu, &group);
    uint32_t fiq = n != SPURIOUS && !group && (c->ctlr & GICC_FIQEN);

    pb_line_set(c->fiq, (int32_t)fiq);
    pb_line_set(c->irq, n != SPURIOUS && !fiq);
}

void gicv2_update_all(struct gicv2 *g)
{
    for (uint32_t c = 0; c < g->n_cpus; c++)
        gicv2_update(g, c);
}

void gicv2_update_irq(struct gicv2 *g, uint32_t cpu, uint32_t n)
{
    if (n < 32) {
        gicv2_update(g, cpu);
        return;
    }
    for (uint32_t c = 0; c < g->n_cpus; c++)
        if (g->n_cpus == 1 || (g->target[n] >> c & 1))
            gicv2_update(g, c);
}

/* ---- Acknowledge, drop, deactivate --------------------------------------------------- */

/* 4.4.4: which number a read of GICC_IAR (or, for `alias`, GICC_AIAR) gives. */
static uint32_t answer(struct access *a, uint32_t n, uint32_t group, int alias)
{
    if (n == SPURIOUS)
        return n;
    if (alias || a->ns)
        return group ? n : SPURIOUS;
    return group && !(a->g->cpu[a->cpu].ctlr & GICC_ACKCTL) ? 1022 : n;
}

static uint32_t acknowledge(struct access *a, int alias)
{
    struct gicv2 *g = a->g;
    struct cpu_interface *c = &g->cpu[a->cpu];
    uint32_t group = 0, n = candidate(g, a->cpu, &group), src = 0;

    if (answer(a, n, group, alias) != n || n == SPURIOUS)
        return answer(a, n, group, alias);
    uint32_t level = (*priority(g, a->cpu, n) & group_mask(c, group)) >> 3;
    c->apr[group] |= 1u << level;
    assign(&g->active, a->cpu, n, 1);
    if (n < 16) {
        src = (uint32_t)__builtin_ctz(g->sgi[a->cpu][n] | 0x100);
        g->sgi[a->cpu][n] &= (uint8_t)~(1u << src);
        assign(&g->pending, a->cpu, n, g->sgi[a->cpu][n] != 0);
    } else {
        assign(&g->pending, a->cpu, n, 0);
    }
    gicv2_update_irq(g, a->cpu, n);
    if (n >= 32)
        gicv2_update(g, a->cpu);
    return n | (src & 7) << 10;
}

static void deactivate(struct access *a, uint32_t n)
{
    struct gicv2 *g = a->g;

    if (n >= g->n_irqs || (a->ns && !test(&g->group, a->cpu, n)))
        return;
    if (!test(&g->active, a->cpu, n)) {
        guest_error(g, "arm-gicv2: an interrupt is deactivated that is not active, section 3.2");
        return;
    }
    assign(&g->active, a->cpu, n, 0);
    gicv2_update_irq(g, a->cpu, n);
}

/* 4.4.5: the priority that runs is dropped; with EOImode 0 the interrupt ends as well. */
static void end(struct access *a, uint32_t v, int alias)
{
    struct gicv2 *g = a->g;
    struct cpu_interface *c = &g->cpu[a->cpu];
    uint32_t n = v & 0x3ff, only1 = alias || a->ns;
    uint32_t group = only1 || !c->apr[0] ||
                     (c->apr[1] && __builtin_ctz(c->apr[1]) < __builtin_ctz(c->apr[0]));

    if (n >= g->n_irqs)
        return; /* 1020 to 1023: nothing was acknowledged */
    if (only1 && !test(&g->group, a->cpu, n))
        return;
    if (!c->apr[group])
        guest_error(g, "arm-gicv2: GICC_EOIR written while no interrupt runs, section 4.4.5");
    c->apr[group] &= c->apr[group] - 1;
    if (!(c->ctlr & (only1 && g->security ? GICC_EOIMODENS : GICC_EOIMODES)))
        deactivate(a, n);
    gicv2_update(g, a->cpu);
}

/* ---- Registers --------------------------------------------------------------------- */

static uint32_t read_ctlr(struct access *a)
{
    uint32_t v = a->g->cpu[a->cpu].ctlr;

    if (!a->ns)
        return a->g->security ? v : v & ~(uint32_t)GICC_EOIMODENS;
    return (v >> 1 & 1) | (v >> 2 & 0x60) | (v >> 1 & 0x200);
}

static void write_ctlr(struct access *a, uint32_t v)
{
    struct cpu_interface *c = &a->g->cpu[a->cpu];

    if (a->ns)
        c->ctlr = (c->ctlr & ~(GICC_ENABLE1 | 0x180u | GICC_EOIMODENS)) | (v & 1) << 1 |
                  (v & 0x60) << 2 | (v & 0x200) << 1;
    else
        c->ctlr = v & (a->g->security ? 0x7ffu : 0x3ffu);
}

/* A priority as Non-secure software sees it: Group 1 only, in the upper half (3.8.3). */
static uint32_t ns_view(struct access *a, uint32_t prio)
{
    if (!a->ns)
        return prio & 0xff;
    return prio == IDLE ? 0xff : prio & 0x80 ? prio << 1 & 0xff : 0;
}

static uint32_t pending_number(struct access *a, int alias)
{
    struct gicv2 *g = a->g;
    uint32_t n = best(g, a->cpu, 3);

    if (n == SPURIOUS)
        return n;
    uint32_t id = answer(a, n, test(&g->group, a->cpu, n), alias);
    return id < 16 ? id | ((uint32_t)__builtin_ctz(g->sgi[a->cpu][id] | 0x100) & 7) << 10 : id;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct access *a = self;
    struct cpu_interface *c = &a->g->cpu[a->cpu];
    uint32_t run = running(c);

    switch (r->id) {
    case C_CTLR:
        return read_ctlr(a);
    case C_PMR:
        return ns_view(a, c->pmr);
    case C_BPR:
        return a->ns ? c->ctlr & GICC_CBPR ? c->bpr < 7 ? c->bpr + 1 : 7 : c->abpr : c->bpr;
    case C_ABPR:
        return a->ns ? 0 : c->abpr;
    case C_IAR:
    case C_AIAR:
        return r->id == C_AIAR && a->ns ? 0 : acknowledge(a, r->id == C_AIAR);
    case C_RPR:
        return run == IDLE ? 0xff : ns_view(a, run);
    case C_HPPIR:
    case C_AHPPIR:
        return r->id == C_AHPPIR && a->ns ? 0 : pending_number(a, r->id == C_AHPPIR);
    case C_APR: /* one register holds the 32 levels; Non-secure: its own upper half */
        return i ? 0 : a->ns ? c->apr[1] >> 16 : c->apr[0];
    default: /* C_NSAPR */
        return i || a->ns ? 0 : c->apr[1];
    }
}

static void write_pmr(struct access *a, uint32_t v)
{
    struct cpu_interface *c = &a->g->cpu[a->cpu];

    if (!a->ns)
        c->pmr = v & PRIO_MASK;
    else if (c->pmr & 0x80) /* else it belongs to Secure software (3.8.3) */
        c->pmr = (0x80 | (v & 0xff) >> 1) & PRIO_MASK;
}

static uint32_t at_least(uint32_t v, uint32_t least)
{
    return (v & 7) < least ? least : v & 7;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *a = self;
    struct cpu_interface *c = &a->g->cpu[a->cpu];
    uint32_t v = (uint32_t)val;

    switch (r->id) {
    case C_CTLR:
        write_ctlr(a, v);
        break;
    case C_PMR:
        write_pmr(a, v);
        break;
    case C_BPR:
        if (!a->ns)
            c->bpr = at_least(v, MIN_BPR);
        else if (!(c->ctlr & GICC_CBPR))
            c->abpr = at_least(v, MIN_BPR + 1);
        break;
    case C_ABPR:
        if (!a->ns)
            c->abpr = at_least(v, MIN_BPR + 1);
        break;
    case C_EOIR:
    case C_AEOIR:
        if (r->id == C_EOIR || !a->ns)
            end(a, v, r->id == C_AEOIR);
        return;
    case C_DIR:
        deactivate(a, v & 0x3ff);
        return;
    case C_APR:
        if (!i && a->ns)
            c->apr[1] = (c->apr[1] & 0xffff) | v << 16;
        else if (!i)
            c->apr[0] = v;
        break;
    default: /* C_NSAPR */
        if (!i && !a->ns)
            c->apr[1] = v;
    }
    gicv2_update(a->g, a->cpu);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, cnt, sec) {.name = "GICC_" #n, .off = o, .width = 4, .access = acc, \
    .mask = 0xffffffff, .id = C_##n, .count = cnt, .stride = 4, .flags = HOOKS, .section = sec}
static const struct pb_reg regs[] = {
    REG(CTLR, 0x00, PB_R_RW, 1, "4.4.1"),
    REG(PMR, 0x04, PB_R_RW, 1, "4.4.2"),
    REG(BPR, 0x08, PB_R_RW, 1, "4.4.3"),
    REG(IAR, 0x0c, PB_R_RO, 1, "4.4.4"),
    REG(EOIR, 0x10, PB_R_WO, 1, "4.4.5"),
    REG(RPR, 0x14, PB_R_RO, 1, "4.4.6"),
    REG(HPPIR, 0x18, PB_R_RO, 1, "4.4.7"),
    REG(ABPR, 0x1c, PB_R_RW, 1, "4.4.8"),
    REG(AIAR, 0x20, PB_R_RO, 1, "4.4.9"),
    REG(AEOIR, 0x24, PB_R_WO, 1, "4.4.10"),
    REG(AHPPIR, 0x28, PB_R_RO, 1, "4.4.11"),
    REG(APR, 0xd0, PB_R_RW, 4, "4.4.12"),
    REG(NSAPR, 0xe0, PB_R_RW, 4, "4.4.13"),
    {.name = "GICC_IIDR", .off = 0xfc, .width = 4, .access = PB_R_RO, .id = C_IIDR,
     .reset = 0x0202143b, .section = "4.4.14"},
    REG(DIR, 0x1000, PB_R_WO, 1, "4.4.15"),
};
const struct pb_regs gicv2_cpu_table = {sizeof gicv2_cpu_table, sizeof regs / sizeof *regs,
                                        regs, "arm-gicv2", reg_read, reg_write};

int gicv2_cpu_access(void *self, struct pb_txn *t)
{
    struct gicv2 *g = self;
    struct access a;

    gicv2_who(g, t, &a);
    if (t->attrs & PB_TXN_DEBUG && !t->is_write && (t->off == 0x0c || t->off == 0x20)) {
        t->val = SPURIOUS; /* a debugger acknowledges nothing */
        return PB_OK;
    }
    pthread_mutex_lock(&g->lock);
    if (t->is_write)
        pb_regs_write(&gicv2_cpu_table, &a, g->h, g->dev, t->off, t->val, t->bytes);
    else
        t->val = pb_regs_read(&gicv2_cpu_table, &a, g->h, g->dev, t->off, t->bytes);
    pthread_mutex_unlock(&g->lock);
    return PB_OK;
}
