/* SPDX-License-Identifier: MIT */
/* acpi-harts.c - harts with their interrupt controllers (MADT), and what harts can do (RHCT).
 * ACPI 6.6, 5.2.12.24 to 5.2.12.27 (RINTC, IMSIC, APLIC, PLIC) and 5.2.37 (RHCT); The RISC-V
 * Advanced Interrupt Architecture 1.0, 3.6 (places of interrupt files). */
#include "acpi.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 0x1000u

/* Bits that count to n. */
static uint32_t bits_of(uint32_t n)
{
    uint32_t k = 0;

    while (n > 1ull << k)
        k++;
    return k;
}

/* ---- MADT ---------------------------------------------------------------------------- */

enum { MADT_RINTC = 0x18, MADT_IMSIC, MADT_APLIC, MADT_PLIC };

/* Which of the controller's contexts is a hart's: a PLIC has two each, a supervisor's second; an
 * APLIC that sends messages has none. */
static uint32_t context_of(const struct rb_irqs *c, uint32_t hart)
{
    return c->imsic ? 0 : c->aplic ? hart : 2 * hart + 1;
}

static void rintc(struct boot *b, struct acpi_buf *t, const struct rb_irqs *c, uint32_t hart)
{
    uint64_t len = 0, files = c->imsic ? acpi_address(b, c->imsic, 0, &len) : 0;
    uint32_t size = PAGE << rb_number(b, c->imsic, "guest-index-bits");

    acpi_num(t, MADT_RINTC, 1);
    acpi_num(t, 36, 1);
    acpi_num(t, 1, 1); /* version */
    acpi_num(t, 0, 1);
    acpi_num(t, 1, 4); /* enabled */
    acpi_num(t, hart, 8);
    acpi_num(t, hart, 4); /* _UID */
    acpi_num(t, context_of(c, hart), 4); /* of controller 0 */
    acpi_num(t, files ? files + (uint64_t)hart * size : 0, 8);
    acpi_num(t, files ? size : 0, 4);
}

static void imsic(struct boot *b, struct acpi_buf *t, pb_dev *d)
{
    enum { GROUP_SHIFT = 24 }; /* the lowest there is: there are no groups */
    uint64_t ids = rb_number(b, d, "num-ids");

    acpi_num(t, MADT_IMSIC, 1);
    acpi_num(t, 16, 1);
    acpi_num(t, 1, 1);
    acpi_zero(t, 5);
    acpi_num(t, ids, 2);
    acpi_num(t, ids, 2); /* and of guests' files */
    acpi_num(t, rb_number(b, d, "guest-index-bits"), 1);
    acpi_num(t, bits_of(b->board->n_cpus(b->dev)), 1);
    acpi_num(t, 0, 1);
    acpi_num(t, GROUP_SHIFT, 1);
}

static void aplic(struct boot *b, struct acpi_buf *t, const struct rb_irqs *c)
{
    uint64_t len = 0, at = acpi_address(b, c->aplic, 0, &len);

    acpi_num(t, MADT_APLIC, 1);
    acpi_num(t, 36, 1);
    acpi_num(t, 1, 1);
    acpi_num(t, 0, 1); /* identifier */
    acpi_zero(t, 12);
    acpi_num(t, c->imsic ? 0 : b->board->n_cpus(b->dev), 2); /* interrupt delivery controls */
    acpi_num(t, rb_number(b, c->aplic, "num-sources"), 2);
    acpi_num(t, 0, 4); /* global interrupts from there on */
    acpi_num(t, at, 8);
    acpi_num(t, len, 4);
}

static void plic(struct boot *b, struct acpi_buf *t, pb_dev *d)
{
    uint64_t len = 0, at = acpi_address(b, d, 0, &len);

    acpi_num(t, MADT_PLIC, 1);
    acpi_num(t, 36, 1);
    acpi_num(t, 1, 1);
    acpi_num(t, 0, 1); /* identifier */
    acpi_zero(t, 8);
    acpi_num(t, rb_number(b, d, "num-sources"), 2);
    acpi_num(t, rb_number(b, d, "max-priority"), 2);
    acpi_num(t, 0, 4);
    acpi_num(t, len, 4);
    acpi_num(t, at, 8);
    acpi_num(t, 0, 4); /* global interrupts from there on */
}

void rb_madt(struct boot *b, struct acpi *a)
{
    struct rb_irqs c = rb_controllers(b);

    acpi_begin(a, "APIC", 6);
    acpi_zero(&a->tables, 8);
    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++)
        rintc(b, &a->tables, &c, i);
    if (c.imsic)
        imsic(b, &a->tables, c.imsic);
    if (c.aplic)
        aplic(b, &a->tables, &c);
    else if (c.plic)
        plic(b, &a->tables, c.plic);
    acpi_end(a);
}

/* ---- RHCT ---------------------------------------------------------------------------- */

enum { RHCT_ISA = 0, RHCT_CMO = 1, RHCT_MMU = 2, RHCT_HART = 0xffff };

/* A node's header; its offset in the table. */
static uint32_t node(struct acpi *a, uint16_t type, uint32_t len, uint32_t *n)
{
    uint32_t at = acpi_body(a);

    acpi_num(&a->tables, type, 2);
    acpi_num(&a->tables, len, 2);
    acpi_num(&a->tables, 1, 2);
    ++*n;
    return at;
}

static uint32_t isa_node(struct acpi *a, const char *isa, uint32_t *n)
{
    uint32_t len = (uint32_t)strlen(isa) + 1, pad = len & 1;
    uint32_t at = node(a, RHCT_ISA, 8 + len + pad, n);

    acpi_num(&a->tables, len, 2);
    acpi_put(&a->tables, isa, len);
    acpi_zero(&a->tables, pad);
    return at;
}

/* Bytes of a block by their power of two. */
static uint32_t block_bits(struct boot *b, const char *fact)
{
    const char *v = b->board->cpu_fact(b->dev, 0, fact);

    return v ? bits_of((uint32_t)strtoul(v, NULL, 0)) : 0;
}

static uint32_t cmo_node(struct boot *b, struct acpi *a, uint32_t *n)
{
    uint32_t clean = block_bits(b, "riscv,cbom-block-size");
    uint32_t zero = block_bits(b, "riscv,cboz-block-size");

    if (!clean && !zero)
        return 0;
    uint32_t at = node(a, RHCT_CMO, 10, n);
    acpi_num(&a->tables, 0, 1);
    acpi_num(&a->tables, clean, 1);
    acpi_num(&a->tables, 0, 1); /* prefetch: not told */
    acpi_num(&a->tables, zero, 1);
    return at;
}

static uint32_t mmu_node(struct boot *b, struct acpi *a, uint32_t *n)
{
    static const char *const types[] = {"riscv,sv39", "riscv,sv48", "riscv,sv57"};
    const char *type = b->board->cpu_fact(b->dev, 0, "mmu-type");

    for (uint32_t i = 0; type && i < 3; i++) {
        if (strcmp(type, types[i]))
            continue;
        uint32_t at = node(a, RHCT_MMU, 8, n);
        acpi_num(&a->tables, 0, 1);
        acpi_num(&a->tables, i, 1);
        return at;
    }
    return 0;
}

/* Harts are all of one model: one node each of what they can, and one that names them a hart. */
void rb_rhct(struct boot *b, struct acpi *a)
{
    enum { COUNT_AT = 48, NODES_AT = 56 };
    const char *isa = b->board->cpu_fact(b->dev, 0, "riscv,isa");
    uint32_t n = 0, at[3], k = 0;

    acpi_begin(a, "RHCT", 1);
    uint32_t table = a->tables.len - acpi_body(a);
    acpi_num(&a->tables, 0, 4);
    acpi_num(&a->tables, rb_timebase(b), 8);
    acpi_num(&a->tables, 0, 4); /* COUNT_AT */
    acpi_num(&a->tables, NODES_AT, 4);
    at[k++] = isa_node(a, isa ? isa : "rv64i", &n);
    if ((at[k] = cmo_node(b, a, &n)) != 0)
        k++;
    if ((at[k] = mmu_node(b, a, &n)) != 0)
        k++;
    for (uint32_t i = 0; i < b->board->n_cpus(b->dev); i++) {
        node(a, RHCT_HART, 12 + 4 * k, &n);
        acpi_num(&a->tables, k, 2);
        acpi_num(&a->tables, i, 4); /* _UID */
        for (uint32_t j = 0; j < k; j++)
            acpi_num(&a->tables, at[j], 4);
    }
    acpi_patch(&a->tables, table + COUNT_AT, n, 4);
    acpi_end(a);
}
