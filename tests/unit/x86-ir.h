/* SPDX-License-Identifier: MIT */
/* x86-ir.h - a guest for tests of the code generator: many slots of all types, helpers of
 * all kinds, a page table with holes; and a generator of random IR for it.
 */
#ifndef X86_IR_H
#define X86_IR_H

#include <run/priv.h>

#define N_INT 16  /* I64 slots; ten are pinned */
#define N_I32 4   /* two of them ranked between the I64's */
#define N_FP 14   /* F64 slots */
#define N_F32 3
#define S_I32 N_INT
#define S_FP (S_I32 + N_I32)
#define S_F32 (S_FP + N_FP)
#define N_VEC 12  /* V128 slots */
#define S_VEC (S_F32 + N_F32)
#define N_SLOTS (S_VEC + N_VEC)

#define RAM_BASE 0x80000000u
#define RAM_PAGES 6
#define RAM_SIZE (RAM_PAGES * 4096u)
/* Pages 0 and 1 read-write, 2 read-only, 3 unmapped, 4 read-write, 5: bus error. Beside, each two
 * are exchanged, and others are read-only and unmapped. */

struct ir_cpu {
    struct xl_vcpu x;
    uint64_t r[N_INT];
    uint32_t w[N_I32];
    uint64_t f[N_FP];
    uint32_t s[N_F32];
    struct xl_v128 v[N_VEC];
    uint64_t seen; /* what helpers saw of the state */
    uint64_t fault_va, fault_pc;
    uint32_t fault_access, n_faults, n_calls, beside;
    int32_t fault_code;
};

struct ir_machine {
    pb_host host;
    struct pb_svc_cpu svc;
    uint8_t log_on[8];
    struct ir_cpu cpu;
    uint8_t *ram;
    void *shared;
    char error[256];
};

struct ir_machine *ir_new(const char *opts);
void ir_free(struct ir_machine *m);
extern struct xl_guest ir_guest;
/* Floating point by Arm's rules, and its modes, or by RISC-V's. Before ir_new(). */
void ir_arm(int on);

uint64_t ir_rand(uint64_t *seed);
/* A valid random block of about n ops at page offset 0x100. */
void ir_random(uint64_t *seed, struct xl_block *b, uint32_t n);
/* Random slots: addresses in RAM, special floats, small and odd integers. */
void ir_random_state(uint64_t *seed, struct ir_cpu *c);

#endif
