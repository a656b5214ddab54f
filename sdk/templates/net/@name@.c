/* SPDX-License-Identifier: MIT */
/* @name@.c - a network whose only other station is an echo: each frame comes back, its two
 * addresses changed over.
 *
 *     -netdev @name@,id=n -device virtio-net-device,netdev=n
 *
 * Not modelled: any station that would answer by itself.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <string.h>

enum { FRAME_MAX = 65550, ADDRESS = 6 };

struct @ident@ {
    const struct pb_svc_net *net;
    pb_dev *node;
    uint64_t echoed, lost; /* atomic: describe() may look at any time */
    uint8_t buf[FRAME_MAX];
};

/* One frame of the device. All of them are taken; one that the device has no room for is
 * lost, as on a real cable. */
static int frame(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    struct @ident@ *c = self;
    uint32_t len = 0, taken = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)(v[i].len < FRAME_MAX - len ? v[i].len : FRAME_MAX - len);
        memcpy(c->buf + len, v[i].base, k);
        len += k;
        taken += (uint32_t)v[i].len;
    }
    uint32_t head = flags & PB_NET_VNET_HDR ? 12 : 0;
    if (len != taken || len < head + 2 * ADDRESS)
        return (int)taken; /* no frame at all */
    uint8_t *to = c->buf + head, *from = to + ADDRESS, swap[ADDRESS];
    memcpy(swap, to, ADDRESS);
    memcpy(to, from, ADDRESS);
    memcpy(from, swap, ADDRESS);
    struct pb_iov out = {c->buf, len};
    int rc = c->net->to_device(c->node, &out, 1, flags);
    __atomic_fetch_add(rc < 0 ? &c->lost : &c->echoed, 1, __ATOMIC_RELAXED);
    return (int)taken;
}

static void ready(void *self)
{
    (void)self; /* nothing waits here: what did not fit is lost */
}

static int echo_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct @ident@ *c = self;

    (void)e;
    c->net = h->get(h, PB_SVC_NET);
    c->node = node;
    return PB_OK;
}

static void echo_close(void *self)
{
    (void)self;
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct @ident@ *c = self;

    snprintf(buf, n, "%llu frames echoed, %llu lost", (unsigned long long)c->echoed,
             (unsigned long long)c->lost);
}

static const struct pb_net_ops ops = {.size = sizeof ops, .frame = frame, .ready = ready};

static const struct pb_backend_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .doc = "sends every frame back",
    .instance_size = sizeof(struct @ident@), .ops = &ops, .open = echo_open,
    .close = echo_close, .describe = describe,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_NET, &@ident@}};
static const char *const needs[] = {PB_SVC_NET, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "Network backend @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
