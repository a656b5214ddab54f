/* SPDX-License-Identifier: MIT */
/* query.c - what QMP's query-pci tells of a fabric: the members of QEMU's PciInfo. */
#include "pci-bus.h"

static void id(struct text *t, const pb_pci_fn *f)
{
    say(t, "\"id\": {\"vendor\": %u, \"device\": %u", cfg_get(f, 0, 2), cfg_get(f, 2, 2));
    if (!f->below && cfg_get(f, C_SUBSYSTEM, 4))
        say(t, ", \"subsystem-vendor\": %u, \"subsystem\": %u", cfg_get(f, C_SUBSYSTEM, 2),
            cfg_get(f, C_SUBSYSTEM + 2, 2));
    say(t, "}");
}

static void regions(struct text *t, const pb_pci_fn *f)
{
    const char *comma = "";

    say(t, "\"regions\": [");
    for (uint32_t i = 0; i < 7; i++) {
        const struct bar *b = &f->bar[i];
        if (!b->alias)
            continue;
        say(t, "%s{\"bar\": %u, \"type\": \"%s\", \"size\": %llu, \"address\": %lld", comma, i,
            b->flags & PB_PCI_BAR_IO ? "io" : "memory", (unsigned long long)b->size,
            b->shown ? (long long)b->at : -1LL);
        if (!(b->flags & PB_PCI_BAR_IO))
            say(t, ", \"prefetch\": %s, \"mem_type_64\": %s",
                b->flags & PB_PCI_BAR_PREFETCH ? "true" : "false",
                b->flags & PB_PCI_BAR_MEM64 ? "true" : "false");
        say(t, "}");
        comma = ", ";
    }
    say(t, "]");
}

static void range(struct text *t, const char *name, uint64_t base, uint64_t limit)
{
    say(t, ", \"%s\": {\"base\": %llu, \"limit\": %llu}", name, (unsigned long long)base,
        (unsigned long long)limit);
}

static void on_bus(struct text *t, const struct pbus *b);

/* PCI-to-PCI Bridge Architecture 1.2, 3.2.5: what the windows are, open or not. */
static void bridge(struct text *t, const pb_pci_fn *f)
{
    uint64_t io = cfg_get(f, C_IO_BASE, 1), io_end = cfg_get(f, C_IO_LIMIT, 1);
    uint64_t pref = cfg_get(f, C_PREF_BASE, 2), pref_end = cfg_get(f, C_PREF_LIMIT, 2);
    uint64_t high = pref & 1 ? cfg_get(f, C_PREF_BASE_HI, 4) : 0;
    uint64_t high_end = pref_end & 1 ? cfg_get(f, C_PREF_LIMIT_HI, 4) : 0;
    uint64_t io_high = io & 1 ? cfg_get(f, C_IO_BASE_HI, 2) : 0;
    uint64_t io_high_end = io_end & 1 ? cfg_get(f, C_IO_LIMIT_HI, 2) : 0;

    say(t, ", \"pci_bridge\": {\"bus\": {\"number\": %u, \"secondary\": %u, \"subordinate\": %u",
        f->cfg[C_PRIMARY], f->cfg[C_SECONDARY], f->cfg[C_SUBORDINATE]);
    range(t, "io_range", io_high << 16 | (io & 0xf0) << 8,
          io_high_end << 16 | (io_end & 0xf0) << 8 | 0xfff);
    range(t, "memory_range", (uint64_t)(cfg_get(f, C_MEM_BASE, 2) & 0xfff0) << 16,
          (uint64_t)(cfg_get(f, C_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff);
    range(t, "prefetchable_range", high << 32 | (pref & 0xfff0) << 16,
          high_end << 32 | (pref_end & 0xfff0) << 16 | 0xfffff);
    say(t, "}");
    if (f->cfg[C_SECONDARY]) { /* numbered: the guest has looked behind it */
        say(t, ", \"devices\": ");
        on_bus(t, f->below);
    }
    say(t, "}");
}

static void function(struct text *t, const pb_pci_fn *f)
{
    uint32_t code = cfg_get(f, C_CLASS, 2) | (uint32_t)f->cfg[C_CLASS + 2] << 16;
    const char *name = pci_class_name(code);

    say(t, "{\"bus\": %u, \"slot\": %u, \"function\": %u, \"class_info\": {\"class\": %u",
        pbus_number(f->bus), f->devfn >> 3, f->devfn & 7, code >> 8);
    if (name)
        say(t, ", \"desc\": \"%s\"", name);
    say(t, "}, ");
    id(t, f);
    if (f->cfg[C_INT_PIN])
        say(t, ", \"irq\": %u", f->cfg[C_INT_LINE]);
    say(t, ", \"irq_pin\": %u, \"qdev_id\": \"%s\", ", f->cfg[C_INT_PIN],
        f->bus->fab->bus->name(f->dev));
    regions(t, f);
    if (f->below)
        bridge(t, f);
    say(t, "}");
}

static void on_bus(struct text *t, const struct pbus *b)
{
    const char *comma = "";

    say(t, "[");
    for (uint32_t i = 0; i < 256; i++) {
        if (!b->slot[i])
            continue;
        say(t, "%s", comma);
        function(t, b->slot[i]);
        comma = ", ";
    }
    say(t, "]");
}

uint32_t fabric_json(struct fabric *fab, char *buf, uint32_t n)
{
    struct text t = {buf, n, 0};

    if (buf && n)
        *buf = 0;
    pthread_mutex_lock(&fab->lock);
    say(&t, "[{\"bus\": %u, \"devices\": ", pbus_number(fab->root));
    on_bus(&t, fab->root);
    say(&t, "}]");
    pthread_mutex_unlock(&fab->lock);
    return t.at;
}
