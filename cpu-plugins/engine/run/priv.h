/* SPDX-License-Identifier: MIT */
/* priv.h - what the files of run/ and cache/ share besides run.h.
 *
 * Two flags tell other threads where a vCPU is:
 *   in_unit  it runs guest code: its TLB and jump cache are in use. 0 also while it waits
 *            in a device or for others; requests are carried out before it becomes 1 again.
 *   inside   it may hold pointers to units (run->inside). 0 only at the top of the loop,
 *            outside xl_run() and while it waits for the whole code memory.
 * Requests: set the bits in x->requests, then look at in_unit; the vCPU sets in_unit, then
 * looks at its requests (both sequentially consistent), so one of the two sees the other.
 */
#ifndef XL_PRIV_H
#define XL_PRIV_H

#include "../ir/build.h"
#include "run.h"

#include <setjmp.h>
#include <string.h>

#if defined(__SANITIZE_THREAD__)
#define XL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XL_TSAN 1
#endif
#endif
#ifndef XL_TSAN
#define XL_TSAN 0
#endif

#define XL_REQ_KICK 1u   /* return from xl_run() */
#define XL_REQ_FLUSH 2u  /* all TLBs, all contexts */
#define XL_REQ_JC 4u     /* jump caches: units went away */
#define XL_REQ_WATCH 8u  /* tag_w: run->watch[] became watched */
#define XL_REQ_MAP 16u   /* the memory map changed in run->map_lo..hi */
#define XL_REQ_PAGES 32u /* TLBs: run->flush[] */

#define XL_SPANS 4u
#define XL_BREAKS 64u
#define XL_WATCHES 8u
#define XL_FLUSHES 16u

struct xl_break {
    uint64_t addr, len;
    uint32_t kind; /* as in gdb's Z packets */
};

struct xl_run { /* what each round writes comes first: in one page, which a fork() copies */
    jmp_buf top;          /* the loop, for xl_leave() outside generated code */
    jmp_buf check;        /* user mode: xl_code_check() */
    uint32_t inside;      /* see above (atomic) */
    uint32_t in_host;     /* host->enter() is on the stack */
    uint32_t in_interp;   /* xl_interp() is on the stack */
    uint32_t fresh;       /* mode, context and pending interrupts must be looked at */
    uint32_t touch;       /* user mode: C code is at the guest's memory on its behalf */
    uint64_t n_fills, n_misses, n_io, n_lookups, n_leaves, n_flushes, n_watched; /* info jit */
    int64_t delta;        /* interpreter: pc - pcb of the current instruction */
    struct xl_ctx *ctxs;  /* XL_CTXS of them */
    uint64_t stamp;
    struct xl_ctx *from;  /* the vCPU's own, while an access goes beside it; else NULL */
    struct pb_span span[XL_SPANS]; /* len 0: free */
    uint32_t span_next;
    pthread_mutex_t map_lock;
    uint64_t map_lo, map_hi;
    uint64_t watch[XL_WATCHES]; /* pages for XL_REQ_WATCH; also under map_lock */
    uint32_t n_watch;           /* XL_WATCHES + 1: more than fit */
    uint32_t n_bp, n_wp;
    uint32_t n_points;    /* the guest's own breakpoints */
    uint32_t bp_skip;     /* stopped at bp_skip_pc: the next run goes past it */
    uint64_t bp_skip_pc;
    uint32_t wp_hit, wp_pass; /* a watchpoint hit; let its instruction through now */
    uint32_t stop_kind;
    uint64_t stop_addr;
    uint32_t fence;       /* what a full barrier is done on under TSan */
    uint32_t chaos;       /* state of the chaos switches */
    uint32_t n_counted;   /* accesses since chaos_fault failed one */
    uint32_t mutable;     /* user mode: the block being built is in such memory */
    uint32_t borrowed;    /* user mode: may be killed at any time: changes nothing that is shared */
    struct xl_own *own;   /* its own units meanwhile, or NULL */
    uint32_t learning;    /* user mode: in xl_learn(): what faults is not the guest's */
    uint64_t fault_va;    /* user mode: what xl_host_fault() found */
    uint32_t fault_access;
    int fault_code;
    uint64_t pa2;         /* the page behind the one being translated, once fetched from */
    struct xl_page *page[2]; /* `building` in these, seen at */
    uint32_t gen[2];
    struct xl_break bp[XL_BREAKS], wp[XL_BREAKS];
    uint64_t point[XL_POINTS];
    struct {
        struct xl_ctxkey want, mask;
        uint64_t va;
        uint32_t all;
    } flush[XL_FLUSHES]; /* what others want flushed here, for XL_REQ_PAGES; also under map_lock */
    uint32_t n_flush;    /* XL_FLUSHES + 1: more than fit */
    uint8_t seen[XL_PAGE_SIZE + 16]; /* user mode: the bytes of the block being built */
    struct xl_builder builder;
    struct xl_block block;
    struct xl_unit *step;  /* one-instruction unit outside the cache */
};

static inline struct xl_run *xl_r(struct xl_vcpu *x)
{
    return x->run;
}

/* ---- request.c ---- */

/* Around waits and calls that may wait: nobody waits for this vCPU's TLB meanwhile. in():
 * carries out what was asked for. */
static inline void xl_out(struct xl_vcpu *x)
{
    __atomic_store_n(&x->in_unit, 0, __ATOMIC_SEQ_CST);
}
void xl_in(struct xl_vcpu *x);
/* Do the requests that only touch TLBs and jump caches; returns XL_REQ_KICK if asked. */
uint32_t xl_do_requests(struct xl_vcpu *x);
/* Ask every vCPU but `self` (may be NULL) and wait until none runs without having done it. */
void xl_ask_others(struct xl_engine *e, struct xl_vcpu *self, uint32_t what);
/* XL_REQ_WATCH of a page, and wait. */
void xl_ask_watch(struct xl_engine *e, struct xl_vcpu *self, uint64_t page);
/* The first without waiting, this vCPU too: each does it at its next poll, or before. */
void xl_tell_all(struct xl_engine *e, uint32_t what);
void xl_poke(struct xl_vcpu *x); /* make it come to a poll */
/* Only this vCPU has unit pointers between the two. Called outside units. */
void xl_exclusive(struct xl_vcpu *x);
void xl_shared(struct xl_vcpu *x);
XL_NEAR void xl_safepoint(struct xl_vcpu *x); /* let an exclusive section happen here */

/* ---- ctx.c ---- */

int xl_ctx_init(struct xl_vcpu *x);
void xl_ctx_fini(struct xl_vcpu *x);
XL_NEAR void xl_ctx_switch(struct xl_vcpu *x); /* to the context of x's key and mode */
void xl_ctx_beside(struct xl_vcpu *x); /* to that of XL_M_BESIDE, outside xl_ctx_switch() */
void xl_ctx_back(struct xl_vcpu *x);   /* from it, if there */
void xl_ctx_reset(struct xl_ctx *c);
void xl_note_big(struct xl_ctx *c, uint64_t va, uint32_t bits); /* va is in such a mapping */
void xl_forget_code(struct xl_vcpu *x);   /* jump caches of all contexts */
void xl_forget_writes(struct xl_vcpu *x, uint64_t page); /* tag_w of it; all ones: of all */
void xl_forget_all(struct xl_vcpu *x);    /* everything of all contexts */
/* 1: it was not there. */
int xl_jc_put(struct xl_vcpu *x, uint64_t pc, void *host, uint32_t crosses);

/* ---- access.c ---- */

struct xl_acc {      /* where an access goes */
    uint8_t *host;   /* RAM or ROM for reads */
    uint64_t pa;
    struct pb_span span; /* when host is NULL */
    uint32_t watched;    /* a write must be followed by xl_stored() */
};

/* Translate one access that stays in its page; the guest's exception if it may not be. */
void xl_resolve(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access,
                struct xl_acc *a);
const struct xl_xpage *xl_resolve_x(struct xl_vcpu *x, uint64_t va);
_Noreturn void xl_raise(struct xl_vcpu *x, uint64_t va, uint32_t access, int code);
int xl_io(struct xl_vcpu *x, const struct pb_span *s, uint64_t pa, uint32_t bytes,
          uint32_t is_write, uint64_t *v);
int xl_span(struct xl_vcpu *x, uint64_t pa, struct pb_span *s);

/* One time in `every`, by chance that the seed repeats; 0: never. For the chaos switches. */
static inline int xl_chaos(struct xl_vcpu *x, uint32_t every)
{
    struct xl_run *r = xl_r(x);

    if (!every)
        return 0;
    r->chaos = r->chaos * 1664525u + 1013904223u;
    return (r->chaos >> 8) % every == 0;
}

/* ---- translate.c ---- */

struct xl_unit *xl_find(struct xl_vcpu *x, uint64_t pc); /* builds it if need be */
struct xl_unit *xl_step_unit(struct xl_vcpu *x, uint64_t pc, uint32_t max_insns); /* not kept */
void xl_own_forget(struct xl_vcpu *x); /* units of r->own */
void xl_borrow(struct xl_vcpu *x, uint32_t on);
void xl_build_end(struct xl_vcpu *x); /* no unit is being built any more, done or not */

/* ---- debug.c ---- */

int xl_bp_at(struct xl_vcpu *x, uint64_t pc);       /* a breakpoint at this pc */
int xl_bp_near(struct xl_vcpu *x, uint64_t pc);     /* at this offset of any page */
int xl_wp_page(struct xl_vcpu *x, uint64_t va);     /* a watchpoint in this page */
void xl_wp_check(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access);
void xl_watches_end(struct xl_vcpu *x);             /* x goes away with its watchpoints */

/* ---- points.c ---- */

/* Does some vCPU's guest have a breakpoint there in a page, or did? */
static inline int xl_stops_at(const struct xl_engine *e, uint64_t pc)
{
    uint64_t at = (pc & XL_PAGE_MASK) >> 1;

    return __atomic_load_n(&e->n_stops, __ATOMIC_RELAXED) &&
           __atomic_load_n(&e->stops[at >> 6], __ATOMIC_RELAXED) >> (at & 63) & 1;
}

/* Before the unit at x->pc; 1: its exception was entered. */
int xl_point_hit(struct xl_vcpu *x);

/* ---- user.c ---- */

/* Mappings changed: what was translated there is gone. [any] */
void xl_user_unmapped(struct xl_vcpu *x, uint64_t va, uint64_t len);

/* ---- learn.c ---- */

#define XL_NO_UNIT UINT64_MAX
#define XL_NOTES 680u /* fill four pages */

struct xl_note {
    uint64_t from; /* the unit whose exit led there, or XL_NO_UNIT */
    uint64_t to, mode;
};

struct xl_learn { /* shared by a process and its children */
    uint32_t n;   /* notes that were begun (atomic) */
    uint32_t reserved;
    struct xl_note note[XL_NOTES];
};

static inline int xl_has_notes(const struct xl_engine *e)
{
    const struct xl_learn *h = __atomic_load_n(&e->hear, __ATOMIC_ACQUIRE);

    return h && __atomic_load_n(&h->n, __ATOMIC_RELAXED) !=
                    __atomic_load_n(&e->heard, __ATOMIC_RELAXED);
}

/* In a child: x->pc was looked up and was new, by an exit of the unit at `from`, or not. */
void xl_learn_note(struct xl_vcpu *x, uint64_t from);
void xl_learn(struct xl_vcpu *x); /* in the parent: make what children wanted */
XL_NEAR void xl_learn_fork(struct xl_engine *e, uint32_t stage);
void xl_learn_fini(struct xl_engine *e);

/* ---- log.c ---- */

void xl_log(struct xl_vcpu *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void xl_log_unit(struct xl_vcpu *x, const struct xl_block *b, const struct xl_fetch *f);

/* ---- Guest RAM by relaxed atomics ----
 *
 * ThreadSanitizer does not see what generated code does to guest memory, and so not what the guest
 * orders by it: what a device wrote before it moved an index that the guest looked at. It must not
 * see the rest of the guest's accesses either; whether they race is the guest's affair. */

#if XL_TSAN
#define XL_GUEST __attribute__((no_sanitize("thread")))
#else
#define XL_GUEST
#endif

XL_GUEST static inline uint64_t xl_ram_ld(const void *p, uint32_t size)
{
    switch (size) {
    case 1: return __atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
    case 2: return __atomic_load_n((const uint16_t *)p, __ATOMIC_RELAXED);
    case 4: return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED);
    default: return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
    }
}

XL_GUEST static inline void xl_ram_st(void *p, uint32_t size, uint64_t v)
{
    switch (size) {
    case 1: __atomic_store_n((uint8_t *)p, (uint8_t)v, __ATOMIC_RELAXED); break;
    case 2: __atomic_store_n((uint16_t *)p, (uint16_t)v, __ATOMIC_RELAXED); break;
    case 4: __atomic_store_n((uint32_t *)p, (uint32_t)v, __ATOMIC_RELAXED); break;
    default: __atomic_store_n((uint64_t *)p, v, __ATOMIC_RELAXED); break;
    }
}

/* A loaded or exchanged value as the memop wants it. */
static inline uint64_t xl_extend(uint64_t v, uint32_t memop)
{
    uint32_t n = 64 - (8u << (memop & 7u));

    if ((memop & 7u) >= 3)
        return v;
    return memop & XL_M_SIGN ? (uint64_t)((int64_t)(v << n) >> n) : v << n >> n;
}

static inline uint64_t xl_swap(uint64_t v, uint32_t memop)
{
    return memop & XL_M_BIG ? __builtin_bswap64(v) >> (64 - (8u << (memop & 7u))) : v;
}

/* Full barrier (store to load). */
static inline void xl_barrier(struct xl_vcpu *x)
{
#if XL_TSAN
    __atomic_fetch_add(&xl_r(x)->fence, 1, __ATOMIC_SEQ_CST);
#else
    (void)x;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
