/* SPDX-License-Identifier: MIT */
/* raspi-boot without -kernel: what the card's boot partition and its config.txt say is loaded; what
 * is missing or wrong is told; nothing is written. */
#include "suite.h"

#include "fat-image.h"

#include <libfdt.h>
#include <string.h>

static pbt *b;
static pb_dev *boot, *node;
static struct fat_image card;
static uint8_t kernel[3000], tree[4096];

static void files(const char *config)
{
    fat_image_init(&card, 16, 8000, 64);
    card.data[446 + 4] = 0x0e;
    fat_image_put(card.data + 446 + 8, 64, 4);
    fat_image_put(card.data + 446 + 12, card.bytes / 512 - 64, 4);
    card.data[510] = 0x55;
    card.data[511] = 0xaa;
    for (uint32_t i = 0; i < sizeof kernel; i++)
        kernel[i] = (uint8_t)(i * 5);
    if (config)
        fat_image_add(&card, "CONFIG  TXT", NULL, config, (uint32_t)strlen(config));
}

/* A tree for the board whose serial0 is the mini UART, as the vendor's are. */
static uint32_t make_tree(const char *root)
{
    fdt_create(tree, sizeof tree);
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_property_u32(tree, "#address-cells", 1);
    fdt_property_u32(tree, "#size-cells", 1);
    fdt_property_string(tree, "compatible", root);
    fdt_begin_node(tree, "aliases");
    fdt_property_string(tree, "serial0", "/mini");
    fdt_property_string(tree, "serial1", "/uart");
    fdt_end_node(tree);
    static const char *const nodes[][2] = {{"intc", "brcm,bcm2836-l1-intc"},
                                           {"mini", "brcm,bcm2835-aux-uart"},
                                           {"bt", "brcm,bcm43438-bt"},
                                           {"uart", "arm,pl011"}};
    for (int i = 0; i < 4; i++) {
        fdt_begin_node(tree, nodes[i][0]);
        fdt_property_string(tree, "compatible", nodes[i][1]);
        fdt_end_node(tree);
    }
    fdt_end_node(tree);
    fdt_finish(tree);
    return fdt_totalsize(tree);
}

static void usual(void)
{
    static const char line[] = "console=serial0,115200 root=/dev/mmcblk0p1 quiet\nmore\n";

    fat_image_add(&card, "KERNEL8 IMG", NULL, kernel, sizeof kernel);
    fat_image_add(&card, "BCM271~1DTB", "bcm2710-rpi-3-b.dtb", tree, make_tree("brcm,bcm2837"));
    fat_image_add(&card, "CMDLINE TXT", NULL, line, sizeof line - 1);
}

/* Boot the card that was made. */
static int run(const char *more)
{
    char props[120];

    b = pbt_new();
    pbt_load(b, "raspi-boot");
    pbt_load(b, "sd");
    pbt_load(b, "bcm2835");
    pbt_ram(b, 0, 64 << 20);
    for (int i = 0; i < 4; i++)
        pbt_cpu(b, "");
    node = pbt_block_new(b, "image", card.bytes & ~511ull, 0);
    memcpy(pbt_block_data(node), card.data, card.bytes & ~511ull);
    pb_dev *slot = pbt_add(b, "sd-slot", "slot", NULL);
    pbt_add_child(slot, 0, "sd-card", "card", "drive=image");
    pbt_add(b, "bcm2835-mbox", "mbox", "vc-base=0x3000000");
    snprintf(props, sizeof props, "facts=mbox,slot=slot%s", more);
    boot = pbt_create(b, NULL, 0, "raspi-boot", "boot", props);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(boot), PB_OK);
    return pbt_boot(boot);
}

static void finish(void)
{
    CU_ASSERT_EQUAL(memcmp(pbt_block_data(node), card.data, card.bytes & ~511ull), 0);
    pbt_free(b);
    fat_image_fini(&card);
}

static const void *loaded(const char *what, uint64_t *len)
{
    uint64_t gpa;

    return pbt_loaded_named(b, what, &gpa, len);
}

static const char *bootargs(void)
{
    uint64_t len;
    int n;
    const void *fdt = loaded("device tree", &len);

    CU_ASSERT_PTR_NOT_NULL_FATAL(fdt);
    return fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", &n);
}

static void test_defaults(void)
{
    uint64_t len;

    files(NULL);
    usual();
    CU_ASSERT_EQUAL_FATAL(run(""), PB_OK);
    const void *k = loaded("kernel 'kernel8.img' of the SD card", &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(k);
    CU_ASSERT(len == sizeof kernel && memcmp(k, kernel, len) == 0);
    CU_ASSERT_STRING_EQUAL(bootargs(), "console=ttyAMA0,115200 root=/dev/mmcblk0p1 quiet");
    finish();
    files(NULL);
    usual();
    CU_ASSERT_EQUAL_FATAL(run(",dtb-patch=off"), PB_OK); /* Bluetooth keeps the PL011 */
    CU_ASSERT_STRING_EQUAL(bootargs(), "console=ttyS0,115200 root=/dev/mmcblk0p1 quiet");
    finish();
}

static void test_config(void)
{
    uint64_t len;

    files("# comment\nkernel=wrong.img\n[pi4]\nkernel=pi4.img\n[pi3]\n  kernel=My Kernel.img\r\n"
          "[none]\ncmdline=none.txt\n[all]\n[0xdeadbeef]\ncmdline=none.txt\n[all]\n"
          "initramfs old.gz 0x00f00000\ninitramfs one.gz,two.gz followkernel\n"
          "dtparam=audio=on\ndtoverlay=vc4-kms-v3d\n"
          "dtoverlay=nothing\ngpu_mem=128\ninclude more.txt\n");
    usual();
    fat_image_add(&card, "MYKERN~1IMG", "My Kernel.img", kernel, 100);
    fat_image_add(&card, "ONE     GZ ", NULL, "abc", 3);
    fat_image_add(&card, "TWO     GZ ", NULL, "de", 2);
    fat_image_add(&card, "MORE    TXT", NULL, "include more.txt\ncmdline=c.txt\n", 31);
    fat_image_add(&card, "C       TXT", NULL, "quiet", 5);
    CU_ASSERT_EQUAL_FATAL(run(",dtb-patch=off"), PB_OK);
    CU_ASSERT_PTR_NOT_NULL(loaded("kernel 'My Kernel.img' of the SD card", &len));
    CU_ASSERT_EQUAL(len, 100);
    const void *ram_disk = loaded("RAM disk of the SD card", &len);
    CU_ASSERT(ram_disk && len == 5 && memcmp(ram_disk, "abcde", 5) == 0);
    CU_ASSERT_STRING_EQUAL(bootargs(), "quiet");
    CU_ASSERT_STRING_EQUAL(pbt_last_log(b), "config.txt: not applied: address of initramfs, "
                           "dtparam, gpu_mem (the machine's VideoCore has 64 MiB), include (too "
                           "many, or in a circle), dtoverlay=vc4-kms-v3d (no such file), "
                           "dtoverlay=nothing (no such file)");
    finish();
}

/* The boot fails, and the message has these words. */
static void refused(const char *a, const char *z)
{
    CU_ASSERT_NOT_EQUAL(run(""), PB_OK);
    if (!strstr(pbt_error(b), a) || !strstr(pbt_error(b), z))
        printf("%s\n", pbt_error(b));
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), a));
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), z));
    finish();
}

static void test_refused(void)
{
    files("kernel=missing.img\n");
    usual();
    refused("no kernel found: there is no 'missing.img'", "-kernel");
    files(NULL);
    fat_image_add(&card, "KERNEL7 IMG", NULL, kernel, 100);
    refused("kernel7.img, which is of 32 bits", "64-bit image");
    files("device_tree=my.dtb\n");
    usual();
    refused("names the device tree 'my.dtb'", "-dtb");
    files("device_tree=other.dtb\n");
    usual();
    fat_image_add(&card, "OTHER   DTB", NULL, tree, make_tree("acme,board"));
    refused("another board", "Raspberry Pi");
    files("device_tree=config.txt\n");
    usual();
    refused("not a device tree blob", "");
    files(NULL);
    usual();
    fat_image_link(&card, 3, 2); /* the kernel's second cluster */
    refused("is a loop", "fsck.fat");
    files(NULL);
    usual();
    card.bytes = card.cluster2 + 512;
    refused("behind the end of the image", "copy it again");
    files(NULL);
    card.data[446 + 4] = 0x83;
    refused("none is of a FAT type", "-kernel");
    files(NULL);
    memset(card.data, 0, 512);
    memcpy(card.data, "\xfd" "7zXZ", 6);
    refused("packed with xz", "unxz");
}

int main(void)
{
    static const struct suite_test tests[] = {{"defaults", test_defaults}, {"config", test_config},
                                              {"refused", test_refused}};

    return SUITE_RUN("raspi-boot-card", tests);
}
