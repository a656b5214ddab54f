/* SPDX-License-Identifier: MIT */
/* facts.c - what device trees say of a hart.
 * Linux Documentation/devicetree/bindings/riscv/{cpus,extensions}.yaml; The RISC-V Instruction
 * Set Manual, volume I, 27 (order of names in the ISA string).
 *
 * riscv,isa-extensions is a list; its strings are separated by a blank here.
 */
#include "rv.h"

#include <stdio.h>
#include <string.h>

static const char *const strings[RV_X_COUNT] = {
    "i",
#define RV_EXT(id, prop, string, doc) string,
#include "isa.def"
#undef RV_EXT
};

static void append(char *to, size_t size, const char *text)
{
    size_t used = strlen(to);
    snprintf(to + used, size - used, "%s", text);
}

void rv_facts_init(struct rv *c)
{
    snprintf(c->isa_string, sizeof c->isa_string, "rv64");
    c->ext_string[0] = 0;
    for (uint32_t i = 0; i < RV_X_COUNT; i++) {
        if (!strings[i] || !(c->isa >> i & 1))
            continue;
        if (strings[i][1] && !c->short_isa)
            append(c->isa_string, sizeof c->isa_string, "_");
        if (!strings[i][1] || !c->short_isa)
            append(c->isa_string, sizeof c->isa_string, strings[i]);
        if (c->ext_string[0])
            append(c->ext_string, sizeof c->ext_string, " ");
        append(c->ext_string, sizeof c->ext_string, strings[i]);
    }
    const char *const mmu[] = {"riscv,sv39", "riscv,sv48", "riscv,sv57"};
    snprintf(c->mmu_type, sizeof c->mmu_type, "%s",
             c->mmu_max >= 8 ? mmu[c->mmu_max - 8] : "riscv,none");
}

const char *rv_fact(void *self, const char *name)
{
    struct rv *c = self;
    if (!strcmp(name, "compatible"))
        return "riscv";
    if (!strcmp(name, "riscv,isa"))
        return c->isa_string;
    if (!strcmp(name, "riscv,isa-base"))
        return "rv64i";
    if (!strcmp(name, "riscv,isa-extensions"))
        return c->ext_string;
    if (!strcmp(name, "mmu-type"))
        return c->mmu_type;
    if (!strcmp(name, "riscv,cbom-block-size"))
        return c->isa & RV_BIT(ZICBOM) ? "64" : NULL;
    if (!strcmp(name, "riscv,cboz-block-size"))
        return c->isa & RV_BIT(ZICBOZ) ? "64" : NULL;
    return NULL;
}
