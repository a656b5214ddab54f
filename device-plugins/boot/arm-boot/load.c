/* SPDX-License-Identifier: MIT */
/* load.c - the image of -bios, and which of -kernel and -initrd make sense beside it. */
#include "arm-boot.h"

#include <string.h>
#include <unistd.h>

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
