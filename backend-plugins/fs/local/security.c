/* SPDX-License-Identifier: MIT */
/* security.c - who the guest's files belong to, by security_model.
 *
 * passthrough   the guest's owners and modes are the host's (wants privilege)
 * none          the same, but a refused chown is no error
 * mapped-xattr  owner, mode and device live in user.virtfs.{uid,gid,mode,rdev} of each file
 * mapped-file   they live in .virtfs_metadata/NAME beside it, "virtfs.uid=…" lines
 * The layout of both is the one QEMU documents, so either program reads the other's.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define META ".virtfs_metadata"
enum { A_MODE = 1, A_UID = 2, A_GID = 4 };

struct mapped {
    int64_t uid, gid, mode; /* -1: not set */
    int64_t rdev;
};
static const struct mapped nothing = {-1, -1, -1, -1};

int sec_hidden(struct share *s, const char *name)
{
    return s->model == MAPPED_FILE && !strcmp(name, META);
}

uint32_t sec_host_mode(struct share *s, uint32_t guest_mode, int is_dir)
{
    if (s->model == MAPPED_XATTR || s->model == MAPPED_FILE)
        return is_dir ? s->dmode : s->fmode;
    return guest_mode & 07777;
}

/* ---- mapped-xattr --------------------------------------------------------------------------- */

static int64_t get_one(const char *path, const char *name, size_t bytes)
{
    uint64_t v = 0;

    return getxattr(path, name, &v, bytes) == (ssize_t)bytes ? (int64_t)v : -1;
}

static void xattr_load(const char *path, struct mapped *a)
{
    a->uid = get_one(path, "user.virtfs.uid", 4);
    a->gid = get_one(path, "user.virtfs.gid", 4);
    a->mode = get_one(path, "user.virtfs.mode", 4);
    a->rdev = get_one(path, "user.virtfs.rdev", 8);
}

static int set_one(const char *path, const char *name, int64_t v, size_t bytes)
{
    return v >= 0 && setxattr(path, name, &v, bytes, 0) ? errno : 0;
}

static int xattr_store(const char *path, const struct mapped *a)
{
    int rc = set_one(path, "user.virtfs.uid", a->uid, 4);

    rc = rc ? rc : set_one(path, "user.virtfs.gid", a->gid, 4);
    rc = rc ? rc : set_one(path, "user.virtfs.mode", a->mode, 4);
    return rc ? rc : set_one(path, "user.virtfs.rdev", a->rdev, 8);
}

/* ---- mapped-file ----------------------------------------------------------------------------- */

/* Directory and name of what a descriptor stands for; 0 for the root itself. */
static int place(struct share *s, int fd, int *dir, char name[NAME_BYTES])
{
    char path[32], link[4096];
    struct stat st;
    ssize_t n;

    if (!fstat(fd, &st) && st.st_dev == s->root_dev && st.st_ino == s->root_ino)
        return 0;
    fd_path(fd, path);
    n = readlink(path, link, sizeof link - 1);
    if (n <= 0)
        return 0;
    link[n] = 0;
    char *base = strrchr(link, '/');
    if (!base || strlen(base + 1) >= NAME_BYTES)
        return 0;
    strcpy(name, base + 1);
    *base = 0;
    *dir = open(link[0] ? link : "/", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *dir >= 0;
}

static int meta_open(int dir, const char *name, int flags)
{
    int meta = openat(dir, META, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (meta < 0 && (flags & O_CREAT) && !mkdirat(dir, META, 0700))
        meta = openat(dir, META, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (meta < 0)
        return -1;
    int fd = openat(meta, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    close(meta);
    return fd;
}

static void file_load(int dir, const char *name, struct mapped *a)
{
    char buf[512];
    int fd = meta_open(dir, name, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof buf - 1);
    char *save = NULL;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return;
    buf[n] = 0;
    for (char *l = strtok_r(buf, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        long long v;
        if (sscanf(l, "virtfs.uid=%lld", &v) == 1)
            a->uid = v;
        else if (sscanf(l, "virtfs.gid=%lld", &v) == 1)
            a->gid = v;
        else if (sscanf(l, "virtfs.mode=%lld", &v) == 1)
            a->mode = v;
        else if (sscanf(l, "virtfs.rdev=%lld", &v) == 1)
            a->rdev = v;
    }
}

static int file_store(int dir, const char *name, const struct mapped *a)
{
    char buf[512];
    int fd = meta_open(dir, name, O_WRONLY | O_CREAT | O_TRUNC), n = 0, rc = 0;

    if (fd < 0)
        return errno;
    if (a->uid >= 0)
        n += snprintf(buf + n, sizeof buf - (size_t)n, "virtfs.uid=%lld\n", (long long)a->uid);
    if (a->gid >= 0)
        n += snprintf(buf + n, sizeof buf - (size_t)n, "virtfs.gid=%lld\n", (long long)a->gid);
    if (a->mode >= 0)
        n += snprintf(buf + n, sizeof buf - (size_t)n, "virtfs.mode=%lld\n", (long long)a->mode);
    if (a->rdev >= 0)
        n += snprintf(buf + n, sizeof buf - (size_t)n, "virtfs.rdev=%lld\n", (long long)a->rdev);
    if (write(fd, buf, (size_t)n) != n)
        rc = EIO;
    close(fd);
    return rc;
}

/* ---- Either ------------------------------------------------------------------------------ */

static void load(struct share *s, int fd, struct mapped *a)
{
    char path[32], name[NAME_BYTES];
    int dir;

    *a = nothing;
    if (s->model == MAPPED_XATTR) {
        fd_path(fd, path);
        xattr_load(path, a);
    } else if (s->model == MAPPED_FILE && place(s, fd, &dir, name)) {
        file_load(dir, name, a);
        close(dir);
    }
}

static int store(struct share *s, int fd, const struct mapped *a)
{
    char path[32], name[NAME_BYTES];
    int dir, rc;

    if (s->model == MAPPED_XATTR) {
        fd_path(fd, path);
        return xattr_store(path, a);
    }
    if (!place(s, fd, &dir, name))
        return 0;
    rc = file_store(dir, name, a);
    close(dir);
    return rc;
}

void sec_stat(struct share *s, int path_fd, struct stat *st)
{
    struct mapped a;

    if (s->model == PASSTHROUGH || s->model == NONE)
        return;
    load(s, path_fd, &a);
    if (a.uid >= 0)
        st->st_uid = (uid_t)a.uid;
    if (a.gid >= 0)
        st->st_gid = (gid_t)a.gid;
    if (a.mode >= 0) {
        /* The kind is the guest's only where the host has a plain file standing in for it. */
        mode_t kind = S_ISREG(st->st_mode) ? (mode_t)a.mode & S_IFMT : st->st_mode & S_IFMT;
        st->st_mode = (kind ? kind : st->st_mode & S_IFMT) | ((mode_t)a.mode & 07777);
    }
    if (a.rdev >= 0)
        st->st_rdev = (dev_t)a.rdev;
}

int sec_created(struct share *s, int dir, const char *name, uint32_t uid, uint32_t gid,
                uint32_t mode, uint64_t rdev)
{
    int rc = 0, fd = open_path(dir, name);

    if (fd < 0)
        return errno;
    if (s->model == PASSTHROUGH || s->model == NONE) {
        char path[32];
        fd_path(fd, path);
        if ((uid != NOFID || gid != NOFID) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) &&
            s->model == PASSTHROUGH)
            rc = errno;
        if (rc == 0 && !S_ISLNK(mode) && chmod(path, mode & 07777)) /* umask is the host's */
            rc = s->model == PASSTHROUGH ? errno : 0;
    } else {
        struct mapped a = {uid == NOFID ? 0 : (int64_t)uid, gid == NOFID ? 0 : (int64_t)gid,
                           (int64_t)mode, rdev ? (int64_t)rdev : -1};
        rc = store(s, fd, &a);
    }
    close(fd);
    return rc;
}

int sec_set(struct share *s, int path_fd, uint32_t valid, uint32_t mode, uint32_t uid,
            uint32_t gid)
{
    struct mapped a;
    char path[32];

    if (s->model == PASSTHROUGH || s->model == NONE) {
        if ((valid & (A_UID | A_GID)) &&
            fchownat(path_fd, "", valid & A_UID ? uid : (uid_t)-1,
                     valid & A_GID ? gid : (gid_t)-1, AT_EMPTY_PATH) &&
            s->model == PASSTHROUGH)
            return errno;
        fd_path(path_fd, path);
        return (valid & A_MODE) && chmod(path, mode & 07777) ? errno : 0;
    }
    load(s, path_fd, &a);
    if (valid & A_MODE) {
        int64_t kind = a.mode >= 0 ? a.mode & S_IFMT : mode & S_IFMT;
        a.mode = kind | (mode & 07777);
    }
    if (valid & A_UID)
        a.uid = uid;
    if (valid & A_GID)
        a.gid = gid;
    return store(s, path_fd, &a);
}

void sec_removed(struct share *s, int dir, const char *name)
{
    int meta = s->model == MAPPED_FILE
                   ? openat(dir, META, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                   : -1;

    if (meta >= 0) {
        unlinkat(meta, name, 0);
        close(meta);
    }
}

void sec_renamed(struct share *s, int from, const char *old, int to, const char *new_)
{
    struct mapped a = nothing;

    if (s->model != MAPPED_FILE)
        return;
    file_load(from, old, &a);
    sec_removed(s, from, old);
    if (a.mode >= 0 || a.uid >= 0)
        file_store(to, new_, &a);
    else
        sec_removed(s, to, new_);
}
