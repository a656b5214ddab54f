/* SPDX-License-Identifier: MIT */
/* aplic.h - what the files of the advanced platform-level interrupt controller share. */
#ifndef RISCV_APLIC_H
#define RISCV_APLIC_H

#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/msi.h>
#include <plugboard/reg.h>

#include <pthread.h>

#define WORDS 32u /* 1024 sources, of which 0 is none */
#define SOURCES (WORDS * 32)

#define DOMAINCFG_IE (1u << 8)
#define SOURCECFG_D (1u << 10)
/* Source modes (table "Encoding of the SM field"). */
enum { SM_INACTIVE, SM_DETACHED, SM_EDGE1 = 4, SM_EDGE0, SM_LEVEL1, SM_LEVEL0 };

/* Delivery to one hart (4.8.1). */
struct idc {
    uint32_t idelivery, iforce, ithreshold;
    const struct pb_line *out;
};

/* One interrupt domain. The root has the wires, the addresses for messages, and the lock of all. */
struct aplic {
    const pb_host *h;
    pb_dev *dev;
    struct aplic *parent, *child; /* a root has no parent, a leaf no child */
    pthread_mutex_t lock;         /* the root's counts */
    uint32_t n_sources, n_harts, msimode, prio_mask;
    const struct pb_msi *msi; /* who hears the domain's messages */
    void *msi_self;
    uint32_t domaincfg, genmsi;
    uint32_t sourcecfg[SOURCES], target[SOURCES];
    uint32_t ip[WORDS], ie[WORDS];
    uint32_t level[WORDS];     /* root: the wires */
    uint32_t msiaddrcfg[4];    /* root: mmsiaddrcfg, mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh */
    struct idc *idc;           /* idc[n_harts] */
};

static inline struct aplic *aplic_root(struct aplic *a)
{
    return a->parent ? a->parent : a;
}

static inline int aplic_bit(const uint32_t *bits, uint32_t n)
{
    return bits[n / 32] >> n % 32 & 1;
}

static inline void aplic_put_bit(uint32_t *bits, uint32_t n, int on)
{
    bits[n / 32] = (bits[n / 32] & ~(1u << n % 32)) | (uint32_t)(on != 0) << n % 32;
}

/* sources.c: a wire changed [any]; the rest with the lock held. */
void aplic_line(void *self, uint32_t n, int32_t level);
int aplic_active(const struct aplic *a, uint32_t n);
int aplic_input(struct aplic *a, uint32_t n); /* rectified input value */
void aplic_set_pending(struct aplic *a, uint32_t n, int on); /* as software asks (4.7) */
void aplic_set_enabled(struct aplic *a, uint32_t n, int on);
void aplic_configure(struct aplic *a, uint32_t n, uint32_t sourcecfg);
void aplic_deliver(struct aplic *a); /* everything that may go out now */
uint32_t aplic_topi(const struct aplic *a, uint32_t hart);
uint32_t aplic_claim(struct aplic *a, uint32_t hart);
void aplic_drive(struct aplic *a, uint32_t hart);
void aplic_message(struct aplic *a, uint32_t hart, uint32_t guest, uint32_t eiid);

/* regs.c */
extern const struct pb_regs aplic_regs;
uint64_t aplic_read(void *self, uint64_t off, uint32_t bytes);
void aplic_write(void *self, uint64_t off, uint64_t v, uint32_t bytes);

#endif
