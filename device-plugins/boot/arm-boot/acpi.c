/* SPDX-License-Identifier: MIT */
/* acpi.c - the machine in ACPI's words, for UEFI and what it boots.
 * ACPI 6.5: 5.2.25 (GTDT); Arm BBR 2.1, chapter 8 (what an Arm machine must have).
 *
 * Addresses and interrupts are the manifest's, read as the device tree is. Classes are known by
 * their names: what has no row in acpi-dsdt.c is not described.
 * Not modelled: DBG2, SRAT, error records, a fixed event hardware block.
 */
#include "acpi.h"

#include <string.h>

static uint32_t arm_flags(struct arm_boot *b)
{
    enum { PSCI = 1, PSCI_HVC = 2 };
    const char *method = b->c.board->dev_fdt(b->c.dev, "/psci method");

    return !method ? 0 : strcmp(method, "hvc") == 0 ? PSCI | PSCI_HVC : PSCI;
}

static void gtdt(struct arm_boot *b, struct acpi *a)
{
    static const char *const timers[] = {"sec-timer", "phys-timer", "virt-timer", "hyp-timer"};
    enum { EDGE = 1, ALWAYS_ON = 4 };
    pb_dev *cpu = b->c.board->cpu(b->c.dev, 0);

    acpi_begin(a, "GTDT", 2);
    acpi_num(&a->tables, UINT64_MAX, 8); /* no CNTControlBase */
    acpi_num(&a->tables, 0, 4);
    for (unsigned i = 0; i < sizeof timers / sizeof *timers; i++) {
        uint32_t flags = 0, gsi = acpi_gsi(&b->c, cpu, timers[i], 0, &flags);
        acpi_num(&a->tables, gsi, 4);
        acpi_num(&a->tables, ALWAYS_ON | (flags & ACPI_IRQ_EDGE ? EDGE : 0), 4);
    }
    acpi_num(&a->tables, UINT64_MAX, 8); /* no CNTReadBase */
    acpi_zero(&a->tables, 8);            /* no platform timers */
    acpi_end(a);
}

int aa_tables(struct arm_boot *b, pb_err *e)
{
    static const struct acpi_console uart = {"pl011", 3, 32, 8};
    void *self = NULL;
    const struct pb_fw_files *files = acpi_taker(&b->c, &self);
    struct acpi a;

    if (!files)
        return PB_OK;
    acpi_init(&a);
    aa_dsdt(b, &a);
    acpi_fadt(&a, arm_flags(b));
    aa_gic(b, &a);
    aa_pptt(b, &a);
    gtdt(b, &a);
    acpi_mcfg(&b->c, &a);
    acpi_spcr(&b->c, &a, &uart);
    int rc = acpi_finish(&a, files, self, e);
    acpi_fini(&a);
    return rc == PB_ENOMEM ? boot_fail(&b->c, e, rc, "ACPI tables: out of memory") : rc;
}
