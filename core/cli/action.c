/* SPDX-License-Identifier: MIT */
/* action.c - -action; and options of QEMU's whose only value here is that there is none of it, so
 * that a command line that says so runs. */
#include "sys.h"

#include <string.h>

static int one_of(struct pb_args *a, const char *key, const char *no, const char *yes, gboolean *v,
                  pb_err *e)
{
    const char *text = pb_args_get(a, key);

    if (!text || !strcmp(text, no) || !strcmp(text, yes)) {
        *v = text ? !strcmp(text, yes) : *v;
        return PB_OK;
    }
    return pb_err_set(e, PB_EINVAL, "Parameter '%s' takes %s or %s, not '%s'", key, no, yes, text);
}

int pb_sys_action(struct pb_sys *s)
{
    static const char *const known[] = {"reboot", "shutdown", NULL};
    static const char *const absent[] = {"panic", "watchdog"};
    struct pb_given *g;
    int r = PB_OK;

    s->m->no_reboot = pb_cli_flag(s->cli, "no-reboot");
    s->m->no_shutdown = pb_cli_flag(s->cli, "no-shutdown");
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "action", i)); i++) {
        struct pb_args *a = pb_args_parse("-action", g->arg, NULL, s->e);
        if (!a)
            return PB_EINVAL;
        r = one_of(a, "reboot", "reset", "shutdown", &s->m->no_reboot, s->e);
        if (r == PB_OK)
            r = one_of(a, "shutdown", "poweroff", "pause", &s->m->no_shutdown, s->e);
        for (guint k = 0; r == PB_OK && k < G_N_ELEMENTS(absent); k++)
            if (pb_args_get(a, absent[k]))
                r = pb_err_set(s->e, PB_ENOTSUP, "'%s' is not there yet: no device reports it",
                               absent[k]);
        if (r == PB_OK)
            r = pb_args_done(a, known, s->e);
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

/* Options in the table with the value that is true of every machine here. */
static const struct { const char *name, *only, *hint; } only[] = {
    {"vga", "none", "no installed plugin is a display adapter"},
    {"parallel", "none", "no machine here has a parallel port"},
    {"vnc", "none", "'screendump' of the monitor shows the screen"},
    {"sandbox", "off", "system calls are not filtered yet"},
};

int pb_sys_only(struct pb_sys *s)
{
    struct pb_given *g;

    for (guint k = 0; k < G_N_ELEMENTS(only); k++) {
        for (guint i = 0; (g = pb_cli_nth(s->cli, only[k].name, i)); i++) {
            if (!strcmp(g->arg, only[k].only))
                continue;
            pb_err_set(s->e, PB_ENOTSUP, "-%s %s: only '%s' is there", only[k].name, g->arg,
                       only[k].only);
            pb_err_hint(s->e, "%s", only[k].hint);
            return PB_ENOTSUP;
        }
    }
    return PB_OK;
}
