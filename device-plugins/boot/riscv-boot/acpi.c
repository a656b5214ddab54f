/* SPDX-License-Identifier: MIT */
/* acpi.c - the machine in ACPI's words, for UEFI and what it boots.
 * ACPI 6.5, 5.2.12 with the RISC-V structures of 6.6; RISC-V Boot and Runtime Services
 * specification 1.0, chapter 9 (what a RISC-V machine must have); _DSD Device Properties UUID for
 * _DSD 2.1.
 *
 * Addresses and interrupts are the manifest's, read as the device tree is; a global interrupt is
 * a source of the one controller, from 0. The clock and the finisher are not described: UEFI's
 * runtime services stand for both.
 *
 * UEFI that finds tables keeps the device tree from its guest. With OpenSBI 1.1 (Debian 12) Linux
 * then runs into that firmware's memory; with 1.6 it does not. So tables are there when they are
 * asked for.
 * Not modelled: PPTT, SRAT, SMBIOS, RQSC, RIMT.
 */
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

uint64_t rb_number(struct boot *b, pb_dev *d, const char *name)
{
    void *self = NULL;
    const struct pb_board_facts *f = d ? b->bus->side(d, PB_BOARD_FACTS, &self) : NULL;
    uint64_t v;

    return f && f->number(self, name, &v) == PB_OK ? v : 0;
}

/* Machine-level files interrupt harts by another input than a supervisor's (mip.SEIP). */
static int for_supervisor(struct boot *b, pb_dev *imsic)
{
    enum { SEI = 9 };
    struct pb_board_wire w;

    return b->board->dev_wires(imsic, &w, 1) > 0 && w.input == SEI;
}

struct rb_irqs rb_controllers(struct boot *b)
{
    struct rb_irqs c = {.plic = acpi_find(b, "sifive-plic")};
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        const char *class_id = b->board->dev_class(d);
        /* a domain that delegates is the firmware's */
        if (strcmp(class_id, "riscv-aplic") == 0 && !b->board->dev_fdt(d, "riscv,delegate"))
            c.aplic = d;
        else if (strcmp(class_id, "riscv-imsic") == 0 && for_supervisor(b, d))
            c.imsic = d;
    }
    return c;
}

/* ---- The namespace ------------------------------------------------------------------- */

/* Where its interrupts begin among all. */
static void gsi_base(struct boot *b, struct acpi_buf *t, pb_dev *d, const char *name)
{
    (void)b, (void)d, (void)name;
    aml_name_int(t, "_GSB", 0);
}

static void uart_clock(struct boot *b, struct acpi_buf *t, pb_dev *d, const char *name)
{
    /* daffd814-6eba-4d8c-8a91-bc9bbf4aa301 */
    static const uint8_t properties[16] = {0x14, 0xd8, 0xff, 0xda, 0xba, 0x6e, 0x8c, 0x4d,
                                           0x8a, 0x91, 0xbc, 0x9b, 0xbf, 0x4a, 0xa3, 0x01};
    (void)name;
    aml_name(t, "_DSD");
    uint32_t all = aml_open(t, AML_PACKAGE);
    acpi_num(t, 2, 1);
    aml_buffer(t, properties, sizeof properties);
    uint32_t list = aml_open(t, AML_PACKAGE);
    acpi_num(t, 1, 1);
    uint32_t one = aml_open(t, AML_PACKAGE);
    acpi_num(t, 2, 1);
    aml_string(t, "clock-frequency");
    aml_int(t, b->board->dev_clock(d, 0));
    aml_close(t, one);
    aml_close(t, list);
    aml_close(t, all);
}

static void dsdt(struct boot *b, struct acpi *a)
{
    static const struct acpi_row plic = {"sifive-plic", "RSCV0001", "IC", gsi_base};
    static const struct acpi_row aplic = {"riscv-aplic", "RSCV0002", "IC", gsi_base};
    static const struct acpi_row rows[] = {
        {"ns16550a", "RSCV0003", "COM", uart_clock},
        {"fw-cfg-mmio", "QEMU0002", "FWC", NULL},
        {"virtio-mmio", "LNRO0005", "VR", NULL},
    };
    struct rb_irqs c = rb_controllers(b);
    struct acpi_buf *t = &a->tables;

    acpi_begin(a, "DSDT", 2);
    uint32_t mark = aml_open(t, AML_SCOPE);
    acpi_put(t, "\\_SB_", 5);
    acpi_processors(b, t);
    if (c.aplic || c.plic)
        acpi_one_device(b, t, c.aplic ? &aplic : &plic, c.aplic ? c.aplic : c.plic, 0);
    acpi_devices(b, t, rows, sizeof rows / sizeof *rows);
    acpi_pci_host(b, t);
    aml_close(t, mark);
    acpi_end(a);
}

int rb_tables(struct riscv_boot *b, pb_err *e)
{
    static const struct acpi_console uart = {"ns16550a", 0x12, 8, 0x10};
    const char *asked = b->c.board->option(b->c.dev, "acpi");
    void *self = NULL;
    const struct pb_fw_files *files = acpi_taker(&b->c, &self);
    struct acpi a;

    if (!files || !asked || strcmp(asked, "on"))
        return PB_OK;
    acpi_init(&a);
    dsdt(&b->c, &a);
    acpi_fadt(&a, 0);
    rb_madt(&b->c, &a);
    rb_rhct(&b->c, &a);
    acpi_mcfg(&b->c, &a);
    acpi_spcr(&b->c, &a, &uart);
    int rc = acpi_finish(&a, files, self, e);
    acpi_fini(&a);
    return rc == PB_ENOMEM ? boot_fail(&b->c, e, rc, "ACPI tables: out of memory") : rc;
}
