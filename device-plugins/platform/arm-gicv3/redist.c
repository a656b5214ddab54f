/* SPDX-License-Identifier: MIT */
/* redist.c - the redistributors of a GICv3: two frames of 64 KiB a CPU.
 * IHI 0069H, 12.11 (GICR_*). */
#include "gicv3.h"

enum { R_CTLR, R_IIDR, R_TYPER, R_WAKER, R_PROPBASER, R_PENDBASER, R_SYNCR, R_ID, R_IGROUPR0,
       R_ISENABLER0, R_ICENABLER0, R_ISPENDR0, R_ICPENDR0, R_ISACTIVER0, R_ICACTIVER0,
       R_IPRIORITYR, R_ICFGR };

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

static uint32_t read_cfg(const struct cpu *c, uint32_t i)
{
    uint32_t v = 0;

    for (uint32_t k = 0; k < 16; k++)
        v |= (c->own.edge >> (i * 16 + k) & 1) << (2 * k + 1);
    return v;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[12] = {0x04, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    struct cpu *c = self;

    switch (r->id) {
    case R_CTLR:
        return c->ctlr;
    case R_TYPER:
        return typer(c);
    case R_WAKER:
        return c->waker;
    case R_PROPBASER:
        return c->propbaser;
    case R_PENDBASER:
        return c->pendbaser & ~(1ull << 62); /* PTZ is RES0 to reads */
    case R_IGROUPR0:
        return c->own.group;
    case R_ISENABLER0:
    case R_ICENABLER0:
        return c->own.enable;
    case R_ISPENDR0:
    case R_ICPENDR0:
        return c->own.pending | (c->own.level & ~c->own.edge);
    case R_ISACTIVER0:
    case R_ICACTIVER0:
        return c->own.active;
    case R_IPRIORITYR:
        return c->prio[4 * i] | c->prio[4 * i + 1] << 8 | c->prio[4 * i + 2] << 16 |
               (uint32_t)c->prio[4 * i + 3] << 24;
    case R_ICFGR:
        return read_cfg(c, i);
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
    struct cpu *c = self;
    uint32_t v = (uint32_t)val;

    switch (r->id) {
    case R_CTLR:
        write_ctlr(c, v);
        return;
    case R_WAKER: /* the CPU interface sleeps at once */
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
        c->own.group = v;
        break;
    case R_ISENABLER0:
    case R_ICENABLER0:
        set(&c->own.enable, v, r->id == R_ISENABLER0);
        break;
    case R_ISPENDR0:
    case R_ICPENDR0:
        set(&c->own.pending, v, r->id == R_ISPENDR0);
        break;
    case R_ISACTIVER0:
    case R_ICACTIVER0:
        set(&c->own.active, v, r->id == R_ISACTIVER0);
        break;
    case R_IPRIORITYR:
        for (uint32_t k = 0; k < 4; k++)
            c->prio[4 * i + k] = v >> 8 * k & PRIO_MASK;
        break;
    default: /* R_ICFGR: SGIs are edge-triggered */
        for (uint32_t k = 0; i && k < 16; k++)
            set(&c->own.edge, 1u << (16 + k), v >> (2 * k + 1) & 1);
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
    {.name = "GICR_IGRPMODR0", .off = SGI + 0xd00, .width = 4, .access = PB_R_RSVD,
     .section = "12.11.14"},
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
    if (t->bytes == 1 && byte < 32) {
        if (t->is_write)
            c->prio[byte] = t->val & PRIO_MASK, gicv3_update(c);
        x.val = c->prio[byte];
    } else {
        gicv3_reg_access(&table, c, g->h, g->dev, &x);
    }
    pthread_mutex_unlock(&g->lock);
    if (!t->is_write)
        t->val = x.val;
    return PB_OK;
}
