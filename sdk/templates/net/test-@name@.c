/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: the test is the network card. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

static uint8_t got[2000];
static int got_len, answer;

static int take(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags)
{
    (void)self, (void)flags;
    if (answer < 0)
        return answer;
    got_len = 0;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(got + got_len, v[i].base, v[i].len);
        got_len += (int)v[i].len;
    }
    return got_len;
}

static const struct pb_net_ops card = {.size = sizeof card, .frame = take};

static int send(pbt *b, pb_dev *node, const void *frame, size_t n)
{
    const struct pb_svc_net *s = pbt_host(b)->get(pbt_host(b), PB_SVC_NET);
    struct pb_iov v = {(void *)frame, n};
    int rc = s->to_wire(pbt_net_of(node), &v, 1, 0);

    pbt_settle(b);
    return rc;
}

static void test_frames_come_back(void)
{
    static const char out[] = "to....from..\x08\x00 something to say";
    pbt *b = pbt_new();
    const struct pb_svc_net *s = pbt_host(b)->get(pbt_host(b), PB_SVC_NET);
    char text[100];

    pbt_load(b, "@name@");
    pb_dev *n = pbt_backend(b, PB_CLASS_NET, "@name@", "n", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(n);
    s->attach(pbt_net_of(n), &card, NULL);
    answer = 0;
    CU_ASSERT_EQUAL(send(b, n, out, sizeof out), (int)sizeof out);
    CU_ASSERT_EQUAL(got_len, (int)sizeof out);
    CU_ASSERT_EQUAL(memcmp(got, "from..to....\x08\x00 something", 24), 0);
    got_len = 0;
    CU_ASSERT_EQUAL(send(b, n, out, 11), 11); /* too short for two addresses */
    CU_ASSERT_EQUAL(got_len, 0);
    answer = PB_EAGAIN; /* a card without room */
    CU_ASSERT_EQUAL(send(b, n, out, sizeof out), (int)sizeof out);
    pbt_describe(n, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "1 frames echoed, 1 lost");
    s->attach(pbt_net_of(n), NULL, NULL);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "frames come back", test_frames_come_back);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
