/* SPDX-License-Identifier: MIT */
/* scsi.h - SCSI disks and CD drives, as far as they do not know what carries their commands.
 * SPC-4, SBC-3, MMC-6.
 *
 * A unit is what it is; a task is one command for it. scsi_command() looks at the command: it
 * fails, or has an answer of t->in bytes in t->buf, or wants t->out bytes of parameters there
 * (then scsi_parameters()), or moves blocks (t->op). Of these the owner moves the data: through
 * t->buf with scsi_prepare(), or by requests of its own (disk.c). What the command does without
 * the host's data (t->own: flush, unmap, repeated blocks) is made of scsi_step()s.
 *
 *     command.c   which command it is     sense.c   failures and unit attentions
 *     inquiry.c   what a unit says of itself        mode.c    mode pages
 *     list.c      parameter lists         media.c   what a command does to the medium
 *     cd.c        MMC: the tray, the table of contents
 */
#ifndef SCSI_H
#define SCSI_H

#include <plugboard/backend.h>

#define SCSI_SMALL 4096u   /* all answers and parameter lists fit */
#define SCSI_BUF 131072u   /* of a transfer through `buf`, what is moved at a time */

enum { SCSI_GOOD = 0, SCSI_CHECK = 2 };
enum { SCSI_DISK = 0x00, SCSI_CD = 0x05 }; /* peripheral device types, SPC-4 6.4.2 */

/* Sense key << 16 | additional code << 8 | qualifier, SPC-4 4.5. */
enum { SENSE_NONE = 0, SENSE_READ = 0x031100, SENSE_WRITE = 0x030c00, SENSE_OPCODE = 0x052000,
       SENSE_LBA = 0x052100, SENSE_FIELD = 0x052400, SENSE_LIST_LENGTH = 0x051a00,
       SENSE_LIST_FIELD = 0x052600, SENSE_LUN = 0x052500, SENSE_SAVING = 0x053900,
       SENSE_PROTECTED = 0x072700, SENSE_FULL = 0x072707, SENSE_NO_MEDIUM = 0x023a00,
       SENSE_STOPPED = 0x020402, SENSE_MISCOMPARE = 0x0e1d00, SENSE_NO_MEMORY = 0x045500 };

/* Unit attentions in the order in which they are told; the first two say all that the others do,
 * SAM-5 5.14. */
enum { ATTENTION_POWER, ATTENTION_RESET, ATTENTION_MEDIUM, ATTENTION_RESIZED, ATTENTION_LUNS,
       ATTENTIONS };

/* Media events, MMC-6 6.7.2.5. */
enum { SCSI_NEWS_NONE, SCSI_NEWS_ASKED, SCSI_NEWS_MEDIUM, SCSI_NEWS_GONE };

struct scsi_unit {
    /* the owner's */
    const struct pb_svc_block *svc;
    pb_block *node;       /* NULL: always empty */
    uint32_t type;        /* SCSI_DISK, SCSI_CD */
    const char *vendor, *product, *version, *serial, *id; /* serial, id: "" for none */
    uint64_t wwn, port_wwn; /* 0: none */
    uint32_t scsi_version, rotation; /* in INQUIRY; VPD page b1 */
    uint32_t block_size, physical, granularity; /* bytes; of an unmap, 0: not said */
    uint32_t removable, dpofua;
    uint32_t tagged;      /* many commands at a time: it has control mode page and write cache
                             switch */
    uint32_t cached;      /* what the write cache is after power on */
    /* saved */
    uint64_t blocks;      /* as last told to the host */
    uint32_t read_only, ops; /* 1 << PB_BLK_* */
    uint32_t attention;   /* 1 << ATTENTION_*: to be told before the next command */
    uint32_t write_cache, stopped;
    uint32_t open, locked, news; /* a CD's tray; SCSI_NEWS_* that the host may poll */
};

struct scsi_task {
    /* the owner's */
    uint8_t *buf;         /* SCSI_SMALL bytes, or SCSI_BUF for who uses scsi_prepare() */
    uint32_t room;
    struct pb_block_req req; /* done is the owner's */
    struct pb_iov iov;
    /* saved by who saves it in the middle of a command */
    uint8_t cdb[16];
    uint32_t status, sense; /* of the last command */
    uint32_t in, out;     /* bytes the command sends and takes in all */
    uint32_t moved;       /* of them */
    uint32_t len, at;     /* of buf: filled, and gone */
    uint64_t next, left;  /* bytes of the medium still to be moved: from where, how many */
    uint32_t op;          /* PB_BLK_* on the medium, 0: none */
    uint32_t flags;       /* PB_BLK_FUA, PB_BLK_MAY_UNMAP */
    uint32_t own;         /* op needs no data of the host's */
    uint32_t compare;     /* op READ, the host's data are to be the same: VERIFY */
    uint32_t range, ranges; /* of UNMAP: at which, of how many in buf */
    uint32_t has_info;    /* info is the block that failed */
    uint64_t info;
};

/* ---- command.c ---- */
void scsi_command(struct scsi_unit *u, struct scsi_task *t, const uint8_t *cdb, uint32_t len);
void scsi_answer(struct scsi_task *t, uint32_t len, uint32_t room); /* of buf */
/* Address and count by the size of the CDB. */
void scsi_extent(const uint8_t *cdb, uint64_t *lba, uint64_t *n);
int scsi_sound(const struct scsi_task *t); /* one that was loaded */

/* ---- sense.c ---- */
void scsi_clear(struct scsi_task *t); /* no command */
void scsi_fail(struct scsi_task *t, uint32_t sense);
/* Fixed format, SPC-4 4.5.3: 18 bytes. */
void scsi_sense(const struct scsi_task *t, uint32_t sense, uint8_t *b);
void scsi_attend(struct scsi_unit *u, uint32_t attention);
uint32_t scsi_attended(struct scsi_unit *u); /* the next one, as sense, or SENSE_NONE; it is gone */

/* ---- inquiry.c ---- */
void scsi_inquiry(struct scsi_unit *u, struct scsi_task *t);

/* ---- mode.c ---- */
void scsi_mode_sense(struct scsi_unit *u, struct scsi_task *t, uint32_t ten);
void scsi_mode_select(struct scsi_unit *u, struct scsi_task *t, uint32_t ten);

/* ---- list.c ---- */
/* A parameter list has come, `t->len` bytes of buf. */
void scsi_parameters(struct scsi_unit *u, struct scsi_task *t);
void scsi_take(struct scsi_task *t, uint32_t n); /* that many bytes of one are to come */

/* ---- media.c ---- */
void scsi_refresh(struct scsi_unit *u); /* what the medium is now */
/* Are blocks [lba, lba + n) there, to be read or written? Fails the task if not. */
int scsi_there(struct scsi_unit *u, struct scsi_task *t, uint64_t lba, uint64_t n, uint32_t write);
/* Blocks are to be moved between medium and host. */
void scsi_media(struct scsi_unit *u, struct scsi_task *t, uint32_t op, uint64_t lba, uint64_t n,
                uint32_t flags);
/* The same without the host's data: zeroed, discarded, flushed, filled with what is in buf. */
void scsi_own(struct scsi_unit *u, struct scsi_task *t, uint32_t op, uint64_t lba, uint64_t n,
              uint32_t flags);
/* The next request of scsi_own()'s, or through buf, in t->req: 1 submit it; 0: none. */
int scsi_step(struct scsi_unit *u, struct scsi_task *t);
int scsi_prepare(struct scsi_unit *u, struct scsi_task *t);
void scsi_completed(struct scsi_unit *u, struct scsi_task *t, int32_t rc); /* it is over */
void scsi_io_failed(struct scsi_unit *u, struct scsi_task *t, uint32_t op, int32_t rc);

/* ---- cd.c ---- */
int scsi_cd_command(struct scsi_unit *u, struct scsi_task *t); /* 0: it is one of all units */
uint32_t scsi_cd_page(const struct scsi_unit *u, uint8_t *b, uint32_t changeable);

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
