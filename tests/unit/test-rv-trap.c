/* SPDX-License-Identifier: MIT */
/* test-rv-trap.c - where traps go, in which order interrupts are taken, what returns restore. */
#include "rv-test.h"

#define INT (1ull << 63)

static struct cpu_host *h;

static void start(void)
{
    h = rt_new("rv64", NULL);
    rt_set(h, CSR(0x305), RT_BASE + 0x1000);
    rt_set(h, CSR(0x105), RT_BASE + 0x2000);
}

static void set_lines(uint32_t bits, int on)
{
    for (uint32_t n = 0; n < 12; n++)
        if (bits >> n & 1)
            h->cls->line_in(h->hart, n, on);
}

static void test_order(void)
{
    static const uint8_t order[] = {11, 3, 7, 9, 1, 5};
    uint32_t left = 0xaaa;
    start();
    rt_set(h, CSR(0x304), 0xaaa);
    set_lines(0xa88, 1);
    rt_set(h, CSR(0x344), 0x022);
    for (uint32_t i = 0; i < sizeof order; i++) {
        rt_set(h, CSR(0x300), MSTATUS_MIE);
        CU_ASSERT_EQUAL(h->hart->x.pending, 1);
        CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
        CU_ASSERT_EQUAL(h->hart->mcause, INT | order[i]);
        CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 0); /* MIE is off in the handler */
        left &= ~(1u << order[i]);
        rt_set(h, CSR(0x304), left);
    }
    rt_set(h, CSR(0x300), MSTATUS_MIE);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 0);
    cpu_host_free(h);
}

static void test_delegated_interrupt(void)
{
    start();
    rt_set(h, CSR(0x303), 0x222);
    rt_set(h, CSR(0x304), 0xaaa);
    set_lines(1u << 9, 1);
    rt_set(h, CSR(0x300), MSTATUS_MIE | MSTATUS_SIE);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 0); /* never in M */
    rt_set(h, CSR(0x300), 0);
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 0); /* SIE is clear */
    rt_set(h, PRIV, RV_PRIV_U);
    h->hart->x.pc = 0x1234;
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->scause, INT | 9);
    CU_ASSERT_EQUAL(h->hart->sepc, 0x1234);
    CU_ASSERT_EQUAL(h->hart->x.pc, RT_BASE + 0x2000);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_S);
    CU_ASSERT_EQUAL(h->hart->mstatus & MSTATUS_SPP, 0);
    set_lines(1u << 7, 1); /* one for M goes first, whatever S has off */
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->mcause, INT | 7);
    CU_ASSERT_EQUAL(h->hart->mstatus & MSTATUS_MPP, 1ull << MSTATUS_MPP_SHIFT);
    cpu_host_free(h);
}

static void test_vectored(void)
{
    start();
    rt_set(h, CSR(0x305), RT_BASE + 0x1001);
    rt_set(h, CSR(0x304), 0x80);
    rt_set(h, CSR(0x300), MSTATUS_MIE);
    set_lines(1u << 7, 1);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->x.pc, RT_BASE + 0x1000 + 4 * 7);
    rv_trap(h->hart, RV_E_BREAK, 0); /* exceptions go to the base */
    CU_ASSERT_EQUAL(h->hart->x.pc, RT_BASE + 0x1000);
    cpu_host_free(h);
}

static void test_exceptions(void)
{
    start();
    rt_set(h, CSR(0x302), 1u << RV_E_LOAD_PAGE);
    h->hart->x.pc = 0x40;
    rt_set(h, PRIV, RV_PRIV_U);
    rv_fault(&h->hart->x, 0x999, XL_R, RV_E_LOAD_PAGE);
    CU_ASSERT_EQUAL(h->hart->scause, RV_E_LOAD_PAGE);
    CU_ASSERT_EQUAL(h->hart->stval, 0x999);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_S);
    rv_fault(&h->hart->x, 0x123, XL_W, XL_FAULT_BUS); /* not delegated */
    CU_ASSERT_EQUAL(h->hart->mcause, RV_E_STORE);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_M);
    rv_fault(&h->hart->x, 0x124, XL_R, RV_E_LOAD_PAGE); /* from M it stays in M */
    CU_ASSERT_EQUAL(h->hart->mcause, RV_E_LOAD_PAGE);
    rv_fault(&h->hart->x, 0x125, XL_W, XL_FAULT_ALIGN);
    CU_ASSERT_EQUAL(h->hart->mcause, RV_E_STORE_ALIGN);
    rv_fault(&h->hart->x, 0x126, XL_X, XL_FAULT_BUS);
    CU_ASSERT_EQUAL(h->hart->mcause, RV_E_FETCH);
    cpu_host_free(h);
}

static void test_returns(void)
{
    start();
    rt_set(h, CSR(0x341), 0x5000);
    rt_set(h, CSR(0x300), MSTATUS_MPIE | MSTATUS_MPRV | 1ull << MSTATUS_MPP_SHIFT);
    CU_ASSERT_EQUAL(rv_mret(&h->hart->x, 0, 0, 0, 0), 0x5000);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_S);
    CU_ASSERT_EQUAL(h->hart->mstatus & (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV),
                    MSTATUS_MIE | MSTATUS_MPIE);
    rt_set(h, CSR(0x141), 0x6000);
    rt_set(h, CSR(0x100), MSTATUS_SIE);
    CU_ASSERT_EQUAL(rv_sret(&h->hart->x, 0, 0, 0, 0), 0x6000);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_U);
    CU_ASSERT_EQUAL(h->hart->mstatus & (MSTATUS_SIE | MSTATUS_SPIE), MSTATUS_SPIE);
    cpu_host_free(h);
}

static void test_wfi(void)
{
    start();
    rv_wfi(&h->hart->x, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(h->hart->x.halted, 1);
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 0);
    set_lines(1u << 3, 1); /* not enabled in mie: sleeps on */
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 0);
    set_lines(1u << 3, 0);
    rt_set(h, CSR(0x304), 8);
    set_lines(1u << 3, 1); /* enabled, though MIE is off: wakes, takes nothing */
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 1);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 0);
    rv_wfi(&h->hart->x, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(h->hart->x.halted, 0); /* pending already: does not wait */
    cpu_host_free(h);
}

/* A loop of WFIs that all find the same pending: a hart that is parked so does not spin. */
static void test_nap(void)
{
    uint32_t n = 0;

    start();
    rt_set(h, CSR(0x304), 8);
    set_lines(1u << 3, 1);
    while (n < 100 && !h->hart->x.halted) {
        rv_wfi(&h->hart->x, 0, 0, 0, 0);
        n++;
    }
    CU_ASSERT(n > 4 && n < 100); /* once or twice is no loop */
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 0);
    set_lines(1u << 3, 0);
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 0);
    set_lines(1u << 3, 1); /* asked for again */
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 1);
    rv_wfi(&h->hart->x, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(h->hart->x.halted, 0); /* that was news */
    for (n = 0; n < 100 && !h->hart->x.halted; n++)
        rv_wfi(&h->hart->x, 0, 0, 0, 0);
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 0);
    rv_nap_over(h->hart); /* the timer */
    CU_ASSERT_EQUAL(h->cls->can_run(h->hart), 1);
    cpu_host_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"order of interrupts", test_order}, {"delegated interrupts", test_delegated_interrupt},
        {"vectored mode", test_vectored}, {"exceptions", test_exceptions},
        {"mret and sret", test_returns}, {"wfi", test_wfi},
        {"a loop of wfi", test_nap}, CU_TEST_INFO_NULL};
    return rt_main("rv-trap", tests);
}
