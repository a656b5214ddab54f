/* SPDX-License-Identifier: MIT */
/* fuzz-pci.c - a hostile guest against the PCI bus itself, while devices come and go.
 *
 *     fuzz-pci [--count N] [--seed S]
 *
 * A host bridge with two root ports, a bridge below the root and one below a port; functions with
 * every kind of BAR, pins, MSI and MSI-X. Configuration space of buses that are there and of others,
 * windows and BARs anywhere, bus numbers that meet, slots that are switched while the user plugs and
 * unplugs, messages, resets and reloads. Exits 0 when the bus survived and after every restart finds
 * its functions again. */
#include "pci-driver.h"

#include <stdlib.h>
#include <string.h>

enum { PORT_A = 0x08, PORT_B = 0x10, BRIDGE = 0x18, FIXED = 0x20, BUSES = 8 };

/* The functions that come and go: below what, at which of its addresses. */
static struct guest {
    const char *parent, *cls, *props, *name;
} guests[] = {
    {"porta", "toy", "", "t0"},          {"portb", "e1000", "netdev=w0", "t1"},
    {"bridge", "toy", "addr=1", "t2"},   {"bridge", "e1000", "addr=2,netdev=w1", "t3"},
    {"deep", "toy", "addr=5", "t4"},     {"pcie", "toy", "addr=6,multifunction=on", "t5"},
    {"pcie", "toy", "addr=6.1", "t6"},
};
#define GUESTS (sizeof guests / sizeof *guests)

static struct pd p;
static uint64_t seed = 1, plugged, gone, restarts;

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

/* ---- A function with all that a bus gives ------------------------------------------------ */

struct toy {
    const struct pb_pci *pci;
    pb_pci_fn *fn;
    uint64_t stored;
};

static uint64_t toy_read(void *opaque, uint64_t off, uint32_t n)
{
    (void)off, (void)n;
    return ((struct toy *)opaque)->stored;
}

static void toy_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    struct toy *t = opaque;

    (void)n;
    t->stored = val;
    t->pci->intx(t->fn, val & 1);
    t->pci->send(t->fn, (uint32_t)off & 7);
}

static int toy_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = toy_read, .write = toy_write, .min = 1,
                                             .max = 8, .impl_min = 1, .impl_max = 8};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct toy *t = self;
    struct pb_pci_info i = {.size = sizeof i, .vendor = 0x1234, .device = 0x5678,
                            .class_code = 0xff0000, .pin = 2, .express = 1, .self = t};
    void *at;

    t->pci = ((const struct pb_svc_bus *)h->get(h, PB_SVC_BUS))->parent(d, PB_PCI, &at);
    t->fn = t->pci->add(at, d, &i, e);
    if (!t->fn ||
        t->pci->bar(t->fn, 0, PB_PCI_BAR_MEM32, mem->io(d, "m", 4096, &ops, t, e), 4096, e) < 0 ||
        t->pci->bar(t->fn, 1, PB_PCI_BAR_IO, mem->io(d, "p", 32, &ops, t, e), 32, e) < 0 ||
        t->pci->bar(t->fn, 2, PB_PCI_BAR_MEM64 | PB_PCI_BAR_PREFETCH,
                    mem->io(d, "q", 1 << 20, &ops, t, e), 1 << 20, e) < 0 ||
        t->pci->msi(t->fn, 4, e) < 0 || t->pci->msix(t->fn, 5, 4, NULL, 0, e) < 0)
        return PB_EINVAL;
    return PB_OK;
}

static const struct pb_prop toy_props[] = {PB_PCI_PROPS};
static const struct pb_field toy_state[] = {PB_FIELD(struct toy, stored, PB_S_U64)};
static const struct pb_device_class toy_class = {
    .size = sizeof toy_class, .flags = PB_DEV_OWN_DOMAIN | PB_DEV_HOTPLUG, .id = "toy",
    .bus = PB_PCI_BUS, .props = toy_props, .n_props = sizeof toy_props / sizeof *toy_props,
    .instance_size = sizeof(struct toy), .state_version = 1, .n_state = 1, .state = toy_state,
    .realize = toy_realize};

/* ---- What the guest does ------------------------------------------------------------------ */

static uint64_t wild(void)
{
    static const uint32_t some[] = {0, 1, 7, 0xff, 0x100, 0x0f0e0d, 0x80000000, 0xfffffff0, ~0u};

    switch (rnd(4)) {
    case 0:
        return pbt_rand(&seed);
    case 1:
        return PD_MEM + (rnd(64) << 16);
    case 2:
        return rnd(2) ? PD_RAM + rnd(PD_RAM_LEN) : PD_MSI;
    default:
        return some[rnd(sizeof some / sizeof *some)];
    }
}

static uint32_t some_bdf(void)
{
    static const uint8_t here[] = {0, PORT_A, PORT_B, BRIDGE, FIXED, 0x30, 0x31};

    switch (rnd(4)) {
    case 0:
    case 1:
        return here[rnd(sizeof here)];
    case 2:
        return rnd(BUSES) << 8 | rnd(8) << 3 | (rnd(8) == 0);
    default:
        return rnd(0x10000);
    }
}

static void configuration(void)
{
    static const uint8_t likely[] = {4, 6, 0x0c, 0x10, 0x14, 0x18, 0x1a, 0x1c, 0x20, 0x24, 0x28,
                                     0x2c, 0x30, 0x3c, 0x3e};
    uint32_t bdf = some_bdf(), n = 1u << rnd(3), off = likely[rnd(sizeof likely)], cap;

    if (rnd(3) == 0)
        off = rnd(8) ? rnd(256) : rnd(4096);
    if (rnd(4) == 0 && (cap = pd_cap(&p, bdf, (const uint8_t[]){0x10, 0x11, 5, 1}[rnd(4)])) != 0)
        off = cap + rnd(0x20);
    if (rnd(3))
        pd_set(&p, bdf, off & ~(n - 1), (uint32_t)wild(), n);
    else
        pd_cfg(&p, bdf, off & ~(n - 1), n);
}

static void memory(void)
{
    uint64_t at = rnd(2) ? PD_MEM + rnd(64 << 16) : PD_HIGH + rnd(16 << 20);
    uint32_t n = 1u << rnd(4);

    switch (rnd(4)) {
    case 0:
        pd_read(&p, at & ~(n - 1ull), n);
        break;
    case 1:
        pd_io_write(&p, rnd(0x10000) & ~3u, (uint32_t)wild(), 4);
        break;
    case 2:
        pd_io_read(&p, rnd(0x10000) & ~3u, 4);
        break;
    default:
        pd_write(&p, at & ~(n - 1ull), wild(), n);
    }
}

/* A slot's power and lamps, the way a driver does it and any other way. */
static void slot(void)
{
    static const uint16_t values[] = {0x1139, 0x1239, 0x1739, 0x1439, 0x0400, 0, 0xffff};
    uint32_t bdf = rnd(2) ? PORT_A : PORT_B, cap = pd_cap(&p, bdf, 0x10);

    pd_set(&p, bdf, cap + 0x1a, pd_cfg(&p, bdf, cap + 0x1a, 2), 2);
    pd_set(&p, bdf, cap + 0x18, values[rnd(7)], 2);
}

static void user(void)
{
    struct guest *g = &guests[rnd(GUESTS)];
    pb_dev *d, *to;

    pbt_settle(p.b);
    d = pbt_find(p.b, g->name);
    if (d) {
        if (pbt_unplug(d) == PB_OK)
            gone++;
        return;
    }
    to = pbt_find(p.b, g->parent);
    d = pbt_create(p.b, to, 0, g->cls, g->name, *g->props ? g->props : NULL);
    if (d && pbt_realize(d) == PB_OK)
        plugged++;
    else if (d)
        pbt_remove(d);
}

/* ---- As good as new ------------------------------------------------------------------------ */

static void restart(void)
{
    pbt_settle(p.b);
    pbt_reset_all(p.b, PB_RESET_COLD);
    pd_set(&p, PORT_A, 0x18, 0x010100, 4);
    pd_set(&p, PORT_B, 0x18, 0x020200, 4);
    pd_set(&p, BRIDGE, 0x18, 0x040300, 4);
    pd_set(&p, 3 << 8 | 7 << 3, 0x18, 0x040403, 4); /* "deep", on the bridge's bus */
    for (uint32_t i = 0; i < 3; i++)
        pd_set(&p, (const uint8_t[]){PORT_A, PORT_B, BRIDGE}[i], 4, 7, 2);
    pd_set(&p, 3 << 8 | 7 << 3, 4, 7, 2);
    p.mem = PD_MEM;
    p.io = 0x1000;
    p.high = PD_HIGH;
    pd_setup(&p, FIXED);
    uint64_t at = pd_bar(&p, FIXED, 0);
    pd_write(&p, at, 0x5eed, 8);
    if (pd_cfg(&p, FIXED, 0, 4) != 0x56781234 || pd_read(&p, at, 8) != 0x5eed ||
        pd_cfg(&p, 3 << 8 | 7 << 3, 0x0e, 1) != 1) {
        fprintf(stderr, "fuzz-pci: a reset did not bring the bus back\n");
        exit(1);
    }
    restarts++;
}

static void step(void)
{
    uint32_t what = rnd(1000);

    if (what < 700)
        configuration();
    else if (what < 930)
        memory();
    else if (what < 950)
        slot();
    else if (what < 960)
        user();
    else if (what < 990)
        pbt_settle(p.b);
    else if (what == 990 && rnd(8) == 0)
        pbt_reload(p.b);
    else if (what > 997)
        restart();
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 100000);
    pb_dev *bridge;

    seed = pbt_seed_arg(argc, argv, seed);
    pd_init(&p, 1);
    pbt_load(p.b, "e1000");
    pbt_class(p.b, PB_CLASS_DEVICE, &toy_class);
    pbt_net_new(p.b, "w0");
    pbt_net_new(p.b, "w1");
    pbt_add_child(p.host, 0, "pcie-root-port", "porta", "addr=1,slot=1,chassis=1");
    pbt_add_child(p.host, 0, "pcie-root-port", "portb", "addr=2,slot=2,chassis=1");
    bridge = pbt_add_child(p.host, 0, "pci-bridge", "bridge", "addr=3");
    pbt_add_child(bridge, 0, "pci-bridge", "deep", "addr=7");
    pbt_add_child(p.host, 0, "toy", "fixed", "addr=4");
    restart();
    for (uint64_t i = 0; i < n; i++) {
        pbt_quiet(p.b, i % 64 != 0);
        step();
    }
    restart();
    printf("pci: %llu steps, %llu plugged, %llu unplugged at once, %llu restarts\n",
           (unsigned long long)n, (unsigned long long)plugged, (unsigned long long)gone,
           (unsigned long long)restarts);
    pbt_free(p.b);
    return !plugged || !gone;
}
