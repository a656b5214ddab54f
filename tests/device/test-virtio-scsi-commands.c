/* SPDX-License-Identifier: MIT */
/* test-virtio-scsi-commands.c - claim: a disk behind virtio-scsi answers SPC-4's and SBC-3's
 * commands as these say, errors come with sense data, and residuals add up. */
#include "scsi-driver.h"
#include "suite.h"

#include <string.h>

enum { GOOD = 0, CHECK = 2, OVERRUN = 1 << 8, BAD_TARGET = 3 << 8 };
static struct sx s;
static struct sx_result r;

#define CDB(...) (const uint8_t[16]){__VA_ARGS__}, 16
#define IN(n, ...) sx_do(&s, 0, 0, CDB(__VA_ARGS__), NULL, n, 1, &r)
#define OUT(data, n, ...) sx_do(&s, 0, 0, CDB(__VA_ARGS__), data, n, 0, &r)
#define NODATA(...) sx_do(&s, 0, 0, CDB(__VA_ARGS__), NULL, 0, 0, &r)

static void plug(const char *props)
{
    sx_new(&s, NULL);
    sx_disk(&s, "scsi-hd", "d", props);
    CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 16));
}

static void tells_what_it_is(void)
{
    plug("serial=S-77,wwn=0x5000c50015ea71ac,port_wwn=0x5000c50015ea71ad,rotation_rate=7200,"
         "physical_block_size=4096,discard_granularity=4096,product=THING");
    CU_ASSERT_EQUAL(IN(64, 0x12, 0, 0, 0, 64), GOOD); /* before the attention is taken */
    CU_ASSERT_EQUAL(r.residual, 28);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\0\5\2\37\0\0\2PLUGBRD THING           0.1 ", 36), 0);
    CU_ASSERT_EQUAL(NODATA(0), CHECK); /* power on */
    CU_ASSERT_EQUAL(r.sense, 0x062900);
    CU_ASSERT_EQUAL(NODATA(0), GOOD);
    CU_ASSERT_EQUAL(IN(64, 0x12, 1, 0, 0, 64), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\0\0\6\x00\x80\x83\xb0\xb1\xb2", 10), 0);
    CU_ASSERT_EQUAL(IN(64, 0x12, 1, 0x80, 0, 64), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\x80\0\4S-77", 8), 0);
    CU_ASSERT_EQUAL(IN(252, 0x12, 1, 0x83, 0, 252), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\x83\0\x28\2\1\0\14PLUGBRD S-77", 20), 0);
    CU_ASSERT_EQUAL(memcmp(r.data + 20, "\1\3\0\10\x50\0\xc5\0\x15\xea\x71\xac", 12), 0);
    CU_ASSERT_EQUAL(memcmp(r.data + 32, "\x61\x93\0\10\x50\0\xc5\0\x15\xea\x71\xad", 12), 0);
    CU_ASSERT_EQUAL(IN(64, 0x12, 1, 0xb0, 0, 64), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data + 4, "\0\0\0\10", 4), 0); /* eight blocks at a time */
    CU_ASSERT_EQUAL(memcmp(r.data + 20, "\xff\xff\xff\xff\0\0\0\xff\0\0\0\10", 12), 0);
    CU_ASSERT_EQUAL(IN(64, 0x12, 1, 0xb1, 0, 64), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data + 4, "\x1c\x20", 2), 0);
    CU_ASSERT_EQUAL(IN(8, 0x12, 1, 0xb2, 0, 8), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\xb2\0\4\0\xe0\2\0", 8), 0);
    CU_ASSERT_EQUAL(IN(8, 0x12, 1, 0x84, 0, 8), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052400);
    CU_ASSERT_EQUAL(r.residual, 8);
    CU_ASSERT_EQUAL(IN(8, 0x25), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\0\7\xff\0\0\2\0", 8), 0);
    CU_ASSERT_EQUAL(IN(32, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\0\0\0\0\0\7\xff\0\0\2\0\0\3\x80", 15), 0);
    CU_ASSERT_EQUAL(NODATA(0x5e), CHECK); /* persistent reservations are not there */
    CU_ASSERT_EQUAL(r.sense, 0x052000);
    sx_free(&s);
}

static void moves_blocks(void)
{
    uint8_t w[2048];

    for (uint32_t i = 0; i < sizeof w; i++)
        w[i] = (uint8_t)(i * 7 + i / 256);
    plug(NULL);
    sx_ready(&s, 0, 0);
    CU_ASSERT_EQUAL(OUT(w, 2048, 0x2a, 0, 0, 0, 0, 5, 0, 0, 4), GOOD);
    CU_ASSERT_EQUAL(memcmp(sx_medium(&s, "d") + 5 * 512, w, 2048), 0);
    CU_ASSERT_EQUAL(IN(2048, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 4), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, w, 2048), 0);
    CU_ASSERT_EQUAL(r.len, 108 + 2048);
    CU_ASSERT_EQUAL(IN(2048, 0x08, 0, 0, 5, 1), GOOD); /* one block: the rest is residual */
    CU_ASSERT_EQUAL(r.residual, 1536);
    CU_ASSERT_EQUAL(IN(511, 0x28, 0, 0, 0, 0, 5, 0, 0, 1), OVERRUN);
    CU_ASSERT_EQUAL(OUT(w, 512, 0x28, 0, 0, 0, 0, 5, 0, 0, 1), OVERRUN); /* the other direction */
    CU_ASSERT_EQUAL(IN(512, 0x28, 0, 0, 0, 8, 0, 0, 0, 1), CHECK); /* behind the end */
    CU_ASSERT_EQUAL(r.sense, 0x052100);
    CU_ASSERT_EQUAL(r.info, 0x800);
    CU_ASSERT_EQUAL(OUT(w, 512, 0x2a, 8, 0, 0, 0, 1, 0, 0, 1), GOOD); /* FUA */
    CU_ASSERT_EQUAL(pbt_block_flags(pbt_find(s.b, "Kd")), PB_BLK_FUA);
    pbt_block_fail(pbt_find(s.b, "Kd"), PB_BLK_READ, PB_EIO);
    CU_ASSERT_EQUAL(IN(512, 0x28, 0, 0, 0, 0, 9, 0, 0, 1), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x031100);
    CU_ASSERT_EQUAL(r.info, 9);
    pbt_block_fail(pbt_find(s.b, "Kd"), PB_BLK_READ, 0);
    pbt_block_fail(pbt_find(s.b, "Kd"), PB_BLK_WRITE, PB_ENOSPC);
    CU_ASSERT_EQUAL(OUT(w, 512, 0x2a, 0, 0, 0, 0, 9, 0, 0, 1), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x072707);
    CU_ASSERT_EQUAL(NODATA(0x35), GOOD);
    CU_ASSERT_EQUAL(pbt_block_count(pbt_find(s.b, "Kd"), PB_BLK_FLUSH), 1);
    sx_free(&s);
}

static void verifies_and_repeats(void)
{
    uint8_t w[8192] = {0}, block[512];

    plug(NULL);
    sx_ready(&s, 0, 0);
    for (uint32_t i = 0; i < sizeof w; i++)
        sx_medium(&s, "d")[i] = w[i] = (uint8_t)(i + i / 300);
    CU_ASSERT_EQUAL(OUT(w, 8192, 0x2f, 2, 0, 0, 0, 0, 0, 0, 16), GOOD); /* BYTCHK */
    w[8000] ^= 1;
    CU_ASSERT_EQUAL(OUT(w, 8192, 0x2f, 2, 0, 0, 0, 0, 0, 0, 16), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x0e1d00);
    CU_ASSERT_EQUAL(r.info, 8000);
    CU_ASSERT_EQUAL(NODATA(0x2f, 0, 0, 0, 0, 0, 0, 0, 16), GOOD);
    CU_ASSERT_EQUAL(NODATA(0x2f, 6, 0, 0, 0, 0, 0, 0, 16), CHECK);
    memset(block, 0xa5, sizeof block);
    CU_ASSERT_EQUAL(OUT(block, 512, 0x41, 0, 0, 0, 0, 32, 0, 0, 100), GOOD); /* WRITE SAME */
    for (uint32_t i = 31; i < 133; i++)
        CU_ASSERT_EQUAL(sx_medium(&s, "d")[512 * i + 511], i == 31 || i == 132 ? 0 : 0xa5);
    CU_ASSERT_EQUAL(NODATA(0x93, 1, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 8), GOOD); /* NDOB */
    CU_ASSERT_EQUAL(sx_medium(&s, "d")[512 * 40], 0);
    CU_ASSERT_EQUAL(sx_medium(&s, "d")[512 * 48], 0xa5);
    memset(block, 0, sizeof block);
    CU_ASSERT_EQUAL(OUT(block, 512, 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0, 8), GOOD);
    CU_ASSERT_EQUAL(pbt_block_flags(pbt_find(s.b, "Kd")), PB_BLK_MAY_UNMAP);
    CU_ASSERT_EQUAL(sx_medium(&s, "d")[512 * 55], 0);
    sx_free(&s);
}

static void unmaps_ranges(void)
{
    uint8_t list[8 + 3 * 16] = {0, 54, 0, 48};
    pb_dev *node;

    plug(NULL);
    sx_ready(&s, 0, 0);
    node = pbt_find(s.b, "Kd");
    list[8 + 7] = 8, list[8 + 11] = 8;
    list[24 + 7] = 64, list[24 + 11] = 0; /* empty */
    list[40 + 7] = 128, list[40 + 11] = 8;
    CU_ASSERT_EQUAL(OUT(list, sizeof list, 0x42, 0, 0, 0, 0, 0, 0, 0, sizeof list), GOOD);
    CU_ASSERT_EQUAL(pbt_block_count(node, PB_BLK_DISCARD), 2);
    list[40 + 6] = 8; /* the last is outside: none is unmapped */
    CU_ASSERT_EQUAL(OUT(list, sizeof list, 0x42, 0, 0, 0, 0, 0, 0, 0, sizeof list), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052100);
    CU_ASSERT_EQUAL(pbt_block_count(node, PB_BLK_DISCARD), 2);
    list[3] = 49; /* says more than there is */
    CU_ASSERT_EQUAL(OUT(list, sizeof list, 0x42, 0, 0, 0, 0, 0, 0, 0, sizeof list), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x051a00);
    sx_free(&s);
}

static void switches_the_cache(void)
{
    uint8_t off[4 + 20] = {0, 0, 0, 0, 8, 0x12}, w[512] = {1};
    pb_dev *node;

    plug(NULL);
    sx_ready(&s, 0, 0);
    node = pbt_find(s.b, "Kd");
    CU_ASSERT_EQUAL(IN(64, 0x1a, 8, 8, 0, 64), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\27\0\x10\0\10\x12\4", 7), 0);
    CU_ASSERT_EQUAL(OUT(off, sizeof off, 0x15, 0x10, 0, 0, sizeof off), GOOD);
    CU_ASSERT_EQUAL(pbt_block_count(node, PB_BLK_FLUSH), 1);
    CU_ASSERT_EQUAL(OUT(w, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1), GOOD);
    CU_ASSERT_EQUAL(pbt_block_flags(node), PB_BLK_FUA);
    CU_ASSERT_EQUAL(IN(64, 0x1a, 8, 0x48, 0, 64), GOOD); /* what can be changed */
    CU_ASSERT_EQUAL(r.data[6], 4);
    off[4 + 3] = 1; /* and what not */
    CU_ASSERT_EQUAL(OUT(off, sizeof off, 0x15, 0x10, 0, 0, sizeof off), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052600);
    pbt_reload(s.b);
    CU_ASSERT_EQUAL(IN(64, 0x1a, 8, 0x3f, 0, 64), GOOD); /* all pages, as it was */
    CU_ASSERT_EQUAL(r.data[6], 0);
    CU_ASSERT_EQUAL(r.data[24], 0x0a);
    CU_ASSERT_EQUAL(NODATA(0x1b, 0, 0, 0, 0), GOOD); /* stopped */
    CU_ASSERT_EQUAL(IN(512, 0x28, 0, 0, 0, 0, 0, 0, 0, 1), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x020402);
    CU_ASSERT_EQUAL(NODATA(0x1b, 0, 0, 0, 1), GOOD);
    CU_ASSERT_EQUAL(NODATA(0), GOOD);
    sx_free(&s);
}

static void answers_for_absent_units(void)
{
    sx_new(&s, NULL);
    sx_disk(&s, "scsi-hd", "a", "scsi-id=3,lun=0");
    sx_disk(&s, "scsi-hd", "b", "scsi-id=3");
    sx_disk(&s, "scsi-hd", "c", "scsi-id=3,lun=300");
    CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 16));
    CU_ASSERT_EQUAL(NODATA(0), BAD_TARGET);
    CU_ASSERT_EQUAL(sx_do(&s, 3, 0, CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64), NULL, 64, 1, &r), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\0\0\x18\0\0\0\0" "\0\0\0\0\0\0\0\0" "\0\1\0\0\0\0\0\0" "\x41\x2c",
                           26), 0);
    CU_ASSERT_EQUAL(sx_do(&s, 3, 9, CDB(0x12, 0, 0, 0, 36), NULL, 36, 1, &r), GOOD);
    CU_ASSERT_EQUAL(r.data[0], 0x7f);
    CU_ASSERT_EQUAL(sx_do(&s, 3, 9, CDB(0), NULL, 0, 0, &r), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052500);
    CU_ASSERT_EQUAL(sx_do(&s, 3, 9, CDB(3, 0, 0, 0, 18), NULL, 18, 1, &r), GOOD);
    CU_ASSERT_EQUAL(r.data[12], 0x25);
    CU_ASSERT_EQUAL(sx_do(&s, 3, 300, CDB(0x12, 0, 0, 0, 36), NULL, 36, 1, &r), GOOD);
    CU_ASSERT_EQUAL(r.data[0], 0);
    sx_free(&s);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"tells what it is", tells_what_it_is},
        {"moves blocks", moves_blocks},
        {"verifies and repeats", verifies_and_repeats},
        {"unmaps ranges", unmaps_ranges},
        {"switches the cache", switches_the_cache},
        {"answers for absent units", answers_for_absent_units},
    };

    return SUITE_RUN("virtio-scsi commands", tests);
}
