/* SPDX-License-Identifier: MIT */
/* frozen-filter.c - a block filter: hands every request down to the node `file`, and counts.
 *
 *     -blockdev driver=frozen-filter,node-name=n,file=LOWER -device virtio-blk-device,drive=n
 *
 * A request belongs to its submitter until done(), which comes exactly once and never inside
 * submit(): so the one that goes down is our own, and its done() gives the upper one back.
 *
 * Not modelled: resizing.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_FILE };
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "file", .doc = "node that holds the bytes", .choices = block_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED},
};

struct frozen_filter {
    const pb_host *h;
    pb_dev *node;
    const struct pb_svc_block *blk;
    const struct pb_svc_thread *thread;
    pb_block *file;
    uint64_t reads, writes; /* atomic: submit() runs on any thread */
};

struct sub {
    struct pb_block_req r; /* first */
    struct pb_block_req *up;
};

static void sub_done(struct pb_block_req *r)
{
    struct sub *s = (struct sub *)(void *)r;
    struct pb_block_req *up = s->up;

    up->status = r->status;
    free(s);
    up->done(up);
}

static void nothing(void *opaque)
{
    (void)opaque;
}

static void fail_late(void *opaque)
{
    struct pb_block_req *r = opaque;

    r->status = PB_ENOMEM;
    r->done(r);
}

static void submit(void *self, struct pb_block_req *r)
{
    struct frozen_filter *f = self;
    struct sub *s = malloc(sizeof *s);

    if (!s) {
        f->thread->pool(f->node, nothing, fail_late, r);
        return;
    }
    if (r->op == PB_BLK_READ)
        __atomic_fetch_add(&f->reads, 1, __ATOMIC_RELAXED);
    else if (r->op == PB_BLK_WRITE)
        __atomic_fetch_add(&f->writes, 1, __ATOMIC_RELAXED);
    s->up = r;
    s->r = (struct pb_block_req){.size = sizeof s->r, .op = r->op, .offset = r->offset,
        .bytes = r->bytes, .iov = r->iov, .n_iov = r->n_iov, .flags = r->flags,
        .done = sub_done};
    f->blk->submit(f->file, &s->r);
}

static int info(void *self, struct pb_block_info *i)
{
    struct frozen_filter *f = self;

    return f->blk->info(f->file, i);
}

static int filter_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct frozen_filter *f = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    f->h = h;
    f->node = node;
    f->blk = h->get(h, PB_SVC_BLOCK);
    f->thread = h->get(h, PB_SVC_THREAD);
    f->file = prop->get_block(node, P_FILE);
    return f->file ? PB_OK : h->fail(e, PB_EINVAL, "frozen-filter: there is no node under it");
}

static void filter_close(void *self)
{
    (void)self;
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct frozen_filter *f = self;

    snprintf(buf, n, "%s, %llu reads, %llu writes", f->blk->id(f->file),
             (unsigned long long)f->reads, (unsigned long long)f->writes);
}

/* A command of the monitor for this node. */
static int command(void *self, const char *verb, const char *arg, char *out, uint32_t n,
                   pb_err *e)
{
    (void)arg, (void)e;
    if (strcmp(verb, "counts") != 0)
        return PB_ENOTSUP;
    describe(self, out, n);
    return PB_OK;
}

static const struct pb_block_ops ops = {.size = sizeof ops, .info = info, .submit = submit};

static const struct pb_backend_class frozen_filter = {
    .size = sizeof frozen_filter, .flags = PB_BACKEND_FORMAT, .id = "frozen-filter",
    .doc = "counts the requests that pass", .props = props,
    .n_props = sizeof props / sizeof *props, .instance_size = sizeof(struct frozen_filter),
    .ops = &ops, .open = filter_open, .close = filter_close, .describe = describe,
    .command = command,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &frozen_filter}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.frozen-filter",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "Block filter frozen-filter",
    .needs = needs, .classes = classes, .n_classes = 1};
