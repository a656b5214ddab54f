/* SPDX-License-Identifier: MIT */
/* pl011: reset values, FIFO levels and their interrupts, time-out, overrun, break, loopback,
 * a backend that refuses, identification. */
#include "suite.h"

enum { DR = 0, RSR = 4, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30,
       IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };
enum { FEN = 16, RX = 16, TX = 32, RT = 64, BE = 0x200, OE = 0x400 };

static pb_dev *u, *c;

static uint32_t rd(uint64_t off)
{
    return (uint32_t)pbt_read(u, 0, off, 4);
}

static void wr(uint64_t off, uint32_t v)
{
    pbt_write(u, 0, off, v, 4);
}

static pbt *bench(uint32_t fifo)
{
    pbt *b = pbt_new();

    pbt_load(b, "pl011");
    c = pbt_char_new(b, "c0");
    u = pbt_add(b, "pl011", "u", "chardev=c0");
    pbt_set_clock_hz(u, 0, 24000000);
    wr(IBRD, 13); /* 115384 baud: 32 bits are 277 us */
    wr(LCR_H, 0x60 | fifo);
    wr(CR, 0x301);
    return b;
}

static void test_reset_and_id(void)
{
    static const uint8_t id[] = {0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 5, 0xb1};
    pbt *b = bench(0);

    pbt_reset(u, PB_RESET_COLD);
    CU_ASSERT_EQUAL(rd(FR) & 0xf8, 0x90);
    CU_ASSERT_EQUAL(rd(CR), 0x300);
    CU_ASSERT_EQUAL(rd(IFLS), 0x12);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    for (uint32_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(rd(0xfe0 + 4 * i), id[i]);
    pbt_free(b);
}

static void test_receive_levels(void)
{
    pbt *b = bench(FEN);

    wr(IFLS, 2 << 3); /* half: 8 */
    wr(IMSC, RX | RT);
    CU_ASSERT_EQUAL(pbt_char_type(c, "1234567", 7), 7);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    CU_ASSERT_EQUAL(pbt_level(u, "irq", 0), 0);
    pbt_char_type(c, "8", 1);
    CU_ASSERT_EQUAL(rd(MIS), RX);
    CU_ASSERT_EQUAL(pbt_level(u, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(DR), '1'); /* below the level */
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_run_ns(b, 270000);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_run_ns(b, 10000); /* 32 bit times of silence */
    CU_ASSERT_EQUAL(rd(MIS), RT);
    pbt_reload(b);
    u = pbt_find(b, "u"), c = pbt_find(b, "c0");
    for (const char *p = "2345678"; *p; p++)
        CU_ASSERT_EQUAL(rd(DR), (unsigned char)*p);
    CU_ASSERT_EQUAL(rd(RIS), 0); /* empty: no time-out any more */
    CU_ASSERT_EQUAL(rd(FR) & 0x10, 0x10);
    CU_ASSERT_EQUAL(pbt_level(u, "irq", 0), 0);
    CU_ASSERT_EQUAL(pbt_char_type(c, "0123456789abcdefXYZ", 19), 16); /* no more room */
    CU_ASSERT_EQUAL(rd(FR) & 0x40, 0x40);
    pbt_free(b);
}

static void test_one_character_mode(void)
{
    pbt *b = bench(0);

    CU_ASSERT_EQUAL(pbt_char_type(c, "ab", 2), 1);
    CU_ASSERT_EQUAL(rd(RIS), RX);
    CU_ASSERT_EQUAL(rd(DR), 'a');
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_free(b);
}

static void test_transmit(void)
{
    size_t n;
    pbt *b = bench(FEN);

    wr(DR, 'h');
    wr(DR, 'i');
    CU_ASSERT_EQUAL(memcmp(pbt_char_sent(c, &n), "hi", 2), 0);
    CU_ASSERT_EQUAL(n, 2);
    CU_ASSERT_EQUAL(rd(RIS), TX);
    wr(ICR, TX);
    CU_ASSERT_EQUAL(rd(RIS), 0);
    pbt_char_limit(c, 0); /* the backend is busy */
    for (int i = 0; i < 16; i++)
        wr(DR, 'a' + i);
    CU_ASSERT_EQUAL(rd(FR) & 0xa8, 0x28); /* full, busy, not empty */
    CU_ASSERT_EQUAL(rd(RIS), 0);
    wr(DR, 'Z'); /* lost, and said so */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_char_clear(c);
    pbt_char_limit(c, UINT32_MAX);
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(RIS), TX);
    CU_ASSERT_EQUAL(rd(FR) & 0xa8, 0x80);
    CU_ASSERT_EQUAL(memcmp(pbt_char_sent(c, &n), "abcdefghijklmnop", 16), 0);
    CU_ASSERT_EQUAL(n, 16);
    pbt_free(b);
}

static void count(void *n)
{
    ++*(uint32_t *)n;
}

/* A backend that saw no room is asked again, whatever filled the FIFO. */
static void test_break_fills_fifo(void)
{
    pbt *b = bench(FEN);
    const struct pb_svc_char *svc = pbt_host(b)->get(pbt_host(b), PB_SVC_CHAR);
    uint32_t asked = 0;

    svc->on_accept(c, count, &asked);
    CU_ASSERT_EQUAL(pbt_char_type(c, "123456789abcdef", 15), 15);
    pbt_char_event(c, PB_CHR_BREAK);
    CU_ASSERT_EQUAL(svc->device_room(c), 0);
    CU_ASSERT_EQUAL(rd(DR), '1');
    pbt_settle(b);
    CU_ASSERT_EQUAL(asked, 1);
    pbt_free(b);
}

static void test_break_loopback_overrun(void)
{
    pbt *b = bench(FEN);

    pbt_char_event(c, PB_CHR_BREAK);
    CU_ASSERT_EQUAL(rd(RIS) & BE, BE);
    CU_ASSERT_EQUAL(rd(DR), 0x400);
    CU_ASSERT_EQUAL(rd(RSR), 4);
    wr(RSR, 0xff);
    CU_ASSERT_EQUAL(rd(RSR), 0);
    wr(CR, 0x381); /* loopback */
    CU_ASSERT_EQUAL(rd(FR) & 7, 0);
    wr(CR, 0x381 | 0x800); /* RTS is CTS */
    CU_ASSERT_EQUAL(rd(FR) & 7, 1);
    wr(ICR, 0x7ff);
    for (int i = 0; i < 17; i++)
        wr(DR, 'A' + i);
    CU_ASSERT_EQUAL(rd(RIS) & OE, OE);
    for (int i = 0; i < 15; i++)
        CU_ASSERT_EQUAL(rd(DR), (uint32_t)('A' + i));
    CU_ASSERT_EQUAL(rd(DR), 0x800 | 'P'); /* Q is lost */
    wr(LCR_H, 0x60);
    CU_ASSERT_EQUAL(rd(FR) & 0x10, 0x10);
    pbt_free(b);
}

static void test_narrow_access(void)
{
    size_t n;
    pbt *b = bench(0);

    pbt_write(u, 0, DR, 'x', 1);
    CU_ASSERT_EQUAL(pbt_char_sent(c, &n)[0], 'x');
    CU_ASSERT_EQUAL(pbt_read(u, 0, FR, 2) & 0x90, 0x90);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"reset values and identification", test_reset_and_id},
        {"receive levels and time-out", test_receive_levels},
        {"one character without FIFOs", test_one_character_mode},
        {"transmit, and a backend that refuses", test_transmit},
        {"a break fills the FIFO", test_break_fills_fifo},
        {"break, loopback, overrun", test_break_loopback_overrun},
        {"8- and 16-bit accesses", test_narrow_access},
    };

    return SUITE_RUN("pl011", tests);
}
