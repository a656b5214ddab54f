/* SPDX-License-Identifier: MIT */
/* edit.h - editing of one line on a terminal: history, completion. */
#ifndef PB_CORE_EDIT_H
#define PB_CORE_EDIT_H

#include <glib.h>

struct pb_edit {
    void (*print)(void *user, const char *text);
    void (*line)(void *user, const char *line);      /* a line was entered */
    char **(*complete)(void *user, const char *text); /* g_strfreev */
    void *user;
    GString *buf;
    gsize at;           /* cursor */
    GPtrArray *history; /* char *, oldest first */
    guint shown;        /* history line on display; history->len: the new one */
    int escape;         /* state of an escape sequence */
    char param;
};

void pb_edit_init(struct pb_edit *x, void (*print)(void *, const char *),
                  void (*line)(void *, const char *), char **(*complete)(void *, const char *),
                  void *user);
void pb_edit_fini(struct pb_edit *x);
void pb_edit_byte(struct pb_edit *x, unsigned char c);
const char *pb_edit_prompt(void); /* "(plugboard) ", or PLUGBOARD_PROMPT */

#endif
