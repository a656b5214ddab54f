/* SPDX-License-Identifier: MIT */
/*
 * test-soft-x87.c - f80 gives the bits and flags of an x86 host's own x87 unit, in all rounding
 * modes and precisions, unsupported encodings and pseudo-denormals included (Intel SDM volume 1,
 * chapter 8).
 */
#include "soft-test.h"

#if defined(__x86_64__)

static struct sf_env env;
static uint16_t control;

typedef struct { uint8_t bytes[16]; } m80;

static m80 store(sf_f80 a)
{
    m80 m = { { 0 } };

    memcpy(m.bytes, &a.sig, 8);
    memcpy(m.bytes + 8, &a.se, 2);
    return m;
}

static sf_f80 fetch(const m80 *m)
{
    sf_f80 a;

    memcpy(&a.sig, m->bytes, 8);
    memcpy(&a.se, m->bytes + 8, 2);
    return a;
}

static unsigned flags_of_status(uint16_t sw)
{
    return (sw & 1 ? SF_NV : 0) | (sw & 2 ? SF_ID : 0) | (sw & 4 ? SF_DZ : 0) |
           (sw & 8 ? SF_OF : 0) | (sw & 16 ? SF_UF : 0) | (sw & 32 ? SF_NX : 0);
}

static sf_f80 operand(void)
{
    test_u128 x = st_operand(15, 63);
    uint16_t se = (uint16_t)(x >> 63);
    uint64_t sig = (uint64_t)x & (UINT64_MAX >> 1);

    /* 1 in 64: the leading bit is wrong for the exponent. */
    if (((se & 0x7fff) != 0) != (st_random() % 64 == 0))
        sig |= (uint64_t)1 << 63;
    return (sf_f80){ sig, se };
}

static void set_mode(unsigned rm, unsigned pc)
{
    static const unsigned rc[] = { 0, 3, 1, 2 }, pcs[] = { 3, 0, 2 };

    env = (struct sf_env){ .rm = (uint8_t)rm, .nan_rule = SF_NAN_X87, .x87_pc = (uint8_t)pc };
    control = (uint16_t)(0x3f | pcs[pc] << 8 | rc[rm] << 10);
}

static void expect(const char *op, sf_f80 a, sf_f80 b, sf_f80 got, sf_f80 want, uint16_t sw)
{
    unsigned flags = flags_of_status(sw);

    st_done++;
    if ((got.sig != want.sig || got.se != want.se || env.flags != flags) && st_report())
        printf("\n  %s rm=%u pc=%u a=%04x_%016" PRIx64 " b=%04x_%016" PRIx64 " got %04x_%016" PRIx64
               " flags %02x, host %04x_%016" PRIx64 " flags %02x", op, env.rm, env.x87_pc, a.se,
               a.sig, b.se, b.sig, got.se, got.sig, env.flags, want.se, want.sig, flags);
    env.flags = 0;
}

static void expect_int(const char *op, sf_f80 a, uint64_t got, uint64_t want, uint16_t sw)
{
    expect(op, a, (sf_f80){ 0, 0 }, (sf_f80){ got, 0 }, (sf_f80){ want, 0 }, sw);
}

/* st(0) = a, st(1) = b; one instruction; result st(0). */
#define X87(INSN, A, B, R, SW)                                                                    \
    do {                                                                                          \
        m80 a_ = store(A), b_ = store(B), r_;                                                     \
        uint16_t old_, sw_;                                                                       \
        __asm__ volatile("fnstcw %0; fldcw %2; fldt %4; fldt %3; fnclex; " INSN                   \
                         "; fnstsw %1" : "=m"(old_), "=m"(sw_)                                    \
                         : "m"(control), "m"(a_), "m"(b_) : "st", "st(1)");                       \
        __asm__ volatile("fstpt %0; fstp %%st(0); fnclex; fldcw %1" : "=m"(r_) : "m"(old_));      \
        R = fetch(&r_);                                                                           \
        SW = sw_;                                                                                 \
    } while (0)

#define TRY2(OP, INSN)                                                                            \
    do {                                                                                          \
        X87(INSN, a, b, r, sw);                                                                   \
        expect(#OP, a, b, sf_f80_##OP(a, b, &env), r, sw);                                        \
    } while (0)

static void arith(void)
{
    sf_f80 a = operand(), b = operand(), r;
    uint16_t sw;

    if (st_random() % 8 == 0) {
        b = a;
        b.se ^= (uint16_t)(st_random() & 0x8000);
        b.sig ^= st_random() & 1;
    }
    TRY2(add, "fadd %%st(1), %%st");
    TRY2(sub, "fsub %%st(1), %%st");
    TRY2(mul, "fmul %%st(1), %%st");
    TRY2(div, "fdiv %%st(1), %%st");
    X87("fsqrt", a, b, r, sw);
    expect("sqrt", a, b, sf_f80_sqrt(a, &env), r, sw);
    X87("frndint", a, b, r, sw);
    expect("round_int", a, b, sf_f80_round_int(a, true, &env), r, sw);
}

/* Exponent of the leading bit; FPREM leaves a partial remainder where these differ by 64. */
static int leading(sf_f80 a)
{
    int be = a.se & 0x7fff;

    return be ? be : 1 - (a.sig ? __builtin_clzll(a.sig) : 0);
}

static bool is_number(sf_f80 a)
{
    return (a.se & 0x7fff) != 0x7fff && ((a.se & 0x7fff) == 0 || a.sig >> 63);
}

static void rest(void)
{
    sf_f80 a = operand(), b = operand(), r;
    int near = (int)(st_random() % 70) - 5, n = (int)(st_random() % 40001) - 20000;
    uint16_t sw;
    uint64_t quo;

    if ((b.se & 0x7fff) > 100 && (b.se & 0x7fff) < 0x7f00)   /* FPREM stops after 63 bits */
        a.se = (uint16_t)((a.se & 0x8000) | ((b.se & 0x7fff) + near));
    if (leading(a) - leading(b) < 64) {
        for (int trunc = 0; trunc < 2; trunc++) {
            if (trunc)
                X87("fprem", a, b, r, sw);
            else
                X87("fprem1", a, b, r, sw);
            sf_f80 got = sf_f80_rem(a, b, trunc, &quo, &env);
            unsigned q = (sw >> 8 & 1) << 2 | (sw >> 14 & 1) << 1 | (sw >> 9 & 1);
            expect(trunc ? "fprem" : "fprem1", a, b, got, r, sw);
            if (!(sw & 1) && is_number(a) && is_number(b))
                expect("quotient", a, b, (sf_f80){ quo & 7, 0 }, (sf_f80){ q, 0 }, 0);
        }
    }
    struct sf_env quiet = { 0 };
    b = sf_i32_to_f80(n, &quiet);
    if (n != 0) {
        X87("fscale", a, b, r, sw);
        expect("scale", a, b, sf_f80_scale(a, n, &env), r, sw);
    }
}

#define X87_COMPARE(INSN, F, SW)                                                                  \
    do {                                                                                          \
        m80 a_ = store(a), b_ = store(b);                                                         \
        __asm__ volatile("fldt %3; fldt %2; fnclex; " INSN " %%st(1), %%st; fnstsw %1;"           \
                         "fstp %%st(0); fstp %%st(0); fnclex; pushfq; popq %0"                    \
                         : "=r"(F), "=m"(SW) : "m"(a_), "m"(b_) : "st", "st(1)", "cc", "memory"); \
    } while (0)

static uint64_t relation(unsigned long f)
{
    return f & 4 ? SF_UNORDERED : f & 0x40 ? SF_EQUAL : f & 1 ? (uint64_t)SF_LESS : SF_GREATER;
}

static void compare(void)
{
    sf_f80 a = operand(), b = operand();
    unsigned long f;
    uint16_t sw;

    if (st_random() % 4 == 0)
        b = a;
    X87_COMPARE("fucomi", f, sw);
    expect("compare", a, b, (sf_f80){ (uint64_t)sf_f80_compare(a, b, false, &env), 0 },
           (sf_f80){ relation(f), 0 }, sw);
    X87_COMPARE("fcomi", f, sw);
    expect("compare", a, b, (sf_f80){ (uint64_t)sf_f80_compare(a, b, true, &env), 0 },
           (sf_f80){ relation(f), 0 }, sw);
}

#define X87_STORE(INSN, T, A, R, SW)                                                              \
    do {                                                                                          \
        m80 a_ = store(A);                                                                        \
        uint16_t old_;                                                                            \
        __asm__ volatile("fnstcw %0; fldcw %3; fldt %4; fnclex; " INSN " %2; fnstsw %1; fnclex;"  \
                         "fldcw %0" : "=m"(old_), "=m"(SW), "=m"(R)                               \
                         : "m"(control), "m"(a_) : "st");                                         \
    } while (0)

#define X87_LOAD(INSN, N, R, SW)                                                                  \
    do {                                                                                          \
        m80 r_;                                                                                   \
        uint16_t old_;                                                                            \
        __asm__ volatile("fnstcw %0; fldcw %3; fnclex; " INSN " %4; fnstsw %1; fstpt %2; fnclex;" \
                         "fldcw %0" : "=m"(old_), "=m"(SW), "=m"(r_)                              \
                         : "m"(control), "m"(N) : "st");                                          \
        R = fetch(&r_);                                                                           \
    } while (0)

static void convert(void)
{
    sf_f80 a = operand(), r, none = { 0, 0 };
    uint64_t n = (uint64_t)st_pattern(64), d = (uint64_t)st_operand(11, 52);
    uint32_t f = (uint32_t)st_operand(8, 23);
    uint16_t sw;
    int16_t i16;
    int32_t i32;
    int64_t i64;

    switch (st_random() % 3) {           /* in range of the integers, of the other formats */
    case 0: a.se = (uint16_t)((a.se & 0x8000) | (0x3fff - 4 + st_random() % 72)); break;
    case 1: a.se = (uint16_t)((a.se & 0x8000) | (0x3fff - 1080 + st_random() % 2160)); break;
    }
    X87_STORE("fistps", int16_t, a, i16, sw);
    expect_int("to_i16", a, sf_f80_to_int(a, 16, true, 0, SF_SAT_X86, &env), (uint64_t)i16, sw);
    X87_STORE("fistpl", int32_t, a, i32, sw);
    expect_int("to_i32", a, (uint64_t)sf_f80_to_i32(a, SF_SAT_X86, &env), (uint64_t)i32, sw);
    X87_STORE("fistpll", int64_t, a, i64, sw);
    expect_int("to_i64", a, (uint64_t)sf_f80_to_i64(a, SF_SAT_X86, &env), (uint64_t)i64, sw);
    X87_LOAD("fildll", n, r, sw);
    expect("from_i64", none, none, sf_i64_to_f80((int64_t)n, &env), r, sw);
    X87_LOAD("fldl", d, r, sw);
    expect("f64_to_f80", (sf_f80){ d, 0 }, none, sf_f64_to_f80(d, &env), r, sw);
    X87_LOAD("flds", f, r, sw);
    expect("f32_to_f80", (sf_f80){ f, 0 }, none, sf_f32_to_f80(f, &env), r, sw);
    X87_STORE("fstpl", double, a, d, sw);
    expect_int("to_f64", a, sf_f80_to_f64(a, &env), d, sw);
    X87_STORE("fstps", float, a, f, sw);
    expect_int("to_f32", a, sf_f80_to_f32(a, &env), f, sw);
}

static void in_all_modes(void (*body)(void))
{
    for (unsigned rm = 0; rm < 4; rm++)
        for (unsigned pc = 0; pc < 3; pc++) {
            set_mode(rm, pc);
            for (uint64_t i = 0; i < st_count; i++)
                body();
        }
    st_verdict();
}

static void test_arith(void) { in_all_modes(arith); }
static void test_rest(void) { in_all_modes(rest); }
static void test_compare(void) { in_all_modes(compare); }
static void test_convert(void) { in_all_modes(convert); }

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "arithmetic", test_arith }, { "remainder, scale", test_rest },
        { "compare", test_compare }, { "conversions", test_convert }, { NULL, NULL },
    };

    return st_run(argc, argv, "soft-x87", 20000, tests);
}

#else
int main(void)
{
    puts("skipped: compares with the x87 unit of an x86 host");
    return 77;
}
#endif
