/* SPDX-License-Identifier: MIT */
/* acpi.h (arm-boot) - what the files that describe the machine to ACPI share. */
#ifndef ARM_BOOT_ACPI_H
#define ARM_BOOT_ACPI_H

#include "../acpi/board.h"
#include "arm-boot.h"

void aa_dsdt(struct arm_boot *b, struct acpi *a); /* acpi-dsdt.c */
void aa_gic(struct arm_boot *b, struct acpi *a);  /* acpi-gic.c: MADT and IORT */
void aa_pptt(struct arm_boot *b, struct acpi *a); /* acpi-pptt.c */

#endif
