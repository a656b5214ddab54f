/* SPDX-License-Identifier: MIT */
/* machine.c - -M, -m, -smp, -cpu: which machine, how big; the plan and the empty machine. */
#include "sys.h"

#include "../plugin/catalog.h"
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
    if (!name || !pb_not_here("machine", name, s->e))
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

static void print_options(const struct pb_sys *s)
{
    const struct pb_plan *p = s->plan;
    const struct pb_manifest *m = s->manifest;

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
    if (pb_sys_board_links(s, "pflash0"))
        printf("  %-22s - %s\n", "pflashN=<string>",
               "Block node that the board's flash N works on");
    printf("  %-22s - %s\n", "dumpdtb=<string>", "Write the device tree to a file and quit");
}

/* "1.5G": a fraction of a unit, which is whole in bytes. */
static gboolean fraction(const char *text, uint64_t *v)
{
    g_autofree char *unit = NULL;
    uint64_t one, whole = 0, part = 0, scale = 1;
    const char *p = text;

    for (; g_ascii_isdigit(*p) && whole < 1u << 20; p++)
        whole = whole * 10 + (uint64_t)(*p - '0');
    if (p == text || *p++ != '.' || !g_ascii_isdigit(*p))
        return FALSE;
    for (; g_ascii_isdigit(*p) && scale < 1000000; p++, scale *= 10)
        part = part * 10 + (uint64_t)(*p - '0');
    unit = g_strdup_printf("1%s", *p ? p : "M");
    if (g_ascii_isdigit(*p) || !pb_value_size(unit, &one) || one > 1ull << 40)
        return FALSE;
    *v = whole * one + part * one / scale;
    return TRUE;
}

/* size text as -m takes it: a bare number is MiB. */
static int ram_size(const char *text, const struct pb_place *at, guint64 *v, pb_err *e)
{
    size_t n = strlen(text);
    uint64_t bytes;
    gboolean dot = fraction(text, &bytes);
    gboolean bare = !dot && n && g_ascii_isdigit(text[n - 1]) && !g_str_has_prefix(text, "0x");

    if ((!dot && !pb_value_size(text, &bytes)) || (bare && bytes > (UINT64_MAX >> 20))) {
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
    const char *slots = pb_args_get(a, "slots"), *maxmem = pb_args_get(a, "maxmem");
    guint64 max = s->conf.ram;
    if (r == PB_OK && maxmem)
        r = ram_size(maxmem, &a->place, &max, s->e);
    if (r == PB_OK && ((slots && strcmp(slots, "0")) || max != s->conf.ram)) {
        r = pb_err_set(s->e, PB_ENOTSUP, "memory cannot be plugged while running: no 'slots', and "
                       "'maxmem' equals the size");
        pb_err_at(s->e, &a->place);
    }
    if (r == PB_OK)
        r = pb_args_done(a, known, s->e);
    pb_args_free(a);
    return r;
}

enum { SMP_CPUS, SMP_MAX, SMP_LEVELS, SMP_SOCKETS = SMP_LEVELS, SMP_DIES, SMP_CLUSTERS, SMP_CORES,
       SMP_THREADS, SMP_KEYS };
static const char *const smp_keys[] = {"cpus", "maxcpus", "sockets", "dies", "clusters", "cores",
                                       "threads", NULL};

/* How many CPUs the numbers are, 0 those that were not given: *n. */
static int smp_count(const guint64 *v, guint *n, pb_err *e)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint64 product = 1, open = 0, max;

    for (int i = SMP_LEVELS; i < SMP_KEYS; i++) {
        gboolean rare = !strcmp(smp_keys[i], "dies") || !strcmp(smp_keys[i], "clusters");
        product *= v[i] ? v[i] : 1; /* each below 2^13: no overflow */
        open += !v[i] && !rare;
        if (v[i])
            g_string_append_printf(text, "%s%s (%" PRIu64 ")", text->len ? " * " : "",
                                   smp_keys[i], v[i]);
    }
    if (v[SMP_DIES] > 1)
        return pb_err_set(e, PB_ENOTSUP, "dies not supported by this machine's CPU topology");
    max = v[SMP_MAX] ? v[SMP_MAX] : v[SMP_CPUS] ? v[SMP_CPUS] : product;
    *n = (guint)(v[SMP_CPUS] ? v[SMP_CPUS] : max);
    if (max > 4096)
        return pb_err_set(e, PB_EINVAL, "%" PRIu64 " CPUs are more than the 4096 there can be",
                          max);
    if (open ? max % product : product != max)
        return pb_err_set(e, PB_EINVAL, "Invalid CPU topology: product of the hierarchy must "
                          "match maxcpus: %s != maxcpus (%" PRIu64 ")", text->str, max);
    if (max != *n)
        return pb_err_set(e, PB_ENOTSUP, "CPUs cannot be plugged while running: maxcpus must "
                          "equal cpus");
    return PB_OK;
}

/* The board's option "smp": a level that was not given is one, or what is left for it: cores before
 * sockets before threads. */
static char *smp_text(const guint64 *v, guint64 n)
{
    guint64 clusters = v[SMP_CLUSTERS] ? v[SMP_CLUSTERS] : 1, sockets = v[SMP_SOCKETS],
            cores = v[SMP_CORES], threads = v[SMP_THREADS];

    if (!cores) {
        sockets = sockets ? sockets : 1;
        threads = threads ? threads : 1;
        cores = n / (sockets * clusters * threads);
    } else if (!sockets) {
        threads = threads ? threads : 1;
        sockets = n / (clusters * cores * threads);
    }
    if (!threads)
        threads = n / (sockets * clusters * cores);
    return g_strdup_printf("%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, sockets,
                           v[SMP_CLUSTERS], cores, threads);
}

static int parse_smp(struct pb_sys *s)
{
    const char *text = pb_cli_text(s->cli, "smp");
    guint64 v[SMP_KEYS] = {0};

    if (!text)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-smp", text, "cpus", s->e);
    int r = a ? PB_OK : PB_EINVAL;
    for (int i = 0; i < SMP_KEYS && r == PB_OK; i++) {
        gboolean given = pb_args_get(a, smp_keys[i]) != NULL;
        r = pb_args_uint(a, smp_keys[i], &v[i], s->e);
        if (r == PB_OK && given && (!v[i] || v[i] > 4096)) {
            r = pb_err_set(s->e, PB_EINVAL, "CPU topology parameters must be greater than zero "
                           "and at most 4096");
            pb_err_at(s->e, &a->place);
        }
    }
    if (r == PB_OK)
        r = pb_args_done(a, smp_keys, s->e);
    if (r == PB_OK && (r = smp_count(v, &s->conf.cpus, s->e)) < 0)
        pb_err_at(s->e, &a->place);
    if (r == PB_OK)
        s->smp = smp_text(v, s->conf.cpus);
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
        if (model && pb_not_here("cpu", model, s->e))
            ; /* said */
        else if (near)
            pb_err_hint(s->e, "did you mean '%s'?", near);
        else
            pb_err_hint(s->e, "-cpu help lists the models of plugin %s", c->plugin->id);
    }
    s->cpu_model = g_strdup(model);
    for (guint i = 0; r == PB_OK && i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        g_autofree char *key = g_ascii_strdown(x->key, -1); /* QEMU 7.2 writes Zicsr, later zicsr */
        const struct pb_prop *prop = pb_class_prop(c, key);
        if (x->used)
            continue;
        if (!prop) {
            g_autofree const char **names = pb_class_prop_names(c);
            const char *near = pb_nearest(key, names);
            r = pb_err_set(s->e, PB_ENOENT, "Property '%s-%s-cpu.%s' not found", model, c->id,
                           x->key);
            pb_err_hint(s->e, near ? "did you mean '%s'?" : "plugin %s has no such feature",
                        near ? near : c->plugin->id);
            a->place.col = x->col;
            pb_err_at(s->e, &a->place);
        } else if ((r = pb_plan_check_value(c, prop, x->value, s->e)) < 0) {
            pb_err_at(s->e, &a->place);
        } else {
            pb_plan_add_set(s->cpu_sets, key, g_strdup(x->value), &a->place);
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

    if (accel && pb_sys_accel(accel, s->e) < 0) {
        pb_err_at(s->e, &a->place);
        return PB_ENOTSUP;
    }
    s->dumpdtb = g_strdup(dtb);
    for (guint i = 0; i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        g_autofree char *key = g_strdelimit(g_strdup(x->key), "_", '-');
        if (x->used)
            continue;
        GHashTable *to = g_str_has_prefix(key, "pflash") ? s->flashes : s->conf.options;
        g_hash_table_replace(to, g_steal_pointer(&key), g_strdup(x->value));
    }
    return PB_OK;
}

/* All -M of the command line as one: a later one adds to those before. */
static struct pb_args *machine_args(struct pb_sys *s)
{
    struct pb_args *all = pb_args_parse("-M", "", "type", s->e);
    struct pb_given *g;

    for (guint i = 0; all && (g = pb_cli_nth(s->cli, "machine", i)); i++) {
        struct pb_args *a = pb_args_parse("-M", g->arg, "type", s->e);
        if (!a) {
            pb_args_free(all);
            return NULL;
        }
        all->place = a->place;
        pb_args_move(all, a);
    }
    if (pb_cli_flag(s->cli, "no-acpi"))
        pb_args_add(all, "acpi", "off");
    return all;
}

int pb_sys_machine(struct pb_sys *s)
{
    struct pb_args *a = machine_args(s);
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
    s->flashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
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
        print_options(s);
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

/* What -d and -accel say of translation is a property of the CPU. */
static int engine_options(struct pb_sys *s)
{
    struct pb_place at = {.option = "-d"};

    if (!s->engine)
        return PB_OK;
    if (!pb_class_prop(s->plan->cpu, "engine")) {
        pb_err_set(s->e, PB_ENOTSUP, "-d, -accel: the CPU plugin %s has no such options",
                   s->plan->cpu->plugin->id);
        pb_err_hint(s->e, "leave '%s' out", s->engine->str);
        return PB_ENOTSUP;
    }
    for (guint i = 0; i < s->cpu_sets->len; i++) {
        const struct pb_plan_set *x = &g_array_index(s->cpu_sets, struct pb_plan_set, i);
        if (!strcmp(x->key, "engine"))
            g_string_append_printf(s->engine, ",%s", x->value);
    }
    pb_plan_add_set(s->cpu_sets, "engine", g_strdup(s->engine->str), &at);
    return PB_OK;
}

int pb_sys_build(struct pb_sys *s)
{
    int r = engine_options(s);

    if (r < 0)
        return r;
    return pb_build(s->m, s->plan, s->cpu_model, s->cpu_sets, &s->globals, s->e);
}
