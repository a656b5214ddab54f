/* SPDX-License-Identifier: MIT */
/* renew.h - a loaded plugin's object, opened anew beside the one in use. */
#ifndef PB_CORE_RENEW_H
#define PB_CORE_RENEW_H

#include "registry.h"

struct pb_renewed {
    struct pb_plugin_file *p;
    void *handle;
    const struct pb_plugin *entry;
    int copy;
    gboolean packed;
    GPtrArray *classes; /* struct pb_class *, loaded ones of p */
    GPtrArray *tables;  /* their tables in the object that is not in use */
};

/* Opens p->library once more and accepts it as p's: NULL and `e` when it is another plugin, is not
 * made to be unloaded, offers what cannot be swapped, or has another outside: properties, lines,
 * buses, regions. [main] */
struct pb_renewed *pb_renew_open(struct pb_plugin_file *p, pb_err *e);
/* The other object is in use from now on: call it twice and nothing has changed. */
void pb_renew_swap(struct pb_renewed *r);
/* Ends and closes the object that is not in use. */
void pb_renew_close(struct pb_renewed *r);

#endif
