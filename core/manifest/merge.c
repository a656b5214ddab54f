/* SPDX-License-Identifier: MIT */
/* merge.c - find manifests and merge what belongs to one machine: what it inherits, then
 * the file, then its drop-ins ID.machine.d/NAME.conf, from the distribution's directory to the
 * user's, sorted by name across them (the same name in a later directory replaces). A key
 * given again replaces, an empty value removes the key, "delete = yes" removes the group.
 */
#include "manifest.h"

#include "../plugin/find.h"
#include "value.h"

#include <string.h>
#include <unistd.h>

#define MAX_DEPTH 16
#define MAX_FILES 128

struct merge {
    const char *arch;
    struct pb_manifest *m;
    struct pb_faults *f;
    GPtrArray *stack; /* paths being inherited, for cycles */
};

/* ---- Merging ------------------------------------------------------------------------- */

static void merge_group(struct merge *x, const struct pb_ini_group *from)
{
    struct pb_ini *to = x->m->ini;
    struct pb_ini_group *g = pb_ini_group_if(to, from->kind, from->name, from->cond);
    const struct pb_ini_key *del = pb_ini_get(from, "delete");
    gboolean gone = FALSE;

    if (del && !pb_value_bool(del->value, &gone))
        pb_fault_add(x->f, &del->place, "delete takes 'yes' or 'no', not '%s'", del->value);
    if (gone) {
        if (g)
            g_ptr_array_remove(to->groups, g);
        else
            pb_fault_add(x->f, &del->place, "delete: there is no [%s %s] to delete", from->kind,
                         from->name);
        return;
    }
    if (!g) {
        g = pb_ini_group_copy(from);
        g->cond = g_strdup(from->cond);
        g_ptr_array_set_size(g->keys, 0);
        g_ptr_array_add(to->groups, g);
    }
    for (guint i = 0; i < from->keys->len; i++) {
        const struct pb_ini_key *k = from->keys->pdata[i];
        gboolean own = !strcmp(k->key, "aliases") || !strcmp(k->key, "default");
        if (own && x->stack->len > 1 && !strcmp(from->kind, "machine"))
            continue; /* names are a file's own, not inherited */
        if (strcmp(k->key, "delete") && strcmp(k->key, "inherits"))
            pb_ini_set(g, k);
    }
}

static void merge_ini(struct merge *x, const struct pb_ini *ini)
{
    for (guint i = 0; i < ini->groups->len; i++)
        merge_group(x, ini->groups->pdata[i]);
    g_ptr_array_add(x->m->files, (gpointer)ini->file);
}

/* ---- Finding ------------------------------------------------------------------------- */

/* Path of NAME.machine: beside `near` first, then by the search path, most important first;
 * then in common/. g_free. */
static char *find(const char *arch, const char *name, const char *near)
{
    g_autofree char *file = g_strconcat(name, ".machine", NULL);
    g_auto(GStrv) dirs = pb_find_machine_dirs();
    const char *sub[] = {arch, "common"};

    if (strchr(name, '/'))
        return NULL;
    if (near) {
        g_autofree char *dir = g_path_get_dirname(near);
        char *path = g_build_filename(dir, file, NULL);
        if (!access(path, F_OK))
            return path;
        g_free(path);
    }
    for (guint s = 0; s < (near ? 2u : 1u); s++)
        for (guint i = g_strv_length(dirs); i-- > 0;) {
            char *path = g_build_filename(dirs[i], sub[s], file, NULL);
            if (!access(path, F_OK))
                return path;
            g_free(path);
        }
    return NULL;
}

static gboolean merge_file(struct merge *x, const char *path);

static void inherit(struct merge *x, const struct pb_ini *ini, const struct pb_ini_key *k)
{
    g_auto(GStrv) names = pb_value_words(k->value);

    for (char **n = names; *n; n++) {
        g_autofree char *path = find(x->arch, *n, ini->file);
        if (!path)
            pb_fault_add(x->f, &k->place, "inherits: there is no manifest '%s.machine' beside "
                         "this file or in the machine directories", *n);
        for (guint i = 0; path && i < x->stack->len; i++)
            if (!strcmp(x->stack->pdata[i], path)) {
                pb_fault_add(x->f, &k->place, "inherits: '%s' inherits itself", *n);
                return;
            }
        if (path && x->stack->len >= MAX_DEPTH)
            pb_fault_add(x->f, &k->place, "inherits: more than %d deep", MAX_DEPTH);
        else if (path && x->m->files->len >= MAX_FILES)
            pb_fault_add(x->f, &k->place, "inherits: more than %d files", MAX_FILES);
        else if (path)
            merge_file(x, path);
    }
}

static gboolean merge_file(struct merge *x, const char *path)
{
    struct pb_ini *ini = pb_ini_read(path, x->f);

    if (!ini)
        return FALSE;
    g_ptr_array_add(x->stack, (gpointer)path);
    const struct pb_ini_key *k = pb_ini_get(pb_ini_group(ini, "machine", ""), "inherits");
    if (k)
        inherit(x, ini, k);
    merge_ini(x, ini);
    g_ptr_array_set_size(x->stack, (gint)x->stack->len - 1);
    pb_ini_free(ini);
    return TRUE;
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Drop-ins: name to path, later directories replace; then in the order of the names. */
static void merge_dropins(struct merge *x)
{
    g_auto(GStrv) dirs = pb_find_machine_dirs();
    g_autofree char *sub = g_strconcat(x->m->id, ".machine.d", NULL);
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (char **d = dirs; *d; d++) {
        g_autofree char *at = g_build_filename(*d, x->arch, sub, NULL);
        GDir *dir = access(at, R_OK) ? NULL : g_dir_open(at, 0, NULL); /* it words an error */
        const char *n;
        while (dir && (n = g_dir_read_name(dir)))
            if (g_str_has_suffix(n, ".conf") && *n != '.')
                g_hash_table_replace(paths, g_strdup(n), g_build_filename(at, n, NULL));
        if (dir)
            g_dir_close(dir);
    }
    GHashTableIter it;
    gpointer name, path;
    g_hash_table_iter_init(&it, paths);
    while (g_hash_table_iter_next(&it, &name, NULL))
        g_ptr_array_add(names, name);
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len && i < MAX_FILES; i++) {
        path = g_hash_table_lookup(paths, names->pdata[i]);
        struct pb_ini *ini = pb_ini_read(path, x->f);
        if (ini)
            merge_ini(x, ini);
        pb_ini_free(ini);
    }
}

static struct pb_manifest *load(const char *arch, const char *id, const char *path,
                                gboolean dropins, struct pb_faults *f)
{
    struct pb_manifest *m = g_new0(struct pb_manifest, 1);
    struct merge x = {.arch = arch, .m = m, .f = f, .stack = g_ptr_array_new()};

    m->id = g_strdup(id);
    m->path = g_strdup(path);
    m->ini = pb_ini_parse(path, "", 0, f);
    m->files = g_ptr_array_new();
    gboolean ok = merge_file(&x, path);
    if (ok && dropins)
        merge_dropins(&x);
    g_ptr_array_unref(x.stack);
    if (ok)
        return m;
    pb_manifest_free(m);
    return NULL;
}

static char *resolve_alias(const char *arch, const char *name)
{
    g_autoptr(GPtrArray) all = pb_manifest_list(arch);

    for (guint i = 0; i < all->len; i++) {
        const struct pb_machine_entry *x = all->pdata[i];
        if (!strcmp(x->id, name))
            return g_strdup(x->alias_of);
    }
    return NULL;
}

struct pb_manifest *pb_manifest_load(const char *arch, const char *name, struct pb_faults *f)
{
    if (strchr(name, '/') || g_str_has_suffix(name, ".machine")) {
        g_autofree char *base = g_path_get_basename(name);
        if (g_str_has_suffix(base, ".machine"))
            base[strlen(base) - strlen(".machine")] = '\0';
        return load(arch, base, name, FALSE, f);
    }
    g_autofree char *path = find(arch, name, NULL);
    g_autofree char *id = path ? g_strdup(name) : resolve_alias(arch, name);
    if (!path && id)
        path = find(arch, id, NULL);
    return path ? load(arch, id, path, TRUE, f) : NULL;
}

void pb_manifest_free(struct pb_manifest *m)
{
    if (!m)
        return;
    g_free(m->id);
    g_free(m->path);
    pb_ini_free(m->ini);
    g_ptr_array_unref(m->files);
    g_free(m);
}

/* ---- Listing ------------------------------------------------------------------------- */

static void entry_free(gpointer p)
{
    struct pb_machine_entry *x = p;

    g_free(x->id);
    g_free(x->title);
    g_free(x->path);
    g_free(x->alias_of);
    g_free(x);
}

static struct pb_machine_entry *new_entry(const char *id, const char *title, const char *path)
{
    struct pb_machine_entry *x = g_new0(struct pb_machine_entry, 1);

    x->id = g_strdup(id);
    x->title = g_strdup(title ? title : "");
    x->path = g_strdup(path);
    return x;
}

static void list_one(GPtrArray *out, const char *arch, const char *file, const char *path)
{
    g_autofree char *id = g_strndup(file, strlen(file) - strlen(".machine"));
    struct pb_faults f;

    for (guint i = 0; i < out->len; i++)
        if (!strcmp(((struct pb_machine_entry *)out->pdata[i])->id, id))
            return; /* a more important directory has it */
    pb_faults_init(&f);
    struct pb_manifest *m = load(arch, id, path, FALSE, &f);
    const struct pb_ini_group *g = m ? pb_ini_group(m->ini, "machine", "") : NULL;
    struct pb_machine_entry *x = new_entry(id, pb_ini_value(g, "title"), path);
    const char *aliases = pb_ini_value(g, "aliases"), *def = pb_ini_value(g, "default");
    if (def)
        pb_value_bool(def, &x->is_default);
    g_ptr_array_add(out, x);
    g_auto(GStrv) names = pb_value_words(aliases ? aliases : "");
    for (char **n = names; *n; n++) {
        struct pb_machine_entry *a = new_entry(*n, x->title, path);
        a->alias_of = g_strdup(id);
        g_ptr_array_add(out, a);
    }
    pb_manifest_free(m);
    pb_faults_clear(&f);
}

static int by_id(gconstpointer a, gconstpointer b)
{
    return strcmp((*(struct pb_machine_entry *const *)a)->id,
                  (*(struct pb_machine_entry *const *)b)->id);
}

GPtrArray *pb_manifest_list(const char *arch)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(entry_free);
    g_auto(GStrv) dirs = pb_find_machine_dirs();

    for (guint i = g_strv_length(dirs); i-- > 0;) {
        g_autofree char *at = g_build_filename(dirs[i], arch, NULL);
        GDir *dir = g_dir_open(at, 0, NULL);
        const char *n;
        while (dir && (n = g_dir_read_name(dir)))
            if (g_str_has_suffix(n, ".machine") && *n != '.') {
                g_autofree char *path = g_build_filename(at, n, NULL);
                list_one(out, arch, n, path);
            }
        if (dir)
            g_dir_close(dir);
    }
    g_ptr_array_sort(out, by_id);
    return out;
}
