/* SPDX-License-Identifier: MIT */
/* ctx.c - address-space contexts: found by (key, mode word), sized, flushed.
 *
 * Translation of code depends on the mode word, so the jump cache of a context does too;
 * making it part of the identity means that switching it back and forth loses nothing.
 * The TLB doubles when entries push each other out often, and halves when a flush finds it
 * nearly empty. All of this is touched by the vCPU's own thread only, except jc_base.
 */
#include "priv.h"

#include <string.h>
#include <sys/mman.h>

struct xl_ctx xl_ctx_none;

static uint32_t entries(const struct xl_ctx *c)
{
    return (uint32_t)(c->tlb_mask >> 3) + 1;
}

static void clear_tags(struct xl_ctx *c)
{
    size_t bytes = entries(c) * sizeof(c->tag_r[0]);

    memset(c->tag_r, 0xff, bytes);
    memset(c->tag_w, 0xff, bytes);
    memset(c->tag_c, 0xff, bytes);
    c->used = c->misses = c->fills = 0;
}

static void clear_jc(struct xl_ctx *c)
{
    if (!c->jc_used)
        return;
    for (uint64_t m = c->jc_used; m; m &= m - 1)
        memset(&c->jc[(uint32_t)__builtin_ctzll(m) * XL_JC_PART], 0xff,
               XL_JC_PART * sizeof(c->jc[0]));
    c->jc_used = 0;
    memset(c->jc_pages, 0, sizeof(c->jc_pages));
}

static void forget_predictions(struct xl_vcpu *x)
{
    const struct xl_host *h = x->engine->host_code;

    if (h && h->forget)
        h->forget(x);
}

void xl_ctx_reset(struct xl_ctx *c)
{
    c->flushes++;
    c->n_big = 0;
    if (!c->fills)
        return;
    clear_jc(c);
    memset(c->x, 0xff, sizeof(c->x));
    c->fills = 0;
    if (c->vcpu->top)
        return; /* no TLB */
    if (c->used < entries(c) / 8 && entries(c) > XL_TLB_MIN)
        c->tlb_mask = ((uint64_t)entries(c) / 2 - 1) << 3;
    clear_tags(c);
    for (uint32_t i = 0; i < XL_IOTLB; i++)
        c->io[i].tag_r = c->io[i].tag_w = UINT64_MAX;
}

/* Start a context that was never used or is taken from another key. A new one is all zero:
 * address 0 belongs into the first entry of each table, and nowhere else does a zero match. */
static void ctx_start(struct xl_vcpu *x, struct xl_ctx *c)
{
    c->beside = &xl_ctx_none;
    if (c->vcpu) {
        xl_ctx_reset(c);
        return;
    }
    c->vcpu = x;
    c->tlb_mask = (uint64_t)(XL_TLB_MIN - 1) << 3;
    c->jc[0].va = UINT64_MAX;
    c->x[0].va = UINT64_MAX;
    if (x->top)
        return; /* the others are not used: do not touch them */
    c->tag_r[0] = c->tag_w[0] = c->tag_c[0] = UINT64_MAX;
    c->io[0].tag_r = c->io[0].tag_w = UINT64_MAX;
}

int xl_ctx_init(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    void *m = mmap(NULL, XL_CTXS * sizeof(struct xl_ctx), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (m == MAP_FAILED)
        return PB_ENOMEM;
    r->ctxs = m;
    r->fresh = 1;
    xl_ctx_none.tag_r[0] = xl_ctx_none.tag_w[0] = UINT64_MAX;
    ctx_start(x, &r->ctxs[0]);
    r->ctxs[0].stamp = ++r->stamp;
    r->ctxs[0].jc_base = r->ctxs[0].jc;
    x->ctx = &r->ctxs[0];
    return PB_OK;
}

void xl_ctx_fini(struct xl_vcpu *x)
{
    if (xl_r(x)->ctxs)
        munmap(xl_r(x)->ctxs, XL_CTXS * sizeof(struct xl_ctx));
    xl_r(x)->ctxs = NULL;
}

/* The context `c` gets another key: whose XL_M_BESIDE went there has to look again. */
static void ctx_reuse(struct xl_vcpu *x, struct xl_ctx *c)
{
    for (uint32_t i = 0; i < XL_CTXS; i++) {
        struct xl_ctx *from = &xl_r(x)->ctxs[i];

        if (from->beside == c)
            from->beside = &xl_ctx_none;
    }
    ctx_start(x, c);
}

static struct xl_ctx *ctx_for(struct xl_vcpu *x, const struct xl_ctxkey *k)
{
    struct xl_run *r = xl_r(x);
    struct xl_ctx *old = &r->ctxs[0];

    for (uint32_t i = 0; i < XL_CTXS; i++) {
        struct xl_ctx *c = &r->ctxs[i];

        if (c->stamp && c->key.a == k->a && c->key.b == k->b && c->mode == x->mode)
            return c;
        if (c->stamp < old->stamp)
            old = c;
        if (!c->stamp)
            break; /* they come into use in order: those behind were never touched */
    }
    ctx_reuse(x, old);
    old->key = *k;
    old->mode = x->mode;
    return old;
}

/* Now used, with what goes beside it: neither is the next one to be taken. */
static void stamp(struct xl_vcpu *x, struct xl_ctx *c)
{
    if (c->beside != &xl_ctx_none)
        c->beside->stamp = ++xl_r(x)->stamp;
    c->stamp = ++xl_r(x)->stamp;
}

void xl_ctx_switch(struct xl_vcpu *x)
{
    struct xl_ctx *c = x->ctx;
    struct xl_ctxkey k = {0, 0};

    x->mode = x->guest->mode ? x->guest->mode(x) : 0;
    if (x->guest->ctxkey)
        x->guest->ctxkey(x, &k);
    if (c->key.a == k.a && c->key.b == k.b && c->mode == x->mode)
        return;
    if (xl_r(x)->stamp == 1 && !c->fills) { /* the first, not used yet */
        c->key = k;
        c->mode = x->mode;
        return;
    }
    c = ctx_for(x, &k);
    stamp(x, c);
    /* A kick that still goes to the old context has set x->poll before: it is seen on entry
     * to the unit. */
    __atomic_store_n(&c->jc_base, c->jc, __ATOMIC_SEQ_CST);
    __atomic_store_n(&x->ctx, c, __ATOMIC_SEQ_CST);
    forget_predictions(x);
}

void xl_ctx_beside(struct xl_vcpu *x)
{
    struct xl_ctx *from = x->ctx;
    struct xl_ctxkey k = {0, 0};

    xl_r(x)->from = from;
    x->guest->beside(x, 1);
    if (from->beside == &xl_ctx_none) {
        if (x->guest->ctxkey)
            x->guest->ctxkey(x, &k);
        from->beside = ctx_for(x, &k);
        stamp(x, from);
    }
    __atomic_store_n(&x->ctx, from->beside, __ATOMIC_SEQ_CST);
}

void xl_ctx_back(struct xl_vcpu *x)
{
    struct xl_ctx *from = xl_r(x)->from;

    if (!from)
        return;
    xl_r(x)->from = NULL;
    x->guest->beside(x, 0);
    __atomic_store_n(&x->ctx, from, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&x->poll, __ATOMIC_SEQ_CST)) /* a kick may have seen the other one */
        __atomic_store_n(&from->jc_base, xl_jc_empty, __ATOMIC_SEQ_CST);
}

/* ---- Forgetting ------------------------------------------------------------------------- */

void xl_forget_code(struct xl_vcpu *x)
{
    for (uint32_t i = 0; i < XL_CTXS && xl_r(x)->ctxs[i].stamp; i++)
        clear_jc(&xl_r(x)->ctxs[i]);
    xl_own_forget(x);
    forget_predictions(x);
}

void xl_forget_all(struct xl_vcpu *x)
{
    for (uint32_t i = 0; i < XL_CTXS && xl_r(x)->ctxs[i].stamp; i++)
        xl_ctx_reset(&xl_r(x)->ctxs[i]);
    xl_r(x)->n_flushes++;
    xl_own_forget(x);
    forget_predictions(x);
}

void xl_forget_writes(struct xl_vcpu *x, uint64_t page)
{
    for (uint32_t i = 0; i < XL_CTXS; i++) {
        struct xl_ctx *c = &xl_r(x)->ctxs[i];

        if (!c->stamp)
            break;
        for (uint32_t j = 0; j < entries(c); j++) {
            if (c->tag_w[j] != UINT64_MAX && (page == UINT64_MAX || c->pa[j] == page)) {
                c->tag_c[j] = c->tag_w[j];
                c->tag_w[j] = UINT64_MAX;
            }
        }
    }
}

static int has_jc_page(const struct xl_ctx *c, uint64_t va)
{
    uint32_t h = (uint32_t)(va >> XL_PAGE_BITS) & 4095;

    return (int)(c->jc_pages[h >> 6] >> (h & 63) & 1);
}

static void set_jc_page(struct xl_ctx *c, uint64_t va)
{
    uint32_t h = (uint32_t)(va >> XL_PAGE_BITS) & 4095;

    c->jc_pages[h >> 6] |= (uint64_t)1 << (h & 63);
}

/* After a fork() a write costs the page's copy: none that changes nothing. */
int xl_jc_put(struct xl_vcpu *x, uint64_t pc, void *host, uint32_t crosses)
{
    struct xl_ctx *c = x->ctx;
    uint32_t at = xl_jc_hash(pc);
    struct xl_jc *j = &c->jc[at];

    if (j->va == pc && j->host == host)
        return 0;
    c->fills++;
    c->jc_used |= (uint64_t)1 << at / XL_JC_PART;
    j->va = pc;
    j->host = host;
    set_jc_page(c, pc);
    if (crosses)
        set_jc_page(c, pc + XL_PAGE_SIZE);
    return 1;
}

/* Code of the page of va, and what straddles into it. */
static void flush_jc_page(struct xl_vcpu *x, struct xl_ctx *c, uint64_t page)
{
    if (!has_jc_page(c, page))
        return;
    for (uint32_t at = 0; at < XL_PAGE_SIZE; at += 4) {
        struct xl_jc *j = &c->jc[xl_jc_hash(page + at)];

        if ((j->va & ~(uint64_t)XL_PAGE_MASK) == page)
            j->va = UINT64_MAX;
    }
    for (uint64_t pc = page - x->guest->max_insn + 1; pc != page; pc++) {
        struct xl_jc *j = &c->jc[xl_jc_hash(pc)];

        if (j->va == pc)
            j->va = UINT64_MAX;
    }
}

/* May the page be part of a larger mapping, so that more entries than its own come from it? */
static int in_big(const struct xl_ctx *c, uint64_t page)
{
    for (uint32_t i = 0; i < c->n_big; i++) {
        if ((page & c->big[i].mask) == c->big[i].base)
            return 1;
    }
    return 0;
}

/* The smallest aligned range with both. */
static struct xl_range join(struct xl_range a, struct xl_range b)
{
    struct xl_range r = {.mask = a.mask & b.mask};

    while ((a.base ^ b.base) & r.mask)
        r.mask <<= 1;
    r.base = a.base & r.mask;
    return r;
}

/* Kept apart as long as there is room, then joined with what is nearest: a kernel's linear
 * map must not swallow the small pages between it and its text. */
void xl_note_big(struct xl_ctx *c, uint64_t va, uint32_t bits)
{
    struct xl_range n = {.mask = bits < 64 ? ~(uint64_t)0 << bits : 0}, best = {0, 0};
    uint32_t at = 0;

    n.base = va & n.mask;
    for (uint32_t i = 0; i < c->n_big; i++) {
        struct xl_range j = join(c->big[i], n);

        if (j.mask == c->big[i].mask)
            return; /* inside already */
        if (j.mask > best.mask) {
            best = j;
            at = i;
        }
    }
    if (c->n_big < XL_BIGS)
        c->big[c->n_big++] = n;
    else
        c->big[at] = best;
}

static void flush_page(struct xl_vcpu *x, struct xl_ctx *c, uint64_t page)
{
    uint32_t i = (uint32_t)(page >> XL_PAGE_BITS) & (entries(c) - 1);
    struct xl_xpage *xp = &c->x[(page >> XL_PAGE_BITS) % XL_XTLB];
    struct xl_iopage *io = &c->io[(page >> XL_PAGE_BITS) % XL_IOTLB];

    if (in_big(c, page)) {
        xl_ctx_reset(c);
        return;
    }
    if (c->tag_r[i] == page || c->tag_w[i] == page || c->tag_c[i] == page)
        c->tag_r[i] = c->tag_w[i] = c->tag_c[i] = UINT64_MAX;
    if (xp->va == page)
        xp->va = UINT64_MAX;
    if (io->tag_r == page || io->tag_w == page)
        io->tag_r = io->tag_w = UINT64_MAX;
    flush_jc_page(x, c, page);
}

void xl_tlb_flush(struct xl_vcpu *x, const struct xl_ctxkey *want, const struct xl_ctxkey *mask,
                  uint64_t va, uint32_t all)
{
    all |= x->tagged;
    for (uint32_t i = 0; i < XL_CTXS; i++) {
        struct xl_ctx *c = &xl_r(x)->ctxs[i];

        if (!c->stamp)
            break;
        if (mask && (((c->key.a ^ want->a) & mask->a) || ((c->key.b ^ want->b) & mask->b)))
            continue;
        if (all)
            xl_ctx_reset(c);
        else
            flush_page(x, c, va & ~(uint64_t)XL_PAGE_MASK);
    }
    xl_r(x)->n_flushes++;
    xl_own_forget(x);
    forget_predictions(x);
}
