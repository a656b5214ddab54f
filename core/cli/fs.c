/* SPDX-License-Identifier: MIT */
/* fs.c - -fsdev and -virtfs: shared directories. */
#include "sys.h"

#include <string.h>

/* QEMU's names of properties to the plugin's: '_' and '-' are the same in them. */
static void same_names(const struct pb_class *c, struct pb_args *a)
{
    for (guint i = 0; i < a->v->len; i++) {
        struct pb_arg *x = a->v->pdata[i];
        g_autofree char *dashes = g_strdelimit(g_strdup(x->key), "_", '-');
        g_autofree char *bars = g_strdelimit(g_strdup(x->key), "-", '_');
        if (pb_class_prop(c, x->key))
            continue;
        const char *use = pb_class_prop(c, dashes) ? dashes : pb_class_prop(c, bars) ? bars : NULL;
        if (use) {
            g_free(x->key);
            x->key = g_strdup(use);
        }
    }
}

static pb_dev *fs_node(struct pb_sys *s, struct pb_args *a, const char *id)
{
    const char *driver = pb_args_get(a, "fsdriver");
    const struct pb_class *c =
        driver ? pb_sys_class(PB_KIND_FS, driver, "fsdriver", &a->place, s->e) : NULL;

    if (!driver) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'fsdriver' is missing");
        pb_err_at(s->e, &a->place);
    }
    if (!c)
        return NULL;
    same_names(c, a);
    const struct pb_prop *model = pb_class_prop(c, "security_model");
    if (model && (model->flags & PB_P_REQUIRED)) {
        gboolean given = FALSE;
        for (guint i = 0; i < a->v->len; i++)
            given |= !strcmp(((struct pb_arg *)a->v->pdata[i])->key, "security_model");
        if (!given) {
            pb_err_set(s->e, PB_EINVAL, "security_model property not set");
            pb_err_hint(s->e, "Valid options are: security_model=[passthrough|mapped-xattr|"
                              "mapped-file|none]");
            pb_err_at(s->e, &a->place);
            return NULL;
        }
    }
    return pb_sys_node(s, PB_KIND_FS, driver, id, a);
}

static int virtfs(struct pb_sys *s, const char *text, guint n)
{
    struct pb_args *a = pb_args_parse("-virtfs", text, "fsdriver", s->e);

    if (!a)
        return PB_EINVAL;
    const char *tag = pb_args_get(a, "mount_tag"), *given = pb_args_get(a, "id");
    const char *device = NULL;
    g_autofree char *id = given ? g_strdup(given) : g_strdup_printf("#fsdev%u", n);
    int r = PB_OK;
    if (!tag || !*tag) {
        r = pb_err_set(s->e, PB_EINVAL, "-virtfs needs mount_tag=TAG, by which the guest mounts");
        pb_err_at(s->e, &a->place);
    } else if (!fs_node(s, a, id)) {
        r = PB_EINVAL;
    } else if (!(device = g_hash_table_lookup(s->plan->defaults, "share"))) {
        r = pb_err_set(s->e, PB_ENOTSUP, "this machine names no device for a shared directory");
        pb_err_hint(s->e, "use -fsdev and the -device for it, or set share= in [defaults]");
        pb_err_at(s->e, &a->place);
    } else {
        struct pb_wanted *w = pb_sys_want(s, device, NULL, &a->place);
        pb_wanted_set(w, "fsdev", id);
        pb_wanted_set(w, "mount_tag", tag);
    }
    pb_args_free(a);
    return r;
}

int pb_sys_fs(struct pb_sys *s)
{
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "fsdev", i)); i++) {
        struct pb_args *a = pb_args_parse("-fsdev", g->arg, "fsdriver", s->e);
        const char *id = a ? pb_args_get(a, "id") : NULL;
        if (a && !id) {
            pb_err_set(s->e, PB_EINVAL, "fsdev: No id specified");
            pb_err_at(s->e, &a->place);
        }
        r = id && fs_node(s, a, id) ? PB_OK : PB_EINVAL;
        pb_args_free(a);
    }
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "virtfs", i)); i++)
        r = virtfs(s, g->arg, i);
    return r;
}
