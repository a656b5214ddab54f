/* SPDX-License-Identifier: MIT */
/* pci.c - virtio over PCI. VIRTIO 1.2, section 4.1.
 *
 * One function carries one device. The modern layout lies in BAR 4 (memory): common
 * configuration, ISR, device configuration, notification, a page each; the legacy one in
 * BAR 0 (I/O). Vectors are in BAR 1. Where nothing else is said a function on the root bus is
 * transitional and one below a port is modern only, as in QEMU.
 * The capability that reaches the BAR through configuration space (4.1.4.9) is used without
 * our domain: reads take the register lock, writes wait for the domain.
 * Not modelled: shared memory regions, administration queues, ring reset, notification data,
 * ATS, power management.
 */
#include "vpci.h"

#include <plugboard/reg.h>

#include <string.h>

#define VENDOR 0x1af4u
#define LEGACY_ID 0x1000u /* 4.1.2.3: net blk balloon console scsi entropy 9p */
#define MODERN_ID 0x1040u

enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI_CFG };
enum { CFG_BAR = 4, CFG_OFFSET = 8, CFG_LENGTH = 12, CFG_DATA = 16, CFG_END = 20 };

/* ---- Interrupts -------------------------------------------------------------------------- */

static void interrupt(struct transport *t, uint32_t cause, uint32_t queue)
{
    struct vpci *v = (struct vpci *)t;

    if (v->pci->messages(v->fn)) {
        uint16_t *slot = cause == INT_CONFIG ? &v->config_vector : &v->queue_vector[queue];
        uint16_t n = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (n != NO_VECTOR)
            v->pci->send(v->fn, n);
        return;
    }
    __atomic_fetch_or(&v->isr, cause, __ATOMIC_SEQ_CST);
    v->pci->intx(v->fn, 1);
}

/* ---- BARs -------------------------------------------------------------------------------- */

static uint64_t bar_read(void *opaque, uint64_t off, uint32_t n)
{
    struct vpci *v = opaque;

    pthread_mutex_lock(&v->regs);
    uint64_t val = modern_read(v, (uint32_t)off, n);
    pthread_mutex_unlock(&v->regs);
    return val;
}

static void bar_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    struct vpci *v = opaque;

    if (off >= AT_NOTIFY) { /* a doorbell is no register: the queue has its own lock */
        modern_write(v, (uint32_t)off, val, n);
        return;
    }
    pthread_mutex_lock(&v->regs);
    modern_write(v, (uint32_t)off, val, n);
    pthread_mutex_unlock(&v->regs);
}

static uint64_t io_read(void *opaque, uint64_t off, uint32_t n)
{
    struct vpci *v = opaque;

    pthread_mutex_lock(&v->regs);
    uint64_t val = legacy_read(v, (uint32_t)off, n);
    pthread_mutex_unlock(&v->regs);
    return val;
}

static void io_write(void *opaque, uint64_t off, uint64_t val, uint32_t n)
{
    struct vpci *v = opaque;

    pthread_mutex_lock(&v->regs);
    legacy_write(v, (uint32_t)off, val, n);
    pthread_mutex_unlock(&v->regs);
}

/* ---- The window in configuration space, 4.1.4.9 ------------------------------------------ */

static uint32_t window(struct vpci *v, uint32_t *len)
{
    uint32_t off = v->pci->get(v->fn, v->cfg_cap + CFG_OFFSET, 4);

    *len = v->pci->get(v->fn, v->cfg_cap + CFG_LENGTH, 4);
    if (v->pci->get(v->fn, v->cfg_cap + CFG_BAR, 1) != BAR_MODERN ||
        (*len != 1 && *len != 2 && *len != 4) || off % *len || off > MODERN_LEN - *len)
        *len = 0;
    return off;
}

static uint32_t on_data(const struct vpci *v, uint32_t off, uint32_t n)
{
    return v->cfg_cap && off < v->cfg_cap + CFG_END && off + n > v->cfg_cap + CFG_DATA;
}

static void reading(void *self, uint32_t off, uint32_t n)
{
    struct vpci *v = self;
    uint32_t len, at;

    if (!on_data(v, off, n))
        return;
    at = window(v, &len);
    if (len)
        v->pci->set(v->fn, v->cfg_cap + CFG_DATA, (uint32_t)bar_read(v, at, len), 4);
}

static void late_write(void *opaque)
{
    struct vpci *v = opaque;

    pthread_mutex_lock(&v->regs);
    uint32_t len = v->late_len, off = v->late_off;
    uint64_t val = v->late;
    v->late_len = 0;
    pthread_mutex_unlock(&v->regs);
    if (len)
        bar_write(v, off, val, len);
}

static void written(void *self, uint32_t off, uint32_t n)
{
    struct vpci *v = self;
    uint32_t len, at;

    if (!on_data(v, off, n))
        return;
    at = window(v, &len);
    uint64_t val = v->pci->get(v->fn, v->cfg_cap + CFG_DATA, 4);
    pthread_mutex_lock(&v->regs);
    if (v->late_len && v->t.h->log_on[PB_LOG_GUEST])
        v->t.h->log(v->t.h, v->t.dev, PB_LOG_GUEST, "virtio-pci: a write through configuration "
                    "space before the last one was done: that one is lost");
    v->late_len = len;
    v->late_off = at;
    v->late = len < 4 ? val & ((1u << 8 * len) - 1) : val;
    pthread_mutex_unlock(&v->regs);
    if (len)
        v->time->soon(v->t.dev, late_write, v);
}

static int add_cap(struct vpci *v, uint32_t type, uint32_t off, uint32_t len, pb_err *e)
{
    uint8_t body[18] = {0}, wmask[18] = {0};
    uint32_t n = type == CAP_NOTIFY || type == CAP_PCI_CFG ? 20 : 16;

    body[0] = (uint8_t)n;
    body[1] = (uint8_t)type;
    body[2] = type == CAP_PCI_CFG ? 0 : BAR_MODERN;
    memcpy(body + 6, &off, 4);
    memcpy(body + 10, &len, 4);
    if (type == CAP_NOTIFY)
        body[14] = NOTIFY_STEP;
    if (type == CAP_PCI_CFG) {
        wmask[2] = 0xff;
        memset(wmask + 6, 0xff, 12);
    }
    return v->pci->cap(v->fn, 0x09, body, wmask, n - 2, e);
}

/* ---- The device comes: now we know what the function is ---------------------------------- */

static uint32_t class_of(uint32_t device_id)
{
    static const uint32_t v[] = {[1] = 0x020000, [2] = 0x010000, [3] = 0x078000,
                                 [4] = 0x00ff00, [8] = 0x010000, [9] = 0x000200};

    return device_id < sizeof v / sizeof *v && v[device_id] ? v[device_id] : 0x00ff00;
}

static uint32_t legacy_id(uint32_t device_id)
{
    static const uint8_t v[] = {[1] = 0x00, [2] = 0x01, [5] = 0x02, [3] = 0x03, [8] = 0x04,
                                [4] = 0x05, [9] = 0x09};

    if (device_id >= sizeof v || (device_id != 1 && !v[device_id]))
        return 0;
    return LEGACY_ID + v[device_id];
}

static void identify(struct vpci *v)
{
    uint32_t type = v->t.ops->device_id;
    const struct {
        uint32_t off, val, n;
    } set[] = {
        {0x02, v->legacy ? legacy_id(type) : MODERN_ID + type, 2},
        {0x08, v->legacy ? 0 : 1, 1},
        {0x09, class_of(type), 1},
        {0x0a, class_of(type) >> 8, 2},
        {0x2e, v->legacy ? type : 0x1100, 2},
    };

    for (uint32_t i = 0; i < sizeof set / sizeof *set; i++)
        v->pci->set(v->fn, set[i].off, set[i].val, set[i].n);
}

static int add_modern(struct vpci *v, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = bar_read, .write = bar_write, .min = 1,
                                             .max = 8, .impl_min = 1, .impl_max = 4};
    pb_region *r = v->t.mem->io(v->t.dev, "virtio-pci", MODERN_LEN, &ops, v, e);
    int rc = r ? v->pci->bar(v->fn, BAR_MODERN, PB_PCI_BAR_MEM64 | PB_PCI_BAR_PREFETCH, r,
                             MODERN_LEN, e)
               : PB_ENOMEM;

    rc = rc < 0 ? rc : add_cap(v, CAP_PCI_CFG, 0, 0, e);
    v->cfg_cap = rc > 0 ? (uint32_t)rc : 0;
    rc = rc < 0 ? rc : add_cap(v, CAP_NOTIFY, AT_NOTIFY, 0x1000, e);
    rc = rc < 0 ? rc : add_cap(v, CAP_DEVICE, AT_DEVICE, 0x1000, e);
    rc = rc < 0 ? rc : add_cap(v, CAP_ISR, AT_ISR, 0x1000, e);
    return rc < 0 ? rc : add_cap(v, CAP_COMMON, AT_COMMON, 0x1000, e);
}

static int add_legacy(struct vpci *v, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = io_read, .write = io_write, .min = 1,
                                             .max = 4, .impl_min = 1, .impl_max = 4,
                                             .flags = PB_RO_UNALIGNED};
    uint32_t size = 32;

    while (size < 0x18 + v->t.ops->config_len && size < 256)
        size *= 2;
    pb_region *r = v->t.mem->io(v->t.dev, "virtio-pci-legacy", size, &ops, v, e);
    return r ? v->pci->bar(v->fn, BAR_LEGACY, PB_PCI_BAR_IO, r, size, e) : PB_ENOMEM;
}

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct vpci *v = self;
    const struct pb_svc_prop *prop = v->t.h->get(v->t.h, PB_SVC_PROP);
    int rc = transport_attach(&v->t, child, e);

    (void)bus;
    if (rc < 0)
        return rc;
    if (v->legacy && !legacy_id(v->t.ops->device_id))
        return v->t.h->fail(e, PB_EINVAL, "this virtio device has no legacy interface: "
                            "disable-legacy=on");
    v->n_vectors = prop->is_set(v->t.dev, P_VECTORS) ? (uint32_t)prop->get_int(v->t.dev, P_VECTORS)
                                                     : v->t.n_queues + 1;
    identify(v);
    rc = v->modern ? add_modern(v, e) : PB_OK;
    if (rc >= 0 && v->legacy)
        rc = add_legacy(v, e);
    if (rc >= 0 && v->n_vectors)
        rc = v->pci->msix(v->fn, v->n_vectors, BAR_MSIX, NULL, 0, e);
    return rc < 0 ? rc : PB_OK;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus, (void)child;
    transport_detach(&((struct vpci *)self)->t);
}

const struct pb_bus_parent vpci_parent = {
    .size = sizeof vpci_parent, .attach = attach, .detach = detach};

/* ---- Life -------------------------------------------------------------------------------- */

void vpci_registers_reset(struct vpci *v)
{
    v->dfselect = v->gfselect = v->qselect = 0;
    __atomic_store_n(&v->config_vector, NO_VECTOR, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < VQ_MAX_QUEUES; i++)
        __atomic_store_n(&v->queue_vector[i], NO_VECTOR, __ATOMIC_RELEASE);
    __atomic_store_n(&v->isr, 0, __ATOMIC_SEQ_CST);
}

/* Function-level and bus reset. [dev] */
static void function_reset(void *self)
{
    struct vpci *v = self;

    pthread_mutex_lock(&v->regs);
    transport_reset(&v->t);
    vpci_registers_reset(v);
    v->late_len = 0;
    pthread_mutex_unlock(&v->regs);
    v->pci->intx(v->fn, 0);
}

static int layouts(struct vpci *v, void *bus, const struct pb_svc_prop *prop, pb_err *e)
{
    int64_t off = prop->get_int(v->t.dev, P_DISABLE_LEGACY); /* auto, on, off */

    v->modern = !prop->get_int(v->t.dev, P_DISABLE_MODERN);
    v->legacy = off == 2 || (off == 0 && v->pci->where(bus) != PB_PCI_AT_PORT);
    if (!v->modern && !v->legacy)
        return v->t.h->fail(e, PB_EINVAL, "device cannot work as neither modern nor legacy mode is "
                            "enabled: set either disable-modern or disable-legacy to off");
    return PB_OK;
}

static void offer(struct vpci *v, const struct pb_svc_prop *prop)
{
    pb_dev *d = v->t.dev;

    v->t.offer_mask = ~0ull;
    if (!v->modern)
        v->t.offer_mask &= ~(PB_VIRTIO_F_VERSION_1 | PB_VIRTIO_F_RING_PACKED);
    if (!prop->get_int(d, P_PACKED))
        v->t.offer_mask &= ~PB_VIRTIO_F_RING_PACKED;
    if (!prop->get_int(d, P_EVENT))
        v->t.offer_mask &= ~PB_VIRTIO_F_EVENT_IDX;
    if (!prop->get_int(d, P_INDIRECT))
        v->t.offer_mask &= ~PB_VIRTIO_F_INDIRECT_DESC;
    if (prop->get_int(d, P_IOMMU) && v->modern)
        v->t.extra = PB_VIRTIO_F_ACCESS_PLATFORM;
}

int vpci_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct vpci *v = self;
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct pb_pci_info info = {.size = sizeof info, .vendor = VENDOR, .device = MODERN_ID,
                               .sub_vendor = VENDOR, .pin = 1, .self = v, .written = written,
                               .reading = reading, .reset = function_reset};
    void *at;

    v->t.dev = d;
    v->t.h = h;
    v->time = h->get(h, PB_SVC_TIME);
    v->pci = bus->parent(d, PB_PCI, &at);
    if (!v->pci)
        return h->fail(e, PB_EINVAL, "the bus offers no PCI");
    int rc = layouts(v, at, prop, e);
    if (rc < 0)
        return rc;
    info.express = !v->legacy;
    v->fn = v->pci->add(at, d, &info, e);
    if (!v->fn)
        return PB_EINVAL;
    rc = transport_init(&v->t, d, h, e);
    if (rc < 0)
        return rc;
    v->t.interrupt = interrupt;
    pthread_mutex_init(&v->regs, NULL);
    offer(v, prop);
    vpci_registers_reset(v);
    return PB_OK;
}

void vpci_unrealize(void *self)
{
    struct vpci *v = self;

    transport_fini(&v->t);
    pthread_mutex_destroy(&v->regs);
}

void vpci_reset(void *self, uint32_t kind, uint32_t phase)
{
    struct vpci *v = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pthread_mutex_lock(&v->regs);
        transport_reset(&v->t);
        vpci_registers_reset(v);
        v->late_len = 0;
        pthread_mutex_unlock(&v->regs);
    } else if (phase == PB_RESET_HOLD) {
        v->pci->intx(v->fn, 0);
    }
}

int vpci_save(void *self, pb_state *s, pb_err *e)
{
    return transport_save(&((struct vpci *)self)->t, s, e);
}

int vpci_load(void *self, pb_state *s, pb_err *e)
{
    return transport_load(&((struct vpci *)self)->t, s, e);
}
