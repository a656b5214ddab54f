/* SPDX-License-Identifier: MIT */
/* catalog.h - which package has which class: pb_class_package() of registry.h. */
#ifndef PB_CORE_CATALOG_H
#define PB_CORE_CATALOG_H

#include "registry.h"

/* Names of `kind` in the catalog, NULL-ended (g_free the array only). */
const char **pb_catalog_names(enum pb_kind kind);

#endif
