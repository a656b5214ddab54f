/* SPDX-License-Identifier: MIT */
/* virtio-blk.c - virtio block device. VIRTIO 1.2, section 5.2; x.y below are of it.
 *
 * A doorbell pops every chain on the vCPU that rang it and hands the guest's own buffers to
 * the block node; completions push them back from the node's thread. `lock` of a queue
 * makes its calls one at a time. A reset waits for what is in flight: no transfer touches
 * guest memory afterwards.
 * Not modelled: secure erase, lifetime and zoned commands (not offered), barriers (legacy).
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* 5.2.3 */
#define F_SEG_MAX (1ull << 2)
#define F_RO (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH (1ull << 9)
#define F_TOPOLOGY (1ull << 10)
#define F_CONFIG_WCE (1ull << 11)
#define F_MQ (1ull << 12)
#define F_DISCARD (1ull << 13)
#define F_WRITE_ZEROES (1ull << 14)

/* 5.2.6 */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
#define ID_BYTES 20u

#define SECTOR 512u
#define SEG_MAX 254u
#define MAX_QUEUES 16u
#define QUEUE_SIZE 256u /* unless queue-size= says otherwise */
#define RANGES_MAX 1u /* discard and write-zeroes segments a request */
#define RANGE_SECTORS (1u << 21)

struct config { /* 5.2.4; little-endian as hosts are */
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
};
#define CONFIG_LEN 60u
PB_STATIC_ASSERT(offsetof(struct config, unused1) + 3 == CONFIG_LEN, "5.2.4");

struct queue {
    struct blk *b;
    pb_vq *vq;
    pthread_mutex_t lock; /* the queue's ring and `idle` */
    pthread_cond_t idle;
    uint32_t in_flight;
    struct req *spare; /* finished requests, for reuse */
};

struct req {
    struct pb_block_req r;
    struct pb_vchain c;
    struct queue *q;
    struct req *next;
    uint8_t *status; /* in guest RAM */
    struct pb_iov iov[SEG_MAX + 2];
};

struct blk {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_block *svc;
    const struct pb_virtio *virtio;
    void *bus;
    pb_block *node;
    const char *serial;
    uint32_t n_queues, queue_size, writeback, can_discard, can_zero, config_wce;
    uint32_t min_io, opt_io, granularity; /* bytes, as the user says */
    uint64_t features;
    struct config cfg;
    struct queue queue[MAX_QUEUES];
};

enum { P_DRIVE, P_SERIAL, P_QUEUES, P_QUEUE_SIZE, P_LOGICAL, P_PHYSICAL, P_WCE,
       P_DISCARD, P_ZEROES, P_IOTHREAD, P_SCSI, P_CONFIG_WCE, P_MIN_IO, P_OPT_IO,
       P_GRANULARITY };

/* ---- Requests ------------------------------------------------------------------------- */

static struct req *new_req(struct queue *q)
{
    struct req *r = q->spare;

    if (r)
        q->spare = r->next;
    else
        r = malloc(sizeof *r);
    if (r) {
        r->q = q;
        r->c = (struct pb_vchain){.iov = r->iov, .max_iov = SEG_MAX + 2};
    }
    return r;
}

/* Give the chain back with a status. Holds q->lock. */
static void finish(struct req *r, uint8_t status)
{
    struct queue *q = r->q;

    if (r->status)
        __atomic_store_n(r->status, status, __ATOMIC_RELAXED);
    q->b->virtio->push(q->vq, &r->c, r->c.in_bytes);
    r->next = q->spare;
    q->spare = r;
}

static void done(struct pb_block_req *br)
{
    struct req *r = (struct req *)br;
    struct queue *q = r->q;
    int rc = br->status;

    pthread_mutex_lock(&q->lock);
    finish(r, rc == PB_OK ? S_OK : rc == PB_ENOTSUP ? S_UNSUPP : S_IOERR);
    q->b->virtio->notify(q->vq);
    if (--q->in_flight == 0)
        pthread_cond_broadcast(&q->idle);
    pthread_mutex_unlock(&q->lock);
}

/* Copy `n` bytes off the front of the readable part; 0 when there are not as many. */
static int take(struct req *r, void *to, uint32_t n)
{
    struct pb_iov *v = r->iov;
    uint32_t i = 0, got = 0;

    while (got < n && i < r->c.n_out) {
        uint32_t k = v[i].len < n - got ? (uint32_t)v[i].len : n - got;
        memcpy((uint8_t *)to + got, v[i].base, k);
        v[i].base = (uint8_t *)v[i].base + k;
        v[i].len -= k;
        got += k;
        if (v[i].len == 0)
            i++;
    }
    return got == n;
}

/* The data part: what is left of the readable entries, or the writable ones less status. */
static void data_part(struct req *r, int out)
{
    uint32_t first = out ? 0 : r->c.n_out, end = out ? r->c.n_out : r->c.n_out + r->c.n_in;

    while (first < end && r->iov[first].len == 0)
        first++;
    while (end > first && r->iov[end - 1].len == 0)
        end--;
    r->r.iov = r->iov + first;
    r->r.n_iov = end - first;
    r->r.bytes = 0;
    for (uint32_t i = first; i < end; i++)
        r->r.bytes += r->iov[i].len;
}

/* Discard and write-zeroes, 5.2.6: one range of {sector, num_sectors, flags}. */
static int range_part(struct req *r, uint32_t type)
{
    struct {
        uint64_t sector;
        uint32_t num_sectors, flags;
    } range;

    if (r->c.out_bytes != 16 + sizeof range || !take(r, &range, sizeof range))
        return S_IOERR;
    if (range.flags & ~(type == T_WRITE_ZEROES ? 1u : 0u))
        return S_UNSUPP;
    if (range.num_sectors > RANGE_SECTORS || range.sector > UINT64_MAX / SECTOR)
        return S_IOERR;
    r->r.offset = range.sector * SECTOR;
    r->r.bytes = (uint64_t)range.num_sectors * SECTOR;
    r->r.flags = range.flags & 1 ? PB_BLK_MAY_UNMAP : 0;
    r->r.iov = NULL;
    r->r.n_iov = 0;
    return S_OK;
}

static int get_id(struct blk *b, struct req *r)
{
    char id[ID_BYTES] = {0};
    uint32_t at = 0;

    if (b->serial) /* 5.2.6: not ended by a zero when it fills the field */
        memcpy(id, b->serial, strnlen(b->serial, ID_BYTES));
    data_part(r, 0);
    for (uint32_t i = 0; i < r->r.n_iov && at < ID_BYTES; i++) {
        uint32_t n = r->r.iov[i].len < ID_BYTES - at ? (uint32_t)r->r.iov[i].len : ID_BYTES - at;
        memcpy(r->r.iov[i].base, id + at, n);
        at += n;
    }
    return S_OK;
}

/* Turn the chain into a block request. S_*: what to answer now; -1: submit it. */
static int decode(struct blk *b, struct req *r)
{
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } head;
    struct pb_iov *last = &r->iov[r->c.n_out + r->c.n_in - 1];
    int rc;

    r->status = (uint8_t *)last->base + --last->len;
    if (!take(r, &head, sizeof head))
        return S_IOERR;
    r->r = (struct pb_block_req){.size = sizeof r->r, .done = done};
    if (head.sector > UINT64_MAX / SECTOR)
        return S_IOERR;
    r->r.offset = head.sector * SECTOR;
    switch (head.type) {
    case T_IN:
    case T_OUT:
        r->r.op = head.type == T_IN ? PB_BLK_READ : PB_BLK_WRITE;
        data_part(r, head.type == T_OUT);
        if (r->r.bytes % b->cfg.blk_size || r->r.offset % b->cfg.blk_size)
            return S_IOERR;
        if (head.type == T_OUT && !b->writeback)
            r->r.flags = PB_BLK_FUA;
        return r->r.bytes ? -1 : S_OK;
    case T_FLUSH:
        r->r.op = PB_BLK_FLUSH;
        r->r.offset = 0;
        return -1;
    case T_GET_ID:
        return get_id(b, r);
    case T_DISCARD:
    case T_WRITE_ZEROES:
        if (!(b->features & (head.type == T_DISCARD ? F_DISCARD : F_WRITE_ZEROES)))
            return S_UNSUPP;
        rc = range_part(r, head.type);
        r->r.op = head.type == T_DISCARD ? PB_BLK_DISCARD : PB_BLK_ZERO;
        if (head.type == T_WRITE_ZEROES && !b->writeback)
            r->r.flags |= PB_BLK_FUA;
        return rc != S_OK ? rc : r->r.bytes ? -1 : S_OK;
    default:
        return S_UNSUPP;
    }
}

/* One chain: 1 taken, 0 the queue is empty or broken. Drops the lock around submit(). */
static int one(struct queue *q)
{
    struct blk *b = q->b;
    struct req *r = new_req(q);
    int rc;

    if (!r)
        return 0;
    rc = b->virtio->pop(q->vq, &r->c);
    if (rc <= 0 || r->c.in_bytes < 1 || r->c.out_bytes < 16) {
        r->next = q->spare;
        q->spare = r;
        if (rc > 0)
            b->virtio->broken(b->bus, "block request without header or status");
        return 0;
    }
    rc = decode(b, r);
    if (rc >= 0) {
        finish(r, (uint8_t)rc);
        b->virtio->notify(q->vq);
        return 1;
    }
    q->in_flight++;
    pthread_mutex_unlock(&q->lock);
    b->svc->submit(b->node, &r->r);
    pthread_mutex_lock(&q->lock);
    return 1;
}

static void kick(void *self, uint32_t i)
{
    struct blk *b = self;
    struct queue *q = &b->queue[i];

    pthread_mutex_lock(&q->lock);
    do {
        b->virtio->want_kicks(q->vq, 0);
        while (one(q))
            ;
        b->virtio->want_kicks(q->vq, 1);
    } while (one(q)); /* came after the last look and before the wish was seen */
    pthread_mutex_unlock(&q->lock);
}

/* ---- The virtio side -------------------------------------------------------------------- */

static uint64_t features(void *self)
{
    struct blk *b = self;

    return F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | (b->config_wce ? F_CONFIG_WCE : 0) |
           (b->n_queues > 1 ? F_MQ : 0) | (b->can_discard ? F_DISCARD : 0) |
           (b->can_zero ? F_WRITE_ZEROES : 0) | (b->cfg.unused0 ? F_RO : 0);
}

static uint32_t n_queues(void *self)
{
    return ((struct blk *)self)->n_queues;
}

static uint32_t queue_size(void *self, uint32_t q)
{
    (void)q;
    return ((struct blk *)self)->queue_size;
}

static void accepted(void *self, uint64_t f)
{
    struct blk *b = self;

    b->features = f;
    if (!(f & F_CONFIG_WCE)) /* 5.2.5.2 */
        b->writeback = !!(f & F_FLUSH);
}

static void running(void *self, uint32_t on)
{
    struct blk *b = self;

    for (uint32_t i = 0; i < b->n_queues && !on; i++) {
        struct queue *q = &b->queue[i];
        pthread_mutex_lock(&q->lock);
        while (q->in_flight)
            pthread_cond_wait(&q->idle, &q->lock);
        pthread_mutex_unlock(&q->lock);
    }
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t n)
{
    struct blk *b = self;
    struct config c = b->cfg;

    c.unused0 = 0;
    c.writeback = (uint8_t)b->writeback;
    memcpy(buf, (uint8_t *)&c + off, n);
}

static void config_write(void *self, uint32_t off, const void *buf, uint32_t n)
{
    struct blk *b = self;

    if (off == offsetof(struct config, writeback) && n == 1 && (b->features & F_CONFIG_WCE))
        b->writeback = *(const uint8_t *)buf & 1;
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 2,
    .config_len = CONFIG_LEN,
    .queue_max = QUEUE_SIZE, .queue_size = queue_size,
    .features = features,
    .n_queues = n_queues,
    .accepted = accepted,
    .running = running,
    .kick = kick,
    .config_read = config_read,
    .config_write = config_write,
};

/* ---- Life -------------------------------------------------------------------------------- */

static void set_geometry(struct blk *b, const struct pb_block_info *i, uint32_t logical,
                         uint32_t physical)
{
    struct config *c = &b->cfg;

    c->capacity = i->bytes / SECTOR;
    c->seg_max = b->queue_size - 2 < SEG_MAX ? b->queue_size - 2 : SEG_MAX;
    c->blk_size = logical;
    while ((logical << c->physical_block_exp) < physical)
        c->physical_block_exp++;
    c->min_io_size = (uint16_t)(b->min_io > logical ? b->min_io / logical : 1);
    c->opt_io_size = b->opt_io / logical;
    c->num_queues = (uint16_t)b->n_queues;
    c->max_discard_sectors = c->max_write_zeroes_sectors = RANGE_SECTORS;
    c->max_discard_seg = c->max_write_zeroes_seg = RANGES_MAX;
    c->discard_sector_alignment = (b->granularity > logical ? b->granularity : logical) / SECTOR;
    c->write_zeroes_may_unmap = 1;
    c->unused0 = !!i->read_only; /* kept here, not shown */
}

/* The medium grew or shrank. [main] */
static void resized(void *self)
{
    struct blk *b = self;
    struct pb_block_info i;

    if (b->svc->info(b->node, &i) == PB_OK) {
        b->cfg.capacity = i.bytes / SECTOR;
        b->virtio->config_changed(b->bus);
    }
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct blk *b = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    uint32_t logical = (uint32_t)prop->get_int(d, P_LOGICAL);
    uint32_t physical = (uint32_t)prop->get_int(d, P_PHYSICAL);
    struct pb_block_info i;

    b->dev = d;
    b->h = h;
    b->svc = h->get(h, PB_SVC_BLOCK);
    b->virtio = bus->parent(d, PB_VIRTIO, &b->bus);
    b->node = prop->get_block(d, P_DRIVE);
    b->serial = prop->get_str(d, P_SERIAL);
    b->n_queues = (uint32_t)prop->get_int(d, P_QUEUES);
    b->queue_size = (uint32_t)prop->get_int(d, P_QUEUE_SIZE);
    b->writeback = (uint32_t)prop->get_int(d, P_WCE);
    if (!b->virtio)
        return h->fail(e, PB_EINVAL, "virtio-blk-device sits on no virtio bus");
    if (!b->node || b->svc->info(b->node, &i) < 0)
        return h->fail(e, PB_EINVAL, "virtio-blk-device: drive has no medium");
    if ((logical & (logical - 1)) || (physical & (physical - 1)) || physical < logical)
        return h->fail(e, PB_EINVAL, "logical_block_size and physical_block_size must be powers "
                                     "of two, the physical one not smaller");
    b->config_wce = (uint32_t)prop->get_int(d, P_CONFIG_WCE);
    b->min_io = (uint32_t)prop->get_int(d, P_MIN_IO);
    b->opt_io = (uint32_t)prop->get_int(d, P_OPT_IO);
    b->granularity = (uint32_t)prop->get_int(d, P_GRANULARITY);
    if (b->min_io % logical || b->opt_io % logical || b->granularity % logical)
        return h->fail(e, PB_EINVAL, "min_io_size, opt_io_size and discard_granularity must be "
                                     "multiples of logical_block_size");
    if (b->queue_size & (b->queue_size - 1))
        return h->fail(e, PB_EINVAL, "invalid queue-size property, must be a power of 2 (max "
                                     "1024)");
    if (i.align > logical)
        return h->fail(e, PB_EINVAL, "the drive needs larger blocks: set logical_block_size=4096 "
                                     "and physical_block_size=4096, or cache.direct=off");
    b->can_discard = prop->get_int(d, P_DISCARD) && (i.ops & 1u << PB_BLK_DISCARD);
    b->can_zero = prop->get_int(d, P_ZEROES) && (i.ops & 1u << PB_BLK_ZERO);
    set_geometry(b, &i, logical, physical);
    for (uint32_t k = 0; k < b->n_queues; k++) {
        struct queue *q = &b->queue[k];
        q->b = b;
        q->vq = b->virtio->queue(b->bus, k);
        pthread_mutex_init(&q->lock, NULL);
        pthread_cond_init(&q->idle, NULL);
    }
    b->svc->on_change(b->node, resized, b);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct blk *b = self;

    b->svc->on_change(b->node, NULL, NULL);
    running(b, 0);
    for (uint32_t k = 0; k < b->n_queues; k++) {
        struct queue *q = &b->queue[k];
        while (q->spare) {
            struct req *r = q->spare;
            q->spare = r->next;
            free(r);
        }
        pthread_mutex_destroy(&q->lock);
        pthread_cond_destroy(&q->idle);
    }
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct blk *b = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        running(b, 0);
        b->features = 0;
    }
}

static void drain(void *self)
{
    running(self, 0);
}

static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const char *const off_only[] = {"off", NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .doc = "Node name or ID of a block device to use as a backend",
     .choices = block_kinds, .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "serial", .doc = "serial number, 20 characters are seen", .type = PB_T_STR},
    {.name = "num-queues", .doc = "request queues", .def = "1", .type = PB_T_UINT, .min = 1,
     .max = MAX_QUEUES, .qemu_type = "uint16"},
    {.name = "queue-size", .doc = "largest size of a queue, a power of two", .def = "256",
     .type = PB_T_UINT, .min = 4, .max = 1024, .qemu_type = "uint16"},
    {.name = "logical_block_size", .doc = "smallest unit of a transfer", .def = "512",
     .type = PB_T_SIZE, .min = 512, .max = 65536},
    {.name = "physical_block_size", .doc = "unit the medium works in", .def = "512",
     .type = PB_T_SIZE, .min = 512, .max = 65536},
    {.name = "write-cache", .doc = "completed writes may be volatile until a flush", .def = "on",
     .type = PB_T_BOOL, .qemu_type = "OnOffAuto"},
    {.name = "discard", .doc = "offer discard", .def = "on", .type = PB_T_BOOL},
    {.name = "write-zeroes", .doc = "offer write-zeroes", .def = "on", .type = PB_T_BOOL},
    {.name = "iothread", .doc = "ID of an -object iothread; each queue has a thread anyhow",
     .type = PB_T_STR, .qemu_type = "link<iothread>"},
    {.name = "scsi", .doc = "SCSI commands are not passed on", .def = "off", .choices = off_only,
     .type = PB_T_ENUM, .qemu_type = "bool"},
    {.name = "config-wce", .doc = "offer that the guest switches the write cache", .def = "on",
     .type = PB_T_BOOL},
    {.name = "min_io_size", .doc = "smallest good transfer that the guest is told; 0: a block",
     .def = "0", .type = PB_T_SIZE, .min = 0, .max = 65535 * 512, .qemu_type = "size"},
    {.name = "opt_io_size", .doc = "best transfer that the guest is told; 0: nothing",
     .def = "0", .type = PB_T_SIZE, .min = 0, .max = 1 << 30, .qemu_type = "size"},
    {.name = "discard_granularity", .doc = "unit of discards that the guest is told; 0: a block",
     .def = "0", .type = PB_T_SIZE, .min = 0, .max = 1 << 30, .qemu_type = "size"},
};
static const struct pb_field state[] = {
    PB_FIELD(struct blk, writeback, PB_S_U32),
};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

static const struct pb_device_class blk_class = {
    .size = sizeof blk_class,
    .id = "virtio-blk-device",
    .title = NULL,
    .category = "storage",
    .spec = "VIRTIO 1.2, 5.2",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .provides = provides,
    .n_provides = 1,
    .instance_size = sizeof(struct blk),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .drain = drain,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &blk_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-blk",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio block device",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
