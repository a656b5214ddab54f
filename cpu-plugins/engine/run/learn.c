/* SPDX-License-Identifier: MIT */
/* learn.c - what children had to translate, their parent has ready for the next ones.
 *
 * A child of fork() starts with its parent's code, but what only children run it must
 * translate itself, each child anew: more work, and many more pages touched, than the rest of a
 * short child's life. So a child notes which guest pcs took it to C for something that was not
 * there, in a page shared with its parent; before it runs the next unit that it looks up, the
 * parent makes those units, their links and its jump cache's entries. A shell or a server that
 * forks again and again soon has children that translate nothing.
 *
 * What a child says is a hint: the parent translates its own bytes, where its own mappings may be
 * executed. Notes that find no room are lost. The first fork() of a process has nobody to learn
 * for and shares nothing.
 *
 * Not modelled: learning in a process with several vCPUs; code that straddles two pages; notes
 * of children's children.
 */
#include "priv.h"

#include "../cache/cache.h"

#include <sys/mman.h>

#define CHILD_NOTES 200u /* of one child at most */

void xl_learn_note(struct xl_vcpu *x, uint64_t from)
{
    struct xl_engine *e = x->engine;
    uint32_t n;

    if (__atomic_fetch_add(&e->own_notes, 1, __ATOMIC_RELAXED) >= CHILD_NOTES)
        return;
    n = __atomic_load_n(&e->tell->n, __ATOMIC_RELAXED);
    if (n - e->tell_base >= XL_NOTES)
        return; /* the parent has forked no more since */
    n = __atomic_fetch_add(&e->tell->n, 1, __ATOMIC_RELAXED) % XL_NOTES;
    e->tell->note[n] = (struct xl_note){from, x->pc, x->mode};
}

/* Its unit, made if that cannot end in an exception of the guest's. */
static struct xl_unit *unit_at(struct xl_vcpu *x, uint64_t pc, int make)
{
    struct xl_unit *u = xl_unit_find(x->engine, pc, x->mode, UINT64_MAX);
    uint64_t end;

    if (u || !make || pc >= x->top || pc % x->guest->min_insn ||
        (pc & XL_PAGE_MASK) > XL_PAGE_SIZE - x->guest->max_insn ||
        !(x->user->at(pc, &end) & PB_UMAP_EXEC))
        return u;
    return xl_find(x, pc);
}

static void learn_one(struct xl_vcpu *x, const struct xl_note *k)
{
    struct xl_engine *e = x->engine;
    struct xl_unit *u, *from;

    if (k->mode != x->mode || !(u = unit_at(x, k->to, 1)) || !u->code)
        return;
    if (k->from == XL_NO_UNIT) {
        xl_jc_put(x, k->to, u->code, 0);
        return;
    }
    from = unit_at(x, k->from, 0);
    if (!from)
        return;
    pthread_mutex_lock(&e->lock);
    for (uint32_t i = 0; i < from->n_links && !from->dead && !u->dead; i++) {
        struct xl_link *l = &from->link[i];

        if (!l->to && (from->pa & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)l->target == u->pa)
            xl_unit_link(e, l, u);
    }
    pthread_mutex_unlock(&e->lock);
}

static int alone(const struct xl_engine *e)
{
    uint32_t n = __atomic_load_n(&e->n_vcpus, __ATOMIC_ACQUIRE), used = 0;

    for (uint32_t i = 0; i < n; i++)
        used += __atomic_load_n(&e->vcpu[i], __ATOMIC_ACQUIRE) != NULL;
    return used == 1;
}

/* Another program may have changed a file under code: then reading it faults, and ends this. */
void xl_learn(struct xl_vcpu *x)
{
    struct xl_engine *e = x->engine;
    struct xl_run *r = xl_r(x);
    uint32_t n = __atomic_load_n(&e->hear->n, __ATOMIC_RELAXED);
    volatile uint32_t at = __atomic_exchange_n(&e->heard, n, __ATOMIC_RELAXED);

    if (n - at > XL_NOTES)
        at = n - XL_NOTES;
    if (!alone(e) || x->stop_step || r->n_bp || r->wp_hit || e->tiny_cache || e->chaos_drop)
        return;
    if (_setjmp(r->check) == 0) {
        r->learning = 1;
        for (; at != n; at++) {
            struct xl_note k = e->hear->note[at % XL_NOTES];

            learn_one(x, &k);
        }
    } else {
        r->touch = 0;
        xl_build_end(x);
    }
    r->learning = 0;
}

/* Around fork(), as xl_fork(); what fails here only costs the hints. */
void xl_learn_fork(struct xl_engine *e, uint32_t stage)
{
    void *m;

    if (stage == 0 && !e->hear && e->forks++) {
        m = mmap(NULL, sizeof(struct xl_learn), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        __atomic_store_n(&e->hear, m == MAP_FAILED ? NULL : m, __ATOMIC_RELEASE);
    }
    if (stage != 2)
        return;
    if (e->tell)
        munmap(e->tell, sizeof(*e->tell));
    e->tell = e->hear;
    e->tell_base = e->heard;
    e->hear = NULL;
    e->heard = e->own_notes = e->forks = 0;
}

void xl_learn_fini(struct xl_engine *e)
{
    if (e->tell)
        munmap(e->tell, sizeof(*e->tell));
    if (e->hear)
        munmap(e->hear, sizeof(*e->hear));
}
