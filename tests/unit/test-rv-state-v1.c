/* SPDX-License-Identifier: MIT */
/* test-rv-state-v1.c - a hart saved before it knew AIA (state version 1) is loaded: every field of
 * then is as it was, those of AIA as after a reset, and interrupts go where they went. */
#include "rv-test.h"

#include <stdlib.h>

enum { MIE = 0x304, MIDELEG = 0x303, MIP = 0x344, SIE = 0x104, MVIEN = 0x308, MVIP = 0x309,
       MISELECT = 0x350, SSCRATCH = 0x140, SATP = 0x180, FFLAGS = 1 };

static const void *(*get_of_host)(const pb_host *h, const char *id);

/* The only field that save() writes itself. */
static int get_field(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n)
{
    const uint32_t flags = 5;

    (void)s, (void)type, (void)n;
    if (strcmp(name, "fflags"))
        return PB_ENOENT;
    memcpy(v, &flags, 4);
    return PB_OK;
}

static uint32_t version(pb_state *s)
{
    (void)s;
    return 1;
}

static const void *get(const pb_host *h, const char *id)
{
    static const struct pb_svc_state state = {.size = sizeof state, .get = get_field,
                                              .version = version};

    return strcmp(id, PB_SVC_STATE) ? get_of_host(h, id) : &state;
}

static size_t bytes_of(const struct pb_field *f)
{
    return (size_t)f->count * (f->type == PB_S_U64 ? 8 : f->type == PB_S_U32 ? 4 : 1);
}

/* What a host does: reset, the fields of that version, load(). Fields that came later. */
static uint32_t load_v1(struct cpu_host *h)
{
    const struct pb_cpu_class *c = h->cls;
    uint8_t *was = malloc(c->instance_size);
    uint32_t later = 0;

    memcpy(was, h->hart, c->instance_size);
    c->reset(h->hart, RT_BASE, NULL, 0);
    for (uint32_t i = 0; i < c->n_state; i++) {
        const struct pb_field *f = &c->state[i];
        later += f->since > 1;
        if (f->since <= 1)
            memcpy((uint8_t *)h->hart + f->offset, was + f->offset, bytes_of(f));
    }
    free(was);
    CU_ASSERT_EQUAL(c->load(h->hart, NULL, NULL), PB_OK);
    return later;
}

static void test_load(void)
{
    struct cpu_host *h = rt_new("rv64", "smaia=on,ssaia=on");

    get_of_host = h->h.get;
    h->h.get = get;
    rt_set(h, CSR(MIDELEG), MIP_S);
    rt_set(h, CSR(MIE), MIP_S | 1 << 7);
    rt_set(h, CSR(MIP), MIP_SSIP);
    rt_set(h, CSR(SSCRATCH), 0x1234567890);
    uint64_t sie = rt_get(h, CSR(SIE)), mideleg = rt_get(h, CSR(MIDELEG));
    CU_ASSERT(rt_wr(h, CSR(MVIEN), ~0ull) != 0);
    CU_ASSERT(rt_wr(h, CSR(MISELECT), 0x72) == 0x72);
    rt_set(h, CSR(MVIP), MIP_SSIP);
    rt_set(h, PRIV, 1);
    CU_ASSERT_EQUAL(load_v1(h), 5);
    CU_ASSERT_EQUAL(rt_get(h, PRIV), 1);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MVIEN)) | rt_get(h, CSR(MISELECT)), 0);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SSCRATCH)), 0x1234567890);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SIE)), sie);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MIDELEG)), mideleg);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MIP)) & MIP_SSIP, MIP_SSIP);
    CU_ASSERT_EQUAL(rt_get(h, CSR(FFLAGS)), 5);
    cpu_host_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"version 1", test_load}, CU_TEST_INFO_NULL};
    return rt_main("rv-state-v1", tests);
}
