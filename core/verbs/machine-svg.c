/* SPDX-License-Identifier: MIT */
/* machine-svg.c - a machine as a picture (SVG 1.1).
 *
 * Left, the address map from low to high along the system bus; a device is one box, with a
 * row for each of its regions, and with the buses it offers written in it; what sits on such
 * a bus follows below it, set in. Right, one upright lane for each interrupt controller (the
 * CPUs are one): a device's outputs, and the CPU's own, run to the lane of their sink and say its
 * input there.
 */
#include "machines.h"

#include <string.h>

enum { ADDR_X = 20, BUS_X = 250, BOX_X = 280, BOX_W = 350, LANE_X = 830, LANE_W = 26, ROW_H = 18,
       GAP = 10, CPU_Y = 56 };
enum { LABEL_MAX = 32, SUB_MAX = 58 }; /* characters that find room */

static const char *const colours[] = {"#c0392b", "#2471a3", "#1e8449", "#b9770e", "#7d3c98",
                                      "#148f77", "#616a6b", "#a04000"};

struct lane {
    const char *sink; /* device id; NULL: the CPUs */
    int top, bottom;  /* y of its ends */
};
struct box {
    const struct pb_plan_dev *dev; /* or */
    const struct pb_row *row;      /* memory */
    int y, h, indent;
};
struct picture {
    const struct pb_view *v;
    FILE *to;
    GArray *rows, *boxes, *lanes;
    const struct pb_plan_dev *cpu; /* the first, for its outputs, or NULL */
    int y, cpu_h;
};

static void text(FILE *to, int x, int y, const char *style, const char *s)
{
    g_autofree char *safe = g_markup_escape_text(s ? s : "", -1);

    fprintf(to, "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, style, safe);
}

/* Does `n`, `k` elements after `l`, go on where `l` began: the next input, or the next CPU's? */
static gboolean goes_on(const struct picture *p, const struct pb_plan_line *l,
                        const struct pb_plan_line *n, guint k)
{
    if (g_strcmp0(n->sink, l->sink) || strcmp(n->out, l->out) || n->elem != l->elem + k ||
        n->shared != l->shared)
        return FALSE;
    g_autofree char *a = pb_line_sink(p->v, l), *b = pb_line_sink(p->v, n);
    size_t fix = strcspn(a, "0123456789"); /* the inputs must have one name */
    return l->sink ? n->input == l->input + k && !strncmp(a, b, fix) : n->input == l->input;
}

/* One run of wires, "irq to 10" or "spi[0-63] to spi.48-111"; *last is its last line. */
static char *run_text(const struct picture *p, const struct pb_plan_dev *d, guint *last)
{
    const struct pb_plan_line *v = &g_array_index(d->lines, struct pb_plan_line, 0), *l = v + *last;
    guint k = 0;

    while (*last + 1 < d->lines->len && goes_on(p, l, v + *last + 1, k + 1))
        k++, ++*last;
    g_autofree char *name = pb_line_name(d, l), *to = pb_line_sink(p->v, l);
    const char *input = strchr(to, ':') + 1, *shared = l->shared ? " (shared)" : "";
    if (!k)
        return g_strdup_printf("%s to %s%s", name, input, shared);
    g_autofree char *end = l->sink ? pb_line_sink(p->v, v + *last) : NULL;
    const char *number = end ? end + strcspn(end, ":") + 1 : NULL;
    number += number ? strcspn(number, "0123456789") : 0;
    return g_strdup_printf("%s[%u-%u] to %s%s%s%s", l->out, l->elem, l->elem + k, input,
                           number ? "-" : "", number ? number : "", shared);
}

/* What is written at the wires of one device to one sink: a text for each wire drawn, as many
 * runs in it as find room. */
static GPtrArray *wires(const struct picture *p, const struct pb_plan_dev *d, const char *sink)
{
    GPtrArray *v = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < d->lines->len; i++) {
        if (g_strcmp0(g_array_index(d->lines, struct pb_plan_line, i).sink, sink))
            continue;
        g_autofree char *run = run_text(p, d, &i);
        char **old = v->len ? (char **)&v->pdata[v->len - 1] : NULL;
        if (!old || strlen(*old) + strlen(run) > LABEL_MAX) {
            g_ptr_array_add(v, g_steal_pointer(&run));
        } else {
            char *both = g_strconcat(*old, ", ", run, NULL);
            g_free(*old);
            *old = both;
        }
    }
    return v;
}

static struct lane *lane_of(struct picture *p, const char *sink)
{
    for (guint i = 0; i < p->lanes->len; i++) {
        struct lane *l = &g_array_index(p->lanes, struct lane, i);
        if (!g_strcmp0(l->sink, sink))
            return l;
    }
    struct lane n = {.sink = sink, .top = INT_MAX};
    g_array_append_val(p->lanes, n);
    return &g_array_index(p->lanes, struct lane, p->lanes->len - 1);
}

static int lane_x(const struct picture *p, const struct lane *l)
{
    return LANE_X + LANE_W * (int)(l - (struct lane *)(void *)p->lanes->data);
}

/* How many wires are drawn at the right of a device; its sinks get their lanes. */
static int n_wires(struct picture *p, const struct pb_plan_dev *d)
{
    int n = 0;

    for (guint i = 0; i < d->lines->len; i++)
        lane_of(p, g_array_index(d->lines, struct pb_plan_line, i).sink);
    for (guint i = 0; i < p->lanes->len; i++) {
        g_autoptr(GPtrArray) v = wires(p, d, g_array_index(p->lanes, struct lane, i).sink);
        n += (int)v->len;
    }
    return n;
}

/* Some output ends there. */
static gboolean is_sink(const struct picture *p, const char *id)
{
    GPtrArray *devs = p->v->plan->devs;

    for (guint i = 0; i <= devs->len; i++) {
        const struct pb_plan_dev *d = i < devs->len ? devs->pdata[i] : p->cpu;
        for (guint k = 0; d && k < d->lines->len; k++)
            if (!g_strcmp0(g_array_index(d->lines, struct pb_plan_line, k).sink, id))
                return TRUE;
    }
    return FALSE;
}

static int n_regs(const struct pb_plan_dev *d)
{
    return d->regs ? (int)d->regs->len : 0; /* a CPU has none */
}

/* Place the box of a device, then those of its bus children. */
static void place_device(struct picture *p, const struct pb_plan_dev *d, int indent)
{
    for (guint i = 0; i < p->boxes->len; i++)
        if (g_array_index(p->boxes, struct box, i).dev == d)
            return; /* another region of it came first */
    int rows = MAX(MAX(n_regs(d), 1) + 1, n_wires(p, d) + is_sink(p, d->id));
    struct box b = {.dev = d, .y = p->y, .indent = indent,
                    .h = ROW_H * (rows + (*d->cls->buses_out ? 1 : 0))};
    g_array_append_val(p->boxes, b);
    p->y += b.h + GAP;
    const struct pb_plan *plan = p->v->plan;
    for (guint i = 0; i < plan->devs->len && indent < 8; i++) {
        const struct pb_plan_dev *k = plan->devs->pdata[i];
        if (k->bus && !strcmp(k->bus, d->id))
            place_device(p, k, indent + 1);
    }
}

static void place_all(struct picture *p)
{
    if (p->cpu)
        p->cpu_h = ROW_H * MAX(2, n_wires(p, p->cpu) + 1);
    p->y = CPU_Y + p->cpu_h + ROW_H;
    for (guint i = 0; i < p->rows->len; i++) {
        const struct pb_row *r = &g_array_index(p->rows, struct pb_row, i);
        if (r->dev && !r->dev->bus) {
            place_device(p, r->dev, 0);
        } else if (!r->dev) {
            struct box b = {.row = r, .y = p->y, .h = 2 * ROW_H};
            g_array_append_val(p->boxes, b);
            p->y += b.h + GAP;
        }
    }
}

static void draw_frame(struct picture *p, const struct box *b, const char *fill)
{
    int x = BOX_X + 24 * b->indent;

    fprintf(p->to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\" "
                   "stroke=\"#555\"/>\n", x, b->y, BOX_W - 24 * b->indent, b->h, fill);
    if (b->indent)
        fprintf(p->to, "<path d=\"M%d %d v%d h%d\" class=\"wire\" stroke=\"#555\"/>\n",
                x - 12, b->y - GAP, GAP + 12, 12);
}

static void draw_address(struct picture *p, const struct pb_row *r, int y)
{
    g_autofree char *where = pb_row_where(r);

    text(p->to, ADDR_X, y + 4, "addr", where);
    fprintf(p->to, "<path d=\"M%d %d H%d\" class=\"wire\" stroke=\"#555\"/>\n", BUS_X, y, BOX_X);
}

/* The outputs of `d`, the first at height `y`. */
static void draw_lines(struct picture *p, const struct pb_plan_dev *d, int y)
{
    for (guint i = 0; i < p->lanes->len; i++) {
        struct lane *l = &g_array_index(p->lanes, struct lane, i);
        g_autoptr(GPtrArray) labels = wires(p, d, l->sink);
        const char *colour = colours[i % G_N_ELEMENTS(colours)];
        int x = lane_x(p, l);
        for (guint k = 0; k < labels->len; k++, y += ROW_H) {
            fprintf(p->to, "<path d=\"M%d %d H%d\" class=\"wire\" stroke=\"%s\"/>"
                           "<circle cx=\"%d\" cy=\"%d\" r=\"3.5\" fill=\"%s\"/>\n",
                    BOX_X + BOX_W, y, x, colour, x, y, colour);
            text(p->to, BOX_X + BOX_W + 6, y - 3, "wirename", labels->pdata[k]);
            l->top = MIN(l->top, y);
            l->bottom = MAX(l->bottom, y);
        }
    }
}

/* The lane of sink `id` (NULL: the CPUs) ends in its box, at height `y`. */
static void draw_sink(struct picture *p, const char *id, int y)
{
    for (guint i = 0; i < p->lanes->len; i++) {
        struct lane *l = &g_array_index(p->lanes, struct lane, i);
        if (g_strcmp0(l->sink, id))
            continue;
        fprintf(p->to, "<path d=\"M%d %d H%d\" class=\"wire\" stroke=\"%s\" "
                       "stroke-width=\"3\" marker-end=\"url(#into)\"/>\n", lane_x(p, l), y,
                BOX_X + BOX_W + 9, colours[i % G_N_ELEMENTS(colours)]);
        l->top = MIN(l->top, y);
        l->bottom = MAX(l->bottom, y);
    }
}

/* At most `n` characters of ASCII text. */
static char *shorten(const char *s, int n)
{
    return (int)strlen(s) <= n ? g_strdup(s) : g_strdup_printf("%.*s\u2026", n - 1, s);
}

static void draw_device(struct picture *p, const struct box *b)
{
    const struct pb_plan_dev *d = b->dev;
    int x = BOX_X + 24 * b->indent + 8, y = b->y + ROW_H;
    g_autofree char *at = pb_place_text(&d->g->place);
    g_autofree char *what = shorten(d->cls->title ? d->cls->title : d->cls->id,
                                    SUB_MAX - 4 * b->indent - (int)strlen(at));
    g_autofree char *sub = g_strdup_printf("%s, %s", what, at);

    draw_frame(p, b, *d->cls->lines_in && !*d->cls->buses_out ? "#fdf2e9" : "#eef4fb");
    g_autofree char *head = g_strdup_printf("%s  (%s)", d->id, d->cls->id);
    text(p->to, x, y - 3, "name", head);
    text(p->to, x, y + ROW_H - 5, "sub", sub);
    if (*d->cls->buses_out) {
        g_autofree char *all = g_strjoinv(", ", d->cls->buses_out);
        g_autofree char *bus = g_strdup_printf("bus: %s", all);
        text(p->to, x, b->y + b->h - 6, "bus", bus);
    }
    for (guint i = 0, k = 0; i < p->rows->len; i++) {
        const struct pb_row *r = &g_array_index(p->rows, struct pb_row, i);
        if (r->dev == d && r->placed)
            draw_address(p, r, b->y + ROW_H - 4 + ROW_H * (int)k++);
    }
    draw_lines(p, d, b->y + ROW_H - 4);
    draw_sink(p, d->id, b->y + b->h - 7);
}

static void draw_memory(struct picture *p, const struct box *b)
{
    g_autofree char *at = pb_place_text(&b->row->place);
    g_autofree char *sub = g_strdup_printf("%s%s%s", b->row->mem && b->row->mem->rom
                                           ? "read-only memory" : "RAM", *at ? ", " : "", at);

    draw_frame(p, b, "#eafaf1");
    text(p->to, BOX_X + 8, b->y + ROW_H - 3, "name", pb_row_name(b->row));
    text(p->to, BOX_X + 8, b->y + 2 * ROW_H - 5, "sub", sub);
    draw_address(p, b->row, b->y + ROW_H);
}

/* The CPUs lie above the bus. Of several the first one's outputs are drawn: the others' go to the
 * same places, one further each. */
static void draw_cpus(struct picture *p)
{
    const struct pb_plan *plan = p->v->plan;
    g_autofree char *name = g_strdup_printf("%u x %s", plan->cpus,
                                            plan->cpu ? plan->cpu->id : "cpu");
    const struct lane *l = lane_of(p, NULL);
    g_autofree char *sub = g_strdup_printf("%s%s", plan->model ? plan->model : "",
                                           p->cpu && plan->cpus > 1
                                           ? " (outputs: those of the first)" : "");

    fprintf(p->to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" "
                   "fill=\"#fdf2e9\" stroke=\"#555\"/>\n", BUS_X - 40, CPU_Y,
            BOX_X + BOX_W - BUS_X + 40, p->cpu_h);
    text(p->to, BUS_X - 28, CPU_Y + 15, "name", name);
    text(p->to, BUS_X - 28, CPU_Y + 30, "sub", sub);
    if (p->cpu)
        draw_lines(p, p->cpu, CPU_Y + 2 * ROW_H - 4);
    if (l->top != INT_MAX)
        draw_sink(p, NULL, CPU_Y + ROW_H - 4);
}

static void draw_lanes(struct picture *p)
{
    for (guint i = 0; i < p->lanes->len; i++) {
        const struct lane *l = &g_array_index(p->lanes, struct lane, i);
        const char *colour = colours[i % G_N_ELEMENTS(colours)];
        int x = lane_x(p, l);
        if (l->top == INT_MAX)
            continue;
        fprintf(p->to, "<path d=\"M%d %d V%d\" class=\"wire\" stroke=\"%s\" "
                       "stroke-width=\"3\"/>\n", x, l->top, l->bottom, colour);
        fprintf(p->to, "<text x=\"%d\" y=\"%d\" class=\"lane\" fill=\"%s\" "
                       "transform=\"rotate(-60 %d %d)\">%s</text>\n", x + 4, l->top - 8, colour,
                x + 4, l->top - 8, l->sink ? l->sink : "CPU");
    }
}

static void head(struct picture *p, int width, int height)
{
    const struct pb_plan *plan = p->v->plan;
    g_autofree char *title = g_strdup_printf("%s (%s)%s%s", plan->name, plan->arch,
                                             plan->title ? ": " : "",
                                             plan->title ? plan->title : "");

    fprintf(p->to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                   "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans,Arial,sans-serif\">\n<style>\n"
                   ".title{font-size:18px;font-weight:bold} .name{font-size:13px;"
                   "font-weight:bold}\n.sub{font-size:10.5px;fill:#444} .bus{font-size:11px;"
                   "fill:#2471a3}\n.addr{font-size:11px;font-family:DejaVu Sans Mono,monospace}\n"
                   ".wirename{font-size:10px;fill:#333} .lane{font-size:12px;"
                   "font-weight:bold}\n.wire{fill:none}\n</style>\n"
                   "<defs><marker id=\"into\" markerWidth=\"4\" markerHeight=\"4\" refX=\"2\" "
                   "refY=\"2\" orient=\"auto\"><path d=\"M0 0 L4 2 L0 4 z\" fill=\"#333\"/>"
                   "</marker></defs>\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            width, height, width, height, width, height);
    text(p->to, ADDR_X, 34, "title", title);
}

void pb_view_svg(const struct pb_view *v, FILE *to)
{
    GPtrArray *cpus = v->plan->cpu_devs;
    struct picture p = {.v = v, .to = to, .rows = pb_view_rows(v), .cpu_h = 2 * ROW_H,
                        .boxes = g_array_new(FALSE, TRUE, sizeof(struct box)),
                        .lanes = g_array_new(FALSE, TRUE, sizeof(struct lane))};

    if (cpus->len && ((const struct pb_plan_dev *)cpus->pdata[0])->lines->len)
        p.cpu = cpus->pdata[0];
    lane_of(&p, NULL);
    place_all(&p);
    head(&p, LANE_X + LANE_W * (int)p.lanes->len + 60, p.y + 20);
    int top = CPU_Y + p.cpu_h, bottom = top;
    for (guint i = 0; i < p.boxes->len; i++) {
        const struct box *b = &g_array_index(p.boxes, struct box, i);
        if (b->row ? b->row->placed : n_regs(b->dev) != 0)
            bottom = b->y + b->h / 2;
    }
    fprintf(to, "<path d=\"M%d %d V%d\" class=\"wire\" stroke=\"#222\" stroke-width=\"5\"/>\n",
            BUS_X, top, bottom);
    text(to, ADDR_X, top + 8, "bus", "system bus");
    for (guint i = 0; i < p.boxes->len; i++) {
        const struct box *b = &g_array_index(p.boxes, struct box, i);
        if (b->dev)
            draw_device(&p, b);
        else
            draw_memory(&p, b);
    }
    draw_cpus(&p);
    draw_lanes(&p);
    fputs("</svg>\n", to);
    g_array_unref(p.rows);
    g_array_unref(p.boxes);
    g_array_unref(p.lanes);
}
