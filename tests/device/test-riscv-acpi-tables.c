/* SPDX-License-Identifier: MIT */
/* riscv-boot: the ACPI tables as firmware puts them together from fw_cfg's script, with a PLIC,
 * an APLIC, and an APLIC with IMSICs: every pointer leads to a table, lengths and checksums are
 * right, MADT and RHCT hold what the machine is made of (ACPICA of 2020 knows neither RISC-V's
 * structures nor RHCT), and ACPICA reads the others (77: there is no iasl). */
#include "acpi-firmware.h"
#include "suite.h"

#define RAM 0x80000000ull

static const char *kind; /* of interrupt controllers: "plic", "aplic", "aplic-imsic" */

/* ---- The machine ------------------------------------------------------------------------- */

static pb_dev *placed(pbt *b, const char *class_id, const char *name, const char *props,
                      uint64_t at)
{
    pb_dev *d = pbt_add(b, class_id, name, props);

    pbt_map(d, 0, at);
    return d;
}

static pb_dev *wired(pbt *b, const char *class_id, const char *name, const char *props,
                     const char *output, pb_dev *const *cpu, uint32_t input)
{
    pb_dev *d = pbt_create(b, NULL, 0, class_id, name, props);

    for (uint32_t i = 0; output && i < 3; i++)
        pbt_wire(d, output, i, cpu[i], input);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    return d;
}

static pb_dev *controller(pbt *b, pb_dev *const *cpu)
{
    pb_dev *d, *m;

    if (strcmp(kind, "plic") == 0) {
        d = pbt_create(b, NULL, 0, "sifive-plic", "plic", NULL);
        for (uint32_t i = 0; i < 3; i++) {
            pbt_wire(d, "m", i, cpu[i], 11);
            pbt_wire(d, "s", i, cpu[i], 9);
        }
        CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
        pbt_map(d, 0, 0xc000000);
        return d;
    }
    int files = strcmp(kind, "aplic") != 0;
    if (files) {
        pbt_map(wired(b, "riscv-imsic", "imsic-m", "addr=0x24000000", "irq", cpu, 11), 0,
                0x24000000);
        pbt_map(wired(b, "riscv-imsic", "imsic-s", "addr=0x28000000,guests=2", "irq", cpu, 9), 0,
                0x28000000);
    }
    m = wired(b, "riscv-aplic", "aplic-m", files ? "msimode=on,msi=imsic-m,num-harts=3" : NULL,
              files ? NULL : "irq", cpu, 11);
    pbt_fdt(m, "riscv,delegate", "<&plic 1 96>");
    pbt_map(m, 0, 0xc000000);
    d = wired(b, "riscv-aplic", "plic", files ? "msimode=on,msi=imsic-s,num-harts=3,parent=aplic-m"
              : "parent=aplic-m", files ? NULL : "irq", cpu, 9);
    pbt_map(d, 0, 0xd000000);
    return d;
}

static pbt *bench(pb_dev **boot)
{
    static const char *const plugins[] = {"sifive-plic", "riscv-aplic", "riscv-imsic", "ns16550a",
                                          "riscv-aclint", "virtio-mmio", "pci", "cfi-flash",
                                          "riscv-boot"};
    static const uint64_t at[] = {0x30000000, 0x3000000, 0x40000000, 0x400000000};
    pb_dev *cpu[3];
    pbt *b = pbt_new();

    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        pbt_load(b, plugins[i]);
    pbt_class(b, PB_CLASS_DEVICE, &acpi_keeper);
    pbt_rom(b, 0x1000, 0xf000);
    pbt_ram(b, RAM, 64 << 20);
    for (uint32_t i = 0; i < 3; i++)
        cpu[i] = pbt_cpu(b, "riscv,isa=rv64imafdc_zicbom;mmu-type=riscv,sv57;"
                            "riscv,cbom-block-size=64");
    pb_dev *irqs = controller(b, cpu);
    pb_dev *uart = pbt_create(b, NULL, 0, "ns16550a", "uart0", NULL);
    pbt_wire(uart, "irq", 0, irqs, 10);
    pbt_set_clock_hz(uart, 0, 3686400);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(uart), PB_OK);
    pbt_map(uart, 0, 0x10000000);
    pb_dev *slot = pbt_create(b, NULL, 0, "virtio-mmio", "vm", NULL);
    pbt_wire(slot, "irq", 0, irqs, 1);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(slot), PB_OK);
    pbt_map(slot, 0, 0x10001000);
    pb_dev *pci = pbt_create(b, NULL, 0, "gpex-pcihost", "pcie", NULL);
    for (uint32_t i = 0; i < 4; i++)
        pbt_wire(pci, "irq", i, irqs, 32 + i);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(pci), PB_OK);
    for (uint32_t i = 0; i < 4; i++)
        pbt_map(pci, i, at[i]);
    placed(b, "cfi-flash", "flash0", NULL, 0x20000000);
    pbt_add(b, "keeper", "fw-cfg", NULL);
    *boot = pbt_add(b, "riscv-boot", "boot", NULL);
    pbt_option(b, "bios", "none");
    pbt_option(b, "pflash0", "pflash0");
    pbt_option(b, "acpi", "on");
    return b;
}

/* ---- What only RISC-V has ----------------------------------------------------------------- */

/* Structure `n` of that kind in the MADT. */
static const uint8_t *structure(const uint8_t *madt, uint8_t type, uint32_t n)
{
    uint32_t len = (uint32_t)acpi_get(madt + 4, 4);

    for (uint32_t at = 44; at + 2 <= len; at += madt[at + 1]) {
        CU_ASSERT_FATAL(madt[at + 1] >= 2 && at + madt[at + 1] <= len);
        if (madt[at] == type && n-- == 0)
            return madt + at;
    }
    return NULL;
}

static void check_madt(const uint8_t *t)
{
    int files = strcmp(kind, "aplic-imsic") == 0, plic = strcmp(kind, "plic") == 0;

    for (uint32_t i = 0; i < 3; i++) {
        const uint8_t *r = structure(t, 0x18, i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(acpi_get(r + 8, 8), i);
        CU_ASSERT_EQUAL(acpi_get(r + 20, 4), files ? 0 : plic ? 2 * i + 1 : i);
        CU_ASSERT_EQUAL(acpi_get(r + 24, 8), files ? 0x28000000 + 0x4000 * i : 0);
        CU_ASSERT_EQUAL(acpi_get(r + 32, 4), files ? 0x4000 : 0);
    }
    CU_ASSERT_PTR_NULL(structure(t, 0x18, 3));
    const uint8_t *imsic = structure(t, 0x19, 0), *aplic = structure(t, 0x1a, 0);
    const uint8_t *p = structure(t, 0x1b, 0);
    CU_ASSERT_EQUAL(imsic != NULL, files);
    CU_ASSERT_EQUAL(aplic != NULL, !plic);
    CU_ASSERT_EQUAL(p != NULL, plic);
    if (imsic) {
        CU_ASSERT_EQUAL(acpi_get(imsic + 8, 2), 255);
        CU_ASSERT(imsic[12] == 2 && imsic[13] == 2 && imsic[14] == 0);
    }
    if (aplic) {
        CU_ASSERT_EQUAL(acpi_get(aplic + 16, 2), files ? 0 : 3);
        CU_ASSERT_EQUAL(acpi_get(aplic + 18, 2), 95);
        CU_ASSERT_EQUAL(acpi_get(aplic + 24, 8), 0xd000000);
    }
    if (p) {
        CU_ASSERT_EQUAL(acpi_get(p + 12, 2), 95);
        CU_ASSERT_EQUAL(acpi_get(p + 14, 2), 7);
        CU_ASSERT_EQUAL(acpi_get(p + 24, 8), 0xc000000);
    }
}

/* The nodes follow each other to the table's end, and harts name three of them. */
static void check_rhct(const uint8_t *t)
{
    uint32_t len = (uint32_t)acpi_get(t + 4, 4), n = 0, at = (uint32_t)acpi_get(t + 52, 4);
    uint32_t type_at[4] = {0}, harts = 0;

    CU_ASSERT_EQUAL(acpi_get(t + 40, 8), 10000000);
    for (; at + 6 <= len; at += (uint32_t)acpi_get(t + at + 2, 2), n++) {
        uint32_t type = (uint32_t)acpi_get(t + at, 2);
        CU_ASSERT_FATAL(acpi_get(t + at + 2, 2) >= 8);
        if (type < 3) {
            type_at[type] = at;
            continue;
        }
        CU_ASSERT_EQUAL(acpi_get(t + at + 6, 2), 3);
        CU_ASSERT_EQUAL(acpi_get(t + at + 8, 4), harts++);
        for (uint32_t i = 0; i < 3; i++)
            CU_ASSERT_EQUAL(acpi_get(t + at + 12 + 4 * i, 4), type_at[i]);
    }
    CU_ASSERT_EQUAL(at, len);
    CU_ASSERT_EQUAL(acpi_get(t + 48, 4), n);
    CU_ASSERT_EQUAL(harts, 3);
    CU_ASSERT_STRING_EQUAL((const char *)t + type_at[0] + 8, "rv64imafdc_zicbom");
    CU_ASSERT_EQUAL(t[type_at[1] + 7], 6); /* 64 bytes */
    CU_ASSERT_EQUAL(t[type_at[2] + 7], 2); /* Sv57 */
}

static void each(const uint8_t *table)
{
    if (memcmp(table, "APIC", 4) == 0)
        check_madt(table);
    else if (memcmp(table, "RHCT", 4) == 0)
        check_rhct(table);
    else if (memcmp(table, "FACP", 4) == 0)
        CU_ASSERT(table[8] == 6 && table[131] == 5); /* Linux wants 6.5 */
}

/* ---- Claims ------------------------------------------------------------------------------ */

static void check(const char *irqs)
{
    static const char *const want[] = {"FACP", "APIC", "RHCT", "MCFG", "SPCR", NULL};
    pb_dev *boot;

    kind = irqs;
    pbt *b = bench(&boot);
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    acpi_firmware_tables(want, each);
    acpi_firmware_iasl("APIC.dat RHCT.dat");
    pbt_free(b);
}

static void test_plic(void)
{
    check("plic");
}

static void test_aplic(void)
{
    check("aplic");
}

static void test_imsic(void)
{
    check("aplic-imsic");
}

int main(void)
{
    static const struct suite_test tests[] = {{"PLIC", test_plic}, {"APLIC", test_aplic},
                                              {"APLIC and IMSICs", test_imsic}};
    int rc = acpi_firmware_init();

    if (rc)
        return rc;
    rc = SUITE_RUN("ACPI tables of RISC-V", tests);
    acpi_firmware_fini();
    return rc;
}
