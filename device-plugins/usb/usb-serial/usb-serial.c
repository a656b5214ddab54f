/* SPDX-License-Identifier: MIT */
/* usb-serial.c - an FTDI FT232BM: a serial port on USB, at full speed. FTDI's vendor requests as
 * Linux's drivers/usb/serial/ftdi_sio.h documents them. The identifiers are those of QEMU's.
 *
 * Every packet to the host begins with two bytes of modem and line status, and one comes at
 * the latest when the latency timer has run out; then only if something is new, so that an idle
 * guest sleeps.
 *
 * Not modelled: baud rate, parity and flow control (kept, no effect: bytes pass as the backend
 * takes them), bit-bang modes, the EEPROM (reads as erased).
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/usb.h>

#include <string.h>

enum { P_CHARDEV = PB_USB_P_N };
enum { RESET, MODEM_CTRL, SET_FLOW, SET_BAUD, SET_DATA, GET_MODEM, SET_EVENT, SET_ERROR,
       SET_LATENCY = 9, GET_LATENCY, READ_EEPROM = 0x90 };
enum { RESET_ALL, PURGE_RX, PURGE_TX };
/* First status byte: bit 0 is always set; CTS, DSR, carrier. Second: break, transmitter empty. */
enum { ST_ALWAYS = 0x01, ST_CTS = 0x10, ST_DSR = 0x20, ST_DCD = 0x80, LS_BI = 0x10,
       LS_THRE = 0x20, LS_TEMT = 0x40 };
#define RX 384u
#define TX 1024u
#define PACKET 64u
#define EP_IN 1u
#define EP_OUT 2u

struct serial {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_usb *usb;
    const struct pb_svc_thread *thread;
    const struct pb_svc_time *time;
    const struct pb_svc_char *chr;
    pb_usb_fn *fn;
    pb_char *c;
    pb_timer *timer;
    /* saved; rx_n is read by room() as well, outside the domain */
    uint32_t config;
    uint8_t rx[RX], tx[TX];
    uint32_t rx_first, rx_n, tx_n;
    uint32_t line, told, due; /* status bits that came; the two bytes last sent; it is time */
    uint32_t open;            /* what is at the other end of the line */
    uint32_t latency;         /* ms */
    uint32_t dtr_rts, baud, baud_index, data, flow; /* as set */
    uint32_t full;            /* the backend was told that there is no room */
};

static void set_rx_n(struct serial *s, uint32_t n)
{
    __atomic_store_n(&s->rx_n, n, __ATOMIC_RELAXED);
}

static uint32_t status(const struct serial *s)
{
    return ST_ALWAYS | ST_CTS | (s->open ? ST_DSR | ST_DCD : 0) |
           (s->line | LS_THRE | (s->tx_n ? 0 : LS_TEMT)) << 8;
}

/* ---- From the backend -------------------------------------------------------------------- */

/* Something is new: a whole packet goes at once, less of it when the latency timer ends. */
static void news(struct serial *s)
{
    if (s->rx_n >= PACKET - 2 || s->latency < 2) {
        s->due = 1;
        s->usb->ready(s->fn, EP_IN | PB_USB_IN);
    } else if (s->time->deadline(s->timer) < 0) {
        s->time->arm(s->timer,
                     s->time->now(s->h, PB_CLK_VIRTUAL) + 1000000ll * s->latency);
    }
}

static void on_latency(void *self)
{
    struct serial *s = self;

    s->due = 1;
    s->usb->ready(s->fn, EP_IN | PB_USB_IN);
}

static uint32_t chr_room(void *self)
{
    struct serial *s = self;

    return RX - __atomic_load_n(&s->rx_n, __ATOMIC_RELAXED);
}

static int chr_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct serial *s = self;
    uint32_t took = 0;

    s->thread->enter(s->dev);
    for (; took < n && s->rx_n < RX; took++) {
        s->rx[(s->rx_first + s->rx_n) % RX] = buf[took];
        set_rx_n(s, s->rx_n + 1);
    }
    s->full = s->rx_n == RX;
    news(s);
    s->thread->leave(s->dev);
    return (int)took;
}

static void chr_event(void *self, uint32_t ev)
{
    struct serial *s = self;

    s->thread->enter(s->dev);
    if (ev == PB_CHR_BREAK)
        s->line |= LS_BI;
    else
        s->open = ev == PB_CHR_OPENED;
    news(s);
    s->thread->leave(s->dev);
}

static void make_room(struct serial *s)
{
    if (s->full && s->c && s->rx_n < RX) {
        s->full = 0;
        s->chr->accept(s->c);
    }
}

/* ---- To the backend ---------------------------------------------------------------------- */

static void flush(struct serial *s)
{
    int took = s->c ? s->chr->write(s->c, s->tx, s->tx_n) : (int)s->tx_n;

    if (took <= 0)
        return;
    s->tx_n -= (uint32_t)took < s->tx_n ? (uint32_t)took : s->tx_n;
    memmove(s->tx, s->tx + took, s->tx_n);
    s->usb->ready(s->fn, EP_OUT);
}

static void chr_drained(void *self)
{
    struct serial *s = self;

    s->thread->enter(s->dev);
    flush(s);
    s->thread->leave(s->dev);
}

static void flush_soon(void *self)
{
    flush(self);
}

/* ---- Endpoints --------------------------------------------------------------------------- */

static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t room)
{
    struct serial *s = self;
    uint32_t n = s->rx_n < PACKET - 2 ? s->rx_n : PACKET - 2, now = status(s), at = 0;

    (void)ep;
    if (!s->due || (!n && now == s->told))
        return PB_USB_NAK;
    if (room < n + 2)
        return PB_USB_BABBLE;
    do { /* full packets, perhaps a shorter one at the end */
        buf[at++] = (uint8_t)now;
        buf[at++] = (uint8_t)(now >> 8);
        for (uint32_t i = 0; i < n; i++)
            buf[at++] = s->rx[(s->rx_first + i) % RX];
        s->rx_first = (s->rx_first + n) % RX;
        set_rx_n(s, s->rx_n - n);
        s->line = 0;
        now = status(s);
        n = n < PACKET - 2 ? 0 : s->rx_n < PACKET - 2 ? s->rx_n : PACKET - 2;
    } while (n && room - at >= n + 2);
    s->told = now;
    s->due = s->rx_n >= PACKET - 2;
    if (s->rx_n && !s->due)
        news(s);
    make_room(s);
    return (int)at;
}

static int out(void *self, uint32_t ep, const uint8_t *buf, uint32_t n)
{
    struct serial *s = self;
    uint32_t room = TX - s->tx_n, k = n;

    (void)ep;
    if (n > room) {
        k = room - room % PACKET;
        if (!k)
            return PB_USB_NAK;
    }
    memcpy(s->tx + s->tx_n, buf, k);
    s->tx_n += k;
    if (s->tx_n == k)
        flush(s); /* more than it: the backend refused before and will call */
    return (int)k;
}

/* ---- Vendor requests --------------------------------------------------------------------- */

static int purge(struct serial *s, uint32_t what)
{
    if (what > PURGE_TX)
        return PB_USB_STALL;
    if (what != PURGE_TX) {
        set_rx_n(s, 0);
        make_room(s);
    }
    if (what != PURGE_RX)
        s->tx_n = 0;
    return 0;
}

static int give(uint8_t *data, uint32_t n, uint32_t v, uint32_t bytes)
{
    n = n < bytes ? n : bytes;
    for (uint32_t i = 0; i < n; i++)
        data[i] = (uint8_t)(v >> 8 * i);
    return (int)n;
}

static int request(void *self, const struct pb_usb_setup *q, uint8_t *data, uint32_t n)
{
    struct serial *s = self;

    switch ((uint32_t)q->type << 8 | q->request) {
    case 0x4000 | RESET:
        return purge(s, q->value);
    case 0x4000 | MODEM_CTRL: /* DTR, RTS; the upper byte says which of them */
        s->dtr_rts = (s->dtr_rts & ~(uint32_t)(q->value >> 8)) | (q->value & q->value >> 8 & 3);
        return 0;
    case 0x4000 | SET_FLOW:
        s->flow = q->index;
        return 0;
    case 0x4000 | SET_BAUD:
        s->baud = q->value;
        s->baud_index = q->index;
        return 0;
    case 0x4000 | SET_DATA:
        s->data = q->value;
        return 0;
    case 0x4000 | SET_EVENT:
    case 0x4000 | SET_ERROR:
        return 0;
    case 0x4000 | SET_LATENCY:
        if (q->value > 255)
            return PB_USB_STALL;
        s->latency = q->value;
        return 0;
    case 0xc000 | GET_MODEM:
        return give(data, n, status(s), 2);
    case 0xc000 | GET_LATENCY:
        return give(data, n, s->latency, 1);
    case 0xc000 | READ_EEPROM:
        return give(data, n, 0xffff, 2);
    default:
        return PB_USB_STALL;
    }
}

static void configured(void *self, uint32_t value)
{
    struct serial *s = self;

    s->config = value;
    s->latency = 16;
    s->told = s->line = 0;
    s->due = 1;
}

static const struct pb_usb_ep eps[] = {
    {.address = EP_IN | PB_USB_IN, .attributes = PB_USB_EP_BULK, .packet = PACKET},
    {.address = EP_OUT, .attributes = PB_USB_EP_BULK, .packet = PACKET}};
static const struct pb_usb_interface interface = {
    .cls = 0xff, .subclass = 0xff, .protocol = 0xff, .string = 2, .n_ep = 2, .ep = eps};
static const struct pb_usb_config config = {
    .value = 1, .attributes = 0, .power = 50, .n_interfaces = 1, .interface = &interface};
static const char *const strings[] = {"Plugboard", "USB serial port", "1"};
static const struct pb_usb_desc desc = {
    .size = sizeof desc, .vendor = 0x0403, .product = 0x6001, .release = 0x0400, .usb = 0x0200,
    .packet0 = 8, .manufacturer = 1, .product_name = 2, .serial = 3, .n_configs = 1,
    .n_strings = 3, .config = &config, .string = strings};

/* ---- Life -------------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_char_ops chr = {sizeof chr, 0, chr_room, chr_data, chr_event};
    struct serial *s = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_usb_info info = {
        .size = sizeof info, .speeds = 1 << PB_USB_FULL, .desc = &desc, .self = s,
        .configured = configured, .request = request, .in = in, .out = out};
    void *at;

    s->h = h;
    s->dev = d;
    s->thread = h->get(h, PB_SVC_THREAD);
    s->time = h->get(h, PB_SVC_TIME);
    s->chr = h->get(h, PB_SVC_CHAR);
    s->open = 1;
    s->latency = 16;
    s->usb = bus->parent(d, PB_USB, &at);
    if (!s->usb)
        return h->fail(e, PB_EINVAL, "usb-serial sits on no USB bus");
    s->timer = s->time->timer(d, "latency", PB_CLK_VIRTUAL, on_latency, s, e);
    if (!s->timer)
        return PB_ENOMEM;
    s->fn = s->usb->add(at, d, &info, e);
    if (!s->fn)
        return PB_EBUSY;
    s->c = prop->get_char(d, P_CHARDEV);
    int rc = s->c ? s->chr->attach(s->c, &chr, s) : PB_OK;
    if (rc < 0)
        return h->fail(e, rc, "chardev is in use by another device");
    if (s->c)
        s->chr->on_drained(s->c, chr_drained, s);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct serial *s = self;

    if (s->c)
        s->chr->attach(s->c, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct serial *s = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        set_rx_n(s, 0);
        s->rx_first = s->tx_n = s->config = s->line = s->told = s->due = 0;
        s->dtr_rts = s->baud = s->baud_index = s->data = s->flow = 0;
        s->latency = 16;
        s->time->disarm(s->timer);
    } else if (phase == PB_RESET_EXIT) {
        make_room(s);
    }
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct serial *s = self;

    (void)st;
    if (s->rx_first >= RX || s->rx_n > RX || s->tx_n > TX || s->latency > 255)
        return s->h->fail(e, PB_EINVAL, "usb-serial: the saved state is damaged");
    if (s->tx_n)
        s->time->soon(s->dev, flush_soon, s); /* this backend has not refused anything yet */
    return PB_OK;
}

static const char *const char_kinds[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    PB_USB_PROPS,
    {.name = "chardev", .doc = "Character backend at the other end of the line",
     .choices = char_kinds, .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
};
#define U32(m) PB_FIELD(struct serial, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(config), PB_FIELD_ARRAY(struct serial, rx, PB_S_U8, RX),
    PB_FIELD_ARRAY(struct serial, tx, PB_S_U8, TX), U32(rx_first), U32(rx_n), U32(tx_n), U32(line),
    U32(told), U32(due), U32(open), U32(latency), U32(dtr_rts), U32(baud), U32(baud_index),
    U32(data), U32(flow), U32(full),
};

static const struct pb_device_class serial_class = {
    .size = sizeof serial_class,
    .flags = PB_DEV_HOTPLUG,
    .id = "usb-serial",
    .category = "usb",
    .spec = "FTDI FT232BM",
    .bus = PB_USB_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct serial),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .load = load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &serial_class}};
static const char *const needs[] = {PB_SVC_CHAR, PB_SVC_BUS,    PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.usb-serial",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "USB serial port",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
