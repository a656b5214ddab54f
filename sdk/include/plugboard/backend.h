/* SPDX-License-Identifier: MIT */
/* plugboard/backend.h - backends: what a device talks to on the host.
 *
 * A backend is a node in the object tree with properties like a device's. Devices (and
 * filters above a node) see only the kind's service, never which driver is behind it.
 */
#ifndef PLUGBOARD_BACKEND_H
#define PLUGBOARD_BACKEND_H

#include <plugboard/abi.h>
#include <plugboard/host.h>
#include <plugboard/prop.h>
#include <plugboard/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_BACKEND_FORMAT 1u   /* block: a format over a protocol node, may be probed */
#define PB_BACKEND_PROTOCOL 2u /* block: takes a file name, the end of a chain */

struct pb_backend_class {
    uint32_t size, flags; /* PB_BACKEND_* */
    const char *id;       /* what driver= or -netdev TYPE takes: "qcow2", "user" */
    const char *const *aliases; /* NULL-ended, or NULL */
    const char *doc;            /* one line */
    const struct pb_prop *props;
    uint32_t n_props, instance_size; /* the host allocates it, zeroed */
    const void *ops;                 /* struct pb_{block,net,char,fs}_ops by class kind */
    /* `node` is a device handle: services for properties, threads and time take it. */
    int (*open)(void *self, pb_dev *node, const pb_host *h, pb_err *e); /* [main] */
    void (*close)(void *self); /* [main] after every request came back */
    /* One line for `info block`, `info chardev`, …: "disk.img (raw)". [main] optional */
    void (*describe)(void *self, char *buf, uint32_t n);
    /* A monitor command for this node ("hostfwd_add" "tcp::22-:22", "usernet" ""): its text
     * goes to out[n]. PB_ENOTSUP: not known here. [main] optional */
    int (*command)(void *self, const char *verb, const char *arg, char *out, uint32_t n,
                   pb_err *e);
};

/* ---- Block ------------------------------------------------------------------------- */

enum { PB_BLK_READ = 1, PB_BLK_WRITE, PB_BLK_FLUSH, PB_BLK_DISCARD, PB_BLK_ZERO };
#define PB_BLK_FUA 1u        /* flags: on stable storage when done */
#define PB_BLK_MAY_UNMAP 2u  /* flags of ZERO: holes are welcome */
#define PB_BLK_REPORT 4u     /* flags: an error comes back whatever the drive's werror= and rerror=
                                say: of whoever drains before the machine runs. ABI 1.1 */

/* A request; the submitter's until done(). It may be embedded in a larger struct. A filter
 * that passes a request down submits one of its own. */
struct pb_block_req {
    uint32_t size, op;      /* sizeof(struct pb_block_req), PB_BLK_* */
    uint64_t offset, bytes; /* multiples of info.align, within info.bytes: the host checks */
    struct pb_iov *iov;     /* iov[n_iov], sum of len == bytes for READ and WRITE */
    uint32_t n_iov, flags;
    int32_t status;         /* PB_OK or PB_E*, set before done() */
    uint32_t reserved;
    void (*done)(struct pb_block_req *r); /* [io] exactly once, never inside submit() */
    void *user;                           /* the submitter's */
    void *provider[4];                    /* the provider's */
    void *host[2];                        /* the host's */
};
struct pb_block_info {
    uint32_t size, align; /* bytes, a power of two, 512 at least */
    uint64_t bytes;       /* length of the medium */
    uint32_t ops;         /* 1 << PB_BLK_* of what is supported */
    uint32_t max_iov, read_only, max_bytes; /* 0: no limit */
};
struct pb_block_ops { /* provider */
    uint32_t size, reserved;
    int (*info)(void *self, struct pb_block_info *i);        /* [any] */
    void (*submit)(void *self, struct pb_block_req *r);      /* [any] */
    /* How sure, 0..100, that `head` (n bytes of the start) is of this format. [main] */
    uint32_t (*probe)(const void *head, uint32_t n, const char *name);
    int (*resize)(void *self, uint64_t bytes, pb_err *e); /* [main] optional */
    /* The host's file that holds exactly this medium, for drivers whose library opens files
     * itself; lives with the node. NULL: there is none. [main] optional */
    const char *(*filename)(void *self);
};
#define PB_SVC_BLOCK "pb.block/1"
struct pb_svc_block { /* consumer */
    uint32_t size, reserved;
    int (*info)(pb_block *b, struct pb_block_info *i);   /* [any]; PB_ENOENT: no medium */
    void (*submit)(pb_block *b, struct pb_block_req *r); /* [any] out-of-range and write to
                                        read-only come back through done() like all else */
    void (*drain)(pb_block *b);                          /* [main] wait for all in flight */
    /* Told when the medium comes, goes or grows. [main] */
    void (*on_change)(pb_block *b, void (*fn)(void *self), void *self);
    const char *(*id)(pb_block *b); /* node name, for serial numbers and messages */
    const char *(*filename)(pb_block *b); /* see pb_block_ops.filename; [main] */
};

/* Offered by a device whose drive= may lose its medium and get another while the machine runs: a CD
 * drive. on_change() tells of the exchange; before it the device is asked. ABI 1.1. */
#define PB_MEDIA "pb.media/1"
struct pb_media {
    uint32_t size, reserved;
    uint32_t (*locked)(void *self); /* the guest wants to keep it; [main] */
    void (*ask)(void *self);        /* the user wants it out: the guest is told; [main] */
};

/* ---- Network ----------------------------------------------------------------------- */

#define PB_NET_VNET_HDR 1u /* flags: a struct virtio_net_hdr (12 bytes) precedes the frame */

struct pb_net_ops { /* both ends of the wire */
    uint32_t size, reserved;
    /* One whole frame, v[n]. Bytes taken, or PB_EAGAIN: ready() of the peer will follow.
     * The data is the caller's after return. [io] */
    int (*frame)(void *self, const struct pb_iov *v, uint32_t n, uint32_t flags);
    void (*ready)(void *self);             /* [io] the peer takes frames again */
    void (*link)(void *self, uint32_t up); /* [main] */
    /* The backend's: bytes of the largest TCP segment, with its headers, that it takes from the
     * device, whatever the MSS is; 0: what a network would carry. Since ABI 1.1. */
    uint32_t largest, reserved2;
};
#define PB_SVC_NET "pb.net/1"
struct pb_svc_net { /* [any] unless marked */
    uint32_t size, reserved;
    /* Device side: who gets frames from the wire. NULL detaches and waits. [main] */
    int (*attach)(pb_net *n, const struct pb_net_ops *device, void *self);
    int (*to_wire)(pb_net *n, const struct pb_iov *v, uint32_t cnt, uint32_t flags);
    void (*resume)(pb_net *n); /* the device takes frames again after PB_EAGAIN */
    /* Backend side: deliver to the attached device. */
    int (*to_device)(pb_dev *node, const struct pb_iov *v, uint32_t cnt, uint32_t flags);
    void (*wire_ready)(pb_dev *node); /* the backend takes frames again after PB_EAGAIN */
    uint32_t (*largest)(pb_net *n); /* device side: the backend's. Since ABI 1.1 */
};

/* ---- Character --------------------------------------------------------------------- */

enum { PB_CHR_BREAK = 1, PB_CHR_OPENED, PB_CHR_CLOSED };

struct pb_char_ops { /* both ends */
    uint32_t size, reserved;
    uint32_t (*room)(void *self); /* bytes that data() takes now; [any] */
    /* Up to room() bytes; returns how many were taken. Device side: [io]; it enters its
     * domain itself. Backend side: [any]. */
    int (*data)(void *self, const uint8_t *buf, uint32_t n);
    /* PB_CHR_*; optional. To a backend: CLOSED, it ends its connection. [main] */
    void (*event)(void *self, uint32_t ev);
};
#define PB_SVC_CHAR "pb.char/1"
struct pb_svc_char {
    uint32_t size, reserved;
    int (*attach)(pb_char *c, const struct pb_char_ops *device, void *self); /* [main] */
    /* Device to backend. Takes up to n bytes; 0 when it must wait: drained() follows. [any] */
    int (*write)(pb_char *c, const uint8_t *buf, uint32_t n);
    void (*on_drained)(pb_char *c, void (*fn)(void *self), void *self); /* fn [io] */
    void (*accept)(pb_char *c); /* the device's room() grew; [any] */
    /* Backend to device: returns bytes taken; keeps none. [any] */
    int (*deliver)(pb_dev *node, const uint8_t *buf, uint32_t n);
    uint32_t (*device_room)(pb_dev *node);        /* [any] */
    /* The device's room() grew: `fn` of the node is called. [main], once at open */
    void (*on_accept)(pb_dev *node, void (*fn)(void *self), void *self);
    void (*drained)(pb_dev *node);                /* backend takes bytes again; [any] */
    void (*send_event)(pb_dev *node, uint32_t ev); /* backend to device; [any] */
};

/* ---- File share -------------------------------------------------------------------- */

/* 9P2000.L messages as defined by the Linux kernel's 9p documentation: the share speaks
 * whole T-messages and answers R-messages, so a new operation is payload, not ABI. */
struct pb_fs_ops {
    uint32_t size, reserved;
    /* out[n_out] holds one T-message; the R-message is written to in[n_in]. done() tells
     * its length, or PB_E* when even Rlerror does not fit. Exactly once, [io], never
     * inside submit(). Concurrent submits are allowed. [any] */
    void (*submit)(void *self, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                   uint32_t n_in, void (*done)(void *user, int32_t n), void *user);
    void (*reset)(void *self); /* forget every fid; nothing is in flight; [any] */
};
#define PB_SVC_FS "pb.fs/1"
struct pb_svc_fs {
    uint32_t size, reserved;
    void (*submit)(pb_fs *f, const struct pb_iov *out, uint32_t n_out, const struct pb_iov *in,
                   uint32_t n_in, void (*done)(void *user, int32_t n), void *user); /* [any] */
    void (*reset)(pb_fs *f); /* when nothing is in flight; [any] */
};

#ifdef __cplusplus
}
#endif
#endif
