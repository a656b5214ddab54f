/* SPDX-License-Identifier: MIT */
/*
 * test-soft-quad.c - f128 gives the values and flags of the compiler's own __float128, in the four
 * rounding modes that its run-time library takes from the host. NaNs are compared as NaNs only.
 */
#include <fenv.h>

#include "soft-test.h"

#if defined(__x86_64__) && defined(__SIZEOF_FLOAT128__)

__extension__ typedef __float128 quad;

static const int host_modes[] = { FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD };
static struct sf_env env;

static quad quad_of(sf_f128 a)
{
    quad q;

    memcpy(&q, &a, sizeof q);
    return q;
}

static sf_f128 bits_of(quad q)
{
    sf_f128 a;

    memcpy(&a, &q, sizeof a);
    return a;
}

static bool is_nan(sf_f128 a) { return sf_f128_classify(a) >= SF_CLASS_SNAN; }

static unsigned host_flags(void)
{
    int f = fetestexcept(FE_ALL_EXCEPT);

    return (f & FE_INVALID ? SF_NV : 0) | (f & FE_DIVBYZERO ? SF_DZ : 0) |
           (f & FE_OVERFLOW ? SF_OF : 0) | (f & FE_UNDERFLOW ? SF_UF : 0) |
           (f & FE_INEXACT ? SF_NX : 0);
}

static void expect(const char *op, sf_f128 a, sf_f128 b, sf_f128 got, sf_f128 want, unsigned flags)
{
    bool same = is_nan(want) ? is_nan(got) : got.lo == want.lo && got.hi == want.hi;

    st_done++;
    if ((!same || env.flags != flags) && st_report())
        printf("\n  %s rm=%u a=%016" PRIx64 "_%016" PRIx64 " b=%016" PRIx64 "_%016" PRIx64
               " got %016" PRIx64 "_%016" PRIx64 " flags %02x, host %016" PRIx64 "_%016" PRIx64
               " flags %02x", op, env.rm, a.hi, a.lo, b.hi, b.lo, got.hi, got.lo, env.flags,
               want.hi, want.lo, flags);
    env.flags = 0;
}

#define HOST(EXPR)                                                                                \
    do {                                                                                          \
        fesetround(host_modes[env.rm]);                                                           \
        feclearexcept(FE_ALL_EXCEPT);                                                             \
        EXPR;                                                                                     \
        flags = host_flags();                                                                     \
        fesetround(FE_TONEAREST);                                                                 \
    } while (0)

static sf_f128 operand(void)
{
    test_u128 x = st_operand(15, 112);

    return (sf_f128){ (uint64_t)x, (uint64_t)(x >> 64) };
}

static void arith(void)
{
    sf_f128 a = operand(), b = operand();
    volatile quad x, y, r;
    unsigned flags;

    if (st_random() % 8 == 0) {
        b = a;
        b.hi ^= st_random() & (uint64_t)1 << 63;
        b.lo ^= st_random() & 3;
    }
    x = quad_of(a), y = quad_of(b);
    HOST(r = x + y);
    expect("add", a, b, sf_f128_add(a, b, &env), bits_of(r), flags);
    HOST(r = x - y);
    expect("sub", a, b, sf_f128_sub(a, b, &env), bits_of(r), flags);
    HOST(r = x * y);
    expect("mul", a, b, sf_f128_mul(a, b, &env), bits_of(r), flags);
    HOST(r = x / y);
    expect("div", a, b, sf_f128_div(a, b, &env), bits_of(r), flags);
}

static void convert(void)
{
    sf_f128 a = operand(), none = { 0, 0 };
    uint64_t n = (uint64_t)st_pattern(64), want = 0;
    volatile quad x, r;
    volatile double d;
    volatile int64_t i = (int64_t)n;
    unsigned flags;

    if (st_random() & 1)
        a.hi = (a.hi & ~(0x7fffull << 48)) | (0x3fffull - 1080 + st_random() % 2160) << 48;
    x = quad_of(a);
    HOST(d = (double)x);
    memcpy(&want, (const void *)&d, 8);
    uint64_t got = sf_f128_to_f64(a, &env);
    if (is_nan(a))                       /* only that it is one */
        want = got = sf_f64_classify(got) == SF_CLASS_QNAN;
    expect("to_f64", a, none, (sf_f128){ got, 0 }, (sf_f128){ want, 0 }, flags);
    HOST(r = i);
    expect("from_i64", (sf_f128){ n, 0 }, none, sf_i64_to_f128((int64_t)n, &env), bits_of(r),
           flags);
    n = (uint64_t)st_operand(11, 52);
    memcpy((void *)&d, &n, 8);
    HOST(r = d);
    expect("from_f64", (sf_f128){ n, 0 }, none, sf_f64_to_f128(n, &env), bits_of(r),
           sf_f64_classify(n) == SF_CLASS_SNAN ? SF_NV : flags & ~SF_NV);
}

static void in_all_modes(void (*body)(void))
{
    for (unsigned rm = 0; rm < 4; rm++) {
        env = (struct sf_env){ .rm = (uint8_t)rm };
        for (uint64_t i = 0; i < st_count; i++)
            body();
    }
    st_verdict();
}

static void test_arith(void) { in_all_modes(arith); }
static void test_convert(void) { in_all_modes(convert); }

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "arithmetic", test_arith }, { "conversions", test_convert }, { NULL, NULL },
    };

    return st_run(argc, argv, "soft-quad", 100000, tests);
}

#else
int main(void)
{
    puts("skipped: this compiler has no __float128");
    return 77;
}
#endif
