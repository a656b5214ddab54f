/* SPDX-License-Identifier: MIT */
/* not-here.c - machines/qemu.conf: names that QEMU has and this version has not, so that an error
 * tells a name that is right elsewhere from one that is wrong. Read when a name is not found. */
#include "catalog.h"

#include "../manifest/ini.h"
#include "find.h"

#include <string.h>
#include <unistd.h>

static struct pb_ini *read_names(void)
{
    static gboolean tried;
    static struct pb_ini *ini;

    if (tried)
        return ini;
    tried = TRUE;
    g_autofree char *path = g_build_filename(pb_find_data_dir(), "machines", "qemu.conf", NULL);
    if (access(path, R_OK))
        return NULL;
    struct pb_faults f;
    pb_faults_init(&f);
    ini = pb_ini_read(path, &f);
    pb_faults_clear(&f);
    return ini;
}

/* One of the names, which may have * and ?. */
static gboolean matches(const char *names, const char *name)
{
    g_auto(GStrv) v = g_strsplit(names, " ", -1);

    for (char **n = v; *n; n++)
        if (g_pattern_match_simple(*n, name))
            return TRUE;
    return FALSE;
}

gboolean pb_not_here(const char *kind, const char *name, pb_err *e)
{
    const struct pb_ini *ini = read_names();
    const struct pb_ini_group *g = ini ? pb_ini_group(ini, "not-here", kind) : NULL;

    for (guint i = 0; g && i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (!matches(k->value, name))
            continue;
        if (g_str_has_prefix(k->key, "nothing"))
            pb_err_hint(e, "QEMU has it, this version not yet");
        else
            pb_err_hint(e, "QEMU has it, this version not yet; the nearest here is '%.*s'",
                        (int)strcspn(k->key, "."), k->key);
        return TRUE;
    }
    return FALSE;
}
