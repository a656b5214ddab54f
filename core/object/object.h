/* SPDX-License-Identifier: MIT */
/* object.h - what the files of core/object share. */
#ifndef PB_CORE_OBJECT_H
#define PB_CORE_OBJECT_H

#include "../machine/machine.h"

struct pb_propval { /* one per property of the class */
    gboolean set;
    int64_t num;
    char *text;      /* as the user typed it, or the default's text */
    pb_dev *target;  /* LINK: resolved */
    void *end;       /* LINK to a backend: the attachment */
};

/* The class's tables, whatever its kind. */
const struct pb_prop *pb_dev_props(const pb_dev *d, uint32_t *n);
const struct pb_provide *pb_dev_provides(const pb_dev *d, uint32_t *n);
void (*pb_dev_line_in(const pb_dev *d))(void *self, uint32_t n, int32_t level);

int pb_props_init(pb_dev *d, pb_err *e);    /* defaults */
void pb_props_free(pb_dev *d);
int pb_props_resolve(pb_dev *d, pb_err *e); /* required ones, links, backends */
void pb_props_release(pb_dev *d);           /* detach from backends */
extern const struct pb_svc_prop pb_prop_service;

int pb_buses_make(pb_dev *d);
void pb_buses_carried(pb_dev *d); /* those of what it carries are called by its id */
void pb_buses_free(pb_dev *d);
extern const struct pb_svc_bus pb_bus_service;
extern const struct pb_svc_part pb_part_service;

#endif
