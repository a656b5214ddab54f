/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench. The test is the controller: a class of its
 * own offers the bus, and the transfers are calls of the target's table. */
#include <plugboard/bench.h>
#include <plugboard/i2c.h>

#include <CUnit/Basic.h>

enum { ADDRESS = 0x21 };

static const char *const buses[] = {"i2c-bus", NULL};

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
    d = pbt_add_child(bus, 0, "@name@", "d", "address=0x21");
}

/* START, the address, v[n], STOP; bytes acknowledged, the address's among them. */
static uint32_t put(uint32_t address, const uint8_t *v, uint32_t n)
{
    const struct pb_i2c_target *t = pbt_provides(d, PB_I2C_TARGET);
    void *self = pbt_self(d);
    uint32_t k = 0;

    pbt_enter(d);
    uint32_t here = t->start(self, address, 0);
    while (here && k < n && t->write(self, v[k]))
        k++;
    if (here)
        t->stop(self);
    pbt_leave(d);
    return here + k;
}

static uint32_t get(uint8_t *v, uint32_t n)
{
    const struct pb_i2c_target *t = pbt_provides(d, PB_I2C_TARGET);
    void *self = pbt_self(d);

    pbt_enter(d);
    uint32_t here = t->start(self, ADDRESS, 1);
    for (uint32_t i = 0; here && i < n; i++)
        v[i] = t->read(self);
    if (here)
        t->stop(self);
    pbt_leave(d);
    return here;
}

static void test_registers_keep_what_is_written(void)
{
    uint8_t v[3];

    bench();
    CU_ASSERT_EQUAL(put(0x48, (const uint8_t *)"\0", 1), 0); /* another's address */
    CU_ASSERT_EQUAL(put(ADDRESS, (const uint8_t *)"\2ab", 3), 4);
    CU_ASSERT_EQUAL(put(ADDRESS, (const uint8_t *)"\1", 1), 2);
    CU_ASSERT_EQUAL(get(v, 1), 1);
    CU_ASSERT_EQUAL(v[0], 0);
    pbt_reload(b); /* between two transfers, the pointer too is kept */
    d = pbt_find(b, "d");
    CU_ASSERT_EQUAL(get(v, 3), 1);
    CU_ASSERT(v[0] == 'a' && v[1] == 'b' && v[2] == 0);
    pbt_reset(d, PB_RESET_COLD);
    CU_ASSERT_EQUAL(get(v, 3), 1);
    CU_ASSERT(v[0] == 0x5b && v[1] == 0 && v[2] == 0);
    pbt_free(b);
}

static void test_what_is_not_there_is_not_acknowledged(void)
{
    uint8_t v[2];

    bench();
    CU_ASSERT_EQUAL(put(ADDRESS, (const uint8_t *)"\0x", 2), 2); /* register 0 */
    CU_ASSERT_EQUAL(put(ADDRESS, (const uint8_t *)"\7xy", 3), 3); /* past the last */
    CU_ASSERT_EQUAL(put(ADDRESS, (const uint8_t *)"\10", 1), 1); /* no such number */
    CU_ASSERT_EQUAL(get(v, 2), 1);
    CU_ASSERT(v[0] == 0xff && v[1] == 0xff);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "registers keep what is written", test_registers_keep_what_is_written);
    CU_add_test(s, "what is not there is not acknowledged",
                test_what_is_not_there_is_not_acknowledged);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
