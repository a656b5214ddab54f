/* SPDX-License-Identifier: MIT */
/* part.c - PB_SVC_PART: parts come from the plugins that the test has loaded. */
#include "internal.h"

static const void *part_open(pb_dev *d, const char *id, pb_err *e)
{
    const struct pb_part_class *c =
        (const struct pb_part_class *)pbt__find_class(d->b, PB_CLASS_PART, id);

    if (c)
        return c->table;
    (void)e; /* the bench has one error at a time, its own */
    pbt__fail(d->b, PB_ENOENT, "part '%s' is in no plugin that was loaded", id);
    return NULL;
}

const struct pb_svc_part pbt__svc_part = {.size = sizeof pbt__svc_part, .open = part_open};
