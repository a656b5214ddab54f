/* SPDX-License-Identifier: MIT */
/* rng.c - the BCM2835's random number generator.
 * Linux Documentation/devicetree/bindings/rng/brcm,iproc-rng200.yaml and the driver of
 * "brcm,bcm2835-rng" for the registers: Broadcom's peripherals manual leaves it out.
 *
 * While it is on, its FIFO is full of the host's entropy.
 *
 * Not modelled: the warm-up count (it is over at once), the threshold's interrupt.
 */
#include "soc.h"

#define FIFO 4u
enum { CTRL_RBGEN = 1 };
enum { R_STATUS, R_DATA };

struct rng {
    struct soc_block b;
    uint32_t ctrl, warmup, threshold, int_mask;
};

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct rng *g = self;
    uint32_t v = 0;

    (void)i;
    if (r->id == R_STATUS)
        return (g->ctrl & CTRL_RBGEN ? FIFO << 24 : 0) | g->warmup;
    if (g->ctrl & CTRL_RBGEN)
        g->b.time->random_bytes(g->b.dev, &v, sizeof v);
    return v;
}

#define VAR(m) .var = PB_REG_VAR(struct rng, m)
static const struct pb_reg regs[] = {
    {.name = "RNG_CTRL", .off = 0, .width = 4, .access = PB_R_RW, .mask = 3, VAR(ctrl)},
    {.name = "RNG_STATUS", .off = 4, .width = 4, .access = PB_R_RW, .mask = 0xfffff,
     VAR(warmup), .id = R_STATUS, .flags = PB_REG_HOOK_R,
     .doc = "31:24 words in the FIFO, 19:0 warm-up count"},
    {.name = "RNG_DATA", .off = 8, .width = 4, .access = PB_R_RO, .id = R_DATA,
     .flags = PB_REG_HOOK_R},
    {.name = "RNG_FF_THRESHOLD", .off = 0xc, .width = 4, .access = PB_R_RW, .mask = 0xff,
     VAR(threshold)},
    {.name = "RNG_INT_MASK", .off = 0x10, .width = 4, .access = PB_R_RW, .mask = 1,
     VAR(int_mask)},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-rng", reg_read, NULL};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return soc_realize(self, d, h, &table, 0x14, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&table, self);
}

static const struct pb_field state[] = {
    PB_FIELD(struct rng, ctrl, PB_S_U32), PB_FIELD(struct rng, warmup, PB_S_U32),
    PB_FIELD(struct rng, threshold, PB_S_U32), PB_FIELD(struct rng, int_mask, PB_S_U32),
};

const struct pb_device_class bcm2835_rng_class = {
    .size = sizeof bcm2835_rng_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-rng",
    .title = "BCM2835 random number generator", .category = "misc", .spec = "brcm,bcm2835-rng",
    .n_regions = 1, .instance_size = sizeof(struct rng), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
