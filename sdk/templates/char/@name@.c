/* SPDX-License-Identifier: MIT */
/* @name@.c - a character backend that answers in capitals.
 *
 *     -chardev @name@,id=c -serial chardev:c
 *
 * Bytes that the device does not take at once wait in a ring; when that is full, the device
 * waits: data() takes fewer bytes than it was given, and drained() tells it to go on.
 *
 * Not modelled: breaks and modem lines.
 */
#include <plugboard/backend.h>
#include <plugboard/plugin.h>

#include <pthread.h>
#include <stdio.h>

enum { RING = 4096 };

struct @ident@ {
    const struct pb_svc_char *chr;
    const struct pb_svc_thread *thread;
    pb_dev *node;
    pthread_mutex_t lock;
    uint8_t ring[RING];
    uint32_t first, n, waiting; /* waiting: the device was told to wait */
    uint64_t total;
};

/* Push what the device takes. On the main thread: never from inside data(). */
static void push(void *opaque)
{
    struct @ident@ *c = opaque;
    int told = 0;

    for (;;) {
        pthread_mutex_lock(&c->lock);
        uint32_t run = c->first + c->n > RING ? RING - c->first : c->n;
        uint32_t room = c->chr->device_room(c->node), k = run < room ? run : room;
        uint8_t chunk[256];
        k = k < sizeof chunk ? k : (uint32_t)sizeof chunk;
        for (uint32_t i = 0; i < k; i++)
            chunk[i] = c->ring[c->first + i];
        pthread_mutex_unlock(&c->lock);
        int taken = k ? c->chr->deliver(c->node, chunk, k) : 0;
        if (taken <= 0)
            break;
        pthread_mutex_lock(&c->lock);
        c->first = (c->first + (uint32_t)taken) % RING;
        c->n -= (uint32_t)taken;
        told |= (int)c->waiting;
        c->waiting = 0;
        pthread_mutex_unlock(&c->lock);
    }
    if (told)
        c->chr->drained(c->node);
}

static uint32_t room(void *self)
{
    struct @ident@ *c = self;

    pthread_mutex_lock(&c->lock);
    uint32_t r = RING - c->n;
    pthread_mutex_unlock(&c->lock);
    return r;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct @ident@ *c = self;
    uint32_t k = 0;

    pthread_mutex_lock(&c->lock);
    for (; k < n && c->n < RING; k++) {
        uint8_t x = buf[k];
        c->ring[(c->first + c->n++) % RING] = x >= 'a' && x <= 'z' ? (uint8_t)(x - 32) : x;
    }
    c->total += k;
    c->waiting |= k < n;
    pthread_mutex_unlock(&c->lock);
    c->thread->main_soon(c->node, push, c);
    return (int)k;
}

static int loud_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct @ident@ *c = self;

    (void)e;
    c->chr = h->get(h, PB_SVC_CHAR);
    c->thread = h->get(h, PB_SVC_THREAD);
    c->node = node;
    pthread_mutex_init(&c->lock, NULL);
    c->chr->on_accept(node, push, c);
    return PB_OK;
}

static void loud_close(void *self)
{
    struct @ident@ *c = self;

    pthread_mutex_destroy(&c->lock);
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct @ident@ *c = self;

    snprintf(buf, n, "%llu bytes answered", (unsigned long long)c->total);
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = room, .data = data};

static const struct pb_backend_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .doc = "answers in capitals",
    .instance_size = sizeof(struct @ident@), .ops = &ops, .open = loud_open,
    .close = loud_close, .describe = describe,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_CHAR, &@ident@}};
static const char *const needs[] = {PB_SVC_CHAR, PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "Character backend @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
