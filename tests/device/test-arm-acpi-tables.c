/* SPDX-License-Identifier: MIT */
/* arm-boot: the ACPI tables as firmware puts them together from fw_cfg's script: every pointer
 * leads to a table, every length and checksum is right, the DSDT's packages nest, and ACPICA's
 * disassembler reads them all and its compiler takes what it wrote (77: there is no iasl). */
#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

#define PLACE 0x7f000000ull /* where "firmware" puts the tables; the RSDP is a page below */

struct file {
    char name[56];
    uint8_t *data;
    uint32_t len;
};

static struct file files[4];
static uint32_t n_files;
static char dir[] = "/tmp/pb-arm-acpi-XXXXXX";

/* ---- In the place of fw_cfg -------------------------------------------------------------- */

static int add(void *self, const char *name, const void *data, uint32_t n, pb_err *e)
{
    (void)self, (void)e;
    if (n_files == 4)
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
static const struct pb_device_class keeper = {.size = sizeof keeper, .id = "keeper",
    .provides = provides, .n_provides = 1, .instance_size = 8, .state_version = 1, .realize = realize};

static struct file *named(const char *name)
{
    for (uint32_t i = 0; i < n_files; i++) {
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    }
    return NULL;
}

static uint64_t get(const uint8_t *at, int n)
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
    switch (get(c, 4)) {
    case 1:
        break;
    case 2:
        at = (uint32_t)get(c + 116, 4);
        CU_ASSERT_PTR_NOT_NULL_FATAL(to);
        CU_ASSERT_EQUAL(c[120], 8);
        CU_ASSERT_FATAL(at + 8 <= f->len);
        uint64_t v = get(f->data + at, 8);
        CU_ASSERT(v < to->len);
        v += place_of(to);
        for (int i = 0; i < 8; i++)
            f->data[at + i] = (uint8_t)(v >> 8 * i);
        break;
    case 3:
        at = (uint32_t)get(c + 60, 4);
        uint32_t from = (uint32_t)get(c + 64, 4), len = (uint32_t)get(c + 68, 4);
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

/* ---- The machine -------------------------------------------------------------------------- */

static pbt *bench(const char *gic, pb_dev **boot)
{
    static const char *const plugins[] = {"arm-gicv2", "arm-gicv3", "pl011", "pl061", "gpio-key",
                                          "virtio-mmio", "cfi-flash", "pci", "arm-boot"};
    pbt *b = pbt_new();
    int v3 = strcmp(gic, "arm-gicv3") == 0;
    pb_dev *cpu[2];

    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        pbt_load(b, plugins[i]);
    pbt_class(b, PB_CLASS_DEVICE, &keeper);
    pbt_ram(b, 0x40000000, 64 << 20);
    for (uint32_t i = 0; i < 2; i++) {
        cpu[i] = pbt_cpu(b, "");
    }
    pb_dev *g = pbt_create(b, NULL, 0, gic, "gic", v3 ? "has-lpi=on" : NULL);
    pbt_outputs_all(g, 2);
    for (uint32_t i = 0; i < 2; i++)
        pbt_wire(g, "irq", i, cpu[i], 0);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_map(g, 0, 0x8000000);
    pbt_map(g, 1, v3 ? 0x80a0000 : 0x8010000);
    pb_dev *its = v3 ? pbt_add(b, "arm-gicv3-its", "its", "gic=gic,frame=0x8080000") : NULL;
    if (its)
        pbt_map(its, 0, 0x8080000);
    pb_dev *uart = pbt_create(b, NULL, 0, "pl011", "uart0", NULL);
    pbt_wire(uart, "irq", 0, g, 1);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(uart), PB_OK);
    pbt_map(uart, 0, 0x9000000);
    pb_dev *gpio = pbt_create(b, NULL, 0, "pl061", "gpio", NULL);
    pbt_wire(gpio, "irq", 0, g, 7);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(gpio), PB_OK);
    pbt_map(gpio, 0, 0x9030000);
    pb_dev *key = pbt_create(b, NULL, 0, "gpio-key", "power", NULL);
    pbt_wire(key, "key", 0, gpio, 3);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(key), PB_OK);
    for (uint32_t i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "vm%u", i);
        pb_dev *v = pbt_create(b, NULL, 0, "virtio-mmio", name, NULL);
        pbt_wire(v, "irq", 0, g, 16 + i);
        CU_ASSERT_EQUAL_FATAL(pbt_realize(v), PB_OK);
        pbt_map(v, 0, 0xa000000 + 0x200 * i);
    }
    pb_dev *pci = pbt_create(b, NULL, 0, "gpex-pcihost", "pcie", NULL);
    for (uint32_t i = 0; i < 4; i++)
        pbt_wire(pci, "irq", i, g, 3 + i);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(pci), PB_OK);
    static const uint64_t at[] = {0x4010000000, 0x3eff0000, 0x10000000, 0x8000000000};
    for (uint32_t i = 0; i < 4; i++)
        pbt_map(pci, i, at[i]);
    pbt_add(b, "keeper", "fw-cfg", NULL);
    *boot = pbt_add(b, "arm-boot", "boot", NULL);
    pbt_option(b, "pflash0", "pflash0");
    return b;
}

/* ---- Claims -------------------------------------------------------------------------------- */

/* A table at that address; whole, and its sum is 0. It is also written to a file for iasl. */
static const uint8_t *table(uint64_t addr, const char *sig)
{
    const struct file *f = named("etc/acpi/tables");
    char path[96];

    CU_ASSERT_FATAL(addr >= PLACE && addr - PLACE + 36 <= f->len);
    const uint8_t *t = f->data + (addr - PLACE);
    uint32_t len = (uint32_t)get(t + 4, 4);
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

    snprintf(line, sizeof line, fmt, dir, dir);
    return system(line);
}

static void check(const char *gic, const char *const *want)
{
    uint32_t found = 0;
    pb_dev *boot;
    pbt *b = bench(gic, &boot);

    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_EQUAL_FATAL(n_files, 3);
    run_script();
    const struct file *rsdp = named("etc/acpi/rsdp");
    CU_ASSERT_EQUAL(memcmp(rsdp->data, "RSD PTR ", 8), 0);
    CU_ASSERT_EQUAL(sum(rsdp->data, 20), 0);
    CU_ASSERT_EQUAL(sum(rsdp->data, rsdp->len), 0);
    const uint8_t *xsdt = table(get(rsdp->data + 24, 8), "XSDT");
    uint32_t n = ((uint32_t)get(xsdt + 4, 4) - 36) / 8;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *t = table(get(xsdt + 36 + 8 * i, 8), NULL);
        for (const char *const *w = want; *w; w++)
            found += memcmp(t, *w, 4) == 0;
        if (memcmp(t, "FACP", 4) == 0)
            table(get(t + 140, 8), "DSDT");
    }
    uint32_t wanted = 0;
    while (want[wanted])
        wanted++;
    CU_ASSERT_EQUAL(found, wanted);
    CU_ASSERT_EQUAL(n, wanted);
    CU_ASSERT_EQUAL(shell("cd %s && iasl -d *.dat >iasl.out 2>&1 && ! grep -i 'error\\|invalid\\|"
                          "incorrect' iasl.out *.dsl || { cat iasl.out; false; }"), 0);
    CU_ASSERT_EQUAL(shell("cd %s && iasl -sa -vw 2089 DSDT.dsl >iasl.out 2>&1 && grep -q ' 0 Errors' "
                          "iasl.out || { cat iasl.out; false; }"), 0);
    pbt_free(b);
    for (uint32_t i = 0; i < n_files; i++)
        free(files[i].data);
    n_files = 0;
    CU_ASSERT_EQUAL(shell("rm -f %s/*"), 0);
}

static void test_gicv2(void)
{
    static const char *const want[] = {"FACP", "APIC", "GTDT", "MCFG", "SPCR", NULL};

    check("arm-gicv2", want);
}

static void test_gicv3(void)
{
    static const char *const want[] = {"FACP", "APIC", "GTDT", "MCFG", "SPCR", "IORT", NULL};

    check("arm-gicv3", want);
}

int main(void)
{
    static const struct suite_test tests[] = {{"GICv2", test_gicv2}, {"GICv3", test_gicv3}};

    if (system("command -v iasl >/dev/null") != 0)
        return 77;
    if (!mkdtemp(dir))
        return 2;
    int rc = SUITE_RUN("ACPI tables", tests);
    rmdir(dir);
    return rc;
}
