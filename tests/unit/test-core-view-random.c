/* SPDX-License-Identifier: MIT */
/* The flat view shows, at every address, what a naive look into the region tree shows:
 * random trees of containers, aliases, priorities, moved and disabled regions (seeded). */
#include "core-fixture.h"

#define SPACE 4096u
#define TREES 300

/* Naive: what does `r` show at its offset `off`? Priority by search, no rendering. */
static const pb_region *look(const pb_region *r, uint64_t off, uint64_t *leaf_off, int depth)
{
    if (!r || !r->enabled || off > r->last || depth > 24)
        return NULL;
    if (r->kind == PB_REGION_ALIAS)
        return r->target_off > UINT64_MAX - off
                   ? NULL : look(r->target, r->target_off + off, leaf_off, depth + 1);
    if (r->kind != PB_REGION_CONTAINER) {
        *leaf_off = off;
        return r;
    }
    for (int32_t prio = 4; prio >= -4; prio--)
        for (guint i = 0; i < r->children->len; i++) {
            const pb_region *c = g_ptr_array_index(r->children, i);
            const pb_region *hit = c->prio == prio && off >= c->off
                                       ? look(c, off - c->off, leaf_off, depth + 1) : NULL;
            if (hit)
                return hit;
        }
    return NULL;
}

static void grow(struct pb_machine *m, pb_dev *d, uint64_t *seed)
{
    pb_region *all[24], *boxes[24] = {m->system};
    guint n = 0, n_boxes = 1;
    static const struct pb_region_ops *ops;
    pb_err e = {0};

    ops = ((struct fx_dev *)d->self)->io->ops;
    for (int i = 0; i < 20; i++) {
        uint64_t len = 1 + fx_rand(seed) % (SPACE / 2), off = fx_rand(seed) % SPACE;
        uint32_t kind = fx_rand(seed) % 4;
        pb_region *r;
        if (kind == 0)
            r = pb_mem_service.container(d, "box", len, &e);
        else if (kind == 1 && n)
            r = pb_mem_service.alias(d, "alias", all[fx_rand(seed) % n], fx_rand(seed) % 64, len,
                                     &e);
        else
            r = pb_mem_service.io(d, "leaf", len, ops, d->self, &e);
        pb_region *box = boxes[fx_rand(seed) % n_boxes];
        if (box != m->system)
            off %= box->last + 1;
        pb_region_place(box, r, off, (int32_t)(fx_rand(seed) % 9) - 4, &e);
        pb_err_clear(&e); /* some do not fit: they stay outside */
        all[n++] = r;
        if (r->kind == PB_REGION_CONTAINER)
            boxes[n_boxes++] = r;
    }
    for (guint i = 0; i < n; i++) {
        if (fx_rand(seed) % 6 == 0)
            pb_region_enable(all[i], 0);
        if (fx_rand(seed) % 6 == 0)
            pb_region_move(all[i], fx_rand(seed) % SPACE);
    }
}

static void check(struct pb_machine *m)
{
    const struct pb_view *v = atomic_load(&pb_mem(m)->system.view);
    unsigned wrong = 0;

    for (uint32_t i = 1; i < v->n; i++)
        wrong += v->range[i].first <= v->range[i - 1].last;
    for (uint64_t a = 0; a < 2 * SPACE; a++) {
        uint64_t off = 0;
        const pb_region *want = look(m->system, a, &off, 0);
        const struct pb_range *g = pb_view_find(v, a);
        wrong += want ? !g || g->r != want || g->off + (a - g->first) != off : g != NULL;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test(void)
{
    uint64_t seed = 0x1234567;
    pb_err e = {0};

    for (int i = 0; i < TREES; i++) {
        struct pb_machine *m = fx_machine();
        struct fx_dev *f = fx_make(m, "fx-serial", "d");
        grow(m, f->d, &seed);
        check(m);
        pb_machine_free(m);
    }
    /* The ends of the address space. */
    struct pb_machine *m = fx_machine();
    struct fx_dev *f = fx_make(m, "fx-serial", "d");
    CU_ASSERT_EQUAL(pb_dev_place(f->d, 0, UINT64_MAX - 63, &e), 0);
    CU_ASSERT_PTR_NOT_NULL(pb_view_find(atomic_load(&pb_mem(m)->system.view), UINT64_MAX));
    pb_region_unplace(f->io);
    CU_ASSERT_EQUAL(pb_region_place(m->system, f->io, UINT64_MAX - 62, 0, &e), PB_EINVAL);
    pb_err_clear(&e);
    /* A loop of aliases ends, and shows nothing. */
    pb_region *box = pb_mem_service.container(f->d, "box", 4096, &e);
    pb_region *al = pb_mem_service.alias(f->d, "al", box, 0, 4096, &e);
    pb_region_place(box, al, 0, 0, &e);
    pb_region_place(m->system, box, 0, 0, &e);
    CU_ASSERT_PTR_NULL(pb_view_find(atomic_load(&pb_mem(m)->system.view), 0));
    CU_ASSERT_EQUAL(pb_region_place(box, m->system, 0, 0, &e), PB_EINVAL);
    pb_err_clear(&e);
    /* A map that comes out the same stays the one it was: CPUs keep handles into it. */
    const struct pb_view *same = atomic_load(&pb_mem(m)->system.view);
    pb_view_update(m);
    CU_ASSERT_PTR_EQUAL(atomic_load(&pb_mem(m)->system.view), same);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "the flat view equals the tree", test);
}
