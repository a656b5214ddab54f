/* SPDX-License-Identifier: MIT */
/* backend.c - what the four kinds of backend have in common: open, close, attach. */
#include "backend.h"

#include "../machine/machine.h"

static const struct pb_backend_kind *kind_of(const pb_dev *node)
{
    switch (node->cls->kind) {
    case PB_KIND_BLOCK:
        return &pb_block_kind;
    case PB_KIND_NET:
        return &pb_net_kind;
    case PB_KIND_CHAR:
        return &pb_char_kind;
    case PB_KIND_FS:
        return &pb_fs_kind;
    default:
        return NULL;
    }
}

int pb_backend_realize(pb_dev *node, pb_err *e)
{
    const struct pb_backend_class *c = node->cls->table;
    const struct pb_backend_kind *k = kind_of(node);

    node->backend = k->open(node, e);
    if (!node->backend)
        return e && e->code ? e->code : PB_ENOMEM;
    int rc = c->open(node->self, node, &pb_the_host, e);
    if (rc < 0) {
        if (e && !e->code)
            pb_err_set(e, rc, "%s backend '%s' failed to open", c->id, node->name);
        k->close(node);
        node->backend = NULL;
    }
    return rc;
}

void pb_backend_unrealize(pb_dev *node)
{
    const struct pb_backend_class *c = node->cls->table;

    if (!node->backend)
        return;
    if (c->close)
        c->close(node->self);
    kind_of(node)->close(node);
    node->backend = NULL;
}

void *pb_backend_attach(pb_dev *consumer, pb_dev *node, pb_err *e)
{
    if (!node->backend) {
        pb_err_set(e, PB_EBUSY, "backend '%s' is not open", node->name);
        return NULL;
    }
    return kind_of(node)->attach(consumer, node, e);
}

void pb_backend_detach(pb_dev *node, void *end)
{
    if (end && node->backend)
        kind_of(node)->detach(node, end);
}

pb_dev *pb_backend_consumer(pb_dev *node)
{
    return node->backend ? kind_of(node)->consumer(node) : NULL;
}

void pb_backend_info(struct pb_machine *m, enum pb_kind kind, void (*line)(void *, const char *),
                     void *user)
{
    GPtrArray *devs = m->devs;

    for (guint i = 0; i < devs->len; i++) {
        pb_dev *d = g_ptr_array_index(devs, i);
        char buf[512] = "";
        if (d->cls->kind != kind || !d->backend)
            continue;
        kind_of(d)->info(d, buf, sizeof buf);
        line(user, buf);
    }
}

void pb_backend_init(void)
{
    pb_host_register(PB_SVC_CHAR, &pb_char_service);
    pb_host_register(PB_SVC_BLOCK, &pb_block_service);
    pb_host_register(PB_SVC_NET, &pb_net_service);
    pb_host_register(PB_SVC_FS, &pb_fs_service);
}
