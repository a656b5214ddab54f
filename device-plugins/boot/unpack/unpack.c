/* SPDX-License-Identifier: MIT */
/* unpack.c - packed images.
 * RFC 1952 (gzip); RFC 8878 (zstd); Linux's EFI zboot header: "MZ", "zimg" at 4, offset at 8
 * and size at 12 of the payload, its kind at 24. */
#include "unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static uint32_t le32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Inflate [data, data+len) into a growing buffer. */
static int gunzip(const uint8_t *data, uint64_t len, struct image *out, char *text)
{
    z_stream z = {.next_in = (Bytef *)data,
                  .avail_in = (uInt)(len < UINT32_MAX ? len : UINT32_MAX)};
    uint64_t size = len * 4 < (1u << 20) ? 1u << 20 : len * 4;
    uint8_t *buf = malloc(size);
    int rc = buf && inflateInit2(&z, 15 + 16) == Z_OK ? Z_OK : Z_MEM_ERROR;
    uint64_t n = 0;

    while (rc == Z_OK) {
        if (n == size) {
            uint8_t *more = size * 2 <= IMAGE_MAX ? realloc(buf, size * 2) : NULL;
            if (!more)
                break;
            buf = more;
            size *= 2;
        }
        uint64_t room = size - n < (1u << 30) ? size - n : 1u << 30;
        z.next_out = buf + n;
        z.avail_out = (uInt)room;
        rc = inflate(&z, Z_NO_FLUSH);
        n += room - z.avail_out;
    }
    if (buf)
        inflateEnd(&z);
    if (rc != Z_STREAM_END) {
        snprintf(text, IMAGE_TEXT, "cannot unpack the gzip data: %s",
                 rc == Z_OK          ? "it is larger than 4 GiB"
                 : rc == Z_MEM_ERROR ? "out of memory"
                 : rc == Z_BUF_ERROR ? "it is truncated"
                                     : "it is damaged");
        free(buf);
        return -1;
    }
    *out = (struct image){.data = buf, .len = n, .map = buf, .malloced = 1};
    return 0;
}

/* The frames of zstd data in [data, data+len). */
static int unzstd(const uint8_t *data, uint64_t len, struct image *out, char *text)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    uint64_t size = len * 4 < (1u << 20) ? 1u << 20 : len * 4;
    uint8_t *buf = malloc(size);
    ZSTD_inBuffer in = {data, len, 0};
    const char *why = z && buf ? NULL : "out of memory";
    size_t left = 1;
    uint64_t n = 0;

    while (!why && (left || in.pos < in.size)) {
        if (n == size) {
            uint8_t *more = size * 2 <= IMAGE_MAX ? realloc(buf, size * 2) : NULL;
            if (!more) {
                why = "it is larger than 4 GiB";
                break;
            }
            buf = more;
            size *= 2;
        }
        ZSTD_outBuffer o = {buf + n, size - n, 0};
        size_t was = in.pos;
        left = ZSTD_decompressStream(z, &o, &in);
        n += o.pos;
        if (ZSTD_isError(left))
            why = n ? "it is damaged" : ZSTD_getErrorName(left);
        else if (left && o.pos == 0 && in.pos == was)
            why = "it is truncated";
    }
    ZSTD_freeDStream(z);
    if (why) {
        snprintf(text, IMAGE_TEXT, "cannot unpack the zstd data: %s", why);
        free(buf);
        return -1;
    }
    *out = (struct image){.data = buf, .len = n, .map = buf, .malloced = 1};
    return 0;
}

int unpack_image(struct image *m, char *text)
{
    const uint8_t *d = m->data;
    uint64_t at = 0, n = m->len;
    int zstd = 0, rc;
    struct image out;

    if (n >= 64 && memcmp(d, "MZ", 2) == 0 && memcmp(d + 4, "zimg", 4) == 0) {
        at = le32(d + 8);
        if (at > n || le32(d + 12) > n - at) {
            snprintf(text, IMAGE_TEXT, "the EFI zboot image is truncated");
            return -1;
        }
        n = le32(d + 12);
        zstd = memcmp(d + 24, "zstd", 5) == 0;
        if (!zstd && memcmp(d + 24, "gzip", 5) != 0) {
            snprintf(text, IMAGE_TEXT, "an EFI zboot image packed with '%.8s'; only gzip and "
                     "zstd are supported, unpack it first", (const char *)d + 24);
            return -1;
        }
    }
    if (!zstd && (n < 18 || d[at] != 0x1f || d[at + 1] != 0x8b))
        return 0;
    rc = zstd ? unzstd(d + at, n, &out, text) : gunzip(d + at, n, &out, text);
    if (rc < 0)
        return -1;
    image_free(m);
    *m = out;
    return 0;
}
