/* SPDX-License-Identifier: MIT */
/* What the manifest calls secure is there for Secure accesses of CPUs, also below a container; bus
 * masters find nothing, images are loaded all the same. */
#include "core-fixture.h"

static int io(struct fx_cpu *cpu, const struct pb_span *s, uint32_t attrs)
{
    struct pb_txn t = {.off = 4, .bytes = 4, .attrs = attrs};

    return pb_cpu_service.io(cpu->c, s, &t);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_as *as = &pb_mem(m)->system;
    struct fx_cpu *cpu = fx_make_cpu(m);
    struct fx_dev *hidden = fx_make(m, "fx-own", "hidden"), *open = fx_make(m, "fx-own", "open");
    uint32_t v = 0x5ec0de, back = 0;
    struct pb_window w;
    struct pb_span s;
    pb_err e = {0};

    hidden->d->secure = TRUE;
    CU_ASSERT_EQUAL_FATAL(pb_dev_place(hidden->d, 0, 0x1000, &e), 0);
    CU_ASSERT_EQUAL_FATAL(pb_dev_place(open->d, 0, 0x1040, &e), 0);
    pb_region *box = pb_mem_service.container(open->d, "box", 0x1000, &e);
    pb_region *ram = pb_region_ram(m, open->d, "secure-ram", 0x1000, 0, &e);
    CU_ASSERT_EQUAL_FATAL(pb_region_place(box, ram, 0, 0, &e), 0);
    box->secure = TRUE;
    CU_ASSERT_EQUAL_FATAL(pb_region_place(m->system, box, 0x8000, 0, &e), 0);

    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x1000, &s), PB_OK);
    CU_ASSERT_EQUAL(s.reserved, PB_SPAN_SECURE);
    CU_ASSERT_EQUAL(s.len, 64);
    CU_ASSERT_EQUAL(io(cpu, &s, 0), PB_EFAULT);
    CU_ASSERT_EQUAL(io(cpu, &s, PB_TXN_USER), PB_EFAULT);
    CU_ASSERT_EQUAL(io(cpu, &s, PB_TXN_SECURE), PB_OK);
    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x1040, &s), PB_OK);
    CU_ASSERT_EQUAL(s.reserved, 0);
    CU_ASSERT_EQUAL(io(cpu, &s, 0), PB_OK);
    CU_ASSERT_EQUAL(pb_cpu_service.span(cpu->c, 0x8000, &s), PB_OK);
    CU_ASSERT(s.reserved == PB_SPAN_SECURE && s.host);

    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1000, &back, 4), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_dma_read(as, 0x1040, &back, 4), PB_OK);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x8000, &v, 4), PB_EFAULT);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x8000, 4, 0, &w), PB_ENOTSUP);
    CU_ASSERT_EQUAL(pb_mem_poke(m, 0x8000, &v, 4), PB_OK);
    CU_ASSERT_EQUAL(memcmp(s.host, &v, 4), 0);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "Secure accesses", test);
}
