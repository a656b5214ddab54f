/* SPDX-License-Identifier: MIT */
/* acpi-dsdt.c - the namespace: processors, devices of the board, the PCI host bridge, the power
 * button. ACPI 6.5: 6.1 (identification), 6.2 (resources, _PRT, _OSC, _AEI), 8.4 (processors).
 * Identifiers of Arm's and of virtual devices are those that Linux's and UEFI's drivers match. */
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

#define NAMED 4u /* characters of a name */

struct row {
    const char *class_id, *hid, *prefix;
};

static const struct row rows[] = {
    {"pl011", "ARMH0011", "COM"},    {"pl061", "ARMH0061", "GPO"},
    {"cfi-flash", "LNRO0015", "FLS"}, {"fw-cfg-mmio", "QEMU0002", "FWC"},
    {"virtio-mmio", "LNRO0005", "VR"},
};

static void processors(struct arm_boot *b, struct acpi_buf *t)
{
    char name[16];

    for (uint32_t i = 0; i < b->c.board->n_cpus(b->c.dev) && i < 0x1000; i++) {
        snprintf(name, sizeof name, "C%03X", i);
        uint32_t mark = aml_device(t, name);
        aml_name_string(t, "_HID", "ACPI0007");
        aml_name_int(t, "_UID", i);
        aml_close(t, mark);
    }
}

/* ---- The power button -------------------------------------------------------------------- */

/* A button of the board that drives a pin of `gpio`: its event, in the controller's scope, is
 * sent on to the control method button of the whole machine. */
static void button_event(struct arm_boot *b, struct acpi_buf *t, pb_dev *gpio, const char *name)
{
    pb_dev *key = aa_device(&b->c, "gpio-key");
    struct pb_board_wire w;
    char path[32], method[16];

    if (!key || !b->c.board->dev_wires(key, &w, 1) || w.sink != gpio || w.input > 0xff)
        return;
    struct acpi_buf r = {0};
    snprintf(path, sizeof path, "\\_SB.%s", name);
    acpi_res_gpio_irq(&r, (uint16_t)w.input, path);
    aml_resources(t, "_AEI", &r);
    free(r.data);
    snprintf(method, sizeof method, "_E%02X", w.input);
    uint32_t mark = aml_open(t, AML_METHOD);
    aml_seg(t, method);
    acpi_num(t, 0, 1);
    aml_op(t, AML_NOTIFY);
    aml_seg(t, "PWRB"); /* found upwards, in \_SB */
    aml_int(t, 0x80);
    aml_close(t, mark);
}

static void power_button(struct arm_boot *b, struct acpi_buf *t)
{
    if (!aa_device(&b->c, "gpio-key"))
        return;
    uint32_t mark = aml_device(t, "PWRB");
    aml_name_string(t, "_HID", "PNP0C0C");
    aml_name_int(t, "_UID", 0);
    aml_close(t, mark);
}

/* ---- Devices of the board ------------------------------------------------------------------ */

static void one_device(struct arm_boot *b, struct acpi_buf *t, const struct row *row, pb_dev *d,
                       uint32_t uid)
{
    struct acpi_buf r = {0};
    uint64_t len, at = aa_address(&b->c, d, 0, &len);
    uint32_t flags = 0, gsi = aa_gsi(&b->c, d, NULL, 0, &flags);
    char name[24];

    snprintf(name, sizeof name, "%s%0*X", row->prefix, (int)(NAMED - strlen(row->prefix)), uid);
    if (!at && strcmp(row->class_id, "cfi-flash"))
        return;
    uint32_t mark = aml_device(t, name);
    aml_name_string(t, "_HID", row->hid);
    aml_name_int(t, "_UID", uid);
    aml_name_int(t, "_CCA", 1);
    acpi_res_memory(&r, (uint32_t)at, (uint32_t)len);
    if (gsi)
        acpi_res_irq(&r, gsi, flags);
    aml_resources(t, "_CRS", &r);
    free(r.data);
    if (strcmp(row->class_id, "pl061") == 0)
        button_event(b, t, d, name);
    aml_close(t, mark);
}

static void devices(struct arm_boot *b, struct acpi_buf *t)
{
    uint32_t uid[sizeof rows / sizeof *rows] = {0};
    const char *secure;
    pb_dev *d;

    for (uint32_t i = 0; (d = b->c.board->device(b->c.dev, i)) != NULL; i++) {
        secure = b->c.board->dev_fdt(d, "secure-status"); /* not the guest's that reads this */
        for (unsigned k = 0; !secure && k < sizeof rows / sizeof *rows; k++) {
            if (strcmp(rows[k].class_id, b->c.board->dev_class(d)) == 0)
                one_device(b, t, &rows[k], d, uid[k]++);
        }
    }
}

/* ---- PCI --------------------------------------------------------------------------------- */

/* Pin p of device s is interrupt (s + p) mod 4 of the bridge (PCI-to-PCI Bridge 1.2, 9.1). */
static void pci_routes(struct arm_boot *b, struct acpi_buf *t, pb_dev *pci)
{
    uint32_t gsi[4], flags;

    for (uint32_t i = 0; i < 4; i++)
        gsi[i] = aa_gsi(&b->c, pci, NULL, i, &flags);
    aml_name(t, "_PRT");
    uint32_t all = aml_open(t, AML_PACKAGE);
    acpi_num(t, 128, 1);
    for (uint32_t i = 0; i < 128; i++) {
        uint32_t one = aml_open(t, AML_PACKAGE);
        acpi_num(t, 4, 1);
        aml_int(t, (uint64_t)(i / 4) << 16 | 0xffff);
        aml_int(t, i % 4);
        aml_int(t, 0); /* a global interrupt, not a link device's */
        aml_int(t, gsi[(i / 4 + i % 4) % 4]);
        aml_close(t, one);
    }
    aml_close(t, all);
}

static void pci_windows(struct arm_boot *b, struct acpi_buf *t, pb_dev *pci, uint64_t ecam_len)
{
    uint64_t io_len, low_len, high_len, io = aa_address(&b->c, pci, 1, &io_len);
    uint64_t low = aa_address(&b->c, pci, 2, &low_len), high = aa_address(&b->c, pci, 3, &high_len);
    struct acpi_buf r = {0};

    acpi_res_window(&r, ACPI_SPACE_BUS, 0, ecam_len >> 20, 0);
    if (low)
        acpi_res_window(&r, ACPI_SPACE_MEM, low, low_len, low);
    if (io)
        acpi_res_window(&r, ACPI_SPACE_IO, 0, io_len, io);
    if (high)
        acpi_res_window(&r, ACPI_SPACE_MEM, high, high_len, high);
    aml_resources(t, "_CRS", &r);
    free(r.data);
}

/* The configuration space belongs to no device that the OS may place elsewhere. */
static void pci_reserved(struct acpi_buf *t, uint64_t ecam, uint64_t len)
{
    struct acpi_buf r = {0};
    uint32_t mark = aml_device(t, "RES0");

    aml_name_string(t, "_HID", "PNP0C02");
    acpi_res_window(&r, ACPI_SPACE_MEM, ecam, len, ecam);
    acpi_patch(&r, 4, 0x0d, 1); /* consumed here, not handed down */
    aml_resources(t, "_CRS", &r);
    free(r.data);
    aml_close(t, mark);
}

static void pci_host(struct arm_boot *b, struct acpi_buf *t)
{
    enum { NATIVE_HOT_PLUG = 0x01, NATIVE_PME = 0x04, CAPABILITIES = 0x10 };
    pb_dev *pci = aa_device(&b->c, "gpex-pcihost");
    uint64_t len, ecam = aa_address(&b->c, pci, 0, &len);

    if (!ecam)
        return;
    uint32_t mark = aml_device(t, "PCI0");
    aml_name_string(t, "_HID", "PNP0A08");
    aml_name_string(t, "_CID", "PNP0A03");
    aml_name_int(t, "_SEG", 0);
    aml_name_int(t, "_BBN", 0);
    aml_name_int(t, "_UID", 0);
    aml_name_int(t, "_CCA", 1);
    aml_name_int(t, "_CBA", ecam);
    pci_routes(b, t, pci);
    pci_windows(b, t, pci, len);
    acpi_pci_osc(t, NATIVE_HOT_PLUG | NATIVE_PME | CAPABILITIES);
    pci_reserved(t, ecam, len);
    aml_close(t, mark);
}

void aa_dsdt(struct arm_boot *b, struct acpi *a)
{
    struct acpi_buf *t = &a->tables;

    acpi_begin(a, "DSDT", 2);
    uint32_t mark = aml_open(t, AML_SCOPE);
    acpi_put(t, "\\_SB_", 5);
    processors(b, t);
    power_button(b, t);
    devices(b, t);
    pci_host(b, t);
    aml_close(t, mark);
    acpi_end(a);
}
