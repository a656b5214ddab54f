/* SPDX-License-Identifier: MIT */
/* plugboard/virtio.h - the virtio bus: one device, any transport (mmio now, PCI later).
 *
 * A transport offers a child bus of kind "virtio-bus" and provides PB_VIRTIO to the child.
 * A virtio device sits on that bus and provides PB_VIRTIO_DEV. VIRTIO 1.2 throughout;
 * "5.2" below is a section of it. The rings belong to the transport: it checks every index
 * and length, a device sees only iovecs in guest RAM.
 */
#ifndef PLUGBOARD_VIRTIO_H
#define PLUGBOARD_VIRTIO_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_VIRTIO_BUS "virtio-bus"

#define PB_VIRTIO_DEV "pb.virtio.dev/1"
struct pb_virtio_dev { /* what the device is; the transport calls it */
    uint32_t size;
    uint32_t device_id;  /* section 5 */
    uint32_t config_len; /* bytes of device configuration */
    uint32_t queue_max;  /* largest queue size offered, a power of two */
    uint64_t (*features)(void *self);                  /* offered, device part; [main] */
    uint32_t (*n_queues)(void *self);                  /* [main] */
    void (*accepted)(void *self, uint64_t features);   /* FEATURES_OK was set; [dev] */
    /* DRIVER_OK was set (1) or the device was reset (0): on 0 the device gives up every
     * chain it still holds before it returns. [dev] */
    void (*running)(void *self, uint32_t on);
    /* The driver rang queue `q`. On the device's worker when it named one for the queue,
     * else [dev]. */
    void (*kick)(void *self, uint32_t q);
    void (*config_read)(void *self, uint32_t off, void *buf, uint32_t n);        /* [dev] */
    void (*config_write)(void *self, uint32_t off, const void *buf, uint32_t n); /* [dev] */
    /* Largest size of queue `q`, a power of two, where that is not queue_max. ABI 1.1; NULL: it
     * is everywhere. Asked once, after realize. [main] */
    uint32_t (*queue_size)(void *self, uint32_t q);
};

/* A popped descriptor chain. The caller gives iov[max_iov]; pop() fills it: first n_out
 * readable entries (driver to device), then n_in writable ones. */
struct pb_vchain {
    struct pb_iov *iov; /* point straight into guest RAM until push() */
    uint32_t max_iov;
    uint32_t n_out, n_in;
    uint32_t out_bytes, in_bytes;
    uint32_t head;       /* the transport's */
    uint32_t reserved[3]; /* the transport's */
};

#define PB_VIRTIO "pb.virtio/1"
struct pb_virtio { /* what the transport does for its device; `bus` is from pb_svc_bus.parent */
    uint32_t size, reserved;
    pb_vq *(*queue)(void *bus, uint32_t q); /* handle, valid while the device lives; [main] */
    /* Calls for one queue come from one thread at a time. */
    /* Next chain: 1; 0 when empty; PB_EFAULT when the guest broke the ring: the device now
     * needs a reset (2.1.2), stop using the queue. [any] */
    int (*pop)(pb_vq *q, struct pb_vchain *c);
    void (*unpop)(pb_vq *q, const struct pb_vchain *c); /* undo the last pop */
    /* Give a chain back; `written` bytes of its writable part, from its start. [any] */
    void (*push)(pb_vq *q, const struct pb_vchain *c, uint32_t written);
    void (*notify)(pb_vq *q);                 /* interrupt unless suppressed; [any] */
    void (*want_kicks)(pb_vq *q, uint32_t on); /* ring notification suppression; [any] */
    uint32_t (*ready)(pb_vq *q);               /* is the queue set up? [any] */
    void (*config_changed)(void *bus);        /* [any] */
    void (*broken)(void *bus, const char *why); /* set DEVICE_NEEDS_RESET; [any] */
    uint64_t (*features)(void *bus);            /* negotiated; [any] */
    /* Kicks of queue `q` go to this worker instead of [dev]. [main] in realize */
    void (*kick_worker)(void *bus, uint32_t q, pb_worker *w);
};

/* Transport-independent feature bits, section 6. */
#define PB_VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define PB_VIRTIO_F_EVENT_IDX (1ull << 29)
#define PB_VIRTIO_F_VERSION_1 (1ull << 32)
#define PB_VIRTIO_F_ACCESS_PLATFORM (1ull << 33)
#define PB_VIRTIO_F_RING_PACKED (1ull << 34)
#define PB_VIRTIO_F_IN_ORDER (1ull << 35)
#define PB_VIRTIO_F_ORDER_PLATFORM (1ull << 36)

#ifdef __cplusplus
}
#endif
#endif
