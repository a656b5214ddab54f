/* SPDX-License-Identifier: MIT */
/* flash-store.h - the contents of a flash device, and the drive that keeps them. */
#ifndef FLASH_STORE_H
#define FLASH_STORE_H

#include <plugboard/backend.h>
#include <plugboard/device.h>

struct flash_store {
    /* The device's, before flash_store_open(). */
    const pb_host *h;
    pb_dev *dev;
    const char *what;  /* its class, for messages */
    pb_region *region; /* of it, whose memory is: */
    uint8_t *host;
    uint64_t size;    /* a multiple of FLASH_STORE_SECTOR, or no drive */
    pb_block *drive;  /* NULL: the contents go with the machine */
    uint32_t read_only; /* of the drive's */
    /* flash-store.c's */
    const struct pb_svc_mem *mem;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_svc_block *blk;
    pb_timer *timer;
    uint8_t *dirty; /* one a sector */
    uint32_t busy, complained;
    struct pb_block_req req;
    struct pb_iov iov;
};

#define FLASH_STORE_SECTOR 4096u /* unit of write-back to the drive */

/* Read the drive, which must be as long as the contents. [main] */
int flash_store_open(struct flash_store *f, pb_err *e);
void flash_store_close(struct flash_store *f); /* after a failed open, too */
/* The device changed bytes of its contents; len > 0. [dev] */
void flash_store_touch(struct flash_store *f, uint64_t off, uint64_t len);
void flash_store_drain(struct flash_store *f); /* [main] */

#endif
