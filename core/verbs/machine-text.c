/* SPDX-License-Identifier: MIT */
/* machine-text.c - a machine's topology as a table and as JSON, and as a graph for dot(1). */
#include "machines.h"
#include "../util/writer.h"

#include <string.h>

/* Their lines are a device's, and are shown as such. */
static void each_with_lines(const struct pb_view *v, FILE *to,
                            void (*fn)(const struct pb_view *v, const struct pb_plan_dev *d,
                                       FILE *to))
{
    GPtrArray *both[] = {v->plan->cpu_devs, v->plan->devs};

    for (guint k = 0; k < G_N_ELEMENTS(both); k++)
        for (guint i = 0; i < both[k]->len; i++) {
            const struct pb_plan_dev *d = both[k]->pdata[i];
            if (d->lines->len)
                fn(v, d, to);
        }
}

static void text_lines(const struct pb_view *v, const struct pb_plan_dev *d, FILE *to)
{
    fprintf(to, " %s\n", d->id);
    for (guint i = 0; i < d->lines->len; i++) {
        const struct pb_plan_line *l = &g_array_index(d->lines, struct pb_plan_line, i);
        g_autofree char *name = pb_line_name(d, l), *sink = pb_line_sink(v, l);
        g_autofree char *at = pb_place_text(&l->place);
        fprintf(to, "  %-26s -> %-22s %s\n", name, sink, at);
    }
}

void pb_view_text(const struct pb_view *v, FILE *to)
{
    g_autoptr(GArray) rows = pb_view_rows(v);
    const struct pb_plan *p = v->plan;

    fprintf(to, "%s (%s)%s%s\n%u x %s%s%s\n\nAddresses:\n", p->name, p->arch,
            p->title ? ": " : "", p->title ? p->title : "", p->cpus, p->cpu ? p->cpu->id : "cpu",
            p->model ? " " : "", p->model ? p->model : "");
    for (guint i = 0; i < rows->len; i++) {
        const struct pb_row *r = &g_array_index(rows, struct pb_row, i);
        g_autofree char *where = pb_row_where(r), *at = pb_place_text(&r->place);
        fprintf(to, "  %-26s %-16s %-16s %s\n", where, pb_row_name(r),
                r->dev ? r->dev->cls->id : r->mem && r->mem->rom ? "ROM" : "RAM", at);
    }
    fprintf(to, "\nLines:\n");
    each_with_lines(v, to, text_lines);
    fprintf(to, "\nBuses:\n");
    for (guint i = 0; i < p->devs->len; i++) {
        const struct pb_plan_dev *d = p->devs->pdata[i];
        for (guint b = 0; d->cls->buses_out[b]; b++)
            fprintf(to, "  %s.%u: %s\n", d->id, b, d->cls->buses_out[b]);
    }
}

static void json_place(struct pb_writer *w, const struct pb_place *at)
{
    if (!at->file)
        return;
    pb_write_text(w, "manifest", at->file);
    pb_write_uint(w, "line", (uint64_t)at->line);
}

static void json_lines(const struct pb_view *v, const struct pb_plan_dev *d, struct pb_writer *w)
{
    pb_write_open(w, "lines", '[');
    for (guint i = 0; i < d->lines->len; i++) {
        const struct pb_plan_line *l = &g_array_index(d->lines, struct pb_plan_line, i);
        g_autofree char *name = pb_line_name(d, l), *sink = pb_line_sink(v, l);
        pb_write_open(w, NULL, '{');
        pb_write_text(w, "output", name);
        pb_write_text(w, "sink", sink);
        json_place(w, &l->place);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
}

static void json_device(const struct pb_view *v, const struct pb_plan_dev *d, struct pb_writer *w)
{
    pb_write_open(w, NULL, '{');
    pb_write_text(w, "name", d->id);
    pb_write_text(w, "class", d->cls->id);
    pb_write_text(w, "plugin", d->cls->plugin->id);
    pb_write_text(w, "on", d->bus);
    json_place(w, &d->g->place);
    pb_write_open(w, "regions", '[');
    for (guint i = 0; i < d->regs->len; i++) {
        const struct pb_plan_reg *r = &g_array_index(d->regs, struct pb_plan_reg, i);
        pb_write_open(w, NULL, '{');
        pb_write_uint(w, "region", r->region);
        pb_write_uint(w, "address", r->addr);
        pb_write_uint(w, "size", r->len);
        pb_write_close(w, '}');
    }
    pb_write_close(w, ']');
    json_lines(v, d, w);
    pb_write_list(w, "buses", (const char *const *)d->cls->buses_out);
    pb_write_open(w, "properties", '{');
    for (guint i = 0; i < d->sets->len; i++) {
        const struct pb_plan_set *s = &g_array_index(d->sets, struct pb_plan_set, i);
        pb_write_text(w, s->key, s->value);
    }
    pb_write_close(w, '}');
    pb_write_close(w, '}');
}

void pb_view_json(const struct pb_view *v, FILE *to)
{
    struct pb_writer w = {.to = to};
    const struct pb_plan *p = v->plan;

    pb_write_open(&w, NULL, '{');
    pb_write_text(&w, "machine", p->name);
    pb_write_text(&w, "arch", p->arch);
    pb_write_text(&w, "title", p->title);
    pb_write_text(&w, "cpu", p->cpu ? p->cpu->id : NULL);
    pb_write_text(&w, "model", p->model);
    pb_write_uint(&w, "cpus", p->cpus);
    pb_write_open(&w, "cpu-lines", '[');
    for (guint i = 0; i < p->cpu_devs->len; i++) {
        const struct pb_plan_dev *d = p->cpu_devs->pdata[i];
        pb_write_open(&w, NULL, '{');
        pb_write_text(&w, "name", d->id);
        json_lines(v, d, &w);
        pb_write_close(&w, '}');
    }
    pb_write_close(&w, ']');
    pb_write_open(&w, "memory", '[');
    pb_write_open(&w, NULL, '{');
    pb_write_text(&w, "name", "main memory");
    pb_write_uint(&w, "address", p->ram_base);
    pb_write_uint(&w, "size", p->ram_size);
    pb_write_close(&w, '}');
    for (guint i = 0; i < p->mems->len; i++) {
        const struct pb_plan_mem *m = &g_array_index(p->mems, struct pb_plan_mem, i);
        pb_write_open(&w, NULL, '{');
        pb_write_text(&w, "name", m->name);
        pb_write_bool(&w, "read-only", m->rom);
        pb_write_uint(&w, "address", m->addr);
        pb_write_uint(&w, "size", m->len);
        json_place(&w, &m->place);
        pb_write_close(&w, '}');
    }
    pb_write_close(&w, ']');
    pb_write_open(&w, "devices", '[');
    for (guint i = 0; i < p->devs->len; i++)
        json_device(v, p->devs->pdata[i], &w);
    pb_write_close(&w, ']');
    pb_write_close(&w, '}');
}

static void dot_lines(const struct pb_view *v, const struct pb_plan_dev *d, FILE *to)
{
    for (guint i = 0; i < d->lines->len; i++) {
        const struct pb_plan_line *l = &g_array_index(d->lines, struct pb_plan_line, i);
        g_autofree char *name = pb_line_name(d, l), *sink = pb_line_sink(v, l);
        g_autofree char *cpu = g_strdup_printf("cpu%u", l->cpu);
        fprintf(to, "  \"%s\" -> \"%s\" [label=\"%s to %s\", color=red];\n", d->id,
                l->sink ? l->sink : cpu, name, strchr(sink, ':') + 1);
    }
}

static void dot_device(const struct pb_plan_dev *d, FILE *to)
{
    fprintf(to, "  \"%s\" [label=\"%s\\n%s", d->id, d->id, d->cls->id);
    for (guint i = 0; i < d->regs->len; i++) {
        const struct pb_plan_reg *g = &g_array_index(d->regs, struct pb_plan_reg, i);
        const struct pb_row r = {.addr = g->addr, .len = g->len, .placed = TRUE};
        g_autofree char *where = pb_row_where(&r);
        fprintf(to, "\\n%s", where);
    }
    fputs("\"];\n", to);
    if (d->bus)
        fprintf(to, "  \"%s\" -> \"%s\" [label=\"bus %u\", dir=none];\n", d->bus, d->id,
                d->bus_index);
    else if (d->regs->len)
        fprintf(to, "  \"system bus\" -> \"%s\" [dir=none];\n", d->id);
}

void pb_view_dot(const struct pb_view *v, FILE *to)
{
    const struct pb_plan *p = v->plan;

    fprintf(to, "digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box, fontname=sans];\n"
                "  edge [fontname=sans, fontsize=9];\n", p->name);
    for (guint i = 0; i < p->cpus; i++)
        fprintf(to, "  \"cpu%u\" -> \"system bus\" [dir=none];\n", i);
    fprintf(to, "  \"system bus\" -> \"main memory\" [dir=none];\n");
    for (guint i = 0; i < p->mems->len; i++)
        fprintf(to, "  \"system bus\" -> \"%s\" [dir=none];\n",
                g_array_index(p->mems, struct pb_plan_mem, i).name);
    for (guint i = 0; i < p->devs->len; i++)
        dot_device(p->devs->pdata[i], to);
    each_with_lines(v, to, dot_lines);
    fputs("}\n", to);
}
