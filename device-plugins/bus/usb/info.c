/* SPDX-License-Identifier: MIT */
/* info.c - what `info usb` shows of a bus, in QEMU's words. */
#include "usb-bus.h"

#include <stdarg.h>
#include <stdio.h>

struct text {
    char *buf;
    uint32_t n, at;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int k = vsnprintf(t->at < t->n ? t->buf + t->at : NULL, t->at < t->n ? t->n - t->at : 0, fmt,
                      ap);
    va_end(ap);
    t->at += k > 0 ? (uint32_t)k : 0;
}

uint32_t usb_text(struct usb_bus *b, char *buf, uint32_t n)
{
    static const char *const speed[] = {"1.5", "12", "480"};
    struct text t = {buf, n, 0};

    for (const pb_usb_fn *f = b->plugged; f; f = f->next) {
        const struct pb_usb_desc *d = f->info.desc;
        const char *product = usb_string(f, d->product_name);
        uint32_t s = f->s.enabled ? f->s.speed : usb_speed_below(f, PB_USB_HIGH);
        say(&t, "  Device 0.%u, Port %s, Speed %s Mb/s, Product %s, ID: %s\n", f->s.address,
            f->path, speed[s], product ? product : "", b->bus->name(f->dev));
    }
    if (!t.at)
        say(&t, "nothing is plugged into the USB bus\n");
    return t.at;
}
