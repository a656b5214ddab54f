/* SPDX-License-Identifier: MIT */
/* fat.c - a FAT volume: its geometry, chains of clusters, whole files.
 * Microsoft Extensible Firmware Initiative FAT32 File System Specification 1.03 ("FAT: General
 * Overview of On-Disk Format"): the boot sector, the type by the count of clusters, the table.
 *
 * Not modelled: writing, the second table, FSInfo, exFAT.
 */
#include "card-image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int medium_read(const struct medium *m, const char *what, uint64_t at, void *buf, uint32_t n,
                char *text)
{
    if (at > m->bytes || n > m->bytes - at) {
        snprintf(text, IMAGE_TEXT, "%s lies behind the end of the image (byte %llu of %llu): the "
                 "image is truncated, or the number that led there is wrong", what,
                 (unsigned long long)at, (unsigned long long)m->bytes);
        return -1;
    }
    if (m->read(m->self, at, buf, n) < 0) {
        snprintf(text, IMAGE_TEXT, "%s cannot be read (byte %llu of the image): an error of the "
                 "host's disk", what, (unsigned long long)at);
        return -1;
    }
    return 0;
}

/* ---- The boot sector ------------------------------------------------------------------- */

static int is_power(uint32_t v)
{
    return v && !(v & (v - 1));
}

static int no_fat(char *text, const char *why)
{
    snprintf(text, IMAGE_TEXT, "there is no FAT file system: %s", why);
    return -1;
}

/* Sizes in sectors, of `sector` bytes, that are known to be sound. */
static int layout(struct fat *f, const uint8_t *s, uint32_t sector, char *text)
{
    uint32_t table = card_le16(s + 22) ? card_le16(s + 22) : card_le32(s + 36);
    uint32_t total = card_le16(s + 19) ? card_le16(s + 19) : card_le32(s + 32);
    uint32_t root = (card_le16(s + 17) * 32 + sector - 1) / sector;
    uint64_t data = card_le16(s + 14) + (uint64_t)s[16] * table + root;

    if (!card_le16(s + 14) || !s[16] || !table || data >= total)
        return no_fat(text, "its boot sector has no room for clusters");
    uint64_t clusters = (total - data) / s[13];
    f->bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
    if (clusters == 0 || clusters >= 0x0ffffff5 || (f->bits == 32) != (root == 0) ||
        (uint64_t)table * sector * 8 < (clusters + 2) * f->bits)
        return no_fat(text, "its boot sector contradicts itself");
    f->cluster = s[13] * sector;
    f->clusters = (uint32_t)clusters;
    f->fat = f->at + (uint64_t)card_le16(s + 14) * sector;
    f->data = f->at + data * sector;
    f->root = f->data - (uint64_t)root * sector;
    f->root_bytes = root * sector;
    f->root_cluster = f->bits == 32 ? card_le32(s + 44) & 0x0fffffff : 0;
    return 0;
}

int fat_open(struct fat *f, const struct medium *m, uint64_t at, uint64_t bytes, char *text)
{
    uint8_t s[512];

    *f = (struct fat){.m = m, .at = at, .bytes = bytes, .cached = UINT64_MAX};
    if (medium_read(m, "the boot sector", at, s, sizeof s, text) < 0)
        return -1;
    uint32_t sector = card_le16(s + 11);
    if (s[510] != 0x55 || s[511] != 0xaa || (s[0] != 0xeb && s[0] != 0xe9))
        return no_fat(text, "its first sector is no boot sector");
    if (!is_power(sector) || sector < 512 || sector > 4096 || !is_power(s[13]))
        return no_fat(text, "its boot sector names an impossible sector or cluster");
    return layout(f, s, sector, text);
}

/* ---- The table ------------------------------------------------------------------------- */

/* Within the volume as its partition has it. */
static int volume_read(struct fat *f, const char *what, uint64_t at, void *buf, uint32_t n,
                       char *text)
{
    if (at - f->at > f->bytes || n > f->bytes - (at - f->at)) {
        snprintf(text, IMAGE_TEXT, "%s lies behind the end of its partition", what);
        return -1;
    }
    return medium_read(f->m, what, at, buf, n, text);
}

static int table_byte(struct fat *f, uint64_t at, uint8_t *v, char *text)
{
    uint64_t from = at & ~(uint64_t)(sizeof f->cache - 1);

    if (f->cached != from) {
        f->cached = UINT64_MAX;
        if (volume_read(f, "the file allocation table", from, f->cache, sizeof f->cache, text) < 0)
            return -1;
        f->cached = from;
    }
    *v = f->cache[at - from];
    return 0;
}

/* The cluster after `n`, which is one; 0 after the last. -1 and the reason. */
static int64_t after(struct fat *f, uint32_t n, char *text)
{
    uint64_t at = f->fat + (uint64_t)n * f->bits / 8;
    uint32_t v = 0, bytes = f->bits == 32 ? 4 : 2;

    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t byte;
        if (table_byte(f, at + i, &byte, text) < 0)
            return -1;
        v |= (uint32_t)byte << 8 * i;
    }
    if (f->bits == 12)
        v = n & 1 ? v >> 4 : v & 0xfff;
    v &= f->bits == 12 ? 0xfff : f->bits == 16 ? 0xffff : 0x0fffffff;
    return v >= (f->bits == 12 ? 0xff8u : f->bits == 16 ? 0xfff8u : 0x0ffffff8u) ? 0 : (int64_t)v;
}

static int is_cluster(const struct fat *f, int64_t n)
{
    return n >= 2 && n - 2 < f->clusters;
}

/* ---- Chains ---------------------------------------------------------------------------- */

void fat_begin(struct fat *f, struct fat_chain *c, uint32_t cluster)
{
    *c = (struct fat_chain){.next = cluster ? cluster : f->root_cluster};
    if (!c->next) {
        c->at = f->root;
        c->left = f->root_bytes;
    }
}

/* Take clusters into the run as long as they lie one behind the other. */
static int next_run(struct fat *f, struct fat_chain *c, const char *what, char *text)
{
    c->left = 0;
    while (c->next && (!c->left || c->at + c->left ==
                                       f->data + (uint64_t)(c->next - 2) * f->cluster)) {
        if (!is_cluster(f, c->next)) {
            snprintf(text, IMAGE_TEXT, "%s: its chain leads to cluster %u, which the volume does "
                     "not have (2 to %u)", what, c->next, f->clusters + 1);
            return -1;
        }
        if (c->next == c->turtle) {
            snprintf(text, IMAGE_TEXT, "%s: its chain of clusters is a loop (cluster %u)", what,
                     c->next);
            return -1;
        }
        if (is_power(++c->steps))
            c->turtle = c->next;
        if (!c->left)
            c->at = f->data + (uint64_t)(c->next - 2) * f->cluster;
        c->left += f->cluster;
        int64_t next = after(f, c->next, text);
        if (next < 0)
            return -1;
        c->next = (uint32_t)next;
    }
    return 0;
}

int64_t fat_next(struct fat *f, struct fat_chain *c, const char *what, uint8_t *buf, uint64_t n,
                 char *text)
{
    if (!c->left && next_run(f, c, what, text) < 0)
        return -1;
    n = n < c->left ? n : c->left;
    n = n < 1u << 20 ? n : 1u << 20;
    if (n && volume_read(f, what, c->at, buf, (uint32_t)n, text) < 0)
        return -1;
    c->at += n;
    c->left -= n;
    return (int64_t)n;
}

/* ---- Files ----------------------------------------------------------------------------- */

static int read_all(struct fat *f, const struct fat_entry *e, const char *path, uint8_t *to,
                    char *text)
{
    struct fat_chain c;
    uint64_t done = 0;

    if (!e->bytes)
        return 0;
    if (!e->cluster) {
        snprintf(text, IMAGE_TEXT, "%s: %u bytes without a cluster", path, e->bytes);
        return -1;
    }
    fat_begin(f, &c, e->cluster);
    while (done < e->bytes) {
        int64_t got = fat_next(f, &c, path, to + done, e->bytes - done, text);
        if (got < 0)
            return -1;
        if (got == 0) {
            snprintf(text, IMAGE_TEXT, "%s: its chain of clusters ends after %llu of %u bytes",
                     path, (unsigned long long)done, e->bytes);
            return -1;
        }
        done += (uint64_t)got;
    }
    return 0;
}

/* Follow `path` from the root. */
static int look_up(struct fat *f, const char *path, struct fat_entry *e, char *text)
{
    *e = (struct fat_entry){.dir = 1};
    while (*path) {
        size_t n = strcspn(path, "/");
        int rc = n == 0 ? 0 : !e->dir ? FAT_NONE : fat_find(f, e->cluster, path, n, e, text);
        if (rc)
            return rc;
        path += n + (path[n] == '/');
    }
    return 0;
}

int fat_file(struct fat *f, const char *path, uint64_t most, uint8_t **data, uint64_t *len,
             char *text)
{
    struct fat_entry e;
    int rc = look_up(f, path, &e, text);

    if (rc || e.dir)
        return rc ? rc : FAT_NONE;
    if (e.bytes > most || e.bytes > (uint64_t)f->clusters * f->cluster) {
        snprintf(text, IMAGE_TEXT, "%s: its size of %u bytes is more than %s", path, e.bytes,
                 e.bytes > most ? "such a file has" : "the whole volume has");
        return -1;
    }
    if (!data)
        return 0;
    uint8_t *to = malloc((size_t)e.bytes + 1);
    if (!to) {
        snprintf(text, IMAGE_TEXT, "%s: out of memory", path);
        return -1;
    }
    if (read_all(f, &e, path, to, text) < 0) {
        free(to);
        return -1;
    }
    to[e.bytes] = 0;
    *data = to;
    *len = e.bytes;
    return 0;
}
