/* SPDX-License-Identifier: MIT */
/* nvme-driver.h - an NVMe driver for the bench. NVM Express 1.4. */
#ifndef NVME_DRIVER_H
#define NVME_DRIVER_H

#include "pci-driver.h"

#define ND_BDF 0x08u
#define ND_ENTRIES 16u
#define ND_QUEUES 4u

struct nd {
    struct pd *p;
    uint64_t bar, sq[ND_QUEUES], cq[ND_QUEUES];
    uint32_t tail[ND_QUEUES], head[ND_QUEUES], phase[ND_QUEUES], cid;
};

/* Registers, 3.1. */
enum { NR_CAP = 0x00, NR_VS = 0x08, NR_INTMS = 0x0c, NR_INTMC = 0x10, NR_CC = 0x14,
       NR_CSTS = 0x1c, NR_AQA = 0x24, NR_ASQ = 0x28, NR_ACQ = 0x30 };

void nd_init(struct nd *d, struct pd *p); /* of the function at ND_BDF, set up */
uint32_t nd_reg(struct nd *d, uint32_t off);
void nd_set(struct nd *d, uint32_t off, uint32_t val);
int nd_enable(struct nd *d);            /* admin queues; 1: ready */
int nd_queues(struct nd *d, uint32_t q); /* I/O pair q, interrupts on vector q */
/* Put a command into queue q; its id. Does not ring. */
uint32_t nd_put(struct nd *d, uint32_t q, const uint32_t cmd[16]);
void nd_ring(struct nd *d, uint32_t q);
/* Next completion: 1 with its dwords; acknowledged. */
int nd_done(struct nd *d, uint32_t q, uint32_t cqe[4]);
/* A whole command: status field (without phase), UINT32_MAX when nothing came. */
uint32_t nd_do(struct nd *d, uint32_t q, uint32_t op, uint32_t nsid, uint64_t prp1, uint64_t prp2,
               uint32_t d10, uint32_t d11, uint32_t d12, uint32_t *result);

#endif
