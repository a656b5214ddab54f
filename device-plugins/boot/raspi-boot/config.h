/* SPDX-License-Identifier: MIT */
/* config.h - config.txt of a Raspberry Pi's boot partition. */
#ifndef RASPI_CONFIG_H
#define RASPI_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define CONFIG_NAME 128u
#define CONFIG_OVERLAYS 16u
#define CONFIG_NOTES 512u

struct pi_config {
    /* File names below the boot partition's root; empty: the firmware's choice. */
    char kernel[CONFIG_NAME], initramfs[CONFIG_NAME], cmdline[CONFIG_NAME],
        device_tree[CONFIG_NAME], os_prefix[CONFIG_NAME], overlay_prefix[CONFIG_NAME];
    uint32_t no_tree;       /* "device_tree=": the kernel gets none */
    int32_t arm_64bit;      /* -1: not said */
    uint32_t auto_initramfs, upstream, includes;
    uint32_t n_overlays;
    char overlay[CONFIG_OVERLAYS][CONFIG_NAME]; /* "name" or "name,parameters" */
    char notes[CONFIG_NOTES]; /* settings that were not applied, separated by ", " */
};
/* What [filters] ask. */
struct pi_board {
    uint32_t serial;    /* its lower half */
    uint32_t partition; /* number of the boot partition */
};

/* Read a file that an "include" names: malloc()ed, with a 0 behind it; NULL when it is not
 * there. */
typedef char *(*pi_include)(void *opaque, const char *path);

void pi_config_init(struct pi_config *c);
void pi_config_read(struct pi_config *c, const struct pi_board *b, const char *text,
                    pi_include include, void *opaque);
/* One more setting that was not applied. */
void pi_config_note(struct pi_config *c, const char *what);

#endif
