/* SPDX-License-Identifier: MIT */
/* local.c - the BCM2836's block beside the cores: who gets which interrupt, mailboxes between
 * cores, a 64-bit core timer and a local timer.
 * Broadcom BCM2836 ARM-local peripherals (QA7_rev3.4, 18 August 2014); sections are of it.
 *
 * Each core has a source word: four generic timers, four mailboxes, the legacy controller's
 * output, its PMU and the local timer. A source that its core's control register sends to FIQ
 * is not in the IRQ word (4.6, 4.7). The block has a lock of its own: cores interrupt each
 * other here all the time.
 *
 * Not modelled: the AXI counters and their interrupt (4.9), fast-timer increments (4.3).
 */
#include "soc.h"

#include <pthread.h>
#include <string.h>

#define CORES 4u
#define BOXES 4u
#define LOCAL_HZ (2 * SOC_CRYSTAL_HZ) /* both edges of the crystal (4.11) */
#define NS 1000000000ull

enum { SRC_TIMER = 0, SRC_MAILBOX = 4, SRC_GPU = 8, SRC_PMU = 9, SRC_AXI = 10, SRC_LOCAL = 11 };
enum { IN_TIMER = 0, IN_PMU = 16, IN_GPU_IRQ = 20, IN_GPU_FIQ = 21 };
enum { CTL_ENABLE = 1 << 28, CTL_INT = 1 << 29, CTL_FLAG = 1u << 31, CTL_RELOAD = 0xfffffff };
enum { R_CONTROL, R_PRESCALER, R_ROUTE_GPU, R_PMU_SET, R_PMU_CLR, R_TIMER_LS, R_TIMER_MS,
       R_ROUTE_LOCAL, R_AXI, R_LOCAL_CTL, R_LOCAL_WR, R_TIMER_CTL, R_BOX_CTL, R_IRQ_SRC,
       R_FIQ_SRC, R_BOX_SET, R_BOX_CLR };

struct local {
    struct soc_block b;
    pthread_mutex_t lock;
    pb_timer *timer;
    const struct pb_line *irq[CORES], *fiq[CORES];
    uint32_t n_cores;
    uint32_t control, prescaler, route_gpu, pmu, route_local, local_ctl;
    uint32_t timer_ctl[CORES], box_ctl[CORES], box[CORES * BOXES];
    uint32_t inputs;          /* levels of all inputs, a bit each */
    uint32_t timer_ms;        /* what a write to the high word left, until the low one comes */
    uint64_t offset;          /* core timer minus ticks of the virtual clock */
};

/* ---- Sources (4.6, 4.7, 4.8) ----------------------------------------------------------- */

/* Nibble n of a control register sends sources to IRQ, the next one to FIQ, which wins. */
static uint32_t chosen(uint32_t levels, uint32_t ctl, int fiq)
{
    return levels & (fiq ? ctl >> 4 & 15 : (ctl & 15) & ~(ctl >> 4 & 15));
}

static uint32_t boxes(const struct local *l, uint32_t core)
{
    uint32_t v = 0;

    for (uint32_t m = 0; m < BOXES; m++)
        v |= (l->box[core * BOXES + m] != 0) << m;
    return v;
}

static uint32_t source(const struct local *l, uint32_t core, int fiq)
{
    uint32_t v = chosen(l->inputs >> (IN_TIMER + 4 * core) & 15, l->timer_ctl[core], fiq)
                 << SRC_TIMER;
    uint32_t pmu = l->inputs >> (IN_PMU + core) & 1, gpu = fiq ? IN_GPU_FIQ : IN_GPU_IRQ;
    uint32_t pmu_on = l->pmu >> (core + (fiq ? 4 : 0)) & 1;
    uint32_t pmu_fiq = l->pmu >> (core + 4) & 1;

    v |= chosen(boxes(l, core), l->box_ctl[core], fiq) << SRC_MAILBOX;
    if ((l->route_gpu >> (fiq ? 2 : 0) & 3) == core)
        v |= (l->inputs >> gpu & 1) << SRC_GPU;
    v |= (pmu & pmu_on & (fiq | !pmu_fiq)) << SRC_PMU;
    if (l->route_local == core + (fiq ? 4u : 0u) && (l->local_ctl & CTL_INT) &&
        (l->local_ctl & CTL_FLAG))
        v |= 1u << SRC_LOCAL;
    return v;
}

static void update(struct local *l, uint32_t core)
{
    if (core >= l->n_cores)
        return;
    pb_line_set(l->irq[core], source(l, core, 0) != 0);
    pb_line_set(l->fiq[core], source(l, core, 1) != 0);
}

static void update_all(struct local *l)
{
    for (uint32_t core = 0; core < CORES; core++)
        update(l, core);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct local *l = self;

    pthread_mutex_lock(&l->lock);
    l->inputs = (l->inputs & ~(1u << n)) | (uint32_t)(level != 0) << n;
    if (n < IN_PMU)
        update(l, n / 4);
    else if (n < IN_GPU_IRQ)
        update(l, n - IN_PMU);
    else
        update(l, l->route_gpu >> (n == IN_GPU_FIQ ? 2 : 0) & 3);
    pthread_mutex_unlock(&l->lock);
}

/* ---- Timers (4.3, 4.11) ---------------------------------------------------------------- */

/* The crystal's ticks through the prescaler: times prescaler / 2^31 (3.1.1). */
static uint64_t ticks(const struct local *l)
{
    unsigned __int128 t = (unsigned __int128)soc_now(&l->b) * SOC_CRYSTAL_HZ / NS;

    return (uint64_t)(t * l->prescaler >> 31);
}

static void local_start(struct local *l)
{
    uint64_t reload = l->local_ctl & CTL_RELOAD, ns = reload * NS / LOCAL_HZ;

    if ((l->local_ctl & CTL_ENABLE) && reload)
        l->b.time->arm(l->timer, (int64_t)(soc_now(&l->b) + (ns ? ns : 1)));
    else
        l->b.time->disarm(l->timer);
}

static void local_expired(void *self)
{
    struct local *l = self;

    pthread_mutex_lock(&l->lock);
    l->local_ctl |= CTL_FLAG;
    local_start(l);
    update(l, l->route_local & 3);
    pthread_mutex_unlock(&l->lock);
}

/* ---- Registers ------------------------------------------------------------------------- */

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct local *l = self;

    switch (r->id) {
    case R_TIMER_LS:
        return (uint32_t)(ticks(l) + l->offset);
    case R_TIMER_MS:
        return (ticks(l) + l->offset) >> 32;
    case R_IRQ_SRC:
        return source(l, i, 0);
    default: /* R_FIQ_SRC */
        return source(l, i, 1);
    }
}

static void write_timer(struct local *l, const struct pb_reg *r, uint64_t v)
{
    uint64_t now = ticks(l);

    if (r->id == R_PRESCALER) { /* the count goes on from where it is */
        uint64_t count = now + l->offset;
        l->prescaler = (uint32_t)v;
        l->offset = count - ticks(l);
    } else if (r->id == R_TIMER_MS) {
        l->timer_ms = (uint32_t)v;
    } else {
        l->offset = ((uint64_t)l->timer_ms << 32 | (uint32_t)v) - now;
    }
}

static void write_local(struct local *l, const struct pb_reg *r, uint64_t v)
{
    if (r->id == R_LOCAL_CTL) {
        uint32_t was = l->local_ctl;
        l->local_ctl = ((uint32_t)v & 0x3fffffff) | (was & CTL_FLAG);
        if ((was ^ l->local_ctl) & (CTL_ENABLE | CTL_RELOAD))
            local_start(l);
    } else {
        if (v & 1u << 31)
            l->local_ctl &= ~(uint32_t)CTL_FLAG;
        if (v & 1u << 30)
            local_start(l);
    }
    update(l, l->route_local & 3);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct local *l = self;

    switch (r->id) {
    case R_PRESCALER: case R_TIMER_LS: case R_TIMER_MS:
        write_timer(l, r, v);
        return;
    case R_LOCAL_CTL: case R_LOCAL_WR:
        write_local(l, r, v);
        return;
    case R_TIMER_CTL:
        l->timer_ctl[i] = v & 0xff;
        update(l, i);
        return;
    case R_BOX_CTL:
        l->box_ctl[i] = v & 0xff;
        update(l, i);
        return;
    case R_BOX_SET:
        l->box[i] |= (uint32_t)v;
        update(l, i / BOXES);
        return;
    case R_BOX_CLR:
        l->box[i] &= ~(uint32_t)v;
        update(l, i / BOXES);
        return;
    case R_ROUTE_GPU:
        l->route_gpu = v & 15;
        break;
    case R_PMU_SET:
        l->pmu |= v & 0xff;
        break;
    case R_PMU_CLR:
        l->pmu &= ~(uint32_t)(v & 0xff);
        break;
    default: /* R_ROUTE_LOCAL */
        l->route_local = v & 7;
    }
    update_all(l);
}

#define VAR(m) .var = PB_REG_VAR(struct local, m)
#define RW(n, o, m, sec, ...) {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, \
    .id = R_##n, .flags = PB_REG_HOOK_W, .section = sec, __VA_ARGS__}
static const struct pb_reg regs[] = {
    {.name = "CONTROL", .off = 0, .width = 4, .access = PB_R_RW, .mask = 0x300,
     VAR(control), .id = R_CONTROL, .section = "4.2"},
    RW(PRESCALER, 0x08, 0xffffffff, "4.3", VAR(prescaler), .reset = 0x80000000,
       .doc = "after reset as the boot firmware leaves it: one tick a crystal's"),
    RW(ROUTE_GPU, 0x0c, 0xf, "4.4", VAR(route_gpu)),
    {.name = "PMU_SET", .off = 0x10, .width = 4, .access = PB_R_RW, .mask = 0xff, VAR(pmu),
     .id = R_PMU_SET, .flags = PB_REG_HOOK_W, .section = "4.5"},
    {.name = "PMU_CLR", .off = 0x14, .width = 4, .access = PB_R_WO, .mask = 0xff,
     .id = R_PMU_CLR, .flags = PB_REG_HOOK_W, .section = "4.5"},
    {.name = "TIMER_LS", .off = 0x1c, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_TIMER_LS, .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .section = "4.3"},
    {.name = "TIMER_MS", .off = 0x20, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_TIMER_MS, .flags = PB_REG_HOOK_R | PB_REG_HOOK_W, .section = "4.3",
     .doc = "a write waits for that of TIMER_LS"},
    RW(ROUTE_LOCAL, 0x24, 7, "4.11", VAR(route_local)),
    {.name = "AXI", .off = 0x2c, .width = 4, .access = PB_R_RSVD, .count = 2, .stride = 4,
     .id = R_AXI, .section = "4.9"},
    RW(LOCAL_CTL, 0x34, 0x3fffffff, "4.11", VAR(local_ctl)),
    {.name = "LOCAL_WR", .off = 0x38, .width = 4, .access = PB_R_WO, .mask = 0xc0000000,
     .id = R_LOCAL_WR, .flags = PB_REG_HOOK_W, .section = "4.11"},
    RW(TIMER_CTL, 0x40, 0xff, "4.6", VAR(timer_ctl), .count = CORES, .stride = 4),
    RW(BOX_CTL, 0x50, 0xff, "4.7", VAR(box_ctl), .count = CORES, .stride = 4),
    {.name = "IRQ_SRC", .off = 0x60, .width = 4, .access = PB_R_RO, .id = R_IRQ_SRC,
     .flags = PB_REG_HOOK_R, .count = CORES, .stride = 4, .section = "4.10"},
    {.name = "FIQ_SRC", .off = 0x70, .width = 4, .access = PB_R_RO, .id = R_FIQ_SRC,
     .flags = PB_REG_HOOK_R, .count = CORES, .stride = 4, .section = "4.10"},
    {.name = "BOX_SET", .off = 0x80, .width = 4, .access = PB_R_WO, .mask = 0xffffffff,
     .id = R_BOX_SET, .flags = PB_REG_HOOK_W, .count = CORES * BOXES, .stride = 4,
     .section = "4.8"},
    {.name = "BOX_CLR", .off = 0xc0, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     VAR(box), .id = R_BOX_CLR, .flags = PB_REG_HOOK_W, .count = CORES * BOXES, .stride = 4,
     .section = "4.8", .doc = "reads the mailbox, writing clears those bits"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2836-local", reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct local *l = self;

    pthread_mutex_lock(&l->lock);
    uint64_t v = pb_regs_read(&table, l, l->b.h, l->b.dev, off, bytes);
    pthread_mutex_unlock(&l->lock);
    return v;
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct local *l = self;

    pthread_mutex_lock(&l->lock);
    pb_regs_write(&table, l, l->b.h, l->b.dev, off, val, bytes);
    pthread_mutex_unlock(&l->lock);
}

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 8,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct local *l = self;

    l->b = (struct soc_block){h, d, h->get(h, PB_SVC_TIME), &table};
    l->n_cores = line->count(d, "irq");
    if (l->n_cores < 1 || l->n_cores > CORES)
        return h->fail(e, PB_EINVAL, "bcm2836-local: output irq has to be wired to 1 to 4 CPUs");
    for (uint32_t c = 0; c < l->n_cores; c++) {
        l->irq[c] = line->out(d, "irq", c);
        l->fiq[c] = line->out(d, "fiq", c);
    }
    l->timer = l->b.time->timer(d, "local", PB_CLK_VIRTUAL, local_expired, l, e);
    pb_region *r = l->timer ? mem->io(d, "regs", 0x100, &ops, l, e) : NULL;
    if (!r)
        return PB_ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    int rc = mem->publish(d, 0, r, e);
    if (rc < 0)
        pthread_mutex_destroy(&l->lock);
    return rc;
}

static void unrealize(void *self)
{
    pthread_mutex_destroy(&((struct local *)self)->lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct local *l = self;

    (void)kind;
    pthread_mutex_lock(&l->lock);
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, l);
        l->offset = l->timer_ms = 0;
        l->b.time->disarm(l->timer);
    } else if (phase == PB_RESET_HOLD) {
        update_all(l);
    }
    pthread_mutex_unlock(&l->lock);
}

static const struct pb_field state[] = {
    PB_FIELD(struct local, control, PB_S_U32), PB_FIELD(struct local, prescaler, PB_S_U32),
    PB_FIELD(struct local, route_gpu, PB_S_U32), PB_FIELD(struct local, pmu, PB_S_U32),
    PB_FIELD(struct local, route_local, PB_S_U32), PB_FIELD(struct local, local_ctl, PB_S_U32),
    PB_FIELD_ARRAY(struct local, timer_ctl, PB_S_U32, CORES),
    PB_FIELD_ARRAY(struct local, box_ctl, PB_S_U32, CORES),
    PB_FIELD_ARRAY(struct local, box, PB_S_U32, CORES * BOXES),
    PB_FIELD(struct local, inputs, PB_S_U32), PB_FIELD(struct local, timer_ms, PB_S_U32),
    PB_FIELD(struct local, offset, PB_S_U64),
};
static const char *const lines_out[] = {"irq[]", "fiq[]", NULL};
static const char *const lines_in[] = {"timer[16]", "pmu[4]", "gpu-irq", "gpu-fiq", NULL};

const struct pb_device_class bcm2836_local_class = {
    .size = sizeof bcm2836_local_class, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL,
    .id = "bcm2836-local", .title = "BCM2836 core-local interrupts, mailboxes and timers",
    .category = "misc", .spec = "Broadcom QA7 rev 3.4", .n_regions = 1, .lines_out = lines_out,
    .lines_in = lines_in, .instance_size = sizeof(struct local), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = line_in,
};
