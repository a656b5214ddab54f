/* SPDX-License-Identifier: MIT */
/* The BCM2835's other blocks: pins and their events, the mini UART, clocks and their locks, the
 * watchdog's two ends, random numbers, the temperature. */
#include "suite.h"

#include <string.h>

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

static void bench(const char *cls, const char *props)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    if (props && strstr(props, "chardev"))
        pbt_char_new(b, "c0");
    d = pbt_create(b, NULL, 0, cls, "d0", props);
    pbt_outputs_all(d, 4);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    pbt_reset(d, PB_RESET_COLD);
}

static void reload(void)
{
    pbt_reload(b);
    d = pbt_find(b, "d0");
}

static void test_gpio(void)
{
    bench("bcm2835-gpio", NULL);
    CU_ASSERT_EQUAL(rd(0x34) & 0x1ff, 0x1ff); /* pulled up */
    CU_ASSERT_EQUAL(rd(0x34) >> 9 & 1, 0);
    wr(0x00, 1 << 6); /* pin 2 out */
    CU_ASSERT_EQUAL(rd(0x34) & 4, 0);
    wr(0x1c, 4);
    CU_ASSERT_EQUAL(pbt_level(d, "out", 2), 1);
    CU_ASSERT_EQUAL(rd(0x34) & 4, 4);
    wr(0x4c, 1 << 17 | 4); /* rising edges of 17 and 2 */
    pbt_line(d, 17, 1);
    CU_ASSERT_EQUAL(rd(0x40), 1 << 17);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 1), 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 3), 1);
    reload();
    wr(0x40, 1 << 17);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    wr(0x64 + 4, 1 << (50 - 32)); /* high level of 50, which is pulled up */
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 1);
    wr(0x44, 1 << (50 - 32)); /* a level stays */
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 1);
    wr(0x94, 1); /* pull it down */
    wr(0x9c, 1 << (50 - 32));
    wr(0x44, 1 << (50 - 32));
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 0);
    CU_ASSERT_EQUAL(pbt_level(d, "sdhost", 0), 1); /* firmware's choice */
    wr(0x10, 7u << 24 | 7u << 27);
    CU_ASSERT_EQUAL(pbt_level(d, "sdhost", 0), 0);
    wr(0x14, 07777);
    CU_ASSERT_EQUAL(pbt_level(d, "sdhci", 0), 1);
    pbt_free(b);
}

static void test_mini_uart(void)
{
    size_t n;

    bench("bcm2835-aux", "chardev=c0");
    pb_dev *c = pbt_find(b, "c0");
    wr(0x40, 'x'); /* off as yet */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    wr(0x04, 1);
    wr(0x40, 'A');
    CU_ASSERT_EQUAL(pbt_char_sent(c, &n)[0], 'A');
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(rd(0x54), 0x60);
    CU_ASSERT_EQUAL(pbt_char_type(c, "0123456789", 10), 8);
    CU_ASSERT_EQUAL(rd(0x64) >> 16 & 15, 8);
    wr(0x44, 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(0x00), 1);
    CU_ASSERT_EQUAL(rd(0x48), 0xc4);
    reload();
    c = pbt_find(b, "c0");
    CU_ASSERT_EQUAL(rd(0x40), '0');
    wr(0x48, 2);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    wr(0x44, 2); /* the transmitter is empty */
    CU_ASSERT_EQUAL(rd(0x48), 0xc2);
    pbt_char_limit(c, 0);
    for (int i = 0; i < 9; i++)
        wr(0x40, 'a');
    CU_ASSERT_EQUAL(rd(0x54) & 0x60, 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 2);
    pbt_char_limit(c, UINT32_MAX);
    pbt_settle(b);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    pbt_free(b);
}

static void test_clocks(void)
{
    bench("bcm2835-cprman", NULL);
    CU_ASSERT_EQUAL(rd(0x114), 0x1f00); /* all locked */
    CU_ASSERT_EQUAL(rd(0xf0), 0x96);    /* the UART's runs from PLLD_PER */
    CU_ASSERT_EQUAL(rd(0xf4), 0xa6aa);
    wr(0xf0, 0x06); /* no password */
    CU_ASSERT_EQUAL(rd(0xf0), 0x96);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    wr(0xf0, 0x5a000006);
    CU_ASSERT_EQUAL(rd(0xf0), 0x06); /* off, and no longer busy */
    wr(0x1160, 0x5a000000 | (rd(0x1160) | 1 << 16)); /* PLLH down */
    CU_ASSERT_EQUAL(rd(0x114), 0x1700);
    reload();
    wr(0x170, 0x5a000100); /* PLLB in reset */
    CU_ASSERT_EQUAL(rd(0x114), 0x0700);
    pbt_free(b);
}

static void test_watchdog(void)
{
    uint32_t what = 9;
    int32_t code = 9;

    bench("bcm2835-pm", NULL);
    CU_ASSERT_EQUAL(rd(0x20), 0x1000);
    wr(0x24, 0x5a000000 | 65536);
    pbt_run_ns(b, 2000000000); /* not started */
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 0);
    wr(0x1c, 0x5a000122);
    pbt_run_ns(b, 500000000);
    CU_ASSERT_EQUAL(rd(0x24), 32768);
    reload();
    pbt_run_ns(b, 499999999);
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 1);
    CU_ASSERT_EQUAL(what, 0); /* a reset */
    pbt_reset(d, PB_RESET_COLD);
    CU_ASSERT_EQUAL(rd(0x20), 0x20);
    wr(0x20, 0x5a000555);
    wr(0x24, 0x5a00000a);
    wr(0x1c, 0x5a000020);
    pbt_run_ns(b, 200000);
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 2);
    CU_ASSERT_EQUAL(what, 1); /* off */
    CU_ASSERT_EQUAL(code, 0);
    wr(0x10c, 0x5a001001); /* GRAFX is powered */
    CU_ASSERT_EQUAL(rd(0x10c) & 3, 3);
    pbt_free(b);
}

static void test_small_blocks(void)
{
    bench("bcm2835-rng", NULL);
    CU_ASSERT_EQUAL(rd(4) >> 24, 0);
    CU_ASSERT_EQUAL(rd(8), 0);
    wr(0, 1);
    CU_ASSERT_EQUAL(rd(4) >> 24, 4);
    CU_ASSERT(rd(8) | rd(8) | rd(8));
    pbt_free(b);
    bench("bcm2835-thermal", NULL);
    CU_ASSERT_EQUAL(rd(4), 0x400 | 680);
    CU_ASSERT_EQUAL(pbt_set_prop(d, "temperature", "80000"), PB_OK);
    CU_ASSERT_EQUAL(rd(4), 0x400 | 617);
    pbt_free(b);
    bench("bcm2835-asb", NULL);
    CU_ASSERT_EQUAL(rd(0x20), 0x62726467);
    wr(0x0c, 0x5a000001);
    CU_ASSERT_EQUAL(rd(0x0c) & 2, 2);
    wr(0x0c, 0x5a000000);
    CU_ASSERT_EQUAL(rd(0x0c) & 2, 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"gpio", test_gpio},         {"mini UART", test_mini_uart}, {"clocks", test_clocks},
        {"watchdog", test_watchdog}, {"small blocks", test_small_blocks},
    };

    return SUITE_RUN("bcm2835 blocks", tests);
}
