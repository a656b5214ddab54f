/* SPDX-License-Identifier: MIT */
/* transport.c - see transport.h. VIRTIO 1.2, sections 2 and 3; x.y below are of it. */
#include "transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUR_FEATURES                                                                           \
    (PB_VIRTIO_F_INDIRECT_DESC | PB_VIRTIO_F_EVENT_IDX | PB_VIRTIO_F_VERSION_1 |               \
     PB_VIRTIO_F_RING_PACKED)

static uint32_t status(struct transport *t)
{
    return __atomic_load_n(&t->status, __ATOMIC_ACQUIRE);
}

uint64_t transport_offered(struct transport *t)
{
    return t->ops ? ((t->ops->features(t->self) | OUR_FEATURES) & t->offer_mask) | t->extra : 0;
}

/* ---- The driver's side ------------------------------------------------------------------ */

static void stop_queues(struct transport *t)
{
    for (uint32_t i = 0; i < t->n_queues; i++) {
        struct pb_vq *q = &t->vq[i];
        pb_worker *w = q->worker;
        uint32_t max = q->max;
        vq_stop(q);
        memset(q, 0, sizeof *q);
        q->t = t;
        q->index = i;
        q->worker = w;
        q->avail_wrap = q->used_wrap = 1;
        q->num = q->max = max;
    }
}

void transport_reset(struct transport *t)
{
    uint32_t was = status(t);

    __atomic_store_n(&t->status, 0, __ATOMIC_RELEASE);
    t->driver_features = t->features = 0;
    t->legacy = 0;
    if (!t->ops)
        return;
    if (was & ST_DRIVER_OK)
        t->ops->running(t->self, 0);
    stop_queues(t);
    /* what came back meanwhile may have said that a reset is needed: this is it */
    __atomic_store_n(&t->status, 0, __ATOMIC_RELEASE);
}

/* Features are settled before queues: a driver that mixes both layouts does not change them. */
static uint32_t has_queues(const struct transport *t)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->n_queues; i++)
        n += t->vq[i].ready;
    return n;
}

/* 3.1.1: the driver's progress. Bits are only added; 0 resets. */
void transport_set_status(struct transport *t, uint32_t v)
{
    uint32_t old = status(t), set;

    if (v == 0) {
        transport_reset(t);
        return;
    }
    if (!t->ops)
        return;
    v &= 0xffu & ~ST_NEEDS_RESET;
    if ((v & ST_FEATURES_OK) && !(old & ST_FEATURES_OK)) {
        uint64_t want = t->driver_features;
        if (has_queues(t) || (want & ~transport_offered(t)) || !(want & PB_VIRTIO_F_VERSION_1) ||
            ((want ^ t->extra) & PB_VIRTIO_F_ACCESS_PLATFORM)) {
            v &= ~ST_FEATURES_OK; /* 2.2.2: refused */
        } else {
            t->features = want;
            t->ops->accepted(t->self, want);
        }
    }
    if ((v & ST_DRIVER_OK) && !(v & ST_FEATURES_OK))
        v &= ~ST_DRIVER_OK;
    set = v & ~old;
    __atomic_fetch_or(&t->status, v, __ATOMIC_ACQ_REL);
    if (set & ST_DRIVER_OK)
        t->ops->running(t->self, 1);
}

void transport_queue_ready(struct transport *t, uint32_t i, uint32_t on)
{
    struct pb_vq *q = i < t->n_queues ? &t->vq[i] : NULL;

    if (!q || q->ready == on || q->broken)
        return;
    if (on && (t->legacy || (status(t) & ST_FEATURES_OK)) && vq_start(q) == PB_OK)
        __atomic_store_n(&q->ready, 1, __ATOMIC_RELEASE);
    /* 4.2.2.2: ready goes to 0 by a reset of the device only */
}

void transport_legacy_features(struct transport *t, uint32_t v)
{
    if (!t->ops || (status(t) & (ST_DRIVER_OK | ST_FEATURES_OK)) || has_queues(t))
        return;
    t->legacy = 1;
    t->driver_features = t->features = v & transport_offered(t) & UINT32_MAX;
    t->ops->accepted(t->self, t->features);
}

void transport_legacy_status(struct transport *t, uint32_t v)
{
    uint32_t old = status(t);

    if (v == 0) {
        transport_reset(t);
        return;
    }
    if (!t->ops)
        return;
    t->legacy = 1;
    v &= 0xffu & ~(ST_NEEDS_RESET | ST_FEATURES_OK);
    __atomic_fetch_or(&t->status, v, __ATOMIC_ACQ_REL);
    if ((v & ~old) & ST_DRIVER_OK) {
        t->ops->accepted(t->self, t->features); /* a driver may want none and say nothing */
        t->ops->running(t->self, 1);
    }
}

/* 2.7.2: descriptors, available ring, used ring at the next multiple of `align`. */
void transport_legacy_queue(struct transport *t, uint32_t i, uint64_t gpa, uint32_t align)
{
    struct pb_vq *q = i < t->n_queues ? &t->vq[i] : NULL;

    if (!q || q->ready || q->broken || gpa == 0)
        return; /* as with ready: only a reset takes a queue back */
    if (align & (align - 1)) {
        vq_break(q, "the alignment of its used ring is no power of two");
        return;
    }
    t->legacy = 1;
    q->desc_gpa = gpa;
    q->driver_gpa = gpa + 16ull * q->num;
    q->device_gpa = q->driver_gpa + 6 + 2ull * q->num;
    if (align)
        q->device_gpa = (q->device_gpa + align - 1) & ~((uint64_t)align - 1);
    transport_queue_ready(t, i, 1);
}

void transport_kick(struct transport *t, uint32_t i)
{
    struct pb_vq *q = i < t->n_queues ? &t->vq[i] : NULL;

    if (!q || !q->ready || (status(t) & (ST_DRIVER_OK | ST_NEEDS_RESET)) != ST_DRIVER_OK)
        return;
    if (q->worker)
        t->thread->kick(q->worker);
    else
        t->ops->kick(t->self, i);
}

/* ---- The device's side: PB_VIRTIO ------------------------------------------------------- */

/* The queues: a device asks for its own before it is attached. [main] */
static int need_queues(struct transport *t)
{
    if (t->vq)
        return PB_OK;
    t->vq = calloc(VQ_MAX_QUEUES, sizeof(*t->vq));
    if (!t->vq)
        return PB_ENOMEM;
    for (uint32_t i = 0; i < VQ_MAX_QUEUES; i++) {
        t->vq[i].t = t;
        t->vq[i].index = i;
    }
    return PB_OK;
}

static pb_vq *svc_queue(void *bus, uint32_t i)
{
    struct transport *t = bus;
    return i < VQ_MAX_QUEUES && need_queues(t) == PB_OK ? &t->vq[i] : NULL;
}

static uint32_t svc_ready(pb_vq *q)
{
    return __atomic_load_n(&q->ready, __ATOMIC_ACQUIRE) && !q->broken;
}

static int svc_pop(pb_vq *q, struct pb_vchain *c)
{
    c->n_out = c->n_in = c->out_bytes = c->in_bytes = 0;
    if (!svc_ready(q))
        return 0;
    if (vq_current(q) < 0)
        return PB_EFAULT;
    return q->packed ? packed_pop(q, c) : split_pop(q, c);
}

static void svc_unpop(pb_vq *q, const struct pb_vchain *c)
{
    if (!svc_ready(q) || !q->held)
        return;
    q->held[c->head].n = 0;
    if (q->packed)
        packed_unpop(q, c);
    else
        split_unpop(q);
}

static void svc_push(pb_vq *q, const struct pb_vchain *c, uint32_t written)
{
    if (!svc_ready(q) || vq_current(q) < 0)
        return;
    vq_dirty(q, &q->held[c->head], written);
    if (q->packed) {
        uint64_t at = 16ull * q->used_idx;
        packed_push(q, c, written);
        q->t->mem->dirty(q->t->as, &q->desc_w, at, 16);
    } else {
        uint64_t at = 4 + 8ull * (q->used_idx & (q->num - 1));
        split_push(q, c, written);
        q->t->mem->dirty(q->t->as, &q->device_w, 0, 4);
        q->t->mem->dirty(q->t->as, &q->device_w, at, 8);
    }
}

static void svc_notify(pb_vq *q)
{
    if (!svc_ready(q) || vq_current(q) < 0)
        return;
    if (q->packed ? packed_wants_interrupt(q) : split_wants_interrupt(q))
        q->t->interrupt(q->t, INT_QUEUE, q->index);
}

static void svc_want_kicks(pb_vq *q, uint32_t on)
{
    if (!svc_ready(q))
        return;
    q->kicks_off = !on;
    if (!on && !q->desc_w.host) /* loaded and not used yet: its rings say so or will be kicked */
        return;
    if (vq_current(q) < 0)
        return;
    if (q->packed)
        packed_want_kicks(q, on);
    else
        split_want_kicks(q, on);
}

static void svc_config_changed(void *bus)
{
    struct transport *t = bus;

    __atomic_add_fetch(&t->generation, 1, __ATOMIC_ACQ_REL);
    if (status(t) & ST_DRIVER_OK)
        t->interrupt(t, INT_CONFIG, 0);
}

static void svc_broken(void *bus, const char *why)
{
    struct transport *t = bus;

    if (t->h->log_on[PB_LOG_GUEST])
        t->h->log(t->h, t->child, PB_LOG_GUEST, why);
    if (__atomic_fetch_or(&t->status, ST_NEEDS_RESET, __ATOMIC_ACQ_REL) & ST_DRIVER_OK)
        t->interrupt(t, INT_CONFIG, 0); /* 2.1.2 */
}

static uint64_t svc_features(void *bus)
{
    return ((struct transport *)bus)->features;
}

static void svc_kick_worker(void *bus, uint32_t i, pb_worker *w)
{
    pb_vq *q = svc_queue(bus, i);

    if (q)
        q->worker = w;
}

const struct pb_virtio transport_service = {
    .size = sizeof(struct pb_virtio),
    .queue = svc_queue,
    .pop = svc_pop,
    .unpop = svc_unpop,
    .push = svc_push,
    .notify = svc_notify,
    .want_kicks = svc_want_kicks,
    .ready = svc_ready,
    .config_changed = svc_config_changed,
    .broken = svc_broken,
    .features = svc_features,
    .kick_worker = svc_kick_worker,
};

/* ---- Life -------------------------------------------------------------------------------- */

int transport_init(struct transport *t, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)e;
    t->dev = d;
    t->h = h;
    t->mem = h->get(h, PB_SVC_MEM);
    t->bus = h->get(h, PB_SVC_BUS);
    t->thread = h->get(h, PB_SVC_THREAD);
    t->as = t->mem->as(d);
    return PB_OK;
}

void transport_fini(struct transport *t)
{
    for (uint32_t i = 0; t->vq && i < VQ_MAX_QUEUES; i++)
        vq_free(&t->vq[i]);
    free(t->vq);
    t->vq = NULL;
}

static int sizes(struct transport *t, const struct pb_virtio_dev *ops, void *self, uint32_t n)
{
    uint32_t asked = ops->size >= sizeof *ops && ops->queue_size != NULL;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t max = asked ? ops->queue_size(self, i) : ops->queue_max;
        if (max == 0 || max > VQ_MAX_SIZE || (max & (max - 1)))
            return PB_EINVAL;
        t->vq[i].max = max;
    }
    return PB_OK;
}

int transport_attach(struct transport *t, pb_dev *child, pb_err *e)
{
    void *self;
    const struct pb_virtio_dev *ops = t->bus->side(child, PB_VIRTIO_DEV, &self);

    if (!ops)
        return t->h->fail(e, PB_EINVAL, "the device on the virtio bus is not a virtio device");
    uint32_t n = ops->n_queues(self);
    if (need_queues(t) < 0)
        return t->h->fail(e, PB_ENOMEM, "no memory for virtio queues");
    if (n > VQ_MAX_QUEUES || sizes(t, ops, self, n) < 0)
        return t->h->fail(e, PB_EINVAL, "the virtio device asks for queues that cannot be");
    t->child = child;
    t->self = self;
    t->ops = ops;
    t->n_queues = n;
    stop_queues(t);
    return PB_OK;
}

void transport_detach(struct transport *t)
{
    transport_reset(t);
    t->ops = NULL;
    t->child = NULL;
    t->n_queues = 0;
}

/* ---- Saved state: what the driver set up, and where each queue stands -------------------- */

enum { Q_NUM, Q_READY, Q_LAST, Q_USED, Q_SIGNALLED, Q_VALID, Q_AWRAP, Q_UWRAP, Q_FIELDS };

int transport_save(struct transport *t, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = t->h->get(t->h, PB_SVC_STATE);
    uint64_t head[4] = {status(t) | (uint64_t)t->legacy << 8, t->features, t->driver_features,
                        t->generation};
    int rc = st->put(s, "transport", PB_S_U64, head, 4);

    (void)e;
    for (uint32_t i = 0; i < t->n_queues && rc >= 0; i++) {
        struct pb_vq *q = &t->vq[i];
        uint32_t v[Q_FIELDS] = {q->num,       svc_ready(q),       q->last_avail, q->used_idx,
                                q->signalled, q->signalled_valid, q->avail_wrap, q->used_wrap};
        uint64_t a[3] = {q->desc_gpa, q->driver_gpa, q->device_gpa};
        char name[32];
        snprintf(name, sizeof name, "queue%u", i);
        rc = st->put(s, name, PB_S_U32, v, Q_FIELDS);
        snprintf(name, sizeof name, "rings%u", i);
        rc = rc < 0 ? rc : st->put(s, name, PB_S_U64, a, 3);
    }
    return rc;
}

static int load_queue(struct transport *t, const struct pb_svc_state *st, pb_state *s, uint32_t i)
{
    struct pb_vq *q = &t->vq[i];
    uint32_t v[Q_FIELDS];
    uint64_t a[3];
    char name[32];

    snprintf(name, sizeof name, "queue%u", i);
    if (st->get(s, name, PB_S_U32, v, Q_FIELDS) < 0)
        return PB_EINVAL;
    snprintf(name, sizeof name, "rings%u", i);
    if (st->get(s, name, PB_S_U64, a, 3) < 0)
        return PB_EINVAL;
    q->num = v[Q_NUM];
    q->desc_gpa = a[0];
    q->driver_gpa = a[1];
    q->device_gpa = a[2];
    if (v[Q_READY] && vq_resume(q) < 0)
        return PB_EINVAL;
    q->ready = !!v[Q_READY];
    if (q->packed && (v[Q_LAST] >= q->num || v[Q_USED] >= q->num))
        return PB_EINVAL;
    q->last_avail = (uint16_t)v[Q_LAST];
    q->used_idx = (uint16_t)v[Q_USED];
    q->signalled = (uint16_t)v[Q_SIGNALLED];
    q->signalled_valid = (uint16_t)v[Q_VALID];
    q->avail_wrap = v[Q_AWRAP] & 1;
    q->used_wrap = v[Q_UWRAP] & 1;
    return PB_OK;
}

int transport_load(struct transport *t, pb_state *s, pb_err *e)
{
    const struct pb_svc_state *st = t->h->get(t->h, PB_SVC_STATE);
    uint64_t head[4];

    transport_reset(t);
    if (st->get(s, "transport", PB_S_U64, head, 4) < 0)
        return t->h->fail(e, PB_EINVAL, "virtio: no transport state");
    t->driver_features = head[2];
    t->generation = (uint32_t)head[3];
    if (!t->ops)
        return head[0] ? t->h->fail(e, PB_EINVAL, "virtio: the slot was not empty when saved")
                       : PB_OK;
    if (head[1] & ~transport_offered(t))
        return t->h->fail(e, PB_EINVAL, "virtio: saved with features that this device lacks");
    t->features = head[1];
    t->legacy = head[0] >> 8 & 1;
    if ((head[0] & ST_FEATURES_OK) || t->legacy)
        t->ops->accepted(t->self, t->features);
    for (uint32_t i = 0; i < t->n_queues; i++)
        if (load_queue(t, st, s, i) < 0)
            return t->h->fail(e, PB_EINVAL, "virtio: queue state is damaged");
    __atomic_store_n(&t->status, (uint32_t)head[0] & 0xff, __ATOMIC_RELEASE);
    if (head[0] & ST_DRIVER_OK)
        t->ops->running(t->self, 1);
    return PB_OK;
}
