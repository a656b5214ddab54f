/* SPDX-License-Identifier: MIT */
/* options.c - the command line of plugboard-ARCH: qemu-user's options and environment.
 *
 * Options end at the program's name. Each has a name in the environment: PLUGBOARD_X, and QEMU_X
 * as scripts know it; the option wins over PLUGBOARD_X, and that over QEMU_X.
 */
#include "user.h"

#include "../cli/cli.h"
#include "../verbs/page.h"

#include <stdlib.h>
#include <string.h>

struct option {
    const char *name, *env; /* without the prefix; NULL: none */
    const char *arg, *help;
    int (*set)(struct pb_user_options *o, const char *value, pb_err *e);
};

static int bad(pb_err *e, const char *opt, const char *value, const char *want)
{
    return pb_err_set(e, PB_EINVAL, "-%s: '%s' is not %s", opt, value, want);
}

/* 4096, 0x1000, 8M. */
static gboolean size(const char *text, uint64_t *v)
{
    char *end;

    *v = strtoull(text, &end, 0);
    if (end == text || *text == '-')
        return FALSE;
    int shift = *end == 'k' || *end == 'K' ? 10 : *end == 'm' || *end == 'M' ? 20
                : *end == 'g' || *end == 'G' ? 30 : 0;
    if (shift)
        end++;
    if (*end || *v > UINT64_MAX >> shift)
        return FALSE;
    *v <<= shift;
    return TRUE;
}

#define TEXT(field)                                                                            \
    static int set_##field(struct pb_user_options *o, const char *v, pb_err *e)                \
    {                                                                                          \
        (void)e;                                                                               \
        o->field = v;                                                                          \
        return PB_OK;                                                                          \
    }
TEXT(prefix)
TEXT(argv0)
TEXT(uname)
TEXT(cpu)
TEXT(gdb)
TEXT(log)
TEXT(log_file)
TEXT(seed)

static int set_stack(struct pb_user_options *o, const char *v, pb_err *e)
{
    if (!size(v, &o->stack) || o->stack < 65536 || o->stack > (uint64_t)1 << 40)
        return bad(e, "s", v, "a stack size from 64K to 1T");
    return PB_OK;
}

static int set_base(struct pb_user_options *o, const char *v, pb_err *e)
{
    uint64_t base;

    (void)o;
    if (!size(v, &base) || base)
        return bad(e, "B", v, "0: the program's addresses are the emulator's own");
    return PB_OK;
}

static int set_top(struct pb_user_options *o, const char *v, pb_err *e)
{
    if (!size(v, &o->top) || (o->top && o->top < (uint64_t)256 << 20) || o->top > PB_USER_TOP ||
        (o->top & 4095))
        return bad(e, "R", v, "0 or a size of the address space from 256M to 64T, in pages");
    if (!o->top)
        o->top = PB_USER_TOP;
    return PB_OK;
}

static int set_page(struct pb_user_options *o, const char *v, pb_err *e)
{
    uint64_t page;

    (void)o;
    if (!size(v, &page) || page != 4096)
        return bad(e, "p", v, "4096, the only page size there is");
    return PB_OK;
}

static int set_tb(struct pb_user_options *o, const char *v, pb_err *e)
{
    if (!size(v, &o->tb_size) || o->tb_size < 1 || o->tb_size > 1024)
        return bad(e, "tb-size", v, "a size of 1 to 1024 MiB");
    return PB_OK;
}

static int set_strace(struct pb_user_options *o, const char *v, pb_err *e)
{
    (void)v, (void)e;
    o->strace = TRUE;
    return PB_OK;
}

static int set_env(struct pb_user_options *o, const char *v, pb_err *e)
{
    g_auto(GStrv) parts = g_strsplit(v, ",", -1);

    for (char **p = parts; *p; p++) {
        if (!strchr(*p, '=') || **p == '=')
            return bad(e, "E", *p, "NAME=VALUE");
        g_ptr_array_add(o->env, g_strdup(*p));
    }
    return PB_OK;
}

static int unset_env(struct pb_user_options *o, const char *v, pb_err *e)
{
    g_auto(GStrv) parts = g_strsplit(v, ",", -1);

    for (char **p = parts; *p; p++) {
        if (strchr(*p, '=') || !**p)
            return bad(e, "U", *p, "a NAME");
        g_ptr_array_add(o->env, g_strdup(*p));
    }
    return PB_OK;
}

static const struct option options[] = {
    {"L", "LD_PREFIX", "path", "look for the program's files under this directory first",
     set_prefix},
    {"0", "ARGV0", "argv0", "what the program sees as its argv[0]", set_argv0},
    {"E", "SET_ENV", "var=value[,...]", "set in the program's environment", set_env},
    {"U", "UNSET_ENV", "var[,...]", "take out of the program's environment", unset_env},
    {"cpu", "CPU", "model[,property=value...]", "kind of CPU; -cpu help lists them", set_cpu},
    {"r", "UNAME", "release", "release of the system that uname tells", set_uname},
    {"s", "STACK_SIZE", "size", "size of the stack, 8M by default", set_stack},
    {"strace", "STRACE", NULL, "log system calls", set_strace},
    {"d", "LOG", "item[,...]", "log items; -d help lists them", set_log},
    {"D", "LOG_FILENAME", "file", "log to a file instead of stderr; %d is the process id",
     set_log_file},
    {"g", "GDB", "port|path", "wait for gdb at this TCP port of 127.0.0.1, or Unix socket",
     set_gdb},
    {"seed", "RAND_SEED", "number", "make the program's AT_RANDOM repeat", set_seed},
    {"tb-size", "TB_SIZE", "MiB", "memory for translated code", set_tb},
    {"R", "RESERVED_VA", "size", "size of the program's address space, 64T by default", set_top},
    {"B", "GUEST_BASE", "address", "where the program's address 0 lies: only 0", set_base},
    {"p", "PAGESIZE", "size", "page size: only 4096", set_page},
};

static void usage(FILE *to)
{
    fprintf(to, "usage: %s [options] program [arguments...]\n"
                "Runs one foreign Linux program.\n\n", pb_progname);
    fprintf(to, "-h\n                this text\n-version\n                version\n");
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        const struct option *p = &options[i];
        fprintf(to, "-%s%s%s\n                %s (PLUGBOARD_%s, QEMU_%s)\n", p->name,
                p->arg ? " " : "", p->arg ? p->arg : "", p->help, p->env, p->env);
    }
    fprintf(to, "\nOptions win over the environment. -E and -U may be given more than once.\n");
}

void pb_user_man(FILE *to)
{
    fprintf(to, ".\\\" Generated from core/user/options.c by plugboard man.\n"
                ".TH PLUGBOARD-USER 1 \"\" Plugboard\n.SH NAME\nplugboard\\-user \\- run one Linux "
                "program of another processor\n.SH SYNOPSIS\n.B plugboard\\-ARCH\n[options] "
                "program [arguments]\n.SH DESCRIPTION\nTranslates the program and passes its "
                "system calls to the host's kernel: there is no machine and no guest kernel.\n"
                "Options win over the environment; \\-E and \\-U may be given more than once.\n"
                ".SH OPTIONS\n");
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        const struct option *p = &options[i];
        fprintf(to, ".TP\n.B \\-%s %s\n", p->name, p->arg ? p->arg : "");
        g_autofree char *text = g_strdup_printf("%s (PLUGBOARD_%s, QEMU_%s)", p->help, p->env,
                                                p->env);
        pb_page_troff(to, text);
        fputc('\n', to);
    }
    fprintf(to, ".SH EXIT STATUS\nThe program's; 255 when it could not be started.\n"
                ".SH SEE ALSO\n.BR plugboard\\-system (1),\n.BR plugboard (1)\n");
}

static int from_env(struct pb_user_options *o, pb_err *e)
{
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        const struct option *p = &options[i];
        g_autofree char *ours = g_strconcat("PLUGBOARD_", p->env, NULL);
        g_autofree char *theirs = g_strconcat("QEMU_", p->env, NULL);
        const char *v = getenv(ours), *name = ours;
        if (!v) {
            v = getenv(theirs);
            name = theirs;
        }
        if (v && p->set(o, v, e) < 0) {
            pb_err_prefix(e, "%s: ", name);
            return PB_EINVAL;
        }
    }
    return PB_OK;
}

static const struct option *find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        if (!strcmp(options[i].name, name))
            return &options[i];
    return NULL;
}

static int unknown(const char *name, pb_err *e)
{
    const char *names[G_N_ELEMENTS(options) + 3] = {"h", "version"};

    for (guint i = 0; i < G_N_ELEMENTS(options); i++)
        names[i + 2] = options[i].name;
    pb_err_set(e, PB_EINVAL, "unknown option '-%s'", name);
    const char *near = strlen(name) > 2 ? pb_nearest(name, names) : NULL;
    if (near)
        pb_err_hint(e, "did you mean '-%s'? -h lists all options", near);
    else
        pb_err_hint(e, "-h lists all options");
    return PB_EINVAL;
}

int pb_user_parse(struct pb_user_options *o, int argc, char **argv, pb_err *e)
{
    int i;

    *o = (struct pb_user_options){.stack = (uint64_t)8 << 20, .top = PB_USER_TOP};
    o->env = g_ptr_array_new_with_free_func(g_free);
    o->again = g_ptr_array_new();
    if (from_env(o, e) < 0)
        return PB_EINVAL;
    for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *name = argv[i] + 1 + (argv[i][1] == '-');
        if (!*name) { /* "--": the program follows */
            i++;
            break;
        }
        if (!strcmp(name, "h") || !strcmp(name, "help")) {
            usage(stdout);
            return PB_USER_SAID;
        }
        if (!strcmp(name, "version")) {
            pb_cli_version(stdout);
            return PB_USER_SAID;
        }
        const struct option *p = find(name);
        if (!p)
            return unknown(name, e);
        if (p->arg && i + 1 >= argc)
            return pb_err_set(e, PB_EINVAL, "-%s: it takes %s", name, p->arg);
        /* What concerns the one program only is not for the next. */
        if (!strchr("0EUg", *name) || name[1]) {
            g_ptr_array_add(o->again, argv[i]);
            if (p->arg)
                g_ptr_array_add(o->again, argv[i + 1]);
        }
        if (p->set(o, p->arg ? argv[++i] : NULL, e) < 0)
            return PB_EINVAL;
    }
    o->first = i;
    return PB_OK;
}

void pb_user_options_free(struct pb_user_options *o)
{
    g_ptr_array_unref(o->env);
    g_ptr_array_unref(o->again);
}
