/* SPDX-License-Identifier: MIT */
/* lift-bits.c - bit fields, reversals, counting, CRC32, the flag manipulations.
 * DDI 0487: C6.2 (BFM, EXTR, SBFM, UBFM, CLS, CLZ, RBIT, REV*, CRC32*, RMIF, SETF8, CFINV, …).
 */
#include "lift.h"

static uint32_t width(const struct lift *l)
{
    return l->i.sf ? 64 : 32;
}

static uint64_t low(uint32_t bits)
{
    return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

static xl_val by(struct lift *l, uint32_t op, xl_val v, uint32_t n)
{
    return n ? lift_t2(l, op, v, lift_tconst(l, n)) : v;
}

static xl_val ubfm(struct lift *l, xl_val v, uint32_t r, uint32_t s)
{
    uint32_t w = width(l);
    if (s >= r) {
        v = by(l, XL_OP_shr, v, r);
        return s == w - 1 ? v : lift_t2(l, XL_OP_and, v, lift_tconst(l, low(s - r + 1)));
    }
    if (s + 1 != r)
        v = lift_t2(l, XL_OP_and, v, lift_tconst(l, low(s + 1)));
    return by(l, XL_OP_shl, v, w - r);
}

static xl_val sbfm(struct lift *l, xl_val v, uint32_t r, uint32_t s)
{
    uint32_t w = width(l);
    if (r == 0 && (s == 7 || s == 15 || s == 31))
        return lift_sized(l, lift_op1(l, s == 7 ? XL_OP_sext8 : s == 15 ? XL_OP_sext16
                                                                        : XL_OP_sext32,
                                      lift_x(l, l->i.rn)));
    v = by(l, XL_OP_shl, v, w - 1 - s);
    return by(l, XL_OP_sar, v, s >= r ? w - 1 - s + r : r - 1 - s);
}

static xl_val bfm(struct lift *l, xl_val v, uint32_t r, uint32_t s)
{
    uint32_t w = width(l);
    uint64_t mask = s >= r ? low(s - r + 1) : low(s + 1) << (w - r);
    v = s >= r ? by(l, XL_OP_shr, v, r) : by(l, XL_OP_shl, v, w - r);
    v = lift_t2(l, XL_OP_and, v, lift_tconst(l, mask));
    return lift_t2(l, XL_OP_or, v,
                   lift_t2(l, XL_OP_and, lift_r(l, l->i.rd), lift_tconst(l, ~mask)));
}

static xl_val extr(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    xl_val lo = lift_r(l, i->rm);
    if (!i->amount)
        return lo;
    if (i->rn == i->rm)
        return by(l, XL_OP_ror, lo, i->amount);
    return lift_t2(l, XL_OP_or, by(l, XL_OP_shr, lo, i->amount),
                   by(l, XL_OP_shl, lift_r(l, i->rn), width(l) - i->amount));
}

/* Swap neighbouring groups of n bits; mask has the lower ones. */
static xl_val swap(struct lift *l, xl_val v, uint32_t n, uint64_t mask)
{
    xl_val m = lift_tconst(l, mask);
    xl_val hi = lift_t2(l, XL_OP_and, by(l, XL_OP_shr, v, n), m);
    return lift_t2(l, XL_OP_or, hi, by(l, XL_OP_shl, lift_t2(l, XL_OP_and, v, m), n));
}

static xl_val rbit(struct lift *l, xl_val v)
{
    v = lift_t1(l, XL_OP_bswap, v);
    v = swap(l, v, 4, 0x0f0f0f0f0f0f0f0full);
    v = swap(l, v, 2, 0x3333333333333333ull);
    return swap(l, v, 1, 0x5555555555555555ull);
}

static xl_val cls(struct lift *l, xl_val v)
{
    v = lift_t2(l, XL_OP_xor, v, by(l, XL_OP_sar, v, width(l) - 1));
    return lift_t2(l, XL_OP_sub, lift_t1(l, XL_OP_clz, v), lift_tconst(l, 1));
}

static int lift_fields(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    uint32_t r = i->amount, s = (uint32_t)i->imm;
    xl_val v;
    if ((i->op < A64_sbfm || i->op > A64_extr) && (i->op < A64_rbit || i->op > A64_cls))
        return 0;
    v = lift_r(l, i->rn);
    switch (i->op) {
    case A64_ubfm: v = ubfm(l, v, r, s); break;
    case A64_sbfm: v = sbfm(l, v, r, s); break;
    case A64_bfm: v = bfm(l, v, r, s); break;
    case A64_extr: v = extr(l); break;
    case A64_rbit: v = rbit(l, v); break;
    case A64_rev16: v = swap(l, v, 8, 0x00ff00ff00ff00ffull); break;
    case A64_rev32: v = by(l, XL_OP_ror, lift_t1(l, XL_OP_bswap, v), 32); break;
    case A64_rev_w:
    case A64_rev_x: v = lift_t1(l, XL_OP_bswap, v); break;
    case A64_clz: v = lift_t1(l, XL_OP_clz, v); break;
    case A64_cls: v = cls(l, v); break;
    default: return 0;
    }
    lift_put_r(l, i->rd, v);
    return 1;
}

/* ---- CRC32 ---------------------------------------------------------------------------------- */

static void crc32(struct lift *l, uint32_t size, uint32_t castagnoli)
{
    xl_val v = xl_callh(l->b, A64_H_CRC32, 3, lift_x(l, l->i.rn), lift_x(l, l->i.rm),
                        lift_const(l, size | castagnoli << 2), 0);
    lift_put(l, l->i.rd, v);
}

static int lift_crc(struct lift *l)
{
    switch (l->i.op) {
    case A64_crc32b: crc32(l, 0, 0); break;
    case A64_crc32h: crc32(l, 1, 0); break;
    case A64_crc32w: crc32(l, 2, 0); break;
    case A64_crc32x: crc32(l, 3, 0); break;
    case A64_crc32cb: crc32(l, 0, 1); break;
    case A64_crc32ch: crc32(l, 1, 1); break;
    case A64_crc32cw: crc32(l, 2, 1); break;
    case A64_crc32cx: crc32(l, 3, 1); break;
    default: return 0;
    }
    return 1;
}

/* ---- Flags ---------------------------------------------------------------------------------- */

static xl_val at(struct lift *l, xl_val v, uint32_t from, uint32_t to)
{
    v = lift_op2(l, XL_OP_and, lift_op2(l, XL_OP_shr, v, lift_const(l, from)), lift_const(l, 1));
    return lift_op2(l, XL_OP_shl, v, lift_const(l, to));
}

static xl_val or(struct lift *l, xl_val a, xl_val b)
{
    return lift_op2(l, XL_OP_or, a, b);
}

static xl_val rmif(struct lift *l)
{
    uint64_t mask = (uint64_t)l->i.nzcv << 28;
    xl_val v = lift_op2(l, XL_OP_ror, lift_x(l, l->i.rn), lift_const(l, l->i.amount));
    v = lift_op2(l, XL_OP_and, lift_op2(l, XL_OP_shl, v, lift_const(l, 28)), lift_const(l, mask));
    return or(l, v, lift_op2(l, XL_OP_and, lift_nzcv(l), lift_const(l, PS_NZCV & ~mask)));
}

static xl_val setf(struct lift *l, uint32_t bits)
{
    xl_val x = lift_x(l, l->i.rn), v, z;
    v = lift_op2(l, XL_OP_xor, x, lift_op2(l, XL_OP_shr, x, lift_const(l, 1)));
    z = xl_set(l->b, XL_C_EQ, XL_I64, lift_op2(l, XL_OP_and, x, lift_const(l, low(bits))),
               lift_const(l, 0));
    v = or(l, at(l, x, bits - 1, 31), at(l, v, bits - 1, 28));
    v = or(l, v, lift_op2(l, XL_OP_shl, z, lift_const(l, 30)));
    return or(l, v, lift_op2(l, XL_OP_and, lift_nzcv(l), lift_const(l, PS_C)));
}

/* From and to the way that comparisons of other architectures report. */
static xl_val axflag(struct lift *l)
{
    xl_val f = lift_nzcv(l), z = or(l, at(l, f, 30, 30), at(l, f, 28, 30));
    xl_val c = lift_op2(l, XL_OP_andn, at(l, f, 29, 29), at(l, f, 28, 29));
    return or(l, z, c);
}

static xl_val xaflag(struct lift *l)
{
    xl_val f = lift_nzcv(l), nf = lift_op1(l, XL_OP_not, f);
    xl_val n = lift_op2(l, XL_OP_and, at(l, nf, 29, 31), at(l, nf, 30, 31));
    xl_val z = lift_op2(l, XL_OP_and, at(l, f, 30, 30), at(l, f, 29, 30));
    xl_val c = or(l, at(l, f, 29, 29), at(l, f, 30, 29));
    xl_val v = lift_op2(l, XL_OP_and, at(l, nf, 29, 28), at(l, f, 30, 28));
    return or(l, or(l, n, z), or(l, c, v));
}

static int lift_flag_ops(struct lift *l)
{
    xl_val v;
    switch (l->i.op) {
    case A64_rmif: v = rmif(l); break;
    case A64_setf8: v = setf(l, 8); break;
    case A64_setf16: v = setf(l, 16); break;
    case A64_cfinv: v = lift_op2(l, XL_OP_xor, lift_nzcv(l), lift_const(l, PS_C)); break;
    case A64_axflag: v = axflag(l); break;
    case A64_xaflag: v = xaflag(l); break;
    default: return 0;
    }
    lift_flags_nzcv(l, v);
    return 1;
}

int lift_bits(struct lift *l)
{
    return lift_fields(l) || lift_crc(l) || lift_flag_ops(l);
}
