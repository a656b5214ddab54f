/* SPDX-License-Identifier: MIT */
/* acpi-pptt.c - how CPUs are grouped (PPTT): sockets, clusters if -smp names them, cores, threads.
 * ACPI 6.5, 5.2.30.1 (processor hierarchy node).
 * Not modelled: caches. */
#include "acpi.h"

enum { PACKAGE = 1, HAS_CPU = 2, THREAD = 4, LEAF = 8 };

/* Where it is in the table, for its children. */
static uint32_t node(struct acpi *a, uint32_t flags, uint32_t parent, uint32_t id)
{
    uint32_t at = acpi_body(a);

    acpi_num(&a->tables, 0, 1); /* hierarchy node */
    acpi_num(&a->tables, 20, 1);
    acpi_num(&a->tables, 0, 2);
    acpi_num(&a->tables, flags, 4);
    acpi_num(&a->tables, parent, 4);
    acpi_num(&a->tables, id, 4);
    acpi_num(&a->tables, 0, 4); /* no resources of its own */
    return at;
}

void aa_pptt(struct arm_boot *b, struct acpi *a)
{
    struct boot_topology t = boot_topology(&b->c);
    uint32_t clusters = t.clusters ? t.clusters : 1, cpu = 0, core_id = 0;

    acpi_begin(a, "PPTT", 2);
    for (uint32_t s = 0; s < t.sockets; s++) {
        uint32_t socket = node(a, PACKAGE, 0, s);
        for (uint32_t c = 0; c < clusters; c++) {
            uint32_t up = t.clusters ? node(a, 0, socket, s * clusters + c) : socket;
            for (uint32_t k = 0; k < t.cores; k++) {
                if (t.threads == 1) {
                    node(a, HAS_CPU | LEAF, up, cpu++);
                    continue;
                }
                uint32_t core = node(a, 0, up, core_id++);
                for (uint32_t i = 0; i < t.threads; i++)
                    node(a, HAS_CPU | THREAD | LEAF, core, cpu++);
            }
        }
    }
    acpi_end(a);
}
