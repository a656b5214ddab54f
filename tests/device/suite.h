/* SPDX-License-Identifier: MIT */
/* suite.h - the main() that every device suite shares: a table of named CUnit tests. */
#ifndef SUITE_H
#define SUITE_H

#include <plugboard/bench.h>

#include <CUnit/Basic.h>

struct suite_test {
    const char *name;
    void (*fn)(void);
};

/* Runs tests[n]; the process's exit status. */
static inline int suite_run(const char *name, const struct suite_test *t, size_t n)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite(name, NULL, NULL);
    for (size_t i = 0; s && i < n; i++)
        CU_add_test(s, t[i].name, t[i].fn);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned bad = CU_get_number_of_failures() + (CU_get_number_of_tests_run() != n);
    CU_cleanup_registry();
    return bad != 0;
}
#define SUITE_RUN(name, tests) suite_run(name, tests, sizeof tests / sizeof *tests)

#endif
