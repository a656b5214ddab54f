/* SPDX-License-Identifier: MIT */
/* except.c - exceptions, interrupts, returns from them, waiting.
 * DDI 0487: D1.3 (exceptions), D1.4 (returns), D1.6 (WFE, WFI), D19.2.40.
 *
 * Interrupt inputs arrive on any thread: they set a bit of `lines`, and x.pending when someone
 * might take it; the run loop then calls a64_interrupt(), which decides by the current masks
 * and routing. Whoever changes those calls a64_irq_update().
 * Not modelled: SError, Secure EL2.
 */
#include "except.h"

#include "helpers.h"
#include "sysreg.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

/* ---- Levels and stack pointers -------------------------------------------------------------- */

static uint64_t *sp_bank(struct a64 *c, uint64_t pstate)
{
    if (!(pstate & PS_SP))
        return &c->sr[SR_SP_EL0];
    switch (PS_EL(pstate)) {
    case 0: return &c->sr[SR_SP_EL0];
    case 1: return &c->sr[SR_SP_EL1];
    case 2: return &c->sr[SR_SP_EL2];
    default: return &c->sp_el3;
    }
}

/* Between IRQ and FIQ a GICv3 decides by where the CPU is (IHI 0069, 4.6.2). */
void a64_moved(struct a64 *c)
{
    uint32_t at = a64_el(c) | (a64_is_secure(c) ? PB_ARM_AT_SECURE : 0);
    if (c->isa & A64_BIT(EL3) && c->gic && PB_HAS(struct pb_arm_sysreg, c->gic, moved))
        c->gic->moved(c->gic_self, c->x.svc->index(c->x.cpu), at);
}

void a64_set_pstate(struct a64 *c, uint64_t v)
{
    uint32_t el = a64_el(c);
    *sp_bank(c, c->pstate) = c->gpr[31];
    c->pstate = v & ~PS_NZCV;
    c->gpr[31] = *sp_bank(c, c->pstate);
    if ((el == 3) != (a64_el(c) == 3))
        a64_moved(c);
    if (c->pm_by_level && el != a64_el(c))
        a64_pmu_moved(c);
    a64_irq_update(c);
}

static uint32_t sr_of(uint32_t el, uint32_t el1, uint32_t el2, uint32_t el3)
{
    return el == 1 ? el1 : el == 2 ? el2 : el3;
}

/* What of PSTATE is kept or set on entry to `el` (AArch64.TakeException). */
static uint64_t entry_pstate(const struct a64 *c, uint32_t el)
{
    uint64_t sctlr = c->sr[sr_of(el, SR_SCTLR_EL1, SR_SCTLR_EL2, SR_SCTLR_EL3)];
    uint64_t v = (uint64_t)el << 2 | PS_SP | PS_DAIF | (c->pstate & (PS_PAN | PS_DIT));
    int span = el == 1 || (el == 2 && a64_tge_e2h(c));
    if (span && c->isa & A64_BIT(PAN) && !(sctlr & SCTLR_SPAN))
        v |= PS_PAN;
    if (c->isa & A64_BIT(SSBS) && sctlr & SCTLR_DSSBS)
        v |= PS_SSBS;
    return v;
}

/* A vector whose own first instruction faults: the guest will never do anything again. Said once,
 * after so many that no guest that fills its vectors late is meant. */
static void exception_loop(struct a64 *c, uint32_t el)
{
    uint64_t esr = c->sr[sr_of(el, SR_ESR_EL1, SR_ESR_EL2, SR_ESR_EL3)];
    uint64_t far = c->sr[sr_of(el, SR_FAR_EL1, SR_FAR_EL2, SR_FAR_EL3)];
    char text[320];
    if (++c->loops != 1000 || !c->host->log_on[PB_LOG_INFO])
        return;
    snprintf(text, sizeof text, "boot doctor: exception loop: the vector at 0x%llx raises an "
             "exception itself (ESR_EL%u 0x%llx, FAR_EL%u 0x%llx). No code is there; give the "
             "machine some by -kernel, -bios or -pflash, or see by -d int how it came there",
             (unsigned long long)c->x.pc, el, (unsigned long long)esr, el,
             (unsigned long long)far);
    c->host->log(c->host, c->dev, PB_LOG_INFO, text);
}

void a64_enter(struct a64 *c, uint32_t el, uint32_t vector)
{
    uint64_t base = c->sr[sr_of(el, SR_VBAR_EL1, SR_VBAR_EL2, SR_VBAR_EL3)];
    uint32_t group = a64_el(c) < el ? 0x400 : c->pstate & PS_SP ? 0x200 : 0;
    c->sr[sr_of(el, SR_SPSR_EL1, SR_SPSR_EL2, SR_SPSR_EL3)] = c->pstate | a64_nzcv(c);
    c->sr[sr_of(el, SR_ELR_EL1, SR_ELR_EL2, SR_ELR_EL3)] = c->x.pc;
    a64_set_pstate(c, entry_pstate(c, el));
    c->x.ll_addr = ~0ull;
    if (c->x.pc == base + group + vector)
        exception_loop(c, el);
    else
        c->loops = 0;
    c->x.pc = base + group + vector;
}

void a64_syndrome(struct a64 *c, uint32_t el, uint32_t ec, uint32_t iss)
{
    c->sr[sr_of(el, SR_ESR_EL1, SR_ESR_EL2, SR_ESR_EL3)] =
        (uint64_t)ec << 26 | 1u << 25 | iss;
}

static void set_far(struct a64 *c, uint32_t el, uint64_t va)
{
    c->sr[sr_of(el, SR_FAR_EL1, SR_FAR_EL2, SR_FAR_EL3)] = va;
}

_Noreturn void a64_raise(struct a64 *c, uint32_t el, uint32_t ec, uint32_t iss)
{
    if (c->user)
        a64_user_exit(c, ec);
    if (c->x.mode & A64_MODE_SS && (ec < A64_EC_SVC || ec > A64_EC_SMC))
        c->pstate |= PS_SS; /* the instruction is not done */
    a64_syndrome(c, el, ec, iss);
    a64_enter(c, el, A64_V_SYNC);
    xl_leave(&c->x);
}

_Noreturn void a64_raise_undef(struct a64 *c)
{
    a64_raise(c, a64_el_for(c, 1), c->pstate & PS_IL ? A64_EC_ILLEGAL : A64_EC_UNKNOWN, 0);
}

A64_HELPER_FN(a64_undef_helper)
{
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    a64_raise_undef(a64_of(x));
}

A64_HELPER_FN(a64_pc_align_helper)
{
    struct a64 *cpu = a64_of(x);
    uint32_t el = a64_el_for(cpu, 1);
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    set_far(cpu, el, x->pc);
    a64_raise(cpu, el, A64_EC_PC_ALIGN, 0);
}

/* ---- Floating point (CheckFPAdvSIMDEnabled) ------------------------------------------------- */

int a64_fp_trapped(const struct a64 *c)
{
    uint32_t el = a64_el(c), fpen = (uint32_t)(c->sr[SR_CPACR_EL1] >> 20 & 3);
    uint64_t cptr = c->sr[SR_CPTR_EL2];
    if (c->user)
        return 0;
    if (el < 2 && !a64_tge_e2h(c) && (!(fpen & 1) || (fpen == 1 && el == 0)))
        return (int)a64_el_for(c, 1);
    if (el < 3 && a64_el2_enabled(c)) {
        fpen = (uint32_t)(cptr >> 20 & 3);
        if (!(c->sr[SR_HCR_EL2] & HCR_E2H)) {
            if (cptr & CPTR_TFP)
                return 2;
        } else if (!(fpen & 1) || (fpen == 1 && el == 0 && c->sr[SR_HCR_EL2] & HCR_TGE)) {
            return 2;
        }
    }
    return c->isa & A64_BIT(EL3) && c->sr[SR_CPTR_EL3] & CPTR_TFP ? 3 : 0;
}

_Noreturn void a64_raise_fp(struct a64 *c, uint32_t el)
{
    int routed = el == 2 && a64_el(c) == 0 && a64_hcr(c) & HCR_TGE && !a64_tge_e2h(c);
    if (routed && !(c->sr[SR_CPTR_EL2] & CPTR_TFP))
        a64_raise(c, el, A64_EC_UNKNOWN, 0);
    a64_raise(c, el, A64_EC_FP, 0x1e00000);
}

A64_HELPER_FN(a64_fp_trap_helper)
{
    struct a64 *cpu = a64_of(x);
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    if (!(cpu->isa & A64_BIT(FP)))
        a64_raise_undef(cpu);
    a64_raise_fp(cpu, (uint32_t)a64_fp_trapped(cpu));
}

/* ---- Memory faults -------------------------------------------------------------------------- */

/* The instruction that faults, unless the guest has changed it or its mapping since; else 0. */
static uint32_t fetched(struct a64 *c)
{
    uint64_t pa, insn;
    if (xl_debug_translate(&c->x, c->x.pc, XL_X, &pa) < 0 || xl_phys_ld(&c->x, pa, 4, &insn) < 0)
        return 0;
    return (uint32_t)insn;
}

/* code: what a64_walk() returned, A64_FAULT(), or XL_FAULT_*. */
void a64_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    struct a64 *c = a64_of(x);
    uint32_t el = a64_el_for(c, 1), iss, same, stage2 = 0;
    if (c->user) {
        a64_user_fault(c, va, access, code);
        return;
    }
    if (code == A64_FAULT_WATCH) {
        a64_watch_fault(c, va, access, fetched(c));
        return;
    }
    if (code == XL_FAULT_BUS)
        iss = 0x10; /* synchronous external abort */
    else if (code == XL_FAULT_ALIGN)
        iss = 0x21;
    else
        iss = (uint32_t)code & 0xff, stage2 = (uint32_t)code & A64_FAULT_STAGE2;
    if (stage2)
        el = 2;
    else if (code == XL_FAULT_BUS && c->isa & A64_BIT(EL3) && c->sr[SR_SCR_EL3] & SCR_EA)
        el = 3;
    same = a64_el(c) == el;
    if (stage2 && access != XL_X && !(iss & 0x80) && !c->cache_op) /* nor of stage 1's tables */
        iss |= a64_access_syndrome(fetched(c));
    if (access != XL_X && (access == XL_W || c->cache_op))
        iss |= 1u << 6;
    if (c->cache_op)
        iss |= 1u << 8;
    c->cache_op = 0;
    if (x->mode & A64_MODE_SS)
        c->pstate |= PS_SS;
    if (stage2)
        c->sr[SR_HPFAR_EL2] = c->fault_ipa >> 12 << 4;
    a64_syndrome(c, el, (access == XL_X ? A64_EC_IABT : A64_EC_DABT) + same, iss);
    set_far(c, el, va);
    a64_enter(c, el, A64_V_SYNC);
}

/* ---- Calls, breakpoint instruction ---------------------------------------------------------- */

/* 1: the firmware answered. */
static int firmware(struct a64 *c, uint32_t conduit)
{
    uint64_t v[18];
    if (!c->firmware)
        return 0;
    for (uint32_t i = 0; i < 18; i++)
        v[i] = c->gpr[i];
    if (!c->firmware->call(c->firmware_self, c->x.svc->index(c->x.cpu), conduit, v))
        return 0;
    for (uint32_t i = 0; i < 18; i++)
        c->gpr[i] = v[i];
    return 1;
}

static int hvc(struct a64 *c, uint32_t imm)
{
    uint32_t el = a64_el(c);
    if (el == 0)
        a64_raise_undef(c);
    if (firmware(c, PB_SMCCC_HVC))
        return 0;
    if (!(c->isa & A64_BIT(EL2)) || (el < 3 && !a64_el2_enabled(c)))
        a64_raise_undef(c);
    if (c->isa & A64_BIT(EL3) ? !(c->sr[SR_SCR_EL3] & SCR_HCE) : !!(c->sr[SR_HCR_EL2] & HCR_HCD))
        a64_raise_undef(c);
    c->x.pc += 4;
    a64_raise(c, el == 3 ? 3 : 2, A64_EC_HVC, imm);
}

static int smc(struct a64 *c, uint32_t imm)
{
    uint32_t el = a64_el(c);
    if (el == 0)
        a64_raise_undef(c);
    if (el == 1 && a64_hcr(c) & HCR_TSC)
        a64_raise(c, 2, A64_EC_SMC, imm);
    if (firmware(c, PB_SMCCC_SMC))
        return 0;
    if (!(c->isa & A64_BIT(EL3)) || c->sr[SR_SCR_EL3] & SCR_SMD)
        a64_raise_undef(c);
    c->x.pc += 4;
    a64_raise(c, 3, A64_EC_SMC, imm);
}

/* Debug exceptions go to EL2 when it says so. */
static uint32_t debug_el(const struct a64 *c)
{
    uint32_t el = a64_el_for(c, 1);
    return el == 1 && a64_el2_enabled(c) &&
                   (c->sr[SR_MDCR_EL2] & MDCR_TDE || c->sr[SR_HCR_EL2] & HCR_TGE) ? 2 : el;
}

static int copy(void *self, uint64_t va, void *buf, uint64_t n, uint32_t write)
{
    return xl_copy(&((struct a64 *)self)->x, va, buf, n, write);
}

/* HLT: without an external debugger it is undefined, but for the number of semihosting calls. */
static int hlt(struct a64 *c, uint32_t imm)
{
    struct pb_semihost_call k = {.size = sizeof k, .cpu = c->x.svc->index(c->x.cpu), .word = 8,
                                 .user = a64_el(c) == 0, .op = (uint32_t)c->gpr[0],
                                 .arg = c->gpr[1], .copy = copy, .cpu_self = c};

    switch (c->semihost && imm == 0xf000 ? c->semihost->call(c->semihost_self, &k)
                                         : PB_SEMIHOST_PASS) {
    case PB_SEMIHOST_DONE: c->gpr[0] = k.result; return 0;
    case PB_SEMIHOST_AGAIN: xl_leave(&c->x);
    default: a64_raise_undef(c);
    }
}

A64_HELPER_FN(a64_exc_helper) /* opc:LL of the instruction, immediate, pc */
{
    enum { SVC = 1, HVC = 2, SMC = 3, BRK = 4, HLT = 8 };
    struct a64 *cpu = a64_of(x);
    (void)d;
    xl_sync_to(x, c);
    switch (a) {
    case SVC:
        x->pc += 4;
        a64_raise(cpu, a64_el_for(cpu, 1), A64_EC_SVC, (uint32_t)b);
    case HVC: return (uint64_t)hvc(cpu, (uint32_t)b);
    case SMC: return (uint64_t)smc(cpu, (uint32_t)b);
    case BRK: a64_raise(cpu, debug_el(cpu), A64_EC_BRK, (uint32_t)b);
    case HLT: return (uint64_t)hlt(cpu, (uint32_t)b);
    default: a64_raise_undef(cpu); /* DCPS */
    }
}

/* ---- Returns -------------------------------------------------------------------------------- */

/* AArch64.IllegalExceptionReturn; AArch32 is nowhere. */
static int illegal_return(const struct a64 *c, uint64_t spsr)
{
    uint32_t to = PS_EL(spsr);
    if (spsr & PS_AARCH32 || spsr & 2 || to > a64_el(c) || (to == 0 && spsr & PS_SP))
        return 1;
    if (to == 2 && (!(c->isa & A64_BIT(EL2)) || a64_below_secure(c)))
        return 1;
    return to == 1 && a64_hcr(c) & HCR_TGE;
}

/* What of a SPSR exists here. */
static uint64_t known(const struct a64 *c, uint64_t v)
{
    uint64_t keep = PS_SS | PS_IL | PS_DAIF | 15;
    if (c->isa & A64_BIT(PAN))
        keep |= PS_PAN;
    if (c->isa & A64_BIT(UAO))
        keep |= PS_UAO;
    if (c->isa & A64_BIT(DIT))
        keep |= PS_DIT;
    if (c->isa & A64_BIT(SSBS))
        keep |= PS_SSBS;
    return v & keep;
}

A64_HELPER_FN(a64_eret_helper) /* key: 0, or of ERETAA, ERETAB; the new pc */
{
    struct a64 *cpu = a64_of(x);
    uint32_t el = a64_el(cpu);
    uint64_t pc, spsr;
    (void)b, (void)c, (void)d;
    if (el == 0 || cpu->pstate & PS_IL) {
        xl_sync(x);
        a64_raise_undef(cpu);
    }
    pc = cpu->sr[sr_of(el, SR_ELR_EL1, SR_ELR_EL2, SR_ELR_EL3)];
    spsr = cpu->sr[sr_of(el, SR_SPSR_EL1, SR_SPSR_EL2, SR_SPSR_EL3)];
    if (a)
        pc = a64_pac_helper(x, pc, cpu->gpr[31], A64_PAC_AUT | (a == 2 ? A64_PAC_B : 0), 0);
    x->ll_addr = ~0ull;
    __atomic_store_n(&cpu->event, 1, __ATOMIC_SEQ_CST);
    a64_set_nzcv(cpu, spsr);
    int from = a64_debug_enabled(cpu); /* DebugExceptionReturnSS(): no step then */
    if (illegal_return(cpu, spsr)) {
        uint64_t keep = cpu->pstate & (15 | PS_PAN | PS_UAO | PS_SSBS | PS_DIT);
        a64_set_pstate(cpu, keep | (spsr & (PS_DAIF | PS_SS)) | PS_IL);
    } else {
        a64_set_pstate(cpu, known(cpu, spsr));
        pc = pc & 3 ? pc : a64_untag(cpu, pc);
    }
    if (from || !a64_step_active(cpu))
        cpu->pstate &= ~PS_SS;
    return pc;
}

/* ---- Interrupts ----------------------------------------------------------------------------- */

static uint32_t lines_of(const struct a64 *c)
{
    return __atomic_load_n(&c->lines, __ATOMIC_SEQ_CST);
}

/* Level that takes a physical interrupt, 0 while it stays pending. */
static uint32_t physical(const struct a64 *c, uint64_t scr, uint64_t hcr_bit, uint64_t mask)
{
    uint32_t el = a64_el(c), to = 1;
    uint64_t hcr = a64_hcr(c);
    if (c->isa & A64_BIT(EL3) && c->sr[SR_SCR_EL3] & scr)
        to = 3;
    else if (hcr & (hcr_bit | HCR_TGE))
        to = 2;
    if (to < el)
        return 0;
    if (to > el && (to == 3 || (to == 2 && !a64_tge_e2h(c))))
        return to;
    return c->pstate & mask ? 0 : to;
}

static int virtual(const struct a64 *c, uint64_t route, uint64_t mask)
{
    uint64_t hcr = a64_hcr(c);
    return a64_el(c) < 2 && hcr & route && !(hcr & HCR_TGE) && !(c->pstate & mask);
}

static uint32_t virtual_lines(const struct a64 *c)
{
    uint32_t l = lines_of(c);
    uint64_t hcr = a64_hcr(c);
    return (l & (1u << A64_LINE_VIRQ) || hcr & HCR_VI ? 1u << A64_LINE_VIRQ : 0) |
           (l & (1u << A64_LINE_VFIQ) || hcr & HCR_VF ? 1u << A64_LINE_VFIQ : 0);
}

/* The level that takes an interrupt now and its vector; 0: none. */
static uint32_t deliverable(const struct a64 *c, uint32_t *vector)
{
    uint32_t l = lines_of(c), v = virtual_lines(c), el;
    *vector = A64_V_FIQ;
    if (l & 1u << A64_LINE_FIQ && (el = physical(c, SCR_FIQ, HCR_FMO, PS_F)) != 0)
        return el;
    if (v & 1u << A64_LINE_VFIQ && virtual(c, HCR_FMO, PS_F))
        return 1;
    *vector = A64_V_IRQ;
    if (l & 1u << A64_LINE_IRQ && (el = physical(c, SCR_IRQ, HCR_IMO, PS_I)) != 0)
        return el;
    return v & 1u << A64_LINE_VIRQ && virtual(c, HCR_IMO, PS_I) ? 1 : 0;
}

void a64_irq_update(struct a64 *c)
{
    uint32_t vector;
    if (deliverable(c, &vector))
        __atomic_store_n(&c->x.pending, 1, __ATOMIC_SEQ_CST);
}

int a64_interrupt(struct xl_vcpu *x)
{
    struct a64 *c = a64_of(x);
    uint32_t vector, el;
    /* Cleared first: an input that comes now sets it again. */
    __atomic_store_n(&x->pending, 0, __ATOMIC_SEQ_CST);
    el = deliverable(c, &vector);
    if (!el)
        return 0;
    a64_enter(c, el, vector);
    return 1;
}

int a64_woken(const struct a64 *c)
{
    uint64_t hcr = a64_hcr(c);
    uint32_t v = virtual_lines(c);
    if (lines_of(c) & (1u << A64_LINE_IRQ | 1u << A64_LINE_FIQ))
        return 1;
    return (v & 1u << A64_LINE_VIRQ && hcr & HCR_IMO) || (v & 1u << A64_LINE_VFIQ && hcr & HCR_FMO);
}

void a64_line_in(struct a64 *c, uint32_t n, int on)
{
    if (on)
        __atomic_or_fetch(&c->lines, 1u << n, __ATOMIC_SEQ_CST);
    else
        __atomic_and_fetch(&c->lines, ~(1u << n), __ATOMIC_SEQ_CST);
    if (!on)
        return;
    __atomic_store_n(&c->x.pending, 1, __ATOMIC_SEQ_CST);
    if (a64_woken(c))
        __atomic_store_n(&c->x.halted, 0, __ATOMIC_SEQ_CST);
    xl_wake(&c->x);
}

A64_RD(rd_isr)
{
    uint32_t l = lines_of(c), v = virtual_lines(c);
    uint64_t hcr = a64_el(c) == 1 ? a64_hcr(c) : 0, r = 0;
    (void)id;
    if (hcr & HCR_IMO ? v & 1u << A64_LINE_VIRQ : l & 1u << A64_LINE_IRQ)
        r |= PS_I;
    if (hcr & HCR_FMO ? v & 1u << A64_LINE_VFIQ : l & 1u << A64_LINE_FIQ)
        r |= PS_F;
    return r;
}

/* ---- Waiting -------------------------------------------------------------------------------- */

/* Traps of WFI (event 0) and WFE (1). */
static void check_wait(struct a64 *c, uint32_t event)
{
    uint32_t el = a64_el(c), iss = 0x1e00000 | event;
    if (c->user)
        return;
    if (el == 0 && !(a64_sctlr(c) & (event ? SCTLR_NTWE : SCTLR_NTWI)))
        a64_raise(c, a64_el_for(c, 1), A64_EC_WFX, iss);
    if (el < 2 && !a64_tge_e2h(c) && a64_hcr(c) & (event ? HCR_TWE : HCR_TWI))
        a64_raise(c, 2, A64_EC_WFX, iss);
    if (el < 3 && c->isa & A64_BIT(EL3) && c->sr[SR_SCR_EL3] & (event ? SCR_TWE : SCR_TWI))
        a64_raise(c, 3, A64_EC_WFX, iss);
}

#define SPINS 200 /* as many ask for the host's CPU only */
#define SPIN_GAP 100000 /* ns: a loop around a WFE comes by sooner */
#define NAP 50000 /* ns */

/* A WFE may end at any time. This one does soon: it waits for a store that we do not see, or for
 * the next event of a stream (D11.2.4), or an interrupt is there that PSTATE masks.
 * In a loop that has waited long (cores that nobody has started yet do) it naps, in which time
 * whoever it waits for gets on. */
static void pass_time(struct a64 *c)
{
    struct timespec now, nap = {0, NAP};

    sched_yield(); /* whoever holds the lock may want this host CPU */
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t at = now.tv_sec * 1000000000 + now.tv_nsec;
    c->wfe_spins = c->wfe_pc == c->x.pc && at < c->wfe_until ? c->wfe_spins + 1 : 0;
    c->wfe_pc = c->x.pc;
    c->wfe_until = at + SPIN_GAP;
    if (c->wfe_spins > SPINS) {
        nanosleep(&nap, NULL);
        c->wfe_until += 10 * NAP; /* the host may let it sleep longer */
    }
}

/* Nothing but SEV or an interrupt ends a WFE (B2.9.5, D1.6.1): no monitor is armed, no stream of
 * events is on. */
static int only_sev(const struct a64 *c)
{
    return !c->user && PB_HAS(struct pb_svc_cpu, c->x.svc, wake) && c->x.ll_addr == ~0ull &&
           !((c->sr[SR_CNTKCTL_EL1] | c->sr[SR_CNTHCTL_EL2]) & CNTKCTL_EVNTEN) && !a64_woken(c);
}

/* In this order, as a64_line_in() and send_event() do it in the other. */
static void halt(struct a64 *c, uint32_t how)
{
    __atomic_store_n(&c->x.halted, how, __ATOMIC_SEQ_CST);
    if (a64_woken(c) || (how == A64_WFE && __atomic_load_n(&c->event, __ATOMIC_SEQ_CST)))
        __atomic_store_n(&c->x.halted, A64_RUNS, __ATOMIC_SEQ_CST);
}

A64_HELPER_FN(a64_wait_helper)
{
    struct a64 *cpu = a64_of(x);
    (void)b, (void)c, (void)d;
    xl_sync(x);
    if (a && __atomic_exchange_n(&cpu->event, 0, __ATOMIC_SEQ_CST))
        return 0;
    check_wait(cpu, (uint32_t)a);
    if (a && only_sev(cpu))
        halt(cpu, A64_WFE);
    else if (a)
        pass_time(cpu);
    else if (!cpu->user)
        halt(cpu, A64_WFI);
    return 0;
}

/* Who waits for it leaves it set: its next WFE ends at once, as it may. */
static void send_event(struct xl_vcpu *y)
{
    uint32_t wfe = A64_WFE;

    __atomic_store_n(&a64_of(y)->event, 1, __ATOMIC_SEQ_CST);
    if (__atomic_compare_exchange_n(&y->halted, &wfe, A64_RUNS, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        y->svc->wake(y->cpu);
}

A64_HELPER_FN(a64_sev_helper) /* to all, else to this CPU only */
{
    (void)b, (void)c, (void)d;
    __atomic_store_n(&a64_of(x)->event, 1, __ATOMIC_SEQ_CST);
    if (a && !a64_of(x)->user)
        xl_each_other(x, send_event);
    return 0;
}
