/* SPDX-License-Identifier: MIT */
/* writer.c - see writer.h. */
#include "writer.h"

#include <inttypes.h>

static void put(struct pb_writer *w, const char *text)
{
    if (w->text)
        g_string_append(w->text, text);
    else
        fputs(text, w->to);
}

static void new_line(struct pb_writer *w)
{
    g_autofree char *text = g_strdup_printf("\n%*s", 2 * w->depth, "");

    put(w, text);
}

static void begin(struct pb_writer *w, const char *key)
{
    if (w->any)
        put(w, w->flat ? ", " : ",");
    if (w->depth && !w->flat)
        new_line(w);
    if (key) {
        g_autoptr(GString) s = g_string_new(NULL);
        pb_json_quote(s, key);
        put(w, s->str);
        put(w, ": ");
    }
    w->any = TRUE;
}

static void put_char(struct pb_writer *w, char c)
{
    char text[2] = {c, '\0'};

    put(w, text);
}

void pb_write_open(struct pb_writer *w, const char *key, char bracket)
{
    begin(w, key);
    put_char(w, bracket);
    w->depth++;
    w->any = FALSE;
}

void pb_write_close(struct pb_writer *w, char bracket)
{
    w->depth--;
    if (w->any && !w->flat)
        new_line(w);
    put_char(w, bracket);
    w->any = TRUE;
    if (!w->depth && !w->text)
        put(w, "\n");
}

void pb_write_text(struct pb_writer *w, const char *key, const char *text)
{
    g_autoptr(GString) s = g_string_new(NULL);

    if (!text)
        return;
    begin(w, key);
    if (g_utf8_validate(text, -1, NULL)) {
        pb_json_quote(s, text);
    } else { /* a file's name may be anything */
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        pb_json_quote(s, valid);
    }
    put(w, s->str);
}

void pb_write_uint(struct pb_writer *w, const char *key, uint64_t v)
{
    char text[24];

    begin(w, key);
    g_snprintf(text, sizeof text, "%" PRIu64, v);
    put(w, text);
}

void pb_write_int(struct pb_writer *w, const char *key, int64_t v)
{
    char text[24];

    begin(w, key);
    g_snprintf(text, sizeof text, "%" PRId64, v);
    put(w, text);
}

void pb_write_bool(struct pb_writer *w, const char *key, gboolean v)
{
    begin(w, key);
    put(w, v ? "true" : "false");
}

void pb_write_null(struct pb_writer *w, const char *key)
{
    begin(w, key);
    put(w, "null");
}

void pb_write_list(struct pb_writer *w, const char *key, const char *const *v)
{
    pb_write_open(w, key, '[');
    for (; v && *v; v++)
        pb_write_text(w, NULL, *v);
    pb_write_close(w, ']');
}

void pb_write_json(struct pb_writer *w, const char *key, const struct pb_json *j)
{
    g_autoptr(GString) s = g_string_new(NULL);

    begin(w, key);
    pb_json_print(s, j);
    put(w, s->str);
}
