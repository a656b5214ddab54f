/* SPDX-License-Identifier: MIT */
/* process.c - options about the process and its run: -accel, -global, -rtc, -d, -D, -name,
 * -no-reboot, -no-shutdown, -seed.
 */
#include "sys.h"

#include "../plugin/catalog.h"

#include "../object/host.h"
#include "../time/clock.h"

#include <string.h>
#include <sys/prctl.h>

static void engine_add(struct pb_sys *s, const char *key, const char *value)
{
    if (!s->engine)
        s->engine = g_string_new(NULL);
    g_string_append_printf(s->engine, "%s%s=%s", s->engine->len ? "," : "", key, value);
}

int pb_sys_accel(const char *names, pb_err *e)
{
    g_auto(GStrv) all = g_strsplit(names, ":", -1);

    if (g_strv_contains((const char *const *)all, "tcg"))
        return PB_OK;
    pb_err_set(e, PB_ENOTSUP, "invalid accelerator %s", names);
    pb_err_hint(e, "no installed plugin has it; 'tcg' is there");
    return PB_ENOTSUP;
}

/* Values of -accel that are how the translator works anyhow. */
static int accel_detail(const char *key, const char *value, const char *only, const char *why,
                        pb_err *e)
{
    gboolean want, is;

    if (!value || !strcmp(value, only) ||
        (pb_value_bool(value, &want) && pb_value_bool(only, &is) && want == is))
        return PB_OK;
    pb_err_set(e, PB_ENOTSUP, "%s=%s: %s; only '%s' is there", key, value, why, only);
    return PB_ENOTSUP;
}

static int accel(struct pb_sys *s)
{
    static const char *const known[] = {"accel", "thread", "one-insn-per-tb", "split-wx",
                                        "tb-size", NULL};
    struct pb_given *g;
    int r = PB_ENOTSUP, n = 0;

    /* several are an order of preference: the first that works */
    for (guint i = 0; r < 0 && (g = pb_cli_nth(s->cli, "accel", i)); i++, n++) {
        pb_err_clear(s->e);
        struct pb_args *a = pb_args_parse("-accel", g->arg, "accel", s->e);
        if (!a)
            return PB_EINVAL;
        const char *name = pb_args_get(a, "accel"), *thread = pb_args_get(a, "thread");
        const char *step = pb_args_get(a, "one-insn-per-tb"), *wx = pb_args_get(a, "split-wx");
        r = pb_sys_accel(name ? name : "", s->e);
        if (r == PB_OK)
            r = accel_detail("thread", thread, "multi", "every CPU has a thread of its own", s->e);
        if (r == PB_OK)
            r = accel_detail("one-insn-per-tb", step, "off", "code is translated in blocks", s->e);
        if (r == PB_OK)
            r = accel_detail("split-wx", wx, "off", "translations are mapped once", s->e);
        guint64 size = 0;
        if (r == PB_OK && (r = pb_args_uint(a, "tb-size", &size, s->e)) == PB_OK && size > 2048)
            r = pb_err_set(s->e, PB_EINVAL, "tb-size=%" PRIu64 ": 1 to 2048, in MiB", size);
        if (r == PB_OK && size) {
            g_autofree char *mib = g_strdup_printf("%" PRIu64, size);
            engine_add(s, "tb-size", mib);
        }
        if (r < 0)
            pb_err_at(s->e, &a->place);
        else
            r = pb_args_done(a, known, s->e);
        pb_args_free(a);
    }
    for (guint i = 0; pb_cli_nth(s->cli, "accel", i); i++)
        ;
    return n ? r : PB_OK;
}

/* CLASS.PROPERTY=VALUE; the class and property must exist. */
static int global(struct pb_sys *s, const char *text)
{
    const char *dot = strchr(text, '.'), *eq = dot ? strchr(dot, '=') : NULL;
    g_autofree char *where = g_strdup_printf("-global %s", text);
    struct pb_place at = {.option = g_intern_string(where)};

    if (!eq || dot == text || eq == dot + 1) {
        pb_err_set(s->e, PB_EINVAL, "expected CLASS.PROPERTY=VALUE");
        pb_err_at(s->e, &at);
        return PB_EINVAL;
    }
    g_autofree char *cls = g_strndup(text, (gsize)(dot - text));
    g_autofree char *prop = g_strndup(dot + 1, (gsize)(eq - dot - 1));
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, cls);
    if (!c)
        c = pb_class_find(PB_KIND_CPU, cls);
    if (!c) {
        pb_sys_class(PB_KIND_DEVICE, cls, "driver", &at, s->e);
        return PB_ENOENT;
    }
    const struct pb_prop *p = pb_class_prop(c, prop);
    if (!p) {
        g_autofree const char **names = pb_class_prop_names(c);
        const char *near = pb_nearest(prop, names);
        pb_err_set(s->e, PB_ENOENT, "Property '%s.%s' not found", c->id, prop);
        if (near)
            pb_err_hint(s->e, "did you mean '%s'?", near);
        else
            pb_err_hint(s->e, "'-device %s,help' lists its properties", c->id);
    } else {
        pb_plan_check_value(c, p, eq + 1, s->e);
    }
    if (s->e->code) {
        pb_err_at(s->e, &at);
        return s->e->code;
    }
    g_autofree char *key = g_strdup_printf("%s.%s", c->id, prop);
    pb_plan_add_set(s->globals.v, key, g_strdup(eq + 1), &at);
    return PB_OK;
}

static int rtc(struct pb_sys *s)
{
    static const char *const known[] = {"base", "clock", "driftfix", NULL};
    const char *text = pb_cli_text(s->cli, "rtc");
    gint64 now = g_get_real_time() * 1000;
    int r = PB_OK;

    if (!text)
        return PB_OK;
    struct pb_args *a = pb_args_parse("-rtc", text, NULL, s->e);
    if (!a)
        return PB_EINVAL;
    const char *base = pb_args_get(a, "base"), *clock = pb_args_get(a, "clock");
    const char *fix = pb_args_get(a, "driftfix");
    if (fix && strcmp(fix, "none")) {
        r = pb_err_set(s->e, PB_ENOTSUP, "driftfix=%s: no clock here loses ticks; only 'none' is "
                       "there", fix);
        pb_err_at(s->e, &a->place);
        pb_args_free(a);
        return r;
    }
    if (base && !strcmp(base, "localtime")) {
        g_autoptr(GDateTime) local = g_date_time_new_now_local();
        now += g_date_time_get_utc_offset(local) * 1000;
    } else if (base && strcmp(base, "utc")) {
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autofree char *full = strchr(base, 'T') ? g_strdup(base)
                                                  : g_strconcat(base, "T00:00:00", NULL);
        g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(full, utc);
        if (t)
            now = g_date_time_to_unix(t) * G_GINT64_CONSTANT(1000000000);
        else
            r = pb_err_set(s->e, PB_EINVAL, "invalid date '%s'; expected utc, localtime, "
                           "YYYY-MM-DD or YYYY-MM-DDThh:mm:ss", base);
    }
    if (r == PB_OK && clock && strcmp(clock, "host") && strcmp(clock, "vm"))
        r = pb_err_set(s->e, PB_EINVAL, "clock takes 'host' or 'vm', not '%s'", clock);
    if (r < 0)
        pb_err_at(s->e, &a->place);
    else if ((r = pb_args_done(a, known, s->e)) == PB_OK)
        pb_clock_set_host(now, clock && !strcmp(clock, "vm"));
    pb_args_free(a);
    return r;
}

static int log_items(struct pb_sys *s)
{
    static const struct { const char *name, *doc; int level; } items[] = {
        {"guest_errors", "what the guest does against the rules of a device", PB_LOG_GUEST},
        {"unimp", "what the guest uses that is not modelled", PB_LOG_UNIMP},
        {"debug", "notes of plugins", PB_LOG_DEBUG}};
    static const struct { const char *name, *doc; } engine[] = { /* the CPU's translation */
        {"in_asm", "the guest's code, a block at a time"}, {"op", "intermediate code"},
        {"out_asm", "the host's code"}, {"exec", "each block that is entered"},
        {"int", "interrupts and exceptions"}};
    const char *file = pb_cli_text(s->cli, "D");
    struct pb_given *g;

    for (guint i = 0; (g = pb_cli_nth(s->cli, "d", i)); i++) {
        g_auto(GStrv) words = g_strsplit(g->arg, ",", -1);
        for (char **w = words; *w; w++) {
            guint k = 0;
            if (!strcmp(*w, "help") || !strcmp(*w, "?")) {
                puts("Log items (comma separated):");
                for (k = 0; k < G_N_ELEMENTS(items); k++)
                    printf("%-15s %s\n", items[k].name, items[k].doc);
                for (k = 0; k < G_N_ELEMENTS(engine); k++)
                    printf("%-15s %s\n", engine[k].name, engine[k].doc);
                printf("%-15s %s\n", "trace:PATTERN", "trace points CLASS.EVENT");
                return PB_DONE;
            }
            if (g_str_has_prefix(*w, "trace:")) {
                pb_trace_enable(*w + 6, TRUE);
                continue;
            }
            while (k < G_N_ELEMENTS(engine) && strcmp(*w, engine[k].name))
                k++;
            if (k < G_N_ELEMENTS(engine)) {
                engine_add(s, "log", *w);
                pb_log_enable(PB_LOG_DEBUG, TRUE);
                continue;
            }
            for (k = 0; k < G_N_ELEMENTS(items) && strcmp(*w, items[k].name); k++)
                ;
            if (k == G_N_ELEMENTS(items)) {
                pb_err_set(s->e, PB_EINVAL, "-d %s: unknown log item '%s'", g->arg, *w);
                if (!pb_not_here("log", *w, s->e))
                    pb_err_hint(s->e, "-d help lists them");
                return PB_EINVAL;
            }
            pb_log_enable((uint32_t)items[k].level, TRUE);
        }
    }
    if (file && pb_log_open(file, s->e) < 0) {
        pb_err_prefix(s->e, "-D: ");
        return PB_EIO;
    }
    return PB_OK;
}

int pb_sys_process(struct pb_sys *s)
{
    struct pb_given *g;
    int r;

    if ((r = accel(s)) || (r = rtc(s)) || (r = log_items(s)))
        return r;
    for (guint i = 0; (g = pb_cli_nth(s->cli, "global", i)); i++)
        if ((r = global(s, g->arg)) < 0)
            return r;
    const char *name = pb_cli_text(s->cli, "name"), *seed = pb_cli_text(s->cli, "seed");
    if (name) {
        struct pb_args *a = pb_args_parse("-name", name, "guest", s->e);
        static const char *const known[] = {"guest", "process", "debug-threads", NULL};
        gboolean named = TRUE; /* threads have names here */
        if (!a)
            return PB_EINVAL;
        const char *guest = pb_args_get(a, "guest"), *process = pb_args_get(a, "process");
        s->m->guest = g_strdup(guest);
        if (guest || process)
            prctl(PR_SET_NAME, process ? process : guest, 0, 0, 0);
        r = pb_args_bool(a, "debug-threads", &named, s->e);
        if (r == PB_OK && !named)
            r = pb_err_set(s->e, PB_ENOTSUP, "-name debug-threads=off: threads always have names");
        r = r < 0 ? r : pb_args_done(a, known, s->e);
        pb_args_free(a);
        if (r < 0)
            return r;
    }
    uint64_t v = 0;
    if (seed && !pb_value_size(seed, &v))
        return pb_err_set(s->e, PB_EINVAL, "-seed %s: expected a number", seed);
    if (seed)
        pb_random_seed(v);
    return PB_OK;
}
