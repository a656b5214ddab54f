/* SPDX-License-Identifier: MIT */
/* systimer.c - the BCM2835's system timer: a 64-bit count of microseconds, four comparers.
 * Broadcom BCM2835 ARM Peripherals, chapter 12.
 *
 * A comparer matches when the low word of the count is its value; its bit in CS then drives
 * its interrupt until it is cleared.
 *
 * Not modelled: nothing is known to be missing.
 */
#include "soc.h"

#define US 1000ull
#define CHANNELS 4u

enum { R_CS, R_CLO, R_CHI, R_C };

struct systimer {
    struct soc_block b;
    const struct pb_line *irq[CHANNELS];
    pb_timer *timer[CHANNELS];
    uint32_t cs, c[CHANNELS];
};

static void update(struct systimer *t)
{
    for (uint32_t i = 0; i < CHANNELS; i++)
        pb_line_set(t->irq[i], t->cs >> i & 1);
}

/* The moment at which the low word next becomes the comparer's value, a whole turn ahead when
 * it is that now. */
static void schedule(struct systimer *t, uint32_t i)
{
    uint64_t now = soc_now(&t->b) / US, ahead = (uint32_t)(t->c[i] - (uint32_t)now);

    t->b.time->arm(t->timer[i], (int64_t)((now + (ahead ? ahead : 1ull << 32)) * US));
}

static void matched(struct systimer *t, uint32_t i)
{
    t->cs |= 1u << i;
    update(t);
    schedule(t, i);
}

#define MATCHED(i) \
    static void matched_##i(void *self) \
    { \
        matched(self, i); \
    }
MATCHED(0)
MATCHED(1)
MATCHED(2)
MATCHED(3)

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    uint64_t now = soc_now(self) / US;

    (void)i;
    return r->id == R_CLO ? (uint32_t)now : now >> 32;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct systimer *t = self;

    if (r->id == R_CS) {
        t->cs &= ~(uint32_t)v;
        update(t);
    } else {
        t->c[i] = (uint32_t)v;
        schedule(t, i);
    }
}

static const struct pb_reg regs[] = {
    {.name = "CS", .off = 0, .width = 4, .access = PB_R_W1C, .mask = 15,
     .var = PB_REG_VAR(struct systimer, cs), .id = R_CS, .flags = PB_REG_HOOK_W,
     .section = "12.1"},
    {.name = "CLO", .off = 4, .width = 4, .access = PB_R_RO, .id = R_CLO,
     .flags = PB_REG_HOOK_R, .section = "12.1"},
    {.name = "CHI", .off = 8, .width = 4, .access = PB_R_RO, .id = R_CHI,
     .flags = PB_REG_HOOK_R, .section = "12.1"},
    {.name = "C", .off = 0xc, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .var = PB_REG_VAR(struct systimer, c), .id = R_C, .flags = PB_REG_HOOK_W,
     .count = CHANNELS, .stride = 4, .section = "12.1"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-system-timer", reg_read, reg_write};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static void (*const fn[CHANNELS])(void *) = {matched_0, matched_1, matched_2, matched_3};
    static const char *const names[CHANNELS] = {"c0", "c1", "c2", "c3"};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_time *time = h->get(h, PB_SVC_TIME);
    struct systimer *t = self;

    for (uint32_t i = 0; i < CHANNELS; i++) {
        t->irq[i] = line->out(d, "irq", i);
        t->timer[i] = time->timer(d, names[i], PB_CLK_VIRTUAL, fn[i], t, e);
        if (!t->timer[i])
            return PB_ENOMEM;
    }
    return soc_realize(&t->b, d, h, &table, 0x1000, e);
}

/* The count is of the time since power on; a reset leaves it running. */
static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct systimer *t = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, t);
        for (uint32_t i = 0; i < CHANNELS; i++)
            t->b.time->disarm(t->timer[i]);
    } else if (phase == PB_RESET_HOLD) {
        update(t);
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct systimer, cs, PB_S_U32),
    PB_FIELD_ARRAY(struct systimer, c, PB_S_U32, CHANNELS),
};
static const char *const lines_out[] = {"irq[]", NULL};

const struct pb_device_class bcm2835_systimer_class = {
    .size = sizeof bcm2835_systimer_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-system-timer",
    .title = "BCM2835 system timer", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 12", .n_regions = 1,
    .lines_out = lines_out, .instance_size = sizeof(struct systimer), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
