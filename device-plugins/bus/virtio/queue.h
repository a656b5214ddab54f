/* SPDX-License-Identifier: MIT */
/* queue.h - virtqueues: what split.c and packed.c share.
 *
 * VIRTIO 1.2, sections 2.6 to 2.8. The rings live in guest RAM and the guest may change any
 * byte at any time: every value is read once, by an atomic load, and checked before use.
 * A broken ring marks the queue broken and the device as needing a reset (2.1.2).
 */
#ifndef VIRTIO_QUEUE_H
#define VIRTIO_QUEUE_H

#include <plugboard/device.h>
#include <plugboard/virtio.h>

#define VQ_MAX_SIZE 32768u /* section 2.6 */
#define VQ_MAX_QUEUES 64u

/* Descriptor flags, 2.6.5 and 2.7.1. */
#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u
#define DESC_AVAIL (1u << 7)
#define DESC_USED (1u << 15)

struct desc { /* split and indirect: 2.6.5 */
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};
struct pdesc { /* packed: 2.7.13 */
    uint64_t addr;
    uint32_t len;
    uint16_t id, flags;
};

struct transport;

/* Writable stretches of one chain under way, marked dirty when it is pushed. */
struct held {
    uint32_t n, cap;
    struct pb_window *w;
};

struct pb_vq {
    struct transport *t;
    uint32_t index, max; /* max: largest size there is */
    /* As the driver set them. */
    uint32_t num, ready;
    uint64_t desc_gpa, driver_gpa, device_gpa;
    /* Ring memory; valid while ready. */
    struct pb_window desc_w, driver_w, device_w;
    uint32_t packed, event_idx, indirect, broken, kicks_off;
    /* split: next index of the avail ring; packed: position and wrap counter */
    uint16_t last_avail, used_idx, signalled, signalled_valid;
    uint16_t avail_wrap, used_wrap;
    struct held *held; /* by head (split) or buffer id (packed); [n_held] */
    uint32_t n_held;   /* num when the queue was made ready: the driver may change num */
    pb_worker *worker;
};

/* ---- queue.c ------------------------------------------------------------------------ */

/* Map the rings of a queue that the driver made ready. 0, or PB_EFAULT when the driver gave
 * sizes or addresses that cannot be. */
int vq_start(struct pb_vq *q);
/* The same for one that a saved state has at work: its next use maps the rings. The guest may have
 * put them out of reach meanwhile, as by Bus Master, and its state loads all the same. */
int vq_resume(struct pb_vq *q);
void vq_stop(struct pb_vq *q); /* forget the rings and every chain */
void vq_free(struct pb_vq *q);
/* Say why and mark the device; returns PB_EFAULT. */
int vq_break(struct pb_vq *q, const char *why);
/* Are the windows still those of today's memory map? Maps them again when not. */
int vq_current(struct pb_vq *q);
/* Add one buffer to the chain being built. 0 or PB_EFAULT (then the queue is broken). */
int vq_add(struct pb_vq *q, struct pb_vchain *c, struct held *h, uint64_t gpa, uint32_t len,
           uint32_t writable);
/* Add the buffers of an indirect table. */
int vq_indirect(struct pb_vq *q, struct pb_vchain *c, struct held *h, uint64_t gpa, uint32_t len);
/* The chain's written bytes are about to become visible: dirty marks and code checks. */
void vq_dirty(struct pb_vq *q, struct held *h, uint32_t written);

/* ---- split.c, packed.c --------------------------------------------------------------- */

int split_pop(struct pb_vq *q, struct pb_vchain *c);
void split_unpop(struct pb_vq *q);
void split_push(struct pb_vq *q, const struct pb_vchain *c, uint32_t written);
uint32_t split_wants_interrupt(struct pb_vq *q);
void split_want_kicks(struct pb_vq *q, uint32_t on);
int packed_pop(struct pb_vq *q, struct pb_vchain *c);
void packed_unpop(struct pb_vq *q, const struct pb_vchain *c);
void packed_push(struct pb_vq *q, const struct pb_vchain *c, uint32_t written);
uint32_t packed_wants_interrupt(struct pb_vq *q);
void packed_want_kicks(struct pb_vq *q, uint32_t on);

/* A descriptor of a table that may lie anywhere (indirect ones): each field is read once. */
static inline uint64_t ld_any(const volatile uint8_t *p, uint32_t bytes)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

/* Guest memory, little-endian, one access. */
static inline uint16_t ld16(const volatile void *p)
{
    return __atomic_load_n((const volatile uint16_t *)p, __ATOMIC_RELAXED);
}
static inline uint32_t ld32(const volatile void *p)
{
    return __atomic_load_n((const volatile uint32_t *)p, __ATOMIC_RELAXED);
}
static inline uint64_t ld64(const volatile void *p)
{
    return __atomic_load_n((const volatile uint64_t *)p, __ATOMIC_RELAXED);
}
static inline void st16(volatile void *p, uint16_t v)
{
    __atomic_store_n((volatile uint16_t *)p, v, __ATOMIC_RELAXED);
}
static inline void st32(volatile void *p, uint32_t v)
{
    __atomic_store_n((volatile uint32_t *)p, v, __ATOMIC_RELAXED);
}

#endif
