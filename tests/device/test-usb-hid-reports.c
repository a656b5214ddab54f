/* SPDX-License-Identifier: MIT */
/* test-usb-hid-reports.c - claim: what a hand does arrives as reports, in order and none lost: keys
 * with rollover, moves longer than a report holds, places; HID 1.11's requests; sleep. */
#include "suite.h"
#include "usb-driver.h"

#include <plugboard/input.h>

#include <string.h>

static struct ud u;
static pb_dev *dev;

static void plug(const char *cls)
{
    ud_init(&u);
    pbt_load(u.b, "usb-hid");
    dev = pbt_add_child(u.hc, 0, cls, "d", "port=1");
    CU_ASSERT_EQUAL(ud_configure(&u, 2, 1), 0);
    u.type = PB_USB_EP_INTERRUPT;
    u.packet = 8;
}

static void event(uint32_t type, uint32_t code, int32_t value)
{
    const struct pb_input *p = pbt_provides(dev, PB_INPUT);
    const struct pb_input_event v = {type, code, value, 0};

    p->events(pbt_self(dev), &v, 1);
    pbt_settle(u.b);
}

static int report_is(const char *bytes, uint32_t n)
{
    int rc = ud_in(&u, 2, 1, 8);

    return rc == (int)n && memcmp(u.ram + (UD_BUF - UD_RAM), bytes, n) == 0;
}

static void keys(void)
{
    static const uint8_t codes[] = {30, 48, 46, 32, 18, 33, 34}; /* a to g */

    plug("usb-kbd");
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    event(PB_INPUT_KEY, 42, 1); /* shift: the poll that waits gets it */
    CU_ASSERT_EQUAL(ud_result(&u, 8), 8);
    CU_ASSERT_EQUAL(u.ram[UD_BUF - UD_RAM], 2);
    event(PB_INPUT_KEY, 30, 1); /* a short press between two polls */
    event(PB_INPUT_KEY, 30, 0);
    pbt_reload(u.b);
    CU_ASSERT_TRUE(report_is("\2\0\4\0\0\0\0\0", 8));
    CU_ASSERT_TRUE(report_is("\2\0\0\0\0\0\0\0", 8));
    event(PB_INPUT_KEY, 42, 0);
    CU_ASSERT_TRUE(report_is("\0\0\0\0\0\0\0\0", 8));
    for (uint32_t i = 0; i < 7; i++)
        event(PB_INPUT_KEY, codes[i], 1);
    for (uint32_t i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), 8);
    CU_ASSERT_EQUAL(memcmp(u.ram + (UD_BUF - UD_RAM), "\0\0\4\5\6\7\10\11", 8), 0);
    CU_ASSERT_TRUE(report_is("\0\0\1\1\1\1\1\1", 8)); /* seven: rollover */
    event(PB_INPUT_KEY, 34, 0);
    CU_ASSERT_TRUE(report_is("\0\0\4\5\6\7\10\11", 8));
    event(PB_INPUT_KEY, 9999, 1);
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    ud_fini(&u);
}

static void moves(void)
{
    plug("usb-mouse");
    event(PB_INPUT_MOVE, PB_AXIS_X, 200);
    event(PB_INPUT_MOVE, PB_AXIS_Y, -5);
    event(PB_INPUT_KEY, 0x110, 1);
    event(PB_INPUT_KEY, 0x110, 0);
    event(PB_INPUT_MOVE, PB_AXIS_WHEEL, -1);
    CU_ASSERT_TRUE(report_is("\0\x7f\xfb\0", 4));
    pbt_reload(u.b); /* a part of the move has been told */
    CU_ASSERT_TRUE(report_is("\0\x49\0\0", 4));
    CU_ASSERT_TRUE(report_is("\1\0\0\0", 4));
    CU_ASSERT_TRUE(report_is("\0\0\0\xff", 4));
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    ud_cancel(&u);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 0x0b, 0, 0, NULL, 0), 0); /* boot protocol */
    event(PB_INPUT_MOVE, PB_AXIS_X, 1);
    CU_ASSERT_TRUE(report_is("\0\1\0", 3));
    ud_fini(&u);
}

static void places(void)
{
    plug("usb-tablet");
    event(PB_INPUT_PLACE, PB_AXIS_X, 0x1234);
    event(PB_INPUT_PLACE, PB_AXIS_Y, 99999);
    pbt_reload(u.b);
    CU_ASSERT_TRUE(report_is("\0\x34\x12\xff\x7f\0", 6));
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    ud_fini(&u);
}

static void requests(void)
{
    uint8_t d[128], led = 2;
    uint32_t total;

    plug("usb-kbd");
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x80, 6, 0x200, 0, d, 128), 34);
    total = d[25] | (uint32_t)d[26] << 8; /* wDescriptorLength of the HID descriptor */
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x81, 6, 0x2200, 0, d, 128), (int)total);
    CU_ASSERT_EQUAL(d[total - 1], 0xc0);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 9, 0x200, 0, &led, 1), 1);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 9, 0x300, 0, &led, 1), PB_USB_STALL);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 10, 0x500, 0, NULL, 0), 0); /* every 20 ms */
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    pbt_run_ns(u.b, 20000000);
    CU_ASSERT_EQUAL(ud_result(&u, 8), 8);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 10, 0, 0, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 8), UD_WAITS);
    pbt_run_ns(u.b, 400000000); /* less than a poll lasts */
    CU_ASSERT_EQUAL(ud_result(&u, 8), UD_WAITS);
    ud_fini(&u);
}

static void wakes_the_host(void)
{
    plug("usb-kbd");
    ud_set(&u, HPRT, 1 << 12 | 1 << 7);
    event(PB_INPUT_KEY, 30, 1);
    CU_ASSERT_EQUAL(ud_get(&u, GINTSTS) >> 31, 0); /* not unless it may */
    ud_set(&u, HPRT, 1 << 12 | 1 << 6);
    ud_set(&u, HPRT, 1 << 12);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0, 3, 1, 0, NULL, 0), 0); /* DEVICE_REMOTE_WAKEUP */
    ud_set(&u, HPRT, 1 << 12 | 1 << 7);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 0xc0, 0x80);
    event(PB_INPUT_KEY, 30, 0);
    CU_ASSERT_EQUAL(ud_get(&u, GINTSTS) >> 31, 1);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 0x40, 0x40);
    ud_set(&u, HPRT, 1 << 12);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 0xc0, 0);
    CU_ASSERT_TRUE(report_is("\0\0\4\0\0\0\0\0", 8));
    ud_fini(&u);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"keys", keys}, {"moves", moves}, {"places", places}, {"requests", requests},
        {"a key wakes the host", wakes_the_host},
    };
    return SUITE_RUN("usb-hid", tests);
}
