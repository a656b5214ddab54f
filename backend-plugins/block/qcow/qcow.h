/* SPDX-License-Identifier: MIT */
/* qcow.h - the parts of the block format `qcow2`: one image file, its cluster map, its chain.
 *
 * The image is the adversary: header.c admits only a header whose every length and offset is
 * in bounds, map.c checks each entry again, and libqcow sees nothing before that.
 */
#ifndef BLOCK_QCOW_H
#define BLOCK_QCOW_H

#include <plugboard/backend.h>

#include <libqcow.h>
#include <pthread.h>

#define CHAIN_MAX 64u   /* images in a backing chain */
#define NAME_LIMIT 1023u /* longest backing file name, by the format */
#define TABLES 16u      /* second-level tables kept */

/* What the header says, checked. Offsets and sizes in bytes. */
struct qcow_header {
    uint32_t version, cluster_bits, l2_bits, crypt, l1_entries;
    uint64_t bytes, l1_offset;
    uint32_t corrupt; /* marked so by its writer */
    char backing[NAME_LIMIT + 1]; /* empty: none */
    char backing_format[16];      /* empty: not said */
};

struct qcow_table {
    uint64_t offset, used; /* 0: empty; larger is newer */
    uint64_t *entry;       /* of the host's byte order */
};

struct image {
    char *path;
    int fd;
    uint64_t bytes, file_bytes; /* of the medium, of the file */
    uint32_t is_raw;            /* a backing file without format: nothing below counts */
    uint32_t lib_fits;          /* libqcow understands this shape of tables */
    struct qcow_header head;
    libqcow_file_t *lib, *nobody; /* image.c */
    pthread_mutex_t lock; /* lib, tables */
    uint64_t *l1;
    struct qcow_table table[TABLES];
    uint64_t clock;
    struct image *backing; /* NULL: none */
};

/* ---- header.c ---------------------------------------------------------------------- */

/* 100: `head` begins a qcow image of a known version; 0: it does not. */
uint32_t qcow_probe(const void *head, uint32_t n);
/* Read and check the header of `fd`. 0, or -1 with the reason, and the cure, in why[n]. */
int qcow_read_header(int fd, uint64_t file_bytes, struct qcow_header *h, char *why, size_t n);

/* ---- map.c ------------------------------------------------------------------------- */

/* Nowhere; zeros; plain bytes at *host of the file; compressed or encrypted; damaged. */
enum { MAP_NONE, MAP_ZERO, MAP_DATA, MAP_LIB, MAP_BAD };
/* Load the first-level table. 0, or -1 with the reason in why[n]. */
int map_open(struct image *m, char *why, size_t n);
/* What [at, at+len) begins with, and, in *run, for how many bytes that goes on (1..len). */
int map_look(struct image *m, uint64_t at, uint64_t len, uint64_t *run, uint64_t *host);
void map_close(struct image *m);

/* ---- image.c ------------------------------------------------------------------------ */

/* Open `path` and everything behind it. NULL with the reason in why[n]. */
struct image *image_open(const char *path, const char *password, char *why, size_t n);
void image_close(struct image *m);
/* Read through the chain; past the end there are zeros. PB_OK or PB_E*. [any] */
int image_read(struct image *m, uint64_t at, uint8_t *buf, uint64_t len);

#endif
