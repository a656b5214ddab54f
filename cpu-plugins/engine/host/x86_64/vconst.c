/* SPDX-License-Identifier: MIT */
/* vconst.c - the constants that code for vectors reads. */
#include "x86.h"

static struct xl_v128 both(uint64_t v)
{
    return (struct xl_v128){{v, v}};
}

static struct xl_v128 all(uint64_t v, uint32_t lane)
{
    for (uint32_t n = 8u << lane; n < 64; n *= 2)
        v |= v << n;
    return both(v);
}

/* pshufb's index vector from 16 bytes. */
static struct xl_v128 pick(const uint8_t *b)
{
    struct xl_v128 r = {{0, 0}};

    for (uint32_t i = 0; i < 16; i++)
        r.d[i / 8] |= (uint64_t)b[i] << (i % 8 * 8);
    return r;
}

static void shuffles(struct x86_vconst *k)
{
    uint8_t b[16];

    for (uint32_t l = 1; l < 4; l++) {
        uint32_t size = 1u << l, half = size / 2;

        for (uint32_t i = 0; i < 16; i++)
            b[i] = i < 8 ? (uint8_t)(i / half * size + i % half) : 0x80;
        k->narrow[l - 1] = pick(b);
    }
    for (uint32_t l = 0; l < 4; l++) {
        for (uint32_t group = l; group < 4; group++) {
            for (uint32_t i = 0; i < 16; i++)
                b[i] = (uint8_t)(i ^ ((1u << group) - (1u << l)));
            k->rev[l][group] = pick(b);
        }
    }
}

void x86_vconst(struct x86_vconst *k)
{
    static const uint8_t counts[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

    for (uint32_t l = 0; l < 4; l++) {
        uint32_t bits = 8u << l;

        if (l)
            k->low_half[l - 1] = all(((uint64_t)1 << bits / 2) - 1, l);
        k->first[l] = (struct xl_v128){{~(uint64_t)0 >> (64 - bits), 0}};
        k->one[l] = all(1, l);
        k->top[l] = all((uint64_t)1 << (bits - 1), l);
    }
    k->abs32 = all(0x7fffffff, XL_L32);
    k->abs64 = both(0x7fffffffffffffff);
    k->least32 = all(0x00800000, XL_L32);
    k->least64 = both(0x0010000000000000);
    for (uint32_t n = 0; n < 8; n++) {
        k->left8[n] = all(0xffu << n & 0xffu, XL_L8);
        k->right8[n] = all(0xffu >> n, XL_L8);
        k->sign8[n] = all(0x80u >> n, XL_L8);
    }
    shuffles(k);
    k->index_70 = all(0x70, XL_L8);
    k->nibble = all(0x0f, XL_L8);
    k->popcnt = pick(counts);
    k->one_f32 = all(0x3f800000, XL_L32);
    k->one_f64 = both(0x3ff0000000000000);
    k->two_16 = all(0x47800000, XL_L32);
    k->end_i32 = all(0x4f000000, XL_L32);
}
