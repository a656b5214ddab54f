/* SPDX-License-Identifier: MIT */
/* A damaged qcow image is refused or read with errors; nothing crashes, hangs or reads
 * outside the file. `--count N` lengthens it. */
#include "qcow-images.h"

static int count = 150, opened;

static void one(const char *image, gsize n, char *data, uint64_t *seed)
{
    static uint8_t buf[65536];
    static const uint64_t tail[] = {72, 104, 65536, 131072, 262144};
    g_autofree char *copy = g_memdup2(data, n);
    gsize most = n;

    for (unsigned k = bk_rand(seed) % 4 + 1; k; k--) { /* header and tables more often */
        uint64_t end = MIN(tail[bk_rand(seed) % 5], n), at = bk_rand(seed) % end;
        unsigned kind = bk_rand(seed) % 3;
        copy[at] = kind == 0 ? (char)bk_rand(seed) : kind == 1 ? (char)0xff
                                                       : copy[at] ^ (char)(1 << bk_rand(seed) % 8);
    }
    if (bk_rand(seed) % 8 == 0)
        most = bk_rand(seed) % n + 1;
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(bk_path("f.img"), copy, (gssize)most, NULL));
    g_autofree char *text = g_strdup_printf("filename=%s read-only=on", bk_path("f.img"));
    pb_dev *file = bk_node(PB_KIND_BLOCK, "file", "f", text);
    pb_dev *q = bk_try(PB_KIND_BLOCK, "qcow2", "q", "file=f password=x");
    if (q) {
        struct bk_dev *d = bk_device(PB_KIND_BLOCK, "q");
        struct pb_block_info i;
        bk_blk->info(d->blk, &i);
        for (int k = 0; k < 12 && i.bytes >= sizeof buf; k++) {
            uint64_t at = bk_rand(seed) % ((MIN(i.bytes, 8u << 20) - sizeof buf) / 512 + 1) * 512;
            int rc = bk_io(d, PB_BLK_READ, at, buf, sizeof buf, 0);
            CU_ASSERT(rc == PB_OK || rc == PB_EIO);
        }
        opened++;
        bk_undevice(d);
        bk_drop(q);
    } else if (!strstr(bk_error, "f.img")) {
        fprintf(stderr, "%s: error without a place: %s\n", image, bk_error);
        CU_FAIL("place");
    }
    bk_drop(file);
}

static void test(void)
{
    static const char *const make[] = {
        "qemu-img convert -O qcow2 -o cluster_size=4096 r.raw i0.img",
        "qemu-img convert -c -O qcow2 -o cluster_size=4096 r.raw i1.img",
        "qemu-img convert -O qcow r.raw i2.img", "qemu-img convert -c -O qcow2 r.raw i3.img",
        "qemu-img create -q -f qcow2 -F raw -b r.raw i4.img && qemu-io -c \"write 0 64k\" i4.img"};
    uint64_t seed = (uint64_t)g_get_real_time() | 1;

    fprintf(stderr, "seed %" G_GUINT64_FORMAT "\n", seed);
    bk_sh("head -c 300000 /dev/urandom > r.raw; head -c 500000 /dev/zero >> r.raw;"
          " seq 60000 >> r.raw; truncate -s 1M r.raw");
    for (unsigned i = 0; i < G_N_ELEMENTS(make); i++) {
        g_autofree char *data = NULL, *name = g_strdup_printf("i%u.img", i);
        gsize n;
        CU_ASSERT_EQUAL_FATAL(bk_sh("%s", make[i]), 0);
        CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path(name), &data, &n, NULL));
        for (int k = 0; k < count / 5; k++)
            one(name, n, data, &seed);
    }
    fprintf(stderr, "%d of %d damaged images opened\n", opened, count);
    CU_ASSERT(opened > 0);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--count"))
        count = atoi(argv[2]);
    return qi_tools() ? bk_run("a damaged qcow image does no harm", test) : 77;
}
