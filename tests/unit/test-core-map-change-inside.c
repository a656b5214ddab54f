/* SPDX-License-Identifier: MIT */
/* The memory map changes inside a callback: the vCPU that caused it has been told when its
 * access retires, the next lookup sees the new map, a rom_device switches without a new
 * view, and threads that look up meanwhile see one map or the other. */
#include "core-fixture.h"

static struct fx_dev *f;
static pb_region *bar;
static struct fx_cpu *cpu;
static _Atomic uint32_t stop, lookups, torn;

static void on_write(struct fx_dev *d, uint64_t off, uint64_t val, uint32_t bytes)
{
    (void)d, (void)bytes;
    if (off == 0)
        pb_mem_service.move(bar, val);
    else
        pb_mem_service.enable(bar, (uint32_t)val);
}

static void *reader(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        uint32_t a = 0, b = 0;
        int ra = pb_dma_read(pb_mem_service.as(f->d), 0x10000, &a, 4);
        int rb = pb_dma_read(pb_mem_service.as(f->d), 0x20000, &b, 4);
        if ((ra == PB_OK && a != 0x11223344) || (rb == PB_OK && b != 0x11223344))
            atomic_fetch_add(&torn, 1);
        atomic_fetch_add(&lookups, 1);
    }
    return NULL;
}

static int cpu_write(uint64_t gpa, uint64_t val)
{
    struct pb_span s;
    int rc = pb_cpu_service.span(cpu->c, gpa, &s);
    struct pb_txn t = {.off = gpa - s.gpa, .bytes = 4, .is_write = 1, .val = val};

    return rc < 0 ? rc : pb_cpu_service.io(cpu->c, &s, &t);
}

static void rom_device(struct pb_machine *m)
{
    uint8_t *host;
    pb_err e = {0};
    struct pb_span s;
    pb_region *r = pb_mem_service.rom_device(f->d, "flash", 4096, f->io->ops, f, &host, &e);

    pb_region_place(m->system, r, 0x50000, 0, &e);
    const struct pb_view *v = atomic_load(&pb_mem(m)->system.view);
    pb_cpu_service.span(cpu->c, 0x50010, &s);
    CU_ASSERT(s.host == host && !s.writable && s.io);
    uint32_t n = atomic_load(&cpu->map_changes), gen = pb_mem(m)->system.gen;
    pb_mem_service.rom_mode(r, 0);
    CU_ASSERT_EQUAL(atomic_load(&cpu->map_changes), n + 1);
    CU_ASSERT_EQUAL(atomic_load(&cpu->map_gpa), 0x50000);
    CU_ASSERT_EQUAL(atomic_load(&cpu->map_len), 4096);
    CU_ASSERT_NOT_EQUAL(pb_mem(m)->system.gen, gen);
    CU_ASSERT_PTR_EQUAL(atomic_load(&pb_mem(m)->system.view), v);
    pb_cpu_service.span(cpu->c, 0x50010, &s);
    CU_ASSERT_PTR_NULL(s.host);
    pb_mem_service.rom_mode(r, 1);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    uint8_t *host;
    pb_err e = {0};
    pthread_t t[2];

    cpu = fx_make_cpu(m);
    f = fx_make(m, "fx-serial", "d");
    pb_dev_place(f->d, 0, 0x1000, &e);
    bar = pb_mem_service.ram(f->d, "bar", 4096, 0, &host, &e);
    *(uint32_t *)host = 0x11223344;
    pb_region_place(m->system, bar, 0x10000, 0, &e);
    fx_write = on_write;
    struct pb_span s;
    uint32_t n = atomic_load(&cpu->map_changes);
    CU_ASSERT_EQUAL(cpu_write(0x1000, 0x20000), PB_OK); /* move */
    CU_ASSERT_EQUAL(atomic_load(&cpu->map_changes), n + 2); /* both places */
    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x10000, &s), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x20000, &s), PB_OK);
    CU_ASSERT_EQUAL(cpu_write(0x1004, 0), PB_OK); /* disable */
    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x20000, &s), PB_EFAULT);
    CU_ASSERT_EQUAL(cpu_write(0x1004, 1), PB_OK);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, reader, NULL);
    while (atomic_load(&lookups) < 100)
        g_usleep(10);
    for (int i = 0; i < 2000; i++)
        cpu_write(0x1000, i & 1 ? 0x20000 : 0x10000);
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    CU_ASSERT_EQUAL(atomic_load(&torn), 0);
    cpu_write(0x1000, 0x30000); /* nobody reads now: this frees all that was replaced */
    unsigned retired = 0;
    for (struct pb_view *v = pb_mem(m)->retired; v; v = v->next)
        retired++;
    CU_ASSERT_EQUAL(retired, 0);
    rom_device(m);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "the map changes inside a callback", test);
}
