/* SPDX-License-Identifier: MIT */
/* sysreg.c - MRS and MSR: the table of system registers and who may use them.
 * DDI 0487: D19 (system registers), D1.3.5 and D13.6 (traps), D8.10 (VHE).
 *
 * check() decides in the order of the pseudocode: does the register exist here, is it
 * UNDEFINED at this level, then traps to EL1, EL2 and EL3. What is neither in the table nor a
 * GICv3's is UNDEFINED; reserved identification registers read as zero.
 */
#include "sysreg.h"

#include "except.h"
#include "helpers.h"

#include <stddef.h>

#define a64_NONE NULL

const struct a64_sysreg a64_sysregs[SR_COUNT] = {
#define A64_SR(id, op0, op1, crn, crm, op2, el, flags, rd, wr) \
    [SR_##id] = {#id, PB_ARM_SYSREG_NO(op0, op1, crn, crm, op2), SR_##id, el, flags, a64_##rd, \
                 a64_##wr},
#include "sysreg.def"
#undef A64_SR
};

static uint16_t index_of[65536]; /* by number: id + 1 */

const struct a64_sysreg *a64_sysreg(uint32_t no)
{
    uint32_t i = index_of[no & 0xffff];
    return i ? &a64_sysregs[i - 1] : NULL;
}

void a64_sysreg_init(void)
{
    for (uint32_t i = 0; i < SR_COUNT; i++)
        index_of[a64_sysregs[i].no] = (uint16_t)(i + 1);
}

uint64_t a64_sysreg_get(struct a64 *c, uint32_t id)
{
    return a64_sysregs[id].read ? a64_sysregs[id].read(c, id) : c->sr[id];
}

void a64_sysreg_set(struct a64 *c, uint32_t id, uint64_t v)
{
    if (a64_sysregs[id].write)
        a64_sysregs[id].write(c, id, v);
    else
        c->sr[id] = v;
}

/* ---- Who may -------------------------------------------------------------------------------- */

struct access {
    struct a64 *c;
    const struct a64_sysreg *r;
    uint32_t no, el, write, rt;
};

/* Where the guest is gets looked up here, for exceptions, and not at each access. */
static _Noreturn void trap(const struct access *a, uint32_t el)
{
    uint32_t n = a->no;
    uint32_t iss = A64_NO_OP0(n) << 20 | A64_NO_OP2(n) << 17 | A64_NO_OP1(n) << 14 |
                   A64_NO_CRN(n) << 10 | a->rt << 5 | A64_NO_CRM(n) << 1 | !a->write;
    xl_sync(&a->c->x);
    a64_raise(a->c, el, A64_EC_SYSREG, iss);
}

static _Noreturn void undefined(const struct access *a)
{
    xl_sync(&a->c->x);
    a64_raise_undef(a->c);
}

static _Noreturn void fp_trap(const struct access *a, uint32_t el)
{
    xl_sync(&a->c->x);
    a64_raise_fp(a->c, el);
}

static int exists(const struct a64 *c, const struct a64_sysreg *r)
{
    static const struct { uint64_t flag, isa; } needs[] = {
        {F_LOR, A64_BIT(LOR)}, {F_PAN, A64_BIT(PAN)}, {F_UAO, A64_BIT(UAO)},
        {F_DIT, A64_BIT(DIT)}, {F_SSBS, A64_BIT(SSBS)}, {F_VHE, A64_BIT(VHE)},
        {F_APK, A64_BIT(PAUTH)}, {F_CNTPS, A64_BIT(EL3)}, {F_TPM, A64_BIT(PMU)}};
    for (uint32_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (r->flags & needs[i].flag && !(c->isa & needs[i].isa))
            return 0;
    if (r->flags & F_HALTED || (r->el == 2 && !(c->isa & (A64_BIT(EL2) | A64_BIT(EL3)))) ||
        (r->el == 3 && !(c->isa & A64_BIT(EL3))))
        return 0;
    return !(r->flags & F_TOP) || a64_top_el(c) == r->el;
}

/* From EL0, what the kernel has not allowed. 1: traps. */
static int el0_traps(const struct access *a)
{
    const struct a64 *c = a->c;
    uint64_t f = a->r->flags, user = c->sr[SR_PMUSERENR_EL0];
    uint64_t sctlr = a64_sctlr(c), kctl = a64_tge_e2h(c) ? c->sr[SR_CNTHCTL_EL2]
                                                         : c->sr[SR_CNTKCTL_EL1];
    if ((f & F_UCT && !(sctlr & SCTLR_UCT)) || (f & F_UMA && !(sctlr & SCTLR_UMA)))
        return 1;
    if ((f & F_CNTFRQ && !(kctl & 3)) || (f & F_CNTPCT && !(kctl & 1)) ||
        (f & F_CNTVCT && !(kctl & 2)) || (f & F_CNTV && !(kctl >> 8 & 1)) ||
        (f & F_CNTP && !(kctl >> 9 & 1)))
        return 1;
    if (f & F_TDCC && c->sr[SR_MDSCR_EL1] >> 12 & 1)
        return 1;
    if (!(f & F_PMU) || user & 1)
        return 0;
    if (f & F_PMUSW && user & 2)
        return 0;
    if (f & F_PMUCR && user & 4 && !a->write)
        return 0;
    return !(f & F_PMUER && user & 8 && (!a->write || a->r->id == SR_PMSELR_EL0));
}

/* To EL2, from EL0 and EL1 below an enabled one. */
static int el2_traps(const struct access *a)
{
    const struct a64 *c = a->c;
    uint64_t f = a->r->flags, hcr = c->sr[SR_HCR_EL2], mdcr = c->sr[SR_MDCR_EL2];
    if ((f & F_TVM && hcr & (a->write ? HCR_TVM : HCR_TRVM)) || (f & F_TACR && hcr & HCR_TACR) ||
        (f & F_TID1 && hcr & HCR_TID1) || (f & F_TID2 && hcr & HCR_TID2) ||
        (f & F_TID3 && hcr & HCR_TID3) || (f & F_APK && !(hcr & HCR_APK)) ||
        (f & F_LOR && hcr & HCR_TLOR))
        return 1;
    if (f & F_CPACR && c->sr[SR_CPTR_EL2] & CPTR_TCPAC)
        return 1;
    if ((f & F_TPM && mdcr & MDCR_TPM) || (a->r->id == SR_PMCR_EL0 && mdcr & MDCR_TPMCR))
        return 1;
    if ((f & F_TDA && mdcr & (MDCR_TDA | MDCR_TDE)) ||
        (f & F_TDOSA && mdcr & (MDCR_TDOSA | MDCR_TDE)) ||
        (f & F_TDRA && mdcr & (MDCR_TDRA | MDCR_TDE)))
        return 1;
    if (a64_tge_e2h(c)) /* EL0 was asked above */
        return 0;
    uint64_t cnt = c->sr[SR_CNTHCTL_EL2];
    if (c->sr[SR_HCR_EL2] & HCR_E2H)
        cnt >>= 10;
    return (f & F_CNTPCT && !(cnt & 1)) || (f & F_CNTP && !(cnt & 2));
}

static int el3_traps(const struct access *a)
{
    const struct a64 *c = a->c;
    uint64_t f = a->r->flags;
    return (f & (F_CPACR | F_CPTR) && c->sr[SR_CPTR_EL3] & CPTR_TCPAC) ||
           (f & F_TPM && c->sr[SR_MDCR_EL3] & MDCR_TPM) ||
           (f & (F_TDA | F_TDRA) && c->sr[SR_MDCR_EL3] & MDCR_TDA) ||
           (f & F_TDOSA && c->sr[SR_MDCR_EL3] & MDCR_TDOSA) ||
           (f & F_APK && !(c->sr[SR_SCR_EL3] & SCR_APK)) ||
           (f & F_LOR && c->sr[SR_SCR_EL3] & SCR_TLOR);
}

/* The secure timer is EL3's, and secure EL1's if EL3 lets it. */
static void check_cntps(const struct access *a)
{
    if (a->el == 3)
        return;
    if (a->el == 2 || !a64_is_secure(a->c))
        undefined(a);
    if (!(a->c->sr[SR_SCR_EL3] & SCR_ST))
        trap(a, 3);
}

static void check(const struct access *a)
{
    struct a64 *c = a->c;
    uint64_t f = a->r->flags;
    uint32_t fp;
    if (!exists(c, a->r) || a->el < a->r->el || f & (a->write ? F_RO : F_WO) ||
        (f & F_W1 && a->write && a->el == 0))
        undefined(a);
    if (a->r->id == SR_SP_EL0 && !(c->pstate & PS_SP))
        undefined(a);
    if (f & F_CNTPS)
        check_cntps(a);
    if (a->el == 0 && !c->user && el0_traps(a))
        trap(a, a64_el_for(c, 1));
    if (a->el < 2 && a64_el2_enabled(c) && el2_traps(a))
        trap(a, 2);
    if (f & F_FP && (fp = a64_fp_trapped(c)) != 0)
        fp_trap(a, fp);
    if (a->el < 3 && c->isa & A64_BIT(EL3) && el3_traps(a))
        trap(a, 3);
}

/* ---- Names of more than one register (D8.10) ------------------------------------------------ */

static const struct a64_sysreg *find(struct a64 *c, uint32_t el, uint32_t no)
{
    uint32_t crn = A64_NO_CRN(no), e2h = c->sr[SR_HCR_EL2] & HCR_E2H && c->isa & A64_BIT(VHE);
    const struct a64_sysreg *r;
    if (A64_NO_OP0(no) == 3 && A64_NO_OP1(no) == 5) { /* _EL12, _EL02 */
        if (el < 2 || !e2h)
            return NULL;
        r = a64_sysreg((no & ~(7u << 11)) |
                       (crn == 14 && A64_NO_CRM(no) != 1 ? 3u << 11 : 0));
        return r && r->flags & F_E2H ? r : NULL;
    }
    r = a64_sysreg(no);
    if (!r || el != 2 || !e2h || !(r->flags & F_E2H))
        return r;
    if (r->id == SR_CPACR_EL1)
        return &a64_sysregs[SR_CPTR_EL2];
    return a64_sysreg((no & ~(7u << 11)) | 4u << 11);
}

/* ---- A GICv3's registers -------------------------------------------------------------------- */

static int is_gic(uint32_t no)
{
    uint32_t crn = A64_NO_CRN(no), crm = A64_NO_CRM(no);
    return A64_NO_OP0(no) == 3 && ((crn == 4 && crm == 6) || (crn == 12 && crm >= 8));
}

static uint32_t gic_attrs(const struct a64 *c, uint32_t el, uint32_t no)
{
    uint32_t crm = A64_NO_CRM(no), op2 = A64_NO_OP2(no), at = el;
    uint64_t hcr = c->sr[SR_HCR_EL2], who = HCR_FMO | HCR_IMO;
    if (a64_is_secure(c))
        at |= PB_ARM_AT_SECURE;
    if (c->isa & A64_BIT(EL3))
        at |= (c->sr[SR_SCR_EL3] & SCR_NS ? PB_ARM_AT_NS : 0) |
              (c->sr[SR_SCR_EL3] & SCR_FIQ ? PB_ARM_AT_FIQ : 0);
    if (el != 1 || !a64_el2_enabled(c) || A64_NO_OP1(no))
        return at;
    if (A64_NO_CRN(no) == 12 && (crm == 8 || (crm == 12 && op2 == 6)))
        who = HCR_FMO; /* group 0 */
    else if (A64_NO_CRN(no) == 12 && (crm == 9 || (crm == 12 && op2 != 4 && op2 != 5)))
        who = HCR_IMO; /* group 1 */
    return hcr & who ? at | PB_ARM_AT_VIRT : at;
}

/* EL3 has the registers of the interrupts that it takes: those of Group 0 with FIQs, of Group 1
 * with IRQs, the common ones with both. ICC_SRE_EL3 leaves ICC_SRE_EL1 and 2 to their levels. */
static int gic_el3_traps(const struct a64 *c, uint32_t at, uint32_t no)
{
    uint32_t crm = A64_NO_CRM(no), op2 = A64_NO_OP2(no);
    uint64_t scr = c->sr[SR_SCR_EL3] & (SCR_IRQ | SCR_FIQ);
    if (!(c->isa & A64_BIT(EL3)) || (at & PB_ARM_AT_EL) == 3 || at & PB_ARM_AT_VIRT ||
        A64_NO_OP1(no) || (A64_NO_CRN(no) == 12 && crm == 12 && op2 == 5))
        return 0;
    if (A64_NO_CRN(no) == 12 && (crm == 8 || (crm == 12 && op2 == 6)))
        return !!(scr & SCR_FIQ);
    if (A64_NO_CRN(no) == 12 && (crm == 9 || (crm == 12 && op2 != 4)))
        return !!(scr & SCR_IRQ);
    return scr == (SCR_IRQ | SCR_FIQ);
}

static uint64_t gic(const struct access *a, uint64_t v)
{
    static const uint8_t lowest[8] = {1, 4, 4, 4, 2, 4, 3, 4};
    struct a64 *c = a->c;
    uint32_t at = gic_attrs(c, a->el, a->no), cpu = c->x.svc->index(c->x.cpu);
    int r;
    if (!c->gic || a->el < lowest[A64_NO_OP1(a->no)])
        undefined(a);
    if (gic_el3_traps(c, at, a->no))
        trap(a, 3);
    r = a->write ? c->gic->write(c->gic_self, cpu, a->no, at, v)
                 : c->gic->read(c->gic_self, cpu, a->no, at, &v);
    if (r < 0)
        undefined(a);
    return v;
}

/* ---- Helpers -------------------------------------------------------------------------------- */

/* op0 3, op1 0, CRn 0, CRm 1 to 7: reads as zero where there is nothing. */
static int reserved_id(uint32_t no)
{
    return A64_NO_OP0(no) == 3 && A64_NO_OP1(no) == 0 && A64_NO_CRN(no) == 0 &&
           A64_NO_CRM(no) >= 1 && A64_NO_CRM(no) <= 7;
}

A64_HELPER_FN(a64_mrs_helper) /* number, Rt */
{
    struct a64 *cpu = a64_of(x);
    struct access at = {cpu, NULL, (uint32_t)a, a64_el(cpu), 0, (uint32_t)b};
    (void)c, (void)d;
    at.r = find(cpu, at.el, at.no);
    if (!at.r && is_gic(at.no))
        return gic(&at, 0);
    if (cpu->user && A64_NO_CRN(at.no) == 0 && A64_NO_OP1(at.no) == 0)
        return at.r ? a64_id_user(cpu, at.r->id) : 0; /* as Linux emulates it */
    if (!at.r) {
        if (!reserved_id(at.no) || !at.el)
            undefined(&at);
        return 0;
    }
    check(&at);
    return a64_sysreg_get(cpu, at.r->id);
}

A64_HELPER_FN(a64_msr_helper) /* number, value, Rt */
{
    struct a64 *cpu = a64_of(x);
    struct access at = {cpu, NULL, (uint32_t)a, a64_el(cpu), 1, (uint32_t)c};
    (void)d;
    at.r = find(cpu, at.el, at.no);
    if (!at.r && is_gic(at.no)) {
        gic(&at, b);
        return 0;
    }
    if (!at.r)
        undefined(&at);
    check(&at);
    a64_sysreg_set(cpu, at.r->id, b);
    return 0;
}
