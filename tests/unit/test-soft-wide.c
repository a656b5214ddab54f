/* SPDX-License-Identifier: MIT */
/*
 * test-soft-wide.c - the long division and the square roots under the core satisfy what defines
 * them (n = q * d + r with r < d; s^2 <= x < (s+1)^2), with operands chosen so that the guessed
 * digits are wrong in every way they can be.
 */
#include "soft-test.h"
#include "wide.h"

static u128 high_operand(void)                   /* the top bit set; often near a digit's end */
{
    u128 x = (u128)st_pattern(64) << 64 | (u64)st_pattern(64);

    return x | (u128)1 << 127;
}

static void test_wdiv128(void)
{
    for (uint64_t i = 0; i < st_count; i++) {
        u128 d = high_operand(), q = (u128)st_pattern(64) << 64 | (u64)st_pattern(64), r, rest;

        switch (st_random() % 4) {
        case 0: r = 0; break;
        case 1: r = d - 1; break;
        default: r = ((u128)st_pattern(64) << 64 | (u64)st_pattern(64)) % d; break;
        }
        u256 n = dbl_add128(wmul128(q, d), (u256){ 0, r });
        u128 got = wdiv128(n, d, &rest);
        st_done++;
        if ((got != q || rest != r) && st_report())
            printf("\n  d=%016" PRIx64 "_%016" PRIx64 " q=%016" PRIx64 "_%016" PRIx64 " got %016"
                   PRIx64 "_%016" PRIx64, (u64)(d >> 64), (u64)d, (u64)(q >> 64), (u64)q,
                   (u64)(got >> 64), (u64)got);
    }
    st_verdict();
}

/* x = s^2 + r with 0 <= r <= 2s is exactly the range whose root is s. */
static void test_wroot128(void)
{
    for (uint64_t i = 0; i < st_count; i++) {
        u128 s = high_operand();
        bool exact;
        u256 r = { 0, (u128)st_pattern(64) << 64 | (u64)st_pattern(64) };

        switch (st_random() % 4) {
        case 0: r = (u256){ 0, 0 }; break;
        case 1: r = (u256){ s >> 127, s << 1 }; break;
        case 2: r.lo %= s; break;
        default: r.lo &= 3; break;
        }
        u256 x = dbl_add128(wmul128(s, s), r);
        u128 got = wroot128(x, &exact);
        st_done++;
        if ((got != s || exact != (r.hi == 0 && r.lo == 0)) && st_report())
            printf("\n  root of square of %016" PRIx64 "_%016" PRIx64 ": %016" PRIx64 "_%016"
                   PRIx64, (u64)(s >> 64), (u64)s, (u64)(got >> 64), (u64)got);
    }
    st_verdict();
}

static void test_wroot64(void)
{
    for (uint64_t i = 0; i < st_count; i++) {
        u64 s = (u64)st_pattern(64) | (u64)1 << 63;
        u128 r = st_random() % 4 ? (u64)st_pattern(64) : (u128)s << 1;
        bool exact;
        u64 got = wroot64((u128)s * s + r, &exact);

        st_done++;
        if ((got != s || exact != (r == 0)) && r <= (u128)s << 1 && st_report())
            printf("\n  root of square of %016" PRIx64 ": %016" PRIx64, s, got);
    }
    st_verdict();
}

static void test_root_of_u64(void)
{
    for (uint64_t i = 0; i < st_count; i++) {
        u64 x = (u64)st_pattern(64), r;

        if (x >> 62 == 0)
            x |= (u64)1 << 62;
        if (i & 1) {                         /* around a square */
            u64 s = (x >> 32) | (u64)1 << 31;
            x = s * s + st_random() % 3 - 1;
            x = x >> 62 ? x : s * s;
        }
        r = root_of_u64(x);
        st_done++;
        if ((r * r > x || ((u128)r + 1) * (r + 1) <= x) && st_report())
            printf("\n  root of %016" PRIx64 ": %016" PRIx64, x, r);
    }
    st_verdict();
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "256 by 128 bits", test_wdiv128 }, { "root of 256 bits", test_wroot128 },
        { "root of 128 bits", test_wroot64 }, { "root of 64 bits", test_root_of_u64 },
        { NULL, NULL },
    };

    return st_run(argc, argv, "soft-wide", 2000000, tests);
}
