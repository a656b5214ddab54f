/* SPDX-License-Identifier: MIT */
/* flags.c - NZCV from the operation that set them, for all but translated code.
 * DDI 0487: D19.2 AddWithCarry. How they are kept: lift-flags.c.
 */
#include "aarch64.h"
#include "helpers.h"

static uint64_t pack(uint32_t n, uint32_t z, uint32_t c, uint32_t v)
{
    return (uint64_t)n << 31 | (uint64_t)z << 30 | (uint64_t)c << 29 | (uint64_t)v << 28;
}

static uint64_t sum(uint64_t a, uint64_t b, uint32_t carry, uint32_t bits)
{
    uint64_t top = 1ull << (bits - 1), mask = top | (top - 1), r, c;
    a &= mask;
    b &= mask;
    r = (a + b + carry) & mask;
    c = carry ? r <= a : r < a;
    return pack((r & top) != 0, r == 0, c != 0, ((a ^ r) & (b ^ r) & top) != 0);
}

static uint64_t logic(uint64_t v, uint32_t bits)
{
    v <<= 64 - bits;
    return pack(v >> 63 != 0, v == 0, 0, 0);
}

uint64_t a64_nzcv_helper(struct xl_vcpu *x, uint64_t cc, uint64_t a, uint64_t b, uint64_t c)
{
    (void)x;
    switch (cc) {
    case A64_CC_SUB32: return sum(a, ~b, 1, 32);
    case A64_CC_SUB64: return sum(a, ~b, 1, 64);
    case A64_CC_ADD32: return sum(a, b, 0, 32);
    case A64_CC_ADD64: return sum(a, b, 0, 64);
    case A64_CC_LOGIC32: return logic(a, 32);
    case A64_CC_LOGIC64: return logic(a, 64);
    case A64_CC_ADC32: return sum(a, b, c & 1, 32);
    case A64_CC_ADC64: return sum(a, b, c & 1, 64);
    default: return a & PS_NZCV;
    }
}

uint64_t a64_nzcv(const struct a64 *c)
{
    return a64_nzcv_helper(NULL, c->cc, c->cca, c->ccb, c->ccc);
}

void a64_set_nzcv(struct a64 *c, uint64_t nzcv)
{
    c->cc = A64_CC_NZCV;
    c->cca = nzcv & PS_NZCV;
}
