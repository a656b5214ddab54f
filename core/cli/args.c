/* SPDX-License-Identifier: MIT */
/* args.c - parser of sub-options: key=value pairs between commas, or a JSON object. */
#include "args.h"

#include "../manifest/value.h"

#include <string.h>

static void arg_free(gpointer p)
{
    struct pb_arg *a = p;

    g_free(a->key);
    g_free(a->value);
    g_free(a);
}

static struct pb_args *new_args(const char *opt, const char *text)
{
    struct pb_args *a = g_new0(struct pb_args, 1);
    g_autofree char *where = text ? g_strdup_printf("%s %s", opt, text) : g_strdup(opt);

    a->v = g_ptr_array_new_with_free_func(arg_free);
    a->place.option = g_intern_string(where);
    return a;
}

void pb_args_free(struct pb_args *a)
{
    if (!a)
        return;
    g_ptr_array_unref(a->v);
    g_free(a);
}

static struct pb_arg *add(struct pb_args *a, char *key, char *value, int col)
{
    struct pb_arg *x = g_new0(struct pb_arg, 1);

    x->key = key;
    x->value = value;
    x->col = col;
    g_ptr_array_add(a->v, x);
    return x;
}

void pb_args_add(struct pb_args *a, const char *key, const char *value)
{
    add(a, g_strdup(key), g_strdup(value), 0);
}

/* Up to the next single comma; ",," becomes ",". Moves *p past the comma. */
static char *field(const char **p)
{
    GString *s = g_string_new(NULL);
    const char *q = *p;

    for (; *q; q++) {
        if (*q == ',') {
            if (q[1] != ',')
                break;
            q++;
        }
        g_string_append_c(s, *q);
    }
    *p = *q ? q + 1 : q;
    return g_string_free(s, FALSE);
}

static int flat(struct pb_args *a, const char *text, const char *implied, pb_err *e)
{
    const char *p = text;

    for (gboolean first = TRUE; *p || first; first = FALSE) {
        int col = (int)(p - text) + 1;
        g_autofree char *f = field(&p);
        char *eq = strchr(f, '=');
        if (!eq && first && implied) {
            add(a, g_strdup(implied), g_steal_pointer(&f), col);
            continue;
        }
        if (!*f || eq == f) {
            if (!*f && !*p && !first)
                break; /* a trailing comma */
            pb_err_set(e, PB_EINVAL, "Invalid parameter '%s'", f);
            pb_err_hint(e, "write NAME=VALUE between commas; ',,' is a comma in a value");
            a->place.col = col;
            pb_err_at(e, &a->place);
            return PB_EINVAL;
        }
        if (eq) {
            add(a, g_strndup(f, (gsize)(eq - f)), g_strdup(eq + 1), col);
        } else if (!strcmp(f, "help") || !strcmp(f, "?")) {
            add(a, g_strdup("help"), g_strdup("on"), col)->bare = TRUE;
        } else {
            add(a, g_strdup(f), g_strdup("on"), col)->bare = TRUE;
        }
    }
    return PB_OK;
}

static void flatten(struct pb_args *a, const struct pb_json *j, const char *prefix)
{
    for (guint i = 0; i < j->items->len; i++) {
        const struct pb_json *m = j->items->pdata[i];
        g_autofree char *index = m->key ? NULL : g_strdup_printf("%u", i);
        g_autofree char *key =
            g_strconcat(prefix, *prefix ? "." : "", m->key ? m->key : index, NULL);
        if (m->items)
            flatten(a, m, key);
        else if (m->type == PB_JSON_BOOL)
            add(a, g_steal_pointer(&key), g_strdup(*m->text == 't' ? "on" : "off"), m->col);
        else if (m->type != PB_JSON_NULL)
            add(a, g_steal_pointer(&key), g_strdup(m->text), m->col);
    }
}

struct pb_args *pb_args_parse(const char *opt, const char *text, const char *implied, pb_err *e)
{
    struct pb_args *a = new_args(opt, text);
    int r = PB_OK;

    if (*text == '{') {
        struct pb_json *j = pb_json_parse(text, e);
        a->json = TRUE;
        if (j)
            flatten(a, j, "");
        else
            pb_err_at(e, &a->place);
        r = j ? PB_OK : PB_EINVAL;
        pb_json_free(j);
    } else {
        r = flat(a, text, implied, e);
    }
    if (r == PB_OK)
        return a;
    pb_args_free(a);
    return NULL;
}

struct pb_args *pb_args_from_json(const char *opt, const struct pb_json *j)
{
    struct pb_args *a = new_args(opt, NULL);

    a->json = TRUE;
    if (j)
        flatten(a, j, "");
    return a;
}

void pb_args_move(struct pb_args *to, struct pb_args *from)
{
    g_ptr_array_extend_and_steal(to->v, g_steal_pointer(&from->v));
    g_free(from);
}

const char *pb_args_get(struct pb_args *a, const char *key)
{
    const char *v = NULL;

    for (guint i = 0; i < a->v->len; i++) {
        struct pb_arg *x = a->v->pdata[i];
        if (strcmp(x->key, key))
            continue;
        v = x->value;
        x->used = TRUE;
        a->place.col = x->col;
    }
    return v;
}

const char *pb_args_next(struct pb_args *a, const char *key, guint *i)
{
    while (*i < a->v->len) {
        struct pb_arg *x = a->v->pdata[(*i)++];
        if (!strcmp(x->key, key)) {
            x->used = TRUE;
            return x->value;
        }
    }
    return NULL;
}

int pb_args_bool(struct pb_args *a, const char *key, gboolean *v, pb_err *e)
{
    const char *text = pb_args_get(a, key);

    if (!text || pb_value_bool(text, v))
        return PB_OK;
    pb_err_set(e, PB_EINVAL, "Parameter '%s' expects 'on' or 'off'", key);
    pb_err_hint(e, "write %s=on or %s=off", key, key);
    pb_err_at(e, &a->place);
    return PB_EINVAL;
}

int pb_args_uint(struct pb_args *a, const char *key, guint64 *v, pb_err *e)
{
    const char *text = pb_args_get(a, key);
    uint64_t n;

    if (!text)
        return PB_OK;
    if (pb_value_size(text, &n) && !g_ascii_isalpha(text[strlen(text) - 1])) {
        *v = n;
        return PB_OK;
    }
    if (g_str_has_prefix(text, "0x") && pb_value_size(text, &n)) {
        *v = n;
        return PB_OK;
    }
    pb_err_set(e, PB_EINVAL, "Parameter '%s' expects a number", key);
    pb_err_hint(e, "such as %s=4 or %s=0x10", key, key);
    pb_err_at(e, &a->place);
    return PB_EINVAL;
}

gboolean pb_args_wants_help(const struct pb_args *a)
{
    for (guint i = 0; i < a->v->len && !a->json; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if ((x->bare && !strcmp(x->key, "help")) ||
            (!i && (!strcmp(x->value, "help") || !strcmp(x->value, "?"))))
            return TRUE;
    }
    return FALSE;
}

int pb_args_done(struct pb_args *a, const char *const *known, pb_err *e)
{
    for (guint i = 0; i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        if (x->used)
            continue;
        const char *near = known ? pb_nearest(x->key, known) : NULL;
        pb_err_set(e, PB_EINVAL, "Invalid parameter '%s'", x->key);
        g_autofree char *all = known ? g_strjoinv(", ", (char **)known) : NULL;
        if (near)
            pb_err_hint(e, "did you mean '%s'?", near);
        else if (all)
            pb_err_hint(e, "it takes %s", all);
        a->place.col = x->col;
        pb_err_at(e, &a->place);
        return PB_EINVAL;
    }
    return PB_OK;
}

struct pb_args *pb_args_split(struct pb_args *a, const char *prefix)
{
    struct pb_args *out = new_args(a->place.option, NULL);
    size_t n = strlen(prefix);

    for (guint i = 0; i < a->v->len; i++) {
        struct pb_arg *x = a->v->pdata[i];
        if (strncmp(x->key, prefix, n) || x->used)
            continue;
        x->used = TRUE;
        add(out, g_strdup(x->key + n), g_strdup(x->value), x->col)->bare = x->bare;
    }
    return out;
}
