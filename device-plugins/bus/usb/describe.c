/* SPDX-License-Identifier: MIT */
/* describe.c - descriptors from a device's tables. USB 2.0, 9.5 and 9.6. */
#include "usb-bus.h"

#include <string.h>

enum { D_DEVICE = 1, D_CONFIG, D_STRING, D_INTERFACE, D_ENDPOINT, D_QUALIFIER, D_OTHER_SPEED };

struct out {
    uint8_t *buf;
    uint32_t n, at;
};

static void put(struct out *o, const void *bytes, uint32_t len)
{
    uint32_t k = o->n - o->at < len ? o->n - o->at : len;

    if (k) /* memcpy(x, NULL, 0) is undefined */
        memcpy(o->buf + o->at, bytes, k);
    o->at += k;
}

#define LO(v) (uint8_t)(v)
#define HI(v) (uint8_t)((v) >> 8)

/* ---- The tables, searched ---------------------------------------------------------------- */

const struct pb_usb_config *usb_config(const pb_usb_fn *f)
{
    const struct pb_usb_desc *d = f->info.desc;

    for (uint32_t i = 0; f->s.config && i < d->n_configs; i++)
        if (d->config[i].value == f->s.config)
            return &d->config[i];
    return NULL;
}

const struct pb_usb_interface *usb_interface(const pb_usb_fn *f, uint32_t number,
                                             uint32_t alternate)
{
    const struct pb_usb_config *c = usb_config(f);

    for (uint32_t i = 0; c && i < c->n_interfaces; i++)
        if (c->interface[i].number == number && c->interface[i].alternate == alternate)
            return &c->interface[i];
    return NULL;
}

const struct pb_usb_ep *usb_endpoint(const pb_usb_fn *f, uint32_t address)
{
    const struct pb_usb_config *c = usb_config(f);

    for (uint32_t i = 0; c && i < c->n_interfaces; i++) {
        const struct pb_usb_interface *x = &c->interface[i];
        if (x->number < USB_INTERFACES && f->s.alternate[x->number] != x->alternate)
            continue;
        for (uint32_t k = 0; k < x->n_ep; k++)
            if (x->ep[k].address == address)
                return &x->ep[k];
    }
    return NULL;
}

const char *usb_string(const pb_usb_fn *f, uint32_t index)
{
    const struct pb_usb_desc *d = f->info.desc;

    if (index && index == d->serial && f->serial && *f->serial)
        return f->serial;
    return index && index <= d->n_strings ? d->string[index - 1] : NULL;
}

/* ---- The bytes --------------------------------------------------------------------------- */

static void device(const pb_usb_fn *f, struct out *o)
{
    const struct pb_usb_desc *d = f->info.desc;
    uint32_t high = f->s.speed == PB_USB_HIGH;
    const uint8_t b[18] = {
        18, D_DEVICE, LO(d->usb), HI(d->usb), d->cls, d->subclass,
        high ? d->protocol_high : d->protocol, high ? 64 : d->packet0, LO(d->vendor),
        HI(d->vendor), LO(d->product), HI(d->product), LO(d->release), HI(d->release),
        d->manufacturer, d->product_name, d->serial, (uint8_t)d->n_configs};

    put(o, b, sizeof b);
}

/* What it would be at the other of full and high speed, 9.6.2. */
static void qualifier(const pb_usb_fn *f, struct out *o)
{
    const struct pb_usb_desc *d = f->info.desc;
    uint32_t high = f->s.speed != PB_USB_HIGH;
    const uint8_t b[10] = {10, D_QUALIFIER, LO(d->usb), HI(d->usb), d->cls, d->subclass,
                           high ? d->protocol_high : d->protocol, high ? 64 : d->packet0,
                           (uint8_t)d->n_configs, 0};

    put(o, b, sizeof b);
}

static void interface(const struct pb_usb_interface *x, uint32_t high, struct out *o)
{
    const uint8_t b[9] = {9, D_INTERFACE, x->number, x->alternate, x->n_ep, x->cls, x->subclass,
                          x->protocol, x->string};

    put(o, b, sizeof b);
    put(o, x->extra, x->n_extra);
    for (uint32_t k = 0; k < x->n_ep; k++) {
        const struct pb_usb_ep *p = &x->ep[k];
        uint32_t packet = high ? p->packet_high : p->packet;
        const uint8_t c[7] = {7, D_ENDPOINT, p->address, p->attributes, LO(packet), HI(packet),
                              high ? p->interval_high : p->interval};
        put(o, c, sizeof c);
        put(o, p->extra, p->n_extra);
    }
}

static void config(const struct pb_usb_config *c, uint32_t type, uint32_t high, struct out *o)
{
    uint32_t start = o->at, seen = 0, numbers = 0;

    for (uint32_t i = 0; i < c->n_interfaces; i++) {
        uint32_t bit = 1u << (c->interface[i].number & 31);
        numbers += !(seen & bit);
        seen |= bit;
    }
    const uint8_t b[9] = {9, (uint8_t)type, 0, 0, (uint8_t)numbers, c->value, c->string,
                          (uint8_t)(0x80 | c->attributes), c->power};
    put(o, b, sizeof b);
    for (uint32_t i = 0; i < c->n_interfaces; i++)
        interface(&c->interface[i], high, o);
    o->buf[start + 2] = LO(o->at - start); /* wTotalLength */
    o->buf[start + 3] = HI(o->at - start);
}

/* The next character of UTF-8 text as one UTF-16 unit; what has none is a question mark. */
static uint32_t character(const char **s)
{
    uint8_t c = (uint8_t)*(*s)++;
    uint32_t more = c < 0x80 ? 0 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc0 && c < 0xe0 ? 1 : 4;
    uint32_t v = more == 2 ? c & 15 : more == 1 ? c & 31 : c;

    if (more == 4) {
        while (((uint8_t)**s & 0xc0) == 0x80)
            ++*s;
        return '?';
    }
    for (; more; more--) {
        if (((uint8_t)**s & 0xc0) != 0x80)
            return '?';
        v = v << 6 | ((uint8_t)*(*s)++ & 63);
    }
    return v;
}

/* 9.6.7; index 0 lists the languages: US English. */
static int string(const pb_usb_fn *f, uint32_t index, uint32_t language, struct out *o)
{
    const char *text = usb_string(f, index);
    uint8_t b[255] = {0, D_STRING};
    uint32_t at = 2;

    if (index == 0) {
        b[at++] = 0x09;
        b[at++] = 0x04;
    } else if (!text || language != 0x0409) {
        return PB_USB_STALL;
    } else {
        while (*text && at + 2 <= 254) {
            uint32_t v = character(&text);
            b[at++] = LO(v);
            b[at++] = HI(v);
        }
    }
    b[0] = (uint8_t)at;
    put(o, b, at);
    return PB_OK;
}

int usb_describe(const pb_usb_fn *f, uint32_t value, uint32_t language, uint8_t *buf, uint32_t n)
{
    const struct pb_usb_desc *d = f->info.desc;
    uint32_t type = value >> 8, index = value & 255, high = f->s.speed == PB_USB_HIGH;
    uint32_t both = f->info.speeds >> PB_USB_HIGH & f->info.speeds >> PB_USB_FULL & 1;
    uint8_t whole[USB_CONTROL_MAX];
    struct out o = {whole, sizeof whole, 0};

    if (type == D_DEVICE)
        device(f, &o);
    else if (type == D_CONFIG && index < d->n_configs)
        config(&d->config[index], type, high, &o);
    else if (type == D_QUALIFIER && both)
        qualifier(f, &o);
    else if (type == D_OTHER_SPEED && both && index < d->n_configs)
        config(&d->config[index], type, !high, &o);
    else if (type != D_STRING || string(f, index, language, &o) < 0)
        return PB_USB_STALL;
    n = n < o.at ? n : o.at;
    memcpy(buf, whole, n);
    return (int)n;
}
