/* SPDX-License-Identifier: MIT */
/*
 * soft.h - the engine's own floating point in integer arithmetic.
 * IEEE 754-2008 (and minimumNumber/maximumNumber of 754-2019); RISC-V unprivileged ISA, F and D;
 * Arm ARM (DDI 0487) shared/functions/float; Intel SDM volume 1, chapters 4, 8, 11 and 14.
 *
 * It is the exact reference for everything else that computes with floats, and the slow path
 * where the host's unit cannot give the guest's answer. It never touches the host's FPU: the
 * sticky flags that translated code keeps there survive a call.
 *
 * Every function takes operands as raw bits and an environment: what the guest's control
 * register says goes in, exception flags are or-ed into `flags`. An environment of all zeros is
 * RISC-V's: round to nearest even, canonical NaN, no flushing, tininess after rounding.
 * All functions are pure but for env->flags, take any bits, and may be called from any thread.
 *
 * Not modelled: trapping exceptions (flags only), Arm's alternative half precision, decimal
 * formats, reciprocal and square root estimates (tables of the ISA, they live with it).
 */
#ifndef PB_SOFT_H
#define PB_SOFT_H

#include <stdbool.h>
#include <stdint.h>

/* -- Formats --------------------------------------------------------------------------------- */

typedef uint16_t sf_f16;                                    /* binary16: 1, 5, 10 bits */
typedef uint16_t sf_bf16;                                   /* bfloat16: 1, 8, 7 */
typedef uint32_t sf_f32;                                    /* binary32: 1, 8, 23 */
typedef uint64_t sf_f64;                                    /* binary64: 1, 11, 52 */
typedef struct sf_f80 { uint64_t sig; uint16_t se; } sf_f80;   /* x87: sign and exponent; 1+63 */
typedef struct sf_f128 { uint64_t lo, hi; } sf_f128;        /* binary128: 1, 15, 112 */

/* -- Environment ----------------------------------------------------------------------------- */

enum sf_round {           /* numbered as RISC-V's frm */
    SF_RNE,               /* nearest, ties to even */
    SF_RTZ,               /* towards zero */
    SF_RDN,               /* down, to minus infinity */
    SF_RUP,               /* up, to plus infinity */
    SF_RMM,               /* nearest, ties away from zero */
    SF_RTO,               /* to odd: truncate, and set the last bit if that lost anything */
};

enum sf_flag {            /* numbered as RISC-V's fflags */
    SF_NX = 1,            /* inexact */
    SF_UF = 2,            /* underflow: tiny and inexact */
    SF_OF = 4,            /* overflow */
    SF_DZ = 8,            /* division by zero */
    SF_NV = 16,           /* invalid operation */
    SF_ID = 32,           /* subnormal operand; never with SF_NAN_RISCV. With SF_NAN_ARM when daz
                             flushed one (not for f16: FZ16 reports nothing), with SF_NAN_X86 and
                             SF_NAN_X87 when one was used as it is */
};

enum sf_nan_rule {
    SF_NAN_RISCV,         /* the canonical NaN, always; inf * 0 + qNaN is invalid */
    SF_NAN_ARM,           /* the first sNaN made quiet, else the first qNaN, the addend of an fma
                             counting as first; inf * 0 + qNaN is the default NaN, invalid */
    SF_NAN_X86,           /* SSE: the first operand that is NaN, made quiet; fma in the order a, b,
                             c, where a is op1 of VFMADD132 and op2 of VFMADD213 and 231, b the
                             other factor; inf * 0 + qNaN is that NaN, not invalid */
    SF_NAN_X87,           /* qNaN before sNaN, then the larger significand, then the positive */
};

enum sf_tininess { SF_TINY_AFTER, SF_TINY_BEFORE };

struct sf_env {
    uint8_t rm;           /* enum sf_round; other values round to nearest even */
    uint8_t flags;        /* enum sf_flag, sticky */
    uint8_t nan_rule;     /* enum sf_nan_rule */
    uint8_t tininess;     /* enum sf_tininess */
    uint8_t ftz;          /* tiny results become zero: with SF_TINY_BEFORE as Arm's FZ (tiny before
                             rounding; UF alone), else as x86's FTZ (after rounding; UF and NX) */
    uint8_t daz;          /* subnormal operands count as zero */
    uint8_t default_nan;  /* every NaN result is the default NaN (Arm's DN) */
    uint8_t x87_pc;       /* f80 add, sub, mul, div, sqrt round to: 0 64 bits, 1 24 bits, 2 53 */
};

/* -- Parameters ------------------------------------------------------------------------------ */

enum sf_sat {             /* a float that no integer of the width equals, after rounding: NV and */
    SF_SAT_RISCV,         /* the nearest bound; NaN: the largest integer */
    SF_SAT_ARM,           /* the nearest bound; NaN: zero */
    SF_SAT_X86,           /* the indefinite integer: 10..0 if signed, 11..1 if unsigned */
};

enum sf_fma {             /* signs changed before the addition; a NaN that passes keeps its sign */
    SF_FMA_NEG_PRODUCT = 1,
    SF_FMA_NEG_ADDEND = 2,
};

enum sf_rel { SF_LESS = -1, SF_EQUAL = 0, SF_GREATER = 1, SF_UNORDERED = 2 };

enum sf_class {           /* numbered as RISC-V's FCLASS */
    SF_CLASS_NEG_INF = 1 << 0, SF_CLASS_NEG_NORMAL = 1 << 1, SF_CLASS_NEG_SUBNORMAL = 1 << 2,
    SF_CLASS_NEG_ZERO = 1 << 3, SF_CLASS_POS_ZERO = 1 << 4, SF_CLASS_POS_SUBNORMAL = 1 << 5,
    SF_CLASS_POS_NORMAL = 1 << 6, SF_CLASS_POS_INF = 1 << 7, SF_CLASS_SNAN = 1 << 8,
    SF_CLASS_QNAN = 1 << 9,
};

/* -- Operations, the same for every format ---------------------------------------------------- */

/*
 * fma        a * b + c rounded once; how: or of enum sf_fma. Arm's FMSUB and its like negate the
 *            operand itself, NaN or not: there the caller flips the sign bit instead.
 * rem        a - b * n, exact. n is a / b rounded to nearest even (IEEE remainder, x87 FPREM1),
 *            or with trunc towards zero (fmod, FPREM). *quo, unless NULL: the low 64 bits of |n|.
 * round_int  to an integral value by env->rm; NX is raised only with exact.
 * scale      a * 2^n, rounded.
 * min, max             754-2019 minimum and maximum, Arm FMIN: a NaN operand gives a NaN.
 * minnum, maxnum       754-2008, Arm FMINNM: one qNaN gives the other operand, an sNaN a NaN.
 * minimum_number, …    754-2019, RISC-V FMIN: one NaN, even signalling, gives the other operand.
 *                      In all of the above -0 is less than +0.
 * x86_min, x86_max     MINSD: b if unordered or both zero; every NaN is invalid.
 * eq                   quiet: only an sNaN is invalid.
 * lt, le               signalling: any NaN is invalid. lt_quiet, le_quiet, compare as eq.
 * classify             one bit of enum sf_class; raises nothing and ignores daz.
 * to_int     to an integer of `width` bits (1 to 64) by env->rm, of a * 2^fbits (fixed point);
 *            the result is extended to 64 bits according to is_signed. sat: enum sf_sat.
 *            Never raises ID for x86, as CVTSD2SI.
 * from_int   n * 2^-fbits, rounded; n is unsigned or, with is_signed, two's complement.
 * |fbits|, |n| beyond 65536 count as that.
 */
#define SF_DECLARE(F)                                                                             \
    sf_##F sf_##F##_add(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_sub(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_mul(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_div(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_sqrt(sf_##F a, struct sf_env *env);                                           \
    sf_##F sf_##F##_fma(sf_##F a, sf_##F b, sf_##F c, unsigned how, struct sf_env *env);          \
    sf_##F sf_##F##_rem(sf_##F a, sf_##F b, bool trunc, uint64_t *quo, struct sf_env *env);       \
    sf_##F sf_##F##_round_int(sf_##F a, bool exact, struct sf_env *env);                          \
    sf_##F sf_##F##_scale(sf_##F a, int n, struct sf_env *env);                                   \
    sf_##F sf_##F##_min(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_max(sf_##F a, sf_##F b, struct sf_env *env);                                  \
    sf_##F sf_##F##_minnum(sf_##F a, sf_##F b, struct sf_env *env);                               \
    sf_##F sf_##F##_maxnum(sf_##F a, sf_##F b, struct sf_env *env);                               \
    sf_##F sf_##F##_minimum_number(sf_##F a, sf_##F b, struct sf_env *env);                       \
    sf_##F sf_##F##_maximum_number(sf_##F a, sf_##F b, struct sf_env *env);                       \
    sf_##F sf_##F##_x86_min(sf_##F a, sf_##F b, struct sf_env *env);                              \
    sf_##F sf_##F##_x86_max(sf_##F a, sf_##F b, struct sf_env *env);                              \
    bool sf_##F##_eq(sf_##F a, sf_##F b, struct sf_env *env);                                     \
    bool sf_##F##_lt(sf_##F a, sf_##F b, struct sf_env *env);                                     \
    bool sf_##F##_le(sf_##F a, sf_##F b, struct sf_env *env);                                     \
    bool sf_##F##_lt_quiet(sf_##F a, sf_##F b, struct sf_env *env);                               \
    bool sf_##F##_le_quiet(sf_##F a, sf_##F b, struct sf_env *env);                               \
    bool sf_##F##_unordered(sf_##F a, sf_##F b, struct sf_env *env);                              \
    enum sf_rel sf_##F##_compare(sf_##F a, sf_##F b, bool signalling, struct sf_env *env);        \
    unsigned sf_##F##_classify(sf_##F a);                                                         \
    uint64_t sf_##F##_to_int(sf_##F a, unsigned width, bool is_signed, int fbits,                 \
                             enum sf_sat sat, struct sf_env *env);                                \
    sf_##F sf_##F##_from_int(uint64_t n, bool is_signed, int fbits, struct sf_env *env);          \
    static inline int32_t sf_##F##_to_i32(sf_##F a, enum sf_sat sat, struct sf_env *env)          \
    { return (int32_t)sf_##F##_to_int(a, 32, true, 0, sat, env); }                                \
    static inline uint32_t sf_##F##_to_u32(sf_##F a, enum sf_sat sat, struct sf_env *env)         \
    { return (uint32_t)sf_##F##_to_int(a, 32, false, 0, sat, env); }                              \
    static inline int64_t sf_##F##_to_i64(sf_##F a, enum sf_sat sat, struct sf_env *env)          \
    { return (int64_t)sf_##F##_to_int(a, 64, true, 0, sat, env); }                                \
    static inline uint64_t sf_##F##_to_u64(sf_##F a, enum sf_sat sat, struct sf_env *env)         \
    { return sf_##F##_to_int(a, 64, false, 0, sat, env); }                                        \
    static inline sf_##F sf_i32_to_##F(int32_t n, struct sf_env *env)                             \
    { return sf_##F##_from_int((uint64_t)(int64_t)n, true, 0, env); }                             \
    static inline sf_##F sf_u32_to_##F(uint32_t n, struct sf_env *env)                            \
    { return sf_##F##_from_int(n, false, 0, env); }                                               \
    static inline sf_##F sf_i64_to_##F(int64_t n, struct sf_env *env)                             \
    { return sf_##F##_from_int((uint64_t)n, true, 0, env); }                                      \
    static inline sf_##F sf_u64_to_##F(uint64_t n, struct sf_env *env)                            \
    { return sf_##F##_from_int(n, false, 0, env); }

SF_DECLARE(f16)
SF_DECLARE(bf16)
SF_DECLARE(f32)
SF_DECLARE(f64)
SF_DECLARE(f80)
SF_DECLARE(f128)
#undef SF_DECLARE

/* -- Between formats: sf_f32_to_f64 and so on --------------------------------------------------
 * Rounded; a NaN keeps the upper bits of its payload (unless the rule says otherwise) and
 * becomes quiet; an sNaN is invalid. */
#define SF_CONVERSIONS(X)                                                                         \
    X(f16, bf16) X(f16, f32) X(f16, f64) X(f16, f80) X(f16, f128)                                 \
    X(bf16, f16) X(bf16, f32) X(bf16, f64) X(bf16, f80) X(bf16, f128)                             \
    X(f32, f16) X(f32, bf16) X(f32, f64) X(f32, f80) X(f32, f128)                                 \
    X(f64, f16) X(f64, bf16) X(f64, f32) X(f64, f80) X(f64, f128)                                 \
    X(f80, f16) X(f80, bf16) X(f80, f32) X(f80, f64) X(f80, f128)                                 \
    X(f128, f16) X(f128, bf16) X(f128, f32) X(f128, f64) X(f128, f80)
#define SF_DECLARE_CONVERSION(FROM, TO)                                                           \
    sf_##TO sf_##FROM##_to_##TO(sf_##FROM a, struct sf_env *env);
SF_CONVERSIONS(SF_DECLARE_CONVERSION)
#undef SF_DECLARE_CONVERSION

/* Arm FJCVTZS, RISC-V FCVTMOD.W.D: towards zero, modulo 2^32; NV out of range, else NX if inexact.
 * *z: Arm's Z flag, true when the result equals the operand (and that is not -0). env->rm does
 * not matter. */
int32_t sf_f64_to_i32_js(sf_f64 a, bool *z, struct sf_env *env);

#endif
