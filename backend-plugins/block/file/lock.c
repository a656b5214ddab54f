/* SPDX-License-Identifier: MIT */
/* lock.c - image locks that QEMU's programs understand, and who holds one.
 *
 * The protocol, as far as facts go: a user of the image keeps a shared OFD lock on byte
 * 100 + p for each permission p it uses and on byte 200 + p for each it does not share;
 * then nobody else may hold 200 + p of a used one, or 100 + p of an unshared one.
 * Permissions: 0 consistent read, 1 write, 3 resize.
 */
#include "file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USED = 100, UNSHARED = 200 };

static int lock_byte(int fd, int cmd, short type, off_t at, short *out)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int rc = fcntl(fd, cmd, &l);

    if (out)
        *out = l.l_type;
    return rc;
}

int image_lock(int fd, int write)
{
    static const int all[] = {0, 1, 3};
    short seen;

    for (int i = 0; i < 3; i++) {
        int p = all[i], used = p == 0 || write, unshared = p != 0;
        if ((used && lock_byte(fd, F_OFD_SETLK, F_RDLCK, USED + p, NULL)) ||
            (unshared && lock_byte(fd, F_OFD_SETLK, F_RDLCK, UNSHARED + p, NULL))) {
            if (errno == EAGAIN || errno == EACCES)
                goto busy;
            return 0; /* this file system has no locks */
        }
    }
    for (int i = 0; i < 3; i++) {
        int p = all[i], used = p == 0 || write, unshared = p != 0;
        if (used && !lock_byte(fd, F_OFD_GETLK, F_WRLCK, UNSHARED + p, &seen) && seen != F_UNLCK)
            goto busy;
        if (unshared && !lock_byte(fd, F_OFD_GETLK, F_WRLCK, USED + p, &seen) && seen != F_UNLCK)
            goto busy;
    }
    return 0;
busy:
    errno = EAGAIN;
    return -1;
}

static int fd_holds_lock(const char *pid, const char *fd)
{
    char path[600], line[256];
    int found = 0;

    snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", pid, fd);
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = !strncmp(line, "lock:", 5);
    if (f)
        fclose(f);
    return found;
}

/* Does process `pid` have the file of `want` open and locked? */
static int process_holds(const char *pid, const struct stat *want)
{
    char path[512];
    struct dirent *d;
    int found = 0;

    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    while (dir && !found && (d = readdir(dir))) {
        struct stat st;
        if (!isdigit((unsigned char)d->d_name[0]) || fstatat(dirfd(dir), d->d_name, &st, 0))
            continue;
        found = st.st_dev == want->st_dev && st.st_ino == want->st_ino &&
                fd_holds_lock(pid, d->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

void image_holder(int fd, char *buf, unsigned n)
{
    struct stat st;
    struct dirent *d;
    DIR *proc = opendir("/proc");

    buf[0] = 0;
    if (!proc || fstat(fd, &st))
        goto out;
    while ((d = readdir(proc))) {
        char path[300], name[64] = "?";
        if (!isdigit((unsigned char)d->d_name[0]) || !process_holds(d->d_name, &st))
            continue;
        if (atol(d->d_name) == (long)getpid()) {
            snprintf(buf, n, "this same process: it is given twice");
            continue; /* somebody else may hold it too */
        }
        snprintf(path, sizeof path, "/proc/%s/comm", d->d_name);
        FILE *f = fopen(path, "re");
        if (f) {
            if (fgets(name, sizeof name, f))
                name[strcspn(name, "\n")] = 0;
            fclose(f);
        }
        snprintf(buf, n, "pid %s (%s)", d->d_name, name);
        break;
    }
out:
    if (proc)
        closedir(proc);
}
