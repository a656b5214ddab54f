/* SPDX-License-Identifier: MIT */
/* plug.c - devices that come and go, and the wiring of outputs to inputs. */
#include "../backend/backend.h"
#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../machine/reset.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

/* ---- Wiring ------------------------------------------------------------------------------ */

/* "irq[96]" is 96 inputs named irq. */
static uint32_t inputs_in(const char *text, size_t *name_len)
{
    const char *open = strchr(text, '[');

    *name_len = open ? (size_t)(open - text) : strlen(text);
    return open ? (uint32_t)strtoul(open + 1, NULL, 10) : 1;
}

int pb_class_input(const struct pb_class *c, const char *name, uint32_t index)
{
    uint32_t at = 0;

    for (char **l = c->lines_in; l && *l; l++) {
        size_t len;
        uint32_t n = inputs_in(*l, &len);
        if (strlen(name) == len && !strncmp(*l, name, len))
            return index < n ? (int)(at + index) : -1;
        at += n;
    }
    return -1;
}

static uint32_t all_inputs(const struct pb_class *c)
{
    uint32_t n = 0;
    size_t len;

    for (char **l = c->lines_in; l && *l; l++)
        n += inputs_in(*l, &len);
    return n;
}

static gboolean has_output(const struct pb_class *c, const char *out, uint32_t i)
{
    for (char **l = c->lines_out; l && *l; l++) {
        const char *open = strchr(*l, '[');
        size_t len = open ? (size_t)(open - *l) : strlen(*l);
        if (strlen(out) == len && !strncmp(*l, out, len))
            return open || i == 0;
    }
    return FALSE;
}

int pb_dev_wire(pb_dev *from, const char *out, uint32_t i, pb_dev *to, uint32_t n,
                gboolean shared, pb_err *e)
{
    if (!has_output(from->cls, out, i))
        return pb_err_set(e, PB_ENOENT, "'%s' (%s) has no output '%s' %u", from->name,
                          from->cls->id, out, i);
    if (n >= all_inputs(to->cls))
        return pb_err_set(e, PB_ENOENT, "'%s' (%s) has no input %u, it has %u", to->name,
                          to->cls->id, n, all_inputs(to->cls));
    return pb_wire_connect(from, out, i, to, n, shared, e);
}

/* ---- Plug and unplug --------------------------------------------------------------------- */

static const struct pb_bus_parent *parent_of(pb_dev *d, void **self)
{
    return d->bus && d->bus->ctl ? pb_dev_interface(d->bus->ctl, PB_BUS_PARENT, self) : NULL;
}

/* May `d` come to its bus, or go, while the machine runs? */
static int check_hotplug(pb_dev *d, pb_err *e)
{
    const struct pb_device_class *c = d->cls->table;
    void *self;
    const struct pb_bus_parent *p = parent_of(d, &self);

    if (d->bus && (!(c->flags & PB_DEV_HOTPLUG) ||
                   (PB_HAS(struct pb_bus_parent, p, hotplug) &&
                    !p->hotplug(self, d->bus->index))))
        return pb_err_set(e, PB_ENOTSUP, "Bus '%s' does not support hotplugging", d->bus->name);
    if (!(c->flags & PB_DEV_HOTPLUG))
        return pb_err_set(e, PB_ENOTSUP, "Device '%s' can not be hotplugged on this machine",
                          d->cls->id);
    return 0;
}

static void reset_new(pb_dev *d)
{
    d->hotplugged = TRUE;
    pb_reset_device(d, PB_RESET_COLD);
    for (guint i = 0; i < d->buses->len; i++) {
        pb_bus *b = g_ptr_array_index(d->buses, i);
        for (guint k = 0; k < b->children->len; k++)
            reset_new(g_ptr_array_index(b->children, k));
    }
}

int pb_dev_plug(pb_dev *d, pb_err *e)
{
    gboolean live = d->m->ready;
    int rc;

    if (d->cls->kind == PB_KIND_DEVICE && d->cls->bus && !d->bus) {
        pb_bus *b = pb_bus_find(d->m, d->cls->bus, NULL);
        rc = b ? pb_dev_attach(d, b, e)
               : pb_err_set(e, PB_ENOENT, "No '%s' bus found for device '%s'", d->cls->bus,
                            d->cls->id);
        if (rc < 0)
            return rc;
    }
    if (live && d->cls->kind == PB_KIND_DEVICE && (rc = check_hotplug(d, e)) < 0)
        return rc;
    rc = pb_dev_realize(d, e);
    if (rc == 0 && live && d->cls->kind == PB_KIND_DEVICE)
        reset_new(d);
    return rc;
}

void pb_dev_remove(pb_dev *d)
{
    struct pb_machine *m = d->m;
    g_autofree char *path = pb_dev_path(d), *id = g_strdup(d->id);
    const struct pb_fact facts[] = {{"path", path, FALSE}, {id ? "device" : NULL, id, FALSE},
                                    {NULL, NULL, FALSE}};

    pb_cpus_stop(m); /* nobody may be on its way into it */
    pb_dev_free(d);
    if (m->state == PB_RUN_RUNNING)
        pb_cpus_resume(m);
    pb_machine_event(m, "DEVICE_DELETED", facts);
}

/* As its user knows it: what a device carries is a part of it. */
static const pb_dev *whole(const pb_dev *d)
{
    while (d->bus && d->bus->ctl && d->bus->ctl->inner == d)
        d = d->bus->ctl;
    return d;
}

char *pb_dev_path(const pb_dev *d)
{
    d = whole(d);
    return g_strconcat(d->manifest ? "/machine/unattached/"
                       : d->id     ? "/machine/peripheral/" : "/machine/peripheral-anon/",
                       d->name, NULL);
}

/* 0: it may go now; 1: later, when the guest lets go. */
static int ask_bus(pb_dev *d, pb_err *e)
{
    void *self;
    const struct pb_bus_parent *p = parent_of(d, &self);

    if (!PB_HAS(struct pb_bus_parent, p, unplug))
        return 0;
    int rc = p->unplug(self, d->bus->index, d, e);
    return rc == PB_EAGAIN ? 1 : rc;
}

int pb_dev_unplug(pb_dev *d, pb_err *e)
{
    const struct pb_device_class *c = d->cls->table;

    if (d->cls->kind == PB_KIND_CPU ||
        (d->cls->kind == PB_KIND_DEVICE && !(c->flags & PB_DEV_HOTPLUG)))
        return pb_err_set(e, PB_ENOTSUP, "Device '%s' does not support hotplugging", d->name);
    if (d->cls->kind >= PB_KIND_BLOCK) {
        pb_dev *user = pb_backend_consumer(d);
        if (user)
            return pb_err_set(e, PB_EBUSY, "'%s' is in use by '%s'", d->name,
                              whole(user)->name);
        pb_dev_free(d);
        return 0;
    }
    int rc = d->m->ready ? check_hotplug(d, e) : 0;
    if (rc == 0)
        rc = ask_bus(d, e);
    if (rc == 0)
        pb_dev_remove(d);
    return rc < 0 ? rc : 0;
}
