/* SPDX-License-Identifier: MIT */
/* json.h - read JSON (RFC 8259) into a small tree, and quote text for writing it. */
#ifndef PB_CORE_JSON_H
#define PB_CORE_JSON_H

#include "err.h"

enum pb_json_type { PB_JSON_NULL, PB_JSON_BOOL, PB_JSON_NUMBER, PB_JSON_STRING, PB_JSON_ARRAY,
                    PB_JSON_OBJECT };
struct pb_json {
    enum pb_json_type type;
    char *key;         /* in an object */
    char *text;        /* string, or a number or bool as it was written */
    int col;           /* byte of the input it began at, from 1 */
    GPtrArray *items;  /* of an array or object: struct pb_json * */
};

/* NULL and `e` when text is not one JSON value. Repeated keys of an object are refused. */
struct pb_json *pb_json_parse(const char *text, pb_err *e);
/* The same, and strings may stand between apostrophes, as some write who speak to monitors. */
struct pb_json *pb_json_parse_lax(const char *text, pb_err *e);
void pb_json_free(struct pb_json *j);
/* Member `key` of an object, or NULL. */
const struct pb_json *pb_json_get(const struct pb_json *j, const char *key);
/* `text` quoted as a JSON string, appended. */
void pb_json_quote(GString *out, const char *text);
/* All of `j`, appended on one line; numbers as they were written. */
void pb_json_print(GString *out, const struct pb_json *j);

#endif
