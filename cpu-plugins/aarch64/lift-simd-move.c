/* SPDX-License-Identifier: MIT */
/* lift-simd-move.c - lanes that move: copies, permutations, table lookups, immediates.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96, C7.2; AdvSIMDExpandImm (J1.3).
 */
#include "lift-simd.h"

/* AdvSIMDExpandImm: the 64 bits of a modified immediate, before MVNI and BIC invert them. */
static uint64_t modified(uint32_t cmode, uint32_t op, uint32_t imm8)
{
    uint64_t v = imm8;
    switch (cmode >> 1) {
    case 0: case 1: case 2: case 3: v <<= 8 * (cmode >> 1); return v | v << 32;
    case 4: case 5: v <<= 8 * (cmode >> 1 & 1); return v * 0x0001000100010001;
    case 6: v = cmode & 1 ? v << 16 | 0xffff : v << 8 | 0xff; return v | v << 32;
    default: break;
    }
    if (cmode == 14 && !op)
        return v * 0x0101010101010101;
    if (cmode == 14) {
        v = 0;
        for (uint32_t i = 0; i < 8; i++)
            v |= imm8 >> i & 1 ? 0xffull << (8 * i) : 0;
        return v;
    }
    if (op)
        return lift_fp_imm8(3, imm8);
    return lift_fp_imm8(2, imm8) * 0x0000000100000001;
}

static int lift_immediate(struct lift *l)
{
    uint64_t v = modified(l->i.amount, l->i.raw >> 29 & 1, (uint32_t)l->i.imm);
    xl_val imm;
    switch (l->i.op) {
    case A64_movi_4s: case A64_movi_8h: case A64_movi_msl: case A64_movi_16b: case A64_fmov_4s:
    case A64_movi_1d: case A64_movi_2d: case A64_fmov_2d: break;
    case A64_fmov_8h: v = lift_fp_imm8(1, (uint32_t)l->i.imm) * 0x0001000100010001; break;
    case A64_mvni_4s: case A64_mvni_8h: case A64_mvni_msl: v = ~v; break;
    case A64_orr_4s: case A64_orr_8h:
        imm = xl_const(l->b, XL_V128, v);
        v_result(l, v_op2(l, XL_OP_vor, 0, v_get(l, l->i.rd), imm));
        return 1;
    case A64_bic_4s: case A64_bic_8h:
        imm = xl_const(l->b, XL_V128, v);
        v_result(l, v_op2(l, XL_OP_vandn, 0, v_get(l, l->i.rd), imm));
        return 1;
    default: return 0;
    }
    v_put(l, l->i.rd, v_const2(l, v, l->i.sf ? v : 0));
    return 1;
}

/* SMOV, UMOV: to a general register. */
static void move_out(struct lift *l, int is_signed)
{
    static const uint16_t extend[] = {XL_OP_sext8, XL_OP_sext16, XL_OP_sext32};
    xl_val v = v_imm1(l, XL_OP_vlane, l->i.size, v_get(l, l->i.rn), l->i.amount);
    if (is_signed) {
        v = lift_op1(l, extend[l->i.size], v);
        if (!l->i.sf)
            v = lift_op1(l, XL_OP_zext32, v);
    }
    lift_put(l, l->i.rd, v);
}

static int lift_copy(struct lift *l)
{
    uint32_t size = l->i.size, index = l->i.amount;
    xl_val d, n;
    switch (l->i.op) {
    case A64_dup_ve: v_result(l, v_imm1(l, XL_OP_vdupl, size, v_get(l, l->i.rn), index)); break;
    case A64_dup_vg: v_result(l, v_op1(l, XL_OP_vdup, size, lift_x(l, l->i.rn))); break;
    case A64_dup_s:
        n = v_imm1(l, XL_OP_vlane, size, v_get(l, l->i.rn), index);
        v_put(l, l->i.rd, v_from(l, n));
        break;
    case A64_smov: move_out(l, 1); break;
    case A64_umov: case A64_umov_x: move_out(l, 0); break;
    case A64_ins_g:
        d = v_get(l, l->i.rd);
        v_put(l, l->i.rd, xl_v2(l->b, XL_OP_vins, size, d, lift_x(l, l->i.rn), index));
        break;
    case A64_ins_e:
        d = v_get(l, l->i.rd);
        v_put(l, l->i.rd, xl_v2(l->b, XL_OP_vinsl, size, d, v_get(l, l->i.rn),
                                (int64_t)index << 8 | l->i.imm));
        break;
    default: return 0;
    }
    return 1;
}

/* Of 64-bit forms, ZIP and TRN leave what they want in the low half, ZIP2 in the high one; UZP
 * wants one register of both. */
static void permute(struct lift *l, uint32_t op)
{
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm), v;
    if (!l->i.sf && (op == XL_OP_vuzp1 || op == XL_OP_vuzp2))
        n = m = v_join(l, n, m);
    if (!l->i.sf && op == XL_OP_vzip2) {
        v = v_op2(l, XL_OP_vzip1, l->i.size, n, m);
        v = xl_v2(l->b, XL_OP_vext, 0, v, v_zero(l), 8);
    } else {
        v = v_op2(l, op, l->i.size, n, m);
    }
    v_result(l, v);
}

static void extract(struct lift *l)
{
    xl_val n = v_get(l, l->i.rn), m = v_get(l, l->i.rm);
    if (!l->i.sf)
        n = m = v_join(l, n, m);
    v_result(l, l->i.imm ? xl_v2(l->b, XL_OP_vext, 0, n, m, l->i.imm) : n);
}

/* Indices of the registers behind the first are made small by 16 each time; those of the
 * registers before are above 15 then. */
static void look_up(struct lift *l, xl_val v, uint32_t first)
{
    xl_val index = v_get(l, l->i.rm), sixteen = v_const(l, 0, 16);
    for (uint32_t k = 0; k < l->i.amount; k++) {
        xl_val table = v_get(l, (l->i.rn + k) & 31);
        if (k)
            index = v_op2(l, XL_OP_vsub, XL_L8, index, sixteen);
        v = k >= first ? xl_v3(l->b, XL_OP_vtbx, 0, table, index, v, 0)
                       : v_op2(l, XL_OP_vtbl, 0, table, index);
    }
    v_result(l, v);
}

int lift_simd_move(struct lift *l)
{
    switch (l->i.op) {
    case A64_zip1_v: permute(l, XL_OP_vzip1); break;
    case A64_zip2_v: permute(l, XL_OP_vzip2); break;
    case A64_uzp1_v: permute(l, XL_OP_vuzp1); break;
    case A64_uzp2_v: permute(l, XL_OP_vuzp2); break;
    case A64_trn1_v: permute(l, XL_OP_vtrn1); break;
    case A64_trn2_v: permute(l, XL_OP_vtrn2); break;
    case A64_ext_v: case A64_ext_vq: extract(l); break;
    case A64_tbl_v: look_up(l, 0, 1); break;
    case A64_tbx_v: look_up(l, v_get(l, l->i.rd), 0); break;
    default: return lift_copy(l) || lift_immediate(l);
    }
    return 1;
}
