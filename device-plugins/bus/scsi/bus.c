/* SPDX-License-Identifier: MIT */
/* bus.c - which unit has which address. SAM-5, 4.7 (logical unit numbers).
 *
 * A unit without scsi-id= gets the first target where its LUN (0 when not given) is free, one with
 * scsi-id= but without lun= the first free LUN there, as in QEMU. What was chosen is then its
 * property: when a plugin is exchanged, all are found again where they were.
 * Not modelled: hierarchical LUNs (SAM-5, 4.7.6).
 */
#include "scsi-bus.h"

#include <stdio.h>
#include <stdlib.h>

void scsi_bus_init(struct scsi_bus *b, pb_dev *d, const pb_host *h)
{
    b->h = h;
    b->dev = d;
    b->bus = h->get(h, PB_SVC_BUS);
    b->prop = h->get(h, PB_SVC_PROP);
    b->thread = h->get(h, PB_SVC_THREAD);
}

void scsi_bus_fini(struct scsi_bus *b)
{
    while (b->units) {
        struct scsi_unit_at *u = b->units;
        b->units = u->next;
        free(u);
    }
}

struct scsi_unit_at *scsi_bus_find(struct scsi_bus *b, uint32_t channel, uint32_t target,
                                   uint32_t lun)
{
    for (struct scsi_unit_at *u = b->units; u; u = u->next)
        if (u->channel == channel && u->target == target && u->lun == lun)
            return u;
    return NULL;
}

uint32_t scsi_bus_has_target(struct scsi_bus *b, uint32_t channel, uint32_t target)
{
    for (struct scsi_unit_at *u = b->units; u; u = u->next)
        if (u->channel == channel && u->target == target)
            return 1;
    return 0;
}

/* ---- Addresses --------------------------------------------------------------------------- */

static int refuse(struct scsi_bus *b, pb_err *e, int code, const char *what, int64_t number,
                  const char *why)
{
    char text[160];

    snprintf(text, sizeof text, "%s %lld%s", what, (long long)number, why);
    return b->h->fail(e, code, text);
}

static int check_limits(struct scsi_bus *b, int64_t channel, int64_t target, int64_t lun, pb_err *e)
{
    if (channel > b->max_channel)
        return refuse(b, e, PB_EINVAL, "bad scsi channel id:", channel,
                      ": the controller has none of that number");
    if (target > b->max_target || (target >= 0 && target == b->own_target))
        return refuse(b, e, PB_EINVAL, "bad scsi device id:", target,
                      ": the controller reaches no such target, leave scsi-id= out");
    if (lun > b->max_lun)
        return refuse(b, e, PB_EINVAL, "bad scsi device lun:", lun,
                      ": the controller reaches no such unit, leave lun= out");
    return PB_OK;
}

static int free_target(struct scsi_bus *b, struct scsi_unit_at *u, pb_err *e)
{
    for (u->target = 0; u->target <= b->max_target; u->target++)
        if (u->target != b->own_target && !scsi_bus_find(b, u->channel, u->target, u->lun))
            return PB_OK;
    return b->h->fail(e, PB_EBUSY, "no free target: give units of one target lun= numbers of their "
                      "own, or add another controller");
}

static int free_lun(struct scsi_bus *b, struct scsi_unit_at *u, pb_err *e)
{
    for (u->lun = 0; u->lun <= b->max_lun; u->lun++)
        if (!scsi_bus_find(b, u->channel, u->target, u->lun))
            return PB_OK;
    return b->h->fail(e, PB_EBUSY, "no free lun: give another scsi-id=");
}

static void settle(struct scsi_bus *b, const struct scsi_unit_at *u, uint32_t prop, uint32_t value)
{
    char text[16];

    snprintf(text, sizeof text, "%u", value);
    if (PB_HAS(struct pb_svc_prop, b->prop, settle))
        b->prop->settle(u->dev, prop, text);
}

/* -1 is what was left open. */
static int64_t asked(struct scsi_bus *b, pb_dev *d, uint32_t prop)
{
    return b->prop->get_str(d, prop) ? b->prop->get_int(d, prop) : -1;
}

static int place(struct scsi_bus *b, struct scsi_unit_at *u, pb_err *e)
{
    int64_t channel = b->prop->get_int(u->dev, PB_SCSI_P_CHANNEL);
    int64_t target = asked(b, u->dev, PB_SCSI_P_ID), lun = asked(b, u->dev, PB_SCSI_P_LUN);
    int rc = check_limits(b, channel, target, lun, e);

    if (rc < 0)
        return rc;
    u->channel = (uint32_t)channel;
    u->target = target < 0 ? 0 : (uint32_t)target;
    u->lun = lun < 0 ? 0 : (uint32_t)lun;
    if (target < 0)
        rc = free_target(b, u, e);
    else if (lun < 0)
        rc = free_lun(b, u, e);
    const struct scsi_unit_at *there = scsi_bus_find(b, u->channel, u->target, u->lun);
    if (rc == PB_OK && there) {
        char text[200];
        snprintf(text, sizeof text, "lun already used by '%.100s': give another lun= or scsi-id=",
                 b->bus->name(there->dev));
        rc = b->h->fail(e, PB_EBUSY, text);
    }
    if (rc < 0)
        return rc;
    settle(b, u, PB_SCSI_P_ID, u->target);
    settle(b, u, PB_SCSI_P_LUN, u->lun);
    return PB_OK;
}

static uint32_t before(const struct scsi_unit_at *a, const struct scsi_unit_at *b)
{
    if (a->channel != b->channel)
        return a->channel < b->channel;
    return a->target != b->target ? a->target < b->target : a->lun < b->lun;
}

/* ---- PB_BUS_PARENT ----------------------------------------------------------------------- */

/* The other units of the target have another list of them now, SPC-4 6.33. */
static void tell_target(struct scsi_bus *b, const struct scsi_unit_at *u)
{
    for (struct scsi_unit_at *x = b->units; x; x = x->next)
        if (x != u && x->channel == u->channel && x->target == u->target)
            x->ops->attention(x->self, 0x3f0e); /* REPORTED LUNS DATA HAS CHANGED */
}

static int parent_attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct scsi_bus *b = self;
    struct scsi_unit_at *u = calloc(1, sizeof *u), **at = &b->units;

    (void)bus;
    if (!u)
        return b->h->fail(e, PB_ENOMEM, "out of memory");
    u->dev = child;
    u->ops = b->bus->side(child, PB_SCSI_TARGET, &u->self);
    int rc = u->ops ? place(b, u, e)
                    : b->h->fail(e, PB_EINVAL, "the device on the SCSI bus is no SCSI unit");
    if (rc < 0) {
        free(u);
        return rc;
    }
    b->thread->enter(b->dev);
    while (*at && before(*at, u))
        at = &(*at)->next;
    u->next = *at;
    *at = u;
    tell_target(b, u);
    if (b->came)
        b->came(b, u);
    b->thread->leave(b->dev);
    return PB_OK;
}

/* Its requests under way come back while it is unrealized. */
static void parent_detach(void *self, uint32_t bus, pb_dev *child)
{
    struct scsi_bus *b = self;
    struct scsi_unit_at **at = &b->units;

    (void)bus;
    b->thread->enter(b->dev);
    while (*at && (*at)->dev != child)
        at = &(*at)->next;
    struct scsi_unit_at *u = *at;
    if (u) {
        *at = u->next;
        tell_target(b, u);
        if (b->went)
            b->went(b, u);
        free(u);
    }
    b->thread->leave(b->dev);
}

static uint32_t parent_hotplug(void *self, uint32_t bus)
{
    (void)self, (void)bus;
    return 1;
}

const struct pb_bus_parent scsi_bus_parent = {
    .size = sizeof scsi_bus_parent, .attach = parent_attach, .detach = parent_detach,
    .hotplug = parent_hotplug};

/* ---- PB_SCSI_HOST ------------------------------------------------------------------------ */

static void host_event(void *bus, pb_dev *d, uint32_t code)
{
    struct scsi_bus *b = bus;

    if (b->event)
        b->event(b, d, code);
}

const struct pb_scsi_host scsi_host = {.size = sizeof scsi_host, .event = host_event};
