/* SPDX-License-Identifier: MIT */
/* rv-test.h - what the RISC-V unit tests share: a hart, registers by number, a CUnit main. */
#ifndef RV_TEST_H
#define RV_TEST_H

#include "cpu-host.h"
#include "rv.h"

#include <CUnit/Basic.h>
#include <string.h>

#define RT_BASE 0x80000000ull
#define RT_SIZE 0x1000000ull
#define CSR(n) (65u + (n))
#define PRIV 4161u

static inline struct cpu_host *rt_new(const char *model, const char *props)
{
    struct cpu_host *r = cpu_host_new(RT_BASE, RT_SIZE, model, props, "interp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    r->cls->reset(r->hart, RT_BASE, NULL, 0);
    return r;
}

static inline uint64_t rt_get(struct cpu_host *r, uint32_t id)
{
    uint64_t v = 0xdeadull;
    CU_ASSERT(r->cls->reg_get(r->hart, id, &v, 8) == 8);
    return v;
}

static inline void rt_set(struct cpu_host *r, uint32_t id, uint64_t v)
{
    CU_ASSERT(r->cls->reg_set(r->hart, id, &v, 8) == 8);
}

/* Write, read back. */
static inline uint64_t rt_wr(struct cpu_host *r, uint32_t id, uint64_t v)
{
    rt_set(r, id, v);
    return rt_get(r, id);
}

static inline int rt_has(struct cpu_host *r, uint32_t id)
{
    uint64_t v;
    return r->cls->reg_get(r->hart, id, &v, 8) == 8;
}

static inline int rt_main(const char *suite, const CU_TestInfo *tests)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (; tests->pName; tests++)
        CU_add_test(s, tests->pName, tests->pTestFunc);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return failed;
}

#endif
