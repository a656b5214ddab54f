/* SPDX-License-Identifier: MIT */
/* procfs.c - files under /proc that show the emulator where the program should be seen.
 * proc(5).
 *
 * What a program reads about itself is made here, in a memfd: maps and smaps without the
 * emulator's mappings, auxv, cmdline, comm as is, stat and status with its own addresses.
 * Not modelled: other processes' files (they show the emulator of those), environ after changes.
 */
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The rest of a path behind our own /proc/PID/, or NULL. */
static const char *about_self(const char *path)
{
    char own[40];
    size_t n;

    if (!strncmp(path, "/proc/self/", 11))
        return path + 11;
    if (!strncmp(path, "/proc/thread-self/", 18))
        return path + 18;
    n = (size_t)snprintf(own, sizeof own, "/proc/%d/", (int)getpid());
    return strncmp(path, own, n) ? NULL : path + n;
}

int lx_proc_is_exe(const char *path)
{
    const char *rest = about_self(path);

    return rest && !strcmp(rest, "exe");
}

static void say(int fd, const char *text, size_t n)
{
    while (n) {
        ssize_t k = write(fd, text, n);

        if (k <= 0)
            return;
        text += k;
        n -= (size_t)k;
    }
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* A line of the host's maps: 0 when it is not the program's. With the program's permissions. */
static int map_line(char *line, size_t size)
{
    unsigned long long lo, hi;
    uint64_t end;
    uint32_t how;
    char perm[8];
    int at = 0;

    if (sscanf(line, "%llx-%llx %7s%n", &lo, &hi, perm, &at) != 3 || lo >= L.svc->top)
        return 0;
    how = lx_at(lo, &end);
    if (!how)
        return 0;
    perm[0] = how & PB_UMAP_READ ? 'r' : '-';
    perm[1] = how & PB_UMAP_WRITE ? 'w' : '-';
    perm[2] = how & PB_UMAP_EXEC ? 'x' : '-';
    memcpy(line + at - 4, perm, 4);
    const char *name = lo == L.stack_base ? "[stack]" : lo == lx_brk_start() ? "[heap]"
                       : lo == L.vdso ? "[vdso]" : NULL;
    size_t n = strcspn(line, "\n");
    if (name && n + 40 < size && !strchr(line, '/'))
        snprintf(line + n, size - n, "%*s%s\n", n < 73 ? (int)(73 - n) : 1, "", name);
    return 1;
}

static void copy_maps(int fd, const char *host)
{
    FILE *f = fopen(host, "re");
    char line[LX_PATH + 256];
    int on = 0;

    while (f && fgets(line, sizeof line - 64, f)) {
        unsigned long long lo, hi;

        if (sscanf(line, "%llx-%llx ", &lo, &hi) == 2)
            on = map_line(line, sizeof line);
        if (on)
            say(fd, line, strlen(line));
    }
    if (f)
        fclose(f);
}

/* ---- stat -------------------------------------------------------------------------------- */

/* Fields 26 to 28 and 45 to 51 are addresses (proc(5)). */
static void copy_stat(int fd, const char *host)
{
    char s[2048], *p;
    int in = open(host, O_RDONLY | O_CLOEXEC), field = 3;
    ssize_t n = in < 0 ? -1 : read(in, s, sizeof s - 1);
    char word[64];

    if (in >= 0)
        close(in);
    if (n <= 0)
        return;
    s[n] = 0;
    p = strrchr(s, ')');
    if (!p)
        return;
    say(fd, s, (size_t)(p - s) + 1);
    for (char *w = strtok_r(p + 1, " \n", &p); w; w = strtok_r(NULL, " \n", &p), field++) {
        unsigned long long v = 0;
        int ours = 1;

        switch (field) {
        case 26: v = L.elf.code_start; break;
        case 27: v = L.elf.code_end; break;
        case 28: v = L.stack_start; break;
        case 45: v = L.elf.start; break;
        case 46: v = L.elf.end; break;
        case 47: v = lx_brk_start(); break;
        case 48: v = L.arg_start; break;
        case 49: case 50: v = L.arg_end; break;
        case 51: v = L.env_end; break;
        default: ours = 0; break;
        }
        if (ours)
            snprintf(word, sizeof word, " %llu", v);
        else
            snprintf(word, sizeof word, " %.60s", w);
        say(fd, word, strlen(word));
    }
    say(fd, "\n", 1);
}

/* ---- Open -------------------------------------------------------------------------------- */

static int made(int fd, const char *file, const char *path)
{
    if (!strcmp(file, "maps") || !strcmp(file, "smaps"))
        copy_maps(fd, path);
    else if (!strcmp(file, "auxv"))
        say(fd, (const char *)L.auxv, L.auxv_bytes);
    else if (!strcmp(file, "cmdline"))
        for (char **a = L.start->argv; *a; a++)
            say(fd, *a, strlen(*a) + 1);
    else if (!strcmp(file, "stat"))
        copy_stat(fd, path);
    else
        return 0;
    return 1;
}

int64_t lx_proc_open(struct lx_thread *t, const char *path, int flags)
{
    const char *file = about_self(path);
    int fd;

    (void)t;
    if (!file || (flags & O_ACCMODE) != O_RDONLY)
        return -ENOSYS;
    if (!strcmp(file, "exe")) {
        fd = open(L.exe, flags);
        return fd < 0 ? -errno : fd;
    }
    fd = memfd_create("proc", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd < 0)
        return -errno;
    if (!made(fd, file, path)) {
        close(fd);
        return -ENOSYS;
    }
    lseek(fd, 0, SEEK_SET);
    return fd;
}
