/* SPDX-License-Identifier: MIT */
/* inquiry.c - what the disk says of itself. SPC-4, 6.4 (INQUIRY), 7.5 (mode pages), 7.8 (vital
 * product data); SBC-3, 6.4 (mode pages), 6.6 (block limits and characteristics).
 */
#include "scsi.h"

#include <string.h>

static void text(uint8_t *to, const char *from, uint32_t n)
{
    memset(to, ' ', n);
    memcpy(to, from, strnlen(from, n));
}

static uint32_t standard(const struct scsi *s, uint8_t *b)
{
    b[1] = s->removable ? 0x80 : 0;
    b[2] = 5; /* SPC-3 */
    b[3] = 2; /* response format */
    b[4] = 36 - 5;
    text(b + 8, "PLUGBRD", 8);
    text(b + 16, "USB DISK", 16);
    text(b + 32, "0.1", 4);
    return 36;
}

static uint32_t vital(const struct scsi *s, uint32_t page, uint8_t *b)
{
    static const uint8_t pages[] = {0x00, 0x80, 0x83, 0xb0, 0xb1, 0xb2};
    uint32_t n = (uint32_t)strlen(s->serial), can = s->ops >> PB_BLK_DISCARD & 1;

    n = n < 64 ? n : 64;
    b[1] = (uint8_t)page;
    switch (page) {
    case 0x00:
        memcpy(b + 4, pages, sizeof pages);
        b[3] = sizeof pages;
        break;
    case 0x80: /* unit serial number */
        memcpy(b + 4, s->serial, n);
        b[3] = (uint8_t)n;
        break;
    case 0x83: /* one designator: T10 vendor identification, ASCII */
        b[3] = (uint8_t)(4 + 8 + n);
        b[4] = 2;
        b[5] = 1;
        b[7] = (uint8_t)(8 + n);
        text(b + 8, "PLUGBRD", 8);
        memcpy(b + 16, s->serial, n);
        break;
    case 0xb0: /* block limits: one range an UNMAP, of any length */
        b[3] = 0x3c;
        put_be(b + 20, can ? UINT32_MAX : 0, 4);
        put_be(b + 24, can, 4);
        break;
    case 0xb1: /* block device characteristics: does not rotate */
        b[3] = 0x3c;
        put_be(b + 4, 1, 2);
        break;
    case 0xb2: /* logical block provisioning: UNMAP */
        b[3] = 4;
        b[5] = can ? 0x80 : 0;
        break;
    default:
        return 0;
    }
    return 4u + b[3];
}

void scsi_inquiry(struct scsi *s)
{
    const uint8_t *c = s->cdb;
    uint32_t len = 0;

    memset(s->buf, 0, 256);
    if (c[1] & 1)
        len = vital(s, c[2], s->buf);
    else if (c[2] == 0)
        len = standard(s, s->buf);
    if (len)
        scsi_answer(s, len, be16(c + 3));
    else
        scsi_fail(s, SENSE_FIELD);
}

/* Caching, SBC-3 6.4.5: completed writes may be volatile until they are flushed. */
static uint32_t caching(uint8_t *b, uint32_t changeable)
{
    b[0] = 0x08;
    b[1] = 0x12;
    b[2] = changeable ? 0 : 0x04;
    return 20;
}

/* Pages as they are now, or (1) which bits can be changed: none. */
void scsi_mode_sense(struct scsi *s, uint32_t ten)
{
    const uint8_t *c = s->cdb;
    uint32_t head = ten ? 8 : 4, page = c[2] & 63, control = c[2] >> 6, at = head;
    uint8_t *b = s->buf;

    memset(b, 0, 256);
    if (control == 3) {
        scsi_fail(s, 0x053900); /* saving parameters not supported */
        return;
    }
    if (!(c[1] & 8)) { /* DBD: a short block descriptor */
        put_be(b + at, s->blocks < UINT32_MAX ? s->blocks : UINT32_MAX, 4);
        put_be(b + at + 5, s->block_size, 3);
        b[head - 1] = 8;
        at += 8;
    }
    if (page == 0x08 || page == 0x3f)
        at += caching(b + at, control == 1);
    else if (page != 0) {
        scsi_fail(s, SENSE_FIELD);
        return;
    }
    b[ten ? 3 : 2] = (uint8_t)((s->read_only ? 0x80 : 0) | 0x10); /* DPOFUA */
    put_be(b, ten ? at - 2 : at - 1, ten ? 2 : 1);
    scsi_answer(s, at, ten ? be16(c + 7) : c[4]);
}
