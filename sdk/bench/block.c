/* SPDX-License-Identifier: MIT */
/* block.c - pb.block/1: a disk in memory that completes in pbt_settle(), fails on demand,
 * and checks requests as a host does; or a real backend plugin behind the same service. */
#include "internal.h"

#define ALIGN 512u

struct pb_block {
    pb_dev *d;
    uint8_t *data;
    uint64_t bytes, count[8];
    uint32_t read_only, hold, in_flight, flags;
    int32_t fail[8];
    struct held {
        struct held *next;
        struct pb_block_req *r;
    } *held, **held_tail;
    void (*change)(void *);
    void *change_self;
};

pb_block *pbt__block_end(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_BLOCK) != 0)
        pbt__die(d->b, "'%s' is no block backend", d->name);
    return d->end;
}

pb_block *pbt_block_of(pb_dev *node)
{
    return pbt__block_end(node);
}

pb_dev *pbt_block_new(pbt *b, const char *name, uint64_t bytes, uint32_t read_only)
{
    pb_dev *d = pbt__node(b, name, NODE_BACKEND);
    struct pb_block *k = pbt__alloc(sizeof *k);

    k->d = d;
    k->bytes = bytes;
    k->data = bytes ? pbt__alloc(bytes) : NULL;
    k->read_only = read_only;
    k->held_tail = &k->held;
    d->kind = PB_CLASS_BLOCK;
    d->end = k;
    return d;
}

void pbt__block_free(pb_dev *d)
{
    if (!d->end || strcmp(d->kind, PB_CLASS_BLOCK) != 0)
        return;
    struct pb_block *k = d->end;
    if (k->in_flight)
        pbt__die(d->b, "block node '%s' goes with %u requests in flight", d->name, k->in_flight);
    free(k->data);
    free(k);
}

uint8_t *pbt_block_data(pb_dev *d)
{
    return pbt__block_end(d)->data;
}

void pbt_block_fail(pb_dev *d, uint32_t op, int32_t status)
{
    if (op < 8)
        pbt__block_end(d)->fail[op] = status;
}

uint32_t pbt_block_in_flight(pb_dev *d)
{
    return pbt__block_end(d)->in_flight;
}

uint64_t pbt_block_count(pb_dev *d, uint32_t op)
{
    return op < 8 ? pbt__block_end(d)->count[op] : 0;
}

static int32_t check(struct pb_block *k, const struct pb_block_req *r)
{
    uint64_t sum = 0;

    if (r->op < PB_BLK_READ || r->op > PB_BLK_ZERO)
        return PB_ENOTSUP;
    if (r->op == PB_BLK_FLUSH)
        return PB_OK;
    if (r->offset % ALIGN || r->bytes % ALIGN || r->offset > k->bytes ||
        r->bytes > k->bytes - r->offset)
        return PB_EINVAL;
    if (k->read_only && r->op != PB_BLK_READ)
        return PB_EROFS;
    if (r->op == PB_BLK_READ || r->op == PB_BLK_WRITE) {
        for (uint32_t i = 0; i < r->n_iov; i++)
            sum += r->iov[i].len;
        if (sum != r->bytes)
            pbt__die(k->d->b, "block request of %llu bytes with %llu bytes of iovec",
                     (unsigned long long)r->bytes, (unsigned long long)sum);
    }
    return PB_OK;
}

static void perform(struct pb_block *k, struct pb_block_req *r)
{
    uint8_t *at = k->data + r->offset;

    r->status = check(k, r);
    if (r->status == PB_OK && r->op < 8 && k->fail[r->op])
        r->status = k->fail[r->op];
    if (r->status != PB_OK)
        return;
    k->count[r->op]++;
    k->flags = r->flags;
    for (uint32_t i = 0; i < r->n_iov && r->op <= PB_BLK_WRITE; i++) {
        if (r->op == PB_BLK_READ)
            memcpy(r->iov[i].base, at, r->iov[i].len);
        else
            memcpy(at, r->iov[i].base, r->iov[i].len);
        at += r->iov[i].len;
    }
    if (r->op == PB_BLK_ZERO)
        memset(at, 0, r->bytes);
}

static void complete(void *opaque)
{
    struct pb_block_req *r = opaque;
    struct pb_block *k = r->provider[0];

    perform(k, r);
    k->in_flight--;
    r->done(r);
}

/* What a host refuses before a provider sees it. */
static int32_t refuse(pb_block *k, const struct pb_block_req *r)
{
    struct pb_block_info i = {.size = sizeof i};
    const struct pb_block_ops *ops = k->d->bcls->ops;
    int rc = ops->info(k->d->self, &i);

    if (rc < 0)
        return rc;
    if (r->offset % i.align || r->bytes % i.align || r->offset > i.bytes ||
        r->bytes > i.bytes - r->offset)
        return PB_EINVAL;
    return i.read_only && r->op != PB_BLK_READ && r->op != PB_BLK_FLUSH ? PB_EROFS : PB_OK;
}

static void give_back(void *opaque)
{
    struct pb_block_req *r = opaque;

    r->done(r);
}

static void block_submit(pb_block *k, struct pb_block_req *r)
{
    if (r->size < sizeof *r || !r->done)
        pbt__die(k->d->b, "block request without size or done()");
    if (k->d->bcls) {
        const struct pb_block_ops *ops = k->d->bcls->ops;
        r->status = refuse(k, r);
        if (r->status == PB_OK)
            ops->submit(k->d->self, r);
        else
            pbt__job(k->d, TAG_IO, NULL, give_back, r);
        return;
    }
    r->provider[0] = k;
    k->in_flight++;
    if (!k->hold) {
        pbt__job(k->d, TAG_IO, NULL, complete, r);
        return;
    }
    struct held *h = pbt__alloc(sizeof *h);
    h->r = r;
    *k->held_tail = h;
    k->held_tail = &h->next;
}

static void release(struct pb_block *k)
{
    while (k->held) {
        struct held *h = k->held;
        k->held = h->next;
        pbt__job(k->d, TAG_IO, NULL, complete, h->r);
        free(h);
    }
    k->held_tail = &k->held;
}

void pbt_block_finish(pb_dev *d)
{
    struct pb_block *k = pbt__block_end(d);

    while (k->held) {
        struct held *h = k->held;
        struct pb_block_req *r = h->r;
        k->held = h->next;
        if (!k->held)
            k->held_tail = &k->held;
        free(h);
        complete(r);
    }
}

uint32_t pbt_block_flags(pb_dev *d)
{
    return pbt__block_end(d)->flags;
}

void pbt_block_hold(pb_dev *d, uint32_t on)
{
    struct pb_block *k = pbt__block_end(d);

    k->hold = on;
    if (!on)
        release(k);
}

void pbt_block_medium(pb_dev *d, uint64_t bytes)
{
    struct pb_block *k = pbt__block_end(d);
    struct pbt_ctx c;

    release(k);
    pbt_settle(d->b);
    free(k->data);
    k->data = bytes ? pbt__alloc(bytes) : NULL;
    k->bytes = bytes;
    if (!k->change)
        return;
    pbt__enter(d->b, &c, TAG_MAIN, d);
    k->change(k->change_self);
    pbt__leave(d->b, &c, d);
}

static void block_drain(pb_block *k)
{
    pbt__need_main(k->d->b, "pb.block drain()");
    do { /* a drain waits for all, held back or not, and for what they lead to */
        release(k);
        pbt_settle(k->d->b);
    } while (k->held);
}

static int block_info(pb_block *k, struct pb_block_info *i)
{
    if (k->d->bcls)
        return ((const struct pb_block_ops *)k->d->bcls->ops)->info(k->d->self, i);
    if (!k->data)
        return PB_ENOENT;
    *i = (struct pb_block_info){.size = sizeof *i, .align = ALIGN, .bytes = k->bytes,
        .ops = 1u << PB_BLK_READ | 1u << PB_BLK_WRITE | 1u << PB_BLK_FLUSH |
               1u << PB_BLK_DISCARD | 1u << PB_BLK_ZERO,
        .read_only = k->read_only};
    return PB_OK;
}

static void block_on_change(pb_block *k, void (*fn)(void *), void *self)
{
    k->change = fn;
    k->change_self = self;
}

static const char *block_id(pb_block *k)
{
    return k->d->name;
}

const struct pb_svc_block pbt__svc_block = {
    .size = sizeof pbt__svc_block, .info = block_info, .submit = block_submit,
    .drain = block_drain, .on_change = block_on_change, .id = block_id,
};
