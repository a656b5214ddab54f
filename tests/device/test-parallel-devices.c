/* SPDX-License-Identifier: MIT */
/* sifive-plic and riscv-aclint under threads: they are parallel by declaration, so lines and
 * register accesses come at once. A host of a few functions takes the bench's place, since
 * the bench is one thread. For the tsan preset above all.
 *
 * The claim: no request is lost and none is served twice at a time. Each source is raised,
 * waits until it is served, and is lowered, many times over, while harts claim. */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <CUnit/Basic.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HARTS 2u
#define SOURCES 4u
#define ROUNDS 20000u

struct pb_region {
    struct pb_region_ops ops;
    void *self;
};

/* ---- A host of a few functions ----------------------------------------------------- */

static struct pb_region region;
static _Atomic int32_t level[2][HARTS]; /* m or soft, s or timer */
static atomic_llong now_ns;

static void set_line(void *sink, uint32_t n, int32_t l)
{
    (void)n;
    atomic_store((_Atomic int32_t *)sink, l);
}

static struct pb_line lines[2][HARTS];

static const struct pb_line *out(pb_dev *d, const char *name, uint32_t i)
{
    (void)d;
    int k = strcmp(name, "s") == 0 || strcmp(name, "timer") == 0;

    lines[k][i] = (struct pb_line){set_line, &level[k][i], 0, 0};
    return &lines[k][i];
}

static uint32_t line_count(pb_dev *d, const char *name)
{
    (void)d, (void)name;
    return HARTS;
}

static pb_region *mem_io(pb_dev *d, const char *name, uint64_t len,
                         const struct pb_region_ops *ops, void *opaque, pb_err *e)
{
    (void)d, (void)name, (void)len, (void)e;
    region = (struct pb_region){*ops, opaque};
    return &region;
}

static int publish(pb_dev *d, uint32_t i, pb_region *r, pb_err *e)
{
    (void)d, (void)i, (void)r, (void)e;
    return PB_OK;
}

/* Defaults of the class's own table; both plugins' are numbers or "MS". */
static const struct pb_device_class *cls;

static int64_t get_int(pb_dev *d, uint32_t i)
{
    (void)d;
    return (int64_t)strtoull(cls->props[i].def, NULL, 0);
}

static const char *get_str(pb_dev *d, uint32_t i)
{
    (void)d;
    return cls->props[i].def;
}

static int64_t now(const pb_host *h, uint32_t clock)
{
    (void)h, (void)clock;
    return atomic_load(&now_ns);
}

struct pb_timer {
    void (*fn)(void *);
    void *opaque;
    atomic_llong when;
};
static struct pb_timer timers[HARTS];
static uint32_t n_timers;

static pb_timer *timer(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *),
                       void *opaque, pb_err *e)
{
    (void)d, (void)name, (void)clock, (void)e;
    pb_timer *t = &timers[n_timers++ % HARTS];

    t->fn = fn;
    t->opaque = opaque;
    atomic_store(&t->when, INT64_MAX);
    return t;
}

static void arm(pb_timer *t, int64_t when)
{
    atomic_store(&t->when, when);
}

static void disarm(pb_timer *t)
{
    atomic_store(&t->when, INT64_MAX);
}

static const void *get(const pb_host *h, const char *id)
{
    static const struct pb_svc_mem mem = {.size = sizeof mem, .io = mem_io, .publish = publish};
    static const struct pb_svc_line line = {.size = sizeof line, .out = out, .count = line_count};
    static const struct pb_svc_prop prop = {.size = sizeof prop, .get_int = get_int,
                                            .get_str = get_str};
    static const struct pb_svc_time time = {.size = sizeof time, .now = now, .timer = timer,
                                            .arm = arm, .disarm = disarm};

    (void)h;
    return strcmp(id, PB_SVC_MEM) == 0    ? (const void *)&mem
           : strcmp(id, PB_SVC_LINE) == 0 ? (const void *)&line
           : strcmp(id, PB_SVC_PROP) == 0 ? (const void *)&prop
           : strcmp(id, PB_SVC_TIME) == 0 ? (const void *)&time
                                          : NULL;
}

static const volatile uint8_t quiet[8];
static const pb_host host = {.size = sizeof host, .get = get, .log_on = quiet};

static void *device(const char *plugin)
{
    char path[4096];
    const char *dir = getenv("PLUGBOARD_PLUGIN_PATH");

    snprintf(path, sizeof path, "%s/%s.so", dir ? dir : ".", plugin);
    void *dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct pb_plugin *p = dl ? dlsym(dl, "pb_plugin_v0") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    cls = p->classes[0].cls;
    void *self = aligned_alloc(64, (cls->instance_size + 63u) & ~63u);
    CU_ASSERT_PTR_NOT_NULL_FATAL(self);
    memset(self, 0, cls->instance_size);
    CU_ASSERT_EQUAL_FATAL(cls->realize(self, NULL, &host, NULL), PB_OK);
    for (uint32_t ph = PB_RESET_ENTER; ph <= PB_RESET_EXIT; ph++)
        cls->reset(self, PB_RESET_COLD, ph);
    return self;
}

static uint64_t rd(uint64_t off, uint32_t bytes)
{
    return region.ops.read(region.self, off, bytes);
}

static void wr(uint64_t off, uint64_t v, uint32_t bytes)
{
    region.ops.write(region.self, off, v, bytes);
}

/* ---- PLIC -------------------------------------------------------------------------- */

static void *plic;
static atomic_uint served[SOURCES + 1], in_service[SOURCES + 1], twice;
static atomic_uint stop;

static void *raise_source(void *arg)
{
    uint32_t n = (uint32_t)(uintptr_t)arg;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        cls->line_in(plic, n, 1);
        while (atomic_load(&served[n]) == i) /* the handler lowers the line */
            sched_yield();
    }
    return NULL;
}

static void *hart(void *arg)
{
    uint32_t h = (uint32_t)(uintptr_t)arg, ctx = 2 * h + 1;
    uint64_t claim = 0x200000 + 0x1000 * ctx + 4;

    while (!atomic_load(&stop)) {
        uint32_t n = atomic_load(&level[1][h]) ? (uint32_t)rd(claim, 4) : 0;
        if (!n) {
            sched_yield();
            continue;
        }
        if (atomic_fetch_add(&in_service[n], 1))
            atomic_fetch_add(&twice, 1);
        cls->line_in(plic, n, 0);
        atomic_fetch_sub(&in_service[n], 1);
        wr(claim, n, 4);
        atomic_fetch_add(&served[n], 1);
    }
    return NULL;
}

static void test_plic_loses_nothing(void)
{
    pthread_t src[SOURCES], harts[HARTS];

    plic = device("sifive-plic");
    for (uint32_t n = 1; n <= SOURCES; n++)
        wr(4 * n, 1, 4);
    for (uint32_t h = 0; h < HARTS; h++)
        wr(0x2000 + 0x80 * (2 * h + 1), 0x1e, 4);
    for (uint32_t h = 0; h < HARTS; h++)
        pthread_create(&harts[h], NULL, hart, (void *)(uintptr_t)h);
    for (uint32_t n = 0; n < SOURCES; n++)
        pthread_create(&src[n], NULL, raise_source, (void *)(uintptr_t)(n + 1));
    for (uint32_t n = 0; n < SOURCES; n++)
        pthread_join(src[n], NULL);
    atomic_store(&stop, 1);
    for (uint32_t h = 0; h < HARTS; h++)
        pthread_join(harts[h], NULL);
    for (uint32_t n = 1; n <= SOURCES; n++)
        CU_ASSERT_EQUAL(atomic_load(&served[n]), ROUNDS);
    CU_ASSERT_EQUAL(atomic_load(&twice), 0);
    CU_ASSERT_EQUAL(rd(0x1000, 4), 0);
    CU_ASSERT_EQUAL(atomic_load(&level[1][0]) | atomic_load(&level[1][1]), 0);
    cls->unrealize(plic);
    free(plic);
}

/* ---- ACLINT ------------------------------------------------------------------------ */

static void *timer_thread(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop)) {
        atomic_fetch_add(&now_ns, 100);
        for (uint32_t i = 0; i < HARTS; i++) {
            long long when = atomic_load(&timers[i].when);
            if (when <= atomic_load(&now_ns) &&
                atomic_compare_exchange_strong(&timers[i].when, &when, INT64_MAX))
                timers[i].fn(timers[i].opaque);
        }
        sched_yield();
    }
    return NULL;
}

static atomic_uint wrong;

/* Each hart sets its comparator a little ahead, waits for the line, and sets it far ahead:
 * then the line is low, and stays low. */
static void *timed_hart(void *arg)
{
    uint32_t h = (uint32_t)(uintptr_t)arg;

    for (uint32_t i = 0; i < 2000; i++) {
        uint64_t at = rd(0xbff8, 8) + i % 3;
        wr(0x4000 + 8 * h, at, 8);
        while (!atomic_load(&level[1][h]))
            sched_yield();
        if (rd(0xbff8, 8) < at)
            atomic_fetch_add(&wrong, 1);
        wr(0x4000 + 8 * h, UINT64_MAX, 8);
        for (int k = 0; k < 3; k++) {
            if (atomic_load(&level[1][h]))
                atomic_fetch_add(&wrong, 1);
            sched_yield();
        }
        wr(4 * (HARTS - 1 - h), i & 1, 4); /* and software interrupts to the other */
    }
    return NULL;
}

static void test_aclint_late_timers_undo_nothing(void)
{
    pthread_t t, harts[HARTS];

    atomic_store(&stop, 0);
    void *self = device("riscv-aclint");
    pthread_create(&t, NULL, timer_thread, NULL);
    for (uint32_t h = 0; h < HARTS; h++)
        pthread_create(&harts[h], NULL, timed_hart, (void *)(uintptr_t)h);
    for (uint32_t h = 0; h < HARTS; h++)
        pthread_join(harts[h], NULL);
    atomic_store(&stop, 1);
    pthread_join(t, NULL);
    CU_ASSERT_EQUAL(atomic_load(&wrong), 0);
    CU_ASSERT_EQUAL(rd(0, 4), 1);
    CU_ASSERT_EQUAL(atomic_load(&level[0][0]), 1);
    cls->unrealize(self);
    free(self);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite("parallel devices", NULL, NULL);
    CU_add_test(s, "the PLIC loses nothing", test_plic_loses_nothing);
    CU_add_test(s, "late timers undo nothing", test_aclint_late_timers_undo_nothing);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned bad = CU_get_number_of_failures() + (CU_get_number_of_tests_run() != 2);
    CU_cleanup_registry();
    return bad != 0;
}
