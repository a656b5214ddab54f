/* SPDX-License-Identifier: MIT */
/* vec.c - vector ops by family, and the ones on all 128 bits at once. */
#include "vec.h"

static int bits(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    for (int i = 0; i < 2; i++) {
        uint64_t a = in->a.d[i], b = in->b.d[i], c = in->c.d[i];

        switch (o->op) {
        case XL_OP_vand: r->d[i] = a & b; break;
        case XL_OP_vor: r->d[i] = a | b; break;
        case XL_OP_vxor: r->d[i] = a ^ b; break;
        case XL_OP_vandn: r->d[i] = a & ~b; break;
        case XL_OP_vorn: r->d[i] = a | ~b; break;
        case XL_OP_vnot: r->d[i] = ~a; break;
        case XL_OP_vbsl: r->d[i] = (a & b) | (~a & c); break;
        default: return 0;
        }
    }
    return 1;
}

void xl_vec(struct xl_vcpu *x, const struct xl_op *o, uint32_t fp_mode, const struct xl_vin *in,
            struct xl_v128 *r)
{
    *r = (struct xl_v128){{0, 0}};
    if (bits(o, in, r) || xl_vec_int(o, in, r) || xl_vec_move(o, in, r) ||
        xl_vec_fp(x, o, fp_mode, in, r) || xl_vec_wide(o, in, r))
        return;
    xl_vec_aes(o, in, r);
}
