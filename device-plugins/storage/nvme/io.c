/* SPDX-License-Identifier: MIT */
/* io.c - the NVM command set. NVM Express 1.4, chapter 6; Format NVM (5.23); shutdown. */
#include "nvme.h"

#include <stdlib.h>
#include <string.h>

enum { IO_FLUSH = 0x00, IO_WRITE = 0x01, IO_READ = 0x02, IO_COMPARE = 0x05, IO_ZEROES = 0x08,
       IO_DSM = 0x09 };
#define FUA (1u << 30)   /* of dword 12 */
#define DEAC (1u << 25)
#define FORMAT_PIECE (256ull << 20)

static void block(struct req *q, uint32_t op, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    q->r = (struct pb_block_req){.size = sizeof q->r, .op = op, .offset = offset, .bytes = bytes,
                                 .flags = flags, .done = req_done};
    if (op == PB_BLK_READ || op == PB_BLK_WRITE) {
        q->r.iov = q->iov;
        q->r.n_iov = q->n_seg;
    }
}

/* Starting block and count of dwords 10 to 12, as bytes. */
static uint32_t range(struct req *q, uint64_t *offset, uint64_t *bytes)
{
    uint64_t first = pair(&q->cmd[10]), n = (q->cmd[12] & 0xffff) + 1;

    if (first > ns_blocks(q->ns) || n > ns_blocks(q->ns) - first)
        return S_LBA_RANGE | S_DNR;
    *offset = first << q->ns->shift;
    *bytes = n << q->ns->shift;
    return S_OK;
}

static uint32_t volatile_cache(const struct req *q)
{
    return q->n->f_wce && !(q->cmd[12] & FUA);
}

static uint32_t read_write(struct req *q, uint32_t out)
{
    struct nvme *n = q->n;
    uint64_t offset, bytes;
    uint32_t rc = range(q, &offset, &bytes);

    if (rc)
        return rc;
    if (n->mdts && bytes > 4096ull << n->mdts)
        return S_FIELD | S_DNR;
    if (out && q->ns->info.read_only)
        return S_READ_ONLY | S_DNR;
    rc = data_map(q, bytes, !out);
    if (rc)
        return rc | S_DNR;
    *(out ? &n->writes : &n->reads) += 1;
    *(out ? &n->written_units : &n->read_units) += bytes >> 9;
    block(q, out ? PB_BLK_WRITE : PB_BLK_READ, offset, bytes,
          out && !volatile_cache(q) ? PB_BLK_FUA : 0);
    return S_PENDING;
}

/* Read into a copy of our own; then look. 6.6 */
static int compare_step(struct req *q)
{
    uint8_t *at = q->buf;

    for (uint32_t i = 0; i < q->n_seg; i++) {
        if (memcmp(at, q->win[i].host, q->win[i].len))
            q->status = S_COMPARE | S_DNR;
        at += q->win[i].len;
    }
    return 0;
}

static uint32_t compare(struct req *q)
{
    uint64_t offset, bytes;
    uint32_t rc = range(q, &offset, &bytes);

    if (rc)
        return rc;
    if (q->n->mdts && bytes > 4096ull << q->n->mdts)
        return S_FIELD | S_DNR;
    rc = data_map(q, bytes, 0);
    if (rc)
        return rc | S_DNR;
    q->buf = malloc(bytes);
    if (!q->buf) {
        data_unmap(q, 0);
        return S_INTERNAL;
    }
    block(q, PB_BLK_READ, offset, bytes, 0);
    q->iov[0] = (struct pb_iov){q->buf, bytes};
    q->r.n_iov = 1;
    q->step = compare_step;
    return S_PENDING;
}

static uint32_t write_zeroes(struct req *q)
{
    uint64_t offset, bytes;
    uint32_t rc = range(q, &offset, &bytes);

    if (rc)
        return rc;
    if (q->ns->info.read_only)
        return S_READ_ONLY | S_DNR;
    block(q, PB_BLK_ZERO, offset, bytes,
          (q->cmd[12] & DEAC ? PB_BLK_MAY_UNMAP : 0) | (volatile_cache(q) ? 0 : PB_BLK_FUA));
    return S_PENDING;
}

/* Dataset management: the next range that asks for deallocation. 6.7 */
static int dsm_step(struct req *q)
{
    struct ns *s = q->ns;

    while (q->at < q->end) {
        uint32_t v[4];
        memcpy(v, q->buf + 16 * q->at++, sizeof v);
        uint64_t first = pair(&v[2]), n = v[1];
        if (n == 0)
            continue;
        if (first > ns_blocks(s) || n > ns_blocks(s) - first) {
            q->status = S_LBA_RANGE | S_DNR;
            return 0;
        }
        block(q, PB_BLK_DISCARD, first << s->shift, n << s->shift, 0);
        return 1;
    }
    return 0;
}

static uint32_t dsm(struct req *q)
{
    uint64_t n = (q->cmd[10] & 0xff) + 1;
    uint32_t rc;

    if (!(q->cmd[11] & 4)) /* only hints are left: taken as such */
        return S_OK;
    if (q->ns->info.read_only)
        return S_READ_ONLY | S_DNR;
    rc = data_map(q, 16 * n, 0);
    if (rc)
        return rc | S_DNR;
    q->buf = malloc(16 * n);
    if (q->buf)
        data_get(q, q->buf, 16 * n);
    data_unmap(q, 0);
    if (!q->buf)
        return S_INTERNAL;
    q->at = 0;
    q->end = n;
    q->status = S_OK;
    q->step = dsm_step;
    return dsm_step(q) ? S_PENDING : q->status;
}

static uint32_t supported(const struct ns *s, uint32_t op)
{
    return s->info.ops >> op & 1;
}

uint32_t io_command(struct req *q)
{
    uint32_t op = q->cmd[0] & 0xff;
    struct ns *s;

    if (op == IO_FLUSH && q->cmd[1] == UINT32_MAX) /* all: one of ours, and the rest is idle */
        for (uint32_t i = 1; i <= NS_MAX && q->cmd[1] == UINT32_MAX; i++)
            if (ns_find(q->n, i))
                q->cmd[1] = i;
    s = ns_find(q->n, q->cmd[1]);
    if (!s)
        return S_NAMESPACE | S_DNR;
    if (s->formatting)
        return S_FORMATTING;
    q->ns = s;
    switch (op) {
    case IO_FLUSH:
        block(q, PB_BLK_FLUSH, 0, 0, 0);
        return S_PENDING;
    case IO_WRITE:
    case IO_READ:
        return read_write(q, op == IO_WRITE);
    case IO_COMPARE:
        return compare(q);
    case IO_ZEROES:
        return supported(s, PB_BLK_ZERO) ? write_zeroes(q) : S_OPCODE | S_DNR;
    case IO_DSM:
        return supported(s, PB_BLK_DISCARD) ? dsm(q) : S_OPCODE | S_DNR;
    default:
        return S_OPCODE | S_DNR;
    }
}

/* ---- Format NVM, 5.23 -------------------------------------------------------------------- */

static int format_step(struct req *q)
{
    struct ns *s = q->ns;
    uint64_t n = min64(q->end - q->at, FORMAT_PIECE);

    if (n == 0) {
        s->shift = q->cmd[10] & 15 ? 12 : 9;
        ns_changed(q->n, s->nsid);
        return 0;
    }
    block(q, PB_BLK_ZERO, q->at, n, PB_BLK_MAY_UNMAP);
    q->at += n;
    return 1;
}

uint32_t format(struct req *q)
{
    uint32_t lbaf = q->cmd[10] & 15, erase = q->cmd[10] >> 9 & 7;
    struct ns *s = ns_find(q->n, q->cmd[1]);

    if (!s)
        return S_NAMESPACE | S_DNR;
    if (s->formatting)
        return S_FORMATTING;
    if (lbaf > 1 || (q->cmd[10] & 0x1f0) || erase > 1 || (lbaf == 0 && s->info.align > 512))
        return S_FORMAT | S_DNR;
    if (s->info.read_only)
        return S_READ_ONLY | S_DNR;
    if (!supported(s, PB_BLK_ZERO))
        return S_FORMAT | S_DNR; /* what was there must not be seen in other blocks */
    q->ns = s;
    q->at = 0;
    q->end = s->info.bytes & ~4095ull;
    q->step = format_step;
    if (!format_step(q))
        return S_OK;
    s->formatting = 1;
    return S_PENDING;
}

/* ---- Shutdown, 7.6.2: what was written is safe when it is complete ----------------------- */

void shutdown_begin(struct nvme *n)
{
    n->CSTS = (n->CSTS & ~0xcu) | 0x4;
    n->shutting = 1; /* us, until all are under way */
    for (uint32_t i = 1; i <= NS_MAX; i++) {
        struct req *q = n->ns[i] ? req_new(n) : NULL;
        if (!q)
            continue;
        q->ns = n->ns[i];
        q->internal = 1;
        q->sqid = 0;
        q->cmd[0] = 0;
        block(q, PB_BLK_FLUSH, 0, 0, 0);
        n->shutting++;
        n->in_flight++;
        pthread_mutex_unlock(&n->lock);
        req_submit(q);
        pthread_mutex_lock(&n->lock);
    }
    if (--n->shutting == 0)
        n->CSTS = (n->CSTS & ~0xcu) | 0x8;
}
