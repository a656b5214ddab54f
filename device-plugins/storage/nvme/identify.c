/* SPDX-License-Identifier: MIT */
/* identify.c - Identify. NVM Express 1.4, 5.15: every structure is 4096 bytes. */
#include "nvme.h"

#include <string.h>

#define BYTES 4096u

enum { CNS_NS = 0x00, CNS_CTRL = 0x01, CNS_ACTIVE = 0x02, CNS_DESCRIPTORS = 0x03,
       CNS_ALLOCATED = 0x10, CNS_NS_ALLOCATED = 0x11, CNS_NS_CTRLS = 0x12, CNS_CTRLS = 0x13 };

static void text(uint8_t *at, const char *s, uint32_t n)
{
    uint32_t len = (uint32_t)strnlen(s, n);

    memset(at, ' ', n);
    memcpy(at, s, len);
}

/* Do all namespaces' backends have `op`? What is offered must work everywhere. */
static uint32_t everywhere(const struct nvme *n, uint32_t op)
{
    uint32_t any = 0;

    for (uint32_t i = 1; i <= NS_MAX; i++) {
        if (!n->ns[i])
            continue;
        if (!(n->ns[i]->info.ops >> op & 1))
            return 0;
        any = 1;
    }
    return any;
}

/* Figure 247. Values that are 0 are left out. */
static void controller(const struct nvme *n, uint8_t *b)
{
    put16(b + 0, n->pci->get(n->fn, 0, 2));
    put16(b + 2, n->pci->get(n->fn, 0x2c, 2));
    memcpy(b + 4, n->serial, 20);
    text(b + 24, "Plugboard NVMe Ctrl", 40);
    text(b + 64, "1.0", 8);
    b[72] = 6;                      /* RAB */
    b[77] = (uint8_t)n->mdts;
    put32(b + 80, n->VS);
    put32(b + 92, 0x100);           /* OAES: namespace attribute notices */
    b[111] = 1;                     /* CNTRLTYPE: I/O controller */
    put16(b + 256, 0x000a);         /* OACS: format, namespace management's attachment */
    b[258] = 3;                     /* ACL */
    b[259] = (uint8_t)n->aerl;
    b[260] = 0x03;                  /* FRMW: one slot, read-only */
    b[261] = 0x06;                  /* LPA: commands' effects, extended data */
    b[262] = 0;                     /* ELPE: one entry */
    put16(b + 266, 343);            /* WCTEMP, K */
    put16(b + 268, 373);            /* CCTEMP */
    b[512] = 0x66;                  /* SQES */
    b[513] = 0x44;                  /* CQES */
    put32(b + 516, NS_MAX);         /* NN */
    put16(b + 520, 0x01 | (everywhere(n, PB_BLK_DISCARD) ? 0x04 : 0) |
                       (everywhere(n, PB_BLK_ZERO) ? 0x08 : 0) | 0x40); /* ONCS, timestamp */
    b[524] = 0x00;                  /* FNA: format is for one namespace */
    b[525] = 0x07;                  /* VWC: there is one, flush takes all namespaces */
    put32(b + 536, 1);              /* SGLS: supported, any alignment */
    memcpy(b + 768, "nqn.2026-01.org.plugboard:", 26); /* SUBNQN */
    for (uint32_t i = 0; i < 20 && n->serial[i] && n->serial[i] != ' '; i++)
        b[768 + 26 + i] = (uint8_t)n->serial[i];
    put16(b + 2048, 2500);          /* PSD0: 25 W, the only state */
}

/* Figure 245. */
static void a_namespace(const struct ns *s, uint8_t *b)
{
    put64(b + 0, ns_blocks(s));
    put64(b + 8, ns_blocks(s));
    put64(b + 16, ns_blocks(s));
    b[24] = s->info.ops >> PB_BLK_DISCARD & 1; /* NSFEAT: thin */
    b[25] = 1;                                 /* NLBAF: two, from 0 */
    b[26] = s->shift == 12;                    /* FLBAS */
    b[33] = s->info.ops >> PB_BLK_ZERO & 1 ? 0x08 : 0; /* DLFEAT: write zeroes may deallocate */
    b[99] = s->info.read_only ? 1 : 0;         /* NSATTR: write protected */
    memcpy(b + 120, s->eui64, 8);
    b[128 + 2] = 9;  /* LBAF0: 512 bytes, no metadata */
    b[132 + 2] = 12; /* LBAF1: 4096 */
    b[132 + 3] = 0;  /* best performance */
    b[128 + 3] = 1;
}

/* 5.15.2.3 and Figure 249. */
static void descriptors(const struct ns *s, uint8_t *b)
{
    static const uint8_t none[8];
    uint32_t at = 0;

    if (memcmp(s->eui64, none, 8)) {
        b[at] = 1;
        b[at + 1] = 8;
        memcpy(b + at + 4, s->eui64, 8);
        at += 12;
    }
    b[at] = 3;
    b[at + 1] = 16;
    memcpy(b + at + 4, s->uuid, 16);
}

static uint32_t list(const struct nvme *n, uint32_t after, uint32_t all, uint8_t *b)
{
    uint32_t at = 0;

    if (after >= 0xfffffffe)
        return S_NAMESPACE | S_DNR;
    for (uint32_t i = after + 1; i <= NS_MAX && at < BYTES; i++)
        if (all ? n->ns[i] != NULL : ns_find((struct nvme *)n, i) != NULL) {
            put32(b + at, i);
            at += 4;
        }
    return S_OK;
}

/* A structure of one namespace; one that is not there, or not attached, is all zeroes. */
static uint32_t of_namespace(const struct nvme *n, uint32_t cns, uint32_t nsid, uint8_t *b)
{
    if (cns == CNS_NS && nsid == UINT32_MAX) { /* what all have in common */
        b[25] = 1;
        b[128 + 2] = 9;
        b[132 + 2] = 12;
        return S_OK;
    }
    if (nsid == 0 || nsid > NS_MAX)
        return S_NAMESPACE | S_DNR;
    const struct ns *s = n->ns[nsid];
    if (cns != CNS_NS_ALLOCATED && cns != CNS_NS_CTRLS && s && !s->attached)
        s = NULL;
    if (cns == CNS_DESCRIPTORS && !s)
        return S_NAMESPACE | S_DNR;
    if (!s)
        return S_OK;
    if (cns == CNS_DESCRIPTORS)
        descriptors(s, b);
    else if (cns == CNS_NS_CTRLS)
        put16(b, s->attached); /* a list of one: controller 0 */
    else
        a_namespace(s, b);
    return S_OK;
}

uint32_t identify(struct req *q)
{
    const struct nvme *n = q->n;
    uint32_t cns = q->cmd[10] & 0xff, rc = S_OK;
    uint8_t b[BYTES] = {0};

    switch (cns) {
    case CNS_CTRL:
        controller(n, b);
        break;
    case CNS_ACTIVE:
    case CNS_ALLOCATED:
        rc = list(n, q->cmd[1], cns == CNS_ALLOCATED, b);
        break;
    case CNS_NS:
    case CNS_DESCRIPTORS:
    case CNS_NS_ALLOCATED:
    case CNS_NS_CTRLS:
        rc = of_namespace(n, cns, q->cmd[1], b);
        break;
    case CNS_CTRLS:
        put16(b, q->cmd[10] >> 16 == 0); /* from identifier 0 on: one, we */
        break;
    default:
        return S_FIELD | S_DNR;
    }
    return rc ? rc : data_answer(q, b, BYTES);
}
