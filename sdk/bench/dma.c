/* SPDX-License-Identifier: MIT */
/* dma.c - pb.mem/1, second half: the bench's RAM, and DMA to it.
 *
 * Windows die with a change of the memory map (pbt_remap()). What DMA wrote is kept by
 * page, so a test can ask whether a device told of its writes.
 */
#include "mem.h"

#define PAGE 4096ull

uint8_t *pbt_ram(pbt *b, uint64_t gpa, uint64_t len)
{
    if (b->n_ram == sizeof b->ram / sizeof *b->ram || len == 0 || gpa > UINT64_MAX - len)
        pbt__die(b, "pbt_ram(): too many banks, or a bank of a bad size");
    struct pbt_ram *m = &b->ram[b->n_ram++];
    *m = (struct pbt_ram){gpa, len, pbt__alloc(len), pbt__alloc(len / PAGE + 2), 0};
    b->gen++;
    return m->host;
}

uint8_t *pbt_rom(pbt *b, uint64_t gpa, uint64_t len)
{
    uint8_t *host = pbt_ram(b, gpa, len);

    b->ram[b->n_ram - 1].rom = 1;
    return host;
}

struct pbt_ram *pbt__ram_at(pbt *b, uint64_t gpa, uint64_t len)
{
    for (uint32_t i = 0; i < b->n_ram; i++) {
        struct pbt_ram *m = &b->ram[i];
        if (gpa >= m->gpa && gpa - m->gpa < m->len && len <= m->len - (gpa - m->gpa))
            return m;
    }
    return NULL;
}

static void mark(struct pbt_ram *m, uint64_t gpa, uint64_t len)
{
    if (len)
        for (uint64_t p = (gpa - m->gpa) / PAGE; p <= (gpa - m->gpa + len - 1) / PAGE; p++)
            m->dirty[p] = 1;
}

int pbt_dirty(pbt *b, uint64_t gpa, uint64_t len)
{
    struct pbt_ram *m = pbt__ram_at(b, gpa, len);

    if (!m || !len)
        return 0;
    for (uint64_t p = (gpa - m->gpa) / PAGE; p <= (gpa - m->gpa + len - 1) / PAGE; p++) {
        if (m->dirty[p])
            return 1;
    }
    return 0;
}

void pbt_clean(pbt *b)
{
    for (uint32_t i = 0; i < b->n_ram; i++)
        memset(b->ram[i].dirty, 0, b->ram[i].len / PAGE + 2);
}

/* The view that the nearest bus above gives, else all there is. */
pb_as *pbt__dma_as(pb_dev *d)
{
    d->b->whole.b = d->b;
    for (; d->parent; d = d->parent) {
        const struct pb_bus_parent *p = pbt_provides(d->parent, PB_BUS_PARENT);
        pb_as *as = pbt__minor() && PB_HAS(struct pb_bus_parent, p, as)
                        ? p->as(d->parent->self, d->bus, d)
                        : NULL;
        if (as)
            return as;
    }
    return &d->b->whole;
}

pb_as *pbt__gate(pb_dev *d, pb_as *of, pb_err *e)
{
    pbt__need_main(d->b, "pb.mem gate()");
    if (of->gate) {
        d->b->host.fail(e, PB_ENOTSUP, "a gate before a gate");
        return NULL;
    }
    pb_as *as = pbt__alloc(sizeof *as);
    *as = (struct pb_as){.b = d->b, .next = d->gates, .gate = 1};
    return d->gates = as;
}

void pbt__gate_open(pb_as *as, uint32_t on)
{
    if (as->gate && as->open != on) {
        as->open = on;
        as->b->gen++;
    }
}

static int shut(const pb_as *as)
{
    return as->gate && !as->open;
}

/* Byte runs as aligned accesses of at most 8 bytes. */
static int in_steps(pb_region *r, uint64_t off, uint8_t *buf, uint64_t n, uint32_t write)
{
    while (n) {
        uint32_t step = 8;
        uint64_t v = 0;
        while (step > n || off % step)
            step /= 2;
        memcpy(&v, buf, step);
        int rc = pbt__access(r, off, &v, step, write);
        if (rc < 0)
            return rc;
        if (!write)
            memcpy(buf, &v, step);
        off += step, buf += step, n -= step;
    }
    return PB_OK;
}

/* MMIO reached by DMA. From soon() others of the same domain answer, too. */
static int dma_mmio(pbt *b, uint64_t gpa, uint8_t *buf, uint64_t n, uint32_t write)
{
    uint64_t off;
    pb_region *r = pbt__region_at(b, gpa, &off);

    if (!r || n > r->len - off)
        return PB_EFAULT;
    if (b->in_mmio)
        return PB_EREENTRY;
    b->by_dma++;
    int rc = in_steps(r, off, buf, n, write);
    b->by_dma--;
    return rc;
}

int pbt__dma_read(pb_as *as, uint64_t gpa, void *buf, uint64_t n)
{
    pbt *b = as->b;
    struct pbt_ram *m = pbt__ram_at(b, gpa, n);

    if (shut(as))
        return PB_EFAULT;
    if (!m)
        return dma_mmio(b, gpa, buf, n, 0);
    memcpy(buf, m->host + (gpa - m->gpa), n);
    return PB_OK;
}

int pbt__dma_write(pb_as *as, uint64_t gpa, const void *buf, uint64_t n)
{
    pbt *b = as->b;
    struct pbt_ram *m = pbt__ram_at(b, gpa, n);

    if (shut(as))
        return PB_EFAULT;
    if (!m)
        return dma_mmio(b, gpa, (uint8_t *)buf, n, 1);
    if (m->rom)
        return PB_EFAULT;
    memcpy(m->host + (gpa - m->gpa), buf, n);
    mark(m, gpa, n);
    return PB_OK;
}

int pbt__dma_map(pb_as *as, uint64_t gpa, uint64_t len, uint32_t write, struct pb_window *w)
{
    pbt *b = as->b;
    struct pbt_ram *m = pbt__ram_at(b, gpa, len);

    if (shut(as) || !m || (m->rom && write))
        return PB_ENOTSUP;
    *w = (struct pb_window){gpa, len, m->host + (gpa - m->gpa), &b->gen, b->gen, write != 0};
    return PB_OK;
}

static void written(pb_as *as, struct pb_window *w, uint64_t off, uint64_t len)
{
    pbt *b = as->b;
    struct pbt_ram *m = pbt__ram_at(b, w->gpa, w->len);

    if (off > w->len || len > w->len - off)
        pbt__die(b, "a window of %llu bytes cannot have bytes %llu to %llu dirty",
                 (unsigned long long)w->len, (unsigned long long)off,
                 (unsigned long long)(off + len));
    if (len && !w->writable)
        pbt__die(b, "a window mapped for reading was written");
    if (m)
        mark(m, w->gpa + off, len);
}

void pbt__dma_unmap(pb_as *as, struct pb_window *w, uint64_t dirtied)
{
    written(as, w, 0, dirtied);
    *w = (struct pb_window){0};
}

void pbt__dma_dirty(pb_as *as, struct pb_window *w, uint64_t off, uint64_t len)
{
    written(as, w, off, len);
}
