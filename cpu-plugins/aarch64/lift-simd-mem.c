/* SPDX-License-Identifier: MIT */
/* lift-simd-mem.c - loads and stores of floating-point registers, one and two at a time.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.94, C7.2.
 */
#include "decode-formats.h"
#include "lift-simd.h"

static xl_val load(struct lift *l, xl_val addr, int32_t disp, uint32_t size)
{
    switch (size) {
    case 4: return xl_load(l->b, XL_V128, addr, disp, lift_memop(l, size));
    case 3: return xl_f2v(l->b, xl_load(l->b, XL_F64, addr, disp, lift_memop(l, size)));
    case 2: return xl_f2v(l->b, xl_load(l->b, XL_F32, addr, disp, lift_memop(l, size)));
    default: return v_from(l, xl_load(l->b, XL_I64, addr, disp, lift_memop(l, size)));
    }
}

static void store(struct lift *l, xl_val addr, int32_t disp, uint32_t size, uint32_t t)
{
    xl_val v = v_get(l, t);
    if (size == 3)
        v = xl_v2f(l->b, XL_F64, v);
    else if (size == 2)
        v = xl_v2f(l->b, XL_F32, v);
    else if (size < 2)
        v = v_op1(l, XL_OP_vlane, size, v);
    xl_store(l->b, addr, disp, v, lift_memop(l, size));
}

static void write_back(struct lift *l, xl_val base)
{
    if (l->i.amount == A64_AT_POST || l->i.amount == A64_AT_PRE)
        lift_put_sp(l, l->i.rn, lift_op2(l, XL_OP_add, base, lift_const(l, (uint64_t)l->i.imm)));
}

static int32_t displacement(const struct lift *l)
{
    return l->i.amount == A64_AT_POST ? 0 : (int32_t)l->i.imm;
}

static void lift_one(struct lift *l, int is_load)
{
    xl_val base = lift_xsp(l, l->i.rn), v = 0;
    if (is_load)
        v = load(l, base, displacement(l), l->i.size);
    else
        store(l, base, displacement(l), l->i.size, l->i.rd);
    write_back(l, base);
    if (is_load)
        v_put(l, l->i.rd, v);
}

static void lift_pair(struct lift *l)
{
    xl_val base = lift_xsp(l, l->i.rn);
    int32_t at = displacement(l), bytes = 1 << l->i.size;
    if (l->i.opt) {
        xl_val v = load(l, base, at, l->i.size);
        xl_val second = load(l, base, at + bytes, l->i.size);
        write_back(l, base);
        v_put(l, l->i.rd, v);
        v_put(l, l->i.ra, second);
    } else {
        store(l, base, at, l->i.size, l->i.rd);
        store(l, base, at + bytes, l->i.size, l->i.ra);
        write_back(l, base);
    }
}

/* Base and a register, extended (i.cond: option) and shifted by the access's size (i.nzcv). */
static void lift_indexed(struct lift *l, int is_load)
{
    xl_val base = lift_xsp(l, l->i.rn), index = lift_x(l, l->i.rm);
    if (l->i.cond == 2)
        index = lift_op1(l, XL_OP_zext32, index);
    else if (l->i.cond == 6)
        index = lift_op1(l, XL_OP_sext32, index);
    if (l->i.nzcv && l->i.size)
        index = lift_op2(l, XL_OP_shl, index, lift_const(l, l->i.size));
    base = lift_op2(l, XL_OP_add, base, index);
    if (is_load)
        v_put(l, l->i.rd, load(l, base, 0, l->i.size));
    else
        store(l, base, 0, l->i.size, l->i.rd);
}

int lift_simd_mem(struct lift *l)
{
    xl_val at;
    switch (l->i.op) {
    case A64_ldr_fu: case A64_ldur_f: case A64_ldr_fpost: case A64_ldr_fpre: lift_one(l, 1); break;
    case A64_str_fu: case A64_stur_f: case A64_str_fpost: case A64_str_fpre: lift_one(l, 0); break;
    case A64_ldr_fr: lift_indexed(l, 1); break;
    case A64_str_fr: lift_indexed(l, 0); break;
    case A64_ldnp_f: case A64_stnp_f: case A64_ldp_fpost: case A64_stp_fpost: case A64_ldp_foff:
    case A64_stp_foff: case A64_ldp_fpre: case A64_stp_fpre: lift_pair(l); break;
    case A64_ldr_flit:
        at = xl_pc(l->b, l->pc + (uint64_t)l->i.imm);
        v_put(l, l->i.rd, load(l, at, 0, l->i.size));
        break;
    default: return 0;
    }
    return 1;
}
