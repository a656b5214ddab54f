/* SPDX-License-Identifier: MIT */
/* helpers-fp.c - floating point lane by lane, exactly, in half, single and double.
 * Arm Architecture Reference Manual, DDI 0487: shared/functions/float (J1.3); C7.2.
 *
 * All of half precision comes here, and of the others what the engine has no op for. Flags go
 * to x->fp_flags, which FPSR is read from; the host's floating point is not touched.
 */
#include "helpers-fp.h"

struct sf_env a64_fp_env(const struct xl_vcpu *x, uint32_t size, uint32_t rm)
{
    uint64_t fpcr = ((const struct a64 *)x)->fpcr;
    struct sf_env e = {.nan_rule = SF_NAN_ARM, .tininess = SF_TINY_BEFORE};
    e.rm = rm == FP_RM_DYN ? x->fp_rm : (uint8_t)rm;
    e.ftz = e.daz = (fpcr & (size == 1 ? FPCR_FZ16 : FPCR_FZ)) != 0;
    e.default_nan = (fpcr & FPCR_DN) != 0;
    return e;
}

uint64_t a64_fp_nan(uint32_t size, uint64_t v, struct sf_env *e)
{
    uint64_t quiet = 1ull << (fp_fraction_bits(size) - 1);
    if (!(v & quiet))
        e->flags |= SF_NV;
    if (e->default_nan)
        return (uint64_t)fp_exponent_max(size) << fp_fraction_bits(size) | quiet;
    return v | quiet;
}

/* ---- The three formats ----------------------------------------------------------------------- */

#define PER_FORMAT(F, T)                                                                       \
    static uint64_t two_##F(uint32_t op, T n, T m, struct sf_env *e)                           \
    {                                                                                          \
        const T sign = (T)((T)1 << (8 * sizeof(T) - 1)), all = (T)~(T)0, mag = (T)~sign;       \
        switch (op) {                                                                          \
        case FOP_ADD: return sf_##F##_add(n, m, e);                                            \
        case FOP_SUB: return sf_##F##_sub(n, m, e);                                            \
        case FOP_MUL: case FOP_MULX: return sf_##F##_mul(n, m, e);                             \
        case FOP_NMUL: return (T)(sf_##F##_mul(n, m, e) ^ sign);                               \
        case FOP_DIV: return sf_##F##_div(n, m, e);                                            \
        case FOP_MAX: return sf_##F##_max(n, m, e);                                            \
        case FOP_MIN: return sf_##F##_min(n, m, e);                                            \
        case FOP_MAXNM: return sf_##F##_maxnum(n, m, e);                                       \
        case FOP_MINNM: return sf_##F##_minnum(n, m, e);                                       \
        case FOP_ABD: return (T)(sf_##F##_sub(n, m, e) & mag);                                 \
        case FOP_CMEQ: return sf_##F##_eq(n, m, e) ? all : 0;                                  \
        case FOP_CMGE: return sf_##F##_le(m, n, e) ? all : 0;                                  \
        case FOP_CMGT: return sf_##F##_lt(m, n, e) ? all : 0;                                  \
        case FOP_ACGE: return sf_##F##_le(m & mag, n & mag, e) ? all : 0;                      \
        default: return sf_##F##_lt(m & mag, n & mag, e) ? all : 0;                            \
        }                                                                                      \
    }                                                                                          \
    /* FPMulAdd: of d and n with the signs that the operation gives them */                    \
    static uint64_t three_##F(uint32_t op, T n, T m, T d, struct sf_env *e)                    \
    {                                                                                          \
        const T sign = (T)((T)1 << (8 * sizeof(T) - 1));                                       \
        if (op == FOP_MLS || op == FOP_NMLA)                                                   \
            n ^= sign;                                                                         \
        if (op == FOP_NMLA || op == FOP_NMLS)                                                  \
            d ^= sign;                                                                         \
        return sf_##F##_fma(n, m, d, 0, e);                                                    \
    }                                                                                          \
    static uint64_t one_##F(uint32_t op, T n, uint32_t fbits, struct sf_env *e)                \
    {                                                                                          \
        const T sign = (T)((T)1 << (8 * sizeof(T) - 1));                                       \
        const unsigned width = 8 * sizeof(T);                                                  \
        switch (op) {                                                                          \
        case FOP_ABS: return (T)(n & (T)~sign);                                                \
        case FOP_NEG: return (T)(n ^ sign);                                                    \
        case FOP_SQRT: return sf_##F##_sqrt(n, e);                                             \
        case FOP_RINT: return sf_##F##_round_int(n, false, e);                                 \
        case FOP_RINTX: return sf_##F##_round_int(n, true, e);                                 \
        case FOP_CVTS: return (T)sf_##F##_to_int(n, width, true, (int)fbits, SF_SAT_ARM, e);   \
        case FOP_CVTU: return (T)sf_##F##_to_int(n, width, false, (int)fbits, SF_SAT_ARM, e);  \
        case FOP_SCVTF: return sf_##F##_from_int(signed_of(n, width), true, (int)fbits, e);    \
        default: return sf_##F##_from_int(n, false, (int)fbits, e);                            \
        }                                                                                      \
    }

static uint64_t signed_of(uint64_t v, unsigned width)
{
    return (uint64_t)((int64_t)(v << (64 - width)) >> (64 - width));
}

PER_FORMAT(f16, uint16_t)
PER_FORMAT(f32, uint32_t)
PER_FORMAT(f64, uint64_t)

static uint64_t two(uint32_t op, uint32_t size, uint64_t n, uint64_t m, struct sf_env *e)
{
    return size == 3 ? two_f64(op, n, m, e)
           : size == 2 ? two_f32(op, (uint32_t)n, (uint32_t)m, e)
                       : two_f16(op, (uint16_t)n, (uint16_t)m, e);
}

static uint64_t three(uint32_t op, uint32_t size, uint64_t n, uint64_t m, uint64_t d,
                      struct sf_env *e)
{
    return size == 3 ? three_f64(op, n, m, d, e)
           : size == 2 ? three_f32(op, (uint32_t)n, (uint32_t)m, (uint32_t)d, e)
                       : three_f16(op, (uint16_t)n, (uint16_t)m, (uint16_t)d, e);
}

static uint64_t one(uint32_t op, uint32_t size, uint64_t n, uint32_t fbits, struct sf_env *e)
{
    return size == 3 ? one_f64(op, n, fbits, e)
           : size == 2 ? one_f32(op, (uint32_t)n, fbits, e)
                       : one_f16(op, (uint16_t)n, fbits, e);
}

/* FRINT32, FRINT64: what does not fit becomes the least integer, invalid (FPRoundIntN). */
static uint64_t round_to_width(uint32_t op, uint32_t size, uint64_t n, struct sf_env *e)
{
    int bits = op == FOP_RINT32 ? 31 : 63;
    struct sf_env quiet = *e;
    uint64_t least = fp_power(size, bits) | fp_sign_bit(size);
    uint64_t r = one(FOP_RINTX, size, n, 0, &quiet), mag = r & ~fp_sign_bit(size);
    int negative = (r & fp_sign_bit(size)) != 0;
    if (fp_is_nan(size, n) || mag > fp_power(size, bits) ||
        (mag == fp_power(size, bits) && !negative)) {
        e->flags |= SF_NV | (quiet.flags & SF_ID);
        return least;
    }
    e->flags |= quiet.flags;
    return r;
}

/* ---- Lanes ----------------------------------------------------------------------------------- */

static uint64_t lane_get(const struct xl_v128 *v, uint32_t size, uint32_t i)
{
    uint32_t bits = 8u << size, at = i * bits;
    uint64_t d = v->d[at >> 6] >> (at & 63);
    return bits == 64 ? d : d & ((1ull << bits) - 1);
}

static void lane_put(struct xl_v128 *v, uint32_t size, uint32_t i, uint64_t lane)
{
    uint32_t at = i * (8u << size);
    v->d[at >> 6] |= lane << (at & 63);
}

static uint64_t fp_lane(uint32_t op, uint32_t size, const uint64_t v[3], uint32_t imm,
                        struct sf_env *e)
{
    switch (op) {
    case FOP_MLA: case FOP_MLS: case FOP_NMLA: case FOP_NMLS:
        return three(op, size, v[0], v[1], v[2], e);
    case FOP_MULX: case FOP_RECPS: case FOP_RSQRTS: return a64_fp_step(op, size, v[0], v[1], e);
    case FOP_RECPE: case FOP_RSQRTE: case FOP_RECPX: return a64_fp_estimate(op, size, v[0], e);
    case FOP_RINT32: case FOP_RINT64: return round_to_width(op, size, v[0], e);
    default:
        return op <= FOP_ACGT ? two(op, size, v[0], v[1], e) : one(op, size, v[0], imm, e);
    }
}

/* FCADD, FCMLA: a pair of lanes is a complex number (C7.2.58, C7.2.59). */
static void complex_pair(uint32_t op, uint32_t size, const struct xl_v128 *const in[3],
                         uint32_t i, uint32_t rot, struct xl_v128 *out, struct sf_env *e)
{
    uint64_t n0 = lane_get(in[0], size, i), n1 = lane_get(in[0], size, i + 1);
    uint64_t m0 = lane_get(in[1], size, i), m1 = lane_get(in[1], size, i + 1);
    uint64_t s = fp_sign_bit(size);
    if (op == FOP_CMLA) {
        uint64_t by = rot & 1 ? n1 : n0;
        uint64_t r0 = rot & 1 ? m1 ^ (rot == 1 ? s : 0) : m0 ^ (rot == 2 ? s : 0);
        uint64_t r1 = rot & 1 ? m0 ^ (rot == 3 ? s : 0) : m1 ^ (rot == 2 ? s : 0);
        lane_put(out, size, i, three(FOP_MLA, size, by, r0, lane_get(in[2], size, i), e));
        lane_put(out, size, i + 1, three(FOP_MLA, size, by, r1, lane_get(in[2], size, i + 1), e));
        return;
    }
    m1 ^= op == FOP_CADD90 ? s : 0;
    m0 ^= op == FOP_CADD90 ? 0 : s;
    lane_put(out, size, i, two(FOP_ADD, size, n0, m1, e));
    lane_put(out, size, i + 1, two(FOP_ADD, size, n1, m0, e));
}

A64_HELPER_FN(a64_fp_lanes_helper)
{
    const struct xl_v128 *const in[3] = {xl_vec_arg(a), xl_vec_arg(b), xl_vec_arg(c)};
    uint32_t op = SIMD_OP(d), size = SIMD_SIZE(d), lanes = SIMD_LANES(d);
    struct sf_env e = a64_fp_env(x, size, SIMD_RM(d));
    struct xl_v128 out = {{0, 0}};
    for (uint32_t i = 0; i < lanes; i++) {
        if (op >= FOP_CADD90) {
            complex_pair(op, size, in, i, SIMD_IMM(d), &out, &e);
            i++;
            continue;
        }
        const uint64_t v[3] = {lane_get(in[0], size, i), lane_get(in[1], size, i),
                               lane_get(in[2], size, i)};
        lane_put(&out, size, i, fp_lane(op, size, v, SIMD_IMM(d), &e));
    }
    x->fp_flags |= e.flags;
    x->cell[0] = out;
    return 0;
}

A64_HELPER_FN(a64_fp_cvt_helper)
{
    const struct xl_v128 *n = xl_vec_arg(a);
    uint32_t to = SIMD_OP(d), from = SIMD_SIZE(d), flags = 0;
    struct xl_v128 out = {{0, 0}};
    (void)b, (void)c;
    for (uint32_t i = 0; i < SIMD_LANES(d); i++)
        lane_put(&out, to, i, a64_fp_convert(x, to, from, lane_get(n, from, i), SIMD_RM(d),
                                             &flags));
    x->fp_flags |= (uint8_t)flags;
    x->cell[0] = out;
    return 0;
}

/* A half as a single, bit by bit: a signalling NaN stays one (FPMulAddH unpacks halves). */
static uint32_t half_to_single(uint32_t h, const struct sf_env *e16)
{
    uint32_t sign = (h & 0x8000) << 16, fraction = h & 0x3ff, exponent = h >> 10 & 31;
    if (exponent == 31)
        return sign | 0x7f800000 | fraction << 13;
    if (exponent)
        return sign | (exponent + 112) << 23 | fraction << 13;
    if (!fraction || e16->daz)
        return sign;
    for (exponent = 113; !(fraction & 0x400); exponent--)
        fraction <<= 1;
    return sign | exponent << 23 | (fraction & 0x3ff) << 13;
}

A64_HELPER_FN(a64_fp_mlal_helper)
{
    struct sf_env e = a64_fp_env(x, 2, FP_RM_DYN), e16 = a64_fp_env(x, 1, FP_RM_DYN);
    struct xl_v128 out = {{0, 0}};
    for (uint32_t i = 0; i < SIMD_LANES(d); i++) {
        uint32_t n = (uint32_t)lane_get(xl_vec_arg(a), 1, i) ^ (SIMD_OP(d) ? 0x8000 : 0);
        uint32_t m = (uint32_t)lane_get(xl_vec_arg(b), 1, i);
        n = half_to_single(n, &e16);
        m = half_to_single(m, &e16);
        lane_put(&out, 2, i, sf_f32_fma(n, m, (uint32_t)lane_get(xl_vec_arg(c), 2, i), 0, &e));
    }
    x->fp_flags |= e.flags;
    x->cell[0] = out;
    return 0;
}

A64_HELPER_FN(a64_fp_cmp16_helper)
{
    struct sf_env e = a64_fp_env(x, 1, FP_RM_DYN);
    uint16_t n = (uint16_t)xl_vec_arg(a)->d[0], m = (uint16_t)xl_vec_arg(b)->d[0];
    enum sf_rel r = sf_f16_compare(n, m, c != 0, &e);
    (void)d;
    x->fp_flags |= e.flags;
    return r == SF_LESS ? 8 : r == SF_EQUAL ? 6 : r == SF_GREATER ? 2 : 3;
}

/* info's op is XL_CVT_*: I32, U32, I64, U64. */
A64_HELPER_FN(a64_fp_to_int16_helper)
{
    struct sf_env e = a64_fp_env(x, 1, SIMD_RM(b));
    uint32_t kind = SIMD_OP(b);
    uint64_t v = sf_f16_to_int((uint16_t)xl_vec_arg(a)->d[0], kind & 2 ? 64 : 32, !(kind & 1),
                               (int)SIMD_IMM(b), SF_SAT_ARM, &e);
    (void)c, (void)d;
    x->fp_flags |= e.flags;
    return v;
}

A64_HELPER_FN(a64_fp_from_int16_helper)
{
    struct sf_env e = a64_fp_env(x, 1, SIMD_RM(b));
    uint32_t kind = SIMD_OP(b);
    if (!(kind & 2))
        a = kind & 1 ? (uint32_t)a : (uint64_t)(int32_t)a;
    x->cell[0] = (struct xl_v128){{sf_f16_from_int(a, !(kind & 1), (int)SIMD_IMM(b), &e), 0}};
    (void)c, (void)d;
    x->fp_flags |= e.flags;
    return 0;
}

/* FJCVTZS: the result, and Z in bit 32. */
A64_HELPER_FN(a64_fp_js_helper)
{
    struct sf_env e = a64_fp_env(x, 3, FP_RM_DYN);
    bool z;
    uint32_t v = (uint32_t)sf_f64_to_i32_js(a, &z, &e);
    (void)b, (void)c, (void)d;
    x->fp_flags |= e.flags;
    if (e.flags & SF_ID) /* flushed to zero, which is not what it was (FPToFixedJS) */
        z = 0;
    return v | (uint64_t)z << 32;
}
