/* SPDX-License-Identifier: MIT */
/* plugboard/mem.h - regions, how a guest access reaches a device, and DMA.
 *
 * A device makes regions and publishes them; the manifest (or a bus) places them. RAM
 * belongs to the host, which saves it and tracks its dirty pages.
 */
#ifndef PLUGBOARD_MEM_H
#define PLUGBOARD_MEM_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_TXN_SECURE 1u
#define PB_TXN_USER 2u
#define PB_TXN_DEBUG 4u /* a debugger looks: no side effects, please */

/* One access, for devices that see who asks or that may fail. FROZEN. */
struct pb_txn {
    uint64_t off, val;
    uint32_t bytes, is_write;
    uint32_t requester; /* vCPU index or bus requester id */
    uint32_t attrs;     /* PB_TXN_* */
};
PB_FROZEN(struct pb_txn, 32);

#define PB_RO_BIG 1u       /* registers are big-endian */
#define PB_RO_UNALIGNED 2u /* callbacks take unaligned offsets */

/* The hot path: a CPU's software TLB caches {ops, opaque}, so that a guest access costs
 * one indirect call. Values are host-endian in the low `bytes` bytes, offsets relative to
 * the region. The host splits and widens between what the bus accepts and what the
 * callbacks take; an access outside min..max is a bus error to the guest. FROZEN. */
struct pb_region_ops {
    uint64_t (*read)(void *opaque, uint64_t off, uint32_t bytes);                 /* [dev] */
    void (*write)(void *opaque, uint64_t off, uint64_t val, uint32_t bytes);      /* [dev] */
    int (*access)(void *opaque, struct pb_txn *t); /* [dev] used instead, when set */
    uint8_t min, max;           /* what the bus accepts: 1, 2, 4, 8 bytes */
    uint8_t impl_min, impl_max; /* what the callbacks take */
    uint8_t flags, pad[3];      /* PB_RO_* */
};
PB_FROZEN(struct pb_region_ops, 32);

/* A mapped stretch of guest RAM. FROZEN. */
struct pb_window {
    uint64_t gpa, len;
    uint8_t *host;                /* valid while *gen == seen */
    const volatile uint32_t *gen; /* changes whenever the memory map does */
    uint32_t seen, writable;
};
PB_FROZEN(struct pb_window, 40);

#define PB_RAM_ROM 1u /* the guest may only read it */

#define PB_SVC_MEM "pb.mem/1"
struct pb_svc_mem {
    uint32_t size, reserved;
    /* Regions belong to the device and die with it. NULL and `e` on failure. [main] */
    pb_region *(*io)(pb_dev *d, const char *name, uint64_t len, const struct pb_region_ops *ops,
                     void *opaque, pb_err *e);
    pb_region *(*ram)(pb_dev *d, const char *name, uint64_t len, uint32_t flags, uint8_t **host,
                      pb_err *e);
    /* Reads come from RAM while the ROM mode is on (initially on), all else is I/O. */
    pb_region *(*rom_device)(pb_dev *d, const char *name, uint64_t len,
                             const struct pb_region_ops *ops, void *opaque, uint8_t **host,
                             pb_err *e);
    void (*rom_mode)(pb_region *r, uint32_t on); /* [dev] seen by the caller's vCPU at once */
    /* The device itself changed [off, off+len) of its RAM or ROM region: translations of
     * it are dropped. [dev] */
    void (*touched)(pb_region *r, uint64_t off, uint64_t len);
    pb_region *(*container)(pb_dev *d, const char *name, uint64_t len, pb_err *e);
    pb_region *(*alias)(pb_dev *d, const char *name, pb_region *of, uint64_t off, uint64_t len,
                        pb_err *e);
    /* Place `r` in `parent`; where regions overlap, the higher `prio` is seen. [main] */
    int (*place)(pb_region *parent, pb_region *r, uint64_t off, int32_t prio, pb_err *e);
    void (*unplace)(pb_region *r);             /* [main] */
    void (*enable)(pb_region *r, uint32_t on); /* [dev] publishes a new view */
    void (*move)(pb_region *r, uint64_t off);  /* [dev] publishes a new view */
    /* Offer `r` as region `i` of the class, for the manifest's reg= or the bus. [main] */
    int (*publish)(pb_dev *d, uint32_t i, pb_region *r, pb_err *e);

    /* DMA. as() is the view that the device's bus gives it. [any] */
    pb_as *(*as)(pb_dev *d);
    /* Copy. Partial transfers do not happen: PB_EFAULT and nothing written when any byte
     * is not reachable; PB_EREENTRY when MMIO is reached from inside an MMIO callback. */
    int (*read)(pb_as *as, uint64_t gpa, void *buf, uint64_t n);        /* [any] */
    int (*write)(pb_as *as, uint64_t gpa, const void *buf, uint64_t n); /* [any] */
    /* Direct pointer to RAM. PB_ENOTSUP when [gpa, gpa+len) is not one run of RAM (or ROM
     * when !write): then use read/write. [any] */
    int (*map)(pb_as *as, uint64_t gpa, uint64_t len, uint32_t write, struct pb_window *w);
    /* `dirtied` bytes at the start of the window were written: dirty bits are set and
     * translations of them dropped before this returns. [any] */
    void (*unmap)(pb_as *as, struct pb_window *w, uint64_t dirtied);
    /* The same without unmapping, for windows that stay (rings). [any] */
    void (*dirty)(pb_as *as, struct pb_window *w, uint64_t off, uint64_t len);
    /* A view of `of` with a gate, for a bus that lets its children's DMA through or not (see
     * pb_bus_parent.as). Shut at first: nothing is reachable. It belongs to `d`. [main] */
    pb_as *(*gate)(pb_dev *d, pb_as *of, pb_err *e);
    void (*gate_open)(pb_as *gate, uint32_t on); /* windows made before it are stale; [any] */
};

#ifdef __cplusplus
}
#endif
#endif
