/* SPDX-License-Identifier: MIT */
/* writer.h - JSON on a stream, indented; commas and quotes are its business. */
#ifndef PB_CORE_WRITER_H
#define PB_CORE_WRITER_H

#include <glib.h>
#include <stdint.h>
#include <stdio.h>

struct pb_writer {
    FILE *to;
    int depth;
    gboolean any; /* something precedes on this level */
};

/* `key` is NULL in an array. */
void pb_write_open(struct pb_writer *w, const char *key, char bracket); /* '{' or '[' */
void pb_write_close(struct pb_writer *w, char bracket);                 /* '}' or ']' */
void pb_write_text(struct pb_writer *w, const char *key, const char *text); /* NULL: left out */
void pb_write_uint(struct pb_writer *w, const char *key, uint64_t v);
void pb_write_bool(struct pb_writer *w, const char *key, gboolean v);
void pb_write_list(struct pb_writer *w, const char *key, const char *const *v); /* NULL-ended */

#endif
