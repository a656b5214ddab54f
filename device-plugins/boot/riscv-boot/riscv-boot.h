/* SPDX-License-Identifier: MIT */
/* riscv-boot.h - what the files of the RISC-V boot plugin share. */
#ifndef RISCV_BOOT_H
#define RISCV_BOOT_H

#include "boot.h"

struct riscv_boot {
    struct boot c;
    uint64_t reset_vector;
    const char *firmware; /* names to try, separated by blanks */
    const char *console;  /* Linux' name of the serial port */
    /* what boot() has found so far */
    uint64_t entry;        /* where the reset code jumps */
    uint64_t firmware_end; /* end of it, or start of RAM */
    uint64_t kernel_entry, kernel_end; /* 0: no kernel */
    uint32_t flash;        /* kernel_entry is the first flash, which holds firmware */
};

/* load.c: put the images of -bios, -kernel and -initrd into memory; the flash has its own, and is
 * handed the kernel by fw_cfg. */
int rb_load_firmware(struct riscv_boot *b, pb_err *e);
int rb_find_flash(struct riscv_boot *b, pb_err *e);
int rb_load_kernel(struct riscv_boot *b, pb_err *e);
int rb_load_initrd(struct riscv_boot *b, pb_err *e);

/* fdt-cpus.c */
extern const struct boot_isa rb_isa;
uint32_t rb_timebase(struct boot *b); /* rate of the machine's counter; 10 MHz when none has one */

int rb_tables(struct riscv_boot *b, pb_err *e); /* acpi.c: tables for firmware */

#endif
