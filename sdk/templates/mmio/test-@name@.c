/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the device bench: no machine, no guest. */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>

enum { ID = 0x0, CTRL = 0x4, STATUS = 0x8, DATA = 0xc };

static void test_id_is_read_only(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "@name@");
    pb_dev *d = pbt_add(b, "@name@", "d0", NULL);
    CU_ASSERT_EQUAL(pbt_read(d, 0, ID, 4), 0x504c5547);
    pbt_write(d, 0, ID, 0, 4);
    CU_ASSERT_EQUAL(pbt_read(d, 0, ID, 4), 0x504c5547);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_free(b);
}

static void test_interrupt_comes_after_the_work(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "@name@");
    pb_dev *d = pbt_add(b, "@name@", "d0", NULL);
    pbt_write(d, 0, CTRL, 1, 4);
    pbt_write(d, 0, DATA, 20, 4);
    pbt_write(d, 0, DATA, 22, 4);
    CU_ASSERT_EQUAL(pbt_read(d, 0, STATUS, 4), 2);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    pbt_reload(b); /* save, destroy, create, load: in the middle of the work */
    pbt_run_ns(b, 1000);
    CU_ASSERT_EQUAL(pbt_read(d, 0, STATUS, 4), 1);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_read(d, 0, DATA, 4), 42);
    pbt_write(d, 0, STATUS, 1, 4);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    CU_ASSERT_EQUAL(pbt_rises(d, "irq", 0), 1);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "id is read-only", test_id_is_read_only);
    CU_add_test(s, "interrupt comes after the work", test_interrupt_comes_after_the_work);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
