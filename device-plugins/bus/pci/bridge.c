/* SPDX-License-Identifier: MIT */
/* bridge.c - what all PCI-to-PCI bridges share, and pci-bridge: one to a conventional bus.
 *
 * PCI-to-PCI Bridge Architecture Specification 1.2, chapter 3. The guest gives the bus its
 * number and the bridge its windows; map.c and config.c read those registers.
 * chassis_nr= makes a Slot Numbering capability (13.1), from which guests name slots.
 * Not modelled: VGA and ISA modes, the hot-plug controller, extended (1.2, chapter 5) VPD.
 */
#include "pci-bus.h"

struct bridge {
    struct pbus bus; /* first */
    const struct pb_pci *pci;
    pb_pci_fn *fn;
};

pb_pci_fn *bridge_add(struct pbus *b, pb_dev *d, const struct pb_pci_info *i, pb_err *e)
{
    const struct pb_svc_bus *bus = b->h->get(b->h, PB_SVC_BUS);
    void *up;
    const struct pb_pci *pci = bus->parent(d, PB_PCI, &up);

    if (pci != &pci_service) { /* the topology is walked through our own structures */
        b->h->fail(e, PB_EINVAL, "a PCI bridge goes on a PCI bus of its own plugin");
        return NULL;
    }
    b->fab = ((struct pbus *)up)->fab;
    pb_pci_fn *f = pci->add(up, d, i, e);
    if (!f)
        return NULL;
    f->below = b;
    b->bridge = f;
    /* 3.2.4.8: header type 1; 3.2.5 */
    cfg_init(f, C_HEADER, 1 | (f->cfg[C_HEADER] & 0x80u), 0, 1);
    cfg_init(f, C_PRIMARY, 0, 0xffffff, 3);
    cfg_init(f, C_IO_BASE, 0x0101, 0xf0f0, 2); /* 32-bit I/O */
    f->w1c[C_SEC_STATUS + 1] = 0xf9;
    cfg_init(f, C_MEM_BASE, 0, 0xfff0fff0, 4);
    cfg_init(f, C_PREF_BASE, 0x00010001, 0xfff0fff0, 4); /* 64-bit */
    cfg_init(f, C_PREF_BASE_HI, 0, UINT32_MAX, 4);
    cfg_init(f, C_PREF_LIMIT_HI, 0, UINT32_MAX, 4);
    cfg_init(f, C_IO_BASE_HI, 0, UINT32_MAX, 4);
    cfg_init(f, C_BRIDGE_CTL, 0, 0x0043, 2);
    return f;
}

enum { P_CHASSIS = PB_PCI_P_N, P_SHPC };

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_pci_info info = {.size = sizeof info, .vendor = 0x1b36,
                                            .device = 0x0001, .class_code = 0x060400};
    struct bridge *br = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    uint32_t chassis = (uint32_t)prop->get_int(d, P_CHASSIS);

    pbus_init(&br->bus, d, h);
    br->bus.where = PB_PCI_AT_CONVENTIONAL;
    br->fn = bridge_add(&br->bus, d, &info, e);
    if (!br->fn)
        return PB_EINVAL;
    const uint8_t slot[] = {0x20, (uint8_t)chassis}; /* no slots of its own, first of the chassis */
    int rc = chassis ? fn_cap(br->fn, CAP_SLOT, slot, NULL, sizeof slot, e) : PB_OK;
    return rc < 0 ? rc : PB_OK;
}

static void unrealize(void *self)
{
    pbus_fini(self);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        bus_reset(self);
    else if (phase == PB_RESET_HOLD)
        bus_lines(self);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    return config_save(self, s, e);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    return config_load(self, s, e);
}

static const char *const off_only[] = {"off", NULL};
static const struct pb_prop props[] = {
    PB_PCI_PROPS,
    {.name = "chassis_nr", .doc = "chassis number that the guest is told; 0: none", .def = "0",
     .type = PB_T_UINT, .max = 255, .qemu_type = "uint8"},
    {.name = "shpc", .doc = "there is no standard hot-plug controller", .def = "off",
     .choices = off_only, .type = PB_T_ENUM, .qemu_type = "bool"},
};
static const struct pb_provide provides[] = {{PB_PCI, &pci_service},
                                             {PB_BUS_PARENT, &plain_parent},
                                             {PB_BOOT_PATH, &pci_boot_path}};
static const char *const buses_out[] = {"@=" PB_PCI_BUS, NULL};

const struct pb_device_class bridge_class = {
    .size = sizeof bridge_class,
    .flags = PB_DEV_PARALLEL,
    .id = "pci-bridge",
    .title = "Standard PCI Bridge",
    .category = "controller",
    .spec = "PCI-to-PCI Bridge Architecture 1.2",
    .bus = PB_PCI_BUS,
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct bridge),
    .state_version = 1,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .load = load,
};
