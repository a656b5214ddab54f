/* SPDX-License-Identifier: MIT */
/* gpio.c - the BCM2835's 54 pins: functions, levels, pulls, events.
 * Broadcom BCM2835 ARM Peripherals, chapter 6; reset pulls: table 6-31.
 *
 * A pin's level is what the SoC drives (an output), else what its line last said, else what its
 * pull makes of it. Which SD host has the card slot is decided here, too: pins 48 to 53 as ALT0
 * belong to SDHOST, as ALT3 to the SDHCI (EMMC); the outputs `sdhost` and `sdhci` tell them. SPI0's
 * chip selects 0 and 1 are pins 8 and 7: `spi-ce` says which of them is an output and low.
 *
 * Not modelled: other alternate functions (a UART works wherever its pins are), drive strength
 * and pads.
 */
#include "soc.h"

#include <string.h>

#define PINS 54u
#define WORDS 2u
#define ALL ((1ull << PINS) - 1)
/* Interrupts by bank, and one of all pins (6.3 names banks 0 to 2 of 28, 18 and 8 pins). */
#define BANK0 ((1ull << 28) - 1)
#define BANK1 (((1ull << 46) - 1) & ~BANK0)
#define BANK2 (ALL & ~BANK0 & ~BANK1)
#define PULL_UP_RESET 0x3fc01c000001ffull /* 0-8, 34-36, 46-53 */
#define PULL_DOWN_RESET 0x003fe3cffffe00ull

enum { FN_IN = 0, FN_OUT = 1, FN_ALT0 = 4, FN_ALT3 = 7 };
enum { R_FSEL, R_SET, R_CLR, R_LEV, R_EDS, R_REN, R_FEN, R_HEN, R_LEN, R_AREN, R_AFEN, R_PUD,
       R_PUDCLK };
enum { PUD_OFF, PUD_DOWN, PUD_UP };

struct gpio {
    struct soc_block b;
    const struct pb_line *irq[4], *sdhost, *sdhci, *spi_ce[2];
    const struct pb_line *out[PINS];
    uint32_t n_out;
    uint32_t fsel[6], pud, pudclk[WORDS];
    uint64_t latch;        /* what GPSET and GPCLR left */
    uint64_t in, driven;   /* levels of the input lines, and pins that have ever had one */
    uint64_t up, down;     /* pulls */
    uint64_t level, eds;   /* as last looked at */
    uint64_t ren, fen, hen, len, aren, afen;
};

static uint32_t function(const struct gpio *g, uint32_t pin)
{
    return g->fsel[pin / 10] >> pin % 10 * 3 & 7;
}

static uint64_t outputs(const struct gpio *g)
{
    uint64_t v = 0;

    for (uint32_t pin = 0; pin < PINS; pin++)
        v |= (uint64_t)(function(g, pin) == FN_OUT) << pin;
    return v;
}

static uint64_t levels(const struct gpio *g)
{
    uint64_t out = outputs(g), outside = (g->in & g->driven) | (g->up & ~g->driven);

    return ((g->latch & out) | (outside & ~out)) & ALL;
}

static uint32_t slot_is(const struct gpio *g, uint32_t fn)
{
    for (uint32_t pin = 48; pin < PINS; pin++) {
        if (function(g, pin) != fn)
            return 0;
    }
    return 1;
}

static void drive(struct gpio *g)
{
    uint64_t out = outputs(g);

    pb_line_set(g->irq[0], (g->eds & BANK0) != 0);
    pb_line_set(g->irq[1], (g->eds & BANK1) != 0);
    pb_line_set(g->irq[2], (g->eds & BANK2) != 0);
    pb_line_set(g->irq[3], g->eds != 0);
    pb_line_set(g->sdhost, (int32_t)slot_is(g, FN_ALT0));
    pb_line_set(g->sdhci, (int32_t)slot_is(g, FN_ALT3));
    for (uint32_t i = 0; i < 2; i++)
        pb_line_set(g->spi_ce[i], (out & ~g->latch) >> (8 - i) & 1);
    for (uint32_t pin = 0; pin < g->n_out; pin++)
        pb_line_set(g->out[pin], (g->latch & out) >> pin & 1);
}

/* Something changed: note events (6.1, GPEDS) and tell everyone. */
static void look(struct gpio *g)
{
    uint64_t now = levels(g), rose = now & ~g->level, fell = g->level & ~now;

    g->level = now;
    g->eds |= (rose & (g->ren | g->aren)) | (fell & (g->fen | g->afen)) | (now & g->hen) |
              (~now & g->len & ALL);
    drive(g);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct gpio *g = self;
    uint64_t bit = 1ull << n;

    g->driven |= bit;
    g->in = level ? g->in | bit : g->in & ~bit;
    look(g);
}

/* ---- Registers ------------------------------------------------------------------------- */

/* Where a pair of words of 54 bits is kept. */
static uint64_t *pair(struct gpio *g, uint32_t id)
{
    switch (id) {
    case R_REN: return &g->ren;
    case R_FEN: return &g->fen;
    case R_HEN: return &g->hen;
    case R_LEN: return &g->len;
    case R_AREN: return &g->aren;
    default: return &g->afen;
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct gpio *g = self;
    uint64_t v = r->id == R_LEV ? levels(g) : r->id == R_EDS ? g->eds : *pair(g, r->id);

    return (uint32_t)(v >> 32 * i);
}

/* GPPUD says what, a 1 in GPPUDCLK to which pins (6.1). */
static void clock_pulls(struct gpio *g, uint32_t i, uint64_t v)
{
    uint64_t pins = v << 32 * i & ALL;

    g->pudclk[i] = (uint32_t)v;
    g->up &= ~pins;
    g->down &= ~pins;
    if ((g->pud & 3) == PUD_UP)
        g->up |= pins;
    else if ((g->pud & 3) == PUD_DOWN)
        g->down |= pins;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct gpio *g = self;
    uint64_t bits = v << 32 * (i & 1) & ALL; /* of a pair of words */
    uint64_t *p;

    switch (r->id) {
    case R_FSEL:
        g->fsel[r->off / 4] = v & r->mask;
        break;
    case R_SET:
        g->latch |= bits;
        break;
    case R_CLR:
        g->latch &= ~bits;
        break;
    case R_EDS:
        g->eds &= ~bits;
        break;
    case R_PUDCLK:
        clock_pulls(g, i, v);
        break;
    default:
        p = pair(g, r->id);
        *p = (*p & ~(0xffffffffull << 32 * i)) | bits;
    }
    look(g);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define VAR(m) .var = PB_REG_VAR(struct gpio, m)
#define REG(n, o, acc, m, fl, ...) {.name = "GP" #n, .off = o, .width = 4, .access = acc, \
    .mask = m, .id = R_##n, .flags = fl, .section = "6.1", __VA_ARGS__}
#define FSEL(n, r) \
    {.name = "GPFSEL" #n, .off = 4 * n, .width = 4, .access = PB_R_RW, .mask = 0x3fffffff, \
     .id = R_FSEL, .flags = PB_REG_HOOK_W, .section = "6.1", VAR(fsel[n]), .reset = r, \
     .doc = "three bits a pin"}
#define PAIR(n, o, acc, fl) REG(n, o, acc, 0xffffffff, fl, .count = WORDS, .stride = 4)
static const struct pb_reg regs[] = {
    /* The boot firmware has given the card to SDHOST and pins 14 and 15 to a UART. */
    FSEL(0, 0), FSEL(1, FN_ALT0 << 12 | FN_ALT0 << 15), FSEL(2, 0), FSEL(3, 0),
    FSEL(4, FN_ALT0 << 24 | FN_ALT0 << 27),
    FSEL(5, FN_ALT0 | FN_ALT0 << 3 | FN_ALT0 << 6 | FN_ALT0 << 9),
    PAIR(SET, 0x1c, PB_R_WO, PB_REG_HOOK_W), PAIR(CLR, 0x28, PB_R_WO, PB_REG_HOOK_W),
    PAIR(LEV, 0x34, PB_R_RO, PB_REG_HOOK_R), PAIR(EDS, 0x40, PB_R_RW, HOOKS),
    PAIR(REN, 0x4c, PB_R_RW, HOOKS), PAIR(FEN, 0x58, PB_R_RW, HOOKS),
    PAIR(HEN, 0x64, PB_R_RW, HOOKS), PAIR(LEN, 0x70, PB_R_RW, HOOKS),
    PAIR(AREN, 0x7c, PB_R_RW, HOOKS), PAIR(AFEN, 0x88, PB_R_RW, HOOKS),
    REG(PUD, 0x94, PB_R_RW, 3, 0, VAR(pud)),
    REG(PUDCLK, 0x98, PB_R_RW, 0xffffffff, PB_REG_HOOK_W, VAR(pudclk), .count = WORDS,
        .stride = 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-gpio", reg_read, reg_write};

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct gpio *g = self;

    for (uint32_t i = 0; i < 4; i++)
        g->irq[i] = line->out(d, "irq", i);
    g->sdhost = line->out(d, "sdhost", 0);
    g->sdhci = line->out(d, "sdhci", 0);
    for (uint32_t i = 0; i < 2; i++)
        g->spi_ce[i] = line->out(d, "spi-ce", i);
    g->n_out = line->count(d, "out");
    if (g->n_out > PINS)
        g->n_out = PINS;
    for (uint32_t i = 0; i < g->n_out; i++)
        g->out[i] = line->out(d, "out", i);
    return soc_realize(&g->b, d, h, &table, 0x1000, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct gpio *g = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, g);
        g->latch = g->eds = g->ren = g->fen = g->hen = g->len = g->aren = g->afen = 0;
        g->up = PULL_UP_RESET;
        g->down = PULL_DOWN_RESET;
        g->level = levels(g);
    } else if (phase == PB_RESET_HOLD) {
        drive(g);
    }
}

#define U64(m) PB_FIELD(struct gpio, m, PB_S_U64)
static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct gpio, fsel, PB_S_U32, 6), PB_FIELD(struct gpio, pud, PB_S_U32),
    PB_FIELD_ARRAY(struct gpio, pudclk, PB_S_U32, WORDS), U64(latch), U64(in), U64(driven),
    U64(up), U64(down), U64(level), U64(eds), U64(ren), U64(fen), U64(hen), U64(len), U64(aren),
    U64(afen),
};
static const char *const lines_out[] = {"irq[]", "sdhost", "sdhci", "spi-ce[]", "out[]", NULL};
static const char *const lines_in[] = {"pin[54]", NULL};

const struct pb_device_class bcm2835_gpio_class = {
    .size = sizeof bcm2835_gpio_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-gpio",
    .title = "BCM2835 GPIO", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 6", .n_regions = 1,
    .lines_out = lines_out, .lines_in = lines_in, .instance_size = sizeof(struct gpio),
    .state_version = 1, .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .line_in = line_in,
};
