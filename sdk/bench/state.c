/* SPDX-License-Identifier: MIT */
/* state.c - pb.state/1, and the reload that proves a device's state is complete.
 *
 * pbt_reload(): drain and save every device; unrealize all; realize all in zeroed
 * instances at the same addresses (so links stay true); reset; load; give back timers,
 * line levels, RAM regions and ROM modes; save again and compare.
 */
#include "mem.h"

struct item {
    char *name;
    uint32_t type, n;
    uint8_t *data;
};

struct pb_state {
    pbt *b;
    struct item *item;
    uint32_t n_items;
    uint32_t version;
};

struct timer_save {
    struct timer_save *next;
    char *name;
    int64_t when;
    uint64_t seq;
};

struct region_save {
    struct region_save *next;
    char *name;
    uint8_t *data;
    uint64_t len, off;
    uint32_t rom_on, enabled;
};

struct saved {
    struct pb_state fields;
    struct timer_save *timers;
    struct region_save *regions;
    int32_t *out;
};

static uint32_t width(uint32_t type)
{
    static const uint8_t w[] = {0, 1, 2, 4, 8, 8, 1};

    return type < sizeof w ? w[type] : 0;
}

static int state_put(pb_state *s, const char *name, uint32_t type, const void *v, uint32_t n)
{
    if (!width(type))
        pbt__die(s->b, "state field '%s' of type %u, there is none", name, type);
    for (uint32_t i = 0; i < s->n_items; i++) {
        if (strcmp(s->item[i].name, name) == 0)
            pbt__die(s->b, "state field '%s' is saved twice", name);
    }
    s->item = pbt__grow(s->item, s->n_items, sizeof *s->item);
    struct item *it = &s->item[s->n_items++];
    *it = (struct item){pbt__dup(name), type, n, pbt__alloc((size_t)n * width(type))};
    if (n)
        memcpy(it->data, v, (size_t)n * width(type));
    return PB_OK;
}

static int state_get(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n)
{
    for (uint32_t i = 0; i < s->n_items; i++) {
        struct item *it = &s->item[i];
        if (strcmp(it->name, name) != 0)
            continue;
        if (it->type != type || it->n != n)
            return PB_EINVAL;
        if (n)
            memcpy(v, it->data, (size_t)n * width(type));
        return PB_OK;
    }
    return PB_ENOENT;
}

static uint32_t state_version(pb_state *s)
{
    return s->version;
}

const struct pb_svc_state pbt__svc_state = {
    .size = sizeof pbt__svc_state, .put = state_put, .get = state_get, .version = state_version,
};

static void state_free(struct pb_state *s)
{
    for (uint32_t i = 0; i < s->n_items; i++) {
        free(s->item[i].name);
        free(s->item[i].data);
    }
    free(s->item);
}

static void save_fields(pb_dev *d, struct pb_state *s)
{
    const struct pb_device_class *c = d->cls;
    struct pbt_ctx ctx;

    s->b = d->b;
    s->version = c->state_version;
    for (uint32_t i = 0; i < c->n_state; i++) {
        const struct pb_field *f = &c->state[i];
        if (f->offset > c->instance_size ||
            (uint64_t)f->count * width(f->type) > c->instance_size - f->offset)
            pbt__die(d->b, "state field '%s' of %s is outside its instance", f->name, c->id);
        state_put(s, f->name, f->type, (uint8_t *)d->self + f->offset, f->count);
    }
    if (!c->save)
        return;
    pbt__enter(d->b, &ctx, TAG_MAIN, d);
    if (c->save(d->self, s, &d->b->err) < 0)
        pbt__die(d->b, "save of '%s' failed: %s", d->name, d->b->err.text);
    pbt__leave(d->b, &ctx, d);
}

static void load_fields(pb_dev *d, struct pb_state *s)
{
    const struct pb_device_class *c = d->cls;
    struct pbt_ctx ctx;

    for (uint32_t i = 0; i < c->n_state; i++) {
        const struct pb_field *f = &c->state[i];
        int rc = state_get(s, f->name, f->type, (uint8_t *)d->self + f->offset, f->count);
        if (rc < 0 && !(rc == PB_ENOENT && f->since > s->version))
            pbt__die(d->b, "state field '%s' of '%s' did not load", f->name, d->name);
    }
    if (!c->load)
        return;
    pbt__enter(d->b, &ctx, TAG_MAIN, d);
    if (c->load(d->self, s, &d->b->err) < 0)
        pbt__die(d->b, "load of '%s' failed: %s", d->name, d->b->err.text);
    pbt__leave(d->b, &ctx, d);
}

static void save_host(pb_dev *d, struct saved *s)
{
    for (pb_timer *t = d->timers; t; t = t->next) {
        struct timer_save *k = pbt__alloc(sizeof *k);
        *k = (struct timer_save){s->timers, pbt__dup(t->name), t->when, t->seq};
        s->timers = k;
    }
    for (pb_region *r = d->regions; r; r = r->next) {
        struct region_save *k = pbt__alloc(sizeof *k);
        *k = (struct region_save){s->regions, pbt__dup(r->name), NULL, r->len, r->off,
                                  r->rom_on, r->enabled};
        if (r->host) {
            k->data = pbt__alloc(r->len);
            memcpy(k->data, r->host, r->len);
        }
        s->regions = k;
    }
    s->out = pbt__alloc(d->n_out * sizeof *s->out);
    for (uint32_t i = 0; i < d->n_out; i++)
        s->out[i] = d->out[i].level;
}

static void load_host(pb_dev *d, struct saved *s)
{
    for (struct timer_save *k = s->timers; k; k = k->next) {
        pb_timer *t = d->timers;
        while (t && strcmp(t->name, k->name) != 0)
            t = t->next;
        if (!t)
            pbt__die(d->b, "timer '%s' of '%s' is gone after reload", k->name, d->name);
        t->when = k->when;
        t->seq = k->seq;
    }
    for (struct region_save *k = s->regions; k; k = k->next) {
        pb_region *r = d->regions;
        while (r && strcmp(r->name, k->name) != 0)
            r = r->next;
        if (!r || r->len != k->len)
            pbt__die(d->b, "region '%s' of '%s' changed by reload", k->name, d->name);
        if (r->host)
            memcpy(r->host, k->data, k->len);
        r->rom_on = k->rom_on;
        r->enabled = k->enabled;
        r->off = k->off;
    }
    for (uint32_t i = 0; i < d->n_out; i++)
        d->out[i].level = s->out[i];
}

static void saved_free(struct saved *s)
{
    state_free(&s->fields);
    while (s->timers) {
        struct timer_save *k = s->timers;
        s->timers = k->next;
        free(k->name);
        free(k);
    }
    while (s->regions) {
        struct region_save *k = s->regions;
        s->regions = k->next;
        free(k->name);
        free(k->data);
        free(k);
    }
    free(s->out);
}

static void compare(pb_dev *d, struct pb_state *was)
{
    struct pb_state now = {0};

    save_fields(d, &now);
    if (now.n_items != was->n_items)
        pbt__die(d->b, "'%s' saved %u fields, after reload %u", d->name, was->n_items,
                 now.n_items);
    for (uint32_t i = 0; i < now.n_items; i++) {
        struct item *a = &was->item[i], *z = &now.item[i];
        if (strcmp(a->name, z->name) || a->type != z->type || a->n != z->n ||
            memcmp(a->data, z->data, (size_t)a->n * width(a->type)))
            pbt__die(d->b, "state field '%s' of '%s' differs after reload", a->name, d->name);
    }
    state_free(&now);
}

static void drain_all(pbt *b)
{
    struct pbt_ctx c;

    pbt_settle(b);
    for (pb_dev *d = b->devs; d; d = d->next) {
        if (!d->cls || !d->realized || !d->cls->drain)
            continue;
        pbt__enter(b, &c, TAG_MAIN, d);
        d->cls->drain(d->self);
        pbt__leave(b, &c, d);
    }
    pbt_settle(b);
}

static int by_turn(const void *a, const void *b)
{
    const pb_dev *x = *(pb_dev *const *)a, *y = *(pb_dev *const *)b;

    return (x->turn > y->turn) - (x->turn < y->turn);
}

/* After its controller; a carried one comes with its carrier. */
static void remake(pb_dev *d)
{
    if (d->parent && !d->parent->realized)
        remake(d->parent);
    if (!d->realized && pbt_realize(d) < 0)
        pbt__die(d->b, "'%s' cannot be realized again: %s", d->name, d->b->err.text);
}

/* What is on its buses goes first, also what it made or carries. */
static void unmake(pb_dev *d)
{
    for (pb_dev *k = d->b->devs; k; k = k->next)
        if (k->parent == d && k->realized)
            unmake(k);
    pbt__unrealize(d);
}

static void take_down(pb_dev **v, uint32_t n)
{
    for (uint32_t i = n; i-- > 0;)
        unmake(v[i]);
    for (uint32_t i = 0; i < n; i++)
        remake(v[i]);
}

void pbt_reload(pbt *b)
{
    uint32_t n = 0, k = 0;

    drain_all(b);
    for (pb_dev *d = b->devs; d; d = d->next)
        n += d->cls && d->realized;
    pb_dev **v = pbt__alloc(n * sizeof *v);
    struct saved *s = pbt__alloc(n * sizeof *s);
    for (pb_dev *d = b->devs; d; d = d->next) {
        if (d->cls && d->realized)
            v[k++] = d;
    }
    qsort(v, n, sizeof *v, by_turn); /* as a machine does when it exchanges a plugin */
    for (uint32_t i = 0; i < n; i++) {
        save_fields(v[i], &s[i].fields);
        save_host(v[i], &s[i]);
    }
    b->frozen = 1; /* reset must not be heard on the lines */
    take_down(v, n);
    pbt_reset_all(b, PB_RESET_SNAPSHOT);
    for (uint32_t i = 0; i < n; i++)
        load_host(v[i], &s[i]);
    b->frozen = 0;
    b->loading = 1;
    b->depth++; /* what load() defers must not run before the comparison */
    for (uint32_t i = 0; i < n; i++)
        load_fields(v[i], &s[i].fields);
    for (uint32_t i = 0; i < n; i++)
        compare(v[i], &s[i].fields);
    b->depth--;
    b->loading = 0;
    for (uint32_t i = 0; i < n; i++)
        saved_free(&s[i]);
    free(s);
    free(v);
    pbt_settle(b);
}

/* ---- State of earlier versions ------------------------------------------------------- */

static int younger(const struct pb_device_class *c, const char *name, uint32_t version)
{
    for (uint32_t i = 0; i < c->n_state; i++) {
        if (strcmp(c->state[i].name, name) == 0)
            return c->state[i].since > version;
    }
    return 0;
}

/* The fields without those that `version` did not know. */
static void make_older(const struct pb_device_class *c, struct pb_state *s, uint32_t version,
                       const char *without)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n_items; i++) {
        struct item *it = &s->item[i];
        if (younger(c, it->name, version) ||
            (without && strncmp(it->name, without, strlen(without)) == 0)) {
            free(it->name);
            free(it->data);
        } else {
            s->item[n++] = *it;
        }
    }
    if (n == s->n_items)
        pbt__die(s->b, "state of %s has no field that version %u lacks", c->id, version);
    s->n_items = n;
    s->version = version;
}

void pbt_load_version(pb_dev *d, uint32_t version, const char *without)
{
    pbt *b = d->b;
    struct pb_state s = {0};

    if (version == 0 || version >= d->cls->state_version)
        pbt__die(b, "version %u of the state of '%s' is not an earlier one", version, d->name);
    drain_all(b);
    save_fields(d, &s);
    make_older(d->cls, &s, version, without);
    pbt_reset(d, PB_RESET_SNAPSHOT);
    b->loading = 1;
    load_fields(d, &s);
    b->loading = 0;
    state_free(&s);
    pbt_settle(b);
}
