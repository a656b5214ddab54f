/* SPDX-License-Identifier: MIT */
/* bcm2835-sdhost, bcm2835-dma and sdhci with a card in the slot: by words and by DMA, with a
 * reload in mid-transfer; who is connected. */
#include "suite.h"

#include <string.h>

#define SECTORS 300u
#define RAM 0x100000u

static pbt *b;
static pb_dev *host, *dma, *hci, *node;
static uint8_t *ram;

static void find(void)
{
    host = pbt_find(b, "host");
    dma = pbt_find(b, "dma");
    hci = pbt_find(b, "hci");
    node = pbt_find(b, "image");
}

static uint32_t read_only; /* of the next card */

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "sd");
    pbt_load(b, "sdhci");
    pbt_load(b, "bcm2835");
    ram = pbt_ram(b, 0, 2 << 20);
    node = pbt_block_new(b, "image", 8 << 20, read_only);
    pb_dev *slot = pbt_add(b, "sd-slot", "slot", NULL);
    pbt_add_child(slot, 0, "sd-card", "card", "drive=image");
    host = pbt_create(b, NULL, 0, "bcm2835-sdhost", "host", "slot=slot");
    hci = pbt_create(b, NULL, 0, "sdhci", "hci", "slot=slot");
    dma = pbt_create(b, NULL, 0, "bcm2835-dma", "dma", "port13=host");
    pbt_wire(host, "dreq", 0, dma, 13);
    pbt_outputs(dma, "irq", 13);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(host), PB_OK);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(hci), PB_OK);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(dma), PB_OK);
    pbt_reset_all(b, PB_RESET_COLD);
}

static uint32_t rd(pb_dev *d, uint64_t off)
{
    return (uint32_t)pbt_read(d, 0, off, 4);
}

static void wr(pb_dev *d, uint64_t off, uint32_t v)
{
    pbt_write(d, 0, off, v, 4);
}

/* A command of SDHOST; its first response word, or 0xffffffff when it failed. */
static uint32_t cmd(uint32_t v, uint32_t arg)
{
    wr(host, 0x20, 0x7f8);
    wr(host, 0x04, arg);
    wr(host, 0x00, v | 0x8000);
    return rd(host, 0x00) & 0x4000 ? 0xffffffff : rd(host, 0x10);
}

static void start_card(void)
{
    pbt_line(host, 0, 1);
    wr(host, 0x30, 1);
    cmd(0 | 0x400, 0);
    CU_ASSERT_EQUAL(cmd(8, 0x1aa), 0x1aa);
    cmd(55, 0);
    CU_ASSERT_EQUAL(cmd(41, 0x00300000) >> 31, 1);
    cmd(2 | 0x200, 0);
    CU_ASSERT_EQUAL(rd(host, 0x1c), 0xaa504250);
    uint32_t rca = cmd(3, 0) & 0xffff0000;
    CU_ASSERT_NOT_EQUAL(cmd(7 | 0x800, rca), 0xffffffff);
}

static void fill(uint8_t *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + i / 512);
}

static void test_words(void)
{
    uint32_t v;

    bench();
    CU_ASSERT_EQUAL(cmd(13, 0), 0xffffffff); /* no pins */
    CU_ASSERT_EQUAL(rd(host, 0x20) & 0x40, 0x40);
    start_card();
    fill(pbt_block_data(node), 4096);
    wr(host, 0x38, 0x10); /* data interrupts */
    wr(host, 0x3c, 512);
    wr(host, 0x50, 2);
    cmd(23, 2);
    cmd(18 | 0x40, 1024);
    CU_ASSERT_EQUAL(rd(host, 0x34) & 15, 4); /* waits for the medium */
    CU_ASSERT_EQUAL(pbt_level(host, "irq", 0), 0);
    pbt_settle(b);
    CU_ASSERT_EQUAL(pbt_level(host, "irq", 0), 1);
    CU_ASSERT_EQUAL(rd(host, 0x34) & 0x1ff, 16 << 4 | 2);
    for (uint32_t i = 0; i < 256; i++) {
        if (i == 100) {
            pbt_reload(b);
            find();
            pbt_settle(b);
        }
        v = rd(host, 0x40);
        CU_ASSERT_EQUAL(memcmp(&v, pbt_block_data(node) + 1024 + 4 * i, 4), 0);
    }
    CU_ASSERT_EQUAL(rd(host, 0x34) & 15, 1);
    CU_ASSERT_EQUAL(pbt_level(host, "irq", 0), 0);
    wr(host, 0x38, 0x100); /* block interrupts */
    wr(host, 0x50, 1);
    cmd(24 | 0x80, 0);
    for (uint32_t i = 0; i < 128; i++) {
        if (i == 70) {
            pbt_reload(b);
            find();
        }
        wr(host, 0x40, 0x01010101 * (i & 0xff));
    }
    CU_ASSERT_EQUAL(pbt_level(host, "irq", 0), 1);
    pbt_settle(b);
    CU_ASSERT_EQUAL(pbt_block_data(node)[0], 0);
    CU_ASSERT_EQUAL(pbt_block_data(node)[280], 70);
    CU_ASSERT_EQUAL(pbt_block_data(node)[508], 127);
    wr(host, 0x40, 1);
    CU_ASSERT_EQUAL(rd(host, 0x20) & 8, 8); /* nothing is to be written */
    pbt_free(b);
}

static void control_block(uint32_t at, uint32_t ti, uint32_t from, uint32_t to, uint32_t len,
                          uint32_t stride, uint32_t next)
{
    uint32_t cb[8] = {ti, from, to, len, stride, next};

    memcpy(ram + at, cb, sizeof cb);
}

static void test_dma(void)
{
    uint32_t n = SECTORS * 512;

    bench();
    start_card();
    fill(ram + RAM, n);
    wr(host, 0x3c, 512);
    wr(host, 0x50, SECTORS);
    control_block(0x1000, 13 << 16 | 1 << 8 | 1 << 6 | 1, 0xc0000000 | RAM, 0x7e202040, n, 0, 0);
    wr(dma, 0x204, 0xc0001000);
    wr(dma, 0x200, 1);
    CU_ASSERT_EQUAL(rd(dma, 0x200) & 1, 1); /* waits for the request line */
    cmd(23, SECTORS);
    cmd(25 | 0x80, 0);
    CU_ASSERT_EQUAL(rd(dma, 0x200) & 7, 1);
    CU_ASSERT(rd(dma, 0x214) < n); /* the card's buffer is full, and the FIFO */
    pbt_reload(b);
    find();
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(dma, 0x200) & 7, 6); /* END and INT */
    CU_ASSERT_EQUAL(pbt_level(dma, "irq", 2), 1);
    wr(dma, 0x200, 6);
    CU_ASSERT_EQUAL(pbt_level(dma, "irq", 2), 0);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(node), ram + RAM, n), 0);
    memset(ram + RAM, 0, n);
    control_block(0x1000, 13 << 16 | 1 << 10 | 1 << 4 | 1, 0x7e202040, 0xc0000000 | RAM, n, 0, 0);
    cmd(23, SECTORS);
    cmd(18 | 0x40, 0);
    wr(dma, 0xb04, 0xc0001000);
    wr(dma, 0xb00, 1);
    pbt_reload(b);
    find();
    pbt_settle(b);
    CU_ASSERT_EQUAL(pbt_level(dma, "irq", 11), 1);
    CU_ASSERT_EQUAL(pbt_level(dma, "irq", 12), 1);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(node), ram + RAM, n), 0);
    pbt_free(b);
}

/* SDHCI: R1 commands with CRC and index checks. */
static uint32_t hcmd(uint32_t index, uint32_t flags, uint32_t arg)
{
    wr(hci, 0x30, 0xffffffff);
    wr(hci, 0x08, arg);
    wr(hci, 0x0c, index << 24 | flags);
    return rd(hci, 0x30);
}

static void test_sdhci(void)
{
    enum { R1 = 0x1a << 16, R2 = 0x09 << 16, DATA = 0x20 << 16, READ = 16, MULTI = 0x22 };
    uint32_t v;

    bench();
    wr(hci, 0x34, 0x3fffffff);
    wr(hci, 0x38, 0x3fffffff);
    CU_ASSERT_EQUAL(hcmd(8, R1, 0x1aa), 0x18000); /* no pins: time-out */
    pbt_line(hci, 0, 1);
    hcmd(0, 0, 0);
    CU_ASSERT_EQUAL(hcmd(8, R1, 0x1aa), 1);
    CU_ASSERT_EQUAL(rd(hci, 0x10), 0x1aa);
    hcmd(55, R1, 0);
    hcmd(41, 2 << 16, 0x300000);
    CU_ASSERT_EQUAL(rd(hci, 0x10) >> 31, 1);
    hcmd(2, R2, 0);
    CU_ASSERT_EQUAL(rd(hci, 0x1c), 0xaa5042); /* bits 127:8 */
    hcmd(3, R1, 0);
    hcmd(7, R1 | 1 << 16, rd(hci, 0x10) & 0xffff0000);
    CU_ASSERT_EQUAL(rd(hci, 0x30), 3); /* not busy: complete */
    fill(pbt_block_data(node), 4096);
    wr(hci, 0x04, 2 << 16 | 512);
    CU_ASSERT_EQUAL(hcmd(18, R1 | DATA | READ | MULTI | 4, 512), 1); /* Auto CMD12 */
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(hci, 0x30), 0x21);
    CU_ASSERT_EQUAL(pbt_level(hci, "irq", 0), 1);
    for (uint32_t i = 0; i < 256; i++) {
        if (i == 50) {
            pbt_reload(b);
            find();
        }
        v = rd(hci, 0x20);
        CU_ASSERT_EQUAL(memcmp(&v, pbt_block_data(node) + 512 + 4 * i, 4), 0);
    }
    CU_ASSERT_EQUAL(rd(hci, 0x30) & 2, 2);
    CU_ASSERT_EQUAL(rd(hci, 0x24) & 6, 0);
    CU_ASSERT_EQUAL(hcmd(24, R1 | DATA, 0), 0x11); /* may be written */
    for (uint32_t i = 0; i < 128; i++) {
        if (i == 100) {
            pbt_reload(b);
            find();
        }
        wr(hci, 0x20, i);
    }
    CU_ASSERT_EQUAL(rd(hci, 0x24) >> 20 & 1, 0); /* DAT0: the card programs */
    pbt_reload(b);
    find();
    pbt_settle(b);
    CU_ASSERT_EQUAL(rd(hci, 0x30) & 2, 2);
    CU_ASSERT_EQUAL(pbt_block_data(node)[396], 99);
    CU_ASSERT_EQUAL(pbt_block_data(node)[508], 127);
    CU_ASSERT_EQUAL(rd(hci, 0x24) >> 19 & 1, 1); /* the write protect switch */
    pbt_free(b);
    read_only = 1;
    bench();
    pbt_line(hci, 0, 1);
    CU_ASSERT_EQUAL(rd(hci, 0x24) >> 16 & 15, 7);
    pbt_free(b);
    read_only = 0;
}

int main(void)
{
    static const struct suite_test tests[] = {{"words", test_words}, {"DMA", test_dma},
                                              {"sdhci", test_sdhci}};

    return SUITE_RUN("SD hosts", tests);
}
