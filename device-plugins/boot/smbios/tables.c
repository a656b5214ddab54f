/* SPDX-License-Identifier: MIT */
/* tables.c - the structures of a virtual machine, and the entry point that firmware completes.
 * DSP0134 3.0: 5.2.2 (entry point), 6.1 (structures), 7 (their fields); QEMU documentation,
 * docs/specs/fw_cfg.rst ("etc/smbios/…").
 *
 * The names that guests look for, to learn that they are virtual, are QEMU's. There is a processor
 * structure for each socket of -smp, whose default is one.
 * Not modelled: caches. */
#include "smbios.h"

#include <stdlib.h>
#include <string.h>

#define FILE_TABLES "etc/smbios/smbios-tables"
#define FILE_ANCHOR "etc/smbios/smbios-anchor"
#define DIMM (16ull << 30) /* bytes of a memory device, the last one's rest apart */

enum { T_BIOS = 0, T_SYSTEM, T_BOARD, T_CHASSIS, T_PROCESSOR, T_OEM = 11, T_ARRAY = 16, T_MEMORY,
       T_MAPPED = 19, T_BOOT = 32, T_END = 127 };
enum { UNKNOWN = 2, SAFE = 3, OTHER = 1, NONE16 = 0xffff, NO_ERROR_INFO = 0xfffe };

/* ---- Structures -------------------------------------------------------------------- */

void smbios_begin(struct smbios_writer *w, uint32_t type, uint32_t len, uint32_t handle)
{
    w->type = type;
    w->n = 0;
    acpi_num(&w->t, type, 1);
    acpi_num(&w->t, len, 1);
    acpi_num(&w->t, handle, 2);
}

void smbios_num(struct smbios_writer *w, uint64_t v, unsigned bytes)
{
    acpi_num(&w->t, v, bytes);
}

void smbios_text(struct smbios_writer *w, const char *v)
{
    int there = v && *v && w->n < SMBIOS_STRINGS;

    if (there)
        w->string[w->n++] = v;
    acpi_num(&w->t, there ? w->n : 0, 1);
}

/* What the user says of it, else `v`. */
static void named(struct smbios_writer *w, const char *name, const char *v)
{
    const char *given = smbios_value(w->u, w->type, name);

    smbios_text(w, given ? given : v);
}

static uint64_t number(struct smbios_writer *w, const char *name, uint64_t v)
{
    const char *given = smbios_value(w->u, w->type, name);

    return given ? strtoull(given, NULL, 0) : v;
}

void smbios_end(struct smbios_writer *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        acpi_put(&w->t, w->string[i], (uint32_t)strlen(w->string[i]) + 1);
    acpi_zero(&w->t, w->n ? 1 : 2);
}

/* ---- One by one (7.1 to 7.34) -------------------------------------------------------- */

/* Firmware makes its own when the user says nothing. */
static void bios(struct smbios_writer *w)
{
    enum { NOT_SUPPORTED = 8, TARGETED = 4, UEFI = 8, VIRTUAL = 16 };
    const char *uefi = smbios_value(w->u, T_BIOS, "uefi");
    const char *release = smbios_value(w->u, T_BIOS, "release");
    char *minor = NULL;

    smbios_begin(w, T_BIOS, 0x18, 0);
    named(w, "vendor", NULL);
    named(w, "version", NULL);
    smbios_num(w, 0, 2); /* no segment */
    named(w, "date", NULL);
    smbios_num(w, 0, 1);
    smbios_num(w, NOT_SUPPORTED, 8);
    smbios_num(w, 0, 1);
    smbios_num(w, TARGETED | VIRTUAL | (uefi && strcmp(uefi, "on") == 0 ? UEFI : 0), 1);
    smbios_num(w, release ? strtoul(release, &minor, 10) : 0, 1);
    smbios_num(w, minor ? strtoul(minor + 1, NULL, 10) : 0, 1);
    smbios_num(w, NONE16, 2); /* no embedded controller */
    smbios_end(w);
}

static void system_info(struct smbios_writer *w)
{
    enum { POWER_SWITCH = 6 };
    const char *uuid = smbios_value(w->u, T_SYSTEM, "uuid");
    uint8_t id[16] = {0};

    if (!uuid)
        uuid = w->b->board->option(w->b->dev, "uuid");
    if (uuid)
        smbios_uuid(uuid, id);
    smbios_begin(w, T_SYSTEM, 0x1b, 0x100);
    named(w, "manufacturer", "QEMU");
    named(w, "product", "QEMU Virtual Machine");
    named(w, "version", w->b->board->machine(w->b->dev));
    named(w, "serial", NULL);
    smbios_num(w, (uint32_t)id[0] << 24 | id[1] << 16 | id[2] << 8 | id[3], 4); /* 7.2.1 */
    smbios_num(w, (uint32_t)id[4] << 8 | id[5], 2);
    smbios_num(w, (uint32_t)id[6] << 8 | id[7], 2);
    acpi_put(&w->t, id + 8, 8);
    smbios_num(w, POWER_SWITCH, 1);
    named(w, "sku", NULL);
    named(w, "family", NULL);
    smbios_end(w);
}

static void baseboard(struct smbios_writer *w)
{
    enum { HOSTING = 1, MOTHERBOARD = 10 };

    smbios_begin(w, T_BOARD, 0x0f, 0x200);
    named(w, "manufacturer", NULL);
    named(w, "product", NULL);
    named(w, "version", NULL);
    named(w, "serial", NULL);
    named(w, "asset", NULL);
    smbios_num(w, HOSTING, 1);
    named(w, "location", NULL);
    smbios_num(w, 0x300, 2);
    smbios_num(w, MOTHERBOARD, 1);
    smbios_num(w, 0, 1);
    smbios_end(w);
}

static void chassis(struct smbios_writer *w)
{
    smbios_begin(w, T_CHASSIS, 0x16, 0x300);
    named(w, "manufacturer", "QEMU");
    smbios_num(w, OTHER, 1);
    named(w, "version", w->b->board->machine(w->b->dev));
    named(w, "serial", NULL);
    named(w, "asset", NULL);
    smbios_num(w, SAFE, 1); /* boot-up, power supply, temperature */
    smbios_num(w, SAFE, 1);
    smbios_num(w, SAFE, 1);
    smbios_num(w, UNKNOWN, 1);
    acpi_zero(&w->t, 8);
    named(w, "sku", NULL);
    smbios_end(w);
}

static void processor(struct smbios_writer *w, uint32_t family, uint32_t i)
{
    enum { CENTRAL = 3, BY_FAMILY_2 = 0xfe, ENABLED = 0x41, UNKNOWN_TRAITS = 2 };
    const char *prefix = smbios_value(w->u, T_PROCESSOR, "sock_pfx");
    struct boot_topology top = boot_topology(w->b);
    uint32_t cores = (top.clusters ? top.clusters : 1) * top.cores, threads = cores * top.threads;
    uint32_t few = cores > 255 ? 255 : cores;
    char socket[160];

    snprintf(socket, sizeof socket, "%.128s %u", prefix ? prefix : "CPU", i);
    smbios_begin(w, T_PROCESSOR, 0x30, 0x400 + i);
    smbios_text(w, socket);
    smbios_num(w, CENTRAL, 1);
    smbios_num(w, BY_FAMILY_2, 1);
    named(w, "manufacturer", "QEMU");
    smbios_num(w, number(w, "processor-id", 0), 8);
    named(w, "version", w->b->board->machine(w->b->dev));
    smbios_num(w, 0, 1);
    smbios_num(w, 0, 2);
    smbios_num(w, number(w, "max-speed", 2000), 2);
    smbios_num(w, number(w, "current-speed", 2000), 2);
    smbios_num(w, ENABLED, 1);
    smbios_num(w, OTHER, 1);
    smbios_num(w, NONE16, 2); /* caches */
    smbios_num(w, NONE16, 2);
    smbios_num(w, NONE16, 2);
    named(w, "serial", NULL);
    named(w, "asset", NULL);
    named(w, "part", NULL);
    smbios_num(w, few, 1); /* cores, those enabled, threads */
    smbios_num(w, few, 1);
    smbios_num(w, threads > 255 ? 255 : threads, 1);
    smbios_num(w, UNKNOWN_TRAITS, 2);
    smbios_num(w, number(w, "processor-family", family), 2);
    smbios_num(w, cores, 2);
    smbios_num(w, cores, 2);
    smbios_num(w, threads, 2);
    smbios_end(w);
}

static void oem_strings(struct smbios_writer *w)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < w->u->n; i++)
        n += w->u->v[i].type == T_OEM && *w->u->v[i].value && n < SMBIOS_STRINGS;
    smbios_begin(w, T_OEM, 5, 0xe00);
    smbios_num(w, n, 1);
    for (uint32_t i = 0; i < w->u->n; i++)
        if (w->u->v[i].type == T_OEM && *w->u->v[i].value && w->n < SMBIOS_STRINGS)
            w->string[w->n++] = w->u->v[i].value;
    smbios_end(w);
}

/* ---- Memory (7.17, 7.18, 7.20) -------------------------------------------------------- */

static void memory_array(struct smbios_writer *w, uint64_t bytes, uint32_t devices)
{
    enum { SYSTEM_MEMORY = 3, MULTI_BIT = 6 };
    int large = bytes >> 10 >= 0x80000000u;

    smbios_begin(w, T_ARRAY, 0x17, 0x1000);
    smbios_num(w, OTHER, 1);
    smbios_num(w, SYSTEM_MEMORY, 1);
    smbios_num(w, MULTI_BIT, 1);
    smbios_num(w, large ? 0x80000000u : bytes >> 10, 4);
    smbios_num(w, NO_ERROR_INFO, 2);
    smbios_num(w, devices, 2);
    smbios_num(w, large ? bytes : 0, 8);
    smbios_end(w);
}

static void memory_device(struct smbios_writer *w, uint32_t i, uint64_t bytes)
{
    enum { DIMM_FORM = 9, RAM = 7, IS_OTHER = 2 };
    const char *prefix = smbios_value(w->u, T_MEMORY, "loc_pfx");
    char locator[160];

    snprintf(locator, sizeof locator, "%.128s %u", prefix ? prefix : "DIMM", i);
    smbios_begin(w, T_MEMORY, 0x28, 0x1100 + i);
    smbios_num(w, 0x1000, 2);
    smbios_num(w, NO_ERROR_INFO, 2);
    smbios_num(w, NONE16, 2); /* widths */
    smbios_num(w, NONE16, 2);
    smbios_num(w, bytes >> 20, 2); /* up to 16 GiB: MiB */
    smbios_num(w, DIMM_FORM, 1);
    smbios_num(w, 0, 1);
    smbios_text(w, locator);
    named(w, "bank", NULL);
    smbios_num(w, RAM, 1);
    smbios_num(w, IS_OTHER, 2);
    smbios_num(w, number(w, "speed", 0), 2);
    named(w, "manufacturer", "QEMU");
    named(w, "serial", NULL);
    named(w, "asset", NULL);
    named(w, "part", NULL);
    smbios_num(w, 0, 1);
    smbios_num(w, 0, 4);
    smbios_num(w, number(w, "speed", 0), 2);
    acpi_zero(&w->t, 6); /* voltages */
    smbios_end(w);
}

static void mapped(struct smbios_writer *w, uint32_t i, const struct pb_board_reg *bank)
{
    uint64_t last = bank->addr + bank->len - 1;
    int large = last >> 10 >= UINT32_MAX;

    smbios_begin(w, T_MAPPED, 0x1f, 0x1300 + i);
    smbios_num(w, large ? UINT32_MAX : bank->addr >> 10, 4);
    smbios_num(w, large ? UINT32_MAX : last >> 10, 4);
    smbios_num(w, 0x1000, 2);
    smbios_num(w, 1, 1);
    smbios_num(w, large ? bank->addr : 0, 8);
    smbios_num(w, large ? last : 0, 8);
    smbios_end(w);
}

static void memory(struct smbios_writer *w)
{
    struct pb_board_reg bank[16];
    uint32_t n = w->b->board->ram(w->b->dev, bank, 16), devices;
    uint64_t bytes = 0;

    n = n < 16 ? n : 16;
    for (uint32_t i = 0; i < n; i++)
        bytes += bank[i].len;
    devices = (uint32_t)((bytes + DIMM - 1) / DIMM);
    devices = devices < 0x100 ? devices : 0x100; /* their handles */
    memory_array(w, bytes, devices);
    for (uint32_t i = 0; i < devices; i++)
        memory_device(w, i, bytes - i * DIMM < DIMM ? bytes - i * DIMM : DIMM);
    for (uint32_t i = 0; i < n; i++)
        mapped(w, i, &bank[i]);
}

static void boot_information(struct smbios_writer *w)
{
    smbios_begin(w, T_BOOT, 0x0b, 0x2000);
    acpi_zero(&w->t, 7); /* no error */
    smbios_end(w);
}

/* ---- All --------------------------------------------------------------------------- */

/* A structure is the file's, or made here of the fields that were given. */
static int wanted(struct smbios_writer *w, uint32_t type, int anyway)
{
    return !smbios_in_files(w->u, type) && (anyway || smbios_given(w->u, type));
}

static void structures(struct smbios_writer *w, uint32_t family)
{
    if (wanted(w, T_BIOS, 0))
        bios(w);
    if (wanted(w, T_SYSTEM, 1))
        system_info(w);
    if (wanted(w, T_BOARD, 0))
        baseboard(w);
    if (wanted(w, T_CHASSIS, 1))
        chassis(w);
    for (uint32_t i = 0; wanted(w, T_PROCESSOR, 1) && i < boot_topology(w->b).sockets; i++)
        processor(w, family, i);
    if (wanted(w, T_OEM, 0))
        oem_strings(w);
    if (wanted(w, T_MEMORY, 1))
        memory(w);
    smbios_ports(w);
    boot_information(w);
    acpi_put(&w->t, w->u->files.data, w->u->files.len);
    smbios_begin(w, T_END, 4, 0x7f00);
    smbios_end(w);
}

static void anchor(struct acpi_buf *a, uint32_t len)
{
    uint8_t sum = 0;

    acpi_put(a, "_SM3_", 5);
    acpi_num(a, 0, 1);    /* checksum */
    acpi_num(a, 24, 1);
    acpi_num(a, 3, 2);    /* 3.0 */
    acpi_num(a, 0, 1);
    acpi_num(a, 1, 2);    /* revision of the entry point; reserved */
    acpi_num(a, len, 4);
    acpi_num(a, 0, 8);    /* where firmware puts the structures */
    for (uint32_t i = 0; i < a->len && !a->failed; i++)
        sum += a->data[i];
    acpi_patch(a, 5, (uint8_t)-sum, 1);
}

/* Both of a type would be there. */
static int clash(struct boot *b, const struct smbios_user *u, pb_err *e)
{
    for (uint32_t type = 0; type < 256; type++) {
        if (smbios_given(u, type) && smbios_in_files(u, type))
            return boot_fail(b, e, PB_EINVAL, "-smbios type=%u: a file has a structure of that "
                             "type; give its fields there, or leave it out of the file", type);
    }
    return smbios_in_files(u, T_END) ? boot_fail(b, e, PB_EINVAL, "-smbios: a file has the end "
                                                 "structure (type 127); leave that out") : PB_OK;
}

int smbios_tables(struct boot *b, uint32_t family, pb_err *e)
{
    void *self = NULL;
    const struct pb_fw_files *files = boot_fw_files(b, &self);
    struct acpi_buf entry = {0};
    struct smbios_user u;
    struct smbios_writer w = {.b = b, .u = &u};

    if (!files)
        return PB_OK;
    b->board->used(b->dev, "uuid");
    int rc = smbios_options(b, &u, e);
    if (rc == PB_OK && (rc = clash(b, &u, e)) == PB_OK) {
        structures(&w, family);
        anchor(&entry, w.t.len);
        if (w.missing)
            rc = boot_fail(b, e, PB_ENOENT, "-smbios: no device on the root bus has the id '%s'",
                           w.missing);
        else if (w.t.failed || entry.failed)
            rc = boot_fail(b, e, PB_ENOMEM, "SMBIOS tables: out of memory");
        else if ((rc = files->add(self, FILE_TABLES, w.t.data, w.t.len, e)) == PB_OK)
            rc = files->add(self, FILE_ANCHOR, entry.data, entry.len, e);
    }
    free(w.t.data);
    free(entry.data);
    smbios_options_free(&u);
    return rc;
}
