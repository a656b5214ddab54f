/* SPDX-License-Identifier: MIT */
/* eval.c - what the integer ops without effects mean: one definition for the interpreter,
 * for constant folding and for the tests of the back ends.
 *
 * Values travel as uint64_t; an I32's upper half is zero. Division follows the RISC-V
 * unprivileged manual, 13.2: x/0 = -1, x%0 = x, overflow wraps.
 */
#include "../run/run.h"
#include "op.h"

static uint64_t mulhu64(uint64_t a, uint64_t b)
{
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t ll = al * bl, lh = al * bh, hl = ah * bl;
    uint64_t mid = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;

    return ah * bh + (lh >> 32) + (hl >> 32) + (mid >> 32);
}

static uint64_t clmul64(uint64_t a, uint64_t b, int high)
{
    uint64_t lo = 0, hi = 0;

    for (unsigned i = 0; i < 64; i++) {
        if (b >> i & 1) {
            lo ^= a << i;
            hi ^= i ? a >> (64 - i) : 0;
        }
    }
    return high ? hi : lo;
}

static uint64_t div_s(int64_t a, int64_t b, int rem)
{
    if (b == 0)
        return rem ? (uint64_t)a : ~(uint64_t)0;
    if (b == -1) /* the only overflow wraps */
        return rem ? 0 : 0 - (uint64_t)a;
    return (uint64_t)(rem ? a % b : a / b);
}

static uint64_t div_u(uint64_t a, uint64_t b, int rem)
{
    if (b == 0)
        return rem ? a : ~(uint64_t)0;
    return rem ? a % b : a / b;
}

static uint64_t orcb(uint64_t a)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 64; i += 8) {
        if (a >> i & 0xff)
            r |= (uint64_t)0xff << i;
    }
    return r;
}

static uint64_t rol(uint64_t a, unsigned n, unsigned w)
{
    n &= w - 1;
    return n ? a << n | a >> (w - n) : a;
}

static uint64_t clz(uint64_t a, unsigned w)
{
    return a ? (uint64_t)__builtin_clzll(a) - (64 - w) : w;
}

static int cond(uint32_t c, uint64_t ua, uint64_t ub, int64_t sa, int64_t sb)
{
    switch (c) {
    case XL_C_EQ: return ua == ub;
    case XL_C_NE: return ua != ub;
    case XL_C_LT: return sa < sb;
    case XL_C_GE: return sa >= sb;
    case XL_C_LTU: return ua < ub;
    default: return ua >= ub;
    }
}

/* Multiplications' upper halves, by width. */
static uint64_t mulh(uint32_t op, unsigned w, uint64_t a, uint64_t b, int64_t sa, int64_t sb)
{
    uint64_t r;

    if (w == 32) {
        if (op == XL_OP_mulhu)
            return a * b >> 32;
        return (uint64_t)(sa * (op == XL_OP_mulhs ? sb : (int64_t)b)) >> 32;
    }
    r = mulhu64(a, b);
    if (op != XL_OP_mulhu && sa < 0)
        r -= b;
    if (op == XL_OP_mulhs && sb < 0)
        r -= a;
    return r;
}

/* The ops of two operands and one width. */
static int arith(const struct xl_op *o, unsigned w, uint64_t a, uint64_t b, int64_t sa,
                 int64_t sb, uint64_t *out)
{
    unsigned n = (unsigned)b & (w - 1);

    switch (o->op) {
    case XL_OP_add: *out = a + b; break;
    case XL_OP_sub: *out = a - b; break;
    case XL_OP_mul: *out = a * b; break;
    case XL_OP_mulhs: case XL_OP_mulhu: case XL_OP_mulhsu:
        *out = mulh(o->op, w, a, b, sa, sb);
        break;
    case XL_OP_divs: *out = div_s(sa, sb, 0); break;
    case XL_OP_rems: *out = div_s(sa, sb, 1); break;
    case XL_OP_divu: *out = div_u(a, b, 0); break;
    case XL_OP_remu: *out = div_u(a, b, 1); break;
    case XL_OP_and: *out = a & b; break;
    case XL_OP_or: *out = a | b; break;
    case XL_OP_xor: *out = a ^ b; break;
    case XL_OP_andn: *out = a & ~b; break;
    case XL_OP_orn: *out = a | ~b; break;
    case XL_OP_xnor: *out = ~(a ^ b); break;
    case XL_OP_shl: *out = a << n; break;
    case XL_OP_shr: *out = a >> n; break;
    case XL_OP_sar: *out = (uint64_t)(sa >> n); break;
    case XL_OP_rol: *out = rol(a, n, w); break;
    case XL_OP_ror: *out = rol(a, w - n, w); break;
    case XL_OP_mins: *out = sa < sb ? a : b; break;
    case XL_OP_maxs: *out = sa > sb ? a : b; break;
    case XL_OP_minu: *out = a < b ? a : b; break;
    case XL_OP_maxu: *out = a > b ? a : b; break;
    case XL_OP_clmul: *out = clmul64(a, b, 0); break;
    case XL_OP_clmulh:
        *out = w == 64 ? clmul64(a, b, 1) : clmul64(a, b, 0) >> 32;
        break;
    default: return PB_ENOTSUP;
    }
    return PB_OK;
}

/* The ops of one operand and one width. */
static int unary(const struct xl_op *o, unsigned w, uint64_t a, uint64_t *out)
{
    switch (o->op) {
    case XL_OP_not: *out = ~a; break;
    case XL_OP_neg: *out = 0 - a; break;
    case XL_OP_clz: *out = clz(a, w); break;
    case XL_OP_ctz: *out = a ? (uint64_t)__builtin_ctzll(a) : w; break;
    case XL_OP_popcnt: *out = (uint64_t)__builtin_popcountll(a); break;
    case XL_OP_bswap: *out = __builtin_bswap64(a) >> (64 - w); break;
    case XL_OP_orcb: *out = orcb(a); break;
    default: return PB_ENOTSUP;
    }
    return PB_OK;
}

int xl_eval(const struct xl_op *o, uint64_t a, uint64_t b, uint64_t c, uint64_t *out)
{
    int is32 = o->type == XL_I32;
    int64_t sa, sb;

    switch (o->op) { /* those that do not go by the width of their type */
    case XL_OP_sext8: *out = (uint64_t)(int8_t)a; return PB_OK;
    case XL_OP_sext16: *out = (uint64_t)(int16_t)a; return PB_OK;
    case XL_OP_sext32: *out = (uint64_t)(int32_t)a; return PB_OK;
    case XL_OP_zext8: *out = (uint8_t)a; return PB_OK;
    case XL_OP_zext16: *out = (uint16_t)a; return PB_OK;
    case XL_OP_zext32: case XL_OP_trunc: *out = (uint32_t)a; return PB_OK;
    case XL_OP_sel: *out = a ? b : c; return PB_OK;
    default: break;
    }
    if (is32) {
        a = (uint32_t)a;
        b = (uint32_t)b;
    }
    sa = is32 ? (int32_t)a : (int64_t)a;
    sb = is32 ? (int32_t)b : (int64_t)b;
    if (o->op == XL_OP_set) {
        *out = (uint64_t)cond(o->flags, a, b, sa, sb);
        return PB_OK;
    }
    if (arith(o, is32 ? 32 : 64, a, b, sa, sb, out) && unary(o, is32 ? 32 : 64, a, out))
        return PB_ENOTSUP;
    if (is32)
        *out = (uint32_t)*out;
    return PB_OK;
}
