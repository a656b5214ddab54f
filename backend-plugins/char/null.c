/* SPDX-License-Identifier: MIT */
/* null.c - a character backend that swallows everything and says nothing.
 * Not modelled: nothing.
 */
#include "fdio.h"

static uint32_t null_room(void *self)
{
    (void)self;
    return UINT32_MAX;
}

static int null_data(void *self, const uint8_t *buf, uint32_t n)
{
    (void)self;
    (void)buf;
    return (int)n;
}

static int null_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    (void)self;
    (void)node;
    (void)h;
    (void)e;
    return PB_OK;
}

static void null_close(void *self)
{
    (void)self;
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = null_room, .data = null_data};

const struct pb_backend_class char_null = {
    .size = sizeof char_null,
    .id = "null",
    .doc = "swallows all output",
    .instance_size = 1,
    .ops = &ops,
    .open = null_open,
    .close = null_close,
};
