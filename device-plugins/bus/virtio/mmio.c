/* SPDX-License-Identifier: MIT */
/* mmio.c - virtio over MMIO. VIRTIO 1.2, section 4.2 (version 2 of the register layout, and the
 * legacy one, version 1, of 4.2.4).
 *
 * One slot: a register block, one interrupt, a bus for one device. An empty slot reads as
 * DeviceID 0, which drivers skip (4.2.2.1). A slot has one layout: Version is read before anything
 * else, and kernels that are taught with QEMU's boards know the legacy one only, its default there.
 * Not modelled: shared memory regions (none exists: length -1).
 */
#include "transport.h"

#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <string.h>

#define MAGIC 0x74726976u  /* "virt" */
#define VENDOR 0x554d4551u /* what drivers have seen since QEMU's first: "QEMU" */

enum {
    R_DeviceID, R_DeviceFeatures, R_DeviceFeaturesSel, R_DriverFeatures, R_DriverFeaturesSel,
    R_QueueSel, R_QueueNumMax, R_QueueNum, R_QueueReady, R_QueueNotify, R_InterruptStatus,
    R_InterruptACK, R_Status, R_QueueDescLow, R_QueueDescHigh, R_QueueDriverLow,
    R_QueueDriverHigh, R_QueueDeviceLow, R_QueueDeviceHigh, R_SHM, R_ConfigGeneration,
    R_Version, R_QueuePFN, R_Const
};
enum { P_PACKED, P_EVENT_IDX, P_INDIRECT, P_FORCE_LEGACY };

struct mmio {
    struct transport t;
    const struct pb_line *irq;
    uint32_t legacy; /* the slot has the layout of 4.2.4 */
    uint32_t DeviceFeaturesSel, DriverFeaturesSel, QueueSel, SHMSel;
    uint32_t GuestPageSize, QueueAlign; /* 4.2.4 */
    uint32_t InterruptStatus; /* atomic */
};

#define REG(n, o, a, f) \
    {.name = #n, .off = o, .width = 4, .access = a, .id = R_##n, .flags = f, .section = "4.2.2"}
#define STORED(n, o)                                                                           \
    {.name = #n, .off = o, .width = 4, .access = PB_R_WO, .mask = 0xffffffff, .id = R_Const,   \
     .var = PB_REG_VAR(struct mmio, n), .section = "4.2.2"}
#define LEGACY(n, o)                                                                           \
    {.name = #n, .off = o, .width = 4, .access = PB_R_WO, .mask = 0xffffffff, .id = R_Const,   \
     .var = PB_REG_VAR(struct mmio, n), .section = "4.2.4"}
#define HOOK_RW (PB_REG_HOOK_R | PB_REG_HOOK_W)

static const struct pb_reg mmio_reg[] = {
    {.name = "MagicValue", .off = 0x000, .width = 4, .access = PB_R_RO, .reset = MAGIC,
     .id = R_Const, .section = "4.2.2"},
    REG(Version, 0x004, PB_R_RO, PB_REG_HOOK_R),
    REG(DeviceID, 0x008, PB_R_RO, PB_REG_HOOK_R),
    {.name = "VendorID", .off = 0x00c, .width = 4, .access = PB_R_RO, .reset = VENDOR,
     .id = R_Const, .section = "4.2.2"},
    REG(DeviceFeatures, 0x010, PB_R_RO, PB_REG_HOOK_R),
    STORED(DeviceFeaturesSel, 0x014),
    REG(DriverFeatures, 0x020, PB_R_WO, PB_REG_HOOK_W),
    STORED(DriverFeaturesSel, 0x024),
    LEGACY(GuestPageSize, 0x028),
    STORED(QueueSel, 0x030),
    REG(QueueNumMax, 0x034, PB_R_RO, PB_REG_HOOK_R),
    REG(QueueNum, 0x038, PB_R_WO, PB_REG_HOOK_W),
    LEGACY(QueueAlign, 0x03c),
    {.name = "QueuePFN", .off = 0x040, .width = 4, .access = PB_R_RW, .id = R_QueuePFN,
     .flags = HOOK_RW, .section = "4.2.4"},
    REG(QueueReady, 0x044, PB_R_RW, HOOK_RW),
    REG(QueueNotify, 0x050, PB_R_WO, PB_REG_HOOK_W),
    REG(InterruptStatus, 0x060, PB_R_RO, PB_REG_HOOK_R),
    REG(InterruptACK, 0x064, PB_R_WO, PB_REG_HOOK_W),
    REG(Status, 0x070, PB_R_RW, HOOK_RW),
    REG(QueueDescLow, 0x080, PB_R_WO, PB_REG_HOOK_W),
    REG(QueueDescHigh, 0x084, PB_R_WO, PB_REG_HOOK_W),
    REG(QueueDriverLow, 0x090, PB_R_WO, PB_REG_HOOK_W),
    REG(QueueDriverHigh, 0x094, PB_R_WO, PB_REG_HOOK_W),
    REG(QueueDeviceLow, 0x0a0, PB_R_WO, PB_REG_HOOK_W),
    REG(QueueDeviceHigh, 0x0a4, PB_R_WO, PB_REG_HOOK_W),
    STORED(SHMSel, 0x0ac),
    {.name = "SHMLenLow", .off = 0x0b0, .width = 4, .access = PB_R_RO, .reset = 0xffffffff,
     .id = R_SHM, .count = 4, .stride = 4, .section = "4.2.2"},
    REG(ConfigGeneration, 0x0fc, PB_R_RO, PB_REG_HOOK_R),
};

static struct pb_vq *selected(struct mmio *m)
{
    return m->QueueSel < m->t.n_queues ? &m->t.vq[m->QueueSel] : NULL;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct mmio *m = self;
    struct pb_vq *q = selected(m);

    (void)i;
    switch (r->id) {
    case R_Version:
        return m->legacy ? 1 : 2;
    case R_DeviceID:
        return m->t.ops ? m->t.ops->device_id : 0;
    case R_DeviceFeatures:
        return m->DeviceFeaturesSel > !m->legacy /* 4.2.4: the first 32 only */
                   ? 0
                   : (uint32_t)(transport_offered(&m->t) >> (32 * m->DeviceFeaturesSel));
    case R_QueueNumMax:
        return q ? q->max : 0;
    case R_QueueReady:
        return q && !m->legacy ? q->ready : 0;
    case R_QueuePFN:
        return q && m->legacy && q->ready && m->GuestPageSize ? q->desc_gpa / m->GuestPageSize : 0;
    case R_InterruptStatus:
        return __atomic_load_n(&m->InterruptStatus, __ATOMIC_ACQUIRE);
    case R_Status:
        return __atomic_load_n(&m->t.status, __ATOMIC_ACQUIRE);
    case R_ConfigGeneration:
        return m->legacy ? 0 : __atomic_load_n(&m->t.generation, __ATOMIC_ACQUIRE);
    default:
        return 0;
    }
}

static void set_half(uint64_t *v, uint32_t high, uint64_t val)
{
    *v = high ? (*v & 0xffffffffull) | val << 32 : (*v & ~0xffffffffull) | (uint32_t)val;
}

/* The interrupt is the OR of its causes; a cause that came while the line was being
 * lowered raises it again. */
static void update_irq(struct mmio *m)
{
    pb_line_set(m->irq, __atomic_load_n(&m->InterruptStatus, __ATOMIC_SEQ_CST) != 0);
    if (__atomic_load_n(&m->InterruptStatus, __ATOMIC_SEQ_CST))
        pb_line_set(m->irq, 1);
}

/* 4.2.4: a page's number, 0 to take the queue away, is all that says where a queue is. */
static void queue_pfn(struct mmio *m, uint32_t pfn)
{
    transport_legacy_queue(&m->t, m->QueueSel, (uint64_t)pfn * m->GuestPageSize, m->QueueAlign);
}

static void queue_write(struct mmio *m, uint32_t id, uint64_t val)
{
    struct pb_vq *q = selected(m);

    if (!q || (q->ready && id != R_QueueReady) ||
        (m->legacy ? id != R_QueueNum && id != R_QueuePFN : id == R_QueuePFN))
        return; /* 4.2.2.2: not while ready; registers of the other layout are none */
    switch (id) {
    case R_QueueNum:
        q->num = (uint32_t)val;
        break;
    case R_QueuePFN:
        queue_pfn(m, (uint32_t)val);
        break;
    case R_QueueReady:
        transport_queue_ready(&m->t, m->QueueSel, val & 1);
        break;
    case R_QueueDescLow:
    case R_QueueDescHigh:
        set_half(&q->desc_gpa, id == R_QueueDescHigh, val);
        break;
    case R_QueueDriverLow:
    case R_QueueDriverHigh:
        set_half(&q->driver_gpa, id == R_QueueDriverHigh, val);
        break;
    default:
        set_half(&q->device_gpa, id == R_QueueDeviceHigh, val);
        break;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct mmio *m = self;

    (void)i;
    switch (r->id) {
    case R_DriverFeatures:
        if (m->legacy && m->DriverFeaturesSel == 0)
            transport_legacy_features(&m->t, (uint32_t)val);
        else if (!m->legacy && m->DriverFeaturesSel <= 1 && !(m->t.status & ST_FEATURES_OK))
            set_half(&m->t.driver_features, m->DriverFeaturesSel, val);
        break;
    case R_QueueNotify:
        transport_kick(&m->t, (uint32_t)val);
        break;
    case R_InterruptACK:
        __atomic_fetch_and(&m->InterruptStatus, ~(uint32_t)val, __ATOMIC_SEQ_CST);
        update_irq(m);
        break;
    case R_Status:
        if (m->legacy)
            transport_legacy_status(&m->t, (uint32_t)val);
        else
            transport_set_status(&m->t, (uint32_t)val);
        if (val == 0) {
            __atomic_store_n(&m->InterruptStatus, 0, __ATOMIC_SEQ_CST);
            update_irq(m);
        }
        break;
    default:
        queue_write(m, r->id, val);
        break;
    }
}

static const struct pb_regs mmio_regs = {
    .size = sizeof mmio_regs,
    .n = sizeof mmio_reg / sizeof *mmio_reg,
    .reg = mmio_reg,
    .name = "virtio-mmio",
    .read = reg_read,
    .write = reg_write,
};

/* ---- The region: registers, then the device's configuration ---------------------------- */

#define CONFIG 0x100u

static uint64_t mmio_read(void *opaque, uint64_t off, uint32_t bytes)
{
    struct mmio *m = opaque;
    uint64_t v = 0;

    if (off < CONFIG)
        return pb_regs_read(&mmio_regs, m, m->t.h, m->t.dev, off, bytes);
    off -= CONFIG;
    if (m->t.ops && m->t.ops->config_read && off + bytes <= m->t.ops->config_len)
        m->t.ops->config_read(m->t.self, (uint32_t)off, &v, bytes); /* little-endian host */
    return v;
}

static void mmio_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct mmio *m = opaque;

    if (off < CONFIG) {
        pb_regs_write(&mmio_regs, m, m->t.h, m->t.dev, off, val, bytes);
        return;
    }
    off -= CONFIG;
    if (m->t.ops && m->t.ops->config_write && off + bytes <= m->t.ops->config_len)
        m->t.ops->config_write(m->t.self, (uint32_t)off, &val, bytes);
}

static void raise_irq(struct transport *t, uint32_t cause, uint32_t queue)
{
    struct mmio *m = (struct mmio *)t;

    (void)queue;
    __atomic_fetch_or(&m->InterruptStatus, cause, __ATOMIC_SEQ_CST);
    pb_line_set(m->irq, 1);
}

static int mmio_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = mmio_read, .write = mmio_write, .min = 1,
                                             .max = 8, .impl_min = 1, .impl_max = 8};
    struct mmio *m = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    int rc = transport_init(&m->t, d, h, e);

    if (rc < 0)
        return rc;
    m->t.interrupt = raise_irq;
    m->t.offer_mask = ~0ull;
    if (!prop->get_int(d, P_PACKED))
        m->t.offer_mask &= ~PB_VIRTIO_F_RING_PACKED;
    if (!prop->get_int(d, P_EVENT_IDX))
        m->t.offer_mask &= ~PB_VIRTIO_F_EVENT_IDX;
    if (!prop->get_int(d, P_INDIRECT))
        m->t.offer_mask &= ~PB_VIRTIO_F_INDIRECT_DESC;
    m->legacy = (uint32_t)prop->get_int(d, P_FORCE_LEGACY);
    m->irq = line->out(d, "irq", 0);
    pb_region *r = m->t.mem->io(d, "virtio-mmio", 0x200, &ops, m, e);
    return r ? m->t.mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void mmio_unrealize(void *self)
{
    transport_fini(&((struct mmio *)self)->t);
}

static void mmio_reset(void *self, uint32_t kind, uint32_t phase)
{
    struct mmio *m = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        transport_reset(&m->t);
        m->DeviceFeaturesSel = m->DriverFeaturesSel = m->QueueSel = m->SHMSel = 0;
        m->GuestPageSize = m->QueueAlign = 0;
        __atomic_store_n(&m->InterruptStatus, 0, __ATOMIC_SEQ_CST);
    } else if (phase == PB_RESET_HOLD) {
        update_irq(m);
    }
}

static int mmio_save(void *self, pb_state *s, pb_err *e)
{
    return transport_save(&((struct mmio *)self)->t, s, e);
}

static int mmio_load(void *self, pb_state *s, pb_err *e)
{
    return transport_load(&((struct mmio *)self)->t, s, e);
}

static int bus_attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    (void)bus;
    return transport_attach(&((struct mmio *)self)->t, child, e);
}

static void bus_detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus;
    (void)child;
    transport_detach(&((struct mmio *)self)->t);
}

static const struct pb_bus_parent bus_parent = {
    .size = sizeof bus_parent, .attach = bus_attach, .detach = bus_detach};
static const struct pb_provide provides[] = {
    {PB_VIRTIO, &transport_service}, {PB_BUS_PARENT, &bus_parent}};
static const struct pb_field state[] = {
    PB_FIELD(struct mmio, DeviceFeaturesSel, PB_S_U32),
    PB_FIELD(struct mmio, DriverFeaturesSel, PB_S_U32),
    PB_FIELD(struct mmio, QueueSel, PB_S_U32),
    PB_FIELD(struct mmio, SHMSel, PB_S_U32),
    PB_FIELD(struct mmio, InterruptStatus, PB_S_U32),
    {"GuestPageSize", PB_S_U32, offsetof(struct mmio, GuestPageSize), 1, 2},
    {"QueueAlign", PB_S_U32, offsetof(struct mmio, QueueAlign), 1, 2},
};
static const struct pb_prop props[] = {
    {.name = "packed", .doc = "offer packed rings", .def = "off", .type = PB_T_BOOL},
    {.name = "event_idx", .doc = "offer the event index", .def = "on", .type = PB_T_BOOL},
    {.name = "indirect_desc", .doc = "offer indirect descriptors", .def = "on",
     .type = PB_T_BOOL},
    {.name = "force-legacy", .doc = "registers are those of version 1",
     .def = "off", .type = PB_T_BOOL},
};
static const char *const lines_out[] = {"irq", NULL};
static const char *const buses_out[] = {PB_VIRTIO_BUS "[1]", NULL};

static const struct pb_device_class mmio_class = {
    .size = sizeof mmio_class,
    .flags = PB_DEV_OWN_DOMAIN | PB_DEV_NO_USER,
    .id = "virtio-mmio",
    .title = "virtio MMIO transport",
    .category = "misc",
    .spec = "VIRTIO 1.2, 4.2",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .n_regions = 1,
    .lines_out = lines_out,
    .buses_out = buses_out,
    .provides = provides,
    .n_provides = sizeof provides / sizeof *provides,
    .instance_size = sizeof(struct mmio),
    .state_version = 2,
    .n_state = sizeof state / sizeof *state,
    .state = state,
    .regs = &mmio_regs,
    .realize = mmio_realize,
    .unrealize = mmio_unrealize,
    .reset = mmio_reset,
    .save = mmio_save,
    .load = mmio_load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &mmio_class}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BUS,   PB_SVC_THREAD, PB_SVC_LINE,
                                    PB_SVC_PROP, PB_SVC_STATE, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-mmio",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio MMIO transport",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
