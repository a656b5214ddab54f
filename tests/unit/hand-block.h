/* SPDX-License-Identifier: MIT */
/* hand-block.h - a block driver that answers as a test says: class "by-hand", one node. */
#ifndef HAND_BLOCK_H
#define HAND_BLOCK_H

#include "object/object.h"

#include <plugboard/backend.h>

struct hand_block {
    pb_dev *node;
    gint status;               /* atomic: what requests are answered with */
    gint submits;              /* atomic: how many came */
    uint32_t op, flags;        /* of the last one */
    gboolean hold;             /* until hand_block_answer() */
    struct pb_block_req *held; /* the last one that came meanwhile */
};
extern struct hand_block hand_block;

void hand_block_register(void);
void hand_block_answer(void); /* the held one, from a thread of the pool as all others */

#endif
