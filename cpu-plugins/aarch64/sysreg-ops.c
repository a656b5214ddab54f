/* SPDX-License-Identifier: MIT */
/* sysreg-ops.c - registers that are more than a word: PSTATE's fields, stack pointers, control.
 * DDI 0487: C5.2, D19.2.
 */
#include "except.h"
#include "helpers.h"
#include "sysreg.h"

/* ---- PSTATE (C5.2) -------------------------------------------------------------------------- */

A64_RD(rd_pstate)
{
    switch (id) {
    case SR_NZCV: return a64_nzcv(c);
    case SR_SPSEL: return c->pstate & PS_SP;
    case SR_CURRENTEL: return c->pstate & 12;
    case SR_DAIF: return c->pstate & PS_DAIF;
    case SR_PAN: return c->pstate & PS_PAN;
    case SR_UAO: return c->pstate & PS_UAO;
    case SR_DIT: return c->pstate & PS_DIT;
    default: return c->pstate & PS_SSBS;
    }
}

static void set_bits(struct a64 *c, uint64_t mask, uint64_t v)
{
    a64_set_pstate(c, (c->pstate & ~mask) | (v & mask));
}

A64_WR(wr_pstate)
{
    switch (id) {
    case SR_NZCV: a64_set_nzcv(c, v); break;
    case SR_SPSEL: set_bits(c, PS_SP, v); break;
    case SR_DAIF: set_bits(c, PS_DAIF, v); break;
    case SR_PAN: set_bits(c, PS_PAN, v); break;
    case SR_UAO: set_bits(c, PS_UAO, v); break;
    case SR_DIT: set_bits(c, PS_DIT, v); break;
    case SR_SSBS: set_bits(c, PS_SSBS, v); break;
    default: break;
    }
}

/* What MSR (immediate) changes; 0: there is no such field here. */
static uint64_t field(const struct a64 *c, uint64_t what)
{
    static const struct { uint64_t what, bits, isa; } f[] = {
        {A64_PST_UAO, PS_UAO, A64_BIT(UAO)}, {A64_PST_PAN, PS_PAN, A64_BIT(PAN)},
        {A64_PST_SPSEL, PS_SP, A64_BIT(BASE)}, {A64_PST_SSBS, PS_SSBS, A64_BIT(SSBS)},
        {A64_PST_DIT, PS_DIT, A64_BIT(DIT)}, {A64_PST_DAIFSET, PS_DAIF, A64_BIT(BASE)},
        {A64_PST_DAIFCLR, PS_DAIF, A64_BIT(BASE)}};
    for (uint32_t i = 0; i < sizeof f / sizeof *f; i++)
        if (f[i].what == what)
            return f[i].isa & c->isa ? f[i].bits : 0;
    return 0;
}

A64_HELPER_FN(a64_pstate_helper) /* op1:op2, CRm */
{
    struct a64 *cpu = a64_of(x);
    uint64_t bits = field(cpu, a);
    (void)c, (void)d;
    if (!bits || a64_el(cpu) == 0)
        xl_sync(x); /* for exceptions, which nothing else raises */
    if (!bits || (a64_el(cpu) == 0 && a < 8 * 3))
        a64_raise_undef(cpu);
    if (bits != PS_DAIF) {
        set_bits(cpu, bits, b & 1 ? bits : 0);
        return 0;
    }
    if (a64_el(cpu) == 0 && !(a64_sctlr(cpu) & SCTLR_UMA))
        a64_raise(cpu, a64_el_for(cpu, 1), A64_EC_SYSREG,
                  (uint32_t)(0 << 20 | (a & 7) << 17 | (a >> 3) << 14 | 4 << 10 | 31 << 5 |
                             b << 1));
    set_bits(cpu, b << 6, a == A64_PST_DAIFSET ? ~0ull : 0);
    return 0;
}

/* ---- Stack pointers: the current one is in gpr[31] ------------------------------------------ */

A64_RD(rd_sp)
{
    return c->pstate & PS_SP ? c->sr[id] : c->gpr[31];
}

A64_WR(wr_sp)
{
    if (c->pstate & PS_SP)
        c->sr[id] = v;
    else
        c->gpr[31] = v;
}

/* ---- Floating point ------------------------------------------------------------------------- */

A64_RD(rd_fp)
{
    return id == SR_FPCR ? c->fpcr : a64_fpsr(c);
}

A64_WR(wr_fp)
{
    if (id == SR_FPCR)
        a64_set_fpcr(c, v);
    else
        a64_set_fpsr(c, v);
}

/* ---- Identification that EL2 may replace ---------------------------------------------------- */

A64_RD(rd_id_virt)
{
    if (a64_el(c) == 1 && a64_el2_enabled(c))
        return c->sr[id == SR_MIDR_EL1 ? SR_VPIDR_EL2 : SR_VMPIDR_EL2];
    return c->sr[id];
}

A64_RD(rd_ccsidr)
{
    (void)id;
    return c->ccsidr[c->sr[SR_CSSELR_EL1] & 7];
}

A64_RD(rd_dczid)
{
    uint32_t el = a64_el(c);
    int off = !c->user && ((el == 0 && !(a64_sctlr(c) & SCTLR_DZE)) ||
                           (el < 2 && a64_hcr(c) & HCR_TDZ));
    return c->sr[id] | (off ? 16 : 0);
}

/* ---- Control -------------------------------------------------------------------------------- */

/* What the TLB was filled under has changed. */
A64_WR(wr_flush)
{
    if (c->sr[id] == v)
        return;
    c->sr[id] = v;
    a64_flush(c);
}

A64_WR(wr_sctlr)
{
    uint64_t one = id == SR_SCTLR_EL1 ? 0x00500800 : 0x30c50830; /* RES1 without newer features */
    v &= ~(1ull << 25 | 1ull << 24); /* EE, E0E: data is little-endian */
    v |= one;
    if (!(c->isa & A64_BIT(PAN)) && id == SR_SCTLR_EL1)
        v |= SCTLR_SPAN;
    a64_wr_flush(c, id, v);
}

A64_WR(wr_cpacr)
{
    c->sr[id] = v & (3u << 20 | 1u << 28);
}

A64_WR(wr_cptr)
{
    uint64_t one = id == SR_CPTR_EL2 && !(c->sr[SR_HCR_EL2] & HCR_E2H) ? 0x33ff & ~CPTR_TFP : 0;
    c->sr[id] = v | one;
}

A64_WR(wr_hcr)
{
    if (!(c->isa & A64_BIT(VHE)))
        v &= ~HCR_E2H;
    v |= HCR_RW; /* AArch32 is nowhere */
    a64_wr_flush(c, id, v);
    a64_irq_update(c);
    a64_timer_update(c);
}

A64_WR(wr_scr)
{
    a64_wr_flush(c, id, (v | SCR_RW | 0x30) & 0x3ffff);
    a64_irq_update(c);
}

/* TPM and TDA and what stands beside them; of EL2 HPMN and HPME, of EL3 SPD32, SDD, SPME, EDAD and
 * EPMAD, too. What counts may change. */
A64_WR(wr_mdcr)
{
    a64_wr_pmu(c, id, v & (id == SR_MDCR_EL2 ? 0xfff : 0x33c640));
}

A64_WR(wr_vbar)
{
    c->sr[id] = v & ~0x7ffull;
}

void a64_sysreg_reset(struct a64 *c)
{
    for (uint32_t i = 0; i < SR_COUNT; i++)
        if (!(a64_sysregs[i].flags & F_RO))
            c->sr[i] = 0;
    a64_id_init(c);
    c->sr[SR_VPIDR_EL2] = c->sr[SR_MIDR_EL1];
    c->sr[SR_VMPIDR_EL2] = c->sr[SR_MPIDR_EL1];
    c->sr[SR_CNTFRQ_EL0] = c->cntfrq;
    c->sr[SR_SCTLR_EL1] = 0x00500800 | SCTLR_SPAN | 0x30000180;
    c->sr[SR_SCTLR_EL2] = c->sr[SR_SCTLR_EL3] = 0x30c50830;
    c->sr[SR_HCR_EL2] = HCR_RW;
    c->sr[SR_SCR_EL3] = SCR_RW | 0x30;
    c->sr[SR_CPTR_EL2] = 0x33ff & ~CPTR_TFP;
    c->sr[SR_MDCR_EL2] = A64_PMU_COUNTERS;
    c->sr[SR_OSLSR_EL1] = 0xa; /* implemented, locked */
    c->sr[SR_CNTHCTL_EL2] = 3;
    c->sr[SR_DBGAUTHSTATUS_EL1] = 0xaa;
}
