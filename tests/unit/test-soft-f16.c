/* SPDX-License-Identifier: MIT */
/*
 * test-soft-f16.c - add, sub, mul and div of all pairs of f16 operands, rounded to nearest even,
 * and fma of random triples, against host doubles rounded by rint().
 *
 * Sums, differences and products of f16 are exact in double. A quotient is not, but double has
 * more than twice f16's precision and two bits, so rounding it again is harmless, and it is inexact
 * when quotient times divisor, which is exact once the quotient has 11 bits, is not the dividend.
 * The short form takes --count values of the first operand, --count 65536 all of them.
 */
#include <math.h>

#include "soft-test.h"

static double value[0x10000];                    /* of every encoding; NaN for NaN */
static struct sf_env env;

/* Nearest f16 as a double; flags are or-ed. v is exact, or merely close with `exact` false. */
static double rounded(double v, bool exact, unsigned *flags)
{
    int e;
    double r, m = frexp(v, &e);
    bool tiny = e < -13;

    if (v == 0 || isinf(v))
        return v;
    if (tiny)                            /* after rounding to 11 bits as if unbounded */
        tiny = fabs(ldexp(rint(ldexp(m, 11)), e - 11)) < 0x1p-14;
    int q = (e < -13 ? -13 : e) - 11;
    r = ldexp(rint(ldexp(v, -q)), q);
    if (r != v || !exact)
        *flags |= tiny ? SF_UF | SF_NX : SF_NX;
    if (fabs(r) >= 65536) {
        *flags |= SF_OF | SF_NX;
        return copysign(INFINITY, v);
    }
    return copysign(r, v);
}

static bool is_snan(sf_f16 a) { return (a & 0x7e00) == 0x7c00 && (a & 0x1ff) != 0; }

static void expect(const char *op, sf_f16 a, sf_f16 b, sf_f16 got, double v, unsigned flags,
                   bool exact)
{
    sf_f16 want = 0x7e00;
    bool same;

    if (isnan(v)) {
        if (is_snan(a) || is_snan(b) || !(isnan(value[a]) || isnan(value[b])))
            flags |= SF_NV;
        same = got == want;
    } else {
        v = rounded(v, exact, &flags);
        same = !memcmp(&value[got], &v, sizeof v);
    }
    st_done++;
    if ((!same || flags != env.flags) && st_report())
        printf("\n  %s(%04x, %04x) = %04x flags %02x, want %a flags %02x", op, a, b, got,
               env.flags, v, flags);
    env.flags = 0;
}

static void pairs_with(sf_f16 a)
{
    for (uint32_t i = 0; i < 0x10000; i++) {
        sf_f16 b = (sf_f16)i;
        double x = value[a], y = value[b], q = x / y;
        bool dz = y == 0 && x != 0 && isfinite(x);
        unsigned none = 0;

        expect("add", a, b, sf_f16_add(a, b, &env), x + y, 0, true);
        expect("sub", a, b, sf_f16_sub(a, b, &env), x - y, 0, true);
        expect("mul", a, b, sf_f16_mul(a, b, &env), x * y, 0, true);
        bool exact = !isfinite(q) || isinf(y) || q == 0 || rounded(q, true, &none) * y == x ||
                     fabs(q) >= 65536;
        expect("div", a, b, sf_f16_div(a, b, &env), q, dz ? SF_DZ : 0, exact);
    }
}

static void test_pairs(void)
{
    bool all = st_count >= 0x10000;
    uint64_t n = all ? 0x10000 : st_count;

    for (uint64_t i = 0; i < n; i++)
        pairs_with(all ? (sf_f16)i : (sf_f16)st_operand(5, 10));
    st_verdict();
}

/* The widest sum of a product and an addend spans 2^-48 to 2^32: 80 bits, so double is exact only
 * where the exponents are near enough; others are left to the test against MPFR. */
static void test_fma(void)
{
    for (uint64_t i = 0; i < st_count * 10000; i++) {
        sf_f16 a = (sf_f16)st_operand(5, 10), b = (sf_f16)st_operand(5, 10);
        sf_f16 c = (sf_f16)st_operand(5, 10);
        double p = value[a] * value[b], z = value[c], s = p + z;

        if (isnan(s) || s - p != z || s - z != p)
            continue;
        expect("fma", a, c, sf_f16_fma(a, b, c, 0, &env), s, 0, true);
    }
    st_verdict();
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "all pairs", test_pairs }, { "fma", test_fma }, { NULL, NULL },
    };

    for (uint32_t i = 0; i < 0x10000; i++) {
        int be = i >> 10 & 31;
        double m = be ? 1024 + (i & 1023) : i & 1023;

        value[i] = be == 31 ? (i & 1023 ? NAN : INFINITY) : ldexp(m, be ? be - 25 : -24);
        value[i] = copysign(value[i], i & 0x8000 ? -1 : 1);
    }
    return st_run(argc, argv, "soft-f16", 60, tests);
}
