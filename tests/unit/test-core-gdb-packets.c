/* SPDX-License-Identifier: MIT */
/* Packets of the GDB protocol: what is framed comes back, whatever else comes does no harm. */
#include "gdb/gdb.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 1;

static uint32_t rnd(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33);
}

static enum pb_gdb_event feed(struct pb_gdb_rx *rx, const char *p, gsize n)
{
    enum pb_gdb_event last = PB_GDB_NOTHING;

    for (gsize i = 0; i < n; i++)
        last = pb_gdb_feed(rx, (uint8_t)p[i]);
    return last;
}

static void test_round_trip(void)
{
    struct pb_gdb_rx *rx = calloc(1, sizeof *rx);

    for (int k = 0; k < 2000; k++) {
        char text[300];
        gsize n = rnd() % sizeof text;
        g_autoptr(GString) out = g_string_new(NULL);
        for (gsize i = 0; i < n; i++)
            text[i] = (char)rnd();
        pb_gdb_frame(out, text, n);
        CU_ASSERT_EQUAL(feed(rx, out->str, out->len), PB_GDB_PACKET);
        CU_ASSERT_EQUAL(rx->len, n);
        CU_ASSERT_EQUAL(memcmp(rx->buf, text, n), 0);
        out->str[out->len - 1] ^= 1; /* a wrong sum */
        CU_ASSERT_NOT_EQUAL(feed(rx, out->str, out->len), PB_GDB_PACKET);
    }
    free(rx);
}

static void test_marks(void)
{
    struct pb_gdb_rx *rx = calloc(1, sizeof *rx);

    CU_ASSERT_EQUAL(feed(rx, "\3", 1), PB_GDB_INTERRUPT);
    CU_ASSERT_EQUAL(feed(rx, "-", 1), PB_GDB_NAK);
    CU_ASSERT_EQUAL(feed(rx, "+", 1), PB_GDB_NOTHING);
    CU_ASSERT_EQUAL(feed(rx, "$m0,4#fd", 8), PB_GDB_PACKET);
    CU_ASSERT_STRING_EQUAL(rx->buf, "m0,4");
    CU_ASSERT_EQUAL(feed(rx, "$brok$m0,4#fd", 13), PB_GDB_PACKET); /* begun again */
    CU_ASSERT_STRING_EQUAL(rx->buf, "m0,4");
    free(rx);
}

static void test_length_is_bounded(void)
{
    struct pb_gdb_rx *rx = calloc(1, sizeof *rx);
    int bad = 0;

    feed(rx, "$", 1);
    for (uint32_t i = 0; i < 2 * PB_GDB_PACKET_MAX; i++)
        bad += pb_gdb_feed(rx, 'a') == PB_GDB_BAD;
    CU_ASSERT_EQUAL(bad, 1);
    for (int i = 0; i < 2000000; i++)
        if (pb_gdb_feed(rx, (uint8_t)rnd()) == PB_GDB_PACKET)
            CU_ASSERT(rx->len <= PB_GDB_PACKET_MAX);
    free(rx);
}

static void test_numbers(void)
{
    uint8_t b[2];
    uint64_t v;
    const char *p = "80200000,4";

    CU_ASSERT_EQUAL(pb_gdb_unhex("a5f0", b, 2), 2);
    CU_ASSERT_EQUAL(b[0] << 8 | b[1], 0xa5f0);
    CU_ASSERT_EQUAL(pb_gdb_unhex("a5f", b, 2), -1);
    CU_ASSERT_EQUAL(pb_gdb_unhex("a5f0a5", b, 2), -1);
    CU_ASSERT_EQUAL(pb_gdb_unhex("zz", b, 2), -1);
    CU_ASSERT_TRUE(pb_gdb_number(&p, &v));
    CU_ASSERT_EQUAL(v, 0x80200000);
    CU_ASSERT_EQUAL(*p, ',');
    p = "11112222333344445";
    CU_ASSERT_FALSE(pb_gdb_number(&p, &v));
    p = "";
    CU_ASSERT_FALSE(pb_gdb_number(&p, &v));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("gdb packets", NULL, NULL);
    CU_add_test(s, "what is framed comes back", test_round_trip);
    CU_add_test(s, "interrupt, acknowledgement, restart", test_marks);
    CU_add_test(s, "length is bounded", test_length_is_bounded);
    CU_add_test(s, "numbers and hex", test_numbers);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
