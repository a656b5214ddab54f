/* SPDX-License-Identifier: MIT */
/* arm-boot.c - how an AArch64 machine starts: firmware at its reset vector, or a kernel with
 * initrd and device tree.
 * Linux Documentation/arch/arm64/booting.rst: x0 is the address of the device tree, x1 to x3
 * are 0; the exception level is the highest Non-secure one.
 *
 * Firmware and bare-metal programs find the device tree at the start of main memory; a Linux
 * kernel anywhere.
 *
 * Not modelled: AArch32 kernels.
 */
#include "arm-boot.h"
#include "smbios.h"

#include <plugboard/arm.h>
#include <plugboard/plugin.h>

#include <stdlib.h>

enum { P_BIOS, P_KERNEL_EL, P_CONSOLE };

#define MIB2 0x200000ull
#define FDT_SLACK 0x10000u /* behind the tree: firmware edits it in place */

/* At the start of memory when that is free and expected, else behind everything. */
static uint64_t fdt_place(struct arm_boot *b, uint64_t len)
{
    uint64_t end = b->c.initrd_end > b->kernel.end ? b->c.initrd_end : b->kernel.end, at;

    if ((b->kernel.bare || !b->kernel.end) &&
        b->c.board->place(b->c.dev, b->c.ram.addr, len, 8) == b->c.ram.addr)
        return b->c.ram.addr;
    at = b->c.board->place(b->c.dev, end, len, MIB2);
    if (at == UINT64_MAX)
        at = b->c.board->place(b->c.dev, b->c.ram.addr, len, 0x1000);
    return at;
}

static int load_fdt(struct arm_boot *b, uint64_t *at, pb_err *e)
{
    const char *dump = b->c.board->option(b->c.dev, "dumpdtb");
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
    *at = fdt_place(b, len + FDT_SLACK);
    if (rc == PB_OK && *at == UINT64_MAX)
        rc = boot_fail(&b->c, e, PB_ENOSPC, "no room for the device tree (%u bytes) beside the "
                       "other images; use a larger -m", len);
    if (rc == PB_OK)
        rc = b->c.board->load(b->c.dev, "device tree", *at, fdt, len, e);
    free(fdt);
    return rc;
}

/* With an EL3 the kernel starts below it (kernel-el), and firmware there. */
static void tell_parts(struct arm_boot *b)
{
    pb_dev *d;

    for (uint32_t i = 0; b->kernel_el && (d = b->c.board->device(b->c.dev, i)) != NULL; i++) {
        void *self = NULL;
        const struct pb_arm_start *s = b->c.bus->side(d, PB_ARM_START, &self);
        if (s)
            s->start(self, b->kernel.end ? PB_ARM_START_NONSECURE : PB_ARM_START_SECURE);
    }
}

static int boot(void *self, pb_err *e)
{
    struct arm_boot *b = self;
    uint64_t args[5] = {0, 0, 0, 0, b->kernel_el};
    int rc;

    if (b->c.board->ram(b->c.dev, &b->c.ram, 1) == 0)
        return boot_fail(&b->c, e, PB_EINVAL, "arm-boot: the machine has no main memory");
    b->c.board->used(b->c.dev, "acpi"); /* without firmware there is nobody to have them */
    b->firmware = 0;
    b->kernel = (struct boot_kernel){0};
    b->c.initrd = b->c.initrd_end = 0;
    if ((rc = ab_load_firmware(b, e)) < 0 || (rc = ab_load_kernel(b, e)) < 0 ||
        (b->kernel.end && (rc = boot_arm64_initrd(&b->c, b->kernel.end, e)) < 0) ||
        (rc = load_fdt(b, &args[0], e)) < 0)
        return rc;
    boot_check_console(&b->c, b->console);
    tell_parts(b);
    if ((rc = smbios_tables(&b->c, SMBIOS_ARMV8, e)) < 0 ||
        (b->firmware && (rc = aa_tables(b, e)) < 0))
        return rc;
    if (!b->kernel.end) /* firmware, or a program that -device loader brings */
        return b->c.board->entry(b->c.dev, UINT32_MAX, UINT64_MAX, NULL, 0, e);
    return b->c.board->entry(b->c.dev, UINT32_MAX, b->kernel.entry, args, b->kernel_el ? 5 : 4, e);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct arm_boot *b = self;

    (void)e;
    b->c.h = h;
    b->c.dev = d;
    b->c.isa = &ab_isa;
    b->c.board = h->get(h, PB_SVC_BOARD);
    b->c.bus = h->get(h, PB_SVC_BUS);
    b->c.time = h->get(h, PB_SVC_TIME);
    b->bios_addr = (uint64_t)prop->get_int(d, P_BIOS);
    b->console = prop->get_str(d, P_CONSOLE);
    b->kernel_el = (uint32_t)prop->get_int(d, P_KERNEL_EL);
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "bios-address", .doc = "Where -bios is loaded: the CPUs' reset vector", .def = "0",
     .type = PB_T_UINT, .qemu_type = "uint64"},
    {.name = "kernel-el", .doc = "Exception level that -kernel starts in; 0: the highest there "
     "is", .def = "0", .min = 0, .max = 3, .type = PB_T_UINT},
    {.name = "console", .doc = "What Linux calls the serial port", .def = "", .type = PB_T_STR},
};
static const struct pb_boot boot_table = {sizeof boot_table, 0, boot};
static const struct pb_provide provides[] = {{PB_BOOT, &boot_table}};

static const struct pb_device_class arm_boot = {
    .size = sizeof arm_boot, .flags = PB_DEV_NO_USER, .id = "arm-boot",
    .title = "AArch64 boot protocol", .category = "misc", .spec = "Linux arm64 booting.rst",
    .props = props, .n_props = sizeof props / sizeof *props, .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct arm_boot), .state_version = 1,
    .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &arm_boot}};
static const char *const needs[] = {PB_SVC_BOARD, PB_SVC_BUS, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.arm-boot",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "AArch64 boot protocol",
    .needs = needs, .classes = classes, .n_classes = 1};
