/* SPDX-License-Identifier: MIT */
/* fuzz-sd.c - a hostile driver against an SD card, the two hosts of its slot, and DMA.
 *
 *     fuzz-sd [--count N] [--seed S]
 *
 * Commands of every kind with likely and wild arguments by either host, data by words and by chains
 * of control blocks, registers, pins that change in mid-transfer, a medium that waits or fails,
 * resets, reloads. Exits 0 when everything survived, and after every restart the card was found and
 * a block read from it was what its medium has. */
#include <plugboard/bench.h>

#include <stdlib.h>
#include <string.h>

#define MEDIUM (4u << 20)
#define RAM_LEN (1u << 20)
enum { SHORT = 1, LONG, READ = 4, WRITE = 8 }; /* what a command brings */

static pbt *b;
static pb_dev *host, *hci, *dma, *medium;
static uint8_t *ram;
static uint64_t seed = 1, restarts, asked, answered;
static uint32_t by_hci, rca; /* who has the pins; the card's address */

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint32_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 0xff, 0x1ff, 0x200, 0x3ff, 0x400, 0xfff, 0xffff,
                                    0x10000, 0x7fffffff, 0x80000000u, 0xffffffffu,
                                    MEDIUM / 512 - 1, MEDIUM, MEDIUM - 512, 0x7e202040, 0x3f202040};

    return rnd(3) ? some[rnd(sizeof some / sizeof *some)] : (uint32_t)pbt_rand(&seed);
}

static uint32_t rd(pb_dev *d, uint64_t off)
{
    return (uint32_t)pbt_read(d, 0, off, 4);
}

static void wr(pb_dev *d, uint64_t off, uint32_t v)
{
    pbt_write(d, 0, off, v, 4);
}

static void find(void)
{
    host = pbt_find(b, "host");
    hci = pbt_find(b, "hci");
    dma = pbt_find(b, "dma");
    medium = pbt_find(b, "image");
}

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "sd");
    pbt_load(b, "sdhci");
    pbt_load(b, "bcm2835");
    ram = pbt_ram(b, 0, RAM_LEN);
    medium = pbt_block_new(b, "image", MEDIUM, 0);
    for (uint32_t i = 0; i < MEDIUM; i++)
        pbt_block_data(medium)[i] = (uint8_t)(i * 7 + i / 512);
    pbt_add_child(pbt_add(b, "sd-slot", "slot", NULL), 0, "sd-card", "card", "drive=image");
    host = pbt_create(b, NULL, 0, "bcm2835-sdhost", "host", "slot=slot");
    hci = pbt_create(b, NULL, 0, "sdhci", "hci", "slot=slot");
    dma = pbt_create(b, NULL, 0, "bcm2835-dma", "dma", "port13=host");
    pbt_wire(host, "dreq", 0, dma, 13);
    pbt_outputs(dma, "irq", 13);
    if (pbt_realize(host) < 0 || pbt_realize(hci) < 0 || pbt_realize(dma) < 0) {
        fprintf(stderr, "fuzz-sd: %s\n", pbt_error(b));
        exit(2);
    }
    pbt_map(host, 0, 0x3f202000); /* for channels without a port */
    pbt_map(dma, 0, 0x3f007000);
}

/* ---- A driver of either host ----------------------------------------------------------- */

/* The answer's first word; 0 as well when there is none. */
static uint32_t command(uint32_t index, uint32_t what, uint32_t arg)
{
    asked++;
    if (by_hci) {
        static const uint32_t answers[4] = {0, 0x1a << 16, 9 << 16, 0x1b << 16};
        uint32_t data = what & (READ | WRITE) ? 0x200000 : 0;
        wr(hci, 0x30, 0xffffffff);
        wr(hci, 0x08, arg);
        wr(hci, 0x0c, index << 24 | answers[what & 3] | data | (what & READ ? 16 : 0) |
                          (data && index != 17 && index != 24 ? 0x22 | rnd(3) << 2 : 0));
        answered += rd(hci, 0x30) & 1;
        return rd(hci, 0x10);
    }
    wr(host, 0x20, 0x7f8);
    wr(host, 0x04, arg);
    wr(host, 0x00, 0x8000 | index | (what & 3 ? 0 : 0x400) | (what & LONG ? 0x200 : 0) |
                       (what & READ ? 0x40 : 0) | (what & WRITE ? 0x80 : 0));
    answered += !(rd(host, 0x00) & 0x4000);
    return rd(host, 0x10);
}

static void blocks(uint32_t bytes, uint32_t n)
{
    wr(host, 0x3c, bytes);
    wr(host, 0x50, n);
    wr(hci, 0x04, (n & 0xffff) << 16 | (bytes & 0xfff));
}

static void pins(uint32_t to_hci)
{
    by_hci = to_hci;
    pbt_line(host, 0, !by_hci);
    pbt_line(hci, 0, (int32_t)by_hci);
}

static void identify(void)
{
    command(0, 0, 0);
    command(8, SHORT, 0x1aa);
    command(55, SHORT, 0);
    command(41, SHORT, 0x40300000);
    command(2, LONG, 0);
    rca = command(3, SHORT, 0) & 0xffff0000;
    command(7, SHORT, rca);
}

/* One block by words; is it what the medium has? */
static int reads(uint32_t sector)
{
    blocks(512, 1);
    command(17, SHORT | READ, sector * 512);
    pbt_settle(b);
    for (uint32_t i = 0; i < 128; i++) {
        uint32_t v = by_hci ? rd(hci, 0x20) : rd(host, 0x40);
        if (memcmp(&v, pbt_block_data(medium) + sector * 512 + 4 * i, 4) != 0)
            return 0;
    }
    return 1;
}

static void restart(void)
{
    pbt_block_hold(medium, 0);
    pbt_block_fail(medium, PB_BLK_READ, 0);
    pbt_block_fail(medium, PB_BLK_WRITE, 0);
    pbt_settle(b);
    pbt_reset_all(b, PB_RESET_COLD);
    pins(rnd(2));
    wr(host, 0x30, 1);
    wr(hci, 0x34, 0x3fffffff);
    wr(hci, 0x38, rnd(2) ? 0x3fffffff : 0);
    wr(host, 0x38, rnd(2) ? 0x110 : 0);
    identify();
    if (!reads(rnd(MEDIUM / 512))) {
        fprintf(stderr, "fuzz-sd: a block that is read after a reset is not the medium's\n");
        exit(1);
    }
    restarts++;
}

/* ---- Random steps ---------------------------------------------------------------------- */

static void any_command(void)
{
    static const uint8_t known[] = {12, 13, 17, 18, 23, 24, 25, 6, 7, 9, 16, 32, 33, 38, 55, 51};
    uint32_t index = rnd(8) ? known[rnd(sizeof known)] : rnd(64), arg = wild(), what = SHORT;

    if (index == 17 || index == 18 || index == 6 || index == 51)
        what |= READ;
    else if (index == 24 || index == 25)
        what |= WRITE;
    if ((what & (READ | WRITE)) || index == 32 || index == 33)
        arg = rnd(8) ? rnd(MEDIUM / 512) * 512 : arg;
    else if (index == 7 || index == 13 || index == 55 || index == 9)
        arg = rnd(16) ? rca : arg;
    else if (index == 23)
        arg = rnd(4) ? rnd(300) : arg;
    if (rnd(16) == 0)
        what = rnd(16);
    blocks(rnd(8) ? 512 : wild(), rnd(8) ? 1 + rnd(200) : wild());
    command(index, what, arg);
}

static void words(uint32_t to)
{
    for (uint32_t i = rnd(300); i; i--) {
        if (to)
            wr(by_hci ? hci : host, by_hci ? 0x20 : 0x40, i);
        else
            rd(by_hci ? hci : host, by_hci ? 0x20 : 0x40);
    }
}

/* One or two control blocks for a channel: card to memory, memory to card, or anything. */
static void channel(void)
{
    uint32_t at = 32 * rnd(RAM_LEN / 32 - 2), n = rnd(15) * 0x100, to = rnd(2);

    for (uint32_t i = 0; i < 2; i++) {
        uint32_t mem = rnd(8) ? rnd(RAM_LEN) : wild(), len = rnd(8) ? 4 * rnd(20000) : wild();
        uint32_t ti = 13 << 16 | 1 | (to ? 1 << 8 | 1 << 6 : 1 << 10 | 1 << 4);
        uint32_t cb[8] = {rnd(4) ? ti : wild(), to ? mem : 0x7e202040, to ? 0x7e202040 : mem, len,
                          wild(), rnd(4) ? 0 : at + 32};
        memcpy(ram + at + 32 * i, cb, sizeof cb);
    }
    if (rnd(4) == 0)
        wr(dma, n, 1u << 31);
    wr(dma, n + 4, at);
    wr(dma, n, 1 | 6);
}

static void any_register(void)
{
    pb_dev *d = (pb_dev *[]){host, hci, dma}[rnd(3)];
    uint64_t off = d == dma ? rnd(16) * 0x100 + 4 * rnd(10) : 4 * rnd(64);

    if (rnd(2))
        wr(d, off, wild());
    else
        rd(d, off);
}

static void on_medium(void)
{
    if (rnd(2))
        pbt_block_hold(medium, rnd(2));
    else
        pbt_block_fail(medium, rnd(2) ? PB_BLK_READ : PB_BLK_WRITE, rnd(2) ? 0 : PB_EIO);
}

static void step(void)
{
    uint32_t what = rnd(1000);

    if (what < 350) {
        any_command();
    } else if (what < 450) {
        words(what & 1);
    } else if (what < 550) {
        channel();
    } else if (what < 750) {
        any_register();
    } else if (what < 800) {
        on_medium();
    } else if (what < 820) {
        pins(rnd(8) ? by_hci : rnd(2));
    } else if (what < 900) {
        pbt_run_ns(b, rnd(100000));
    } else if (what < 985) {
        pbt_settle(b);
    } else if (what < 987) {
        pbt_block_hold(medium, 0); /* saving waits for requests */
        pbt_reload(b);
        find();
    } else if (what > 989) {
        restart();
    }
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 60000);

    seed = pbt_seed_arg(argc, argv, seed);
    bench();
    restart();
    for (uint64_t i = 0; i < n; i++) {
        pbt_quiet(b, i % 64 != 0);
        step();
    }
    restart();
    printf("sd: %llu steps, %llu of %llu commands answered, %llu restarts\n",
           (unsigned long long)n, (unsigned long long)answered,
           (unsigned long long)asked, (unsigned long long)restarts);
    pbt_free(b);
    return !answered;
}
