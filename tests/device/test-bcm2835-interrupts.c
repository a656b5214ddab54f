/* SPDX-License-Identifier: MIT */
/* bcm2836-local and bcm2835-intc: which source reaches which core as what; mailboxes; the timers
 * of both blocks and the system timer. */
#include "suite.h"

#include <string.h>

enum { ROUTE_GPU = 0x0c, PMU_SET = 0x10, PMU_CLR = 0x14, TIMER_LS = 0x1c, TIMER_MS = 0x20,
       ROUTE_LOCAL = 0x24, LOCAL_CTL = 0x34, LOCAL_WR = 0x38, TIMER_CTL = 0x40, BOX_CTL = 0x50,
       IRQ_SRC = 0x60, FIQ_SRC = 0x70, BOX_SET = 0x80, BOX_CLR = 0xc0 };
enum { IN_GPU = 20, IN_GPU_FIQ = 21 };

static pbt *b;
static pb_dev *d;

static uint32_t rd(uint64_t off)
{
    return (uint32_t)pbt_read(d, 0, off, 4);
}

static void wr(uint64_t off, uint32_t v)
{
    pbt_write(d, 0, off, v, 4);
}

static void bench(const char *cls)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    d = pbt_create(b, NULL, 0, cls, "d0", NULL);
    pbt_outputs_all(d, 4);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    pbt_reset(d, PB_RESET_COLD);
}

static void reload(void)
{
    pbt_reload(b);
    d = pbt_find(b, "d0");
}

static void test_routes(void)
{
    bench("bcm2836-local");
    pbt_line(d, 4 * 2 + 3, 1); /* core 2's virtual timer */
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 0);
    wr(TIMER_CTL + 8, 8);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 1);
    CU_ASSERT_EQUAL(rd(IRQ_SRC + 8), 8);
    wr(TIMER_CTL + 8, 0x88); /* FIQ wins */
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 0);
    CU_ASSERT_EQUAL(pbt_level(d, "fiq", 2), 1);
    reload();
    CU_ASSERT_EQUAL(rd(FIQ_SRC + 8), 8);
    pbt_line(d, 4 * 2 + 3, 0);
    CU_ASSERT_EQUAL(pbt_level(d, "fiq", 2), 0);
    pbt_line(d, IN_GPU, 1);
    CU_ASSERT_EQUAL(rd(IRQ_SRC), 0x100);
    wr(ROUTE_GPU, 3);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 3), 1);
    pbt_line(d, IN_GPU_FIQ, 1);
    CU_ASSERT_EQUAL(rd(FIQ_SRC), 0x100);
    pbt_line(d, 16 + 1, 1); /* core 1's PMU */
    wr(PMU_SET, 2);
    CU_ASSERT_EQUAL(rd(IRQ_SRC + 4), 0x200);
    wr(PMU_CLR, 2);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 1), 0);
    pbt_free(b);
}

static void test_mailboxes(void)
{
    bench("bcm2836-local");
    wr(BOX_CTL + 4, 1 | 1 << 7);
    wr(BOX_SET + 16, 0x5);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 1), 1);
    CU_ASSERT_EQUAL(rd(IRQ_SRC + 4), 0x10);
    CU_ASSERT_EQUAL(rd(BOX_CLR + 16), 5);
    wr(BOX_CLR + 16, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 1), 1);
    wr(BOX_CLR + 16, 4);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 1), 0);
    wr(BOX_SET + 16 + 12, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "fiq", 1), 1);
    CU_ASSERT_EQUAL(rd(FIQ_SRC + 4), 0x80);
    pbt_free(b);
}

static void test_local_timers(void)
{
    bench("bcm2836-local");
    pbt_run_ns(b, 1000000000);
    CU_ASSERT_EQUAL(rd(TIMER_LS), 19200000);
    wr(TIMER_MS, 5);
    wr(TIMER_LS, 7);
    CU_ASSERT_EQUAL(rd(TIMER_MS), 5);
    CU_ASSERT_EQUAL(rd(TIMER_LS), 7);
    wr(0x08, 0x40000000); /* half speed, from where it is */
    pbt_run_ns(b, 1000000000);
    CU_ASSERT_EQUAL(rd(TIMER_LS), 7 + 9600000);
    wr(ROUTE_LOCAL, 2);
    wr(LOCAL_CTL, 3u << 28 | 38400); /* every millisecond */
    pbt_run_ns(b, 999999);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 0);
    pbt_run_ns(b, 2);
    CU_ASSERT_EQUAL(rd(IRQ_SRC + 8), 0x800);
    wr(LOCAL_WR, 1u << 31);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 0);
    reload();
    pbt_run_ns(b, 1000000);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 1);
    pbt_free(b);
}

static void test_intc(void)
{
    bench("bcm2835-intc");
    pbt_line(d, 57, 1);
    pbt_line(d, 29, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    wr(0x14, 1 << 25);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(0x00), 1 << 19); /* 57 is shown itself, so bit 9 is not set */
    CU_ASSERT_EQUAL(rd(0x08), 1 << 25);
    wr(0x10, 1 << 29);
    CU_ASSERT_EQUAL(rd(0x00), 1 << 19 | 1 << 8);
    wr(0x20, 1 << 25);
    wr(0x1c, 1 << 29);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    pbt_line(d, 64 + 1, 1);
    wr(0x18, 2);
    CU_ASSERT_EQUAL(rd(0x00), 2);
    wr(0x24, 2);
    wr(0x0c, 0x80 | 65);
    CU_ASSERT_EQUAL(pbt_level(d, "fiq", 0), 1);
    wr(0x0c, 0x80 | 100); /* no such source */
    CU_ASSERT_EQUAL(pbt_level(d, "fiq", 0), 0);
    pbt_free(b);
}

static void test_systimer(void)
{
    bench("bcm2835-system-timer");
    pbt_run_ns(b, 5000);
    CU_ASSERT_EQUAL(rd(4), 5);
    wr(0x18, 8); /* C3 */
    pbt_run_ns(b, 2999);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 3), 0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 3), 1);
    wr(0, 15);
    CU_ASSERT_EQUAL(rd(0), 0);
    wr(0x0c, 8); /* that is now: a whole turn */
    pbt_run_ns(b, 4294967295999);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    reload();
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(8), 1);
    pbt_free(b);
}

static void test_armtimer(void)
{
    bench("bcm2835-arm-timer"); /* 250 MHz by default, pre-divider 126 */
    wr(0x1c, 249);
    wr(0x08, 2 | 32 | 128);
    wr(0x00, 999); /* 1 MHz: a millisecond */
    pbt_run_ns(b, 500000);
    CU_ASSERT_EQUAL(rd(0x04), 499);
    pbt_run_ns(b, 500000);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(0x14), 1);
    reload();
    wr(0x0c, 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    pbt_run_ns(b, 1000000); /* it goes on by itself */
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    pbt_run_ns(b, 3600000); /* also while nobody clears it */
    wr(0x0c, 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    CU_ASSERT_EQUAL(rd(0x04), 399);
    pbt_run_ns(b, 399000);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    pbt_run_ns(b, 1000);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    wr(0x08, 2 | 512 | 249 << 16); /* the free-running counter, at 1 MHz */
    uint32_t from = rd(0x20);
    pbt_run_ns(b, 100000);
    CU_ASSERT_EQUAL(rd(0x20) - from, 100);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"routes", test_routes},     {"mailboxes", test_mailboxes},
        {"local timers", test_local_timers}, {"intc", test_intc},
        {"system timer", test_systimer},     {"ARM timer", test_armtimer},
    };

    return SUITE_RUN("bcm2835 interrupts", tests);
}
