/* SPDX-License-Identifier: MIT */
/* queue.c - see queue.h. */
#include "transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vq_break(struct pb_vq *q, const char *why)
{
    if (!q->broken) {
        char text[160];
        q->broken = 1;
        snprintf(text, sizeof text, "queue %u: %s", q->index, why);
        transport_service.broken(q->t, text);
    }
    return PB_EFAULT;
}

/* ---- The rings' own memory ------------------------------------------------------------ */

/* Bytes of the three areas, 2.6 and 2.7.10. */
static void ring_sizes(const struct pb_vq *q, uint64_t *desc, uint64_t *driver, uint64_t *device)
{
    *desc = 16ull * q->num;
    *driver = q->packed ? 4 : 6 + 2ull * q->num;
    *device = q->packed ? 4 : 6 + 8ull * q->num;
}

static int map_rings(struct pb_vq *q)
{
    const struct pb_svc_mem *m = q->t->mem;
    uint64_t desc, driver, device;

    ring_sizes(q, &desc, &driver, &device);
    if (m->map(q->t->as, q->desc_gpa, desc, q->packed, &q->desc_w) < 0)
        return vq_break(q, "the descriptor area is not in memory");
    if (m->map(q->t->as, q->driver_gpa, driver, 0, &q->driver_w) < 0)
        return vq_break(q, "the driver area is not in memory");
    if (m->map(q->t->as, q->device_gpa, device, 1, &q->device_w) < 0)
        return vq_break(q, "the device area is not in memory");
    return PB_OK;
}

static void unmap_rings(struct pb_vq *q)
{
    const struct pb_svc_mem *m = q->t->mem;

    if (q->desc_w.host)
        m->unmap(q->t->as, &q->desc_w, 0);
    if (q->driver_w.host)
        m->unmap(q->t->as, &q->driver_w, 0);
    if (q->device_w.host)
        m->unmap(q->t->as, &q->device_w, 0);
    q->desc_w.host = q->driver_w.host = q->device_w.host = NULL;
}

int vq_current(struct pb_vq *q)
{
    if (q->broken)
        return PB_EFAULT;
    if (q->desc_w.host && __atomic_load_n(q->desc_w.gen, __ATOMIC_ACQUIRE) == q->desc_w.seen &&
        q->driver_w.seen == q->desc_w.seen && q->device_w.seen == q->desc_w.seen)
        return PB_OK;
    unmap_rings(q);
    return map_rings(q);
}

int vq_resume(struct pb_vq *q)
{
    struct transport *t = q->t;

    q->packed = !!(t->features & PB_VIRTIO_F_RING_PACKED);
    q->event_idx = !!(t->features & PB_VIRTIO_F_EVENT_IDX);
    q->indirect = !!(t->features & PB_VIRTIO_F_INDIRECT_DESC);
    if (q->num == 0 || q->num > q->max || (!q->packed && (q->num & (q->num - 1))))
        return vq_break(q, "bad queue size");
    if ((q->desc_gpa & 15) || (q->driver_gpa & (q->packed ? 3 : 1)) || (q->device_gpa & 3))
        return vq_break(q, "misaligned ring");
    q->held = calloc(q->num, sizeof *q->held);
    if (!q->held)
        return vq_break(q, "no memory for the queue");
    q->n_held = q->num;
    return PB_OK;
}

int vq_start(struct pb_vq *q)
{
    if (vq_resume(q) < 0)
        return PB_EFAULT;
    q->last_avail = q->used_idx = 0; /* a saved state may have said anything of an idle queue */
    q->signalled_valid = 0;
    q->avail_wrap = q->used_wrap = 1;
    if (map_rings(q) == PB_OK)
        return PB_OK;
    vq_stop(q);
    return PB_EFAULT;
}

void vq_stop(struct pb_vq *q)
{
    unmap_rings(q);
    for (uint32_t i = 0; i < q->n_held; i++)
        free(q->held[i].w);
    free(q->held);
    q->held = NULL;
    q->n_held = 0;
}

void vq_free(struct pb_vq *q)
{
    vq_stop(q);
}

/* ---- Chains --------------------------------------------------------------------------- */

static struct pb_window *hold(struct held *h)
{
    if (h->n == h->cap) {
        uint32_t cap = h->cap ? h->cap * 2 : 4;
        struct pb_window *w = realloc(h->w, cap * sizeof *w);
        if (!w)
            return NULL;
        h->w = w;
        h->cap = cap;
    }
    return &h->w[h->n++];
}

int vq_add(struct pb_vq *q, struct pb_vchain *c, struct held *h, uint64_t gpa, uint32_t len,
           uint32_t writable)
{
    struct pb_window w;
    uint32_t n = c->n_out + c->n_in;

    if (len == 0)
        return vq_break(q, "empty buffer");
    if (n >= c->max_iov)
        return vq_break(q, "chain is longer than the device takes");
    if (!writable && c->n_in)
        return vq_break(q, "readable buffer after a writable one");
    if (len > UINT32_MAX - (writable ? c->in_bytes : c->out_bytes))
        return vq_break(q, "chain of more than 4 GiB");
    if (q->t->mem->map(q->t->as, gpa, len, writable, &w) < 0)
        return vq_break(q, "buffer is not in memory");
    c->iov[n] = (struct pb_iov){w.host, len};
    if (!writable) {
        q->t->mem->unmap(q->t->as, &w, 0);
        c->n_out++;
        c->out_bytes += len;
        return PB_OK;
    }
    struct pb_window *slot = hold(h);
    if (!slot)
        return vq_break(q, "no memory for a chain");
    *slot = w;
    c->n_in++;
    c->in_bytes += len;
    return PB_OK;
}

int vq_indirect(struct pb_vq *q, struct pb_vchain *c, struct held *h, uint64_t gpa, uint32_t len)
{
    struct pb_window w;
    uint32_t n = len / 16, i = 0, steps = 0;
    int rc = PB_OK;

    if (!q->indirect)
        return vq_break(q, "indirect descriptor without the feature");
    if (len == 0 || len % 16 || n > VQ_MAX_SIZE)
        return vq_break(q, "bad length of an indirect table");
    if (q->t->mem->map(q->t->as, gpa, len, 0, &w) < 0)
        return vq_break(q, "indirect table is not in memory");
    while (rc == PB_OK) {
        const uint8_t *d = w.host + 16ull * i; /* of any alignment */
        uint16_t flags = (uint16_t)ld_any(d + (q->packed ? 14 : 12), 2);
        if (flags & DESC_INDIRECT) {
            rc = vq_break(q, "indirect descriptor inside an indirect table");
            break;
        }
        rc = vq_add(q, c, h, ld_any(d, 8), (uint32_t)ld_any(d + 8, 4), flags & DESC_WRITE);
        if (q->packed) { /* 2.7.7: the table is the chain, in order */
            if (++i == n)
                break;
            continue;
        }
        if (!(flags & DESC_NEXT))
            break;
        i = (uint16_t)ld_any(d + 14, 2);
        if (i >= n || ++steps >= n)
            rc = vq_break(q, "indirect table loops or leaves its end");
    }
    q->t->mem->unmap(q->t->as, &w, 0);
    return rc;
}

void vq_dirty(struct pb_vq *q, struct held *h, uint32_t written)
{
    for (uint32_t i = 0; i < h->n; i++) {
        struct pb_window *w = &h->w[i];
        uint32_t n = written < w->len ? written : (uint32_t)w->len;
        q->t->mem->unmap(q->t->as, w, n);
        written -= n;
    }
    h->n = 0;
    if (h->cap > 64) { /* a hostile guest does not keep our memory */
        free(h->w);
        h->w = NULL;
        h->cap = 0;
    }
}
