/* SPDX-License-Identifier: MIT */
/* redist.c - the redistributors of a GICv3: two frames of 64 KiB a CPU.
 * IHI 0069H, 12.11 (GICR_*). What a Non-secure access sees is as in dist.c. */
#include "gicv3.h"

enum { R_CTLR, R_IIDR, R_TYPER, R_WAKER, R_PROPBASER, R_PENDBASER, R_SYNCR, R_ID, R_IGROUPR0,
       R_IGRPMODR0, R_ISENABLER0, R_ICENABLER0, R_ISPENDR0, R_ICPENDR0, R_ISACTIVER0, R_ICACTIVER0,
       R_IPRIORITYR, R_ICFGR };

/* Who accesses what. */
struct view {
    struct cpu *c;
    uint32_t ns;
};

#define PROP_MASK 0xff80ffffffffff9full
#define PEND_MASK 0x4700ffffffff0f80ull

void gicv3_ppi(struct cpu *c, uint32_t n, uint32_t level)
{
    uint32_t b = 1u << n;

    if (!(c->own.level & b) == !level)
        return;
    c->own.level ^= b;
    if (level && c->own.edge & b)
        c->own.pending |= b;
    if (c->own.enable & b)
        gicv3_update(c);
}

static uint64_t typer(const struct cpu *c)
{
    uint32_t index = (uint32_t)(c - c->g->cpu);

    return c->affinity << 32 | index << 8 | (index == c->g->n_cpus - 1 ? 0x10 : 0) |
           (c->g->has_lpi ? 1 : 0);
}

/* SGIs and PPIs that `a` may see. */
static uint32_t visible(const struct view *a)
{
    return a->ns ? a->c->own.group : ~0u;
}

static uint32_t read_cfg(const struct view *a, uint32_t i)
{
    uint32_t v = 0;

    for (uint32_t k = 0; k < 16; k++)
        v |= ((a->c->own.edge & visible(a)) >> (i * 16 + k) & 1) << (2 * k + 1);
    return v;
}

static uint32_t read_prio(const struct view *a, uint32_t n)
{
    uint32_t p = a->c->prio[n];

    return !(visible(a) >> n & 1) ? 0 : a->ns ? ns_shows(p) : p;
}

static void write_prio(const struct view *a, uint32_t n, uint32_t v)
{
    if (visible(a) >> n & 1)
        a->c->prio[n] = (uint8_t)(a->ns ? ns_means(v) : v & PRIO_MASK);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[12] = {0x04, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    const struct view *a = self;
    struct cpu *c = a->c;

    switch (r->id) {
    case R_CTLR:
        return c->ctlr;
    case R_TYPER:
        return typer(c);
    case R_WAKER:
        return a->ns ? 0 : c->waker;
    case R_PROPBASER:
        return c->propbaser;
    case R_PENDBASER:
        return c->pendbaser & ~(1ull << 62); /* PTZ is RES0 to reads */
    case R_IGROUPR0:
        return a->ns ? 0 : c->own.group;
    case R_IGRPMODR0:
        return a->ns || c->g->ds ? 0 : c->own.mod;
    case R_ISENABLER0:
    case R_ICENABLER0:
        return c->own.enable & visible(a);
    case R_ISPENDR0:
    case R_ICPENDR0:
        return (c->own.pending | (c->own.level & ~c->own.edge)) & visible(a);
    case R_ISACTIVER0:
    case R_ICACTIVER0:
        return c->own.active & visible(a);
    case R_IPRIORITYR:
        return read_prio(a, 4 * i) | read_prio(a, 4 * i + 1) << 8 | read_prio(a, 4 * i + 2) << 16 |
               read_prio(a, 4 * i + 3) << 24;
    case R_ICFGR:
        return read_cfg(a, i);
    default:
        return id[i];
    }
}

static void write_ctlr(struct cpu *c, uint32_t v)
{
    if (!c->g->has_lpi || !((v ^ c->ctlr) & GICR_ENABLE_LPIS))
        return;
    if (gicv3_lpi_enable(c, v & GICR_ENABLE_LPIS) == PB_OK)
        c->ctlr = v & GICR_ENABLE_LPIS;
}

static void set(uint32_t *w, uint32_t v, int on)
{
    *w = on ? *w | v : *w & ~v;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    const struct view *a = self;
    struct cpu *c = a->c;
    uint32_t v = (uint32_t)val, mine = v & visible(a);

    switch (r->id) {
    case R_CTLR:
        write_ctlr(c, v);
        return;
    case R_WAKER: /* the CPU interface sleeps at once */
        if (a->ns)
            return;
        c->waker = v & WAKER_SLEEP ? WAKER_SLEEP | WAKER_ASLEEP : 0;
        break;
    case R_PROPBASER:
        if (!c->lpi && c->g->has_lpi)
            c->propbaser = val & PROP_MASK;
        return;
    case R_PENDBASER:
        if (!c->lpi && c->g->has_lpi)
            c->pendbaser = val & PEND_MASK;
        return;
    case R_IGROUPR0:
        if (!a->ns)
            c->own.group = v;
        break;
    case R_IGRPMODR0:
        if (!a->ns && !c->g->ds)
            c->own.mod = v;
        break;
    case R_ISENABLER0:
    case R_ICENABLER0:
        set(&c->own.enable, mine, r->id == R_ISENABLER0);
        break;
    case R_ISPENDR0:
    case R_ICPENDR0:
        set(&c->own.pending, mine, r->id == R_ISPENDR0);
        break;
    case R_ISACTIVER0:
    case R_ICACTIVER0:
        set(&c->own.active, mine, r->id == R_ISACTIVER0);
        break;
    case R_IPRIORITYR:
        for (uint32_t k = 0; k < 4; k++)
            write_prio(a, 4 * i + k, v >> 8 * k & 0xff);
        break;
    default: /* R_ICFGR: SGIs are edge-triggered */
        for (uint32_t k = 0; i && k < 16; k++)
            set(&c->own.edge, 1u << (16 + k) & visible(a), v >> (2 * k + 1) & 1);
    }
    gicv3_update(c);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define SGI 0x10000
#define REG(n, o, w, acc, cnt, sec) {.name = "GICR_" #n, .off = o, .width = w, .access = acc, \
    .mask = ~0ull, .id = R_##n, .count = cnt, .stride = w, .flags = HOOKS, .section = sec}
static const struct pb_reg regs[] = {
    REG(CTLR, 0x0000, 4, PB_R_RW, 1, "12.11.2"),
    {.name = "GICR_IIDR", .off = 0x0004, .width = 4, .access = PB_R_RO, .id = R_IIDR,
     .reset = 0x0000043b, .section = "12.11.17"},
    REG(TYPER, 0x0008, 8, PB_R_RO, 1, "12.11.39"),
    {.name = "GICR_STATUSR", .off = 0x0010, .width = 4, .access = PB_R_RSVD,
     .section = "12.11.37"},
    REG(WAKER, 0x0014, 4, PB_R_RW, 1, "12.11.42"),
    REG(PROPBASER, 0x0070, 8, PB_R_RW, 1, "12.11.34"),
    REG(PENDBASER, 0x0078, 8, PB_R_RW, 1, "12.11.33"),
    {.name = "GICR_SYNCR", .off = 0x00c0, .width = 4, .access = PB_R_RO, .id = R_SYNCR,
     .section = "12.11.38"},
    REG(ID, 0xffd0, 4, PB_R_RO, 12, "12.11"),
    REG(IGROUPR0, SGI + 0x080, 4, PB_R_RW, 1, "12.11.12"),
    REG(ISENABLER0, SGI + 0x100, 4, PB_R_RW, 1, "12.11.26"),
    REG(ICENABLER0, SGI + 0x180, 4, PB_R_RW, 1, "12.11.6"),
    REG(ISPENDR0, SGI + 0x200, 4, PB_R_RW, 1, "12.11.28"),
    REG(ICPENDR0, SGI + 0x280, 4, PB_R_RW, 1, "12.11.11"),
    REG(ISACTIVER0, SGI + 0x300, 4, PB_R_RW, 1, "12.11.24"),
    REG(ICACTIVER0, SGI + 0x380, 4, PB_R_RW, 1, "12.11.4"),
    REG(IPRIORITYR, SGI + 0x400, 4, PB_R_RW, 8, "12.11.22"),
    REG(ICFGR, SGI + 0xc00, 4, PB_R_RW, 2, "12.11.8"),
    REG(IGRPMODR0, SGI + 0xd00, 4, PB_R_RW, 1, "12.11.14"),
    {.name = "GICR_NSACR", .off = SGI + 0xe00, .width = 4, .access = PB_R_RSVD,
     .section = "12.11.32"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "arm-gicv3", reg_read, reg_write};

int gicv3_redist_access(void *self, struct pb_txn *t)
{
    struct gicv3 *g = self;
    uint64_t n = t->off >> 17, off = t->off & 0x1ffff, byte = off - (SGI + 0x400);
    struct pb_txn x = *t;

    if (n >= g->n_cpus)
        return PB_EFAULT;
    struct cpu *c = &g->cpu[n];
    x.off = off;
    pthread_mutex_lock(&g->lock);
    struct view a = {c, nonsecure(g, t)};
    if (t->bytes == 1 && byte < 32) {
        if (t->is_write)
            write_prio(&a, (uint32_t)byte, t->val & 0xff), gicv3_update(c);
        x.val = read_prio(&a, (uint32_t)byte);
    } else {
        gicv3_reg_access(&table, &a, g->h, g->dev, &x);
    }
    pthread_mutex_unlock(&g->lock);
    if (!t->is_write)
        t->val = x.val;
    return PB_OK;
}
