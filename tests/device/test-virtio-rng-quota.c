/* SPDX-License-Identifier: MIT */
/* test-virtio-rng-quota.c - claim: the entropy source fills what the driver offers, and no
 * more than max-bytes a period when that is set (VIRTIO 1.2, 5.4). */
#include "suite.h"
#include "virtio-driver.h"

#include <string.h>

static pbt *b;
static struct vd v;

static void plug(const char *props)
{
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-rng");
    pb_dev *m = pbt_add(b, "virtio-mmio", "m0", NULL);
    pbt_add_child(m, 0, "virtio-rng-device", "d0", props);
    vd_init(&v, b, m, NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, PB_VIRTIO_F_VERSION_1, 1, 8));
}

static uint64_t offer(uint32_t n)
{
    struct vd_buf buf = {vd_alloc(&v, n, 1), n, 1};

    CU_ASSERT_TRUE(vd_add(&v, 0, &buf, 1, 0) >= 0);
    vd_kick(&v, 0);
    return buf.gpa;
}

static uint32_t got(void)
{
    uint32_t id, len = 0;

    return vd_used(&v, 0, &id, &len) == 1 ? len : 0;
}

static void no_limit(void)
{
    static const uint8_t zero[64];

    plug(NULL);
    for (int i = 0; i < 20; i++) {
        uint64_t a = offer(64), c = offer(64);
        CU_ASSERT_EQUAL(got(), 64);
        CU_ASSERT_EQUAL(got(), 64);
        CU_ASSERT_NOT_EQUAL(memcmp(vd_host(&v, a), zero, 64), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(vd_host(&v, a), vd_host(&v, c), 64), 0);
    }
    pbt_free(b);
}

static void quota(void)
{
    plug("max-bytes=100,period=1000");
    offer(60);
    CU_ASSERT_EQUAL(got(), 60);
    offer(60);
    CU_ASSERT_EQUAL(got(), 40); /* what is left */
    offer(60);
    CU_ASSERT_EQUAL(got(), 0);
    pbt_run_ns(b, 999000000);
    CU_ASSERT_EQUAL(got(), 0);
    pbt_reload(b);
    CU_ASSERT_EQUAL(got(), 0);
    pbt_run_ns(b, 1000000);
    CU_ASSERT_EQUAL(got(), 60);
    offer(60);
    CU_ASSERT_EQUAL(got(), 40);
    pbt_run_ns(b, 5000000000);
    offer(100);
    CU_ASSERT_EQUAL(got(), 100); /* unused quota does not pile up */
    offer(1);
    CU_ASSERT_EQUAL(got(), 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {{"no limit", no_limit}, {"a quota", quota}};
    return SUITE_RUN("virtio-rng", tests);
}
