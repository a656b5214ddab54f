/* SPDX-License-Identifier: MIT */
/* queue.c - submission and completion queues. NVM Express 1.4: 4.1, 4.2, 4.6, 7.4, 7.5.
 *
 * A doorbell takes the new entries of its queue on the thread that rang it: block requests
 * are handed on without waiting. Two doorbells of one queue at once are one: the first goes
 * on for both. A completion that finds its queue full waits there for the head doorbell.
 */
#include "nvme.h"

#include <stdlib.h>
#include <string.h>

/* ---- Requests ---------------------------------------------------------------------------- */

struct req *req_new(struct nvme *n)
{
    struct req *q = n->spare;

    if (q) {
        n->spare = q->next;
    } else {
        if (n->n_reqs >= IN_FLIGHT_MAX || !(q = malloc(sizeof *q)))
            return NULL;
        n->n_reqs++;
    }
    q->n = n;
    q->ns = NULL;
    q->buf = NULL;
    q->step = NULL;
    q->n_seg = q->internal = q->status = q->result = 0;
    q->epoch = n->epoch;
    return q;
}

void req_free(struct req *q)
{
    struct nvme *n = q->n;

    free(q->buf);
    q->buf = NULL;
    q->next = n->spare;
    n->spare = q;
}

void fatal(struct nvme *n, const char *why)
{
    n->CSTS |= CSTS_CFS;
    if (n->h->log_on[PB_LOG_GUEST])
        n->h->log(n->h, n->dev, PB_LOG_GUEST, why);
}

/* ---- Interrupts, 7.5 --------------------------------------------------------------------- */

static uint32_t has_entries(const struct cq *c)
{
    return c->exists && c->ien && c->head != c->tail;
}

/* 7.5.1: the pin is up while any queue that may interrupt has entries. */
void queue_irq(struct nvme *n)
{
    uint32_t up = 0;

    if (n->pci->messages(n->fn)) {
        n->pci->intx(n->fn, 0);
        return;
    }
    for (uint32_t i = 0; i < QUEUES_MAX; i++)
        up |= has_entries(&n->cq[i]) && !(n->INTM >> (n->cq[i].vector & 31) & 1);
    n->pci->intx(n->fn, up);
}

static void interrupt(struct nvme *n, struct cq *c)
{
    if (n->pci->messages(n->fn)) {
        if (c->ien)
            n->pci->send(n->fn, c->vector);
    } else {
        queue_irq(n);
    }
}

/* ---- Completions ------------------------------------------------------------------------- */

static uint32_t full(const struct cq *c)
{
    return (c->tail + 1) % c->size == c->head;
}

/* 4.6: the entry's first 12 bytes, then the one with the phase tag. */
static void write_entry(struct nvme *n, struct cq *c, const struct req *q)
{
    const struct sq *s = &n->sq[q->sqid];
    struct pb_window w;
    uint64_t at = c->gpa + (uint64_t)c->tail * CQE_BYTES;

    if (n->mem->map(n->as, at, CQE_BYTES, 1, &w) < 0) {
        fatal(n, "nvme: a completion queue is not in memory");
        return;
    }
    volatile uint32_t *p = (volatile uint32_t *)(void *)w.host;
    __atomic_store_n(&p[0], q->result, __ATOMIC_RELAXED);
    __atomic_store_n(&p[1], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&p[2], s->head | q->sqid << 16, __ATOMIC_RELAXED);
    __atomic_store_n(&p[3], q->cid | c->phase << 16 | q->status << 17, __ATOMIC_RELEASE);
    n->mem->unmap(n->as, &w, CQE_BYTES);
    if (++c->tail == c->size) {
        c->tail = 0;
        c->phase ^= 1;
    }
}

void queue_post(struct req *q)
{
    struct nvme *n = q->n;
    struct cq *c = &n->cq[n->sq[q->sqid].cqid];

    if (q->epoch != n->epoch || !n->sq[q->sqid].exists || !c->exists ||
        (n->CSTS & CSTS_CFS)) {
        req_free(q);
        return;
    }
    if (c->wait || full(c)) {
        q->next = NULL;
        *c->wait_tail = q;
        c->wait_tail = &q->next;
        return;
    }
    write_entry(n, c, q);
    req_free(q);
    interrupt(n, c);
}

void queue_head(struct nvme *n, uint32_t cqid)
{
    struct cq *c = &n->cq[cqid];
    uint32_t any = 0;

    while (c->wait && !full(c) && !(n->CSTS & CSTS_CFS)) {
        struct req *q = c->wait;
        c->wait = q->next;
        if (!c->wait)
            c->wait_tail = &c->wait;
        write_entry(n, c, q);
        req_free(q);
        any = 1;
    }
    if (any)
        interrupt(n, c);
    else
        queue_irq(n);
    go_on(n);
}

/* ---- Block requests ---------------------------------------------------------------------- */

void req_submit(struct req *q)
{
    q->ns->svc->submit(q->ns->node, &q->r);
}

static uint32_t block_status(const struct req *q)
{
    switch (q->r.status) {
    case PB_OK:
        return S_OK;
    case PB_EROFS:
        return S_READ_ONLY | S_DNR;
    case PB_ENOTSUP:
        return S_OPCODE | S_DNR;
    case PB_ENOSPC:
        return 0x081; /* capacity exceeded */
    default:
        return q->r.op == PB_BLK_READ ? S_READ_ERROR : S_WRITE_FAULT;
    }
}

/* A controller that is going off is off when its last request came back. */
static void one_less(struct nvme *n)
{
    if (--n->in_flight)
        return;
    pthread_cond_broadcast(&n->idle);
    if ((n->CC & CC_EN) || !(n->CSTS & CSTS_RDY))
        return;
    queues_reset(n);
    if (n->want_enable)
        controller_enable(n);
}

void req_done(struct pb_block_req *r)
{
    struct req *q = (struct req *)r;
    struct nvme *n = q->n;

    pthread_mutex_lock(&n->lock);
    if (q->status == S_OK)
        q->status = block_status(q);
    if (q->step && q->status == S_OK && q->epoch == n->epoch && q->step(q)) {
        pthread_mutex_unlock(&n->lock);
        req_submit(q);
        return;
    }
    if (q->step)
        q->step = NULL;
    data_unmap(q, q->status == S_OK);
    if (q->ns->formatting && (q->cmd[0] & 0xff) == 0x80 && q->sqid == 0 && !q->internal)
        q->ns->formatting = 0;
    if (q->internal) {
        n->shutting--;
        if (!n->shutting && q->epoch == n->epoch)
            n->CSTS = (n->CSTS & ~0xcu) | 0x8;
        req_free(q);
    } else {
        queue_post(q);
    }
    one_less(n);
    go_on(n);
    pthread_mutex_unlock(&n->lock);
}

/* ---- Submission -------------------------------------------------------------------------- */

static int fetch(struct nvme *n, struct sq *s, struct req *q)
{
    struct pb_window w;

    if (n->mem->map(n->as, s->gpa + (uint64_t)s->head * SQE_BYTES, SQE_BYTES, 0, &w) < 0) {
        fatal(n, "nvme: a submission queue is not in memory");
        return 0;
    }
    for (uint32_t i = 0; i < 16; i++)
        q->cmd[i] = __atomic_load_n((const volatile uint32_t *)(void *)w.host + i,
                                    __ATOMIC_RELAXED);
    n->mem->unmap(n->as, &w, 0);
    s->head = (s->head + 1) % s->size;
    return 1;
}

static uint32_t runnable(const struct nvme *n, const struct sq *s)
{
    return s->exists && s->head != s->tail && (n->CC & CC_EN) && (n->CSTS & CSTS_RDY) &&
           !(n->CSTS & CSTS_CFS);
}

void queue_run(struct nvme *n, uint32_t sqid)
{
    struct sq *s = &n->sq[sqid];

    if (s->busy)
        return;
    s->busy = 1;
    while (runnable(n, s)) {
        struct req *q = req_new(n);
        if (!q) { /* as many as we take: a completion goes on */
            n->starved = 1;
            break;
        }
        q->sqid = sqid;
        if (!fetch(n, s, q)) {
            req_free(q);
            break;
        }
        q->cid = q->cmd[0] >> 16;
        uint32_t rc = q->cmd[0] & 0x300 ? S_FIELD | S_DNR /* fused operations */
                      : sqid            ? io_command(q)
                                        : admin_command(q);
        if (rc == S_TAKEN)
            continue;
        if (rc != S_PENDING) {
            q->status = rc;
            queue_post(q);
            continue;
        }
        q->status = S_OK;
        n->in_flight++;
        pthread_mutex_unlock(&n->lock);
        req_submit(q);
        pthread_mutex_lock(&n->lock);
    }
    s->busy = 0;
}

void go_on(struct nvme *n)
{
    if (!n->starved || !n->spare)
        return;
    n->starved = 0;
    for (uint32_t i = 0; i < QUEUES_MAX; i++)
        queue_run(n, i);
}

/* Everything that a controller reset takes away, 7.3.2. */
void queues_reset(struct nvme *n)
{
    for (uint32_t i = 0; i < QUEUES_MAX; i++) {
        struct cq *c = &n->cq[i];
        uint32_t busy = n->sq[i].busy;
        while (c->wait) {
            struct req *q = c->wait;
            c->wait = q->next;
            req_free(q);
        }
        memset(c, 0, sizeof *c);
        memset(&n->sq[i], 0, sizeof n->sq[i]);
        n->sq[i].busy = busy;
        c->wait_tail = &c->wait;
    }
    n->n_aer = n->n_events = n->masked = n->n_changed = 0;
    n->starved = 0;
    n->CSTS = 0;
    n->INTM = 0;
    features_reset(n);
    queue_irq(n);
}
