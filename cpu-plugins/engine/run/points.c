/* SPDX-License-Identifier: MIT */
/* points.c - breakpoints and watchpoints of the guest's own, beside those of debug.c.
 *
 * Each vCPU has its own, but units are for all of them: one bit map in the engine says at which
 * places of a page some vCPU's guest has a breakpoint. Units end there and nothing is linked to or
 * cached at such a place, so whoever comes by looks at its own list. A place stays, as kernels set
 * breakpoints anew whenever they switch to the program that is debugged: only the first time of
 * each costs all units.
 *
 * Pages with something watched stay out of the TLBs; those that are in go with the next unit.
 * Whether an access hits is the guest's to say, once its walk has allowed it.
 */
#include "priv.h"

#include "../cache/cache.h"

/* Units end at these places from now on. Holds e->lock; how many are new. */
static uint32_t add_stops(struct xl_engine *e, const uint64_t *pc, uint32_t n)
{
    uint32_t added = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = (pc[i] & XL_PAGE_MASK) >> 1, bit = (uint64_t)1 << (at & 63);

        added += !(__atomic_fetch_or(&e->stops[at >> 6], bit, __ATOMIC_SEQ_CST) & bit);
    }
    __atomic_fetch_add(&e->n_stops, added, __ATOMIC_SEQ_CST);
    return added;
}

void xl_points(struct xl_vcpu *x, const uint64_t *pc, uint32_t n, uint32_t watches)
{
    struct xl_engine *e = x->engine;
    struct xl_run *r = xl_r(x);
    uint32_t added, was = x->in_unit;

    n = n < XL_POINTS ? n : XL_POINTS;
    memcpy(r->point, pc, n * sizeof *pc);
    r->n_points = n;
    x->watches = watches;
    if (watches)
        xl_tlb_flush(x, NULL, NULL, 0, 1);
    if (!n)
        return;
    xl_out(x);
    pthread_mutex_lock(&e->lock);
    added = add_stops(e, pc, n);
    if (added) {
        __atomic_fetch_add(&e->map_gen, 1, __ATOMIC_SEQ_CST); /* what is being built, too */
        xl_drop_range(e, 0, UINT64_MAX);
    }
    pthread_mutex_unlock(&e->lock);
    if (added)
        xl_tell_all(e, XL_REQ_JC);
    if (was)
        xl_in(x);
}

int xl_point_hit(struct xl_vcpu *x)
{
    const struct xl_run *r = xl_r(x);

    for (uint32_t i = 0; i < r->n_points; i++) {
        if (r->point[i] != x->pc)
            continue;
        xl_resolve_x(x, x->pc); /* a fault of the fetch comes first */
        return x->guest->break_at(x);
    }
    return 0;
}
