/* SPDX-License-Identifier: MIT */
/* dwc2.c - Synopsys DesignWare USB 2.0 On-The-Go controller, as a host with internal DMA.
 *
 * As in BCM2835 (release 2.80a): one root port, eight channels, buffer DMA. Written from the
 * register names and rules that Linux's drivers/usb/dwc2/hw.h and Broadcom's BCM2835 errata
 * publish, and USB 2.0. regs.c has the registers, port.c the root port, frame.c time, channel.c the
 * transfers; what is plugged in is behind usb-bus.h.
 *
 * Not modelled: device mode and OTG protocols (the port is always a host's), slave mode,
 * descriptor DMA (GHWCFG4 says so), LPM, power gating.
 */
#include "dwc2.h"

#include <plugboard/plugin.h>

#include <stdlib.h>

enum { P_DMA_MASK };

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct dwc2 *c = self;

    return pb_regs_read(&dwc2_regs, c, c->h, c->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct dwc2 *c = self;

    pb_regs_write(&dwc2_regs, c, c->h, c->dev, off, val, bytes);
}

static void on_again(void *self)
{
    channel_retry(self);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
                                             .impl_min = 4, .impl_max = 4};
    struct dwc2 *c = self;
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);

    c->h = h;
    c->dev = d;
    usb_bus_init(&c->bus, d, h, 1);
    c->bus.changed = port_changed;
    c->bus.retry = channel_retry;
    c->bus.woke = port_woke;
    c->mem = h->get(h, PB_SVC_MEM);
    c->irq = line->out(d, "irq", 0);
    c->as = c->mem->as(d);
    c->dma_mask = (uint64_t)c->bus.prop->get_int(d, P_DMA_MASK);
    c->sof = c->bus.time->timer(d, "sof", PB_CLK_VIRTUAL, frame_on_timer, c, e);
    c->again = c->bus.time->timer(d, "again", PB_CLK_VIRTUAL, on_again, c, e);
    c->nak = c->bus.time->timer(d, "nak", PB_CLK_VIRTUAL, channel_on_timer, c, e);
    pb_region *r = c->again && c->nak ? c->mem->io(d, "regs", 0x10000, &ops, c, e) : NULL;
    int rc = r && c->sof ? c->mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc < 0)
        return rc;
    c->bounce = malloc(BOUNCE);
    return c->bounce ? PB_OK : h->fail(e, PB_ENOMEM, "out of memory");
}

static void unrealize(void *self)
{
    struct dwc2 *c = self;

    usb_bus_fini(&c->bus);
    free(c->bounce);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct dwc2 *c = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        core_reset(c);
        c->GUSBCFG = 0x1400;
        c->HCFG = 0;
        c->bus.time->disarm(c->sof);
        c->bus.time->disarm(c->again);
        c->bus.time->disarm(c->nak);
    } else if (phase == PB_RESET_HOLD) {
        update_irq(c);
    }
}

/* Channels that wait ask again when time goes on, here and wherever this state is loaded. */
static void drain(void *self)
{
    struct dwc2 *c = self;

    for (uint32_t n = 0; n < CHANNELS; n++)
        if (c->waits[n])
            c->bus.time->arm(c->again, c->bus.time->now(c->h, PB_CLK_VIRTUAL));
}

static int save(void *self, pb_state *s, pb_err *e)
{
    return usb_save(self, s, e);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct dwc2 *c = self;
    int64_t now = c->bus.time->now(c->h, PB_CLK_VIRTUAL);

    for (uint32_t n = 0; n < CHANNELS; n++) {
        c->waits[n] = c->waits[n] && (c->HCCHAR[n] & HCCHAR_CHENA);
        if (c->since[n] < 0 || c->since[n] > now)
            c->since[n] = now;
    }
    if (c->frame_zero > now || c->frame_zero < 0)
        return c->h->fail(e, PB_EINVAL, "dwc2: the saved frame counter is ahead of its time");
    return usb_load(&c->bus, s, e);
}

static uint32_t info_text(void *self, char *buf, uint32_t n)
{
    return usb_text(self, buf, n);
}

static const struct pb_prop props[] = {
    {.name = "dma-mask", .doc = "bits of a bus address that reach memory: all but those that a "
     "system on a chip uses to choose a cache", .def = "0xffffffff", .type = PB_T_UINT, .min = 0,
     .max = UINT32_MAX},
};
#define U32(m) PB_FIELD(struct dwc2, m, PB_S_U32)
#define EACH(m, t) PB_FIELD_ARRAY(struct dwc2, m, t, CHANNELS)
static const struct pb_field state[] = {
    U32(GOTGCTL), U32(GOTGINT), U32(GAHBCFG), U32(GUSBCFG), U32(GINTSTS), U32(GINTMSK),
    U32(GRXFSIZ), U32(GNPTXFSIZ), U32(GI2CCTL), U32(GPVNDCTL), U32(GGPIO), U32(GUID),
    U32(GLPMCFG), U32(GPWRDN), U32(GDFIFOCFG), U32(HPTXFSIZ), U32(HCFG), U32(HFIR),
    U32(HAINTMSK), U32(HPRT), U32(PCGCTL),
    PB_FIELD_ARRAY(struct dwc2, DPTXFSIZ, PB_S_U32, FIFOS), EACH(HCCHAR, PB_S_U32),
    EACH(HCSPLT, PB_S_U32), EACH(HCINT, PB_S_U32), EACH(HCINTMSK, PB_S_U32),
    EACH(HCTSIZ, PB_S_U32), EACH(HCDMA, PB_S_U32), EACH(waits, PB_S_U8), EACH(since, PB_S_I64),
    EACH(result, PB_S_U8),
    PB_FIELD(struct dwc2, frame_zero, PB_S_I64), PB_FIELD(struct dwc2, frame_seen, PB_S_I64),
    PB_FIELD(struct dwc2, active_at, PB_S_I64),
};
static const struct pb_info info = {
    .size = sizeof info, .name = "usb", .doc = "show guest USB devices", .text = info_text};
static const struct pb_provide provides[] = {
    {PB_USB, &usb_service}, {PB_BUS_PARENT, &usb_bus_parent}, {PB_INFO, &info}};
static const char *const lines_out[] = {"irq", NULL};
static const char *const buses_out[] = {"usb=" PB_USB_BUS, NULL};

static const struct pb_device_class dwc2_class = {
    .size = sizeof dwc2_class,
    .flags = PB_DEV_OWN_DOMAIN | PB_DEV_NO_USER,
    .id = "dwc2",
    .title = "DesignWare USB 2.0 host controller",
    .category = "usb",
    .spec = "Synopsys DWC OTG 2.80a; USB 2.0",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .n_regions = 1,
    .lines_out = lines_out,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct dwc2),
    .state_version = 1,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .regs = &dwc2_regs,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .load = load,
    .drain = drain,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &dwc2_class}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_BUS, PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_THREAD, PB_SVC_STATE, PB_SVC_MINOR_1,
                                    NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.dwc2",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "DesignWare USB 2.0 host controller",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
