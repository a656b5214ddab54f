/* SPDX-License-Identifier: MIT */
/* medium.c - see medium.h. The drive is a block node without a driver of its own: its requests are
 * its medium's, and fail when there is none. It is written like a plugin's class, so that it has
 * a name, a consumer and its place in `info block`.
 */
#include "medium.h"

#include "../machine/machine.h"
#include "../plugin/registry.h"
#include "block-policy.h"

#define MEDIUM_CLASS "drive"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* which medium is in which drive */

/* ---- The class: what it does is block.c's ------------------------------------------------ */

static int no_info(void *self, struct pb_block_info *i)
{
    (void)self, (void)i;
    return PB_ENOENT;
}

static void no_submit(void *self, struct pb_block_req *r)
{
    (void)self;
    r->status = PB_ENOENT;
    pb_block_finish_late(r->host[1], r);
}

static int open_drive(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    (void)self, (void)h, (void)e;
    ((pb_block *)node->backend)->drive = TRUE;
    return PB_OK;
}

static const struct pb_block_ops ops = {.size = sizeof ops, .info = no_info, .submit = no_submit};
static const struct pb_backend_class drive = {
    .size = sizeof drive, .id = MEDIUM_CLASS, .doc = "a drive whose medium comes and goes",
    .instance_size = 8, .ops = &ops, .open = open_drive,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &drive}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR, .id = "pb.drive",
    .version = "1", .license = "MIT", .classes = classes, .n_classes = 1,
};

const char *pb_medium_class(void)
{
    static gboolean done;

    if (!done)
        pb_registry_add_static(&entry);
    done = TRUE;
    return MEDIUM_CLASS;
}

/* ---- What block.c asks ------------------------------------------------------------------- */

pb_block *pb_medium_hold(pb_block *b)
{
    pthread_mutex_lock(&lock);
    pb_block *m = b->medium;
    if (m)
        g_atomic_int_inc(&m->in_flight);
    pthread_mutex_unlock(&lock);
    return m;
}

void pb_medium_release(pb_block *m)
{
    g_atomic_int_add(&m->in_flight, -1);
}

const pb_dev *pb_medium_user(const pb_block *b)
{
    const pb_dev *d = b->consumer;
    const pb_block *up = d && d->cls->kind == PB_KIND_BLOCK ? d->backend : NULL;

    return up && up->drive ? up->consumer : d;
}

void pb_medium_closes(pb_block *b)
{
    pb_block *up = b->consumer && b->consumer->cls->kind == PB_KIND_BLOCK ? b->consumer->backend
                                                                          : NULL;

    pthread_mutex_lock(&lock);
    if (up && up->medium == b)
        up->medium = NULL;
    if (b->medium)
        b->medium->consumer = NULL;
    pthread_mutex_unlock(&lock);
}

/* ---- The exchange ------------------------------------------------------------------------ */

/* A format and what it lies on, made for this drive. */
static void free_chain(pb_dev *node)
{
    g_autofree char *below = pb_dev_has_prop(node, "file") ? pb_dev_get_text(node, "file") : NULL;
    struct pb_machine *m = node->m;

    pb_dev_free(node);
    pb_dev *next = below ? pb_dev_find(m, below) : NULL;
    if (next && next->cls->kind == PB_KIND_BLOCK && !pb_backend_consumer(next))
        free_chain(next);
}

gboolean pb_medium_drive(const pb_dev *d)
{
    return d && d->cls->kind == PB_KIND_BLOCK && d->backend && ((pb_block *)d->backend)->drive;
}

pb_dev *pb_medium_of(const pb_dev *d)
{
    const pb_block *b = d->backend;

    return b->medium ? b->medium->node : NULL;
}

int pb_medium_put(pb_dev *d, pb_dev *node, pb_err *e)
{
    pb_block *b = d->backend, *m = node ? pb_backend_attach(d, node, e) : NULL;

    if (node && !m)
        return PB_EBUSY;
    if (m)
        m->policy = b->policy;
    pthread_mutex_lock(&lock);
    pb_block *old = b->medium;
    b->medium = m;
    pthread_mutex_unlock(&lock);
    if (old) {
        pb_dev *was = old->node;
        pb_backend_detach(was, old);
        free_chain(was);
    }
    if (b->changed)
        b->changed(b->changed_self);
    return PB_OK;
}
