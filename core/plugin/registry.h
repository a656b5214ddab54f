/* SPDX-License-Identifier: MIT */
/* registry.h - every class that installed plugins offer, as their sidecars say. Nothing is
 * opened until something is created from it. */
#ifndef PB_CORE_REGISTRY_H
#define PB_CORE_REGISTRY_H

#include "../util/err.h"

#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/part.h>
#include <plugboard/plugin.h>

enum pb_kind { PB_KIND_DEVICE, PB_KIND_CPU, PB_KIND_BLOCK, PB_KIND_NET, PB_KIND_CHAR, PB_KIND_FS,
               PB_KIND_PERSONALITY, PB_KIND_PART, PB_KINDS };

struct pb_plugin_file {
    char *id, *sidecar, *library, *version, *license; /* paths are absolute */
    char **needs;              /* NULL-ended */
    uint32_t epoch, abi;
    char *unusable;            /* why it cannot be loaded (epoch, missing needs), or NULL */
    void *handle;              /* libltdl's, once loaded; NULL: from a pack, or built in */
    gboolean packed;           /* loaded from a pack */
    const struct pb_plugin *entry;
    int copy;                  /* renew.h: descriptor of the copy that is open, 0: none */
};

struct pb_class {
    enum pb_kind kind;
    char *id, *title, *category, *bus; /* title: also a backend's or CPU's doc */
    char *carries; /* device class on its first bus, or NULL */
    char **aliases, **lines_in, **lines_out, **buses_out, **provides, **requires_; /* NULL-ended,
                                                                                   never NULL */
    uint32_t flags;
    struct pb_prop *props;
    uint32_t n_props;
    uint32_t n_regions;             /* devices: how many publish() takes */
    char **models, **model_docs;    /* CPUs */
    struct pb_plugin_file *plugin;
    const void *table;              /* struct pb_{device,cpu,backend,…}_class once loaded */
};

/* Read all sidecars of the search path: PLUGBOARD_PLUGIN_PATH (':'-separated), the user's
 * data home, the install directory beside the executable; first id wins. [main] */
void pb_registry_scan(void);
const struct pb_class *pb_class_find(enum pb_kind kind, const char *name); /* or alias; NULL */
/* Sorted by id without regard to case; owned by the registry. */
GPtrArray *pb_class_list(enum pb_kind kind);
GPtrArray *pb_plugin_list(void);
/* Open the plugin (once), check entry against sidecar and needs, call its init. [main] */
int pb_class_load(const struct pb_class *c, pb_err *e);
/* The class that `c` carries on its first bus, when it is installed; else NULL. */
const struct pb_class *pb_class_carried(const struct pb_class *c);
/* Package that would provide a known but missing class, from plugins.catalog; or NULL. */
const char *pb_class_package(enum pb_kind kind, const char *name);
/* Test programs and hosts without files: register tables directly. */
void pb_registry_add_static(const struct pb_plugin *p);

#endif
