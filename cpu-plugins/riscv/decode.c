/* SPDX-License-Identifier: MIT */
/* decode.c - from instruction bits to struct rv_insn, by the generated matcher. */
#include "decode.h"

void rv_decode(uint32_t w, uint64_t isa, struct rv_insn *i)
{
    *i = (struct rv_insn){0};
    uint32_t len = rv_length(w);
    if (len == 2)
        w &= 0xffff;
    uint32_t row = rv_match(w, isa, i);
    i->raw = w;
    i->len = (uint8_t)len;
    i->row = (uint16_t)row;
    i->op = rv_rows[row].expands ? rv_rows[row].expands : (uint16_t)row;
}
