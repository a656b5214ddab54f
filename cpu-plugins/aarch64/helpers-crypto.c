/* SPDX-License-Identifier: MIT */
/* helpers-crypto.c - SHA1, SHA256, SHA512, SM3 and SM4 instructions.
 * Arm Architecture Reference Manual, DDI 0487: C7.2 and shared/functions/crypto (J1.3); FIPS
 * 180-4; GB/T 32905 (SM3), 32907 (SM4).
 */
#include "helpers-sha.h"
#include "simd-ops.h"

struct v32 {
    uint32_t w[4];
};

static struct v32 split(const struct xl_v128 *v)
{
    return (struct v32){{(uint32_t)v->d[0], (uint32_t)(v->d[0] >> 32), (uint32_t)v->d[1],
                         (uint32_t)(v->d[1] >> 32)}};
}

static struct xl_v128 joined(struct v32 v)
{
    return (struct xl_v128){{v.w[0] | (uint64_t)v.w[1] << 32, v.w[2] | (uint64_t)v.w[3] << 32}};
}

static uint32_t rol(uint32_t v, uint32_t n)
{
    return v << n | v >> (32 - n);
}

static uint32_t ror(uint32_t v, uint32_t n)
{
    return v >> n | v << (32 - n);
}

static uint64_t ror64(uint64_t v, uint32_t n)
{
    return v >> n | v << (64 - n);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return ((y ^ z) & x) ^ z;
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | ((x | y) & z);
}

/* ---- SHA1 ---------------------------------------------------------------------------------- */

static struct v32 sha1(uint32_t op, struct v32 x, uint32_t y, struct v32 w)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t t = op == COP_SHA1C ? choose(x.w[1], x.w[2], x.w[3])
                     : op == COP_SHA1M ? majority(x.w[1], x.w[2], x.w[3])
                                       : x.w[1] ^ x.w[2] ^ x.w[3];
        t += y + rol(x.w[0], 5) + w.w[i];
        y = x.w[3];
        x = (struct v32){{t, x.w[0], rol(x.w[1], 30), x.w[2]}};
    }
    return x;
}

/* ---- SHA256 -------------------------------------------------------------------------------- */

static struct v32 sha256(struct v32 x, struct v32 y, struct v32 w, int first)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t s1 = ror(y.w[0], 6) ^ ror(y.w[0], 11) ^ ror(y.w[0], 25);
        uint32_t s0 = ror(x.w[0], 2) ^ ror(x.w[0], 13) ^ ror(x.w[0], 22);
        uint32_t t = y.w[3] + s1 + choose(y.w[0], y.w[1], y.w[2]) + w.w[i];
        uint32_t last = x.w[3] + t;
        t += s0 + majority(x.w[0], x.w[1], x.w[2]);
        x = (struct v32){{t, x.w[0], x.w[1], x.w[2]}};
        y = (struct v32){{last, y.w[0], y.w[1], y.w[2]}};
    }
    return first ? x : y;
}

/* ---- SHA512 -------------------------------------------------------------------------------- */

static uint64_t sum1(uint64_t v)
{
    return ror64(v, 14) ^ ror64(v, 18) ^ ror64(v, 41);
}

static uint64_t sum0(uint64_t v)
{
    return ror64(v, 28) ^ ror64(v, 34) ^ ror64(v, 39);
}

static uint64_t sigma0(uint64_t v)
{
    return ror64(v, 1) ^ ror64(v, 8) ^ v >> 7;
}

static uint64_t sigma1(uint64_t v)
{
    return ror64(v, 19) ^ ror64(v, 61) ^ v >> 6;
}

static struct xl_v128 sha512(uint32_t op, const uint64_t *x, const uint64_t *y, const uint64_t *w)
{
    uint64_t hi, lo, t;
    switch (op) {
    case COP_SHA512H:
        hi = ((y[1] & x[0]) ^ (~y[1] & x[1])) + sum1(y[1]) + w[1];
        t = hi + y[0];
        lo = ((t & y[1]) ^ (~t & x[0])) + sum1(t) + w[0];
        break;
    case COP_SHA512H2:
        hi = ((x[0] & y[1]) ^ (x[0] & y[0]) ^ (y[1] & y[0])) + sum0(y[0]) + w[1];
        lo = ((hi & y[0]) ^ (hi & y[1]) ^ (y[1] & y[0])) + sum0(hi) + w[0];
        break;
    case COP_SHA512SU0:
        lo = w[0] + sigma0(w[1]);
        hi = w[1] + sigma0(x[0]);
        break;
    default:
        lo = w[0] + sigma1(x[0]) + y[0];
        hi = w[1] + sigma1(x[1]) + y[1];
        break;
    }
    return (struct xl_v128){{lo, hi}};
}

/* ---- SM3 ----------------------------------------------------------------------------------- */

static struct v32 sm3_round(uint32_t op, struct v32 d, uint32_t n, uint32_t w)
{
    uint32_t a = d.w[3], b = d.w[2], c = d.w[1], t;
    if (op == COP_SM3TT1A || op == COP_SM3TT2A)
        t = c ^ a ^ b;
    else if (op == COP_SM3TT1B)
        t = majority(a, b, c);
    else
        t = choose(a, b, c);
    t += d.w[0] + w;
    if (op == COP_SM3TT1A || op == COP_SM3TT1B) {
        t += n ^ rol(a, 12);
        return (struct v32){{c, rol(b, 9), a, t}};
    }
    t += n;
    return (struct v32){{c, rol(b, 19), a, t ^ rol(t, 9) ^ rol(t, 17)}};
}

static uint32_t sm3_p1(uint32_t v)
{
    return v ^ rol(v, 15) ^ rol(v, 23);
}

static struct v32 sm3_part(uint32_t op, struct v32 d, struct v32 n, struct v32 m)
{
    struct v32 r;
    if (op == COP_SM3PARTW2) {
        for (uint32_t i = 0; i < 4; i++) {
            n.w[i] ^= rol(m.w[i], 7);
            r.w[i] = d.w[i] ^ n.w[i];
        }
        r.w[3] ^= sm3_p1(rol(n.w[0], 15));
        return r;
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t t = i < 3 ? m.w[i + 1] : r.w[0];
        r.w[i] = sm3_p1(d.w[i] ^ n.w[i] ^ rol(t, 15));
    }
    return r;
}

/* ---- SM4 ----------------------------------------------------------------------------------- */

/* The S-box by its algebra, as a table would be read by the guest's key: an affine map, the
 * inverse in GF(2^8) with x^8+x^7+x^6+x^5+x^4+x^2+1, and the affine map again. */
static uint32_t gf_mul(uint32_t a, uint32_t b)
{
    uint32_t r = 0;
    for (uint32_t i = 0; i < 8; i++) {
        r ^= a & (0 - (b >> i & 1));
        a = a << 1 ^ (0x1f5 & (0 - (a >> 7 & 1)));
    }
    return r & 255;
}

static uint32_t affine(uint32_t x)
{
    uint32_t r = 0, row = 0xa7;
    for (uint32_t i = 0; i < 8; i++) {
        r |= (uint32_t)__builtin_parity(row & x) << i;
        row = (row << 1 | row >> 7) & 255;
    }
    return r ^ 0xd3;
}

static uint32_t sm4_sbox(uint32_t x)
{
    uint32_t base = affine(x), r = 1;
    for (uint32_t i = 1; i < 8; i++) { /* to the 254th */
        base = gf_mul(base, base);
        r = gf_mul(r, base);
    }
    return affine(r);
}

static struct v32 sm4(struct v32 v, struct v32 key, int expands)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t t = v.w[3] ^ v.w[2] ^ v.w[1] ^ key.w[i], s = 0;
        for (uint32_t at = 0; at < 32; at += 8)
            s |= sm4_sbox(t >> at & 255) << at;
        if (expands)
            s ^= rol(s, 13) ^ rol(s, 23);
        else
            s ^= rol(s, 2) ^ rol(s, 10) ^ rol(s, 18) ^ rol(s, 24);
        v = (struct v32){{v.w[1], v.w[2], v.w[3], v.w[0] ^ s}};
    }
    return v;
}

static struct v32 compute(uint32_t op, struct v32 n, struct v32 m, struct v32 d, uint32_t index)
{
    switch (op) {
    case COP_SHA1C: case COP_SHA1P: case COP_SHA1M: return sha1(op, d, n.w[0], m);
    case COP_SHA256H: return sha256(d, n, m, 1);
    case COP_SHA256H2: return sha256(n, d, m, 0);
    case COP_SM3SS1: /* d is Va */
        return (struct v32){{0, 0, 0, rol(rol(n.w[3], 12) + m.w[3] + d.w[3], 7)}};
    case COP_SM3TT1A: case COP_SM3TT1B: case COP_SM3TT2A: case COP_SM3TT2B:
        return sm3_round(op, d, n.w[3], m.w[index & 3]);
    case COP_SM3PARTW1: case COP_SM3PARTW2: return sm3_part(op, d, n, m);
    case COP_SM4E: return sm4(d, n, 0);
    default: return sm4(n, m, 1);
    }
}

/* By the host's instructions: 1, or 0 when it has none. */
static int by_host(uint32_t op, const struct xl_v128 *n, const struct xl_v128 *m,
                   const struct xl_v128 *d, struct xl_v128 *out)
{
    if (op > COP_SHA256H2 || !a64_sha_host())
        return 0;
    if (op == COP_SHA256H)
        a64_sha256_host(out, d, n, m, 1);
    else if (op == COP_SHA256H2)
        a64_sha256_host(out, n, d, m, 0);
    else
        a64_sha1_host(out, op - COP_SHA1C, d, (uint32_t)n->d[0], m);
    return 1;
}

A64_HELPER_FN(a64_crypto_helper)
{
    const struct xl_v128 *n = xl_vec_arg(a), *m = xl_vec_arg(b), *v = xl_vec_arg(c);
    uint32_t op = SIMD_OP(d);
    if (by_host(op, n, m, v, &x->cell[0]))
        return 0;
    if (op >= COP_SHA512H && op <= COP_SHA512SU1)
        x->cell[0] = sha512(op, n->d, m->d, v->d);
    else
        x->cell[0] = joined(compute(op, split(n), split(m), split(v), SIMD_IMM(d)));
    return 0;
}
