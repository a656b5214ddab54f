/* SPDX-License-Identifier: MIT */
/* scsi-bus.h - the bus below a SCSI controller: who has which address, and what is answered for
 * units that are not there. SAM-5, SPC-4.
 *
 * The controller's instance begins with a struct scsi_bus; everything here is called within its
 * domain.
 *
 *     bus.c       addresses, coming and going, PB_BUS_PARENT, PB_SCSI_HOST
 *     absent.c    commands of the target itself: REPORT LUNS, and absent logical units
 */
#ifndef SCSI_BUS_H
#define SCSI_BUS_H

#include <plugboard/scsi.h>

#define SCSI_WELL_KNOWN UINT32_MAX /* as a LUN: the REPORT LUNS well known logical unit */

struct scsi_unit_at { /* a unit and where it sits */
    struct scsi_unit_at *next; /* by channel, target and LUN */
    pb_dev *dev;
    const struct pb_scsi_target *ops;
    void *self;
    uint32_t channel, target, lun;
};

struct scsi_bus {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_bus *bus;
    const struct pb_svc_prop *prop;
    const struct pb_svc_thread *thread;
    uint32_t max_channel, max_target, max_lun; /* the controller's limits */
    uint32_t own_target;                       /* its own address, which no unit has; or more */
    struct scsi_unit_at *units;
    /* The controller's, optional. */
    void (*came)(struct scsi_bus *b, const struct scsi_unit_at *u); /* [main] */
    void (*went)(struct scsi_bus *b, const struct scsi_unit_at *u); /* [main] */
    void (*event)(struct scsi_bus *b, pb_dev *d, uint32_t code);    /* [any] */
};

/* ---- bus.c ---- */
/* After its limits and callbacks were set. */
void scsi_bus_init(struct scsi_bus *b, pb_dev *d, const pb_host *h);
void scsi_bus_fini(struct scsi_bus *b);
/* The unit at that address; NULL: none. */
struct scsi_unit_at *scsi_bus_find(struct scsi_bus *b, uint32_t channel, uint32_t target,
                                   uint32_t lun);
uint32_t scsi_bus_has_target(struct scsi_bus *b, uint32_t channel, uint32_t target);
extern const struct pb_bus_parent scsi_bus_parent;
extern const struct pb_scsi_host scsi_host;

/* ---- absent.c ---- */
/* Is it for the target itself rather than for the unit that `u` is (NULL: none)? */
int scsi_absent_takes(const struct scsi_unit_at *u, const struct pb_scsi_req *r);
/* As start() of a unit. The answer is made at once, into buf[n]: the carrier hands out its first
 * r->length bytes and the request is over. */
void scsi_absent_start(struct scsi_bus *b, uint32_t channel, uint32_t target, uint32_t lun,
                       struct pb_scsi_req *r, uint8_t *buf, uint32_t n);

#endif
