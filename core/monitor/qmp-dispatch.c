/* SPDX-License-Identifier: MIT */
/* qmp-dispatch.c - one command: from its text to its answer. QEMU's "QMP Protocol Specification",
 * 2.3 to 2.5; the words of errors are QEMU's. */
#include "qmp.h"

#include <plugboard/query.h>

#include <string.h>

static void write_error(struct pb_writer *w, const char *cls, const char *desc)
{
    pb_write_open(w, "error", '{');
    pb_write_text(w, "class", cls ? cls : "GenericError");
    pb_write_text(w, "desc", desc);
    pb_write_close(w, '}');
}

void pb_qmp_refuse(struct pb_writer *w, const char *cls, const char *desc)
{
    pb_write_open(w, NULL, '{');
    write_error(w, cls, desc);
    pb_write_close(w, '}');
}

/* Cause and cure. */
static char *description(const pb_err *e)
{
    g_autofree char *hint = e->hint ? g_strdelimit(g_strdup(e->hint), "\n", ' ') : NULL;

    return g_strconcat(e->text ? pb_err_cause(e) : "failed", hint ? "; " : NULL, hint, NULL);
}

/* The envelope; what is wrong with it goes to `e`. */
static int envelope(const struct pb_json *j, const char **name, const struct pb_json **args,
                    pb_err *e)
{
    for (guint i = 0; i < j->items->len; i++) {
        const struct pb_json *m = j->items->pdata[i];
        if (!strcmp(m->key, "execute")) {
            if (m->type != PB_JSON_STRING)
                return pb_err_set(e, PB_EINVAL, "QMP input member 'execute' must be a string");
            *name = m->text;
        } else if (!strcmp(m->key, "arguments")) {
            if (m->type != PB_JSON_OBJECT)
                return pb_err_set(e, PB_EINVAL, "QMP input member 'arguments' must be an object");
            *args = m;
        } else if (strcmp(m->key, "id")) {
            return pb_err_set(e, PB_EINVAL, "QMP input member '%s' is unexpected", m->key);
        }
    }
    return *name ? PB_OK : pb_err_set(e, PB_EINVAL, "QMP input lacks member 'execute'");
}

/* The device's own command of that name, or NULL. */
static const struct pb_query *of_device(struct pb_qmp *q, const char *name, void **self)
{
    static const char query[] = "query-";
    const struct pb_query *t = NULL;

    if (!g_str_has_prefix(name, query))
        return NULL;
    for (guint i = 0; (t = pb_qmp_device_query(q->m, i, self)); i++)
        if (!strcmp(t->name, name + strlen(query)))
            break;
    return t;
}

static int ask_device(struct pb_qmp *q, const struct pb_query *t, void *self)
{
    gboolean ran = pb_mon_pause(q->mon);
    uint32_t n = t->json(self, NULL, 0) + 1;
    g_autofree char *buf = g_malloc0(n);

    t->json(self, buf, n);
    pb_mon_resume(q->mon, ran);
    struct pb_json *j = pb_json_parse(buf, q->e); /* a plugin's text is not the protocol's */
    if (!j)
        return PB_EINVAL;
    pb_write_json(q->w, PB_QMP_RETURN, j);
    pb_json_free(j);
    return PB_OK;
}

/* May a command of that name be run now? */
static int check_turn(struct pb_qmp *q, const char *name)
{
    gboolean greeting = !strcmp(name, "qmp_capabilities");

    if (q->negotiated != greeting)
        return PB_OK;
    q->cls = "CommandNotFound";
    return greeting ? pb_err_set(q->e, PB_EINVAL, "Capabilities negotiation is already complete, "
                                 "command ignored")
                    : pb_err_set(q->e, PB_EINVAL, "Expecting capabilities negotiation with "
                                 "'qmp_capabilities'");
}

static int run(struct pb_qmp *q, const struct pb_json *j)
{
    const struct pb_qmp_command *c = pb_qmp_commands;
    const char *name = NULL;
    void *self;

    if (j->type != PB_JSON_OBJECT)
        return pb_err_set(q->e, PB_EINVAL, "QMP input must be a JSON object");
    if (envelope(j, &name, &q->args, q->e) < 0 || check_turn(q, name) < 0)
        return PB_EINVAL;
    while (c->name && strcmp(c->name, name))
        c++;
    const struct pb_query *t = c->name ? NULL : of_device(q, name, &self);
    if (!c->name && !t) {
        q->cls = "CommandNotFound";
        return pb_err_set(q->e, PB_ENOENT, "The command %s has not been found", name);
    }
    if (pb_qmp_check(t ? "" : c->args, q->args, q->e) < 0)
        return PB_EINVAL;
    int r = t ? ask_device(q, t, self) : c->run(q);
    if (r < 0)
        pb_err_set(q->e, r, "'%s' failed", name);
    return r;
}

void pb_qmp_dispatch(struct pb_qmp *q, const char *text, struct pb_writer *w)
{
    struct pb_json *j = pb_json_parse_lax(text, q->e);

    pb_write_open(w, NULL, '{');
    gsize start = w->text->len;
    q->w = w;
    if (!j) {
        const char *what = q->e->text + (g_str_has_prefix(q->e->text, "JSON: ") ? 6 : 0);
        g_autofree char *desc = g_strdup_printf("JSON parse error, %s", what);
        write_error(w, NULL, desc);
    } else if (run(q, j) < 0) {
        g_autofree char *desc = description(q->e);
        g_string_truncate(w->text, start);
        *w = (struct pb_writer){.text = w->text, .flat = w->flat, .depth = 1};
        write_error(w, q->cls, desc);
    } else if (w->text->len == start) {
        pb_write_open(w, PB_QMP_RETURN, '{');
        pb_write_close(w, '}');
    }
    const struct pb_json *id = j && j->type == PB_JSON_OBJECT ? pb_json_get(j, "id") : NULL;
    if (id)
        pb_write_json(w, "id", id);
    pb_write_close(w, '}');
    pb_json_free(j);
}

int pb_qmp_capabilities(struct pb_qmp *q)
{
    const struct pb_json *v = pb_json_get(q->args, "enable");

    if (v && v->items->len) { /* 'oob' is known, but no command runs out of its turn here */
        const struct pb_json *first = v->items->pdata[0];
        return pb_err_set(q->e, PB_EINVAL, "Capability '%s' is not available", first->text);
    }
    q->negotiated = TRUE;
    return PB_OK;
}
