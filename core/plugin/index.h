/* SPDX-License-Identifier: MIT */
/* index.h - which sidecar has which class, so that a run reads only those that it uses. */
#ifndef PB_CORE_INDEX_H
#define PB_CORE_INDEX_H

#include "registry.h"

/* Take DIR/plugins.index. `names` are DIR's sidecars, sorted; FALSE: there is no index, or it
 * is not of just these files. */
gboolean pb_index_open(const char *dir, const GPtrArray *names);
/* Is DIR/plugins.index there, and not of these sidecars? Then nobody uses it. */
gboolean pb_index_old(const char *dir, const GPtrArray *names);
/* The sidecar (a file name) with the class or alias; NULL: the index knows of none. */
const char *pb_index_class(enum pb_kind kind, const char *name);
gboolean pb_index_has_plugin(const char *id);

#endif
