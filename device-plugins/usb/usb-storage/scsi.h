/* SPDX-License-Identifier: MIT */
/* scsi.h - a SCSI disk, as far as it does not know what carries its commands. SPC-4, SBC-3. */
#ifndef SCSI_H
#define SCSI_H

#include <plugboard/backend.h>

#define SCSI_BUF 131072u /* of a transfer, what is moved at a time */

enum { SCSI_GOOD = 0, SCSI_CHECK = 2 };

/* Sense key << 16 | additional code << 8 | qualifier, SPC-4 4.5. */
enum { SENSE_NONE = 0, SENSE_READ = 0x031100, SENSE_WRITE = 0x030c00, SENSE_OPCODE = 0x052000,
       SENSE_LBA = 0x052100, SENSE_FIELD = 0x052400, SENSE_LIST_LENGTH = 0x051a00,
       SENSE_LIST_FIELD = 0x052600, SENSE_LUN = 0x052500, SENSE_RESIZED = 0x062a09,
       SENSE_PROTECTED = 0x072700, SENSE_FULL = 0x072707, SENSE_NO_MEDIUM = 0x023a00 };

struct scsi {
    /* the owner's */
    const struct pb_svc_block *svc;
    pb_block *node;
    const char *serial;
    uint32_t block_size, removable;
    void (*done)(struct pb_block_req *r); /* [io], of `req` */
    uint8_t *buf;                         /* SCSI_BUF bytes */
    struct pb_block_req req;
    struct pb_iov iov;
    /* saved */
    uint64_t blocks;      /* as last told to the host */
    uint32_t read_only, ops; /* 1 << PB_BLK_* */
    uint32_t sense, attention; /* of the last command; to be told before the next */
    uint8_t cdb[16];
    uint32_t status;
    uint32_t in, out;     /* bytes the command sends and takes in all */
    uint32_t moved;       /* of them */
    uint32_t len, at;     /* of buf: filled, and gone */
    uint64_t next, left;  /* bytes of the medium still to be moved: from where, how many */
    uint32_t op;          /* PB_BLK_* on the medium, 0: none */
    uint32_t fua;
};

/* ---- scsi.c ---- */
void scsi_reset(struct scsi *s);
/* A command begins: sets status, in, out. */
void scsi_command(struct scsi *s, const uint8_t *cdb, uint32_t len);
/* A parameter list has come, `s->len` bytes of buf. */
void scsi_parameters(struct scsi *s);
void scsi_fail(struct scsi *s, uint32_t sense);
int scsi_sound(const struct scsi *s); /* a state that was loaded */
void scsi_answer(struct scsi *s, uint32_t len, uint32_t room); /* of buf */

/* ---- inquiry.c: INQUIRY, MODE SENSE and the like ---- */
void scsi_inquiry(struct scsi *s);
void scsi_mode_sense(struct scsi *s, uint32_t ten);

/* ---- media.c ---- */
void scsi_refresh(struct scsi *s); /* what the medium is now */
/* Blocks [lba, lba + n) are to be moved, or zeroed, or discarded. */
void scsi_media(struct scsi *s, uint32_t op, uint64_t lba, uint64_t n, uint32_t fua);
/* The next request to the node, if one is due: 1 submit it; 0: none. */
int scsi_prepare(struct scsi *s);
void scsi_completed(struct scsi *s, int32_t rc); /* it is over */

static inline uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline void put_be(uint8_t *p, uint64_t v, uint32_t bytes)
{
    while (bytes--) {
        p[bytes] = (uint8_t)v;
        v >>= 8;
    }
}

#endif
