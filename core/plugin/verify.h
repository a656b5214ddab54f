/* SPDX-License-Identifier: MIT */
/* verify.h - all that can be wrong with a plugin's tables, for its author: more than check.h
 * refuses, and all of it at once. */
#ifndef PB_CORE_VERIFY_H
#define PB_CORE_VERIFY_H

#include "registry.h"

/* Sentences (char *) about the classes of an accepted entry are appended to `bad`. */
void pb_verify_classes(const struct pb_plugin *entry, GPtrArray *bad);
/* The same about the file: what it exports besides its entry (rule R1). */
void pb_verify_exports(const char *path, GPtrArray *bad);
/* Libraries the file asks the dynamic linker for; NULL-ended, g_strfreev. */
char **pb_verify_libraries(const char *path);

#endif
