/* SPDX-License-Identifier: MIT */
/* state.c - what the bus keeps of its devices, saved as fields "PORT.NAME" of the controller.
 * The same devices must be plugged in when it is loaded. */
#include "usb-bus.h"

#include <stdio.h>
#include <string.h>

#define F(m, t, n) {#m, t, (uint32_t)offsetof(struct usb_state, m), n, 1}
static const struct pb_field field[] = {
    F(enabled, PB_S_U8, 1), F(speed, PB_S_U8, 1), F(address, PB_S_U8, 1),
    F(next_address, PB_S_U8, 1), F(config, PB_S_U8, 1), F(may_wake, PB_S_U8, 1),
    F(woke, PB_S_U8, 1), F(alternate, PB_S_U8, USB_INTERFACES), F(halted, PB_S_U32, 1),
    F(stage, PB_S_U8, 1), F(answered, PB_S_U8, 1), F(setup, PB_S_BYTES, 8), F(len, PB_S_U32, 1),
    F(at, PB_S_U32, 1), F(data, PB_S_BYTES, USB_CONTROL_MAX),
};
#define FIELDS (sizeof field / sizeof *field)

static void *place(pb_usb_fn *f, const struct pb_field *x, char *name, size_t n)
{
    snprintf(name, n, "%s.%s", f->path, x->name);
    return (uint8_t *)&f->s + x->offset;
}

int usb_save(struct usb_bus *b, pb_state *s, pb_err *e)
{
    char name[64];
    int rc = PB_OK;

    (void)e;
    for (pb_usb_fn *f = b->plugged; f; f = f->next)
        for (uint32_t i = 0; rc >= 0 && i < FIELDS; i++) {
            void *at = place(f, &field[i], name, sizeof name);
            rc = b->state->put(s, name, field[i].type, at, field[i].count);
        }
    return rc;
}

/* The stream may be anybody's. */
static int sound(const struct usb_state *s)
{
    struct pb_usb_setup q;

    memcpy(&q, s->setup, 8);
    return s->speed <= PB_USB_HIGH && s->address < 128 && s->next_address < 128 &&
           s->stage <= USB_STALLED && s->len <= USB_CONTROL_MAX && s->at <= s->len &&
           (s->stage != USB_DATA_OUT || s->len <= q.length);
}

int usb_load(struct usb_bus *b, pb_state *s, pb_err *e)
{
    char name[64];

    for (pb_usb_fn *f = b->plugged; f; f = f->next) {
        for (uint32_t i = 0; i < FIELDS; i++) {
            void *at = place(f, &field[i], name, sizeof name);
            if (b->state->get(s, name, field[i].type, at, field[i].count) < 0)
                return b->h->fail(e, PB_EINVAL, "the saved state has other devices plugged into "
                                  "the USB bus");
        }
        if (!sound(&f->s)) {
            memset(&f->s, 0, sizeof f->s);
            return b->h->fail(e, PB_EINVAL, "the saved state of a USB device is damaged");
        }
    }
    return PB_OK;
}
