/* SPDX-License-Identifier: MIT */
/* DMA happens wholly or not at all; windows are one run of RAM; dirty pages are marked and
 * translations of watched pages dropped, under every address that shows them. */
#include "core-fixture.h"

static struct fx_cpu *cpu;

static void copies(struct pb_machine *m, pb_as *as)
{
    uint8_t buf[8192], back[8192];

    for (size_t i = 0; i < sizeof buf; i++)
        buf[i] = (uint8_t)(i * 7);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x80000ffd, buf, 5000), PB_OK); /* crosses pages */
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x80000ffd, back, 5000), PB_OK);
    CU_ASSERT_EQUAL(memcmp(buf, back, 5000), 0);
    /* Beyond the end: nothing is written. */
    memset(back, 0, sizeof back);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x80100000 - 100, buf, 200), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x80100000 - 100, back, 100), PB_OK);
    CU_ASSERT_EQUAL(back[0] | back[99], 0);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x7fffffff, back, 2), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_dma_read(as, UINT64_MAX, back, 2), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x1000, buf, 128), PB_EFAULT); /* past the device's 64 */
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x1000, buf, 6), PB_OK);       /* 4 + 2 bytes of MMIO */
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1000, back, UINT64_MAX / 2), PB_EFAULT);
    /* ROM: stores go nowhere, poke writes it. */
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x2000, buf + 1, 4), PB_OK);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x2000, back, 4), PB_OK);
    CU_ASSERT_EQUAL(back[0], 0);
    CU_ASSERT_EQUAL(pb_mem_poke(m, 0x2000, buf + 1, 4), PB_OK);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x2000, back, 4), PB_OK);
    CU_ASSERT_EQUAL(memcmp(back, buf + 1, 4), 0);
    CU_ASSERT_EQUAL(pb_mem_poke(m, 0x1000, buf, 4), PB_EFAULT);
}

static void windows(pb_as *as, pb_region *rom)
{
    struct pb_window w;
    pb_err e = {0};

    CU_ASSERT_EQUAL(pb_dma_map(as, 0x80000000, 0x100000, 1, &w), PB_OK);
    CU_ASSERT(w.writable && *w.gen == w.seen);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x80000000, 0x100001, 1, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x80000000, 0, 1, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x1000, 4, 0, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x2000, 4, 1, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x2000, 4, 0, &w), PB_OK);
    pb_region_unplace(rom);
    CU_ASSERT_NOT_EQUAL(*w.gen, w.seen);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x2000, 4, 0, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_region_place(rom->m->system, rom, 0x2000, 0, &e), 0);
}

static void watching(struct pb_machine *m, pb_as *as, pb_dev *d)
{
    pb_region *ram = (pb_region *)pb_view_find(atomic_load(&as->view), 0x80000000)->r;
    struct pb_window w;
    struct pb_span s;
    uint32_t v = 1;
    pb_err e = {0};

    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x80004123, &s), PB_OK);
    CU_ASSERT_PTR_NULL(s.dirty);
    CU_ASSERT_EQUAL(s.code[4], 0);
    pb_cpu_service.watch_code(cpu->c, 0x80004000, 1);
    CU_ASSERT_EQUAL(s.code[4], 1);
    uint32_t n = atomic_load(&cpu->code_writes);
    pb_dma_write(as, 0x80003ffc, &v, 4);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_writes), n); /* next page */
    pb_dma_write(as, 0x80004ffe, &v, 4); /* crosses out of it: two bytes hit */
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_writes), n + 1);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_gpa), 0x80004ffe);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_len), 2);
    pb_dma_map(as, 0x80004000, 64, 1, &w);
    pb_mem_service.dirty(as, &w, 8, 4);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_gpa), 0x80004008);
    pb_mem_service.unmap(as, &w, 16);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_len), 16);
    /* Through an alias: told under both addresses. */
    pb_region *al = pb_mem_service.alias(d, "al", ram, 0x4000, 0x1000, &e);
    pb_region_place(m->system, al, 0x10000, 0, &e);
    n = atomic_load(&cpu->code_writes);
    pb_dma_write(as, 0x10010, &v, 4);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_writes), n + 2);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_gpa), 0x80004010);
    pb_cpu_service.watch_code(cpu->c, 0x80004000, 0);
    n = atomic_load(&cpu->code_writes);
    pb_dma_write(as, 0x80004000, &v, 4);
    CU_ASSERT_EQUAL(atomic_load(&cpu->code_writes), n);
    /* Dirty tracking: spans change, pages are marked. */
    uint32_t maps = atomic_load(&cpu->map_changes);
    pb_region_track(ram, TRUE);
    CU_ASSERT(atomic_load(&cpu->map_changes) > maps);
    pb_cpu_service.span(cpu->c, 0x80004123, &s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s.dirty);
    pb_dma_write(as, 0x80005ffe, &v, 4);
    CU_ASSERT(!s.dirty[4] && s.dirty[5] && s.dirty[6] && !s.dirty[7]);
    pb_region_track(ram, FALSE);
    pb_region_track(ram, TRUE);
    pb_cpu_service.span(cpu->c, 0x80004123, &s);
    CU_ASSERT(!s.dirty[5]);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};
    uint8_t *host;

    cpu = fx_make_cpu(m);
    struct fx_dev *f = fx_make(m, "fx-serial", "d");
    CU_ASSERT_EQUAL(pb_machine_add_ram(m, "ram", 0x80000000, 0x100000, &e), 0);
    pb_dev_place(f->d, 0, 0x1000, &e);
    pb_region *rom = pb_mem_service.ram(f->d, "rom", 0x100, PB_RAM_ROM, &host, &e);
    CU_ASSERT_EQUAL(pb_region_place(m->system, rom, 0x2000, 0, &e), 0);
    pb_as *as = pb_mem_service.as(f->d);
    copies(m, as);
    windows(as, rom);
    watching(m, as, f->d);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "DMA checks, windows and watched pages", test);
}
