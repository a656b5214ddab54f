/* SPDX-License-Identifier: MIT */
/* machines.c - a manifest as data for the verbs: by name over all architectures, its parts
 * sorted by address, its wires by name.
 */
#include "machines.h"

#include "../plugin/find.h"

#include <string.h>

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **pb_machine_archs(void)
{
    g_auto(GStrv) dirs = pb_find_machine_dirs();
    GPtrArray *v = g_ptr_array_new();

    for (char **d = dirs; *d; d++) {
        GDir *dir = g_dir_open(*d, 0, NULL);
        const char *n;
        while (dir && (n = g_dir_read_name(dir))) {
            g_autofree char *path = g_build_filename(*d, n, NULL);
            if (g_file_test(path, G_FILE_TEST_IS_DIR) && strcmp(n, "doc") &&
                !g_ptr_array_find_with_equal_func(v, n, g_str_equal, NULL))
                g_ptr_array_add(v, g_strdup(n));
        }
        if (dir)
            g_dir_close(dir);
    }
    g_ptr_array_sort(v, by_text);
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

/* The architectures whose machine `name` is, words with blanks between; g_free. */
static char *archs_with(const char *name, char **first)
{
    g_auto(GStrv) archs = pb_machine_archs();
    GString *found = g_string_new(NULL);

    for (char **a = archs; *a; a++) {
        g_autoptr(GPtrArray) v = pb_manifest_list(*a);
        for (guint i = 0; i < v->len; i++) {
            if (strcmp(((struct pb_machine_entry *)v->pdata[i])->id, name))
                continue;
            if (!*first)
                *first = g_strdup(*a);
            g_string_append_printf(found, "%s%s/%s", found->len ? ", " : "", *a, name);
            break;
        }
    }
    return g_string_free(found, FALSE);
}

static const char *nearest_machine(const char *name)
{
    g_auto(GStrv) archs = pb_machine_archs();
    const char *near = NULL;

    for (char **a = archs; *a && !near; a++) {
        g_autoptr(GPtrArray) v = pb_manifest_list(*a);
        g_autofree const char **names = g_new0(const char *, v->len + 1);
        for (guint i = 0; i < v->len; i++)
            names[i] = ((struct pb_machine_entry *)v->pdata[i])->id;
        near = g_intern_string(pb_nearest(name, names));
    }
    return near;
}

/* Whose architecture and name: "riscv64/virt" is split, a path keeps its own. */
static char *find_arch(const char **name, pb_err *e)
{
    const char *slash = strchr(*name, '/');
    char *arch = NULL;

    if (g_str_has_suffix(*name, ".machine") || (slash && strchr(slash + 1, '/'))) {
        struct pb_faults f;
        pb_faults_init(&f);
        struct pb_ini *ini = pb_ini_read(*name, &f);
        const struct pb_ini_group *g = ini ? pb_ini_group(ini, "machine", "") : NULL;
        arch = g_strdup(g && pb_ini_value(g, "arch") ? pb_ini_value(g, "arch") : "");
        pb_ini_free(ini);
        pb_faults_clear(&f);
        return arch;
    }
    if (slash) {
        arch = g_strndup(*name, (gsize)(slash - *name));
        *name = slash + 1;
        return arch;
    }
    g_autofree char *all = archs_with(*name, &arch);
    if (!arch) {
        const char *near = nearest_machine(*name);
        pb_err_set(e, PB_ENOENT, "there is no machine '%s'", *name);
        pb_err_hint(e, near ? "did you mean '%s'?" : "'plugboard list machines' shows all%s",
                    near ? near : "");
    } else if (strchr(all, ',')) {
        pb_err_set(e, PB_EINVAL, "'%s' is a machine of several architectures", *name);
        pb_err_hint(e, "say which: %s", all);
        g_clear_pointer(&arch, g_free);
    }
    return arch;
}

struct pb_view *pb_view_open(const char *name, pb_err *e)
{
    struct pb_faults f;
    char *arch = find_arch(&name, e);

    if (!arch)
        return NULL;
    struct pb_view *v = g_new0(struct pb_view, 1);
    pb_faults_init(&f);
    v->arch = arch;
    v->conf.arch = arch;
    v->conf.options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    v->manifest = pb_manifest_load(arch, name, &f);
    if (v->manifest)
        v->plan = pb_plan_make(v->manifest, &v->conf, &f);
    else if (!f.v->len) {
        pb_err_set(e, PB_ENOENT, "there is no machine '%s' of %s", name, arch);
        pb_err_hint(e, "'plugboard list machines' shows them");
    }
    if (f.v->len) {
        pb_faults_print(&f, stderr);
        e->code = PB_EINVAL;
    }
    pb_faults_clear(&f);
    if (!e->code)
        return v;
    pb_view_close(v);
    return NULL;
}

void pb_view_close(struct pb_view *v)
{
    if (!v)
        return;
    if (v->plan)
        pb_plan_free(v->plan);
    pb_manifest_free(v->manifest);
    g_hash_table_unref(v->conf.options);
    g_free(v->arch);
    g_free(v);
}

/* ---- Rows ------------------------------------------------------------------------------ */

static int by_address(gconstpointer a, gconstpointer b)
{
    const struct pb_row *x = a, *y = b;

    if (x->placed != y->placed)
        return x->placed ? -1 : 1;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void add_device(GArray *rows, const struct pb_plan_dev *d)
{
    struct pb_row r = {.dev = d, .place = d->g->place};

    for (guint i = 0; i < d->regs->len; i++) {
        const struct pb_plan_reg *g = &g_array_index(d->regs, struct pb_plan_reg, i);
        r.addr = g->addr;
        r.len = g->len;
        r.region = g->region;
        r.placed = TRUE;
        g_array_append_val(rows, r);
    }
    if (!d->regs->len)
        g_array_append_val(rows, r);
}

GArray *pb_view_rows(const struct pb_view *v)
{
    const struct pb_plan *p = v->plan;
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct pb_row));
    struct pb_row ram = {.addr = p->ram_base, .len = p->ram_size, .placed = TRUE,
                         .place = p->ram_place};

    g_array_append_val(rows, ram);
    for (guint i = 0; i < p->mems->len; i++) {
        const struct pb_plan_mem *m = &g_array_index(p->mems, struct pb_plan_mem, i);
        struct pb_row r = {.addr = m->addr, .len = m->len, .placed = TRUE, .mem = m,
                           .place = m->place};
        g_array_append_val(rows, r);
    }
    for (guint i = 0; i < p->devs->len; i++)
        add_device(rows, p->devs->pdata[i]);
    g_array_sort(rows, by_address);
    return rows;
}

const char *pb_row_name(const struct pb_row *r)
{
    return r->dev ? r->dev->id : r->mem ? r->mem->name : "main memory";
}

char *pb_row_where(const struct pb_row *r)
{
    if (r->placed && r->len)
        return g_strdup_printf("0x%" PRIx64 "-0x%" PRIx64, r->addr, r->addr + r->len - 1);
    if (r->placed)
        return g_strdup_printf("0x%" PRIx64, r->addr);
    if (r->dev && r->dev->bus)
        return g_strdup_printf("on %s.%u", r->dev->bus, r->dev->bus_index);
    return g_strdup("");
}

char *pb_line_name(const struct pb_plan_dev *d, const struct pb_plan_line *l)
{
    for (char **o = d->cls->lines_out; *o; o++) {
        size_t n = strcspn(*o, "[");
        if (strlen(l->out) == n && !strncmp(*o, l->out, n) && (*o)[n])
            return g_strdup_printf("%s[%u]", l->out, l->elem);
    }
    return g_strdup(l->out);
}

/* Name of input `n` among a class's lines_in, "timer" or "irq.3"; g_free. */
static char *input_name(char **lines, uint32_t n)
{
    for (; lines && *lines; lines++) {
        size_t len = strcspn(*lines, "[");
        uint64_t many = (*lines)[len] ? g_ascii_strtoull(*lines + len + 1, NULL, 10) : 1;
        gboolean array = (*lines)[len] != 0;
        if (array && !many)
            break; /* as many as the board wires: numbers say it */
        if (n < many)
            return array ? g_strdup_printf("%.*s.%u", (int)len, *lines, n)
                         : g_strndup(*lines, len);
        n -= (uint32_t)many;
    }
    return NULL;
}

char *pb_line_sink(const struct pb_view *v, const struct pb_plan_line *l)
{
    const struct pb_plan_dev *d = l->sink ? pb_plan_find(v->plan, l->sink) : NULL;
    const struct pb_class *c = l->sink ? d ? d->cls : NULL : v->plan->cpu;
    g_autofree char *name = c ? input_name(c->lines_in, l->input) : NULL;
    g_autofree char *number = g_strdup_printf("%u", l->input);
    g_autofree char *cpu = g_strdup_printf("cpu%u", l->cpu);

    /* what a controller calls its only array is noise: "plic:10", not "plic:irq.10" */
    if (name && strchr(name, '.') && c->lines_in[0] && !c->lines_in[1])
        g_clear_pointer(&name, g_free);
    return g_strdup_printf("%s:%s", l->sink ? l->sink : cpu, name ? name : number);
}

char *pb_place_text(const struct pb_place *p)
{
    if (!p->file)
        return g_strdup("");
    g_autofree char *base = g_path_get_basename(p->file);
    return g_strdup_printf("%s:%d", base, p->line);
}
