/* SPDX-License-Identifier: MIT */
/* cache.c - the tables of units.
 *
 * Two hash tables with chains: units by (physical pc, mode), pages by physical address.
 * Lookups take no lock: entries are published by a release store of the head and stay
 * readable after they are taken out, until every vCPU was seen outside (exclusive section).
 * All changes are made under e->lock.
 *
 * A page keeps a map of the 64-byte pieces that lie under units, so that a store beside
 * code costs one load, and the list of its units, which says byte by byte what a store hit.
 * A unit that straddles two pages is in both lists.
 *
 * What leads to a unit in its table is a word that tells more than where it is: a tag, so that a
 * unit that is not the one looked for need not be read, and whether another follows it. Most
 * lookups are for units that are not there yet, and each read is a miss of the host's caches.
 *
 * The table of units doubles when it is half full: bucket i is divided between i and i + the old
 * size, where it is. Who reads it meanwhile may miss units, and looks again under the lock before
 * it makes one.
 */
#include "cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HASH_MIN 15u /* bits */
#define HASH_MAX 21u /* as many buckets as 256 MiB of code have units */

/* A unit's hash, whose lowest bits are its bucket. In user mode a page's units are in neighbouring
 * buckets, as are neighbouring pages: programs are short, and they and their forks touch each part
 * of the table anew. Larger tables have more room for each page. */
static uint32_t unit_hash(const struct xl_engine *e, uint64_t pa, uint64_t mode)
{
    if (e->direct) {
        uint64_t page = pa >> XL_PAGE_BITS, in = (pa >> 2) ^ (pa >> 7) ^ (mode * 0x9e3779b9u >> 27);
        uint64_t of_page = page ^ page >> 9 ^ page >> 18, more = (pa >> 7 ^ pa >> 1) & 1;

        return (uint32_t)((in & 31) | (of_page & 1023) << 5 | more << 15 |
                          (of_page >> 10 & 1) << 16 | (pa >> 8 & 1) << 17 | of_page >> 11 << 18);
    }
    uint64_t h = ((pa >> 1) ^ (mode * 0x9e3779b97f4a7c15u >> 20)) * 0xd6e8feb86659fd93u;

    return (uint32_t)(h >> 40);
}

#define WORD_MORE 1u /* another one follows */
#define WORD_TAG 48  /* above any host address: bits of the hash from HASH_MIN on, then of pa */
#define WORD_HASH (HASH_MAX - HASH_MIN)

static struct xl_unit *unit_of(uint64_t word)
{
    return (struct xl_unit *)(uintptr_t)(word & (((uint64_t)1 << WORD_TAG) - 16));
}

static uint64_t tag_of(uint32_t hash, uint64_t pa)
{
    uint64_t high = hash >> HASH_MIN & ((1u << WORD_HASH) - 1), in = pa >> 1 ^ pa >> 12;

    return (high | in << WORD_HASH) << WORD_TAG;
}

static uint64_t *unit_bucket(const struct xl_engine *e, uint32_t hash)
{
    uint32_t bits = __atomic_load_n(&e->hash_bits, __ATOMIC_RELAXED);

    return &e->hash[hash & ((1u << bits) - 1)];
}

static uint32_t page_bucket(uint64_t pa)
{
    uint64_t page = pa >> XL_PAGE_BITS;

    return (uint32_t)(page ^ page >> XL_PAGE_TABLE_BITS) & ((1u << XL_PAGE_TABLE_BITS) - 1);
}

/* Both tables, straight from the kernel: a short run touches few of their pages. */
#define TABLE_BYTES (((size_t)1 << HASH_MAX) * sizeof(uint64_t) +                                  \
                     ((size_t)1 << XL_PAGE_TABLE_BITS) * sizeof(struct xl_page *))

int xl_cache_init(struct xl_engine *e)
{
    e->hash_bits = e->direct ? HASH_MIN : HASH_MIN + 1;
    void *p = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return PB_ENOMEM;
    e->hash = p;
    e->pages = (struct xl_page **)(e->hash + ((size_t)1 << HASH_MAX));
    return PB_OK;
}

void xl_cache_fini(struct xl_engine *e)
{
    if (e->hash)
        xl_cache_clear(e);
    for (uint32_t i = 0; e->pages && i < 1u << XL_PAGE_TABLE_BITS; i++) {
        struct xl_page *p = e->pages[i];

        while (p) {
            struct xl_page *next = p->next;

            free(p);
            p = next;
        }
    }
    xl_arena_clear(e, 1);
    if (e->hash)
        munmap(e->hash, TABLE_BYTES);
    e->hash = NULL;
    e->pages = NULL;
}

/* ---- Lookups ------------------------------------------------------------------------- */

struct xl_unit *xl_unit_find(struct xl_engine *e, uint64_t pa, uint64_t mode, uint64_t pa2)
{
    uint32_t hash = unit_hash(e, pa, mode);
    uint64_t word = __atomic_load_n(unit_bucket(e, hash), __ATOMIC_ACQUIRE);
    uint64_t tag = tag_of(hash, pa);

    while (word) {
        struct xl_unit *u = unit_of(word);

        if ((word ^ tag) >> WORD_TAG == 0 && u->pa == pa && u->mode == mode &&
            (pa2 == XL_SOME_PAGE ? u->pa2 != UINT64_MAX : u->pa2 == pa2) &&
            !__atomic_load_n(&u->dead, __ATOMIC_RELAXED))
            return u;
        if (!(word & WORD_MORE))
            break;
        word = __atomic_load_n(&u->next_hash, __ATOMIC_ACQUIRE);
    }
    return NULL;
}

struct xl_page *xl_page_find(struct xl_engine *e, uint64_t pa)
{
    struct xl_page *p = __atomic_load_n(&e->pages[page_bucket(pa)], __ATOMIC_ACQUIRE);

    pa &= ~(uint64_t)XL_PAGE_MASK;
    while (p && p->pa != pa)
        p = p->next;
    return p;
}

struct xl_page *xl_page_get(struct xl_engine *e, uint64_t pa)
{
    struct xl_page *p = xl_page_find(e, pa), **head;

    if (p)
        return p;
    pthread_mutex_lock(&e->lock);
    p = xl_page_find(e, pa);
    if (!p && (p = calloc(1, sizeof(*p)))) {
        head = &e->pages[page_bucket(pa)];
        p->pa = pa & ~(uint64_t)XL_PAGE_MASK;
        p->next = *head;
        __atomic_store_n(head, p, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&e->lock);
    return p;
}

int xl_watched(struct xl_engine *e, uint64_t pa)
{
    const struct xl_page *p = xl_page_find(e, pa);

    return p && __atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) != XL_UNWATCHED;
}

/* ---- Pages ----------------------------------------------------------------------------- */

/* Bytes of the unit in page p, as offsets [*from, *to). */
static void extent(const struct xl_unit *u, const struct xl_page *p, uint32_t *from,
                   uint32_t *to)
{
    uint32_t start = (uint32_t)(u->pa & XL_PAGE_MASK), end = start + u->bytes;

    if ((u->pa & ~(uint64_t)XL_PAGE_MASK) == p->pa) {
        *from = start;
        *to = end < XL_PAGE_SIZE ? end : XL_PAGE_SIZE;
    } else {
        *from = 0;
        *to = end - XL_PAGE_SIZE;
    }
}

static uint64_t pieces(uint32_t from, uint32_t to) /* [from, to), not empty */
{
    uint32_t a = from >> 6, n = ((to - 1) >> 6) - a + 1;

    return (n >= 64 ? ~(uint64_t)0 : (((uint64_t)1 << n) - 1)) << a;
}

static struct xl_unit **next_in(struct xl_unit *u, const struct xl_page *p)
{
    return (u->pa & ~(uint64_t)XL_PAGE_MASK) == p->pa ? &u->next_page : &u->next_page2;
}

static void page_add(struct xl_page *p, struct xl_unit *u)
{
    uint32_t from, to;

    *next_in(u, p) = p->units;
    p->units = u;
    extent(u, p, &from, &to);
    if (from < to)
        __atomic_fetch_or(&p->code_map, pieces(from, to), __ATOMIC_SEQ_CST);
}

static void page_remove(struct xl_page *p, struct xl_unit *u)
{
    struct xl_unit **at = &p->units;
    uint64_t map = 0;

    while (*at && *at != u)
        at = next_in(*at, p);
    if (*at)
        *at = *next_in(u, p);
    for (struct xl_unit *v = p->units; v; v = *next_in(v, p)) {
        uint32_t from, to;

        extent(v, p, &from, &to);
        if (from < to)
            map |= pieces(from, to);
    }
    __atomic_store_n(&p->code_map, map, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&p->gen, 1, __ATOMIC_SEQ_CST);
}

/* ---- Units ------------------------------------------------------------------------------- */

/* Each unit's successor becomes one that was moved before it: no reader goes round in circles. */
static void grow(struct xl_engine *e)
{
    uint32_t size = 1u << e->hash_bits, bit = WORD_TAG + e->hash_bits - HASH_MIN;

    for (uint32_t i = 0; i < size; i++) {
        uint64_t half[2] = {0, 0}, next;

        for (uint64_t word = e->hash[i]; word; word = next) {
            uint64_t *to = &half[word >> bit & 1];
            struct xl_unit *u = unit_of(word);

            next = word & WORD_MORE ? u->next_hash : 0;
            if (*to || word & WORD_MORE) /* else it has no successor already */
                __atomic_store_n(&u->next_hash, *to, __ATOMIC_RELEASE);
            *to = (word & ~(uint64_t)WORD_MORE) | (*to ? WORD_MORE : 0);
        }
        __atomic_store_n(&e->hash[i], half[0], __ATOMIC_RELEASE);
        if (half[1])
            __atomic_store_n(&e->hash[i + size], half[1], __ATOMIC_RELEASE);
    }
    __atomic_store_n(&e->hash_bits, e->hash_bits + 1, __ATOMIC_RELAXED);
}

int xl_unit_insert(struct xl_engine *e, struct xl_unit *u)
{
    struct xl_page *p = xl_page_find(e, u->pa), *p2 = NULL;
    uint32_t hash = unit_hash(e, u->pa, u->mode);
    uint64_t *head;

    if (e->n_units >> (e->hash_bits - 1) && e->hash_bits < HASH_MAX)
        grow(e);
    head = unit_bucket(e, hash);
    if (u->pa2 != UINT64_MAX)
        p2 = xl_page_find(e, u->pa2);
    if (!p || (u->pa2 != UINT64_MAX && !p2))
        return PB_EINVAL;
    page_add(p, u);
    if (u->src && !p->mutable) {
        p->mutable = 1;
        p->next_mutable = e->mutable;
        e->mutable = p;
    }
    if (p2 && p2 != p)
        page_add(p2, u);
    u->next_hash = *head;
    __atomic_store_n(head, (uintptr_t)u | tag_of(hash, u->pa) | (*head ? WORD_MORE : 0),
                     __ATOMIC_RELEASE);
    __atomic_fetch_add(&e->published, 1, __ATOMIC_RELEASE);
    e->n_units++;
    return PB_OK;
}

void xl_unit_link(struct xl_engine *e, struct xl_link *l, struct xl_unit *to)
{
    l->to = to;
    l->next = to->in;
    to->in = l;
    e->host_code->set_link(e, l);
}

/* Take `l` out of its target's list. */
static void unlink_out(struct xl_link *l)
{
    struct xl_link **at = &l->to->in;

    while (*at && *at != l)
        at = &(*at)->next;
    if (*at)
        *at = l->next;
    l->to = NULL;
}

void xl_unit_drop(struct xl_engine *e, struct xl_unit *u)
{
    uint64_t *at = unit_bucket(e, unit_hash(e, u->pa, u->mode));
    struct xl_page *p = xl_page_find(e, u->pa), *p2 = NULL;

    __atomic_store_n(&u->dead, 1, __ATOMIC_SEQ_CST);
    while (*at && unit_of(*at) != u)
        at = &unit_of(*at)->next_hash;
    if (*at) /* u->next_hash stays: a reader may stand on u */
        __atomic_store_n(at, u->next_hash, __ATOMIC_RELEASE);
    page_remove(p, u);
    if (u->pa2 != UINT64_MAX && (p2 = xl_page_find(e, u->pa2)) != p)
        page_remove(p2, u);
    for (uint32_t i = 0; i < u->n_links; i++) {
        if (u->link[i].to)
            unlink_out(&u->link[i]);
    }
    while (u->in) {
        struct xl_link *l = u->in;

        u->in = l->next;
        l->to = NULL;
        e->host_code->set_link(e, l);
    }
    u->next_page = e->dead;
    e->dead = u;
    e->n_units--;
    e->n_dead++;
    e->n_dropped++;
}

static uint32_t drop_in_page(struct xl_engine *e, struct xl_page *p, uint32_t from, uint32_t to)
{
    struct xl_unit *u = p->units, *next;
    uint32_t n = 0, a, b;

    for (; u; u = next) {
        next = *next_in(u, p);
        extent(u, p, &a, &b);
        if (a < to && from < b) {
            xl_unit_drop(e, u);
            n++;
        }
    }
    return n;
}

uint32_t xl_drop_range(struct xl_engine *e, uint64_t pa, uint64_t len)
{
    uint64_t last = len && pa + (len - 1) >= pa ? pa + (len - 1) : len ? UINT64_MAX : pa;
    uint32_t n = 0;

    if (!len || !e->n_units) /* the first reset: the table itself is not there yet */
        return 0;
    if ((last - pa) >> XL_PAGE_BITS >= 1u << XL_PAGE_TABLE_BITS) { /* shorter by the table */
        for (uint32_t i = 0; i < 1u << XL_PAGE_TABLE_BITS; i++) {
            for (struct xl_page *p = e->pages[i]; p; p = p->next) {
                if (p->pa + XL_PAGE_MASK >= pa && p->pa <= last)
                    n += drop_in_page(e, p, 0, XL_PAGE_SIZE);
            }
        }
        return n;
    }
    for (uint64_t at = pa;;) {
        struct xl_page *p = xl_page_find(e, at);
        uint64_t end = at | XL_PAGE_MASK;
        uint32_t to = (uint32_t)((end < last ? end : last) & XL_PAGE_MASK) + 1;

        if (p)
            n += drop_in_page(e, p, (uint32_t)(at & XL_PAGE_MASK), to);
        if (end >= last)
            return n;
        at = end + 1;
    }
}

/* The bytes are read from guest memory, which is the process's own here: guest code has just run
 * from it, or its mapping's units were dropped. */
static uint32_t check_page(struct xl_engine *e, struct xl_page *p, uint64_t va, uint64_t last)
{
    uint32_t n = 0;

    for (struct xl_unit *u = p->units, *next; u; u = next) {
        next = *next_in(u, p);
        if (!u->src || (u->pa & ~(uint64_t)XL_PAGE_MASK) != p->pa || u->pa > last ||
            u->pa + u->bytes - 1 < va)
            continue;
        if (memcmp(u->src, (const void *)(uintptr_t)u->pa, u->bytes)) {
            xl_unit_drop(e, u);
            n++;
        }
    }
    return n;
}

uint32_t xl_drop_changed(struct xl_engine *e, uint64_t va, uint64_t len)
{
    uint64_t last = va + (len - 1) < va ? UINT64_MAX : va + (len - 1);
    uint64_t first = va & ~(uint64_t)XL_PAGE_MASK;
    uint32_t n = 0;

    if (!len)
        return 0;
    if (last - first < 16 * XL_PAGE_SIZE) { /* also those that straddle into it */
        for (uint64_t at = first < XL_PAGE_SIZE ? 0 : first - XL_PAGE_SIZE; at <= last;
             at += XL_PAGE_SIZE) {
            struct xl_page *p = xl_page_find(e, at);

            n += p && p->mutable ? check_page(e, p, va, last) : 0;
        }
        return n;
    }
    for (struct xl_page *p = e->mutable; p; p = p->next_mutable) {
        if (p->pa <= last && p->pa + 2 * XL_PAGE_SIZE > va)
            n += check_page(e, p, va, last);
    }
    return n;
}

void xl_cache_clear(struct xl_engine *e)
{
    for (uint32_t i = 0; i < 1u << e->hash_bits; i++) {
        uint64_t word = e->hash[i];

        if (word)
            e->hash[i] = 0;
        for (; word; word = unit_of(word)->next_hash)
            free(unit_of(word)->ir);
    }
    while (e->dead) {
        struct xl_unit *next = e->dead->next_page;

        free(e->dead->ir);
        e->dead = next;
    }
    for (uint32_t i = 0; i < 1u << XL_PAGE_TABLE_BITS; i++) {
        for (struct xl_page *p = e->pages[i]; p; p = p->next) {
            p->units = NULL;
            __atomic_store_n(&p->code_map, 0, __ATOMIC_SEQ_CST);
            __atomic_fetch_add(&p->gen, 1, __ATOMIC_SEQ_CST);
        }
    }
    xl_arena_clear(e, 0);
    e->n_units = e->n_dead = 0;
    e->unit_bytes = 0;
}
