/* SPDX-License-Identifier: MIT */
/* writer.c - see writer.h. */
#include "writer.h"

#include "../util/json.h"

#include <inttypes.h>

static void begin(struct pb_writer *w, const char *key)
{
    fprintf(w->to, "%s%s%*s", w->any ? "," : "", w->depth ? "\n" : "", 2 * w->depth, "");
    if (key) {
        g_autoptr(GString) s = g_string_new(NULL);
        pb_json_quote(s, key);
        fprintf(w->to, "%s: ", s->str);
    }
    w->any = TRUE;
}

void pb_write_open(struct pb_writer *w, const char *key, char bracket)
{
    begin(w, key);
    fputc(bracket, w->to);
    w->depth++;
    w->any = FALSE;
}

void pb_write_close(struct pb_writer *w, char bracket)
{
    w->depth--;
    if (w->any)
        fprintf(w->to, "\n%*s", 2 * w->depth, "");
    fputc(bracket, w->to);
    w->any = TRUE;
    if (!w->depth)
        fputc('\n', w->to);
}

void pb_write_text(struct pb_writer *w, const char *key, const char *text)
{
    g_autoptr(GString) s = g_string_new(NULL);

    if (!text)
        return;
    begin(w, key);
    pb_json_quote(s, text);
    fputs(s->str, w->to);
}

void pb_write_uint(struct pb_writer *w, const char *key, uint64_t v)
{
    begin(w, key);
    fprintf(w->to, "%" PRIu64, v);
}

void pb_write_bool(struct pb_writer *w, const char *key, gboolean v)
{
    begin(w, key);
    fputs(v ? "true" : "false", w->to);
}

void pb_write_list(struct pb_writer *w, const char *key, const char *const *v)
{
    pb_write_open(w, key, '[');
    for (; v && *v; v++)
        pb_write_text(w, NULL, *v);
    pb_write_close(w, ']');
}
