/* SPDX-License-Identifier: MIT */
/* flash-store.c - the drive behind a flash device: read whole at start, changes written back.
 *
 * Changed sectors are collected for a moment (a guest programs word by word) and then
 * written one run at a time, straight from the contents: a sector that changes while it is
 * written is dirty again.
 *
 * Not modelled: nothing is known to be missing. */
#include "flash-store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN (256u << 10)      /* bytes of one request */
#define LINGER_NS 20000000ll /* collect for this long */

static void next_run(struct flash_store *f);

static void complain(struct flash_store *f, int32_t status)
{
    char text[160];

    if (f->complained++)
        return;
    snprintf(text, sizeof text, "%s: writing back to drive '%s' failed (%d): what the guest "
             "programs is lost when the machine ends", f->what, f->blk->id(f->drive), status);
    f->h->log(f->h, f->dev, PB_LOG_ERROR, text);
}

static void run_done(struct pb_block_req *r)
{
    struct flash_store *f = r->user;

    f->thread->enter(f->dev);
    if (r->status < 0)
        complain(f, r->status);
    f->busy = 0;
    next_run(f);
    f->thread->leave(f->dev);
}

static void prepare(struct flash_store *f, uint32_t op, uint64_t at, uint64_t len)
{
    f->iov = (struct pb_iov){f->host + at, len};
    f->req = (struct pb_block_req){.size = sizeof f->req, .op = op, .offset = at, .bytes = len,
                                   .iov = &f->iov, .n_iov = 1, .done = run_done, .user = f};
}

/* [dev] Write the first run of dirty sectors, if nothing is on its way. */
static void next_run(struct flash_store *f)
{
    uint64_t n = f->size / FLASH_STORE_SECTOR, i = 0, k;

    if (f->busy)
        return;
    while (i < n && !f->dirty[i])
        i++;
    if (i == n)
        return;
    for (k = i; k < n && f->dirty[k] && (k - i) * FLASH_STORE_SECTOR < RUN; k++)
        f->dirty[k] = 0;
    f->busy = 1;
    prepare(f, PB_BLK_WRITE, i * FLASH_STORE_SECTOR, (k - i) * FLASH_STORE_SECTOR);
    f->blk->submit(f->drive, &f->req);
}

static void on_timer(void *self)
{
    next_run(self);
}

void flash_store_touch(struct flash_store *f, uint64_t off, uint64_t len)
{
    f->mem->touched(f->region, off, len);
    if (!f->drive)
        return;
    for (uint64_t i = off / FLASH_STORE_SECTOR; i <= (off + len - 1) / FLASH_STORE_SECTOR; i++)
        f->dirty[i] = 1;
    if (!f->busy && f->time->deadline(f->timer) < 0)
        f->time->arm(f->timer, f->time->now(f->h, PB_CLK_REAL) + LINGER_NS);
}

void flash_store_drain(struct flash_store *f)
{
    if (!f->drive || !f->dirty)
        return;
    f->time->disarm(f->timer);
    f->thread->enter(f->dev);
    next_run(f); /* each completion starts the next: drain waits for the last */
    f->thread->leave(f->dev);
    f->blk->drain(f->drive);
}

static void read_done(struct pb_block_req *r)
{
    (void)r; /* whoever drains looks at the status */
}

static int read_all(struct flash_store *f, pb_err *e)
{
    char text[200];

    for (uint64_t at = 0; at < f->size; at += RUN) {
        prepare(f, PB_BLK_READ, at, f->size - at < RUN ? f->size - at : RUN);
        f->req.done = read_done;
        f->req.flags = PB_BLK_REPORT;
        f->req.status = PB_EAGAIN;
        f->blk->submit(f->drive, &f->req);
        f->blk->drain(f->drive);
        if (f->req.status < 0) {
            snprintf(text, sizeof text, "%s: cannot read drive '%s' at %llu",
                     f->what, f->blk->id(f->drive), (unsigned long long)at);
            return f->h->fail(e, f->req.status, text);
        }
    }
    return PB_OK;
}

int flash_store_open(struct flash_store *f, pb_err *e)
{
    struct pb_block_info i = {.size = sizeof i};
    char text[200];

    f->mem = f->h->get(f->h, PB_SVC_MEM);
    f->time = f->h->get(f->h, PB_SVC_TIME);
    f->thread = f->h->get(f->h, PB_SVC_THREAD);
    f->blk = f->h->get(f->h, PB_SVC_BLOCK);
    if (!f->drive)
        return PB_OK;
    int rc = f->blk->info(f->drive, &i);
    if (rc < 0) {
        snprintf(text, sizeof text, "%s: the drive has no medium", f->what);
        return f->h->fail(e, rc, text);
    }
    if (i.bytes != f->size) {
        snprintf(text, sizeof text, "%s requires %llu bytes, drive '%s' provides %llu bytes",
                 f->what, (unsigned long long)f->size, f->blk->id(f->drive),
                 (unsigned long long)i.bytes);
        return f->h->fail(e, PB_EINVAL, text);
    }
    f->read_only = i.read_only;
    f->dirty = calloc(1, f->size / FLASH_STORE_SECTOR);
    f->timer = f->time->timer(f->dev, "write-back", PB_CLK_REAL, on_timer, f, e);
    if (!f->dirty || !f->timer) {
        snprintf(text, sizeof text, "%s: no memory for the drive's state", f->what);
        return f->h->fail(e, PB_ENOMEM, text);
    }
    return read_all(f, e);
}

void flash_store_close(struct flash_store *f)
{
    free(f->dirty);
    f->dirty = NULL;
}
