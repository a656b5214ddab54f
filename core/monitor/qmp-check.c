/* SPDX-License-Identifier: MIT */
/* qmp-check.c - are arguments what the table says? The words for what they are not are QEMU's. */
#include "qmp.h"

#include <string.h>

const struct pb_qmp_type *pb_qmp_type_find(const char *name)
{
    for (const struct pb_qmp_type *t = pb_qmp_types; t->name; t++)
        if (!strcmp(t->name, name))
            return t;
    return NULL;
}

gboolean pb_qmp_member_next(const char **p, struct pb_qmp_member *x)
{
    const char *word = *p + strspn(*p, " ");
    size_t n = strcspn(word, " "), name = strcspn(word, ":? ");

    if (!n)
        return FALSE;
    *x = (struct pb_qmp_member){.name = g_strndup(word, name), .optional = word[name] == '?'};
    name += x->optional;
    if (word[name] == ':')
        x->type = g_strndup(word + name + 1, n - name - 1);
    *p = word + n;
    return TRUE;
}

void pb_qmp_member_clear(struct pb_qmp_member *x)
{
    g_free(x->name);
    g_free(x->type);
}

static gboolean whole_number(const char *text)
{
    gint64 v;

    return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &v, NULL);
}

static int members(const char *spec, const struct pb_json *obj, const char *path, pb_err *e);

/* One value of `type`, called `path`. */
static int value(const char *type, const struct pb_json *j, const char *path, pb_err *e)
{
    const struct pb_qmp_type *t = *type == '[' ? NULL : pb_qmp_type_find(type);
    const char *want = NULL;

    if (!strcmp(type, "str") || (t && t->choice))
        want = j->type == PB_JSON_STRING ? NULL : "string";
    else if (!strcmp(type, "int"))
        want = j->type == PB_JSON_NUMBER && whole_number(j->text) ? NULL : "integer";
    else if (!strcmp(type, "number"))
        want = j->type == PB_JSON_NUMBER ? NULL : "number";
    else if (!strcmp(type, "bool"))
        want = j->type == PB_JSON_BOOL ? NULL : "boolean";
    else if (*type == '[')
        want = j->type == PB_JSON_ARRAY ? NULL : "array";
    else if (t)
        want = j->type == PB_JSON_OBJECT ? NULL : "object";
    if (want)
        return pb_err_set(e, PB_EINVAL, "Invalid parameter type for '%s', expected: %s", path,
                          want);
    if (t && t->choice) {
        g_auto(GStrv) words = g_strsplit(t->members, " ", -1);
        return g_strv_contains((const char *const *)words, j->text)
                   ? PB_OK : pb_err_set(e, PB_EINVAL, "Parameter '%s' does not accept value '%s'",
                                        path, j->text);
    }
    if (t)
        return members(t->members, j, path, e);
    if (*type != '[')
        return PB_OK;
    g_autofree char *of = g_strndup(type + 1, strlen(type) - 2);
    for (guint i = 0; i < j->items->len; i++) {
        g_autofree char *at = g_strdup_printf("%s[%u]", path, i);
        if (value(of, j->items->pdata[i], at, e) < 0)
            return PB_EINVAL;
    }
    return PB_OK;
}

/* Has `spec` a member of that name, or room for any? */
static gboolean has_member(const char *spec, const char *name)
{
    struct pb_qmp_member x;
    gboolean found = FALSE;

    while (!found && pb_qmp_member_next(&spec, &x)) {
        found = !strcmp(x.name, "...") || !strcmp(x.name, name);
        pb_qmp_member_clear(&x);
    }
    return found;
}

static int members(const char *spec, const struct pb_json *obj, const char *path, pb_err *e)
{
    const char *dot = *path ? "." : "", *p = spec;
    struct pb_qmp_member x;
    int r = PB_OK;

    while (r == PB_OK && pb_qmp_member_next(&p, &x)) {
        const struct pb_json *j = x.type ? pb_json_get(obj, x.name) : NULL;
        g_autofree char *at = g_strconcat(path, dot, x.name, NULL);
        if (j)
            r = value(x.type, j, at, e);
        else if (x.type && !x.optional)
            r = pb_err_set(e, PB_EINVAL, "Parameter '%s' is missing", at);
        pb_qmp_member_clear(&x);
    }
    for (guint i = 0; r == PB_OK && obj && i < obj->items->len; i++) {
        const struct pb_json *j = obj->items->pdata[i];
        if (!has_member(spec, j->key))
            r = pb_err_set(e, PB_EINVAL, "Parameter '%s%s%s' is unexpected", path, dot, j->key);
    }
    return r;
}

int pb_qmp_check(const char *spec, const struct pb_json *obj, pb_err *e)
{
    return members(spec, obj, "", e);
}

const char *pb_qmp_text(const struct pb_qmp *q, const char *key)
{
    const struct pb_json *j = pb_json_get(q->args, key);

    return j ? j->text : NULL;
}

gint64 pb_qmp_int(const struct pb_qmp *q, const char *key, gint64 dflt)
{
    const char *text = pb_qmp_text(q, key);

    return text ? g_ascii_strtoll(text, NULL, 10) : dflt;
}

gboolean pb_qmp_bool(const struct pb_qmp *q, const char *key, gboolean dflt)
{
    const char *text = pb_qmp_text(q, key);

    return text ? *text == 't' : dflt;
}
