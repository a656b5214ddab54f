/* SPDX-License-Identifier: MIT */
/* cfi-flash.h - what the files of the CFI flash share: two x16 chips side by side on a
 * 32-bit bus, and the drive behind them. */
#ifndef CFI_FLASH_H
#define CFI_FLASH_H

#include <plugboard/backend.h>
#include <plugboard/device.h>

#include <stdio.h>
#include <string.h>

#define CHIPS 2u
#define BUFFER_WORDS 256u /* of each chip's write buffer */
#define SECTOR 4096u      /* unit of write-back to the drive */

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
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_svc_block *blk;
    pb_block *drive;
    pb_region *region;
    uint8_t *host; /* contents, both chips interleaved by 16 bits */
    uint64_t size;
    uint32_t block_words; /* of one chip */
    uint32_t blocks, read_only, rom_on;
    struct chip chip[CHIPS];
    /* store.c */
    pb_timer *timer;
    uint8_t *dirty; /* one a SECTOR */
    uint32_t busy, complained;
    uint64_t busy_at, busy_len;
    struct pb_block_req req;
    struct pb_iov iov;
};

/* chip.c: one bus cycle of chip `c` at word address w (within the chip). */
uint16_t chip_read(struct cfi_flash *f, uint32_t c, uint32_t w);
void chip_write(struct cfi_flash *f, uint32_t c, uint32_t w, uint16_t v);
void chip_reset(struct chip *c);

/* store.c: contents from the drive at start, and back to it after changes. */
int store_open(struct cfi_flash *f, pb_err *e);
void store_touch(struct cfi_flash *f, uint64_t off, uint64_t len); /* [dev] */
void store_drain(struct cfi_flash *f);                             /* [main] */

#endif
