/* SPDX-License-Identifier: MIT */
/* dist.c - the distributor of a GICv2.
 * IHI 0048B.b, 4.3. With the Security Extensions a Non-secure access sees Group 1 only, and
 * its priorities in the upper half (4.2.1, 3.8.3). */
#include "gicv2.h"

enum { D_CTLR, D_TYPER, D_IIDR, D_IGROUPR, D_ISENABLER, D_ICENABLER, D_ISPENDR, D_ICPENDR,
       D_ISACTIVER, D_ICACTIVER, D_IPRIORITYR, D_ITARGETSR, D_ICFGR, D_NSACR, D_SGIR,
       D_CPENDSGIR, D_SPENDSGIR, D_ID };

/* May `a` see interrupt `n`? */
static uint32_t visible(struct access *a, uint32_t n)
{
    return !a->ns || test(&a->g->group, a->cpu, n);
}

/* Interrupts of word `w` that exist and that `a` may see. */
static uint32_t visible_word(struct access *a, uint32_t w)
{
    struct gicv2 *g = a->g;
    uint32_t m = w < g->words ? ~0u : 0;

    if (w == g->words - 1 && g->n_irqs % 32)
        m = (1u << g->n_irqs % 32) - 1;
    return a->ns ? m & *word(&g->group, a->cpu, w) : m;
}

void gicv2_input(struct gicv2 *g, uint32_t cpu, uint32_t n, uint32_t level)
{
    uint32_t was = test(&g->level, cpu, n);

    if (was == level)
        return;
    assign(&g->level, cpu, n, level);
    if (level && test(&g->edge, cpu, n))
        assign(&g->pending, cpu, n, 1);
    if (test(&g->enable, cpu, n))
        gicv2_update_irq(g, cpu, n);
}

/* ---- SGIs -------------------------------------------------------------------------- */

static void update_sgi(struct gicv2 *g, uint32_t cpu, uint32_t n)
{
    assign(&g->pending, cpu, n, g->sgi[cpu][n] != 0);
    gicv2_update(g, cpu);
}

/* 4.3.15: a request to others, to oneself, or to a list. */
static void write_sgir(struct access *a, uint32_t v)
{
    struct gicv2 *g = a->g;
    uint32_t n = v & 15, list = v >> 16 & 0xff, all = (1u << g->n_cpus) - 1;

    switch (v >> 24 & 3) {
    case 1:
        list = all & ~(1u << a->cpu);
        break;
    case 2:
        list = 1u << a->cpu;
        break;
    case 3:
        return; /* reserved */
    default:
        list &= all;
    }
    for (uint32_t c = 0; c < g->n_cpus; c++) {
        uint32_t group = test(&g->group, c, n);
        if (!(list >> c & 1))
            continue;
        if (g->security && (a->ns ? !group : group != (v >> 15 & 1)))
            continue; /* NSATT names the group it is for (table 4-22) */
        g->sgi[c][n] |= (uint8_t)(1u << a->cpu);
        update_sgi(g, c, n);
    }
}

static void sgi_pending(struct access *a, uint32_t n, uint8_t sources, int set)
{
    struct gicv2 *g = a->g;

    if (!visible(a, n))
        return;
    if (set)
        g->sgi[a->cpu][n] |= sources & (uint8_t)((1u << g->n_cpus) - 1);
    else
        g->sgi[a->cpu][n] &= (uint8_t)~sources;
    update_sgi(g, a->cpu, n);
}

/* ---- Bits -------------------------------------------------------------------------- */

static void set_pending(struct access *a, uint32_t w, uint32_t v, int on)
{
    uint32_t *p = word(&a->g->pending, a->cpu, w);

    v &= visible_word(a, w);
    if (w == 0)
        v &= 0xffff0000; /* SGIs have registers of their own */
    *p = on ? *p | v : *p & ~v;
    gicv2_update_all(a->g);
}

static void set_bits(struct access *a, struct bits *b, uint32_t w, uint32_t v, int on)
{
    uint32_t *p = word(b, a->cpu, w);

    v &= visible_word(a, w);
    *p = on ? *p | v : *p & ~v;
    gicv2_update_all(a->g);
}

static uint32_t read_cfg(struct access *a, uint32_t i)
{
    uint32_t edge = *word(&a->g->edge, a->cpu, i / 2) >> i % 2 * 16, seen, v = 0;

    seen = visible_word(a, i / 2) >> i % 2 * 16;
    for (uint32_t k = 0; k < 16; k++)
        v |= (edge & seen) >> k << 31 >> 31 << (2 * k + 1);
    return v;
}

static void write_cfg(struct access *a, uint32_t i, uint32_t v)
{
    struct gicv2 *g = a->g;

    for (uint32_t k = 0; k < 16; k++) {
        uint32_t n = i * 16 + k;
        if (n >= 16 && n < g->n_irqs && visible(a, n))
            assign(&g->edge, a->cpu, n, v >> (2 * k + 1) & 1);
    }
    gicv2_update_all(g);
}

/* ---- Bytes ------------------------------------------------------------------------- */

static uint8_t read_byte(struct access *a, uint32_t reg, uint32_t n)
{
    struct gicv2 *g = a->g;

    if (n >= g->n_irqs || !visible(a, n))
        return 0;
    switch (reg) {
    case D_IPRIORITYR: /* Non-secure: shifted up (3.8.3) */
        return (uint8_t)(a->ns ? *priority(g, a->cpu, n) << 1 : *priority(g, a->cpu, n));
    case D_ITARGETSR:
        if (g->n_cpus == 1)
            return 0; /* RAZ/WI (4.3.12) */
        return n < 32 ? (uint8_t)(1u << a->cpu) : g->target[n];
    default:
        return g->sgi[a->cpu][n & 15];
    }
}

static void write_byte(struct access *a, uint32_t reg, uint32_t n, uint8_t v)
{
    struct gicv2 *g = a->g;

    if (n >= g->n_irqs || !visible(a, n))
        return;
    switch (reg) {
    case D_IPRIORITYR:
        *priority(g, a->cpu, n) = (uint8_t)((a->ns ? 0x80 | v >> 1 : v) & PRIO_MASK);
        gicv2_update_irq(g, a->cpu, n);
        break;
    case D_ITARGETSR:
        if (n < 32 || g->n_cpus == 1)
            return;
        g->target[n] = v & (uint8_t)((1u << g->n_cpus) - 1);
        gicv2_update_all(g);
        break;
    default:
        sgi_pending(a, n & 15, v, reg == D_SPENDSGIR);
    }
}

/* ---- Registers --------------------------------------------------------------------- */

static uint32_t read_ctlr(struct access *a)
{
    return a->ns ? a->g->ctlr >> 1 & 1 : a->g->ctlr;
}

static void write_ctlr(struct access *a, uint32_t v)
{
    struct gicv2 *g = a->g;

    g->ctlr = a->ns ? (g->ctlr & 1) | (v & 1) << 1 : v & 3;
    gicv2_update_all(g);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[12] = {0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    struct access *a = self;
    struct gicv2 *g = a->g;

    switch (r->id) {
    case D_CTLR:
        return read_ctlr(a);
    case D_TYPER:
        return g->security << 10 | (g->n_cpus - 1) << 5 | (g->words - 1);
    case D_IGROUPR:
        return a->ns ? 0 : *word(&g->group, a->cpu, i) & visible_word(a, i);
    case D_ISENABLER:
    case D_ICENABLER:
        return *word(&g->enable, a->cpu, i) & visible_word(a, i);
    case D_ISPENDR:
    case D_ICPENDR:
        return pending_word(g, a->cpu, i) & visible_word(a, i);
    case D_ISACTIVER:
    case D_ICACTIVER:
        return *word(&g->active, a->cpu, i) & visible_word(a, i);
    case D_ICFGR:
        return read_cfg(a, i);
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct access *a = self;
    struct gicv2 *g = a->g;
    uint32_t v = (uint32_t)val;

    switch (r->id) {
    case D_CTLR:
        write_ctlr(a, v);
        break;
    case D_IGROUPR:
        if (!a->ns)
            set_bits(a, &g->group, i, ~0u, 0), set_bits(a, &g->group, i, v, 1);
        break;
    case D_ISENABLER: /* SGIs are always on, as in a GIC-400 */
    case D_ICENABLER:
        set_bits(a, &g->enable, i, i ? v : v & 0xffff0000, r->id == D_ISENABLER);
        break;
    case D_ISPENDR:
    case D_ICPENDR:
        set_pending(a, i, v, r->id == D_ISPENDR);
        break;
    case D_ISACTIVER:
    case D_ICACTIVER:
        set_bits(a, &g->active, i, v, r->id == D_ISACTIVER);
        break;
    case D_ICFGR:
        write_cfg(a, i, v);
        break;
    default: /* D_SGIR */
        write_sgir(a, v);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define BY_BYTE 0x100u /* flags: 8-bit accesses, too */
#define REG(n, o, acc, cnt, fl, sec, ...) {.name = "GICD_" #n, .off = o, .width = 4, \
    .access = acc, .mask = 0xffffffff, .id = D_##n, .count = cnt, .stride = 4, \
    .flags = HOOKS | fl, .section = sec, __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG(CTLR, 0x000, PB_R_RW, 1, 0, "4.3.1"),
    REG(TYPER, 0x004, PB_R_RO, 1, 0, "4.3.2"),
    {.name = "GICD_IIDR", .off = 0x008, .width = 4, .access = PB_R_RO, .id = D_IIDR,
     .reset = 0x0200143b, .section = "4.3.3"},
    REG(IGROUPR, 0x080, PB_R_RW, 32, 0, "4.3.4"),
    REG(ISENABLER, 0x100, PB_R_RW, 32, 0, "4.3.5"),
    REG(ICENABLER, 0x180, PB_R_RW, 32, 0, "4.3.6"),
    REG(ISPENDR, 0x200, PB_R_RW, 32, 0, "4.3.7"),
    REG(ICPENDR, 0x280, PB_R_RW, 32, 0, "4.3.8"),
    REG(ISACTIVER, 0x300, PB_R_RW, 32, 0, "4.3.9"),
    REG(ICACTIVER, 0x380, PB_R_RW, 32, 0, "4.3.10"),
    REG(IPRIORITYR, 0x400, PB_R_RW, 255, BY_BYTE, "4.3.11"),
    REG(ITARGETSR, 0x800, PB_R_RW, 255, BY_BYTE, "4.3.12"),
    REG(ICFGR, 0xc00, PB_R_RW, 64, 0, "4.3.13"),
    {.name = "GICD_NSACR", .off = 0xe00, .width = 4, .access = PB_R_RSVD, .id = D_NSACR,
     .count = 64, .stride = 4, .section = "4.3.14"},
    REG(SGIR, 0xf00, PB_R_WO, 1, 0, "4.3.15"),
    REG(CPENDSGIR, 0xf10, PB_R_RW, 4, BY_BYTE, "4.3.16"),
    REG(SPENDSGIR, 0xf20, PB_R_RW, 4, BY_BYTE, "4.3.17"),
    REG(ID, 0xfd0, PB_R_RO, 12, 0, "4.3.18"),
};
const struct pb_regs gicv2_dist_table = {sizeof gicv2_dist_table, sizeof regs / sizeof *regs,
                                         regs, "arm-gicv2", reg_read, reg_write};

int gicv2_dist_access(void *self, struct pb_txn *t)
{
    struct gicv2 *g = self;
    struct access a;
    uint32_t i = 0;
    const struct pb_reg *r = pb_regs_find(&gicv2_dist_table, t->off & ~3ull, &i);

    gicv2_who(g, t, &a);
    pthread_mutex_lock(&g->lock);
    if (r && (r->flags & BY_BYTE) && (t->bytes == 1 || (t->bytes == 4 && t->off % 4 == 0))) {
        uint32_t n = i * 4 + (uint32_t)(t->off & 3);
        uint64_t v = 0;
        for (uint32_t k = 0; k < t->bytes; k++) {
            if (t->is_write)
                write_byte(&a, r->id, n + k, (uint8_t)(t->val >> 8 * k));
            else
                v |= (uint64_t)read_byte(&a, r->id, n + k) << 8 * k;
        }
        if (!t->is_write)
            t->val = v;
    } else if (t->is_write) {
        pb_regs_write(&gicv2_dist_table, &a, g->h, g->dev, t->off, t->val, t->bytes);
    } else {
        t->val = pb_regs_read(&gicv2_dist_table, &a, g->h, g->dev, t->off, t->bytes);
    }
    pthread_mutex_unlock(&g->lock);
    return PB_OK;
}
