/* SPDX-License-Identifier: MIT */
/* inspect.c - plugboard inspect [plugin|machine] NAME [--json|--dot|--svg|--markdown]: all that
 * a plugin's tables or a machine's manifest say.
 */
#include "verbs.h"
#include "machines.h"
#include "page.h"
#include "../util/writer.h"

#include "../plugin/catalog.h"
#include "../plugin/sidecar.h"
#include "../plugin/verify.h"

#include <plugboard/draft/cpu.h>
#include <plugboard/reg.h>

#include <string.h>

/* What was named: a plugin and which of its classes. */
struct found {
    struct pb_plugin_file *plugin;
    GPtrArray *classes; /* struct pb_class * */
    gboolean own;       /* read from a path: not the registry's */
};

static void found_free(struct found *f)
{
    for (guint i = 0; f->own && i < f->classes->len; i++)
        pb_class_free(f->classes->pdata[i]);
    if (f->own)
        pb_plugin_file_free(f->plugin);
    g_ptr_array_unref(f->classes);
}

static int find_path(const char *path, struct found *f, pb_err *e)
{
    g_autofree char *stem = g_str_has_suffix(path, ".so") ? g_strndup(path, strlen(path) - 3)
                                                          : NULL;
    g_autofree char *side = stem ? g_strconcat(stem, ".plugin", NULL) : g_strdup(path);
    struct pb_faults faults;

    pb_faults_init(&faults);
    f->plugin = pb_sidecar_read(side, f->classes, &faults);
    f->own = f->plugin != NULL;
    pb_faults_to_err(&faults, e);
    pb_faults_clear(&faults);
    return f->plugin ? PB_OK : PB_EINVAL;
}

/* A plugin's id, or a class of any kind. FALSE: neither. */
static gboolean find_installed(const char *name, struct found *f)
{
    GPtrArray *v = pb_plugin_list();

    for (guint i = 0; i < v->len; i++)
        if (!strcmp(((struct pb_plugin_file *)v->pdata[i])->id, name))
            f->plugin = v->pdata[i];
    for (int k = 0; k < PB_KINDS; k++) {
        const struct pb_class *one = f->plugin ? NULL : pb_class_find((enum pb_kind)k, name);
        GPtrArray *all = pb_class_list((enum pb_kind)k);
        if (one)
            g_ptr_array_add(f->classes, (gpointer)one);
        for (guint i = 0; f->plugin && i < all->len; i++)
            if (((struct pb_class *)all->pdata[i])->plugin == f->plugin)
                g_ptr_array_add(f->classes, all->pdata[i]);
    }
    if (!f->plugin && f->classes->len)
        f->plugin = ((struct pb_class *)f->classes->pdata[0])->plugin;
    return f->plugin != NULL;
}

static int not_found(const char *name, pb_err *e)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *package = NULL;

    for (int k = 0; k < PB_KINDS; k++) {
        GPtrArray *all = pb_class_list((enum pb_kind)k);
        for (guint i = 0; i < all->len; i++)
            g_ptr_array_add(names, ((struct pb_class *)all->pdata[i])->id);
        if (!package)
            package = pb_class_package((enum pb_kind)k, name);
    }
    g_ptr_array_add(names, NULL);
    const char *near = pb_nearest(name, (const char *const *)names->pdata);
    pb_err_set(e, PB_ENOENT, "there is no plugin, class or machine '%s'", name);
    if (package)
        pb_err_hint(e, "package %s provides it, not installed", package);
    else if (near)
        pb_err_hint(e, "did you mean '%s'?", near);
    else
        pb_err_hint(e, "'plugboard list' shows plugins, 'plugboard list machines' machines");
    return PB_ENOENT;
}

static const char *package_of(const struct found *f)
{
    const char *package = NULL;

    for (guint i = 0; i < f->classes->len && !package; i++) {
        const struct pb_class *c = f->classes->pdata[i];
        package = pb_class_package(c->kind, c->id);
    }
    return package;
}

static void json_regs(struct pb_writer *w, const struct pb_regs *t)
{
    static const char *const access[] = {"", "RW", "RO", "WO", "W1C", "RC", "RSVD"};

    pb_write_open(w, "registers", '[');
    for (uint32_t i = 0; t && i < t->n; i++) {
        const struct pb_reg *r = &t->reg[i];
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "name", r->name);
        pb_write_uint(w, "offset", r->off);
        pb_write_uint(w, "width", r->width);
        pb_write_text(w, "access", r->access < G_N_ELEMENTS(access) ? access[r->access] : "?");
        pb_write_uint(w, "reset", r->reset);
        pb_write_uint(w, "mask", r->mask);
        pb_write_uint(w, "count", r->count ? r->count : 1);
        pb_write_text(w, "section", r->section);
        pb_write_text(w, "doc", r->doc);
        pb_write_open(w, "fields", '[');
        for (uint32_t k = 0; r->fields && k < r->n_fields; k++) {
            pb_write_open(w, NULL, '{');
            pb_write_text(w, "name", r->fields[k].name);
            pb_write_uint(w, "lsb", r->fields[k].lsb);
            pb_write_uint(w, "width", r->fields[k].width);
            pb_write_text(w, "doc", r->fields[k].doc);
            pb_write_close(w, '}');
        }
        pb_write_close(w, ']');
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
}

static void json_class(struct pb_writer *w, const struct pb_class *c)
{
    pb_write_open(w, NULL, '{');
    pb_write_text(w, "kind", pb_kind_names[c->kind]);
    pb_write_text(w, "id", c->id);
    pb_write_text(w, "title", c->title);
    pb_write_text(w, "bus", c->bus);
    pb_write_list(w, "aliases", (const char *const *)c->aliases);
    pb_write_list(w, "outputs", (const char *const *)c->lines_out);
    pb_write_list(w, "inputs", (const char *const *)c->lines_in);
    pb_write_list(w, "buses", (const char *const *)c->buses_out);
    pb_write_list(w, "provides", (const char *const *)c->provides);
    pb_write_list(w, "models", (const char *const *)c->models);
    pb_write_open(w, "properties", '[');
    for (uint32_t i = 0; i < c->n_props; i++) {
        const struct pb_prop *p = &c->props[i];
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "name", p->name);
        pb_write_text(w, "type", pb_type_names[p->type]);
        pb_write_text(w, "doc", p->doc);
        pb_write_text(w, "default", p->def);
        pb_write_text(w, "unit", p->unit);
        if (p->choices)
            pb_write_list(w, "choices", p->choices);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    if (c->kind == PB_KIND_DEVICE && c->table) {
        const struct pb_device_class *d = c->table;
        json_regs(w, d->regs);
        pb_write_uint(w, "state-version", d->state_version);
        pb_write_open(w, "state", '[');
        for (uint32_t i = 0; i < d->n_state; i++)
            pb_write_text(w, NULL, d->state[i].name);
        pb_write_close(w, ']');
    }
    pb_write_close(w, '}');
}

static void json_plugin(const struct found *f)
{
    struct pb_writer w = {.to = stdout};
    g_auto(GStrv) libs = pb_verify_libraries(f->plugin->library);

    pb_write_open(&w, NULL, '{');
    pb_write_text(&w, "plugin", f->plugin->id);
    pb_write_text(&w, "version", f->plugin->version);
    pb_write_text(&w, "license", f->plugin->license);
    pb_write_text(&w, "library", f->plugin->library);
    pb_write_text(&w, "package", package_of(f));
    pb_write_uint(&w, "abi-epoch", f->plugin->epoch);
    pb_write_uint(&w, "abi-minor", f->plugin->abi);
    pb_write_list(&w, "needs", (const char *const *)f->plugin->needs);
    pb_write_list(&w, "libraries", (const char *const *)libs);
    pb_write_open(&w, "classes", '[');
    for (guint i = 0; i < f->classes->len; i++)
        json_class(&w, f->classes->pdata[i]);
    pb_write_close(&w, ']');
    pb_write_close(&w, '}');
}

static void text_plugin(const struct found *f, enum pb_page_form form)
{
    const struct pb_plugin_file *p = f->plugin;
    g_auto(GStrv) libs = pb_verify_libraries(p->library);
    g_autofree char *needs = g_strjoinv(" ", p->needs), *l = g_strjoinv(" ", libs);
    const char *package = package_of(f);

    if (form == PB_PAGE_TEXT) {
        printf("plugin %s %s (%s)\n  library   %s\n", p->id, p->version, p->license, p->library);
        printf("  ABI       epoch %u, minor %u\n  needs     %s\n  libraries %s\n", p->epoch,
               p->abi, needs, l);
        if (package)
            printf("  package   %s\n", package);
        putchar('\n');
    }
    for (guint i = 0; i < f->classes->len; i++)
        pb_page_class(f->classes->pdata[i], form, stdout);
}

static int inspect_plugin(struct found *f, gboolean json, enum pb_page_form form, pb_err *e)
{
    /* registers and state stand in the library only */
    for (guint i = 0; i < f->classes->len; i++)
        if (pb_class_load(f->classes->pdata[i], e) < 0)
            return 1;
    if (json)
        json_plugin(f);
    else
        text_plugin(f, form);
    return 0;
}

static int inspect_machine(const char *name, gboolean json, gboolean dot, gboolean svg, pb_err *e)
{
    struct pb_view *v = pb_view_open(name, e);

    if (!v)
        return 1;
    if (json)
        pb_view_json(v, stdout);
    else if (dot)
        pb_view_dot(v, stdout);
    else if (svg)
        pb_view_svg(v, stdout);
    else
        pb_view_text(v, stdout);
    pb_view_close(v);
    return 0;
}

static gboolean is_machine(const char *name)
{
    g_auto(GStrv) archs = pb_machine_archs();

    if (g_str_has_suffix(name, ".machine") || (strchr(name, '/') && *name != '/' && *name != '.'))
        return TRUE;
    for (char **a = archs; *a; a++) {
        g_autoptr(GPtrArray) v = pb_manifest_list(*a);
        for (guint i = 0; i < v->len; i++)
            if (!strcmp(((struct pb_machine_entry *)v->pdata[i])->id, name))
                return TRUE;
    }
    return FALSE;
}

int pb_verb_inspect(int argc, char **argv)
{
    gboolean json = pb_verb_flag(&argc, argv, "--json"), dot = pb_verb_flag(&argc, argv, "--dot");
    gboolean svg = pb_verb_flag(&argc, argv, "--svg");
    gboolean md = pb_verb_flag(&argc, argv, "--markdown");
    gboolean machine = argc == 2 && !strcmp(argv[0], "machine");
    gboolean plugin = argc == 2 && !strcmp(argv[0], "plugin");
    struct found f = {0};
    pb_err e = {0};
    int bad = 1;

    if (pb_verb_unknown("inspect", argc, argv))
        return 1;
    if (argc != 1 + (machine || plugin) || json + dot + svg + md > 1) {
        return pb_verb_refuse("'plugboard help inspect' lists them",
                              "inspect: takes one plugin, class or machine, and one form");
    }
    const char *name = argv[argc - 1];
    pb_verb_start();
    f.classes = g_ptr_array_new();
    gboolean path = g_str_has_suffix(name, ".so") || g_str_has_suffix(name, ".plugin");
    if (!machine && (path ? find_path(name, &f, &e) == PB_OK : find_installed(name, &f))) {
        if (dot || svg)
            pb_err_set(&e, PB_EINVAL, "a plugin has no picture: --json, --markdown or none");
        else
            bad = inspect_plugin(&f, json, md ? PB_PAGE_MARKDOWN : PB_PAGE_TEXT, &e);
    } else if (!plugin && !path && (machine || is_machine(name))) {
        bad = inspect_machine(name, json, dot, svg, &e);
    } else if (!e.code) {
        not_found(name, &e);
    }
    found_free(&f);
    if (e.text)
        pb_verb_fail(&e);
    return bad;
}
