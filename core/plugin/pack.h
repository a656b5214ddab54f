/* SPDX-License-Identifier: MIT */
/* pack.h - the pack that a machine names (plugboard/pack.h): plugins opened as one object. */
#ifndef PB_CORE_PACK_H
#define PB_CORE_PACK_H

#include "registry.h"

/* Plugins opened from now on are looked for in NAME.pack beside them. NULL: in none. [main] */
void pb_pack_choose(const char *name);
/* The entry of `p` in the chosen pack; NULL: there is no pack, or its copy is not of the file that
 * is installed. Valid as long as the program runs. [main] */
const struct pb_plugin *pb_pack_entry(const struct pb_plugin_file *p);

#endif
