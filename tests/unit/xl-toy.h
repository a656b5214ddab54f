/* SPDX-License-Identifier: MIT */
/* xl-toy.h - a made-up guest and a made-up host around it, for tests of the engine.
 *
 * Sixteen 64-bit registers; instructions of two or four bytes, first byte the operation,
 * second byte d | s << 4, then a signed 16-bit immediate in the long ones:
 *   nop            2   add d, s        2   jr d         2
 *   li d, imm      4   ld d, [s+imm]   4   st d, [s+imm] 4   bne d, s, pc+imm  4
 *   ll d, [s]      4   sc d, [s], r(imm) 4 (d = 0 stored, 1 not)    jal d, pc+imm  4
 *   sys imm        4   see enum
 * Virtual memory: pages map to themselves but for an override table. Exceptions go to
 * toy.vector, with cause, address and pc kept.
 */
#ifndef XL_TOY_H
#define XL_TOY_H

#include <run/priv.h>

#include <stddef.h>

enum { T_NOP, T_LI, T_ADD, T_LD, T_ST, T_BNE, T_SYS, T_JR, T_LL, T_SC, T_JAL };
enum { SYS_HALT, SYS_FLUSH_ALL, SYS_FENCE, SYS_FLUSH_PAGE /* of r1 */, SYS_MODE /* = r1 */,
       SYS_CTX /* = r1 */, SYS_FLUSH_CTX /* r1 */ };

#define TOY_RAM 0x80000000u
#define TOY_RAM_SIZE 0x100000u
#define TOY_IO 0x10000000u
#define TOY_MAPS 16

struct toy_map {
    uint64_t va, pa; /* pages; va 0: unused */
    uint32_t ctx, prot;
};

struct toy {
    struct xl_vcpu x;
    uint64_t r[16];
    uint64_t mode, ctx, vector;
    uint64_t cause_va, cause_pc, n_faults, n_irqs, irq_vector;
    int cause;
    uint32_t cause_access;
    struct toy_machine *m;
    uint32_t index;
};

struct toy_machine {
    pb_host host;
    struct pb_svc_cpu svc;
    uint8_t log_on[8];
    uint32_t n_cpus;
    struct toy cpu[4];
    uint8_t *ram;
    uint8_t dirty[TOY_RAM_SIZE >> 12], code[TOY_RAM_SIZE >> 12];
    void *shared;
    struct toy_map map[TOY_MAPS];
    uint64_t big[2]; /* 2 MiB mappings at these addresses, to big_pa each; 0: none */
    uint64_t big_pa;
    uint64_t io_last, n_io_reads, n_io_writes, n_walks, n_code_stored;
    void (*on_io)(struct toy_machine *m, struct pb_txn *t); /* runs inside the device */
    uint32_t log_lines;
    char last_log[256], error[256];
};

struct toy_machine *toy_new(uint32_t n_cpus, const char *opts);
void toy_free(struct toy_machine *m);
extern const struct xl_guest toy_guest;

/* Assembler: each returns the address behind it. */
uint64_t toy_2(struct toy_machine *m, uint64_t at, uint32_t op, uint32_t d, uint32_t s);
uint64_t toy_4(struct toy_machine *m, uint64_t at, uint32_t op, uint32_t d, uint32_t s, int imm);

void toy_poke64(struct toy_machine *m, uint64_t pa, uint64_t v); /* by RAM pointer, unseen */
uint64_t toy_peek64(struct toy_machine *m, uint64_t pa);
/* As a device does it: store, then tell every CPU if the page is watched. */
void toy_dma64(struct toy_machine *m, uint64_t pa, uint64_t v);
void toy_remap(struct toy_machine *m, uint32_t i, uint32_t ctx, uint64_t va, uint64_t pa,
               uint32_t prot);
/* Run CPU i from pc until it halts; PB_EXIT_*. */
uint32_t toy_run(struct toy_machine *m, uint32_t i, uint64_t pc);

#endif
