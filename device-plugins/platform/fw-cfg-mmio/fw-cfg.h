/* SPDX-License-Identifier: MIT */
/* fw-cfg.h - what the files of the firmware configuration device share. */
#ifndef FW_CFG_H
#define FW_CFG_H

#include <plugboard/board.h>
#include <plugboard/device.h>

enum { KEY_SIGNATURE = 0x00, KEY_ID = 0x01, KEY_RAM_SIZE = 0x03, KEY_NB_CPUS = 0x05,
       KEY_MENU = 0x0e, KEY_MAX_CPUS = 0x0f, KEY_DIR = 0x19, KEY_FILES = 0x20 };

#define MAX_FILES 128u
#define NAME_MAX_LEN 55u

struct item {
    uint8_t *data;
    uint32_t len;
    char name[NAME_MAX_LEN + 1];
};

struct fw_cfg {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    uint32_t n_files;
    struct item fixed[KEY_FILES], file[MAX_FILES];
    uint16_t key;    /* selected */
    uint32_t offset; /* of the next byte, saturating */
    uint32_t dma_high;
};

/* Items that others may give: whether firmware shows its menu; of kernel, initial RAM disk and
 * command line sizes, addresses and bytes. */
#define FW_CFG_GIVEN {KEY_MENU, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15}

int fw_cfg_make_directory(struct fw_cfg *f); /* after files changed */

/* state.c: files and given items are part of the state: whoever added them does not come again. */
int fw_cfg_save(void *self, pb_state *s, pb_err *e);
int fw_cfg_load(void *self, pb_state *s, pb_err *e);

#endif
