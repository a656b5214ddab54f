/* SPDX-License-Identifier: MIT */
/* board.c - what every board says in the same words.
 * ACPI 6.5: 5.2.9 (FADT), 6.1 (identification), 6.2 (resources), 8.4 (processors); Serial Port
 * Console Redirection Table 1.08. */
#include "board.h"

#include <stdlib.h>
#include <string.h>

#define NAMED 4u /* characters of a name */

/* ---- The machine --------------------------------------------------------------------- */

pb_dev *acpi_find(struct boot *b, const char *class_id)
{
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        if (strcmp(b->board->dev_class(d), class_id) == 0)
            return d;
    }
    return NULL;
}

uint64_t acpi_address(struct boot *b, pb_dev *d, uint32_t i, uint64_t *len)
{
    struct pb_board_reg r[8];
    uint32_t n = d ? b->board->dev_regs(d, r, 8) : 0;

    if (i >= n || i >= 8)
        return 0;
    if (len)
        *len = r[i].len;
    return r[i].addr;
}

static uint32_t gsi_of(struct boot *b, const struct pb_board_wire *w, uint32_t *flags)
{
    void *self = NULL;
    uint32_t cells[4];
    const struct pb_fdt_node *f = b->bus->side(w->sink, PB_FDT_NODE, &self);
    int edge = 0;

    if (!PB_HAS(struct pb_fdt_node, f, interrupt))
        return 0;
    uint32_t gsi = b->isa->gsi(cells, f->interrupt(self, w->input, cells), &edge);
    *flags = edge ? ACPI_IRQ_EDGE : 0;
    return gsi;
}

uint32_t acpi_gsi(struct boot *b, pb_dev *d, const char *output, uint32_t index, uint32_t *flags)
{
    struct pb_board_wire w[64];
    uint32_t n = b->board->dev_wires(d, w, 64);

    for (uint32_t i = 0; i < n && i < 64; i++) {
        if (w[i].index == index && (!output || strcmp(w[i].output, output) == 0))
            return gsi_of(b, &w[i], flags);
    }
    return 0;
}

const struct pb_fw_files *acpi_taker(struct boot *b, void **self)
{
    const char *asked = b->board->option(b->dev, "acpi");

    return asked && strcmp(asked, "off") == 0 ? NULL : boot_fw_files(b, self);
}

/* ---- The namespace ------------------------------------------------------------------- */

void acpi_processors(struct boot *b, struct acpi_buf *t)
{
    char name[16];

    for (uint32_t i = 0; i < b->board->n_cpus(b->dev) && i < 0x1000; i++) {
        snprintf(name, sizeof name, "C%03X", i);
        uint32_t mark = aml_device(t, name);
        aml_name_string(t, "_HID", "ACPI0007");
        aml_name_int(t, "_UID", i);
        aml_close(t, mark);
    }
}

void acpi_one_device(struct boot *b, struct acpi_buf *t, const struct acpi_row *row, pb_dev *d,
                     uint32_t uid)
{
    struct acpi_buf r = {0};
    uint64_t len = 0, at = acpi_address(b, d, 0, &len);
    uint32_t flags = 0, gsi = acpi_gsi(b, d, NULL, 0, &flags);
    char name[24];

    snprintf(name, sizeof name, "%s%0*X", row->prefix, (int)(NAMED - strlen(row->prefix)), uid);
    if (!len)
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
    if (row->more)
        row->more(b, t, d, name);
    aml_close(t, mark);
}

void acpi_devices(struct boot *b, struct acpi_buf *t, const struct acpi_row *rows, uint32_t n)
{
    pb_dev *d;

    for (uint32_t k = 0; k < n; k++) {
        uint32_t uid = 0;
        for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
            /* what is Secure is not the guest's that reads this */
            if (strcmp(rows[k].class_id, b->board->dev_class(d)) == 0 &&
                !b->board->dev_fdt(d, "secure-status"))
                acpi_one_device(b, t, &rows[k], d, uid++);
        }
    }
}

/* ---- Tables -------------------------------------------------------------------------- */

void acpi_fadt(struct acpi *a, uint32_t arm_flags)
{
    enum { LOW_POWER_S0 = 1 << 21, HW_REDUCED = 1 << 20 };

    acpi_begin(a, "FACP", 6);
    acpi_zero(&a->tables, 112 - acpi_body(a)); /* all of it belongs to fixed hardware */
    acpi_num(&a->tables, HW_REDUCED | LOW_POWER_S0, 4);
    acpi_zero(&a->tables, 129 - acpi_body(a));
    acpi_num(&a->tables, arm_flags, 2);
    acpi_num(&a->tables, 5, 1); /* minor version: 6.5 */
    acpi_zero(&a->tables, 268 - acpi_body(a));
    acpi_put(&a->tables, "PLUGBORD", 8); /* hypervisor's vendor */
    acpi_end(a);
}

void acpi_spcr(struct boot *b, struct acpi *a, const struct acpi_console *c)
{
    pb_dev *uart = acpi_find(b, c->class_id);
    uint64_t at = acpi_address(b, uart, 0, NULL);
    uint32_t flags;

    if (!at)
        return;
    acpi_begin(a, "SPCR", 2);
    acpi_num(&a->tables, c->type, 4);
    acpi_num(&a->tables, 0, 1); /* memory */
    acpi_num(&a->tables, c->bits, 1);
    acpi_num(&a->tables, 0, 1);
    acpi_num(&a->tables, c->bits == 8 ? 1 : 3, 1); /* by bytes or words */
    acpi_num(&a->tables, at, 8);
    acpi_num(&a->tables, c->by, 2);
    acpi_num(&a->tables, acpi_gsi(b, uart, NULL, 0, &flags), 4);
    acpi_put(&a->tables, "\x03\0\x01\x02\0", 6); /* 9600 8N1, RTS/CTS, VT100 */
    acpi_num(&a->tables, 0xffffffff, 4);         /* no PCI device */
    acpi_zero(&a->tables, 12);
    acpi_end(a);
}
