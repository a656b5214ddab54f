/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench. The test is the controller: a class of its
 * own offers the bus, and the transfers are calls of the target's table. */
#include <plugboard/bench.h>
#include <plugboard/spi.h>

#include <CUnit/Basic.h>

#include <string.h>

static const char *const buses[] = {"spi-bus", NULL};

static int realize_bus(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_device_class bus_class = {
    .size = sizeof bus_class, .id = "test-bus", .title = "the test", .buses_out = buses,
    .instance_size = 8, .realize = realize_bus};

static pbt *b;
static pb_dev *d;

static void bench(void)
{
    b = pbt_new();
    pbt_class(b, PB_CLASS_DEVICE, &bus_class);
    pbt_load(b, "@name@");
    pb_dev *bus = pbt_add(b, "test-bus", "bus", NULL);
    d = pbt_add_child(bus, 0, "@name@", "d", "cs=1");
}

static void wire(uint32_t on)
{
    const struct pb_spi_target *t = pbt_provides(d, PB_SPI_TARGET);

    pbt_enter(d);
    t->select(pbt_self(d), on);
    pbt_leave(d);
}

/* Bytes out of v[n] and in to it. */
static void bytes(uint8_t *v, uint32_t n)
{
    const struct pb_spi_target *t = pbt_provides(d, PB_SPI_TARGET);
    uint8_t in[16] = {0};

    pbt_enter(d);
    t->exchange(pbt_self(d), v, in, n);
    pbt_leave(d);
    memcpy(v, in, n);
}

static void test_registers_keep_what_is_written(void)
{
    uint8_t v[] = {0x82, 'a', 'b'}, back[] = {2, 0, 0, 0};

    bench();
    wire(1);
    bytes(v, 3);
    wire(0);
    wire(1);
    bytes(back, 2);
    pbt_reload(b); /* in the middle of a command */
    d = pbt_find(b, "d");
    bytes(back + 2, 2);
    wire(0);
    CU_ASSERT(back[1] == 'a' && back[2] == 'b' && back[3] == 0);
    pbt_reset(d, PB_RESET_COLD);
    memcpy(back, (uint8_t[]){0, 0, 0, 0}, 4);
    wire(1);
    bytes(back, 4);
    CU_ASSERT(back[1] == 0x5b && back[2] == 0 && back[3] == 0);
    pbt_free(b);
}

static void test_only_a_selected_chip_listens(void)
{
    const struct pb_spi_target *t;
    uint8_t v[] = {0x81, 'x'}, id[] = {0x80, 'x'}, back[] = {0, 0, 0};

    bench();
    t = pbt_provides(d, PB_SPI_TARGET);
    CU_ASSERT_EQUAL(t->chip_select(pbt_self(d)), 1);
    bytes(v, 2);
    wire(1);
    bytes(id, 2); /* register 0 keeps what it is */
    wire(0);
    wire(1);
    bytes(back, 3);
    wire(0);
    CU_ASSERT(back[1] == 0x5b && back[2] == 0);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "registers keep what is written", test_registers_keep_what_is_written);
    CU_add_test(s, "only a selected chip listens", test_only_a_selected_chip_listens);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
