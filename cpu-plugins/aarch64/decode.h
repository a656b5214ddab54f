/* SPDX-License-Identifier: MIT */
/* decode.h - decoded A64 instructions: what the generated decoder returns. */
#ifndef A64_DECODE_H
#define A64_DECODE_H

#include <stdint.h>

#include "a64-ops.h" /* generated: enum a64_op */

enum a64_ext {
    A64_X_BASE,
#define A64_EXT(id, prop, doc) A64_X_##id,
#include "isa.def"
#undef A64_EXT
    A64_X_COUNT
};
#define A64_BIT(id) (1ull << A64_X_##id)

/* How an address is made: i->amount of loads and stores. */
enum { A64_AT_OFFSET, A64_AT_POST, A64_AT_PRE, A64_AT_REG, A64_AT_LITERAL };

struct a64_insn {
    uint32_t raw;       /* the bits */
    uint16_t op;        /* enum a64_op */
    uint8_t sf;         /* integer: 64 bits wide; SIMD: Q, 128 bits wide */
    uint8_t rd, rn, rm; /* Rd or Rt, Rn, Rm or Rs */
    uint8_t ra;         /* Ra or Rt2 */
    uint8_t size;       /* log2 of an access's bytes, or of a lane's */
    uint8_t opt;        /* kind of shift or extension, or another small field of the format */
    uint8_t amount;     /* of the shift, lane index, or another number of the format */
    uint8_t cond;       /* condition; for conditional comparisons too */
    uint8_t nzcv;
    uint8_t ok;         /* for the column `where`: the fields go together */
    int64_t imm;        /* immediate, offset, or what the format makes of it */
};

struct a64_row { /* one row of the tables, by enum a64_op */
    char name[16], operands[28]; /* no pointers: they would be relocated at each start */
    uint32_t match, mask;
    uint8_t len, ext;
    uint16_t expands; /* always 0 */
};
extern const struct a64_row a64_rows[A64_OP_COUNT];

/* Decode `w` for the features in `isa` (A64_BIT()s). Sets all of *i; op is A64_illegal when
 * nothing matches. */
void a64_decode(uint32_t w, uint64_t isa, struct a64_insn *i);
/* Text as binutils prints it without aliases. Returns the bytes used. */
int a64_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len);

/* The value of a logical immediate (DecodeBitMasks); 0: reserved. */
int a64_bitmask(uint32_t n, uint32_t immr, uint32_t imms, uint32_t sf, uint64_t *v);

/* Generated from the tables. */
uint32_t a64_match(uint32_t w, uint64_t isa, struct a64_insn *i);

#endif
