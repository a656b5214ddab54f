/* SPDX-License-Identifier: MIT */
/* test-rv-csr-warl.c - every CSR field holds only what the manual lets it hold. */
#include "rv-test.h"

static void test_status(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    const uint64_t fixed = 2ull << 34 | 2ull << 32;
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x300)), fixed);
    /* all ones: MPP=3, FS=3 and so SD; no VS, XS, big endian */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x300), ~0ull), 1ull << 63 | fixed | 0x7e79aa);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x100)), 1ull << 63 | 2ull << 32 | 0xc6122);
    rt_set(r, CSR(0x300), 0);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x300), 2ull << 11), fixed); /* MPP 2 does not stick */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x300), 1ull << 11), fixed | 1ull << 11);
    /* sstatus cannot touch M's fields */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x100), 0), 2ull << 32);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x300)), fixed | 1ull << 11);
    cpu_host_free(r);
}

static void test_interrupts(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x304), ~0ull), 0xaaa);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x303), ~0ull), 0x222);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x302), ~0ull), 0xb3ff);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x344), ~0ull), 0x222);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x144)), 0x222);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x144), 0), 0x220); /* S clears SSIP only */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x104), 0), 0);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x304)), 0x888);
    rt_set(r, CSR(0x303), 0x20);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x144)), 0x20); /* only what is delegated shows */
    r->cls->line_in(r->hart, 11, 1);
    r->cls->line_in(r->hart, 9, 1);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x344), 0), 0xa00); /* lines stay */
    r->cls->line_in(r->hart, 11, 0);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x344)), 0x200);
    cpu_host_free(r);
}

static void test_stimecmp(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    rt_set(r, CSR(0x344), 0x20);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x344)), 0x20);
    rt_set(r, CSR(0x30a), 1ull << 63); /* STCE: STIP is the comparison now */
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x344)), 0);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x344), 0x20), 0);
    rt_set(r, CSR(0x14d), 0);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x344)), 0x20);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x344), 0), 0x20);
    rt_set(r, CSR(0x14d), ~0ull);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x344)), 0);
    cpu_host_free(r);
}

static void test_addresses(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x305), ~0ull), ~2ull); /* MODE 0 or 1 */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x341), ~0ull), ~1ull);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x141), 0x1003), 0x1002);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x180), 10ull << 60 | 0xfffff), 10ull << 60 | 0xfffff);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x180), 11ull << 60), 10ull << 60 | 0xfffff); /* void */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x180), 5), 5);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x3b0), ~0ull), (1ull << 54) - 2); /* grain of 8, OFF */
    rt_set(r, CSR(0x3a0), 0x18);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x3b0)), (1ull << 54) - 1); /* NAPOT shows the bit */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x3a0), 0x1a), 0x18); /* W without R */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x3a0), 0x9f), 0x9f);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x3a0), 0), 0x9f); /* locked */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x3b0), 0), (1ull << 54) - 1);
    cpu_host_free(r);
}

static void test_envcfg(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0x30a)), 1ull << 61); /* Svadu without Svade: on at reset */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x30a), ~0ull), 5ull << 61 | 0xf1);
    rt_set(r, CSR(0x30a), 0x10);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x30a), 0x20), 0x10); /* CBIE 2 is reserved */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x10a), ~0ull), 0xf1);
    cpu_host_free(r);
}

static void test_float(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(3), ~0ull), 0xff);
    CU_ASSERT_EQUAL(rt_get(r, CSR(1)), 0x1f);
    CU_ASSERT_EQUAL(rt_get(r, CSR(2)), 7);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(2), 9), 1);
    CU_ASSERT_EQUAL(rt_get(r, CSR(3)), 0x3f);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(1), 0xe5), 5);
    cpu_host_free(r);
}

static void test_absent(void)
{
    struct cpu_host *r = rt_new("rv64", "sstc=off,zicntr=off,zihpm=off");
    CU_ASSERT_FALSE(rt_has(r, CSR(0x14d)));
    CU_ASSERT_FALSE(rt_has(r, CSR(0xc00)));
    CU_ASSERT_FALSE(rt_has(r, CSR(0xc03)));
    CU_ASSERT_TRUE(rt_has(r, CSR(0xb00)));
    CU_ASSERT_FALSE(rt_has(r, CSR(0x3a1))); /* odd pmpcfg: RV32 only */
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x30a), ~0ull), 1ull << 61 | 0xf1);
    cpu_host_free(r);
    r = rt_new("rv64", "s=off,u=off");
    CU_ASSERT_FALSE(rt_has(r, CSR(0x100)));
    CU_ASSERT_FALSE(rt_has(r, CSR(0x302)));
    CU_ASSERT_FALSE(rt_has(r, CSR(0x306)));
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x304), ~0ull), 0x888);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x300), 0) & 0x1800, 0x1800); /* MPP is always M */
    cpu_host_free(r);
}

static void test_counters(void)
{
    struct cpu_host *r = rt_new("rv64", NULL);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x320), ~0ull), 5);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0xb00), 1234), 1234);
    r->now += 1000000;
    CU_ASSERT_EQUAL(rt_get(r, CSR(0xb00)), 1234); /* inhibited */
    rt_set(r, CSR(0x320), 0);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0xb02), 0), 0); /* read by the next instruction */
    r->now += 1000000;
    CU_ASSERT(rt_get(r, CSR(0xb00)) > 900000);
    CU_ASSERT(rt_get(r, CSR(0xb02)) > 900000);
    CU_ASSERT_EQUAL(rt_get(r, CSR(0xc02)) >= 900000, 1);
    CU_ASSERT_EQUAL(rt_wr(r, CSR(0x323), ~0ull), 0);
    cpu_host_free(r);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"mstatus and sstatus", test_status}, {"mie, mip, delegation", test_interrupts},
        {"STIP belongs to Sstc when it is on", test_stimecmp},
        {"tvec, epc, satp, PMP", test_addresses}, {"menvcfg and senvcfg", test_envcfg},
        {"fcsr", test_float}, {"absent extensions", test_absent},
        {"counters", test_counters}, CU_TEST_INFO_NULL};
    return rt_main("rv-csr-warl", tests);
}
