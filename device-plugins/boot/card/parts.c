/* SPDX-License-Identifier: MIT */
/* parts.c - the partition table of a medium: MBR with logical partitions, or GPT.
 * UEFI 2.10, chapter 5 (GUID partition table, 5.2 MBR); numbers and PARTUUIDs are as Linux gives
 * them (block/partitions/msdos.c, efi.c: a logical partition is 5 or more).
 *
 * Not modelled: the second GPT at the medium's end, tables of BSD and others, sectors that are not
 * of 512 bytes.
 */
#include "card-image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SECTOR 512u

static int is_extended(uint32_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* FAT12, FAT16 (small, large, LBA) and FAT32. */
static int is_fat(uint32_t type)
{
    return type == 0x01 || type == 0x04 || type == 0x06 || type == 0x0b || type == 0x0c ||
           type == 0x0e;
}

static struct part *add(struct parts *t, uint32_t number, uint64_t first, uint64_t sectors)
{
    if (t->n == PARTS_MAX)
        return NULL;
    struct part *p = &t->v[t->n++];
    *p = (struct part){.number = number, .at = first * SECTOR, .bytes = sectors * SECTOR};
    return p;
}

/* ---- MBR ------------------------------------------------------------------------------- */

static void add_mbr(struct parts *t, uint32_t number, const uint8_t *e, uint64_t base, uint32_t id)
{
    struct part *p = add(t, number, base + card_le32(e + 8), card_le32(e + 12));

    if (!p)
        return;
    p->type = e[4];
    p->boot = is_fat(e[4]);
    snprintf(p->uuid, sizeof p->uuid, "%08x-%02x", id, number);
}

static int has_signature(const uint8_t *s)
{
    return s[510] == 0x55 && s[511] == 0xaa;
}

/* Each logical partition has a sector that names it and the next such sector. */
static int logical(const struct medium *m, struct parts *t, uint64_t base, uint32_t id, char *text)
{
    uint8_t s[SECTOR];
    uint64_t at = base;

    for (uint32_t number = 5; number < PARTS_MAX; number++) {
        if (medium_read(m, "the extended partition", at * SECTOR, s, sizeof s, text) < 0)
            return -1;
        if (!has_signature(s))
            return 0;
        if (s[446 + 4] && card_le32(s + 446 + 12))
            add_mbr(t, number, s + 446, at, id);
        uint32_t next = card_le32(s + 462 + 8);
        if (!is_extended(s[462 + 4]) || next == 0)
            return 0;
        at = base + next;
    }
    snprintf(text, IMAGE_TEXT, "the extended partition has more than %u parts: its chain is a loop",
             PARTS_MAX - 5);
    return -1;
}

static int read_mbr(const struct medium *m, const uint8_t *s, struct parts *t, char *text)
{
    uint32_t id = card_le32(s + 440);
    int rc = 0;

    t->kind = PARTS_MBR;
    for (uint32_t i = 0; i < 4 && rc == 0; i++) {
        const uint8_t *e = s + 446 + 16 * i;
        if (!e[4] || !card_le32(e + 12))
            continue;
        if (is_extended(e[4]))
            rc = logical(m, t, card_le32(e + 8), id, text);
        else
            add_mbr(t, i + 1, e, 0, id);
    }
    return rc;
}

/* ---- GPT ------------------------------------------------------------------------------- */

static const uint8_t guid_esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
static const uint8_t guid_data[16] = {0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44,
                                      0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7};

static void guid_text(const uint8_t *g, char *out, size_t n)
{
    snprintf(out, n, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", card_le32(g),
             card_le16(g + 4), card_le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14],
             g[15]);
}

static int bad_gpt(char *text, const char *why)
{
    snprintf(text, IMAGE_TEXT, "its GUID partition table is damaged (%s)", why);
    return -1;
}

static int add_gpt(struct parts *t, uint32_t number, const uint8_t *e, char *text)
{
    static const uint8_t none[16];
    uint64_t first = card_le64(e + 32), last = card_le64(e + 40);

    if (memcmp(e, none, 16) == 0)
        return 0;
    if (first > last || last >= UINT64_MAX / SECTOR)
        return bad_gpt(text, "a partition ends before it begins");
    struct part *p = add(t, number, first, last - first + 1);
    if (p) {
        p->boot = memcmp(e, guid_esp, 16) == 0 || memcmp(e, guid_data, 16) == 0;
        guid_text(e + 16, p->uuid, sizeof p->uuid);
    }
    return 0;
}

static int read_gpt(const struct medium *m, struct parts *t, char *text)
{
    uint8_t h[SECTOR], zero[4] = {0};
    int rc = 0;

    t->kind = PARTS_GPT;
    if (medium_read(m, "the GUID partition table", SECTOR, h, sizeof h, text) < 0)
        return -1;
    uint32_t size = card_le32(h + 12), n = card_le32(h + 80), each = card_le32(h + 84);
    if (memcmp(h, "EFI PART", 8) != 0 || size < 92 || size > SECTOR)
        return bad_gpt(text, "no header in sector 1");
    uint32_t sum = card_le32(h + 16);
    memcpy(h + 16, zero, 4);
    if (crc32(0, h, size) != sum)
        return bad_gpt(text, "the header's checksum is wrong");
    if (each < 128 || each > 4096 || each % 128 || n > 1024 ||
        card_le64(h + 72) > UINT64_MAX / SECTOR)
        return bad_gpt(text, "the size of its entries");
    uint8_t *e = malloc((size_t)n * each + 1);
    if (!e)
        return bad_gpt(text, "out of memory");
    if (medium_read(m, "the GUID partition table", card_le64(h + 72) * SECTOR, e, n * each,
                    text) < 0)
        rc = -1;
    else if (crc32(0, e, n * each) != card_le32(h + 88))
        rc = bad_gpt(text, "the entries' checksum is wrong");
    for (uint32_t i = 0; i < n && rc == 0; i++)
        rc = add_gpt(t, i + 1, e + (size_t)i * each, text);
    free(e);
    return rc;
}

/* ---- Both ------------------------------------------------------------------------------ */

/* What people give by mistake. */
static const char *packed(const uint8_t *s)
{
    static const struct {
        const char *magic, *text;
        uint32_t n;
    } kinds[] = {{"\xfd" "7zXZ", "it is packed with xz: unpack it with 'unxz'", 5},
                 {"\x1f\x8b", "it is packed with gzip: unpack it with 'gunzip'", 2},
                 {"PK\x03\x04", "it is a zip archive: unpack it with 'unzip'", 4},
                 {"\x28\xb5\x2f\xfd", "it is packed with zstd: unpack it with 'unzstd'", 4},
                 {"QFI\xfb", "it is a qcow2 image: say so, format=qcow2", 4}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (memcmp(s, kinds[i].magic, kinds[i].n) == 0)
            return kinds[i].text;
    }
    return "it has neither a partition table nor a FAT file system";
}

int parts_read(const struct medium *m, struct parts *t, char *text)
{
    uint8_t s[SECTOR];
    struct fat f;

    *t = (struct parts){.kind = PARTS_NONE};
    if (medium_read(m, "the first sector", 0, s, sizeof s, text) < 0)
        return -1;
    if (fat_open(&f, m, 0, m->bytes, text) == 0) {
        add(t, 0, 0, m->bytes / SECTOR)->boot = 1;
        return 0;
    }
    if (!has_signature(s)) {
        snprintf(text, IMAGE_TEXT, "%s", packed(s));
        return -1;
    }
    for (uint32_t i = 0; i < 4; i++) {
        if (s[446 + 16 * i + 4] == 0xee)
            return read_gpt(m, t, text);
    }
    return read_mbr(m, s, t, text);
}
