/* SPDX-License-Identifier: MIT */
/* line.c - one-bit wires: pb.line/1.
 *
 * Lines never wait. A change of an input sets its edge bits; the first to do so delivers:
 * at once when the sink is parallel, in a domain that we hold, or in one that is free, else
 * the input goes to the inbox of the sink's domain. Later changes meet the busy bit and
 * leave the delivery to whoever has it, so each input is delivered by one thread at a time
 * and in order. A pulse that came and went is still seen: both edge bits are set.
 */
#include "line.h"

#include "../cpu/cpu.h"
#include "../object/object.h"

#include <string.h>

#define IN_RISE 1u      /* the level rose since the last delivery */
#define IN_FALL 2u      /* it fell */
#define IN_BUSY 4u      /* someone delivers, or it is in an inbox */
#define IN_TOLD 8u      /* level that the sink was told last */
#define IN_COUNT 16u    /* wires that are high */
#define IN_HIGH(st) ((st) >= IN_COUNT)

static void tell(struct pb_input *in, int32_t level)
{
    if (in->line_in && in->d->realized)
        in->line_in(in->d->self, in->n, level);
}

/* Deliver until nothing is left. The sink's domain is held, or the sink is parallel. */
static void deliver(struct pb_input *in)
{
    struct pb_frame f;
    uint32_t old = atomic_load(&in->state);

    pb_cb_enter(&f, in->d);
    for (;;) {
        uint32_t edges = old & (IN_RISE | IN_FALL);
        uint32_t level = IN_HIGH(old);
        uint32_t next = old & ~(IN_RISE | IN_FALL | IN_TOLD);
        next |= level ? IN_TOLD : 0;
        next &= edges ? ~0u : ~IN_BUSY;
        if (!atomic_compare_exchange_weak(&in->state, &old, next))
            continue;
        if (!edges)
            break;
        uint32_t told = !!(old & IN_TOLD);
        if (edges == (IN_RISE | IN_FALL)) { /* a pulse: show both of its edges */
            tell(in, !told);
            if (told != level)
                tell(in, (int32_t)told);
            tell(in, (int32_t)level);
        } else if (told != level) {
            tell(in, (int32_t)level);
        }
        old = next;
    }
    pb_cb_leave(&f);
    if (in->d->cpu)
        pb_cpu_wake(in->d->cpu);
}

static void post(struct pb_input *in)
{
    struct pb_domain *dom = in->d->domain;
    struct pb_input *head = atomic_load(&dom->inbox);

    do
        in->next = head;
    while (!atomic_compare_exchange_weak(&dom->inbox, &head, in));
    pb_domain_poke(dom);
}

/* `in` changed and this thread has its busy bit. */
static void dispatch(struct pb_input *in)
{
    struct pb_domain *dom = in->d->domain;

    if (in->d->parallel) {
        deliver(in);
    } else if (pb_tl.held == dom) {
        if (pb_cb_active(in->d))
            post(in);
        else
            deliver(in);
    } else if (!pb_tl.held && pb_domain_trylock(dom)) {
        pb_tl.held = dom;
        deliver(in);
        pb_domain_unlock(dom);
    } else {
        post(in);
    }
}

static void input_change(struct pb_input *in, gboolean up)
{
    uint32_t old = atomic_load_explicit(&in->state, memory_order_relaxed), next;

    do {
        next = up ? old + IN_COUNT : old - IN_COUNT;
        if (IN_HIGH(next) != IN_HIGH(old))
            next |= IN_BUSY | (up ? IN_RISE : IN_FALL);
    } while (!atomic_compare_exchange_weak(&in->state, &old, next));
    if ((next & IN_BUSY) && !(old & IN_BUSY))
        dispatch(in);
}

static void wire_set(void *sink, uint32_t n, int32_t level)
{
    struct pb_wire *w = sink;
    uint32_t want = level != 0;

    (void)n;
    if (pb_tl.quiet) {
        pb_line_restore(w, want);
        return;
    }
    if (atomic_load_explicit(&w->level, memory_order_relaxed) == want ||
        atomic_exchange(&w->level, want) == want)
        return;
    for (guint i = 0; i < w->sinks->len; i++)
        input_change(g_ptr_array_index(w->sinks, i), (gboolean)want);
}

void pb_line_drain(struct pb_domain *dom)
{
    struct pb_input *in = atomic_exchange(&dom->inbox, NULL), *first = NULL;

    while (in) { /* newest first: turn around */
        struct pb_input *next = in->next;
        in->next = first;
        first = in;
        in = next;
    }
    while (first) {
        struct pb_input *next = first->next;
        deliver(first);
        first = next;
    }
}

struct pb_wire *pb_wire_get(pb_dev *d, const char *out, uint32_t i, gboolean make)
{
    for (guint k = 0; k < d->lines->len; k++) {
        struct pb_wire *w = g_ptr_array_index(d->lines, k);
        if (w->index == i && !strcmp(w->out, out))
            return w;
    }
    if (!make)
        return NULL;
    struct pb_wire *w = g_new0(struct pb_wire, 1);
    w->line = (struct pb_line){.set = wire_set, .sink = w};
    w->from = d;
    w->out = g_strdup(out);
    w->index = i;
    w->sinks = g_ptr_array_new();
    g_ptr_array_add(d->lines, w);
    return w;
}

struct pb_input *pb_input_get(pb_dev *d, uint32_t n, gboolean make)
{
    struct pb_input *in = g_hash_table_lookup(d->inputs, GUINT_TO_POINTER(n));

    if (in || !make)
        return in;
    in = g_new0(struct pb_input, 1);
    in->d = d;
    in->n = n;
    in->line_in = pb_dev_line_in(d);
    g_hash_table_insert(d->inputs, GUINT_TO_POINTER(n), in);
    return in;
}

int pb_wire_connect(pb_dev *from, const char *out, uint32_t i, pb_dev *to, uint32_t n,
                    gboolean shared, pb_err *e)
{
    struct pb_input *in = pb_input_get(to, n, TRUE);

    if (in->drivers && !shared)
        return pb_err_set(e, PB_EBUSY, "input %u of '%s' is already driven: '%s.%s' would be "
                          "the second", n, to->name, from->name, out);
    struct pb_wire *w = pb_wire_get(from, out, i, TRUE);
    if (g_ptr_array_find(w->sinks, in, NULL))
        return pb_err_set(e, PB_EINVAL, "'%s.%s' already drives input %u of '%s'", from->name,
                          out, n, to->name);
    in->drivers++;
    g_ptr_array_add(w->sinks, in);
    return 0;
}

void pb_line_restore(struct pb_wire *w, uint32_t level)
{
    if (atomic_exchange(&w->level, level) == level)
        return;
    for (guint i = 0; i < w->sinks->len; i++) {
        struct pb_input *in = g_ptr_array_index(w->sinks, i);
        uint32_t st = atomic_load(&in->state);
        st = level ? st + IN_COUNT : st - IN_COUNT;
        st = IN_HIGH(st) ? st | IN_TOLD : st & ~IN_TOLD;
        atomic_store(&in->state, st);
    }
}

/* Take the inputs of `d` out of the wires of other devices that end in them. */
static void cut_inputs(pb_dev *d)
{
    for (guint i = 0; i < d->m->devs->len; i++) {
        pb_dev *o = g_ptr_array_index(d->m->devs, i);
        for (guint k = 0; o != d && k < o->lines->len; k++) {
            struct pb_wire *w = g_ptr_array_index(o->lines, k);
            for (guint j = w->sinks->len; j-- > 0;)
                if (((struct pb_input *)g_ptr_array_index(w->sinks, j))->d == d)
                    g_ptr_array_remove_index(w->sinks, j);
        }
    }
}

void pb_line_free(pb_dev *d)
{
    cut_inputs(d);
    for (guint k = 0; k < d->lines->len; k++) {
        struct pb_wire *w = g_ptr_array_index(d->lines, k);
        wire_set(w, 0, 0);
        for (guint i = 0; i < w->sinks->len; i++)
            ((struct pb_input *)g_ptr_array_index(w->sinks, i))->drivers--;
        g_ptr_array_free(w->sinks, TRUE);
        g_free(w->out);
        g_free(w);
    }
    g_ptr_array_set_size(d->lines, 0);
    g_hash_table_remove_all(d->inputs);
}

void pb_line_renew(pb_dev *d)
{
    GHashTableIter it;
    gpointer v;

    g_hash_table_iter_init(&it, d->inputs);
    while (g_hash_table_iter_next(&it, NULL, &v))
        ((struct pb_input *)v)->line_in = pb_dev_line_in(d);
}

void pb_line_tell_all(pb_dev *d)
{
    GHashTableIter it;
    gpointer v;

    g_hash_table_iter_init(&it, d->inputs);
    while (g_hash_table_iter_next(&it, NULL, &v)) {
        struct pb_input *in = v;
        struct pb_frame f;
        if (!IN_HIGH(atomic_load(&in->state)))
            continue;
        pb_cb_enter(&f, d);
        tell(in, 1);
        pb_cb_leave(&f);
    }
}

void pb_line_retell(pb_dev *d)
{
    GHashTableIter it;
    gpointer v;

    g_hash_table_iter_init(&it, d->inputs);
    while (g_hash_table_iter_next(&it, NULL, &v)) {
        struct pb_input *in = v;
        uint32_t old = atomic_load(&in->state), next;
        do {
            next = old & ~IN_TOLD;
            if (IN_HIGH(old))
                next |= IN_RISE | IN_BUSY;
        } while (!atomic_compare_exchange_weak(&in->state, &old, next));
        if ((next & IN_BUSY) && !(old & IN_BUSY))
            dispatch(in);
    }
}

/* ---- pb.line/1 ---------------------------------------------------------------------- */

static const struct pb_line *line_out(pb_dev *d, const char *name, uint32_t i)
{
    return &pb_wire_get(d, name, i, TRUE)->line;
}

static uint32_t line_count(pb_dev *d, const char *name)
{
    uint32_t n = 0;

    for (guint k = 0; k < d->lines->len; k++) {
        struct pb_wire *w = g_ptr_array_index(d->lines, k);
        if (w->sinks->len && w->index >= n && !strcmp(w->out, name))
            n = w->index + 1;
    }
    return n;
}

static int32_t line_level(pb_dev *d, uint32_t n)
{
    struct pb_input *in = g_hash_table_lookup(d->inputs, GUINT_TO_POINTER(n));

    return in && IN_HIGH(atomic_load(&in->state));
}

const struct pb_svc_line pb_line_service = {
    .size = sizeof(struct pb_svc_line), .out = line_out, .count = line_count, .level = line_level,
};
