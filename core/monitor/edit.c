/* SPDX-License-Identifier: MIT */
/* edit.c - a small line editor for ECMA-48 terminals: it needs "\b", "\033[K" and nothing
 * else of them. Keys: arrows, Home, End, Del, C-a C-e C-b C-f C-d C-h C-k C-u C-w C-l C-p
 * C-n C-c, Tab.
 */
#include "edit.h"

#include <string.h>

#define MAX_LINE 1024u
#define MAX_HISTORY 64u

void pb_edit_init(struct pb_edit *x, void (*print)(void *, const char *),
                  void (*line)(void *, const char *), char **(*complete)(void *, const char *),
                  void *user)
{
    *x = (struct pb_edit){.print = print, .line = line, .complete = complete, .user = user,
                          .buf = g_string_new(NULL),
                          .history = g_ptr_array_new_with_free_func(g_free)};
}

void pb_edit_fini(struct pb_edit *x)
{
    g_string_free(x->buf, TRUE);
    g_ptr_array_unref(x->history);
}

const char *pb_edit_prompt(void)
{
    const char *p = g_getenv("PLUGBOARD_PROMPT");

    return p ? p : "(plugboard) ";
}

static void back(struct pb_edit *x, gsize n)
{
    while (n--)
        x->print(x->user, "\b");
}

/* Show the line from `from` on again, and put the cursor where it is. */
static void redraw(struct pb_edit *x, gsize from)
{
    x->print(x->user, x->buf->str + from);
    x->print(x->user, "\033[K");
    back(x, x->buf->len - x->at);
}

static void erase(struct pb_edit *x, gsize from, gsize to)
{
    if (from >= to)
        return;
    if (x->at > from)
        back(x, x->at - from);
    g_string_erase(x->buf, (gssize)from, (gssize)(to - from));
    x->at = from;
    redraw(x, from);
}

static void insert(struct pb_edit *x, const char *text)
{
    gsize n = strlen(text), from = x->at;

    if (x->buf->len + n > MAX_LINE)
        return;
    g_string_insert(x->buf, (gssize)x->at, text);
    x->at += n;
    redraw(x, from);
}

static void show(struct pb_edit *x, guint i)
{
    const char *text = i < x->history->len ? x->history->pdata[i] : "";

    back(x, x->at);
    g_string_assign(x->buf, text);
    x->at = x->buf->len;
    x->shown = i;
    redraw(x, 0);
}

static void move(struct pb_edit *x, gsize to)
{
    if (to < x->at) {
        back(x, x->at - to);
    } else if (to > x->at) {
        g_autofree char *part = g_strndup(x->buf->str + x->at, to - x->at);
        x->print(x->user, part);
    }
    x->at = to;
}

static void enter(struct pb_edit *x)
{
    g_autofree char *line = g_strdup(x->buf->str);
    const char *last = x->history->len ? x->history->pdata[x->history->len - 1] : "";

    x->print(x->user, "\n");
    if (*line && strcmp(line, last)) {
        g_ptr_array_add(x->history, g_strdup(line));
        if (x->history->len > MAX_HISTORY)
            g_ptr_array_remove_index(x->history, 0);
    }
    x->shown = x->history->len;
    g_string_truncate(x->buf, 0);
    x->at = 0;
    x->line(x->user, line);
    x->print(x->user, pb_edit_prompt());
}

static gsize common(char **v)
{
    gsize n = strlen(v[0]);

    for (guint i = 1; v[i]; i++)
        while (strncmp(v[0], v[i], n))
            n--;
    return n;
}

static void complete(struct pb_edit *x)
{
    g_autofree char *text = g_strndup(x->buf->str, x->at);
    g_auto(GStrv) v = x->complete(x->user, text);
    const char *space = strrchr(text, ' ');
    gsize have = strlen(space ? space + 1 : text);

    if (!v || !v[0])
        return;
    gsize n = common(v);
    if (n > have) {
        g_autofree char *more = g_strndup(v[0] + have, n - have);
        insert(x, more);
    }
    if (!v[1]) {
        insert(x, " ");
    } else if (n <= have) {
        g_autofree char *all = g_strjoinv(" ", v);
        x->print(x->user, "\n");
        x->print(x->user, all);
        x->print(x->user, "\n");
        x->print(x->user, pb_edit_prompt());
        x->print(x->user, x->buf->str);
        back(x, x->buf->len - x->at);
    }
}

static void escape(struct pb_edit *x, unsigned char c)
{
    if (x->escape == 1) {
        x->escape = c == '[' || c == 'O' ? 2 : 0;
        x->param = 0;
        return;
    }
    if (g_ascii_isdigit(c) || c == ';') {
        x->param = (char)c;
        return;
    }
    x->escape = 0;
    if (c == 'A' && x->shown > 0)
        show(x, x->shown - 1);
    else if (c == 'B' && x->shown < x->history->len)
        show(x, x->shown + 1);
    else if (c == 'C' && x->at < x->buf->len)
        move(x, x->at + 1);
    else if (c == 'D' && x->at > 0)
        move(x, x->at - 1);
    else if (c == 'H' || (c == '~' && (x->param == '1' || x->param == '7')))
        move(x, 0);
    else if (c == 'F' || (c == '~' && (x->param == '4' || x->param == '8')))
        move(x, x->buf->len);
    else if (c == '~' && x->param == '3' && x->at < x->buf->len)
        erase(x, x->at, x->at + 1);
}

static gsize word_start(const struct pb_edit *x)
{
    gsize i = x->at;

    while (i && x->buf->str[i - 1] == ' ')
        i--;
    while (i && x->buf->str[i - 1] != ' ')
        i--;
    return i;
}

#define CTRL(c) ((c) & 31)

static void control(struct pb_edit *x, unsigned char c)
{
    switch (c) {
    case CTRL('A'): move(x, 0); break;
    case CTRL('E'): move(x, x->buf->len); break;
    case CTRL('B'): move(x, x->at ? x->at - 1 : 0); break;
    case CTRL('F'): move(x, MIN(x->at + 1, x->buf->len)); break;
    case CTRL('D'):
        if (x->at < x->buf->len)
            erase(x, x->at, x->at + 1);
        break;
    case CTRL('H'):
    case 127:
        if (x->at)
            erase(x, x->at - 1, x->at);
        break;
    case CTRL('K'): erase(x, x->at, x->buf->len); break;
    case CTRL('U'): erase(x, 0, x->at); break;
    case CTRL('W'): erase(x, word_start(x), x->at); break;
    case CTRL('P'):
        if (x->shown)
            show(x, x->shown - 1);
        break;
    case CTRL('N'):
        if (x->shown < x->history->len)
            show(x, x->shown + 1);
        break;
    case CTRL('C'):
        x->print(x->user, "\n");
        g_string_truncate(x->buf, 0);
        x->at = 0;
        x->print(x->user, pb_edit_prompt());
        break;
    case CTRL('L'):
        x->print(x->user, "\033[H\033[2J");
        x->print(x->user, pb_edit_prompt());
        x->print(x->user, x->buf->str);
        back(x, x->buf->len - x->at);
        break;
    case '\t': complete(x); break;
    default: break;
    }
}

void pb_edit_byte(struct pb_edit *x, unsigned char c)
{
    char text[2] = {(char)c, '\0'};

    if (x->escape)
        escape(x, c);
    else if (c == 27)
        x->escape = 1;
    else if (c == '\r' || c == '\n')
        enter(x);
    else if (c < ' ' || c == 127)
        control(x, c);
    else
        insert(x, text);
}
