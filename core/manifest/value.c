/* SPDX-License-Identifier: MIT */
/* value.c - the little arithmetic that manifests have (machines/doc/manifest.md, Values). */
#include "value.h"

#include <string.h>

/* Digits of a C number, '_' allowed between them; *end after the last. */
static gboolean digits(const char *p, const char **end, uint64_t *v)
{
    int base = 10, any = 0;

    *v = 0;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    } else if (p[0] == '0' && g_ascii_isdigit(p[1])) {
        return FALSE; /* octal to some, decimal to others */
    }
    for (;; p++) {
        if (*p == '_' && any && g_ascii_isxdigit(p[1]))
            continue;
        int d = base == 16 ? g_ascii_xdigit_value(*p) : g_ascii_digit_value(*p);
        if (d < 0)
            break;
        if (*v > (UINT64_MAX - (uint64_t)d) / (uint64_t)base)
            return FALSE;
        *v = *v * (uint64_t)base + (uint64_t)d;
        any = 1;
    }
    *end = p;
    return any != 0;
}

static gboolean scaled(const char *text, uint64_t kilo, const char *unit, uint64_t *v)
{
    static const char letters[] = "KMGTPE";
    const char *p;

    if (!digits(text, &p, v))
        return FALSE;
    if (*p) {
        const char *l = strchr(letters, g_ascii_toupper(*p));
        if (l) {
            for (const char *k = letters; k <= l; k++) {
                if (*v > UINT64_MAX / kilo)
                    return FALSE;
                *v *= kilo;
            }
            p++;
        }
        if (!g_ascii_strcasecmp(p, unit) || (kilo == 1024 && !strcmp(p, "B")))
            p += strlen(p);
    }
    return !*p;
}

gboolean pb_value_size(const char *text, uint64_t *v)
{
    return scaled(text, 1024, "iB", v);
}

gboolean pb_value_freq(const char *text, uint64_t *v)
{
    return scaled(text, 1000, "Hz", v);
}

gboolean pb_value_bool(const char *text, gboolean *v)
{
    static const char *const yes[] = {"on", "yes", "true"}, *const no[] = {"off", "no", "false"};

    for (int i = 0; i < 3; i++) {
        if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
            *v = !strcmp(text, yes[i]);
            return TRUE;
        }
    }
    return FALSE;
}

int pb_value_expr(const char *text, const struct pb_scope *s, uint64_t *v, pb_err *e)
{
    g_auto(GStrv) part = g_strsplit(text, "+", 2);
    uint64_t step = 1, off;

    if (!part[0] || !pb_value_size(part[0], v))
        return pb_err_set(e, PB_EINVAL, "'%s' is no number", part[0] ? part[0] : "");
    if (!part[1])
        return PB_OK;
    const char *p = part[1];
    if (*p != 'n' || (p[1] && (p[1] != '*' || !pb_value_size(p + 2, &step))))
        return pb_err_set(e, PB_EINVAL, "'%s': only BASE+n and BASE+n*STEP can be computed", text);
    if (!s->counted)
        return pb_err_set(e, PB_EINVAL, "'%s': 'n' has a meaning only with count =", text);
    off = step * s->n;
    if ((s->n && off / s->n != step) || *v > UINT64_MAX - off)
        return pb_err_set(e, PB_EINVAL, "'%s' does not fit 64 bits", text);
    *v += off;
    return PB_OK;
}

static gboolean name_char(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '_';
}

static const char **known(const struct pb_scope *s)
{
    return (const char **)(void *)g_hash_table_get_keys_as_array(s->vars, NULL);
}

static int append(GString *out, const char *name, const struct pb_scope *s, pb_err *e)
{
    const char *v = g_hash_table_lookup(s->vars, name);

    if (s->counted && !strcmp(name, "n")) {
        g_string_append_printf(out, "%u", s->n);
        return PB_OK;
    }
    if (!v) {
        g_autofree const char **names = known(s);
        const char *near = pb_nearest(name, names);
        return pb_err_set(e, PB_ENOENT, "'$%s' is no option of this machine%s%s%s", name,
                          near ? "; did you mean '$" : "", near ? near : "", near ? "'?" : "");
    }
    if (s->seen)
        g_hash_table_add(s->seen, g_strdup(name));
    g_string_append(out, v);
    return PB_OK;
}

char *pb_value_expand(const char *text, const struct pb_scope *s, pb_err *e)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p;) {
        if (*p != '$') {
            g_string_append_c(out, *p++);
            continue;
        }
        if (p[1] == '$') {
            g_string_append_c(out, '$');
            p += 2;
            continue;
        }
        gboolean brace = p[1] == '{';
        const char *b = p + 1 + brace, *q = b;
        while (name_char(*q))
            q++;
        if (q == b || (brace && *q != '}')) {
            pb_err_set(e, PB_EINVAL, "'$' begins a name: '$smp', '${smp}', or '$$' for itself");
            g_string_free(out, TRUE);
            return NULL;
        }
        g_autofree char *name = g_strndup(b, (gsize)(q - b));
        if (append(out, name, s, e) < 0) {
            g_string_free(out, TRUE);
            return NULL;
        }
        p = q + brace;
    }
    return g_string_free(out, FALSE);
}

char **pb_value_words(const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " \t", -1);
    GPtrArray *out = g_ptr_array_new();

    for (char **p = parts; *p; p++)
        if (**p)
            g_ptr_array_add(out, g_strdup(*p));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}

int pb_value_choice(const char *const *choices, const char *text)
{
    gboolean want, b;

    for (int i = 0; choices[i]; i++)
        if (!strcmp(choices[i], text))
            return i;
    for (int i = 0; pb_value_bool(text, &want) && choices[i]; i++)
        if (pb_value_bool(choices[i], &b) && b == want)
            return i;
    return -1;
}
