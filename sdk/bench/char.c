/* SPDX-License-Identifier: MIT */
/* char.c - pb.char/1: a character backend that keeps what the device sends and types what
 * the test says, or a real backend plugin behind the same service. */
#include "internal.h"

struct pb_char {
    pb_dev *d;
    const struct pb_char_ops *dev; /* the attached device */
    void *dev_self;
    void (*drained)(void *);
    void *drained_self;
    void (*accept)(void *);
    void *accept_self;
    uint8_t *sent;
    size_t n, cap;
    uint32_t room, refused;
};

pb_char *pbt__char_end(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_CHAR) != 0)
        pbt__die(d->b, "'%s' is no character backend", d->name);
    return d->end;
}

pb_char *pbt_char_of(pb_dev *node)
{
    return pbt__char_end(node);
}

pb_dev *pbt_char_new(pbt *b, const char *name)
{
    pb_dev *d = pbt__node(b, name, NODE_BACKEND);
    struct pb_char *c = pbt__alloc(sizeof *c);

    c->d = d;
    c->room = UINT32_MAX;
    d->kind = PB_CLASS_CHAR;
    d->end = c;
    return d;
}

void pbt__char_free(pb_dev *d)
{
    if (d->end && strcmp(d->kind, PB_CLASS_CHAR) == 0) {
        free(((struct pb_char *)d->end)->sent);
        free(d->end);
    }
}

const uint8_t *pbt_char_sent(pb_dev *d, size_t *n)
{
    struct pb_char *c = pbt__char_end(d);

    *n = c->n;
    return c->sent;
}

void pbt_char_clear(pb_dev *d)
{
    pbt__char_end(d)->n = 0;
}

/* The device side's callbacks are [io]. */
static int deliver(struct pb_char *c, const uint8_t *buf, uint32_t n)
{
    struct pbt_ctx x;

    if (!c->dev || !n)
        return 0;
    pbt__enter(c->d->b, &x, TAG_IO, c->d);
    uint32_t room = c->dev->room(c->dev_self);
    int took = room ? c->dev->data(c->dev_self, buf, n < room ? n : room) : 0;
    pbt__leave(c->d->b, &x, c->d);
    return took;
}

uint32_t pbt_char_type(pb_dev *d, const void *data, uint32_t n)
{
    int took = deliver(pbt__char_end(d), data, n);

    return took < 0 ? 0 : (uint32_t)took;
}

static void event(struct pb_char *c, uint32_t ev)
{
    struct pbt_ctx x;

    if (!c->dev || !c->dev->event)
        return;
    pbt__enter(c->d->b, &x, TAG_IO, c->d);
    c->dev->event(c->dev_self, ev);
    pbt__leave(c->d->b, &x, c->d);
}

void pbt_char_event(pb_dev *d, uint32_t ev)
{
    event(pbt__char_end(d), ev);
}

static void tell_drained(struct pb_char *c)
{
    struct pbt_ctx x;

    c->refused = 0;
    if (!c->drained)
        return;
    pbt__enter(c->d->b, &x, TAG_IO, c->d);
    c->drained(c->drained_self);
    pbt__leave(c->d->b, &x, c->d);
}

void pbt_char_limit(pb_dev *d, uint32_t room)
{
    struct pb_char *c = pbt__char_end(d);

    c->room = room;
    if (room && c->refused)
        tell_drained(c);
}

/* ---- The service ------------------------------------------------------------------- */

static int char_attach(pb_char *c, const struct pb_char_ops *device, void *self)
{
    pbt__need_main(c->d->b, "pb.char attach()");
    if (device && (!device->room || !device->data))
        pbt__die(c->d->b, "a character device without room() or data()");
    c->dev = device;
    c->dev_self = self;
    c->drained = NULL;
    c->refused = 0; /* nothing of the new device's */
    return PB_OK;
}

static int char_write(pb_char *c, const uint8_t *buf, uint32_t n)
{
    if (c->d->bcls) {
        const struct pb_char_ops *ops = c->d->bcls->ops;
        return ops->data(c->d->self, buf, n);
    }
    uint32_t take = n < c->room ? n : c->room;
    if (take < n)
        c->refused = 1;
    if (c->room != UINT32_MAX)
        c->room -= take;
    if (c->n + take > c->cap) {
        c->cap = (c->n + take) * 2;
        c->sent = realloc(c->sent, c->cap);
        if (!c->sent)
            pbt__die(c->d->b, "out of memory");
    }
    if (take)
        memcpy(c->sent + c->n, buf, take);
    c->n += take;
    return (int)take;
}

static void char_on_drained(pb_char *c, void (*fn)(void *), void *self)
{
    c->drained = fn;
    c->drained_self = self;
}

static void accept_job(void *opaque)
{
    struct pb_char *c = opaque;

    if (c->accept)
        c->accept(c->accept_self);
}

static void char_accept(pb_char *c)
{
    if (c->accept)
        pbt__job(c->d, TAG_MAIN, NULL, accept_job, c);
}

static int char_deliver(pb_dev *node, const uint8_t *buf, uint32_t n)
{
    return deliver(pbt__char_end(node), buf, n);
}

static uint32_t char_device_room(pb_dev *node)
{
    struct pb_char *c = pbt__char_end(node);

    return c->dev ? c->dev->room(c->dev_self) : 0;
}

static void char_on_accept(pb_dev *node, void (*fn)(void *), void *self)
{
    struct pb_char *c = pbt__char_end(node);

    c->accept = fn;
    c->accept_self = self;
}

static void drained_job(void *opaque)
{
    struct pb_char *c = opaque;

    c->refused = 0;
    if (c->drained)
        c->drained(c->drained_self);
}

static void char_drained(pb_dev *node)
{
    pbt__job(node, TAG_IO, NULL, drained_job, pbt__char_end(node));
}

static void char_send_event(pb_dev *node, uint32_t ev)
{
    event(pbt__char_end(node), ev);
}

const struct pb_svc_char pbt__svc_char = {
    .size = sizeof pbt__svc_char, .attach = char_attach, .write = char_write,
    .on_drained = char_on_drained, .accept = char_accept, .deliver = char_deliver,
    .device_room = char_device_room, .on_accept = char_on_accept, .drained = char_drained,
    .send_event = char_send_event,
};
