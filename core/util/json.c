/* SPDX-License-Identifier: MIT */
/* json.c - JSON reader after RFC 8259: recursive descent, at most 32 deep. Numbers are kept
 * as they were written, so that 64-bit integers lose nothing.
 */
#include "json.h"

#include <string.h>

#define MAX_DEPTH 32

struct reader {
    const char *text, *p;
    gboolean lax;
    pb_err *e;
};

static struct pb_json *value(struct reader *r, int depth);

static void *bad(struct reader *r, const char *what)
{
    pb_err_set(r->e, PB_EINVAL, "JSON: %s at character %d", what, (int)(r->p - r->text) + 1);
    return NULL;
}

static void blanks(struct reader *r)
{
    while (*r->p && strchr(" \t\r\n", *r->p))
        r->p++;
}

static void item_free(gpointer p)
{
    pb_json_free(p);
}

static struct pb_json *new_value(const struct reader *r, enum pb_json_type type)
{
    struct pb_json *j = g_new0(struct pb_json, 1);

    j->type = type;
    j->col = (int)(r->p - r->text) + 1;
    if (type >= PB_JSON_ARRAY)
        j->items = g_ptr_array_new_with_free_func(item_free);
    return j;
}

void pb_json_free(struct pb_json *j)
{
    if (!j)
        return;
    g_free(j->key);
    g_free(j->text);
    if (j->items)
        g_ptr_array_unref(j->items);
    g_free(j);
}

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int d = g_ascii_xdigit_value(p[i]);
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* After "\u": one code point, surrogate pairs joined. */
static gboolean unicode(struct reader *r, GString *s)
{
    int c = hex4(r->p);

    if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
        return FALSE;
    r->p += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        int low = r->p[0] == '\\' && r->p[1] == 'u' ? hex4(r->p + 2) : -1;
        if (low < 0xdc00 || low >= 0xe000)
            return FALSE;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        r->p += 6;
    }
    g_string_append_unichar(s, (gunichar)c);
    return TRUE;
}

static char *string(struct reader *r)
{
    static const char from[] = "\"\\/bfnrt'", to[] = "\"\\/\b\f\n\r\t'";
    GString *s = g_string_new(NULL);
    gboolean ok = TRUE;
    char end = *r->p;

    for (r->p++; ok && *r->p != end; ) {
        unsigned char c = (unsigned char)*r->p;
        const char *esc;
        if (c < ' ')
            break;
        r->p++;
        if (c != '\\') {
            g_string_append_c(s, (char)c);
        } else if (*r->p == 'u') {
            r->p++;
            ok = unicode(r, s);
        } else if (*r->p && (esc = strchr(from, *r->p)) && (r->lax || *esc != '\'')) {
            g_string_append_c(s, to[esc - from]);
            r->p++;
        } else {
            break;
        }
    }
    if (!ok || *r->p != end) {
        g_string_free(s, TRUE);
        return bad(r, "a string that does not end or has a bad escape");
    }
    r->p++;
    return g_string_free(s, FALSE);
}

static gboolean number(struct reader *r)
{
    const char *p = r->p + (*r->p == '-');

    if (!g_ascii_isdigit(*p))
        return FALSE;
    if (*p == '0')
        p++;
    else
        p += strspn(p, "0123456789");
    if (*p == '.') {
        size_t n = strspn(++p, "0123456789");
        if (!n)
            return FALSE;
        p += n;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        size_t n = strspn(p, "0123456789");
        if (!n)
            return FALSE;
        p += n;
    }
    r->p = p;
    return TRUE;
}

static gboolean quote(const struct reader *r)
{
    return *r->p == '"' || (r->lax && *r->p == '\'');
}

static struct pb_json *scalar(struct reader *r)
{
    static const char *const words[] = {"null", "true", "false"};
    const char *start = r->p;
    struct pb_json *j;

    if (quote(r)) {
        j = new_value(r, PB_JSON_STRING);
        j->text = string(r);
        if (j->text)
            return j;
        pb_json_free(j);
        return NULL;
    }
    for (int i = 0; i < 3; i++)
        if (!strncmp(r->p, words[i], strlen(words[i]))) {
            j = new_value(r, i ? PB_JSON_BOOL : PB_JSON_NULL);
            j->text = g_strdup(words[i]);
            r->p += strlen(words[i]);
            return j;
        }
    j = new_value(r, PB_JSON_NUMBER);
    if (!number(r)) {
        pb_json_free(j);
        return bad(r, "expected a value");
    }
    j->text = g_strndup(start, (gsize)(r->p - start));
    return j;
}

static char *member_key(struct reader *r, const struct pb_json *in)
{
    if (!quote(r))
        return bad(r, "expected a \"key\"");
    char *key = string(r);
    if (!key)
        return NULL;
    if (pb_json_get(in, key)) {
        g_free(key);
        return bad(r, "a key that was given before");
    }
    blanks(r);
    if (*r->p != ':') {
        g_free(key);
        return bad(r, "expected ':'");
    }
    r->p++;
    return key;
}

static struct pb_json *collection(struct reader *r, int depth)
{
    gboolean object = *r->p == '{';
    struct pb_json *j = new_value(r, object ? PB_JSON_OBJECT : PB_JSON_ARRAY);
    char end = object ? '}' : ']';

    r->p++;
    blanks(r);
    if (*r->p == end) {
        r->p++;
        return j;
    }
    for (;;) {
        blanks(r);
        char *key = object ? member_key(r, j) : NULL;
        struct pb_json *v = object && !key ? NULL : value(r, depth + 1);
        if (!v) {
            g_free(key);
            break;
        }
        v->key = key;
        g_ptr_array_add(j->items, v);
        blanks(r);
        if (*r->p == end) {
            r->p++;
            return j;
        }
        if (*r->p != ',') {
            bad(r, object ? "expected ',' or '}'" : "expected ',' or ']'");
            break;
        }
        r->p++;
    }
    pb_json_free(j);
    return NULL;
}

static struct pb_json *value(struct reader *r, int depth)
{
    blanks(r);
    if (depth > MAX_DEPTH)
        return bad(r, "nested too deep");
    return *r->p == '{' || *r->p == '[' ? collection(r, depth) : scalar(r);
}

static struct pb_json *parse(const char *text, gboolean lax, pb_err *e)
{
    struct reader r = {.text = text, .p = text, .lax = lax, .e = e};
    struct pb_json *j;

    if (!g_utf8_validate(text, -1, NULL))
        return bad(&r, "not UTF-8 text");
    j = value(&r, 0);
    blanks(&r);
    if (j && *r.p) {
        pb_json_free(j);
        return bad(&r, "text after the end");
    }
    return j;
}

struct pb_json *pb_json_parse(const char *text, pb_err *e)
{
    return parse(text, FALSE, e);
}

struct pb_json *pb_json_parse_lax(const char *text, pb_err *e)
{
    return parse(text, TRUE, e);
}

const struct pb_json *pb_json_get(const struct pb_json *j, const char *key)
{
    for (guint i = 0; j && j->items && i < j->items->len; i++) {
        const struct pb_json *m = j->items->pdata[i];
        if (m->key && !strcmp(m->key, key))
            return m;
    }
    return NULL;
}

void pb_json_quote(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

void pb_json_print(GString *out, const struct pb_json *j)
{
    if (j->type == PB_JSON_STRING) {
        pb_json_quote(out, j->text);
    } else if (!j->items) {
        g_string_append(out, j->text);
    } else {
        g_string_append_c(out, j->type == PB_JSON_OBJECT ? '{' : '[');
        for (guint i = 0; i < j->items->len; i++) {
            const struct pb_json *m = j->items->pdata[i];
            if (i)
                g_string_append(out, ", ");
            if (m->key) {
                pb_json_quote(out, m->key);
                g_string_append(out, ": ");
            }
            pb_json_print(out, m);
        }
        g_string_append_c(out, j->type == PB_JSON_OBJECT ? '}' : ']');
    }
}
