/* SPDX-License-Identifier: MIT */
/* virtio-driver.h - a virtio driver for the bench: what a guest's driver does, step by step.
 *
 * Speaks the registers of virtio-mmio (VIRTIO 1.2, 4.2), by their names those of virtio-pci's
 * modern (4.1.4) and legacy (4.1.4.10) layouts too, and both ring layouts (2.7 split and
 * 2.8 packed), with scattered descriptors, indirect tables and completions in any order. A
 * test that wants a broken ring writes over the memory whose addresses are in vd_queue.
 */
#ifndef VIRTIO_DRIVER_H
#define VIRTIO_DRIVER_H

#include "pci-driver.h"

#include <plugboard/bench.h>
#include <plugboard/virtio.h>

#define VD_RAM 0x80000000ull
#define VD_RAM_LEN (1u << 20)
#define VD_QUEUES 20u
#define VD_NUM_MAX 1024u

/* Registers, 4.2.2. */
enum { VR_DeviceID = 0x08, VR_DeviceFeatures = 0x10, VR_DeviceFeaturesSel = 0x14,
       VR_DriverFeatures = 0x20, VR_DriverFeaturesSel = 0x24, VR_QueueSel = 0x30,
       VR_QueueNumMax = 0x34, VR_QueueNum = 0x38, VR_QueueReady = 0x44, VR_QueueNotify = 0x50,
       VR_InterruptStatus = 0x60, VR_InterruptACK = 0x64, VR_Status = 0x70,
       VR_GuestPageSize = 0x28, VR_QueueAlign = 0x3c, VR_QueuePFN = 0x40, /* 4.2.4 */
       VR_QueueDesc = 0x80, VR_QueueDriver = 0x90, VR_QueueDevice = 0xa0, VR_Config = 0x100 };
enum { VS_ACK = 1, VS_DRIVER = 2, VS_DRIVER_OK = 4, VS_FEATURES_OK = 8, VS_NEEDS_RESET = 64 };

struct vd_buf {
    uint64_t gpa;
    uint32_t len, write;
};

struct vd_queue {
    uint32_t num, packed, event_idx;
    uint64_t desc, driver, device;    /* guest addresses of the areas */
    uint16_t avail, last_used;        /* split: indices; packed: positions */
    uint16_t avail_wrap, used_wrap;   /* packed */
    uint16_t n_desc[VD_NUM_MAX];      /* ring descriptors of the chain with this id; 0: none */
    uint16_t next[VD_NUM_MAX];        /* split: our own copy of the links */
    uint8_t taken[VD_NUM_MAX];        /* split: descriptor is in a chain */
    uint32_t n_free;
};

struct vd {
    pbt *b;
    pb_dev *m;       /* virtio-mmio, or NULL: */
    struct pd *pci;  /* a function at `bdf` whose modern BAR is at `bar` */
    uint32_t bdf;
    uint64_t bar;
    uint32_t legacy; /* the driver is older than VIRTIO 1.0: `bar` is in I/O space */
    uint8_t *ram;
    uint64_t heap; /* next free byte of RAM */
    uint64_t features;
    uint64_t seed;
    struct vd_queue q[VD_QUEUES];
};

/* `m` is a virtio-mmio with its device; makes the bench's RAM unless `ram` is given. */
void vd_init(struct vd *v, pbt *b, pb_dev *m, uint8_t *ram);
/* The same for a function of `p`, set up by pd_setup(). */
void vd_init_pci(struct vd *v, struct pd *p, uint32_t bdf);
/* From here on by the I/O BAR, or the slot has force-legacy: feature bits below 32, split rings, over
 * PCI of the device's size. */
void vd_legacy(struct vd *v);
uint32_t vd_reg(struct vd *v, uint32_t off);
void vd_set(struct vd *v, uint32_t off, uint32_t val);
uint64_t vd_alloc(struct vd *v, uint32_t n, uint32_t align); /* zeroed guest memory */
uint8_t *vd_host(struct vd *v, uint64_t gpa);
uint64_t vd_offered(struct vd *v);
/* Reset, then everything up to FEATURES_OK; 1 when the device took the features. */
int vd_negotiate(struct vd *v, uint64_t features);
/* Make a queue ready; 1 when the device agrees. */
int vd_queue(struct vd *v, uint32_t q, uint32_t num);
/* The addresses given, whatever they are: for queues that must be refused. */
int vd_queue_at(struct vd *v, uint32_t q, uint32_t num, uint64_t desc, uint64_t driver,
                uint64_t device);
void vd_go(struct vd *v); /* DRIVER_OK */
/* Negotiate, n queues of `num`, DRIVER_OK. 1 when all went well. */
int vd_start(struct vd *v, uint64_t features, uint32_t n, uint32_t num);
/* Offer one chain; its id, or -1 when the ring has no room. Does not ring the bell. */
int vd_add(struct vd *v, uint32_t q, const struct vd_buf *buf, uint32_t n, int indirect);
void vd_kick(struct vd *v, uint32_t q); /* ring the bell, suppressed or not */
/* Next used chain: 1 with its id and length, 0 when none. */
int vd_used(struct vd *v, uint32_t q, uint32_t *id, uint32_t *len);

#endif
