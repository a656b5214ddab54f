/* SPDX-License-Identifier: MIT */
/* test-xor.c - the filter over a disk in memory: what lies below is changed, what the submitter
 * has and gets is not, over several pieces and uneven vectors; errors come up at any piece. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

enum { LONG = 3 * 65536 + 512, DISK = 1 << 20 };
static int finished;
static uint8_t out[LONG], in[LONG];
static pbt *b;
static pb_dev *disk, *f;

static void done(struct pb_block_req *r)
{
    (void)r;
    finished++;
}

static int32_t transfer(uint32_t op, uint64_t off, uint8_t *buf, size_t n)
{
    const struct pb_svc_block *s = pbt_host(b)->get(pbt_host(b), PB_SVC_BLOCK);
    struct pb_iov v[3] = {{buf, 3}, {buf + 3, n / 2}, {buf + 3 + n / 2, n - n / 2 - 3}};
    struct pb_block_req r = {.size = sizeof r, .op = op, .offset = off, .bytes = n, .iov = v,
                             .n_iov = n ? 3 : 0, .done = done};

    finished = 0;
    s->submit(pbt_block_of(f), &r);
    CU_ASSERT_EQUAL(finished, 0); /* never inside submit() */
    pbt_settle(b);
    CU_ASSERT_EQUAL(finished, 1);
    return r.status;
}

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "xor");
    disk = pbt_block_new(b, "disk", DISK, 0);
    f = pbt_backend(b, PB_CLASS_BLOCK, "example-xor", "f", "file=disk,key=0x5a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for (uint32_t i = 0; i < LONG; i++)
        out[i] = (uint8_t)(i * 7 + i / 512);
    memset(in, 0, sizeof in);
}

static void test_bytes_below_are_changed(void)
{
    uint32_t same = 0;

    bench();
    CU_ASSERT_EQUAL(transfer(PB_BLK_WRITE, 4096, out, LONG), PB_OK);
    for (uint32_t i = 0; i < LONG; i++) /* and the submitter's own are what they were */
        same += (pbt_block_data(disk)[4096 + i] ^ 0x5a) == (uint8_t)(i * 7 + i / 512) &&
                out[i] == (uint8_t)(i * 7 + i / 512);
    CU_ASSERT_EQUAL(same, LONG);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[4095] | pbt_block_data(disk)[4096 + LONG], 0);
    CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_WRITE), 4); /* pieces */
    CU_ASSERT_EQUAL(transfer(PB_BLK_READ, 4096, in, LONG), PB_OK);
    CU_ASSERT_EQUAL(memcmp(in, out, LONG), 0);
    CU_ASSERT_EQUAL(transfer(PB_BLK_FLUSH, 0, in, 0), PB_OK);
    CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_FLUSH), 1);
    pbt_free(b);
}

static void test_errors_come_up(void)
{
    bench();
    pbt_block_fail(disk, PB_BLK_WRITE, PB_EIO);
    CU_ASSERT_EQUAL(transfer(PB_BLK_WRITE, 0, out, LONG), PB_EIO);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[65536] | pbt_block_data(disk)[65537], 0); /* no more */
    pbt_block_fail(disk, PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(transfer(PB_BLK_READ, 0, in, 512), PB_EIO);
    CU_ASSERT_EQUAL(in[0] | in[1], 0);
    pbt_free(b);
}

static void test_zeroing_is_not_offered(void)
{
    struct pb_block_info i = {.size = sizeof i};

    bench();
    const struct pb_svc_block *s = pbt_host(b)->get(pbt_host(b), PB_SVC_BLOCK);
    CU_ASSERT_EQUAL(s->info(pbt_block_of(f), &i), PB_OK);
    CU_ASSERT_EQUAL(i.bytes, DISK);
    CU_ASSERT_EQUAL(i.ops, 1u << PB_BLK_READ | 1u << PB_BLK_WRITE | 1u << PB_BLK_FLUSH);
    CU_ASSERT_PTR_NULL(pbt_backend(b, PB_CLASS_BLOCK, "example-xor", "g", "file=disk,key=0"));
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("example-xor", NULL, NULL);
    CU_add_test(s, "bytes below are changed", test_bytes_below_are_changed);
    CU_add_test(s, "errors come up", test_errors_come_up);
    CU_add_test(s, "zeroing is not offered", test_zeroing_is_not_offered);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
