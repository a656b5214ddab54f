/* SPDX-License-Identifier: MIT */
/* cd.c - what a CD or DVD drive understands besides the commands of all units. MMC-6; x.y below are
 * of it.
 *
 * One session of one data track, mode 1. What the guest ejects is behind an open tray until it
 * closes that, or the user puts another medium in.
 * Not modelled: audio, subchannels, raw sectors (READ CD of other than user data), DVD structures,
 * writing.
 */
#include "scsi.h"

#include <string.h>

enum { START_STOP = 0x1b, PREVENT_REMOVAL = 0x1e, SEEK_10 = 0x2b, READ_TOC = 0x43,
       GET_CONFIGURATION = 0x46, GET_EVENT_STATUS = 0x4a, READ_DISC_INFORMATION = 0x51,
       MECHANISM_STATUS = 0xbd, READ_CD = 0xbe };
enum { WRITE_6 = 0x0a, WRITE_10 = 0x2a, WRITE_SAME_10 = 0x41, UNMAP = 0x42, READ_16 = 0x88,
       WRITE_16 = 0x8a, VERIFY_16 = 0x8f, SYNC_CACHE_16 = 0x91, WRITE_SAME_16 = 0x93,
       SERVICE_ACTION_IN = 0x9e, WRITE_12 = 0xaa }; /* of disks */
enum { SENSE_LOCKED = 0x055302, SENSE_TRACK_MODE = 0x056400 };

#define DVD_FROM 405000u /* blocks: more than a CD of 90 minutes has */
enum { PROFILE_CD_ROM = 0x08, PROFILE_DVD_ROM = 0x10 };

static void address(uint8_t *b, uint64_t lba, uint32_t msf)
{
    lba += msf ? 150 : 0;
    if (msf) {
        b[0] = 0;
        b[1] = (uint8_t)(lba / (75 * 60));
        b[2] = (uint8_t)(lba / 75 % 60);
        b[3] = (uint8_t)(lba % 75);
    } else {
        put_be(b, lba, 4);
    }
}

/* ---- READ TOC, 6.25 ---------------------------------------------------------------------- */

static uint32_t track(uint8_t *b, uint32_t number, uint64_t lba, uint32_t msf)
{
    memset(b, 0, 8);
    b[1] = 0x14; /* position, data track */
    b[2] = (uint8_t)number;
    address(b + 4, lba, msf);
    return 8;
}

static uint32_t raw_entry(uint8_t *b, uint32_t point, uint32_t m, uint32_t s, uint32_t f)
{
    memset(b, 0, 11);
    b[0] = 1;
    b[1] = 0x14;
    b[3] = (uint8_t)point;
    b[8] = (uint8_t)m;
    b[9] = (uint8_t)s;
    b[10] = (uint8_t)f;
    return 11;
}

static void read_toc(struct scsi_unit *u, struct scsi_task *t)
{
    const uint8_t *c = t->cdb;
    uint32_t msf = c[1] & 2, format = c[2] & 15, from = c[6], at = 4;
    uint8_t *b = t->buf, out[4];

    if (!format)
        format = c[9] >> 6;
    if (!scsi_there(u, t, 0, 0, 0))
        return;
    b[2] = b[3] = 1; /* first and last, track or session */
    if (format == 0 && (from <= 1 || from == 0xaa)) {
        if (from <= 1)
            at += track(b + at, 1, 0, msf);
        at += track(b + at, 0xaa, u->blocks, msf);
    } else if (format == 1) {
        at += track(b + at, 1, 0, msf);
    } else if (format == 2) {
        address(out, u->blocks, 1);
        at += raw_entry(b + at, 0xa0, 1, 0, 0);
        at += raw_entry(b + at, 0xa1, 1, 0, 0);
        at += raw_entry(b + at, 0xa2, out[1], out[2], out[3]);
        at += raw_entry(b + at, 1, 0, 2, 0);
    } else {
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    put_be(b, at - 2, 2);
    scsi_answer(t, at, be16(c + 7));
}

/* ---- GET CONFIGURATION, 6.5: what it can do, and does with this medium ------------------- */

static uint32_t feature(uint8_t *b, uint32_t code, uint32_t bits, uint32_t len)
{
    memset(b, 0, 4 + len);
    put_be(b, code, 2);
    b[2] = (uint8_t)bits; /* version << 2, persistent 2, current 1 */
    b[3] = (uint8_t)len;
    return 4 + len;
}

static uint32_t profile(const struct scsi_unit *u)
{
    return !u->blocks ? 0 : u->blocks > DVD_FROM ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

static uint32_t one_feature(const struct scsi_unit *u, uint32_t code, uint8_t *b)
{
    uint32_t now = profile(u), n;

    switch (code) {
    case 0x0000: /* profiles */
        n = feature(b, code, 3, 8);
        put_be(b + 4, PROFILE_DVD_ROM, 2);
        b[6] = now == PROFILE_DVD_ROM;
        put_be(b + 8, PROFILE_CD_ROM, 2);
        b[10] = now == PROFILE_CD_ROM;
        return n;
    case 0x0001: /* core: on SCSI */
        n = feature(b, code, 2 << 2 | 3, 8);
        b[7] = 1;
        b[8] = 1; /* DBE */
        return n;
    case 0x0003: /* removable medium: a tray that opens and locks */
        n = feature(b, code, 3, 4);
        b[4] = 1 << 5 | 1 << 3 | 1;
        return n;
    case 0x0010: /* random readable */
        n = feature(b, code, now != 0, 8);
        put_be(b + 4, u->block_size, 4);
        put_be(b + 8, 1, 2);
        return n;
    case 0x001e: /* CD read */
        return feature(b, code, 2 << 2 | (now == PROFILE_CD_ROM), 4);
    default: /* 001f, DVD read */
        return feature(b, code, now == PROFILE_DVD_ROM, 0);
    }
}

static void get_configuration(struct scsi_unit *u, struct scsi_task *t)
{
    static const uint16_t codes[] = {0x0000, 0x0001, 0x0003, 0x0010, 0x001e, 0x001f};
    const uint8_t *c = t->cdb;
    uint32_t which = c[1] & 3, from = be16(c + 2), at = 8;
    uint8_t *b = t->buf;

    if (which == 3) {
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    for (uint32_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (which == 2 ? codes[i] != from : codes[i] < from)
            continue;
        uint32_t n = one_feature(u, codes[i], b + at);
        if (which != 1 || b[at + 2] & 1) /* 1: the current ones */
            at += n;
    }
    put_be(b, at - 4, 4);
    put_be(b + 4, profile(u), 4);
    scsi_answer(t, at, be16(c + 7));
}

/* ---- The tray ---------------------------------------------------------------------------- */

static void start_stop(struct scsi_unit *u, struct scsi_task *t)
{
    uint32_t start = t->cdb[4] & 1, tray = t->cdb[4] & 2;

    if (t->cdb[4] >> 4 || !tray)
        return; /* it turns when it must */
    if (!start && u->locked) {
        scsi_fail(t, SENSE_LOCKED);
        return;
    }
    if (start != u->open)
        return;
    u->open = !start;
    scsi_refresh(u);
    u->news = u->open ? SCSI_NEWS_GONE : u->blocks ? SCSI_NEWS_MEDIUM : u->news;
    if (start && u->blocks)
        scsi_attend(u, ATTENTION_MEDIUM);
}

/* 6.7: one event of the class of media is told at a time. */
static void event_status(struct scsi_unit *u, struct scsi_task *t)
{
    uint8_t *b = t->buf;
    uint32_t media = t->cdb[4] & 1 << 4;

    if (!(t->cdb[1] & 1)) { /* only polling */
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    memset(b, 0, 8);
    b[1] = media ? 6 : 2;
    b[2] = media ? 4 : 0x80; /* the class; none of those asked for */
    b[3] = 1 << 4;
    if (media) {
        b[4] = (uint8_t)u->news;
        b[5] = (uint8_t)(u->open | (u->blocks ? 2 : 0));
        if (be16(t->cdb + 7) > 4)
            u->news = 0;
    }
    scsi_answer(t, media ? 8 : 4, be16(t->cdb + 7));
}

static void disc_information(struct scsi_unit *u, struct scsi_task *t)
{
    uint8_t *b = t->buf;

    if (!scsi_there(u, t, 0, 0, 0))
        return;
    if (t->cdb[1] & 7) {
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    memset(b, 0, 34);
    b[1] = 32;
    b[2] = 0x0e; /* complete, and so is its last session */
    memset(b + 3, 1, 4); /* first track; sessions; first and last track of the last of them */
    b[7] = 0x20; /* unrestricted use */
    scsi_answer(t, 34, be16(t->cdb + 7));
}

static void mechanism_status(struct scsi_unit *u, struct scsi_task *t)
{
    memset(t->buf, 0, 8);
    t->buf[1] = u->open ? 0x10 : 0;
    scsi_answer(t, 8, be16(t->cdb + 8));
}

/* 6.17: user data of mode 1. */
static void read_cd(struct scsi_unit *u, struct scsi_task *t)
{
    const uint8_t *c = t->cdb;
    uint32_t type = c[1] >> 2 & 7, n = be32(c + 5) & 0xffffff;

    if (type != 0 && type != 2)
        scsi_fail(t, SENSE_TRACK_MODE);
    else if ((c[9] && c[9] != 0x10) || (c[10] & 7))
        scsi_fail(t, SENSE_FIELD);
    else if (c[9])
        scsi_media(u, t, PB_BLK_READ, be32(c + 2), n, 0);
    else
        scsi_there(u, t, be32(c + 2), n, 0);
}

int scsi_cd_command(struct scsi_unit *u, struct scsi_task *t)
{
    switch (t->cdb[0]) {
    case START_STOP:
        start_stop(u, t);
        return 1;
    case PREVENT_REMOVAL:
        u->locked = t->cdb[4] & 1;
        return 1;
    case SEEK_10:
        scsi_there(u, t, be32(t->cdb + 2), 1, 0);
        return 1;
    case READ_TOC:
        read_toc(u, t);
        return 1;
    case GET_CONFIGURATION:
        get_configuration(u, t);
        return 1;
    case GET_EVENT_STATUS:
        event_status(u, t);
        return 1;
    case READ_DISC_INFORMATION:
        disc_information(u, t);
        return 1;
    case MECHANISM_STATUS:
        mechanism_status(u, t);
        return 1;
    case READ_CD:
        read_cd(u, t);
        return 1;
    case WRITE_6:
    case WRITE_10:
    case WRITE_12:
    case WRITE_16:
    case WRITE_SAME_10:
    case WRITE_SAME_16:
    case UNMAP:
    case READ_16:
    case VERIFY_16:
    case SYNC_CACHE_16:
    case SERVICE_ACTION_IN:
        scsi_fail(t, SENSE_OPCODE);
        return 1;
    default:
        return 0;
    }
}

/* Capabilities, of MMC-3 5.5.10. */
uint32_t scsi_cd_page(const struct scsi_unit *u, uint8_t *b, uint32_t changeable)
{
    b[0] = 0x2a;
    b[1] = 0x14;
    if (changeable)
        return 22;
    b[2] = 0x0b; /* reads CD-R, CD-RW, DVD-ROM */
    b[6] = (uint8_t)(1 << 5 | 1 << 3 | 1 | (u->locked ? 2 : 0)); /* a tray: opens, locks */
    put_be(b + 8, 8467, 2); /* kbyte/s */
    put_be(b + 12, 512, 2); /* kbyte of buffer */
    put_be(b + 14, 8467, 2);
    return 22;
}
