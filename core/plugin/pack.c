/* SPDX-License-Identifier: MIT */
/* pack.c - find a plugin in the pack that the machine names.
 *
 * A pack spares the opening of files, not their being there: a member counts when the plugin's own
 * file has the build ID that the member was made from. So a plugin that was exchanged, rebuilt or
 * taken away is as good as without a pack, and a pack that is gone costs time only.
 */
#include "pack.h"

#include "load.h"

#include <plugboard/pack.h>

#include <string.h>
#include <unistd.h>

static char *chosen;                /* NAME */
static char *dir;                   /* where `pack` was looked for; NULL: not yet */
static const struct pb_pack *pack;

void pb_pack_choose(const char *name)
{
    g_free(chosen);
    g_clear_pointer(&dir, g_free);
    chosen = g_strdup(name);
    pack = NULL; /* what was taken from it stays open */
}

static gboolean is_sound(const struct pb_pack *k)
{
    return k && k->size >= sizeof *k && k->epoch == PB_ABI_EPOCH && k->members &&
           k->member_size == sizeof(struct pb_pack_member);
}

static void open_pack(void)
{
    g_autofree char *file = g_strconcat(chosen, ".pack", NULL);
    g_autofree char *path = g_build_filename(dir, file, NULL);
    pb_err e = {0};

    if (access(path, F_OK))
        return;
    void *h = pb_load_open(path, &e);
    const struct pb_pack *k = h ? pb_load_symbol(h, "pb_pack_v0") : NULL;
    if (is_sound(k))
        pack = k;
    else
        pb_warn("%s is not used: %s; plugins are opened one by one", path,
                e.text ? e.text : "it is no pack of this ABI");
    pb_err_clear(&e);
    if (h && !pack)
        pb_load_close(h);
}

const struct pb_plugin *pb_pack_entry(const struct pb_plugin_file *p)
{
    const char *base = strrchr(p->library, '/');
    char id[PB_BUILD_ID_TEXT];

    if (!chosen || !base)
        return NULL;
    size_t n = (size_t)(base++ - p->library);
    if (!dir) {
        dir = g_strndup(p->library, n);
        open_pack();
    }
    if (!pack || strlen(dir) != n || strncmp(dir, p->library, n))
        return NULL;
    for (uint32_t i = 0; i < pack->n; i++) {
        const struct pb_pack_member *m = &pack->members[i];
        if (!strcmp(m->library, base))
            return pb_load_build_id(p->library, id) && !strcmp(id, m->build_id) ? m->entry : NULL;
    }
    return NULL;
}
