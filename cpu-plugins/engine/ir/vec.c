/* SPDX-License-Identifier: MIT */
/* vec.c - which lanes and immediates each vector op of ir.h takes. */
#include "op.h"

#include <stddef.h>

#define B (1u << XL_L8)
#define H (1u << XL_L16)
#define S (1u << XL_L32)
#define D (1u << XL_L64)

static uint32_t lanes(uint32_t op)
{
    switch (op) {
    case XL_OP_vcnt: case XL_OP_vrbit: case XL_OP_vpmul: return B;
    case XL_OP_vclz: case XL_OP_vcls: case XL_OP_vshadd: case XL_OP_vuhadd: case XL_OP_vsrhadd:
    case XL_OP_vurhadd: case XL_OP_vshsub: case XL_OP_vuhsub: case XL_OP_vsabd: case XL_OP_vuabd:
    case XL_OP_vsxtl: case XL_OP_vuxtl: case XL_OP_vsmull: case XL_OP_vumull: case XL_OP_vrev:
    case XL_OP_vsaddlv: case XL_OP_vuaddlv:
        return B | H | S;
    case XL_OP_vxtn: case XL_OP_vsqxtn: case XL_OP_vuqxtn: case XL_OP_vsqxtun: return H | S | D;
    case XL_OP_vpmull: return B | D;
    case XL_OP_vsqdmulh: case XL_OP_vsqrdmulh: return H | S;
    case XL_OP_vfwiden: return S;
    case XL_OP_vfnarrow: return D;
    default: return op >= XL_OP_vfadd && op <= XL_OP_vucvtf ? S | D : B | H | S | D;
    }
}

/* Is imm one that the op takes? */
static int takes(const struct xl_op *o)
{
    uint64_t i = (uint64_t)o->imm;
    uint32_t lane = XL_LANE(o->flags), n = 16u >> lane, bits = 8u << lane;

    switch (o->op) {
    case XL_OP_vdupl: case XL_OP_vlane: case XL_OP_vins: return i < n;
    case XL_OP_vinsl: return i >> 8 < n && (i & 255) < n;
    case XL_OP_vrev: return i > lane && i <= XL_L64;
    case XL_OP_vshli: case XL_OP_vshri: case XL_OP_vsari: case XL_OP_vrshri: case XL_OP_vrsari:
        return i <= bits;
    case XL_OP_vsxtl: case XL_OP_vuxtl: case XL_OP_vsmull: case XL_OP_vumull:
    case XL_OP_vpmull:
        return i < 2;
    case XL_OP_vext: return i < 16;
    case XL_OP_vfwiden: return (i & ~0x107ull) == 0;
    case XL_OP_vfcvts: case XL_OP_vfcvtu: case XL_OP_vscvtf: case XL_OP_vucvtf:
        return (i & 0xf8) == 0 && i >> 8 <= 64;
    case XL_OP_vfrint: return i < 16;
    default: return o->op < XL_OP_vfadd || o->op > XL_OP_vfnarrow || i < 8;
    }
}

const char *xl_vec_wrong(const struct xl_op *o)
{
    uint32_t extra = o->op == XL_OP_vfma ? XL_V64 | 0x30u
                     : o->op >= XL_OP_vfadd && o->op <= XL_OP_vucvtf ? XL_V64 : 0;

    if (o->op == XL_OP_v2f)
        return NULL;
    if (o->type != XL_V128)
        return "its type is not V128";
    if (!(xl_opinfo[o->op].flags & XL_L))
        return takes(o) ? NULL : "this immediate does not exist";
    if (!(lanes(o->op) >> XL_LANE(o->flags) & 1))
        return "has no lanes of this size";
    if (o->flags & ~(3u | extra))
        return "unknown flags";
    return takes(o) ? NULL : "this immediate does not exist";
}
