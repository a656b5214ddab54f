/* SPDX-License-Identifier: MIT */
/* Four threads, one domain: callbacks never overlap, nothing is lost, deferred calls run
 * outside the callback that asked, merged ones run once, devices with own domains overlap
 * with others but not with themselves. */
#include "core-fixture.h"

static struct fx_dev *a, *b, *own;
static uint64_t plain; /* guarded by the machine's domain and nothing else */
static _Atomic uint32_t soon_runs, in_callback, soon_inside, soon_mmio;
#define ROUNDS 20000

static void soon(void *opaque)
{
    struct fx_dev *f = opaque;
    uint32_t v = 0;

    if (atomic_load(&in_callback))
        atomic_fetch_add(&soon_inside, 1);
    /* From here MMIO of the own domain is allowed, of another it is not. */
    if (pb_dma_read(pb_mem_service.as(f->d), 0x2000, &v, 4) == PB_OK &&
        pb_dma_read(pb_mem_service.as(f->d), 0x3000, &v, 4) == PB_EREENTRY)
        atomic_fetch_add(&soon_mmio, 1);
    atomic_fetch_add(&soon_runs, 1);
}

static void on_write(struct fx_dev *f, uint64_t off, uint64_t val, uint32_t bytes)
{
    uint32_t v;

    (void)val, (void)bytes;
    if (f != own)
        plain++;
    if (off != 8)
        return;
    atomic_fetch_add(&in_callback, 1);
    CU_ASSERT_EQUAL(pb_dma_read(pb_mem_service.as(f->d), 0x2000, &v, 4), PB_EREENTRY);
    pb_soon(f->d, soon, f);
    pb_soon(f->d, soon, f); /* merged */
    atomic_fetch_sub(&in_callback, 1);
}

static void *worker(void *arg)
{
    uint64_t base = GPOINTER_TO_UINT(arg);

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t v = (uint32_t)i;
        pb_dma_write(pb_mem_service.as(a->d), base, &v, 4);
    }
    return NULL;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pthread_t t[4];
    pb_err e = {0};

    a = fx_make(m, "fx-serial", "a");
    b = fx_make(m, "fx-serial", "b");
    own = fx_make(m, "fx-own", "own");
    pb_dev_place(a->d, 0, 0x1000, &e);
    pb_dev_place(b->d, 0, 0x2000, &e);
    pb_dev_place(own->d, 0, 0x3000, &e);
    fx_write = on_write;
    const uint32_t base[4] = {0x1000, 0x1000, 0x2000, 0x3000};
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, worker, GUINT_TO_POINTER(base[i]));
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CU_ASSERT_EQUAL(plain, 3 * ROUNDS);
    CU_ASSERT_EQUAL(atomic_load(&a->overlaps), 0);
    CU_ASSERT_EQUAL(atomic_load(&b->overlaps), 0);
    CU_ASSERT_EQUAL(atomic_load(&own->overlaps), 0);
    uint32_t v = 1;
    CU_ASSERT_EQUAL(pb_dma_write(pb_mem_service.as(a->d), 0x1008, &v, 4), PB_OK);
    CU_ASSERT_EQUAL(atomic_load(&soon_runs), 1); /* at unlock, before the access returned */
    CU_ASSERT_EQUAL(atomic_load(&soon_inside), 0);
    CU_ASSERT_EQUAL(atomic_load(&soon_mmio), 1);
    pb_soon(a->d, soon, a); /* from no callback at all: the helper thread runs it */
    CU_ASSERT(fx_wait(&soon_runs, 2, 2000));
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "callbacks of a domain never overlap", test);
}
