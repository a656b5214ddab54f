/* SPDX-License-Identifier: MIT */
/* block.c - block routing: checks each request before a driver sees it, counts what is in
 * flight, and drains.
 *
 * A driver may rely on: op known and supported, offset and bytes aligned and inside the
 * medium, the iovec adding up to bytes, no write to a read-only node. What fails that comes
 * back through done() like everything else, from the I/O pool.
 */
#include "block-policy.h"

#include "../machine/machine.h"
#include "../thread/thread.h"
#include "medium.h"

static int block_info(pb_block *b, struct pb_block_info *i)
{
    pb_block *m = b->drive ? pb_medium_hold(b) : NULL;

    *i = (struct pb_block_info){.size = sizeof *i, .align = 512};
    if (!m)
        return b->ops->info(b->node->self, i);
    int rc = block_info(m, i);
    pb_medium_release(m);
    return rc;
}

static void tell(struct pb_block_req *r)
{
    pb_block *b = r->host[1];

    r->done = (void (*)(struct pb_block_req *))r->host[0];
    r->done(r);
    g_atomic_int_add(&b->in_flight, -1);
}

static void finish(struct pb_block_req *r)
{
    if (pb_block_ends(r->host[1], r))
        tell(r);
}

static void nothing(void *opaque)
{
    (void)opaque;
}

static void tell_late(void *opaque)
{
    tell(opaque);
}

/* Not on main: it may be waiting for us. */
void pb_block_finish_late(pb_block *b, struct pb_block_req *r)
{
    const struct pb_svc_thread *t = pb_the_host.get(&pb_the_host, PB_SVC_THREAD);

    t->pool(b->node, nothing, tell_late, r);
}

/* PB_OK, or why the request cannot be passed on; what the driver supports. */
static int check(pb_block *b, const struct pb_block_req *r, uint32_t *ops)
{
    struct pb_block_info i;
    uint64_t sum = 0;

    if (r->op < PB_BLK_READ || r->op > PB_BLK_ZERO || block_info(b, &i) < 0)
        return PB_EINVAL;
    *ops = i.ops;
    if (i.read_only && (r->op == PB_BLK_WRITE || r->op == PB_BLK_DISCARD || r->op == PB_BLK_ZERO))
        return PB_EROFS;
    if (!(i.ops & (1u << r->op)))
        return PB_ENOTSUP;
    if (r->op == PB_BLK_FLUSH)
        return PB_OK;
    if (r->offset > i.bytes || r->bytes > i.bytes - r->offset)
        return PB_EINVAL;
    if ((r->offset | r->bytes) & (i.align - 1))
        return PB_EINVAL;
    if (r->op != PB_BLK_READ && r->op != PB_BLK_WRITE)
        return PB_OK;
    for (uint32_t k = 0; k < r->n_iov; k++)
        sum += r->iov[k].len;
    return sum == r->bytes ? PB_OK : PB_EINVAL;
}

static void block_submit(pb_block *b, struct pb_block_req *r)
{
    pb_block *m = b->drive ? pb_medium_hold(b) : NULL;
    uint32_t ops = 0;

    if (m) {
        block_submit(m, r);
        pb_medium_release(m);
        return;
    }
    int rc = check(b, r, &ops);
    r->host[0] = (void *)r->done;
    r->host[1] = b;
    r->done = finish;
    g_atomic_int_inc(&b->in_flight);
    if (rc == PB_OK) {
        pb_block_shape(b, r, ops);
        b->ops->submit(b->node->self, r);
        return;
    }
    r->status = rc;
    pb_block_finish_late(b, r);
}

/* Runs the main loop meanwhile: completions may need it; what changes the machine waits. It polls,
 * so that whoever ends the last request need not touch a node that this may be about to free. */
static void block_drain(pb_block *b)
{
    if (b->medium)
        block_drain(b->medium);
    pb_main_nest(TRUE);
    while (g_atomic_int_get(&b->in_flight) > g_atomic_int_get(&b->held))
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(50);
    pb_main_nest(FALSE);
}

static void on_change(pb_block *b, void (*fn)(void *), void *self)
{
    b->changed_self = self;
    b->changed = fn;
}

static const char *block_id(pb_block *b)
{
    return b->node->name;
}

static const char *block_filename(pb_block *b)
{
    const struct pb_block_ops *ops = b->ops;

    if (b->medium)
        return block_filename(b->medium);
    return PB_HAS(struct pb_block_ops, ops, filename) ? ops->filename(b->node->self) : NULL;
}

const struct pb_svc_block pb_block_service = {
    .size = sizeof(struct pb_svc_block),
    .info = block_info,
    .submit = block_submit,
    .drain = block_drain,
    .on_change = on_change,
    .id = block_id,
    .filename = block_filename,
};

/* ---- Nodes -------------------------------------------------------------------------- */

/* node->backend is the one consumer's end, made at open so that it is found by resize. */
static void *block_open(pb_dev *dev, pb_err *e)
{
    const struct pb_backend_class *c = dev->cls->table;
    const struct pb_block_ops *ops = c->ops;

    if (!ops || !ops->info || !ops->submit) {
        pb_err_set(e, PB_EINVAL, "block driver '%s' lacks info() or submit()", c->id);
        return NULL;
    }
    pb_block *b = g_new0(pb_block, 1);
    b->node = dev;
    b->ops = ops;
    return b;
}

static void block_close(pb_dev *dev)
{
    pb_medium_closes(dev->backend);
    g_free(dev->backend);
}

static void *block_attach(pb_dev *consumer, pb_dev *dev, pb_err *e)
{
    pb_block *b = dev->backend;

    if (b->consumer) {
        pb_err_set(e, PB_EBUSY, "block node '%s' is already in use by '%s'", dev->name,
                   b->consumer->name);
        pb_err_hint(e, "give each device a -drive or -blockdev of its own");
        return NULL;
    }
    b->consumer = consumer;
    return b;
}

static void block_detach(pb_dev *dev, void *end)
{
    pb_block *b = end;

    const pb_dev *user = pb_medium_user(b); /* of a medium in an unused drive: nobody */
    if (user)
        pb_block_refuse(dev->m, user, TRUE);
    block_drain(b);
    if (user)
        pb_block_refuse(dev->m, user, FALSE);
    b->consumer = NULL;
    b->changed = NULL;
}

static pb_dev *block_consumer(pb_dev *dev)
{
    return ((pb_block *)dev->backend)->consumer;
}

static void block_text(pb_dev *dev, char *buf, size_t len)
{
    const struct pb_backend_class *c = dev->cls->table;
    pb_block *b = dev->backend;
    struct pb_block_info i;
    char what[256] = "";

    block_info(b, &i);
    if (PB_HAS(struct pb_backend_class, c, describe))
        c->describe(dev->self, what, sizeof what);
    g_snprintf(buf, len, "%s: %s (%s%s)", dev->name, what, c->id, i.read_only ? ", read-only" : "");
}

const struct pb_backend_kind pb_block_kind = {
    .open = block_open,
    .close = block_close,
    .attach = block_attach,
    .detach = block_detach,
    .consumer = block_consumer,
    .info = block_text,
};
