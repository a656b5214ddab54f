/* SPDX-License-Identifier: MIT */
/* fw-cfg-mmio: items by the data register and by DMA, the file directory, and what a guest
 * that programs garbage gets. */
#include "suite.h"

#include <string.h>

#define RAM 0x80000000ull

static uint8_t *ram;

static pbt *bench(pb_dev **f)
{
    pbt *b = pbt_new();

    pbt_load(b, "fw-cfg-mmio");
    ram = pbt_ram(b, RAM, 0x10000);
    pbt_cpu(b, "");
    *f = pbt_add(b, "fw-cfg-mmio", "fw-cfg", NULL);
    return b;
}

static void put_be(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

static void select_item(pb_dev *f, uint16_t key)
{
    pbt_write(f, 0, 8, (uint64_t)(key >> 8 | (key & 0xff) << 8), 2); /* big-endian */
}

static int add(pb_dev *f, const char *name, const void *data, uint32_t n)
{
    const struct pb_fw_files *t = pbt_provides(f, PB_FW_FILES);

    return t->add(pbt_self(f), name, data, n, NULL);
}

/* One descriptor at RAM + 0x100; its control word afterwards. */
static uint32_t dma(pb_dev *f, uint32_t control, uint32_t len, uint64_t at)
{
    uint8_t *d = ram + 0x100;
    uint64_t be = 0;

    put_be(d, control, 4);
    put_be(d + 4, len, 4);
    put_be(d + 8, at, 8);
    put_be((uint8_t *)&be, RAM + 0x100, 8);
    pbt_write(f, 0, 16, be, 8);
    return (uint32_t)d[0] << 24 | d[1] << 16 | d[2] << 8 | d[3];
}

static void test_data_register(void)
{
    pb_dev *f;
    pbt *b = bench(&f);
    uint64_t v;

    select_item(f, 0);
    v = pbt_read(f, 0, 0, 4);
    CU_ASSERT_EQUAL(memcmp(&v, "QEMU", 4), 0); /* bytes in order, whatever the width */
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 1), 0);  /* behind the end */
    select_item(f, 0);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 1), 'Q');
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 1), 'E');
    select_item(f, 1);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 4), 3);
    select_item(f, 5);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 2), 1);
    select_item(f, 0x7777);
    CU_ASSERT_EQUAL(pbt_read(f, 0, 0, 8), 0);
    v = pbt_read(f, 0, 16, 8);
    CU_ASSERT_EQUAL(memcmp(&v, "QEMU CFG", 8), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_write(f, 0, 0, 1, 4);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_free(b);
}

static void test_files(void)
{
    pb_dev *f;
    pbt *b = bench(&f);
    char name[57];

    CU_ASSERT_EQUAL(add(f, "opt/org.example/a", "first", 5), PB_OK);
    CU_ASSERT_EQUAL(add(f, "etc/b", "second!", 7), PB_OK);
    CU_ASSERT_EQUAL(add(f, "etc/b", "x", 1), PB_EBUSY);
    memset(name, 'n', sizeof name);
    name[56] = 0;
    CU_ASSERT_EQUAL(add(f, name, "x", 1), PB_EINVAL);
    CU_ASSERT_EQUAL(add(f, "", "x", 1), PB_EINVAL);
    pbt_reload(b);
    CU_ASSERT_EQUAL(dma(f, 0x19 << 16 | 8 | 2, 4 + 128, RAM + 0x1000), 0);
    CU_ASSERT_EQUAL(memcmp(ram + 0x1000, "\0\0\0\2\0\0\0\5\0\x20\0\0opt/org.example/a", 30), 0);
    CU_ASSERT_EQUAL(memcmp(ram + 0x1044, "\0\0\0\7\0\x21\0\0etc/b", 14), 0);
    CU_ASSERT_TRUE(pbt_dirty(b, RAM + 0x1000, 1));
    CU_ASSERT_EQUAL(dma(f, 0x21 << 16 | 8 | 2, 10, RAM + 0x2000), 0);
    CU_ASSERT_EQUAL(memcmp(ram + 0x2000, "second!\0\0\0", 10), 0);
    CU_ASSERT_EQUAL(dma(f, 0x20 << 16 | 8, 0, 0), 0);
    CU_ASSERT_EQUAL(dma(f, 4, 2, 0), 0);
    CU_ASSERT_EQUAL(dma(f, 2, 3, RAM + 0x3000), 0);
    CU_ASSERT_EQUAL(memcmp(ram + 0x3000, "rst", 3), 0);
    for (int i = 2; i < 128; i++) {
        snprintf(name, sizeof name, "f%d", i);
        CU_ASSERT_EQUAL(add(f, name, NULL, 0), PB_OK);
    }
    CU_ASSERT_EQUAL(add(f, "one-too-many", "x", 1), PB_ENOSPC);
    pbt_free(b);
}

static void test_garbage(void)
{
    pb_dev *f;
    pbt *b = bench(&f);

    CU_ASSERT_EQUAL(dma(f, 0x19 << 16 | 8 | 2, 4, 0x1234), 1);       /* no RAM there */
    CU_ASSERT_EQUAL(dma(f, 2, 0xffffffff, RAM), 1);                  /* beyond its end */
    CU_ASSERT_EQUAL(dma(f, 2, 0x20000, UINT64_MAX - 5), 1);          /* wraps */
    CU_ASSERT_EQUAL(dma(f, 0x4019 << 16 | 8 | 16, 4, RAM), 1);       /* not writable */
    CU_ASSERT_EQUAL(dma(f, 4, 0xffffffff, 0), 0);
    CU_ASSERT_EQUAL(dma(f, 4, 0xffffffff, 0), 0); /* the offset saturates */
    CU_ASSERT_EQUAL(dma(f, 2, 4, RAM + 0x1000), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_write(f, 0, 20, 0, 4); /* a descriptor at 0, where there is no RAM */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    /* a descriptor in the device's own registers is MMIO from inside MMIO */
    pbt_map(f, 0, 0x10000000);
    pbt_write(f, 0, 20, 0x00000010, 4); /* big-endian 0x10000000 */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 2);
    pbt_read(f, 0, 4, 4);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 3);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"data register", test_data_register},
        {"files and DMA", test_files},
        {"garbage", test_garbage},
    };

    return SUITE_RUN("fw-cfg-mmio", tests);
}
