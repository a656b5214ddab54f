/* SPDX-License-Identifier: MIT */
/* facts.c - what device trees say of a CPU.
 * Linux Documentation/devicetree/bindings/arm/cpus.yaml.
 */
#include "aarch64.h"

#include <stdio.h>
#include <string.h>

const char *a64_fact(void *self, const char *name)
{
    static const char *const compatible[] = {"arm,cortex-a57", "arm,cortex-a53",
                                             "arm,cortex-a72", "arm,armv8"};
    struct a64 *c = self;
    if (!strcmp(name, "compatible"))
        return compatible[c->model];
    if (!strcmp(name, "pmu"))
        return c->isa & A64_BIT(PMU) ? "arm,armv8-pmuv3" : NULL;
    if (!strcmp(name, "enable-method"))
        return c->firmware ? "psci" : NULL;
    if (strcmp(name, "mpidr"))
        return NULL;
    snprintf(c->mpidr_text, sizeof c->mpidr_text, "0x%llx",
             (unsigned long long)(c->mpidr & 0xff00ffffffull));
    return c->mpidr_text;
}
