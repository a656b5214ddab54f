/* SPDX-License-Identifier: MIT */
/* load.c - libltdl, and nothing else of Plugboard's sees it. Callers are on the control
 * thread: libltdl keeps its errors in one static place.
 */
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The dynamic linker maps what the headers promise and dies of a file that ends before:
 * a truncated one must be found out first. */
static int check_elf(const char *path, pb_err *e)
{
    Elf64_Ehdr h;
    Elf64_Phdr p;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), bad = 0;

    if (fd < 0)
        return pb_err_set(e, PB_ENOENT, "%s: %s", path, g_strerror(errno));
    if (fstat(fd, &st) || pread(fd, &h, sizeof h, 0) != (ssize_t)sizeof h ||
        memcmp(h.e_ident, ELFMAG, SELFMAG) || h.e_ident[EI_CLASS] != ELFCLASS64 ||
        h.e_phentsize != sizeof p)
        bad = pb_err_set(e, PB_EINVAL, "%s: no 64-bit shared object", path);
    for (unsigned i = 0; !bad && i < h.e_phnum; i++) {
        if (pread(fd, &p, sizeof p, (off_t)(h.e_phoff + i * sizeof p)) != (ssize_t)sizeof p ||
            (p.p_type == PT_LOAD && (p.p_offset > (uint64_t)st.st_size ||
                                     p.p_filesz > (uint64_t)st.st_size - p.p_offset)))
            bad = pb_err_set(e, PB_EINVAL, "%s: the file is truncated: reinstall the plugin", path);
    }
    close(fd);
    return bad;
}

void *pb_load_open(const char *path, pb_err *e)
{
    lt_dladvise advise;
    lt_dlhandle h = NULL;

    if (!start(e) || check_elf(path, e) < 0)
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
