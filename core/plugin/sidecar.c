/* SPDX-License-Identifier: MIT */
/* sidecar.c - read what sdk/tools/sidecar.c writes (grammar: machines/doc/sidecar.md).
 *
 * A sidecar is made by the build, but it may be old, truncated or somebody's own, so all
 * of it is checked; what it says of a class is compared with the class at load.
 */
#include "sidecar.h"

#include <plugboard/draft/personality.h>

#include <string.h>

const char *const pb_kind_names[PB_KINDS] = {"device", "cpu",  "block",      "net",
                                            "char",   "fs",   "personality", "part"};
const char *const pb_kind_ids[PB_KINDS] = {PB_CLASS_DEVICE, PB_CLASS_CPU,  PB_CLASS_BLOCK,
                                           PB_CLASS_NET,    PB_CLASS_CHAR, PB_CLASS_FS,
                                           PB_CLASS_PERSONALITY, PB_CLASS_PART};
const char *const pb_type_names[] = {"?",    "bool", "int", "uint", "size", "str",
                                     "enum", "mac",  "freq", "link", NULL};

static char **words(const struct pb_ini_group *g, const char *key)
{
    const char *v = pb_ini_value(g, key);

    if (!v)
        return g_new0(char *, 1);
    GPtrArray *out = g_ptr_array_new();
    for (size_t n; *(v += strspn(v, " \t")); v += n) {
        n = strcspn(v, " \t");
        g_ptr_array_add(out, g_strndup(v, n));
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

static gboolean number(const char *text, gint64 *v)
{
    return text && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, v, NULL);
}

static uint32_t u32(const struct pb_ini_group *g, const char *key, struct pb_faults *f)
{
    const struct pb_ini_key *k = pb_ini_get(g, key);
    gint64 v = 0;

    if (k && (!number(k->value, &v) || v < 0 || v > UINT32_MAX)) {
        pb_fault_add(f, &k->place, "%s takes a number", key);
        v = 0;
    }
    return (uint32_t)v;
}

static void prop_clear(struct pb_prop *p)
{
    g_free((char *)p->name);
    g_free((char *)p->doc);
    g_free((char *)p->def);
    g_free((char *)p->unit);
    g_free((char *)p->qemu_type);
    g_strfreev((char **)p->choices);
}

/* Attribute `attr` of a property; FALSE: there is none of that name. */
static gboolean prop_attr(struct pb_prop *p, const char *attr, const struct pb_ini_group *g,
                          const struct pb_ini_key *k)
{
    gint64 v = 0;

    if (!strcmp(attr, "doc")) {
        p->doc = g_strdup(k->value);
    } else if (!strcmp(attr, "default")) {
        p->def = g_strdup(k->value);
    } else if (!strcmp(attr, "unit")) {
        p->unit = g_strdup(k->value);
    } else if (!strcmp(attr, "qemu-type")) {
        p->qemu_type = g_strdup(k->value);
    } else if (!strcmp(attr, "choices")) {
        p->choices = (const char *const *)words(g, k->key);
    } else if (number(k->value, &v)) {
        if (!strcmp(attr, "min"))
            p->min = v;
        else if (!strcmp(attr, "max"))
            p->max = v;
        else if (!strcmp(attr, "flags"))
            p->flags = (uint32_t)v;
        else
            return FALSE;
    } else {
        return FALSE;
    }
    return TRUE;
}

static uint32_t type_of(const char *name)
{
    for (uint32_t t = 1; pb_type_names[t]; t++)
        if (!strcmp(pb_type_names[t], name))
            return t;
    return 0;
}

/* "prop.NAME = TYPE" and, right after it, "prop.NAME.ATTR = …". */
static void read_props(struct pb_class *c, const struct pb_ini_group *g, struct pb_faults *f)
{
    GArray *v = g_array_new(FALSE, TRUE, sizeof(struct pb_prop));

    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (strncmp(k->key, "prop.", 5))
            continue;
        const char *name = k->key + 5;
        struct pb_prop *last = v->len ? &g_array_index(v, struct pb_prop, v->len - 1) : NULL;
        size_t n = last ? strlen(last->name) : 0;
        if (last && !strncmp(name, last->name, n) && name[n] == '.' &&
            prop_attr(last, name + n + 1, g, k))
            continue;
        struct pb_prop p = {.name = g_strdup(name), .type = type_of(k->value)};
        if (!p.type)
            pb_fault_add(f, &k->place, "'%s' is no type of property", k->value);
        g_array_append_val(v, p);
    }
    c->n_props = v->len;
    c->props = (struct pb_prop *)(void *)g_array_free(v, FALSE);
}

static void read_models(struct pb_class *c, const struct pb_ini_group *g)
{
    GPtrArray *names = g_ptr_array_new(), *docs = g_ptr_array_new();

    for (guint i = 0; i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (strncmp(k->key, "model.", 6))
            continue;
        g_ptr_array_add(names, g_strdup(k->key + 6));
        g_ptr_array_add(docs, g_strdup(k->value));
    }
    g_ptr_array_add(names, NULL);
    g_ptr_array_add(docs, NULL);
    c->models = (char **)g_ptr_array_free(names, FALSE);
    c->model_docs = (char **)g_ptr_array_free(docs, FALSE);
}

void pb_class_free(struct pb_class *c)
{
    g_free(c->id);
    g_free(c->title);
    g_free(c->category);
    g_free(c->bus);
    g_free(c->carries);
    char **lists[] = {c->aliases, c->lines_in, c->lines_out, c->buses_out,
                      c->provides, c->requires_, c->models, c->model_docs};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        g_strfreev(lists[i]);
    for (uint32_t i = 0; i < c->n_props; i++)
        prop_clear(&c->props[i]);
    g_free(c->props);
    g_free(c);
}

static struct pb_class *read_class(enum pb_kind kind, const struct pb_ini_group *g,
                                   struct pb_plugin_file *p, struct pb_faults *f)
{
    struct pb_class *c = g_new0(struct pb_class, 1);
    const char *title = pb_ini_value(g, "title");

    c->kind = kind;
    c->id = g_strdup(g->name);
    c->title = g_strdup(title ? title : pb_ini_value(g, "doc"));
    c->category = g_strdup(pb_ini_value(g, "category"));
    c->bus = g_strdup(pb_ini_value(g, "bus"));
    c->carries = g_strdup(pb_ini_value(g, "carries"));
    c->aliases = words(g, "aliases");
    c->lines_in = words(g, "lines-in");
    c->lines_out = words(g, "lines-out");
    c->buses_out = words(g, "buses-out");
    c->provides = words(g, "provides");
    c->requires_ = words(g, "requires");
    c->flags = u32(g, "flags", f);
    c->n_regions = u32(g, "regions", f);
    c->plugin = p;
    read_models(c, g);
    read_props(c, g, f);
    return c;
}

void pb_plugin_file_free(struct pb_plugin_file *p)
{
    if (!p)
        return;
    g_free(p->id);
    g_free(p->sidecar);
    g_free(p->library);
    g_free(p->version);
    g_free(p->license);
    g_free(p->unusable);
    g_strfreev(p->needs);
    g_free(p);
}

static void read_classes(const struct pb_ini *ini, struct pb_plugin_file *p, GPtrArray *classes,
                         struct pb_faults *f)
{
    for (guint i = 0; i < ini->groups->len; i++) {
        const struct pb_ini_group *g = ini->groups->pdata[i];
        for (int kind = 0; kind < PB_KINDS; kind++)
            if (!strcmp(g->kind, pb_kind_names[kind]) && *g->name)
                g_ptr_array_add(classes, read_class((enum pb_kind)kind, g, p, f));
    }
}

struct pb_plugin_file *pb_sidecar_parse(const struct pb_ini *ini, GPtrArray *classes,
                                        struct pb_faults *f)
{
    const struct pb_ini_group *g = pb_ini_group(ini, "plugin", "");
    const char *library = pb_ini_value(g, "library"), *id = pb_ini_value(g, "id");
    struct pb_place at = {.file = ini->file, .line = 1, .col = 1};

    if (!g || !id || !*id || !library || !*library || strchr(library, '/')) {
        pb_fault_add(f, &at, "no plugin sidecar: it needs [plugin] with 'id' and 'library' (a "
                             "file name)");
        return NULL;
    }
    if (u32(g, "format", f) != 1) {
        pb_fault_add(f, &g->place, "format %u of sidecars is not known; this plugboard reads 1",
                     u32(g, "format", f));
        return NULL;
    }
    struct pb_plugin_file *p = g_new0(struct pb_plugin_file, 1);
    g_autofree char *dir = g_path_get_dirname(ini->file);
    const char *version = pb_ini_value(g, "version"), *license = pb_ini_value(g, "license");
    p->id = g_strdup(id);
    p->sidecar = g_strdup(ini->file);
    p->library = g_build_filename(dir, library, NULL);
    p->version = g_strdup(version ? version : "");
    p->license = g_strdup(license ? license : "");
    p->needs = words(g, "needs");
    p->epoch = u32(g, "epoch", f);
    p->abi = u32(g, "abi", f);
    if (p->epoch != PB_ABI_EPOCH)
        p->unusable = g_strdup_printf("it was built for epoch %u of the plugin ABI, this "
                                      "plugboard has epoch %u: rebuild the plugin",
                                      p->epoch, PB_ABI_EPOCH);
    read_classes(ini, p, classes, f);
    return p;
}

struct pb_plugin_file *pb_sidecar_read(const char *path, GPtrArray *classes, struct pb_faults *f)
{
    struct pb_ini *ini = pb_ini_read(path, f);
    struct pb_plugin_file *p = ini ? pb_sidecar_parse(ini, classes, f) : NULL;

    pb_ini_free(ini);
    return p;
}
