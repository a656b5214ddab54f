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
    pb_dev *dev;
    const struct pb_svc_bus *bus;
    uint32_t n_hosts;
    struct {
        void (*changed)(void *opaque);
        void *opaque;
    } host[HOSTS];
};

static const struct pb_sd_card *card(void *self, void **of)
{
    struct slot *s = self;
    pb_dev *child;

    if (s->bus->children(s->dev, 0, &child, 1) == 0)
        return NULL;
    return s->bus->side(child, PB_SD_CARD, of);
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

    (void)e;
    s->dev = d;
    s->bus = h->get(h, PB_SVC_BUS);
    return PB_OK;
}

static const struct pb_sd_slot slot_table = {sizeof slot_table, 0, card, listen};
static const struct pb_sd_host host_table = {sizeof host_table, 0, changed};
static const struct pb_provide provides[] = {{PB_SD_SLOT, &slot_table},
                                             {PB_SD_HOST, &host_table}};
static const char *const buses_out[] = {"sd-bus[1]", NULL};

const struct pb_device_class sd_slot_class = {
    .size = sizeof sd_slot_class, .flags = PB_DEV_NO_USER, .id = "sd-slot",
    .title = "Slot for an SD card", .category = "storage", .buses_out = buses_out,
    .provides = provides, .n_provides = 2, .instance_size = sizeof(struct slot),
    .state_version = 1, .realize = realize,
};
