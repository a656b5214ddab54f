/* SPDX-License-Identifier: MIT */
/* xl.h - the translation engine as a CPU plugin sees it.
 *
 * A CPU plugin (the guest) describes its registers as slots and its out-of-line operations
 * as helpers, and lifts one guest block at a time into IR through the builder (ir/ir.h).
 * The engine runs it: by the IR interpreter (the oracle, and hosts without a code
 * generator) or by a host back end. Private to CPU plugins, no ABI promise.
 *
 * How code finds its guest pc: a unit is keyed by (physical pc, mode word), so that the
 * same physical page mapped at several virtual addresses is translated once. Guest pcs in
 * a unit are therefore relative to `pcb`, the virtual page base of the code being run,
 * which x->pcb holds at every unit's entry. A block never leaves its 4 KiB page, except
 * that its only instruction may straddle two.
 */
#ifndef XL_H
#define XL_H

#define PB_USE_DRAFT 1
#include <plugboard/draft/personality.h>

#include <stdint.h>

#define XL_PAGE_BITS 12
#define XL_PAGE_SIZE 4096u
#define XL_PAGE_MASK 4095u

struct xl_vcpu;    /* below: first member of the guest's CPU struct */
struct xl_engine;  /* shared by all vCPUs of one machine: run/run.h */
struct xl_builder; /* ir/ir.h */
struct xl_unit;    /* cache/unit.h */
struct xl_ctx;     /* one address-space context's TLB and jump cache: run/ctx.h */

/* ---- Slots: the guest's registers ----------------------------------------------- */

enum xl_type { XL_I32 = 1, XL_I64, XL_F32, XL_F64, XL_V128, XL_V256 };

/* A vector as C sees it: lanes from the low bits of d[0] up. */
struct xl_v128 {
    uint64_t d[2];
};

struct xl_slot {
    const char *name; /* "a0" */
    uint32_t offset;  /* in the guest's CPU struct, whose first member is struct xl_vcpu */
    uint8_t type;     /* enum xl_type; an F64 slot may hold a boxed F32; V128: struct xl_v128 */
    uint8_t rank;     /* 1 is pinned first, 0 never; ranks of GPR and FP classes count apart */
    uint16_t reserved;
};

/* ---- Helpers: C functions that units call ---------------------------------------- */

#define XL_H_FAULT 1u /* may raise a guest exception or read the pc: state is in memory and
                         xl_sync() works. Implies reading all slots */
#define XL_H_STATE 2u /* reads or writes slots: they are in memory around the call */
#define XL_H_FP 4u    /* uses xl_fp_*() or floating point: MXCSR is the host's around it */
#define XL_H_PURE 8u  /* depends on its arguments only, no effect */

struct xl_helper {
    const char *name;
    /* Called as uint64_t fn(struct xl_vcpu *, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
     * with the arguments given; F32/F64 arguments and results travel as raw bits, of a V128
     * the address: a struct xl_v128 to read; a V128 result is written to x->cell[0]. */
    uint64_t (*fn)(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
    uint32_t flags;
    uint8_t n_args, type; /* result: enum xl_type, or 0 for none */
    uint16_t vec;         /* bit n: argument n is a V128 */
};

/* ---- Memory operations ------------------------------------------------------------ */

enum { XL_R, XL_W, XL_X }; /* kinds of access */

#define XL_M_SIZE(l) (l) /* log2 of bytes: 0..3, of a V128 4 */
#define XL_M_SIZE_OF(m) (1u << ((m)&7u))
#define XL_M_SIGN 8u     /* sign-extend to 64 bits; otherwise zero-extend */
#define XL_M_BIG 16u     /* big-endian */
#define XL_M_ALIGN 32u   /* a misaligned address faults instead of being split */
#define XL_M_ACQ 64u
#define XL_M_REL 128u
#define XL_M_SEQ (XL_M_ACQ | XL_M_REL)
#define XL_M_ATOMIC 256u /* indivisible: misaligned faults as an atomic would */
#define XL_M_BESIDE 512u /* in the context beside the present one, see xl_guest.beside(); of the
                            integer loads and stores of IR only */

/* ---- Walks ------------------------------------------------------------------------ */

#define XL_PROT_R 1u
#define XL_PROT_W 2u
#define XL_PROT_X 4u

struct xl_walk {     /* result of a guest page walk for one 4 KiB page */
    uint64_t pa;     /* physical address of va */
    uint32_t prot;   /* XL_PROT_*: what may enter the TLB now (no W while D is clear, …) */
    uint32_t bits;   /* log2 of the mapping's size, >= 12; smaller granules (PMP): prot holds
                        for this access only when `uncached` is set */
    uint32_t uncached;
    uint32_t reserved;
};

/* An address-space context: everything that decides what a virtual access means besides
 * the page tables themselves (translation root, ASID, privilege, …). */
struct xl_ctxkey {
    uint64_t a, b;
};

/* ---- The guest -------------------------------------------------------------------- */

struct xl_guest {
    const char *name;
    uint32_t state_size; /* bytes of the CPU struct */
    uint32_t min_insn, max_insn; /* bytes of the shortest and longest instruction */
    const struct xl_slot *slots; /* slots[n_slots]; IR names a slot by its index */
    uint32_t n_slots, n_helpers;
    const struct xl_helper *helpers; /* by index too */
    uint8_t fp_nan_rule;  /* soft/soft.h SF_NAN_* */
    uint8_t fp_tininess;  /* soft/soft.h SF_TINY_* */
    uint8_t tag_bits;     /* user mode: top address bits that data accesses ignore */
    uint8_t stack;        /* slot of the stack pointer, + 1; 0: none */
    /* Mode word: all state besides the bytes of the code that translation depends on. */
    uint64_t (*mode)(struct xl_vcpu *x);
    void (*ctxkey)(struct xl_vcpu *x, struct xl_ctxkey *k);
    /* Lift one block at pc. Stop at a branch, a page end, xl_b_full(). Fetch through
     * xl_b_fetch(). */
    void (*translate)(struct xl_builder *b, uint64_t pc, uint64_t mode);
    /* Page walk; updates A/D bits as the architecture says. 0, or a fault code that is
     * passed to fault() unseen. probe: no side effects (debugger). */
    int (*walk)(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe,
                struct xl_walk *w);
    /* Enter the guest's exception for a failed access: x->pc is the instruction's. Codes:
     * what walk() returned, or XL_FAULT_*. Sets x->pc to the handler. */
    void (*fault)(struct xl_vcpu *x, uint64_t va, uint32_t access, int code);
    /* At the top of the loop when x->pending is set: take an interrupt if one is enabled.
     * 1 when state changed. Clears x->pending when nothing more can be taken now. */
    int (*interrupt)(struct xl_vcpu *x);
    int (*disassemble)(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len);
    /* XL_M_BESIDE: accesses that are not done as those of the CPU's present state (Arm's LDTR).
     * While on, ctxkey() and walk() answer for them. That key must depend on the present key and
     * mode word only, as generated code finds its context by the present one. */
    void (*beside)(struct xl_vcpu *x, uint32_t on);
    /* NULL, or the guest's own watchpoints and breakpoints (xl_points). watch(): an access that the
     * walk allows, its fault code or 0; XL_X: may anything there be watched, at whatever level?
     * break_at(): x->pc is a breakpoint's; 1 when its exception was entered. */
    int (*watch)(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access);
    int (*break_at)(struct xl_vcpu *x);
};

#define XL_FAULT_BUS (-1001)   /* nothing answers at the physical address */
#define XL_FAULT_ALIGN (-1002) /* misaligned where that is not allowed */
#define XL_FAULT_MAP (-1003)   /* user mode: nothing is mapped there */
#define XL_FAULT_PROT (-1004)  /* user mode: the mapping does not allow it */

/* ---- The vCPU: first member of the guest's CPU struct ----------------------------- */

/* Above the low half of any stack pointer: generated code compares with what it has at hand. */
#define XL_POLL UINT32_MAX

/* Generated code addresses this struct by rbp (biased by 128): what it touches comes
 * first. Fields without a comment belong to the engine. */
struct xl_vcpu {
    volatile uint32_t poll; /* XL_POLL: leave translated code at the next poll; else 0 */
    uint32_t mxcsr;         /* guest's MXCSR while it does not run */
    uint64_t pc;            /* guest pc; exact outside translated code and after xl_sync() */
    uint64_t pcb;           /* virtual page base of the running unit */
    uint64_t mode;          /* mode word of the running unit */
    uint64_t ll_addr, ll_value; /* reservation: address (all ones: none) and value seen */
    uint64_t host_sp;       /* stack of the C code that entered the unit */
    uint64_t ret_pc;        /* host return address of the helper being called; 0: none */
    struct xl_link *exit_link; /* the direct exit that left; NULL: none */
    struct xl_ctx *ctx;     /* current context; the back end's GS base */
    uint64_t top;           /* user mode: first address behind the guest's; otherwise 0 */
    uint64_t spill[8];      /* the back end's scratch */
    struct xl_v128 cell[8]; /* vectors on their way: 0 a result, 1 to 4 arguments */
    int64_t budget;         /* instructions left, deterministic mode */
    uint64_t insns;         /* instructions run, where counted */
    uint32_t mxcsr_host;
    uint8_t fp_rm;          /* SF_RM_* that dynamic rounding means now: xl_fp_set_rm() */
    uint8_t fp_flags;       /* sticky SF_FLAG_* so far, besides those in mxcsr */
    uint8_t in_unit;        /* is executing translated code (read by others, atomic) */
    uint8_t stop_step;      /* debugger: leave after one instruction */
    uint32_t fp_known;      /* top bit: the sticky flags are the low bits, whatever mxcsr says */
    uint32_t fp_budget;     /* how often that may still be tried */
    volatile uint32_t pending; /* set by the guest, e.g. from line_in(): call interrupt() */
    volatile uint32_t halted;  /* set by the guest (WFI): run() returns PB_EXIT_HALT */
    uint32_t requests;      /* XL_REQ_* for this vCPU's own thread, atomic */
    uint32_t tagged;        /* set by the guest: one page may be at several addresses */
    uint32_t leave_code;    /* set by the guest before xl_leave(): run() returns it; 0: no */
    uint32_t attrs;         /* PB_TXN_* of the access at hand: set by the guest's walk() */
    struct xl_engine *engine;
    const struct xl_guest *guest;
    pb_cpu *cpu;                   /* the host's side */
    const struct pb_svc_cpu *svc;
    const pb_host *host;
    const struct pb_svc_user *user; /* NULL: there is a machine */
    void *run;                     /* run/: private, malloc'ed by xl_vcpu_init */
    uint32_t watches;              /* guest->watch() is to be asked: xl_points() */
};

/* What each child of fork() runs before it ends lies together: each page of code that it is the
 * first to touch costs it a fault. */
#define XL_NEAR __attribute__((hot))

/* ---- Life --------------------------------------------------------------------------- */

/* Set up `x` (the zeroed first member of the guest's CPU struct) on `cpu`; the first vCPU
 * of a machine makes the shared engine. -d and -accel options reach it by `opts`:
 * "interp", "tb-size=N", "log=in_asm,op,out_asm". [main] */
int xl_vcpu_init(struct xl_vcpu *x, const struct xl_guest *g, pb_cpu *cpu, const pb_host *h,
                 const char *opts, pb_err *e);
void xl_vcpu_fini(struct xl_vcpu *x);
XL_NEAR uint32_t xl_run(struct xl_vcpu *x); /* [cpu] PB_EXIT_*, for pb_cpu_class.run */
void xl_kick(struct xl_vcpu *x);    /* [any] leave translated code at the next poll */
/* The guest set x->pending or cleared x->halted from another thread. [any] */
void xl_wake(struct xl_vcpu *x);

/* ---- For helpers, on the vCPU's own thread ------------------------------------------ */

/* Make x->pc the pc of the instruction that called this helper (needs XL_H_FAULT). */
XL_NEAR void xl_sync(struct xl_vcpu *x);
/* The same by a helper that knows the pc: without a search, and a child of fork() that makes a
 * call or two need not touch the tables. */
static inline void xl_sync_to(struct xl_vcpu *x, uint64_t pc)
{
    x->pc = pc;
    x->ret_pc = 0;
}
/* Abandon the unit and go on at x->pc with whatever state the guest now has. */
XL_NEAR _Noreturn void xl_leave(struct xl_vcpu *x);
/* Guest virtual memory; faults do not return. `memop` is XL_M_*. */
uint64_t xl_ld(struct xl_vcpu *x, uint64_t va, uint32_t memop);
void xl_st(struct xl_vcpu *x, uint64_t va, uint64_t v, uint32_t memop);
/* Zero n bytes of one page, va and n multiples of 8. */
void xl_clear(struct xl_vcpu *x, uint64_t va, uint32_t n);
/* Check that [va, va+n) could be accessed, without doing so; faults do not return. */
void xl_probe(struct xl_vcpu *x, uint64_t va, uint32_t n, uint32_t access);
/* Host pointer to [va, va+n) within one page of plain RAM for that access, or NULL. */
void *xl_ptr(struct xl_vcpu *x, uint64_t va, uint32_t n, uint32_t access);
/* Copy from or, with `write`, to guest virtual memory as far as the program may. PB_OK; PB_EFAULT:
 * it may not, or there is none, and a part may have been copied. */
int xl_copy(struct xl_vcpu *x, uint64_t va, void *buf, uint64_t n, uint32_t write);
/* Guest physical memory, for page walks. PB_OK or PB_EFAULT. Atomic for aligned sizes. */
int xl_phys_ld(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t *v);
int xl_phys_st(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t v);
int xl_phys_cas(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t *expect, uint64_t v);

/* The guest has these breakpoints now, XL_POINTS at most, and watchpoints or none. Own vCPU only; the
 * unit must end behind it. See run/points.c. */
#define XL_POINTS 16u
void xl_points(struct xl_vcpu *x, const uint64_t *pc, uint32_t n, uint32_t watches);

/* Forget translations. Contexts whose key matches ((key & mask) == (want & mask)) lose the
 * page of va, or everything when all is set. `mask` NULL: every context. Own vCPU only;
 * takes effect before the next guest instruction. */
void xl_tlb_flush(struct xl_vcpu *x, const struct xl_ctxkey *want, const struct xl_ctxkey *mask,
                  uint64_t va, uint32_t all);
/* The same on every vCPU of the machine. The others' are complete when xl_tlb_flush_wait() returns,
 * as far as guests can observe. */
void xl_tlb_flush_everywhere(struct xl_vcpu *x, const struct xl_ctxkey *want,
                             const struct xl_ctxkey *mask, uint64_t va, uint32_t all);
void xl_tlb_flush_wait(struct xl_vcpu *x);
/* The guest says that it spins: where vCPUs outnumber the host's CPUs, what it waits for may be one
 * that does not run, so the others come first. End the unit behind it. */
void xl_relax(struct xl_vcpu *x);
/* Call `fn` for each other vCPU of the machine. [cpu] */
void xl_each_other(struct xl_vcpu *x, void (*fn)(struct xl_vcpu *y));

/* An argument of a helper that is a V128. */
static inline const struct xl_v128 *xl_vec_arg(uint64_t a)
{
    return (const struct xl_v128 *)(uintptr_t)a;
}

/* Floating point state. Flags are SF_FLAG_*, rounding modes SF_RM_* (soft/soft.h). */
uint32_t xl_fp_flags(struct xl_vcpu *x);
void xl_fp_set_flags(struct xl_vcpu *x, uint32_t flags);
void xl_fp_set_rm(struct xl_vcpu *x, uint32_t rm);

/* ---- User mode: user.c ---------------------------------------------------------------- */

/* For pb_cpu_user.host_fault(), code_check() and fork(). */
int xl_host_fault(struct xl_vcpu *x, int sig, void *siginfo, void *ucontext);
void xl_code_check(struct xl_vcpu *x, uint64_t va, uint64_t len);
XL_NEAR int xl_fork(struct xl_vcpu *x, uint32_t stage);

/* ---- From the host, [any] unless marked --------------------------------------------- */

void xl_map_changed(struct xl_vcpu *x, uint64_t gpa, uint64_t len);
void xl_code_written(struct xl_vcpu *x, uint64_t gpa, uint64_t len);
/* Debugger side; only while not running. */
int xl_breakpoint(struct xl_vcpu *x, uint32_t kind, uint64_t addr, uint64_t len, uint32_t on);
void xl_step(struct xl_vcpu *x, uint32_t on);
uint64_t xl_stop_addr(struct xl_vcpu *x, uint32_t *kind);
int xl_debug_translate(struct xl_vcpu *x, uint64_t va, uint32_t access, uint64_t *pa);
/* Text for `info jit`. */
void xl_info(struct xl_vcpu *x, void (*line)(void *user, const char *), void *user);

#endif
