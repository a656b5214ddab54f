/* SPDX-License-Identifier: MIT */
/* mmu.h - one translation as mmu.c does it, for AT and the engine's walks. */
#ifndef A64_MMU_H
#define A64_MMU_H

#include "aarch64.h"

struct a64_at { /* what is asked */
    uint64_t va;
    uint32_t access;  /* XL_R, XL_W, XL_X */
    uint32_t probe;   /* no side effects */
    uint32_t el;      /* as if from this level */
    uint32_t regime;  /* 1: EL1&0, 2, 3: whose registers translate */
    uint32_t stage2;  /* the second stage too */
    uint32_t s1_only; /* … but for stage 1's tables alone */
    uint32_t pan;
};

struct a64_pa { /* the answer */
    uint64_t pa, leaf; /* leaf: the descriptor; 0: translation was off */
    uint32_t prot;     /* XL_PROT_* */
    uint32_t bits;     /* log2 of the mapping's size */
};

/* 0 or a fault as a64_walk() returns them. */
int a64_translate_va(struct a64 *c, const struct a64_at *at, struct a64_pa *r);

/* Fields of a context's key b, for flushes. */
#define A64_KEY_REGIME 3ull
#define A64_KEY_ASID (0xffffull << 16)
#define A64_KEY_VMID (0xffffull << 32)
uint64_t a64_vmid(const struct a64 *c);

#endif
