/* SPDX-License-Identifier: MIT */
/* riscv-boot.c - how a RISC-V machine starts: firmware, kernel, initrd, device tree, and the
 * code that harts run at their reset vector.
 * RISC-V SBI specification (boot state of harts); OpenSBI docs/firmware/fw_dynamic.md
 * (struct fw_dynamic_info, version 2); Linux Documentation/arch/riscv/boot.rst.
 *
 * Every hart starts at the reset vector with a0 = mhartid, a1 = device tree, a2 = the
 * fw_dynamic information, and jumps to the firmware, or without one to the kernel. What is in the
 * first flash takes the kernel's place, and finds it in fw_cfg: OpenSBI starts the flash in S mode,
 * -bios none in M mode.
 *
 * Not modelled: 32-bit harts.
 */
#include "riscv-boot.h"
#include "smbios.h"

#include <plugboard/plugin.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { P_RESET_VECTOR, P_FIRMWARE, P_CONSOLE };

static void put(uint8_t *at, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(v >> (8 * i));
}

enum { CODE_ENTRY = 32, CODE_FDT = 40, CODE_INFO = 48, CODE_SIZE = 96 };

static int load_reset_code(struct riscv_boot *b, uint64_t fdt, pb_err *e)
{
    static const uint32_t code[] = {
        0x00000297, /* auipc t0, 0         */
        0xf1402573, /* csrr  a0, mhartid   */
        0x03028613, /* addi  a2, t0, 48    CODE_INFO */
        0x0282b583, /* ld    a1, 40(t0)    CODE_FDT */
        0x0202b283, /* ld    t0, 32(t0)    CODE_ENTRY */
        0x00028067, /* jr    t0            */
    };
    const uint64_t info[] = {
        0x4942534f,      /* magic: "OSBI" */
        2,               /* version */
        b->kernel_entry, /* next_addr */
        1,               /* next_mode: S */
        0,               /* options */
        0,               /* boot_hart */
    };
    uint8_t rom[CODE_SIZE] = {0};

    for (size_t i = 0; i < sizeof code / sizeof *code; i++)
        put(rom + 4 * i, code[i], 4);
    put(rom + CODE_ENTRY, b->entry, 8);
    put(rom + CODE_FDT, fdt, 8);
    for (size_t i = 0; i < sizeof info / sizeof *info; i++)
        put(rom + CODE_INFO + 8 * i, info[i], 8);
    int rc = b->c.board->load(b->c.dev, "reset vector", b->reset_vector, rom, sizeof rom, e);
    if (rc < 0)
        return rc;
    return b->c.board->entry(b->c.dev, UINT32_MAX, b->reset_vector, NULL, 0, e);
}

/* Space behind the tree: firmware edits it in place. */
#define FDT_SLACK 0x10000u

static int load_fdt(struct riscv_boot *b, uint64_t *at, pb_err *e)
{
    const char *dump = b->c.board->option(b->c.dev, "dumpdtb");
    uint64_t top = b->c.ram.addr + b->c.ram.len, floor = b->firmware_end;
    uint32_t len;
    int rc = PB_OK;
    uint8_t *fdt = boot_make_fdt(&b->c, &len, e);

    if (!fdt)
        return PB_EINVAL;
    if (dump) {
        b->c.board->used(b->c.dev, "dumpdtb");
        rc = boot_write_file(&b->c, dump, fdt, len, e);
        if (rc == PB_OK)
            b->c.board->request(b->c.dev, 1, 0);
    }
    if (b->kernel_end > floor)
        floor = b->kernel_end;
    if (b->c.ram.addr < 1ull << 32 && top > 1ull << 32)
        top = 1ull << 32; /* where every firmware can reach it */
    *at = boot_place_high(&b->c, top, floor, len + FDT_SLACK, 0x200000);
    if (*at == UINT64_MAX)
        *at = boot_place_high(&b->c, top, b->c.ram.addr, len + FDT_SLACK, 0x1000);
    if (rc == PB_OK && *at == UINT64_MAX)
        rc = boot_fail(&b->c, e, PB_ENOSPC, "no room for the device tree (%u bytes) beside the "
                     "other images; use a larger -m", len);
    if (rc == PB_OK)
        rc = b->c.board->load(b->c.dev, "device tree", *at, fdt, len, e);
    free(fdt);
    return rc;
}

static int boot(void *self, pb_err *e)
{
    struct riscv_boot *b = self;
    uint64_t fdt = 0;
    int rc;

    if (b->c.board->ram(b->c.dev, &b->c.ram, 1) == 0)
        return boot_fail(&b->c, e, PB_EINVAL, "riscv-boot: the machine has no main memory");
    b->c.board->used(b->c.dev, "acpi"); /* without firmware there is nobody to have them */
    b->entry = b->firmware_end = b->c.ram.addr;
    b->kernel_entry = b->kernel_end = b->c.initrd = b->c.initrd_end = 0;
    b->flash = 0;
    if ((rc = rb_load_firmware(b, e)) < 0 || (rc = rb_find_flash(b, e)) < 0 ||
        (rc = rb_load_kernel(b, e)) < 0 ||
        (rc = rb_load_initrd(b, e)) < 0 || (rc = load_fdt(b, &fdt, e)) < 0)
        return rc;
    boot_check_console(&b->c, b->console);
    if ((rc = smbios_tables(&b->c, SMBIOS_RV64, e)) < 0 ||
        ((b->firmware_end > b->c.ram.addr || b->flash) && (rc = rb_tables(b, e)) < 0))
        return rc;
    return load_reset_code(b, fdt, e);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct riscv_boot *b = self;

    (void)e;
    b->c.h = h;
    b->c.dev = d;
    b->c.isa = &rb_isa;
    b->c.board = h->get(h, PB_SVC_BOARD);
    b->c.bus = h->get(h, PB_SVC_BUS);
    b->c.time = h->get(h, PB_SVC_TIME);
    b->reset_vector = (uint64_t)prop->get_int(d, P_RESET_VECTOR);
    b->firmware = prop->get_str(d, P_FIRMWARE);
    b->console = prop->get_str(d, P_CONSOLE);
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "reset-vector", .doc = "Address of the first instruction of every hart",
     .def = "0x1000", .type = PB_T_UINT, .qemu_type = "uint64"},
    {.name = "firmware", .doc = "Names of what -bios default loads, separated by blanks",
     .def = "opensbi-riscv64-generic-fw_dynamic.bin "
            "opensbi/generic/fw_dynamic.bin opensbi/lp64/generic/firmware/fw_dynamic.bin",
     .type = PB_T_STR, .qemu_type = "str"},
    {.name = "console", .doc = "What Linux calls the serial port", .def = "", .type = PB_T_STR},
};
static const struct pb_boot boot_table = {sizeof boot_table, 0, boot};
static const struct pb_provide provides[] = {{PB_BOOT, &boot_table}};

static const struct pb_device_class riscv_boot = {
    .size = sizeof riscv_boot, .flags = PB_DEV_NO_USER, .id = "riscv-boot",
    .title = "RISC-V boot protocol", .category = "misc", .spec = "RISC-V SBI, boot.rst",
    .props = props, .n_props = sizeof props / sizeof *props, .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct riscv_boot), .state_version = 1,
    .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &riscv_boot}};
static const char *const needs[] = {PB_SVC_BOARD, PB_SVC_BUS, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.riscv-boot", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "RISC-V boot protocol", .needs = needs, .classes = classes,
    .n_classes = 1};
