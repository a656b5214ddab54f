/* SPDX-License-Identifier: MIT */
/* handover.c - -kernel, -initrd and -append for firmware that starts the kernel itself (UEFI): the
 * files as they are, in fw_cfg. QEMU documentation, docs/specs/fw_cfg.rst; the items' numbers are
 * those that EDK II's loader reads. */
#include "boot.h"

#include <string.h>

enum { KERNEL_SIZE = 0x08, INITRD_SIZE = 0x0b, KERNEL_DATA = 0x11, INITRD_DATA = 0x12,
       CMDLINE_SIZE = 0x14, CMDLINE_DATA = 0x15 };

const struct pb_fw_files *boot_fw_files(struct boot *b, void **self)
{
    const struct pb_fw_files *f = NULL;
    pb_dev *d;

    for (uint32_t i = 0; !f && (d = b->board->device(b->dev, i)) != NULL; i++)
        f = b->bus->side(d, PB_FW_FILES, self);
    return f;
}

static int give(const struct pb_fw_files *f, void *self, uint32_t size_key, uint32_t data_key,
                const void *data, uint64_t len, pb_err *e)
{
    const uint8_t n[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                          (uint8_t)(len >> 24)};
    int rc = f->item(self, size_key, n, 4, e);

    return rc < 0 ? rc : f->item(self, data_key, data, (uint32_t)len, e);
}

static int give_file(struct boot *b, const struct pb_fw_files *f, void *self, const char *option,
                     uint32_t size_key, uint32_t data_key, pb_err *e)
{
    const char *path = b->board->option(b->dev, option);
    char text[IMAGE_TEXT];
    struct image m;

    b->board->used(b->dev, option);
    if (!path)
        return PB_OK;
    if (image_open(&m, path, text) < 0)
        return boot_fail(b, e, PB_EIO, "could not load %s '%s': %s", option, path, text);
    int rc = m.len > UINT32_MAX
                 ? boot_fail(b, e, PB_EINVAL, "could not load %s '%s': fw_cfg holds 4 GiB", option,
                             path)
                 : give(f, self, size_key, data_key, m.data, m.len, e);
    image_free(&m);
    return rc;
}

int boot_hand_over(struct boot *b, pb_err *e)
{
    const char *append = b->board->option(b->dev, "append");
    void *self = NULL;
    const struct pb_fw_files *f = boot_fw_files(b, &self);
    int rc;

    if (!f)
        return boot_fail(b, e, PB_ENOTSUP, "-kernel together with firmware needs a fw_cfg device "
                         "that hands it over, which this machine has not: leave the firmware out");
    if ((rc = give_file(b, f, self, "kernel", KERNEL_SIZE, KERNEL_DATA, e)) < 0 ||
        (rc = give_file(b, f, self, "initrd", INITRD_SIZE, INITRD_DATA, e)) < 0)
        return rc;
    b->board->used(b->dev, "append");
    return append ? give(f, self, CMDLINE_SIZE, CMDLINE_DATA, append, strlen(append) + 1, e)
                  : PB_OK;
}
