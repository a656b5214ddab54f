/* SPDX-License-Identifier: MIT */
/* helpers-int.c - integer instructions without an IR operation: CRC32, 128-bit exclusive
 * accesses and CASP, CLREX.
 * DDI 0487: C6.2, D19.2 (BitReverse, Poly32Mod2), B2.9.
 */
#include "helpers.h"

#include "run/priv.h"

/* ---- CRC32 (reflected) ---------------------------------------------------------------------- */

static uint32_t crc_table[2][256];

static void make_tables(void)
{
    static const uint32_t poly[2] = {0xedb88320, 0x82f63b78};
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t v = i;
            for (uint32_t n = 0; n < 8; n++)
                v = v & 1 ? v >> 1 ^ poly[k] : v >> 1;
            crc_table[k][i] = v;
        }
}

void a64_crc_init(void)
{
    make_tables();
}

A64_HELPER_FN(a64_crc32_helper) /* accumulator, value, log2 of its bytes, Castagnoli << 2 */
{
    uint32_t crc = (uint32_t)a;
    const uint32_t *t = crc_table[c >> 2 & 1];
    (void)x, (void)d;
    for (uint32_t n = 1u << (c & 3); n; n--, b >>= 8)
        crc = crc >> 8 ^ t[(crc ^ b) & 0xff];
    return crc;
}

A64_HELPER_FN(a64_clrex_helper)
{
    (void)a, (void)b, (void)c, (void)d;
    x->ll_addr = ~0ull;
    return 0;
}

/* ---- 128 bits at once ----------------------------------------------------------------------- */

__extension__ typedef unsigned __int128 u128;

static u128 pair(uint64_t lo, uint64_t hi)
{
    return (u128)hi << 64 | lo;
}

/* [va] is compared with `expect` and replaced by v; what was there. Plain RAM is done
 * indivisibly, a watched page or a device in two accesses. */
static u128 swap16(struct xl_vcpu *x, uint64_t va, u128 expect, u128 v)
{
    u128 *p, old;
    if (va & 15)
        xl_raise(x, va, XL_W, XL_FAULT_ALIGN);
    xl_probe(x, va, 16, XL_W);
    p = xl_ptr(x, va, 16, XL_W);
    if (p)
        return __sync_val_compare_and_swap(p, expect, v);
    old = pair(xl_ld(x, va, XL_M_SIZE(3)), xl_ld(x, va + 8, XL_M_SIZE(3)));
    if (old == expect) {
        xl_st(x, va, (uint64_t)v, XL_M_SIZE(3));
        xl_st(x, va + 8, (uint64_t)(v >> 64), XL_M_SIZE(3));
    }
    return old;
}

static void set(struct a64 *c, uint32_t n, uint64_t v)
{
    if (n != 31)
        c->gpr[n] = v;
}

static uint64_t get(const struct a64 *c, uint32_t n)
{
    return n == 31 ? 0 : c->gpr[n];
}

/* What was read is checked as a whole by the store. */
A64_HELPER_FN(a64_ldxp_helper) /* address, Rt | Rt2 << 8 */
{
    struct a64 *cpu = a64_of(x);
    uint64_t lo, hi;
    (void)c, (void)d;
    if (a & 15)
        xl_raise(x, a, XL_R, XL_FAULT_ALIGN);
    lo = xl_ld(x, a, XL_M_SIZE(3));
    hi = xl_ld(x, a + 8, XL_M_SIZE(3));
    x->ll_addr = a;
    x->ll_value = lo;
    cpu->ll_hi = hi;
    set(cpu, b & 31, lo);
    set(cpu, b >> 8 & 31, hi);
    return 0;
}

A64_HELPER_FN(a64_stxp_helper) /* address, values; 0: stored */
{
    struct a64 *cpu = a64_of(x);
    u128 seen = pair(x->ll_value, cpu->ll_hi);
    int failed;
    (void)d;
    if (a & 15)
        xl_raise(x, a, XL_W, XL_FAULT_ALIGN);
    failed = x->ll_addr != a || swap16(x, a, seen, pair(b, c)) != seen; /* or it faults */
    x->ll_addr = ~0ull;
    return (uint64_t)failed;
}

A64_HELPER_FN(a64_casp_helper) /* address, Rs | Rt << 8 */
{
    struct a64 *cpu = a64_of(x);
    uint32_t s = b & 31, t = b >> 8 & 31;
    u128 old = swap16(x, a, pair(get(cpu, s), get(cpu, s + 1)), pair(get(cpu, t), get(cpu, t + 1)));
    (void)c, (void)d;
    set(cpu, s, (uint64_t)old);
    set(cpu, s + 1, (uint64_t)(old >> 64));
    return 0;
}
