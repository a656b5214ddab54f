/* SPDX-License-Identifier: MIT */
/* test-rv-mmu.c - page walks: modes, permissions, A and D, superpages, PMP. */
#include "rv-test.h"

#define V 1ull
#define R 2ull
#define W 4ull
#define X 8ull
#define U 16ull
#define A 64ull
#define D 128ull
#define ROOT (RT_BASE + 0x100000)

static struct cpu_host *h;

static uint64_t *entry(uint64_t table, uint32_t i)
{
    return (uint64_t *)(h->ram + (table - RT_BASE)) + i;
}

/* Tables for `va` in `levels` levels, leaf `pte` at level `at` (0: 4 KiB). */
static void map(uint32_t levels, uint64_t va, uint32_t at, uint64_t pte)
{
    uint64_t table = ROOT;
    for (uint32_t l = levels - 1; l > at; l--) {
        uint64_t next = ROOT + 0x1000 * (levels - l);
        *entry(table, va >> (12 + 9 * l) & 511) = next >> 12 << 10 | V;
        table = next;
    }
    *entry(table, va >> (12 + 9 * at) & 511) = pte;
}

static void start(uint32_t levels, uint64_t priv)
{
    h = rt_new("rv64", NULL);
    rt_set(h, CSR(0x3b0), ~0ull);
    rt_set(h, CSR(0x3a0), 0x1f);
    rt_set(h, CSR(0x180), (uint64_t)(5 + levels) << 60 | ROOT >> 12);
    rt_set(h, PRIV, priv);
}

static int walk(uint64_t va, uint32_t access, struct xl_walk *w)
{
    return rv_walk(&h->hart->x, va, access, 0, w);
}

static int code(uint64_t va, uint32_t access)
{
    struct xl_walk w;
    return walk(va, access, &w);
}

static uint64_t leaf(uint64_t pa, uint64_t bits)
{
    return pa >> 12 << 10 | bits;
}

static void test_modes(void)
{
    for (uint32_t levels = 3; levels <= 5; levels++) {
        struct xl_walk w;
        uint64_t top = 1ull << (11 + 9 * levels), va = (0 - top) | 0x5678;
        start(levels, RV_PRIV_S);
        map(levels, va, 0, leaf(0x81234000, V | R | W | A | D));
        CU_ASSERT_EQUAL(walk(va, XL_R, &w), 0);
        CU_ASSERT_EQUAL(w.pa, 0x81234678);
        CU_ASSERT_EQUAL(w.prot, XL_PROT_R | XL_PROT_W);
        CU_ASSERT_EQUAL(w.bits, 12);
        CU_ASSERT_EQUAL(code(va, XL_X), RV_E_FETCH_PAGE);
        CU_ASSERT_EQUAL(code(va ^ 1ull << 63, XL_R), RV_E_LOAD_PAGE); /* not sign-extended */
        CU_ASSERT_EQUAL(code(va + 0x1000, XL_W), RV_E_STORE_PAGE);
        cpu_host_free(h);
    }
}

static void test_permissions(void)
{
    start(3, RV_PRIV_S);
    map(3, 0x4000, 0, leaf(0x80004000, V | R | X | U | A));
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD_PAGE); /* SUM is clear */
    CU_ASSERT_EQUAL(code(0x4000, XL_X), RV_E_FETCH_PAGE);
    rt_set(h, CSR(0x300), MSTATUS_SUM);
    CU_ASSERT_EQUAL(code(0x4000, XL_R), 0);
    CU_ASSERT_EQUAL(code(0x4000, XL_X), RV_E_FETCH_PAGE);
    rt_set(h, PRIV, RV_PRIV_U);
    CU_ASSERT_EQUAL(code(0x4000, XL_X), 0);
    CU_ASSERT_EQUAL(code(0x4000, XL_W), RV_E_STORE_PAGE);
    map(3, 0x4000, 0, leaf(0x80004000, V | X | U | A));
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD_PAGE);
    rt_set(h, CSR(0x300), MSTATUS_MXR);
    CU_ASSERT_EQUAL(code(0x4000, XL_R), 0);
    map(3, 0x4000, 0, leaf(0x80004000, V | R | A));
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD_PAGE); /* supervisor's */
    map(3, 0x4000, 0, leaf(0x80004000, V | W | U | A | D));
    CU_ASSERT_EQUAL(code(0x4000, XL_W), RV_E_STORE_PAGE); /* W without R */
    map(3, 0x4000, 0, leaf(0x80004000, V | R | U | A) | 1ull << 63);
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD_PAGE); /* Svnapot is not there */
    cpu_host_free(h);
}

static void test_mprv(void)
{
    struct xl_walk w;
    start(3, RV_PRIV_M);
    map(3, 0x4000, 0, leaf(0x80005000, V | R | A));
    rt_set(h, CSR(0x300), MSTATUS_MPRV | 1ull << MSTATUS_MPP_SHIFT);
    CU_ASSERT_EQUAL(walk(0x4000, XL_R, &w), 0);
    CU_ASSERT_EQUAL(w.pa, 0x80005000);
    CU_ASSERT_EQUAL(walk(RT_BASE, XL_X, &w), 0); /* fetches stay machine mode's */
    CU_ASSERT_EQUAL(w.pa, RT_BASE);
    CU_ASSERT_EQUAL(w.prot, XL_PROT_X);
    cpu_host_free(h);
}

static void test_ad(void)
{
    struct xl_walk w;
    start(3, RV_PRIV_S);
    map(3, 0x4000, 0, leaf(0x80004000, V | R | W));
    uint64_t *pte = entry(ROOT + 0x2000, 4);
    CU_ASSERT_EQUAL(walk(0x4000, XL_R, &w), 0);
    CU_ASSERT_EQUAL(*pte & (A | D), A);
    CU_ASSERT_EQUAL(w.prot, XL_PROT_R); /* the first store must come here again */
    CU_ASSERT_EQUAL(walk(0x4000, XL_W, &w), 0);
    CU_ASSERT_EQUAL(*pte & (A | D), A | D);
    CU_ASSERT_EQUAL(w.prot, XL_PROT_R | XL_PROT_W);
    *pte &= ~(A | D);
    CU_ASSERT_EQUAL(rv_walk(&h->hart->x, 0x4000, XL_W, 1, &w), 0); /* a debugger's look */
    CU_ASSERT_EQUAL(*pte & (A | D), 0);
    rt_set(h, PRIV, RV_PRIV_M);
    rt_set(h, CSR(0x30a), 0); /* Svade */
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD_PAGE);
    *pte |= A;
    CU_ASSERT_EQUAL(code(0x4000, XL_R), 0);
    CU_ASSERT_EQUAL(code(0x4000, XL_W), RV_E_STORE_PAGE);
    CU_ASSERT_EQUAL(*pte & D, 0);
    cpu_host_free(h);
}

static void test_superpages(void)
{
    struct xl_walk w;
    start(4, RV_PRIV_S);
    map(4, 0x40200000, 1, leaf(0x80200000, V | R | A));
    CU_ASSERT_EQUAL(walk(0x40234567, XL_R, &w), 0);
    CU_ASSERT_EQUAL(w.pa, 0x80234567);
    CU_ASSERT_EQUAL(w.bits, 21);
    map(4, 0x40200000, 1, leaf(0x80201000, V | R | A));
    CU_ASSERT_EQUAL(code(0x40234567, XL_R), RV_E_LOAD_PAGE); /* misaligned */
    map(4, 0x40200000, 0, leaf(0x80201000, V)); /* a pointer at the last level */
    CU_ASSERT_EQUAL(code(0x40200000, XL_R), RV_E_LOAD_PAGE);
    *entry(ROOT, 0) |= U; /* reserved in a pointer */
    CU_ASSERT_EQUAL(code(0x40200000, XL_R), RV_E_LOAD_PAGE);
    cpu_host_free(h);
}

static void test_pmp(void)
{
    struct xl_walk w;
    start(3, RV_PRIV_M);
    map(3, 0x4000, 0, leaf(0x80300000, V | R | W | A | D));
    map(3, 0x5000, 0, leaf(0x80301000, V | R | W | A | D));
    rt_set(h, CSR(0x3a0), 0);
    rt_set(h, CSR(0x3b0), (RT_BASE + 0x301000) >> 2);       /* TOR: RWX below */
    rt_set(h, CSR(0x3b1), (RT_BASE + 0x301008) >> 2);       /* TOR: 8 bytes of R */
    rt_set(h, CSR(0x3a0), 0x090f);
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(walk(0x4000, XL_W, &w), 0);
    CU_ASSERT_EQUAL(w.uncached, 0);
    CU_ASSERT_EQUAL(walk(0x5000, XL_R, &w), 0);
    CU_ASSERT_EQUAL(w.uncached, 1);
    CU_ASSERT_EQUAL(code(0x5000, XL_W), RV_E_STORE);
    CU_ASSERT_EQUAL(code(0x5008, XL_R), RV_E_LOAD);
    rt_set(h, PRIV, RV_PRIV_M);
    CU_ASSERT_EQUAL(code(0x80301008, XL_W), 0); /* M passes what no entry matches … */
    CU_ASSERT_EQUAL(code(0x80301000, XL_W), 0); /* … and entries that are not locked */
    rt_set(h, CSR(0x3b0), ROOT >> 2); /* page tables out of reach */
    rt_set(h, CSR(0x3a0), 0x0f);
    rt_set(h, PRIV, RV_PRIV_S);
    CU_ASSERT_EQUAL(code(0x4000, XL_R), RV_E_LOAD);
    rt_set(h, PRIV, RV_PRIV_M);
    rt_set(h, CSR(0x3a0), 0x890f);
    CU_ASSERT_EQUAL(code(0x80301000, XL_W), RV_E_STORE);
    cpu_host_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"Sv39, Sv48, Sv57", test_modes}, {"permissions, SUM, MXR", test_permissions},
        {"MPRV", test_mprv}, {"A and D: Svadu, Svade", test_ad},
        {"superpages", test_superpages}, {"PMP", test_pmp}, CU_TEST_INFO_NULL};
    return rt_main("rv-mmu", tests);
}
