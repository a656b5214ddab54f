/* SPDX-License-Identifier: MIT */
/* control.c - the default control pipe and the requests of chapter 9. USB 2.0, 8.5.3 (stages),
 * 9.4 (standard requests).
 *
 * A request is carried out at the first packet to the host: that of its data, or its status.
 * NAK there means that the device wants to be asked again.
 * Not modelled: data toggles (a host that repeats a packet is not told apart), TEST_MODE and
 * SYNCH_FRAME (stalled).
 */
#include "usb-bus.h"

#include <string.h>

enum { GET_STATUS, CLEAR_FEATURE, SET_FEATURE = 3, SET_ADDRESS = 5, GET_DESCRIPTOR,
       GET_CONFIGURATION = 8, SET_CONFIGURATION, GET_INTERFACE, SET_INTERFACE };
enum { TO_DEVICE, TO_INTERFACE, TO_ENDPOINT }; /* recipients of standard requests */
enum { ENDPOINT_HALT = 0, REMOTE_WAKEUP = 1 };
#define KEY(type, request) ((uint32_t)(type) << 8 | (request))

static uint32_t halt_bit(uint32_t ep)
{
    return 1u << ((ep & 15) + (ep & PB_USB_IN ? 16 : 0));
}

void usb_configure(pb_usb_fn *f, uint32_t value)
{
    f->s.config = (uint8_t)value;
    f->s.halted = 0;
    memset(f->s.alternate, 0, sizeof f->s.alternate);
    if (f->info.configured)
        f->info.configured(f->info.self, value);
}

static int set_configuration(pb_usb_fn *f, uint32_t value)
{
    const struct pb_usb_desc *d = f->info.desc;

    for (uint32_t i = 0; value && i < d->n_configs; i++) {
        if (d->config[i].value != value)
            continue;
        usb_configure(f, value);
        return 0;
    }
    if (value)
        return PB_USB_STALL;
    usb_configure(f, 0);
    return 0;
}

static int set_interface(pb_usb_fn *f, uint32_t number, uint32_t alternate)
{
    const struct pb_usb_interface *x = usb_interface(f, number, alternate);

    if (!x || number >= USB_INTERFACES)
        return PB_USB_STALL;
    for (uint32_t k = 0; k < x->n_ep; k++)
        f->s.halted &= ~halt_bit(x->ep[k].address);
    f->s.alternate[number] = (uint8_t)alternate;
    if (f->info.interface)
        f->info.interface(f->info.self, number, alternate);
    return 0;
}

static int get_status(pb_usb_fn *f, const struct pb_usb_setup *s, uint8_t *data)
{
    const struct pb_usb_config *c = usb_config(f);

    if (!c)
        c = f->info.desc->config;
    data[0] = data[1] = 0;
    if ((s->type & 31) == TO_DEVICE)
        data[0] = (uint8_t)((c->attributes >> 6 & 1) | f->s.may_wake << 1);
    else if ((s->type & 31) == TO_INTERFACE && !usb_interface(f, s->index & 255, 0))
        return PB_USB_STALL;
    else if ((s->type & 31) == TO_ENDPOINT) {
        if ((s->index & 15) && !usb_endpoint(f, s->index & 0x8f))
            return PB_USB_STALL;
        data[0] = !!(f->s.halted & halt_bit(s->index));
    }
    return 2;
}

static int feature(pb_usb_fn *f, const struct pb_usb_setup *s)
{
    uint32_t on = s->request == SET_FEATURE, ep = s->index & 0x8f;
    const struct pb_usb_config *c = usb_config(f);

    if ((s->type & 31) == TO_DEVICE && s->value == REMOTE_WAKEUP) {
        f->s.may_wake = on && c && (c->attributes >> 5 & 1);
        return on && !f->s.may_wake ? PB_USB_STALL : 0;
    }
    if ((s->type & 31) != TO_ENDPOINT || s->value != ENDPOINT_HALT)
        return PB_USB_STALL;
    if ((ep & 15) == 0)
        return 0; /* the pipe that carries this is not halted */
    if (!usb_endpoint(f, ep))
        return PB_USB_STALL;
    if (on) {
        f->s.halted |= halt_bit(ep);
    } else {
        f->s.halted &= ~halt_bit(ep);
        if (f->info.unhalted)
            f->info.unhalted(f->info.self, ep);
    }
    return 0;
}

static int one_byte(uint8_t *data, uint32_t n, uint8_t v)
{
    if (n)
        data[0] = v;
    return n ? 1 : 0;
}

/* The request in `s`; n bytes of data came or are wanted. */
static int carry_out(pb_usb_fn *f, const struct pb_usb_setup *s, uint8_t *data, uint32_t n)
{
    int rc = PB_USB_STALL;
    uint8_t two[2];

    switch (KEY(s->type, s->request)) {
    case KEY(0x80, GET_STATUS):
    case KEY(0x81, GET_STATUS):
    case KEY(0x82, GET_STATUS):
        rc = get_status(f, s, two);
        rc = rc > 0 && n < 2 ? (int)n : rc;
        if (rc > 0)
            memcpy(data, two, (size_t)rc);
        return rc;
    case KEY(0x00, CLEAR_FEATURE):
    case KEY(0x00, SET_FEATURE):
    case KEY(0x02, CLEAR_FEATURE):
    case KEY(0x02, SET_FEATURE):
        return feature(f, s);
    case KEY(0x00, SET_ADDRESS):
        f->s.next_address = s->value & 127;
        return s->value > 127 ? PB_USB_STALL : 0;
    case KEY(0x80, GET_DESCRIPTOR):
        rc = usb_describe(f, s->value, s->index, data, n);
        break; /* a device may have more */
    case KEY(0x80, GET_CONFIGURATION):
        return one_byte(data, n, f->s.config);
    case KEY(0x00, SET_CONFIGURATION):
        return set_configuration(f, s->value);
    case KEY(0x81, GET_INTERFACE):
        if (s->index >= USB_INTERFACES || !usb_interface(f, s->index, 0))
            return PB_USB_STALL;
        return one_byte(data, n, f->s.alternate[s->index]);
    case KEY(0x01, SET_INTERFACE):
        return set_interface(f, s->index, s->value);
    }
    if (rc == PB_USB_STALL && f->info.request)
        rc = f->info.request(f->info.self, s, data, n);
    return rc > (int)n ? PB_USB_STALL : rc;
}

/* ---- Stages ------------------------------------------------------------------------------ */

int usb_setup(pb_usb_fn *f, const uint8_t setup[8])
{
    struct usb_state *s = &f->s;
    struct pb_usb_setup q;

    memcpy(&q, setup, 8);
    memcpy(s->setup, setup, 8);
    s->answered = 0;
    s->at = s->len = 0;
    s->next_address = s->address;
    s->stage = q.type & PB_USB_IN && q.length ? USB_DATA_IN : USB_DATA_OUT;
    if (s->stage == USB_DATA_OUT && q.length > USB_CONTROL_MAX)
        s->stage = USB_STALLED;
    return 8;
}

/* Ask the device once it has all that it needs. */
static int answer(pb_usb_fn *f)
{
    struct usb_state *s = &f->s;
    struct pb_usb_setup q;
    uint32_t n;

    memcpy(&q, s->setup, 8);
    n = s->stage == USB_DATA_OUT ? s->len : q.length < USB_CONTROL_MAX ? q.length
                                                                        : USB_CONTROL_MAX;
    int rc = carry_out(f, &q, s->data, n);
    if (rc < 0) {
        if (rc != PB_USB_NAK)
            s->stage = USB_STALLED;
        return rc == PB_USB_NAK ? rc : PB_USB_STALL;
    }
    s->answered = 1;
    if (s->stage == USB_DATA_IN)
        s->len = (uint32_t)rc;
    return PB_OK;
}

static int control_in(pb_usb_fn *f, uint8_t *buf, uint32_t n)
{
    struct usb_state *s = &f->s;
    struct pb_usb_setup q;
    int rc;

    memcpy(&q, s->setup, 8);
    if (s->stage == USB_STALLED || s->stage == USB_IDLE)
        return PB_USB_STALL;
    if (s->stage == USB_DATA_OUT && s->len < q.length) { /* status before the data's end */
        s->stage = USB_STALLED;
        return PB_USB_STALL;
    }
    if (!s->answered && (rc = answer(f)) < 0)
        return rc;
    if (s->stage == USB_DATA_OUT) { /* the status stage */
        s->stage = USB_IDLE;
        s->address = s->next_address;
        return 0;
    }
    n = s->len - s->at < n ? s->len - s->at : n;
    memcpy(buf, s->data + s->at, n);
    s->at += n;
    return (int)n;
}

static int control_out(pb_usb_fn *f, const uint8_t *buf, uint32_t n)
{
    struct usb_state *s = &f->s;
    struct pb_usb_setup q;

    memcpy(&q, s->setup, 8);
    if (s->stage == USB_DATA_IN && n == 0) { /* the status stage */
        s->stage = USB_IDLE;
        return 0;
    }
    if (s->stage != USB_DATA_OUT || n > q.length - s->len) {
        s->stage = USB_STALLED;
        return PB_USB_STALL;
    }
    if (n)
        memcpy(s->data + s->len, buf, n);
    s->len += n;
    return (int)n;
}

/* ---- Packets ----------------------------------------------------------------------------- */

static int refused(const pb_usb_fn *f, uint32_t address)
{
    if (!usb_endpoint(f, address))
        return PB_USB_SILENT;
    return f->s.halted & halt_bit(address) ? PB_USB_STALL : PB_OK;
}

int usb_in(pb_usb_fn *f, uint32_t ep, uint8_t *buf, uint32_t n)
{
    if (ep == 0)
        return control_in(f, buf, n);
    int rc = refused(f, ep | PB_USB_IN);
    if (rc == PB_OK)
        rc = f->info.in ? f->info.in(f->info.self, ep, buf, n) : PB_USB_NAK;
    return rc > (int)n ? PB_USB_BABBLE : rc;
}

int usb_out(pb_usb_fn *f, uint32_t ep, const uint8_t *buf, uint32_t n)
{
    if (ep == 0)
        return control_out(f, buf, n);
    int rc = refused(f, ep);
    if (rc == PB_OK)
        rc = f->info.out ? f->info.out(f->info.self, ep, buf, n) : PB_USB_NAK;
    return rc > (int)n ? (int)n : rc;
}
