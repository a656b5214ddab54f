/* SPDX-License-Identifier: MIT */
/* list.c - commands whose parameter list has come. SPC-4, 6.11 (MODE SELECT); SBC-3, 5.28
 * (UNMAP), 5.44 (WRITE SAME).
 */
#include "scsi.h"

#include <string.h>

enum { MODE_SELECT_6 = 0x15, WRITE_SAME_10 = 0x41, UNMAP = 0x42, MODE_SELECT_10 = 0x55,
       WRITE_SAME_16 = 0x93 };

void scsi_take(struct scsi_task *t, uint32_t n)
{
    if (n > SCSI_SMALL)
        scsi_fail(t, SENSE_FIELD);
    else
        t->out = n;
}

/* All ranges are looked at before the first is unmapped. */
static void unmap(struct scsi_unit *u, struct scsi_task *t)
{
    const uint8_t *b = t->buf;
    uint32_t n = t->len >= 8 ? be16(b + 2) : 0, ranges = n / 16;

    if (t->len == 0)
        return;
    if (t->len < 8 || n > t->len - 8) {
        scsi_fail(t, SENSE_LIST_LENGTH);
        return;
    }
    if (!(u->ops >> PB_BLK_DISCARD & 1)) {
        scsi_fail(t, SENSE_OPCODE);
        return;
    }
    for (uint32_t i = 0; i < ranges; i++)
        if (!scsi_there(u, t, be64(b + 8 + 16 * i), be32(b + 16 + 16 * i), 1))
            return;
    t->ranges = ranges;
    t->op = ranges ? PB_BLK_DISCARD : 0;
    t->own = ranges != 0;
}

static int is_zero(const uint8_t *b, uint32_t n)
{
    while (n && !b[n - 1])
        n--;
    return n == 0;
}

/* The block fills buf, whole blocks of it. */
static void repeat(struct scsi_unit *u, struct scsi_task *t, uint64_t lba, uint64_t n)
{
    uint32_t fill = u->block_size;

    while (fill + u->block_size <= t->room && fill < n * u->block_size) {
        memcpy(t->buf + fill, t->buf, u->block_size);
        fill += u->block_size;
    }
    scsi_own(u, t, PB_BLK_WRITE, lba, n, u->write_cache ? 0 : PB_BLK_FUA);
    t->len = fill;
}

static void same(struct scsi_unit *u, struct scsi_task *t)
{
    uint64_t lba, n;
    uint32_t flags = u->write_cache ? 0 : PB_BLK_FUA, zero;

    scsi_extent(t->cdb, &lba, &n);
    if (n == 0)
        n = u->blocks - (lba < u->blocks ? lba : 0);
    if (t->len == 0) /* NDOB */
        memset(t->buf, 0, u->block_size);
    zero = is_zero(t->buf, u->block_size);
    if (t->cdb[1] & 8) /* UNMAP: what reads as it was written may be a hole */
        flags |= PB_BLK_MAY_UNMAP;
    if (zero && (u->ops >> PB_BLK_ZERO & 1))
        scsi_own(u, t, PB_BLK_ZERO, lba, n, flags);
    else
        repeat(u, t, lba, n);
}

void scsi_parameters(struct scsi_unit *u, struct scsi_task *t)
{
    switch (t->cdb[0]) {
    case MODE_SELECT_6:
    case MODE_SELECT_10:
        scsi_mode_select(u, t, t->cdb[0] == MODE_SELECT_10);
        break;
    case UNMAP:
        unmap(u, t);
        break;
    case WRITE_SAME_10:
    case WRITE_SAME_16:
        same(u, t);
        break;
    }
    if (!t->own)
        t->len = t->at = 0;
}
