/* SPDX-License-Identifier: MIT */
/* usb-hid.c - USB keyboard, mouse and tablet. Device Class Definition for HID 1.11; x.y below
 * are its sections. The identifiers are those of QEMU's.
 *
 * What happens is queued, so that a short press is not lost between two polls; each poll makes
 * one report of it. Without news the endpoint says NAK, or repeats itself as SET_IDLE asked.
 *
 * Not modelled: physical descriptors, feature reports; lights are kept and shown nowhere.
 */
#include "usb-hid.h"

#include <plugboard/plugin.h>

#include <string.h>

enum { P_USB_VERSION = PB_USB_P_N };
enum { D_HID = 0x21, D_REPORT = 0x22 };

struct happening *hid_put(struct hid *d)
{
    struct happening *q = &d->queue[(d->first + d->n) % QUEUE];

    if (d->n == QUEUE)
        return NULL;
    d->n++;
    memset(q, 0, sizeof *q);
    return q;
}

static void news(struct hid *d)
{
    d->usb->ready(d->fn, 1 | PB_USB_IN);
    d->usb->wake(d->fn);
}

/* From the host's user. [main] */
static void events(void *self, const struct pb_input_event *v, uint32_t n)
{
    struct hid *d = self;

    d->thread->enter(d->dev);
    d->kind->take(d, v, n);
    if (d->n)
        news(d);
    d->thread->leave(d->dev);
}

/* ---- Reports ----------------------------------------------------------------------------- */

/* The first of the queue has been reported, all of it? */
static void advance(struct hid *d)
{
    const struct happening *q = &d->queue[d->first];
    uint32_t more = d->kind == &kind_keyboard ? 0
                    : d->kind == &kind_tablet ? q->wheel != 0
                                              : q->x || q->y || q->wheel;

    if (more)
        return;
    d->first = (d->first + 1) % QUEUE;
    d->n--;
}

static void plan_idle(struct hid *d)
{
    if (d->idle)
        d->time->arm(d->idle_timer,
                     d->time->now(d->h, PB_CLK_VIRTUAL) + 4000000ll * d->idle);
    else
        d->time->disarm(d->idle_timer);
}

static void on_idle(void *self)
{
    struct hid *d = self;

    d->due = 1;
    d->usb->ready(d->fn, 1 | PB_USB_IN);
}

static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t n)
{
    struct hid *d = self;
    uint8_t r[REPORT_MAX];

    (void)ep;
    if (!d->n && !d->due)
        return PB_USB_NAK;
    uint32_t len = d->kind->make(d, r); /* its length is that of any */
    if (n < len)
        return PB_USB_BABBLE;
    if (d->n) {
        d->kind->step(d);
        advance(d);
    } else {
        d->now.x = d->kind == &kind_mouse ? 0 : d->now.x;
        d->now.y = d->kind == &kind_mouse ? 0 : d->now.y;
        d->now.wheel = 0;
    }
    d->due = 0;
    plan_idle(d);
    d->kind->make(d, buf);
    return (int)len;
}

/* ---- Requests, 7 ------------------------------------------------------------------------- */

static void put_hid(const struct hid *d, uint8_t *b)
{
    const uint8_t v[9] = {9, D_HID, 0x11, 0x01, 0, 1, D_REPORT, (uint8_t)d->kind->n_report,
                          (uint8_t)(d->kind->n_report >> 8)};

    memcpy(b, v, sizeof v);
}

static int give(uint8_t *data, uint32_t n, const void *from, uint32_t len)
{
    n = n < len ? n : len;
    memcpy(data, from, n);
    return (int)n;
}

static int request(void *self, const struct pb_usb_setup *q, uint8_t *data, uint32_t n)
{
    struct hid *d = self;
    uint8_t b[REPORT_MAX + 1] = {0};

    if (q->index != 0)
        return PB_USB_STALL;
    switch ((uint32_t)q->type << 8 | q->request) {
    case 0x8106: /* GET_DESCRIPTOR of the interface, 7.1.1 */
        put_hid(d, b);
        return q->value >> 8 == D_HID      ? give(data, n, b, 9)
               : q->value >> 8 == D_REPORT ? give(data, n, d->kind->report, d->kind->n_report)
                                           : PB_USB_STALL;
    case 0xa101: /* GET_REPORT: input, 7.2.1 */
        return q->value >> 8 == 1 ? give(data, n, b, d->kind->make(d, b)) : PB_USB_STALL;
    case 0x2109: /* SET_REPORT: the lights */
        if (d->kind != &kind_keyboard || q->value >> 8 != 2 || n < 1)
            return PB_USB_STALL;
        d->leds = data[0] & 31;
        return 0;
    case 0xa102:
        b[0] = (uint8_t)d->idle;
        return give(data, n, b, 1);
    case 0x210a:
        d->idle = q->value >> 8;
        plan_idle(d);
        return 0;
    case 0xa103:
        b[0] = (uint8_t)d->protocol;
        return d->kind->boots ? give(data, n, b, 1) : PB_USB_STALL;
    case 0x210b:
        if (!d->kind->boots || q->value > 1)
            return PB_USB_STALL;
        d->protocol = q->value;
        return 0;
    default:
        return PB_USB_STALL;
    }
}

static void port_reset(void *self)
{
    struct hid *d = self;

    d->protocol = 1;
    d->idle = d->due = d->leds = 0;
    plan_idle(d);
}

/* ---- Descriptors ------------------------------------------------------------------------- */

/* One endpoint: an interval of 8 ms, in frames and as a power of two of microframes. */
static const struct pb_usb_ep endpoint = {
    .address = 1 | PB_USB_IN, .attributes = PB_USB_EP_INTERRUPT, .packet = REPORT_MAX,
    .packet_high = REPORT_MAX, .interval = 8, .interval_high = 7};

static void describe(struct hid *d, const char *product)
{
    put_hid(d, d->extra);
    d->interface = (struct pb_usb_interface){
        .cls = 3, .subclass = (uint8_t)d->kind->boots,
        .protocol = d->kind == &kind_keyboard ? 1 : d->kind == &kind_mouse ? 2 : 0, .n_ep = 1,
        .ep = &endpoint, .extra = d->extra, .n_extra = sizeof d->extra};
    d->config = (struct pb_usb_config){.value = 1, .attributes = 0x20, .power = 50,
                                       .n_interfaces = 1, .interface = &d->interface};
    d->strings[0] = "Plugboard";
    d->strings[1] = product;
    d->strings[2] = "1";
    d->desc = (struct pb_usb_desc){
        .size = sizeof d->desc, .vendor = 0x0627, .product = 0x0001, .release = 0x0100,
        .usb = 0x0200, .packet0 = 8, .manufacturer = 1, .product_name = 2, .serial = 3,
        .n_configs = 1, .n_strings = 3, .config = &d->config, .string = d->strings};
}

/* ---- Life -------------------------------------------------------------------------------- */

static int realize(struct hid *d, pb_dev *dev, const pb_host *h, const struct hid_kind *kind,
                   const char *product, pb_err *e)
{
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    void *at;

    d->dev = dev;
    d->h = h;
    d->kind = kind;
    d->time = h->get(h, PB_SVC_TIME);
    d->thread = h->get(h, PB_SVC_THREAD);
    d->usb = bus->parent(dev, PB_USB, &at);
    if (!d->usb)
        return h->fail(e, PB_EINVAL, "the device sits on no USB bus");
    describe(d, product);
    uint32_t high = prop->get_int(dev, P_USB_VERSION) == 2;
    const struct pb_usb_info info = {
        .size = sizeof info, .speeds = 1u << PB_USB_FULL | high << PB_USB_HIGH,
        .desc = &d->desc, .self = d, .reset = port_reset, .request = request, .in = in};
    d->idle_timer = d->time->timer(dev, "idle", PB_CLK_VIRTUAL, on_idle, d, e);
    if (!d->idle_timer)
        return PB_ENOMEM;
    d->fn = d->usb->add(at, dev, &info, e);
    return d->fn ? PB_OK : PB_EBUSY;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct hid *d = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    port_reset(d);
    d->n = d->first = d->rolled = d->buttons = d->modifiers = 0;
    d->x = d->y = 0;
    memset(d->keys, 0, sizeof d->keys);
    memset(&d->now, 0, sizeof d->now);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct hid *d = self;

    (void)s;
    if (d->first >= QUEUE || d->n > QUEUE || d->idle > 255 || d->protocol > 1)
        return d->h->fail(e, PB_EINVAL, "the saved state of a USB input device is damaged");
    return PB_OK;
}

static const struct pb_prop props[] = {
    PB_USB_PROPS,
    {.name = "usb_version", .doc = "1: full speed only; 2: high speed, too", .def = "2",
     .type = PB_T_UINT, .min = 1, .max = 2, .qemu_type = "uint32"},
};
#define F(m, t) PB_FIELD(struct hid, m, t)
static const struct pb_field state[] = {
    F(protocol, PB_S_U32), F(idle, PB_S_U32), F(due, PB_S_U32), F(leds, PB_S_U32),
    F(first, PB_S_U32), F(n, PB_S_U32), F(modifiers, PB_S_U8),
    PB_FIELD_ARRAY(struct hid, keys, PB_S_U8, 6), F(rolled, PB_S_U32), F(x, PB_S_U32),
    F(y, PB_S_U32), F(buttons, PB_S_U32),
    {"queue", PB_S_BYTES, offsetof(struct hid, queue), QUEUE * sizeof(struct happening), 1},
    {"now", PB_S_BYTES, offsetof(struct hid, now), sizeof(struct happening), 1},
};

#define CLASS(name, ident, text, does)                                                         \
    static int name##_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)              \
    {                                                                                          \
        return realize(self, d, h, &kind_##name, text, e);                     \
    }                                                                                          \
    static const struct pb_input name##_input = {sizeof name##_input, does, text, events};     \
    static const struct pb_provide name##_provides[] = {{PB_INPUT, &name##_input}};            \
    static const struct pb_device_class name##_class = {                                       \
        .size = sizeof name##_class, .flags = PB_DEV_HOTPLUG, .category = "input",             \
        .spec = "HID 1.11", .bus = PB_USB_BUS, .props = props,                                 \
        .n_props = sizeof props / sizeof *props, .provides = name##_provides, .n_provides = 1, \
        .instance_size = sizeof(struct hid), .state_version = 1,                               \
        .n_state = sizeof state / sizeof *state, .state = state, .realize = name##_realize,    \
        .reset = reset, .load = load, .id = ident}
CLASS(keyboard, "usb-kbd", "USB Keyboard", PB_INPUT_KEYS);
CLASS(mouse, "usb-mouse", "USB Mouse", PB_INPUT_POINTER);
CLASS(tablet, "usb-tablet", "USB Tablet", PB_INPUT_POINTER | PB_INPUT_ABSOLUTE);

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &keyboard_class},
                                              {PB_CLASS_DEVICE, &mouse_class},
                                              {PB_CLASS_DEVICE, &tablet_class}};
static const char *const needs[] = {PB_SVC_BUS, PB_SVC_PROP, PB_SVC_TIME, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.usb-hid",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "USB keyboard, mouse and tablet",
    .needs = needs,
    .classes = classes,
    .n_classes = 3,
};
