/* SPDX-License-Identifier: MIT */
/* test-virtio-mmio-legacy.c - claim: a slot with force-legacy is of version 1, serves a driver
 * that knows nothing newer (VIRTIO 1.2, 4.2.4), through a saved state, too; registers of
 * the other version are none, and a queue that cannot be is refused. */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

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
    if (props)
        vd_legacy(&v);
}

/* The status byte of a read of the first sector, 0xff: nothing came back. */
static int read_sector(void)
{
    const uint64_t head = vd_alloc(&v, 16, 16), data = vd_alloc(&v, 512, 16);
    const uint64_t status = vd_alloc(&v, 1, 1);
    const struct vd_buf buf[] = {{head, 16, 0}, {data, 512, 1}, {status, 1, 1}};
    uint32_t id, len;

    *vd_host(&v, status) = 0xff;
    if (vd_add(&v, 0, buf, 3, 0) < 0)
        return 0xff;
    vd_kick(&v, 0);
    pbt_settle(b);
    return vd_used(&v, 0, &id, &len) == 1 && len == 513 ? *vd_host(&v, status) : 0xff;
}

static void serves_an_old_driver(void)
{
    plug("force-legacy=on");
    CU_ASSERT_EQUAL(vd_reg(&v, 4), 1);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_DeviceID), 2);
    vd_set(&v, VR_DeviceFeaturesSel, 1);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_DeviceFeatures), 0);
    vd_set(&v, VR_DeviceFeaturesSel, 0);
    CU_ASSERT_NOT_EQUAL(vd_reg(&v, VR_DeviceFeatures), 0);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, vd_offered(&v), 1, 64));
    CU_ASSERT_EQUAL(read_sector(), 0);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 1);
    pbt_reload(b);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_QueuePFN), v.q[0].desc >> 12);
    CU_ASSERT_EQUAL(read_sector(), 0);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, 0, 1, 8)); /* again, with none of the features */
    CU_ASSERT_EQUAL(read_sector(), 0);
    pbt_free(b);
}

static void the_other_version(void)
{
    plug("force-legacy=on");
    CU_ASSERT_TRUE(vd_negotiate(&v, 0));
    v.legacy = 0;
    CU_ASSERT_FALSE(vd_queue(&v, 0, 16)); /* QueueReady and the 64-bit addresses */
    vd_set(&v, VR_Status, VS_ACK | VS_DRIVER | VS_FEATURES_OK);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_FEATURES_OK, 0);
    pbt_free(b);
    plug(NULL);
    CU_ASSERT_EQUAL(vd_reg(&v, 4), 2);
    vd_set(&v, VR_GuestPageSize, 4096);
    vd_set(&v, VR_QueueNum, 8);
    vd_set(&v, VR_QueuePFN, VD_RAM >> 12);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_QueuePFN), 0);
    pbt_free(b);
}

static void impossible_queues(void)
{
    const struct {
        uint32_t page, num, align, pfn;
    } t[] = {{4096, 0, 4096, VD_RAM >> 12},      {4096, 3, 4096, VD_RAM >> 12},
             {4096, 1u << 31, 4096, VD_RAM >> 12}, {4096, 8, 4097, VD_RAM >> 12},
             {4096, 8, 4096, 0xffffffff},        {0xffffffff, 8, 4096, 0xffffffff},
             {4096, 8, 1u << 31, VD_RAM >> 12},  {4097, 8, 4096, 0x7f801}};

    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        plug("force-legacy=on");
        CU_ASSERT_TRUE(vd_negotiate(&v, 0));
        vd_set(&v, VR_GuestPageSize, t[i].page);
        vd_set(&v, VR_QueueNum, t[i].num);
        vd_set(&v, VR_QueueAlign, t[i].align);
        vd_set(&v, VR_QueuePFN, t[i].pfn);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_QueuePFN), 0);
        CU_ASSERT_TRUE(vd_reg(&v, VR_Status) & VS_NEEDS_RESET);
        CU_ASSERT_TRUE_FATAL(vd_start(&v, 0, 1, 8));
        CU_ASSERT_EQUAL(read_sector(), 0);
        pbt_free(b);
    }
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"a driver older than VIRTIO 1.0", serves_an_old_driver},
        {"registers of the other version", the_other_version},
        {"queues that cannot be", impossible_queues},
    };
    return SUITE_RUN("virtio-mmio-legacy", tests);
}
