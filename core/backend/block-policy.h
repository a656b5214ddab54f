/* SPDX-License-Identifier: MIT */
/* block-policy.h - what a user may say of a drive's requests, whatever device makes them:
 * what an error does, whether writes go through, whether zeros are looked for. */
#ifndef PB_CORE_BLOCK_POLICY_H
#define PB_CORE_BLOCK_POLICY_H

#include "backend.h"

enum pb_on_error { PB_ON_ERROR_REPORT, PB_ON_ERROR_IGNORE, PB_ON_ERROR_STOP, PB_ON_ERROR_ENOSPC };
enum pb_zeroes { PB_ZEROES_OFF, PB_ZEROES_ON, PB_ZEROES_UNMAP };

struct pb_block_policy {
    enum pb_on_error read, write; /* ENOSPC: stop for a full disk, report everything else */
    gboolean write_through;       /* a write is durable when it is done */
    enum pb_zeroes zeroes;        /* zeros written become a ZERO request, or a hole */
};

/* A node's end (block.c). */
struct pb_block {
    pb_dev *node, *consumer;
    const struct pb_block_ops *ops;
    gint in_flight; /* atomic; the last that a request's end touches of this */
    gint held;      /* atomic: of these, stopped by an error */
    void (*changed)(void *self);
    void *changed_self;
    gboolean drive;   /* it has no driver, but a medium: medium.c */
    pb_block *medium; /* NULL: none; under the lock of medium.c */
    guint refuses;  /* nothing is kept now; under the lock of block-policy.c */
    struct pb_block_policy policy; /* all zero: report errors, and nothing else */
};

void pb_block_set_policy(pb_dev *node, const struct pb_block_policy *p); /* [main], when open */
/* Before a driver sees it: `r` is checked, `ops` what the driver supports. [any] */
void pb_block_shape(pb_block *b, struct pb_block_req *r, uint32_t ops);
/* After the driver: TRUE: the device is told; FALSE: the request is kept, the machine stops and
 * pb_block_retry() has it done again. [io] */
gboolean pb_block_ends(pb_block *b, struct pb_block_req *r);
/* Tell the device, from the I/O pool (block.c). */
void pb_block_finish_late(pb_block *b, struct pb_block_req *r);

/* The machine goes on: kept requests go to their drivers again. [main] */
void pb_block_retry(struct pb_machine *m);
/* Kept requests of `consumer` (NULL: all) fail after all: a reset or an unplug waits for them,
 * and nobody may say "cont" any more. [main] */
void pb_block_give_up(struct pb_machine *m, const pb_dev *consumer);
/* The same, and until it is switched off again none of `consumer` is kept: the main thread is about
 * to wait in a device, where nobody reaches it. Nests. [main] */
void pb_block_refuse(struct pb_machine *m, const pb_dev *consumer, gboolean on);
/* Is one kept? [any] */
gboolean pb_block_keeps(struct pb_machine *m);

#endif
