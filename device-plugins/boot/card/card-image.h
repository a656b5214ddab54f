/* SPDX-License-Identifier: MIT */
/* card-image.h - what firmware reads of a medium: its partitions and the files of a FAT volume.
 *
 * Media are hostile: every number is checked against the bytes there are, chains of clusters and
 * of partitions end, and nothing is written. Texts for the user go to `text`, IMAGE_TEXT long.
 */
#ifndef BOOT_CARD_IMAGE_H
#define BOOT_CARD_IMAGE_H

#include "image.h"

struct medium {
    int (*read)(void *self, uint64_t at, void *buf, uint32_t n); /* 0, or below it */
    void *self;
    uint64_t bytes;
};
/* Read [at, at + n). -1 and the reason, with `what` for its subject. */
int medium_read(const struct medium *m, const char *what, uint64_t at, void *buf, uint32_t n,
                char *text);

/* ---- parts.c ---- */
#define PARTS_MAX 64u
enum parts_kind { PARTS_NONE, PARTS_MBR, PARTS_GPT }; /* NONE: the medium is one volume */

struct part {
    uint32_t number; /* as Linux counts: mmcblk0pN */
    uint32_t type;   /* of the MBR; 0 in a GPT */
    uint64_t at, bytes;
    uint32_t boot;   /* its type is one that firmware looks for files in */
    char uuid[40];   /* PARTUUID, in small letters */
};
struct parts {
    enum parts_kind kind;
    uint32_t n;
    struct part v[PARTS_MAX];
};
int parts_read(const struct medium *m, struct parts *t, char *text);

/* ---- fat.c ---- */
#define FAT_NONE 1 /* there is no such file */

struct fat {
    const struct medium *m;
    uint64_t at, bytes;  /* the volume, as far as the medium has it */
    uint32_t bits;       /* 12, 16 or 32 */
    uint32_t cluster;    /* bytes */
    uint32_t clusters;   /* numbers 2 to clusters + 1 */
    uint64_t fat, data;  /* where the first table and cluster 2 begin */
    uint64_t root;       /* FAT12 and 16: where the root directory begins */
    uint32_t root_bytes, root_cluster;
    uint64_t cached;     /* where cache[] is from, UINT64_MAX: nowhere */
    uint8_t cache[512];
};
/* Is the volume at [at, at + bytes) a FAT? */
int fat_open(struct fat *f, const struct medium *m, uint64_t at, uint64_t bytes, char *text);
/* The whole file at `path` ("overlays/x.dtbo", any case): malloc()ed, and a 0 behind it (data
 * NULL: it is not read). FAT_NONE, or -1 and the reason. */
int fat_file(struct fat *f, const char *path, uint64_t most, uint8_t **data, uint64_t *len,
             char *text);

/* One run of clusters after the other. */
struct fat_chain {
    uint32_t next;          /* cluster, 0: the root directory of FAT12 and 16, or the end */
    uint32_t steps, turtle; /* a chain that comes back to the turtle is a loop */
    uint64_t at, left;      /* the run: bytes that are not read yet */
};
void fat_begin(struct fat *f, struct fat_chain *c, uint32_t cluster);
/* Up to n bytes more: how many, 0 at the end, -1 and the reason. */
int64_t fat_next(struct fat *f, struct fat_chain *c, const char *what, uint8_t *buf, uint64_t n,
                 char *text);

/* ---- fat-dir.c ---- */
struct fat_entry {
    uint32_t cluster, bytes, dir;
};
/* Entry `name` (n characters) of the directory that begins at `cluster` (0: the root). */
int fat_find(struct fat *f, uint32_t cluster, const char *name, size_t n, struct fat_entry *e,
             char *text);

static inline uint32_t card_le16(const uint8_t *p)
{
    return (uint32_t)(p[0] | p[1] << 8);
}

static inline uint32_t card_le32(const uint8_t *p)
{
    return card_le16(p) | card_le16(p + 2) << 16;
}

static inline uint64_t card_le64(const uint8_t *p)
{
    return card_le32(p) | (uint64_t)card_le32(p + 4) << 32;
}

#endif
