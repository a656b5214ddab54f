/* SPDX-License-Identifier: MIT */
/* registry.c - all classes of all installed plugins, from their sidecars. The first plugin
 * id and the first class id found win; what they hide is kept for `plugboard list`.
 *
 * Where one directory has all plugins and an index of them (index.h), a sidecar is read when
 * one of its classes is asked for; who wants a list, or what the index does not know, has all
 * of them read.
 */

#include "registry.h"

#include "../object/dev.h"
#include "check.h"
#include "find.h"
#include "index.h"
#include "load.h"
#include "pack.h"
#include "shadow.h"
#include "sidecar.h"

#include <plugboard/draft/cpu.h>
#include <plugboard/draft/personality.h>

#include <string.h>

static GPtrArray *classes[PB_KINDS]; /* struct pb_class *, sorted when `sorted` */
static GHashTable *by_name[PB_KINDS];
static GPtrArray *plugins, *shadows;
static gboolean sorted, scanned;
static GPtrArray *unread; /* sidecars that the index stands for, by path; NULL: none */

static void start(void)
{
    if (plugins)
        return;
    plugins = g_ptr_array_new();
    shadows = g_ptr_array_new();
    for (guint i = 0; i < PB_KINDS; i++) {
        classes[i] = g_ptr_array_new();
        by_name[i] = g_hash_table_new(g_str_hash, g_str_equal);
    }
}

static void shadowed(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
static void shadowed(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_ptr_array_add(shadows, g_strdup_vprintf(fmt, ap));
    va_end(ap);
}


/* What the listing and the errors need of "virtio-bus[1]" and "pcie=PCI" is the kind. */
static void strip_limits(char **buses)
{
    for (; buses && *buses; buses++) {
        const char *eq = strchr(*buses, '=');
        (*buses)[strcspn(*buses, "[")] = 0;
        if (eq)
            memmove(*buses, eq + 1, strlen(eq + 1) + 1);
    }
}

static void add_class(struct pb_class *c)
{
    strip_limits(c->buses_out);
    const struct pb_class *old = g_hash_table_lookup(by_name[c->kind], c->id);

    if (old && !strcmp(old->id, c->id)) {
        shadowed("%s '%s' of plugin %s (%s) is hidden by that of plugin %s (%s)",
                 pb_kind_names[c->kind], c->id, c->plugin->id, c->plugin->library,
                 old->plugin->id, old->plugin->library);
        pb_class_free(c);
        return;
    }
    g_hash_table_insert(by_name[c->kind], c->id, c);
    for (char **a = c->aliases; *a; a++)
        if (!g_hash_table_contains(by_name[c->kind], *a))
            g_hash_table_insert(by_name[c->kind], *a, c);
    g_ptr_array_add(classes[c->kind], c);
    sorted = FALSE;
}

static void add_plugin(struct pb_plugin_file *p, GPtrArray *found)
{
    for (guint i = 0; i < plugins->len; i++) {
        const struct pb_plugin_file *old = plugins->pdata[i];
        if (strcmp(old->id, p->id))
            continue;
        shadowed("plugin %s (%s) is hidden by %s", p->id, p->library, old->library);
        for (guint k = 0; k < found->len; k++)
            pb_class_free(found->pdata[k]);
        pb_plugin_file_free(p);
        return;
    }
    g_ptr_array_add(plugins, p);
    for (guint k = 0; k < found->len; k++)
        add_class(found->pdata[k]);
}

static void scan_file(const char *path)
{
    struct pb_faults f;
    GPtrArray *found = g_ptr_array_new();

    pb_faults_init(&f);
    struct pb_plugin_file *p = pb_sidecar_read(path, found, &f);
    if (f.v->len)
        pb_faults_print(&f, stderr);
    if (p)
        add_plugin(p, found);
    g_ptr_array_unref(found);
    pb_faults_clear(&f);
}

static void read_all(void)
{
    GPtrArray *v = g_steal_pointer(&unread);

    for (guint i = 0; v && i < v->len; i++)
        scan_file(v->pdata[i]);
    if (v)
        g_ptr_array_unref(v);
}

/* The sidecar that is called `name`, if it is still unread. */
static void read_one(const char *name)
{
    for (guint i = 0; i < unread->len; i++) {
        if (strcmp(strrchr(unread->pdata[i], '/') + 1, name))
            continue;
        g_autofree char *path = g_ptr_array_steal_index(unread, i);
        scan_file(path);
        return;
    }
}

void pb_registry_scan(void)
{
    start();
    if (scanned)
        return;
    scanned = TRUE;
    unread = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) dirs = pb_find_plugin_dirs();
    gboolean indexed = TRUE;
    for (char **d = dirs; *d; d++) {
        g_autoptr(GPtrArray) names = pb_find_sidecars(*d);
        if (names->len)
            indexed = indexed && !unread->len && pb_index_open(*d, names);
        for (guint i = 0; i < names->len; i++)
            g_ptr_array_add(unread, g_strconcat(*d, "/", (char *)names->pdata[i], NULL));
    }
    if (!indexed) /* or several directories: who hides whom is known only when all is read */
        read_all();
}

const struct pb_class *pb_class_find(enum pb_kind kind, const char *name)
{
    start();
    const struct pb_class *c = g_hash_table_lookup(by_name[kind], name);

    if (c || !unread)
        return c;
    const char *file = pb_index_class(kind, name);
    if (file)
        read_one(file);
    c = g_hash_table_lookup(by_name[kind], name);
    if (c)
        return c;
    read_all();
    return g_hash_table_lookup(by_name[kind], name);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    const struct pb_class *x = *(struct pb_class *const *)a, *y = *(struct pb_class *const *)b;
    int d = g_ascii_strcasecmp(x->id, y->id);

    return d ? d : strcmp(x->id, y->id);
}

GPtrArray *pb_class_list(enum pb_kind kind)
{
    start();
    read_all();
    for (guint i = 0; !sorted && i < PB_KINDS; i++)
        g_ptr_array_sort(classes[i], by_id);
    sorted = TRUE;
    return classes[kind];
}

GPtrArray *pb_plugin_list(void)
{
    start();
    read_all();
    return plugins;
}

const GPtrArray *pb_registry_shadows(void)
{
    start();
    read_all();
    return shadows;
}

static int check_requires(const struct pb_class *c, pb_err *e)
{
    for (char **r = c->requires_; *r; r++) {
        gboolean found = unread && pb_index_has_plugin(*r);
        for (guint i = 0; !found && i < plugins->len; i++)
            found = !strcmp(((struct pb_plugin_file *)plugins->pdata[i])->id, *r);
        if (!found)
            return pb_err_set(e, PB_ENOENT, "'%s' needs plugin %s, which is not installed", c->id,
                              *r);
    }
    return PB_OK;
}

static int open_plugin(struct pb_plugin_file *p, pb_err *e)
{
    int r = pb_check_file(p, e);

    if (r < 0)
        return r;
    const struct pb_plugin *entry = pb_pack_entry(p);
    gboolean packed = entry != NULL;
    void *h = packed ? NULL : pb_load_open(p->library, e);
    if (!packed && !h)
        return PB_ENOENT;
    if (h)
        entry = pb_load_symbol(h, "pb_plugin_v0");
    if (!entry)
        r = pb_err_set(e, PB_EINVAL, "%s: no symbol pb_plugin_v0: not a plugin", p->library);
    else
        r = pb_check_entry(entry, p, e);
    if (r == PB_OK && PB_HAS(struct pb_plugin, entry, init)) {
        r = entry->init(&pb_the_host, e);
        if (r < 0) {
            pb_err_set(e, r, "plugin %s refuses to start", p->id);
            pb_err_prefix(e, "plugin %s: ", p->id);
        }
    }
    if (r < 0) {
        if (h)
            pb_load_close(h);
        return r;
    }
    p->handle = h;
    p->packed = packed;
    p->entry = entry;
    return PB_OK;
}

int pb_class_load(const struct pb_class *cc, pb_err *e)
{
    struct pb_class *c = (struct pb_class *)cc; /* the registry owns it */
    struct pb_plugin_file *p = c->plugin;
    int r;

    if (c->table)
        return PB_OK;
    if ((r = check_requires(c, e)) < 0)
        return r;
    if (!p->entry && (r = open_plugin(p, e)) < 0)
        return r;
    c->table = pb_check_table(p->entry, c, e);
    return c->table ? PB_OK : PB_EINVAL;
}

const struct pb_class *pb_class_carried(const struct pb_class *c)
{
    const struct pb_class *in = c->carries ? pb_class_find(PB_KIND_DEVICE, c->carries) : NULL;

    return in && !in->carries ? in : NULL; /* one level: a sidecar may name itself */
}

/* ---- Classes without files ----------------------------------------------------------- */

static char **copy(const char *const *v)
{
    return v ? g_strdupv((char **)v) : g_new0(char *, 1);
}

static void static_device(struct pb_class *c, const struct pb_device_class *d)
{
    GPtrArray *ids = g_ptr_array_new();

    c->id = g_strdup(d->id);
    c->title = g_strdup(d->title);
    c->category = g_strdup(d->category);
    c->bus = g_strdup(d->bus);
    c->aliases = copy(d->aliases);
    c->lines_in = copy(d->lines_in);
    c->lines_out = copy(d->lines_out);
    c->buses_out = copy(d->buses_out);
    c->flags = d->flags;
    c->n_regions = d->n_regions;
    for (uint32_t i = 0; i < d->n_provides; i++)
        g_ptr_array_add(ids, g_strdup(d->provides[i].id));
    g_ptr_array_add(ids, NULL);
    c->provides = (char **)g_ptr_array_free(ids, FALSE);
    c->requires_ = copy(PB_HAS(struct pb_device_class, d, requires_) ? d->requires_ : NULL);
    c->carries = g_strdup(PB_HAS(struct pb_device_class, d, carries) ? d->carries : NULL);
}

static void static_cpu(struct pb_class *c, const struct pb_cpu_class *d)
{
    c->id = g_strdup(d->id);
    c->title = g_strdup(d->doc);
    c->lines_in = copy(d->lines_in);
    c->lines_out = copy(PB_HAS(struct pb_cpu_class, d, lines_out) ? d->lines_out : NULL);
    c->models = g_new0(char *, d->n_models + 1);
    c->model_docs = g_new0(char *, d->n_models + 1);
    for (uint32_t i = 0; i < d->n_models; i++) {
        c->models[i] = g_strdup(d->models[i].name);
        c->model_docs[i] = g_strdup(d->models[i].doc ? d->models[i].doc : "");
    }
}

static void static_props(struct pb_class *c, const struct pb_prop *props, uint32_t n)
{
    c->props = g_new0(struct pb_prop, n + 1);
    c->n_props = n;
    for (uint32_t i = 0; i < n; i++) {
        struct pb_prop *p = &c->props[i];
        *p = props[i];
        p->name = g_strdup(p->name);
        p->doc = g_strdup(p->doc);
        p->def = g_strdup(p->def);
        p->unit = g_strdup(p->unit);
        p->qemu_type = g_strdup(p->qemu_type);
        p->choices = p->choices ? (const char *const *)copy(p->choices) : NULL;
    }
}

static struct pb_class *static_class(enum pb_kind kind, const void *table)
{
    struct pb_class *c = g_new0(struct pb_class, 1);
    const struct pb_backend_class *b = table;
    const struct pb_device_class *d = table;
    const struct pb_cpu_class *u = table;
    const struct pb_personality_class *s = table;
    const struct pb_part_class *p = table;
    char ***lists[] = {&c->aliases, &c->lines_in,  &c->lines_out, &c->buses_out,
                       &c->provides, &c->requires_, &c->models,    &c->model_docs};

    c->kind = kind;
    if (kind == PB_KIND_DEVICE) {
        static_device(c, d);
        static_props(c, d->props, d->n_props);
    } else if (kind == PB_KIND_CPU) {
        static_cpu(c, u);
        static_props(c, u->props, u->n_props);
    } else if (kind == PB_KIND_PERSONALITY) {
        c->id = g_strdup(s->id);
        c->title = g_strdup(s->doc);
        static_props(c, s->props, s->n_props);
    } else if (kind == PB_KIND_PART) {
        c->id = g_strdup(p->id);
        c->title = g_strdup(p->doc);
    } else {
        c->id = g_strdup(b->id);
        c->title = g_strdup(b->doc);
        c->flags = b->flags;
        c->aliases = copy(b->aliases);
        static_props(c, b->props, b->n_props);
    }
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        if (!*lists[i])
            *lists[i] = g_new0(char *, 1);
    c->table = table;
    return c;
}

void pb_registry_add_static(const struct pb_plugin *entry)
{
    struct pb_plugin_file *p = g_new0(struct pb_plugin_file, 1);
    GPtrArray *found = g_ptr_array_new();

    start();
    p->id = g_strdup(entry->id);
    p->sidecar = g_strdup("");
    p->library = g_strdup("(built in)");
    p->version = g_strdup(entry->version ? entry->version : "");
    p->license = g_strdup(entry->license ? entry->license : "");
    p->needs = copy(entry->needs);
    p->epoch = entry->epoch;
    p->abi = entry->abi_minor;
    p->entry = entry;
    for (uint32_t i = 0; i < entry->n_classes; i++)
        for (int kind = 0; kind < PB_KINDS; kind++)
            if (!strcmp(entry->classes[i].kind, pb_kind_ids[kind])) {
                struct pb_class *c = static_class((enum pb_kind)kind, entry->classes[i].cls);
                c->plugin = p;
                g_ptr_array_add(found, c);
            }
    add_plugin(p, found);
    g_ptr_array_unref(found);
}
