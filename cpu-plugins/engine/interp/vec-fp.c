/* SPDX-License-Identifier: MIT */
/* vec-fp.c - floating-point vector ops: each lane by xl_soft_fp() as the scalar op of the same
 * meaning, in the order of the lanes. */
#include "vec.h"

#include "../run/run.h"

static uint32_t scalar(uint32_t op)
{
    switch (op) {
    case XL_OP_vfadd: return XL_OP_fadd;
    case XL_OP_vfsub: return XL_OP_fsub;
    case XL_OP_vfmul: return XL_OP_fmul;
    case XL_OP_vfdiv: return XL_OP_fdiv;
    case XL_OP_vfsqrt: return XL_OP_fsqrt;
    case XL_OP_vfma: return XL_OP_fma;
    case XL_OP_vfmin: return XL_OP_fmin;
    case XL_OP_vfmax: return XL_OP_fmax;
    case XL_OP_vfminnm: return XL_OP_fminnm;
    case XL_OP_vfmaxnm: return XL_OP_fmaxnm;
    case XL_OP_vfceq: return XL_OP_feq;
    case XL_OP_vfcgt: return XL_OP_flt;
    case XL_OP_vfcge: return XL_OP_fle;
    case XL_OP_vfneg: return XL_OP_fneg;
    case XL_OP_vfabs: return XL_OP_fabs;
    case XL_OP_vfrint: return XL_OP_frint;
    case XL_OP_vfcvts: case XL_OP_vfcvtu: return XL_OP_f2i;
    case XL_OP_vscvtf: case XL_OP_vucvtf: return XL_OP_i2f;
    default: return XL_OP_nop;
    }
}

/* The scalar op's flags. */
static uint32_t how_of(const struct xl_op *o)
{
    int d = XL_LANE(o->flags) == XL_L64;

    switch (o->op) {
    case XL_OP_vfma: return o->flags >> 4;
    case XL_OP_vfcvts: case XL_OP_vscvtf: return d ? XL_CVT_I64 : XL_CVT_I32;
    case XL_OP_vfcvtu: case XL_OP_vucvtf: return d ? XL_CVT_U64 : XL_CVT_U32;
    default: return 0;
    }
}

static int widths(struct xl_vcpu *x, const struct xl_op *o, uint32_t fp_mode,
                  const struct xl_vin *in, struct xl_v128 *r)
{
    int wide = o->op == XL_OP_vfwiden;
    struct xl_op s = {.op = XL_OP_f2f, .type = wide ? XL_F64 : XL_F32, .imm = o->imm & 7};
    uint32_t how = XL_FP_HOW(&s, fp_mode);

    if (!wide && o->op != XL_OP_vfnarrow)
        return 0;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t from = i + (wide && o->imm >> 8 ? 2 : 0);
        uint64_t v = xl_soft_fp(x, lane_u(&in->a, wide ? XL_L32 : XL_L64, from), 0, 0,
                                XL_OP_f2f, how);

        lane_put(r, wide ? XL_L64 : XL_L32, i, v);
    }
    return 1;
}

int xl_vec_fp(struct xl_vcpu *x, const struct xl_op *o, uint32_t fp_mode,
              const struct xl_vin *in, struct xl_v128 *r)
{
    uint32_t l = XL_LANE(o->flags), n = 16u >> l, swap, test, how;
    struct xl_op s = {.op = (uint16_t)scalar(o->op), .type = l == XL_L32 ? XL_F32 : XL_F64,
                      .flags = (uint8_t)how_of(o), .imm = o->imm};

    if (widths(x, o, fp_mode, in, r))
        return 1;
    if (s.op == XL_OP_nop)
        return 0;
    swap = s.op == XL_OP_flt || s.op == XL_OP_fle;
    test = swap || s.op == XL_OP_feq;
    how = XL_FP_HOW(&s, fp_mode);
    if (o->flags & XL_V64 && o->op != XL_OP_vfneg && o->op != XL_OP_vfabs)
        n /= 2;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t a = lane_u(&in->a, l, i), b = xl_operands(o->op) > 1 ? lane_u(&in->b, l, i) : 0;
        uint64_t c = xl_operands(o->op) > 2 ? lane_u(&in->c, l, i) : 0;
        uint64_t v = xl_soft_fp(x, swap ? b : a, swap ? a : b, c, s.op, how);

        lane_put(r, l, i, test ? 0 - v : v);
    }
    return 1;
}
