/* SPDX-License-Identifier: MIT */
/* new.c - plugboard new KIND NAME: a project that builds, from share/plugboard/templates.
 *
 * A template is a folder of text files. In their contents and names @name@ becomes the name,
 * @ident@ the same as a C identifier, @IDENT@ that in capitals. The folder `common` is part of
 * every kind that does not have a file of that name; `dot-X` becomes `.X`; `about` is the
 * kind's line in the list and is not copied.
 */
#include "verbs.h"

#include "../plugin/find.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct project {
    const char *name;
    char *ident, *upper;
    gboolean keep; /* files that are there already stay */
};

static char *templates_dir(pb_err *e)
{
    char *dir = g_build_filename(pb_find_data_dir(), "templates", NULL);

    if (g_file_test(dir, G_FILE_TEST_IS_DIR))
        return dir;
    pb_err_set(e, PB_ENOENT, "new: there are no templates in %s", dir);
    pb_err_hint(e, "package plugboard-sdk has them");
    g_free(dir);
    return NULL;
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in `dir`, sorted; NULL-ended, g_strfreev. */
static char **entries(const char *dir)
{
    GPtrArray *v = g_ptr_array_new();
    GDir *d = g_dir_open(dir, 0, NULL);
    const char *n;

    while (d && (n = g_dir_read_name(d)))
        g_ptr_array_add(v, g_strdup(n));
    if (d)
        g_dir_close(d);
    g_ptr_array_sort(v, by_text);
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

static char *about(const char *dir, const char *kind)
{
    g_autofree char *path = g_build_filename(dir, kind, "about", NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

static void list_kinds(const char *dir, FILE *to)
{
    g_auto(GStrv) kinds = entries(dir);

    for (char **k = kinds; *k; k++) {
        g_autofree char *text = about(dir, *k);
        if (text)
            fprintf(to, "  %-8s %s\n", *k, text);
    }
}

static int check_kind(const char *dir, const char *kind, pb_err *e)
{
    g_autofree char *text = strchr(kind, '/') ? NULL : about(dir, kind);
    g_auto(GStrv) kinds = entries(dir);

    if (text)
        return PB_OK;
    const char *near = pb_nearest(kind, (const char *const *)kinds);
    pb_err_set(e, PB_ENOENT, "new: there is no template '%s'", kind);
    if (near)
        pb_err_hint(e, "did you mean '%s'?", near);
    else
        pb_err_hint(e, "'plugboard new' lists them");
    return PB_ENOENT;
}

static int check_name(const char *name, pb_err *e)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (!name[n] && n >= 2 && n <= 40 && g_ascii_islower(name[0]) && name[n - 1] != '-' &&
        !strstr(name, "--"))
        return PB_OK;
    pb_err_set(e, PB_EINVAL, "new: '%s' is no name for a plugin", name);
    pb_err_hint(e, "take 2 to 40 small letters, digits and single '-', a letter first: 'my-npu'");
    return PB_EINVAL;
}

static char *fill_in(const struct project *p, const char *text)
{
    const char *const pairs[][2] = {
        {"@name@", p->name}, {"@ident@", p->ident}, {"@IDENT@", p->upper}};
    GString *s = g_string_new(text);

    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        g_string_replace(s, pairs[i][0], pairs[i][1], 0);
    return g_string_free(s, FALSE);
}

static int copy_file(const struct project *p, const char *from, const char *to, pb_err *e)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) ge = NULL;
    struct stat st;

    if (!g_file_get_contents(from, &text, NULL, &ge))
        return pb_err_set(e, PB_EIO, "new: %s", ge->message);
    g_autofree char *filled = fill_in(p, text);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  !stat(from, &st) && st.st_mode & S_IXUSR ? 0777 : 0666);
    size_t n = strlen(filled);
    gboolean ok = fd >= 0 && write(fd, filled, n) == (ssize_t)n;
    if (fd >= 0)
        ok &= !close(fd);
    if (!ok)
        return pb_err_set(e, PB_EIO, "new: %s: %s", to, g_strerror(errno));
    printf("%s\n", to);
    return PB_OK;
}

static int copy_dir(const struct project *p, const char *from, const char *to, pb_err *e)
{
    g_auto(GStrv) names = entries(from);
    int r = PB_OK;

    for (char **n = names; *n && r == PB_OK; n++) {
        if (!strcmp(*n, "about"))
            continue;
        gboolean dot = g_str_has_prefix(*n, "dot-");
        g_autofree char *hidden = g_strconcat(".", dot ? *n + strlen("dot-") : "", NULL);
        g_autofree char *as = fill_in(p, dot ? hidden : *n);
        g_autofree char *src = g_build_filename(from, *n, NULL);
        g_autofree char *dst = g_build_filename(to, as, NULL);
        if (!g_file_test(src, G_FILE_TEST_IS_DIR))
            r = p->keep && !access(dst, F_OK) ? PB_OK : copy_file(p, src, dst, e);
        else if (mkdir(dst, 0777) && errno != EEXIST)
            r = pb_err_set(e, PB_EIO, "new: %s: %s", dst, g_strerror(errno));
        else
            r = copy_dir(p, src, dst, e);
    }
    return r;
}

static int make(const char *kind, const char *name, pb_err *e)
{
    struct project p = {.name = name};
    g_autofree char *dir = templates_dir(e);

    if (!dir || check_kind(dir, kind, e) < 0 || check_name(name, e) < 0)
        return PB_EINVAL;
    if (mkdir(name, 0777)) {
        int why = errno;
        pb_err_set(e, PB_EIO, "new: %s: %s", name, g_strerror(why));
        if (why == EEXIST)
            pb_err_hint(e, "nothing was changed; take another name or remove it");
        return PB_EIO;
    }
    p.ident = g_strdelimit(g_strdup(name), "-", '_');
    p.upper = g_ascii_strup(p.ident, -1);
    g_autofree char *common = g_build_filename(dir, "common", NULL);
    g_autofree char *own = g_build_filename(dir, kind, NULL);
    int r = copy_dir(&p, own, name, e);
    p.keep = TRUE;
    if (r == PB_OK)
        r = copy_dir(&p, common, name, e);
    g_free(p.ident);
    g_free(p.upper);
    return r;
}

int pb_verb_new(int argc, char **argv)
{
    pb_err e = {0};

    if (pb_verb_unknown("new", argc, argv))
        return 1;
    if (argc == 0) {
        g_autofree char *dir = templates_dir(&e);
        if (!dir)
            return pb_verb_fail(&e);
        printf("usage: plugboard new KIND NAME\nKIND is one of\n");
        list_kinds(dir, stdout);
        return 0;
    }
    if (argc != 2) {
        return pb_verb_refuse("'plugboard new' lists kinds", "new: takes KIND and NAME");
    }
    if (make(argv[0], argv[1], &e) < 0)
        return pb_verb_fail(&e);
    printf("\nNow: cd %s && cmake -B build && cmake --build build && ctest --test-dir build\n",
           argv[1]);
    return 0;
}
