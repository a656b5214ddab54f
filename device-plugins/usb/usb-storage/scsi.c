/* SPDX-License-Identifier: MIT */
/* scsi.c - commands of a SCSI disk. SPC-4 (primary commands), SBC-3 (block commands), SAT's and
 * MMC's READ FORMAT CAPACITIES as USB sticks have it.
 *
 * A command says how many bytes it sends and takes; its carrier moves them through buf.
 * Not modelled: reservations, logs, protection information, several ranges of UNMAP, WRITE SAME
 * of other than zeros, changed mode pages, VERIFY with data.
 */
#include "scsi.h"

#include <string.h>

enum { TEST_UNIT_READY = 0x00, REQUEST_SENSE = 0x03, READ_6 = 0x08, WRITE_6 = 0x0a,
       INQUIRY = 0x12, MODE_SELECT_6 = 0x15, MODE_SENSE_6 = 0x1a, START_STOP = 0x1b,
       PREVENT_REMOVAL = 0x1e, READ_FORMAT_CAPACITIES = 0x23, READ_CAPACITY_10 = 0x25,
       READ_10 = 0x28, WRITE_10 = 0x2a, VERIFY_10 = 0x2f, SYNC_CACHE_10 = 0x35,
       WRITE_SAME_10 = 0x41, UNMAP = 0x42, MODE_SELECT_10 = 0x55, MODE_SENSE_10 = 0x5a,
       READ_16 = 0x88, WRITE_16 = 0x8a, VERIFY_16 = 0x8f, SYNC_CACHE_16 = 0x91,
       WRITE_SAME_16 = 0x93, SERVICE_ACTION_IN = 0x9e, REPORT_LUNS = 0xa0, READ_12 = 0xa8,
       WRITE_12 = 0xaa, VERIFY_12 = 0xaf };

void scsi_reset(struct scsi *s)
{
    s->sense = s->attention = SENSE_NONE;
    s->status = SCSI_GOOD;
    s->in = s->out = s->moved = s->len = s->at = s->op = 0;
    s->left = 0;
}

void scsi_fail(struct scsi *s, uint32_t sense)
{
    s->sense = sense;
    s->status = SCSI_CHECK;
    s->op = 0;
    s->left = 0;
    s->len = s->at = 0;
}

void scsi_answer(struct scsi *s, uint32_t len, uint32_t room)
{
    s->len = len < room ? len : room;
    s->in = s->len;
}

/* Fixed format, SPC-4 4.5.3. */
static void request_sense(struct scsi *s, uint32_t sense)
{
    uint8_t *b = s->buf;

    if (s->attention) { /* it is told here as well */
        sense = s->attention;
        s->attention = SENSE_NONE;
    }
    memset(b, 0, 18);
    b[0] = 0x70;
    b[2] = (uint8_t)(sense >> 16);
    b[7] = 10;
    b[12] = (uint8_t)(sense >> 8);
    b[13] = (uint8_t)sense;
    scsi_answer(s, 18, s->cdb[4]);
}

static void capacity(struct scsi *s, uint32_t long_form)
{
    uint64_t last = s->blocks - 1;
    uint8_t *b = s->buf;

    if (!s->blocks) {
        scsi_fail(s, SENSE_NO_MEDIUM);
        return;
    }
    memset(b, 0, 32);
    if (long_form) {
        put_be(b, last, 8);
        put_be(b + 8, s->block_size, 4);
        b[14] = s->ops >> PB_BLK_DISCARD & 1 ? 0x80 : 0; /* LBPME */
        scsi_answer(s, 32, be32(s->cdb + 10));
    } else {
        put_be(b, last < UINT32_MAX ? last : UINT32_MAX, 4);
        put_be(b + 4, s->block_size, 4);
        scsi_answer(s, 8, 8);
    }
}

static void format_capacities(struct scsi *s)
{
    uint8_t *b = s->buf;

    memset(b, 0, 12);
    b[3] = 8;
    put_be(b + 4, s->blocks < UINT32_MAX ? s->blocks : UINT32_MAX, 4);
    put_be(b + 8, s->block_size, 4);
    b[8] = s->blocks ? 2 : 3; /* formatted; no medium */
    scsi_answer(s, 12, be16(s->cdb + 7));
}

static void report_luns(struct scsi *s)
{
    memset(s->buf, 0, 16);
    s->buf[3] = 8;
    scsi_answer(s, 16, be32(s->cdb + 6));
}

/* Address and count by the size of the CDB: 6, 10, 12 or 16 bytes. */
static void extent(const uint8_t *c, uint64_t *lba, uint64_t *n)
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

static void move_blocks(struct scsi *s, uint32_t op)
{
    uint64_t lba, n;

    extent(s->cdb, &lba, &n);
    scsi_media(s, op, lba, n, op == PB_BLK_WRITE && s->cdb[0] >> 5 && (s->cdb[1] & 8));
}

/* Are the blocks there? Their contents are the node's care. */
static void verify(struct scsi *s)
{
    uint64_t lba, n;

    extent(s->cdb, &lba, &n);
    if (s->cdb[1] & 6)
        scsi_fail(s, SENSE_FIELD);
    else if (lba > s->blocks || n > s->blocks - lba)
        scsi_fail(s, SENSE_LBA);
}

/* A parameter list of `n` bytes is to come. */
static void take(struct scsi *s, uint32_t n)
{
    if (n > SCSI_BUF)
        scsi_fail(s, SENSE_FIELD);
    else
        s->out = n;
}

static void write_same(struct scsi *s)
{
    take(s, s->block_size); /* the block to be repeated */
}

static void primary(struct scsi *s, uint32_t sense)
{
    const uint8_t *c = s->cdb;

    switch (c[0]) {
    case TEST_UNIT_READY:
        if (!s->blocks)
            scsi_fail(s, SENSE_NO_MEDIUM);
        break;
    case REQUEST_SENSE:
        request_sense(s, sense);
        break;
    case INQUIRY:
        scsi_inquiry(s);
        break;
    case MODE_SENSE_6:
    case MODE_SENSE_10:
        scsi_mode_sense(s, c[0] == MODE_SENSE_10);
        break;
    case MODE_SELECT_6:
        take(s, c[4]);
        break;
    case MODE_SELECT_10:
        take(s, be16(c + 7));
        break;
    case REPORT_LUNS:
        report_luns(s);
        break;
    case START_STOP:
    case PREVENT_REMOVAL:
        break; /* the medium stays */
    default:
        scsi_fail(s, SENSE_OPCODE);
    }
}

static void begin(struct scsi *s, const uint8_t *cdb, uint32_t len)
{
    memset(s->cdb, 0, sizeof s->cdb);
    memcpy(s->cdb, cdb, len < sizeof s->cdb ? len : sizeof s->cdb);
    s->status = SCSI_GOOD;
    s->sense = SENSE_NONE;
    s->in = s->out = s->moved = s->len = s->at = s->op = 0;
    s->left = 0;
}

void scsi_command(struct scsi *s, const uint8_t *cdb, uint32_t len)
{
    uint32_t sense = s->sense;

    begin(s, cdb, len);
    if (s->attention && cdb[0] != INQUIRY && cdb[0] != REQUEST_SENSE && cdb[0] != REPORT_LUNS) {
        scsi_fail(s, s->attention);
        s->attention = SENSE_NONE;
        return;
    }
    switch (cdb[0]) {
    case READ_6:
    case READ_10:
    case READ_12:
    case READ_16:
        move_blocks(s, PB_BLK_READ);
        break;
    case WRITE_6:
    case WRITE_10:
    case WRITE_12:
    case WRITE_16:
        move_blocks(s, PB_BLK_WRITE);
        break;
    case VERIFY_10:
    case VERIFY_12:
    case VERIFY_16:
        verify(s);
        break;
    case SYNC_CACHE_10:
    case SYNC_CACHE_16:
        if (s->ops >> PB_BLK_FLUSH & 1)
            scsi_media(s, PB_BLK_FLUSH, 0, 0, 0);
        break;
    case WRITE_SAME_10:
    case WRITE_SAME_16:
        write_same(s);
        break;
    case UNMAP:
        take(s, be16(s->cdb + 7));
        break;
    case READ_CAPACITY_10:
        capacity(s, 0);
        break;
    case READ_FORMAT_CAPACITIES:
        format_capacities(s);
        break;
    case SERVICE_ACTION_IN:
        if ((s->cdb[1] & 31) == 0x10)
            capacity(s, 1);
        else
            scsi_fail(s, SENSE_FIELD);
        break;
    default:
        primary(s, sense);
    }
}

/* ---- Parameter lists --------------------------------------------------------------------- */

/* Pages may be sent, as they are: nothing can be changed, SPC-4 6.11. */
static void mode_select(struct scsi *s, uint32_t ten)
{
    uint32_t head = ten ? 8 : 4, at = head, n = s->len;
    const uint8_t *b = s->buf;

    if (n == 0)
        return;
    if (n < head) {
        scsi_fail(s, SENSE_LIST_LENGTH);
        return;
    }
    at += ten ? be16(b + 6) : b[3];
    while (at < n) {
        if (n - at < 20 || (b[at] & 63) != 8 || b[at + 1] != 0x12) {
            scsi_fail(s, n - at < 2 ? SENSE_LIST_LENGTH : SENSE_LIST_FIELD);
            return;
        }
        if ((b[at + 2] & 0x05) != 0x04) { /* the cache stays on, for reads and writes */
            scsi_fail(s, SENSE_LIST_FIELD);
            return;
        }
        at += 20;
    }
}

static void unmap(struct scsi *s)
{
    const uint8_t *b = s->buf;
    uint32_t n = s->len >= 8 ? be16(b + 2) : 0;

    if (s->len == 0)
        return;
    if (s->len < 8 || n > s->len - 8) {
        scsi_fail(s, SENSE_LIST_LENGTH);
        return;
    }
    if (n < 16)
        return;
    if (n >= 32) {
        scsi_fail(s, SENSE_LIST_FIELD); /* the block limits say one */
        return;
    }
    if (s->ops >> PB_BLK_DISCARD & 1)
        scsi_media(s, PB_BLK_DISCARD, be64(b + 8), be32(b + 16), 0);
    else
        scsi_fail(s, SENSE_OPCODE);
}

static void same(struct scsi *s)
{
    uint64_t lba, n;

    extent(s->cdb, &lba, &n);
    for (uint32_t i = 0; i < s->len; i++) {
        if (s->buf[i]) {
            scsi_fail(s, SENSE_LIST_FIELD);
            return;
        }
    }
    if (!(s->ops >> PB_BLK_ZERO & 1))
        scsi_fail(s, SENSE_OPCODE);
    else
        scsi_media(s, PB_BLK_ZERO, lba, n ? n : s->blocks - (lba < s->blocks ? lba : 0), 0);
}

void scsi_parameters(struct scsi *s)
{
    switch (s->cdb[0]) {
    case MODE_SELECT_6:
    case MODE_SELECT_10:
        mode_select(s, s->cdb[0] == MODE_SELECT_10);
        break;
    case UNMAP:
        unmap(s);
        break;
    case WRITE_SAME_10:
    case WRITE_SAME_16:
        same(s);
        break;
    }
    s->len = s->at = 0;
}

int scsi_sound(const struct scsi *s)
{
    return s->len <= SCSI_BUF && s->at <= s->len && s->op <= PB_BLK_ZERO &&
           s->moved <= (s->in ? s->in : s->out) &&
           (s->op || s->out <= SCSI_BUF) && s->left <= UINT64_MAX / 2 &&
           s->next <= UINT64_MAX / 2;
}
