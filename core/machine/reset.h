/* SPDX-License-Identifier: MIT */
/* reset.h - three-phase reset, and the images that it writes. */
#ifndef PB_CORE_RESET_H
#define PB_CORE_RESET_H

#include "machine.h"

struct pb_load { /* an image that every cold reset writes */
    char *what;
    uint64_t gpa, len;
    uint8_t *data; /* NULL: it is in fd */
    int fd;
};
/* Keep a copy of data for this and later resets: a large one in a nameless file, so that a
 * kernel does not stay in memory twice. [main] */
void pb_load_keep(struct pb_load *l, const void *data);

void pb_reset_device(pb_dev *d, uint32_t kind);        /* it alone: hot plug; [main] */
void pb_reset_all(struct pb_machine *m, uint32_t kind); /* vCPUs are stopped; [main] */
void pb_loads_init(struct pb_machine *m);
void pb_loads_free(struct pb_machine *m);
/* Directories given with -L, searched first. [main] */
void pb_firmware_add_dir(const char *dir);
/* For a machine of architecture `arch`; g_free */
char *pb_firmware_find(const char *arch, const char *name, pb_err *e);

#endif
