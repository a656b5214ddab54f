/* SPDX-License-Identifier: MIT */
/* acpi.h (riscv-boot) - what the files that describe the machine to ACPI share. */
#ifndef RISCV_BOOT_ACPI_H
#define RISCV_BOOT_ACPI_H

#include "../acpi/board.h"
#include "riscv-boot.h"

/* The controllers that a supervisor sees; NULL: there is none. */
struct rb_irqs {
    pb_dev *plic, *aplic, *imsic;
};
struct rb_irqs rb_controllers(struct boot *b);
uint64_t rb_number(struct boot *b, pb_dev *d, const char *name); /* PB_BOARD_FACTS; 0: none */

/* acpi-harts.c */
void rb_madt(struct boot *b, struct acpi *a);
void rb_rhct(struct boot *b, struct acpi *a);

#endif
