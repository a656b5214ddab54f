/* SPDX-License-Identifier: MIT */
/* load.c - the images of -bios, -kernel and -initrd, and where they go.
 * Linux Documentation/arch/arm64/booting.rst, section 4 (text_offset, image_size). */
#include "arm-boot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB2 0x200000ull
#define RAW_OFFSET 0x80000ull /* where a raw binary goes, as bare-metal programs expect */

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) & ~(to - 1);
}

/* ---- Firmware ---------------------------------------------------------------------- */

int ab_load_firmware(struct arm_boot *b, pb_err *e)
{
    const char *bios = b->c.board->option(b->c.dev, "bios"), *path = bios;
    const char *flash = b->c.board->option(b->c.dev, "pflash0");
    char what[600], text[IMAGE_TEXT];
    struct image m;

    b->c.board->used(b->c.dev, "bios");
    if (bios && strcmp(bios, "none") == 0)
        bios = NULL;
    b->firmware = bios || flash;
    if (!bios)
        return PB_OK;
    if (flash)
        return boot_fail(&b->c, e, PB_EINVAL, "-bios and a first -pflash are both firmware: give "
                         "one of them");
    if (access(bios, F_OK) != 0)
        path = b->c.board->find_firmware(b->c.dev, bios, e);
    if (!path)
        return PB_ENOENT;
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "-bios: %s", text);
    snprintf(what, sizeof what, "firmware '%s'", path);
    int rc = b->c.board->load(b->c.dev, what, b->bios_addr, m.data, m.len, e);
    image_free(&m);
    return rc;
}

/* ---- Kernel ------------------------------------------------------------------------ */

static int load_flat(struct arm_boot *b, const char *what, const struct image *m,
                     const struct image_info *i, pb_err *e)
{
    uint64_t base = align_up(b->c.ram.addr, MIB2);
    uint64_t offset = i->kind == IMAGE_LINUX ? i->text_offset : RAW_OFFSET;
    uint64_t size = i->kind == IMAGE_LINUX ? i->image_size : m->len;

    if (offset < 0x1000) /* not at the very start, where firmware puts its tables */
        offset += MIB2;
    if (offset > b->c.ram.len || size > b->c.ram.len - offset ||
        base - b->c.ram.addr > b->c.ram.len - offset - size)
        return boot_fail(&b->c, e, PB_ENOSPC, "%s: does not fit into %llu MiB of memory; use a "
                         "larger -m", what, (unsigned long long)b->c.ram.len >> 20);
    b->kernel_entry = base + offset;
    b->kernel_end = b->kernel_entry + size;
    b->bare = i->kind != IMAGE_LINUX;
    return b->c.board->load(b->c.dev, what, b->kernel_entry, m->data, m->len, e);
}

int ab_load_kernel(struct arm_boot *b, pb_err *e)
{
    const char *path = b->c.board->option(b->c.dev, "kernel");
    char what[600], text[IMAGE_TEXT];
    struct image_info i;
    struct image m;
    int rc;

    b->c.board->used(b->c.dev, "kernel");
    if (!path) {
        if (b->c.board->option(b->c.dev, "append"))
            return boot_fail(&b->c, e, PB_EINVAL, "-append only allowed with -kernel option");
        if (b->c.board->option(b->c.dev, "initrd"))
            return boot_fail(&b->c, e, PB_EINVAL, "-initrd only allowed with -kernel option");
        return PB_OK;
    }
    if (b->firmware)
        return boot_fail(&b->c, e, PB_ENOTSUP, "-kernel together with firmware (-bios, -pflash) is "
                         "not supported: leave the firmware out, or let it load the kernel");
    snprintf(what, sizeof what, "kernel '%s'", path);
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "could not load kernel '%s': %s", path, text);
    if (image_unpack(&m, text) < 0 || image_identify(&m, IMAGE_EM_AARCH64, &i, text) < 0) {
        image_free(&m);
        return boot_fail(&b->c, e, PB_EINVAL, "could not load kernel '%s': it is %s", path, text);
    }
    if (i.kind == IMAGE_ELF) {
        rc = boot_load_elf(&b->c, what, &m, &i, 0, e);
        b->kernel_entry = i.entry;
        b->kernel_end = i.high;
        b->bare = 1;
    } else {
        rc = load_flat(b, what, &m, &i, e);
    }
    image_free(&m);
    return rc;
}

/* ---- Initial RAM disk -------------------------------------------------------------- */

int ab_load_initrd(struct arm_boot *b, pb_err *e)
{
    const char *path = b->c.board->option(b->c.dev, "initrd");
    uint64_t half = b->c.ram.len / 2 < 128u << 20 ? b->c.ram.len / 2 : 128u << 20;
    uint64_t from = b->c.ram.addr + half;
    char what[600], text[IMAGE_TEXT];
    struct image m;

    b->c.board->used(b->c.dev, "initrd");
    if (!path)
        return PB_OK;
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "could not load initrd: %s", text);
    snprintf(what, sizeof what, "initrd '%s'", path);
    if (from < b->kernel_end)
        from = b->kernel_end;
    uint64_t at = b->c.board->place(b->c.dev, from, m.len, 0x1000);
    if (at == UINT64_MAX)
        at = b->c.board->place(b->c.dev, b->kernel_end, m.len, 0x1000);
    if (at == UINT64_MAX) {
        uint64_t len = m.len;
        image_free(&m);
        return boot_fail(&b->c, e, PB_ENOSPC, "%s: no room for its %llu MiB above the kernel; use "
                         "a larger -m", what, (unsigned long long)(len >> 20));
    }
    int rc = b->c.board->load(b->c.dev, what, at, m.data, m.len, e);
    b->c.initrd = at;
    b->c.initrd_end = at + m.len;
    image_free(&m);
    return rc;
}
