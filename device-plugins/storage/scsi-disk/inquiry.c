/* SPDX-License-Identifier: MIT */
/* inquiry.c - what the unit says of itself. SPC-4, 6.4 (INQUIRY), 7.8 (vital product data); SBC-3,
 * 6.6 (block limits and characteristics).
 */
#include "scsi.h"

#include <string.h>

#define UNMAP_RANGES ((SCSI_SMALL - 8) / 16)

static void text(uint8_t *to, const char *from, uint32_t n)
{
    memset(to, ' ', n);
    memcpy(to, from, strnlen(from, n));
}

static uint32_t standard(const struct scsi_unit *u, uint8_t *b)
{
    b[0] = (uint8_t)u->type;
    b[1] = u->removable ? 0x80 : 0;
    b[2] = (uint8_t)u->scsi_version;
    b[3] = 2; /* response format */
    b[4] = 36 - 5;
    b[7] = u->tagged ? 0x02 : 0; /* CMDQUE */
    text(b + 8, u->vendor, 8);
    text(b + 16, u->product, 16);
    text(b + 32, u->version, 4);
    return 36;
}

/* 7.8.6: what it is, and what is seen at its port. */
static uint32_t designators(const struct scsi_unit *u, uint8_t *b)
{
    uint32_t n = (uint32_t)strlen(u->id), at = 0;

    n = n < 64 ? n : 64;
    if (n) { /* T10 vendor identification, ASCII */
        b[0] = 2;
        b[1] = 1;
        b[3] = (uint8_t)(8 + n);
        text(b + 4, u->vendor, 8);
        memcpy(b + 12, u->id, n);
        at += 12 + n;
    }
    if (u->wwn) { /* NAA, binary */
        b[at] = 1;
        b[at + 1] = 3;
        b[at + 3] = 8;
        put_be(b + at + 4, u->wwn, 8);
        at += 12;
    }
    if (u->port_wwn) { /* the same of the port, of SAS */
        b[at] = 0x61;
        b[at + 1] = 0x93;
        b[at + 3] = 8;
        put_be(b + at + 4, u->port_wwn, 8);
        at += 12;
    }
    return at;
}

static void limits(const struct scsi_unit *u, uint8_t *b)
{
    uint32_t can = u->ops >> PB_BLK_DISCARD & 1;

    put_be(b + 6, u->physical > u->block_size ? u->physical / u->block_size : 0, 2);
    put_be(b + 20, can ? UINT32_MAX : 0, 4); /* blocks and ranges of an UNMAP */
    put_be(b + 24, can ? UNMAP_RANGES : 0, 4);
    put_be(b + 28, can ? u->granularity / u->block_size : 0, 4);
}

/* Which pages there are, in order. */
static uint32_t pages(const struct scsi_unit *u, uint8_t *b)
{
    static const uint8_t of_disks[] = {0xb0, 0xb1, 0xb2};
    uint32_t n = 0;

    b[n++] = 0x00;
    if (*u->serial)
        b[n++] = 0x80;
    b[n++] = 0x83;
    for (uint32_t i = 0; i < 3 && u->type == SCSI_DISK; i++)
        b[n++] = of_disks[i];
    return n;
}

static uint32_t vital(const struct scsi_unit *u, uint32_t page, uint8_t *b)
{
    uint8_t all[8];
    uint32_t n = (uint32_t)strlen(u->serial), can = u->ops >> PB_BLK_DISCARD & 1;

    n = n < 64 ? n : 64;
    if (!memchr(all, (int)page, pages(u, all)))
        return 0;
    b[0] = (uint8_t)u->type;
    b[1] = (uint8_t)page;
    switch (page) {
    case 0x00:
        b[3] = (uint8_t)pages(u, b + 4);
        break;
    case 0x80: /* unit serial number */
        memcpy(b + 4, u->serial, n);
        b[3] = (uint8_t)n;
        break;
    case 0x83:
        b[3] = (uint8_t)designators(u, b + 4);
        break;
    case 0xb0:
        b[3] = 0x3c;
        limits(u, b);
        break;
    case 0xb1: /* block device characteristics: 1 does not rotate */
        b[3] = 0x3c;
        put_be(b + 4, u->rotation, 2);
        break;
    default: /* b2, logical block provisioning: UNMAP, and WRITE SAME with that bit */
        b[3] = 4;
        b[5] = can ? 0xe0 : 0;
        b[6] = can ? 2 : 0; /* thin */
    }
    return 4u + b[3];
}

void scsi_inquiry(struct scsi_unit *u, struct scsi_task *t)
{
    const uint8_t *c = t->cdb;
    uint32_t len = 0;

    memset(t->buf, 0, 256);
    if (c[1] & 1)
        len = vital(u, c[2], t->buf);
    else if (c[2] == 0)
        len = standard(u, t->buf);
    if (len)
        scsi_answer(t, len, be16(c + 3));
    else
        scsi_fail(t, SENSE_FIELD);
}
