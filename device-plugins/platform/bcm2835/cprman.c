/* SPDX-License-Identifier: MIT */
/* cprman.c - the BCM2835's clock manager: five PLLs, their channels, the clock generators.
 * Broadcom BCM2835 ARM Peripherals, 6.3 (general purpose clocks); the other clocks' generators
 * are alike. PLL registers as Linux Documentation/devicetree/bindings/clock names the block
 * "brcm,bcm2835-cprman" and its driver uses them.
 *
 * Registers keep what is written with the password; a generator is BUSY while it is enabled,
 * and a PLL is locked while it is powered and out of reset. Reset values are those that the
 * boot firmware leaves: PLLB 2400 MHz, PLLC 1200 MHz, PLLD 2000 MHz of a crystal of 19.2 MHz,
 * the core at 400 MHz, the UART at 48 MHz.
 *
 * Not modelled: other blocks do not change their pace; clock counting (TCNT), events.
 */
#include "soc.h"

#define PLLS 5u
enum { CTL_ENAB = 0x10, CTL_KILL = 0x20, CTL_BUSY = 0x80, CTL_MASK = 0x77f, DIV_MASK = 0xffffff };
enum { PLL_ANARST = 0x100, A2W_PWRDN = 1 << 16, A2W_PRST_DISABLE = 1 << 17 };
enum { FROM_OSC = 1, FROM_CORE0 = 5, FROM_PLLD_PER = 6 };
enum { PLLA, PLLC, PLLD, PLLH, PLLB };

/* Generators: name, offset of its CTL (DIV follows), what firmware leaves in both. */
#define CLOCKS(C) \
    C(GNRIC, 0x000, 0, 0) C(VPU, 0x008, CTL_ENAB | FROM_CORE0, 0x3000) \
    C(SYS, 0x010, 0, 0) C(PERIA, 0x018, 0, 0) C(PERII, 0x020, 0, 0) \
    C(H264, 0x028, FROM_CORE0, 0x4000) C(ISP, 0x030, FROM_CORE0, 0x4000) \
    C(V3D, 0x038, FROM_CORE0, 0x4000) C(CAM0, 0x040, 0, 0) C(CAM1, 0x048, 0, 0) \
    C(CCP2, 0x050, 0, 0) C(DSI0E, 0x058, 0, 0) C(DSI0P, 0x060, 0, 0) C(DPI, 0x068, 0, 0) \
    C(GP0, 0x070, 0, 0) C(GP1, 0x078, 0, 0) C(GP2, 0x080, 0, 0) \
    C(HSM, 0x088, CTL_ENAB | FROM_PLLD_PER, 0x30e0) C(OTP, 0x090, FROM_OSC, 0x4000) \
    C(PCM, 0x098, 0, 0) C(PWM, 0x0a0, 0, 0) C(SLIM, 0x0a8, 0, 0) C(SMI, 0x0b0, 0, 0) \
    C(TCNT, 0x0c0, 0, 0) C(TEC, 0x0c8, FROM_OSC, 0x6000) C(TD0, 0x0d0, 0, 0) \
    C(TD1, 0x0d8, 0, 0) C(TSENS, 0x0e0, CTL_ENAB | FROM_OSC, 0xa000) \
    C(TIMER, 0x0e8, CTL_ENAB | FROM_OSC, 0x13333) \
    C(UART, 0x0f0, CTL_ENAB | FROM_PLLD_PER, 0xa6aa) C(VEC, 0x0f8, 0, 0)
#define CLOCKS_MIDDLE(C) C(DSI1E, 0x158, 0, 0) C(DSI1P, 0x160, 0, 0) C(DFT, 0x168, 0, 0)
#define CLOCKS_HIGH(C) \
    C(PULSE, 0x190, 0, 0) \
    C(SDC, 0x1a8, CTL_ENAB | FROM_CORE0, 0x6000) C(ARM, 0x1b0, CTL_ENAB | 4, 0x1000) \
    C(AVEO, 0x1b8, 0, 0) C(EMMC, 0x1c0, CTL_ENAB | FROM_PLLD_PER, 0x2800)
#define NUMBER(n, off, ctl, div) CM_##n,
enum { CLOCKS(NUMBER) CLOCKS_MIDDLE(NUMBER) CLOCKS_HIGH(NUMBER) N_CLOCKS };

enum { R_CTL, R_DIV, R_PLL, R_LOCK, R_PLAIN, R_A2W, R_A2W_CTRL };

struct cprman {
    struct soc_block b;
    uint32_t ctl[N_CLOCKS], div[N_CLOCKS];
    uint32_t pll[PLLS];     /* CM_PLLA, …: reset and what the channels load and hold */
    uint32_t osccount, event, burst, xosc;
    uint32_t dig[64];       /* A2W_PLLx_DIG and ANA: 8 words each */
    uint32_t ctrl[PLLS], frac[PLLS];
    uint32_t channel[4][PLLS]; /* DSI0 ARM …, CORE, PER, CCP2 as the PLL has them */
};

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct cprman *c = self;
    uint32_t v = 0;

    (void)i;
    if (r->id == R_CTL) {
        v = *(uint32_t *)pb_reg_slot(r, c, 0);
        return v & CTL_ENAB && !(v & CTL_KILL) ? v | CTL_BUSY : v;
    }
    for (uint32_t k = 0; k < PLLS; k++) { /* bits 8 to 12: A, C, D, H, B */
        if (!(c->pll[k] & PLL_ANARST) && !(c->ctrl[k] & A2W_PWRDN))
            v |= 0x100u << k;
    }
    return v;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct cprman *c = self;

    if (soc_unlocked(&c->b, r, v))
        *((uint32_t *)pb_reg_slot(r, c, i)) = (uint32_t)(v & r->mask);
}

#define VAR(m) .var = PB_REG_VAR(struct cprman, m)
#define REG(n, o, fl, m, k, ...) {.name = n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, \
    .id = k, .flags = fl, .section = "6.3", __VA_ARGS__}
#define W PB_REG_HOOK_W
#define CLOCK(n, o, c, d) \
    REG("CM_" #n "CTL", o, PB_REG_HOOK_R | W, CTL_MASK, R_CTL, VAR(ctl[CM_##n]), .reset = c), \
    REG("CM_" #n "DIV", o + 4, W, DIV_MASK, R_DIV, VAR(div[CM_##n]), .reset = d),
#define PLL(n, o) REG("CM_" #n, o, W, 0xffffff, R_PLL, VAR(pll[n]))
#define A2W(n, o, m, r) REG("A2W_" n, o, W, 0xffffff, R_A2W, VAR(m), .reset = r)
#define CTRL(P, o, ndiv) A2W(#P "_CTRL", o, ctrl[P], A2W_PRST_DISABLE | 1 << 12 | ndiv)
/* A word of each PLL; those of B lie apart. */
#define A2W_EACH(o, m, a, ra, c, rc, d, rd, h, rh, b, rb) \
    A2W("PLLA_" a, o, m[PLLA], ra), A2W("PLLC_" c, o + 0x20, m[PLLC], rc), \
    A2W("PLLD_" d, o + 0x40, m[PLLD], rd), A2W("PLLH_" h, o + 0x60, m[PLLH], rh), \
    A2W("PLLB_" b, o + 0xe0, m[PLLB], rb)
static const struct pb_reg regs[] = {
    CLOCKS(CLOCK)
    REG("CM_OSCCOUNT", 0x100, W, 0xffffff, R_PLAIN, VAR(osccount)),
    PLL(PLLA, 0x104), PLL(PLLC, 0x108), PLL(PLLD, 0x10c), PLL(PLLH, 0x110),
    {.name = "CM_LOCK", .off = 0x114, .width = 4, .access = PB_R_RO, .id = R_LOCK,
     .flags = PB_REG_HOOK_R, .section = "6.3"},
    REG("CM_EVENT", 0x118, W, 0xffffff, R_PLAIN, VAR(event)),
    CLOCKS_MIDDLE(CLOCK)
    PLL(PLLB, 0x170),
    CLOCKS_HIGH(CLOCK)
    REG("CM_BURSTCTL", 0x1e0, W, 0xffffff, R_PLAIN, VAR(burst)),
    REG("A2W_DIG_ANA", 0x1000, W, 0xffffff, R_A2W, VAR(dig), .count = 64, .stride = 4,
        .doc = "by PLL, 0x20 apart: DIG0-3, ANA0-3"),
    CTRL(PLLA, 0x1100, 104), CTRL(PLLC, 0x1120, 62), CTRL(PLLD, 0x1140, 104),
    CTRL(PLLH, 0x1160, 45), A2W("XOSC_CTRL", 0x1190, xosc, 0xff), CTRL(PLLB, 0x11e0, 125),
    A2W_EACH(0x1200, frac, "FRAC", 0x2aaab, "FRAC", 0x80000, "FRAC", 0x2aaab, "FRAC", 0, "FRAC", 0),
    A2W_EACH(0x1300, channel[0], "DSI0", 4, "CORE2", 4, "DSI0", 4, "AUX", 4, "ARM", 2),
    A2W_EACH(0x1400, channel[1], "CORE", 4, "CORE1", 4, "CORE", 4, "RCAL", 4, "SP0", 4),
    A2W_EACH(0x1500, channel[2], "PER", 4, "PER", 4, "PER", 4, "PIX", 4, "SP1", 4),
    A2W_EACH(0x1600, channel[3], "CCP2", 4, "CORE0", 1, "DSI1", 4, "STS", 4, "SP2", 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-cprman", reg_read, reg_write};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return soc_realize(self, d, h, &table, 0x2000, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER) /* to what the boot firmware leaves */
        pb_regs_reset(&table, self);
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct cprman, ctl, PB_S_U32, N_CLOCKS),
    PB_FIELD_ARRAY(struct cprman, div, PB_S_U32, N_CLOCKS),
    PB_FIELD_ARRAY(struct cprman, pll, PB_S_U32, PLLS),
    PB_FIELD(struct cprman, osccount, PB_S_U32), PB_FIELD(struct cprman, event, PB_S_U32),
    PB_FIELD(struct cprman, burst, PB_S_U32), PB_FIELD(struct cprman, xosc, PB_S_U32),
    PB_FIELD_ARRAY(struct cprman, dig, PB_S_U32, 64),
    PB_FIELD_ARRAY(struct cprman, ctrl, PB_S_U32, PLLS),
    PB_FIELD_ARRAY(struct cprman, frac, PB_S_U32, PLLS),
    PB_FIELD_ARRAY(struct cprman, channel, PB_S_U32, 4 * PLLS),
};

const struct pb_device_class bcm2835_cprman_class = {
    .size = sizeof bcm2835_cprman_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-cprman",
    .title = "BCM2835 clock manager", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, 6.3", .n_regions = 1,
    .instance_size = sizeof(struct cprman), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset,
};
