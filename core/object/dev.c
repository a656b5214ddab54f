/* SPDX-License-Identifier: MIT */
/* dev.c - the life of a device, CPU or backend node: new, realize, place, unrealize. */
#include "../backend/block-policy.h"
#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../mem/mem.h"
#include "../thread/thread.h"
#include "../time/clock.h"
#include "instance.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

static const struct pb_device_class *device_class(const pb_dev *d)
{
    return d->cls->kind == PB_KIND_DEVICE ? d->cls->table : NULL;
}

static uint32_t instance_size(const pb_dev *d)
{
    const void *t = d->cls->table;

    return d->cls->kind == PB_KIND_DEVICE ? ((const struct pb_device_class *)t)->instance_size
           : d->cls->kind == PB_KIND_CPU ? ((const struct pb_cpu_class *)t)->instance_size
                                         : ((const struct pb_backend_class *)t)->instance_size;
}

void (*pb_dev_line_in(const pb_dev *d))(void *self, uint32_t n, int32_t level)
{
    if (d->cls->kind == PB_KIND_DEVICE)
        return device_class(d)->line_in;
    if (d->cls->kind == PB_KIND_CPU)
        return ((const struct pb_cpu_class *)d->cls->table)->line_in;
    return NULL;
}

const struct pb_provide *pb_dev_provides(const pb_dev *d, uint32_t *n)
{
    *n = 0;
    if (d->cls->kind == PB_KIND_DEVICE) {
        *n = device_class(d)->n_provides;
        return device_class(d)->provides;
    }
    if (d->cls->kind == PB_KIND_CPU) {
        *n = ((const struct pb_cpu_class *)d->cls->table)->n_provides;
        return ((const struct pb_cpu_class *)d->cls->table)->provides;
    }
    return NULL;
}

const void *pb_dev_interface(pb_dev *d, const char *iface, void **self)
{
    uint32_t n;
    const struct pb_provide *p = pb_dev_provides(d, &n);

    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(p[i].id, iface))
            continue;
        if (self)
            *self = d->self;
        return p[i].table;
    }
    return NULL;
}

pb_dev *pb_dev_find(struct pb_machine *m, const char *id)
{
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = g_ptr_array_index(m->devs, i);
        if (d->id && !strcmp(d->id, id))
            return d;
    }
    for (guint i = 0; i < m->cpus->len; i++) { /* "cpu0" */
        pb_dev *d = g_ptr_array_index(m->cpus, i);
        if (!strcmp(d->name, id))
            return d;
    }
    return NULL;
}

static char *make_name(struct pb_machine *m, const struct pb_class *c, const char *id)
{
    uint32_t n = 0;

    if (id)
        return g_strdup(id);
    for (guint i = 0; i < m->devs->len; i++)
        n += ((pb_dev *)g_ptr_array_index(m->devs, i))->cls == c;
    return g_strdup_printf("%s#%u", c->id, n);
}

static void free_pair(void *p)
{
    g_free(((struct pb_pair *)p)->key);
    g_free(((struct pb_pair *)p)->value);
}

static void make_containers(pb_dev *d)
{
    d->pairs = g_array_new(FALSE, FALSE, sizeof(struct pb_pair));
    g_array_set_clear_func(d->pairs, free_pair);
    d->buses = g_ptr_array_new();
    d->regions = g_ptr_array_new();
    d->reg_addr = g_array_new(FALSE, TRUE, sizeof(struct pb_board_reg));
    d->owned = g_ptr_array_new();
    d->lines = g_ptr_array_new();
    d->inputs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    d->fdt = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    d->fdt_keys = g_ptr_array_new_with_free_func(g_free);
    d->clocks = g_array_new(FALSE, TRUE, sizeof(uint64_t));
}

/* What the class carries: made with it, realized within its realize. */
static int make_inner(pb_dev *d, pb_err *e)
{
    const struct pb_device_class *c = device_class(d);

    if (!PB_HAS(struct pb_device_class, c, carries))
        return 0;
    const struct pb_class *in = pb_class_carried(d->cls);
    if (!in || !d->buses->len)
        return pb_err_set(e, PB_ENOENT, "'%s' needs a '%s', which no installed plugin has",
                          d->cls->id, c->carries);
    d->inner = pb_dev_new(d->m, in, NULL, &d->place, e);
    if (!d->inner)
        return PB_EINVAL;
    pb_buses_carried(d);
    return pb_dev_attach(d->inner, g_ptr_array_index(d->buses, 0), e);
}

pb_dev *pb_dev_new(struct pb_machine *m, const struct pb_class *c, const char *id,
                   const struct pb_place *where, pb_err *e)
{
    PB_ASSERT_MAIN();
    if (id && pb_dev_find(m, id)) {
        pb_err_set(e, PB_EBUSY, "Duplicate ID '%s' for device", id);
        pb_err_at(e, where);
        return NULL;
    }
    if (pb_class_load(c, e) < 0) {
        pb_err_at(e, where);
        return NULL;
    }
    pb_dev *d = g_new0(pb_dev, 1);
    d->m = m;
    d->cls = c;
    d->id = g_strdup(id);
    d->name = make_name(m, c, id);
    if (where)
        d->place = *where;
    make_containers(d);
    g_ptr_array_add(m->devs, d);
    const struct pb_device_class *dc = device_class(d);
    d->parallel = !dc || (dc->flags & PB_DEV_PARALLEL);
    d->own_domain = dc && (dc->flags & PB_DEV_OWN_DOMAIN);
    d->domain = d->own_domain ? pb_domain_new() : m->domain;
    d->self_size = instance_size(d);
    d->self = pb_instance_new(d->self_size);
    if (!d->self || pb_props_init(d, e) < 0) {
        pb_err_set(e, PB_ENOMEM, "no memory for '%s'", d->name);
        pb_err_at(e, where);
        pb_dev_free(d);
        return NULL;
    }
    pb_buses_make(d);
    if (make_inner(d, e) < 0) {
        pb_dev_free(d);
        return NULL;
    }
    return d;
}

/* ---- Realize ----------------------------------------------------------------------------- */

static const struct pb_place *where(const pb_dev *d)
{
    return d->place.file || d->place.option ? &d->place : NULL;
}

static int realize_class(pb_dev *d, pb_err *e)
{
    if (d->cls->kind == PB_KIND_CPU)
        return pb_cpu_realize(d, e);
    if (d->cls->kind != PB_KIND_DEVICE)
        return pb_backend_realize(d, e);
    return device_class(d)->realize(d->self, d, &pb_the_host, e);
}

/* What a device leaves behind: everything of it that the host keeps. */
static void release_all(pb_dev *d)
{
    struct pb_mem *mem = pb_mem(d->m);

    pb_thread_release(d);
    pb_timers_free(d);
    pb_soon_forget(d);
    if (!d->reloading)
        pb_line_free(d);
    pb_gates_free(d);
    g_ptr_array_set_size(d->regions, 0);
    g_array_set_size(d->reg_addr, 0);
    for (guint i = mem->regions->len; i-- > 0;) { /* each free takes itself out */
        pb_region *r = g_ptr_array_index(mem->regions, i);
        if (r->d == d)
            pb_region_free(r);
    }
}

static const struct pb_bus_parent *bus_parent_of(pb_bus *b, void **self)
{
    return b && b->ctl ? pb_dev_interface(b->ctl, PB_BUS_PARENT, self) : NULL;
}

int pb_dev_realize(pb_dev *d, pb_err *e)
{
    void *bus_self;
    int rc;

    PB_ASSERT_MAIN();
    g_assert(!d->realized);
    if (d->cls->kind == PB_KIND_DEVICE && d->cls->bus && !d->bus) {
        pb_err_set(e, PB_ENOENT, "No '%s' bus found for device '%s'", d->cls->bus, d->cls->id);
        pb_err_at(e, where(d));
        return PB_ENOENT;
    }
    rc = pb_props_resolve(d, e);
    if (rc < 0) {
        pb_props_release(d);
        return rc;
    }
    rc = realize_class(d, e);
    if (rc == 0 && d->inner && (rc = pb_dev_realize(d->inner, e)) < 0 &&
        PB_HAS(struct pb_device_class, device_class(d), unrealize))
        device_class(d)->unrealize(d->self);
    if (rc < 0) {
        pb_err_set(e, rc, "device '%s' could not be made", d->cls->id);
        pb_err_at(e, where(d));
        release_all(d);
        pb_props_release(d);
        memset(d->self, 0, d->self_size);
        return rc;
    }
    d->realized = TRUE;
    if (!d->reloading)
        d->turn = ++d->m->turns;
    if (d->bus)
        g_ptr_array_add(d->bus->children, d);
    const struct pb_bus_parent *bp = bus_parent_of(d->bus, &bus_self);
    if (PB_HAS(struct pb_bus_parent, bp, attach)) {
        rc = bp->attach(bus_self, d->bus->index, d, e);
        if (rc < 0) {
            pb_err_set(e, rc, "bus '%s' refuses device '%s'", d->bus->name, d->cls->id);
            pb_err_at(e, where(d));
            g_ptr_array_remove(d->bus->children, d);
            pb_dev_unrealize(d);
            return rc;
        }
    }
    pb_line_tell_all(d);
    return 0;
}

int pb_dev_place(pb_dev *d, uint32_t region, uint64_t addr, pb_err *e)
{
    pb_region *r = region < d->regions->len ? g_ptr_array_index(d->regions, region) : NULL;

    if (!r) {
        pb_err_set(e, PB_ENOENT, "device '%s' (%s) has no region %u to place at 0x%"
                   G_GINT64_MODIFIER "x", d->name, d->cls->id, region, addr);
        pb_err_at(e, where(d));
        return PB_ENOENT;
    }
    r->secure = d->secure;
    int rc = pb_region_place(d->m->system, r, addr, 0, e);
    if (rc < 0) {
        pb_err_at(e, where(d));
        return rc;
    }
    if (region >= d->reg_addr->len)
        g_array_set_size(d->reg_addr, region + 1);
    g_array_index(d->reg_addr, struct pb_board_reg, region) =
        (struct pb_board_reg){addr, r->last + 1};
    return 0;
}

/* ---- The one teardown order -------------------------------------------------------------- */

static void unplace_regions(pb_dev *d)
{
    struct pb_mem *mem = pb_mem(d->m);

    for (guint i = 0; i < mem->regions->len; i++) {
        pb_region *r = g_ptr_array_index(mem->regions, i);
        if (r->d == d)
            pb_region_unplace(r);
    }
}

static void unrealize_children(pb_dev *d)
{
    for (guint i = 0; i < d->buses->len; i++) {
        pb_bus *b = g_ptr_array_index(d->buses, i);
        while (b->children->len)
            pb_dev_unrealize(g_ptr_array_index(b->children, b->children->len - 1));
    }
}

void pb_dev_unrealize(pb_dev *d)
{
    const struct pb_device_class *c = device_class(d);
    struct pb_frame f;
    void *bus_self;

    PB_ASSERT_MAIN();
    if (!d->realized)
        return;
    unrealize_children(d);
    const struct pb_bus_parent *bp = bus_parent_of(d->bus, &bus_self);
    if (d->bus && g_ptr_array_remove(d->bus->children, d) &&
        PB_HAS(struct pb_bus_parent, bp, detach))
        bp->detach(bus_self, d->bus->index, d);
    pb_block_refuse(d->m, d, TRUE);
    unplace_regions(d);
    pb_workers_stop(d);
    pb_timers_stop(d);
    if (PB_HAS(struct pb_device_class, c, drain))
        c->drain(d->self);
    pb_cb_enter(&f, d); /* whoever is in a callback leaves it, nobody comes in afterwards */
    d->realized = FALSE;
    pb_cb_leave(&f);
    pb_soon_forget(d);
    if (d->cls->kind == PB_KIND_CPU)
        pb_cpu_unrealize(d);
    else if (!c)
        pb_backend_unrealize(d);
    else if (c->unrealize)
        c->unrealize(d->self);
    pb_block_refuse(d->m, d, FALSE);
    pb_props_release(d);
    release_all(d);
}

static gboolean free_child(pb_dev *d)
{
    for (guint i = 0; d->buses->len && i < d->m->devs->len; i++) {
        pb_dev *c = g_ptr_array_index(d->m->devs, i);
        if (c->bus && c->bus->ctl == d) {
            pb_dev_free(c);
            return TRUE;
        }
    }
    return FALSE;
}

void pb_dev_free(pb_dev *d)
{
    if (!d)
        return;
    pb_dev_unrealize(d);
    while (free_child(d)) /* all that was made for its buses goes with it */
        ;
    pb_line_free(d);
    pb_buses_free(d);
    g_ptr_array_remove(d->m->devs, d);
    g_ptr_array_remove(d->m->placed, d);
    g_ptr_array_remove(d->m->cpus, d);
    pb_props_free(d);
    pb_cpu_free(d);
    if (d->own_domain)
        pb_domain_free(d->domain);
    pb_instance_free(d->self, d->self_size);
    g_array_free(d->pairs, TRUE);
    g_ptr_array_free(d->buses, TRUE);
    g_ptr_array_free(d->regions, TRUE);
    g_array_free(d->reg_addr, TRUE);
    g_ptr_array_free(d->owned, TRUE);
    g_ptr_array_free(d->lines, TRUE);
    g_hash_table_destroy(d->inputs);
    g_hash_table_destroy(d->fdt);
    g_ptr_array_free(d->fdt_keys, TRUE);
    g_array_free(d->clocks, TRUE);
    g_free(d->id);
    g_free(d->name);
    g_free(d);
}
