/* SPDX-License-Identifier: MIT */
/* arm-boot: where images of each kind go, what the CPUs start with, firmware, what is refused,
 * and the facts of the device tree. */
#include "suite.h"

#include <libfdt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAM 0x40000000ull
#define MIB2 0x200000ull

static char dir[] = "/tmp/pb-arm-boot-XXXXXX";

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

static void put(uint8_t *at, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> 8 * i);
}

static void image_header(uint8_t *h, uint64_t text_offset, uint64_t size)
{
    memset(h, 0, 4096);
    put(h, 0x14000010, 4);
    put(h + 8, text_offset, 8);
    put(h + 16, size, 8);
    put(h + 24, 0xa, 8);
    memcpy(h + 56, "ARM\x64", 4);
    for (int i = 64; i < 4096; i++)
        h[i] = (uint8_t)(i * 7);
}

static pbt *bench(pb_dev **boot, const char *props)
{
    static const char *const plugins[] = {"arm-gicv2", "pl011", "arm-boot"};
    pbt *b = pbt_new();
    pb_dev *d[3], *cpu[2];

    for (int i = 0; i < 3; i++)
        pbt_load(b, plugins[i]);
    pbt_rom(b, 0, 4 << 20);
    pbt_ram(b, RAM, 64 << 20);
    for (int i = 0; i < 2; i++)
        cpu[i] = pbt_cpu(b, i ? "mpidr=0x80000100" : "compatible=arm,cortex-a57;"
                         "page-sizes=4 64;byte-order=little");
    pbt_load(b, "unpack");
    d[0] = pbt_create(b, NULL, 0, "arm-gicv2", "gic", NULL);
    d[1] = pbt_create(b, NULL, 0, "pl011", "uart0", NULL);
    d[2] = pbt_create(b, NULL, 0, "arm-boot", "boot", props);
    for (uint32_t i = 0; i < 2; i++)
        pbt_wire(d[0], "irq", i, cpu[i], 0);
    pbt_wire(d[1], "irq", 0, d[0], 1);
    pbt_fdt(d[0], "compatible", "arm,cortex-a15-gic");
    pbt_fdt(d[1], "compatible", "arm,pl011 arm,primecell");
    pbt_fdt(d[1], "alias", "serial0");
    pbt_fdt(d[2], "/ interrupt-parent", "<&gic>");
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL_FATAL(pbt_realize(d[i]), PB_OK);
    pbt_map(d[0], 0, 0x8000000);
    pbt_map(d[0], 1, 0x8010000);
    pbt_map(d[1], 0, 0x9000000);
    *boot = d[2];
    return b;
}

/* Boots `path`; the address where the kernel was put, entry state checked. */
static uint64_t kernel_at(const char *path, uint64_t *dtb, const uint8_t *want, size_t n)
{
    uint64_t at = 0, len = 0, pc = 0, args[8] = {0};
    pb_dev *boot;
    pbt *b = bench(&boot, NULL);

    pbt_option(b, "kernel", path);
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_OK);
    const uint8_t *data = pbt_loaded_named(b, "kernel", &at, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    CU_ASSERT_EQUAL(len, n);
    CU_ASSERT_EQUAL(memcmp(data, want, n), 0);
    CU_ASSERT_EQUAL(pbt_entry(b, 1, &pc, args, 8), 4);
    CU_ASSERT_EQUAL(pc, at);
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "device tree", dtb, &len));
    CU_ASSERT_EQUAL(args[0], *dtb);
    CU_ASSERT_EQUAL(args[1] | args[2] | args[3], 0);
    pbt_free(b);
    return at;
}

static void test_kernels(void)
{
    uint8_t img[4096], packed[8192], zboot[8192] = {0};
    uint64_t dtb;

    image_header(img, 0, 0x800000);
    CU_ASSERT_EQUAL(kernel_at(file("Image", img, sizeof img), &dtb, img, sizeof img), RAM + MIB2);
    CU_ASSERT_EQUAL(dtb % MIB2, 0);
    CU_ASSERT(dtb >= RAM + MIB2 + 0x800000); /* behind what it will take */
    gzFile z = gzopen(file("Image.gz", "", 0), "wb");
    CU_ASSERT_EQUAL(gzwrite(z, img, sizeof img), sizeof img);
    gzclose(z);
    char path[64];
    snprintf(path, sizeof path, "%s/Image.gz", dir);
    CU_ASSERT_EQUAL(kernel_at(path, &dtb, img, sizeof img), RAM + MIB2);
    size_t n = ZSTD_compress(packed, sizeof packed, img, sizeof img, 3);
    memcpy(zboot, "MZ\0\0zimg", 8);
    put(zboot + 8, 64, 4);
    put(zboot + 12, n, 4);
    memcpy(zboot + 24, "zstd", 5);
    memcpy(zboot + 64, packed, n);
    CU_ASSERT_EQUAL(kernel_at(file("z", zboot, 64 + n), &dtb, img, sizeof img), RAM + MIB2);
    image_header(img, 0x80000, 0); /* as of old */
    CU_ASSERT_EQUAL(kernel_at(file("old", img, sizeof img), &dtb, img, sizeof img),
                    RAM + 0x80000);
    CU_ASSERT_EQUAL(kernel_at(file("raw", "\x01\x02\x03\x04", 4), &dtb,
                              (const uint8_t *)"\x01\x02\x03\x04", 4), RAM + 0x80000);
    CU_ASSERT_EQUAL(dtb, RAM); /* where a bare program looks for it */
}

static int refused(const char *option, const char *path, const char *why)
{
    pb_dev *boot;
    pbt *b = bench(&boot, NULL);

    pbt_option(b, option, path);
    int rc = pbt_boot(boot) < 0 && strstr(pbt_error(b), why) != NULL;
    if (!rc)
        printf("'%s' does not say '%s'\n", pbt_error(b), why);
    pbt_free(b);
    return rc;
}

/* An Image with an EFI stub: a PE file of one section, whose end is known. */
static void test_cut(void)
{
    uint8_t img[4096];
    uint64_t dtb;

    image_header(img, 0, 0x4000);
    memcpy(img, "MZ", 2);
    put(img + 0x3c, 0x40, 4);
    memset(img + 0x40, 0, 0x200);
    memcpy(img + 0x40, "PE\0\0", 4);
    put(img + 0x46, 1, 2);    /* sections */
    put(img + 0x54, 0xa0, 2); /* optional header */
    put(img + 0xf8 + 16, 0xc00, 4);
    put(img + 0xf8 + 20, 0x400, 4);
    CU_ASSERT_EQUAL(kernel_at(file("whole", img, sizeof img), &dtb, img, sizeof img), RAM + MIB2);
    CU_ASSERT(refused("kernel", file("cut", img, sizeof img - 1), "cut off: 4095 of 4096 bytes"));
    CU_ASSERT(refused("kernel", file("cut", img, 0x100), "cut off: 256 of 288 bytes"));
    put(img + 0x3c, 0xfffffff0, 4); /* no PE file then */
    CU_ASSERT_EQUAL(kernel_at(file("wild", img, sizeof img), &dtb, img, sizeof img), RAM + MIB2);
}

static void test_refused(void)
{
    uint8_t img[4096];

    image_header(img, 0, 0x1000);
    memcpy(img + 56, "RSC\x05", 4);
    CU_ASSERT(refused("kernel", file("riscv", img, sizeof img), "RISC-V"));
    image_header(img, 0, 1ull << 40);
    CU_ASSERT(refused("kernel", file("huge", img, sizeof img), "larger -m"));
    image_header(img, ~0ull - 0xfff, 0x1000);
    CU_ASSERT(refused("kernel", file("offset", img, sizeof img), "larger -m"));
    image_header(img, 0, 0x1000);
    put(img + 24, 0xb, 8);
    CU_ASSERT(refused("kernel", file("big", img, sizeof img), "arm,cortex-a57 is not"));
    put(img + 24, 0xc, 8);
    CU_ASSERT(refused("kernel", file("16k", img, sizeof img), "page-sizes: 4 64"));
    for (int pages = 0; pages < 4; pages++) { /* not said, 4, 16, 64 KiB */
        put(img + 24, (uint64_t)pages << 1, 8);
        CU_ASSERT_EQUAL(refused("kernel", file("pages", img, sizeof img), "pages"), pages == 2);
    }
    memcpy(img, "MZ\0\0zimg", 8);
    put(img + 8, 64, 4);
    put(img + 12, 1000, 4);
    memcpy(img + 24, "zstd", 5);
    CU_ASSERT(refused("kernel", file("bad", img, sizeof img), "zstd"));
    CU_ASSERT(refused("kernel", "/nonexistent", "No such file"));
    char fifo[80];
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    CU_ASSERT_EQUAL(mkfifo(fifo, 0600), 0); /* nobody ever writes to it */
    CU_ASSERT(refused("kernel", fifo, "not a regular file"));
    CU_ASSERT(refused("bios", fifo, "not a regular file"));
    CU_ASSERT(refused("initrd", "/dev/null", "only allowed with -kernel"));
}

static void test_firmware(void)
{
    uint64_t at, len, pc, args[8];
    pb_dev *boot;
    pbt *b = bench(&boot, NULL);

    pbt_option(b, "bios", file("fw", "firmware", 8));
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "firmware", &at, &len));
    CU_ASSERT_EQUAL(at, 0);
    CU_ASSERT_EQUAL(pbt_entry(b, 0, &pc, args, 8), 0);
    CU_ASSERT_EQUAL(pc, UINT64_MAX); /* the reset vector */
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "device tree", &at, &len));
    CU_ASSERT_EQUAL(at, RAM);
    pbt_free(b);
    b = bench(&boot, NULL);
    pbt_option(b, "pflash0", "pflash0");
    pbt_option(b, "kernel", file("fw", "firmware", 8));
    CU_ASSERT(pbt_boot(boot) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "needs a fw_cfg device"));
    pbt_free(b);
}

static uint32_t cell(const void *fdt, const char *path, const char *prop, int i)
{
    int len = 0, node = fdt_path_offset(fdt, path);
    const fdt32_t *v = node < 0 ? NULL : fdt_getprop(fdt, node, prop, &len);

    return v && len >= 4 * (i + 1) ? fdt32_to_cpu(v[i]) : UINT32_MAX;
}

static void test_tree(void)
{
    uint64_t at, len, initrd, ilen, pc, args[8];
    uint8_t img[4096];
    pb_dev *boot;
    pbt *b = bench(&boot, "kernel-el=2");

    image_header(img, 0, 0x800000);
    pbt_option(b, "kernel", file("Image", img, sizeof img));
    pbt_option(b, "initrd", file("initrd", img, 100));
    pbt_option(b, "append", "console=ttyAMA0");
    CU_ASSERT_EQUAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_EQUAL(pbt_entry(b, 0, &pc, args, 8), 5);
    CU_ASSERT_EQUAL(args[4], 2);
    const uint8_t *fdt = pbt_loaded_named(b, "device tree", &at, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pbt_loaded_named(b, "initrd", &initrd, &ilen));
    CU_ASSERT_EQUAL(initrd, RAM + (32 << 20));
    CU_ASSERT_EQUAL_FATAL(fdt_check_full(fdt, len), 0);
    uint32_t gic = cell(fdt, "/gic@8000000", "phandle", 0);
    CU_ASSERT_EQUAL(cell(fdt, "/", "interrupt-parent", 0), gic);
    CU_ASSERT_EQUAL(cell(fdt, "/gic@8000000", "#interrupt-cells", 0), 3);
    CU_ASSERT_EQUAL(cell(fdt, "/gic@8000000", "reg", 5), 0x8010000);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(cell(fdt, "/uart0@9000000", "interrupts", i), i == 0 ? 0 : i == 1 ? 1 : 4);
    CU_ASSERT_EQUAL(cell(fdt, "/cpus/cpu@100", "reg", 1), 0x100);
    int cpu0 = fdt_path_offset(fdt, "/cpus/cpu@0"), chosen = fdt_path_offset(fdt, "/chosen");
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, cpu0, "compatible", NULL), "arm,cortex-a57");
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, cpu0, "enable-method", NULL), "psci");
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, chosen, "bootargs", NULL), "console=ttyAMA0");
    CU_ASSERT_STRING_EQUAL(fdt_getprop(fdt, chosen, "stdout-path", NULL), "/uart0@9000000");
    CU_ASSERT_EQUAL(cell(fdt, "/chosen", "linux,initrd-end", 1), initrd + 100);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"kinds of kernels and their places", test_kernels},
        {"a kernel that is cut off", test_cut},
        {"what is refused, and why", test_refused},
        {"firmware", test_firmware},
        {"the device tree", test_tree},
    };

    if (!mkdtemp(dir))
        return 2;
    int rc = SUITE_RUN("arm-boot", tests);
    char cmd[80];
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd) || rc;
}
