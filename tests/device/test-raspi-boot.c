/* SPDX-License-Identifier: MIT */
/* raspi-boot: the spin table, where cores start, and what happens to the user's device tree. */
#include "suite.h"

#include <libfdt.h>
#include <stdlib.h>
#include <unistd.h>

#define SPLIT 0x3000000u

static char dir[] = "/tmp/pb-raspi-boot-XXXXXX";
static pb_dev *boot;

static const char *file(const char *name, const void *data, size_t n)
{
    static char path[4][64];
    static int k;
    char *p = path[k++ & 3];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    FILE *f = fopen(p, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(data, 1, n, f), n);
    fclose(f);
    return p;
}

/* `facts`: properties of the mailbox, which has the board's numbers. */
static pbt *bench(const char *facts, const char *props, int with_kernel)
{
    pbt *b = pbt_new();
    uint8_t kernel[256] = {1, 2, 3};

    char all[80];

    pbt_load(b, "raspi-boot");
    pbt_load(b, "bcm2835");
    pbt_ram(b, 0, 64 << 20);
    for (int i = 0; i < 4; i++)
        pbt_cpu(b, "");
    pbt_add(b, "bcm2835-mbox", "mbox", facts);
    snprintf(all, sizeof all, "facts=mbox%s", props);
    boot = pbt_create(b, NULL, 0, "raspi-boot", "boot", all);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(boot), PB_OK);
    if (with_kernel)
        pbt_option(b, "kernel", file("kernel8.img", kernel, sizeof kernel));
    return b;
}

static const char *intc = "brcm,bcm2836-l1-intc"; /* of the next tree */

/* A small tree: 1 cell each, as the Pi's are. */
static const char *tree(const char *root, const char *usb)
{
    static uint8_t fdt[4096];

    fdt_create(fdt, sizeof fdt);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 1);
    fdt_property_u32(fdt, "#size-cells", 1);
    fdt_property_string(fdt, "compatible", root);
    fdt_begin_node(fdt, "aliases");
    fdt_property_string(fdt, "ethernet0", "/eth");
    fdt_end_node(fdt);
    const char *const nodes[][2] = {{"eth", "usb424,ec00"}, {"intc", intc}, {"usb", usb}};
    for (int i = 0; i < 3; i++) {
        fdt_begin_node(fdt, nodes[i][0]);
        fdt_property_string(fdt, "compatible", nodes[i][1]);
        fdt_end_node(fdt);
    }
    fdt_begin_node(fdt, "serial");
    fdt_begin_node(fdt, "bluetooth");
    fdt_property_string(fdt, "compatible", "brcm,bcm43438-bt");
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_finish(fdt);
    return file("board.dtb", fdt, fdt_totalsize(fdt));
}

static const void *loaded_tree(pbt *b)
{
    uint64_t args[8], pc, gpa, len;

    CU_ASSERT_EQUAL(pbt_entry(b, 0, &pc, args, 8), 5);
    CU_ASSERT_EQUAL(pc, 0x80000);
    CU_ASSERT_EQUAL(args[4], 2);
    const void *fdt = pbt_loaded_named(b, "device tree", &gpa, &len);
    CU_ASSERT_EQUAL(args[0], gpa);
    CU_ASSERT(gpa < SPLIT);
    return fdt;
}

static void test_cores(void)
{
    pbt *b = bench("vc-base=0x3000000", "", 1);
    uint64_t args[8], pc, len;

    CU_ASSERT_EQUAL(pbt_boot(boot), PB_OK);
    for (uint32_t cpu = 1; cpu < 4; cpu++) {
        CU_ASSERT_EQUAL(pbt_entry(b, cpu, &pc, args, 8), 5);
        CU_ASSERT_EQUAL(pc, 0x80);
        CU_ASSERT_EQUAL(args[4], 2);
    }
    const uint8_t *page = pbt_loaded(b, 0x80, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(page);
    CU_ASSERT_EQUAL(len, 0xd8 + 32 - 0x80);
    for (uint32_t i = 0xd8 - 0x80; i < len; i++)
        CU_ASSERT_EQUAL(page[i], 0);
    pbt_free(b);
}

static void test_patches(void)
{
    pbt *b = bench("vc-base=0x3000000,mac=02:00:00:00:00:07", "", 1);
    uint64_t len;
    int n;

    pbt_option(b, "dtb", tree("brcm,bcm2837", "brcm,bcm2708-usb"));
    pbt_option(b, "append", "console=ttyAMA0");
    pbt_option(b, "initrd", file("initrd", "a RAMdisk", 9));
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const void *fdt = loaded_tree(b);
    const fdt32_t *reg = fdt_getprop(fdt, fdt_path_offset(fdt, "/memory@0"), "reg", &n);
    CU_ASSERT_EQUAL_FATAL(n, 8);
    CU_ASSERT_EQUAL(fdt32_to_cpu(reg[0]), 0);
    CU_ASSERT_EQUAL(fdt32_to_cpu(reg[1]), SPLIT);
    CU_ASSERT_EQUAL(fdt_num_mem_rsv(fdt), 1);
    CU_ASSERT(fdt_path_offset(fdt, "/serial/bluetooth") < 0);
    CU_ASSERT(fdt_path_offset(fdt, "/serial") >= 0);
    const char *args = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &n);
    CU_ASSERT_STRING_EQUAL(args, "console=ttyAMA0 dwc_otg.fiq_fsm_enable=0");
    const uint8_t *mac = fdt_getprop(fdt, fdt_path_offset(fdt, "/eth"), "local-mac-address", &n);
    CU_ASSERT(n == 6 && mac[0] == 2 && mac[5] == 7);
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, 0, "serial-number", &n), "0000000010000001");
    int picture = fdt_path_offset(fdt, "/chosen/framebuffer@3000000");
    reg = fdt_getprop(fdt, picture, "reg", &n);
    CU_ASSERT(n == 8 && fdt32_to_cpu(reg[0]) == SPLIT && fdt32_to_cpu(reg[1]) == 640 * 480 * 4);
    reg = fdt_getprop(fdt, picture, "stride", &n);
    CU_ASSERT(n == 4 && fdt32_to_cpu(reg[0]) == 640 * 4);
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, picture, "format", &n), "a8b8g8r8");
    const uint8_t *seed = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &n);
    CU_ASSERT_FATAL(n >= 32);
    CU_ASSERT(memcmp(seed, seed + n / 2, (size_t)n / 2) != 0);
    const fdt32_t *where = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "linux,initrd-start", &n);
    CU_ASSERT_EQUAL_FATAL(n, 8);
    const uint8_t *disk = pbt_loaded(b, fdt32_to_cpu(where[1]), &len);
    CU_ASSERT(disk && len == 9 && memcmp(disk, "a RAMdisk", 9) == 0);
    CU_ASSERT(fdt32_to_cpu(where[0]) == 0 && fdt32_to_cpu(where[1]) < SPLIT);
    pbt_free(b);
}

static void test_no_patches(void)
{
    pbt *b = bench("vc-base=0x3000000", ",dtb-patch=off", 1);
    int n;

    pbt_option(b, "dtb", tree("acme,board", "brcm,bcm2835-usb"));
    pbt_option(b, "append", "quiet");
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const void *fdt = loaded_tree(b);
    CU_ASSERT(fdt_path_offset(fdt, "/serial/bluetooth") >= 0);
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &n),
                           "quiet");
    pbt_free(b);
    b = bench("vc-base=0x3000000", ",dtb-patch=off", 1);
    pbt_option(b, "dtb", tree("brcm,bcm2837", "brcm,bcm2708-usb"));
    pbt_option(b, "append", "quiet");
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_last_log(b), "'dwc_otg.fiq_fsm_enable=0' added to the "
                                  "command line, which this kernel's USB driver needs"));
    pbt_free(b);
}

static void test_refused(void)
{
    pbt *b = bench("vc-base=0x3000000", "", 1);

    pbt_option(b, "dtb", tree("acme,board", "x"));
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "another board"));
    pbt_free(b);
    b = bench("vc-base=0x3000000", "", 1);
    pbt_option(b, "dtb", file("bad.dtb", "not a tree", 10));
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_EINVAL);
    pbt_free(b);
    intc = "brcm,bcm2836-armctrl-ic";
    b = bench("vc-base=0x3000000", "", 1);
    pbt_option(b, "dtb", tree("brcm,bcm2837", "x"));
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "without the cores' interrupt controller"));
    pbt_free(b);
    intc = "brcm,bcm2836-l1-intc";
    b = bench("vc-base=0x8000000", "", 1); /* more than there is */
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_EINVAL);
    pbt_free(b);
    b = bench("vc-base=0x3000000", "", 0);
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "-kernel"));
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {{"cores", test_cores}, {"patches", test_patches},
                                              {"no patches", test_no_patches},
                                              {"refused", test_refused}};

    if (!mkdtemp(dir))
        return 2;
    int rc = SUITE_RUN("raspi-boot", tests);
    char cmd[80];
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd) || rc;
}
