/* SPDX-License-Identifier: MIT */
/* pl031.c - Arm PrimeCell real-time clock: seconds, one alarm.
 * ARM DDI 0224C; section numbers below are of it.
 *
 * The counter is the host clock's seconds plus an offset that the guest sets by loading it. As
 * if firmware had set it from a battery, it runs and shows the time from power on; a reset
 * stops the alarm only.
 *
 * Not modelled: stopping the counter (RTCCR reads 1), integration test registers (chapter 4).
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#define SECOND 1000000000ull

enum { R_DR, R_MR, R_LR, R_CR, R_IMSC, R_RIS, R_MIS, R_ICR, R_ID };

struct pl031 {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_line *irq;
    pb_timer *timer;
    uint64_t offset; /* guest's ns minus host's, modulo 2^64 */
    uint32_t mr, lr, imsc, ris;
};

static uint64_t now(struct pl031 *c)
{
    return (uint64_t)c->time->now(c->h, PB_CLK_HOST) + c->offset;
}

static void update(struct pl031 *c)
{
    pb_line_set(c->irq, c->ris & c->imsc);
}

/* The counter reaches the match register: at once, or when its second begins. */
static void schedule(struct pl031 *c)
{
    uint64_t t = now(c), ahead = (uint32_t)(c->mr - (uint32_t)(t / SECOND));
    uint64_t at = (t / SECOND + ahead) * SECOND - c->offset;

    if (ahead == 0) {
        c->time->disarm(c->timer);
        c->ris = 1;
        update(c);
    } else if (at <= INT64_MAX) {
        c->time->arm(c->timer, (int64_t)at);
    } else {
        c->time->disarm(c->timer); /* centuries away */
    }
}

static void match(void *self)
{
    struct pl031 *c = self;

    c->ris = 1;
    update(c);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[8] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct pl031 *c = self;

    switch (r->id) {
    case R_DR:
        return (uint32_t)(now(c) / SECOND);
    case R_CR:
        return 1;
    case R_MIS:
        return c->ris & c->imsc;
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct pl031 *c = self;

    (void)i;
    switch (r->id) {
    case R_MR:
        c->mr = (uint32_t)v;
        schedule(c);
        break;
    case R_LR:
        c->lr = (uint32_t)v;
        c->offset += v * SECOND - now(c);
        schedule(c);
        break;
    case R_CR:
        break; /* once started it cannot be stopped (3.3.4) */
    case R_IMSC:
        c->imsc = v & 1;
        update(c);
        break;
    default: /* R_ICR */
        c->ris &= ~(uint32_t)(v & 1);
        update(c);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, m, fl, sec, ...) {.name = "RTC" #n, .off = o, .width = 4, .access = acc, \
    .mask = m, .id = R_##n, .flags = fl, .section = sec, __VA_ARGS__}
#define VAR(m) .var = PB_REG_VAR(struct pl031, m)
static const struct pb_reg regs[] = {
    REG(DR, 0x00, PB_R_RO, 0, PB_REG_HOOK_R, "3.3.1", .doc = "seconds"),
    REG(MR, 0x04, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, "3.3.2", VAR(mr), .doc = "alarm"),
    REG(LR, 0x08, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, "3.3.3", VAR(lr), .doc = "sets RTCDR"),
    REG(CR, 0x0c, PB_R_RW, 1, HOOKS, "3.3.4", .reset = 1),
    REG(IMSC, 0x10, PB_R_RW, 1, PB_REG_HOOK_W, "3.3.5", VAR(imsc)),
    REG(RIS, 0x14, PB_R_RO, 0, 0, "3.3.6", VAR(ris)),
    REG(MIS, 0x18, PB_R_RO, 0, PB_REG_HOOK_R, "3.3.7"),
    REG(ICR, 0x1c, PB_R_WO, 1, PB_REG_HOOK_W, "3.3.8"),
    REG(ID, 0xfe0, PB_R_RO, 0, PB_REG_HOOK_R, "3.3.9", .count = 8, .stride = 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "pl031",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct pl031 *c = self;

    (void)bytes; /* the bus has 32 bits; narrower accesses take the low ones */
    return pb_regs_read(&table, c, c->h, c->dev, off, 4);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct pl031 *c = self;

    (void)bytes;
    pb_regs_write(&table, c, c->h, c->dev, off, val, 4);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct pl031 *c = self;

    c->h = h;
    c->dev = d;
    c->time = h->get(h, PB_SVC_TIME);
    c->irq = line->out(d, "irq", 0);
    c->timer = c->time->timer(d, "match", PB_CLK_HOST, match, c, e);
    pb_region *r = c->timer ? mem->io(d, "regs", 0x1000, &ops, c, e) : NULL;
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct pl031 *c = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, c);
        c->time->disarm(c->timer);
    } else if (phase == PB_RESET_HOLD) {
        update(c);
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct pl031, offset, PB_S_U64), PB_FIELD(struct pl031, mr, PB_S_U32),
    PB_FIELD(struct pl031, lr, PB_S_U32), PB_FIELD(struct pl031, imsc, PB_S_U32),
    PB_FIELD(struct pl031, ris, PB_S_U32),
};
static const char *const lines_out[] = {"irq", NULL};

static const struct pb_device_class pl031 = {
    .size = sizeof pl031, .flags = PB_DEV_NO_USER, .id = "pl031",
    .title = "Arm PrimeCell real-time clock (PL031)", .category = "misc",
    .spec = "ARM DDI 0224C", .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct pl031), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &pl031}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.pl031",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Arm PrimeCell real-time clock", .needs = needs, .classes = classes, .n_classes = 1};
