/* SPDX-License-Identifier: MIT */
/* goldfish-rtc: time from the host clock, settable, and an alarm that rings once. */
#include "suite.h"

enum { TIME_LOW = 0, TIME_HIGH = 4, ALARM_LOW = 8, ALARM_HIGH = 12, IRQ_ENABLED = 16,
       CLEAR_ALARM = 20, ALARM_STATUS = 24, CLEAR_INTERRUPT = 28 };

static pbt *bench(pb_dev **c)
{
    pbt *b = pbt_new();

    pbt_load(b, "goldfish-rtc");
    pbt_set_host_ns(b, 0x1234567890abcdefll);
    *c = pbt_add(b, "goldfish-rtc", "rtc", NULL);
    return b;
}

static uint64_t now(pb_dev *c)
{
    uint64_t lo = pbt_read(c, 0, TIME_LOW, 4);

    return pbt_read(c, 0, TIME_HIGH, 4) << 32 | lo;
}

static void set(pb_dev *c, uint64_t reg, uint64_t v)
{
    pbt_write(c, 0, reg + 4, v >> 32, 4);
    pbt_write(c, 0, reg, v & 0xffffffff, 4);
}

static void test_time(void)
{
    pb_dev *c;
    pbt *b = bench(&c);

    CU_ASSERT_EQUAL(now(c), 0x1234567890abcdefull);
    uint64_t lo = pbt_read(c, 0, TIME_LOW, 4);
    pbt_run_ns(b, 1ll << 32);
    CU_ASSERT_EQUAL(pbt_read(c, 0, TIME_HIGH, 4), 0x12345678); /* held */
    CU_ASSERT_EQUAL(lo, 0x90abcdef);
    set(c, TIME_LOW, 1000000000);
    CU_ASSERT_EQUAL(now(c), 1000000000);
    pbt_run_ns(b, 5);
    pbt_reload(b);
    pbt_reset(c, PB_RESET_COLD);
    CU_ASSERT_EQUAL(now(c), 1000000005); /* the battery */
    pbt_free(b);
}

/* Steps over the whole range: what a signed offset could not hold. */
static void test_far_times(void)
{
    static const uint64_t times[] = {1ull << 63, 0, UINT64_MAX, 1ull << 62, 3ull << 62, 5};
    pb_dev *c;
    pbt *b = bench(&c);

    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        set(c, TIME_LOW, times[i]);
        CU_ASSERT_EQUAL(now(c), times[i]);
    }
    pbt_free(b);
}

static void test_alarm(void)
{
    pb_dev *c;
    pbt *b = bench(&c);
    uint64_t t = now(c);

    pbt_write(c, 0, IRQ_ENABLED, 1, 4);
    set(c, ALARM_LOW, t + 1000);
    CU_ASSERT_EQUAL(pbt_read(c, 0, ALARM_STATUS, 4), 1);
    CU_ASSERT_EQUAL(pbt_read(c, 0, ALARM_LOW, 4), (t + 1000) & 0xffffffff);
    pbt_run_ns(b, 999);
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_read(c, 0, ALARM_STATUS, 4), 0);
    pbt_write(c, 0, CLEAR_INTERRUPT, 1, 4);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    set(c, ALARM_LOW, t); /* past: at once */
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 1);
    pbt_write(c, 0, IRQ_ENABLED, 0, 4);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    pbt_write(c, 0, CLEAR_INTERRUPT, 1, 4);
    pbt_write(c, 0, IRQ_ENABLED, 1, 4);
    set(c, ALARM_LOW, t + 5000);
    pbt_write(c, 0, CLEAR_ALARM, 1, 4);
    pbt_run_ns(b, 10000);
    CU_ASSERT_EQUAL(pbt_level(c, "irq", 0), 0);
    set(c, ALARM_LOW, UINT64_MAX);
    CU_ASSERT_EQUAL(pbt_next_deadline(b), INT64_MAX);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {{"time", test_time}, {"far times", test_far_times},
                                              {"alarm", test_alarm}};

    return SUITE_RUN("goldfish-rtc", tests);
}
