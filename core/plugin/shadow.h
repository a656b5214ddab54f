/* SPDX-License-Identifier: MIT */
/* shadow.h - what is installed twice. */
#ifndef PB_CORE_SHADOW_H
#define PB_CORE_SHADOW_H

#include <glib.h>

/* Sentences (char *): "plugin X (path) is hidden by path". */
const GPtrArray *pb_registry_shadows(void);

#endif
