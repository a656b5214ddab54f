/* SPDX-License-Identifier: MIT */
/* port.c - the root port: HPRT. USB 2.0, 7.1.7 (signalling), 11.5.1 (what a port does).
 *
 * Not modelled: over-current, test modes (kept), line state (HPRT.PrtLnSts reads 0).
 */
#include "dwc2.h"

static uint32_t fastest(const struct dwc2 *c)
{
    return c->HCFG & HCFG_FSLSSUPP ? PB_USB_FULL : PB_USB_HIGH;
}

static void disable(struct dwc2 *c)
{
    if (c->HPRT & HPRT_ENA)
        c->HPRT = (c->HPRT & ~(uint32_t)(HPRT_ENA | HPRT_SUSP | HPRT_RES)) | HPRT_ENCHNG;
    usb_port_enable(&c->bus, NULL, 1, 0);
}

/* A device answers the reset: the port is enabled at its speed, 0 being high, 2 low. */
static void reset_ends(struct dwc2 *c)
{
    pb_usb_fn *f = usb_port_device(&c->bus, NULL, 1);

    if (!f || !(c->HPRT & HPRT_PWR))
        return;
    usb_port_reset(&c->bus, NULL, 1, fastest(c));
    c->HPRT = (c->HPRT & ~(3u << HPRT_SPD_SHIFT)) |
              (uint32_t)(PB_USB_HIGH - f->s.speed) << HPRT_SPD_SHIFT | HPRT_ENA | HPRT_ENCHNG;
    frame_restart(c);
}

static void power(struct dwc2 *c, uint32_t on)
{
    if (on && usb_port_device(&c->bus, NULL, 1)) {
        c->HPRT |= HPRT_CONNSTS | HPRT_CONNDET;
    } else if (!on) {
        disable(c);
        c->HPRT &= ~(uint32_t)(HPRT_CONNSTS | HPRT_ENCHNG);
    }
}

void port_write(struct dwc2 *c, uint32_t v)
{
    uint32_t was = c->HPRT, held = HPRT_PWR | HPRT_RST | HPRT_RES | HPRT_TSTCTL;

    c->HPRT &= ~(v & HPRT_CHANGES);
    if (v & HPRT_ENA)
        disable(c);
    c->HPRT = (c->HPRT & ~held) | (v & held);
    if ((was ^ v) & HPRT_PWR)
        power(c, v & HPRT_PWR);
    if (v & HPRT_RST & ~was)
        c->HPRT &= ~(uint32_t)(HPRT_ENA | HPRT_SUSP);
    else if (was & HPRT_RST & ~v)
        reset_ends(c);
    if (v & HPRT_SUSP && c->HPRT & HPRT_ENA)
        c->HPRT |= HPRT_SUSP;
    if (was & HPRT_RES & ~v)
        c->HPRT &= ~(uint32_t)HPRT_SUSP; /* the resume signal has ended */
    if (c->HPRT & HPRT_ENA)
        channel_retry(&c->bus);
}

void port_changed(struct usb_bus *b, uint32_t port)
{
    struct dwc2 *c = (struct dwc2 *)b;

    if (!(c->HPRT & HPRT_PWR))
        return;
    if (usb_port_device(b, NULL, port)) {
        c->HPRT |= HPRT_CONNSTS | HPRT_CONNDET;
    } else {
        disable(c);
        c->HPRT &= ~(uint32_t)HPRT_CONNSTS;
        c->GINTSTS |= GINTSTS_DISCONNINT;
        channel_retry(b); /* what waits for it hears nobody now */
    }
    update_irq(c);
}

void port_woke(struct usb_bus *b, uint32_t port)
{
    struct dwc2 *c = (struct dwc2 *)b;

    (void)port;
    if (!(c->HPRT & HPRT_SUSP))
        return;
    c->HPRT |= HPRT_RES;
    c->GINTSTS |= GINTSTS_WKUPINT;
    update_irq(c);
}
