/* SPDX-License-Identifier: MIT */
/* fat-image.h - makes FAT volumes in memory for tests, and a medium over them. */
#ifndef FAT_IMAGE_H
#define FAT_IMAGE_H

#include "card-image.h"

struct fat_image {
    uint8_t *data;
    uint64_t bytes; /* of the medium */
    uint64_t at;    /* where the volume begins */
    uint32_t bits, clusters, next; /* the first free cluster */
    uint64_t fat, root, cluster2;  /* from the medium's start */
};
/* A medium of one volume at sector `first`; clusters are of 512 bytes. */
void fat_image_init(struct fat_image *f, uint32_t bits, uint32_t clusters, uint32_t first);
void fat_image_fini(struct fat_image *f);
/* Value `v` for cluster n in the table. */
void fat_image_link(struct fat_image *f, uint32_t n, uint32_t v);
/* A file in the root, by its 8.3 name ("KERNEL8 IMG") and a long one or NULL; its first cluster. */
uint32_t fat_image_add(struct fat_image *f, const char *short_name, const char *name,
                       const void *data, uint32_t n);
struct medium fat_image_medium(struct fat_image *f);
/* Little-endian stores. */
void fat_image_put(uint8_t *at, uint64_t v, uint32_t bytes);

#endif
