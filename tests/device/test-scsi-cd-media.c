/* SPDX-License-Identifier: MIT */
/* test-scsi-cd-media.c - claim: a CD drive tells of its media as MMC-6 says, while these come and go
 * by the user's hand or the guest's, locked or not. */
#include "scsi-driver.h"
#include "suite.h"

#include <string.h>

enum { GOOD = 0, CHECK = 2, NO_MEDIUM = 0x023a00, CHANGED = 0x062800 };
static struct sx s;
static struct sx_result r;
static pb_dev *node, *cd;

#define CDB(...) (const uint8_t[16]){__VA_ARGS__}, 16
#define IN(n, ...) sx_do(&s, 0, 0, CDB(__VA_ARGS__), NULL, n, 1, &r)
#define NODATA(...) sx_do(&s, 0, 0, CDB(__VA_ARGS__), NULL, 0, 0, &r)
#define SAYS(want, ...) (NODATA(__VA_ARGS__) == CHECK && r.sense == (want))

static void plug(uint64_t bytes)
{
    sx_new(&s, NULL);
    node = pbt_block_new(s.b, "Kc", bytes, 1);
    cd = sx_disk(&s, "scsi-cd", "c", NULL);
    CU_ASSERT_TRUE_FATAL(sx_start(&s, SCSI_F_ALL, 16));
    CU_ASSERT_TRUE(SAYS(0x062900, 0));
}

/* GET EVENT STATUS NOTIFICATION, of media: event << 8 | status. */
static uint32_t news(void)
{
    if (IN(8, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8) != GOOD || memcmp(r.data, "\0\6\4\x10", 4))
        return UINT32_MAX;
    return (uint32_t)r.data[4] << 8 | r.data[5];
}

static void the_user_changes_it(void)
{
    plug(0);
    CU_ASSERT_EQUAL(IN(36, 0x12, 0, 0, 0, 36), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\5\x80", 2), 0);
    CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0));
    CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0x25));
    CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0x43));
    CU_ASSERT_EQUAL(news(), 0);
    for (uint32_t i = 1; i < 4; i++) {
        pbt_block_medium(node, 2048 * 100 * i);
        CU_ASSERT_EQUAL(news(), 0x0202); /* is told while the attention waits */
        CU_ASSERT_TRUE(SAYS(CHANGED, 0));
        CU_ASSERT_EQUAL(NODATA(0), GOOD);
        CU_ASSERT_EQUAL(news(), 0x0002);
        CU_ASSERT_EQUAL(IN(8, 0x25), GOOD);
        CU_ASSERT_EQUAL(r.data[2] << 8 | r.data[3], 100 * i - 1);
        CU_ASSERT_EQUAL(r.data[6], 8);
        pbt_reload(s.b);
        CU_ASSERT_EQUAL(NODATA(0), GOOD);
        pbt_block_medium(node, 0);
        CU_ASSERT_EQUAL(news(), 0x0301);
        CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0));
    }
    sx_free(&s);
}

static void the_guest_ejects_it(void)
{
    plug(2048 * 50);
    CU_ASSERT_EQUAL(NODATA(0), GOOD);
    CU_ASSERT_EQUAL(NODATA(0x1b, 0, 0, 0, 2), GOOD);
    CU_ASSERT_EQUAL(news(), 0x0301);
    CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0));
    CU_ASSERT_EQUAL(IN(8, 0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8), GOOD);
    CU_ASSERT_EQUAL(r.data[1], 0x10); /* the door is open */
    pbt_reload(s.b);
    CU_ASSERT_TRUE(SAYS(NO_MEDIUM, 0));
    CU_ASSERT_EQUAL(NODATA(0x1b, 0, 0, 0, 3), GOOD); /* and in again */
    CU_ASSERT_EQUAL(news(), 0x0202);
    CU_ASSERT_TRUE(SAYS(CHANGED, 0));
    CU_ASSERT_EQUAL(NODATA(0), GOOD);
    sx_free(&s);
}

static void a_lock_holds(void)
{
    const struct pb_media *t;

    plug(2048 * 50);
    t = pbt_provides(cd, PB_MEDIA);
    CU_ASSERT_EQUAL(t->locked(pbt_self(cd)), 0);
    CU_ASSERT_EQUAL(NODATA(0x1e, 0, 0, 0, 1), GOOD);
    CU_ASSERT_EQUAL(t->locked(pbt_self(cd)), 1);
    CU_ASSERT_TRUE(SAYS(0x055302, 0x1b, 0, 0, 0, 2));
    t->ask(pbt_self(cd));
    CU_ASSERT_EQUAL(news(), 0x0102); /* eject request */
    CU_ASSERT_EQUAL(IN(64, 0x5a, 8, 0x2a, 0, 0, 0, 0, 0, 64), GOOD);
    CU_ASSERT_EQUAL(r.data[8 + 6], 0x2b);
    pbt_reload(s.b);
    CU_ASSERT_TRUE(SAYS(0x055302, 0x1b, 0, 0, 0, 2));
    CU_ASSERT_EQUAL(NODATA(0x1e, 0, 0, 0, 0), GOOD);
    CU_ASSERT_EQUAL(NODATA(0x1b, 0, 0, 0, 2), GOOD);
    sx_free(&s);
}

static void contents(void)
{
    plug(2048ull * 450);
    for (uint32_t i = 0; i < 2048 * 450; i++)
        pbt_block_data(node)[i] = (uint8_t)(i / 2048 + i);
    CU_ASSERT_EQUAL(IN(20, 0x43, 0, 0, 0, 0, 0, 0, 0, 20), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\x12\1\1\0\x14\1\0\0\0\0\0\0\x14\xaa\0\0\0\1\xc2", 20), 0);
    CU_ASSERT_EQUAL(IN(20, 0x43, 2, 0, 0, 0, 0, 0, 0, 20), GOOD); /* 450 + 150 are 8 seconds */
    CU_ASSERT_EQUAL(memcmp(r.data + 8, "\0\0\2\0\0\x14\xaa\0\0\0\x08\0", 12), 0);
    CU_ASSERT_EQUAL(IN(12, 0x43, 0, 1, 0, 0, 0, 0, 0, 12), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\x0a\1\1\0\x14\1\0\0\0\0\0", 12), 0);
    CU_ASSERT_EQUAL(IN(64, 0x43, 0, 2, 0, 0, 0, 0, 0, 64), GOOD);
    CU_ASSERT_EQUAL(r.data[1], 2 + 4 * 11);
    CU_ASSERT_EQUAL(IN(34, 0x51, 0, 0, 0, 0, 0, 0, 0, 34), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, "\0\x20\x0e\1\1\1\1", 7), 0);
    CU_ASSERT_EQUAL(IN(128, 0x46, 0, 0, 0, 0, 0, 0, 0, 128), GOOD);
    CU_ASSERT_EQUAL(r.data[7], 0x08); /* CD-ROM is what is in */
    CU_ASSERT_EQUAL(IN(4096, 0x28, 0, 0, 0, 0, 7, 0, 0, 2), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, pbt_block_data(node) + 7 * 2048, 4096), 0);
    CU_ASSERT_EQUAL(IN(4096, 0xbe, 8, 0, 0, 0, 9, 0, 0, 2, 0x10), GOOD);
    CU_ASSERT_EQUAL(memcmp(r.data, pbt_block_data(node) + 9 * 2048, 4096), 0);
    CU_ASSERT_EQUAL(IN(4096, 0xbe, 8, 0, 0, 0, 9, 0, 0, 2, 0xf8), CHECK); /* raw */
    CU_ASSERT_EQUAL(IN(2048, 0x28, 0, 0, 0, 1, 0xc2, 0, 0, 1), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052100);
    CU_ASSERT_EQUAL(sx_do(&s, 0, 0, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), r.data, 2048, 0, &r), CHECK);
    CU_ASSERT_EQUAL(r.sense, 0x052000);
    sx_free(&s);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"the user changes it", the_user_changes_it},
        {"the guest ejects it", the_guest_ejects_it},
        {"a lock holds", a_lock_holds},
        {"contents", contents},
    };

    return SUITE_RUN("scsi-cd media", tests);
}
