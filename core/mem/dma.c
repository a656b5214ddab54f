/* SPDX-License-Identifier: MIT */
/* dma.c - bus masters: copies and direct windows.
 *
 * A copy first walks the whole stretch without touching it, so that it happens wholly or
 * not at all. Guest RAM is touched by relaxed atomics of the access's width, as guests
 * poll rings while we write them; larger copies are memcpy, ordered by the caller.
 *
 * Bus masters are Non-secure: what only Secure accesses reach is not there for them.
 */
#include "mem.h"

#include "../thread/domain.h"
#include "epoch.h"

#include <string.h>

/* Copy to or from guest RAM. */
static void ram_copy(void *dst, const void *src, uint64_t n, gboolean to_guest)
{
    uintptr_t guest = (uintptr_t)(to_guest ? dst : src);

#define ONE(T)                                                                            \
    do {                                                                                  \
        T v;                                                                              \
        if (to_guest) {                                                                   \
            memcpy(&v, src, sizeof v);                                                    \
            __atomic_store_n((T *)dst, v, __ATOMIC_RELAXED);                              \
        } else {                                                                          \
            v = __atomic_load_n((const T *)src, __ATOMIC_RELAXED);                        \
            memcpy(dst, &v, sizeof v);                                                    \
        }                                                                                 \
    } while (0)
    if (n == 8 && !(guest & 7))
        ONE(uint64_t);
    else if (n == 4 && !(guest & 3))
        ONE(uint32_t);
    else if (n == 2 && !(guest & 1))
        ONE(uint16_t);
    else if (n == 1)
        ONE(uint8_t);
    else if (!PB_EPOCH_FENCED)
        memcpy(dst, src, n);
    else /* ThreadSanitizer: the guest may race with us, and that is its own affair */
        for (uint64_t i = 0; i < n; i++, dst = (uint8_t *)dst + 1, src = (const uint8_t *)src + 1)
            ONE(uint8_t);
#undef ONE
}

static gboolean readable(const pb_region *r)
{
    return r->kind == PB_REGION_RAM ||
           (r->kind == PB_REGION_ROM_DEVICE && atomic_load(&r->rom_mode));
}

static gboolean writable(const pb_region *r)
{
    return r->kind == PB_REGION_RAM && !r->rom;
}

/* The range that holds gpa: last hit first. Inside an epoch. */
static const struct pb_range *any(pb_as *as, uint64_t gpa)
{
    static _Thread_local struct {
        const struct pb_as *as;
        const struct pb_view *view;
        const struct pb_range *g;
        uint32_t gen;
    } hit;
    const struct pb_view *v = atomic_load_explicit(&as->view, memory_order_acquire);
    uint32_t gen = __atomic_load_n(&as->gen, __ATOMIC_ACQUIRE);

    if (hit.as == as && hit.view == v && hit.gen == gen && hit.g->first <= gpa &&
        gpa <= hit.g->last)
        return hit.g;
    const struct pb_range *g = pb_view_find(v, gpa);
    if (g) {
        hit.as = as;
        hit.view = v;
        hit.gen = gen;
        hit.g = g;
    }
    return g;
}

static const struct pb_range *find(pb_as *as, uint64_t gpa)
{
    const struct pb_range *g = any(as, gpa);

    return g && g->secure ? NULL : g;
}

/* May this thread enter the callbacks of `r` now? */
static gboolean may_enter(const pb_region *r)
{
    const struct pb_frame *f = pb_tl.frame;

    if (!f)
        return !pb_tl.held || pb_tl.held == r->d->domain;
    return f->soon && (r->d->parallel || pb_tl.held == r->d->domain) && !pb_cb_active(r->d);
}

/* Largest access that the region takes at `off` with `n` bytes left; 0: none. */
static uint32_t io_step(const pb_region *r, uint64_t off, uint64_t n)
{
    for (uint32_t s = r->max; s >= 1; s >>= 1)
        if (s <= n && pb_region_takes(r, off, s))
            return s;
    return 0;
}

static int io_check(const pb_region *r, uint64_t off, uint64_t n)
{
    if (!may_enter(r))
        return PB_EREENTRY;
    for (uint64_t left = n; left;) { /* bounded: see dma() */
        uint32_t s = io_step(r, off, left);
        if (!s)
            return PB_EFAULT;
        off += s;
        left -= s;
    }
    return PB_OK;
}

static int io_copy(pb_region *r, uint64_t off, uint8_t *buf, uint64_t n, gboolean write)
{
    while (n) {
        struct pb_txn t = {.off = off, .bytes = io_step(r, off, n), .is_write = write,
                           .requester = UINT32_MAX};
        if (!t.bytes)
            return PB_EFAULT;
        for (uint32_t i = 0; write && i < t.bytes; i++)
            t.val |= (uint64_t)buf[i] << i * 8;
        int rc = pb_region_access(r, &t);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; !write && i < t.bytes; i++)
            buf[i] = (uint8_t)(t.val >> i * 8);
        off += t.bytes;
        buf += t.bytes;
        n -= t.bytes;
    }
    return PB_OK;
}

#define MAX_IO 4096u /* bytes of one copy that may go to I/O regions */

static int check(pb_as *as, uint64_t gpa, uint64_t n, gboolean write)
{
    while (n) {
        const struct pb_range *g = find(as, gpa);
        if (!g)
            return PB_EFAULT;
        uint64_t off = g->off + (gpa - g->first), part = MIN(n - 1, g->last - gpa) + 1;
        if (!(write ? writable(g->r) : readable(g->r)) && !(write && g->r->rom)) {
            int rc = part > MAX_IO ? PB_EFAULT : io_check(g->r, off, part);
            if (rc < 0)
                return rc;
        }
        n -= part;
        gpa += part;
        if (n && gpa == 0)
            return PB_EFAULT; /* wraps */
    }
    return PB_OK;
}

static int dma(pb_as *as, uint64_t gpa, uint8_t *buf, uint64_t n, gboolean write)
{
    int rc = check(as, gpa, n, write);

    while (rc == PB_OK && n) {
        const struct pb_range *g = find(as, gpa);
        if (!g)
            return PB_EFAULT; /* the map changed under us */
        uint64_t off = g->off + (gpa - g->first), part = MIN(n - 1, g->last - gpa) + 1;
        if (!write && readable(g->r)) {
            ram_copy(buf, g->r->host + off, part, FALSE);
        } else if (write && writable(g->r)) {
            ram_copy(g->r->host + off, buf, part, TRUE);
            pb_written(g->r, off, part);
        } else if (!(write && g->r->rom)) { /* a store to ROM goes nowhere */
            rc = g->r->ops ? io_copy(g->r, off, buf, part, write) : PB_EFAULT;
        }
        n -= part;
        gpa += part;
        buf += part;
    }
    return rc;
}

int pb_dma_read(pb_as *as, uint64_t gpa, void *buf, uint64_t n)
{
    pb_epoch_enter();
    int rc = dma(as, gpa, buf, n, FALSE);
    pb_epoch_leave();
    return rc;
}

int pb_dma_write(pb_as *as, uint64_t gpa, const void *buf, uint64_t n)
{
    pb_epoch_enter();
    int rc = dma(as, gpa, (uint8_t *)buf, n, TRUE);
    pb_epoch_leave();
    return rc;
}

int pb_mem_poke(struct pb_machine *m, uint64_t gpa, const void *buf, uint64_t n)
{
    pb_as *as = &pb_mem(m)->system;
    const uint8_t *from = buf;
    int rc = PB_OK;

    pb_epoch_enter();
    while (n && rc == PB_OK) {
        const struct pb_range *g = any(as, gpa);
        if (!g || !g->r->host) {
            rc = PB_EFAULT;
            break;
        }
        uint64_t off = g->off + (gpa - g->first), part = MIN(n - 1, g->last - gpa) + 1;
        ram_copy(g->r->host + off, from, part, TRUE);
        pb_written(g->r, off, part);
        n -= part;
        gpa += part;
        from += part;
    }
    pb_epoch_leave();
    return rc;
}

int pb_dma_map(pb_as *as, uint64_t gpa, uint64_t len, uint32_t write, struct pb_window *w)
{
    int rc = PB_ENOTSUP;

    pb_epoch_enter();
    uint32_t gen = __atomic_load_n(&as->gen, __ATOMIC_ACQUIRE);
    const struct pb_range *g = find(as, gpa);
    if (g && len && len - 1 <= g->last - gpa &&
        (write ? writable(g->r) : readable(g->r))) {
        *w = (struct pb_window){
            .gpa = gpa, .len = len, .host = g->r->host + g->off + (gpa - g->first),
            .gen = &as->gen, .seen = gen, .writable = write != 0};
        rc = PB_OK;
    }
    pb_epoch_leave();
    return rc;
}
