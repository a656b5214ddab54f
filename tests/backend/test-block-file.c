/* SPDX-License-Identifier: MIT */
/* Block driver file: each way to the kernel behaves as a model in memory; short last sector,
 * zeroes, discard, O_DIRECT, checks of the core, read-only, a full disk. */
#include "host.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define BYTES (3u << 20)
static uint64_t seed = 20;
static pb_dev *node;

static struct bk_dev *begin(const char *props)
{
    g_autofree char *text = g_strdup_printf("filename=%s %s", bk_path("d.img"), props);

    node = bk_node(PB_KIND_BLOCK, "file", "f", text);
    return bk_device(PB_KIND_BLOCK, "f");
}

static void end(struct bk_dev *d)
{
    bk_undevice(d);
    bk_drop(node);
}

/* Random requests against memory; then the file itself is compared. */
static void model(const char *props)
{
    g_autofree uint8_t *want = g_malloc0(BYTES), *buf = g_malloc(1 << 18);
    g_autofree char *got = NULL;
    gsize n;
    int wrong = 0;

    CU_ASSERT_EQUAL_FATAL(bk_sh("rm -f d.img; truncate -s %u d.img", BYTES), 0);
    struct bk_dev *d = begin(props);
    for (int i = 0; i < 400; i++) {
        uint64_t len = (bk_rand(&seed) % 300 + 1) * 512;
        uint64_t at = bk_rand(&seed) % ((BYTES - len) / 512 + 1) * 512;
        unsigned kind = bk_rand(&seed) % 8;
        if (kind < 3) {
            wrong += bk_iov(d, PB_BLK_READ, at, buf, len, &seed) || memcmp(buf, want + at, len);
        } else if (kind < 6) {
            for (uint64_t k = 0; k < len; k += 8)
                *(uint64_t *)(buf + k) = bk_rand(&seed);
            memcpy(want + at, buf, len);
            wrong += kind == 5 ? bk_io(d, PB_BLK_WRITE, at, buf, len, PB_BLK_FUA)
                               : bk_iov(d, PB_BLK_WRITE, at, buf, len, &seed);
        } else if (kind == 6) {
            memset(want + at, 0, len);
            wrong += bk_io(d, PB_BLK_ZERO, at, NULL, len, i & 1 ? PB_BLK_MAY_UNMAP : 0) != 0;
        } else {
            wrong += bk_io(d, PB_BLK_FLUSH, 0, NULL, 0, 0) != 0;
        }
    }
    end(d);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("d.img"), &got, &n, NULL));
    CU_ASSERT(n == BYTES && !memcmp(got, want, n));
    if (wrong)
        fprintf(stderr, "%s: %d requests went wrong\n", props, wrong);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void short_sector(void)
{
    uint8_t buf[1024];
    struct pb_block_info i;
    struct stat st;

    bk_sh("head -c 1500 /dev/zero | tr \"\\\\0\" x > d.img");
    struct bk_dev *d = begin("");
    bk_blk->info(d->blk, &i);
    CU_ASSERT_EQUAL(i.bytes, 1536);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 512, buf, 1024, 0), PB_OK);
    int wrong = 0;
    for (int k = 0; k < 1024; k++)
        wrong += buf[k] != (512 + k < 1500 ? 'x' : 0);
    CU_ASSERT_EQUAL(wrong, 0);
    memset(buf, 'y', 512);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 1024, buf, 512, 0), PB_OK);
    end(d);
    CU_ASSERT(!stat(bk_path("d.img"), &st) && st.st_size == 1536);
}

static void discard(void)
{
    static uint8_t buf[1 << 20];
    struct stat st;

    for (int unmap = 0; unmap < 2; unmap++) {
        bk_sh("head -c 1M /dev/urandom > d.img");
        struct bk_dev *d = begin(unmap ? "discard=unmap" : "discard=ignore");
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_DISCARD, 0, NULL, 1 << 20, 0), PB_OK);
        CU_ASSERT(!stat(bk_path("d.img"), &st) && st.st_size == 1 << 20);
        CU_ASSERT(unmap ? st.st_blocks == 0 : st.st_blocks >= 2048);
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_ZERO, 0, NULL, 1 << 20, PB_BLK_MAY_UNMAP), PB_OK);
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, buf, 1 << 20, 0), PB_OK);
        CU_ASSERT(!buf[0] && !memcmp(buf, buf + 1, sizeof buf - 1));
        end(d);
    }
}

static void checks(void)
{
    uint8_t buf[1024] = {0};

    bk_sh("truncate -s 1M d.img");
    struct bk_dev *d = begin("read-only=on");
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 0, buf, 512, 0), PB_EROFS);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_ZERO, 0, NULL, 512, 0), PB_EROFS);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 1 << 20, buf, 512, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, (1 << 20) - 512, buf, 1024, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, ~(uint64_t)511, buf, 1024, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 100, buf, 512, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, PB_BLK_READ, 0, buf, 100, 0), PB_EINVAL);
    CU_ASSERT_EQUAL(bk_io(d, 99, 0, buf, 512, 0), PB_EINVAL);
    end(d);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "file", "x", "filename=/nonexistent/a"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "'/nonexistent/a': No such file"));
    g_autofree char *text = g_strdup_printf("filename=%s", bk_dir());
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "file", "x", text));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, bk_dir()));
}

static void full_disk(void) /* where mounting is allowed */
{
    static uint8_t buf[1 << 20];

    bk_sh("mkdir -p t");
    if (mount("none", bk_path("t"), "tmpfs", 0, "size=512k")) {
        fprintf(stderr, "no mount: the full disk is not tried\n");
        return;
    }
    bk_sh("truncate -s 4M t/d.img; rm -f d.img; ln -s t/d.img d.img");
    static const char *const aio[] = {"aio=threads", "aio=auto"};
    for (int i = 0; i < 2; i++) {
        struct bk_dev *d = begin(aio[i]);
        memset(buf, 7, sizeof buf);
        CU_ASSERT_EQUAL(bk_io(d, PB_BLK_WRITE, 0, buf, sizeof buf, 0), PB_ENOSPC);
        end(d);
    }
    umount(bk_path("t"));
    bk_sh("rm d.img");
}

static void test(void)
{
    model("aio=threads");
    model("aio=threads discard=unmap");
    if (bk_try(PB_KIND_BLOCK, "file", "probe", "filename=/dev/null"))
        CU_FAIL("/dev/null is no image");
    model("aio=auto");
    model("aio=auto discard=unmap cache.no-flush=on");
    model("aio=threads cache.direct=on");
    model("aio=auto cache.direct=on");
    short_sector();
    discard();
    checks();
    full_disk();
}

int main(void)
{
    return bk_run("file does what memory does", test);
}
