/* SPDX-License-Identifier: MIT */
/* firmware.c - where firmware files are looked for.
 *
 * An absolute name is a path. Any other, which may name a package's own folder ("opensbi/
 * generic/fw_dynamic.bin"), is looked for in the directories of -L, our own data directory
 * beside the executable and below /usr/share, QEMU's data directory, /usr/share and
 * the /usr/lib/TRIPLET of the machine's architecture (one package may hold firmware for
 * several), and last where the user stands.
 */
#include "reset.h"

#include <glob.h>
#include <string.h>
#include <unistd.h>

#ifndef PB_DATA_FROM_BIN
#define PB_DATA_FROM_BIN "../share/plugboard"
#endif

static GPtrArray *user_dirs;

static const char *const system_dirs[] = {
    "/usr/local/share/plugboard/firmware", "/usr/share/plugboard/firmware", "/usr/share/qemu",
    "/usr/share/qemu-firmware", "/usr/share",
};

void pb_firmware_add_dir(const char *dir)
{
    if (!user_dirs)
        user_dirs = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(user_dirs, g_strdup(dir));
}

static gboolean try_path(GString *tried, const char *path)
{
    if (access(path, R_OK) == 0 && !g_file_test(path, G_FILE_TEST_IS_DIR))
        return TRUE;
    g_string_append_printf(tried, "%s%s", tried->len ? ", " : "", path);
    return FALSE;
}

static char *try_dir(GString *tried, const char *dir, const char *name)
{
    char *path = g_build_filename(dir, name, NULL);

    if (try_path(tried, path))
        return path;
    g_free(path);
    return NULL;
}

static char *own_data_dir(void)
{
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *bin = exe ? g_path_get_dirname(exe) : NULL;

    return bin ? g_build_filename(bin, PB_DATA_FROM_BIN, "firmware", NULL) : NULL;
}

static char *try_pattern(GString *tried, const char *pattern)
{
    glob_t g;
    char *found = NULL;

    if (glob(pattern, 0, NULL, &g) == 0)
        for (size_t i = 0; i < g.gl_pathc && !found; i++)
            if (try_path(tried, g.gl_pathv[i]))
                found = g_strdup(g.gl_pathv[i]);
    if (!found)
        g_string_append_printf(tried, "%s%s", tried->len ? ", " : "", pattern);
    globfree(&g);
    return found;
}

static char *search(GString *tried, const char *arch, const char *name)
{
    g_autofree char *own = own_data_dir();
    g_autofree char *triplet = g_strdup_printf("/usr/lib/%s-*/%s", arch, name);
    char *found = NULL;

    for (guint i = 0; user_dirs && i < user_dirs->len && !found; i++)
        found = try_dir(tried, g_ptr_array_index(user_dirs, i), name);
    if (!found && own)
        found = try_dir(tried, own, name);
    for (size_t i = 0; i < G_N_ELEMENTS(system_dirs) && !found; i++)
        found = try_dir(tried, system_dirs[i], name);
    if (!found)
        found = try_pattern(tried, triplet);
    return found ? found : try_path(tried, name) ? g_strdup(name) : NULL;
}

char *pb_firmware_find(const char *arch, const char *name, pb_err *e)
{
    g_autoptr(GString) tried = g_string_new(NULL);
    char *found = NULL;

    if (!*name)
        pb_err_set(e, PB_EINVAL, "a firmware file without a name");
    else if (g_path_is_absolute(name))
        found = try_path(tried, name) ? g_strdup(name) : NULL;
    else
        found = search(tried, arch, name);
    if (!found && *name)
        pb_err_set(e, PB_ENOENT, "could not find firmware '%s': tried %s", name, tried->str);
    return found;
}
