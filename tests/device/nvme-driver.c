/* SPDX-License-Identifier: MIT */
/* nvme-driver.c - see nvme-driver.h. */
#include "nvme-driver.h"

#include <string.h>

uint32_t nd_reg(struct nd *d, uint32_t off)
{
    return (uint32_t)pd_read(d->p, d->bar + off, 4);
}

void nd_set(struct nd *d, uint32_t off, uint32_t val)
{
    pd_write(d->p, d->bar + off, val, 4);
}

void nd_init(struct nd *d, struct pd *p)
{
    memset(d, 0, sizeof *d);
    d->p = p;
    pd_setup(p, ND_BDF);
    d->bar = pd_bar(p, ND_BDF, 0);
}

static void fresh(struct nd *d, uint32_t q)
{
    d->sq[q] = pd_alloc(d->p, 64 * ND_ENTRIES, 4096);
    d->cq[q] = pd_alloc(d->p, 16 * ND_ENTRIES, 4096);
    d->tail[q] = d->head[q] = 0;
    d->phase[q] = 1;
}

int nd_enable(struct nd *d)
{
    nd_set(d, NR_CC, 0);
    pbt_settle(d->p->b);
    fresh(d, 0);
    nd_set(d, NR_AQA, (ND_ENTRIES - 1) | (ND_ENTRIES - 1) << 16);
    nd_set(d, NR_ASQ, (uint32_t)d->sq[0]);
    nd_set(d, NR_ASQ + 4, (uint32_t)(d->sq[0] >> 32));
    nd_set(d, NR_ACQ, (uint32_t)d->cq[0]);
    nd_set(d, NR_ACQ + 4, (uint32_t)(d->cq[0] >> 32));
    nd_set(d, NR_CC, 0x00460001);
    return nd_reg(d, NR_CSTS) == 1;
}

int nd_queues(struct nd *d, uint32_t q)
{
    fresh(d, q);
    return nd_do(d, 0, 0x05, 0, d->cq[q], 0, q | (ND_ENTRIES - 1) << 16, 3 | q << 16, 0,
                 NULL) == 0 &&
           nd_do(d, 0, 0x01, 0, d->sq[q], 0, q | (ND_ENTRIES - 1) << 16, 1 | q << 16, 0, NULL) == 0;
}

uint32_t nd_put(struct nd *d, uint32_t q, const uint32_t cmd[16])
{
    uint32_t v[16];

    memcpy(v, cmd, sizeof v);
    v[0] = (v[0] & 0xffff) | ++d->cid << 16;
    memcpy(pd_host(d->p, d->sq[q] + 64 * d->tail[q]), v, sizeof v);
    d->tail[q] = (d->tail[q] + 1) % ND_ENTRIES;
    return d->cid & 0xffff;
}

void nd_ring(struct nd *d, uint32_t q)
{
    nd_set(d, 0x1000 + 8 * q, d->tail[q]);
}

int nd_done(struct nd *d, uint32_t q, uint32_t cqe[4])
{
    memcpy(cqe, pd_host(d->p, d->cq[q] + 16 * d->head[q]), 16);
    if ((cqe[3] >> 16 & 1) != d->phase[q])
        return 0;
    if (++d->head[q] == ND_ENTRIES) {
        d->head[q] = 0;
        d->phase[q] ^= 1;
    }
    nd_set(d, 0x1004 + 8 * q, d->head[q]);
    return 1;
}

uint32_t nd_do(struct nd *d, uint32_t q, uint32_t op, uint32_t nsid, uint64_t prp1, uint64_t prp2,
               uint32_t d10, uint32_t d11, uint32_t d12, uint32_t *result)
{
    const uint32_t cmd[16] = {[0] = op, [1] = nsid, [6] = (uint32_t)prp1,
                              [7] = (uint32_t)(prp1 >> 32), [8] = (uint32_t)prp2,
                              [9] = (uint32_t)(prp2 >> 32), [10] = d10, [11] = d11, [12] = d12};
    uint32_t id = nd_put(d, q, cmd), cqe[4];

    nd_ring(d, q);
    pbt_settle(d->p->b);
    while (nd_done(d, q, cqe)) {
        if ((cqe[3] & 0xffff) != id)
            continue;
        if (result)
            *result = cqe[0];
        return cqe[3] >> 17;
    }
    return UINT32_MAX;
}
