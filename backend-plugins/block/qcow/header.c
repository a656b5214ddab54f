/* SPDX-License-Identifier: MIT */
/* header.c - the header of a qcow image, versions 1 to 3, and its extensions.
 *
 * QEMU docs/interop/qcow2.txt, "Header" and "Header extensions" (versions 2 and 3; field
 * names are its own); version 1 as the Linux and libqcow format notes describe it.
 * Not modelled: data files, zstd clusters, extended L2 entries, LUKS; each is refused by name.
 */
#include "qcow.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INCOMPAT_DIRTY 1u       /* refcounts may be wrong: a reader needs none */
#define INCOMPAT_CORRUPT 2u
#define INCOMPAT_DATA_FILE 4u
#define INCOMPAT_COMPRESSION 8u
#define INCOMPAT_EXTENDED_L2 16u
#define EXT_BACKING_FORMAT 0xe2792acau
#define EXT_MAX 64 /* extensions looked at */
#define L1_MAX (32u << 20)

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static int no(char *why, size_t n, const char *text)
{
    snprintf(why, n, "%s", text);
    return -1;
}

uint32_t qcow_probe(const void *head, uint32_t n)
{
    const uint8_t *p = head;

    return n >= 8 && be32(p) == 0x514649fb && be32(p + 4) >= 1 && be32(p + 4) <= 3 ? 100 : 0;
}

static int check_features(const uint8_t *p, uint32_t header_length, struct qcow_header *h,
                          char *why, size_t n)
{
    uint64_t f = be64(p + 72);

    h->corrupt = (f & INCOMPAT_CORRUPT) != 0;
    if (f & INCOMPAT_DATA_FILE)
        return no(why, n, "it keeps its data in another file (data_file), which is not supported;"
                          " qemu-img convert -O qcow2 makes an image without");
    if ((f & INCOMPAT_COMPRESSION) && header_length > 104 && p[104])
        return no(why, n, "its clusters are compressed with zstd, which is not supported; "
                          "qemu-img convert -O qcow2 makes an image without");
    if (f & INCOMPAT_EXTENDED_L2)
        return no(why, n, "it has extended L2 entries, which are not supported; qemu-img convert "
                          "-O qcow2 -o extended_l2=off makes an image without");
    f &= ~(uint64_t)(INCOMPAT_DIRTY | INCOMPAT_CORRUPT | INCOMPAT_COMPRESSION);
    if (!f)
        return 0;
    snprintf(why, n, "it has unknown incompatible features 0x%llx: a newer writer made it; "
             "qemu-img amend or convert can make an older image", (unsigned long long)f);
    return -1;
}

static void find_format(const uint8_t *p, uint32_t from, uint32_t have, struct qcow_header *h)
{
    for (int i = 0; i < EXT_MAX && from <= have - 8; i++) {
        uint32_t type = be32(p + from), len = be32(p + from + 4);
        from += 8;
        if (!type || len > have - from)
            return;
        if (type == EXT_BACKING_FORMAT && len < sizeof h->backing_format) {
            memcpy(h->backing_format, p + from, len);
            h->backing_format[len] = 0;
        }
        from += (len + 7) & ~7u;
        if (from > have)
            return;
    }
}

static int read_backing(int fd, const uint8_t *p, struct qcow_header *h, char *why, size_t n)
{
    uint64_t at = be64(p + 8);
    uint32_t len = be32(p + 16);

    if (!at)
        return 0;
    if (len > NAME_LIMIT)
        return no(why, n, "the name of its backing file is longer than 1023 bytes");
    if (at > (1u << 21) || pread(fd, h->backing, len, (off_t)at) != (ssize_t)len)
        return no(why, n, "the name of its backing file lies outside the file");
    h->backing[len] = 0;
    if (strlen(h->backing) != len)
        return no(why, n, "the name of its backing file has a zero byte in it");
    return 0;
}

static int version_1(const uint8_t *p, struct qcow_header *h)
{
    h->bytes = be64(p + 24);
    h->cluster_bits = p[32];
    h->l2_bits = p[33];
    h->crypt = be32(p + 36);
    h->l1_offset = be64(p + 40);
    if (h->cluster_bits < 9 || h->cluster_bits > 16 || h->l2_bits < 6 || h->l2_bits > 13)
        return -1;
    uint32_t shift = h->cluster_bits + h->l2_bits;
    uint64_t n = (h->bytes >> shift) + ((h->bytes & ((1ull << shift) - 1)) != 0);
    if (n > L1_MAX / 8)
        return -1;
    h->l1_entries = (uint32_t)n;
    return 0;
}

static int version_2(const uint8_t *p, struct qcow_header *h)
{
    h->cluster_bits = be32(p + 20);
    h->bytes = be64(p + 24);
    h->crypt = be32(p + 32);
    h->l1_entries = be32(p + 36);
    h->l1_offset = be64(p + 40);
    if (h->cluster_bits < 9 || h->cluster_bits > 21)
        return -1;
    h->l2_bits = h->cluster_bits - 3;
    return h->l1_entries > L1_MAX / 8 ? -1 : 0;
}

int qcow_read_header(int fd, uint64_t file_bytes, struct qcow_header *h, char *why, size_t n)
{
    uint8_t p[4096] = {0};
    ssize_t got = pread(fd, p, sizeof p, 0);
    uint32_t have = got < 0 ? 0 : (uint32_t)got;

    memset(h, 0, sizeof *h);
    if (!qcow_probe(p, have))
        return no(why, n, "it is no qcow image of version 1, 2 or 3");
    h->version = be32(p + 4);
    if (have < (h->version == 1 ? 48u : h->version == 2 ? 72u : 104u))
        return no(why, n, "its header is cut off: the file is damaged");
    if ((h->version == 1 ? version_1(p, h) : version_2(p, h)) < 0)
        return no(why, n, "its header is damaged (cluster size or table size out of range)");
    uint32_t from = 72;
    if (h->version == 3) {
        from = be32(p + 100);
        if (from < 104 || from > have || from > 1u << h->cluster_bits)
            return no(why, n, "its header is damaged (header length out of range)");
        if (check_features(p, from, h, why, n) < 0)
            return -1;
    }
    if (h->crypt == 2)
        return no(why, n, "it is encrypted with LUKS, which is not supported; qemu-img convert "
                          "makes an image without");
    if (h->crypt > 1)
        return no(why, n, "its encryption method is unknown");
    if (h->bytes > 1ull << 62)
        return no(why, n, "its size is out of range");
    uint32_t shift = h->cluster_bits + h->l2_bits;
    if (h->bytes > (uint64_t)h->l1_entries << shift && h->bytes)
        return no(why, n, "its first table is too short for its size: the header is damaged");
    if (h->l1_entries && (h->l1_offset < 48 || h->l1_offset > file_bytes ||
                          (uint64_t)h->l1_entries * 8 > file_bytes - h->l1_offset))
        return no(why, n, "its first table lies outside the file: the file is cut off or damaged");
    if (h->version > 1 && have > from && have >= 8)
        find_format(p, from, have, h);
    return read_backing(fd, p, h, why, n);
}
