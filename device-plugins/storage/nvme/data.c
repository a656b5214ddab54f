/* SPDX-License-Identifier: MIT */
/* data.c - from a command's data pointer to pieces of guest memory. NVM Express 1.4: 4.3
 * (PRP entries and lists), 4.4 (SGLs).
 *
 * Every pointer and length is the guest's: it is read once and checked; a list that leads
 * around in circles ends when more pieces came than a command can have.
 */
#include "nvme.h"

#include <string.h>

void data_unmap(struct req *q, uint32_t written)
{
    const struct pb_svc_mem *m = q->n->mem;

    for (uint32_t i = 0; i < q->n_seg; i++)
        m->unmap(q->n->as, &q->win[i], q->to_guest && written ? q->win[i].len : 0);
    q->n_seg = 0;
}

/* One piece more; joined to the last one when it follows it. */
static uint32_t add(struct req *q, uint64_t gpa, uint64_t len)
{
    const struct pb_svc_mem *m = q->n->mem;
    struct pb_window *last = q->n_seg ? &q->win[q->n_seg - 1] : NULL, w;

    if (last && last->gpa + last->len == gpa &&
        m->map(q->n->as, last->gpa, last->len + len, q->to_guest, &w) == PB_OK) {
        m->unmap(q->n->as, last, 0);
        *last = w;
        return S_OK;
    }
    if (q->n_seg == SEGS_MAX)
        return S_INTERNAL;
    if (m->map(q->n->as, gpa, len, q->to_guest, &w) < 0)
        return S_TRANSFER;
    q->win[q->n_seg++] = w;
    return S_OK;
}

/* 8 or 16 bytes of a list, by value. */
static int fetch(struct nvme *n, uint64_t gpa, void *to, uint32_t bytes)
{
    struct pb_window w;

    if (n->mem->map(n->as, gpa, bytes, 0, &w) < 0)
        return 0;
    for (uint32_t i = 0; i + 8 <= bytes; i += 8) {
        uint64_t v = __atomic_load_n((const volatile uint64_t *)(const void *)(w.host + i),
                                     __ATOMIC_RELAXED);
        memcpy((uint8_t *)to + i, &v, 8);
    }
    n->mem->unmap(n->as, &w, 0);
    return 1;
}

static uint32_t map_prp(struct req *q, uint64_t bytes)
{
    struct nvme *n = q->n;
    uint64_t page = n->page, at = pair(&q->cmd[6]), more = pair(&q->cmd[8]), entry;
    uint64_t first = min64(bytes, page - (at & (page - 1)));
    uint32_t rc = at & 3 ? S_PRP_OFFSET : add(q, at, first);

    bytes -= first;
    if (rc || !bytes)
        return rc;
    if (bytes <= page) /* PRP2 is the second page */
        return more & (page - 1) ? S_PRP_OFFSET : add(q, more, bytes);
    if (more & 7)
        return S_PRP_OFFSET;
    while (bytes) { /* PRP2 points to a list; its last slot may point to another */
        if (!fetch(n, more, &entry, 8))
            return S_TRANSFER;
        if ((more & (page - 1)) == page - 8 && bytes > page) {
            if (entry & 7)
                return S_PRP_OFFSET;
            more = entry;
            if ((more & (page - 1)) == page - 8)
                return S_PRP_OFFSET; /* a list of pointers only */
            continue;
        }
        if (entry & (page - 1))
            return S_PRP_OFFSET;
        rc = add(q, entry, min64(bytes, page));
        if (rc)
            return rc;
        bytes -= min64(bytes, page);
        more += 8;
    }
    return S_OK;
}

/* Descriptor types, 4.4.1. */
enum { SGL_BLOCK = 0, SGL_SEGMENT = 2, SGL_LAST = 3 };

struct sgl {
    uint64_t addr;
    uint32_t len;
    uint8_t zero[3], id;
};

static uint32_t map_sgl(struct req *q, uint64_t bytes)
{
    struct sgl d;
    uint64_t list = 0, rc;
    uint32_t left = 0, seen = 0, last = 0;

    memcpy(&d, &q->cmd[6], sizeof d);
    for (;;) {
        uint32_t type = d.id >> 4;
        if (d.id & 15)
            return S_SGL_TYPE;
        if (type == SGL_BLOCK) {
            uint64_t n = min64(bytes, d.len);
            if (n && (rc = add(q, d.addr, n)) != S_OK)
                return (uint32_t)rc;
            bytes -= n;
            if (d.len > n && !left)
                return S_SGL_LENGTH; /* more than the command moves: 4.4 */
        } else if ((type == SGL_SEGMENT || type == SGL_LAST) && !left && !last) {
            if (d.len == 0 || d.len % 16 || d.len / 16 > 4096)
                return S_SGL_DESC;
            if (d.addr & 7)
                return S_SGL_DESC;
            list = d.addr;
            left = d.len / 16;
            last = type == SGL_LAST;
        } else {
            return type == SGL_SEGMENT || type == SGL_LAST ? S_SGL_DESC : S_SGL_TYPE;
        }
        if (!left)
            return bytes ? S_SGL_LENGTH : S_OK;
        if (++seen > 4 * SEGS_MAX)
            return S_SGL_COUNT;
        if (!fetch(q->n, list, &d, sizeof d))
            return S_TRANSFER;
        list += 16;
        left--;
    }
}

uint32_t data_map(struct req *q, uint64_t bytes, uint32_t to_guest)
{
    uint32_t rc, psdt = q->cmd[0] >> 14 & 3;

    q->to_guest = to_guest;
    q->bytes = bytes;
    q->n_seg = 0;
    if (psdt == 3)
        return S_FIELD;
    if (psdt && q->sqid == 0)
        return S_FIELD; /* admin commands use PRPs: 4.4 */
    rc = psdt ? map_sgl(q, bytes) : map_prp(q, bytes);
    if (rc) {
        data_unmap(q, 0);
        return rc;
    }
    for (uint32_t i = 0; i < q->n_seg; i++)
        q->iov[i] = (struct pb_iov){q->win[i].host, q->win[i].len};
    return S_OK;
}

void data_put(struct req *q, const void *buf, uint64_t bytes)
{
    const uint8_t *from = buf;

    for (uint32_t i = 0; i < q->n_seg && bytes; i++) {
        uint64_t n = min64(bytes, q->iov[i].len);
        memcpy(q->iov[i].base, from, n);
        from += n;
        bytes -= n;
    }
}

void data_get(struct req *q, void *buf, uint64_t bytes)
{
    uint8_t *to = buf;

    for (uint32_t i = 0; i < q->n_seg && bytes; i++) {
        uint64_t n = min64(bytes, q->iov[i].len);
        memcpy(to, q->iov[i].base, n);
        to += n;
        bytes -= n;
    }
}

uint32_t data_answer(struct req *q, const void *buf, uint64_t bytes)
{
    uint32_t rc = bytes ? data_map(q, bytes, 1) : S_OK;

    if (rc || !bytes)
        return rc;
    data_put(q, buf, bytes);
    data_unmap(q, 1);
    return S_OK;
}
