/* SPDX-License-Identifier: MIT */
/* test-a64-state.c - a CPU's saved state: the OS lock and what it locks come back; states of
 * earlier versions are loaded: 1, whose counters that run are saved by their distance to the clock alone,
 * and 2, which had no OS lock.
 * DDI 0487: D2.4 (the lock), D13 (counters). The host's clock moves a microsecond at each look.
 */
#include "cpu-host.h"

#include "except.h"
#include "sysreg.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x400000ull
#define GET(r) a64_sysreg_get(c, SR_##r)
#define SET(r, v) a64_sysreg_set(c, SR_##r, v)
#define NEAR(a, b) CU_ASSERT((uint64_t)(a) - (uint64_t)(b) < 200000)
#define CYCLE (1ull << 31)
#define MOST 512u

static struct cpu_host *h;
static struct a64 *c;
static const void *(*get_of_host)(const pb_host *h, const char *id);

/* ---- What save() puts itself ----------------------------------------------------------------- */

static struct item {
    char name[32];
    uint64_t v;
    uint32_t bytes;
} item[MOST];
static uint32_t n_items, version;

static struct item *find(const char *name)
{
    for (uint32_t i = 0; i < n_items; i++)
        if (!strcmp(item[i].name, name))
            return &item[i];
    return NULL;
}

static int put_item(pb_state *s, const char *name, uint32_t type, const void *v, uint32_t n)
{
    struct item *it = &item[n_items];

    (void)s;
    CU_ASSERT_FATAL(n_items < MOST && n == 1 && strlen(name) < sizeof it->name && !find(name));
    n_items++;
    strcpy(it->name, name);
    it->bytes = type == PB_S_U64 ? 8 : 4;
    memcpy(&it->v, v, it->bytes);
    return PB_OK;
}

static int get_item(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n)
{
    const struct item *it = find(name);

    (void)s;
    if (!it)
        return PB_ENOENT;
    if (n != 1 || it->bytes != (type == PB_S_U64 ? 8 : 4))
        return PB_EINVAL;
    memcpy(v, &it->v, it->bytes);
    return PB_OK;
}

static uint32_t get_version(pb_state *s)
{
    (void)s;
    return version;
}

static const void *get(const pb_host *host, const char *id)
{
    static const struct pb_svc_state state = {.size = sizeof state, .put = put_item,
                                              .get = get_item, .version = get_version};

    return strcmp(id, PB_SVC_STATE) ? get_of_host(host, id) : &state;
}

/* ---- What a host does ------------------------------------------------------------------------ */

static size_t bytes_of(const struct pb_field *f)
{
    return (size_t)f->count * (f->type == PB_S_U64 ? 8 : f->type == PB_S_U32 ? 4 : 1);
}

static void begin(void)
{
    h = cpu_host_new(BASE, 0x10000, "max", "has_el2=off,has_el3=off", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    c = h->arm;
    get_of_host = h->h.get;
    h->h.get = get;
    h->cls->reset(c, BASE, NULL, 0);
}

/* Save, reset, load: as version `v` would have it, without `later`. */
static void round_trip(uint32_t v, const char *later)
{
    const struct pb_cpu_class *k = h->cls;
    uint8_t *was = malloc(k->instance_size);

    n_items = 0;
    CU_ASSERT_EQUAL(k->save(c, NULL, NULL), PB_OK);
    if (later)
        find(later)->name[0] = '\0';
    memcpy(was, c, k->instance_size);
    k->reset(c, BASE, NULL, 0);
    for (uint32_t i = 0; i < k->n_state; i++)
        if (k->state[i].since <= v)
            memcpy((uint8_t *)c + k->state[i].offset, was + k->state[i].offset,
                   bytes_of(&k->state[i]));
    free(was);
    version = v;
    CU_ASSERT_EQUAL(k->load(c, NULL, NULL), PB_OK);
}

/* ---- Claims ---------------------------------------------------------------------------------- */

static void test_lock(void)
{
    begin();
    CU_ASSERT_EQUAL(GET(OSLSR_EL1), 0xa);
    SET(DBGBVR0_EL1, BASE + 0x100);
    SET(DBGBCR0_EL1, 7);
    SET(MDSCR_EL1, 1u << 15 | 1u << 13); /* MDE, KDE */
    round_trip(h->cls->state_version, NULL);
    CU_ASSERT_EQUAL(GET(OSLSR_EL1), 0xa);
    CU_ASSERT_EQUAL(c->points, 0);
    SET(OSLAR_EL1, 0);
    CU_ASSERT_EQUAL(c->points, 1);
    round_trip(h->cls->state_version, NULL);
    CU_ASSERT_EQUAL(GET(OSLSR_EL1), 8);
    CU_ASSERT_EQUAL(c->points, 1);
    cpu_host_free(h);
}

static void test_version_2(void)
{
    begin();
    round_trip(2, "OSLSR_EL1");
    CU_ASSERT_EQUAL(GET(OSLSR_EL1), 8);
    cpu_host_free(h);
}

/* Counters 0 and the cycles' run, 1 counts what is not time, 2 stands still: its distance to the
 * clock says nothing. */
static void test_version_1(void)
{
    begin();
    SET(PMCR_EL0, 0x41); /* E, LC */
    SET(PMEVTYPER0_EL0, 0x11);
    SET(PMEVTYPER1_EL0, 0);
    SET(PMEVTYPER2_EL0, 0x11);
    SET(PMCNTENSET_EL0, CYCLE | 3);
    h->now = 5000000000;
    c->sr[SR_PMCCNTR_EL0] = 1;
    c->pm_base[A64_PMU_COUNTERS] = 2000000000;
    for (uint32_t n = 0; n < 3; n++) {
        c->pmevcntr[n] = 100 + n;
        c->pm_base[n] = 4000000000;
    }
    c->sr[SR_PMCR_EL0] |= 6 << 11; /* N was kept there */
    round_trip(1, "OSLSR_EL1");
    NEAR(GET(PMCCNTR_EL0), 3000000000);
    NEAR(GET(PMEVCNTR0_EL0), 1000000000);
    CU_ASSERT_EQUAL(GET(PMEVCNTR1_EL0), 101);
    CU_ASSERT_EQUAL(GET(PMEVCNTR2_EL0), 102);
    CU_ASSERT_EQUAL(GET(PMCR_EL0) >> 11 & 31, 6);
    h->now += 1000000000;
    NEAR(GET(PMCCNTR_EL0), 4000000000);
    NEAR(GET(PMEVCNTR0_EL0), 2000000000);
    CU_ASSERT_EQUAL(GET(PMEVCNTR2_EL0), 102);
    cpu_host_free(h);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("a64-state", NULL, NULL);
    CU_add_test(s, "the OS lock", test_lock);
    CU_add_test(s, "version 2", test_version_2);
    CU_add_test(s, "version 1", test_version_1);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
