/* SPDX-License-Identifier: MIT */
/* function.c - how a function comes to a bus and what it is made of; PB_PCI.
 *
 * A function is added within its realize and is then only known to us: the guest sees it
 * once the host attaches it. One that fails meanwhile is forgotten at the next occasion, and
 * nothing of it is touched: its regions went with it.
 */
#include "pci-bus.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const struct pbus *b, pb_err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static int fail(const struct pbus *b, pb_err *e, int code, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return b->h->fail(e, code, text);
}

/* ---- Addresses --------------------------------------------------------------------------- */

/* "06.0", "6", "1f.7": slot and function, hexadecimal. -1: it is none. */
static int parse_addr(const char *s)
{
    char *end;
    unsigned long slot = strtoul(s, &end, 16), fn = 0;

    if (end == s || slot > 31)
        return -1;
    if (*end == '.') {
        const char *at = end + 1;
        fn = strtoul(at, &end, 16);
        if (end == at || fn > 7)
            return -1;
    }
    return *end ? -1 : (int)(slot << 3 | fn);
}

/* What function 0 says of the others, QEMU's two rules in its words. */
static int check_multi(struct pbus *b, uint32_t devfn, uint32_t multi, pb_err *e)
{
    const pb_pci_fn *zero = b->slot[devfn & ~7u];

    if ((devfn & 7) && zero && !(zero->cfg[C_HEADER] & 0x80))
        return fail(b, e, PB_EINVAL, "PCI: single function device can't be populated in function "
                    "%x.%x: give the one at %x.0 multifunction=on", devfn >> 3, devfn & 7,
                    devfn >> 3);
    for (uint32_t i = 1; !(devfn & 7) && !multi && i < 8; i++)
        if (b->slot[devfn + i])
            return fail(b, e, PB_EINVAL, "PCI: %x.0 indicates single function, but %x.%x is "
                        "already populated: add multifunction=on", devfn >> 3, devfn >> 3, i);
    return PB_OK;
}

/* When its plugin is exchanged, it comes back where it was. */
static void settle(const struct pbus *b, pb_dev *d, uint32_t devfn)
{
    const struct pb_svc_prop *prop = b->fab->prop;
    char text[8];

    snprintf(text, sizeof text, "%02x.%x", devfn >> 3 & 31, devfn & 7);
    if (PB_HAS(struct pb_svc_prop, prop, settle))
        prop->settle(d, PB_PCI_P_ADDR, text);
}

/* The address the user wants, or the first free slot. */
static int choose(struct pbus *b, pb_dev *d, pb_err *e)
{
    const char *text = b->fab->prop->get_str(d, PB_PCI_P_ADDR);
    const char *name = b->fab->bus->name(d);
    int at = text && *text ? parse_addr(text) : -1;

    if (text && *text && at < 0)
        return fail(b, e, PB_EINVAL, "Property 'addr' of '%s' doesn't take value '%s': it takes "
                    "SLOT or SLOT.FUNCTION, 00.0 to 1f.7", name, text);
    if (b->where == PB_PCI_AT_PORT && at > 7)
        return fail(b, e, PB_EINVAL, "PCI: slot %d is not valid for %s, parent device only allows "
                    "plugging into slot 0.", at >> 3, name);
    for (int i = 0; at < 0 && i < (b->where == PB_PCI_AT_PORT ? 8 : 256); i += 8)
        if (!b->slot[i])
            at = i;
    if (at < 0)
        return fail(b, e, PB_EBUSY, "PCI: no slot/function available for %s, all in use: add a "
                    "pcie-root-port or a pci-bridge, or name a free bus=", name);
    if (b->slot[at])
        return fail(b, e, PB_EBUSY, "PCI: slot %d function %d not available for %s, in use by %s: "
                    "name another addr=, or none to get a free one", at >> 3, at & 7, name,
                    b->fab->bus->name(b->slot[at]->dev));
    uint32_t multi = (uint32_t)b->fab->prop->get_int(d, PB_PCI_P_MULTIFUNCTION);
    int rc = check_multi(b, (uint32_t)at, multi, e);
    if (rc == PB_OK && !(text && *text))
        settle(b, d, (uint32_t)at);
    return rc < 0 ? rc : at;
}

/* ---- A function -------------------------------------------------------------------------- */

/* Header fields that all kinds share. 6.2. */
static void header(pb_pci_fn *f)
{
    const struct pb_pci_info *i = &f->info;

    cfg_init(f, 0x00, i->vendor | (uint32_t)i->device << 16, 0, 4);
    cfg_init(f, C_COMMAND, 0, 0x0547, 2);
    cfg_init(f, C_REVISION, i->revision | i->class_code << 8, 0, 4);
    cfg_init(f, 0x0c, 0, 0xff, 1);
    f->w1c[C_STATUS + 1] = 0xf9;
    cfg_init(f, C_SUBSYSTEM, i->sub_vendor | (uint32_t)i->sub_device << 16, 0, 4);
    cfg_init(f, C_INT_LINE, 0, 0xff, 1);
    cfg_init(f, C_INT_PIN, i->pin, 0, 1);
    f->cap_end = 0x40;
}

pb_pci_fn *fn_new(struct pbus *b, pb_dev *d, const struct pb_pci_info *i, uint32_t devfn,
                  pb_err *e)
{
    pb_pci_fn *f = calloc(1, sizeof *f);

    if (!f) {
        b->h->fail(e, PB_ENOMEM, "PCI: no memory for a function");
        return NULL;
    }
    f->bus = b;
    f->dev = d;
    memcpy(&f->info, i, min32(i->size, sizeof f->info));
    f->info.size = sizeof f->info;
    f->devfn = devfn;
    f->cfg_len = i->express && b->where != PB_PCI_AT_CONVENTIONAL ? CFG_MAX : CFG_OLD;
    pthread_mutex_init(&f->vec_lock, NULL);
    header(f);
    return f;
}

void fn_free(pb_pci_fn *f)
{
    pthread_mutex_destroy(&f->vec_lock);
    free(f->vec);
    free(f->pending);
    free(f);
}

static void forget_pending(struct pbus *b)
{
    while (b->pending) {
        pb_pci_fn *f = b->pending;
        b->pending = f->next;
        fn_free(f);
    }
}

/* romfile=: the file's bytes, in a ROM of a power of two. */
static int add_rom(pb_pci_fn *f, const char *path, pb_err *e)
{
    struct fabric *fab = f->bus->fab;
    uint64_t size = 2048;
    uint8_t *host;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* nobody may write to a pipe */
    FILE *in = fd < 0 ? NULL : fdopen(fd, "rb");

    if (!in || fseek(in, 0, SEEK_END) < 0 || ftell(in) <= 0 || ftell(in) > 16 << 20) {
        if (in)
            fclose(in);
        return fail(f->bus, e, PB_ENOENT, "failed to find romfile \"%s\": it must be a readable "
                    "file of at most 16 MiB", path);
    }
    size_t len = (size_t)ftell(in);
    while (size < len)
        size *= 2;
    rewind(in);
    pb_region *r = fab->mem->ram(f->dev, "rom", size, PB_RAM_ROM, &host, e);
    size_t got = r ? fread(host, 1, len, in) : 0;
    fclose(in);
    if (r && got != len)
        return fail(f->bus, e, PB_EIO, "romfile \"%s\" cannot be read", path);
    return r ? pci_service.bar(f, PB_PCI_ROM, PB_PCI_BAR_MEM32, r, size, e) : PB_ENOMEM;
}

static pb_pci_fn *svc_add(void *bus, pb_dev *d, const struct pb_pci_info *i, pb_err *e)
{
    struct pbus *b = bus;
    struct fabric *fab = b->fab;
    const char *rom;
    int at;

    forget_pending(b);
    if (!fab) {
        b->h->fail(e, PB_EINVAL, "the PCI bus has no host bridge above it");
        return NULL;
    }
    at = choose(b, d, e);
    pb_pci_fn *f = at < 0 ? NULL : fn_new(b, d, i, (uint32_t)at, e);
    if (!f)
        return NULL;
    f->next = b->pending;
    b->pending = f;
    if (fab->prop->get_int(d, PB_PCI_P_MULTIFUNCTION))
        cfg_init(f, C_HEADER, 0x80, 0, 1);
    f->gate = fab->mem->gate(d, fab->mem->as(fab->dev), e);
    if (!f->gate)
        return NULL;
    if (i->express && b->where != PB_PCI_AT_CONVENTIONAL && i->class_code >> 8 != 0x0604 &&
        fn_express(f, b->where == PB_PCI_AT_ROOT ? 9 : 0, e) < 0)
        return NULL;
    rom = fab->prop->get_str(d, PB_PCI_P_ROMFILE);
    if (rom && *rom && fab->prop->get_int(d, PB_PCI_P_ROMBAR) && add_rom(f, rom, e) < 0)
        return NULL;
    return f;
}

/* 6.2.5: the low bits say the kind, the address bits above the size are writable. */
static void bar_registers(pb_pci_fn *f, struct bar *b)
{
    uint32_t io = b->flags & PB_PCI_BAR_IO, wide = b->flags & PB_PCI_BAR_MEM64;
    uint32_t kind = io ? 1 : (wide ? 4u : 0) | (b->flags & PB_PCI_BAR_PREFETCH ? 8u : 0);
    uint64_t mask = ~(b->size - 1);

    if (b == &f->bar[PB_PCI_ROM]) {
        cfg_init(f, b->off, 0, (uint32_t)mask | 1, 4);
        return;
    }
    cfg_init(f, b->off, kind, (uint32_t)mask & (io ? ~3u : ~15u), 4);
    if (wide)
        cfg_init(f, b->off + 4, 0, (uint32_t)(mask >> 32), 4);
}

static int svc_bar(pb_pci_fn *f, uint32_t n, uint32_t flags, pb_region *r, uint64_t bytes,
                   pb_err *e)
{
    struct fabric *fab = f->bus->fab;
    uint32_t io = flags & PB_PCI_BAR_IO, wide = !!(flags & PB_PCI_BAR_MEM64), rom = n == PB_PCI_ROM;
    uint32_t max = f->below ? 2 : 6;
    char name[24];
    uint32_t place = rom ? !io && !wide : n + wide < max;
    uint64_t least = io ? 4 : rom ? 2048 : 16, most = io ? 256 : wide ? 1ull << 63 : 1ull << 31;

    if (!place || f->bar[n].size || (wide && f->bar[n + 1].size) || (bytes & (bytes - 1)) ||
        bytes < least || bytes > most)
        return fail(f->bus, e, PB_EINVAL, "PCI: BAR %u of 0x%llx bytes cannot be", n,
                    (unsigned long long)bytes);
    struct bar *b = &f->bar[n];
    snprintf(name, sizeof name, "bar%u", n);
    *b = (struct bar){.size = bytes, .flags = flags,
                      .off = !rom ? C_BAR + 4 * n : f->below ? C_BRIDGE_ROM : C_ROM};
    b->alias = fab->mem->alias(f->dev, name, r, 0, bytes, e);
    if (!b->alias)
        return PB_ENOMEM;
    fab->mem->enable(b->alias, 0);
    bar_registers(f, b);
    return fab->mem->place(io ? fab->io_space : fab->mem_space, b->alias, 0, 1, e);
}

int fn_cap(pb_pci_fn *f, uint32_t id, const void *body, const void *wmask, uint32_t len,
           pb_err *e)
{
    const uint8_t *v = body, *w = wmask;
    uint32_t at = f->cap_end;

    if (id > 0xff || len > CFG_OLD || at + 2 + len > CFG_OLD)
        return fail(f->bus, e, PB_ENOSPC, "PCI: no room for capability 0x%x", id);
    cfg_init(f, at, id | (uint32_t)f->first[C_CAPS] << 8, 0, 2); /* the new one is the first */
    cfg_init(f, C_CAPS, at, 0, 1);
    f->first[C_STATUS] |= STATUS_CAPS;
    f->cfg[C_STATUS] |= STATUS_CAPS;
    for (uint32_t i = 0; i < len; i++)
        cfg_init(f, at + 2 + i, v[i], w ? w[i] : 0, 1);
    f->cap_end = (at + 2 + len + 3) & ~3u;
    return (int)at;
}

/* PCI Express capability, 7.5.3: `type` is the device/port type. One lane of 2.5 GT/s. */
int fn_express(pb_pci_fn *f, uint32_t type, pb_err *e)
{
    uint8_t body[0x3a] = {0}, wmask[0x3a] = {0};
    uint32_t root_end = type == 9, flr = type == 9 || type == 0;

    body[0] = 2;
    body[0] |= (uint8_t)(type << 4);
    body[0x04 - 2 + 1] = 0x80;                /* role-based error reporting */
    body[0x04 - 2 + 3] = flr ? 0x10 : 0;      /* function-level reset */
    wmask[0x08 - 2] = 0xff;
    wmask[0x08 - 2 + 1] = flr ? 0xff : 0x7f;
    if (!root_end) {                          /* 7.5.3.6 to 7.5.3.8 */
        body[0x0c - 2] = body[0x12 - 2] = 0x11;
        body[0x2c - 2] = 0x02;                /* 7.5.3.18: supported speeds */
        body[0x30 - 2] = 0x01;
        wmask[0x10 - 2] = 0xcb;
        wmask[0x30 - 2] = 0x0f;
    }
    int rc = fn_cap(f, CAP_EXPRESS, body, wmask, sizeof body, e);
    if (rc < 0)
        return rc;
    f->w1c[rc + 0x0a] = 0x0f;
    f->express = (uint32_t)rc;
    return rc;
}

/* ---- On and off the bus ------------------------------------------------------------------ */

/* Which line of the host bridge the pin reaches. PCI-to-PCI Bridge Architecture 1.2, 9.1. */
static uint32_t swizzle(const pb_pci_fn *f)
{
    uint32_t pin = f->info.pin ? (f->info.pin - 1u) % 4 : 0;

    for (; f; f = f->bus->bridge)
        pin = (pin + (f->devfn >> 3)) % 4;
    return pin;
}

void fn_attach_fn(pb_pci_fn *f)
{
    struct fabric *fab = f->bus->fab;

    pthread_mutex_lock(&fab->access);
    pthread_mutex_lock(&fab->lock);
    f->line = swizzle(f);
    f->live = 1;
    f->bus->slot[f->devfn] = f;
    cfg_reset(f);
    pthread_mutex_unlock(&fab->lock);
    pthread_mutex_unlock(&fab->access);
}

int fn_attach(struct pbus *b, pb_dev *child, pb_err *e)
{
    pb_pci_fn *f = b->pending;

    if (!f || f->dev != child)
        return fail(b, e, PB_EINVAL, "'%s' sits on a PCI bus but is no PCI function",
                    b->fab->bus->name(child));
    b->pending = f->next;
    f->next = NULL;
    fn_attach_fn(f);
    if (b->changed)
        b->changed(b);
    return PB_OK;
}

static pb_pci_fn *fn_of(struct pbus *b, pb_dev *child)
{
    if (b->pending && b->pending->dev == child)
        return b->pending;
    for (uint32_t i = 0; i < 256; i++)
        if (b->slot[i] && b->slot[i]->dev == child)
            return b->slot[i];
    return NULL;
}

void fn_detach(struct pbus *b, pb_dev *child)
{
    struct fabric *fab = b->fab;

    pthread_mutex_lock(&fab->access);
    pthread_mutex_lock(&fab->lock);
    pb_pci_fn *f = fn_of(b, child);
    if (f && f->live) {
        f->live = 0;
        map_function(f); /* nothing is seen, and no DMA goes through */
        b->slot[f->devfn] = NULL;
    }
    pthread_mutex_unlock(&fab->lock);
    pthread_mutex_unlock(&fab->access);
    if (!f)
        return;
    irq_update(f);
    f->next = b->pending; /* the function may still call us until it is unrealized */
    b->pending = f;
    if (b->changed)
        b->changed(b);
}

pb_as *fn_as(struct pbus *b, pb_dev *child)
{
    pb_pci_fn *f = fn_of(b, child);

    return f ? f->gate : NULL;
}

void fn_reset_below(struct pbus *b)
{
    for (uint32_t i = 0; i < 256; i++) {
        pb_pci_fn *f = b->slot[i];
        if (!f)
            continue;
        if (f->below)
            fn_reset_below(f->below);
        cfg_reset(f);
        if (f->info.reset)
            b->fab->time->soon(f->dev, f->info.reset, f->info.self);
    }
}

void bus_reset(struct pbus *b)
{
    pthread_mutex_lock(&b->fab->lock);
    for (uint32_t i = 0; i < 256; i++)
        if (b->slot[i])
            cfg_reset(b->slot[i]);
    pthread_mutex_unlock(&b->fab->lock);
}

void bus_lines(struct pbus *b)
{
    for (uint32_t i = 0; i < 256; i++)
        if (b->slot[i])
            irq_update(b->slot[i]);
}

void pbus_init(struct pbus *b, pb_dev *d, const pb_host *h)
{
    b->dev = d;
    b->h = h;
    b->powered = 1;
}

void pbus_fini(struct pbus *b)
{
    forget_pending(b);
}

/* ---- PB_PCI: the rest -------------------------------------------------------------------- */

static uint32_t svc_where(void *bus)
{
    return ((struct pbus *)bus)->where;
}

static uint32_t svc_get(pb_pci_fn *f, uint32_t off, uint32_t bytes)
{
    struct fabric *fab = f->bus->fab;

    pthread_mutex_lock(&fab->lock);
    uint32_t v = cfg_get(f, off, bytes);
    pthread_mutex_unlock(&fab->lock);
    return v;
}

static void svc_set(pb_pci_fn *f, uint32_t off, uint32_t val, uint32_t bytes)
{
    struct fabric *fab = f->bus->fab;

    pthread_mutex_lock(&fab->lock);
    cfg_put(f, off, val, bytes);
    if (!f->live) /* while it is made: what it is after every reset, too */
        for (uint32_t i = 0; i < bytes && off + i < CFG_MAX; i++)
            f->first[off + i] = f->cfg[off + i];
    pthread_mutex_unlock(&fab->lock);
}

static uint32_t svc_requester(pb_pci_fn *f)
{
    return pbus_number(f->bus) << 8 | f->devfn;
}

static uint32_t svc_master(pb_pci_fn *f)
{
    return map_master(f);
}

static pb_as *parent_as(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus;
    return fn_as(self, child);
}

/* Names of classes that firmware looks for, PCI Bus Binding to IEEE 1275, 2.1; others go by their
 * numbers. */
static int path_element(void *self, pb_dev *d, char *buf, uint32_t n)
{
    static const struct { uint32_t code; const char *name; } names[] = {
        {0x0100, "scsi"}, {0x0101, "ide"}, {0x0200, "ethernet"}, {0x0604, "pci-bridge"}};
    const struct pbus *b = self;
    const char *root = b->bridge ? "" : "pci@ffffffffffffffff/", *name = NULL;
    char numbers[24], function[4] = "";
    const pb_pci_fn *f = NULL;

    for (uint32_t i = 0; i < 256 && !f; i++)
        f = b->slot[i] && b->slot[i]->dev == d ? b->slot[i] : NULL;
    if (!f)
        return PB_ENOENT;
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        name = (f->cfg[0x0b] << 8 | f->cfg[0x0a]) == (int)names[i].code ? names[i].name : name;
    snprintf(numbers, sizeof numbers, "pci%02x%02x,%02x%02x", f->cfg[1], f->cfg[0], f->cfg[3],
             f->cfg[2]);
    if (f->devfn & 7)
        snprintf(function, sizeof function, ",%x", f->devfn & 7);
    return snprintf(buf, n, "%s%s@%x%s", root, name ? name : numbers, f->devfn >> 3, function);
}

const struct pb_boot_path pci_boot_path = {sizeof pci_boot_path, 0, path_element};

static int parent_attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    (void)bus;
    return fn_attach(self, child, e);
}

static void parent_detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus;
    fn_detach(self, child);
}

static uint32_t parent_hotplug(void *self, uint32_t bus)
{
    (void)self, (void)bus;
    return 0;
}

const struct pb_bus_parent plain_parent = {
    .size = sizeof plain_parent,
    .attach = parent_attach,
    .detach = parent_detach,
    .as = parent_as,
    .hotplug = parent_hotplug,
};

const struct pb_pci pci_service = {
    .size = sizeof pci_service,
    .where = svc_where,
    .add = svc_add,
    .bar = svc_bar,
    .cap = fn_cap,
    .msi = fn_msi,
    .msix = fn_msix,
    .get = svc_get,
    .set = svc_set,
    .intx = fn_intx,
    .send = fn_send,
    .messages = fn_messages,
    .requester = svc_requester,
    .master = svc_master,
};
