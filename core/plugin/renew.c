/* SPDX-License-Identifier: MIT */
/* renew.c - a loaded plugin's object, opened anew beside the one in use, and exchanged with it.
 *
 * The new object comes from a copy of the file in memory: the dynamic linker would give the one
 * that it has, and the old one must stay until the new one is known to do. What a board was
 * wired by may not differ; registers, behaviour and the state's version may.
 */
#include "renew.h"

#include "../object/dev.h"
#include "check.h"
#include "load.h"

#include <string.h>
#include <unistd.h>

static gboolean same_words(const char *const *a, const char *const *b)
{
    static const char *const none[] = {NULL};

    return g_strv_equal(a ? a : none, b ? b : none);
}

static const char *const *provided(const struct pb_device_class *c, GPtrArray *v)
{
    for (uint32_t i = 0; i < c->n_provides; i++)
        g_ptr_array_add(v, (char *)c->provides[i].id);
    g_ptr_array_add(v, NULL);
    return (const char *const *)v->pdata;
}

/* What of the outside differs, or NULL. */
static const char *differs(const struct pb_device_class *a, const struct pb_device_class *b)
{
    g_autoptr(GPtrArray) pa = g_ptr_array_new(), pb = g_ptr_array_new();

    if (!same_words(a->lines_in, b->lines_in))
        return "inputs";
    if (!same_words(a->lines_out, b->lines_out))
        return "outputs";
    if (!same_words(a->buses_out, b->buses_out) || g_strcmp0(a->bus, b->bus))
        return "buses";
    if (a->n_regions != b->n_regions)
        return "regions";
    if (a->flags != b->flags)
        return "flags";
    if (!same_words(provided(a, pa), provided(b, pb)))
        return "interfaces";
    return NULL;
}

static int check_kinds(const struct pb_plugin_file *p, pb_err *e)
{
    if (!p->entry || !(p->handle || p->packed))
        return pb_err_set(e, PB_ENOENT, "plugin %s is not loaded", p->id);
    for (uint32_t i = 0; i < p->entry->n_classes; i++)
        if (strcmp(p->entry->classes[i].kind, PB_CLASS_DEVICE))
            return pb_err_set(e, PB_ENOTSUP, "plugin %s has a class of kind %s: only devices can "
                              "be exchanged while the machine runs", p->id,
                              p->entry->classes[i].kind);
    if (!(p->entry->flags & PB_PLUGIN_UNLOADABLE))
        return pb_err_set(e, PB_ENOTSUP, "plugin %s does not say that it can be unloaded "
                          "(PB_PLUGIN_UNLOADABLE)", p->id);
    return PB_OK;
}

static int take_tables(struct pb_renewed *r, pb_err *e)
{
    GPtrArray *all = pb_class_list(PB_KIND_DEVICE);

    for (guint i = 0; i < all->len; i++) {
        struct pb_class *c = all->pdata[i];
        if (c->plugin != r->p || !c->table)
            continue;
        const void *t = pb_check_table(r->entry, c, e);
        const char *what = t ? differs(c->table, t) : NULL;
        if (!t)
            return PB_EINVAL;
        if (what)
            return pb_err_set(e, PB_EINVAL, "class '%s' of %s has other %s than the one that runs",
                              c->id, r->p->library, what);
        g_ptr_array_add(r->classes, c);
        g_ptr_array_add(r->tables, (void *)t);
    }
    return PB_OK;
}

struct pb_renewed *pb_renew_open(struct pb_plugin_file *p, pb_err *e)
{
    if (check_kinds(p, e) < 0)
        return NULL;
    struct pb_renewed *r = g_new0(struct pb_renewed, 1);
    r->p = p;
    r->classes = g_ptr_array_new();
    r->tables = g_ptr_array_new();
    r->handle = pb_load_private(p->library, &r->copy, e);
    const struct pb_plugin *entry = r->handle ? pb_load_symbol(r->handle, "pb_plugin_v0") : NULL;
    if (r->handle && !entry)
        pb_err_set(e, PB_EINVAL, "%s: no symbol pb_plugin_v0: not a plugin", p->library);
    if (entry && pb_check_entry(entry, p, e) == PB_OK &&
        (!PB_HAS(struct pb_plugin, entry, init) || entry->init(&pb_the_host, e) >= 0)) {
        r->entry = entry;
        if (check_kinds(&(struct pb_plugin_file){.id = p->id, .handle = r->handle,
                                                 .entry = entry}, e) == PB_OK &&
            take_tables(r, e) == PB_OK)
            return r;
    }
    pb_err_set(e, PB_EINVAL, "plugin %s refuses to start", p->id);
    pb_renew_close(r);
    return NULL;
}

void pb_renew_swap(struct pb_renewed *r)
{
    struct pb_plugin_file *p = r->p, old = *p;

    p->handle = r->handle;
    p->entry = r->entry;
    p->copy = r->copy;
    p->packed = r->packed;
    r->handle = old.handle;
    r->entry = old.entry;
    r->copy = old.copy;
    r->packed = old.packed;
    for (guint i = 0; i < r->classes->len; i++) {
        struct pb_class *c = r->classes->pdata[i];
        const void *t = c->table;
        c->table = r->tables->pdata[i];
        r->tables->pdata[i] = (void *)t;
    }
}

void pb_renew_close(struct pb_renewed *r)
{
    if (r->entry && PB_HAS(struct pb_plugin, r->entry, fini))
        r->entry->fini();
    if (r->handle)
        pb_load_close(r->handle);
    if (r->copy > 0)
        close(r->copy);
    g_ptr_array_unref(r->classes);
    g_ptr_array_unref(r->tables);
    g_free(r);
}
