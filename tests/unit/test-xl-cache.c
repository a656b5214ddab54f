/* SPDX-License-Identifier: MIT */
/* test-xl-cache.c - the table of units against a plain array: found are those that were put in and
 * not taken out, while the table grows to eight times its size, with a machine and without. */
#include "xl-check.h"
#include "xl-toy.h"

#include <cache/cache.h>
#include <stdlib.h>
#include <string.h>

#define PAGES 2048u
#define MODES 3u
#define KEYS (PAGES * 256u * MODES)
#define STEPS 200000u

static uint64_t next(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s >> 33;
}

/* Pages far apart, which share buckets, and neighbours; addresses two bytes apart. */
static uint64_t address(uint32_t key)
{
    uint64_t at = key / MODES, page = at >> 8, far = page & 1 ? page << 13 : page;

    return 0x400000 + (far << XL_PAGE_BITS) + (at & 127) * 32 + (at >> 7 & 1) * 2;
}

static struct xl_unit *find(struct xl_engine *e, uint32_t key)
{
    return xl_unit_find(e, address(key), key % MODES, UINT64_MAX);
}

static struct xl_unit *put(struct xl_engine *e, uint32_t key)
{
    struct xl_unit *u = xl_arena(e, sizeof(*u));

    if (!u)
        return NULL;
    u->pa = address(key);
    u->pa2 = UINT64_MAX;
    u->mode = key % MODES;
    u->bytes = 2;
    return xl_page_get(e, u->pa) && xl_unit_insert(e, u) == PB_OK ? u : NULL;
}

static void against_array(uint32_t direct)
{
    struct xl_engine *e = calloc(1, sizeof(*e));
    struct xl_unit **is = calloc(KEYS, sizeof(struct xl_unit *));
    uint64_t seed = 20261 + direct;
    uint32_t wrong = 0;

    CU_ASSERT_FATAL(e && is);
    e->direct = direct;
    pthread_mutex_init(&e->lock, NULL);
    CU_ASSERT_EQUAL_FATAL(xl_cache_init(e), PB_OK);
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t key = (uint32_t)(next(&seed) % KEYS);

        wrong += find(e, key) != is[key];
        if (!is[key]) {
            is[key] = put(e, key);
            wrong += !is[key];
        } else {
            xl_unit_drop(e, is[key]);
            is[key] = NULL;
        }
    }
    CU_ASSERT(e->hash_bits >= 18);
    for (uint32_t key = 0; key < KEYS; key++)
        wrong += find(e, key) != is[key];
    CU_ASSERT_EQUAL(wrong, 0);
    xl_cache_clear(e);
    for (uint32_t key = 0; key < KEYS; key++)
        wrong += find(e, key) != NULL;
    CU_ASSERT_EQUAL(wrong, 0);
    xl_cache_fini(e);
    free(is);
    free(e);
}

static void with_machine(void)
{
    against_array(0);
}

static void without_machine(void)
{
    against_array(1);
}

static const struct xl_test tests[] = {
    {"with a machine", with_machine}, {"without", without_machine},
};
XL_CHECK("engine: table of units", tests)
