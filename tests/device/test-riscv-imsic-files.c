/* SPDX-License-Identifier: MIT */
/* riscv-imsic: messages make numbers pending in the file that their address names; enables,
 * threshold and delivery decide about the line; claims take the lowest; guests' files are apart;
 * what is no number, no file, no register changes nothing. */
#include "suite.h"

#include <plugboard/msi.h>
#include <plugboard/riscv.h>

#define ADDR 0x28000000ull
enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xc0 };

static pbt *b;
static pb_dev *s;
static const struct pb_riscv_imsic *csr;
static const struct pb_msi *msi;

static void bench(const char *props)
{
    b = pbt_new();
    pbt_load(b, "riscv-imsic");
    s = pbt_create(b, NULL, 0, "riscv-imsic", "imsic", props);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    pbt_outputs(s, "irq", 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(s), PB_OK);
    pbt_reset(s, PB_RESET_COLD);
    csr = pbt_provides(s, PB_RISCV_IMSIC);
    msi = pbt_provides(s, PB_MSI);
}

static uint64_t get(uint32_t hart, uint32_t file, uint32_t reg)
{
    uint64_t v = 0xbad;

    CU_ASSERT_EQUAL(csr->access(pbt_self(s), hart, file, reg, 0, 0, &v), PB_OK);
    return v;
}

static void put(uint32_t hart, uint32_t file, uint32_t reg, uint64_t v)
{
    uint64_t old;

    CU_ASSERT_EQUAL(csr->access(pbt_self(s), hart, file, reg, ~0ull, v, &old), PB_OK);
}

static int message(uint64_t addr, uint32_t data)
{
    struct pb_msi_route r;
    int rc = msi->resolve(pbt_self(s), 8, addr, data, &r);

    if (rc == PB_OK)
        pb_msi_send(&r);
    return rc;
}

static uint32_t claim(uint32_t hart)
{
    return csr->top(pbt_self(s), hart, 0, 1);
}

static void test_delivery(void)
{
    bench("addr=0x28000000");
    message(ADDR + 0x1000, 70);
    message(ADDR + 0x1000, 9);
    pbt_write(s, 0, 0x1000, 200, 4);
    CU_ASSERT_EQUAL(get(1, 0, EIP), 1ull << 9);
    CU_ASSERT_EQUAL(get(1, 0, EIP + 2), 1ull << 6);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    put(1, 0, EIE, ~0ull);
    put(1, 0, EIE + 2, ~0ull);
    put(1, 0, EIE + 6, ~0ull);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0); /* delivery is off */
    put(1, 0, EIDELIVERY, 1);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 1);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 0), 0);
    pbt_reload(b);
    csr = pbt_provides(s, PB_RISCV_IMSIC);
    CU_ASSERT_EQUAL(claim(1), 9u << 16 | 9);
    put(1, 0, EITHRESHOLD, 70); /* 70 and above are out */
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    CU_ASSERT_EQUAL(claim(1), 0);
    put(1, 0, EITHRESHOLD, 71);
    CU_ASSERT_EQUAL(claim(1), 70u << 16 | 70);
    put(1, 0, EITHRESHOLD, 0);
    CU_ASSERT_EQUAL(claim(1), 200u << 16 | 200);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    pbt_free(b);
}

/* What a hart sets and clears by csrrs and csrrc leaves the bits beside it alone. */
static void test_masks(void)
{
    uint64_t old;

    bench("addr=0x28000000");
    message(ADDR, 5);
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 0, 0, EIP, 1ull << 8, ~0ull, &old), PB_OK);
    CU_ASSERT_EQUAL(old, 1ull << 5);
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 0, 0, EIP, 1ull << 5, 0, &old), PB_OK);
    CU_ASSERT_EQUAL(get(0, 0, EIP), 1ull << 8);
    pbt_free(b);
}

static void test_limits(void)
{
    uint64_t old;

    bench("addr=0x28000000,num-irqs=127");
    put(0, 0, EIE, ~0ull);
    CU_ASSERT_EQUAL(get(0, 0, EIE), ~1ull); /* 0 is no number */
    put(0, 0, EIE + 4, ~0ull);
    CU_ASSERT_EQUAL(get(0, 0, EIE + 4), 0);
    put(0, 0, EIDELIVERY, 0x40000000);
    CU_ASSERT_EQUAL(get(0, 0, EIDELIVERY), 0);
    put(0, 0, EITHRESHOLD, 128);
    CU_ASSERT_EQUAL(get(0, 0, EITHRESHOLD), 0);
    CU_ASSERT_EQUAL(get(0, 0, 0x71), 0); /* reserved */
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 0, 0, EIP + 1, 0, 0, &old), PB_ENOENT); /* RV32's */
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 2, 0, EIP, 0, 0, &old), PB_ENOENT);
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 0, 1, EIP, 0, 0, &old), PB_ENOENT);
    CU_ASSERT_EQUAL(csr->access(pbt_self(s), 0, 0, 0x100, 0, 0, &old), PB_ENOENT);
    CU_ASSERT_EQUAL(message(ADDR, 0), PB_OK);
    CU_ASSERT_EQUAL(message(ADDR, 128), PB_OK);
    CU_ASSERT_EQUAL(message(ADDR, 0xffffffff), PB_OK);
    CU_ASSERT_EQUAL(get(0, 0, EIP) | get(0, 0, EIP + 2) | get(0, 0, EIP + 4), 0);
    CU_ASSERT_EQUAL(message(ADDR - 4, 1), PB_ENOENT);
    CU_ASSERT_EQUAL(message(ADDR + 8, 1), PB_ENOENT);
    CU_ASSERT_EQUAL(message(ADDR + 0x2000, 1), PB_ENOENT);
    CU_ASSERT_EQUAL(message(ADDR + 4, 0x03000000), PB_OK); /* big-endian 3 */
    CU_ASSERT_EQUAL(get(0, 0, EIP), 8);
    CU_ASSERT_EQUAL(pbt_read(s, 0, 0, 4), 0);
    pbt_free(b);
}

static void test_guests(void)
{
    bench("addr=0x28000000,guests=2"); /* four pages a hart */
    CU_ASSERT_EQUAL(pbt_region_len(s, 0), 8 * 0x1000);
    message(ADDR + 0x6000, 4);
    CU_ASSERT_EQUAL(get(1, 2, EIP), 1 << 4);
    CU_ASSERT_EQUAL(get(1, 0, EIP), 0);
    put(1, 2, EIE, ~0ull);
    put(1, 2, EIDELIVERY, 1);
    CU_ASSERT_EQUAL(pbt_level(s, "irq", 1), 0);
    CU_ASSERT_EQUAL(csr->top(pbt_self(s), 1, 2, 0), 4u << 16 | 4);
    pbt_free(b);
}

static void test_refused(void)
{
    b = pbt_new();
    pbt_load(b, "riscv-imsic");
    s = pbt_create(b, NULL, 0, "riscv-imsic", "imsic", "addr=0,num-irqs=100");
    pbt_outputs(s, "irq", 1);
    CU_ASSERT_EQUAL(pbt_realize(s), PB_EINVAL);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"delivery", test_delivery}, {"masks", test_masks}, {"limits", test_limits},
        {"guests", test_guests}, {"refused", test_refused},
    };

    return SUITE_RUN("riscv-imsic", tests);
}
