/* SPDX-License-Identifier: MIT */
/* virtio-console.c - virtio console with one port. VIRTIO 1.2, section 5.3.
 *
 * Output that the backend does not take stays in the queue until it drains; input waits
 * with the backend until the driver gives buffers. This is QEMU's virtio-serial-device and
 * virtconsole in one: the class takes the chardev itself.
 * Not modelled: multiple ports (F_MULTIPORT is not offered), emergency write.
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/virtio.h>

#include <pthread.h>
#include <string.h>

#define F_SIZE (1ull << 0)
#define CHAIN_MAX 64u

struct config { /* 5.3.4 */
    uint16_t cols, rows;
    uint32_t max_nr_ports;
};

struct console {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_char *chr;
    const struct pb_svc_time *time;
    const struct pb_virtio *virtio;
    void *bus;
    pb_char *backend;
    pb_vq *rx, *tx;
    pthread_mutex_t rx_lock, tx_lock; /* one call at a time into each ring */
    uint32_t running, rx_empty;       /* atomic */
    uint32_t tx_done; /* bytes of the chain at the head of tx that are out already */
    struct config cfg;
};

/* ---- Driver to backend ---- */

/* Write out a chain from byte tx_done on. 1 when all of it is out. */
static int put(struct console *c, const struct pb_vchain *v)
{
    uint32_t skip = c->tx_done;

    for (uint32_t i = 0; i < v->n_out; i++) {
        uint32_t len = (uint32_t)v->iov[i].len;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        uint32_t n = len - skip;
        int took = c->chr->write(c->backend, (const uint8_t *)v->iov[i].base + skip, n);
        skip = 0;
        if (took < 0)
            took = 0;
        c->tx_done += (uint32_t)took;
        if ((uint32_t)took < n)
            return 0;
    }
    c->tx_done = 0;
    return 1;
}

static void transmit(struct console *c)
{
    struct pb_iov iov[CHAIN_MAX];
    struct pb_vchain v = {.iov = iov, .max_iov = CHAIN_MAX};
    int any = 0;

    pthread_mutex_lock(&c->tx_lock);
    while (__atomic_load_n(&c->running, __ATOMIC_ACQUIRE) && c->virtio->pop(c->tx, &v) > 0) {
        if (c->backend && !put(c, &v)) {
            c->virtio->unpop(c->tx, &v);
            break;
        }
        c->virtio->push(c->tx, &v, 0);
        any = 1;
    }
    if (any)
        c->virtio->notify(c->tx);
    pthread_mutex_unlock(&c->tx_lock);
}

static void on_drained(void *self)
{
    struct console *c = self;

    if (__atomic_load_n(&c->running, __ATOMIC_ACQUIRE))
        transmit(c);
}

/* ---- Backend to driver ---- */

static uint32_t room(void *self)
{
    struct console *c = self;

    return __atomic_load_n(&c->running, __ATOMIC_ACQUIRE) &&
                   !__atomic_load_n(&c->rx_empty, __ATOMIC_ACQUIRE)
               ? 4096
               : 0;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct console *c = self;
    struct pb_iov iov[CHAIN_MAX];
    struct pb_vchain v = {.iov = iov, .max_iov = CHAIN_MAX};
    uint32_t done = 0;

    pthread_mutex_lock(&c->rx_lock);
    while (done < n && __atomic_load_n(&c->running, __ATOMIC_ACQUIRE)) {
        if (c->virtio->pop(c->rx, &v) <= 0) {
            /* Say so before the last look: a kick after it clears the mark. */
            if (__atomic_exchange_n(&c->rx_empty, 1, __ATOMIC_SEQ_CST))
                break;
            continue;
        }
        __atomic_store_n(&c->rx_empty, 0, __ATOMIC_SEQ_CST);
        uint32_t from = done;
        for (uint32_t i = v.n_out; i < v.n_out + v.n_in && done < n; i++) {
            uint32_t k = iov[i].len < n - done ? (uint32_t)iov[i].len : n - done;
            memcpy(iov[i].base, buf + done, k);
            done += k;
        }
        c->virtio->push(c->rx, &v, done - from);
    }
    if (done)
        c->virtio->notify(c->rx);
    pthread_mutex_unlock(&c->rx_lock);
    return (int)done;
}

static const struct pb_char_ops char_ops = {.size = sizeof char_ops, .room = room, .data = data};

/* ---- The virtio side ---- */

static void kick(void *self, uint32_t q)
{
    struct console *c = self;

    if (q == 1) {
        transmit(c);
        return;
    }
    __atomic_store_n(&c->rx_empty, 0, __ATOMIC_RELEASE);
    if (c->backend)
        c->chr->accept(c->backend);
}

static uint64_t features(void *self)
{
    return ((struct console *)self)->cfg.cols ? F_SIZE : 0;
}

static uint32_t n_queues(void *self)
{
    (void)self;
    return 2;
}

static void accepted(void *self, uint64_t f)
{
    (void)self;
    (void)f;
}

static void running(void *self, uint32_t on)
{
    struct console *c = self;

    __atomic_store_n(&c->running, on, __ATOMIC_RELEASE);
    pthread_mutex_lock(&c->rx_lock);
    c->rx_empty = 0;
    pthread_mutex_unlock(&c->rx_lock);
    pthread_mutex_lock(&c->tx_lock);
    if (!on)
        c->tx_done = 0;
    pthread_mutex_unlock(&c->tx_lock);
    if (!on || !c->backend)
        return;
    c->chr->accept(c->backend);
    c->time->soon(c->dev, on_drained, c); /* loaded: this backend has not refused anything yet */
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t n)
{
    memcpy(buf, (uint8_t *)&((struct console *)self)->cfg + off, n);
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 3,
    .config_len = sizeof(struct config),
    .queue_max = 128,
    .features = features,
    .n_queues = n_queues,
    .accepted = accepted,
    .running = running,
    .kick = kick,
    .config_read = config_read,
};

/* ---- Life ---- */

enum { P_CHARDEV, P_COLS, P_ROWS };

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct console *c = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);

    c->dev = d;
    c->h = h;
    c->chr = h->get(h, PB_SVC_CHAR);
    c->time = h->get(h, PB_SVC_TIME);
    c->virtio = bus->parent(d, PB_VIRTIO, &c->bus);
    c->backend = prop->get_char(d, P_CHARDEV);
    if (!c->virtio)
        return h->fail(e, PB_EINVAL, "virtio-console-device sits on no virtio bus");
    c->cfg.cols = (uint16_t)prop->get_int(d, P_COLS);
    c->cfg.rows = (uint16_t)prop->get_int(d, P_ROWS);
    c->cfg.max_nr_ports = 1;
    c->rx = c->virtio->queue(c->bus, 0);
    c->tx = c->virtio->queue(c->bus, 1);
    pthread_mutex_init(&c->rx_lock, NULL);
    pthread_mutex_init(&c->tx_lock, NULL);
    if (c->backend) {
        int rc = c->chr->attach(c->backend, &char_ops, c);
        if (rc < 0)
            return rc;
        c->chr->on_drained(c->backend, on_drained, c); /* attach forgets an earlier one */
    }
    return PB_OK;
}

static void unrealize(void *self)
{
    struct console *c = self;

    if (c->backend)
        c->chr->attach(c->backend, NULL, NULL);
    pthread_mutex_destroy(&c->rx_lock);
    pthread_mutex_destroy(&c->tx_lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        running(self, 0);
}

static const char *const char_kinds[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "ID of a chardev to use as a backend", .choices = char_kinds,
     .type = PB_T_LINK, .qemu_type = "str"},
    {.name = "cols", .doc = "columns told to the guest; 0: unknown", .def = "0",
     .type = PB_T_UINT, .min = 0, .max = 65535},
    {.name = "rows", .doc = "rows told to the guest", .def = "0", .type = PB_T_UINT, .min = 0,
     .max = 65535},
};
static const struct pb_field state[] = {PB_FIELD(struct console, tx_done, PB_S_U32)};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

static const struct pb_device_class console_class = {
    .size = sizeof console_class,
    .id = "virtio-console-device",
    .category = "input",
    .spec = "VIRTIO 1.2, 5.3",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .provides = provides,
    .n_provides = 1,
    .instance_size = sizeof(struct console),
    .state_version = 1,
    .n_state = 1,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &console_class}};
static const char *const needs[] = {PB_SVC_CHAR, PB_SVC_BUS, PB_SVC_PROP, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-console",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio console",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
