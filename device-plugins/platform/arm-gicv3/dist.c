/* SPDX-License-Identifier: MIT */
/* dist.c - the distributor of a GICv3.
 * IHI 0069H, 12.9 (GICD_*). Affinity routing always. With two Security states a Non-secure access
 * sees what is in Non-secure Group 1 and no more (4.6.3). */
#include "gicv3.h"

#include <string.h>

enum { D_CTLR, D_TYPER, D_IIDR, D_SETSPI, D_CLRSPI, D_SETSPI_S, D_CLRSPI_S, D_IGROUPR, D_IGRPMODR,
       D_ISENABLER, D_ICENABLER,
       D_ISPENDR, D_ICPENDR, D_ISACTIVER, D_ICACTIVER, D_IPRIORITYR, D_ICFGR, D_IROUTER, D_ID };
enum { D_ARE = 0x10, D_ARE_NS = 0x20, D_DS = 0x40 };

/* Who accesses what. */
struct view {
    struct gicv3 *g;
    uint32_t ns;
};

void gicv3_input(struct gicv3 *g, uint32_t n, uint32_t level)
{
    if (bit(g->level, n) == level)
        return;
    set_bit(g->level, n, level);
    if (level && bit(g->edge, n))
        set_bit(g->pending, n, 1);
    if (bit(g->enable, n))
        gicv3_update_irq(g, n);
}

/* ---- Routing ------------------------------------------------------------------------ */

static void route(struct gicv3 *g, uint32_t n)
{
    uint64_t r = g->router[n], aff = (r & 0xffffff) | (r >> 32 & 0xff) << 24;
    uint32_t was = g->route[n], to = NO_CPU;

    for (uint32_t i = 0; i < g->n_cpus && to == NO_CPU; i++)
        if (g->cpu[i].affinity == aff)
            to = i;
    if (was < g->n_cpus)
        set_bit(g->cpu[was].target, n, 0);
    if (to < g->n_cpus)
        set_bit(g->cpu[to].target, n, 1);
    g->route[n] = (uint16_t)to;
    if (was != to && was < g->n_cpus)
        gicv3_update(&g->cpu[was]);
}

void gicv3_routes(struct gicv3 *g)
{
    for (uint32_t i = 0; i < g->n_cpus; i++)
        memset(g->cpu[i].target, 0, sizeof g->cpu[i].target);
    for (uint32_t n = 0; n < INTIDS; n++) {
        g->route[n] = NO_CPU;
        if (n >= 32 && n < g->n_irqs)
            route(g, n);
    }
}

/* ---- Registers ---------------------------------------------------------------------- */

/* SPIs of word `w` that exist and that `a` may see; SGIs and PPIs are the redistributors'. */
static uint32_t valid(const struct view *a, uint32_t w)
{
    const struct gicv3 *g = a->g;
    uint32_t m = w == g->words - 1 && g->n_irqs % 32 ? (1u << g->n_irqs % 32) - 1 : ~0u;

    return w == 0 || w >= g->words ? 0 : a->ns ? m & g->group[w] : m;
}

static uint32_t sees(const struct view *a, uint32_t n)
{
    return n < a->g->n_irqs && valid(a, n / 32) >> n % 32 & 1;
}

static void change(const struct view *a, uint32_t *bits, uint32_t w, uint32_t v, int on)
{
    struct gicv3 *g = a->g;

    v &= valid(a, w);
    bits[w] = on ? bits[w] | v : bits[w] & ~v;
    for (uint32_t n = w * 32; n < w * 32 + 32; n++)
        if (v >> n % 32 & 1)
            gicv3_update_irq(g, n);
}

static void spi_message(const struct view *a, uint32_t n, uint32_t on)
{
    if (!sees(a, n))
        return;
    set_bit(a->g->pending, n, on);
    gicv3_update_irq(a->g, n);
}

static uint32_t read_cfg(const struct view *a, uint32_t i)
{
    uint32_t e = (a->g->edge[i / 2] & valid(a, i / 2)) >> i % 2 * 16, v = 0;

    for (uint32_t k = 0; k < 16; k++)
        v |= (e >> k & 1) << (2 * k + 1);
    return v;
}

static void write_cfg(const struct view *a, uint32_t i, uint32_t v)
{
    for (uint32_t k = 0; k < 16; k++)
        if (valid(a, i / 2) >> (i % 2 * 16 + k) & 1)
            set_bit(a->g->edge, i * 16 + k, v >> (2 * k + 1) & 1);
    gicv3_update_all(a->g);
}

/* 12.9.4 has a layout for each kind of access. */
static uint32_t read_ctlr(const struct view *a)
{
    if (a->ns)
        return (a->g->ctlr & 1u << GROUP1) | D_ARE;
    return a->g->ctlr | D_ARE | (a->g->ds ? D_DS : D_ARE_NS);
}

static void write_ctlr(const struct view *a, uint32_t v)
{
    struct gicv3 *g = a->g;

    if (a->ns)
        g->ctlr = (g->ctlr & ~(1u << GROUP1)) | (v & 1u << GROUP1);
    else
        g->ctlr = v & (g->ds ? 3 : 7);
    if (!a->ns && v & D_DS && !g->ds) { /* for good: until a reset */
        g->ds = 1;
        g->ctlr &= 3;
    }
    gicv3_update_all(g);
}

static uint32_t typer(const struct gicv3 *g)
{
    uint32_t v = (g->words - 1) | (ID_BITS - 1) << 19 | 1u << 25; /* No1N */

    return v | (g->has_lpi ? 1u << 17 : 0) | 1u << 16 | (g->n_cpus > 16 ? 1u << 26 : 0) |
           (g->ds ? 0 : 1u << 10); /* SecurityExtn */
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[12] = {0x04, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    const struct view *a = self;
    struct gicv3 *g = a->g;

    switch (r->id) {
    case D_CTLR:
        return read_ctlr(a);
    case D_TYPER:
        return typer(g);
    case D_IGROUPR:
        return a->ns ? 0 : g->group[i];
    case D_IGRPMODR:
        return a->ns || g->ds ? 0 : g->mod[i];
    case D_ISENABLER:
    case D_ICENABLER:
        return g->enable[i] & valid(a, i);
    case D_ISPENDR:
    case D_ICPENDR:
        return (g->pending[i] | (g->level[i] & ~g->edge[i])) & valid(a, i);
    case D_ISACTIVER:
    case D_ICACTIVER:
        return g->active[i] & valid(a, i);
    case D_ICFGR:
        return read_cfg(a, i);
    case D_IROUTER:
        return sees(a, i) ? g->router[i] : 0;
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    const struct view *a = self;
    struct gicv3 *g = a->g;
    uint32_t v = (uint32_t)val, *groups = r->id == D_IGROUPR ? g->group : g->mod;

    switch (r->id) {
    case D_CTLR:
        write_ctlr(a, v);
        break;
    case D_SETSPI_S:
    case D_CLRSPI_S:
        if (a->ns || g->ds)
            break;
        spi_message(a, v & 0x3ff, r->id == D_SETSPI_S);
        break;
    case D_SETSPI:
    case D_CLRSPI:
        spi_message(a, v & 0x3ff, r->id == D_SETSPI);
        break;
    case D_IGROUPR:
    case D_IGRPMODR:
        if (a->ns || (g->ds && r->id == D_IGRPMODR))
            break;
        change(a, groups, i, ~v, 0);
        change(a, groups, i, v, 1);
        break;
    case D_ISENABLER:
    case D_ICENABLER:
        change(a, g->enable, i, v, r->id == D_ISENABLER);
        break;
    case D_ISPENDR:
    case D_ICPENDR:
        change(a, g->pending, i, v, r->id == D_ISPENDR);
        break;
    case D_ISACTIVER:
    case D_ICACTIVER:
        change(a, g->active, i, v, r->id == D_ISACTIVER);
        break;
    case D_ICFGR:
        write_cfg(a, i, v);
        break;
    default: /* D_IROUTER */
        if (!sees(a, i))
            return;
        g->router[i] = val & 0xff00ffffff; /* no 1-of-N: IRM is RES0 */
        route(g, i);
        gicv3_update_irq(g, i);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define BY_BYTE 0x100u /* flags: 8-bit accesses, too */
#define REG(n, o, w, acc, cnt, fl, sec) {.name = "GICD_" #n, .off = o, .width = w, \
    .access = acc, .mask = ~0ull, .id = D_##n, .count = cnt, .stride = w, .flags = fl, \
    .section = sec}
static const struct pb_reg regs[] = {
    REG(CTLR, 0x0000, 4, PB_R_RW, 1, HOOKS, "12.9.4"),
    REG(TYPER, 0x0004, 4, PB_R_RO, 1, HOOKS, "12.9.38"),
    {.name = "GICD_IIDR", .off = 0x0008, .width = 4, .access = PB_R_RO, .id = D_IIDR,
     .reset = 0x0000043b, .section = "12.9.15"},
    {.name = "GICD_TYPER2", .off = 0x000c, .width = 4, .access = PB_R_RSVD, .section = "12.9.39"},
    {.name = "GICD_STATUSR", .off = 0x0010, .width = 4, .access = PB_R_RSVD,
     .section = "12.9.37"},
    REG(SETSPI, 0x0040, 4, PB_R_WO, 1, HOOKS, "12.9.33"),
    REG(CLRSPI, 0x0048, 4, PB_R_WO, 1, HOOKS, "12.9.1"),
    REG(SETSPI_S, 0x0050, 4, PB_R_WO, 1, HOOKS, "12.9.34"),
    REG(CLRSPI_S, 0x0058, 4, PB_R_WO, 1, HOOKS, "12.9.2"),
    REG(IGROUPR, 0x0080, 4, PB_R_RW, 32, HOOKS, "12.9.11"),
    REG(ISENABLER, 0x0100, 4, PB_R_RW, 32, HOOKS, "12.9.26"),
    REG(ICENABLER, 0x0180, 4, PB_R_RW, 32, HOOKS, "12.9.7"),
    REG(ISPENDR, 0x0200, 4, PB_R_RW, 32, HOOKS, "12.9.28"),
    REG(ICPENDR, 0x0280, 4, PB_R_RW, 32, HOOKS, "12.9.9"),
    REG(ISACTIVER, 0x0300, 4, PB_R_RW, 32, HOOKS, "12.9.24"),
    REG(ICACTIVER, 0x0380, 4, PB_R_RW, 32, HOOKS, "12.9.5"),
    REG(IPRIORITYR, 0x0400, 4, PB_R_RW, 255, HOOKS | BY_BYTE, "12.9.20"),
    {.name = "GICD_ITARGETSR", .off = 0x0800, .width = 4, .access = PB_R_RSVD, .count = 255,
     .stride = 4, .section = "12.9.31"},
    REG(ICFGR, 0x0c00, 4, PB_R_RW, 64, HOOKS, "12.9.10"),
    REG(IGRPMODR, 0x0d00, 4, PB_R_RW, 32, HOOKS, "12.9.13"),
    {.name = "GICD_NSACR", .off = 0x0e00, .width = 4, .access = PB_R_RSVD, .count = 64,
     .stride = 4, .section = "12.9.32"},
    {.name = "GICD_SGIR", .off = 0x0f00, .width = 4, .access = PB_R_RSVD, .section = "12.9.35"},
    REG(IROUTER, 0x6000, 8, PB_R_RW, 1020, HOOKS, "12.9.22"),
    REG(ID, 0xffd0, 4, PB_R_RO, 12, HOOKS, "12.9"),
};
const struct pb_regs gicv3_dist_table = {sizeof gicv3_dist_table, sizeof regs / sizeof *regs,
                                         regs, "arm-gicv3", reg_read, reg_write};

void gicv3_reg_access(const struct pb_regs *t, void *a, const pb_host *h, pb_dev *d,
                      struct pb_txn *x)
{
    uint32_t i = 0, shift = x->off & 4 ? 32 : 0;
    const struct pb_reg *r = x->bytes == 4 ? pb_regs_find(t, x->off & ~7ull, &i) : NULL;

    if (!r || r->width != 8 || x->off % 4) {
        if (x->is_write)
            pb_regs_write(t, a, h, d, x->off, x->val, x->bytes);
        else
            x->val = pb_regs_read(t, a, h, d, x->off, x->bytes);
        return;
    }
    uint64_t v = pb_regs_read(t, a, h, d, x->off & ~7ull, 8);
    if (!x->is_write)
        x->val = v >> shift & 0xffffffff;
    else /* half of a 64-bit register */
        pb_regs_write(t, a, h, d, x->off & ~7ull,
                      (v & ~(0xffffffffull << shift)) | (x->val & 0xffffffff) << shift, 8);
}

static void priorities(const struct view *a, struct pb_txn *t)
{
    struct gicv3 *g = a->g;
    uint32_t n = (uint32_t)(t->off - 0x400);
    uint64_t v = 0;

    for (uint32_t k = 0; k < t->bytes; k++) {
        uint32_t ok = sees(a, n + k), p = ok ? g->prio[n + k] : 0, w = t->val >> 8 * k & 0xff;
        if (!t->is_write) {
            v |= (uint64_t)(a->ns ? ns_shows(p) : p) << 8 * k;
        } else if (ok) {
            g->prio[n + k] = (uint8_t)(a->ns ? ns_means(w) : w & PRIO_MASK);
            gicv3_update_irq(g, n + k);
        }
    }
    if (!t->is_write)
        t->val = v;
}

int gicv3_dist_access(void *self, struct pb_txn *t)
{
    struct gicv3 *g = self;

    pthread_mutex_lock(&g->lock);
    struct view a = {g, nonsecure(g, t)};
    if (t->off >= 0x400 && t->off + t->bytes <= 0x400 + INTIDS &&
        (t->bytes == 1 || (t->bytes == 4 && t->off % 4 == 0)))
        priorities(&a, t);
    else
        gicv3_reg_access(&gicv3_dist_table, &a, g->h, g->dev, t);
    pthread_mutex_unlock(&g->lock);
    return PB_OK;
}
