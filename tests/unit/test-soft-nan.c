/* SPDX-License-Identifier: MIT */
/*
 * test-soft-nan.c - which NaN comes out, which flags, and what flushing and tininess do: tables
 * worked out by hand from the RISC-V F chapter (NaN generation), the Arm ARM's FPProcessNaNs,
 * FPProcessNaNs3, FPMulAdd, FPRoundBase, FPUnpackBase, and the Intel SDM volume 1, tables 4-7,
 * 8.5 and 14.5.
 */
#include "soft-test.h"

#define Q1 0x7ff8000000000111u           /* quiet, with payloads that tell them apart */
#define Q2 0xfff8000000000222u
#define Q3 0x7ff8000000000333u
#define S1 0x7ff0000000000111u           /* signalling; made quiet they are Q1, Q2, Q3 */
#define S2 0xfff0000000000222u
#define S3 0x7ff0000000000333u
#define INF 0x7ff0000000000000u
#define ONE 0x3ff0000000000000u
#define TWO 0x4000000000000000u
#define MINUS ((uint64_t)1 << 63)
#define CANON 0x7ff8000000000000u
#define INDEF 0xfff8000000000000u

/* e is read after got was computed, and its flags are cleared; NULL: no flags. */
static void check(const char *what, uint64_t got, struct sf_env *e, uint64_t want,
                  unsigned want_flags)
{
    unsigned flags = e ? e->flags : 0;

    st_done++;
    if (e)
        e->flags = 0;
    if ((got != want || flags != want_flags) && st_report())
        printf("\n  %s: %" PRIx64 " flags %02x, want %" PRIx64 " flags %02x", what, got, flags,
               want, want_flags);
}

/* -- Two operands ---------------------------------------------------------------------------- */

static const struct { uint64_t a, b, riscv, arm, x86, x87; unsigned flags; } two[] = {
    { Q1, ONE, CANON, Q1, Q1, Q1, 0 },
    { ONE, Q2, CANON, Q2, Q2, Q2, 0 },
    { Q1, Q2, CANON, Q1, Q1, Q2, 0 },           /* x87: larger significand */
    { Q2, Q1, CANON, Q2, Q2, Q2, 0 },
    { S1, ONE, CANON, Q1, Q1, Q1, SF_NV },
    { ONE, S2, CANON, Q2, Q2, Q2, SF_NV },
    { S1, S2, CANON, Q1, Q1, Q2, SF_NV },
    { S1, Q2, CANON, Q1, Q1, Q2, SF_NV },       /* x87: the quiet one */
    { Q1, S2, CANON, Q2, Q1, Q1, SF_NV },       /* Arm: the signalling one */
    { Q1 | MINUS, Q1, CANON, Q1 | MINUS, Q1 | MINUS, Q1, 0 },   /* x87: the positive one */
    { Q1, INF, CANON, Q1, Q1, Q1, 0 },
    { INF, 0, 0, 0, 0, 0, 0 },                  /* end */
};

static void test_two_operands(void)
{
    static uint64_t (*const ops[])(uint64_t, uint64_t, struct sf_env *) = {
        sf_f64_add, sf_f64_sub, sf_f64_mul, sf_f64_div, sf_f64_min, sf_f64_max,
    };

    for (int i = 0; two[i].riscv; i++)
        for (unsigned op = 0; op < 6; op++)
            for (uint8_t rule = 0; rule < 4; rule++) {
                uint64_t want[] = { two[i].riscv, two[i].arm, two[i].x86, two[i].x87 };
                struct sf_env e = { .nan_rule = rule };
                uint64_t got = ops[op](two[i].a, two[i].b, &e);

                check("two operands", got, &e, want[rule], two[i].flags);
                e = (struct sf_env){ .nan_rule = rule, .default_nan = 1 };
                got = ops[op](two[i].a, two[i].b, &e);
                check("default NaN", got, &e, rule >= SF_NAN_X86 ? INDEF : CANON,
                      two[i].flags);
            }
    st_verdict();
}

static void test_generated(void)
{
    for (uint8_t rule = 0; rule < 4; rule++) {
        uint64_t nan = rule >= SF_NAN_X86 ? INDEF : CANON;
        struct sf_env e = { .nan_rule = rule };

#define INVALID(expr) check(#expr, expr, &e, nan, SF_NV)
        INVALID(sf_f64_sub(INF, INF, &e));
        INVALID(sf_f64_add(INF, INF | MINUS, &e));
        INVALID(sf_f64_mul(0, INF, &e));
        INVALID(sf_f64_div(0, MINUS, &e));
        INVALID(sf_f64_div(INF, INF, &e));
        INVALID(sf_f64_sqrt(ONE | MINUS, &e));
        INVALID(sf_f64_rem(ONE, 0, false, NULL, &e));
        INVALID(sf_f64_rem(INF, ONE, true, NULL, &e));
        INVALID(sf_f64_fma(INF, 0, ONE, 0, &e));
        INVALID(sf_f64_fma(INF, ONE, INF, SF_FMA_NEG_ADDEND, &e));
        check("1 / 0", sf_f64_div(ONE, MINUS, &e), &e, INF | MINUS, SF_DZ);
        check("inf / 0", sf_f64_div(INF, 0, &e), &e, INF, 0);
        check("sqrt(-0)", sf_f64_sqrt(MINUS, &e), &e, MINUS, 0);
    }
    st_verdict();
}

/* -- Fused multiply-add: a * b + c ------------------------------------------------------------ */

static const struct { uint64_t a, b, c, arm, x86; unsigned flags, x86_flags; } three[] = {
    { Q1, Q2, Q3, Q3, Q1, 0, 0 },               /* Arm: the addend first */
    { ONE, Q2, Q3, Q3, Q2, 0, 0 },
    { ONE, Q2, ONE, Q2, Q2, 0, 0 },
    { S1, Q2, Q3, Q1, Q1, SF_NV, SF_NV },
    { Q1, S2, Q3, Q2, Q1, SF_NV, SF_NV },
    { S1, S2, Q3, Q1, Q1, SF_NV, SF_NV },
    { S1, S2, S3, Q3, Q1, SF_NV, SF_NV },
    { ONE, TWO, S3, Q3, Q3, SF_NV, SF_NV },
    { INF, 0, Q3, CANON, Q3, SF_NV, 0 },        /* and RISC-V: invalid all the same */
    { 0, INF | MINUS, Q3, CANON, Q3, SF_NV, 0 },
    { INF, 0, S3, Q3, Q3, SF_NV, SF_NV },
    { INF, ONE, Q3, Q3, Q3, 0, 0 },
    { INF, 0, 0, CANON, INDEF, SF_NV, SF_NV },
};

static void test_fma(void)
{
    for (unsigned i = 0; i < sizeof three / sizeof three[0]; i++)
        for (unsigned how = 0; how < 4; how++) {
            uint64_t a = three[i].a, b = three[i].b, c = three[i].c;
            struct sf_env e = { 0 };

            check("fma RISC-V", sf_f64_fma(a, b, c, how, &e), &e, CANON, three[i].flags);
            e = (struct sf_env){ .nan_rule = SF_NAN_ARM };
            check("fma Arm", sf_f64_fma(a, b, c, how, &e), &e, three[i].arm, three[i].flags);
            e = (struct sf_env){ .nan_rule = SF_NAN_X86 };
            check("fma x86", sf_f64_fma(a, b, c, how, &e), &e, three[i].x86,
                  three[i].x86_flags);
        }
    st_verdict();
}

/* -- Minimum, maximum, comparison ------------------------------------------------------------- */

static void test_min_max(void)
{
    static const struct { uint64_t a, b, ieee, num, number; unsigned flags; } rows[] = {
        { ONE, TWO, ONE, ONE, ONE, 0 }, { TWO, ONE, ONE, ONE, ONE, 0 },
        { 0, MINUS, MINUS, MINUS, MINUS, 0 }, { MINUS, 0, MINUS, MINUS, MINUS, 0 },
        { INF | MINUS, ONE, INF | MINUS, INF | MINUS, INF | MINUS, 0 },
        { ONE, Q2, CANON, ONE, ONE, 0 }, { Q1, ONE, CANON, ONE, ONE, 0 },
        { ONE, S2, CANON, CANON, ONE, SF_NV }, { S1, ONE, CANON, CANON, ONE, SF_NV },
        { Q1, Q2, CANON, CANON, CANON, 0 }, { Q1, S2, CANON, CANON, CANON, SF_NV },
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t a = rows[i].a, b = rows[i].b;
        struct sf_env e = { 0 };

        check("min", sf_f64_min(a, b, &e), &e, rows[i].ieee, rows[i].flags);
        check("minnum", sf_f64_minnum(a, b, &e), &e, rows[i].num, rows[i].flags);
        check("minimum_number", sf_f64_minimum_number(a, b, &e), &e, rows[i].number,
              rows[i].flags);
        if (rows[i].ieee != CANON) {             /* max gives the other one */
            uint64_t other = rows[i].ieee == a ? b : a;
            check("max", sf_f64_max(a, b, &e), &e, other, 0);
            check("maxnum", sf_f64_maxnum(a, b, &e), &e, other, 0);
            check("maximum_number", sf_f64_maximum_number(a, b, &e), &e, other, 0);
        } else {
            check("maximum_number", sf_f64_maximum_number(a, b, &e), &e, rows[i].number,
                  rows[i].flags);
            check("maxnum", sf_f64_maxnum(a, b, &e), &e, rows[i].num, rows[i].flags);
        }
    }
    st_verdict();
}

static void test_relations(void)
{
    static const struct { uint64_t a, b; bool eq, lt, le, un; unsigned quiet, signalling; } t[] = {
        { ONE, TWO, 0, 1, 1, 0, 0, 0 }, { TWO, ONE, 0, 0, 0, 0, 0, 0 },
        { 0, MINUS, 1, 0, 1, 0, 0, 0 }, { MINUS | TWO, MINUS | ONE, 0, 1, 1, 0, 0, 0 },
        { MINUS | INF, INF, 0, 1, 1, 0, 0, 0 }, { INF, INF, 1, 0, 1, 0, 0, 0 },
        { Q1, ONE, 0, 0, 0, 1, 0, SF_NV }, { ONE, S1, 0, 0, 0, 1, SF_NV, SF_NV },
        { Q1, Q1, 0, 0, 0, 1, 0, SF_NV },
    };

    for (unsigned i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct sf_env e = { 0 };
#define RELATION(op, result, fl)                                                                  \
        check(#op, sf_f64_##op(t[i].a, t[i].b, &e), &e, t[i].result, t[i].fl)
        RELATION(eq, eq, quiet);
        RELATION(lt, lt, signalling);
        RELATION(le, le, signalling);
        RELATION(lt_quiet, lt, quiet);
        RELATION(le_quiet, le, quiet);
        RELATION(unordered, un, quiet);
    }
    st_verdict();
}

static void test_classify(void)
{
    static const struct { uint64_t a; unsigned bit; } t[] = {
        { MINUS | INF, 0 }, { MINUS | ONE, 1 }, { MINUS | 1, 2 }, { MINUS, 3 }, { 0, 4 }, { 5, 5 },
        { TWO, 6 }, { INF, 7 }, { S1, 8 }, { S2, 8 }, { Q1, 9 }, { Q2, 9 },
        { 0x000fffffffffffff, 5 }, { 0x0010000000000000, 6 },
    };

    for (unsigned i = 0; i < sizeof t / sizeof t[0]; i++)
        check("classify", sf_f64_classify(t[i].a), NULL, 1u << t[i].bit, 0);
    check("pseudo-infinity", sf_f80_classify((sf_f80){ 0, 0x7fff }), NULL, SF_CLASS_SNAN, 0);
    check("unnormal", sf_f80_classify((sf_f80){ 1, 0x4000 }), NULL, SF_CLASS_SNAN, 0);
    st_verdict();
}

/* -- Conversions ----------------------------------------------------------------------------- */

static void test_conversions(void)
{
    struct sf_env arm = { .nan_rule = SF_NAN_ARM }, riscv = { 0 };

    check("payload f64 to f32", sf_f64_to_f32(0xfff4567890000000, &arm), &arm, 0xffe2b3c4,
          SF_NV);
    check("payload f64 to f16", sf_f64_to_f16(0x7ffabc0000000000, &arm), &arm, 0x7eaf, 0);
    check("payload f32 to f64", sf_f32_to_f64(0xff812345, &arm), &arm, 0xfff82468a0000000,
          SF_NV);
    sf_f80 x = sf_f32_to_f80(0x7fc12345, &arm);
    check("payload f32 to f80", x.sig, &arm, 0xc123450000000000, 0);
    check("payload f32 to f80", x.se, NULL, 0x7fff, 0);
    sf_f128 y = sf_f64_to_f128(Q2, &arm);
    check("payload f64 to f128", y.hi, &arm, 0xffff800000000022, 0);
    check("payload f64 to f128", y.lo, &arm, 0x2000000000000000, 0);
    check("payload f128 to f64", sf_f128_to_f64(y, &arm), &arm, Q2, 0);
    check("canonical", sf_f64_to_f32(Q2, &riscv), &riscv, 0x7fc00000, 0);
    check("canonical", sf_f32_to_f64(0xff812345, &riscv), &riscv, CANON, SF_NV);
    st_verdict();
}

static void test_javascript(void)
{
    static const struct { uint64_t a; int32_t want; bool z; unsigned flags; } t[] = {
        { 0, 0, true, 0 }, { MINUS, 0, false, 0 }, { ONE, 1, true, 0 },
        { MINUS | ONE, -1, true, 0 }, { 0x3ff8000000000000, 1, false, SF_NX },
        { 0x41dfffffffc00000, INT32_MAX, true, 0 }, { 0x41e0000000000000, INT32_MIN, false, SF_NV },
        { 0xc1e0000000000000, INT32_MIN, true, 0 }, { 0x41f0000000100000, 1, false, SF_NV },
        { 0xc1f0000000100000, -1, false, SF_NV }, { 0x4340000000000001, 2, false, SF_NV },
        { 0x4530000000000000, 0, false, SF_NV }, { INF, 0, false, SF_NV }, { Q1, 0, false, SF_NV },
        { 1, 0, false, SF_NX }, { 0x43e0000000000001, 0x800, false, SF_NV },
        { 0x4410000000000001, 0x4000, false, SF_NV },
        { 0x4510000000000003, -0x40000000, false, SF_NV },
    };

    for (unsigned i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct sf_env e = { .nan_rule = SF_NAN_ARM, .rm = i % 6 };
        bool z;
        int32_t got = sf_f64_to_i32_js(t[i].a, &z, &e);

        check("to_i32_js", (uint32_t)got, &e, (uint32_t)t[i].want, t[i].flags);
        check("to_i32_js Z", z, NULL, t[i].z, 0);
    }
    struct sf_env flush = { .nan_rule = SF_NAN_ARM, .daz = 1 };
    bool z;
    check("to_i32_js flushed", (uint32_t)sf_f64_to_i32_js(1, &z, &flush), &flush, 0, SF_ID);
    check("to_i32_js flushed Z", z, NULL, true, 0);
    st_verdict();
}

/* -- Tininess, flushing ------------------------------------------------------------------------ */

static void test_tiny(void)
{
    const uint64_t least = 0x0010000000000000, below = 0x3fefffffffffffff;
    struct sf_env e = { 0 };

    /* 2^-1022 * (1 + 2^-52) * (1 - 2^-52): 53 bits cannot tell that from the least normal. */
    check("after", sf_f64_mul(least + 1, below - 1, &e), &e, least, SF_NX);
    e = (struct sf_env){ .tininess = SF_TINY_BEFORE };
    check("before", sf_f64_mul(least + 1, below - 1, &e), &e, least, SF_NX | SF_UF);
    /* 2^-1022 * (1 - 2^-53) fits 53 bits, so it is tiny either way, and rounds to the same. */
    e = (struct sf_env){ 0 };
    check("after", sf_f64_mul(least, below, &e), &e, least, SF_NX | SF_UF);
    e = (struct sf_env){ .ftz = 1 };
    check("x86 flush", sf_f64_mul(least + 1, below - 1, &e), &e, least, SF_NX);
    check("x86 flush", sf_f64_mul(least, below, &e), &e, 0, SF_NX | SF_UF);
    check("x86 flush exact", sf_f64_sub(least, least + 1, &e), &e, MINUS, SF_NX | SF_UF);
    e = (struct sf_env){ .ftz = 1, .tininess = SF_TINY_BEFORE };
    check("Arm flush", sf_f64_mul(least + 1, below - 1, &e), &e, 0, SF_UF);
    check("Arm flush exact", sf_f64_sub(least, least + 1, &e), &e, MINUS, SF_UF);
    st_verdict();
}

static void test_flushed_operands(void)
{
    struct sf_env e = { .daz = 1, .nan_rule = SF_NAN_ARM };

    check("Arm operand", sf_f64_add(5, MINUS | 5, &e), &e, 0, SF_ID);
    check("Arm with NaN", sf_f64_add(Q1, 5, &e), &e, Q1, SF_ID);
    check("Arm compare", (uint64_t)sf_f64_compare(5, MINUS, false, &e), &e, SF_EQUAL, SF_ID);
    check("Arm min", sf_f64_min(ONE, MINUS | 5, &e), &e, MINUS, SF_ID);
    check("Arm f16", sf_f16_add(5, 0x3c00, &e), &e, 0x3c00, 0);
    check("Arm to_int", sf_f64_to_int(5, 32, true, 0, SF_SAT_ARM, &e), &e, 0, SF_ID);
    e = (struct sf_env){ .daz = 1, .nan_rule = SF_NAN_X86 };
    check("x86 operand", sf_f64_add(5, ONE, &e), &e, ONE, 0);
    e.daz = 0;
    check("x86 reports", sf_f64_add(5, ONE, &e), &e, ONE, SF_ID | SF_NX);
    check("x86 NaN first", sf_f64_add(5, Q1, &e), &e, Q1, 0);
    e = (struct sf_env){ .daz = 1 };
    check("RISC-V never", sf_f64_add(5, ONE, &e), &e, ONE, 0);
    st_verdict();
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "NaN of two operands", test_two_operands }, { "generated NaN", test_generated },
        { "NaN of fma", test_fma }, { "minimum, maximum", test_min_max },
        { "relations", test_relations }, { "classify", test_classify },
        { "payloads in conversions", test_conversions }, { "JavaScript", test_javascript },
        { "tininess, flushed results", test_tiny }, { "flushed operands", test_flushed_operands },
        { NULL, NULL },
    };

    return st_run(argc, argv, "soft-nan", 1, tests);
}
