/* SPDX-License-Identifier: MIT */
/* fs.c - file-share routing: messages go straight to the share. */
#include "backend.h"

struct pb_fs {
    pb_dev *node, *consumer;
    const struct pb_fs_ops *ops;
};

static void fs_submit(pb_fs *f, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                      uint32_t n_in, void (*done)(void *, int32_t), void *user)
{
    f->ops->submit(f->node->self, out, n_out, in, n_in, done, user);
}

static void fs_reset(pb_fs *f)
{
    if (f->ops->reset)
        f->ops->reset(f->node->self);
}

const struct pb_svc_fs pb_fs_service = {
    .size = sizeof(struct pb_svc_fs),
    .submit = fs_submit,
    .reset = fs_reset,
};

static void *fs_open(pb_dev *dev, pb_err *e)
{
    const struct pb_backend_class *c = dev->cls->table;
    const struct pb_fs_ops *ops = c->ops;

    if (!ops || !ops->submit) {
        pb_err_set(e, PB_EINVAL, "file share '%s' has no submit()", c->id);
        return NULL;
    }
    pb_fs *f = g_new0(pb_fs, 1);
    f->node = dev;
    f->ops = ops;
    return f;
}

static void fs_close(pb_dev *dev)
{
    g_free(dev->backend);
}

static void *fs_attach(pb_dev *consumer, pb_dev *dev, pb_err *e)
{
    pb_fs *f = dev->backend;

    if (f->consumer) {
        pb_err_set(e, PB_EBUSY, "fsdev '%s' is already in use by '%s'", dev->name,
                   f->consumer->name);
        return NULL;
    }
    f->consumer = consumer;
    return f;
}

static void fs_detach(pb_dev *dev, void *end)
{
    (void)dev;
    ((pb_fs *)end)->consumer = NULL;
}

static pb_dev *fs_consumer(pb_dev *dev)
{
    return ((pb_fs *)dev->backend)->consumer;
}

static void fs_text(pb_dev *dev, char *buf, size_t len)
{
    const struct pb_backend_class *c = dev->cls->table;
    char what[256] = "";

    if (PB_HAS(struct pb_backend_class, c, describe))
        c->describe(dev->self, what, sizeof what);
    g_snprintf(buf, len, "%s: %s (%s)", dev->name, what, c->id);
}

const struct pb_backend_kind pb_fs_kind = {
    .open = fs_open,
    .close = fs_close,
    .attach = fs_attach,
    .detach = fs_detach,
    .consumer = fs_consumer,
    .info = fs_text,
};
