/* SPDX-License-Identifier: MIT */
/* pl031: time of the host, loading, the match interrupt now, later and after a reload. */
#include "suite.h"

enum { DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };

static pb_dev *c;

static uint32_t rd(uint64_t off)
{
    return (uint32_t)pbt_read(c, 0, off, 4);
}

static void wr(uint64_t off, uint32_t v)
{
    pbt_write(c, 0, off, v, 4);
}

static pbt *bench(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "pl031");
    pbt_set_host_ns(b, 1700000000500000000);
    c = pbt_add(b, "pl031", "rtc", NULL);
    return b;
}

static void test_time(void)
{
    pbt *b = bench();

    CU_ASSERT_EQUAL(rd(DR), 1700000000);
    CU_ASSERT_EQUAL(rd(CR), 1);
    wr(CR, 0);
    CU_ASSERT_EQUAL(rd(CR), 1);
    pbt_run_ns(b, 600000000);
    CU_ASSERT_EQUAL(rd(DR), 1700000001);
    wr(LR, 0xfffffff0);
    CU_ASSERT_EQUAL(rd(DR), 0xfffffff0);
    pbt_run_ns(b, 999999999);
    CU_ASSERT_EQUAL(rd(DR), 0xfffffff0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(rd(DR), 0xfffffff1);
    pbt_reset(c, PB_RESET_COLD); /* the battery keeps the time */
    CU_ASSERT_EQUAL(rd(DR), 0xfffffff1);
    CU_ASSERT_EQUAL(rd(0xfe0), 0x31);
    CU_ASSERT_EQUAL(rd(0xffc), 0xb1);
    CU_ASSERT_EQUAL(pbt_read(c, 0, 0xff0, 1), 0x0d); /* UEFI reads these by bytes */
    CU_ASSERT_EQUAL(pbt_faults(b), 0);
    pbt_free(b);
}

static void test_match(void)
{
    pbt *b = bench();

    wr(IMSC, 1);
    wr(MR, 1700000002);
    pbt_run_ns(b, 1499999999);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    pbt_reload(b);
    c = pbt_find(b, "rtc");
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(MIS), 1);
    wr(IMSC, 0);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    CU_ASSERT_EQUAL(rd(RIS), 1);
    wr(ICR, 1);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    wr(MR, 1700000002); /* it is that now */
    CU_ASSERT_EQUAL(rd(RIS), 1);
    wr(ICR, 1);
    wr(MR, 1700000001); /* passed: 136 years ahead */
    pbt_run_ns(b, 3000000000);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {{"time", test_time}, {"match", test_match}};

    return SUITE_RUN("pl031", tests);
}
