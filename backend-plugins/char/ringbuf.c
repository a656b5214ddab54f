/* SPDX-License-Identifier: MIT */
/* ringbuf.c - the last bytes of output, kept in memory; old bytes make room for new ones.
 * The node's command "ringbuf_read" gives the newest that fit, zero bytes as spaces.
 * Not modelled: input (ringbuf_write).
 */
#include <plugboard/backend.h>

#include "fdio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct pb_prop props[] = {
    {.name = "size", .doc = "bytes kept, a power of two", .def = "64K", .type = PB_T_SIZE,
     .min = 16, .max = 1 << 30},
};

struct ringbuf {
    pthread_mutex_t lock;
    uint8_t *buf;
    uint64_t size, produced;
};

static uint32_t ring_room(void *self)
{
    (void)self;
    return UINT32_MAX;
}

static int ring_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct ringbuf *r = self;

    pthread_mutex_lock(&r->lock);
    for (uint32_t i = 0; i < n; i++)
        r->buf[r->produced++ & (r->size - 1)] = buf[i];
    pthread_mutex_unlock(&r->lock);
    return (int)n;
}

static int ring_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct ringbuf *r = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);

    r->size = (uint64_t)prop->get_int(node, 0);
    if (r->size & (r->size - 1))
        return h->fail(e, PB_EINVAL, "size of a ringbuf must be a power of two");
    r->buf = malloc(r->size);
    if (!r->buf)
        return h->fail(e, PB_ENOMEM, "no memory for the ringbuf");
    pthread_mutex_init(&r->lock, NULL);
    return PB_OK;
}

static void ring_close(void *self)
{
    struct ringbuf *r = self;
    free(r->buf);
    pthread_mutex_destroy(&r->lock);
}

static void ring_describe(void *self, char *buf, uint32_t n)
{
    struct ringbuf *r = self;
    snprintf(buf, n, "ringbuf (%llu bytes so far)", (unsigned long long)r->produced);
}

static int ring_command(void *self, const char *verb, const char *arg, char *out, uint32_t n,
                        pb_err *e)
{
    struct ringbuf *r = self;

    (void)arg;
    (void)e;
    if (strcmp(verb, "ringbuf_read") || !n)
        return PB_ENOTSUP;
    pthread_mutex_lock(&r->lock);
    uint64_t have = r->produced < r->size ? r->produced : r->size;
    uint32_t k = 0;
    for (uint64_t at = r->produced - (have < n - 1 ? have : n - 1); at < r->produced; at++) {
        char c = (char)r->buf[at & (r->size - 1)];
        out[k++] = c ? c : ' ';
    }
    out[k] = 0;
    pthread_mutex_unlock(&r->lock);
    return PB_OK;
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = ring_room, .data = ring_data};

const struct pb_backend_class char_ringbuf = {
    .size = sizeof char_ringbuf,
    .id = "ringbuf",
    .aliases = (const char *const[]){"memory", NULL},
    .doc = "the last output, in memory",
    .props = props,
    .n_props = 1,
    .instance_size = sizeof(struct ringbuf),
    .ops = &ops,
    .open = ring_open,
    .close = ring_close,
    .describe = ring_describe,
    .command = ring_command,
};
