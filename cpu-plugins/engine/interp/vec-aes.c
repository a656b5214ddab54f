/* SPDX-License-Identifier: MIT */
/* vec-aes.c - the steps of AES on a vector. FIPS 197, 4.2 (the field), 5.1.1 to 5.1.3 and
 * 5.3.1 to 5.3.3. Byte 4c + r of a vector is row r, column c of the state.
 *
 * SubBytes is computed, not looked up: an inverse in GF(2^8), then the affine map. It is slow
 * and only serves the interpreter and hosts without AES instructions. */
#include "vec.h"

static uint8_t times(uint8_t a, uint8_t b)
{
    uint8_t r = 0;

    for (int i = 0; i < 8; i++) {
        if (b >> i & 1)
            r ^= a;
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
    }
    return r;
}

/* a^254: the inverse, 0 for 0. */
static uint8_t inverse(uint8_t a)
{
    uint8_t r = 1, p = a;

    for (int i = 1; i < 8; i++) { /* 254 = 2 + 4 + ... + 128 */
        p = times(p, p);
        r = times(r, p);
    }
    return r;
}

static uint8_t rotate(uint8_t a, int n)
{
    return (uint8_t)(a << n | a >> (8 - n));
}

static uint8_t sub(uint8_t a)
{
    uint8_t b = inverse(a);

    return (uint8_t)(b ^ rotate(b, 1) ^ rotate(b, 2) ^ rotate(b, 3) ^ rotate(b, 4) ^ 0x63);
}

static uint8_t unsub(uint8_t a)
{
    return inverse((uint8_t)(rotate(a, 1) ^ rotate(a, 3) ^ rotate(a, 6) ^ 0x05));
}

/* ShiftRows takes row r from r columns to the right, the inverse from the left. */
static void rows(const struct xl_vin *in, int back, struct xl_v128 *r)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t row = i & 3, from = (i + 4 * (back ? 4 - row : row)) & 15;
        uint8_t v = lane_byte(&in->a, from) ^ lane_byte(&in->b, from);

        lane_put(r, XL_L8, i, back ? unsub(v) : sub(v));
    }
}

static void columns(const struct xl_v128 *a, int back, struct xl_v128 *r)
{
    static const uint8_t factor[2][4] = {{2, 3, 1, 1}, {14, 11, 13, 9}};

    for (uint32_t i = 0; i < 16; i++) {
        uint8_t v = 0;

        for (uint32_t k = 0; k < 4; k++)
            v ^= times(lane_byte(a, (i & ~3u) | ((i + k) & 3)), factor[back][k]);
        lane_put(r, XL_L8, i, v);
    }
}

int xl_vec_aes(const struct xl_op *o, const struct xl_vin *in, struct xl_v128 *r)
{
    switch (o->op) {
    case XL_OP_vaese: rows(in, 0, r); return 1;
    case XL_OP_vaesd: rows(in, 1, r); return 1;
    case XL_OP_vaesmc: columns(&in->a, 0, r); return 1;
    case XL_OP_vaesimc: columns(&in->a, 1, r); return 1;
    default: return 0;
    }
}
