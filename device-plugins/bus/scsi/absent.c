/* SPDX-License-Identifier: MIT */
/* absent.c - commands that no unit answers: REPORT LUNS lists those of the target, and who asks for
 * a unit that is not there is told so. SPC-4, 6.4.2 (peripheral qualifier 011b), 6.33; SAM-5,
 * 4.7 (LUN structures).
 */
#include "scsi-bus.h"

#include <string.h>

enum { REQUEST_SENSE = 0x03, INQUIRY = 0x12, REPORT_LUNS = 0xa0, TEST_UNIT_READY = 0x00 };
enum { SELECT_ALL = 0, SELECT_WELL_KNOWN = 1, SELECT_BOTH = 2 }; /* 6.33, table 292 */

static uint32_t be(const uint8_t *p, uint32_t n)
{
    uint32_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static void fixed_sense(uint8_t *b, uint32_t sense)
{
    memset(b, 0, 18);
    b[0] = 0x70;
    b[2] = (uint8_t)(sense >> 16);
    b[7] = 10;
    b[12] = (uint8_t)(sense >> 8);
    b[13] = (uint8_t)sense;
}

static void fail(struct pb_scsi_req *r, uint32_t sense)
{
    r->status = PB_SCSI_CHECK;
    r->sense_len = 18;
    fixed_sense(r->sense, sense);
}

static void answer(struct pb_scsi_req *r, uint32_t len, uint32_t room)
{
    r->length = len < room ? len : room;
    r->direction = r->length ? PB_SCSI_IN : PB_SCSI_NONE;
}

int scsi_absent_takes(const struct scsi_unit_at *u, const struct pb_scsi_req *r)
{
    return !u || r->cdb[0] == REPORT_LUNS;
}

static void put_lun(uint8_t *b, uint32_t lun)
{
    memset(b, 0, 8);
    if (lun == SCSI_WELL_KNOWN) { /* SAM-5, 4.7.11 */
        b[0] = 0xc1;
        b[1] = 0x01;
    } else if (lun < 256) { /* peripheral device addressing */
        b[1] = (uint8_t)lun;
    } else { /* flat space addressing */
        b[0] = (uint8_t)(0x40 | lun >> 8);
        b[1] = (uint8_t)lun;
    }
}

/* LUN 0 is always among them, so that a driver has somebody to ask. */
static void report_luns(struct scsi_bus *b, uint32_t channel, uint32_t target,
                        struct pb_scsi_req *r, uint8_t *buf, uint32_t n)
{
    uint32_t select = r->cdb[2], room = be(r->cdb + 6, 4), at = 8;

    if (select > SELECT_BOTH || room < 16) {
        fail(r, 0x052400); /* INVALID FIELD IN CDB */
        return;
    }
    if (select != SELECT_ALL)
        put_lun(buf + at, SCSI_WELL_KNOWN), at += 8;
    if (select != SELECT_WELL_KNOWN && !scsi_bus_find(b, channel, target, 0))
        put_lun(buf + at, 0), at += 8;
    for (struct scsi_unit_at *u = b->units; u && select != SELECT_WELL_KNOWN; u = u->next)
        if (u->channel == channel && u->target == target && at + 8 <= n)
            put_lun(buf + at, u->lun), at += 8;
    uint32_t list = at - 8;
    buf[0] = 0;
    buf[1] = (uint8_t)(list >> 16);
    buf[2] = (uint8_t)(list >> 8);
    buf[3] = (uint8_t)list;
    memset(buf + 4, 0, 4);
    answer(r, at, room);
}

static void inquiry(struct pb_scsi_req *r, uint8_t *buf, uint32_t lun)
{
    const uint8_t *c = r->cdb;

    memset(buf, 0, 36);
    buf[0] = lun == SCSI_WELL_KNOWN ? 0x1e : 0x7f; /* a well known unit; 011b: there is none */
    if (c[1] & 1) { /* of vital product data there is the list of pages: that one */
        if (c[2]) {
            fail(r, 0x052400);
            return;
        }
        buf[3] = 1;
        answer(r, 5, be(c + 3, 2));
        return;
    }
    if (c[2]) {
        fail(r, 0x052400);
        return;
    }
    buf[2] = 5;
    buf[3] = 0x12; /* HISUP, response format 2 */
    buf[4] = 36 - 5;
    buf[7] = 0x02; /* CMDQUE */
    memcpy(buf + 8, "PLUGBRD PLUGBOARD TARGET0.1 ", 28);
    answer(r, 36, be(c + 3, 2));
}

void scsi_absent_start(struct scsi_bus *b, uint32_t channel, uint32_t target, uint32_t lun,
                       struct pb_scsi_req *r, uint8_t *buf, uint32_t n)
{
    r->direction = PB_SCSI_NONE;
    r->length = r->gone = 0;
    r->unit = 1;
    r->status = PB_SCSI_GOOD;
    r->sense_len = 0;
    switch (r->cdb[0]) {
    case REPORT_LUNS:
        report_luns(b, channel, target, r, buf, n);
        break;
    case INQUIRY:
        inquiry(r, buf, lun);
        break;
    case REQUEST_SENSE: /* SPC-4, 6.39: good status, and what is wrong as data */
        if (r->cdb[1] & 1) {
            fail(r, 0x052400);
            break;
        }
        fixed_sense(buf, lun == SCSI_WELL_KNOWN ? 0 : 0x052500);
        answer(r, 18, r->cdb[4]);
        break;
    case TEST_UNIT_READY:
        if (lun == SCSI_WELL_KNOWN)
            break;
        /* fall through */
    default:
        fail(r, lun == SCSI_WELL_KNOWN ? 0x052000 : 0x052500);
    }
}
