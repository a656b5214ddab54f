/* SPDX-License-Identifier: MIT */
/* access.c - from a guest address to host memory or a device: walk, span, TLB fill; and
 * guest physical memory for page walks.
 *
 * tag_r and tag_w hold what generated code may use by itself. A page that may be written,
 * but where C must look first (watched for code), is in tag_c. Devices and pages whose
 * permissions hold for less than a page never enter the TLB; devices have a small table.
 */
#include "priv.h"

#include "../cache/cache.h"

_Noreturn void xl_raise(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    xl_sync(x);
    xl_ctx_back(x);
    if (x->engine->log & XL_LOG_INT)
        xl_log(x, "fault cpu %u pc 0x%llx %s 0x%llx code %d", x->svc->index(x->cpu),
               (unsigned long long)x->pc,
               access == XL_R ? "load" : access == XL_W ? "store" : "fetch",
               (unsigned long long)va, code);
    x->guest->fault(x, va, access, code);
    xl_leave(x);
}

/* ---- Spans ---------------------------------------------- */

static int span_at(struct xl_vcpu *x, uint64_t pa, struct pb_span *s)
{
    struct xl_run *r = xl_r(x);
    int rc;

    for (uint32_t i = 0; i < XL_SPANS; i++) {
        if (pa - r->span[i].gpa < r->span[i].len) {
            *s = r->span[i];
            return PB_OK;
        }
    }
    rc = x->svc->span(x->cpu, pa, s);
    if (rc == PB_OK && pa - s->gpa < s->len)
        r->span[r->span_next++ % XL_SPANS] = *s;
    else if (rc == PB_OK)
        rc = PB_EFAULT;
    return rc;
}

/* What Secure accesses alone reach is nothing for another. */
int xl_span(struct xl_vcpu *x, uint64_t pa, struct pb_span *s)
{
    int rc = span_at(x, pa, s);

    if (rc == PB_OK && (s->reserved & PB_SPAN_SECURE) && !(x->attrs & PB_TXN_SECURE)) {
        s->len = 0;
        rc = PB_EFAULT;
    }
    return rc;
}

int xl_io(struct xl_vcpu *x, const struct pb_span *s, uint64_t pa, uint32_t bytes,
          uint32_t is_write, uint64_t *v)
{
    struct pb_span span = *s; /* the table it came from may change meanwhile */
    struct pb_txn t = {.off = pa - s->gpa, .val = *v, .bytes = bytes, .is_write = is_write,
                       .attrs = x->attrs};
    uint32_t was = x->in_unit;
    int rc;

    t.requester = x->svc->index(x->cpu);
    xl_r(x)->n_io++;
    xl_out(x);
    rc = x->svc->io(x->cpu, &span, &t);
    if (was)
        xl_in(x);
    if (rc == PB_OK && !is_write)
        *v = t.val;
    return rc == PB_OK ? PB_OK : PB_EFAULT;
}

static void mark_dirty(const struct pb_span *s, uint64_t pa)
{
    volatile uint8_t *d = s->dirty;

    if (!d)
        return;
    d += (pa >> XL_PAGE_BITS) - (s->gpa >> XL_PAGE_BITS);
    if (!__atomic_load_n(d, __ATOMIC_RELAXED))
        __atomic_store_n(d, 1, __ATOMIC_RELAXED);
}

static int is_dirty(const struct pb_span *s, uint64_t pa)
{
    return !s->dirty ||
           __atomic_load_n(&s->dirty[(pa >> XL_PAGE_BITS) - (s->gpa >> XL_PAGE_BITS)],
                           __ATOMIC_RELAXED);
}

/* Does someone watch this page: the host for another kind of CPU, or we? */
static int is_watched(struct xl_vcpu *x, const struct pb_span *s, uint64_t pa)
{
    if (s->code &&
        __atomic_load_n(&s->code[(pa >> XL_PAGE_BITS) - (s->gpa >> XL_PAGE_BITS)],
                        __ATOMIC_SEQ_CST))
        return 1;
    return xl_watched(x->engine, pa);
}

/* ---- Filling ---------------------------------------------- */

static void grow(struct xl_ctx *c)
{
    uint32_t n = (uint32_t)(c->tlb_mask >> 3) + 1;

    if (n >= XL_TLB_MAX)
        return;
    c->tlb_mask = ((uint64_t)n * 2 - 1) << 3;
    /* Entries move; what was at i belongs to i or i + n now. */
    for (uint32_t i = 0; i < n; i++) {
        uint64_t page = c->tag_r[i] != UINT64_MAX ? c->tag_r[i] : c->tag_c[i];
        uint32_t to = (uint32_t)(page >> XL_PAGE_BITS) & (2 * n - 1);

        c->tag_r[i + n] = c->tag_w[i + n] = c->tag_c[i + n] = UINT64_MAX;
        if (page == UINT64_MAX || to == i)
            continue;
        c->tag_r[to] = c->tag_r[i];
        c->tag_w[to] = c->tag_w[i];
        c->tag_c[to] = c->tag_c[i];
        c->add[to] = c->add[i];
        c->pa[to] = c->pa[i];
        c->tag_r[i] = c->tag_w[i] = c->tag_c[i] = UINT64_MAX;
    }
    c->misses = 0;
}

/* Enter a page of RAM. `w` allows at least the access at hand. */
static void fill(struct xl_vcpu *x, uint64_t va, const struct xl_walk *w,
                 const struct pb_span *s, uint32_t watched)
{
    struct xl_ctx *c = x->ctx;
    uint64_t page = va & ~(uint64_t)XL_PAGE_MASK, pa = w->pa & ~(uint64_t)XL_PAGE_MASK;
    uint32_t i;

    if (x->engine->chaos_fault || xl_chaos(x, x->engine->chaos_tlb) || xl_wp_page(x, va))
        return;
    if (c->misses > (uint32_t)(c->tlb_mask >> 3) * 2)
        grow(c);
    i = (uint32_t)(page >> XL_PAGE_BITS) & (uint32_t)(c->tlb_mask >> 3);
    c->fills++;
    if (c->tag_r[i] == UINT64_MAX && c->tag_c[i] == UINT64_MAX)
        c->used++;
    else if (c->tag_r[i] != page && c->tag_c[i] != page)
        c->misses++;
    c->tag_r[i] = w->prot & XL_PROT_R ? page : UINT64_MAX;
    c->tag_w[i] = c->tag_c[i] = UINT64_MAX;
    /* A clean page gets its first write noticed: it comes here again for it. So does each write of
     * one that may not be read (Arm's stage 2): generated code takes the first for the second. */
    if ((w->prot & XL_PROT_W) && (w->prot & XL_PROT_R) && s->writable && is_dirty(s, pa)) {
        c->tag_c[i] = page;
        if (!watched)
            c->tag_w[i] = page;
    }
    c->add[i] = (uint64_t)(uintptr_t)s->host + (pa - s->gpa) - page;
    c->pa[i] = pa;
}

static void fill_io(struct xl_vcpu *x, uint64_t va, const struct xl_walk *w,
                    const struct pb_span *s)
{
    struct xl_iopage *io = &x->ctx->io[(va >> XL_PAGE_BITS) % XL_IOTLB];
    uint64_t page = va & ~(uint64_t)XL_PAGE_MASK;

    if (xl_wp_page(x, va))
        return;
    x->ctx->fills++;
    io->tag_r = w->prot & XL_PROT_R && !s->host ? page : UINT64_MAX;
    io->tag_w = w->prot & XL_PROT_W ? page : UINT64_MAX;
    io->pa = w->pa & ~(uint64_t)XL_PAGE_MASK;
    io->attrs = x->attrs;
    io->span = *s;
}

/* A span smaller than the page is not entered: its neighbour may be something else. */
static int covers_page(const struct pb_span *s, uint64_t pa)
{
    uint64_t page = pa & ~(uint64_t)XL_PAGE_MASK;

    return page >= s->gpa && page - s->gpa + XL_PAGE_SIZE <= s->len;
}

/* ---- Resolving ---------------------------------------------- */

static int in_tables(struct xl_vcpu *x, uint64_t va, uint32_t access, struct xl_acc *a)
{
    struct xl_ctx *c = x->ctx;
    uint64_t page = va & ~(uint64_t)XL_PAGE_MASK;
    uint32_t i = (uint32_t)(va >> XL_PAGE_BITS) & (uint32_t)(c->tlb_mask >> 3);
    const struct xl_iopage *io = &c->io[(va >> XL_PAGE_BITS) % XL_IOTLB];

    a->watched = 0;
    if ((access == XL_W ? c->tag_c[i] : c->tag_r[i]) == page) {
        a->pa = c->pa[i] | (va & XL_PAGE_MASK);
        a->host = (uint8_t *)(uintptr_t)(c->add[i] + va);
        if (access == XL_W && c->tag_w[i] != page) {
            /* The host may watch it for others: only we ourselves let it go. */
            struct pb_span s;

            a->watched = xl_span(x, a->pa, &s) != PB_OK || is_watched(x, &s, a->pa);
            if (!a->watched)
                c->tag_w[i] = page;
        }
        return 1;
    }
    if ((access == XL_W ? io->tag_w : io->tag_r) == page) {
        a->pa = io->pa | (va & XL_PAGE_MASK);
        a->host = NULL;
        a->span = io->span;
        x->attrs = io->attrs;
        return 1;
    }
    return 0;
}

/* User mode: the address is the host's. Whether something is there, the access will tell. */
static void resolve_direct(struct xl_vcpu *x, uint64_t va, uint32_t access, struct xl_acc *a)
{
    uint32_t tag = x->guest->tag_bits;

    if (tag) /* the bit below the tag tells the half of the address space */
        va = (uint64_t)((int64_t)(va << tag) >> tag);
    if (va >= x->top || va < XL_PAGE_SIZE) /* the first page: NULL means no RAM here */
        xl_raise(x, va, access, XL_FAULT_MAP);
    a->watched = 0;
    a->pa = va;
    a->host = (uint8_t *)(uintptr_t)va;
    xl_r(x)->touch = 1;
}

void xl_resolve(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access,
                struct xl_acc *a)
{
    struct xl_walk w = {0};
    int rc;

    if (xl_r(x)->n_wp)
        xl_wp_check(x, va, size, access);
    if (x->top) {
        resolve_direct(x, va, access, a);
        return;
    }
    if (in_tables(x, va, access, a))
        return;
    xl_r(x)->n_fills++;
    rc = x->guest->walk(x, va, access, 0, &w);
    if (!rc && x->watches) /* what is watched never is in a table, so it always comes here */
        rc = x->guest->watch(x, va, size, access);
    if (rc)
        xl_raise(x, va, access, rc);
    a->pa = w.pa;
    if (xl_span(x, w.pa, &a->span) != PB_OK || w.pa - a->span.gpa + size > a->span.len)
        xl_raise(x, va, access, XL_FAULT_BUS);
    if (w.bits > XL_PAGE_BITS)
        xl_note_big(x->ctx, va, w.bits);
    if (!a->span.host || (access == XL_W && !a->span.writable)) {
        a->host = NULL;
        if (!w.uncached && covers_page(&a->span, w.pa))
            fill_io(x, va, &w, &a->span);
        return;
    }
    a->host = a->span.host + (w.pa - a->span.gpa);
    if (access == XL_W)
        mark_dirty(&a->span, w.pa);
    a->watched = is_watched(x, &a->span, w.pa);
    if (!w.uncached && covers_page(&a->span, w.pa))
        fill(x, va, &w, &a->span, a->watched);
    a->watched = a->watched && access == XL_W;
}

const struct xl_xpage *xl_resolve_x(struct xl_vcpu *x, uint64_t va)
{
    uint64_t page = va & ~(uint64_t)XL_PAGE_MASK;
    struct xl_xpage *xp = &x->ctx->x[(va >> XL_PAGE_BITS) % XL_XTLB];
    struct xl_walk w = {0};
    struct pb_span s;
    int rc;

    if (xp->va == page)
        return xp;
    if (x->top) {
        uint64_t end;
        uint32_t map = va < x->top ? x->user->at(va, &end) : 0;

        if (!(map & PB_UMAP_EXEC))
            xl_raise(x, va, XL_X, map ? XL_FAULT_PROT : XL_FAULT_MAP);
        xp->mutable = (map & (PB_UMAP_WRITE | PB_UMAP_SHARED)) != 0;
        xp->va = xp->pa = page;
        xp->host = (const uint8_t *)(uintptr_t)page;
        return xp;
    }
    rc = x->guest->walk(x, va, XL_X, 0, &w);
    if (rc)
        xl_raise(x, va, XL_X, rc);
    if (xl_span(x, w.pa, &s) != PB_OK || !s.host || !covers_page(&s, w.pa))
        xl_raise(x, va, XL_X, XL_FAULT_BUS); /* no code in devices: see translate.c */
    if (w.bits > XL_PAGE_BITS)
        xl_note_big(x->ctx, va, w.bits);
    x->ctx->fills++;
    xp->va = w.uncached ? UINT64_MAX : page;
    xp->pa = w.pa & ~(uint64_t)XL_PAGE_MASK;
    xp->host = s.host + (xp->pa - s.gpa);
    return xp;
}

/* ---- Physical memory ---------------------------------------------- */

static uint8_t *phys(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, struct pb_span *s)
{
    if (xl_span(x, pa, s) != PB_OK || !s->host || pa - s->gpa + bytes > s->len)
        return NULL;
    return s->host + (pa - s->gpa);
}

int xl_phys_ld(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t *v)
{
    struct pb_span s = {0};
    const uint8_t *p = phys(x, pa, bytes, &s);

    *v = 0;
    if (!p) /* s.len: something is there, a device */
        return s.len && !s.host && pa - s.gpa + bytes <= s.len ? xl_io(x, &s, pa, bytes, 0, v)
                                                                : PB_EFAULT;
    if (((uintptr_t)p & (bytes - 1)) == 0) {
        *v = xl_ram_ld(p, bytes);
        return PB_OK;
    }
    for (uint32_t i = 0; i < bytes; i++)
        *v |= xl_ram_ld(p + i, 1) << (8 * i);
    return PB_OK;
}

static void wrote(struct xl_vcpu *x, const struct pb_span *s, uint64_t pa, uint32_t bytes)
{
    mark_dirty(s, pa);
    xl_barrier(x);
    if (is_watched(x, s, pa))
        xl_stored(x, pa, bytes);
}

int xl_phys_st(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t v)
{
    struct pb_span s = {0};
    uint8_t *p = phys(x, pa, bytes, &s);

    if (!p || !s.writable)
        return s.len && !s.host && pa - s.gpa + bytes <= s.len ? xl_io(x, &s, pa, bytes, 1, &v)
                                                                : PB_EFAULT;
    if (((uintptr_t)p & (bytes - 1)) == 0) {
        xl_ram_st(p, bytes, v);
    } else {
        for (uint32_t i = 0; i < bytes; i++)
            xl_ram_st(p + i, 1, v >> (8 * i));
    }
    wrote(x, &s, pa, bytes);
    return PB_OK;
}

int xl_phys_cas(struct xl_vcpu *x, uint64_t pa, uint32_t bytes, uint64_t *expect, uint64_t v)
{
    struct pb_span s = {0};
    uint8_t *p = phys(x, pa, bytes, &s);
    uint32_t e32 = (uint32_t)*expect;

    if (!p || !s.writable || ((uintptr_t)p & (bytes - 1)) || (bytes != 4 && bytes != 8))
        return PB_EFAULT;
    if (bytes == 8) {
        __atomic_compare_exchange_n((uint64_t *)(void *)p, expect, v, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    } else {
        __atomic_compare_exchange_n((uint32_t *)(void *)p, &e32, (uint32_t)v, 0,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
        *expect = e32;
    }
    wrote(x, &s, pa, bytes);
    return PB_OK;
}

int xl_copy(struct xl_vcpu *x, uint64_t va, void *buf, uint64_t n, uint32_t write)
{
    struct xl_walk w = {0};
    uint8_t *b = buf;
    uint64_t v;

    for (uint64_t i = 0; i < n;) {
        uint64_t at = va + i, in_page = at & XL_PAGE_MASK;
        uint32_t size = n - i >= 8 && (at & 7) == 0 ? 8 : 1;
        if ((i == 0 || in_page == 0) && x->guest->walk(x, at, write ? XL_W : XL_R, 0, &w) != 0)
            return PB_EFAULT;
        v = 0;
        if (write)
            memcpy(&v, b + i, size);
        uint64_t pa = (w.pa & ~(uint64_t)XL_PAGE_MASK) | in_page;
        if ((write ? xl_phys_st(x, pa, size, v) : xl_phys_ld(x, pa, size, &v)) != PB_OK)
            return PB_EFAULT;
        if (!write)
            memcpy(b + i, &v, size);
        i += size;
    }
    return PB_OK;
}
