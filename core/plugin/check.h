/* SPDX-License-Identifier: MIT */
/* check.h - may this plugin be used by this host? Each refusal is one sentence. */
#ifndef PB_CORE_CHECK_H
#define PB_CORE_CHECK_H

#include "registry.h"

/* From the sidecar alone, before anything is opened. */
int pb_check_file(const struct pb_plugin_file *p, pb_err *e);
/* The entry symbol against the host and against what the sidecar said. */
int pb_check_entry(const struct pb_plugin *entry, const struct pb_plugin_file *p, pb_err *e);
/* The table of class `c` in an accepted entry; NULL and `e` when it is missing, differs
 * from the sidecar or lacks a mandatory callback. */
const void *pb_check_table(const struct pb_plugin *entry, const struct pb_class *c, pb_err *e);

#endif
