/* SPDX-License-Identifier: MIT */
/* A device goes while the machine runs: its children first, its regions, timers, workers
 * and deferred calls are gone before unrealize, nothing calls in afterwards, and its place
 * is free again. A bus takes no more children than it says. */
#include "core-fixture.h"

static _Atomic uint32_t ticks, works, soons;
static pb_timer *tick;
static pb_worker *worker;

static void on_tick(void *opaque)
{
    (void)opaque;
    atomic_fetch_add(&ticks, 1);
    pb_timer_arm(tick, pb_clock_now(PB_CLK_REAL) + 100000);
}

static void on_work(void *opaque)
{
    (void)opaque;
    atomic_fetch_add(&works, 1);
    g_usleep(100);
    pb_thread_service.kick(worker);
}

static void on_soon(void *opaque)
{
    struct fx_dev *f = opaque;

    atomic_fetch_add(&soons, 1);
    pb_soon(f->d, on_soon, f); /* for ever */
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};
    uint32_t v;

    struct fx_cpu *cpu = fx_make_cpu(m);
    struct fx_dev *f = fx_make(m, "fx-serial", "dev"), *other = fx_make(m, "fx-own", "other");
    pb_dev_place(f->d, 0, 0x1000, &e);
    pb_as *as = pb_mem_service.as(other->d);
    CU_ASSERT_EQUAL(pb_machine_ready(m, &e), 0);
    pb_machine_start(m);
    pb_dev *c1 = fx_add(m, "fx-child", "c1");
    CU_ASSERT_EQUAL(pb_dev_plug(c1, &e), PB_ENOTSUP); /* its class cannot come later */
    CU_ASSERT_STRING_EQUAL(e.text, "Bus 'dev.0' does not support hotplugging");
    pb_err_clear(&e);
    m->ready = FALSE;
    CU_ASSERT_EQUAL(pb_dev_plug(c1, &e), 0);
    pb_dev *c2 = fx_add(m, "fx-child", "c2"), *c3 = fx_add(m, "fx-child", "c3");
    CU_ASSERT_EQUAL(pb_dev_plug(c2, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_attach(c3, c1->bus, &e), PB_EBUSY);
    CU_ASSERT_STRING_EQUAL(e.text, "Bus 'dev.0' is full");
    pb_err_clear(&e);
    m->ready = TRUE;
    tick = pb_timer_new(f->d, "tick", PB_CLK_REAL, on_tick, NULL, &e);
    pb_timer_arm(tick, 0);
    worker = pb_thread_service.worker(f->d, "worker", on_work, NULL, &e);
    pb_thread_service.kick(worker);
    pb_soon(f->d, on_soon, f);
    for (int i = 0; i < 500 && (atomic_load(&ticks) <= 3 || atomic_load(&works) <= 3 ||
                                atomic_load(&soons) <= 3); i++)
        g_usleep(10000);
    CU_ASSERT(atomic_load(&ticks) > 3 && atomic_load(&works) > 3 && atomic_load(&soons) > 3);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1000, &v, 4), PB_OK);
    uint32_t maps = atomic_load(&cpu->map_changes);
    CU_ASSERT_EQUAL(pb_dev_unplug(f->d, &e), 0);
    CU_ASSERT(atomic_load(&cpu->map_changes) > maps);
    uint32_t t = atomic_load(&ticks), w = atomic_load(&works), s = atomic_load(&soons);
    CU_ASSERT_PTR_NULL(pb_dev_find(m, "c1")); /* gone with its bus */
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1000, &v, 4), PB_EFAULT);
    g_usleep(20000);
    CU_ASSERT_EQUAL(atomic_load(&ticks), t);
    CU_ASSERT_EQUAL(atomic_load(&works), w);
    CU_ASSERT_EQUAL(atomic_load(&soons), s);
    CU_ASSERT_EQUAL(m->state, PB_RUN_RUNNING);
    f = fx_make(m, "fx-serial", "dev"); /* the name and the place are free */
    CU_ASSERT_EQUAL(pb_dev_place(f->d, 0, 0x1000, &e), 0);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1000, &v, 4), PB_OK);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a device goes without a trace", test);
}
