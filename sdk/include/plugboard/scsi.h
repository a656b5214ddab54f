/* SPDX-License-Identifier: MIT */
/* plugboard/scsi.h - SCSI: a logical unit, its bus, and a command on its way.
 *
 * A controller offers a child bus of kind PB_SCSI_BUS and provides PB_SCSI_HOST to what sits
 * there; each child is one logical unit and provides PB_SCSI_TARGET. SPC-4 and SAM-5; "5.6"
 * below is a section of SAM-5. The controller, and what it speaks to the guest, is the carrier.
 *
 * A command is a struct pb_scsi_req, of which many may be under way for one unit:
 *
 *     t->start(self, r)            looks at r->cdb: direction, length
 *     t->move(self, r, iov, …)     the carrier gives guest memory: once for all of it, or piece
 *                                  by piece when it has no scatter list
 *     r->moved(r), r->done(r)      when that took time
 *
 * start() and move() say by their result who is next. Nothing is called back from inside them,
 * so that a carrier may hold its locks.
 */
#ifndef PLUGBOARD_SCSI_H
#define PLUGBOARD_SCSI_H

#include <plugboard/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_SCSI_BUS "SCSI" /* kind of the bus; messages name it so */

/* The first properties of every unit's class, in this order: the bus reads them, chooses what
 * was left open and settles it. */
#define PB_SCSI_PROPS                                                                          \
    {.name = "channel", .doc = "which of the controller's buses", .def = "0",                  \
     .type = PB_T_UINT, .min = 0, .max = 255, .qemu_type = "uint32"},                          \
    {.name = "scsi-id", .doc = "target on it; -1 or nothing: a free one", .type = PB_T_INT,    \
     .min = -1, .max = 65535, .qemu_type = "uint32"},                                          \
    {.name = "lun", .doc = "logical unit of the target; -1 or nothing: a free one",            \
     .type = PB_T_INT, .min = -1, .max = 65535, .qemu_type = "uint32"}
enum { PB_SCSI_P_CHANNEL, PB_SCSI_P_ID, PB_SCSI_P_LUN, PB_SCSI_P_N };

enum { PB_SCSI_NONE, PB_SCSI_IN, PB_SCSI_OUT }; /* direction; IN is to the guest */
/* Task attributes, 8.6. A unit that cannot keep an order takes all as SIMPLE and says so in its
 * control mode page. */
enum { PB_SCSI_SIMPLE, PB_SCSI_ORDERED, PB_SCSI_HEAD, PB_SCSI_ACA };
/* Status, 5.3.1. */
enum { PB_SCSI_GOOD = 0x00, PB_SCSI_CHECK = 0x02, PB_SCSI_BUSY = 0x08, PB_SCSI_CONFLICT = 0x18,
       PB_SCSI_FULL = 0x28, PB_SCSI_ABORTED = 0x40 };
/* Who is next. */
enum { PB_SCSI_OVER,   /* status and sense are set; no callback follows */
       PB_SCSI_MORE,   /* the carrier: it calls move() with memory */
       PB_SCSI_LATER }; /* the unit: one callback follows */
enum { PB_SCSI_RESET_LUN, PB_SCSI_RESET_TARGET, PB_SCSI_RESET_BUS }; /* 6.3 */

#define PB_SCSI_CDB 32u
#define PB_SCSI_SENSE 96u

/* A command. The carrier embeds it in its own, fills the first part and keeps it in place until
 * it is over. */
struct pb_scsi_req {
    uint32_t size;              /* sizeof(struct pb_scsi_req) */
    uint32_t cdb_len;           /* bytes of cdb that came; the rest is zero */
    uint8_t cdb[PB_SCSI_CDB];
    uint64_t tag;               /* the carrier's */
    uint32_t attribute, flags;  /* PB_SCSI_SIMPLE …; flags 0 */
    /* The last piece has been used and there is room for the next. [io] */
    void (*moved)(struct pb_scsi_req *r);
    void (*done)(struct pb_scsi_req *r); /* over; never inside start() or move(). [io] */
    void *user;                          /* the carrier's */
    /* set by start() */
    uint32_t direction, unit; /* PB_SCSI_IN …; bytes that every piece but the last is a multiple
                                 of */
    uint64_t length;          /* bytes that the command moves in all */
    /* set when it is over */
    uint64_t gone;            /* bytes moved of these */
    uint32_t status, sense_len;
    uint8_t sense[PB_SCSI_SENSE];
    void *provider[6];        /* the unit's */
};

#define PB_SCSI_TARGET "pb.scsi-target/1"
struct pb_scsi_target { /* a logical unit; calls of one request come one after the other */
    uint32_t size;
    uint32_t type; /* peripheral device type, SPC-4 6.4.2 */
    /* A command came. OVER, MORE with direction and length, or LATER. [any] */
    uint32_t (*start)(void *self, struct pb_scsi_req *r);
    /* After MORE: the next bytes of the command's data, iov[n_iov], are there. The array stays
     * until the next step, and the unit may change it. [any] */
    uint32_t (*move)(void *self, struct pb_scsi_req *r, struct pb_iov *iov, uint32_t n_iov,
                     uint64_t bytes);
    /* After MORE: the carrier has no memory for the rest. The request is over when this returns,
     * and nothing has been done by halves that move() did not do. What is at the medium cannot be
     * taken back: after LATER the callback is waited for. [any] */
    void (*cancel)(void *self, struct pb_scsi_req *r);
    /* PB_SCSI_RESET_*: as after power on, but for the attention that tells. What is under way goes
     * on: the carrier waits for it and tells its driver that it was aborted. [any] */
    void (*reset)(void *self, uint32_t kind);
    /* An event of the carrier's is to be told as unit attention: additional sense code << 8 |
     * qualifier, such as 3f0e, REPORTED LUNS DATA HAS CHANGED. [any] */
    void (*attention)(void *self, uint32_t code);
};

#define PB_SCSI_HOST "pb.scsi-host/1"
struct pb_scsi_host { /* what the controller does for its units; `bus` is from pb_svc_bus.parent */
    uint32_t size, reserved;
    /* The unit `d` has a new attention, code as above: a controller with asynchronous events tells
     * the guest now, others need do nothing. [any] */
    void (*event)(void *bus, pb_dev *d, uint32_t code);
};

#ifdef __cplusplus
}
#endif
#endif
