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

struct smbios_value { /* FIELD=VALUE of that type, in the text of its option, the n-th */
    uint32_t type, option;
    const char *name, *value;
};

struct smbios_user {
    char **text;    /* of each option, taken apart in place */
    uint32_t n_texts, n_options;
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

/* ---- tables.c ------------------------------------------------------------------------ */

#define SMBIOS_STRINGS 255u

struct smbios_writer {
    struct boot *b;
    const struct smbios_user *u;
    struct acpi_buf t;
    uint32_t type, n; /* of the structure at hand: its type, and how many strings it has */
    const char *string[SMBIOS_STRINGS];
    const char *missing; /* a device that an option names, and that is not there */
};

void smbios_begin(struct smbios_writer *w, uint32_t type, uint32_t len, uint32_t handle);
void smbios_num(struct smbios_writer *w, uint64_t v, unsigned bytes);
void smbios_text(struct smbios_writer *w, const char *v); /* a string's number; NULL: none */
void smbios_end(struct smbios_writer *w);

/* ---- ports.c: types 8, 9 and 41 ------------------------------------------------------ */

extern const char *const smbios_kinds[]; /* of on-board devices, NULL-ended */
void smbios_ports(struct smbios_writer *w);

/* ---- options.c, again ---------------------------------------------------------------- */

/* A UUID's 16 bytes in the order of its text; 0, or -1 when it is none. */
int smbios_uuid(const char *text, uint8_t *out);

#endif
