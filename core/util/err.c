/* SPDX-License-Identifier: MIT */
/* err.c - failures with place, cause and cure; the nearest name to a misspelt one. */
#include "err.h"

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *pb_progname = "plugboard";

int pb_err_set(pb_err *e, int code, const char *fmt, ...)
{
    va_list ap;

    if (!e || e->code)
        return code;
    va_start(ap, fmt);
    e->text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    e->code = code;
    return code;
}

void pb_err_hint(pb_err *e, const char *fmt, ...)
{
    va_list ap;

    if (!e || !e->code || e->hint)
        return;
    va_start(ap, fmt);
    e->hint = g_strdup_vprintf(fmt, ap);
    va_end(ap);
}

void pb_err_prefix(pb_err *e, const char *fmt, ...)
{
    va_list ap;

    if (!e || !e->code)
        return;
    va_start(ap, fmt);
    g_autofree char *prefix = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    char *text = g_strconcat(prefix, e->text, NULL);
    g_free(e->text);
    e->text = text;
}

static char *place_text(const struct pb_place *p)
{
    if (p->file && p->line && p->col)
        return g_strdup_printf("%s:%d:%d: ", p->file, p->line, p->col);
    if (p->file && p->line)
        return g_strdup_printf("%s:%d: ", p->file, p->line);
    if (p->file || p->option)
        return g_strdup_printf("%s: ", p->file ? p->file : p->option);
    return g_strdup("");
}

void pb_err_at(pb_err *e, const struct pb_place *p)
{
    if (!e || !e->code || !p || (!p->file && !p->option))
        return;
    g_autofree char *text = place_text(p);
    pb_err_prefix(e, "%s", text);
    e->place = *p;
}

const char *pb_err_cause(const pb_err *e)
{
    g_autofree char *where = place_text(&e->place);

    return e->text + (g_str_has_prefix(e->text, where) ? strlen(where) : 0);
}

void pb_err_hint_errno(pb_err *e, int err, const char *path)
{
    g_autofree char *cwd = g_get_current_dir();

    if (err == ENOENT && path && !g_path_is_absolute(path))
        pb_err_hint(e, "the name is taken from the working directory, %s", cwd);
    else if (err == ENOENT || err == ENOTDIR)
        pb_err_hint(e, "check each directory of the name");
    else if (err == EACCES || err == EPERM)
        pb_err_hint(e, "give user %u the right to it (ls -l shows whose it is), or run as its "
                    "owner", (unsigned)geteuid());
    else if (err == EISDIR)
        pb_err_hint(e, "name a file in that directory");
    else if (err == EROFS)
        pb_err_hint(e, "name a place that can be written to");
    else if (err == EADDRINUSE)
        pb_err_hint(e, "take another port, or end the program that has it: 'ss -ltnp' names it");
}

void pb_err_clear(pb_err *e)
{
    g_free(e->text);
    g_free(e->hint);
    memset(e, 0, sizeof *e);
}

void pb_err_json(FILE *to, const char *severity, const struct pb_place *at, const char *text,
                 const char *hint)
{
    g_autoptr(GString) s = g_string_new("{\"severity\": ");

    pb_json_quote(s, severity);
    g_string_append(s, ", \"program\": ");
    pb_json_quote(s, pb_progname);
    if (at && at->file) {
        g_string_append(s, ", \"file\": ");
        pb_json_quote(s, at->file);
        if (at->line)
            g_string_append_printf(s, ", \"line\": %d", at->line);
        if (at->line && at->col)
            g_string_append_printf(s, ", \"column\": %d", at->col);
    } else if (at && at->option) {
        g_string_append(s, ", \"option\": ");
        pb_json_quote(s, at->option);
    }
    g_string_append(s, ", \"cause\": ");
    pb_json_quote(s, text ? text : "");
    if (hint) {
        g_string_append(s, ", \"cure\": ");
        pb_json_quote(s, hint);
    }
    fprintf(to, "%s}\n", s->str);
}

gboolean pb_errors_json;

gboolean pb_errors_option(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        const char *word = argv[i] + (g_str_has_prefix(argv[i], "--") ? 1 : 0);
        gboolean apart = !strcmp(word, "-errors") && i + 1 < *argc;
        if (!apart && !g_str_has_prefix(word, "-errors="))
            continue;
        const char *how = apart ? argv[i + 1] : strchr(word, '=') + 1;
        if (strcmp(how, "json") && strcmp(how, "text")) {
            fprintf(stderr, "%s: -errors %s: errors are told as 'text' or 'json'\n", pb_progname,
                    how);
            return FALSE;
        }
        pb_errors_json = !strcmp(how, "json");
        int n = apart ? 2 : 1; /* the NULL at the end moves too */
        memmove(argv + i, argv + i + n, (size_t)(*argc - i - n + 1) * sizeof *argv);
        *argc -= n;
        i--;
    }
    return TRUE;
}

void pb_err_report(pb_err *e)
{
    if (!e || !e->code)
        return;
    fflush(stdout);
    if (pb_errors_json) {
        pb_err_json(stderr, "error", &e->place, pb_err_cause(e), e->hint);
        fflush(stderr);
        return;
    }
    fprintf(stderr, "%s: %s\n", pb_progname, e->text);
    if (e->hint)
        fprintf(stderr, "%s\n", e->hint);
    fflush(stderr);
}

void pb_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (pb_errors_json)
        pb_err_json(stderr, "warning", NULL, text, NULL);
    else
        fprintf(stderr, "%s: warning: %s\n", pb_progname, text);
}

/* Edit distance of two words without regard to case; more than 2 is told as 3. */
static unsigned distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t na = strlen(a), nb = strlen(b);
    unsigned row[MAX + 1];

    if (na > MAX || nb > MAX || (na > nb ? na - nb : nb - na) > 2)
        return 3;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= na; i++) {
        unsigned diag = row[0], best = row[0] = (unsigned)i;
        for (size_t j = 1; j <= nb; j++) {
            unsigned up = row[j];
            unsigned same = g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1]);
            unsigned d = diag + !same;
            d = MIN(d, up + 1);
            d = MIN(d, row[j - 1] + 1);
            diag = up;
            row[j] = d;
            best = MIN(best, d);
        }
        if (best > 2)
            return 3;
    }
    return row[nb];
}

const char *pb_nearest(const char *word, const char *const *names)
{
    const char *best = NULL;
    unsigned least = 3;

    for (; word && names && *names; names++) {
        unsigned d = distance(word, *names);
        if (d < least && d < strlen(word)) {
            least = d;
            best = *names;
        }
    }
    return best;
}
