/* SPDX-License-Identifier: MIT */
/* arm-gicv2 against IHI 0048B: SGIs and their sources, level and edge, targets, priorities and
 * preemption, EOImode, groups, the two security views, and the GICv2m frame. */
#include "suite.h"

#include <plugboard/arm.h>
#include <plugboard/msi.h>

enum { D_CTLR = 0, TYPER = 4, IGROUPR = 0x80, ISENABLER = 0x100, ICENABLER = 0x180,
       ISPENDR = 0x200, ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380,
       IPRIORITYR = 0x400, ITARGETSR = 0x800, ICFGR = 0xc00, SGIR = 0xf00, CPENDSGIR = 0xf10,
       SPENDSGIR = 0xf20 };
enum { C_CTLR = 0, PMR = 4, BPR = 8, IAR = 0xc, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18,
       ABPR = 0x1c, AIAR = 0x20, AEOIR = 0x24, APR = 0xd0, NSAPR = 0xe0, DIR = 0x1000 };

static pbt *b;
static pb_dev *g;
static uint32_t secure; /* PB_TXN_SECURE or 0 */

static uint32_t rd(uint32_t region, uint64_t off)
{
    return (uint32_t)pbt_read(g, region, off, 4);
}

static void wr(uint32_t region, uint64_t off, uint32_t v)
{
    pbt_write(g, region, off, v, 4);
}

static void cpu(uint32_t n)
{
    pbt_as(b, n, secure);
}

static int32_t irq(uint32_t n)
{
    return pbt_level(g, "irq", n);
}

static void spi(uint32_t n, int32_t level)
{
    pbt_line(g, n - 32, level);
}

static void prio(uint32_t n, uint8_t p)
{
    pbt_write(g, 0, IPRIORITYR + n, p, 1);
}

static void enable(uint32_t n, uint8_t p, uint8_t targets)
{
    prio(n, p);
    pbt_write(g, 0, ITARGETSR + n, targets, 1);
    wr(0, ISENABLER + n / 32 * 4, 1u << n % 32);
}

/* Two CPUs, everything on, no priority masked. */
static void bench(const char *props)
{
    b = pbt_new();
    secure = props ? PB_TXN_SECURE : 0;
    pbt_load(b, "arm-gicv2");
    g = pbt_create(b, NULL, 0, "arm-gicv2", "gic", props);
    pbt_outputs(g, "irq", 2);
    pbt_outputs(g, "fiq", 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    pbt_reset(g, PB_RESET_COLD);
    for (int c = 1; c >= 0; c--) {
        cpu((uint32_t)c);
        wr(1, C_CTLR, 3);
        wr(1, PMR, 0xff);
    }
    wr(0, D_CTLR, 3);
}

static void test_identity(void)
{
    bench(NULL);
    CU_ASSERT_EQUAL(rd(0, TYPER), 1 << 5 | 8);
    CU_ASSERT_EQUAL(rd(0, 0xfe8), 0x2b);
    CU_ASSERT_EQUAL(rd(1, 0xfc), 0x0202143b);
    CU_ASSERT_EQUAL(rd(1, IAR), 1023);
    CU_ASSERT_EQUAL(rd(1, RPR), 0xff);
    CU_ASSERT_EQUAL(rd(1, PMR), 0xf8);
    CU_ASSERT_EQUAL(rd(0, ISENABLER), 0xffff);
    CU_ASSERT_EQUAL(rd(0, ITARGETSR), 0x01010101);
    cpu(1);
    CU_ASSERT_EQUAL(rd(0, ITARGETSR), 0x02020202);
    wr(0, IPRIORITYR + 32, 0xffffffff); /* five bits; banked ones do not show */
    CU_ASSERT_EQUAL(rd(0, IPRIORITYR + 32), 0xf8f8f8f8);
    wr(0, IPRIORITYR, 0xa0a0a0a0);
    cpu(0);
    CU_ASSERT_EQUAL(rd(0, IPRIORITYR), 0);
    CU_ASSERT_EQUAL(pbt_read(g, 0, IPRIORITYR + 33, 1), 0xf8);
    pbt_free(b);
}

static void test_level(void)
{
    bench(NULL);
    enable(40, 0x80, 1);
    spi(40, 1);
    CU_ASSERT_EQUAL(irq(0), 1);
    CU_ASSERT_EQUAL(irq(1), 0);
    CU_ASSERT_EQUAL(rd(0, ISPENDR + 4), 1 << 8);
    CU_ASSERT_EQUAL(rd(1, HPPIR), 40);
    CU_ASSERT_EQUAL(rd(1, IAR), 40);
    CU_ASSERT_EQUAL(irq(0), 0);
    CU_ASSERT_EQUAL(rd(0, ISPENDR + 4), 1 << 8); /* active and pending: the line is high */
    CU_ASSERT_EQUAL(rd(0, ISACTIVER + 4), 1 << 8);
    CU_ASSERT_EQUAL(rd(1, RPR), 0x80);
    pbt_reload(b);
    g = pbt_find(b, "gic");
    wr(1, EOIR, 40);
    CU_ASSERT_EQUAL(irq(0), 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 40);
    spi(40, 0);
    wr(1, EOIR, 40);
    CU_ASSERT_EQUAL(irq(0), 0);
    CU_ASSERT_EQUAL(rd(1, IAR), 1023);
    wr(0, ISPENDR + 4, 1 << 8); /* software's latch, and how it is cleared */
    CU_ASSERT_EQUAL(irq(0), 1);
    wr(0, ICPENDR + 4, 1 << 8);
    CU_ASSERT_EQUAL(irq(0), 0);
    spi(40, 1);
    wr(0, ICPENDR + 4, 1 << 8); /* the line is still high */
    CU_ASSERT_EQUAL(irq(0), 1);
    wr(0, ICENABLER + 4, 1 << 8);
    CU_ASSERT_EQUAL(irq(0), 0);
    pbt_free(b);
}

static void test_edge(void)
{
    bench(NULL);
    enable(41, 0x80, 3);
    wr(0, ICFGR + 8, 2 << 18);
    CU_ASSERT_EQUAL(rd(0, ICFGR + 8), 2 << 18);
    spi(41, 1);
    spi(41, 0);
    CU_ASSERT_EQUAL(irq(0) + irq(1), 2); /* both are told, one gets it */
    CU_ASSERT_EQUAL(rd(1, IAR), 41);
    CU_ASSERT_EQUAL(irq(0) + irq(1), 0);
    cpu(1);
    CU_ASSERT_EQUAL(rd(1, IAR), 1023);
    spi(41, 1); /* again, while it is active */
    CU_ASSERT_EQUAL(irq(0) + irq(1), 0);
    cpu(0);
    wr(1, EOIR, 41);
    CU_ASSERT_EQUAL(irq(0) + irq(1), 2);
    cpu(1);
    CU_ASSERT_EQUAL(rd(1, IAR), 41);
    wr(1, EOIR, 41);
    CU_ASSERT_EQUAL(irq(0) + irq(1), 0); /* high, but no edge */
    pbt_free(b);
}

static void test_sgi(void)
{
    bench(NULL);
    wr(0, SGIR, 1 << 24 | 5); /* all but me */
    CU_ASSERT_EQUAL(irq(0), 0);
    CU_ASSERT_EQUAL(irq(1), 1);
    cpu(1);
    wr(0, SGIR, 2 << 24 | 5); /* me */
    CU_ASSERT_EQUAL(pbt_read(g, 0, SPENDSGIR + 5, 1), 3);
    CU_ASSERT_EQUAL(rd(1, IAR), 5); /* of CPU 0 */
    CU_ASSERT_EQUAL(rd(1, IAR), 1023); /* active: the second source waits */
    wr(1, EOIR, 5);
    CU_ASSERT_EQUAL(rd(1, HPPIR), 1 << 10 | 5);
    CU_ASSERT_EQUAL(rd(1, IAR), 1 << 10 | 5);
    wr(1, EOIR, 1 << 10 | 5);
    CU_ASSERT_EQUAL(rd(1, IAR), 1023);
    wr(0, SGIR, 0xff << 16 | 7); /* those of the list that there are */
    CU_ASSERT_EQUAL(irq(0) + irq(1), 2);
    pbt_write(g, 0, CPENDSGIR + 7, 2, 1);
    CU_ASSERT_EQUAL(irq(1), 0);
    cpu(0);
    CU_ASSERT_EQUAL(rd(1, IAR), 1 << 10 | 7);
    wr(0, ISENABLER, 1u << 30); /* a PPI is each CPU's own */
    prio(30, 0);
    pbt_line(g, 988 + 16 + 14, 1);
    CU_ASSERT_EQUAL(irq(0) + irq(1), 0);
    pbt_line(g, 988 + 14, 1);
    CU_ASSERT_EQUAL(irq(0), 0); /* SGI 7 of priority 0 still runs */
    wr(1, EOIR, 7);
    CU_ASSERT_EQUAL(irq(0), 1);
    pbt_free(b);
}

static void test_preemption(void)
{
    bench(NULL);
    enable(50, 0xa0, 1);
    enable(51, 0x90, 1);
    enable(52, 0x90, 1);
    enable(53, 0x40, 1);
    spi(50, 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 50);
    spi(52, 1);
    spi(51, 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 51); /* preempts; the lower number first */
    CU_ASSERT_EQUAL(rd(1, IAR), 1023); /* 52 is not higher */
    CU_ASSERT_EQUAL(rd(1, APR), 1u << 20 | 1u << 18);
    wr(1, BPR, 7); /* no preemption at all */
    spi(53, 1);
    CU_ASSERT_EQUAL(irq(0), 0);
    wr(1, BPR, 0);
    CU_ASSERT_EQUAL(rd(1, BPR), 2); /* the smallest for five bits */
    CU_ASSERT_EQUAL(irq(0), 1);
    wr(1, PMR, 0x40);
    CU_ASSERT_EQUAL(irq(0), 0); /* masked: not higher than the mask */
    wr(1, PMR, 0x48);
    CU_ASSERT_EQUAL(rd(1, IAR), 53);
    CU_ASSERT_EQUAL(rd(1, RPR), 0x40);
    spi(53, 0);
    wr(1, EOIR, 53);
    CU_ASSERT_EQUAL(rd(1, RPR), 0x90);
    spi(51, 0);
    wr(1, EOIR, 51);
    wr(1, PMR, 0xf0);
    CU_ASSERT_EQUAL(rd(1, IAR), 52);
    spi(52, 0);
    wr(1, EOIR, 52);
    CU_ASSERT_EQUAL(rd(1, RPR), 0xa0);
    spi(50, 0);
    wr(1, EOIR, 50);
    CU_ASSERT_EQUAL(rd(1, RPR), 0xff);
    uint64_t errors = pbt_guest_errors(b);
    wr(1, EOIR, 50);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), errors + 2); /* nothing runs, 50 is not active */
    pbt_free(b);
}

static void test_eoimode(void)
{
    bench(NULL);
    wr(1, C_CTLR, 0x203);
    enable(60, 0x80, 3);
    spi(60, 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 60);
    wr(1, EOIR, 60); /* the priority drops, it stays active */
    CU_ASSERT_EQUAL(rd(1, RPR), 0xff);
    CU_ASSERT_EQUAL(rd(0, ISACTIVER + 4), 1 << 28);
    CU_ASSERT_EQUAL(irq(0), 0);
    cpu(1); /* any CPU may deactivate */
    wr(1, DIR, 60);
    CU_ASSERT_EQUAL(rd(0, ISACTIVER + 4), 0);
    CU_ASSERT_EQUAL(irq(0), 1);
    pbt_free(b);
}

static void test_groups(void)
{
    bench(NULL);
    enable(70, 0x80, 1);
    enable(71, 0x90, 1);
    wr(0, IGROUPR + 8, 1 << 6);
    wr(1, C_CTLR, 0xb); /* Group 0 by FIQ */
    spi(70, 1);
    CU_ASSERT_EQUAL(irq(0), 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 1022); /* Group 1 is GICC_AIAR's */
    spi(71, 1);
    CU_ASSERT_EQUAL(rd(1, AIAR), 70);
    wr(1, ABPR, 7);
    CU_ASSERT_EQUAL(irq(0) + pbt_level(g, "fiq", 0), 0);
    CU_ASSERT_EQUAL(rd(1, NSAPR), 1 << 16);
    spi(70, 0);
    wr(1, AEOIR, 70);
    CU_ASSERT_EQUAL(pbt_level(g, "fiq", 0), 1);
    CU_ASSERT_EQUAL(irq(0), 0);
    CU_ASSERT_EQUAL(rd(1, AIAR), 1023);
    CU_ASSERT_EQUAL(rd(1, IAR), 71);
    wr(0, D_CTLR, 2); /* Group 0 off in the distributor */
    spi(71, 0);
    wr(1, EOIR, 71);
    spi(71, 1);
    CU_ASSERT_EQUAL(pbt_level(g, "fiq", 0), 0);
    pbt_free(b);
}

static void test_security(void)
{
    bench("has-security-extensions=on");
    wr(1, C_CTLR, 0xb);
    enable(70, 0x80, 1);
    enable(71, 0x40, 1);
    wr(0, IGROUPR + 8, 1 << 6); /* 70 is Non-secure's */
    pbt_as(b, 0, 0);
    CU_ASSERT_EQUAL(rd(0, D_CTLR), 1);
    CU_ASSERT_EQUAL(rd(0, ISENABLER + 8), 1 << 6);
    CU_ASSERT_EQUAL(pbt_read(g, 0, IPRIORITYR + 70, 1), 0);
    pbt_write(g, 0, IPRIORITYR + 70, 0x80, 1);
    pbt_write(g, 0, IPRIORITYR + 71, 0, 1); /* not its own */
    wr(1, PMR, 0xf0);
    CU_ASSERT_EQUAL(rd(1, PMR), 0xf0);
    CU_ASSERT_EQUAL(rd(1, C_CTLR), 1);
    cpu(0);
    CU_ASSERT_EQUAL(pbt_read(g, 0, IPRIORITYR + 70, 1), 0xc0);
    CU_ASSERT_EQUAL(pbt_read(g, 0, IPRIORITYR + 71, 1), 0x40);
    CU_ASSERT_EQUAL(rd(1, PMR), 0xf8);
    spi(71, 1);
    CU_ASSERT_EQUAL(pbt_level(g, "fiq", 0), 1);
    pbt_as(b, 0, 0);
    CU_ASSERT_EQUAL(rd(1, IAR), 1023); /* a Secure interrupt */
    wr(0, SGIR, 2 << 24 | 3);          /* SGI 3 is Group 0: not sent */
    CU_ASSERT_EQUAL(rd(1, HPPIR), 1023);
    cpu(0);
    CU_ASSERT_EQUAL(rd(1, IAR), 71);
    spi(70, 1);
    CU_ASSERT_EQUAL(irq(0), 0);
    spi(71, 0);
    wr(1, EOIR, 71);
    pbt_as(b, 0, 0);
    CU_ASSERT_EQUAL(rd(1, IAR), 70);
    CU_ASSERT_EQUAL(rd(1, RPR), 0x80);
    wr(1, EOIR, 70);
    CU_ASSERT_EQUAL(rd(1, RPR), 0xff);
    pbt_free(b);
}

/* A board without firmware starts its kernel in Non-secure state. */
static void test_nonsecure_start(void)
{
    bench("has-security-extensions=on");
    const struct pb_arm_start *t = pbt_provides(g, PB_ARM_START);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    t->start(pbt_self(g), PB_ARM_START_NONSECURE);
    pbt_reset(g, PB_RESET_COLD);
    pbt_as(b, 0, 0);
    wr(1, C_CTLR, 1);
    wr(1, PMR, 0xf0);
    wr(0, D_CTLR, 1);
    enable(70, 0x40, 1);
    CU_ASSERT_EQUAL(rd(1, PMR), 0xf0);
    spi(70, 1);
    CU_ASSERT_EQUAL(irq(0), 1);
    CU_ASSERT_EQUAL(pbt_level(g, "fiq", 0), 0);
    CU_ASSERT_EQUAL(rd(1, IAR), 70);
    spi(70, 0);
    wr(1, EOIR, 70);
    t->start(pbt_self(g), PB_ARM_START_SECURE);
    pbt_reset(g, PB_RESET_COLD);
    pbt_as(b, 0, 0);
    wr(1, PMR, 0xf0);
    CU_ASSERT_EQUAL(rd(1, PMR), 0); /* is Secure software's */
    pbt_free(b);
}

static void test_v2m(void)
{
    struct pb_msi_route r;

    bench(NULL);
    enable(81, 0x80, 1);
    wr(0, ICFGR + 20, 2 << 2);
    pb_dev *m = pbt_create(b, NULL, 0, "arm-gicv2m", "v2m",
                           "base-spi=48,num-spi=2,frame=0x8020000");
    pbt_outputs(m, "spi", 2);
    pbt_wire(m, "spi", 1, g, 49);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(m), PB_OK);
    CU_ASSERT_EQUAL(pbt_read(m, 0, 8, 4), 80 << 16 | 2);
    pbt_write(m, 0, 0x40, 81, 4);
    CU_ASSERT_EQUAL(rd(1, IAR), 81);
    wr(1, EOIR, 81);
    const struct pb_msi *msi = pbt_provides(m, PB_MSI);
    CU_ASSERT_EQUAL(msi->resolve(pbt_self(m), 8, 0x8020000, 81, &r), PB_ENOENT);
    CU_ASSERT_EQUAL(msi->resolve(pbt_self(m), 8, 0x8020040, 81, &r), PB_OK);
    pb_msi_send(&r);
    CU_ASSERT_EQUAL(irq(0), 1);
    CU_ASSERT_EQUAL(rd(1, IAR), 81);
    wr(1, EOIR, 81);
    CU_ASSERT_EQUAL(msi->resolve(pbt_self(m), 8, 0x8020040, 82, &r), PB_OK);
    pb_msi_send(&r); /* none of its SPIs */
    CU_ASSERT_EQUAL(rd(1, IAR), 1023);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"identification, banked registers, bytes", test_identity},
        {"level-sensitive interrupts", test_level},
        {"edge-triggered interrupts, 1 of N", test_edge},
        {"SGIs and PPIs", test_sgi},
        {"priority, binary point, mask", test_preemption},
        {"EOImode", test_eoimode},
        {"groups", test_groups},
        {"Security Extensions", test_security},
        {"Non-secure start", test_nonsecure_start},
        {"GICv2m", test_v2m},
    };

    return SUITE_RUN("arm-gicv2", tests);
}
