/* SPDX-License-Identifier: MIT */
/*
 * test-soft-mpfr.c - every format, operation, rounding mode and both rules of tininess give the
 * values and flags that MPFR and the reference of soft-ref.h compute. NaN results are RISC-V's.
 */
#include "soft-ref.h"

typedef test_u128 raw;

struct ops {
    raw (*add)(raw, raw, struct sf_env *), (*sub)(raw, raw, struct sf_env *),
        (*mul)(raw, raw, struct sf_env *), (*div)(raw, raw, struct sf_env *),
        (*sqrt)(raw, struct sf_env *), (*fma)(raw, raw, raw, unsigned, struct sf_env *),
        (*rem)(raw, raw, bool, uint64_t *, struct sf_env *),
        (*round_int)(raw, bool, struct sf_env *), (*scale)(raw, int, struct sf_env *),
        (*from_int)(uint64_t, bool, int, struct sf_env *), (*to[6])(raw, struct sf_env *);
    enum sf_rel (*compare)(raw, raw, bool, struct sf_env *);
    uint64_t (*to_int)(raw, unsigned, bool, int, enum sf_sat, struct sf_env *);
};

static raw up_f16(sf_f16 a) { return a; }
static raw up_bf16(sf_bf16 a) { return a; }
static raw up_f32(sf_f32 a) { return a; }
static raw up_f64(sf_f64 a) { return a; }
static raw up_f80(sf_f80 a) { return (raw)a.se << 64 | a.sig; }
static raw up_f128(sf_f128 a) { return (raw)a.hi << 64 | a.lo; }
static sf_f16 dn_f16(raw a) { return (sf_f16)a; }
static sf_bf16 dn_bf16(raw a) { return (sf_bf16)a; }
static sf_f32 dn_f32(raw a) { return (sf_f32)a; }
static sf_f64 dn_f64(raw a) { return (sf_f64)a; }
static sf_f80 dn_f80(raw a) { return (sf_f80){ (uint64_t)a, (uint16_t)(a >> 64) }; }
static sf_f128 dn_f128(raw a) { return (sf_f128){ (uint64_t)a, (uint64_t)(a >> 64) }; }

#define TWO(F, op)                                                                                \
    static raw F##_##op(raw a, raw b, struct sf_env *e)                                           \
    { return up_##F(sf_##F##_##op(dn_##F(a), dn_##F(b), e)); }
#define TO(F, T)                                                                                  \
    static raw F##_to_##T(raw a, struct sf_env *e)                                                \
    { return up_##T(sf_##F##_to_##T(dn_##F(a), e)); }
SF_CONVERSIONS(TO)

#define WRAP(F, ...)                                                                              \
    TWO(F, add) TWO(F, sub) TWO(F, mul) TWO(F, div)                                               \
    static raw F##_sqrt(raw a, struct sf_env *e) { return up_##F(sf_##F##_sqrt(dn_##F(a), e)); }  \
    static raw F##_fma(raw a, raw b, raw c, unsigned how, struct sf_env *e)                       \
    { return up_##F(sf_##F##_fma(dn_##F(a), dn_##F(b), dn_##F(c), how, e)); }                     \
    static raw F##_rem(raw a, raw b, bool trunc, uint64_t *q, struct sf_env *e)                   \
    { return up_##F(sf_##F##_rem(dn_##F(a), dn_##F(b), trunc, q, e)); }                           \
    static raw F##_round_int(raw a, bool exact, struct sf_env *e)                                 \
    { return up_##F(sf_##F##_round_int(dn_##F(a), exact, e)); }                                   \
    static raw F##_scale(raw a, int n, struct sf_env *e)                                          \
    { return up_##F(sf_##F##_scale(dn_##F(a), n, e)); }                                           \
    static raw F##_from_int(uint64_t n, bool s, int fb, struct sf_env *e)                         \
    { return up_##F(sf_##F##_from_int(n, s, fb, e)); }                                            \
    static enum sf_rel F##_compare(raw a, raw b, bool s, struct sf_env *e)                        \
    { return sf_##F##_compare(dn_##F(a), dn_##F(b), s, e); }                                      \
    static uint64_t F##_to_int(raw a, unsigned w, bool s, int fb, enum sf_sat t,                  \
                               struct sf_env *e)                                                  \
    { return sf_##F##_to_int(dn_##F(a), w, s, fb, t, e); }                                        \
    static const struct ops F##_ops = { F##_add, F##_sub, F##_mul, F##_div, F##_sqrt, F##_fma,    \
        F##_rem, F##_round_int, F##_scale, F##_from_int, { __VA_ARGS__ }, F##_compare,            \
        F##_to_int };
WRAP(f16, NULL, f16_to_bf16, f16_to_f32, f16_to_f64, f16_to_f80, f16_to_f128)
WRAP(bf16, bf16_to_f16, NULL, bf16_to_f32, bf16_to_f64, bf16_to_f80, bf16_to_f128)
WRAP(f32, f32_to_f16, f32_to_bf16, NULL, f32_to_f64, f32_to_f80, f32_to_f128)
WRAP(f64, f64_to_f16, f64_to_bf16, f64_to_f32, NULL, f64_to_f80, f64_to_f128)
WRAP(f80, f80_to_f16, f80_to_bf16, f80_to_f32, f80_to_f64, NULL, f80_to_f128)
WRAP(f128, f128_to_f16, f128_to_bf16, f128_to_f32, f128_to_f64, f128_to_f80, NULL)

static const struct ops *const all_ops[] = { &f16_ops, &bf16_ops, &f32_ops, &f64_ops, &f80_ops,
                                             &f128_ops };
static const struct ref_format *fmt, *fmt_to;     /* of operands, of the result */
static const struct ops *ops;
static struct sf_env env;
static mpfr_t A, B, C, R;
static mpz_t I, LO, HI;
static raw a, b, c;

static void print_raw(const char *name, raw x)
{
    printf(" %s=%" PRIx64 "_%016" PRIx64, name, (uint64_t)(x >> 64), (uint64_t)x);
}

static void expect_raw(const char *op, raw got, raw want, unsigned flags)
{
    st_done++;
    if ((got != want || env.flags != flags) && st_report()) {
        printf("\n  %s_%s rm=%u tiny=%u pc=%u", fmt->name, op, env.rm, env.tininess, env.x87_pc);
        print_raw("a", a), print_raw("b", b), print_raw("c", c);
        print_raw("got", got), print_raw("want", want);
        printf(" flags %02x want %02x", env.flags, flags);
    }
    env.flags = 0;
}

/* Compare with R, which MPFR truncated with ternary value t; p: precision to round to. */
static void expect(const char *op, raw got, int t, unsigned flags, int p)
{
    raw want;
    unsigned base = flags;

    if (mpfr_nan_p(R)) {
        want = ref_default_nan(fmt_to);
    } else {
        want = ref_round(fmt_to, p, R, t != 0, env.rm, env.tininess == SF_TINY_BEFORE, &flags);
        if (env.rm <= SF_RUP && p == fmt_to->p && mpfr_regular_p(R)) {
            unsigned other = base;
            raw again = ref_round_mpfr(fmt_to, R, t != 0, env.rm, &other);

            if ((again != want || other != (flags & ~SF_UF)) && st_report())
                printf("\n  the two references differ: %s_%s", fmt->name, op);
        }
    }
    expect_raw(op, got, want, flags);
}

static mpfr_rnd_t zero_mode(void) { return env.rm == SF_RDN ? MPFR_RNDD : MPFR_RNDZ; }

/* RNDD and RNDZ agree on truncation only for positive numbers: take the sign of zero only. */
static int settle(int t, int (*op)(mpfr_t, const mpfr_t, const mpfr_t, mpfr_rnd_t))
{
    return mpfr_zero_p(R) && env.rm == SF_RDN ? op(R, A, B, zero_mode()) : t;
}

static bool snan(void)
{
    return ref_is_snan(fmt, a) || ref_is_snan(fmt, b) || ref_is_snan(fmt, c);
}

/* Flags of the operands alone; operands that do not take part are zero. */
static unsigned special_flags(void)
{
    bool nan = ref_is_nan(fmt, a) || ref_is_nan(fmt, b) || ref_is_nan(fmt, c);

    return snan() || (mpfr_nan_p(R) && !nan) ? SF_NV : 0;
}

static void operands(unsigned n)
{
    a = ref_operand(fmt);
    b = n > 1 ? ref_operand(fmt) : 0;
    c = n > 2 ? ref_operand(fmt) : 0;
    if (n == 2 && st_random() % 8 == 0)                    /* cancellation */
        b = a ^ (st_random() & 1) ^ (raw)(st_random() & 1) << (ref_fbits(fmt) + fmt->ebits);
    ref_value(fmt, A, a);
    ref_value(fmt, B, b);
    ref_value(fmt, C, c);
}

static int arith_p(void)
{
    return env.x87_pc == 1 ? 24 : env.x87_pc == 2 ? 53 : fmt->p;
}

static void try_arith(void)
{
    int t, p = arith_p();

    operands(2);
    t = settle(mpfr_add(R, A, B, MPFR_RNDZ), mpfr_add);
    expect("add", ops->add(a, b, &env), t, special_flags(), p);
    t = settle(mpfr_sub(R, A, B, MPFR_RNDZ), mpfr_sub);
    expect("sub", ops->sub(a, b, &env), t, special_flags(), p);
    t = mpfr_mul(R, A, B, MPFR_RNDZ);
    expect("mul", ops->mul(a, b, &env), t, special_flags(), p);
    mpfr_clear_flags();
    t = mpfr_div(R, A, B, MPFR_RNDZ);
    bool dz = mpfr_divby0_p();
    expect("div", ops->div(a, b, &env), t, special_flags() | (dz ? SF_DZ : 0), p);
    operands(1);
    t = mpfr_sqrt(R, A, MPFR_RNDZ);
    expect("sqrt", ops->sqrt(a, &env), t, special_flags(), p);
}

static void try_fma(void)
{
    unsigned how = st_random() & 3;

    operands(3);
    if (st_random() % 4 == 0 && !mpfr_nan_p(A) && !mpfr_nan_p(B)) {   /* near cancellation */
        unsigned ignored = 0;
        int t = mpfr_mul(R, A, B, MPFR_RNDZ);

        if (!mpfr_nan_p(R)) {
            c = ref_round(fmt, fmt->p, R, t != 0, SF_RNE, false, &ignored);
            c ^= (raw)(st_random() & 1) << (ref_fbits(fmt) + fmt->ebits);
            ref_value(fmt, C, c);
        }
    }
    bool infzero = (mpfr_inf_p(A) && mpfr_zero_p(B)) || (mpfr_zero_p(A) && mpfr_inf_p(B));
    if (how & SF_FMA_NEG_PRODUCT)
        mpfr_neg(A, A, MPFR_RNDZ);
    if (how & SF_FMA_NEG_ADDEND)
        mpfr_neg(C, C, MPFR_RNDZ);
    int t = mpfr_fma(R, A, B, C, MPFR_RNDZ);
    if (mpfr_zero_p(R))
        t = mpfr_fma(R, A, B, C, zero_mode());
    expect("fma", ops->fma(a, b, c, how, &env), t, special_flags() | (infzero ? SF_NV : 0),
           fmt->p);
}

static void try_rem(void)
{
    bool trunc = st_random() & 1;
    uint64_t quo;
    long q = 0;

    operands(2);
    if (trunc)
        mpfr_fmodquo(R, &q, A, B, MPFR_RNDZ);
    else
        mpfr_remquo(R, &q, A, B, MPFR_RNDZ);
    raw got = ops->rem(a, b, trunc, &quo, &env);
    uint64_t q_abs = q < 0 ? 0 - (uint64_t)q : (uint64_t)q;
    if (mpfr_regular_p(A) && mpfr_regular_p(B) && (quo ^ q_abs) & 0x7fffffff && st_report())
        printf("\n  %s_rem quotient %" PRIu64 " want %ld", fmt->name, quo, q);
    expect(trunc ? "fmod" : "remainder", got, 0, special_flags(), fmt->p);
}

static void try_scale(void)
{
    int n = (int)(st_random() % 8 ? st_random() % 300 - 150 : st_random() % 80000 - 40000);

    operands(1);
    mpfr_mul_2si(R, A, n, MPFR_RNDZ);
    c = (unsigned)n;
    raw got = ops->scale(a, n, &env);
    c = 0;
    expect("scale", got, 0, special_flags(), fmt->p);
}

static void try_compare(void)
{
    bool signalling = st_random() & 1;

    operands(2);
    bool nan = mpfr_nan_p(A) || mpfr_nan_p(B);
    int want = nan ? SF_UNORDERED : mpfr_cmp(A, B);
    unsigned flags = nan && (signalling || snan()) ? SF_NV : 0;
    want = want == SF_UNORDERED && nan ? want : (want > 0) - (want < 0);
    expect_raw("compare", (raw)ops->compare(a, b, signalling, &env), (raw)want, flags);
}

static void try_round_int(void)
{
    bool exact = st_random() & 1;
    unsigned flags = special_flags();

    if (mpfr_regular_p(A)) {
        bool inexact = ref_quantize(I, A, false, 0, env.rm);
        mpfr_set_z(R, I, MPFR_RNDZ);
        mpfr_setsign(R, R, mpfr_signbit(A), MPFR_RNDZ);
        flags = inexact && exact ? SF_NX : 0;
    } else {
        mpfr_set(R, A, MPFR_RNDZ);
        flags = snan() ? SF_NV : 0;
    }
    expect("round_int", ops->round_int(a, exact, &env), 0, flags, fmt->p);
}

static uint64_t saturated(bool nan, bool sign, unsigned width, bool is_signed, enum sf_sat sat)
{
    uint64_t top = (uint64_t)1 << (width - 1), ones = top | (top - 1);

    if (sat == SF_SAT_X86)
        return is_signed ? 0 - top : ones;
    if (nan)
        return sat == SF_SAT_ARM ? 0 : is_signed ? top - 1 : ones;
    if (sign)
        return is_signed ? 0 - top : 0;
    return is_signed ? top - 1 : ones;
}

static void try_to_int(void)
{
    static const unsigned widths[] = { 8, 16, 32, 64, 1 };
    unsigned width = widths[st_random() % 5], flags = 0;
    bool is_signed = st_random() & 1;
    int fbits = st_random() % 2 ? 0 : (int)(st_random() % 65);
    enum sf_sat sat = (enum sf_sat)(st_random() % 3);
    uint64_t want;
    mpz_ptr n = I, lo = LO, hi = HI;

    mpz_set_ui(n, 0);
    mpz_set_ui(lo, 0);
    mpz_set_ui(hi, 0);
    if (mpfr_number_p(A)) {
        bool inexact = mpfr_regular_p(A) && ref_quantize(n, A, false, -fbits, env.rm);
        if (mpfr_signbit(A))
            mpz_neg(n, n);
        mpz_setbit(hi, width - is_signed);
        if (is_signed)
            mpz_neg(lo, hi);
        if (mpz_cmp(n, lo) < 0 || mpz_cmp(n, hi) >= 0) {
            flags = SF_NV;
            want = saturated(false, mpfr_signbit(A), width, is_signed, sat);
        } else {
            flags = inexact ? SF_NX : 0;
            want = (uint64_t)ref_mpz_get(n);
            want = mpz_sgn(n) < 0 ? 0 - want : want;
        }
    } else {
        flags = SF_NV;
        want = saturated(mpfr_nan_p(A), mpfr_signbit(A), width, is_signed, sat);
    }
    b = width << 16 | (unsigned)is_signed << 8 | sat;
    c = (unsigned)fbits;
    expect_raw("to_int", ops->to_int(a, width, is_signed, fbits, sat, &env), want, flags);
    b = c = 0;
}

static void try_to_formats(void)
{
    for (unsigned i = 0; i < 6; i++) {
        if (!ops->to[i])
            continue;
        fmt_to = &ref_formats[i];
        mpfr_set(R, A, MPFR_RNDZ);
        expect(fmt_to->name, ops->to[i](a, &env), 0, snan() ? SF_NV : 0, fmt_to->p);
    }
    fmt_to = fmt;
}

static void try_ints(void)
{
    bool is_signed = st_random() & 1;
    int fbits = st_random() % 2 ? 0 : (int)(st_random() % 65);
    uint64_t n = (uint64_t)st_pattern(64);

    a = n, b = is_signed, c = (unsigned)fbits;
    if (is_signed)
        mpfr_set_si(R, (long)(int64_t)n, MPFR_RNDZ);
    else
        mpfr_set_ui(R, n, MPFR_RNDZ);
    mpfr_div_2si(R, R, fbits, MPFR_RNDZ);
    expect("from_int", ops->from_int(n, is_signed, fbits, &env), 0, 0, fmt->p);
    operands(1);
    if (st_random() & 1) {               /* an exponent where integers have fractions */
        int be = ref_bias(fmt) - 4 + (int)(st_random() % 72);
        bool sign;
        int old;
        raw frac;

        ref_fields(fmt, a, &sign, &old, &frac);
        a = ref_join(fmt, sign, be < ref_emax(fmt) ? be : old, frac);
        ref_value(fmt, A, a);
    }
    try_to_int();
    try_round_int();
}

static void try_widths(void)
{
    operands(1);
    if (st_random() & 1) {               /* an exponent that other formats have, or nearly */
        static const int near[] = { 14, 24, 126, 149, 1022, 1074 };
        int be = near[st_random() % 6] + (int)(st_random() % 7) - 3;
        bool sign;
        int old;
        raw frac;

        ref_fields(fmt, a, &sign, &old, &frac);
        be = ref_bias(fmt) + (st_random() & 1 ? be : -be);
        a = ref_join(fmt, sign, be > 0 && be < ref_emax(fmt) ? be : old, frac);
        ref_value(fmt, A, a);
    }
    try_to_formats();
}

static void every_format_and_mode(void (*body)(void), uint64_t count)
{
    for (unsigned i = 0; i < 6; i++)
        for (unsigned rm = 0; rm < 6; rm++)
            for (unsigned tiny = 0; tiny < 2; tiny++) {
                fmt = fmt_to = &ref_formats[i];
                ops = all_ops[i];
                env = (struct sf_env){ .rm = (uint8_t)rm, .tininess = (uint8_t)tiny };
                for (uint64_t n = 0; n < count; n++)
                    body();
            }
    st_verdict();
}

static void test_arith(void) { every_format_and_mode(try_arith, st_count); }
static void test_fma(void) { every_format_and_mode(try_fma, st_count * 3); }
static void test_rem(void) { every_format_and_mode(try_rem, st_count / 4); }
static void test_scale(void) { every_format_and_mode(try_scale, st_count); }
static void test_compare(void) { every_format_and_mode(try_compare, st_count); }
static void test_ints(void) { every_format_and_mode(try_ints, st_count); }
static void test_widths(void) { every_format_and_mode(try_widths, st_count); }

static void test_precision_control(void)
{
    fmt = fmt_to = &ref_formats[4];
    ops = &f80_ops;
    for (unsigned rm = 0; rm < 4; rm++)
        for (unsigned pc = 1; pc < 3; pc++) {
            env = (struct sf_env){ .rm = (uint8_t)rm, .x87_pc = (uint8_t)pc };
            for (uint64_t n = 0; n < st_count; n++)
                try_arith();
        }
    st_verdict();
}

/* All 65536 operands of f16 and bf16, in all modes. */
static void test_exhaustive(void)
{
    for (unsigned i = 0; i < 2; i++)
        for (unsigned rm = 0; rm < 6; rm++)
            for (uint32_t x = 0; x < 0x10000; x++) {
                fmt = fmt_to = &ref_formats[i];
                ops = all_ops[i];
                env = (struct sf_env){ .rm = (uint8_t)rm, .tininess = x >> 3 & 1 };
                a = x, b = c = 0;
                ref_value(fmt, A, a);
                int t = mpfr_sqrt(R, A, MPFR_RNDZ);
                expect("sqrt", ops->sqrt(a, &env), t, special_flags(), fmt->p);
                try_to_int();
                try_round_int();
                try_to_formats();
            }
    st_verdict();
}

int main(int argc, char **argv)
{
    static const CU_TestInfo tests[] = {
        { "add, sub, mul, div, sqrt", test_arith }, { "fma", test_fma }, { "rem", test_rem },
        { "scale", test_scale }, { "compare", test_compare }, { "integers", test_ints },
        { "conversions", test_widths }, { "x87 precision control", test_precision_control },
        { "f16, bf16: all operands", test_exhaustive }, { NULL, NULL },
    };

    ref_init();
    mpz_inits(I, LO, HI, (mpz_ptr)0);
    mpfr_inits2(REF_PREC, A, B, C, R, (mpfr_ptr)0);
    int failed = st_run(argc, argv, "soft-mpfr", 1000, tests);
    mpfr_clears(A, B, C, R, (mpfr_ptr)0);
    mpz_clears(I, LO, HI, (mpz_ptr)0);
    ref_finish();
    return failed;
}
