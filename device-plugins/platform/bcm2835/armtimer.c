/* SPDX-License-Identifier: MIT */
/* armtimer.c - the BCM2835's ARM timer: like half an SP804, with a pre-divider and a
 * free-running counter.
 * Broadcom BCM2835 ARM Peripherals, chapter 14.
 *
 * The counter is worked out from the time: it was `count` at `since`. What changes its rate
 * first notes where it is.
 *
 * Not modelled: halting with a debugger (control bit 8).
 */
#include "soc.h"

#define NS 1000000000ull
#define LEAST 1000u /* ns between interrupts */

enum { CTL_32 = 2, CTL_PRESCALE = 12, CTL_INT = 32, CTL_ENABLE = 128, CTL_FREE = 512 };
enum { R_LOAD, R_VALUE, R_CONTROL, R_IRQ_CLEAR, R_RAW_IRQ, R_MASKED_IRQ, R_RELOAD,
       R_PREDIVIDER, R_FREE };

struct armtimer {
    struct soc_block b;
    const struct pb_line *irq;
    pb_timer *timer;
    uint32_t load, control, raw, predivider;
    uint32_t count, free_count; /* at these times */
    uint64_t since, free_since;
};

static uint64_t apb_hz(struct armtimer *t)
{
    uint64_t hz = t->b.time->clock_hz(t->b.dev, 0);

    return hz ? hz : 250000000;
}

/* Ticks of the APB clock to one of the counter (14.2: pre-divider, control bits 3:2). */
static uint64_t divisor(const struct armtimer *t)
{
    static const uint32_t prescale[4] = {1, 16, 256, 1};

    return ((uint64_t)t->predivider + 1) * prescale[(t->control & CTL_PRESCALE) >> 2];
}

static uint64_t elapsed(struct armtimer *t, uint64_t since, uint64_t div)
{
    unsigned __int128 ns = soc_now(&t->b) - since;

    return (uint64_t)(ns * apb_hz(t) / div / NS);
}

static uint32_t mask(const struct armtimer *t)
{
    return t->control & CTL_32 ? 0xffffffff : 0xffff; /* control bit 1 */
}

static uint32_t value(struct armtimer *t)
{
    if (!(t->control & CTL_ENABLE))
        return t->count;
    uint64_t n = elapsed(t, t->since, divisor(t));
    if (n <= t->count)
        return t->count - (uint32_t)n;
    uint64_t turn = (uint64_t)(t->load & mask(t)) + 1; /* it counts load … 0 */
    return (uint32_t)(turn - 1 - (n - t->count - 1) % turn);
}

static uint32_t free_value(struct armtimer *t)
{
    if (!(t->control & CTL_FREE))
        return t->free_count;
    return t->free_count + (uint32_t)elapsed(t, t->free_since, (t->control >> 16 & 0xff) + 1);
}

static void update(struct armtimer *t)
{
    pb_line_set(t->irq, t->raw && (t->control & CTL_INT));
}

/* The timer goes off when the counter comes to zero next; not while its interrupt waits to be
 * cleared, as it could not tell more. */
static void rearm(struct armtimer *t)
{
    uint64_t n, turn = (uint64_t)(t->load & mask(t)) + 1, ticks = (uint64_t)t->count + 1;

    if (!(t->control & CTL_ENABLE) || t->raw) {
        t->b.time->disarm(t->timer);
        return;
    }
    n = elapsed(t, t->since, divisor(t));
    if (n >= ticks)
        ticks += ((n - ticks) / turn + 1) * turn;
    uint64_t at = t->since + (uint64_t)((unsigned __int128)ticks * divisor(t) * NS / apb_hz(t));
    uint64_t least = soc_now(&t->b) + LEAST;
    /* A guest that asks for interrupts faster than it can take them gets what it can. */
    t->b.time->arm(t->timer, (int64_t)(at > least ? at : least));
}

static void start(struct armtimer *t, uint32_t from)
{
    t->count = from & mask(t);
    t->since = soc_now(&t->b);
    rearm(t);
}

static void expired(void *self)
{
    struct armtimer *t = self;

    t->raw = 1;
    update(t);
    start(t, t->load);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct armtimer *t = self;

    (void)i;
    switch (r->id) {
    case R_VALUE:
        return value(t);
    case R_MASKED_IRQ:
        return t->raw && (t->control & CTL_INT);
    default: /* R_FREE */
        return free_value(t);
    }
}

static void write_control(struct armtimer *t, uint32_t v)
{
    uint32_t now = value(t), free_now = free_value(t);

    t->control = v & 0xff03ae;
    t->free_count = free_now;
    t->free_since = soc_now(&t->b);
    start(t, now);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct armtimer *t = self;

    (void)i;
    switch (r->id) {
    case R_LOAD:
        t->load = (uint32_t)v;
        start(t, t->load);
        break;
    case R_CONTROL:
        write_control(t, (uint32_t)v);
        break;
    case R_IRQ_CLEAR:
        t->raw = 0;
        rearm(t);
        break;
    case R_RELOAD:
        t->load = (uint32_t)v;
        break;
    default: { /* R_PREDIVIDER */
        uint32_t now = value(t);
        t->predivider = v & 0x3ff;
        start(t, now);
    }
    }
    update(t);
}

#define VAR(m) .var = PB_REG_VAR(struct armtimer, m)
#define REG(n, o, acc, m, fl, ...) {.name = #n, .off = o, .width = 4, .access = acc, .mask = m, \
    .id = R_##n, .flags = fl, .section = "14.2", __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG(LOAD, 0x00, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, VAR(load)),
    REG(VALUE, 0x04, PB_R_RO, 0, PB_REG_HOOK_R),
    REG(CONTROL, 0x08, PB_R_RW, 0xff03ae, PB_REG_HOOK_W, VAR(control), .reset = 0x3e0020),
    REG(IRQ_CLEAR, 0x0c, PB_R_WO, 0xffffffff, PB_REG_HOOK_W),
    REG(RAW_IRQ, 0x10, PB_R_RO, 0, 0, VAR(raw)),
    REG(MASKED_IRQ, 0x14, PB_R_RO, 0, PB_REG_HOOK_R),
    REG(RELOAD, 0x18, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, VAR(load)),
    REG(PREDIVIDER, 0x1c, PB_R_RW, 0x3ff, PB_REG_HOOK_W, VAR(predivider), .reset = 0x7d),
    REG(FREE, 0x20, PB_R_RO, 0, PB_REG_HOOK_R),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-arm-timer", reg_read, reg_write};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_time *time = h->get(h, PB_SVC_TIME);
    struct armtimer *t = self;

    t->irq = line->out(d, "irq", 0);
    t->timer = time->timer(d, "zero", PB_CLK_VIRTUAL, expired, t, e);
    return t->timer ? soc_realize(&t->b, d, h, &table, 0x24, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct armtimer *t = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, t);
        t->count = t->free_count = 0;
        t->since = t->free_since = soc_now(&t->b);
        t->b.time->disarm(t->timer);
    } else if (phase == PB_RESET_HOLD) {
        update(t);
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct armtimer, load, PB_S_U32), PB_FIELD(struct armtimer, control, PB_S_U32),
    PB_FIELD(struct armtimer, raw, PB_S_U32), PB_FIELD(struct armtimer, predivider, PB_S_U32),
    PB_FIELD(struct armtimer, count, PB_S_U32), PB_FIELD(struct armtimer, free_count, PB_S_U32),
    PB_FIELD(struct armtimer, since, PB_S_U64), PB_FIELD(struct armtimer, free_since, PB_S_U64),
};
static const char *const lines_out[] = {"irq", NULL};

const struct pb_device_class bcm2835_armtimer_class = {
    .size = sizeof bcm2835_armtimer_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-arm-timer",
    .title = "BCM2835 ARM timer", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 14", .n_regions = 1,
    .lines_out = lines_out, .instance_size = sizeof(struct armtimer), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
