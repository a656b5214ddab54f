/* SPDX-License-Identifier: MIT */
/* bus.c - buses as places to sit: the core knows kinds and names, no protocol. pb.bus/1. */
#include "../thread/thread.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

/* "virtio-bus[1]" is a bus of kind virtio-bus for one child; "pcie=PCI" has a name of its
 * own. */
static char *split_kind(const char *text, uint32_t *limit)
{
    const char *open = strchr(text, '['), *eq = strchr(text, '=');

    text = eq ? eq + 1 : text;
    *limit = open ? (uint32_t)strtoul(open + 1, NULL, 10) : 0;
    return open ? g_strndup(text, (gsize)(open - text)) : g_strdup(text);
}

/* "pcie=PCI": pcie.0, pcie.1 in the whole machine. */
static char *counted_name(pb_dev *d, const char *stem)
{
    for (uint32_t n = 0;; n++) {
        g_autofree char *name = g_strdup_printf("%s.%u", stem, n);
        if (!pb_bus_find(d->m, NULL, name))
            return g_steal_pointer(&name);
    }
}

/* The user's id names the buses of a device; else the class may say how, and what does neither
 * counts by class. */
static char *bus_name(pb_dev *d, const char *text, uint32_t index)
{
    const char *eq = strchr(text, '=');
    uint32_t n = 0;

    if (eq && *text != '@' && (!d->id || d->manifest)) {
        g_autofree char *stem = g_strndup(text, (gsize)(eq - text));
        return counted_name(d, stem);
    }
    if (*text == '@' && d->id)
        return g_strdup(d->id);
    if (d->id && !d->manifest)
        return g_strdup_printf("%s.%u", d->id, index);
    for (guint i = 0; i < d->m->buses->len; i++) {
        pb_bus *b = g_ptr_array_index(d->m->buses, i);
        n += b->ctl && b->ctl->cls == d->cls && b->index == index;
    }
    return index ? g_strdup_printf("%s-bus.%u.%u", d->cls->id, n, index)
                 : g_strdup_printf("%s-bus.%u", d->cls->id, n);
}

int pb_buses_make(pb_dev *d)
{
    const struct pb_device_class *c = d->cls->table;

    if (d->cls->kind != PB_KIND_DEVICE || !c->buses_out)
        return 0;
    for (uint32_t i = 0; c->buses_out[i]; i++) {
        pb_bus *b = g_new0(pb_bus, 1);
        b->kind = split_kind(c->buses_out[i], &b->limit);
        b->name = bus_name(d, c->buses_out[i], i);
        b->ctl = d;
        b->index = i;
        b->children = g_ptr_array_new();
        g_ptr_array_add(d->buses, b);
        g_ptr_array_add(d->m->buses, b);
    }
    return 0;
}

static void rename_bus(pb_bus *b, const char *id, const char *rest)
{
    g_free(b->name);
    b->name = g_strdup_printf("%s%s", id, rest);
}

/* The bus between the two is in nobody's way then. */
void pb_buses_carried(pb_dev *d)
{
    if (!d->id || d->manifest || !d->inner->buses->len)
        return;
    rename_bus(d->buses->pdata[0], d->id, "/carried");
    for (guint i = 0; i < d->inner->buses->len; i++) {
        g_autofree char *rest = g_strdup_printf(".%u", i);
        rename_bus(d->inner->buses->pdata[i], d->id, rest);
    }
}

void pb_buses_free(pb_dev *d)
{
    for (guint i = 0; i < d->buses->len; i++) {
        pb_bus *b = g_ptr_array_index(d->buses, i);
        g_ptr_array_remove(d->m->buses, b);
        g_ptr_array_free(b->children, TRUE);
        g_free(b->kind);
        g_free(b->name);
        g_free(b);
    }
    g_ptr_array_set_size(d->buses, 0);
}

static gboolean has_room(const pb_bus *b)
{
    return !b->limit || b->children->len < b->limit;
}

pb_bus *pb_bus_find(struct pb_machine *m, const char *kind, const char *name)
{
    pb_bus *last = NULL;

    for (guint i = 0; i < m->buses->len; i++) {
        pb_bus *b = g_ptr_array_index(m->buses, i);
        if (name ? strcmp(b->name, name) : !kind || strcmp(b->kind, kind) || !has_room(b))
            continue;
        if (!name && b->ctl && b->ctl->fill_down)
            last = b;
        else if (!last)
            return b;
    }
    return last;
}

/* The guest let go of it: [main]. */
static void gone(void *opaque)
{
    pb_dev_remove(opaque);
}

/* A device without a domain of its own has its controller's (device.h), and so has what it
 * carries. */
static void join_domain(pb_dev *d)
{
    if (!d->own_domain && d->bus->ctl)
        d->domain = d->bus->ctl->domain;
    if (d->inner && d->inner->bus)
        join_domain(d->inner);
}

int pb_dev_attach(pb_dev *d, pb_bus *bus, pb_err *e)
{
    const char *want = d->cls->bus;

    if (!want)
        return pb_err_set(e, PB_EINVAL, "Device '%s' does not go on a bus", d->cls->id);
    if (strcmp(want, bus->kind))
        return pb_err_set(e, PB_EINVAL, "Device '%s' can't go on %s bus", d->cls->id,
                          bus->kind);
    if (!has_room(bus))
        return pb_err_set(e, PB_EBUSY, "Bus '%s' is full", bus->name);
    d->bus = bus;
    join_domain(d);
    return 0;
}

void pb_dev_unplugged(pb_dev *d)
{
    pb_main_turn(d, gone, d);
}

/* ---- pb.bus/1 ---------------------------------------------------------------------------- */

static const void *bus_parent(pb_dev *d, const char *id, void **self)
{
    return d->bus && d->bus->ctl ? pb_dev_interface(d->bus->ctl, id, self) : NULL;
}

static uint32_t bus_children(pb_dev *ctl, uint32_t bus, pb_dev **v, uint32_t max)
{
    if (bus >= ctl->buses->len)
        return 0;
    pb_bus *b = g_ptr_array_index(ctl->buses, bus);
    for (guint i = 0; i < b->children->len && i < max; i++)
        v[i] = g_ptr_array_index(b->children, i);
    return b->children->len;
}

static const void *bus_side(pb_dev *d, const char *id, void **self)
{
    return pb_dev_interface(d, id, self);
}

static const char *bus_dev_name(pb_dev *d)
{
    return d->name;
}

/* While a plugin is exchanged, what its realize() made is there already and comes back. It is no
 * helper meanwhile, so that it does not find itself. */
static pb_dev *bring_back(pb_dev *d, pb_err *e)
{
    d->helper = FALSE;
    int rc = pb_dev_realize(d, e);
    d->helper = TRUE;
    return rc < 0 ? NULL : d;
}

static pb_dev *helper_of_before(pb_bus *b, const struct pb_class *c)
{
    GPtrArray *all = b->ctl->m->devs;

    for (guint i = 0; i < all->len; i++) {
        pb_dev *d = all->pdata[i];
        if (d->helper && d->reloading && !d->realized && d->bus == b && d->cls == c)
            return d;
    }
    return NULL;
}

static pb_dev *bus_create_child(pb_dev *ctl, uint32_t bus, const char *cls, pb_err *e)
{
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, cls);

    if (!c || bus >= ctl->buses->len) {
        pb_err_set(e, PB_ENOENT, "'%s' cannot make a child: '%s' is not a valid device model "
                   "name", ctl->name, cls);
        return NULL;
    }
    pb_bus *b = g_ptr_array_index(ctl->buses, bus);
    pb_dev *d = helper_of_before(b, c);
    if (d)
        return bring_back(d, e);
    d = pb_dev_new(ctl->m, c, NULL, &ctl->place, e);
    if (!d)
        return NULL;
    d->helper = TRUE;
    if (pb_dev_attach(d, b, e) < 0 || pb_dev_realize(d, e) < 0) {
        pb_dev_free(d);
        return NULL;
    }
    return d;
}

const struct pb_svc_bus pb_bus_service = {
    .size = sizeof(struct pb_svc_bus),
    .parent = bus_parent,
    .children = bus_children,
    .side = bus_side,
    .name = bus_dev_name,
    .create_child = bus_create_child,
    .unplugged = pb_dev_unplugged,
};
