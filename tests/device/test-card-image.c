/* SPDX-License-Identifier: MIT */
/* FAT volumes and partition tables: what is there is found; what lies, loops or is cut off is told;
 * mutations never read out of bounds. `--count N` for the long form. */
#include "suite.h"

#include "fat-image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const uint32_t sizes[][2] = {{12, 200}, {16, 5000}, {32, 66000}}; /* bits, clusters */
static uint8_t body[5000];
static char text[IMAGE_TEXT];

static void make(struct fat_image *f, uint32_t kind, uint32_t first)
{
    for (uint32_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i * 31 + i / 512);
    fat_image_init(f, sizes[kind][0], sizes[kind][1], first);
    fat_image_add(f, "EMPTY      ", NULL, NULL, 0);
    fat_image_add(f, "CONFIG  TXT", NULL, "a=1\n", 4);
    fat_image_add(f, "BCM271~1DTB", "bcm2710-rpi-3-b-plus.dtb", body, 700);
    fat_image_add(f, "KERNEL8 IMG", NULL, body, sizeof body);
}

static int open_fat(struct fat_image *f, struct medium *m, struct fat *fat)
{
    *m = fat_image_medium(f);
    return fat_open(fat, m, f->at, f->bytes - f->at, text);
}

static int is_there(struct fat *fat, const char *path, uint32_t n)
{
    uint8_t *data;
    uint64_t len;
    int rc = fat_file(fat, path, 1 << 20, &data, &len, text);

    if (rc)
        return 0;
    int same = len == n && (n < 500 || memcmp(data, body, n) == 0) && data[n] == 0;
    free(data);
    return same;
}

static void test_files(void)
{
    for (uint32_t kind = 0; kind < 3; kind++) {
        struct fat_image f;
        struct medium m;
        struct fat fat;
        make(&f, kind, 8);
        CU_ASSERT_EQUAL_FATAL(open_fat(&f, &m, &fat), 0);
        CU_ASSERT_EQUAL(fat.bits, sizes[kind][0]);
        CU_ASSERT_EQUAL(fat.clusters, sizes[kind][1]);
        CU_ASSERT(is_there(&fat, "kernel8.img", sizeof body));
        CU_ASSERT(is_there(&fat, "/Config.TXT", 4));
        CU_ASSERT(is_there(&fat, "empty", 0));
        CU_ASSERT(is_there(&fat, "BCM2710-rpi-3-b-PLUS.dtb", 700));
        CU_ASSERT(is_there(&fat, "bcm271~1.dtb", 700));
        CU_ASSERT_EQUAL(fat_file(&fat, "kernel7.img", 1 << 20, NULL, NULL, text), FAT_NONE);
        CU_ASSERT_EQUAL(fat_file(&fat, "config.txt/x", 1 << 20, NULL, NULL, text), FAT_NONE);
        CU_ASSERT_EQUAL(fat_file(&fat, "", 1 << 20, NULL, NULL, text), FAT_NONE);
        CU_ASSERT_EQUAL(fat_file(&fat, "kernel8.img", 4999, NULL, NULL, text), -1);
        fat_image_fini(&f);
    }
}

/* `says` for the kernel of a volume whose cluster `n` after the first links to `to`. */
static void expect_chain(uint32_t kind, uint32_t n, uint32_t to, const char *says)
{
    struct fat_image f;
    struct medium m;
    struct fat fat;

    make(&f, kind, 0);
    uint32_t first = fat_image_add(&f, "LONG    IMG", NULL, body, sizeof body);
    fat_image_link(&f, first + n, to == 1 ? first : to);
    CU_ASSERT_EQUAL_FATAL(open_fat(&f, &m, &fat), 0);
    CU_ASSERT_FALSE(is_there(&fat, "long.img", sizeof body));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, says));
    fat_image_fini(&f);
}

static void test_lies(void)
{
    struct fat_image f;
    struct medium m;
    struct fat fat;

    for (uint32_t kind = 0; kind < 3; kind++) {
        expect_chain(kind, 3, 1, "is a loop");
        expect_chain(kind, 3, 0x0fffffff, "ends after 2048 of 5000");
        expect_chain(kind, 3, sizes[kind][1] + 2, "which the volume does not have");
    }
    make(&f, 0, 0);
    fat_image_put(f.data + f.root + 32 * 2 - 4, 0x7fffffff, 4); /* the size of CONFIG.TXT */
    CU_ASSERT_EQUAL_FATAL(open_fat(&f, &m, &fat), 0);
    CU_ASSERT_EQUAL(fat_file(&fat, "config.txt", UINT64_MAX, NULL, NULL, text), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "the whole volume"));
    f.bytes = f.cluster2 + 4 * 512; /* cut off */
    CU_ASSERT_EQUAL_FATAL(open_fat(&f, &m, &fat), 0);
    CU_ASSERT_FALSE(is_there(&fat, "kernel8.img", sizeof body));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "behind the end"));
    f.bytes = 100;
    CU_ASSERT_EQUAL(open_fat(&f, &m, &fat), -1);
    fat_image_fini(&f);
}

/* ---- Partitions ------------------------------------------------------------------------ */

static void mbr_entry(uint8_t *s, uint32_t i, uint32_t type, uint32_t first, uint32_t sectors)
{
    s[446 + 16 * i + 4] = (uint8_t)type;
    fat_image_put(s + 446 + 16 * i + 8, first, 4);
    fat_image_put(s + 446 + 16 * i + 12, sectors, 4);
    s[510] = 0x55;
    s[511] = 0xaa;
}

static void test_mbr(void)
{
    struct fat_image f;
    struct parts t;

    make(&f, 0, 100);
    struct medium m = fat_image_medium(&f);
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), -1);
    fat_image_put(f.data + 440, 0x12ab34cd, 4);
    mbr_entry(f.data, 0, 0x0c, 100, 200);
    mbr_entry(f.data, 2, 0x05, 10, 50);
    mbr_entry(f.data + 10 * 512, 0, 0x83, 2, 3);
    mbr_entry(f.data + 10 * 512, 1, 0x05, 20, 4);
    mbr_entry(f.data + 30 * 512, 0, 0x83, 1, 7);
    CU_ASSERT_EQUAL_FATAL(parts_read(&m, &t, text), 0);
    CU_ASSERT_EQUAL(t.kind, PARTS_MBR);
    CU_ASSERT_EQUAL_FATAL(t.n, 3);
    CU_ASSERT(t.v[0].number == 1 && t.v[0].boot && t.v[0].at == 100 * 512);
    CU_ASSERT_STRING_EQUAL(t.v[0].uuid, "12ab34cd-01");
    CU_ASSERT(t.v[1].number == 5 && t.v[1].at == 12 * 512 && !t.v[1].boot);
    CU_ASSERT(t.v[2].number == 6 && t.v[2].at == 31 * 512 && t.v[2].bytes == 7 * 512);
    mbr_entry(f.data + 30 * 512, 1, 0x05, 20, 4); /* itself */
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "loop"));
    fat_image_fini(&f);
    make(&f, 0, 0); /* no table at all */
    m = fat_image_medium(&f);
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), 0);
    CU_ASSERT(t.kind == PARTS_NONE && t.n == 1 && t.v[0].at == 0);
    fat_image_fini(&f);
}

static void gpt_sums(uint8_t *d)
{
    fat_image_put(d + 512 + 88, crc32(0, d + 1024, 4 * 128), 4);
    fat_image_put(d + 512 + 16, 0, 4);
    fat_image_put(d + 512 + 16, crc32(0, d + 512, 92), 4);
}

static void test_gpt(void)
{
    static const uint8_t esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                    0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
    struct fat_image f;
    struct parts t;

    make(&f, 1, 100);
    struct medium m = fat_image_medium(&f);
    uint8_t *h = f.data + 512, *e = f.data + 1024 + 128; /* the second entry */
    mbr_entry(f.data, 0, 0xee, 1, 0xffffffff);
    memcpy(h, "EFI PART", 8);
    fat_image_put(h + 12, 92, 4);
    fat_image_put(h + 72, 2, 8);
    fat_image_put(h + 80, 4, 4);
    fat_image_put(h + 84, 128, 4);
    memcpy(e, esp, 16);
    memcpy(e + 16, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10", 16);
    fat_image_put(e + 32, 100, 8);
    fat_image_put(e + 40, 199, 8);
    gpt_sums(f.data);
    CU_ASSERT_EQUAL_FATAL(parts_read(&m, &t, text), 0);
    CU_ASSERT_EQUAL_FATAL(t.n, 1);
    CU_ASSERT(t.v[0].number == 2 && t.v[0].boot && t.v[0].bytes == 100 * 512);
    CU_ASSERT_STRING_EQUAL(t.v[0].uuid, "04030201-0605-0807-090a-0b0c0d0e0f10");
    fat_image_put(e + 32, 200, 8);
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), -1); /* the sum is wrong */
    gpt_sums(f.data);
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), -1); /* ends before it begins */
    fat_image_put(h + 80, 0x10000000, 4);
    gpt_sums(f.data);
    CU_ASSERT_EQUAL(parts_read(&m, &t, text), -1);
    fat_image_fini(&f);
}

/* ---- Mutations ------------------------------------------------------------------------- */

static uint64_t found, refused;

static void look(struct fat_image *f)
{
    static const char *const names[] = {"kernel8.img", "bcm2710-rpi-3-b-plus.dtb", "empty/x", "x"};
    struct medium m = fat_image_medium(f);
    struct parts t;
    struct fat fat;

    parts_read(&m, &t, text);
    if (fat_open(&fat, &m, f->at, f->bytes - f->at, text) < 0) {
        refused++;
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t *data;
        uint64_t len;
        if (fat_file(&fat, names[i], 1 << 20, &data, &len, text) == 0) {
            found++;
            free(data);
        }
    }
}

static uint64_t count;

struct edit {
    uint64_t at;
    uint8_t was;
};

/* Damage a whole volume, look at it, and mend it. */
static void mutate(struct fat_image *f, uint64_t *seed)
{
    const uint64_t spots[] = {f->at, f->fat, f->root, f->cluster2, 0};
    uint64_t edits = 1 + pbt_rand(seed) % 8, whole = f->bytes;
    struct edit e[8];

    for (uint64_t k = 0; k < edits; k++) {
        uint64_t r = pbt_rand(seed);
        e[k].at = spots[r % 5] + (r >> 8) % 128 + (r >> 20 & 1) * 400;
        e[k].was = f->data[e[k].at];
        f->data[e[k].at] = r >> 21 & 1 ? (uint8_t)(r >> 24) : r >> 22 & 1 ? 0xff : 0;
    }
    if (pbt_rand(seed) % 8 == 0)
        f->bytes = f->at + 1 + pbt_rand(seed) % (whole - f->at - 1);
    look(f);
    f->bytes = whole;
    while (edits--)
        f->data[e[edits].at] = e[edits].was;
}

static void test_mutations(void)
{
    struct fat_image f[6];
    uint64_t seed = 11;

    for (uint32_t i = 0; i < 6; i++) {
        make(&f[i], i % 3, i / 3 * 40);
        if (i / 3)
            mbr_entry(f[i].data, 1, i % 3 ? 0x0f : 0xee, 7, 50);
    }
    for (uint64_t n = 0; n < count; n++)
        mutate(&f[pbt_rand(&seed) % 6], &seed);
    for (uint32_t i = 0; i < 6; i++) {
        look(&f[i]);
        fat_image_fini(&f[i]);
    }
    CU_ASSERT(found > count / 10); /* both ways were gone, many times */
    CU_ASSERT(refused > count / 20);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {{"files", test_files}, {"lies", test_lies},
                                              {"MBR", test_mbr}, {"GPT", test_gpt},
                                              {"mutations", test_mutations}};

    count = pbt_count_arg(argc, argv, 30000);
    return SUITE_RUN("card-image", tests);
}
