/* SPDX-License-Identifier: MIT */
/* bcm2835-spi with flash chips on it: polled, by interrupt, by DMA, with a reload in mid-transfer;
 * chip selects; what the flash programs and erases, its drive; random accesses (`--count N`). */
#include "suite.h"

#include <string.h>

enum { CS = 0, FIFO = 4, DLEN = 12 };
enum { CLEAR_TX = 16, CLEAR_RX = 32, TA = 128, DMAEN = 256, INTD = 512, INTR = 1024, ADCS = 2048,
       DONE = 1 << 16, RXD = 1 << 17, TXD = 1 << 18, RXR = 1 << 19, RXF = 1 << 20 };
#define MIB (1u << 20)
#define RAM 0x100000u

static pbt *b;
static pb_dev *bus, *dma, *node;
static uint8_t *ram, *disk;
static uint64_t count;
static uint32_t read_only; /* of the next drive */

static void find(void)
{
    bus = pbt_find(b, "spi");
    dma = pbt_find(b, "dma");
}

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    pbt_load(b, "spi-flash");
    ram = pbt_ram(b, 0, 2 * MIB);
    node = pbt_block_new(b, "image", 4 * MIB, read_only);
    disk = pbt_block_data(node);
    memset(disk, 0xff, 4 * MIB);
    bus = pbt_create(b, NULL, 0, "bcm2835-spi", "spi", NULL);
    dma = pbt_create(b, NULL, 0, "bcm2835-dma", "dma", "port6=spi,port7=spi");
    pbt_wire(bus, "dreq-tx", 0, dma, 6);
    pbt_wire(bus, "dreq-rx", 0, dma, 7);
    pbt_outputs(dma, "irq", 13);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(bus), PB_OK);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(dma), PB_OK);
    pbt_map(bus, 0, 0x3f204000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pbt_add_child(bus, 0, "w25q32", "nor", "drive=image"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(pbt_add_child(bus, 0, "mx25l6405d", "other", "cs=1"));
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

/* One command, polled: n bytes out and in. */
static void command(uint32_t cs, const uint8_t *out, uint8_t *in, uint32_t n)
{
    wr(CS, cs | TA | CLEAR_TX | CLEAR_RX);
    for (uint32_t i = 0; i < n; i++) {
        wr(FIFO, out ? out[i] : 0);
        CU_ASSERT_EQUAL(rd(CS) & (DONE | RXD), DONE | RXD);
        uint8_t v = (uint8_t)rd(FIFO);
        if (in)
            in[i] = v;
    }
    wr(CS, cs);
}

static void simple(uint8_t code)
{
    command(0, &code, NULL, 1);
}

static uint8_t status(void)
{
    uint8_t v[2] = {5};

    command(0, v, v, 2);
    return v[1];
}

static uint32_t id(uint32_t cs)
{
    uint8_t v[4] = {0x9f};

    command(cs, v, v, 4);
    return (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
}

/* A command with an address and n bytes. */
static void at(uint8_t code, uint32_t where, const uint8_t *data, uint8_t *in, uint32_t n)
{
    uint8_t v[4 + 300] = {code, (uint8_t)(where >> 16), (uint8_t)(where >> 8), (uint8_t)where};

    if (data)
        memcpy(v + 4, data, n);
    command(0, v, v, 4 + n);
    if (in)
        memcpy(in, v + 4, n);
}

static uint8_t byte_at(uint32_t where)
{
    uint8_t v;

    at(3, where, NULL, &v, 1);
    return v;
}

static void test_flash(void)
{
    uint8_t v[300];

    bench();
    CU_ASSERT_EQUAL(id(0), 0xef4016);
    CU_ASSERT_EQUAL(id(1), 0xc22017);
    CU_ASSERT_EQUAL(id(2), 0); /* nobody is there */
    for (uint32_t i = 0; i < 300; i++)
        v[i] = (uint8_t)(i + 1);
    at(2, 0x1000, v, NULL, 16);
    CU_ASSERT_EQUAL(byte_at(0x1000), 0xff); /* without WREN */
    simple(6);
    CU_ASSERT_EQUAL(status(), 2);
    at(2, 0x10f8, v, NULL, 16); /* wraps within the page */
    CU_ASSERT_EQUAL(status(), 0);
    CU_ASSERT_EQUAL(byte_at(0x10ff), 8);
    CU_ASSERT_EQUAL(byte_at(0x1000), 9);
    CU_ASSERT_EQUAL(byte_at(0x1100), 0xff);
    simple(6);
    at(2, 0x1000, (const uint8_t[]){0xf0}, NULL, 1);
    CU_ASSERT_EQUAL(byte_at(0x1000), 9 & 0xf0); /* bits only become 0 */
    pbt_run_ns(b, 1000000000);
    CU_ASSERT_EQUAL(disk[0x10ff], 8);
    simple(6);
    command(0, (const uint8_t[]){0x20, 0, 0x10}, NULL, 3); /* cut off */
    CU_ASSERT_EQUAL(byte_at(0x10ff), 8);
    at(0x20, 0x1fff, NULL, NULL, 0);
    CU_ASSERT_EQUAL(byte_at(0x10ff), 0xff);
    simple(0xb9);
    CU_ASSERT_EQUAL(id(0), 0); /* asleep */
    simple(0xab);
    CU_ASSERT_EQUAL(id(0), 0xef4016);
    simple(6);
    command(0, (const uint8_t[]){1, 0x1c}, NULL, 2);
    simple(0x66);
    simple(0x99);
    CU_ASSERT_EQUAL(status(), 0x1c); /* kept over its reset */
    pbt_run_ns(b, 1000000000);
    CU_ASSERT_EQUAL(disk[0x10ff], 0xff);
    pbt_free(b);
    read_only = 1;
    bench();
    read_only = 0;
    simple(6);
    at(2, 0, v, NULL, 16);
    CU_ASSERT_EQUAL(byte_at(0), 0xff);
    pbt_free(b);
}

static void test_fifo(void)
{
    bench();
    for (uint32_t i = 0; i < 200; i++)
        disk[i] = 0; /* not read again: the chip has its own */
    CU_ASSERT_EQUAL(rd(CS), 0x1000 | TXD);
    wr(CS, TA | INTD);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 1); /* wants bytes */
    wr(CS, TA | INTR);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 0);
    wr(FIFO, 0x9f);
    for (uint32_t i = 0; i < 99; i++) /* 64 are exchanged, 36 wait */
        wr(FIFO, 0);
    CU_ASSERT_EQUAL(rd(CS) & (RXR | RXF | DONE | TXD), RXR | RXF | TXD);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 1);
    for (uint32_t i = 0; i < 100; i++) {
        static const uint8_t want[] = {0xef, 0x40, 0x16};
        if (i == 10) {
            pbt_reload(b);
            find();
        }
        CU_ASSERT_EQUAL((uint8_t)rd(FIFO), i ? want[(i - 1) % 3] : 0);
    }
    CU_ASSERT_EQUAL(rd(CS) & (RXD | DONE), DONE);
    CU_ASSERT_EQUAL(pbt_level(bus, "irq", 0), 0);
    wr(CS, 3 | TA | CLEAR_RX); /* the pin of CE1 selects, CS names none */
    pbt_line(bus, 1, 1);
    wr(FIFO, 0x9f);
    wr(FIFO, 0);
    CU_ASSERT_EQUAL(rd(FIFO), 0);
    CU_ASSERT_EQUAL(rd(FIFO), 0xc2);
    pbt_line(bus, 1, 0);
    pbt_free(b);
}

static void control_block(uint32_t where, uint32_t ti, uint32_t from, uint32_t to, uint32_t len,
                          uint32_t next)
{
    uint32_t cb[8] = {ti, from, to, len, 0, next};

    memcpy(ram + where, cb, sizeof cb);
}

static void channel(uint32_t n, uint32_t block)
{
    pbt_write(dma, 0, n * 0x100, 1u << 31, 4);
    pbt_write(dma, 0, n * 0x100 + 4, block, 4);
    pbt_write(dma, 0, n * 0x100, 1, 4);
}

/* A command by DMA, as Linux's driver does: bytes out, or a word of zeros again and again; bytes
 * in, or CLEAR_RX to CS again and again. */
static void by_dma(uint32_t out, uint32_t in, uint32_t n, int reload)
{
    uint32_t cs = TA | DMAEN, clear = cs | CLEAR_RX, zero = 0;

    memcpy(ram + 0x800, &clear, 4);
    memcpy(ram + 0x804, &zero, 4);
    control_block(0x1000, 6 << 16 | 1 << 6 | (out ? 1 << 8 : 0), out ? out : 0x804, 0x7e204004,
                  out ? n : 4, out ? 0 : 0x1000);
    if (in)
        control_block(0x1020, 7 << 16 | 1 << 10 | 1 << 4, 0x7e204004, in, n, 0);
    else
        control_block(0x1020, 7 << 16 | 1 << 6, 0x800, 0x7e204000, 4, 0x1020);
    channel(1, 0x1020);
    channel(0, 0x1000);
    wr(DLEN, n);
    wr(CS, cs);
    if (reload) {
        pbt_reload(b);
        find();
    }
    for (uint32_t i = 0; i < 1000 && !(rd(CS) & DONE); i++)
        pbt_run_ns(b, 100000);
    CU_ASSERT_EQUAL(rd(CS) & DONE, DONE);
    CU_ASSERT_EQUAL(rd(DLEN), 0);
    pbt_run_ns(b, 100000);
    channel(0, 0);
    channel(1, 0);
}

static void test_dma(void)
{
    bench();
    pbt_line(bus, 0, 1); /* selected by its pin over both halves of the command */
    simple(6);
    pbt_line(bus, 0, 0);
    for (uint32_t i = 0; i < 260; i++)
        ram[RAM + i] = (uint8_t)(i * 5);
    memcpy(ram + RAM, (const uint8_t[]){2, 0, 0x20, 0}, 4);
    by_dma(RAM, 0, 260, 1);
    wr(CS, CLEAR_RX | CLEAR_TX);
    CU_ASSERT_EQUAL(byte_at(0x2000), 20);
    CU_ASSERT_EQUAL(byte_at(0x20ff), (uint8_t)(259 * 5));
    pbt_line(bus, 0, 1);
    command(3, (const uint8_t[]){3, 0, 0x20, 0}, NULL, 4);
    by_dma(0, RAM + 0x1000, 255, 1);
    wr(CS, CLEAR_RX | CLEAR_TX);
    pbt_line(bus, 0, 0);
    CU_ASSERT_EQUAL(memcmp(ram + RAM + 4, ram + RAM + 0x1000, 255), 0);
    CU_ASSERT_EQUAL(ram[RAM + 0x1000 + 255], 0);
    pbt_free(b);
}

static void test_random(void)
{
    static const uint8_t codes[8] = {0x9f, 6, 2, 0x20, 3, 5, 1, 0xd8};
    uint64_t seed = 7, selected = 0;

    bench();
    for (uint64_t i = 0; i < count; i++) {
        uint64_t r = pbt_rand(&seed);
        uint32_t off = r >> 8 & 3 ? FIFO : (uint32_t)(r >> 12 & 7) * 4;
        if (r & 1)
            selected += (rd(off) & TA) != 0;
        else if (off == FIFO)
            wr(off, r & 6 ? (uint32_t)(r >> 32) : codes[r >> 20 & 7]);
        else
            wr(off, (uint32_t)(r >> 16));
        if ((r >> 40) % 1000 == 0)
            pbt_line(bus, r >> 60 & 1, r >> 61 & 1);
        if ((r >> 40) % 20000 == 1) { /* the flash's contents come with it */
            pbt_reload(b);
            find();
        }
    }
    CU_ASSERT(selected > count / 100);
    pbt_free(b);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {{"flash", test_flash},
                                              {"fifos", test_fifo},
                                              {"dma", test_dma},
                                              {"random accesses", test_random}};

    count = pbt_count_arg(argc, argv, 100000);
    return SUITE_RUN("bcm2835-spi", tests);
}
