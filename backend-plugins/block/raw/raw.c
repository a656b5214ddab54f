/* SPDX-License-Identifier: MIT */
/* raw.c - block format `raw`: the bytes as they are, or a window of them.
 *
 * When the format was not named but guessed (probed=on), a guest write to sector 0 that
 * would turn the image into another format is refused: QEMU's rule against an image that
 * its own guest could make lie about its format.
 * Not modelled: resizing.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

enum { P_FILE, P_OFFSET, P_SIZE, P_PROBED, P_READ_ONLY };
static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "file", .doc = "node that holds the bytes", .choices = block_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED},
    {.name = "offset", .doc = "first byte of the window", .def = "0", .type = PB_T_SIZE},
    {.name = "size", .doc = "length of the window; 0: to the end", .def = "0", .type = PB_T_SIZE},
    {.name = "probed", .doc = "the format was guessed: protect sector 0", .def = "off",
     .type = PB_T_BOOL},
    {.name = "read-only", .doc = "never write", .def = "off", .type = PB_T_BOOL},
};

struct raw {
    const pb_host *h;
    pb_dev *node;
    const struct pb_svc_block *blk;
    const struct pb_svc_thread *thread;
    pb_block *file;
    uint64_t offset, bytes;
    uint32_t probed, read_only, told; /* told: once is enough; atomic */
};

struct sub { /* the request that goes down */
    struct pb_block_req r;
    struct pb_block_req *up;
    uint8_t head[SECTOR]; /* of a checked write: what was checked is what is written */
    struct pb_iov iov[];
};

static void sub_done(struct pb_block_req *r)
{
    struct sub *s = (struct sub *)r;
    struct pb_block_req *up = s->up;

    up->status = r->status;
    free(s);
    up->done(up);
}

static int is_signature(const uint8_t *head)
{
    static const char magic[][4] = {{'Q', 'F', 'I', (char)0xfb}, {'K', 'D', 'M', 'V'},
                                    {'C', 'O', 'W', 'D'},        {'Q', 'E', 'D', 0},
                                    {'c', 'o', 'n', 'e'},        {'v', 'h', 'd', 'x'},
                                    {'<', '<', '<', ' '},        {'W', 'i', 't', 'h'},
                                    {'L', 'U', 'K', 'S'}};

    for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
        if (!memcmp(head, magic[i], 4))
            return 1;
    return 0;
}

/* The request with its first sector copied: the guest could change it after the check. */
static struct sub *copy_head(const struct pb_block_req *r)
{
    struct sub *s = malloc(sizeof *s + (r->n_iov + 1) * sizeof s->iov[0]);
    uint32_t have = 0, n = 0;

    if (!s)
        return NULL;
    s->iov[n++] = (struct pb_iov){s->head, SECTOR};
    for (uint32_t i = 0; i < r->n_iov; i++) { /* the guest chooses the pieces */
        size_t take = r->iov[i].len < SECTOR - have ? r->iov[i].len : SECTOR - have;
        memcpy(s->head + have, r->iov[i].base, take);
        have += (uint32_t)take;
        if (r->iov[i].len > take)
            s->iov[n++] = (struct pb_iov){(char *)r->iov[i].base + take, r->iov[i].len - take};
    }
    s->r.iov = s->iov;
    s->r.n_iov = n;
    return s;
}

static void nothing(void *opaque)
{
    (void)opaque;
}

static void fail_late(void *opaque)
{
    struct pb_block_req *r = opaque;
    r->done(r);
}

static void refuse(struct raw *w, struct pb_block_req *r, int status)
{
    r->status = status;
    w->thread->pool(w->node, nothing, fail_late, r);
}

static void submit(void *self, struct pb_block_req *r)
{
    struct raw *w = self;
    int check = w->probed && r->op == PB_BLK_WRITE && r->offset == 0 && r->bytes >= SECTOR;
    struct sub *s = check ? copy_head(r) : malloc(sizeof *s);

    if (!s) {
        refuse(w, r, PB_ENOMEM);
        return;
    }
    if (check && is_signature(s->head)) {
        if (!__atomic_exchange_n(&w->told, 1, __ATOMIC_RELAXED))
            w->h->log(w->h, w->node, PB_LOG_WARN, "write of an image signature to block 0 refused;"
                                                  " name format=raw to allow it");
        free(s);
        refuse(w, r, PB_EIO);
        return;
    }
    struct pb_iov *iov = check ? s->iov : r->iov;
    uint32_t n = check ? s->r.n_iov : r->n_iov;
    s->up = r;
    s->r = (struct pb_block_req){.size = sizeof s->r, .op = r->op, .offset = r->offset + w->offset,
                                 .bytes = r->bytes, .iov = iov, .n_iov = n,
                                 .flags = r->flags, .done = sub_done};
    w->blk->submit(w->file, &s->r);
}

static int info(void *self, struct pb_block_info *i)
{
    struct raw *w = self;
    int rc = w->blk->info(w->file, i);

    i->bytes = w->bytes;
    i->read_only |= w->read_only;
    return rc;
}

static uint32_t probe(const void *head, uint32_t n, const char *name)
{
    (void)head;
    (void)n;
    (void)name;
    return 1; /* anything is raw, if it is nothing else */
}

static int raw_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct raw *w = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct pb_block_info i;
    char text[200];

    w->h = h;
    w->node = node;
    w->blk = h->get(h, PB_SVC_BLOCK);
    w->thread = h->get(h, PB_SVC_THREAD);
    w->file = prop->get_block(node, P_FILE);
    w->offset = (uint64_t)prop->get_int(node, P_OFFSET);
    w->bytes = (uint64_t)prop->get_int(node, P_SIZE);
    w->probed = (uint32_t)prop->get_int(node, P_PROBED);
    w->read_only = (uint32_t)prop->get_int(node, P_READ_ONLY);
    if (!w->file || w->blk->info(w->file, &i) < 0)
        return h->fail(e, PB_EINVAL, "raw: the node under it tells no length");
    if (w->offset > i.bytes || w->bytes > i.bytes - w->offset ||
        ((w->offset | w->bytes) & (i.align - 1))) {
        snprintf(text, sizeof text,
                 "raw: offset %llu and size %llu do not fit in %llu bytes in steps of %u",
                 (unsigned long long)w->offset, (unsigned long long)w->bytes,
                 (unsigned long long)i.bytes, i.align);
        return h->fail(e, PB_EINVAL, text);
    }
    if (!w->bytes)
        w->bytes = i.bytes - w->offset;
    return PB_OK;
}

static void raw_close(void *self)
{
    (void)self;
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct raw *w = self;
    snprintf(buf, n, "%s", w->blk->id(w->file));
}

static const struct pb_block_ops ops = {
    .size = sizeof ops, .info = info, .submit = submit, .probe = probe};

static const struct pb_backend_class raw_class = {
    .size = sizeof raw_class,
    .flags = PB_BACKEND_FORMAT,
    .id = "raw",
    .doc = "plain image, or a window of one",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct raw),
    .ops = &ops,
    .open = raw_open,
    .close = raw_close,
    .describe = describe,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &raw_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.block-raw",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Block format raw",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
