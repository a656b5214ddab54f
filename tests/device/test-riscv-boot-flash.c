/* SPDX-License-Identifier: MIT */
/* riscv-boot: what harts start with when the first flash has contents: OpenSBI is told to enter it
 * in S mode, -bios none enters it at once; -kernel beside it goes to fw_cfg, or is refused. */
#include "suite.h"

#include <stdlib.h>
#include <unistd.h>

#define RAM 0x80000000ull
#define FLASH 0x20000000ull
enum { CODE_ENTRY = 32, INFO_NEXT = 48 + 16, INFO_MODE = 48 + 24 }; /* in the reset code */

static pbt *bench(pb_dev **boot)
{
    static const char *const plugins[] = {"cfi-flash", "riscv-boot", "unpack"};
    pbt *b = pbt_new();

    for (int i = 0; i < 3; i++)
        pbt_load(b, plugins[i]);
    pbt_rom(b, 0x1000, 0xf000);
    pbt_ram(b, RAM, 64 << 20);
    pbt_cpu(b, "riscv,isa=rv64imafdc");
    pb_dev *flash = pbt_add(b, "cfi-flash", "flash0", "size=64K,sector-length=4K");
    pbt_map(flash, 0, FLASH);
    *boot = pbt_add(b, "riscv-boot", "boot", NULL);
    pbt_option(b, "pflash0", "pflash0");
    return b;
}

static uint64_t in_code(pbt *b, uint32_t at)
{
    uint64_t gpa, len, v;
    const uint8_t *code = pbt_loaded_named(b, "reset vector", &gpa, &len);

    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    CU_ASSERT_FATAL(at + 8 <= len);
    memcpy(&v, code + at, 8);
    return v;
}

static void test_behind_firmware(void)
{
    char path[] = "/tmp/pb-firmware-XXXXXX";
    int fd = mkstemp(path);
    pb_dev *boot;
    pbt *b = bench(&boot);

    CU_ASSERT_EQUAL(write(fd, "firmware", 8), 8);
    close(fd);
    pbt_option(b, "bios", path);
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_EQUAL(in_code(b, CODE_ENTRY), RAM);
    CU_ASSERT_EQUAL(in_code(b, INFO_NEXT), FLASH);
    CU_ASSERT_EQUAL(in_code(b, INFO_MODE), 1);
    pbt_free(b);
    unlink(path);
}

static void test_alone(void)
{
    pb_dev *boot;
    pbt *b = bench(&boot);

    pbt_option(b, "bios", "none");
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_EQUAL(in_code(b, CODE_ENTRY), FLASH);
    pbt_free(b);
}

static uint64_t take(pb_dev *fw, uint16_t key, uint32_t n)
{
    uint64_t v = 0;

    pbt_write(fw, 0, 8, (uint64_t)key << 8, 2); /* big-endian */
    for (uint32_t i = 0; i < n; i++)
        v |= pbt_read(fw, 0, 0, 1) << 8 * i;
    return v;
}

static void test_kernel_beside(void)
{
    char path[] = "/tmp/pb-kernel-XXXXXX";
    int fd = mkstemp(path);
    pb_dev *boot;
    pbt *b = bench(&boot);

    CU_ASSERT_EQUAL(write(fd, "MZkernel", 8), 8);
    close(fd);
    pbt_option(b, "bios", "none");
    pbt_option(b, "kernel", path);
    pbt_option(b, "append", "quiet");
    CU_ASSERT(pbt_boot(boot) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "needs a fw_cfg device"));
    pbt_load(b, "fw-cfg-mmio");
    pb_dev *fw = pbt_add(b, "fw-cfg-mmio", "fw-cfg", NULL);
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    pbt_reload(b); /* what was given is part of the state */
    CU_ASSERT_EQUAL(take(fw, 0x08, 4), 8);
    CU_ASSERT_EQUAL(take(fw, 0x11, 8), 0x6c656e72656b5a4d); /* "MZkernel" */
    CU_ASSERT_EQUAL(take(fw, 0x0b, 4), 0);
    CU_ASSERT_EQUAL(take(fw, 0x14, 4), 6);
    CU_ASSERT_EQUAL(take(fw, 0x15, 6), 0x007465697571); /* "quiet" and its end */
    CU_ASSERT_EQUAL(in_code(b, CODE_ENTRY), FLASH);
    pbt_free(b);
    unlink(path);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"behind firmware", test_behind_firmware},
        {"alone", test_alone},
        {"a kernel beside it", test_kernel_beside},
    };

    return SUITE_RUN("riscv-boot, flash", tests);
}
