/* SPDX-License-Identifier: MIT */
/* image.h - what boot plugins read: files, ELF, Linux kernel images.
 *
 * Images are hostile: every offset and length is checked against the bytes there are.
 * Texts for the user go to a caller's buffer.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_TEXT 400 /* size of `text` buffers */
#define IMAGE_MAX (4ull << 30) /* bytes of a file, packed or not */

/* Bytes in memory; `map` is what image_free() releases. */
struct image {
    const uint8_t *data;
    uint64_t len;
    void *map;
    uint64_t map_len;
    uint32_t malloced;
};

/* Map a file, read-only. 0, or -1 with the reason in text. */
int image_open(struct image *m, const char *path, char *text);
void image_free(struct image *m); /* also a zeroed one */

int image_is_packed(const struct image *m); /* gzip or EFI zboot: ../unpack */

enum image_kind { IMAGE_RAW, IMAGE_ELF, IMAGE_LINUX };

struct image_info {
    enum image_kind kind;
    uint64_t entry;       /* ELF: physical entry; LINUX: 0 (its first byte) */
    uint64_t low, high;   /* ELF: [low, high) of memory it takes */
    uint64_t text_offset, image_size; /* LINUX */
    uint32_t page;        /* LINUX for AArch64: KiB of its pages, 0 when it does not say */
    uint32_t big_endian;  /* the same: its data are */
    uint32_t segments;    /* ELF: how many are loaded */
    uint32_t bits;        /* ELF: 32 or 64 */
    uint32_t movable;     /* ELF: position-independent (ET_DYN) */
};

#define IMAGE_ANY_MACHINE 0u
#define IMAGE_EM_AARCH64 183u
#define IMAGE_EM_RISCV 243u

/* What it is. -1, and what was found instead, when it is broken or for another machine than
 * `em` (an ELF e_machine). */
int image_identify(const struct image *m, uint32_t em, struct image_info *i, char *text);

/* Loaded part `n` of an ELF file: `filesz` bytes at `data`, then zeros up to memsz. 0 when
 * there are fewer. */
struct image_segment {
    uint64_t addr, filesz, memsz;
    const uint8_t *data;
};
int image_segment(const struct image *m, uint32_t n, struct image_segment *s);
/* Leave out what lies below `low`: linkers put the file's own headers into the page before
 * the code. Returns how many bytes that were; a part wholly below stays as it is. */
uint64_t image_trim(struct image_segment *s, uint64_t low);

#endif
