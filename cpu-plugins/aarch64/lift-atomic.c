/* SPDX-License-Identifier: MIT */
/* lift-atomic.c - exclusive and ordered accesses, compare and swap, atomic memory operations.
 * DDI 0487: B2.3 (memory model), B2.9 (exclusive monitors), C6.2.
 *
 * A store-release is sequentially consistent, which orders it before a later load-acquire as
 * RCsc wants. The exclusive monitor is the engine's reservation: address and value. Pairs of
 * 64-bit registers, which the IR has no atomic access for, are helpers'.
 */
#include "lift.h"

static uint32_t order(uint32_t acquire, uint32_t release)
{
    return (acquire ? XL_M_ACQ : 0) | (release ? XL_M_REL : 0);
}

static xl_val base(struct lift *l)
{
    return lift_xsp(l, l->i.rn);
}

static void load_exclusive(struct lift *l)
{
    lift_put(l, l->i.rd, xl_ll(l->b, base(l), XL_M_SIZE(l->i.size) | XL_M_ATOMIC |
                                                  order(l->i.opt, 0)));
}

static void store_exclusive(struct lift *l)
{
    lift_put(l, l->i.rm, xl_sc(l->b, base(l), lift_x(l, l->i.rd),
                               XL_M_SIZE(l->i.size) | XL_M_ATOMIC | order(0, l->i.opt)));
}

/* Two 32-bit registers are one 64-bit access. */
static void load_pair(struct lift *l)
{
    if (l->i.sf) {
        xl_callh(l->b, A64_H_LDXP, 2, base(l), lift_const(l, l->i.rd | (uint64_t)l->i.ra << 8),
                 0, 0);
        return;
    }
    xl_val v = xl_ll(l->b, base(l), XL_M_SIZE(3) | XL_M_ATOMIC | order(l->i.opt, 0));
    lift_put(l, l->i.rd, lift_op1(l, XL_OP_zext32, v));
    lift_put(l, l->i.ra, lift_op2(l, XL_OP_shr, v, lift_const(l, 32)));
}

static xl_val joined(struct lift *l, uint32_t lo, uint32_t hi)
{
    return lift_op2(l, XL_OP_or, lift_op1(l, XL_OP_zext32, lift_x(l, lo)),
                    lift_op2(l, XL_OP_shl, lift_x(l, hi), lift_const(l, 32)));
}

static void store_pair(struct lift *l)
{
    xl_val failed;
    if (l->i.sf)
        failed = xl_callh(l->b, A64_H_STXP, 3, base(l), lift_x(l, l->i.rd), lift_x(l, l->i.ra), 0);
    else
        failed = xl_sc(l->b, base(l), joined(l, l->i.rd, l->i.ra),
                       XL_M_SIZE(3) | XL_M_ATOMIC | order(0, l->i.opt));
    lift_put(l, l->i.rm, failed);
}

static void load_acquire(struct lift *l)
{
    lift_put(l, l->i.rd, xl_load(l->b, XL_I64, base(l), 0,
                                 XL_M_SIZE(l->i.size) | XL_M_ALIGN | XL_M_ACQ));
}

static void store_release(struct lift *l)
{
    xl_store(l->b, base(l), 0, lift_x(l, l->i.rd), XL_M_SIZE(l->i.size) | XL_M_ALIGN | XL_M_SEQ);
}

/* The low 8 << size bits. */
static xl_val cut(struct lift *l, xl_val v, uint32_t size)
{
    static const uint16_t op[] = {XL_OP_zext8, XL_OP_zext16, XL_OP_zext32};
    return size < 3 ? lift_op1(l, op[size], v) : v;
}

static void cas(struct lift *l)
{
    uint32_t size = l->i.size;
    xl_val v = xl_cas(l->b, base(l), cut(l, lift_x(l, l->i.rm), size),
                      cut(l, lift_x(l, l->i.rd), size),
                      XL_M_SIZE(size) | XL_M_ATOMIC | order(l->i.nzcv, l->i.opt));
    lift_put(l, l->i.rm, v);
}

static void casp(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    if (i->sf) {
        xl_callh(l->b, A64_H_CASP, 2, base(l), lift_const(l, i->rm | (uint64_t)i->rd << 8), 0, 0);
        return;
    }
    xl_val v = xl_cas(l->b, base(l), joined(l, i->rm, i->rm + 1u), joined(l, i->rd, i->rd + 1u),
                      XL_M_SIZE(3) | XL_M_ATOMIC | order(i->nzcv, i->opt));
    lift_put(l, i->rm, lift_op1(l, XL_OP_zext32, v));
    lift_put(l, i->rm + 1u, lift_op2(l, XL_OP_shr, v, lift_const(l, 32)));
}

/* Bits 14:12 choose the operation; LDCLR clears the bits of the operand. */
static void amo(struct lift *l)
{
    static const uint8_t kind[] = {XL_RMW_ADD, XL_RMW_AND, XL_RMW_XOR, XL_RMW_OR,
                                   XL_RMW_MAX, XL_RMW_MIN, XL_RMW_MAXU, XL_RMW_MINU};
    uint32_t raw = l->i.raw, k = raw >> 15 & 1 ? XL_RMW_XCHG : kind[raw >> 12 & 7];
    xl_val v = lift_x(l, l->i.rm);
    if (k == XL_RMW_AND)
        v = lift_op1(l, XL_OP_not, v);
    v = xl_rmw(l->b, k, base(l), v,
               XL_M_SIZE(l->i.size) | XL_M_ATOMIC | order(l->i.nzcv, l->i.opt));
    lift_put(l, l->i.rd, v);
}

static int lift_ordered(struct lift *l)
{
    switch (l->i.op) {
    case A64_ldarb: case A64_ldarh: case A64_ldar:
    case A64_ldlarb: case A64_ldlarh: case A64_ldlar:
    case A64_ldaprb: case A64_ldaprh: case A64_ldapr: load_acquire(l); break;
    case A64_stlrb: case A64_stlrh: case A64_stlr:
    case A64_stllrb: case A64_stllrh: case A64_stllr: store_release(l); break;
    case A64_casb: case A64_cash: case A64_cas: case A64_casab: case A64_casah: case A64_casa:
    case A64_caslb: case A64_caslh: case A64_casl:
    case A64_casalb: case A64_casalh: case A64_casal: cas(l); break;
    case A64_casp: case A64_caspl: case A64_caspa: case A64_caspal: casp(l); break;
    default: return 0;
    }
    return 1;
}

int lift_atomic(struct lift *l)
{
    switch (l->i.op) {
    case A64_ldxrb: case A64_ldxrh: case A64_ldxr:
    case A64_ldaxrb: case A64_ldaxrh: case A64_ldaxr: load_exclusive(l); break;
    case A64_stxrb: case A64_stxrh: case A64_stxr:
    case A64_stlxrb: case A64_stlxrh: case A64_stlxr: store_exclusive(l); break;
    case A64_ldxp: case A64_ldaxp: load_pair(l); break;
    case A64_stxp: case A64_stlxp: store_pair(l); break;
    default:
        if (l->i.op >= A64_ldaddb && l->i.op <= A64_swpal)
            amo(l);
        else
            return lift_ordered(l);
    }
    return 1;
}
