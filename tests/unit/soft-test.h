/* SPDX-License-Identifier: MIT */
/*
 * soft-test.h - what the tests of the software floating point share: a seeded generator that
 * prefers awkward operands, options (--count N, --seed N), and failure counting with the first
 * few failures printed in full.
 */
#ifndef SOFT_TEST_H
#define SOFT_TEST_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soft.h"

__extension__ typedef unsigned __int128 test_u128;

static uint64_t st_state, st_seed = 20260722;
static uint64_t st_count;              /* per operation and mode, unless the test has its own */
static unsigned st_failures;
static uint64_t st_done;

static inline uint64_t st_random(void)          /* splitmix64 (Steele, Lea, Flood 2014) */
{
    uint64_t z = st_state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* A word of `bits` bits: random, or runs of ones and zeros, or near 0, all ones, a single bit. */
static inline test_u128 st_pattern(unsigned bits)
{
    test_u128 mask = bits == 128 ? ~(test_u128)0 : ((test_u128)1 << bits) - 1, x;
    uint64_t r = st_random();

    switch (r & 7) {
    case 0: x = 0; break;
    case 1: x = mask; break;
    case 2: x = (test_u128)1 << (r >> 8) % bits; break;
    case 3: x = mask << (r >> 8) % bits; break;
    case 4: x = mask >> (r >> 8) % bits; break;
    default: return ((test_u128)st_random() << 64 | st_random()) & mask;
    }
    if (r & 8)
        x += (r >> 16) % 7 - 3;
    return x & mask;
}

/* An encoding with `ebits` and `fbits`: exponents at the ends, near the middle, anywhere. */
static inline test_u128 st_operand(unsigned ebits, unsigned fbits)
{
    uint64_t r = st_random();
    uint32_t emax = (1u << ebits) - 1, exp = (uint32_t)(r >> 32) & emax;

    switch (r & 15) {
    case 0: exp = 0; break;
    case 1: exp = 1 + (r >> 8) % 3; break;
    case 2: exp = emax; break;
    case 3: exp = emax - 1 - (r >> 8) % 2; break;
    case 4: case 5: case 6: case 7: case 8: case 9:
        exp = (emax / 2 + (r >> 8) % 16 - 8) & emax;
        break;
    case 10: exp = (r >> 8) % (fbits + 3) & emax; break;
    }
    test_u128 sign = r >> 63;
    return sign << (ebits + fbits) | (test_u128)exp << fbits | st_pattern(fbits);
}

static inline bool st_report(void)
{
    st_failures++;
    return st_failures <= 20;
}

/* Ends a CUnit test: nothing may have failed since the last one ended. */
static inline void st_verdict(void)
{
    static unsigned before;

    CU_ASSERT_EQUAL(st_failures, before);
    before = st_failures;
}

static inline int st_run(int argc, char **argv, const char *suite_name, uint64_t count,
                         const CU_TestInfo *tests)
{
    st_count = count;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--count"))
            st_count = strtoull(argv[i + 1], NULL, 0);
        else if (!strcmp(argv[i], "--seed"))
            st_seed = strtoull(argv[i + 1], NULL, 0);
        else
            argc = 0;
    }
    if (argc % 2 == 0) {
        fprintf(stderr, "usage: %s [--count N] [--seed N]\n", argv[0]);
        return 2;
    }
    st_state = st_seed;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (const CU_TestInfo *t = tests; t->pName; t++)
        CU_add_test(suite, t->pName, t->pTestFunc);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    printf("seed %" PRIu64 ": %" PRIu64 " results compared, %u wrong\n", st_seed, st_done,
           st_failures);
    return failed || st_failures ? 1 : 0;
}

#endif
