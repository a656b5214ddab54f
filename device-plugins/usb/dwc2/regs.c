/* SPDX-License-Identifier: MIT */
/* regs.c - the registers of the DesignWare core in host mode. Names as in Synopsys' databook and
 * in BCM2835 errata; the section is the group they are in there.
 * Not modelled: slave mode's FIFOs and their status (GRXSTSR, GNPTXSTS show empty ones), device
 * mode, descriptor DMA, LPM, I2C and vendor PHY access (kept, no effect).
 */
#include "dwc2.h"

#include <string.h>

enum { R_GRSTCTL = 1, R_GAHBCFG, R_GINTSTS, R_GINTMSK, R_HFNUM, R_HAINT, R_HAINTMSK, R_HPRT,
       R_HCCHAR, R_HCINT, R_HCINTMSK };

/* GHWCFG2: OTG, internal DMA, UTMI+ and dedicated FS PHY, 8 host channels, dynamic FIFOs.
 * GHWCFG3: transfer sizes of 19 bits, packet counts of 10, 4080 words of FIFO. */
#define GSNPSID 0x4f54280au
#define GHWCFG2 0x228ddd50u
#define GHWCFG3 0x0ff000e8u
#define GHWCFG4 0x1ff00020u

#define VAR(m) .var = PB_REG_VAR(struct dwc2, m)
#define ALL 0xffffffffu
#define REG(n, o, acc, m, rst, fl, sec, ...) {.name = n, .off = o, .width = 4, .access = acc, \
    .mask = m, .reset = rst, .flags = fl, .section = sec, __VA_ARGS__}
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)

#define CH(n, i, o, m, fl, ident) \
    REG(#n #i, 0x500 + 0x20 * i + o, PB_R_RW, m, 0, fl, "channel", VAR(n[i]), .id = ident)
#define CHANNEL(i)                                                                             \
    CH(HCCHAR, i, 0x00, ALL, PB_REG_HOOK_W, R_HCCHAR), CH(HCSPLT, i, 0x04, 0x8001ffff, 0, 0),  \
    CH(HCINT, i, 0x08, HCINT_ALL, PB_REG_HOOK_W, R_HCINT),                                     \
    CH(HCINTMSK, i, 0x0c, 0x3fff, PB_REG_HOOK_W, R_HCINTMSK),                                  \
    CH(HCTSIZ, i, 0x10, ALL, 0, 0), CH(HCDMA, i, 0x14, ALL, 0, 0)

static const struct pb_reg reg[] = {
    REG("GOTGCTL", 0x000, PB_R_RW, 0x00100ffe, 0x000d0000, 0, "global", VAR(GOTGCTL)),
    REG("GOTGINT", 0x004, PB_R_W1C, 0x001e0304, 0, 0, "global", VAR(GOTGINT)),
    REG("GAHBCFG", 0x008, PB_R_RW, 0x00e001ff, 0, PB_REG_HOOK_W, "global", VAR(GAHBCFG),
        .id = R_GAHBCFG),
    REG("GUSBCFG", 0x00c, PB_R_RW, ALL, 0x00001400, 0, "global", VAR(GUSBCFG)),
    REG("GRSTCTL", 0x010, PB_R_RW, 0x7ff, GRSTCTL_AHBIDLE, HOOKS, "global", .id = R_GRSTCTL),
    REG("GINTSTS", 0x014, PB_R_RW, GINTSTS_W1C, 0, HOOKS, "global", VAR(GINTSTS),
        .id = R_GINTSTS),
    REG("GINTMSK", 0x018, PB_R_RW, ALL, 0, HOOKS, "global", VAR(GINTMSK),
        .id = R_GINTMSK),
    REG("GRXSTSR", 0x01c, PB_R_RO, 0, 0, 0, "global"),
    REG("GRXSTSP", 0x020, PB_R_RO, 0, 0, 0, "global"),
    REG("GRXFSIZ", 0x024, PB_R_RW, 0xffff, 0x1000, 0, "global", VAR(GRXFSIZ)),
    REG("GNPTXFSIZ", 0x028, PB_R_RW, ALL, 0x01001000, 0, "global", VAR(GNPTXFSIZ)),
    REG("GNPTXSTS", 0x02c, PB_R_RO, 0, 0x00080100, 0, "global"),
    REG("GI2CCTL", 0x030, PB_R_RW, ALL, 0, 0, "global", VAR(GI2CCTL), .doc = "no effect"),
    REG("GPVNDCTL", 0x034, PB_R_RW, ALL, 0, 0, "global", VAR(GPVNDCTL), .doc = "no effect"),
    REG("GGPIO", 0x038, PB_R_RW, ALL, 0, 0, "global", VAR(GGPIO), .doc = "no effect"),
    REG("GUID", 0x03c, PB_R_RW, ALL, 0x2708a000, 0, "global", VAR(GUID)),
    REG("GSNPSID", 0x040, PB_R_RO, 0, GSNPSID, 0, "global"),
    REG("GHWCFG1", 0x044, PB_R_RO, 0, 0, 0, "global"),
    REG("GHWCFG2", 0x048, PB_R_RO, 0, GHWCFG2, 0, "global"),
    REG("GHWCFG3", 0x04c, PB_R_RO, 0, GHWCFG3, 0, "global"),
    REG("GHWCFG4", 0x050, PB_R_RO, 0, GHWCFG4, 0, "global"),
    REG("GLPMCFG", 0x054, PB_R_RW, ALL, 0, 0, "global", VAR(GLPMCFG), .doc = "no effect"),
    REG("GPWRDN", 0x058, PB_R_RW, ALL, 0, 0, "global", VAR(GPWRDN), .doc = "no effect"),
    REG("GDFIFOCFG", 0x05c, PB_R_RW, ALL, 0, 0, "global", VAR(GDFIFOCFG)),
    {.name = "MDIO", .off = 0x080, .width = 4, .access = PB_R_RSVD, .count = 8, .stride = 4,
     .section = "BCM2835 PHY"},
    REG("HPTXFSIZ", 0x100, PB_R_RW, ALL, 0x02002000, 0, "global", VAR(HPTXFSIZ)),
    REG("DPTXFSIZ", 0x104, PB_R_RW, ALL, 0, 0, "global", VAR(DPTXFSIZ), .count = FIFOS,
        .stride = 4),
    REG("HCFG", 0x400, PB_R_RW, 0x0780ff87, 0, 0, "host", VAR(HCFG)),
    REG("HFIR", 0x404, PB_R_RW, 0x1ffff, 0xea60, 0, "host", VAR(HFIR)),
    REG("HFNUM", 0x408, PB_R_RO, 0, 0, PB_REG_HOOK_R, "host", .id = R_HFNUM),
    REG("HPTXSTS", 0x410, PB_R_RO, 0, 0x00080100, 0, "host"),
    REG("HAINT", 0x414, PB_R_RO, 0, 0, PB_REG_HOOK_R, "host", .id = R_HAINT),
    REG("HAINTMSK", 0x418, PB_R_RW, 0xffff, 0, PB_REG_HOOK_W, "host", VAR(HAINTMSK),
        .id = R_HAINTMSK),
    {.name = "HFLBADDR", .off = 0x41c, .width = 4, .access = PB_R_RSVD, .section = "host"},
    REG("HPRT", 0x440, PB_R_RW, ALL, 0, PB_REG_HOOK_W, "host", VAR(HPRT), .id = R_HPRT),
    CHANNEL(0), CHANNEL(1), CHANNEL(2), CHANNEL(3), CHANNEL(4), CHANNEL(5), CHANNEL(6),
    CHANNEL(7),
    REG("PCGCTL", 0xe00, PB_R_RW, ALL, 0, 0, "power", VAR(PCGCTL), .doc = "no effect"),
};

static uint32_t status(struct dwc2 *c)
{
    uint32_t v = c->GINTSTS | GINTSTS_NPTXFEMP | GINTSTS_PTXFEMP | frame_sof(c);

    if (!(c->GUSBCFG & GUSBCFG_FORCEDEVMODE))
        v |= GINTSTS_CURMOD; /* the cable's end is that of a host */
    if (c->HPRT & HPRT_CHANGES)
        v |= GINTSTS_PRTINT;
    if (channels_halted(c) & c->HAINTMSK)
        v |= GINTSTS_HCHINT;
    return v;
}

void update_irq(struct dwc2 *c)
{
    pb_line_set(c->irq, (c->GAHBCFG & GAHBCFG_GLBLINTRMSK) && (status(c) & c->GINTMSK));
}

/* GRSTCTL.CSFTRST: all but how the core is connected. */
void core_reset(struct dwc2 *c)
{
    uint32_t gusbcfg = c->GUSBCFG, hcfg = c->HCFG;

    usb_bus_reset(&c->bus);
    pb_regs_reset(&dwc2_regs, c);
    memset(c->waits, 0, sizeof c->waits);
    memset(c->result, 0, sizeof c->result);
    c->GUSBCFG = gusbcfg;
    c->HCFG = hcfg;
    frame_restart(c);
}

/* A driver that is not about to end an interrupt looks here to see whether frames are heard of: if
 * so, the transfer that it has waits for one. */
static uint32_t read_mask(struct dwc2 *c)
{
    if (c->GINTMSK & GINTSTS_SOF && !(status(c) & c->GINTMSK) && frame_is_quiet(c))
        frame_next(c);
    return c->GINTMSK;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct dwc2 *c = self;

    (void)i;
    switch (r->id) {
    case R_GINTSTS:
        return status(c);
    case R_GINTMSK:
        return read_mask(c);
    case R_HFNUM:
        return frame_number(c);
    case R_HAINT:
        return channels_halted(c);
    default: /* R_GRSTCTL: all that it starts has ended */
        return GRSTCTL_AHBIDLE;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct dwc2 *c = self;
    uint32_t v = (uint32_t)(val & r->mask), n = (r->off - 0x500) >> 5;

    (void)i;
    switch (r->id) {
    case R_GAHBCFG:
        c->GAHBCFG = v;
        break;
    case R_GRSTCTL:
        if (v & GRSTCTL_CSFTRST)
            core_reset(c);
        else if (v & GRSTCTL_FRMCNTRRST)
            frame_restart(c);
        break;
    case R_GINTSTS:
        c->GINTSTS &= ~v;
        if (v & GINTSTS_SOF)
            frame_sof_clear(c);
        break;
    case R_GINTMSK:
        if (v & ~c->GINTMSK & GINTSTS_SOF)
            frame_active(c); /* whoever wants to hear of frames is about to use them */
        c->GINTMSK = v;
        break;
    case R_HAINTMSK:
        c->HAINTMSK = v;
        break;
    case R_HPRT:
        port_write(c, v);
        break;
    case R_HCCHAR:
        channel_write(c, n, v);
        break;
    case R_HCINT:
        c->HCINT[n] &= ~v;
        break;
    default: /* R_HCINTMSK */
        c->HCINTMSK[n] = v;
    }
    frame_plan(c);
    update_irq(c);
}

const struct pb_regs dwc2_regs = {sizeof dwc2_regs, sizeof reg / sizeof *reg, reg, "dwc2",
                                  reg_read, reg_write};
