/* SPDX-License-Identifier: MIT */
/* sysinsn.c - SYS and SYSL: cache maintenance, address translation, TLB maintenance.
 * DDI 0487: C5.3 (cache), C5.4 (AT), C5.5 (TLBI), D8.13.
 *
 * Caches are coherent: cache instructions only check what they would touch. A TLB entry is
 * found by its virtual address, so what is invalidated by intermediate address goes as a whole.
 */
#include "except.h"
#include "helpers.h"
#include "mmu.h"
#include "sysreg.h"

struct sys {
    struct a64 *c;
    uint32_t no, op1, crm, op2, el, rt;
    uint64_t v;
};

static _Noreturn void trap(const struct sys *s, uint32_t el)
{
    a64_raise(s->c, el, A64_EC_SYSREG,
              1u << 20 | s->op2 << 17 | s->op1 << 14 | A64_NO_CRN(s->no) << 10 | s->rt << 5 |
                  s->crm << 1);
}

/* ---- Caches --------------------------------------------------------------------------------- */

/* By virtual address: translated, and 0 when nothing more happens. */
static void by_address(const struct sys *s, uint32_t access)
{
    struct a64 *c = s->c;
    struct xl_walk w;
    if (s->el == 0 || access != XL_R || a64_walk(&c->x, s->v, XL_R, 1, &w) != 0) {
        c->cache_op = 1;
        xl_probe(&c->x, s->v, 1, access);
        c->cache_op = 0;
    }
}

static void zero(const struct sys *s)
{
    uint64_t at = s->v & ~63ull;
    if (s->el == 0 && !(a64_sctlr(s->c) & SCTLR_DZE))
        trap(s, a64_el_for(s->c, 1));
    if (s->el < 2 && a64_hcr(s->c) & HCR_TDZ)
        trap(s, 2);
    for (uint32_t i = 0; i < 64; i += 8)
        xl_st(&s->c->x, at + i, 0, XL_M_SIZE(3));
}

/* From EL0: IC IVAU, DC CVAC, CVAU, CVAP, CIVAC. */
static void check_user(const struct sys *s)
{
    if (s->c->user || s->el)
        return;
    if (!(a64_sctlr(s->c) & SCTLR_UCI))
        trap(s, a64_el_for(s->c, 1));
}

static void check_hyp(const struct sys *s, uint64_t bits)
{
    if (s->el < 2 && !a64_tge_e2h(s->c) && a64_hcr(s->c) & bits)
        trap(s, 2);
}

static int cache(const struct sys *s)
{
    uint32_t k = s->op1 << 8 | s->crm << 4 | s->op2;
    switch (k) {
    case 0x010: /* IC IALLUIS */
    case 0x050: /* IC IALLU */
        check_hyp(s, HCR_TPU);
        return s->el > 0;
    case 0x061: /* DC IVAC */
        check_hyp(s, HCR_TPC);
        if (s->el)
            by_address(s, XL_W);
        return s->el > 0;
    case 0x062: case 0x0a2: case 0x0e2: /* DC ISW, CSW, CISW */
        check_hyp(s, HCR_TSW);
        return s->el > 0;
    case 0x341: zero(s); return 1;
    case 0x351: case 0x3b1: /* IC IVAU, DC CVAU */
        check_user(s);
        check_hyp(s, HCR_TPU);
        if (!s->c->user)
            by_address(s, XL_R);
        else if (k == 0x351) /* no machine: stores do not drop translations */
            xl_code_check(&s->c->x, s->v << 8 >> 8 & ~63ull, 64);
        return 1;
    case 0x3c1: /* DC CVAP */
        if (!(s->c->isa & A64_BIT(DPB)))
            return 0; /* fall through */
    case 0x3a1: case 0x3e1: /* DC CVAC, CIVAC */
        check_user(s);
        check_hyp(s, HCR_TPC);
        if (!s->c->user)
            by_address(s, XL_R);
        return 1;
    default: return 0;
    }
}

/* ---- AT ------------------------------------------------------------------------------------- */

static void at_result(const struct sys *s, int rc, const struct a64_pa *r, uint32_t regime)
{
    uint64_t mair = s->c->sr[regime == 1 ? SR_MAIR_EL1 : regime == 2 ? SR_MAIR_EL2
                                                                      : SR_MAIR_EL3];
    uint64_t v = 1u << 11;
    if (rc) {
        v |= 1 | (uint64_t)(rc & 0x3f) << 1 | (rc & 0x80 ? 1u << 8 : 0) |
             (rc & A64_FAULT_STAGE2 ? 1u << 9 : 0);
    } else {
        v |= r->pa & (((1ull << 48) - 1) & ~0xfffull);
        if (r->leaf)
            v |= (r->leaf >> 8 & 3) << 7 | (mair >> (8 * (r->leaf >> 2 & 7)) & 0xff) << 56;
    }
    s->c->sr[SR_PAR_EL1] = v;
}

static int address_translation(const struct sys *s)
{
    struct a64 *c = s->c;
    uint32_t op = s->op2, e2h = c->sr[SR_HCR_EL2] & HCR_E2H && c->isa & A64_BIT(VHE);
    struct a64_at at = {.va = s->v, .access = op & 1 ? XL_W : XL_R, .regime = 1};
    struct a64_pa r = {0, 0, 0, 12};
    uint64_t hcr = a64_hcr(c);
    if (s->el == 0 || s->el < (s->op1 == 4 ? 2u : s->op1 == 6 ? 3u : 1u))
        return 0;
    at.stage2 = (hcr & (HCR_VM | HCR_DC)) && !(hcr & HCR_TGE);
    at.el = op & 2 ? 0 : 1;
    if (s->op1 == 0 && s->crm == 9) {
        if (op > 1 || !(c->isa & A64_BIT(PAN2)))
            return 0;
        at.pan = (c->pstate & PS_PAN) != 0;
    } else if (s->op1 == 4 && op < 2) {
        at = (struct a64_at){.va = s->v, .access = at.access, .regime = 2, .el = 2};
    } else if (s->op1 == 6) {
        at = (struct a64_at){.va = s->v, .access = at.access, .regime = 3, .el = 3};
    }
    if (s->op1 == 0 && s->el == 2 && e2h && hcr & HCR_TGE) {
        at.regime = 2;
        at.el = op & 2 ? 0 : 2;
    }
    at.s1_only = s->op1 == 0; /* whose tables lie behind the second stage */
    at_result(s, a64_translate_va(c, &at, &r), &r, at.regime);
    return 1;
}

/* ---- TLBI ----------------------------------------------------------------------------------- */

static void flush(struct a64 *c, const struct xl_ctxkey *want, const struct xl_ctxkey *mask,
                  uint64_t va, uint32_t all, int everywhere)
{
    if (everywhere && c->x.svc->n_cpus(c->x.cpu) > 1) {
        xl_tlb_flush_everywhere(&c->x, want, mask, va, all);
        c->tlbi_open = 1;
    } else {
        xl_tlb_flush(&c->x, want, mask, va, all);
    }
}

/* A DSB: what TLBI instructions before it asked of other CPUs is complete (D8.13.5). A kernel
 * gives up many pages before one DSB. */
A64_HELPER_FN(a64_dsb_helper)
{
    struct a64 *cpu = a64_of(x);

    (void)a, (void)b, (void)c, (void)d;
    if (cpu->tlbi_open) {
        cpu->tlbi_open = 0;
        xl_tlb_flush_wait(x);
    }
    return 0;
}

static void flush_all(struct a64 *c, int everywhere)
{
    static const struct xl_ctxkey any = {0, 0};

    flush(c, &any, &any, 0, 1, everywhere);
}

#define MAX_RANGE 64u /* pages */
#define MAX_REMOTE 8u /* pages that others flush one by one */

/* Xt of the range forms: BaseADDR 36:0, NUM 43:39, SCALE 45:44, TG 47:46. */
static uint64_t range(uint64_t v, int two, uint64_t *bytes)
{
    static const uint8_t shift[4] = {0, 12, 14, 16};
    uint32_t g = shift[v >> 46 & 3];
    uint64_t base = v & ((1ull << 37) - 1);
    if (!g) {
        *bytes = 0;
        return 0;
    }
    *bytes = ((v >> 39 & 31) + 1) << (5 * (v >> 44 & 3) + 1 + g);
    if (two && base >> 36)
        base |= ~((1ull << 37) - 1);
    return base << g;
}

static void tlbi(const struct sys *s, uint32_t regime, int by_va, int all_asids, int ranged,
                 int everywhere)
{
    struct a64 *c = s->c;
    int two = regime == 1 || c->sr[SR_HCR_EL2] & HCR_E2H;
    struct xl_ctxkey want = {0, regime}, mask = {0, A64_KEY_REGIME};
    uint64_t va = (uint64_t)((int64_t)(s->v << 20) >> 8), bytes = 4096;
    if (regime == 1) {
        want.b |= a64_vmid(c) << 32;
        mask.b |= A64_KEY_VMID;
    }
    /* Global entries match every ASID, so a page goes from all of them. */
    if (!by_va && !all_asids) {
        want.b |= s->v >> 48 << 16;
        mask.b |= A64_KEY_ASID;
    }
    if (!two)
        va = s->v << 20 >> 8;
    if (ranged)
        va = range(s->v, two, &bytes);
    if (!by_va || bytes > (everywhere ? MAX_REMOTE : MAX_RANGE) * 4096ull) {
        flush(c, &want, &mask, 0, 1, everywhere);
        bytes = 0;
    }
    for (; bytes; bytes -= 4096, va += 4096)
        flush(c, &want, &mask, va, 0, everywhere);
}

/* The forms of one CRm: op2 says by what. 0: there is no such instruction. */
static int tlbi_forms(const struct sys *s, int everywhere, int ranged)
{
    uint32_t regime = s->op1 == 0 ? 1 : s->op1 == 4 ? 2 : 3, op = s->op2;
    if (s->op1 == 0 && s->el == 2 && a64_tge_e2h(s->c))
        regime = 2;
    if (ranged) {
        if (!(op & 1) || (s->op1 && op != 1 && op != 5))
            return 0;
        tlbi(s, regime, 1, 0, 1, everywhere);
        return 1;
    }
    switch (op) {
    case 0: tlbi(s, regime, 0, 1, 0, everywhere); return 1;   /* all */
    case 1:
    case 5: tlbi(s, regime, 1, 0, 0, everywhere); return 1;   /* page */
    case 3:
    case 7:                                                   /* page of all ASIDs */
        if (s->op1)
            return 0;
        tlbi(s, regime, 1, 1, 0, everywhere);
        return 1;
    case 2:                                                   /* ASID */
        if (s->op1)
            return 0;
        tlbi(s, regime, 0, 0, 0, everywhere);
        return 1;
    case 4:
    case 6: /* ALLE1, VMALLS12E1 */
        if (s->op1 != 4)
            return 0;
        flush_all(s->c, everywhere);
        return 1;
    default: return 0;
    }
}

static int tlb(const struct sys *s)
{
    uint64_t isa = s->c->isa;
    int fb = s->el == 1 && a64_hcr(s->c) & HCR_FB;
    if (s->el == 0 || s->el < (s->op1 == 4 ? 2u : s->op1 == 6 ? 3u : 1u) ||
        (s->op1 != 0 && s->op1 != 4 && s->op1 != 6))
        return 0;
    if (s->el == 1 && a64_hcr(s->c) & HCR_TTLB)
        trap(s, 2);
    switch (s->crm) {
    case 7: return tlbi_forms(s, fb, 0);
    case 3: return tlbi_forms(s, 1, 0);
    case 1: return isa & A64_BIT(TLBIOS) ? tlbi_forms(s, 1, 0) : 0;
    case 2:
    case 5: return isa & A64_BIT(TLBIR) ? tlbi_forms(s, 1, 1) : 0;
    case 6: return isa & A64_BIT(TLBIR) ? tlbi_forms(s, fb, 1) : 0;
    case 0:
    case 4: /* by intermediate address */
        if (s->op1 != 4 || !(s->op2 & 3))
            return 0;
        flush_all(s->c, s->crm == 0);
        return 1;
    default: return 0;
    }
}

A64_HELPER_FN(a64_sys_helper) /* number, Xt, Rt */
{
    struct sys s = {a64_of(x), (uint32_t)a, A64_NO_OP1(a), A64_NO_CRM(a), A64_NO_OP2(a),
                    a64_el(a64_of(x)), (uint32_t)c, b};
    uint32_t crn = A64_NO_CRN(s.no);
    int ok = 0;
    (void)d;
    xl_sync(x);
    if (crn == 7 && (s.crm == 8 || s.crm == 9))
        ok = address_translation(&s);
    else if (crn == 7)
        ok = cache(&s);
    else if (crn == 8)
        ok = tlb(&s);
    if (!ok)
        a64_raise_undef(s.c);
    return 0;
}
