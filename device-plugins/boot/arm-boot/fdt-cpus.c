/* SPDX-License-Identifier: MIT */
/* fdt-cpus.c - the nodes of AArch64 CPUs.
 * Linux Documentation/devicetree/bindings/arm/cpus.yaml; Devicetree Specification 0.4, 3.8. */
#include "arm-boot.h"

#include <libfdt.h>
#include <stdlib.h>

static uint32_t first_phandle(struct boot *b)
{
    return 1 + b->board->n_cpus(b->dev);
}

/* Affinity fields of MPIDR_EL1; by index, 16 in a cluster, when the CPU does not say. */
uint64_t ab_affinity(struct boot *b, uint32_t i)
{
    const char *v = b->board->cpu_fact(b->dev, i, "mpidr");

    return v ? strtoull(v, NULL, 0) & 0xff00ffffff : i / 16 << 8 | i % 16;
}

/* With more than one CPU they need a way to be started: the one of [fdt /cpus] or PSCI. */
static int one_cpu(struct boot *b, void *fdt, uint32_t i)
{
    const char *compatible = b->board->cpu_fact(b->dev, i, "compatible");
    const char *method = b->board->cpu_fact(b->dev, i, "enable-method");
    uint64_t reg = ab_affinity(b, i);
    fdt32_t cells[2] = {cpu_to_fdt32((uint32_t)(reg >> 32)), cpu_to_fdt32((uint32_t)reg)};
    char name[24];
    int rc;

    snprintf(name, sizeof name, "cpu@%llx", (unsigned long long)reg);
    if ((rc = fdt_begin_node(fdt, name)) || (rc = fdt_property_string(fdt, "device_type", "cpu")) ||
        (rc = fdt_property_string(fdt, "compatible", compatible ? compatible : "arm,armv8")) ||
        (rc = fdt_property(fdt, "reg", cells, sizeof cells)) ||
        (rc = fdt_property_string(fdt, "enable-method", method ? method : "psci")) ||
        (rc = fdt_property_u32(fdt, "phandle", 1 + i)))
        return rc;
    return fdt_end_node(fdt);
}

static int named(void *fdt, const char *what, uint32_t i)
{
    char name[24];

    snprintf(name, sizeof name, "%s%u", what, i);
    return fdt_begin_node(fdt, name);
}

/* A core is its CPU, or has a node for each thread. */
static int core(void *fdt, const struct boot_topology *t, uint32_t k, uint32_t *cpu)
{
    int rc = named(fdt, "core", k);

    for (uint32_t i = 0; i < t->threads && !rc; i++) {
        if ((t->threads > 1 && (rc = named(fdt, "thread", i))) ||
            (rc = fdt_property_u32(fdt, "cpu", 1 + (*cpu)++)))
            return rc;
        rc = t->threads > 1 ? fdt_end_node(fdt) : 0;
    }
    return rc ? rc : fdt_end_node(fdt);
}

static int cpu_map(struct boot *b, void *fdt)
{
    struct boot_topology t = boot_topology(b);
    uint32_t cpu = 0;
    int rc = fdt_begin_node(fdt, "cpu-map");

    for (uint32_t s = 0; s < t.sockets && !rc; s++) {
        rc = named(fdt, "socket", s);
        for (uint32_t c = 0; c < (t.clusters ? t.clusters : 1) && !rc; c++) {
            rc = named(fdt, "cluster", c);
            for (uint32_t k = 0; k < t.cores && !rc; k++)
                rc = core(fdt, &t, k, &cpu);
            rc = rc ? rc : fdt_end_node(fdt);
        }
        rc = rc ? rc : fdt_end_node(fdt);
    }
    return rc ? rc : fdt_end_node(fdt);
}

/* Linux Documentation/devicetree/bindings/arm/pmu.yaml: one node for the private interrupt of all. */
static int pmu(struct boot *b, void *fdt)
{
    const char *compatible = b->board->cpu_fact(b->dev, 0, "pmu");
    uint32_t cells[4], parent,
             n = compatible ? boot_wire(b, b->board->cpu(b->dev, 0), "pmu", &parent, cells) : 0;
    int rc;

    if (!n)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        cells[i] = cpu_to_fdt32(cells[i]);
    if ((rc = fdt_begin_node(fdt, "pmu")) ||
        (rc = fdt_property_string(fdt, "compatible", compatible)) ||
        (rc = fdt_property(fdt, "interrupts", cells, (int)n * 4)) ||
        (rc = fdt_property_u32(fdt, "interrupt-parent", parent)))
        return rc;
    return fdt_end_node(fdt);
}

static int cpus(struct boot *b, void *fdt)
{
    int rc;

    if ((rc = fdt_begin_node(fdt, "cpus")) || (rc = fdt_property_u32(fdt, "#address-cells", 2)) ||
        (rc = fdt_property_u32(fdt, "#size-cells", 0)))
        return rc;
    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++) {
        if ((rc = one_cpu(b, fdt, i)))
            return rc;
    }
    if ((rc = cpu_map(b, fdt)) || (rc = fdt_end_node(fdt)))
        return rc;
    return pmu(b, fdt);
}

/* Private interrupts are 16 and up, shared ones 32 and up (GICv3, 2.2.1). */
static uint32_t gsi(const uint32_t *cells, uint32_t n, int *edge)
{
    if (n != 3)
        return 0;
    *edge = (cells[2] & 3) != 0;
    return cells[1] + (cells[0] ? 16 : 32);
}

const struct boot_isa ab_isa = {"", cpus, NULL, first_phandle, NULL, gsi};
