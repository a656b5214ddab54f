/* SPDX-License-Identifier: MIT */
/* semihost.c - -semihosting, -semihosting-config: the device that serves what bare programs ask
 * of the host, and the CPUs' link to it. */
#include "sys.h"

#include <string.h>

#define ID "semihosting" /* of the device; its class and the CPUs' property are called that, too */

struct wish {
    gboolean on, userspace;
    char *chardev;
    GString *args; /* NULL: none were given */
};

/* A debugger that is attached would serve files with gdb and auto under QEMU. */
static int check_target(const char *target, pb_err *e)
{
    if (!target || !strcmp(target, "native") || !strcmp(target, "auto"))
        return PB_OK;
    if (strcmp(target, "gdb"))
        return pb_err_set(e, PB_EINVAL, "unsupported semihosting-config target=%s", target);
    pb_err_set(e, PB_ENOTSUP, "target=gdb: the debugger's files are not reached");
    pb_err_hint(e, "target=native: the program has the host's files");
    return PB_ENOTSUP;
}

static int take(struct wish *w, struct pb_args *a, pb_err *e)
{
    static const char *const known[] = {"enable", "target", "chardev", "userspace", "arg", NULL};
    const char *text;
    guint i = 0;

    w->on = TRUE;
    int r = pb_args_bool(a, "enable", &w->on, e);
    if (r == PB_OK)
        r = pb_args_bool(a, "userspace", &w->userspace, e);
    if (r == PB_OK)
        r = check_target(pb_args_get(a, "target"), e);
    if ((text = pb_args_get(a, "chardev"))) {
        g_free(w->chardev);
        w->chardev = g_strdup(text);
    }
    while ((text = pb_args_next(a, "arg", &i))) {
        if (w->args)
            g_string_append_c(w->args, ' ');
        else
            w->args = g_string_new(NULL);
        g_string_append(w->args, text);
    }
    return r == PB_OK ? pb_args_done(a, known, e) : r;
}

static int parse(struct pb_sys *s, struct wish *w)
{
    struct pb_given *g;
    int r = PB_OK;

    w->on = pb_cli_flag(s->cli, "semihosting");
    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "semihosting-config", i)); i++) {
        struct pb_args *a = pb_args_parse("-semihosting-config", g->arg, "enable", s->e);
        if (!a)
            return PB_EINVAL;
        r = take(w, a, s->e);
        if (r < 0)
            pb_err_once(s->e, &a->place);
        pb_args_free(a);
    }
    return r;
}

static int make(struct pb_sys *s, const struct wish *w)
{
    const struct pb_place at = {.option = "-semihosting"};
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, ID);

    if (!c)
        pb_sys_class(PB_KIND_DEVICE, ID, "driver", &at, s->e); /* says which package has it */
    if (!c || pb_class_load(c, s->e) < 0)
        return PB_ENOENT;
    if (!pb_class_prop(s->plan->cpu, ID)) {
        pb_err_set(s->e, PB_ENOTSUP, "-semihosting: CPUs '%s' have none", s->plan->cpu->id);
        pb_err_hint(s->e, "leave the option out");
        return PB_ENOTSUP;
    }
    if (w->chardev && !pb_dev_find(s->m, w->chardev)) {
        pb_err_set(s->e, PB_ENOENT, "-semihosting-config: no chardev '%s'", w->chardev);
        pb_err_hint(s->e, "make it with -chardev TYPE,id=%s", w->chardev);
        return PB_ENOENT;
    }
    pb_dev *d = pb_dev_new(s->m, c, ID, &at, s->e);
    if (!d)
        return PB_EINVAL;
    int r = PB_OK;
    if (w->chardev)
        r = pb_dev_set(d, "chardev", w->chardev, &at, s->e);
    if (r == PB_OK && w->args)
        r = pb_dev_set(d, "args", w->args->str, &at, s->e);
    if (r == PB_OK)
        r = pb_dev_set(d, "userspace", w->userspace ? "on" : "off", &at, s->e);
    if (r == PB_OK)
        r = pb_dev_realize(d, s->e);
    if (r == PB_OK)
        pb_plan_add_set(s->cpu_sets, ID, g_strdup(ID), &at);
    else
        pb_dev_free(d);
    return r;
}

int pb_sys_semihosting(struct pb_sys *s)
{
    struct wish w = {0};
    int r = parse(s, &w);

    if (r == PB_OK && w.on)
        r = make(s, &w);
    g_free(w.chardev);
    if (w.args)
        g_string_free(w.args, TRUE);
    return r;
}
