/* SPDX-License-Identifier: MIT */
/* rv.h - the RISC-V hart: its state, and what the files of this folder give each other.
 *
 * The RISC-V Instruction Set Manual, volume I (unprivileged) and II (privileged), 20240411.
 * Who does what: decode (bits to operands), lift-* (operands to IR), helpers (what IR calls),
 * csr (registers), aia (those of the interrupt architecture), trap (exceptions, interrupts,
 * returns), mmu and pmp (addresses), timer (counters and Sstc), gdb and facts (how others see the
 * hart), cpu (the class).
 */
#ifndef RV_H
#define RV_H

#include "xl.h"
#include "decode.h"

#include <plugboard/device.h>
#include <plugboard/riscv.h>
#include <plugboard/semihost.h>

#define RV_PMP_ENTRIES 16u
#define RV_CBO_BYTES 64u

enum { RV_PRIV_U, RV_PRIV_S, RV_PRIV_M = 3 };

/* Slots: x0 to x31 are 0 to 31, f0 to f31 are 32 to 63, then the CSRs that are plain storage. */
enum { RV_SLOT_F = 32, RV_SLOT_SSCRATCH = 64, RV_SLOT_SEPC, RV_SLOT_SCAUSE, RV_SLOT_STVAL,
       RV_SLOT_MSCRATCH, RV_SLOT_MEPC, RV_SLOT_MCAUSE, RV_SLOT_MTVAL, RV_SLOTS };

struct rv {
    struct xl_vcpu x; /* first: the engine's */
    uint64_t gpr[32]; /* gpr[0] is never written */
    uint64_t fpr[32]; /* single precision is NaN-boxed */
    uint64_t sscratch, sepc, scause, stval;
    uint64_t mscratch, mepc, mcause, mtval;
    uint64_t isa;     /* RV_BIT()s */
    uint64_t priv;    /* RV_PRIV_* */
    uint64_t mstatus; /* without SD */
    uint64_t frm;
    uint64_t medeleg, mideleg, mie;
    uint64_t mtvec, stvec, mcounteren, scounteren, mcountinhibit;
    uint64_t menvcfg, senvcfg, satp;
    uint64_t mip_lines; /* MSIP MTIP MEIP SEIP as the inputs say; atomic */
    uint64_t mip_soft;  /* what software wrote, and STIP of Sstc; atomic */
    uint64_t mvien, mvip, sie_virtual; /* atomic; see aia.c */
    uint64_t miselect, siselect;
    uint64_t stimecmp;
    uint64_t cycle_base, instret_base, count_from[2]; /* see csr.c, Counters */
    uint64_t pmpaddr[RV_PMP_ENTRIES];
    uint8_t pmpcfg[RV_PMP_ENTRIES];
    uint64_t pmp_lo[RV_PMP_ENTRIES], pmp_hi[RV_PMP_ENTRIES]; /* first and last byte; from above */
    uint64_t pmp_used;      /* bit i: entry i matches anything */
    uint64_t mmu_max;       /* largest satp mode: 8, 9 or 10; 0: none */
    uint32_t short_isa;     /* riscv,isa has the single letters only */
    uint64_t reset_pc, hartid;
    uint64_t mvendorid, marchid, mimpid;
    pb_dev *dev;
    const pb_host *host;
    const struct pb_svc_user *user; /* NULL: there is a machine */
    struct pb_trap trap;            /* user mode: why run() returned */
    const struct pb_svc_time *time;
    const struct pb_svc_prop *prop;
    const struct pb_counter *counter; /* the machine's mtime, or NULL */
    void *counter_self;
    const struct pb_riscv_imsic *imsic[2]; /* of M, of S; NULL: none */
    void *imsic_self[2];
    const struct pb_semihost *semihost; /* NULL: EBREAK is nothing else */
    void *semihost_self;
    pb_timer *stimer;
    pb_timer *nap;          /* ends a WFI that had nothing to wait for: see rv_wfi() */
    uint32_t napping;       /* atomic */
    uint32_t events;        /* interrupts that became pending or were asked for again; atomic */
    uint32_t loops; /* traps, one after the other, of a handler's first instruction */
    uint32_t wfi_events, wfi_useless; /* at the last WFI; how many in a row returned at once */
    uint64_t wfi_mie;
    char isa_string[256], ext_string[512], mmu_type[16]; /* facts.c */
};

static inline struct rv *rv_of(struct xl_vcpu *x)
{
    return (struct rv *)x;
}

/* ---- Mode word ------------------------------------------------------------------------- */

#define RV_MODE_PRIV(m) ((m)&3)
#define RV_MODE_FS_ON 4u
#define RV_MODE_FS_DIRTY 8u
#define RV_MODE_USER 128u /* no machine: see user.c */
#define RV_MODE_FRM(m) ((uint32_t)((m) >> 4 & 7))
#define RV_MODE_ISA(m) ((m) >> 16)
XL_NEAR uint64_t rv_mode(struct xl_vcpu *x);

/* ---- Bits of mstatus (volume II, 3.1.6) ------------------------------------------------- */

#define MSTATUS_SIE (1ull << 1)
#define MSTATUS_MIE (1ull << 3)
#define MSTATUS_SPIE (1ull << 5)
#define MSTATUS_MPIE (1ull << 7)
#define MSTATUS_SPP (1ull << 8)
#define MSTATUS_MPP (3ull << 11)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_FS (3ull << 13)
#define MSTATUS_MPRV (1ull << 17)
#define MSTATUS_SUM (1ull << 18)
#define MSTATUS_MXR (1ull << 19)
#define MSTATUS_TVM (1ull << 20)
#define MSTATUS_TW (1ull << 21)
#define MSTATUS_TSR (1ull << 22)
#define MSTATUS_UXL (3ull << 32)
#define MSTATUS_SXL (3ull << 34)
#define MSTATUS_SD (1ull << 63)

/* mip, mie */
#define MIP_SSIP (1ull << 1)
#define MIP_MSIP (1ull << 3)
#define MIP_STIP (1ull << 5)
#define MIP_MTIP (1ull << 7)
#define MIP_SEIP (1ull << 9)
#define MIP_MEIP (1ull << 11)
#define MIP_S (MIP_SSIP | MIP_STIP | MIP_SEIP)
/* What M may give to S as virtual interrupts (AIA 5.3): SSIP, SEIP, local and custom ones. */
#define MVIEN_MASK (~0x1fffull | MIP_SSIP | MIP_SEIP)
#define MIP_M (MIP_MSIP | MIP_MTIP | MIP_MEIP)

/* menvcfg, senvcfg */
#define ENVCFG_FIOM 1ull
#define ENVCFG_CBIE (3ull << 4)
#define ENVCFG_CBCFE (1ull << 6)
#define ENVCFG_CBZE (1ull << 7)
#define MENVCFG_ADUE (1ull << 61)
#define MENVCFG_STCE (1ull << 63)

/* mcause: exceptions (volume II, table 14) */
enum {
    RV_E_FETCH_ALIGN, RV_E_FETCH, RV_E_ILLEGAL, RV_E_BREAK, RV_E_LOAD_ALIGN, RV_E_LOAD,
    RV_E_STORE_ALIGN, RV_E_STORE, RV_E_ECALL_U, RV_E_ECALL_S, RV_E_ECALL_M = 11,
    RV_E_FETCH_PAGE, RV_E_LOAD_PAGE, RV_E_STORE_PAGE = 15
};

/* ---- Helpers, by number in rv_helpers[] -------------------------------------------------- */

enum {
    RV_H_ILLEGAL, RV_H_FETCH_ALIGN, RV_H_CHECK_TARGET, RV_H_ECALL, RV_H_EBREAK, RV_H_CSR,
    RV_H_MRET, RV_H_SRET, RV_H_WFI, RV_H_SFENCE, RV_H_FS_DIRTY, RV_H_CBO, RV_H_FENCE_I,
    RV_H_PAUSE,
    RV_HELPERS
};
extern const struct xl_helper rv_helpers[RV_HELPERS];
extern const struct xl_slot rv_slots[RV_SLOTS];

/* Argument a of RV_H_CSR: number, kind, whether it writes and must look after
 * the block itself; b: operand; c: raw bits. */
enum { RV_CSR_SWAP, RV_CSR_SET, RV_CSR_CLEAR };
#define RV_CSR_ARG(n, kind, writes, soft) ((uint64_t)(n) | (uint64_t)(kind) << 12 | \
                                           (uint64_t)(writes) << 14 | (uint64_t)(soft) << 15)
/* Argument c of RV_H_SFENCE. */
#define RV_SFENCE_VA 1u   /* only the page of a */
#define RV_SFENCE_ASID 2u /* only the address space b */
/* Argument b of RV_H_CBO. */
enum { RV_CBO_INVAL, RV_CBO_CLEAN, RV_CBO_FLUSH, RV_CBO_ZERO };

/* ---- lift ------------------------------------------------------------------------------- */

void rv_translate(struct xl_builder *b, uint64_t pc, uint64_t mode);

/* ---- csr -------------------------------------------------------------------------------- */

/* 0 and *v, or PB_EACCES when the hart's current state does not allow it. */
int rv_csr_read(struct rv *c, uint32_t n, uint64_t *v);
int rv_csr_write(struct rv *c, uint32_t n, uint64_t v);
/* For helpers and debuggers: exists at all on this hart. */
int rv_csr_exists(struct rv *c, uint32_t n);
/* How RV_H_CSR's access can be shortened: */
enum { RV_CSR_NORMAL, RV_CSR_SOFT, RV_CSR_QUIET, RV_CSR_SLOT };
uint32_t rv_csr_kind(uint32_t n, uint32_t *slot); /* see csr.def */
uint64_t rv_csr_helper(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t raw, uint64_t d);
uint64_t rv_mstatus(const struct rv *c); /* with SD */
void rv_csr_reset(struct rv *c);
uint64_t rv_misa(const struct rv *c);

/* ---- aia -------------------------------------------------------------------------------- */

uint64_t rv_virtual(const struct rv *c); /* pending by mvip and enabled by sie, for S */
uint32_t rv_top(uint64_t pending); /* the first in default order (AIA 5.1); 0: none */
/* mireg, sireg, mtopei, stopei (number n): *old, and if `writes` a write of `kind` (RV_CSR_*), both
 * at once. PB_EACCES: there is nothing behind it now. */
#define RV_CSR_IS_WINDOW(n) (((n) & ~0x200u) == 0x151 || ((n) & ~0x200u) == 0x15c)
int rv_window(struct rv *c, uint32_t n, uint32_t kind, int writes, uint64_t v, uint64_t *old);
void rv_mvip_set(struct rv *c, uint64_t mask, uint64_t v);
/* For csr.def: */
uint64_t rv_mvien_read(struct rv *c, uint32_t n);
uint64_t rv_mvip_read(struct rv *c, uint32_t n);
uint64_t rv_mtopi_read(struct rv *c, uint32_t n);
uint64_t rv_stopi_read(struct rv *c, uint32_t n);
uint64_t rv_iselect_read(struct rv *c, uint32_t n);
uint64_t rv_window_read(struct rv *c, uint32_t n);
void rv_mvien_write(struct rv *c, uint32_t n, uint64_t v);
void rv_mvip_write(struct rv *c, uint32_t n, uint64_t v);
void rv_iselect_write(struct rv *c, uint32_t n, uint64_t v);
void rv_window_write(struct rv *c, uint32_t n, uint64_t v);

/* ---- trap ------------------------------------------------------------------------------- */

/* Enter the handler for `cause` (bit 63: interrupt); x.pc is the pc to report. */
XL_NEAR void rv_trap(struct rv *c, uint64_t cause, uint64_t tval);
/* The same from a helper: does not return. */
XL_NEAR _Noreturn void rv_raise(struct rv *c, uint64_t cause, uint64_t tval);
uint64_t rv_mip(const struct rv *c);
void rv_mip_set(struct rv *c, uint64_t *word, uint64_t bits, int on); /* [any] */
void rv_irq_update(struct rv *c); /* own thread: after a change of enables */
int rv_interrupt(struct xl_vcpu *x);
void rv_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code);
uint64_t rv_mret(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t e, uint64_t d);
uint64_t rv_sret(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t e, uint64_t d);
uint64_t rv_wfi(struct xl_vcpu *x, uint64_t raw, uint64_t next, uint64_t e, uint64_t d);
int rv_woken(const struct rv *c); /* [any] a WFI would end now */
void rv_nap_over(void *self);     /* [any] */

/* ---- mmu, pmp ---------------------------------------------------------------------------- */

XL_NEAR void rv_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k);
int rv_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe, struct xl_walk *w);
uint64_t rv_sfence(struct xl_vcpu *x, uint64_t va, uint64_t asid, uint64_t what, uint64_t raw);
void rv_flush(struct rv *c); /* everything of this hart */
/* XL_PROT_* of [pa, pa+n) for `priv`; *whole is 0 when other bytes of its page differ. */
uint32_t rv_pmp_check(const struct rv *c, uint64_t pa, uint32_t n, uint32_t priv, int *whole);
void rv_pmp_update(struct rv *c); /* after pmpcfg or pmpaddr changed */
uint64_t rv_pmpcfg_read(struct rv *c, uint32_t n);
void rv_pmpcfg_write(struct rv *c, uint32_t n, uint64_t v);
uint64_t rv_pmpaddr_read(struct rv *c, uint32_t n);
void rv_pmpaddr_write(struct rv *c, uint32_t n, uint64_t v);

/* ---- timer -------------------------------------------------------------------------------- */

int rv_timer_init(struct rv *c, pb_err *e);
uint64_t rv_time(struct rv *c); /* mtime */
uint64_t rv_ticks(struct rv *c); /* what mcycle and minstret count */
void rv_timer_update(struct rv *c); /* after stimecmp or menvcfg.STCE changed */

/* ---- user: without a machine -------------------------------------------------------------- */

void rv_user_reset(struct rv *c);
XL_NEAR void rv_user_trap(struct rv *c, uint64_t cause, uint64_t tval); /* in place of rv_trap() */
void rv_user_fault(struct rv *c, uint64_t va, uint32_t access, int code);
extern const struct pb_cpu_user rv_user;

/* ---- facts, gdb, models ------------------------------------------------------------------- */

void rv_facts_init(struct rv *c);
const char *rv_fact(void *self, const char *name);
uint32_t rv_regs(void *self, const struct pb_cpu_reg **v);
int rv_reg_get(void *self, uint32_t id, void *buf, uint32_t n);
int rv_reg_set(void *self, uint32_t id, const void *buf, uint32_t n);
const char *rv_gdb_xml(void *self, const char *annex);
extern const struct pb_cpu_model rv_models[];
extern const uint32_t rv_n_models;
/* Set isa, mmu_max and ids from model and properties. */
int rv_configure(struct rv *c, const char *model, pb_err *e);

#endif
