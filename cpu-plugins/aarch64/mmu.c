/* SPDX-License-Identifier: MIT */
/* mmu.c - address translation: both stages, all granules.
 * DDI 0487: D8 (VMSAv8-64), D19.2 (TCR_ELx, TTBRx_ELx, VTCR_EL2), D8.2.12 (contiguous bit: a
 * hint that need not be taken), D8.5 (hardware updates), D8.4 (permissions, PAN, WXN).
 *
 * A context of the software TLB is all of TTBR0, TTBR1 and VTTBR, by a number that stands for
 * the three, and the level, PAN and identifiers. What else decides (TCR, SCTLR, HCR) flushes
 * when it changes. Both stages are one entry.
 * Not modelled: memory types (Device memory's alignment), 52-bit addresses, stage 2 of tables
 * in Device memory (HCR_EL2.PTW).
 */
#include "mmu.h"

#include "except.h"

#include <stdlib.h>

enum { F_SIZE = 0x00, F_TRANSLATION = 0x04, F_ACCESS = 0x08, F_PERMISSION = 0x0c, F_ABORT = 0x14 };
#define S1PTW 0x80
#define AGAIN (-1)

#define PTE_VALID 1u
#define PTE_TABLE 2u
#define PTE_NS (1ull << 5)
#define PTE_USER (1ull << 6)
#define PTE_RO (1ull << 7)
#define PTE_AF (1ull << 10)
#define PTE_DBM (1ull << 51)
#define PTE_PXN (1ull << 53)
#define PTE_UXN (1ull << 54)
#define PTE_T_PXN (1ull << 59)
#define PTE_T_UXN (1ull << 60)
#define PTE_T_NOUSER (1ull << 61)
#define PTE_T_RO (1ull << 62)
#define PTE_T_NS (1ull << 63)
#define S2_R (1ull << 6)
#define S2_W (1ull << 7)
#define OUT_MASK (((1ull << 48) - 1) & ~0xfffull)

/* One stage's tables. */
struct tables {
    uint64_t base;
    uint32_t g;        /* log2 of the granule */
    uint32_t in_bits;  /* of input addresses */
    uint32_t out_bits; /* of output addresses */
    uint32_t start;    /* first level */
    uint32_t ha, hd, hpd;
};

struct leaf {
    uint64_t pte, at, tables; /* tables: the hierarchical bits of all levels */
    uint32_t level, bits;
};

static uint32_t pa_bits(const struct a64 *c, uint32_t ps)
{
    static const uint8_t bits[8] = {32, 36, 40, 42, 44, 48, 48, 48};
    uint32_t max = (uint32_t)(c->sr[SR_ID_AA64MMFR0_EL1] & 7);
    return bits[ps < max ? ps : max];
}

/* ---- Which tables --------------------------------------------------------------------------- */

static int two_ranges(const struct a64 *c, uint32_t regime)
{
    return regime == 1 || (regime == 2 && c->sr[SR_HCR_EL2] & HCR_E2H);
}

static uint64_t tcr_of(const struct a64 *c, uint32_t regime)
{
    return c->sr[regime == 1 ? SR_TCR_EL1 : regime == 2 ? SR_TCR_EL2 : SR_TCR_EL3];
}

static int top_byte_ignored(const struct a64 *c, uint32_t regime, uint64_t va)
{
    uint64_t tcr = tcr_of(c, regime);
    if (!two_ranges(c, regime))
        return (int)(tcr >> 20 & 1);
    return (int)(tcr >> (va >> 55 & 1 ? 38 : 37) & 1);
}

static uint64_t strip(const struct a64 *c, uint32_t regime, uint64_t va)
{
    if (!top_byte_ignored(c, regime, va))
        return va;
    if (two_ranges(c, regime))
        return (uint64_t)((int64_t)(va << 8) >> 8);
    return va << 8 >> 8;
}

uint64_t a64_untag(const struct a64 *c, uint64_t va)
{
    return strip(c, a64_regime(c), va);
}

static uint32_t granule(uint32_t tg, uint32_t upper)
{
    static const uint8_t tg0[4] = {12, 16, 14, 12}, tg1[4] = {12, 14, 12, 16};
    return upper ? tg1[tg] : tg0[tg];
}

/* Tables of stage 1 for va, already without its tag. 0, or a fault. */
static int stage1_tables(const struct a64 *c, uint32_t regime, uint32_t el, uint64_t va,
                         struct tables *t)
{
    uint64_t tcr = tcr_of(c, regime), ttbr, rest;
    uint32_t two = (uint32_t)two_ranges(c, regime), upper = two ? va >> 55 & 1 : 0, sz, stride;
    sz = (uint32_t)(tcr >> (upper ? 16 : 0) & 63);
    t->g = granule((uint32_t)(tcr >> (upper ? 30 : 14) & 3), upper);
    t->out_bits = pa_bits(c, (uint32_t)(tcr >> (two ? 32 : 16) & 7));
    t->ha = (uint32_t)(tcr >> (two ? 39 : 21) & 1) && c->isa & A64_BIT(HAFDBS);
    t->hd = t->ha && (tcr >> (two ? 40 : 22) & 1);
    t->hpd = (uint32_t)(tcr >> (two ? 41 + upper : 24) & 1) && c->isa & A64_BIT(HPDS);
    ttbr = c->sr[regime == 3 ? SR_TTBR0_EL3
                             : (regime == 1 ? SR_TTBR0_EL1 : SR_TTBR0_EL2) + upper];
    if (two && tcr >> (upper ? 23 : 7) & 1) /* EPDx */
        return F_TRANSLATION;
    if (two && el == 0 && c->isa & A64_BIT(E0PD) && tcr >> (upper ? 56 : 55) & 1)
        return F_TRANSLATION;
    if (sz < 16 || sz > 39)
        return F_TRANSLATION;
    t->in_bits = 64 - sz;
    rest = upper ? ~va : va;
    if (rest >> t->in_bits)
        return F_TRANSLATION;
    stride = t->g - 3;
    t->start = 4 - (t->in_bits - t->g + stride - 1) / stride;
    t->base = ttbr;
    return 0;
}

static int stage2_tables(const struct a64 *c, struct tables *t)
{
    uint64_t v = c->sr[SR_VTCR_EL2];
    uint32_t sl0 = (uint32_t)(v >> 6 & 3), sz = (uint32_t)(v & 63), top, low;
    t->g = granule((uint32_t)(v >> 14 & 3), 0);
    t->out_bits = pa_bits(c, (uint32_t)(v >> 16 & 7));
    t->ha = (uint32_t)(v >> 21 & 1) && c->isa & A64_BIT(HAFDBS);
    t->hd = t->ha && (v >> 22 & 1);
    t->hpd = 1;
    if (sz < 16 || sz > 39 || sl0 == 3)
        return F_TRANSLATION;
    t->in_bits = 64 - sz;
    t->start = (t->g == 12 ? 2 : 3) - sl0;
    low = t->g + (3 - t->start) * (t->g - 3); /* of the first level's index */
    top = low + t->g - 3 + 4;                 /* up to 16 tables side by side */
    if (t->in_bits <= low || t->in_bits > top)
        return F_TRANSLATION;
    t->base = c->sr[SR_VTTBR_EL2];
    return 0;
}

/* ---- The walk ------------------------------------------------------------------------------- */

static int stage2(struct a64 *c, const struct a64_at *at, uint64_t ipa, uint32_t access,
                  uint32_t s1ptw, struct a64_pa *r);

/* Where a table entry really is: tables of stage 1 lie in intermediate addresses. */
static int table_at(struct a64 *c, const struct a64_at *at, uint64_t *pa)
{
    struct a64_pa r;
    int rc;
    if (!at->stage2)
        return 0;
    rc = stage2(c, at, *pa, XL_R, 1, &r);
    if (rc == 0)
        *pa = r.pa;
    return rc;
}

/* Find the leaf for `in`; `at` of NULL: stage 2's own tables. 0, or a fault of this stage, or
 * one of the other with A64_FAULT_STAGE2. */
static int find_leaf(struct a64 *c, const struct a64_at *at, const struct tables *t, uint64_t in,
                     struct leaf *f)
{
    uint32_t stride = t->g - 3, bits = t->in_bits;
    uint32_t size = 3 + t->in_bits - (t->g + (3 - t->start) * stride);
    uint64_t table = t->base & ((1ull << 48) - 2) & ~((1ull << (size < 4 ? 4 : size)) - 1);
    f->tables = 0;
    if (t->out_bits < 48 && table >> t->out_bits)
        return F_SIZE;
    for (f->level = t->start;; f->level++) {
        uint32_t shift = t->g + (3 - f->level) * stride;
        int rc;
        f->at = table + ((in & ((bits == 64 ? 0 : 1ull << bits) - 1)) >> shift) * 8;
        f->bits = shift;
        if (at && (rc = table_at(c, at, &f->at)) != 0)
            return rc;
        if (xl_phys_ld(&c->x, f->at, 8, &f->pte) != PB_OK)
            return F_ABORT | (int)f->level;
        if (!(f->pte & PTE_VALID) || (f->level == 3 && !(f->pte & PTE_TABLE)))
            return F_TRANSLATION | (int)f->level;
        table = f->pte & OUT_MASK & ~((1ull << t->g) - 1);
        if (t->out_bits < 48 && table >> t->out_bits)
            return F_SIZE | (int)f->level;
        if (f->level == 3)
            return 0;
        if (!(f->pte & PTE_TABLE)) {
            if (f->level == 0 || (t->g != 12 && f->level == 1))
                return F_TRANSLATION | (int)f->level;
            return 0;
        }
        if (f->pte & PTE_T_NS)
            c->x.attrs = 0;
        if (!t->hpd)
            f->tables |= f->pte & (PTE_T_PXN | PTE_T_UXN | PTE_T_NOUSER | PTE_T_RO);
        bits = shift;
    }
}

/* Set bits of a leaf in memory; AGAIN: it changed meanwhile. */
static int update(struct a64 *c, struct leaf *f, uint64_t to)
{
    uint64_t seen = f->pte;
    if (xl_phys_cas(&c->x, f->at, 8, &seen, to) != PB_OK)
        return F_ABORT | (int)f->level;
    if (seen != f->pte)
        return AGAIN;
    f->pte = to;
    return 0;
}

/* Access flag, then the dirty state (writable if the hardware may make it so). */
static int flags(struct a64 *c, const struct tables *t, struct leaf *f, uint32_t access,
                 uint32_t probe, uint64_t ro, uint64_t ro_value)
{
    uint64_t to = f->pte;
    if (!(f->pte & PTE_AF) && !t->ha)
        return F_ACCESS | (int)f->level;
    if (probe)
        return 0;
    to |= PTE_AF;
    if (access == XL_W && t->hd && f->pte & PTE_DBM && (f->pte & ro) == ro_value)
        to ^= ro;
    return to == f->pte ? 0 : update(c, f, to);
}

static uint32_t need(uint32_t access)
{
    return access == XL_R ? XL_PROT_R : access == XL_W ? XL_PROT_W : XL_PROT_X;
}

/* ---- Stage 2 -------------------------------------------------------------------------------- */

static uint32_t stage2_prot(const struct a64 *c, uint64_t pte, uint32_t el)
{
    uint32_t p = (pte & S2_R ? XL_PROT_R : 0) | (pte & S2_W ? XL_PROT_W : 0);
    uint32_t xn = (uint32_t)(pte >> 53 & 3);
    if (!(c->isa & A64_BIT(XNX)))
        xn &= 2;
    if (xn == 0 || (xn == 1 && el == 0) || (xn == 3 && el == 1))
        p |= XL_PROT_X;
    return p;
}

static int stage2_once(struct a64 *c, const struct a64_at *at, uint64_t ipa, uint32_t access,
                       struct a64_pa *r)
{
    struct tables t;
    struct leaf f;
    uint64_t low;
    int rc = stage2_tables(c, &t);
    if (rc == 0 && ipa >> t.in_bits)
        rc = F_TRANSLATION;
    if (rc == 0)
        rc = find_leaf(c, NULL, &t, ipa, &f);
    if (rc)
        return rc;
    low = (1ull << f.bits) - 1;
    r->prot = stage2_prot(c, f.pte, at->el);
    if (access == XL_W && t.hd && f.pte & PTE_DBM)
        r->prot |= XL_PROT_W;
    rc = f.pte & PTE_AF || t.ha ? 0 : F_ACCESS | (int)f.level;
    if (rc == 0 && !(r->prot & need(access)))
        rc = F_PERMISSION | (int)f.level;
    if (rc == 0)
        rc = flags(c, &t, &f, access, at->probe, S2_W, 0);
    if (rc)
        return rc;
    r->pa = (f.pte & OUT_MASK & ~low) | (ipa & low);
    r->bits = f.bits;
    return 0;
}

static int stage2(struct a64 *c, const struct a64_at *at, uint64_t ipa, uint32_t access,
                  uint32_t s1ptw, struct a64_pa *r)
{
    int rc = AGAIN;
    for (uint32_t tries = 0; rc == AGAIN && tries < 1000; tries++)
        rc = stage2_once(c, at, ipa, access, r);
    if (rc == 0)
        return 0;
    if (!at->probe)
        c->fault_ipa = ipa;
    return (rc == AGAIN ? F_ABORT : rc) | A64_FAULT_STAGE2 | (s1ptw ? S1PTW : 0);
}

/* ---- Stage 1 -------------------------------------------------------------------------------- */

static uint64_t sctlr_of(const struct a64 *c, uint32_t regime)
{
    return c->sr[regime == 1 ? SR_SCTLR_EL1 : regime == 2 ? SR_SCTLR_EL2 : SR_SCTLR_EL3];
}

/* Is stage 1 on? EL0 below a TGE without E2H and guests under DC have it off. */
static int stage1_on(const struct a64 *c, uint32_t regime)
{
    uint64_t hcr = a64_hcr(c);
    if (regime == 1 && (hcr & HCR_DC || (hcr & (HCR_TGE | HCR_E2H)) == HCR_TGE))
        return 0;
    return (int)(sctlr_of(c, regime) & SCTLR_M);
}

static uint32_t leaf_prot(const struct a64 *c, const struct a64_at *at, const struct tables *t,
                          const struct leaf *f)
{
    uint64_t pte = f->pte, wxn = sctlr_of(c, at->regime) & SCTLR_WXN;
    int user = pte & PTE_USER && !(f->tables & PTE_T_NOUSER);
    int ro = pte & PTE_RO || f->tables & PTE_T_RO;
    int uxn = pte & PTE_UXN || f->tables & PTE_T_UXN, pxn = pte & PTE_PXN || f->tables & PTE_T_PXN;
    uint32_t p = 0;
    if (at->access == XL_W && t->hd && pte & PTE_DBM && !(f->tables & PTE_T_RO))
        ro = 0; /* the hardware makes it writable */
    if (!two_ranges(c, at->regime)) {
        p = XL_PROT_R | (ro ? 0 : XL_PROT_W) | (uxn ? 0 : XL_PROT_X);
    } else if (at->el == 0) {
        if (user)
            p = XL_PROT_R | (ro ? 0 : XL_PROT_W);
        p |= uxn ? 0 : XL_PROT_X;
    } else {
        if (!(at->pan && user))
            p = XL_PROT_R | (ro ? 0 : XL_PROT_W);
        p |= pxn || (user && !ro) ? 0 : XL_PROT_X;
        if (user && !ro && wxn)
            p &= ~XL_PROT_X;
    }
    return wxn && p & XL_PROT_W ? p & ~XL_PROT_X : p;
}

/* Accesses of a Secure regime are Secure until a table, or the page, says otherwise (D8.4.5); all
 * others never are. */
static uint32_t attrs_of(const struct a64 *c, uint32_t regime)
{
    return (regime == 3 || (regime == 1 && a64_below_secure(c))) ? PB_TXN_SECURE : 0;
}

static int stage1_once(struct a64 *c, const struct a64_at *at, uint64_t va, struct a64_pa *r)
{
    struct tables t;
    struct leaf f;
    uint64_t low;
    int rc = stage1_tables(c, at->regime, at->el, va, &t);
    c->x.attrs = attrs_of(c, at->regime);
    if (rc == 0)
        rc = find_leaf(c, at, &t, va, &f);
    if (rc)
        return rc;
    low = (1ull << f.bits) - 1;
    r->prot = leaf_prot(c, at, &t, &f);
    rc = f.pte & PTE_AF || t.ha ? 0 : F_ACCESS | (int)f.level;
    if (rc == 0 && !(r->prot & need(at->access)))
        rc = F_PERMISSION | (int)f.level;
    if (rc == 0)
        rc = flags(c, &t, &f, at->access, at->probe, PTE_RO, PTE_RO);
    if (rc)
        return rc;
    r->pa = (f.pte & OUT_MASK & ~low) | (va & low);
    r->bits = f.bits;
    r->leaf = f.pte;
    if (f.pte & PTE_NS)
        c->x.attrs = 0;
    return 0;
}

/* With translation off, addresses are physical. */
static int flat(const struct a64 *c, uint64_t va, struct a64_pa *r)
{
    *r = (struct a64_pa){va, 0, XL_PROT_R | XL_PROT_W | XL_PROT_X, 12};
    return va >> pa_bits(c, 7) ? F_SIZE : 0;
}

int a64_translate_va(struct a64 *c, const struct a64_at *at, struct a64_pa *r)
{
    uint64_t va = strip(c, at->regime, at->va);
    struct a64_pa s2;
    int rc = AGAIN;
    if (stage1_on(c, at->regime)) {
        for (uint32_t tries = 0; rc == AGAIN && tries < 1000; tries++)
            rc = stage1_once(c, at, va, r);
        if (rc == AGAIN)
            rc = F_ABORT;
    } else {
        rc = flat(c, va, r);
        c->x.attrs = attrs_of(c, at->regime);
    }
    if (rc || !at->stage2 || at->s1_only)
        return rc;
    rc = stage2(c, at, r->pa, at->access, 0, &s2);
    r->pa = s2.pa;
    r->prot &= s2.prot;
    return rc;
}

/* ---- For the engine ------------------------------------------------------------------------- */

static int stage2_on(const struct a64 *c, uint32_t regime)
{
    return regime == 1 && a64_hcr(c) & (HCR_VM | HCR_DC) && !(a64_hcr(c) & HCR_TGE);
}

int a64_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe, struct xl_walk *w)
{
    struct a64 *c = a64_of(x);
    uint32_t regime = a64_regime(c);
    struct a64_at at = {.va = va, .access = access, .probe = probe, .regime = regime,
                        .el = c->unpriv && access != XL_X ? 0 : a64_el(c),
                        .stage2 = (uint32_t)stage2_on(c, regime),
                        .pan = (c->pstate & PS_PAN) != 0};
    struct a64_pa r = {0, 0, 0, 12};
    if (c->user) {
        *w = (struct xl_walk){.pa = va, .prot = XL_PROT_R | XL_PROT_W | XL_PROT_X, .bits = 12};
        return 0;
    }
    int rc = a64_translate_va(c, &at, &r);
    *w = (struct xl_walk){.pa = r.pa, .prot = r.prot, .bits = r.bits < 12 ? 12 : r.bits};
    if (rc == 0 && va != strip(c, regime, va))
        c->x.tagged = 1;
    if (probe)
        w->prot |= need(access);
    return rc;
}

#define SPACES 32u
struct a64_spaces {
    struct { uint64_t t0, t1, vt, id; } e[SPACES];
    uint64_t next;
    uint32_t last, turn;
};

int a64_mmu_init(struct a64 *c)
{
    c->spaces = calloc(1, sizeof *c->spaces);
    if (!c->spaces)
        return PB_ENOMEM;
    c->spaces->next = 1;
    return PB_OK;
}

void a64_mmu_fini(struct a64 *c)
{
    free(c->spaces);
    c->spaces = NULL;
}

/* A number that no other triple of roots ever had. */
static uint64_t space(struct a64_spaces *s, uint64_t t0, uint64_t t1, uint64_t vt)
{
    for (uint32_t i = 0; i < SPACES; i++) {
        uint32_t k = (s->last + i) % SPACES;
        if (s->e[k].id && s->e[k].t0 == t0 && s->e[k].t1 == t1 && s->e[k].vt == vt) {
            s->last = k;
            return s->e[k].id;
        }
    }
    s->last = s->turn++ % SPACES;
    s->e[s->last].t0 = t0;
    s->e[s->last].t1 = t1;
    s->e[s->last].vt = vt;
    s->e[s->last].id = s->next++;
    return s->e[s->last].id;
}

static uint64_t asid(const struct a64 *c, uint32_t regime)
{
    uint64_t tcr = tcr_of(c, regime), ttbr;
    if (!two_ranges(c, regime))
        return 0;
    ttbr = c->sr[(regime == 1 ? SR_TTBR0_EL1 : SR_TTBR0_EL2) + (tcr >> 22 & 1)];
    return ttbr >> 48 & (tcr >> 36 & 1 ? 0xffff : 0xff);
}

uint64_t a64_vmid(const struct a64 *c)
{
    uint64_t v = c->sr[SR_VTTBR_EL2] >> 48;
    return a64_el2_enabled(c) ? c->sr[SR_VTCR_EL2] >> 19 & 1 ? v : v & 0xff : 0;
}

void a64_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k)
{
    struct a64 *c = a64_of(x);
    uint32_t regime, el;

    if (c->user) { /* one address space */
        *k = (struct xl_ctxkey){0};
        return;
    }
    regime = a64_regime(c);
    el = c->unpriv ? 0 : a64_el(c);
    uint64_t t0 = c->sr[regime == 1 ? SR_TTBR0_EL1 : regime == 2 ? SR_TTBR0_EL2 : SR_TTBR0_EL3];
    uint64_t t1 = regime == 3 ? 0 : c->sr[regime == 1 ? SR_TTBR1_EL1 : SR_TTBR1_EL2];
    uint64_t vt = stage2_on(c, regime) ? c->sr[SR_VTTBR_EL2] : 0;
    k->a = space(c->spaces, t0, t1, vt);
    k->b = regime | el << 2 | (c->pstate & PS_PAN ? 16 : 0) |
           (uint64_t)a64_below_secure(c) << 5 | asid(c, regime) << 16;
    if (regime == 1)
        k->b |= a64_vmid(c) << 32;
}

/* LDTR and STTR: as EL0 of the same regime. Space, PAN, ASID and VMID stay as they are. */
void a64_beside(struct xl_vcpu *x, uint32_t on)
{
    a64_of(x)->unpriv = on;
}

void a64_flush(struct a64 *c)
{
    if (c->x.run)
        xl_tlb_flush(&c->x, NULL, NULL, 0, 1);
}
