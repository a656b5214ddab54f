/* SPDX-License-Identifier: MIT */
/* transport.h - what every virtio transport does alike: status, features, queues, and the
 * service that the device on the bus uses. A transport (mmio.c, pci.c) embeds struct transport
 * as its instance's first member and says how an interrupt is raised. */
#ifndef VIRTIO_TRANSPORT_H
#define VIRTIO_TRANSPORT_H

#include "queue.h"

/* Device status, 2.1. */
#define ST_ACKNOWLEDGE 1u
#define ST_DRIVER 2u
#define ST_DRIVER_OK 4u
#define ST_FEATURES_OK 8u
#define ST_NEEDS_RESET 64u
#define ST_FAILED 128u

/* Interrupt causes, 4.2.2 InterruptStatus. */
#define INT_QUEUE 1u
#define INT_CONFIG 2u

struct transport {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_mem *mem;
    const struct pb_svc_bus *bus;
    const struct pb_svc_thread *thread;
    pb_as *as;
    /* `queue` counts for INT_QUEUE. [any] */
    void (*interrupt)(struct transport *t, uint32_t cause, uint32_t queue);
    uint64_t offer_mask; /* transport features the user left on */
    uint64_t extra;      /* more features, of this transport */
    uint32_t legacy;     /* the driver speaks the legacy interface, 1.3 */
    /* The device on the bus; NULL: an empty slot. */
    pb_dev *child;
    const struct pb_virtio_dev *ops;
    void *self;
    uint32_t status;     /* atomic: broken() may come from a worker */
    uint32_t generation; /* atomic: of the device configuration */
    uint64_t features;   /* what the driver accepted */
    uint64_t driver_features;
    uint32_t n_queues;
    struct pb_vq *vq; /* [VQ_MAX_QUEUES], made for the first device; an empty slot has none */
};

int transport_init(struct transport *t, pb_dev *d, const pb_host *h, pb_err *e);
void transport_fini(struct transport *t);
int transport_attach(struct transport *t, pb_dev *child, pb_err *e); /* [main] */
void transport_detach(struct transport *t);                          /* [main] */
uint64_t transport_offered(struct transport *t); /* all features, device's and ours */
void transport_reset(struct transport *t);       /* [dev] */
void transport_set_status(struct transport *t, uint32_t v); /* [dev] */
void transport_queue_ready(struct transport *t, uint32_t q, uint32_t on); /* [dev] */
/* The legacy interface, 4.1.4.10: features without an end, no FEATURES_OK, one address for a
 * whole queue. [dev] */
void transport_legacy_features(struct transport *t, uint32_t v);
void transport_legacy_status(struct transport *t, uint32_t v);
void transport_legacy_queue(struct transport *t, uint32_t q, uint64_t gpa, uint32_t align);
void transport_kick(struct transport *t, uint32_t q);       /* [dev] */
int transport_save(struct transport *t, pb_state *s, pb_err *e);
int transport_load(struct transport *t, pb_state *s, pb_err *e);

extern const struct pb_virtio transport_service; /* PB_VIRTIO; self: struct transport */

#endif
