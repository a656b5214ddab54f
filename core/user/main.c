/* SPDX-License-Identifier: MIT */
/* main.c - plugboard-ARCH: CPU plugin and personality are loaded and given the program. */
#include "user.h"

#include "../cli/args.h"
#include "../main/main.h"
#include "../machine/machine.h"
#include "../object/host.h"
#include "../object/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 1 /* linux/binfmts.h */
#endif

/* ---- Options of the translator ------------------------------------------------------------ */

static const char *const engine_logs[] = {"in_asm", "op", "out_asm", "exec", "int", NULL};

static int log_help(void)
{
    printf("Log items (comma separated):\n"
           "in_asm     the program's code, a block at a time\n"
           "op         intermediate code\n"
           "out_asm    the host's code\n"
           "exec       each block that is entered\n"
           "int        faults\n"
           "strace     system calls\n"
           "unimp      what is not implemented\n");
    return PB_USER_SAID;
}

static int log_items(struct pb_user_options *o, GString *engine, pb_err *e)
{
    g_auto(GStrv) items = g_strsplit(o->log ? o->log : "", ",", -1);

    for (char **p = items; *p; p++) {
        if (!strcmp(*p, "help"))
            return log_help();
        if (g_strv_contains(engine_logs, *p))
            g_string_append_printf(engine, ",log=%s", *p);
        else if (!strcmp(*p, "strace"))
            o->strace = TRUE;
        else if (!strcmp(*p, "unimp"))
            pb_log_enable(PB_LOG_UNIMP, TRUE);
        else if (**p)
            return pb_err_set(e, PB_EINVAL, "-d: no item '%s'; -d help lists them", *p);
    }
    if (strstr(engine->str, "log="))
        pb_log_enable(PB_LOG_DEBUG, TRUE);
    return PB_OK;
}

/* The last of two words for the same thing counts: -cpu's engine= stands behind -tb-size. */
static int set_engine(pb_dev *d, struct pb_user_options *o, pb_err *e)
{
    g_autoptr(GString) text = g_string_new("");
    g_autofree char *own = pb_dev_get_text(d, "engine");
    const char *extra = getenv("PLUGBOARD_ENGINE");

    g_string_printf(text, "tb-size=%" G_GUINT64_FORMAT ",%s", o->tb_size ? o->tb_size : 64,
                    own ? own : "");
    int r = log_items(o, text, e);
    if (r != PB_OK)
        return r;
    if (extra)
        g_string_append_printf(text, ",%s", extra);
    if (!pb_dev_has_prop(d, "engine"))
        return PB_OK;
    return pb_dev_set(d, "engine", text->str, NULL, e);
}

/* ---- The CPU ------------------------------------------------------------------------------- */

static int list_models(const struct pb_class *c)
{
    printf("Available CPUs:\n");
    for (char **m = c->models; *m; m++)
        printf("  %s\n", *m);
    return PB_USER_SAID;
}

static int cpu_options(pb_dev *d, const struct pb_cpu_user *user, struct pb_user_options *o,
                       const char **model, pb_err *e)
{
    const struct pb_cpu_class *t = d->cls->table;
    int r = PB_OK;

    *model = PB_HAS(struct pb_cpu_user, user, model) ? user->model
             : t->n_models                           ? t->models[0].name
                                                     : NULL;
    if (!o->cpu)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-cpu", o->cpu, "model", e);
    if (!a)
        return PB_EINVAL;
    if (pb_args_wants_help(a)) {
        pb_args_free(a);
        return list_models(d->cls);
    }
    for (guint i = 0; i < a->v->len && r >= 0; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if (!strcmp(x->key, "model"))
            *model = g_intern_string(x->value);
        else
            r = pb_dev_set(d, x->key, x->value, &a->place, e);
    }
    pb_args_free(a);
    return r < 0 ? r : PB_OK;
}

/* A device handle without a machine, for the properties. */
static pb_dev *make_dev(const struct pb_class *c, pb_err *e)
{
    static struct pb_machine none;

    none.devs = g_ptr_array_new();
    none.cpus = g_ptr_array_new();
    none.buses = g_ptr_array_new();
    none.placed = g_ptr_array_new();
    pb_dev *d = pb_dev_new(&none, c, "cpu", NULL, e);
    return d;
}

static const struct pb_cpu_user *user_table(const struct pb_cpu_class *t)
{
    for (uint32_t i = 0; i < t->n_provides; i++)
        if (!strcmp(t->provides[i].id, PB_CPU_USER))
            return t->provides[i].table;
    return NULL;
}

/* ---- The program's environment and arguments ------------------------------------------------ */

static gboolean names(const char *entry, const char *name, size_t n)
{
    return !strncmp(entry, name, n) && (entry[n] == '=' || !entry[n]);
}

static char **environment(const struct pb_user_options *o)
{
    extern char **environ;
    GPtrArray *v = g_ptr_array_new();

    for (char **p = environ; *p; p++)
        g_ptr_array_add(v, *p);
    for (guint i = 0; i < o->env->len; i++) {
        char *x = o->env->pdata[i];
        size_t n = strcspn(x, "=");
        for (guint k = 0; k < v->len;)
            if (names(v->pdata[k], x, n))
                g_ptr_array_remove_index(v, k);
            else
                k++;
        if (x[n])
            g_ptr_array_add(v, x);
    }
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

/* The kernel has started us for a program (binfmt_misc, flag P): what the program was called
 * follows its path. */
static gboolean by_kernel(const struct pb_user_options *o, char **argv)
{
    return (getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0) && o->first == 1 && argv[2];
}

static char **program_args(const struct pb_user_options *o, char **argv)
{
    char **v = g_strdupv(argv + o->first + by_kernel(o, argv));

    if (o->argv0) {
        g_free(v[0]);
        v[0] = g_strdup(o->argv0);
    }
    return v;
}

static char **again(const struct pb_user_options *o)
{
    GPtrArray *v = g_ptr_array_new();

    g_ptr_array_add(v, g_strdup(pb_progname));
    for (guint i = 0; i < o->again->len; i++)
        g_ptr_array_add(v, g_strdup(o->again->pdata[i]));
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

/* ---- All of it --------------------------------------------------------------------------- */

static const struct pb_class *find(enum pb_kind kind, const char *id, const char *what, pb_err *e)
{
    const struct pb_class *c = pb_class_find(kind, id); /* linked in? */

    if (!c) {
        pb_registry_scan();
        c = pb_class_find(kind, id);
    }
    if (!c) {
        const char *package = pb_class_package(kind, id);
        pb_err_set(e, PB_ENOENT, "no plugin offers %s '%s'", what, id);
        if (package)
            pb_err_hint(e, "it is in package %s", package);
        else
            pb_err_hint(e, "'plugboard list' shows what is installed, PLUGBOARD_PLUGIN_PATH "
                        "where to look");
        return NULL;
    }
    return pb_class_load(c, e) < 0 ? NULL : c;
}

static int start(const char *arch, struct pb_user_options *o, char **argv, pb_err *e)
{
    const struct pb_class *c = find(PB_KIND_CPU, arch, "CPU", e);
    const struct pb_class *p = c ? find(PB_KIND_PERSONALITY, "linux", "personality", e) : NULL;
    const struct pb_cpu_user *user = c ? user_table(c->table) : NULL;
    const char *model;
    pb_dev *d;
    int r;

    if (!p)
        return PB_ENOENT;
    if (!user)
        return pb_err_set(e, PB_ENOTSUP, "plugin %s cannot run programs without a machine",
                          c->plugin->id);
    if (!(d = make_dev(c, e)))
        return PB_ENOMEM;
    r = cpu_options(d, user, o, &model, e);
    if (r == PB_OK)
        r = set_engine(d, o, e);
    if (r != PB_OK)
        return r;
    if (!argv[o->first])
        return pb_err_set(e, PB_EINVAL, "no program is named; -h tells how");
    pb_user_host(d, model, user, o->top);
    if ((r = pb_props_resolve(d, e)) < 0 || (r = pb_user_reserve(o->top, e)) < 0 ||
        (o->log_file && (r = pb_user_log_open(o->log_file, e)) < 0) ||
        (o->gdb && (r = pb_user_gdb_open(o->gdb, c->table, user, e)) < 0))
        return r;
    struct pb_user_start s = {
        .size = sizeof s, .strace = (uint32_t)o->strace, .arch = arch, .cpu = c->table,
        .user = user, .file = argv[o->first], .argv = program_args(o, argv),
        .envp = environment(o), .prefix = o->prefix, .uname = o->uname, .stack = o->stack,
        .log_fd = pb_user_log_fd, .again = again(o), .progname = pb_progname, .seed = o->seed};
    return ((const struct pb_personality_class *)p->table)->run(&s, &pb_the_host, e);
}

int pb_user_main(const char *arch, int argc, char **argv)
{
    struct pb_user_options o;
    pb_err e = {0};

    pb_host_init();
    int r = pb_user_parse(&o, argc, argv, &e);
    if (r == PB_OK)
        r = start(arch, &o, argv, &e);
    pb_user_options_free(&o);
    if (r < 0) {
        pb_err_report(&e);
        pb_err_clear(&e);
        return 255;
    }
    fflush(stdout);
    return 0;
}
