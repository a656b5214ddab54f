/* SPDX-License-Identifier: MIT */
/* pac.c - pointer authentication with an algorithm of our own (API, GPI of ID_AA64ISAR1_EL1).
 * DDI 0487: D8.8 (pointer authentication), AddPAC, Auth, Strip.
 *
 * The code of a pointer is a keyed mix of it and the modifier. It proves what the architecture
 * asks of a guest's programs; it is no cryptography.
 */
#include "except.h"
#include "helpers.h"

static uint64_t mix(uint64_t v)
{
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    v ^= v >> 32;
    v *= 0xd6e8feb86659fd93ull;
    return v ^ v >> 32;
}

static uint64_t code(uint64_t v, uint64_t modifier, uint64_t lo, uint64_t hi)
{
    return mix(mix(mix(v ^ lo) ^ modifier) + hi);
}

/* Where the code lies in a pointer: bits 54 to `bottom`, without tags 63 to 56 too. */
struct layout {
    uint32_t tbi, bottom, two;
};

static struct layout layout(const struct a64 *c, uint64_t v)
{
    uint32_t regime = a64_regime(c), two = regime == 1 || c->sr[SR_HCR_EL2] & HCR_E2H;
    uint64_t tcr = c->sr[regime == 1 ? SR_TCR_EL1 : regime == 2 ? SR_TCR_EL2 : SR_TCR_EL3];
    uint32_t upper, sz;
    two = two && regime != 3;
    upper = two ? v >> 55 & 1 : 0;
    sz = (uint32_t)(tcr >> (upper ? 16 : 0) & 63);
    sz = sz < 16 ? 16 : sz > 39 ? 39 : sz;
    return (struct layout){(uint32_t)(tcr >> (two ? 37 + upper : 20) & 1), 64 - sz, two};
}

/* Bits that hold the code. */
static uint64_t field(const struct layout *y)
{
    uint64_t low = (1ull << 55) - (1ull << y->bottom);
    return y->tbi ? low : low | 0xffull << 56;
}

static uint64_t extended(const struct layout *y, uint64_t v, uint32_t sel)
{
    uint64_t all = field(y) | 1ull << 55;
    return sel ? v | all : v & ~all;
}

static uint64_t add(const struct layout *y, uint64_t v, uint64_t modifier, const uint64_t *key)
{
    uint32_t sel = (uint32_t)(y->two ? v >> (y->tbi ? 55 : 63) & 1 : 0);
    uint64_t ext = extended(y, v, sel), pac = code(ext, modifier, key[0], key[1]);
    if (ext != v)
        pac ^= 1ull << (y->tbi ? 54 : 62); /* was no proper pointer: will not pass */
    return (ext & ~(field(y) | 1ull << 55)) | (pac & field(y)) | (uint64_t)sel << 55;
}

static uint64_t authenticate(const struct layout *y, uint64_t v, uint64_t modifier,
                             const uint64_t *key, uint32_t b)
{
    uint32_t at = y->tbi ? 53 : 61;
    uint64_t ext = extended(y, v, y->two ? v >> 55 & 1 : 0);
    if (!((code(ext, modifier, key[0], key[1]) ^ v) & field(y)))
        return ext;
    return (ext & ~(3ull << at)) | (uint64_t)(b ? 2 : 1) << at;
}

/* Traps of the instructions themselves. What the guest was about to do is looked up for a trap
 * only: kernels sign and check in each function. */
static void check(struct a64 *c)
{
    uint32_t el = a64_el(c), to = 0;
    if (el < 2 && a64_el2_enabled(c) && !a64_tge_e2h(c) && !(c->sr[SR_HCR_EL2] & HCR_API))
        to = 2;
    else if (el < 3 && c->isa & A64_BIT(EL3) && !(c->sr[SR_SCR_EL3] & SCR_API))
        to = 3;
    if (!to)
        return;
    xl_sync(&c->x);
    a64_raise(c, to, A64_EC_PAC, 0);
}

A64_HELPER_FN(a64_pac_helper) /* pointer, modifier, A64_PAC_* */
{
    static const uint64_t enable[4] = {SCTLR_ENIA, SCTLR_ENIB, SCTLR_ENDA, SCTLR_ENDB};
    static const uint16_t keys[4] = {SR_APIAKEYLO_EL1, SR_APIBKEYLO_EL1, SR_APDAKEYLO_EL1,
                                     SR_APDBKEYLO_EL1};
    struct a64 *cpu = a64_of(x);
    struct layout y = layout(cpu, a);
    uint32_t k = (uint32_t)(c & 3);
    (void)d;
    if (c & A64_PAC_STRIP)
        return extended(&y, a, y.two ? a >> 55 & 1 : 0);
    if (!(c & A64_PAC_GENERIC) && !cpu->user && !(a64_sctlr(cpu) & enable[k]))
        return a;
    if (!cpu->user)
        check(cpu);
    if (c & A64_PAC_GENERIC)
        return code(a, b, cpu->sr[SR_APGAKEYLO_EL1], cpu->sr[SR_APGAKEYHI_EL1]) &
               0xffffffff00000000ull;
    if (c & A64_PAC_AUT)
        return authenticate(&y, a, b, &cpu->sr[keys[k]], k & A64_PAC_B);
    return add(&y, a, b, &cpu->sr[keys[k]]);
}
