/* SPDX-License-Identifier: MIT */
/* fuzz-e1000.c - a hostile driver and a hostile wire against an 8254x.
 *
 *     fuzz-e1000 [--count N] [--seed S]
 *
 * Wild descriptors of all kinds, registers, rings that lie anywhere, frames of all sizes, a
 * wire that fills up, time, configuration space, resets and reloads. Exits 0 when the
 * controller survived and carries a frame both ways after every restart. */
#include "pci-driver.h"

#include <stdlib.h>
#include <string.h>

#define BDF 0x08u
#define RING 32u

static struct pd p;
static pb_dev *wire;
static uint64_t seed = 1, bar, tx, rx, sent, came, restarts;
static uint32_t tail;

static uint32_t rnd(uint32_t n)
{
    return (uint32_t)(pbt_rand(&seed) % n);
}

static uint64_t wild(void)
{
    static const uint32_t some[] = {0, 1, 2, 8, 16, 60, 127, 128, 255, 1514, 4095, 4096, 0x7fff,
                                    0xffff, 0x10000, 0xfffff, 0x7fffffff, 0xffffffff};
    switch (rnd(4)) {
    case 0:
        return pbt_rand(&seed);
    case 1:
        return PD_RAM + rnd(PD_RAM_LEN);
    case 2:
        return bar + rnd(0x20000);
    default:
        return some[rnd(sizeof some / sizeof *some)];
    }
}

static void wr(uint32_t off, uint32_t v)
{
    pd_write(&p, bar + off, v, 4);
}

static void drain(void)
{
    pbt_net_full(wire, 0);
    while (pbt_net_take(wire, NULL, 0, NULL))
        sent++;
}

static void put(uint64_t addr, uint32_t lower, uint32_t upper)
{
    uint8_t *d = pd_host(&p, tx + 16 * tail);

    memcpy(d, &addr, 8);
    memcpy(d + 8, &lower, 4);
    memcpy(d + 12, &upper, 4);
    tail = (tail + 1) % RING;
}

static void restart(void)
{
    uint8_t f[100] = "\x52\x54\x00\x12\x34\x56";

    drain();
    pbt_reset_all(p.b, PB_RESET_COLD);
    p.mem = PD_MEM;
    p.io = 0x1000;
    pd_setup(&p, BDF);
    bar = pd_bar(&p, BDF, 0);
    tail = 0;
    wr(0x3800, (uint32_t)tx);
    wr(0x3808, 16 * RING);
    wr(0x400, 2);
    for (uint32_t i = 0; i < RING; i++) {
        uint64_t at = PD_RAM + 0x10000 + 2048 * i;
        memcpy(pd_host(&p, rx + 16 * i), &at, 8);
    }
    wr(0x2800, (uint32_t)rx);
    wr(0x2808, 16 * RING);
    wr(0x2818, RING - 1);
    wr(0x100, 2 | 1 << 15);
    put(PD_RAM, 64 | 1 << 24, 0);
    wr(0x3818, tail);
    pbt_net_inject(wire, f, sizeof f, 0);
    if (pbt_net_sent(wire) != 1 || pd_read(&p, bar + 0x2810, 4) != 1) {
        fprintf(stderr, "fuzz-e1000: a reset did not recover the controller\n");
        exit(1);
    }
    drain();
    restarts++;
}

static void descriptor(void)
{
    uint64_t addr = rnd(8) ? PD_RAM + rnd(PD_RAM_LEN / 2) : wild();
    uint32_t lower = rnd(64) << 26 | (rnd(3) == 0) << 24 | (rnd(8) ? rnd(2000) : (uint32_t)wild());

    if (lower >> 29 & 1)
        lower = (lower & 0xff0fffff) | rnd(3) << 20;
    if ((lower >> 29 & 1) && (lower >> 20 & 15) == 0 && rnd(4)) /* a context that may be right */
        addr = 14 | 24 << 8 | (uint64_t)34 << 32 | (uint64_t)50 << 40;
    put(addr, lower, rnd(2) ? rnd(100) << 8 | rnd(2000) << 16 : (uint32_t)wild());
    if (rnd(3) == 0)
        wr(0x3818, tail);
}

static void from_wire(void)
{
    static uint8_t f[17000];
    uint32_t n = rnd(8) ? 1 + rnd(1600) : 1 + rnd(sizeof f - 1);

    for (uint32_t i = 0; i < 60; i++)
        f[i] = (uint8_t)rnd(256);
    if (rnd(2))
        memcpy(f, "\x52\x54\x00\x12\x34\x56", 6);
    if (rnd(2))
        memcpy(f + 12, "\x08\x00\x45", 3);
    if (pbt_net_inject(wire, f, n, 0) > 0)
        came++;
}

static void step(void)
{
    uint32_t what = rnd(1000);

    if (what < 500) {
        descriptor();
    } else if (what < 700) {
        from_wire();
    } else if (what < 760) {
        wr(0x2818, rnd(RING));
        pd_read(&p, bar + 0xc0, 4);
    } else if (what < 860) {
        uint32_t off = rnd(2) ? 4 * rnd(0x8000) : 4 * (uint32_t[]){0x40, 0x100, 0xa00,
                       0xe00, 0, 4, 8, 0x30}[rnd(8)] + 4 * rnd(12);
        if (rnd(3))
            wr(off, (uint32_t)wild());
        else
            pd_read(&p, bar + off, 4);
    } else if (what < 880) {
        uint64_t io = pd_bar(&p, BDF, 1);
        pd_io_write(&p, io, (uint32_t)wild(), 4);
        pd_io_write(&p, io + 4, (uint32_t)wild(), 4);
    } else if (what < 890) {
        pd_set(&p, BDF, rnd(64) & ~3u, (uint32_t)wild(), 4);
    } else if (what < 950) {
        pbt_net_full(wire, rnd(3) == 0);
        if (rnd(2))
            drain();
    } else if (what < 985) {
        pbt_run_ns(p.b, 1000ll * rnd(5000));
    } else if (what < 990) {
        uint64_t v = wild();
        memcpy(pd_host(&p, (rnd(2) ? rx : tx) + 8 * rnd(2 * RING)), &v, 8);
    } else if (what == 990 && rnd(10) == 0) {
        pbt_reload(p.b);
    } else if (what > 992) {
        restart();
    }
}

int main(int argc, char **argv)
{
    uint64_t n = pbt_count_arg(argc, argv, 100000);

    seed = pbt_seed_arg(argc, argv, seed);
    pd_init(&p, 0);
    pbt_load(p.b, "e1000");
    wire = pbt_net_new(p.b, "w");
    pbt_add_child(p.host, 0, "e1000", "n", "addr=1,netdev=w");
    tx = pd_alloc(&p, 16 * RING, 128);
    rx = pd_alloc(&p, 16 * RING, 128);
    restart();
    for (uint64_t i = 0; i < n; i++)
        step();
    restart();
    printf("e1000: %llu steps, %llu frames out, %llu in, %llu restarts, %llu guest errors\n",
           (unsigned long long)n, (unsigned long long)sent, (unsigned long long)came,
           (unsigned long long)restarts, (unsigned long long)pbt_guest_errors(p.b));
    pbt_free(p.b);
    return !sent || !came;
}
