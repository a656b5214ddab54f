/* SPDX-License-Identifier: MIT */
/* fat-image.c - see fat-image.h. Microsoft FAT32 File System Specification 1.03. */
#include "fat-image.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define RESERVED 32u
#define ROOT_SECTORS 16u /* FAT12 and 16 */
#define EOC 0x0fffffffu

void fat_image_put(uint8_t *at, uint64_t v, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static void boot_sector(struct fat_image *f, uint32_t table, uint32_t root, uint32_t total)
{
    uint8_t *s = f->data + f->at;

    memcpy(s, "\xeb\x3c\x90MSDOS5.0", 11);
    fat_image_put(s + 11, SECTOR, 2);
    s[13] = 1;
    fat_image_put(s + 14, RESERVED, 2);
    s[16] = 1;
    fat_image_put(s + 17, root * SECTOR / 32, 2);
    fat_image_put(s + 32, total, 4);
    if (f->bits == 32) {
        fat_image_put(s + 36, table, 4);
        fat_image_put(s + 44, 2, 4);
    } else {
        fat_image_put(s + 22, table, 2);
    }
    s[510] = 0x55;
    s[511] = 0xaa;
}

void fat_image_init(struct fat_image *f, uint32_t bits, uint32_t clusters, uint32_t first)
{
    uint32_t table = ((clusters + 2) * bits / 8 + SECTOR) / SECTOR;
    uint32_t root = bits == 32 ? 0 : ROOT_SECTORS, total = RESERVED + table + root + clusters;

    *f = (struct fat_image){.bits = bits, .clusters = clusters, .next = bits == 32 ? 3 : 2,
                            .at = (uint64_t)first * SECTOR,
                            .bytes = ((uint64_t)first + total) * SECTOR};
    f->data = calloc(1, f->bytes);
    if (!f->data)
        abort();
    f->fat = f->at + RESERVED * SECTOR;
    f->root = f->fat + (uint64_t)table * SECTOR;
    f->cluster2 = f->root + (uint64_t)root * SECTOR;
    boot_sector(f, table, root, total);
    if (bits == 32)
        fat_image_link(f, 2, EOC);
}

void fat_image_fini(struct fat_image *f)
{
    free(f->data);
}

void fat_image_link(struct fat_image *f, uint32_t n, uint32_t v)
{
    uint8_t *at = f->data + f->fat + (uint64_t)n * f->bits / 8;

    if (f->bits != 12)
        fat_image_put(at, v, f->bits / 8);
    else if (n & 1)
        fat_image_put(at, (at[0] & 0x0f) | (v & 0xfff) << 4, 2);
    else
        fat_image_put(at, (v & 0xfff) | (uint32_t)(at[1] & 0xf0) << 8, 2);
}

/* The next free entry of the root directory, which has one cluster at most here. */
static uint8_t *entry(struct fat_image *f)
{
    uint8_t *e = f->data + (f->bits == 32 ? f->cluster2 : f->root);

    while (*e)
        e += 32;
    return e;
}

static void long_name(struct fat_image *f, const char *short_name, const char *name)
{
    static const uint8_t place[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    uint32_t n = (uint32_t)strlen(name), parts = (n + 12) / 13;
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + short_name[i]);
    for (uint32_t p = parts; p >= 1; p--) {
        uint8_t *e = entry(f);
        e[0] = (uint8_t)(p | (p == parts ? 0x40 : 0));
        e[11] = 15;
        e[13] = sum;
        for (uint32_t i = 0, k = 13 * (p - 1); i < 13; i++, k++)
            fat_image_put(e + place[i], k < n ? (uint8_t)name[k] : k == n ? 0 : 0xffff, 2);
    }
}

uint32_t fat_image_add(struct fat_image *f, const char *short_name, const char *name,
                       const void *data, uint32_t n)
{
    uint32_t first = n ? f->next : 0, count = (n + SECTOR - 1) / SECTOR;

    if (name)
        long_name(f, short_name, name);
    uint8_t *e = entry(f);
    memcpy(e, short_name, 11);
    fat_image_put(e + 20, first >> 16, 2);
    fat_image_put(e + 26, first & 0xffff, 2);
    fat_image_put(e + 28, n, 4);
    for (uint32_t i = 0; i < count; i++, f->next++)
        fat_image_link(f, f->next, i + 1 < count ? f->next + 1 : EOC);
    if (n)
        memcpy(f->data + f->cluster2 + (uint64_t)(first - 2) * SECTOR, data, n);
    return first;
}

static int image_read(void *self, uint64_t at, void *buf, uint32_t n)
{
    struct fat_image *f = self;

    if (at > f->bytes || n > f->bytes - at)
        abort(); /* the reader checks */
    memcpy(buf, f->data + at, n);
    return 0;
}

struct medium fat_image_medium(struct fat_image *f)
{
    return (struct medium){image_read, f, f->bytes};
}
