/* SPDX-License-Identifier: MIT */
/* @name@.c - a PCI function: reads LEN bytes at ADDR by DMA, adds them up, and interrupts.
 *
 *     -device @name@                   (on a board with a PCI bus)
 *
 * Configuration space, BARs, the command register and INTx belong to the bus: the function says
 * what it is, gives its regions, and is saved and reset with its own registers only. DMA works
 * while the guest has bus mastering on.
 *
 * Not modelled: message interrupts (pb_pci.msi, pb_pci.send).
 */
#include <plugboard/device.h>
#include <plugboard/pci.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { VENDOR = 0x1b36, DEVICE = 0x00ff, CLASS = 0xff0000, MAX = 65536 };
enum { CTRL_START = 1, STATUS_DONE = 1, STATUS_FAULT = 2 };
enum { R_CTRL = 1, R_STATUS };

struct @ident@ {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    const struct pb_pci *pci;
    pb_pci_fn *fn;
    uint64_t addr;
    uint32_t len, status, sum;
};

static void update(struct @ident@ *x)
{
    x->pci->intx(x->fn, x->status != 0);
}

static void start(struct @ident@ *x)
{
    uint8_t part[256];

    x->sum = 0;
    for (uint32_t at = 0; at < x->len; at += sizeof part) {
        uint32_t n = x->len - at < sizeof part ? x->len - at : (uint32_t)sizeof part;
        if (x->mem->read(x->mem->as(x->dev), x->addr + at, part, n) < 0) {
            x->status = STATUS_FAULT;
            return;
        }
        for (uint32_t i = 0; i < n; i++)
            x->sum += part[i];
    }
    x->status = STATUS_DONE;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct @ident@ *x = self;

    (void)i;
    if (r->id == R_STATUS)
        x->status &= ~(uint32_t)(val & r->mask);
    else if (val & CTRL_START)
        start(x);
    update(x);
}

static const struct pb_regfield status_fields[] = {
    {.name = "DONE", .lsb = 0, .width = 1, .doc = "SUM is there"},
    {.name = "FAULT", .lsb = 1, .width = 1, .doc = "ADDR was no memory"},
};
static const struct pb_reg regs[] = {
    {.name = "ADDR", .off = 0x0, .width = 8, .access = PB_R_RW, .mask = ~0ull,
     .var = PB_REG_VAR(struct @ident@, addr), .doc = "bus address"},
    {.name = "LEN", .off = 0x8, .width = 4, .access = PB_R_RW, .mask = MAX - 1,
     .var = PB_REG_VAR(struct @ident@, len), .doc = "bytes"},
    {.name = "CTRL", .off = 0xc, .width = 4, .access = PB_R_WO, .mask = CTRL_START, .id = R_CTRL,
     .flags = PB_REG_HOOK_W, .doc = "bit 0: add up"},
    {.name = "STATUS", .off = 0x10, .width = 4, .access = PB_R_W1C,
     .mask = STATUS_DONE | STATUS_FAULT, .var = PB_REG_VAR(struct @ident@, status),
     .id = R_STATUS, .flags = PB_REG_HOOK_W, .fields = status_fields, .n_fields = 2,
     .doc = "what became of it; the interrupt"},
    {.name = "SUM", .off = 0x14, .width = 4, .access = PB_R_RO,
     .var = PB_REG_VAR(struct @ident@, sum), .doc = "of the bytes"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "@name@",
                                     NULL, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct @ident@ *x = self;

    return pb_regs_read(&table, x, x->h, x->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct @ident@ *x = self;

    pb_regs_write(&table, x, x->h, x->dev, off, val, bytes);
}

static void fn_reset(void *self)
{
    struct @ident@ *x = self;

    pb_regs_reset(&table, x);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 8,
        .impl_min = 4, .impl_max = 8};
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    struct @ident@ *x = self;
    const struct pb_pci_info info = {.size = sizeof info, .vendor = VENDOR, .device = DEVICE,
        .class_code = CLASS, .pin = 1, .express = 1, .self = x, .reset = fn_reset};
    void *at;

    x->h = h;
    x->dev = d;
    x->mem = h->get(h, PB_SVC_MEM);
    x->pci = bus->parent(d, PB_PCI, &at);
    if (!x->pci)
        return h->fail(e, PB_EINVAL, "@name@ sits on no PCI bus");
    x->fn = x->pci->add(at, d, &info, e);
    pb_region *r = x->fn ? x->mem->io(d, "regs", 0x1000, &ops, x, e) : NULL;
    return r ? x->pci->bar(x->fn, 0, PB_PCI_BAR_MEM32, r, 0x1000, e) : PB_EINVAL;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        fn_reset(self);
}

static const struct pb_prop props[] = {PB_PCI_PROPS};
static const struct pb_field state[] = {
    PB_FIELD(struct @ident@, addr, PB_S_U64),
    PB_FIELD(struct @ident@, len, PB_S_U32),
    PB_FIELD(struct @ident@, status, PB_S_U32),
    PB_FIELD(struct @ident@, sum, PB_S_U32),
};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .title = "Example PCI function @name@",
    .category = "misc", .bus = PB_PCI_BUS, .props = props,
    .n_props = sizeof props / sizeof *props, .instance_size = sizeof(struct @ident@),
    .state_version = 1, .state = state, .n_state = sizeof state / sizeof *state, .regs = &table,
    .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BUS, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "PCI function @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
