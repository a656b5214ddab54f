/* SPDX-License-Identifier: MIT */
/* manifest.h - machine manifests: found, merged, checked into a plan, built. */
#ifndef PB_CORE_MANIFEST_H
#define PB_CORE_MANIFEST_H

#include "ini.h"

#include "../machine/machine.h"

/* A manifest with everything it inherits and every drop-in merged in. */
struct pb_manifest {
    char *id, *path;
    struct pb_ini *ini; /* merged; each key keeps its own place */
    GPtrArray *files;   /* const char *: in the order they were merged */
};

/* `name` is an id or alias of an installed machine of `arch`, or a path (it has a '/' or
 * ends in ".machine"). NULL: not found (no fault) or unreadable (faults). */
struct pb_manifest *pb_manifest_load(const char *arch, const char *name, struct pb_faults *f);
void pb_manifest_free(struct pb_manifest *m);
void pb_manifest_dump(const struct pb_manifest *m, FILE *to); /* dump.c */

struct pb_machine_entry { char *id, *title, *path, *alias_of; gboolean is_default; };
/* Installed machines and their aliases, sorted by id. g_ptr_array_unref. */
GPtrArray *pb_manifest_list(const char *arch);

/* ---- The plan: a checked manifest with every number computed (plan.h) --------------- */

struct pb_mconf {
    const char *arch;
    guint cpus;          /* -smp; 0: the manifest's */
    guint64 ram;         /* -m; 0: the manifest's */
    GHashTable *options; /* -M X,name=value: text by name */
};

#endif
