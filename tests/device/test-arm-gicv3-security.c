/* SPDX-License-Identifier: MIT */
/* arm-gicv3 with two Security states against IHI 0069: what Non-secure software sees and may do
 * (4.6.3, 4.8.1), FIQ or IRQ by where the CPU is (4.6.2), banked registers, SGIs between the states,
 * and GICD_CTLR.DS. */
#include "suite.h"

#include <plugboard/arm.h>

#define R(op1, crn, crm, op2) PB_ARM_SYSREG_NO(3, op1, crn, crm, op2)
enum { PMR = R(0, 4, 6, 0), IAR0 = R(0, 12, 8, 0), EOIR0 = R(0, 12, 8, 1), HPPIR0 = R(0, 12, 8, 2),
       RPR = R(0, 12, 11, 3), DIR = R(0, 12, 11, 1), SGI1R = R(0, 12, 11, 5),
       ASGI1R = R(0, 12, 11, 6), SGI0R = R(0, 12, 11, 7), IAR1 = R(0, 12, 12, 0),
       EOIR1 = R(0, 12, 12, 1), BPR1 = R(0, 12, 12, 3), CTLR = R(0, 12, 12, 4),
       IGRPEN0 = R(0, 12, 12, 6), IGRPEN1 = R(0, 12, 12, 7), CTLR3 = R(6, 12, 12, 4),
       IGRPEN1_3 = R(6, 12, 12, 7) };
enum { EL3 = 3 | PB_ARM_AT_SECURE, S = 1 | PB_ARM_AT_SECURE, NS = 1 | PB_ARM_AT_FIQ };
#define SGI 0x10000
#define RAM 0x40000000ull

static pbt *b;
static pb_dev *g;
static const struct pb_arm_sysreg *sys;

static uint32_t rd(uint32_t at, uint32_t region, uint64_t off)
{
    pbt_as(b, 0, at & PB_ARM_AT_SECURE ? PB_TXN_SECURE : 0);
    return (uint32_t)pbt_read(g, region, off, 4);
}

static void wr(uint32_t at, uint32_t region, uint64_t off, uint32_t v)
{
    pbt_as(b, 0, at & PB_ARM_AT_SECURE ? PB_TXN_SECURE : 0);
    pbt_write(g, region, off, v, 4);
}

static uint64_t mrs(uint32_t at, uint32_t reg)
{
    uint64_t v = 0;

    CU_ASSERT_EQUAL(sys->read(pbt_self(g), 0, reg, at, &v), PB_OK);
    return v;
}

static void msr(uint32_t at, uint32_t reg, uint64_t v)
{
    CU_ASSERT_EQUAL(sys->write(pbt_self(g), 0, reg, at, v), PB_OK);
}

/* Lines of CPU 0 where it is now: 1: IRQ, 2: FIQ. */
static uint32_t lines(uint32_t at)
{
    sys->moved(pbt_self(g), 0, at);
    return (uint32_t)pbt_level(g, "irq", 0) | (uint32_t)pbt_level(g, "fiq", 0) << 1;
}

/* SGIs 1, 2, 3 and SPIs 41, 42, 43 are of Group 0, Secure and Non-secure Group 1, in this order of
 * priority; all is on. */
static void bench(uint32_t nonsecure)
{
    b = pbt_new();
    pbt_load(b, "arm-gicv3");
    g = pbt_create(b, NULL, 0, "arm-gicv3", "gic", "has-lpi=on,has-security-extensions=on");
    pbt_outputs_all(g, 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(g), PB_OK);
    const struct pb_arm_start *start = pbt_provides(g, PB_ARM_START);
    start->start(pbt_self(g), nonsecure ? PB_ARM_START_NONSECURE : PB_ARM_START_SECURE);
    pbt_reset(g, PB_RESET_COLD);
    sys = pbt_provides(g, PB_ARM_SYSREG);
    if (nonsecure)
        return;
    wr(S, 1, 0x14, 0);
    wr(S, 0, 0, 7);
    for (uint32_t w = 0; w < 2; w++) {
        uint32_t region = !w, base = w ? 4 : SGI;
        wr(S, region, base + 0x80, w ? 1 << 11 : 1 << 3);
        wr(S, region, w ? 0xd04 : SGI + 0xd00, w ? 1 << 10 : 1 << 2);
        wr(S, region, base + 0x100, w ? 7 << 9 : 7 << 1);
        wr(S, region, w ? 0x428 : SGI + 0x400, 0xa0402000);
    }
    msr(S, PMR, 0xff);
    msr(S, IGRPEN0, 1);
    msr(EL3, IGRPEN1_3, 3);
}

static void pend(uint32_t n, uint32_t on)
{
    wr(S, n < 32 ? 1 : 0, n < 32 ? SGI + (on ? 0x200 : 0x280) : on ? 0x204 : 0x284,
       1u << n % 32);
}

static void test_views(void)
{
    bench(0);
    CU_ASSERT_EQUAL(rd(S, 0, 0), 0x37);
    CU_ASSERT_EQUAL(rd(NS, 0, 0), 0x12);
    CU_ASSERT_EQUAL(rd(S, 0, 4) >> 10 & 1, 1);
    CU_ASSERT_EQUAL(rd(NS, 1, 0x14), 0);
    wr(NS, 1, 0x14, 2);
    CU_ASSERT_EQUAL(rd(S, 1, 0x14), 0);
    for (uint32_t w = 0; w < 2; w++) { /* redistributor, distributor */
        uint32_t region = !w, base = w ? 4 : SGI, mod = w ? 0xd04 : SGI + 0xd00, k = w ? 9 : 1;
        CU_ASSERT_EQUAL(rd(NS, region, base + 0x80), 0);
        CU_ASSERT_EQUAL(rd(NS, region, mod), 0);
        wr(NS, region, base + 0x80, ~0u);
        wr(NS, region, mod, ~0u);
        CU_ASSERT_EQUAL(rd(S, region, base + 0x80), 4u << k);
        CU_ASSERT_EQUAL(rd(S, region, mod), 2u << k);
        CU_ASSERT_EQUAL(rd(NS, region, base + 0x100), 4u << k);
        wr(NS, region, base + 0x180, ~0u);
        CU_ASSERT_EQUAL(rd(S, region, base + 0x100), 3u << k);
        wr(S, region, base + 0x100, 4u << k);
        wr(NS, region, base + 0x200, ~0u);
        CU_ASSERT_EQUAL(rd(S, region, base + 0x200), 4u << k);
        wr(NS, region, base + 0x280, ~0u);
        CU_ASSERT_EQUAL(rd(NS, region, w ? 0x428 : SGI + 0x400), 0x40000000);
        wr(NS, region, w ? 0x428 : SGI + 0x400, 0xf0f0f0f0);
        CU_ASSERT_EQUAL(rd(S, region, w ? 0x428 : SGI + 0x400), 0xf8402000);
    }
    wr(NS, 0, 0x6000 + 8 * 42, 1); /* GICD_IROUTER, GICD_SETSPI_NSR and _SR */
    CU_ASSERT_EQUAL(rd(S, 0, 0x6000 + 8 * 42), 0);
    wr(NS, 0, 0x40, 42);
    wr(NS, 0, 0x50, 43);
    CU_ASSERT_EQUAL(rd(S, 0, 0x204), 0);
    wr(S, 0, 0x50, 42);
    CU_ASSERT_EQUAL(rd(S, 0, 0x204), 1 << 10);
    wr(NS, 0, 0, 0);
    CU_ASSERT_EQUAL(rd(S, 0, 0), 0x35);
    pbt_free(b);
}

static void test_lines(void)
{
    bench(0);
    for (uint32_t n = 1; n < 44; n += n == 3 ? 38 : 1) { /* Group 0, 1 Secure, 1 Non-secure */
        uint32_t group = n % 10;
        pend(n, 1);
        CU_ASSERT_EQUAL(lines(EL3), 2);
        CU_ASSERT_EQUAL(lines(S), group == 2 ? 1 : 2);
        CU_ASSERT_EQUAL(lines(NS), group == 3 ? 1 : 2);
        CU_ASSERT_EQUAL(mrs(EL3, HPPIR0), group == 1 ? n : group == 2 ? 1020 : 1021);
        CU_ASSERT_EQUAL(mrs(NS, IAR0), 1023);
        if (group != 2)
            CU_ASSERT_EQUAL(mrs(S, IAR1), 1023);
        if (group != 3)
            CU_ASSERT_EQUAL(mrs(NS, IAR1), 1023);
        if (group == 1) {
            CU_ASSERT_EQUAL(mrs(S, IAR0), n);
            msr(S, EOIR0, n);
        } else { /* EL3 takes it, and its own state ends it */
            CU_ASSERT_EQUAL(mrs(EL3, IAR1), n);
            CU_ASSERT_EQUAL(mrs(S, RPR), group == 2 ? 0x40 : 0xa0);
            CU_ASSERT_EQUAL(mrs(NS, RPR), group == 2 ? 0 : 0x40);
            msr(group == 2 ? S : NS, EOIR1, n);
        }
        CU_ASSERT_EQUAL(mrs(S, RPR), 0xff);
        CU_ASSERT_EQUAL(lines(S), 0);
    }
    pbt_free(b);
}

static void test_banks(void)
{
    bench(0);
    msr(NS, PMR, 0x80);
    CU_ASSERT_EQUAL(mrs(S, PMR), 0xc0);
    CU_ASSERT_EQUAL(mrs(NS, PMR), 0x80);
    msr(S, PMR, 0x50); /* masks all that is Non-secure: not theirs to see or change */
    CU_ASSERT_EQUAL(mrs(NS, PMR), 0);
    msr(NS, PMR, 0xff);
    CU_ASSERT_EQUAL(mrs(S, PMR), 0x50);
    msr(1, PMR, 0xff); /* SCR_EL3.FIQ is 0 */
    CU_ASSERT_EQUAL(mrs(S, PMR), 0xf8);
    msr(NS, IGRPEN1, 0);
    CU_ASSERT_EQUAL(mrs(EL3, IGRPEN1_3), 2);
    CU_ASSERT_EQUAL(mrs(S, IGRPEN1), 1);
    CU_ASSERT_EQUAL(mrs(EL3, IGRPEN1), 1);
    CU_ASSERT_EQUAL(mrs(EL3 | PB_ARM_AT_NS, IGRPEN1), 0);
    msr(NS, CTLR, 2);
    msr(S, CTLR, 1);
    CU_ASSERT_EQUAL(mrs(EL3, CTLR3) & 0x1f, 0x11);
    msr(EL3, CTLR3, 0x0c); /* EOImode of EL3 and of Secure EL1 */
    CU_ASSERT_EQUAL(mrs(S, CTLR) & 3, 2);
    CU_ASSERT_EQUAL(mrs(NS, CTLR) & 3, 0);
    msr(NS, BPR1, 5);
    msr(S, BPR1, 0);
    CU_ASSERT_EQUAL(mrs(NS, BPR1), 5);
    CU_ASSERT_EQUAL(mrs(S, BPR1), 2);
    pbt_reload(b);
    g = pbt_find(b, "gic");
    sys = pbt_provides(g, PB_ARM_SYSREG);
    CU_ASSERT_EQUAL(mrs(EL3, CTLR3) & 0x1f, 0x0c);
    CU_ASSERT_EQUAL(mrs(NS, BPR1), 5);
    pend(2, 1);
    CU_ASSERT_EQUAL(mrs(S, IAR1), 2);
    msr(S, EOIR1, 2);
    CU_ASSERT_EQUAL(rd(S, 1, SGI + 0x300), 4);
    msr(NS, DIR, 2);
    CU_ASSERT_EQUAL(rd(S, 1, SGI + 0x300), 4);
    msr(S, DIR, 2);
    CU_ASSERT_EQUAL(rd(S, 1, SGI + 0x300), 0);
    pbt_free(b);
}

static void test_sgis(void)
{
    static const struct { uint32_t at, reg, n; } t[] = {
        {S, SGI0R, 1}, {S, SGI1R, 2}, {S, ASGI1R, 3}, {NS, SGI0R, 0}, {NS, SGI1R, 3},
        {NS, ASGI1R, 0}};

    bench(0);
    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        for (uint32_t n = 1; n <= 3; n++)
            msr(t[i].at, t[i].reg, n << 24 | 1);
        CU_ASSERT_EQUAL(rd(S, 1, SGI + 0x200), t[i].n ? 1u << t[i].n : 0);
        wr(S, 1, SGI + 0x280, ~0u);
    }
    pbt_free(b);
}

/* GICD_CTLR.DS is set for good; a kernel without firmware finds all Non-secure and awake. */
static void test_starts(void)
{
    bench(0);
    wr(S, 0, 0, 0x47);
    CU_ASSERT_EQUAL(rd(NS, 0, 0), 0x53);
    wr(S, 0, 0, 3);
    CU_ASSERT_EQUAL(rd(S, 0, 0), 0x53);
    pend(3, 1);
    CU_ASSERT_EQUAL(lines(EL3), 1);
    CU_ASSERT_EQUAL(mrs(EL3, IAR1), 3);
    msr(NS, EOIR1, 3);
    pend(2, 1); /* GICR_IGRPMODR0 counts no more */
    CU_ASSERT_EQUAL(lines(S), 2);
    CU_ASSERT_EQUAL(mrs(S, IAR0), 2);
    pbt_free(b);

    bench(1);
    wr(NS, 0, 0, 0x13);
    wr(NS, 1, SGI + 0x100, 8);
    wr(NS, 1, SGI + 0x400, 0x40000000);
    msr(1, PMR, 0xf0);
    msr(1, IGRPEN1, 1);
    msr(1, SGI1R, 3 << 24 | 1);
    CU_ASSERT_EQUAL(lines(1), 1);
    CU_ASSERT_EQUAL(mrs(1, IAR1), 3);
    CU_ASSERT_EQUAL(mrs(1, RPR), 0xa0);
    uint8_t *ram = pbt_ram(b, RAM, 0x40000);
    ram[8] = 0x41; /* LPI 8200: its priority is a Non-secure one, too */
    ram[0x10000 + 8200 / 8] = 1;
    wr(NS, 1, 0x70, RAM | 15);
    wr(NS, 1, 0x78, RAM + 0x10000);
    wr(NS, 1, 0, 1);
    msr(1, EOIR1, 3);
    CU_ASSERT_EQUAL(mrs(1, IAR1), 8200);
    CU_ASSERT_EQUAL(mrs(1, RPR), 0xa0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"what Non-secure accesses see", test_views},
        {"IRQ or FIQ, and special INTIDs", test_lines},
        {"banked registers and Non-secure priorities", test_banks},
        {"SGIs of either state", test_sgis},
        {"one Security state after all; no firmware", test_starts},
    };

    return SUITE_RUN("arm-gicv3 security", tests);
}
