/* SPDX-License-Identifier: MIT */
/* virtio-rng.c - virtio entropy source. VIRTIO 1.2, section 5.4.
 *
 * Fills the driver's buffers from the host's random source, at most max-bytes a period
 * when those are set; what is over waits in the queue for the next period.
 * Not modelled: leak queues (5.4.5, not offered).
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

#define CHAIN_MAX 64u

enum { P_MAX_BYTES, P_PERIOD };

struct rng {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_time *time;
    const struct pb_virtio *virtio;
    void *bus;
    pb_vq *vq;
    pb_timer *refill;
    uint64_t max_bytes, left;
    int64_t period_ns;
};

static void serve(struct rng *r)
{
    struct pb_iov iov[CHAIN_MAX];
    struct pb_vchain c = {.iov = iov, .max_iov = CHAIN_MAX};
    int any = 0;

    while (r->left && r->virtio->pop(r->vq, &c) > 0) {
        uint32_t done = 0;
        for (uint32_t i = c.n_out; i < c.n_out + c.n_in && r->left; i++) {
            uint32_t n = iov[i].len < r->left ? (uint32_t)iov[i].len : (uint32_t)r->left;
            r->time->random_bytes(r->dev, iov[i].base, n);
            done += n;
            r->left -= n;
        }
        r->virtio->push(r->vq, &c, done);
        any = 1;
    }
    if (any)
        r->virtio->notify(r->vq);
    if (r->max_bytes != UINT64_MAX && r->time->deadline(r->refill) < 0)
        r->time->arm(r->refill, r->time->now(r->h, PB_CLK_VIRTUAL) + r->period_ns);
    if (r->max_bytes == UINT64_MAX)
        r->left = UINT64_MAX;
}

static void on_refill(void *opaque)
{
    struct rng *r = opaque;

    r->left = r->max_bytes;
    if (r->virtio->ready(r->vq))
        serve(r);
}

static void kick(void *self, uint32_t q)
{
    (void)q;
    serve(self);
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
    (void)self;
    (void)f;
}

static void running(void *self, uint32_t on)
{
    struct rng *r = self;

    if (on) /* also when a state is loaded, which says what is left */
        return;
    r->time->disarm(r->refill);
    r->left = r->max_bytes;
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 4,
    .queue_max = 8,
    .features = features,
    .n_queues = n_queues,
    .accepted = accepted,
    .running = running,
    .kick = kick,
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct rng *r = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    r->dev = d;
    r->h = h;
    r->time = h->get(h, PB_SVC_TIME);
    r->virtio = bus->parent(d, PB_VIRTIO, &r->bus);
    if (!r->virtio)
        return h->fail(e, PB_EINVAL, "virtio-rng-device sits on no virtio bus");
    r->vq = r->virtio->queue(r->bus, 0);
    r->max_bytes = prop->is_set(d, P_MAX_BYTES) ? (uint64_t)prop->get_int(d, P_MAX_BYTES)
                                                : UINT64_MAX;
    r->period_ns = prop->get_int(d, P_PERIOD) * 1000000;
    r->left = r->max_bytes;
    r->refill = r->time->timer(d, "refill", PB_CLK_VIRTUAL, on_refill, r, e);
    return r->refill ? PB_OK : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct rng *r = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        running(r, 0);
}

static const struct pb_prop props[] = {
    {.name = "max-bytes", .doc = "bytes given in a period; default: no limit", .type = PB_T_UINT,
     .min = 1, .max = INT64_MAX, .unit = "bytes", .qemu_type = "uint64"},
    {.name = "period", .doc = "length of a period", .def = "65536", .type = PB_T_UINT, .min = 1,
     .max = 1 << 30, .unit = "ms", .qemu_type = "uint32"},
    {.name = "rng", .doc = "ID of an -object rng-…; all of them are the host's source",
     .type = PB_T_STR, .qemu_type = "link<rng-backend>"},
};
static const struct pb_field state[] = {PB_FIELD(struct rng, left, PB_S_U64)};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

static const struct pb_device_class rng_class = {
    .size = sizeof rng_class,
    .id = "virtio-rng-device",
    .category = "misc",
    .spec = "VIRTIO 1.2, 5.4",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .provides = provides,
    .n_provides = 1,
    .instance_size = sizeof(struct rng),
    .state_version = 1,
    .n_state = 1,
    .state = state,
    .realize = realize,
    .reset = reset,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &rng_class}};
static const char *const needs[] = {PB_SVC_TIME, PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-rng",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio entropy source",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
