/* SPDX-License-Identifier: MIT */
/* sd-card: identification, registers, blocks read and written, erase, write protection, sizes, and
 * what is not allowed. The test is the host, on the slot. */
#include "suite.h"

#include <plugboard/sd.h>

#include <string.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static pbt *b;
static pb_dev *card, *node;
static const struct pb_sd_card *sd;
static void *self;
static uint32_t r[4], rca;

static void find(void)
{
    card = pbt_find(b, "card");
    sd = pbt_provides(card, PB_SD_CARD);
    self = pbt_self(card);
}

static void bench(uint64_t bytes, uint32_t read_only)
{
    b = pbt_new();
    pbt_load(b, "sd");
    node = pbt_block_new(b, "image", bytes, read_only);
    pb_dev *slot = pbt_add(b, "sd-slot", "slot", NULL);
    pbt_add_child(slot, 0, "sd-card", "card", "drive=image");
    find();
}

static uint32_t cmd(uint32_t n, uint32_t arg)
{
    pbt_enter(card);
    uint32_t kind = sd->command(self, n, arg, r);
    pbt_leave(card);
    return kind;
}

static uint32_t acmd(uint32_t n, uint32_t arg)
{
    CU_ASSERT_EQUAL(cmd(55, rca << 16), PB_SD_SHORT);
    return cmd(n, arg);
}

static uint32_t get(void *buf, uint32_t n)
{
    uint32_t got = 0;

    for (int tries = 0; got < n && tries < 100; tries++) {
        pbt_settle(b);
        pbt_enter(card);
        got += sd->read(self, (uint8_t *)buf + got, n - got);
        pbt_leave(card);
    }
    return got;
}

static uint32_t put(const void *buf, uint32_t n)
{
    uint32_t got = 0;

    for (int tries = 0; got < n && tries < 100; tries++) {
        pbt_enter(card);
        got += sd->write(self, (const uint8_t *)buf + got, n - got);
        pbt_leave(card);
        pbt_settle(b);
    }
    return got;
}

/* CURRENT_STATE that the card tells (4.10.1), and its error bits. */
static uint32_t state(void)
{
    CU_ASSERT_EQUAL(cmd(13, rca << 16), PB_SD_SHORT);
    return r[0] >> 9 & 15;
}

static void identify(void)
{
    rca = 0;
    CU_ASSERT_EQUAL(cmd(0, 0), PB_SD_SILENT);
    CU_ASSERT_EQUAL(cmd(8, 0x1aa), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0], 0x1aa);
    CU_ASSERT_EQUAL(acmd(41, 0), PB_SD_SHORT); /* asks only */
    CU_ASSERT_EQUAL(r[0] >> 31, 0);
    CU_ASSERT_EQUAL(acmd(41, 0x40300000), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] >> 31, 1);
    CU_ASSERT_EQUAL(cmd(2, 0), PB_SD_LONG);
    CU_ASSERT_EQUAL(r[0], 0xaa504250);
    CU_ASSERT_EQUAL(cmd(3, 0), PB_SD_SHORT);
    rca = r[0] >> 16;
    CU_ASSERT_NOT_EQUAL(rca, 0);
}

static void select_card(void)
{
    identify();
    CU_ASSERT_EQUAL(cmd(7, rca << 16), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] >> 9 & 15, 3); /* was stand-by */
    CU_ASSERT_EQUAL(state(), 4);
}

static uint32_t field(uint32_t hi, uint32_t lo)
{
    uint32_t v = 0;

    for (uint32_t bit = lo; bit <= hi; bit++)
        v |= (r[3 - bit / 32] >> bit % 32 & 1) << (bit - lo);
    return v;
}

/* Bytes that the CSD says (5.3). */
static uint64_t csd_bytes(uint64_t image)
{
    bench(image, 0);
    identify();
    CU_ASSERT_EQUAL(cmd(9, rca << 16), PB_SD_LONG);
    uint64_t v = field(127, 126) ? ((uint64_t)field(69, 48) + 1) * 512 * 1024
                                 : ((uint64_t)field(73, 62) + 1) << (field(49, 47) + 2)
                                                                 << field(83, 80);
    pbt_free(b);
    return v;
}

static void test_sizes(void)
{
    CU_ASSERT_EQUAL(csd_bytes(64 * MIB), 64 * MIB);
    CU_ASSERT_EQUAL(csd_bytes(512), 8192);
    CU_ASSERT_EQUAL(csd_bytes(63 * MIB + 512), 63 * MIB + 16384);
    CU_ASSERT_EQUAL(csd_bytes(1 * GIB), 1 * GIB);
    b = pbt_new();
    pbt_load(b, "sd");
    pb_dev *slot = pbt_add(b, "sd-slot", "slot", NULL);
    CU_ASSERT_PTR_NULL(pbt_create(b, slot, 0, "sd-card", "none", NULL)); /* no drive */
    pbt_free(b);
}

/* SDHC: counted in blocks, for hosts that know such cards; an image of any size, with a note. */
static void test_high_capacity(void)
{
    const uint64_t bytes = 3 * GIB + 512;
    uint8_t block[512], behind[512];

    CU_ASSERT_EQUAL(csd_bytes(bytes), 3 * GIB + 512 * 1024);
    bench(bytes, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_last_log(b), "the image of 3221225984 bytes is a card of "
                                  "3221749760: what is missing reads 0 and cannot be written"));
    rca = 0;
    cmd(0, 0);
    cmd(8, 0x1aa);
    acmd(41, 0x00300000);
    CU_ASSERT_EQUAL(r[0] >> 30, 0); /* never ready for a host that counts bytes */
    select_card();
    pbt_block_data(node)[bytes - 1] = 0x5a;
    CU_ASSERT_EQUAL(cmd(17, (uint32_t)(bytes / 512) - 1), PB_SD_SHORT);
    CU_ASSERT_EQUAL(get(block, 512), 512);
    CU_ASSERT_EQUAL(block[511], 0x5a);
    memset(behind, 1, sizeof behind);
    CU_ASSERT_EQUAL(cmd(17, (uint32_t)(bytes / 512)), PB_SD_SHORT); /* the image has ended */
    CU_ASSERT_EQUAL(get(behind, 512), 512);
    CU_ASSERT_EQUAL(behind[0] | behind[511], 0);
    CU_ASSERT_EQUAL(cmd(24, (uint32_t)(bytes / 512)), PB_SD_SHORT);
    CU_ASSERT_EQUAL(put(block, 512), 512);
    state();
    CU_ASSERT_EQUAL(r[0] >> 19 & 1, 1); /* ERROR */
    CU_ASSERT_EQUAL(cmd(17, (3u << 21) + 1024), PB_SD_SHORT); /* and the card */
    CU_ASSERT_EQUAL(r[0] >> 31, 1);
    pbt_free(b);
}

static void test_registers(void)
{
    uint8_t reg[64];

    bench(64 * MIB, 0);
    select_card();
    CU_ASSERT_EQUAL(acmd(51, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] & 0x20, 0x20); /* APP_CMD */
    CU_ASSERT_EQUAL(get(reg, 8), 8);
    CU_ASSERT_EQUAL(reg[1] & 15, 5); /* 1 and 4 lines */
    CU_ASSERT_EQUAL(acmd(6, 2), PB_SD_SHORT);
    CU_ASSERT_EQUAL(acmd(13, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(get(reg, 64), 64);
    CU_ASSERT_EQUAL(reg[0] >> 6, 2);
    CU_ASSERT_EQUAL(cmd(6, 0x80fffff1), PB_SD_SHORT); /* high speed */
    CU_ASSERT_EQUAL(get(reg, 64), 64);
    CU_ASSERT_EQUAL(reg[16] & 15, 1);
    CU_ASSERT_EQUAL(cmd(6, 0x80fffff5), PB_SD_SHORT); /* no such function */
    CU_ASSERT_EQUAL(get(reg, 64), 64);
    CU_ASSERT_EQUAL(reg[16] & 15, 15);
    CU_ASSERT_EQUAL(state(), 4);
    pbt_free(b);
}

static void test_blocks(void)
{
    static uint8_t data[200 * 512], back[200 * 512];
    uint8_t count[4];

    bench(64 * MIB, 0);
    select_card();
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 + i / 512);
    CU_ASSERT_EQUAL(cmd(23, 200), PB_SD_SHORT);
    CU_ASSERT_EQUAL(cmd(25, 4096), PB_SD_SHORT);
    CU_ASSERT_EQUAL(put(data, sizeof data), sizeof data);
    CU_ASSERT_EQUAL(state(), 4);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(node) + 4096, data, sizeof data), 0);
    CU_ASSERT_EQUAL(acmd(22, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(get(count, 4), 4);
    CU_ASSERT_EQUAL(count[3], 200);
    CU_ASSERT_EQUAL(cmd(18, 4096), PB_SD_SHORT); /* until it is stopped */
    CU_ASSERT_EQUAL(get(back, 100 * 512 + 100), 100 * 512 + 100);
    pbt_reload(b); /* in the middle of a block */
    find();
    CU_ASSERT_EQUAL(get(back + 100 * 512 + 100, 512), 512);
    CU_ASSERT_EQUAL(memcmp(back, data, 101 * 512 + 100), 0);
    CU_ASSERT_EQUAL(state(), 5);
    CU_ASSERT_EQUAL(cmd(12, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(state(), 4);
    CU_ASSERT_EQUAL(cmd(25, 0), PB_SD_SHORT); /* stopped within the third block */
    CU_ASSERT_EQUAL(put(data, 1300), 1300);
    CU_ASSERT_EQUAL(cmd(12, 0), PB_SD_SHORT);
    pbt_settle(b);
    CU_ASSERT_EQUAL(state(), 4);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(node), data, 1024), 0);
    CU_ASSERT_EQUAL(pbt_block_data(node)[1024], 0);
    pbt_free(b);
}

static void test_late_medium(void)
{
    uint8_t block[512];

    bench(64 * MIB, 0);
    select_card();
    pbt_block_data(node)[512] = 0x55;
    pbt_block_hold(node, 1);
    CU_ASSERT_EQUAL(cmd(17, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(cmd(12, 0), PB_SD_SHORT); /* given up, while the medium works */
    CU_ASSERT_EQUAL(cmd(17, 512), PB_SD_SHORT);
    pbt_settle(b);
    pbt_enter(card);
    CU_ASSERT_EQUAL(sd->room(self), 0);
    pbt_leave(card);
    pbt_block_hold(node, 0);
    CU_ASSERT_EQUAL(get(block, 512), 512);
    CU_ASSERT_EQUAL(block[0], 0x55);
    pbt_block_fail(node, PB_BLK_WRITE, PB_EIO);
    CU_ASSERT_EQUAL(cmd(24, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(put(block, 512), 512);
    state();
    CU_ASSERT_EQUAL(r[0] >> 19 & 1, 1); /* ERROR */
    pbt_free(b);
}

static void test_erase(void)
{
    bench(64 * MIB, 0);
    select_card();
    memset(pbt_block_data(node), 0xff, 4 * MIB);
    CU_ASSERT_EQUAL(cmd(32, 512), PB_SD_SHORT);
    CU_ASSERT_EQUAL(cmd(33, 2 * MIB), PB_SD_SHORT);
    CU_ASSERT_EQUAL(cmd(38, 0), PB_SD_SHORT);
    pbt_settle(b);
    CU_ASSERT_EQUAL(state(), 4);
    CU_ASSERT_EQUAL(pbt_block_data(node)[511], 0xff);
    CU_ASSERT_EQUAL(pbt_block_data(node)[512], 0);
    CU_ASSERT_EQUAL(pbt_block_data(node)[2 * MIB + 511], 0);
    CU_ASSERT_EQUAL(pbt_block_data(node)[2 * MIB + 512], 0xff);
    CU_ASSERT_EQUAL(cmd(38, 0), PB_SD_SHORT); /* no bounds */
    CU_ASSERT_EQUAL(r[0] >> 28 & 1, 1);
    pbt_free(b);
}

static void test_refused(void)
{
    bench(64 * MIB, 1);
    CU_ASSERT_EQUAL(cmd(17, 0), PB_SD_SILENT); /* idle */
    select_card();
    CU_ASSERT_EQUAL(cmd(24, 0), PB_SD_SHORT); /* read-only */
    CU_ASSERT_EQUAL(r[0] >> 26 & 1, 1);
    CU_ASSERT_EQUAL(state(), 4);
    CU_ASSERT_EQUAL(cmd(17, 100), PB_SD_SHORT); /* misaligned */
    CU_ASSERT_EQUAL(r[0] >> 30 & 1, 1);
    CU_ASSERT_EQUAL(cmd(17, 64 * MIB), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] >> 31, 1);
    CU_ASSERT_EQUAL(cmd(16, 1024), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] >> 29 & 1, 1);
    CU_ASSERT_EQUAL(cmd(50, 0), PB_SD_SILENT);
    state();
    CU_ASSERT_EQUAL(r[0] >> 22 & 1, 1); /* ILLEGAL_COMMAND, told once */
    state();
    CU_ASSERT_EQUAL(r[0] >> 22 & 1, 0);
    CU_ASSERT_EQUAL(cmd(18, 64 * MIB - 512), PB_SD_SHORT); /* over the end */
    uint8_t block[1024];
    CU_ASSERT_EQUAL(get(block, 1024), 512);
    CU_ASSERT_EQUAL(cmd(12, 0), PB_SD_SHORT);
    CU_ASSERT_EQUAL(r[0] >> 31, 1);
    pbt_free(b);
}

/* Any commands with any arguments, data in both directions, reloads; and it still works. */
static void test_fuzz(void)
{
    uint64_t seed = 20220128;
    uint8_t buf[1500];

    bench(8 * MIB, 0);
    for (uint32_t i = 0; i < 60000; i++) {
        uint64_t v = pbt_rand(&seed);
        switch (v % 8) {
        case 0: case 1: case 2: case 3:
            cmd(v >> 8 & 63, (uint32_t)(v >> 16) & (v >> 14 & 1 ? 0xfffe00u : ~0u));
            break;
        case 4:
            select_card();
            break;
        case 5:
            pbt_enter(card);
            sd->read(self, buf, v >> 16 & 1023);
            pbt_leave(card);
            break;
        case 6:
            pbt_enter(card);
            sd->write(self, buf, v >> 16 & 1023);
            pbt_leave(card);
            break;
        default:
            pbt_settle(b);
            if ((v >> 8) % 64 == 0) {
                pbt_reload(b);
                find();
            }
        }
    }
    select_card();
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"sizes", test_sizes}, {"high capacity", test_high_capacity},
        {"registers", test_registers}, {"blocks", test_blocks},
        {"late medium", test_late_medium}, {"erase", test_erase}, {"refused", test_refused},
        {"fuzz", test_fuzz},
    };

    return SUITE_RUN("sd-card", tests);
}
