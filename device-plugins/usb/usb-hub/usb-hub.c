/* SPDX-License-Identifier: MIT */
/* usb-hub.c - a high-speed USB hub with one transaction translator. USB 2.0, chapter 11.
 *
 * Ports are bits as the host reads them (11.24.2.7); a reset ends at once. A port that is
 * switched off, disabled or suspended lets nothing through: the bus sees to that.
 *
 * Not modelled: over-current, port indicators and test modes (accepted, no effect), the
 * translator's buffers (host controllers here reach the device by its address).
 */
#include <plugboard/plugin.h>
#include <plugboard/usb.h>

#include <string.h>

#define PORTS 8u
#define CHANGE_EP 1u

/* wPortStatus; the low five are wPortChange, too. 11.24.2.7 */
enum { CONNECTION = 1, ENABLE = 2, SUSPEND = 4, OVER_CURRENT = 8, RESET = 16, POWER = 0x100,
       LOW_SPEED = 0x200, HIGH_SPEED = 0x400 };
/* Feature selectors, 11.24.2. */
enum { F_ENABLE = 1, F_SUSPEND = 2, F_RESET = 4, F_POWER = 8, F_C_CONNECTION = 16,
       F_C_RESET = 20, F_TEST = 21, F_INDICATOR = 22 };
enum { GET_STATUS, CLEAR_FEATURE, SET_FEATURE = 3, GET_DESCRIPTOR = 6, CLEAR_TT_BUFFER = 8,
       RESET_TT, STOP_TT = 11 };
enum { P_PORTS = PB_USB_P_N };

struct hub {
    const pb_host *h;
    const struct pb_usb *usb;
    pb_usb_fn *fn;
    uint32_t n;
    uint16_t status[PORTS], change[PORTS];
};

static void changed_bits(struct hub *u, uint32_t port, uint32_t bits)
{
    u->change[port - 1] |= (uint16_t)bits;
    u->usb->ready(u->fn, CHANGE_EP | PB_USB_IN);
    u->usb->wake(u->fn);
}

static uint16_t speed_bits(uint32_t below)
{
    return below == 1 + PB_USB_LOW ? LOW_SPEED : below == 1 + PB_USB_HIGH ? HIGH_SPEED : 0;
}

static void look(struct hub *u, uint32_t port)
{
    uint16_t *s = &u->status[port - 1];
    uint32_t below = *s & POWER ? u->usb->below(u->fn, port) : 0;

    if (!!below == !!(*s & CONNECTION))
        return;
    *s = (uint16_t)((*s & POWER) | (below ? CONNECTION | speed_bits(below) : 0));
    changed_bits(u, port, CONNECTION);
}

/* Something came, went or wants to wake the host. */
static void port_changed(void *self, uint32_t port)
{
    struct hub *u = self;

    look(u, port);
    if (u->usb->port_woke(u->fn, port) && (u->status[port - 1] & SUSPEND)) {
        u->status[port - 1] &= (uint16_t)~SUSPEND;
        u->usb->port_enable(u->fn, port, 1);
        changed_bits(u, port, SUSPEND);
    }
}

static void switch_off(struct hub *u, uint32_t port)
{
    u->usb->port_enable(u->fn, port, 0);
    u->status[port - 1] = 0;
}

static void all_off(struct hub *u)
{
    for (uint32_t p = 1; p <= u->n; p++) {
        switch_off(u, p);
        u->change[p - 1] = 0;
    }
}

/* ---- Requests, 11.24.2 ------------------------------------------------------------------- */

static int set_feature(struct hub *u, uint32_t port, uint32_t feature)
{
    uint16_t *s = &u->status[port - 1];

    switch (feature) {
    case F_RESET:
        if (!(*s & CONNECTION))
            return 0;
        u->usb->port_reset(u->fn, port);
        *s = (uint16_t)(POWER | CONNECTION | ENABLE | speed_bits(u->usb->below(u->fn, port)));
        changed_bits(u, port, RESET);
        return 0;
    case F_SUSPEND:
        if (*s & ENABLE) {
            *s |= SUSPEND;
            u->usb->port_enable(u->fn, port, 0);
        }
        return 0;
    case F_POWER:
        *s |= POWER;
        look(u, port);
        return 0;
    default:
        return feature == F_TEST || feature == F_INDICATOR ? 0 : PB_USB_STALL;
    }
}

static int clear_feature(struct hub *u, uint32_t port, uint32_t feature)
{
    uint16_t *s = &u->status[port - 1];

    if (feature >= F_C_CONNECTION && feature <= F_C_RESET) {
        u->change[port - 1] &= (uint16_t)~(1u << (feature - F_C_CONNECTION));
        return 0;
    }
    switch (feature) {
    case F_ENABLE:
        *s &= (uint16_t)~(ENABLE | SUSPEND);
        u->usb->port_enable(u->fn, port, 0);
        return 0;
    case F_SUSPEND:
        if (*s & SUSPEND) {
            *s &= (uint16_t)~SUSPEND;
            u->usb->port_enable(u->fn, port, 1);
            changed_bits(u, port, SUSPEND);
        }
        return 0;
    case F_POWER:
        switch_off(u, port);
        return 0;
    default:
        return feature == F_INDICATOR ? 0 : PB_USB_STALL;
    }
}

/* 11.23.2.1: ports are switched one by one and removable. */
static int descriptor(const struct hub *u, uint8_t *data, uint32_t n)
{
    uint32_t map = u->n / 8 + 1, len = 7 + 2 * map;
    uint8_t d[7 + 8] = {(uint8_t)len, 0x29, (uint8_t)u->n, 0x09, 0, 5, 0};

    memset(d + 7 + map, 0xff, map);
    n = n < len ? n : len;
    memcpy(data, d, n);
    return (int)n;
}

static int request(void *self, const struct pb_usb_setup *q, uint8_t *data, uint32_t n)
{
    struct hub *u = self;
    uint32_t port = q->index & 255, has_port = port >= 1 && port <= u->n;
    uint16_t two[2] = {0, 0};

    switch ((uint32_t)q->type << 8 | q->request) {
    case 0xa000 | GET_DESCRIPTOR:
        return q->value >> 8 == 0x29 ? descriptor(u, data, n) : PB_USB_STALL;
    case 0x2000 | CLEAR_FEATURE: /* local power, over-current: never change */
    case 0x2000 | SET_FEATURE:
        return q->value < 2 ? 0 : PB_USB_STALL;
    case 0xa300 | GET_STATUS:
        if (!has_port)
            return PB_USB_STALL;
        two[0] = u->status[port - 1];
        two[1] = u->change[port - 1];
        /* fall through */
    case 0xa000 | GET_STATUS:
        n = n < sizeof two ? n : (uint32_t)sizeof two;
        memcpy(data, two, n);
        return (int)n;
    case 0x2300 | SET_FEATURE:
        return has_port ? set_feature(u, port, q->value) : PB_USB_STALL;
    case 0x2300 | CLEAR_FEATURE:
        return has_port ? clear_feature(u, port, q->value) : PB_USB_STALL;
    case 0x2300 | CLEAR_TT_BUFFER:
    case 0x2300 | RESET_TT:
    case 0x2300 | STOP_TT:
        return 0;
    default:
        return PB_USB_STALL;
    }
}

/* The status change endpoint, 11.12.4. */
static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t n)
{
    struct hub *u = self;
    uint32_t bits = 0;

    (void)ep;
    for (uint32_t p = 1; p <= u->n; p++)
        bits |= (uint32_t)(u->change[p - 1] != 0) << p;
    if (!bits)
        return PB_USB_NAK;
    uint32_t len = u->n / 8 + 1;
    if (n < len)
        return PB_USB_BABBLE;
    buf[0] = (uint8_t)bits;
    if (len > 1)
        buf[1] = (uint8_t)(bits >> 8);
    return (int)len;
}

static void configured(void *self, uint32_t value)
{
    (void)value;
    all_off(self);
}

static void port_reset(void *self)
{
    all_off(self);
}

static const struct pb_usb_ep change_ep = {
    .address = CHANGE_EP | PB_USB_IN, .attributes = PB_USB_EP_INTERRUPT,
    .packet = 1 + (PORTS + 1) / 8, .packet_high = 1 + (PORTS + 1) / 8, .interval = 255,
    .interval_high = 12};
static const struct pb_usb_interface interfaces[] = {{.cls = 9, .n_ep = 1, .ep = &change_ep}};
static const struct pb_usb_config config = {
    .value = 1, .attributes = 0x60, .n_interfaces = 1, .interface = interfaces};
static const char *const strings[] = {"Plugboard", "USB hub", "1"};
static const struct pb_usb_desc desc = {
    .size = sizeof desc, .vendor = 0x0409, .product = 0x55aa, .release = 0x0101, .usb = 0x0200,
    .cls = 9, .protocol_high = 1, .packet0 = 64, .manufacturer = 1, .product_name = 2,
    .serial = 3, .n_configs = 1, .n_strings = 3, .config = &config, .string = strings};

/* ---- Life -------------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct hub *u = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_usb_info info = {
        .size = sizeof info, .speeds = 1 << PB_USB_FULL | 1 << PB_USB_HIGH, .desc = &desc,
        .self = u, .reset = port_reset, .configured = configured, .request = request, .in = in};
    void *at;

    u->h = h;
    u->n = (uint32_t)prop->get_int(d, P_PORTS);
    u->usb = bus->parent(d, PB_USB, &at);
    if (!u->usb)
        return h->fail(e, PB_EINVAL, "usb-hub sits on no USB bus");
    u->fn = u->usb->add(at, d, &info, e);
    return u->fn ? u->usb->ports(u->fn, u->n, port_changed, e) : PB_EBUSY;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct hub *u = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        memset(u->status, 0, sizeof u->status);
        memset(u->change, 0, sizeof u->change);
    }
}

static const struct pb_prop props[] = {
    PB_USB_PROPS,
    {.name = "ports", .doc = "how many", .def = "8", .type = PB_T_UINT, .min = 1, .max = PORTS,
     .qemu_type = "uint32"},
};
static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct hub, status, PB_S_U16, PORTS),
    PB_FIELD_ARRAY(struct hub, change, PB_S_U16, PORTS),
};

static const struct pb_device_class hub_class = {
    .size = sizeof hub_class,
    .flags = PB_DEV_HOTPLUG,
    .id = "usb-hub",
    .category = "controller",
    .spec = "USB 2.0, chapter 11",
    .bus = PB_USB_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct hub),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .reset = reset,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &hub_class}};
static const char *const needs[] = {PB_SVC_BUS, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.usb-hub",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "USB hub",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
