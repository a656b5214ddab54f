/* SPDX-License-Identifier: MIT */
/* translate.c - from a guest pc to the unit there, building it when there is none.
 *
 * The front end runs without a lock: the page is watched first, then its bytes are read,
 * and if anything was written there meanwhile (page gen) the work is thrown away and done
 * again. Only code generation and the tables are under e->lock.
 *
 * When the memory for units is used up, the vCPU takes the exclusive section, forgets all
 * units and starts again.
 *
 * Not modelled: execution from memory that is not RAM or ROM (XL_FAULT_BUS).
 */
#include "priv.h"

#include "../cache/cache.h"

#include <stdlib.h>
#include <string.h>

/* From now on a write to the page changes its gen: bytes may be read. */
static void build_in(struct xl_vcpu *x, uint32_t i, struct xl_page *p)
{
    struct xl_run *r = xl_r(x);

    if (x->top)
        return; /* see user.c */
    xl_watch(x, p);
    r->page[i] = p;
    r->gen[i] = __atomic_load_n(&p->gen, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&p->building, 1, __ATOMIC_SEQ_CST);
}

void xl_build_end(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);

    for (uint32_t i = 0; i < 2; i++) {
        if (r->page[i])
            __atomic_fetch_sub(&r->page[i]->building, 1, __ATOMIC_SEQ_CST);
        r->page[i] = NULL;
    }
}

/* The builder came to the second page of a straddling instruction. */
static const uint8_t *second_page(struct xl_vcpu *x, uint64_t va)
{
    struct xl_run *r = xl_r(x);
    const struct xl_xpage *xp = xl_resolve_x(x, va);
    const uint8_t *host = xp->host;
    struct xl_page *p;

    r->pa2 = xp->pa;
    r->mutable |= xp->mutable;
    if (x->stop_step || r->wp_hit || r->bp_skip || r->borrowed)
        return host; /* nothing will be kept */
    p = xl_page_get(x->engine, r->pa2);
    if (p) /* without one, xl_unit_insert() will refuse */
        build_in(x, 1, p);
    return host;
}

/* Build at pc, whose page is at `host`. */
static struct xl_block *build(struct xl_vcpu *x, uint64_t pc, uint64_t mode,
                              const uint8_t *host, uint32_t max_insns)
{
    struct xl_run *r = xl_r(x);
    struct xl_builder *b = &r->builder;

    xl_b_init(b, x->guest, pc, mode, &r->block);
    b->x = x;
    b->direct = x->top != 0;
    b->max_insns = max_insns;
    b->f.page = host;
    b->f.limit = b->f.limit2 = XL_PAGE_SIZE;
    b->f.second = second_page;
    b->stop = r->n_bp || x->engine->n_stops ? xl_bp_near : NULL;
    r->pa2 = UINT64_MAX;
    if (x->top) {
        b->f.seen = r->seen;
        b->f.seen_max = sizeof(r->seen);
        r->touch = 1;
    }
    x->guest->translate(b, pc, mode);
    r->touch = 0;
    xl_b_finish(b);
    if (x->engine->log & (XL_LOG_IN_ASM | XL_LOG_OP))
        xl_log_unit(x, &r->block, &b->f);
    return &r->block;
}

struct xl_block *xl_build(struct xl_vcpu *x, uint64_t pc, uint64_t mode)
{
    const struct xl_xpage *xp = xl_resolve_x(x, pc);

    return build(x, pc, mode, xp->host, XL_MAX_INSNS);
}

struct xl_unit *xl_step_unit(struct xl_vcpu *x, uint64_t pc, uint32_t max_insns)
{
    struct xl_run *r = xl_r(x);
    const struct xl_xpage *xp = xl_resolve_x(x, pc);

    if (!r->step && !(r->step = calloc(1, sizeof(*r->step))))
        return NULL;
    r->step->ir = build(x, pc, x->mode, xp->host, max_insns);
    r->step->pa = xp->pa | (pc & XL_PAGE_MASK);
    r->step->pa2 = UINT64_MAX;
    r->step->mode = x->mode;
    return r->step;
}

/* ---- Making units ---------------------------------------------- */

static int keep_ir(struct xl_engine *e, struct xl_unit *u, const struct xl_block *b)
{
    size_t n = offsetof(struct xl_block, op) + b->n_ops * sizeof(b->op[0]);

    u->ir = malloc(n);
    if (!u->ir)
        return PB_ENOMEM;
    memcpy(u->ir, b, n);
    e->unit_bytes += n;
    return PB_OK;
}

/* Direct exits that a back end may link. */
static uint32_t count_links(const struct xl_engine *e, const struct xl_block *b)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < b->n_ops; i++)
        n += (b->op[i].op == XL_OP_brc || b->op[i].op == XL_OP_exit) &&
             xl_linkable(b->guest, e->direct, b->op[i].imm);
    return n < XL_UNIT_LINKS ? n : XL_UNIT_LINKS;
}

/* A unit of the block; PB_ENOSPC: forget everything first. `src`: its bytes, if they have to be
 * kept, or NULL. Holds e->lock. */
static int make_unit(struct xl_engine *e, const struct xl_block *b, uint64_t pa, uint64_t pa2,
                     const uint8_t *src, struct xl_unit **out)
{
    uint32_t links = count_links(e, b);
    struct xl_unit *u;
    int rc;

    if (e->unit_bytes > e->code_bytes || (e->tiny_cache && e->n_units >= e->tiny_cache))
        return PB_ENOSPC;
    size_t size = sizeof(*u) + links * sizeof(u->link[0]);
    u = xl_arena(e, size);
    if (!u)
        return PB_ENOMEM;
    u->max_links = links;
    u->pa = pa;
    u->pa2 = b->crosses ? pa2 : UINT64_MAX;
    u->mode = b->mode;
    u->bytes = b->bytes;
    u->n_insns = b->n_insns;
    if (src && !(u->src = xl_arena(e, b->bytes)))
        return PB_ENOMEM;
    if (src)
        memcpy(u->src, src, b->bytes);
    rc = e->host_code && !e->n_watches ? e->host_code->compile(e, b, u) : PB_ENOTSUP;
    if (rc == PB_ENOTSUP) /* no back end, or one without an op: interpreted */
        rc = keep_ir(e, u, b);
    if (rc == PB_OK)
        rc = xl_unit_insert(e, u);
    if (rc != PB_OK) {
        free(u->ir);
        return rc;
    }
    e->unit_bytes += size;
    e->n_translated++;
    e->guest_bytes += u->bytes;
    e->host_bytes += u->code_size;
    *out = u;
    return PB_OK;
}

static void forget_every_unit(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;

    xl_exclusive(x);
    pthread_mutex_lock(&e->lock);
    xl_cache_clear(e);
    if (e->host_code)
        e->host_code->reset(e);
    e->n_flushes++;
    pthread_mutex_unlock(&e->lock);
    xl_forget_code(x);
    xl_ask_others(e, x, XL_REQ_JC);
    xl_shared(x);
}

/* The bytes that were read are still what is there. Holds e->lock. */
static int still_valid(const struct xl_run *r)
{
    for (uint32_t i = 0; i < 2; i++) {
        const struct xl_page *p = r->page[i];

        if (p && (__atomic_load_n(&p->gen, __ATOMIC_SEQ_CST) != r->gen[i] ||
                  __atomic_load_n(&p->watch, __ATOMIC_SEQ_CST) != XL_WATCHED))
            return 0;
    }
    return 1;
}

/* Exits that lead to units that there are need not come to C once each to be linked: half of all.
 * Not where each execution has to be seen. Holds e->lock. */
static void link_known(struct xl_vcpu *x, struct xl_unit *u)
{
    struct xl_engine *e = x->engine;

    if (!u->code || xl_r(x)->n_bp || e->chaos_drop || e->log & XL_LOG_EXEC)
        return;
    for (uint32_t i = 0; i < u->n_links; i++) {
        struct xl_link *l = &u->link[i];
        uint64_t pa = (u->pa & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)l->target;
        struct xl_unit *to = l->to || xl_stops_at(e, pa)
                                 ? NULL : xl_unit_find(e, pa, u->mode, UINT64_MAX);

        if (to && to->code)
            xl_unit_link(e, l, to);
    }
}

static struct xl_unit *translate(struct xl_vcpu *x, uint64_t pc, uint64_t pa,
                                 const uint8_t *host)
{
    struct xl_engine *e = x->engine;
    struct xl_run *r = xl_r(x);
    struct xl_page *p = xl_page_get(e, pa);
    struct xl_unit *u = NULL;
    uint32_t gen = __atomic_load_n(&e->map_gen, __ATOMIC_SEQ_CST);
    const struct xl_block *b;
    int rc = PB_EAGAIN;

    if (!p)
        return NULL;
    build_in(x, 0, p);
    b = build(x, pc, x->mode, host, XL_MAX_INSNS);
    pthread_mutex_lock(&e->lock);
    if (still_valid(r) && gen == e->map_gen) {
        u = xl_unit_find(e, pa, x->mode, b->crosses ? r->pa2 : UINT64_MAX);
        rc = u ? PB_OK : make_unit(e, b, pa, r->pa2, r->mutable ? r->seen : NULL, &u);
        if (rc == PB_OK)
            link_known(x, u);
    }
    pthread_mutex_unlock(&e->lock);
    xl_build_end(x);
    if (rc == PB_ENOSPC)
        forget_every_unit(x);
    return u;
}

/* ---- A borrowed vCPU's ---------------------------------------------- */

#define OWN_UNITS 256u
#define OWN_BYTES (256u << 10)

/* Interpreted units in memory that was there before: no lock and no malloc(), see user.c. */
struct xl_own {
    uint32_t used;
    struct xl_unit *unit[OWN_UNITS]; /* by a hash of the pc */
    _Alignas(16) uint8_t mem[OWN_BYTES];
};

void xl_own_forget(struct xl_vcpu *x)
{
    struct xl_own *own = xl_r(x)->own;

    if (!own)
        return;
    memset(own->unit, 0, sizeof(own->unit));
    own->used = 0;
}

void xl_borrow(struct xl_vcpu *x, uint32_t on)
{
    struct xl_run *r = xl_r(x);

    r->borrowed = on;
    if (on && !r->own)
        r->own = calloc(1, sizeof(*r->own)); /* without it each unit is made each time */
    if (!on) {
        free(r->own);
        r->own = NULL;
    }
}

static struct xl_unit *own_unit(struct xl_vcpu *x, uint64_t pc, uint64_t pa)
{
    struct xl_own *own = xl_r(x)->own;
    struct xl_unit **at = own ? &own->unit[(pa >> 1) % OWN_UNITS] : NULL, *u, *made;
    size_t ir, size;

    if (at && *at && (*at)->pa == pa && (*at)->mode == x->mode)
        return *at;
    made = xl_step_unit(x, pc, XL_MAX_INSNS);
    if (!made || !own || xl_r(x)->mutable)
        return made;
    ir = offsetof(struct xl_block, op) + made->ir->n_ops * sizeof(made->ir->op[0]);
    size = (sizeof(*u) + ir + 31) & ~(size_t)15;
    if (size > OWN_BYTES)
        return made;
    if (size > OWN_BYTES - own->used)
        xl_own_forget(x);
    u = (void *)(own->mem + own->used);
    own->used += (uint32_t)size;
    *u = *made;
    u->ir = (void *)(((uintptr_t)(u + 1) + 15) & ~(uintptr_t)15);
    memcpy(u->ir, made->ir, ir);
    *at = u;
    return u;
}

struct xl_unit *xl_find(struct xl_vcpu *x, uint64_t pc)
{
    struct xl_engine *e = x->engine;
    const struct xl_xpage *xp;
    struct xl_unit *u;

    if (x->top && (u = xl_unit_find(e, pc, x->mode, UINT64_MAX)))
        return u; /* it went with its mapping, were that gone */
    xp = xl_resolve_x(x, pc);
    const uint8_t *host = xp->host;
    uint32_t mutable = xp->mutable;
    uint64_t pa = xp->pa | (pc & XL_PAGE_MASK);

    if (!x->top && (u = xl_unit_find(e, pa, x->mode, UINT64_MAX)))
        return u;
    if ((pc & XL_PAGE_MASK) > XL_PAGE_SIZE - x->guest->max_insn &&
        xl_unit_find(e, pa, x->mode, XL_SOME_PAGE)) {
        xp = xl_resolve_x(x, (pc & ~(uint64_t)XL_PAGE_MASK) + XL_PAGE_SIZE);
        u = xl_unit_find(e, pa, x->mode, xp->pa);
        if (u)
            return u;
    }
    xl_r(x)->mutable = mutable;
    if (xl_r(x)->borrowed)
        return own_unit(x, pc, pa);
    return translate(x, pc, pa, host);
}
