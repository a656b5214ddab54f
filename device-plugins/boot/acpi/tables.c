/* SPDX-License-Identifier: MIT */
/* tables.c - ACPI tables and the script by which firmware places them.
 * ACPI 6.5, 5.2.5 (RSDP), 5.2.6 (headers), 5.2.8 (XSDT), 5.2.9 (FADT).
 *
 * All tables but the RSDP are one file; pointers in it are offsets until the firmware, which
 * alone knows where it puts the file, has added the address. A table's checksum is 0 until then.
 */
#include "acpi.h"

#include <plugboard/device.h>

#include <stdlib.h>
#include <string.h>

#define FILE_TABLES "etc/acpi/tables"
#define FILE_RSDP "etc/acpi/rsdp"
#define FILE_LOADER "etc/table-loader"
#define ENTRY 128u /* bytes of a command of the script */
#define HEADER 36u
#define CHECKSUM_AT 9u
#define X_DSDT 140u /* in the FADT */

enum { CMD_ALLOCATE = 1, CMD_ADD_POINTER, CMD_ADD_CHECKSUM };
enum { ZONE_HIGH = 1, ZONE_FSEG };

/* ---- Bytes ------------------------------------------------------------------------- */

void acpi_put(struct acpi_buf *b, const void *data, uint32_t n)
{
    if (b->failed || n > UINT32_MAX / 4 - b->len) {
        b->failed = 1;
        return;
    }
    if (b->len + n > b->room) {
        uint32_t room = 2 * (b->len + n);
        uint8_t *more = realloc(b->data, room);
        if (!more) {
            b->failed = 1;
            return;
        }
        b->data = more;
        b->room = room;
    }
    if (n)
        memcpy(b->data + b->len, data, n);
    b->len += n;
}

void acpi_num(struct acpi_buf *b, uint64_t v, unsigned bytes)
{
    uint8_t le[8];

    for (unsigned i = 0; i < bytes; i++)
        le[i] = (uint8_t)(v >> 8 * i);
    acpi_put(b, le, bytes);
}

void acpi_zero(struct acpi_buf *b, uint32_t n)
{
    while (n--)
        acpi_put(b, "", 1);
}

void acpi_patch(struct acpi_buf *b, uint32_t at, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n && !b->failed; i++)
        b->data[at + i] = (uint8_t)(v >> 8 * i);
}

/* ---- The loader's script: fw_cfg's "etc/table-loader" -------------------------------- */

static void file_name(struct acpi_buf *b, const char *name)
{
    acpi_put(b, name, (uint32_t)strlen(name));
    acpi_zero(b, 56 - (uint32_t)strlen(name));
}

static void fill(struct acpi_buf *b)
{
    acpi_zero(b, (ENTRY - b->len % ENTRY) % ENTRY);
}

static void allocate(struct acpi *a, const char *file, uint32_t align, uint8_t zone)
{
    acpi_num(&a->loader, CMD_ALLOCATE, 4);
    file_name(&a->loader, file);
    acpi_num(&a->loader, align, 4);
    acpi_num(&a->loader, zone, 1);
    fill(&a->loader);
}

/* The 8 bytes at `at` of file `in` become an address in the tables. */
static void add_pointer(struct acpi *a, const char *in, uint32_t at)
{
    acpi_num(&a->loader, CMD_ADD_POINTER, 4);
    file_name(&a->loader, in);
    file_name(&a->loader, FILE_TABLES);
    acpi_num(&a->loader, at, 4);
    acpi_num(&a->loader, 8, 1);
    fill(&a->loader);
}

static void add_checksum(struct acpi *a, const char *in, uint32_t at, uint32_t from, uint32_t len)
{
    acpi_num(&a->loader, CMD_ADD_CHECKSUM, 4);
    file_name(&a->loader, in);
    acpi_num(&a->loader, at, 4);
    acpi_num(&a->loader, from, 4);
    acpi_num(&a->loader, len, 4);
    fill(&a->loader);
}

/* ---- Tables ------------------------------------------------------------------------ */

void acpi_init(struct acpi *a)
{
    memset(a, 0, sizeof *a);
    allocate(a, FILE_RSDP, 16, ZONE_FSEG);
    allocate(a, FILE_TABLES, 64, ZONE_HIGH);
}

void acpi_fini(struct acpi *a)
{
    free(a->tables.data);
    free(a->loader.data);
    free(a->rsdp.data);
}

void acpi_begin(struct acpi *a, const char *sig, uint8_t revision)
{
    acpi_zero(&a->tables, -a->tables.len & 7);
    if (a->n == ACPI_MAX_TABLES) {
        a->tables.failed = 1;
        return;
    }
    a->at[a->n] = a->tables.len;
    memcpy(a->sig[a->n++], sig, 5);
    acpi_put(&a->tables, sig, 4);
    acpi_num(&a->tables, 0, 4); /* length */
    acpi_num(&a->tables, revision, 1);
    acpi_num(&a->tables, 0, 1); /* checksum */
    acpi_put(&a->tables, "PLUGBDPLUGBORD", 14); /* OEM, OEM's table */
    acpi_num(&a->tables, 1, 4);
    acpi_put(&a->tables, "PLGB", 4);
    acpi_num(&a->tables, 1, 4);
}

void acpi_end(struct acpi *a)
{
    uint32_t at = a->at[a->n - 1];

    acpi_patch(&a->tables, at + 4, a->tables.len - at, 4);
}

uint32_t acpi_body(const struct acpi *a)
{
    return a->tables.len - a->at[a->n - 1];
}

static uint32_t length(const struct acpi *a, uint32_t i)
{
    uint32_t v;

    memcpy(&v, a->tables.data + a->at[i] + 4, 4);
    return v; /* hosts are little-endian */
}

static int find(const struct acpi *a, const char *sig)
{
    for (uint32_t i = 0; i < a->n; i++) {
        if (strcmp(a->sig[i], sig) == 0)
            return (int)i;
    }
    return -1;
}

static void link_dsdt(struct acpi *a)
{
    int fadt = find(a, "FACP"), dsdt = find(a, "DSDT");

    if (fadt < 0 || dsdt < 0)
        return;
    acpi_patch(&a->tables, a->at[fadt] + X_DSDT, a->at[dsdt], 8);
    add_pointer(a, FILE_TABLES, a->at[fadt] + X_DSDT);
}

/* All tables but the DSDT, which hangs from the FADT. */
static void write_xsdt(struct acpi *a)
{
    uint32_t n = a->n;

    acpi_begin(a, "XSDT", 1);
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(a->sig[i], "DSDT") == 0)
            continue;
        add_pointer(a, FILE_TABLES, a->tables.len);
        acpi_num(&a->tables, a->at[i], 8);
    }
    acpi_end(a);
}

static void write_rsdp(struct acpi *a)
{
    acpi_put(&a->rsdp, "RSD PTR \0PLUGBD\2", 16);
    acpi_num(&a->rsdp, 0, 4);  /* there is no RSDT */
    acpi_num(&a->rsdp, 36, 4); /* length */
    acpi_num(&a->rsdp, a->at[a->n - 1], 8); /* the XSDT is the last */
    acpi_num(&a->rsdp, 0, 4);
    add_pointer(a, FILE_RSDP, 24);
    add_checksum(a, FILE_RSDP, 8, 0, 20);
    add_checksum(a, FILE_RSDP, 32, 0, 36);
}

int acpi_finish(struct acpi *a, const struct pb_fw_files *files, void *self, pb_err *e)
{
    int rc = PB_ENOMEM;

    if (!a->tables.failed)
        link_dsdt(a);
    write_xsdt(a);
    for (uint32_t i = 0; i < a->n && !a->tables.failed; i++)
        add_checksum(a, FILE_TABLES, a->at[i] + CHECKSUM_AT, a->at[i], length(a, i));
    write_rsdp(a);
    if (a->tables.failed || a->loader.failed || a->rsdp.failed)
        return rc;
    if ((rc = files->add(self, FILE_TABLES, a->tables.data, a->tables.len, e)) < 0 ||
        (rc = files->add(self, FILE_RSDP, a->rsdp.data, a->rsdp.len, e)) < 0)
        return rc;
    return files->add(self, FILE_LOADER, a->loader.data, a->loader.len, e);
}
