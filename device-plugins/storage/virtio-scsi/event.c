/* SPDX-License-Identifier: MIT */
/* event.c - event queue: units that come, go and change. VIRTIO 1.2, 5.6.6.3.
 *
 * They are told by a timer of the guest's clock, which stands while the machine does: when a plugin
 * is exchanged units go and come, and the state that is loaded then forgets that.
 */
#include "virtio-scsi.h"

#include <string.h>

enum { T_TRANSPORT_RESET = 1, T_PARAM_CHANGE = 3 };
enum { RESET_RESCAN = 1, RESET_REMOVED = 2 };
#define T_EVENTS_MISSED 0x80000000u

static void add(struct vscsi *v, uint32_t type, uint32_t reason, uint32_t target, uint32_t lun)
{
    pthread_mutex_lock(&v->lock);
    uint32_t n = v->n_events;
    if (n == EVENTS_MAX) {
        v->missed = 1;
    } else {
        v->event_type[n] = type;
        v->event_reason[n] = reason;
        v->event_target[n] = target;
        v->event_lun[n] = lun;
        v->n_events++;
    }
    pthread_mutex_unlock(&v->lock);
    v->time->arm(v->tell, v->time->now(v->bus.h, PB_CLK_VIRTUAL));
}

void vscsi_came(struct scsi_bus *b, const struct scsi_unit_at *u)
{
    struct vscsi *v = (struct vscsi *)b;

    if (v->driver_ok && (v->features & F_HOTPLUG))
        add(v, T_TRANSPORT_RESET, RESET_RESCAN, u->target, u->lun);
}

void vscsi_went(struct scsi_bus *b, const struct scsi_unit_at *u)
{
    struct vscsi *v = (struct vscsi *)b;

    if (v->driver_ok && (v->features & F_HOTPLUG))
        add(v, T_TRANSPORT_RESET, RESET_REMOVED, u->target, u->lun);
}

/* Drives with removable media are asked by their drivers. */
void vscsi_event(struct scsi_bus *b, pb_dev *d, uint32_t code)
{
    struct vscsi *v = (struct vscsi *)b;

    b->thread->enter(b->dev);
    for (const struct scsi_unit_at *u = b->units; u; u = u->next)
        if (u->dev == d && u->ops->type != 5 && v->driver_ok && (v->features & F_CHANGE))
            add(v, T_PARAM_CHANGE, (code >> 8 & 255) | (code & 255) << 8, u->target, u->lun);
    b->thread->leave(b->dev);
}

static void le32(uint8_t *p, uint32_t v)
{
    for (uint32_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* The first that waits goes: 1; 0: there is no buffer for it. */
static int one(struct vscsi *v)
{
    struct pb_iov iov[16];
    struct pb_vchain c = {.iov = iov, .max_iov = 16};
    uint8_t e[EVENT_SIZE] = {0};
    uint32_t lun = v->event_lun[0];
    int rc = v->virtio->pop(v->vq[Q_EVENT], &c);

    if (rc > 0 && c.in_bytes < EVENT_SIZE)
        v->virtio->broken(v->transport, "SCSI event buffer too short");
    if (rc <= 0 || c.in_bytes < EVENT_SIZE)
        return 0;
    le32(e, v->event_type[0] | (v->missed ? T_EVENTS_MISSED : 0));
    e[4] = 1;
    e[5] = (uint8_t)v->event_target[0];
    e[6] = (uint8_t)(lun > 255 ? 0x40 | lun >> 8 : 0);
    e[7] = (uint8_t)lun;
    le32(e + 12, v->event_reason[0]);
    vscsi_put(iov + c.n_out, c.n_in, e, sizeof e);
    v->virtio->push(v->vq[Q_EVENT], &c, EVENT_SIZE);
    v->virtio->notify(v->vq[Q_EVENT]);
    v->missed = 0;
    v->n_events--;
    memmove(v->event_type, v->event_type + 1, v->n_events * sizeof *v->event_type);
    memmove(v->event_reason, v->event_reason + 1, v->n_events * sizeof *v->event_reason);
    memmove(v->event_target, v->event_target + 1, v->n_events * sizeof *v->event_target);
    memmove(v->event_lun, v->event_lun + 1, v->n_events * sizeof *v->event_lun);
    return 1;
}

void vscsi_tell(void *opaque)
{
    struct vscsi *v = opaque;

    pthread_mutex_lock(&v->lock);
    while (v->driver_ok && v->n_events && one(v))
        ;
    pthread_mutex_unlock(&v->lock);
}
