/* SPDX-License-Identifier: MIT */
/* disas-simd.c - text of floating point and Advanced SIMD.
 *
 * Not modelled: operands; an instruction is its mnemonic and its bits.
 */
#include "disas.h"

#include <inttypes.h>
#include <string.h>

void a64_disas_simd(struct a64_text *o, const struct a64_insn *i, uint64_t pc)
{
    const char *name = a64_rows[i->op].name;
    (void)pc;
    a64_put(o, "%.*s\t; 0x%08" PRIx32, (int)strcspn(name, "/"), name, i->raw);
}
