/* SPDX-License-Identifier: MIT */
/* riscv-aclint: MTIME follows the virtual clock, MTIMECMP interrupts to the tick, MSIP drives
 * its hart, halves and wholes agree, and all of it survives a reload. */
#include "suite.h"

enum { MTIMECMP = 0x4000, MTIME = 0xbff8 };

static pbt *bench(pb_dev **a, const char *props)
{
    pbt *b = pbt_new();

    pbt_load(b, "riscv-aclint");
    *a = pbt_create(b, NULL, 0, "riscv-aclint", "clint", props);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*a);
    pbt_outputs(*a, "soft", 2);
    pbt_outputs(*a, "timer", 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(*a), PB_OK);
    pbt_reset(*a, PB_RESET_COLD);
    return b;
}

static void test_mtime(void)
{
    pb_dev *a;
    pbt *b = bench(&a, NULL);

    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), 0);
    pbt_run_ns(b, 999);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), 9); /* 100 ns a count */
    pbt_write(a, 0, MTIME, 0xfffffffffull, 8);
    pbt_run_ns(b, 100);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 4), 0);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME + 4, 4), 0x10);
    pbt_write(a, 0, MTIME + 4, 0x20, 4);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), 0x2000000000ull);
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), 0x2000000000ull);
    pbt_free(b);
}

static void test_odd_rate_never_fires_early(void)
{
    pb_dev *a;
    pbt *b = bench(&a, "timebase-hz=32768");

    for (uint64_t n = 1; n < 2000; n += 7) {
        pbt_write(a, 0, MTIMECMP, n, 8);
        pbt_run_ns(b, pbt_next_deadline(b) - pbt_now(b) - 1);
        CU_ASSERT_EQUAL(pbt_level(a, "timer", 0), 0);
        CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), n - 1);
        pbt_run_ns(b, 1);
        CU_ASSERT_EQUAL(pbt_level(a, "timer", 0), 1);
        CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), n);
    }
    pbt_free(b);
}

static void test_mtimecmp(void)
{
    pb_dev *a;
    pbt *b = bench(&a, NULL);

    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIMECMP + 8, 8), UINT64_MAX);
    pbt_write(a, 0, MTIMECMP + 8, 50, 8);
    pbt_reload(b);
    pbt_run_ns(b, 4999);
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 1), 0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 1), 1);
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 0), 0);
    pbt_write(a, 0, MTIMECMP + 12, 1, 4); /* the high half of hart 1's */
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 1), 0);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIMECMP + 8, 8), 1ull << 32 | 50);
    pbt_write(a, 0, MTIMECMP + 8, UINT64_MAX, 8);
    CU_ASSERT_EQUAL(pbt_next_deadline(b), INT64_MAX);
    pbt_write(a, 0, MTIMECMP, 0, 8);
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 0), 1);
    pbt_reset(a, PB_RESET_WARM);
    CU_ASSERT_EQUAL(pbt_level(a, "timer", 0), 0);
    CU_ASSERT_EQUAL(pbt_read(a, 0, MTIME, 8), 0);
    pbt_free(b);
}

/* A comparison far ahead of a counter that reset has set back. */
static void test_far_ahead(void)
{
    pb_dev *a;
    pbt *b = bench(&a, NULL);

    pbt_run_ns(b, 1000000);
    pbt_reset(a, PB_RESET_WARM); /* the offset is negative now */
    pbt_write(a, 0, MTIMECMP, UINT64_MAX - 1, 8);
    CU_ASSERT_EQUAL(pbt_next_deadline(b), INT64_MAX);
    pbt_write(a, 0, MTIME, UINT64_MAX - 11, 8);
    CU_ASSERT_EQUAL(pbt_next_deadline(b), 1001000);
    pbt_free(b);
}

static void test_msip(void)
{
    pb_dev *a;
    pbt *b = bench(&a, NULL);

    pbt_write(a, 0, 4, 0xffffffff, 4);
    CU_ASSERT_EQUAL(pbt_read(a, 0, 4, 4), 1);
    CU_ASSERT_EQUAL(pbt_level(a, "soft", 1), 1);
    CU_ASSERT_EQUAL(pbt_level(a, "soft", 0), 0);
    pbt_write(a, 0, 4, 1, 4); /* asked for again: a hart in WFI is told, by an edge */
    CU_ASSERT_EQUAL(pbt_level(a, "soft", 1), 1);
    CU_ASSERT_EQUAL(pbt_rises(a, "soft", 1), 2);
    pbt_write(a, 0, 4, 0, 4);
    CU_ASSERT_EQUAL(pbt_level(a, "soft", 1), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_write(a, 0, 8, 1, 4); /* hart 2 of 2 */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_free(b);
}

static void test_counter(void)
{
    pb_dev *a;
    pbt *b = bench(&a, NULL);
    const struct pb_counter *c = pbt_provides(a, PB_COUNTER);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    pbt_run_ns(b, 12345);
    CU_ASSERT_EQUAL(c->read(pbt_self(a)), 123);
    CU_ASSERT_EQUAL(c->hz(pbt_self(a)), 10000000);
    CU_ASSERT_EQUAL(c->when(pbt_self(a), 124), 12400);
    CU_ASSERT_EQUAL(c->when(pbt_self(a), 1), 12345); /* past: now */
    CU_ASSERT_EQUAL(c->when(pbt_self(a), UINT64_MAX), INT64_MAX);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"MTIME", test_mtime},
        {"an odd rate never fires early", test_odd_rate_never_fires_early},
        {"MTIMECMP", test_mtimecmp},
        {"far ahead", test_far_ahead},
        {"MSIP", test_msip},
        {"pb.counter/1", test_counter},
    };

    return SUITE_RUN("riscv-aclint", tests);
}
