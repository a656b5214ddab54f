/* SPDX-License-Identifier: MIT */
/* test-usb-storage-commands.c - claim: what is written is read again, through a reload, too;
 * errors, short and long transfers and broken command blocks end as Bulk-Only Transport 1.0
 * says. */
#include "suite.h"
#include "usb-driver.h"

#include <string.h>

#define IN 0x80u
#define DISK (1u << 20)

static struct ud u;
static pb_dev *disk;
static uint32_t tag, residue;

static void plug(uint32_t read_only)
{
    ud_init(&u);
    pbt_load(u.b, "usb-storage");
    disk = pbt_block_new(u.b, "d0", DISK, read_only);
    pbt_add_child(u.hc, 0, "usb-storage", "s", "port=1,drive=d0");
    CU_ASSERT_EQUAL(ud_configure(&u, 2, 1), 0);
}

static void clear_halt(uint32_t ep)
{
    CU_ASSERT_EQUAL(ud_control(&u, 2, 2, 1, 0, ep, NULL, 0), 0);
}

static int cbw(const void *cdb, uint32_t cdb_len, uint32_t dir, uint32_t n)
{
    uint8_t c[31] = {'U', 'S', 'B', 'C'};

    memcpy(c + 4, &(uint32_t){++tag}, 4);
    memcpy(c + 8, &n, 4);
    c[12] = (uint8_t)dir;
    c[14] = (uint8_t)cdb_len;
    memcpy(c + 15, cdb, cdb_len);
    return ud_out(&u, 2, 2, c, 31);
}

/* The status block's status; -1: none came. */
static int csw(void)
{
    const uint8_t *b = u.ram + (UD_BUF - UD_RAM);
    int rc = ud_in(&u, 2, 1, 512);

    if (rc == PB_USB_STALL) {
        clear_halt(0x81);
        rc = ud_in(&u, 2, 1, 512);
    }
    if (rc != 13 || memcmp(b, "USBS", 4) || memcmp(b + 4, &tag, 4))
        return -1;
    memcpy(&residue, b + 8, 4);
    return b[12];
}

/* A whole command with data one way. */
static int run(const void *cdb, uint32_t cdb_len, uint32_t dir, void *data, uint32_t n)
{
    int rc = cbw(cdb, cdb_len, dir, n);

    if (rc == 31 && n)
        rc = dir ? ud_in(&u, 2, 1, n) : ud_out(&u, 2, 2, data, n);
    if (rc == PB_USB_STALL)
        clear_halt(dir ? 0x81 : 2);
    else if (dir && rc > 0)
        memcpy(data, u.ram + (UD_BUF - UD_RAM), (size_t)rc);
    return csw();
}

static uint32_t sense(void)
{
    uint8_t b[18] = {0};

    CU_ASSERT_EQUAL(run("\x03\0\0\0\x12\0", 6, IN, b, 18), 0);
    return (uint32_t)b[2] << 16 | (uint32_t)b[12] << 8 | b[13];
}

static void written_is_read(void)
{
    static uint8_t w[65536], r[65536];

    plug(0);
    for (uint32_t i = 0; i < sizeof w; i++)
        w[i] = (uint8_t)(i * 31 + (i >> 9));
    CU_ASSERT_EQUAL(run("\x2a\0\0\0\0\x08\0\0\x80\0", 10, 0, w, sizeof w), 0);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(disk) + 8 * 512, w, sizeof w), 0);
    CU_ASSERT_EQUAL(run("\x28\0\0\0\0\x08\0\0\x80\0", 10, IN, r, sizeof r), 0);
    CU_ASSERT_EQUAL(memcmp(r, w, sizeof w), 0);
    CU_ASSERT_EQUAL(residue, 0);
    CU_ASSERT_EQUAL(run("\x35\0\0\0\0\0\0\0\0\0", 10, 0, NULL, 0), 0);
    CU_ASSERT_EQUAL(pbt_block_count(disk, PB_BLK_FLUSH), 1);
    CU_ASSERT_EQUAL(run("\x2a\x08\0\0\0\0\0\0\1\0", 10, 0, w, 512), 0);
    CU_ASSERT_EQUAL(pbt_block_flags(disk), PB_BLK_FUA);
    memset(w, 0, 512);
    CU_ASSERT_EQUAL(run("\x93\0\0\0\0\0\0\0\0\x08\0\0\0\x10\0\0", 16, 0, w, 512), 0);
    CU_ASSERT_EQUAL(pbt_block_data(disk)[8 * 512 + 77], 0); /* WRITE SAME */
    CU_ASSERT_EQUAL(pbt_block_data(disk)[24 * 512 + 77], r[16 * 512 + 77]);
    ud_fini(&u);
}

static void waits_cross_a_reload(void)
{
    static uint8_t w[1024];

    plug(0);
    memset(w, 0x5a, sizeof w);
    memset(pbt_block_data(disk), 0x33, 4096);
    CU_ASSERT_EQUAL(cbw("\x2a\0\0\0\0\0\0\0\2\0", 10, 0, 1024), 31);
    CU_ASSERT_EQUAL(ud_out(&u, 2, 2, w, 512), 512);
    pbt_reload(u.b); /* half of the data has come */
    CU_ASSERT_EQUAL(ud_out(&u, 2, 2, w, 512), 512);
    CU_ASSERT_EQUAL(csw(), 0);
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(disk), w, 1024), 0);
    pbt_block_data(disk)[700] = 0x77;
    CU_ASSERT_EQUAL(cbw("\x28\0\0\0\0\0\0\0\2\0", 10, IN, 1024), 31);
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 512), 512);
    pbt_reload(u.b); /* half of it has gone */
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 512), 512);
    CU_ASSERT_EQUAL(u.ram[UD_BUF - UD_RAM + 700 - 512], 0x77);
    CU_ASSERT_EQUAL(csw(), 0);
    pbt_block_hold(disk, 1);
    CU_ASSERT_EQUAL(cbw("\x28\0\0\0\0\0\0\0\2\0", 10, IN, 1024), 31);
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 1024), UD_WAITS);
    ud_cancel(&u);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 0xff, 0, 0, NULL, 0), 0); /* reset in mid-command */
    CU_ASSERT_EQUAL(cbw("\0\0\0\0\0\0", 6, 0, 0), UD_WAITS);
    ud_cancel(&u);
    pbt_block_hold(disk, 0);
    pbt_settle(u.b);
    CU_ASSERT_EQUAL(run("\0\0\0\0\0\0", 6, 0, NULL, 0), 0);
    ud_fini(&u);
}

static void errors(void)
{
    static uint8_t b[4096];

    plug(0);
    CU_ASSERT_EQUAL(run("\x28\0\0\0\x08\0\0\0\1\0", 10, IN, b, 512), 1); /* beyond the end */
    CU_ASSERT_EQUAL(residue, 512);
    CU_ASSERT_EQUAL(sense(), 0x052100);
    CU_ASSERT_EQUAL(sense(), 0);
    CU_ASSERT_EQUAL(run("\xc0\0\0\0\0\0", 6, 0, NULL, 0), 1);
    CU_ASSERT_EQUAL(sense(), 0x052000);
    pbt_block_fail(disk, PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(run("\x28\0\0\0\0\0\0\0\1\0", 10, IN, b, 512), 1);
    CU_ASSERT_EQUAL(sense(), 0x031100);
    pbt_block_fail(disk, PB_BLK_WRITE, PB_ENOSPC);
    CU_ASSERT_EQUAL(run("\x2a\0\0\0\0\0\0\0\1\0", 10, 0, b, 512), 1);
    CU_ASSERT_EQUAL(sense(), 0x072707);
    CU_ASSERT_EQUAL(run("\x28\0\0\0\0\0\0\0\2\0", 10, IN, b, 512), 2); /* case 7: phase error */
    CU_ASSERT_EQUAL(run("\x12\0\0\0\x24\0", 6, 0, b, 36), 2);          /* case 10 */
    CU_ASSERT_EQUAL(run("\x12\0\0\0\xff\0", 6, IN, b, 255), 0);        /* case 5 */
    CU_ASSERT_EQUAL(residue, 255 - 36);
    CU_ASSERT_EQUAL(run("\0\0\0\0\0\0", 6, IN, b, 512), 0); /* case 4 */
    CU_ASSERT_EQUAL(residue, 512);
    ud_fini(&u);
}

static void broken_blocks(void)
{
    uint8_t bad[31] = "USBX";

    plug(0);
    CU_ASSERT_EQUAL(ud_out(&u, 2, 2, bad, 31), PB_USB_STALL);
    clear_halt(2);
    CU_ASSERT_EQUAL(ud_out(&u, 2, 2, bad, 31), PB_USB_STALL); /* until a reset recovery */
    CU_ASSERT_EQUAL(ud_in(&u, 2, 1, 13), PB_USB_STALL);
    CU_ASSERT_EQUAL(ud_control(&u, 2, 0x21, 0xff, 0, 0, NULL, 0), 0);
    clear_halt(0x81);
    clear_halt(2);
    CU_ASSERT_EQUAL(run("\0\0\0\0\0\0", 6, 0, NULL, 0), 0);
    CU_ASSERT_EQUAL(cbw("\0\0\0\0\0\0", 0, 0, 0), PB_USB_STALL); /* no command in it */
    ud_fini(&u);
}

static void read_only(void)
{
    uint8_t b[512] = {0};

    plug(1);
    CU_ASSERT_EQUAL(run("\x1a\0\x3f\0\xc0\0", 6, IN, b, 192), 0);
    CU_ASSERT_EQUAL(b[2] & 0x80, 0x80);
    CU_ASSERT_EQUAL(run("\x2a\0\0\0\0\0\0\0\1\0", 10, 0, b, 512), 1);
    CU_ASSERT_EQUAL(sense(), 0x072700);
    CU_ASSERT_EQUAL(run("\x25\0\0\0\0\0\0\0\0\0", 10, IN, b, 8), 0);
    CU_ASSERT_EQUAL(memcmp(b, "\0\0\x07\xff\0\0\x02\0", 8), 0);
    ud_fini(&u);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"written is read", written_is_read},
        {"what waits crosses a reload", waits_cross_a_reload},
        {"errors and the thirteen cases", errors},
        {"broken command blocks", broken_blocks},
        {"a read-only medium", read_only},
    };
    return SUITE_RUN("usb-storage", tests);
}
