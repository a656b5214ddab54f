/* SPDX-License-Identifier: MIT */
/* sysreg.h - system registers: their numbers, access rules, functions. */
#ifndef A64_SYSREG_H
#define A64_SYSREG_H

#include "aarch64.h"

/* A64_NO(id): the register's number, as PB_ARM_SYSREG_NO() makes it and as MRS has it. */
enum {
#define A64_SR(id, op0, op1, crn, crm, op2, el, flags, read, write) \
    A64_NO_##id = PB_ARM_SYSREG_NO(op0, op1, crn, crm, op2),
#include "sysreg.def"
#undef A64_SR
    A64_NO_DC_ZVA = PB_ARM_SYSREG_NO(1, 3, 7, 4, 1)
};
#define A64_NO(id) A64_NO_##id
#define A64_NO_OP0(n) ((n) >> 14 & 3)
#define A64_NO_OP1(n) ((n) >> 11 & 7)
#define A64_NO_CRN(n) ((n) >> 7 & 15)
#define A64_NO_CRM(n) ((n) >> 3 & 15)
#define A64_NO_OP2(n) ((n)&7)

/* op1:op2 of MSR (immediate). */
enum { A64_PST_UAO = 3, A64_PST_PAN = 4, A64_PST_SPSEL = 5, A64_PST_SSBS = 3 << 3 | 1,
       A64_PST_DIT = 3 << 3 | 2, A64_PST_TCO = 3 << 3 | 4, A64_PST_DAIFSET = 3 << 3 | 6,
       A64_PST_DAIFCLR = 3 << 3 | 7 };

/* Who may, and what traps: see check() in sysreg.c. */
#define F_RO (1ull << 0)
#define F_WO (1ull << 1)
#define F_W1 (1ull << 2)      /* EL0 may only read */
#define F_E2H (1ull << 3)     /* at EL2 with HCR_EL2.E2H: EL2's register of the kind */
#define F_TVM (1ull << 4)     /* HCR_EL2.TVM, TRVM */
#define F_TACR (1ull << 5)
#define F_TID1 (1ull << 6)
#define F_TID2 (1ull << 7)
#define F_TID3 (1ull << 8)
#define F_UCT (1ull << 9)     /* SCTLR_EL1.UCT */
#define F_UMA (1ull << 10)    /* SCTLR_EL1.UMA */
#define F_CPACR (1ull << 11)  /* CPTR_ELx.TCPAC */
#define F_CPTR (1ull << 12)   /* CPTR_EL3.TCPAC */
#define F_APK (1ull << 13)
#define F_LOR (1ull << 14)
#define F_PAN (1ull << 15)
#define F_UAO (1ull << 16)
#define F_DIT (1ull << 17)
#define F_SSBS (1ull << 18)
#define F_VHE (1ull << 19)
#define F_TOP (1ull << 20)    /* its level is the highest there is */
#define F_FP (1ull << 21)
#define F_CNTFRQ (1ull << 22) /* CNTKCTL_EL1: EL0PCTEN or EL0VCTEN */
#define F_CNTPCT (1ull << 23)
#define F_CNTVCT (1ull << 24)
#define F_CNTP (1ull << 25)
#define F_CNTV (1ull << 26)
#define F_CNTPS (1ull << 27)
#define F_PMU (1ull << 28)
#define F_PMUSW (1ull << 29)  /* PMUSERENR_EL0.SW is enough */
#define F_PMUCR (1ull << 30)  /* CR is enough to read */
#define F_PMUER (1ull << 31)  /* ER is enough to read */
#define F_TDA (1ull << 32)    /* MDCR_ELx.TDA, and MDCR_EL2.TDE */
#define F_TDCC (1ull << 33)
#define F_HALTED (1ull << 34) /* in Debug state only */
#define F_TDOSA (1ull << 37)  /* MDCR_ELx.TDOSA, TDE */
#define F_TDRA (1ull << 38)   /* MDCR_EL2.TDRA, TDE; MDCR_EL3.TDA */
#define F_TPM (1ull << 35)    /* MDCR_ELx.TPM: all of the performance monitors */
#define F_ALIAS (1ull << 36)  /* kept elsewhere: not saved by this name */

struct a64_sysreg {
    const char *name;
    uint32_t no;
    uint16_t id;
    uint16_t el; /* lowest that may use it */
    uint64_t flags;
    uint64_t (*read)(struct a64 *c, uint32_t id);
    void (*write)(struct a64 *c, uint32_t id, uint64_t v);
};

extern const struct a64_sysreg a64_sysregs[SR_COUNT];
/* NULL: no register of the table has this number. */
const struct a64_sysreg *a64_sysreg(uint32_t no);
/* The word as a debugger sees it: side effects but no checks. */
uint64_t a64_sysreg_get(struct a64 *c, uint32_t id);
void a64_sysreg_set(struct a64 *c, uint32_t id, uint64_t v);

#define A64_RD(name) uint64_t a64_##name(struct a64 *c, uint32_t id)
#define A64_WR(name) void a64_##name(struct a64 *c, uint32_t id, uint64_t v)
A64_RD(rd_id_virt);
A64_RD(rd_ccsidr);
A64_RD(rd_dczid);
A64_RD(rd_sp);
A64_WR(wr_sp);
A64_RD(rd_pstate);
A64_WR(wr_pstate);
A64_RD(rd_fp);
A64_WR(wr_fp);
A64_RD(rd_isr);
A64_WR(wr_sctlr);
A64_WR(wr_cpacr);
A64_WR(wr_cptr);
A64_WR(wr_hcr);
A64_WR(wr_scr);
A64_WR(wr_flush);
A64_WR(wr_vbar);
A64_RD(rd_count);
A64_RD(rd_timer);
A64_WR(wr_timer);
A64_RD(rd_pmu);
A64_WR(wr_pmu);
A64_RD(rd_pmevcntr);
A64_WR(wr_pmevcntr);
A64_RD(rd_pmevtyper);
A64_WR(wr_pmevtyper);
A64_WR(wr_mdcr);
A64_WR(wr_debug);

#endif
