/* SPDX-License-Identifier: MIT */
/* media.c - what a command does to the medium, a request at a time. SBC-3, chapter 5. */
#include "scsi.h"

void scsi_refresh(struct scsi_unit *u)
{
    struct pb_block_info i = {.size = sizeof i};

    if (!u->node || u->open || u->svc->info(u->node, &i) != PB_OK)
        i = (struct pb_block_info){0};
    u->blocks = i.bytes / u->block_size;
    u->read_only = i.read_only || u->type == SCSI_CD;
    u->ops = i.ops;
}

int scsi_there(struct scsi_unit *u, struct scsi_task *t, uint64_t lba, uint64_t n, uint32_t write)
{
    uint32_t sense = !u->blocks                               ? SENSE_NO_MEDIUM
                     : u->stopped                             ? SENSE_STOPPED
                     : lba > u->blocks || n > u->blocks - lba ? SENSE_LBA
                     : write && u->read_only                  ? SENSE_PROTECTED
                                                              : SENSE_NONE;

    if (sense == SENSE_LBA) {
        t->has_info = 1;
        t->info = lba;
    }
    if (sense)
        scsi_fail(t, sense);
    return !sense;
}

void scsi_media(struct scsi_unit *u, struct scsi_task *t, uint32_t op, uint64_t lba, uint64_t n,
                uint32_t flags)
{
    uint64_t bytes = n * u->block_size;

    if (!scsi_there(u, t, lba, n, op == PB_BLK_WRITE))
        return;
    if (bytes > UINT32_MAX) {
        scsi_fail(t, SENSE_FIELD); /* beyond what any carrier moves at once */
        return;
    }
    if (bytes == 0)
        return;
    t->op = op;
    t->next = lba * u->block_size;
    t->left = bytes;
    t->flags = flags;
    if (op == PB_BLK_READ)
        t->in = (uint32_t)bytes;
    else
        t->out = (uint32_t)bytes;
}

void scsi_own(struct scsi_unit *u, struct scsi_task *t, uint32_t op, uint64_t lba, uint64_t n,
              uint32_t flags)
{
    if (!scsi_there(u, t, lba, n, op != PB_BLK_FLUSH) || (n == 0 && op != PB_BLK_FLUSH))
        return;
    t->op = op;
    t->own = 1;
    t->next = lba * u->block_size;
    t->left = n * u->block_size;
    t->flags = flags;
}

/* UNMAP's next range that is not empty; they have been checked. */
static void next_range(struct scsi_unit *u, struct scsi_task *t)
{
    while (t->left == 0 && t->range < t->ranges) {
        const uint8_t *b = t->buf + 8 + 16 * t->range++;
        t->next = be64(b) * u->block_size;
        t->left = (uint64_t)be32(b + 8) * u->block_size;
    }
}

static void request(struct scsi_task *t, uint64_t n)
{
    t->req.size = sizeof t->req;
    t->req.op = t->op;
    t->req.offset = t->next;
    t->req.bytes = n;
    t->req.flags = t->flags;
    t->req.iov = NULL;
    t->req.n_iov = 0;
    if (t->op != PB_BLK_READ && t->op != PB_BLK_WRITE)
        return;
    t->iov = (struct pb_iov){t->buf, (size_t)n};
    t->req.iov = &t->iov;
    t->req.n_iov = 1;
}

int scsi_step(struct scsi_unit *u, struct scsi_task *t)
{
    uint64_t n;

    if (!t->op || !t->own || t->status != SCSI_GOOD)
        return 0;
    next_range(u, t);
    n = t->left;
    if (n == 0 && t->op != PB_BLK_FLUSH) {
        t->op = t->own = 0;
        return 0;
    }
    if (t->op == PB_BLK_WRITE) /* len bytes of buf are whole blocks, all the same */
        n = n < t->len ? n : t->len;
    request(t, n);
    return 1;
}

int scsi_prepare(struct scsi_unit *u, struct scsi_task *t)
{
    uint64_t n = t->left < SCSI_BUF ? t->left : SCSI_BUF;

    if (t->own)
        return scsi_step(u, t);
    if (!t->op || t->status != SCSI_GOOD)
        return 0;
    if (t->op == PB_BLK_READ && (t->at < t->len || !n))
        return 0; /* what was read has not gone yet, or all has been read */
    if (t->op == PB_BLK_WRITE && (!n || t->len < n))
        return 0; /* not enough has come */
    request(t, n);
    return 1;
}

void scsi_io_failed(struct scsi_unit *u, struct scsi_task *t, uint32_t op, int32_t rc)
{
    t->has_info = op != PB_BLK_FLUSH; /* the first of the blocks: none of them is promised */
    t->info = t->next / u->block_size;
    scsi_fail(t, rc == PB_ENOSPC      ? SENSE_FULL
                 : rc == PB_EROFS     ? SENSE_PROTECTED
                 : rc == PB_ENOMEM    ? SENSE_NO_MEMORY
                 : op == PB_BLK_READ  ? SENSE_READ
                                      : SENSE_WRITE);
}

void scsi_completed(struct scsi_unit *u, struct scsi_task *t, int32_t rc)
{
    uint64_t n = t->req.bytes;

    if (rc != PB_OK) {
        scsi_io_failed(u, t, t->op, rc);
        return;
    }
    t->next += n;
    t->left -= n;
    if (t->own) {
        if (t->left == 0 && t->range == t->ranges)
            t->op = t->own = 0;
        return;
    }
    t->at = 0;
    t->len = t->op == PB_BLK_READ ? (uint32_t)n : 0;
    if (t->op != PB_BLK_READ && t->left == 0)
        t->op = 0;
}
