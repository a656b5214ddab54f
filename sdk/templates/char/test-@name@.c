/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: the test is the serial port. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

static char got[10000];
static uint32_t n_got, space;

static uint32_t room(void *self)
{
    (void)self;
    return space;
}

static int take(void *self, const uint8_t *buf, uint32_t n)
{
    (void)self;
    n = n < space ? n : space;
    memcpy(got + n_got, buf, n);
    n_got += n;
    space -= n;
    return (int)n;
}

static const struct pb_char_ops port = {.size = sizeof port, .room = room, .data = take};

static void test_it_answers_in_capitals(void)
{
    pbt *b = pbt_new();
    const struct pb_svc_char *s = pbt_host(b)->get(pbt_host(b), PB_SVC_CHAR);

    pbt_load(b, "@name@");
    pb_dev *c = pbt_backend(b, PB_CLASS_CHAR, "@name@", "c", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    s->attach(pbt_char_of(c), &port, NULL);
    n_got = 0;
    space = 4; /* the port takes four bytes, then no more */
    CU_ASSERT_EQUAL(s->write(pbt_char_of(c), (const uint8_t *)"Hello, you", 10), 10);
    pbt_settle(b);
    CU_ASSERT_EQUAL(n_got, 4);
    space = 100;
    s->accept(pbt_char_of(c)); /* room again */
    pbt_settle(b);
    CU_ASSERT_EQUAL(n_got, 10);
    CU_ASSERT_EQUAL(memcmp(got, "HELLO, YOU", 10), 0);
    s->attach(pbt_char_of(c), NULL, NULL);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "it answers in capitals", test_it_answers_in_capitals);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
