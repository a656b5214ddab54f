/* SPDX-License-Identifier: MIT */
/* disk.c - the commands of a unit on a SCSI bus, many at a time: PB_SCSI_TARGET.
 *
 * Each has a task of its own. Blocks go between the carrier's memory and the node without a copy;
 * `lock` is held while a command is looked at, not while it is at the node.
 */
#include "disk.h"

#include <stdlib.h>
#include <string.h>

/* ---- Tasks ------------------------------------------------------------------------------- */

static void done(struct pb_block_req *q);

static struct task *new_task(struct disk *d, struct pb_scsi_req *r)
{
    struct task *k = d->spare;

    if (k)
        d->spare = k->next;
    else
        k = malloc(sizeof *k);
    if (!k)
        return NULL;
    k->d = d;
    k->r = r;
    k->t.buf = k->buf;
    k->t.room = sizeof k->buf;
    k->t.req.done = done;
    k->t.sense = SENSE_NONE;
    r->provider[0] = k;
    return k;
}

void disk_forget(struct disk *d)
{
    while (d->spare) {
        struct task *k = d->spare;
        d->spare = k->next;
        free(k);
    }
}

/* The request is over: its status, and the task is free. Holds the lock. */
static uint32_t over(struct disk *d, struct task *k)
{
    struct pb_scsi_req *r = k->r;

    r->status = k->t.status;
    r->gone = k->t.moved;
    r->sense_len = k->t.status == SCSI_CHECK ? 18 : 0;
    if (r->sense_len)
        scsi_sense(&k->t, k->t.sense, r->sense);
    k->next = d->spare;
    d->spare = k;
    return PB_SCSI_OVER;
}

/* ---- The node ---------------------------------------------------------------------------- */

static uint32_t submit(struct disk *d, struct task *k)
{
    d->under_way++;
    pthread_mutex_unlock(&d->lock);
    d->u.svc->submit(d->u.node, &k->t.req);
    pthread_mutex_lock(&d->lock);
    return PB_SCSI_LATER;
}

/* What comes next for the task. Holds the lock. */
static uint32_t next(struct disk *d, struct task *k)
{
    struct scsi_task *t = &k->t;

    if (t->status == SCSI_GOOD && t->moved < t->in + t->out)
        return PB_SCSI_MORE;
    return scsi_step(&d->u, t) ? submit(d, k) : over(d, k);
}

/* Of VERIFY: the next bytes of the medium into buf. */
static uint32_t read_to_compare(struct disk *d, struct task *k)
{
    uint64_t n = k->piece - k->at < k->t.room ? k->piece - k->at : k->t.room;

    k->t.iov = (struct pb_iov){k->buf, (size_t)n};
    k->t.req = (struct pb_block_req){.size = sizeof k->t.req, .op = PB_BLK_READ,
                                     .offset = k->t.next, .bytes = n, .iov = &k->t.iov,
                                     .n_iov = 1, .done = done};
    return submit(d, k);
}

/* They are there. Where do they differ from the host's? n: nowhere. */
static uint64_t differ(struct task *k, uint64_t n)
{
    uint64_t skip = k->at, at = 0;

    for (uint32_t i = 0; i < k->n_iov && at < n; i++) {
        uint64_t len = k->iov[i].len;
        if (skip >= len) {
            skip -= len;
            continue;
        }
        const uint8_t *p = (const uint8_t *)k->iov[i].base + skip;
        len = len - skip < n - at ? len - skip : n - at;
        skip = 0;
        for (uint64_t j = 0; j < len; j++)
            if (p[j] != k->buf[at + j])
                return at + j;
        at += len;
    }
    return n;
}

static uint32_t compared(struct disk *d, struct task *k)
{
    struct scsi_task *t = &k->t;
    uint64_t n = t->req.bytes, same = differ(k, n);

    if (same < n) {
        t->has_info = 1; /* SBC-3, 5.34: where the first difference is, in bytes of the data */
        t->info = t->moved + same;
        scsi_fail(t, SENSE_MISCOMPARE);
        return over(d, k);
    }
    t->next += n;
    t->left -= n;
    t->moved += (uint32_t)n;
    k->at += n;
    return k->at < k->piece ? read_to_compare(d, k) : next(d, k);
}

static uint32_t completed(struct disk *d, struct task *k, int32_t rc)
{
    struct scsi_task *t = &k->t;

    if (t->own) {
        scsi_completed(&d->u, t, rc);
        return next(d, k);
    }
    if (rc != PB_OK) {
        scsi_io_failed(&d->u, t, t->op, rc);
        return over(d, k);
    }
    if (t->compare)
        return compared(d, k);
    t->next += t->req.bytes;
    t->left -= t->req.bytes;
    t->moved += (uint32_t)t->req.bytes;
    if (t->left == 0)
        t->op = 0;
    return next(d, k);
}

static void done(struct pb_block_req *q)
{
    struct task *k = (struct task *)((uint8_t *)q - offsetof(struct task, t.req));
    struct disk *d = k->d;
    struct pb_scsi_req *r = k->r;

    pthread_mutex_lock(&d->lock);
    uint32_t who = completed(d, k, q->status);
    d->under_way--;
    pthread_mutex_unlock(&d->lock);
    if (who == PB_SCSI_OVER)
        r->done(r);
    else if (who == PB_SCSI_MORE)
        r->moved(r);
}

/* ---- PB_SCSI_TARGET ---------------------------------------------------------------------- */

static uint32_t start(void *self, struct pb_scsi_req *r)
{
    struct disk *d = self;
    uint32_t who;

    r->direction = PB_SCSI_NONE;
    r->length = r->gone = 0;
    r->unit = d->u.block_size;
    pthread_mutex_lock(&d->lock);
    struct task *k = new_task(d, r);
    if (!k) {
        r->status = PB_SCSI_BUSY;
        r->sense_len = 0;
        who = PB_SCSI_OVER;
    } else {
        scsi_command(&d->u, &k->t, r->cdb, r->cdb_len);
        if (k->t.status == SCSI_GOOD && (k->t.in || k->t.out)) {
            r->length = k->t.in + k->t.out; /* one of them */
            r->direction = k->t.in ? PB_SCSI_IN : PB_SCSI_OUT;
        }
        who = next(d, k);
    }
    pthread_mutex_unlock(&d->lock);
    return who;
}

/* An answer, or a parameter list: it is in buf. */
static uint32_t copy(struct disk *d, struct task *k, const struct pb_iov *iov, uint32_t n_iov)
{
    struct scsi_task *t = &k->t;

    for (uint32_t i = 0; i < n_iov; i++) {
        uint32_t want = t->in + t->out - t->moved;
        uint32_t n = iov[i].len < want ? (uint32_t)iov[i].len : want;
        if (t->in)
            memcpy(iov[i].base, t->buf + t->moved, n);
        else
            memcpy(t->buf + t->moved, iov[i].base, n);
        t->moved += n;
    }
    if (t->out && t->moved == t->out) {
        t->len = t->out;
        scsi_parameters(&d->u, t);
    }
    return next(d, k);
}

/* The first `n` bytes of the array: how many entries. */
static uint32_t cut(struct pb_iov *iov, uint32_t n_iov, uint64_t n)
{
    uint32_t i = 0;

    while (i < n_iov && n) {
        if (iov[i].len > n)
            iov[i].len = (size_t)n;
        n -= iov[i++].len;
    }
    return i;
}

static uint32_t move(void *self, struct pb_scsi_req *r, struct pb_iov *iov, uint32_t n_iov,
                     uint64_t bytes)
{
    struct disk *d = self;
    struct task *k = r->provider[0];
    struct scsi_task *t = &k->t;
    uint64_t n = bytes < t->left ? bytes : t->left;
    uint32_t who;

    pthread_mutex_lock(&d->lock);
    if (!t->op) {
        who = copy(d, k, iov, n_iov);
    } else if (t->compare) {
        k->iov = iov;
        k->n_iov = n_iov;
        k->piece = n;
        k->at = 0;
        who = read_to_compare(d, k);
    } else {
        t->req = (struct pb_block_req){.size = sizeof t->req, .op = t->op, .offset = t->next,
                                       .bytes = n, .iov = iov, .n_iov = cut(iov, n_iov, n),
                                       .flags = t->flags, .done = done};
        who = submit(d, k);
    }
    pthread_mutex_unlock(&d->lock);
    return who;
}

static void cancel(void *self, struct pb_scsi_req *r)
{
    struct disk *d = self;
    struct task *k = r->provider[0];

    pthread_mutex_lock(&d->lock);
    k->t.status = PB_SCSI_ABORTED;
    over(d, k);
    pthread_mutex_unlock(&d->lock);
}

static void reset(void *self, uint32_t kind)
{
    struct disk *d = self;

    (void)kind;
    pthread_mutex_lock(&d->lock);
    scsi_attend(&d->u, ATTENTION_RESET);
    d->u.write_cache = d->u.cached;
    d->u.stopped = 0;
    pthread_mutex_unlock(&d->lock);
}

static void attention(void *self, uint32_t code)
{
    struct disk *d = self;

    pthread_mutex_lock(&d->lock);
    if (code == 0x3f0e)
        scsi_attend(&d->u, ATTENTION_LUNS);
    pthread_mutex_unlock(&d->lock);
}

#define TARGET(t)                                                                              \
    {.size = sizeof(struct pb_scsi_target), .type = t, .start = start, .move = move,           \
     .cancel = cancel, .reset = reset, .attention = attention}
const struct pb_scsi_target hd_target = TARGET(SCSI_DISK), cd_target = TARGET(SCSI_CD);
