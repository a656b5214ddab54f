/* SPDX-License-Identifier: MIT */
/* test-@name@.c - what @name@ promises, on the bench. The test is the bus: a class of its own
 * provides PB_USB, keeps what is plugged in, and asks its endpoints. */
#include <plugboard/bench.h>
#include <plugboard/usb.h>

#include <CUnit/Basic.h>
#include <string.h>

static struct pb_usb_info dev; /* what was plugged in */
static uint32_t readies;

static pb_usb_fn *add(void *bus, pb_dev *d, const struct pb_usb_info *i, pb_err *e)
{
    (void)bus, (void)e;
    dev = *i;
    return (pb_usb_fn *)d;
}

static void ready(pb_usb_fn *f, uint32_t ep)
{
    (void)f, (void)ep;
    readies++;
}

static const struct pb_usb usb = {.size = sizeof usb, .add = add, .ready = ready};
static const struct pb_provide provides[] = {{PB_USB, &usb}};
static const char *const buses[] = {PB_USB_BUS, NULL};

static int realize_bus(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_device_class bus_class = {
    .size = sizeof bus_class, .id = "test-bus", .title = "the test", .buses_out = buses,
    .provides = provides, .n_provides = 1, .instance_size = 8, .realize = realize_bus};

static void test_bytes_come_back(void)
{
    static const struct pb_usb_setup count = {.type = 0x40 | PB_USB_IN, .request = 1, .length = 4};
    uint8_t sent[600], got[600];
    pbt *b = pbt_new();

    for (unsigned i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7);
    pbt_class(b, PB_CLASS_DEVICE, &bus_class);
    pbt_load(b, "@name@");
    pb_dev *bus = pbt_add(b, "test-bus", "bus", NULL);
    pb_dev *d = pbt_add_child(bus, 0, "@name@", "d", NULL);
    CU_ASSERT_EQUAL(dev.desc->config->interface->n_ep, 2);
    pbt_enter(d);
    CU_ASSERT_EQUAL(dev.in(dev.self, 1, got, 64), PB_USB_NAK);
    CU_ASSERT_EQUAL(dev.out(dev.self, 1, sent, 600), 512); /* the rest is asked again */
    CU_ASSERT_EQUAL(dev.out(dev.self, 1, sent + 512, 88), PB_USB_NAK);
    CU_ASSERT(readies > 0);
    pbt_leave(d);
    pbt_reload(b);
    pbt_enter(d);
    CU_ASSERT_EQUAL(dev.in(dev.self, 1, got, 128), 128);
    CU_ASSERT_EQUAL(dev.out(dev.self, 1, sent + 512, 88), 88);
    CU_ASSERT_EQUAL(dev.in(dev.self, 1, got + 128, 472), 472 - 472 % 64);
    CU_ASSERT_EQUAL(memcmp(got, sent, 128 + 448), 0);
    CU_ASSERT_EQUAL(dev.request(dev.self, &count, got, 4), 4);
    CU_ASSERT_EQUAL(got[0] | got[1] << 8, 600);
    dev.reset(dev.self);
    CU_ASSERT_EQUAL(dev.in(dev.self, 1, got, 64), PB_USB_NAK);
    pbt_leave(d);
    pbt_free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("@name@", NULL, NULL);
    CU_add_test(s, "bytes come back", test_bytes_come_back);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
