/* SPDX-License-Identifier: MIT */
/* machine.c - -M, -m, -smp, -cpu: which machine, how big; the plan and the empty machine. */
#include "sys.h"

#include "../plugin/pack.h"

#include <string.h>

static int no_machine(struct pb_sys *s, const char *name)
{
    g_autoptr(GPtrArray) all = pb_manifest_list(s->cli->arch);
    g_autofree const char **names = g_new0(const char *, all->len + 1);

    for (guint i = 0; i < all->len; i++)
        names[i] = ((struct pb_machine_entry *)all->pdata[i])->id;
    const char *near = name ? pb_nearest(name, names) : NULL;
    pb_err_set(s->e, PB_ENOENT,
               name ? "unsupported machine type '%s'"
                    : "No machine specified, and there is no default%s", name ? name : "");
    pb_err_hint(s->e, "%s%s%sUse -machine help to list supported machines",
                near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
    return PB_ENOENT;
}

static char *default_machine(const char *arch)
{
    g_autoptr(GPtrArray) all = pb_manifest_list(arch);

    for (guint i = 0; i < all->len; i++) {
        const struct pb_machine_entry *x = all->pdata[i];
        if (x->is_default)
            return g_strdup(x->id);
    }
    return NULL;
}

static void print_options(const struct pb_plan *p, const struct pb_manifest *m)
{
    printf("%s-machine options:\n", p->name);
    for (guint i = 0; i < m->ini->groups->len; i++) {
        const struct pb_ini_group *g = m->ini->groups->pdata[i];
        const char *doc = pb_ini_value(g, "doc"), *def = pb_ini_value(g, "default");
        gboolean b, boolean = def && pb_value_bool(def, &b);
        if (strcmp(g->kind, "option"))
            continue;
        const char *choices = pb_ini_value(g, "choices");
        g_auto(GStrv) words = pb_value_words(choices ? choices : boolean ? "bool" : "string");
        g_autofree char *type = g_strjoinv("|", words);
        g_autofree char *head = g_strdup_printf("%s=<%s>", g->name, type);
        printf("  %-22s - %s", head, doc ? doc : "");
        if (def)
            printf(" (default: %s)", def);
        putchar('\n');
    }
    printf("  %-22s - %s\n", "dumpdtb=<string>", "Write the device tree to a file and quit");
}

/* size text as -m takes it: a bare number is MiB. */
static int ram_size(const char *text, const struct pb_place *at, guint64 *v, pb_err *e)
{
    size_t n = strlen(text);
    uint64_t bytes;
    gboolean bare = n && g_ascii_isdigit(text[n - 1]) && !g_str_has_prefix(text, "0x");

    if (!pb_value_size(text, &bytes) || (bare && bytes > (UINT64_MAX >> 20))) {
        pb_err_set(e, PB_EINVAL, "Parameter 'size' expects a non-negative number below 2^64");
        pb_err_hint(e, "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, "
                       "peta-\nand exabytes, respectively.");
        pb_err_at(e, at);
        return PB_EINVAL;
    }
    *v = bare ? bytes << 20 : bytes;
    if (!*v || *v % 4096) {
        pb_err_set(e, PB_EINVAL, *v ? "main memory is a multiple of 4 KiB"
                                    : "a machine needs some memory");
        pb_err_hint(e, "such as -m 512, in MiB, or -m 2G");
        pb_err_at(e, at);
        return PB_EINVAL;
    }
    return PB_OK;
}

static int parse_m(struct pb_sys *s)
{
    static const char *const known[] = {"size", "slots", "maxmem", NULL};
    const char *text = pb_cli_text(s->cli, "m");
    int r = PB_OK;

    if (!text)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-m", text, "size", s->e);
    if (!a)
        return PB_EINVAL;
    const char *size = pb_args_get(a, "size");
    if (size)
        r = ram_size(size, &a->place, &s->conf.ram, s->e);
    if (r == PB_OK && (pb_args_get(a, "slots") || pb_args_get(a, "maxmem"))) {
        r = pb_err_set(s->e, PB_ENOTSUP, "memory cannot be plugged while running: no 'slots' or "
                       "'maxmem'");
        pb_err_at(s->e, &a->place);
    }
    if (r == PB_OK)
        r = pb_args_done(a, known, s->e);
    pb_args_free(a);
    return r;
}

static int parse_smp(struct pb_sys *s)
{
    static const char *const known[] = {"cpus", "maxcpus", "sockets", "cores", "threads", NULL};
    const char *text = pb_cli_text(s->cli, "smp");
    guint64 v[5] = {0};

    if (!text)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-smp", text, "cpus", s->e);
    int r = a ? PB_OK : PB_EINVAL;
    for (int i = 0; i < 5 && r == PB_OK; i++) {
        gboolean given = pb_args_get(a, known[i]) != NULL;
        r = pb_args_uint(a, known[i], &v[i], s->e);
        if (r == PB_OK && given && (!v[i] || v[i] > 4096)) {
            r = pb_err_set(s->e, PB_EINVAL, "CPU topology parameters must be greater than zero "
                           "and at most 4096");
            pb_err_at(s->e, &a->place);
        }
    }
    if (r == PB_OK)
        r = pb_args_done(a, known, s->e);
    if (r == PB_OK) {
        guint64 product = (v[2] ? v[2] : 1) * (v[3] ? v[3] : 1) * (v[4] ? v[4] : 1);
        gboolean topology = v[2] || v[3] || v[4];
        guint64 max = v[1] ? v[1] : v[0] ? v[0] : product;
        if (topology && v[2] && v[3] && v[4] && product != max)
            r = pb_err_set(s->e, PB_EINVAL, "Invalid CPU topology: product of the hierarchy must "
                           "match maxcpus: sockets (%" PRIu64 ") * cores (%" PRIu64
                           ") * threads (%" PRIu64 ") != maxcpus (%" PRIu64 ")", v[2], v[3], v[4],
                           max);
        else if (v[1] && v[1] != (v[0] ? v[0] : product))
            r = pb_err_set(s->e, PB_ENOTSUP, "CPUs cannot be plugged while running: maxcpus must "
                           "equal cpus");
        if (r < 0)
            pb_err_at(s->e, &a->place);
        s->conf.cpus = (guint)(v[0] ? v[0] : product);
    }
    pb_args_free(a);
    return r;
}

static int parse_cpu(struct pb_sys *s)
{
    const char *text = pb_cli_text(s->cli, "cpu");
    const struct pb_class *c = s->plan->cpu;

    if (!text)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-cpu", text, "model", s->e);
    if (!a)
        return PB_EINVAL;
    const char *model = pb_args_get(a, "model");
    int r = PB_OK;
    if (!model || !g_strv_contains((const char *const *)c->models, model)) {
        const char *near = model ? pb_nearest(model, (const char *const *)c->models) : NULL;
        r = pb_err_set(s->e, PB_ENOENT, "unable to find CPU model '%s'", model ? model : "");
        if (near)
            pb_err_hint(s->e, "did you mean '%s'?", near);
        else
            pb_err_hint(s->e, "-cpu help lists the models of plugin %s", c->plugin->id);
    }
    s->cpu_model = g_strdup(model);
    for (guint i = 0; r == PB_OK && i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        const struct pb_prop *prop = pb_class_prop(c, x->key);
        if (x->used)
            continue;
        if (!prop) {
            g_autofree const char **names = pb_class_prop_names(c);
            const char *near = pb_nearest(x->key, names);
            r = pb_err_set(s->e, PB_ENOENT, "Property '%s-%s-cpu.%s' not found", model, c->id,
                           x->key);
            pb_err_hint(s->e, near ? "did you mean '%s'?" : "plugin %s has no such feature",
                        near ? near : c->plugin->id);
            a->place.col = x->col;
            pb_err_at(s->e, &a->place);
        } else if ((r = pb_plan_check_value(c, prop, x->value, s->e)) < 0) {
            pb_err_at(s->e, &a->place);
        } else {
            pb_plan_add_set(s->cpu_sets, x->key, g_strdup(x->value), &a->place);
        }
    }
    pb_args_free(a);
    return r;
}

static int make_plan(struct pb_sys *s, gboolean check, const char *name)
{
    struct pb_faults f;
    int r = PB_OK;

    pb_faults_init(&f);
    s->manifest = pb_manifest_load(s->cli->arch, name, &f);
    if (s->manifest)
        s->plan = pb_plan_make(s->manifest, &s->conf, &f);
    else if (!f.v->len)
        r = no_machine(s, name);
    if (f.v->len) {
        fflush(stdout);
        pb_faults_print(&f, stderr);
        r = PB_EINVAL;
        s->e->code = PB_EINVAL; /* said already */
        if (check)
            fprintf(stderr, "%s: %u fault%s\n", name, f.v->len, f.v->len == 1 ? "" : "s");
    }
    pb_faults_clear(&f);
    return r;
}

/* Machine options but those that have a meaning here. */
static int take_options(struct pb_sys *s, struct pb_args *a)
{
    const char *accel = pb_args_get(a, "accel"), *dtb = pb_args_get(a, "dumpdtb");

    if (accel && strcmp(accel, "tcg"))
        return pb_err_set(s->e, PB_ENOTSUP, "invalid accelerator %s", accel);
    s->dumpdtb = g_strdup(dtb);
    for (guint i = 0; i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if (!x->used)
            g_hash_table_replace(s->conf.options, g_strdup(x->key), g_strdup(x->value));
    }
    return PB_OK;
}

int pb_sys_machine(struct pb_sys *s)
{
    const char *text = pb_cli_text(s->cli, "machine");
    struct pb_args *a = pb_args_parse("-M", text ? text : "", "type", s->e);
    g_autofree char *dflt = NULL;
    gboolean help = FALSE, dump = FALSE, check = FALSE, verbose = FALSE;

    if (!a)
        return PB_EINVAL;
    const char *name = pb_args_get(a, "type");
    if (name && !*name)
        name = NULL;
    if (name && (!strcmp(name, "help") || !strcmp(name, "?"))) {
        pb_args_bool(a, "verbose", &verbose, NULL);
        pb_help_machines(s->cli->arch, verbose, stdout);
        pb_args_free(a);
        return PB_DONE;
    }
    pb_args_bool(a, "help", &help, NULL);
    pb_args_bool(a, "dump", &dump, NULL);
    pb_args_bool(a, "check", &check, NULL);
    if (!name)
        name = dflt = default_machine(s->cli->arch);
    s->conf.arch = s->cli->arch;
    s->conf.options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int r = take_options(s, a);
    if (r == PB_OK)
        r = parse_m(s);
    if (r == PB_OK)
        r = parse_smp(s);
    if (r == PB_OK && !name)
        r = no_machine(s, NULL);
    else if (r == PB_OK)
        r = make_plan(s, check, name);
    if (dump && s->manifest) {
        pb_manifest_dump(s->manifest, stdout);
        r = r < 0 ? r : PB_DONE;
    }
    if (r == PB_OK && help) {
        print_options(s->plan, s->manifest);
        r = PB_DONE;
    }
    if (r == PB_OK && check) {
        printf("%s: no faults\n", name);
        r = PB_DONE;
    }
    pb_args_free(a);
    return r == PB_OK ? parse_cpu(s) : r;
}

int pb_sys_create(struct pb_sys *s)
{
    pb_pack_choose(s->plan->pack);
    s->m = pb_machine_new(s->plan->name, s->plan->arch, s->e);
    return s->m ? PB_OK : PB_ENOMEM;
}

int pb_sys_build(struct pb_sys *s)
{
    return pb_build(s->m, s->plan, s->cpu_model, s->cpu_sets, &s->globals, s->e);
}
