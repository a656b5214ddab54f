/* SPDX-License-Identifier: MIT */
/* parse.c - split the command line by the option table; the meaning is elsewhere. */
#include "cli.h"

#include <string.h>

static const struct pb_opt *find(const char *name)
{
    for (const struct pb_opt *o = pb_options; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

static int unknown(const char *word, const char *name, pb_err *e)
{
    const char *names[128];
    guint n = 0;

    if (pb_cli_absent(word, name, e))
        return PB_ENOTSUP;
    for (const struct pb_opt *o = pb_options; o->name && n < G_N_ELEMENTS(names) - 1; o++)
        if (strlen(o->name) > 1)
            names[n++] = o->name;
    names[n] = NULL;
    const char *near = pb_nearest(name, names);
    pb_err_set(e, PB_EINVAL, "%s: invalid option", word);
    if (near)
        pb_err_hint(e, "did you mean '-%s'?", near);
    else
        pb_err_hint(e, "-h lists all options");
    return PB_EINVAL;
}

static void given_free(gpointer p)
{
    g_free(((struct pb_given *)p)->arg);
    g_free(p);
}

static void add(struct pb_cli *c, const struct pb_opt *o, const char *arg)
{
    struct pb_given *g = g_new0(struct pb_given, 1);

    g->opt = o;
    g->arg = g_strdup(arg);
    g_ptr_array_add(c->given, g);
}

struct pb_cli *pb_cli_parse(const char *arch, int argc, char **argv, pb_err *e)
{
    struct pb_cli *c = g_new0(struct pb_cli, 1);
    gboolean image = FALSE;

    c->arch = g_strdup(arch);
    c->given = g_ptr_array_new_with_free_func(given_free);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (*word != '-' || !word[1]) {
            if (image) {
                pb_err_set(e, PB_EINVAL, "%s: a second disk image", word);
                pb_err_hint(e, "name each with -drive file=%s,format=raw", word);
                goto fail;
            }
            image = TRUE;
            add(c, find("hda"), word);
            continue;
        }
        const char *name = word + 1 + (word[1] == '-');
        const struct pb_opt *o = find(name);
        if (!o) {
            unknown(word, name, e);
            goto fail;
        }
        if (o->arg && i + 1 >= argc) {
            pb_err_set(e, PB_EINVAL, "%s: requires an argument", word);
            goto fail;
        }
        add(c, o, o->arg ? argv[++i] : NULL);
    }
    return c;
fail:
    pb_cli_free(c);
    return NULL;
}

void pb_cli_free(struct pb_cli *c)
{
    if (!c)
        return;
    g_free(c->arch);
    g_ptr_array_unref(c->given);
    g_free(c);
}

struct pb_given *pb_cli_nth(struct pb_cli *c, const char *name, guint i)
{
    for (guint k = 0; k < c->given->len; k++) {
        struct pb_given *g = c->given->pdata[k];
        gboolean same = !strcmp(g->opt->name, name) ||
                        (g->opt->same && !strcmp(g->opt->same, name));
        if (same && !i--) {
            g->used = TRUE;
            return g;
        }
    }
    return NULL;
}

const char *pb_cli_text(struct pb_cli *c, const char *name)
{
    const char *text = NULL;
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(c, name, i)); i++)
        text = g->arg;
    return text;
}

gboolean pb_cli_flag(struct pb_cli *c, const char *name)
{
    gboolean set = FALSE;

    for (guint i = 0; pb_cli_nth(c, name, i); i++)
        set = TRUE;
    return set;
}

const struct pb_given *pb_cli_unused(const struct pb_cli *c)
{
    for (guint k = 0; k < c->given->len; k++) {
        const struct pb_given *g = c->given->pdata[k];
        if (!g->used)
            return g;
    }
    return NULL;
}
