/* SPDX-License-Identifier: MIT */
/* The 8254x: what goes out, what comes in, and what the driver reads. Intel 317453. */
#include "pci-driver.h"
#include "suite.h"

#include <string.h>

enum { CTRL = 0x0, STATUS = 0x8, EECD = 0x10, EERD = 0x14, MDIC = 0x20, VET = 0x38, ICR = 0xc0,
       ITR = 0xc4, ICS = 0xc8, IMS = 0xd0, RCTL = 0x100, TCTL = 0x400, RDBAL = 0x2800,
       RDLEN = 0x2808, RDH = 0x2810, RDT = 0x2818, TDBAL = 0x3800, TDLEN = 0x3808,
       TDH = 0x3810, TDT = 0x3818, GPTC = 0x4080, GPRC = 0x4074, RXCSUM = 0x5000,
       MTA = 0x5200, VFTA = 0x5600 };
#define BDF 0x08u
#define RING 8u

static struct pd p;
static pb_dev *wire;
static uint64_t bar, tx, rx, buf;
static uint32_t tail;

static uint32_t rd(uint32_t off)
{
    return (uint32_t)pd_read(&p, bar + off, 4);
}

static void wr(uint32_t off, uint32_t v)
{
    pd_write(&p, bar + off, v, 4);
}

static void begin(void)
{
    pd_init(&p, 0);
    pbt_load(p.b, "e1000");
    wire = pbt_net_new(p.b, "w");
    pbt_add_child(p.host, 0, "e1000", "n", "addr=1,netdev=w,mac=52:54:00:aa:bb:cc");
    pd_setup(&p, BDF);
    bar = pd_bar(&p, BDF, 0);
    tx = pd_alloc(&p, 16 * RING, 128);
    rx = pd_alloc(&p, 16 * RING, 128);
    buf = pd_alloc(&p, 256u << 10, 4096);
    tail = 0;
    wr(TDBAL, (uint32_t)tx);
    wr(TDLEN, 16 * RING);
    wr(TCTL, 2 | 8);
    for (uint32_t i = 0; i < RING; i++)
        *(uint64_t *)(void *)pd_host(&p, rx + 16 * i) = buf + (128u << 10) + 2048 * i;
    wr(RDBAL, (uint32_t)rx);
    wr(RDLEN, 16 * RING);
    wr(RDT, RING - 1);
    wr(RCTL, 2 | 1 << 15 | 1 << 26);
}

static void desc(uint64_t addr, uint32_t lower, uint32_t upper)
{
    uint8_t *d = pd_host(&p, tx + 16 * tail);

    memcpy(d, &addr, 8);
    memcpy(d + 8, &lower, 4);
    memcpy(d + 12, &upper, 4);
    tail = (tail + 1) % RING;
}

static uint16_t fold(const uint8_t *f, uint32_t n, uint32_t s)
{
    for (uint32_t i = 0; i < n; i++)
        s += (uint32_t)f[i] << (i & 1 ? 0 : 8);
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

static void eeprom_and_phy(void)
{
    uint32_t sum = 0, word = 0;

    begin();
    CU_ASSERT_EQUAL(pd_cfg(&p, BDF, 0, 4), 0x100e8086);
    for (uint32_t i = 0; i < 64; i++) {
        wr(EERD, 1 | i << 8);
        CU_ASSERT_EQUAL(rd(EERD) & 0x10, 0x10);
        sum += rd(EERD) >> 16;
    }
    CU_ASSERT_EQUAL(sum & 0xffff, 0xbaba);
    wr(EECD, 0x40);
    CU_ASSERT_EQUAL(rd(EECD) & 0x80, 0x80);
    for (uint32_t i = 0, bits = 6 << 6 | 1; i < 9; i++) { /* read word 1 by the microwire */
        uint32_t di = bits >> (8 - i) & 1 ? 4 : 0;
        wr(EECD, 0x42 | di);
        wr(EECD, 0x43 | di);
    }
    for (uint32_t i = 0; i < 16; i++) {
        wr(EECD, 0x42);
        wr(EECD, 0x43);
        word = word << 1 | (rd(EECD) >> 3 & 1);
    }
    CU_ASSERT_EQUAL(word, 0xaa00);
    wr(MDIC, 2u << 26 | 1 << 21 | 2 << 16);
    CU_ASSERT_EQUAL(rd(MDIC), (0x10000000 | 2u << 26 | 1 << 21 | 2 << 16 | 0x0141));
    wr(MDIC, 2u << 26 | 3 << 21 | 2 << 16); /* no such PHY */
    CU_ASSERT_EQUAL(rd(MDIC) >> 30 & 1, 1);
    CU_ASSERT_EQUAL(rd(STATUS) & 2, 2);
    pd_io_write(&p, pd_bar(&p, BDF, 1), STATUS, 4);
    CU_ASSERT_EQUAL(pd_io_read(&p, pd_bar(&p, BDF, 1) + 4, 4), rd(STATUS));
    pbt_free(p.b);
}

static void frames_go_out(void)
{
    uint8_t f[2000];

    begin();
    for (uint32_t i = 0; i < 200; i++)
        pd_host(&p, buf)[i] = (uint8_t)(i + 2);
    desc(buf, 100, 0); /* in two pieces, with a checksum from 14 on at 50 */
    desc(buf + 100, 100 | 50 << 16 | 1 << 24 | 1 << 26 | 1 << 27, 14 << 8);
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_take(wire, f, sizeof f, NULL), 200);
    CU_ASSERT_EQUAL(fold(f + 14, 186, 52 << 8 | 53), 0xffff);
    CU_ASSERT_EQUAL(*pd_host(&p, tx + 16 + 12) & 1, 1);
    CU_ASSERT_EQUAL(*pd_host(&p, tx + 12) & 1, 0);
    CU_ASSERT_EQUAL(rd(TDH), 2);
    CU_ASSERT_EQUAL(rd(ICR) & 3, 3);
    wr(VET, 0x8100);
    wr(CTRL, 1 << 30);
    desc(buf, 20 | 1 << 24 | 1 << 30, 0x123u << 16); /* tagged, then padded */
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_take(wire, f, sizeof f, NULL), 60);
    CU_ASSERT_EQUAL(memcmp(f + 12, "\x81\x00\x01\x23", 4), 0);
    pbt_net_full(wire, 1);
    desc(buf, 64 | 1 << 24, 0);
    desc(buf, 65 | 1 << 24, 0);
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 0);
    pbt_reload(p.b);
    pbt_net_full(wire, 0);
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_take(wire, f, sizeof f, NULL), 64);
    CU_ASSERT_EQUAL(pbt_net_take(wire, f, sizeof f, NULL), 65);
    CU_ASSERT_EQUAL(rd(GPTC), 4);
    CU_ASSERT_EQUAL(rd(GPTC), 0); /* reading clears */
    desc(0x10, 64 | 1 << 24, 0); /* not in memory */
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 0);
    CU_ASSERT_EQUAL(rd(TDH), tail);
    pbt_free(p.b);
}

static void a_packet_is_cut_to_segments(void)
{
    uint8_t f[2000], *h;
    uint32_t seen = 0;

    begin();
    h = pd_host(&p, buf);
    memset(h, 0x11, 12);
    memcpy(h + 12, "\x08\x00\x45\x00\x00\x00\x00\x07\x40\x00\x40\x06\x00\x00", 14);
    memcpy(h + 26, "\x0a\x00\x00\x01\x0a\x00\x00\x02\x10\x00\x20\x00\x00\x00\x01\x00", 16);
    h[46] = 0x50;
    h[47] = 0x19; /* FIN, PSH, ACK */
    uint32_t ph = fold(h + 26, 8, 6);
    h[50] = (uint8_t)(ph >> 8), h[51] = (uint8_t)ph;
    for (uint32_t i = 54; i < 54 + 3000; i++)
        h[i] = (uint8_t)(i * 3);
    desc(14 | 24 << 8 | 33u << 16 | (uint64_t)34 << 32 | (uint64_t)50 << 40,
         3000 | 7u << 24 | 1u << 29, 54 << 8 | 1400u << 16);
    desc(buf, 3054 | 1 << 20 | 1u << 24 | 1u << 26 | 1u << 29, 3 << 8);
    wr(TDT, tail);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 3);
    for (uint32_t k = 0; k < 3; k++) {
        size_t n = pbt_net_take(wire, f, sizeof f, NULL);
        uint32_t seq = (uint32_t)f[38] << 24 | (uint32_t)f[39] << 16 | (uint32_t)f[40] << 8 | f[41];
        CU_ASSERT_EQUAL(n, k < 2 ? 1454 : 254);
        CU_ASSERT_EQUAL(seq, 0x100 + seen);
        CU_ASSERT_EQUAL(f[16] << 8 | f[17], (int)n - 14);
        CU_ASSERT_EQUAL(f[19], 7 + k);
        CU_ASSERT_EQUAL(f[47], k < 2 ? 0x10 : 0x19);
        CU_ASSERT_EQUAL(fold(f + 14, 20, 0), 0xffff);
        uint32_t pseudo = fold(f + 26, 8, 6 + (uint32_t)n - 34);
        CU_ASSERT_EQUAL(fold(f + 34, (uint32_t)n - 34, pseudo), 0xffff);
        CU_ASSERT_EQUAL(memcmp(f + 54, h + 54 + seen, n - 54), 0);
        seen += (uint32_t)n - 54;
    }
    CU_ASSERT_EQUAL(seen, 3000);
    pbt_free(p.b);
}

static uint32_t arrived(void)
{
    return rd(RDH);
}

static void frames_come_in(void)
{
    uint8_t f[1600];

    begin();
    memset(f, 0x42, sizeof f);
    memcpy(f, "\x52\x54\x00\xaa\xbb\xcc", 6);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, 100, 0), 100);
    CU_ASSERT_EQUAL(arrived(), 1);
    uint8_t *d = pd_host(&p, rx);
    CU_ASSERT_EQUAL(d[8], 100);
    CU_ASSERT_EQUAL(d[12] & 3, 3);
    CU_ASSERT_EQUAL(memcmp(pd_host(&p, buf + (128u << 10)), f, 100), 0);
    CU_ASSERT_EQUAL(rd(ICR) & 0x80, 0x80);
    f[0] = 0x54; /* another's */
    pbt_net_inject(wire, f, 100, 0);
    CU_ASSERT_EQUAL(arrived(), 1);
    f[0] = 0x01; /* multicast: address 01:54:00:aa:bb:cc, bits 47:36 of it */
    pbt_net_inject(wire, f, 100, 0);
    CU_ASSERT_EQUAL(arrived(), 1);
    uint32_t h = (0xcc << 8 | 0xbb) >> 4;
    wr(MTA + 4 * (h >> 5), 1u << (h & 31));
    pbt_net_inject(wire, f, 100, 0);
    CU_ASSERT_EQUAL(arrived(), 2);
    memset(f, 0xff, 6);
    pbt_net_inject(wire, f, 20, 0); /* broadcast, short: padded */
    CU_ASSERT_EQUAL(arrived(), 3);
    CU_ASSERT_EQUAL(pd_host(&p, rx + 32)[8], 60);
    wr(RCTL, 2 | 1 << 15 | 1 << 5 | 3 << 16); /* 256-byte buffers, with the check sequence */
    pbt_net_inject(wire, f, 600, 0);
    CU_ASSERT_EQUAL(arrived(), 6);
    CU_ASSERT_EQUAL(pd_host(&p, rx + 16 * 5)[8], 604 - 512);
    CU_ASSERT_EQUAL(pd_host(&p, rx + 16 * 4)[12] & 2, 0);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, 600, 0), PB_EAGAIN); /* one buffer is left */
    CU_ASSERT_EQUAL(rd(ICR) & 0x40, 0x40);
    CU_ASSERT_EQUAL(rd(GPRC), 4);
    pbt_reload(p.b);
    wr(RCTL, 0);
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, 100, 0), 100); /* lost */
    CU_ASSERT_EQUAL(arrived(), 6);
    pbt_free(p.b);
}

static void interrupts_are_moderated(void)
{
    begin();
    rd(ICR);
    wr(IMS, 4);
    wr(ITR, 4000); /* 1.024 ms */
    wr(ICS, 4);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    CU_ASSERT_EQUAL(rd(ICR), 4);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    wr(ICS, 4);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0); /* too early */
    pbt_run_ns(p.b, 1000000);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 0);
    pbt_reload(p.b);
    pbt_run_ns(p.b, 50000);
    CU_ASSERT_EQUAL(pbt_level(p.host, "irq", 1), 1);
    wr(ICS, 1 << 4); /* not asked for */
    CU_ASSERT_EQUAL(rd(ICR), 0x14);
    pbt_free(p.b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"EEPROM and PHY", eeprom_and_phy},
        {"frames go out", frames_go_out},
        {"a packet is cut to segments", a_packet_is_cut_to_segments},
        {"frames come in", frames_come_in},
        {"interrupts are moderated", interrupts_are_moderated},
    };
    return SUITE_RUN("e1000", tests);
}
