/* SPDX-License-Identifier: MIT */
/* request.c - request queues: commands. VIRTIO 1.2, 5.6.6.1.
 *
 * The vCPU that rang pops every chain and starts its command; the unit moves data between the
 * guest's own buffers and the medium. `lock` is not held while a unit is called. */
#include "virtio-scsi.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 19u /* lun[8], id, task_attr, prio, crn; the CDB follows */
#define RESP 12u /* sense_len, residual, status_qualifier, status, response; the sense follows */

uint32_t vscsi_take(struct pb_iov *v, uint32_t count, void *to, uint32_t n)
{
    uint32_t got = 0;

    for (uint32_t i = 0; i < count && got < n; i++) {
        uint32_t k = v[i].len < n - got ? (uint32_t)v[i].len : n - got;
        memcpy((uint8_t *)to + got, v[i].base, k);
        v[i].base = (uint8_t *)v[i].base + k;
        v[i].len -= k;
        got += k;
    }
    return got;
}

uint32_t vscsi_put(const struct pb_iov *v, uint32_t count, const void *from, uint32_t n)
{
    uint32_t put = 0;

    for (uint32_t i = 0; i < count && put < n; i++) {
        uint32_t k = v[i].len < n - put ? (uint32_t)v[i].len : n - put;
        memcpy(v[i].base, (const uint8_t *)from + put, k);
        put += k;
    }
    return put;
}

/* 01, target and a LUN of one level: peripheral or flat addressing, SAM-5 4.7.7. */
int vscsi_lun(const uint8_t *b, uint32_t *target, uint32_t *lun)
{
    static const uint8_t well_known[8] = {0xc1, 0x01};

    if (!memcmp(b, well_known, 8)) {
        *target = 0;
        *lun = SCSI_WELL_KNOWN;
        return 1;
    }
    *target = b[1];
    *lun = (uint32_t)(b[2] & 0x3f) << 8 | b[3];
    if (b[0] != 1)
        return 0;
    if (b[2] >> 6 > 1 || (b[2] < 0x40 && b[2]) || b[4] || b[5] || b[6] || b[7])
        *lun = MAX_LUN + 1; /* a target answers for units that cannot be */
    return 1;
}

/* ---- Requests under way; `lock` is held --------------------------------------------------- */

static struct vreq *new_req(struct vscsi *v, pb_vq *vq)
{
    struct vreq *r = v->spare;

    if (r)
        v->spare = r->next;
    else
        r = malloc(sizeof *r);
    if (r) {
        r->v = v;
        r->vq = vq;
        r->c = (struct pb_vchain){.iov = r->iov, .max_iov = CHAIN_MAX};
    }
    return r;
}

static void spare(struct vscsi *v, struct vreq *r)
{
    r->next = v->spare;
    v->spare = r;
}

static void enlist(struct vscsi *v, struct vreq *r)
{
    r->seq = ++v->seq;
    r->link = &v->under_way;
    r->next = v->under_way;
    if (r->next)
        r->next->link = &r->next;
    v->under_way = r;
}

static void delist(struct vscsi *v, struct vreq *r)
{
    *r->link = r->next;
    if (r->next)
        r->next->link = r->link;
    if (!v->under_way)
        pthread_cond_broadcast(&v->idle);
}

static void le(uint8_t *p, uint32_t v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Zeros in the response's room for sense data, from `at` on. */
static void clear_rest(const struct pb_iov *v, uint32_t count, uint32_t at, uint32_t end)
{
    uint32_t pos = 0;

    for (uint32_t i = 0; i < count && pos < end; i++) {
        uint32_t len = v[i].len < end - pos ? (uint32_t)v[i].len : end - pos;
        uint32_t skip = at > pos ? at - pos : 0;
        if (skip < len)
            memset((uint8_t *)v[i].base + skip, 0, len - skip);
        pos += len;
    }
}

/* Answer and give the chain back. */
static void finish(struct vscsi *v, struct vreq *r, uint32_t response)
{
    uint8_t head[RESP + PB_SCSI_SENSE] = {0};
    uint32_t room = r->resp_len - RESP, sense = r->s.sense_len, written = r->resp_len, put;

    response = r->instead ? r->instead : response;
    if (response == S_OK) {
        sense = sense < room ? sense : room;
        le(head, sense, 4);
        le(head + 4, r->out_bytes + r->in_bytes - (uint32_t)r->s.gone, 4);
        head[10] = (uint8_t)r->s.status;
        memcpy(head + RESP, r->s.sense, sense);
    }
    head[11] = (uint8_t)response;
    put = RESP + (room < PB_SCSI_SENSE ? room : PB_SCSI_SENSE);
    vscsi_put(r->iov + r->c.n_out, r->c.n_in, head, put);
    clear_rest(r->iov + r->c.n_out, r->c.n_in, put, r->resp_len);
    if (r->s.direction == PB_SCSI_IN && response != S_OVERRUN) /* of one that failed, who knows */
        written += r->s.length < r->in_bytes ? (uint32_t)r->s.length : r->in_bytes;
    v->virtio->push(r->vq, &r->c, written);
    v->virtio->notify(r->vq);
    uint32_t aborted = r->instead;
    delist(v, r);
    spare(v, r);
    if (aborted)
        vscsi_tmfs_check(v);
}

static void done(struct pb_scsi_req *s)
{
    struct vreq *r = (struct vreq *)s;
    struct vscsi *v = r->v;

    pthread_mutex_lock(&v->lock);
    finish(v, r, S_OK);
    pthread_mutex_unlock(&v->lock);
}

/* All of the memory was given at once: a unit that asks for more is at odds with itself. */
static void moved(struct pb_scsi_req *s)
{
    struct vreq *r = (struct vreq *)s;
    struct vscsi *v = r->v;

    r->ops->cancel(r->unit, s);
    pthread_mutex_lock(&v->lock);
    finish(v, r, S_TARGET_FAILURE);
    pthread_mutex_unlock(&v->lock);
}

/* ---- Commands ---------------------------------------------------------------------------- */

static void target_command(struct vscsi *v, struct vreq *r)
{
    struct pb_iov *in = r->data + r->n_out;

    scsi_absent_start(&v->bus, 0, r->target, r->lun, &r->s, v->scratch, sizeof v->scratch);
    if (r->s.length > r->in_bytes) {
        finish(v, r, S_OVERRUN);
        return;
    }
    r->s.gone = vscsi_put(in, r->n_in, v->scratch, (uint32_t)r->s.length);
    finish(v, r, S_OK);
}

/* Drops the lock around the unit, which sits in the caller's domain and cannot go meanwhile. */
static void unit_command(struct vscsi *v, struct vreq *r, const struct scsi_unit_at *u)
{
    uint32_t response = S_OK, who, in, room;

    pthread_mutex_unlock(&v->lock);
    r->ops = u->ops;
    r->unit = u->self;
    who = u->ops->start(u->self, &r->s);
    if (who == PB_SCSI_MORE) { /* it waits for memory: r is ours */
        in = r->s.direction == PB_SCSI_IN;
        room = in ? r->in_bytes : r->out_bytes;
        response = r->s.length > room ? S_OVERRUN : S_OK;
        if (response == S_OK)
            who = u->ops->move(u->self, &r->s, in ? r->data + r->n_out : r->data,
                               in ? r->n_in : r->n_out, room);
        if (who == PB_SCSI_MORE)
            u->ops->cancel(u->self, &r->s);
    }
    pthread_mutex_lock(&v->lock);
    if (who == PB_SCSI_MORE)
        finish(v, r, response == S_OK ? S_TARGET_FAILURE : response);
    else if (who == PB_SCSI_OVER)
        finish(v, r, S_OK);
}

/* The entries of `from` that are left, from byte `skip` on; bytes. */
static uint32_t data_part(struct pb_iov *to, uint32_t *n, const struct pb_iov *from, uint32_t count,
                          uint32_t skip)
{
    uint32_t bytes = 0;

    *n = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t off = from[i].len < skip ? from[i].len : skip;
        skip -= (uint32_t)off;
        if (from[i].len == off)
            continue;
        to[*n] = (struct pb_iov){(uint8_t *)from[i].base + off, from[i].len - off};
        bytes += (uint32_t)to[*n].len;
        ++*n;
    }
    return bytes;
}

static void decode(struct vscsi *v, struct vreq *r, uint8_t lun[8])
{
    uint8_t head[HEAD + CDB_SIZE_MAX];
    uint32_t cdb = v->cdb_size < PB_SCSI_CDB ? v->cdb_size : PB_SCSI_CDB;

    vscsi_take(r->iov, r->c.n_out, head, HEAD + v->cdb_size);
    memcpy(lun, head, 8);
    r->s.size = sizeof r->s;
    r->s.cdb_len = cdb;
    memset(r->s.cdb, 0, sizeof r->s.cdb);
    memcpy(r->s.cdb, head + HEAD, cdb);
    r->s.tag = 0;
    for (uint32_t i = 8; i--;)
        r->s.tag = r->s.tag << 8 | head[8 + i];
    r->s.attribute = head[16] <= PB_SCSI_ACA ? head[16] : PB_SCSI_SIMPLE;
    r->s.flags = 0;
    r->s.moved = moved;
    r->s.done = done;
    r->s.direction = PB_SCSI_NONE;
    r->s.length = r->s.gone = 0;
    r->s.status = r->s.sense_len = 0;
    r->instead = 0;
    r->resp_len = RESP + v->sense_size;
    r->out_bytes = data_part(r->data, &r->n_out, r->iov, r->c.n_out, 0);
    r->in_bytes = data_part(r->data + r->n_out, &r->n_in, r->iov + r->c.n_out, r->c.n_in,
                            r->resp_len);
}

/* One chain: 1 taken, 0 the queue is empty or broken. */
static int one(struct vscsi *v, pb_vq *vq)
{
    struct vreq *r = new_req(v, vq);
    uint8_t lun[8];

    if (!r)
        return 0;
    int rc = v->virtio->pop(vq, &r->c);
    if (rc <= 0 || r->c.out_bytes < HEAD + v->cdb_size || r->c.in_bytes < RESP + v->sense_size) {
        spare(v, r);
        if (rc > 0)
            v->virtio->broken(v->transport, "SCSI request without room for header or response");
        return 0;
    }
    decode(v, r, lun);
    enlist(v, r);
    if (!vscsi_lun(lun, &r->target, &r->lun) ||
        (r->lun != SCSI_WELL_KNOWN && !scsi_bus_has_target(&v->bus, 0, r->target))) {
        finish(v, r, S_BAD_TARGET);
        return 1;
    }
    if (r->out_bytes && r->in_bytes && !(v->features & F_INOUT)) {
        finish(v, r, S_FAILURE);
        return 1;
    }
    const struct scsi_unit_at *u = scsi_bus_find(&v->bus, 0, r->target, r->lun);
    if (scsi_absent_takes(u, &r->s))
        target_command(v, r);
    else
        unit_command(v, r, u);
    return 1;
}

void vscsi_requests(struct vscsi *v, uint32_t q)
{
    pb_vq *vq = v->vq[q];

    pthread_mutex_lock(&v->lock);
    do {
        v->virtio->want_kicks(vq, 0);
        while (one(v, vq))
            ;
        v->virtio->want_kicks(vq, 1);
    } while (one(v, vq)); /* came after the last look and before the wish was seen */
    pthread_mutex_unlock(&v->lock);
}

void vscsi_wait(struct vscsi *v)
{
    pthread_mutex_lock(&v->lock);
    while (v->under_way)
        pthread_cond_wait(&v->idle, &v->lock);
    pthread_mutex_unlock(&v->lock);
}

void vscsi_forget(struct vscsi *v)
{
    while (v->spare) {
        struct vreq *r = v->spare;
        v->spare = r->next;
        free(r);
    }
}
