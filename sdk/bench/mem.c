/* SPDX-License-Identifier: MIT */
/* mem.c - pb.mem/1, first half: regions, and accesses to them as a bus makes them. */
#include "mem.h"

#define NOWHERE UINT64_MAX

static pb_region *new_region(pb_dev *d, const char *name, uint64_t len, int kind, pb_err *e)
{
    pbt__need_main(d->b, "pb.mem: making a region");
    if (len == 0) {
        d->b->host.fail(e, PB_EINVAL, "a region of 0 bytes");
        return NULL;
    }
    pb_region *r = pbt__alloc(sizeof *r);
    r->d = d;
    r->name = pbt__dup(name);
    r->len = len;
    r->kind = (unsigned)kind;
    r->enabled = 1;
    r->next = d->regions;
    d->regions = r;
    return r;
}

static void set_ops(pb_region *r, const struct pb_region_ops *ops, void *opaque)
{
    r->ops = *ops;
    r->opaque = opaque;
    if (!r->ops.min)
        r->ops.min = 1;
    if (!r->ops.max)
        r->ops.max = 8;
    if (!r->ops.impl_min)
        r->ops.impl_min = r->ops.min;
    if (!r->ops.impl_max)
        r->ops.impl_max = r->ops.max;
    if (r->ops.min > r->ops.max || r->ops.impl_min > r->ops.impl_max || r->ops.max > 8)
        pbt__die(r->d->b, "region '%s': impossible access widths", r->name);
    if (!r->ops.access && (!r->ops.read || !r->ops.write))
        pbt__die(r->d->b, "region '%s': no read or no write callback", r->name);
}

static pb_region *mem_io(pb_dev *d, const char *name, uint64_t len,
                         const struct pb_region_ops *ops, void *opaque, pb_err *e)
{
    pb_region *r = new_region(d, name, len, R_IO, e);

    if (r)
        set_ops(r, ops, opaque);
    return r;
}

static pb_region *mem_ram(pb_dev *d, const char *name, uint64_t len, uint32_t flags,
                          uint8_t **host, pb_err *e)
{
    pb_region *r = new_region(d, name, len, R_RAM, e);

    if (!r)
        return NULL;
    r->flags = flags;
    r->host = pbt__alloc(len);
    *host = r->host;
    return r;
}

static pb_region *mem_rom_device(pb_dev *d, const char *name, uint64_t len,
                                 const struct pb_region_ops *ops, void *opaque, uint8_t **host,
                                 pb_err *e)
{
    pb_region *r = mem_ram(d, name, len, 0, host, e);

    if (!r)
        return NULL;
    r->kind = R_ROMD;
    r->rom_on = 1;
    set_ops(r, ops, opaque);
    return r;
}

static void mem_rom_mode(pb_region *r, uint32_t on)
{
    pbt__need_dev(r->d, "pb.mem rom_mode()");
    if (r->kind != R_ROMD)
        pbt__die(r->d->b, "rom_mode() of '%s', which is no rom_device", r->name);
    r->rom_on = on != 0;
}

static void mem_touched(pb_region *r, uint64_t off, uint64_t len)
{
    pbt__need_dev(r->d, "pb.mem touched()");
    if (!r->host || off > r->len || len > r->len - off)
        pbt__die(r->d->b, "touched() beyond region '%s'", r->name);
}

static pb_region *mem_container(pb_dev *d, const char *name, uint64_t len, pb_err *e)
{
    return new_region(d, name, len, R_CONTAINER, e);
}

static pb_region *mem_alias(pb_dev *d, const char *name, pb_region *of, uint64_t off,
                            uint64_t len, pb_err *e)
{
    if (off > of->len || len > of->len - off) {
        d->b->host.fail(e, PB_EINVAL, "the alias reaches beyond its region");
        return NULL;
    }
    pb_region *r = new_region(d, name, len, R_ALIAS, e);
    if (r) {
        r->of = of;
        r->of_off = off;
    }
    return r;
}

static void mem_unplace(pb_region *r)
{
    pbt__need_main(r->d->b, "pb.mem unplace()");
    for (pb_region **p = r->parent ? &r->parent->child : NULL; p && *p; p = &(*p)->sibling) {
        if (*p == r) {
            *p = r->sibling;
            break;
        }
    }
    r->parent = NULL;
    r->d->b->gen++;
}

static int mem_place(pb_region *parent, pb_region *r, uint64_t off, int32_t prio, pb_err *e)
{
    pbt__need_main(r->d->b, "pb.mem place()");
    if (parent->kind != R_CONTAINER || r->parent)
        return r->d->b->host.fail(e, PB_EINVAL, "place: no container, or placed already");
    r->off = off;
    r->prio = prio;
    r->parent = parent;
    pb_region **p = &parent->child;
    while (*p && (*p)->prio >= prio) /* the first that matches is the one seen */
        p = &(*p)->sibling;
    r->sibling = *p;
    *p = r;
    r->d->b->gen++;
    return PB_OK;
}

static void mem_enable(pb_region *r, uint32_t on)
{
    pbt__need_dev(r->d, "pb.mem enable()");
    r->enabled = on != 0;
    r->d->b->gen++;
}

static void mem_move(pb_region *r, uint64_t off)
{
    pbt__need_dev(r->d, "pb.mem move()");
    r->off = off;
    r->d->b->gen++;
}

static int mem_publish(pb_dev *d, uint32_t i, pb_region *r, pb_err *e)
{
    pbt__need_main(d->b, "pb.mem publish()");
    if (i >= d->cls->n_regions || d->pub[i])
        return d->b->host.fail(e, PB_EINVAL, "publish: no such region, or published already");
    d->pub[i] = r;
    return PB_OK;
}

void pbt__drop_regions(pb_dev *d)
{
    while (d->regions) {
        pb_region *r = d->regions;
        d->regions = r->next;
        free(r->host);
        free(r->name);
        free(r);
    }
    while (d->gates) {
        pb_as *g = d->gates;
        d->gates = g->next;
        free(g);
    }
    for (uint32_t i = 0; d->pub && i < d->cls->n_regions; i++)
        d->pub[i] = NULL;
    d->b->gen++;
}

/* ---- Accesses ---------------------------------------------------------------------- */

/* The leaf that answers at `*off` of `r`; `*off` becomes relative to it. */
pb_region *pbt__resolve(pb_region *r, uint64_t *off)
{
    for (int depth = 0; r && depth < 32; depth++) {
        if (!r->enabled || *off >= r->len)
            return NULL;
        if (r->kind == R_ALIAS) {
            *off += r->of_off;
            r = r->of;
        } else if (r->kind == R_CONTAINER) {
            pb_region *c = r->child;
            while (c && !(c->enabled && *off >= c->off && *off - c->off < c->len))
                c = c->sibling;
            if (c)
                *off -= c->off;
            r = c;
        } else {
            return r;
        }
    }
    return NULL;
}

static int call_one(pb_region *r, struct pb_txn *t)
{
    pbt *b = r->d->b;
    struct pbt_ctx c;
    int rc = PB_OK;

    pbt__enter(b, &c, TAG_DEV, r->d);
    b->in_mmio++;
    if (r->ops.access)
        rc = r->ops.access(r->opaque, t);
    else if (t->is_write)
        r->ops.write(r->opaque, t->off, t->val, t->bytes);
    else
        t->val = r->ops.read(r->opaque, t->off, t->bytes);
    b->in_mmio--;
    pbt__leave(b, &c, r->d);
    return rc;
}

static uint64_t low(uint64_t v, uint32_t bytes)
{
    return bytes >= 8 ? v : v & ((1ull << (bytes * 8)) - 1);
}

static uint64_t swap(uint64_t v, uint32_t bytes)
{
    uint64_t out = 0;

    for (uint32_t i = 0; i < bytes; i++)
        out = out << 8 | ((v >> (8 * i)) & 0xff);
    return out;
}

/* Split or widen to what the callbacks take; val is as the device sees it. */
static int call_split(pb_region *r, uint64_t off, uint64_t *val, uint32_t bytes, uint32_t write)
{
    uint32_t step = bytes > r->ops.impl_max ? r->ops.impl_max : bytes, wide = step;
    uint32_t big = r->ops.flags & PB_RO_BIG;
    uint64_t out = 0;

    if (wide < r->ops.impl_min)
        wide = r->ops.impl_min;
    for (uint32_t done = 0; done < bytes; done += step) {
        uint64_t base = (off + done) & ~(uint64_t)(wide - 1);
        uint32_t lane = wide == step ? 0 : (uint32_t)(off + done - base);
        uint32_t shift = 8 * (big ? wide - step - lane : lane);
        uint32_t part = 8 * (big ? bytes - step - done : done);
        struct pb_txn t = {.off = wide == step ? off + done : base, .bytes = wide,
                           .is_write = write, .requester = r->d->b->requester,
                           .attrs = r->d->b->attrs};
        if (write)
            t.val = low(*val >> part, step) << shift;
        int rc = call_one(r, &t);
        if (rc < 0)
            return rc;
        if (!write)
            out |= low(low(t.val, wide) >> shift, step) << part;
    }
    if (!write)
        *val = out;
    return PB_OK;
}

int pbt__access(pb_region *r, uint64_t off, uint64_t *val, uint32_t bytes, uint32_t write)
{
    r = r ? pbt__resolve(r, &off) : NULL;
    if (!r || bytes > r->len - off)
        return PB_EFAULT;
    if (r->kind == R_RAM || (r->kind == R_ROMD && r->rom_on && !write)) {
        if (write && !(r->flags & PB_RAM_ROM))
            memcpy(r->host + off, val, bytes);
        else if (!write)
            memcpy(val, r->host + off, bytes);
        return PB_OK;
    }
    if (bytes < r->ops.min || bytes > r->ops.max ||
        (off % bytes && !(r->ops.flags & PB_RO_UNALIGNED)))
        return PB_EFAULT;
    if (r->ops.flags & PB_RO_BIG) {
        uint64_t v = swap(*val, bytes);
        int rc = call_split(r, off, &v, bytes, write);
        if (!write && rc == PB_OK)
            *val = swap(v, bytes);
        return rc;
    }
    return call_split(r, off, val, bytes, write);
}

void pbt_as(pbt *b, uint32_t requester, uint32_t attrs)
{
    b->requester = requester;
    b->attrs = attrs;
}

static pb_region *published(pb_dev *d, uint32_t region)
{
    if (!d->realized || region >= d->cls->n_regions || !d->pub[region])
        pbt__die(d->b, "'%s' has not published region %u", d->name, region);
    return d->pub[region];
}

uint64_t pbt_read(pb_dev *d, uint32_t region, uint64_t off, uint32_t bytes)
{
    uint64_t val = 0;

    if (pbt__access(published(d, region), off, &val, bytes, 0) < 0) {
        d->b->faults++;
        return 0;
    }
    return val;
}

void pbt_write(pb_dev *d, uint32_t region, uint64_t off, uint64_t val, uint32_t bytes)
{
    val = low(val, bytes);
    if (pbt__access(published(d, region), off, &val, bytes, 1) < 0)
        d->b->faults++;
}

uint64_t pbt_region_len(pb_dev *d, uint32_t region)
{
    return published(d, region)->len;
}

void pbt_map(pb_dev *d, uint32_t region, uint64_t gpa)
{
    if (region >= d->cls->n_regions)
        pbt__die(d->b, "class %s has %u regions", d->cls->id, d->cls->n_regions);
    d->at[region] = gpa;
    d->b->gen++;
}

void pbt_remap(pbt *b)
{
    b->gen++;
}

uint64_t pbt_faults(pbt *b)
{
    return b->faults;
}

/* The published region mapped at `gpa`, with its offset. */
pb_region *pbt__region_at(pbt *b, uint64_t gpa, uint64_t *off)
{
    for (pb_dev *d = b->devs; d; d = d->next) {
        for (uint32_t i = 0; d->cls && d->realized && i < d->cls->n_regions; i++) {
            if (d->pub[i] && d->at[i] != NOWHERE && gpa >= d->at[i] &&
                gpa - d->at[i] < d->pub[i]->len) {
                *off = gpa - d->at[i];
                return d->pub[i];
            }
        }
    }
    return NULL;
}

uint64_t pbt_read_at(pbt *b, uint64_t gpa, uint32_t bytes)
{
    uint64_t off = 0, val = 0;
    struct pbt_ram *m = pbt__ram_at(b, gpa, bytes);

    if (m) {
        memcpy(&val, m->host + (gpa - m->gpa), bytes);
        return val;
    }
    pb_region *r = pbt__region_at(b, gpa, &off);
    if (pbt__access(r, off, &val, bytes, 0) < 0)
        b->faults++;
    return val;
}

void pbt_write_at(pbt *b, uint64_t gpa, uint64_t val, uint32_t bytes)
{
    uint64_t off = 0;
    struct pbt_ram *m = pbt__ram_at(b, gpa, bytes);

    val = low(val, bytes);
    if (m) {
        if (!m->rom)
            memcpy(m->host + (gpa - m->gpa), &val, bytes);
        return;
    }
    pb_region *r = pbt__region_at(b, gpa, &off);
    if (pbt__access(r, off, &val, bytes, 1) < 0)
        b->faults++;
}

const struct pb_svc_mem pbt__svc_mem = {
    .size = sizeof pbt__svc_mem, .io = mem_io, .ram = mem_ram, .rom_device = mem_rom_device,
    .rom_mode = mem_rom_mode, .touched = mem_touched, .container = mem_container,
    .alias = mem_alias, .place = mem_place, .unplace = mem_unplace, .enable = mem_enable,
    .move = mem_move, .publish = mem_publish, .as = pbt__dma_as, .read = pbt__dma_read,
    .write = pbt__dma_write, .map = pbt__dma_map, .unmap = pbt__dma_unmap,
    .dirty = pbt__dma_dirty, .gate = pbt__gate, .gate_open = pbt__gate_open,
};
