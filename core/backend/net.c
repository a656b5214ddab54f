/* SPDX-License-Identifier: MIT */
/* net.c - network routing: one backend node and the device at the other end of the wire.
 *
 * Frames go straight through. A device detaches while frames may be arriving on other
 * threads: `users` counts calls under way, and detaching waits for it to fall to zero. While the
 * machine stands nothing goes to the device, whose memory and rings are then not to change: the
 * backend keeps the frame, and is told when the machine goes on.
 */
#include "backend.h"

#include "../machine/machine.h"

#include <string.h>

struct pb_net {
    pb_dev *node, *consumer;
    const struct pb_net_ops *wire;   /* the backend's */
    const struct pb_net_ops *device; /* atomic; NULL: nobody */
    void *self;
    gint users;      /* atomic: calls into the device under way */
    gint held;       /* atomic: the machine stands */
    guint64 to_dev, to_wire, dropped; /* frames, for info network */
};

static const struct pb_net_ops *enter(pb_net *n)
{
    g_atomic_int_inc(&n->users);
    const struct pb_net_ops *ops = g_atomic_pointer_get(&n->device);
    if (!ops)
        g_atomic_int_add(&n->users, -1);
    return ops;
}

static void leave(pb_net *n)
{
    g_atomic_int_add(&n->users, -1);
}

static int net_attach(pb_net *n, const struct pb_net_ops *device, void *self)
{
    if (device) {
        n->self = self;
        g_atomic_pointer_set(&n->device, device);
        return PB_OK;
    }
    g_atomic_pointer_set(&n->device, NULL);
    while (g_atomic_int_get(&n->users))
        g_thread_yield();
    return PB_OK;
}

static int to_wire(pb_net *n, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    int rc = n->wire->frame(n->node->self, v, cnt, flags);

    if (rc >= 0)
        __atomic_fetch_add(&n->to_wire, 1, __ATOMIC_RELAXED);
    return rc;
}

static void resume(pb_net *n)
{
    if (n->wire->ready)
        n->wire->ready(n->node->self);
}

static int to_device(pb_dev *node, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    pb_net *n = node->backend;
    const struct pb_net_ops *ops = n ? enter(n) : NULL;
    int rc = 0;

    if (n && g_atomic_int_get(&n->held)) {
        if (ops)
            leave(n);
        return PB_EAGAIN;
    }
    if (!ops) { /* an unplugged cable loses frames */
        for (uint32_t i = 0; i < cnt; i++)
            rc += (int)v[i].len;
        if (n)
            __atomic_fetch_add(&n->dropped, 1, __ATOMIC_RELAXED);
        return rc;
    }
    rc = ops->frame(n->self, v, cnt, flags);
    if (rc >= 0)
        __atomic_fetch_add(&n->to_dev, 1, __ATOMIC_RELAXED);
    leave(n);
    return rc;
}

static void wire_ready(pb_dev *node)
{
    pb_net *n = node->backend;
    const struct pb_net_ops *ops = n ? enter(n) : NULL;

    if (!ops)
        return;
    if (ops->ready && !g_atomic_int_get(&n->held))
        ops->ready(n->self);
    leave(n);
}

void pb_net_hold(struct pb_machine *m, gboolean on)
{
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *node = m->devs->pdata[i];
        pb_net *n = node->cls->kind == PB_KIND_NET ? node->backend : NULL;
        if (!n)
            continue;
        g_atomic_int_set(&n->held, on);
        while (on && g_atomic_int_get(&n->users))
            g_thread_yield();
        if (on)
            continue;
        resume(n);
        wire_ready(node);
    }
}

static uint32_t largest(pb_net *n)
{
    return PB_HAS(struct pb_net_ops, n->wire, largest) ? n->wire->largest : 0;
}

const struct pb_svc_net pb_net_service = {
    .size = sizeof(struct pb_svc_net),
    .attach = net_attach,
    .to_wire = to_wire,
    .resume = resume,
    .to_device = to_device,
    .wire_ready = wire_ready,
    .largest = largest,
};

/* ---- Nodes -------------------------------------------------------------------------- */

static void *net_open(pb_dev *dev, pb_err *e)
{
    const struct pb_backend_class *c = dev->cls->table;
    const struct pb_net_ops *ops = c->ops;

    if (!ops || !ops->frame) {
        pb_err_set(e, PB_EINVAL, "network backend '%s' has no frame()", c->id);
        return NULL;
    }
    pb_net *n = g_new0(pb_net, 1);
    n->node = dev;
    n->wire = ops;
    n->held = dev->m->state != PB_RUN_RUNNING;
    return n;
}

static void net_close(pb_dev *dev)
{
    g_free(dev->backend);
}

static void *net_attach_consumer(pb_dev *consumer, pb_dev *dev, pb_err *e)
{
    pb_net *n = dev->backend;

    if (n->consumer) {
        pb_err_set(e, PB_EBUSY, "netdev '%s' is already in use by '%s'", dev->name,
                   n->consumer->name);
        pb_err_hint(e, "give each network card a -netdev of its own");
        return NULL;
    }
    n->consumer = consumer;
    return n;
}

static void net_detach(pb_dev *dev, void *end)
{
    pb_net *n = end;

    (void)dev;
    net_attach(n, NULL, NULL);
    n->consumer = NULL;
}

static pb_dev *net_consumer(pb_dev *dev)
{
    return ((pb_net *)dev->backend)->consumer;
}

static void net_text(pb_dev *dev, char *buf, size_t len)
{
    const struct pb_backend_class *c = dev->cls->table;
    pb_net *n = dev->backend;
    char what[256] = "";

    if (PB_HAS(struct pb_backend_class, c, describe))
        c->describe(dev->self, what, sizeof what);
    g_snprintf(buf, len, "%s: index=0,type=%s,%s", dev->name, c->id, what);
    if (n->consumer) {
        size_t at = strlen(buf);
        g_snprintf(buf + at, len - at, " <-> %s", n->consumer->name);
    }
}

const struct pb_backend_kind pb_net_kind = {
    .open = net_open,
    .close = net_close,
    .attach = net_attach_consumer,
    .detach = net_detach,
    .consumer = net_consumer,
    .info = net_text,
};
