/* SPDX-License-Identifier: MIT */
/* test-rv-pause.c - PAUSE does nothing that a hart sees, whether or not it hands its host CPU on,
 * in the interpreter and in generated code. */
#include "rv-test.h"

#include "run/run.h"

#define IO 0x10000000ull

static const uint32_t program[] = {
    0x10000537, /*       lui   a0, 0x10000 */
    0x06400593, /*       li    a1, 100 */
    0x00160613, /* again: addi a2, a2, 1 */
    0x0100000f, /*       pause */
    0xfff58593, /*       addi  a1, a1, -1 */
    0xfe059ae3, /*       bnez  a1, again */
    0x00c52023, /*       sw    a2, 0(a0) */
    0x10500073, /*       wfi */
};

static uint64_t written;

static void done(struct cpu_host *h, uint64_t gpa, uint64_t v, uint32_t bytes)
{
    CU_ASSERT(gpa == IO && bytes == 4);
    written = v;
    h->stop = 1;
}

static void spin(const char *engine, uint32_t crowded)
{
    struct cpu_host *h = cpu_host_new(RT_BASE, RT_SIZE, "rv64", NULL, engine);

    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    memcpy(h->ram, program, sizeof program);
    h->io_page = IO;
    h->io_write = done;
    h->cls->reset(h->hart, RT_BASE, NULL, 0);
    rt_set(h, 12, 0);
    CU_ASSERT_EQUAL(h->hart->x.engine->crowded, 0); /* one hart is no crowd */
    h->hart->x.engine->crowded = crowded;
    written = 0;
    CU_ASSERT_EQUAL(cpu_host_run(h, 20), 0);
    CU_ASSERT_EQUAL(written, 100);
    CU_ASSERT_EQUAL(rt_get(h, 11), 0);
    CU_ASSERT_EQUAL(h->hart->x.in_unit, 0);
    cpu_host_free(h);
}

static void test_alone(void)
{
    spin("interp", 0);
    spin(NULL, 0);
}

static void test_crowded(void)
{
    spin("interp", 1);
    spin(NULL, 1);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"pause, a host CPU for each", test_alone},
        {"pause, more harts than host CPUs", test_crowded},
        CU_TEST_INFO_NULL,
    };
    return rt_main("riscv pause", tests);
}
