/* SPDX-License-Identifier: MIT */
/* @name@.c - a USB device: what comes by its bulk endpoint 1 goes back there, and a vendor request
 * tells how many bytes that were. Universal Serial Bus Specification 2.0; the vendor is made up.
 *
 *     -device @name@                   (on a board with a USB controller)
 *
 * The bus owns chapter 9: addresses, descriptors, configurations. A packet that finds no room is
 * answered with NAK, and ready() says when to ask again.
 *
 * Not modelled: high speed, remote wake-up.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/usb.h>

#include <string.h>

enum { EP = 1, PACKET = 64, ROOM = 512, GET_COUNT = 1 };

struct @ident@ {
    const struct pb_usb *usb;
    pb_usb_fn *fn;
    uint32_t n;     /* bytes in buf */
    uint32_t count; /* that came since the port was reset */
    uint8_t buf[ROOM];
};

static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t n)
{
    struct @ident@ *x = self;
    uint32_t k = x->n < n ? x->n : n - n % PACKET;

    (void)ep;
    if (!x->n)
        return PB_USB_NAK;
    if (!k)
        return PB_USB_BABBLE;
    memcpy(buf, x->buf, k);
    x->n -= k;
    memmove(x->buf, x->buf + k, x->n);
    x->usb->ready(x->fn, EP); /* there is room again */
    return (int)k;
}

static int out(void *self, uint32_t ep, const uint8_t *buf, uint32_t n)
{
    struct @ident@ *x = self;
    uint32_t room = ROOM - x->n, k = n <= room ? n : room - room % PACKET;

    (void)ep;
    if (n && !k)
        return PB_USB_NAK;
    memcpy(x->buf + x->n, buf, k);
    x->n += k;
    x->count += k;
    x->usb->ready(x->fn, EP | PB_USB_IN);
    return (int)k;
}

static int request(void *self, const struct pb_usb_setup *s, uint8_t *data, uint32_t n)
{
    struct @ident@ *x = self;

    if (s->type != (0x40 | PB_USB_IN) || s->request != GET_COUNT)
        return PB_USB_STALL;
    for (uint32_t i = 0; i < 4 && i < n; i++)
        data[i] = (uint8_t)(x->count >> 8 * i);
    return n < 4 ? (int)n : 4;
}

static void port_reset(void *self)
{
    struct @ident@ *x = self;

    x->n = x->count = 0;
}

static const struct pb_usb_ep eps[] = {
    {.address = EP | PB_USB_IN, .attributes = PB_USB_EP_BULK, .packet = PACKET},
    {.address = EP, .attributes = PB_USB_EP_BULK, .packet = PACKET}};
static const struct pb_usb_interface interface = {.cls = 0xff, .n_ep = 2, .ep = eps};
static const struct pb_usb_config config = {
    .value = 1, .power = 50, .n_interfaces = 1, .interface = &interface};
static const char *const strings[] = {"Example", "@name@"};
static const struct pb_usb_desc desc = {
    .size = sizeof desc, .vendor = 0xfff0, .product = 1, .release = 0x0100, .usb = 0x0200,
    .packet0 = 64, .manufacturer = 1, .product_name = 2, .n_configs = 1, .n_strings = 2,
    .config = &config, .string = strings};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    struct @ident@ *x = self;
    const struct pb_usb_info info = {.size = sizeof info, .speeds = 1 << PB_USB_FULL,
        .desc = &desc, .self = x, .reset = port_reset, .request = request, .in = in, .out = out};
    void *at;

    x->usb = bus->parent(d, PB_USB, &at);
    if (!x->usb)
        return h->fail(e, PB_EINVAL, "@name@ sits on no USB bus");
    x->fn = x->usb->add(at, d, &info, e);
    return x->fn ? PB_OK : PB_EBUSY;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        port_reset(self);
}

/* A saved file may say anything. */
static int load(void *self, pb_state *s, pb_err *e)
{
    (void)s, (void)e;
    return ((struct @ident@ *)self)->n <= ROOM ? PB_OK : PB_EINVAL;
}

static const struct pb_prop props[] = {PB_USB_PROPS};
static const struct pb_field state[] = {
    PB_FIELD(struct @ident@, n, PB_S_U32), PB_FIELD(struct @ident@, count, PB_S_U32),
    PB_FIELD_ARRAY(struct @ident@, buf, PB_S_U8, ROOM),
};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .flags = PB_DEV_HOTPLUG, .id = "@name@",
    .title = "Example USB device @name@", .category = "usb", .spec = "USB 2.0",
    .bus = PB_USB_BUS, .props = props, .n_props = PB_USB_P_N,
    .instance_size = sizeof(struct @ident@), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize, .reset = reset,
    .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_BUS, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "USB device @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
