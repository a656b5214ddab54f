/* SPDX-License-Identifier: MIT */
/* load.c - libltdl, and nothing else of Plugboard's sees it. Callers are on the control
 * thread: libltdl keeps its errors in one static place.
 */
#include "load.h"

#include <ltdl.h>

static gboolean start(pb_err *e)
{
    static gboolean up;

    if (!up && lt_dlinit()) {
        pb_err_set(e, PB_ENOTSUP, "libltdl does not start: %s", lt_dlerror());
        return FALSE;
    }
    up = TRUE;
    return TRUE;
}

void *pb_load_open(const char *path, pb_err *e)
{
    lt_dladvise advise;
    lt_dlhandle h = NULL;

    if (!start(e))
        return NULL;
    if (!lt_dladvise_init(&advise) && !lt_dladvise_local(&advise))
        h = lt_dlopenadvise(path, advise);
    if (!h) {
        const char *why = lt_dlerror();
        pb_err_set(e, PB_ENOENT, "%s: %s", path, why ? why : "it cannot be opened");
    }
    lt_dladvise_destroy(&advise);
    return h;
}

void *pb_load_symbol(void *handle, const char *name)
{
    return lt_dlsym(handle, name);
}

void pb_load_close(void *handle)
{
    lt_dlclose(handle);
}
