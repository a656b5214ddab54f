/* SPDX-License-Identifier: MIT */
/* device.c - devices on the bench: create, realize, reset, remove; pb.bus/1. */
#include "mem.h"

pb_dev *pbt__node(pbt *b, const char *name, int node)
{
    pb_dev *d = pbt__alloc(sizeof *d);

    if (pbt_find(b, name))
        pbt__die(b, "there is a node '%s' already", name);
    d->b = b;
    d->node = node;
    d->name = pbt__dup(name);
    d->domain = &b->machine;
    *b->tail = d;
    b->tail = &d->next;
    return d;
}

pb_dev *pbt_find(pbt *b, const char *name)
{
    for (pb_dev *d = b->devs; d; d = d->next) {
        if (strcmp(d->name, name) == 0)
            return d;
    }
    return NULL;
}

static void node_free(pb_dev *d)
{
    pbt *b = d->b;
    pb_dev **p = &b->devs;

    while (*p != d)
        p = &(*p)->next;
    *p = d->next;
    if (b->tail == &d->next)
        b->tail = p;
    for (uint32_t i = 0; i < d->n_out; i++)
        free(d->out[i].name);
    for (pb_dev *o = b->devs; o; o = o->next) { /* nobody drives it any more */
        for (uint32_t i = 0; i < o->n_out; i++) {
            for (uint32_t s = 0; s < o->out[i].n_sinks; s++) {
                if (o->out[i].sink[s].dev == d)
                    o->out[i].sink[s--] = o->out[i].sink[--o->out[i].n_sinks];
            }
        }
    }
    pbt__kv_free(d->kv, d->n_kv);
    pbt__kv_free(d->settled, d->n_settled);
    pbt__kv_free(d->fdt, d->n_fdt);
    free(d->out);
    free(d->in);
    free(d->pub);
    free(d->at);
    free(d->self);
    free(d->name);
    free(d);
}

static int bus_fits(pb_dev *parent, uint32_t bus, const struct pb_device_class *c)
{
    const char *const *k = parent->cls->buses_out;

    for (uint32_t i = 0; k && *k; k++, i++) {
        const char *eq = strchr(*k, '='), *kind = eq ? eq + 1 : *k;
        size_t n = strcspn(kind, "["); /* "kind" or "kind[limit]" */
        if (i == bus)
            return c->bus && strlen(c->bus) == n && strncmp(kind, c->bus, n) == 0;
    }
    return 0;
}

/* What the class carries, with the properties that are not the outer one's. */
static int make_inner(pb_dev *d)
{
    char name[160], *text;
    size_t len = 1, at = 0;
    uint32_t kept = 0;

    if (!PB_HAS(struct pb_device_class, d->cls, carries))
        return PB_OK;
    for (uint32_t i = 0; i < d->n_kv; i++)
        len += strlen(d->kv[i].key) + 2 * strlen(d->kv[i].value) + 2;
    text = pbt__alloc(len);
    for (uint32_t i = 0; i < d->n_kv; i++) {
        struct pbt_kv *kv = &d->kv[i];
        uint32_t own = 0;
        for (uint32_t k = 0; k < d->cls->n_props; k++)
            own |= strcmp(d->cls->props[k].name, kv->key) == 0;
        if (own) {
            d->kv[kept++] = *kv;
            continue;
        }
        at += (size_t)sprintf(text + at, "%s%s=", at ? "," : "", kv->key);
        for (const char *p = kv->value; *p; p++) {
            text[at++] = *p;
            if (*p == ',')
                text[at++] = ',';
        }
        free(kv->key);
        free(kv->value);
    }
    d->n_kv = kept;
    snprintf(name, sizeof name, "%s.inner", d->name);
    d->inner = pbt_create(d->b, d, 0, d->cls->carries, name, text);
    free(text);
    return d->inner ? PB_OK : d->b->err.code;
}

pb_dev *pbt_create(pbt *b, pb_dev *parent, uint32_t bus, const char *cls, const char *name,
                   const char *props)
{
    const struct pb_device_class *c = pbt__find_class(b, PB_CLASS_DEVICE, cls);

    b->err.code = 0;
    b->err.text[0] = 0;
    if (!c) {
        pbt__fail(b, PB_ENOENT, "no class '%s'", cls);
        return NULL;
    }
    if (parent && !bus_fits(parent, bus, c)) {
        pbt__fail(b, PB_EINVAL, "'%s' does not go on bus %u of '%s'", cls, bus, parent->name);
        return NULL;
    }
    pb_dev *d = pbt__node(b, name ? name : cls, NODE_DEVICE);
    d->cls = c;
    d->parent = parent;
    d->bus = bus;
    d->domain = c->flags & PB_DEV_OWN_DOMAIN ? &d->own : parent ? parent->domain : &b->machine;
    d->pub = pbt__alloc(c->n_regions * sizeof *d->pub);
    d->at = pbt__alloc(c->n_regions * sizeof *d->at);
    memset(d->at, 0xff, c->n_regions * sizeof *d->at);
    size_t n = (c->instance_size + 63) & ~(size_t)63;
    d->self = aligned_alloc(64, n ? n : 64);
    if (!d->self)
        pbt__die(b, "out of memory");
    pbt__make_lines(d);
    if (pbt__parse_props(d, props) < 0 || make_inner(d) < 0 ||
        pbt__check_props(d, c->props, c->n_props) < 0) {
        if (d->inner)
            node_free(d->inner);
        node_free(d);
        return NULL;
    }
    return d;
}

void pbt__drop_device_things(pb_dev *d)
{
    pbt *b = d->b;

    pbt__drop_regions(d);
    pbt__drop_loads(d);
    while (d->timers) {
        pb_timer *t = d->timers;
        d->timers = t->next;
        free(t->name);
        free(t);
    }
    while (d->workers) {
        pb_worker *w = d->workers;
        d->workers = w->next;
        free(w);
    }
    for (int k = 0; k < 2; k++) {
        struct pbt_job **p = k ? &b->jobs : &b->soon;
        while (*p) {
            struct pbt_job *j = *p;
            if (j->d == d) {
                *p = j->next;
                free(j);
            } else {
                p = &j->next;
            }
        }
        if (k)
            b->jobs_tail = p;
        else
            b->soon_tail = p;
    }
    pbt__drop_watches(d);
}

/* Tell the nearest interested parent: attach (1) or detach (0). */
static int tell_parent(pb_dev *d, int on)
{
    const struct pb_bus_parent *t;
    struct pbt_ctx c;
    int rc = PB_OK;

    if (!d->parent || !(t = pbt_provides(d->parent, PB_BUS_PARENT)))
        return PB_OK;
    pbt__enter(d->b, &c, TAG_MAIN, d->parent);
    if (on)
        rc = t->attach(d->parent->self, d->bus, d, &d->b->err);
    else
        t->detach(d->parent->self, d->bus, d);
    pbt__leave(d->b, &c, d->parent);
    return rc;
}

int pbt_realize(pb_dev *d)
{
    pbt *b = d->b;
    struct pbt_ctx c;

    if (d->realized)
        pbt__die(b, "'%s' is realized already", d->name);
    b->err.code = 0;
    b->err.text[0] = 0;
    memset(d->self, 0, d->cls->instance_size);
    pbt__enter(b, &c, TAG_MAIN, d);
    int rc = d->cls->realize(d->self, d, &b->host, &b->err);
    pbt__leave(b, &c, d);
    if (rc < 0) {
        pbt__drop_device_things(d);
        return rc;
    }
    for (uint32_t i = 0; i < d->cls->n_regions; i++) {
        if (!d->pub[i])
            pbt__die(b, "'%s' was realized without publishing region %u", d->name, i);
    }
    d->realized = 1;
    rc = d->inner ? pbt_realize(d->inner) : PB_OK;
    if (rc == PB_OK && (rc = tell_parent(d, 1)) < 0 && d->inner)
        pbt__unrealize(d->inner);
    if (rc < 0) {
        pbt__enter(b, &c, TAG_MAIN, d);
        if (d->cls->unrealize)
            d->cls->unrealize(d->self);
        pbt__leave(b, &c, d);
        d->realized = 0;
        pbt__drop_device_things(d);
        return rc;
    }
    d->live = 1;
    d->turn = d->turn ? d->turn : ++d->b->turns;
    return PB_OK;
}

static void phase(pb_dev *d, uint32_t kind, uint32_t ph)
{
    struct pbt_ctx c;

    if (!d->realized || !d->cls || !d->cls->reset)
        return;
    pbt__enter(d->b, &c, TAG_DEV, d);
    d->cls->reset(d->self, kind, ph);
    pbt__leave(d->b, &c, d);
}

void pbt_reset(pb_dev *d, uint32_t kind)
{
    for (uint32_t ph = PB_RESET_ENTER; ph <= PB_RESET_EXIT; ph++)
        phase(d, kind, ph);
}

void pbt_reset_all(pbt *b, uint32_t kind)
{
    for (uint32_t ph = PB_RESET_ENTER; ph <= PB_RESET_EXIT; ph++) {
        for (pb_dev *d = b->devs; d; d = d->next)
            phase(d, kind, ph);
    }
}

static pb_dev *add(pbt *b, pb_dev *parent, uint32_t bus, const char *cls, const char *name,
                   const char *props)
{
    pb_dev *d = pbt_create(b, parent, bus, cls, name, props);

    if (!d || pbt_realize(d) < 0)
        pbt__die(b, "cannot add a '%s': %s", cls, b->err.text);
    pbt_reset(d, PB_RESET_COLD);
    if (d->inner)
        pbt_reset(d->inner, PB_RESET_COLD);
    return d;
}

pb_dev *pbt_add(pbt *b, const char *cls, const char *name, const char *props)
{
    return add(b, NULL, 0, cls, name, props);
}

pb_dev *pbt_add_child(pb_dev *parent, uint32_t bus, const char *cls, const char *name,
                      const char *props)
{
    return add(parent->b, parent, bus, cls, name, props);
}

void pbt__unrealize(pb_dev *d)
{
    struct pbt_ctx c;

    if (!d->realized)
        return;
    tell_parent(d, 0);
    if (d->cls->drain) {
        pbt__enter(d->b, &c, TAG_MAIN, d);
        d->cls->drain(d->self);
        pbt__leave(d->b, &c, d);
    }
    d->live = 0;
    pbt__enter(d->b, &c, TAG_MAIN, d);
    if (d->cls->unrealize)
        d->cls->unrealize(d->self);
    pbt__leave(d->b, &c, d);
    d->realized = 0;
    pbt__drop_device_things(d);
}

void pbt_remove(pb_dev *d)
{
    pbt *b = d->b;
    struct pbt_ctx c;

    for (pb_dev *k = b->devs; d->cls && k;) {
        if (k->parent == d) {
            pbt_remove(k);
            k = b->devs; /* the list changed */
        } else {
            k = k->next;
        }
    }
    if (d->cls)
        pbt__unrealize(d);
    if (d->bcls && d->bcls->close) {
        pbt__enter(b, &c, TAG_MAIN, d);
        d->bcls->close(d->self);
        pbt__leave(b, &c, d);
    }
    pbt__char_free(d);
    pbt__block_free(d);
    pbt__net_free(d);
    pbt__fs_free(d);
    pbt__drop_device_things(d);
    node_free(d);
}

static void remove_job(void *opaque)
{
    pbt_remove(opaque);
}

/* As the host does on device_del: the bus decides. */
int pbt_unplug(pb_dev *d)
{
    const struct pb_bus_parent *t = d->parent ? pbt_provides(d->parent, PB_BUS_PARENT) : NULL;
    struct pbt_ctx c;
    int rc = PB_OK;

    d->b->err.code = 0;
    d->b->err.text[0] = 0;
    if (pbt__minor() && PB_HAS(struct pb_bus_parent, t, unplug)) {
        pbt__enter(d->b, &c, TAG_MAIN, d->parent);
        rc = t->unplug(d->parent->self, d->bus, d, &d->b->err);
        pbt__leave(d->b, &c, d->parent);
    }
    if (rc == PB_OK)
        pbt_remove(d);
    return rc;
}

static void bus_unplugged(pb_dev *d)
{
    pbt__job(d->parent, TAG_MAIN, NULL, remove_job, d);
}

void *pbt_self(pb_dev *d)
{
    return d->self;
}

const void *pbt_provides(pb_dev *d, const char *id)
{
    for (uint32_t i = 0; d->cls && i < d->cls->n_provides; i++) {
        if (strcmp(d->cls->provides[i].id, id) == 0)
            return d->cls->provides[i].table;
    }
    return NULL;
}

uint32_t pbt_bus_index(pb_dev *d, const char *kind)
{
    const char *const *k = d->cls ? d->cls->buses_out : NULL;

    for (uint32_t i = 0; k && k[i]; i++) {
        const char *eq = strchr(k[i], '='), *at = eq ? eq + 1 : k[i]; /* "names=kind[limit]" */
        size_t n = strcspn(at, "[");
        if (strlen(kind) == n && strncmp(at, kind, n) == 0)
            return i;
    }
    return 0;
}

/* ---- pb.bus/1 ---------------------------------------------------------------------- */

static const void *bus_side(pb_dev *d, const char *id, void **self)
{
    const void *t = d && d->realized ? pbt_provides(d, id) : NULL;

    if (t)
        *self = d->self;
    return t;
}

static const void *bus_parent(pb_dev *d, const char *id, void **self)
{
    return d->parent ? bus_side(d->parent, id, self) : NULL;
}

static uint32_t bus_children(pb_dev *ctl, uint32_t bus, pb_dev **v, uint32_t max)
{
    uint32_t n = 0;

    pbt__need_main(ctl->b, "pb.bus children()");
    for (pb_dev *d = ctl->b->devs; d; d = d->next) {
        if (d->parent == ctl && d->bus == bus && d->realized && n++ < max)
            v[n - 1] = d;
    }
    return n;
}

static const char *bus_name(pb_dev *d)
{
    return d->name;
}

static pb_dev *bus_create_child(pb_dev *ctl, uint32_t bus, const char *cls, pb_err *e)
{
    char name[128];

    pbt__need_main(ctl->b, "pb.bus create_child()");
    snprintf(name, sizeof name, "%s.%u.%s", ctl->name, bus, cls);
    pb_dev *d = pbt_create(ctl->b, ctl, bus, cls, name, NULL);
    if (d && pbt_realize(d) == PB_OK)
        return d;
    ctl->b->host.fail(e, PB_EINVAL, ctl->b->err.text);
    return NULL;
}

const struct pb_svc_bus pbt__svc_bus = {
    .size = sizeof pbt__svc_bus, .parent = bus_parent, .children = bus_children,
    .side = bus_side, .name = bus_name, .create_child = bus_create_child,
    .unplugged = bus_unplugged,
};
