/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: the test is the 9P client. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

static uint8_t answer[8192];
static int32_t length;

static void done(void *user, int32_t n)
{
    (void)user;
    length = n;
}

/* Sends `body` of a message of `type`; the type of the answer. */
static int say(pbt *b, pb_dev *node, uint8_t type, const void *body, uint32_t n)
{
    const struct pb_svc_fs *s = pbt_host(b)->get(pbt_host(b), PB_SVC_FS);
    uint8_t t[256] = {(uint8_t)(7 + n), 0, 0, 0, type, 1, 0};
    struct pb_iov out = {t, 7 + n}, in = {answer, sizeof answer};

    memcpy(t + 7, body, n);
    length = -1;
    s->submit(pbt_fs_of(node), &out, 1, &in, 1, done, NULL);
    CU_ASSERT_EQUAL(length, -1); /* never inside submit() */
    pbt_settle(b);
    CU_ASSERT_TRUE(length >= 7);
    return answer[4];
}

static void test_the_file_can_be_read(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "@name@");
    pb_dev *f = pbt_backend(b, PB_CLASS_FS, "@name@", "f", "text=Hi there");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(say(b, f, 100, "\0\x20\0\0\x08\0" "9P2000.L", 14), 101);
    CU_ASSERT_EQUAL(say(b, f, 104, "\1\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 16), 105);
    CU_ASSERT_EQUAL(say(b, f, 110, "\1\0\0\0\2\0\0\0\1\0\5\0hello", 17), 111);
    CU_ASSERT_EQUAL(say(b, f, 12, "\2\0\0\0\0\0\0\0", 8), 13);
    CU_ASSERT_EQUAL(say(b, f, 116, "\2\0\0\0\3\0\0\0\0\0\0\0\0\1\0\0", 16), 117);
    CU_ASSERT_EQUAL(answer[7], 5);
    CU_ASSERT_EQUAL(memcmp(answer + 11, "there", 5), 0);
    CU_ASSERT_EQUAL(say(b, f, 110, "\1\0\0\0\3\0\0\0\1\0\5\0other", 17), 7); /* Rlerror */
    CU_ASSERT_EQUAL(answer[7], 2);                                          /* ENOENT */
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "the file can be read", test_the_file_can_be_read);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
