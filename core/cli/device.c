/* SPDX-License-Identifier: MIT */
/* device.c - -device, and the front-ends that -drive, -nic and -virtfs ask for. */
#include "sys.h"

#include "../plugin/catalog.h"
#include "../plugin/sidecar.h"

#include <string.h>

/* Closest of what is installed, else of what the catalog has. */
static const char *nearest_class(enum pb_kind kind, const char *name)
{
    GPtrArray *all = pb_class_list(kind);
    g_autofree const char **names = g_new0(const char *, all->len + 1);
    const char *near;

    for (guint i = 0; i < all->len; i++)
        names[i] = ((struct pb_class *)all->pdata[i])->id;
    near = pb_nearest(name, names);
    if (!near) {
        g_autofree const char **more = pb_catalog_names(kind);
        near = pb_nearest(name, more);
    }
    return near;
}

const struct pb_class *pb_sys_class(enum pb_kind kind, const char *name, const char *what,
                                    const struct pb_place *at, pb_err *e)
{
    const struct pb_class *c = pb_class_find(kind, name);

    if (c && !(kind == PB_KIND_DEVICE && (c->flags & PB_DEV_NO_USER)))
        return c;
    if (kind == PB_KIND_DEVICE)
        pb_err_set(e, PB_ENOENT, "'%s' is not a valid device model name", name);
    else
        pb_err_set(e, PB_ENOENT, "Parameter '%s' does not accept value '%s'", what, name);
    const char *package = pb_class_package(kind, name), *near = nearest_class(kind, name);
    if (c)
        pb_err_hint(e, "'%s' is part of boards and cannot be added to one", name);
    else if (package)
        pb_err_hint(e, "package %s provides it, not installed", package);
    else if (pb_not_here(pb_kind_names[kind], name, e))
        ; /* said */
    else if (near)
        pb_err_hint(e, "did you mean '%s'?", near);
    else
        pb_err_hint(e, "'plugboard list %s' shows what is installed",
                    kind == PB_KIND_DEVICE ? "devices" : pb_kind_names[kind]);
    pb_err_at(e, at);
    return NULL;
}

/* What would bring a bus of that kind, or do without it. */
static void bus_hint(struct pb_sys *s, const struct pb_class *c, pb_err *e)
{
    GPtrArray *all = pb_class_list(PB_KIND_DEVICE);

    for (guint i = 0; i < all->len; i++) {
        const struct pb_class *x = all->pdata[i];
        gboolean fits = !x->bus; /* else what it goes on must be there, and its bus be free */
        for (guint k = 0; !fits && !x->carries && k < s->m->buses->len; k++)
            fits = !strcmp(((const pb_bus *)s->m->buses->pdata[k])->kind, x->bus);
        if (fits && !(x->flags & PB_DEV_NO_USER) && pb_class_has_bus(x, c->bus)) {
            pb_err_hint(e, "add -device %s, which has one", x->id);
            return;
        }
    }
    pb_err_hint(e, "no more room, or this machine has no such bus");
}

/* A bus by that name is not there; those of the kind are. */
static int no_bus(struct pb_sys *s, const struct pb_class *c, const char *name)
{
    g_autoptr(GString) all = g_string_new(NULL);

    pb_err_set(s->e, PB_ENOENT, "Bus '%s' not found", name);
    for (guint i = 0; i < s->m->buses->len && all->len < 200; i++) {
        const pb_bus *b = s->m->buses->pdata[i];
        if (!strcmp(b->kind, c->bus))
            g_string_append_printf(all, "%s%s", all->len ? ", " : "", b->name);
    }
    if (all->len)
        pb_err_hint(s->e, "'%s' goes on %s", c->id, all->str);
    else
        bus_hint(s, c, s->e);
    return PB_ENOENT;
}

/* The machine has no bus of the kind, or none with room. */
static int no_room(struct pb_sys *s, const struct pb_class *c)
{
    const pb_bus *only = NULL;
    guint n = 0;

    for (guint i = 0; i < s->m->buses->len; i++) {
        const pb_bus *b = s->m->buses->pdata[i];
        if (!strcmp(b->kind, c->bus)) {
            only = b;
            n++;
        }
    }
    if (n == 1 && only->limit == 1) {
        const pb_dev *there = only->children->pdata[0];
        pb_err_set(s->e, PB_EBUSY, "No room for device '%s': bus '%s' has '%s' already", c->id,
                   only->name, there->name);
        pb_err_hint(s->e, "leave one of the two out");
        return PB_EBUSY;
    }
    pb_err_set(s->e, PB_ENOENT, "No '%s' bus found for device '%s'", c->bus, c->id);
    bus_hint(s, c, s->e);
    return PB_ENOENT;
}

static int on_bus(struct pb_sys *s, pb_dev *d, const char *name)
{
    const struct pb_class *c = d->cls;

    if (!c->bus)
        return name ? pb_err_set(s->e, PB_EINVAL, "Device '%s' sits on no bus", c->id) : PB_OK;
    pb_bus *bus = pb_bus_find(s->m, c->bus, name);
    if (!bus && name)
        return no_bus(s, c, name);
    if (!bus)
        return no_room(s, c);
    if (strcmp(bus->kind, c->bus))
        return pb_err_set(s->e, PB_EINVAL, "Device '%s' can't go on a %s bus", c->id, bus->kind);
    return pb_dev_attach(d, bus, s->e);
}

static int no_backend(struct pb_sys *s, const struct pb_prop *p, const char *cls,
                      const char *value)
{
    static const struct { const char *iface, *opt; } made_by[] = {
        {PB_IF_BLOCK, "-drive if=none,file=FILE"}, {PB_IF_NET, "-netdev user"},
        {PB_IF_CHAR, "-chardev null"}, {PB_IF_FS, "-fsdev local,path=DIR"}};

    pb_err_set(s->e, PB_ENOENT, "Property '%s.%s' can't find value '%s'", cls, p->name, value);
    for (guint i = 0; i < G_N_ELEMENTS(made_by); i++)
        if (p->choices && g_strv_contains(p->choices, made_by[i].iface))
            pb_err_hint(s->e, "make it with an option such as %s,id=%s", made_by[i].opt, value);
    return PB_ENOENT;
}

/* drive=, netdev=, chardev=, fsdev=: say it as the user knows it. */
static int check_backend(struct pb_sys *s, const struct pb_class *c, const char *key,
                         const char *value)
{
    const struct pb_prop *p = pb_class_prop(c, key);

    if (p && p->type == PB_T_LINK && *value && !pb_dev_find(s->m, value))
        return no_backend(s, p, c->id, value);
    return PB_OK;
}

static pb_dev *make_device(struct pb_sys *s, const struct pb_class *c, struct pb_args *a)
{
    const char *id = pb_args_get(a, "id"), *bus = pb_args_get(a, "bus");
    const char *index = pb_cli_bootable(c) ? pb_args_get(a, "bootindex") : NULL;

    if (pb_class_load(c, s->e) < 0)
        return NULL;
    if (id && (!*id || !g_ascii_isalpha(*id) ||
               strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
                   strlen(id))) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'id' expects an identifier");
        pb_err_hint(s->e, "Identifiers consist of letters, digits, '-', '.', '_', starting with "
                          "a letter.");
        return NULL;
    }
    if (id && pb_dev_find(s->m, id)) {
        pb_err_set(s->e, PB_EBUSY, "Duplicate ID '%s' for device", id);
        pb_err_hint(s->e, "give one of the two another id=");
        return NULL;
    }
    pb_dev *d = pb_dev_new(s->m, c, id, &a->place, s->e);
    if (!d)
        return NULL;
    int r = pb_globals_apply(&s->globals, d, s->e);
    for (guint i = 0; r == PB_OK && i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if (x->used)
            continue;
        a->place.col = x->col;
        r = check_backend(s, c, x->key, x->value);
        if (r == PB_OK)
            r = pb_sys_check_object(s, c->id, x->key, x->value);
        if (r == PB_OK)
            r = pb_dev_set(d, x->key, x->value, &a->place, s->e);
    }
    if (r == PB_OK)
        r = pb_sys_own_mac(d, &a->place, s->e);
    if (r == PB_OK && index)
        r = pb_sys_boot_index(s, d, index);
    if (r == PB_OK)
        r = on_bus(s, d, bus);
    if (r == PB_OK)
        r = pb_dev_plug(d, s->e);
    if (r == PB_OK)
        return d;
    pb_dev_free(d);
    return NULL;
}

pb_dev *pb_sys_add_device(struct pb_sys *s, struct pb_args *a)
{
    const char *driver = pb_args_get(a, "driver");

    if (!driver || !*driver) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'driver' is missing");
        pb_err_at(s->e, &a->place);
        return NULL;
    }
    const struct pb_class *c = pb_sys_class(PB_KIND_DEVICE, driver, "driver", &a->place, s->e);
    pb_dev *d = c ? make_device(s, c, a) : NULL;
    if (!d)
        pb_err_once(s->e, &a->place);
    return d;
}

struct pb_wanted *pb_sys_want(struct pb_sys *s, const char *cls, const char *bus,
                              const struct pb_place *at)
{
    struct pb_wanted *w = g_new0(struct pb_wanted, 1);

    w->cls = g_strdup(cls);
    w->bus = g_strdup(bus);
    w->sets = pb_plan_sets();
    w->place = *at;
    g_ptr_array_add(s->wanted, w);
    return w;
}

void pb_wanted_set(struct pb_wanted *w, const char *key, const char *value)
{
    pb_plan_add_set(w->sets, key, g_strdup(value), &w->place);
}

static int add_wanted(struct pb_sys *s, const struct pb_wanted *w)
{
    struct pb_args *a = pb_args_parse("-device", w->cls, "driver", s->e);

    if (!a)
        return PB_EINVAL;
    a->place = w->place;
    if (w->bus)
        pb_args_add(a, "bus", w->bus);
    for (guint i = 0; i < w->sets->len; i++) {
        const struct pb_plan_set *x = &g_array_index(w->sets, struct pb_plan_set, i);
        pb_args_add(a, x->key, x->value);
    }
    pb_dev *d = pb_sys_add_device(s, a);
    pb_args_free(a);
    return d ? PB_OK : PB_EINVAL;
}

static struct pb_globals globals; /* -global is for devices that come later, too */
static GHashTable *objects;       /* and -object */

int pb_sys_hotplug(struct pb_machine *m, struct pb_args *a, pb_sys_adder add, pb_err *e)
{
    struct pb_sys s = {.m = m, .globals = globals, .objects = objects, .e = e};
    guint before = m->devs->len;
    int r = a ? add(&s, a) : PB_EINVAL;

    while (r < 0 && m->devs->len > before) /* nodes that were made for what failed */
        pb_dev_free(m->devs->pdata[m->devs->len - 1]);
    if (r < 0 && a)
        pb_err_once(e, &a->place);
    pb_args_free(a);
    return r;
}

int pb_sys_device(struct pb_sys *s, struct pb_args *a)
{
    return pb_sys_add_device(s, a) ? PB_OK : PB_EINVAL;
}

int pb_sys_devices(struct pb_sys *s)
{
    struct pb_given *g;

    globals = s->globals;
    objects = s->objects;

    for (guint i = 0; i < s->wanted->len; i++)
        if (add_wanted(s, s->wanted->pdata[i]) < 0)
            return PB_EINVAL;
    for (guint i = 0; (g = pb_cli_nth(s->cli, "device", i)); i++) {
        struct pb_args *a = pb_args_parse("-device", g->arg, "driver", s->e);
        pb_dev *d = a ? pb_sys_add_device(s, a) : NULL;
        pb_args_free(a);
        if (!d)
            return PB_EINVAL;
    }
    return PB_OK;
}

pb_dev *pb_sys_node(struct pb_sys *s, enum pb_kind kind, const char *driver, const char *id,
                    struct pb_args *a)
{
    const struct pb_class *c = pb_class_find(kind, driver);
    int r = PB_OK;

    if (id && pb_dev_find(s->m, id)) {
        pb_err_set(s->e, PB_EBUSY, "Duplicate ID '%s'", id);
        pb_err_hint(s->e, "give one of the two another id=");
        pb_err_once(s->e, &a->place);
        return NULL;
    }
    if (pb_class_load(c, s->e) < 0)
        return NULL;
    pb_dev *d = pb_dev_new(s->m, c, id, &a->place, s->e);
    if (!d)
        return NULL;
    for (guint i = 0; r == PB_OK && i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if (x->used)
            continue;
        a->place.col = x->col;
        if (!pb_class_prop(c, x->key)) {
            g_autofree const char **names = pb_class_prop_names(c);
            const char *near = pb_nearest(x->key, names);
            r = pb_err_set(s->e, PB_ENOENT, "Invalid parameter '%s'", x->key);
            if (near)
                pb_err_hint(s->e, "did you mean '%s'?", near);
            else
                pb_err_hint(s->e, "'%s' has no such property", c->id);
            break;
        }
        r = pb_dev_set(d, x->key, x->value, &a->place, s->e);
    }
    if (r == PB_OK)
        r = pb_dev_realize(d, s->e);
    if (r == PB_OK)
        return d;
    pb_err_once(s->e, &a->place);
    pb_dev_free(d);
    return NULL;
}
