/* SPDX-License-Identifier: MIT */
/* port.c - ports and who is reached through them. USB 2.0, 7.1.7.5 (reset), 9.1 (states). */
#include "usb-bus.h"

#include <string.h>

pb_usb_fn *usb_port_device(struct usb_bus *b, const pb_usb_fn *hub, uint32_t port)
{
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        if (f->hub == hub && f->port == port && !f->orphan)
            return f;
    return NULL;
}

uint32_t usb_speed_below(const pb_usb_fn *f, uint32_t fastest)
{
    for (uint32_t s = PB_USB_HIGH; s > PB_USB_LOW; s--)
        if (s <= fastest && (f->info.speeds >> s & 1))
            return s;
    return f->info.speeds & 1 << PB_USB_LOW ? PB_USB_LOW : PB_USB_FULL;
}

void usb_port_reset(struct usb_bus *b, pb_usb_fn *hub, uint32_t port, uint32_t fastest)
{
    pb_usb_fn *f = usb_port_device(b, hub, port);

    if (!f)
        return;
    if (f->s.config)
        usb_configure(f, 0);
    memset(&f->s, 0, sizeof f->s);
    f->s.enabled = 1;
    f->s.speed = (uint8_t)usb_speed_below(f, fastest);
    if (f->info.reset)
        f->info.reset(f->info.self);
}

void usb_port_enable(struct usb_bus *b, pb_usb_fn *hub, uint32_t port, uint32_t on)
{
    pb_usb_fn *f = usb_port_device(b, hub, port);

    if (f)
        f->s.enabled = !!on;
}

/* Every hub on the way is configured and lets it through. */
static int reached(const pb_usb_fn *f)
{
    for (; f; f = f->hub)
        if (!f->s.enabled || !f->s.config || f->orphan)
            return 0;
    return 1;
}

pb_usb_fn *usb_at_address(struct usb_bus *b, uint32_t address)
{
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        if (f->s.address == address && f->s.enabled && !f->orphan &&
            (!f->hub || reached(f->hub)))
            return f;
    return NULL;
}

void usb_wake(pb_usb_fn *f)
{
    if (!f->s.may_wake)
        return;
    if (f->hub) {
        f->s.woke = 1;
        f->hub->changed(f->hub->info.self, f->port);
    } else if (!f->orphan) {
        f->bus->woke(f->bus, f->port);
    }
}
