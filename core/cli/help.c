/* SPDX-License-Identifier: MIT */
/* help.c - lists of what there is, from sidecars alone, in the words of QEMU's help. */
#include "sys.h"

#include "../plugin/catalog.h"
#include "../plugin/check.h"
#include "../plugin/sidecar.h"
#include "../util/json.h"

#include <string.h>

static const struct { const char *id, *head; } categories[] = {
    {"controller", "Controller/Bridge/Hub"}, {"usb", "USB"},     {"storage", "Storage"},
    {"network", "Network"},                  {"input", "Input"}, {"display", "Display"},
    {"sound", "Sound"},                      {"misc", "Misc"},   {"cpu", "CPU"},
    {"watchdog", "Watchdog"},                {NULL, "Uncategorized"}};

/* A class may name several categories, with blanks between. */
static gboolean in_category(const struct pb_class *c, const char *id)
{
    gboolean any = FALSE, match = FALSE;
    g_auto(GStrv) w = pb_value_words(c->category ? c->category : "");

    for (char **p = w; *p; p++)
        for (guint i = 0; categories[i].id; i++)
            if (!strcmp(*p, categories[i].id)) {
                any = TRUE;
                match |= id && !strcmp(*p, id);
            }
    return id ? match : !any;
}

/* Not to be listed: what cannot be loaded is in `plugboard list` and in errors. */
static gboolean hidden(const struct pb_class *c)
{
    return (c->flags & PB_DEV_NO_USER) || pb_check_file(c->plugin, NULL) < 0;
}

static void device_line(const struct pb_class *c, FILE *to)
{
    fprintf(to, "name \"%s\"", c->id);
    if (c->bus)
        fprintf(to, ", bus %s", c->bus);
    if (*c->aliases)
        fprintf(to, ", alias \"%s\"", c->aliases[0]);
    if (c->title && *c->title)
        fprintf(to, ", desc \"%s\"", c->title);
    if (c->flags & PB_DEV_NO_USER)
        fprintf(to, ", no-user");
    fputc('\n', to);
}

void pb_help_devices(FILE *to, gboolean all)
{
    GPtrArray *list = pb_class_list(PB_KIND_DEVICE);
    gboolean any = FALSE;

    for (guint k = 0; k < G_N_ELEMENTS(categories); k++) {
        gboolean headed = FALSE;
        for (guint i = 0; i < list->len; i++) {
            const struct pb_class *c = list->pdata[i];
            if (!in_category(c, categories[k].id) || (!all && hidden(c)))
                continue;
            if (!headed)
                fprintf(to, "%s%s devices:\n", any ? "\n" : "", categories[k].head);
            any = headed = TRUE;
            device_line(c, to);
        }
    }
}

/* The type as QEMU's help names it. */
char *pb_help_type(const struct pb_prop *p)
{
    static const char *const names[] = {"?",   "bool", "int32", "uint32", "size",
                                        "str", "str",  "str",   "uint64", "str"};

    if (p->qemu_type)
        return g_strdup(p->qemu_type);
    if (p->type == PB_T_INT && (p->min < INT32_MIN || p->max > INT32_MAX))
        return g_strdup("int64");
    if (p->type == PB_T_UINT && p->max > UINT32_MAX)
        return g_strdup("uint64");
    return g_strdup(p->type < G_N_ELEMENTS(names) ? names[p->type] : "?");
}

static char *default_text(const struct pb_prop *p)
{
    gboolean b;

    if (!p->def || !*p->def)
        return NULL;
    if (p->type == PB_T_BOOL && pb_value_bool(p->def, &b))
        return g_strdup(b ? "true" : "false");
    if (p->type == PB_T_STR || p->type == PB_T_ENUM || p->type == PB_T_MAC)
        return g_strdup_printf("\"%s\"", p->def);
    return g_strdup(p->def);
}

static void prop_line(const struct pb_prop *p, FILE *to)
{
    g_autofree char *type = pb_help_type(p), *def = default_text(p);
    g_autofree char *head = g_strdup_printf("%s=<%s>", p->name, type);
    const char *doc = p->doc && *p->doc ? p->doc : NULL;

    if (!doc && p->type == PB_T_BOOL)
        doc = "on/off";
    if (!doc && !def) {
        fprintf(to, "  %s\n", head);
        return;
    }
    fprintf(to, "  %-22s - %s", head, doc ? doc : "");
    if (def)
        fprintf(to, " (default: %s)", def);
    fputc('\n', to);
}

static int by_prop(gconstpointer a, gconstpointer b)
{
    return strcmp((*(struct pb_prop *const *)a)->name, (*(struct pb_prop *const *)b)->name);
}

int pb_help_class(enum pb_kind kind, const char *name, FILE *to, pb_err *e)
{
    const struct pb_class *c = pb_class_find(kind, name);
    g_autoptr(GPtrArray) v = g_ptr_array_new();

    if (!c) {
        pb_err_set(e, PB_ENOENT, "Device '%s' not found", name);
        const char *package = pb_class_package(kind, name);
        GPtrArray *all = pb_class_list(kind);
        g_autofree const char **names = g_new0(const char *, all->len + 1);
        for (guint i = 0; i < all->len; i++)
            names[i] = ((struct pb_class *)all->pdata[i])->id;
        const char *near = pb_nearest(name, names);
        if (package)
            pb_err_hint(e, "package %s provides it, not installed", package);
        else if (!pb_not_here(pb_kind_names[kind], name, e) && near)
            pb_err_hint(e, "did you mean '%s'?", near);
        return PB_ENOENT;
    }
    const struct pb_class *in = pb_class_carried(c);
    for (uint32_t i = 0; i < c->n_props; i++)
        g_ptr_array_add(v, &c->props[i]);
    for (uint32_t i = 0; in && i < in->n_props; i++)
        g_ptr_array_add(v, &in->props[i]);
    g_ptr_array_sort(v, by_prop);
    fprintf(to, v->len ? "%s options:\n" : "There are no options for %s.\n", c->id);
    static const struct pb_prop index = {
        .name = "bootindex", .doc = "firmware tries devices in this order, 0 first",
        .type = PB_T_INT, .qemu_type = "int32"};
    if (pb_cli_bootable(c)) {
        g_ptr_array_add(v, (gpointer)&index);
        g_ptr_array_sort(v, by_prop);
    }
    for (guint i = 0; i < v->len; i++)
        prop_line(v->pdata[i], to);
    const char *package = pb_class_package(kind, c->id);
    if (kind == PB_KIND_DEVICE)
        fprintf(to, "Its page: 'plugboard inspect %s', or plugboard-%s(7)%s%s\n", c->id, c->id,
                package ? " of package " : "", package ? package : "");
    return PB_DONE;
}

void pb_help_backends(enum pb_kind kind, const char *head, const char *indent, FILE *to)
{
    GPtrArray *all = pb_class_list(kind);

    fprintf(to, "%s\n", head);
    for (guint i = 0; i < all->len; i++)
        fprintf(to, "%s%s\n", indent, ((struct pb_class *)all->pdata[i])->id);
}

void pb_help_cpus(const char *arch, FILE *to)
{
    const struct pb_class *c = pb_class_find(PB_KIND_CPU, arch);

    if (!c) {
        fprintf(to, "no installed plugin is a %s CPU\n", arch);
        return;
    }
    for (guint i = 0; c->models[i]; i++)
        fprintf(to, "%s\n", c->models[i]);
}

void pb_help_machines(const char *arch, gboolean verbose, FILE *to)
{
    g_autoptr(GPtrArray) all = pb_manifest_list(arch);

    fprintf(to, "Supported machines are:\n");
    for (guint i = 0; i < all->len; i++) {
        const struct pb_machine_entry *x = all->pdata[i];
        fprintf(to, "%-20s %s", x->id, x->title);
        if (x->alias_of)
            fprintf(to, " (alias of %s)", x->alias_of);
        fprintf(to, "%s\n", x->is_default && !x->alias_of ? " (default)" : "");
        if (verbose && !x->alias_of)
            fprintf(to, "%-20s %s\n", "", x->path);
    }
}

/* ---- JSON ---------------------------------------------------------------------------- */

static void member(GString *s, const char *key, const char *value, const char **sep)
{
    if (!value)
        return;
    g_string_append(s, *sep);
    pb_json_quote(s, key);
    g_string_append(s, ": ");
    pb_json_quote(s, value);
    *sep = ", ";
}

static void prop_json(GString *s, const struct pb_prop *p)
{
    g_autofree char *type = pb_help_type(p);
    const char *sep = "";

    g_string_append_c(s, '{');
    member(s, "name", p->name, &sep);
    member(s, "type", type, &sep);
    member(s, "description", p->doc, &sep);
    member(s, "default", p->def, &sep);
    member(s, "unit", p->unit, &sep);
    if (p->choices) {
        g_string_append(s, ", \"choices\": [");
        for (const char *const *c = p->choices; *c; c++) {
            g_string_append(s, c == p->choices ? "" : ", ");
            pb_json_quote(s, *c);
        }
        g_string_append_c(s, ']');
    }
    if (p->min < p->max)
        g_string_append_printf(s, ", \"min\": %" PRId64 ", \"max\": %" PRId64, p->min, p->max);
    if (p->flags & PB_P_REQUIRED)
        g_string_append(s, ", \"required\": true");
    g_string_append_c(s, '}');
}

void pb_help_devices_json(FILE *to)
{
    GPtrArray *all = pb_class_list(PB_KIND_DEVICE);
    GString *s = g_string_new("[");

    for (guint i = 0, n = 0; i < all->len; i++) {
        const struct pb_class *c = all->pdata[i];
        const char *sep = "";
        if (hidden(c))
            continue;
        g_string_append(s, n++ ? ",\n {" : "\n {");
        member(s, "name", c->id, &sep);
        member(s, "bus", c->bus, &sep);
        member(s, "category", c->category, &sep);
        member(s, "alias", c->aliases[0], &sep);
        member(s, "desc", c->title, &sep);
        member(s, "plugin", c->plugin->id, &sep);
        g_string_append(s, ", \"properties\": [");
        for (uint32_t k = 0; k < c->n_props; k++) {
            g_string_append(s, k ? ",\n   " : "\n   ");
            prop_json(s, &c->props[k]);
        }
        g_string_append(s, "]}");
    }
    g_string_append(s, "\n]\n");
    fputs(s->str, to);
    g_string_free(s, TRUE);
}

/* ---- Options that ask for help ------------------------------------------------------- */

static int backend_help(struct pb_sys *s, const char *opt, enum pb_kind kind, const char *key,
                        const char *head, const char *indent)
{
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, opt, i)); i++) {
        g_autofree char *dash = g_strconcat("-", opt, NULL);
        pb_err ignore = {0};
        struct pb_args *a = pb_args_parse(dash, g->arg, key, &ignore);
        if (!a || !pb_args_wants_help(a)) {
            pb_err_clear(&ignore); /* reported when the option is used */
            pb_args_free(a);
            continue;
        }
        const char *cls = pb_args_get(a, key);
        int r = PB_DONE;
        if (!cls || !strcmp(cls, "help") || !strcmp(cls, "?"))
            pb_help_backends(kind, head, indent, stdout);
        else
            r = pb_help_class(kind, cls, stdout, s->e);
        pb_args_free(a);
        return r;
    }
    return PB_OK;
}

static int device_help(struct pb_sys *s)
{
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, "device", i)); i++) {
        pb_err ignore = {0};
        if (!strcmp(g->arg, "help=json")) {
            pb_help_devices_json(stdout);
            return PB_DONE;
        }
        struct pb_args *a = pb_args_parse("-device", g->arg, "driver", &ignore);
        if (!a || !pb_args_wants_help(a)) {
            pb_err_clear(&ignore);
            pb_args_free(a);
            continue;
        }
        const char *cls = pb_args_get(a, "driver");
        int r = PB_DONE;
        if (!cls || !strcmp(cls, "help") || !strcmp(cls, "?"))
            pb_help_devices(stdout, FALSE);
        else
            r = pb_help_class(PB_KIND_DEVICE, cls, stdout, s->e);
        pb_args_free(a);
        return r;
    }
    return PB_OK;
}

static int cpu_help(struct pb_sys *s)
{
    const char *text = pb_cli_text(s->cli, "cpu");
    const struct pb_class *c = pb_class_find(PB_KIND_CPU, s->cli->arch);
    g_auto(GStrv) part = g_strsplit(text ? text : "", ",", 2);

    if (!text || !part[0])
        return PB_OK;
    if (!strcmp(text, "help") || !strcmp(text, "?")) {
        pb_help_cpus(s->cli->arch, stdout);
        return PB_DONE;
    }
    if (c && part[1] && !strcmp(part[1], "help"))
        return pb_help_class(PB_KIND_CPU, s->cli->arch, stdout, s->e);
    return PB_OK;
}

int pb_sys_help(struct pb_sys *s)
{
    const char *accel = pb_cli_text(s->cli, "accel"), *text;
    int r;

    if (pb_cli_flag(s->cli, "help")) {
        pb_cli_help(s->cli, stdout);
        return PB_DONE;
    }
    if (pb_cli_flag(s->cli, "version")) {
        pb_cli_version(stdout);
        return PB_DONE;
    }
    if (accel && (!strcmp(accel, "help") || !strcmp(accel, "?"))) {
        puts("Accelerators supported by plugboard:\ntcg");
        return PB_DONE;
    }
    text = pb_cli_text(s->cli, "display");
    if (text && (!strcmp(text, "help") || !strcmp(text, "?"))) {
        puts("Available display backend types:\nnone");
        return PB_DONE;
    }
    if ((r = device_help(s)) || (r = cpu_help(s)))
        return r;
    if ((r = backend_help(s, "netdev", PB_KIND_NET, "type", "Available netdev backend types:",
                          "")) ||
        (r = backend_help(s, "nic", PB_KIND_NET, "type", "Available netdev backend types:", "")) ||
        (r = backend_help(s, "chardev", PB_KIND_CHAR, "backend",
                          "Available chardev backend types: ", "  ")) ||
        (r = backend_help(s, "blockdev", PB_KIND_BLOCK, "driver",
                          "Available block drivers:", "  ")) ||
        (r = backend_help(s, "fsdev", PB_KIND_FS, "fsdriver", "Available fsdev drivers:", "  ")))
        return r;
    return PB_OK;
}
