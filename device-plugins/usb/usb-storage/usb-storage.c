/* SPDX-License-Identifier: MIT */
/* usb-storage.c - a USB disk. USB Mass Storage Class, Bulk-Only Transport 1.0; x.y below are its
 * sections; the commands are in scsi.c. The identifiers are those of QEMU's.
 *
 * A command block comes, data move one way or none, a status block goes. The medium is read and
 * written a buffer at a time, and while it is busy both endpoints say NAK.
 *
 * Not modelled: more than one logical unit, media that change.
 */
#include "scsi.h"

#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/usb.h>

#include <stdlib.h>
#include <string.h>

enum { P_DRIVE = PB_USB_P_N, P_REMOVABLE, P_LOGICAL };
#define EP_IN 1u
#define EP_OUT 2u
#define CBW_LEN 31u
#define CSW_LEN 13u
enum { PASSED, FAILED, PHASE_ERROR };                 /* bCSWStatus, 5.2 */
enum { COMMAND, DATA_IN, DATA_OUT, STATUS, CONFUSED }; /* CONFUSED: until a reset recovery */

struct storage {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_usb *usb;
    const struct pb_svc_thread *thread;
    pb_usb_fn *fn;
    struct scsi_unit u;
    struct scsi_task s;
    uint32_t busy, stale; /* a request is at the node; what asked for it is over */
    /* saved */
    uint32_t stage, tag, length, gone; /* dCBWTag, dCBWDataTransferLength; moved of it */
    uint32_t result;
};

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
    for (uint32_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t packet(const struct storage *d)
{
    return d->usb->speed(d->fn) == PB_USB_HIGH ? 512 : 64;
}

/* ---- The medium -------------------------------------------------------------------------- */

static void work(struct storage *d)
{
    if (d->busy || !scsi_prepare(&d->u, &d->s))
        return;
    d->busy = 1;
    d->u.svc->submit(d->u.node, &d->s.req);
}

static void done(struct pb_block_req *r)
{
    struct storage *d = (struct storage *)((uint8_t *)r - offsetof(struct storage, s.req));

    d->thread->enter(d->dev);
    d->busy = 0;
    if (!d->stale)
        scsi_completed(&d->u, &d->s, r->status);
    d->stale = 0;
    work(d);
    d->usb->ready(d->fn, EP_IN);
    d->thread->leave(d->dev);
}

/* Whatever was going on is over. */
static void give_up(struct storage *d)
{
    d->stale = d->busy;
    d->stage = COMMAND;
    d->u.attention = 0;
    scsi_clear(&d->s);
}

/* ---- Command blocks, 5.1 and 6.7 --------------------------------------------------------- */

/* The thirteen cases: what the host expects and what the command does. */
static void begin(struct storage *d, const uint8_t *c)
{
    uint32_t in = c[12] >> 7;

    d->tag = le32(c + 4);
    d->length = le32(c + 8);
    d->gone = 0;
    d->result = PASSED;
    scsi_refresh(&d->u);
    scsi_command(&d->u, &d->s, c + 15, c[14]);
    if (d->s.status == SCSI_GOOD &&
        ((d->s.in && (!in || d->s.in > d->length)) || (d->s.out && (in || d->s.out > d->length))))
        d->result = PHASE_ERROR;
    if (d->result == PHASE_ERROR)
        scsi_clear(&d->s); /* nothing is done by halves */
    d->stage = !d->length ? STATUS : in ? DATA_IN : DATA_OUT;
    if (d->stage == DATA_OUT && !d->s.out) { /* the host has more to say than anybody wants */
        d->usb->halt(d->fn, EP_OUT);
        d->stage = STATUS;
    }
    work(d);
}

static int command(struct storage *d, const uint8_t *c, uint32_t n)
{
    if (n != CBW_LEN || le32(c) != 0x43425355 || (c[12] & 0x7f) || c[13] || !c[14] ||
        c[14] > 16) { /* not valid or not meaningful, 6.2 */
        d->stage = CONFUSED;
        d->usb->halt(d->fn, EP_IN | PB_USB_IN);
        d->usb->halt(d->fn, EP_OUT);
        return PB_USB_STALL;
    }
    begin(d, c);
    return (int)n;
}

/* ---- Data -------------------------------------------------------------------------------- */

static int data_out(struct storage *d, const uint8_t *buf, uint32_t n)
{
    struct scsi_task *s = &d->s;
    uint32_t whole = s->op ? SCSI_BUF : s->out, room = whole - s->len;

    if (d->busy || (s->op && s->left && s->len == SCSI_BUF))
        return PB_USB_NAK;
    n = n < room ? n : room - room % packet(d);
    n = n < s->out - s->moved ? n : s->out - s->moved;
    if (s->status == SCSI_GOOD && n)
        memcpy(s->buf + s->len, buf, n);
    s->len += s->status == SCSI_GOOD ? n : 0;
    s->moved += n;
    d->gone += n;
    if (s->moved == s->out) {
        d->stage = STATUS;
        if (!s->op && s->status == SCSI_GOOD)
            scsi_parameters(&d->u, s);
        if (d->gone < d->length) { /* the host has more to say than was wanted */
            d->usb->halt(d->fn, EP_OUT);
            d->usb->ready(d->fn, EP_OUT);
        }
    }
    work(d);
    return (int)n;
}

/* All has gone: end the transfer with a short packet if the host wants more. */
static int end_in(struct storage *d)
{
    d->stage = STATUS;
    if (d->s.status != SCSI_GOOD || d->result == PHASE_ERROR) {
        d->usb->halt(d->fn, EP_IN | PB_USB_IN);
        return PB_USB_STALL;
    }
    return 0;
}

static int data_in(struct storage *d, uint8_t *buf, uint32_t room)
{
    struct scsi_task *s = &d->s;
    uint32_t n = s->len - s->at, most = packet(d);

    if (d->busy)
        return PB_USB_NAK;
    if (s->status != SCSI_GOOD || s->moved == s->in)
        return end_in(d);
    if (n > room)
        n = room - room % most;
    if (n == 0)
        return PB_USB_BABBLE;
    memcpy(buf, s->buf + s->at, n);
    s->at += n;
    s->moved += n;
    d->gone += n;
    work(d);
    if (s->moved == s->in && (d->gone == d->length || n % most))
        d->stage = STATUS;
    return (int)n;
}

/* ---- Status, 5.2 ------------------------------------------------------------------------- */

static int status(struct storage *d, uint8_t *buf, uint32_t room)
{
    if (d->busy || d->s.own)
        return PB_USB_NAK;
    if (room < CSW_LEN)
        return PB_USB_BABBLE;
    put32(buf, 0x53425355);
    put32(buf + 4, d->tag);
    put32(buf + 8, d->length - d->gone);
    buf[12] = (uint8_t)(d->result == PHASE_ERROR       ? PHASE_ERROR
                        : d->s.status == SCSI_GOOD ? PASSED
                                                   : FAILED);
    d->stage = COMMAND;
    return CSW_LEN;
}

static int in(void *self, uint32_t ep, uint8_t *buf, uint32_t room)
{
    struct storage *d = self;

    (void)ep;
    if (d->stage == DATA_IN)
        return data_in(d, buf, room);
    return d->stage == STATUS ? status(d, buf, room) : PB_USB_NAK;
}

static int out(void *self, uint32_t ep, const uint8_t *buf, uint32_t n)
{
    struct storage *d = self;

    (void)ep;
    if (d->stage == DATA_OUT)
        return data_out(d, buf, n);
    if (d->stage == CONFUSED)
        return PB_USB_STALL;
    return d->stage == COMMAND && !d->busy ? command(d, buf, n) : PB_USB_NAK;
}

/* ---- Requests, 3 ------------------------------------------------------------------------- */

static int request(void *self, const struct pb_usb_setup *q, uint8_t *data, uint32_t n)
{
    struct storage *d = self;

    if (q->index != 0)
        return PB_USB_STALL;
    switch ((uint32_t)q->type << 8 | q->request) {
    case 0x21ff: /* Bulk-Only Mass Storage Reset; the halts stay, 3.1 */
        give_up(d);
        return 0;
    case 0xa1fe: /* Get Max LUN */
        if (n)
            data[0] = 0;
        return n ? 1 : 0;
    default:
        return PB_USB_STALL;
    }
}

/* A CONFUSED device halts again until it is reset, 6.6.1. */
static void unhalted(void *self, uint32_t ep)
{
    struct storage *d = self;

    if (d->stage == CONFUSED)
        d->usb->halt(d->fn, ep);
}

static void configured(void *self, uint32_t value)
{
    (void)value;
    give_up(self);
}

static const struct pb_usb_ep eps[] = {
    {.address = EP_IN | PB_USB_IN, .attributes = PB_USB_EP_BULK, .packet = 64,
     .packet_high = 512},
    {.address = EP_OUT, .attributes = PB_USB_EP_BULK, .packet = 64, .packet_high = 512}};
static const struct pb_usb_interface interface = {
    .cls = 8, .subclass = 6, .protocol = 0x50, .n_ep = 2, .ep = eps};
static const struct pb_usb_config config = {
    .value = 1, .attributes = 0x40, .power = 50, .n_interfaces = 1, .interface = &interface};
static const char *const strings[] = {"Plugboard", "USB disk", "000000000001"};
static const struct pb_usb_desc desc = {
    .size = sizeof desc, .vendor = 0x46f4, .product = 0x0001, .release = 0x0100, .usb = 0x0200,
    .packet0 = 64, .manufacturer = 1, .product_name = 2, .serial = 3, .n_configs = 1,
    .n_strings = 3, .config = &config, .string = strings};

/* ---- Life -------------------------------------------------------------------------------- */

/* The medium grew or shrank. [main] */
static void resized(void *self)
{
    struct storage *d = self;

    d->thread->enter(d->dev);
    scsi_attend(&d->u, ATTENTION_RESIZED);
    d->thread->leave(d->dev);
}

static int realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    struct storage *d = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_usb_info info = {
        .size = sizeof info, .speeds = 1 << PB_USB_FULL | 1 << PB_USB_HIGH, .desc = &desc,
        .self = d, .configured = configured, .unhalted = unhalted, .request = request, .in = in,
        .out = out};
    const char *serial = prop->get_str(dev, PB_USB_P_SERIAL);
    struct pb_block_info i = {.size = sizeof i};
    void *at;

    d->dev = dev;
    d->h = h;
    d->thread = h->get(h, PB_SVC_THREAD);
    d->u = (struct scsi_unit){
        .svc = h->get(h, PB_SVC_BLOCK), .node = prop->get_block(dev, P_DRIVE), .type = SCSI_DISK,
        .vendor = "PLUGBRD", .product = "USB DISK", .version = "0.1", .scsi_version = 5,
        .serial = serial && *serial ? serial : strings[2], .rotation = 1, .dpofua = 1,
        .removable = (uint32_t)prop->get_int(dev, P_REMOVABLE),
        .block_size = (uint32_t)prop->get_int(dev, P_LOGICAL), .write_cache = 1, .cached = 1};
    d->u.id = d->u.serial;
    d->u.physical = d->u.block_size;
    d->s.req.done = done;
    d->usb = bus->parent(dev, PB_USB, &at);
    if (!d->usb)
        return h->fail(e, PB_EINVAL, "usb-storage sits on no USB bus");
    if (!d->u.node || d->u.svc->info(d->u.node, &i) < 0)
        return h->fail(e, PB_EINVAL, "usb-storage: drive has no medium");
    if (d->u.block_size & (d->u.block_size - 1))
        return h->fail(e, PB_EINVAL, "logical_block_size must be a power of two");
    if (i.align > d->u.block_size)
        return h->fail(e, PB_EINVAL, "the drive needs larger blocks: set logical_block_size=4096, "
                                     "or cache.direct=off");
    d->fn = d->usb->add(at, dev, &info, e);
    if (!d->fn)
        return PB_EBUSY;
    d->s.buf = malloc(SCSI_BUF);
    d->s.room = SCSI_BUF;
    if (!d->s.buf)
        return h->fail(e, PB_ENOMEM, "out of memory");
    scsi_refresh(&d->u);
    d->u.svc->on_change(d->u.node, resized, d);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct storage *d = self;

    d->u.svc->on_change(d->u.node, NULL, NULL);
    free(d->s.buf);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        give_up(self);
}

static void drain(void *self)
{
    struct storage *d = self;

    for (;;) { /* a request may beget another */
        d->thread->enter(d->dev);
        uint32_t busy = d->busy;
        d->thread->leave(d->dev);
        if (!busy)
            return;
        d->u.svc->drain(d->u.node);
    }
}

static int save(void *self, pb_state *st, pb_err *e)
{
    struct storage *d = self;
    const struct pb_svc_state *svc = d->h->get(d->h, PB_SVC_STATE);

    (void)e;
    return svc->put(st, "buffer", PB_S_BYTES, d->s.buf, d->s.len);
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct storage *d = self;
    const struct pb_svc_state *svc = d->h->get(d->h, PB_SVC_STATE);

    if (!scsi_sound(&d->s) || d->stage > CONFUSED || d->gone > d->length ||
        (d->stage == DATA_OUT && !d->s.op && d->s.len > d->s.out) ||
        svc->get(st, "buffer", PB_S_BYTES, d->s.buf, d->s.len) < 0) {
        give_up(d);
        return d->h->fail(e, PB_EINVAL, "usb-storage: the saved state is damaged");
    }
    return PB_OK;
}

static const char *const block_kinds[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    PB_USB_PROPS,
    {.name = "drive", .doc = "Node name or ID of a block device to use as a backend",
     .choices = block_kinds, .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "removable", .doc = "the guest takes it for a stick, not a disk", .def = "off",
     .type = PB_T_BOOL},
    {.name = "logical_block_size", .doc = "smallest unit of a transfer", .def = "512",
     .type = PB_T_SIZE, .min = 512, .max = 4096},
};
#define U32(m) PB_FIELD(struct storage, m, PB_S_U32)
#define UNIT(m, t) {#m, t, (uint32_t)offsetof(struct storage, u.m), 1, 1}
#define S(m, t, n, since) {#m, t, (uint32_t)offsetof(struct storage, s.m), n, since}
static const struct pb_field state[] = {
    U32(stage), U32(tag), U32(length), U32(gone), U32(result), UNIT(blocks, PB_S_U64),
    UNIT(read_only, PB_S_U32), UNIT(ops, PB_S_U32), S(sense, PB_S_U32, 1, 1),
    {"attentions", PB_S_U32, offsetof(struct storage, u.attention), 1, 2},
    S(cdb, PB_S_BYTES, 16, 1), S(status, PB_S_U32, 1, 1), S(in, PB_S_U32, 1, 1),
    S(out, PB_S_U32, 1, 1), S(moved, PB_S_U32, 1, 1), S(len, PB_S_U32, 1, 1),
    S(at, PB_S_U32, 1, 1), S(next, PB_S_U64, 1, 1), S(left, PB_S_U64, 1, 1),
    S(op, PB_S_U32, 1, 1), S(flags, PB_S_U32, 1, 2), S(own, PB_S_U32, 1, 2),
    S(range, PB_S_U32, 1, 2), S(ranges, PB_S_U32, 1, 2), S(has_info, PB_S_U32, 1, 2),
    S(info, PB_S_U64, 1, 2),
};

static const struct pb_device_class storage_class = {
    .size = sizeof storage_class,
    .flags = PB_DEV_HOTPLUG,
    .id = "usb-storage",
    .category = "storage",
    .spec = "USB Mass Storage Bulk-Only 1.0; SPC-4, SBC-3",
    .bus = PB_USB_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct storage),
    .state_version = 2,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .load = load,
    .drain = drain,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &storage_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_BUS,   PB_SVC_PROP,
                                    PB_SVC_STATE, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.usb-storage",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "USB disk",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
