/* SPDX-License-Identifier: MIT */
#include "aarch64.h"
#include <stdio.h>

int a64_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len)
{
    (void)pc, (void)b, (void)n;
    snprintf(out, len, "?");
    return 4;
}
