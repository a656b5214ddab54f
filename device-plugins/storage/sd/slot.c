/* SPDX-License-Identifier: MIT */
/* slot.c - a slot for an SD card that a board's host controllers share.
 *
 * Which of them the pins lead to is the board's affair: each host knows whether it is connected.
 *
 * Not modelled: card detect and write protect switches.
 */
#include "card.h"

#define HOSTS 4u

struct slot {
    const struct pb_svc_bus *bus;
    const struct pb_sd_card *card;
    void *card_self;
    uint32_t n_hosts;
    struct {
        void (*changed)(void *opaque);
        void *opaque;
    } host[HOSTS];
};

static const struct pb_sd_card *card(void *self, void **of)
{
    struct slot *s = self;

    *of = s->card_self;
    return s->card;
}

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct slot *s = self;

    (void)bus, (void)e;
    s->card = s->bus->side(child, PB_SD_CARD, &s->card_self);
    return PB_OK;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus, (void)child;
    ((struct slot *)self)->card = NULL;
}

static int listen(void *self, void (*changed)(void *opaque), void *opaque)
{
    struct slot *s = self;

    if (s->n_hosts == HOSTS)
        return PB_ENOSPC;
    s->host[s->n_hosts].changed = changed;
    s->host[s->n_hosts++].opaque = opaque;
    return PB_OK;
}

static void changed(void *self)
{
    struct slot *s = self;

    for (uint32_t i = 0; i < s->n_hosts; i++)
        s->host[i].changed(s->host[i].opaque);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct slot *s = self;

    (void)d, (void)e;
    s->bus = h->get(h, PB_SVC_BUS);
    return PB_OK;
}

static const struct pb_sd_slot slot_table = {sizeof slot_table, 0, card, listen};
static const struct pb_sd_host host_table = {sizeof host_table, 0, changed};
static const struct pb_bus_parent parent = {
    .size = sizeof parent, .attach = attach, .detach = detach};
static const struct pb_provide provides[] = {
    {PB_SD_SLOT, &slot_table}, {PB_SD_HOST, &host_table}, {PB_BUS_PARENT, &parent}};
static const char *const buses_out[] = {"sd-bus[1]", NULL};

const struct pb_device_class sd_slot_class = {
    .size = sizeof sd_slot_class, .flags = PB_DEV_NO_USER, .id = "sd-slot",
    .title = "Slot for an SD card", .category = "storage", .buses_out = buses_out,
    .provides = provides, .n_provides = 3, .instance_size = sizeof(struct slot),
    .state_version = 1, .realize = realize,
};
