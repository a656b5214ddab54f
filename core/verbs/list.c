/* SPDX-License-Identifier: MIT */
/* list.c - plugboard list [WHAT] [--json]: what is installed, what is hidden or refused and
 * why, and what the distribution has besides.
 */
#include "verbs.h"
#include "machines.h"
#include "../util/writer.h"

#include "../plugin/catalog.h"
#include "../plugin/check.h"
#include "../plugin/shadow.h"
#include "../plugin/sidecar.h"

#include <string.h>

static void text_plugins(void)
{
    GPtrArray *v = pb_plugin_list();

    for (guint i = 0; i < v->len; i++) {
        const struct pb_plugin_file *p = v->pdata[i];
        pb_err e = {0};
        int ok = pb_check_file(p, &e);
        printf("%-34s %-8s %-12s %s%s%s\n", p->id, p->version, p->license, p->library,
               ok < 0 ? "\n    unavailable: " : "", ok < 0 ? e.text : "");
        pb_err_clear(&e);
    }
    const GPtrArray *hidden = pb_registry_shadows();
    for (guint i = 0; i < hidden->len; i++)
        printf("%s\n", (char *)hidden->pdata[i]);
}

static void json_plugins(struct pb_writer *w)
{
    GPtrArray *v = pb_plugin_list();

    pb_write_open(w, NULL, '[');
    for (guint i = 0; i < v->len; i++) {
        const struct pb_plugin_file *p = v->pdata[i];
        pb_err e = {0};
        int ok = pb_check_file(p, &e);
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "id", p->id);
        pb_write_text(w, "version", p->version);
        pb_write_text(w, "license", p->license);
        pb_write_text(w, "library", p->library);
        pb_write_uint(w, "abi-epoch", p->epoch);
        pb_write_uint(w, "abi-minor", p->abi);
        pb_write_list(w, "needs", (const char *const *)p->needs);
        pb_write_text(w, "unavailable", ok < 0 ? e.text : NULL);
        pb_write_close(w, '}');
        pb_err_clear(&e);
    }
    pb_write_close(w, ']');
}

static void text_absent(enum pb_kind kind)
{
    g_autofree const char **names = pb_catalog_names(kind);
    gboolean headed = FALSE;

    for (const char **n = names; *n; n++) {
        if (pb_class_find(kind, *n))
            continue;
        printf("%s%-22s package %s\n", headed ? "" : "not installed:\n", *n,
               pb_class_package(kind, *n));
        headed = TRUE;
    }
}

static void text_classes(enum pb_kind kind)
{
    GPtrArray *v = pb_class_list(kind);

    for (guint i = 0; i < v->len; i++) {
        const struct pb_class *c = v->pdata[i];
        pb_err e = {0};
        if (pb_check_file(c->plugin, &e) < 0) {
            printf("%-22s unavailable: %s\n", c->id, e.text);
            pb_err_clear(&e);
            continue;
        }
        printf("%-22s %-40s %-14s %s%s%s\n", c->id, c->title ? c->title : "",
               c->bus ? c->bus : "", c->plugin->id, *c->plugin->version ? " " : "",
               c->plugin->version);
    }
    text_absent(kind);
}

static void json_classes(struct pb_writer *w, enum pb_kind kind)
{
    GPtrArray *v = pb_class_list(kind);
    g_autofree const char **names = pb_catalog_names(kind);

    for (guint i = 0; i < v->len; i++) {
        const struct pb_class *c = v->pdata[i];
        pb_err e = {0};
        int ok = pb_check_file(c->plugin, &e);
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "id", c->id);
        pb_write_text(w, "kind", pb_kind_names[kind]);
        pb_write_text(w, "title", c->title);
        pb_write_text(w, "bus", c->bus);
        pb_write_text(w, "plugin", c->plugin->id);
        pb_write_text(w, "unavailable", ok < 0 ? e.text : NULL);
        pb_write_close(w, '}');
        pb_err_clear(&e);
    }
    for (const char **n = names; *n; n++) {
        if (pb_class_find(kind, *n))
            continue;
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "id", *n);
        pb_write_text(w, "kind", pb_kind_names[kind]);
        pb_write_text(w, "package", pb_class_package(kind, *n));
        pb_write_close(w, '}');
    }
}

static void machines(struct pb_writer *w)
{
    g_auto(GStrv) archs = pb_machine_archs();

    if (w)
        pb_write_open(w, NULL, '[');
    for (char **a = archs; *a; a++) {
        g_autoptr(GPtrArray) v = pb_manifest_list(*a);
        for (guint i = 0; i < v->len; i++) {
            const struct pb_machine_entry *m = v->pdata[i];
            if (!w) {
                printf("%-12s %-20s %s%s%s%s\n", *a, m->id, m->title,
                       m->alias_of ? " (alias of " : "", m->alias_of ? m->alias_of : "",
                       m->alias_of ? ")" : "");
                continue;
            }
            pb_write_open(w, NULL, '{');
            pb_write_text(w, "arch", *a);
            pb_write_text(w, "id", m->id);
            pb_write_text(w, "title", m->title);
            pb_write_text(w, "alias-of", m->alias_of);
            pb_write_bool(w, "default", m->is_default);
            pb_write_text(w, "manifest", m->path);
            pb_write_close(w, '}');
        }
    }
    if (w)
        pb_write_close(w, ']');
}

/* Kinds of bus, each once: who offers it, who goes on it. */
static void buses(struct pb_writer *w)
{
    GPtrArray *v = pb_class_list(PB_KIND_DEVICE);
    g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

    if (w)
        pb_write_open(w, NULL, '[');
    for (guint i = 0; i < v->len; i++) {
        const struct pb_class *c = v->pdata[i];
        for (char **b = c->buses_out; *b; b++) {
            g_autoptr(GPtrArray) from = g_ptr_array_new(), on = g_ptr_array_new();
            if (!g_hash_table_add(done, *b))
                continue;
            for (guint k = 0; k < v->len; k++) {
                const struct pb_class *x = v->pdata[k];
                if (g_strv_contains((const char *const *)x->buses_out, *b))
                    g_ptr_array_add(from, x->id);
                if (x->bus && !strcmp(x->bus, *b))
                    g_ptr_array_add(on, x->id);
            }
            g_ptr_array_add(from, NULL);
            g_ptr_array_add(on, NULL);
            if (w) {
                pb_write_open(w, NULL, '{');
                pb_write_text(w, "kind", *b);
                pb_write_list(w, "offered-by", (const char *const *)from->pdata);
                pb_write_list(w, "devices", (const char *const *)on->pdata);
                pb_write_close(w, '}');
            } else {
                g_autofree char *f = g_strjoinv(" ", (char **)from->pdata);
                g_autofree char *o = g_strjoinv(" ", (char **)on->pdata);
                printf("%-14s offered by %s; takes %s\n", *b, f, *o ? o : "nothing installed");
            }
        }
    }
    if (w)
        pb_write_close(w, ']');
}

static void classes(struct pb_writer *w, int first, int last)
{
    if (w)
        pb_write_open(w, NULL, '[');
    for (int k = first; k <= last; k++) {
        if (w)
            json_classes(w, (enum pb_kind)k);
        else
            text_classes((enum pb_kind)k);
    }
    if (w)
        pb_write_close(w, ']');
}

int pb_verb_list(int argc, char **argv)
{
    static const char *const names[] = {"plugins", "machines", "buses", "backends", "devices",
                                        "cpus",    "block",    "net",   "char",     "fs",
                                        "personalities", NULL};
    struct pb_writer out = {.to = stdout}, *w = pb_verb_flag(&argc, argv, "--json") ? &out : NULL;
    const char *what = argc ? argv[0] : "plugins";
    int n = 0;

    if (pb_verb_unknown("list", argc, argv))
        return 1;
    pb_verb_start();
    while (names[n] && strcmp(names[n], what))
        n++;
    if (n == 0 && w)
        json_plugins(w);
    else if (n == 0)
        text_plugins();
    else if (n == 1)
        machines(w);
    else if (n == 2)
        buses(w);
    else if (n == 3)
        classes(w, PB_KIND_BLOCK, PB_KIND_FS);
    else if (names[n])
        classes(w, n - 4, n - 4);
    else {
        const char *near = pb_nearest(what, names);
        g_autofree char *all = g_strjoinv(", ", (char **)names);
        g_autofree char *cure = near ? g_strdup_printf("did you mean '%s'?", near)
                                     : g_strdup_printf("it lists %s", all);
        return pb_verb_refuse(cure, "list: '%s' is none of %s", what, all);
    }
    return 0;
}
