/* SPDX-License-Identifier: MIT */
/* Nodes over nodes: raw windows, the rule for a guessed format, and the temporary overlay
 * against a model, the image below unchanged. */
#include "host.h"

#define BYTES (2u << 20)
static uint64_t seed = 77;

static pb_dev *file_node(const char *more)
{
    g_autofree char *text = g_strdup_printf("filename=%s %s", bk_path("d.img"), more);

    return bk_node(PB_KIND_BLOCK, "file", "f", text);
}

static void windows(void)
{
    uint8_t buf[512], all[512];
    struct pb_block_info i;

    pb_dev *f = file_node("");
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "raw", "r", "file=f offset=3M"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "do not fit"));
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "raw", "r", "file=f offset=1M size=2M"));
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "raw", "r", "file=f offset=100"));
    pb_dev *r = bk_node(PB_KIND_BLOCK, "raw", "r", "file=f offset=64K size=128K");
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, "r");
    bk_blk->info(d->blk, &i);
    CU_ASSERT_EQUAL(i.bytes, 128 << 10);
    memset(buf, 'w', sizeof buf);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, (128 << 10) - 512, buf, 512, 0), PB_OK);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 128 << 10, buf, 512, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, (128 << 10) - 512, all, 512, 0), PB_OK);
    CU_ASSERT(!memcmp(buf, all, 512));
    bk_undevice(d);
    bk_drop(r);
    bk_drop(f);
    CU_ASSERT_EQUAL(bk_sh("test $(dd if=d.img bs=512 skip=383 count=1 2>err) = "
                          "$(printf %%512s | tr \" \" w)"), 0);
}

static void guessed(void)
{
    static uint8_t buf[4096];

    for (int probed = 0; probed < 2; probed++) {
        pb_dev *f = file_node("");
        pb_dev *r = bk_node(PB_KIND_BLOCK, "raw", "r", probed ? "file=f probed=on" : "file=f");
        struct bk_dev *d = bk_device(PB_KIND_BLOCK, "r");
        memset(buf, 1, sizeof buf);
        CU_ASSERT_EQUAL(bk_iov(d, PB_BLK_WRITE, 0, buf, sizeof buf, &seed), PB_OK);
        memcpy(buf, "QFI\xfb", 4);
        for (int k = 0; k < 20; k++) /* in pieces of all kinds */
            CU_ASSERT_EQUAL(bk_iov(d, PB_BLK_WRITE, 0, buf, sizeof buf, &seed),
                            probed ? PB_EIO : PB_OK);
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 512, buf, 512, 0), PB_OK);
        uint8_t now[512];
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, now, 512, 0), PB_OK);
        CU_ASSERT(now[0] == (probed ? 1 : 'Q'));
        bk_undevice(d);
        bk_drop(r);
        bk_drop(f);
    }
}

static void overlay(void)
{
    g_autofree char *start = NULL;
    g_autofree uint8_t *buf = g_malloc(1 << 18);
    gsize n;
    int wrong = 0;

    CU_ASSERT_EQUAL_FATAL(bk_sh("head -c %u /dev/urandom > d.img; sha256sum d.img > sum", BYTES),
                          0);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("d.img"), &start, &n, NULL));
    uint8_t *want = (uint8_t *)start;
    pb_dev *f = file_node("read-only=on");
    g_autofree char *text = g_strdup_printf("file=f dir=%s", bk_dir());
    pb_dev *o = bk_node(PB_KIND_BLOCK, "overlay", "o", text);
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, "o");
    for (int i = 0; i < 1500; i++) {
        uint64_t len = (bk_rand(&seed) % (i % 16 ? 40 : 500) + 1) * 512;
        uint64_t at = bk_rand(&seed) % ((BYTES - len) / 512 + 1) * 512;
        unsigned kind = bk_rand(&seed) % 8;
        if (kind < 4) {
            wrong += bk_iov(d, PB_BLK_READ, at, buf, len, &seed) || memcmp(buf, want + at, len);
        } else if (kind < 6) {
            memset(buf, (int)bk_rand(&seed), len);
            memcpy(want + at, buf, len);
            wrong += bk_iov(d, PB_BLK_WRITE, at, buf, len, &seed) != 0;
        } else if (kind == 6) {
            memset(want + at, 0, len);
            wrong += bk_io(d, PB_BLK_ZERO, at, NULL, len, 0) != 0;
        } else {
            wrong += bk_io(d, PB_BLK_FLUSH, 0, NULL, 0, 0) != 0;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    bk_undevice(d);
    bk_drop(o);
    bk_drop(f);
    CU_ASSERT_EQUAL(bk_sh("sha256sum -c sum"), 0);
    CU_ASSERT_EQUAL(bk_sh("test $(ls | wc -l) -le 3"), 0); /* no temporary file is left */
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "overlay", "o", "file=gone"));
    f = file_node("read-only=on");
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "overlay", "o", "file=f dir=/nonexistent"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "/nonexistent"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "dir="));
    bk_drop(f);
}

static void test(void)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("truncate -s %u d.img", BYTES), 0);
    windows();
    guessed();
    overlay();
}

int main(void)
{
    return bk_run("raw and overlay nodes do what memory does", test);
}
