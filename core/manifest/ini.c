/* SPDX-License-Identifier: MIT */
/* ini.c - reader of the ini dialect of manifests and sidecars (machines/doc/manifest.md).
 *
 * A line is blank, a comment ('#' first), a group "[KIND]" or "[KIND NAME]" with or without
 * "if CONDITION" behind, or "KEY = VALUE". There are no continuation lines, quotes or
 * comments after values, so that every reader of key files agrees with this one. Unlike
 * GKeyFile it knows line and column and refuses repeated groups and keys. Columns count
 * bytes from 1.
 */
#include "ini.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    struct pb_ini *ini;
    struct pb_faults *f;
    struct pb_ini_group *group;
    gboolean skip; /* keys of a group that was refused */
    struct pb_place at;
};

static void key_free(gpointer p)
{
    struct pb_ini_key *k = p;

    g_free(k->key);
    g_free(k->value);
    g_free(k);
}

void pb_ini_group_free(struct pb_ini_group *g)
{
    g_free(g->kind);
    g_free(g->name);
    g_free(g->cond);
    g_ptr_array_unref(g->keys);
    g_free(g);
}

static void group_free(gpointer p)
{
    pb_ini_group_free(p);
}

void pb_ini_free(struct pb_ini *ini)
{
    if (!ini)
        return;
    g_ptr_array_unref(ini->groups);
    g_free(ini);
}

struct pb_ini_group *pb_ini_group_if(const struct pb_ini *ini, const char *kind, const char *name,
                                     const char *cond)
{
    for (guint i = 0; i < ini->groups->len; i++) {
        struct pb_ini_group *g = ini->groups->pdata[i];
        if (!strcmp(g->kind, kind) && !strcmp(g->name, name) && !g_strcmp0(g->cond, cond))
            return g;
    }
    return NULL;
}

struct pb_ini_group *pb_ini_group(const struct pb_ini *ini, const char *kind, const char *name)
{
    return pb_ini_group_if(ini, kind, name, NULL);
}

void pb_ini_set(struct pb_ini_group *g, const struct pb_ini_key *from)
{
    struct pb_ini_key *k = pb_ini_get(g, from->key);
    /* a device-tree property may well be empty */
    gboolean keep = g->cond || !strcmp(g->kind, "fdt") || !strncmp(from->key, "fdt.", 4);

    if (!*from->value && !keep) {
        if (k)
            g_ptr_array_remove(g->keys, k);
        return;
    }
    if (!k) {
        k = g_new0(struct pb_ini_key, 1);
        k->key = g_strdup(from->key);
        k->len = (guint)strlen(k->key);
        g_ptr_array_add(g->keys, k);
    }
    g_free(k->value);
    k->value = g_strdup(from->value);
    k->place = from->place;
    k->vcol = from->vcol;
}

static struct pb_ini_group *group_new(const char *kind, const char *name)
{
    struct pb_ini_group *g = g_new0(struct pb_ini_group, 1);

    g->kind = g_strdup(kind);
    g->name = g_strdup(name);
    g->keys = g_ptr_array_new_with_free_func(key_free);
    return g;
}

struct pb_ini_group *pb_ini_group_copy(const struct pb_ini_group *from)
{
    struct pb_ini_group *g = group_new(from->kind, from->name);

    g->place = from->place;
    for (guint i = 0; i < from->keys->len; i++) {
        const struct pb_ini_key *k = from->keys->pdata[i];
        struct pb_ini_key *to = g_new0(struct pb_ini_key, 1);
        *to = (struct pb_ini_key){g_strdup(k->key), g_strdup(k->value), k->place, k->vcol,
                                   k->len};
        g_ptr_array_add(g->keys, to);
    }
    return g;
}

/* Keys of a group share beginnings; their lengths tell most of them apart. */
static struct pb_ini_key *get(const struct pb_ini_group *g, const char *key, size_t n)
{
    for (guint i = 0; i < g->keys->len; i++) {
        struct pb_ini_key *k = g->keys->pdata[i];
        if (k->len == n && !memcmp(k->key, key, n))
            return k;
    }
    return NULL;
}

struct pb_ini_key *pb_ini_get(const struct pb_ini_group *g, const char *key)
{
    return g ? get(g, key, strlen(key)) : NULL;
}

const char *pb_ini_value(const struct pb_ini_group *g, const char *key)
{
    const struct pb_ini_key *k = pb_ini_get(g, key);

    return k ? k->value : NULL;
}

static gboolean word_char(char c)
{
    switch (c) {
    case '-': case '_': case '.': case ',': case '#': case '/': case '@': case '+':
        return TRUE;
    default:
        return g_ascii_isalnum(c);
    }
}

static struct pb_place col(const struct reader *r, const char *line, const char *p)
{
    struct pb_place at = r->at;

    at.col = (int)(p - line) + 1;
    return at;
}

static const char *blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p;
}

static const char *word(const char *p, const char *end)
{
    while (p < end && word_char(*p))
        p++;
    return p;
}

/* "if WORDS" at *p: the words; NULL when there is no "if". g_free. */
static char *condition(const char **p, const char *end)
{
    const char *from, *last;

    if (end - *p < 4 || strncmp(*p, "if", 2) || ((*p)[2] != ' ' && (*p)[2] != '\t'))
        return NULL;
    from = blanks(*p + 2, end);
    for (*p = from; *p < end && **p != ']'; ++*p)
        ;
    for (last = *p; last > from && (last[-1] == ' ' || last[-1] == '\t'); last--)
        ;
    return g_strndup(from, (gsize)(last - from));
}

static void read_group(struct reader *r, const char *line, const char *p, const char *end)
{
    struct pb_place at = col(r, line, p);
    const char *kind = blanks(p + 1, end), *kend = word(kind, end);
    const char *name = blanks(kend, end), *rest = name, *nend = name;
    g_autofree char *cond = condition(&rest, end); /* "[cpu if …]" */

    r->group = NULL;
    r->skip = TRUE;
    if (!cond) {
        nend = word(name, end);
        rest = blanks(nend, end);
        cond = condition(&rest, end);
    }
    if (kend == kind || rest >= end || *rest != ']' || blanks(rest + 1, end) != end ||
        (cond && !*cond)) {
        struct pb_place bad = col(r, line, kend == kind ? kind : rest);
        pb_fault_add(r->f, &bad, "expected '[KIND]' or '[KIND NAME]'");
        return;
    }
    g_autofree char *k = g_strndup(kind, (gsize)(kend - kind));
    g_autofree char *n = g_strndup(name, (gsize)(nend - name));
    const struct pb_ini_group *old = pb_ini_group_if(r->ini, k, n, cond);
    if (old) {
        pb_fault_add(r->f, &at, "group [%s%s%s] was already given in line %d", k, *n ? " " : "", n,
                     old->place.line);
        return;
    }
    struct pb_ini_group *g = group_new(k, n);
    g->cond = g_steal_pointer(&cond);
    g->place = at;
    g_ptr_array_add(r->ini->groups, g);
    r->group = g;
    r->skip = FALSE;
}

static void read_key(struct reader *r, const char *line, const char *p, const char *end)
{
    struct pb_place at = col(r, line, p);
    const char *kend = word(p, end), *eq = blanks(kend, end);

    if (kend == p || eq >= end || *eq != '=') {
        struct pb_place bad = col(r, line, kend == p ? p : eq);
        pb_fault_add(r->f, &bad, *p == ';' ? "a comment begins with '#'"
                                           : "expected 'KEY = VALUE' or '[GROUP]'");
        return;
    }
    if (r->skip)
        return;
    if (!r->group) {
        pb_fault_add(r->f, &at, "a key before the first [GROUP]");
        return;
    }
    const struct pb_ini_key *old = get(r->group, p, (size_t)(kend - p));
    if (old) {
        pb_fault_add(r->f, &at, "key '%s' was already given in line %d", old->key,
                     old->place.line);
        return;
    }
    const char *v = blanks(eq + 1, end);
    struct pb_ini_key *k = g_new0(struct pb_ini_key, 1);
    k->key = g_strndup(p, (gsize)(kend - p));
    k->len = (guint)(kend - p);
    k->value = g_strndup(v, (gsize)(end - v));
    k->place = at;
    k->vcol = (int)(v - line) + 1;
    g_ptr_array_add(r->group->keys, k);
}

static void read_line(struct reader *r, const char *line, const char *end)
{
    while (end > line && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (const char *p = line; p < end; p++)
        if ((unsigned char)*p < ' ' && *p != '\t') {
            struct pb_place bad = col(r, line, p);
            pb_fault_add(r->f, &bad, "control character 0x%02x; this is no text file",
                         (unsigned char)*p);
            return;
        }
    const char *p = blanks(line, end);
    if (p == end || *p == '#')
        return;
    if (*p == '[')
        read_group(r, line, p, end);
    else
        read_key(r, line, p, end);
}

struct pb_ini *pb_ini_parse(const char *file, const char *text, size_t n, struct pb_faults *f)
{
    struct pb_ini *ini = g_new0(struct pb_ini, 1);
    struct reader r = {.ini = ini, .f = f, .at = {.file = g_intern_string(file), .col = 1}};
    const char *end = text + n;

    ini->file = r.at.file;
    ini->groups = g_ptr_array_new_with_free_func(group_free);
    for (const char *p = text; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        r.at.line++;
        if (f->v->len >= PB_FAULTS_MAX)
            break;
        read_line(&r, p, nl ? nl : end);
        p = nl ? nl + 1 : end;
    }
    return ini;
}

struct pb_ini *pb_ini_read(const char *path, struct pb_faults *f)
{
    struct pb_place at = {.file = g_intern_string(path), .line = 1, .col = 1};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        pb_fault_add(f, &at, "could not open: %s; take one that 'plugboard list "
                     "machines' shows, or a file that this user can read", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)PB_INI_MAX) {
        pb_fault_add(f, &at, S_ISREG(st.st_mode) ? "larger than 1 MiB; this is no manifest"
                                                 : "not a regular file");
        close(fd);
        return NULL;
    }
    size_t size = (size_t)st.st_size, n = 0;
    g_autofree char *text = g_malloc(size + 1);
    ssize_t got = 1;
    while (n < size && (got = read(fd, text + n, size - n)) > 0)
        n += (size_t)got;
    int err = errno;
    close(fd);
    if (got < 0) {
        pb_fault_add(f, &at, "could not read: %s", g_strerror(err));
        return NULL;
    }
    return pb_ini_parse(path, text, n, f);
}
