/* SPDX-License-Identifier: MIT */
/* control.c - control queue: task management and asynchronous notification. VIRTIO 1.2, 5.6.6.2;
 * SAM-5, chapter 7.
 *
 * What is at the medium cannot be taken back. A function that aborts requests is answered when the
 * last of them is over; they get the response ABORTED or RESET whatever became of them.
 */
#include "virtio-scsi.h"

#include <stdlib.h>
#include <string.h>

enum { T_TMF, T_AN_QUERY, T_AN_SUBSCRIBE };
enum { ABORT_TASK, ABORT_TASK_SET, CLEAR_ACA, CLEAR_TASK_SET, I_T_NEXUS_RESET, LOGICAL_UNIT_RESET,
       QUERY_TASK, QUERY_TASK_SET };
#define TMF_LEN 24u /* type, subtype, lun[8], id */
#define AN_LEN 16u  /* type, lun[8], event_requested */

static int covers(const struct tmf *f, const struct vreq *r)
{
    return r->seq < f->before && r->target == f->target && (!f->by_lun || r->lun == f->lun) &&
           (!f->by_id || r->s.tag == f->id);
}

static uint32_t count(struct vscsi *v, const struct tmf *f)
{
    uint32_t n = 0;

    for (const struct vreq *r = v->under_way; r; r = r->next)
        n += (uint32_t)covers(f, r);
    return n;
}

static void answer(struct vscsi *v, struct pb_vchain *c, const void *what, uint32_t n)
{
    vscsi_put(c->iov + c->n_out, c->n_in, what, n);
    v->virtio->push(v->vq[Q_CONTROL], c, n);
    v->virtio->notify(v->vq[Q_CONTROL]);
}

static void reply(struct vscsi *v, struct tmf *f, uint8_t response)
{
    answer(v, &f->c, &response, 1);
    free(f);
}

void vscsi_tmfs_check(struct vscsi *v)
{
    for (struct tmf **at = &v->tmfs; *at;) {
        struct tmf *f = *at;
        if (count(v, f)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        reply(v, f, S_OK);
    }
}

static void abort_all(struct vscsi *v, struct tmf *f, uint32_t response)
{
    for (struct vreq *r = v->under_way; r; r = r->next)
        if (covers(f, r) && !r->instead)
            r->instead = response;
    f->next = v->tmfs;
    v->tmfs = f;
    vscsi_tmfs_check(v);
}

static void reset_units(struct vscsi *v, const struct tmf *f, uint32_t kind)
{
    for (struct scsi_unit_at *u = v->bus.units; u; u = u->next)
        if (u->target == f->target && (!f->by_lun || u->lun == f->lun))
            u->ops->reset(u->self, kind);
}

static void tmf(struct vscsi *v, struct tmf *f, uint32_t subtype, const uint8_t *lun)
{
    f->by_lun = subtype != I_T_NEXUS_RESET;
    f->by_id = subtype == ABORT_TASK || subtype == QUERY_TASK;
    if (!vscsi_lun(lun, &f->target, &f->lun) || !scsi_bus_has_target(&v->bus, 0, f->target)) {
        reply(v, f, S_BAD_TARGET);
        return;
    }
    if (f->by_lun && !scsi_bus_find(&v->bus, 0, f->target, f->lun)) {
        reply(v, f, S_INCORRECT_LUN);
        return;
    }
    switch (subtype) {
    case ABORT_TASK:
    case ABORT_TASK_SET:
    case CLEAR_TASK_SET: /* there is one initiator */
        abort_all(v, f, S_ABORTED);
        break;
    case I_T_NEXUS_RESET:
    case LOGICAL_UNIT_RESET:
        reset_units(v, f, subtype == LOGICAL_UNIT_RESET ? PB_SCSI_RESET_LUN : PB_SCSI_RESET_TARGET);
        abort_all(v, f, S_RESET);
        break;
    case QUERY_TASK:
    case QUERY_TASK_SET:
        reply(v, f, count(v, f) ? S_FUNCTION_SUCCEEDED : S_OK);
        break;
    default: /* CLEAR ACA: no unit is ever in that state */
        reply(v, f, S_FUNCTION_REJECTED);
    }
}

/* 1 taken; 0 the queue is empty or broken. */
static int one(struct vscsi *v)
{
    struct tmf *f = malloc(sizeof *f);
    uint8_t head[TMF_LEN] = {0}, none[5] = {0};

    if (!f)
        return 0;
    f->c = (struct pb_vchain){.iov = f->iov, .max_iov = CHAIN_MAX};
    int rc = v->virtio->pop(v->vq[Q_CONTROL], &f->c);
    if (rc <= 0) {
        free(f);
        return 0;
    }
    uint32_t got = vscsi_take(f->iov, f->c.n_out, head, TMF_LEN);
    uint32_t type = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
                    (uint32_t)head[3] << 24;
    if (type == T_TMF && got == TMF_LEN && f->c.in_bytes >= 1) {
        f->id = 0;
        for (uint32_t i = 8; i--;)
            f->id = f->id << 8 | head[16 + i];
        f->before = v->seq + 1;
        tmf(v, f, head[4] | (head[5] || head[6] || head[7] ? 0x100u : 0), head + 8);
        return 1;
    }
    if ((type == T_AN_QUERY || type == T_AN_SUBSCRIBE) && got >= AN_LEN && f->c.in_bytes >= 5) {
        answer(v, &f->c, none, 5); /* of these events a disk has none */
        free(f);
        return 1;
    }
    free(f);
    v->virtio->broken(v->transport, "SCSI control request of no known kind, or too short");
    return 0;
}

void vscsi_control(struct vscsi *v)
{
    while (one(v))
        ;
}
