/* SPDX-License-Identifier: MIT */
/* qmp-qom.c - device classes, devices and their properties, under the names that QEMU's object tree
 * gives them: /machine/peripheral/ID what has an id, /machine/peripheral-anon/NAME what has none.
 * Not there: setting a property of what runs, and objects that are no devices.
 */
#include "qmp.h"

#include "../cli/sys.h"

#include <string.h>

static void list_property(struct pb_writer *w, const char *name, const char *type)
{
    pb_write_open(w, NULL, '{');
    pb_write_text(w, "name", name);
    pb_write_text(w, "type", type);
    pb_write_close(w, '}');
}

static gboolean by_hand(const struct pb_class *c)
{
    return !(c->flags & PB_DEV_NO_USER);
}

int pb_qmp_list_types(struct pb_qmp *q)
{
    const char *what = pb_qmp_text(q, "implements");
    GPtrArray *all = pb_class_list(PB_KIND_DEVICE);

    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < all->len; i++) {
        const struct pb_class *c = all->pdata[i];
        if (what && strcmp(what, "device") && strcmp(what, "object") && strcmp(what, c->id))
            continue;
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", c->id);
        pb_write_text(q->w, "parent", "device");
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

/* A value of the property, as JSON has it. */
static void write_value(struct pb_writer *w, const char *key, const struct pb_prop *p,
                        const char *text)
{
    gboolean b;
    uint64_t u;
    gint64 i;

    if (p->type == PB_T_BOOL && pb_value_bool(text, &b))
        pb_write_bool(w, key, b);
    else if (p->type == PB_T_INT && g_ascii_string_to_signed(text, 0, G_MININT64, G_MAXINT64, &i,
                                                             NULL))
        pb_write_int(w, key, i);
    else if ((p->type == PB_T_UINT || p->type == PB_T_SIZE || p->type == PB_T_FREQ) &&
             pb_value_size(text, &u))
        pb_write_uint(w, key, u);
    else
        pb_write_text(w, key, text);
}

int pb_qmp_device_properties(struct pb_qmp *q)
{
    const char *name = pb_qmp_text(q, "typename");
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, name);

    if (!c || !by_hand(c)) {
        q->cls = c ? NULL : "DeviceNotFound";
        return pb_err_set(q->e, PB_ENOENT, c ? "Parameter 'typename' expects a device that can be "
                          "added, not '%s'" : "Device '%s' not found", name);
    }
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (uint32_t i = 0; i < c->n_props; i++) {
        const struct pb_prop *p = &c->props[i];
        g_autofree char *type = pb_help_type(p);
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", p->name);
        pb_write_text(q->w, "type", type);
        pb_write_text(q->w, "description", p->doc);
        if (p->def && *p->def)
            write_value(q->w, "default-value", p, p->def);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

/* ---- The tree ------------------------------------------------------------------------- */

static const struct { const char *path, *name; } containers[] = {
    {"/machine", "peripheral"}, {"/machine", "peripheral-anon"}};

/* What the user has added, or could have: board parts are not in the two containers. */
static gboolean is_peripheral(const pb_dev *d)
{
    return d->cls->kind == PB_KIND_DEVICE && !d->manifest && d->realized &&
           !(d->bus && d->bus->ctl && d->bus->ctl->inner == d);
}

static pb_dev *at_path(struct pb_qmp *q, const char *path)
{
    for (guint i = 0; i < q->m->devs->len; i++) {
        pb_dev *d = q->m->devs->pdata[i];
        g_autofree char *full = pb_dev_path(d);
        if (is_peripheral(d) && (!strcmp(full, path) || !g_strcmp0(d->id, path)))
            return d;
    }
    q->cls = "DeviceNotFound";
    pb_err_set(q->e, PB_ENOENT, "Device '%s' not found", path);
    return NULL;
}

static void children(struct pb_qmp *q, gboolean named)
{
    for (guint i = 0; i < q->m->devs->len; i++) {
        const pb_dev *d = q->m->devs->pdata[i];
        if (!is_peripheral(d) || (d->id == NULL) == named)
            continue;
        g_autofree char *type = g_strdup_printf("child<%s>", d->cls->id);
        list_property(q->w, d->name, type);
    }
}

static int list_device(struct pb_qmp *q, const char *path)
{
    const pb_dev *d = at_path(q, path);

    if (!d)
        return PB_ENOENT;
    for (uint32_t i = 0; i < d->cls->n_props; i++) {
        g_autofree char *type = pb_help_type(&d->cls->props[i]);
        list_property(q->w, d->cls->props[i].name, type);
    }
    return PB_OK;
}

int pb_qmp_qom_list(struct pb_qmp *q)
{
    g_autofree char *path = g_strdup(pb_qmp_text(q, "path"));
    int r = PB_OK;

    while (*path && path[1] && g_str_has_suffix(path, "/"))
        path[strlen(path) - 1] = '\0';
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    list_property(q->w, "type", "string");
    if (!strcmp(path, "/")) {
        list_property(q->w, "machine", "child<machine>");
    } else if (!strcmp(path, "/machine")) {
        for (guint i = 0; i < G_N_ELEMENTS(containers); i++)
            list_property(q->w, containers[i].name, "child<container>");
    } else if (!strcmp(path, "/machine/peripheral") || !strcmp(path, "/machine/peripheral-anon")) {
        children(q, !strcmp(path, "/machine/peripheral"));
    } else {
        r = list_device(q, path);
    }
    pb_write_close(q->w, ']');
    return r;
}

int pb_qmp_qom_get(struct pb_qmp *q)
{
    const char *path = pb_qmp_text(q, "path"), *name = pb_qmp_text(q, "property");
    pb_dev *d = at_path(q, path);
    const struct pb_prop *p = d ? pb_class_prop(d->cls, name) : NULL;

    if (!d)
        return PB_ENOENT;
    if (!strcmp(name, "type")) {
        pb_write_text(q->w, PB_QMP_RETURN, d->cls->id);
        return PB_OK;
    }
    if (!p)
        return pb_err_set(q->e, PB_ENOENT, "Property '%s.%s' not found", d->cls->id, name);
    g_autofree char *text = pb_dev_get_text(d, p->name);
    write_value(q->w, PB_QMP_RETURN, p, text ? text : "");
    return PB_OK;
}
