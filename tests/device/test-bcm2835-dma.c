/* SPDX-License-Identifier: MIT */
/* bcm2835-dma between memory and registers: chains, rows, a reload in mid-transfer, and channels
 * that are never done. */
#include "suite.h"

#include <string.h>

enum { INTEN = 1, TDMODE = 2, DEST_INC = 1 << 4, SRC_INC = 1 << 8, SRC_IGNORE = 1 << 11 }; /* TI */
#define CHANNELS 15u
#define RAM 0x100000u
#define ENDLESS 0x3ffffffcu

static pbt *b;
static pb_dev *dma;
static uint8_t *ram;

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    ram = pbt_ram(b, 0, 4 << 20);
    for (uint32_t i = 0; i < RAM; i++)
        ram[RAM + i] = (uint8_t)(i * 7 + i / 512);
    dma = pbt_create(b, NULL, 0, "bcm2835-dma", "dma", NULL);
    pbt_outputs(dma, "irq", 13);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(dma), PB_OK);
    pbt_map(pbt_add(b, "bcm2835-sdhost", "host", NULL), 0, 0x3f202000);
    pbt_reset_all(b, PB_RESET_COLD);
}

static uint32_t rd(uint64_t off)
{
    return (uint32_t)pbt_read(dma, 0, off, 4);
}

static void wr(uint64_t off, uint32_t v)
{
    pbt_write(dma, 0, off, v, 4);
}

static void control_block(uint32_t at, uint32_t ti, uint32_t from, uint32_t to, uint32_t len,
                          uint32_t stride, uint32_t next)
{
    uint32_t cb[8] = {ti, from, to, len, stride, next};

    memcpy(ram + at, cb, sizeof cb);
}

static void start(uint32_t channel, uint32_t block)
{
    wr(channel * 0x100 + 4, block);
    wr(channel * 0x100, 1);
}

static void reload(void)
{
    pbt_reload(b);
    dma = pbt_find(b, "dma");
}

static void test_chains(void)
{
    bench();
    /* two rows of 16 bytes, 64 apart, packed; then 8 bytes of zeros */
    control_block(0x1000, SRC_INC | DEST_INC | TDMODE, RAM, 0x2000, 1 << 16 | 16, 48, 0x1020);
    control_block(0x1020, SRC_IGNORE | DEST_INC | INTEN, 0, 0x2020, 8, 0, 0);
    memset(ram + 0x2020, 0xee, 16);
    start(0, 0x1000);
    pbt_settle(b);
    CU_ASSERT_EQUAL(memcmp(ram + 0x2000, ram + RAM, 16), 0);
    CU_ASSERT_EQUAL(memcmp(ram + 0x2010, ram + RAM + 64, 16), 0);
    CU_ASSERT_EQUAL(ram[0x2020], 0);
    CU_ASSERT_EQUAL(ram[0x2028], 0xee);
    CU_ASSERT_EQUAL(rd(0xfe0), 1);
    control_block(0x1000, SRC_INC | DEST_INC, 0x3f000000 - 64, 0x2000, 64, 0, 0); /* no memory */
    start(0, 0x1000);
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(0x00) & 0x101, 0x100);
    CU_ASSERT_EQUAL(rd(0x20) & 7, 4);
    control_block(0x1000, SRC_INC | DEST_INC, RAM, 0x2000, 4, 0, 0x1000); /* for ever */
    wr(0x00, 1u << 31);
    start(0, 0x1000);
    CU_ASSERT_EQUAL(rd(0x00) & 1, 1);
    wr(0x00, 1u << 31);
    CU_ASSERT_EQUAL(rd(0x00) & 1, 0);
    pbt_free(b);
}

/* Twice 16384 rows of 32 bytes, every other of them, are more than one run does. */
static void test_reload(void)
{
    uint32_t rows = 16384, ti = SRC_INC | DEST_INC | TDMODE | INTEN, wrong = 0;

    bench();
    control_block(0x1000, ti, RAM, 0x80000, (rows - 1) << 16 | 32, 32, 0x1020);
    control_block(0x1020, ti, RAM, 0x200000, (rows - 1) << 16 | 32, 32, 0);
    start(3, 0x1000);
    CU_ASSERT_EQUAL(rd(0x300) & 7, 1);
    CU_ASSERT(rd(0x314) >> 16 > 1000 && rd(0x314) >> 16 < rows - 1000);
    reload();
    CU_ASSERT_EQUAL(rd(0x300) & 3, 1);
    pbt_run_ns(b, 10000000);
    CU_ASSERT_EQUAL(rd(0x300) & 7, 6);
    CU_ASSERT_EQUAL(pbt_level(dma, "irq", 3), 1);
    for (uint32_t i = 0; i < rows; i++)
        wrong += memcmp(ram + 0x80000 + 32 * i, ram + RAM + 64 * i, 32) != 0 ||
                 memcmp(ram + 0x200000 + 32 * i, ram + RAM + 64 * i, 32) != 0;
    CU_ASSERT_EQUAL(wrong, 0);
    pbt_free(b);
}

/* Words that all channels have moved between registers since they were started. */
static uint32_t moved(void)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < CHANNELS; i++)
        n += rd(i * 0x100 + 0x14) ? (ENDLESS - rd(i * 0x100 + 0x14)) / 4 : 0;
    return n;
}

/* A run stops early, goes on later, and writing CS again makes none. */
static void test_endless(void)
{
    uint32_t first;

    bench();
    control_block(0x1000, 0, 0x7e202004, 0x7e20200c, ENDLESS, 0, 0x1000);
    for (uint32_t i = 0; i < CHANNELS; i++)
        start(i, 0x1000);
    first = moved();
    CU_ASSERT(first > 100 && first < 10000);
    for (uint32_t i = 0; i < 1000; i++)
        wr(0, 1);
    CU_ASSERT_EQUAL(moved(), first);
    reload();
    pbt_run_ns(b, 10000000);
    CU_ASSERT(moved() > first && moved() < 50000);
    for (uint32_t i = 0; i < CHANNELS; i++)
        wr(i * 0x100, 1u << 31);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"chains", test_chains},
        {"rows cross a reload", test_reload},
        {"channels without an end", test_endless},
    };

    return SUITE_RUN("bcm2835-dma", tests);
}
