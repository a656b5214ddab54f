/* SPDX-License-Identifier: MIT */
/* intc.c - the BCM2835's own interrupt controller: 64 of the GPU's interrupts and 8 of the ARM
 * side's, one IRQ and one FIQ output.
 * Broadcom BCM2835 ARM Peripherals, chapter 7.
 *
 * Inputs are levels; nothing is latched. The basic pending word shows 21 bits: the ARM side's,
 * whether a pending register has something that is not shown itself, and eleven of the GPU's
 * that are looked at most (7.5).
 *
 * Not modelled: nothing is known to be missing.
 */
#include "soc.h"

#include <pthread.h>

enum { R_BASIC_PENDING, R_PENDING, R_FIQ, R_ENABLE, R_ENABLE_BASIC, R_DISABLE, R_DISABLE_BASIC };
enum { FIQ_SOURCE = 0x7f, FIQ_ENABLE = 0x80, BASIC = 64, SOURCES = 72 };

struct intc {
    struct soc_block b;
    pthread_mutex_t lock;
    const struct pb_line *irq, *fiq;
    uint32_t gpu[2], enable[2]; /* levels and switches of GPU interrupts */
    uint32_t arm, enable_arm;   /* the same of the ARM side's */
    uint32_t fiq_ctl;
};

/* GPU interrupts that the basic word shows at bits 10 to 20 (7.5, basic pending register). */
static const uint8_t shown[11] = {7, 9, 10, 18, 19, 53, 54, 55, 56, 57, 62};

static uint32_t is_shown(uint32_t word)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < sizeof shown; i++) {
        if (shown[i] / 32u == word)
            v |= 1u << shown[i] % 32;
    }
    return v;
}

static uint32_t pending(const struct intc *c, uint32_t word)
{
    return c->gpu[word] & c->enable[word];
}

static uint32_t basic_pending(const struct intc *c)
{
    uint32_t v = c->arm & c->enable_arm;

    for (uint32_t word = 0; word < 2; word++)
        v |= (uint32_t)((pending(c, word) & ~is_shown(word)) != 0) << (8 + word);
    for (uint32_t i = 0; i < sizeof shown; i++)
        v |= (pending(c, shown[i] / 32u) >> shown[i] % 32 & 1) << (10 + i);
    return v;
}

static uint32_t fiq_level(const struct intc *c)
{
    uint32_t n = c->fiq_ctl & FIQ_SOURCE;

    if (!(c->fiq_ctl & FIQ_ENABLE) || n >= SOURCES)
        return 0;
    return n < BASIC ? c->gpu[n / 32] >> n % 32 & 1 : c->arm >> (n - BASIC) & 1;
}

static void update(struct intc *c)
{
    pb_line_set(c->irq, pending(c, 0) || pending(c, 1) || (c->arm & c->enable_arm));
    pb_line_set(c->fiq, fiq_level(c) != 0);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct intc *c = self;
    uint32_t *word = n < BASIC ? &c->gpu[n / 32] : &c->arm, bit = 1u << n % 32;

    pthread_mutex_lock(&c->lock);
    *word = level ? *word | bit : *word & ~bit;
    update(c);
    pthread_mutex_unlock(&c->lock);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    return r->id == R_PENDING ? pending(self, i) : basic_pending(self);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct intc *c = self;

    switch (r->id) {
    case R_FIQ:
        c->fiq_ctl = v & (FIQ_SOURCE | FIQ_ENABLE);
        break;
    case R_ENABLE:
        c->enable[i] |= (uint32_t)v;
        break;
    case R_ENABLE_BASIC:
        c->enable_arm |= v & 0xff;
        break;
    case R_DISABLE:
        c->enable[i] &= ~(uint32_t)v;
        break;
    default: /* R_DISABLE_BASIC */
        c->enable_arm &= ~(uint32_t)v;
    }
    update(c);
}

#define VAR(m) .var = PB_REG_VAR(struct intc, m)
#define REG(n, o, acc, m, fl, ...) {.name = #n, .off = o, .width = 4, .access = acc, .mask = m, \
    .id = R_##n, .flags = fl, .section = "7.5", __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG(BASIC_PENDING, 0x00, PB_R_RO, 0, PB_REG_HOOK_R),
    REG(PENDING, 0x04, PB_R_RO, 0, PB_REG_HOOK_R, .count = 2, .stride = 4),
    REG(FIQ, 0x0c, PB_R_RW, 0xff, PB_REG_HOOK_W, VAR(fiq_ctl)),
    REG(ENABLE, 0x10, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, VAR(enable), .count = 2, .stride = 4,
        .doc = "reads what is enabled"),
    REG(ENABLE_BASIC, 0x18, PB_R_RW, 0xff, PB_REG_HOOK_W, VAR(enable_arm)),
    REG(DISABLE, 0x1c, PB_R_WO, 0xffffffff, PB_REG_HOOK_W, .count = 2, .stride = 4),
    REG(DISABLE_BASIC, 0x24, PB_R_WO, 0xff, PB_REG_HOOK_W),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-intc", reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct intc *c = self;

    pthread_mutex_lock(&c->lock);
    uint64_t v = pb_regs_read(&table, c, c->b.h, c->b.dev, off, bytes);
    pthread_mutex_unlock(&c->lock);
    return v;
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct intc *c = self;

    pthread_mutex_lock(&c->lock);
    pb_regs_write(&table, c, c->b.h, c->b.dev, off, val, bytes);
    pthread_mutex_unlock(&c->lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 8,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct intc *c = self;

    c->b = (struct soc_block){h, d, h->get(h, PB_SVC_TIME), &table};
    c->irq = line->out(d, "irq", 0);
    c->fiq = line->out(d, "fiq", 0);
    pb_region *r = mem->io(d, "regs", 0x28, &ops, c, e);
    int rc = r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc == PB_OK)
        pthread_mutex_init(&c->lock, NULL);
    return rc;
}

static void unrealize(void *self)
{
    pthread_mutex_destroy(&((struct intc *)self)->lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct intc *c = self;

    (void)kind;
    pthread_mutex_lock(&c->lock);
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&table, c);
    else if (phase == PB_RESET_HOLD)
        update(c);
    pthread_mutex_unlock(&c->lock);
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct intc, gpu, PB_S_U32, 2), PB_FIELD_ARRAY(struct intc, enable, PB_S_U32, 2),
    PB_FIELD(struct intc, arm, PB_S_U32), PB_FIELD(struct intc, enable_arm, PB_S_U32),
    PB_FIELD(struct intc, fiq_ctl, PB_S_U32),
};
static const char *const lines_out[] = {"irq", "fiq", NULL};
static const char *const lines_in[] = {"gpu[64]", "arm[8]", NULL};

const struct pb_device_class bcm2835_intc_class = {
    .size = sizeof bcm2835_intc_class, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL,
    .id = "bcm2835-intc", .title = "BCM2835 interrupt controller", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 7", .n_regions = 1,
    .lines_out = lines_out, .lines_in = lines_in, .instance_size = sizeof(struct intc),
    .state_version = 1, .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .line_in = line_in,
};
