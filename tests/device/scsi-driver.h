/* SPDX-License-Identifier: MIT */
/* scsi-driver.h - a virtio-scsi driver for the bench (VIRTIO 1.2, 5.6): commands, task management
 * and events, over virtio-driver.h. */
#ifndef SCSI_DRIVER_H
#define SCSI_DRIVER_H

#include "virtio-driver.h"

#define SCSI_DISK_BYTES (1u << 20)
#define SCSI_F_ALL 7ull /* INOUT, HOTPLUG, CHANGE */
enum { SCSI_CONTROL, SCSI_EVENTS, SCSI_REQUESTS };

struct sx { /* a bench with a host, and units below it */
    pbt *b;
    pb_dev *mmio, *host;
    struct vd v;
    uint32_t cdb_size, sense_size; /* as configured */
};

struct sx_call { /* a command offered */
    int id;
    uint64_t resp, data;
    uint32_t n, in;
};

struct sx_result {
    uint32_t sense_len, residual, status, response, len; /* len: of the used element */
    uint32_t sense; /* key << 16 | code << 8 | qualifier, 0: none */
    uint32_t info;  /* INFORMATION, when valid */
    uint8_t data[65536];
};

void sx_new(struct sx *s, const char *props); /* the host alone */
/* A disk of SCSI_DISK_BYTES behind it; its node is "K" and the name. */
pb_dev *sx_disk(struct sx *s, const char *cls, const char *name, const char *props);
uint8_t *sx_medium(struct sx *s, const char *name);
int sx_start(struct sx *s, uint64_t features, uint32_t num); /* to DRIVER_OK, events offered */
void sx_free(struct sx *s);

/* Offer a command with n bytes of data, `in` or out; does not ring. */
struct sx_call sx_offer(struct sx *s, uint32_t target, uint32_t lun, uint64_t tag,
                        const uint8_t *cdb, uint32_t cdb_len, const void *out, uint32_t n,
                        uint32_t in);
void sx_result(struct sx *s, const struct sx_call *c, struct sx_result *r);
/* Next command that is over; its id, or -1. */
int sx_over(struct sx *s, uint32_t *len);
/* The whole of it: response << 8 | status, or -1. */
int sx_do(struct sx *s, uint32_t target, uint32_t lun, const uint8_t *cdb, uint32_t cdb_len,
          const void *out, uint32_t n, uint32_t in, struct sx_result *r);
/* A task management function is asked; its response when it is over, else -1. */
struct sx_call sx_tmf(struct sx *s, uint32_t subtype, uint32_t target, uint32_t lun, uint64_t tag);
int sx_tmf_over(struct sx *s, const struct sx_call *c);
/* The next event: 1 with its words, 0 when none came. */
int sx_event(struct sx *s, uint32_t *event, uint32_t *target, uint32_t *lun, uint32_t *reason);
void sx_ready(struct sx *s, uint32_t target, uint32_t lun); /* takes all unit attentions */

#endif
