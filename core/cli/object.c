/* SPDX-License-Identifier: MIT */
/* object.c - -object: things of QEMU's that devices are told to work with. Here they are names
 * for what every device has anyhow: the host's random numbers (getrandom, or those of -seed), and
 * a thread for each virtual queue. Other kinds are refused. */
#include "sys.h"

#include "../plugin/catalog.h"

#include <string.h>

static const struct kind {
    const char *type, *prop; /* the property that names one */
    const char *keys[3];
} kinds[] = {
    {"rng-random", "rng", {"id", "filename", NULL}},
    {"rng-builtin", "rng", {"id", NULL}},
    {"iothread", "iothread", {"id", NULL}},
};

static int check_source(const char *file, pb_err *e)
{
    if (!file || !strcmp(file, "/dev/urandom") || !strcmp(file, "/dev/random"))
        return PB_OK;
    pb_err_set(e, PB_ENOTSUP, "filename=%s: random numbers come from the host's kernel", file);
    pb_err_hint(e, "write /dev/urandom, which is the same source, or leave it out");
    return PB_ENOTSUP;
}

static int add(struct pb_sys *s, const struct kind *k, struct pb_args *a)
{
    const char *id = pb_args_get(a, "id");

    if (!id || !*id)
        return pb_err_set(s->e, PB_EINVAL, "Parameter 'id' is missing");
    if (g_hash_table_contains(s->objects, id)) {
        pb_err_set(s->e, PB_EBUSY, "attempt to add duplicate property '%s' to object", id);
        pb_err_hint(s->e, "give one of the two another id=");
        return PB_EBUSY;
    }
    if (check_source(pb_args_get(a, "filename"), s->e) < 0)
        return PB_ENOTSUP;
    g_hash_table_insert(s->objects, g_strdup(id), (gpointer)k->prop);
    return pb_args_done(a, k->keys, s->e);
}

int pb_sys_object(struct pb_sys *s, struct pb_args *a)
{
    const char *type = pb_args_get(a, "qom-type");

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (!g_strcmp0(kinds[i].type, type))
            return add(s, &kinds[i], a);
    pb_err_set(s->e, PB_ENOTSUP, "object type '%s' is not there", type ? type : "");
    if (!type || !pb_not_here("object", type, s->e))
        pb_err_hint(s->e, "rng-random, rng-builtin and iothread are");
    return PB_ENOTSUP;
}

int pb_sys_object_del(struct pb_sys *s, struct pb_args *a)
{
    const char *id = pb_args_get(a, "id"), *prop = g_hash_table_lookup(s->objects, id);

    if (!prop)
        return pb_err_set(s->e, PB_ENOENT, "object '%s' not found", id);
    for (guint i = 0; i < s->m->devs->len; i++) {
        pb_dev *d = s->m->devs->pdata[i];
        g_autofree char *used = pb_dev_get_text(d, prop);
        if (!g_strcmp0(used, id))
            return pb_err_set(s->e, PB_EBUSY, "object '%s' is in use by '%s', can not be deleted",
                              id, d->name);
    }
    g_hash_table_remove(s->objects, id);
    return PB_OK;
}

static int one(struct pb_sys *s, struct pb_args *a)
{
    if (!pb_args_wants_help(a))
        return pb_sys_object(s, a);
    puts("List of user creatable objects:");
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        printf("  %s\n", kinds[i].type);
    return PB_DONE;
}

int pb_sys_objects(struct pb_sys *s)
{
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "object", i)); i++) {
        struct pb_args *a = pb_args_parse("-object", g->arg, "qom-type", s->e);
        if (!a)
            return PB_EINVAL;
        r = one(s, a);
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

int pb_sys_check_object(struct pb_sys *s, const char *cls, const char *key, const char *value)
{
    gboolean asked = FALSE;

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        asked |= !strcmp(kinds[i].prop, key);
    if (!asked || !g_strcmp0(g_hash_table_lookup(s->objects, value), key))
        return PB_OK;
    pb_err_set(s->e, PB_ENOENT, "Property '%s.%s' can't find value '%s'", cls, key, value);
    pb_err_hint(s->e, "make it with -object %s,id=%s",
                !strcmp(key, "rng") ? "rng-random,filename=/dev/urandom" : key, value);
    return PB_ENOENT;
}
