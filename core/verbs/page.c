/* SPDX-License-Identifier: MIT */
/* page.c - see page.h. The three forms differ in how a heading, a remark and a table look;
 * what they say is one walk over the tables. man(7).
 */
#include "page.h"

#include "../plugin/sidecar.h"

#include <plugboard/draft/cpu.h>
#include <plugboard/reg.h>

#include <inttypes.h>
#include <string.h>

struct page {
    enum pb_page_form form;
    FILE *to;
    const char *const *heads; /* of the table being written */
};

void pb_page_troff(FILE *to, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", to);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text == '\n' ? ' ' : *text, to);
    }
}

static void heading(struct page *p, const char *text)
{
    if (p->form == PB_PAGE_MARKDOWN) {
        fprintf(p->to, "\n## %s\n\n", text);
    } else if (p->form == PB_PAGE_MAN) {
        g_autofree char *up = g_ascii_strup(text, -1);
        fprintf(p->to, ".SH %s\n", up);
    } else {
        fprintf(p->to, "  %s\n", text);
    }
}

static void remark(struct page *p, const char *what, const char *text)
{
    if (!text || !*text)
        return;
    if (p->form == PB_PAGE_MAN) {
        fputs(".TP\n.B ", p->to);
        pb_page_troff(p->to, what);
        fputc('\n', p->to);
        pb_page_troff(p->to, text);
        fputc('\n', p->to);
    } else if (p->form == PB_PAGE_MARKDOWN) {
        fprintf(p->to, "- %s: %s\n", what, text);
    } else {
        fprintf(p->to, "  %-12s %s\n", what, text);
    }
}

static void cell(struct page *p, const char *text, gboolean last)
{
    if (p->form == PB_PAGE_MARKDOWN) {
        fputs("| ", p->to);
        for (; *text; text++)
            fprintf(p->to, "%s%c", *text == '|' ? "\\" : "", *text == '\n' ? ' ' : *text);
        fputs(last ? " |\n" : " ", p->to);
    } else if (last) {
        fprintf(p->to, "%s\n", text);
    } else {
        fprintf(p->to, "%-13s ", text);
    }
}

/* In a manual page a row is a tagged paragraph: what it says last under all the rest. */
static void man_row(struct page *p, const char *const *v, const char *const *heads, int n)
{
    fputs(".TP\n.B ", p->to);
    for (int i = 0; i < n - 1; i++) {
        const char *text = v[i] ? v[i] : "";
        gboolean named = i > 1 && *text; /* the first two speak for themselves */
        if (i && *text)
            fputs(named && i > 2 ? ", " : "  ", p->to);
        if (named) {
            g_autofree char *head = g_ascii_strdown(heads[i], -1);
            fprintf(p->to, "%s ", head);
        }
        pb_page_troff(p->to, text);
    }
    fputc('\n', p->to);
    if (v[n - 1] && *v[n - 1])
        pb_page_troff(p->to, v[n - 1]);
    else
        fputs("\\&", p->to);
    fputc('\n', p->to);
}

static void row(struct page *p, const char *const *v, int n)
{
    if (p->form == PB_PAGE_MAN) {
        man_row(p, v, p->heads, n);
        return;
    }
    if (p->form == PB_PAGE_TEXT)
        fputs("    ", p->to);
    for (int i = 0; i < n; i++)
        cell(p, v[i] ? v[i] : "", i == n - 1);
}

static void begin_table(struct page *p, const char *const *heads, int n)
{
    p->heads = heads;
    if (p->form != PB_PAGE_MARKDOWN)
        return;
    row(p, heads, n);
    for (int i = 0; i < n; i++)
        fputs(i == n - 1 ? "| --- |\n" : "| --- ", p->to);
}

static void props(struct page *p, const struct pb_class *c)
{
    static const char *const heads[] = {"Property", "Type", "Default", "Meaning"};

    if (!c->n_props)
        return;
    heading(p, "Properties");
    begin_table(p, heads, 4);
    for (uint32_t i = 0; i < c->n_props; i++) {
        const struct pb_prop *x = &c->props[i];
        GString *doc = g_string_new(x->doc);
        if (x->choices && *x->choices && x->type == PB_T_ENUM) {
            g_autofree char *all = g_strjoinv(", ", (char **)x->choices);
            g_string_append_printf(doc, "%s(%s)", doc->len ? " " : "", all);
        } else if (x->min < x->max) {
            g_string_append_printf(doc, "%s(%" PRId64 " to %" PRId64 "%s%s)", doc->len ? " " : "",
                                   x->min, x->max, x->unit ? " " : "", x->unit ? x->unit : "");
        }
        const char *v[] = {x->name, pb_type_names[x->type], x->def, doc->str};
        row(p, v, 4);
        g_string_free(doc, TRUE);
    }
}

static const char *access_name(uint8_t a)
{
    static const char *const names[] = {"", "RW", "RO", "WO", "W1C", "RC", "reserved"};

    return a < G_N_ELEMENTS(names) ? names[a] : "?";
}

static void reg_fields(struct page *p, const struct pb_reg *r)
{
    for (uint32_t k = 0; r->fields && k < r->n_fields; k++) {
        const struct pb_regfield *f = &r->fields[k];
        g_autofree char *bits = f->width > 1
                                    ? g_strdup_printf("[%u:%u]", f->lsb + f->width - 1, f->lsb)
                                    : g_strdup_printf("[%u]", f->lsb);
        const char *v[] = {bits, f->name, "", access_name(f->access), "", f->doc};
        row(p, v, 6);
    }
}

static void registers(struct page *p, const struct pb_regs *t)
{
    static const char *const heads[] = {"Offset", "Register", "Bytes", "Access", "Reset",
                                        "Meaning"};

    if (!t || !t->n)
        return;
    heading(p, "Registers");
    begin_table(p, heads, 6);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct pb_reg *r = &t->reg[i];
        g_autofree char *off =
            r->count > 1 ? g_strdup_printf("0x%x+n*%u", r->off, r->stride ? r->stride : r->width)
                         : g_strdup_printf("0x%x", r->off);
        g_autofree char *name = r->count > 1 ? g_strdup_printf("%s[%u]", r->name, r->count)
                                             : g_strdup(r->name);
        g_autofree char *width = g_strdup_printf("%u", r->width);
        g_autofree char *reset = g_strdup_printf("0x%" PRIx64, r->reset);
        g_autofree char *doc = g_strdup_printf("%s%s%s", r->doc ? r->doc : "",
                                               r->section ? r->doc ? "; section " : "section "
                                                          : "", r->section ? r->section : "");
        const char *v[] = {off, name, width, access_name(r->access), reset, doc};
        row(p, v, 6);
        reg_fields(p, r);
    }
}

static void state(struct page *p, const struct pb_device_class *d)
{
    GString *s = g_string_new(NULL);

    for (uint32_t i = 0; i < d->n_state; i++)
        g_string_append_printf(s, "%s%s", i ? " " : "", d->state[i].name);
    if (d->save)
        g_string_append_printf(s, "%sand what its save() writes", s->len ? ", " : "");
    if (s->len) {
        g_autofree char *version = g_strdup_printf("State, version %u", d->state_version);
        heading(p, "Saved state");
        remark(p, version, s->str);
    }
    g_string_free(s, TRUE);
}

static void lines(struct page *p, const struct pb_class *c)
{
    g_autofree char *out = g_strjoinv(" ", c->lines_out), *in = g_strjoinv(" ", c->lines_in);
    g_autofree char *bus = g_strjoinv(" ", c->buses_out), *offers = g_strjoinv(" ", c->provides);

    if (!*out && !*in && !*bus && !*offers)
        return;
    heading(p, "Connections");
    remark(p, "outputs", out);
    remark(p, "inputs", in);
    remark(p, "buses", bus);
    remark(p, "interfaces", offers);
}

static void models(struct page *p, const struct pb_class *c)
{
    static const char *const heads[] = {"Model", "What"};

    if (!*c->models)
        return;
    heading(p, "Models");
    begin_table(p, heads, 2);
    for (guint i = 0; c->models[i]; i++) {
        const char *v[] = {c->models[i], c->model_docs[i]};
        row(p, v, 2);
    }
}

static void title(struct page *p, const struct pb_class *c)
{
    const char *text = c->title ? c->title : "";

    if (p->form == PB_PAGE_MARKDOWN) {
        fprintf(p->to, "# %s: %s\n\n", c->id, text);
    } else if (p->form == PB_PAGE_MAN) {
        gboolean device = c->kind == PB_KIND_DEVICE; /* others may bear one name in two kinds */
        g_autofree char *name = g_strdup_printf("plugboard-%s%s%s", device ? "" :
                                                pb_kind_names[c->kind], device ? "" : "-", c->id);
        g_autofree char *up = g_ascii_strup(name, -1);
        fprintf(p->to, ".TH %s 7 \"\" Plugboard\n.SH NAME\n", up);
        pb_page_troff(p->to, name);
        fputs(" \\- ", p->to);
        pb_page_troff(p->to, *text ? text : "plugin of Plugboard");
        fputs("\n.SH DESCRIPTION\n", p->to);
    } else {
        fprintf(p->to, "%s %s: %s\n", pb_kind_names[c->kind], c->id, text);
    }
}

void pb_page_class(const struct pb_class *c, enum pb_page_form form, FILE *to)
{
    struct page p = {form, to, NULL};
    const struct pb_device_class *d = c->kind == PB_KIND_DEVICE ? c->table : NULL;
    g_autofree char *aliases = g_strjoinv(" ", c->aliases);

    title(&p, c);
    remark(&p, "kind", pb_kind_names[c->kind]);
    remark(&p, "plugin", c->plugin->id);
    remark(&p, "other names", aliases);
    remark(&p, "category", c->category);
    remark(&p, "sits on", c->bus);
    remark(&p, "follows", d ? d->spec : NULL);
    props(&p, c);
    lines(&p, c);
    models(&p, c);
    if (d) {
        registers(&p, d->regs);
        state(&p, d);
    }
    if (form == PB_PAGE_MAN)
        fputs(".SH SEE ALSO\n.BR plugboard\\-system (1),\n.BR plugboard (1)\n", to);
    else if (form == PB_PAGE_TEXT)
        fputc('\n', to);
}
