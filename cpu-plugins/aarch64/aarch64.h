/* SPDX-License-Identifier: MIT */
/* aarch64.h - the AArch64 CPU: its state, and what the files of this folder give each other.
 *
 * Arm Architecture Reference Manual for A-profile architecture, DDI 0487.
 * Who does what: decode (bits to operands), lift-* (operands to IR), flags (NZCV), helpers
 * (what IR calls), sysreg (system registers), except (exceptions, interrupts, returns), mmu
 * (addresses), timer, gdb and facts (how others see the CPU), cpu (the class).
 */
#ifndef A64_H
#define A64_H

#include "xl.h"
#include "decode.h"

#include <plugboard/arm.h>
#include <plugboard/device.h>
#include <plugboard/semihost.h>

#include <pthread.h>

/* ---- System registers that are kept in sr[], by sysreg.def -------------------------------- */

enum a64_sr {
#define A64_SR(id, op0, op1, crn, crm, op2, el, flags, read, write) SR_##id,
#include "sysreg.def"
#undef A64_SR
    SR_COUNT
};

#define A64_PMU_COUNTERS 6u /* besides the cycle counter */
#define A64_TIMERS 5u

/* ---- Slots --------------------------------------------------------------------------------- */

/* X0 to X30 are 0 to 30, SP is 31. The flags: see lift-flags.c. V0 to V31 begin at A64_SLOT_V.
 * Registers of sr[] that are slots come last. */
enum {
    A64_SLOT_SP = 31, A64_SLOT_PSTATE, A64_SLOT_CC, A64_SLOT_CCA, A64_SLOT_CCB, A64_SLOT_CCC,
    A64_SLOT_V = A64_SLOT_CCC + 1,
    A64_SLOT_QC = A64_SLOT_V + 32, /* FPSR.QC: not zero when set; a vector, see lift-simd.h */
    A64_SLOT_SR,
    A64_SLOT_TPIDR_EL0 = A64_SLOT_SR, A64_SLOT_TPIDRRO_EL0, A64_SLOT_TPIDR_EL1,
    A64_SLOT_SP_EL0, A64_SLOT_ELR_EL1, A64_SLOT_SPSR_EL1, A64_SLOT_ESR_EL1, A64_SLOT_FAR_EL1,
    A64_SLOTS
};

/* What cc says of cca, ccb and ccc. The flags are those of the operation. */
enum {
    A64_CC_NZCV,            /* cca: the flags in bits 31 to 28, as in the register NZCV */
    A64_CC_SUB32, A64_CC_SUB64,     /* cca - ccb */
    A64_CC_ADD32, A64_CC_ADD64,     /* cca + ccb */
    A64_CC_LOGIC32, A64_CC_LOGIC64, /* N and Z of cca; C and V are clear */
    A64_CC_ADC32, A64_CC_ADC64      /* cca + ccb + ccc */
};

struct a64_v {
    _Alignas(16) uint64_t d[2];
};

struct a64 {
    struct xl_vcpu x;   /* first: the engine's */
    uint64_t gpr[32];   /* X0 to X30, then the current SP */
    uint64_t cc, cca, ccb, ccc;
    struct a64_v v[32];
    struct a64_v qc;
    uint64_t qc_helper; /* set by helpers, as good as qc */
    uint64_t sr[SR_COUNT]; /* the current EL's SP_ELx is stale: gpr[31] is it */
    uint64_t sp_el3;
    uint64_t isa;       /* A64_BIT()s */
    uint64_t pstate;    /* PS_*, without NZCV */
    uint64_t fpcr;
    uint64_t pmevcntr[A64_PMU_COUNTERS], pmevtyper[A64_PMU_COUNTERS];
    uint64_t pm_base[A64_PMU_COUNTERS + 1]; /* pmu.c, and all pm_ below */
    uint64_t ccsidr[8]; /* by CSSELR_EL1 */
    uint64_t ll_hi;     /* upper half that LDXP saw */
    uint64_t fault_ipa; /* of a stage 2 fault, for HPFAR_EL2 */
    uint32_t cache_op;  /* the access is a cache maintenance instruction's */
    uint32_t unpriv;    /* the access is LDTR's or STTR's */
    uint32_t lines;     /* inputs: bit A64_LINE_*; atomic */
    uint32_t event;     /* the event register (WFE); atomic */
    uint32_t tlbi_open; /* others may not have done yet what a TLBI of ours asked for */
    uint32_t wfe_spins; /* how often the WFE at wfe_pc came by before wfe_until */
    uint64_t wfe_pc;
    int64_t wfe_until;  /* ns of the host's clock */
    uint32_t user;      /* no machine below: exceptions end run() */
    struct pb_trap trap; /* user mode: why it ended */
    uint32_t isa_index; /* a64_isa_of() */
    uint32_t model;     /* index in a64_models[] */
    struct a64_spaces *spaces; /* mmu.c */
    uint64_t reset_pc, mpidr, cntfrq;
    char mpidr_text[24], page_text[12]; /* facts.c */
    uint32_t boot_el;
    pb_dev *dev;
    const pb_host *host;
    const struct pb_svc_time *time;
    const struct pb_svc_prop *prop;
    const struct pb_svc_line *line;
    const struct pb_arm_sysreg *gic;
    void *gic_self;
    const struct pb_smccc *firmware;
    void *firmware_self;
    const struct pb_semihost *semihost; /* NULL: HLT is undefined */
    void *semihost_self;
    pb_timer *timer[A64_TIMERS]; /* by A64_T_*: timer.c */
    const struct pb_line *timer_out[A64_TIMERS];
    uint32_t breaks;     /* a breakpoint register is enabled */
    uint32_t points;     /* the engine has some of debug.c */
    uint32_t loops;      /* exceptions, one after the other, of a vector's first instruction */
    uint32_t timer_busy; /* expiries that are being delivered; atomic */
    uint32_t pm_counting; /* counters that count now, by their bits in PMCNTENSET_EL0 */
    uint32_t pm_by_level; /* … which changes with the exception level */
    int32_t pm_level;     /* the output */
    int64_t pm_due;       /* when the timer is armed for */
    uint64_t pm_now;      /* ns: what all counters were brought to */
    pb_timer *pm_timer;
    const struct pb_line *pm_out;
    pthread_mutex_t pm_lock;
};

/* What x.halted says: waits for an interrupt, or for an event, too. */
enum { A64_RUNS, A64_WFI, A64_WFE };

static inline struct a64 *a64_of(struct xl_vcpu *x)
{
    return (struct a64 *)x;
}

/* ---- PSTATE, as in SPSR_ELx (C5.2.18) ------------------------------------------------------- */

#define PS_N (1ull << 31)
#define PS_Z (1ull << 30)
#define PS_C (1ull << 29)
#define PS_V (1ull << 28)
#define PS_NZCV (15ull << 28)
#define PS_TCO (1ull << 25)
#define PS_DIT (1ull << 24)
#define PS_UAO (1ull << 23)
#define PS_PAN (1ull << 22)
#define PS_SS (1ull << 21)
#define PS_IL (1ull << 20)
#define PS_SSBS (1ull << 12)
#define PS_D (1ull << 9)
#define PS_A (1ull << 8)
#define PS_I (1ull << 7)
#define PS_F (1ull << 6)
#define PS_DAIF (15ull << 6)
#define PS_AARCH32 (1ull << 4)
#define PS_EL(p) ((uint32_t)((p) >> 2 & 3))
#define PS_SP 1ull /* SP_ELx, not SP_EL0 */

static inline uint32_t a64_el(const struct a64 *c)
{
    return PS_EL(c->pstate);
}

/* ---- Mode word ------------------------------------------------------------------------------ */

#define A64_MODE_EL(m) ((uint32_t)((m)&3))
#define A64_MODE_FP 4u            /* FP and SIMD are not trapped */
#define A64_MODE_IL 8u            /* PSTATE.IL: every instruction is illegal */
#define A64_MODE_SS 16u           /* software step: one instruction, then the exception */
#define A64_MODE_SS_DONE 1024u    /* … which is due now */
#define A64_MODE_BREAK 2048u      /* a64_break_now() */
#define A64_MODE_USER 32u         /* user mode without a machine */
#define A64_MODE_ALIGN 64u        /* every access must be aligned (SCTLR_ELx.A) */
#define A64_MODE_UNPRIV 128u      /* LDTR and STTR differ from LDR and STR */
#define A64_MODE_SPX 256u         /* PSTATE.SP */
#define A64_MODE_ZVA 512u         /* DC ZVA is not trapped */
#define A64_MODE_ISA_SHIFT 12    /* 4 bits: index for a64_isa_of() */
#define A64_MODE_FPCR_SHIFT 16    /* 11 bits: FPCR bits 26 to 16: AHP DN FZ RMode … FZ16 */
#define A64_MODE_FPCR(m) ((uint32_t)((m) >> A64_MODE_FPCR_SHIFT & 0x7ff) << 16)
XL_NEAR uint64_t a64_mode(struct xl_vcpu *x);
uint64_t a64_isa_of(uint64_t mode);
/* Number of a set of features, the same for equal sets. PB_ENOMEM: too many in one process. */
int a64_isa_index(uint64_t isa, uint32_t *index);

/* ---- Helpers, by number in a64_helpers[] ---------------------------------------------------- */

enum {
    A64_H_UNDEF, A64_H_PC_ALIGN, A64_H_FP_TRAP, A64_H_NZCV, A64_H_EXC, A64_H_MRS, A64_H_MSR,
    A64_H_SYS, A64_H_CRC32, A64_H_PSTATE, A64_H_CLREX, A64_H_ERET, A64_H_WAIT, A64_H_SEV, A64_H_DSB,
    A64_H_STEP, A64_H_BREAK, A64_H_PAC, A64_H_LDXP, A64_H_STXP, A64_H_CASP,
#define A64_HELPER(id, name, fn, flags, n_args, type, vec) A64_H_##id,
#include "helpers-simd.def"
#undef A64_HELPER
    A64_HELPERS
};
extern const struct xl_helper a64_helpers[A64_HELPERS];
extern const struct xl_slot a64_slots[A64_SLOTS];

/* Argument c of A64_H_PAC. */
#define A64_PAC_B 1u       /* key B */
#define A64_PAC_DATA 2u    /* a data key */
#define A64_PAC_AUT 4u     /* authenticate */
#define A64_PAC_STRIP 8u
#define A64_PAC_GENERIC 16u

#define A64_FAULTS (XL_H_FAULT | XL_H_STATE)

/* ---- lift ----------------------------------------------------------------------------------- */

void a64_translate(struct xl_builder *b, uint64_t pc, uint64_t mode);

/* ---- flags ---------------------------------------------------------------------------------- */

uint64_t a64_nzcv(const struct a64 *c); /* bits 31 to 28 */
void a64_set_nzcv(struct a64 *c, uint64_t nzcv);

/* ---- floating point state (fp.c) ------------------------------------------------------------ */

uint64_t a64_fpsr(struct a64 *c);
void a64_set_fpsr(struct a64 *c, uint64_t v);
void a64_set_fpcr(struct a64 *c, uint64_t v);

/* ---- exceptions, interrupts (except.c) ------------------------------------------------------ */

enum { A64_LINE_IRQ, A64_LINE_FIQ, A64_LINE_VIRQ, A64_LINE_VFIQ, A64_LINES };
/* Faults that a64_walk() returns: ISS bits 7 to 0, or'ed with */
#define A64_FAULT_STAGE2 0x100 /* the second stage's: to EL2, with fault_ipa */
#define A64_FAULT_WATCH 0x200 /* debug.c: the access is allowed, but watched */
void a64_line_in(struct a64 *c, uint32_t n, int on); /* [any] */
int a64_woken(const struct a64 *c);                  /* [any] a WFI would end now */

int a64_fp_trapped(const struct a64 *c); /* CPACR_EL1, CPTR_EL2, CPTR_EL3 for the current EL */
void a64_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code);
int a64_interrupt(struct xl_vcpu *x);

/* ---- self-hosted debug (debug.c) ------------------------------------------------------------- */

int a64_debug_enabled(const struct a64 *c); /* MDE and SS apart */
int a64_step_active(const struct a64 *c);
int a64_break_now(const struct a64 *c); /* a breakpoint of the whole context */
int a64_break_at(struct xl_vcpu *x);
int a64_watch(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access);
void a64_watch_fault(struct a64 *c, uint64_t va, uint32_t access, uint32_t insn);
void a64_debug_update(struct a64 *c);

/* ---- user: without a machine ---------------------------------------------------------------- */

void a64_user_reset(struct a64 *c);
_Noreturn void a64_user_exit(struct a64 *c, uint32_t ec); /* in place of an exception */
void a64_user_fault(struct a64 *c, uint64_t va, uint32_t access, int code);
extern const struct pb_cpu_user a64_user;

/* ---- mmu ------------------------------------------------------------------------------------ */

XL_NEAR void a64_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k);
void a64_beside(struct xl_vcpu *x, uint32_t on);
int a64_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe, struct xl_walk *w);
uint64_t a64_untag(const struct a64 *c, uint64_t va); /* the address that a tagged one means */
int a64_mmu_init(struct a64 *c);
void a64_mmu_fini(struct a64 *c);
void a64_flush(struct a64 *c); /* everything of this CPU */

/* ---- timers, counters ----------------------------------------------------------------------- */

enum { A64_T_PHYS, A64_T_VIRT, A64_T_HYP, A64_T_HVIRT, A64_T_SEC };
int a64_timer_init(struct a64 *c, pb_err *e);
void a64_timer_update(struct a64 *c); /* after a change of any of them */
uint64_t a64_count(const struct a64 *c); /* CNTPCT */
uint64_t a64_cycles(const struct a64 *c);

/* ---- performance monitors (pmu.c) ------------------------------------------------------------ */

int a64_pmu_init(struct a64 *c, pb_err *e);
void a64_pmu_fini(struct a64 *c);
void a64_pmu_update(struct a64 *c, uint32_t stale);
void a64_pmu_moved(struct a64 *c); /* to another level, while pm_by_level is set */

/* ---- identification (id.c) ------------------------------------------------------------------ */

void a64_sysreg_init(void);
void a64_sysreg_reset(struct a64 *c);
void a64_crc_init(void);
void a64_id_init(struct a64 *c);
uint64_t a64_mmfr0(const struct a64 *c); /* ID_AA64MMFR0_EL1, before a reset too */
uint64_t a64_id_user(const struct a64 *c, uint32_t id); /* what EL0 sees by Linux's emulation */

/* ---- facts, gdb ----------------------------------------------------------------------------- */

const char *a64_fact(void *self, const char *name);
uint32_t a64_regs(void *self, const struct pb_cpu_reg **v);
int a64_reg_get(void *self, uint32_t id, void *buf, uint32_t n);
int a64_reg_set(void *self, uint32_t id, const void *buf, uint32_t n);
const char *a64_gdb_xml(void *self, const char *annex);

/* ---- models --------------------------------------------------------------------------------- */

#define A64_MODELS 8
extern const struct pb_cpu_model a64_models[A64_MODELS];

int a64_configure(struct a64 *c, const char *model, pb_err *e);

#endif
