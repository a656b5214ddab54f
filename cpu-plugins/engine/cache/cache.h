/* SPDX-License-Identifier: MIT */
/* cache.h - the tables of units: by (physical pc, mode), and by physical page. */
#ifndef XL_CACHE_H
#define XL_CACHE_H

#include "../run/run.h"

#define XL_PAGE_TABLE_BITS 13u

enum { XL_UNWATCHED, XL_WATCH_PENDING, XL_WATCHED };

struct xl_page {          /* never freed before the engine: found without a lock */
    uint64_t pa;          /* of its first byte */
    struct xl_page *next; /* in its bucket */
    struct xl_page *next_mutable; /* in e->mutable, once `mutable` is set */
    uint32_t mutable;     /* user mode: has had units with `src` */
    struct xl_unit *units; /* that begin here (next_page), or end here (next_page2) */
    uint64_t code_map;    /* 64-byte pieces that lie under a unit (atomic) */
    uint32_t watch;       /* XL_WATCH* (atomic) */
    uint32_t gen;         /* changes when units here are dropped, watching ends, or bytes are
                             written while someone builds here (atomic) */
    uint32_t building;    /* vCPUs that may have read bytes of it for a unit to come (atomic) */
};

/* Lookups take no lock; readers of what they return are `inside` (run/priv.h). */
#define XL_SOME_PAGE 1u /* as pa2: any unit that straddles. All ones: one that does not */
struct xl_unit *xl_unit_find(struct xl_engine *e, uint64_t pa, uint64_t mode, uint64_t pa2);
struct xl_page *xl_page_find(struct xl_engine *e, uint64_t pa);
struct xl_page *xl_page_get(struct xl_engine *e, uint64_t pa); /* makes it; NULL: no memory */

/* With e->lock held. */
int xl_unit_insert(struct xl_engine *e, struct xl_unit *u);
void xl_unit_drop(struct xl_engine *e, struct xl_unit *u);
void xl_unit_link(struct xl_engine *e, struct xl_link *l, struct xl_unit *to);
/* Drop units of [pa, pa+len); the number dropped. */
uint32_t xl_drop_range(struct xl_engine *e, uint64_t pa, uint64_t len);

/* User mode: drop units that begin in [va, va+len) and are no longer what `src` says; their
 * number. */
uint32_t xl_drop_changed(struct xl_engine *e, uint64_t va, uint64_t len);

/* arena.c: n bytes of zeros, for units and what belongs to them, until xl_cache_clear(). NULL: no
 * memory. With e->lock held. */
void *xl_arena(struct xl_engine *e, size_t n);
void xl_arena_clear(struct xl_engine *e, int all);

/* Free every unit. Nobody is inside any. */
void xl_cache_clear(struct xl_engine *e);
int xl_cache_init(struct xl_engine *e);
void xl_cache_fini(struct xl_engine *e);

/* watch.c: stores into a page are noticed from the return of this on. Waits for others:
 * outside units and without locks. */
void xl_watch(struct xl_vcpu *x, struct xl_page *p);
/* This vCPU's C code stored at [pa, pa+len): drop what it changed, stop watching a page
 * that holds no code any more. May wait for others. */
void xl_stored(struct xl_vcpu *x, uint64_t pa, uint32_t len);
int xl_watched(struct xl_engine *e, uint64_t pa);

#endif
