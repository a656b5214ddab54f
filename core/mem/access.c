/* SPDX-License-Identifier: MIT */
/* access.c - one access to an I/O region: what the bus accepts, what the callbacks take.
 *
 * An access within what the callbacks take is one call. Anything else goes piece by piece
 * through an image of its bytes in bus order: pieces larger than the access (widening)
 * read their neighbours and write zeroes on the lanes that were not asked for, as a bus
 * without byte enables would; smaller ones (splitting) go in ascending order.
 */
#include "mem.h"

#include "../thread/domain.h"

#include <string.h>

gboolean pb_region_takes(const pb_region *r, uint64_t off, uint32_t bytes)
{
    return bytes >= r->min && bytes <= r->max && (bytes & (bytes - 1)) == 0 && off <= r->last &&
           bytes - 1 <= r->last - off &&
           (!(off & (bytes - 1)) || (r->ops->flags & PB_RO_UNALIGNED));
}

static uint64_t low_bytes(uint64_t v, uint32_t bytes)
{
    return bytes >= 8 ? v : v & (((uint64_t)1 << bytes * 8) - 1);
}

/* One call of the plugin. */
static inline int call(pb_region *r, struct pb_txn *t)
{
    if (r->ops->access) {
        int rc = r->ops->access(r->opaque, t);
        t->val = low_bytes(t->val, t->bytes);
        return rc < 0 ? PB_EFAULT : PB_OK;
    }
    if (t->is_write)
        r->ops->write(r->opaque, t->off, t->val, t->bytes);
    else
        t->val = low_bytes(r->ops->read(r->opaque, t->off, t->bytes), t->bytes);
    return PB_OK;
}

/* A value and its bytes in ascending bus addresses. */
static void spread(uint8_t *image, uint64_t v, uint32_t bytes, gboolean big)
{
    for (uint32_t i = 0; i < bytes; i++)
        image[big ? bytes - 1 - i : i] = (uint8_t)(v >> i * 8);
}

static uint64_t gather(const uint8_t *image, uint32_t bytes, gboolean big)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < bytes; i++)
        v |= (uint64_t)image[big ? bytes - 1 - i : i] << i * 8;
    return v;
}

static int by_pieces(pb_region *r, struct pb_txn *t)
{
    uint32_t step = CLAMP(t->bytes, r->impl_min, r->impl_max);
    gboolean big = (r->ops->flags & PB_RO_BIG) != 0;
    uint64_t at = step > t->bytes ? t->off & ~(uint64_t)(step - 1) : t->off;
    uint64_t end = t->off + t->bytes; /* no overflow: the access is within the region */
    uint8_t all[8] = {0};

    if (t->is_write)
        spread(all, t->val, t->bytes, FALSE);
    for (; at < end; at += step) {
        uint64_t from = MAX(at, t->off), to = MIN(at + step, end);
        uint8_t part[8] = {0};
        struct pb_txn p = *t;
        p.off = at;
        p.bytes = step;
        p.val = 0;
        if (t->is_write) {
            memcpy(part + (from - at), all + (from - t->off), to - from);
            p.val = gather(part, step, big);
        }
        int rc = call(r, &p);
        if (rc < 0)
            return rc;
        if (!t->is_write) {
            spread(part, p.val, step, big);
            memcpy(all + (from - t->off), part + (from - at), to - from);
        }
    }
    if (!t->is_write)
        t->val = gather(all, t->bytes, FALSE);
    return PB_OK;
}

int pb_region_access(pb_region *r, struct pb_txn *t)
{
    struct pb_frame f;
    int rc;

    if (!pb_region_takes(r, t->off, t->bytes))
        return PB_EFAULT;
    if ((t->attrs & PB_TXN_DEBUG) && !r->ops->access)
        return PB_EFAULT; /* such callbacks cannot look without touching */
    t->val = t->is_write ? low_bytes(t->val, t->bytes) : 0;
    pb_cb_enter(&f, r->d);
    if (t->bytes >= r->impl_min && t->bytes <= r->impl_max && !(r->ops->flags & PB_RO_BIG))
        rc = call(r, t);
    else
        rc = by_pieces(r, t);
    pb_cb_leave(&f);
    return rc;
}
