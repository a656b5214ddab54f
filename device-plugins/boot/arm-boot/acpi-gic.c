/* SPDX-License-Identifier: MIT */
/* acpi-gic.c - interrupt controllers and CPUs (MADT), and where messages of PCI go (IORT).
 * ACPI 6.5, 5.2.12.14 to 5.2.12.18 (GIC structures); Arm DEN 0049E, 3.1 (nodes of the IORT). */
#include "acpi.h"

enum { MADT_GICC = 0x0b, MADT_GICD, MADT_MSI_FRAME, MADT_GICR, MADT_ITS };

static void gicc(struct arm_boot *b, struct acpi_buf *t, uint32_t i, uint64_t base)
{
    enum { ENABLED = 1, PERFORMANCE_EDGE = 2 };
    uint32_t flags = 0, pmu = 0;

    if (b->c.board->cpu_fact(b->c.dev, i, "pmu"))
        pmu = acpi_gsi(&b->c, b->c.board->cpu(b->c.dev, i), "pmu", 0, &flags);
    acpi_num(t, MADT_GICC, 1);
    acpi_num(t, 80, 1);
    acpi_num(t, 0, 2);
    acpi_num(t, i, 4); /* CPU interface */
    acpi_num(t, i, 4); /* _UID */
    acpi_num(t, ENABLED | (flags & ACPI_IRQ_EDGE ? PERFORMANCE_EDGE : 0), 4);
    acpi_zero(t, 4);   /* no parking */
    acpi_num(t, pmu, 4);
    acpi_zero(t, 8);
    acpi_num(t, base, 8);
    acpi_zero(t, 28);  /* GICV, GICH, maintenance interrupt, GICR: see the GICR structure */
    acpi_num(t, ab_affinity(&b->c, i), 8);
    acpi_zero(t, 4);
}

static void gicr(struct acpi_buf *t, uint64_t base, uint64_t len)
{
    acpi_num(t, MADT_GICR, 1);
    acpi_num(t, 16, 1);
    acpi_num(t, 0, 2);
    acpi_num(t, base, 8);
    acpi_num(t, len, 4);
}

static void gicd(struct acpi_buf *t, uint64_t base, unsigned version)
{
    acpi_num(t, MADT_GICD, 1);
    acpi_num(t, 24, 1);
    acpi_zero(t, 6);
    acpi_num(t, base, 8);
    acpi_num(t, 0, 4);
    acpi_num(t, version, 4);
}

static void msi_frame(struct acpi_buf *t, uint64_t base)
{
    acpi_num(t, MADT_MSI_FRAME, 1);
    acpi_num(t, 24, 1);
    acpi_zero(t, 6);
    acpi_num(t, base, 8);
    acpi_zero(t, 8); /* its own register tells the interrupts */
}

static void its(struct acpi_buf *t, uint64_t base)
{
    acpi_num(t, MADT_ITS, 1);
    acpi_num(t, 20, 1);
    acpi_zero(t, 6);
    acpi_num(t, base, 8);
    acpi_num(t, 0, 4);
}

/* One ITS group, and one root complex whose every requester is a device of it. */
static void iort(struct acpi *a)
{
    enum { ITS_GROUP = 0, ROOT_COMPLEX = 2, GROUP_AT = 48 };
    struct acpi_buf *t = &a->tables;

    acpi_begin(a, "IORT", 3);
    acpi_num(t, 2, 4); /* nodes, and where they begin */
    acpi_num(t, GROUP_AT, 4);
    acpi_num(t, 0, 4);

    acpi_num(t, ITS_GROUP, 1);
    acpi_num(t, 24, 2);
    acpi_num(t, 1, 1);
    acpi_zero(t, 12);  /* identifier; no mappings */
    acpi_num(t, 1, 4); /* ITSs: number 0 of the MADT */
    acpi_num(t, 0, 4);

    acpi_num(t, ROOT_COMPLEX, 1);
    acpi_num(t, 36 + 20, 2);
    acpi_num(t, 3, 1);
    acpi_num(t, 1, 4); /* identifier */
    acpi_num(t, 1, 4); /* one mapping, behind 36 bytes */
    acpi_num(t, 36, 4);
    acpi_num(t, 1, 4); /* coherent */
    acpi_num(t, (uint64_t)3 << 24, 4); /* and so for the caches' attributes */
    acpi_zero(t, 8);    /* no ATS; segment 0 */
    acpi_num(t, 64, 4); /* bits of an address */

    acpi_num(t, 0, 4); /* requesters from 0 */
    acpi_num(t, 0xffff, 4);
    acpi_num(t, 0, 4);
    acpi_num(t, GROUP_AT, 4);
    acpi_num(t, 0, 4);
    acpi_end(a);
}

void aa_gic(struct arm_boot *b, struct acpi *a)
{
    struct boot *c = &b->c;
    pb_dev *v2 = acpi_find(c, "arm-gicv2"), *v3 = acpi_find(c, "arm-gicv3");
    pb_dev *frame = acpi_find(c, "arm-gicv2m"), *service = acpi_find(c, "arm-gicv3-its");
    uint64_t redist = 0, base = v3 ? 0 : acpi_address(c, v2, 1, NULL);

    acpi_begin(a, "APIC", 5);
    acpi_zero(&a->tables, 8);
    gicd(&a->tables, acpi_address(c, v3 ? v3 : v2, 0, NULL), v3 ? 3 : 2);
    for (uint32_t i = 0; i < c->board->n_cpus(c->dev); i++)
        gicc(b, &a->tables, i, base);
    if (v3) {
        uint64_t at = acpi_address(c, v3, 1, &redist);
        gicr(&a->tables, at, redist);
    }
    if (frame)
        msi_frame(&a->tables, acpi_address(c, frame, 0, NULL));
    if (service)
        its(&a->tables, acpi_address(c, service, 0, NULL));
    acpi_end(a);
    if (service)
        iort(a);
}
