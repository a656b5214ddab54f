/* SPDX-License-Identifier: MIT */
/* virtio over PCI, by a disk: both layouts, both kinds of interrupt, the window in
 * configuration space, resets. Sections are of VIRTIO 1.2. */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

#define BDF 0x10u
#define F_V1 PB_VIRTIO_F_VERSION_1

static struct pd p;
static struct vd v;
static uint8_t *disk;

static pb_dev *begin(const char *cls, const char *props, int msi)
{
    pd_init(&p, msi);
    pbt_load(p.b, "virtio-blk");
    pbt_load(p.b, "virtio-pci");
    disk = pbt_block_data(pbt_block_new(p.b, "k0", 1 << 20, 0));
    for (int i = 0; i < 4096; i++)
        disk[i] = (uint8_t)(i * 7);
    pb_dev *d = pbt_add_child(p.host, 0, cls, "d", props);
    pd_setup(&p, BDF);
    vd_init_pci(&v, &p, BDF);
    return d;
}

/* Read sector `n` by queue 0; 1 when the data came. */
static int read_sector(uint64_t n)
{
    uint64_t head = vd_alloc(&v, 16, 16), data = vd_alloc(&v, 512, 16), st = vd_alloc(&v, 1, 1);
    const struct vd_buf buf[] = {{head, 16, 0}, {data, 512, 1}, {st, 1, 1}};
    uint32_t id, len;

    memcpy(vd_host(&v, head) + 8, &n, 8);
    *vd_host(&v, st) = 0xff;
    vd_add(&v, 0, buf, 3, 0);
    vd_kick(&v, 0);
    pbt_settle(p.b);
    return vd_used(&v, 0, &id, &len) == 1 && *vd_host(&v, st) == 0 &&
           memcmp(vd_host(&v, data), disk + 512 * n, 512) == 0;
}

static void names_have_their_ids(void)
{
    static const struct {
        const char *cls, *props;
        uint32_t id, rev, sub, legacy, modern;
    } t[] = {{"virtio-blk-pci", "drive=k0,addr=2", 0x1001, 0, 2, 1, 1},
             {"virtio-blk-pci-transitional", "drive=k0,addr=2", 0x1001, 0, 2, 1, 1},
             {"virtio-blk-pci-non-transitional", "drive=k0,addr=2", 0x1042, 1, 0x1100, 0, 1},
             {"virtio-blk-pci", "drive=k0,addr=2,disable-legacy=on", 0x1042, 1, 0x1100, 0, 1},
             {"virtio-blk-pci", "drive=k0,addr=2,disable-modern=on", 0x1001, 0, 2, 1, 0}};

    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        begin(t[i].cls, t[i].props, 0);
        CU_ASSERT_EQUAL(pd_cfg(&p, BDF, 0, 4), 0x1af4 | t[i].id << 16);
        CU_ASSERT_EQUAL(pd_cfg(&p, BDF, 8, 4), 0x01000000 | t[i].rev);
        CU_ASSERT_EQUAL(pd_cfg(&p, BDF, 0x2c, 4), 0x1af4 | t[i].sub << 16);
        CU_ASSERT_EQUAL(pd_bar_size(&p, BDF, 0) != 0, t[i].legacy);
        CU_ASSERT_EQUAL(pd_bar_size(&p, BDF, 4) != 0, t[i].modern);
        CU_ASSERT_EQUAL(pd_cfg(&p, BDF, pd_cap(&p, BDF, 0x11) + 2, 2), 1); /* two vectors */
        CU_ASSERT_EQUAL(pd_cap(&p, BDF, 0x10) != 0, !t[i].legacy);
        pbt_free(p.b);
    }
}

static void modern_with_pin(void)
{
    begin("virtio-blk-pci", "drive=k0,addr=2", 0);
    CU_ASSERT(vd_start(&v, F_V1, 1, 16));
    CU_ASSERT(read_sector(3));
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 1);
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 1);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 1); /* 4.1.4.5: reading acknowledges */
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 0);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 0);
    CU_ASSERT(read_sector(4));
    vd_set(&v, VR_Status, 0);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 0);
    pbt_free(p.b);
}

static void modern_with_vectors(void)
{
    begin("virtio-blk-pci", "drive=k0,addr=2,packed=on", 1);
    pd_msix(&p, BDF, 2, 30);
    CU_ASSERT(vd_negotiate(&v, F_V1 | PB_VIRTIO_F_RING_PACKED));
    vd_set(&v, VR_QueueSel, 0);
    pd_write(&p, v.bar + 0x1a, 2, 2);
    CU_ASSERT_EQUAL(pd_read(&p, v.bar + 0x1a, 2), 0xffff); /* 4.1.5.1.2: there is no vector 2 */
    pd_write(&p, v.bar + 0x1a, 1, 2);
    CU_ASSERT_EQUAL(pd_read(&p, v.bar + 0x1a, 2), 1);
    CU_ASSERT(vd_queue(&v, 0, 16));
    vd_go(&v);
    CU_ASSERT(read_sector(5));
    CU_ASSERT_EQUAL(pd_heard(&p, 31), 1);
    CU_ASSERT_EQUAL(pd_last_requester(&p), BDF);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 0);
    pbt_reload(p.b);
    CU_ASSERT(read_sector(6));
    CU_ASSERT_EQUAL(pd_heard(&p, 31), 1); /* the controller itself began anew */
    pbt_free(p.b);
}

/* 4.1.4.10: one address for the queue, no FEATURES_OK. */
static void legacy_serves_a_legacy_driver(void)
{
    begin("virtio-blk-pci-transitional", "drive=k0,addr=2", 0);
    uint64_t io = pd_bar(&p, BDF, 0);

    pd_io_write(&p, io + 0x12, 0, 1);
    pd_io_write(&p, io + 0x12, 3, 1);
    CU_ASSERT_EQUAL(pd_io_read(&p, io, 4) & 1u << 27, 1u << 27);
    pd_io_write(&p, io + 4, 0, 4);
    pd_io_write(&p, io + 0x0e, 0, 2);
    uint32_t num = (uint32_t)pd_io_read(&p, io + 0x0c, 2);
    struct vd_queue *q = &v.q[0];
    q->desc = vd_alloc(&v, 3 * 4096 + 26 * num, 4096);
    q->driver = q->desc + 16 * num;
    q->device = (q->driver + 6 + 2 * num + 4095) & ~4095ull;
    q->num = q->n_free = num;
    pd_io_write(&p, io + 8, (uint32_t)(q->desc >> 12), 4);
    CU_ASSERT_EQUAL(pd_io_read(&p, io + 8, 4), q->desc >> 12);
    pd_io_write(&p, io + 0x12, 7, 1);
    CU_ASSERT_EQUAL(pd_io_read(&p, io + 0x14, 4), 2048); /* capacity, right after the ISR */
    CU_ASSERT(read_sector(7)); /* rung by the modern bell: the queue is the same */
    CU_ASSERT_EQUAL(pd_io_read(&p, io + 0x13, 1), 1);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 2), 0);
    pbt_reload(p.b);
    CU_ASSERT(read_sector(1));
    pd_io_write(&p, io + 0x12, 0, 1);
    CU_ASSERT_EQUAL(pd_io_read(&p, io + 8, 4), 0);
    pbt_free(p.b);
}

static uint32_t cfg_window(uint32_t off, uint32_t n, int write, uint32_t val)
{
    uint32_t cap = pd_cap(&p, BDF, 0x09); /* the last added is the first found */

    while (cap && pd_cfg(&p, BDF, cap + 3, 1) != 5)
        cap = pd_cfg(&p, BDF, cap + 1, 1);
    pd_set(&p, BDF, cap + 4, 4, 1);
    pd_set(&p, BDF, cap + 8, off, 4);
    pd_set(&p, BDF, cap + 12, n, 4);
    if (write)
        pd_set(&p, BDF, cap + 16, val, n);
    return write ? 0 : pd_cfg(&p, BDF, cap + 16, n);
}

static void registers_through_configuration_space(void)
{
    begin("virtio-blk-pci", "drive=k0,addr=2", 0);
    cfg_window(0x14, 1, 1, VS_ACK);
    CU_ASSERT_EQUAL(cfg_window(0x14, 1, 0, 0), VS_ACK);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status), VS_ACK);
    CU_ASSERT_EQUAL(cfg_window(0x2000, 4, 0, 0), 2048);
    cfg_window(0x14, 3, 1, 0xff); /* lengths and places that cannot be: nothing happens */
    cfg_window(0x3ffe, 4, 1, 0xff);
    cfg_window(0x7fffffff, 1, 1, 0xff);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status), VS_ACK);
    pbt_free(p.b);
}

static void resets_reach_the_device(void)
{
    begin("virtio-blk-pci-non-transitional", "drive=k0,addr=2", 0);
    uint32_t cap = pd_cap(&p, BDF, 0x10);

    CU_ASSERT_NOT_EQUAL_FATAL(cap, 0);
    CU_ASSERT(vd_start(&v, F_V1, 1, 16));
    pd_set(&p, BDF, cap + 8, 0x8000, 2); /* function-level reset */
    pbt_settle(p.b);
    CU_ASSERT_EQUAL(pd_cfg(&p, BDF, 4, 2), 0);
    pd_setup(&p, BDF);
    v.bar = pd_bar(&p, BDF, 4);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status), 0);
    CU_ASSERT(vd_start(&v, F_V1, 1, 16));
    CU_ASSERT(read_sector(2));
    pd_set(&p, BDF, 4, 2, 2); /* bus mastering off: the rings are out of reach */
    CU_ASSERT_FALSE(read_sector(2));
    CU_ASSERT(vd_reg(&v, VR_Status) & VS_NEEDS_RESET);
    pd_set(&p, BDF, 4, 6, 2);
    CU_ASSERT(vd_start(&v, F_V1, 1, 16));
    CU_ASSERT(read_sector(2));
    pd_set(&p, BDF, 4, 2, 2);
    pbt_reload(p.b); /* loads all the same, and finds out at its next use */
    CU_ASSERT_FALSE(vd_reg(&v, VR_Status) & VS_NEEDS_RESET);
    CU_ASSERT_FALSE(read_sector(2));
    CU_ASSERT(vd_reg(&v, VR_Status) & VS_NEEDS_RESET);
    pd_set(&p, BDF, 4, 6, 2);
    CU_ASSERT(vd_start(&v, F_V1, 1, 16));
    CU_ASSERT(read_sector(2));
    pbt_free(p.b);
}

static void properties_of_both_are_checked(void)
{
    pd_init(&p, 0);
    pbt_load(p.b, "virtio-blk");
    pbt_load(p.b, "virtio-pci");
    pbt_block_new(p.b, "k0", 1 << 20, 0);
    CU_ASSERT_PTR_NULL(pbt_create(p.b, p.host, 0, "virtio-blk-pci", "x", "drive=k0,nothing=1"));
    CU_ASSERT_PTR_NULL(pbt_create(p.b, p.host, 0, "virtio-blk-pci", "x", NULL));
    pb_dev *d = pbt_create(p.b, p.host, 0, "virtio-blk-pci", "x",
                           "drive=k0,disable-legacy=on,disable-modern=on");
    CU_ASSERT(pbt_realize(d) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(p.b), "neither modern nor legacy"));
    pbt_remove(d);
    d = pbt_create(p.b, p.host, 0, "virtio-blk-pci", "x", "drive=k0,logical_block_size=600");
    CU_ASSERT(pbt_realize(d) < 0); /* the inner one refuses */
    pbt_remove(d);
    pbt_add_child(p.host, 0, "virtio-blk-pci", "x", "drive=k0,addr=1,num-queues=4");
    CU_ASSERT_EQUAL(pd_cfg(&p, 0x08, pd_cap(&p, 0x08, 0x11) + 2, 2), 4); /* five vectors */
    pbt_free(p.b);
}

/* Size of queue `q` before the driver says anything, 4.1.4.3. */
static uint32_t size_of_queue(uint32_t q)
{
    vd_set(&v, VR_QueueSel, q);
    return vd_reg(&v, VR_QueueNumMax);
}

static void queues_have_the_size_asked_for(void)
{
    begin("virtio-blk-pci", "drive=k0,addr=2,queue-size=128,num-queues=2", 0);
    CU_ASSERT_EQUAL(size_of_queue(0), 128);
    CU_ASSERT_EQUAL(size_of_queue(1), 128);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Config + 12), 126); /* seg_max */
    CU_ASSERT(vd_start(&v, F_V1, 1, 128));
    CU_ASSERT(read_sector(3));
    pb_dev *d = pbt_create(p.b, p.host, 0, "virtio-blk-pci", "x", "drive=k0,queue-size=100");
    CU_ASSERT(pbt_realize(d) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(p.b), "power of 2"));
    pbt_remove(d);
    pbt_free(p.b);
    begin("virtio-blk-pci", "drive=k0,addr=2,queue-size=1024,opt_io_size=64K,min_io_size=4K,"
          "discard_granularity=8K,config-wce=off,ioeventfd=on,ats=off", 0);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Config + 24) >> 16, 8);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Config + 28), 128);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Config + 44), 16);
    CU_ASSERT_FALSE(vd_offered(&v) & 1 << 11);
    CU_ASSERT_EQUAL(size_of_queue(0), 1024);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Config + 12), 254);
    CU_ASSERT_FALSE(vd_start(&v, F_V1, 1, 2048)); /* too large */
    pbt_free(p.b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"names have their ids", names_have_their_ids},
        {"modern, by the pin", modern_with_pin},
        {"modern, by vectors", modern_with_vectors},
        {"legacy serves a legacy driver", legacy_serves_a_legacy_driver},
        {"registers through configuration space", registers_through_configuration_space},
        {"resets reach the device", resets_reach_the_device},
        {"properties of both are checked", properties_of_both_are_checked},
        {"queues have the size asked for", queues_have_the_size_asked_for},
    };
    return SUITE_RUN("virtio-pci", tests);
}
