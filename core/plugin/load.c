/* SPDX-License-Identifier: MIT */
/* load.c - libltdl, and nothing else of Plugboard's sees it. Callers are on the control
 * thread: libltdl keeps its errors in one static place.
 */
#include "load.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PHDRS 32 /* program headers that a plugin may have; linkers write them after the head */

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
    struct {
        Elf64_Ehdr h;
        Elf64_Phdr p[PHDRS];
    } f;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC), bad = 0;

    if (fd < 0)
        return pb_err_set(e, PB_ENOENT, "%s: %s", path, g_strerror(errno));
    ssize_t n = fstat(fd, &st) ? -1 : pread(fd, &f, sizeof f, 0);
    close(fd);
    if (n < (ssize_t)sizeof f.h || memcmp(f.h.e_ident, ELFMAG, SELFMAG) ||
        f.h.e_ident[EI_CLASS] != ELFCLASS64 || f.h.e_phentsize != sizeof f.p[0] ||
        f.h.e_phoff != sizeof f.h || f.h.e_phnum > PHDRS)
        return pb_err_set(e, PB_EINVAL, "%s: no 64-bit shared object", path);
    if ((size_t)n < sizeof f.h + f.h.e_phnum * sizeof f.p[0])
        bad = 1;
    for (unsigned i = 0; !bad && i < f.h.e_phnum; i++) {
        const Elf64_Phdr *p = &f.p[i];
        bad = p->p_type == PT_LOAD && (p->p_offset > (uint64_t)st.st_size ||
                                       p->p_filesz > (uint64_t)st.st_size - p->p_offset);
    }
    return bad ? pb_err_set(e, PB_EINVAL, "%s: the file is truncated: reinstall the plugin", path)
               : PB_OK;
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

static gboolean note_id(const uint8_t *note, size_t n, char *id)
{
    Elf64_Nhdr h;

    while (n >= sizeof h) {
        memcpy(&h, note, sizeof h);
        size_t name = sizeof h + (((size_t)h.n_namesz + 3) & ~(size_t)3);
        size_t all = name + (((size_t)h.n_descsz + 3) & ~(size_t)3);
        if (all > n)
            return FALSE;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && !memcmp(note + sizeof h, "GNU", 4) &&
            h.n_descsz && h.n_descsz <= (PB_BUILD_ID_TEXT - 1) / 2) {
            for (unsigned i = 0; i < h.n_descsz; i++)
                sprintf(id + 2 * i, "%02x", note[name + i]);
            return TRUE;
        }
        note += all;
        n -= all;
    }
    return FALSE;
}

gboolean pb_load_build_id(const char *path, char id[PB_BUILD_ID_TEXT])
{
    union {
        uint8_t byte[4096];
        Elf64_Ehdr h;
    } f;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, &f, sizeof f, 0);

    if (fd >= 0)
        close(fd);
    if (n < (ssize_t)sizeof f.h || memcmp(f.h.e_ident, ELFMAG, SELFMAG) ||
        f.h.e_phoff != sizeof f.h || f.h.e_phentsize != sizeof(Elf64_Phdr))
        return FALSE;
    for (size_t i = 0, at = sizeof f.h; i < f.h.e_phnum; i++, at += sizeof(Elf64_Phdr)) {
        Elf64_Phdr p;
        if (at + sizeof p > (size_t)n)
            return FALSE;
        memcpy(&p, f.byte + at, sizeof p);
        if (p.p_type == PT_NOTE && p.p_offset <= (size_t)n &&
            p.p_filesz <= (size_t)n - p.p_offset && note_id(f.byte + p.p_offset, p.p_filesz, id))
            return TRUE;
    }
    return FALSE;
}

static int copy_all(int from, int to)
{
    char buf[65536];
    ssize_t n;

    while ((n = read(from, buf, sizeof buf)) > 0)
        if (write(to, buf, (size_t)n) != n)
            return -1;
    return n < 0 ? -1 : 0;
}

/* The dynamic linker knows open objects by name and by inode: a copy has others. It keeps no
 * name in the file system, and a debugger can read it while it is loaded. */
void *pb_load_private(const char *path, int *fd, pb_err *e)
{
    g_autofree char *base = g_path_get_basename(path);
    int from = open(path, O_RDONLY | O_CLOEXEC);

    *fd = memfd_create(base, MFD_CLOEXEC);
    if (from < 0 || *fd < 0 || copy_all(from, *fd) < 0) {
        int err = errno;
        pb_err_set(e, PB_EIO, "%s: cannot be read: %s", path, g_strerror(err));
        pb_err_hint_errno(e, err, path);
    }
    if (from >= 0)
        close(from);
    g_autofree char *name = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), *fd);
    void *h = e->code || check_elf(path, e) < 0 ? NULL : pb_load_open(name, e);
    if (!h && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
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
