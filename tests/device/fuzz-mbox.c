/* SPDX-License-Identifier: MIT */
/* fuzz-mbox.c - hostile messages to the firmware behind the mailbox, and the picture it keeps.
 *
 *     fuzz-mbox [--count N] [--seed S]
 *
 * Messages of one to six tags, mostly known ones with likely and wild values, with true and false
 * sizes, at and over the end of memory; the picture read whole after some; registers, resets,
 * reloads. Exits 0 when everything survived, nothing was written outside of a message, and after
 * every restart the firmware told its board revision. */
#include <plugboard/bench.h>
#include <plugboard/display.h>

#include <stdlib.h>
#include <string.h>

#define RAM_LEN (2u << 20)
#define VC_BASE (RAM_LEN - (1u << 20)) /* "vc-base=1M,vc-size=1M": the end of the memory */
#define REVISION 0xa02082u
#define GUARD 0x5a5aa5a5u

static pbt *b;
static pb_dev *d;
static uint8_t *ram;
static uint64_t seed = 1, restarts, messages, answered, drawn;

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint32_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 3, 8, 15, 16, 23, 24, 32, 62, 63, 64, 128, 135, 136,
                                    255, 256, 4095, 4096, 4097, 0x7fffffff, 0x80000000u,
                                    0xfffffffc, 0xffffffffu};

    return rnd(3) ? some[rnd(sizeof some / sizeof *some)] : (uint32_t)pbt_rand(&seed);
}

static void put(uint32_t at, uint32_t v)
{
    memcpy(ram + at, &v, 4);
}

static uint32_t get(uint32_t at)
{
    uint32_t v;

    memcpy(&v, ram + at, 4);
    return v;
}

static uint32_t tag(void)
{
    static const uint16_t known[] = {
        0x0001, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x2001, 0x2002, 0x3001,
        0x3002, 0x3003, 0x3004, 0x3005, 0x3006, 0x3007, 0x3008, 0x3009, 0x300a, 0x3030, 0x3041,
        0x3042, 0x3043, 0x3046, 0x3047, 0x3048, 0x4001, 0x4002, 0x4003, 0x4004, 0x4005, 0x4006,
        0x4007, 0x4008, 0x4009, 0x400a, 0x400b, 0x4013, 0x6001}; /* 0xABCD is tag 0xA0BCD */
    uint32_t k = known[rnd(sizeof known / sizeof *known)];

    if (rnd(32) == 0)
        return wild();
    k = (k & 0xf000) << 4 | (k & 0xfff);
    return k | (rnd(2) ? 0x8000 : rnd(8) ? 0 : 0x4000);
}

/* A message at `at` of at most `most` bytes; its size. */
static uint32_t build(uint32_t at, uint32_t most)
{
    uint32_t n = 8;

    for (uint32_t tags = 1 + rnd(6); tags && n + 12 + 4 < most; tags--) {
        uint32_t room = rnd(8) ? 4 * rnd(8) : rnd(300), claimed = rnd(64) ? room : wild();
        if (n + 12 + room + 4 > most)
            break;
        put(at + n, tag());
        put(at + n + 4, claimed);
        put(at + n + 8, rnd(16) ? 0 : wild());
        for (uint32_t i = 0; i + 4 <= room; i += 4)
            put(at + n + 12 + i, rnd(2) ? rnd(700) : wild());
        n += 12 + ((room + 3) & ~3u);
    }
    put(at + n, rnd(64) ? 0 : wild());
    n += 4;
    put(at, rnd(32) ? n : wild());
    put(at + 4, 0);
    return n;
}

static void message(void)
{
    uint32_t most = rnd(8) ? 512 : 4600, at = 16 * (1 + rnd((VC_BASE - 0x2000) / 16));
    uint32_t edge = rnd(16) == 0; /* up to the last byte of memory */

    at = edge ? RAM_LEN - 16 * (1 + rnd(8)) : at;
    most = edge ? RAM_LEN - at : most;
    if (most >= 16)
        build(at, most);
    uint32_t size = get(at) <= 4096 ? get(at) : 8;
    uint32_t after = (at + (size > 8 ? size : 8) + 3) & ~3u;
    put(at - 4, GUARD);
    if (after + 4 <= RAM_LEN)
        put(after, GUARD);
    messages++;
    pbt_write(d, 0, 0x20, (rnd(2) ? 0xc0000000u : 0) | at | (rnd(64) ? 8 : rnd(16)), 4);
    answered += get(at + 4) == 0x80000000u;
    if (get(at - 4) != GUARD || (after + 4 <= RAM_LEN && get(after) != GUARD)) {
        fprintf(stderr, "fuzz-mbox: written outside of the message at 0x%x\n", at);
        exit(1);
    }
    while (rnd(8) && !(pbt_read(d, 0, 0x18, 4) >> 30 & 1))
        pbt_read(d, 0, 0, 4);
}

static void draw(void)
{
    static uint8_t rgb[3 * 4096];
    const struct pb_display *t = pbt_provides(d, PB_DISPLAY);
    uint32_t w = 0, h = 0;

    if (t->extent(pbt_self(d), &w, &h) < 0)
        return;
    if (w == 0 || h == 0 || w > 4096 || h > 4096) {
        fprintf(stderr, "fuzz-mbox: a picture of %u by %u\n", w, h);
        exit(1);
    }
    t->line(pbt_self(d), 0, rgb);
    t->line(pbt_self(d), rnd(h), rgb);
    t->line(pbt_self(d), h - 1, rgb);
    drawn++;
}

static void restart(void)
{
    static const uint32_t ask[] = {28, 0, 0x10002, 4, 0, 0, 0};

    pbt_reset_all(b, PB_RESET_COLD);
    memcpy(ram + 0x100, ask, sizeof ask);
    pbt_write(d, 0, 0x20, 0x108, 4);
    if (pbt_read(d, 0, 0, 4) != 0x108 || get(0x104) != 0x80000000u || get(0x114) != REVISION) {
        fprintf(stderr, "fuzz-mbox: no answer after a reset\n");
        exit(1);
    }
    restarts++;
}

static void step(void)
{
    uint32_t what = rnd(1000);

    if (what < 850) {
        message();
    } else if (what < 900) {
        pbt_write(d, 0, 4 * rnd(16), wild(), 4);
    } else if (what < 960) {
        pbt_read(d, 0, 4 * rnd(16), 4);
    } else if (what < 990) {
        draw();
    } else if (what < 992) {
        pbt_reload(b);
        d = pbt_find(b, "d0");
    } else if (what > 994) {
        restart();
    }
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 100000);

    seed = pbt_seed_arg(argc, argv, seed);
    b = pbt_new();
    pbt_load(b, "bcm2835");
    ram = pbt_ram(b, 0, RAM_LEN);
    pbt_add(b, "bcm2835-thermal", "t0", NULL);
    d = pbt_add(b, "bcm2835-mbox", "d0", "sensor=t0,vc-base=0x100000,vc-size=1M,"
                "board-rev=0xa02082");
    restart();
    for (uint64_t i = 0; i < n; i++) {
        pbt_quiet(b, i % 64 != 0);
        step();
    }
    restart();
    printf("mbox: %llu steps, %llu of %llu messages answered, %llu pictures, "
           "%llu restarts\n", (unsigned long long)n,
           (unsigned long long)answered, (unsigned long long)messages,
           (unsigned long long)drawn, (unsigned long long)restarts);
    pbt_free(b);
    return !answered || !drawn;
}
