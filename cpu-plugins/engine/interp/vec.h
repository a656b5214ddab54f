/* SPDX-License-Identifier: MIT */
/* vec.h - what the vector ops mean, in plain C: the interpreter and every host op that has
 * no code of its own. One function for each family; they return 0 when `o` is none of theirs. */
#ifndef XL_VEC_H
#define XL_VEC_H

#include "../ir/op.h"

struct xl_vin { /* operands; of scalar ones d[0] counts */
    struct xl_v128 a, b, c;
};

/* Any vector op; a scalar result in r->d[0]. `x` may be NULL if the op is without effect. */
void xl_vec(struct xl_vcpu *x, const struct xl_op *o, uint32_t fp_mode, const struct xl_vin *in,
            struct xl_v128 *r);

int xl_vec_int(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r);
int xl_vec_wide(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r);
int xl_vec_move(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r);
int xl_vec_fp(struct xl_vcpu *x, const struct xl_op *o, uint32_t fp_mode,
              const struct xl_vin *in, struct xl_v128 *r);
int xl_vec_aes(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r);

/* ---- Lanes: of size XL_L* `l`, lane 0 the lowest ------------------------------------- */

static inline uint64_t lane_mask(uint32_t l)
{
    return ~(uint64_t)0 >> (64 - (8u << l));
}

static inline uint64_t lane_u(const struct xl_v128 *v, uint32_t l, uint32_t i)
{
    uint32_t bit = i << (l + 3);

    return v->d[bit >> 6] >> (bit & 63) & lane_mask(l);
}

static inline int64_t lane_s(const struct xl_v128 *v, uint32_t l, uint32_t i)
{
    uint32_t up = 64 - (8u << l);

    return (int64_t)(lane_u(v, l, i) << up) >> up;
}

static inline void lane_put(struct xl_v128 *v, uint32_t l, uint32_t i, uint64_t x)
{
    uint32_t bit = i << (l + 3), n = bit & 63;
    uint64_t m = lane_mask(l) << n;

    v->d[bit >> 6] = (v->d[bit >> 6] & ~m) | (x << n & m);
}

static inline uint8_t lane_byte(const struct xl_v128 *v, uint32_t i)
{
    return (uint8_t)(v->d[i >> 3] >> (i & 7) * 8);
}

static inline int64_t least(uint32_t l)
{
    return (int64_t)(~(uint64_t)0 << ((8u << l) - 1));
}

#endif
