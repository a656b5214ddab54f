/* SPDX-License-Identifier: MIT */
/* writer.h - JSON on a stream or in a string, indented or on one line; commas and quotes are its
 * business. */
#ifndef PB_CORE_WRITER_H
#define PB_CORE_WRITER_H

#include "json.h"

#include <stdint.h>

struct pb_writer {
    FILE *to;      /* or */
    GString *text;
    gboolean flat; /* on one line */
    int depth;
    gboolean any; /* something precedes on this level */
};

/* `key` is NULL in an array. */
void pb_write_open(struct pb_writer *w, const char *key, char bracket); /* '{' or '[' */
void pb_write_close(struct pb_writer *w, char bracket);                 /* '}' or ']' */
void pb_write_text(struct pb_writer *w, const char *key, const char *text); /* NULL: left out */
void pb_write_uint(struct pb_writer *w, const char *key, uint64_t v);
void pb_write_int(struct pb_writer *w, const char *key, int64_t v);
void pb_write_bool(struct pb_writer *w, const char *key, gboolean v);
void pb_write_null(struct pb_writer *w, const char *key);
void pb_write_list(struct pb_writer *w, const char *key, const char *const *v); /* NULL-ended */
/* As it was read, on one line. */
void pb_write_json(struct pb_writer *w, const char *key, const struct pb_json *j);

#endif
