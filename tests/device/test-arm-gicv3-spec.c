/* SPDX-License-Identifier: MIT */
/* arm-gicv3 against IHI 0069: affinity routing, SGIs by cluster, PPIs, priorities and EOImode by
 * system registers, LPIs and their tables, list registers; then system registers at random. */
#include "suite.h"

#include <plugboard/arm.h>

#define R(op1, crn, crm, op2) PB_ARM_SYSREG_NO(3, op1, crn, crm, op2)
enum { PMR = R(0, 4, 6, 0), IAR0 = R(0, 12, 8, 0), BPR0 = R(0, 12, 8, 3), DIR = R(0, 12, 11, 1),
       RPR = R(0, 12, 11, 3), SGI1R = R(0, 12, 11, 5), IAR1 = R(0, 12, 12, 0),
       EOIR1 = R(0, 12, 12, 1), HPPIR1 = R(0, 12, 12, 2), BPR1 = R(0, 12, 12, 3),
       CTLR = R(0, 12, 12, 4), SRE = R(0, 12, 12, 5), IGRPEN0 = R(0, 12, 12, 6),
       IGRPEN1 = R(0, 12, 12, 7), ICH_HCR = R(4, 12, 11, 0), ICH_VTR = R(4, 12, 11, 1),
       ICH_MISR = R(4, 12, 11, 2), ICH_ELRSR = R(4, 12, 11, 5), ICH_VMCR = R(4, 12, 11, 7),
       LR0 = R(4, 12, 12, 0), LR1 = R(4, 12, 12, 1) };
#define RD(cpu) ((cpu) * 0x20000ull)
#define SGI(cpu) (RD(cpu) + 0x10000)
#define CPUS 18
#define RAM 0x40000000ull

static pbt *b;
static pb_dev *g;
static const struct pb_arm_sysreg *sys;

static uint32_t rd(uint32_t region, uint64_t off)
{
    return (uint32_t)pbt_read(g, region, off, 4);
}

static void wr(uint32_t region, uint64_t off, uint32_t v)
{
    pbt_write(g, region, off, v, 4);
}

static uint64_t mrs(uint32_t cpu, uint32_t reg)
{
    uint64_t v = 0;

    CU_ASSERT_EQUAL(sys->read(pbt_self(g), cpu, reg, 1, &v), PB_OK);
    return v;
}

static void msr(uint32_t cpu, uint32_t reg, uint64_t v)
{
    CU_ASSERT_EQUAL(sys->write(pbt_self(g), cpu, reg, 1, v), PB_OK);
}

static void bench(void)
{
    b = pbt_new();
    pbt_load(b, "arm-gicv3");
    g = pbt_create(b, NULL, 0, "arm-gicv3", "gic", "has-lpi=on,has-virtualization=on");
    pbt_outputs_all(g, CPUS);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_reset(g, PB_RESET_COLD);
    sys = pbt_provides(g, PB_ARM_SYSREG);
    wr(0, 0, 3);
    for (uint32_t c = 0; c < CPUS; c++) {
        wr(1, RD(c) + 0x14, 0);
        wr(1, SGI(c) + 0x80, ~0u);
        wr(1, SGI(c) + 0x100, 0xffff);
        msr(c, PMR, 0xff);
        msr(c, IGRPEN1, 1);
    }
}

static void spi(uint32_t n, uint8_t prio, uint64_t affinity)
{
    wr(0, 0x80 + n / 32 * 4, rd(0, 0x80 + n / 32 * 4) | 1u << n % 32);
    pbt_write(g, 0, 0x400 + n, prio, 1);
    pbt_write(g, 0, 0x6000 + 8 * n, affinity, 8);
    wr(0, 0x100 + n / 32 * 4, 1u << n % 32);
}

static void test_identity(void)
{
    bench();
    CU_ASSERT_EQUAL(rd(0, 0), 0x53);
    CU_ASSERT_EQUAL(rd(0, 4) & 0x1f, 8);
    CU_ASSERT_EQUAL(rd(0, 0xffe8), 0x3b);
    CU_ASSERT_EQUAL(pbt_read(g, 1, RD(0) + 8, 8), 1);
    CU_ASSERT_EQUAL(pbt_read(g, 1, RD(17) + 8, 8), 0x101ull << 32 | 17 << 8 | 0x11);
    CU_ASSERT_EQUAL(rd(1, RD(17) + 12), 0x101);
    CU_ASSERT_EQUAL(mrs(3, SRE), 7);
    CU_ASSERT_EQUAL(mrs(3, PMR), 0xf8);
    CU_ASSERT_EQUAL(mrs(3, IAR1), 1023);
    CU_ASSERT_EQUAL(mrs(3, RPR), 0xff);
    uint64_t v;
    CU_ASSERT_EQUAL(sys->read(pbt_self(g), 0, EOIR1, 1, &v), PB_ENOENT);
    CU_ASSERT_EQUAL(sys->read(pbt_self(g), CPUS, IAR1, 1, &v), PB_ENOENT);
    CU_ASSERT_EQUAL(sys->read(pbt_self(g), 0, R(0, 12, 8, 5), 1, &v), PB_ENOENT);
    wr(0, 0x6000 + 8 * 40 + 4, 0xffffffff); /* half of a register */
    CU_ASSERT_EQUAL(pbt_read(g, 0, 0x6000 + 8 * 40, 8), 0xffull << 32);
    pbt_free(b);
}

/* GICR_WAKER: asleep after reset unless firmware is said to have woken it (12.11.28). */
static void test_waker(void)
{
    for (uint32_t awake = 0; awake < 2; awake++) {
        b = pbt_new();
        pbt_load(b, "arm-gicv3");
        g = pbt_create(b, NULL, 0, "arm-gicv3", "gic", awake ? "awake=on" : NULL);
        pbt_outputs_all(g, 1);
        CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
        pbt_reset(g, PB_RESET_COLD);
        sys = pbt_provides(g, PB_ARM_SYSREG);
        wr(0, 0, 3);
        wr(1, SGI(0) + 0x80, ~0u);
        wr(1, SGI(0) + 0x100, 0xffff);
        msr(0, PMR, 0xff);
        msr(0, IGRPEN1, 1);
        msr(0, SGI1R, 1 | 1u << 24);
        CU_ASSERT_EQUAL(rd(1, 0x14), awake ? 0 : 6);
        CU_ASSERT_EQUAL(mrs(0, IAR1), awake ? 1 : 1023);
        pbt_free(b);
    }
}

static void test_spi(void)
{
    bench();
    spi(40, 0x80, 0x101);
    pbt_line(g, 8, 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 17), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0);
    CU_ASSERT_EQUAL(mrs(17, HPPIR1), 40);
    pbt_write(g, 0, 0x6000 + 8 * 40, 2, 8); /* to another CPU while pending */
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 17), 0);
    CU_ASSERT_EQUAL(mrs(2, IAR1), 40);
    CU_ASSERT_EQUAL(rd(0, 0x304), 1 << 8);
    CU_ASSERT_EQUAL(mrs(2, RPR), 0x80);
    pbt_reload(b);
    g = pbt_find(b, "gic");
    sys = pbt_provides(g, PB_ARM_SYSREG);
    msr(2, EOIR1, 40);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 2), 1); /* the line is still high */
    CU_ASSERT_EQUAL(mrs(2, IAR1), 40);
    pbt_line(g, 8, 0);
    msr(2, EOIR1, 40);
    CU_ASSERT_EQUAL(mrs(2, IAR1), 1023);
    wr(0, 0xc08, 2 << 16); /* edge */
    wr(0, 0x40, 40);       /* a message by GICD_SETSPI */
    CU_ASSERT_EQUAL(mrs(2, IAR1), 40);
    msr(2, EOIR1, 40);
    pbt_write(g, 0, 0x6000 + 8 * 40, 0x7f, 8); /* there is no such CPU */
    pbt_line(g, 8, 1);
    for (uint32_t c = 0; c < CPUS; c++)
        CU_ASSERT_EQUAL(pbt_level(g, "irq", c), 0);
    pbt_free(b);
}

static void test_sgi_ppi(void)
{
    bench();
    msr(0, SGI1R, 1ull << 16 | 5 << 24 | 3); /* cluster 1: CPUs 16 and 17 */
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 16) + pbt_level(g, "irq", 17), 2);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0) + pbt_level(g, "irq", 1), 0);
    CU_ASSERT_EQUAL(mrs(16, IAR1), 5);
    msr(16, EOIR1, 5);
    CU_ASSERT_EQUAL(mrs(17, IAR1), 5);
    msr(17, EOIR1, 5);
    msr(3, SGI1R, 1ull << 40 | 6 << 24); /* all but me */
    for (uint32_t c = 0; c < CPUS; c++)
        CU_ASSERT_EQUAL(mrs(c, IAR1), c == 3 ? 1023 : 6);
    wr(1, SGI(4) + 0x100, 1u << 27);
    pbt_line(g, 988 + 4 * 16 + 11, 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 4), 0); /* SGI 6 runs */
    msr(4, EOIR1, 6);
    CU_ASSERT_EQUAL(mrs(4, IAR1), 27);
    CU_ASSERT_EQUAL(rd(1, SGI(4) + 0x300), 1u << 27);
    wr(1, SGI(5) + 0x80, 0); /* Group 0 takes no SGI of Group 1; it is FIQ's */
    msr(5, EOIR1, 6);
    msr(4, SGI1R, 1 << 5);
    CU_ASSERT_EQUAL(mrs(5, HPPIR1), 1023);
    pbt_free(b);
}

static void test_priorities(void)
{
    bench();
    spi(50, 0xa0, 0);
    spi(51, 0x90, 0);
    pbt_line(g, 18, 1);
    CU_ASSERT_EQUAL(mrs(0, IAR1), 50);
    msr(0, BPR1, 7); /* 0x90 and 0xa0 are of one preemption level */
    pbt_line(g, 19, 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0);
    msr(0, BPR1, 0);
    CU_ASSERT_EQUAL(mrs(0, BPR1), 3);
    CU_ASSERT_EQUAL(mrs(0, IAR1), 51);
    msr(0, CTLR, 2); /* EOImode 1 */
    pbt_line(g, 19, 0);
    msr(0, EOIR1, 51);
    CU_ASSERT_EQUAL(mrs(0, RPR), 0xa0);
    CU_ASSERT_EQUAL(rd(0, 0x304), 3 << 18);
    msr(0, DIR, 51);
    CU_ASSERT_EQUAL(rd(0, 0x304), 1 << 18);
    msr(0, PMR, 0xa0);
    msr(0, EOIR1, 50);
    msr(0, DIR, 50);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0); /* masked */
    msr(0, PMR, 0xa8);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 1);
    msr(0, IGRPEN1, 0);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 0), 0);
    pbt_free(b);
}

static void test_lpi(void)
{
    bench();
    uint8_t *ram = pbt_ram(b, RAM, 0x40000);
    ram[8] = 0xa1;           /* LPI 8200: enabled */
    ram[9] = 0x40;           /* LPI 8201: not */
    ram[0x10000 + 8200 / 8] = 3; /* both are pending in CPU 1's table */
    pbt_write(g, 1, RD(1) + 0x70, RAM | 15, 8);
    pbt_write(g, 1, RD(1) + 0x78, RAM + 0x10000, 8);
    wr(1, RD(1), 1);
    CU_ASSERT_EQUAL(rd(1, RD(1)), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 1), 1);
    CU_ASSERT_EQUAL(mrs(1, IAR1), 8200);
    CU_ASSERT_EQUAL(mrs(1, RPR), 0xa0);
    msr(1, EOIR1, 8200);
    CU_ASSERT_EQUAL(mrs(1, IAR1), 1023);
    pbt_reload(b);
    g = pbt_find(b, "gic");
    sys = pbt_provides(g, PB_ARM_SYSREG);
    ram[9] = 0x41;
    wr(1, RD(1), 0); /* goes back to memory */
    CU_ASSERT_EQUAL(ram[0x10000 + 8200 / 8], 2);
    wr(1, RD(1), 1);
    CU_ASSERT_EQUAL(mrs(1, IAR1), 8201);
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 1), 0);
    wr(1, RD(2), 1); /* tables at 0: no memory, no LPI */
    CU_ASSERT_EQUAL(pbt_level(g, "irq", 2), 0);
    pbt_free(b);
}

static uint64_t virt(uint32_t write, uint32_t reg, uint64_t v)
{
    int rc = write ? sys->write(pbt_self(g), 0, reg, 1 | PB_ARM_AT_VIRT, v)
                   : sys->read(pbt_self(g), 0, reg, 1 | PB_ARM_AT_VIRT, &v);

    CU_ASSERT_EQUAL(rc, PB_OK);
    return v;
}

static void test_virtual(void)
{
    bench();
    CU_ASSERT_EQUAL(mrs(0, ICH_VTR) & 31, 3);
    CU_ASSERT_EQUAL(mrs(0, ICH_ELRSR), 15);
    wr(1, SGI(0) + 0x100, 1u << 25); /* the maintenance interrupt */
    msr(0, ICH_VMCR, 0xf8000002 | 3 << 18 | 2 << 21);
    msr(0, ICH_HCR, 1);
    spi(60, 0x80, 0);
    pbt_line(g, 28, 1);
    CU_ASSERT_EQUAL(mrs(0, IAR1), 60);
    pbt_line(g, 28, 0);
    msr(0, LR0, 1ull << 62 | 1ull << 61 | 1ull << 60 | 0x80ull << 48 | 60ull << 32 | 33);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 1);
    CU_ASSERT_EQUAL(virt(0, HPPIR1, 0), 33);
    CU_ASSERT_EQUAL(virt(0, IAR1, 0), 33);
    CU_ASSERT_EQUAL(pbt_level(g, "virq", 0), 0);
    CU_ASSERT_EQUAL(virt(0, RPR, 0), 0x80);
    CU_ASSERT_EQUAL(mrs(0, LR0) >> 62, 2);
    CU_ASSERT_EQUAL(rd(0, 0x304), 1 << 28);
    virt(1, EOIR1, 33); /* ends the physical interrupt, too */
    CU_ASSERT_EQUAL(rd(0, 0x304), 0);
    CU_ASSERT_EQUAL(mrs(0, ICH_ELRSR), 15);
    msr(0, LR1, 1ull << 62 | 1ull << 60 | 1ull << 41 | 34); /* tell when it ends */
    msr(0, ICH_HCR, 1);
    CU_ASSERT_EQUAL(virt(0, IAR1, 0), 34);
    msr(0, EOIR1, 60);
    virt(1, EOIR1, 34);
    CU_ASSERT_EQUAL(mrs(0, ICH_MISR), 1);
    CU_ASSERT_EQUAL(mrs(0, IAR1), 25);
    pbt_free(b);
}

static void test_random(void)
{
    uint64_t s = 20240229, v;

    bench();
    pbt_quiet(b, 1);
    pbt_ram(b, RAM, 0x40000);
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t r = pbt_rand(&s);
        static const uint8_t crm[] = {6, 8, 9, 11, 12, 13};
        uint32_t reg = R((r & 7) == 7 ? 4 : (r >> 3 & 3) * 2, r & 0x100 ? 12 : 4,
                         crm[(r >> 9) % 6], r >> 12 & 7);
        v = r & 0x8000 ? pbt_rand(&s) : 1ull << (r >> 16 & 63);
        if (r & 0x10000)
            sys->write(pbt_self(g), r >> 24 & 31, reg, r >> 32 & 15, v);
        else
            sys->read(pbt_self(g), r >> 24 & 31, reg, r >> 32 & 15, &v);
        if (i % 8 == 0)
            pbt_line(g, (r >> 40) % (988 + 16 * CPUS), r >> 39 & 1);
        if (i % 4 == 0)
            pbt_write(g, 1, (r >> 40) % (CPUS * 0x20000) & ~7ull, v, 4u << (r >> 38 & 1));
        if (i % 20000 == 0) {
            pbt_reload(b);
            g = pbt_find(b, "gic");
            sys = pbt_provides(g, PB_ARM_SYSREG);
        }
    }
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"identification", test_identity},
        {"redistributors asleep and awake", test_waker},
        {"SPIs and affinity routing", test_spi},
        {"SGIs by cluster, PPIs", test_sgi_ppi},
        {"priorities, binary point, EOImode", test_priorities},
        {"LPIs and their tables", test_lpi},
        {"list registers", test_virtual},
        {"system registers at random", test_random},
    };

    return SUITE_RUN("arm-gicv3", tests);
}
