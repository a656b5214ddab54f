/* SPDX-License-Identifier: MIT */
/* fat-dir.c - directories of a FAT volume.
 * Microsoft FAT32 File System Specification 1.03, "FAT Directory Structure" and "FAT Long Directory
 * Entries".
 *
 * Names are compared as the firmware does: letters of ASCII in any case. A long name belongs to the
 * short one behind it if its checksum says so; else only the short one counts.
 *
 * Not modelled: characters beyond ASCII (such a name is never found), time stamps.
 */
#include "card-image.h"

#include <string.h>

#define ENTRY 32u
#define MOST_ENTRIES 65536u /* that a directory may have */
#define LONG_PART 13u       /* characters in one entry */
#define LONG_MAX (20 * LONG_PART)

enum { ATTR_VOLUME = 8, ATTR_DIR = 16, ATTR_LONG = 15, ATTR_MASK = 63 };

struct longname {
    char text[LONG_MAX + 1];
    uint32_t expect; /* number of the part that must come next, 0: all came */
    uint32_t valid;
    uint8_t sum;
};

static uint8_t short_sum(const uint8_t *name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
    return sum;
}

/* One part, the last of them first. */
static void take_long(struct longname *l, const uint8_t *e)
{
    static const uint8_t place[LONG_PART] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    uint32_t number = e[0] & 0x3f;

    if (e[0] & 0x40) {
        *l = (struct longname){.expect = number, .sum = e[13], .valid = 1};
        if (number == 0 || number * LONG_PART > LONG_MAX)
            l->valid = 0;
    }
    if (!l->valid || number != l->expect || e[13] != l->sum) {
        l->valid = 0;
        return;
    }
    l->expect--;
    for (uint32_t i = 0; i < LONG_PART; i++) {
        uint32_t c = card_le16(e + place[i]);
        l->text[(number - 1) * LONG_PART + i] = c < 0x80 ? (char)c : '\x01'; /* in no path */
    }
}

static void short_name(const uint8_t *e, char out[13])
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < 11; i++) {
        if (i == 8 && e[8] != ' ')
            out[n++] = '.';
        if (e[i] != ' ')
            out[n++] = e[i] < 0x80 ? (char)e[i] : '\x01';
    }
    out[n] = 0;
}

static int same(const char *have, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char a = have[i], b = name[i];
        a = a >= 'A' && a <= 'Z' ? (char)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
        if (a != b || !a)
            return 0;
    }
    return have[n] == 0;
}

/* Is it the entry of that name? */
static int matches(struct longname *l, const uint8_t *e, const char *name, size_t n)
{
    char text[13];

    short_name(e, text);
    return (l->valid && l->expect == 0 && l->sum == short_sum(e) && same(l->text, name, n)) ||
           same(text, name, n);
}

static int read_entry(struct fat *f, struct fat_chain *c, uint8_t *e, char *text)
{
    return (int)fat_next(f, c, "a directory", e, ENTRY, text);
}

int fat_find(struct fat *f, uint32_t cluster, const char *name, size_t n, struct fat_entry *out,
             char *text)
{
    struct longname l = {.valid = 0};
    struct fat_chain c;
    uint8_t e[ENTRY];
    int rc;

    fat_begin(f, &c, cluster);
    for (uint32_t i = 0; i < MOST_ENTRIES; i++) {
        if ((rc = read_entry(f, &c, e, text)) <= 0)
            return rc ? -1 : FAT_NONE;
        if (e[0] == 0)
            return FAT_NONE;
        if (e[0] != 0xe5 && (e[11] & ATTR_MASK) == ATTR_LONG) {
            take_long(&l, e);
            continue;
        }
        if (e[0] != 0xe5 && !(e[11] & ATTR_VOLUME) && matches(&l, e, name, n)) {
            *out = (struct fat_entry){.cluster = card_le16(e + 26), .bytes = card_le32(e + 28),
                                      .dir = (e[11] & ATTR_DIR) != 0};
            if (f->bits == 32)
                out->cluster |= (card_le16(e + 20) & 0x0fff) << 16;
            return 0;
        }
        l.valid = 0;
    }
    return FAT_NONE;
}
