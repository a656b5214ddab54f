/* SPDX-License-Identifier: MIT */
/* net.c - pb.net/1: a wire whose other end is the test. Frames the device sends queue up;
 * frames of the test go straight to the device. */
#include "internal.h"

struct frame {
    struct frame *next;
    size_t len;
    uint32_t flags;
    uint8_t data[];
};

struct pb_net {
    pb_dev *d;
    const struct pb_net_ops *dev;
    void *dev_self;
    struct frame *first, **tail;
    uint32_t n, full, refused, waiting, largest;
};

pb_net *pbt__net_end(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_NET) != 0)
        pbt__die(d->b, "'%s' is no network backend", d->name);
    return d->end;
}

pb_net *pbt_net_of(pb_dev *node)
{
    return pbt__net_end(node);
}

pb_dev *pbt_net_new(pbt *b, const char *name)
{
    pb_dev *d = pbt__node(b, name, NODE_BACKEND);
    struct pb_net *n = pbt__alloc(sizeof *n);

    n->d = d;
    n->tail = &n->first;
    d->kind = PB_CLASS_NET;
    d->end = n;
    return d;
}

void pbt__net_free(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_NET) != 0)
        return;
    while (pbt_net_take(d, NULL, 0, NULL))
        ;
    free(d->end);
}

uint32_t pbt_net_sent(pb_dev *d)
{
    return pbt__net_end(d)->n;
}

size_t pbt_net_take(pb_dev *d, void *buf, size_t max, uint32_t *flags)
{
    struct pb_net *n = pbt__net_end(d);
    struct frame *f = n->first;

    if (!f)
        return 0;
    size_t len = f->len;
    if (max)
        memcpy(buf, f->data, len < max ? len : max);
    if (flags)
        *flags = f->flags;
    n->first = f->next;
    if (!n->first)
        n->tail = &n->first;
    n->n--;
    free(f);
    return len;
}

static int to_device(struct pb_net *n, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    struct pbt_ctx c;

    if (!n->dev)
        return PB_ENOENT;
    pbt__enter(n->d->b, &c, TAG_IO, n->d);
    int rc = n->dev->frame(n->dev_self, v, cnt, flags);
    pbt__leave(n->d->b, &c, n->d);
    n->waiting = rc == PB_EAGAIN;
    return rc;
}

int pbt_net_inject(pb_dev *d, const void *frame, size_t len, uint32_t flags)
{
    struct pb_iov v = {(void *)frame, len};

    return to_device(pbt__net_end(d), &v, 1, flags);
}

void pbt_net_full(pb_dev *d, uint32_t on)
{
    struct pb_net *n = pbt__net_end(d);
    struct pbt_ctx c;

    n->full = on;
    if (on || !n->refused || !n->dev || !n->dev->ready)
        return;
    n->refused = 0;
    pbt__enter(d->b, &c, TAG_IO, d);
    n->dev->ready(n->dev_self);
    pbt__leave(d->b, &c, d);
}

void pbt_net_largest(pb_dev *d, uint32_t bytes)
{
    pbt__net_end(d)->largest = bytes;
}

/* ---- The service ------------------------------------------------------------------- */

static int net_attach(pb_net *n, const struct pb_net_ops *device, void *self)
{
    pbt__need_main(n->d->b, "pb.net attach()");
    n->dev = device;
    n->dev_self = self;
    return PB_OK;
}

static int net_to_wire(pb_net *n, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    size_t len = 0, at = 0;

    if (n->d->bcls)
        return ((const struct pb_net_ops *)n->d->bcls->ops)->frame(n->d->self, v, cnt, flags);
    if (n->full == 1) {
        n->refused = 1;
        return PB_EAGAIN;
    }
    n->full -= n->full > 1;
    for (uint32_t i = 0; i < cnt; i++)
        len += v[i].len;
    struct frame *f = pbt__alloc(sizeof *f + len);
    f->len = len;
    f->flags = flags;
    for (uint32_t i = 0; i < cnt; i++) {
        memcpy(f->data + at, v[i].base, v[i].len);
        at += v[i].len;
    }
    *n->tail = f;
    n->tail = &f->next;
    n->n++;
    return (int)len;
}

static void resume_job(void *opaque)
{
    struct pb_net *n = opaque;
    const struct pb_net_ops *ops = n->d->bcls ? n->d->bcls->ops : NULL;

    if (ops && ops->ready)
        ops->ready(n->d->self);
}

static void net_resume(pb_net *n)
{
    n->waiting = 0;
    pbt__job(n->d, TAG_IO, NULL, resume_job, n);
}

static int net_to_device(pb_dev *node, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    return to_device(pbt__net_end(node), v, cnt, flags);
}

static void wire_ready_job(void *opaque)
{
    struct pb_net *n = opaque;

    if (n->dev && n->dev->ready)
        n->dev->ready(n->dev_self);
}

static void net_wire_ready(pb_dev *node)
{
    pbt__job(node, TAG_IO, NULL, wire_ready_job, pbt__net_end(node));
}

static uint32_t net_largest(pb_net *n)
{
    const struct pb_net_ops *ops = n->d->bcls ? n->d->bcls->ops : NULL;

    return PB_HAS(struct pb_net_ops, ops, largest) ? ops->largest : n->largest;
}

const struct pb_svc_net pbt__svc_net = {
    .size = sizeof pbt__svc_net, .attach = net_attach, .to_wire = net_to_wire,
    .resume = net_resume, .to_device = net_to_device, .wire_ready = net_wire_ready,
    .largest = net_largest,
};
