/* SPDX-License-Identifier: MIT */
/* @name@.c - a virtio device with one queue: what the driver sends in a chain's readable part
 * comes back reversed in its writable part. VIRTIO 1.2; the device number is not assigned.
 *
 *     -device @name@                   (on the next free virtio-mmio slot of the board)
 *
 * The rings belong to the transport, which checks every index and length: here are iovecs.
 *
 * Not modelled: everything but the one queue and the count of chains in the configuration.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

#include <string.h>

enum { DEVICE_ID = 63, QUEUE = 16, PARTS = 16, BYTES = 4096 };

struct @ident@ {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_virtio *virtio;
    void *bus;
    pb_vq *vq;
    uint32_t chains; /* the configuration space */
    uint8_t buf[BYTES];
};

static uint32_t gather(struct @ident@ *x, const struct pb_vchain *c)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->n_out; i++) {
        uint32_t k = (uint32_t)(c->iov[i].len < BYTES - n ? c->iov[i].len : BYTES - n);
        memcpy(x->buf + n, c->iov[i].base, k);
        n += k;
    }
    return n;
}

static uint32_t scatter_reversed(struct @ident@ *x, const struct pb_vchain *c, uint32_t n)
{
    uint32_t done = 0;

    for (uint32_t i = c->n_out; i < c->n_out + c->n_in; i++) {
        uint8_t *p = c->iov[i].base;
        for (size_t k = 0; k < c->iov[i].len && done < n; k++)
            p[k] = x->buf[n - 1 - done++];
    }
    return done;
}

static void kick(void *self, uint32_t q)
{
    struct @ident@ *x = self;
    struct pb_iov iov[PARTS];
    struct pb_vchain c = {.iov = iov, .max_iov = PARTS};
    int any = 0;

    (void)q;
    while (x->virtio->pop(x->vq, &c) > 0) {
        uint32_t n = gather(x, &c);
        x->virtio->push(x->vq, &c, scatter_reversed(x, &c, n));
        x->chains++;
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
    (void)self, (void)on; /* no chain is kept from one kick to the next */
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t n)
{
    struct @ident@ *x = self;
    const uint8_t *p = (const uint8_t *)&x->chains;

    for (uint32_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = off + i < sizeof x->chains ? p[off + i] : 0;
}

static void config_write(void *self, uint32_t off, const void *buf, uint32_t n)
{
    (void)self, (void)off, (void)buf, (void)n; /* read-only */
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev, .device_id = DEVICE_ID, .config_len = 4, .queue_max = QUEUE,
    .features = features, .n_queues = n_queues, .accepted = accepted, .running = running,
    .kick = kick, .config_read = config_read, .config_write = config_write,
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct @ident@ *x = self;
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    x->dev = d;
    x->h = h;
    x->virtio = bus->parent(d, PB_VIRTIO, &x->bus);
    if (!x->virtio)
        return h->fail(e, PB_EINVAL, "@name@ sits on no virtio bus");
    x->vq = x->virtio->queue(x->bus, 0);
    return PB_OK;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct @ident@ *x = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        x->chains = 0;
}

static const struct pb_field state[] = {PB_FIELD(struct @ident@, chains, PB_S_U32)};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .title = "Example virtio device @name@",
    .category = "misc", .spec = "VIRTIO 1.2", .bus = PB_VIRTIO_BUS, .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct @ident@), .state_version = 1,
    .n_state = 1, .state = state, .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_BUS, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "virtio device @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
