/* SPDX-License-Identifier: MIT */
/* not-here.c - machines/qemu.conf: names that QEMU has and this version has not, so that an error
 * tells a name that is right elsewhere from one that is wrong. Read when a name is not found. */
#include "catalog.h"

#include "../manifest/ini.h"
#include "find.h"

#include <string.h>
#include <unistd.h>

static struct pb_ini *names(void)
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

gboolean pb_not_here(const char *kind, const char *name, pb_err *e)
{
    const struct pb_ini *ini = names();
    const struct pb_ini_group *g = ini ? pb_ini_group(ini, "not-here", kind) : NULL;

    for (guint i = 0; g && i < g->keys->len; i++) {
        const struct pb_ini_key *k = g->keys->pdata[i];
        if (!g_pattern_match_simple(k->key, name))
            continue;
        if (strcmp(k->value, "-") != 0)
            pb_err_hint(e, "QEMU has it, this version not yet; the nearest here is '%s'", k->value);
        else
            pb_err_hint(e, "QEMU has it, this version not yet");
        return TRUE;
    }
    return FALSE;
}
