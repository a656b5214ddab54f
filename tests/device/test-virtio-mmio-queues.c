/* SPDX-License-Identifier: MIT */
/* test-virtio-mmio-queues.c - claim: features that were not offered and queues that cannot
 * be are refused, and a ring that the driver breaks ends in DEVICE_NEEDS_RESET (VIRTIO 1.2,
 * 2.1.2), from which a reset recovers. */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

#define V1 PB_VIRTIO_F_VERSION_1
#define PACKED PB_VIRTIO_F_RING_PACKED
#define INDIRECT PB_VIRTIO_F_INDIRECT_DESC

static pbt *b;
static pb_dev *m;
static struct vd v;

static void plug(const char *props)
{
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-blk");
    pbt_block_new(b, "k0", 1 << 20, 0);
    m = pbt_add(b, "virtio-mmio", "m0", props);
    pbt_add_child(m, 0, "virtio-blk-device", "d0", "drive=k0");
    vd_init(&v, b, m, NULL);
}

static int broken(void)
{
    return !!(vd_reg(&v, VR_Status) & VS_NEEDS_RESET);
}

static void features(void)
{
    plug(NULL);
    CU_ASSERT_EQUAL(vd_reg(&v, 0), 0x74726976);
    CU_ASSERT_EQUAL(vd_reg(&v, 4), 2);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_DeviceID), 2);
    CU_ASSERT_EQUAL(vd_offered(&v) & PACKED, 0); /* off unless asked for */
    CU_ASSERT_TRUE(vd_negotiate(&v, V1));
    CU_ASSERT_FALSE(vd_negotiate(&v, 0));           /* legacy */
    CU_ASSERT_FALSE(vd_negotiate(&v, V1 | PACKED)); /* not offered */
    CU_ASSERT_FALSE(vd_negotiate(&v, V1 | 1ull << 63));
    vd_set(&v, VR_Status, VS_DRIVER_OK); /* without FEATURES_OK */
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_DRIVER_OK, 0);
    CU_ASSERT_TRUE(vd_negotiate(&v, V1));
    vd_set(&v, VR_DriverFeaturesSel, 0);
    vd_set(&v, VR_DriverFeatures, ~0u); /* too late */
    CU_ASSERT_TRUE(vd_queue(&v, 0, 16));
    CU_ASSERT_FALSE(broken());
    pbt_free(b);
}

static void impossible_queues(void)
{
    const uint64_t ok = VD_RAM + 0x1000, end = VD_RAM + VD_RAM_LEN;
    const struct {
        uint64_t features;
        uint32_t num;
        uint64_t desc, driver, device;
    } bad[] = {
        {V1, 0, ok, ok + 0x2000, ok + 0x4000},
        {V1, 3, ok, ok + 0x2000, ok + 0x4000},
        {V1, 512, ok, ok + 0x2000, ok + 0x4000}, /* above QueueNumMax */
        {V1, 0xffffffff, ok, ok + 0x2000, ok + 0x4000},
        {V1, 16, ok + 8, ok + 0x2000, ok + 0x4000},
        {V1, 16, ok, ok + 0x2001, ok + 0x4000},
        {V1, 16, ok, ok + 0x2000, ok + 0x4002},
        {V1, 16, 0, ok + 0x2000, ok + 0x4000},
        {V1, 16, ok, end - 2, ok + 0x4000},
        {V1, 16, ok, ok + 0x2000, end - 16},
        {V1, 16, UINT64_MAX - 15, ok, ok + 0x4000},
        {V1 | PACKED, 16, end - 128, ok, ok + 0x4000},
        {V1 | PACKED, 257, ok, ok + 0x2000, ok + 0x4000},
        {V1 | PACKED, 16, ok, ok + 0x2002, ok + 0x4000},
    };
    plug("packed=on");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_TRUE_FATAL(vd_negotiate(&v, bad[i].features));
        CU_ASSERT_FALSE(vd_queue_at(&v, 0, bad[i].num, bad[i].desc, bad[i].driver,
                                    bad[i].device));
        CU_ASSERT_TRUE(broken());
        vd_set(&v, VR_QueueNum, 0x10000000); /* while it is not ready: then reset */
        vd_set(&v, VR_QueueReady, 1);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_QueueReady), 0);
    }
    CU_ASSERT_TRUE(vd_negotiate(&v, V1 | PACKED));
    CU_ASSERT_TRUE(vd_queue_at(&v, 0, 7, ok, ok + 0x2000, ok + 0x4000)); /* packed: any */
    CU_ASSERT_FALSE(vd_queue_at(&v, 1, 16, ok, ok, ok)); /* there is only one */
    CU_ASSERT_FALSE(broken());
    pbt_free(b);
}

/* One chain of a header, data and status; then the ring is damaged by `how`. */
static uint64_t layout;
static int damage(void (*how)(struct vd_queue *q, int id))
{
    uint64_t head, st;
    uint32_t id, len;

    plug("packed=on");
    int ok = vd_start(&v, V1 | INDIRECT | layout, 1, 16);
    head = vd_alloc(&v, 16, 16);
    st = vd_alloc(&v, 513, 16);
    struct vd_buf buf[] = {{head, 16, 0}, {st, 512, 1}, {st + 512, 1, 1}};
    int first = vd_add(&v, 0, buf, 3, 0);
    how(&v.q[0], first);
    vd_kick(&v, 0);
    pbt_settle(b);
    ok = ok && broken() && (vd_reg(&v, VR_InterruptStatus) & 2) && pbt_guest_errors(b) > 0;
    vd_set(&v, VR_InterruptACK, 3);
    vd_kick(&v, 0); /* and nothing more happens */
    pbt_settle(b);
    ok = ok && vd_reg(&v, VR_InterruptStatus) == 0;
    /* a reset recovers */
    ok = ok && vd_start(&v, V1 | INDIRECT | layout, 1, 16);
    ok = ok && vd_add(&v, 0, buf, 3, 0) >= 0;
    vd_kick(&v, 0);
    pbt_settle(b);
    ok = ok && vd_used(&v, 0, &id, &len) == 1 && len == 513 && !broken();
    pbt_free(b);
    return ok;
}

static uint8_t *desc(struct vd_queue *q, uint32_t i)
{
    return vd_host(&v, q->desc) + 16 * i;
}

static void poke(uint8_t *at, uint64_t val, uint32_t n)
{
    memcpy(at, &val, n);
}

static void empty_buffer(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id) + 8, 0, 4); }
static void no_memory(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id), 1 << 20, 8); }
static void wraps(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id), ~7ull, 8); }
static void long_one(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id) + 8, ~0u, 4); }
static void ran_ahead(struct vd_queue *q, int id)
{
    (void)id;
    poke(vd_host(&v, q->driver) + 2, 17, 2);
}
static void wild_head(struct vd_queue *q, int id)
{
    (void)id;
    poke(vd_host(&v, q->driver) + 4, 16, 2);
}
static void wild_next(struct vd_queue *q, int id)
{
    poke(desc(q, (uint32_t)id) + 14, 0xffff, 2);
}
static void loop(struct vd_queue *q, int id)
{
    poke(desc(q, (uint32_t)id) + 14, (uint32_t)id, 2);
}
static void both_flags(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id) + 12, 5, 2); }
static void order(struct vd_queue *q, int id) { poke(desc(q, (uint32_t)id) + 12, 3, 2);
    poke(desc(q, q->next[id]) + 12, 1, 2); }
static void bad_table(struct vd_queue *q, int id)
{
    poke(desc(q, (uint32_t)id) + 12, 4, 2);
    poke(desc(q, (uint32_t)id) + 8, 17, 4);
}
static void table_in_table(struct vd_queue *q, int id)
{
    uint64_t t = vd_alloc(&v, 16, 16);
    poke(vd_host(&v, t), t, 8);
    poke(vd_host(&v, t) + 8, 16, 4);
    poke(vd_host(&v, t) + 12, 4, 2);
    poke(desc(q, (uint32_t)id), t, 8);
    poke(desc(q, (uint32_t)id) + 8, 16, 4);
    poke(desc(q, (uint32_t)id) + 12, 4, 2);
}
static void table_loops(struct vd_queue *q, int id)
{
    uint64_t t = vd_alloc(&v, 34, 2) + 1; /* of no alignment, too */
    for (uint32_t i = 0; i < 2; i++) {
        poke(vd_host(&v, t + 16 * i), VD_RAM, 8);
        poke(vd_host(&v, t + 16 * i) + 8, 16, 4);
        poke(vd_host(&v, t + 16 * i) + 12, 1, 2);
        poke(vd_host(&v, t + 16 * i) + 14, !i, 2);
    }
    poke(desc(q, (uint32_t)id), t, 8);
    poke(desc(q, (uint32_t)id) + 8, 32, 4);
    poke(desc(q, (uint32_t)id) + 12, 4, 2);
}

static void split_damage(void)
{
    layout = 0;
    CU_ASSERT_TRUE(damage(empty_buffer));
    CU_ASSERT_TRUE(damage(no_memory));
    CU_ASSERT_TRUE(damage(wraps));
    CU_ASSERT_TRUE(damage(long_one));
    CU_ASSERT_TRUE(damage(ran_ahead));
    CU_ASSERT_TRUE(damage(wild_head));
    CU_ASSERT_TRUE(damage(wild_next));
    CU_ASSERT_TRUE(damage(loop));
    CU_ASSERT_TRUE(damage(both_flags));
    CU_ASSERT_TRUE(damage(order));
    CU_ASSERT_TRUE(damage(bad_table));
    CU_ASSERT_TRUE(damage(table_in_table));
    CU_ASSERT_TRUE(damage(table_loops));
}

/* Packed descriptors lie at the ring's start, in order. */
static void p_empty(struct vd_queue *q, int id) { (void)id; poke(desc(q, 1) + 8, 0, 4); }
static void p_memory(struct vd_queue *q, int id) { (void)id; poke(desc(q, 1), 1 << 20, 8); }
static void p_id(struct vd_queue *q, int id) { (void)id; poke(desc(q, 2) + 12, 16, 2); }
static void p_endless(struct vd_queue *q, int id)
{
    (void)id;
    for (uint32_t i = 0; i < 16; i++) {
        poke(desc(q, i), VD_RAM, 8);
        poke(desc(q, i) + 8, 1, 4);
        poke(desc(q, i) + 14, 1 | 1 << 7, 2);
    }
}
static void p_table_later(struct vd_queue *q, int id)
{
    (void)id;
    poke(desc(q, 1) + 14, 4 | 1 << 7, 2);
}
static void p_order(struct vd_queue *q, int id)
{
    (void)id;
    poke(desc(q, 2) + 14, 1 << 7, 2);
}
static void p_bad_table(struct vd_queue *q, int id)
{
    (void)id;
    poke(desc(q, 0) + 14, 4 | 1 << 7, 2);
    poke(desc(q, 0) + 8, 8, 4);
}

static void packed_damage(void)
{
    layout = PACKED;
    CU_ASSERT_TRUE(damage(p_empty));
    CU_ASSERT_TRUE(damage(p_memory));
    CU_ASSERT_TRUE(damage(p_id));
    CU_ASSERT_TRUE(damage(p_endless));
    CU_ASSERT_TRUE(damage(p_table_later));
    CU_ASSERT_TRUE(damage(p_order));
    CU_ASSERT_TRUE(damage(p_bad_table));
}

static void suppression(void)
{
    uint64_t head, st;
    uint32_t id, len;

    for (int packed = 0; packed < 2; packed++) {
        plug("packed=on");
        CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | (packed ? PACKED : 0), 1, 16));
        head = vd_alloc(&v, 16, 16);
        st = vd_alloc(&v, 513, 16);
        struct vd_buf buf[] = {{head, 16, 0}, {st, 513, 1}};
        struct vd_queue *q = &v.q[0];
        poke(vd_host(&v, q->driver) + (packed ? 2 : 0), 1, 2); /* no interrupts, please */
        vd_add(&v, 0, buf, 2, 0);
        vd_kick(&v, 0);
        pbt_settle(b);
        CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 0);
        poke(vd_host(&v, q->driver) + (packed ? 2 : 0), 0, 2);
        vd_add(&v, 0, buf, 2, 0);
        vd_kick(&v, 0);
        pbt_settle(b);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 1);
        pbt_free(b);
    }
}

static void map_changes(void)
{
    uint64_t head, st;
    uint32_t id, len;

    plug(NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1, 1, 16));
    head = vd_alloc(&v, 16, 16);
    st = vd_alloc(&v, 513, 16);
    struct vd_buf buf[] = {{head, 16, 0}, {st, 513, 1}};
    for (int i = 0; i < 40; i++) {
        pbt_clean(b);
        vd_add(&v, 0, buf, 2, 0);
        pbt_remap(b);
        vd_kick(&v, 0);
        if (i & 1)
            pbt_remap(b);
        pbt_settle(b);
        CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
        CU_ASSERT_TRUE(pbt_dirty(b, st, 513)); /* migration and code are told */
        CU_ASSERT_TRUE(pbt_dirty(b, v.q[0].device, 4));
    }
    pbt_free(b);
}

static void empty_slot(void)
{
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    m = pbt_add(b, "virtio-mmio", "m0", NULL);
    vd_init(&v, b, m, NULL);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_DeviceID), 0);
    CU_ASSERT_EQUAL(vd_offered(&v), 0);
    CU_ASSERT_FALSE(vd_negotiate(&v, V1));
    CU_ASSERT_FALSE(vd_queue(&v, 0, 16));
    vd_kick(&v, 0);
    CU_ASSERT_EQUAL(pbt_read(m, 0, VR_Config, 4), 0);
    pbt_reload(b);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"features", features},
        {"queues that cannot be", impossible_queues},
        {"broken split rings", split_damage},
        {"broken packed rings", packed_damage},
        {"interrupts suppressed", suppression},
        {"the memory map changes", map_changes},
        {"an empty slot", empty_slot},
    };
    return SUITE_RUN("virtio-mmio", tests);
}
