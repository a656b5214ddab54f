/* SPDX-License-Identifier: MIT */
/* acpi-firmware.h - firmware that takes ACPI tables from a boot plugin on the bench: a device that
 * keeps the files (of SMBIOS, too), and the script that joins them. */
#ifndef ACPI_FIRMWARE_H
#define ACPI_FIRMWARE_H

#include <plugboard/device.h>

extern const struct pb_device_class acpi_keeper; /* "keeper", in the place of fw_cfg */

int acpi_firmware_init(void); /* 0, or the status to end with (77: there is no iasl) */
void acpi_firmware_fini(void);
uint64_t acpi_get(const uint8_t *at, int bytes); /* little-endian */
void acpi_firmware_forget(void); /* all files */
const uint8_t *acpi_file(const char *name, uint32_t *len); /* NULL: nobody gave it */
/* Runs the script; the tables must be just those (and the DSDT), whole, with sums of 0. `each` gets
 * those that the XSDT names; it may be NULL. */
void acpi_firmware_tables(const char *const *want, void (*each)(const uint8_t *table));
/* ACPICA's disassembler takes all but `skip` (files, "": none), its compiler the DSDT again; then
 * the files are forgotten. */
void acpi_firmware_iasl(const char *skip);

#endif
