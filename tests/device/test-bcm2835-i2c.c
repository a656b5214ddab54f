/* SPDX-License-Identifier: MIT */
/* bcm2835-i2c with a ds1307: addresses, reads and writes by FIFO and interrupt, a reload in
 * mid-transfer, the calendar, and random accesses with the clock on the bus (`--count N`). */
#include "suite.h"

#include <string.h>

enum { C = 0, S = 4, DLEN = 8, A = 12, FIFO = 16 };
enum { READ = 1, CLEAR = 16, ST = 128, INTD = 256, INTT = 512, INTR = 1024, EN = 32768 };
enum { TA = 1, DONE = 2, TXW = 4, RXR = 8, TXD = 16, RXD = 32, TXE = 64, RXF = 128, ERR = 256 };

static pbt *b;
static pb_dev *bus;
static uint64_t count;

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    pbt_load(b, "ds1307");
    bus = pbt_create(b, NULL, 0, "bcm2835-i2c", "i2c1", NULL);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(bus), PB_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pbt_add_child(bus, 0, "ds1307", "clock", NULL));
    pbt_reset_all(b, PB_RESET_COLD);
}

static uint32_t rd(uint32_t off)
{
    return (uint32_t)pbt_read(bus, 0, off, 4);
}

static void wr(uint32_t off, uint32_t v)
{
    pbt_write(bus, 0, off, v, 4);
}

/* As a driver does: bytes as the FIFO takes them. The final status. */
static uint32_t put(uint32_t address, const uint8_t *v, uint32_t n)
{
    wr(A, address);
    wr(DLEN, n);
    wr(C, EN | ST | CLEAR | INTT | INTD);
    for (uint32_t i = 0; i < n && !(rd(S) & DONE); i++)
        wr(FIFO, v[i]);
    uint32_t s = rd(S);
    wr(S, DONE | ERR);
    return s;
}

static void get(uint8_t at, uint8_t *v, uint32_t n)
{
    CU_ASSERT_EQUAL(put(0x68, &at, 1) & (DONE | ERR | TA), DONE);
    wr(DLEN, n);
    wr(C, EN | ST | CLEAR | READ | INTR | INTD);
    for (uint32_t i = 0; i < n; i++) {
        CU_ASSERT_EQUAL(rd(S) & RXD, RXD);
        v[i] = (uint8_t)rd(FIFO);
    }
    CU_ASSERT_EQUAL(rd(S) & (DONE | RXD | TA | ERR), DONE);
    wr(S, DONE);
}

static void test_transfers(void)
{
    uint8_t v[41] = {0}, back[40];

    bench();
    CU_ASSERT_EQUAL(rd(S), TXE | TXD);
    CU_ASSERT_EQUAL(put(0x50, v, 1) & (DONE | ERR), DONE | ERR); /* nobody is there */
    v[0] = 8;
    for (uint8_t i = 1; i < 41; i++)
        v[i] = (uint8_t)(i * 3);
    CU_ASSERT_EQUAL(put(0x68, v, 41) & (DONE | ERR | TA), DONE);
    get(8, back, 40);
    CU_ASSERT_EQUAL(memcmp(v + 1, back, 40), 0);
    put(0x68, v, 1);
    wr(DLEN, 40);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 0);
    wr(C, EN | ST | CLEAR | READ | INTR | INTD);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(S) & (TA | RXF | RXR | DONE), TA | RXF | RXR);
    CU_ASSERT_EQUAL(rd(DLEN), 24);
    for (uint32_t i = 0; i < 40; i++) {
        if (i == 20) {
            pbt_reload(b);
            bus = pbt_find(b, "i2c1");
        }
        CU_ASSERT_EQUAL(rd(FIFO), v[i + 1]);
    }
    CU_ASSERT_EQUAL(rd(S) & (DONE | TA), DONE);
    wr(S, DONE);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 0);
    wr(DLEN, 2);
    wr(C, EN | ST | CLEAR | INTT);
    CU_ASSERT_EQUAL(rd(S) & (TA | TXW), TA | TXW);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 1);
    wr(C, 0);
    CU_ASSERT_EQUAL(rd(S) & TA, 0);
    pbt_free(b);
}

static void expect(const uint8_t *want)
{
    uint8_t v[7];

    get(0, v, 7);
    CU_ASSERT_EQUAL(memcmp(v, want, 7), 0);
}

static void test_calendar(void)
{
    static const uint8_t leap[] = {0, 0x58, 0x59, 0x23, 4, 0x28, 0x02, 0x24};
    static const uint8_t noon[] = {0, 0x59, 0x59, 0x40 | 0x11, 1, 0x31, 0x12, 0x99};
    static const uint8_t halt[] = {0, 0x80 | 0x10};
    uint8_t v[7];

    bench();
    put(0x68, leap, sizeof leap);
    expect(leap + 1);
    pbt_run_ns(b, 2000000000);
    expect((const uint8_t[]){0, 0, 0, 5, 0x29, 0x02, 0x24});
    pbt_run_ns(b, 86400ll * 1000000000);
    expect((const uint8_t[]){0, 0, 0, 6, 0x01, 0x03, 0x24});
    put(0x68, noon, sizeof noon); /* 11 in the morning, 12 hours a half-day */
    pbt_run_ns(b, 1000000000);
    expect((const uint8_t[]){0, 0, 0x40 | 0x20 | 0x12, 1, 0x31, 0x12, 0x99});
    pbt_run_ns(b, 43200ll * 1000000000);
    expect((const uint8_t[]){0, 0, 0x40 | 0x12, 2, 0x01, 0x01, 0x00});
    put(0x68, halt, sizeof halt);
    pbt_run_ns(b, 5000000000);
    get(0, v, 1);
    CU_ASSERT_EQUAL(v[0], 0x90);
    pbt_free(b);
}

static void test_random(void)
{
    uint64_t seed = 5, addressed = 0;

    bench();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t r = pbt_rand(&seed);
        if (r & 1)
            addressed += (rd((uint32_t)(r >> 8 & 7) * 4) & (TA | DONE)) != 0;
        else
            wr((uint32_t)(r >> 8 & 7) * 4, r & 6 ? (uint32_t)(r >> 16) & 0xffff : 0x68);
        if ((r >> 40) % 1000 == 0) {
            pbt_reload(b);
            bus = pbt_find(b, "i2c1");
        }
    }
    CU_ASSERT(addressed > count / 100);
    pbt_free(b);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {{"transfers", test_transfers},
                                              {"calendar", test_calendar},
                                              {"random accesses", test_random}};

    count = pbt_count_arg(argc, argv, 100000);
    return SUITE_RUN("bcm2835-i2c", tests);
}
