/* SPDX-License-Identifier: MIT */
/* softfp.c - every floating-point op of the IR in software, by the guest's rules: what the
 * interpreter runs, and where generated code goes when the host's unit may differ.
 *
 * Flags go to x->fp_flags; the host's MXCSR is not looked at. x->mxcsr holds the flags that
 * generated code raised, so that a guest's flags are both together.
 */
#include "run.h"

#include <soft.h>

#include "../ir/op.h"

_Static_assert((int)XL_RM_RMM == (int)SF_RMM && (int)XL_RM_RUP == (int)SF_RUP, "same numbers");

#define SIGN32 0x80000000u
#define SIGN64 0x8000000000000000u

static enum sf_sat saturation(const struct sf_env *env)
{
    return env->nan_rule == SF_NAN_RISCV ? SF_SAT_RISCV
           : env->nan_rule == SF_NAN_ARM ? SF_SAT_ARM : SF_SAT_X86;
}

static uint64_t nzcv(enum sf_rel r)
{
    return r == SF_LESS ? XL_FCMP_LESS
           : r == SF_EQUAL ? XL_FCMP_EQUAL | XL_FCMP_NOT_LESS
           : r == SF_GREATER ? XL_FCMP_NOT_LESS : XL_FCMP_NOT_LESS | XL_FCMP_UNORDERED;
}

/* The ops that are alike in both formats. */
#define ARITH(F, T)                                                                            \
    static uint64_t arith_##F(uint32_t op, uint32_t flags, uint64_t ra, uint64_t rb,           \
                              uint64_t rc, int fbits, struct sf_env *env)                      \
    {                                                                                          \
        T a = (T)ra, b = (T)rb, c = (T)rc;                                                     \
        int x86 = env->nan_rule == SF_NAN_X86, arm = env->nan_rule == SF_NAN_ARM;              \
                                                                                               \
        switch (op) {                                                                          \
        case XL_OP_fadd: return sf_##F##_add(a, b, env);                                       \
        case XL_OP_fsub: return sf_##F##_sub(a, b, env);                                       \
        case XL_OP_fmul: return sf_##F##_mul(a, b, env);                                       \
        case XL_OP_fdiv: return sf_##F##_div(a, b, env);                                       \
        case XL_OP_fsqrt: return sf_##F##_sqrt(a, env);                                        \
        case XL_OP_fma:                                                                        \
            if (arm) {                                                                         \
                a ^= flags & XL_FMA_NEG_PRODUCT ? (T)1 << (8 * sizeof(T) - 1) : 0;             \
                c ^= flags & XL_FMA_NEG_ADDEND ? (T)1 << (8 * sizeof(T) - 1) : 0;              \
                flags = 0;                                                                     \
            }                                                                                  \
            return sf_##F##_fma(a, b, c, flags, env);                                          \
        case XL_OP_fmin:                                                                       \
            return x86 ? sf_##F##_x86_min(a, b, env) : arm ? sf_##F##_min(a, b, env)           \
                                                     : sf_##F##_minimum_number(a, b, env);     \
        case XL_OP_fmax:                                                                       \
            return x86 ? sf_##F##_x86_max(a, b, env) : arm ? sf_##F##_max(a, b, env)           \
                                                     : sf_##F##_maximum_number(a, b, env);     \
        case XL_OP_fminnm: return sf_##F##_minnum(a, b, env);                                  \
        case XL_OP_fmaxnm: return sf_##F##_maxnum(a, b, env);                                  \
        case XL_OP_fcmp: return nzcv(sf_##F##_compare(a, b, flags & 1, env));                  \
        case XL_OP_feq: return sf_##F##_eq(a, b, env);                                         \
        case XL_OP_flt: return sf_##F##_lt(a, b, env);                                         \
        case XL_OP_fle: return sf_##F##_le(a, b, env);                                         \
        case XL_OP_fclass: return sf_##F##_classify(a);                                        \
        case XL_OP_f2i:                                                                        \
            ra = sf_##F##_to_int(a, flags <= XL_CVT_U32 ? 32 : 64,                             \
                                 flags == XL_CVT_I32 || flags == XL_CVT_I64, fbits,            \
                                 saturation(env), env);                                        \
            return flags <= XL_CVT_U32 ? (uint64_t)(int32_t)ra : ra;                           \
        case XL_OP_i2f:                                                                        \
            if (flags <= XL_CVT_U32)                                                           \
                ra = flags == XL_CVT_I32 ? (uint64_t)(int32_t)ra : (uint32_t)ra;               \
            return sf_##F##_from_int(ra, flags == XL_CVT_I32 || flags == XL_CVT_I64, fbits, env);\
        default: return 0;                                                                     \
        }                                                                                      \
    }
ARITH(f32, uint32_t)
ARITH(f64, uint64_t)

/* Ops on bits alone; 0 when `op` is none of them. */
static int bits_only(uint32_t op, uint32_t type, uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t s = type == XL_F32 ? SIGN32 : SIGN64, all = type == XL_F32 ? UINT32_MAX : UINT64_MAX;

    switch (op) {
    case XL_OP_fneg: *out = (a ^ s) & all; return 1;
    case XL_OP_fabs: *out = a & ~s & all; return 1;
    case XL_OP_fsgnj: *out = (a & ~s & all) | (b & s); return 1;
    case XL_OP_fsgnjn: *out = (a & ~s & all) | (~b & s); return 1;
    case XL_OP_fsgnjx: *out = (a ^ (b & s)) & all; return 1;
    case XL_OP_f2bits: case XL_OP_bits2f: *out = a & all; return 1;
    case XL_OP_box32: *out = a | 0xffffffff00000000u; return 1;
    case XL_OP_unbox32: *out = a >> 32 == UINT32_MAX ? (uint32_t)a : 0x7fc00000u; return 1;
    default: return 0;
    }
}

uint64_t xl_soft_fp(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint32_t op,
                    uint32_t how)
{
    uint32_t type = how & 0xff, flags = how >> 8 & 0xff, rm = how >> 16 & 7, exact = how >> 19 & 1;
    int fbits = (int)(how >> 20 & 127);
    struct sf_env env = {.nan_rule = x->guest->fp_nan_rule, .tininess = x->guest->fp_tininess,
                         .default_nan = how >> 28 & XL_FP_DN};
    uint64_t r;

    if (bits_only(op, type, a, b, &r))
        return r;
    env.rm = rm == XL_RM_DYN ? x->fp_rm : (uint8_t)rm;
    env.ftz = env.daz = (how >> 28 & XL_FP_FZ) != 0;
    if (op == XL_OP_frint)
        r = type == XL_F32 ? sf_f32_round_int((uint32_t)a, exact, &env)
                           : sf_f64_round_int(a, exact, &env);
    else if (op == XL_OP_f2f)
        r = type == XL_F32 ? sf_f64_to_f32(a, &env) : sf_f32_to_f64((uint32_t)a, &env);
    else
        r = type == XL_F32 ? arith_f32(op, flags, a, b, c, fbits, &env)
                           : arith_f64(op, flags, a, b, c, fbits, &env);
    x->fp_flags |= env.flags;
    return r;
}

/* ---- Flags and rounding of the guest: here and in MXCSR (Intel SDM volume 1, 10.2.3) -------- */

uint32_t xl_fp_from_mxcsr(uint32_t m, uint32_t nan_rule)
{
    uint32_t f = (m & 1 ? SF_NV : 0) | (m & 2 ? SF_ID : 0) | (m & 4 ? SF_DZ : 0) |
                 (m & 8 ? SF_OF : 0) | (m & 16 ? SF_UF : 0) | (m & 32 ? SF_NX : 0);

    /* The host's means "used as it is", others' "flushed". */
    return nan_rule == SF_NAN_X86 ? f : f & ~(uint32_t)SF_ID;
}

uint32_t xl_fp_flags(struct xl_vcpu *x)
{
    return x->fp_flags | xl_fp_from_mxcsr(x->mxcsr, x->guest->fp_nan_rule);
}

void xl_fp_set_flags(struct xl_vcpu *x, uint32_t flags)
{
    x->mxcsr &= ~0x3fu;
    x->fp_flags = (uint8_t)flags;
}

void xl_fp_set_rm(struct xl_vcpu *x, uint32_t rm)
{
    static const uint8_t rc[8] = {0, 3, 1, 2, 0, 0, 0, 0}; /* by SF_*: MXCSR.RC */

    x->fp_rm = rm & 7u;
    x->mxcsr = (x->mxcsr & ~0x6000u) | (uint32_t)rc[rm & 7u] << 13;
}
