/* SPDX-License-Identifier: MIT */
/* view.c - from the region tree to the flat view, and how a new one is published.
 *
 * Rendering goes from the highest priority down and fills only what is still free, so
 * each leaf's visible part follows from where it is inserted. Everything is done with
 * inclusive ends and in the target's own offsets: nothing can overflow.
 */
#include "mem.h"

#include "../cpu/cpu.h"
#include "epoch.h"

#include <string.h>

#define MAX_DEPTH 24      /* aliases of containers of aliases …; a loop ends here */
#define MAX_RANGES 65536u /* of one view */
#define MAX_CHANGES 16    /* intervals told one by one */

/* Put [first, last], showing r from `off`, into the gaps of the sorted array. */
static void fill(GArray *v, uint64_t first, uint64_t last, pb_region *r, uint64_t off,
                 gboolean secure)
{
    uint64_t at = first;
    guint i = 0, hi = v->len;

    while (i < hi) { /* first range that ends at or after `first` */
        guint mid = (i + hi) / 2;
        if (g_array_index(v, struct pb_range, mid).last < first)
            i = mid + 1;
        else
            hi = mid;
    }
    for (;;) {
        struct pb_range *next = i < v->len ? &g_array_index(v, struct pb_range, i) : NULL;
        if (next && next->first <= at) { /* taken: go on behind it */
            if (next->last >= last)
                return;
            at = next->last + 1;
            i++;
            continue;
        }
        uint64_t end = next && next->first <= last ? next->first - 1 : last;
        struct pb_range n = {at, end, r, off + (at - first), secure};
        if (v->len >= MAX_RANGES)
            return;
        g_array_insert_val(v, i, n);
        if (end == last)
            return;
        at = end + 1;
        i++;
    }
}

/* Render offsets [lo, hi] of `r` at address `at`. */
static void render(GArray *v, const pb_region *r, uint64_t lo, uint64_t hi, uint64_t at,
                   gboolean secure, int depth)
{
    if (!r->enabled || depth > MAX_DEPTH || lo > r->last)
        return;
    hi = MIN(hi, r->last);
    secure |= r->secure;
    if (r->kind == PB_REGION_ALIAS) {
        if (!r->target || r->target_off > UINT64_MAX - lo)
            return;
        uint64_t from = r->target_off + lo, len = hi - lo;
        render(v, r->target, from, len > UINT64_MAX - from ? UINT64_MAX : from + len, at,
               secure, depth + 1);
    } else if (r->kind == PB_REGION_CONTAINER) {
        for (guint i = 0; i < r->children->len; i++) {
            const pb_region *c = g_ptr_array_index(r->children, i);
            uint64_t end = c->last > UINT64_MAX - c->off ? UINT64_MAX : c->off + c->last;
            uint64_t from = MAX(lo, c->off), to = MIN(hi, end);
            if (from <= to)
                render(v, c, from - c->off, to - c->off, at + (from - lo), secure, depth + 1);
        }
    } else {
        uint64_t last = hi - lo > UINT64_MAX - at ? UINT64_MAX : at + (hi - lo);
        fill(v, at, last, (pb_region *)r, lo, secure);
    }
}

struct pb_view *pb_view_make(const pb_region *root)
{
    GArray *v = g_array_new(FALSE, FALSE, sizeof(struct pb_range));

    render(v, root, 0, UINT64_MAX, 0, FALSE, 0);
    guint n = 0;
    for (guint i = 0; i < v->len; i++) { /* join what belongs together */
        struct pb_range *b = &g_array_index(v, struct pb_range, i);
        struct pb_range *a = n ? &g_array_index(v, struct pb_range, n - 1) : NULL;
        if (a && a->r == b->r && a->secure == b->secure && a->last + 1 == b->first &&
            a->off + (b->first - a->first) == b->off)
            a->last = b->last;
        else
            g_array_index(v, struct pb_range, n++) = *b;
    }
    struct pb_view *view = g_malloc0(sizeof *view + n * sizeof(struct pb_range));
    view->n = n;
    if (n)
        memcpy(view->range, v->data, n * sizeof(struct pb_range));
    g_array_free(v, TRUE);
    return view;
}

const struct pb_range *pb_view_find(const struct pb_view *v, uint64_t addr)
{
    uint32_t lo = 0, hi = v->n;

    while (lo < hi) { /* first range that ends at or after addr */
        uint32_t mid = (lo + hi) / 2;
        if (v->range[mid].last < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->n && v->range[lo].first <= addr ? &v->range[lo] : NULL;
}

/* ---- Changes --------------------------------------------------------------------------- */

struct change {
    uint64_t first, last;
};

static void note(GArray *c, uint64_t first, uint64_t last)
{
    struct change *p = c->len ? &g_array_index(c, struct change, c->len - 1) : NULL;
    struct change n = {first, last};

    if (p && (p->last + 1 == first || c->len >= MAX_CHANGES))
        p->last = last;
    else
        g_array_append_val(c, n);
}

/* Stretches that mean something else in `b` than in `a`, in ascending order. */
static void compare(const struct pb_view *a, const struct pb_view *b, GArray *changes)
{
    uint32_t i = 0, j = 0;
    uint64_t at = 0;

    for (;;) {
        const struct pb_range *x, *y;
        uint64_t end = UINT64_MAX;

        while (i < a->n && a->range[i].last < at)
            i++;
        while (j < b->n && b->range[j].last < at)
            j++;
        x = i < a->n ? &a->range[i] : NULL;
        y = j < b->n ? &b->range[j] : NULL;
        if (x)
            end = MIN(end, x->first <= at ? x->last : x->first - 1);
        if (y)
            end = MIN(end, y->first <= at ? y->last : y->first - 1);
        x = x && x->first <= at ? x : NULL;
        y = y && y->first <= at ? y : NULL;
        if (!x != !y ||
            (x && (x->r != y->r || x->off + (at - x->first) != y->off + (at - y->first))))
            note(changes, at, end);
        if (end == UINT64_MAX)
            return;
        at = end + 1;
    }
}

static void tell_cpus(struct pb_machine *m, uint64_t first, uint64_t last)
{
    uint64_t len = last - first == UINT64_MAX ? UINT64_MAX : last - first + 1;

    for (guint i = 0; i < m->cpus->len; i++) {
        pb_dev *d = g_ptr_array_index(m->cpus, i);
        const struct pb_cpu_class *c = d->cls->table;
        if (d->realized && PB_HAS(struct pb_cpu_class, c, map_changed))
            c->map_changed(d->self, first, len);
    }
}

/* Free the retired views that nobody reads any more, and `old` when its time comes. CPUs keep
 * handles into a view while they do not read (a halted one does not): they have been told, so
 * whoever begins to read from this epoch on lets go of them first. */
static void retire(struct pb_mem *mem, struct pb_view *old)
{
    uint64_t oldest;

    old->epoch = pb_epoch_advance();
    old->next = mem->retired;
    mem->retired = old;
    oldest = pb_epoch_oldest();

    for (struct pb_view **p = &mem->retired; *p;) {
        struct pb_view *v = *p;
        if (v->epoch <= oldest) {
            *p = v->next;
            g_free(v);
        } else {
            p = &v->next;
        }
    }
}

void pb_view_update(struct pb_machine *m)
{
    struct pb_mem *mem = pb_mem(m);
    g_autoptr(GArray) changes = g_array_new(FALSE, FALSE, sizeof(struct change));

    pthread_mutex_lock(&mem->lock);
    struct pb_view *old = atomic_load(&mem->system.view);
    struct pb_view *new = pb_view_make(mem->system.root);
    if (old)
        compare(old, new, changes);
    if (old && !changes->len) { /* nobody would be told, and handles into it are kept */
        pthread_mutex_unlock(&mem->lock);
        g_free(new);
        return;
    }
    /* The view before its number: whoever reads the new number sees the new view. */
    atomic_store(&mem->system.view, new);
    __atomic_fetch_add(&mem->system.gen, 1, __ATOMIC_SEQ_CST);
    for (guint i = 0; i < mem->gates->len; i++) {
        pb_as *g = g_ptr_array_index(mem->gates, i);
        if (!g->open)
            continue;
        atomic_store(&g->view, new);
        __atomic_store_n(&g->gen, ++mem->gate_gen, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&mem->lock);
    for (guint i = 0; i < changes->len; i++) {
        struct change *c = &g_array_index(changes, struct change, i);
        tell_cpus(m, c->first, c->last);
    }
    if (!old)
        return;
    pthread_mutex_lock(&mem->lock);
    retire(mem, old);
    pthread_mutex_unlock(&mem->lock);
    pb_cpu_kick_all(m);
}

void pb_view_each(struct pb_machine *m, const pb_region *r, uint64_t off, uint64_t last,
                  void (*fn)(struct pb_machine *m, uint64_t gpa, uint64_t len, void *user),
                  void *user)
{
    pb_epoch_enter();
    const struct pb_view *v = atomic_load(&pb_mem(m)->system.view);
    for (uint32_t i = 0; i < v->n; i++) {
        const struct pb_range *g = &v->range[i];
        uint64_t end = g->off + (g->last - g->first);
        if (g->r != r || last < g->off || off > end)
            continue;
        uint64_t from = MAX(off, g->off), to = MIN(last, end);
        fn(m, g->first + (from - g->off), to - from + 1, user);
    }
    pb_epoch_leave();
}

static void changed(struct pb_machine *m, uint64_t gpa, uint64_t len, void *user)
{
    (void)user;
    tell_cpus(m, gpa, gpa + len - 1);
}

void pb_view_changed_region(pb_region *r, uint64_t off, uint64_t last)
{
    struct pb_mem *mem = pb_mem(r->m);

    pthread_mutex_lock(&mem->lock);
    __atomic_fetch_add(&mem->system.gen, 1, __ATOMIC_SEQ_CST);
    for (guint i = 0; i < mem->gates->len; i++)
        __atomic_store_n(&((pb_as *)mem->gates->pdata[i])->gen, ++mem->gate_gen,
                         __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&mem->lock);
    pb_view_each(r->m, r, off, last, changed, NULL);
}
