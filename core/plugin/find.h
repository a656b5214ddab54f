/* SPDX-License-Identifier: MIT */
/* find.h - where plugins, machines and other data lie. */
#ifndef PB_CORE_FIND_H
#define PB_CORE_FIND_H

#include "../util/err.h"

/* Directories, most important first; NULL-ended, g_strfreev. Only those that exist and
 * may be trusted are listed; one that may not is warned about, once. */
char **pb_find_plugin_dirs(void);
/* Names of the sidecars in `dir`, sorted by bytes; g_ptr_array_unref. */
GPtrArray *pb_find_sidecars(const char *dir);
/* Of manifests, least important first (drop-ins follow that order): distribution, local,
 * system configuration, user; PLUGBOARD_MACHINE_PATH last. */
char **pb_find_machine_dirs(void);
void pb_find_no_user(void); /* -no-user-config: not the user's own machines */
/* share/plugboard beside the executable; lives forever. */
const char *pb_find_data_dir(void);
/* TRUE when the process has more rights than its user (set-user-id, capabilities): then
 * environment and home directory do not say where code comes from. */
gboolean pb_find_privileged(void);
/* NULL when files of `dir` may be trusted, else why not (g_free). */
char *pb_find_distrust(const char *dir);

#endif
