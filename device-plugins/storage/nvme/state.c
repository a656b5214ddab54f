/* SPDX-License-Identifier: MIT */
/* state.c - saved state of the controller: nothing is under way when it is saved; what was
 * done but found its queue full travels along. All of it is checked when it comes back. */
#include "nvme.h"

#include <stdlib.h>
#include <string.h>

enum { Q_WORDS = 12, REGS = 10, FEATURES = 11, TOTALS = 6 };

static void put_queue(const struct nvme *n, uint32_t i, uint64_t *v)
{
    const struct sq *s = &n->sq[i];
    const struct cq *c = &n->cq[i];
    const uint64_t w[Q_WORDS] = {
        s->exists, s->gpa, s->size | (uint64_t)s->cqid << 32,
        s->head | (uint64_t)s->tail << 32, c->exists, c->gpa,
        c->size | (uint64_t)c->vector << 32, c->head | (uint64_t)c->tail << 32,
        c->phase | (uint64_t)c->ien << 32};

    memcpy(v, w, sizeof w);
}

/* 0: it cannot be. */
static int get_queue(struct nvme *n, uint32_t i, const uint64_t *v)
{
    struct sq *s = &n->sq[i];
    struct cq *c = &n->cq[i];

    *s = (struct sq){.exists = v[0] & 1, .gpa = v[1], .size = (uint32_t)v[2],
                     .cqid = (uint32_t)(v[2] >> 32), .head = (uint32_t)v[3],
                     .tail = (uint32_t)(v[3] >> 32)};
    *c = (struct cq){.exists = v[4] & 1, .gpa = v[5], .size = (uint32_t)v[6],
                     .vector = (uint32_t)(v[6] >> 32), .head = (uint32_t)v[7],
                     .tail = (uint32_t)(v[7] >> 32), .phase = v[8] & 1, .ien = v[8] >> 32 & 1};
    c->wait_tail = &c->wait;
    if (s->exists && (s->size < 2 || s->size > 2 * ENTRIES_MAX || s->head >= s->size ||
                      s->tail >= s->size || s->cqid >= QUEUES_MAX))
        return 0;
    return !c->exists || (c->size >= 2 && c->size <= 2 * ENTRIES_MAX && c->head < c->size &&
                          c->tail < c->size && c->vector < 2048);
}

static void get_regs(const struct nvme *n, uint32_t v[REGS])
{
    const uint32_t w[REGS] = {n->INTM, n->CC, n->CSTS, n->AQA, n->ASQ[0], n->ASQ[1], n->ACQ[0],
                              n->ACQ[1], n->want_enable, n->masked};

    memcpy(v, w, sizeof w);
}

static uint32_t *feature(struct nvme *n, uint32_t i)
{
    uint32_t *const v[FEATURES] = {&n->f_arbitration, &n->f_power, &n->f_temp_over,
                                   &n->f_temp_under, &n->f_recovery, &n->f_wce, &n->f_queues,
                                   &n->f_coalesce, &n->f_atomic, &n->f_events, &n->own.shift};

    return v[i];
}

static uint64_t *total(struct nvme *n, uint32_t i)
{
    uint64_t *const v[TOTALS] = {&n->read_units, &n->written_units, &n->reads, &n->writes,
                                 &n->f_time, &n->f_time_set};

    return v[i];
}

/* Completions that wait for room: both queues, command, status, result each. */
static uint32_t waiting(const struct nvme *n, uint32_t *v)
{
    uint32_t k = 0;

    for (uint32_t i = 0; i < QUEUES_MAX; i++) {
        for (const struct req *q = n->cq[i].wait; q; q = q->next, k++) {
            const uint32_t w[4] = {q->sqid | i << 16, q->cid, q->status, q->result};
            if (v)
                memcpy(v + 4 * k, w, sizeof w);
        }
    }
    return k;
}

int nvme_save(void *self, pb_state *s, pb_err *e)
{
    struct nvme *n = self;
    const struct pb_svc_state *st = n->h->get(n->h, PB_SVC_STATE);
    uint64_t queues[QUEUES_MAX * Q_WORDS], totals[TOTALS];
    uint32_t regs[REGS], f[FEATURES], k = waiting(n, NULL), *w = calloc(k + 1u, 16);
    uint32_t counts[4] = {n->n_aer, n->n_events, n->n_changed, k};

    if (!w)
        return n->h->fail(e, PB_ENOMEM, "nvme: no memory to save the queues");
    waiting(n, w);
    for (uint32_t i = 0; i < QUEUES_MAX; i++)
        put_queue(n, i, queues + i * Q_WORDS);
    get_regs(n, regs);
    for (uint32_t i = 0; i < FEATURES; i++)
        f[i] = *feature(n, i);
    for (uint32_t i = 0; i < TOTALS; i++)
        totals[i] = *total(n, i);
    int64_t since = n->since;
    uint32_t attached = n->own.attached;
    int rc = st->put(s, "registers", PB_S_U32, regs, REGS);
    rc = rc < 0 ? rc : st->put(s, "queues", PB_S_U64, queues, QUEUES_MAX * Q_WORDS);
    rc = rc < 0 ? rc : st->put(s, "features", PB_S_U32, f, FEATURES);
    rc = rc < 0 ? rc : st->put(s, "vectors", PB_S_U32, n->f_vector, QUEUES_MAX);
    rc = rc < 0 ? rc : st->put(s, "totals", PB_S_U64, totals, TOTALS);
    rc = rc < 0 ? rc : st->put(s, "counts", PB_S_U32, counts, 4);
    rc = rc < 0 ? rc : st->put(s, "aer", PB_S_U16, n->aer, AER_MAX);
    rc = rc < 0 ? rc : st->put(s, "events", PB_S_U32, n->events, EVENTS_MAX);
    rc = rc < 0 ? rc : st->put(s, "changed", PB_S_U32, n->changed, NS_MAX);
    rc = rc < 0 ? rc : st->put(s, "waiting", PB_S_U32, w, 4 * k);
    rc = rc < 0 ? rc : st->put(s, "since", PB_S_I64, &since, 1);
    rc = rc < 0 ? rc : st->put(s, "attached", PB_S_U32, &attached, 1);
    free(w);
    return rc;
}

/* ---- Back again -------------------------------------------------------------------------- */

static int load_waiting(struct nvme *n, const uint32_t *w, uint32_t k)
{
    for (uint32_t i = 0; i < k; i++, w += 4) {
        struct req *q = req_new(n);
        uint32_t sqid = w[0] & 0xffff, cqid = w[0] >> 16;
        if (!q || sqid >= QUEUES_MAX || cqid >= QUEUES_MAX || !n->cq[cqid].exists) {
            if (q)
                req_free(q);
            return 0;
        }
        struct cq *c = &n->cq[cqid];
        q->sqid = sqid;
        q->cid = w[1] & 0xffff;
        q->status = w[2] & 0x7fff;
        q->result = w[3];
        q->next = NULL;
        *c->wait_tail = q;
        c->wait_tail = &q->next;
    }
    return 1;
}

static int load_parts(struct nvme *n, const struct pb_svc_state *st, pb_state *s, uint32_t *k)
{
    uint64_t queues[QUEUES_MAX * Q_WORDS], totals[TOTALS];
    uint32_t r[REGS], f[FEATURES], counts[4], attached;
    int64_t since;

    if (st->get(s, "registers", PB_S_U32, r, REGS) < 0 ||
        st->get(s, "queues", PB_S_U64, queues, QUEUES_MAX * Q_WORDS) < 0 ||
        st->get(s, "features", PB_S_U32, f, FEATURES) < 0 ||
        st->get(s, "vectors", PB_S_U32, n->f_vector, QUEUES_MAX) < 0 ||
        st->get(s, "totals", PB_S_U64, totals, TOTALS) < 0 ||
        st->get(s, "counts", PB_S_U32, counts, 4) < 0 ||
        st->get(s, "aer", PB_S_U16, n->aer, AER_MAX) < 0 ||
        st->get(s, "events", PB_S_U32, n->events, EVENTS_MAX) < 0 ||
        st->get(s, "changed", PB_S_U32, n->changed, NS_MAX) < 0 ||
        st->get(s, "since", PB_S_I64, &since, 1) < 0 ||
        st->get(s, "attached", PB_S_U32, &attached, 1) < 0)
        return 0;
    if (counts[0] > n->aerl + 1 || counts[1] > EVENTS_MAX || counts[2] > NS_MAX ||
        counts[3] > IN_FLIGHT_MAX || (n->own.node && f[10] != 9 && f[10] != 12))
        return 0;
    for (uint32_t i = 0; i < QUEUES_MAX; i++)
        if (!get_queue(n, i, queues + i * Q_WORDS))
            return 0;
    n->INTM = r[0], n->CC = r[1] & 0x00fffff1, n->CSTS = r[2] & 0xf, n->AQA = r[3];
    n->ASQ[0] = r[4], n->ASQ[1] = r[5], n->ACQ[0] = r[6], n->ACQ[1] = r[7];
    n->want_enable = r[8] & 1, n->masked = r[9] & 0xff;
    for (uint32_t i = 0; i < FEATURES; i++)
        *feature(n, i) = f[i];
    for (uint32_t i = 0; i < TOTALS; i++)
        *total(n, i) = totals[i];
    n->n_aer = counts[0], n->n_events = counts[1], n->n_changed = counts[2];
    n->since = since;
    n->own.attached = attached & 1;
    n->page = (n->CC >> 7 & 15) <= 4 ? 4096u << (n->CC >> 7 & 15) : 4096;
    *k = counts[3];
    n->starved = 1; /* as if: a queue may have more than there were requests for */
    return 1;
}

int nvme_load(void *self, pb_state *s, pb_err *e)
{
    struct nvme *n = self;
    const struct pb_svc_state *st = n->h->get(n->h, PB_SVC_STATE);
    uint32_t k = 0, *w = NULL;
    int ok;

    pthread_mutex_lock(&n->lock);
    ok = load_parts(n, st, s, &k) && (w = calloc(k + 1u, 16)) &&
         st->get(s, "waiting", PB_S_U32, w, 4 * k) >= 0 && load_waiting(n, w, k);
    if (!ok)
        queues_reset(n);
    pthread_mutex_unlock(&n->lock);
    free(w);
    return ok ? PB_OK : n->h->fail(e, PB_EINVAL, "nvme: the saved state is damaged");
}
