/* SPDX-License-Identifier: MIT */
/* decode.c - from instruction bits to struct a64_insn, by the generated matcher. */
#include "decode.h"

int a64_bitmask(uint32_t n, uint32_t immr, uint32_t imms, uint32_t sf, uint64_t *v)
{
    uint32_t top = n << 6 | (~imms & 63), len = 31;
    if (n && !sf)
        return 0;
    while (len && !(top >> len & 1))
        len--;
    if (len < 1)
        return 0;
    uint32_t size = 1u << len, s = imms & (size - 1), r = immr & (size - 1);
    uint64_t ones, all = size == 64 ? ~0ull : (1ull << size) - 1;
    if (s == size - 1)
        return 0;
    ones = (1ull << (s + 1)) - 1;
    if (r)
        ones = (ones >> r | ones << (size - r)) & all;
    for (; size < 64; size *= 2)
        ones |= ones << size;
    *v = sf ? ones : (uint32_t)ones;
    return 1;
}

void a64_decode(uint32_t w, uint64_t isa, struct a64_insn *i)
{
    *i = (struct a64_insn){0};
    i->op = (uint16_t)a64_match(w, isa | A64_BIT(BASE), i);
    i->raw = w;
}
