/* SPDX-License-Identifier: MIT */
/* virtio-net.c - virtio network device. VIRTIO 1.2, section 5.1; x.y below are of it.
 *
 * Transmit: the doorbell hands each chain's frame, still in guest memory, to the wire.
 * Receive: the wire's thread copies the frame into the next buffers. A side that cannot
 * take more says PB_EAGAIN and tells the other when it can. A frame goes to the queue pair
 * on which its flow was last sent (5.1.6.5.5 leaves the choice to the device).
 * Not modelled: offloads of what the driver receives, and of UDP segments; RSS, notification
 * coalescing, guest announce (no migration yet): none is offered.
 */
#include "virtio-net.h"

#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_NETDEV, P_MAC, P_QUEUES, P_RX_SIZE, P_TX_SIZE, P_MTU, P_MRG, P_CSUM, P_TSO4, P_TSO6,
       P_ECN, P_MQ, P_STATUS, P_CTRL_VQ, P_CTRL_RX, P_CTRL_VLAN, P_CTRL_MAC };

/* ---- Transmit --------------------------------------------------------------------------- */

/* Take the header off: the frame's own iovecs. 0 when the chain holds no frame. */
static uint32_t take_header(struct pb_vchain *c, struct pb_iov **first, uint8_t *h, uint32_t hdr)
{
    uint32_t i = 0, left = hdr;

    if (c->out_bytes <= hdr)
        return 0;
    while (left) {
        struct pb_iov *v = &c->iov[i];
        uint32_t k = v->len < left ? (uint32_t)v->len : left;
        memcpy(h + hdr - left, v->base, k);
        v->base = (uint8_t *)v->base + k;
        v->len -= k;
        left -= k;
        if (v->len == 0)
            i++;
    }
    *first = c->iov + i;
    return c->n_out - i;
}

static void transmit(struct net *n, struct pair *p)
{
    struct pb_iov iov[IOV_MAX_CHAIN], *v;
    struct pb_vchain c = {.iov = iov, .max_iov = IOV_MAX_CHAIN};
    int again = 1, any = 0;
    uint8_t h[HDR_BYTES];

    pthread_mutex_lock(&p->tx_lock);
    if (!__atomic_load_n(&n->running, __ATOMIC_ACQUIRE)) { /* a reset came before us */
        pthread_mutex_unlock(&p->tx_lock);
        return;
    }
    p->tx_waiting = 0;
    n->virtio->want_kicks(p->tx, 0);
    while (again) {
        while (!p->tx_waiting && n->virtio->pop(p->tx, &c) > 0) {
            uint32_t k = take_header(&c, &v, h, n->hdr), bytes = c.out_bytes - n->hdr;
            if (k && bytes <= FRAME_MAX && offload(n, p, v, k, bytes, h) == PB_EAGAIN) {
                n->virtio->unpop(p->tx, &c);
                p->tx_waiting = 1;
                break;
            }
            n->virtio->push(p->tx, &c, 0);
            p->sent = 0;
            any = 1;
        }
        again = 0;
        if (!p->tx_waiting) { /* a chain may have come before the wish was seen */
            n->virtio->want_kicks(p->tx, 1);
            if (n->virtio->pop(p->tx, &c) > 0) {
                n->virtio->unpop(p->tx, &c);
                n->virtio->want_kicks(p->tx, 0);
                again = 1;
            }
        }
    }
    if (any)
        n->virtio->notify(p->tx);
    pthread_mutex_unlock(&p->tx_lock);
}

/* The wire takes frames again. [io] */
static void wire_ready(void *self)
{
    struct net *n = self;

    for (uint32_t i = 0; i < n->pairs && __atomic_load_n(&n->running, __ATOMIC_ACQUIRE); i++) {
        struct pair *p = &n->pair[i];
        pthread_mutex_lock(&p->tx_lock); /* a transmit() under way is about to set it */
        uint32_t waiting = p->tx_waiting;
        pthread_mutex_unlock(&p->tx_lock);
        if (waiting)
            transmit(n, p);
    }
}

/* ---- Receive ----------------------------------------------------------------------------- */

uint32_t copy_out(struct source *s, uint8_t *to, uint32_t n)
{
    uint32_t done = 0;

    while (done < n && s->at < s->n) {
        size_t left = s->v[s->at].len - s->used;
        uint32_t k = left < n - done ? (uint32_t)left : n - done;
        memcpy(to + done, (const uint8_t *)s->v[s->at].base + s->used, k);
        done += k;
        s->used += k;
        if (s->used == s->v[s->at].len) {
            s->at++;
            s->used = 0;
        }
    }
    return done;
}

/* Fill one chain from `s`, `skip` bytes from its start left for the header. */
static uint32_t fill(struct source *s, const struct pb_vchain *c, uint32_t skip)
{
    uint32_t done = 0;

    for (uint32_t i = c->n_out; i < c->n_out + c->n_in; i++) {
        uint8_t *base = c->iov[i].base;
        uint32_t len = (uint32_t)c->iov[i].len, k = skip < len ? skip : len;
        skip -= k;
        done += copy_out(s, base + k, len - k);
    }
    return done;
}

static void put_header(const struct pb_vchain *c, uint16_t num_buffers, uint32_t hdr)
{
    uint8_t h[HDR_BYTES] = {0};
    uint32_t at = 0;

    h[10] = (uint8_t)num_buffers;
    h[11] = (uint8_t)(num_buffers >> 8);
    for (uint32_t i = c->n_out; i < c->n_out + c->n_in && at < hdr; i++) {
        uint32_t k = c->iov[i].len < hdr - at ? (uint32_t)c->iov[i].len : hdr - at;
        memcpy(c->iov[i].base, h + at, k);
        at += k;
    }
}

#define MERGE_MAX 64u
#define RX_IOV 256u /* entries of all buffers of a frame together */

/* The frame into the ring's buffers: all of it or none. 1, or 0 when buffers lack. */
static int receive(struct net *n, struct pair *p, struct source *s, uint32_t bytes)
{
    struct pb_iov iov[RX_IOV];
    struct pb_vchain c[MERGE_MAX];
    uint64_t room = 0;
    uint32_t k = 0, used = 0, merge = !!(n->features & F_MRG_RXBUF);

    c[0].in_bytes = 0;
    while (room < bytes + n->hdr) {
        if (k == MERGE_MAX || (k && !merge) || RX_IOV - used < IOV_MAX_CHAIN)
            break;
        c[k] = (struct pb_vchain){.iov = iov + used, .max_iov = IOV_MAX_CHAIN};
        int rc = n->virtio->pop(p->rx, &c[k]);
        if (rc <= 0) {
            while (k)
                n->virtio->unpop(p->rx, &c[--k]);
            return rc < 0; /* a broken ring swallows frames */
        }
        used += c[k].n_out + c[k].n_in;
        room += c[k++].in_bytes;
    }
    if (room < bytes + n->hdr || c[0].in_bytes < n->hdr) {
        n->virtio->push(p->rx, &c[0], 0); /* larger than the driver's buffers: lost */
        while (k > 1)
            n->virtio->unpop(p->rx, &c[--k]);
        return 1;
    }
    for (uint32_t i = 0; i < k; i++) {
        uint32_t skip = i ? 0 : n->hdr;
        uint32_t got = fill(s, &c[i], skip);
        if (i == 0)
            put_header(&c[0], (uint16_t)k, n->hdr);
        n->virtio->push(p->rx, &c[i], got + skip);
    }
    n->virtio->notify(p->rx);
    return 1;
}

/* A hash of addresses and ports that both directions of a flow share. */
static uint32_t flow(const uint8_t *p, uint32_t len)
{
    uint32_t h = 0;

    if (len >= 38 && p[12] == 8 && p[13] == 0)
        for (uint32_t i = 0; i < 4; i++)
            h += (uint32_t)(p[26 + i] + p[30 + i]) * 31u + (i < 2 ? p[34 + i] + p[36 + i] : 0u);
    return h;
}

/* A frame from the wire. [io] */
static int frame(void *self, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    struct net *n = self;
    struct source s = {.v = v, .n = cnt};
    uint8_t head[64];
    uint32_t bytes = 0;

    (void)flags;
    for (uint32_t i = 0; i < cnt; i++)
        bytes += (uint32_t)v[i].len;
    if (!__atomic_load_n(&n->running, __ATOMIC_ACQUIRE) || bytes > FRAME_MAX)
        return (int)bytes;
    uint32_t have = copy_out(&s, head, sizeof head);
    s = (struct source){.v = v, .n = cnt};
    if (!wanted(n, head, have))
        return (int)bytes;
    uint32_t active = __atomic_load_n(&n->active, __ATOMIC_ACQUIRE);
    struct pair *p = &n->pair[active > 1 ? flow(head, have) % active : 0];
    pthread_mutex_lock(&p->rx_lock);
    if (!__atomic_load_n(&n->running, __ATOMIC_ACQUIRE)) { /* a reset came before us */
        pthread_mutex_unlock(&p->rx_lock);
        return (int)bytes;
    }
    int took = receive(n, p, &s, bytes);
    if (!took) { /* ask for a kick, and look once more before believing it */
        n->virtio->want_kicks(p->rx, 1);
        s = (struct source){.v = v, .n = cnt};
        took = receive(n, p, &s, bytes);
        p->rx_starved = !took;
        if (took)
            n->virtio->want_kicks(p->rx, 0);
    }
    pthread_mutex_unlock(&p->rx_lock);
    return took ? (int)bytes : PB_EAGAIN;
}

static void link_changed(void *self, uint32_t up)
{
    struct net *n = self;

    n->cfg.status = up ? STATUS_LINK_UP : 0;
    n->virtio->config_changed(n->bus);
}

static const struct pb_net_ops net_ops = {
    .size = sizeof net_ops, .frame = frame, .ready = wire_ready, .link = link_changed};

/* ---- The control queue ------------------------------------------------------------------- */

static void control_queue(struct net *n)
{
    struct pb_iov iov[16];
    struct pb_vchain c = {.iov = iov, .max_iov = 16};
    uint8_t buf[1024];

    while (n->virtio->pop(n->ctrl, &c) > 0) {
        struct source s = {.v = c.iov, .n = c.n_out};
        uint32_t len = copy_out(&s, buf, sizeof buf);
        uint8_t ack = 1;
        if (len >= 2 && len == c.out_bytes)
            ack = control(n, buf[0], buf[1], buf + 2, len - 2);
        if (c.n_in)
            *(volatile uint8_t *)c.iov[c.n_out].base = ack;
        n->virtio->push(n->ctrl, &c, c.n_in ? 1 : 0);
        n->virtio->notify(n->ctrl);
    }
}

/* ---- The virtio side --------------------------------------------------------------------- */

static uint32_t ctrl_index(const struct net *n)
{
    return 2 * (n->features & F_MQ ? n->pairs : 1); /* 5.1.2 */
}

static void kick(void *self, uint32_t q)
{
    struct net *n = self;

    if ((n->features & F_CTRL_VQ) && q == ctrl_index(n)) {
        n->ctrl = n->virtio->queue(n->bus, q);
        control_queue(n);
        return;
    }
    struct pair *p = &n->pair[q / 2];
    if (q / 2 >= n->pairs)
        return;
    if (q & 1) {
        transmit(n, p);
        return;
    }
    pthread_mutex_lock(&p->rx_lock);
    uint32_t starved = p->rx_starved;
    p->rx_starved = 0;
    if (starved)
        n->virtio->want_kicks(p->rx, 0);
    pthread_mutex_unlock(&p->rx_lock);
    if (starved)
        n->svc->resume(n->wire);
}

static uint64_t features(void *self)
{
    static const struct { uint32_t prop; uint64_t bit; } switches[] = {
        {P_MRG, F_MRG_RXBUF}, {P_STATUS, F_STATUS}, {P_CTRL_VQ, F_CTRL_VQ}};
    static const struct { uint32_t prop; uint64_t bit, by; } others[] = { /* 5.1.3.1 */
        {P_TSO4, F_HOST_TSO4, F_CSUM}, {P_TSO6, F_HOST_TSO6, F_CSUM},
        {P_ECN, F_HOST_ECN, F_HOST_TSO4 | F_HOST_TSO6},
        {P_CTRL_RX, F_CTRL_RX, F_CTRL_VQ}, {P_CTRL_VLAN, F_CTRL_VLAN, F_CTRL_VQ},
        {P_CTRL_MAC, F_CTRL_MAC_ADDR, F_CTRL_VQ}, {P_MQ, F_MQ, F_CTRL_VQ}};
    struct net *n = self;
    const struct pb_svc_prop *prop = n->h->get(n->h, PB_SVC_PROP);
    uint64_t f = F_MAC | (n->cfg.mtu ? F_MTU : 0) | (n->pair[0].out ? F_CSUM : 0);

    for (uint32_t i = 0; i < sizeof switches / sizeof *switches; i++)
        f |= prop->get_int(n->dev, switches[i].prop) ? switches[i].bit : 0;
    for (uint32_t i = 0; i < sizeof others / sizeof *others; i++)
        f |= f & others[i].by && prop->get_int(n->dev, others[i].prop) ? others[i].bit : 0;
    return n->pairs > 1 ? f : f & ~F_MQ;
}

static uint32_t n_queues(void *self)
{
    return 2 * ((struct net *)self)->pairs + 1;
}

static uint32_t queue_size(void *self, uint32_t q)
{
    struct net *n = self;

    return q == 2 * n->pairs ? CONTROL_SIZE : q & 1 ? n->tx_size : n->rx_size;
}

static void accepted(void *self, uint64_t f)
{
    struct net *n = self;

    n->features = f;
    n->hdr = f & (PB_VIRTIO_F_VERSION_1 | F_MRG_RXBUF) ? HDR_BYTES : HDR_LEGACY;
}

static void running(void *self, uint32_t on)
{
    struct net *n = self;

    __atomic_store_n(&n->running, on, __ATOMIC_RELEASE);
    if (!on) {
        for (uint32_t i = 0; i < n->pairs; i++) { /* wait out what the wire is delivering */
            pthread_mutex_lock(&n->pair[i].rx_lock);
            n->pair[i].rx_starved = 0;
            pthread_mutex_unlock(&n->pair[i].rx_lock);
            pthread_mutex_lock(&n->pair[i].tx_lock);
            n->pair[i].tx_waiting = n->pair[i].sent = 0;
            pthread_mutex_unlock(&n->pair[i].tx_lock);
        }
        n->active = 1;
        filter_reset(n);
    } else {
        uint32_t pairs = n->features & F_MQ ? n->pairs : 1; /* else queue 2 is control */
        for (uint32_t i = 0; i < pairs; i++) {
            pthread_mutex_lock(&n->pair[i].rx_lock);
            n->virtio->want_kicks(n->pair[i].rx, 0);
            pthread_mutex_unlock(&n->pair[i].rx_lock);
            pthread_mutex_lock(&n->pair[i].tx_lock);
            n->pair[i].tx_waiting = 1; /* in a loaded state a frame may: the wire says when */
            pthread_mutex_unlock(&n->pair[i].tx_lock);
        }
    }
    n->svc->resume(n->wire);
}

static void config_read(void *self, uint32_t off, void *buf, uint32_t len)
{
    memcpy(buf, (uint8_t *)&((struct net *)self)->cfg + off, len);
}

static const struct pb_virtio_dev virtio_dev = {
    .size = sizeof virtio_dev,
    .device_id = 1,
    .config_len = CONFIG_LEN,
    .queue_max = QUEUE_MAX, .queue_size = queue_size,
    .features = features,
    .n_queues = n_queues,
    .accepted = accepted,
    .running = running,
    .kick = kick,
    .config_read = config_read,
};

/* ---- Life -------------------------------------------------------------------------------- */

static void free_frames(struct net *n)
{
    for (uint32_t i = 0; i < n->pairs; i++)
        free(n->pair[i].out);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct net *n = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    uint64_t mac = (uint64_t)prop->get_int(d, P_MAC);

    n->dev = d;
    n->h = h;
    n->svc = h->get(h, PB_SVC_NET);
    n->virtio = bus->parent(d, PB_VIRTIO, &n->bus);
    n->wire = prop->get_net(d, P_NETDEV);
    if (!n->virtio)
        return h->fail(e, PB_EINVAL, "virtio-net-device sits on no virtio bus");
    if (!n->wire)
        return h->fail(e, PB_EINVAL, "virtio-net-device: netdev is not set");
    n->rx_size = (uint32_t)prop->get_int(d, P_RX_SIZE);
    n->tx_size = (uint32_t)prop->get_int(d, P_TX_SIZE);
    if ((n->rx_size & (n->rx_size - 1)) || (n->tx_size & (n->tx_size - 1)))
        return h->fail(e, PB_EINVAL, "Invalid rx_queue_size or tx_queue_size, must be a power of 2 "
                       "between 256 and 1024");
    if (mac >> 40 & 1)
        return h->fail(e, PB_EINVAL, "mac is a group address; the first byte must be even");
    n->pairs = (uint32_t)prop->get_int(d, P_QUEUES);
    n->active = 1;
    for (int i = 0; i < 6; i++)
        n->default_mac[i] = (uint8_t)(mac >> (40 - 8 * i));
    n->cfg.status = STATUS_LINK_UP;
    n->cfg.max_virtqueue_pairs = (uint16_t)n->pairs;
    n->cfg.mtu = (uint16_t)prop->get_int(d, P_MTU);
    for (uint32_t i = 0; prop->get_int(d, P_CSUM) && i < n->pairs; i++)
        if (!(n->pair[i].out = malloc(FRAME_MAX))) {
            free_frames(n);
            return h->fail(e, PB_ENOMEM, "virtio-net: no memory for frames; try csum=off");
        }
    pthread_mutex_init(&n->filter_lock, NULL);
    for (uint32_t i = 0; i < n->pairs; i++) {
        struct pair *p = &n->pair[i];
        p->n = n;
        p->rx = n->virtio->queue(n->bus, 2 * i);
        p->tx = n->virtio->queue(n->bus, 2 * i + 1);
        pthread_mutex_init(&p->rx_lock, NULL);
        pthread_mutex_init(&p->tx_lock, NULL);
    }
    filter_reset(n);
    return n->svc->attach(n->wire, &net_ops, n);
}

static void unrealize(void *self)
{
    struct net *n = self;

    n->svc->attach(n->wire, NULL, NULL);
    for (uint32_t i = 0; i < n->pairs; i++) {
        pthread_mutex_destroy(&n->pair[i].rx_lock);
        pthread_mutex_destroy(&n->pair[i].tx_lock);
    }
    free_frames(n);
    pthread_mutex_destroy(&n->filter_lock);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct net *n = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        n->features = 0;
        n->active = 1;
        filter_reset(n);
    }
}

static const char *const net_kinds[] = {PB_IF_NET, NULL};
static const char *const off_only[] = {"off", NULL};
#define NEVER(n)                                                                              \
    {.name = n, .doc = "frames are whole, with checksums: not offered", .def = "off",         \
     .choices = off_only, .type = PB_T_ENUM, .qemu_type = "bool"}
static const struct pb_prop props[] = {
    {.name = "netdev", .doc = "ID of a netdev to use as a backend", .choices = net_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "mac", .doc = "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56",
     .def = "52:54:00:12:34:56", .type = PB_T_MAC, .qemu_type = "str"},
    {.name = "queues", .doc = "queue pairs", .def = "1", .type = PB_T_UINT, .min = 1,
     .max = PAIRS_MAX},
    {.name = "rx_queue_size", .doc = "largest size of a receive queue, a power of two",
     .def = "1024", .type = PB_T_UINT, .min = 256, .max = QUEUE_MAX, .qemu_type = "uint16"},
    {.name = "tx_queue_size", .doc = "the same of a send queue", .def = "1024",
     .type = PB_T_UINT, .min = 256, .max = QUEUE_MAX, .qemu_type = "uint16"},
    {.name = "host_mtu", .doc = "MTU told to the guest; 0: none", .def = "0", .type = PB_T_UINT,
     .min = 0, .max = 65535, .qemu_type = "uint16"},
    {.name = "mrg_rxbuf", .doc = "offer merged receive buffers", .def = "on", .type = PB_T_BOOL},
    {.name = "csum", .doc = "offer to do checksums of what is sent", .def = "on",
     .type = PB_T_BOOL},
    {.name = "host_tso4", .doc = "offer to cut large TCP segments of IPv4", .def = "on",
     .type = PB_T_BOOL},
    {.name = "host_tso6", .doc = "the same of IPv6", .def = "on", .type = PB_T_BOOL},
    {.name = "host_ecn", .doc = "the same with ECN", .def = "on", .type = PB_T_BOOL},
    {.name = "mq", .doc = "offer all pairs of queues", .def = "on", .type = PB_T_BOOL},
    {.name = "status", .doc = "offer the link's state", .def = "on", .type = PB_T_BOOL},
    {.name = "ctrl_vq", .doc = "offer the control queue", .def = "on", .type = PB_T_BOOL},
    {.name = "ctrl_rx", .doc = "offer receive modes", .def = "on", .type = PB_T_BOOL},
    {.name = "ctrl_vlan", .doc = "offer the VLAN filter", .def = "on", .type = PB_T_BOOL},
    {.name = "ctrl_mac_addr", .doc = "offer setting the address", .def = "on",
     .type = PB_T_BOOL},
    NEVER("gso"), NEVER("guest_csum"), NEVER("guest_tso4"), NEVER("guest_tso6"),
    NEVER("guest_ecn"), NEVER("guest_ufo"), NEVER("host_ufo"), NEVER("rss"), NEVER("hash"),
    NEVER("guest_rsc_ext"), NEVER("failover"), NEVER("guest_announce"),
    NEVER("ctrl_guest_offloads"), NEVER("ctrl_rx_extra"),
};
#undef NEVER
static const struct pb_field state[] = {
    PB_FIELD(struct net, active, PB_S_U32),
    {"mac", PB_S_BYTES, offsetof(struct net, cfg.mac), 6, 1},
    {"filter", PB_S_BYTES, offsetof(struct net, filter), sizeof(struct filter), 1},
};
static const struct pb_provide provides[] = {{PB_VIRTIO_DEV, &virtio_dev}};

/* A saved filter is as untrusted as any file. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct net *n = self;

    (void)s;
    if (n->filter.n_mac[0] > MAC_TABLE || n->filter.n_mac[1] > MAC_TABLE || n->active == 0 ||
        n->active > n->pairs)
        return n->h->fail(e, PB_EINVAL, "virtio-net: saved filter is damaged");
    return PB_OK;
}

static const struct pb_device_class net_class = {
    .size = sizeof net_class,
    .id = "virtio-net-device",
    .category = "network",
    .spec = "VIRTIO 1.2, 5.1",
    .bus = PB_VIRTIO_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .provides = provides,
    .n_provides = 1,
    .instance_size = sizeof(struct net),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .load = load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &net_class}};
static const char *const needs[] = {PB_SVC_NET, PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-net",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio network device",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
