/* SPDX-License-Identifier: MIT */
/* line.c - pb.line/1: outputs that count their edges, inputs with an inbox.
 *
 * A line into a device that is busy, or while another domain is held, waits in the inbox
 * as a final level and whether it rose and fell meanwhile, so no pulse is lost.
 */
#include "internal.h"

static void out_set(void *sink, uint32_t n, int32_t level)
{
    struct pbt_out *o = sink;

    (void)n;
    if (o->level == level || o->owner->b->frozen)
        return;
    if (level && !o->level)
        o->rises++;
    if (!level && o->level)
        o->falls++;
    o->level = level;
    for (uint32_t i = 0; i < o->n_sinks; i++)
        pbt__input(o->sink[i].dev, o->sink[i].input, level);
}

static void dead_set(void *sink, uint32_t n, int32_t level)
{
    (void)sink, (void)n, (void)level;
}

static const struct pb_line dead = {dead_set, NULL, 0, 0};

static struct pbt_out *find_out(pb_dev *d, const char *name, uint32_t i)
{
    for (uint32_t k = 0; k < d->n_out; k++) {
        if (d->out[k].index == i && strcmp(d->out[k].name, name) == 0)
            return &d->out[k];
    }
    return NULL;
}

static struct pbt_out *need_out(pb_dev *d, const char *name, uint32_t i)
{
    struct pbt_out *o = find_out(d, name, i);

    if (!o)
        pbt__die(d->b, "'%s' (%s) has no output %s[%u]", d->name, d->cls->id, name, i);
    return o;
}

/* Does `decl` ("irq" or "soft[]") declare `name`? 2: as an array. */
static int declares(const char *decl, const char *name)
{
    size_t n = strcspn(decl, "[");

    if (strncmp(decl, name, n) != 0 || name[n])
        return 0;
    return decl[n] ? 2 : 1;
}

static void add_out(pb_dev *d, const char *name, uint32_t index)
{
    d->out = realloc(d->out, (d->n_out + 1) * sizeof *d->out);
    if (!d->out)
        pbt__die(d->b, "out of memory");
    d->out[d->n_out++] = (struct pbt_out){.name = pbt__dup(name), .index = index,
        .owner = d};
    for (uint32_t i = 0; i < d->n_out; i++) /* realloc may have moved them */
        d->out[i].line = (struct pb_line){out_set, &d->out[i], 0, 0};
}

void pbt__make_lines(pb_dev *d)
{
    for (const char *const *l = d->cls->lines_out; l && *l; l++) {
        if (!strchr(*l, '['))
            add_out(d, *l, 0);
    }
    for (const char *const *l = d->cls->lines_in; l && *l; l++) {
        const char *br = strchr(*l, '[');
        d->n_in += br ? (uint32_t)strtoul(br + 1, NULL, 0) : 1;
    }
    d->in = pbt__alloc(d->n_in * sizeof *d->in);
}

void pbt_outputs(pb_dev *d, const char *name, uint32_t n)
{
    if (d->realized)
        pbt__die(d->b, "pbt_outputs() after realize of '%s'", d->name);
    for (const char *const *l = d->cls->lines_out; l && *l; l++) {
        if (declares(*l, name) != 2)
            continue;
        for (uint32_t i = 0; i < n; i++) {
            if (!find_out(d, name, i))
                add_out(d, name, i);
        }
        return;
    }
    pbt__die(d->b, "class %s has no array output '%s[]'", d->cls->id, name);
}

void pbt_outputs_all(pb_dev *d, uint32_t n)
{
    for (const char *const *l = d->cls->lines_out; l && *l; l++) {
        char name[64];
        if (strchr(*l, '[')) {
            snprintf(name, sizeof name, "%.*s", (int)strcspn(*l, "["), *l);
            pbt_outputs(d, name, n);
        }
    }
}

void pbt_wire(pb_dev *d, const char *name, uint32_t i, pb_dev *sink, uint32_t input)
{
    if (!d->cls && !find_out(d, name, i))
        add_out(d, name, i); /* a CPU has what a test wires */
    else if (!find_out(d, name, i))
        pbt_outputs(d, name, i + 1);
    struct pbt_out *o = need_out(d, name, i);
    if (sink->cls && input >= sink->n_in)
        pbt__die(d->b, "'%s' has %u inputs, not %u", sink->name, sink->n_in, input + 1);
    if (o->n_sinks == sizeof o->sink / sizeof *o->sink)
        pbt__die(d->b, "too many sinks of one output");
    o->sink[o->n_sinks].dev = sink;
    o->sink[o->n_sinks++].input = input;
}

int pbt_has_output(pb_dev *d, const char *name, uint32_t i)
{
    return find_out(d, name, i) != NULL;
}

int32_t pbt_level(pb_dev *d, const char *name, uint32_t i)
{
    return need_out(d, name, i)->level;
}

uint64_t pbt_rises(pb_dev *d, const char *name, uint32_t i)
{
    return need_out(d, name, i)->rises;
}

uint64_t pbt_falls(pb_dev *d, const char *name, uint32_t i)
{
    return need_out(d, name, i)->falls;
}

/* ---- Inputs ------------------------------------------------------------------------ */

static void tell(pb_dev *d, uint32_t n, int32_t level)
{
    struct pbt_ctx c;

    d->in[n].told = level;
    pbt__enter(d->b, &c, TAG_DEV, d);
    d->cls->line_in(d->self, n, level);
    pbt__leave(d->b, &c, d);
}

void pbt__input(pb_dev *d, uint32_t n, int32_t level)
{
    struct pbt_in *in;

    if (!d->cls) /* a CPU of the bench hears nothing */
        return;
    in = &d->in[n];
    if (in->level == level)
        return;
    in->rose |= level && !in->level;
    in->fell |= !level && in->level;
    in->level = level;
    if (!d->live || !d->cls->line_in)
        return;
    if ((d->cls->flags & PB_DEV_PARALLEL) || !d->b->held) {
        in->rose = in->fell = 0;
        tell(d, n, level);
    } else {
        in->queued = 1;
        d->b->inbox = 1;
    }
}

void pbt__drain_inbox(pbt *b)
{
    b->inbox = 0;
    for (pb_dev *d = b->devs; d; d = d->next) {
        for (uint32_t n = 0; n < d->n_in && d->live; n++) {
            struct pbt_in *in = &d->in[n];
            if (!in->queued)
                continue;
            uint8_t rose = in->rose, fell = in->fell;
            int32_t final = in->level;
            in->queued = in->rose = in->fell = 0;
            if (in->told == final && rose && fell)
                tell(d, n, !final); /* the pulse between */
            if (in->told != final)
                tell(d, n, final);
        }
    }
}

void pbt_line(pb_dev *d, uint32_t input, int32_t level)
{
    if (input >= d->n_in)
        pbt__die(d->b, "'%s' has %u inputs", d->name, d->n_in);
    pbt__input(d, input, level);
}

/* ---- The service ------------------------------------------------------------------- */

static const struct pb_line *line_out(pb_dev *d, const char *name, uint32_t i)
{
    pbt__need_main(d->b, "pb.line out()");
    struct pbt_out *o = find_out(d, name, i);
    if (o)
        return &o->line;
    for (const char *const *l = d->cls->lines_out; l && *l; l++) {
        if (declares(*l, name))
            return &dead;
    }
    pbt__die(d->b, "class %s declares no output '%s'", d->cls->id, name);
}

static uint32_t line_count(pb_dev *d, const char *name)
{
    uint32_t n = 0;

    pbt__need_main(d->b, "pb.line count()");
    while (find_out(d, name, n))
        n++;
    return n;
}

static int32_t line_level(pb_dev *d, uint32_t n)
{
    pbt__need_dev(d, "pb.line level()");
    if (n >= d->n_in)
        pbt__die(d->b, "class %s has %u inputs", d->cls->id, d->n_in);
    return d->in[n].level;
}

const struct pb_svc_line pbt__svc_line = {
    .size = sizeof pbt__svc_line, .out = line_out, .count = line_count, .level = line_level,
};
