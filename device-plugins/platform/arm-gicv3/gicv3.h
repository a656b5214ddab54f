/* SPDX-License-Identifier: MIT */
/* gicv3.h - what the files of the GICv3 share.
 *
 * INTIDs below 32 are each CPU's own (word 0 of the redistributor), those below 1020 the
 * distributor's, those from 8192 on LPIs. One mutex is over all of it.
 *
 * Groups are numbers: 0; 1, which with two Security states is Non-secure Group 1; 2, which only
 * then exists, is Secure Group 1. What the CPU interface has for each of them is an array.
 */
#ifndef ARM_GICV3_H
#define ARM_GICV3_H

#include <plugboard/arm.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/reg.h>

#include <pthread.h>

#define MAX_CPUS 512u
#define INTIDS 1020u
#define SPIS (INTIDS - 32)
#define WORDS 32u
#define SPURIOUS 1023u
#define FOR_SECURE 1020u
#define FOR_NONSECURE 1021u
#define FIRST_LPI 8192u
#define ID_BITS 16u
#define LPIS ((1u << ID_BITS) - FIRST_LPI)
#define LPI_WORDS (LPIS / 64)
#define LPI_BLOCKS (LPI_WORDS / 64)
#define PRIO_MASK 0xf8u /* five bits are implemented */
#define MIN_BPR 2u
#define IDLE 0x100u /* no running priority; above every other */
#define NO_CPU 0xffffu
#define LRS 4u
enum { GROUP0, GROUP1, GROUP1S, GROUPS };

struct bank { uint32_t enable, pending, active, level, edge, group, mod; };

/* LPIs of one CPU, there while they are enabled: lpi.c. */
struct lpis {
    uint64_t pending[LPI_WORDS];
    uint8_t config[LPIS]; /* priority and enable bit, as in the guest's table */
    /* Priorities, a bit each, at which an enabled one is pending */
    uint32_t in_word[LPI_WORDS], in_block[LPI_BLOCKS], in_all;
};

struct gicv3;

struct cpu {
    struct gicv3 *g;
    const struct pb_line *irq, *fiq, *virq, *vfiq;
    uint64_t affinity; /* as GICR_TYPER has it, in the low 32 bits */
    struct bank own;
    uint8_t prio[32];
    uint32_t target[WORDS]; /* SPIs that are routed here */
    /* GICR_*, 5.3 of IHI 0069 */
    uint32_t ctlr, waker;
    uint64_t propbaser, pendbaser;
    struct lpis *lpi; /* NULL: disabled */
    /* ICC_*: the CPU interface. icc_ctlr[0] is EL3's own EOImode. */
    uint32_t icc_ctlr[GROUPS], pmr, bpr[GROUPS], enable[GROUPS], apr[GROUPS];
    uint32_t at; /* PB_ARM_AT_SECURE and the level: where the CPU is */
    /* ICH_*: the virtual one */
    uint64_t lr[LRS];
    uint32_t hcr, vctlr, vpmr, vbpr[2], venable[2], vapr[2];
};

struct gicv3 {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    pb_as *as;
    pthread_mutex_t lock;
    uint32_t n_cpus, n_irqs, words, has_lpi, has_virt, awake, known;
    uint32_t security;  /* has two Security states */
    uint32_t nonsecure; /* after a reset, all is Non-secure software's, as firmware leaves it */
    struct cpu *cpu;    /* cpu[n_cpus] */
    uint32_t ctlr;      /* GICD_CTLR: a bit for each group */
    uint32_t ds;        /* GICD_CTLR.DS: one Security state, from the start or by now */
    uint32_t enable[WORDS], pending[WORDS], active[WORDS], level[WORDS], edge[WORDS],
        group[WORDS], mod[WORDS];
    uint8_t prio[INTIDS];
    uint64_t router[INTIDS]; /* affinity */
    uint16_t route[INTIDS];  /* CPU, or NO_CPU */
};

enum { CTLR_CBPR = 1, CTLR_EOIMODE = 2 };
enum { GICR_ENABLE_LPIS = 1 };
enum { WAKER_SLEEP = 2, WAKER_ASLEEP = 4 };

static inline uint32_t bit(const uint32_t *w, uint32_t n)
{
    return w[n / 32] >> n % 32 & 1;
}

static inline void set_bit(uint32_t *w, uint32_t n, uint32_t on)
{
    w[n / 32] = (w[n / 32] & ~(1u << n % 32)) | on << n % 32;
}

/* The group of bit `k`, by IGROUPR and IGRPMODR (4.6.1). */
static inline uint32_t group_bit(const struct gicv3 *g, uint32_t group, uint32_t mod, uint32_t k)
{
    return group >> k & 1 ? GROUP1 : mod >> k & 1 && !g->ds ? GROUP1S : GROUP0;
}

/* Is a transaction Non-secure, where that makes a difference? */
static inline uint32_t nonsecure(const struct gicv3 *g, const struct pb_txn *t)
{
    return !g->ds && !(t->attrs & PB_TXN_SECURE);
}

/* Priorities as Non-secure software sees those of its own half, and back (4.8.1). */
static inline uint32_t ns_shows(uint32_t prio)
{
    return prio & 0x80 ? prio << 1 & 0xff : 0;
}

static inline uint32_t ns_means(uint32_t v)
{
    return (0x80 | (v & 0xff) >> 1) & PRIO_MASK;
}

/* dist.c, redist.c: registers in memory */
extern const struct pb_regs gicv3_dist_table;
int gicv3_dist_access(void *self, struct pb_txn *t);
int gicv3_redist_access(void *self, struct pb_txn *t);
/* One access to a table whose registers have 4 or 8 bytes, halves of the latter included. */
void gicv3_reg_access(const struct pb_regs *t, void *a, const pb_host *h, pb_dev *d,
                      struct pb_txn *x);
void gicv3_input(struct gicv3 *g, uint32_t n, uint32_t level);
void gicv3_ppi(struct cpu *c, uint32_t n, uint32_t level);
void gicv3_routes(struct gicv3 *g); /* anew, from router[] */

/* lpi.c. The lock is held. */
int gicv3_lpi_enable(struct cpu *c, uint32_t on);
void gicv3_lpi_pend(struct cpu *c, uint32_t intid, uint32_t on);
uint32_t gicv3_lpi_pending(struct cpu *c, uint32_t intid);
void gicv3_lpi_reload(struct cpu *c, uint32_t first, uint32_t last); /* configuration */
void gicv3_lpi_move(struct cpu *from, struct cpu *to); /* all that is pending */
void gicv3_lpi_loaded(struct cpu *c);                  /* pending[] is of a saved state */
uint32_t gicv3_lpi_best(const struct cpu *c, uint32_t *prio); /* INTID, or SPURIOUS */

/* What an ITS asks of its GIC, by link: gicv3.c. CPUs by number, INTIDs of LPIs. [any] */
#define GICV3_LPIS "org.plugboard.gicv3-lpis/1"
struct gicv3_lpis {
    uint32_t size, reserved;
    uint32_t (*enabled)(void *self); /* does it have LPIs? */
    uint32_t (*n_cpus)(void *self);
    void (*pend)(void *self, uint32_t cpu, uint32_t intid, uint32_t on);
    uint32_t (*pending)(void *self, uint32_t cpu, uint32_t intid);
    void (*reload)(void *self, uint32_t cpu, uint32_t first, uint32_t last);
    int (*move)(void *self, uint64_t from, uint64_t to); /* all that is pending */
};
extern const struct pb_device_class gicv3_its_class; /* its.c */

/* cpuif.c: the physical CPU interface. The lock is held. */
void gicv3_update(struct cpu *c);
void gicv3_update_irq(struct gicv3 *g, uint32_t n);
void gicv3_update_all(struct gicv3 *g);
/* `one`: by the registers of Group 1, not 0; `at`: PB_ARM_AT_* of the access. */
uint32_t gicv3_hppi(struct cpu *c, uint32_t one, uint32_t at);
uint32_t gicv3_acknowledge(struct cpu *c, uint32_t one, uint32_t at);
void gicv3_end(struct cpu *c, uint32_t one, uint32_t intid, uint32_t at);
void gicv3_deactivate(struct cpu *c, uint32_t intid, uint32_t at);
uint32_t gicv3_bank(const struct cpu *c, uint32_t at); /* GROUP1 or GROUP1S */
uint32_t gicv3_running(uint32_t apr0, uint32_t apr1);
void gicv3_sgi(struct cpu *from, uint64_t v, uint32_t group);
uint32_t gicv3_sgi_group(const struct cpu *c, uint32_t one, uint32_t other, uint32_t at);

/* sysreg.c: PB_ARM_SYSREG */
extern const struct pb_arm_sysreg gicv3_sysreg;

/* virt.c: ICH_* and, for a guest's accesses, ICV_*. PB_ENOENT: not one of its registers. */
int gicv3_ich(struct cpu *c, uint32_t id, uint32_t write, uint64_t *v);
int gicv3_icv(struct cpu *c, uint32_t id, uint32_t write, uint64_t *v);
void gicv3_virt_update(struct cpu *c);

/* Numbers of system registers, and their names: sysreg.c. */
#define GICV3_SYSREGS(X) \
    X(ICC_PMR_EL1, 0, 4, 6, 0) X(ICC_IAR0_EL1, 0, 12, 8, 0) X(ICC_EOIR0_EL1, 0, 12, 8, 1) \
    X(ICC_HPPIR0_EL1, 0, 12, 8, 2) X(ICC_BPR0_EL1, 0, 12, 8, 3) X(ICC_AP0R0_EL1, 0, 12, 8, 4) \
    X(ICC_AP1R0_EL1, 0, 12, 9, 0) X(ICC_DIR_EL1, 0, 12, 11, 1) X(ICC_RPR_EL1, 0, 12, 11, 3) \
    X(ICC_SGI1R_EL1, 0, 12, 11, 5) X(ICC_ASGI1R_EL1, 0, 12, 11, 6) \
    X(ICC_SGI0R_EL1, 0, 12, 11, 7) X(ICC_IAR1_EL1, 0, 12, 12, 0) \
    X(ICC_EOIR1_EL1, 0, 12, 12, 1) X(ICC_HPPIR1_EL1, 0, 12, 12, 2) \
    X(ICC_BPR1_EL1, 0, 12, 12, 3) X(ICC_CTLR_EL1, 0, 12, 12, 4) X(ICC_SRE_EL1, 0, 12, 12, 5) \
    X(ICC_IGRPEN0_EL1, 0, 12, 12, 6) X(ICC_IGRPEN1_EL1, 0, 12, 12, 7) \
    X(ICC_SRE_EL2, 4, 12, 9, 5) X(ICC_CTLR_EL3, 6, 12, 12, 4) X(ICC_SRE_EL3, 6, 12, 12, 5) \
    X(ICC_IGRPEN1_EL3, 6, 12, 12, 7) X(ICH_AP0R0_EL2, 4, 12, 8, 0) \
    X(ICH_AP1R0_EL2, 4, 12, 9, 0) X(ICH_HCR_EL2, 4, 12, 11, 0) X(ICH_VTR_EL2, 4, 12, 11, 1) \
    X(ICH_MISR_EL2, 4, 12, 11, 2) X(ICH_EISR_EL2, 4, 12, 11, 3) X(ICH_ELRSR_EL2, 4, 12, 11, 5) \
    X(ICH_VMCR_EL2, 4, 12, 11, 7) X(ICH_LR0_EL2, 4, 12, 12, 0) X(ICH_LR1_EL2, 4, 12, 12, 1) \
    X(ICH_LR2_EL2, 4, 12, 12, 2) X(ICH_LR3_EL2, 4, 12, 12, 3)
#define ID(name, op1, crn, crm, op2) S_##name,
enum { GICV3_SYSREGS(ID) S_COUNT };
#undef ID

#endif
