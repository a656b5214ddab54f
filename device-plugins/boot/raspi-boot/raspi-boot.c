/* SPDX-License-Identifier: MIT */
/* raspi-boot.c - what a Raspberry Pi's firmware does before the ARM cores run.
 * Raspberry Pi documentation, "Boot sequence" and "config.txt"; Linux
 * Documentation/arch/arm64/booting.rst (EL2, x0, "spin-table").
 *
 * Core 0 enters the kernel at EL2 with x0 = device tree. The others wait in page 0 until a word
 * of the spin table tells them where to go: core n reads the one at 0xd8 + 8 n. Memory from the
 * split on is the VideoCore's and is not told to the kernel.
 *
 * Without -kernel, what to run is read from the card: card.c.
 *
 * Not modelled: AArch32 kernels, the firmware's own files.
 */
#include "raspi-boot.h"

#include <plugboard/plugin.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { P_FACTS, P_PATCH, P_SLOT };

#define CORES 4u
#define EL2 2u
#define SPIN_TABLE 0xd8u
#define STUB 0x80u
#define FDT_SLACK 0x10000u
#define MIB2 0x200000ull

/* At STUB, after which the table follows. */
static const uint32_t stub[] = {
    0xd53800a6, /* mrs  x6, mpidr_el1 */
    0x924004c6, /* and  x6, x6, #3 */
    0x10000285, /* adr  x5, SPIN_TABLE */
    0xd503205f, /* 1: wfe */
    0xf86678a4, /* ldr  x4, [x5, x6, lsl #3] */
    0xb4ffffc4, /* cbz  x4, 1b */
    0xd2800000, /* mov  x0, #0 */
    0xd2800001, /* mov  x1, #0 */
    0xd2800002, /* mov  x2, #0 */
    0xd2800003, /* mov  x3, #0 */
    0xd61f0080, /* br   x4 */
};
_Static_assert(STUB + sizeof stub <= SPIN_TABLE, "the stub ends before the table");

void pi_say(struct raspi_boot *b, uint32_t level, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    if (!b->c.h->log_on[level])
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    b->c.h->log(b->c.h, b->c.dev, level, text);
}

/* ---- Page 0 ---------------------------------------------------------------------------- */

static int load_stub(struct raspi_boot *b, pb_err *e)
{
    uint8_t page[SPIN_TABLE + 8 * CORES - STUB] = {0};

    for (uint32_t i = 0; i < sizeof stub / 4; i++) {
        for (uint32_t k = 0; k < 4; k++)
            page[4 * i + k] = (uint8_t)(stub[i] >> 8 * k);
    }
    return b->c.board->load(b->c.dev, "spin table", STUB, page, sizeof page, e);
}

/* ---- Device tree ----------------------------------------------------------------------- */

static int load_fdt(struct raspi_boot *b, uint64_t *at, pb_err *e)
{
    uint64_t end = b->c.initrd_end > b->kernel.end ? b->c.initrd_end : b->kernel.end;
    uint32_t len;

    *at = 0;
    const char *path = b->c.board->option(b->c.dev, "dtb");
    if (!path && !b->c.tree) {
        b->c.board->used(b->c.dev, "append");
        if (!b->kernel.bare)
            pi_say(b, PB_LOG_WARN, "a Linux kernel without a device tree finds no devices; give "
                   "the board's by -dtb, such as bcm2837-rpi-3-b-plus.dtb of the kernel's "
                   "package");
        return PB_OK;
    }
    uint8_t *fdt = boot_make_fdt(&b->c, &len, e);
    if (!fdt)
        return PB_EINVAL;
    const char *wrong = b->patch ? pi_wrong_tree(fdt) : NULL;
    int rc = wrong ? boot_fail(&b->c, e, PB_EINVAL, "%s%s: %s; take one for the Raspberry Pi "
                               "3B or 3B+, or switch dtb-patch off to use this one as it is",
                               path ? "-dtb " : "the SD card's device tree", path ? path : "",
                               wrong) : PB_OK;
    if (rc == PB_OK) {
        *at = b->c.board->place(b->c.dev, end, len + FDT_SLACK, MIB2);
        if (*at > b->split || len + FDT_SLACK > b->split - *at)
            rc = boot_fail(&b->c, e, PB_ENOSPC, "no room for the device tree (%u bytes) between "
                           "the kernel and the VideoCore's memory", len);
    }
    if (rc == PB_OK && !b->kernel.bare)
        pi_doctor(b, fdt);
    if (rc == PB_OK)
        rc = b->c.board->load(b->c.dev, "device tree", *at, fdt, len, e);
    free(fdt);
    return rc;
}

/* By options, or from the card. */
static int load_kernel(struct raspi_boot *b, pb_err *e)
{
    const char *path = b->c.board->option(b->c.dev, "kernel");
    struct medium m;
    int rc;

    b->c.board->used(b->c.dev, "kernel");
    if (!path && pi_card(b, &m))
        return pi_card_boot(b, &m, e);
    if (!path)
        return boot_fail(&b->c, e, PB_EINVAL, "nothing to boot: give the image of an SD card, or "
                         "-kernel FILE (an AArch64 Image, or a program for bare metal)");
    if ((rc = boot_arm64_kernel(&b->c, path, &b->kernel, e)) < 0)
        return rc;
    return boot_arm64_initrd(&b->c, b->kernel.end, e);
}

static int read_facts(struct raspi_boot *b, pb_err *e)
{
    if (b->facts->number(b->facts_self, "vc-base", &b->split) < 0 ||
        b->facts->number(b->facts_self, "serial", &b->serial) < 0 ||
        b->facts->number(b->facts_self, "mac", &b->mac) < 0)
        return boot_fail(&b->c, e, PB_ENOENT, "raspi-boot: the device that 'facts' names does not "
                         "know vc-base, serial and mac");
    return PB_OK;
}

static int boot(void *self, pb_err *e)
{
    struct raspi_boot *b = self;
    uint64_t args[5] = {0, 0, 0, 0, EL2};
    int rc = read_facts(b, e);

    if (rc < 0)
        return rc;
    if (b->c.board->ram(b->c.dev, &b->c.ram, 1) == 0 || b->c.ram.addr != 0 ||
        b->c.ram.len < b->split)
        return boot_fail(&b->c, e, PB_EINVAL, "raspi-boot: the board needs main memory from 0 to "
                         "the VideoCore's part at 0x%llx", (unsigned long long)b->split);
    b->c.ram.len = b->split;
    b->kernel = (struct boot_kernel){0};
    b->c.initrd = b->c.initrd_end = 0;
    b->c.tree = NULL;
    b->c.append = NULL;
    rc = load_stub(b, e);
    if (rc == PB_OK && (rc = load_kernel(b, e)) == PB_OK)
        rc = load_fdt(b, &args[0], e);
    image_free(&b->tree);
    if (rc < 0)
        return rc;
    rc = b->c.board->entry(b->c.dev, 0, b->kernel.entry, args, 5, e);
    args[0] = 0;
    return rc < 0 ? rc : b->c.board->entry(b->c.dev, UINT32_MAX, STUB, args, 5, e);
}

/* ---- The class ------------------------------------------------------------------------- */

static const struct boot_isa isa = {.bus = "/soc", .patch = pi_patch};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct raspi_boot *b = self;

    b->c.h = h;
    b->c.dev = d;
    b->c.isa = &isa;
    b->c.board = h->get(h, PB_SVC_BOARD);
    b->c.bus = h->get(h, PB_SVC_BUS);
    b->c.time = h->get(h, PB_SVC_TIME);
    b->patch = (uint32_t)prop->get_int(d, P_PATCH);
    b->slot = prop->get_link(d, P_SLOT, PB_SD_SLOT, &b->slot_self);
    b->facts = prop->get_link(d, P_FACTS, PB_BOARD_FACTS, &b->facts_self);
    return b->facts ? PB_OK : h->fail(e, PB_EINVAL, "raspi-boot: link 'facts' has to name the "
                                                    "board's mailbox");
}

static const char *const slot_iface[] = {PB_SD_SLOT, NULL};
static const char *const facts_iface[] = {PB_BOARD_FACTS, NULL};
static const struct pb_prop props[] = {
    {.name = "facts", .doc = "Who has serial number, MAC address and the VideoCore's memory",
     .type = PB_T_LINK, .choices = facts_iface},
    {.name = "dtb-patch", .doc = "Take parts that the machine lacks out of the device tree",
     .def = "on", .type = PB_T_BOOL},
    {.name = "slot", .doc = "Slot whose card is booted when there is no -kernel",
     .type = PB_T_LINK, .choices = slot_iface},
};
static const struct pb_boot boot_table = {sizeof boot_table, 0, boot};
static const struct pb_provide provides[] = {{PB_BOOT, &boot_table}};

static const struct pb_device_class raspi_boot = {
    .size = sizeof raspi_boot, .flags = PB_DEV_NO_USER, .id = "raspi-boot",
    .title = "Boot firmware of the Raspberry Pi", .category = "misc",
    .spec = "Raspberry Pi documentation", .props = props, .n_props = sizeof props / sizeof *props,
    .provides = provides, .n_provides = 1, .instance_size = sizeof(struct raspi_boot),
    .state_version = 1, .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &raspi_boot}};
static const char *const needs[] = {PB_SVC_BOARD, PB_SVC_BUS, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.raspi-boot",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Boot firmware of the Raspberry Pi", .needs = needs, .classes = classes,
    .n_classes = 1};
