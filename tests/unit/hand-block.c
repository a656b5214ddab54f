/* SPDX-License-Identifier: MIT */
/* hand-block.c - see hand-block.h. */
#include "hand-block.h"

#include "plugin/registry.h"
#include "thread/thread.h"

#include <plugboard/plugin.h>

struct hand_block hand_block;

static int info(void *self, struct pb_block_info *i)
{
    (void)self;
    i->align = 512;
    i->bytes = 1 << 20;
    i->ops = 0x3e;
    return PB_OK;
}

static void nothing(void *opaque)
{
    (void)opaque;
}

static void answer(void *opaque)
{
    struct pb_block_req *r = opaque;

    r->status = g_atomic_int_get(&hand_block.status);
    r->done(r);
}

static void submit(void *self, struct pb_block_req *r)
{
    (void)self;
    hand_block.op = r->op;
    hand_block.flags = r->flags;
    g_atomic_int_inc(&hand_block.submits);
    if (hand_block.hold)
        hand_block.held = r;
    else
        pb_pool_run(hand_block.node, nothing, answer, r);
}

void hand_block_answer(void)
{
    pb_pool_run(hand_block.node, nothing, answer, hand_block.held);
}

static int open_it(void *self, pb_dev *n, const pb_host *h, pb_err *e)
{
    (void)self, (void)h, (void)e;
    hand_block.node = n;
    return PB_OK;
}

static const struct pb_block_ops ops = {.size = sizeof ops, .info = info, .submit = submit};
static const struct pb_backend_class cls = {
    .size = sizeof cls, .id = "by-hand", .instance_size = 8, .ops = &ops, .open = open_it};
static const struct pb_class_ref classes[] = {{PB_CLASS_BLOCK, &cls}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .id = "test.by-hand", .classes = classes,
    .n_classes = 1};

void hand_block_register(void)
{
    pb_registry_add_static(&entry);
}
