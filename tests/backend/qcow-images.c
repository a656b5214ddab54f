/* SPDX-License-Identifier: MIT */
/* qcow-images.c - see qcow-images.h. */
#include "qcow-images.h"

gboolean qi_tools(void)
{
    return !system("qemu-img --version >/dev/null 2>&1 && qemu-io --version >/dev/null 2>&1");
}

void qi_write(const char *image, uint64_t bytes, int n, uint64_t *seed)
{
    GString *s = g_string_new(NULL);

    for (int i = 0; i < n; i++) {
        uint64_t len = (bk_rand(seed) % 200 + 1) * 512;
        uint64_t at = bk_rand(seed) % ((bytes - len) / 512 + 1) * 512;
        unsigned kind = bk_rand(seed) % 8;
        if (kind == 0)
            g_string_append_printf(s, " -c \"write -z %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                   "\"", at, len);
        else
            g_string_append_printf(s, " -c \"write -P %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                   "\"", 1 + (unsigned)(bk_rand(seed) % 255), at, len);
    }
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-io%s %s", s->str, image), 0);
    g_string_free(s, TRUE);
}

/* Read all of the node in random pieces; the number of wrong bytes or failed requests. */
static int differences(struct bk_dev *f, const uint8_t *want, uint64_t bytes)
{
    g_autofree uint8_t *buf = g_malloc(1 << 20);
    uint64_t seed = 88172645463325252ull;
    int wrong = 0;

    for (uint64_t at = 0; at < bytes;) {
        uint64_t len = (bk_rand(&seed) % 2047 + 1) * 512;
        if (len > bytes - at)
            len = bytes - at;
        memset(buf, 0xee, len);
        if (bk_iov(f, PB_BLK_READ, at, buf, len, &seed) != PB_OK)
            wrong++;
        else if (memcmp(buf, want + at, len))
            wrong++;
        at += len;
    }
    for (int i = 0; i < 200; i++) {
        uint64_t len = (bk_rand(&seed) % 64 + 1) * 512;
        uint64_t at = bk_rand(&seed) % ((bytes - len) / 512) * 512;
        wrong += bk_io(f, PB_BLK_READ, at, buf, len, 0) != PB_OK || memcmp(buf, want + at, len);
    }
    return wrong;
}

int qi_compare(const char *image, const char *raw, const char *props)
{
    g_autofree char *want = NULL, *text = NULL;
    struct pb_block_info i;
    gsize n = 0;

    if (!g_file_get_contents(bk_path(raw), &want, &n, NULL))
        return -1;
    text = g_strdup_printf("filename=%s read-only=on", bk_path(image));
    pb_dev *file = bk_node(PB_KIND_BLOCK, "file", "f", text);
    g_free(text);
    text = g_strdup_printf("file=f %s", props);
    pb_dev *fmt = bk_node(PB_KIND_BLOCK, "qcow2", "q", text);
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, "q");
    bk_blk->info(d->blk, &i);
    int wrong = i.bytes == n ? differences(d, (uint8_t *)want, n) : -2;
    if (wrong)
        fprintf(stderr, "%s %s: %d pieces differ\n", image, props, wrong);
    bk_undevice(d);
    bk_drop(fmt);
    bk_drop(file);
    return wrong;
}
