/* SPDX-License-Identifier: MIT */
/* acpi-dsdt.c - the namespace: processors, devices of the board, the PCI host bridge, the power
 * button. ACPI 6.5: 6.2 (resources, _AEI), 6.4.3.8.1 (GPIO). Identifiers of Arm's and of virtual
 * devices are those that Linux's and UEFI's drivers match. */
#include "acpi.h"

#include <stdlib.h>

/* ---- The power button -------------------------------------------------------------------- */

/* A button of the board that drives a pin of `gpio`: its event, in the controller's scope, is
 * sent on to the control method button of the whole machine. */
static void button_event(struct boot *b, struct acpi_buf *t, pb_dev *gpio, const char *name)
{
    pb_dev *key = acpi_find(b, "gpio-key");
    struct pb_board_wire w;
    char path[32], method[16];

    if (!key || !b->board->dev_wires(key, &w, 1) || w.sink != gpio || w.input > 0xff)
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

static void power_button(struct boot *b, struct acpi_buf *t)
{
    if (!acpi_find(b, "gpio-key"))
        return;
    uint32_t mark = aml_device(t, "PWRB");
    aml_name_string(t, "_HID", "PNP0C0C");
    aml_name_int(t, "_UID", 0);
    aml_close(t, mark);
}

static const struct acpi_row rows[] = {
    {"pl011", "ARMH0011", "COM", NULL},     {"pl061", "ARMH0061", "GPO", button_event},
    {"cfi-flash", "LNRO0015", "FLS", NULL}, {"fw-cfg-mmio", "QEMU0002", "FWC", NULL},
    {"virtio-mmio", "LNRO0005", "VR", NULL},
};

void aa_dsdt(struct arm_boot *b, struct acpi *a)
{
    struct acpi_buf *t = &a->tables;

    acpi_begin(a, "DSDT", 2);
    uint32_t mark = aml_open(t, AML_SCOPE);
    acpi_put(t, "\\_SB_", 5);
    acpi_processors(&b->c, t);
    power_button(&b->c, t);
    acpi_devices(&b->c, t, rows, sizeof rows / sizeof *rows);
    acpi_pci_host(&b->c, t);
    aml_close(t, mark);
    acpi_end(a);
}
