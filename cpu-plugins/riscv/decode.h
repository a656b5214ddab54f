/* SPDX-License-Identifier: MIT */
/* decode.h - decoded RISC-V instructions: what the generated decoder returns. */
#ifndef RV_DECODE_H
#define RV_DECODE_H

#include <stdint.h>

#include "rv64-ops.h" /* generated: enum rv_op */

enum rv_ext {
    RV_X_I,
#define RV_EXT(id, prop, string, doc) RV_X_##id,
#include "isa.def"
#undef RV_EXT
    RV_X_COUNT
};
#define RV_BIT(id) (1ull << RV_X_##id)

struct rv_insn {
    uint32_t raw;  /* the bits, 16 of them when len is 2 */
    uint16_t row;  /* enum rv_op of the row that matched */
    uint16_t op;   /* enum rv_op of its meaning: of the 32-bit row when compressed */
    uint8_t len;   /* bytes */
    uint8_t rd, rs1, rs2, rs3, rm;
    int32_t imm;   /* immediate, shift amount or CSR number */
};

struct rv_row { /* one row of rv64.decode, by enum rv_op */
    char name[16], operands[28]; /* no pointers: they would be relocated at each start */
    uint32_t match, mask;
    uint8_t len, ext;
    uint16_t expands; /* 0: its own meaning */
};
extern const struct rv_row rv_rows[RV_OP_COUNT];

/* Length in bytes of the instruction that starts with these 16 bits: 2 or 4. Longer ones
 * do not exist here, their first four bytes are illegal. */
static inline uint32_t rv_length(uint32_t low16)
{
    return (low16 & 3) == 3 ? 4 : 2;
}

/* Decode `w` for the extensions in `isa` (RV_BIT()s). Sets all of *i; op and row are
 * RV_illegal when nothing matches. */
void rv_decode(uint32_t w, uint64_t isa, struct rv_insn *i);
/* Text as binutils prints it without aliases. Returns the bytes used: 2 or 4. */
int rv_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len);
const char *rv_csr_name(uint32_t number); /* NULL: none */

/* Generated from rv64.decode. */
uint32_t rv_match(uint32_t w, uint64_t isa, struct rv_insn *i);

#endif
