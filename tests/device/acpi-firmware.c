/* SPDX-License-Identifier: MIT */
/* acpi-firmware.c - the place of fw_cfg, and UEFI's part in putting ACPI tables together.
 * ACPI 6.5, 5.2.5 (RSDP), 5.2.8 (XSDT); QEMU documentation, docs/specs/fw_cfg.rst. */
#include "acpi-firmware.h"

#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

#define PLACE 0x7f000000ull /* where "firmware" puts the tables; the RSDP is a page below */

struct file {
    char name[56];
    uint8_t *data;
    uint32_t len;
};

#define FILES 8u
static struct file files[FILES];
static uint32_t n_files;
static char dir[] = "/tmp/pb-acpi-XXXXXX";

/* ---- In the place of fw_cfg -------------------------------------------------------------- */

static int add(void *self, const char *name, const void *data, uint32_t n, pb_err *e)
{
    (void)self, (void)e;
    if (n_files == FILES)
        return PB_ENOSPC;
    struct file *f = &files[n_files++];
    snprintf(f->name, sizeof f->name, "%s", name);
    f->data = malloc(n);
    f->len = n;
    memcpy(f->data, data, n);
    return PB_OK;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_fw_files fw_files = {.size = sizeof fw_files, .add = add};
static const struct pb_provide provides[] = {{PB_FW_FILES, &fw_files}};
const struct pb_device_class acpi_keeper = {.size = sizeof acpi_keeper, .id = "keeper",
    .provides = provides, .n_provides = 1, .instance_size = 8, .state_version = 1,
    .realize = realize};

static struct file *named(const char *name)
{
    for (uint32_t i = 0; i < n_files; i++) {
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

void acpi_firmware_forget(void)
{
    for (uint32_t i = 0; i < n_files; i++)
        free(files[i].data);
    n_files = 0;
}

const uint8_t *acpi_file(const char *name, uint32_t *len)
{
    const struct file *f = named(name);

    *len = f ? f->len : 0;
    return f ? f->data : NULL;
}

uint64_t acpi_get(const uint8_t *at, int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | at[n];
    return v;
}

static uint64_t place_of(const struct file *f)
{
    return strcmp(f->name, "etc/acpi/rsdp") ? PLACE : PLACE - 0x1000;
}

static uint8_t sum(const uint8_t *p, uint64_t n)
{
    uint8_t s = 0;

    while (n--)
        s = (uint8_t)(s + *p++);
    return s;
}

/* One command of the script (docs/specs/fw_cfg and QEMU's bios-linker-loader). */
static void command(const uint8_t *c)
{
    struct file *f = named((const char *)c + 4), *to = named((const char *)c + 60);
    uint32_t at;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    switch (acpi_get(c, 4)) {
    case 1:
        break;
    case 2:
        at = (uint32_t)acpi_get(c + 116, 4);
        CU_ASSERT_PTR_NOT_NULL_FATAL(to);
        CU_ASSERT_EQUAL(c[120], 8);
        CU_ASSERT_FATAL(at + 8 <= f->len);
        uint64_t v = acpi_get(f->data + at, 8);
        CU_ASSERT(v < to->len);
        v += place_of(to);
        for (int i = 0; i < 8; i++)
            f->data[at + i] = (uint8_t)(v >> 8 * i);
        break;
    case 3:
        at = (uint32_t)acpi_get(c + 60, 4);
        uint32_t from = (uint32_t)acpi_get(c + 64, 4), len = (uint32_t)acpi_get(c + 68, 4);
        CU_ASSERT_FATAL(len <= f->len && from <= f->len - len && at < f->len);
        CU_ASSERT_EQUAL(f->data[at], 0);
        f->data[at] = (uint8_t)-sum(f->data + from, len);
        break;
    default:
        CU_FAIL("a command that firmware does not know");
    }
}

static void run_script(void)
{
    const struct file *s = named("etc/table-loader");

    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->len % 128, 0);
    for (uint32_t at = 0; at + 128 <= s->len; at += 128)
        command(s->data + at);
}

/* ---- Tables ------------------------------------------------------------------------------ */

/* A table at that address; whole, and its sum is 0. It is also written to a file for iasl. */
static const uint8_t *table(uint64_t addr, const char *sig)
{
    const struct file *f = named("etc/acpi/tables");
    char path[96];

    CU_ASSERT_FATAL(addr >= PLACE && addr - PLACE + 36 <= f->len);
    const uint8_t *t = f->data + (addr - PLACE);
    uint32_t len = (uint32_t)acpi_get(t + 4, 4);
    CU_ASSERT_FATAL(len >= 36 && len <= f->len - (addr - PLACE));
    CU_ASSERT_EQUAL(sum(t, len), 0);
    if (sig)
        CU_ASSERT_EQUAL(memcmp(t, sig, 4), 0);
    snprintf(path, sizeof path, "%s/%.4s.dat", dir, (const char *)t);
    FILE *out = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(t, 1, len, out), len);
    fclose(out);
    return t;
}

static int shell(const char *fmt)
{
    char line[400];

    snprintf(line, sizeof line, fmt, dir);
    return system(line);
}

/* ---- What the suites use ----------------------------------------------------------------- */

int acpi_firmware_init(void)
{
    if (system("command -v iasl >/dev/null") != 0)
        return 77;
    return mkdtemp(dir) ? 0 : 2;
}

void acpi_firmware_fini(void)
{
    rmdir(dir);
}

void acpi_firmware_tables(const char *const *want, void (*each)(const uint8_t *table))
{
    uint32_t found = 0, wanted = 0;

    run_script();
    const struct file *rsdp = named("etc/acpi/rsdp");
    CU_ASSERT_EQUAL(memcmp(rsdp->data, "RSD PTR ", 8), 0);
    CU_ASSERT_EQUAL(sum(rsdp->data, 20), 0);
    CU_ASSERT_EQUAL(sum(rsdp->data, rsdp->len), 0);
    const uint8_t *xsdt = table(acpi_get(rsdp->data + 24, 8), "XSDT");
    uint32_t n = ((uint32_t)acpi_get(xsdt + 4, 4) - 36) / 8;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *t = table(acpi_get(xsdt + 36 + 8 * i, 8), NULL);
        for (const char *const *w = want; *w; w++)
            found += memcmp(t, *w, 4) == 0;
        if (memcmp(t, "FACP", 4) == 0)
            table(acpi_get(t + 140, 8), "DSDT");
        if (each)
            each(t);
    }
    while (want[wanted])
        wanted++;
    CU_ASSERT_EQUAL(found, wanted);
    CU_ASSERT_EQUAL(n, wanted);
}

void acpi_firmware_iasl(const char *skip)
{
    char line[64];

    snprintf(line, sizeof line, "cd %%s && rm -f %s", skip);
    CU_ASSERT_EQUAL(shell(line), 0);
    CU_ASSERT_EQUAL(shell("cd %s && iasl -d *.dat >iasl.out 2>&1 && ! grep -i 'error\\|invalid\\|"
                          "incorrect' iasl.out *.dsl || { cat iasl.out; false; }"), 0);
    CU_ASSERT_EQUAL(shell("cd %s && iasl -sa -vw 2089 DSDT.dsl >iasl.out 2>&1 && "
                          "grep -q ' 0 Errors' iasl.out || { cat iasl.out; false; }"), 0);
    acpi_firmware_forget();
    CU_ASSERT_EQUAL(shell("rm -f %s/*"), 0);
}
