/* SPDX-License-Identifier: MIT */
/* part.c - PB_SVC_PART: plugins open what they need only now and then. */
#include "../thread/thread.h"
#include "object.h"

static const void *part_open(pb_dev *d, const char *id, pb_err *e)
{
    const struct pb_class *c = pb_class_find(PB_KIND_PART, id);

    PB_ASSERT_MAIN();
    if (!c) {
        const char *package = pb_class_package(PB_KIND_PART, id);
        pb_err_set(e, PB_ENOENT, "'%s' needs part '%s', which no installed plugin has",
                   d->cls->id, id);
        if (package)
            pb_err_hint(e, "install package %s", package);
        return NULL;
    }
    if (pb_class_load(c, e) < 0)
        return NULL;
    return ((const struct pb_part_class *)c->table)->table;
}

const struct pb_svc_part pb_part_service = {
    .size = sizeof(struct pb_svc_part),
    .open = part_open,
};
