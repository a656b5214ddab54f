/* SPDX-License-Identifier: MIT */
/* disk.h - a SCSI unit on a bus: what the requests of disk.c and the classes of plugin.c share. */
#ifndef SCSI_DISK_H
#define SCSI_DISK_H

#include "scsi.h"

#include <plugboard/scsi.h>

#include <pthread.h>

struct task { /* a command under way */
    struct scsi_task t; /* first: its request's done() is ours */
    struct disk *d;
    struct pb_scsi_req *r;
    struct task *next; /* of those to be used again */
    struct pb_iov *iov; /* of VERIFY: the carrier's piece that is compared */
    uint32_t n_iov, reserved;
    uint64_t piece, at; /* bytes of it; compared */
    uint8_t buf[SCSI_SMALL];
};

struct disk {
    struct scsi_unit u;
    pb_dev *dev;
    const pb_host *h;
    const struct pb_scsi_host *host;
    void *bus;
    pthread_mutex_t lock; /* u, spare, under_way */
    struct task *spare;
    uint32_t under_way;   /* commands that wait for the node */
};

/* ---- disk.c ---- */
extern const struct pb_scsi_target hd_target, cd_target;
void disk_forget(struct disk *d); /* frees the spare tasks */

#endif
