/* SPDX-License-Identifier: MIT */
/* pmp.c - physical memory protection, 16 entries.
 * The RISC-V Instruction Set Manual, volume II: 3.7.
 *
 * The grain is 8 bytes (G = 1, so NA4 cannot be chosen): no aligned access of the base ISA
 * can then straddle two grains. Each entry's byte range is worked out when it is written.
 * Not modelled: Smepmp; a misaligned access is checked by the grain it begins in.
 */
#include "rv.h"

#define PMP_R 1u
#define PMP_W 2u
#define PMP_X 4u
#define PMP_A 0x18u
#define PMP_L 0x80u
enum { OFF, TOR, NA4, NAPOT };
#define ADDR_MASK ((1ull << 54) - 1)

static uint32_t mode_of(const struct rv *c, uint32_t i)
{
    return c->pmpcfg[i] >> 3 & 3;
}

static void range(const struct rv *c, uint32_t i, uint64_t *lo, uint64_t *hi)
{
    uint64_t a = c->pmpaddr[i];
    *lo = 1; /* nothing */
    *hi = 0;
    if (mode_of(c, i) == TOR) {
        uint64_t from = i ? c->pmpaddr[i - 1] & ~1ull : 0, to = a & ~1ull;
        if (from < to) {
            *lo = from << 2;
            *hi = (to << 2) - 1;
        }
    } else if (mode_of(c, i) == NAPOT) {
        uint64_t ones = (a | 1) ^ ((a | 1) + 1); /* the trailing ones and the zero above them */
        *lo = (a & ~ones & ADDR_MASK) << 2;
        *hi = *lo + ((ones & ADDR_MASK) << 2 | 3);
    }
}

void rv_pmp_update(struct rv *c)
{
    c->pmp_used = 0;
    for (uint32_t i = 0; i < RV_PMP_ENTRIES; i++) {
        range(c, i, &c->pmp_lo[i], &c->pmp_hi[i]);
        if (c->pmp_lo[i] <= c->pmp_hi[i])
            c->pmp_used |= 1ull << i;
    }
    rv_flush(c);
}

uint64_t rv_pmpcfg_read(struct rv *c, uint32_t n)
{
    uint64_t v = 0;
    for (uint32_t k = 0; k < 8; k++)
        v |= (uint64_t)c->pmpcfg[n * 4 + k] << (8 * k);
    return v;
}

/* W without R is reserved: the bit does not stick. NA4 does not exist at this grain. */
void rv_pmpcfg_write(struct rv *c, uint32_t n, uint64_t v)
{
    for (uint32_t k = 0; k < 8; k++) {
        uint8_t *cfg = &c->pmpcfg[n * 4 + k];
        uint8_t b = (uint8_t)(v >> (8 * k)) & (PMP_L | PMP_A | PMP_X | PMP_W | PMP_R);
        if (*cfg & PMP_L)
            continue;
        if ((b & PMP_W) && !(b & PMP_R))
            b &= (uint8_t)~PMP_W;
        if ((b >> 3 & 3) == NA4)
            b = (uint8_t)((b & ~PMP_A) | (*cfg & PMP_A));
        *cfg = b;
    }
    rv_pmp_update(c);
}

/* With G = 1, bit 0 reads as 0 for OFF and TOR (3.7.1, address matching). */
uint64_t rv_pmpaddr_read(struct rv *c, uint32_t n)
{
    return mode_of(c, n) == NAPOT ? c->pmpaddr[n] : c->pmpaddr[n] & ~1ull;
}

void rv_pmpaddr_write(struct rv *c, uint32_t n, uint64_t v)
{
    int locked = c->pmpcfg[n] & PMP_L;
    if (n + 1 < RV_PMP_ENTRIES && (c->pmpcfg[n + 1] & PMP_L) && mode_of(c, n + 1) == TOR)
        locked = 1; /* it is the next one's lower bound */
    if (locked)
        return;
    c->pmpaddr[n] = v & ADDR_MASK;
    rv_pmp_update(c);
}

uint32_t rv_pmp_check(const struct rv *c, uint64_t pa, uint32_t n, uint32_t priv, int *whole)
{
    const uint32_t all = XL_PROT_R | XL_PROT_W | XL_PROT_X;
    uint64_t first = pa & ~(uint64_t)XL_PAGE_MASK, last = first | XL_PAGE_MASK;
    *whole = 1;
    if (!(c->isa & RV_BIT(PMP)))
        return all;
    for (uint64_t left = c->pmp_used; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (c->pmp_lo[i] > last || c->pmp_hi[i] < first)
            continue;
        if (c->pmp_lo[i] > first || c->pmp_hi[i] < last)
            *whole = 0;
        if (c->pmp_lo[i] > pa + n - 1 || c->pmp_hi[i] < pa)
            continue;
        if (c->pmp_lo[i] > pa || c->pmp_hi[i] < pa + n - 1)
            return 0; /* a partial match fails */
        if (priv == RV_PRIV_M && !(c->pmpcfg[i] & PMP_L))
            return all;
        return (c->pmpcfg[i] & PMP_R ? XL_PROT_R : 0) | (c->pmpcfg[i] & PMP_W ? XL_PROT_W : 0) |
               (c->pmpcfg[i] & PMP_X ? XL_PROT_X : 0);
    }
    return priv == RV_PRIV_M ? all : 0;
}
