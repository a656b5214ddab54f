/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: the test is the firmware, over the
 * installed host bridge (ECAM is its region 0, the memory window its region 2). */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>

enum { SLOT = 1 << 15, WINDOW = 0x40000000, RAM = 0x80000000u };
enum { ADDR = 0x0, LEN = 0x8, CTRL = 0xc, STATUS = 0x10, SUM = 0x14 };

static void test_the_bytes_are_added_up(void)
{
    pbt *b = pbt_new();
    uint8_t *ram = pbt_ram(b, RAM, 0x10000);

    pbt_load(b, "pci");
    pbt_load(b, "@name@");
    pb_dev *host = pbt_create(b, NULL, 0, "gpex-pcihost", "host", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(host);
    pbt_outputs(host, "irq", 4);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(host), PB_OK);
    pbt_add_child(host, 0, "@name@", "f", "addr=1.0");
    pbt_reset_all(b, PB_RESET_COLD);
    CU_ASSERT_EQUAL(pbt_read(host, 0, SLOT, 4), 0x00ff1b36);
    pbt_write(host, 0, SLOT + 0x10, WINDOW, 4); /* BAR 0 */
    pbt_write(host, 0, SLOT + 4, 6, 2);         /* memory, bus mastering */
    for (int i = 0; i < 1000; i++)
        ram[0x100 + i] = (uint8_t)(i % 7);
    pbt_write(host, 2, ADDR, RAM + 0x100, 8);
    pbt_write(host, 2, LEN, 1000, 4);
    pbt_write(host, 2, CTRL, 1, 4);
    CU_ASSERT_EQUAL(pbt_read(host, 2, STATUS, 4), 1);
    CU_ASSERT_EQUAL(pbt_read(host, 2, SUM, 4), 2997);
    int raised = 0;
    for (uint32_t i = 0; i < 4; i++)
        raised += pbt_level(host, "irq", i);
    CU_ASSERT_EQUAL(raised, 1);
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_read(host, 2, SUM, 4), 2997);
    pbt_write(host, 0, SLOT + 4, 2, 2); /* no bus mastering: no DMA */
    pbt_write(host, 2, STATUS, 1, 4);
    pbt_write(host, 2, CTRL, 1, 4);
    CU_ASSERT_EQUAL(pbt_read(host, 2, STATUS, 4), 2);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "the bytes are added up", test_the_bytes_are_added_up);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
