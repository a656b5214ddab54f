/* SPDX-License-Identifier: MIT */
/* front.h - main() of the front's unit tests: one suite, one claim a test. */
#ifndef TEST_FRONT_H
#define TEST_FRONT_H

#include <CUnit/Basic.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

struct claim { const char *name; CU_TestFunc fn; };

static inline int run_claims(const char *suite, const struct claim *v, unsigned n)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    for (unsigned i = 0; i < n; i++)
        if (!CU_add_test(s, v[i].name, v[i].fn))
            return 1;
    CU_basic_run_tests();
    unsigned bad = CU_get_number_of_failures();
    CU_cleanup_registry();
    return bad != 0;
}

#endif
