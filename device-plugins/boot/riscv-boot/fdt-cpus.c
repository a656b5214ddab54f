/* SPDX-License-Identifier: MIT */
/* fdt-cpus.c - the nodes of harts.
 * Linux Documentation/devicetree/bindings/riscv/{cpus,extensions}.yaml,
 * interrupt-controller/riscv,cpu-intc.yaml; Devicetree Specification 0.4, chapter 3.8. */
#include "riscv-boot.h"

#include <libfdt.h>
#include <stdlib.h>

static uint32_t cpu_phandle(uint32_t cpu)
{
    return 1 + 2 * cpu;
}

static uint32_t intc_phandle(uint32_t cpu)
{
    return 2 + 2 * cpu;
}

static uint32_t first_phandle(struct boot *b)
{
    return 1 + 2 * b->board->n_cpus(b->dev);
}

static int text_fact(struct boot *b, void *fdt, uint32_t i, const char *name)
{
    const char *v = b->board->cpu_fact(b->dev, i, name);

    return v ? fdt_property_string(fdt, name, v) : 0;
}

static int number_fact(struct boot *b, void *fdt, uint32_t i, const char *name)
{
    const char *v = b->board->cpu_fact(b->dev, i, name);

    return v ? fdt_property_u32(fdt, name, (uint32_t)strtoul(v, NULL, 0)) : 0;
}

static int list_fact(struct boot *b, void *fdt, uint32_t i, const char *name)
{
    const char *v = b->board->cpu_fact(b->dev, i, name);
    uint8_t out[BOOT_VALUE_MAX];
    char text[IMAGE_TEXT];
    int n = v ? boot_fdt_value(b, v, out, text) : 0;

    return n > 0 ? fdt_property(fdt, name, out, n) : 0;
}

static int interrupt_controller(void *fdt, uint32_t i)
{
    int rc;

    if ((rc = fdt_begin_node(fdt, "interrupt-controller")) ||
        (rc = fdt_property_u32(fdt, "#interrupt-cells", 1)) ||
        (rc = fdt_property(fdt, "interrupt-controller", NULL, 0)) ||
        (rc = fdt_property_string(fdt, "compatible", "riscv,cpu-intc")) ||
        (rc = fdt_property_u32(fdt, "phandle", intc_phandle(i))))
        return rc;
    return fdt_end_node(fdt);
}

static int one_cpu(struct boot *b, void *fdt, uint32_t i)
{
    char name[24];
    int rc;

    snprintf(name, sizeof name, "cpu@%x", i);
    if ((rc = fdt_begin_node(fdt, name)) || (rc = fdt_property_string(fdt, "device_type", "cpu")) ||
        (rc = fdt_property_u32(fdt, "reg", i)) ||
        (rc = fdt_property_string(fdt, "status", "okay")) ||
        (rc = fdt_property_string(fdt, "compatible", "riscv")) ||
        (rc = text_fact(b, fdt, i, "riscv,isa")) || (rc = text_fact(b, fdt, i, "riscv,isa-base")) ||
        (rc = list_fact(b, fdt, i, "riscv,isa-extensions")) ||
        (rc = text_fact(b, fdt, i, "mmu-type")) ||
        (rc = number_fact(b, fdt, i, "riscv,cbom-block-size")) ||
        (rc = number_fact(b, fdt, i, "riscv,cboz-block-size")) ||
        (rc = fdt_property_u32(fdt, "phandle", cpu_phandle(i))) ||
        (rc = interrupt_controller(fdt, i)))
        return rc;
    return fdt_end_node(fdt);
}

static int cpu_map(struct boot *b, void *fdt)
{
    char name[24];
    int rc;

    if ((rc = fdt_begin_node(fdt, "cpu-map")) || (rc = fdt_begin_node(fdt, "cluster0")))
        return rc;
    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++) {
        snprintf(name, sizeof name, "core%u", i);
        if ((rc = fdt_begin_node(fdt, name)) ||
            (rc = fdt_property_u32(fdt, "cpu", cpu_phandle(i))) || (rc = fdt_end_node(fdt)))
            return rc;
    }
    return (rc = fdt_end_node(fdt)) ? rc : fdt_end_node(fdt);
}

uint32_t rb_timebase(struct boot *b)
{
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        void *self = NULL;
        const struct pb_counter *c = b->bus->side(d, PB_COUNTER, &self);
        if (c)
            return (uint32_t)c->hz(self);
    }
    return 10000000;
}

static int cpus(struct boot *b, void *fdt)
{
    int rc;

    if ((rc = fdt_begin_node(fdt, "cpus")) || (rc = fdt_property_u32(fdt, "#address-cells", 1)) ||
        (rc = fdt_property_u32(fdt, "#size-cells", 0)) ||
        (rc = fdt_property_u32(fdt, "timebase-frequency", rb_timebase(b))))
        return rc;
    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++) {
        if ((rc = one_cpu(b, fdt, i)))
            return rc;
    }
    return (rc = cpu_map(b, fdt)) ? rc : fdt_end_node(fdt);
}

/* A number alone is a level (PLIC), else its kind follows (APLIC). */
static uint32_t gsi(const uint32_t *cells, uint32_t n, int *edge)
{
    *edge = n == 2 && (cells[1] & 3) != 0;
    return n ? cells[0] : 0;
}

const struct boot_isa rb_isa = {"/soc", cpus, intc_phandle, first_phandle, NULL, gsi};
