/* SPDX-License-Identifier: MIT */
/* args.h - the sub-options of an option: "virtio-net-device,netdev=n0,mac=…", or JSON. */
#ifndef PB_CORE_ARGS_H
#define PB_CORE_ARGS_H

#include "../util/json.h"

struct pb_arg {
    char *key, *value;
    gboolean bare; /* given without '=': "readonly" */
    gboolean used;
    int col;       /* in the option's text, from 1 */
};
struct pb_args {
    GPtrArray *v; /* struct pb_arg * */
    struct pb_place place; /* "-device virtio-net-device,…" */
    gboolean json;
};

/* `implied` is the key of a first value without one (or NULL: it is a switch). ",," is a
 * comma in a value. A text that begins with '{' is read as JSON, members of members as
 * "a.b". NULL and `e` on failure. */
struct pb_args *pb_args_parse(const char *opt, const char *text, const char *implied, pb_err *e);
/* The same of an object that was read already (NULL: empty). */
struct pb_args *pb_args_from_json(const char *opt, const struct pb_json *j);
void pb_args_free(struct pb_args *a);
/* The last value of `key`, or NULL; all of that key count as used. */
const char *pb_args_get(struct pb_args *a, const char *key);
/* The next value of `key` after *i (start with 0), for keys that accumulate. */
const char *pb_args_next(struct pb_args *a, const char *key, guint *i);
/* Set *v when the key is there; <0 and `e` when the value is none. */
int pb_args_bool(struct pb_args *a, const char *key, gboolean *v, pb_err *e);
int pb_args_uint(struct pb_args *a, const char *key, guint64 *v, pb_err *e);
/* Is some sub-option "help" or "?" (first value or bare)? */
gboolean pb_args_wants_help(const struct pb_args *a);
/* Fails, naming the first sub-option that nobody took: "Invalid parameter 'x'". `known`
 * (NULL-ended, may be NULL) is for the hint. */
int pb_args_done(struct pb_args *a, const char *const *known, pb_err *e);
/* Move every key that begins with `prefix` (which is cut off) to a new list. */
struct pb_args *pb_args_split(struct pb_args *a, const char *prefix);
/* All of `from`, which ends, behind those of `to`. */
void pb_args_move(struct pb_args *to, struct pb_args *from);
void pb_args_add(struct pb_args *a, const char *key, const char *value);

#endif
