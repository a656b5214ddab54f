/* SPDX-License-Identifier: MIT */
/* map.c - which BARs are seen where, and whose DMA goes through.
 *
 * Every memory BAR has its alias in one container of bus addresses, every I/O BAR in another;
 * the host bridge shows stretches of them to the CPUs. A BAR is seen while its function
 * decodes, and each bridge above forwards the whole of it (PCI-to-PCI Bridge Architecture 1.2,
 * 3.2.5.6 to 3.2.5.10). Where BARs overlap, one of them is seen: no harm is done.
 * Not modelled: a BAR of which a bridge forwards a part; VGA and ISA forwarding.
 */
#include "pci-bus.h"

uint32_t pbus_number(const struct pbus *b)
{
    return b->bridge ? b->bridge->cfg[C_SECONDARY] : 0;
}

uint32_t map_master(const pb_pci_fn *f)
{
    for (; f; f = f->bus->bridge)
        if (!f->live || !f->bus->powered || !(cfg_get(f, C_COMMAND, 2) & CMD_MASTER))
            return 0;
    return 1;
}

static uint32_t within(uint64_t at, uint64_t size, uint64_t base, uint64_t limit)
{
    return base <= limit && at >= base && at <= limit && size - 1 <= limit - at;
}

static uint32_t forwards_io(const pb_pci_fn *br, uint64_t at, uint64_t size)
{
    uint64_t base = (uint64_t)(br->cfg[C_IO_BASE] & 0xf0) << 8 |
                    (uint64_t)cfg_get(br, C_IO_BASE_HI, 2) << 16;
    uint64_t limit = (uint64_t)(br->cfg[C_IO_LIMIT] & 0xf0) << 8 | 0xfff |
                     (uint64_t)cfg_get(br, C_IO_LIMIT_HI, 2) << 16;

    return (cfg_get(br, C_COMMAND, 2) & CMD_IO) && within(at, size, base, limit);
}

static uint32_t forwards_mem(const pb_pci_fn *br, uint64_t at, uint64_t size)
{
    uint64_t base = (uint64_t)(cfg_get(br, C_MEM_BASE, 2) & 0xfff0) << 16;
    uint64_t limit = (uint64_t)(cfg_get(br, C_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
    uint64_t pbase = (uint64_t)(cfg_get(br, C_PREF_BASE, 2) & 0xfff0) << 16 |
                     (uint64_t)cfg_get(br, C_PREF_BASE_HI, 4) << 32;
    uint64_t plimit = (uint64_t)(cfg_get(br, C_PREF_LIMIT, 2) & 0xfff0) << 16 | 0xfffff |
                      (uint64_t)cfg_get(br, C_PREF_LIMIT_HI, 4) << 32;

    return (cfg_get(br, C_COMMAND, 2) & CMD_MEM) &&
           (within(at, size, base, limit) || within(at, size, pbase, plimit));
}

/* Is [at, at+size) decoded by `f` and forwarded down to it? */
static uint32_t reached(const pb_pci_fn *f, const struct bar *b, uint64_t at)
{
    uint32_t io = b->flags & PB_PCI_BAR_IO;

    if (!f->live || !f->bus->powered || !(cfg_get(f, C_COMMAND, 2) & (io ? CMD_IO : CMD_MEM)))
        return 0;
    if (at > (io ? UINT32_MAX : UINT64_MAX) - (b->size - 1))
        return 0;
    for (const pb_pci_fn *br = f->bus->bridge; br; br = br->bus->bridge)
        if (!br->live || !br->bus->powered ||
            !(io ? forwards_io(br, at, b->size) : forwards_mem(br, at, b->size)))
            return 0;
    return 1;
}

static void map_bar(pb_pci_fn *f, struct bar *b, uint32_t rom)
{
    const struct pb_svc_mem *m = f->bus->fab->mem;
    uint32_t raw = cfg_get(f, b->off, 4);
    uint64_t at = raw & (b->flags & PB_PCI_BAR_IO ? ~3u : rom ? ~0x7ffu : ~15u);
    uint32_t see;

    if (b->flags & PB_PCI_BAR_MEM64)
        at |= (uint64_t)cfg_get(f, b->off + 4, 4) << 32;
    see = (!rom || (raw & 1)) && reached(f, b, at);
    if (!see && b->shown)
        m->enable(b->alias, 0);
    if (see && at != b->at)
        m->move(b->alias, at);
    if (see && !b->shown)
        m->enable(b->alias, 1);
    if (see)
        b->at = at;
    b->shown = see;
}

void map_function(pb_pci_fn *f)
{
    for (uint32_t i = 0; i < 7; i++)
        if (f->bar[i].alias)
            map_bar(f, &f->bar[i], i == PB_PCI_ROM);
    if (f->gate)
        f->bus->fab->mem->gate_open(f->gate, map_master(f));
}

void map_bus(struct pbus *b)
{
    for (uint32_t i = 0; i < 256; i++) {
        pb_pci_fn *f = b->slot[i];
        if (!f)
            continue;
        map_function(f);
        if (f->below)
            map_bus(f->below);
    }
}
