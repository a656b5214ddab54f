/* SPDX-License-Identifier: MIT */
/* arm-gicv2 with the Virtualization Extensions: what a hypervisor puts into list registers its
 * guest acknowledges and ends at GICV, with priorities, groups, hardware interrupts, and the
 * maintenance interrupt that tells the hypervisor. */
#include "suite.h"

enum { GICD, GICC, GICH, GICV };
enum { HCR = 0, VTR = 4, VMCR = 8, MISR = 0x10, EISR = 0x20, ELRSR = 0x30, APR = 0xf0, LR = 0x100 };
enum { CTLR = 0, PMR = 4, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18, AIAR = 0x20,
       AEOIR = 0x24, DIR = 0x1000 };
#define PENDING (1u << 28)
#define GROUP1 (1u << 30)
#define HW (1u << 31)
#define EOI (1u << 19)
#define PRIO(p) ((uint32_t)(p) << 20)

static pbt *b;
static pb_dev *g;

static uint32_t rd(uint32_t region, uint64_t off)
{
    return (uint32_t)pbt_read(g, region, off, 4);
}

static void wr(uint32_t region, uint64_t off, uint32_t v)
{
    pbt_write(g, region, off, v, 4);
}

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "arm-gicv2");
    g = pbt_create(b, NULL, 0, "arm-gicv2", "gic", "has-virtualization-extensions=on");
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    pbt_outputs_all(g, 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_reset(g, PB_RESET_COLD);
    wr(GICH, HCR, 1);
    wr(GICV, CTLR, 1);
    wr(GICV, PMR, 0xf8);
}

static void test_one(void)
{
    bench();
    CU_ASSERT_EQUAL(rd(GICH, VTR), 0x90000003);
    wr(GICH, LR, PENDING | PRIO(0x80) | 3u << 10 | 5); /* SGI 5 of virtual CPU 3 */
    wr(GICH, LR + 4, PENDING | PRIO(0x40) | 70);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0) | pbt_level(g, "virq", 1), 0);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 70);
    CU_ASSERT_EQUAL(rd(GICV, RPR), 0x40);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 0); /* 0x80 does not preempt */
    CU_ASSERT_EQUAL(rd(GICV, HPPIR), 3u << 10 | 5);
    pbt_reload(b);
    CU_ASSERT_EQUAL(rd(GICH, LR + 4) >> 28 & 3, 2);
    wr(GICV, EOIR, 70);
    CU_ASSERT_EQUAL(rd(GICH, ELRSR), 0xe);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 3u << 10 | 5);
    wr(GICV, EOIR, 3u << 10 | 5);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 1023);
    pbt_free(b);
}

static void test_groups(void)
{
    bench();
    wr(GICV, CTLR, 3 | 8); /* both groups, Group 0 by FIQ */
    wr(GICH, LR, PENDING | GROUP1 | PRIO(0x20) | 40);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 1);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 1022); /* AckCtl is off */
    CU_ASSERT_EQUAL(rd(GICV, AIAR), 40);
    wr(GICV, AEOIR, 40);
    wr(GICH, LR, PENDING | PRIO(0x20) | 41);
    CU_ASSERT_EQUAL(pbt_level(g, "vfiq", 0), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 0);
    CU_ASSERT_EQUAL(rd(GICH, VMCR), 3u | 8 | 3u << 18 | 2u << 21 | 0xf8u << 24);
    wr(GICH, VMCR, 0);
    CU_ASSERT_EQUAL(rd(GICV, CTLR) | rd(GICV, PMR), 0);
    CU_ASSERT_EQUAL(pbt_level(g, "vfiq", 0), 0);
    pbt_free(b);
}

/* The guest's end of an interrupt with HW ends the real one. */
static void test_hardware(void)
{
    bench();
    wr(GICD, 0, 1);
    wr(GICC, CTLR, 1 | 0x200); /* EOImode: the hypervisor only drops */
    wr(GICC, PMR, 0xf8);
    wr(GICD, 0x104, 1u << 8);
    wr(GICD, 0x828, 1); /* interrupt 40 to CPU 0 */
    pbt_line(g, 8, 1);
    CU_ASSERT_EQUAL(rd(GICC, IAR), 40);
    wr(GICC, EOIR, 40);
    CU_ASSERT_EQUAL(rd(GICD, 0x304), 1u << 8);
    wr(GICH, LR, PENDING | HW | PRIO(0x80) | 40u << 10 | 33);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 33);
    pbt_line(g, 8, 0);
    wr(GICV, EOIR, 33);
    CU_ASSERT_EQUAL(rd(GICD, 0x304), 0);
    pbt_free(b);
}

static void test_maintenance(void)
{
    bench();
    wr(GICD, 0x100, 1u << 25);
    wr(GICH, LR, PENDING | EOI | PRIO(0x80) | 50);
    CU_ASSERT_EQUAL(rd(GICH, MISR), 0);
    CU_ASSERT_EQUAL(rd(GICV, IAR), 50);
    wr(GICV, EOIR, 50);
    CU_ASSERT_EQUAL(rd(GICH, EISR), 1);
    CU_ASSERT_EQUAL(rd(GICH, MISR), 1);
    CU_ASSERT_EQUAL(rd(GICD, 0x200) >> 25 & 1, 1);
    wr(GICH, LR, 0);
    CU_ASSERT_EQUAL(rd(GICD, 0x200) >> 25 & 1, 0);
    wr(GICH, HCR, 1 | 2 | 8); /* underflow, none pending */
    CU_ASSERT_EQUAL(rd(GICH, MISR), 2 | 8);
    wr(GICH, HCR, 1 | 4);
    wr(GICH, APR, 1);
    wr(GICV, EOIR, 60); /* in no list register: counted */
    CU_ASSERT_EQUAL(rd(GICH, HCR) >> 27, 1);
    CU_ASSERT_EQUAL(rd(GICH, MISR), 4);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"acknowledge and end", test_one}, {"groups", test_groups},
        {"hardware interrupts", test_hardware}, {"maintenance", test_maintenance},
    };

    return SUITE_RUN("arm-gicv2, virtualization", tests);
}
