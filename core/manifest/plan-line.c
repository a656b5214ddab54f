/* SPDX-License-Identifier: MIT */
/* plan-line.c - wires: line.OUTPUT = SINK:INPUT …, and what may not overlap.
 *
 * One target drives one element of the output; a range "plic:32-35" or a sink "cpu" drives
 * several elements in turn. "A | B" fans the same elements out to A and B. A final word
 * "shared" lets other outputs drive the same input.
 */
#include "plan.h"

#include "../object/dev.h"

#include <stdlib.h>
#include <string.h>

/* "device 'uart0'" or "cpu", for messages. */
static const char *who(const struct pb_plan_dev *d)
{
    static char name[200];

    if (!*d->g->name)
        return d->g->kind;
    g_snprintf(name, sizeof name, "device '%s'", d->g->name);
    return name;
}

struct wiring {
    struct pb_plan *p;
    struct pb_plan_dev *d;
    struct pb_faults *f;
    struct pb_place at;
    const char *out;  /* without "[]" */
    gboolean array, shared;
    guint elem;       /* next element of the output */
};

/* The declared output `name`: 0 none, 1 plain, 2 array. */
static int output_kind(const struct pb_class *c, const char *name)
{
    size_t n = strlen(name);

    for (char **o = c->lines_out; *o; o++)
        if (!strncmp(*o, name, n) && (!(*o)[n] || (*o)[n] == '['))
            return (*o)[n] ? 2 : 1;
    return 0;
}

/* Inputs that a spec "irq[96]" or "rx" stands for. */
static guint width(const char *spec, size_t *base)
{
    const char *b = strchr(spec, '[');

    *base = b ? (size_t)(b - spec) : strlen(spec);
    return b ? (guint)strtoul(b + 1, NULL, 10) : 1;
}

static guint total_inputs(const struct pb_class *c)
{
    guint n = 0;
    size_t base;

    for (char **i = c->lines_in; *i; i++)
        n += width(*i, &base);
    return n;
}

static char *describe_inputs(const struct pb_class *c)
{
    GString *s = g_string_new(NULL);
    size_t base;

    for (char **i = c->lines_in; *i; i++) {
        guint n = width(*i, &base);
        g_string_append_printf(s, "%s%.*s", s->len ? ", " : "", (int)base, *i);
        if (strchr(*i, '['))
            g_string_append_printf(s, ".0 to %.*s.%u", (int)base, *i, n ? n - 1 : 0);
    }
    if (!s->len)
        g_string_append(s, "no line");
    return g_string_free(s, FALSE);
}

static void add_wire(struct wiring *w, const char *sink, guint cpu, uint32_t input)
{
    struct pb_plan_line l = {.out = g_strdup(w->out), .elem = w->elem, .sink = g_strdup(sink),
                             .cpu = cpu, .input = input, .shared = w->shared, .place = w->at};

    g_array_append_val(w->d->lines, l);
}

/* "irq.3", "3", "irq.3+n", with the last number of a range taken off. -1 and a fault when
 * the class has no such input. */
static int64_t input_number(struct wiring *w, const struct pb_class *c, const char *text,
                            const struct pb_scope *s)
{
    const char *dot = strrchr(text, '.'), *num = dot ? dot + 1 : text;
    pb_err e = {0};
    uint64_t v = 0;

    if (g_ascii_isdigit(*num)) {
        if (pb_value_expr(num, s, &v, &e) < 0) {
            pb_fault_err(w->f, &w->at, &e);
            return -1;
        }
        if (dot) {
            g_autofree char *name = g_strndup(text, (gsize)(dot - text));
            return v > UINT32_MAX ? -2 : pb_class_input(c, name, (uint32_t)v);
        }
        return v < total_inputs(c) ? (int64_t)v : -2;
    }
    return pb_class_input(c, text, 0);
}

static void wire_target(struct wiring *w, const char *target)
{
    const char *colon = strchr(target, ':');
    struct pb_scope s = w->p->scope;
    s.counted = w->d->counted;
    s.n = w->d->n;

    if (!colon || colon == target || !colon[1]) {
        pb_fault_add(w->f, &w->at, "%s: '%s' is no target; expected SINK:INPUT such as "
                     "intc:10", who(w->d), target);
        return;
    }
    g_autofree char *sink = g_strndup(target, (gsize)(colon - target));
    gboolean cpus = !strcmp(sink, "cpu");
    const struct pb_plan_dev *to = cpus ? NULL : pb_plan_find(w->p, sink);
    const struct pb_class *c = cpus ? w->p->cpu : to ? to->cls : NULL;
    if (!c) {
        g_autofree const char **names = g_new0(const char *, w->p->devs->len + 2);
        for (guint i = 0; i < w->p->devs->len; i++)
            names[i] = ((struct pb_plan_dev *)w->p->devs->pdata[i])->id;
        names[w->p->devs->len] = "cpu";
        g_autofree char *hint = pb_did_you_mean(sink, names);
        if (!cpus) /* a missing CPU class has been said */
            pb_fault_add(w->f, &w->at, "%s: %s: there is no device '%s'%s",
                         who(w->d), target, sink, hint);
        return;
    }
    g_autofree char *text = g_strdup(colon + 1);
    char *dash = strrchr(text, '-');
    uint64_t last = 0;
    guint n = 1;
    if (dash && dash > text && g_ascii_isdigit(dash[-1]) && pb_value_size(dash + 1, &last))
        *dash = '\0';
    else
        dash = NULL;
    int64_t input = input_number(w, c, text, &s);
    if (input == -1 && !g_ascii_isdigit(*text) && !strchr(text, '.'))
        input = -2;
    if (input < 0) {
        g_autofree char *all = describe_inputs(c);
        pb_fault_add(w->f, &w->at, "%s: %s: '%s' (%s) takes %s", who(w->d), target,
                     sink, c->id, all);
        return;
    }
    if (dash) {
        const char *dot = strrchr(text, '.');
        uint64_t first = 0;
        pb_value_size(dot ? dot + 1 : text, &first);
        if (last < first || last - first > 1023 ||
            (guint64)input + (last - first) >= total_inputs(c)) {
            pb_fault_add(w->f, &w->at, "%s: %s: not a range of inputs of '%s'",
                         who(w->d), target, sink);
            return;
        }
        n = (guint)(last - first) + 1;
    }
    if (cpus && w->array)
        for (guint i = 0; i < w->p->cpus; i++, w->elem++)
            add_wire(w, NULL, i, (uint32_t)input);
    else
        for (guint i = 0; i < n; i++, w->elem++)
            add_wire(w, cpus ? NULL : sink, 0, (uint32_t)input + i);
}

static void wire_output(struct wiring *w, const struct pb_ini_key *k)
{
    struct pb_scope s = w->p->scope;
    pb_err e = {0};

    s.counted = w->d->counted;
    s.n = w->d->n;
    w->at = pb_plan_at(k);
    g_autofree char *text = pb_value_expand(k->value, &s, &e);
    if (!text) {
        pb_fault_err(w->f, &w->at, &e);
        return;
    }
    if (!strcmp(text, "none"))
        return;
    g_auto(GStrv) fan = g_strsplit(text, "|", -1);
    for (char **a = fan; *a; a++) {
        g_auto(GStrv) targets = pb_value_words(*a);
        guint n = g_strv_length(targets);
        w->elem = 0;
        w->shared = n > 1 && !strcmp(targets[n - 1], "shared");
        if (w->shared)
            n--;
        if (!n)
            pb_fault_add(w->f, &w->at, "%s: expected SINK:INPUT", who(w->d));
        for (guint i = 0; i < n; i++)
            wire_target(w, targets[i]);
        if (!w->array && w->elem > 1)
            pb_fault_add(w->f, &w->at, "%s: output '%s' is one line, this wires %u",
                         who(w->d), w->out, w->elem);
    }
}

static char *output_base(const char *spec)
{
    size_t n = strcspn(spec, "[");

    return g_strndup(spec, n);
}

void pb_plan_lines(struct pb_plan *p, struct pb_plan_dev *d, struct pb_faults *f)
{
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < d->g->keys->len; i++) {
        const struct pb_ini_key *k = d->g->keys->pdata[i];
        gboolean irq = !strcmp(k->key, "irq");
        if (!irq && strncmp(k->key, "line.", 5))
            continue;
        if (irq && !*d->cls->lines_out) {
            pb_fault_add(f, &k->place, "%s: %s has no output lines", who(d),
                         d->cls->id);
            continue;
        }
        char *out = irq ? output_base(d->cls->lines_out[0]) : g_strdup(k->key + 5);
        int kind = output_kind(d->cls, out);
        if (!kind) {
            g_autofree char *hint =
                pb_did_you_mean(out, (const char *const *)d->cls->lines_out);
            pb_fault_add(f, &k->place, "%s: %s has no output '%s'%s", who(d),
                         d->cls->id, out, hint);
        } else if (g_hash_table_contains(done, out)) {
            pb_fault_add(f, &k->place, "%s: output '%s' is wired twice (irq is the "
                         "first output)", who(d), out);
        } else {
            struct wiring w = {.p = p, .d = d, .f = f, .out = out, .array = kind == 2};
            wire_output(&w, k);
        }
        g_hash_table_add(done, out);
    }
    for (char **o = d->cls->lines_out; *o && d->cls->kind != PB_KIND_CPU; o++) {
        g_autofree char *out = output_base(*o); /* CPUs have more timers than boards use */
        if (!g_hash_table_contains(done, out))
            pb_fault_add(f, &d->g->place, "%s: output '%s' of %s is not wired; "
                         "'line.%s = SINK:INPUT', or 'none'", who(d), out, d->cls->id, out);
    }
}

/* ---- Overlaps and inputs driven twice ------------------------------------------------ */

struct span { uint64_t addr, last; const char *name; struct pb_place at; };

static int by_addr(gconstpointer a, gconstpointer b)
{
    const struct span *x = a, *y = b;

    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void add_span(GArray *v, uint64_t addr, uint64_t len, const char *name,
                     const struct pb_place *at)
{
    struct span s = {addr, addr + (len ? len - 1 : 0), name, *at};

    g_array_append_val(v, s);
}

static void check_spans(GArray *v, struct pb_faults *f)
{
    g_array_sort(v, by_addr);
    for (guint i = 1; i < v->len; i++) {
        const struct span *a = &g_array_index(v, struct span, i - 1);
        const struct span *b = &g_array_index(v, struct span, i);
        if (b->addr > a->last) {
            continue;
        }
        g_autofree char *where = a->at.file ? g_strdup_printf("%s:%d", a->at.file, a->at.line)
                                            : g_strdup(a->at.option);
        pb_fault_add(f, &b->at, "'%s' at 0x%" PRIx64 "-0x%" PRIx64 " overlaps '%s' at 0x%" PRIx64
                     "-0x%" PRIx64 " (%s); move one of them", b->name, b->addr, b->last, a->name,
                     a->addr, a->last, where);
        if (a->last > b->last) /* what follows may still lie in a */
            g_array_index(v, struct span, i) = *a;
    }
}

static void check_drivers(GHashTable *drivers, const struct pb_plan_dev *d, struct pb_faults *f)
{
    for (guint k = 0; k < d->lines->len; k++) {
        const struct pb_plan_line *l = &g_array_index(d->lines, struct pb_plan_line, k);
        g_autofree char *key = l->sink ? g_strdup_printf("%s:%u", l->sink, l->input)
                                       : g_strdup_printf("cpu%u:%u", l->cpu, l->input);
        const struct pb_plan_line *old = g_hash_table_lookup(drivers, key);
        if (old && !(old->shared && l->shared))
            pb_fault_add(f, &l->place, "%s: input %s is already driven (%s:%d); add "
                         "'shared' to both if that is meant", who(d), key,
                         old->place.file, old->place.line);
        else if (!old)
            g_hash_table_insert(drivers, g_steal_pointer(&key), (gpointer)l);
    }
}

static void check_inputs(struct pb_plan *p, struct pb_faults *f)
{
    g_autoptr(GHashTable) drivers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < p->devs->len; i++)
        check_drivers(drivers, p->devs->pdata[i], f);
    for (guint i = 0; i < p->cpu_devs->len; i++)
        check_drivers(drivers, p->cpu_devs->pdata[i], f);
}

void pb_plan_overlaps(struct pb_plan *p, struct pb_faults *f)
{
    GArray *v = g_array_new(FALSE, FALSE, sizeof(struct span));

    if (p->ram_size && p->ram_size - 1 <= UINT64_MAX - p->ram_base)
        add_span(v, p->ram_base, p->ram_size, "main memory", &p->ram_place);
    for (guint i = 0; i < p->mems->len; i++) {
        const struct pb_plan_mem *m = &g_array_index(p->mems, struct pb_plan_mem, i);
        add_span(v, m->addr, m->len, m->name, &m->place);
    }
    for (guint i = 0; i < p->devs->len; i++) {
        const struct pb_plan_dev *d = p->devs->pdata[i];
        for (guint k = 0; k < d->regs->len; k++) {
            const struct pb_plan_reg *r = &g_array_index(d->regs, struct pb_plan_reg, k);
            add_span(v, r->addr, r->len, d->id, &r->place);
        }
    }
    check_spans(v, f);
    g_array_unref(v);
    check_inputs(p, f);
}
