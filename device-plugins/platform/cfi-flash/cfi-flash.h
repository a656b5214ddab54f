/* SPDX-License-Identifier: MIT */
/* cfi-flash.h - what the files of the CFI flash share: two x16 chips side by side on a
 * 32-bit bus. */
#ifndef CFI_FLASH_H
#define CFI_FLASH_H

#include "flash-store.h"

#include <stdio.h>
#include <string.h>

#define CHIPS 2u
#define BUFFER_WORDS 256u /* of each chip's write buffer */

enum { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_CFI };
enum { SETUP_NONE, SETUP_PROGRAM, SETUP_ERASE, SETUP_LOCK, SETUP_COUNT, SETUP_DATA,
       SETUP_CONFIRM, SETUP_LAST };
enum { SR_READY = 0x80, SR_ERASE = 0x20, SR_PROGRAM = 0x10, SR_VPP = 0x08, SR_LOCKED = 0x02 };

struct chip {
    uint8_t mode, setup; /* what reads give; the second cycle that is awaited */
    uint8_t status;
    uint8_t locked[256]; /* one a block */
    uint16_t wanted, got; /* words of a buffered write: announced, received */
    uint32_t addr[BUFFER_WORDS]; /* word addresses within the chip */
    uint16_t data[BUFFER_WORDS];
};

struct cfi_flash {
    struct flash_store store; /* its contents: both chips interleaved by 16 bits */
    uint32_t block_words;     /* of one chip */
    uint32_t blocks, rom_on;
    struct chip chip[CHIPS];
};

/* chip.c: one bus cycle of chip `c` at word address w (within the chip). */
uint16_t chip_read(struct cfi_flash *f, uint32_t c, uint32_t w);
void chip_write(struct cfi_flash *f, uint32_t c, uint32_t w, uint16_t v);
void chip_reset(struct chip *c);

#endif
