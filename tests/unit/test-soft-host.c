/* SPDX-License-Identifier: MIT */
/*
 * test-soft-host.c - f32 and f64 give the bits and flags of an x86 host's own SSE unit, NaN
 * payloads, subnormal-operand flags, FTZ and DAZ included (Intel SDM volume 1, 11.5, 14.5).
 */
#include "soft-test.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { CSR_MASKS = 0x1f80, CSR_DAZ = 0x40, CSR_FTZ = 0x8000 };

static const char *const rm_name[] = { "rne", "rtz", "rdn", "rup" };
static const unsigned rm_csr[] = { 0, 0x6000, 0x2000, 0x4000 };
static struct sf_env env;
static unsigned host_csr;
static char mode_name[64];

static unsigned flags_of_csr(unsigned csr)
{
    return (csr & 1 ? SF_NV : 0) | (csr & 2 ? SF_ID : 0) | (csr & 4 ? SF_DZ : 0) |
           (csr & 8 ? SF_OF : 0) | (csr & 16 ? SF_UF : 0) | (csr & 32 ? SF_NX : 0);
}

static void set_mode(unsigned rm, bool ftz, bool daz)
{
    env = (struct sf_env){ .rm = (uint8_t)rm, .nan_rule = SF_NAN_X86, .ftz = ftz, .daz = daz };
    host_csr = CSR_MASKS | rm_csr[rm] | (ftz ? CSR_FTZ : 0) | (daz ? CSR_DAZ : 0);
    snprintf(mode_name, sizeof mode_name, "%s%s%s", rm_name[rm], ftz ? " ftz" : "",
             daz ? " daz" : "");
}

static unsigned host_begin(void)
{
    unsigned old = _mm_getcsr();

    _mm_setcsr(host_csr);
    return old;
}

static unsigned host_end(unsigned old)
{
    unsigned csr = _mm_getcsr();

    _mm_setcsr(old);
    return flags_of_csr(csr);
}

static void expect(const char *op, uint64_t a, uint64_t b, uint64_t c, uint64_t got,
                   uint64_t want, unsigned flags)
{
    st_done++;
    if ((got != want || env.flags != flags) && st_report())
        printf("\n  %s %s(%" PRIx64 ", %" PRIx64 ", %" PRIx64 ") = %" PRIx64 " flags %02x, host %"
               PRIx64 " flags %02x", mode_name, op, a, b, c, got, env.flags, want, flags);
    env.flags = 0;
}

/* One host instruction, from a bits to r bits; asm so that nothing is folded or commuted. */
#define HOST2(T, INSN, a, b, r, fl)                                                               \
    do {                                                                                          \
        T x_, y_;                                                                                 \
        unsigned old_ = host_begin();                                                             \
        memcpy(&x_, &(a), sizeof x_);                                                             \
        memcpy(&y_, &(b), sizeof y_);                                                             \
        __asm__ volatile(INSN : "+x"(x_) : "x"(y_));                                              \
        memcpy(&(r), &x_, sizeof x_);                                                             \
        fl = host_end(old_);                                                                      \
    } while (0)

#define HOST3(T, INSN, a, b, c, r, fl)                                                            \
    do {                                                                                          \
        T x_, y_, z_;                                                                             \
        unsigned old_ = host_begin();                                                             \
        memcpy(&x_, &(a), sizeof x_);                                                             \
        memcpy(&y_, &(b), sizeof y_);                                                             \
        memcpy(&z_, &(c), sizeof z_);                                                             \
        __asm__ volatile(INSN : "+x"(x_) : "x"(y_), "x"(z_));                                     \
        memcpy(&(r), &x_, sizeof x_);                                                             \
        fl = host_end(old_);                                                                      \
    } while (0)

#define HOST_CVT(TO, FROM, INSN, OUT, IN, a, r, fl)                                               \
    do {                                                                                          \
        FROM x_;                                                                                  \
        TO y_;                                                                                    \
        unsigned old_ = host_begin();                                                             \
        memcpy(&x_, &(a), sizeof x_);                                                             \
        __asm__ volatile(INSN : OUT(y_) : IN(x_));                                                \
        memcpy(&(r), &y_, sizeof y_);                                                             \
        fl = host_end(old_);                                                                      \
    } while (0)

#define TRY2(FMT, T, OP, INSN)                                                                    \
    do {                                                                                          \
        HOST2(T, INSN " %1, %0", a, b, r, fl);                                                    \
        expect(#FMT "_" #OP, a, b, 0, sf_##FMT##_##OP(a, b, &env), r, fl);                        \
    } while (0)

#define TRY_FMA(FMT, T, HOW, INSN)                                                                \
    do {                                                                                          \
        HOST3(T, INSN " %2, %1, %0", a, b, c, r, fl);                                             \
        expect(#FMT "_" INSN, a, b, c, sf_##FMT##_fma(b, a, c, HOW, &env), r, fl);                \
    } while (0)

static unsigned eflags_relation(unsigned long f)      /* UCOMIS: ZF 0x40, PF 4, CF 1 */
{
    return f & 4 ? SF_UNORDERED : f & 0x40 ? SF_EQUAL : f & 1 ? (unsigned)SF_LESS : SF_GREATER;
}

#define TRY_COMPARE(FMT, T, SIG, INSN)                                                            \
    do {                                                                                          \
        T x_, y_;                                                                                 \
        unsigned long f_;                                                                         \
        unsigned old_ = host_begin();                                                             \
        memcpy(&x_, &a, sizeof x_);                                                               \
        memcpy(&y_, &b, sizeof y_);                                                               \
        __asm__ volatile(INSN " %2, %1; pushfq; popq %0" : "=r"(f_) : "x"(x_), "x"(y_) : "cc",    \
                         "memory");                                                               \
        fl = host_end(old_);                                                                      \
        expect(#FMT "_" INSN, a, b, 0, (unsigned)sf_##FMT##_compare(a, b, SIG, &env),             \
               eflags_relation(f_), fl);                                                          \
    } while (0)

#define TRY_ROUND(FMT, T, EXACT, INSN, IMM)                                                       \
    do {                                                                                          \
        HOST_CVT(T, T, INSN " $" #IMM ", %1, %0", "=x", "x", a, r, fl);                           \
        expect(#FMT "_round_int", a, EXACT, 0, sf_##FMT##_round_int(a, EXACT, &env), r, fl);      \
    } while (0)

#define BODY(FMT, T, U, EB, FB, S)                                                                \
static void FMT##_arith(void)                                                                     \
{                                                                                                 \
    U a = (U)st_operand(EB, FB), b = (U)st_operand(EB, FB), c = (U)st_operand(EB, FB), r = 0;     \
    unsigned fl;                                                                                  \
    TRY2(FMT, T, add, "adds" S);                                                                  \
    TRY2(FMT, T, sub, "subs" S);                                                                  \
    TRY2(FMT, T, mul, "muls" S);                                                                  \
    TRY2(FMT, T, div, "divs" S);                                                                  \
    TRY2(FMT, T, x86_min, "mins" S);                                                              \
    TRY2(FMT, T, x86_max, "maxs" S);                                                              \
    HOST_CVT(T, T, "sqrts" S " %1, %0", "=x", "x", a, r, fl);                                     \
    expect(#FMT "_sqrt", a, 0, 0, sf_##FMT##_sqrt(a, &env), r, fl);                               \
    TRY_FMA(FMT, T, 0, "vfmadd213s" S);                                                           \
    TRY_FMA(FMT, T, SF_FMA_NEG_ADDEND, "vfmsub213s" S);                                           \
    TRY_FMA(FMT, T, SF_FMA_NEG_PRODUCT, "vfnmadd213s" S);                                         \
    TRY_FMA(FMT, T, SF_FMA_NEG_PRODUCT | SF_FMA_NEG_ADDEND, "vfnmsub213s" S);                     \
    TRY_COMPARE(FMT, T, false, "ucomis" S);                                                       \
    TRY_COMPARE(FMT, T, true, "comis" S);                                                         \
    TRY_ROUND(FMT, T, true, "rounds" S, 4);                                                       \
    TRY_ROUND(FMT, T, false, "rounds" S, 12);                                                     \
}                                                                                                 \
static void FMT##_ints(void)                                                                      \
{                                                                                                 \
    U a = (U)st_operand(EB, FB);                                                                  \
    uint64_t n = (uint64_t)st_pattern(64);                                                        \
    int64_t w;                                                                                    \
    int32_t v, m = (int32_t)n;                                                                    \
    unsigned fl;                                                                                  \
    U r;                                                                                          \
    if (n & 1) /* more often in range */                                                          \
        a = (U)((a & ~((U)((1u << EB) - 1) << FB)) |                                              \
                (U)((1u << (EB - 1)) - 4 + st_random() % 70) << FB);                              \
    HOST_CVT(int32_t, T, "cvts" S "2si %1, %0", "=r", "x", a, v, fl);                             \
    expect(#FMT "_to_i32", a, 0, 0, (uint32_t)sf_##FMT##_to_i32(a, SF_SAT_X86, &env),             \
           (uint32_t)v, fl);                                                                      \
    HOST_CVT(int64_t, T, "cvts" S "2siq %1, %0", "=r", "x", a, w, fl);                            \
    expect(#FMT "_to_i64", a, 0, 0, (uint64_t)sf_##FMT##_to_i64(a, SF_SAT_X86, &env),             \
           (uint64_t)w, fl);                                                                      \
    HOST_CVT(T, uint64_t, "cvtsi2s" S "q %1, %0", "=x", "r", n, r, fl);                           \
    expect(#FMT "_from_i64", n, 0, 0, sf_i64_to_##FMT((int64_t)n, &env), r, fl);                  \
    HOST_CVT(T, int32_t, "cvtsi2s" S "l %1, %0", "=x", "r", m, r, fl);                            \
    expect(#FMT "_from_i32", n, 0, 0, sf_i32_to_##FMT(m, &env), r, fl);                           \
}

BODY(f32, float, uint32_t, 8, 23, "s")
BODY(f64, double, uint64_t, 11, 52, "d")

static void widths(void)
{
    uint64_t a = (uint64_t)st_operand(11, 52), d;
    uint32_t s = (uint32_t)st_operand(8, 23), r;
    unsigned fl;

    if (a & 1)                           /* an exponent that f32 has, or nearly */
        a = (a & ~((uint64_t)0x7ff << 52)) | (uint64_t)(1023 - 155 + st_random() % 290) << 52;
    HOST_CVT(float, double, "cvtsd2ss %1, %0", "=x", "x", a, r, fl);
    expect("f64_to_f32", a, 0, 0, sf_f64_to_f32(a, &env), r, fl);
    HOST_CVT(double, float, "cvtss2sd %1, %0", "=x", "x", s, d, fl);
    expect("f32_to_f64", s, 0, 0, sf_f32_to_f64(s, &env), d, fl);
}

static void in_all_modes(void (*body)(void))
{
    for (unsigned mode = 0; mode < 16; mode++) {
        set_mode(mode & 3, mode & 4, mode & 8);
        uint64_t n = mode < 4 ? st_count : st_count / 4;
        for (uint64_t i = 0; i < n; i++)
            body();
    }
    st_verdict();
}

static void test_f32_arith(void) { in_all_modes(f32_arith); }
static void test_f64_arith(void) { in_all_modes(f64_arith); }
static void test_f32_ints(void) { in_all_modes(f32_ints); }
static void test_f64_ints(void) { in_all_modes(f64_ints); }
static void test_widths(void) { in_all_modes(widths); }

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "f32 arithmetic", test_f32_arith }, { "f64 arithmetic", test_f64_arith },
        { "f32 and integers", test_f32_ints }, { "f64 and integers", test_f64_ints },
        { "f32 and f64", test_widths }, { NULL, NULL },
    };

    if (!__builtin_cpu_supports("fma") || !__builtin_cpu_supports("sse4.1")) {
        puts("skipped: this host has no FMA3 to compare with");
        return 77;
    }
    return st_run(argc, argv, "soft-host", 20000, tests);
}

#else
int main(void)
{
    puts("skipped: compares with the SSE unit of an x86 host");
    return 77;
}
#endif
