/* SPDX-License-Identifier: MIT */
/* find.c - search paths. Everything installed is found relative to the executable, so that
 * a tree works wherever it lies; PB_PLUGIN_FROM_BIN and PB_DATA_FROM_BIN are the ways from
 * the directory of programs to the others and come from the build.
 */
#include "find.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean pb_find_privileged(void)
{
    return getauxval(AT_SECURE) != 0;
}

static gboolean no_user;

void pb_find_no_user(void)
{
    no_user = TRUE;
}

static const char *bin_dir(void)
{
    static char *dir;

    if (!dir) {
        char path[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
        path[n > 0 ? n : 0] = '\0';
        dir = n > 0 ? g_path_get_dirname(path) : g_strdup("/usr/bin");
    }
    return dir;
}

static uid_t exe_owner(void)
{
    struct stat st;

    return stat("/proc/self/exe", &st) ? 0 : st.st_uid;
}

/* A directory is as good as this program when its owner could replace the program too. */
char *pb_find_distrust(const char *dir)
{
    struct stat st;

    if (stat(dir, &st))
        return g_strdup(g_strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return g_strdup("not a directory");
    if (st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid != exe_owner())
        return g_strdup_printf("it belongs to user %u", (unsigned)st.st_uid);
    if (st.st_mode & S_IWOTH)
        return g_strdup_printf("everybody may write to it (mode %04o)",
                               (unsigned)(st.st_mode & 07777));
    if ((st.st_mode & S_IWGRP) && st.st_gid && pb_find_privileged())
        return g_strdup_printf("group %u may write to it", (unsigned)st.st_gid);
    return NULL;
}

static void add(GPtrArray *v, const char *dir)
{
    g_autofree char *real = realpath(dir, NULL);

    if (!real)
        return;
    for (guint i = 0; i < v->len; i++)
        if (!strcmp(v->pdata[i], real))
            return;
    g_autofree char *why = pb_find_distrust(real);
    if (why)
        pb_warn("%s is not searched: %s", real, why);
    else
        g_ptr_array_add(v, g_steal_pointer(&real));
}

static void add_list(GPtrArray *v, const char *list)
{
    if (!list || pb_find_privileged())
        return;
    g_auto(GStrv) dirs = g_strsplit(list, ":", -1);
    for (char **d = dirs; *d; d++)
        if (**d)
            add(v, *d);
}

static void add_below(GPtrArray *v, const char *base, const char *sub)
{
    g_autofree char *dir = g_build_filename(base, sub, NULL);

    add(v, dir);
}

static char **finish(GPtrArray *v)
{
    g_ptr_array_add(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

char **pb_find_plugin_dirs(void)
{
    static char **dirs; /* also keeps a warning from being given twice */

    if (!dirs) {
        GPtrArray *v = g_ptr_array_new();
        add_list(v, g_getenv("PLUGBOARD_PLUGIN_PATH"));
        if (!pb_find_privileged())
            add_below(v, g_get_user_data_dir(), "plugboard/1");
        add_below(v, bin_dir(), PB_PLUGIN_FROM_BIN);
        dirs = finish(v);
    }
    return g_strdupv(dirs);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *pb_find_sidecars(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *n;

    while (dir && (n = g_dir_read_name(dir)))
        if (g_str_has_suffix(n, ".plugin"))
            g_ptr_array_add(names, g_strdup(n));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(names, by_text); /* readdir's order is nobody's */
    return names;
}

const char *pb_find_data_dir(void)
{
    static char *dir;

    if (!dir) {
        g_autofree char *path = g_build_filename(bin_dir(), PB_DATA_FROM_BIN, NULL);
        dir = realpath(path, NULL);
        if (!dir)
            dir = g_steal_pointer(&path);
    }
    return dir;
}

static char **machine_dirs(void)
{
    GPtrArray *v = g_ptr_array_new();
    gboolean usr = !strcmp(bin_dir(), "/usr/bin");

    add_below(v, pb_find_data_dir(), "machines");
    if (usr) {
        add(v, "/usr/local/share/plugboard/machines");
        add(v, "/etc/plugboard/machines");
    } else {
        add_below(v, bin_dir(), "../etc/plugboard/machines");
    }
    if (!pb_find_privileged() && !no_user)
        add_below(v, g_get_user_config_dir(), "plugboard/machines");
    add_list(v, g_getenv("PLUGBOARD_MACHINE_PATH"));
    return finish(v);
}

char **pb_find_machine_dirs(void)
{
    static char **dirs;

    if (!dirs)
        dirs = machine_dirs();
    return g_strdupv(dirs);
}
