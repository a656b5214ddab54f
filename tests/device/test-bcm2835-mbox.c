/* SPDX-License-Identifier: MIT */
/* bcm2835-mbox: messages with property tags, good ones and hostile ones. */
#include "suite.h"

#include <plugboard/display.h>

#include <string.h>

#define AT 0x1000u
#define BUS 0xc0000000u /* the uncached alias that drivers use */

static pbt *b;
static pb_dev *d;
static uint32_t *ram;

static void bench(const char *props)
{
    b = pbt_new();
    pbt_load(b, "bcm2835");
    ram = (uint32_t *)(void *)pbt_ram(b, 0, 1 << 20);
    pbt_add(b, "bcm2835-thermal", "t0", NULL);
    d = pbt_add(b, "bcm2835-mbox", "d0", props ? props : "sensor=t0,mac=b8:27:eb:12:34:56");
    pbt_write(d, 0, 0x1c, 1, 4);
}

/* Sends n words at AT; the code of the answer. */
static uint32_t ask(const uint32_t *w, uint32_t n)
{
    memcpy(ram + AT / 4, w, 4 * n);
    pbt_write(d, 0, 0x20, BUS | AT | 8, 4);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 4), BUS | AT | 8);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 0);
    return ram[AT / 4 + 1];
}

static const uint32_t *answer(void)
{
    return ram + AT / 4;
}

static void test_tags(void)
{
    static const uint32_t many[] = {80, 0, 0x10003, 8, 0, 0, 0, 0x30006, 8, 0, 0, 0,
                                    0x38002, 12, 0, 3, 5000000, 0, 0, 0};

    bench(NULL);
    CU_ASSERT_EQUAL(ask(many, 20), 0x80000000);
    CU_ASSERT_EQUAL(answer()[4], 0x80000006);
    CU_ASSERT_EQUAL(answer()[5], 0x12eb27b8);
    CU_ASSERT_EQUAL(answer()[6] & 0xffff, 0x5634);
    CU_ASSERT_EQUAL(answer()[11], 46000);
    CU_ASSERT_EQUAL(answer()[16], 600000000); /* not below the least rate */
    pbt_reload(b);
    d = pbt_find(b, "d0");
    static const uint32_t rate[] = {32, 0, 0x30002, 8, 0, 3, 0, 0};
    CU_ASSERT_EQUAL(ask(rate, 8), 0x80000000);
    CU_ASSERT_EQUAL(answer()[6], 600000000);
    static const uint32_t domain[] = {32, 0, 0x38030, 8, 0, 6, 1, 0};
    CU_ASSERT_EQUAL(ask(domain, 8), 0x80000000);
    static const uint32_t get[] = {32, 0, 0x30030, 8, 0, 6, 0, 0};
    CU_ASSERT_EQUAL(ask(get, 8), 0x80000000);
    CU_ASSERT_EQUAL(answer()[6], 1);
    static const uint32_t pin[] = {48, 0, 0x38043, 24, 0, 130, 1, 1, 0, 0, 1, 0};
    CU_ASSERT_EQUAL(ask(pin, 12), 0x80000000);
    CU_ASSERT_EQUAL(answer()[5], 0);
    static const uint32_t state[] = {32, 0, 0x30041, 8, 0, 130, 0, 0};
    CU_ASSERT_EQUAL(ask(state, 8), 0x80000000);
    CU_ASSERT_EQUAL(answer()[6], 1);
    pbt_free(b);
    bench("vc-base=0x30000000,vc-size=128M,serial=0x123456789,board-rev=0xa02082");
    static const uint32_t facts[] = {92, 0, 0x10005, 8, 0, 9, 9, 0x10006, 8, 0, 9, 9,
                                     0x10004, 8, 0, 0, 0, 0x10002, 4, 0, 0, 0, 0};
    CU_ASSERT_EQUAL(ask(facts, 23), 0x80000000);
    CU_ASSERT(answer()[5] == 0 && answer()[6] == 0x30000000); /* the split of the memory */
    CU_ASSERT(answer()[10] == 0x30000000 && answer()[11] == 128 << 20);
    CU_ASSERT(answer()[15] == 0x23456789 && answer()[16] == 1);
    CU_ASSERT_EQUAL(answer()[20], 0xa02082);
    static const uint32_t power[] = {32, 0, 0x28001, 8, 0, 3, 1, 0};
    CU_ASSERT_EQUAL(ask(power, 8), 0x80000000);
    static const uint32_t powered[] = {56, 0, 0x20001, 8, 0, 3, 0, 0x20001, 8, 0, 99, 0, 0, 0};
    CU_ASSERT_EQUAL(ask(powered, 14), 0x80000000);
    CU_ASSERT_EQUAL(answer()[6], 1);
    CU_ASSERT_EQUAL(answer()[11] & 2, 2); /* no such device */
    pbt_free(b);
}

static void test_framebuffer(void)
{
    static const uint32_t set[] = {
        104, 0, 0x48003, 8, 0, 320, 200, 0x48004, 8, 0, 320, 99999999, 0x48005, 4, 0, 16,
        0x40008, 4, 0, 0, 0x40001, 8, 0, 16, 0, 0};
    uint32_t w, h;
    uint8_t rgb[3 * 320];

    bench("sensor=t0,vc-base=0x80000,vc-size=1M");
    CU_ASSERT_EQUAL(ask(set, 26), 0x80000000);
    CU_ASSERT_EQUAL(answer()[11], 819); /* lines of 32 bits that fit 1 MiB */
    CU_ASSERT_EQUAL(answer()[19], 640);
    CU_ASSERT_EQUAL(answer()[23], 0xc0080000);
    const struct pb_display *t = pbt_provides(d, PB_DISPLAY);
    CU_ASSERT_EQUAL(t->extent(pbt_self(d), &w, &h), PB_OK);
    CU_ASSERT(w == 320 && h == 200);
    ram[0x80000 / 4] = 0x07e0f800; /* red, green */
    pbt_reload(b);
    d = pbt_find(b, "d0");
    t = pbt_provides(d, PB_DISPLAY);
    t->line(pbt_self(d), 0, rgb);
    CU_ASSERT(rgb[0] == 255 && rgb[1] == 0 && rgb[2] == 0);
    CU_ASSERT(rgb[3] == 0 && rgb[4] == 255 && rgb[5] == 0);
    static const uint32_t depth[] = {28, 0, 0x44005, 4, 0, 13, 0};
    CU_ASSERT_EQUAL(ask(depth, 7), 0x80000000);
    CU_ASSERT_EQUAL(answer()[5], 32); /* what it would take; nothing changes */
    static const uint32_t release[] = {24, 0, 0x48001, 0, 0, 0};
    CU_ASSERT_EQUAL(ask(release, 6), 0x80000000);
    CU_ASSERT_EQUAL(t->extent(pbt_self(d), &w, &h), PB_ENOENT);
    pbt_free(b);
}

static void test_hostile(void)
{
    static const uint32_t unknown[] = {32, 0, 0xdeadbeef, 8, 0, 1, 2, 0};
    static const uint32_t room[] = {32, 0, 0x10003, 0xfffffff0, 0, 1, 2, 0};
    static const uint32_t shorter[] = {12, 0, 0x10003, 8};
    static const uint32_t small[] = {8, 0};
    static const uint32_t large[] = {0xffffffff, 0};
    static const uint32_t odd[] = {32, 0, 0x10003, 1, 0, 0, 0, 0};

    bench(NULL);
    CU_ASSERT_EQUAL(ask(unknown, 8), 0x80000000);
    CU_ASSERT_EQUAL(answer()[4], 0);
    CU_ASSERT_EQUAL(answer()[5], 1);
    CU_ASSERT_EQUAL(ask(room, 8), 0x80000001);
    CU_ASSERT_EQUAL(ask(shorter, 4), 0x80000001);
    CU_ASSERT_EQUAL(ask(small, 2), 0x80000001);
    CU_ASSERT_EQUAL(ask(large, 2), 0x80000001);
    CU_ASSERT_EQUAL(ask(odd, 8), 0x80000000);
    CU_ASSERT_EQUAL(answer()[5], 0xb8); /* one byte of six */
    pbt_write(d, 0, 0x20, 0x3ffffff8, 4); /* no memory there */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 5);
    for (int i = 0; i < 9; i++)
        pbt_write(d, 0, 0x20, BUS | AT | 8, 4);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0x18, 4) >> 31, 1);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 7);
    pbt_free(b);
}

static void test_properties(void)
{
    bench(NULL);
    CU_ASSERT_PTR_NULL(pbt_create(b, NULL, 0, "bcm2835-mbox", "x", "vc-base=0x80000000"));
    pb_dev *m = pbt_create(b, NULL, 0, "bcm2835-mbox", "y", "vc-base=0x3c000000,vc-size=128M");
    CU_ASSERT_EQUAL(pbt_realize(m), PB_EINVAL);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"tags", test_tags}, {"framebuffer", test_framebuffer}, {"hostile", test_hostile},
        {"properties", test_properties}};

    return SUITE_RUN("bcm2835-mbox", tests);
}
