/* SPDX-License-Identifier: MIT */
/* usb-net.c - a USB network adapter with two personalities: CDC-ECM and RNDIS. CDC 1.2, CDC-ECM
 * 1.2 ("6.2.4" is a section of it); [MS-RNDIS]. The identifiers are those of QEMU's usb-net.
 *
 * The host chooses by configuration. A frame is one bulk transfer, with 44 bytes before it under
 * RNDIS. Frames of the wire wait in a queue; when it is full the wire waits. A frame that the
 * wire does not take holds the bulk endpoint back with NAK.
 *
 * Not modelled: CDC-ECM statistics, multicast filters by address (all multicast frames pass when
 * any may), power management filters.
 */
#include "usb-net.h"

#include <plugboard/plugin.h>

#include <stdio.h>
#include <string.h>

enum { P_NETDEV = PB_USB_P_N, P_MAC };

static uint32_t packet(const struct net *n)
{
    return n->usb->speed(n->fn) == PB_USB_HIGH ? 512 : 64;
}

/* ---- To the wire ------------------------------------------------------------------------- */

int net_send(struct net *n, const uint8_t *frame, uint32_t len)
{
    struct pb_iov v = {(void *)(uintptr_t)frame, len};

    if (len < 14 || len > FRAME_MAX) {
        n->dropped++;
        return 1;
    }
    if (n->svc->to_wire(n->wire, &v, 1, 0) == PB_EAGAIN)
        return 0;
    n->sent++;
    return 1;
}

/* The transfer that is complete goes out: 1, or 0: not yet. */
static int flush(struct net *n)
{
    const uint8_t *frame = n->out;
    uint32_t len = n->out_len;

    if (!n->out_whole)
        return 1;
    if (n->config == CONFIG_RNDIS)
        len = rndis_frame(n->out, len, &frame);
    else if (len == FRAME_MAX + 1)
        len--; /* one byte that a driver added for want of an empty packet */
    if (len && n->up && !n->out_lost && !net_send(n, frame, len))
        return 0;
    n->out_len = n->out_whole = n->out_lost = 0;
    return 1;
}

static int out(void *self, uint32_t ep, const uint8_t *buf, uint32_t len)
{
    struct net *n = self;

    (void)ep;
    if (!flush(n))
        return PB_USB_NAK;
    if (len > OUT_MAX - n->out_len) {
        n->out_lost = 1;
    } else if (len) {
        memcpy(n->out + n->out_len, buf, len);
        n->out_len += len;
    }
    if (len % packet(n) || len == 0) {
        n->out_whole = 1;
        flush(n);
    }
    return (int)len;
}

static void wire_ready(void *self)
{
    struct net *n = self;

    n->thread->enter(n->dev);
    if (flush(n))
        n->usb->ready(n->fn, EP_DATA);
    n->thread->leave(n->dev);
}

/* ---- From the wire ----------------------------------------------------------------------- */

static int wanted(const struct net *n, const uint8_t *head)
{
    uint32_t f = n->filter;

    if (f & WANT_ALL)
        return 1;
    if (!(head[0] & 1))
        return (f & WANT_DIRECTED) && !memcmp(head, n->mac, 6);
    if (!memcmp(head, "\xff\xff\xff\xff\xff\xff", 6))
        return !!(f & WANT_BROADCAST);
    return !!(f & (WANT_MULTICAST | WANT_ALL_MULTICAST));
}

static uint32_t total(const struct pb_iov *v, uint32_t cnt)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < cnt; i++)
        bytes += v[i].len;
    return bytes > INT32_MAX ? INT32_MAX : (uint32_t)bytes;
}

/* 1: taken or not wanted; 0: no room. */
static int receive(struct net *n, const struct pb_iov *v, uint32_t cnt, uint32_t bytes)
{
    struct slot *s = &n->queue[(n->first + n->n) % QUEUE];
    uint32_t at = n->config == CONFIG_RNDIS ? HEAD_MAX : 0;

    if (!n->up || bytes < 14 || bytes > FRAME_MAX)
        return 1;
    if (n->n == QUEUE)
        return 0;
    for (uint32_t i = 0; i < cnt; i++) {
        memcpy(s->data + at, v[i].base, v[i].len);
        at += (uint32_t)v[i].len;
    }
    if (!wanted(n, s->data + at - bytes))
        return 1;
    if (n->config == CONFIG_RNDIS)
        rndis_head(s->data, bytes);
    s->len = at;
    n->n++;
    n->received++;
    n->usb->ready(n->fn, EP_DATA | PB_USB_IN);
    return 1;
}

static int frame(void *self, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    struct net *n = self;
    uint32_t bytes = total(v, cnt);

    (void)flags;
    n->thread->enter(n->dev);
    int took = receive(n, v, cnt, bytes);
    n->choked |= !took;
    n->thread->leave(n->dev);
    return took ? (int)bytes : PB_EAGAIN;
}

static void unchoke(struct net *n)
{
    if (n->choked) {
        n->choked = 0;
        n->svc->resume(n->wire);
    }
}

static int data_in(struct net *n, uint8_t *buf, uint32_t room)
{
    const struct slot *s = &n->queue[n->first];
    uint32_t left, most = packet(n);

    if (!n->n)
        return PB_USB_NAK;
    left = s->len - n->at;
    if (left > room) /* whole packets only */
        left = room - room % most;
    if (left == 0 && room < s->len - n->at)
        return PB_USB_BABBLE;
    memcpy(buf, s->data + n->at, left);
    n->at += left;
    if (n->at == s->len && (left % most || left == 0)) { /* else an empty packet is to follow */
        n->first = (n->first + 1) % QUEUE;
        n->n--;
        n->at = 0;
        if (n->n <= QUEUE / 2)
            unchoke(n);
    }
    return (int)left;
}

/* ---- Notifications: CDC-ECM 6.3, and RNDIS' "fetch an answer" -------------------------- */

void net_notify(struct net *n, uint32_t notices)
{
    n->notices |= notices;
    n->usb->ready(n->fn, EP_NOTIFY | PB_USB_IN);
    n->usb->wake(n->fn);
}

static int notify_in(struct net *n, uint8_t *buf, uint32_t room)
{
    uint8_t m[16] = {0xa1};
    uint32_t len = 8;

    if (n->config == CONFIG_RNDIS) {
        if (!(n->notices & NOTICE_REPLY))
            return PB_USB_NAK;
        memset(m, 0, sizeof m);
        m[0] = 1; /* RESPONSE_AVAILABLE */
        n->notices = 0;
    } else if (n->notices & NOTICE_LINK) {
        m[2] = (uint8_t)(n->cable && n->up); /* NETWORK_CONNECTION, 6.3.1 */
        n->notices &= ~(uint32_t)NOTICE_LINK;
    } else if (n->notices & NOTICE_SPEED) { /* CONNECTION_SPEED_CHANGE, 6.3.3 */
        uint32_t rate = n->usb->speed(n->fn) == PB_USB_HIGH ? 480000000 : 12000000;
        m[1] = 0x2a;
        m[6] = 8;
        put32(m + 8, rate);
        put32(m + 12, rate);
        len = 16;
        n->notices &= ~(uint32_t)NOTICE_SPEED;
    } else {
        return PB_USB_NAK;
    }
    if (room < len)
        return PB_USB_BABBLE;
    memcpy(buf, m, len);
    return (int)len;
}

static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t room)
{
    return ep == EP_NOTIFY ? notify_in(self, buf, room) : data_in(self, buf, room);
}

static void link_changed(void *self, uint32_t up)
{
    struct net *n = self;

    n->thread->enter(n->dev);
    n->cable = up;
    if (n->config == CONFIG_ECM && n->up)
        net_notify(n, NOTICE_LINK | NOTICE_SPEED);
    n->thread->leave(n->dev);
}

/* ---- Requests ---------------------------------------------------------------------------- */

void net_set_up(struct net *n, uint32_t up)
{
    n->up = up;
    if (!up) {
        n->n = n->at = 0;
        n->out_len = n->out_whole = n->out_lost = 0;
    }
    unchoke(n);
}

/* SET_ETHERNET_PACKET_FILTER, 6.2.4: promiscuous, all multicast, directed, broadcast, multicast
 * are bits 0 to 4. */
static void ecm_filter(struct net *n, uint32_t bits)
{
    n->filter = (bits & 1 ? WANT_ALL : 0) | (bits & 0x12 ? WANT_MULTICAST : 0) |
                (bits & 4 ? WANT_DIRECTED : 0) | (bits & 8 ? WANT_BROADCAST : 0);
}

static int request(void *self, const struct pb_usb_setup *q, uint8_t *data, uint32_t len)
{
    struct net *n = self;

    if (q->index != 0)
        return PB_USB_STALL;
    switch (n->config << 16 | (uint32_t)q->type << 8 | q->request) {
    case CONFIG_ECM << 16 | 0x2143:
        ecm_filter(n, q->value);
        return 0;
    case CONFIG_RNDIS << 16 | 0x2100:
        return rndis_command(n, data, len);
    case CONFIG_RNDIS << 16 | 0xa101:
        return rndis_reply(n, data, len);
    default:
        return PB_USB_STALL;
    }
}

static void configured(void *self, uint32_t value)
{
    struct net *n = self;

    n->config = value;
    n->notices = 0;
    rndis_reset(n);
    if (value == CONFIG_ECM) /* until a driver says otherwise, as adapters do */
        n->filter = WANT_DIRECTED | WANT_BROADCAST | WANT_MULTICAST;
}

static void interface(void *self, uint32_t number, uint32_t alternate)
{
    struct net *n = self;

    if (n->config != CONFIG_ECM || number != 1)
        return;
    net_set_up(n, alternate);
    net_notify(n, NOTICE_LINK | NOTICE_SPEED);
}

static void unhalted(void *self, uint32_t ep)
{
    struct net *n = self;

    if (ep == EP_DATA)
        n->out_len = n->out_whole = n->out_lost = 0;
}

/* ---- Life -------------------------------------------------------------------------------- */

static const struct pb_net_ops net_ops = {
    .size = sizeof net_ops, .frame = frame, .ready = wire_ready, .link = link_changed};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct net *n = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    uint64_t mac = (uint64_t)prop->get_int(d, P_MAC);
    struct pb_usb_info info = {
        .size = sizeof info, .speeds = 1 << PB_USB_FULL | 1 << PB_USB_HIGH, .desc = &n->desc,
        .self = n, .configured = configured, .interface = interface, .unhalted = unhalted,
        .request = request, .in = in, .out = out};
    void *at;

    n->dev = d;
    n->h = h;
    n->svc = h->get(h, PB_SVC_NET);
    n->thread = h->get(h, PB_SVC_THREAD);
    n->wire = prop->get_net(d, P_NETDEV);
    n->usb = bus->parent(d, PB_USB, &at);
    n->cable = 1;
    if (!n->usb)
        return h->fail(e, PB_EINVAL, "usb-net sits on no USB bus");
    if (!n->wire)
        return h->fail(e, PB_EINVAL, "usb-net: netdev is not set");
    if (mac >> 40 & 1)
        return h->fail(e, PB_EINVAL, "mac is a group address; the first byte must be even");
    for (int i = 0; i < 6; i++)
        n->mac[i] = (uint8_t)(mac >> (40 - 8 * i));
    net_describe(n);
    n->fn = n->usb->add(at, d, &info, e);
    return n->fn ? n->svc->attach(n->wire, &net_ops, n) : PB_EBUSY;
}

static void unrealize(void *self)
{
    struct net *n = self;

    n->svc->attach(n->wire, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct net *n = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    n->config = n->notices = n->initialized = n->reply_len = n->filter = 0;
    n->sent = n->received = n->dropped = 0;
    net_set_up(n, 0);
}

/* The stream may be anybody's. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct net *n = self;
    uint32_t bad = n->first >= QUEUE || n->n > QUEUE || n->out_len > OUT_MAX ||
                   n->reply_len > REPLY_MAX || n->config > CONFIG_RNDIS;

    (void)s;
    for (uint32_t i = 0; !bad && i < n->n; i++)
        bad = n->queue[(n->first + i) % QUEUE].len > sizeof n->queue[0].data;
    bad |= !bad && n->at > (n->n ? n->queue[n->first].len : 0);
    for (uint32_t at = 0, len = 0; !bad && at < n->reply_len; at += len) {
        len = n->reply_len - at >= 8 ? le32(n->reply + at + 4) : 0;
        bad = len < 8 || len > n->reply_len - at;
    }
    return bad ? n->h->fail(e, PB_EINVAL, "usb-net: the saved state is damaged") : PB_OK;
}

static const char *const net_kinds[] = {PB_IF_NET, NULL};
static const struct pb_prop props[] = {
    PB_USB_PROPS,
    {.name = "netdev", .doc = "ID of a netdev to use as a backend", .choices = net_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "mac", .doc = "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56",
     .def = "52:54:00:12:34:56", .type = PB_T_MAC, .qemu_type = "str"},
};
#define U32(m) PB_FIELD(struct net, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(config), U32(up), U32(filter), U32(cable), U32(notices), U32(initialized), U32(first),
    U32(n), U32(at), U32(choked), U32(out_len), U32(out_whole), U32(out_lost), U32(reply_len),
    U32(sent), U32(received), U32(dropped),
    {"queue", PB_S_BYTES, offsetof(struct net, queue), sizeof(struct slot) * QUEUE, 1},
    PB_FIELD_ARRAY(struct net, out, PB_S_BYTES, OUT_MAX),
    PB_FIELD_ARRAY(struct net, reply, PB_S_BYTES, REPLY_MAX),
};

static const struct pb_device_class net_class = {
    .size = sizeof net_class,
    .flags = PB_DEV_HOTPLUG,
    .id = "usb-net",
    .category = "network",
    .spec = "CDC-ECM 1.2; [MS-RNDIS]",
    .bus = PB_USB_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
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
static const char *const needs[] = {PB_SVC_NET, PB_SVC_BUS, PB_SVC_PROP, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.usb-net",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "USB network adapter",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
