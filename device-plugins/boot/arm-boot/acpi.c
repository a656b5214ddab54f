/* SPDX-License-Identifier: MIT */
/* acpi.c - the machine in ACPI's words, for UEFI and what it boots.
 * ACPI 6.5: 5.2.9 (FADT), 5.2.25 (GTDT); PCI Firmware 3.2, 4.1.2 (MCFG); Serial Port Console
 * Redirection Table 1.08; Arm BBR 2.1, chapter 8 (what an Arm machine must have).
 *
 * Addresses and interrupts are the manifest's, read as the device tree is. Classes are known by
 * their names: what has no row in acpi-dsdt.c is not described.
 * Not modelled: DBG2, PPTT, SRAT, SMBIOS, error records, a fixed event hardware block.
 */
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

/* ---- The machine --------------------------------------------------------------------- */

pb_dev *aa_device(struct boot *b, const char *class_id)
{
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        if (strcmp(b->board->dev_class(d), class_id) == 0)
            return d;
    }
    return NULL;
}

uint64_t aa_address(struct boot *b, pb_dev *d, uint32_t i, uint64_t *len)
{
    struct pb_board_reg r[8];
    uint32_t n = d ? b->board->dev_regs(d, r, 8) : 0;

    if (i >= n || i >= 8)
        return 0;
    if (len)
        *len = r[i].len;
    return r[i].addr;
}

/* Private interrupts are 16 and up, shared ones 32 and up (GICv3, 2.2.1). */
static uint32_t gsi_of(struct boot *b, const struct pb_board_wire *w, uint32_t *flags)
{
    void *self = NULL;
    uint32_t cells[4];
    const struct pb_fdt_node *f = b->bus->side(w->sink, PB_FDT_NODE, &self);

    if (!PB_HAS(struct pb_fdt_node, f, interrupt) || f->interrupt(self, w->input, cells) != 3)
        return 0;
    *flags = cells[2] & 3 ? ACPI_IRQ_EDGE : 0;
    return cells[1] + (cells[0] ? 16 : 32);
}

uint32_t aa_gsi(struct boot *b, pb_dev *d, const char *output, uint32_t index, uint32_t *flags)
{
    struct pb_board_wire w[64];
    uint32_t n = b->board->dev_wires(d, w, 64);

    for (uint32_t i = 0; i < n && i < 64; i++) {
        if (w[i].index == index && (!output || strcmp(w[i].output, output) == 0))
            return gsi_of(b, &w[i], flags);
    }
    return 0;
}

/* ---- Tables -------------------------------------------------------------------------- */

static void fadt(struct arm_boot *b, struct acpi *a)
{
    enum { LOW_POWER_S0 = 1 << 21, HW_REDUCED = 1 << 20 };
    enum { PSCI = 1, PSCI_HVC = 2 };
    const char *method = b->c.board->dev_fdt(b->c.dev, "/psci method");
    uint32_t psci = !method ? 0 : strcmp(method, "hvc") == 0 ? PSCI | PSCI_HVC : PSCI;

    acpi_begin(a, "FACP", 6);
    acpi_zero(&a->tables, 112 - acpi_body(a)); /* all of it belongs to fixed hardware */
    acpi_num(&a->tables, HW_REDUCED | LOW_POWER_S0, 4);
    acpi_zero(&a->tables, 129 - acpi_body(a));
    acpi_num(&a->tables, psci, 2);
    acpi_num(&a->tables, 0, 1); /* minor version */
    acpi_zero(&a->tables, 268 - acpi_body(a));
    acpi_put(&a->tables, "PLUGBORD", 8); /* hypervisor's vendor */
    acpi_end(a);
}

static void gtdt(struct arm_boot *b, struct acpi *a)
{
    static const char *const timers[] = {"sec-timer", "phys-timer", "virt-timer", "hyp-timer"};
    enum { EDGE = 1, ALWAYS_ON = 4 };
    pb_dev *cpu = b->c.board->cpu(b->c.dev, 0);

    acpi_begin(a, "GTDT", 2);
    acpi_num(&a->tables, UINT64_MAX, 8); /* no CNTControlBase */
    acpi_num(&a->tables, 0, 4);
    for (unsigned i = 0; i < sizeof timers / sizeof *timers; i++) {
        uint32_t flags = 0, gsi = aa_gsi(&b->c, cpu, timers[i], 0, &flags);
        acpi_num(&a->tables, gsi, 4);
        acpi_num(&a->tables, ALWAYS_ON | (flags & ACPI_IRQ_EDGE ? EDGE : 0), 4);
    }
    acpi_num(&a->tables, UINT64_MAX, 8); /* no CNTReadBase */
    acpi_zero(&a->tables, 8);            /* no platform timers */
    acpi_end(a);
}

static void mcfg(struct arm_boot *b, struct acpi *a)
{
    uint64_t len = 0, at = aa_address(&b->c, aa_device(&b->c, "gpex-pcihost"), 0, &len);

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

static void spcr(struct arm_boot *b, struct acpi *a)
{
    enum { PL011 = 3, BY_GIC = 8 };
    pb_dev *uart = aa_device(&b->c, "pl011");
    uint64_t at = aa_address(&b->c, uart, 0, NULL);
    uint32_t flags;

    if (!at)
        return;
    acpi_begin(a, "SPCR", 2);
    acpi_num(&a->tables, PL011, 4);
    acpi_put(&a->tables, "\0\x20\0\x03", 4); /* memory, 32 bits wide, by words */
    acpi_num(&a->tables, at, 8);
    acpi_num(&a->tables, BY_GIC, 2);
    acpi_num(&a->tables, aa_gsi(&b->c, uart, NULL, 0, &flags), 4);
    acpi_put(&a->tables, "\x03\0\x01\x02\0", 6); /* 9600 8N1, RTS/CTS, VT100 */
    acpi_num(&a->tables, 0xffffffff, 4);         /* no PCI device */
    acpi_zero(&a->tables, 12);
    acpi_end(a);
}

int aa_tables(struct arm_boot *b, pb_err *e)
{
    const char *asked = b->c.board->option(b->c.dev, "acpi");
    const struct pb_fw_files *files = NULL;
    struct acpi a;
    void *self = NULL;
    pb_dev *d;

    for (uint32_t i = 0; !files && (d = b->c.board->device(b->c.dev, i)) != NULL; i++)
        files = b->c.bus->side(d, PB_FW_FILES, &self);
    if (!files || (asked && strcmp(asked, "off") == 0))
        return PB_OK;
    acpi_init(&a);
    aa_dsdt(b, &a);
    fadt(b, &a);
    aa_gic(b, &a);
    gtdt(b, &a);
    mcfg(b, &a);
    spcr(b, &a);
    int rc = acpi_finish(&a, files, self, e);
    acpi_fini(&a);
    return rc == PB_ENOMEM ? boot_fail(&b->c, e, rc, "ACPI tables: out of memory") : rc;
}
