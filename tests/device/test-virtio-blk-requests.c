/* SPDX-License-Identifier: MIT */
/* test-virtio-blk-requests.c - claim: each block request of VIRTIO 1.2, 5.2.6 does what it
 * says on both ring layouts, refusals answer with the right status, chains complete in any
 * order, and a reset waits for what is in flight. */
#include "suite.h"
#include "virtio-driver.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_ZEROES = 13 };
enum { S_OK, S_IOERR, S_UNSUPP, S_NONE = 0xee };
#define F_RO (1ull << 5)
#define F_FLUSH (1ull << 9)
#define F_WCE (1ull << 11)
#define F_MQ (1ull << 12)
#define F_DISCARD (1ull << 13)
#define F_ZEROES (1ull << 14)
#define BLK (F_FLUSH | F_WCE | F_DISCARD | F_ZEROES)
#define V1 PB_VIRTIO_F_VERSION_1
#define DISK (1u << 20)

static pbt *b;
static pb_dev *m, *disk;
static struct vd v;

static void plug(const char *props, uint32_t read_only)
{
    char text[160];

    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-blk");
    disk = pbt_block_new(b, "k0", DISK, read_only);
    m = pbt_add(b, "virtio-mmio", "m0", "packed=on");
    snprintf(text, sizeof text, "drive=k0%s", props);
    pbt_add_child(m, 0, "virtio-blk-device", "d0", text);
    vd_init(&v, b, m, NULL);
}

struct call {
    int id;
    uint64_t head, data, status;
};

/* Offer a request; `cut`: the data in that many pieces. */
static struct call offer(uint32_t q, uint32_t type, uint64_t sector, const void *out,
                         uint32_t n, int in, uint32_t cut, int indirect)
{
    struct vd_buf buf[40];
    struct call c;
    uint32_t k = 0;

    c.head = vd_alloc(&v, 16, 8);
    memcpy(vd_host(&v, c.head), &type, 4);
    memcpy(vd_host(&v, c.head) + 8, &sector, 8);
    c.data = vd_alloc(&v, n ? n : 1, 8);
    if (out)
        memcpy(vd_host(&v, c.data), out, n);
    c.status = vd_alloc(&v, 1, 1);
    *vd_host(&v, c.status) = S_NONE;
    buf[k++] = (struct vd_buf){c.head, 16, 0};
    for (uint32_t i = 0, at = 0; n && i < cut; i++) {
        uint32_t step = i + 1 == cut ? n - at : n / cut;
        buf[k++] = (struct vd_buf){c.data + at, step, (uint32_t)in};
        at += step;
    }
    buf[k++] = (struct vd_buf){c.status, 1, 1};
    c.id = vd_add(&v, q, buf, k, indirect);
    return c;
}

/* The whole of it: offer, kick, settle, collect. The status. */
static int ask(uint32_t type, uint64_t sector, const void *out, void *in, uint32_t n)
{
    struct call c = offer(0, type, sector, out, n, in != NULL, 1, 0);
    uint32_t id, len;

    vd_kick(&v, 0);
    pbt_settle(b);
    if (vd_used(&v, 0, &id, &len) != 1 || (int)id != c.id)
        return -1;
    if (in)
        memcpy(in, vd_host(&v, c.data), n);
    if (len != (in ? n : 0) + 1)
        return -2;
    return *vd_host(&v, c.status);
}

static const uint64_t layouts[] = {0, PB_VIRTIO_F_EVENT_IDX, PB_VIRTIO_F_RING_PACKED,
                                   PB_VIRTIO_F_RING_PACKED | PB_VIRTIO_F_EVENT_IDX};

static void both_layouts_move_data(void)
{
    for (uint32_t l = 0; l < 4; l++) {
        uint8_t w[1024], r[1024];
        plug(",serial=PLUG-0001", 0);
        CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | layouts[l], 1, 16));
        for (uint32_t i = 0; i < 70; i++) { /* several laps */
            memset(w, (int)i + 1, sizeof w);
            CU_ASSERT_EQUAL(ask(T_OUT, 2 * i, w, NULL, sizeof w), S_OK);
            CU_ASSERT_EQUAL(ask(T_IN, 2 * i, NULL, r, sizeof r), S_OK);
            CU_ASSERT_EQUAL(memcmp(w, r, sizeof w), 0);
            CU_ASSERT_EQUAL(memcmp(w, pbt_block_data(disk) + 1024 * i, sizeof w), 0);
        }
        CU_ASSERT_EQUAL(ask(T_FLUSH, 0, NULL, NULL, 0), S_OK);
        CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_FLUSH), 1);
        CU_ASSERT_EQUAL(ask(T_GET_ID, 0, NULL, r, 20), S_OK);
        CU_ASSERT_EQUAL(memcmp(r, "PLUG-0001\0\0\0\0\0\0\0\0\0\0\0", 20), 0);
        CU_ASSERT_TRUE(vd_reg(&v, VR_InterruptStatus) & 1);
        CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 1);
        vd_set(&v, VR_InterruptACK, 3);
        CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 0);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
        pbt_free(b);
    }
}

static void any_shape_any_order(void)
{
    for (uint32_t l = 0; l < 8; l++) {
        struct call c[64];
        uint32_t id, len;
        uint64_t seed = 7 + l;
        plug("", 0);
        for (uint32_t i = 0; i < DISK; i++)
            pbt_block_data(disk)[i] = (uint8_t)(i * 7 + i / 512);
        CU_ASSERT_TRUE_FATAL(vd_start(
            &v, V1 | BLK | PB_VIRTIO_F_INDIRECT_DESC | layouts[l & 3], 1, 64));
        for (uint32_t round = 0; round < 12; round++) {
            uint32_t n = 0, seen = 0;
            int rc;
            pbt_block_hold(disk, 1);
            while (n < 30) {
                uint32_t cut = 1 + (uint32_t)(pbt_rand(&seed) % 12);
                c[n] = offer(0, T_IN, (round * 30 + n) % 1000, NULL, 512, 1, cut,
                             (l & 4) || pbt_rand(&seed) % 2);
                if (c[n].id < 0)
                    break;
                n++;
            }
            CU_ASSERT_TRUE(n > 3);
            vd_kick(&v, 0);
            CU_ASSERT_EQUAL(pbt_block_in_flight(disk), n);
            pbt_block_hold(disk, 0);
            pbt_settle(b);
            while ((rc = vd_used(&v, 0, &id, &len)) == 1) {
                CU_ASSERT_EQUAL(len, 513);
                seen++;
            }
            CU_ASSERT_EQUAL(rc, 0);
            CU_ASSERT_EQUAL(seen, n);
            for (uint32_t i = 0; i < n; i++) {
                CU_ASSERT_EQUAL(*vd_host(&v, c[i].status), S_OK);
                CU_ASSERT_EQUAL(memcmp(vd_host(&v, c[i].data), pbt_block_data(disk) +
                                       512 * ((round * 30 + i) % 1000), 512), 0);
            }
        }
        CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
        pbt_free(b);
    }
}

static void refusals(void)
{
    uint8_t d[1024] = {1};

    plug("", 0);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK, 1, 16));
    CU_ASSERT_EQUAL(ask(99, 0, NULL, NULL, 0), S_UNSUPP);
    CU_ASSERT_EQUAL(ask(T_IN, 0, NULL, d, 100), S_IOERR);            /* no whole sector */
    CU_ASSERT_EQUAL(ask(T_IN, DISK / 512, NULL, d, 512), S_IOERR);   /* behind the end */
    CU_ASSERT_EQUAL(ask(T_IN, DISK / 512 - 1, NULL, d, 1024), S_IOERR);
    CU_ASSERT_EQUAL(ask(T_OUT, UINT64_MAX, d, NULL, 512), S_IOERR);  /* times 512 overflows */
    CU_ASSERT_EQUAL(ask(T_OUT, 1ull << 55, d, NULL, 512), S_IOERR);
    pbt_block_fail(disk, PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(ask(T_IN, 0, NULL, d, 512), S_IOERR);
    pbt_block_fail(disk, PB_BLK_READ, 0);
    CU_ASSERT_EQUAL(ask(T_IN, 0, NULL, d, 512), S_OK);
    CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_WRITE), 0);
    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
    pbt_free(b);
    plug("", 1);
    CU_ASSERT_TRUE(vd_offered(&v) & F_RO);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | F_RO, 1, 16));
    CU_ASSERT_EQUAL(ask(T_OUT, 0, d, NULL, 512), S_IOERR);
    CU_ASSERT_EQUAL(ask(T_IN, 0, NULL, d, 512), S_OK);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[0], 0);
    pbt_free(b);
}

struct range {
    uint64_t sector;
    uint32_t n, flags;
};

static void discard_and_zeroes(void)
{
    struct range r = {8, 8, 0};

    plug("", 0);
    memset(pbt_block_data(disk), 0x55, DISK);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK, 1, 16));
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_OK);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[8 * 512 - 1], 0x55);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[8 * 512], 0);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[16 * 512 - 1], 0);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[16 * 512], 0x55);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), 0);
    r.flags = 1;
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_OK);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), PB_BLK_MAY_UNMAP);
    CU_ASSERT_EQUAL(ask(T_DISCARD, 0, &r, NULL, sizeof r), S_UNSUPP); /* unmap: reserved */
    r.flags = 2;
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_UNSUPP);
    r.flags = 0;
    CU_ASSERT_EQUAL(ask(T_DISCARD, 0, &r, NULL, sizeof r), S_OK);
    CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_DISCARD), 1);
    CU_ASSERT_EQUAL(ask(T_DISCARD, 0, &r, NULL, 15), S_IOERR); /* not a whole range */
    r.n = 0xffffffff;
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_IOERR); /* over the limit */
    r = (struct range){UINT64_MAX, 1, 0};
    CU_ASSERT_EQUAL(ask(T_DISCARD, 0, &r, NULL, sizeof r), S_IOERR);
    r = (struct range){DISK / 512 - 1, 2, 0};
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_IOERR);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | F_FLUSH, 1, 16)); /* not negotiated */
    r = (struct range){8, 8, 0};
    CU_ASSERT_EQUAL(ask(T_DISCARD, 0, &r, NULL, sizeof r), S_UNSUPP);
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_UNSUPP);
    pbt_free(b);
}

static void no_cache_means_fua(void)
{
    struct range r = {8, 8, 0};
    uint8_t d[512] = {1};

    plug("", 0);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK, 1, 16));
    CU_ASSERT_EQUAL(ask(T_OUT, 0, d, NULL, 512), S_OK);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), 0);
    pbt_write(m, 0, VR_Config + 32, 0, 1); /* 5.2.4 writeback */
    CU_ASSERT_EQUAL(pbt_read(m, 0, VR_Config + 32, 1), 0);
    CU_ASSERT_EQUAL(ask(T_OUT, 0, d, NULL, 512), S_OK);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), PB_BLK_FUA);
    CU_ASSERT_EQUAL(ask(T_ZEROES, 0, &r, NULL, sizeof r), S_OK);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), PB_BLK_FUA);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1, 1, 16)); /* neither FLUSH nor CONFIG_WCE */
    CU_ASSERT_EQUAL(ask(T_OUT, 0, d, NULL, 512), S_OK);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), PB_BLK_FUA);
    pbt_free(b);
}

static void *finish_later(void *d)
{
    nanosleep(&(struct timespec){0, 30000000}, NULL);
    pbt_block_finish(d);
    return NULL;
}

static void reset_waits(void)
{
    for (uint32_t l = 0; l < 4; l++) {
        pthread_t t;
        uint8_t r[512];
        plug("", 0);
        pbt_block_data(disk)[0] = 0x77;
        CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | layouts[l], 1, 16));
        pbt_block_hold(disk, 1);
        struct call c = offer(0, T_IN, 0, NULL, 512, 1, 2, 0);
        offer(0, T_IN, 1, NULL, 512, 1, 1, 0);
        vd_kick(&v, 0);
        CU_ASSERT_EQUAL(pbt_block_in_flight(disk), 2);
        CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, finish_later, disk), 0);
        vd_set(&v, VR_Status, 0); /* returns when both came back */
        pthread_join(t, NULL);
        CU_ASSERT_EQUAL(*vd_host(&v, c.data), 0x77);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_Status), 0);
        CU_ASSERT_EQUAL(vd_reg(&v, VR_InterruptStatus), 0);
        CU_ASSERT_EQUAL(pbt_level(m, "irq", 0), 0);
        pbt_block_hold(disk, 0);
        CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | layouts[l], 1, 16));
        CU_ASSERT_EQUAL(ask(T_IN, 0, NULL, r, 512), S_OK);
        pbt_free(b);
    }
}

static void many_queues(void)
{
    plug(",num-queues=4", 0);
    CU_ASSERT_TRUE(vd_offered(&v) & F_MQ);
    CU_ASSERT_EQUAL(pbt_read(m, 0, VR_Config + 34, 2), 4); /* num_queues */
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | F_MQ, 4, 16));
    for (uint32_t q = 0; q < 4; q++) {
        uint32_t id, len;
        struct call c = offer(q, T_IN, q, NULL, 512, 1, 1, 0);
        pbt_block_data(disk)[512 * q] = (uint8_t)(q + 9);
        vd_kick(&v, q);
        pbt_settle(b);
        for (uint32_t k = 0; k < 4; k++) /* on its own queue and no other */
            CU_ASSERT_EQUAL(vd_used(&v, k, &id, &len), k == q);
        CU_ASSERT_EQUAL(*vd_host(&v, c.data), q + 9);
    }
    pbt_free(b);
}

static void survives_a_reload(void)
{
    for (uint32_t l = 0; l < 4; l++) {
        uint8_t d[512] = {0x42}, r[512];
        plug("", 0);
        CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | BLK | layouts[l], 1, 16));
        for (uint32_t i = 0; i < 11; i++)
            CU_ASSERT_EQUAL(ask(T_OUT, i, d, NULL, 512), S_OK);
        pbt_reload(b);
        for (uint32_t i = 0; i < 11; i++)
            CU_ASSERT_EQUAL(ask(T_IN, i, NULL, r, 512), S_OK);
        CU_ASSERT_EQUAL(memcmp(d, r, 512), 0);
        pbt_free(b);
    }
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"both layouts move data", both_layouts_move_data},
        {"any shape, any order", any_shape_any_order},
        {"refusals", refusals},
        {"discard and write-zeroes", discard_and_zeroes},
        {"no cache means FUA", no_cache_means_fua},
        {"a reset waits for what is in flight", reset_waits},
        {"many queues", many_queues},
        {"a reload in the middle", survives_a_reload},
    };
    return SUITE_RUN("virtio-blk", tests);
}
