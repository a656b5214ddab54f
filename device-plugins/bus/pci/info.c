/* SPDX-License-Identifier: MIT */
/* info.c - what `info pci` shows of a fabric, in QEMU's words. */
#include "pci-bus.h"

#include <stdarg.h>
#include <stdio.h>

void say(struct text *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int k = vsnprintf(t->at < t->n ? t->buf + t->at : NULL, t->at < t->n ? t->n - t->at : 0, fmt,
                      ap);
    va_end(ap);
    t->at += k > 0 ? (uint32_t)k : 0;
}

/* PCI Code and ID Assignment Specification 1.11, 1: class and sub-class. */
const char *pci_class_name(uint32_t class_code)
{
    static const struct {
        uint16_t code;
        const char *name;
    } t[] = {{0x0100, "SCSI controller"}, {0x0108, "NVMe controller"},
             {0x0200, "Ethernet controller"}, {0x0600, "Host bridge"}, {0x0604, "PCI bridge"},
             {0x0780, "Communication controller"}};

    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++)
        if (t[i].code == class_code >> 8)
            return t[i].name;
    return NULL;
}

static void bars(struct text *t, const pb_pci_fn *f)
{
    for (uint32_t i = 0; i < 7; i++) {
        const struct bar *b = &f->bar[i];
        uint64_t at = b->shown ? b->at : UINT64_MAX;
        if (!b->alias)
            continue;
        if (b->flags & PB_PCI_BAR_IO)
            say(t, "      BAR%u: I/O at 0x%04llx [0x%04llx].\n", i, (unsigned long long)at & 0xffff,
                (unsigned long long)(at + b->size - 1) & 0xffff);
        else
            say(t, "      BAR%u: %d bit%s memory at 0x%08llx [0x%08llx].\n", i,
                b->flags & PB_PCI_BAR_MEM64 ? 64 : 32,
                b->flags & PB_PCI_BAR_PREFETCH ? " prefetchable" : "", (unsigned long long)at,
                (unsigned long long)(at + b->size - 1));
    }
}

static void function(struct text *t, const pb_pci_fn *f)
{
    uint32_t code = cfg_get(f, C_CLASS, 2) | (uint32_t)f->cfg[C_CLASS + 2] << 16;
    const char *name = pci_class_name(code);
    uint32_t pin = f->cfg[C_INT_PIN];

    say(t, "  Bus %2u, device %3u, function %u:\n", pbus_number(f->bus), f->devfn >> 3,
        f->devfn & 7);
    if (name)
        say(t, "    %s", name);
    else
        say(t, "    Class %04x", code >> 8);
    say(t, ": PCI device %04x:%04x\n", cfg_get(f, 0, 2), cfg_get(f, 2, 2));
    if (!f->below && cfg_get(f, C_SUBSYSTEM, 4))
        say(t, "      PCI subsystem %04x:%04x\n", cfg_get(f, C_SUBSYSTEM, 2),
            cfg_get(f, C_SUBSYSTEM + 2, 2));
    if (pin)
        say(t, "      IRQ %u, pin %c\n", f->cfg[C_INT_LINE], (char)('A' + pin - 1));
    if (f->below)
        say(t, "      BUS %u.\n      secondary bus %u.\n      subordinate bus %u.\n",
            f->cfg[C_PRIMARY], f->cfg[C_SECONDARY], f->cfg[C_SUBORDINATE]);
    bars(t, f);
    say(t, "      id \"%s\"\n", f->bus->fab->bus->name(f->dev));
}

static void on_bus(struct text *t, const struct pbus *b)
{
    for (uint32_t i = 0; i < 256; i++) {
        if (!b->slot[i])
            continue;
        function(t, b->slot[i]);
        if (b->slot[i]->below)
            on_bus(t, b->slot[i]->below);
    }
}

uint32_t fabric_text(struct fabric *fab, char *buf, uint32_t n)
{
    struct text t = {buf, n, 0};

    if (buf && n)
        *buf = 0;
    pthread_mutex_lock(&fab->lock);
    on_bus(&t, fab->root);
    pthread_mutex_unlock(&fab->lock);
    return t.at;
}
