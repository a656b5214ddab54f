/* SPDX-License-Identifier: MIT */
/* ini.h - the ini dialect of machine manifests and plugin sidecars, with places. */
#ifndef PB_CORE_INI_H
#define PB_CORE_INI_H

#include "fault.h"

struct pb_ini_key {
    char *key, *value;
    struct pb_place place; /* of the key */
    int vcol;              /* column of the value */
    guint len;             /* of `key` */
};
struct pb_ini_group {
    char *kind, *name; /* "[device uart0]"; name "" when there is none */
    char *cond;        /* "[device uart0 if secure]"; NULL: always */
    struct pb_place place;
    GPtrArray *keys; /* struct pb_ini_key *, in order */
};
struct pb_ini {
    const char *file;  /* interned */
    GPtrArray *groups; /* struct pb_ini_group *, in order */
};

#define PB_INI_MAX (1u << 20) /* bytes of a file */

/* Never NULL; what cannot be read is in the faults. `file` names it in them. */
struct pb_ini *pb_ini_parse(const char *file, const char *text, size_t n, struct pb_faults *f);
/* NULL when the file cannot be read: the fault says why. */
struct pb_ini *pb_ini_read(const char *path, struct pb_faults *f);
void pb_ini_free(struct pb_ini *ini);
struct pb_ini_group *pb_ini_group(const struct pb_ini *ini, const char *kind, const char *name);
/* The group of that condition; NULL: that of none, as pb_ini_group(). */
struct pb_ini_group *pb_ini_group_if(const struct pb_ini *ini, const char *kind, const char *name,
                                     const char *cond);
/* A group and its keys once more, without its condition. */
struct pb_ini_group *pb_ini_group_copy(const struct pb_ini_group *g);
void pb_ini_group_free(struct pb_ini_group *g);
/* Put a key into a group: it replaces one of the same name; an empty value removes that,
 * except in a group with a condition, which keeps it for the group it will be merged onto. */
void pb_ini_set(struct pb_ini_group *g, const struct pb_ini_key *from);
struct pb_ini_key *pb_ini_get(const struct pb_ini_group *g, const char *key);
const char *pb_ini_value(const struct pb_ini_group *g, const char *key); /* or NULL */

#endif
