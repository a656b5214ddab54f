/* SPDX-License-Identifier: MIT */
/* arm-boot: the ACPI tables as firmware puts them together from fw_cfg's script: every pointer
 * leads to a table, every length and checksum is right, the DSDT's packages nest, and ACPICA's
 * disassembler reads them all and its compiler takes what it wrote (77: there is no iasl). */
#include "acpi-firmware.h"
#include "suite.h"

#define SPIS 988u /* inputs of a GIC before those that belong to a CPU */
static uint32_t n_cpus;

static pbt *bench(const char *gic, pb_dev **boot)
{
    static const char *const plugins[] = {"arm-gicv2", "arm-gicv3", "pl011", "pl061", "gpio-key",
                                          "virtio-mmio", "cfi-flash", "pci", "arm-boot"};
    pbt *b = pbt_new();
    int v3 = strcmp(gic, "arm-gicv3") == 0;
    pb_dev *cpu[2];

    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        pbt_load(b, plugins[i]);
    pbt_class(b, PB_CLASS_DEVICE, &acpi_keeper);
    pbt_ram(b, 0x40000000, 64 << 20);
    for (uint32_t i = 0; i < 2; i++) {
        cpu[i] = pbt_cpu(b, "pmu=yes");
    }
    pb_dev *g = pbt_create(b, NULL, 0, gic, "gic", v3 ? "has-lpi=on" : NULL);
    pbt_outputs_all(g, 2);
    for (uint32_t i = 0; i < 2; i++)
        pbt_wire(g, "irq", i, cpu[i], 0);
    for (uint32_t i = 0; i < 2; i++)
        pbt_wire(cpu[i], "pmu", 0, g, SPIS + 16 * i + 7);
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
    pbt_option(b, "smp", "1,0,1,2");
    return b;
}

/* 5.2.30.1: one socket of one core of two threads. */
static void look_at_groups(const uint8_t *t)
{
    static const uint32_t flags[] = {1, 0, 0xe, 0xe}, parent[] = {0, 36, 56, 56},
                          id[] = {0, 0, 0, 1};

    CU_ASSERT_EQUAL_FATAL(acpi_get(t + 4, 4), 36 + 4 * 20);
    for (uint32_t i = 0; i < 4; i++) {
        const uint8_t *n = t + 36 + 20 * i;
        CU_ASSERT_EQUAL(acpi_get(n, 2), 20 << 8);
        CU_ASSERT_EQUAL(acpi_get(n + 4, 4), flags[i]);
        CU_ASSERT_EQUAL(acpi_get(n + 8, 4), parent[i]);
        CU_ASSERT_EQUAL(acpi_get(n + 12, 4), id[i]);
    }
}

/* ACPI 6.5, 5.2.12.14: each CPU's performance interrupt. */
static void look(const uint8_t *t)
{
    if (!memcmp(t, "PPTT", 4))
        look_at_groups(t);
    if (memcmp(t, "APIC", 4))
        return;
    uint32_t len = (uint32_t)acpi_get(t + 4, 4);
    for (uint32_t at = 44; at < len && t[at + 1]; at += t[at + 1]) {
        if (t[at] != 0x0b)
            continue;
        n_cpus++;
        CU_ASSERT_EQUAL(acpi_get(t + at + 20, 4), 23);
    }
}

static void check(const char *gic, const char *const *want)
{
    pb_dev *boot;
    pbt *b = bench(gic, &boot);

    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    n_cpus = 0;
    acpi_firmware_tables(want, look);
    CU_ASSERT_EQUAL(n_cpus, 2);
    acpi_firmware_iasl("");
    pbt_free(b);
}

static void test_gicv2(void)
{
    static const char *const want[] = {"FACP", "APIC", "PPTT", "GTDT", "MCFG", "SPCR", NULL};

    check("arm-gicv2", want);
}

static void test_gicv3(void)
{
    static const char *const want[] = {"FACP", "APIC", "PPTT", "GTDT", "MCFG", "SPCR", "IORT",
                                       NULL};

    check("arm-gicv3", want);
}

int main(void)
{
    static const struct suite_test tests[] = {{"GICv2", test_gicv2}, {"GICv3", test_gicv3}};
    int rc = acpi_firmware_init();

    if (rc)
        return rc;
    rc = SUITE_RUN("ACPI tables", tests);
    acpi_firmware_fini();
    return rc;
}
