/* SPDX-License-Identifier: MIT */
/* test-rv-aia.c - Smaia and Ssaia: the window to an interrupt file, top interrupts, interrupts that
 * M filters or makes up for S. */
#include "rv-test.h"

#define INT (1ull << 63)
enum { MVIEN = 0x308, MVIP, MIE = 0x304, MIP = 0x344, SIE = 0x104, SIP = 0x144, MIDELEG = 0x303,
       MISELECT = 0x350, MIREG, MTOPEI = 0x35c, SISELECT = 0x150, SIREG, STOPEI = 0x15c,
       MTOPI = 0xfb0, STOPI = 0xdb0 };

static struct cpu_host *h;

/* An interrupt file that keeps what was asked of it. */
static struct {
    uint32_t hart, reg, claims;
    uint64_t mask, v;
} asked;

static int access_file(void *self, uint32_t hart, uint32_t file, uint32_t reg, uint64_t mask,
                       uint64_t v, uint64_t *old)
{
    (void)self;
    asked.hart = hart;
    asked.reg = reg;
    asked.mask = mask;
    asked.v = v;
    *old = 0x55;
    return file || reg & 1 ? PB_ENOENT : PB_OK;
}

static uint32_t top(void *self, uint32_t hart, uint32_t file, uint32_t claim)
{
    (void)self, (void)hart, (void)file;
    asked.claims += claim;
    return 7u << 16 | 7;
}

static const struct pb_riscv_imsic imsic = {sizeof imsic, 0, access_file, top};

static void start(const char *props)
{
    h = rt_new("rv64", props);
    rt_set(h, CSR(0x305), RT_BASE + 0x1000);
    rt_set(h, CSR(0x105), RT_BASE + 0x2000);
    memset(&asked, 0, sizeof asked);
}

static int window(uint32_t n, uint32_t kind, int writes, uint64_t v)
{
    uint64_t old;
    return rv_window(h->hart, n, kind, writes, v, &old);
}

static void test_window(void)
{
    uint64_t old = 0;
    start("smaia=on,ssaia=on");
    rt_set(h, CSR(MISELECT), 0x80);
    CU_ASSERT_EQUAL(window(MIREG, RV_CSR_SWAP, 0, 0), PB_EACCES); /* no IMSIC */
    CU_ASSERT_EQUAL(window(MTOPEI, RV_CSR_SWAP, 0, 0), PB_EACCES);
    h->hart->imsic[0] = h->hart->imsic[1] = &imsic;
    CU_ASSERT_EQUAL(rv_window(h->hart, MIREG, RV_CSR_SET, 1, 0xf0, &old), PB_OK);
    CU_ASSERT_EQUAL(old, 0x55);
    CU_ASSERT_EQUAL(asked.mask, 0xf0);
    CU_ASSERT_EQUAL(asked.v & 0xf0, 0xf0);
    CU_ASSERT_EQUAL(window(MIREG, RV_CSR_CLEAR, 1, 0xf0), PB_OK);
    CU_ASSERT_EQUAL(asked.mask, 0xf0);
    CU_ASSERT_EQUAL(asked.v & 0xf0, 0);
    CU_ASSERT_EQUAL(window(MIREG, RV_CSR_SET, 0, 0), PB_OK);
    CU_ASSERT_EQUAL(asked.mask, 0); /* a read changes nothing */
    CU_ASSERT_EQUAL(window(MTOPEI, RV_CSR_SET, 0, 0), PB_OK);
    CU_ASSERT_EQUAL(asked.claims, 0);
    CU_ASSERT_EQUAL(rv_window(h->hart, STOPEI, RV_CSR_SWAP, 1, 0, &old), PB_OK);
    CU_ASSERT_EQUAL(asked.claims, 1);
    CU_ASSERT_EQUAL(old, 7u << 16 | 7);
    rt_set(h, CSR(SISELECT), 0x81);
    CU_ASSERT_EQUAL(window(SIREG, RV_CSR_SWAP, 0, 0), PB_EACCES);
    rt_set(h, CSR(SISELECT), 0x40); /* reserved */
    CU_ASSERT_EQUAL(window(SIREG, RV_CSR_SWAP, 0, 0), PB_EACCES);
    rt_set(h, CSR(SISELECT), 0x30); /* iprio: read-only zero, even ones only */
    CU_ASSERT_EQUAL(rv_window(h->hart, SIREG, RV_CSR_SWAP, 1, ~0ull, &old), PB_OK);
    CU_ASSERT_EQUAL(old, 0);
    rt_set(h, CSR(SISELECT), 0x31);
    CU_ASSERT_EQUAL(window(SIREG, RV_CSR_SWAP, 0, 0), PB_EACCES);
    CU_ASSERT_EQUAL(rt_wr(h, CSR(SISELECT), ~0ull), 0x1ff);
    cpu_host_free(h);
}

static void test_absent(void)
{
    static const uint32_t csr[] = {MVIEN, MVIP, MISELECT, MIREG, MTOPEI, SISELECT, SIREG, STOPEI,
                                   MTOPI, STOPI};
    start(NULL);
    for (uint32_t i = 0; i < sizeof csr / sizeof *csr; i++)
        CU_ASSERT_FALSE(rt_has(h, CSR(csr[i])));
    cpu_host_free(h);
}

static void test_top(void)
{
    start("smaia=on,ssaia=on");
    CU_ASSERT_EQUAL(rt_get(h, CSR(MTOPI)), 0);
    rt_set(h, CSR(MIDELEG), 0x222);
    rt_set(h, CSR(MIE), 0xaaa);
    h->cls->line_in(h->hart, 7, 1);
    h->cls->line_in(h->hart, 9, 1);
    rt_set(h, CSR(MIP), 0x2);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MTOPI)), 7u << 16 | 1);
    CU_ASSERT_EQUAL(rt_get(h, CSR(STOPI)), 9u << 16 | 1);
    h->cls->line_in(h->hart, 9, 0);
    CU_ASSERT_EQUAL(rt_get(h, CSR(STOPI)), 1u << 16 | 1);
    CU_ASSERT_EQUAL(rv_top(1ull << 43 | 1ull << 11), 43);
    CU_ASSERT_EQUAL(rv_top(1ull << 35 | 1ull << 13), 13);
    CU_ASSERT_EQUAL(rv_top(1ull << 35 | 1ull << 60), 35);
    CU_ASSERT_EQUAL(rv_top(1ull << 60), 60);
    cpu_host_free(h);
}

/* SEI goes to M, which gives S a virtual one. */
static void test_filter(void)
{
    start("smaia=on,ssaia=on");
    h->hart->imsic[1] = &imsic;
    CU_ASSERT_EQUAL(rt_wr(h, CSR(MVIEN), ~0ull), ~0x1fffull | 0x202);
    rt_set(h, CSR(MVIEN), 1u << 9);
    rt_set(h, CSR(MIE), 1u << 9);
    h->cls->line_in(h->hart, 9, 1);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SIP)), 0);
    CU_ASSERT_EQUAL(rt_wr(h, CSR(MIP), 0), 1u << 9); /* the controller's alone */
    rt_set(h, CSR(SIE), 1u << 9);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SIE)), 1u << 9);
    rt_set(h, CSR(0x300), MSTATUS_SIE);
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(window(STOPEI, RV_CSR_SWAP, 0, 0), PB_EACCES); /* M keeps the file */
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->mcause, INT | 9);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_M);
    h->cls->line_in(h->hart, 9, 0);
    rt_set(h, CSR(MVIP), 1u << 9);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MIP)), 0);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SIP)), 1u << 9);
    CU_ASSERT_EQUAL(rt_get(h, CSR(STOPI)), 9u << 16 | 1);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MTOPI)), 0);
    CU_ASSERT_EQUAL(rv_woken(h->hart), 1);
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->scause, INT | 9);
    CU_ASSERT_EQUAL(h->hart->priv, RV_PRIV_S);
    cpu_host_free(h);
}

/* A local interrupt that no hardware has: S clears it itself. */
static void test_made_up(void)
{
    start("smaia=on,ssaia=on");
    rt_set(h, CSR(MVIEN), 1ull << 40);
    rt_set(h, CSR(MVIP), 1ull << 40 | 1ull << 41 | 1ull << 7);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MVIP)), 1ull << 40 | 1ull << 41);
    CU_ASSERT_EQUAL(rt_get(h, CSR(SIP)), 1ull << 40);
    CU_ASSERT_EQUAL(rt_wr(h, CSR(SIE), ~0ull), 1ull << 40);
    rt_set(h, PRIV, RV_PRIV_U);
    CU_ASSERT_EQUAL(rv_interrupt(&h->hart->x), 1);
    CU_ASSERT_EQUAL(h->hart->scause, INT | 40);
    rt_set(h, CSR(SIP), 0);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MVIP)), 1ull << 41);
    CU_ASSERT_EQUAL(rv_woken(h->hart), 0);
    rt_set(h, CSR(MVIP), 2); /* SSIP is mip's while mvien has it not */
    CU_ASSERT_EQUAL(rt_get(h, CSR(MIP)), 2);
    rt_set(h, CSR(MVIEN), 2);
    rt_set(h, CSR(MVIP), 0);
    CU_ASSERT_EQUAL(rt_get(h, CSR(MIP)), 2);
    cpu_host_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"window", test_window}, {"absent", test_absent}, {"top interrupts", test_top},
        {"filtered", test_filter}, {"made up", test_made_up}, CU_TEST_INFO_NULL};
    return rt_main("riscv AIA", tests);
}
