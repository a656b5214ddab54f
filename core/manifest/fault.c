/* SPDX-License-Identifier: MIT */
/* fault.c - collect faults with their places and print them in the order of the file. */
#include "fault.h"

#include <stdlib.h>
#include <string.h>

static void fault_free(gpointer p)
{
    g_free(((struct pb_fault *)p)->text);
}

void pb_faults_init(struct pb_faults *f)
{
    f->v = g_array_new(FALSE, FALSE, sizeof(struct pb_fault));
    g_array_set_clear_func(f->v, fault_free);
}

void pb_faults_clear(struct pb_faults *f)
{
    if (f->v)
        g_array_unref(f->v);
    f->v = NULL;
}

void pb_fault_add(struct pb_faults *f, const struct pb_place *p, const char *fmt, ...)
{
    va_list ap;

    if (f->v->len >= PB_FAULTS_MAX)
        return;
    va_start(ap, fmt);
    struct pb_fault x = {.place = *p, .text = g_strdup_vprintf(fmt, ap)};
    va_end(ap);
    g_array_append_val(f->v, x);
}

void pb_fault_err(struct pb_faults *f, const struct pb_place *p, pb_err *e)
{
    if (e->hint)
        pb_fault_add(f, p, "%s; %s", e->text ? e->text : "failed", e->hint);
    else
        pb_fault_add(f, p, "%s", e->text ? e->text : "failed");
    pb_err_clear(e);
}

void pb_err_once(pb_err *e, const struct pb_place *at)
{
    const char *head = at->file ? at->file : at->option;

    if (e->text && head && !g_str_has_prefix(e->text, head))
        pb_err_at(e, at);
}

char *pb_did_you_mean(const char *word, const char *const *names)
{
    const char *near = pb_nearest(word, names);

    return near ? g_strdup_printf("; did you mean '%s'?", near) : g_strdup("");
}

static int by_place(const void *a, const void *b)
{
    const struct pb_place *x = &((const struct pb_fault *)a)->place;
    const struct pb_place *y = &((const struct pb_fault *)b)->place;

    if (x->file != y->file)
        return x->file && y->file ? strcmp(x->file, y->file) : x->file ? 1 : -1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->col < y->col ? -1 : x->col > y->col;
}

void pb_faults_print(const struct pb_faults *f, FILE *to)
{
    g_autofree struct pb_fault *v = g_memdup2(f->v->data, f->v->len * sizeof *v);

    if (v)
        qsort(v, f->v->len, sizeof *v, by_place);
    for (guint i = 0; i < f->v->len; i++) {
        const char *cure = strstr(v[i].text, "; ");
        g_autofree char *cause = cure ? g_strndup(v[i].text, (gsize)(cure - v[i].text)) : NULL;
        if (pb_errors_json)
            pb_err_json(to, "error", &v[i].place, cure ? cause : v[i].text, cure ? cure + 2 : NULL);
        else if (v[i].place.file)
            fprintf(to, "%s:%d:%d: %s\n", v[i].place.file, v[i].place.line, v[i].place.col,
                    v[i].text);
        else if (v[i].place.option)
            fprintf(to, "%s: %s: %s\n", pb_progname, v[i].place.option, v[i].text);
        else
            fprintf(to, "%s: %s\n", pb_progname, v[i].text);
    }
    if (f->v->len >= PB_FAULTS_MAX)
        fprintf(to, "%s: more faults are not shown\n", pb_progname);
}

int pb_faults_to_err(const struct pb_faults *f, pb_err *e)
{
    if (!f->v->len)
        return PB_OK;
    const struct pb_fault *x = &g_array_index(f->v, struct pb_fault, 0);
    pb_err_set(e, PB_EINVAL, "%s", x->text);
    pb_err_at(e, &x->place);
    return PB_EINVAL;
}
