/* SPDX-License-Identifier: MIT */
/* raspi-boot.h - what the files of the Raspberry Pi's boot plugin share. */
#ifndef RASPI_BOOT_H
#define RASPI_BOOT_H

#include "boot.h"

struct raspi_boot {
    struct boot c;
    uint64_t split;    /* memory from here on is the VideoCore's */
    uint64_t serial, mac;
    uint32_t patch;    /* take out of the tree what the machine lacks */
    struct boot_kernel kernel;
};

/* fdt-patch.c: what the firmware does to the tree. */
int pi_patch(struct boot *c, void *fdt);
/* What is wrong with the user's tree, NULL when nothing is. */
const char *pi_wrong_tree(const void *fdt);

void pi_say(struct raspi_boot *b, uint32_t level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
