/* SPDX-License-Identifier: MIT */
/* Devices whose state has a second version load the first: what was there then is as it was,
 * what came later as after a reset, and the device goes on from there. */
#include "suite.h"

#include <string.h>

static pbt *b;
static pb_dev *d;

static uint32_t rd(uint32_t region, uint64_t off)
{
    return (uint32_t)pbt_read(d, region, off, 4);
}

static void wr(uint32_t region, uint64_t off, uint32_t v)
{
    pbt_write(d, region, off, v, 4);
}

/* Version 2 brought what a hypervisor has: GICH (region 2) and GICV (3). */
static void test_gicv2(void)
{
    b = pbt_new();
    pbt_load(b, "arm-gicv2");
    d = pbt_create(b, NULL, 0, "arm-gicv2", "gic", "has-virtualization-extensions=on");
    pbt_outputs_all(d, 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    pbt_reset(d, PB_RESET_COLD);
    wr(0, 0, 1); /* GICD_CTLR */
    wr(1, 0, 1); /* GICC_CTLR, GICC_PMR */
    wr(1, 4, 0xf0);
    wr(0, 0x104, 1u << 8); /* interrupt 40, of CPU 0, at priority 0x50 */
    wr(0, 0x428, 0x50);
    wr(0, 0x828, 1);
    pbt_line(d, 8, 1);
    wr(2, 0, 1); /* GICH_HCR, and a virtual interrupt */
    wr(2, 0x100, 1u << 28 | 5);
    wr(3, 4, 0xf8);
    pbt_load_version(d, 1, NULL);
    CU_ASSERT_EQUAL(rd(1, 4), 0xf0);
    CU_ASSERT_EQUAL(rd(0, 0x428), 0x50);
    CU_ASSERT_EQUAL(rd(2, 0) | rd(2, 0x100) | rd(3, 4), 0);
    CU_ASSERT_EQUAL(rd(2, 0x30), 0xf); /* GICH_ELRSR: all are free */
    CU_ASSERT_EQUAL(rd(1, 0xc), 40);   /* GICC_IAR */
    wr(2, 0, 1);
    wr(3, 0, 1);
    wr(3, 4, 0xf8);
    wr(2, 0x100, 1u << 28 | 6);
    CU_ASSERT_EQUAL(rd(3, 0xc), 6); /* GICV_IAR */
    pbt_free(b);
}

/* Version 2 brought the items that have a number and no name: firmware's kernel. */
static void test_fw_cfg(void)
{
    enum { KERNEL_SIZE = 0x08, FIRST_FILE = 0x20 };
    uint32_t size = 4711;

    b = pbt_new();
    pbt_load(b, "fw-cfg-mmio");
    pbt_ram(b, 0x80000000, 0x10000);
    pbt_cpu(b, "");
    d = pbt_add(b, "fw-cfg-mmio", "fw-cfg", NULL);
    const struct pb_fw_files *files = pbt_provides(d, PB_FW_FILES);
    CU_ASSERT_EQUAL(files->add(pbt_self(d), "etc/a", "first", 5, NULL), PB_OK);
    CU_ASSERT_EQUAL(files->item(pbt_self(d), KERNEL_SIZE, &size, 4, NULL), PB_OK);
    pbt_write(d, 0, 8, FIRST_FILE << 8, 2); /* the selector is big-endian */
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 1), 'f');
    pbt_load_version(d, 1, "item-");
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 1), 'i');
    pbt_write(d, 0, 8, KERNEL_SIZE << 8, 2);
    CU_ASSERT_EQUAL(rd(0, 0), 0); /* that machine had none */
    CU_ASSERT_EQUAL(files->item(pbt_self(d), KERNEL_SIZE, &size, 4, NULL), PB_OK);
    pbt_write(d, 0, 8, KERNEL_SIZE << 8, 2);
    CU_ASSERT_EQUAL(rd(0, 0), size);
    pbt_free(b);
}

/* Version 2 brought the request lines' levels. */
static void test_dma(void)
{
    enum { CS = 0x200, CONBLK_AD = 0x204, TXFR_LEN = 0x214 };
    const uint32_t cb[8] = {1 << 8 | 1 << 4 | 1, 0xc0002000, 0xc0003000, 8};

    b = pbt_new();
    pbt_load(b, "bcm2835");
    uint8_t *ram = pbt_ram(b, 0, 1 << 20);
    memcpy(ram + 0x1000, cb, sizeof cb);
    memcpy(ram + 0x2000, "payload", 8);
    d = pbt_create(b, NULL, 0, "bcm2835-dma", "dma", NULL);
    pbt_outputs(d, "irq", 13);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(d), PB_OK);
    pbt_reset(d, PB_RESET_COLD);
    wr(0, CONBLK_AD, 0xc0001000);
    pbt_line(d, 13, 1);
    pbt_load_version(d, 1, NULL);
    CU_ASSERT_EQUAL(rd(0, CONBLK_AD), 0xc0001000);
    wr(0, CS, 1);
    pbt_settle(b);
    CU_ASSERT_EQUAL(memcmp(ram + 0x3000, "payload", 8), 0);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 2), 1);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"arm-gicv2", test_gicv2}, {"fw-cfg-mmio", test_fw_cfg}, {"bcm2835-dma", test_dma}};

    return SUITE_RUN("state of version 1", tests);
}
