/* SPDX-License-Identifier: MIT */
/* pci-regs.c - registers of the virtio PCI transport. VIRTIO 1.2: 4.1.4.3 (common
 * configuration), 4.1.4.4 (notification), 4.1.4.5 (ISR), 4.1.4.6 (device), 4.1.4.10 (legacy).
 */
#include "vpci.h"

#include <plugboard/reg.h>

#include <string.h>

enum {
    R_device_feature, R_driver_feature, R_config_msix_vector, R_num_queues, R_device_status,
    R_config_generation, R_queue_size, R_queue_msix_vector, R_queue_enable, R_queue_notify_off,
    R_queue_desc, R_queue_driver, R_queue_device, R_stored
};

#define REG(n, o, w, a, f)                                                                     \
    {.name = #n, .off = o, .width = w, .access = a, .id = R_##n, .flags = f,                   \
     .section = "4.1.4.3"}
#define STORED(n, o, w, m, v)                                                                  \
    {.name = #n, .off = o, .width = w, .access = PB_R_RW, .mask = m, .id = R_stored,           \
     .var = PB_REG_VAR(struct vpci, v), .section = "4.1.4.3"}
#define HALVES(n, o)                                                                           \
    {.name = #n, .off = o, .width = 4, .access = PB_R_RW, .id = R_##n, .count = 2,             \
     .stride = 4, .flags = HOOKS, .section = "4.1.4.3"}
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)

static const struct pb_reg common_reg[] = {
    STORED(device_feature_select, 0x00, 4, UINT32_MAX, dfselect),
    REG(device_feature, 0x04, 4, PB_R_RO, PB_REG_HOOK_R),
    STORED(driver_feature_select, 0x08, 4, UINT32_MAX, gfselect),
    REG(driver_feature, 0x0c, 4, PB_R_RW, HOOKS),
    REG(config_msix_vector, 0x10, 2, PB_R_RW, HOOKS),
    REG(num_queues, 0x12, 2, PB_R_RO, PB_REG_HOOK_R),
    REG(device_status, 0x14, 1, PB_R_RW, HOOKS),
    REG(config_generation, 0x15, 1, PB_R_RO, PB_REG_HOOK_R),
    STORED(queue_select, 0x16, 2, 0xffff, qselect),
    REG(queue_size, 0x18, 2, PB_R_RW, HOOKS),
    REG(queue_msix_vector, 0x1a, 2, PB_R_RW, HOOKS),
    REG(queue_enable, 0x1c, 2, PB_R_RW, HOOKS),
    REG(queue_notify_off, 0x1e, 2, PB_R_RO, PB_REG_HOOK_R),
    HALVES(queue_desc, 0x20),
    HALVES(queue_driver, 0x28),
    HALVES(queue_device, 0x30),
};

static struct pb_vq *selected(struct vpci *v)
{
    return v->qselect < v->t.n_queues ? &v->t.vq[v->qselect] : NULL;
}

static uint32_t half(uint64_t v, uint32_t high)
{
    return (uint32_t)(high ? v >> 32 : v);
}

static void set_half(uint64_t *v, uint32_t high, uint64_t val)
{
    *v = high ? (*v & 0xffffffffull) | val << 32 : (*v & ~0xffffffffull) | (uint32_t)val;
}

static uint64_t queue_read(struct vpci *v, uint32_t id, uint32_t i)
{
    struct pb_vq *q = selected(v);

    if (!q)
        return id == R_queue_msix_vector ? NO_VECTOR : 0;
    switch (id) {
    case R_queue_size:
        return q->num;
    case R_queue_msix_vector:
        return v->queue_vector[v->qselect];
    case R_queue_enable:
        return q->ready;
    case R_queue_notify_off:
        return v->qselect;
    case R_queue_desc:
        return half(q->desc_gpa, i);
    case R_queue_driver:
        return half(q->driver_gpa, i);
    default:
        return half(q->device_gpa, i);
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct vpci *v = self;

    switch (r->id) {
    case R_device_feature:
        return v->dfselect > 1 ? 0 : half(transport_offered(&v->t), v->dfselect);
    case R_driver_feature:
        return v->gfselect > 1 ? 0 : half(v->t.driver_features, v->gfselect);
    case R_config_msix_vector:
        return v->config_vector;
    case R_num_queues:
        return v->t.n_queues;
    case R_device_status:
        return __atomic_load_n(&v->t.status, __ATOMIC_ACQUIRE);
    case R_config_generation:
        return __atomic_load_n(&v->t.generation, __ATOMIC_ACQUIRE) & 0xff;
    default:
        return queue_read(v, r->id, i);
    }
}

/* 4.1.5.1.2: what cannot be is answered with NO_VECTOR. */
static uint16_t vector(const struct vpci *v, uint64_t val)
{
    return val < v->n_vectors ? (uint16_t)val : (uint16_t)NO_VECTOR;
}

static void queue_write(struct vpci *v, uint32_t id, uint32_t i, uint64_t val)
{
    struct pb_vq *q = selected(v);

    if (!q)
        return;
    if (id == R_queue_msix_vector) {
        __atomic_store_n(&v->queue_vector[v->qselect], vector(v, val), __ATOMIC_RELEASE);
        return;
    }
    if (q->ready)
        return; /* 4.1.4.3.2: set up before it is enabled */
    switch (id) {
    case R_queue_size:
        q->num = (uint32_t)val;
        break;
    case R_queue_enable:
        transport_queue_ready(&v->t, v->qselect, val == 1);
        break;
    case R_queue_desc:
        set_half(&q->desc_gpa, i, val);
        break;
    case R_queue_driver:
        set_half(&q->driver_gpa, i, val);
        break;
    default:
        set_half(&q->device_gpa, i, val);
        break;
    }
}

/* The driver's reset takes the vectors and the interrupt with it. */
static void after_reset(struct vpci *v)
{
    vpci_registers_reset(v);
    v->pci->intx(v->fn, 0);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct vpci *v = self;

    switch (r->id) {
    case R_driver_feature:
        if (v->gfselect <= 1 && !(v->t.status & ST_FEATURES_OK))
            set_half(&v->t.driver_features, v->gfselect, val);
        break;
    case R_config_msix_vector:
        __atomic_store_n(&v->config_vector, vector(v, val), __ATOMIC_RELEASE);
        break;
    case R_device_status:
        transport_set_status(&v->t, (uint32_t)val);
        if (val == 0)
            after_reset(v);
        break;
    default:
        queue_write(v, r->id, i, val);
        break;
    }
}

const struct pb_regs common_regs = {
    .size = sizeof common_regs,
    .n = sizeof common_reg / sizeof *common_reg,
    .reg = common_reg,
    .name = "virtio-pci",
    .read = reg_read,
    .write = reg_write,
};

/* ---- ISR, device configuration ----------------------------------------------------------- */

/* Reading takes the causes and lowers the pin; one that came meanwhile raises it again. */
static uint32_t take_isr(struct vpci *v)
{
    uint32_t was = __atomic_exchange_n(&v->isr, 0, __ATOMIC_SEQ_CST);

    v->pci->intx(v->fn, 0);
    if (__atomic_load_n(&v->isr, __ATOMIC_SEQ_CST))
        v->pci->intx(v->fn, 1);
    return was;
}

static uint64_t device_read(struct vpci *v, uint32_t off, uint32_t n)
{
    const struct pb_virtio_dev *ops = v->t.ops;
    uint64_t val = 0;

    if (ops && ops->config_read && off < ops->config_len && n <= ops->config_len - off)
        ops->config_read(v->t.self, off, &val, n); /* little-endian host */
    return val;
}

static void device_write(struct vpci *v, uint32_t off, uint64_t val, uint32_t n)
{
    const struct pb_virtio_dev *ops = v->t.ops;

    if (ops && ops->config_write && off < ops->config_len && n <= ops->config_len - off)
        ops->config_write(v->t.self, off, &val, n);
}

/* ---- The modern BAR ---------------------------------------------------------------------- */

uint64_t modern_read(struct vpci *v, uint32_t off, uint32_t n)
{
    switch (off & 0x3000) {
    case AT_COMMON:
        return n > 4 ? 0 : pb_regs_read(&common_regs, v, v->t.h, v->t.dev, off, n);
    case AT_ISR:
        return off == AT_ISR ? take_isr(v) : 0;
    case AT_DEVICE:
        return device_read(v, off - AT_DEVICE, n);
    default:
        return 0;
    }
}

void modern_write(struct vpci *v, uint32_t off, uint64_t val, uint32_t n)
{
    switch (off & 0x3000) {
    case AT_COMMON:
        pb_regs_write(&common_regs, v, v->t.h, v->t.dev, off, val, n);
        break;
    case AT_DEVICE:
        device_write(v, off - AT_DEVICE, val, n);
        break;
    case AT_NOTIFY:
        if ((off - AT_NOTIFY) % NOTIFY_STEP == 0 && n >= 2)
            transport_kick(&v->t, (off - AT_NOTIFY) / NOTIFY_STEP);
        break;
    default:
        break;
    }
}

/* ---- The legacy BAR, 4.1.4.10 ------------------------------------------------------------ */

enum { L_DEVICE_FEATURES = 0x00, L_DRIVER_FEATURES = 0x04, L_QUEUE_ADDRESS = 0x08,
       L_QUEUE_SIZE = 0x0c, L_QUEUE_SELECT = 0x0e, L_QUEUE_NOTIFY = 0x10, L_STATUS = 0x12,
       L_ISR = 0x13, L_CONFIG_VECTOR = 0x14, L_QUEUE_VECTOR = 0x16 };
#define F_ANY_LAYOUT (1u << 27) /* 6.3: we never rely on how buffers are cut */

/* The vectors are there only while MSI-X is on. */
static uint32_t legacy_config(const struct vpci *v)
{
    return v->pci->messages(v->fn) == 2 ? 0x18 : 0x14;
}

uint64_t legacy_read(struct vpci *v, uint32_t off, uint32_t n)
{
    struct pb_vq *q = selected(v);

    if (off >= legacy_config(v))
        return device_read(v, off - legacy_config(v), n);
    switch (off) {
    case L_DEVICE_FEATURES:
        return (uint32_t)transport_offered(&v->t) | F_ANY_LAYOUT;
    case L_DRIVER_FEATURES:
        return (uint32_t)v->t.driver_features;
    case L_QUEUE_ADDRESS:
        return q && q->ready ? (uint32_t)(q->desc_gpa >> 12) : 0;
    case L_QUEUE_SIZE:
        return q ? q->max : 0;
    case L_QUEUE_SELECT:
        return v->qselect;
    case L_STATUS:
        return __atomic_load_n(&v->t.status, __ATOMIC_ACQUIRE);
    case L_ISR:
        return take_isr(v);
    case L_CONFIG_VECTOR:
        return v->config_vector;
    case L_QUEUE_VECTOR:
        return queue_read(v, R_queue_msix_vector, 0);
    default:
        return 0;
    }
}

void legacy_write(struct vpci *v, uint32_t off, uint64_t val, uint32_t n)
{
    struct pb_vq *q = selected(v);

    if (off >= legacy_config(v)) {
        device_write(v, off - legacy_config(v), val, n);
        return;
    }
    switch (off) {
    case L_DRIVER_FEATURES:
        transport_legacy_features(&v->t, (uint32_t)val & ~F_ANY_LAYOUT);
        break;
    case L_QUEUE_ADDRESS:
        if (q && !q->ready)
            q->num = q->max; /* a legacy driver cannot change it */
        transport_legacy_queue(&v->t, v->qselect, (val & UINT32_MAX) << 12, 4096);
        break;
    case L_QUEUE_SELECT:
        v->qselect = val & 0xffff;
        break;
    case L_QUEUE_NOTIFY:
        transport_kick(&v->t, val & 0xffff);
        break;
    case L_STATUS:
        transport_legacy_status(&v->t, val & 0xff);
        if ((val & 0xff) == 0)
            after_reset(v);
        break;
    case L_CONFIG_VECTOR:
        __atomic_store_n(&v->config_vector, vector(v, val), __ATOMIC_RELEASE);
        break;
    case L_QUEUE_VECTOR:
        queue_write(v, R_queue_msix_vector, 0, val);
        break;
    default:
        break;
    }
}
