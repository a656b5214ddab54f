/* SPDX-License-Identifier: MIT */
/* command.c - commands of a SCSI disk. SPC-4 (primary commands), SBC-3 (block commands), MMC's READ
 * FORMAT CAPACITIES as USB sticks have it.
 *
 * Not modelled: reservations, logs, protection information, descriptor format sense data, atomic
 * and third-party copy commands.
 */
#include "scsi.h"

#include <string.h>

enum { TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a,
       INQUIRY = 0x12, MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a, START_STOP = 0x1b,
       PREVENT_REMOVAL = 0x1e, READ_FORMAT_CAPACITIES = 0x23, READ_CAPACITY_10 = 0x25,
       READ_10 = 0x28, WRITE_10 = 0x2a, VERIFY_10 = 0x2f, SYNC_CACHE_10 = 0x35,
       WRITE_SAME_10 = 0x41, UNMAP = 0x42, GET_CONFIGURATION = 0x46, GET_EVENT_STATUS = 0x4a,
       MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a, READ_16 = 0x88, WRITE_16 = 0x8a,
       VERIFY_16 = 0x8f, SYNC_CACHE_16 = 0x91, WRITE_SAME_16 = 0x93, SERVICE_ACTION_IN = 0x9e,
       REPORT_LUNS = 0xa0, READ_12 = 0xa8, WRITE_12 = 0xaa, VERIFY_12 = 0xaf };

void scsi_answer(struct scsi_task *t, uint32_t len, uint32_t room)
{
    t->len = len < room ? len : room;
    t->in = t->len;
}

static void request_sense(struct scsi_unit *u, struct scsi_task *t, uint32_t sense)
{
    uint32_t attention = scsi_attended(u); /* it is told here as well */

    if (t->cdb[1] & 1) { /* DESC: there is one format */
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    scsi_sense(t, attention ? attention : sense, t->buf);
    scsi_answer(t, 18, t->cdb[4]);
}

static void capacity(struct scsi_unit *u, struct scsi_task *t, uint32_t long_form)
{
    uint64_t last = u->blocks - 1;
    uint8_t *b = t->buf, power = 0;

    if (!scsi_there(u, t, 0, 0, 0))
        return;
    memset(b, 0, 32);
    if (!long_form) {
        put_be(b, last < UINT32_MAX ? last : UINT32_MAX, 4);
        put_be(b + 4, u->block_size, 4);
        scsi_answer(t, 8, 8);
        return;
    }
    while (u->block_size << power < u->physical)
        power++;
    put_be(b, last, 8);
    put_be(b + 8, u->block_size, 4);
    b[13] = power;
    b[14] = u->ops >> PB_BLK_DISCARD & 1 ? 0x80 : 0; /* LBPME */
    scsi_answer(t, 32, be32(t->cdb + 10));
}

static void format_capacities(struct scsi_unit *u, struct scsi_task *t)
{
    uint8_t *b = t->buf;

    memset(b, 0, 12);
    b[3] = 8;
    put_be(b + 4, u->blocks < UINT32_MAX ? u->blocks : UINT32_MAX, 4);
    put_be(b + 8, u->block_size, 4);
    b[8] = u->blocks ? 2 : 3; /* formatted; no medium */
    scsi_answer(t, 12, be16(t->cdb + 7));
}

/* For carriers without a bus, whose unit is the only one. */
static void report_luns(struct scsi_task *t)
{
    memset(t->buf, 0, 16);
    t->buf[3] = 8;
    scsi_answer(t, 16, be32(t->cdb + 6));
}

void scsi_extent(const uint8_t *c, uint64_t *lba, uint64_t *n)
{
    switch (c[0] >> 5) {
    case 0:
        *lba = be32(c) & 0x1fffff;
        *n = c[4] ? c[4] : 256;
        break;
    case 4:
        *lba = be64(c + 2);
        *n = be32(c + 10);
        break;
    case 5:
        *lba = be32(c + 2);
        *n = be32(c + 6);
        break;
    default:
        *lba = be32(c + 2);
        *n = be16(c + 7);
    }
}

static void move_blocks(struct scsi_unit *u, struct scsi_task *t, uint32_t op)
{
    uint64_t lba, n;
    uint32_t bits = t->cdb[0] >> 5 ? t->cdb[1] : 0, fua = 0;

    if ((bits & 0xe0) || ((bits & 0x18) && !u->dpofua)) { /* RDPROTECT, WRPROTECT; DPO, FUA */
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    if (op == PB_BLK_WRITE && ((bits & 8) || !u->write_cache))
        fua = PB_BLK_FUA;
    scsi_extent(t->cdb, &lba, &n);
    scsi_media(u, t, op, lba, n, fua);
}

/* Are the blocks there, or (BYTCHK) are they what the host sends? */
static void verify(struct scsi_unit *u, struct scsi_task *t)
{
    uint64_t lba, n;

    scsi_extent(t->cdb, &lba, &n);
    if ((t->cdb[1] & 4) || (t->cdb[1] & 0xe0) || ((t->cdb[1] & 2) && !u->tagged)) {
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    if (!(t->cdb[1] & 2)) {
        scsi_there(u, t, lba, n, 0);
        return;
    }
    scsi_media(u, t, PB_BLK_READ, lba, n, 0);
    t->compare = t->op != 0;
    t->out = t->in; /* the data come from the host */
    t->in = 0;
}

/* The block to be repeated is to come, unless NDOB says that it is zeros. */
static void write_same(struct scsi_unit *u, struct scsi_task *t)
{
    uint32_t ndob = t->cdb[0] == WRITE_SAME_16 && (t->cdb[1] & 1);

    if ((t->cdb[1] & 0xf0) || (!ndob && (t->cdb[1] & 1))) /* WRPROTECT, ANCHOR */
        scsi_fail(t, SENSE_FIELD);
    else if (!ndob)
        scsi_take(t, u->block_size);
    else
        scsi_parameters(u, t);
}

static void start_stop(struct scsi_unit *u, struct scsi_task *t)
{
    if (t->cdb[4] >> 4 || !u->tagged) /* power conditions are all the same; a stick never stops */
        return;
    if (!(t->cdb[4] & 1) && !u->stopped && u->blocks && (u->ops >> PB_BLK_FLUSH & 1))
        scsi_own(u, t, PB_BLK_FLUSH, 0, 0, 0); /* SBC-3, 5.20: what is cached is written */
    u->stopped = !(t->cdb[4] & 1);
}

static void primary(struct scsi_unit *u, struct scsi_task *t, uint32_t sense)
{
    const uint8_t *c = t->cdb;

    switch (c[0]) {
    case TEST_UNIT_READY:
        scsi_there(u, t, 0, 0, 0);
        break;
    case REQUEST_SENSE:
        request_sense(u, t, sense);
        break;
    case INQUIRY:
        scsi_inquiry(u, t);
        break;
    case MODE_SENSE_6:
    case MODE_SENSE_10:
        scsi_mode_sense(u, t, c[0] == MODE_SENSE_10);
        break;
    case MODE_SELECT_6:
    case MODE_SELECT_10:
        if (c[1] & 1) /* SP: nothing is saved */
            scsi_fail(t, SENSE_FIELD);
        else
            scsi_take(t, c[0] == MODE_SELECT_6 ? c[4] : be16(c + 7));
        break;
    case REPORT_LUNS:
        report_luns(t);
        break;
    case START_STOP:
        start_stop(u, t);
        break;
    case PREVENT_REMOVAL:
        break; /* the medium stays */
    default:
        scsi_fail(t, SENSE_OPCODE);
    }
}

static void block_command(struct scsi_unit *u, struct scsi_task *t, uint32_t sense)
{
    switch (t->cdb[0]) {
    case READ_6:
    case READ_10:
    case READ_12:
    case READ_16:
        move_blocks(u, t, PB_BLK_READ);
        break;
    case WRITE_6:
    case WRITE_10:
    case WRITE_12:
    case WRITE_16:
        move_blocks(u, t, PB_BLK_WRITE);
        break;
    case VERIFY_10:
    case VERIFY_12:
    case VERIFY_16:
        verify(u, t);
        break;
    case SYNC_CACHE_10:
    case SYNC_CACHE_16:
        if (u->ops >> PB_BLK_FLUSH & 1)
            scsi_own(u, t, PB_BLK_FLUSH, 0, 0, 0);
        break;
    case WRITE_SAME_10:
    case WRITE_SAME_16:
        write_same(u, t);
        break;
    case UNMAP:
        if (t->cdb[1] & 1) /* ANCHOR */
            scsi_fail(t, SENSE_FIELD);
        else
            scsi_take(t, be16(t->cdb + 7));
        break;
    case READ_CAPACITY_10:
        capacity(u, t, 0);
        break;
    case READ_FORMAT_CAPACITIES:
        format_capacities(u, t);
        break;
    case SERVICE_ACTION_IN:
        if ((t->cdb[1] & 31) == 0x10)
            capacity(u, t, 1);
        else
            scsi_fail(t, SENSE_FIELD);
        break;
    default:
        primary(u, t, sense);
    }
}

/* Commands that work while an attention waits, SPC-4 5.8 and MMC-6 6.5.1, 6.7.1. */
static int told_later(const struct scsi_unit *u, uint32_t op)
{
    return op == INQUIRY || op == REQUEST_SENSE || op == REPORT_LUNS ||
           (u->type == SCSI_CD && (op == GET_CONFIGURATION || op == GET_EVENT_STATUS));
}

void scsi_command(struct scsi_unit *u, struct scsi_task *t, const uint8_t *cdb, uint32_t len)
{
    uint32_t sense = t->sense;

    memset(t->cdb, 0, sizeof t->cdb);
    memcpy(t->cdb, cdb, len < sizeof t->cdb ? len : sizeof t->cdb);
    if (cdb[0] != REQUEST_SENSE)
        t->has_info = 0;
    uint32_t has_info = t->has_info;
    scsi_clear(t);
    t->has_info = has_info;
    if (u->attention && !told_later(u, cdb[0])) {
        scsi_fail(t, scsi_attended(u));
        return;
    }
    if (u->type != SCSI_CD || !scsi_cd_command(u, t))
        block_command(u, t, sense);
    if (cdb[0] == REQUEST_SENSE)
        t->has_info = 0;
}

int scsi_sound(const struct scsi_task *t)
{
    return t->len <= SCSI_BUF && t->at <= t->len && t->op <= PB_BLK_ZERO &&
           t->moved <= (t->in ? t->in : t->out) && (t->op || t->out <= SCSI_BUF) &&
           t->left <= UINT64_MAX / 2 && t->next <= UINT64_MAX / 2 && t->own <= 1 &&
           t->range <= t->ranges && t->ranges <= SCSI_SMALL / 16 &&
           (!t->own || t->op != PB_BLK_WRITE || t->len);
}
