/* SPDX-License-Identifier: MIT */
/* except.h - exception levels, control bits, exceptions. */
#ifndef A64_EXCEPT_H
#define A64_EXCEPT_H

#include "aarch64.h"

/* ---- Exception classes (D19.2.40, ESR_ELx.EC) ----------------------------------------------- */

enum {
    A64_EC_UNKNOWN = 0x00, A64_EC_WFX = 0x01, A64_EC_FP = 0x07, A64_EC_PAC = 0x09,
    A64_EC_ILLEGAL = 0x0e, A64_EC_SVC = 0x15, A64_EC_HVC = 0x16, A64_EC_SMC = 0x17,
    A64_EC_SYSREG = 0x18, A64_EC_IABT = 0x20, A64_EC_PC_ALIGN = 0x22, A64_EC_DABT = 0x24,
    A64_EC_SP_ALIGN = 0x26, A64_EC_BREAK = 0x30, A64_EC_STEP = 0x32, A64_EC_WATCH = 0x34,
    A64_EC_BRK = 0x3c
};

/* Vector of a kind of exception, from the first of its group. */
enum { A64_V_SYNC = 0, A64_V_IRQ = 0x80, A64_V_FIQ = 0x100 };

/* ---- Control bits --------------------------------------------------------------------------- */

#define SCTLR_M (1ull << 0)
#define SCTLR_A (1ull << 1)
#define SCTLR_UMA (1ull << 9)
#define SCTLR_ENDB (1ull << 13)
#define SCTLR_DZE (1ull << 14)
#define SCTLR_UCT (1ull << 15)
#define SCTLR_NTWI (1ull << 16)
#define SCTLR_NTWE (1ull << 18)
#define SCTLR_WXN (1ull << 19)
#define SCTLR_SPAN (1ull << 23)
#define SCTLR_UCI (1ull << 26)
#define SCTLR_ENDA (1ull << 27)
#define SCTLR_ENIB (1ull << 30)
#define SCTLR_ENIA (1ull << 31)
#define SCTLR_DSSBS (1ull << 44)

#define HCR_VM (1ull << 0)
#define HCR_PTW (1ull << 2)
#define HCR_FMO (1ull << 3)
#define HCR_IMO (1ull << 4)
#define HCR_AMO (1ull << 5)
#define HCR_VF (1ull << 6)
#define HCR_VI (1ull << 7)
#define HCR_FB (1ull << 9)
#define HCR_DC (1ull << 12)
#define HCR_TWI (1ull << 13)
#define HCR_TWE (1ull << 14)
#define CNTKCTL_EVNTEN (1ull << 2) /* of CNTHCTL_EL2, too */
#define HCR_TID1 (1ull << 16)
#define HCR_TID2 (1ull << 17)
#define HCR_TID3 (1ull << 18)
#define HCR_TSC (1ull << 19)
#define HCR_TACR (1ull << 21)
#define HCR_TSW (1ull << 22)
#define HCR_TPC (1ull << 23)
#define HCR_TPU (1ull << 24)
#define HCR_TTLB (1ull << 25)
#define HCR_TVM (1ull << 26)
#define HCR_TGE (1ull << 27)
#define HCR_TDZ (1ull << 28)
#define HCR_HCD (1ull << 29)
#define HCR_TRVM (1ull << 30)
#define HCR_RW (1ull << 31)
#define HCR_CD (1ull << 32)
#define HCR_ID (1ull << 33)
#define HCR_E2H (1ull << 34)
#define HCR_TLOR (1ull << 35)
#define HCR_APK (1ull << 40)
#define HCR_API (1ull << 41)

#define SCR_NS (1ull << 0)
#define SCR_IRQ (1ull << 1)
#define SCR_FIQ (1ull << 2)
#define SCR_EA (1ull << 3)
#define SCR_SMD (1ull << 7)
#define SCR_HCE (1ull << 8)
#define SCR_RW (1ull << 10)
#define SCR_ST (1ull << 11)
#define SCR_TWI (1ull << 12)
#define SCR_TWE (1ull << 13)
#define SCR_TLOR (1ull << 14)
#define SCR_APK (1ull << 16)
#define SCR_API (1ull << 17)

#define CPTR_TCPAC (1ull << 31)
#define CPTR_TFP (1ull << 10)
#define MDCR_TPMCR (1ull << 5)
#define MDCR_TPM (1ull << 6)
#define MDCR_TDE (1ull << 8)
#define MDCR_SDD (1ull << 16)
#define MDSCR_SS (1ull << 0)
#define MDSCR_KDE (1ull << 13)
#define MDSCR_MDE (1ull << 15)
#define MDCR_TDA (1ull << 9)
#define MDCR_TDOSA (1ull << 10)
#define MDCR_TDRA (1ull << 11)

/* ---- State ---------------------------------------------------------------------------------- */

static inline uint32_t a64_top_el(const struct a64 *c)
{
    return c->isa & A64_BIT(EL3) ? 3 : c->isa & A64_BIT(EL2) ? 2 : 1;
}

/* The security state of levels below EL3. */
static inline int a64_below_secure(const struct a64 *c)
{
    return c->isa & A64_BIT(EL3) && !(c->sr[SR_SCR_EL3] & SCR_NS);
}

static inline int a64_is_secure(const struct a64 *c)
{
    return c->isa & A64_BIT(EL3) && (a64_el(c) == 3 || !(c->sr[SR_SCR_EL3] & SCR_NS));
}

/* Is there an EL2 above EL1 and EL0 now? (No Secure EL2.) */
static inline int a64_el2_enabled(const struct a64 *c)
{
    return c->isa & A64_BIT(EL2) && !a64_below_secure(c);
}

/* HCR_EL2 as EL1 and EL0 feel it. */
static inline uint64_t a64_hcr(const struct a64 *c)
{
    return a64_el2_enabled(c) ? c->sr[SR_HCR_EL2] : 0;
}

/* EL0 belongs to a host at EL2. */
static inline int a64_tge_e2h(const struct a64 *c)
{
    return (a64_hcr(c) & (HCR_TGE | HCR_E2H)) == (HCR_TGE | HCR_E2H);
}

/* The level that controls the current one's translation: itself, for EL0 EL1 or EL2. */
static inline uint32_t a64_regime(const struct a64 *c)
{
    uint32_t el = a64_el(c);
    return el ? el : a64_tge_e2h(c) ? 2 : 1;
}

static inline uint64_t a64_sctlr(const struct a64 *c)
{
    uint32_t el = a64_regime(c);
    return c->sr[el == 1 ? SR_SCTLR_EL1 : el == 2 ? SR_SCTLR_EL2 : SR_SCTLR_EL3];
}

/* Where an exception from the current level goes that wants at least level `el`. */
static inline uint32_t a64_el_for(const struct a64 *c, uint32_t el)
{
    uint32_t now = a64_el(c);
    if (now > el)
        el = now;
    return el == 1 && now == 0 && a64_hcr(c) & HCR_TGE ? 2 : el;
}

/* ---- Exceptions ----------------------------------------------------------------------------- */

/* Enter the handler at `el`; x.pc is the address to return to. */
void a64_enter(struct a64 *c, uint32_t el, uint32_t vector);
void a64_syndrome(struct a64 *c, uint32_t el, uint32_t ec, uint32_t iss);
/* A synchronous exception from a helper, x.pc exact; do not return. */
XL_NEAR _Noreturn void a64_raise(struct a64 *c, uint32_t el, uint32_t ec, uint32_t iss);
_Noreturn void a64_raise_undef(struct a64 *c);
_Noreturn void a64_raise_fp(struct a64 *c, uint32_t el);
/* Change PSTATE: the other SP, interrupts looked at again. `v` as in SPSR, without NZCV. */
void a64_set_pstate(struct a64 *c, uint64_t v);
uint32_t a64_reads_and_writes(uint32_t insn); /* syndrome.c: an atomic operation */
uint32_t a64_access_syndrome(uint32_t insn); /* syndrome.c: bits 24:14, 0: there is none */
void a64_moved(struct a64 *c); /* into another Security state, or may have: tells the GIC */
void a64_irq_update(struct a64 *c); /* own thread: after a change of masks or routing */

#endif
