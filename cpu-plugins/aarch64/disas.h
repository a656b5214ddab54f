/* SPDX-License-Identifier: MIT */
/* disas.h - what the two halves of the disassembler share. */
#ifndef A64_DISAS_H
#define A64_DISAS_H

#include "decode.h"

struct a64_text { /* never overflows, always ends */
    char *p;
    uint32_t left;
};

void a64_put(struct a64_text *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* All of an instruction of a64-simd.decode. */
void a64_disas_simd(struct a64_text *o, const struct a64_insn *i, uint64_t pc);

#endif
