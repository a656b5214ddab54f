/* SPDX-License-Identifier: MIT */
/* load.h - the one place that opens shared objects. */
#ifndef PB_CORE_LOAD_H
#define PB_CORE_LOAD_H

#include "../util/err.h"

/* Open `path` with its symbols kept to itself; NULL and `e` on failure. */
void *pb_load_open(const char *path, pb_err *e);
/* The same from a copy in memory, so that an object of that name may be open already; *fd keeps
 * the copy's name and is closed after the handle. */
void *pb_load_private(const char *path, int *fd, pb_err *e);
/* The build ID of the file at `path` in hex, from the first page of the file, where linkers put it;
 * FALSE: it has none there. */
#define PB_BUILD_ID_TEXT 129
gboolean pb_load_build_id(const char *path, char id[PB_BUILD_ID_TEXT]);
void *pb_load_symbol(void *handle, const char *name); /* or NULL */
void pb_load_close(void *handle);

#endif
