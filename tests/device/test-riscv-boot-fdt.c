/* SPDX-License-Identifier: MIT */
/* riscv-boot: where images go, what the harts start with, and a device tree with the facts of
 * the machine. The tree is written to a file (--dtb FILE) for a comparison by eye. */
#include "suite.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM 0x80000000ull

static char dir[] = "/tmp/pb-riscv-boot-XXXXXX";
static const char *dtb_out;

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

static void fdt_key(pb_dev *d, const char *compatible, const char *node)
{
    pbt_fdt(d, "compatible", compatible);
    if (node)
        pbt_fdt(d, "node", node);
}

/* virt as machines/riscv64/virt.machine has it, with two harts and 64 MiB. */
static pbt *bench(pb_dev **boot)
{
    pbt *b = pbt_new();
    pb_dev *cpu[2], *d[6];
    static const char *const plugins[] = {"sifive-test", "goldfish-rtc", "riscv-aclint",
        "sifive-plic", "ns16550a", "riscv-boot", "unpack"};

    for (int i = 0; i < 7; i++)
        pbt_load(b, plugins[i]);
    pbt_rom(b, 0x1000, 0xf000);
    pbt_ram(b, RAM, 64 << 20);
    for (int i = 0; i < 2; i++)
        cpu[i] = pbt_cpu(b, "riscv,isa=rv64imafdc;riscv,isa-base=rv64i;"
                            "riscv,isa-extensions=i m a;mmu-type=riscv,sv48;"
                            "riscv,cbom-block-size=64");
    static const char *const names[] = {"test", "rtc", "clint", "plic", "uart0", "boot"};
    for (int i = 0; i < 6; i++) {
        d[i] = pbt_create(b, NULL, 0, plugins[i], names[i], NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d[i]);
    }
    for (int i = 0; i < 2; i++) {
        pbt_wire(d[2], "soft", i, cpu[i], 3);
        pbt_wire(d[2], "timer", i, cpu[i], 7);
        pbt_wire(d[3], "m", i, cpu[i], 11);
        pbt_wire(d[3], "s", i, cpu[i], 9);
    }
    pbt_wire(d[1], "irq", 0, d[3], 11);
    pbt_wire(d[4], "irq", 0, d[3], 10);
    pbt_set_clock_hz(d[4], 0, 3686400);
    fdt_key(d[0], "sifive,test1 sifive,test0 syscon", NULL);
    fdt_key(d[1], "google,goldfish-rtc", NULL);
    fdt_key(d[2], "sifive,clint0 riscv,clint0", NULL);
    fdt_key(d[3], "sifive,plic-1.0.0 riscv,plic0", NULL);
    fdt_key(d[4], "ns16550a", "serial");
    pbt_fdt(d[4], "alias", "serial0");
    pbt_fdt(d[5], "/ compatible", "riscv-virtio");
    pbt_fdt(d[5], "/poweroff regmap", "<&test>");
    pbt_fdt(d[5], "/poweroff value", "<0x5555>");
    static const uint64_t at[] = {0x100000, 0x101000, 0x2000000, 0xc000000, 0x10000000};
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_EQUAL_FATAL(pbt_realize(d[i]), PB_OK);
        if (i < 5)
            pbt_map(d[i], 0, at[i]);
    }
    *boot = d[5];
    return b;
}

static const uint8_t *dtb(pbt *b)
{
    uint64_t at, len;
    const uint8_t *fdt = pbt_loaded_named(b, "device tree", &at, &len);

    CU_ASSERT_PTR_NOT_NULL_FATAL(fdt);
    CU_ASSERT_EQUAL(fdt_check_full(fdt, len), 0);
    CU_ASSERT_EQUAL(at % 8, 0);
    return fdt;
}

/* Cells of a property are exactly v[n]. */
static void cells(const void *fdt, const char *path, const char *name, const uint32_t *v, int n)
{
    int len = 0, node = fdt_path_offset(fdt, path);
    const fdt32_t *p = node < 0 ? NULL : fdt_getprop(fdt, node, name, &len);

    CU_ASSERT_PTR_NOT_NULL(p);
    CU_ASSERT_EQUAL(len, 4 * n);
    for (int i = 0; p && len == 4 * n && i < n; i++)
        CU_ASSERT_EQUAL(fdt32_to_cpu(p[i]), v[i]);
}
#define CELLS(path, name, ...) cells(fdt, path, name, (const uint32_t[]){__VA_ARGS__}, \
    (int)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

static void text(const void *fdt, const char *path, const char *name, const char *v, int n)
{
    int len = 0, node = fdt_path_offset(fdt, path);
    const void *p = node < 0 ? NULL : fdt_getprop(fdt, node, name, &len);

    CU_ASSERT_PTR_NOT_NULL(p);
    CU_ASSERT_EQUAL(len, n);
    if (p && len == n)
        CU_ASSERT_EQUAL(memcmp(p, v, (size_t)n), 0);
}
#define TEXT(path, name, v) text(fdt, path, name, v, sizeof v)

static uint32_t phandle(const void *fdt, const char *path)
{
    return fdt_get_phandle(fdt, fdt_path_offset(fdt, path));
}

static void test_tree(void)
{
    pb_dev *boot;
    pbt *b = bench(&boot);

    pbt_option(b, "bios", "none");
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const uint8_t *fdt = dtb(b);
    uint32_t plic = phandle(fdt, "/soc/plic@c000000");
    uint32_t i0 = phandle(fdt, "/cpus/cpu@0/interrupt-controller");
    uint32_t i1 = phandle(fdt, "/cpus/cpu@1/interrupt-controller");

    CELLS("/", "#address-cells", 2);
    TEXT("/", "compatible", "riscv-virtio");
    CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 64 << 20);
    CELLS("/cpus", "timebase-frequency", 10000000);
    TEXT("/cpus/cpu@1", "riscv,isa", "rv64imafdc");
    TEXT("/cpus/cpu@1", "riscv,isa-extensions", "i\0m\0a");
    TEXT("/cpus/cpu@0", "mmu-type", "riscv,sv48");
    CELLS("/cpus/cpu@0", "riscv,cbom-block-size", 64);
    CELLS("/cpus/cpu@1", "reg", 1);
    TEXT("/soc/test@100000", "compatible", "sifive,test1\0sifive,test0\0syscon");
    CELLS("/soc/clint@2000000", "interrupts-extended", i0, 3, i0, 7, i1, 3, i1, 7);
    CELLS("/soc/clint@2000000", "reg", 0, 0x2000000, 0, 0x10000);
    CELLS("/soc/plic@c000000", "interrupts-extended", i0, 11, i0, 9, i1, 11, i1, 9);
    CELLS("/soc/plic@c000000", "riscv,ndev", 95);
    CELLS("/soc/plic@c000000", "#interrupt-cells", 1);
    CELLS("/soc/plic@c000000", "reg", 0, 0xc000000, 0, 0x600000);
    CELLS("/soc/serial@10000000", "interrupts", 10);
    CELLS("/soc/serial@10000000", "interrupt-parent", plic);
    CELLS("/soc/serial@10000000", "clock-frequency", 3686400);
    CELLS("/soc/rtc@101000", "interrupts", 11);
    CELLS("/poweroff", "regmap", phandle(fdt, "/soc/test@100000"));
    CELLS("/poweroff", "value", 0x5555);
    TEXT("/aliases", "serial0", "/soc/serial@10000000");
    TEXT("/chosen", "stdout-path", "/soc/serial@10000000");
    int len;
    CU_ASSERT_PTR_NOT_NULL(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &len));
    CU_ASSERT_EQUAL(len, 32);
    if (dtb_out) {
        FILE *f = fopen(dtb_out, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        fwrite(fdt, 1, fdt_totalsize(fdt), f);
        fclose(f);
    }
    pbt_free(b);
}

static void linux_image(uint8_t *k, size_t n)
{
    uint64_t off = 0x200000, size = 6 << 20;

    memset(k, 0x13, n);
    memcpy(k + 8, &off, 8);
    memcpy(k + 16, &size, 8);
    memcpy(k + 56, "RSC\x05", 4);
}

static void test_linux_behind_firmware(void)
{
    static uint8_t kernel[0x5000], fw[0x1000], initrd[0x3333];
    pb_dev *boot;
    pbt *b = bench(&boot);
    uint64_t at, len, pc, info[6];

    linux_image(kernel, sizeof kernel);
    pbt_option(b, "bios", file("fw.bin", fw, sizeof fw));
    pbt_option(b, "kernel", file("Image", kernel, sizeof kernel));
    pbt_option(b, "initrd", file("initrd", initrd, sizeof initrd));
    pbt_option(b, "append", "console=ttyS0 quiet");
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    CU_ASSERT_STRING_EQUAL(pbt_error(b), "");
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "firmware", &at, &len));
    CU_ASSERT_EQUAL(at, RAM);
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "kernel", &at, &len));
    CU_ASSERT_EQUAL(at, RAM + 0x200000);
    CU_ASSERT_EQUAL(len, sizeof kernel);
    CU_ASSERT_PTR_NOT_NULL(pbt_loaded_named(b, "initrd", &at, &len));
    CU_ASSERT_TRUE(at >= RAM + 0x200000 + (6 << 20));
    CU_ASSERT_EQUAL(at % 4096, 0);
    const uint8_t *fdt = dtb(b);
    CELLS("/chosen", "linux,initrd-start", 0, (uint32_t)at);
    CELLS("/chosen", "linux,initrd-end", 0, (uint32_t)(at + len));
    TEXT("/chosen", "bootargs", "console=ttyS0 quiet");

    const uint8_t *rom = pbt_loaded_named(b, "reset", &at, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rom);
    CU_ASSERT_EQUAL(at, 0x1000);
    CU_ASSERT_EQUAL(pbt_entry(b, 1, &pc, NULL, 0), 0);
    CU_ASSERT_EQUAL(pc, 0x1000);
    memcpy(&pc, rom + 32, 8);
    CU_ASSERT_EQUAL(pc, RAM);
    memcpy(info, rom + 48, sizeof info);
    CU_ASSERT_EQUAL(info[0], 0x4942534f);
    CU_ASSERT_EQUAL(info[1], 2);
    CU_ASSERT_EQUAL(info[2], RAM + 0x200000);
    CU_ASSERT_EQUAL(info[3], 1);
    pbt_free(b);
}

static void le(uint8_t *p, uint64_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

/* An ELF file of one segment: 32 bytes at `addr`, 64 in memory; linked 4 GiB higher. */
static size_t elf(uint8_t *f, uint32_t em, uint64_t addr)
{
    memset(f, 0, 0x200);
    memcpy(f, "\177ELF\2\1\1", 7);
    le(f + 16, 2, 2);
    le(f + 18, em, 2);
    le(f + 24, addr + 0x100000000ull + 8, 8);
    le(f + 32, 64, 8);
    le(f + 54, 56, 2);
    le(f + 56, 1, 2);
    le(f + 64, 1, 4);
    le(f + 64 + 8, 0x100, 8);
    le(f + 64 + 16, addr + 0x100000000ull, 8);
    le(f + 64 + 24, addr, 8);
    le(f + 64 + 32, 32, 8);
    le(f + 64 + 40, 64, 8);
    memset(f + 0x100, 0xaa, 32);
    return 0x120;
}

static void test_bare_elf(void)
{
    uint8_t f[0x200];
    pb_dev *boot;
    pbt *b = bench(&boot);
    uint64_t at, len, pc;

    pbt_option(b, "bios", "none");
    pbt_option(b, "kernel", file("bare", f, elf(f, 243, RAM)));
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const uint8_t *k = pbt_loaded_named(b, "kernel", &at, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(k);
    CU_ASSERT_EQUAL(at, RAM);
    CU_ASSERT_EQUAL(len, 64);
    CU_ASSERT_EQUAL(k[31], 0xaa);
    CU_ASSERT_EQUAL(k[32], 0);
    const uint8_t *rom = pbt_loaded_named(b, "reset", &at, &len);
    memcpy(&pc, rom + 32, 8);
    CU_ASSERT_EQUAL(pc, RAM + 8);
    pbt_free(b);
}

/* What `ld -Ttext=0x80000000` makes: the headers' page comes before the code. */
static void test_headers_below_memory(void)
{
    uint8_t f[0x200];
    pb_dev *boot;
    pbt *b = bench(&boot);
    uint64_t at, len;

    elf(f, 243, RAM - 16);
    f[0x110] = 0x55;
    pbt_option(b, "bios", "none");
    pbt_option(b, "kernel", file("ttext", f, 0x120));
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const uint8_t *k = pbt_loaded_named(b, "kernel", &at, &len);
    CU_ASSERT_TRUE(k && at == RAM && len == 48 && k[0] == 0x55 && k[15] == 0xaa && k[16] == 0);
    CU_ASSERT_EQUAL(pbt_logged(b, PB_LOG_WARN), 1);
    pbt_free(b);
}

static void refused(const char *option, const char *path, const char *word)
{
    pb_dev *boot;
    pbt *b = bench(&boot);

    pbt_option(b, "bios", "none");
    pbt_option(b, option, path);
    CU_ASSERT_TRUE(pbt_boot(boot) < 0);
    if (!strstr(pbt_error(b), word))
        fprintf(stderr, "expected '%s' in: %s\n", word, pbt_error(b));
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), word));
    pbt_free(b);
}

static void test_refusals(void)
{
    uint8_t f[0x400];

    refused("kernel", file("x86", f, elf(f, 62, RAM)), "x86-64, expected RISC-V");
    le(f + 64 + 8, 0x1000, 8); /* the segment lies beyond the file */
    le(f + 18, 243, 2);
    refused("kernel", file("cut", f, 0x120), "truncated");
    elf(f, 243, RAM);
    le(f + 64 + 40, 1ull << 40, 8);
    refused("kernel", file("huge", f, 0x120), "larger -m");
    memset(f, 0, sizeof f);
    memcpy(f + 56, "ARM\x64", 4);
    refused("kernel", file("arm", f, 64), "AArch64");
    memset(f, 0, sizeof f);
    le(f + 0x1fe, 0xaa55, 2);
    memcpy(f + 0x202, "HdrS", 4);
    refused("kernel", file("bz", f, 0x300), "bzImage");
    refused("kernel", file("gz", "\x1f\x8b\x08\0\0\0\0\0\0\0garbage..", 20), "gzip");
    refused("kernel", "/nonexistent/vmlinux", "No such file");
    refused("kernel", "/", "directory");
    refused("initrd", "/nonexistent", "-initrd only allowed with -kernel option");
    refused("append", "x", "-append only allowed with -kernel option");
    refused("dtb", file("bad.dtb", "not a tree, not at all", 22), "not a device tree");
    refused("bios", "nothing-of-that-name", "nothing-of-that-name");
    linux_image(f, sizeof f);
    le(f + 16, 1ull << 40, 8);
    refused("kernel", file("large", f, sizeof f), "does not fit");
}

static void test_user_dtb(void)
{
    pb_dev *boot;
    pbt *b = bench(&boot);
    uint8_t blob[1024];

    fdt_create_empty_tree(blob, sizeof blob);
    fdt_setprop_u32(blob, 0, "#address-cells", 2);
    fdt_setprop_u32(blob, 0, "#size-cells", 2);
    fdt_setprop_string(blob, 0, "model", "mine");
    pbt_option(b, "bios", "none");
    pbt_option(b, "dtb", file("my.dtb", blob, sizeof blob));
    CU_ASSERT_EQUAL_FATAL(pbt_boot(boot), PB_OK);
    const uint8_t *fdt = dtb(b);
    TEXT("/", "model", "mine");
    CELLS("/memory@80000000", "reg", 0, 0x80000000, 0, 64 << 20);
    CU_ASSERT_TRUE(fdt_path_offset(fdt, "/soc") < 0);
    CU_ASSERT_TRUE(fdt_path_offset(fdt, "/chosen") > 0);
    pbt_free(b);
}

int main(int argc, char **argv)
{
    static const struct suite_test tests[] = {
        {"device tree", test_tree},
        {"Linux behind firmware", test_linux_behind_firmware},
        {"bare ELF", test_bare_elf},
        {"headers below memory", test_headers_below_memory},
        {"refusals", test_refusals},
        {"-dtb", test_user_dtb},
    };
    char cmd[80];

    if (argc > 2 && strcmp(argv[1], "--dtb") == 0)
        dtb_out = argv[2];
    if (!mkdtemp(dir))
        return 2;
    int rc = SUITE_RUN("riscv-boot", tests);
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd) ? 2 : rc;
}
