/* SPDX-License-Identifier: MIT */
/* ns16550a behaves as its data sheet and the guests' drivers expect: registers, FIFOs,
 * interrupts in order of priority, loopback, flow control, save and load in the middle. */
#include "suite.h"

#include <string.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

static pb_dev *chr;

static pbt *bench(pb_dev **u)
{
    pbt *b = pbt_new();

    pbt_load(b, "ns16550a");
    chr = pbt_char_new(b, "c0");
    *u = pbt_add(b, "ns16550a", "uart0", "chardev=c0");
    return b;
}

static uint64_t rd(pb_dev *u, int reg)
{
    return pbt_read(u, 0, (uint64_t)reg, 1);
}

static void wr(pb_dev *u, int reg, uint8_t v)
{
    pbt_write(u, 0, (uint64_t)reg, v, 1);
}

static int irq(pb_dev *u)
{
    return pbt_level(u, "irq", 0);
}

static void test_reset_values(void)
{
    pb_dev *u;
    pbt *b = bench(&u);

    CU_ASSERT_EQUAL(rd(u, IER), 0);
    CU_ASSERT_EQUAL(rd(u, IIR), 1);
    CU_ASSERT_EQUAL(rd(u, LCR), 0);
    CU_ASSERT_EQUAL(rd(u, MCR), 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x60);
    CU_ASSERT_EQUAL(rd(u, MSR), 0xb0);
    CU_ASSERT_EQUAL(irq(u), 0);
    wr(u, SCR, 0x5a);
    CU_ASSERT_EQUAL(rd(u, SCR), 0x5a);
    wr(u, LCR, 0x83);
    wr(u, DATA, 0x34);
    wr(u, IER, 0x12);
    CU_ASSERT_EQUAL(rd(u, DATA), 0x34);
    CU_ASSERT_EQUAL(rd(u, IER), 0x12);
    wr(u, LCR, 3);
    CU_ASSERT_EQUAL(rd(u, IER), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_read(u, 0, 0x80, 1);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_free(b);
}

static void test_transmit(void)
{
    pb_dev *u;
    pbt *b = bench(&u);
    size_t n;

    wr(u, LCR, 3);
    for (const char *s = "hello"; *s; s++)
        wr(u, DATA, (uint8_t)*s);
    const uint8_t *sent = pbt_char_sent(chr, &n);
    CU_ASSERT_EQUAL(n, 5);
    CU_ASSERT_EQUAL(memcmp(sent, "hello", 5), 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x60);
    pbt_free(b);
}

/* What Linux tries before it trusts the transmitter interrupt. */
static void test_thre_is_raised_by_each_enable(void)
{
    pb_dev *u;
    pbt *b = bench(&u);

    for (int i = 0; i < 3; i++) {
        wr(u, IER, 2);
        CU_ASSERT_EQUAL(irq(u), 1);
        CU_ASSERT_EQUAL(rd(u, IIR), 2);
        CU_ASSERT_EQUAL(irq(u), 0); /* reading IIR took it */
        CU_ASSERT_EQUAL(rd(u, IIR), 1);
        wr(u, IER, 0);
    }
    wr(u, LCR, 3);
    wr(u, IER, 2);
    wr(u, DATA, 'x'); /* sent at once: empty again */
    CU_ASSERT_EQUAL(rd(u, IIR), 2);
    pbt_free(b);
}

static void test_transmit_waits_for_the_backend(void)
{
    pb_dev *u;
    pbt *b = bench(&u);
    size_t n;

    wr(u, LCR, 3);
    wr(u, FCR, 1);
    pbt_char_limit(chr, 2);
    wr(u, IER, 2);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc2);
    for (int i = 0; i < 10; i++)
        wr(u, DATA, (uint8_t)('a' + i));
    CU_ASSERT_EQUAL(rd(u, LSR) & 0x60, 0);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc1);
    pbt_reload(b); /* eight bytes wait: they must survive */
    CU_ASSERT_EQUAL(rd(u, LSR) & 0x60, 0);
    for (int i = 0; i < 8; i++)
        wr(u, DATA, (uint8_t)('k' + i));
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    wr(u, DATA, '!'); /* the 17th */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_char_limit(chr, UINT32_MAX);
    CU_ASSERT_EQUAL(rd(u, LSR) & 0x60, 0x60);
    CU_ASSERT_EQUAL(irq(u), 1);
    const uint8_t *sent = pbt_char_sent(chr, &n);
    CU_ASSERT_EQUAL(n, 18);
    CU_ASSERT_EQUAL(memcmp(sent, "abcdefghijklmnopq!", 18), 0);
    pbt_free(b);
}

static void test_receive_trigger_and_timeout(void)
{
    pb_dev *u;
    pbt *b = bench(&u);

    wr(u, LCR, 3);
    wr(u, FCR, 0x81); /* trigger at 8 */
    wr(u, IER, 1);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "1234567", 7), 7);
    CU_ASSERT_EQUAL(irq(u), 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x61);
    pbt_run_ns(b, 10000000);
    CU_ASSERT_EQUAL(irq(u), 1);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xcc);
    CU_ASSERT_EQUAL(rd(u, DATA), '1');
    CU_ASSERT_EQUAL(irq(u), 0);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "89", 2), 2);
    CU_ASSERT_EQUAL(irq(u), 1);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc4);
    pbt_reload(b);
    for (int i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(rd(u, DATA), (uint64_t)('2' + i));
    CU_ASSERT_EQUAL(irq(u), 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x60);
    pbt_run_ns(b, 10000000);
    CU_ASSERT_EQUAL(irq(u), 0);
    pbt_free(b);
}

static void test_receive_room(void)
{
    pb_dev *u;
    pbt *b = bench(&u);

    wr(u, LCR, 3);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "abc", 3), 1); /* no FIFO: one byte */
    CU_ASSERT_EQUAL(rd(u, DATA), 'a');
    wr(u, FCR, 1);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "0123456789abcdefghij", 20), 16);
    CU_ASSERT_EQUAL(pbt_char_type(chr, "x", 1), 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x61); /* no overrun: it was not sent */
    wr(u, FCR, 3);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x60);
    pbt_free(b);
}

static void count(void *n)
{
    ++*(uint32_t *)n;
}

/* A backend that saw no room is asked again, whatever filled the FIFO. */
static void test_break_fills_fifo(void)
{
    static const uint8_t fifo[] = {0, 1};

    for (uint32_t i = 0; i < sizeof fifo; i++) {
        pb_dev *u;
        pbt *b = bench(&u);
        const struct pb_svc_char *svc = pbt_host(b)->get(pbt_host(b), PB_SVC_CHAR);
        uint32_t asked = 0, before = fifo[i] ? 15 : 0;
        svc->on_accept(chr, count, &asked);
        wr(u, LCR, 3);
        wr(u, FCR, fifo[i]);
        CU_ASSERT_EQUAL(pbt_char_type(chr, "123456789abcdef", before), before);
        pbt_char_event(chr, PB_CHR_BREAK);
        CU_ASSERT_EQUAL(svc->device_room(chr), 0);
        for (uint32_t k = 0; k <= before; k++) {
            pbt_settle(b);
            CU_ASSERT_EQUAL(asked, 0);
            rd(u, DATA);
        }
        pbt_settle(b);
        CU_ASSERT_EQUAL(asked, 1);
        pbt_free(b);
    }
}

static void test_break_and_priority(void)
{
    pb_dev *u;
    pbt *b = bench(&u);

    wr(u, LCR, 3);
    wr(u, FCR, 1);
    wr(u, IER, 7);
    pbt_char_type(chr, "a", 1);
    pbt_char_event(chr, PB_CHR_BREAK);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc4); /* the break is not at the top yet */
    CU_ASSERT_EQUAL(rd(u, LSR), 0xe1); /* but is in the FIFO */
    CU_ASSERT_EQUAL(rd(u, DATA), 'a');
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc6);
    CU_ASSERT_EQUAL(rd(u, LSR), 0xf1);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x61);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc4);
    CU_ASSERT_EQUAL(rd(u, DATA), 0);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc2);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc1);
    pbt_free(b);
}

static void test_loopback(void)
{
    pb_dev *u;
    pbt *b = bench(&u);
    size_t n;

    wr(u, LCR, 3);
    wr(u, FCR, 1);
    wr(u, MCR, 0x1a); /* LOOP OUT2 RTS: Linux's presence test */
    CU_ASSERT_EQUAL(rd(u, MSR) & 0xf0, 0x90);
    for (int i = 0; i < 17; i++)
        wr(u, DATA, (uint8_t)i);
    pbt_char_sent(chr, &n);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(rd(u, LSR), 0x63); /* overrun */
    CU_ASSERT_EQUAL(rd(u, DATA), 0);
    wr(u, IER, 8);
    rd(u, MSR);
    wr(u, MCR, 0x1e); /* OUT1 is RI: only its end counts */
    CU_ASSERT_EQUAL(irq(u), 0);
    wr(u, MCR, 0x1a);
    CU_ASSERT_EQUAL(irq(u), 1);
    CU_ASSERT_EQUAL(rd(u, IIR), 0xc0);
    CU_ASSERT_EQUAL(rd(u, MSR), 0x94);
    CU_ASSERT_EQUAL(irq(u), 0);
    pbt_free(b);
}

static void test_word_length_and_shift(void)
{
    pb_dev *u;
    pbt *b = bench(&u);
    size_t n;

    wr(u, LCR, 0); /* five bits: a byte passes whole all the same */
    wr(u, DATA, 0xc1);
    CU_ASSERT_EQUAL(pbt_char_sent(chr, &n)[0], 0xc1);
    pb_dev *w = pbt_add(b, "ns16550a", "uart1", "reg-shift=2");
    pbt_write(w, 0, SCR * 4, 0x12345678, 4);
    CU_ASSERT_EQUAL(pbt_read(w, 0, SCR * 4, 4), 0x78);
    wr(w, 0, 'x'); /* nobody listens */
    CU_ASSERT_EQUAL(pbt_read(w, 0, LSR * 4, 1), 0x60);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"reset values and storage", test_reset_values},
        {"transmit", test_transmit},
        {"THRE is raised by each enable", test_thre_is_raised_by_each_enable},
        {"transmit waits for the backend", test_transmit_waits_for_the_backend},
        {"receive trigger and time-out", test_receive_trigger_and_timeout},
        {"receive room", test_receive_room},
        {"a break fills the FIFO", test_break_fills_fifo},
        {"break and priority", test_break_and_priority},
        {"loopback", test_loopback},
        {"word length and reg-shift", test_word_length_and_shift},
    };

    return SUITE_RUN("ns16550a", tests);
}
