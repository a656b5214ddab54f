/* SPDX-License-Identifier: MIT */
/* virtio-driver.c - see virtio-driver.h. Section numbers are of VIRTIO 1.2. */
#include "virtio-driver.h"

#include <stdlib.h>
#include <string.h>

enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4, D_AVAIL = 1 << 7, D_USED = 1 << 15 };

void vd_init(struct vd *v, pbt *b, pb_dev *m, uint8_t *ram)
{
    memset(v, 0, sizeof *v);
    v->b = b;
    v->m = m;
    v->ram = ram ? ram : pbt_ram(b, VD_RAM, VD_RAM_LEN);
    v->heap = VD_RAM;
    v->seed = 1;
}

void vd_init_pci(struct vd *v, struct pd *p, uint32_t bdf)
{
    vd_init(v, p->b, NULL, p->ram);
    v->pci = p;
    v->bdf = bdf;
    v->bar = pd_bar(p, bdf, 4);
}

void vd_legacy(struct vd *v)
{
    v->legacy = 1;
    if (v->pci)
        v->bar = pd_bar(v->pci, v->bdf, 0);
}

/* Where 4.2.2's register is in the I/O BAR (MSI-X off), and how wide; n = 0: it has none. */
static uint64_t legacy_place(const struct vd *v, uint32_t off, uint32_t *n)
{
    static const struct {
        uint16_t mmio, io, n;
    } t[] = {{VR_DeviceFeatures, 0x00, 4}, {VR_DriverFeatures, 0x04, 4}, {VR_QueueSel, 0x0e, 2},
             {VR_QueueNumMax, 0x0c, 2}, {VR_QueueNotify, 0x10, 2}, {VR_Status, 0x12, 1},
             {VR_InterruptStatus, 0x13, 1}};

    *n = 4;
    if (off >= VR_Config)
        return v->bar + 0x14 + (off - VR_Config);
    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (t[i].mmio == off) {
            *n = t[i].n;
            return v->bar + t[i].io;
        }
    }
    *n = 0;
    return 0;
}

/* Where 4.2.2's register is in 4.1.4's structures, and how wide. */
static uint64_t pci_place(const struct vd *v, uint32_t off, uint32_t *n)
{
    static const struct {
        uint16_t mmio, pci, n;
    } t[] = {{VR_DeviceFeatures, 0x04, 4}, {VR_DeviceFeaturesSel, 0x00, 4},
             {VR_DriverFeatures, 0x0c, 4}, {VR_DriverFeaturesSel, 0x08, 4},
             {VR_QueueSel, 0x16, 2}, {VR_QueueNumMax, 0x18, 2}, {VR_QueueNum, 0x18, 2},
             {VR_QueueReady, 0x1c, 2}, {VR_InterruptStatus, 0x1000, 1}, {VR_Status, 0x14, 1},
             {VR_QueueDesc, 0x20, 4}, {VR_QueueDesc + 4, 0x24, 4}, {VR_QueueDriver, 0x28, 4},
             {VR_QueueDriver + 4, 0x2c, 4}, {VR_QueueDevice, 0x30, 4},
             {VR_QueueDevice + 4, 0x34, 4}};

    *n = 4;
    if (off >= VR_Config)
        return v->bar + 0x2000 + (off - VR_Config);
    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (t[i].mmio == off) {
            *n = t[i].n;
            return v->bar + t[i].pci;
        }
    }
    return v->bar + 0x38; /* nothing is there */
}

uint32_t vd_reg(struct vd *v, uint32_t off)
{
    uint32_t n, id;

    if (v->m)
        return (uint32_t)pbt_read(v->m, 0, off, 4);
    if (off == VR_DeviceID) {
        id = pd_cfg(v->pci, v->bdf, 2, 2);
        return id >= 0x1040 ? id - 0x1040 : pd_cfg(v->pci, v->bdf, 0x2e, 2);
    }
    if (v->legacy) {
        uint64_t io = legacy_place(v, off, &n);
        return n ? (uint32_t)pd_io_read(v->pci, io, n) : 0;
    }
    uint64_t at = pci_place(v, off, &n);
    return (uint32_t)pd_read(v->pci, at, n);
}

void vd_set(struct vd *v, uint32_t off, uint32_t val)
{
    uint32_t n;

    if (v->m) {
        pbt_write(v->m, 0, off, val, 4);
    } else if (v->legacy) {
        uint64_t io = legacy_place(v, off, &n);
        if (n)
            pd_io_write(v->pci, io, val, n);
    } else if (off == VR_QueueNotify) {
        pd_write(v->pci, v->bar + 0x3000 + 4 * val, val, 2);
    } else {
        uint64_t at = pci_place(v, off, &n);
        pd_write(v->pci, at, val, n);
    }
}

uint8_t *vd_host(struct vd *v, uint64_t gpa)
{
    return v->ram + (gpa - VD_RAM);
}

uint64_t vd_alloc(struct vd *v, uint32_t n, uint32_t align)
{
    uint64_t at = (v->heap + align - 1) & ~(uint64_t)(align - 1);

    if (at + n > VD_RAM + VD_RAM_LEN) {
        fprintf(stderr, "virtio-driver: the test's RAM is used up\n");
        exit(2);
    }
    v->heap = at + n;
    memset(vd_host(v, at), 0, n);
    return at;
}

static void put(struct vd *v, uint64_t gpa, uint64_t val, uint32_t bytes)
{
    memcpy(vd_host(v, gpa), &val, bytes);
}

static uint64_t get(struct vd *v, uint64_t gpa, uint32_t bytes)
{
    uint64_t val = 0;

    memcpy(&val, vd_host(v, gpa), bytes);
    return val;
}

uint64_t vd_offered(struct vd *v)
{
    uint64_t f;

    if (v->legacy) /* it has no word for the upper half */
        return vd_reg(v, VR_DeviceFeatures);
    vd_set(v, VR_DeviceFeaturesSel, 1);
    f = (uint64_t)vd_reg(v, VR_DeviceFeatures) << 32;
    vd_set(v, VR_DeviceFeaturesSel, 0);
    return f | vd_reg(v, VR_DeviceFeatures);
}

int vd_negotiate(struct vd *v, uint64_t features)
{
    v->features = features;
    vd_set(v, VR_Status, 0);
    vd_set(v, VR_Status, VS_ACK);
    vd_set(v, VR_Status, VS_ACK | VS_DRIVER);
    if (v->legacy) { /* nor FEATURES_OK */
        v->features = (uint32_t)features;
        vd_set(v, VR_GuestPageSize, 4096);
        vd_set(v, VR_DriverFeatures, (uint32_t)features);
        return 1;
    }
    for (uint32_t i = 0; i < 2; i++) {
        vd_set(v, VR_DriverFeaturesSel, i);
        vd_set(v, VR_DriverFeatures, (uint32_t)(features >> (32 * i)));
    }
    vd_set(v, VR_Status, VS_ACK | VS_DRIVER | VS_FEATURES_OK);
    return !!(vd_reg(v, VR_Status) & VS_FEATURES_OK);
}

int vd_queue_at(struct vd *v, uint32_t q, uint32_t num, uint64_t desc, uint64_t driver,
                uint64_t device)
{
    const uint64_t a[3] = {desc, driver, device};
    const uint32_t r[3] = {VR_QueueDesc, VR_QueueDriver, VR_QueueDevice};

    vd_set(v, VR_QueueSel, q);
    vd_set(v, VR_QueueNum, num);
    for (int i = 0; i < 3; i++) {
        vd_set(v, r[i], (uint32_t)a[i]);
        vd_set(v, r[i] + 4, (uint32_t)(a[i] >> 32));
    }
    vd_set(v, VR_QueueReady, 1);
    return (int)vd_reg(v, VR_QueueReady);
}

/* 2.7.2: one block of pages; over PCI of the size that the device wants. */
static int legacy_queue(struct vd *v, uint32_t i, uint32_t want)
{
    struct vd_queue *q = &v->q[i];

    vd_set(v, VR_QueueSel, i);
    uint32_t max = vd_reg(v, VR_QueueNumMax), num = v->m ? want : max;
    uint32_t used = (18 * num + 6 + 4095) & ~4095u;
    if (!num || num > max || num > VD_NUM_MAX)
        return 0;
    q->num = q->n_free = num;
    q->desc = vd_alloc(v, used + 8 * num + 6, 4096);
    q->driver = q->desc + 16ull * num;
    q->device = q->desc + used;
    if (v->m) {
        vd_set(v, VR_QueueNum, num);
        vd_set(v, VR_QueueAlign, 4096);
        vd_set(v, VR_QueuePFN, (uint32_t)(q->desc >> 12));
        return vd_reg(v, VR_QueuePFN) == q->desc >> 12;
    }
    pd_io_write(v->pci, v->bar + 8, q->desc >> 12, 4);
    return pd_io_read(v->pci, v->bar + 8, 4) == q->desc >> 12;
}

int vd_queue(struct vd *v, uint32_t i, uint32_t num)
{
    struct vd_queue *q = &v->q[i];

    memset(q, 0, sizeof *q);
    q->event_idx = !!(v->features & PB_VIRTIO_F_EVENT_IDX);
    if (v->legacy)
        return legacy_queue(v, i, num);
    q->num = q->n_free = num;
    q->packed = !!(v->features & PB_VIRTIO_F_RING_PACKED);
    q->avail_wrap = q->used_wrap = 1;
    q->desc = vd_alloc(v, 16 * num, 16);
    q->driver = vd_alloc(v, q->packed ? 4 : 6 + 2 * num, 4);
    q->device = vd_alloc(v, q->packed ? 4 : 6 + 8 * num, 4);
    return vd_queue_at(v, i, num, q->desc, q->driver, q->device);
}

void vd_go(struct vd *v)
{
    vd_set(v, VR_Status, vd_reg(v, VR_Status) | VS_DRIVER_OK);
}

int vd_start(struct vd *v, uint64_t features, uint32_t n, uint32_t num)
{
    if (!vd_negotiate(v, features))
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!vd_queue(v, i, num))
            return 0;
    }
    vd_go(v);
    return (vd_reg(v, VR_Status) & (VS_DRIVER_OK | VS_NEEDS_RESET)) == VS_DRIVER_OK;
}

/* An indirect table of the buffers, 2.7.5.3 and 2.8.8; split ones are linked backwards
 * through the table now and then, which is allowed. */
static uint64_t table(struct vd *v, const struct vd_buf *buf, uint32_t n, int packed)
{
    uint64_t t = vd_alloc(v, 16 * n, 16);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = i == 0 || packed ? i : n - i; /* 0, n-1, n-2, … 1 */
        uint64_t d = t + 16ull * slot;
        uint16_t flags = (uint16_t)(buf[i].write ? D_WRITE : 0);
        put(v, d, buf[i].gpa, 8);
        put(v, d + 8, buf[i].len, 4);
        put(v, d + (packed ? 14 : 12), flags | (!packed && i + 1 < n ? D_NEXT : 0), 2);
        if (!packed)
            put(v, d + 14, i + 1 < n ? n - i - 1 : 0, 2);
    }
    return t;
}

static uint32_t pick(struct vd *v, struct vd_queue *q)
{
    uint32_t i = (uint32_t)(pbt_rand(&v->seed) % q->num);

    while (q->taken[i])
        i = (i + 1) % q->num;
    q->taken[i] = 1;
    q->n_free--;
    return i;
}

static int add_split(struct vd *v, struct vd_queue *q, const struct vd_buf *buf, uint32_t n,
                     uint64_t ind)
{
    uint32_t head = pick(v, q), at = head;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t d = q->desc + 16ull * at;
        uint32_t more = i + 1 < n;
        put(v, d, ind ? ind : buf[i].gpa, 8);
        put(v, d + 8, buf[i].len, 4);
        put(v, d + 12, (ind ? D_INDIRECT : buf[i].write ? D_WRITE : 0) | (more ? D_NEXT : 0), 2);
        if (more) {
            q->next[at] = (uint16_t)pick(v, q);
            put(v, d + 14, q->next[at], 2);
            at = q->next[at];
        }
    }
    q->n_desc[head] = (uint16_t)n;
    put(v, q->driver + 4 + 2ull * (q->avail % q->num), head, 2);
    put(v, q->driver + 2, ++q->avail, 2);
    return (int)head;
}

static int add_packed(struct vd *v, struct vd_queue *q, const struct vd_buf *buf, uint32_t n,
                      uint64_t ind)
{
    uint32_t id = pick(v, q), pos = q->avail, wrap = q->avail_wrap, first = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t d = q->desc + 16ull * pos;
        uint32_t flags = (ind ? D_INDIRECT : buf[i].write ? D_WRITE : 0) |
                         (i + 1 < n ? D_NEXT : 0) | (wrap ? D_AVAIL : D_USED);
        put(v, d, ind ? ind : buf[i].gpa, 8);
        put(v, d + 8, buf[i].len, 4);
        put(v, d + 12, id, 2);
        if (i)
            put(v, d + 14, flags, 2);
        else
            first = flags;
        if (++pos == q->num)
            pos = 0, wrap ^= 1;
    }
    put(v, q->desc + 16ull * q->avail + 14, first, 2); /* 2.8.6: the first one's flags last */
    q->n_free -= n - 1;
    q->n_desc[id] = (uint16_t)n;
    q->avail = (uint16_t)pos;
    q->avail_wrap = (uint16_t)wrap;
    return (int)id;
}

int vd_add(struct vd *v, uint32_t i, const struct vd_buf *buf, uint32_t n, int indirect)
{
    struct vd_queue *q = &v->q[i];
    struct vd_buf one;
    uint64_t ind = 0;

    if (indirect) {
        ind = table(v, buf, n, (int)q->packed);
        one = (struct vd_buf){ind, 16 * n, 0};
        buf = &one;
        n = 1;
    }
    if (q->n_free < n)
        return -1;
    return q->packed ? add_packed(v, q, buf, n, ind) : add_split(v, q, buf, n, ind);
}

void vd_kick(struct vd *v, uint32_t q)
{
    vd_set(v, VR_QueueNotify, q);
}

static void give_back(struct vd_queue *q, uint32_t id)
{
    uint32_t n = q->n_desc[id], at = id;

    q->n_desc[id] = 0;
    q->n_free += n;
    if (q->packed)
        q->taken[id] = 0;
    for (; !q->packed && n; n--, at = q->next[at])
        q->taken[at] = 0;
}

int vd_used(struct vd *v, uint32_t i, uint32_t *id, uint32_t *len)
{
    struct vd_queue *q = &v->q[i];

    if (q->packed) {
        uint64_t d = q->desc + 16ull * q->last_used;
        uint32_t flags = (uint32_t)get(v, d + 14, 2);
        if (!!(flags & D_AVAIL) != q->used_wrap || !!(flags & D_USED) != q->used_wrap)
            return 0;
        *id = (uint32_t)get(v, d + 12, 2);
        *len = (uint32_t)get(v, d + 8, 4);
    } else {
        uint64_t e = q->device + 4 + 8ull * (q->last_used % q->num);
        if ((uint16_t)get(v, q->device + 2, 2) == q->last_used)
            return 0;
        *id = (uint32_t)get(v, e, 4);
        *len = (uint32_t)get(v, e + 4, 4);
        q->last_used++;
    }
    if (*id >= q->num || !q->n_desc[*id])
        return -1; /* not ours: the device is wrong */
    if (q->packed) {
        q->last_used = (uint16_t)(q->last_used + q->n_desc[*id]);
        if (q->last_used >= q->num)
            q->last_used = (uint16_t)(q->last_used - q->num), q->used_wrap ^= 1;
    }
    give_back(q, *id);
    return 1;
}
