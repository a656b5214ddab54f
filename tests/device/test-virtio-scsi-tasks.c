/* SPDX-License-Identifier: MIT */
/* test-virtio-scsi-tasks.c - claim: many commands are under way at once, task management reaches
 * those that it names and waits for them, units that come and go are told, and a hostile driver
 * harms itself alone. VIRTIO 1.2, 5.6.6. */
#include "scsi-driver.h"
#include "suite.h"

#include <string.h>

enum { ABORT_TASK, ABORT_TASK_SET, CLEAR_ACA, CLEAR_TASK_SET, NEXUS_RESET, LUN_RESET, QUERY_TASK,
       QUERY_TASK_SET };
enum { S_OK, S_ABORTED = 2, S_BAD_TARGET = 3, S_RESET = 4, S_SUCCEEDED = 10, S_REJECTED = 11,
       S_INCORRECT_LUN = 12 };
static struct sx s;
static struct sx_result r;
static const uint8_t tur[16] = {0};

static void plug(const char *props)
{
    sx_new(&s, NULL);
    sx_disk(&s, "scsi-hd", "d", props);
    CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 64));
    sx_ready(&s, 0, 0);
}

static struct sx_call read_block(uint32_t lba, uint64_t tag)
{
    const uint8_t cdb[10] = {0x28, 0, 0, 0, (uint8_t)(lba >> 8), (uint8_t)lba, 0, 0, 1};

    return sx_offer(&s, 0, 0, tag, cdb, 10, NULL, 512, 1);
}

static void many_at_once(void)
{
    struct sx_call c[16];
    uint32_t len, seen = 0;
    pb_dev *node;

    plug(NULL);
    node = pbt_find(s.b, "Kd");
    for (uint32_t i = 0; i < SCSI_DISK_BYTES; i++)
        sx_medium(&s, "d")[i] = (uint8_t)(i / 512 + i);
    pbt_block_hold(node, 1);
    for (uint32_t i = 0; i < 16; i++)
        c[i] = read_block(i * 5, i);
    struct sx_call quick = sx_offer(&s, 0, 0, 99, tur, 6, NULL, 0, 0);
    vd_kick(&s.v, SCSI_REQUESTS);
    CU_ASSERT_EQUAL(pbt_block_in_flight(node), 16);
    CU_ASSERT_EQUAL(sx_over(&s, &len), quick.id); /* the last is over first */
    pbt_block_hold(node, 0);
    pbt_settle(s.b);
    while (sx_over(&s, &len) >= 0)
        seen++;
    CU_ASSERT_EQUAL(seen, 16);
    for (uint32_t i = 0; i < 16; i++) {
        sx_result(&s, &c[i], &r);
        CU_ASSERT_EQUAL(r.response << 8 | r.status, 0);
        CU_ASSERT_EQUAL(memcmp(r.data, sx_medium(&s, "d") + 512 * 5 * i, 512), 0);
    }
    sx_free(&s);
}

static void aborts(void)
{
    struct sx_call c[4], t, q;
    uint32_t len, again;
    pb_dev *node;

    plug(NULL);
    node = pbt_find(s.b, "Kd");
    for (uint32_t subtype = ABORT_TASK; subtype <= LUN_RESET; subtype++) {
        if (subtype == CLEAR_ACA)
            continue;
        pbt_block_hold(node, 1);
        for (uint32_t i = 0; i < 4; i++)
            c[i] = read_block(i, 10 + i);
        vd_kick(&s.v, SCSI_REQUESTS);
        q = sx_tmf(&s, QUERY_TASK, 0, 0, 12);
        CU_ASSERT_EQUAL(sx_tmf_over(&s, &q), S_SUCCEEDED);
        q = sx_tmf(&s, QUERY_TASK, 0, 0, 77);
        CU_ASSERT_EQUAL(sx_tmf_over(&s, &q), S_OK);
        t = sx_tmf(&s, subtype, 0, 0, 12);
        CU_ASSERT_EQUAL(sx_tmf_over(&s, &t), -1); /* not before they are back */
        pbt_block_hold(node, 0);
        pbt_settle(s.b);
        CU_ASSERT_EQUAL(sx_tmf_over(&s, &t), S_OK);
        for (uint32_t i = 0; i < 4; i++) {
            CU_ASSERT_TRUE(sx_over(&s, &len) >= 0);
            sx_result(&s, &c[i], &r);
            again = subtype >= NEXUS_RESET ? S_RESET
                    : subtype != ABORT_TASK || i == 2 ? S_ABORTED
                                                      : S_OK;
            CU_ASSERT_EQUAL(r.response, again);
        }
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, tur, 6, NULL, 0, 0, &r), subtype >= NEXUS_RESET ? 2 : 0);
        CU_ASSERT_EQUAL(r.sense, subtype >= NEXUS_RESET ? 0x062902 : 0);
        q = sx_tmf(&s, QUERY_TASK_SET, 0, 0, 0);
        CU_ASSERT_EQUAL(sx_tmf_over(&s, &q), S_OK);
    }
    t = sx_tmf(&s, CLEAR_ACA, 0, 0, 0);
    CU_ASSERT_EQUAL(sx_tmf_over(&s, &t), S_REJECTED);
    t = sx_tmf(&s, LUN_RESET, 7, 0, 0);
    CU_ASSERT_EQUAL(sx_tmf_over(&s, &t), S_BAD_TARGET);
    t = sx_tmf(&s, LUN_RESET, 0, 7, 0);
    CU_ASSERT_EQUAL(sx_tmf_over(&s, &t), S_INCORRECT_LUN);
    sx_free(&s);
}

static void comes_and_goes(void)
{
    uint32_t event, target, lun, reason;
    pb_dev *d;

    plug("scsi-id=0");
    for (uint32_t i = 0; i < 50; i++) {
        d = sx_disk(&s, "scsi-hd", "hot", "scsi-id=9,lun=2");
        CU_ASSERT_EQUAL(sx_event(&s, &event, &target, &lun, &reason), 0);
        pbt_run_ns(s.b, 1000);
        CU_ASSERT_EQUAL(sx_event(&s, &event, &target, &lun, &reason), 1);
        CU_ASSERT_TRUE(event == 1 && target == 9 && lun == 2 && reason == 1); /* rescan */
        sx_ready(&s, 9, 2);
        CU_ASSERT_EQUAL(sx_do(&s, 9, 2, tur, 6, NULL, 0, 0, &r), 0);
        CU_ASSERT_EQUAL(pbt_unplug(d), PB_OK);
        pbt_run_ns(s.b, 1000);
        CU_ASSERT_EQUAL(sx_event(&s, &event, &target, &lun, &reason), 1);
        CU_ASSERT_TRUE(event == 1 && target == 9 && lun == 2 && reason == 2); /* removed */
        CU_ASSERT_EQUAL(sx_do(&s, 9, 2, tur, 6, NULL, 0, 0, &r), S_BAD_TARGET << 8);
    }
    for (uint32_t i = 0; i < 20; i++) { /* nobody takes events: some are missed */
        d = sx_disk(&s, "scsi-hd", "hot", "scsi-id=9,lun=2");
        pbt_unplug(d);
    }
    pbt_reload(s.b); /* what waits is kept, and nothing is added to it */
    pbt_run_ns(s.b, 1000);
    uint32_t n = 0, missed = 0;
    while (sx_event(&s, &event, &target, &lun, &reason)) {
        missed += event >> 31;
        n++;
    }
    CU_ASSERT_EQUAL(n, 32);
    CU_ASSERT_EQUAL(missed, 1);
    sx_free(&s);
}

static void addresses(void)
{
    sx_new(&s, NULL);
    CU_ASSERT_PTR_NOT_NULL(sx_disk(&s, "scsi-hd", "a", NULL));        /* 0:0 */
    CU_ASSERT_PTR_NOT_NULL(sx_disk(&s, "scsi-hd", "b", NULL));        /* 1:0 */
    CU_ASSERT_PTR_NOT_NULL(sx_disk(&s, "scsi-hd", "c", "scsi-id=0")); /* 0:1 */
    CU_ASSERT_PTR_NOT_NULL(sx_disk(&s, "scsi-hd", "d", "lun=1"));     /* 1:1 */
    pbt_block_new(s.b, "Kx", SCSI_DISK_BYTES, 0);
    pb_dev *x = pbt_create(s.b, s.host, 0, "scsi-hd", "x", "drive=Kx,scsi-id=1,lun=1");
    CU_ASSERT_EQUAL(pbt_realize(x), PB_EBUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(s.b), "lun already used by 'd'"));
    pbt_remove(x);
    x = pbt_create(s.b, s.host, 0, "scsi-hd", "x", "drive=Kx,scsi-id=256");
    CU_ASSERT_EQUAL(pbt_realize(x), PB_EINVAL);
    pbt_remove(x);
    CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 16));
    pbt_reload(s.b); /* all where they were */
    for (uint32_t i = 0; i < 4; i++) {
        sx_ready(&s, i >> 1, i & 1);
        CU_ASSERT_EQUAL(sx_do(&s, i >> 1, i & 1, tur, 6, NULL, 0, 0, &r), 0);
    }
    sx_free(&s);
}

/* Sizes as the driver wants them; and requests that are none. */
static void sizes(void)
{
    static const uint32_t size[][2] = {{32, 96}, {6, 0},    {0, 18},    {255, 4000},
                                       {16, 17}, {256, 96}, {32, 65536}};

    for (uint32_t i = 0; i < 7; i++) {
        plug(NULL);
        pbt_write(s.mmio, 0, VR_Config + 20, size[i][1], 4);
        pbt_write(s.mmio, 0, VR_Config + 24, size[i][0], 4);
        s.cdb_size = size[i][0] > 255 ? 32 : size[i][0];
        s.sense_size = size[i][1] > 65535 ? 96 : size[i][1];
        CU_ASSERT_EQUAL(pbt_read(s.mmio, 0, VR_Config + 20, 4), s.sense_size);
        CU_ASSERT_EQUAL(pbt_read(s.mmio, 0, VR_Config + 24, 4), s.cdb_size);
        const uint8_t bad[16] = {0xff};
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, tur, 6, NULL, 0, 0, &r), 0);
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, bad, 16, NULL, 0, 0, &r), s.cdb_size ? 2 : 0);
        CU_ASSERT_EQUAL(r.sense_len, !s.cdb_size ? 0 : s.sense_size < 18 ? s.sense_size : 18);
        CU_ASSERT_EQUAL(vd_reg(&s.v, VR_Status) & VS_NEEDS_RESET, 0);
        pbt_reload(s.b);
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, tur, 6, NULL, 0, 0, &r), 0);
        sx_free(&s);
    }
}

/* The queues are as long as the user wants them. */
static void queue_lengths(void)
{
    static const uint32_t length[] = {4, 64, 1024};
    char props[40];

    for (uint32_t i = 0; i < 3; i++) {
        snprintf(props, sizeof props, "virtqueue_size=%u", length[i]);
        sx_new(&s, props);
        sx_disk(&s, "scsi-hd", "d", NULL);
        vd_set(&s.v, VR_QueueSel, SCSI_REQUESTS);
        CU_ASSERT_EQUAL(vd_reg(&s.v, VR_QueueNumMax), length[i]);
        CU_ASSERT_EQUAL(pbt_read(s.mmio, 0, VR_Config + 4, 4), i == 2 ? 254 : length[i] - 2);
        CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, length[i]));
        sx_ready(&s, 0, 0);
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, tur, 6, NULL, 0, 0, &r), 0);
        CU_ASSERT_TRUE_FATAL(vd_negotiate(&s.v, PB_VIRTIO_F_VERSION_1));
        if (i < 2) /* longer ones are refused */
            CU_ASSERT_EQUAL(vd_queue(&s.v, SCSI_REQUESTS, 2 * length[i]), 0);
        sx_free(&s);
    }
    sx_new(&s, NULL);
    pb_dev *x = pbt_create(s.b, NULL, 0, "virtio-scsi-device", "x", "virtqueue_size=100");
    CU_ASSERT_TRUE(pbt_realize(x) < 0);
    pbt_remove(x);
    sx_free(&s);
}

static void no_requests(void)
{
    for (uint32_t i = 0; i < 6; i++) { /* header or response too short, on each queue */
        struct vd_buf buf[2] = {{0, i == 1 ? 51 : 50, 0}, {0, i == 1 ? 107 : 108, 1}};
        plug(NULL);
        buf[0].gpa = vd_alloc(&s.v, 64, 8);
        buf[1].gpa = vd_alloc(&s.v, 128, 8);
        memset(vd_host(&s.v, buf[0].gpa), i == 5 ? 0xff : 0, 64);
        if (i >= 2)
            buf[0].len = i == 2 ? 23 : i == 3 ? 3 : 24;
        vd_add(&s.v, i < 2 ? SCSI_REQUESTS : SCSI_CONTROL, buf, i == 4 ? 1 : 2, 0);
        vd_kick(&s.v, i < 2 ? SCSI_REQUESTS : SCSI_CONTROL);
        pbt_settle(s.b);
        CU_ASSERT_TRUE(vd_reg(&s.v, VR_Status) & VS_NEEDS_RESET);
        CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 16));
        CU_ASSERT_EQUAL(sx_do(&s, 0, 0, tur, 6, NULL, 0, 0, &r), 0);
        sx_free(&s);
    }
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"many at once", many_at_once},
        {"aborts", aborts},
        {"comes and goes", comes_and_goes},
        {"addresses", addresses},
        {"sizes", sizes},
        {"queue lengths", queue_lengths},
        {"no requests", no_requests},
    };

    return SUITE_RUN("virtio-scsi tasks", tests);
}
