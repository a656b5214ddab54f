/* SPDX-License-Identifier: MIT */
/* gicv2.h - what the files of the GICv2 share.
 *
 * Interrupt n < 32 (SGIs and PPIs) is each CPU's own: word 0 of every bit array is banked.
 * All of it is under one mutex.
 */
#ifndef ARM_GICV2_H
#define ARM_GICV2_H

#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/reg.h>

#include <pthread.h>

#define CPUS 8u
#define IRQS 1020u
#define SPURIOUS 1023u
#define PRIO_MASK 0xf8u /* five bits are implemented, as in a GIC-400 */
#define MIN_BPR 2u
#define LRS 4u /* list registers of a virtual interface */

struct bits {
    uint32_t bank[CPUS]; /* 0 to 31, by CPU */
    uint32_t spi[31];    /* 32 up */
};

struct cpu_interface {
    uint32_t ctlr; /* GICC_* of the Secure view */
    uint32_t pmr, bpr, abpr;
    uint32_t apr[2]; /* active priorities by group, a bit for each of the 32 levels */
    const struct pb_line *irq, *fiq;
};

/* GICH_* and GICV_* of a CPU: what GICH_VMCR shows is kept as the GICV registers have it. */
struct virt_interface {
    uint32_t hcr, ctlr, pmr, bpr, abpr, apr, lr[LRS];
    const struct pb_line *virq, *vfiq;
};

struct gicv2 {
    const pb_host *h;
    pb_dev *dev;
    pthread_mutex_t lock;
    uint32_t n_cpus, n_irqs, words;
    uint32_t security; /* the Security Extensions are there */
    uint32_t virtualization; /* the Virtualization Extensions are */
    uint32_t nonsecure; /* after a reset, all is Non-secure software's, as Secure leaves it */
    uint32_t ctlr;     /* GICD_CTLR: EnableGrp0, EnableGrp1 */
    struct bits enable, pending, active, level, edge, group;
    uint8_t prio_bank[CPUS][32], prio[IRQS]; /* prio[n], n >= 32 */
    uint8_t target[IRQS];
    uint8_t sgi[CPUS][16]; /* sources of a pending SGI, by target */
    struct cpu_interface cpu[CPUS];
    struct virt_interface virt[CPUS];
};

enum { GICC_ENABLE0 = 1, GICC_ENABLE1 = 2, GICC_ACKCTL = 4, GICC_FIQEN = 8, GICC_CBPR = 16,
       GICC_BYPASS = 0x1e0, GICC_EOIMODES = 0x200, GICC_EOIMODENS = 0x400 };

/* Who accesses. */
struct access {
    struct gicv2 *g;
    uint32_t cpu;
    uint32_t ns; /* Non-secure, as far as the Security Extensions care */
};

static inline uint32_t *word(struct bits *b, uint32_t cpu, uint32_t w)
{
    return w ? &b->spi[w - 1] : &b->bank[cpu];
}

static inline uint32_t test(struct bits *b, uint32_t cpu, uint32_t n)
{
    return *word(b, cpu, n / 32) >> n % 32 & 1;
}

static inline void assign(struct bits *b, uint32_t cpu, uint32_t n, uint32_t on)
{
    uint32_t *w = word(b, cpu, n / 32);

    *w = (*w & ~(1u << n % 32)) | on << n % 32;
}

static inline uint8_t *priority(struct gicv2 *g, uint32_t cpu, uint32_t n)
{
    return n < 32 ? &g->prio_bank[cpu][n] : &g->prio[n];
}

/* Pending bits of word `w`: latches, and lines of level-sensitive interrupts (4.3.7). */
static inline uint32_t pending_word(struct gicv2 *g, uint32_t cpu, uint32_t w)
{
    return *word(&g->pending, cpu, w) | (*word(&g->level, cpu, w) & ~*word(&g->edge, cpu, w));
}

/* dist.c */
extern const struct pb_regs gicv2_dist_table;
int gicv2_dist_access(void *self, struct pb_txn *t);
/* Line of interrupt `n` changed; the lock is held. */
void gicv2_input(struct gicv2 *g, uint32_t cpu, uint32_t n, uint32_t level);

/* cpuif.c */
extern const struct pb_regs gicv2_cpu_table;
int gicv2_cpu_access(void *self, struct pb_txn *t);
/* Drive the outputs of one CPU, or of those that interrupt `n` may reach; lock held. */
void gicv2_update(struct gicv2 *g, uint32_t cpu);
void gicv2_update_irq(struct gicv2 *g, uint32_t cpu, uint32_t n);
void gicv2_update_all(struct gicv2 *g);

/* virt.c */
int gicv2_hyp_access(void *self, struct pb_txn *t);
int gicv2_vcpu_access(void *self, struct pb_txn *t);
void gicv2_virt_update(struct gicv2 *g, uint32_t cpu); /* lock held */
void gicv2_virt_reset(struct virt_interface *v);
void gicv2_virt_load(struct virt_interface *v); /* make fields of a saved state fit */

/* The requester of a transaction; 0 when it is no CPU of ours. */
uint32_t gicv2_who(struct gicv2 *g, const struct pb_txn *t, struct access *a);

extern const struct pb_device_class gicv2m_class; /* v2m.c */

#endif
