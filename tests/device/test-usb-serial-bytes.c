/* SPDX-License-Identifier: MIT */
/* test-usb-serial-bytes.c - claim: bytes pass both ways in order and none is lost while either end
 * is full, at a port of the controller and, by split transactions, behind a hub; status and
 * latency are FTDI's. */
#include "suite.h"
#include "usb-driver.h"

#include <string.h>

static struct ud u;
static pb_dev *line;
static uint32_t at; /* the device's address */

static void plug(uint32_t behind)
{
    ud_init(&u);
    pbt_load(u.b, "usb-serial");
    line = pbt_char_new(u.b, "c0");
    if (behind)
        pbt_add_child(u.hc, 0, "usb-hub", "h", "port=1");
    pbt_add_child(u.hc, 0, "usb-serial", "s", behind ? "port=1.3,chardev=c0" : "port=1,chardev=c0");
    CU_ASSERT_EQUAL(ud_configure(&u, 1, 1), 0);
    u.packet = 64;
    at = 1;
    if (behind) {
        at = 2;
        u.packet = 8; /* the hub is asked without splits, its device by them */
        CU_ASSERT_EQUAL(ud_control(&u, 1, 0x23, 3, 8, 3, NULL, 0), 0);
        CU_ASSERT_EQUAL(ud_control(&u, 1, 0x23, 3, 4, 3, NULL, 0), 0);
        u.packet = 64;
        u.split = 1u << 31 | 1 << 7 | 3;
        CU_ASSERT_EQUAL(ud_control(&u, 0, 0, 5, 2, 0, NULL, 0), 0);
        CU_ASSERT_EQUAL(ud_control(&u, 2, 0, 9, 1, 0, NULL, 0), 0);
    }
}

/* Behind a hub with a reload wherever there can be one. */
static void both_ways(uint32_t behind)
{
    uint8_t out[200], got[64];
    const uint8_t *b = u.ram + (UD_BUF - UD_RAM);
    size_t n;

    plug(behind);
    u.reload = behind;
    b = u.ram + (UD_BUF - UD_RAM);
    CU_ASSERT_EQUAL(ud_in(&u, at, 1, 64), 2); /* the status, once */
    CU_ASSERT_EQUAL(b[0], 0xb1);
    CU_ASSERT_EQUAL(b[1], 0x60);
    CU_ASSERT_EQUAL(ud_in(&u, at, 1, 64), UD_WAITS);
    CU_ASSERT_EQUAL(pbt_char_type(line, "hello", 5), 5);
    pbt_settle(u.b);
    CU_ASSERT_EQUAL(ud_result(&u, 64), UD_WAITS);
    pbt_run_ns(u.b, 17000000); /* the latency timer */
    CU_ASSERT_EQUAL(ud_result(&u, 64), 7);
    CU_ASSERT_EQUAL(memcmp(b + 2, "hello", 5), 0);
    for (uint32_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * 3);
    for (uint32_t i = 0; i < 200; i += 50)
        CU_ASSERT_TRUE(ud_out(&u, at, 2, out + i, 50) >= 0);
    const uint8_t *sent = pbt_char_sent(line, &n);
    CU_ASSERT_EQUAL(n, 200);
    CU_ASSERT_EQUAL(memcmp(sent, out, 200), 0);
    CU_ASSERT_EQUAL(ud_control(&u, at, 0xc0, 10, 0, 0, got, 1), 1);
    CU_ASSERT_EQUAL(got[0], 16);
    ud_fini(&u);
}

static void at_the_port(void)
{
    both_ways(0);
}

static void behind_a_hub(void)
{
    both_ways(1);
}

static void full_ends(void)
{
    uint8_t d[64];
    uint32_t took = 0, seen = 0;
    size_t n;

    plug(0);
    CU_ASSERT_EQUAL(ud_in(&u, 1, 1, 64), 2);
    for (uint32_t i = 0; i < 1000; i++) /* the guest does not read */
        took += pbt_char_type(line, &(uint8_t){(uint8_t)i}, 1);
    CU_ASSERT_EQUAL(took, 384);
    pbt_reload(u.b);
    pbt_run_ns(u.b, 20000000);
    while (seen < took) {
        int rc = ud_in(&u, 1, 1, 64);
        if (rc == UD_WAITS) {
            pbt_run_ns(u.b, 20000000);
            rc = ud_result(&u, 64);
        }
        CU_ASSERT_TRUE_FATAL(rc > 2);
        for (int i = 2; i < rc; i++)
            CU_ASSERT_EQUAL(u.ram[UD_BUF - UD_RAM + i], (uint8_t)seen++);
    }
    pbt_char_limit(line, 10);
    for (uint32_t i = 0; i < 17; i++) {
        memset(d, (int)i, sizeof d);
        int rc = ud_out(&u, 1, 2, d, 64);
        CU_ASSERT_TRUE_FATAL(i == 16 ? rc == UD_WAITS : rc == 64);
    }
    pbt_reload(u.b);
    pbt_char_limit(line, UINT32_MAX);
    pbt_settle(u.b);
    CU_ASSERT_EQUAL(ud_result(&u, 0), 0);
    const uint8_t *sent = pbt_char_sent(line, &n);
    CU_ASSERT_EQUAL_FATAL(n, 17 * 64);
    for (uint32_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(sent[i], i / 64);
    ud_fini(&u);
}

static void breaks_and_hang_up(void)
{
    const uint8_t *b;

    plug(0);
    b = u.ram + (UD_BUF - UD_RAM);
    CU_ASSERT_EQUAL(ud_in(&u, 1, 1, 64), 2);
    pbt_char_event(line, PB_CHR_BREAK);
    pbt_run_ns(u.b, 20000000);
    CU_ASSERT_EQUAL(ud_in(&u, 1, 1, 64), 2);
    CU_ASSERT_EQUAL(b[1] & 0x10, 0x10);
    pbt_char_event(line, PB_CHR_CLOSED);
    pbt_run_ns(u.b, 20000000);
    CU_ASSERT_EQUAL(ud_in(&u, 1, 1, 64), 2);
    CU_ASSERT_EQUAL(b[0] & 0xa0, 0);
    ud_fini(&u);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"at the controller's port", at_the_port},
        {"behind a hub", behind_a_hub},
        {"full ends lose nothing", full_ends},
        {"breaks and hang-up", breaks_and_hang_up},
    };
    return SUITE_RUN("usb-serial", tests);
}
