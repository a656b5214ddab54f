/* SPDX-License-Identifier: MIT */
/* host.c - gpex-pcihost: a PCI Express root complex with ECAM and nothing else.
 *
 * PCI Express Base Specification 4.0, 7.2.2 (ECAM); devicetree bindings "pci-host-ecam-generic"
 * and IEEE 1275 PCI Bus Binding 2.1 (ranges, interrupt-map). Regions: 0 configuration space,
 * 1 I/O ports, 2 memory below 4 GiB, 3 memory above. A bus address of memory is the CPU's.
 * Message-signalled interrupts go to the controller that link `msi` names; without one they
 * are stores to memory.
 * The device is parallel: configuration accesses lock the fabric (see pci-bus.h).
 * Not modelled: error reporting (AER), ATS, PASID; configuration reads of 8 bytes.
 */
#include "pci-bus.h"

#include <plugboard/board.h>
#include <plugboard/plugin.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

enum { P_ECAM, P_IO, P_MEM, P_MEM_SIZE, P_HIGH, P_HIGH_SIZE, P_MSI };

struct gpex {
    struct pbus bus; /* first */
    struct fabric fab;
    uint64_t ecam_size, mem, mem_size, high, high_size, io_size;
    pb_pci_fn *self; /* 00:00.0 */
};

static uint64_t ecam_read(void *opaque, uint64_t off, uint32_t bytes)
{
    struct gpex *g = opaque;

    return config_read(&g->fab, (uint32_t)(off >> 20), off >> 12 & 0xff, off & 0xfff, bytes);
}

static void ecam_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct gpex *g = opaque;

    config_write(&g->fab, (uint32_t)(off >> 20), off >> 12 & 0xff, off & 0xfff, (uint32_t)val,
                 bytes);
}

/* What the windows show where no BAR is: all ones, as an unanswered read gives (2.3.2). */
static uint64_t void_read(void *opaque, uint64_t off, uint32_t bytes)
{
    (void)opaque, (void)off, (void)bytes;
    return UINT64_MAX;
}

static void void_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    (void)opaque, (void)off, (void)val, (void)bytes;
}

/* ---- Life -------------------------------------------------------------------------------- */

static int window(struct gpex *g, uint32_t i, const char *name, pb_region *of, uint64_t base,
                  uint64_t size, pb_err *e)
{
    pb_region *r = g->fab.mem->alias(g->bus.dev, name, of, base, size, e);

    return r ? g->fab.mem->publish(g->bus.dev, i, r, e) : PB_ENOMEM;
}

static int make_regions(struct gpex *g, pb_err *e)
{
    static const struct pb_region_ops ecam = {.read = ecam_read, .write = ecam_write, .min = 1,
                                              .max = 4, .impl_min = 1, .impl_max = 4};
    static const struct pb_region_ops none = {.read = void_read, .write = void_write, .min = 1,
                                              .max = 8, .impl_min = 1, .impl_max = 8,
                                              .flags = PB_RO_UNALIGNED};
    const struct pb_svc_mem *m = g->fab.mem;
    pb_dev *d = g->bus.dev;
    uint64_t all = g->high + g->high_size;
    pb_region *cfg = m->io(d, "ecam", g->ecam_size, &ecam, g, e);
    pb_region *mem_none = m->io(d, "no-memory", all, &none, g, e);
    pb_region *io_none = m->io(d, "no-ports", g->io_size, &none, g, e);

    g->fab.mem_space = m->container(d, "pci-memory", all, e);
    g->fab.io_space = m->container(d, "pci-ports", g->io_size, e);
    if (!cfg || !mem_none || !io_none || !g->fab.mem_space || !g->fab.io_space)
        return PB_ENOMEM;
    int rc = m->place(g->fab.mem_space, mem_none, 0, 0, e);
    rc = rc < 0 ? rc : m->place(g->fab.io_space, io_none, 0, 0, e);
    rc = rc < 0 ? rc : m->publish(d, 0, cfg, e);
    rc = rc < 0 ? rc : window(g, 1, "pci-io", g->fab.io_space, 0, g->io_size, e);
    rc = rc < 0 ? rc : window(g, 2, "pci-mem", g->fab.mem_space, g->mem, g->mem_size, e);
    return rc < 0 ? rc : window(g, 3, "pci-high", g->fab.mem_space, g->high, g->high_size, e);
}

/* The bridge itself, as the first function on its bus. */
static int make_self(struct gpex *g, pb_err *e)
{
    const struct pb_pci_info i = {.size = sizeof i, .vendor = 0x1b36, .device = 0x0008,
                                  .sub_vendor = 0x1af4, .sub_device = 0x1100,
                                  .class_code = 0x060000};

    g->self = fn_new(&g->bus, g->bus.dev, &i, 0, e);
    if (!g->self)
        return PB_ENOMEM;
    fn_attach_fn(g->self);
    return PB_OK;
}

static int read_props(struct gpex *g, pb_dev *d, pb_err *e)
{
    const struct pb_svc_prop *p = g->fab.prop;

    g->ecam_size = (uint64_t)p->get_int(d, P_ECAM);
    g->io_size = (uint64_t)p->get_int(d, P_IO);
    g->mem = (uint64_t)p->get_int(d, P_MEM);
    g->mem_size = (uint64_t)p->get_int(d, P_MEM_SIZE);
    g->high = (uint64_t)p->get_int(d, P_HIGH);
    g->high_size = (uint64_t)p->get_int(d, P_HIGH_SIZE);
    if (g->mem + g->mem_size > 1ull << 32 || g->high < 1ull << 32 ||
        g->high > UINT64_MAX - g->high_size || (g->ecam_size & 0xfffff))
        return g->fab.h->fail(e, PB_EINVAL, "gpex-pcihost: mem-base + mem-size must end below "
                              "4 GiB, high-base begin above, and ecam-size be whole MiB");
    return PB_OK;
}

static void fabric_init(struct gpex *g, pb_dev *d, const pb_host *h)
{
    struct fabric *fab = &g->fab;
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);

    fab->h = h;
    fab->dev = d;
    fab->mem = h->get(h, PB_SVC_MEM);
    fab->bus = h->get(h, PB_SVC_BUS);
    fab->prop = h->get(h, PB_SVC_PROP);
    fab->time = h->get(h, PB_SVC_TIME);
    fab->root = &g->bus;
    pthread_mutex_init(&fab->access, NULL);
    pthread_mutex_init(&fab->lock, NULL);
    pthread_mutex_init(&fab->irq_lock, NULL);
    for (uint32_t i = 0; i < N_LINES; i++)
        fab->line[i] = line->out(d, "irq", i);
    fab->msi = fab->prop->get_link(d, P_MSI, PB_MSI, &fab->msi_self);
    pbus_init(&g->bus, d, h);
    g->bus.fab = fab;
    g->bus.where = PB_PCI_AT_ROOT;
}

static void unrealize(void *self)
{
    struct gpex *g = self;

    pbus_fini(&g->bus);
    if (g->self)
        fn_free(g->self);
    pthread_mutex_destroy(&g->fab.access);
    pthread_mutex_destroy(&g->fab.lock);
    pthread_mutex_destroy(&g->fab.irq_lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct gpex *g = self;

    fabric_init(g, d, h);
    int rc = read_props(g, d, e);
    rc = rc < 0 ? rc : make_regions(g, e);
    rc = rc < 0 ? rc : make_self(g, e);
    if (rc < 0)
        unrealize(g);
    return rc;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct gpex *g = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        bus_reset(&g->bus);
    else if (phase == PB_RESET_HOLD)
        bus_lines(&g->bus);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    return config_save(self, s, e);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    return config_load(self, s, e);
}

/* ---- Device tree ------------------------------------------------------------------------- */

/* ranges: (space, bus address) to CPU address. IEEE 1275 PCI Bus Binding, 2.2.1.1. */
static int put_ranges(struct gpex *g, void *fdt, int node, const struct pb_board_reg *r,
                      uint32_t n)
{
    const struct {
        uint32_t space;
        uint64_t bus, cpu, len;
    } v[] = {{0x01000000, 0, r[1].addr, g->io_size},
             {0x02000000, g->mem, r[2].addr, g->mem_size},
             {0x03000000, g->high, r[3].addr, g->high_size}};
    int rc = fdt_setprop(fdt, node, "ranges", NULL, 0);

    for (uint32_t i = 0; i < n && rc == 0; i++) {
        const uint64_t w[3] = {v[i].bus, v[i].cpu, v[i].len};
        rc = fdt_appendprop_u32(fdt, node, "ranges", v[i].space);
        for (uint32_t k = 0; k < 3 && rc == 0; k++)
            rc = fdt_appendprop_u64(fdt, node, "ranges", w[k]);
    }
    return rc;
}

/* interrupt-map: slots 0 to 3, pins A to D; the mask makes the rest repeat. The parent's
 * phandle and specifiers are those of the plain node's "interrupts". */
static int put_interrupts(void *fdt, int node)
{
    int len = 0, rc;
    const fdt32_t *irq = fdt_getprop(fdt, node, "interrupts", &len);
    uint32_t n = len > 0 ? (uint32_t)len / 4 : 0, each = n / N_LINES;
    int plen = 0;
    const fdt32_t *parent = fdt_getprop(fdt, node, "interrupt-parent", &plen);
    fdt32_t cells[4 * N_LINES], phandle;

    if (!irq || !parent || plen != 4 || each == 0 || each > 4 || n % N_LINES)
        return -FDT_ERR_BADVALUE;
    memcpy(cells, irq, n * 4);
    phandle = *parent;
    const fdt32_t mask[4] = {cpu_to_fdt32(0x1800), 0, 0, cpu_to_fdt32(7)};
    if ((rc = fdt_delprop(fdt, node, "interrupts")) ||
        (rc = fdt_delprop(fdt, node, "interrupt-parent")) ||
        (rc = fdt_setprop_u32(fdt, node, "#interrupt-cells", 1)) ||
        (rc = fdt_setprop(fdt, node, "interrupt-map-mask", mask, sizeof mask)) ||
        (rc = fdt_setprop(fdt, node, "interrupt-map", NULL, 0)))
        return rc;
    int width = 0; /* an interrupt parent may want unit address cells: 0 when it names none */
    int at = fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(phandle));
    const fdt32_t *ac = at >= 0 ? fdt_getprop(fdt, at, "#address-cells", &width) : NULL;
    uint32_t zeros = ac && width == 4 ? fdt32_to_cpu(*ac) : 0;
    for (uint32_t slot = 0; slot < 4; slot++) {
        for (uint32_t pin = 0; pin < 4; pin++) {
            const fdt32_t head[5] = {cpu_to_fdt32(slot << 11), 0, 0, cpu_to_fdt32(pin + 1),
                                     phandle};
            const fdt32_t none = 0;
            rc = fdt_appendprop(fdt, node, "interrupt-map", head, sizeof head);
            for (uint32_t k = 0; k < zeros && k < 4 && rc == 0; k++)
                rc = fdt_appendprop(fdt, node, "interrupt-map", &none, 4);
            if (rc == 0)
                rc = fdt_appendprop(fdt, node, "interrupt-map",
                                    cells + (slot + pin) % 4 * each, (int)(4 * each));
            if (rc)
                return rc;
        }
    }
    return 0;
}

static int fill(void *self, void *fdt, int32_t node, pb_err *e)
{
    struct gpex *g = self;
    const struct pb_svc_board *board = g->fab.h->get(g->fab.h, PB_SVC_BOARD);
    struct pb_board_reg r[4] = {0};
    uint32_t n = board ? board->dev_regs(g->bus.dev, r, 4) : 0;
    int rc;

    if (n < 3)
        return g->fab.h->fail(e, PB_EINVAL, "gpex-pcihost: the board must place its regions; only "
                              "the last, the memory above 4 GiB, may be missing");
    const uint32_t buses = (uint32_t)(g->ecam_size >> 20);
    const fdt32_t range[2] = {0, cpu_to_fdt32(buses - 1)};
    const fdt64_t reg[2] = {cpu_to_fdt64(r[0].addr), cpu_to_fdt64(g->ecam_size)};
    if ((rc = put_interrupts(fdt, node)) ||
        (rc = fdt_setprop_string(fdt, node, "device_type", "pci")) ||
        (rc = fdt_setprop_u32(fdt, node, "#address-cells", 3)) ||
        (rc = fdt_setprop_u32(fdt, node, "#size-cells", 2)) ||
        (rc = fdt_setprop_u32(fdt, node, "linux,pci-domain", 0)) ||
        (rc = fdt_setprop(fdt, node, "bus-range", range, sizeof range)) ||
        (rc = fdt_setprop(fdt, node, "reg", reg, sizeof reg)) ||
        (rc = put_ranges(g, fdt, node, r, n - 1)))
        return rc == -FDT_ERR_NOSPACE ? PB_ENOSPC
                                      : g->fab.h->fail(e, PB_EINVAL, fdt_strerror(rc));
    return PB_OK;
}

/* ---- The class --------------------------------------------------------------------------- */

static const char *const msi_kinds[] = {PB_MSI, NULL};
static const struct pb_prop props[] = {
    {.name = "ecam-size", .doc = "configuration space: 1 MiB a bus", .def = "256M",
     .type = PB_T_SIZE, .min = 1 << 20, .max = 256 << 20},
    {.name = "io-size", .doc = "I/O ports", .def = "64K", .type = PB_T_SIZE, .min = 256,
     .max = 65536},
    {.name = "mem-base", .doc = "bus address of the memory below 4 GiB", .def = "0x40000000",
     .type = PB_T_SIZE, .min = 0, .max = UINT32_MAX},
    {.name = "mem-size", .doc = "its size", .def = "1G", .type = PB_T_SIZE, .min = 1 << 20,
     .max = UINT32_MAX},
    {.name = "high-base", .doc = "bus address of the memory above 4 GiB", .def = "0x400000000",
     .type = PB_T_SIZE, .min = 0, .max = INT64_MAX},
    {.name = "high-size", .doc = "its size", .def = "16G", .type = PB_T_SIZE, .min = 1 << 20,
     .max = INT64_MAX},
    {.name = "msi", .doc = "who hears message-signalled interrupts", .choices = msi_kinds,
     .type = PB_T_LINK},
};
static uint32_t info_text(void *self, char *buf, uint32_t n)
{
    return fabric_text(&((struct gpex *)self)->fab, buf, n);
}

static const struct pb_info info = {
    .size = sizeof info, .name = "pci", .doc = "show PCI info", .text = info_text};
static uint32_t query_json(void *self, char *buf, uint32_t n)
{
    return fabric_json(&((struct gpex *)self)->fab, buf, n);
}

static const struct pb_query query = {.size = sizeof query, .name = "pci",
                                      .doc = "the functions on the bus", .json = query_json};
static const struct pb_fdt_node fdt_node = {.size = sizeof fdt_node, .fill = fill};
static const struct pb_provide provides[] = {
    {PB_PCI, &pci_service}, {PB_BUS_PARENT, &plain_parent}, {PB_FDT_NODE, &fdt_node},
    {PB_INFO, &info}, {PB_QUERY, &query}, {PB_BOOT_PATH, &pci_boot_path}};
static const char *const lines_out[] = {"irq[]", NULL};
static const char *const buses_out[] = {"pcie=" PB_PCI_BUS, NULL};

const struct pb_device_class gpex_class = {
    .size = sizeof gpex_class,
    .flags = PB_DEV_PARALLEL | PB_DEV_NO_USER,
    .id = "gpex-pcihost",
    .title = "Generic PCIe host bridge",
    .category = "controller",
    .spec = "PCI Express Base 4.0; pci-host-ecam-generic",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .n_regions = 4,
    .lines_out = lines_out,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct gpex),
    .state_version = 1,
    .realize = realize,
    .unrealize = unrealize,
    .reset = reset,
    .save = save,
    .load = load,
};
