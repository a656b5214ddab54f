/* SPDX-License-Identifier: MIT */
/* value.h - numbers, '$name' and 'BASE+n*STEP' in values of manifests. */
#ifndef PB_CORE_VALUE_H
#define PB_CORE_VALUE_H

#include "../util/err.h"

#include <inttypes.h>

/* What '$name' stands for while a group is read. */
struct pb_scope {
    GHashTable *vars; /* char * to char *: "smp", "ram", options */
    GHashTable *seen; /* names that were looked up; may be NULL */
    gboolean counted; /* the group has count =: 'n' may be used */
    guint n;          /* the instance being built */
};

/* Bytes: C spelling, '_' between digits, K M G T P with or without "iB". */
gboolean pb_value_size(const char *text, uint64_t *v);
/* Hz: decimal K M G. */
gboolean pb_value_freq(const char *text, uint64_t *v);
gboolean pb_value_bool(const char *text, gboolean *v); /* on off yes no true false */
/* Index of `text` in a NULL-ended list, -1: none of it. "true" is the choice "on". */
int pb_value_choice(const char *const *choices, const char *text);
/* NUM, NUM+n, NUM+n*NUM; PB_EINVAL names what is wrong with it. */
int pb_value_expr(const char *text, const struct pb_scope *s, uint64_t *v, pb_err *e);
/* `text` with $name, ${name} and $n replaced, "$$" for a dollar; NULL and `e`. g_free. */
char *pb_value_expand(const char *text, const struct pb_scope *s, pb_err *e);
/* Split at blanks; g_strfreev. */
char **pb_value_words(const char *text);

#endif
