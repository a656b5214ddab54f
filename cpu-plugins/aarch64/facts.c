/* SPDX-License-Identifier: MIT */
/* facts.c - what device trees say of a CPU.
 * Linux Documentation/devicetree/bindings/arm/cpus.yaml.
 */
#include "aarch64.h"

#include <stdio.h>
#include <string.h>

/* KiB, of ID_AA64MMFR0_EL1's TGran4, TGran16 and TGran64. */
static const char *page_sizes(struct a64 *c)
{
    uint64_t mmfr0 = a64_mmfr0(c);
    snprintf(c->page_text, sizeof c->page_text, "%s%s%s",
             mmfr0 >> 28 & 8 ? "" : "4 ", mmfr0 >> 20 & 15 ? "16 " : "",
             mmfr0 >> 24 & 8 ? "" : "64 ");
    c->page_text[strlen(c->page_text) - 1] = 0;
    return c->page_text;
}

const char *a64_fact(void *self, const char *name)
{
    static const char *const compatible[A64_MODELS] = {
        "arm,cortex-a57", "arm,cortex-a53", "arm,cortex-a72", "arm,armv8", "arm,cortex-a35",
        "arm,cortex-a55", "arm,cortex-a76", "arm,neoverse-n1",
    };
    struct a64 *c = self;
    if (!strcmp(name, "compatible"))
        return compatible[c->model];
    if (!strcmp(name, "pmu"))
        return c->isa & A64_BIT(PMU) ? "arm,armv8-pmuv3" : NULL;
    if (!strcmp(name, "enable-method"))
        return c->firmware ? "psci" : NULL;
    if (!strcmp(name, "page-sizes"))
        return page_sizes(c);
    if (!strcmp(name, "byte-order"))
        return "little";
    if (strcmp(name, "mpidr"))
        return NULL;
    snprintf(c->mpidr_text, sizeof c->mpidr_text, "0x%llx",
             (unsigned long long)(c->mpidr & 0xff00ffffffull));
    return c->mpidr_text;
}
