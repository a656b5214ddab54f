/* SPDX-License-Identifier: MIT */
/* The PCI bus, by a function of the test's own: BARs, bus mastering, pins, messages, bridges,
 * slots. Section numbers as in device-plugins/bus/pci. */
#include "pci-driver.h"
#include "suite.h"

#include <plugboard/query.h>

#include <string.h>

/* ---- The function: 4 KiB of memory that answers its number, 16 ports, 4 MSI, 3 MSI-X ----- */

enum { P_ID = PB_PCI_P_N };
struct toy {
    const struct pb_pci *pci;
    const struct pb_svc_mem *mem;
    pb_pci_fn *fn;
    pb_as *as;
    uint64_t id, stored;
    uint32_t resets, writes;
};

static uint64_t toy_read(void *opaque, uint64_t off, uint32_t n)
{
    struct toy *t = opaque;

    (void)n;
    return off ? t->stored : t->id;
}

static void toy_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    (void)off, (void)n;
    ((struct toy *)opaque)->stored = val;
}

static void toy_written(void *self, uint32_t off, uint32_t n)
{
    (void)off, (void)n;
    ((struct toy *)self)->writes++;
}

static void toy_fn_reset(void *self)
{
    ((struct toy *)self)->resets++;
}

static int toy_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = toy_read, .write = toy_write, .min = 1,
                                             .max = 8, .impl_min = 1, .impl_max = 8};
    struct toy *t = self;
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct pb_pci_info i = {.size = sizeof i, .vendor = 0x1234, .device = 0x5678,
                            .class_code = 0xff0000, .pin = 1, .express = 1, .self = t,
                            .written = toy_written, .reset = toy_fn_reset};
    void *at;

    t->id = (uint64_t)prop->get_int(d, P_ID);
    t->mem = h->get(h, PB_SVC_MEM);
    t->pci = bus->parent(d, PB_PCI, &at);
    t->fn = t->pci->add(at, d, &i, e);
    if (!t->fn)
        return PB_EINVAL;
    t->as = t->mem->as(d);
    pb_region *m = t->mem->io(d, "toy", 4096, &ops, t, e);
    pb_region *p = t->mem->io(d, "ports", 16, &ops, t, e);
    if (t->id == 99) /* one that fails late */
        return h->fail(e, PB_EIO, "toy 99 never works");
    if (t->pci->bar(t->fn, 0, PB_PCI_BAR_MEM32, m, 4096, e) < 0 ||
        t->pci->bar(t->fn, 2, PB_PCI_BAR_IO, p, 16, e) < 0 || t->pci->msi(t->fn, 4, e) < 0 ||
        t->pci->msix(t->fn, 3, 4, NULL, 0, e) < 0)
        return PB_EINVAL;
    CU_ASSERT(t->pci->bar(t->fn, 3, PB_PCI_BAR_MEM32, m, 3000, e) < 0);
    CU_ASSERT(t->pci->bar(t->fn, 5, PB_PCI_BAR_MEM64, m, 4096, e) < 0);
    return PB_OK;
}

static const struct pb_prop toy_props[] = {
    PB_PCI_PROPS, {.name = "id", .def = "1", .type = PB_T_UINT}};
static const struct pb_field toy_state[] = {PB_FIELD(struct toy, stored, PB_S_U64)};
static const struct pb_device_class toy_class = {
    .size = sizeof toy_class, .flags = PB_DEV_OWN_DOMAIN | PB_DEV_HOTPLUG, .id = "toy",
    .bus = PB_PCI_BUS, .props = toy_props, .n_props = sizeof toy_props / sizeof *toy_props,
    .instance_size = sizeof(struct toy), .state_version = 1, .n_state = 1, .state = toy_state,
    .realize = toy_realize};

static struct pd p;

static void begin(int msi)
{
    pd_init(&p, msi);
    pbt_class(p.b, PB_CLASS_DEVICE, &toy_class);
}

static struct toy *self(pb_dev *d)
{
    return pbt_self(d);
}

/* ---- BARs -------------------------------------------------------------------------------- */

static void bars_move_and_hide(void)
{
    begin(0);
    pbt_add_child(p.host, 0, "toy", "a", "addr=3,id=7");
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, 0, 4), 0x56781234);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x20, 0, 4), UINT32_MAX);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x118, 0, 4), UINT32_MAX);
    CU_ASSERT_EQUAL(pd_bar_size(&p, 0x18, 0), 4096);
    CU_ASSERT_EQUAL(pd_bar_size(&p, 0x18, 2) & 0xffff, 16);
    CU_ASSERT_EQUAL(pd_bar_size(&p, 0x18, 1), 0);
    pd_set(&p, 0x18, 0x10, PD_MEM, 4);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 4), UINT32_MAX); /* not decoded yet */
    pd_set(&p, 0x18, 4, 2, 2);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), 7);
    pd_set(&p, 0x18, 0x10, PD_MEM + 0x5000, 4);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), UINT64_MAX);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM + 0x5000, 8), 7);
    pd_set(&p, 0x18, 0x10, UINT32_MAX, 4); /* sizing with decoding on, over everything */
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM + 0x5000, 8), UINT64_MAX);
    pd_set(&p, 0x18, 0x18, 0x1000, 4);
    CU_ASSERT_EQUAL(pd_io_read(&p, 0x1000, 4), UINT32_MAX);
    pd_set(&p, 0x18, 4, 3, 2);
    CU_ASSERT_EQUAL(pd_io_read(&p, 0x1000, 4), 7);
    pbt_free(p.b);
}

static void overlapping_bars_do_no_harm(void)
{
    begin(0);
    pbt_add_child(p.host, 0, "toy", "a", "addr=1,id=1");
    pb_dev *b = pbt_add_child(p.host, 0, "toy", "b", "addr=2,id=2");
    pd_set(&p, 0x08, 0x10, PD_MEM, 4);
    pd_set(&p, 0x10, 0x10, PD_MEM, 4);
    pd_set(&p, 0x08, 4, 2, 2);
    pd_set(&p, 0x10, 4, 2, 2);
    uint64_t seen = pd_read(&p, PD_MEM, 8);
    CU_ASSERT(seen == 1 || seen == 2);
    pbt_remove(b);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), 1);
    pd_set(&p, 0x08, 0x10, PD_RAM, 4); /* over RAM: outside the windows, so nowhere */
    memset(p.ram, 0x5a, 8);
    CU_ASSERT_EQUAL(pbt_read_at(p.b, PD_RAM, 8), 0x5a5a5a5a5a5a5a5a);
    pbt_free(p.b);
}

static void dma_needs_bus_mastering(void)
{
    begin(0);
    pb_dev *a = pbt_add_child(p.host, 0, "toy", "a", "addr=1");
    struct toy *t = self(a);
    struct pb_window w;
    uint32_t v = 0x12345678;

    CU_ASSERT_EQUAL(t->mem->write(t->as, PD_RAM, &v, 4), PB_EFAULT);
    CU_ASSERT(t->mem->map(t->as, PD_RAM, 4096, 1, &w) < 0);
    pd_set(&p, 0x08, 4, 4, 2);
    CU_ASSERT_EQUAL(t->mem->write(t->as, PD_RAM, &v, 4), PB_OK);
    CU_ASSERT_EQUAL(t->mem->map(t->as, PD_RAM, 4096, 1, &w), PB_OK);
    pd_set(&p, 0x08, 4, 0, 2);
    CU_ASSERT_NOT_EQUAL(*w.gen, w.seen); /* the window is stale */
    CU_ASSERT(t->mem->read(t->as, PD_RAM, &v, 4) < 0);
    pbt_free(p.b);
}

/* ---- Interrupts -------------------------------------------------------------------------- */

static void pins_are_swizzled_and_shared(void)
{
    begin(0);
    struct toy *a = self(pbt_add_child(p.host, 0, "toy", "a", "addr=1"));
    struct toy *b = self(pbt_add_child(p.host, 0, "toy", "b", "addr=5"));

    a->pci->intx(a->fn, 1);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, 6, 2) & 8, 8);
    b->pci->intx(b->fn, 1);
    a->pci->intx(a->fn, 0);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1); /* b still drives it */
    pd_set(&p, 0x28, 4, 0x400, 2);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pd_set(&p, 0x28, 4, 0, 2);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    pbt_remove(pbt_find(p.b, "b"));
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pbt_free(p.b);
}

static void msix_masks_and_keeps_pending(void)
{
    begin(1);
    struct toy *a = self(pbt_add_child(p.host, 0, "toy", "a", "addr=4"));
    uint32_t cap = pd_cap(&p, 0x20, 0x11);

    pd_setup(&p, 0x20);
    uint64_t table = pd_bar(&p, 0x20, 4);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x20, cap + 2, 2), 2);
    a->pci->send(a->fn, 0); /* off: dropped */
    pd_msix(&p, 0x20, 3, 40);
    CU_ASSERT_EQUAL(a->pci->messages(a->fn), 2);
    a->pci->send(a->fn, 1);
    a->pci->send(a->fn, 3); /* there is no such vector */
    CU_ASSERT_EQUAL(pd_heard(&p, 41), 1);
    CU_ASSERT_EQUAL(pd_last_requester(&p), 0x20);
    pd_write(&p, table + 16 + 12, 1, 4);
    a->pci->send(a->fn, 1);
    CU_ASSERT_EQUAL(pd_heard(&p, 41), 1);
    CU_ASSERT_EQUAL(pd_read(&p, table + 16 * 8, 4), 2); /* pending bit of vector 1 */
    pbt_reload(p.b);
    pd_write(&p, table + 16 + 8, 45, 4);
    pd_write(&p, table + 16 + 12, 0, 4);
    CU_ASSERT_EQUAL(pd_heard(&p, 45), 1);
    pd_set(&p, 0x20, cap + 2, 0xc000, 2); /* function mask */
    a->pci->send(a->fn, 2);
    CU_ASSERT_EQUAL(pd_heard(&p, 42), 0);
    pd_set(&p, 0x20, cap + 2, 0x8000, 2);
    CU_ASSERT_EQUAL(pd_heard(&p, 42), 1);
    pd_set(&p, 0x20, 4, 2, 2); /* a message is a write by the function */
    a->pci->send(a->fn, 2);
    CU_ASSERT_EQUAL(pd_heard(&p, 42), 1);
    pbt_free(p.b);
}

static void msi_numbers_its_vectors(void)
{
    begin(1);
    struct toy *a = self(pbt_add_child(p.host, 0, "toy", "a", "addr=4"));
    uint32_t cap = pd_cap(&p, 0x20, 0x05);

    pd_set(&p, 0x20, 4, 4, 2);
    pd_set(&p, 0x20, cap + 4, PD_MSI, 4);
    pd_set(&p, 0x20, cap + 12, 0x43, 2);
    pd_set(&p, 0x20, cap + 2, 0x21, 2); /* four vectors, on */
    CU_ASSERT_EQUAL(a->pci->messages(a->fn), 1);
    a->pci->send(a->fn, 2);
    CU_ASSERT_EQUAL(pd_heard(&p, 0x42), 1);
    pd_set(&p, 0x20, cap + 16, 4, 4);
    a->pci->send(a->fn, 2);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x20, cap + 20, 4), 4);
    pd_set(&p, 0x20, cap + 16, 0, 4);
    CU_ASSERT_EQUAL(pd_heard(&p, 0x42), 2);
    pd_set(&p, 0x20, cap + 4, (uint32_t)PD_RAM + 64, 4); /* to memory: stored there */
    a->pci->send(a->fn, 1);
    CU_ASSERT_EQUAL(pbt_read_at(p.b, PD_RAM + 64, 4), 0x41);
    pbt_free(p.b);
}

/* ---- Bridges and slots ------------------------------------------------------------------- */

static void open_bridge(uint32_t bdf, uint32_t number)
{
    pd_set(&p, bdf, 0x18, number << 8 | number << 16, 4);
    pd_set(&p, bdf, 0x20, 0x40004000, 4); /* memory 0x40000000 to 0x400fffff */
    pd_set(&p, bdf, 4, 7, 2);
}

/* Slot Numbering (PCI-to-PCI Bridge 1.2, 13.1), and QEMU's capability "resource reserve". */
static void bridges_say_what_the_user_wants(void)
{
    begin(1);
    pbt_add_child(p.host, 0, "pci-bridge", "br", "addr=2,chassis_nr=7,shpc=off");
    pbt_add_child(p.host, 0, "pcie-root-port", "rp", "addr=3,pref64-reserve=32M,bus-reserve=2");
    uint32_t at = pd_cap(&p, 0x10, 0x04);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x10, at + 2, 2), 0x0720);
    at = pd_cap(&p, 0x18, 0x09);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, at + 2, 2), 0x0120);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, at + 4, 4), 2);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, at + 8, 4), UINT32_MAX);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, at + 24, 4), 32 << 20);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, at + 28, 4), 0);
    pb_dev *d = pbt_create(p.b, p.host, 0, "pcie-root-port", "r2",
                           "pref32-reserve=1M,pref64-reserve=1M");
    CU_ASSERT(pbt_realize(d) < 0);
    pbt_free(p.b);
}

static void bridges_route_and_filter(void)
{
    begin(1);
    pb_dev *br = pbt_add_child(p.host, 0, "pci-bridge", "br", "addr=2");
    struct toy *a = self(pbt_add_child(br, 0, "toy", "a", "addr=3,id=9"));
    uint32_t v = 1, bdf = 0x518;

    CU_ASSERT_EQUAL(pd_cfg(&p, bdf, 0, 4), UINT32_MAX);
    open_bridge(0x10, 5);
    CU_ASSERT_EQUAL(pd_cfg(&p, bdf, 0, 4), 0x56781234);
    CU_ASSERT_EQUAL(pd_cfg(&p, bdf, 0x100, 4), UINT32_MAX); /* a conventional bus */
    CU_ASSERT_EQUAL(pd_cap(&p, bdf, 0x10), 0);
    pd_set(&p, bdf, 0x10, PD_MEM, 4);
    pd_set(&p, bdf, 4, 7, 2);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), 9);
    CU_ASSERT_EQUAL(a->mem->write(a->as, PD_RAM, &v, 4), PB_OK);
    pd_set(&p, 0x10, 0x20, 0x41004100, 4);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), UINT64_MAX); /* not in the window */
    pd_set(&p, 0x10, 0x20, 0x40004000, 4);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), 9);
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), 9);
    a = self(pbt_find(p.b, "a"));
    pd_set(&p, 0x10, 4, 3, 2); /* the bridge masters no more */
    CU_ASSERT(a->mem->write(a->as, PD_RAM, &v, 4) < 0);
    a->pci->intx(a->fn, 1); /* pin A, device 3, then device 2: (0 + 3 + 2) % 4 */
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    CU_ASSERT_EQUAL(a->pci->requester(a->fn), bdf);
    pd_set(&p, 0x10, 0x3e, 0x40, 2); /* secondary bus reset */
    CU_ASSERT_EQUAL(a->resets, 1);
    CU_ASSERT_EQUAL(pd_read(&p, PD_MEM, 8), UINT64_MAX);
    pbt_free(p.b);
}

static void masked_msi_waits_across_a_reload(void)
{
    begin(0);
    pb_dev *port = pbt_add_child(p.host, 0, "pcie-root-port", "port", "addr=3,slot=3,chassis=1");
    uint32_t msi = pd_cap(&p, 0x18, 0x05), express = pd_cap(&p, 0x18, 0x10);

    open_bridge(0x18, 1);
    pd_set(&p, 0x18, msi + 16, 1, 4);
    pd_set(&p, 0x18, msi + 2, 1, 2);
    pd_set(&p, 0x18, express + 0x18, 0x1439, 2); /* off; button, presence and link enabled */
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, msi + 20, 4), 0);
    pbt_add_child(port, 0, "toy", "t", "id=5");
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, msi + 20, 4), 1);
    pd_set(&p, 0x18, express + 0x1a, 9, 2); /* or the port would send it anew */
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x18, msi + 20, 4), 1);
    pbt_free(p.b);
}

static void a_slot_is_switched_by_the_guest(void)
{
    begin(0);
    pb_dev *rp = pbt_add_child(p.host, 0, "pcie-root-port", "rp", "addr=1,slot=3,chassis=1");
    uint32_t cap = pd_cap(&p, 0x08, 0x10);

    open_bridge(0x08, 1);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x1a, 2) & 0x40, 0);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x18, 2) & 0x400, 0x400); /* empty: off */
    pd_set(&p, 0x08, cap + 0x18, 0x1439, 2); /* off; button, presence and link enabled */
    pb_dev *a = pbt_add_child(rp, 0, "toy", "a", "id=5");
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x1a, 2), 0x49); /* present, changed, the button */
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x100, 0, 4), UINT32_MAX); /* no power yet */
    pd_set(&p, 0x08, cap + 0x1a, 9, 2);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pd_set(&p, 0x08, cap + 0x18, 0x1139, 2); /* power on */
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x12, 2) & 0x2000, 0x2000);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x1a, 2), 0x140);
    pd_set(&p, 0x08, cap + 0x1a, 0x100, 2);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x100, 0, 4), 0x56781234);
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x100, 0, 4), 0x56781234);
    a = pbt_find(p.b, "a");
    CU_ASSERT_EQUAL(pbt_unplug(a), PB_EAGAIN);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x1a, 2), 0x41); /* the button */
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    pd_set(&p, 0x08, cap + 0x1a, 1, 2);
    pd_set(&p, 0x08, cap + 0x18, 0x1239, 2); /* blinking: the guest thinks */
    CU_ASSERT_EQUAL(pbt_unplug(a), PB_EBUSY);
    pbt_settle(p.b);
    CU_ASSERT_PTR_NOT_NULL(pbt_find(p.b, "a"));
    pd_set(&p, 0x08, cap + 0x18, 0x1739, 2); /* off: let go */
    pbt_settle(p.b);
    CU_ASSERT_PTR_NULL(pbt_find(p.b, "a"));
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, cap + 0x1a, 2), 0x108);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x100, 0, 4), UINT32_MAX);
    pbt_add_child(rp, 0, "toy", "a", "id=6");
    CU_ASSERT_EQUAL(pbt_unplug(pbt_find(p.b, "a")), PB_OK); /* off already */
    pbt_free(p.b);
}

/* ---- What the user may not ask ----------------------------------------------------------- */

static void refuse(pb_dev *parent, const char *cls, const char *props, const char *why)
{
    pb_dev *d = pbt_create(p.b, parent, 0, cls, "x", props);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT(pbt_realize(d) < 0);
    if (!strstr(pbt_error(p.b), why))
        printf("\nwanted '%s', got '%s'\n", why, pbt_error(p.b));
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(p.b), why));
    pbt_remove(d);
}

static void addresses_are_checked(void)
{
    begin(0);
    pb_dev *rp = pbt_add_child(p.host, 0, "pcie-root-port", "rp", "addr=1,slot=1,chassis=1");
    pbt_add_child(p.host, 0, "toy", "a", "addr=3");
    refuse(p.host, "toy", "addr=3", "slot 3 function 0 not available");
    refuse(p.host, "toy", "addr=0", "in use by pcie");
    refuse(p.host, "toy", "addr=20", "doesn't take value '20'");
    refuse(p.host, "toy", "addr=3.8", "doesn't take value");
    refuse(p.host, "toy", "addr=3.1", "single function device");
    refuse(rp, "toy", "addr=2", "only allows plugging into slot 0");
    refuse(p.host, "toy", "id=99", "never works");
    refuse(p.host, "toy", "romfile=/nonexistent", "failed to find romfile");
    refuse(p.host, "pcie-root-port", "slot=1,chassis=1", "Can't add chassis slot");
    pbt_add_child(p.host, 0, "toy", "m0", "addr=4,multifunction=on");
    pbt_add_child(p.host, 0, "toy", "m1", "addr=4.1");
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x20, 0x0e, 1), 0x80);
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x21, 0, 4), 0x56781234);
    pbt_free(p.b);
}

static void info_shows_the_tree(void)
{
    char text[4000];

    begin(0);
    pb_dev *br = pbt_add_child(p.host, 0, "pci-bridge", "br", "addr=2");
    pbt_add_child(br, 0, "toy", "a", "addr=3");
    open_bridge(0x10, 5);
    pd_set(&p, 0x518, 0x10, PD_MEM, 4);
    pd_set(&p, 0x518, 4, 2, 2);
    const struct pb_info *i = pbt_provides(p.host, PB_INFO);
    CU_ASSERT_STRING_EQUAL(i->name, "pci");
    uint32_t n = i->text(pbt_self(p.host), text, sizeof text);
    CU_ASSERT(n < sizeof text && n == strlen(text));
    CU_ASSERT_EQUAL(i->text(pbt_self(p.host), NULL, 0), n);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Bus  0, device   0, function 0:\n    Host bridge"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "secondary bus 5."));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Bus  5, device   3, function 0:\n    Class ff00: PCI "
                                        "device 1234:5678"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "BAR0: 32 bit memory at 0x40000000 [0x40000fff]."));

    const struct pb_query *q = pbt_provides(p.host, PB_QUERY);
    CU_ASSERT_STRING_EQUAL(q->name, "pci");
    n = q->json(pbt_self(p.host), text, sizeof text);
    CU_ASSERT(n < sizeof text && n == strlen(text));
    CU_ASSERT_EQUAL(q->json(pbt_self(p.host), NULL, 0), n);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"secondary\": 5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"bus\": 5, \"slot\": 3, \"function\": 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "{\"bar\": 0, \"type\": \"memory\", \"size\": 4096, "
                                        "\"address\": 1073741824"));
    pbt_free(p.b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"BARs move and hide", bars_move_and_hide},
        {"overlapping BARs do no harm", overlapping_bars_do_no_harm},
        {"DMA needs bus mastering", dma_needs_bus_mastering},
        {"pins are swizzled and shared", pins_are_swizzled_and_shared},
        {"a masked MSI waits across a reload", masked_msi_waits_across_a_reload},
        {"MSI-X masks and keeps pending", msix_masks_and_keeps_pending},
        {"MSI numbers its vectors", msi_numbers_its_vectors},
        {"bridges route and filter", bridges_route_and_filter},
        {"bridges say what the user wants", bridges_say_what_the_user_wants},
        {"a slot is switched by the guest", a_slot_is_switched_by_the_guest},
        {"addresses are checked", addresses_are_checked},
        {"info shows the tree", info_shows_the_tree},
    };
    return SUITE_RUN("pci", tests);
}
