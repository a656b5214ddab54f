/* SPDX-License-Identifier: MIT */
/* pci.c - the PCI host bridge and its configuration space.
 * ACPI 6.5: 6.2 (resources, _PRT, _OSC); PCI Firmware 3.2, 4.1.2 (MCFG). */
#include "board.h"

#include <stdlib.h>

/* Pin p of device s is interrupt (s + p) mod 4 of the bridge (PCI-to-PCI Bridge 1.2, 9.1). */
static void pci_routes(struct boot *b, struct acpi_buf *t, pb_dev *pci)
{
    uint32_t gsi[4], flags;

    for (uint32_t i = 0; i < 4; i++)
        gsi[i] = acpi_gsi(b, pci, NULL, i, &flags);
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

static void pci_windows(struct boot *b, struct acpi_buf *t, pb_dev *pci, uint64_t ecam_len)
{
    uint64_t io_len, low_len, high_len, io = acpi_address(b, pci, 1, &io_len);
    uint64_t low = acpi_address(b, pci, 2, &low_len), high = acpi_address(b, pci, 3, &high_len);
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

void acpi_pci_host(struct boot *b, struct acpi_buf *t)
{
    enum { NATIVE_HOT_PLUG = 0x01, NATIVE_PME = 0x04, CAPABILITIES = 0x10 };
    pb_dev *pci = acpi_find(b, "gpex-pcihost");
    uint64_t len, ecam = acpi_address(b, pci, 0, &len);

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

void acpi_mcfg(struct boot *b, struct acpi *a)
{
    uint64_t len = 0, at = acpi_address(b, acpi_find(b, "gpex-pcihost"), 0, &len);

    if (!at)
        return;
    acpi_begin(a, "MCFG", 1);
    acpi_zero(&a->tables, 8);
    acpi_num(&a->tables, at, 8);
    acpi_num(&a->tables, 0, 2); /* segment */
    acpi_num(&a->tables, 0, 1); /* first bus, and the last */
    acpi_num(&a->tables, (len >> 20) - 1, 1);
    acpi_num(&a->tables, 0, 4);
    acpi_end(a);
}
