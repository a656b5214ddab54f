/* SPDX-License-Identifier: MIT */
/* packed.c - packed virtqueues. VIRTIO 1.2, section 2.7 and 2.8; x.y.z below are of it.
 *
 * last_avail and used_idx are positions in the ring here, with a wrap counter each. A chain
 * takes as many ring descriptors as it has (one when indirect); push() writes one used
 * descriptor and moves on by that number (2.7.6), which is kept in chain.reserved[0].
 */
#include "transport.h"

#include <stdlib.h>

/* Event suppression, 2.7.14. */
#define EVENT_ENABLE 0u
#define EVENT_DISABLE 1u
#define EVENT_DESC 2u

static volatile struct pdesc *ring(const struct pb_vq *q)
{
    return (volatile struct pdesc *)(void *)q->desc_w.host;
}

static int is_avail(uint16_t flags, uint32_t wrap)
{
    return !!(flags & DESC_AVAIL) == !!wrap && !!(flags & DESC_USED) != !!wrap;
}

static void advance(uint16_t *pos, uint16_t *wrap, uint32_t n, uint32_t num)
{
    uint32_t p = *pos + n;

    if (p >= num) {
        p -= num;
        *wrap ^= 1;
    }
    *pos = (uint16_t)p;
}

int packed_pop(struct pb_vq *q, struct pb_vchain *c)
{
    uint16_t pos = q->last_avail, wrap = q->avail_wrap, id = 0;
    uint32_t n = 0, more;
    struct held local = {0}, *h = &local;
    int rc;

    uint16_t flags =
        __atomic_load_n((const volatile uint16_t *)&ring(q)[pos].flags, __ATOMIC_ACQUIRE);
    if (!is_avail(flags, wrap))
        return 0;
    do {
        volatile struct pdesc *d = &ring(q)[pos];
        if (n)
            flags = ld16(&d->flags);
        uint64_t addr = ld64(&d->addr);
        uint32_t len = ld32(&d->len);
        id = ld16(&d->id); /* the last one's counts, 2.7.6 */
        more = flags & DESC_NEXT;
        if (flags & DESC_INDIRECT) {
            rc = more || n ? vq_break(q, "indirect descriptor in a chain")
                           : vq_indirect(q, c, h, addr, len);
            more = 0;
        } else {
            rc = vq_add(q, c, h, addr, len, flags & DESC_WRITE);
        }
        advance(&pos, &wrap, 1, q->num);
        if (rc == PB_OK && more && ++n >= q->num)
            rc = vq_break(q, "chain is longer than the ring");
        else if (!more)
            n++;
    } while (rc == PB_OK && more);
    if (rc == PB_OK && id >= q->num)
        rc = vq_break(q, "buffer id outside the ring");
    if (rc == PB_OK && q->held[id].n)
        rc = vq_break(q, "buffer id in use twice");
    if (rc < 0) {
        vq_dirty(q, h, 0);
        free(h->w);
        return rc;
    }
    free(q->held[id].w);
    q->held[id] = local;
    c->head = id;
    c->reserved[0] = n;
    q->last_avail = pos;
    q->avail_wrap = wrap;
    return 1;
}

void packed_unpop(struct pb_vq *q, const struct pb_vchain *c)
{
    uint32_t n = c->reserved[0];

    if (q->last_avail >= n) {
        q->last_avail = (uint16_t)(q->last_avail - n);
    } else {
        q->last_avail = (uint16_t)(q->last_avail + q->num - n);
        q->avail_wrap ^= 1;
    }
}

void packed_push(struct pb_vq *q, const struct pb_vchain *c, uint32_t written)
{
    volatile struct pdesc *d = &ring(q)[q->used_idx];
    uint16_t flags = q->used_wrap ? DESC_AVAIL | DESC_USED : 0;

    st16(&d->id, (uint16_t)c->head);
    st32(&d->len, written);
    __atomic_store_n((volatile uint16_t *)&d->flags,
                     (uint16_t)(flags | (written ? DESC_WRITE : 0)), __ATOMIC_RELEASE);
    advance(&q->used_idx, &q->used_wrap, c->reserved[0], q->num);
}

uint32_t packed_wants_interrupt(struct pb_vq *q)
{
    uint16_t off_wrap, flags, old = q->signalled, now = q->used_idx;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    off_wrap = ld16(q->driver_w.host);
    flags = ld16(q->driver_w.host + 2) & 3;
    q->signalled = now;
    if (flags != EVENT_DESC || !q->event_idx)
        return flags != EVENT_DISABLE;
    if (!q->signalled_valid) {
        q->signalled_valid = 1;
        return 1;
    }
    /* Positions unrolled to the current lap, 2.7.10.1. */
    uint16_t event = off_wrap & 0x7fff;
    if ((off_wrap >> 15) != q->used_wrap)
        event = (uint16_t)(event - q->num);
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void packed_want_kicks(struct pb_vq *q, uint32_t on)
{
    if (on && q->event_idx)
        st16(q->device_w.host, (uint16_t)(q->last_avail | (uint32_t)q->avail_wrap << 15));
    __atomic_store_n((volatile uint16_t *)(void *)(q->device_w.host + 2),
                     on ? (q->event_idx ? EVENT_DESC : EVENT_ENABLE) : EVENT_DISABLE,
                     __ATOMIC_RELEASE);
    if (on)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
