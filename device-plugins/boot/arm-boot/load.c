/* SPDX-License-Identifier: MIT */
/* load.c - the image of -bios, and which of -kernel and -initrd make sense beside it. */
#include "arm-boot.h"

#include <string.h>
#include <unistd.h>

/* What firmware is put into: its name, and how much there is from that address; 0: nothing. */
static uint64_t room(struct arm_boot *b, const char **name)
{
    struct pb_board_reg r;
    pb_dev *d;

    for (uint32_t i = 0; (d = b->c.board->device(b->c.dev, i)) != NULL; i++) {
        if (b->c.board->dev_regs(d, &r, 1) && b->bios_addr >= r.addr &&
            b->bios_addr - r.addr < r.len) {
            *name = b->c.board->dev_name(d);
            return r.len - (b->bios_addr - r.addr);
        }
    }
    return 0;
}

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
    const char *flash_name = "";
    uint64_t size = room(b, &flash_name);
    if (size && m.len > size) {
        uint64_t len = m.len;
        image_free(&m);
        return boot_fail(&b->c, e, PB_ENOSPC, "-bios %s: it has %llu bytes, and %s, where it goes, "
                         "%llu; an image of both flashes is cut into two files for -pflash", path,
                         (unsigned long long)len, flash_name, (unsigned long long)size);
    }
    int rc = b->c.board->load(b->c.dev, what, b->bios_addr, m.data, m.len, e);
    image_free(&m);
    return rc;
}

int ab_load_kernel(struct arm_boot *b, pb_err *e)
{
    const char *path = b->c.board->option(b->c.dev, "kernel");

    b->c.board->used(b->c.dev, "kernel");
    if (!path) {
        if (b->c.board->option(b->c.dev, "append"))
            return boot_fail(&b->c, e, PB_EINVAL, "-append only allowed with -kernel option");
        if (b->c.board->option(b->c.dev, "initrd"))
            return boot_fail(&b->c, e, PB_EINVAL, "-initrd only allowed with -kernel option");
        return PB_OK;
    }
    if (b->firmware)
        return boot_hand_over(&b->c, e);
    return boot_arm64_kernel(&b->c, path, &b->kernel, e);
}
