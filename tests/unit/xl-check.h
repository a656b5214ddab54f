/* SPDX-License-Identifier: MIT */
/* xl-check.h - main() of a CUnit program with a table of tests. */
#ifndef XL_CHECK_H
#define XL_CHECK_H

#include <CUnit/Basic.h>

struct xl_test {
    const char *name;
    void (*fn)(void);
};

static inline int xl_check(const char *suite, const struct xl_test *t, unsigned n)
{
    CU_pSuite s;
    unsigned failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite(suite, NULL, NULL);
    for (unsigned i = 0; s && i < n; i++) {
        if (!CU_add_test(s, t[i].name, t[i].fn))
            return 2;
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}

#define XL_CHECK(suite, tests) \
    int main(void) { return xl_check(suite, tests, sizeof(tests) / sizeof((tests)[0])); }

#endif
