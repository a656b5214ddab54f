/* SPDX-License-Identifier: MIT */
/* card.h - what the files of the SD card share. */
#ifndef SD_CARD_H
#define SD_CARD_H

#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/sd.h>

#define BLOCK 512u
#define BUFFER 65536u /* what is fetched or programmed at once */
#define ENDLESS UINT32_MAX
#define REGISTER_MAX 64u

/* 4.10.1: CURRENT_STATE of the card status. */
enum { ST_IDLE, ST_READY, ST_IDENT, ST_STBY, ST_TRAN, ST_DATA, ST_RCV, ST_PRG, ST_DIS };
/* 4.10.1: bits of the card status */
#define CS_OUT_OF_RANGE (1u << 31)
#define CS_ADDRESS_ERROR (1u << 30)
#define CS_BLOCK_LEN_ERROR (1u << 29)
#define CS_ERASE_SEQ_ERROR (1u << 28)
#define CS_ERASE_PARAM (1u << 27)
#define CS_WP_VIOLATION (1u << 26)
#define CS_ILLEGAL_COMMAND (1u << 22)
#define CS_ERROR (1u << 19)
#define CS_READY_FOR_DATA (1u << 8)
#define CS_APP_CMD (1u << 5)

enum { D_NONE, D_REGISTER, D_READ, D_WRITE, D_ERASE };

struct card {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_block *blk;
    const struct pb_svc_thread *thread;
    const struct pb_svc_time *time;
    const struct pb_sd_host *host;
    void *host_self;
    pb_block *node;
    uint64_t image, capacity; /* bytes: of the medium; of the card, which is rounded up */
    uint32_t high, read_only, serial; /* high: SDHC or SDXC, addressed by blocks */
    /* registers and states */
    uint32_t state, status, rca, app, ready, width, high_speed;
    uint32_t count;      /* SET_BLOCK_COUNT waits for its command; 0: none */
    uint32_t written;    /* blocks of the last write that are programmed */
    uint64_t erase_from, erase_to;
    uint32_t erase_set;  /* bit 0: from, bit 1: to */
    /* the data transfer */
    uint32_t mode, left; /* blocks that are still to be fetched or taken, or ENDLESS */
    uint32_t pos, len;   /* of buf: read: [pos, len) is to be sent; write: [0, len) came */
    uint64_t at;         /* byte that the buffer begins with, or of the next fetch */
    uint32_t io, cancelled; /* a request is under way; what it brings is not wanted */
    struct pb_block_req req;
    struct pb_iov iov;
    uint8_t reg[REGISTER_MAX]; /* what D_REGISTER sends */
    uint8_t buf[BUFFER];
};

/* registers.c: CID, CSD, SCR, SSR, the answer of SWITCH_FUNC, and the card's size. */
void card_size(struct card *c, uint64_t bytes);
void card_cid(const struct card *c, uint32_t r[4]);
void card_csd(const struct card *c, uint32_t r[4]);
void card_scr(const struct card *c, uint8_t out[8]);
void card_ssr(const struct card *c, uint8_t out[REGISTER_MAX]);
void card_switch(struct card *c, uint32_t arg, uint8_t out[REGISTER_MAX]);

/* data.c: what moves on the data lines and to the medium. */
void card_send(struct card *c, const uint8_t *reg, uint32_t n); /* a register; to ST_DATA */
void card_read_blocks(struct card *c, uint64_t at, uint32_t blocks);
void card_write_blocks(struct card *c, uint64_t at, uint32_t blocks);
void card_erase(struct card *c, uint64_t from, uint64_t to); /* [from, to) reads 0 */
void card_stop(struct card *c); /* STOP_TRANSMISSION, or the end of a transfer */
void card_abandon(struct card *c); /* reset, power off */
uint32_t card_room(void *self);
uint32_t card_take(void *self, void *buf, uint32_t n);
uint32_t card_give(void *self, const void *buf, uint32_t n);
uint32_t card_busy(void *self);
void card_resume(struct card *c); /* after loading: go on with what was under way */

/* command.c */
uint32_t card_command(void *self, uint32_t cmd, uint32_t arg, uint32_t r[4]);

extern const struct pb_device_class sd_card_class;
extern const struct pb_device_class sd_slot_class; /* slot.c */

#endif
