/* SPDX-License-Identifier: MIT */
/* pl061: masked data, directions, level and edge interrupts; gpio-key: held for 100 ms. */
#include "suite.h"

enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418,
       IC = 0x41c };

static pb_dev *g;

static uint32_t rd(uint64_t off)
{
    return (uint32_t)pbt_read(g, 0, off, 4);
}

static void wr(uint64_t off, uint32_t v)
{
    pbt_write(g, 0, off, v, 4);
}

static pbt *bench(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "pl061");
    g = pbt_create(b, NULL, 0, "pl061", "gpio", NULL);
    pbt_outputs(g, "out", 8);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_reset(g, PB_RESET_COLD);
    return b;
}

static void test_data(void)
{
    pbt *b = bench();

    wr(DIR, 0x0f);
    wr(0xff << 2, 0x35); /* outputs take 5; inputs wait for their direction */
    CU_ASSERT_EQUAL(rd(0xff << 2), 0x05);
    CU_ASSERT_EQUAL(pbt_level(g, "out", 2), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "out", 4), 0);
    wr(0x02 << 2, 0xff); /* the address masks all but pin 1 */
    CU_ASSERT_EQUAL(rd(0xff << 2), 0x07);
    CU_ASSERT_EQUAL(rd(0x06 << 2), 0x06);
    pbt_line(g, 7, 1);
    CU_ASSERT_EQUAL(rd(0xff << 2), 0x87);
    pbt_reload(b);
    g = pbt_find(b, "gpio");
    CU_ASSERT_EQUAL(rd(0xff << 2), 0x87);
    pbt_free(b);
}

static void test_interrupts(void)
{
    pbt *b = bench();

    wr(IE, 0xff);
    wr(IS, 1); /* pin 0: level, low */
    CU_ASSERT_EQUAL(rd(RIS), 1);
    wr(IEV, 3); /* pin 0 high, pin 1 rising; pin 2 falling */
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_line(g, 0, 1);
    CU_ASSERT_EQUAL(rd(MIS), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 1);
    wr(IC, 1); /* no edge to clear */
    CU_ASSERT_EQUAL(rd(MIS), 1);
    pbt_line(g, 0, 0);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0);
    pbt_line(g, 1, 1);
    pbt_line(g, 1, 0);
    pbt_line(g, 2, 1);
    CU_ASSERT_EQUAL(rd(RIS), 2);
    pbt_line(g, 2, 0);
    CU_ASSERT_EQUAL(rd(RIS), 6);
    wr(IC, 2);
    CU_ASSERT_EQUAL(rd(RIS), 4);
    wr(IC, 4);
    wr(IBE, 8);
    pbt_line(g, 3, 1);
    CU_ASSERT_EQUAL(rd(RIS), 8);
    wr(IC, 8);
    pbt_line(g, 3, 0);
    CU_ASSERT_EQUAL(rd(RIS), 8);
    wr(IE, 0);
    CU_ASSERT_EQUAL(rd(MIS), 0);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0);
    pbt_free(b);
}

static void test_power_button(void)
{
    pbt *b = bench();

    pbt_load(b, "gpio-key");
    pb_dev *k = pbt_create(b, NULL, 0, "gpio-key", "power", NULL);
    pbt_wire(k, "key", 0, g, 3);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(k), PB_OK);
    pbt_reset(k, PB_RESET_COLD);
    const struct pb_power_button *t = pbt_provides(k, PB_POWER_BUTTON);
    t->press(pbt_self(k));
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(8 << 2), 8);
    pbt_run_ns(b, 99999999);
    CU_ASSERT_EQUAL(rd(8 << 2), 8);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(rd(8 << 2), 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"masked data and directions", test_data},
        {"level and edge interrupts", test_interrupts},
        {"the power button", test_power_button},
    };

    return SUITE_RUN("pl061", tests);
}
