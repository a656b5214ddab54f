/* SPDX-License-Identifier: MIT */
/* v2m.c - GICv2m: a frame that turns messages into SPIs.
 * Arm Server Base System Architecture (DEN 0029), GICv2m architecture, register summary;
 * the node is Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml's.
 *
 * A message is a pulse on the SPI's line; the guest configures these interrupts as
 * edge-triggered.
 *
 * Not modelled: Secure frames.
 */
#include "gicv2.h"

#include <plugboard/msi.h>

#include <libfdt.h>

enum { M_TYPER, M_SETSPI, M_IIDR, M_ID };
enum { P_BASE, P_SPIS, P_ADDR };

#define SETSPI 0x40u

struct v2m {
    const pb_host *h;
    pb_dev *dev;
    pthread_mutex_t lock; /* a pulse is whole */
    uint32_t base, spis;  /* of interrupt numbers, 32 up */
    uint64_t addr;        /* of the frame, for resolve() */
    const struct pb_line *spi[988];
};

static void send(void *sink, uint64_t n, uint64_t b)
{
    struct v2m *m = sink;

    (void)b;
    if (n - m->base >= m->spis)
        return;
    pthread_mutex_lock(&m->lock);
    pb_line_set(m->spi[n - m->base], 1);
    pb_line_set(m->spi[n - m->base], 0);
    pthread_mutex_unlock(&m->lock);
}

static int resolve(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r)
{
    struct v2m *m = self;

    (void)requester;
    if (addr != m->addr + SETSPI)
        return PB_ENOENT;
    *r = (struct pb_msi_route){send, m, data & 0x3ff, 0};
    return PB_OK;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct v2m *m = self;

    (void)r, (void)i;
    return m->base << 16 | m->spis;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    (void)r, (void)i;
    send(self, v & 0x3ff, 0);
}

static const struct pb_reg regs[] = {
    {.name = "MSI_TYPER", .off = 0x008, .width = 4, .access = PB_R_RO, .id = M_TYPER,
     .flags = PB_REG_HOOK_R, .doc = "first SPI, how many"},
    {.name = "MSI_SETSPI_NS", .off = SETSPI, .width = 4, .access = PB_R_WO, .id = M_SETSPI,
     .flags = PB_REG_HOOK_W, .doc = "number of the SPI"},
    {.name = "MSI_IIDR", .off = 0xfcc, .width = 4, .access = PB_R_RO, .id = M_IIDR,
     .reset = 0x43b},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "arm-gicv2m", reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct v2m *m = self;

    return pb_regs_read(&table, m, m->h, m->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct v2m *m = self;

    pb_regs_write(&table, m, m->h, m->dev, off, val, bytes);
}

static int fdt_fill(void *self, void *fdt, int32_t node, pb_err *e)
{
    (void)self, (void)e;
    return fdt_setprop(fdt, node, "msi-controller", NULL, 0) ? PB_ENOSPC : PB_OK;
}

static void unrealize(void *self)
{
    struct v2m *m = self;

    pthread_mutex_destroy(&m->lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct v2m *m = self;

    m->h = h;
    m->dev = d;
    m->base = 32 + (uint32_t)prop->get_int(d, P_BASE);
    m->spis = (uint32_t)prop->get_int(d, P_SPIS);
    m->addr = (uint64_t)prop->get_int(d, P_ADDR);
    if (m->base + m->spis > IRQS)
        return h->fail(e, PB_EINVAL, "arm-gicv2m: base-spi + num-spi is beyond SPI 987");
    for (uint32_t i = 0; i < m->spis; i++)
        m->spi[i] = line->out(d, "spi", i);
    pb_region *r = mem->io(d, "frame", 0x1000, &ops, m, e);
    int rc = r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
    if (rc == PB_OK)
        pthread_mutex_init(&m->lock, NULL);
    return rc;
}

static const struct pb_prop props[] = {
    {.name = "base-spi", .doc = "First SPI, counted from interrupt 32", .def = "0", .min = 0,
     .max = 987, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "num-spi", .doc = "SPIs, wired to the outputs in turn", .def = "64", .min = 1,
     .max = 988, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "frame", .doc = "Address that buses send messages to, less 0x40: the manifest's "
     "reg", .type = PB_T_UINT, .flags = PB_P_REQUIRED},
};
static const char *const lines_out[] = {"spi[]", NULL};
static const struct pb_fdt_node fdt_node = {.size = sizeof fdt_node, .fill = fdt_fill};
static const struct pb_msi msi = {.size = sizeof msi, .resolve = resolve};
static const struct pb_provide provides[] = {{PB_MSI, &msi}, {PB_FDT_NODE, &fdt_node}};

const struct pb_device_class gicv2m_class = {
    .size = sizeof gicv2m_class, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "arm-gicv2m",
    .title = "Arm GICv2m message frame", .category = "misc", .spec = "Arm SBSA, GICv2m",
    .props = props, .n_props = sizeof props / sizeof *props, .n_regions = 1,
    .lines_out = lines_out, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct v2m), .state_version = 1, .regs = &table,
    .realize = realize, .unrealize = unrealize,
};
