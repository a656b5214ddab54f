/* SPDX-License-Identifier: MIT */
/* arm-boot.h - what the files of the AArch64 boot plugin share. */
#ifndef ARM_BOOT_H
#define ARM_BOOT_H

#include "boot.h"

struct arm_boot {
    struct boot c;
    uint64_t bios_addr; /* where -bios goes, and CPUs start */
    uint32_t kernel_el; /* exception level of a kernel started directly; 0: the highest */
    const char *console; /* Linux' name of the serial port */
    /* what boot() has found so far */
    uint32_t firmware;     /* the machine starts at its reset vector */
    struct boot_kernel kernel;
};

/* load.c: put the images of -bios and -kernel into memory. */
int ab_load_firmware(struct arm_boot *b, pb_err *e);
int ab_load_kernel(struct arm_boot *b, pb_err *e);

/* fdt-cpus.c */
extern const struct boot_isa ab_isa;
uint64_t ab_affinity(struct boot *b, uint32_t cpu);

int aa_tables(struct arm_boot *b, pb_err *e); /* acpi.c: tables for firmware */

#endif
