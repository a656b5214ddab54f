/* SPDX-License-Identifier: MIT */
/* acpi.h (arm-boot) - what the files that describe the machine to ACPI share. */
#ifndef ARM_BOOT_ACPI_H
#define ARM_BOOT_ACPI_H

#include "../acpi/acpi.h"
#include "arm-boot.h"

/* The machine's device of that class, or NULL. */
pb_dev *aa_device(struct boot *b, const char *class_id);
uint64_t aa_address(struct boot *b, pb_dev *d, uint32_t i, uint64_t *len); /* 0: no such place */
/* Global interrupt number and flags of element `index` of an output of `d` (NULL: any output);
 * 0 when it drives no interrupt. */
uint32_t aa_gsi(struct boot *b, pb_dev *d, const char *output, uint32_t index, uint32_t *flags);

void aa_dsdt(struct arm_boot *b, struct acpi *a); /* acpi-dsdt.c */
void aa_gic(struct arm_boot *b, struct acpi *a);  /* acpi-gic.c: MADT and IORT */

#endif
