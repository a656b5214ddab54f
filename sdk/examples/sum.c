/* SPDX-License-Identifier: MIT */
/* sum.c - a virtio device that adds up: the Adler-32 checksum (RFC 1950, 8.2) of a chain's readable
 * part comes back, four bytes little-endian, in its writable part. VIRTIO 1.2; the device number is
 * not assigned.
 *
 *     -device example-sum              (on the next free virtio slot of the board)
 *
 * The rings belong to the transport, which checks every index and length: here are iovecs, and
 * a chain of any length takes no memory. Nothing is kept from one kick to the next, so there is no
 * state to save and nothing to do on reset.
 *
 * Not modelled: a sum over several chains; a configuration space, of which it has none.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

enum { DEVICE_ID = 62, QUEUE = 16, PARTS = 32, MODULUS = 65521 };

struct sum {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_virtio *virtio;
    void *bus;
    pb_vq *vq;
};

static uint32_t adler32(const struct pb_vchain *c)
{
    uint32_t a = 1, b = 0;

    for (uint32_t i = 0; i < c->n_out; i++) {
        const uint8_t *p = c->iov[i].base;
        for (size_t k = 0; k < c->iov[i].len; k++) {
            a = (a + p[k]) % MODULUS;
            b = (b + a) % MODULUS;
        }
    }
    return b << 16 | a;
}

/* The guest chooses how its four bytes are cut. Bytes written. */
static uint32_t answer(const struct pb_vchain *c, uint32_t v)
{
    uint32_t n = 0;

    for (uint32_t i = c->n_out; i < c->n_out + c->n_in; i++) {
        uint8_t *p = c->iov[i].base;
        for (size_t k = 0; k < c->iov[i].len && n < 4; k++)
            p[k] = (uint8_t)(v >> 8 * n++);
    }
    return n;
}

static void kick(void *self, uint32_t q)
{
    struct sum *x = self;
    struct pb_iov iov[PARTS];
    struct pb_vchain c = {.iov = iov, .max_iov = PARTS};
    int any = 0;

    (void)q;
    while (x->virtio->pop(x->vq, &c) > 0) {
        if (c.in_bytes < 4)
            x->h->log(x->h, x->dev, PB_LOG_GUEST, "a chain has no room for its sum");
        x->virtio->push(x->vq, &c, answer(&c, adler32(&c)));
        any = 1;
    }
    if (any)
        x->virtio->notify(x->vq);
}

static uint64_t features(void *self)
{
    (void)self;
    return 0;
}

static uint32_t n_queues(void *self)
{
    (void)self;
    return 1;
}

static void accepted(void *self, uint64_t f)
{
    (void)self, (void)f;
}

static void running(void *self, uint32_t on)
{
    (void)self, (void)on; /* no chain is held */
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev, .device_id = DEVICE_ID, .queue_max = QUEUE, .features = features,
    .n_queues = n_queues, .accepted = accepted, .running = running, .kick = kick,
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct sum *x = self;
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    x->dev = d;
    x->h = h;
    x->virtio = bus->parent(d, PB_VIRTIO, &x->bus);
    if (!x->virtio)
        return h->fail(e, PB_EINVAL, "example-sum sits on no virtio bus");
    x->vq = x->virtio->queue(x->bus, 0);
    return PB_OK;
}

static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};
static const struct pb_device_class sum = {
    .size = sizeof sum, .id = "example-sum", .title = "virtio checksum device",
    .category = "misc", .spec = "VIRTIO 1.2", .bus = PB_VIRTIO_BUS, .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct sum), .state_version = 1, .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &sum}};
static const char *const needs[] = {PB_SVC_BUS, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.sum",
    .version = "1.0", .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
