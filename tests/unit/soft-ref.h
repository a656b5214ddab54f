/* SPDX-License-Identifier: MIT */
/*
 * soft-ref.h - an independent reference for the software floating point, by MPFR and GMP.
 *
 * A result is computed by MPFR, truncated to REF_PREC bits with a note of whether anything was
 * lost, and rounded here to the format as an integer multiple of the format's quantum, in all
 * six rounding modes. The modes that MPFR has are also rounded by MPFR itself (its own exponent
 * range and mpfr_subnormalize) and the two must agree.
 */
#ifndef SOFT_REF_H
#define SOFT_REF_H

#include <mpfr.h>

#include "soft-test.h"

enum { REF_PREC = 400 };

static mpfr_t ref_s, ref_r, ref_x, ref_y;        /* temporaries, allocated once */
static mpz_t ref_n, ref_m;

static inline void ref_init(void)
{
    mpfr_inits2(REF_PREC + 8, ref_s, ref_r, ref_x, ref_y, (mpfr_ptr)0);
    mpz_inits(ref_n, ref_m, (mpz_ptr)0);
}

static inline void ref_finish(void)
{
    mpfr_clears(ref_s, ref_r, ref_x, ref_y, (mpfr_ptr)0);
    mpz_clears(ref_n, ref_m, (mpz_ptr)0);
    mpfr_free_cache();
}

struct ref_format {
    const char *name;
    int p, ebits;
    bool explicit_one;                   /* x87 */
};

static const struct ref_format ref_formats[] = {
    { "f16", 11, 5, false }, { "bf16", 8, 8, false }, { "f32", 24, 8, false },
    { "f64", 53, 11, false }, { "f80", 64, 15, true }, { "f128", 113, 15, false },
};

static inline int ref_fbits(const struct ref_format *f) { return f->p - !f->explicit_one; }
static inline int ref_emax(const struct ref_format *f) { return (1 << f->ebits) - 1; }
static inline int ref_bias(const struct ref_format *f) { return ref_emax(f) >> 1; }
/* Exponent of the last bit of a subnormal. */
static inline int ref_qmin(const struct ref_format *f) { return 1 - ref_bias(f) - (f->p - 1); }

static inline test_u128 ref_operand(const struct ref_format *f)
{
    test_u128 x = st_operand((unsigned)f->ebits, (unsigned)f->p - 1);

    if (!f->explicit_one)
        return x;
    test_u128 one = x >> 63 & (test_u128)ref_emax(f) ? (test_u128)1 << 63 : 0;
    return x >> 63 << 64 | one | (x & (((test_u128)1 << 63) - 1));
}

static inline void ref_fields(const struct ref_format *f, test_u128 a, bool *sign, int *be,
                              test_u128 *frac)
{
    *sign = (unsigned)(a >> (ref_fbits(f) + f->ebits)) & 1;
    *be = (int)(a >> ref_fbits(f)) & ref_emax(f);
    *frac = a & (((test_u128)1 << (f->p - 1)) - 1);
}

static inline bool ref_is_nan(const struct ref_format *f, test_u128 a)
{
    bool sign;
    int be;
    test_u128 frac;

    ref_fields(f, a, &sign, &be, &frac);
    return be == ref_emax(f) && frac != 0;
}

static inline bool ref_is_snan(const struct ref_format *f, test_u128 a)
{
    return ref_is_nan(f, a) && !(a >> (f->p - 2) & 1);
}

static inline test_u128 ref_join(const struct ref_format *f, bool sign, int be, test_u128 frac)
{
    if (f->explicit_one && be != 0)
        frac |= (test_u128)1 << 63;
    return (test_u128)sign << (ref_fbits(f) + f->ebits) | (test_u128)be << ref_fbits(f) | frac;
}

static inline test_u128 ref_default_nan(const struct ref_format *f)
{
    return ref_join(f, false, ref_emax(f), (test_u128)1 << (f->p - 2));
}

static inline void ref_mpz_set(mpz_t z, test_u128 n)
{
    mpz_set_ui(z, (unsigned long)(n >> 64));
    mpz_mul_2exp(z, z, 64);
    mpz_add_ui(z, z, (unsigned long)n);
}

static inline test_u128 ref_mpz_get(const mpz_t z)          /* |z| modulo 2^128 */
{
    uint64_t w[2] = { mpz_getlimbn(z, 0), mpz_getlimbn(z, 1) };

    return (test_u128)w[1] << 64 | w[0];
}

/* The value of an encoding; NaN for NaN. x has at least 128 bits. */
static inline void ref_value(const struct ref_format *f, mpfr_t x, test_u128 a)
{
    bool sign;
    int be;
    test_u128 frac;

    ref_fields(f, a, &sign, &be, &frac);
    if (be == ref_emax(f)) {
        if (frac)
            mpfr_set_nan(x);
        else
            mpfr_set_inf(x, sign ? -1 : 1);
        return;
    }
    ref_mpz_set(ref_m, be ? frac | (test_u128)1 << (f->p - 1) : frac);
    mpfr_set_z_2exp(x, ref_m, be ? be - 1 + ref_qmin(f) : ref_qmin(f), MPFR_RNDZ);
    mpfr_setsign(x, x, sign, MPFR_RNDZ);
}

/* |x|, of which bits may have been truncated, as n * 2^q; returns whether n is inexact. */
static inline bool ref_quantize(mpz_t n, const mpfr_t x, bool lost, long q, unsigned rm)
{
    bool sign = mpfr_signbit(x), up = false;

    mpfr_abs(ref_s, x, MPFR_RNDZ);
    mpfr_mul_2si(ref_s, ref_s, -q, MPFR_RNDZ);
    mpfr_get_z(n, ref_s, MPFR_RNDZ);
    mpfr_frac(ref_r, ref_s, MPFR_RNDZ);
    int half = mpfr_cmp_d(ref_r, 0.5);
    if (half == 0 && lost)
        half = 1;
    bool inexact = lost || !mpfr_zero_p(ref_r);
    switch (rm) {
    case SF_RNE: up = half > 0 || (half == 0 && mpz_odd_p(n)); break;
    case SF_RMM: up = half >= 0; break;
    case SF_RDN: up = inexact && sign; break;
    case SF_RUP: up = inexact && !sign; break;
    case SF_RTO: up = inexact && mpz_even_p(n); break;
    }
    mpz_add_ui(n, n, up);
    return inexact;
}

/* x (not NaN), truncated with `lost`, in format f rounded to p bits; flags are or-ed. */
static inline test_u128 ref_round(const struct ref_format *f, int p, const mpfr_t x, bool lost,
                                  unsigned rm, bool tiny_before, unsigned *flags)
{
    bool sign = mpfr_signbit(x);
    mpz_ptr n = ref_n;

    if (mpfr_inf_p(x))
        return ref_join(f, sign, ref_emax(f), 0);
    if (mpfr_zero_p(x))
        return ref_join(f, sign, 0, 0);
    long e = mpfr_get_exp(x), emin = 2 - ref_bias(f);      /* MPFR: |x| in [2^(e-1), 2^e) */
    bool tiny = e < emin;
    if (tiny && !tiny_before) {
        ref_quantize(n, x, lost, e - p, rm);
        tiny = e + ((long)mpz_sizeinbase(n, 2) > p) < emin;
    }
    long q = (e < emin ? emin : e) - p;
    bool inexact = ref_quantize(n, x, lost, q, rm);
    *flags |= inexact ? tiny ? SF_NX | SF_UF : SF_NX : 0;
    if ((long)mpz_sizeinbase(n, 2) > p) {
        mpz_fdiv_q_2exp(n, n, 1);
        q++;
    }
    test_u128 sig = ref_mpz_get(n) << (f->p - p);
    q -= f->p - p;
    if (!(sig >> (f->p - 1)))                              /* subnormal or zero */
        return ref_join(f, sign, 0, sig);
    long be = q - ref_qmin(f) + 1;
    if (be < ref_emax(f))
        return ref_join(f, sign, (int)be, sig & (((test_u128)1 << (f->p - 1)) - 1));
    *flags |= SF_OF | SF_NX;
    if (rm == SF_RNE || rm == SF_RMM || rm == (sign ? SF_RDN : SF_RUP))
        return ref_join(f, sign, ref_emax(f), 0);
    sig = (((test_u128)1 << p) - 1) << (f->p - p);
    return ref_join(f, sign, ref_emax(f) - 1, sig & (((test_u128)1 << (f->p - 1)) - 1));
}

/* The same by MPFR alone; x untruncated or truncated by bits that cannot matter (lost: sticky
 * bit to be appended). Only for the modes RNE to RUP and tininess after rounding. */
static inline test_u128 ref_round_mpfr(const struct ref_format *f, const mpfr_t x, bool lost,
                                       unsigned rm, unsigned *flags)
{
    static const mpfr_rnd_t modes[] = { MPFR_RNDN, MPFR_RNDZ, MPFR_RNDD, MPFR_RNDU };
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_ptr s = ref_x, r = ref_y;

    mpfr_set_prec(s, REF_PREC + 4);
    mpfr_set_prec(r, f->p);
    mpfr_set(s, x, MPFR_RNDZ);
    if (lost)
        mpfr_signbit(s) ? mpfr_nextbelow(s) : mpfr_nextabove(s);
    mpfr_clear_flags();
    mpfr_set_emin(ref_qmin(f) + 1);
    mpfr_set_emax(ref_bias(f) + 1);
    int t = mpfr_set(r, s, modes[rm]);
    t = mpfr_check_range(r, t, modes[rm]);
    t = mpfr_subnormalize(r, t, modes[rm]);
    *flags |= mpfr_overflow_p() ? SF_OF | SF_NX : t ? SF_NX : 0;
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    unsigned ignored = 0;
    return ref_round(f, f->p, r, false, rm, false, &ignored);
}

#endif
