/* SPDX-License-Identifier: MIT */
/* pci-driver.c - see pci-driver.h. */
#include "pci-driver.h"

#include <plugboard/plugin.h>

#include <stdlib.h>
#include <string.h>

/* ---- A message controller -------------------------------------------------------------- */

struct ears {
    uint32_t heard[256], last;
};

static void hear(void *sink, uint64_t a, uint64_t data)
{
    struct ears *m = sink;

    m->heard[data & 255]++;
    m->last = (uint32_t)a;
}

static int resolve(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r)
{
    if (addr != PD_MSI)
        return PB_ENOENT;
    *r = (struct pb_msi_route){hear, self, requester, data};
    return PB_OK;
}

static int ears_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_msi msi = {.size = sizeof msi, .resolve = resolve};
static const struct pb_provide provides[] = {{PB_MSI, &msi}};
static const struct pb_device_class ears_class = {
    .size = sizeof ears_class, .flags = PB_DEV_PARALLEL, .id = "ears", .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct ears), .realize = ears_realize};

uint32_t pd_heard(struct pd *p, uint32_t data)
{
    return ((struct ears *)pbt_self(p->msi))->heard[data & 255];
}

uint32_t pd_last_requester(struct pd *p)
{
    return ((struct ears *)pbt_self(p->msi))->last;
}

/* ---- The bench --------------------------------------------------------------------------- */

void pd_init(struct pd *p, int with_msi)
{
    memset(p, 0, sizeof *p);
    p->b = pbt_new();
    pbt_load(p->b, "pci");
    pbt_class(p->b, PB_CLASS_DEVICE, &ears_class);
    p->ram = pbt_ram(p->b, PD_RAM, PD_RAM_LEN);
    if (with_msi)
        p->msi = pbt_add(p->b, "ears", "ears", NULL);
    p->host = pbt_create(p->b, NULL, 0, "gpex-pcihost", "pcie", with_msi ? "msi=ears" : NULL);
    pbt_outputs(p->host, "irq", 4);
    if (pbt_realize(p->host) < 0) {
        fprintf(stderr, "pci-driver: %s\n", pbt_error(p->b));
        exit(2);
    }
    pbt_reset(p->host, PB_RESET_COLD);
    p->heap = PD_RAM;
    p->mem = PD_MEM;
    p->high = PD_HIGH;
    p->io = 0x1000;
}

uint8_t *pd_host(struct pd *p, uint64_t gpa)
{
    return p->ram + (gpa - PD_RAM);
}

uint64_t pd_alloc(struct pd *p, uint32_t n, uint32_t align)
{
    uint64_t at = (p->heap + align - 1) & ~(uint64_t)(align - 1);

    if (at + n > PD_RAM + PD_RAM_LEN) {
        fprintf(stderr, "pci-driver: the test's RAM is used up\n");
        exit(2);
    }
    p->heap = at + n;
    memset(pd_host(p, at), 0, n);
    return at;
}

uint32_t pd_cfg(struct pd *p, uint32_t bdf, uint32_t off, uint32_t n)
{
    return (uint32_t)pbt_read(p->host, 0, ((uint64_t)bdf << 12) + off, n);
}

void pd_set(struct pd *p, uint32_t bdf, uint32_t off, uint32_t val, uint32_t n)
{
    pbt_write(p->host, 0, ((uint64_t)bdf << 12) + off, val, n);
}

uint32_t pd_cap(struct pd *p, uint32_t bdf, uint32_t id)
{
    uint32_t at = pd_cfg(p, bdf, 6, 2) & 0x10 ? pd_cfg(p, bdf, 0x34, 1) : 0;

    for (int i = 0; at && i < 48; i++) {
        if (pd_cfg(p, bdf, at, 1) == id)
            return at;
        at = pd_cfg(p, bdf, at + 1, 1);
    }
    return 0;
}

uint64_t pd_bar_size(struct pd *p, uint32_t bdf, uint32_t bar)
{
    uint32_t off = 0x10 + 4 * bar, old = pd_cfg(p, bdf, off, 4), mask;

    pd_set(p, bdf, off, UINT32_MAX, 4);
    mask = pd_cfg(p, bdf, off, 4);
    pd_set(p, bdf, off, old, 4);
    if (mask == 0)
        return 0;
    return (uint64_t)~(mask & (mask & 1 ? ~3u : ~15u)) + 1;
}

uint64_t pd_bar(struct pd *p, uint32_t bdf, uint32_t bar)
{
    uint32_t low = pd_cfg(p, bdf, 0x10 + 4 * bar, 4);
    uint64_t at = low & (low & 1 ? ~3u : ~15u);

    if ((low & 7) == 4)
        at |= (uint64_t)pd_cfg(p, bdf, 0x14 + 4 * bar, 4) << 32;
    return at;
}

static uint64_t take(uint64_t *next, uint64_t size)
{
    uint64_t at = (*next + size - 1) & ~(size - 1);

    *next = at + size;
    return at;
}

void pd_setup(struct pd *p, uint32_t bdf)
{
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t off = 0x10 + 4 * i, kind = pd_cfg(p, bdf, off, 4);
        uint64_t size = pd_bar_size(p, bdf, i), at;
        if (!size)
            continue;
        at = take(kind & 1 ? &p->io : (kind & 7) == 4 ? &p->high : &p->mem, size);
        pd_set(p, bdf, off, (uint32_t)at, 4);
        if ((kind & 7) == 4)
            pd_set(p, bdf, 0x10 + 4 * ++i, (uint32_t)(at >> 32), 4);
    }
    pd_set(p, bdf, 4, 7, 2);
}

uint64_t pd_read(struct pd *p, uint64_t at, uint32_t n)
{
    return at >= PD_HIGH ? pbt_read(p->host, 3, at - PD_HIGH, n)
                         : pbt_read(p->host, 2, at - PD_MEM, n);
}

void pd_write(struct pd *p, uint64_t at, uint64_t val, uint32_t n)
{
    if (at >= PD_HIGH)
        pbt_write(p->host, 3, at - PD_HIGH, val, n);
    else
        pbt_write(p->host, 2, at - PD_MEM, val, n);
}

uint64_t pd_io_read(struct pd *p, uint64_t at, uint32_t n)
{
    return pbt_read(p->host, 1, at, n);
}

void pd_io_write(struct pd *p, uint64_t at, uint64_t val, uint32_t n)
{
    pbt_write(p->host, 1, at, val, n);
}

void pd_msix(struct pd *p, uint32_t bdf, uint32_t n, uint32_t base)
{
    uint32_t cap = pd_cap(p, bdf, 0x11), where = pd_cfg(p, bdf, cap + 4, 4);
    uint64_t table = pd_bar(p, bdf, where & 7) + (where & ~7u);

    for (uint32_t i = 0; i < n; i++) {
        pd_write(p, table + 16 * i, PD_MSI, 4);
        pd_write(p, table + 16 * i + 4, 0, 4);
        pd_write(p, table + 16 * i + 8, base + i, 4);
        pd_write(p, table + 16 * i + 12, 0, 4);
    }
    pd_set(p, bdf, cap + 2, 0x8000, 2);
}
