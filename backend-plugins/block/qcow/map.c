/* SPDX-License-Identifier: MIT */
/* map.c - where a cluster of a qcow image is: in it, nowhere (the backing file has it), or
 * zeros. libqcow does not tell these apart, and wants every backing file to be qcow.
 *
 * QEMU docs/interop/qcow2.txt, "Cluster mapping". A few second-level tables are kept; the
 * entries were checked against the file's length when a table was read, so a hostile one is
 * found before libqcow follows it.
 * Not modelled: refcounts, snapshots' own tables (the active one is what a guest sees).
 */
#include "qcow.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OFFSET_2 0x00fffffffffffe00ull /* versions 2 and 3 */
#define COMPRESSED (1ull << 62)        /* versions 2 and 3; version 1: bit 63 */
#define ZERO 1ull                      /* version 3 */

static int read_table(struct image *m, uint64_t at, uint64_t *out, uint64_t n)
{
    size_t want = (size_t)n * 8, done = 0;

    while (done < want) {
        ssize_t got = pread(m->fd, (char *)out + done, want - done, (off_t)(at + done));
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    for (uint64_t i = 0; i < n; i++)
        out[i] = be64toh(out[i]);
    return 0;
}

int map_open(struct image *m, char *why, size_t n)
{
    m->l1 = calloc(m->head.l1_entries + 1, 8);
    if (m->l1 && !read_table(m, m->head.l1_offset, m->l1, m->head.l1_entries))
        return 0;
    snprintf(why, n, m->l1 ? "its first table cannot be read" : "no memory for its first table");
    return -1;
}

void map_close(struct image *m)
{
    free(m->l1);
    for (unsigned i = 0; i < TABLES; i++)
        free(m->table[i].entry);
}

/* Is [at, at+len) in the file? */
static int inside(const struct image *m, uint64_t at, uint64_t len)
{
    return at <= m->file_bytes && len <= m->file_bytes - at;
}

/* What a second-level entry stands for; *host for MAP_DATA. */
static int kind_of(const struct image *m, uint64_t entry, uint64_t *host)
{
    uint64_t cluster = 1ull << m->head.cluster_bits, at;
    int old = m->head.version == 1;

    if (entry & (old ? 1ull << 63 : COMPRESSED)) {
        uint32_t shift = old ? 63 - m->head.cluster_bits : 62 - (m->head.cluster_bits - 8);
        at = entry & ((1ull << shift) - 1);
        return at && at < m->file_bytes && m->lib_fits && !m->head.crypt ? MAP_LIB : MAP_BAD;
    }
    if (m->head.version == 3 && (entry & ZERO))
        return MAP_ZERO;
    at = old ? entry : entry & OFFSET_2;
    if (!at)
        return MAP_NONE;
    /* The last cluster of a file may be short: its writer stopped at the last byte used. */
    if ((at & (old ? 511 : cluster - 1)) || !inside(m, at, 1))
        return MAP_BAD;
    *host = at;
    return m->head.crypt ? MAP_LIB : MAP_DATA;
}

/* The table at `at`, from the cache or the file; NULL when it cannot be read. Holds lock. */
static const uint64_t *table_at(struct image *m, uint64_t at)
{
    struct qcow_table *t = &m->table[0];

    for (unsigned i = 0; i < TABLES; i++) {
        if (m->table[i].offset == at && m->table[i].entry) {
            m->table[i].used = ++m->clock;
            return m->table[i].entry;
        }
        if (m->table[i].used < t->used)
            t = &m->table[i];
    }
    uint64_t n = 1ull << m->head.l2_bits;
    t->offset = 0;
    if (!t->entry)
        t->entry = malloc(n * 8);
    if (!t->entry || !inside(m, at, n * 8) || read_table(m, at, t->entry, n))
        return NULL;
    t->offset = at;
    t->used = ++m->clock;
    return t->entry;
}

/* One second-level table's part. */
static int look_in(struct image *m, uint64_t at, uint64_t len, uint64_t *run, uint64_t *host)
{
    uint32_t bits = m->head.cluster_bits;
    uint64_t per_table = 1ull << m->head.l2_bits, i = (at >> bits) & (per_table - 1), next;
    uint64_t l1 = m->l1[at >> (bits + m->head.l2_bits)];
    uint64_t table = m->head.version == 1 ? l1 : l1 & OFFSET_2;
    uint64_t mask = (1ull << (bits + m->head.l2_bits)) - 1, in = at & ((1ull << bits) - 1);

    if (!table) {
        *run = mask + 1 - (at & mask) < len ? mask + 1 - (at & mask) : len;
        return MAP_NONE;
    }
    *run = (1ull << bits) - in;
    const uint64_t *e = (table & 511) ? NULL : table_at(m, table);
    int kind = e ? kind_of(m, e[i], host) : MAP_BAD;
    while (e && *run < len && ++i < per_table && kind_of(m, e[i], &next) == kind &&
           (kind != MAP_DATA || next == *host + *run + in))
        *run += 1ull << bits;
    *host += in;
    *run = *run < len ? *run : len;
    return kind;
}

int map_look(struct image *m, uint64_t at, uint64_t len, uint64_t *run, uint64_t *host)
{
    *host = 0;
    pthread_mutex_lock(&m->lock);
    int kind = look_in(m, at, len, run, host);
    pthread_mutex_unlock(&m->lock);
    return kind;
}
