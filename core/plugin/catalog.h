/* SPDX-License-Identifier: MIT */
/* catalog.h - which package has which class: pb_class_package() of registry.h. */
#ifndef PB_CORE_CATALOG_H
#define PB_CORE_CATALOG_H

#include "registry.h"

/* Names of `kind` in the catalog, NULL-ended (g_free the array only). */
const char **pb_catalog_names(enum pb_kind kind);

/* Does QEMU have a `kind` ("device", "machine", "net", "char", "object", "cpu") of that name, which
 * is not here? Then `e`, which says that it is missing, gets the hint. */
gboolean pb_not_here(const char *kind, const char *name, pb_err *e);

#endif
