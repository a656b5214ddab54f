/* SPDX-License-Identifier: MIT */
/* index.c - plugins.index, written beside the sidecars by `plugboard-sidecar --index`
 * (grammar: machines/doc/sidecar.md). A line a sidecar:
 *
 *     npu.plugin org.example.npu device:npu-mmio device:npu-pci
 *
 * It is a hint: it holds as long as it lists the files that are there, and whoever does not
 * find a class by it reads all sidecars. So nothing goes wrong when it is absent or old.
 */
#include "index.h"

#include "sidecar.h"

#include <string.h>

static GHashTable *files[PB_KINDS]; /* class or alias to file name */
static GHashTable *ids;             /* of plugins */
static char **lines;                /* the file's text, cut into words; what the tables point to */

static void add_class(char *word, char *file)
{
    char *name = strchr(word, ':');

    if (!name)
        return;
    *name++ = '\0';
    for (guint k = 0; k < PB_KINDS; k++)
        if (!strcmp(word, pb_kind_names[k]) && !g_hash_table_contains(files[k], name))
            g_hash_table_insert(files[k], name, file);
}

static void add_line(char *line)
{
    char *file = strsep(&line, " "), *id = strsep(&line, " "), *word;

    if (id)
        g_hash_table_add(ids, id);
    while ((word = strsep(&line, " ")))
        add_class(word, file);
}

/* The names that the lines begin with are those of the directory. */
static gboolean is_of(char *const *text, const GPtrArray *names)
{
    guint n = 0;

    for (; text[n] && *text[n]; n++) {
        size_t len = strcspn(text[n], " ");
        if (n >= names->len || strncmp(text[n], names->pdata[n], len) ||
            ((const char *)names->pdata[n])[len])
            return FALSE;
    }
    return n == names->len && n > 0;
}

static char **read_lines(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "plugins.index", NULL), *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strsplit(text, "\n", -1) : NULL;
}

gboolean pb_index_old(const char *dir, const GPtrArray *names)
{
    g_auto(GStrv) text = read_lines(dir);

    return text && !is_of(text, names);
}

gboolean pb_index_open(const char *dir, const GPtrArray *names)
{
    if (lines)
        return FALSE;
    lines = read_lines(dir);
    if (!lines || !is_of(lines, names)) {
        g_clear_pointer(&lines, g_strfreev);
        return FALSE;
    }
    ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint k = 0; k < PB_KINDS; k++)
        files[k] = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; lines[i] && *lines[i]; i++)
        add_line(lines[i]);
    return TRUE;
}

const char *pb_index_class(enum pb_kind kind, const char *name)
{
    return files[kind] ? g_hash_table_lookup(files[kind], name) : NULL;
}

gboolean pb_index_has_plugin(const char *id)
{
    return ids && g_hash_table_contains(ids, id);
}
