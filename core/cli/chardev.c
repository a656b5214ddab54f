/* SPDX-License-Identifier: MIT */
/* chardev.c - -chardev, -serial, -monitor, -qmp, -mon, -nographic, -echr: character nodes.
 *
 * Serial port N of the machine is node "serialN", to which the manifest's links point. The
 * short forms (tcp:…, file:…) of -serial and -monitor are turned into the long ones.
 */
#include "sys.h"

#include "../backend/backend.h"

#include <stdlib.h>
#include <string.h>

static int backend_fault(struct pb_sys *s, struct pb_args *a, const char *what)
{
    pb_err_once(s->e, &a->place);
    (void)what;
    return s->e->code ? s->e->code : PB_EINVAL;
}

/* A character node from long-form arguments, "backend" being the driver. */
static pb_dev *char_node(struct pb_sys *s, struct pb_args *a, const char *id)
{
    const char *driver = pb_args_get(a, "backend");
    gboolean mux = FALSE, append = FALSE;

    if (!driver) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'backend' is missing");
        backend_fault(s, a, NULL);
        return NULL;
    }
    if (!pb_sys_class(PB_KIND_CHAR, driver, "backend", &a->place, s->e) ||
        pb_args_bool(a, "mux", &mux, s->e) < 0 || pb_args_bool(a, "logappend", &append, s->e) < 0)
        return NULL;
    const char *log = pb_args_get(a, "logfile");
    if (!strcmp(driver, "stdio")) {
        if (s->stdio_used) {
            pb_err_set(s->e, PB_EBUSY, "cannot use stdio by multiple character devices");
            pb_err_hint(s->e, "share it with mux=on, or mon:stdio for port and monitor");
            backend_fault(s, a, NULL);
            return NULL;
        }
        s->stdio_used = TRUE;
    }
    pb_dev *d = pb_sys_node(s, PB_KIND_CHAR, driver, id, a);
    if (d && mux)
        pb_char_set_mux(d);
    if (d && log && pb_char_set_log(d, log, append, s->e) < 0) {
        backend_fault(s, a, NULL);
        pb_dev_free(d);
        return NULL;
    }
    return d;
}

/* "HOST:PORT[,server=on…]" into host, port and the rest. */
static int tcp_args(struct pb_args *a, const char *text, pb_err *e)
{
    const char *comma = strchr(text, ',');
    g_autofree char *addr = comma ? g_strndup(text, (gsize)(comma - text)) : g_strdup(text);
    char *colon = strrchr(addr, ':');

    if (!colon || !colon[1]) {
        pb_err_set(e, PB_EINVAL, "expected tcp:HOST:PORT, not 'tcp:%s'", text);
        return PB_EINVAL;
    }
    *colon = '\0';
    char *host = addr;
    if (*host == '[' && colon > host && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    if (*host)
        pb_args_add(a, "host", host);
    pb_args_add(a, "port", colon + 1);
    return PB_OK;
}

/* Options after the first comma of a socket's short form. */
static int more_args(struct pb_args *a, const char *text, pb_err *e)
{
    const char *comma = strchr(text, ',');
    int r = PB_OK;

    if (!comma)
        return PB_OK;
    struct pb_args *more = pb_args_parse(a->place.option, comma + 1, NULL, e);
    if (!more)
        return PB_EINVAL;
    for (guint i = 0; i < more->v->len; i++) {
        const struct pb_arg *x = more->v->pdata[i];
        if (!strcmp(x->key, "nowait"))
            pb_args_add(a, "wait", "off");
        else
            pb_args_add(a, x->key, x->value);
    }
    pb_args_free(more);
    return r;
}

static int short_args(struct pb_args *a, const char *text, pb_err *e)
{
    static const char *const plain[] = {"stdio", "pty", "null", "ringbuf", NULL};
    const char *arg = strchr(text, ':');
    g_autofree char *kind = arg ? g_strndup(text, (gsize)(arg - text)) : g_strdup(text);

    arg = arg ? arg + 1 : "";
    if (g_strv_contains(plain, text)) {
        pb_args_add(a, "backend", text);
    } else if (!strcmp(kind, "file") || !strcmp(kind, "pipe")) {
        pb_args_add(a, "backend", kind);
        pb_args_add(a, "path", arg);
    } else if (!strcmp(kind, "tcp")) {
        pb_args_add(a, "backend", "socket");
        return tcp_args(a, arg, e) < 0 ? PB_EINVAL : more_args(a, arg, e);
    } else if (!strcmp(kind, "unix")) {
        g_autofree char *path = g_strndup(arg, strcspn(arg, ","));
        pb_args_add(a, "backend", "socket");
        pb_args_add(a, "path", path);
        return more_args(a, arg, e);
    } else {
        pb_err_set(e, PB_EINVAL, "'%s' is not a valid char driver name", text);
        pb_err_hint(e, "it takes stdio, mon:stdio, pty, null, none, ringbuf, file:F, pipe:F, "
                       "tcp:HOST:PORT, unix:PATH or chardev:ID");
        return PB_EINVAL;
    }
    return PB_OK;
}

static void no_chardev(struct pb_sys *s, const char *id)
{
    pb_err_set(s->e, PB_ENOENT, "chardev \"%s\" not found", id);
    pb_err_hint(s->e, "make it with an option such as -chardev null,id=%s", *id ? id : "ID");
}

void pb_wanted_mon_free(gpointer p)
{
    g_free(((struct pb_wanted_mon *)p)->id);
    g_free(p);
}

static void want_monitor(struct pb_sys *s, const char *id, gboolean control, gboolean pretty)
{
    struct pb_wanted_mon *w = g_new0(struct pb_wanted_mon, 1);

    *w = (struct pb_wanted_mon){g_strdup(id), control, pretty};
    g_ptr_array_add(s->monitors, w);
}

pb_dev *pb_sys_char_short(struct pb_sys *s, const char *opt, const char *text, const char *id)
{
    gboolean mon = g_str_has_prefix(text, "mon:");
    pb_dev *d = NULL;

    if (mon)
        text += 4;
    if (!strcmp(text, "none"))
        return NULL;
    if (g_str_has_prefix(text, "chardev:")) {
        d = pb_dev_find(s->m, text + 8);
        if (!d || d->cls->kind != PB_KIND_CHAR) {
            no_chardev(s, text + 8);
            pb_err_prefix(s->e, "%s %s: ", opt, text);
            return NULL;
        }
    } else {
        struct pb_args *a = pb_args_parse(opt, text, "short", s->e);
        if (!a)
            return NULL;
        g_ptr_array_set_size(a->v, 0);
        if (short_args(a, text, s->e) == PB_OK) {
            if (mon)
                pb_args_add(a, "mux", "on");
            if (!strcmp(text, "stdio") && mon)
                pb_args_add(a, "signal", "off");
            d = char_node(s, a, id);
        } else {
            backend_fault(s, a, NULL);
        }
        pb_args_free(a);
    }
    if (d && mon)
        want_monitor(s, d->id ? d->id : d->name, FALSE, FALSE);
    return d;
}

int pb_sys_chardev(struct pb_sys *s, struct pb_args *a)
{
    const char *id = pb_args_get(a, "id");

    if (!id) {
        pb_err_set(s->e, PB_EINVAL, "Parameter 'id' is missing");
        pb_err_at(s->e, &a->place);
    }
    return id && char_node(s, a, id) ? PB_OK : PB_EINVAL;
}

static int chardev_options(struct pb_sys *s)
{
    struct pb_given *g;
    int r = PB_OK;

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "chardev", i)); i++) {
        struct pb_args *a = pb_args_parse("-chardev", g->arg, "backend", s->e);
        r = a ? pb_sys_chardev(s, a) : PB_EINVAL;
        pb_args_free(a);
    }
    return r;
}

/* Serial port n: a node of that name, or the link to another node. */
static int serial(struct pb_sys *s, const char *opt, const char *text)
{
    g_autofree char *id = g_strdup_printf("serial%u", s->n_serial);
    const char *ports = g_hash_table_lookup(s->plan->defaults, "serial");
    g_auto(GStrv) names = pb_value_words(ports ? ports : "");
    guint n = g_strv_length(names);

    if (s->n_serial >= n && strcmp(text, "none")) {
        pb_err_set(s->e, PB_EINVAL, "%s %s: machine '%s' has %u serial port%s", opt, text,
                   s->plan->name, n, n == 1 ? "" : "s");
        pb_err_hint(s->e, "leave out what is more, or make a -chardev for another device");
        return PB_EINVAL;
    }
    pb_dev *d = pb_sys_char_short(s, opt, text, id);
    if (s->e->code)
        return s->e->code;
    /* chardev:ID has its own name: the plan's link goes there instead */
    const char *name = d ? d->id : NULL;
    for (guint i = 0; name && strcmp(name, id) && i < s->plan->devs->len; i++) {
        struct pb_plan_dev *x = s->plan->devs->pdata[i];
        for (guint k = 0; k < x->sets->len; k++) {
            struct pb_plan_set *set = &g_array_index(x->sets, struct pb_plan_set, k);
            if (strcmp(set->value, id))
                continue;
            g_free(set->value);
            set->value = g_strdup(name);
        }
    }
    s->n_serial++;
    return PB_OK;
}

/* -monitor, -qmp and -qmp-pretty; their nodes are counted together. */
static int short_monitors(struct pb_sys *s)
{
    static const char *const names[] = {"monitor", "qmp", "qmp-pretty"};
    struct pb_given *g;
    guint n = 0;

    for (guint k = 0; k < G_N_ELEMENTS(names); k++) {
        g_autofree char *opt = g_strconcat("-", names[k], NULL);
        for (guint i = 0; (g = pb_cli_nth(s->cli, names[k], i)); i++) {
            g_autofree char *id = g_strdup_printf("compat_monitor%u", n++);
            gboolean mux = g_str_has_prefix(g->arg, "mon:");
            if (k && mux) {
                pb_err_set(s->e, PB_EINVAL, "%s %s: there is no room for QMP beside another use",
                           opt, g->arg);
                pb_err_hint(s->e, "leave out 'mon:'");
                return PB_EINVAL;
            }
            pb_dev *d = pb_sys_char_short(s, opt, g->arg, id);
            if (s->e->code)
                return s->e->code;
            if (d && !mux)
                want_monitor(s, d->id, k > 0, k == 2);
        }
    }
    return PB_OK;
}

/* mode=, pretty= of -mon. */
static int mon_mode(struct pb_sys *s, struct pb_args *a, gboolean *control, gboolean *pretty)
{
    const char *mode = pb_args_get(a, "mode");
    gboolean given = pb_args_get(a, "pretty") != NULL;

    *control = mode && !strcmp(mode, "control");
    if (mode && !*control && strcmp(mode, "readline"))
        return pb_err_set(s->e, PB_EINVAL, "mode takes 'readline' or 'control', not '%s'", mode);
    if (given && !*control)
        return pb_err_set(s->e, PB_EINVAL, "'pretty' needs mode=control");
    return pb_args_bool(a, "pretty", pretty, s->e);
}

static int monitor_options(struct pb_sys *s)
{
    static const char *const known[] = {"chardev", "mode", "pretty", NULL};
    struct pb_given *g;
    int r = short_monitors(s);

    for (guint i = 0; r == PB_OK && (g = pb_cli_nth(s->cli, "mon", i)); i++) {
        gboolean control = FALSE, pretty = FALSE;
        struct pb_args *a = pb_args_parse("-mon", g->arg, "chardev", s->e);
        if (!a)
            return PB_EINVAL;
        const char *id = pb_args_get(a, "chardev");
        const pb_dev *d = id ? pb_dev_find(s->m, id) : NULL;
        if (!d || d->cls->kind != PB_KIND_CHAR)
            no_chardev(s, id ? id : "");
        else if (mon_mode(s, a, &control, &pretty) == PB_OK)
            want_monitor(s, id, control, pretty);
        if (s->e->code)
            pb_err_once(s->e, &a->place);
        else
            pb_args_done(a, known, s->e);
        pb_args_free(a);
        r = s->e->code;
    }
    return r;
}

static int echr(struct pb_sys *s)
{
    const char *text = pb_cli_text(s->cli, "echr");
    uint64_t v;

    if (!text)
        return PB_OK;
    if (!pb_value_size(text, &v) || v > 255)
        return pb_err_set(s->e, PB_EINVAL, "-echr %s: expected a character's number, 0 to 255",
                          text);
    pb_char_set_escape((int)v);
    return PB_OK;
}

int pb_sys_chardevs(struct pb_sys *s)
{
    gboolean nodefaults = pb_cli_flag(s->cli, "nodefaults");
    gboolean nographic = pb_cli_flag(s->cli, "nographic");
    const char *display = pb_cli_text(s->cli, "display");
    gboolean monitor = pb_cli_nth(s->cli, "monitor", 0) || pb_cli_nth(s->cli, "mon", 0) ||
                       pb_cli_nth(s->cli, "qmp", 0) || pb_cli_nth(s->cli, "qmp-pretty", 0);
    gboolean serials = pb_cli_nth(s->cli, "serial", 0) != NULL;
    struct pb_given *g;
    int r;

    if (display && strcmp(display, "none")) {
        pb_err_set(s->e, PB_ENOTSUP, "-display %s: no installed plugin has that display", display);
        pb_err_hint(s->e, "-display none and -nographic are there");
        return PB_ENOTSUP;
    }
    if ((r = echr(s)) < 0 || (r = chardev_options(s)) < 0)
        return r;
    for (guint i = 0; (g = pb_cli_nth(s->cli, "serial", i)); i++)
        if ((r = serial(s, "-serial", g->arg)) < 0)
            return r;
    /* Without a display the terminal is all there is; -display none asks for silence. */
    gboolean terminal = nographic || !display;
    gboolean ports = g_hash_table_contains(s->plan->defaults, "serial");
    if (terminal && !nodefaults && !serials && ports && !s->stdio_used)
        r = serial(s, nographic ? "-nographic" : "-serial", monitor ? "stdio" : "mon:stdio");
    else if (terminal && nographic && !nodefaults && !monitor && !s->stdio_used) {
        pb_dev *d = pb_sys_char_short(s, "-nographic", "stdio", "compat_monitor0");
        if (d)
            want_monitor(s, d->id, FALSE, FALSE);
        r = s->e->code;
    }
    return r < 0 ? r : monitor_options(s);
}
