/* SPDX-License-Identifier: MIT */
/* sidecar.h - from the text of a .plugin file to a plugin and its classes. */
#ifndef PB_CORE_SIDECAR_H
#define PB_CORE_SIDECAR_H

#include "../manifest/ini.h"
#include "registry.h"

/* The plugin that `path` describes, its classes appended to `classes`; NULL and faults when
 * it is no sidecar. A plugin of another epoch has `unusable` set and no classes. */
struct pb_plugin_file *pb_sidecar_read(const char *path, GPtrArray *classes,
                                       struct pb_faults *f);
struct pb_plugin_file *pb_sidecar_parse(const struct pb_ini *ini, GPtrArray *classes,
                                        struct pb_faults *f);
void pb_plugin_file_free(struct pb_plugin_file *p);
void pb_class_free(struct pb_class *c);

extern const char *const pb_kind_names[PB_KINDS]; /* "device", "cpu", "block", … */
extern const char *const pb_kind_ids[PB_KINDS];   /* PB_CLASS_DEVICE, … */
extern const char *const pb_type_names[];         /* "bool", … by PB_T_*; NULL-ended */

#endif
