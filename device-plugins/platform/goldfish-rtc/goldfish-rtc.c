/* SPDX-License-Identifier: MIT */
/* goldfish-rtc.c - the Goldfish real-time clock: nanoseconds since 1970 and one alarm.
 * Android "GOLDFISH VIRTUAL HARDWARE", section "Goldfish real-time clock" (III); the guest's
 * side is described by Linux drivers/rtc/rtc-goldfish.c's register names.
 *
 * Time is the host clock plus an offset that the guest may set; reading TIME_LOW holds
 * TIME_HIGH still until it is read.
 *
 * Not modelled: nothing is known to be missing.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { R_TIME_LOW, R_TIME_HIGH, R_ALARM_LOW, R_ALARM_HIGH, R_IRQ_ENABLED, R_CLEAR_ALARM,
       R_ALARM_STATUS, R_CLEAR_INTERRUPT };

struct goldfish_rtc {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_line *irq;
    pb_timer *timer;
    uint64_t offset;    /* guest's time minus host's, ns, modulo 2^64 */
    uint64_t alarm;     /* ns, guest's time */
    uint32_t time_high; /* held by a read of TIME_LOW; or written, waiting for TIME_LOW */
    uint32_t alarm_high;
    uint8_t irq_enabled, irq_pending, running; /* running: the alarm is set */
};

static uint64_t now(struct goldfish_rtc *c)
{
    return (uint64_t)c->time->now(c->h, PB_CLK_HOST) + c->offset;
}

static void update(struct goldfish_rtc *c)
{
    pb_line_set(c->irq, c->irq_pending && c->irq_enabled);
}

static void ring(void *self)
{
    struct goldfish_rtc *c = self;

    c->running = 0;
    c->irq_pending = 1;
    update(c);
}

/* Arm the host timer for the alarm, or ring when it is past. */
static void schedule(struct goldfish_rtc *c)
{
    uint64_t at = c->alarm - c->offset;

    if (c->alarm <= now(c)) {
        c->time->disarm(c->timer);
        ring(c);
    } else if (at <= INT64_MAX) {
        c->time->arm(c->timer, (int64_t)at);
    } else {
        c->time->disarm(c->timer); /* centuries away */
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct goldfish_rtc *c = self;
    uint64_t t;

    (void)i;
    switch (r->id) {
    case R_TIME_LOW:
        t = now(c);
        c->time_high = (uint32_t)(t >> 32);
        return t & 0xffffffff;
    case R_ALARM_LOW:
        return c->alarm & 0xffffffff;
    case R_ALARM_HIGH:
        return c->alarm >> 32;
    default: /* R_ALARM_STATUS */
        return c->running;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct goldfish_rtc *c = self;

    (void)i;
    switch (r->id) {
    case R_TIME_LOW:
        c->offset += ((uint64_t)c->time_high << 32 | v) - now(c);
        if (c->running)
            schedule(c);
        break;
    case R_ALARM_LOW:
        c->alarm = (uint64_t)c->alarm_high << 32 | v;
        c->running = 1;
        schedule(c);
        break;
    case R_ALARM_HIGH:
        c->alarm_high = (uint32_t)v;
        break;
    case R_IRQ_ENABLED:
        c->irq_enabled = v & 1;
        update(c);
        break;
    case R_CLEAR_ALARM:
        c->running = 0;
        c->time->disarm(c->timer);
        break;
    default: /* R_CLEAR_INTERRUPT */
        c->irq_pending = 0;
        update(c);
    }
}

#define REG(n, o, acc, fl, ...) {.name = #n, .off = o, .width = 4, .access = acc, \
    .mask = 0xffffffff, .id = R_##n, .flags = fl, .section = "III", __VA_ARGS__}
#define RW_HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
static const struct pb_reg regs[] = {
    REG(TIME_LOW, 0, PB_R_RW, RW_HOOKS, .doc = "read first: holds TIME_HIGH; write second"),
    REG(TIME_HIGH, 4, PB_R_RW, 0, .var = PB_REG_VAR(struct goldfish_rtc, time_high)),
    REG(ALARM_LOW, 8, PB_R_RW, RW_HOOKS, .doc = "writing it sets the alarm"),
    REG(ALARM_HIGH, 12, PB_R_RW, RW_HOOKS, .doc = "write before ALARM_LOW"),
    REG(IRQ_ENABLED, 16, PB_R_WO, PB_REG_HOOK_W, .doc = "bit 0"),
    REG(CLEAR_ALARM, 20, PB_R_WO, PB_REG_HOOK_W, .doc = "any value"),
    REG(ALARM_STATUS, 24, PB_R_RO, PB_REG_HOOK_R, .doc = "1 while an alarm is set"),
    REG(CLEAR_INTERRUPT, 28, PB_R_WO, PB_REG_HOOK_W, .doc = "any value"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "goldfish-rtc", reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct goldfish_rtc *c = self;

    return pb_regs_read(&table, c, c->h, c->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct goldfish_rtc *c = self;

    pb_regs_write(&table, c, c->h, c->dev, off, val, bytes);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct goldfish_rtc *c = self;

    c->h = h;
    c->dev = d;
    c->time = h->get(h, PB_SVC_TIME);
    c->irq = line->out(d, "irq", 0);
    c->timer = c->time->timer(d, "alarm", PB_CLK_HOST, ring, c, e);
    pb_region *r = c->timer ? mem->io(d, "regs", 0x1000, &ops, c, e) : NULL;
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

/* A battery keeps the time: only the alarm and the interrupt are reset. */
static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct goldfish_rtc *c = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, c);
        c->alarm = 0;
        c->alarm_high = 0;
        c->irq_enabled = c->irq_pending = c->running = 0;
        c->time->disarm(c->timer);
    } else if (phase == PB_RESET_HOLD) {
        update(c);
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct goldfish_rtc, offset, PB_S_U64),
    PB_FIELD(struct goldfish_rtc, alarm, PB_S_U64),
    PB_FIELD(struct goldfish_rtc, time_high, PB_S_U32),
    PB_FIELD(struct goldfish_rtc, alarm_high, PB_S_U32),
    PB_FIELD(struct goldfish_rtc, irq_enabled, PB_S_U8),
    PB_FIELD(struct goldfish_rtc, irq_pending, PB_S_U8),
    PB_FIELD(struct goldfish_rtc, running, PB_S_U8),
};
static const char *const lines_out[] = {"irq", NULL};

static const struct pb_device_class goldfish_rtc = {
    .size = sizeof goldfish_rtc, .flags = PB_DEV_NO_USER, .id = "goldfish-rtc",
    .title = "Goldfish real-time clock", .category = "misc",
    .spec = "GOLDFISH-VIRTUAL-HARDWARE.TXT", .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct goldfish_rtc), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &goldfish_rtc}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.goldfish-rtc", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "Goldfish real-time clock", .needs = needs,
    .classes = classes, .n_classes = 1};
