/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: over a disk in memory. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

static int finished;

static void done(struct pb_block_req *r)
{
    (void)r;
    finished++;
}

static int32_t transfer(pbt *b, pb_dev *node, uint32_t op, uint64_t off, void *buf, size_t n)
{
    const struct pb_svc_block *s = pbt_host(b)->get(pbt_host(b), PB_SVC_BLOCK);
    struct pb_iov v = {buf, n};
    struct pb_block_req r = {.size = sizeof r, .op = op, .offset = off, .bytes = n, .iov = &v,
                             .n_iov = 1, .done = done};

    finished = 0;
    s->submit(pbt_block_of(node), &r);
    CU_ASSERT_EQUAL(finished, 0); /* never inside submit() */
    pbt_settle(b);
    CU_ASSERT_EQUAL(finished, 1);
    return r.status;
}

static void test_bytes_pass_and_are_counted(void)
{
    pbt *b = pbt_new();
    uint8_t out[512], in[512];
    char text[100];

    pbt_load(b, "@name@");
    pb_dev *disk = pbt_block_new(b, "disk", 1 << 20, 0);
    pb_dev *f = pbt_backend(b, PB_CLASS_BLOCK, "@name@", "f", "file=disk");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    memset(out, 0xa5, sizeof out);
    CU_ASSERT_EQUAL(transfer(b, f, PB_BLK_WRITE, 4096, out, sizeof out), PB_OK);
    CU_ASSERT_EQUAL(transfer(b, f, PB_BLK_READ, 4096, in, sizeof in), PB_OK);
    CU_ASSERT_EQUAL(memcmp(in, out, sizeof in), 0);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(disk) + 4096, out, sizeof out), 0);
    pbt_describe(f, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 reads, 1 writes"));
    pbt_free(b);
}

static void test_errors_below_come_up(void)
{
    pbt *b = pbt_new();
    uint8_t buf[512];

    pbt_load(b, "@name@");
    pb_dev *disk = pbt_block_new(b, "disk", 1 << 20, 0);
    pb_dev *f = pbt_backend(b, PB_CLASS_BLOCK, "@name@", "f", "file=disk");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    pbt_block_fail(disk, PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(transfer(b, f, PB_BLK_READ, 0, buf, sizeof buf), PB_EIO);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "bytes pass and are counted", test_bytes_pass_and_are_counted);
    CU_add_test(s, "errors below come up", test_errors_below_come_up);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
