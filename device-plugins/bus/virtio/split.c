/* SPDX-License-Identifier: MIT */
/* split.c - split virtqueues. VIRTIO 1.2, section 2.6; x.y.z below are of it. */
#include "transport.h"

#define AVAIL_NO_INTERRUPT 1u /* 2.6.6 */
#define USED_NO_NOTIFY 1u     /* 2.6.8 */

static volatile uint8_t *avail(const struct pb_vq *q)
{
    return q->driver_w.host;
}

static volatile uint8_t *used(const struct pb_vq *q)
{
    return q->device_w.host;
}

static uint16_t avail_idx(const struct pb_vq *q)
{
    return __atomic_load_n((const volatile uint16_t *)(avail(q) + 2), __ATOMIC_ACQUIRE);
}

/* avail_event, after the used ring: 2.6.8 */
static void set_avail_event(struct pb_vq *q, uint16_t v)
{
    st16(used(q) + 4 + 8ull * q->num, v);
}

static int walk(struct pb_vq *q, struct pb_vchain *c, uint32_t head)
{
    struct held *h = &q->held[head];
    uint32_t i = head, steps = 0;

    if (h->n)
        return vq_break(q, "head in use twice");
    for (;;) {
        const struct desc *d = (const struct desc *)(const void *)q->desc_w.host + i;
        uint16_t flags = ld16(&d->flags);
        uint64_t addr = ld64(&d->addr);
        uint32_t len = ld32(&d->len);
        int rc;
        if (flags & DESC_INDIRECT) { /* 2.6.5.3: ends the chain */
            if (flags & DESC_NEXT)
                return vq_break(q, "indirect descriptor with a next one");
            return vq_indirect(q, c, h, addr, len);
        }
        rc = vq_add(q, c, h, addr, len, flags & DESC_WRITE);
        if (rc < 0 || !(flags & DESC_NEXT))
            return rc;
        i = ld16(&d->next);
        if (i >= q->num || ++steps >= q->num)
            return vq_break(q, "chain loops or leaves the table");
    }
}

int split_pop(struct pb_vq *q, struct pb_vchain *c)
{
    uint16_t idx = avail_idx(q);
    uint32_t head;

    if (idx == q->last_avail && q->event_idx && !q->kicks_off) {
        /* The driver may have read the event index before our last store of it, and then
         * rings no bell: look once more after it is surely seen (2.6.7.2). */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        idx = avail_idx(q);
    }
    if (idx == q->last_avail)
        return 0;
    if ((uint16_t)(idx - q->last_avail) > q->num)
        return vq_break(q, "available index ran ahead");
    head = ld16(avail(q) + 4 + 2ull * (q->last_avail & (q->num - 1)));
    if (head >= q->num)
        return vq_break(q, "head outside the descriptor table");
    c->head = head;
    if (walk(q, c, head) < 0)
        return PB_EFAULT;
    q->last_avail++;
    if (q->event_idx && !q->kicks_off)
        set_avail_event(q, q->last_avail);
    return 1;
}

void split_unpop(struct pb_vq *q)
{
    q->last_avail--;
}

void split_push(struct pb_vq *q, const struct pb_vchain *c, uint32_t written)
{
    volatile uint8_t *e = used(q) + 4 + 8ull * (q->used_idx & (q->num - 1));

    st32(e, c->head);
    st32(e + 4, written);
    q->used_idx++;
    __atomic_store_n((volatile uint16_t *)(used(q) + 2), q->used_idx, __ATOMIC_RELEASE);
}

uint32_t split_wants_interrupt(struct pb_vq *q)
{
    uint16_t old = q->signalled, now = q->used_idx, event;

    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* used index before the driver's wish */
    if (!q->event_idx)
        return !(ld16(avail(q)) & AVAIL_NO_INTERRUPT);
    event = ld16(avail(q) + 4 + 2ull * q->num); /* used_event, 2.6.7 */
    q->signalled = now;
    if (!q->signalled_valid) {
        q->signalled_valid = 1;
        return 1;
    }
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void split_want_kicks(struct pb_vq *q, uint32_t on)
{
    if (q->event_idx) {
        if (on)
            set_avail_event(q, q->last_avail);
    } else {
        st16(used(q), on ? 0 : USED_NO_NOTIFY);
    }
    if (on)
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* before the caller looks once more */
}
