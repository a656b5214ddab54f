/* SPDX-License-Identifier: MIT */
/* board.h - a board in ACPI's words, as far as they are the same for every architecture: places,
 * interrupts, processors, devices with a row, the PCI host bridge.
 *
 * All of it is read from the manifest, as the device tree is. What an interrupt is called, the
 * boot plugin's `gsi` tells (struct boot_isa). */
#ifndef BOOT_ACPI_BOARD_H
#define BOOT_ACPI_BOARD_H

#include "acpi.h"
#include "boot.h"

/* The machine's device of that class, or NULL. */
pb_dev *acpi_find(struct boot *b, const char *class_id);
uint64_t acpi_address(struct boot *b, pb_dev *d, uint32_t i, uint64_t *len); /* 0: no such place */
/* Global interrupt number and flags of element `index` of an output of `d` (NULL: any output);
 * 0 when it drives no interrupt. */
uint32_t acpi_gsi(struct boot *b, pb_dev *d, const char *output, uint32_t index, uint32_t *flags);
/* Who takes the tables; NULL: nobody, or -M acpi=off. */
const struct pb_fw_files *acpi_taker(struct boot *b, void **self);

/* A device of the namespace: what it matches by, and how its name begins. */
struct acpi_row {
    const char *class_id, *hid, *prefix;
    /* what it has beside _HID, _UID, _CCA and _CRS; NULL: nothing */
    void (*more)(struct boot *b, struct acpi_buf *t, pb_dev *d, const char *name);
};
void acpi_processors(struct boot *b, struct acpi_buf *t);
void acpi_devices(struct boot *b, struct acpi_buf *t, const struct acpi_row *rows, uint32_t n);
/* One of them; nothing when it has no place. */
void acpi_one_device(struct boot *b, struct acpi_buf *t, const struct acpi_row *row, pb_dev *d,
                     uint32_t uid);

void acpi_fadt(struct acpi *a, uint32_t arm_flags);
/* A serial port as the console: its interface type, register width in bits, and by which kind of
 * controller it interrupts (Serial Port Console Redirection Table 1.08). */
struct acpi_console {
    const char *class_id;
    uint8_t type, bits, by;
};
void acpi_spcr(struct boot *b, struct acpi *a, const struct acpi_console *c);

/* pci.c */
void acpi_pci_host(struct boot *b, struct acpi_buf *t);
void acpi_mcfg(struct boot *b, struct acpi *a);

#endif
