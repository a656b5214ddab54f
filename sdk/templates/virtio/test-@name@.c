/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench: the test is the driver, over the
 * installed virtio-mmio transport with a split ring (VIRTIO 1.2, 2.7 and 4.2). */
#include <plugboard/bench.h>

#include <CUnit/Basic.h>
#include <string.h>

enum { RAM = 0x80000000u, DESC = 0, AVAIL = 0x1000, USED = 0x2000, DATA = 0x3000, SIZE = 16 };
enum { DEVICE_ID = 0x8, DRIVER_FEATURES = 0x20, DRIVER_FEATURES_SEL = 0x24, QUEUE_NUM = 0x38,
       QUEUE_READY = 0x44, QUEUE_NOTIFY = 0x50, INTERRUPT_STATUS = 0x60, STATUS = 0x70,
       QUEUE_DESC = 0x80, QUEUE_DRIVER = 0x90, QUEUE_DEVICE = 0xa0, CONFIG = 0x100 };

static void start(pb_dev *m)
{
    static const struct { uint32_t reg, at; } rings[] = {
        {QUEUE_DESC, DESC}, {QUEUE_DRIVER, AVAIL}, {QUEUE_DEVICE, USED}};

    pbt_write(m, 0, STATUS, 1, 4);
    pbt_write(m, 0, STATUS, 3, 4);
    pbt_write(m, 0, DRIVER_FEATURES_SEL, 1, 4);
    pbt_write(m, 0, DRIVER_FEATURES, 1, 4); /* VIRTIO_F_VERSION_1 */
    pbt_write(m, 0, STATUS, 11, 4);
    pbt_write(m, 0, QUEUE_NUM, SIZE, 4);
    for (int i = 0; i < 3; i++)
        pbt_write(m, 0, rings[i].reg, RAM + rings[i].at, 4);
    pbt_write(m, 0, QUEUE_READY, 1, 4);
    pbt_write(m, 0, STATUS, 15, 4);
}

static void describe(uint8_t *ram, int i, uint32_t at, uint32_t len, uint16_t flags)
{
    uint64_t addr = RAM + at;
    uint16_t next = (uint16_t)(i + 1);

    memcpy(ram + DESC + 16 * i, &addr, 8);
    memcpy(ram + DESC + 16 * i + 8, &len, 4);
    memcpy(ram + DESC + 16 * i + 12, &flags, 2);
    memcpy(ram + DESC + 16 * i + 14, &next, 2);
}

static void test_a_chain_comes_back_reversed(void)
{
    pbt *b = pbt_new();
    uint8_t *ram = pbt_ram(b, RAM, 0x10000);

    pbt_load(b, "virtio-mmio");
    pbt_load(b, "@name@");
    pb_dev *m = pbt_add(b, "virtio-mmio", "m", NULL);
    pbt_add_child(m, 0, "@name@", "d", NULL);
    pbt_reset_all(b, PB_RESET_COLD);
    CU_ASSERT_EQUAL(pbt_read(m, 0, DEVICE_ID, 4), 63);
    start(m);
    memcpy(ram + DATA, "backwards", 9);
    describe(ram, 0, DATA, 9, 1);          /* NEXT */
    describe(ram, 1, DATA + 0x100, 32, 2); /* WRITE */
    ram[AVAIL + 2] = 1;                    /* one chain, head 0 */
    pbt_write(m, 0, QUEUE_NOTIFY, 0, 4);
    pbt_settle(b);
    CU_ASSERT_EQUAL(ram[USED + 2], 1);
    CU_ASSERT_EQUAL(ram[USED + 8], 9); /* bytes written */
    CU_ASSERT_EQUAL(memcmp(ram + DATA + 0x100, "sdrawkcab", 9), 0);
    CU_ASSERT_EQUAL(pbt_read(m, 0, INTERRUPT_STATUS, 4) & 1, 1);
    CU_ASSERT_EQUAL(pbt_read(m, 0, CONFIG, 4), 1);
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_read(m, 0, CONFIG, 4), 1);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "a chain comes back reversed", test_a_chain_comes_back_reversed);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
