/* SPDX-License-Identifier: MIT */
/* The NVMe controller by its commands. Status values carry Do Not Retry as bit 14. */
#include "nvme-driver.h"
#include "suite.h"

#include <string.h>

#define DNR 0x4000u
#define DISK (4u << 20)

static struct pd p;
static struct nd d;
static pb_dev *ctrl, *node;
static uint8_t *disk;

static void begin(const char *props, int msi)
{
    char all[160];

    pd_init(&p, msi);
    pbt_load(p.b, "nvme");
    node = pbt_block_new(p.b, "k0", DISK, 0);
    disk = pbt_block_data(node);
    for (uint32_t i = 0; i < DISK; i++)
        disk[i] = (uint8_t)(i * 7 + i / 512);
    snprintf(all, sizeof all, "addr=1,serial=abc,%s", props);
    ctrl = pbt_add_child(p.host, 0, "nvme", "n0", all);
    nd_init(&d, &p);
}

static uint32_t io(uint32_t op, uint64_t prp1, uint64_t prp2, uint32_t lba, uint32_t n)
{
    return nd_do(&d, 1, op, 1, prp1, prp2, lba, 0, n - 1, NULL);
}

static void it_identifies_itself(void)
{
    begin("drive=k0", 0);
    CU_ASSERT_EQUAL(pd_cfg(&p, ND_BDF, 0, 4), 0x00101b36);
    CU_ASSERT_EQUAL(pd_cfg(&p, ND_BDF, 8, 4) >> 8, 0x010802);
    CU_ASSERT_EQUAL(nd_reg(&d, NR_VS), 0x10400);
    CU_ASSERT(nd_enable(&d));
    uint64_t at = pd_alloc(&p, 4096, 4096);
    uint8_t *b = pd_host(&p, at);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 0, at, 0, 1, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(memcmp(b + 4, "abc                 ", 20), 0);
    CU_ASSERT_EQUAL(b[512], 0x66);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 0, at, 0, 2, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(b[0], 1);
    CU_ASSERT_EQUAL(b[4], 0);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 1, at, 0, 0, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(*(uint64_t *)(void *)b, DISK / 512);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 1, at, 0, 3, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(b[0], 3); /* a UUID, of version 8 */
    CU_ASSERT_EQUAL(b[4 + 6] >> 4, 8);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 0, at, 0, 0x77, 0, 0, NULL), 2 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x99, 0, at, 0, 0, 0, 0, NULL), 1 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 6, 1, 0x10, 0, 0, 0, 0, NULL), 4); /* nowhere */
    pbt_free(p.b);
}

/* One page, two, and a list that goes on in a second page. */
static void prps_reach_everything(void)
{
    begin("drive=k0,mdts=7", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t buf = pd_alloc(&p, 600u << 10, 4096), list = pd_alloc(&p, 8192, 4096);
    CU_ASSERT_EQUAL(io(2, buf + 512, 0, 9, 2), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 512), disk + 9 * 512, 1024), 0);
    CU_ASSERT_EQUAL(io(2, buf + 512, buf + 8192, 0, 8), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 512), disk, 3584), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 8192), disk + 3584, 512), 0);
    uint64_t *e = (uint64_t *)(void *)pd_host(&p, list + 4096 - 3 * 8);
    e[0] = buf + 4 * 4096; /* scattered: pages 1, 4, 6, 5, 8 */
    e[1] = buf + 6 * 4096;
    e[2] = list + 4096;
    e[3] = buf + 5 * 4096; /* in the next page */
    e[4] = buf + 8 * 4096;
    CU_ASSERT_EQUAL(io(2, buf + 4096, list + 4096 - 3 * 8, 0, 40), 0);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 4096 * (uint64_t[]){1, 4, 6, 5, 8}[i]),
                               disk + 4096 * i, 4096), 0);
    CU_ASSERT(pbt_dirty(p.b, buf + 5 * 4096, 4096));
    memset(pd_host(&p, buf), 0x3c, 4096);
    CU_ASSERT_EQUAL(io(1, buf, 0, 100, 8), 0);
    CU_ASSERT_EQUAL(disk[100 * 512 + 4095], 0x3c);
    e[0] = buf + 4 * 4096 + 8; /* not a page */
    CU_ASSERT_EQUAL(io(2, buf + 4096, list + 4096 - 3 * 8, 0, 40), 0x13 | DNR);
    e[0] = 0x1000; /* nowhere */
    CU_ASSERT_EQUAL(io(2, buf + 4096, list + 4096 - 3 * 8, 0, 40), 4 | DNR);
    e[2] = list + 4096 - 8; /* a list that is but a pointer to itself */
    e[0] = buf;
    CU_ASSERT_EQUAL(io(2, buf + 4096, list + 4096 - 3 * 8, 0, 40), 0x13 | DNR);
    CU_ASSERT_EQUAL(io(2, buf, 0, DISK / 512 - 1, 2), 0x80 | DNR);
    CU_ASSERT_EQUAL(io(2, buf, list, 0, 2048), 2 | DNR); /* above MDTS */
    pbt_free(p.b);
}

static uint32_t sgl(uint32_t op, uint64_t addr, uint32_t len, uint32_t id, uint32_t blocks)
{
    const uint32_t cmd[16] = {op | 1 << 14, 1, 0, 0, 0, 0, (uint32_t)addr,
                              (uint32_t)(addr >> 32), len, id << 24, 0, 0, blocks - 1};
    uint32_t cqe[4];

    nd_put(&d, 1, cmd);
    nd_ring(&d, 1);
    pbt_settle(p.b);
    return nd_done(&d, 1, cqe) ? cqe[3] >> 17 : UINT32_MAX;
}

static void sgls_too(void)
{
    begin("drive=k0", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t buf = pd_alloc(&p, 16384, 4096), list = pd_alloc(&p, 256, 16);
    struct {
        uint64_t addr;
        uint32_t len, id;
    } *s = (void *)pd_host(&p, list);

    CU_ASSERT_EQUAL(sgl(2, buf + 3, 1024, 0, 2), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 3), disk, 1024), 0);
    s[0].addr = buf + 100, s[0].len = 300;
    s[1].addr = list + 64, s[1].len = 32, s[1].id = 0x30u << 24;
    s[4].addr = buf + 5000, s[4].len = 700;
    s[5].addr = buf + 9000, s[5].len = 24;
    CU_ASSERT_EQUAL(sgl(2, list, 32, 0x20, 2), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 5000), disk + 300, 700), 0);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + 9000), disk + 1000, 24), 0);
    CU_ASSERT_EQUAL(sgl(2, buf, 1023, 0, 2), 0x0f | DNR);
    CU_ASSERT_EQUAL(sgl(2, buf, 1024, 0x10, 2), 0x11 | DNR);
    CU_ASSERT_EQUAL(sgl(2, list, 33, 0x20, 2), 0x0d | DNR);
    s[1].addr = list, s[1].id = 0x20u << 24; /* in circles, and none of them moves a byte */
    s[0].len = 0;
    CU_ASSERT_EQUAL(sgl(2, list, 32, 0x20, 2), 0x0e | DNR);
    pbt_free(p.b);
}

static void other_commands(void)
{
    begin("drive=k0", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t buf = pd_alloc(&p, 8192, 4096);
    memcpy(pd_host(&p, buf), disk + 512 * 20, 1024);
    CU_ASSERT_EQUAL(io(5, buf, 0, 20, 2), 0);
    pd_host(&p, buf)[1000] ^= 1;
    CU_ASSERT_EQUAL(io(5, buf, 0, 20, 2), 0x285 | DNR);
    CU_ASSERT_EQUAL(io(8, 0, 0, 20, 2), 0);
    CU_ASSERT_EQUAL(disk[512 * 20], 0);
    CU_ASSERT_EQUAL(nd_do(&d, 1, 0, UINT32_MAX, 0, 0, 0, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(pbt_block_count(node, PB_BLK_FLUSH), 1);
    uint32_t *r = (uint32_t *)(void *)pd_host(&p, buf); /* two ranges, one of nothing */
    memset(r, 0, 48);
    r[1] = 8, r[2] = 40;
    r[9] = 4, r[10] = 100;
    CU_ASSERT_EQUAL(nd_do(&d, 1, 9, 1, buf, 0, 2, 4, 0, NULL), 0);
    CU_ASSERT_EQUAL(pbt_block_count(node, PB_BLK_DISCARD), 2);
    r[10] = DISK;
    CU_ASSERT_EQUAL(nd_do(&d, 1, 9, 1, buf, 0, 2, 4, 0, NULL), 0x80 | DNR);
    CU_ASSERT_EQUAL(io(1, buf, 0, 0, 1), 0);
    CU_ASSERT_EQUAL(pbt_block_flags(node) & PB_BLK_FUA, 0);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 9, 0, 0, 0, 6, 0, 0, NULL), 0); /* no write cache */
    CU_ASSERT_EQUAL(io(1, buf, 0, 0, 1), 0);
    CU_ASSERT_EQUAL(pbt_block_flags(node) & PB_BLK_FUA, PB_BLK_FUA);
    pbt_block_fail(node, PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(io(2, buf, 0, 0, 1), 0x281);
    pbt_block_fail(node, PB_BLK_READ, 0);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x80, 1, 0, 0, 1 | 1 << 9, 0, 0, NULL), 0); /* 4 KiB blocks */
    CU_ASSERT_EQUAL(disk[DISK - 1], 0);
    CU_ASSERT_EQUAL(io(2, buf, 0, DISK / 4096 - 1, 1), 0);
    CU_ASSERT_EQUAL(io(2, buf, 0, DISK / 4096, 1), 0x80 | DNR);
    pbt_free(p.b);
}

static void events_and_namespaces(void)
{
    uint32_t r, cqe[4];

    begin("drive=k0", 0);
    pbt_block_new(p.b, "k1", 1 << 20, 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    CU_ASSERT_EQUAL(nd_do(&d, 0, 9, 0, 0, 0, 0x0b, 0x100, 0, NULL), 0);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(nd_do(&d, 0, 0x0c, 0, 0, 0, 0, 0, 0, NULL), UINT32_MAX);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x0c, 0, 0, 0, 0, 0, 0, NULL), 0x105 | DNR);
    uint32_t cid = (d.cid - 1) & 0xffff; /* the last that waits */
    CU_ASSERT_EQUAL(nd_do(&d, 0, 8, 0, 0, 0, cid << 16, 0, 0, &r), 0);
    CU_ASSERT_EQUAL(r, 0);
    pb_dev *ns = pbt_add_child(ctrl, 0, "nvme-ns", "x", "drive=k1,nsid=7,eui64=0x1122334455667788");
    CU_ASSERT(nd_done(&d, 0, cqe));
    CU_ASSERT_EQUAL(cqe[0], 0x040002);
    uint64_t at = pd_alloc(&p, 4096, 4096), page = pd_alloc(&p, 4096, 4096);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 2, 0, at, 0, 4 | 3 << 16, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(*(uint32_t *)(void *)pd_host(&p, at), 7);
    CU_ASSERT_EQUAL(nd_do(&d, 1, 2, 7, at, 0, 0, 0, 0, NULL), 0);
    uint16_t *list = (uint16_t *)(void *)pd_host(&p, page);
    list[0] = 1;
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x15, 7, page, 0, 1, 0, 0, NULL), 0); /* detach */
    CU_ASSERT_EQUAL(nd_do(&d, 1, 2, 7, at, 0, 0, 0, 0, NULL), 0x0b | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x15, 7, page, 0, 1, 0, 0, NULL), 0x11a | DNR);
    pbt_reload(p.b);
    CU_ASSERT_EQUAL(nd_do(&d, 1, 2, 7, at, 0, 0, 0, 0, NULL), 0x0b | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0x15, 7, page, 0, 0, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(nd_do(&d, 1, 2, 7, at, 0, 0, 0, 0, NULL), 0);
    (void)ns;
    pbt_remove(pbt_find(p.b, "x"));
    CU_ASSERT_EQUAL(nd_do(&d, 1, 2, 7, at, 0, 0, 0, 0, NULL), 0x0b | DNR);
    nd_set(&d, 0x1000 + 8 * 9, 1); /* a bell that is none */
    pbt_free(p.b);
}

static void interrupts_by_pin_and_vector(void)
{
    begin("drive=k0", 1);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    uint64_t buf = pd_alloc(&p, 4096, 4096);
    const uint32_t cmd[16] = {2, 1, [6] = (uint32_t)buf};
    uint32_t cqe[4];
    nd_put(&d, 1, cmd);
    nd_ring(&d, 1);
    pbt_settle(p.b);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    nd_set(&d, NR_INTMS, 2);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    nd_set(&d, NR_INTMC, 2);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    CU_ASSERT(nd_done(&d, 1, cqe));
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pd_msix(&p, ND_BDF, 3, 60);
    nd_put(&d, 1, cmd);
    nd_ring(&d, 1);
    pbt_settle(p.b);
    CU_ASSERT_EQUAL(pd_heard(&p, 61), 1);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pbt_free(p.b);
}

/* Completions that find no room wait; a controller goes off when its last request is back. */
static void full_queues_and_going_off(void)
{
    uint32_t cqe[4], n = 0;

    begin("drive=k0", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t buf = pd_alloc(&p, 4096, 4096);
    const uint32_t cmd[16] = {2, 1, [6] = (uint32_t)buf};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < ND_ENTRIES - 1; i++)
            nd_put(&d, 1, cmd);
        nd_ring(&d, 1);
        pbt_settle(p.b);
    }
    pbt_reload(p.b);
    while (nd_done(&d, 1, cqe))
        n += cqe[3] >> 17 == 0;
    CU_ASSERT_EQUAL(n, 2 * (ND_ENTRIES - 1));
    node = pbt_find(p.b, "k0");
    pbt_block_hold(node, 1);
    nd_put(&d, 1, cmd);
    nd_ring(&d, 1);
    nd_set(&d, NR_CC, 0);
    CU_ASSERT_EQUAL(nd_reg(&d, NR_CSTS), 1); /* not yet */
    nd_set(&d, NR_CC, 0x00460001);
    pbt_block_hold(node, 0);
    pbt_settle(p.b);
    CU_ASSERT_EQUAL(nd_reg(&d, NR_CSTS), 1); /* off, and on again */
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    CU_ASSERT_EQUAL(io(2, buf, 0, 0, 1), 0);
    nd_set(&d, NR_CC, 0x00464001); /* shutdown */
    pbt_settle(p.b);
    CU_ASSERT_EQUAL(nd_reg(&d, NR_CSTS) & 0xc, 8);
    CU_ASSERT(pbt_block_count(node, PB_BLK_FLUSH) >= 1);
    nd_set(&d, NR_CC, 0);
    nd_set(&d, NR_ASQ, 0x123); /* an admin queue that cannot be */
    nd_set(&d, NR_CC, 0x00460001);
    CU_ASSERT_EQUAL(nd_reg(&d, NR_CSTS), 2);
    CU_ASSERT(nd_enable(&d));
    pbt_free(p.b);
}

/* 1024 wait for room in the completion queue: what is behind them in the submission queue is taken
 * when there is some, also from a state that was saved in between. */
static void more_than_are_taken(void)
{
    uint32_t cqe[4], n = 0, rounds = 70;

    begin("drive=k0", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t buf = pd_alloc(&p, 4096, 4096);
    const uint32_t cmd[16] = {2, 1, [6] = (uint32_t)buf};
    for (uint32_t i = 0; i < rounds * (ND_ENTRIES - 1); i++) {
        nd_put(&d, 1, cmd);
        if (i % (ND_ENTRIES - 1))
            continue;
        nd_ring(&d, 1);
        pbt_settle(p.b);
    }
    nd_ring(&d, 1);
    pbt_settle(p.b);
    pbt_reload(p.b);
    while (nd_done(&d, 1, cqe)) {
        n += cqe[3] >> 17 == 0;
        pbt_settle(p.b);
    }
    CU_ASSERT_EQUAL(n, rounds * (ND_ENTRIES - 1));
    pbt_free(p.b);
}

static void queues_are_checked(void)
{
    begin("drive=k0,max_ioqpairs=2", 0);
    CU_ASSERT(nd_enable(&d) && nd_queues(&d, 1));
    uint64_t q = pd_alloc(&p, 4096, 4096);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 5, 0, q, 0, 1 | 15 << 16, 3, 0, NULL), 0x101 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 5, 0, q, 0, 3 | 15 << 16, 3, 0, NULL), 0x101 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 5, 0, q, 0, 2, 3, 0, NULL), 0x102 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 5, 0, q + 64, 0, 2 | 15 << 16, 3, 0, NULL), 0x13 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 1, 0, q, 0, 2 | 15 << 16, 1 | 2 << 16, 0, NULL), 0x100 | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 4, 0, 0, 0, 1, 0, 0, NULL), 0x10c | DNR);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 0, 0, 0, 0, 1, 0, 0, NULL), 0);
    CU_ASSERT_EQUAL(nd_do(&d, 0, 4, 0, 0, 0, 1, 0, 0, NULL), 0);
    pb_dev *bad = pbt_create(p.b, p.host, 0, "nvme", "bad", "drive=k0");
    CU_ASSERT(pbt_realize(bad) < 0);
    CU_ASSERT_STRING_EQUAL(pbt_error(p.b), "serial property not set");
    pbt_remove(bad);
    pbt_free(p.b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"it identifies itself", it_identifies_itself},
        {"PRPs reach everything", prps_reach_everything},
        {"SGLs, too", sgls_too},
        {"other commands", other_commands},
        {"events and namespaces", events_and_namespaces},
        {"interrupts by pin and vector", interrupts_by_pin_and_vector},
        {"full queues, and going off", full_queues_and_going_off},
        {"more commands than are taken", more_than_are_taken},
        {"queues are checked", queues_are_checked},
    };
    return SUITE_RUN("nvme", tests);
}
