/* SPDX-License-Identifier: MIT */
/* fold.c - simplification while the block is built: constants, identities, extensions that
 * are known to change nothing, address arithmetic on pcs.
 *
 * Only ops without effects come here. Constants end up on the right of commutative ops,
 * `sub` by a constant becomes `add`. Knowledge of a value's upper bits is kept per op:
 * zbits (value < 2^zbits) and sbits (the value is its low sbits bits, sign-extended), for
 * I64 values only.
 */
#include "build.h"

static uint64_t imm_of(struct xl_builder *b, xl_val v)
{
    return (uint64_t)b->b->op[v].imm;
}

static const struct xl_op *op_of(struct xl_builder *b, xl_val v)
{
    return &b->b->op[v];
}

static uint8_t min8(uint8_t a, uint8_t c)
{
    return a < c ? a : c;
}

static uint8_t max8(uint8_t a, uint8_t c)
{
    return a > c ? a : c;
}

/* ---- Known bits ----------------------------------------------------------------- */

static void known(struct xl_builder *b, uint32_t at, uint8_t z, uint8_t s)
{
    b->zbits[at] = z;
    b->sbits[at] = s;
}

static void known_memop(struct xl_builder *b, uint32_t at, uint32_t memop)
{
    uint8_t bits = (uint8_t)(8u << (memop & 7u));

    if (bits >= 64)
        known(b, at, 64, 64);
    else if (memop & XL_M_SIGN)
        known(b, at, 64, bits);
    else
        known(b, at, bits, (uint8_t)(bits + 1));
}

static void known_const(struct xl_builder *b, uint32_t at, uint64_t v)
{
    uint64_t folded = (int64_t)v < 0 ? ~v : v;
    uint8_t s = (uint8_t)(folded ? 65 - __builtin_clzll(folded) : 1);

    known(b, at, (uint8_t)(v ? 64 - __builtin_clzll(v) : 0), s);
}

static void known_shift(struct xl_builder *b, uint32_t at, const struct xl_op *o)
{
    uint8_t za = b->zbits[o->a], n;

    known(b, at, za, 64);
    if (o->op != XL_OP_shr) {
        known(b, at, 64, o->op == XL_OP_sar ? b->sbits[o->a] : 64);
    } else if (xl_is_const(b, o->b)) {
        n = (uint8_t)(imm_of(b, o->b) & 63);
        za = za > n ? (uint8_t)(za - n) : 0;
        known(b, at, za, (uint8_t)(za + 1));
    }
}

static void known_extension(struct xl_builder *b, uint32_t at, const struct xl_op *o)
{
    int wide = xl_result(op_of(b, o->a)) == XL_I64;
    int sign = o->op <= XL_OP_sext32;
    uint8_t n = (uint8_t)(8u << (o->op - (sign ? XL_OP_sext8 : XL_OP_zext8)));
    uint8_t z;

    if (sign) {
        known(b, at, wide && b->zbits[o->a] < n ? b->zbits[o->a] : 64,
              wide ? min8(n, b->sbits[o->a]) : n);
    } else {
        z = wide ? min8(n, b->zbits[o->a]) : n;
        known(b, at, z, (uint8_t)(z + 1));
    }
}

void xl_known(struct xl_builder *b, uint32_t at)
{
    const struct xl_op *o = op_of(b, at);

    known(b, at, 64, 64);
    switch (o->op) {
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32:
    case XL_OP_zext8: case XL_OP_zext16: case XL_OP_zext32:
        known_extension(b, at, o);
        return;
    case XL_OP_set: case XL_OP_feq: case XL_OP_flt: case XL_OP_fle: case XL_OP_sc:
        known(b, at, 1, 2);
        return;
    case XL_OP_fclass: known(b, at, 10, 11); return;
    case XL_OP_fcmp: known(b, at, 4, 5); return;
    case XL_OP_fflags: known(b, at, 6, 7); return;
    case XL_OP_vlane:
        if (XL_LANE(o->flags) != XL_L64)
            known(b, at, (uint8_t)(8u << XL_LANE(o->flags)),
                  (uint8_t)((8u << XL_LANE(o->flags)) + 1));
        return;
    case XL_OP_f2i:
        if (o->flags == XL_CVT_I32 || o->flags == XL_CVT_U32)
            known(b, at, 64, 32);
        return;
    default: break;
    }
    if (xl_result(o) != XL_I64)
        return;
    switch (o->op) {
    case XL_OP_const: known_const(b, at, (uint64_t)o->imm); break;
    case XL_OP_ld: case XL_OP_rmw: case XL_OP_cas: case XL_OP_ll:
        known_memop(b, at, XL_MEM_OP(o->imm));
        break;
    case XL_OP_and:
        known(b, at, min8(b->zbits[o->a], b->zbits[o->b]), max8(b->sbits[o->a], b->sbits[o->b]));
        break;
    case XL_OP_or: case XL_OP_xor:
        known(b, at, max8(b->zbits[o->a], b->zbits[o->b]), max8(b->sbits[o->a], b->sbits[o->b]));
        break;
    case XL_OP_sel:
        known(b, at, max8(b->zbits[o->b], b->zbits[o->c]), max8(b->sbits[o->b], b->sbits[o->c]));
        break;
    case XL_OP_shr: case XL_OP_sar: case XL_OP_shl: known_shift(b, at, o); break;
    case XL_OP_clz: case XL_OP_ctz: case XL_OP_popcnt: known(b, at, 7, 8); break;
    default: break;
    }
}

/* ---- Identities ------------------------------------------------------------------- */

static uint64_t width_mask(uint32_t type)
{
    return type == XL_I32 ? UINT32_MAX : UINT64_MAX;
}

static xl_val zero(struct xl_builder *b, uint32_t type)
{
    return xl_const(b, type, 0);
}

/* op(x, k) for the bitwise ops. */
static xl_val fold_bits(struct xl_builder *b, struct xl_op *o, uint64_t k)
{
    uint64_t all = width_mask(o->type);
    uint8_t z = o->type == XL_I64 ? b->zbits[o->a] : 32;

    switch (o->op) {
    case XL_OP_and:
        if (k == 0)
            return zero(b, o->type);
        if (k == all || (z < 64 && (k & ((1ull << z) - 1)) == (1ull << z) - 1))
            return o->a;
        if (o->type == XL_I64 && (k == 0xff || k == 0xffff || k == 0xffffffff))
            return xl_op1(b, k == 0xff ? XL_OP_zext8 : k == 0xffff ? XL_OP_zext16 : XL_OP_zext32,
                          XL_I64, o->a);
        break;
    case XL_OP_or:
        return k == 0 ? o->a : k == all ? xl_const(b, o->type, all) : XL_NONE;
    case XL_OP_xor:
        return k == 0 ? o->a : k == all ? xl_op1(b, XL_OP_not, o->type, o->a) : XL_NONE;
    case XL_OP_andn:
        return xl_op2(b, XL_OP_and, o->type, o->a, xl_const(b, o->type, ~k));
    case XL_OP_orn:
        return xl_op2(b, XL_OP_or, o->type, o->a, xl_const(b, o->type, ~k));
    case XL_OP_xnor:
        return xl_op2(b, XL_OP_xor, o->type, o->a, xl_const(b, o->type, ~k));
    default: break;
    }
    return XL_NONE;
}

/* shl by `up`, then shr or sar by no more, is an extension when that leaves 8, 16 or 32 bits, and a
 * shift to where they belong: that is how RISC-V scales an unsigned index. */
static xl_val fold_shift(struct xl_builder *b, struct xl_op *o, uint64_t k)
{
    const struct xl_op *in = op_of(b, o->a);
    uint64_t n = k & (o->type == XL_I32 ? 31 : 63), up;
    uint32_t by;
    xl_val v;

    if (n == 0)
        return o->a;
    if ((o->op != XL_OP_shr && o->op != XL_OP_sar) || o->type != XL_I64)
        return XL_NONE;
    if (in->op != XL_OP_shl || !xl_is_const(b, in->b))
        return XL_NONE;
    up = imm_of(b, in->b) & 63;
    if (n > up || (up != 32 && up != 48 && up != 56))
        return XL_NONE;
    by = up == 32 ? 2 : up == 48 ? 1 : 0;
    v = xl_op1(b, (o->op == XL_OP_shr ? XL_OP_zext8 : XL_OP_sext8) + by, XL_I64, in->a);
    return xl_op2(b, XL_OP_shl, XL_I64, v, xl_const(b, XL_I64, up - n));
}

static xl_val fold_add(struct xl_builder *b, struct xl_op *o, uint64_t k)
{
    const struct xl_op *in = op_of(b, o->a);

    if (k == 0)
        return o->a;
    if (in->op == XL_OP_pc)
        return xl_pc(b, b->page + (uint64_t)in->imm + k);
    if (in->op == XL_OP_add && xl_is_const(b, in->b))
        return xl_op2(b, XL_OP_add, o->type, in->a,
                      xl_const(b, o->type, imm_of(b, in->b) + k));
    return XL_NONE;
}

/* op(x, constant). */
static xl_val fold_right(struct xl_builder *b, struct xl_op *o)
{
    uint64_t k = imm_of(b, o->b);

    switch (o->op) {
    case XL_OP_add: return fold_add(b, o, k);
    case XL_OP_sub:
        return xl_op2(b, XL_OP_add, o->type, o->a, xl_const(b, o->type, 0 - k));
    case XL_OP_mul:
        if (k == 0)
            return zero(b, o->type);
        if (k == 1)
            return o->a;
        if ((k & (k - 1)) == 0)
            return xl_op2(b, XL_OP_shl, o->type, o->a,
                          xl_const(b, o->type, (uint64_t)__builtin_ctzll(k)));
        return XL_NONE;
    case XL_OP_and: case XL_OP_or: case XL_OP_xor:
    case XL_OP_andn: case XL_OP_orn: case XL_OP_xnor:
        return fold_bits(b, o, k);
    case XL_OP_shl: case XL_OP_shr: case XL_OP_sar: case XL_OP_rol: case XL_OP_ror:
        return fold_shift(b, o, k);
    case XL_OP_set:
        return o->flags == XL_C_NE && k == 0 && o->type == XL_I64 && b->zbits[o->a] <= 1
                   ? o->a : XL_NONE;
    default: return XL_NONE;
    }
}

/* op(x, x). */
static xl_val fold_same(struct xl_builder *b, struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_sub: case XL_OP_xor: case XL_OP_andn: return zero(b, o->type);
    case XL_OP_and: case XL_OP_or:
    case XL_OP_mins: case XL_OP_maxs: case XL_OP_minu: case XL_OP_maxu: return o->a;
    case XL_OP_set:
        return xl_const(b, XL_I64, o->flags == XL_C_EQ || o->flags == XL_C_GE ||
                                       o->flags == XL_C_GEU);
    default: return XL_NONE;
    }
}

/* Extensions of extensions, and those that change nothing. */
static xl_val fold_extend(struct xl_builder *b, struct xl_op *o)
{
    int sign = o->op <= XL_OP_sext32;
    uint32_t n = 8u << (o->op - (sign ? XL_OP_sext8 : XL_OP_zext8)), m;
    const struct xl_op *in = op_of(b, o->a);

    if (xl_result(in) == XL_I64 && (sign ? b->sbits[o->a] : b->zbits[o->a]) <= n)
        return o->a;
    if (in->op == XL_OP_trunc)
        return xl_op1(b, o->op, XL_I64, in->a);
    if (in->op < XL_OP_sext8 || in->op > XL_OP_zext32)
        return XL_NONE;
    m = 8u << (in->op - (in->op <= XL_OP_sext32 ? XL_OP_sext8 : XL_OP_zext8));
    return m >= n ? xl_op1(b, o->op, XL_I64, in->a) : XL_NONE;
}

/* Vectors whose upper half is zero already. */
static int short_vector(const struct xl_op *o)
{
    return o->op == XL_OP_f2v || o->op == XL_OP_vzext64 || (o->op == XL_OP_const && !o->imm) ||
           (o->op >= XL_OP_vxtn && o->op <= XL_OP_vsqxtun) || o->op == XL_OP_vfnarrow ||
           (o->op >= XL_OP_vaddv && o->op <= XL_OP_vuminv) ||
           (o->op >= XL_OP_vfadd && o->op <= XL_OP_vucvtf && o->flags & XL_V64);
}

static xl_val fold_vector(struct xl_builder *b, struct xl_op *o)
{
    const struct xl_op *in = op_of(b, o->a);
    uint64_t k;

    switch (o->op) {
    case XL_OP_vmake:
        if (xl_is_const(b, o->a) && xl_is_const(b, o->b) && imm_of(b, o->a) == imm_of(b, o->b))
            return xl_const(b, XL_V128, imm_of(b, o->a));
        return XL_NONE;
    case XL_OP_vdup:
        if (!xl_is_const(b, o->a))
            return XL_NONE;
        k = imm_of(b, o->a);
        for (uint32_t n = 8u << XL_LANE(o->flags); n < 64; n *= 2)
            k = (k & ((1ull << n) - 1)) | k << n;
        return xl_const(b, XL_V128, k);
    case XL_OP_vlane:
        if (in->op == XL_OP_f2v && op_of(b, in->a)->op == XL_OP_bits2f && o->imm == 0 &&
            o->flags == XL_L64 && op_of(b, in->a)->type == XL_F64)
            return op_of(b, in->a)->a;
        return XL_NONE;
    case XL_OP_v2f:
        return in->op == XL_OP_f2v && xl_result(op_of(b, in->a)) == o->type ? in->a : XL_NONE;
    case XL_OP_vzext64: return short_vector(in) ? o->a : XL_NONE;
    case XL_OP_vand: case XL_OP_vor:
        return o->a == o->b ? o->a : XL_NONE;
    case XL_OP_vxor: case XL_OP_vandn:
        return o->a == o->b ? xl_const(b, XL_V128, 0) : XL_NONE;
    default: return XL_NONE;
    }
}

/* A float that went through an integer register; what is above an F32 there does not count. */
static xl_val fold_bits2f(struct xl_builder *b, const struct xl_op *o)
{
    const struct xl_op *in = op_of(b, o->a);

    if (in->op == XL_OP_f2bits && in->type == o->type)
        return in->a;
    if (o->type != XL_F32)
        return XL_NONE;
    while ((in->op == XL_OP_sext32 || in->op == XL_OP_zext32) &&
           xl_result(op_of(b, in->a)) == XL_I64)
        in = op_of(b, in->a);
    if (in->op != XL_OP_f2bits)
        return XL_NONE;
    if (in->type == XL_F32)
        return in->a;
    return op_of(b, in->a)->op == XL_OP_box32 ? op_of(b, in->a)->a : XL_NONE;
}

static xl_val fold_unary(struct xl_builder *b, struct xl_op *o)
{
    const struct xl_op *in = op_of(b, o->a);

    switch (o->op) {
    case XL_OP_sext8: case XL_OP_sext16: case XL_OP_sext32:
    case XL_OP_zext8: case XL_OP_zext16: case XL_OP_zext32:
        return fold_extend(b, o);
    case XL_OP_trunc:
        if (in->op != XL_OP_sext32 && in->op != XL_OP_zext32)
            return XL_NONE;
        return xl_result(op_of(b, in->a)) == XL_I32 ? in->a
                                                    : xl_op1(b, XL_OP_trunc, XL_I32, in->a);
    case XL_OP_not: case XL_OP_neg:
        return in->op == o->op && in->type == o->type ? in->a : XL_NONE;
    case XL_OP_f2bits:
        if (in->op == XL_OP_v2f) {
            struct xl_op lane = {.op = XL_OP_vlane, .type = XL_V128, .a = in->a,
                                 .flags = o->type == XL_F32 ? XL_L32 : XL_L64};

            return xl_b_emit(b, &lane);
        }
        return in->op == XL_OP_bits2f && in->type == XL_F64 ? in->a : XL_NONE;
    case XL_OP_bits2f: return fold_bits2f(b, o);
    case XL_OP_unbox32:
        return in->op == XL_OP_box32 ? in->a : XL_NONE;
    default: return XL_NONE;
    }
}

static int commutes(uint32_t op)
{
    return op == XL_OP_add || op == XL_OP_mul || op == XL_OP_and || op == XL_OP_or ||
           op == XL_OP_xor || op == XL_OP_xnor || op == XL_OP_mulhs || op == XL_OP_mulhu ||
           (op >= XL_OP_mins && op <= XL_OP_clmulh);
}

static xl_val fold_sel(struct xl_builder *b, struct xl_op *o)
{
    if (xl_is_const(b, o->a))
        return imm_of(b, o->a) ? o->b : o->c;
    return o->b == o->c ? o->b : XL_NONE;
}

xl_val xl_fold(struct xl_builder *b, struct xl_op *o)
{
    uint32_t n = xl_operands(o->op), t;
    uint64_t v;

    if (n == 0)
        return XL_NONE;
    if (o->op == XL_OP_sel)
        return fold_sel(b, o);
    if (o->op >= XL_OP_vmake)
        return fold_vector(b, o);
    if (xl_is_const(b, o->a) && (n < 2 || xl_is_const(b, o->b)) &&
        (o->type == XL_I32 || o->type == XL_I64) &&
        xl_eval(o, imm_of(b, o->a), n < 2 ? 0 : imm_of(b, o->b), 0, &v) == PB_OK)
        return xl_const(b, xl_result(o), v);
    if (n == 1)
        return fold_unary(b, o);
    if (o->type != XL_I32 && o->type != XL_I64)
        return XL_NONE;
    if (commutes(o->op) && xl_is_const(b, o->a)) {
        t = o->a;
        o->a = o->b;
        o->b = t;
    }
    if (o->a == o->b)
        return fold_same(b, o);
    return xl_is_const(b, o->b) ? fold_right(b, o) : XL_NONE;
}
