/* SPDX-License-Identifier: MIT */
/* mmu.c - address translation: bare, Sv39, Sv48, Sv57.
 * The RISC-V Instruction Set Manual, volume II: 12.1.11 (satp), 12.2.1 (SFENCE.VMA), 12.3 to
 * 12.6 (page tables), 3.1.6.3 (MPRV), 15 (Svade, Svadu), 3.7 (PMP applies to page tables too).
 *
 * A context of the software TLB is all of satp and the state that decides what a data access
 * may do. Fetches share the context; where MPRV makes data accesses differ from them, a walk
 * grants only the kind it was asked for.
 * A superpage lies in many entries: the engine widens a flush by address where it has to.
 * Not modelled: Svnapot, Svpbmt (their bits fault as reserved).
 */
#include "rv.h"

#define PTE_V 1u
#define PTE_R 2u
#define PTE_W 4u
#define PTE_X 8u
#define PTE_U 16u
#define PTE_A 64u
#define PTE_D 128u
#define PTE_PPN(pte) ((pte) >> 10 & ((1ull << 44) - 1))
#define PTE_RESERVED (0x3ffull << 54)
#define SATP_MODE(v) ((v) >> 60)
#define SATP_ASID (0xffffull << 44)
#define SATP_PPN(v) ((v) & ((1ull << 44) - 1))
#define PA_BITS 56

/* Privilege of a data access (MPRV). */
static uint32_t data_priv(const struct rv *c)
{
    if (c->mstatus & MSTATUS_MPRV)
        return (uint32_t)((c->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT);
    return (uint32_t)c->priv;
}

void rv_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k)
{
    const struct rv *c = rv_of(x);
    uint32_t data = data_priv(c);
    int translated = data < RV_PRIV_M || c->priv < RV_PRIV_M;
    k->a = translated ? c->satp : 0;
    k->b = c->priv | (uint64_t)data << 2 | 16;
    if (data < RV_PRIV_M)
        k->b |= c->mstatus & (MSTATUS_SUM | MSTATUS_MXR);
}

static int page_fault(uint32_t access)
{
    return access == XL_R ? RV_E_LOAD_PAGE : access == XL_W ? RV_E_STORE_PAGE : RV_E_FETCH_PAGE;
}

static int access_fault(uint32_t access)
{
    return access == XL_R ? RV_E_LOAD : access == XL_W ? RV_E_STORE : RV_E_FETCH;
}

static uint32_t prot_of(uint32_t access)
{
    return access == XL_R ? XL_PROT_R : access == XL_W ? XL_PROT_W : XL_PROT_X;
}

/* What a leaf lets `priv` do, A and D left aside. */
static uint32_t leaf_prot(const struct rv *c, uint64_t pte, uint32_t priv)
{
    uint32_t p = 0, r = pte & PTE_R || ((c->mstatus & MSTATUS_MXR) && (pte & PTE_X));
    if (priv == RV_PRIV_U && !(pte & PTE_U))
        return 0;
    if (r)
        p |= XL_PROT_R;
    if (pte & PTE_W)
        p |= XL_PROT_W;
    if (priv == RV_PRIV_S && (pte & PTE_U))
        return c->mstatus & MSTATUS_SUM ? p : 0; /* never executes */
    return pte & PTE_X ? p | XL_PROT_X : p;
}

/* Set A, and D for a store, in a leaf at `at`. 0, a fault, or -1 to read the entry again. */
static int set_ad(struct rv *c, uint64_t at, uint64_t *pte, uint32_t access)
{
    uint64_t want = *pte | PTE_A | (access == XL_W ? PTE_D : 0), seen = *pte;
    int whole;
    if (want == *pte)
        return 0;
    if (!(c->menvcfg & MENVCFG_ADUE))
        return page_fault(access);
    if (!(rv_pmp_check(c, at, 8, RV_PRIV_S, &whole) & XL_PROT_W))
        return access_fault(access);
    if (xl_phys_cas(&c->x, at, 8, &seen, want) != PB_OK)
        return access_fault(access);
    if (seen != *pte)
        return -1;
    *pte = want;
    return 0;
}

struct leaf {
    uint64_t pte, at;
    uint32_t bits;
};

/* The checks that end the walk at a leaf (12.3.2 steps 5 to 8), then *w. */
static int finish(struct rv *c, const struct leaf *f, uint64_t va, uint32_t access,
                  uint32_t priv, uint32_t probe, struct xl_walk *w)
{
    uint64_t pte = f->pte, low = (1ull << f->bits) - 1;
    uint32_t prot = leaf_prot(c, pte, priv);
    if (!(prot & prot_of(access)) || (PTE_PPN(pte) << 12 & low))
        return page_fault(access);
    if (!probe) {
        int r = set_ad(c, f->at, &pte, access);
        if (r)
            return r;
    }
    if (!(pte & PTE_D))
        prot &= ~XL_PROT_W;
    w->pa = (PTE_PPN(pte) << 12 & ~low) | (va & low);
    w->prot = prot | (probe ? prot_of(access) : 0);
    w->bits = f->bits;
    return 0;
}

/* One try; -1: an entry changed under it, try again. */
static int walk_once(struct rv *c, uint64_t va, uint32_t access, uint32_t priv, uint32_t probe,
                     struct xl_walk *w)
{
    uint32_t levels = (uint32_t)SATP_MODE(c->satp) - 5, va_bits = 12 + 9 * levels;
    uint64_t table = SATP_PPN(c->satp) << 12;
    int64_t top = (int64_t)(va << (64 - va_bits)) >> (64 - va_bits);
    if ((uint64_t)top != va)
        return page_fault(access);
    for (uint32_t level = levels; level-- > 0;) {
        struct leaf f = {.bits = 12 + 9 * level};
        int whole;
        f.at = table + (va >> f.bits & 511) * 8;
        if (!(rv_pmp_check(c, f.at, 8, RV_PRIV_S, &whole) & XL_PROT_R) ||
            xl_phys_ld(&c->x, f.at, 8, &f.pte) != PB_OK)
            return access_fault(access);
        if (!(f.pte & PTE_V) || (!(f.pte & PTE_R) && (f.pte & PTE_W)) ||
            (f.pte & PTE_RESERVED))
            return page_fault(access);
        if (f.pte & (PTE_R | PTE_X))
            return finish(c, &f, va, access, priv, probe, w);
        if (f.pte & (PTE_A | PTE_D | PTE_U))
            return page_fault(access);
        table = PTE_PPN(f.pte) << 12;
    }
    return page_fault(access);
}

/* Physical protection on top; grants only what holds for the whole page, unless uncached. */
static int protect(struct rv *c, uint32_t access, uint32_t priv, struct xl_walk *w)
{
    int whole;
    if (w->pa >> PA_BITS)
        return access_fault(access);
    w->prot &= rv_pmp_check(c, w->pa, 1, priv, &whole);
    w->uncached = !whole;
    if (!(w->prot & prot_of(access)))
        return access_fault(access);
    return 0;
}

int rv_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe, struct xl_walk *w)
{
    struct rv *c = rv_of(x);
    uint32_t data = data_priv(c), priv = access == XL_X ? (uint32_t)c->priv : data;
    *w = (struct xl_walk){0};
    if (c->user) {
        *w = (struct xl_walk){.pa = va, .prot = XL_PROT_R | XL_PROT_W | XL_PROT_X, .bits = 12};
        return 0;
    }
    if (priv == RV_PRIV_M || SATP_MODE(c->satp) == 0) {
        w->pa = va;
        w->prot = XL_PROT_R | XL_PROT_W | XL_PROT_X;
        w->bits = 12;
    } else {
        int r = -1;
        for (uint32_t tries = 0; r == -1 && tries < 1000; tries++)
            r = walk_once(c, va, access, priv, probe, w);
        if (r)
            return r == -1 ? page_fault(access) : r;
    }
    int r = protect(c, access, priv, w);
    if (r)
        return r;
    if (data != c->priv) /* the other kinds are another privilege's */
        w->prot &= access == XL_X ? XL_PROT_X : XL_PROT_R | XL_PROT_W;
    return 0;
}

/* ---- Fences ------------------------------------------------------------------------------ */

void rv_flush(struct rv *c)
{
    if (c->x.run)
        xl_tlb_flush(&c->x, NULL, NULL, 0, 1);
}

uint64_t rv_sfence(struct xl_vcpu *x, uint64_t va, uint64_t asid, uint64_t what, uint64_t raw)
{
    static const struct xl_ctxkey mask = {.a = SATP_ASID, .b = 0};
    struct rv *c = rv_of(x);
    struct xl_ctxkey want = {.a = asid << 44 & SATP_ASID, .b = 0};
    xl_sync(x);
    if (c->priv == RV_PRIV_U || (c->priv == RV_PRIV_S && (c->mstatus & MSTATUS_TVM)))
        rv_raise(c, RV_E_ILLEGAL, raw);
    if (!what) {
        rv_flush(c);
        return 0;
    }
    uint32_t all = !(what & RV_SFENCE_VA);
    if (what & RV_SFENCE_ASID)
        xl_tlb_flush(x, &want, &mask, va, all);
    else
        xl_tlb_flush(x, NULL, NULL, va, all);
    return 0;
}
