/* SPDX-License-Identifier: MIT */
/* port.c - pcie-root-port: one slot below the root complex, with native hot plug.
 *
 * PCI Express Base Specification 4.0: 7.5.3.9 to 7.5.3.11 (slot registers), 6.7 (hot plug).
 * A device that comes sets Presence Detect and, once the slot has power, Data Link Layer
 * Active. A device that is to go has its attention button pressed; the guest lets go of it by
 * switching the slot off. The guest may switch the slot off and on by itself: what is in it
 * is reset and does not answer meanwhile.
 * bus-reserve= and the like ask firmware for room below the port: QEMU documentation,
 * docs/pcie_pci_bridge.txt (vendor-specific capability "resource reserve").
 * Not modelled: the command-completed event (No Command Completed Support is set), power
 * faults, the MRL sensor, power management events, error reporting.
 */
#include "pci-bus.h"

/* Offsets in the PCI Express capability, and bits. */
enum { FLAGS = 0x02, LNKCAP = 0x0c, LNKSTA = 0x12, SLTCAP = 0x14, SLTCTL = 0x18, SLTSTA = 0x1a,
       RTCTL = 0x1c };
#define LNKCAP_REPORTS (1u << 20)
#define LNKSTA_ACTIVE 0x2000u
#define SLTCAP_BITS (0x1u | 0x2u | 0x8u | 0x10u | 0x40u | 1u << 18) /* button, power, both
                                           indicators, hot plug, no command completed */
#define CTL_HPIE 0x20u
#define CTL_ATT_OFF 0xc0u
#define CTL_PWR_IND 0x300u
#define CTL_PWR_ON 0x100u
#define CTL_PWR_BLINK 0x200u
#define CTL_POWER_OFF 0x400u
#define CTL_DLLSC 0x1000u
#define STA_BUTTON 0x1u
#define STA_PDC 0x8u
#define STA_PRESENT 0x40u
#define STA_DLLSC 0x100u

enum { P_PORT = PB_PCI_P_N, P_CHASSIS, P_SLOT, P_HOTPLUG, P_BUSES, P_IO, P_MEM, P_PREF32,
       P_PREF64 };

struct port {
    struct pbus bus; /* first */
    const struct pb_svc_bus *svc;
    pb_pci_fn *fn;
    pb_dev *leaving; /* its button was pressed */
    uint32_t hotplug, raised;
};

static uint32_t reg(const struct port *p, uint32_t off, uint32_t n)
{
    return cfg_get(p->fn, p->fn->express + off, n);
}

static void put(struct port *p, uint32_t off, uint32_t v)
{
    cfg_put(p->fn, p->fn->express + off, v, 2);
}

static uint32_t occupied(const struct port *p)
{
    for (uint32_t i = 0; i < 8; i++)
        if (p->bus.slot[i])
            return 1;
    return 0;
}

/* Status follows what is in the slot and whether it has power. fab->lock is held. */
static void follow(struct port *p, uint32_t events)
{
    uint32_t sta = reg(p, SLTSTA, 2), link = reg(p, LNKSTA, 2);
    uint32_t present = occupied(p), on = !(reg(p, SLTCTL, 2) & CTL_POWER_OFF);

    if (present != !!(sta & STA_PRESENT)) {
        sta ^= STA_PRESENT;
        if (events) /* whoever puts a card in presses the button for its power (6.7.1.5) */
            sta |= STA_PDC | (present && !on ? STA_BUTTON : 0);
    }
    if ((present && on) != !!(link & LNKSTA_ACTIVE)) {
        put(p, LNKSTA, link ^ LNKSTA_ACTIVE);
        sta |= events ? STA_DLLSC : 0;
    }
    put(p, SLTSTA, sta);
    if (on != p->bus.powered) {
        if (!on)
            fn_reset_below(&p->bus);
        p->bus.powered = on;
        map_bus(&p->bus);
    }
}

/* 6.7.3.4: the interrupt is the OR of the enabled events. No lock is held. */
static void interrupt(struct port *p)
{
    struct fabric *fab = p->bus.fab;

    pthread_mutex_lock(&fab->lock);
    uint32_t ctl = reg(p, SLTCTL, 2), sta = reg(p, SLTSTA, 2);
    uint32_t on = (ctl & CTL_HPIE) && ((sta & ctl & 0xf) ||
                                       ((ctl & CTL_DLLSC) && (sta & STA_DLLSC)));
    uint32_t rose = on && !p->raised;
    p->raised = on;
    pthread_mutex_unlock(&fab->lock);
    if (!fn_messages(p->fn))
        fn_intx(p->fn, on);
    else if (rose)
        fn_send(p->fn, 0);
}

/* The guest wrote configuration space of the port. */
static void written(void *self, uint32_t off, uint32_t n)
{
    struct port *p = self;
    struct fabric *fab = p->bus.fab;
    uint32_t at = p->fn->express + SLTCTL;

    if (off >= at + 4 || off + n <= at)
        return;
    pthread_mutex_lock(&fab->lock);
    uint32_t was = p->bus.powered;
    follow(p, 1);
    pb_dev *gone = was && !p->bus.powered ? p->leaving : NULL;
    if (gone)
        p->leaving = NULL;
    pthread_mutex_unlock(&fab->lock);
    interrupt(p);
    if (gone)
        p->svc->unplugged(gone);
}

/* A device came or went. [main] */
static void changed(struct pbus *b)
{
    struct port *p = (struct port *)b;

    pthread_mutex_lock(&b->fab->lock);
    if (p->leaving && !occupied(p))
        p->leaving = NULL;
    follow(p, 1);
    pthread_mutex_unlock(&b->fab->lock);
    interrupt(p);
}

/* Two slots of one number in one chassis would be one slot. */
static int check_chassis(struct port *p, pb_dev *d, pb_err *e)
{
    const struct pb_svc_prop *prop = p->bus.h->get(p->bus.h, PB_SVC_PROP);
    struct pbus *root = p->fn->bus;

    if (!prop->is_set(d, P_CHASSIS) || !prop->is_set(d, P_SLOT))
        return PB_OK;
    p->fn->chassis = CHASSIS_SET | (uint32_t)prop->get_int(d, P_CHASSIS) << 16 |
                     (uint32_t)prop->get_int(d, P_SLOT);
    for (uint32_t i = 0; i < 256; i++)
        if (root->slot[i] && root->slot[i]->chassis == p->fn->chassis)
            return p->bus.h->fail(e, PB_EBUSY, "Can't add chassis slot, error -16: another port "
                                  "has this chassis and slot; give them different numbers");
    return PB_OK;
}

static uint64_t wish(const struct pb_svc_prop *prop, pb_dev *d, uint32_t which)
{
    return prop->is_set(d, which) ? (uint64_t)prop->get_int(d, which) : UINT64_MAX;
}

/* What the user wants kept free for devices that come later; all ones: as firmware likes. */
static int reserve(pb_pci_fn *f, pb_dev *d, const struct pb_svc_prop *prop, pb_err *e)
{
    enum { BYTES = 0x20, RESOURCE_RESERVE = 1 };
    static const uint8_t at[] = {2, 6, 14, 18, 22}, n[] = {4, 8, 4, 4, 8};
    uint64_t v[] = {wish(prop, d, P_BUSES), wish(prop, d, P_IO), wish(prop, d, P_MEM),
                    wish(prop, d, P_PREF32), wish(prop, d, P_PREF64)};
    uint8_t body[BYTES - 2] = {BYTES, RESOURCE_RESERVE};

    if ((v[0] & v[1] & v[2] & v[3] & v[4]) == UINT64_MAX)
        return PB_OK;
    if (v[3] != UINT64_MAX && v[4] != UINT64_MAX)
        return f->bus->h->fail(e, PB_EINVAL, "PCI resource reserve cap: pref32-reserve and "
                               "pref64-reserve conflict; give one of them");
    for (uint32_t i = 0; i < 5; i++)
        for (uint32_t k = 0; k < n[i]; k++)
            body[at[i] + k] = (uint8_t)(v[i] >> 8 * k);
    int rc = fn_cap(f, CAP_VENDOR, body, NULL, sizeof body, e);
    return rc < 0 ? rc : PB_OK;
}

/* ---- Life -------------------------------------------------------------------------------- */

static int make_slot(struct port *p, uint32_t slot, uint32_t number, pb_err *e)
{
    pb_pci_fn *f = p->fn;
    int rc = fn_express(f, 4, e);

    if (rc < 0)
        return rc;
    uint32_t at = (uint32_t)rc;
    cfg_init(f, at + FLAGS, cfg_get(f, at + FLAGS, 2) | 0x100, 0, 2); /* slot implemented */
    cfg_init(f, at + LNKCAP, cfg_get(f, at + LNKCAP, 4) | LNKCAP_REPORTS | number << 24, 0, 4);
    cfg_init(f, at + SLTCAP, slot << 19 | (p->hotplug ? SLTCAP_BITS : 0), 0, 4);
    cfg_init(f, at + SLTCTL, CTL_ATT_OFF | CTL_PWR_ON, p->hotplug ? 0x17ff : 0, 2);
    f->w1c[at + SLTSTA] = 0x1f;
    f->w1c[at + SLTSTA + 1] = 0x01;
    cfg_init(f, at + RTCTL, 0, 0x1f, 2);
    return fn_msi(f, 1, e);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct port *p = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_pci_info info = {.size = sizeof info, .vendor = 0x1b36, .device = 0x000c,
                                     .class_code = 0x060400, .pin = 1, .express = 1, .self = p,
                                     .written = written};

    pbus_init(&p->bus, d, h);
    p->svc = h->get(h, PB_SVC_BUS);
    p->bus.where = PB_PCI_AT_PORT;
    p->bus.changed = changed;
    p->hotplug = (uint32_t)prop->get_int(d, P_HOTPLUG);
    p->fn = bridge_add(&p->bus, d, &info, e);
    if (!p->fn)
        return PB_EINVAL;
    if (p->fn->bus->where != PB_PCI_AT_ROOT)
        return h->fail(e, PB_EINVAL, "a pcie-root-port goes on the root bus: bus=pcie.0");
    int rc = check_chassis(p, d, e);
    uint32_t slot = prop->is_set(d, P_SLOT) ? (uint32_t)prop->get_int(d, P_SLOT) : p->fn->devfn;
    rc = rc < 0 ? rc : reserve(p->fn, d, prop, e);
    return rc < 0 ? rc : make_slot(p, slot, (uint32_t)prop->get_int(d, P_PORT), e);
}

static void unrealize(void *self)
{
    pbus_fini(self);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct port *p = self;
    struct fabric *fab = p->bus.fab;
    pb_dev *gone = NULL;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        bus_reset(&p->bus);
        pthread_mutex_lock(&fab->lock);
        if (p->hotplug && !occupied(p)) /* an empty slot is off; the guest switches it on */
            put(p, SLTCTL, CTL_ATT_OFF | CTL_PWR_IND | CTL_POWER_OFF);
        put(p, SLTSTA, 0);
        follow(p, 0);
        gone = p->leaving;
        p->leaving = NULL;
        p->raised = 0;
        pthread_mutex_unlock(&fab->lock);
        if (gone) /* the guest that was asked is no more */
            p->svc->unplugged(gone);
    } else if (phase == PB_RESET_HOLD) {
        bus_lines(&p->bus);
        interrupt(p);
    }
}

static int save(void *self, pb_state *s, pb_err *e)
{
    return config_save(self, s, e);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct port *p = self;

    pthread_mutex_lock(&p->bus.fab->lock);
    follow(p, 0); /* power, from the registers that the bus above has loaded */
    pthread_mutex_unlock(&p->bus.fab->lock);
    int rc = config_load(self, s, e);
    interrupt(p);
    return rc;
}

/* ---- The slot's bus ---------------------------------------------------------------------- */

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    (void)bus;
    return fn_attach(self, child, e);
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus;
    fn_detach(self, child);
}

static pb_as *as(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus;
    return fn_as(self, child);
}

static uint32_t hotplug(void *self, uint32_t bus)
{
    (void)bus;
    return ((struct port *)self)->hotplug;
}

static int unplug(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct port *p = self;
    struct fabric *fab = p->bus.fab;

    (void)bus;
    pthread_mutex_lock(&fab->lock);
    uint32_t on = p->bus.powered;
    uint32_t busy = (reg(p, SLTCTL, 2) & CTL_PWR_IND) == CTL_PWR_BLINK;
    if (on && !busy) {
        p->leaving = child;
        put(p, SLTSTA, reg(p, SLTSTA, 2) | STA_BUTTON);
    }
    pthread_mutex_unlock(&fab->lock);
    if (!on)
        return PB_OK;
    if (busy)
        return p->bus.h->fail(e, PB_EBUSY, "Hot-unplug failed: guest is busy (power indicator "
                              "blinking)");
    interrupt(p);
    return PB_EAGAIN;
}

static const struct pb_bus_parent slot_parent = {
    .size = sizeof slot_parent, .attach = attach, .detach = detach, .as = as,
    .hotplug = hotplug, .unplug = unplug};
static const struct pb_prop props[] = {
    PB_PCI_PROPS,
    {.name = "port", .doc = "port number in the link capabilities", .def = "0",
     .type = PB_T_UINT, .max = 255, .qemu_type = "uint8"},
    {.name = "chassis", .doc = "chassis number: a slot's number is unique in it",
     .def = "0", .type = PB_T_UINT, .max = 255, .qemu_type = "uint8"},
    {.name = "slot", .doc = "physical slot number that the guest is told", .type = PB_T_UINT,
     .max = 8191, .qemu_type = "uint16"},
    {.name = "hotplug", .doc = "devices may come and go", .def = "on", .type = PB_T_BOOL},
    {.name = "bus-reserve", .doc = "bus numbers to keep free below", .type = PB_T_UINT,
     .max = 255, .qemu_type = "uint32"},
    {.name = "io-reserve", .doc = "bytes of I/O space to keep free below", .type = PB_T_SIZE},
    {.name = "mem-reserve", .doc = "the same of memory", .type = PB_T_SIZE, .max = UINT32_MAX - 1},
    {.name = "pref32-reserve", .doc = "the same of prefetchable memory below 4 GiB",
     .type = PB_T_SIZE, .max = UINT32_MAX - 1},
    {.name = "pref64-reserve", .doc = "the same of prefetchable memory", .type = PB_T_SIZE},
};
static const struct pb_provide provides[] = {{PB_PCI, &pci_service},
                                             {PB_BUS_PARENT, &slot_parent},
                                             {PB_BOOT_PATH, &pci_boot_path}};
static const char *const buses_out[] = {"@=" PB_PCI_BUS, NULL};

const struct pb_device_class port_class = {
    .size = sizeof port_class,
    .flags = PB_DEV_PARALLEL,
    .id = "pcie-root-port",
    .title = "PCI Express Root Port",
    .category = "controller",
    .spec = "PCI Express Base 4.0, 7.5.3",
    .bus = PB_PCI_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct port),
    .state_version = 1,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .load = load,
};
