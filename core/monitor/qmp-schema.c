/* SPDX-License-Identifier: MIT */
/* qmp-schema.c - query-commands, query-qmp-schema: the tables, told to a client. QEMU's "How to
 * write and document a QAPI schema", "Client JSON Protocol introspection". Types keep their names
 * here; there they are numbers, and no client may count on either.
 */
#include "qmp.h"

#include <plugboard/query.h>

#include <string.h>

const struct pb_query *pb_qmp_device_query(struct pb_machine *m, guint i, void **self)
{
    for (guint k = 0; k < m->devs->len; k++) {
        pb_dev *d = m->devs->pdata[k];
        const struct pb_query *t = d->realized ? pb_dev_interface(d, PB_QUERY, self) : NULL;
        if (PB_HAS(struct pb_query, t, json) && i-- == 0)
            return t;
    }
    return NULL;
}

static const struct { const char *name, *json; } builtin[] = {
    {"str", "string"}, {"int", "int"}, {"number", "number"}, {"bool", "boolean"},
    {"any", "value"}};

int pb_qmp_query_commands(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (const struct pb_qmp_command *c = pb_qmp_commands; c->name; c++) {
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", c->name);
        pb_write_close(q->w, '}');
    }
    const struct pb_query *t;
    for (guint i = 0; (t = pb_qmp_device_query(q->m, i, NULL)); i++) {
        g_autofree char *name = g_strconcat("query-", t->name, NULL);
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", name);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

static void begin(struct pb_writer *w, const char *name, const char *meta)
{
    pb_write_open(w, NULL, '{');
    pb_write_text(w, "name", name);
    pb_write_text(w, "meta-type", meta);
}

/* A list type is told where it is first used. */
static void list_type(struct pb_writer *w, GHashTable *told, const char *type)
{
    if (*type != '[' || !g_hash_table_add(told, g_strdup(type)))
        return;
    g_autofree char *of = g_strndup(type + 1, strlen(type) - 2);
    list_type(w, told, of);
    begin(w, type, "array");
    pb_write_text(w, "element-type", of);
    pb_write_close(w, '}');
}

static void object(struct pb_writer *w, GHashTable *told, const char *name, const char *members)
{
    struct pb_qmp_member x;

    for (const char *p = members; pb_qmp_member_next(&p, &x); pb_qmp_member_clear(&x))
        if (x.type)
            list_type(w, told, x.type);
    begin(w, name, "object");
    pb_write_open(w, "members", '[');
    for (const char *p = members; pb_qmp_member_next(&p, &x); pb_qmp_member_clear(&x)) {
        if (!x.type)
            continue; /* members that no table has */
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "name", x.name);
        pb_write_text(w, "type", x.type);
        if (x.optional)
            pb_write_null(w, "default");
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    pb_write_close(w, '}');
}

static void choice(struct pb_writer *w, const struct pb_qmp_type *t)
{
    g_auto(GStrv) words = g_strsplit(t->members, " ", -1);

    begin(w, t->name, "enum");
    pb_write_open(w, "members", '[');
    for (char **v = words; *v; v++) {
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "name", *v);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    pb_write_list(w, "values", (const char *const *)words);
    pb_write_close(w, '}');
}

/* Members of a command or event have a type of their own. */
static char *members_of(struct pb_writer *w, GHashTable *told, const char *name,
                        const char *members)
{
    char *type = g_strconcat(name, "-arg", NULL);

    object(w, told, type, members);
    return type;
}

static void command(struct pb_writer *w, const char *name, const char *args, const char *returns)
{
    begin(w, name, "command");
    pb_write_text(w, "arg-type", args);
    pb_write_text(w, "ret-type", returns);
    pb_write_bool(w, "allow-oob", FALSE);
    pb_write_close(w, '}');
}

/* Their answers no table knows. */
static void device_commands(struct pb_qmp *q)
{
    const struct pb_query *t;

    for (guint i = 0; (t = pb_qmp_device_query(q->m, i, NULL)); i++) {
        g_autofree char *name = g_strconcat("query-", t->name, NULL);
        command(q->w, name, "none", "any");
    }
}

int pb_qmp_query_schema(struct pb_qmp *q)
{
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct pb_writer *w = q->w;

    pb_write_open(w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < G_N_ELEMENTS(builtin); i++) {
        begin(w, builtin[i].name, "builtin");
        pb_write_text(w, "json-type", builtin[i].json);
        pb_write_close(w, '}');
    }
    object(w, told, "none", "");
    for (const struct pb_qmp_type *t = pb_qmp_types; t->name; t++) {
        if (t->choice)
            choice(w, t);
        else
            object(w, told, t->name, t->members);
    }
    for (const struct pb_qmp_command *c = pb_qmp_commands; c->name; c++) {
        g_autofree char *args = members_of(w, told, c->name, c->args);
        if (c->returns)
            list_type(w, told, c->returns);
        command(w, c->name, args, c->returns ? c->returns : "none");
    }
    device_commands(q);
    for (const struct pb_qmp_happening *h = pb_qmp_events; h->name; h++) {
        g_autofree char *args = members_of(w, told, h->name, h->members);
        begin(w, h->name, "event");
        pb_write_text(w, "arg-type", args);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    return PB_OK;
}
