/* SPDX-License-Identifier: MIT */
/* check.c - refuse a plugin in one sentence: by its sidecar before it is opened, by its
 * entry before any of its code is called, by its tables before they are used. Rules R1 and
 * R2 of plugboard/abi.h.
 */

#include "check.h"

#include "../object/dev.h"
#include "sidecar.h"

#include <plugboard/draft/personality.h>

#include <string.h>

static int check_needs(const char *id, const char *const *needs, pb_err *e)
{
    for (; needs && *needs; needs++)
        if (!pb_the_host.get || !pb_the_host.get(&pb_the_host, *needs))
            return pb_err_set(e, PB_EVERSION,
                              "plugin %s needs interface %s, which this plugboard (ABI %u.%u) "
                              "does not have",
                              id, *needs, PB_ABI_EPOCH, PB_ABI_MINOR);
    return PB_OK;
}

int pb_check_file(const struct pb_plugin_file *p, pb_err *e)
{
    if (p->unusable)
        return pb_err_set(e, PB_EVERSION, "plugin %s (%s) cannot be used: %s", p->id, p->sidecar,
                          p->unusable);
    return check_needs(p->id, (const char *const *)p->needs, e);
}

int pb_check_entry(const struct pb_plugin *entry, const struct pb_plugin_file *p, pb_err *e)
{
    if (entry->size < offsetof(struct pb_plugin, init))
        return pb_err_set(e, PB_EVERSION, "%s: its entry has %u bytes, at least %zu are needed",
                          p->library, entry->size, offsetof(struct pb_plugin, init));
    if (entry->epoch != PB_ABI_EPOCH)
        return pb_err_set(e, PB_EVERSION,
                          "%s was built for epoch %u of the plugin ABI, this plugboard has "
                          "epoch %u: rebuild the plugin",
                          p->library, entry->epoch, PB_ABI_EPOCH);
    if (!entry->id || strcmp(entry->id, p->id))
        return pb_err_set(e, PB_EINVAL, "%s is plugin '%s', but its sidecar says '%s': reinstall "
                          "both", p->library, entry->id ? entry->id : "", p->id);
    if (entry->n_classes && !entry->classes)
        return pb_err_set(e, PB_EINVAL, "%s has %u classes but no table of them", p->library,
                          entry->n_classes);
    return check_needs(entry->id, entry->needs, e);
}

/* What a kind's table must at least have, and the properties it declares. */
static const char *missing(enum pb_kind kind, const void *table, const struct pb_prop **props,
                           uint32_t *n)
{
    const struct pb_device_class *d = table;
    const struct pb_cpu_class *c = table;
    const struct pb_backend_class *b = table;
    const struct pb_personality_class *u = table;
    const struct pb_part_class *p = table;

    switch (kind) {
    case PB_KIND_DEVICE:
        if (d->size < offsetof(struct pb_device_class, unrealize) || !d->realize)
            return "realize()";
        *props = d->props;
        *n = d->n_props;
        return NULL;
    case PB_KIND_CPU:
        if (c->size < offsetof(struct pb_cpu_class, regs) || !c->realize || !c->reset ||
            !c->run || !c->kick || !c->can_run || !c->line_in)
            return "realize(), reset(), run(), kick(), can_run() or line_in()";
        *props = c->props;
        *n = c->n_props;
        return NULL;
    case PB_KIND_PERSONALITY:
        if (u->size < sizeof *u || !u->run)
            return "run()";
        *props = u->props;
        *n = u->n_props;
        return NULL;
    case PB_KIND_PART:
        return p->size < sizeof *p || !p->table ? "its table" : NULL;
    default:
        if (b->size < offsetof(struct pb_backend_class, describe) || !b->open || !b->ops)
            return "open() or its operations";
        *props = b->props;
        *n = b->n_props;
        return NULL;
    }
}

static const char *table_id(enum pb_kind kind, const void *table)
{
    return kind == PB_KIND_DEVICE ? ((const struct pb_device_class *)table)->id
         : kind == PB_KIND_CPU    ? ((const struct pb_cpu_class *)table)->id
         : kind == PB_KIND_PERSONALITY ? ((const struct pb_personality_class *)table)->id
         : kind == PB_KIND_PART   ? ((const struct pb_part_class *)table)->id
                                  : ((const struct pb_backend_class *)table)->id;
}

/* A table that was built from older headers is shorter than ours: what it lacks reads as 0. The
 * copy lives as long as the program, as a class does; its `size` stays what it was. */
static const void *whole(enum pb_kind kind, const void *table)
{
    size_t full = kind == PB_KIND_DEVICE ? sizeof(struct pb_device_class)
                : kind == PB_KIND_CPU    ? sizeof(struct pb_cpu_class)
                : kind == PB_KIND_PART   ? sizeof(struct pb_part_class)
                                         : sizeof(struct pb_backend_class);
    uint32_t size = *(const uint32_t *)table;

    if (size >= full)
        return table;
    void *copy = g_malloc0(full);
    memcpy(copy, table, size);
    return copy;
}

const void *pb_check_table(const struct pb_plugin *entry, const struct pb_class *c, pb_err *e)
{
    const char *what = c->plugin->library;

    for (uint32_t i = 0; i < entry->n_classes; i++) {
        const struct pb_class_ref *r = &entry->classes[i];
        const struct pb_prop *props = NULL;
        uint32_t n = 0;
        if (!r->kind || !r->cls || strcmp(r->kind, pb_kind_ids[c->kind]))
            continue;
        const char *id = table_id(c->kind, r->cls);
        if (!id || strcmp(id, c->id))
            continue;
        const char *lacks = missing(c->kind, r->cls, &props, &n);
        if (lacks) {
            pb_err_set(e, PB_EINVAL, "%s: class '%s' lacks %s", what, c->id, lacks);
            return NULL;
        }
        gboolean same = n == c->n_props;
        for (uint32_t k = 0; same && k < n; k++)
            same = props[k].name && !strcmp(props[k].name, c->props[k].name) &&
                   props[k].type == c->props[k].type;
        if (!same) {
            pb_err_set(e, PB_EINVAL, "%s: the properties of class '%s' are not those of its "
                       "sidecar: rebuild or reinstall the plugin", what, c->id);
            return NULL;
        }
        return whole(c->kind, r->cls);
    }
    pb_err_set(e, PB_ENOENT, "%s has no class '%s', although its sidecar says so: reinstall both",
               what, c->id);
    return NULL;
}
