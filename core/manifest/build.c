/* SPDX-License-Identifier: MIT */
/* build.c - instantiate a plan: memory, CPUs and devices are made and given their
 * properties, then wired, then realized - what a link names before what holds the link, else
 * in the manifest's order - and placed. A failure keeps the place in the manifest.
 */
#include "build.h"

#include "../object/object.h"
#include "memory.h"

#include <string.h>

struct build {
    struct pb_machine *m;
    const struct pb_plan *p;
    const struct pb_globals *globals;
    GHashTable *plans;  /* pb_dev * to struct pb_plan_dev * */
    GHashTable *begun;  /* pb_dev *: realize was entered */
    pb_err *e;
};

static int apply(pb_dev *d, const struct pb_globals *g, pb_err *e)
{
    for (guint i = 0; g && g->v && i < g->v->len; i++) {
        const struct pb_plan_set *s = &g_array_index(g->v, struct pb_plan_set, i);
        size_t n = strlen(d->cls->id);
        if (strncmp(s->key, d->cls->id, n) || s->key[n] != '.')
            continue;
        int r = pb_dev_set(d, s->key + n + 1, s->value, &s->place, e);
        if (r < 0)
            return r;
    }
    return PB_OK;
}

int pb_globals_apply(const struct pb_globals *g, pb_dev *d, pb_err *e)
{
    int rc = apply(d, g, e);

    return rc == PB_OK && d->inner ? apply(d->inner, g, e) : rc;
}

static pb_dev *new_dev(struct build *b, const struct pb_class *c, const char *id,
                       const struct pb_place *at)
{
    const struct pb_globals compat = {b->p->compat};

    if (pb_class_load(c, b->e) < 0) {
        pb_err_once(b->e, at);
        return NULL;
    }
    pb_dev *d = pb_dev_new(b->m, c, id, at, b->e);
    if (!d) {
        pb_err_once(b->e, at);
        return NULL;
    }
    d->manifest = TRUE;
    pb_buses_free(d); /* a board's buses are named by class and number */
    pb_buses_make(d);
    if (apply(d, &compat, b->e) < 0 || apply(d, b->globals, b->e) < 0)
        return NULL;
    return d;
}

static int set_all(struct build *b, pb_dev *d, const GArray *sets)
{
    for (guint i = 0; sets && i < sets->len; i++) {
        const struct pb_plan_set *s = &g_array_index(sets, struct pb_plan_set, i);
        gboolean slot = pb_plan_is_slot(s->value);
        const char *node = slot ? g_hash_table_lookup(b->m->options, s->value) : NULL;
        if (slot && !node && !pb_dev_find(b->m, s->value)) {
            const struct pb_prop *prop = pb_class_prop(d->cls, s->key);
            if (prop && prop->type == PB_T_LINK)
                continue; /* nothing was given for it: -serial none, no -pflash */
        }
        int r = pb_dev_set(d, s->key, node ? node : s->value, &s->place, b->e);
        if (r < 0)
            return r;
    }
    return PB_OK;
}

static int make_memory(struct build *b, const struct pb_plan_mem *x)
{
    const struct pb_class *c = pb_class_find(PB_KIND_DEVICE, PB_MEMORY_CLASS);
    g_autofree char *size = g_strdup_printf("%" PRIu64, x->len);
    pb_dev *d = new_dev(b, c, x->name, &x->place);

    if (d)
        d->secure = x->secure;
    if (!d || pb_dev_set(d, "size", size, &x->place, b->e) < 0 ||
        (x->rom && pb_dev_set(d, "rom", "on", &x->place, b->e) < 0) ||
        pb_dev_realize(d, b->e) < 0 || pb_dev_place(d, 0, x->addr, b->e) < 0) {
        pb_err_once(b->e, &x->place);
        return PB_EINVAL;
    }
    return PB_OK;
}

static int make_cpus(struct build *b, const char *model, const GArray *sets)
{
    struct pb_place at = {.option = "-cpu"};

    if (pb_class_load(b->p->cpu, b->e) < 0)
        return PB_EINVAL;
    for (guint i = 0; i < b->p->cpus; i++) {
        pb_dev *d = pb_machine_add_cpu(b->m, b->p->cpu, model, i, b->e);
        if (!d) {
            pb_err_once(b->e, &at);
            return PB_EINVAL;
        }
        if (apply(d, b->globals, b->e) < 0 || set_all(b, d, b->p->cpu_sets) < 0 ||
            set_all(b, d, sets) < 0)
            return PB_EINVAL;
    }
    return PB_OK;
}

static void add_fdt(pb_dev *d, const char *key, const char *value)
{
    g_ptr_array_add(d->fdt_keys, g_strdup(key));
    g_hash_table_insert(d->fdt, g_strdup(key), g_strdup(value));
}

static int make_device(struct build *b, struct pb_plan_dev *x)
{
    pb_dev *d = new_dev(b, x->cls, x == b->p->boot ? NULL : x->id, &x->g->place);

    if (!d || set_all(b, d, x->sets) < 0)
        return PB_EINVAL;
    g_hash_table_insert(b->plans, d, x);
    d->fill_down = x->fill_down;
    d->secure = x->secure;
    if (x->clocks->len)
        g_array_append_vals(d->clocks, x->clocks->data, x->clocks->len);
    const GArray *fdt = x == b->p->boot ? b->p->fdt : x->fdt;
    for (guint i = 0; i < fdt->len; i++) {
        const struct pb_plan_set *s = &g_array_index(fdt, struct pb_plan_set, i);
        add_fdt(d, s->key, s->value);
    }
    if (x->no_fdt)
        add_fdt(d, "", "no"); /* "fdt = no" is the empty key */
    if (x == b->p->boot)
        b->m->boot = d;
    return PB_OK;
}

static pb_dev *find(struct build *b, const struct pb_plan_dev *x)
{
    return x == b->p->boot ? b->m->boot : pb_dev_find(b->m, x->id);
}

static int wire(struct build *b, const struct pb_plan_dev *x, pb_dev *d)
{
    for (guint i = 0; i < x->lines->len; i++) {
        const struct pb_plan_line *l = &g_array_index(x->lines, struct pb_plan_line, i);
        pb_dev *to = l->sink ? pb_dev_find(b->m, l->sink) : b->m->cpus->pdata[l->cpu];
        if (!to || pb_dev_wire(d, l->out, l->elem, to, l->input, l->shared, b->e) < 0) {
            pb_err_once(b->e, &l->place);
            return PB_EINVAL;
        }
    }
    return PB_OK;
}

static int place(struct build *b, pb_dev *d, const struct pb_plan_dev *x)
{
    for (guint i = 0; i < x->regs->len; i++) {
        const struct pb_plan_reg *r = &g_array_index(x->regs, struct pb_plan_reg, i);
        if (pb_dev_place(d, r->region, r->addr, b->e) < 0) {
            pb_err_once(b->e, &r->place);
            return PB_EINVAL;
        }
        /* The manifest says how much the board decodes; the region may be smaller. */
        struct pb_board_reg *had = &g_array_index(d->reg_addr, struct pb_board_reg, r->region);
        if (!r->len)
            continue;
        if (r->len < had->len) {
            pb_err_set(b->e, PB_EINVAL, "device '%s': reg has 0x%" PRIx64 " bytes, %s has 0x%"
                       PRIx64, x->id, r->len, x->cls->id, had->len);
            pb_err_once(b->e, &r->place);
            return PB_EINVAL;
        }
        had->len = r->len;
    }
    return PB_OK;
}

static int realize(struct build *b, pb_dev *d);

/* What links of `d` name, first. */
static int realize_links(struct build *b, pb_dev *d)
{
    for (guint i = 0; d->pairs && i < d->pairs->len; i++) {
        const struct pb_pair *pair = &g_array_index(d->pairs, struct pb_pair, i);
        const struct pb_prop *prop = pb_class_prop(d->cls, pair->key);
        pb_dev *to = prop && prop->type == PB_T_LINK ? pb_dev_find(b->m, pair->value) : NULL;
        if (to && g_hash_table_contains(b->plans, to) && realize(b, to) < 0)
            return PB_EINVAL;
    }
    return PB_OK;
}

static int attach(struct build *b, pb_dev *d, const struct pb_plan_dev *x)
{
    pb_dev *on = x->bus ? pb_dev_find(b->m, x->bus) : NULL;

    if (!x->bus)
        return PB_OK;
    if (!on || realize(b, on) < 0)
        return pb_err_set(b->e, PB_ENOENT, "there is no device '%s' with a bus", x->bus);
    if (!on->buses || x->bus_index >= on->buses->len)
        return pb_err_set(b->e, PB_ENOENT, "'%s' has no bus %u", x->bus, x->bus_index);
    return pb_dev_attach(d, on->buses->pdata[x->bus_index], b->e);
}

static int realize(struct build *b, pb_dev *d)
{
    const struct pb_plan_dev *x = g_hash_table_lookup(b->plans, d);

    if (d->realized || !g_hash_table_add(b->begun, d))
        return PB_OK;
    if (realize_links(b, d) < 0)
        return PB_EINVAL;
    if ((x && attach(b, d, x) < 0) || pb_dev_realize(d, b->e) < 0) {
        pb_err_once(b->e, x ? &x->g->place : &d->place);
        return PB_EINVAL;
    }
    return x ? place(b, d, x) : PB_OK;
}

static int build_all(struct build *b, const char *model, const GArray *cpu_sets)
{
    const struct pb_plan *p = b->p;

    if (p->ram_size &&
        pb_machine_add_ram(b->m, "ram", p->ram_base, p->ram_size, b->e) < 0)
        return PB_ENOMEM;
    for (guint i = 0; i < p->mems->len; i++)
        if (make_memory(b, &g_array_index(p->mems, struct pb_plan_mem, i)) < 0)
            return PB_EINVAL;
    b->m->start_first = p->start_first;
    if (make_cpus(b, model ? model : p->model, cpu_sets) < 0)
        return PB_EINVAL;
    for (guint i = 0; i < p->devs->len; i++)
        if (make_device(b, p->devs->pdata[i]) < 0)
            return PB_EINVAL;
    for (guint i = 0; i < p->devs->len; i++)
        if (wire(b, p->devs->pdata[i], find(b, p->devs->pdata[i])) < 0)
            return PB_EINVAL;
    for (guint i = 0; i < p->cpu_devs->len; i++)
        if (wire(b, p->cpu_devs->pdata[i], b->m->cpus->pdata[i]) < 0)
            return PB_EINVAL;
    for (guint i = 0; i < b->m->cpus->len; i++)
        if (realize(b, b->m->cpus->pdata[i]) < 0)
            return PB_EINVAL;
    for (guint i = 0; i < p->devs->len; i++)
        if (realize(b, find(b, p->devs->pdata[i])) < 0)
            return PB_EINVAL;
    for (guint i = 0; i < p->devs->len; i++) {
        if (p->devs->pdata[i] != p->boot)
            g_ptr_array_add(b->m->placed, find(b, p->devs->pdata[i]));
    }
    return PB_OK;
}

int pb_build(struct pb_machine *m, const struct pb_plan *p, const char *model,
             const GArray *cpu_sets, const struct pb_globals *globals, pb_err *e)
{
    struct build b = {.m = m, .p = p, .globals = globals, .e = e,
                      .plans = g_hash_table_new(NULL, NULL),
                      .begun = g_hash_table_new(NULL, NULL)};
    GHashTableIter it;
    gpointer name, value;

    pb_memory_register();
    g_hash_table_iter_init(&it, p->options);
    while (m->options && g_hash_table_iter_next(&it, &name, &value)) {
        g_hash_table_replace(m->options, g_strdup(name), g_strdup(value));
        if (m->used && (g_hash_table_contains(p->used, name) || !p->conf->options ||
                        !g_hash_table_contains(p->conf->options, name)))
            g_hash_table_add(m->used, g_strdup(name));
    }
    int r = build_all(&b, model, cpu_sets);
    g_hash_table_unref(b.plans);
    g_hash_table_unref(b.begun);
    return r;
}
