/* SPDX-License-Identifier: MIT */
/* virtio-scsi.h - what the files of the virtio SCSI host share. VIRTIO 1.2, section 5.6.
 *
 *     virtio-scsi.c   the device: configuration, life
 *     request.c       request queues: commands          control.c   control queue: task management
 *     event.c         event queue
 */
#ifndef VIRTIO_SCSI_H
#define VIRTIO_SCSI_H

#include "scsi-bus.h"

#include <plugboard/virtio.h>

#include <pthread.h>

#define F_INOUT (1ull << 0)
#define F_HOTPLUG (1ull << 1)
#define F_CHANGE (1ull << 2)

enum { Q_CONTROL, Q_EVENT, Q_REQUEST }; /* the first request queue */
enum { S_OK, S_OVERRUN, S_ABORTED, S_BAD_TARGET, S_RESET, S_BUSY, S_TRANSPORT_FAILURE,
       S_TARGET_FAILURE, S_NEXUS_FAILURE, S_FAILURE, S_FUNCTION_SUCCEEDED, S_FUNCTION_REJECTED,
       S_INCORRECT_LUN }; /* 5.6.6.1, 5.6.6.2 */

#define SEG_MAX 254u
#define QUEUE_MAX 256u
#define CHAIN_MAX (SEG_MAX + 2) /* descriptors of a request */
#define MAX_QUEUES 16u          /* request queues */
#define MAX_TARGET 255u
#define MAX_LUN 16383u
#define CDB_SIZE 32u    /* defaults, 5.6.4 */
#define SENSE_SIZE 96u
#define CDB_SIZE_MAX 255u
#define SENSE_SIZE_MAX 65535u
#define EVENT_SIZE 16u
#define EVENTS_MAX 32u  /* that wait for the driver's buffers */

struct vscsi;

struct vreq { /* a command */
    struct pb_scsi_req s; /* first */
    struct vscsi *v;
    pb_vq *vq;
    struct vreq *next, **link; /* of those under way, or to be used again */
    struct pb_vchain c;
    uint64_t seq;
    const struct pb_scsi_target *ops; /* of its unit */
    void *unit;
    uint32_t target, lun;
    uint32_t instead;   /* response of one that was aborted; 0: as it ends */
    uint32_t resp_len;  /* of the writable part, its beginning */
    uint32_t n_out, n_in, out_bytes, in_bytes; /* data: out[n_out], in[n_in] */
    struct pb_iov iov[CHAIN_MAX], data[CHAIN_MAX];
};

struct tmf { /* a task management function that waits for requests */
    struct tmf *next;
    struct pb_vchain c;
    uint64_t before, id; /* those with smaller seq; with that tag */
    uint32_t by_id, by_lun, target, lun;
    struct pb_iov iov[CHAIN_MAX];
};

struct vscsi {
    struct scsi_bus bus; /* first */
    const struct pb_virtio *virtio;
    const struct pb_svc_time *time;
    void *transport;
    pb_timer *tell;       /* events are to be told: not while the machine stands */
    uint32_t n_queues, queue_size, hotplug, param_change, max_sectors, cmd_per_lun;
    uint32_t driver_ok;
    uint64_t features;
    pb_vq *vq[Q_REQUEST + MAX_QUEUES];
    pthread_mutex_t lock; /* the rings and all below */
    pthread_cond_t idle;  /* none is under way */
    struct vreq *under_way, *spare;
    struct tmf *tmfs;
    uint64_t seq;
    /* saved */
    uint32_t sense_size, cdb_size;
    uint32_t n_events, missed; /* event_*[n_events]; some found no room */
    uint32_t event_type[EVENTS_MAX], event_reason[EVENTS_MAX], event_target[EVENTS_MAX],
        event_lun[EVENTS_MAX];
    uint8_t scratch[16 + 8 * (MAX_LUN + 1)]; /* an answer of the target's */
};

/* Where an 8-byte LUN leads, 5.6.6.1: 1; 0: nowhere. */
int vscsi_lun(const uint8_t *b, uint32_t *target, uint32_t *lun);
/* Copy `n` bytes off the front of `count` entries; how many were there. */
uint32_t vscsi_take(struct pb_iov *v, uint32_t count, void *to, uint32_t n);
/* The reverse: the entries stay as they are. */
uint32_t vscsi_put(const struct pb_iov *v, uint32_t count, const void *from, uint32_t n);

/* ---- request.c ---- */
void vscsi_requests(struct vscsi *v, uint32_t q); /* the driver rang; [dev] */
void vscsi_wait(struct vscsi *v); /* until none is under way */
void vscsi_forget(struct vscsi *v);

/* ---- control.c; `lock` is held ---- */
void vscsi_control(struct vscsi *v); /* [dev] */
void vscsi_tmfs_check(struct vscsi *v); /* a request that was aborted is over */

/* ---- event.c ---- */
void vscsi_came(struct scsi_bus *b, const struct scsi_unit_at *u);
void vscsi_went(struct scsi_bus *b, const struct scsi_unit_at *u);
void vscsi_event(struct scsi_bus *b, pb_dev *d, uint32_t code);
void vscsi_tell(void *opaque); /* what waits, as far as there are buffers; [dev] */

#endif
