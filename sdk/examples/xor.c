/* SPDX-License-Identifier: MIT */
/* xor.c - a block filter that changes what passes: each byte below is the guest's, exclusive-or a
 * key.
 *
 *     -blockdev driver=example-xor,node-name=n,file=LOWER,key=90 -device virtio-blk-device,drive=n
 *
 * What is read is changed where the submitter wants it, when it has come. What is written is the
 * submitter's and stays as it is: it goes down in pieces, each copied to a buffer of ours, so that
 * a request of any length takes the same memory. The upper request's done() is called once, from
 * the lower one's and never inside submit().
 *
 * Not modelled: secrecy; resizing; discarding and zeroing, since zeroes below are none above.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>

enum { P_FILE, P_KEY };
enum { PIECE = 65536 };
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "file", .doc = "node that holds the bytes", .choices = block_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED},
    {.name = "key", .doc = "what each byte is changed by", .type = PB_T_UINT, .def = "0xff",
     .min = 1, .max = 255},
};

struct filter {
    pb_dev *node;
    const struct pb_svc_block *blk;
    const struct pb_svc_thread *thread;
    pb_block *file;
    uint8_t key;
};

struct sub { /* a request of ours */
    struct pb_block_req r; /* first */
    struct pb_block_req *up;
    struct filter *f;
    uint64_t done;    /* bytes of a write that are below */
    struct pb_iov v;
    uint8_t piece[];
};

static void finish(struct sub *s, int32_t status)
{
    struct pb_block_req *up = s->up;

    free(s);
    up->status = status;
    up->done(up);
}

static void read_done(struct pb_block_req *r)
{
    struct sub *s = (struct sub *)(void *)r;

    for (uint32_t i = 0; r->status == PB_OK && i < r->n_iov; i++)
        for (size_t k = 0; k < r->iov[i].len; k++)
            ((uint8_t *)r->iov[i].base)[k] ^= s->f->key;
    finish(s, r->status);
}

/* Fill the buffer from where the write stands, and send it down. */
static void write_piece(struct sub *s)
{
    uint64_t skip = s->done, n = 0; /* the vectors have just up->bytes: the host checks */

    for (uint32_t i = 0; i < s->up->n_iov && n < PIECE; i++) {
        const struct pb_iov *v = &s->up->iov[i];
        for (; skip < v->len && n < PIECE; skip++)
            s->piece[n++] = ((const uint8_t *)v->base)[skip] ^ s->f->key;
        skip -= v->len < skip ? v->len : skip;
    }
    s->v.len = n;
    s->r.offset = s->up->offset + s->done;
    s->r.bytes = n;
    s->f->blk->submit(s->f->file, &s->r);
}

static void write_done(struct pb_block_req *r)
{
    struct sub *s = (struct sub *)(void *)r;

    s->done += r->bytes;
    if (r->status == PB_OK && s->done < s->up->bytes)
        write_piece(s);
    else
        finish(s, r->status);
}

static void other_done(struct pb_block_req *r)
{
    finish((struct sub *)(void *)r, r->status);
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
    struct filter *f = self;
    uint32_t write = r->op == PB_BLK_WRITE;
    struct sub *s = malloc(sizeof *s + (write ? PIECE : 0));

    if (!s) {
        f->thread->pool(f->node, nothing, fail_late, r);
        return;
    }
    *s = (struct sub){.up = r, .f = f, .v = {s->piece, 0}};
    s->r = (struct pb_block_req){.size = sizeof s->r, .op = r->op, .offset = r->offset,
        .bytes = r->bytes, .iov = write ? &s->v : r->iov, .n_iov = write ? 1 : r->n_iov,
        .flags = r->flags,
        .done = write ? write_done : r->op == PB_BLK_READ ? read_done : other_done};
    if (write)
        write_piece(s);
    else
        f->blk->submit(f->file, &s->r);
}

static int info(void *self, struct pb_block_info *i)
{
    struct filter *f = self;
    int r = f->blk->info(f->file, i);

    i->ops &= 1u << PB_BLK_READ | 1u << PB_BLK_WRITE | 1u << PB_BLK_FLUSH;
    return r;
}

static int filter_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct filter *f = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    f->node = node;
    f->blk = h->get(h, PB_SVC_BLOCK);
    f->thread = h->get(h, PB_SVC_THREAD);
    f->key = (uint8_t)prop->get_int(node, P_KEY);
    f->file = prop->get_block(node, P_FILE);
    return f->file ? PB_OK : h->fail(e, PB_EINVAL, "example-xor: there is no node under it");
}

static void filter_close(void *self)
{
    (void)self; /* every request has come back */
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct filter *f = self;

    snprintf(buf, n, "%s, exclusive-or 0x%02x", f->blk->id(f->file), f->key);
}

static const struct pb_block_ops ops = {.size = sizeof ops, .info = info, .submit = submit};

static const struct pb_backend_class filter = {
    .size = sizeof filter, .flags = PB_BACKEND_FORMAT, .id = "example-xor",
    .doc = "changes each byte by a key", .props = props, .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct filter), .ops = &ops, .open = filter_open,
    .close = filter_close, .describe = describe,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &filter}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.xor",
    .version = "1.0", .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
