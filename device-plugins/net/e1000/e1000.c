/* SPDX-License-Identifier: MIT */
/* e1000.c - Intel 82540EM, 82544GC and 82545EM gigabit Ethernet controllers. Intel 317453;
 * "13.4" is a section of it.
 *
 * BAR 0 (memory) has the registers, BAR 1 (I/O) a pair that reaches them. All runs in the
 * device's own domain: a write of TDT sends on the thread that made it, a frame from the
 * wire enters the domain. A guest without receive buffers stops the wire.
 * Not modelled: the link at other speeds, serdes, flow control, wake-up, management, collisions,
 * packet split, early interrupts, EEPROM writes.
 */
#include "e1000.h"

#include <plugboard/plugin.h>

#include <string.h>

#define BAR_BYTES 0x20000u

/* ---- Interrupts: 13.4.17 to 13.4.21 ------------------------------------------------------ */

/* ITR, 13.4.18: at least that many times 256 ns between two rises. */
void update_irq(struct e1000 *e)
{
    int64_t now;

    if (!(e->ICR & e->IMS)) {
        e->up = 0;
        e->time->disarm(e->itr_timer);
        e->pci->intx(e->fn, 0);
        return;
    }
    if (e->up)
        return;
    now = e->ITR ? e->time->now(e->h, PB_CLK_VIRTUAL) : 0;
    if (e->ITR && now < e->itr_next) {
        e->time->arm(e->itr_timer, e->itr_next);
        return;
    }
    e->itr_next = now + e->ITR * 256ll;
    e->up = 1;
    e->pci->intx(e->fn, 1);
}

static void itr_expired(void *self)
{
    struct e1000 *e = self;

    e->itr_next = 0;
    update_irq(e);
}

void set_cause(struct e1000 *e, uint32_t cause)
{
    e->ICR |= cause;
    update_irq(e);
}

uint32_t read_icr(struct e1000 *e)
{
    uint32_t v = e->ICR;

    e->ICR = 0;
    update_irq(e);
    return v;
}

/* ---- Statistics: they stick at their highest value, 13.7 --------------------------------- */

void count(struct e1000 *e, uint32_t reg)
{
    uint32_t *s = &e->STAT[(reg - 0x4000) / 4];

    if (*s != UINT32_MAX)
        ++*s;
}

void count64(struct e1000 *e, uint32_t reg, uint64_t n)
{
    uint32_t *s = &e->STAT[(reg - 0x4000) / 4];
    uint64_t v = s[0] | (uint64_t)s[1] << 32;

    v = v > UINT64_MAX - n ? UINT64_MAX : v + n;
    s[0] = (uint32_t)v;
    s[1] = (uint32_t)(v >> 32);
}

/* Six registers by size: 64, to 127, 255, 511, 1023, more. */
void count_size(struct e1000 *e, uint32_t first, uint32_t bytes)
{
    uint32_t k = 0;

    while (k < 5 && bytes > (k ? (64u << k) - 1 : 64))
        k++;
    count(e, first + 4 * k);
}

/* ---- Registers --------------------------------------------------------------------------- */

static uint64_t bar_read(void *opaque, uint64_t off, uint32_t n)
{
    struct e1000 *e = opaque;

    return pb_regs_read(&e1000_regs, e, e->h, e->dev, off, n);
}

static void bar_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    struct e1000 *e = opaque;

    pb_regs_write(&e1000_regs, e, e->h, e->dev, off, val, n);
}

/* 13.2.2: IOADDR names a register, IODATA is it. */
static uint64_t io_read(void *opaque, uint64_t off, uint32_t n)
{
    struct e1000 *e = opaque;

    if (off == 0)
        return e->IOADDR;
    return off == 4 && e->IOADDR < BAR_BYTES ? bar_read(e, e->IOADDR & ~3u, n) : 0;
}

static void io_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    struct e1000 *e = opaque;

    if (off == 0)
        e->IOADDR = (uint32_t)val;
    else if (off == 4 && e->IOADDR < BAR_BYTES)
        bar_write(e, e->IOADDR & ~3u, val, n);
}

/* ---- The wire ---------------------------------------------------------------------------- */

static int frame(void *self, const struct pb_iov *v, uint32_t cnt, uint32_t flags)
{
    struct e1000 *e = self;

    (void)flags;
    e->thread->enter(e->dev);
    int rc = receive(e, v, cnt);
    e->thread->leave(e->dev);
    return rc;
}

static void wire_ready(void *self)
{
    struct e1000 *e = self;

    e->thread->enter(e->dev);
    transmit(e);
    e->thread->leave(e->dev);
}

static void cable(void *self, uint32_t up)
{
    struct e1000 *e = self;

    e->thread->enter(e->dev);
    e->cable = up;
    link_update(e);
    e->thread->leave(e->dev);
}

static const struct pb_net_ops net_ops = {
    .size = sizeof net_ops, .frame = frame, .ready = wire_ready, .link = cable};

/* ---- Life -------------------------------------------------------------------------------- */

enum { P_NETDEV = PB_PCI_P_N, P_MAC };

static void function_reset(void *self)
{
    struct e1000 *e = self;

    e1000_registers_reset(e);
    phy_reset(e);
    link_update(e);
    e->ICR = 0; /* what a link that was there says is no news */
    update_irq(e);
}

static int take_mac(struct e1000 *e, const struct pb_svc_prop *prop, pb_err *err)
{
    uint64_t v = (uint64_t)prop->get_int(e->dev, P_MAC);

    if (v >> 40 & 1)
        return e->h->fail(err, PB_EINVAL, "mac is a group address; the first byte must be even");
    for (uint32_t i = 0; i < 6; i++)
        e->mac[i] = (uint8_t)(v >> (40 - 8 * i));
    return PB_OK;
}

static int make_timers(struct e1000 *e, pb_err *err)
{
    e->itr_timer = e->time->timer(e->dev, "itr", PB_CLK_VIRTUAL, itr_expired, e, err);
    e->rx_timer = e->time->timer(e->dev, "rx", PB_CLK_VIRTUAL, rx_expired, e, err);
    e->tx_timer = e->time->timer(e->dev, "tx", PB_CLK_VIRTUAL, tx_expired, e, err);
    return e->itr_timer && e->rx_timer && e->tx_timer ? PB_OK : PB_ENOMEM;
}

static int make_function(struct e1000 *e, uint8_t revision, pb_err *err)
{
    static const struct pb_region_ops mem = {.read = bar_read, .write = bar_write, .min = 1,
                                             .max = 4, .impl_min = 4, .impl_max = 4};
    static const struct pb_region_ops io = {.read = io_read, .write = io_write, .min = 1,
                                            .max = 4, .impl_min = 4, .impl_max = 4};
    const struct pb_svc_bus *bus = e->h->get(e->h, PB_SVC_BUS);
    const struct pb_pci_info info = {.size = sizeof info, .vendor = 0x8086, .device = e->device,
                                     .sub_vendor = 0x1af4, .sub_device = 0x1100,
                                     .class_code = 0x020000, .revision = revision, .pin = 1,
                                     .self = e, .reset = function_reset};
    void *at;

    e->pci = bus->parent(e->dev, PB_PCI, &at);
    e->fn = e->pci ? e->pci->add(at, e->dev, &info, err) : NULL;
    if (!e->fn)
        return PB_EINVAL;
    e->as = e->mem->as(e->dev);
    pb_region *regs = e->mem->io(e->dev, "e1000", BAR_BYTES, &mem, e, err);
    pb_region *ports = e->mem->io(e->dev, "e1000-io", 64, &io, e, err);
    if (!regs || !ports)
        return PB_ENOMEM;
    int rc = e->pci->bar(e->fn, 0, PB_PCI_BAR_MEM32, regs, BAR_BYTES, err);
    return rc < 0 ? rc : e->pci->bar(e->fn, 1, PB_PCI_BAR_IO, ports, 64, err);
}

static int realize(void *self, pb_dev *d, const pb_host *h, uint16_t device, uint8_t revision,
                   pb_err *err)
{
    struct e1000 *e = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    e->dev = d;
    e->h = h;
    e->mem = h->get(h, PB_SVC_MEM);
    e->net = h->get(h, PB_SVC_NET);
    e->time = h->get(h, PB_SVC_TIME);
    e->thread = h->get(h, PB_SVC_THREAD);
    e->device = device;
    e->wire = prop->get_net(d, P_NETDEV);
    if (!e->wire)
        return h->fail(err, PB_EINVAL, "e1000: netdev names no network");
    e->cable = 1;
    int rc = take_mac(e, prop, err);
    eeprom_make(e);
    rc = rc < 0 ? rc : make_function(e, revision, err);
    rc = rc < 0 ? rc : make_timers(e, err);
    return rc < 0 ? rc : e->net->attach(e->wire, &net_ops, e);
}

static int realize_82540em(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return realize(self, d, h, 0x100e, 3, e);
}

static int realize_82544gc(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return realize(self, d, h, 0x100c, 3, e);
}

static int realize_82545em(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    return realize(self, d, h, 0x100f, 3, e);
}

static void unrealize(void *self)
{
    struct e1000 *e = self;

    e->net->attach(e->wire, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct e1000 *e = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        e1000_registers_reset(e);
        phy_reset(e);
    } else if (phase == PB_RESET_HOLD) {
        link_update(e);
        e->ICR = 0;
        update_irq(e);
    }
}

static const char *const net_kinds[] = {PB_IF_NET, NULL};
static const struct pb_prop props[] = {
    PB_PCI_PROPS,
    {.name = "netdev", .doc = "ID of a netdev to use as a backend", .choices = net_kinds,
     .type = PB_T_LINK, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "mac", .doc = "Ethernet 6-byte MAC Address, example: 52:54:00:12:34:56",
     .def = "52:54:00:12:34:56", .type = PB_T_MAC, .qemu_type = "str"},
};

#define U32(m) PB_FIELD(struct e1000, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(CTRL), U32(STATUS), U32(EECD), U32(EERD), U32(CTRL_EXT), U32(FLA), U32(MDIC), U32(FCAL),
    U32(FCAH), U32(FCT), U32(VET), U32(ICR), U32(ITR), U32(IMS), U32(RCTL), U32(FCTTV),
    U32(TXCW), U32(RXCW), U32(TCTL), U32(TIPG), U32(AIFS), U32(LEDCTL), U32(PBA), U32(FCRTL),
    U32(FCRTH), U32(RDBAL), U32(RDBAH), U32(RDLEN), U32(RDH), U32(RDT), U32(RDTR), U32(RXDCTL),
    U32(RADV), U32(RSRPD), U32(TDBAL), U32(TDBAH), U32(TDLEN), U32(TDH), U32(TDT), U32(TIDV),
    U32(TXDCTL), U32(TADV), U32(TSPMT), U32(RXCSUM), U32(WUC), U32(WUFC), U32(MANC), U32(IOADDR),
    PB_FIELD_ARRAY(struct e1000, STAT, PB_S_U32, STATS),
    PB_FIELD_ARRAY(struct e1000, MTA, PB_S_U32, 128),
    PB_FIELD_ARRAY(struct e1000, RA, PB_S_U32, 32),
    PB_FIELD_ARRAY(struct e1000, VFTA, PB_S_U32, 128),
    PB_FIELD_ARRAY(struct e1000, phy, PB_S_U16, PHY_REGS),
    U32(ee_bits), U32(ee_in), U32(ee_out), U32(ee_reading), U32(up), U32(cable),
    PB_FIELD(struct e1000, itr_next, PB_S_I64), PB_FIELD(struct e1000, rx_by, PB_S_I64),
    PB_FIELD(struct e1000, tx_by, PB_S_I64),
    {"ctx", PB_S_BYTES, (uint32_t)offsetof(struct e1000, ctx), 2 * sizeof(struct context), 1},
    PB_FIELD_ARRAY(struct e1000, data, PB_S_BYTES, TX_BYTES),
    U32(tx_len), U32(tx_sum), U32(tx_css), U32(tx_cso), U32(tx_popts), U32(tx_tse), U32(tx_vlan),
    U32(tx_tag), U32(tx_bad), U32(tx_first), U32(tx_at), U32(tx_ready),
};

/* What the arithmetic of tx.c relies on; the stream may be anybody's. */
static int load(void *self, pb_state *s, pb_err *err)
{
    struct e1000 *e = self;
    const struct context *c = &e->ctx[1];

    (void)s;
    if (e->tx_len > TX_BYTES || e->ee_bits > 32 ||
        (e->tx_ready && e->tx_tse && (c->mss == 0 || e->tx_len <= c->hdrlen)))
        return e->h->fail(err, PB_EINVAL, "e1000: the saved state is damaged");
    return PB_OK;
}

#define CLASS(var, name, names, fn, text)                                                      \
    static const struct pb_device_class var = {                                                \
        .size = sizeof var,                                                                    \
        .flags = PB_DEV_OWN_DOMAIN | PB_DEV_HOTPLUG,                                           \
        .id = name,                                                                            \
        .aliases = names,                                                                      \
        .title = text,                                                                         \
        .category = "network",                                                                 \
        .spec = "Intel 317453",                                                                \
        .bus = PB_PCI_BUS,                                                                     \
        .props = props,                                                                        \
        .n_props = sizeof props / sizeof *props,                                               \
        .instance_size = sizeof(struct e1000),                                                 \
        .state_version = 1,                                                                    \
        .n_state = sizeof state / sizeof *state,                                               \
        .state = state,                                                                        \
        .regs = &e1000_regs,                                                                   \
        .realize = fn,                                                                         \
        .unrealize = unrealize,                                                                \
        .reset = reset,                                                                        \
        .load = load,                                                                          \
    };
static const char *const aliases[] = {"e1000-82540em", NULL};
CLASS(class_82540em, "e1000", aliases, realize_82540em, "Intel Gigabit Ethernet")
CLASS(class_82544gc, "e1000-82544gc", NULL, realize_82544gc, "Intel Gigabit Ethernet")
CLASS(class_82545em, "e1000-82545em", NULL, realize_82545em, "Intel Gigabit Ethernet")

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &class_82540em},
                                              {PB_CLASS_DEVICE, &class_82544gc},
                                              {PB_CLASS_DEVICE, &class_82545em}};
static const char *const needs[] = {PB_SVC_MEM,  PB_SVC_BUS,  PB_SVC_NET, PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.e1000",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "Intel 8254x gigabit Ethernet",
    .needs = needs,
    .classes = classes,
    .n_classes = 3,
};
