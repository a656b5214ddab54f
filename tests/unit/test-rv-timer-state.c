/* SPDX-License-Identifier: MIT */
/* test-rv-timer-state.c - a timer interrupt that waits when the machine is saved still waits when
 * it is loaded, though the counter that `time` comes from gets its own state back later. */
#include "rv-test.h"

static uint64_t mtime;
static uint32_t armed;
static const void *(*get_of_host)(const pb_host *h, const char *id);

static uint64_t read_counter(void *self)
{
    (void)self;
    return mtime;
}

static int64_t when_counter(void *self, uint64_t count)
{
    (void)self;
    return (int64_t)(count - mtime) * 100;
}

static const void *link_to(struct cpu_host *r, const char *iface, void **self)
{
    static const struct pb_counter counter = {.size = sizeof counter, .read = read_counter,
                                              .when = when_counter};

    (void)r;
    *self = NULL;
    return strcmp(iface, PB_COUNTER) ? NULL : &counter;
}

static int get_field(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n)
{
    (void)s, (void)name, (void)type, (void)n;
    memset(v, 0, 4); /* fflags */
    return PB_OK;
}

static void arm(pb_timer *t, int64_t when)
{
    (void)t, (void)when;
    armed++;
}

static const void *get(const pb_host *h, const char *id)
{
    static const struct pb_svc_state state = {.size = sizeof state, .get = get_field};
    static struct pb_svc_time time;

    if (!strcmp(id, PB_SVC_STATE))
        return &state;
    const void *table = get_of_host(h, id);
    if (strcmp(id, PB_SVC_TIME))
        return table;
    time = *(const struct pb_svc_time *)table;
    time.arm = arm;
    return &time;
}

static void test_due(void)
{
    cpu_host_link = link_to;
    struct cpu_host *h = rt_new("rv64", "sstc=on");
    get_of_host = h->h.get;
    h->h.get = get;
    h->hart->time = get(&h->h, PB_SVC_TIME);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h->hart->counter);
    rt_set(h, CSR(0x30a), MENVCFG_STCE);
    mtime = 1000;
    armed = 0;
    rt_set(h, CSR(0x14d), 2000); /* stimecmp */
    CU_ASSERT_EQUAL(armed, 1);
    CU_ASSERT_EQUAL(rt_get(h, CSR(0x344)) & MIP_STIP, 0);
    mtime = 2000;
    rt_set(h, CSR(0x14d), 2000);
    CU_ASSERT_EQUAL(rt_get(h, CSR(0x344)) & MIP_STIP, MIP_STIP);
    /* What a load does: reset, fields (their values stand), load(); the counter has only been
     * reset by then. */
    mtime = 0;
    armed = 0;
    CU_ASSERT_EQUAL(h->cls->load(h->hart, NULL, NULL), PB_OK);
    CU_ASSERT_EQUAL(armed, 0); /* deadlines are the host's to give back */
    CU_ASSERT_EQUAL(rt_get(h, CSR(0x344)) & MIP_STIP, MIP_STIP);
    cpu_host_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"due when saved", test_due}, CU_TEST_INFO_NULL};
    return rt_main("rv-timer-state", tests);
}
