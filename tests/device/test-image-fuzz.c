/* SPDX-License-Identifier: MIT */
/* Image readers survive damaged files: mutations of an ELF file, a Linux image and a zboot
 * image, with every loaded part inside the file. `--count N` for the long form. */
#include "suite.h"

#include "unpack.h"

#include <stdlib.h>
#include <string.h>

static uint64_t count;
static uint64_t accepted, refused;
static volatile uint8_t checksum; /* the bytes are really read */

static void le(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static size_t make(uint8_t *f, unsigned kind)
{
    memset(f, 0, 0x400);
    if (kind == 0) {
        memcpy(f, "\177ELF\2\1\1", 7);
        le(f + 16, 2, 2);
        le(f + 18, 243, 2);
        le(f + 32, 64, 8);
        le(f + 54, 56, 2);
        le(f + 56, 3, 2);
        for (int i = 0; i < 3; i++) {
            uint8_t *p = f + 64 + 56 * i;
            le(p, 1, 4);
            le(p + 8, 0x200, 8);
            le(p + 24, 0x80000000 + 0x1000 * (uint64_t)i, 8);
            le(p + 32, 64, 8);
            le(p + 40, 128, 8);
        }
    } else if (kind == 1 || kind == 3) {
        le(f + 8, 0x200000, 8);
        le(f + 16, 0x1000, 8);
        memcpy(f + 56, "RSC\x05", 4);
        if (kind == 3) { /* with an EFI stub: a PE file of two sections */
            memcpy(f, "MZ", 2);
            le(f + 0x3c, 0x40, 4);
            memcpy(f + 0x40, "PE\0\0", 4);
            le(f + 0x46, 2, 2);
            le(f + 0x54, 0x20, 2);
            le(f + 0x78 + 16, 0x100, 4);
            le(f + 0x78 + 20, 0x200, 4);
        }
    } else {
        memcpy(f, "MZ\0\0zimg", 8);
        le(f + 8, 0x100, 4);
        le(f + 12, 0x40, 4);
        memcpy(f + 24, "gzip", 5);
        memcpy(f + 0x100, "\x1f\x8b\x08", 3);
    }
    return 0x300;
}

static void look(const uint8_t *data, size_t n)
{
    char text[IMAGE_TEXT];
    struct image_info i;
    struct image_segment s;
    uint8_t *copy = malloc(n ? n : 1); /* exact size: a sanitizer sees one byte too many */

    memcpy(copy, data, n);
    struct image m = {.data = copy, .len = n, .map = copy, .malloced = 1};
    int known = unpack_image(&m, text) == 0 && image_identify(&m, 243, &i, text) == 0;
    accepted += known;
    refused += !known;
    if (known && i.kind == IMAGE_ELF) {
        uint32_t k = 0;
        while (image_segment(&m, k, &s)) {
            uint8_t sum = 0;
            for (uint64_t b = 0; b < s.filesz; b++)
                sum ^= s.data[b];
            if (s.addr < i.low || s.addr + s.memsz > i.high)
                CU_FAIL("a segment outside [low, high)");
            checksum = sum;
            k++;
        }
        if (k != i.segments)
            CU_FAIL("segments and image_segment() disagree");
    }
    image_free(&m);
}

static void test_mutations(void)
{
    uint8_t f[0x400];
    uint64_t seed = 7;

    for (uint64_t n = 0; n < count; n++) {
        size_t len = make(f, (unsigned)(pbt_rand(&seed) % 4));
        uint64_t edits = pbt_rand(&seed) % 6;
        for (uint64_t k = 0; k < edits; k++) {
            uint64_t r = pbt_rand(&seed), at = r % 240;
            if (r >> 32 & 1)
                f[at] = (uint8_t)(r >> 40);
            else
                le(f + at, r >> 33 & 1 ? UINT64_MAX >> (r >> 40 & 63) : r >> 48, 8);
        }
        if (pbt_rand(&seed) % 4 == 0)
            len = pbt_rand(&seed) % len;
        look(f, len);
    }
    CU_ASSERT(accepted > count / 100); /* both ways were gone, many times */
    CU_ASSERT(refused > count / 100);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {{"mutations", test_mutations}};

    count = pbt_count_arg(argc, argv, 100000);
    return SUITE_RUN("image", tests);
}
