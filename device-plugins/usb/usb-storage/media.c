/* SPDX-License-Identifier: MIT */
/* media.c - what a command does to the medium, a buffer at a time. */
#include "scsi.h"

void scsi_refresh(struct scsi *s)
{
    struct pb_block_info i = {.size = sizeof i};

    if (s->svc->info(s->node, &i) != PB_OK)
        i = (struct pb_block_info){0};
    s->blocks = i.bytes / s->block_size;
    s->read_only = i.read_only;
    s->ops = i.ops;
}

void scsi_media(struct scsi *s, uint32_t op, uint64_t lba, uint64_t n, uint32_t fua)
{
    uint64_t bytes;

    if (!s->blocks) {
        scsi_fail(s, SENSE_NO_MEDIUM);
        return;
    }
    if (lba > s->blocks || n > s->blocks - lba) {
        scsi_fail(s, SENSE_LBA);
        return;
    }
    if (op != PB_BLK_READ && op != PB_BLK_FLUSH && s->read_only) {
        scsi_fail(s, SENSE_PROTECTED);
        return;
    }
    bytes = n * s->block_size;
    if ((op == PB_BLK_READ || op == PB_BLK_WRITE) && bytes > UINT32_MAX) {
        scsi_fail(s, SENSE_FIELD); /* beyond what any carrier moves at once */
        return;
    }
    if (bytes == 0 && op != PB_BLK_FLUSH)
        return;
    s->op = op;
    s->next = lba * s->block_size;
    s->left = bytes;
    s->fua = fua;
    if (op == PB_BLK_READ)
        s->in = (uint32_t)bytes;
    else if (op == PB_BLK_WRITE)
        s->out = (uint32_t)bytes;
}

int scsi_prepare(struct scsi *s)
{
    uint64_t n = s->left;

    if (!s->op || s->status != SCSI_GOOD)
        return 0;
    if (s->op == PB_BLK_READ || s->op == PB_BLK_WRITE)
        n = n < SCSI_BUF ? n : SCSI_BUF;
    if (s->op == PB_BLK_READ && (s->at < s->len || !n))
        return 0; /* what was read has not gone yet, or all has been read */
    if (s->op == PB_BLK_WRITE && (!n || s->len < n))
        return 0; /* not enough has come */
    s->iov = (struct pb_iov){s->buf, (size_t)n};
    s->req = (struct pb_block_req){.size = sizeof s->req, .op = s->op, .offset = s->next,
                                   .bytes = n, .flags = s->fua ? PB_BLK_FUA : 0,
                                   .done = s->done};
    if (s->op == PB_BLK_READ || s->op == PB_BLK_WRITE) {
        s->req.iov = &s->iov;
        s->req.n_iov = 1;
    }
    return 1;
}

void scsi_completed(struct scsi *s, int32_t rc)
{
    uint64_t n = s->req.bytes;

    if (rc != PB_OK) {
        scsi_fail(s, rc == PB_ENOSPC   ? SENSE_FULL
                     : rc == PB_EROFS  ? SENSE_PROTECTED
                     : s->op == PB_BLK_READ ? SENSE_READ
                                            : SENSE_WRITE);
        return;
    }
    s->next += n;
    s->left -= n;
    s->at = 0;
    s->len = s->op == PB_BLK_READ ? (uint32_t)n : 0;
    if (s->op != PB_BLK_READ && s->left == 0)
        s->op = 0;
}
