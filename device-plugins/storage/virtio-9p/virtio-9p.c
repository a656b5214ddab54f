/* SPDX-License-Identifier: MIT */
/* virtio-9p.c - 9P transport over virtio: device 9, one request queue.
 *
 * VIRTIO 1.2 reserves the id (section 5) without a chapter; the layout is that of the Linux
 * driver's header (linux/virtio_9p.h): feature 0 MOUNT_TAG, configuration {le16 tag_len,
 * tag}. Each chain is one T-message and room for its R-message; the share writes the answer
 * straight into guest memory.
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define F_MOUNT_TAG (1ull << 0)
#define TAG_MAX 255u
#define CHAIN_MAX 256u /* 1 MiB messages in 4 KiB pages */
#define QUEUE_MAX 128u

enum { P_FSDEV, P_TAG };

struct request {
    struct dev9p *d;
    struct request *next;
    struct pb_vchain c;
    struct pb_iov iov[CHAIN_MAX];
};

struct dev9p {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_fs *svc;
    const struct pb_virtio *virtio;
    void *bus;
    pb_fs *share;
    pb_vq *vq;
    pthread_mutex_t lock; /* ring, in_flight, spare */
    pthread_cond_t idle;
    uint32_t in_flight;
    struct request *spare;
    uint8_t config[2 + TAG_MAX];
};

static void done(void *user, int32_t n)
{
    struct request *r = user;
    struct dev9p *d = r->d;

    pthread_mutex_lock(&d->lock);
    if (n < 0)
        d->virtio->broken(d->bus, "9p: no room for even an error answer");
    d->virtio->push(d->vq, &r->c, n < 0 ? 0 : (uint32_t)n);
    d->virtio->notify(d->vq);
    r->next = d->spare;
    d->spare = r;
    if (--d->in_flight == 0)
        pthread_cond_broadcast(&d->idle);
    pthread_mutex_unlock(&d->lock);
}

static void kick(void *self, uint32_t q)
{
    struct dev9p *d = self;

    (void)q;
    pthread_mutex_lock(&d->lock);
    for (;;) {
        struct request *r = d->spare;
        if (r)
            d->spare = r->next;
        else
            r = malloc(sizeof *r);
        if (!r)
            break;
        r->d = d;
        r->c = (struct pb_vchain){.iov = r->iov, .max_iov = CHAIN_MAX};
        if (d->virtio->pop(d->vq, &r->c) <= 0) {
            r->next = d->spare;
            d->spare = r;
            break;
        }
        d->in_flight++;
        pthread_mutex_unlock(&d->lock);
        d->svc->submit(d->share, r->iov, r->c.n_out, r->iov + r->c.n_out, r->c.n_in, done, r);
        pthread_mutex_lock(&d->lock);
    }
    pthread_mutex_unlock(&d->lock);
}

static uint64_t features(void *self)
{
    (void)self;
    return F_MOUNT_TAG;
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
    struct dev9p *d = self;

    if (on)
        return;
    pthread_mutex_lock(&d->lock);
    while (d->in_flight)
        pthread_cond_wait(&d->idle, &d->lock);
    pthread_mutex_unlock(&d->lock);
    d->svc->reset(d->share);
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t n)
{
    memcpy(buf, ((struct dev9p *)self)->config + off, n);
}

/* ---- Life -------------------------------------------------------------------------------- */

/* The transport asks for PB_VIRTIO_DEV with the class's table; it is the same for all
 * instances but for the length of the tag, so the longest is declared and the rest is 0. */
static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 9,
    .config_len = 2 + TAG_MAX,
    .queue_max = QUEUE_MAX,
    .features = features,
    .n_queues = n_queues,
    .accepted = accepted,
    .running = running,
    .kick = kick,
    .config_read = config_read,
};

static int realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    struct dev9p *d = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const char *tag = prop->get_str(dev, P_TAG);
    size_t len = strlen(tag);

    d->dev = dev;
    d->h = h;
    d->svc = h->get(h, PB_SVC_FS);
    d->virtio = bus->parent(dev, PB_VIRTIO, &d->bus);
    d->share = prop->get_fs(dev, P_FSDEV);
    if (!d->virtio)
        return h->fail(e, PB_EINVAL, "virtio-9p-device sits on no virtio bus");
    if (!d->share)
        return h->fail(e, PB_EINVAL, "virtio-9p-device: fsdev is not set");
    if (len == 0 || len > TAG_MAX)
        return h->fail(e, PB_EINVAL, "mount_tag must have 1 to 255 characters");
    d->config[0] = (uint8_t)len;
    memcpy(d->config + 2, tag, len);
    d->vq = d->virtio->queue(d->bus, 0);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->idle, NULL);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct dev9p *d = self;

    running(d, 0);
    while (d->spare) {
        struct request *r = d->spare;
        d->spare = r->next;
        free(r);
    }
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->idle);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        running(self, 0);
}

static void drain(void *self)
{
    struct dev9p *d = self;

    pthread_mutex_lock(&d->lock);
    while (d->in_flight)
        pthread_cond_wait(&d->idle, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

/* The fids of a mounted share live in the share and cannot be told to a file yet. */
static int save(void *self, pb_state *s, pb_err *e)
{
    struct dev9p *d = self;

    (void)s;
    return d->virtio->ready(d->vq)
               ? d->h->fail(e, PB_ENOTSUP, "virtio-9p: a mounted share cannot be saved; unmount "
                                           "it in the guest first")
               : PB_OK;
}

static const char *const fs_kinds[] = {PB_IF_FS, NULL};
static const struct pb_prop props[] = {
    {.name = "fsdev", .doc = "ID of an fsdev to share", .choices = fs_kinds, .type = PB_T_LINK,
     .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "mount_tag", .doc = "name by which the guest mounts it", .type = PB_T_STR,
     .flags = PB_P_REQUIRED},
};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

static const struct pb_device_class class_9p = {
    .size = sizeof class_9p,
    .id = "virtio-9p-device",
    .category = "storage",
    .spec = "linux/virtio_9p.h; 9P2000.L",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .provides = provides,
    .n_provides = 1,
    .instance_size = sizeof(struct dev9p),
    .state_version = 1,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .drain = drain,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &class_9p}};
static const char *const needs[] = {PB_SVC_FS, PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-9p",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "9P over virtio",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
