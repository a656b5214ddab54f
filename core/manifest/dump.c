/* SPDX-License-Identifier: MIT */
/* dump.c - the merged manifest, readable by the same reader, with each line's origin. */
#include "manifest.h"

#include <string.h>

/* "# FILE:LINE" before the lines that do not simply follow the previous one. */
static void origin(FILE *to, const struct pb_place *at, struct pb_place *last)
{
    if (at->file != last->file || at->line != last->line + 1)
        fprintf(to, "# %s:%d\n", at->file, at->line);
    *last = *at;
}

void pb_manifest_dump(const struct pb_manifest *m, FILE *to)
{
    struct pb_place last = {0};

    for (guint i = 0; i < m->files->len; i++)
        fprintf(to, "# %s\n", (const char *)m->files->pdata[i]);
    for (guint i = 0; i < m->ini->groups->len; i++) {
        const struct pb_ini_group *g = m->ini->groups->pdata[i];
        fputc('\n', to);
        last.file = NULL;
        origin(to, &g->place, &last);
        fprintf(to, "[%s%s%s%s%s]\n", g->kind, *g->name ? " " : "", g->name,
                g->cond ? " if " : "", g->cond ? g->cond : "");
        for (guint k = 0; k < g->keys->len; k++) {
            const struct pb_ini_key *key = g->keys->pdata[k];
            origin(to, &key->place, &last);
            fprintf(to, "%s = %s\n", key->key, key->value);
        }
    }
}
