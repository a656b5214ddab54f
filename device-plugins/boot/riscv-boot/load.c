/* SPDX-License-Identifier: MIT */
/* load.c - the images of -bios, -pflash, -kernel and -initrd, and where they are.
 * Linux Documentation/arch/riscv/boot-image-header.rst; boot.rst ("Kernel location": aligned
 * to 2 MiB). */
#include "riscv-boot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB2 0x200000ull

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) & ~(to - 1);
}

/* ---- Firmware ---------------------------------------------------------------------- */

static const char *default_firmware(struct riscv_boot *b, char *buf, size_t n, pb_err *e)
{
    const char *p = b->firmware;

    while (p && *p) {
        size_t len = strcspn(p, " ");
        char name[512];
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        p += len + strspn(p + len, " ");
        if (name[0] == '/') {
            snprintf(buf, n, "%s", name);
            if (access(buf, R_OK) == 0)
                return buf;
            continue;
        }
        /* only the last miss is reported: it lists what was tried */
        const char *path = b->c.board->find_firmware(b->c.dev, name, *p ? NULL : e);
        if (path)
            return path;
    }
    boot_fail(&b->c, e, PB_ENOENT, "-bios default: none of '%s' is there; install the "
              "package opensbi, or use -bios FILE or -bios none", b->firmware ? b->firmware : "");
    return NULL;
}

int rb_load_firmware(struct riscv_boot *b, pb_err *e)
{
    const char *bios = b->c.board->option(b->c.dev, "bios"), *path = bios;
    char buf[512], what[600], text[IMAGE_TEXT];
    struct image_info i;
    struct image m;

    b->c.board->used(b->c.dev, "bios");
    if (bios && strcmp(bios, "none") == 0)
        return PB_OK;
    if (!bios || strcmp(bios, "default") == 0)
        path = default_firmware(b, buf, sizeof buf, e);
    else if (access(bios, F_OK) != 0)
        path = b->c.board->find_firmware(b->c.dev, bios, e);
    if (!path)
        return PB_ENOENT;
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "-bios: %s", text);
    snprintf(what, sizeof what, "firmware '%s'", path);
    int rc = boot_unpack(&b->c, &m, text, e) < 0 || image_identify(&m, IMAGE_EM_RISCV, &i, text) < 0
                 ? boot_fail(&b->c, e, PB_EINVAL, "%s: %s", what, text) : PB_OK;
    if (rc == PB_OK && i.kind == IMAGE_ELF) {
        uint64_t bias = i.movable && i.low < b->c.ram.addr ? b->c.ram.addr - i.low : 0;
        rc = boot_load_elf(&b->c, what, &m, &i, bias, e);
        b->entry = i.entry + bias;
        b->firmware_end = i.high + bias;
    } else if (rc == PB_OK) {
        rc = b->c.board->load(b->c.dev, what, b->c.ram.addr, m.data, m.len, e);
        b->firmware_end = b->c.ram.addr + m.len;
    }
    image_free(&m);
    return rc;
}

/* What a first -pflash holds runs after the firmware in memory, or at once without one. */
int rb_find_flash(struct riscv_boot *b, pb_err *e)
{
    struct pb_board_reg r;
    pb_dev *d;

    if (!b->c.board->option(b->c.dev, "pflash0"))
        return PB_OK;
    for (uint32_t i = 0; (d = b->c.board->device(b->c.dev, i)) != NULL; i++) {
        if (strcmp(b->c.board->dev_class(d), "cfi-flash") || !b->c.board->dev_regs(d, &r, 1))
            continue;
        b->kernel_entry = r.addr;
        b->flash = 1;
        if (b->firmware_end == b->c.ram.addr) /* no firmware */
            b->entry = r.addr;
        return PB_OK;
    }
    return boot_fail(&b->c, e, PB_EINVAL, "riscv-boot: the first -pflash is no cfi-flash of the "
                     "board, so nothing can start there; leave -pflash out");
}

/* ---- Kernel ------------------------------------------------------------------------ */

static uint64_t kernel_place(struct riscv_boot *b, const struct image_info *i)
{
    uint64_t at = align_up(b->firmware_end, MIB2);
    uint64_t want = b->c.ram.addr + i->text_offset;

    /* text_offset keeps a kernel of S mode clear of firmware at the start of memory */
    if (i->kind == IMAGE_LINUX && i->text_offset < b->c.ram.len && want > at)
        at = align_up(want, MIB2);
    return at;
}

int rb_load_kernel(struct riscv_boot *b, pb_err *e)
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
    if (b->flash)
        return boot_hand_over(&b->c, e);
    snprintf(what, sizeof what, "kernel '%s'", path);
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "could not load kernel '%s': %s", path, text);
    if (boot_unpack(&b->c, &m, text, e) < 0 || image_identify(&m, IMAGE_EM_RISCV, &i, text) < 0) {
        image_free(&m);
        return boot_fail(&b->c, e, PB_EINVAL, "could not load kernel '%s': it is %s", path, text);
    }
    if (i.kind == IMAGE_ELF) {
        rc = boot_load_elf(&b->c, what, &m, &i, 0, e);
        b->kernel_entry = i.entry;
        b->kernel_end = i.high;
    } else {
        uint64_t size = i.kind == IMAGE_LINUX ? i.image_size : m.len;
        b->kernel_entry = kernel_place(b, &i);
        b->kernel_end = b->kernel_entry + size;
        if (size > b->c.ram.len || b->kernel_end > b->c.ram.addr + b->c.ram.len)
            rc = boot_fail(&b->c, e, PB_ENOSPC, "%s: does not fit into %llu MiB of memory; use a "
                           "larger -m", what, (unsigned long long)b->c.ram.len >> 20);
        else
            rc = b->c.board->load(b->c.dev, what, b->kernel_entry, m.data, m.len, e);
    }
    image_free(&m);
    if (b->firmware_end == b->c.ram.addr) /* no firmware */
        b->entry = b->kernel_entry;
    return rc;
}

/* ---- Initial RAM disk -------------------------------------------------------------- */

int rb_load_initrd(struct riscv_boot *b, pb_err *e)
{
    const char *path = b->c.board->option(b->c.dev, "initrd");
    uint64_t top = b->c.ram.addr + b->c.ram.len;
    char what[600], text[IMAGE_TEXT];
    struct image m;

    if (b->flash) /* with the kernel, by boot_hand_over() */
        return PB_OK;
    b->c.board->used(b->c.dev, "initrd");
    if (!path)
        return PB_OK;
    if (image_open(&m, path, text) < 0)
        return boot_fail(&b->c, e, PB_EIO, "could not load initrd: %s", text);
    snprintf(what, sizeof what, "initrd '%s'", path);
    /* High, under a gap for the device tree when there is room for one. */
    uint64_t gap = m.len < b->c.ram.len / 4 ? 2 * MIB2 : 0;
    uint64_t at = boot_place_high(&b->c, top - gap, b->kernel_end, m.len, 0x1000);
    if (at == UINT64_MAX) {
        uint64_t len = m.len;
        image_free(&m);
        return boot_fail(&b->c, e, PB_ENOSPC, "%s: no room for its %llu MiB above the kernel; "
                         "use a larger -m", what, (unsigned long long)(len >> 20));
    }
    int rc = b->c.board->load(b->c.dev, what, at, m.data, m.len, e);
    b->c.initrd = at;
    b->c.initrd_end = at + m.len;
    image_free(&m);
    return rc;
}
