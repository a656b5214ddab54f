/* SPDX-License-Identifier: MIT */
/* smbios.h - what the machine is called and holds, for firmware that hands it to the guest: SMBIOS
 * tables in fw_cfg. A static library for boot plugins.
 *
 * DMTF DSP0134 3.0; QEMU documentation, -smbios (options) and docs/specs/fw_cfg.rst (files). */
#ifndef BOOT_SMBIOS_H
#define BOOT_SMBIOS_H

#include "acpi.h"
#include "boot.h"

/* Processor Family 2 (7.5.2) */
enum { SMBIOS_ARMV8 = 0x101, SMBIOS_RV64 = 0x201 };

/* Gives the tables to the machine's fw_cfg, if it has one, by "uuid" and "smbios0", "smbios1" …:
 * the user's, as they are. [main] */
int smbios_tables(struct boot *b, uint32_t family, pb_err *e);

/* ---- options.c: what the user says --------------------------------------------------- */

struct smbios_value { /* FIELD=VALUE of that type, in the text of its option */
    uint32_t type;
    const char *name, *value;
};

struct smbios_user {
    char **text;    /* of each option, taken apart in place */
    uint32_t n_texts;
    struct smbios_value *v;
    uint32_t n;
    struct acpi_buf files; /* structures of file=, one after the other */
};

/* 0, or what is wrong in `e`. */
int smbios_options(struct boot *b, struct smbios_user *u, pb_err *e);
void smbios_options_free(struct smbios_user *u);
/* The last value given; NULL: none. */
const char *smbios_value(const struct smbios_user *u, uint32_t type, const char *name);
int smbios_given(const struct smbios_user *u, uint32_t type); /* any value of that type */
int smbios_in_files(const struct smbios_user *u, uint32_t type);

/* A UUID's 16 bytes in the order of its text; 0, or -1 when it is none. */
int smbios_uuid(const char *text, uint8_t *out);

#endif
