/* SPDX-License-Identifier: MIT */
/* cfi-flash: the command set as drivers use it, on both chips and on one, with locks, errors,
 * write-back to a drive, and a reload in the middle of a buffered write. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SIZE (32u << 20)
#define SECTOR (256u << 10)

static uint64_t rd(pb_dev *f, uint64_t off)
{
    return pbt_read(f, 0, off, 4);
}

static void wr(pb_dev *f, uint64_t off, uint32_t v)
{
    pbt_write(f, 0, off, v, 4);
}

static void cmd(pb_dev *f, uint64_t off, uint8_t c) /* to both chips */
{
    wr(f, off, c | (uint32_t)c << 16);
}

static pbt *bench(pb_dev **f, const char *props)
{
    pbt *b = pbt_new();

    pbt_load(b, "cfi-flash");
    *f = pbt_add(b, "cfi-flash", "flash0", props);
    return b;
}

static void test_query(void)
{
    static const uint8_t qry[] = {'Q', 'R', 'Y', 1, 0};
    pb_dev *f;
    pbt *b = bench(&f, NULL);

    cmd(f, 0x55 * 4, 0x98);
    for (uint32_t i = 0; i < sizeof qry; i++)
        CU_ASSERT_EQUAL(rd(f, (0x10 + i) * 4), qry[i] | (uint32_t)qry[i] << 16);
    CU_ASSERT_EQUAL(rd(f, 0x27 * 4), 0x180018); /* 16 MiB each */
    CU_ASSERT_EQUAL(rd(f, 0x2d * 4), 0x7f007f); /* 128 blocks of 128 KiB */
    CU_ASSERT_EQUAL(rd(f, 0x2f * 4), 0);
    CU_ASSERT_EQUAL(rd(f, 0x30 * 4), 0x20002);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0x10 * 4 + 2, 2), 'Q'); /* the upper chip alone */
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0x11 * 4, 1), 'R');
    cmd(f, 0, 0x90);
    CU_ASSERT_EQUAL(rd(f, 0), 0x890089);
    cmd(f, 0, 0xff);
    CU_ASSERT_EQUAL(rd(f, 0), 0);
    pbt_free(b);
}

static void erase(pb_dev *f, uint64_t off)
{
    cmd(f, off, 0x20);
    cmd(f, off, 0xd0);
}

static void test_erase_and_program(void)
{
    pb_dev *f;
    pbt *b = bench(&f, NULL);

    erase(f, SECTOR + 0x100);
    CU_ASSERT_EQUAL(rd(f, 0), 0x800080);
    cmd(f, 0, 0xff);
    CU_ASSERT_EQUAL(rd(f, SECTOR), 0xffffffff);
    CU_ASSERT_EQUAL(rd(f, 2 * SECTOR - 4), 0xffffffff);
    CU_ASSERT_EQUAL(rd(f, SECTOR - 4), 0);
    CU_ASSERT_EQUAL(rd(f, 2 * SECTOR), 0);
    cmd(f, 0, 0x40);
    wr(f, SECTOR + 8, 0x12345678);
    cmd(f, 0, 0xff);
    CU_ASSERT_EQUAL(rd(f, SECTOR + 8), 0x12345678);
    cmd(f, 0, 0x10);
    wr(f, SECTOR + 8, 0xffff00ff); /* bits are cleared, never set */
    cmd(f, 0, 0xff);
    CU_ASSERT_EQUAL(rd(f, SECTOR + 8), 0x12340078);
    pbt_write(f, 0, SECTOR + 14, 0x40, 2); /* one chip alone */
    CU_ASSERT_EQUAL(rd(f, SECTOR + 12), 0x0080ffff);
    pbt_write(f, 0, SECTOR + 14, 0xabcd, 2);
    pbt_write(f, 0, 2, 0xff, 2);
    CU_ASSERT_EQUAL(rd(f, SECTOR + 12), 0xabcdffff);
    CU_ASSERT_EQUAL(pbt_read(f, 0, SECTOR + 8, 8), 0xabcdffff12340078);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    cmd(f, 0, 0x77);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 2); /* both chips */
    pbt_free(b);
}

static void test_buffered_write(void)
{
    pb_dev *f;
    pbt *b = bench(&f, NULL);

    erase(f, 0);
    cmd(f, 0, 0xe8);
    CU_ASSERT_EQUAL(rd(f, 0), 0x800080);
    wr(f, 0, 0x1f001f); /* 32 words a chip */
    for (uint32_t i = 0; i < 32; i++) {
        wr(f, 0x40 + 4 * i, 0xcafe0000 + i);
        if (i == 10)
            pbt_reload(b);
    }
    cmd(f, 0, 0xd0);
    CU_ASSERT_EQUAL(rd(f, 0), 0x800080);
    cmd(f, 0, 0xff);
    CU_ASSERT_EQUAL(rd(f, 0x40), 0xcafe0000);
    CU_ASSERT_EQUAL(rd(f, 0x40 + 31 * 4), 0xcafe001f);
    CU_ASSERT_EQUAL(rd(f, 0x40 + 32 * 4), 0xffffffff);
    cmd(f, 0, 0xe8); /* across blocks */
    wr(f, 0, 0x10001);
    wr(f, SECTOR - 4, 0);
    wr(f, SECTOR, 0);
    cmd(f, 0, 0xd0);
    CU_ASSERT_EQUAL(rd(f, 0), 0xb000b0);
    cmd(f, 0, 0x50);
    cmd(f, 0, 0x70);
    CU_ASSERT_EQUAL(rd(f, 0), 0x800080);
    cmd(f, 0, 0xe8); /* more words than the buffer has */
    wr(f, 0, 0x1000100);
    CU_ASSERT_EQUAL(rd(f, 0), 0xb000b0);
    pbt_free(b);
}

static void test_locks(void)
{
    pb_dev *f;
    pbt *b = bench(&f, NULL);

    cmd(f, SECTOR, 0x60);
    cmd(f, SECTOR, 0x01);
    cmd(f, 0, 0x90);
    CU_ASSERT_EQUAL(rd(f, SECTOR + 8), 0x10001);
    CU_ASSERT_EQUAL(rd(f, 8), 0);
    erase(f, SECTOR);
    CU_ASSERT_EQUAL(rd(f, 0), 0xa200a2); /* erase error, locked */
    cmd(f, 0, 0x50);
    cmd(f, SECTOR, 0x60);
    cmd(f, SECTOR, 0xd0);
    erase(f, SECTOR);
    CU_ASSERT_EQUAL(rd(f, 0), 0x800080);
    cmd(f, 0, 0x20);
    cmd(f, 0, 0x11); /* no confirmation */
    CU_ASSERT_EQUAL(rd(f, 0), 0xb000b0);
    pbt_reset(f, PB_RESET_COLD);
    CU_ASSERT_EQUAL(rd(f, SECTOR), 0xffffffff); /* array mode, contents kept */
    pbt_free(b);
}

static void test_drive(void)
{
    pbt *b = pbt_new();
    pb_dev *d = pbt_block_new(b, "d0", SIZE, 0);
    uint8_t *disk = pbt_block_data(d);

    memset(disk, 0xff, SIZE);
    disk[5] = 0x5a;
    pbt_load(b, "cfi-flash");
    pb_dev *f = pbt_add(b, "cfi-flash", "flash0", "drive=d0");
    CU_ASSERT_EQUAL(rd(f, 4), 0xffff5aff);
    cmd(f, 0, 0x40);
    wr(f, SIZE - 4, 0x11223344);
    CU_ASSERT_EQUAL(pbt_block_count(d, PB_BLK_WRITE), 0);
    pbt_run_ns(b, 50000000);
    CU_ASSERT_EQUAL(pbt_block_count(d, PB_BLK_WRITE), 1);
    CU_ASSERT_EQUAL(memcmp(disk + SIZE - 4, "\x44\x33\x22\x11", 4), 0);
    pbt_block_hold(d, 1); /* changes while a write is on its way are not lost */
    cmd(f, 0, 0x40);
    wr(f, 0x100, 0);
    pbt_run_ns(b, 50000000);
    CU_ASSERT_EQUAL(pbt_block_in_flight(d), 1);
    cmd(f, 0, 0x40);
    wr(f, 0x104, 0);
    pbt_remove(f); /* drains */
    CU_ASSERT_EQUAL(memcmp(disk + 0x100, "\0\0\0\0\0\0\0", 8), 0);
    pbt_free(b);
}

static void test_drive_errors(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "cfi-flash");
    pbt_block_new(b, "small", 1 << 20, 0);
    pb_dev *f = pbt_create(b, NULL, 0, "cfi-flash", "f0", "drive=small");
    CU_ASSERT_EQUAL(pbt_realize(f), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "requires 33554432 bytes, drive 'small' provides "
                                                "1048576 bytes"));
    pbt_block_new(b, "ro", SIZE, 1);
    f = pbt_add(b, "cfi-flash", "f1", "drive=ro");
    erase(f, 0);
    CU_ASSERT_EQUAL(rd(f, 0), 0xa800a8); /* erase error, Vpp low */
    pb_dev *bad = pbt_block_new(b, "bad", SIZE, 0);
    pbt_block_fail(bad, PB_BLK_READ, PB_EIO);
    f = pbt_create(b, NULL, 0, "cfi-flash", "f2", "drive=bad");
    CU_ASSERT_EQUAL(pbt_realize(f), PB_EIO);
    pbt_block_fail(bad, PB_BLK_READ, 0);
    pbt_block_fail(bad, PB_BLK_WRITE, PB_EIO);
    f = pbt_add(b, "cfi-flash", "f3", "drive=bad");
    erase(f, 0);
    pbt_run_ns(b, 50000000);
    CU_ASSERT_EQUAL(pbt_logged(b, PB_LOG_ERROR), 1);
    f = pbt_create(b, NULL, 0, "cfi-flash", "f4", "size=3M");
    CU_ASSERT_EQUAL(pbt_realize(f), PB_EINVAL);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"query and identifier", test_query},
        {"erase and program", test_erase_and_program},
        {"buffered write", test_buffered_write},
        {"locks and sequence errors", test_locks},
        {"drive", test_drive},
        {"drive errors", test_drive_errors},
    };

    return SUITE_RUN("cfi-flash", tests);
}
