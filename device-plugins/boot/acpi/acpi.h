/* SPDX-License-Identifier: MIT */
/* acpi.h - ACPI tables as they are written: bytes, tables with their header, AML, and the file
 * that tells firmware how to put them together. A static library for boot plugins.
 *
 * ACPI 6.5; QEMU documentation, docs/specs/fw_cfg.rst (named files). Nothing here knows an
 * architecture. Memory that runs out is remembered in `failed` and asked for once, at the end. */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include <plugboard/board.h>

/* ---- Bytes ------------------------------------------------------------------------- */

struct acpi_buf {
    uint8_t *data; /* malloc()ed */
    uint32_t len, room;
    int failed;
};

void acpi_put(struct acpi_buf *b, const void *data, uint32_t n);
void acpi_num(struct acpi_buf *b, uint64_t v, unsigned bytes); /* little-endian */
void acpi_zero(struct acpi_buf *b, uint32_t n);
/* `n` bytes at `at`, which are written already. */
void acpi_patch(struct acpi_buf *b, uint32_t at, uint64_t v, unsigned n);

/* ---- Tables (5.2) ------------------------------------------------------------------ */

#define ACPI_MAX_TABLES 16u

struct acpi {
    struct acpi_buf tables, loader, rsdp;
    uint32_t n, at[ACPI_MAX_TABLES], fadt;
    char sig[ACPI_MAX_TABLES][5];
};

void acpi_init(struct acpi *a); /* begins the loader's script */
void acpi_fini(struct acpi *a);
/* A table of that signature: its header is written; what follows in a->tables is its body. */
void acpi_begin(struct acpi *a, const char *sig, uint8_t revision);
void acpi_end(struct acpi *a); /* the length is known */
uint32_t acpi_body(const struct acpi *a); /* offset in the present table of the next byte */
/* When all tables are there: links the FADT to the DSDT, adds XSDT and RSDP, checksums, and
 * gives the three files to the device that has `files`. */
int acpi_finish(struct acpi *a, const struct pb_fw_files *files, void *self, pb_err *e);

/* ---- AML (20.2) -------------------------------------------------------------------- */

enum { AML_ZERO = 0x00, AML_NAME = 0x08, AML_SCOPE = 0x10, AML_BUFFER = 0x11, AML_PACKAGE = 0x12,
       AML_METHOD = 0x14, AML_LOCAL0 = 0x60, AML_ARG0 = 0x68, AML_ARG1 = 0x69, AML_ARG3 = 0x6b,
       AML_STORE = 0x70, AML_AND = 0x7b, AML_OR = 0x7d, AML_NOTIFY = 0x86,
       AML_DWORD_FIELD = 0x8a, AML_NOT = 0x92, AML_EQUAL = 0x93, AML_IF = 0xa0, AML_ELSE = 0xa1,
       AML_RETURN = 0xa4, AML_DEVICE = 0x5b82 };

/* An operator of one byte, or of two behind 0x5b. */
void aml_op(struct acpi_buf *b, uint32_t op);
/* An operator with a package length; aml_close() with what this returned ends it. */
uint32_t aml_open(struct acpi_buf *b, uint32_t op);
void aml_close(struct acpi_buf *b, uint32_t mark);
void aml_seg(struct acpi_buf *b, const char *name); /* a name of up to four characters */
uint32_t aml_device(struct acpi_buf *b, const char *name); /* open */
void aml_name(struct acpi_buf *b, const char *name);       /* Name(): its value follows */
void aml_int(struct acpi_buf *b, uint64_t v);
void aml_string(struct acpi_buf *b, const char *s);
void aml_buffer(struct acpi_buf *b, const void *data, uint32_t n);
void aml_name_int(struct acpi_buf *b, const char *name, uint64_t v);
void aml_name_string(struct acpi_buf *b, const char *name, const char *s);
/* Name(name, Buffer) of resource descriptors (6.4), which are closed by an end tag. */
void aml_resources(struct acpi_buf *b, const char *name, const struct acpi_buf *res);

enum { ACPI_IRQ_EDGE = 2, ACPI_IRQ_LOW = 4 };
void acpi_res_memory(struct acpi_buf *r, uint32_t base, uint32_t len);
void acpi_res_irq(struct acpi_buf *r, uint32_t gsi, uint32_t flags);
enum { ACPI_SPACE_MEM, ACPI_SPACE_IO, ACPI_SPACE_BUS };
/* A window that a bridge hands down, as QWord address space (buses: Word); `at` is the CPU's
 * address. */
void acpi_res_window(struct acpi_buf *r, uint8_t space, uint64_t min, uint64_t len, uint64_t at);
void acpi_res_gpio_irq(struct acpi_buf *r, uint16_t pin, const char *controller);

/* The PCI host bridge's way to say who owns what (PCI Firmware 3.2, 4.5): the OS gets those
 * bits of the control field that `grant` has. */
void acpi_pci_osc(struct acpi_buf *b, uint32_t grant);

#endif
