/* SPDX-License-Identifier: MIT */
/* test-virtio-net-frames.c - claim: frames cross in both directions unchanged and none is
 * lost while either side is full; filters, the control queue and merged buffers follow
 * VIRTIO 1.2, 5.1.6. */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

#define F_MRG (1ull << 15)
#define F_CTRL_VQ (1ull << 17)
#define F_CTRL_RX (1ull << 18)
#define F_CTRL_VLAN (1ull << 19)
#define F_MQ (1ull << 22)
#define V1 PB_VIRTIO_F_VERSION_1
#define CTRL (F_CTRL_VQ | F_CTRL_RX | F_CTRL_VLAN)
#define HDR 12u

static pbt *b;
static pb_dev *m, *wire;
static struct vd v;

static void plug(const char *props, uint64_t f, uint32_t queues)
{
    char text[100];

    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-net");
    wire = pbt_net_new(b, "n0");
    m = pbt_add(b, "virtio-mmio", "m0", "packed=on");
    snprintf(text, sizeof text, "netdev=n0,mac=52:54:00:12:34:56%s", props);
    pbt_add_child(m, 0, "virtio-net-device", "d0", text);
    vd_init(&v, b, m, NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | f, queues, 64));
}

static uint64_t room(uint32_t q, uint32_t len)
{
    struct vd_buf buf = {vd_alloc(&v, len, 4), len, 1};

    CU_ASSERT_TRUE(vd_add(&v, q, &buf, 1, 0) >= 0);
    return buf.gpa;
}

static void frame(uint8_t *f, uint32_t n, const char *to, uint8_t fill)
{
    memset(f, fill, n);
    memcpy(f, to, 6);
    memcpy(f + 6, "\x52\x54\x00\x00\x00\x01\x88\xb5", 8);
}
#define US "\x52\x54\x00\x12\x34\x56"
#define OTHER "\x52\x54\x00\x99\x99\x99"
#define GROUP "\x01\x00\x5e\x00\x00\x01"
#define ALL "\xff\xff\xff\xff\xff\xff"

static void send_unchanged(void)
{
    for (int packed = 0; packed < 2; packed++) {
        uint8_t f[1500], got[2000];
        uint32_t id, len;
        plug("", packed ? PB_VIRTIO_F_RING_PACKED : 0, 2);
        for (uint32_t i = 0; i < 200; i++) {
            uint32_t n = 60 + i * 7, cut = 1 + i % (HDR + n - 1);
            uint64_t at = vd_alloc(&v, HDR + n, 1);
            struct vd_buf buf[] = {{at, cut, 0}, {at + cut, HDR + n - cut, 0}};
            for (uint32_t k = 0; k < n && k < sizeof f; k++)
                f[k] = (uint8_t)(k * 3 + i);
            memcpy(vd_host(&v, at) + HDR, f, n);
            CU_ASSERT_TRUE(vd_add(&v, 1, buf, 2, 0) >= 0);
            vd_kick(&v, 1);
            pbt_settle(b);
            CU_ASSERT_EQUAL(pbt_net_take(wire, got, sizeof got, NULL), n);
            CU_ASSERT_EQUAL(memcmp(got, f, n), 0);
            CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 1);
        }
        pbt_free(b);
    }
}

static void full_wire_loses_nothing(void)
{
    for (int packed = 0; packed < 2; packed++) {
        uint8_t got[100];
        uint32_t id, len, n = 0;
        plug("", packed ? PB_VIRTIO_F_RING_PACKED : 0, 2);
        pbt_net_full(wire, 1);
        for (uint32_t i = 0; i < 30; i++) {
            struct vd_buf buf = {vd_alloc(&v, HDR + 60, 1), HDR + 60, 0};
            *(vd_host(&v, buf.gpa) + HDR) = (uint8_t)i;
            vd_add(&v, 1, &buf, 1, 0);
            vd_kick(&v, 1);
        }
        pbt_settle(b);
        CU_ASSERT_EQUAL(vd_used(&v, 1, &id, &len), 0);
        pbt_net_full(wire, 0);
        pbt_settle(b);
        for (; pbt_net_take(wire, got, sizeof got, NULL); n++)
            CU_ASSERT_EQUAL(got[0], n);
        CU_ASSERT_EQUAL(n, 30);
        pbt_free(b);
    }
}

static void no_buffers_then_some(void)
{
    uint8_t f[100];
    uint32_t id, len;

    plug("", 0, 2);
    frame(f, sizeof f, US, 0x31);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), PB_EAGAIN);
    uint64_t at = room(0, 1526);
    vd_kick(&v, 0);
    pbt_settle(b);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), (int)sizeof f);
    CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
    CU_ASSERT_EQUAL(len, HDR + sizeof f);
    CU_ASSERT_EQUAL(memcmp(vd_host(&v, at) + HDR, f, sizeof f), 0);
    CU_ASSERT_EQUAL(vd_host(&v, at)[10], 1); /* num_buffers */
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), PB_EAGAIN);
    room(0, 40); /* too small without merging: the frame is lost, the ring is not */
    vd_kick(&v, 0);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), (int)sizeof f);
    CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 1);
    CU_ASSERT_EQUAL(len, 0);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
    pbt_free(b);
}

static void merged(void)
{
    for (int packed = 0; packed < 2; packed++) {
        uint8_t f[1000];
        uint64_t at[4];
        uint32_t id, len, all = 0;
        plug("", F_MRG | (packed ? PB_VIRTIO_F_RING_PACKED : 0), 2);
        frame(f, sizeof f, US, 0x40);
        for (uint32_t i = 20; i < sizeof f; i++)
            f[i] = (uint8_t)(i * 5);
        for (int i = 0; i < 3; i++)
            at[i] = room(0, 300);
        CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), PB_EAGAIN); /* 900: too few */
        CU_ASSERT_EQUAL(vd_used(&v, 0, &id, &len), 0);
        at[3] = room(0, 300);
        CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), (int)sizeof f);
        for (int i = 0; i < 4; i++) {
            uint32_t skip = i ? 0 : HDR;
            CU_ASSERT_EQUAL_FATAL(vd_used(&v, 0, &id, &len), 1);
            CU_ASSERT_EQUAL(memcmp(vd_host(&v, at[i]) + skip, f + all, len - skip), 0);
            all += len - skip;
        }
        CU_ASSERT_EQUAL(all, sizeof f);
        CU_ASSERT_EQUAL(vd_host(&v, at[0])[10], 4);
        pbt_free(b);
    }
}

static int command(uint8_t class_, uint8_t cmd, const void *data, uint32_t n)
{
    uint64_t at = vd_alloc(&v, 2 + n, 1), ack = vd_alloc(&v, 1, 1);
    struct vd_buf buf[] = {{at, 2 + n, 0}, {ack, 1, 1}};
    uint32_t id, len;

    vd_host(&v, at)[0] = class_;
    vd_host(&v, at)[1] = cmd;
    memcpy(vd_host(&v, at) + 2, data, n);
    vd_add(&v, 2, buf, 2, 0);
    vd_kick(&v, 2);
    return vd_used(&v, 2, &id, &len) == 1 && len == 1 ? *vd_host(&v, ack) : -1;
}

static int arrives(const char *to)
{
    uint8_t f[60];
    uint32_t id, len;

    frame(f, sizeof f, to, 1);
    room(0, 200);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), (int)sizeof f);
    return vd_used(&v, 0, &id, &len) == 1;
}

static void filters(void)
{
    uint8_t off = 0, on = 1, table[4 + 6 + 4 + 6] = {1};

    plug("", CTRL, 3);
    CU_ASSERT_TRUE(arrives(OTHER)); /* promiscuous until told otherwise */
    CU_ASSERT_EQUAL(command(0, 0, &off, 1), 0);
    CU_ASSERT_FALSE(arrives(OTHER));
    CU_ASSERT_FALSE(arrives(GROUP));
    CU_ASSERT_TRUE(arrives(US));
    CU_ASSERT_TRUE(arrives(ALL));
    CU_ASSERT_EQUAL(command(0, 5, &on, 1), 0); /* no broadcast */
    CU_ASSERT_FALSE(arrives(ALL));
    memcpy(table + 4, OTHER, 6);
    table[10] = 1;
    memcpy(table + 14, GROUP, 6);
    CU_ASSERT_EQUAL(command(1, 0, table, sizeof table), 0);
    CU_ASSERT_TRUE(arrives(OTHER));
    CU_ASSERT_TRUE(arrives(GROUP));
    pbt_reload(b);
    CU_ASSERT_TRUE(arrives(GROUP));
    CU_ASSERT_FALSE(arrives(ALL));
    CU_ASSERT_EQUAL(command(1, 0, table, 13), 1); /* hostile lengths */
    memset(table, 0xff, 4);
    CU_ASSERT_EQUAL(command(1, 0, table, sizeof table), 1);
    CU_ASSERT_EQUAL(command(0, 200, &on, 1), 1);
    CU_ASSERT_EQUAL(command(0, 0, &on, 0), 1);
    CU_ASSERT_EQUAL(command(2, 0, "\x00\x10", 2), 1); /* VLAN 4096 */
    CU_ASSERT_EQUAL(command(99, 0, &on, 1), 1);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
    pbt_free(b);
}

static void one_pair_without_mq(void)
{
    plug(",queues=2", CTRL, 3);
    CU_ASSERT_EQUAL(command(4, 0, "\x02\x00", 2), 1); /* queue 2 is the control queue */
    CU_ASSERT_EQUAL(command(0, 0, "\x00", 1), 0);
    CU_ASSERT_TRUE(arrives(US));
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"frames leave unchanged", send_unchanged},
        {"a full wire loses nothing", full_wire_loses_nothing},
        {"no buffers, then some", no_buffers_then_some},
        {"merged buffers", merged},
        {"filters and the control queue", filters},
        {"one pair without MQ", one_pair_without_mq},
    };
    return SUITE_RUN("virtio-net", tests);
}
