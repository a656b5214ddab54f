/* SPDX-License-Identifier: MIT */
/* x86.h - what the files of the x86-64 back end share.
 *
 * Registers while a unit runs:
 *   rsp  the host stack; [rsp + 8k] are spill places of the unit, see XL_FRAME
 *   rbp  struct xl_vcpu + 128, so that a one-byte displacement reaches 256 bytes of it
 *   gs   base is x->ctx; without FSGSBASE r10 is; in user mode neither
 *   rbx rsi rdi r8-r10 r12-r15   pinned: the guest's ten busiest integer slots
 *   xmm0-xmm9                    pinned: the ten busiest floating point and vector slots
 *   rax rcx rdx r11, xmm10-xmm15 and pins that have no slot: temporaries
 *   MXCSR                        the guest's: rounding mode and sticky flags
 * At every unit's entry and exit, at every guest access and call, the pinned slots are in
 * their registers and all others are in memory.
 *
 * One number names any register here: 0-15 general, 16-31 xmm.
 */
#ifndef XL_X86_H
#define XL_X86_H

#include "../../ir/op.h"
#include "../../run/run.h"
#include "asm.h"

#include <stddef.h>

#define XMM(r) ((r) + 16)
#define IS_XMM(r) ((r) >= 16)
#define ENC(r) ((r)&15)
#define BIT(r) (1u << (r))

/* Where a field of struct xl_vcpu is, as seen from rbp; slots likewise. */
#define RBP_BIAS 128
#define VOFF(field) ((int32_t)offsetof(struct xl_vcpu, field) - RBP_BIAS)
#define SOFF(slot) ((int32_t)(slot)->offset - RBP_BIAS)
#define COFF(field) ((int32_t)offsetof(struct xl_ctx, field))

/* x->spill[] carries arguments and results between units and thunks. */
#define ARG_RESULT 0
#define ARG(n) VOFF(spill[n]) /* 1 to 5 */
#define CELL(n) VOFF(cell[n]) /* 0 a vector result, 1 to 4 arguments */
#define XL_FRAME (XL_MAX_OPS * 16u) /* a place for every value of a block */

/* ---- The target ------------------------------------------------------------------- */

enum { /* host features that code depends on */
    XF_BMI1 = 1,
    XF_BMI2 = 2,
    XF_LZCNT = 4,
    XF_POPCNT = 8,
    XF_SSE41 = 16,
    XF_AVX = 32,
    XF_FMA = 64,
    XF_PCLMUL = 128,
    XF_AVX512 = 256, /* F: unsigned conversions */
    XF_GS = 512,     /* wrgsbase in user mode */
    XF_AVX2 = 1024,  /* with AVX: vectors have code of their own */
    XF_AES = 2048    /* with AVX */
};

#define MAX_PINS 20

struct x86_pin {
    uint16_t slot;
    int8_t reg;      /* 0-31 */
    uint8_t type;
    int32_t off;     /* from rbp */
};

enum { CTX_GS, CTX_R10, CTX_NONE }; /* the last: user mode, for jumps only */

struct x86_target {
    uint32_t features;
    uint32_t n_pins;
    struct x86_pin pin[MAX_PINS];
    int8_t *slot_reg;  /* by slot: its register, or -1 */
    uint32_t temps;    /* registers for values, as bits */
    uint32_t pinned;   /* registers with a slot */
    uint32_t halves;   /* of these, those of F32 slots: calls do not keep the upper half */
    uint32_t shorts;   /* and those of F32 and F64 slots: they do not keep a vector */
    uint32_t nan_rule, tiny_before;
    uint32_t ctx_reg;  /* CTX_*: where the current context is found */
    uint32_t vectors;  /* the guest has V128 slots */
};

/* For tests: features that the next init() shall pretend not to have. */
extern uint32_t xl_x86_hide_features;

int x86_target_init(struct x86_target *t, const struct xl_guest *g, uint32_t direct);
void x86_target_fini(struct x86_target *t);

/* ---- Code memory ------------------------------------------------------------------ */

struct x86_mem {
    uint8_t *rw, *rx;
    size_t size;
    size_t used;    /* bytes from the start */
    size_t present; /* up to here no page of either mapping faults */
    size_t keep;    /* thunks and constants end here: reset goes back to it */
    struct xl_unit **unit; /* unit[n_units], by rising code address */
    uint32_t *start;       /* their offsets */
    uint32_t n_units;      /* atomic */
    uint32_t max_units;
};

int x86_mem_init(struct x86_mem *m, size_t size);
/* Before writing. *borrowed: another process runs from the same memory, see xl_host.fork(). */
void x86_mem_own(struct x86_mem *m, uint32_t *borrowed);
void x86_mem_fini(struct x86_mem *m);
void x86_mem_reset(struct x86_mem *m);
/* At the next multiple of 16, or `later`. */
void x86_mem_begin(struct x86_mem *m, struct xasm *a, uint32_t later);
int x86_mem_commit(struct x86_mem *m, struct xasm *a, struct xl_unit *u);
struct xl_unit *x86_mem_find(struct x86_mem *m, uintptr_t pc);

/* ---- Constants and thunks, at the start of code memory ----------------------------- */

struct x86_const { /* each 16 bytes, aligned */
    uint64_t sign64[2], abs64[2], sign32[2], abs32[2], high_ones[2];
    uint64_t nan64[2], nan32[2]; /* canonical; nan32 is boxed */
    uint64_t low32[2];
    double u32_max, i64_end;
    uint8_t flags[64]; /* SF_* of the flags in MXCSR */
    float u32_max_f, i64_end_f, pad[2]; /* the largest F32 below 2^32 */
    uint32_t less, equal, unordered, pad2; /* fcmp's results */
};

enum { SHIFT_RIGHT = 2, SHIFT_SAR = 4, SHIFT_LEFT = 6 }; /* of XV_SHIFTI */

struct x86_vconst { /* the same for vectors: vconst.c */
    struct xl_v128 low_half[3];    /* by lane 16, 32, 64: the low half of each */
    struct xl_v128 first[4];       /* by lane: all ones in the lowest, else zero */
    struct xl_v128 one[4], top[4]; /* by lane: its lowest and highest bit */
    struct xl_v128 abs32, abs64, least32, least64; /* floats: not the sign; least normal */
    struct xl_v128 left8[8], right8[8], sign8[8]; /* by count: bits that stay; 0x80 >> count */
    struct xl_v128 narrow[3], rev[4][4]; /* pshufb: vxtn by lane - 1; vrev by lane and group */
    struct xl_v128 index_70, nibble, popcnt;
    struct xl_v128 one_f32, one_f64, two_16, end_i32; /* 1.0; F32: 65536, 2^31 */
};

void x86_vconst(struct x86_vconst *k);

enum { TH_LD, TH_ST, TH_RMW, TH_CAS, TH_LL, TH_SC, TH_FP, TH_CLMUL, TH_LD128, TH_ST128, TH_VEC,
       TH_FLAGS, TH_CLASS, TH_WATCH, TH_COUNT };

struct x86_code { /* e->code */
    struct x86_mem mem;
    struct x86_target t;
    const struct x86_const *k;       /* executable view */
    const struct x86_vconst *kv;     /* likewise */
    int (*enter)(struct xl_vcpu *x, void *code);
    void (*leave)(struct xl_vcpu *x);
    const uint8_t *thunk[TH_COUNT];
    const uint8_t **helper;          /* by helper index */
    const uint8_t *leave_state, *leave_poll; /* x->pc is stored */
    uint32_t direct;                 /* user mode: pcb is not kept */
    const uint8_t *leave_link;       /* rax: struct xl_link; edx, if not direct: pc - pcb */
    const uint8_t *leave_lookup;     /* rax: the guest pc */
    const uint8_t *jump;             /* rax: the guest pc: through the jump cache */
    struct gen *gen;
};

int x86_thunks(struct x86_code *c, const struct xl_engine *e);
uint64_t x86_vec(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t how,
                 uint64_t imm);
uint64_t x86_clmul(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t high);
/* Jump to the unit at guest pc rax by the jump cache; uses rcx, perhaps rdx. */
void x86_jump_cache(struct xasm *a, const struct x86_code *c);
struct xrm x86_ctx(const struct x86_target *t, int index, int32_t off);

/* ---- The map of host to guest pcs --------------------------------------------------- */

/* Room for every op's cold path and every `insn`, 10 bytes each at most. */
#define MAP_MAX (2 * XL_MAX_OPS * 10)
struct x86_map {
    uint32_t n, host;
    int64_t delta;
    uint8_t b[MAP_MAX];
};
void x86_map_begin(struct x86_map *m);
void x86_map_add(struct x86_map *m, uint32_t host_off, int64_t delta);
int x86_find_pc(const struct xl_unit *u, uintptr_t host_pc, int64_t *delta);

/* ---- One compilation ---------------------------------------------------------------- */

#define NO_VALUE UINT32_MAX

enum { ZERO_NONE, ZERO_64, ZERO_32 }; /* nothing; the bits from 64 up; those from 32 up */
enum { HOME_NONE, HOME_SLOT, HOME_SPILL, HOME_CONST, HOME_PC };

struct val {
    uint32_t rep;   /* the value whose register it shares; itself in most cases */
    uint32_t last;  /* index of the last op that reads it */
    uint32_t uses;
    uint32_t where; /* slot or spill index of its home */
    int8_t reg;     /* register it is in, or -1 */
    int8_t want;    /* pinned register it is computed for, or -1 */
    uint8_t home;   /* HOME_*: where it is besides reg */
    uint8_t hi;     /* F32: the upper half of its register is all ones */
    uint8_t zero;   /* of its xmm register is known to be zero: ZERO_* */
    uint8_t defer;  /* its only reader does it by itself */
    uint8_t kept;   /* it is in its register from before the loop on: hoist.c */
    uint8_t inside; /* user mode: it was seen to be below x->top */
    uint32_t compare; /* setfflags of what fflags read: index + 1 of the comparison between */
    uint8_t again;  /* ld, st: the same base is accessed again before anything can flush */
};

/* The translation that the last lookup found, kept in two temporaries for the next access
 * off the same base. They are taken back when they are needed. */
struct last_page {
    uint32_t base;     /* value, or NO_VALUE: nothing is kept */
    uint8_t write;     /* it was for writing */
    uint8_t beside;    /* XL_M_BESIDE */
    int8_t page, add;  /* registers: guest page, host minus guest address */
};

enum { CARG_NONE, CARG_GPR, CARG_I32, CARG_F32, CARG_F64, CARG_IMM, CARG_V128 };
struct carg {
    uint8_t kind;
    uint8_t cell;  /* to x->cell[], where vectors always go, not to x->spill[] */
    int8_t reg;
    int32_t disp;  /* CARG_GPR: added */
    int64_t imm;
};

enum { COLD_CALL, COLD_CONST, COLD_DIV, COLD_LINK, COLD_FAR, COLD_POLL, COLD_NANS,
       COLD_FLAGS };
/* A path out of line: it is entered from `site`s and returns to `back`, so no register may
 * be given out or spilled between the two (fetch and define before the first jump). */
struct cold {
    uint8_t kind, n_sites;
    int8_t dst;       /* 0-31, or -1 */
    uint8_t dst_type; /* enum xl_type */
    uint8_t *back;
    const uint8_t *thunk;
    int64_t delta;    /* guest pc - pcb of the instruction; COLD_LINK, COLD_FAR: the target */
    const void *p;    /* COLD_CONST: the constant; COLD_LINK: struct xl_link */
    struct xrm src;   /* COLD_DIV: a */
    uint16_t op;
    uint8_t w;
    /* COLD_NANS: g->place[place], n_places of them. */
    uint8_t n_places;
    uint32_t place;
    /* COLD_CALL of a ld or st: */
    uint8_t lookup, write, aligned, size; /* the kept page was another: look in the TLB first */
    uint8_t beside;   /* XL_M_BESIDE */
    int8_t page, add; /* registers of the kept translation */
    int8_t kept_base; /* register of the kept one's base behind `back`; -1: none is kept */
    uint8_t kept;     /* register of its page */
    uint8_t *resume;  /* where a found translation is used */
    struct carg arg[5];
    uint8_t *site[8]; /* jumps to it; not cleared, as most have one */
};

/* A result that may be NaN and was not looked at yet: nan.c. */
#define MAX_WAIT 12 /* looked at two by two, by type: seven sites of a cold path */
#define MAX_PLACES 6
struct nan_place {
    uint32_t regs;  /* as bits */
    uint32_t spill; /* its spill place, + 1; 0: none */
    uint8_t type, n_slots;
    uint16_t slot[MAX_PLACES]; /* those in memory */
};
struct nan_wait {
    uint32_t v;
    uint32_t shows; /* waiting ones, as bits, that it would be NaN of */
    struct nan_place place;
};

struct gen {
    struct xasm a;
    struct x86_code *c;
    const struct x86_target *t;
    const struct xl_engine *e;
    const struct xl_block *b;
    struct xl_unit *u;
    uint8_t *start;
    uint8_t *hot_end;      /* behind it: cold paths */
    uint32_t i;            /* the op being compiled */
    int64_t delta;         /* pc - pcb of its instruction */
    uint32_t locked;       /* registers the current op uses */
    struct last_page last;
    uint32_t n_spills, n_cold, n_wait, n_places;
    struct nan_wait wait[MAX_WAIT];
    struct nan_place place[XL_MAX_OPS]; /* each result is looked at once */
    uint32_t rv[32];       /* value in each register */
    uint32_t flags_live;   /* a compare waits for its reader: loads keep the flags */
    uint8_t *cmp;          /* the last instruction of x86_compare() */
    uint32_t prefer;       /* register that g_def() takes if it is free */
    uint32_t *slot_val;    /* value whose home the slot is */
    uint32_t *slot_cur, *slot_since; /* plan.c's */
    struct val v[XL_MAX_OPS];
    struct cold cold[XL_MAX_OPS + 64];
    struct x86_map map;
    struct x86_target loop_target; /* what t is in loops: some temporaries are taken */
};

/* plan.c: what the passes over a block before code find out. */
void x86_plan(struct gen *g);

/* alloc.c: registers. Those handed out stay locked until x86_end_op(). */
uint32_t g_rep(const struct gen *g, uint32_t v);
int g_reg(struct gen *g, uint32_t v);          /* a register that holds v (0-31) */
struct xrm g_rm(struct gen *g, uint32_t v);    /* the same, or memory if that is cheaper */
int g_const(const struct gen *g, uint32_t v, uint64_t *k);
int g_imm32(const struct gen *g, uint32_t v, int w, int32_t *imm);
int g_def(struct gen *g);                      /* a register for the current op's value */
void g_bind(struct gen *g, int reg, uint32_t v); /* v is in this locked register now */
void g_spill(struct gen *g, uint32_t v);       /* give it a home */
/* The value in `reg`, if it is needed beyond this op, must live elsewhere. 0: it cannot. */
int g_give_up(struct gen *g, int reg, int may_move);
int g_def_new(struct gen *g);                  /* the same, no operand's register */
void g_def_in(struct gen *g, int reg);         /* its value is in `reg`, a locked temporary */
int g_tmp(struct gen *g);                      /* scratch, general */
int g_xtmp(struct gen *g);                     /* scratch, xmm (16-31) */
void g_take(struct gen *g, int reg);           /* make this temporary free and lock it */
void g_copy(struct gen *g, int dst, uint32_t v); /* load v into a given register */
void g_release(struct gen *g);                 /* operands that die here lose their register */
void g_free_scratch(struct gen *g);            /* scratch may hold the result: written last */
int g_room(const struct gen *g, int n);        /* are n general temporaries unlocked? */
void g_zero_above(struct gen *g, uint32_t v);  /* all bits above the scalar v to zero, in place */
void g_changed(struct gen *g, uint32_t v);     /* its register was changed: homes are stale */
void g_forget_page(struct gen *g);             /* give up g->last */
void x86_end_op(struct gen *g);

/* nan.c */
void x86_nan_wait(struct gen *g, const struct xl_op *op);
void x86_nan_put(struct gen *g, uint32_t slot, uint32_t v); /* v is in the slot's memory now */
void x86_nan_look(struct gen *g, const struct xl_op *op);
void x86_nan_emit(struct gen *g, const struct cold *c);

/* fp-watch.c */
#define CSR_MASKS 0x1f80u /* of MXCSR: the exceptions that do not trap */
uint64_t x86_fp_watch(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                      uint64_t e);
int x86_fp_trap(struct xl_vcpu *x, void *ucontext);
void x86_get_flags(struct gen *g);
void x86_read_flags(struct gen *g, int d, int t); /* from where they are; t is scratch */
void x86_flags_emit(struct gen *g, const struct cold *c);

/* slots.c */
void g_put(struct gen *g, uint32_t slot, uint32_t v);
void g_get(struct gen *g, uint32_t slot);
void g_spill_all(struct gen *g);               /* slots are about to change */
void g_state_changed(struct gen *g);           /* slots have changed */

/* select-*.c: one op each, g->i; op is the record. */
void x86_sel_int(struct gen *g, const struct xl_op *op);
void x86_sel_shift(struct gen *g, const struct xl_op *op);
void x86_sel_mul(struct gen *g, const struct xl_op *op);
void x86_sel_bits(struct gen *g, const struct xl_op *op);
void x86_sel_mem(struct gen *g, const struct xl_op *op);
void x86_sel_atomic(struct gen *g, const struct xl_op *op);
void x86_sel_fp(struct gen *g, const struct xl_op *op);
void x86_sel_cvt(struct gen *g, const struct xl_op *op);
void x86_sel_fmove(struct gen *g, const struct xl_op *op);
void x86_sel_ctl(struct gen *g, const struct xl_op *op);
void x86_sel_vec(struct gen *g, const struct xl_op *op);
/* select-v*.c: with AVX2. 0: the op has no code there. */
int x86_sel_vint(struct gen *g, const struct xl_op *op);
int x86_sel_vshift(struct gen *g, const struct xl_op *op);
int x86_sel_vwide(struct gen *g, const struct xl_op *op);
int x86_sel_vmove(struct gen *g, const struct xl_op *op);
int x86_sel_vperm(struct gen *g, const struct xl_op *op);
int x86_sel_vfp(struct gen *g, const struct xl_op *op);

/* Compare a and b; returns the condition code that means `cond`. */
int x86_compare(struct gen *g, uint32_t cond, int w, uint32_t a, uint32_t b);
/* May a branch on zero or not leave its `and` out, as it tests the bits itself? */
int x86_tests_bits(const struct gen *g, const struct xl_op *o);
/* The operand that a guest access of XL_MEM() `imm` at addr goes to, by the inline TLB lookup;
 * `t`: scratch register or R_NONE. The cold path's first argument and site are filled in. */
struct xrm x86_tlb(struct gen *g, uint32_t addr, int64_t imm, int write, struct cold *c, int t);
void x86_tlb_lookup(struct gen *g, int va, int32_t disp, struct cold *c, int t, int u, int add);
struct carg x86_arg(struct gen *g, uint32_t v); /* in its register from now on */
struct carg x86_arg_imm(int64_t imm);

/* cold.c */
struct cold *x86_cold(struct gen *g, int kind);
void x86_cold_emit(struct gen *g);
void x86_call_args(struct gen *g, const struct carg *arg, uint32_t n);
void x86_result(struct gen *g, int dst, uint32_t type); /* from x->spill[0] or cell[0] */
/* The current op by xl_soft_fp(): as a call right here, or as a cold path. */
void x86_soft_call(struct gen *g, const struct xl_op *o);
struct cold *x86_soft_cold(struct gen *g, const struct xl_op *o);
/* The same of a vector op, by xl_vec(). */
void x86_vec_call(struct gen *g, const struct xl_op *o);
struct cold *x86_vec_cold(struct gen *g, const struct xl_op *o);
/* The result must not share a register with an operand if the cold path wants them. */
int x86_def_float(struct gen *g, int keep_operands);
/* After an arithmetic op: a NaN result is made the guest's. */
void x86_check_nan(struct gen *g, const struct xl_op *o, int d, struct cold *c);
/* Three-operand SSE: d = a op b, with AVX or by moves. */
void x86_sse(struct gen *g, uint32_t op, int d, int a, struct xrm b);
/* Fill a register with the pc pcb + delta. */
void x86_pc(struct gen *g, int reg, int64_t delta);

static inline void x86_vv(struct gen *g, uint32_t op, int d, int a, struct xrm b)
{
    xa_vex(&g->a, op, 0, d, a, b, -1);
}
/* d = a shifted by a constant: SHIFT_*, of lanes XL_L16 to XL_L64. */
static inline void x86_vshift(struct gen *g, int how, uint32_t lane, int d, int a, uint32_t n)
{
    xa_vex(&g->a, XV_SHIFTI + lane, 0, how, d, xr(a), (int)n);
}
int x86_vdef(struct gen *g); /* select-vec.c: a register for the result, perhaps an operand's */

static inline int x86_has(const struct gen *g, uint32_t f)
{
    return (g->t->features & f) != 0;
}

/* dump.c */
void x86_dump(const struct xl_engine *e, const struct xl_unit *u);

/* hoist.c */
int x86_is_loop(const struct xl_block *b); /* may the unit jump to itself? */
void x86_hoist(struct gen *g);

/* place.c: by how many bytes the code that was just made should begin later. */
uint32_t x86_place(const struct gen *g);

/* link.c */
void x86_set_link(struct xl_engine *e, struct xl_link *l);

#endif
