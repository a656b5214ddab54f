/* SPDX-License-Identifier: MIT */
/* catalog.c - plugins.catalog, a text file in the data directory that a distribution makes
 * from all its plugins, installed or not:
 *
 *     [package plugboard-device-npu]
 *     device = npu-mmio npu-pci
 *
 * with one key per kind of class. It is read only when a class is missing, and may be
 * absent: then no package is named.
 */
#include "catalog.h"

#include "../manifest/ini.h"
#include "find.h"
#include "sidecar.h"

#include <string.h>
#include <unistd.h>

static GHashTable *tables[PB_KINDS]; /* name to package */

static void read_package(const struct pb_ini_group *g)
{
    for (guint i = 0; i < PB_KINDS; i++) {
        g_auto(GStrv) names = g_strsplit(pb_ini_value(g, pb_kind_names[i])
                                         ? pb_ini_value(g, pb_kind_names[i]) : "", " ", -1);
        for (char **n = names; *n; n++)
            if (**n)
                g_hash_table_insert(tables[i], g_strdup(*n), g_strdup(g->name));
    }
}

static void open_catalog(void)
{
    if (tables[0])
        return;
    for (guint i = 0; i < PB_KINDS; i++)
        tables[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *path = g_build_filename(pb_find_data_dir(), "plugins.catalog", NULL);
    if (access(path, R_OK))
        return;
    struct pb_faults f;
    pb_faults_init(&f);
    struct pb_ini *ini = pb_ini_read(path, &f);
    for (guint i = 0; ini && i < ini->groups->len; i++) {
        const struct pb_ini_group *g = ini->groups->pdata[i];
        if (!strcmp(g->kind, "package"))
            read_package(g);
    }
    pb_ini_free(ini);
    pb_faults_clear(&f);
}

const char *pb_class_package(enum pb_kind kind, const char *name)
{
    open_catalog();
    return g_hash_table_lookup(tables[kind], name);
}

const char **pb_catalog_names(enum pb_kind kind)
{
    open_catalog();
    return (const char **)(void *)g_hash_table_get_keys_as_array(tables[kind], NULL);
}
