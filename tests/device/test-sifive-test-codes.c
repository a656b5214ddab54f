/* SPDX-License-Identifier: MIT */
/* sifive-test: what is written decides between power-off, its status, and reset. */
#include "suite.h"

static void expect(pb_dev *d, pbt *b, uint64_t v, uint32_t bytes, uint32_t what, int32_t code)
{
    uint32_t w;
    int32_t c;
    int before = pbt_requested(b, &w, &c);

    pbt_write(d, 0, 0, v, bytes);
    CU_ASSERT_EQUAL(pbt_requested(b, &w, &c), before + 1);
    CU_ASSERT_EQUAL(w, what);
    CU_ASSERT_EQUAL(c, code);
}

static void test_codes(void)
{
    pbt *b = pbt_new();
    uint32_t w;
    int32_t c;

    pbt_load(b, "sifive-test");
    pb_dev *d = pbt_add(b, "sifive-test", "test", NULL);
    expect(d, b, 0x5555, 4, 1, 0);
    expect(d, b, 0x5555, 2, 1, 0);
    expect(d, b, 0x3333 | 42 << 16, 4, 1, 42);
    expect(d, b, 0x7777, 4, 0, 0);
    int n = pbt_requested(b, &w, &c);
    pbt_write(d, 0, 0, 0x1234, 4);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_write(d, 0, 8, 0x5555, 4); /* no register */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 2);
    pbt_write(d, 0, 0, 0x55, 1); /* the bus refuses bytes */
    CU_ASSERT_EQUAL(pbt_faults(b), 1);
    CU_ASSERT_EQUAL(pbt_requested(b, &w, &c), n);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 4), 0);
    pbt_reload(b);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {{"codes", test_codes}};

    return SUITE_RUN("sifive-test", tests);
}
