/* SPDX-License-Identifier: MIT */
/* region.c - the region tree, and pb.mem/1.
 *
 * The tree changes under pb_mem.lock; each change that shows publishes a new view. Regions
 * are made and freed on the main thread only.
 */
#include "mem.h"

#include "../cpu/cpu.h"
#include "../thread/domain.h"
#include "epoch.h"

#include <string.h>
#include <sys/mman.h>

static pb_region *region_new(struct pb_machine *m, pb_dev *d, enum pb_region_kind kind,
                             const char *name, uint64_t len, pb_err *e)
{
    PB_ASSERT_MAIN();
    if (len == 0) {
        pb_err_set(e, PB_EINVAL, "region '%s' of '%s' has no length", name,
                   d ? d->name : "machine");
        return NULL;
    }
    pb_region *r = g_new0(pb_region, 1);
    r->kind = kind;
    r->name = g_strdup(name ? name : "");
    r->m = m;
    r->d = d;
    r->last = len - 1;
    r->enabled = TRUE;
    r->number = pb_mem(m)->number++;
    if (kind == PB_REGION_CONTAINER)
        r->children = g_ptr_array_new();
    pthread_mutex_lock(&pb_mem(m)->lock);
    g_ptr_array_add(pb_mem(m)->regions, r);
    pthread_mutex_unlock(&pb_mem(m)->lock);
    return r;
}

static uint64_t pages_of(const pb_region *r)
{
    return (r->last >> PB_PAGE_BITS) + 1;
}

static void region_destroy(pb_region *r)
{
    if (r->children)
        g_ptr_array_free(r->children, TRUE);
    if (r->host)
        pb_ram_free(r->host, r->last + 1);
    if (r->code)
        munmap((void *)r->code, pages_of(r));
    volatile uint8_t *dirty = atomic_load(&r->dirty);
    if (dirty)
        munmap((void *)dirty, pages_of(r));
    if (r->old_dirty)
        munmap((void *)r->old_dirty, pages_of(r));
    g_free(r->name);
    g_free(r);
}

int pb_mem_init(struct pb_machine *m, pb_err *e)
{
    struct pb_mem *mem = g_new0(struct pb_mem, 1);

    (void)e;
    pb_epoch_init();
    m->mem = mem;
    pthread_mutex_init(&mem->lock, NULL);
    mem->regions = g_ptr_array_new();
    m->system = region_new(m, NULL, PB_REGION_CONTAINER, "system", 1, NULL);
    m->system->last = UINT64_MAX;
    mem->system.m = m;
    mem->system.root = m->system;
    mem->system.gen = 1;
    mem->gates = g_ptr_array_new();
    mem->nothing = g_new0(struct pb_view, 1);
    atomic_store(&mem->system.view, pb_view_make(m->system));
    return 0;
}

void pb_mem_fini(struct pb_machine *m)
{
    struct pb_mem *mem = pb_mem(m);

    if (!mem)
        return;
    for (guint i = 0; i < mem->regions->len; i++)
        region_destroy(g_ptr_array_index(mem->regions, i));
    g_ptr_array_free(mem->regions, TRUE);
    while (mem->retired) {
        struct pb_view *v = mem->retired;
        mem->retired = v->next;
        g_free(v);
    }
    g_free(atomic_load(&mem->system.view));
    g_ptr_array_free(mem->gates, TRUE); /* each went with its device */
    g_free(mem->nothing);
    pthread_mutex_destroy(&mem->lock);
    g_free(mem);
    m->mem = NULL;
    m->system = NULL;
}

void pb_mem_leave(struct pb_machine *m)
{
    pb_mem(m)->leaving = TRUE;
}

static int back_with_ram(pb_region *r, pb_err *e)
{
    uint64_t len = r->last + 1;
    void *code = MAP_FAILED;

    r->host = pb_ram_alloc(len);
    if (r->host)
        code = mmap(NULL, pages_of(r), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (code == MAP_FAILED)
        return pb_err_set(e, PB_ENOMEM, "cannot set up guest memory '%s': %" G_GUINT64_FORMAT
                          " bytes are not available", r->name, len);
    r->code = code;
    return 0;
}

pb_region *pb_region_ram(struct pb_machine *m, pb_dev *d, const char *name, uint64_t len,
                         uint32_t flags, pb_err *e)
{
    pb_region *r = region_new(m, d, PB_REGION_RAM, name, len, e);

    if (!r)
        return NULL;
    r->rom = (flags & PB_RAM_ROM) != 0;
    if (back_with_ram(r, e) < 0) {
        pb_region_free(r);
        return NULL;
    }
    return r;
}

static gboolean is_below(const pb_region *r, const pb_region *ancestor)
{
    for (int depth = 0; r && depth < 64; r = r->parent, depth++)
        if (r == ancestor)
            return TRUE;
    return FALSE;
}

static void insert_child(pb_region *parent, pb_region *r)
{
    guint i = 0;

    while (i < parent->children->len &&
           ((pb_region *)g_ptr_array_index(parent->children, i))->prio >= r->prio)
        i++;
    g_ptr_array_insert(parent->children, (gint)i, r);
}

int pb_region_place(pb_region *parent, pb_region *r, uint64_t off, int32_t prio, pb_err *e)
{
    struct pb_mem *mem = pb_mem(parent->m);

    PB_ASSERT_MAIN();
    if (parent->kind != PB_REGION_CONTAINER)
        return pb_err_set(e, PB_EINVAL, "region '%s' is no container", parent->name);
    if (r->parent)
        return pb_err_set(e, PB_EBUSY, "region '%s' is already placed in '%s'", r->name,
                          r->parent->name);
    if (is_below(parent, r))
        return pb_err_set(e, PB_EINVAL, "region '%s' cannot be placed below itself", r->name);
    if (off > parent->last || r->last > parent->last - off)
        return pb_err_set(e, PB_EINVAL, "region '%s' (0x%" PRIx64 " bytes at 0x%" PRIx64
                          ") reaches beyond '%s'", r->name, r->last + 1, off, parent->name);
    pthread_mutex_lock(&mem->lock);
    r->parent = parent;
    r->off = off;
    r->prio = prio;
    insert_child(parent, r);
    pthread_mutex_unlock(&mem->lock);
    pb_view_update(parent->m);
    return 0;
}

void pb_region_unplace(pb_region *r)
{
    struct pb_mem *mem = pb_mem(r->m);

    if (!r->parent || mem->leaving)
        return;
    pthread_mutex_lock(&mem->lock);
    g_ptr_array_remove(r->parent->children, r);
    r->parent = NULL;
    pthread_mutex_unlock(&mem->lock);
    pb_view_update(r->m);
}

void pb_region_enable(pb_region *r, uint32_t on)
{
    struct pb_mem *mem = pb_mem(r->m);

    pthread_mutex_lock(&mem->lock);
    gboolean was = r->enabled;
    r->enabled = on != 0;
    pthread_mutex_unlock(&mem->lock);
    if (was != (on != 0))
        pb_view_update(r->m);
}

void pb_region_move(pb_region *r, uint64_t off)
{
    struct pb_mem *mem = pb_mem(r->m);

    pthread_mutex_lock(&mem->lock);
    gboolean same = r->off == off;
    r->off = off;
    pthread_mutex_unlock(&mem->lock);
    if (!same && r->parent)
        pb_view_update(r->m);
}

/* Aliases of a region that goes away show nothing; its children are left alone. */
static void cut(struct pb_mem *mem, pb_region *r)
{
    for (guint i = 0; i < mem->regions->len; i++) {
        pb_region *o = g_ptr_array_index(mem->regions, i);
        if (o->target == r)
            o->target = NULL;
        if (o->parent == r)
            o->parent = NULL;
    }
    g_ptr_array_remove(mem->regions, r);
}

void pb_region_free(pb_region *r)
{
    struct pb_mem *mem = pb_mem(r->m);
    struct pb_machine *m = r->m;

    if (mem->leaving)
        return;
    pthread_mutex_lock(&mem->lock);
    if (r->parent)
        g_ptr_array_remove(r->parent->children, r);
    cut(mem, r);
    pthread_mutex_unlock(&mem->lock);
    pb_view_update(m); /* an alias may have shown it */
    region_destroy(r);
}

/* ---- pb.mem/1 ------------------------------------------------------------------------- */

static int set_ops(pb_region *r, const struct pb_region_ops *ops, void *opaque, pb_err *e)
{
    r->ops = ops;
    r->opaque = opaque;
    r->min = ops->min ? ops->min : 1;
    r->max = ops->max ? ops->max : 8;
    r->impl_min = ops->impl_min ? ops->impl_min : 1;
    r->impl_max = ops->impl_max ? ops->impl_max : 8;
    const uint32_t v[] = {r->min, r->max, r->impl_min, r->impl_max};
    for (int i = 0; i < 4; i++)
        if (v[i] > 8 || (v[i] & (v[i] - 1)))
            return pb_err_set(e, PB_EINVAL, "region '%s': access size %u is not 1, 2, 4 or 8",
                              r->name, v[i]);
    if (r->min > r->max || r->impl_min > r->impl_max)
        return pb_err_set(e, PB_EINVAL, "region '%s': smallest access above the largest",
                          r->name);
    if (!ops->access && (!ops->read || !ops->write))
        return pb_err_set(e, PB_EINVAL, "region '%s' has no callbacks", r->name);
    return 0;
}

static pb_region *mem_io(pb_dev *d, const char *name, uint64_t len,
                         const struct pb_region_ops *ops, void *opaque, pb_err *e)
{
    pb_region *r = region_new(d->m, d, PB_REGION_IO, name, len, e);

    if (r && set_ops(r, ops, opaque, e) < 0) {
        pb_region_free(r);
        return NULL;
    }
    return r;
}

static pb_region *mem_ram(pb_dev *d, const char *name, uint64_t len, uint32_t flags,
                          uint8_t **host, pb_err *e)
{
    pb_region *r = pb_region_ram(d->m, d, name, len, flags, e);

    if (r && host)
        *host = r->host;
    return r;
}

static pb_region *mem_rom_device(pb_dev *d, const char *name, uint64_t len,
                                 const struct pb_region_ops *ops, void *opaque, uint8_t **host,
                                 pb_err *e)
{
    pb_region *r = region_new(d->m, d, PB_REGION_ROM_DEVICE, name, len, e);

    if (!r)
        return NULL;
    if (set_ops(r, ops, opaque, e) < 0 || back_with_ram(r, e) < 0) {
        pb_region_free(r);
        return NULL;
    }
    atomic_store(&r->rom_mode, 1);
    if (host)
        *host = r->host;
    return r;
}

static void mem_rom_mode(pb_region *r, uint32_t on)
{
    if (r->kind != PB_REGION_ROM_DEVICE || atomic_exchange(&r->rom_mode, on != 0) == (on != 0))
        return;
    pb_view_changed_region(r, 0, r->last);
}

static void mem_touched(pb_region *r, uint64_t off, uint64_t len)
{
    if (!r->host || off > r->last || len == 0)
        return;
    pb_written(r, off, MIN(len - 1, r->last - off) + 1);
}

static pb_region *mem_container(pb_dev *d, const char *name, uint64_t len, pb_err *e)
{
    return region_new(d->m, d, PB_REGION_CONTAINER, name, len, e);
}

static pb_region *mem_alias(pb_dev *d, const char *name, pb_region *of, uint64_t off,
                            uint64_t len, pb_err *e)
{
    pb_region *r = region_new(d->m, d, PB_REGION_ALIAS, name, len, e);

    if (r) {
        r->target = of;
        r->target_off = off;
    }
    return r;
}

static int mem_publish(pb_dev *d, uint32_t i, pb_region *r, pb_err *e)
{
    const struct pb_device_class *c = d->cls->table;

    if (d->cls->kind != PB_KIND_DEVICE || i >= c->n_regions)
        return pb_err_set(e, PB_EINVAL, "'%s' has no region %u to publish", d->name, i);
    if (i >= d->regions->len)
        g_ptr_array_set_size(d->regions, (gint)i + 1);
    g_ptr_array_index(d->regions, i) = r;
    return 0;
}

/* The view that the nearest bus above gives, else the whole. */
static pb_as *mem_as(pb_dev *d)
{
    for (; d->bus && d->bus->ctl; d = d->bus->ctl) {
        void *self;
        const struct pb_bus_parent *p = pb_dev_interface(d->bus->ctl, PB_BUS_PARENT, &self);
        pb_as *as = PB_HAS(struct pb_bus_parent, p, as) ? p->as(self, d->bus->index, d) : NULL;
        if (as)
            return as;
    }
    return &pb_mem(d->m)->system;
}

/* ---- Gates ---------------------------------------------------------------------------- */

static pb_as *mem_gate(pb_dev *d, pb_as *of, pb_err *e)
{
    struct pb_mem *mem = pb_mem(d->m);

    PB_ASSERT_MAIN();
    if (of != &mem->system) {
        pb_err_set(e, PB_ENOTSUP, "'%s': a gate before a gate is not supported", d->name);
        return NULL;
    }
    pb_as *as = g_new0(pb_as, 1);
    as->m = d->m;
    as->root = mem->system.root;
    as->owner = d;
    pthread_mutex_lock(&mem->lock);
    as->gen = ++mem->gate_gen;
    atomic_store(&as->view, mem->nothing);
    g_ptr_array_add(mem->gates, as);
    pthread_mutex_unlock(&mem->lock);
    return as;
}

static void mem_gate_open(pb_as *as, uint32_t on)
{
    struct pb_mem *mem = pb_mem(as->m);

    pthread_mutex_lock(&mem->lock);
    if (as->owner && as->open != (on != 0)) {
        as->open = on != 0;
        atomic_store(&as->view, as->open ? atomic_load(&mem->system.view) : mem->nothing);
        __atomic_store_n(&as->gen, ++mem->gate_gen, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&mem->lock);
}

void pb_gates_free(pb_dev *d)
{
    struct pb_mem *mem = pb_mem(d->m);

    pthread_mutex_lock(&mem->lock);
    for (guint i = mem->gates->len; i-- > 0;) {
        pb_as *as = g_ptr_array_index(mem->gates, i);
        if (as->owner == d) {
            g_ptr_array_remove_index_fast(mem->gates, i);
            g_free(as);
        }
    }
    pthread_mutex_unlock(&mem->lock);
}

static void mem_dirty(pb_as *as, struct pb_window *w, uint64_t off, uint64_t len)
{
    if (off > w->len || len == 0)
        return;
    len = MIN(len, w->len - off);
    pb_epoch_enter();
    const struct pb_range *g = pb_view_find(atomic_load(&as->view), w->gpa + off);
    pb_region *r = g && g->r->host ? g->r : NULL;
    if (r && w->host >= r->host && w->host - r->host <= (ptrdiff_t)r->last)
        pb_written(r, (uint64_t)(w->host - r->host) + off, len);
    else
        pb_written_host(as->m, w->host + off, len);
    pb_epoch_leave();
}

static void mem_unmap(pb_as *as, struct pb_window *w, uint64_t dirtied)
{
    mem_dirty(as, w, 0, dirtied);
    w->host = NULL;
    w->len = 0;
}

const struct pb_svc_mem pb_mem_service = {
    .size = sizeof(struct pb_svc_mem),
    .io = mem_io,
    .ram = mem_ram,
    .rom_device = mem_rom_device,
    .rom_mode = mem_rom_mode,
    .touched = mem_touched,
    .container = mem_container,
    .alias = mem_alias,
    .place = pb_region_place,
    .unplace = pb_region_unplace,
    .enable = pb_region_enable,
    .move = pb_region_move,
    .publish = mem_publish,
    .as = mem_as,
    .read = pb_dma_read,
    .write = pb_dma_write,
    .map = pb_dma_map,
    .unmap = mem_unmap,
    .dirty = mem_dirty,
    .gate = mem_gate,
    .gate_open = mem_gate_open,
};
