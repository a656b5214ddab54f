/* SPDX-License-Identifier: MIT */
/* run.h - the run time's own interfaces: engine, host back end, slow paths. */
#ifndef XL_RUN_H
#define XL_RUN_H

#include "../cache/unit.h"
#include "ctx.h"

#include <pthread.h>

/* Why a back end's enter() came back. x->pc holds the next guest pc in every case. */
enum {
    XL_LEFT_LOOKUP, /* through the jump cache and missed, or an unlinked exit (exit_link) */
    XL_LEFT_POLL,   /* x->poll was set */
    XL_LEFT_STATE,  /* exit XL_K_STATE */
    XL_LEFT_GUEST   /* xl_leave(): an exception was entered, or leave_code says */
};

struct xl_chunk; /* cache/arena.c */
struct xl_learn; /* learn.c */
struct xl_page; /* units of one physical page: cache/cache.h */

struct xl_host { /* a host back end: host/ARCH/ */
    const char *name;
    /* Make thunks and the entry code. PB_ENOTSUP: this host lacks what it needs. */
    int (*init)(struct xl_engine *e);
    void (*fini)(struct xl_engine *e);
    /* Generate code for `b` into u->code, u->map, u->link[]. PB_ENOSPC: the code memory is
     * full: the caller flushes everything and tries again. Holds e->lock. */
    int (*compile)(struct xl_engine *e, const struct xl_block *b, struct xl_unit *u);
    void (*set_link)(struct xl_engine *e, struct xl_link *l); /* patch to l->to, or cold */
    void (*reset)(struct xl_engine *e); /* forget all code, no vCPU is inside */
    int (*enter)(struct xl_vcpu *x, void *code); /* XL_LEFT_* */
    void (*leave)(struct xl_vcpu *x); /* does not return; unwind to enter(): XL_LEFT_GUEST */
    /* Guest pc - pcb of the instruction whose code contains `host_pc`; 0 and PB_ENOENT. */
    int (*find_pc)(const struct xl_unit *u, uintptr_t host_pc, int64_t *delta);
    struct xl_unit *(*find_unit)(struct xl_engine *e, uintptr_t host_pc);
    /* NULL, or: forget return predictions of `x`, on its own thread, outside units or in a
     * slow path. Called when code or mappings went away and when the context changes. */
    void (*forget)(struct xl_vcpu *x);
    /* User mode. In a signal handler: if `ucontext` is in a unit, save the guest's registers to
     * their slots, give the context the host's modes and tell the guest pc; else 0. */
    int (*rescue)(struct xl_vcpu *x, void *ucontext, uint64_t *pc);
    /* In a handler of SIGFPE: 1 when the arithmetic may go on where it was. */
    int (*fp_trap)(struct xl_vcpu *x, void *ucontext);
    /* Before fork(), e->lock held: from now on another process runs from the same code. */
    void (*fork)(struct xl_engine *e);
};

extern const struct xl_host xl_host_x86_64;

extern struct xl_jc xl_jc_empty[XL_JC_SIZE]; /* jc_base while a kick is pending */

struct xl_engine {
    const struct xl_guest *guest;
    const struct xl_host *host_code; /* NULL: the interpreter runs everything */
    const pb_host *host;
    pthread_mutex_t lock; /* units, tables, links */
    pthread_mutex_t watch_lock; /* order of watch_code() calls; never taken with `lock` held */
    pthread_mutex_t excl_lock;  /* held while one vCPU has the code memory for itself */
    uint32_t excl;        /* someone waits for or holds excl_lock: stay out (atomic) */
    uint32_t refs, n_vcpus; /* n_vcpus: of vcpu[] as far as it was used (atomic) */
    uint32_t max_vcpus;
    uint32_t direct;      /* user mode: guest addresses are the process's, see user.c */
    uint32_t tagged;      /* user mode: the guest was seen to use tagged addresses */
    uint32_t map_gen;     /* user mode: mappings changed; under `lock` */
    /* User mode, learn.c: notes of this process's children, and those for its parent; NULL: none.
     * Counts of notes heard, there when this process began, its own; forks before any. */
    struct xl_learn *hear, *tell;
    uint32_t heard, tell_base, own_notes, forks;
    uint32_t n_stops;     /* bits of stops[] (atomic) */
    uint32_t n_watches;   /* user mode: watchpoints of all vCPUs: units are interpreted */
    struct xl_page *mutable; /* user mode: pages whose bytes may change unseen */
    struct xl_vcpu **vcpu;
    uint64_t *hash; /* words: cache.c */
    uint32_t hash_bits, n_units, n_dead;
    uint32_t published; /* atomic, counts: whoever reads it sees all units inserted before */
    struct xl_chunk *arena; /* memory of the units, the last chunk first */
    struct xl_unit *dead; /* dropped, not freed yet: a vCPU may still run them */
    struct xl_page **pages; /* table of struct xl_page by physical page */
    uint64_t unit_bytes; /* memory that units hold, dead ones too */
    uint64_t code_bytes; /* size of code memory, -accel tcg,tb-size= */
    void *code;       /* the back end's: memory, thunks, cursor */
    uint32_t code_borrowed; /* the back end's, see codemem.c; here as fork() reads this page */
    uint32_t log;     /* XL_LOG_* */
    uint64_t n_translated, n_dropped, n_flushes, guest_bytes, host_bytes; /* for info jit */
    /* Chaos switches for tests: fail every n-th TLB hit, drop at random, … 0: off. */
    uint32_t chaos_tlb, chaos_drop, chaos_fault, chaos_seed, tiny_cache;
    uint32_t crowded; /* more vCPUs than host CPUs */
    uint64_t stops[XL_PAGE_SIZE / 2 / 64]; /* points.c: where in a page units end (atomic) */
};

#define XL_LOG_IN_ASM 1u
#define XL_LOG_OP 2u
#define XL_LOG_OUT_ASM 4u
#define XL_LOG_EXEC 8u
#define XL_LOG_INT 16u

/* Virtual page base of the unit that runs. In user mode it is the unit's own, and generated code
 * does not keep x->pcb. */
static inline uint64_t xl_pcb(const struct xl_vcpu *x, const struct xl_unit *u)
{
    return x->top ? u->pa & ~(uint64_t)XL_PAGE_MASK : x->pcb;
}

/* Slow paths that generated code and the interpreter call. They fault by the guest's
 * exception and then do not return. Arguments as XL_MEM_OP() of the op. */
uint64_t xl_slow_ld(struct xl_vcpu *x, uint64_t va, uint64_t memop);
void xl_slow_st(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop);
uint64_t xl_slow_rmw(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop, uint64_t kind);
uint64_t xl_slow_cas(struct xl_vcpu *x, uint64_t va, uint64_t expect, uint64_t v, uint64_t memop);
uint64_t xl_slow_ll(struct xl_vcpu *x, uint64_t va, uint64_t memop);
uint64_t xl_slow_sc(struct xl_vcpu *x, uint64_t va, uint64_t v, uint64_t memop);

/* Of a V128: what was loaded is in x->cell[0], what is stored in x->cell[3]. */
void xl_slow_ld128(struct xl_vcpu *x, uint64_t va, uint64_t memop);
void xl_slow_st128(struct xl_vcpu *x, uint64_t va, uint64_t memop);

#define XL_FP_BUDGET 65536u /* for host/x86_64/fp-watch.c: its tries cost milliseconds in all */

/* Floating point out of line, exact by the guest's rules: `op` is an XL_OP_*, `how` packs
 * the rest of the record and the block's mode. Operands and result as raw bits; flags go to
 * x->fp_flags. Used by the interpreter for every op and by generated code when cold. */
#define XL_FP_HOW(o, fp_mode)                                                                  \
    ((uint32_t)((o)->type | (uint32_t)(o)->flags << 8 | ((uint32_t)(o)->imm & 15u) << 16 |     \
                ((uint32_t)((o)->imm >> 8) & 127u) << 20 | (fp_mode) << 28))
uint64_t xl_soft_fp(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint32_t op,
                    uint32_t how);

/* Flags in MXCSR as a guest of this NaN rule has them. */
uint32_t xl_fp_from_mxcsr(uint32_t mxcsr, uint32_t nan_rule);

/* Interpreter: run one unit from its start. XL_LEFT_*. */
int xl_interp(struct xl_vcpu *x, const struct xl_unit *u);

/* Integer semantics of ops without effects, shared by interpreter and constant folding. */
int xl_eval(const struct xl_op *op, uint64_t a, uint64_t b, uint64_t c, uint64_t *out);

/* ir/ */
void xl_print(const struct xl_block *b, void (*line)(void *user, const char *), void *user);
int xl_verify(const struct xl_block *b, char *why, uint32_t n); /* 0, or PB_EINVAL and why */
/* Build the block at x's pc; raises the guest's exception when its first fetch faults. */
struct xl_block *xl_build(struct xl_vcpu *x, uint64_t pc, uint64_t mode);
/* A builder without a vCPU, for tests: bytes come from `code`. */
struct xl_builder *xl_builder_for_test(const struct xl_guest *g, const uint8_t *code, uint32_t n,
                                       uint64_t pc, uint64_t mode, struct xl_block *into);

#endif
